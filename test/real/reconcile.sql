\set ON_ERROR_STOP on
\pset footer off
SET client_min_messages = warning;
SET jit = off;
-- Eight series of one collection, period and kind, ended together; the shortest says how long.
CREATE TABLE members AS
SELECT s.*, (s.place - 1) % 8 + 1 AS slot, format('%s %s %s', s.set, s.period, (s.place - 1) / 8) AS hierarchy
FROM (
  SELECT a.set, a.series_id, a.period, a.m, a.n, a.h, row_number() OVER (PARTITION BY a.set, a.period ORDER BY a.type, a.n, a.series_id) AS place,
    count(*) OVER (PARTITION BY a.set, a.period) AS many
  FROM (SELECT 'm1' AS set, * FROM m1_meta UNION ALL SELECT 'm3', * FROM m3_meta) AS a WHERE a.period IN ('MONTHLY', 'QUARTERLY')
) AS s WHERE (s.place - 1) / 8 < s.many / 8;
CREATE TABLE bottoms AS
SELECT m.hierarchy, m.m, 'series ' || m.slot AS node, 'group ' || (m.slot + 3) / 4 AS parent, o.part, o.t - m.n AS t,
  o.value / avg(o.value) FILTER (WHERE o.part = 'train') OVER (PARTITION BY m.hierarchy, m.slot) AS value
FROM members AS m JOIN observations AS o USING (set, series_id)
WHERE o.t - m.n > -(SELECT min(x.n) FROM members AS x WHERE x.hierarchy = m.hierarchy)
  AND m.hierarchy IN (SELECT hierarchy FROM members GROUP BY hierarchy HAVING min(m) = 4 OR min(hashtext(hierarchy)) % CASE min(members.set) WHEN 'm1' THEN 3 ELSE 6 END = 0);
CREATE TABLE nodes AS
SELECT hierarchy, m, node, parent, part, t, value FROM bottoms
UNION ALL SELECT hierarchy, m, parent, 'all', part, t, sum(value) FROM bottoms GROUP BY hierarchy, m, parent, part, t
UNION ALL SELECT hierarchy, m, 'all', NULL, part, t, sum(value) FROM bottoms GROUP BY hierarchy, m, part, t;
CREATE TABLE hierarchies AS
SELECT hierarchy, m, revenue.reconcile(node, parent, model) AS tree FROM (
  SELECT hierarchy, m, node, parent, revenue.fit_series('2000-01-01'::timestamptz + make_interval(months => t * 12 / m), value,
    jsonb_build_object('period', CASE m WHEN 12 THEN 'month' ELSE 'quarter' END)) AS model
  FROM nodes WHERE part = 'train' GROUP BY hierarchy, m, node, parent) AS fits
GROUP BY hierarchy, m;

CREATE TABLE forecasts AS
SELECT h.hierarchy, h.m, k.method, f.node, f.step, f.mean, f.lower, f.upper
FROM hierarchies AS h CROSS JOIN unnest('{mint,structural,ols,bottom_up}'::text[]) AS k(method)
CROSS JOIN LATERAL revenue.forecast_hierarchy(h.tree, CASE h.m WHEN 12 THEN 18 ELSE 8 END, '{0.7,0.85,0.95}', k.method) AS f
UNION ALL
SELECT h.hierarchy, h.m, 'none', f.node, f.step, f.base_mean, NULL, NULL
FROM hierarchies AS h CROSS JOIN LATERAL revenue.forecast_hierarchy(h.tree, CASE h.m WHEN 12 THEN 18 ELSE 8 END) AS f;

-- Absolute errors over the mean absolute seasonal difference of the training data.
CREATE TABLE errors AS
SELECT f.*, n.value AS actual, abs(f.mean - n.value) / s.scale AS error, left(f.node, 5) AS level
FROM forecasts AS f
JOIN nodes AS n ON n.hierarchy = f.hierarchy AND n.node = f.node AND n.part = 'test' AND n.t = f.step
JOIN (
  SELECT hierarchy, node, avg(abs(difference)) AS scale
  FROM (SELECT hierarchy, node, value - lag(value, m) OVER (PARTITION BY hierarchy, node ORDER BY t) AS difference FROM nodes WHERE part = 'train') AS d
  GROUP BY hierarchy, node) AS s ON s.hierarchy = f.hierarchy AND s.node = f.node
WHERE s.scale > 0;

\echo 'Mean absolute scaled error by collection and method'
SELECT left(hierarchy, 2) AS set, CASE m WHEN 12 THEN 'monthly' ELSE 'quarterly' END AS period, count(DISTINCT hierarchy) AS hierarchies,
  round((avg(error) FILTER (WHERE method = 'none'))::numeric, 4) AS own, round((avg(error) FILTER (WHERE method = 'bottom_up'))::numeric, 4) AS bottom_up,
  round((avg(error) FILTER (WHERE method = 'ols'))::numeric, 4) AS ols, round((avg(error) FILTER (WHERE method = 'structural'))::numeric, 4) AS structural,
  round((avg(error) FILTER (WHERE method = 'mint'))::numeric, 4) AS mint
FROM errors GROUP BY 1, 2 ORDER BY 1, 2;
\echo 'By level, all of them'
SELECT level, round((avg(error) FILTER (WHERE method = 'none'))::numeric, 4) AS own, round((avg(error) FILTER (WHERE method = 'bottom_up'))::numeric, 4) AS bottom_up,
  round((avg(error) FILTER (WHERE method = 'mint'))::numeric, 4) AS mint
FROM errors GROUP BY 1 ORDER BY 1;
\echo 'Share of actuals within the intervals, mint'
SELECT level, round(avg((actual BETWEEN lower[1] AND upper[1])::integer), 3) AS "70", round(avg((actual BETWEEN lower[2] AND upper[2])::integer), 3) AS "85",
  round(avg((actual BETWEEN lower[3] AND upper[3])::integer), 3) AS "95"
FROM errors WHERE method = 'mint' GROUP BY 1 ORDER BY 1;

-- Each hierarchy counts alike: a few of M1 have errors many times those of the others.
CREATE TABLE ratios AS
SELECT left(hierarchy, 2) AS set, m, hierarchy, avg(error) FILTER (WHERE method = 'mint') AS mint, avg(error) FILTER (WHERE method = 'bottom_up') AS bottom_up,
  avg(error) FILTER (WHERE method = 'none') AS own FROM errors GROUP BY hierarchy, m;
\echo 'Error of mint over that of bottom-up, and over that of each forecast by itself: geometric mean over hierarchies'
SELECT coalesce(set, 'all') AS set, m, count(*) AS hierarchies, round(exp(avg(ln(mint / bottom_up)))::numeric, 4) AS over_bottom_up,
  round((stddev(ln(mint / bottom_up)) / sqrt(count(*)))::numeric, 4) AS standard_error, round(exp(avg(ln(mint / own)))::numeric, 4) AS over_own
FROM ratios GROUP BY GROUPING SETS ((set, m), ()) ORDER BY set, m;

CREATE TABLE checks AS
SELECT format('mint no worse than bottom-up: %s %s', set, m) AS name,
  avg(ln(mint / bottom_up)) <= 2 * stddev(ln(mint / bottom_up)) / sqrt(count(*)) AS passed
FROM ratios GROUP BY set, m
UNION ALL
SELECT 'mint better than bottom-up over all', avg(ln(mint / bottom_up)) < 0 FROM ratios
UNION ALL
SELECT 'totals are the sums of their parts', bool_and(abs(t.mean - s.sum) <= 1e-9 * abs(t.mean))
FROM forecasts AS t JOIN (
  SELECT f.hierarchy, f.method, f.step, x.above, sum(f.mean) AS sum
  FROM forecasts AS f JOIN (SELECT DISTINCT hierarchy, node, parent FROM bottoms) AS b USING (hierarchy, node)
  CROSS JOIN LATERAL (VALUES (b.parent), ('all')) AS x(above) GROUP BY 1, 2, 3, 4) AS s
  ON s.hierarchy = t.hierarchy AND s.method = t.method AND s.step = t.step AND s.above = t.node
WHERE t.method <> 'none';
SELECT name AS failed FROM checks WHERE passed IS NOT TRUE;
\pset tuples_only on
\pset format unaligned
SELECT format('%s passed, %s failed', count(*) FILTER (WHERE passed), count(*) FILTER (WHERE passed IS NOT TRUE)) FROM checks;
