-- The room recurring: MRR and ARR by day, month and member of a dimension, from the ledger. Every figure
-- takes two times: as_of, the last day it looks at, and known, the instant whose belief it tells.

CREATE OR REPLACE FUNCTION revenue.period_start(day date, period text, week_start integer DEFAULT 1, fiscal_year_start integer DEFAULT 1)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN day NOT BETWEEN '0001-01-01' AND '9999-12-31' OR week_start NOT BETWEEN 1 AND 7
    OR fiscal_year_start NOT BETWEEN 1 AND 12 THEN NULL ELSE CASE period
    WHEN 'day' THEN day
    WHEN 'month' THEN date_trunc('month', day::timestamp)::date
    WHEN 'week' THEN day - (extract(isodow FROM day)::integer - week_start + 7) % 7
    WHEN 'quarter' THEN (date_trunc('month', day::timestamp)
      - make_interval(months => (extract(month FROM day)::integer - fiscal_year_start + 12) % 3))::date
    WHEN 'year' THEN (date_trunc('month', day::timestamp)
      - make_interval(months => (extract(month FROM day)::integer - fiscal_year_start + 12) % 12))::date
  END END
$$;
COMMENT ON FUNCTION revenue.period_start IS
  'First day of the day, week, month, fiscal quarter or fiscal year that a day of the years 1 to 9999 lies in; NULL for another period';

CREATE OR REPLACE FUNCTION revenue.period_after(first_day date, period text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN first_day BETWEEN '0001-01-01' AND '9999-12-31' THEN CASE period
    WHEN 'day' THEN first_day + 1 WHEN 'week' THEN first_day + 7
    WHEN 'month' THEN (first_day + interval '1 month')::date WHEN 'quarter' THEN (first_day + interval '3 months')::date
    WHEN 'year' THEN (first_day + interval '1 year')::date END END
$$;
COMMENT ON FUNCTION revenue.period_after IS 'First day after the day, week, month, quarter or year that begins on a day';

-- Checks what every figure of the ledger is asked with; the days in each organisation.
CREATE OR REPLACE FUNCTION revenue.ledger_days(
  as_of date DEFAULT NULL, basis text DEFAULT 'booked', fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, base_currency char(3), as_of_day date, fixed_rates boolean, week_start integer, fiscal_year_start integer)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF as_of NOT BETWEEN '0001-02-01' AND '9999-12-30' THEN
    RAISE EXCEPTION 'as_of must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for today.';
  ELSIF coalesce(basis, '') NOT IN ('booked', 'valid') THEN
    RAISE EXCEPTION 'unknown basis "%"', basis USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use booked for the books, where closed periods stay as they were, or valid for what is now known to have been true.';
  ELSIF fx NOT IN ('own_line', 'constant_currency') THEN
    RAISE EXCEPTION 'unknown fx "%"', fx USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use own_line for each day''s rates, or constant_currency for the rates of as_of throughout.';
  END IF;
  RETURN QUERY
  SELECT o.org_id, o.base_currency, coalesce(as_of, (now() AT TIME ZONE o.time_zone)::date),
    coalesce(fx, b.policies ->> 'fx', 'own_line') = 'constant_currency', o.week_start::integer, o.fiscal_year_start::integer
  FROM revenue.orgs AS o JOIN revenue.mrr_books AS b USING (org_id)
  WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.ledger_days FROM PUBLIC;
COMMENT ON FUNCTION revenue.ledger_days IS
  'For functions with the owner''s rights: the organisations the caller sees, with the day that is asked for in each';

CREATE OR REPLACE FUNCTION revenue.rate_on(org_id integer, currency char(3), day date) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT f.rate FROM revenue.fx_rates AS f
  WHERE f.org_id = rate_on.org_id AND f.currency = rate_on.currency AND f.rate_date <= rate_on.day
  ORDER BY f.rate_date DESC LIMIT 1
$$;
COMMENT ON FUNCTION revenue.rate_on IS 'The last known rate of a currency into the base currency on a day, for joins; NULL = none is known';

-- The sums of the ledger answer for now; what was believed earlier is summed from the ledger itself. Inlined,
-- so that who plans for his arguments reads one of the two.
CREATE OR REPLACE FUNCTION revenue.ledger_cells(
  org integer, until date, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked')
RETURNS TABLE (day date, kind text, currency char(3), is_adjustment boolean, amount numeric, movements integer)
LANGUAGE sql STABLE ROWS 5000 AS $$
  SELECT CASE basis WHEN 'valid' THEN d.valid_day ELSE d.booked_day END, d.kind, d.currency, d.is_adjustment, d.amount, d.movements
  FROM revenue.mrr_days AS d
  WHERE known IS NULL AND d.org_id = org AND CASE basis WHEN 'valid' THEN d.valid_day ELSE d.booked_day END <= until
  UNION ALL
  SELECT CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END, m.kind, m.currency, m.is_adjustment, m.amount, m.movements
  FROM revenue.mrr_movements AS m
  WHERE m.recorded_at <= known AND m.org_id = org AND CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END <= until
$$;
REVOKE EXECUTE ON FUNCTION revenue.ledger_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.ledger_cells IS
  'For functions with the owner''s rights: the movements of an organisation by day, kind and currency, cells of any size, whose rows add up';

-- In total ------------------------------------------------------------------------------------
-- A balance is revalued at the last day of each period; fx is what that makes of it, so that each row
-- adds up exactly. A viewer sees the parts of at least five customers, and the opening, from which he
-- could subtract, only where he sees them all.

CREATE OR REPLACE FUNCTION revenue.arr_periods(
  period text DEFAULT 'month', as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL,
  basis text DEFAULT 'booked', fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, opening_mrr numeric, new_mrr numeric, expansion_mrr numeric,
  reactivation_mrr numeric, contraction_mrr numeric, churn_mrr numeric, fx_mrr numeric, closing_mrr numeric,
  net_new_arr numeric, closing_arr numeric, adjustment_mrr numeric, opening_customers bigint, new_customers bigint,
  expanded_customers bigint, reactivated_customers bigint, contracted_customers bigint, churned_customers bigint,
  closing_customers bigint, one_time_revenue numeric, metered_revenue numeric, reporting_currency char(3),
  currencies_without_rate bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  IF coalesce(period, '') NOT IN ('day', 'week', 'month', 'quarter', 'year') THEN
    RAISE EXCEPTION 'unknown period "%"', period USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use day, week, month, quarter or year.';
  ELSIF from_date NOT BETWEEN '0001-02-01' AND '9999-12-30' THEN
    RAISE EXCEPTION 'from_date must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out to begin with the ledger.';
  END IF;
  FOR o IN SELECT d.*, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, basis, fx, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH cells AS MATERIALIZED (
      SELECT revenue.period_start(c.day, period, o.week_start, o.fiscal_year_start) AS first_day, c.kind, c.currency,
        c.is_adjustment, sum(c.amount) AS amount, sum(c.movements) AS movements,
        sum(c.amount * CASE WHEN c.currency = o.base_currency THEN 1 ELSE coalesce(revenue.rate_on(o.org_id, c.currency,
          CASE WHEN o.fixed_rates THEN o.as_of_day ELSE c.day END), 0) END) AS value
      FROM revenue.ledger_cells(o.org_id, o.as_of_day, known, basis) AS c
      GROUP BY 1, 2, 3, 4
    ), spine AS (
      SELECT s::date AS first_day, revenue.period_after(s::date, period) AS next_day
      FROM (SELECT min(c.first_day) AS first_day FROM cells AS c) AS f,
        generate_series(f.first_day::timestamp, o.as_of_day::timestamp,
          CASE period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || period)::interval END) AS s
    ), moved AS (
      SELECT c.first_day,
        coalesce(sum(c.value) FILTER (WHERE c.kind = 'new'), 0) AS new_value,
        coalesce(sum(c.value) FILTER (WHERE c.kind = 'expansion'), 0) AS expansion_value,
        coalesce(sum(c.value) FILTER (WHERE c.kind = 'reactivation'), 0) AS reactivation_value,
        coalesce(sum(c.value) FILTER (WHERE c.kind = 'contraction'), 0) AS contraction_value,
        coalesce(sum(c.value) FILTER (WHERE c.kind = 'churn'), 0) AS churn_value,
        coalesce(sum(c.value) FILTER (WHERE c.is_adjustment AND c.kind <> 'swap'), 0) AS adjusted_value,
        coalesce(sum(c.movements) FILTER (WHERE c.kind = 'new'), 0) AS new_count,
        coalesce(sum(c.movements) FILTER (WHERE c.kind = 'expansion'), 0) AS expansion_count,
        coalesce(sum(c.movements) FILTER (WHERE c.kind = 'reactivation'), 0) AS reactivation_count,
        coalesce(sum(c.movements) FILTER (WHERE c.kind = 'contraction'), 0) AS contraction_count,
        coalesce(sum(c.movements) FILTER (WHERE c.kind = 'churn'), 0) AS churn_count,
        coalesce(sum(c.movements) FILTER (WHERE c.is_adjustment), 0) AS adjusted_count
      FROM cells AS c GROUP BY c.first_day
    ), balances AS (
      SELECT b.first_day, sum(b.balance * coalesce(b.rate, 0)) AS value, count(*) FILTER (WHERE b.rate IS NULL AND b.balance <> 0) AS without_rate
      FROM (
        SELECT e.first_day, e.currency, sum(sum(e.amount)) OVER (PARTITION BY e.currency ORDER BY e.first_day) AS balance,
          CASE WHEN e.currency = o.base_currency THEN 1 ELSE revenue.rate_on(o.org_id, e.currency,
            CASE WHEN o.fixed_rates THEN o.as_of_day ELSE least(max(e.next_day) - 1, o.as_of_day) END) END AS rate
        FROM (  -- not a join, which would be planned for any number of currencies
          SELECT s.first_day, s.next_day, k.currency, 0 AS amount
          FROM spine AS s CROSS JOIN (SELECT DISTINCT c.currency FROM cells AS c) AS k
          UNION ALL
          SELECT c.first_day, NULL, c.currency, c.amount FROM cells AS c
        ) AS e GROUP BY e.first_day, e.currency
      ) AS b GROUP BY b.first_day
    ), beside AS (
      SELECT revenue.period_start(r.day, period, o.week_start, o.fiscal_year_start) AS first_day, r.kind,
        count(DISTINCT r.customer_id) AS customers,
        sum(r.amount * CASE WHEN r.currency = o.base_currency THEN 1 ELSE coalesce(revenue.rate_on(o.org_id, r.currency,
          CASE WHEN o.fixed_rates THEN o.as_of_day ELSE r.day END), 0) END) AS value
      FROM revenue.other_revenue AS r
      WHERE r.org_id = o.org_id AND r.kind IN ('one_time', 'metered') AND r.day <= o.as_of_day GROUP BY 1, 2
    ), rows AS (
      SELECT s.first_day, s.next_day, b.value AS closing_value, coalesce(lag(b.value) OVER w, 0) AS opening_value, b.without_rate,
        coalesce(m.new_value, 0) AS new_value, coalesce(m.expansion_value, 0) AS expansion_value,
        coalesce(m.reactivation_value, 0) AS reactivation_value, coalesce(m.contraction_value, 0) AS contraction_value,
        coalesce(m.churn_value, 0) AS churn_value, coalesce(m.adjusted_value, 0) AS adjusted_value,
        coalesce(m.new_count, 0) AS new_count, coalesce(m.expansion_count, 0) AS expansion_count,
        coalesce(m.reactivation_count, 0) AS reactivation_count, coalesce(m.contraction_count, 0) AS contraction_count,
        coalesce(m.churn_count, 0) AS churn_count, coalesce(m.adjusted_count, 0) AS adjusted_count,
        sum(coalesce(m.new_count + m.reactivation_count - m.churn_count, 0)) OVER w AS closing_count
      FROM spine AS s JOIN balances AS b USING (first_day) LEFT JOIN moved AS m USING (first_day)
      WINDOW w AS (ORDER BY s.first_day)
    ), shown AS (
      SELECT r.*, r.closing_count - r.new_count - r.reactivation_count + r.churn_count AS opening_count,
        o.sees_all OR r.new_value = 0 OR r.new_count >= 5 AS new_shown,
        o.sees_all OR r.expansion_value = 0 OR r.expansion_count >= 5 AS expansion_shown,
        o.sees_all OR r.reactivation_value = 0 OR r.reactivation_count >= 5 AS reactivation_shown,
        o.sees_all OR r.contraction_value = 0 OR r.contraction_count >= 5 AS contraction_shown,
        o.sees_all OR r.churn_value = 0 OR r.churn_count >= 5 AS churn_shown,
        o.sees_all OR r.adjusted_value = 0 OR r.adjusted_count >= 5 AS adjusted_shown,
        o.sees_all OR r.closing_value = 0 OR r.closing_count >= 5 AS closing_shown
      FROM rows AS r
    ), known_rows AS (
      SELECT s.*, s.new_shown AND s.expansion_shown AND s.reactivation_shown AND s.contraction_shown AND s.churn_shown
        AND s.adjusted_shown AND s.closing_shown AND (o.sees_all OR s.opening_value = 0 OR s.opening_count >= 5) AS all_shown
      FROM shown AS s
    )
    SELECT o.org_id, k.first_day, k.next_day, CASE WHEN k.all_shown THEN trim_scale(k.opening_value) END,
      CASE WHEN k.new_shown THEN trim_scale(k.new_value) END, CASE WHEN k.expansion_shown THEN trim_scale(k.expansion_value) END,
      CASE WHEN k.reactivation_shown THEN trim_scale(k.reactivation_value) END,
      CASE WHEN k.contraction_shown THEN trim_scale(k.contraction_value) END, CASE WHEN k.churn_shown THEN trim_scale(k.churn_value) END,
      CASE WHEN k.all_shown THEN trim_scale(k.closing_value - k.opening_value - k.new_value - k.expansion_value
        - k.reactivation_value - k.contraction_value - k.churn_value) END,
      CASE WHEN k.closing_shown THEN trim_scale(k.closing_value) END,
      CASE WHEN k.all_shown THEN trim_scale(12 * (k.new_value + k.expansion_value + k.reactivation_value + k.contraction_value + k.churn_value)) END,
      CASE WHEN k.closing_shown THEN trim_scale(12 * k.closing_value) END,
      CASE WHEN k.adjusted_shown AND k.all_shown THEN trim_scale(k.adjusted_value) END,
      CASE WHEN k.all_shown THEN k.opening_count::bigint END, CASE WHEN k.new_shown THEN k.new_count::bigint END,
      CASE WHEN k.expansion_shown THEN k.expansion_count::bigint END, CASE WHEN k.reactivation_shown THEN k.reactivation_count::bigint END,
      CASE WHEN k.contraction_shown THEN k.contraction_count::bigint END, CASE WHEN k.churn_shown THEN k.churn_count::bigint END,
      CASE WHEN k.closing_shown THEN k.closing_count::bigint END,
      (SELECT trim_scale(x.value) FROM beside AS x WHERE x.first_day = k.first_day AND x.kind = 'one_time' AND (o.sees_all OR x.customers >= 5)),
      (SELECT trim_scale(x.value) FROM beside AS x WHERE x.first_day = k.first_day AND x.kind = 'metered' AND (o.sees_all OR x.customers >= 5)),
      o.base_currency, k.without_rate
    FROM known_rows AS k WHERE from_date IS NULL OR k.next_day > from_date ORDER BY k.first_day;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.arr_periods IS
  'MRR and ARR by day, week, month, fiscal quarter or fiscal year: opening + new + expansion + reactivation + contraction + churn + fx = closing, exactly, with customers beside them; as_of = last day (NULL = today), known = what was believed then (NULL = now), basis booked (closed periods stay) or valid, fx own_line or constant_currency';

CREATE OR REPLACE FUNCTION revenue.arr_monthly(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, basis text DEFAULT 'booked',
  fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, opening_mrr numeric, new_mrr numeric, expansion_mrr numeric,
  reactivation_mrr numeric, contraction_mrr numeric, churn_mrr numeric, fx_mrr numeric, closing_mrr numeric,
  net_new_arr numeric, closing_arr numeric, adjustment_mrr numeric, opening_customers bigint, new_customers bigint,
  expanded_customers bigint, reactivated_customers bigint, contracted_customers bigint, churned_customers bigint,
  closing_customers bigint, one_time_revenue numeric, metered_revenue numeric, reporting_currency char(3),
  currencies_without_rate bigint)
LANGUAGE sql STABLE ROWS 100 AS $$
  SELECT * FROM revenue.arr_periods('month', as_of, known, from_date, basis, fx, org)
$$;
COMMENT ON FUNCTION revenue.arr_monthly IS 'MRR and ARR by month, as arr_periods() gives them';

CREATE OR REPLACE FUNCTION revenue.arr_daily(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, basis text DEFAULT 'booked',
  fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, opening_mrr numeric, new_mrr numeric, expansion_mrr numeric,
  reactivation_mrr numeric, contraction_mrr numeric, churn_mrr numeric, fx_mrr numeric, closing_mrr numeric,
  net_new_arr numeric, closing_arr numeric, adjustment_mrr numeric, opening_customers bigint, new_customers bigint,
  expanded_customers bigint, reactivated_customers bigint, contracted_customers bigint, churned_customers bigint,
  closing_customers bigint, one_time_revenue numeric, metered_revenue numeric, reporting_currency char(3),
  currencies_without_rate bigint)
LANGUAGE sql STABLE ROWS 1000 AS $$
  SELECT * FROM revenue.arr_periods('day', as_of, known, from_date, basis, fx, org)
$$;
COMMENT ON FUNCTION revenue.arr_daily IS 'MRR and ARR by day, as arr_periods() gives them';

CREATE OR REPLACE VIEW revenue.arr_monthly WITH (security_invoker) AS SELECT * FROM revenue.arr_monthly();
CREATE OR REPLACE VIEW revenue.arr_daily WITH (security_invoker) AS SELECT * FROM revenue.arr_daily();

-- Customer by customer ------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.arr_movements(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, customer_id text, valid_day date, booked_day date, kind text, reason text, product_id text, mrr numeric,
  arr numeric, currency char(3), mrr_original numeric, is_adjustment boolean, recorded_at timestamptz, movements integer,
  reporting_currency char(3))
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT m.org_id, m.customer_id, m.valid_day, m.booked_day, m.kind, m.reason, m.product_id, trim_scale(m.amount * r.rate),
    trim_scale(12 * m.amount * r.rate), m.currency, trim_scale(m.amount), m.is_adjustment, m.recorded_at, m.movements, o.base_currency
  FROM revenue.mrr_movements AS m
  JOIN revenue.orgs AS o USING (org_id)
  CROSS JOIN LATERAL (
    SELECT CASE WHEN m.currency = o.base_currency THEN 1 ELSE revenue.rate_on(m.org_id, m.currency, m.valid_day) END AS rate) AS r
  WHERE m.booked_day <= coalesce(as_of, (now() AT TIME ZONE o.time_zone)::date)
    AND (known IS NULL OR m.recorded_at <= known) AND (from_date IS NULL OR m.booked_day >= from_date)
    AND (org IS NULL OR m.org_id = org)
$$;
COMMENT ON FUNCTION revenue.arr_movements IS
  'What moved in the MRR of each customer, and why: every line of the ledger booked from from_date to as_of (NULL = today) and recorded by known. What was taken back stands beside it with the opposite sign';

CREATE OR REPLACE VIEW revenue.arr_movements WITH (security_invoker) AS SELECT * FROM revenue.arr_movements();

CREATE OR REPLACE FUNCTION revenue.customer_mrr(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, customer_id text, product_id text, mrr numeric, arr numeric, currency char(3), mrr_original numeric,
  reporting_currency char(3))
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT b.org_id, b.customer_id, b.product_id, trim_scale(b.amount * r.rate), trim_scale(12 * b.amount * r.rate), b.currency,
    trim_scale(b.amount), b.base_currency
  FROM (
    SELECT m.org_id, m.customer_id, m.product_id, m.currency, o.base_currency, d.day, sum(m.amount) AS amount
    FROM revenue.mrr_movements AS m
    JOIN revenue.orgs AS o USING (org_id)
    CROSS JOIN LATERAL (SELECT coalesce(as_of, (now() AT TIME ZONE o.time_zone)::date) AS day) AS d
    WHERE CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END <= d.day
      AND (known IS NULL OR m.recorded_at <= known) AND (org IS NULL OR m.org_id = org)
    GROUP BY m.org_id, m.customer_id, m.product_id, m.currency, o.base_currency, d.day HAVING sum(m.amount) <> 0
  ) AS b
  CROSS JOIN LATERAL (
    SELECT CASE WHEN b.currency = b.base_currency THEN 1 ELSE revenue.rate_on(b.org_id, b.currency, b.day) END AS rate) AS r
$$;
COMMENT ON FUNCTION revenue.customer_mrr IS
  'MRR and ARR of each customer on a day (NULL = today), by product and currency, as known then (NULL = now)';

CREATE OR REPLACE VIEW revenue.customer_mrr WITH (security_invoker) AS SELECT * FROM revenue.customer_mrr();

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.arr_monthly IS 'MRR and ARR by month until today: what they opened with, what moved, what they closed with';
COMMENT ON VIEW revenue.arr_daily IS 'MRR and ARR by day until today: what they opened with, what moved, what they closed with';
COMMENT ON VIEW revenue.arr_movements IS 'Every change of every customer''s MRR until today, and why';
COMMENT ON VIEW revenue.customer_mrr IS 'MRR and ARR of each customer today, by product and currency';
COMMENT ON COLUMN revenue.arr_movements.movements IS '1 on the first line of a customer''s day, -1 where that is taken back, else 0: their sum counts movements';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "period_from": "First day of the period", "period_to": "Day after its last",
  "opening_mrr": "MRR at the end of the day before; all amounts are in the reporting currency, each at its day''s rate",
  "new_mrr": "From customers who had never paid", "expansion_mrr": "What paying customers pay more",
  "reactivation_mrr": "From customers who had left and came back", "contraction_mrr": "What customers who stay pay less; negative",
  "churn_mrr": "What customers paid who pay nothing now; negative", "fx_mrr": "What exchange rates made of the balance",
  "closing_mrr": "MRR at the end of the period, or of as_of", "net_new_arr": "12 x what moved, without fx", "closing_arr": "12 x closing_mrr",
  "adjustment_mrr": "Of what moved, how much restates what was recorded before or belongs to a closed period",
  "opening_customers": "Paying customers at the opening", "new_customers": "Number of new customers",
  "expanded_customers": "Number of expansions", "reactivated_customers": "Number of reactivations",
  "contracted_customers": "Number of contractions", "churned_customers": "Number of customers lost",
  "closing_customers": "Paying customers at the close",
  "one_time_revenue": "One-time revenue of the period, which is no MRR", "metered_revenue": "Metered revenue of the period, which is no MRR",
  "reporting_currency": "The organisation''s base currency",
  "currencies_without_rate": "Currencies with a balance that no sum contains, because no rate is known",
  "customer_id": "Customer", "valid_day": "Day on which the MRR changed", "booked_day": "Day on which the books show it",
  "kind": "new, expansion, reactivation, contraction, churn or swap", "reason": "Why: added, removed, seats, price, discount, plan, product, pause, past_due, trial, free or currency",
  "product_id": "Product", "mrr": "MRR in the reporting currency, at the day''s rate", "arr": "12 x mrr", "currency": "Currency it is priced in",
  "mrr_original": "MRR in that currency", "is_adjustment": "Whether it restates what was recorded before or belongs to a closed period",
  "recorded_at": "When it became known"
}');
