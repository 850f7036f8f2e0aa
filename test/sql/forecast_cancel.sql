-- A forecast that runs stops within 100 ms of being asked to: the best of three tries, each at another point of the
-- work, so that a busy machine does not fail the test and a loop that nobody can leave does.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SELECT (revenue.load_demo(60, 7, '2026-05-20', 1) ->> 'org_id')::integer AS org \gset
SET revenue_intel.org_id = :org;
CREATE TEMP TABLE series AS
SELECT ('1800-01-01'::date + interval '1 month' * i)::date AS ts, 100 + i % 97 + 20 * sin(i / 3.8) AS value FROM generate_series(1, 2000) AS i;
CREATE TEMP TABLE daily AS SELECT to_timestamp(i * 86400.0) AS ts, i * 7919 % 101 + 50 * (i % 7 < 5)::integer AS value FROM generate_series(1, 20000) AS i;
CREATE TEMP TABLE trees AS
SELECT revenue.reconcile(node, parent, model) AS tree FROM (
  SELECT 'node ' || n AS node, 'all' AS parent, revenue.fit_series('2020-01-01'::date + interval '1 month' * i, 100 + (n * i) % 17, '{"method": "fast"}') AS model
  FROM generate_series(1, 300) AS n, generate_series(1, 30) AS i GROUP BY n
  UNION ALL
  SELECT 'all', NULL, revenue.fit_series('2020-01-01'::date + interval '1 month' * i, 30000 + i % 17, '{"method": "fast"}') FROM generate_series(1, 30) AS i) AS nodes;
CREATE TEMP TABLE tries (name text, asked_after integer, began timestamptz, ended timestamptz);
-- what runs, and for how long: always longer than the try
CREATE TEMP TABLE works (place integer, name text, query text);
INSERT INTO works VALUES
  (1, 'fit_series', $$SELECT count(m) FROM generate_series(1, 1000) AS n, LATERAL (SELECT revenue.fit_series(ts, value + n) AS m FROM series) AS f$$),
  (2, 'fit_series of days', $$SELECT count(m) FROM generate_series(1, 1000) AS n, LATERAL (SELECT revenue.fit_series(ts, value + n) AS m FROM daily) AS f$$),
  (3, 'forecast_hierarchy', $$SELECT count(*) FROM generate_series(1, 1000) AS n, trees, revenue.forecast_hierarchy(tree, 20 + n % 2) AS f$$),
  (4, 'revenue_forecast', $$SELECT count(revenue.revenue_forecast('quarter', as_of => '2026-05-20 12:00+00'::timestamptz - interval '1 minute' * n)) FROM generate_series(1, 1000) AS n$$),
  (5, 'generate_forecast', $$SELECT count(revenue.generate_forecast('quarter', as_of => '2026-05-20 12:00+00'::timestamptz - interval '1 minute' * n)) FROM generate_series(1, 1000) AS n$$),
  (6, 'refresh_forecast_origins', $$SELECT count(revenue.refresh_forecast_origins(true)) FROM generate_series(1, 1000) AS n$$);
SELECT c FROM works, unnest('{40,110,230}'::integer[]) AS ms, unnest(ARRAY[
  format('INSERT INTO tries VALUES (%L, %s, clock_timestamp())', name, ms), format('SET statement_timeout = %s', ms), query,
  'RESET statement_timeout', 'UPDATE tries SET ended = clock_timestamp() WHERE ended IS NULL']) WITH ORDINALITY AS s(c, step)
ORDER BY place, ms, step \gexec
SELECT name, count(*) AS tries, bool_and(ended >= began + asked_after * interval '1 ms') AS cancelled,
  min(ended - began - asked_after * interval '1 ms') < interval '100 ms' AS in_time
FROM tries GROUP BY name ORDER BY name;
-- nothing of it is left
SELECT count(*) AS runs FROM revenue.forecast_runs WHERE org_id = :org;
RESET revenue_intel.org_id;
SELECT revenue.drop_demo(7) AS dropped;
