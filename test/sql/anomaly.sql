-- What is out of line with a metric's own past, and what explains a change.
\set ON_ERROR_STOP off
\set ON_ERROR_ROLLBACK on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET TimeZone = 'Europe/Berlin';
BEGIN;

-- Noise that is the same everywhere: four remainders, nearly normal.
CREATE FUNCTION pg_temp.noise(i integer) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT sqrt(3) * ((i * 7919 % 1009) / 1009.0 + (i * 5701 % 997) / 997.0 + (i * 3571 % 983) / 983.0 + (i * 2677 % 977) / 977.0 - 2)
$$;
-- Two years of days: quiet weekends, loud ends of months and louder ends of quarters, a trend.
CREATE TEMP TABLE days AS
SELECT d::date AS day, i, 1000 * exp(0.0003 * i + 0.05 * pg_temp.noise(i))
  * CASE WHEN extract(isodow FROM d) > 5 THEN 0.3 ELSE 1 END
  * CASE WHEN d::date = (date_trunc('month', d) + interval '1 month - 1 day')::date THEN 1.8 ELSE 1 END
  * CASE WHEN d::date = (date_trunc('quarter', d) + interval '3 months - 1 day')::date THEN 1.3 ELSE 1 END AS value
FROM generate_series(0, 729) AS i, LATERAL (SELECT date '2023-01-01' + i AS d) AS x;
CREATE FUNCTION pg_temp.verdicts(change text, sensitivity text DEFAULT 'medium')
RETURNS TABLE (ts date, kind text, value numeric, expected numeric, score numeric) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($q$
    SELECT d.ts::date, d.kind, round(d.value::numeric), round(d.expected::numeric, -1), round(d.score::numeric)
    FROM revenue.detect((SELECT revenue.fit_detector(day, %s) FROM days), %L) AS d WHERE d.is_anomaly ORDER BY d.ts
  $q$, change, sensitivity);
END $$;

-- Nothing in it is out of line, at any sensitivity but the one that may.
SELECT * FROM pg_temp.verdicts('value');
-- A day off, a level that changes for good, nothing at all, and the day that is quiet for once.
SELECT * FROM pg_temp.verdicts('CASE i WHEN 400 THEN 1.6 * value WHEN 500 THEN 0 WHEN 615 THEN 1.5 * value ELSE value END');
SELECT * FROM pg_temp.verdicts('CASE WHEN i >= 550 THEN 0.6 * value ELSE value END');
SELECT ts::date, noticed::date, round(level_before::numeric, -1) AS before, round(level_after::numeric, -1) AS after, round(change::numeric, 2) AS change
FROM revenue.change_points((SELECT revenue.fit_detector(day, CASE WHEN i >= 550 THEN 0.6 * value ELSE value END) FROM days));
-- A shift of which no day is out of line by itself.
SELECT kind, ts - date '2023-01-01' AS i FROM pg_temp.verdicts('CASE WHEN i >= 550 THEN 0.86 * value ELSE value END') WHERE kind LIKE 'shift%';
-- A month that ends on an ordinary day, and a day that is like the end of one.
SELECT ts, kind FROM pg_temp.verdicts('CASE day WHEN ''2024-05-31'' THEN value / 1.8 WHEN ''2024-06-12'' THEN 1.8 * value ELSE value END');
-- Sensitivity: what is found at low is found at medium and at high.
SELECT s, (SELECT count(*) FROM pg_temp.verdicts('value * (1 + 0.26 * (i % 97 = 0)::integer)', s)) FROM unnest('{low,medium,high}'::text[]) AS s;
SELECT bool_and(is_anomaly = (abs(score) >= 2)), bool_and((value < lower OR value > upper) = is_anomaly), count(*)
FROM revenue.detect((SELECT revenue.fit_detector(day, value * (1 + 0.26 * (i % 97 = 0)::integer)) FROM days)) WHERE score IS NOT NULL;
SELECT * FROM pg_temp.verdicts('value', 'extreme');

-- A baseline takes 90 days.
SELECT count(*), count(score), count(*) FILTER (WHERE is_anomaly) AS anomalies, string_agg(DISTINCT kind, ',') AS kinds
FROM revenue.detect((SELECT revenue.fit_detector(day, CASE i WHEN 50 THEN 9 * value ELSE value END) FROM days WHERE i < 89));
SELECT ts::date, kind FROM revenue.detect((SELECT revenue.fit_detector(day, CASE i WHEN 50 THEN 9 * value ELSE value END) FROM days WHERE i < 90)) WHERE is_anomaly;
SELECT revenue.describe((SELECT revenue.fit_detector(day, value) FROM days WHERE i < 34)) - 'effects';
-- A verdict does not change when later days come.
SELECT count(*), bool_and(a.score IS NOT DISTINCT FROM b.score AND a.expected IS NOT DISTINCT FROM b.expected)
FROM revenue.detect((SELECT revenue.fit_detector(day, CASE WHEN i >= 300 THEN 0.6 * value ELSE value END) FROM days)) AS a
JOIN revenue.detect((SELECT revenue.fit_detector(day, CASE WHEN i >= 300 THEN 0.6 * value ELSE value END) FROM days WHERE i < 310)) AS b USING (ts);

-- Gaps: days without a row and days of NULL, where a value is due; not on weekends that never have one.
SELECT ts, kind, value, expected IS NOT NULL AS expected FROM pg_temp.verdicts('CASE WHEN i BETWEEN 200 AND 201 THEN NULL ELSE value END');
SELECT ts::date, kind, value, is_anomaly FROM revenue.detect((SELECT revenue.fit_detector(day, value) FROM days
  WHERE extract(isodow FROM day) <= 5 AND i NOT BETWEEN 200 AND 205)) WHERE kind IS NOT NULL OR value IS NULL ORDER BY ts;
-- Years without a row end what is known.
SELECT min(ts)::date, max(ts)::date FROM revenue.detect((SELECT revenue.fit_detector(CASE WHEN i > 650 THEN day + 1000 ELSE day END, value) FROM days)) WHERE kind = 'learning';
-- The same value again and again.
SELECT ts, kind, value FROM pg_temp.verdicts('CASE WHEN i BETWEEN 400 AND 404 THEN 1111 ELSE value END') WHERE kind = 'flat';
-- A series that never moves is no anomaly, and moving is one.
SELECT count(*), count(*) FILTER (WHERE is_anomaly), max(upper - lower) FILTER (WHERE ts > '2024-01-01') < 1e-3 AS narrow FROM revenue.detect((SELECT revenue.fit_detector(day, 5) FROM days));
SELECT ts, kind FROM pg_temp.verdicts('CASE i WHEN 300 THEN 6 ELSE 5 END');
SELECT count(*) FROM pg_temp.verdicts('0');
-- Below zero, mostly zero, huge, tiny.
SELECT ts - date '2023-01-01' AS i, kind FROM pg_temp.verdicts('100 * pg_temp.noise(i) + CASE i WHEN 333 THEN 900 ELSE 0 END');
SELECT ts - date '2023-01-01' AS i, kind FROM pg_temp.verdicts('CASE WHEN i % 5 = 0 THEN i % 3 ELSE 0 END + CASE i WHEN 333 THEN 30 ELSE 0 END');
SELECT ts - date '2023-01-01' AS i, kind FROM pg_temp.verdicts('1e304 * CASE i WHEN 333 THEN 3 * value ELSE value END');
SELECT ts - date '2023-01-01' AS i, kind FROM pg_temp.verdicts('1e-304 * CASE i WHEN 333 THEN 3 * value ELSE value END');
SELECT count(*) FILTER (WHERE is_anomaly) FROM revenue.detect((SELECT revenue.fit_detector(day, CASE WHEN i % 2 = 0 THEN 1.7e308 ELSE -1.7e308 END) FROM days));

-- Rows in any order, in two halves, in parallel workers: the same bytes.
CREATE TEMP TABLE shuffled AS SELECT day, value FROM days ORDER BY i * 7919 % 1009;
SELECT (SELECT revenue.fit_detector(day, value) FROM days)::text = (SELECT revenue.fit_detector(day, value) FROM shuffled)::text AS any_order;
CREATE TABLE parallel_days AS SELECT day, value, g FROM days, generate_series(1, 40) AS g;
SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE serial_models AS SELECT g, revenue.fit_detector(day, value)::text AS model, revenue.anomaly_score(day, value) AS score FROM parallel_days GROUP BY g;
SET LOCAL max_parallel_workers_per_gather = 2;
SELECT count(*), bool_and(s.model = p.model AND s.score = p.score) AS same
FROM serial_models AS s JOIN (SELECT g, revenue.fit_detector(day, value)::text AS model, revenue.anomaly_score(day, value) AS score FROM parallel_days GROUP BY g) AS p USING (g);
-- Rows of one day add up, or are averaged; which one is the last does not depend on the order of those of one instant.
SELECT (SELECT sum(value) FROM revenue.detect((SELECT revenue.fit_detector(day, value / 2) FROM (SELECT * FROM days UNION ALL SELECT * FROM days) AS twice)))
  = (SELECT sum(value) FROM days) AS added,
  abs((SELECT sum(value) FROM revenue.detect((SELECT revenue.fit_detector(day, value, '{"gather": "mean"}') FROM (SELECT * FROM days UNION ALL SELECT * FROM days) AS twice)))
  / (SELECT sum(value) FROM days) - 1) < 1e-12 AS averaged;
-- Months begin where the session's clock says so.
SELECT revenue.describe((SELECT revenue.fit_detector(month, 100 + extract(month FROM month)) FROM generate_series(timestamptz '2020-01-01', '2024-12-01', '1 month') AS month)) ->> 'period';
SELECT min(ts), max(ts) FROM revenue.detect((SELECT revenue.fit_detector(month, 100) FROM generate_series(timestamptz '2020-01-01', '2024-12-01', '1 month') AS month));
-- Weeks, months, quarters, hours.
SELECT p, (SELECT jsonb_object_agg(k, v) FROM jsonb_each(revenue.describe((
  SELECT revenue.fit_detector(ts, 1000 * exp(0.05 * pg_temp.noise(row_number::integer)) * CASE WHEN row_number = 50 THEN 2 ELSE 1 END)
  FROM (SELECT ts, row_number() OVER (ORDER BY ts) FROM generate_series(timestamp '2010-01-01', timestamp '2010-01-01' + 59 * p, p) AS ts) AS x)))
  AS e(k, v) WHERE k IN ('period', 'ready', 'anomalies')) AS found
FROM unnest('{7 days,1 mon,3 mons}'::interval[]) AS p;
SELECT ts, kind FROM revenue.detect((SELECT revenue.fit_detector(ts, (100 + 50 * (extract(hour FROM ts) BETWEEN 9 AND 17)::integer) * exp(0.05 * pg_temp.noise(i)) * CASE i WHEN 700 THEN 2 ELSE 1 END,
  '{"baseline_days": 14}') FROM (SELECT i, timestamp '2024-01-01' + i * interval '1 hour' AS ts FROM generate_series(0, 900) AS i) AS hours)) WHERE is_anomaly;

-- Rates: the same fall means nothing over few deals, and much over many.
CREATE TEMP TABLE rates AS SELECT day, i, 400 + (i * 37) % 60 AS trials FROM days;
CREATE FUNCTION pg_temp.rate_verdicts(successes text, trials text, options jsonb DEFAULT NULL)
RETURNS TABLE (i integer, kind text, value numeric, anomaly boolean) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format($q$
    SELECT d.ts::date - date '2023-01-01', d.kind, round(d.value::numeric, 3), d.is_anomaly
    FROM revenue.detect((SELECT revenue.fit_ratio_detector(day, (%s)::bigint, (%s)::bigint, %L::jsonb) FROM rates)) AS d
    WHERE d.is_anomaly OR d.kind = 'too_few' ORDER BY d.ts $q$, successes, trials, options);
END $$;
SELECT * FROM pg_temp.rate_verdicts('round(trials * 0.3 + sqrt(trials * 0.21) * pg_temp.noise(i))', 'trials');
SELECT * FROM pg_temp.rate_verdicts('CASE i WHEN 500 THEN 60 WHEN 600 THEN 0 ELSE round(trials * 0.3 + sqrt(trials * 0.21) * pg_temp.noise(i)) END', 'CASE i WHEN 600 THEN 6 ELSE trials END');
-- Six deals a day, none or all of them won, are nothing; nor are they if few are allowed.
SELECT count(*) FILTER (WHERE anomaly), count(*) FROM pg_temp.rate_verdicts('CASE WHEN i % 50 = 0 THEN 0 ELSE i * 7919 % 5 END', '6');
SELECT count(*) FILTER (WHERE anomaly), count(*) FROM pg_temp.rate_verdicts('CASE WHEN i % 50 = 0 THEN 0 ELSE i * 7919 % 5 END', '6', '{"minimum_n": 0}');
SELECT * FROM pg_temp.rate_verdicts('trials + 1', 'trials');
SELECT * FROM pg_temp.rate_verdicts('0', '-1');
SELECT count(*) FROM pg_temp.rate_verdicts('NULL', 'trials');
SELECT count(*) FROM pg_temp.rate_verdicts('0', '0');

-- Options.
SELECT ts, kind FROM revenue.detect((SELECT revenue.fit_detector(day, CASE WHEN to_char(day, 'MM-DD') IN ('05-02', '10-03') THEN 0.2 * value ELSE value END) FROM days)) WHERE is_anomaly;
SELECT ts, kind FROM revenue.detect((SELECT revenue.fit_detector(day, CASE WHEN to_char(day, 'MM-DD') IN ('05-02', '10-03') THEN 0.2 * value ELSE value END,
  '{"holidays": [{"name": "quiet", "dates": ["2023-05-02", "2023-10-03", "2024-05-02", "2024-10-03"]}]}') FROM days)) WHERE is_anomaly;
SELECT count(*) > 20 AS weekends FROM revenue.detect((SELECT revenue.fit_detector(day, value, '{"calendar": "none"}') FROM days)) WHERE is_anomaly;
SELECT revenue.fit_detector('2024-01-01', 1, '{"calendar": "lunar"}');
SELECT revenue.fit_detector('2024-01-01', 1, '{"baseline_days": 0}');
SELECT revenue.fit_detector('2024-01-01', 1, '{"holidays": [{"name": "x", "dates": ["2024-02-30"]}]}');
SELECT revenue.fit_detector('2024-01-01', 1, '{"weekends": true}');
SELECT revenue.fit_detector(day, value, jsonb_build_object('minimum_points', 12 + i % 2)) FROM days;

-- Input that is none.
SELECT revenue.fit_detector('2024-01-01', 'NaN');
SELECT revenue.fit_detector('2024-01-01', 'infinity');
SELECT revenue.fit_detector('infinity', 1);
SELECT revenue.fit_detector('0044-03-15 BC', 1);
SELECT revenue.fit_detector(NULL, 1) IS NULL AS no_row_with_a_date, revenue.fit_detector(day, value) IS NULL AS no_row FROM days WHERE false;
SELECT ts, value, kind FROM revenue.detect((SELECT revenue.fit_detector('0001-01-01', 7)));
SELECT count(*) FROM revenue.detect((SELECT revenue.fit_detector(ts, 7) FROM unnest('{0001-01-01,9999-12-31}'::timestamptz[]) AS ts));
SELECT count(*) FROM revenue.detect((SELECT revenue.fit_detector(day, NULL) FROM days));

-- A model is kept in a column, and comes back as it was.
CREATE TEMP TABLE kept (model revenue.detector_model);
INSERT INTO kept SELECT revenue.fit_detector(day, value) FROM days;
SELECT model::text::revenue.detector_model::text = model::text AS the_same, count(*) FROM kept, revenue.detect(model) GROUP BY 1;
SELECT left(model::text, -2)::revenue.detector_model FROM kept;
SELECT '\x00'::revenue.detector_model;

-- As a window function each row is judged by those before it, as detect() does.
SELECT count(*), bool_and(d.score IS NOT DISTINCT FROM w.score) AS same
FROM (SELECT day::timestamptz AS ts, revenue.anomaly_score(day, CASE WHEN i = 500 THEN NULL ELSE value END) OVER (ORDER BY day) AS score FROM days WHERE i NOT BETWEEN 600 AND 602) AS w
JOIN revenue.detect((SELECT revenue.fit_detector(day, CASE WHEN i = 500 THEN NULL ELSE value END) FROM days WHERE i NOT BETWEEN 600 AND 602)) AS d USING (ts)
WHERE w.ts >= '2023-04-02';
SELECT (SELECT revenue.anomaly_score(day, value) FROM shuffled) = (SELECT revenue.anomaly_score(day, value) FROM days) AS any_order;
SELECT count(score), bool_and(score IS NOT NULL) FILTER (WHERE i >= 91) AS judged
FROM (SELECT i, revenue.anomaly_score(day, value) OVER (ORDER BY day ROWS BETWEEN 120 PRECEDING AND CURRENT ROW) AS score FROM days WHERE i < 250) AS moving;

-- A query over a long series stops when it is told to.
CREATE TEMP TABLE long AS SELECT revenue.fit_detector(timestamp '2000-01-01' + i * interval '1 hour', i % 24) AS model FROM generate_series(1, 300000) AS i;
SET LOCAL statement_timeout = '100ms';
SAVEPOINT long;
SELECT count(*) FROM long, revenue.detect(model);
ROLLBACK TO long;
SET LOCAL statement_timeout = 0;
ROLLBACK;

-- Which segments explain a change: exactly.
SELECT revenue.explain_change(segment, before_value, after_value) FROM (VALUES
  ('emea', 100.10, 90.000001), ('apac', 50, NULL), ('us', 200, 205), (NULL, NULL, 3.3), ('us', 10, 20)) AS v(segment, before_value, after_value);
SELECT rank, segment, change, round(share::numeric, 4) AS share FROM revenue.change_drivers((
  SELECT revenue.explain_change(segment, before_value, after_value) FROM (VALUES ('emea', 100, 60), ('us', 200, 201), ('apac', 50, 49)) AS v(segment, before_value, after_value)));
-- All fall alike: no segment is to blame. One of two, and one alone, are.
SELECT v.what, revenue.explain_change(segment, b, a) ->> 'affected_segment' AS affected
FROM (VALUES ('alike', 'x', 100, 90), ('alike', 'y', 300, 270), ('one', 'x', 100, 50), ('one', 'y', 300, 300), ('alone', 'x', 5, 4), ('none', 'x', 1, 1)) AS v(what, segment, b, a)
GROUP BY v.what ORDER BY 1;
SELECT bool_and((e ->> 'change')::numeric = d.total), bool_and((e ->> 'after')::numeric - (e ->> 'before')::numeric = d.total), count(*)
FROM (SELECT g, revenue.explain_change('s' || i, (i * g * 7919 % 10007) / 997.0::numeric, (i * g * 104729 % 10009) / 991.0::numeric) AS e
  FROM generate_series(1, 50) AS i, generate_series(1, 100) AS g GROUP BY g) AS x,
  LATERAL (SELECT sum(change) AS total FROM revenue.change_drivers(e)) AS d;
SELECT revenue.explain_change('x', 9e12, 0) ->> 'change' AS fits, revenue.explain_change(i::text, 0, 9e12) FROM generate_series(1, 2) AS i;

-- Rates fall because they fall, or because what converts less has become more.
SELECT rank, segment, change, round(share::numeric, 3) AS share, rate_effect, mix_effect FROM revenue.change_drivers((
  SELECT revenue.explain_rate_change(segment, won_then, closed_then, won_now, closed_now)
  FROM (VALUES ('large', 10, 100, 30, 300), ('small', 60, 100, 60, 100), ('new', NULL, NULL, 5, 10)) AS v(segment, won_then, closed_then, won_now, closed_now)));
SELECT revenue.explain_rate_change(segment, a, b, c, d) - 'segments'
FROM (VALUES ('x', 30, 100, 20, 100), ('y', 30, 100, 30, 100)) AS v(segment, a, b, c, d);
SELECT bool_and((e ->> 'change')::numeric = d.total AND (e ->> 'rate_effect')::numeric + (e ->> 'mix_effect')::numeric = d.total), count(*)
FROM (SELECT g, revenue.explain_rate_change('s' || i, i * g * 7919 % 17, 17 + i % 5, i * g * 104729 % 13, 13 + g % 7) AS e
  FROM generate_series(1, 30) AS i, generate_series(1, 100) AS g GROUP BY g) AS x,
  LATERAL (SELECT sum(change) AS total FROM revenue.change_drivers(e)) AS d;
SELECT revenue.explain_rate_change('x', 1, 0, 1, 2);
SELECT revenue.explain_rate_change('x', -1, 2, 1, 2);

-- How urgent: how improbable, and how much money.
SELECT s.score, m.at_stake, revenue.anomaly_severity(s.score, m.at_stake, 1000)
FROM unnest('{2.1,-3.5,5}'::double precision[]) AS s(score), unnest('{NULL,50,-500,2000,20000}'::double precision[]) AS m(at_stake);
SELECT revenue.anomaly_severity('NaN');
SELECT revenue.anomaly_severity(3, 5, 0);
SELECT revenue.anomaly_severity(NULL) IS NULL AS unknown;
