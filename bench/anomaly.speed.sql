-- A thousand metrics of two years of days, of the types that metric_values has.
CREATE TABLE metric_days AS
SELECT m AS metric, date '2023-01-01' + i AS day,
  (1000 + m) * exp(0.06::double precision * (((i * 7919 + m * 104729) % 1009 + (i * 5701 + m * 1299709) % 997) / 500.0 - 2))
  * CASE WHEN i % 7 > 4 THEN 0.4 ELSE 1 END AS value
FROM generate_series(1, 1000) AS m, generate_series(0, 729) AS i;
CREATE TABLE metric_models AS SELECT metric, revenue.fit_detector(day, value) AS model FROM metric_days GROUP BY metric;
ANALYZE;
INSERT INTO bench.cases (suite, name, query, floor, at_most) VALUES
  ('anomaly', 'sum(value) by metric', 'SELECT metric, sum(value) FROM metric_days GROUP BY metric', NULL, NULL),
  ('anomaly', 'fit_detector() by metric', 'SELECT metric, revenue.fit_detector(day, value) FROM metric_days GROUP BY metric', 'sum(value) by metric', NULL),
  ('anomaly', 'detect() of stored models, anomalies only',
    'SELECT m.metric, d.* FROM metric_models AS m, revenue.detect(m.model) AS d WHERE d.is_anomaly', 'sum(value) by metric', 1000),
  ('anomaly', 'anomaly_score() of the last day by metric', 'SELECT metric, revenue.anomaly_score(day, value) FROM metric_days GROUP BY metric', 'sum(value) by metric', NULL),
  ('anomaly', 'anomaly_score() OVER (PARTITION BY metric ORDER BY day)',
    'SELECT metric, day, revenue.anomaly_score(day, value) OVER (PARTITION BY metric ORDER BY day) FROM metric_days', 'sum(value) by metric', NULL);
