-- The room forecast: what MRR and ARR will be at the end of a month, quarter or year, from the ledger.

CREATE OR REPLACE FUNCTION revenue.mrr_ensemble(
  closing double precision[], gained double precision[], reactivated double precision[], expanded double precision[],
  contracted double precision[], churned double precision[], pipeline double precision[],
  last integer, remaining double precision, current double precision, churn_signal double precision, expansion_signal double precision,
  method text DEFAULT 'ensemble', levels double precision[] DEFAULT '{0.7,0.85,0.95}')
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ensemble';
COMMENT ON FUNCTION revenue.mrr_ensemble IS
  'The forecast of MRR from what moved in each month and what the pipeline let expect: {forecast, movements}, as bookings_ensemble() gives it, with what moves of each kind';

CREATE OR REPLACE FUNCTION revenue.mrr_signals(org integer DEFAULT NULL)
RETURNS TABLE (churn_signal double precision, expansion_signal double precision, churn_risk double precision, expansion_score double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH asked AS (
    SELECT revenue.require_org('member', org) AS org_id
  ), paying AS (
    SELECT m.customer_id, sum(m.mrr)::double precision AS mrr
    FROM asked AS o CROSS JOIN LATERAL revenue.customer_mrr(org => o.org_id) AS m GROUP BY m.customer_id
  ), scored AS (
    SELECT p.mrr, a.churn_risk, a.expansion_score FROM paying AS p CROSS JOIN asked AS o
    JOIN revenue.account_scores() AS a ON a.org_id = o.org_id AND a.account_id = p.customer_id
    WHERE p.mrr > 0
  )
  SELECT coalesce(0.5 + 0.5 * nullif(least(x.churn, 3), 'NaN'), 1), coalesce(0.5 + 0.5 * nullif(least(x.expansion, 3), 'NaN'), 1), x.churn_risk, x.expansion_score
  FROM (
    SELECT avg(s.churn_risk) AS churn_risk, avg(s.expansion_score) AS expansion_score,
      coalesce(sum(s.mrr * s.churn_risk) / nullif(sum(s.mrr) FILTER (WHERE s.churn_risk IS NOT NULL), 0) / nullif(avg(s.churn_risk), 0), 1) AS churn,
      coalesce(sum(s.mrr * s.expansion_score) / nullif(sum(s.mrr) FILTER (WHERE s.expansion_score IS NOT NULL), 0) / nullif(avg(s.expansion_score), 0), 1) AS expansion
    FROM scored AS s) AS x
$$;
COMMENT ON FUNCTION revenue.mrr_signals IS
  'Whether those who pay most are more at risk, or have more room to grow, than others: half of what the mean score weighted by MRR is above the plain one, 1 = no difference. Customers are the accounts of the same id. Members and above';

CREATE OR REPLACE FUNCTION revenue.mrr_without_rate(day date, org integer DEFAULT NULL)
RETURNS TABLE (customers bigint, currencies text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH asked AS (
    SELECT o.org_id, o.base_currency FROM revenue.orgs AS o WHERE o.org_id = revenue.require_org('member', mrr_without_rate.org)
  ), known AS MATERIALIZED (
    SELECT m.org_id, m.currency, (SELECT min(f.rate_date) FROM revenue.fx_rates AS f WHERE f.org_id = m.org_id AND f.currency = m.currency) AS known_from,
      m.first_day
    FROM (SELECT d.org_id, d.currency, min(d.booked_day) AS first_day FROM revenue.mrr_days AS d JOIN asked AS o USING (org_id)
          WHERE d.currency <> o.base_currency AND d.booked_day <= mrr_without_rate.day GROUP BY d.org_id, d.currency) AS m
  ), payers AS (
    SELECT m.customer_id FROM revenue.mrr_movements AS m JOIN known AS k USING (org_id, currency)
    WHERE coalesce(k.known_from, 'infinity') > mrr_without_rate.day AND m.booked_day <= mrr_without_rate.day
    GROUP BY m.customer_id, m.currency HAVING sum(m.amount) <> 0
  )
  SELECT (SELECT count(DISTINCT p.customer_id) FROM payers AS p),
    string_agg(k.currency || CASE WHEN k.known_from <= mrr_without_rate.day THEN ' before ' || to_char(k.known_from, 'YYYY-MM-DD') ELSE '' END, ', ' ORDER BY k.currency)
  FROM known AS k WHERE coalesce(k.known_from, 'infinity') > k.first_day
$$;
COMMENT ON FUNCTION revenue.mrr_without_rate IS
  'For revenue_forecast(): how many customers pay in a currency without an exchange rate on a day, and which currencies had none on a day when somebody paid in them. Members and above';

CREATE OR REPLACE FUNCTION revenue.oldest_mrr_month(today date) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT (date_trunc('month', today::timestamp) - interval '240 months')::date;
END;
COMMENT ON FUNCTION revenue.oldest_mrr_month IS
  'For mrr_outlook() and mrr_by_member(): where the history begins that a forecast of MRR is made from, 20 years ago';

CREATE OR REPLACE FUNCTION revenue.mrr_outlook(
  period text, periods_ahead integer, metric text, method text, levels double precision[], as_of timestamptz DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS TABLE (current numeric, forecast jsonb, movements jsonb, inputs jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  times integer := CASE metric WHEN 'arr' THEN 12 ELSE 1 END;
  span record;
  months integer;
BEGIN
  SELECT * INTO span FROM revenue.forecast_period(period, periods_ahead, as_of, chosen);
  months := revenue.month_number(span.period_to - 1) - revenue.month_number(span.today) + 1;
  RETURN QUERY
  WITH ledger AS MATERIALIZED (
    SELECT revenue.month_number(m.period_from) AS month, times * m.closing_mrr AS closing, times * m.new_mrr AS gained,
      times * m.reactivation_mrr AS reactivated, times * m.expansion_mrr AS expanded, times * m.contraction_mrr AS contracted,
      times * m.churn_mrr AS churned, m.closing_customers
    FROM revenue.arr_monthly(span.today, from_date => revenue.oldest_mrr_month(span.today), org => chosen) AS m
  ), won AS (
    SELECT revenue.month_number(span.today) - h.months + w.won_in AS month, sum(w.value) AS value
    FROM revenue.bookings_history(as_of, org => chosen) AS h
    CROSS JOIN LATERAL unnest(h.won_in, h.value) AS w(won_in, value)
    WHERE h.total GROUP BY 1
  ), looked AS (
    SELECT revenue.month_number(o.origin) AS month, sum(o.expected[months]) AS expected FROM revenue.forecast_origins AS o
    WHERE o.org_id = chosen AND o.origin < date_trunc('month', span.today::timestamp) GROUP BY 1
    UNION ALL
    SELECT revenue.month_number(span.today), sum(p.expected)::double precision
    FROM revenue.pipeline_expected(ARRAY[span.period_to - span.today], as_of, org => chosen) AS p HAVING sum(p.deal_count) > 0
  ), beside AS (  -- what of a booking became new MRR in the year before: a month's worth at most
    SELECT l.month, coalesce(k.expected
        * least((sum(l.gained) OVER w)::double precision, times * sum(coalesce(b.value, 0)) OVER w) / nullif(sum(coalesce(b.value, 0)) OVER w, 0), 'NaN') AS pipeline
    FROM ledger AS l LEFT JOIN won AS b USING (month) LEFT JOIN looked AS k USING (month)
    WINDOW w AS (ORDER BY l.month ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING)
  ), arrays AS (
    SELECT coalesce(array_agg(l.closing::double precision ORDER BY l.month) FILTER (WHERE l.closed), '{}') AS closing,
      coalesce(array_agg(l.gained::double precision ORDER BY l.month) FILTER (WHERE l.closed), '{}') AS gained,
      coalesce(array_agg(l.reactivated::double precision ORDER BY l.month) FILTER (WHERE l.closed), '{}') AS reactivated,
      coalesce(array_agg(l.expanded::double precision ORDER BY l.month) FILTER (WHERE l.closed), '{}') AS expanded,
      coalesce(array_agg(l.contracted::double precision ORDER BY l.month) FILTER (WHERE l.closed), '{}') AS contracted,
      coalesce(array_agg(l.churned::double precision ORDER BY l.month) FILTER (WHERE l.closed), '{}') AS churned,
      array_agg(b.pipeline ORDER BY l.month) AS pipeline, max(l.closing) FILTER (WHERE NOT l.closed) AS current,
      max(l.closing_customers) FILTER (WHERE NOT l.closed) AS customers
    FROM (SELECT l.*, l.month < revenue.month_number(span.today) AS closed FROM ledger AS l) AS l JOIN beside AS b USING (month)
  ), signals AS (
    SELECT s.* FROM revenue.mrr_signals(chosen) AS s WHERE as_of IS NULL
  )
  SELECT a.current, e.answer -> 'forecast', e.answer -> 'movements',
    jsonb_build_object('history_months', cardinality(a.closing), 'customers', a.customers,
      'customers_without_rate', u.customers, 'currencies_without_rate', u.currencies,
      'churn_risk', round(s.churn_risk::numeric, 2), 'expansion_score', round(s.expansion_score::numeric, 2),
      'churn_signal', round(s.churn_signal::numeric, 4), 'expansion_signal', round(s.expansion_signal::numeric, 4))
  FROM arrays AS a LEFT JOIN signals AS s ON true
  CROSS JOIN revenue.mrr_without_rate(span.today, chosen) AS u
  CROSS JOIN LATERAL (
    SELECT revenue.mrr_ensemble(a.closing, a.gained, a.reactivated, a.expanded, a.contracted, a.churned, a.pipeline, months,
      ((date_trunc('month', span.today::timestamp) + interval '1 month')::date - span.today)::double precision
        / ((date_trunc('month', span.today::timestamp) + interval '1 month')::date - date_trunc('month', span.today::timestamp)::date),
      a.current::double precision, coalesce(s.churn_signal, 1), coalesce(s.expansion_signal, 1), method, levels) AS answer) AS e
  WHERE a.current IS NOT NULL;
END $$;
COMMENT ON FUNCTION revenue.mrr_outlook IS
  'The forecast of MRR or ARR at the end of a period from the ledger, as the C++ gives it; no row where there are no subscriptions. Members and above';

-- By member of a dimension --------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.mrr_months(dimension text DEFAULT 'segment', as_of date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  member text, month integer, closing numeric, gained numeric, reactivated numeric, expanded numeric, contracted numeric, churned numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  base char(3);
  today date;
BEGIN
  PERFORM revenue.check_forecast_dimension(dimension, 'mrr');
  SELECT o.base_currency, d.as_of_day INTO base, today
  FROM revenue.orgs AS o CROSS JOIN LATERAL revenue.ledger_days(as_of, 'booked', NULL, o.org_id) AS d WHERE o.org_id = chosen;
  RETURN QUERY
  WITH days AS MATERIALIZED (
    SELECT coalesce(CASE dimension WHEN 'product' THEN m.product_id WHEN 'region' THEN c.region ELSE c.segment END, '') AS member,
      m.booked_day, m.booked_kind AS kind, m.currency, sum(m.amount) AS amount
    FROM revenue.mrr_movements AS m
    LEFT JOIN revenue.customer_members(chosen) AS c ON c.customer_id = m.customer_id AND dimension <> 'product'
    WHERE m.org_id = chosen AND m.booked_day <= today GROUP BY 1, 2, 3, 4
  ), moved AS (
    SELECT d.member, revenue.month_number(d.booked_day) AS month, d.kind, sum(d.amount
      * coalesce(revenue.rate_into_base(chosen, d.currency, base, d.booked_day), 0)) AS value
    FROM days AS d WHERE d.kind NOT IN ('swap', 'transfer') GROUP BY 1, 2, 3
  ), spine AS (
    SELECT revenue.month_number(m::date) AS month, least((m + interval '1 month - 1 day')::date, today) AS last_day
    FROM generate_series(date_trunc('month', (SELECT min(d.booked_day) FROM days AS d)::timestamp), today::timestamp, interval '1 month') AS m
  ), balances AS (
    SELECT b.member, b.month, sum(b.balance * coalesce(revenue.rate_into_base(chosen, b.currency, base, b.last_day), 0)) AS value
    FROM (
      SELECT k.member, k.currency, s.month, s.last_day, sum(coalesce(c.amount, 0)) OVER (PARTITION BY k.member, k.currency ORDER BY s.month) AS balance
      FROM spine AS s CROSS JOIN (SELECT DISTINCT d.member, d.currency FROM days AS d) AS k
      LEFT JOIN (SELECT d.member, d.currency, revenue.month_number(d.booked_day) AS month, sum(d.amount) AS amount FROM days AS d GROUP BY 1, 2, 3) AS c
        ON c.member = k.member AND c.currency = k.currency AND c.month = s.month) AS b
    GROUP BY b.member, b.month
  )
  SELECT b.member, b.month, trim_scale(b.value), coalesce(sum(m.value) FILTER (WHERE m.kind = 'new'), 0),
    coalesce(sum(m.value) FILTER (WHERE m.kind = 'reactivation'), 0), coalesce(sum(m.value) FILTER (WHERE m.kind = 'expansion'), 0),
    coalesce(sum(m.value) FILTER (WHERE m.kind = 'contraction'), 0), coalesce(sum(m.value) FILTER (WHERE m.kind = 'churn'), 0)
  FROM balances AS b LEFT JOIN moved AS m USING (member, month)
  GROUP BY b.member, b.month, b.value ORDER BY b.member, b.month;
END $$;
COMMENT ON FUNCTION revenue.mrr_months IS
  'MRR at the end of each month until as_of (NULL = today) and what moved in it, by segment, region or product, as booked; months counted as by month_number(). What a customer belongs to is as it is today. Members and above';

CREATE OR REPLACE FUNCTION revenue.mrr_by_member(
  dimension text, period text, periods_ahead integer, metric text, method text, levels double precision[],
  as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (member text, current numeric, forecast jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  times integer := CASE metric WHEN 'arr' THEN 12 ELSE 1 END;
  span record;
BEGIN
  SELECT * INTO span FROM revenue.forecast_period(period, periods_ahead, as_of, chosen);
  RETURN QUERY
  WITH arrays AS (
    SELECT m.member, (times * max(m.closing) FILTER (WHERE NOT m.closed)) AS current,
      coalesce(array_agg((times * m.closing)::double precision ORDER BY m.month) FILTER (WHERE m.closed), '{}') AS closing,
      coalesce(array_agg((times * m.gained)::double precision ORDER BY m.month) FILTER (WHERE m.closed), '{}') AS gained,
      coalesce(array_agg((times * m.reactivated)::double precision ORDER BY m.month) FILTER (WHERE m.closed), '{}') AS reactivated,
      coalesce(array_agg((times * m.expanded)::double precision ORDER BY m.month) FILTER (WHERE m.closed), '{}') AS expanded,
      coalesce(array_agg((times * m.contracted)::double precision ORDER BY m.month) FILTER (WHERE m.closed), '{}') AS contracted,
      coalesce(array_agg((times * m.churned)::double precision ORDER BY m.month) FILTER (WHERE m.closed), '{}') AS churned
    FROM (SELECT m.*, m.month < revenue.month_number(span.today) AS closed FROM revenue.mrr_months(dimension, span.today, chosen) AS m
          WHERE m.month >= revenue.month_number(revenue.oldest_mrr_month(span.today))) AS m
    GROUP BY m.member
  )
  SELECT a.member, a.current, revenue.mrr_ensemble(a.closing, a.gained, a.reactivated, a.expanded, a.contracted, a.churned,
      array_fill('NaN'::double precision, ARRAY[cardinality(a.closing) + 1]),
      revenue.month_number(span.period_to - 1) - revenue.month_number(span.today) + 1,
      ((date_trunc('month', span.today::timestamp) + interval '1 month')::date - span.today)::double precision
        / ((date_trunc('month', span.today::timestamp) + interval '1 month')::date - date_trunc('month', span.today::timestamp)::date),
      a.current::double precision, 1, 1, method, levels) -> 'forecast'
  FROM arrays AS a ORDER BY a.member;
END $$;
COMMENT ON FUNCTION revenue.mrr_by_member IS
  'The forecast of MRR or ARR at the end of a period for each segment, region or product by itself, which need not add up. Members and above';
