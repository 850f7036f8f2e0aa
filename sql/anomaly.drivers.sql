-- The room anomaly: what moved a metric of the store. The contributions add up to the change exactly.

CREATE OR REPLACE FUNCTION revenue.velocity_factors(before_day date, after_day date, org integer DEFAULT NULL)
RETURNS TABLE (
  member text, before_value double precision, after_value double precision, contribution numeric, share double precision,
  rate_effect numeric, mix_effect numeric, total_change numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN QUERY
  WITH values AS (
    SELECT v.metric, max(v.value) FILTER (WHERE v.day = before_day) AS v0, max(v.value) FILTER (WHERE v.day = after_day) AS v1
    FROM revenue.metric_values AS v
    WHERE v.org_id = chosen AND v.day IN (before_day, after_day) AND v.dimension = 'all'
      AND v.metric IN ('qualified_open_deals', 'mean_won_value', 'win_rate', 'mean_cycle_days', 'sales_velocity')
    GROUP BY v.metric
  ), whole AS (
    SELECT v.v0, v.v1, ln(v.v1) - ln(v.v0) AS log_change, round((v.v1 - v.v0)::numeric, 12) AS change
    FROM values AS v WHERE v.metric = 'sales_velocity' AND v.v0 > 0 AND v.v1 > 0 AND abs(v.v1 / v.v0 - 1) > 1e-9
  ), factors AS (
    SELECT f.metric, f.v0, f.v1, w.change,
      round(((w.v1 - w.v0) * CASE f.metric WHEN 'mean_cycle_days' THEN -1 ELSE 1 END * (ln(f.v1) - ln(f.v0)) / w.log_change)::numeric, 12) AS part
    FROM whole AS w JOIN values AS f ON f.metric <> 'sales_velocity' AND f.v0 > 0 AND f.v1 > 0
  ), parts AS (
    SELECT f.metric, f.v0, f.v1, f.part, f.change FROM factors AS f
    UNION ALL
    SELECT 'other', NULL, NULL, f.change - sum(f.part), f.change FROM factors AS f GROUP BY f.change
    HAVING abs(f.change - sum(f.part)) > 1e-6 * abs(f.change)
  ), placed AS (
    SELECT p.*, row_number() OVER (ORDER BY abs(p.part) DESC, p.metric) AS place, sum(p.part) OVER () AS whole FROM parts AS p
  )
  SELECT p.metric, p.v0, p.v1, x.part, (x.part / nullif(p.change, 0))::double precision, NULL::numeric, NULL::numeric, p.change
  FROM placed AS p
  CROSS JOIN LATERAL (SELECT p.part + CASE p.place WHEN 1 THEN p.change - p.whole ELSE 0 END AS part) AS x
  ORDER BY abs(x.part) DESC, p.metric;
END $$;
COMMENT ON FUNCTION revenue.velocity_factors IS
  'Which factor moved sales velocity between two days: each has its part of the change of the logarithm; other = its definition is not that of the factors. Members and above';

CREATE OR REPLACE FUNCTION revenue.metric_drivers(
  metric text, before_first date, before_last date, first_day date, last_day date, dimension text DEFAULT 'segment',
  org integer DEFAULT NULL)
RETURNS TABLE (
  member text, before_value double precision, after_value double precision, contribution numeric, share double precision,
  rate_effect numeric, mix_effect numeric, total_change numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  wanted record;
BEGIN
  PERFORM revenue.check_metric(coalesce(metric_drivers.metric, ''));
  IF NOT coalesce(metric_drivers.dimension, '') = ANY (revenue.metric_dimensions()) THEN
    RAISE EXCEPTION 'there are no drivers by "%"', left(metric_drivers.dimension, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = format('Use %s.', array_to_string(revenue.metric_dimensions(), ', '));
  END IF;
  SELECT b.* INTO wanted FROM revenue.builtin_metrics() AS b WHERE b.metric = metric_drivers.metric;
  IF wanted.metric = 'sales_velocity' THEN
    RETURN QUERY SELECT * FROM revenue.velocity_factors(before_last, last_day, chosen);
    RETURN;
  END IF;
  RETURN QUERY
  WITH windows AS MATERIALIZED (
    SELECT 0 AS after, w.* FROM revenue.metric_window(before_first, before_last, ARRAY[wanted.metric], chosen) AS w
    UNION ALL
    SELECT 1, w.* FROM revenue.metric_window(first_day, last_day, ARRAY[wanted.metric], chosen) AS w
  ), members AS MATERIALIZED (
    SELECT w.member, max(w.value) FILTER (WHERE w.after = 0) AS v0, max(w.value) FILTER (WHERE w.after = 1) AS v1,
      max(w.numerator) FILTER (WHERE w.after = 0) AS n0, max(w.denominator) FILTER (WHERE w.after = 0) AS d0,
      max(w.numerator) FILTER (WHERE w.after = 1) AS n1, max(w.denominator) FILTER (WHERE w.after = 1) AS d1
    FROM windows AS w WHERE w.dimension = metric_drivers.dimension GROUP BY w.member
  ), explained AS (
    SELECT CASE WHEN bool_or(m.d0 IS NOT NULL OR m.d1 IS NOT NULL)
      -- A rate of what may be below nothing has no weights.
      THEN CASE WHEN bool_and(least(m.n0, m.d0, m.n1, m.d1) >= 0) THEN revenue.explain_rate_change(m.member, coalesce(m.n0, 0), coalesce(m.d0, 0), coalesce(m.n1, 0), coalesce(m.d1, 0))
        FILTER (WHERE least(m.n0, m.d0, m.n1, m.d1) >= 0) END
      ELSE revenue.explain_change(m.member, m.n0, m.n1) END AS whole,
      bool_or(m.d0 IS NOT NULL OR m.d1 IS NOT NULL) AS is_rate
    FROM members AS m
  )
  -- Of a rate the effects are in points of a hundred.
  SELECT d.segment, m.v0, m.v1, x.change, d.share, x.rate_effect, x.mix_effect, sum(x.change) OVER ()
  FROM explained AS e
  CROSS JOIN LATERAL revenue.change_drivers(e.whole) AS d
  CROSS JOIN LATERAL (
    SELECT CASE WHEN e.is_rate THEN d.change / 100 ELSE d.change END AS change, d.rate_effect / 100 AS rate_effect, d.mix_effect / 100 AS mix_effect) AS x
  JOIN members AS m ON m.member = d.segment
  ORDER BY d.rank;
END $$;
COMMENT ON FUNCTION revenue.metric_drivers IS
  'Which segments (or pipelines, products, regions, reps) explain how a metric changed between two runs of days, first and last included: contributions that add up to the change exactly. Of a ratio a contribution holds how the member changed and how its weight did; sales velocity has its factors for members. Members and above';
