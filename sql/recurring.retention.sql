-- The room recurring: who stayed. What customers paid at the opening of a window, and what those
-- same customers pay at its close, from the ledger.

-- The lines that retention is read from: each is what a customer pays more or less from a day on. Whose history
-- moved to or from another customer by the last day, or who was taken back as a mistake after the books were closed, is
-- read by what is now known: two who were merged are one at the opening too, and who never was a customer is none there.
-- A churn that became known late is one of the day it is booked: closed months do not have it.
CREATE OR REPLACE FUNCTION revenue.customer_steps(
  org integer, until date, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked')
RETURNS TABLE (customer_id text, day date, currency char(3), amount numeric, booked_day date, valid_day date, restated_on date)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT m.customer_id, CASE WHEN basis = 'valid' OR t.restated_on IS NOT NULL THEN m.valid_day ELSE m.booked_day END, m.currency, m.amount,
    m.booked_day, m.valid_day, t.restated_on
  FROM revenue.mrr_movements AS m
  LEFT JOIN (
    SELECT x.customer_id, min(x.booked_day) AS restated_on FROM revenue.mrr_movements AS x
    WHERE x.org_id = org AND (x.booked_kind = 'transfer' OR x.movements < 0 AND x.kind IN ('new', 'reactivation') AND x.booked_day > x.valid_day) AND basis <> 'valid' AND x.booked_day <= until AND (known IS NULL OR x.recorded_at <= known)
    GROUP BY x.customer_id) AS t USING (customer_id)
  WHERE m.org_id = org AND CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END <= until
    AND (known IS NULL OR m.recorded_at <= known);
END;
REVOKE EXECUTE ON FUNCTION revenue.customer_steps FROM PUBLIC;
COMMENT ON FUNCTION revenue.customer_steps IS
  'For functions with the owner''s rights: what each customer of an organisation pays more or less from which day on';

-- A customer of one currency is read in it and converted at the opening rate; the few of several
-- currencies, or restated, are read window by window: once converted, for their amounts, and once as they are, so
-- that who pays in currencies without a rate is counted as everybody is.
CREATE OR REPLACE FUNCTION revenue.retention_monthly(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, window_months integer DEFAULT 12,
  basis text DEFAULT 'booked', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, month date, window_from date, window_to date, months integer, opening_mrr numeric, retained_mrr numeric,
  nrr double precision, gross_retained_mrr numeric, grr double precision, opening_customers bigint, lost_customers bigint,
  logo_churn double precision, new_and_lost_customers bigint, gained_mrr numeric, given_up_mrr numeric,
  quick_ratio double precision, reason text, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  PERFORM revenue.check_org(org);
  IF window_months NOT BETWEEN 1 AND 120 OR window_months IS NULL THEN
    RAISE EXCEPTION 'window_months must be from 1 to 120' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the twelve months up to each close.';
  ELSIF from_date NOT BETWEEN '0001-02-01' AND '9999-12-30' THEN
    RAISE EXCEPTION 'from_date must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the last thirteen months.';
  END IF;
  FOR o IN SELECT d.*, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, basis, NULL, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH steps AS MATERIALIZED (
      SELECT s.* FROM revenue.customer_steps(o.org_id, o.as_of_day, known, basis) AS s
    ), mixed AS MATERIALIZED (
      SELECT s.customer_id FROM steps AS s WHERE (SELECT min(c.currency) <> max(c.currency) OR count(c.restated_on) > 0 FROM steps AS c)
      GROUP BY s.customer_id HAVING min(s.currency) <> max(s.currency) OR count(s.restated_on) > 0
    ), ledgers AS MATERIALIZED (
      SELECT s.currency, revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount) AS ledger FROM steps AS s
      WHERE s.customer_id NOT IN (SELECT m.customer_id FROM mixed AS m) GROUP BY s.currency
    ), windows AS (
      SELECT m::date AS month, (m - make_interval(months => window_months - 1))::date AS first_day, least((m + interval '1 month')::date, o.as_of_day + 1) AS next_day
      FROM generate_series(
        greatest(date_trunc('month', coalesce(from_date::timestamp, o.as_of_day - interval '12 months')),
          (SELECT date_trunc('month', min(s.day)::timestamp) FROM steps AS s)),
        date_trunc('month', o.as_of_day::timestamp), interval '1 month') AS m
    ), mixed_steps AS MATERIALIZED (
      SELECT w.month, w.first_day, s.customer_id, s.currency, s.amount,
        CASE WHEN s.restated_on >= w.next_day THEN s.booked_day ELSE s.day END AS day,
        revenue.rate_into_base(o.org_id, s.currency, o.base_currency, w.first_day - 1) AS rate
      FROM windows AS w CROSS JOIN steps AS s JOIN mixed AS m USING (customer_id) WHERE s.restated_on IS NULL OR s.booked_day < w.next_day
    ), parts AS (
      SELECT w.month, l.currency, l.ledger, revenue.rate_into_base(o.org_id, l.currency, o.base_currency, w.first_day - 1) AS rate, true AS counts
      FROM windows AS w CROSS JOIN ledgers AS l
      UNION ALL
      SELECT s.month, NULL, revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount * coalesce(s.rate, 0)), 1, false FROM mixed_steps AS s GROUP BY s.month
      UNION ALL
      SELECT s.month, NULL, revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount), NULL, true FROM mixed_steps AS s GROUP BY s.month
    ), read AS MATERIALIZED (
      SELECT w.month, w.first_day, w.next_day, p.currency, p.rate, p.counts, r.*
      FROM windows AS w JOIN parts AS p USING (month)
      CROSS JOIN LATERAL revenue.window_retention(p.ledger, w.first_day, w.next_day) AS r
    ), unrated AS (  -- opening customers whose MRR has no rate, or not all of it
      SELECT u.month, sum(u.n) AS n, string_agg(DISTINCT u.currency, ', ' ORDER BY u.currency) AS currencies
      FROM (
        SELECT r.month, r.currency, r.customers AS n FROM read AS r WHERE r.currency IS NOT NULL AND r.rate IS NULL AND r.customers > 0
        UNION ALL  -- once a customer
        SELECT s.month, s.currency, CASE WHEN row_number() OVER (PARTITION BY s.month, s.customer_id ORDER BY s.currency) = 1 THEN 1 ELSE 0 END
        FROM mixed_steps AS s WHERE s.rate IS NULL AND s.day < s.first_day GROUP BY s.month, s.customer_id, s.currency HAVING sum(s.amount) <> 0
      ) AS u GROUP BY u.month
    ), sums AS (
      SELECT r.month, r.first_day, r.next_day, coalesce(sum(r.opening * r.rate), 0) AS opening, coalesce(sum(r.retained * r.rate), 0) AS retained,
        coalesce(sum(r.gross_retained * r.rate), 0) AS kept, coalesce(sum(r.customers) FILTER (WHERE r.counts), 0)::bigint AS customers,
        coalesce(sum(r.lost) FILTER (WHERE r.counts), 0)::bigint AS lost, coalesce(sum(r.new_and_lost) FILTER (WHERE r.counts), 0)::bigint AS passing
      FROM read AS r GROUP BY r.month, r.first_day, r.next_day
    ), moved AS (
      SELECT w.month,
        sum(c.value) FILTER (WHERE c.kind IN ('new', 'expansion', 'reactivation')) AS gained,
        -sum(c.value) FILTER (WHERE c.kind IN ('contraction', 'churn')) AS given_up,
        string_agg(DISTINCT c.unrated, ', ' ORDER BY c.unrated) FILTER (WHERE c.kind IN ('new', 'expansion', 'reactivation', 'contraction', 'churn')) AS unrated
      FROM windows AS w JOIN (
        SELECT d.day, d.kind, sum(d.amount * coalesce(r.rate, 0)) AS value, CASE WHEN r.rate IS NULL THEN d.currency END AS unrated
        FROM revenue.ledger_cells(o.org_id, o.as_of_day, known, basis) AS d
        CROSS JOIN LATERAL (SELECT revenue.rate_into_base(o.org_id, d.currency, o.base_currency, d.day) AS rate) AS r GROUP BY 1, 2, 4
      ) AS c ON c.day >= w.first_day AND c.day < w.next_day
      GROUP BY w.month
    )
    SELECT o.org_id, s.month, s.first_day, s.next_day, window_months,
      CASE WHEN o.sees_all THEN trim_scale(s.opening) END, CASE WHEN o.sees_all THEN trim_scale(s.retained) END,
      CASE WHEN o.sees_all THEN (s.retained / nullif(s.opening, 0))::double precision
        WHEN s.customers >= 5 THEN round(s.retained / nullif(s.opening, 0), 2)::double precision END,
      CASE WHEN o.sees_all THEN trim_scale(s.kept) END,
      CASE WHEN o.sees_all THEN (s.kept / nullif(s.opening, 0))::double precision
        WHEN s.customers >= 5 THEN round(s.kept / nullif(s.opening, 0), 2)::double precision END,
      CASE WHEN o.sees_all THEN s.customers END, CASE WHEN o.sees_all THEN s.lost END,
      CASE WHEN o.sees_all THEN s.lost::double precision / nullif(s.customers, 0)
        WHEN s.customers >= 5 THEN round(s.lost::numeric / s.customers, 2)::double precision END,
      CASE WHEN o.sees_all THEN s.passing END,
      CASE WHEN o.sees_all THEN trim_scale(coalesce(m.gained, 0)) END, CASE WHEN o.sees_all THEN trim_scale(coalesce(m.given_up, 0)) END,
      CASE WHEN o.sees_all THEN (m.gained / nullif(m.given_up, 0))::double precision
        WHEN s.customers >= 5 THEN round(m.gained / nullif(m.given_up, 0), 1)::double precision END,
      nullif(concat_ws('; ', CASE WHEN s.customers = 0 THEN 'no customer paid at the opening' END,
        CASE WHEN o.sees_all AND u.n > 0 THEN format('%s of the opening customers without an exchange rate (%s)', u.n, u.currencies) END,
        CASE WHEN o.sees_all THEN 'movements without an exchange rate: ' || m.unrated END,
        CASE WHEN s.customers > 0 AND coalesce(m.given_up, 0) = 0 THEN 'no quick ratio: nothing was lost' END), ''),
      o.base_currency
    FROM sums AS s LEFT JOIN moved AS m USING (month) LEFT JOIN unrated AS u USING (month) ORDER BY s.month;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.retention_monthly IS
  'Net and gross revenue retention and logo churn of the window_months up to the close of each month (12 = trailing twelve months), at opening exchange rates, and the quick ratio, numerator and denominator beside each; by default the last thirteen months. A viewer sees rounded ratios';

CREATE OR REPLACE VIEW revenue.retention_monthly WITH (security_invoker) AS SELECT * FROM revenue.retention_monthly();

-- Counts are of everybody. Amounts are of those all of whose currencies have a rate, so that what they pay is compared
-- with what the same ones first paid.
CREATE OR REPLACE FUNCTION revenue.rated_cohorts(
  everybody revenue.mrr_ledger, rated revenue.mrr_ledger, period text, from_date date, to_date date, options jsonb)
RETURNS TABLE (
  cohort date, period_from date, age integer, cohort_customers bigint, customers bigint, customer_retention double precision,
  cohort_mrr numeric, mrr numeric, mrr_retention double precision, customers_without_rate bigint)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT e.cohort, e.period_from, e.age, e.cohort_customers, e.customers, e.customer_retention, r.cohort_mrr, r.mrr, r.mrr_retention,
    e.cohort_customers - coalesce(r.cohort_customers, 0)
  FROM revenue.mrr_cohorts(everybody, period, from_date, to_date, options) AS e
  LEFT JOIN revenue.mrr_cohorts(rated, period, from_date, to_date, options) AS r
    ON r.cohort = e.cohort AND r.period_from = e.period_from;
END;
REVOKE EXECUTE ON FUNCTION revenue.rated_cohorts FROM PUBLIC;
COMMENT ON FUNCTION revenue.rated_cohorts IS
  'For cohort_retention(): the counts of the cohorts of everybody, and the amounts of those whose MRR has an exchange rate';

CREATE OR REPLACE FUNCTION revenue.cohort_retention(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, period text DEFAULT 'month', basis text DEFAULT 'booked',
  org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, cohort date, period_from date, age integer, cohort_customers bigint, customers bigint,
  customer_retention double precision, cohort_mrr numeric, mrr numeric, mrr_retention double precision, customers_without_rate bigint,
  reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  PERFORM revenue.check_org(org);
  IF coalesce(period, '') NOT IN ('day', 'week', 'month', 'quarter', 'year') THEN
    RAISE EXCEPTION 'unknown period "%"', period USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use day, week, month, quarter or year.';
  END IF;
  FOR o IN SELECT d.*, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, basis, NULL, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH steps AS MATERIALIZED (
      SELECT s.customer_id, s.day, s.amount, revenue.rate_into_base(o.org_id, s.currency, o.base_currency, o.as_of_day) AS rate
      FROM revenue.customer_steps(o.org_id, o.as_of_day, known, basis) AS s
    ), unrated AS MATERIALIZED (
      SELECT DISTINCT s.customer_id FROM steps AS s WHERE s.rate IS NULL
    )
    SELECT o.org_id, c.cohort, c.period_from, c.age, c.cohort_customers, CASE WHEN o.sees_all THEN c.customers END,
      CASE WHEN o.sees_all THEN c.customer_retention ELSE round(c.customer_retention::numeric, 2)::double precision END,
      CASE WHEN o.sees_all THEN trim_scale(c.cohort_mrr) END, CASE WHEN o.sees_all THEN trim_scale(c.mrr) END,
      CASE WHEN o.sees_all THEN c.mrr_retention
        WHEN c.cohort_customers - c.customers_without_rate >= 5 THEN round(c.mrr_retention::numeric, 2)::double precision END,
      CASE WHEN o.sees_all THEN c.customers_without_rate END, o.base_currency
    FROM revenue.rated_cohorts(
      (SELECT revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount) FROM steps AS s),
      (SELECT revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount * s.rate) FROM steps AS s WHERE s.customer_id NOT IN (SELECT u.customer_id FROM unrated AS u)),
      period,
      greatest((o.as_of_day - 1400 * CASE period WHEN 'quarter' THEN '3 months' ELSE '1 ' || period END::interval)::date, '0001-01-01'),
      o.as_of_day + 1,
      jsonb_build_object('week_start', o.week_start, 'fiscal_year_start', o.fiscal_year_start)) AS c
    WHERE o.sees_all OR c.cohort_customers >= 5;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.cohort_retention IS
  'Customers by the period of their first payment: how many there still are at the close of each period and what they pay, at the rates of as_of, beside how many they were and what they first paid; cohorts of the last 1,400 periods. A viewer sees rounded ratios of cohorts of at least five';

CREATE OR REPLACE VIEW revenue.cohort_retention WITH (security_invoker) AS SELECT * FROM revenue.cohort_retention();

-- By member of a dimension --------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.arr_by(
  dimension text DEFAULT 'segment', as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked',
  membership text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, member text, customers bigint, mrr numeric, arr numeric, share double precision, customers_without_rate bigint,
  reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_ledger_dimension(dimension, membership);
  FOR o IN SELECT * FROM revenue.ledger_days(as_of, basis, NULL, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH balances AS (
      SELECT m.customer_id, CASE dimension WHEN 'product' THEN m.product_id WHEN 'currency' THEN m.currency::text END AS part,
        m.currency, sum(m.amount) AS amount
      FROM revenue.mrr_movements AS m
      WHERE m.org_id = o.org_id AND CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END <= o.as_of_day
        AND (known IS NULL OR m.recorded_at <= known)
      GROUP BY 1, 2, 3 HAVING sum(m.amount) <> 0
    ), members AS (
      SELECT b.customer_id, coalesce(b.part, s.member) AS member,
        b.amount * revenue.rate_into_base(o.org_id, b.currency, o.base_currency, o.as_of_day) AS value
      FROM balances AS b
      LEFT JOIN revenue.customer_spans(dimension, o.org_id, known, membership) AS s
        ON s.customer_id = b.customer_id AND s.from_day <= o.as_of_day AND s.to_day > o.as_of_day
    ), customers AS (
      SELECT m.member, sum(m.value) AS value, bool_or(m.value IS NULL) AS without_rate FROM members AS m GROUP BY m.member, m.customer_id
    ), cells AS (
      SELECT c.member, count(*) AS customers, sum(c.value) AS value, count(*) FILTER (WHERE c.without_rate) AS without_rate
      FROM customers AS c GROUP BY c.member
    )
    SELECT o.org_id, c.member, c.customers, trim_scale(c.value), trim_scale(12 * c.value),
      (c.value / nullif(sum(c.value) OVER (), 0))::double precision, c.without_rate, o.base_currency
    FROM cells AS c WHERE revenue.cell_visible(o.org_id, c.customers) ORDER BY c.value DESC NULLS LAST, c.member;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.arr_by IS
  'MRR and ARR by member of a dimension on a day (NULL = today): segment, region, industry, country, product, currency or cohort, the month of the first payment; membership then = what a customer belonged to on that day, or now';

CREATE OR REPLACE VIEW revenue.arr_by_segment AS SELECT * FROM revenue.arr_by('segment');
CREATE OR REPLACE VIEW revenue.arr_by_region AS SELECT * FROM revenue.arr_by('region');
CREATE OR REPLACE VIEW revenue.arr_by_product AS SELECT * FROM revenue.arr_by('product');
CREATE OR REPLACE VIEW revenue.arr_by_cohort AS SELECT * FROM revenue.arr_by('cohort');

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.retention_monthly IS 'Retention over the twelve months up to the close of each of the last thirteen months';
COMMENT ON VIEW revenue.cohort_retention IS 'Retention of customers by the month of their first payment';
COMMENT ON VIEW revenue.arr_by_segment IS 'MRR and ARR by segment today';
COMMENT ON VIEW revenue.arr_by_region IS 'MRR and ARR by region today';
COMMENT ON VIEW revenue.arr_by_product IS 'MRR and ARR by product today';
COMMENT ON VIEW revenue.arr_by_cohort IS 'MRR and ARR by month of the first payment today';
COMMENT ON COLUMN revenue.retention_monthly.reason IS 'Why a ratio is missing, or what the amounts leave out';
COMMENT ON COLUMN revenue.cohort_retention.cohort IS 'Period of the first payment';
COMMENT ON COLUMN revenue.arr_by_segment.member IS 'Segment; NULL = unknown';
COMMENT ON COLUMN revenue.arr_by_region.member IS 'Region; NULL = unknown';
COMMENT ON COLUMN revenue.arr_by_product.member IS 'Product; NULL = unknown';
COMMENT ON COLUMN revenue.arr_by_cohort.member IS 'Month of the first payment';
SELECT revenue.comment_view_columns('{
  "month": "Month at whose close, or at as_of, the window ends", "window_from": "First day of the window", "window_to": "Day after its last",
  "months": "Length of the window in months", "opening_mrr": "What the opening customers paid, at the rates before the window",
  "retained_mrr": "What those customers pay at the close, at the same rates", "nrr": "retained_mrr / opening_mrr",
  "gross_retained_mrr": "The same with no customer above what he paid at the opening", "grr": "gross_retained_mrr / opening_mrr, never above 1",
  "opening_customers": "Paying customers at the opening", "lost_customers": "How many of them pay nothing at the close",
  "logo_churn": "lost_customers / opening_customers", "new_and_lost_customers": "Customers who came and went within the window",
  "gained_mrr": "New, expansion and reactivation of the window", "given_up_mrr": "Contraction and churn of the window, as a positive amount",
  "quick_ratio": "gained_mrr / given_up_mrr", "cohort_customers": "Customers of the cohort", "customers": "Paying customers",
  "customer_retention": "customers / cohort_customers", "cohort_mrr": "What the customers of the cohort first paid, added up",
  "mrr_retention": "mrr / cohort_mrr", "age": "Periods since that of the first payment", "share": "Share of the total",
  "mrr": "MRR in the reporting currency; NULL = no exchange rate", "arr": "12 x mrr",
  "customers_without_rate": "Customers who pay in a currency without an exchange rate, which mrr does not contain", "period_from": "First day of the period",
  "reporting_currency": "The organisation''s base currency"
}');
