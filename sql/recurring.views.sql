-- The room recurring: MRR and ARR by day, month and member of a dimension, from the ledger. Every figure
-- takes two times: as_of, the last day it looks at, and known, the instant whose belief it tells.

CREATE OR REPLACE FUNCTION revenue.period_start(day date, period text, week_start integer DEFAULT 1, fiscal_year_start integer DEFAULT 1)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN day NOT BETWEEN '0001-01-01' AND '9999-12-31' OR week_start NOT BETWEEN 1 AND 7
    OR fiscal_year_start NOT BETWEEN 1 AND 12 THEN NULL ELSE CASE period
    WHEN 'day' THEN day
    WHEN 'month' THEN date_trunc('month', day::timestamp)::date
    WHEN 'week' THEN day - (extract(isodow FROM day)::integer - week_start + 7) % 7
    WHEN 'quarter' THEN (date_trunc('month', day::timestamp)
      - make_interval(months => (extract(month FROM day)::integer - fiscal_year_start + 12) % 3))::date
    WHEN 'year' THEN (date_trunc('month', day::timestamp)
      - make_interval(months => (extract(month FROM day)::integer - fiscal_year_start + 12) % 12))::date
  END END;
END;
COMMENT ON FUNCTION revenue.period_start IS
  'First day of the day, week, month, fiscal quarter or fiscal year that a day of the years 1 to 9999 lies in; NULL for another period';

CREATE OR REPLACE FUNCTION revenue.period_after(first_day date, period text) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN first_day BETWEEN '0001-01-01' AND '9999-12-31' THEN CASE period
    WHEN 'day' THEN first_day + 1 WHEN 'week' THEN first_day + 7
    WHEN 'month' THEN (first_day + interval '1 month')::date WHEN 'quarter' THEN (first_day + interval '3 months')::date
    WHEN 'year' THEN (first_day + interval '1 year')::date END END;
END;
COMMENT ON FUNCTION revenue.period_after IS 'First day after the day, week, month, quarter or year that begins on a day';

-- From close to close: the last day of a month is a whole number of months after the last day of another, and
-- 28 February a year after 29 February.
CREATE OR REPLACE FUNCTION revenue.months_before(day date, months integer) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN months_before.day BETWEEN '0001-01-01' AND '9999-12-30' AND months_before.months BETWEEN 0 AND 120000
    THEN (months_before.day + 1 - make_interval(months => months_before.months))::date - 1 END;
END;
COMMENT ON FUNCTION revenue.months_before IS
  'The day on whose end so many months begin that end with a day: the last day of a month is months after the last day of another; NULL outside the years 1 to 9999';

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

-- The sums of the ledger answer for now; what was believed earlier is summed from the ledger itself. Inlined,
-- so that who plans for his arguments reads one of the two.
CREATE OR REPLACE FUNCTION revenue.ledger_cells(
  org integer, until date, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked')
RETURNS TABLE (
  day date, kind text, currency char(3), is_adjustment boolean, amount numeric, movements integer, customers integer)
LANGUAGE sql STABLE ROWS 5000 BEGIN ATOMIC
  SELECT CASE basis WHEN 'valid' THEN d.valid_day ELSE d.booked_day END, CASE basis WHEN 'valid' THEN d.kind ELSE d.booked_kind END,
    d.currency, d.is_adjustment, d.amount, d.movements,
    CASE d.kind WHEN 'new' THEN d.movements WHEN 'reactivation' THEN d.movements WHEN 'churn' THEN -d.movements ELSE 0 END
  FROM revenue.mrr_days AS d
  WHERE known IS NULL AND d.org_id = org AND CASE basis WHEN 'valid' THEN d.valid_day ELSE d.booked_day END <= until
  UNION ALL
  SELECT CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END, CASE basis WHEN 'valid' THEN m.kind ELSE m.booked_kind END,
    m.currency, m.is_adjustment, m.amount, m.movements,
    CASE m.kind WHEN 'new' THEN m.movements WHEN 'reactivation' THEN m.movements WHEN 'churn' THEN -m.movements ELSE 0 END
  FROM revenue.mrr_movements AS m
  WHERE m.recorded_at <= known AND m.org_id = org AND CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END <= until;
END;
REVOKE EXECUTE ON FUNCTION revenue.ledger_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.ledger_cells IS
  'For functions with the owner''s rights: the movements of an organisation by day, kind and currency, cells of any size, whose rows add up';

-- By member of a dimension ---------------------------------------------------------------------
-- A customer is new, expands or churns once, with all that he pays: a kind is his, whatever he paid it for. So
-- what a product gained or lost because he changed from one to another is a transfer, as is all that a customer
-- pays when his account goes to another segment. Transfers add up to nothing over all members, and what is
-- left has the kind, so that each column adds up to that of the total.

CREATE OR REPLACE FUNCTION revenue.customer_members(org integer DEFAULT NULL)
RETURNS TABLE (org_id integer, customer_id text, account_id text, segment text, region text, industry text, country text)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT DISTINCT ON (s.org_id, s.customer_id) s.org_id, s.customer_id, a.account_id, a.segment, a.region, a.industry, a.country
  FROM revenue.subscriptions AS s
  LEFT JOIN revenue.accounts AS a ON a.org_id = s.org_id AND a.account_id = coalesce(s.account_id, s.customer_id)
  WHERE revenue.check_org(org) AND (org IS NULL OR s.org_id = org)
  ORDER BY s.org_id, s.customer_id, a.account_id IS NULL, s.subscription_id;
END;
COMMENT ON FUNCTION revenue.customer_members IS 'The account of each customer and what it belongs to today';

CREATE OR REPLACE FUNCTION revenue.check_ledger_dimension(dimension text, membership text DEFAULT 'then') RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(dimension, '') NOT IN ('segment', 'region', 'industry', 'country', 'product', 'currency', 'cohort') THEN
    RAISE EXCEPTION 'unknown dimension "%"', dimension USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use segment, region, industry, country, product, currency or cohort.';
  ELSIF coalesce(membership, '') NOT IN ('then', 'now') THEN
    RAISE EXCEPTION 'unknown membership "%"', membership USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use then for what a customer belonged to on each day, or now for what he belongs to today, with all his past.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_ledger_dimension IS 'For functions that take a dimension: an error with a hint for one, or for a membership, that the ledger of MRR does not know';

-- What each customer belongs to, and from which day until which. Not inlined, so that nobody plans for few.
CREATE OR REPLACE FUNCTION revenue.customer_spans(
  dimension text, org integer, known timestamptz DEFAULT NULL, membership text DEFAULT 'then')
RETURNS TABLE (customer_id text, member text, member_before text, from_day date, to_day date)
LANGUAGE sql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '64MB' AS $$
  SELECT m.customer_id, m.member, lag(m.member) OVER span, m.from_day, lead(m.from_day, 1, 'infinity') OVER span
  FROM (
    SELECT c.customer_id, coalesce(h.valid_from, '-infinity') AS from_day,
      CASE WHEN h.account_id IS NULL
        THEN CASE dimension WHEN 'segment' THEN c.segment WHEN 'region' THEN c.region WHEN 'industry' THEN c.industry ELSE c.country END
        ELSE CASE dimension WHEN 'segment' THEN h.segment WHEN 'region' THEN h.region WHEN 'industry' THEN h.industry ELSE h.country END
      END AS member
    FROM revenue.customer_members(org) AS c
    LEFT JOIN revenue.account_history AS h ON membership = 'then' AND h.org_id = org AND h.account_id = c.account_id
      AND (known IS NULL OR h.recorded_at <= known)
    WHERE dimension IN ('segment', 'region', 'industry', 'country')
  ) AS m WINDOW span AS (PARTITION BY m.customer_id ORDER BY m.from_day)
  UNION ALL
  SELECT f.customer_id, to_char(min(f.valid_day), 'YYYY-MM'), NULL, '-infinity', 'infinity'
  FROM (
    SELECT m.customer_id, m.valid_day FROM revenue.mrr_movements AS m
    WHERE dimension = 'cohort' AND m.org_id = org AND m.kind = 'new' AND (known IS NULL OR m.recorded_at <= known)
    GROUP BY m.customer_id, m.valid_day HAVING sum(m.movements) > 0
  ) AS f GROUP BY f.customer_id
$$;
COMMENT ON FUNCTION revenue.customer_spans IS
  'For functions that take a dimension: what each customer of an organisation belongs to from which day until which: segment, region, industry or country of his account, or the cohort of his first payment';

-- Who has one product only, as most do, is counted as in the total; what others pay is looked at by day.
CREATE OR REPLACE FUNCTION revenue.member_moves(
  dimension text, org integer, base_currency char(3), until date, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked',
  rate_day date DEFAULT NULL, membership text DEFAULT 'then')
RETURNS TABLE (
  member text, customer_id text, day date, kind text, currency char(3), amount numeric, value numeric, adjusted numeric,
  movements bigint, adjustments bigint, customers bigint)
LANGUAGE sql STABLE ROWS 100000 BEGIN ATOMIC
  WITH steps AS NOT MATERIALIZED (
    SELECT m.customer_id, d.day, m.valid_day, d.kind, m.currency, m.amount, m.movements,
      CASE WHEN m.is_adjustment AND d.kind <> 'transfer' THEN m.movements ELSE 0 END AS adjustments,
      m.amount * coalesce(revenue.rate_into_base(org, m.currency, base_currency, coalesce(rate_day, d.day)), 0) AS value,
      m.is_adjustment AND d.kind NOT IN ('swap', 'transfer') AS restates,
      CASE dimension WHEN 'product' THEN m.product_id ELSE m.currency::text END AS member,
      CASE m.kind WHEN 'new' THEN m.movements WHEN 'reactivation' THEN m.movements WHEN 'churn' THEN -m.movements ELSE 0 END AS customers
    FROM revenue.mrr_movements AS m CROSS JOIN LATERAL (
      SELECT CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END AS day, CASE basis WHEN 'valid' THEN m.kind ELSE m.booked_kind END AS kind) AS d
    WHERE m.org_id = org AND d.day <= until AND (known IS NULL OR m.recorded_at <= known)
  ), spans AS MATERIALIZED (
    SELECT s.* FROM revenue.customer_spans(dimension, org, known, membership) AS s WHERE dimension NOT IN ('product', 'currency')
  ), handed AS (  -- what a customer pays on the eve of the day he belongs to another member
    SELECT s.customer_id, s.member, s.member_before, s.from_day AS day, m.currency, sum(m.amount) AS amount,
      CASE row_number() OVER c WHEN 1 THEN sum(sum(m.customers)) OVER c ELSE 0 END AS customers
    FROM spans AS s JOIN steps AS m ON m.customer_id = s.customer_id AND m.day < s.from_day
    WHERE s.from_day > '-infinity' AND s.from_day <= until AND s.member IS DISTINCT FROM s.member_before
    GROUP BY s.customer_id, s.member, s.member_before, s.from_day, m.currency
    WINDOW c AS (PARTITION BY s.customer_id, s.from_day ORDER BY m.currency ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  ), several AS MATERIALIZED (
    SELECT m.customer_id FROM steps AS m WHERE dimension IN ('product', 'currency') GROUP BY m.customer_id
    HAVING min(m.member) <> max(m.member) OR count(m.member) BETWEEN 1 AND count(*) - 1
  ), parts AS MATERIALIZED (
    SELECT m.customer_id, m.day, m.valid_day, m.kind, m.member, sum(m.amount) AS amount, sum(m.movements) AS movements, sum(m.value) AS value
    FROM steps AS m JOIN several AS v USING (customer_id) GROUP BY m.customer_id, m.day, m.valid_day, m.kind, m.member
  ), sides AS (
    SELECT p.*, sum(p.movements) OVER g AS moves, sum(greatest(p.value, 0)) OVER g AS gained, -sum(least(p.value, 0)) OVER g AS lost,
      sum(abs(p.value)) OVER (PARTITION BY p.customer_id, p.day, p.valid_day, p.kind, p.value > 0 ORDER BY p.member) AS so_far
    FROM parts AS p WINDOW g AS (PARTITION BY p.customer_id, p.day, p.valid_day, p.kind)
  ), split AS (  -- the smaller side is transferred, and of the larger as much, in proportion
    SELECT p.*, CASE
      WHEN p.gained = 0 OR p.lost = 0 THEN 0
      WHEN p.value > 0 AND p.gained > p.lost THEN
        CASE p.so_far WHEN p.gained THEN p.lost ELSE round(p.lost * p.so_far / p.gained, 6) END
          - round(p.lost * (p.so_far - p.value) / p.gained, 6)
      WHEN p.value < 0 AND p.lost > p.gained THEN
        round(p.gained * (p.so_far + p.value) / p.lost, 6)
          - CASE p.so_far WHEN p.lost THEN p.gained ELSE round(p.gained * p.so_far / p.lost, 6) END
      ELSE p.value END AS transferred
    FROM sides AS p
  ), held AS (
    SELECT p.member, p.customer_id, p.day, sum(p.amount) AS change,
      sum(sum(p.amount)) OVER (PARTITION BY p.customer_id, p.member ORDER BY p.day) AS balance
    FROM parts AS p GROUP BY p.member, p.customer_id, p.day
  )
  SELECT s.member, m.customer_id, m.day, m.kind, m.currency, m.amount, m.value, CASE WHEN m.restates THEN m.value ELSE 0 END, m.movements,
    m.adjustments, m.customers
  FROM steps AS m LEFT JOIN spans AS s ON s.customer_id = m.customer_id AND m.day >= s.from_day AND m.day < s.to_day
  WHERE dimension NOT IN ('product', 'currency')
  UNION ALL
  SELECT CASE x.side WHEN 1 THEN h.member ELSE h.member_before END, h.customer_id, h.day, 'transfer', h.currency, x.side * h.amount,
    x.side * h.amount * coalesce(revenue.rate_into_base(org, h.currency, base_currency, coalesce(rate_day, h.day)), 0), 0, h.customers::bigint, 0,
    (x.side * h.customers)::bigint
  FROM handed AS h CROSS JOIN (VALUES (1), (-1)) AS x(side) WHERE h.amount <> 0 OR h.customers <> 0
  UNION ALL
  SELECT m.member, m.customer_id, m.day, CASE WHEN v.customer_id IS NULL THEN m.kind ELSE 'held' END, m.currency, m.amount,
    CASE WHEN v.customer_id IS NULL THEN m.value ELSE 0 END, CASE WHEN m.restates THEN m.value ELSE 0 END,
    CASE WHEN v.customer_id IS NULL THEN m.movements ELSE 0 END, m.adjustments, CASE WHEN v.customer_id IS NULL THEN m.customers ELSE 0 END
  FROM steps AS m LEFT JOIN several AS v USING (customer_id) WHERE dimension IN ('product', 'currency')
  UNION ALL
  SELECT h.member, h.customer_id, h.day, 'held', base_currency, 0, 0, 0, 0, 0, CASE h.balance WHEN 0 THEN -1 ELSE 1 END
  FROM held AS h WHERE h.change <> 0 AND (h.balance = 0 OR h.balance = h.change)
  UNION ALL
  SELECT p.member, p.customer_id, p.day, p.kind, base_currency, 0, p.value - p.transferred, 0, CASE WHEN p.value <> p.transferred THEN p.moves ELSE 0 END, 0, 0
  FROM split AS p
  UNION ALL
  SELECT p.member, p.customer_id, p.day, 'transfer', base_currency, 0, p.transferred, 0, 1, 0, 0 FROM split AS p WHERE p.transferred <> 0;
END;
COMMENT ON FUNCTION revenue.member_moves IS
  'For arr_periods_by() and arr_movements_by(): what moved in an organisation''s MRR by member of a dimension and customer, transfers between members included. What is held of a product or currency, and by how many, stands in rows of the kind held';

-- The total and what it consists of. A balance is revalued at the last day of each period; fx is what that
-- makes of it, so that each row adds up exactly. A viewer sees the parts of at least five customers, and the
-- opening, from which he could subtract, only where he sees them all.
CREATE OR REPLACE FUNCTION revenue.arr_periods_by(
  dimension text DEFAULT 'segment', period text DEFAULT 'month', as_of date DEFAULT NULL, known timestamptz DEFAULT NULL,
  from_date date DEFAULT NULL, basis text DEFAULT 'booked', fx text DEFAULT NULL, membership text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, member text, period_from date, period_to date, opening_mrr numeric, new_mrr numeric, expansion_mrr numeric,
  reactivation_mrr numeric, contraction_mrr numeric, churn_mrr numeric, transfer_mrr numeric, fx_mrr numeric, closing_mrr numeric,
  net_new_arr numeric, closing_arr numeric, adjustment_mrr numeric, opening_customers bigint, new_customers bigint,
  expanded_customers bigint, reactivated_customers bigint, contracted_customers bigint, churned_customers bigint,
  transferred_customers bigint, closing_customers bigint, reporting_currency char(3), currencies_without_rate bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' SET hash_mem_multiplier = 4 AS $$
#variable_conflict use_column
DECLARE
  o record;
  in_all boolean := coalesce(dimension, '') = 'all';
BEGIN
  PERFORM revenue.check_org(org);
  IF NOT in_all THEN PERFORM revenue.check_ledger_dimension(dimension, membership); END IF;
  IF coalesce(period, '') NOT IN ('day', 'week', 'month', 'quarter', 'year') THEN
    RAISE EXCEPTION 'unknown period "%"', period USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use day, week, month, quarter or year.';
  ELSIF from_date NOT BETWEEN '0001-02-01' AND '9999-12-30' THEN
    RAISE EXCEPTION 'from_date must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out to begin with the ledger.';
  END IF;
  FOR o IN SELECT d.*, CASE WHEN d.fixed_rates THEN d.as_of_day END AS rate_day, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, basis, fx, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH moves AS (
      SELECT NULL AS member, c.day, c.kind, c.currency, c.amount, v.value,
        CASE WHEN c.is_adjustment AND c.kind NOT IN ('swap', 'transfer') THEN v.value ELSE 0 END AS adjusted, c.movements,
        CASE WHEN c.is_adjustment AND c.kind <> 'transfer' THEN c.movements ELSE 0 END AS adjustments, c.customers
      FROM revenue.ledger_cells(o.org_id, o.as_of_day, known, basis) AS c
      CROSS JOIN LATERAL (
        SELECT c.amount * coalesce(revenue.rate_into_base(o.org_id, c.currency, o.base_currency, coalesce(o.rate_day, c.day)), 0) AS value) AS v
      WHERE in_all
      UNION ALL
      SELECT m.member, m.day, m.kind, m.currency, m.amount, m.value, m.adjusted, m.movements, m.adjustments, m.customers
      FROM revenue.member_moves(dimension, o.org_id, o.base_currency, o.as_of_day, known, basis, o.rate_day, membership) AS m WHERE NOT in_all
    ), cells AS MATERIALIZED (
      SELECT m.member, revenue.period_start(m.day, period, o.week_start, o.fiscal_year_start) AS first_day, m.kind, m.currency,
        sum(m.amount) AS amount, sum(m.value) AS value, sum(m.adjusted) AS adjusted, sum(m.movements) AS movements,
        sum(m.adjustments) AS adjustments, sum(m.customers) AS customers
      FROM moves AS m GROUP BY 1, 2, 3, 4
    ), spine AS (
      SELECT s::date AS first_day, revenue.period_after(s::date, period) AS next_day
      FROM (SELECT min(c.first_day) AS first_day FROM cells AS c) AS f,
        generate_series(f.first_day::timestamp, o.as_of_day::timestamp,
          CASE period WHEN 'quarter' THEN interval '3 months' ELSE ('1 ' || period)::interval END) AS s
    ), by_currency AS (
      SELECT e.member, e.first_day, max(e.next_day) AS next_day, sum(sum(e.amount)) OVER (PARTITION BY e.member, e.currency ORDER BY e.first_day) AS balance,
        revenue.rate_into_base(o.org_id, e.currency, o.base_currency, coalesce(o.rate_day, least(max(e.next_day) - 1, o.as_of_day))) AS rate,
        sum(e.value) FILTER (WHERE e.kind = 'new') AS new_value, sum(e.value) FILTER (WHERE e.kind = 'expansion') AS expansion_value,
        sum(e.value) FILTER (WHERE e.kind = 'reactivation') AS reactivation_value, sum(e.value) FILTER (WHERE e.kind = 'contraction') AS contraction_value,
        sum(e.value) FILTER (WHERE e.kind = 'churn') AS churn_value, sum(e.value) FILTER (WHERE e.kind = 'transfer') AS transfer_value,
        sum(e.adjusted) AS adjusted_value,
        sum(e.movements) FILTER (WHERE e.kind = 'new') AS new_count, sum(e.movements) FILTER (WHERE e.kind = 'expansion') AS expansion_count,
        sum(e.movements) FILTER (WHERE e.kind = 'reactivation') AS reactivation_count, sum(e.movements) FILTER (WHERE e.kind = 'contraction') AS contraction_count,
        sum(e.movements) FILTER (WHERE e.kind = 'churn') AS churn_count, sum(e.movements) FILTER (WHERE e.kind = 'transfer') AS transfer_count,
        sum(e.adjustments) AS adjusted_count, sum(e.customers) AS customers, count(e.kind) AS cells
      FROM (  -- not a join, which would be planned for any number of currencies
        SELECT k.member, s.first_day, s.next_day, k.currency, NULL AS kind, 0 AS amount, NULL::numeric AS value, NULL::numeric AS adjusted,
          NULL::numeric AS movements, NULL::numeric AS adjustments, 0 AS customers
        FROM spine AS s CROSS JOIN (SELECT DISTINCT c.member, c.currency FROM cells AS c) AS k
        UNION ALL
        SELECT c.member, c.first_day, NULL, c.currency, c.kind, c.amount, c.value, c.adjusted, c.movements, c.adjustments, c.customers FROM cells AS c
      ) AS e GROUP BY e.member, e.first_day, e.currency
    ), sums AS (
      SELECT b.member, b.first_day, max(b.next_day) AS next_day, sum(b.balance * coalesce(b.rate, 0)) AS closing_value,
        count(*) FILTER (WHERE b.rate IS NULL AND b.balance <> 0) AS without_rate,
        coalesce(sum(b.new_value), 0) AS new_value, coalesce(sum(b.expansion_value), 0) AS expansion_value,
        coalesce(sum(b.reactivation_value), 0) AS reactivation_value, coalesce(sum(b.contraction_value), 0) AS contraction_value,
        coalesce(sum(b.churn_value), 0) AS churn_value, coalesce(sum(b.transfer_value), 0) AS transfer_value,
        coalesce(sum(b.adjusted_value), 0) AS adjusted_value,
        coalesce(sum(b.new_count), 0) AS new_count, coalesce(sum(b.expansion_count), 0) AS expansion_count,
        coalesce(sum(b.reactivation_count), 0) AS reactivation_count, coalesce(sum(b.contraction_count), 0) AS contraction_count,
        coalesce(sum(b.churn_count), 0) AS churn_count, coalesce(sum(b.transfer_count), 0) AS transfer_count,
        coalesce(sum(b.adjusted_count), 0) AS adjusted_count,
        sum(sum(b.customers)) OVER (PARTITION BY b.member ORDER BY b.first_day) AS closing_count, sum(b.cells) AS cells
      FROM by_currency AS b GROUP BY b.member, b.first_day
    ), rows AS (
      SELECT s.*, coalesce(lag(s.closing_value) OVER w, 0) AS opening_value, coalesce(lag(s.closing_count) OVER w, 0) AS opening_count
      FROM sums AS s WINDOW w AS (PARTITION BY s.member ORDER BY s.first_day)
    ), shown AS (
      SELECT r.*,
        o.sees_all OR r.new_value = 0 OR r.new_count >= 5 AS new_shown,
        o.sees_all OR r.expansion_value = 0 OR r.expansion_count >= 5 AS expansion_shown,
        o.sees_all OR r.reactivation_value = 0 OR r.reactivation_count >= 5 AS reactivation_shown,
        o.sees_all OR r.contraction_value = 0 OR r.contraction_count >= 5 AS contraction_shown,
        o.sees_all OR r.churn_value = 0 OR r.churn_count >= 5 AS churn_shown,
        o.sees_all OR r.transfer_value = 0 AND r.transfer_count = 0 OR r.transfer_count >= 5 AS transfer_shown,
        o.sees_all OR r.adjusted_value = 0 OR r.adjusted_count >= 5 AS adjusted_shown,
        o.sees_all OR r.closing_value = 0 OR r.closing_count >= 5 AS closing_shown
      FROM rows AS r
    ), known_rows AS (
      SELECT s.*, s.new_shown AND s.expansion_shown AND s.reactivation_shown AND s.contraction_shown AND s.churn_shown AND s.transfer_shown
        AND s.adjusted_shown AND s.closing_shown AND (o.sees_all OR s.opening_value = 0 OR s.opening_count >= 5) AS all_shown
      FROM shown AS s
    )
    SELECT o.org_id, k.member, k.first_day, k.next_day, CASE WHEN k.all_shown THEN trim_scale(k.opening_value) END,
      CASE WHEN k.new_shown THEN trim_scale(k.new_value) END, CASE WHEN k.expansion_shown THEN trim_scale(k.expansion_value) END,
      CASE WHEN k.reactivation_shown THEN trim_scale(k.reactivation_value) END,
      CASE WHEN k.contraction_shown THEN trim_scale(k.contraction_value) END, CASE WHEN k.churn_shown THEN trim_scale(k.churn_value) END,
      CASE WHEN k.transfer_shown THEN trim_scale(k.transfer_value) END,
      CASE WHEN k.all_shown THEN trim_scale(k.closing_value - k.opening_value - k.new_value - k.expansion_value
        - k.reactivation_value - k.contraction_value - k.churn_value - k.transfer_value) END,
      CASE WHEN k.closing_shown THEN trim_scale(k.closing_value) END,
      CASE WHEN k.all_shown THEN trim_scale(12 * (k.new_value + k.expansion_value + k.reactivation_value + k.contraction_value + k.churn_value)) END,
      CASE WHEN k.closing_shown THEN trim_scale(12 * k.closing_value) END,
      CASE WHEN k.adjusted_shown AND k.all_shown THEN trim_scale(k.adjusted_value) END,
      CASE WHEN k.all_shown THEN k.opening_count::bigint END, CASE WHEN k.new_shown THEN k.new_count::bigint END,
      CASE WHEN k.expansion_shown THEN k.expansion_count::bigint END, CASE WHEN k.reactivation_shown THEN k.reactivation_count::bigint END,
      CASE WHEN k.contraction_shown THEN k.contraction_count::bigint END, CASE WHEN k.churn_shown THEN k.churn_count::bigint END,
      CASE WHEN k.all_shown THEN (k.closing_count - k.opening_count - k.new_count - k.reactivation_count + k.churn_count)::bigint END,
      CASE WHEN k.closing_shown THEN k.closing_count::bigint END, o.base_currency, k.without_rate
    FROM known_rows AS k
    WHERE (from_date IS NULL OR k.next_day > from_date)
      AND (in_all OR k.cells > 0 OR k.opening_value <> 0 OR k.closing_value <> 0 OR k.opening_count <> 0 OR k.closing_count <> 0)
    ORDER BY k.first_day, k.member;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.arr_periods_by IS
  'MRR and ARR by period and member of a dimension (segment, region, industry, country, product, currency, cohort; all = the total): opening + new + expansion + reactivation + contraction + churn + transfer + fx = closing, exactly, and the columns of all members add up to those of arr_periods(); transfer is what customers took from one member to another. membership then = as it was on each day, or now';

-- In total ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.arr_periods(
  period text DEFAULT 'month', as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL,
  basis text DEFAULT 'booked', fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS SETOF revenue.arr_period
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH beside AS (
    SELECT d.org_id, revenue.period_start(r.day, period, d.week_start, d.fiscal_year_start) AS period_from, r.kind,
      count(DISTINCT r.customer_id) AS customers,
      sum(r.amount * coalesce(revenue.rate_into_base(d.org_id, r.currency, d.base_currency,
        CASE WHEN d.fixed_rates THEN d.as_of_day ELSE r.day END), 0)) AS value
    FROM revenue.ledger_days(as_of, basis, fx, org) AS d
    JOIN revenue.other_revenue AS r ON r.org_id = d.org_id AND r.kind IN ('one_time', 'metered') AND r.day <= d.as_of_day
    GROUP BY 1, 2, 3
  )
  SELECT p.org_id, p.period_from, p.period_to, p.opening_mrr, p.new_mrr, p.expansion_mrr, p.reactivation_mrr, p.contraction_mrr, p.churn_mrr,
    p.fx_mrr, p.closing_mrr, p.net_new_arr, p.closing_arr, p.adjustment_mrr, p.opening_customers, p.new_customers, p.expanded_customers,
    p.reactivated_customers, p.contracted_customers, p.churned_customers, p.transferred_customers, p.closing_customers, trim_scale(o.value), trim_scale(m.value),
    p.reporting_currency, p.currencies_without_rate
  FROM revenue.arr_periods_by('all', period, as_of, known, from_date, basis, fx, 'then', org) AS p
  LEFT JOIN beside AS o ON o.org_id = p.org_id AND o.period_from = p.period_from AND o.kind = 'one_time' AND revenue.cell_visible(o.org_id, o.customers)
  LEFT JOIN beside AS m ON m.org_id = p.org_id AND m.period_from = p.period_from AND m.kind = 'metered' AND revenue.cell_visible(m.org_id, m.customers)
  ORDER BY p.org_id, p.period_from
$$;
COMMENT ON FUNCTION revenue.arr_periods IS
  'MRR and ARR by day, week, month, fiscal quarter or fiscal year: opening + new + expansion + reactivation + contraction + churn + fx = closing, exactly, with customers beside them; as_of = last day (NULL = today), known = what was believed then (NULL = now), basis booked (closed periods stay) or valid, fx own_line or constant_currency';

CREATE OR REPLACE FUNCTION revenue.arr_monthly(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, basis text DEFAULT 'booked',
  fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS SETOF revenue.arr_period LANGUAGE sql STABLE ROWS 100 BEGIN ATOMIC
  SELECT * FROM revenue.arr_periods('month', as_of, known, from_date, basis, fx, org);
END;
COMMENT ON FUNCTION revenue.arr_monthly IS 'MRR and ARR by month, as arr_periods() gives them';

CREATE OR REPLACE FUNCTION revenue.arr_daily(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, basis text DEFAULT 'booked',
  fx text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS SETOF revenue.arr_period LANGUAGE sql STABLE ROWS 1000 BEGIN ATOMIC
  SELECT * FROM revenue.arr_periods('day', as_of, known, from_date, basis, fx, org);
END;
COMMENT ON FUNCTION revenue.arr_daily IS 'MRR and ARR by day, as arr_periods() gives them';

CREATE OR REPLACE VIEW revenue.arr_monthly WITH (security_invoker) AS SELECT * FROM revenue.arr_monthly();
CREATE OR REPLACE VIEW revenue.arr_daily WITH (security_invoker) AS SELECT * FROM revenue.arr_daily();
CREATE OR REPLACE VIEW revenue.arr_monthly_by_segment WITH (security_invoker) AS SELECT * FROM revenue.arr_periods_by('segment');
CREATE OR REPLACE VIEW revenue.arr_monthly_by_region WITH (security_invoker) AS SELECT * FROM revenue.arr_periods_by('region');
CREATE OR REPLACE VIEW revenue.arr_monthly_by_product WITH (security_invoker) AS SELECT * FROM revenue.arr_periods_by('product');

-- Customer by customer ------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.arr_movements(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, customer_id text, valid_day date, booked_day date, kind text, reason text, product_id text, mrr numeric,
  arr numeric, currency char(3), mrr_original numeric, is_adjustment boolean, recorded_at timestamptz, movements integer,
  reporting_currency char(3))
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT m.org_id, m.customer_id, m.valid_day, m.booked_day, m.booked_kind, m.reason, m.product_id, trim_scale(m.amount * r.rate),
    trim_scale(12 * m.amount * r.rate), m.currency, trim_scale(m.amount), m.is_adjustment, m.recorded_at, m.movements, o.base_currency
  FROM revenue.mrr_movements AS m
  JOIN revenue.orgs AS o USING (org_id)
  CROSS JOIN LATERAL (
    SELECT revenue.rate_into_base(m.org_id, m.currency, o.base_currency, m.valid_day) AS rate) AS r
  WHERE revenue.check_org(org) AND m.org_id = ANY (revenue.visible_orgs('viewer')) AND m.booked_day <= coalesce(as_of, (now() AT TIME ZONE o.time_zone)::date)
    AND (known IS NULL OR m.recorded_at <= known) AND (from_date IS NULL OR m.booked_day >= from_date)
    AND (org IS NULL OR m.org_id = org);
END;
COMMENT ON FUNCTION revenue.arr_movements IS
  'What moved in the MRR of each customer, and why: every line of the ledger booked from from_date to as_of (NULL = today) and recorded by known. What was taken back stands beside it with the opposite sign';

CREATE OR REPLACE VIEW revenue.arr_movements WITH (security_invoker) AS SELECT * FROM revenue.arr_movements();

CREATE OR REPLACE FUNCTION revenue.arr_movements_by(
  dimension text DEFAULT 'segment', as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, from_date date DEFAULT NULL,
  basis text DEFAULT 'booked', membership text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, member text, customer_id text, day date, kind text, mrr numeric, arr numeric, movements bigint,
  reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_ledger_dimension(dimension, membership);
  IF coalesce(basis, '') NOT IN ('booked', 'valid') THEN
    RAISE EXCEPTION 'unknown basis "%"', basis USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use booked for the books, where closed periods stay as they were, or valid for what is now known to have been true.';
  END IF;
  FOR o IN SELECT x.org_id, x.base_currency, coalesce(as_of, (now() AT TIME ZONE x.time_zone)::date) AS as_of_day FROM revenue.orgs AS x
           WHERE x.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR x.org_id = org) ORDER BY x.org_id LOOP
    RETURN QUERY
    SELECT o.org_id, m.member, m.customer_id, m.day, m.kind, trim_scale(sum(m.value)), trim_scale(12 * sum(m.value)),
      sum(m.movements)::bigint, o.base_currency
    FROM revenue.member_moves(dimension, o.org_id, o.base_currency, o.as_of_day, known, basis, NULL, membership) AS m
    WHERE m.kind <> 'held' AND (from_date IS NULL OR m.day >= from_date)
    GROUP BY m.member, m.customer_id, m.day, m.kind
    HAVING sum(m.value) <> 0 OR sum(m.movements) <> 0;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.arr_movements_by IS
  'What arr_periods_by() sums: the movements of each customer by day, kind and member of a dimension, and what went from one member to another as transfer, at the day''s rates. Analysts and above';

CREATE OR REPLACE FUNCTION revenue.customer_mrr(
  as_of date DEFAULT NULL, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, customer_id text, product_id text, mrr numeric, arr numeric, currency char(3), mrr_original numeric,
  reporting_currency char(3))
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT b.org_id, b.customer_id, b.product_id, trim_scale(b.amount * r.rate), trim_scale(12 * b.amount * r.rate), b.currency,
    trim_scale(b.amount), b.base_currency
  FROM (
    SELECT m.org_id, m.customer_id, m.product_id, m.currency, o.base_currency, d.day, sum(m.amount) AS amount
    FROM revenue.mrr_movements AS m
    JOIN revenue.orgs AS o USING (org_id)
    CROSS JOIN LATERAL (SELECT coalesce(as_of, (now() AT TIME ZONE o.time_zone)::date) AS day) AS d
    WHERE revenue.check_org(org) AND m.org_id = ANY (revenue.visible_orgs('viewer')) AND CASE basis WHEN 'valid' THEN m.valid_day ELSE m.booked_day END <= d.day
      AND (known IS NULL OR m.recorded_at <= known) AND (org IS NULL OR m.org_id = org)
    GROUP BY m.org_id, m.customer_id, m.product_id, m.currency, o.base_currency, d.day HAVING sum(m.amount) <> 0
  ) AS b
  CROSS JOIN LATERAL (
    SELECT revenue.rate_into_base(b.org_id, b.currency, b.base_currency, b.day) AS rate) AS r;
END;
COMMENT ON FUNCTION revenue.customer_mrr IS
  'MRR and ARR of each customer on a day (NULL = today), by product and currency, as known then (NULL = now)';

CREATE OR REPLACE VIEW revenue.customer_mrr WITH (security_invoker) AS SELECT * FROM revenue.customer_mrr();

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.arr_monthly IS 'MRR and ARR by month until today: what they opened with, what moved, what they closed with';
COMMENT ON VIEW revenue.arr_daily IS 'MRR and ARR by day until today: what they opened with, what moved, what they closed with';
COMMENT ON VIEW revenue.arr_monthly_by_segment IS 'MRR and ARR by month and segment until today; all segments add up to arr_monthly';
COMMENT ON VIEW revenue.arr_monthly_by_region IS 'MRR and ARR by month and region until today; all regions add up to arr_monthly';
COMMENT ON VIEW revenue.arr_monthly_by_product IS 'MRR and ARR by month and product until today; all products add up to arr_monthly';
COMMENT ON COLUMN revenue.arr_monthly_by_segment.member IS 'Segment; NULL = unknown';
COMMENT ON COLUMN revenue.arr_monthly_by_region.member IS 'Region; NULL = unknown';
COMMENT ON COLUMN revenue.arr_monthly_by_product.member IS 'Product; NULL = unknown';
COMMENT ON VIEW revenue.arr_movements IS 'Every change of every customer''s MRR until today, and why';
COMMENT ON VIEW revenue.customer_mrr IS 'MRR and ARR of each customer today, by product and currency';
COMMENT ON COLUMN revenue.arr_movements.movements IS '1 on the first line of a customer''s day, -1 where that is taken back, else 0: their sum counts movements';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "period_from": "First day of the period", "period_to": "Day after its last",
  "opening_mrr": "MRR at the end of the day before; all amounts are in the reporting currency, each at its day''s rate",
  "new_mrr": "From customers who had never paid", "expansion_mrr": "What paying customers pay more",
  "reactivation_mrr": "From customers who had left and came back", "contraction_mrr": "What customers who stay pay less; negative",
  "churn_mrr": "What customers paid who pay nothing now; negative", "transfer_mrr": "What customers took here from other members, or from here to them; adds up to 0 over all members",
  "fx_mrr": "What exchange rates made of the balance",
  "closing_mrr": "MRR at the end of the period, or of as_of", "net_new_arr": "12 x what moved, without fx", "closing_arr": "12 x closing_mrr",
  "adjustment_mrr": "Of what moved, how much restates what was recorded before or belongs to a closed period",
  "opening_customers": "Paying customers at the opening", "new_customers": "Number of new customers",
  "expanded_customers": "Number of expansions", "reactivated_customers": "Number of reactivations",
  "contracted_customers": "Number of contractions", "churned_customers": "Number of customers lost",
  "transferred_customers": "Customers who came without being new or back, less those who left and were not lost: from and to other members, or by a merge of customers after their months were closed",
  "closing_customers": "Paying customers at the close",
  "one_time_revenue": "One-time revenue of the period, which is no MRR", "metered_revenue": "Metered revenue of the period, which is no MRR",
  "reporting_currency": "The organisation''s base currency",
  "currencies_without_rate": "Currencies with a balance that no sum contains, because no rate is known",
  "customer_id": "Customer", "valid_day": "Day on which the MRR changed", "booked_day": "Day on which the books show it",
  "kind": "new, expansion, reactivation, contraction, churn or swap; transfer where the history of closed days moved to another customer", "reason": "Why: added, removed, seats, price, discount, plan, product, pause, past_due, trial, free or currency",
  "product_id": "Product", "mrr": "MRR in the reporting currency, at the day''s rate", "arr": "12 x mrr", "currency": "Currency it is priced in",
  "mrr_original": "MRR in that currency", "is_adjustment": "Whether it restates what was recorded before or belongs to a closed period",
  "recorded_at": "When it became known"
}');
