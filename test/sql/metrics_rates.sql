-- What has no exchange rate is in no amount, is counted everywhere, and is told with its currencies.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SET extra_float_digits = -3;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT revenue.create_org('Rates', base_currency => 'RON') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
SELECT revenue.load_fx_rates('{"EUR": 4.97, "JPY": 0.0304}', '2023-01-01');
-- m pays in two currencies of which none has a rate, p in one that has and one that has not.
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id)
SELECT :org, upper(c), c FROM unnest('{x,y,z,w,m,p}'::text[]) AS c;
INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, unit_price, currency) VALUES
  (:org, 'X', 'a', '2023-02-01', 'infinity', 100, 'EUR'), (:org, 'Y', 'a', '2023-02-01', 'infinity', 5, 'RON'),
  (:org, 'Z', 'a', '2023-02-01', 'infinity', 1200, 'JPY');
SELECT metric, value, observations, reason FROM revenue.compute_metrics('2024-03-31', '2024-03-31')
WHERE dimension = 'all' AND metric IN ('mrr', 'arr', 'customers', 'arpa', 'nrr') ORDER BY 1;
INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, unit_price, currency) VALUES
  (:org, 'W', 'a', '2023-02-01', 'infinity', 900, 'CHF'),
  (:org, 'M', 'a', '2023-02-01', 'infinity', 70, 'CHF'), (:org, 'M', 'b', '2023-02-01', 'infinity', 30, 'SEK'),
  (:org, 'P', 'a', '2023-02-01', '2023-10-01', 10, 'RON'), (:org, 'P', 'b', '2023-02-01', 'infinity', 20, 'CHF');
SELECT metric, value, observations, reason FROM revenue.compute_metrics('2024-03-31', '2024-03-31')
WHERE dimension = 'all' AND metric IN ('mrr', 'arr', 'customers', 'arpa', 'nrr', 'grr', 'simple_ltv') ORDER BY 1;

-- One count of customers everywhere, and the same MRR.
SELECT (SELECT array_agg(DISTINCT n) FROM (
    SELECT value::bigint FROM revenue.compute_metrics('2024-03-31', '2024-03-31') WHERE metric = 'customers' AND dimension = 'all'
    UNION ALL (SELECT closing_customers FROM revenue.arr_periods('month', as_of => '2024-03-31') ORDER BY period_from DESC LIMIT 1)
    UNION ALL SELECT opening_customers FROM revenue.retention_monthly('2024-03-31', from_date => '2024-03-01', window_months => 1)
    UNION ALL SELECT opening_customers FROM revenue.retention_by('all', '2024-03-31', 1)
    UNION ALL SELECT closing_customers FROM revenue.arr_composition('2024-03-31')
    UNION ALL (SELECT sum(customers)::bigint FROM revenue.cohort_retention('2024-03-31') WHERE period_from = '2024-03-01')
    UNION ALL (SELECT sum(customers)::bigint FROM revenue.cohort_retention_by('region', '2024-03-31', 'month') WHERE period_from = '2024-03-01')
    UNION ALL (SELECT sum(customers)::bigint FROM revenue.arr_by('cohort', '2024-03-31'))) AS c(n)) AS customers,
  (SELECT array_agg(DISTINCT n) FROM (
    SELECT trim_scale(numerator) FROM revenue.compute_metrics('2024-03-31', '2024-03-31') WHERE metric = 'mrr' AND dimension = 'all'
    UNION ALL (SELECT trim_scale(closing_mrr) FROM revenue.arr_periods('month', as_of => '2024-03-31') ORDER BY period_from DESC LIMIT 1)
    UNION ALL SELECT trim_scale(opening_mrr) FROM revenue.retention_monthly('2024-03-31', from_date => '2024-03-01', window_months => 1)
    UNION ALL SELECT trim_scale(opening_mrr) FROM revenue.retention_by('all', '2024-03-31', 1)
    UNION ALL SELECT trim_scale(closing_arr / 12) FROM revenue.arr_composition('2024-03-31')
    UNION ALL (SELECT sum(mrr) FROM revenue.cohort_retention('2024-03-31') WHERE period_from = '2024-03-01')
    UNION ALL (SELECT sum(mrr) FROM revenue.cohort_retention_by('region', '2024-03-31', 'month') WHERE period_from = '2024-03-01')
    UNION ALL (SELECT sum(mrr) FROM revenue.arr_by('cohort', '2024-03-31'))) AS c(n)) AS mrr;
-- p stays, though what it pays in RON ends: nobody is lost, and its 10 RON are.
SELECT month, opening_mrr, retained_mrr, round(nrr::numeric, 6) AS nrr, opening_customers, lost_customers, logo_churn, reason
FROM revenue.retention_monthly('2024-03-31', from_date => '2024-02-01', window_months => 12) ORDER BY 1;
SELECT opening_customers, lost_customers, logo_churn, opening_mrr, retained_mrr, round(nrr::numeric, 6) AS nrr, customers_without_rate
FROM revenue.retention_by('all', '2024-03-31');
SELECT cohort, cohort_customers, customers, customer_retention, cohort_mrr, mrr, mrr_retention, customers_without_rate
FROM revenue.cohort_retention('2024-03-31') WHERE period_from = '2024-03-01';
SELECT cohort, cohort_customers, customers, cohort_mrr, mrr, customers_without_rate
FROM revenue.cohort_retention_by('region', '2024-03-31', 'year') WHERE period_from = '2024-01-01';
SELECT member, customers, mrr, customers_without_rate FROM revenue.arr_by('currency', '2024-03-31') ORDER BY 1;
SELECT round(opening_arr) AS opening, round(closing_arr) AS closing, opening_customers, lost_customers, closing_customers, customers_without_rate
FROM revenue.arr_composition('2024-03-31', '2023-04-01');
-- Customers of nothing but such currencies are customers.
SELECT opening_customers, lost_customers, opening_mrr, nrr, reason IS NOT NULL AS told FROM revenue.retention_monthly('2024-03-31', from_date => '2024-03-01') \gset before_
UPDATE revenue.subscription_items SET valid_to = '2023-12-01' WHERE org_id = :org AND subscription_id = 'M';
SELECT lost_customers - :before_lost_customers AS one_more_lost, opening_customers - :before_opening_customers AS opening_is_the_same
FROM revenue.retention_monthly('2024-03-31', from_date => '2024-03-01');
SELECT lost_customers, logo_churn FROM revenue.retention_by('all', '2024-03-31');
SELECT h ->> 'status' AS status, x AS hint FROM revenue.health_check() AS h CROSS JOIN LATERAL jsonb_array_elements_text(h -> 'hints') AS x
WHERE x LIKE '%exchange rate%' ORDER BY 2;
-- A rate that became known late.
SELECT revenue.load_fx_rates('{"SEK": 0.45}', '2023-10-01');
SELECT currencies, customers FROM revenue.mrr_without_rate('2024-03-31');

-- The forecast of MRR and ARR.
SELECT m AS metric, f #>> '{inputs,customers}' AS customers, f #>> '{inputs,customers_without_rate}' AS without_rate, f ->> 'reason' AS reason
FROM unnest('{mrr,arr}'::text[]) AS m CROSS JOIN LATERAL revenue.revenue_forecast('quarter', metric => m) AS f;

-- Deals ----------------------------------------------------------------------------------------
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, effective_at) VALUES
  (:org, 'D', 'proposal', 100, 'RON', '2024-01-01', '2024-01-01'), (:org, 'E', 'proposal', 100, 'CHF', '2024-01-01', '2024-01-01'),
  (:org, 'F', 'proposal', 100, 'NOK', '2024-01-01', '2024-01-01'), (:org, 'G', 'proposal', NULL, 'NOK', '2024-01-01', '2024-01-01'),
  (:org, 'H', 'closed_won', 100, 'RON', '2024-01-01', '2024-03-31'), (:org, 'I', 'closed_won', 100, 'CHF', '2024-01-01', '2024-03-31'),
  (:org, 'J', 'closed_lost', 100, 'NOK', '2024-01-01', '2024-03-31'), (:org, 'K', 'closed_lost', 300, 'EUR', '2024-01-01', '2024-03-31');
SELECT metric, round(value::numeric, 4) AS value, observations, reason FROM revenue.compute_metrics('2024-03-31', '2024-03-31')
WHERE dimension = 'all' AND metric IN ('open_deals', 'open_pipeline', 'weighted_pipeline', 'won_value', 'closed_value', 'win_rate', 'win_rate_by_value',
  'mean_won_value', 'sales_velocity', 'forecast_30d', 'deals_won') ORDER BY 1;
SELECT metric, value, reason FROM revenue.compute_metrics('2024-01-01', '2024-01-01', scored => false)
WHERE dimension = 'all' AND metric = 'created_value';
-- Of members as of all; a rate that became known only after the day it closed does not change what was.
SELECT revenue.load_fx_rates('{"CHF": 5}', '2024-04-02');
SELECT day, metric, value, reason FROM revenue.compute_metrics('2024-03-31', '2024-04-02', scored => false)
WHERE dimension = 'pipeline' AND metric IN ('open_pipeline', 'won_value', 'mean_won_value') ORDER BY 2, 1;
SELECT f ->> 'closed' AS closed, f #>> '{inputs,deals_without_value}' AS without_value,
  (SELECT array_agg(r) FROM regexp_split_to_table(f ->> 'reason', '; ') AS r WHERE r LIKE '%deals%') AS reasons
FROM revenue.revenue_forecast('quarter') AS f;
SELECT f ->> 'reason' LIKE '%in no amount%' AS told FROM revenue.generate_forecast('quarter') AS f;
-- What is left out is what the health check names.
SELECT h ->> 'status' AS status, x AS hint FROM revenue.health_check() AS h CROSS JOIN LATERAL jsonb_array_elements_text(h -> 'hints') AS x
WHERE x LIKE '%exchange rate%' ORDER BY 2;
-- With all rates there is nothing to tell.
SELECT revenue.load_fx_rates('{"CHF": 5, "SEK": 0.45, "NOK": 0.43}', '2023-01-01');
SELECT metric, value, reason FROM revenue.compute_metrics('2024-03-31', '2024-03-31')
WHERE dimension = 'all' AND (reason LIKE '%rate%' OR metric IN ('mrr', 'won_value', 'arpa')) ORDER BY 1;
SELECT coalesce(f ->> 'reason' LIKE '%rate%', false) AS told FROM unnest('{mrr,bookings}'::text[]) AS m CROSS JOIN LATERAL revenue.revenue_forecast('quarter', metric => m) AS f;
SELECT count(*) AS hints FROM jsonb_array_elements_text(revenue.health_check() -> 'hints') AS x WHERE x LIKE '%exchange rate%';
-- nor is a closed deal passed over whose currency has rates, but none yet on the day it closed
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, close_date)
SELECT org_id, 'before the first rate', 'closed_won', 100, 'CHF', '2019-05-01', '2019-06-01' FROM revenue.orgs LIMIT 1;
SELECT revenue.load_fx_rates('{"CHF": 1.05}', '2019-06-02');
SELECT x AS hint FROM jsonb_array_elements_text(revenue.health_check() -> 'hints') AS x WHERE x LIKE '%exchange rate%';
SELECT revenue.load_fx_rates('{"CHF": 1.05}', '2019-06-01');
SELECT x AS hint FROM jsonb_array_elements_text(revenue.health_check() -> 'hints') AS x WHERE x LIKE '%exchange rate%';
-- What has no amount is told as what has no rate is.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, created_at, close_date)
SELECT org_id, 'no amount', 'closed_won', 'CHF', '2024-01-01', '2024-03-31' FROM revenue.orgs LIMIT 1;
SELECT metric, value, observations, reason FROM revenue.compute_metrics('2024-03-31', '2024-03-31', scored => false)
WHERE dimension = 'all' AND metric IN ('revenue', 'won_value', 'mean_won_value', 'win_rate_by_value') ORDER BY 1;
ROLLBACK;
