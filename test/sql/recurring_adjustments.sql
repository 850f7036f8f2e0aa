-- What becomes known after a month is closed: merges, mistakes taken back, changes of policy. Closed months stay
-- as they were reported, and nothing of it keeps the metrics of the day from being recorded.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;

-- Two customers are one ------------------------------------------------------------------------
SELECT revenue.create_org('Merge') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) VALUES (:org, 'A', 'a'), (:org, 'B', 'b'), (:org, 'C', 'c'), (:org, 'X', 'x');
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency) VALUES
  (:org, 'A', '2024-01-01', '2024-03-01', 100, 'USD'), (:org, 'B', '2024-03-01', 'infinity', 100, 'USD'),
  (:org, 'C', '2024-02-01', 'infinity', 50, 'USD'), (:org, 'X', '2024-01-01', 'infinity', 20, 'USD');
SELECT revenue.close_period('2024-06-01');
CREATE TEMP TABLE reported AS SELECT * FROM revenue.arr_monthly(as_of => '2024-05-31');
CREATE TEMP TABLE reported_retention AS SELECT * FROM revenue.retention_monthly(as_of => '2024-05-31', window_months => 1);

-- One after the other: the same customer all along. And two who both pay: one is left, and nobody was lost.
SELECT revenue.merge_customers('a', 'b', 'the same company'), revenue.merge_customers('c', 'b', 'the same company');
SELECT period_from, trim_scale(new_mrr) AS new, trim_scale(expansion_mrr) AS expansion, trim_scale(churn_mrr) AS churn, fx_mrr, adjustment_mrr,
  closing_mrr, opening_customers, new_customers, churned_customers, transferred_customers, closing_customers
FROM revenue.arr_monthly(as_of => '2024-07-31') WHERE period_from >= '2024-05-01' ORDER BY 1;
SELECT count(*) AS no_longer_as_reported FROM (
  (SELECT * FROM reported EXCEPT SELECT * FROM revenue.arr_monthly(as_of => '2024-05-31'))
  UNION ALL (SELECT * FROM revenue.arr_monthly(as_of => '2024-05-31') EXCEPT SELECT * FROM reported)
  ) AS d;
SELECT count(*) AS no_longer_as_reported FROM (
  SELECT * FROM reported_retention EXCEPT SELECT * FROM revenue.retention_monthly(as_of => '2024-05-31', window_months => 1)) AS d;
-- What is known to have been true.
SELECT period_from, trim_scale(new_mrr) AS new, trim_scale(expansion_mrr) AS expansion, trim_scale(churn_mrr) AS churn, closing_customers
FROM revenue.arr_monthly(as_of => '2024-05-31', basis => 'valid') ORDER BY 1;
-- Who is one at the close was one at the opening.
SELECT month, opening_customers, lost_customers, new_and_lost_customers, nrr, grr, gained_mrr, given_up_mrr
FROM revenue.retention_monthly(as_of => '2024-07-31', from_date => '2024-05-01', window_months => 2) ORDER BY 1;
SELECT opening_customers, lost_customers, new_customers, closing_customers, lost_arr, new_arr, expansion_arr
FROM revenue.arr_composition('2024-07-31', '2024-05-01');
SELECT metric, value, numerator, denominator FROM revenue.compute_metrics('2024-06-10') AS c
WHERE dimension = 'all' AND metric IN ('churn_rate', 'logo_churn', 'churned_customers', 'new_logos', 'customers', 'mrr', 'nrr') ORDER BY 1;
SELECT * FROM revenue.verify_ledger();

-- A subscription that is handed to another customer, one that he keeps.
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) VALUES (:org, 'X2', 'x'), (:org, 'Q', 'q');
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency) VALUES (:org, 'X2', '2024-07-01', 30, 'USD'), (:org, 'Q', '2024-07-01', 10, 'USD');
SELECT revenue.close_period('2024-09-01');
UPDATE revenue.subscriptions SET customer_id = 'y' WHERE org_id = :org AND subscription_id = 'X2';
SELECT trim_scale(new_mrr) AS new, trim_scale(contraction_mrr) AS contraction, new_customers, contracted_customers, transferred_customers, closing_customers
FROM revenue.arr_monthly(as_of => '2024-09-30') WHERE period_from = '2024-09-01';
SELECT opening_customers, lost_customers, nrr, grr FROM revenue.retention_monthly(as_of => '2024-09-30', from_date => '2024-09-01', window_months => 1);

-- What was a mistake is taken back in the open month, and the day is recorded.
DELETE FROM revenue.subscription_items WHERE org_id = :org AND subscription_id = 'X2';
SELECT trim_scale(new_mrr) AS new, new_customers, transferred_customers, closing_customers, adjustment_mrr
FROM revenue.arr_monthly(as_of => '2024-09-30') WHERE period_from = '2024-09-01';
SELECT revenue.record_metrics('2024-09-01 12:00Z') > 40 AS recorded;
SELECT metric, value, observations, reason FROM revenue.metric_values
WHERE org_id = :org AND day = '2024-09-01' AND dimension = 'all' AND metric IN ('new_logos', 'new_mrr', 'logo_churn', 'customers') ORDER BY 1;
-- Who never was a customer is none of the opening, so that none of it left: not in any ratio.
SELECT metric, value, numerator, denominator FROM revenue.compute_metrics('2024-09-10') AS c
WHERE dimension = 'all' AND metric IN ('churn_rate', 'logo_churn', 'nrr', 'grr') ORDER BY 1;
SELECT opening_customers, lost_customers, logo_churn, nrr, grr FROM revenue.retention_monthly(as_of => '2024-09-30', from_date => '2024-09-01', window_months => 1);
SELECT opening_customers, lost_customers, logo_churn, nrr FROM revenue.retention_by('all', '2024-09-30', 1);
-- A churn that becomes known late is one of the month in which it is booked: no closed month has it.
UPDATE revenue.subscription_items SET valid_to = '2024-08-15' WHERE org_id = :org AND subscription_id = 'Q';
SELECT metric, value, numerator, denominator FROM revenue.compute_metrics('2024-09-10') AS c
WHERE dimension = 'all' AND metric IN ('churn_rate', 'logo_churn') ORDER BY 1;
SELECT opening_customers, lost_customers FROM revenue.retention_monthly(as_of => '2024-09-30', from_date => '2024-09-01', window_months => 1);

-- One part that fails ---------------------------------------------------------------------------
SET LOCAL client_min_messages = error;
SAVEPOINT s;
CREATE OR REPLACE FUNCTION revenue.retention_metrics(for_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT for_day, 'nrr', 'all', '', 1 / 0.0::double precision, 1.0, 1.0, 1::bigint, ''; END $$;
SELECT revenue.record_metrics('2024-09-01 12:00Z') > 40 AS recorded;
SELECT metric, value, observations, reason FROM revenue.metric_values
WHERE org_id = :org AND day = '2024-09-01' AND dimension = 'all' AND (metric IN ('mrr', 'open_deals') OR reason LIKE 'could not%') ORDER BY 1;
-- It is computed again each night until it can be, and no longer.
SELECT revenue.record_metrics(now() - interval '1 day') > 40 AS recorded;
SELECT revenue.catch_up_metrics(revenue.org_today() - 1) AS days;
CREATE OR REPLACE FUNCTION revenue.retention_metrics(for_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY SELECT for_day, 'nrr', 'all', '', 1.0::double precision, 1.0, 1.0, 1::bigint, NULL::text; END $$;
SELECT revenue.catch_up_metrics(revenue.org_today() - 1) AS days;
SELECT metric, value, reason FROM revenue.metric_values WHERE org_id = :org AND day = revenue.org_today() - 1 AND metric IN ('nrr', 'grr');
SELECT revenue.catch_up_metrics(revenue.org_today() - 1) AS days;
ROLLBACK TO s;
-- An amount that no column holds.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, effective_at)
SELECT :org, 'huge' || i, 'proposal', 99999999999, 'EUR', '2024-08-01', '2024-08-01' FROM generate_series(1, 2) AS i;
SELECT revenue.load_fx_rates('{"EUR": 900000}', '2024-01-01');
SELECT revenue.record_metrics('2024-09-01 12:00Z') > 40 AS recorded;
SELECT metric, value, numerator, reason FROM revenue.metric_values
WHERE org_id = :org AND day = '2024-09-01' AND dimension = 'all' AND metric IN ('open_pipeline', 'open_deals') ORDER BY 1;

SET LOCAL client_min_messages = warning;

-- Any sequence of changes -----------------------------------------------------------------------
SELECT setseed(.4);
SELECT revenue.create_org('Walk') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
SELECT revenue.load_fx_rates('{"EUR": 1.1}', revenue.org_today() - 900);
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) SELECT :org, 'S' || i, 'c' || i FROM generate_series(1, 25) AS i;
CREATE FUNCTION pg_temp.walk(steps integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  chosen integer := current_setting('revenue_intel.org_id')::integer;
  today date := revenue.org_today();
  closed date := today - 500;
  draw double precision;
  subscription text;
  on_day date;
  runs integer := 0;
BEGIN
  FOR step IN 1..steps LOOP
    draw := random();
    subscription := 'S' || 1 + floor(random() * 25)::integer;
    on_day := today - 500 + floor(random() * 540)::integer;
    IF draw < .45 THEN
      INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, quantity, unit_price, currency, status)
      VALUES (chosen, subscription, (ARRAY['main', 'seats'])[1 + floor(random() * 2)::integer], on_day,
        CASE WHEN random() < .4 THEN on_day + 1 + floor(random() * 120)::integer ELSE 'infinity' END, floor(random() * 4), 10 * floor(random() * 5),
        (ARRAY['USD', 'USD', 'USD', 'EUR', 'CHF'])[1 + floor(random() * 5)::integer], (ARRAY['active', 'active', 'active', 'paused', 'trial'])[1 + floor(random() * 5)::integer])
      ON CONFLICT DO NOTHING;
    ELSIF draw < .6 THEN
      UPDATE revenue.subscription_items SET unit_price = 10 * floor(random() * 5) WHERE org_id = chosen AND subscription_id = subscription AND random() < .5;
    ELSIF draw < .7 THEN
      DELETE FROM revenue.subscription_items WHERE org_id = chosen AND subscription_id = subscription AND random() < .5;
    ELSIF draw < .75 THEN
      UPDATE revenue.subscriptions SET cancelled_on = CASE WHEN random() < .5 THEN on_day END WHERE org_id = chosen AND subscription_id = subscription;
    ELSIF draw < .82 THEN
      UPDATE revenue.subscriptions SET customer_id = 'c' || 1 + floor(random() * 25)::integer WHERE org_id = chosen AND subscription_id = subscription;
    ELSIF draw < .87 THEN
      PERFORM revenue.merge_customers(s.customer_id, 'c' || 1 + (step % 25), 'one', chosen)
      FROM revenue.subscriptions AS s WHERE s.org_id = chosen AND s.subscription_id = subscription AND s.customer_id <> 'c' || 1 + (step % 25);
    ELSIF draw < .93 THEN
      closed := closed + floor(random() * (today - closed + 1) / 8)::integer;
      PERFORM revenue.close_period(closed, 'walk', chosen);
    ELSE
      PERFORM revenue.set_policy(p.name, p.value, reason => 'walk', org => chosen) FROM (VALUES
        ('paused', '"unchanged"'::jsonb), ('paused', '"zero"'), ('trial', '"included"'), ('trial', '"excluded"'), ('free', '"active"'), ('free', '"churn"'),
        ('reactivation', '30'), ('reactivation_gap_days', '10'), ('churn_date', '"cancel_date"'), ('same_period_new_churn', '"dropped"')) AS p(name, value)
      ORDER BY random() LIMIT 1;
    END IF;
    IF step % 50 = 0 THEN
      PERFORM revenue.record_metrics(org => chosen);
      runs := runs + 1;
    END IF;
  END LOOP;
  RETURN runs;
END $$;
SELECT pg_temp.walk(500);
SELECT revenue.run_job('revenue_pipeline_snapshot') ->> 'state';
SELECT revenue.backfill_metrics(revenue.org_today() - 99, revenue.org_today(), scored => false) > 1000;
SELECT * FROM revenue.verify_ledger();
SELECT DISTINCT metric, reason FROM revenue.metric_values WHERE org_id = :org AND reason LIKE 'could not%';
SELECT metric, value FROM revenue.metric_values
WHERE org_id = :org AND metric IN ('churn_rate', 'logo_churn', 'grr') AND (value NOT BETWEEN 0 AND 1 OR denominator < 0);
SELECT count(*) > 100 AS ratios, count(DISTINCT value) > 5 AS many FROM revenue.metric_values
WHERE org_id = :org AND metric IN ('churn_rate', 'logo_churn') AND value > 0;
-- The same by the definition, day by day.
WITH lines AS (
  SELECT customer_id, booked_day, valid_day,
    CASE kind WHEN 'new' THEN movements WHEN 'reactivation' THEN movements WHEN 'churn' THEN -movements ELSE 0 END AS n,
    min(booked_day) FILTER (WHERE booked_kind = 'transfer' OR movements < 0 AND kind IN ('new', 'reactivation') AND booked_day > valid_day)
      OVER (PARTITION BY customer_id) AS restated_on
  FROM revenue.mrr_movements WHERE org_id = :org
), customers AS (
  SELECT d::date AS day, l.customer_id, sum(l.n) AS after,
    coalesce(sum(l.n) FILTER (WHERE CASE WHEN l.restated_on <= d::date THEN l.valid_day ELSE l.booked_day END <= d::date - 30), 0) AS before
  FROM generate_series(revenue.org_today() - 99, revenue.org_today(), interval '1 day') AS d
  JOIN lines AS l ON l.booked_day <= d::date GROUP BY 1, 2
), anew AS (
  SELECT day, count(*) FILTER (WHERE before > 0) AS opening, count(*) FILTER (WHERE before > 0 AND after <= 0) AS lost, bool_and(after IN (0, 1) AND before IN (0, 1)) AS once
  FROM customers GROUP BY day
)
SELECT count(*) = 100 AS all_days, count(*) FILTER (WHERE lost > 0) > 20 AS some_lost, bool_and(once) AS counted_once,
  count(*) FILTER (WHERE (v.numerator, v.denominator) IS DISTINCT FROM (a.lost, a.opening)) AS wrong
FROM anew AS a JOIN revenue.metric_values AS v ON v.org_id = :org AND v.metric = 'logo_churn' AND v.dimension = 'all' AND v.day = a.day;
-- Each row adds up, booked and valid.
SELECT b.basis, count(*) > 10 AS months, count(*) FILTER (WHERE opening_customers + new_customers + reactivated_customers - churned_customers
    + transferred_customers <> closing_customers OR closing_customers < 0) AS wrong_customers,
  count(*) FILTER (WHERE opening_mrr + new_mrr + expansion_mrr + reactivation_mrr + contraction_mrr + churn_mrr + fx_mrr <> closing_mrr
    OR closing_mrr < 0) AS wrong_mrr,
  sum(transferred_customers) <> 0 AS merged
FROM (VALUES ('booked'), ('valid')) AS b(basis) CROSS JOIN LATERAL revenue.arr_monthly(basis => b.basis) GROUP BY 1 ORDER BY 1;
ROLLBACK;
