-- Deals for the scoring benchmark, with the types of revenue.deals and the order of its columns: a
-- deal's value stands before what is known of it. A good part of that is unknown, as in a real CRM.
-- :deals says how many.
SELECT setseed(0.5);

CREATE TABLE bench.deals AS
SELECT
  'D-' || lpad(i::text, 7, '0') AS deal_id,
  'R-' || lpad((1 + floor(200 * random()))::text, 4, '0') AS owner_rep_id,
  CASE WHEN random() >= 0.01 THEN
    (ARRAY['prospecting', 'prospecting', 'qualification', 'qualification', 'discovery', 'demo',
           'evaluation', 'proposal', 'negotiation', 'verbal_commit', 'closed_won', 'closed_lost'
          ])[1 + floor(12 * random())::integer] END AS stage_id,
  CASE WHEN random() >= 0.05 THEN
    (exp(8 + 3 * random()))::numeric(18, 2)::numeric(18, 6) END AS amount,
  CASE WHEN random() >= 0.03 THEN 90 * random() END AS days_in_stage,
  CASE WHEN random() >= 0.15 THEN floor(101 * random()) END AS lead_score,
  CASE WHEN random() >= 0.3 THEN random() < 0.5 END AS champion_identified,
  CASE WHEN random() >= 0.3 THEN random() < 0.5 END AS budget_confirmed,
  CASE WHEN random() >= 0.3 THEN random() < 0.5 END AS decision_maker_engaged,
  CASE WHEN random() >= 0.4 THEN floor(6 * random())::integer END AS competitors_mentioned,
  CASE WHEN random() >= 0.05 THEN floor(30 * random())::integer END AS num_interactions,
  CASE WHEN random() >= 0.2 THEN floor(8 * random())::integer END AS num_objections_handled,
  1 + floor(3 * random())::smallint AS framework_no
FROM generate_series(1, :deals) AS i;
ALTER TABLE bench.deals ALTER amount TYPE numeric(18, 6);

-- Three sets of weights that differ from the built-in ones, whole as an organisation's are.
CREATE TABLE bench.frameworks AS
SELECT no::smallint AS framework_no, revenue.resolve_framework(jsonb_build_object(
  'close_probability', jsonb_build_object('interaction', 1.5 + no / 10.0, 'champion', 12 + no))) AS weights
FROM generate_series(1, 3) AS no;

-- The same deals with weights of their own in each row, a small part of the framework.
CREATE TABLE bench.weighted_deals AS
SELECT d.*, jsonb_build_object('close_probability', jsonb_build_object('interaction', 1.5 + framework_no / 10.0)) AS weights
FROM bench.deals AS d;

VACUUM (ANALYZE, FREEZE) bench.deals, bench.weighted_deals, bench.frameworks;
