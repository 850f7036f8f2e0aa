-- The metrics of recurring revenue are what the ledger says, a day or a run of days at once.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT revenue.create_org('Recurring') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate)
SELECT :org, 'EUR', '2022-01-01'::date + 10 * i, 1.1 + 0.01 * (i % 7) FROM generate_series(0, 100) AS i;
INSERT INTO revenue.reps (org_id, rep_id, name) SELECT :org, 'r' || i, 'Rep ' || i FROM generate_series(0, 3) AS i;
INSERT INTO revenue.accounts (org_id, account_id, name, segment, region, owner_rep_id)
SELECT :org, 'a' || i, 'Account ' || i, (ARRAY['smb', 'mid_market', NULL])[1 + i % 3], (ARRAY['EMEA', 'APAC', NULL, 'Americas'])[1 + i % 4], 'r' || nullif(i % 5, 4)
FROM generate_series(1, 60) AS i;
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id, account_id)
SELECT :org, 's' || i, 'c' || i, 'a' || i FROM generate_series(1, 60) AS i;
-- Some grow, some shrink, some leave, some come back, a part in euros.
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency, product_id)
SELECT :org, 's' || i, v.since, v.until, (100 + i) * v.part, CASE WHEN i % 4 = 0 THEN 'EUR' ELSE 'USD' END, 'p' || i % 2
FROM generate_series(1, 60) AS i
CROSS JOIN LATERAL (SELECT '2022-02-01'::date + i * 9 AS began) AS b
CROSS JOIN LATERAL (VALUES
  (b.began, CASE WHEN i % 5 = 0 THEN b.began + 200 WHEN i % 3 = 0 THEN b.began + 150 ELSE 'infinity' END, 1.0),
  (b.began + 150, CASE WHEN i % 3 = 0 AND i % 5 <> 0 THEN 'infinity'::date END, CASE WHEN i % 2 = 0 THEN 1.5 ELSE 0.6 END),
  (b.began + 260, CASE WHEN i % 10 = 0 THEN 'infinity'::date END, 0.9)) AS v(since, until, part)
WHERE v.until IS NOT NULL;

CREATE TEMP TABLE computed AS SELECT * FROM revenue.compute_metrics('2023-03-01', '2023-06-30', scored => false);
SELECT count(*) AS days,
  count(*) FILTER (WHERE (round(m.mrr, 4), round(m.arr, 4), m.customers, round(m.new_mrr, 4), round(m.expansion, 4), round(m.reactivation, 4), round(m.contraction, 4), round(m.churned, 4), round(12 * m.net_new, 4), m.new_logos, m.left)
    IS DISTINCT FROM (round(a.closing_mrr, 4), round(a.closing_arr, 4), a.closing_customers, round(a.new_mrr, 4), round(a.expansion_mrr, 4), round(a.reactivation_mrr, 4), round(-a.contraction_mrr, 4), round(-a.churn_mrr, 4), round(a.net_new_arr, 4), a.new_customers, a.churned_customers)) AS differ,
  count(*) FILTER (WHERE a.new_mrr <> 0) AS new, count(*) FILTER (WHERE a.churn_mrr <> 0) AS churn, count(*) FILTER (WHERE a.expansion_mrr <> 0) AS expansion, count(*) FILTER (WHERE a.reactivation_mrr <> 0) AS reactivation
FROM revenue.arr_daily('2023-06-30', from_date => '2023-03-01') AS a
JOIN (SELECT day, max(numerator) FILTER (WHERE metric = 'mrr') AS mrr, max(numerator) FILTER (WHERE metric = 'arr') AS arr,
    max(numerator) FILTER (WHERE metric = 'customers')::bigint AS customers, max(numerator) FILTER (WHERE metric = 'new_mrr') AS new_mrr,
    max(numerator) FILTER (WHERE metric = 'expansion_mrr') AS expansion, max(numerator) FILTER (WHERE metric = 'reactivation_mrr') AS reactivation,
    max(numerator) FILTER (WHERE metric = 'contraction_mrr') AS contraction, max(numerator) FILTER (WHERE metric = 'churned_mrr') AS churned,
    max(numerator) FILTER (WHERE metric = 'net_new_mrr') AS net_new, max(numerator) FILTER (WHERE metric = 'new_logos')::bigint AS new_logos,
    max(numerator) FILTER (WHERE metric = 'churned_customers')::bigint AS left
  FROM computed WHERE dimension = 'all' GROUP BY day) AS m ON m.day = a.period_from;
-- by each dimension it adds up
SELECT metric, dimension, count(*) AS days, max(abs(parts - total)) < 0.0001 AS adds_up
FROM (SELECT c.metric, c.dimension, c.day, sum(c.numerator) AS parts,
    (SELECT t.numerator FROM computed AS t WHERE t.metric = c.metric AND t.day = c.day AND t.dimension = 'all') AS total
  FROM computed AS c WHERE c.dimension <> 'all' AND c.metric IN ('mrr', 'net_new_mrr', 'customers') GROUP BY 1, 2, 3) AS s
GROUP BY 1, 2 ORDER BY 1, 2;
-- one by one it is the same
SELECT count(*) FILTER (WHERE c.metric IS NULL OR o.metric IS NULL OR (c.numerator, c.denominator, c.observations) IS DISTINCT FROM (o.numerator, o.denominator, o.observations)) AS differ, count(*) > 1000 AS many
FROM (SELECT * FROM computed WHERE metric ~ 'mrr|arr|customers|churn|logo|arpa' AND day BETWEEN '2023-05-01' AND '2023-05-20') AS c
FULL JOIN (SELECT x.* FROM generate_series('2023-05-01'::timestamp, '2023-05-20', interval '1 day') AS d
  CROSS JOIN LATERAL revenue.compute_metrics(d::date, d::date, scored => false) AS x WHERE x.metric ~ 'mrr|arr|customers|churn|logo|arpa') AS o USING (day, metric, dimension, member);

-- Churn is of the customers of so many days before, at the rates of then, whoever came since.
CREATE FUNCTION pg_temp.became(day date, days integer, OUT opening numeric, OUT opening_mrr numeric, OUT lost numeric, OUT lost_mrr numeric)
LANGUAGE sql STABLE AS $$
  SELECT count(*) FILTER (WHERE k.before > 0), sum(k.before), count(*) FILTER (WHERE k.before > 0 AND NOT k.here), coalesce(sum(k.before) FILTER (WHERE NOT k.here), 0)
  FROM (SELECT s.customer_id, bool_or(i.valid_from <= became.day AND i.valid_to > became.day) AS here,
      sum(CASE WHEN i.valid_from <= became.day - days AND i.valid_to > became.day - days THEN i.mrr * CASE i.currency WHEN 'USD' THEN 1 ELSE revenue.rate_on(i.org_id, 'EUR', became.day - days) END ELSE 0 END) AS before
    FROM revenue.subscription_items AS i JOIN revenue.subscriptions AS s USING (org_id, subscription_id)
    WHERE i.org_id = revenue.current_org() GROUP BY s.customer_id) AS k
$$;
SELECT c.metric, count(*) AS days, count(*) FILTER (WHERE c.numerator > 0) AS with_churn, count(*) FILTER (WHERE (round(c.numerator, 4), round(c.denominator, 4))
  IS DISTINCT FROM CASE c.metric WHEN 'churn_rate' THEN (round(b.lost_mrr, 4), round(b.opening_mrr, 4)) ELSE (round(b.lost, 4), round(b.opening, 4)) END) AS differ
FROM computed AS c CROSS JOIN LATERAL pg_temp.became(c.day, 30) AS b
WHERE c.dimension = 'all' AND c.metric IN ('churn_rate', 'logo_churn') GROUP BY 1 ORDER BY 1;
SELECT metric, dimension, count(*) > 100 AS days, max(value) <= 1 AND min(value) >= 0 AS shares FROM computed
WHERE metric IN ('churn_rate', 'logo_churn') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT revenue.backfill_metrics('2023-03-01', '2023-06-30', scored => false) > 0 AS recorded;
SELECT w.metric, w.value = c.value AS as_of_the_last_day FROM revenue.metric_window('2023-05-01', '2023-05-31', '{churn_rate,logo_churn}') AS w
JOIN computed AS c USING (metric, dimension, member) WHERE w.dimension = 'all' AND c.day = '2023-05-31' ORDER BY 1;

-- What was spent beside it: a day of recurring revenue is 12/365 of the MRR at its end.
INSERT INTO revenue.offers (org_id, offer_id, name, currency) VALUES (:org, 'o', 'Offer', 'USD');
INSERT INTO revenue.offer_activity (org_id, offer_id, platform, day, cost, currency)
SELECT :org, 'o', 'web', d::date, 1 + extract(day FROM d)::integer % 3, CASE extract(isodow FROM d) WHEN 1 THEN 'EUR' ELSE 'USD' END
FROM generate_series('2022-10-01'::timestamp, '2023-06-30', interval '1 day') AS d;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, account_id, amount, currency, created_at, effective_at)
SELECT :org, 'd' || i, 'closed_won', 'a' || i, 100, 'USD', '2023-05-01', '2023-05-02' FROM generate_series(1, 4) AS i;
CREATE TEMP TABLE efficient AS SELECT * FROM revenue.compute_metrics('2023-06-01', '2023-06-30', scored => false);
CREATE TEMP TABLE by_hand AS
SELECT d.day, d.closing_mrr * 12 / 365 AS earned, d.net_new_arr, (SELECT sum(a.cost * CASE a.currency WHEN 'USD' THEN 1 ELSE revenue.rate_on(:org, 'EUR', a.day) END)
  FROM revenue.offer_activity AS a WHERE a.org_id = :org AND a.day = d.day) AS spend, d.closing_mrr, d.closing_customers, d.churned_customers
FROM (SELECT period_from AS day, * FROM revenue.arr_daily('2023-06-30', from_date => '2022-10-01')) AS d;
SELECT e.metric, count(*) AS days, max(abs(e.value - h.value)) < 1e-9 AS as_by_hand, min(round(e.value::numeric, 4)) AS least, max(round(e.value::numeric, 4)) AS most
FROM efficient AS e
CROSS JOIN LATERAL (SELECT CASE e.metric
    WHEN 'net_sales_efficiency' THEN sum(b.net_new_arr) FILTER (WHERE b.day > e.day - 90) / sum(b.spend) FILTER (WHERE b.day > e.day - 90)
    WHEN 'magic_number' THEN (sum(b.earned) FILTER (WHERE b.day > e.day - 91) - sum(b.earned) FILTER (WHERE b.day > e.day - 182 AND b.day <= e.day - 91)) * 365 / 91
      / sum(b.spend) FILTER (WHERE b.day > e.day - 182 AND b.day <= e.day - 91)
    ELSE max(b.closing_mrr) FILTER (WHERE b.day = e.day) / max(b.closing_customers) FILTER (WHERE b.day = e.day)
      / ((SELECT x.lost / x.opening FROM pg_temp.became(e.day, 90) AS x) * 365 / (12 * 90))
      / CASE e.metric WHEN 'ltv_cac' THEN sum(b.spend) FILTER (WHERE b.day > e.day - 90) / 4 ELSE 1 END END::double precision AS value
  FROM by_hand AS b WHERE b.day <= e.day) AS h
WHERE e.dimension = 'all' AND e.metric IN ('net_sales_efficiency', 'magic_number', 'simple_ltv', 'ltv_cac') GROUP BY 1 ORDER BY 1;
SELECT revenue.set_metric_definition('simple_ltv', '{"gross_margin": 0.8, "window_days": 60}', 'Hosting takes a fifth', '2023-07-01') AS version;
SELECT c.metric, round((c.value / e.value)::numeric, 6) AS share FROM revenue.compute_metrics('2023-06-30', versions => '{"simple_ltv": 1}', scored => false) AS c
JOIN revenue.compute_metrics('2023-06-30', scored => false) AS e USING (metric, dimension, member) WHERE metric IN ('arpa', 'simple_ltv') AND dimension = 'all' ORDER BY 1;

-- Retention of a year, by customer, at the rates of then.
SELECT c.metric, c.observations, round(c.denominator, 2) AS opening, round(c.numerator, 2) AS closing, round(c.value::numeric, 6) AS value,
  abs(c.value - x.value) < 1e-9 AS as_by_hand
FROM revenue.compute_metrics('2023-06-30') AS c
CROSS JOIN LATERAL (
  SELECT sum(CASE c.metric WHEN 'nrr' THEN k.closing ELSE least(k.closing, k.opening) END) / sum(k.opening) AS value
  FROM (SELECT s.customer_id,
      sum(CASE WHEN i.valid_from <= '2022-06-30' AND i.valid_to > '2022-06-30' THEN i.mrr * r.rate ELSE 0 END) AS opening,
      sum(CASE WHEN i.valid_from <= '2023-06-30' AND i.valid_to > '2023-06-30' THEN i.mrr * r.rate ELSE 0 END) AS closing
    FROM revenue.subscription_items AS i JOIN revenue.subscriptions AS s USING (org_id, subscription_id)
    CROSS JOIN LATERAL (SELECT CASE i.currency WHEN 'USD' THEN 1 ELSE (SELECT f.rate FROM revenue.fx_rates AS f
      WHERE f.org_id = :org AND f.currency = 'EUR' AND f.rate_date <= '2022-06-30' ORDER BY f.rate_date DESC LIMIT 1) END AS rate) AS r
    WHERE i.org_id = :org GROUP BY s.customer_id) AS k WHERE k.opening > 0) AS x
WHERE c.metric IN ('nrr', 'grr') ORDER BY 1;
-- Who has no subscription has no recurring metric.
SELECT revenue.create_org('Other') AS other \gset
SELECT set_config('revenue_intel.org_id', :'other', true) \g /dev/null
SELECT count(*) FROM revenue.compute_metrics('2023-06-30', org => :other) WHERE metric IN ('mrr', 'nrr');
ROLLBACK;
