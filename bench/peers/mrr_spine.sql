-- A row for each customer and month. by_series writes out the months of every period; by_spine is the way of the
-- dbt MRR playbook (a calendar crossed with the customers' lifetimes, joined with the periods, one row more for
-- the month of the churn), with two of its faults mended: an open period lasts until the end of the
-- calendar, and a return is a reactivation.
CREATE OR REPLACE VIEW bench_mrr.by_series AS
WITH months AS (
  SELECT customer, month::date AS month, sum(mrr) AS mrr
  FROM bench_mrr.periods, generate_series(valid_from, coalesce(valid_to, '2025-01-01'::date) - 1, interval '1 month') AS month
  GROUP BY 1, 2
), changes AS (
  SELECT customer, month, mrr, lag(month) OVER w AS before, lag(mrr) OVER w AS was, lead(month) OVER w AS next
  FROM months WINDOW w AS (PARTITION BY customer ORDER BY month)
), named AS (
  SELECT month, CASE WHEN before IS NULL THEN 'new' WHEN before < month - interval '1 month' THEN 'reactivation'
      WHEN mrr > was THEN 'expansion' ELSE 'contraction' END AS kind,
    mrr - CASE WHEN before = month - interval '1 month' THEN was ELSE 0 END AS change
  FROM changes
  UNION ALL
  SELECT (month + interval '1 month')::date, 'churn', -mrr FROM changes
  WHERE next IS NULL OR next > month + interval '1 month'
), sums AS (
  SELECT month, sum(change) FILTER (WHERE kind = 'new') AS new, sum(change) FILTER (WHERE kind = 'expansion') AS expansion,
    sum(change) FILTER (WHERE kind = 'reactivation') AS reactivation, sum(change) FILTER (WHERE kind = 'contraction') AS contraction,
    sum(change) FILTER (WHERE kind = 'churn') AS churn, sum(change) AS change
  FROM named WHERE month < '2025-01-01' GROUP BY month
)
SELECT month AS period_from, coalesce(new, 0) AS new, coalesce(expansion, 0) AS expansion, coalesce(reactivation, 0) AS reactivation,
  coalesce(contraction, 0) AS contraction, coalesce(churn, 0) AS churn, sum(change) OVER (ORDER BY month) AS closing
FROM sums;

CREATE OR REPLACE VIEW bench_mrr.by_spine AS
WITH calendar AS (
  SELECT month::date AS month FROM generate_series('2022-01-01'::date, '2024-12-01', interval '1 month') AS month
), periods AS (
  SELECT customer, valid_from, coalesce(valid_to, '2025-01-01') AS valid_to, mrr FROM bench_mrr.periods
), customers AS (
  SELECT customer, date_trunc('month', min(valid_from))::date AS first_month, date_trunc('month', max(valid_to))::date AS last_month
  FROM periods GROUP BY customer
), customer_months AS (
  SELECT c.customer, m.month FROM customers AS c JOIN calendar AS m ON m.month >= c.first_month AND m.month < c.last_month
), revenue_by_month AS (
  SELECT m.customer, m.month, coalesce(sum(p.mrr), 0) AS mrr
  FROM customer_months AS m
  LEFT JOIN periods AS p ON p.customer = m.customer AND m.month >= p.valid_from AND m.month < p.valid_to
  GROUP BY m.customer, m.month
), marked AS (
  SELECT *, mrr > 0 AS is_active, min(month) FILTER (WHERE mrr > 0) OVER w AS first_active_month,
    max(month) FILTER (WHERE mrr > 0) OVER w AS last_active_month
  FROM revenue_by_month WINDOW w AS (PARTITION BY customer)
), with_churn AS (
  SELECT customer, month, mrr, is_active, month = first_active_month AS is_first_month FROM marked
  UNION ALL
  SELECT customer, (month + interval '1 month')::date, 0, false, false FROM marked WHERE month = last_active_month
), changed AS (
  SELECT *, coalesce(lag(is_active) OVER w, false) AS was_active, coalesce(lag(mrr) OVER w, 0) AS was
  FROM with_churn WINDOW w AS (PARTITION BY customer ORDER BY month)
), named AS (
  SELECT month, mrr - was AS change, CASE WHEN is_first_month THEN 'new' WHEN NOT is_active AND was_active THEN 'churn'
    WHEN is_active AND NOT was_active THEN 'reactivation' WHEN mrr > was THEN 'expansion' WHEN mrr < was THEN 'contraction' END AS kind
  FROM changed WHERE month < '2025-01-01'
), sums AS (
  SELECT month, sum(change) FILTER (WHERE kind = 'new') AS new, sum(change) FILTER (WHERE kind = 'expansion') AS expansion,
    sum(change) FILTER (WHERE kind = 'reactivation') AS reactivation, sum(change) FILTER (WHERE kind = 'contraction') AS contraction,
    sum(change) FILTER (WHERE kind = 'churn') AS churn, sum(change) AS change
  FROM named GROUP BY month
)
SELECT month AS period_from, coalesce(new, 0) AS new, coalesce(expansion, 0) AS expansion, coalesce(reactivation, 0) AS reactivation,
  coalesce(contraction, 0) AS contraction, coalesce(churn, 0) AS churn, sum(change) OVER (ORDER BY month) AS closing
FROM sums;
