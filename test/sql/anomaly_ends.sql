-- Values below nothing are as far out as values above it, a month that is not over is no drop, growth is no anomaly,
-- and the one member of a dimension repeats nothing.
SET client_min_messages = error;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;
CREATE FUNCTION pg_temp.found(VARIADIC v float8[]) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(kind || ' on day ' || (ts::date - date '2024-01-01'), ', ' ORDER BY ts), 'none')
  FROM revenue.detect((SELECT revenue.fit_detector(date '2024-01-01' + (n::int - 1), x) FROM unnest(v) WITH ORDINALITY AS u(x, n)))
  WHERE is_anomaly AND ts >= '2024-01-01'::date + 370
$$;
SELECT a, pg_temp.found(VARIADIC array_agg(CASE WHEN i = 390 THEN a ELSE 0 END ORDER BY i)) AS zeros,
  pg_temp.found(VARIADIC array_agg(CASE WHEN i = 390 THEN a WHEN i % 20 = 7 THEN 50 ELSE 0 END ORDER BY i)) AS rare,
  pg_temp.found(VARIADIC array_agg(CASE WHEN i = 390 THEN a ELSE 1000 + i % 5 END ORDER BY i)) AS steady
FROM generate_series(0, 399) AS i, unnest('{-100000,-1000,1000000}'::float8[]) AS a GROUP BY a ORDER BY a;
-- on a weekend, where there is nothing, too; and further below on a weekday than nothing is
SELECT a, day, pg_temp.found(VARIADIC array_agg(CASE WHEN i = day THEN a WHEN i % 7 IN (5, 6) THEN 0 ELSE 10000 + 5000.37 * sin(i * i) END ORDER BY i)) AS found
FROM generate_series(0, 399) AS i, unnest('{-200000,0}'::float8[]) AS a, unnest('{392,397}'::int[]) AS day GROUP BY a, day ORDER BY day, a;

-- days gathered by month, week or quarter, whose last one is not over and whose first began before
SELECT p.period, count(*) FILTER (WHERE d.is_anomaly AND d.ts >= '2026-10-01') AS anomalies, string_agg(d.ts::date::text, ', ' ORDER BY d.ts) FILTER (WHERE d.kind = 'incomplete') AS incomplete
FROM unnest('{week,month,quarter}'::text[]) AS p(period)
CROSS JOIN LATERAL revenue.detect((
  SELECT revenue.fit_detector(date '2022-01-20' + i, 100 + 5 * sin(i * i), jsonb_build_object('period', p.period))
  FROM generate_series(0, 1755) AS i)) AS d
GROUP BY p.period ORDER BY 1;

-- growth at one rate, and by as much a day where that is little: hardly an anomaly, and none without noise
SELECT g.kind, g.noise, count(*) FILTER (WHERE d.is_anomaly) <= CASE g.noise WHEN 0 THEN 0 ELSE 3 END AS calm
FROM (VALUES ('rate', 0), ('rate', 1), ('line', 0), ('line', 20)) AS g(kind, noise)
CROSS JOIN LATERAL revenue.detect((
  SELECT revenue.fit_detector(date '2024-03-15' + i, CASE g.kind WHEN 'rate' THEN 100000 * exp(0.003 * i + g.noise * 0.01 * sin(i * i)) ELSE 1000000 + 100 * i + g.noise * sin(i * i) END)
  FROM generate_series(0, 799) AS i)) AS d
GROUP BY g.kind, g.noise ORDER BY 1, 2;
