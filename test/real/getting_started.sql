-- What the page docs/getting-started.md loaded, against SQL over its raw tables, which getting_started.sh filled from
-- the whole files. Follows the page in its session.

\set ECHO none
CREATE TEMP VIEW files AS
SELECT d.deal_stage AS stage, d.product, d.engage_date::date AS engaged, d.close_date::date AS closed, p.sales_price::numeric AS price,
  CASE d.deal_stage WHEN 'Won' THEN d.close_value::numeric ELSE p.sales_price::numeric END AS value
FROM raw_deals AS d JOIN raw_products AS p USING (product);
CREATE TEMP TABLE figures (what text, expected numeric, actual numeric);

INSERT INTO figures SELECT 'deals', (SELECT count(*) FROM raw_deals), (SELECT count(*) FROM revenue.deals WHERE org_id = :org);
-- the pipeline of each month's end, and of the export
INSERT INTO figures
SELECT concat_ws(' ', 'pipeline', day::date, x.what), x.expected, x.actual
FROM generate_series('2016-11-30'::timestamptz, '2017-12-30', '1 month') AS day
CROSS JOIN LATERAL (SELECT count(*) AS n, coalesce(sum(price), 0) AS value FROM files
  WHERE engaged <= day::date AND (closed > day::date) IS NOT FALSE) AS f
CROSS JOIN LATERAL (SELECT coalesce(sum(deal_count), 0) AS n, coalesce(sum(total_value), 0) AS value
  FROM revenue.pipeline_summary(day + interval '1 day - 1 microsecond') WHERE stage_id = 'Engaging') AS p
CROSS JOIN LATERAL (VALUES ('deals', f.n, p.n), ('value', f.value, p.value)) AS x(what, expected, actual);
INSERT INTO figures
SELECT concat_ws(' ', 'pipeline', f.stage, x.what), x.expected, x.actual
FROM (SELECT stage, count(*) AS n, sum(value) AS value FROM files WHERE closed IS NULL GROUP BY 1) AS f
LEFT JOIN revenue.pipeline_summary('2018-01-01') AS p ON p.stage_id = f.stage
CROSS JOIN LATERAL (VALUES ('deals', f.n, p.deal_count), ('value', f.value, p.total_value)) AS x(what, expected, actual);
-- win rates, over all and by product
INSERT INTO figures
SELECT concat_ws(' ', 'win rate', f.product, x.what), x.expected, x.actual
FROM (SELECT product, count(*) FILTER (WHERE stage = 'Won') AS won, count(*) FILTER (WHERE stage = 'Lost') AS lost,
        sum(value) FILTER (WHERE stage = 'Won') AS value
      FROM files WHERE closed IS NOT NULL GROUP BY ROLLUP (product)) AS f
LEFT JOIN revenue.win_rates('2018-01-01') AS w ON w.dimension = CASE WHEN f.product IS NULL THEN 'all' ELSE 'product' END
  AND w.member IS NOT DISTINCT FROM f.product
CROSS JOIN LATERAL (VALUES ('won', f.won, w.won_deals), ('lost', f.lost, w.lost_deals), ('value', f.value, w.won_value),
  ('rate', round(f.won::numeric / (f.won + f.lost), 9), round(w.win_rate::numeric, 9))) AS x(what, expected, actual);
-- bookings and the cycle by month; a change of the clocks is an hour of a cycle
INSERT INTO figures
SELECT concat_ws(' ', 'won in', f.month, x.what), x.expected, x.actual
FROM (SELECT date_trunc('month', closed)::date AS month, count(*) AS n, sum(value) AS value, avg(closed - engaged) AS days
      FROM files WHERE stage = 'Won' GROUP BY 1) AS f
LEFT JOIN revenue.won_deals_summary('2018-01-01') AS w USING (month)
CROSS JOIN LATERAL (VALUES ('deals', f.n, w.deal_count), ('value', f.value, w.total_value),
  ('days', round(f.days, 2), CASE WHEN abs(w.avg_cycle_days - f.days) < 0.05 THEN round(f.days, 2) ELSE w.avg_cycle_days END)) AS x(what, expected, actual);
-- the waterfall of the last quarter
INSERT INTO figures
SELECT concat_ws(' ', 'waterfall', f.line, x.what), x.expected, coalesce(x.actual, 0)
FROM (
  SELECT 'opening' AS line, count(*) AS n, sum(price) AS value FROM files WHERE engaged < '2017-10-01' AND (closed >= '2017-10-01') IS NOT FALSE
  UNION ALL
  SELECT 'created', count(*), sum(CASE WHEN stage = 'Won' THEN value ELSE price END) FROM files WHERE (engaged >= '2017-10-01') IS NOT FALSE
  UNION ALL
  SELECT lower(stage), count(*), -sum(value) FROM files WHERE closed >= '2017-10-01' GROUP BY stage
  UNION ALL
  SELECT 'closing', count(*), sum(price) FROM files WHERE closed IS NULL) AS f
LEFT JOIN revenue.pipeline_waterfall('2017-10-01', '2018-01-01', '-infinity', 'infinity') AS w USING (line)
CROSS JOIN LATERAL (VALUES ('deals', f.n, w.deal_count), ('value', f.value, w.value)) AS x(what, expected, actual);
-- what each forecast takes as won already
INSERT INTO figures
SELECT 'won in the ' || p.period, (SELECT sum(value) FROM files WHERE stage = 'Won' AND closed >= (f ->> 'period_from')::date AND closed <= '2017-12-15'),
  (f ->> 'closed')::numeric
FROM unnest('{month,quarter,year}'::text[]) AS p(period), revenue.revenue_forecast(p.period, as_of => '2017-12-15 23:59:59.999999') AS f;
INSERT INTO figures
SELECT 'bounds of the ' || p.period, 1, ((f ->> 'forecast_amount')::numeric BETWEEN (f -> 'confidence_interval' ->> 'lower')::numeric
  AND (f -> 'confidence_interval' ->> 'upper')::numeric AND (f -> 'confidence_interval' ->> 'upper')::numeric < 5 * (f ->> 'forecast_amount')::numeric)::integer
FROM unnest('{month,quarter,year}'::text[]) AS p(period), revenue.generate_forecast(p.period, as_of => '2017-12-15 23:59:59.999999') AS f;

SELECT what, expected, actual FROM figures WHERE actual IS DISTINCT FROM expected ORDER BY what LIMIT 20;
\pset tuples_only on
\pset format unaligned
SELECT count(*) FILTER (WHERE actual = expected) || ' passed, ' || count(*) FILTER (WHERE actual IS DISTINCT FROM expected) || ' failed' FROM figures;
