-- The best that was found by hand: what begins and ends netted by customer and day, a running sum, one sort for
-- both, in the order of bytes, which compares texts fastest: half the time of the same with hashing and the collation
-- of the database. With double precision for the amounts, which is not exact, it is a tenth faster still.
CREATE OR REPLACE VIEW bench_mrr.by_window AS
WITH events AS (
  SELECT customer COLLATE "C" AS customer, valid_from AS day, mrr AS change FROM bench_mrr.periods
  UNION ALL
  SELECT customer COLLATE "C", valid_to, -mrr FROM bench_mrr.periods WHERE valid_to < 'infinity'
), netted AS (
  SELECT customer, day, sum(change) AS change FROM (SELECT * FROM events ORDER BY customer, day) AS sorted GROUP BY customer, day
), steps AS (
  SELECT day, change, sum(change) OVER w AS after, row_number() OVER w AS nth
  FROM netted WHERE change <> 0 WINDOW w AS (PARTITION BY customer ORDER BY day)
), sums AS (
  SELECT day,
    sum(change) FILTER (WHERE nth = 1) AS new,
    sum(change) FILTER (WHERE nth > 1 AND after > 0 AND after > change AND change > 0) AS expansion,
    sum(change) FILTER (WHERE nth > 1 AND after = change) AS reactivation,
    sum(change) FILTER (WHERE after > 0 AND change < 0) AS contraction,
    sum(change) FILTER (WHERE after = 0) AS churn, sum(change) AS change
  FROM steps GROUP BY day
)
SELECT day AS period_from, coalesce(new, 0) AS new, coalesce(expansion, 0) AS expansion, coalesce(reactivation, 0) AS reactivation,
  coalesce(contraction, 0) AS contraction, coalesce(churn, 0) AS churn, sum(change) OVER (ORDER BY day) AS closing
FROM sums;
