-- reconcile(): forecasts of parts that add up to those of their totals.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;

-- Three regions of two products each, with a season and noise of their own.
CREATE TEMP TABLE sales AS
SELECT region, product, month, 100 * ascii(product) / 100.0 + 20 * sin(2 * pi() * i / 12) + i + (i * i * 7919 + i * ascii(region) * 104729 + ascii(product) * 1299709) % 1000 / 100.0 AS value
FROM unnest('{north,south,west}'::text[]) AS region, unnest('{a,b}'::text[]) AS product,
  generate_series('2021-01-01'::timestamptz, '2025-12-01', '1 month') WITH ORDINALITY AS m(month, i);
CREATE TEMP TABLE nodes AS
SELECT region || '/' || product AS node, region AS parent, revenue.fit_series(month, value) AS model FROM sales GROUP BY region, product
UNION ALL SELECT region, 'all', revenue.fit_series(month, value) FROM sales GROUP BY region
UNION ALL SELECT 'all', NULL, revenue.fit_series(month, value) FROM sales;
CREATE TEMP TABLE trees AS SELECT revenue.reconcile(node, parent, model) AS tree FROM nodes;

SELECT node, step, ts, abs(mean / base_mean - 1) < 0.05 AS near_its_own, cardinality(lower) AS lower, cardinality(upper) AS upper
FROM trees, revenue.forecast_hierarchy(tree, 2) ORDER BY node, step;
SELECT d ->> 'nodes' AS nodes, d ->> 'totals' AS totals, d ->> 'bottoms' AS bottoms, d ->> 'period' AS period, d ->> 'method' AS method,
  (d ->> 'shrinkage')::double precision BETWEEN 0 AND 1 AS shrinkage, d ->> 'times' AS times FROM trees, revenue.describe(tree) AS d;

-- every total is the sum of its parts, whatever the method; intervals hold the mean and each other
SELECT method, count(*) AS totals, bool_and(abs(t.mean - p.sum) <= 1e-9 * abs(t.mean)) AS adds_up
FROM unnest('{mint,structural,ols,bottom_up}'::text[]) AS method CROSS JOIN LATERAL (
  SELECT f.* FROM trees, revenue.forecast_hierarchy(tree, 12, method => method) AS f) AS t
CROSS JOIN LATERAL (
  SELECT sum(f.mean) AS sum FROM trees, revenue.forecast_hierarchy(tree, 12, method => method) AS f JOIN nodes AS n USING (node)
  WHERE f.step = t.step AND n.parent = t.node) AS p
WHERE t.node IN ('all', 'north', 'south', 'west') GROUP BY method ORDER BY method;
SELECT bool_and(lower[1] <= mean AND mean <= upper[1] AND lower[2] <= lower[1] AND upper[1] <= upper[2]) AS nested
FROM trees, revenue.forecast_hierarchy(tree, 12, '{0.7,0.95}');
SELECT bool_and(abs(mean - base_mean) < 1e-9 * abs(mean)) AS bottoms_stay FROM trees, revenue.forecast_hierarchy(tree, 12, method => 'bottom_up') WHERE node LIKE '%/%';

-- neither the order of the rows nor a parallel plan changes a byte; the value can be kept
SELECT (SELECT revenue.reconcile(node, parent, model ORDER BY md5(node))::text FROM nodes) = tree::text AS order_is_nothing FROM trees;
CREATE TABLE public.kept_nodes AS SELECT * FROM nodes;
CREATE TABLE public.kept_trees AS SELECT tree FROM trees;
SELECT count(*) FROM (SELECT set_config(name, CASE vartype WHEN 'enum' THEN 'on' ELSE '0' END, false) FROM pg_settings
WHERE name IN ('parallel_setup_cost', 'parallel_tuple_cost', 'min_parallel_table_scan_size')) AS s;
ALTER TABLE public.kept_nodes SET (parallel_workers = 2);
SELECT (SELECT revenue.reconcile(node, parent, model)::text FROM public.kept_nodes) = tree::text AS parallel FROM trees;
SELECT (tree::text)::revenue.series_hierarchy::text = tree::text AS text_form FROM public.kept_trees;
DROP TABLE public.kept_nodes, public.kept_trees;

-- a node below two others counts once in what is above both
CREATE TEMP TABLE crossed AS
SELECT 'all' AS node, NULL AS parent, revenue.fit_series(month, value) AS model FROM sales
UNION ALL SELECT region, 'all', revenue.fit_series(month, value) FROM sales GROUP BY region
UNION ALL SELECT product, 'all', revenue.fit_series(month, value) FROM sales GROUP BY product
UNION ALL SELECT region || '/' || product, p.parent, revenue.fit_series(month, value) FROM sales CROSS JOIN LATERAL (VALUES (region), (product)) AS p(parent)
  GROUP BY region, product, p.parent;
SELECT count(*) AS nodes, bool_and(abs(mean - CASE node WHEN 'all' THEN everything WHEN 'a' THEN of_a ELSE mean END) < 1e-9 * abs(mean)) AS adds_up
FROM (SELECT f.*, sum(mean) FILTER (WHERE node LIKE '%/%') OVER () AS everything, sum(mean) FILTER (WHERE node LIKE '%/a') OVER () AS of_a
      FROM (SELECT revenue.reconcile(node, parent, model) AS tree FROM crossed) AS t, revenue.forecast_hierarchy(tree, 1) AS f) AS f;

-- short series: by the structure
SELECT d ->> 'method' AS method, d ->> 'times' AS times
FROM (SELECT revenue.reconcile(node, parent, model) AS tree FROM (
  SELECT product AS node, 'all' AS parent, revenue.fit_series(month, value) AS model FROM sales WHERE month >= '2025-08-01' GROUP BY product
  UNION ALL SELECT 'all', NULL, revenue.fit_series(month, value) FROM sales WHERE month >= '2025-08-01') AS n) AS t, revenue.describe(tree) AS d;
-- one that ended earlier is forecast from its end on
SELECT node, step, ts, mean > 0 AS some FROM (SELECT revenue.reconcile(node, parent, model) AS tree FROM (
  SELECT product AS node, 'all' AS parent, revenue.fit_series(month, value) AS model FROM sales WHERE product = 'a' OR month < '2025-11-01' GROUP BY product
  UNION ALL SELECT 'all', NULL, revenue.fit_series(month, value) FROM sales) AS n) AS t, revenue.forecast_hierarchy(tree, 1);
-- what never was negative does not become it
SELECT min(mean) >= 0 AS non_negative, min(lower[1]) >= 0 AS bounds FROM (SELECT revenue.reconcile(node, parent, model) AS tree FROM (
  SELECT g::text AS node, 'all' AS parent, revenue.fit_series('2024-01-01'::timestamptz + i * interval '1 month', greatest(20 - i * g, 0)) AS model
  FROM generate_series(1, 3) AS g, generate_series(0, 23) AS i GROUP BY g
  UNION ALL SELECT 'all', NULL, revenue.fit_series('2024-01-01'::timestamptz + i * interval '1 month', i) FROM generate_series(0, 23) AS i) AS n) AS t,
  revenue.forecast_hierarchy(tree, 12);

-- Refusals ------------------------------------------------------------------------------------
SELECT revenue.reconcile(node, parent, model) IS NULL AS nothing FROM nodes WHERE false;
SELECT revenue.reconcile(node, NULL, NULL) IS NULL AS nothing FROM nodes;
SELECT revenue.reconcile(node, parent, model) FROM nodes WHERE node <> 'all';
SELECT revenue.reconcile(node, coalesce(parent, 'north'), model) FROM nodes;
SELECT revenue.reconcile('', NULL, model) FROM nodes LIMIT 1;
SELECT revenue.reconcile('x', NULL, model) FROM nodes;
SELECT revenue.reconcile(node, NULL, model) FROM (
  SELECT 'm' AS node, revenue.fit_series(month, value) AS model FROM sales UNION ALL SELECT 'q', revenue.fit_series(month, value, '{"period": "quarter"}') FROM sales) AS n;
SELECT count(*) FROM trees, revenue.forecast_hierarchy(tree, 12, method => 'top_down');
SELECT count(*) FROM trees, revenue.forecast_hierarchy(tree, 0);
SELECT count(*) FROM trees, revenue.forecast_hierarchy(tree, 2000000000);
SELECT count(*) FROM trees, revenue.forecast_hierarchy(tree, 1, '{1}');
SELECT ''::revenue.series_hierarchy;
SELECT '\x0102'::revenue.series_hierarchy;
SELECT left(tree::text, 400)::revenue.series_hierarchy FROM trees;

-- By arrays -----------------------------------------------------------------------------------
SELECT node, expected_value FROM revenue.reconcile_expected('{all,a,b}', '{"",all,all}', '{10,4,8}', '{}', '{all}');
SELECT node, round(expected_value::numeric, 4) AS expected FROM revenue.reconcile_expected('{all,a,b}', '{"",all,all}', '{10,4,8}', '{}', method => 'ols');
SELECT * FROM revenue.reconcile_expected('{all,a}', '{""}', '{10,4}', '{}');
SELECT * FROM revenue.reconcile_expected('{all,all}', '{"",""}', '{10,4}', '{}');
SELECT * FROM revenue.reconcile_expected('{all,a}', '{"",all}', '{10,NaN}', '{}');
SELECT * FROM revenue.reconcile_expected('{all,a}', '{"",all}', '{10,4}', '{1,2,3}');
