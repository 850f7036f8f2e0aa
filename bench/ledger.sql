-- What is read from the ledger, and the targets. :suite says which suite they go to.
INSERT INTO bench.cases (suite, name, query, floor, at_most)
SELECT :'suite', c.name, c.query, 'floor', c.at_most
FROM (VALUES
  (1, 'floor', 'SELECT sum(mrr) FROM revenue.subscription_items', NULL::numeric),
  (2, 'ARR now', 'SELECT closing_arr FROM revenue.arr_monthly(from_date => current_date)', 20),
  (3, 'waterfall of 36 months', 'SELECT * FROM revenue.arr_monthly', 20),
  (4, 'waterfall by day', 'SELECT * FROM revenue.arr_daily', NULL),
  (5, 'waterfall as known a minute ago', 'SELECT * FROM revenue.arr_monthly(known => now() - interval ''1 minute'')', NULL),
  (6, 'waterfall of 36 months by product', 'SELECT * FROM revenue.arr_monthly_by_product', NULL),
  (7, 'ARR by product', 'SELECT * FROM revenue.arr_by_product', NULL),
  (8, 'ARR by cohort', 'SELECT * FROM revenue.arr_by_cohort', NULL),
  (9, 'retention of 13 months', 'SELECT * FROM revenue.retention_monthly', NULL),
  (10, 'cohort retention', 'SELECT * FROM revenue.cohort_retention', NULL),
  (11, 'verify_ledger()', 'SELECT * FROM revenue.verify_ledger()', NULL),
  (12, 'definition_diff()', 'SELECT * FROM revenue.definition_diff(''house'', ''chartmogul_like'')', NULL)
) AS c(position, name, query, at_most)
ORDER BY c.position;
