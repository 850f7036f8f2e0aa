-- The waterfall of 36 months by the kernel and by what a data team would write. All of them give the same rows,
-- which is asserted before anything is measured. :suite says which suite; at other sizes than the first one
-- only what grows with the rows is measured.
\i bench/peers/mrr_window.sql
\i bench/peers/mrr_spine.sql
INSERT INTO bench.cases (suite, name, query, floor, at_most, at_least, target_of)
SELECT :'suite', c.name, c.query, 'scan', CASE WHEN :'suite' = 'recurring' THEN c.at_most END, CASE WHEN :'suite' = 'recurring' THEN c.at_least END, c.target_of
FROM (VALUES
  (1, 'scan', 'SELECT count(mrr) FROM bench_mrr.periods', NULL::numeric, NULL::numeric, NULL),
  (2, 'mrr_waterfall', 'SELECT * FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM bench_mrr.periods))', 500, NULL, NULL),
  (3, 'of a stored ledger', 'SELECT w.* FROM bench_mrr.kept, revenue.mrr_waterfall(ledger) AS w', NULL, NULL, NULL),
  (4, 'window SQL', 'SELECT * FROM bench_mrr.by_window', NULL, 3, 'mrr_waterfall'),
  (5, 'generate_series', 'SELECT * FROM bench_mrr.by_series', NULL, NULL, 'mrr_waterfall'),
  (6, 'date spine', 'SELECT * FROM bench_mrr.by_spine', NULL, 30, 'mrr_waterfall'),
  (7, 'net_retention', 'SELECT r.* FROM bench_mrr.kept, revenue.net_retention(ledger, ''2023-01-01'', ''2024-01-01'') AS r', NULL, NULL, NULL),
  (8, 'mrr_cohorts', 'SELECT c.* FROM bench_mrr.kept, revenue.mrr_cohorts(ledger) AS c', NULL, NULL, NULL),
  (9, 'mrr_changes', 'SELECT c.* FROM bench_mrr.kept, revenue.mrr_changes(ledger) AS c', NULL, NULL, NULL),
  (10, 'one customer', 'SELECT c.* FROM revenue.mrr_changes((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM bench_mrr.one)) AS c', NULL, NULL, NULL)
) AS c(position, name, query, at_most, at_least, target_of)
WHERE :'suite' = 'recurring' OR c.position IN (1, 2, 4) ORDER BY c.position;

CREATE UNLOGGED TABLE bench_mrr.kept AS
SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) AS ledger FROM bench_mrr.periods;
CREATE UNLOGGED TABLE bench_mrr.one AS
SELECT * FROM bench_mrr.periods WHERE customer = (SELECT min(customer) FROM bench_mrr.periods);
VACUUM (ANALYZE, FREEZE) bench_mrr.kept, bench_mrr.one;

-- A fast answer to the wrong question is no answer. At other sizes the peers but one are not asked.
SELECT :'suite' = 'recurring' AS first_size \gset
\if :first_size
DO $$
DECLARE
  peer text;
  differing bigint;
BEGIN
  CREATE TEMP TABLE found AS
  SELECT period_from, new, expansion, reactivation, contraction, churn, closing
  FROM bench_mrr.kept, revenue.mrr_waterfall(ledger, 'month', '2022-01-01', '2025-01-01');
  FOREACH peer IN ARRAY '{by_window,by_series,by_spine}'::text[] LOOP
    EXECUTE format('SELECT count(*) FROM (TABLE found EXCEPT TABLE bench_mrr.%I) AS d', peer) INTO differing;
    IF differing > 0 OR (SELECT count(*) FROM found) <> 36 THEN
      RAISE EXCEPTION '% has other figures in % months', peer, differing;
    END IF;
  END LOOP;
END $$;
\endif
