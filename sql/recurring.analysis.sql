-- The room recurring: why customers leave, who stays by segment and plan, and what belongs to one parent company.

CREATE OR REPLACE FUNCTION revenue.check_customer_dimension(dimension text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(dimension, '') NOT IN ('all', 'segment', 'plan', 'region', 'industry', 'country', 'cohort') THEN
    RAISE EXCEPTION 'there are no figures of customers by "%"', left(dimension, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use all, segment, plan, region, industry, country or cohort.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_customer_dimension IS 'For functions that take a dimension of customers: an error with a hint where there is none of this name';

-- The plan of a customer is that of the item he pays most for; after the last one ends it stays.
CREATE OR REPLACE FUNCTION revenue.customer_groups(dimension text, org integer)
RETURNS TABLE (customer_id text, member text, from_day date, to_day date)
LANGUAGE sql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '64MB' AS $$
  SELECT s.customer_id, s.member, s.from_day, s.to_day FROM revenue.customer_spans(dimension, org) AS s WHERE dimension NOT IN ('all', 'plan')
  UNION ALL
  SELECT d.customer_id, p.plan, CASE WHEN lag(d.day) OVER past IS NULL THEN '-infinity' ELSE d.day END, lead(d.day, 1, 'infinity') OVER past
  FROM (
    SELECT DISTINCT s.customer_id, i.valid_from AS day
    FROM revenue.subscriptions AS s JOIN revenue.subscription_items AS i USING (org_id, subscription_id)
    WHERE dimension = 'plan' AND s.org_id = org) AS d
  CROSS JOIN LATERAL (
    SELECT i.plan FROM revenue.subscriptions AS s JOIN revenue.subscription_items AS i USING (org_id, subscription_id)
    WHERE s.org_id = org AND s.customer_id = d.customer_id AND i.valid_from <= d.day AND i.valid_to > d.day
    ORDER BY i.mrr DESC, i.plan LIMIT 1) AS p
  WINDOW past AS (PARTITION BY d.customer_id ORDER BY d.day)
$$;
REVOKE EXECUTE ON FUNCTION revenue.customer_groups FROM PUBLIC;
COMMENT ON FUNCTION revenue.customer_groups IS
  'For functions with the owner''s rights: the segment, plan and so on of each customer from which day to the day before which; none for all';

CREATE OR REPLACE FUNCTION revenue.churn_reasons(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, period text DEFAULT 'quarter', dimension text DEFAULT 'all',
  as_of date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, member text, reason text,
  churned_customers bigint, all_churned_customers bigint, share double precision,
  churned_mrr numeric, all_churned_mrr numeric, share_by_value double precision, customers_without_rate bigint, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  PERFORM revenue.check_org(org), revenue.check_date_range(from_date, to_date), revenue.check_customer_dimension(dimension),
    revenue.period_of('2000-01-01', period, 1);
  FOR o IN SELECT * FROM revenue.ledger_days(as_of, 'booked', NULL, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH left_us AS (  -- a customer who left in several currencies left once a day
      SELECT m.customer_id, m.booked_day, min(m.reason) AS reason, sum(m.movements) AS n,
        -sum(m.amount * revenue.rate_into_base(o.org_id, m.currency, o.base_currency, m.booked_day)) AS mrr
      FROM revenue.mrr_movements AS m
      WHERE m.org_id = o.org_id AND m.kind = 'churn' AND m.booked_day <= o.as_of_day
        AND (from_date IS NULL OR m.booked_day >= from_date) AND (to_date IS NULL OR m.booked_day < to_date)
      GROUP BY m.customer_id, m.booked_day HAVING sum(m.movements) > 0
    ), told AS (
      SELECT p.period_from, p.period_to, g.member, coalesce((
          SELECT s.cancel_reason FROM revenue.subscriptions AS s
          WHERE s.org_id = o.org_id AND s.customer_id = l.customer_id AND s.cancel_reason <> ''
            AND (s.cancelled_on IS NULL OR s.cancelled_on <= l.booked_day)
          ORDER BY s.cancelled_on DESC NULLS LAST, s.subscription_id LIMIT 1), l.reason) AS reason, l.mrr
      FROM left_us AS l
      CROSS JOIN LATERAL revenue.period_of(l.booked_day, period, o.fiscal_year_start) AS p
      LEFT JOIN revenue.customer_groups(dimension, o.org_id) AS g
        ON g.customer_id = l.customer_id AND g.from_day <= l.booked_day - 1 AND g.to_day > l.booked_day - 1
    ), cells AS (
      SELECT t.period_from, t.period_to, t.member, t.reason, count(*) AS n, count(t.mrr) AS valued, coalesce(sum(t.mrr), 0) AS mrr
      FROM told AS t GROUP BY 1, 2, 3, 4
    ), totals AS (
      SELECT c.*, (sum(c.n) OVER whole)::bigint AS all_n, sum(c.mrr) OVER whole AS all_mrr,
        bool_and(revenue.cell_visible(o.org_id, least(c.n, nullif(c.valued, 0)))) OVER whole AS all_shown
      FROM cells AS c WINDOW whole AS (PARTITION BY c.period_from, c.member)
    )
    SELECT o.org_id, coalesce(t.period_from, from_date), coalesce(t.period_to, to_date), t.member, t.reason, t.n,
      CASE WHEN t.all_shown THEN t.all_n END, CASE WHEN t.all_shown THEN t.n / t.all_n::double precision END,
      revenue.visible_total(o.org_id, t.valued, trim_scale(t.mrr)), CASE WHEN t.all_shown THEN trim_scale(t.all_mrr) END,
      CASE WHEN t.all_shown THEN (t.mrr / nullif(t.all_mrr, 0))::double precision END, t.n - t.valued, o.base_currency
    FROM totals AS t WHERE revenue.cell_visible(o.org_id, t.n)
    ORDER BY t.period_from, t.member, t.n DESC, t.reason;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.churn_reasons IS
  'Why customers left, by count and MRR: each reason (of the cancelled subscription, else of the ledger) in a month, fiscal quarter or year (all = from from_date to the day before to_date), over all or by segment, plan, region, industry, country or cohort as they were the day before, beside all that left there';

CREATE OR REPLACE VIEW revenue.churn_reasons AS SELECT * FROM revenue.churn_reasons();

CREATE OR REPLACE FUNCTION revenue.retention_by(
  dimension text DEFAULT 'segment', as_of date DEFAULT NULL, window_months integer DEFAULT 12, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, member text, window_from date, window_to date, opening_customers bigint, lost_customers bigint,
  logo_churn double precision, opening_mrr numeric, retained_mrr numeric, nrr double precision,
  gross_retained_mrr numeric, grr double precision, customers_without_rate bigint, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
  opens date;
BEGIN
  PERFORM revenue.check_org(org), revenue.check_customer_dimension(dimension);
  IF window_months NOT BETWEEN 1 AND 120 OR window_months IS NULL THEN
    RAISE EXCEPTION 'window_months must be from 1 to 120' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the twelve months up to as_of.';
  END IF;
  FOR o IN SELECT d.*, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, 'booked', NULL, org) AS d ORDER BY d.org_id LOOP
    opens := (o.as_of_day + 1 - make_interval(months => window_months))::date;
    RETURN QUERY
    WITH balances AS (
      SELECT s.customer_id, revenue.rate_into_base(o.org_id, s.currency, o.base_currency, opens - 1) AS rate,
        coalesce(sum(s.amount) FILTER (WHERE s.day < opens), 0) AS opening, sum(s.amount) AS closing
      FROM revenue.customer_steps(o.org_id, o.as_of_day) AS s GROUP BY s.customer_id, s.currency
    ), customers AS (
      SELECT b.customer_id, bool_or(b.opening > 0) AS opened, bool_or(b.closing > 0) AS stays,
        coalesce(sum(b.opening * b.rate), 0) AS opening, coalesce(sum(b.closing * b.rate), 0) AS closing,
        bool_or(b.rate IS NULL AND b.opening <> 0) AS without_rate
      FROM balances AS b GROUP BY b.customer_id
    ), cells AS (
      SELECT g.member, count(*) FILTER (WHERE c.opened) AS n, count(*) FILTER (WHERE c.opened AND NOT c.stays) AS lost,
        count(*) FILTER (WHERE c.opening > 0) AS rated,
        coalesce(sum(c.opening) FILTER (WHERE c.opening > 0), 0) AS opening, coalesce(sum(c.closing) FILTER (WHERE c.opening > 0), 0) AS closing,
        coalesce(sum(least(c.closing, c.opening)) FILTER (WHERE c.opening > 0), 0) AS kept,
        count(*) FILTER (WHERE c.without_rate) AS without_rate
      FROM customers AS c
      LEFT JOIN revenue.customer_groups(dimension, o.org_id) AS g
        ON g.customer_id = c.customer_id AND g.from_day <= opens - 1 AND g.to_day > opens - 1
      GROUP BY g.member
    )
    SELECT o.org_id, c.member, opens, o.as_of_day + 1, CASE WHEN o.sees_all THEN c.n END, CASE WHEN o.sees_all THEN c.lost END,
      CASE WHEN o.sees_all THEN c.lost::double precision / nullif(c.n, 0) ELSE round(c.lost::numeric / nullif(c.n, 0), 2)::double precision END,
      CASE WHEN o.sees_all THEN trim_scale(c.opening) END, CASE WHEN o.sees_all THEN trim_scale(c.closing) END,
      CASE WHEN o.sees_all THEN (c.closing / nullif(c.opening, 0))::double precision
        WHEN c.rated >= 5 THEN round(c.closing / nullif(c.opening, 0), 2)::double precision END,
      CASE WHEN o.sees_all THEN trim_scale(c.kept) END,
      CASE WHEN o.sees_all THEN (c.kept / nullif(c.opening, 0))::double precision
        WHEN c.rated >= 5 THEN round(c.kept / nullif(c.opening, 0), 2)::double precision END,
      CASE WHEN o.sees_all THEN c.without_rate END, o.base_currency
    FROM cells AS c WHERE c.n > 0 AND (o.sees_all OR c.n >= 5)
    ORDER BY c.member;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.retention_by IS
  'Net and gross retention and logo churn of the window_months up to as_of (NULL = today) by segment, plan, region, industry, country or cohort, as customers were when the window opened, at the rates of then; all = in one row. A viewer sees rounded ratios of at least five';

CREATE OR REPLACE VIEW revenue.retention_by_segment AS SELECT * FROM revenue.retention_by('segment');
CREATE OR REPLACE VIEW revenue.retention_by_plan AS SELECT * FROM revenue.retention_by('plan');

CREATE OR REPLACE FUNCTION revenue.cohort_retention_by(
  dimension text DEFAULT 'segment', as_of date DEFAULT NULL, period text DEFAULT 'quarter', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, member text, cohort date, period_from date, age integer, cohort_customers bigint, customers bigint,
  customer_retention double precision, cohort_mrr numeric, mrr numeric, mrr_retention double precision, customers_without_rate bigint,
  reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
BEGIN
  PERFORM revenue.check_org(org), revenue.check_customer_dimension(dimension);
  IF coalesce(period, '') NOT IN ('month', 'quarter', 'year') THEN
    RAISE EXCEPTION 'unknown period "%"', left(period, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use month, quarter or year.';
  END IF;
  FOR o IN SELECT d.*, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, 'booked', NULL, org) AS d ORDER BY d.org_id LOOP
    RETURN QUERY
    WITH steps AS MATERIALIZED (
      SELECT s.customer_id, s.day, s.amount, revenue.rate_into_base(o.org_id, s.currency, o.base_currency, o.as_of_day) AS rate
      FROM revenue.customer_steps(o.org_id, o.as_of_day) AS s
    ), unrated AS MATERIALIZED (
      SELECT DISTINCT s.customer_id FROM steps AS s WHERE s.rate IS NULL
    ), ledgers AS MATERIALIZED (
      SELECT g.member, revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount) AS everybody,
        revenue.mrr_ledger(s.customer_id, s.day, NULL, s.amount * s.rate) FILTER (WHERE s.customer_id NOT IN (SELECT u.customer_id FROM unrated AS u)) AS rated
      FROM steps AS s
      LEFT JOIN revenue.customer_groups(dimension, o.org_id) AS g
        ON g.customer_id = s.customer_id AND g.from_day <= o.as_of_day AND g.to_day > o.as_of_day
      GROUP BY g.member
    )
    SELECT o.org_id, l.member, c.cohort, c.period_from, c.age, c.cohort_customers, CASE WHEN o.sees_all THEN c.customers END,
      CASE WHEN o.sees_all THEN c.customer_retention ELSE round(c.customer_retention::numeric, 2)::double precision END,
      CASE WHEN o.sees_all THEN trim_scale(c.cohort_mrr) END, CASE WHEN o.sees_all THEN trim_scale(c.mrr) END,
      CASE WHEN o.sees_all THEN c.mrr_retention
        WHEN c.cohort_customers - c.customers_without_rate >= 5 THEN round(c.mrr_retention::numeric, 2)::double precision END,
      CASE WHEN o.sees_all THEN c.customers_without_rate END, o.base_currency
    FROM ledgers AS l
    CROSS JOIN LATERAL revenue.rated_cohorts(l.everybody, l.rated, period, greatest((o.as_of_day - interval '100 years')::date, '0001-01-01'), o.as_of_day + 1,
      jsonb_build_object('week_start', o.week_start, 'fiscal_year_start', o.fiscal_year_start)) AS c
    WHERE o.sees_all OR c.cohort_customers >= 5
    ORDER BY l.member, c.cohort, c.age;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.cohort_retention_by IS
  'cohort_retention() by segment, plan, region, industry or country, as customers are at as_of: how many of each cohort there still are and what they pay. A viewer sees rounded ratios of cohorts of at least five';

CREATE OR REPLACE VIEW revenue.cohort_retention_by_segment AS SELECT * FROM revenue.cohort_retention_by('segment');
CREATE OR REPLACE VIEW revenue.cohort_retention_by_plan AS SELECT * FROM revenue.cohort_retention_by('plan');

-- Parent companies ----------------------------------------------------------------------------
-- The path ends a climb where companies own each other in a circle: such have the first of them by key as their root.

CREATE OR REPLACE FUNCTION revenue.account_parents()
RETURNS TABLE (org_id integer, root_account_id text, account_id text, depth integer)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000 SET enable_nestloop = off SET jit = off BEGIN ATOMIC
  WITH RECURSIVE edges AS MATERIALIZED (
    SELECT a.org_id, a.account_id, p.account_id AS parent
    FROM revenue.accounts AS a LEFT JOIN revenue.accounts AS p ON p.org_id = a.org_id AND p.account_id = a.parent_account_id
  ), below AS (
    SELECT e.org_id, e.account_id AS root, e.account_id, 0 AS depth FROM edges AS e WHERE e.parent IS NULL
    UNION ALL
    SELECT b.org_id, b.root, e.account_id, b.depth + 1
    FROM below AS b JOIN edges AS e ON e.org_id = b.org_id AND e.parent = b.account_id
  ), circular AS MATERIALIZED (  -- what no top leads to is in a circle, or below one
    SELECT e.* FROM edges AS e LEFT JOIN below AS b ON b.org_id = e.org_id AND b.account_id = e.account_id WHERE b.account_id IS NULL
  ), above AS (
    SELECT c.org_id, c.account_id, c.account_id AS parent, 0 AS depth, ARRAY[c.account_id] AS path FROM circular AS c
    UNION ALL
    SELECT u.org_id, u.account_id, c.parent, u.depth + 1, u.path || c.parent
    FROM above AS u JOIN circular AS c ON c.org_id = u.org_id AND c.account_id = u.parent
    WHERE c.parent <> ALL (u.path) AND u.depth < 100
  ), ends AS (
    SELECT DISTINCT ON (u.org_id, u.account_id) u.* FROM above AS u ORDER BY u.org_id, u.account_id, u.depth DESC
  )
  SELECT b.org_id, b.root, b.account_id, b.depth FROM below AS b
  UNION ALL
  SELECT u.org_id, (SELECT min(m) FROM unnest(u.path[coalesce(array_position(u.path, c.parent), 1):]) AS m), u.account_id, u.depth
  FROM ends AS u JOIN circular AS c ON c.org_id = u.org_id AND c.account_id = u.parent;
END;
COMMENT ON FUNCTION revenue.account_parents IS
  'Every account with the company at the top of those it belongs to (itself where it has no known parent), however deep; of companies in a circle that is the first by key';

CREATE OR REPLACE FUNCTION revenue.account_rollup(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, root_account_id text, name text, accounts bigint, open_deals bigint, open_value numeric,
  won_deals bigint, lost_deals bigint, win_rate double precision, won_value numeric, mrr numeric, arr numeric,
  deals_without_value bigint, reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH roots AS MATERIALIZED (
    SELECT p.* FROM revenue.account_parents() AS p
    WHERE p.org_id = ANY (revenue.visible_orgs('member')) AND (account_rollup.org IS NULL OR p.org_id = account_rollup.org)
  ), deals AS (
    SELECT s.org_id, s.account_id, count(*) AS open, 0::bigint AS won, 0::bigint AS lost, coalesce(sum(s.reporting_amount), 0) AS open_value,
      0::numeric AS won_value, count(*) - count(s.reporting_amount) AS without, 0::numeric AS mrr
    FROM revenue.deal_scores(as_of) AS s GROUP BY s.org_id, s.account_id
    UNION ALL
    SELECT c.org_id, c.account_id, 0, count(*) FILTER (WHERE c.won), count(*) FILTER (WHERE NOT c.won), 0,
      coalesce(sum(c.reporting_amount) FILTER (WHERE c.won), 0), count(*) FILTER (WHERE c.won AND c.reporting_amount IS NULL), 0
    FROM revenue.closed_deals(as_of) AS c GROUP BY c.org_id, c.account_id
    UNION ALL
    SELECT m.org_id, m.account_id, 0, 0, 0, 0, 0, 0, sum(b.mrr)
    FROM revenue.orgs AS o
    CROSS JOIN LATERAL revenue.customer_mrr((moment AT TIME ZONE o.time_zone)::date, NULL, 'booked', o.org_id) AS b
    JOIN revenue.customer_members(org) AS m ON m.org_id = b.org_id AND m.customer_id = b.customer_id
    WHERE o.org_id IN (SELECT r.org_id FROM roots AS r)
    GROUP BY m.org_id, m.account_id
  )
  SELECT r.org_id, r.root_account_id, a.name, count(DISTINCT r.account_id), coalesce(sum(d.open), 0)::bigint, trim_scale(coalesce(sum(d.open_value), 0)),
    coalesce(sum(d.won), 0)::bigint, coalesce(sum(d.lost), 0)::bigint, (sum(d.won) / nullif(sum(d.won + d.lost), 0))::double precision,
    trim_scale(coalesce(sum(d.won_value), 0)), trim_scale(coalesce(sum(d.mrr), 0)), trim_scale(12 * coalesce(sum(d.mrr), 0)),
    coalesce(sum(d.without), 0)::bigint, o.base_currency
  FROM roots AS r
  JOIN revenue.orgs AS o USING (org_id)
  JOIN revenue.accounts AS a ON a.org_id = r.org_id AND a.account_id = r.root_account_id
  LEFT JOIN deals AS d ON d.org_id = r.org_id AND d.account_id = r.account_id
  GROUP BY r.org_id, r.root_account_id, a.name, o.base_currency
  ORDER BY r.org_id, r.root_account_id;
END $$;
COMMENT ON FUNCTION revenue.account_rollup IS
  'Deals and recurring revenue rolled up to the company at the top: its accounts at any depth, open pipeline, won, lost and win rate, MRR and ARR at as_of (NULL = now); parents are those of today, and what has no account is left out. Members and above';

CREATE OR REPLACE VIEW revenue.account_rollup WITH (security_invoker) AS SELECT * FROM revenue.account_rollup();

COMMENT ON VIEW revenue.churn_reasons IS 'Why customers left, by fiscal quarter';
COMMENT ON VIEW revenue.retention_by_segment IS 'Retention of the last twelve months by segment';
COMMENT ON VIEW revenue.retention_by_plan IS 'Retention of the last twelve months by plan';
COMMENT ON VIEW revenue.cohort_retention_by_segment IS 'Retention of customers by segment and the quarter of their first payment';
COMMENT ON VIEW revenue.cohort_retention_by_plan IS 'Retention of customers by plan and the quarter of their first payment';
COMMENT ON VIEW revenue.account_rollup IS 'Deals and recurring revenue rolled up to the company at the top of each group';
COMMENT ON COLUMN revenue.churn_reasons.share IS 'churned_customers / all_churned_customers';
COMMENT ON COLUMN revenue.churn_reasons.share_by_value IS 'churned_mrr / all_churned_mrr';
COMMENT ON COLUMN revenue.account_rollup.name IS 'Name of the company at the top';
COMMENT ON COLUMN revenue.account_rollup.accounts IS 'Accounts of the group, itself included';
COMMENT ON COLUMN revenue.account_rollup.open_deals IS 'Open deals';
COMMENT ON COLUMN revenue.account_rollup.open_value IS 'Their value';
COMMENT ON COLUMN revenue.account_rollup.won_value IS 'Value of the won deals, at the rates of their days';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "member": "Member of the dimension; NULL = unknown, or all", "reason": "Why they left",
  "period_from": "First day of the period", "period_to": "Day after its last", "churned_customers": "Customers who left for the reason",
  "all_churned_customers": "Customers who left for any", "churned_mrr": "MRR they paid", "all_churned_mrr": "MRR of all who left",
  "customers_without_rate": "Customers that no sum contains: no exchange rate", "reporting_currency": "The organisation''s base currency",
  "root_account_id": "Company at the top", "won_deals": "Won deals", "lost_deals": "Lost deals", "win_rate": "won_deals / (won_deals + lost_deals)",
  "mrr": "MRR at the rates of the day", "arr": "12 x MRR", "deals_without_value": "Open and won deals that no sum contains: no amount or no exchange rate",
  "cohort": "Period of the first payment", "period_from": "First day of the period", "age": "Periods since that of the first payment",
  "cohort_customers": "Customers of the cohort", "customers": "Paying customers of it at the close of the period",
  "customer_retention": "customers / cohort_customers", "cohort_mrr": "What the customers of the cohort first paid, added up",
  "mrr_retention": "mrr / cohort_mrr", "window_from": "First day of the window", "window_to": "Day after its last",
  "opening_customers": "Paying customers at the opening", "lost_customers": "How many of them pay nothing at the close",
  "logo_churn": "lost_customers / opening_customers", "opening_mrr": "What the opening customers paid, at the rates before the window",
  "retained_mrr": "What those customers pay at the close, at the same rates", "nrr": "retained_mrr / opening_mrr",
  "gross_retained_mrr": "The same with no customer above what they paid at the opening", "grr": "gross_retained_mrr / opening_mrr, never above 1"
}');
