-- Forecasts of every period and metric for organisations of every size: the parts add up to the total, lie within
-- bounds that the total could have, and nothing overflows; 2,000 segments are forecast as 30 and a pool.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;

-- What is wrong with an answer; nothing where all is well.
CREATE FUNCTION pg_temp.faults(answer jsonb) RETURNS TABLE (fault text) LANGUAGE sql AS $$
  WITH parts AS (
    SELECT (p ->> 'expected')::numeric AS expected, CASE WHEN answer ->> 'metric' = 'bookings' THEN (p ->> 'closed')::numeric ELSE 0 END AS certain, p -> 'intervals' AS intervals
    FROM jsonb_array_elements(answer -> ((answer ->> 'dimension') || 's')) AS p
  ), bounds AS (
    SELECT p.expected, p.certain, i.*, t.upper AS total_upper
    FROM parts AS p, jsonb_to_recordset(p.intervals) AS i(level float8, lower numeric, upper numeric)
    JOIN LATERAL jsonb_to_recordset(answer -> 'intervals') AS t(level float8, upper numeric) ON t.level = i.level
  )
  SELECT 'parts do not add up' WHERE (SELECT sum(expected) FROM parts) <> (answer ->> 'forecast_amount')::numeric
  UNION ALL SELECT format('%s parts without bounds', count(*)) FROM parts WHERE intervals IS NULL AND answer ->> 'forecast_amount' IS NOT NULL HAVING count(*) > 0
  UNION ALL SELECT 'below what is certain' FROM bounds WHERE lower < certain - 0.01
  UNION ALL SELECT 'outside its own bounds' FROM bounds WHERE expected NOT BETWEEN lower - 0.01 AND upper + 0.01
  UNION ALL SELECT 'above the total' FROM bounds WHERE upper > total_upper + 0.01
  UNION ALL SELECT 'a total without sense' WHERE (answer -> 'confidence_interval' ->> 'upper')::numeric > 100 * greatest((answer ->> 'forecast_amount')::numeric, 1)
$$;

-- Some of the sizes that failed once; test/unit/bookings_test.cpp has many more.
CREATE TEMP TABLE found (size integer, seed integer, period text, metric text, fault text);
DO $$
DECLARE
  one record;
  org integer;
BEGIN
  FOR one IN
    SELECT size, 8 AS seed FROM unnest('{35,100,300}'::integer[]) AS size
  LOOP
    org := (revenue.load_demo(one.size, one.seed) ->> 'org_id')::integer;
    INSERT INTO found SELECT one.size, one.seed, p, m, f.fault
    FROM unnest('{month,quarter,year}'::text[]) AS p, unnest('{bookings,mrr,arr}'::text[]) AS m,
      pg_temp.faults(revenue.generate_forecast(p, metric => m, org => org)) AS f
    WHERE m = 'bookings' OR p = 'quarter';
    INSERT INTO found SELECT one.size, one.seed, 'quarter', d, f.fault
    FROM unnest('{rep,product}'::text[]) AS d, pg_temp.faults(revenue.revenue_forecast('quarter', dimension => d, org => org)) AS f;
    PERFORM revenue.drop_demo(one.seed);
  END LOOP;
END $$;
SELECT * FROM found;

-- A segment that was quiet for a year before a past month, and one that sells for the first time
SELECT revenue.create_org('Parts') AS org \gset
CREATE FUNCTION pg_temp.won(org integer, id text, segment text, amount numeric, days integer) RETURNS text LANGUAGE sql AS $$
  INSERT INTO revenue.deals (org_id, deal_id, segment, stage_id, amount, currency, created_at, close_date, closed_at)
  VALUES (org, id, segment, 'closed_won', amount, 'USD', now() - make_interval(days => days + 20), current_date - days, now() - make_interval(days => days))
  RETURNING deal_id
$$;
SELECT count(pg_temp.won(:org, 'steady' || i, 'steady', 1000, 15 * i)) AS steady FROM generate_series(1, 90) AS i;
SELECT count(pg_temp.won(:org, 'quiet' || i, 'quiet', 700000, 40 * i)) AS quiet FROM (VALUES (1), (30), (33)) AS v(i);
SELECT count(pg_temp.won(:org, 'new' || i, 'new', 900000, i)) AS new FROM generate_series(3, 4) AS i;
SELECT p, f.fault FROM unnest('{month,quarter,year}'::text[]) AS p, pg_temp.faults(revenue.generate_forecast(p, org => :org)) AS f;
SELECT p, max(upper) < 100e6 AS bounded
FROM unnest('{month,quarter,year}'::text[]) AS p, LATERAL (SELECT (f -> 'confidence_interval' ->> 'upper')::numeric AS upper FROM revenue.revenue_forecast(p, org => :org) AS f) AS f GROUP BY p ORDER BY p;

-- Amounts at the limit of their type add up beyond it
SELECT revenue.create_org('Large') AS large \gset
SELECT count(pg_temp.won(:large, 'l' || i, 'large', 99999999999, 25 * i)) AS large FROM generate_series(1, 30) AS i;
SELECT f.fault FROM pg_temp.faults(revenue.generate_forecast('year', org => :large)) AS f;

-- Thousands of segments
SELECT revenue.create_org('Many') AS many \gset
INSERT INTO revenue.deals (org_id, deal_id, segment, stage_id, amount, currency, created_at, close_date, closed_at)
SELECT :many, 'd' || i, 's' || i % 2000, CASE WHEN i % 3 = 0 THEN 'proposal' ELSE 'closed_won' END, 1000 + 1e6 / (1 + i % 2000), 'USD',
  now() - make_interval(days => 30 + i % 700), current_date - i % 700, CASE WHEN i % 3 <> 0 THEN now() - make_interval(days => i % 700) END
FROM generate_series(1, 6000) AS i;
CREATE TEMP TABLE many AS SELECT revenue.generate_forecast(org => :many) AS f;
SELECT jsonb_array_length(f -> 'segments') AS segments, f -> 'inputs' -> 'pooled_segments' AS pooled, (SELECT string_agg(fault, ', ') FROM pg_temp.faults(f)) AS faults
FROM many;
SELECT count(*) FILTER (WHERE s.total) AS totals, count(*) AS rows, sum(s.closed) FILTER (WHERE NOT s.total) = sum(s.closed) FILTER (WHERE s.total) AS closed
FROM revenue.bookings_by_segment('quarter', 0, 'ensemble', '{0.95}', org => :many) AS s;
