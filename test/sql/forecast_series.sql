-- fit_series(), forecast(), describe(), decompose(), calibrate(), adapted_level(). What the forecasts are worth is
-- measured by bench/forecast.sh; here is what they must always be.
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
RESET client_min_messages;
SET DateStyle = 'ISO, YMD';
SET TimeZone = 'UTC';

-- Six years of months with growth and a season.
CREATE TABLE months AS
SELECT (date '2018-01-01' + make_interval(months => i))::date AS month,
  round(((1000 + 10 * i) * (1 + 0.2 * sin(i * pi() / 6)) + 20 * sin(i * i))::numeric, 2) AS revenue
FROM generate_series(0, 71) AS i;
CREATE TABLE kept AS SELECT 'months'::text AS name, revenue.fit_series(month, revenue) AS model FROM months;

-- the next year is within 5 % of what the formula gives, its months are in the calendar, and intervals nest
SELECT f.step, f.ts::date,
  abs(f.mean / ((1000 + 10 * (71 + f.step)) * (1 + 0.2 * sin((71 + f.step) * pi() / 6))) - 1) < 0.05 AS close,
  f.lower[3] < f.lower[2] AND f.lower[2] < f.lower[1] AND f.lower[1] < f.mean AND f.mean < f.upper[1]
    AND f.upper[1] < f.upper[2] AND f.upper[2] < f.upper[3] AS nested
FROM kept, revenue.forecast(model, 12) AS f ORDER BY f.step;
-- levels in any order; none at all
SELECT f.step, f.lower[1] > f.lower[2] AND f.lower[2] < f.lower[3] AS in_order, array_length(f.upper, 1)
FROM kept, revenue.forecast(model, 2, '{0.1,0.999,0.5}') AS f;
SELECT f.step, f.lower, f.upper FROM kept, revenue.forecast(model, 1, '{}') AS f;

-- what was read and fitted
SELECT d ->> 'period' AS period, d -> 'season' AS season, d -> 'n' AS n, d ->> 'first' AS first, d ->> 'last' AS last,
  d -> 'reasons' AS reasons, jsonb_path_query_array(d, '$.parts[*].method') AS parts,
  (SELECT round(sum(p.weight::numeric), 9) FROM jsonb_path_query(d, '$.parts[*].weight') AS p(weight)) AS weights,
  (d -> 'mase')::double precision < 0.5 AS fits
FROM kept, revenue.describe(model) AS d;

-- the parts of a decomposition add up; the season of a place repeats
SELECT count(*), max(abs(value - trend - season - remainder)) < 1e-9 AS adds_up,
  corr(season, sin((extract(month FROM ts) - 1) * pi() / 6)) > 0.99 AS season, max(abs(remainder)) < 150 AS small
FROM kept, revenue.decompose(model);

-- Same input, same bytes, in whatever order and from however many workers.
CREATE TABLE many AS
SELECT g, m.month, m.revenue * g + (g * 7919 + extract(epoch FROM m.month)::bigint / 86400) % 101 AS revenue
FROM months AS m, generate_series(1, 40) AS g;
ANALYZE many;
SELECT count(*) AS differ FROM
  (SELECT g, revenue.fit_series(month, revenue ORDER BY month) AS model FROM many GROUP BY g) AS a
JOIN (SELECT g, revenue.fit_series(month, revenue ORDER BY revenue) AS model FROM many GROUP BY g) AS b USING (g)
WHERE a.model::text <> b.model::text;
CREATE TABLE serial AS SELECT g, revenue.fit_series(month, revenue) AS model FROM many GROUP BY g;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE many SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT g, revenue.fit_series(month, revenue) FROM many GROUP BY g;
CREATE TABLE parallel AS SELECT g, revenue.fit_series(month, revenue) AS model FROM many GROUP BY g;
SELECT count(*) AS differ FROM serial JOIN parallel USING (g) WHERE serial.model::text <> parallel.model::text;
SELECT revenue.calibrate(model)::text = (SELECT revenue.calibrate(model)::text FROM parallel) AS same FROM serial;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- A model goes through text and through a dump.
SELECT count(*) AS differ FROM kept, revenue.forecast(model, 6) AS a, revenue.forecast(model::text::revenue.series_model, 6) AS b
WHERE a.step = b.step AND a <> b;
SELECT 'no model'::revenue.series_model;
SELECT '\x01'::revenue.series_model;
SELECT '\x01'::revenue.calibration;

-- Calibration: forty series make intervals of their own, which still nest; with one series they are nearly the usual ones.
SELECT f.step, f.mean = u.mean AS same_mean, f.upper[1] <> u.upper[1] AS own_width,
  f.mean < f.upper[1] AND f.upper[1] <= f.upper[2] AND f.upper[2] <= f.upper[3] AS nested
FROM (SELECT revenue.calibrate(model) AS c FROM serial) AS x, serial AS s,
  revenue.forecast(s.model, 3, calibration => x.c) AS f, revenue.forecast(s.model, 3) AS u
WHERE s.g = 7 AND f.step = u.step ORDER BY 1;
SELECT f.step, abs((f.upper[2] - f.mean) / (u.upper[2] - u.mean) - 1) < 0.1 AS nearly_usual
FROM (SELECT revenue.calibrate(model) AS c FROM kept) AS x, kept AS k,
  revenue.forecast(k.model, 2, calibration => x.c) AS f, revenue.forecast(k.model, 2) AS u WHERE f.step = u.step ORDER BY 1;
-- online: a miss widens, hits narrow slowly, and in the long run the share is kept
SELECT revenue.adapted_level(0.95, '{}') AS none, revenue.adapted_level(0.95, '{0}') AS missed,
  round(revenue.adapted_level(0.95, '{1,1,1}')::numeric, 6) AS hit;
SELECT revenue.adapted_level(0.95, '{2}');
SELECT revenue.adapted_level(1, '{1}');

-- Calendars: last days of months, fiscal quarters and years, weeks from Sunday, workdays, days.
CREATE FUNCTION pg_temp.read_as(dates date[], options jsonb DEFAULT '{}')
RETURNS TABLE (period text, season integer, n integer, next text, reasons text) LANGUAGE sql AS $$
  SELECT d ->> 'period', (d ->> 'season')::integer, (d ->> 'n')::integer, string_agg(f.ts::date::text, ' ' ORDER BY f.step),
    d ->> 'reasons'
  FROM (SELECT revenue.fit_series(ts, n, options) AS model FROM unnest(dates) WITH ORDINALITY AS x(ts, n)) AS m,
    revenue.describe(m.model) AS d, revenue.forecast(m.model, 3) AS f GROUP BY d
$$;
SELECT r.* FROM pg_temp.read_as('{2023-11-30,2023-12-31,2024-01-31,2024-02-29}') AS r;
SELECT r.* FROM pg_temp.read_as('{2023-11-30,2024-01-31,2024-02-28}') AS r;
SELECT r.* FROM pg_temp.read_as('{2023-02-01,2023-05-01,2023-08-01,2023-11-01}') AS r;
SELECT r.* FROM pg_temp.read_as('{2022-09-30,2022-12-31,2023-03-31}') AS r;
SELECT r.* FROM pg_temp.read_as('{2019-02-01,2020-02-01,2022-02-01}') AS r;
SELECT r.* FROM pg_temp.read_as('{2024-01-07,2024-01-14,2024-01-28}') AS r;
SELECT r.* FROM pg_temp.read_as(ARRAY(SELECT date '2024-01-01' + i FROM generate_series(0, 18) AS i WHERE i % 7 < 5)) AS r;
SELECT r.* FROM pg_temp.read_as('{2024-02-27,2024-02-28}') AS r;
SELECT r.* FROM pg_temp.read_as('{2024-02-29}') AS r;
SELECT r.* FROM pg_temp.read_as('{2024-01-03,2024-01-04,2024-01-20,2024-02-11,2024-03-30,2024-05-01,2024-05-02}') AS r;
SELECT r.* FROM pg_temp.read_as(ARRAY(SELECT date '2024-01-01' + i FROM generate_series(0, 140) AS i), '{"period": "month"}') AS r;
SELECT r.* FROM pg_temp.read_as(ARRAY(SELECT date '2024-01-01' + 31 * i FROM generate_series(0, 20) AS i),
  '{"period": "quarter", "first_month": 2, "data_end": "2025-08-31"}') AS r;
SELECT r.* FROM pg_temp.read_as(ARRAY(SELECT date '2024-01-01' + i FROM generate_series(0, 30) AS i),
  '{"period": "week", "first_weekday": 7, "season": 1, "workdays": true}') AS r;
-- a month is that of the clock on the wall, in whatever time zone it is asked
SET TimeZone = 'America/New_York';
SELECT f.ts FROM (SELECT revenue.fit_series(month, revenue) AS model FROM months) AS m, revenue.forecast(m.model, 2) AS f;
SELECT revenue.fit_series(month, revenue)::text = (SELECT model::text FROM kept) AS same FROM months;
SET TimeZone = 'UTC';

-- Gaps, zeros, outliers, level shifts, constants, tiny series: a forecast and its reason.
CREATE FUNCTION pg_temp.outlook(given double precision[], options jsonb DEFAULT '{}')
RETURNS TABLE (mean numeric, lower numeric, upper numeric, reasons text) LANGUAGE sql AS $$
  SELECT round(f.mean::numeric, 2), round(f.lower[1]::numeric, 2), round(f.upper[1]::numeric, 2), d ->> 'reasons'
  FROM (SELECT revenue.fit_series(date '2020-01-01' + make_interval(months => n::integer), value, options) AS model
        FROM unnest(given) WITH ORDINALITY AS x(value, n)) AS m,
    revenue.describe(m.model) AS d, revenue.forecast(m.model, 1, '{0.95}') AS f
$$;
SELECT n, o.* FROM generate_series(1, 6) AS n, pg_temp.outlook((ARRAY[100, 120, 90, 110, 130, 100])[:n]) AS o;
SELECT o.* FROM pg_temp.outlook(array_fill(0.0::double precision, ARRAY[30])) AS o;
SELECT o.* FROM pg_temp.outlook(array_fill(7.5::double precision, ARRAY[30])) AS o;
SELECT o.* FROM pg_temp.outlook(ARRAY(SELECT CASE WHEN i % 5 = 0 THEN 50 ELSE 0 END FROM generate_series(1, 60) AS i)) AS o;
SELECT o.* FROM pg_temp.outlook(ARRAY(SELECT CASE WHEN i < 40 THEN 50 + i % 3 ELSE 0 END FROM generate_series(1, 48) AS i)) AS o;
SELECT o.* FROM pg_temp.outlook(ARRAY(SELECT CASE WHEN i < 20 THEN 0 ELSE 50 + i % 3 END FROM generate_series(1, 48) AS i)) AS o;
-- one outlier changes little; a new level is followed
SELECT abs(a.mean - b.mean) < 3 AS little, a.reasons FROM
  pg_temp.outlook(ARRAY(SELECT CASE WHEN i = 30 THEN 5000 ELSE 100 + i % 7 END FROM generate_series(1, 48) AS i)) AS a,
  pg_temp.outlook(ARRAY(SELECT 100 + i % 7 FROM generate_series(1, 48) AS i)) AS b;
SELECT abs(o.mean - 300) < 20 AS followed FROM
  pg_temp.outlook(ARRAY(SELECT CASE WHEN i < 36 THEN 100 ELSE 300 END + i % 7 FROM generate_series(1, 48) AS i)) AS o;
-- rows that are missing, not known, or in the same month
SELECT d -> 'n' AS n, d ->> 'reasons' AS reasons FROM revenue.describe((
  SELECT revenue.fit_series(month, revenue) FROM months WHERE extract(month FROM month) <> 7)) AS d;
SELECT d -> 'n' AS n, d ->> 'reasons' AS reasons FROM revenue.describe((
  SELECT revenue.fit_series(month, revenue) FROM months WHERE extract(month FROM month) < 7)) AS d;
SELECT count(*) FILTER (WHERE value IS NULL) AS unknown FROM revenue.decompose((
  SELECT revenue.fit_series(month, CASE WHEN month <> '2020-05-01' THEN revenue END) FROM months));
SELECT value, d.gather FROM (VALUES ('sum'), ('mean'), ('last')) AS d(gather), LATERAL (
  SELECT revenue.fit_series(ts, v, jsonb_build_object('gather', d.gather, 'period', 'month')) AS model
  FROM (VALUES (date '2024-01-01', 1), ('2024-01-20', 5), ('2024-02-01', 2)) AS x(ts, v)) AS m, revenue.decompose(m.model)
WHERE ts = '2024-01-01';
-- never below zero where nothing ever was; never NaN
SELECT bool_and(f.lower[3] >= 0 AND f.mean >= 0) AS not_negative FROM
  (SELECT revenue.fit_series(month, 5000 / (1 + n)) AS model FROM (SELECT month, row_number() OVER (ORDER BY month) AS n FROM months) AS x) AS m,
  revenue.forecast(m.model, 60) AS f;
SELECT count(*) FILTER (WHERE f.mean = 'NaN' OR f.upper[3] IN ('NaN', 'Infinity')) AS wrong FROM
  (SELECT revenue.fit_series(month, CASE WHEN n % 2 = 0 THEN 1e308 ELSE -1e308 END) AS model
   FROM (SELECT month, row_number() OVER (ORDER BY month) AS n FROM months) AS x) AS m, revenue.forecast(m.model, 10) AS f;
-- no row is no model
SELECT revenue.fit_series(month, revenue) IS NULL AS none FROM months WHERE false;
SELECT revenue.fit_series(NULL, revenue) IS NULL AS none FROM months;

-- Days: weekdays, ends of months, the time of the year.
CREATE TABLE days AS
SELECT day::date, (500 + 0.3 * i) * CASE WHEN extract(isodow FROM day) > 5 THEN 0.4 ELSE 1 END
  * CASE WHEN extract(day FROM day + interval '1 day') = 1 THEN 3 ELSE 1 END
  * (1 + 0.25 * sin(i * 2 * pi() / 365.25)) * (1 + 0.05 * sin(i * i)) AS revenue
FROM generate_series(0, 1095) AS i, LATERAL (SELECT date '2021-01-01' + i AS day) AS d;
SELECT d ->> 'reasons' AS reasons FROM revenue.describe((SELECT revenue.fit_series(day, revenue) FROM days)) AS d;
SELECT f.ts::date AS day, to_char(f.ts, 'Dy') AS weekday, round((f.mean / 850 )::numeric, 1) AS of_a_usual_day
FROM (SELECT revenue.fit_series(day, revenue) AS model FROM days) AS m, revenue.forecast(m.model, 32) AS f
WHERE f.ts >= '2024-01-26' ORDER BY 1;

-- Every method by name.
SELECT method, count(*) AS steps, bool_and(f.mean BETWEEN 500 AND 3000) AS sensible
FROM unnest('{auto,fast,ets,theta,ces,ces_adjusted,damped,ses,naive,seasonal_naive,sba,tsb,adida}'::text[]) AS method,
  LATERAL (SELECT revenue.fit_series(month, revenue, jsonb_build_object('method', method)) AS model FROM months) AS m,
  revenue.forecast(m.model, 4) AS f
GROUP BY method ORDER BY method;

-- Bad input
SELECT revenue.fit_series('infinity'::timestamptz, 1);
SELECT revenue.fit_series('2024-01-01'::date, 'NaN');
SELECT revenue.fit_series(d, 1e308) FROM unnest('{2024-01-01,2024-01-01,2024-02-01}'::date[]) AS d;
SELECT revenue.fit_series(d, 1, '{"period": "day"}') FROM unnest('{0001-01-01,9999-12-31}'::date[]) AS d;
SELECT revenue.fit_series('2024-01-01'::date, 1, '{"period": "decade"}');
SELECT revenue.fit_series('2024-01-01'::date, 1, '{"periods": "day"}');
SELECT revenue.fit_series('2024-01-01'::date, 1, '{"season": 12.5}');
SELECT revenue.fit_series('2024-01-01'::date, 1, '{"season": 1000}');
SELECT revenue.fit_series('2024-01-01'::date, 1, '{"data_end": "yesterday"}');
SELECT revenue.fit_series('2024-01-01'::date, 1, '{"workdays": "yes"}');
SELECT revenue.fit_series(month, revenue, jsonb_build_object('season', 1 + revenue::integer % 2)) FROM months;
SELECT * FROM kept, revenue.forecast(model, 0);
SELECT * FROM kept, revenue.forecast(model, 10001);
SELECT * FROM kept, revenue.forecast(model, 1, '{0.95,1}');
SELECT * FROM kept, revenue.forecast(model, 1, '{NaN}');
SELECT * FROM kept, revenue.forecast(model, 1, '{0.95,NULL}');

DROP TABLE months, kept, many, serial, parallel, days;
DROP EXTENSION revenue_intel CASCADE;
