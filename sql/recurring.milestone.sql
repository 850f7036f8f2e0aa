-- The room recurring: when ARR reaches a milestone.

CREATE OR REPLACE FUNCTION revenue.simulate_arr(
  current_arr double precision, target double precision, added double precision[], growth double precision[],
  months double precision, draws integer DEFAULT 10000, block integer DEFAULT 3, seed bigint DEFAULT 1)
RETURNS TABLE (
  probability double precision, months_p10 double precision, months_p50 double precision, months_p90 double precision,
  arr_p10 double precision, arr_p50 double precision, arr_p90 double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'simulate_arr';
COMMENT ON FUNCTION revenue.simulate_arr IS
  'Paths of ARR drawn from past months in blocks: the probability to reach the target within so many months, when 10, 50 and 90 of 100 paths are there (NULL = not within 20 years), and the ARR then. added = new and reactivation of each month, growth = (expansion + contraction + churn) / opening';

-- By customer, because only who was there at the opening can be retained or expand. In several currencies a
-- customer is one: what rates made of what he kept is fx, and what he pays beyond it expansion.
CREATE OR REPLACE FUNCTION revenue.arr_composition(
  as_of date DEFAULT NULL, from_date date DEFAULT NULL, known timestamptz DEFAULT NULL, basis text DEFAULT 'booked',
  org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, window_from date, window_to date, opening_arr numeric, lost_arr numeric, retained_arr numeric,
  expansion_arr numeric, new_arr numeric, fx_arr numeric, closing_arr numeric, opening_customers bigint,
  lost_customers bigint, expanded_customers bigint, new_customers bigint, closing_customers bigint,
  customers_without_rate bigint, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  o record;
  first_day date;
BEGIN
  PERFORM revenue.check_org(org);
  IF from_date NOT BETWEEN '0001-02-01' AND '9999-12-30' THEN
    RAISE EXCEPTION 'from_date must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the year up to as_of.';
  END IF;
  FOR o IN SELECT d.*, d.org_id = ANY (revenue.visible_orgs('member')) AS sees_all
           FROM revenue.ledger_days(as_of, basis, NULL, org) AS d ORDER BY d.org_id LOOP
    first_day := coalesce(from_date, greatest(revenue.months_before(o.as_of_day, 12) + 1, '0001-02-01'));
    IF first_day > o.as_of_day THEN
      RAISE EXCEPTION 'from_date must not come after as_of' USING ERRCODE = 'invalid_parameter_value',
        HINT = 'It is the first day of the window, as_of its last.';
    END IF;
    RETURN QUERY
    WITH balances AS (
      SELECT s.customer_id, s.currency, coalesce(sum(s.amount) FILTER (WHERE s.day < first_day), 0) AS before, sum(s.amount) AS after
      FROM revenue.customer_steps(o.org_id, o.as_of_day, known, basis) AS s GROUP BY s.customer_id, s.currency
    ), rates AS MATERIALIZED (
      SELECT c.currency,
        revenue.rate_into_base(o.org_id, c.currency, o.base_currency, first_day - 1) AS opening_rate,
        revenue.rate_into_base(o.org_id, c.currency, o.base_currency, o.as_of_day) AS closing_rate
      FROM (SELECT DISTINCT b.currency FROM balances AS b) AS c
    ), customers AS (
      SELECT 12 * sum(b.before * coalesce(r.opening_rate, 0)) AS opening, 12 * sum(b.before * coalesce(r.closing_rate, 0)) AS revalued,
        12 * sum(b.after * coalesce(r.closing_rate, 0)) AS closing, bool_or(b.before > 0) AS was_here, bool_or(b.after > 0) AS is_here,
        bool_or(b.before > 0 AND r.opening_rate IS NULL OR b.after > 0 AND r.closing_rate IS NULL) AS without_rate
      FROM balances AS b JOIN rates AS r USING (currency) GROUP BY b.customer_id
    ), kept AS (
      SELECT c.*, CASE WHEN c.revalued > 0 THEN least(c.revalued, c.closing) ELSE 0 END AS kept FROM customers AS c
    ), parts AS (
      SELECT k.*, CASE WHEN k.revalued IN (k.opening, 0) THEN k.kept ELSE round(k.kept * k.opening / k.revalued, 6) END AS retained FROM kept AS k
    ), sums AS (
      SELECT sum(p.opening) AS opening, sum(p.retained) AS retained,
        coalesce(sum(p.closing - p.kept) FILTER (WHERE p.revalued > 0), 0) AS expansion,
        coalesce(sum(p.closing) FILTER (WHERE p.revalued <= 0), 0) AS added, sum(p.kept - p.retained) AS fx, sum(p.closing) AS closing,
        count(*) FILTER (WHERE p.was_here) AS opening_count, count(*) FILTER (WHERE p.was_here AND NOT p.is_here) AS lost_count,
        count(*) FILTER (WHERE p.revalued > 0 AND p.closing > p.kept) AS expanded_count,
        count(*) FILTER (WHERE p.is_here AND NOT p.was_here) AS new_count, count(*) FILTER (WHERE p.is_here) AS closing_count,
        count(*) FILTER (WHERE p.without_rate) AS without_rate
      FROM parts AS p
    ), shown AS (
      SELECT s.*, o.sees_all OR NOT EXISTS (
        SELECT FROM unnest(ARRAY[s.opening_count, s.lost_count, s.expanded_count, s.new_count, s.closing_count]) AS n WHERE n BETWEEN 1 AND 4) AS all_shown
      FROM sums AS s WHERE s.closing IS NOT NULL
    )
    SELECT o.org_id, first_day, o.as_of_day + 1, trim_scale(s.opening), trim_scale(s.opening - s.retained), trim_scale(s.retained),
      trim_scale(s.expansion), trim_scale(s.added), trim_scale(s.fx), trim_scale(s.closing), s.opening_count, s.lost_count,
      s.expanded_count, s.new_count, s.closing_count, s.without_rate, o.base_currency
    FROM shown AS s WHERE s.all_shown;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.arr_composition IS
  'What ARR at as_of (NULL = today) consists of by origin, since from_date (NULL = a year before): retained + expansion + new + fx = closing, exactly; opening - lost = retained; who came back counts as new. A viewer sees it where each part is of no or of at least five customers';

CREATE OR REPLACE VIEW revenue.arr_composition WITH (security_invoker) AS SELECT * FROM revenue.arr_composition();
COMMENT ON VIEW revenue.arr_composition IS 'What ARR consists of today by origin, over the last year: retained + expansion + new + fx = closing';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "window_from": "First day of the window", "window_to": "Day after its last",
  "opening_arr": "ARR at the end of the day before the window, at the rates of that day", "lost_arr": "What opening customers gave up of it",
  "retained_arr": "What they still pay of it, at opening rates", "expansion_arr": "What they pay beyond it",
  "new_arr": "What customers pay who did not at the opening, those who came back included",
  "fx_arr": "What exchange rates made of the retained", "closing_arr": "ARR at the end of the window",
  "opening_customers": "Paying customers at the opening", "lost_customers": "Those of them who pay nothing at the close",
  "expanded_customers": "Those of them who pay more", "new_customers": "Customers who pay and did not at the opening",
  "closing_customers": "Paying customers at the close",
  "customers_without_rate": "Customers who pay, or paid, in a currency without an exchange rate, which no amount contains", "reporting_currency": "The organisation''s base currency"
}');

CREATE OR REPLACE FUNCTION revenue.arr_milestone(
  target numeric, target_date date, as_of date DEFAULT NULL, history_months integer DEFAULT 24, velocity_days integer DEFAULT 90,
  draws integer DEFAULT 10000, seed bigint DEFAULT 1, known timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  days_a_month CONSTANT numeric := 365.25 / 12;
  chosen integer := revenue.current_org(org);
  today date := coalesce(as_of, revenue.org_today(chosen));
  days_left integer;
  reason text;
  now_at record;
  history record;
  path record;
  forecast jsonb;
BEGIN
  IF target IS NULL OR NOT (target >= 0.000001 AND target <= 1e12) THEN
    RAISE EXCEPTION 'target must be an amount above 0' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the ARR to reach, in the organisation''s base currency, at most a trillion.';
  ELSIF target_date IS NULL OR today NOT BETWEEN '0001-02-01' AND '9999-12-30' OR target_date NOT BETWEEN today AND today + 7300 THEN
    RAISE EXCEPTION 'target_date must lie within twenty years from as_of' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the day by which the target is to be reached.';
  ELSIF history_months IS NULL OR history_months NOT BETWEEN 3 AND 120 THEN
    RAISE EXCEPTION 'history_months must be from 3 to 120' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the last 24 full months.';
  ELSIF velocity_days IS NULL OR velocity_days NOT BETWEEN 1 AND 3660 THEN
    RAISE EXCEPTION 'velocity_days must be from 1 to 3660' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the last 90 days.';
  END IF;
  days_left := target_date - today;

  -- Where it stands, how fast it goes and since when each mark is passed.
  WITH days AS MATERIALIZED (
    SELECT d.period_from AS day, d.closing_arr, d.net_new_arr, d.reporting_currency
    FROM revenue.arr_daily(today, known, NULL, 'booked', NULL, chosen) AS d
  ), latest AS (
    SELECT d.closing_arr AS current_arr, d.reporting_currency AS currency FROM days AS d ORDER BY d.day DESC LIMIT 1
  )
  SELECT l.current_arr, l.currency, v.per_day,
    (SELECT jsonb_agg(jsonb_build_object('percent', p, 'arr', trim_scale(target * p / 100), 'reached', l.current_arr >= target * p / 100,
       'first_reached_on', (SELECT min(d.day) FROM days AS d WHERE d.closing_arr >= target * p / 100)) ORDER BY p)
     FROM unnest('{90,95,99,100}'::integer[]) AS p) AS milestones,
    (SELECT jsonb_object_agg(g.name, round(l.current_arr / nullif(d.closing_arr, 0) - 1, 6))
     FROM (VALUES ('mom', 1), ('qoq', 3), ('yoy', 12)) AS g(name, months)
     LEFT JOIN days AS d ON d.day = revenue.months_before(today, g.months)) AS growth
  INTO now_at
  FROM latest AS l
  CROSS JOIN LATERAL (
    SELECT CASE WHEN count(*) = count(d.net_new_arr) THEN sum(d.net_new_arr) / velocity_days END AS per_day
    FROM days AS d WHERE d.day > today - velocity_days) AS v;
  IF now_at IS NULL OR now_at.current_arr IS NULL THEN
    RETURN jsonb_build_object('as_of', today, 'target_arr', trim_scale(target), 'target_date', target_date, 'days_left', days_left,
      'current_arr', NULL, 'reason', CASE WHEN now_at IS NULL THEN 'no recurring revenue yet' ELSE 'of fewer than five customers' END);
  END IF;

  -- What full months did: what came from outside, and what became of the opening.
  SELECT array_agg((12 * (m.new_mrr + m.reactivation_mrr))::double precision ORDER BY m.period_from) AS added,
    array_agg(greatest(((m.expansion_mrr + m.contraction_mrr + m.churn_mrr) / m.opening_mrr)::double precision, -1) ORDER BY m.period_from) AS growth,
    count(*) AS months, count(*) FILTER (WHERE m.opening_mrr IS NULL) AS hidden
  INTO history
  FROM revenue.arr_monthly(today, known, (date_trunc('month', today) - make_interval(months => history_months))::date, 'booked', NULL, chosen) AS m
  WHERE m.period_to <= today + 1 AND (m.opening_mrr IS NULL OR m.opening_mrr > 0);
  reason := CASE WHEN history.hidden > 0 THEN 'a month is of fewer than five customers'
    WHEN history.months < 3 THEN 'fewer than three full months of history' END;
  IF reason IS NULL THEN
    SELECT * INTO path FROM revenue.simulate_arr(now_at.current_arr::double precision, target::double precision, history.added,
      history.growth, least(days_left / days_a_month, 240)::double precision, draws, 3, seed);
    SELECT jsonb_build_object('probability', path.probability, 'probable_date', d.p50, 'early_date', d.p10, 'late_date', d.p90,
      'arr_p10', round(path.arr_p10::numeric, 2), 'arr_p50', round(path.arr_p50::numeric, 2), 'arr_p90', round(path.arr_p90::numeric, 2))
    INTO forecast
    FROM (SELECT today + ceil(path.months_p10::numeric * days_a_month)::integer AS p10, today + ceil(path.months_p50::numeric * days_a_month)::integer AS p50,
      today + ceil(path.months_p90::numeric * days_a_month)::integer AS p90) AS d;
  END IF;

  RETURN jsonb_build_object(
    'as_of', today, 'currency', now_at.currency, 'target_arr', trim_scale(target), 'target_date', target_date, 'days_left', days_left,
    'current_arr', trim_scale(now_at.current_arr), 'progress', round(now_at.current_arr / target, 6),
    'remaining_arr', trim_scale(greatest(target - now_at.current_arr, 0)),
    'milestone', (SELECT max(p) FROM unnest('{90,95,99,100}'::integer[]) AS p WHERE now_at.current_arr >= target * p / 100),
    'milestones', now_at.milestones, 'growth', now_at.growth,
    'velocity', (SELECT jsonb_build_object('day', round(now_at.per_day, 2), 'week', round(7 * now_at.per_day, 2),
      'month', round(days_a_month * now_at.per_day, 2), 'days', velocity_days)),
    'required_velocity', (SELECT jsonb_build_object('day', round(r.per_day, 2), 'week', round(7 * r.per_day, 2), 'month', round(days_a_month * r.per_day, 2))
      FROM (SELECT CASE WHEN now_at.current_arr >= target THEN 0 ELSE (target - now_at.current_arr) / nullif(days_left, 0) END AS per_day) AS r),
    'composition', (SELECT jsonb_build_object('window_from', c.window_from, 'opening', c.opening_arr, 'lost', c.lost_arr, 'opening_retained', c.retained_arr,
      'expansion', c.expansion_arr, 'new', c.new_arr, 'fx', c.fx_arr, 'closing', c.closing_arr)
      FROM revenue.arr_composition(today, NULL, known, 'booked', chosen) AS c),
    -- from cohorts that do not add up a viewer could subtract
    'cohorts', (SELECT CASE WHEN sum(c.arr) = now_at.current_arr THEN
        jsonb_agg(jsonb_build_object('cohort', c.year, 'customers', c.customers, 'arr', trim_scale(c.arr)) ORDER BY c.year) END
      FROM (SELECT left(b.member, 4) AS year, sum(b.customers) AS customers, sum(b.arr) AS arr
            FROM revenue.arr_by('cohort', today, known, 'booked', org => chosen) AS b GROUP BY 1) AS c),
    'forecast', coalesce(forecast, jsonb_build_object('probability', NULL, 'reason', reason))
      || jsonb_build_object('history_months', history.months, 'draws', draws, 'seed', seed));
END $$;
COMMENT ON FUNCTION revenue.arr_milestone IS
  'How far ARR is from a target and when it gets there: progress, the marks at 90, 95, 99 and 100 percent, velocity and the one required, growth, composition by origin, cohorts, and the probable date and the probability of reaching it by target_date, from paths drawn from the ledger''s own months. The same seed gives the same answer';
