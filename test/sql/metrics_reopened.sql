-- A deal won, reopened and won again is one win, at its last closing, in the metric store as elsewhere; and the days
-- that were recorded before their history changed are recorded anew by the daily job.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SELECT revenue.create_org('Reopened') AS org \gset
SET revenue_intel.org_id = :org;
CREATE FUNCTION told(first_day date, last_day date) RETURNS TABLE (metric text, value double precision, numerator numeric, denominator numeric, summary numeric)
LANGUAGE sql AS $$
  SELECT w.metric, w.value, w.numerator, w.denominator,
    (SELECT sum(CASE w.metric WHEN 'deals_won' THEN s.deal_count WHEN 'won_value' THEN s.total_value END)
     FROM revenue.won_deals_summary AS s WHERE s.month BETWEEN $1 AND $2)
  FROM revenue.metric_window($1, $2, '{deals_won,won_value,win_rate}') AS w WHERE w.dimension = 'all' $$;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, created_at, effective_at)
VALUES (:org, 'D', 'prospecting', 1000, 'USD', '2025-08-31', '2025-07-01', '2025-07-01');
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2025-08-10 12:00' WHERE org_id = :org;
SELECT revenue.backfill_metrics('2025-07-01', '2025-11-29', scored => false) > 0 AS recorded;
SELECT 'won' AS deal, t.* FROM told('2025-07-01', '2025-09-30') AS t;
UPDATE revenue.deals SET stage_id = 'proposal', effective_at = '2025-08-12 12:00' WHERE org_id = :org;
SELECT check_name, row_id, left_value, right_value FROM revenue.reconcile_sources() WHERE NOT reconciled AND check_name ~ 'closed' ORDER BY 1, 2;
SELECT revenue.catch_up_metrics('2025-07-01') > 0 AS caught_up;
SELECT 'reopened' AS deal, t.* FROM told('2025-07-01', '2025-09-30') AS t;
SELECT won_deals, won_value FROM revenue.coverage('2025-07-01', '2025-10-01', as_of => '2025-10-01', by => 'org');
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2025-10-20 12:00' WHERE org_id = :org;
SELECT revenue.catch_up_metrics('2025-07-01') > 0 AS caught_up;
SELECT 'won again' AS deal, t.* FROM told('2025-07-01', '2025-09-30') AS t;
SELECT 'won again' AS deal, t.* FROM told('2025-07-01', '2025-11-29') AS t;
SELECT day, value FROM revenue.metric_values WHERE metric = 'deals_won' AND dimension = 'all' AND value > 0 ORDER BY 1;
SELECT check_name, row_id FROM revenue.reconcile_sources() WHERE NOT reconciled AND check_name ~ 'closed';
-- nothing changed: nothing is recorded again; a change of today leaves the past as it is
SELECT revenue.catch_up_metrics('2025-07-01') AS again;
UPDATE revenue.deals SET close_date = '2026-01-31' WHERE org_id = :org;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency) VALUES (:org, 'new', 'prospecting', 1, 'USD');
SELECT revenue.catch_up_metrics('2025-07-01') = (revenue.org_today() - '2025-10-20'::date) AS since_its_closing_only;
SELECT revenue.catch_up_metrics('2025-07-01') AS again;
-- a late import, another amount for what was closed, and a deleted deal reach the days of their closings, too
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, closed_at) VALUES
  (:org, 'late', 'closed_won', 30, 'USD', '2025-07-01', '2025-07-15'), (:org, 'lost', 'closed_lost', 7, 'USD', '2025-07-01', '2025-07-16'),
  (:org, 'mistake', 'closed_won', 500, 'USD', '2025-07-01', '2025-07-17');
SELECT revenue.catch_up_metrics('2025-07-01') = (revenue.org_today() - '2025-07-15'::date) AS since_the_first;
SELECT 'imported' AS deals, t.* FROM told('2025-07-01', '2025-07-31') AS t;
UPDATE revenue.deals SET amount = 40 WHERE org_id = :org AND deal_id = 'late';
DELETE FROM revenue.deals WHERE org_id = :org AND deal_id = 'mistake';
SELECT check_name, row_id, left_value, right_value FROM revenue.reconcile_sources() WHERE NOT reconciled AND row_id IS NOT NULL AND check_name ~ 'closed' ORDER BY 1, 2;
SELECT revenue.catch_up_metrics('2025-07-01') > 0 AS caught_up;
SELECT 'corrected' AS deals, t.* FROM told('2025-07-01', '2025-07-31') AS t;
SELECT unit, left_value, right_value, reconciled FROM revenue.reconcile_sources() WHERE row_id IS NULL AND check_name = 'metrics = closed deals' ORDER BY 1;
-- a win stays with whom and with what it was won, whoever takes the customer over afterwards
INSERT INTO revenue.reps (org_id, rep_id, name) VALUES (:org, 'hunter', 'Hunter'), (:org, 'farmer', 'Farmer');
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, effective_at, owner_rep_id, segment)
VALUES (:org, 'handed over', 'proposal', 90, 'USD', '2025-09-01', '2025-09-01', 'hunter', 'small');
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2025-09-10 12:00' WHERE deal_id = 'handed over';
UPDATE revenue.deals SET owner_rep_id = 'farmer', segment = 'large', effective_at = '2025-09-20 12:00' WHERE deal_id = 'handed over';
SELECT day, metric, dimension, member, value FROM revenue.deal_metrics('2025-09-09', '2025-09-20')
WHERE metric IN ('won_value', 'deals_won') AND dimension IN ('all', 'rep', 'segment') AND value > 0 ORDER BY 1, 2, 3, 4;
-- a late change of a subscription reaches the days it is booked on
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) VALUES (:org, 's', 'c'), (:org, 't', 'd');
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency)
VALUES (:org, 's', '2025-09-01', 10, 'USD'), (:org, 't', '2025-09-01', 5, 'USD');
SELECT revenue.catch_up_metrics('2025-07-01') > 0 AS caught_up;
SELECT revenue.catch_up_metrics('2025-07-01') AS again;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency, item_id) VALUES (:org, 's', '2025-09-15', 30, 'USD', 'more');
SELECT revenue.catch_up_metrics('2025-07-01') = revenue.org_today() - '2025-09-15'::date AS since_the_change;
SELECT value, (SELECT sum(c.value) FROM revenue.compute_metrics('2025-09-01', '2025-09-30', scored => false) AS c
  WHERE c.metric = 'expansion_mrr' AND c.dimension = 'all') AS computed
FROM revenue.metric_window('2025-09-01', '2025-09-30', '{expansion_mrr}') WHERE dimension = 'all';
DROP FUNCTION told;
DROP EXTENSION revenue_intel;
