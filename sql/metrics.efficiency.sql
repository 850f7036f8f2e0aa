-- The room metrics: what is spent on winning customers, and what recurring revenue it brings.

CREATE OR REPLACE FUNCTION revenue.acquisition_costs(first_day date, last_day date, org integer DEFAULT NULL)
RETURNS TABLE (day date, cost numeric, currency char(3))
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN QUERY
  SELECT a.day, a.cost, a.currency FROM revenue.offer_activity AS a
  WHERE a.org_id = chosen AND a.day BETWEEN first_day AND acquisition_costs.last_day AND a.cost IS NOT NULL
  UNION ALL
  SELECT a.day, a.cost, a.currency FROM revenue.automation_days AS a
  WHERE a.org_id = chosen AND a.day BETWEEN first_day AND acquisition_costs.last_day AND a.cost IS NOT NULL;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.acquisition_costs FROM PUBLIC;
COMMENT ON FUNCTION revenue.acquisition_costs IS
  'For compute_metrics(): what offers and automations cost on each of these days, in their own currencies';

-- A day of recurring revenue is 12/365 of the MRR at its end.
CREATE OR REPLACE FUNCTION revenue.efficiency_metrics(
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
  net_days integer := coalesce((definitions -> 'net_sales_efficiency' ->> 'window_days')::integer, 90);
  magic_days integer := coalesce((definitions -> 'magic_number' ->> 'window_days')::integer, 91);
  earliest date;
BEGIN
  PERFORM revenue.check_metric_days(first_day, last_day);
  IF NOT EXISTS (SELECT FROM revenue.mrr_days AS d WHERE d.org_id = chosen) THEN RETURN; END IF;
  SELECT o.base_currency INTO base FROM revenue.orgs AS o WHERE o.org_id = chosen;
  earliest := first_day - greatest(net_days, 2 * magic_days) + 1;
  RETURN QUERY
  WITH days AS MATERIALIZED (
    SELECT d::date AS day FROM generate_series(earliest::timestamp, last_day::timestamp, interval '1 day') AS d
  ), costs AS (
    SELECT c.day, c.currency, sum(c.cost) AS cost FROM revenue.acquisition_costs(earliest, last_day, chosen) AS c GROUP BY c.day, c.currency
  ), booked AS (  -- what was before is one day
    SELECT greatest(m.booked_day, earliest - 1) AS day, m.currency, sum(m.amount) AS amount,
      coalesce(sum(m.amount) FILTER (WHERE m.booked_kind IN ('new', 'expansion', 'reactivation', 'contraction', 'churn')), 0) AS net_new,
      coalesce(sum(m.movements) FILTER (WHERE m.booked_kind IN ('new', 'expansion', 'reactivation', 'contraction', 'churn')), 0) AS movements
    FROM revenue.mrr_days AS m WHERE m.org_id = chosen AND m.booked_day <= last_day
    GROUP BY 1, 2
  ), rates AS MATERIALIZED (
    SELECT c.currency, d.day, coalesce(revenue.rate_into_base(chosen, c.currency, base, d.day), 0) AS rate
    FROM (SELECT b.currency FROM booked AS b UNION SELECT k.currency FROM costs AS k) AS c CROSS JOIN days AS d
  ), balances AS (
    SELECT r.day, r.rate, r.rate * coalesce(b.net_new, 0) AS net_new, coalesce(b.movements, 0) AS movements, r.rate * coalesce(k.cost, 0) AS spend,
      coalesce(o.amount, 0) + sum(coalesce(b.amount, 0)) OVER (PARTITION BY r.currency ORDER BY r.day) AS amount
    FROM rates AS r
    LEFT JOIN booked AS b USING (currency, day)
    LEFT JOIN booked AS o ON o.currency = r.currency AND o.day = earliest - 1
    LEFT JOIN costs AS k ON k.currency = r.currency AND k.day = r.day
  ), daily AS (
    SELECT b.day, sum(b.rate * b.amount) * 12 / 365 AS earned, sum(b.net_new) AS net_new, sum(b.movements) AS movements, sum(b.spend) AS spend
    FROM balances AS b GROUP BY b.day
  ), windows AS (
    SELECT d.day, 12 * sum(d.net_new) OVER net AS net_new_arr, sum(d.spend) OVER net AS spend, sum(d.movements) OVER net AS net_movements,
      sum(d.earned) OVER now_window - sum(d.earned) OVER window_before AS growth, sum(d.spend) OVER window_before AS spend_before,
      sum(d.movements) OVER now_window AS movements
    FROM daily AS d
    WINDOW net AS (ORDER BY d.day RANGE make_interval(days => net_days - 1) PRECEDING),
      now_window AS (ORDER BY d.day RANGE make_interval(days => magic_days - 1) PRECEDING),
      window_before AS (ORDER BY d.day RANGE BETWEEN make_interval(days => 2 * magic_days - 1) PRECEDING AND make_interval(days => magic_days) PRECEDING)
  )
  SELECT w.day, m.metric, 'all', '', (m.numerator / nullif(m.denominator, 0))::double precision, m.numerator, m.denominator, m.observations::bigint,
    CASE WHEN m.denominator = 0 THEN format('nothing was spent in %s', m.span) END
  FROM windows AS w
  CROSS JOIN LATERAL (VALUES
    ('net_sales_efficiency', w.net_new_arr, w.spend, w.net_movements, format('%s days', net_days)),
    ('magic_number', w.growth * 365 / magic_days, w.spend_before, w.movements, format('the %s days before these', magic_days))
  ) AS m(metric, numerator, denominator, observations, span)
  WHERE w.day >= first_day;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.efficiency_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.efficiency_metrics IS
  'For compute_metrics(): what recurring revenue grew by beside what was spent on winning customers, of each of these days';
