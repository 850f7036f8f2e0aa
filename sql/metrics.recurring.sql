-- The room metrics: what the ledger of recurring revenue says of a run of days, in one reading of it. As
-- arr_daily has it: a balance is worth the rate of its day, a movement that of the day it is booked.

CREATE OR REPLACE FUNCTION revenue.recurring_metrics(
  first_day date, last_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  base char(3);
  churn_days integer := coalesce((definitions -> 'churn_rate' ->> 'window_days')::integer, 30);
  logo_days integer := coalesce((definitions -> 'logo_churn' ->> 'window_days')::integer, 30);
  ltv_days integer := coalesce((definitions -> 'simple_ltv' ->> 'window_days')::integer, 90);
  margin numeric := coalesce((definitions -> 'simple_ltv' ->> 'gross_margin')::numeric, 1);
  earliest date;
BEGIN
  PERFORM revenue.check_metric_days(first_day, last_day);
  -- Who has no ledger has no recurring revenue to tell of.
  IF NOT EXISTS (SELECT FROM revenue.mrr_days AS d WHERE d.org_id = chosen) THEN RETURN; END IF;
  SELECT o.base_currency INTO base FROM revenue.orgs AS o WHERE o.org_id = chosen;
  earliest := first_day - greatest(churn_days, logo_days, ltv_days);
  RETURN QUERY
  WITH days AS MATERIALIZED (
    SELECT d::date AS day FROM generate_series(earliest::timestamp, last_day::timestamp, interval '1 day') AS d
  ), members AS (
    SELECT c.customer_id, c.segment, c.region, a.owner_rep_id AS rep
    FROM revenue.customer_members(chosen) AS c
    JOIN revenue.accounts AS a USING (org_id, account_id)
  ), booked AS (  -- what was before is one day
    SELECT greatest(m.booked_day, earliest - 1) AS day, m.currency, m.kind, coalesce(c.segment, '') AS segment, coalesce(m.product_id, '') AS product,
      coalesce(c.region, '') AS region, coalesce(c.rep, '') AS rep, sum(m.amount) AS amount, sum(m.movements) AS movements
    FROM revenue.mrr_movements AS m
    LEFT JOIN members AS c USING (customer_id)
    WHERE m.org_id = chosen AND m.booked_day <= last_day
    GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), moves AS MATERIALIZED (
    SELECT m.day, m.currency,
      CASE WHEN grouping(m.segment) = 0 THEN 'segment' WHEN grouping(m.product) = 0 THEN 'product' WHEN grouping(m.region) = 0 THEN 'region'
        WHEN grouping(m.rep) = 0 THEN 'rep' ELSE 'all' END AS dimension,
      coalesce(m.segment, m.product, m.region, m.rep, '') AS member, sum(m.amount) AS amount,
      sum(CASE m.kind WHEN 'new' THEN m.movements WHEN 'reactivation' THEN m.movements WHEN 'churn' THEN -m.movements ELSE 0 END) AS customers,
      sum(m.amount) FILTER (WHERE m.kind = 'new') AS new_amount, sum(m.movements) FILTER (WHERE m.kind = 'new') AS new_count,
      sum(m.amount) FILTER (WHERE m.kind = 'expansion') AS expansion_amount, sum(m.movements) FILTER (WHERE m.kind = 'expansion') AS expansion_count,
      sum(m.amount) FILTER (WHERE m.kind = 'reactivation') AS reactivation_amount, sum(m.movements) FILTER (WHERE m.kind = 'reactivation') AS reactivation_count,
      sum(m.amount) FILTER (WHERE m.kind = 'contraction') AS contraction_amount, sum(m.movements) FILTER (WHERE m.kind = 'contraction') AS contraction_count,
      sum(m.amount) FILTER (WHERE m.kind = 'churn') AS churn_amount, sum(m.movements) FILTER (WHERE m.kind = 'churn') AS churn_count
    FROM booked AS m
    GROUP BY m.day, m.currency, GROUPING SETS ((), (m.segment), (m.product), (m.region), (m.rep))
  ), rates AS MATERIALIZED (
    SELECT c.currency, d.day, coalesce(revenue.rate_into_base(chosen, c.currency, base, d.day), 0) AS rate
    FROM (SELECT DISTINCT m.currency FROM moves AS m) AS c
    CROSS JOIN (SELECT days.day FROM days UNION SELECT (days.day - interval '1 year')::date FROM days WHERE days.day >= first_day) AS d
  ), running AS (
    SELECT c.dimension, c.member, c.currency, d.day, coalesce(o.amount, 0) + sum(coalesce(m.amount, 0)) OVER so_far AS balance,
      coalesce(o.customers, 0) + sum(coalesce(m.customers, 0)) OVER so_far AS customers,
      m.new_amount, m.new_count, m.expansion_amount, m.expansion_count, m.reactivation_amount, m.reactivation_count,
      m.contraction_amount, m.contraction_count, m.churn_amount, m.churn_count
    FROM (SELECT DISTINCT dimension, member, currency FROM moves) AS c
    CROSS JOIN days AS d
    LEFT JOIN moves AS m USING (dimension, member, currency, day)
    LEFT JOIN moves AS o ON o.dimension = c.dimension AND o.member = c.member AND o.currency = c.currency AND o.day = earliest - 1
    WINDOW so_far AS (PARTITION BY c.dimension, c.member, c.currency ORDER BY d.day)
  ), sums AS MATERIALIZED (
    SELECT r.dimension, r.member, r.day, sum(r.balance * f.rate) AS mrr, sum(r.customers)::bigint AS customers,
      coalesce(sum(r.new_amount * f.rate), 0) AS new_mrr, coalesce(sum(r.new_count), 0)::bigint AS new_count,
      coalesce(sum(r.expansion_amount * f.rate), 0) AS expansion_mrr, coalesce(sum(r.expansion_count), 0)::bigint AS expansion_count,
      coalesce(sum(r.reactivation_amount * f.rate), 0) AS reactivation_mrr, coalesce(sum(r.reactivation_count), 0)::bigint AS reactivation_count,
      -coalesce(sum(r.contraction_amount * f.rate), 0) AS contraction_mrr, coalesce(sum(r.contraction_count), 0)::bigint AS contraction_count,
      -coalesce(sum(r.churn_amount * f.rate), 0) AS churned_mrr, coalesce(sum(r.churn_count), 0)::bigint AS churn_count
    FROM running AS r JOIN rates AS f USING (currency, day)
    GROUP BY r.dimension, r.member, r.day
  ), windows AS MATERIALIZED (
    SELECT s.*, s.new_mrr + s.expansion_mrr + s.reactivation_mrr - s.contraction_mrr - s.churned_mrr AS net_new_mrr,
      sum(s.churned_mrr) OVER churn_window AS churned, sum(s.churn_count) OVER logo_window AS left_count, sum(s.churn_count) OVER ltv_window AS ltv_left
    FROM sums AS s
    WINDOW churn_window AS (PARTITION BY s.dimension, s.member ORDER BY s.day RANGE make_interval(days => churn_days - 1) PRECEDING),
      logo_window AS (PARTITION BY s.dimension, s.member ORDER BY s.day RANGE make_interval(days => logo_days - 1) PRECEDING),
      ltv_window AS (PARTITION BY s.dimension, s.member ORDER BY s.day RANGE make_interval(days => ltv_days - 1) PRECEDING)
  ), before_rows AS (  -- a year before, over all
    SELECT d.day, coalesce(sum(b.amount * f.rate), 0) AS mrr
    FROM days AS d
    LEFT JOIN (SELECT m.booked_day, m.currency, sum(m.amount) AS amount FROM revenue.mrr_days AS m
      WHERE m.org_id = chosen GROUP BY m.booked_day, m.currency) AS b ON b.booked_day <= (d.day - interval '1 year')::date
    LEFT JOIN rates AS f ON f.currency = b.currency AND f.day = (d.day - interval '1 year')::date
    WHERE d.day >= first_day GROUP BY d.day
  )
  SELECT w.day, m.metric, w.dimension, w.member, m.numerator::double precision, m.numerator, NULL::numeric, m.observations, NULL::text
  FROM windows AS w
  CROSS JOIN LATERAL (VALUES
    ('mrr', w.mrr, w.customers), ('arr', 12 * w.mrr, w.customers), ('customers', w.customers::numeric, w.customers),
    ('new_mrr', w.new_mrr, w.new_count), ('expansion_mrr', w.expansion_mrr, w.expansion_count),
    ('reactivation_mrr', w.reactivation_mrr, w.reactivation_count), ('contraction_mrr', w.contraction_mrr, w.contraction_count),
    ('churned_mrr', w.churned_mrr, w.churn_count),
    ('net_new_mrr', w.net_new_mrr, w.new_count + w.expansion_count + w.reactivation_count + w.contraction_count + w.churn_count),
    ('net_new_arr', 12 * w.net_new_mrr, w.new_count + w.expansion_count + w.reactivation_count + w.contraction_count + w.churn_count),
    ('new_logos', w.new_count::numeric, w.new_count), ('churned_customers', w.churn_count::numeric, w.churn_count)
  ) AS m(metric, numerator, observations)
  -- Products share customers, so that theirs are not counted.
  WHERE w.day >= first_day AND (w.dimension <> 'product' OR m.metric NOT IN ('customers', 'new_logos', 'churned_customers'))
    AND (w.dimension = 'all' OR w.mrr <> 0 OR w.net_new_mrr <> 0 OR w.churned_mrr <> 0 OR w.customers <> 0)
  UNION ALL
  SELECT w.day, m.metric, w.dimension, w.member, (m.numerator / nullif(m.denominator, 0))::double precision, m.numerator, m.denominator,
    m.observations, CASE WHEN m.denominator = 0 THEN m.why END
  FROM windows AS w
  JOIN windows AS c ON c.dimension = w.dimension AND c.member = w.member AND c.day = w.day - churn_days
  JOIN windows AS l ON l.dimension = w.dimension AND l.member = w.member AND l.day = w.day - logo_days
  JOIN windows AS v ON v.dimension = w.dimension AND v.member = w.member AND v.day = w.day - ltv_days
  CROSS JOIN LATERAL (VALUES
    ('churn_rate', w.churned, c.mrr, c.customers, 'there was no MRR before'),
    ('logo_churn', w.left_count, l.customers::numeric, l.customers, 'there was no customer before'),
    ('arpa', w.mrr, w.customers::numeric, w.customers, 'there is no customer'),
    ('simple_ltv', margin * w.mrr / nullif(w.customers, 0),
      CASE WHEN w.customers > 0 AND v.customers > 0 THEN w.ltv_left / v.customers * 365 / (12 * ltv_days) ELSE 0 END, w.ltv_left::bigint,
      CASE WHEN w.customers > 0 AND v.customers > 0 THEN format('no customer left in %s days', ltv_days) ELSE 'there is no customer' END)
  ) AS m(metric, numerator, denominator, observations, why)
  WHERE w.day >= first_day AND (w.dimension = 'all' OR m.denominator <> 0) AND w.dimension <> 'product'
  UNION ALL
  SELECT w.day, 'arr_growth', 'all', '', ((w.mrr - b.mrr) / nullif(b.mrr, 0))::double precision, 12 * (w.mrr - b.mrr), 12 * b.mrr, w.customers,
    CASE WHEN b.mrr = 0 THEN 'there was no ARR a year before' END
  FROM windows AS w JOIN before_rows AS b USING (day)
  WHERE w.dimension = 'all';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.recurring_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.recurring_metrics IS
  'For compute_metrics(): what the ledger says of each of these days, over all and by segment, product, region and owner of the account, each as it is today';

-- What became of the customers of a year before, at the rates of then.
CREATE OR REPLACE FUNCTION revenue.retention_metrics(for_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  base char(3) := (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen);
BEGIN
  PERFORM revenue.check_metric_days(for_day, for_day);
  IF NOT EXISTS (SELECT FROM revenue.mrr_days AS d WHERE d.org_id = chosen) THEN RETURN; END IF;
  RETURN QUERY
  WITH openings AS (
    SELECT m.metric, for_day - coalesce((definitions -> m.metric ->> 'window_days')::integer, 365) AS opening_day
    FROM unnest('{nrr,grr}'::text[]) AS m(metric)
  ), rates AS MATERIALIZED (
    SELECT o.opening_day, c.currency, revenue.rate_into_base(chosen, c.currency, base, o.opening_day) AS rate
    FROM (SELECT DISTINCT openings.opening_day FROM openings) AS o
    CROSS JOIN (SELECT DISTINCT d.currency FROM revenue.mrr_days AS d WHERE d.org_id = chosen) AS c
  ), customers AS (
    SELECT r.opening_day, m.customer_id, sum(m.amount * r.rate) FILTER (WHERE m.booked_day <= r.opening_day) AS opening, sum(m.amount * r.rate) AS closing
    FROM revenue.mrr_movements AS m JOIN rates AS r USING (currency)
    WHERE m.org_id = chosen AND m.booked_day <= for_day
    GROUP BY r.opening_day, m.customer_id
  ), totals AS (
    SELECT c.opening_day, sum(c.opening) AS opening, sum(c.closing) AS closing, sum(least(c.closing, c.opening)) AS kept, count(*) AS n
    FROM customers AS c WHERE c.opening > 0 GROUP BY c.opening_day
  )
  SELECT for_day, o.metric, 'all', '', (x.numerator / nullif(t.opening, 0))::double precision, x.numerator, coalesce(t.opening, 0),
    coalesce(t.n, 0), CASE WHEN t.opening IS NULL THEN format('no customer had MRR on %s', o.opening_day) END
  FROM openings AS o
  LEFT JOIN totals AS t USING (opening_day)
  CROSS JOIN LATERAL (SELECT coalesce(CASE o.metric WHEN 'nrr' THEN t.closing ELSE t.kept END, 0) AS numerator) AS x;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.retention_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.retention_metrics IS
  'For compute_metrics(): net and gross retention of the customers that had MRR a year before, at the rates of then';
