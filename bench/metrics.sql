-- What is measured of the metric store and the alerts, and the targets. A case that writes replaces what
-- it wrote before, so that each round does the same.
SELECT revenue.backfill_metrics(current_date - 100, current_date, false) > 0 AS recorded \g /dev/null
INSERT INTO bench.cases (suite, name, query, floor, at_most)
SELECT :'suite', c.name, c.query, 'floor', c.at_most
FROM (VALUES
  (1, 'floor', 'SELECT sum(amount::float8) FROM revenue.deal_history', NULL),
  (2, 'record_metrics', 'SELECT revenue.record_metrics(now() - interval ''1 day'')', 30000),
  (3, 'record_metrics of today', 'SELECT revenue.record_metrics()', 30000),
  (4, 'a day without scores', 'SELECT revenue.backfill_metrics(current_date - 1, current_date - 1, false)', NULL),
  (5, '90 days without scores', 'SELECT revenue.backfill_metrics(current_date - 90, current_date - 1, false)', NULL),
  (6, 'a year without scores', 'SELECT count(*) FROM revenue.compute_metrics(current_date - 365, current_date - 1, NULL, false)', NULL),
  (7, 'check_alerts', 'SELECT count(*) FROM revenue.check_alerts()', NULL),
  (8, 'detect_anomalies', 'SELECT count(*) FROM revenue.detect_anomalies()', NULL),
  (9, 'reconcile_sources', 'SELECT count(*) FROM revenue.reconcile_sources()', NULL)
) AS c(position, name, query, at_most)
ORDER BY c.position;
