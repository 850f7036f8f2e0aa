-- Deals number :from to :to of the organisation, with an account for each three of them, a history of
-- two versions (none with :no_history) and an activity each. :open says which share of them is open.
SELECT org_id AS org FROM revenue.orgs \gset
SET session_replication_role = replica;
SELECT setseed(0.5);

INSERT INTO revenue.accounts (org_id, account_id, name, owner_rep_id, industry, segment, region, employees,
  usage_recent, usage_prior, usage_limit, seats_used, seats_bought, products_owned, open_tickets, nps, renewal_date)
SELECT :org, 'A-' || lpad(i::text, 7, '0'), 'Account ' || i, 'R-' || lpad((1 + i % 200)::text, 4, '0'),
  (ARRAY['technology', 'healthcare', 'finance', 'retail', 'manufacturing', 'education', 'energy', 'media'])[1 + i % 8],
  (ARRAY['smb', 'mid_market', 'enterprise'])[1 + i % 3], (ARRAY['EMEA', 'Americas', 'APAC'])[1 + i % 3],
  (10 * exp(6 * random()))::integer, 1000 * random(), 1000 * random(), 1200, (100 * random())::integer, 100,
  (5 * random())::integer, (4 * random())::integer, (200 * random() - 100)::integer, current_date + (365 * random())::integer
FROM generate_series((:from + 2) / 3, :to / 3) AS i;

INSERT INTO revenue.contacts (org_id, contact_id, account_id, name, seniority, email_opens, replies, meetings, last_engaged_at)
SELECT :org, 'C-' || lpad(i::text, 7, '0'), 'A-' || lpad(i::text, 7, '0'), 'Contact ' || i,
  (ARRAY['c_level', 'vp', 'director', 'manager'])[1 + i % 4], (10 * random())::integer, (3 * random())::integer,
  (2 * random())::integer, now() - 60 * random() * interval '1 day'
FROM generate_series((:from + 2) / 3, :to / 3) AS i;

INSERT INTO revenue.deals (org_id, deal_id, name, account_id, contact_id, owner_rep_id, product_id, stage_id,
  amount, currency, close_date, closed_at, created_at, stage_entered_at, lead_score, champion_identified,
  budget_confirmed, decision_maker_engaged, competitors_mentioned, industry, segment, source, loss_reason,
  num_interactions, num_objections_handled, last_activity_at)
SELECT :org, 'D-' || lpad(i::text, 7, '0'), 'Deal ' || i, a.id, c.id, 'R-' || lpad((1 + floor(200 * random()))::text, 4, '0'),
  CASE WHEN random() >= 0.1 THEN 'P-' || 1 + floor(40 * random()) END, d.stage_id,
  CASE WHEN random() >= 0.05 THEN (exp(8 + 3 * random()))::numeric(18, 2) END,
  (ARRAY['USD', 'USD', 'USD', 'EUR', 'GBP', 'JPY'])[1 + floor(6 * random())::integer],
  CASE WHEN d.closed THEN (now() - d.ago * interval '1 day')::date
    WHEN random() >= 0.05 THEN current_date - 60 + floor(240 * random())::integer END,
  CASE WHEN d.closed THEN now() - d.ago * interval '1 day' END,
  now() - (d.ago + 10 + 120 * random()) * interval '1 day', now() - d.ago * interval '1 day',
  CASE WHEN random() >= 0.15 THEN floor(101 * random()) END,
  CASE WHEN random() >= 0.3 THEN random() < 0.5 END, CASE WHEN random() >= 0.3 THEN random() < 0.5 END,
  CASE WHEN random() >= 0.3 THEN random() < 0.5 END, CASE WHEN random() >= 0.4 THEN floor(6 * random())::integer END,
  (ARRAY['technology', 'healthcare', 'finance', 'retail', 'manufacturing', 'education', 'energy', 'media'])[1 + i % 8],
  (ARRAY['smb', 'mid_market', 'enterprise'])[1 + i % 3], (ARRAY['inbound', 'outbound', 'partner'])[1 + floor(3 * random())::integer],
  CASE WHEN d.stage_id = 'closed_lost' THEN 'price' END,
  floor(20 * random())::integer, floor(5 * random())::integer,
  CASE WHEN random() >= 0.1 THEN now() - least(d.ago, 60) * random() * interval '1 day' END
FROM (
  SELECT i, stage_id, stage_id LIKE 'closed%' AS closed,
    CASE WHEN stage_id LIKE 'closed%' THEN 700 ELSE 90 END * random() AS ago
  FROM (
    SELECT i, CASE
      WHEN random() < :open THEN (ARRAY['prospecting', 'qualification', 'proposal', 'negotiation'])[1 + floor(4 * random())::integer]
      WHEN random() < 0.35 THEN 'closed_won' ELSE 'closed_lost' END AS stage_id
    FROM generate_series(:from, :to) AS i) AS staged
) AS d,
LATERAL (SELECT CASE WHEN i % 25 <> 0 THEN 'A-' || lpad(greatest(i / 3, 1)::text, 7, '0') END AS id) AS a,
LATERAL (SELECT CASE WHEN i % 7 <> 0 THEN 'C-' || lpad(greatest(i / 3, 1)::text, 7, '0') END AS id) AS c;

\if :{?no_history}
\else
INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, valid_to, recorded_at, name, account_id, contact_id,
  owner_rep_id, product_id, pipeline_id, stage_id, amount, currency, close_date, closed_at, created_at,
  stage_entered_at, lead_score, champion_identified, budget_confirmed, decision_maker_engaged, competitors_mentioned,
  industry, segment, source, loss_reason)
SELECT d.org_id, d.deal_id, v.valid_from, v.valid_to, v.valid_from, d.name, d.account_id, d.contact_id, d.owner_rep_id,
  d.product_id, d.pipeline_id, v.stage_id, d.amount, d.currency, d.close_date, v.closed_at, d.created_at,
  v.valid_from, d.lead_score, d.champion_identified, d.budget_confirmed, d.decision_maker_engaged,
  d.competitors_mentioned, d.industry, d.segment, d.source, d.loss_reason
FROM revenue.deals AS d,
LATERAL (VALUES
  (d.created_at, d.stage_entered_at, 'prospecting', NULL::timestamptz),
  (d.stage_entered_at, 'infinity', d.stage_id, d.closed_at)) AS v(valid_from, valid_to, stage_id, closed_at)
WHERE d.deal_id BETWEEN 'D-' || lpad(:'from', 7, '0') AND 'D-' || lpad(:'to', 7, '0');
\endif

INSERT INTO revenue.activities (org_id, activity_id, deal_id, account_id, contact_id, rep_id, kind, occurred_at)
SELECT org_id, 'T-' || deal_id, deal_id, account_id, contact_id, owner_rep_id, 'call', last_activity_at
FROM revenue.deals
WHERE last_activity_at IS NOT NULL
  AND deal_id BETWEEN 'D-' || lpad(:'from', 7, '0') AND 'D-' || lpad(:'to', 7, '0');

VACUUM (ANALYZE, FREEZE);
