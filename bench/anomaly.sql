-- Labelled series, what this extension and others say of them, and the figures. The half with even
-- numbers is for tuning: there the thresholds of the peers are chosen. Figures are of the other half,
-- from the 91st day of each series on.
CREATE TABLE series_values (series integer, day integer, value double precision);
CREATE TABLE labels (series integer, first_day integer, last_day integer, kind text);
CREATE TABLE answers (series integer, day integer, detector text, score double precision);
\copy series_values FROM 'build/bench/anomaly/values.csv' WITH (FORMAT csv)
\copy labels FROM 'build/bench/anomaly/labels.csv' WITH (FORMAT csv)
\copy answers FROM 'build/bench/anomaly/peers.csv' WITH (FORMAT csv)
SELECT :most AS most \gset
DELETE FROM series_values WHERE series >= :most;
DELETE FROM labels WHERE series >= :most;
ANALYZE;

INSERT INTO answers
SELECT m.series, d.ts::date - date '2000-01-01', 'revenue_intel', abs(d.score)
FROM (SELECT series, revenue.fit_detector(date '2000-01-01' + day, value) AS model FROM series_values GROUP BY series) AS m,
  revenue.detect(m.model, 'high') AS d
WHERE d.is_anomaly AND d.score IS NOT NULL;

CREATE TABLE judged_days AS
SELECT s.series, s.day, l.first_day, s.series % 2 = 1 AS figures
FROM (SELECT series, day, min(day) OVER (PARTITION BY series) AS begins FROM series_values) AS s
LEFT JOIN labels AS l ON l.series = s.series AND s.day BETWEEN l.first_day AND l.last_day
WHERE s.day >= s.begins + 90;
CREATE INDEX ON judged_days (series, day);

CREATE FUNCTION detection(detector text, threshold double precision, of_figures boolean)
RETURNS TABLE (events bigint, found bigint, false_alarms bigint, years double precision) LANGUAGE sql STABLE AS $$
  WITH flagged AS (
    SELECT DISTINCT a.series, a.day FROM answers AS a WHERE a.detector = detection.detector AND a.score >= threshold
  )
  SELECT count(DISTINCT (j.series, j.first_day)) FILTER (WHERE j.first_day IS NOT NULL),
    count(DISTINCT (j.series, j.first_day)) FILTER (WHERE j.first_day IS NOT NULL AND f.day IS NOT NULL),
    count(*) FILTER (WHERE j.first_day IS NULL AND f.day IS NOT NULL),
    count(*) / 365.25
  FROM judged_days AS j LEFT JOIN flagged AS f USING (series, day) WHERE j.figures = of_figures
$$;
CREATE FUNCTION f1(events bigint, found bigint, false_alarms bigint) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT 2.0 * found / (found + false_alarms + events)
$$;

CREATE TABLE thresholds AS
SELECT 'revenue_intel' AS detector, name || ' sensitivity' AS how, threshold::double precision
FROM (VALUES ('low', 3), ('medium', 2), ('high', 1.5)) AS s(name, threshold)
UNION ALL
SELECT detector, 'threshold ' || threshold, threshold
FROM (
  SELECT DISTINCT ON (p.detector) p.detector, t.threshold
  FROM unnest('{holt-winters,s-h-esd}'::text[]) AS p(detector), unnest('{1,1.25,1.5,2,2.5,3,3.5,4,5,6,7,8,10}'::double precision[]) AS t(threshold),
    LATERAL detection(p.detector, t.threshold, false) AS d
  ORDER BY p.detector, f1(d.events, d.found, d.false_alarms) DESC
) AS tuned
UNION ALL SELECT 'tsoutliers', 'as it is', 1;

CREATE TABLE figures AS
SELECT t.detector, t.how, d.*, f1(d.events, d.found, d.false_alarms) AS f1
FROM thresholds AS t, LATERAL detection(t.detector, t.threshold, true) AS d;
