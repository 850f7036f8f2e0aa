-- A deal without an industry or a segment belongs where its account belongs: as the account was on the day, in every
-- figure by a dimension. Accounts move: a deal that closed before counts where the account was then.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SELECT revenue.create_org('Members') AS org \gset
SET revenue_intel.org_id = :org;
INSERT INTO revenue.accounts (org_id, account_id, name, industry, segment, region) VALUES
  (:org, 'grown', 'Grown', 'software', 'top', 'emea'), (:org, 'small', 'Small', 'retail', 'smb', 'apac'), (:org, 'blank', 'Blank', NULL, NULL, NULL);
INSERT INTO revenue.account_history (org_id, account_id, valid_from, segment, region, industry) VALUES
  (:org, 'grown', '-infinity', 'smb', 'emea', 'software'), (:org, 'grown', '2025-03-01', 'top', 'emea', 'software');
-- two deals of the account that grew were won before it did and one after; one is open
INSERT INTO revenue.deals (org_id, deal_id, account_id, stage_id, amount, currency, close_date, created_at, effective_at, segment, industry)
SELECT :org, d.id, d.account, 'proposal', d.amount, 'USD', d.closes, '2025-01-01', '2025-01-01', d.segment, d.industry
FROM (VALUES ('w1', 'grown', 100, '2025-02-01'::date, NULL, NULL), ('w2', 'grown', 100, '2025-02-10', NULL, NULL), ('w3', 'grown', 100, '2025-04-01', NULL, NULL),
  ('own', 'grown', 100, '2025-04-02', 'mid', 'banking'), ('l1', 'small', 10, '2025-02-20', NULL, NULL), ('none', 'blank', 1, '2025-02-21', NULL, NULL),
  ('alone', NULL, 1, '2025-02-21', NULL, NULL), ('open', 'grown', 50, '2025-06-01', NULL, NULL)) AS d(id, account, amount, closes, segment, industry);
UPDATE revenue.deals SET stage_id = CASE deal_id WHEN 'l1' THEN 'closed_lost' ELSE 'closed_won' END, effective_at = close_date
WHERE org_id = :org AND deal_id <> 'open';
SELECT deal_id, segment, industry FROM revenue.closed_deals ORDER BY 1;
SELECT as_of, deal_id, segment, industry FROM unnest('{2025-02-05,2025-04-05}'::timestamptz[]) AS as_of, revenue.deal_scores(as_of) WHERE deal_id IN ('open', 'w3') ORDER BY 1, 2;
SELECT dimension, member, won_deals, lost_deals, won_value FROM revenue.win_rates WHERE dimension IN ('segment', 'industry') ORDER BY 1, 2;
SELECT member, qualified_open_deals, won_deals, lost_deals FROM revenue.sales_velocity('2025-04-05', 100) WHERE dimension = 'segment' ORDER BY 1;
SELECT member, line, deal_count, value FROM revenue.pipeline_waterfall('2025-02-02', '2025-04-02', '-infinity', 'infinity', 'segment')
WHERE deal_count > 0 ORDER BY member, line_no;
SELECT segment, round(win_90d::numeric, 3) > 0 AS may_be_won FROM revenue.deal_forecast('2025-04-05');
SELECT revenue.backfill_metrics('2025-01-25', '2025-04-05', scored => false) > 0, revenue.backfill_metrics('2025-02-27', '2025-03-02') > 0;
SELECT day, member, numerator AS open_deals FROM revenue.metric_values
WHERE metric = 'open_deals' AND dimension = 'segment' AND day IN ('2025-02-28', '2025-03-01') ORDER BY 1, 2;
SELECT day, member, value > 0 AS weighted FROM revenue.metric_values
WHERE metric = 'weighted_pipeline' AND dimension = 'segment' AND day IN ('2025-02-28', '2025-03-01') ORDER BY 1, 2;
SELECT dimension, member, value AS won_deals FROM revenue.metric_window('2025-01-25', '2025-04-05', '{deals_won}') WHERE dimension IN ('segment', 'region') ORDER BY 1, 2;
-- all agree with the deals themselves
SELECT metric, dimension, sum(numerator) AS total FROM revenue.metric_window('2025-01-25', '2025-04-05', '{deals_won,deals_lost,won_value}')
WHERE dimension IN ('all', 'segment', 'region') GROUP BY 1, 2 ORDER BY 1, 2;
-- the coefficients of a vertical hold for the deals of an account of that industry
SELECT deal_id, round(close_probability::numeric, 3) AS before FROM revenue.deal_scores;
SELECT revenue.set_framework('{"stages": {"probability": {"proposal": 0.9}}}', 'software') AS version;
SELECT deal_id, round(close_probability::numeric, 3) AS after FROM revenue.deal_scores;
SELECT (revenue.explain_deal('open') #>> '{close_probability,close_probability}')::integer > 80 AS explained, round(p.weighted_value::numeric) AS weighted
FROM revenue.pipeline_summary AS p;
DROP EXTENSION revenue_intel;
