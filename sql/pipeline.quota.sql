-- The room pipeline: quotas, what is won and open against them, and the pipeline by forecast category,
-- for reps, teams, managers and the organisation.

-- Periods -------------------------------------------------------------------------------------
-- A period ends before period_to, so that periods meet without a gap.

CREATE OR REPLACE FUNCTION revenue.check_period(period_from date, period_to date) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (period_from IS NULL) <> (period_to IS NULL) THEN
    RAISE EXCEPTION 'a period needs both its ends' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass its first day and the day after its last, or neither.';
  ELSIF NOT period_from BETWEEN '0001-01-02' AND '9999-12-30' OR NOT period_to BETWEEN '0001-01-02' AND '9999-12-30' THEN
    RAISE EXCEPTION 'the period is out of range: % to %', period_from, period_to USING ERRCODE = 'datetime_field_overflow',
      HINT = 'Pass days between the years 1 and 9999.';
  ELSIF period_from >= period_to THEN
    RAISE EXCEPTION 'the period ends before it begins: % to %', period_from, period_to
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass the day after the last one as its end.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_period IS
  'An error with a hint where a period cannot be; without both ends it is left to the caller';

CREATE OR REPLACE FUNCTION revenue.fiscal_quarter(
  day date, fiscal_year_start integer DEFAULT 1, OUT period_from date, OUT period_to date)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT day BETWEEN '0001-01-02' AND '9999-12-30' THEN
    RAISE EXCEPTION 'the day is out of range: %', day USING ERRCODE = 'datetime_field_overflow',
      HINT = 'Pass a day between the years 1 and 9999.';
  ELSIF fiscal_year_start NOT BETWEEN 1 AND 12 THEN
    RAISE EXCEPTION 'invalid fiscal year start %', fiscal_year_start USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use the number of the month, 1 to 12.';
  END IF;
  period_from := date_trunc('month', day::timestamp)
    - interval '1 month' * ((extract(month FROM day)::integer - fiscal_year_start + 12) % 3);
  period_to := period_from + interval '3 months';
END $$;
COMMENT ON FUNCTION revenue.fiscal_quarter IS
  'The quarter that a day lies in, where the fiscal year starts in that month: its first day and the day after its last';

CREATE OR REPLACE FUNCTION revenue.reporting_periods(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL,
  hierarchy text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, name text, base_currency char(3), time_zone text, today date, period_from date, period_to date,
  hierarchy_day date)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_period(from_date, to_date);
  IF hierarchy NOT IN ('then', 'now') THEN
    RAISE EXCEPTION 'unknown hierarchy "%"', hierarchy USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use then for the managers of that time, or now for those of today.';
  END IF;
  RETURN QUERY
  SELECT o.org_id, o.name, o.base_currency, o.time_zone, d.today, p.period_from, p.period_to,
    CASE hierarchy WHEN 'now' THEN (now() AT TIME ZONE o.time_zone)::date ELSE least(d.today, p.period_to - 1) END
  FROM revenue.orgs AS o
  CROSS JOIN LATERAL (
    SELECT (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date AS today) AS d
  CROSS JOIN LATERAL (
    SELECT q.period_from, q.period_to FROM revenue.fiscal_quarter(d.today, o.fiscal_year_start) AS q
    WHERE from_date IS NULL
    UNION ALL
    SELECT from_date, to_date WHERE from_date IS NOT NULL) AS p
  WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org);
END $$;
COMMENT ON FUNCTION revenue.reporting_periods IS
  'The period to report on in every organisation the caller may see, NULL = its fiscal quarter at as_of, and the day whose managers count: then = on the last day of the period, or at as_of while it runs; now = today';

-- Quotas --------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.set_quota(
  kind text, member text, period_from date, period_to date, amount numeric, currency text DEFAULT NULL,
  valid_from date DEFAULT NULL, reason text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  whose text := coalesce(set_quota.member, '');
  latest revenue.quotas;
  other revenue.quotas;
  written revenue.quotas;
BEGIN
  PERFORM revenue.check_period(set_quota.period_from, set_quota.period_to);
  IF set_quota.period_from IS NULL THEN
    RAISE EXCEPTION 'a quota needs a period' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass its first day and the day after its last.';
  ELSIF coalesce(set_quota.kind, '') NOT IN ('rep', 'team', 'manager', 'org') THEN
    RAISE EXCEPTION 'unknown kind of quota "%"', set_quota.kind USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Kinds are rep, team, manager and org.';
  ELSIF (set_quota.kind = 'org') <> (whose = '') OR set_quota.kind <> 'org' AND NOT EXISTS (
    SELECT FROM revenue.reps AS r
    WHERE r.org_id = chosen AND whose = CASE set_quota.kind WHEN 'team' THEN r.team ELSE r.rep_id END) THEN
    RAISE EXCEPTION 'there is no % "%"', set_quota.kind, whose USING ERRCODE = 'invalid_parameter_value',
      HINT = 'member is a rep_id or a team of revenue.reps, and NULL for the organisation.';
  ELSIF NOT set_quota.amount BETWEEN 0 AND 999999999999 THEN
    RAISE EXCEPTION 'amount must be from 0 to 999999999999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'NULL withdraws the quota.';
  ELSIF NOT set_quota.valid_from BETWEEN '0001-01-02' AND '9999-12-30' THEN
    RAISE EXCEPTION 'valid_from is out of range: %', set_quota.valid_from USING ERRCODE = 'datetime_field_overflow',
      HINT = 'Leave it out for today.';
  END IF;
  PERFORM revenue.lock_org(chosen);
  -- Quotas of one member lie apart, so that those of the months are those of the year.
  SELECT * INTO other FROM (
    SELECT DISTINCT ON (q.period_from, q.period_to) q.* FROM revenue.quotas AS q
    WHERE q.org_id = chosen AND q.kind = set_quota.kind AND q.member = whose
    ORDER BY q.period_from, q.period_to, q.version DESC) AS q
  WHERE q.amount IS NOT NULL AND set_quota.amount IS NOT NULL
    AND q.period_from < set_quota.period_to AND q.period_to > set_quota.period_from
    AND (q.period_from, q.period_to) <> (set_quota.period_from, set_quota.period_to) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% has a quota from % to % already',
      CASE set_quota.kind WHEN 'org' THEN 'the organisation' ELSE format('%s "%s"', set_quota.kind, whose) END,
      other.period_from, other.period_to
      USING ERRCODE = 'exclusion_violation',
        HINT = 'Set quotas for the shorter periods, a longer one is their sum; an amount of NULL withdraws a quota.';
  END IF;
  SELECT * INTO latest FROM revenue.quotas AS q
  WHERE q.org_id = chosen AND q.kind = set_quota.kind AND q.member = whose
    AND q.period_from = set_quota.period_from AND q.period_to = set_quota.period_to
  ORDER BY q.version DESC LIMIT 1;
  INSERT INTO revenue.quotas (org_id, kind, member, period_from, period_to, version, amount, currency, valid_from, reason, set_by)
  SELECT chosen, set_quota.kind, whose, set_quota.period_from, set_quota.period_to, coalesce(latest.version, 0) + 1,
    set_quota.amount, coalesce(revenue.currency_code(set_quota.currency), latest.currency, o.base_currency),
    coalesce(set_quota.valid_from, CASE WHEN latest.version IS NULL
      THEN least(revenue.org_today(chosen), set_quota.period_from) ELSE revenue.org_today(chosen) END),
    set_quota.reason, coalesce(revenue.caller_identity(), session_user)
  FROM revenue.orgs AS o WHERE o.org_id = chosen
  RETURNING * INTO written;
  PERFORM revenue.audit('set_quota', 'quota', concat_ws('/', written.kind, written.member, written.period_from, written.period_to),
    CASE WHEN latest.version IS NOT NULL THEN to_jsonb(latest) END, to_jsonb(written), set_quota.reason, chosen);
  RETURN written.version;
END $$;
COMMENT ON FUNCTION revenue.set_quota IS
  'A new version of a quota of a rep, team, manager or of the organisation (member NULL); returns its number. In force from valid_from, NULL = today, and for the first one since the period began; an amount of NULL withdraws it. Admins and owners, audited';

CREATE OR REPLACE FUNCTION revenue.quotas_in_force(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, kind text, member text, period_from date, period_to date, amount numeric, currency char(3),
  version integer, valid_from date, reason text)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT q.org_id, q.kind, nullif(q.member, ''), q.period_from, q.period_to, q.amount, q.currency, q.version, q.valid_from, q.reason
  FROM (
    SELECT DISTINCT ON (q.org_id, q.kind, q.member, q.period_from, q.period_to) q.*
    FROM revenue.quotas AS q JOIN revenue.orgs AS o USING (org_id)
    WHERE q.org_id = ANY (revenue.visible_orgs('viewer')) AND q.valid_from <= (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date
    ORDER BY q.org_id, q.kind, q.member, q.period_from, q.period_to, q.version DESC) AS q
  WHERE q.amount IS NOT NULL
$$;
COMMENT ON FUNCTION revenue.quotas_in_force IS
  'The quotas of all periods, each in the latest version in force at as_of (NULL = now); withdrawn ones are left out';

CREATE OR REPLACE VIEW revenue.quotas_in_force WITH (security_invoker) AS
SELECT * FROM revenue.quotas_in_force();

-- The deals of a period -----------------------------------------------------------------------

-- Grouped before it is converted: there are few days, currencies and reps, and many deals. An open deal
-- without a category is in the pipeline, which is what the word says of it; one that is marked closed
-- and is not is a commit.
CREATE OR REPLACE FUNCTION revenue.period_cells(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, rep_id text, category text, in_period boolean, deal_count bigint, valued_deals bigint, value numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH stages AS MATERIALIZED (
    SELECT s.org_id, s.pipeline_id, s.stage_id, s.kind, p.time_zone, p.base_currency, p.today, p.period_from, p.period_to
    FROM revenue.scored_stages(as_of) AS s
    JOIN revenue.reporting_periods(from_date, to_date, as_of, NULL, org) AS p USING (org_id)
  ), cells AS MATERIALIZED (
    SELECT d.org_id, coalesce(d.owner_rep_id, '') AS rep_id, x.category, y.in_period, d.currency, s.base_currency,
      CASE WHEN y.in_period THEN CASE x.category WHEN 'closed' THEN x.closes_on ELSE s.today END END AS rate_day,
      count(*) AS deal_count, count(d.amount) AS valued_deals, sum(d.amount) AS value
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN stages AS s USING (org_id, pipeline_id, stage_id)
    CROSS JOIN LATERAL (
      SELECT CASE s.kind WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'lost' ELSE
          CASE d.forecast_category WHEN 'closed' THEN 'commit' ELSE coalesce(d.forecast_category, 'pipeline') END
        END AS category,
        CASE s.kind WHEN 'open' THEN d.close_date
          ELSE coalesce((d.closed_at AT TIME ZONE s.time_zone)::date, d.close_date) END AS closes_on) AS x
    CROSS JOIN LATERAL (
      SELECT coalesce(x.closes_on >= s.period_from AND x.closes_on < s.period_to, false) AS in_period) AS y
    WHERE coalesce(y.in_period OR s.kind <> 'open', false)
    GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), rates AS MATERIALIZED (
    SELECT c.org_id, c.currency, c.rate_day, f.rate
    FROM (SELECT DISTINCT org_id, currency, base_currency, rate_day FROM cells WHERE rate_day IS NOT NULL) AS c
    LEFT JOIN LATERAL revenue.fx_rate_on(c.org_id, c.currency, c.base_currency, c.rate_day) AS f ON true
  )
  SELECT c.org_id, c.rep_id, c.category, c.in_period, sum(c.deal_count)::bigint,
    coalesce(sum(c.valued_deals) FILTER (WHERE r.rate IS NOT NULL), 0)::bigint, coalesce(sum(c.value * r.rate), 0)
  FROM cells AS c LEFT JOIN rates AS r USING (org_id, currency, rate_day)
  GROUP BY c.org_id, c.rep_id, c.category, c.in_period;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.period_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.period_cells IS
  'For functions with the owner''s rights: deals by rep and category, the open ones that would close in the period at the rate of as_of, the won ones at that of the day they closed, and all closed ones outside it in number; cells of any size';

CREATE OR REPLACE FUNCTION revenue.period_quotas(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (org_id integer, kind text, member text, amount numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH parts AS (
    SELECT q.*, p.period_to - p.period_from AS days, (q.period_from, q.period_to) = (p.period_from, p.period_to) AS whole
    FROM revenue.reporting_periods(from_date, to_date, as_of, NULL, org) AS p
    JOIN revenue.quotas_in_force(as_of) AS q
      ON q.org_id = p.org_id AND q.period_from >= p.period_from AND q.period_to <= p.period_to
  ), chosen AS (  -- where a quarter's quota gave way to those of its months, both are in force for a past as_of
    SELECT c.*, bool_or(c.whole) OVER (PARTITION BY c.org_id, c.kind, c.member) AS has_whole FROM parts AS c
  )
  SELECT c.org_id, c.kind, coalesce(c.member, ''), CASE WHEN bool_and(r.rate IS NOT NULL) THEN sum(c.amount * r.rate) END
  FROM chosen AS c LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = c.org_id AND r.currency = c.currency
  WHERE c.whole OR NOT c.has_whole
  GROUP BY c.org_id, c.kind, c.member, c.days
  HAVING sum(c.period_to - c.period_from) = c.days;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.period_quotas FROM PUBLIC;
COMMENT ON FUNCTION revenue.period_quotas IS
  'For functions with the owner''s rights: the quotas that make up a whole period, in the reporting currency; NULL = no exchange rate. The member of the organisation is empty';

CREATE OR REPLACE FUNCTION revenue.member_cells(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL,
  hierarchy text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, dimension text, member text, member_name text, active boolean, category text, in_period boolean,
  deal_count bigint, valued_deals bigint, value numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE periods AS MATERIALIZED (
    SELECT * FROM revenue.reporting_periods(from_date, to_date, as_of, hierarchy, org)
  ), cells AS MATERIALIZED (
    SELECT * FROM revenue.period_cells(from_date, to_date, as_of, org)
    UNION ALL
    SELECT q.org_id, q.member, 'quota', true, 1, count(q.amount), coalesce(sum(q.amount), 0)
    FROM revenue.period_quotas(from_date, to_date, as_of, org) AS q
    WHERE q.kind = 'rep' GROUP BY q.org_id, q.member
  ), people AS MATERIALIZED (
    SELECT r.org_id, r.rep_id, r.name, r.team, r.active FROM revenue.reps AS r JOIN periods USING (org_id)
    UNION ALL  -- history keeps reps who are gone, and deals may have none
    SELECT DISTINCT c.org_id, c.rep_id, NULL, NULL, false FROM cells AS c
    WHERE NOT EXISTS (SELECT FROM revenue.reps AS r WHERE r.org_id = c.org_id AND r.rep_id = c.rep_id)
  ), edges AS MATERIALIZED (
    SELECT m.org_id, m.rep_id, m.manager_rep_id FROM revenue.rep_managers AS m JOIN periods AS p USING (org_id)
    WHERE m.valid_from <= p.hierarchy_day AND m.valid_to > p.hierarchy_day
  ), below AS (  -- UNION, because it ends even where managers go in a circle
    SELECT e.org_id, e.manager_rep_id, e.manager_rep_id AS rep_id FROM edges AS e
    UNION
    SELECT b.org_id, b.manager_rep_id, e.rep_id FROM below AS b
    JOIN edges AS e ON e.org_id = b.org_id AND e.manager_rep_id = b.rep_id
  ), members AS (
    SELECT o.org_id, 'org' AS dimension, NULL AS member, o.name AS member_name, p.rep_id, true AS active
    FROM periods AS o LEFT JOIN people AS p USING (org_id)
    UNION ALL SELECT p.org_id, 'rep', nullif(p.rep_id, ''), p.name, p.rep_id, p.active FROM people AS p
    UNION ALL SELECT p.org_id, 'team', p.team, p.team, p.rep_id, p.active FROM people AS p
    UNION ALL SELECT b.org_id, 'manager', b.manager_rep_id, m.name, b.rep_id, true
    FROM below AS b LEFT JOIN people AS m ON m.org_id = b.org_id AND m.rep_id = b.manager_rep_id
  )
  SELECT m.org_id, m.dimension, m.member, m.member_name, bool_or(m.active), c.category, c.in_period,
    coalesce(sum(c.deal_count), 0)::bigint, coalesce(sum(c.valued_deals), 0)::bigint, coalesce(sum(c.value), 0)
  FROM members AS m LEFT JOIN cells AS c USING (org_id, rep_id)
  WHERE m.dimension = 'org' OR m.org_id = ANY (revenue.visible_orgs('member'))
  GROUP BY m.org_id, m.dimension, m.member, m.member_name, c.category, c.in_period;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.member_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.member_cells IS
  'For functions with the owner''s rights: period_cells() and the reps'' quotas by rep, team, manager (with all below him) and organisation; a viewer gets the organisation alone';

CREATE OR REPLACE FUNCTION revenue.check_dimension(dimension text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF dimension NOT IN ('rep', 'team', 'manager', 'org') THEN
    RAISE EXCEPTION 'there are no figures by "%"', dimension USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use rep, team, manager or org, or NULL for all of them.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_dimension IS
  'An error with a hint where figures cannot be asked for by this; NULL stands for all';

-- Slippage ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.slippage_rate(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, opening_deals bigint, slipped_deals bigint, slippage double precision,
  opening_value numeric, slipped_value numeric, slippage_by_value double precision, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  span record;
BEGIN
  PERFORM revenue.check_org(org);
  FOR span IN  -- one reading of the past for all organisations that share a quarter and a time zone
    SELECT q.period_from, q.period_to, p.time_zone, array_agg(p.org_id) AS orgs,
      -- the states that the quarter began and ended with: what comes at midnight is of the day that begins
      greatest(q.period_from::timestamp AT TIME ZONE p.time_zone - interval '1 us', '0001-01-02 00:00+00') AS opening,
      q.period_to::timestamp AT TIME ZONE p.time_zone - interval '1 us' AS closing
    FROM revenue.reporting_periods(NULL, NULL, as_of, NULL, org) AS p
    JOIN revenue.orgs AS o USING (org_id)
    CROSS JOIN LATERAL revenue.fiscal_quarter(greatest(p.period_from - 1, '0001-01-02'), o.fiscal_year_start) AS q
    GROUP BY q.period_from, q.period_to, p.time_zone
  LOOP
    RETURN QUERY
    WITH stages AS MATERIALIZED (
      SELECT s.org_id, s.pipeline_id, s.stage_id, s.kind FROM revenue.scored_stages() AS s WHERE s.org_id = ANY (span.orgs)
    ), opening AS MATERIALIZED (
      SELECT d.org_id, d.deal_id, d.amount * r.rate AS value
      FROM revenue.deals_as_of(span.opening) AS d
      LEFT JOIN stages AS s USING (org_id, pipeline_id, stage_id)
      LEFT JOIN revenue.fx_rates_at(span.opening) AS r
        ON r.org_id = d.org_id AND r.currency = d.currency
      WHERE coalesce(s.kind = 'open', false) AND d.close_date >= span.period_from AND d.close_date < span.period_to
    ), still_open AS (
      SELECT d.org_id, d.deal_id FROM revenue.deals_as_of(span.closing) AS d
      LEFT JOIN stages AS s USING (org_id, pipeline_id, stage_id) WHERE coalesce(s.kind = 'open', false)
    ), counted AS (
      SELECT o.org_id, count(*) AS opening_deals, count(e.deal_id) AS slipped_deals, count(o.value) AS valued,
        count(o.value) FILTER (WHERE e.deal_id IS NOT NULL) AS slipped_valued, coalesce(sum(o.value), 0) AS opening_value,
        coalesce(sum(o.value) FILTER (WHERE e.deal_id IS NOT NULL), 0) AS slipped_value
      FROM opening AS o LEFT JOIN still_open AS e USING (org_id, deal_id) GROUP BY o.org_id
    ), shown AS (
      SELECT v.org_id, g.base_currency, coalesce(c.opening_deals, 0) AS opening_deals,
        coalesce(c.slipped_deals, 0) AS slipped_deals,
        CASE WHEN revenue.visible_total(v.org_id, c.slipped_valued, 0) IS NOT NULL
            AND revenue.visible_total(v.org_id, c.valued - c.slipped_valued, 0) IS NOT NULL
          THEN trim_scale(c.opening_value) END AS opening_value,
        revenue.visible_total(v.org_id, c.slipped_valued, trim_scale(c.slipped_value)) AS slipped_value
      FROM unnest(span.orgs) AS v(org_id) JOIN revenue.orgs AS g USING (org_id) LEFT JOIN counted AS c USING (org_id)
    )
    SELECT s.org_id, span.period_from, span.period_to, s.opening_deals, s.slipped_deals,
      s.slipped_deals::double precision / nullif(s.opening_deals, 0), s.opening_value, s.slipped_value,
      (s.slipped_value / nullif(s.opening_value, 0))::double precision, s.base_currency
    FROM shown AS s
    WHERE s.opening_deals = 0 OR revenue.cell_visible(s.org_id, s.opening_deals);
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.slippage_rate IS
  'Of the deals that were open when the last full fiscal quarter before as_of began, and to close in it, the share that was still open when it ended: by count, and by value at its beginning';

-- Coverage ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.coverage(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, by text DEFAULT NULL,
  hierarchy text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, dimension text, member text, member_name text,
  quota numeric, quota_reps bigint, won_deals bigint, won_value numeric, open_deals bigint, open_value numeric,
  deals_without_value bigint, coverage double precision, remaining_quota numeric, remaining_coverage double precision,
  coverage_reason text, required_coverage double precision, win_rate double precision, won_ever bigint, closed_ever bigint,
  slippage double precision, slipped_deals bigint, opening_deals bigint, required_reason text, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_dimension(by);
  RETURN QUERY
  WITH cells AS MATERIALIZED (
    SELECT c.*, c.in_period AND c.category = 'closed' AS won, c.category = 'quota' AS is_quota,
      c.in_period AND c.category IN ('omitted', 'pipeline', 'best_case', 'commit') AS is_open
    FROM revenue.member_cells(from_date, to_date, as_of, hierarchy, org) AS c
  ), members AS (
    SELECT c.org_id, c.dimension, c.member, c.member_name, bool_or(c.active) AS active,
      coalesce(sum(c.deal_count) FILTER (WHERE c.is_quota), 0)::bigint AS quota_reps,
      sum(c.deal_count - c.valued_deals) FILTER (WHERE c.is_quota) AS unknown_quotas,
      sum(c.value) FILTER (WHERE c.is_quota) AS reps_quota,
      coalesce(sum(c.deal_count) FILTER (WHERE c.won), 0)::bigint AS won_deals,
      coalesce(sum(c.valued_deals) FILTER (WHERE c.won), 0)::bigint AS won_valued,
      trim_scale(coalesce(sum(c.value) FILTER (WHERE c.won), 0)) AS won_value,
      coalesce(sum(c.deal_count) FILTER (WHERE c.is_open), 0)::bigint AS open_deals,
      coalesce(sum(c.valued_deals) FILTER (WHERE c.is_open), 0)::bigint AS open_valued,
      trim_scale(coalesce(sum(c.value) FILTER (WHERE c.is_open), 0)) AS open_value
    FROM cells AS c GROUP BY c.org_id, c.dimension, c.member, c.member_name
  ), rates AS (
    SELECT c.org_id, coalesce(sum(c.deal_count) FILTER (WHERE c.category = 'closed'), 0)::bigint AS won_ever,
      coalesce(sum(c.deal_count) FILTER (WHERE c.category IN ('closed', 'lost')), 0)::bigint AS closed_ever
    FROM cells AS c WHERE c.dimension = 'org' GROUP BY c.org_id
  ), shown AS (
    SELECT m.org_id, p.period_from, p.period_to, p.base_currency, m.dimension, m.member, m.member_name, m.active,
      q.kind IS NOT NULL AS has_own, CASE WHEN q.kind IS NULL THEN m.quota_reps END AS quota_reps,
      CASE WHEN q.kind IS NOT NULL THEN trim_scale(q.amount)
        WHEN m.unknown_quotas = 0 AND revenue.cell_visible(m.org_id, m.quota_reps) THEN trim_scale(m.reps_quota) END AS quota,
      m.won_deals, revenue.visible_total(m.org_id, m.won_valued, m.won_value) AS won_value,
      m.open_deals, revenue.visible_total(m.org_id, m.open_valued, m.open_value) AS open_value,
      m.won_deals - m.won_valued + m.open_deals - m.open_valued AS deals_without_value
    FROM members AS m
    JOIN revenue.reporting_periods(from_date, to_date, as_of, hierarchy, org) AS p USING (org_id)
    LEFT JOIN revenue.period_quotas(from_date, to_date, as_of, org) AS q
      ON q.org_id = m.org_id AND q.kind = m.dimension AND q.member = coalesce(m.member, '')
    WHERE (by IS NULL OR m.dimension = by)
  )
  SELECT s.org_id, s.period_from, s.period_to, s.dimension, s.member, s.member_name, s.quota, s.quota_reps,
    s.won_deals, s.won_value, s.open_deals, s.open_value, s.deals_without_value,
    (s.open_value / nullif(s.quota, 0))::double precision, CASE WHEN s.quota > s.won_value THEN s.quota - s.won_value WHEN s.quota <= s.won_value THEN 0 END,
    CASE WHEN s.quota > s.won_value THEN (s.open_value / (s.quota - s.won_value))::double precision END,
    CASE WHEN NOT s.has_own AND s.quota_reps = 0 THEN 'no quota for the period'
      WHEN s.quota IS NULL AND NOT revenue.cell_visible(s.org_id, coalesce(s.quota_reps, 5)) THEN 'too few to show'
      WHEN s.quota IS NULL THEN 'no exchange rate for a quota'
      WHEN s.won_value IS NULL OR s.open_value IS NULL THEN 'too few to show'
      WHEN s.quota = 0 THEN 'the quota is 0'
      WHEN s.quota <= s.won_value THEN 'the quota is reached' END,
    CASE WHEN x.win_rate > 0 AND l.slippage < 1 THEN 1 / (x.win_rate * (1 - l.slippage)) END,
    x.win_rate, CASE WHEN x.visible THEN r.won_ever END, CASE WHEN x.visible THEN r.closed_ever END,
    l.slippage, l.slipped_deals, l.opening_deals,
    CASE WHEN NOT x.visible OR l.org_id IS NULL THEN 'too few to show'
      WHEN r.closed_ever = 0 THEN 'no deal has closed yet'
      WHEN x.win_rate = 0 THEN 'no deal was won yet'
      WHEN l.opening_deals = 0 THEN 'nothing was due in the last full quarter'
      WHEN l.slippage = 1 THEN 'all that was due in the last full quarter slipped' END,
    s.base_currency
  FROM shown AS s
  JOIN rates AS r USING (org_id)
  LEFT JOIN revenue.slippage_rate(as_of, org) AS l USING (org_id)
  CROSS JOIN LATERAL (
    SELECT r.closed_ever = 0 OR revenue.cell_visible(r.org_id, r.closed_ever) AS visible,
      CASE WHEN revenue.cell_visible(r.org_id, r.closed_ever)
        THEN r.won_ever::double precision / nullif(r.closed_ever, 0) END AS win_rate) AS x
  WHERE s.active OR s.won_deals + s.open_deals > 0 OR s.quota IS NOT NULL
  ORDER BY s.org_id, s.dimension, s.member;
END $$;
COMMENT ON FUNCTION revenue.coverage IS
  'Quota, won and open pipeline of a period (NULL = the fiscal quarter) by rep, team, manager with all below him, and organisation, and the coverage that is there beside the one that is needed; hierarchy then or now';

CREATE OR REPLACE VIEW revenue.coverage AS SELECT * FROM revenue.coverage();

-- Commit categories ---------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.commit_forecast(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, by text DEFAULT NULL,
  hierarchy text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, dimension text, member text, member_name text,
  category text, category_position integer, deal_count bigint, deals_without_value bigint, value numeric,
  cumulative_deals bigint, cumulative_value numeric, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_dimension(by);
  RETURN QUERY
  WITH cells AS MATERIALIZED (
    SELECT * FROM revenue.member_cells(from_date, to_date, as_of, hierarchy, org) AS c
    WHERE (by IS NULL OR c.dimension = by) AND c.category IS DISTINCT FROM 'quota'
  ), members AS (
    SELECT c.org_id, c.dimension, c.member, c.member_name FROM cells AS c
    GROUP BY c.org_id, c.dimension, c.member, c.member_name
    HAVING bool_or(c.active) OR bool_or(c.in_period AND c.category <> 'lost')
  ), single AS (
    SELECT m.org_id, m.dimension, m.member, m.member_name, k.category, k.position,
      coalesce(c.deal_count, 0) AS deal_count, coalesce(c.valued_deals, 0) AS valued_deals,
      revenue.visible_total(m.org_id, coalesce(c.valued_deals, 0), trim_scale(coalesce(c.value, 0))) AS value
    FROM members AS m
    CROSS JOIN (VALUES ('closed', 1), ('commit', 2), ('best_case', 3), ('pipeline', 4), ('omitted', 5)) AS k(category, position)
    LEFT JOIN cells AS c ON c.org_id = m.org_id AND c.dimension = m.dimension AND c.in_period
      AND coalesce('=' || c.member, '') = coalesce('=' || m.member, '') AND c.category = k.category
  )
  SELECT s.org_id, p.period_from, p.period_to, s.dimension, s.member, s.member_name, s.category, s.position,
    s.deal_count, s.deal_count - s.valued_deals, s.value,
    CASE WHEN s.category <> 'omitted' THEN (sum(s.deal_count) OVER w)::bigint END,
    -- A part that is not shown cannot be told from two sums either.
    CASE WHEN s.category <> 'omitted' AND bool_and(s.value IS NOT NULL) OVER w THEN sum(s.value) OVER w END,
    p.base_currency
  FROM single AS s
  JOIN revenue.reporting_periods(from_date, to_date, as_of, hierarchy, org) AS p USING (org_id)
  WINDOW w AS (PARTITION BY s.org_id, s.dimension, s.member ORDER BY s.position)
  ORDER BY s.org_id, s.dimension, s.member, s.position;
END $$;
COMMENT ON FUNCTION revenue.commit_forecast IS
  'What is won and what is open to close in a period (NULL = the fiscal quarter) by forecast category, single and cumulative (commit holds closed, best_case holds commit, pipeline holds best_case), by rep, team, manager with all below him, and organisation; hierarchy then or now';

CREATE OR REPLACE VIEW revenue.commit_forecast AS SELECT * FROM revenue.commit_forecast();

COMMENT ON VIEW revenue.quotas_in_force IS 'The quotas of all periods as they are in force today';
COMMENT ON VIEW revenue.coverage IS 'Quota, won, open pipeline and coverage of the fiscal quarter by rep, team, manager and organisation';
COMMENT ON VIEW revenue.commit_forecast IS 'The fiscal quarter by forecast category, single and cumulative, by rep, team, manager and organisation';
COMMENT ON COLUMN revenue.quotas_in_force.member IS 'The rep_id, the team, or the manager''s rep_id; empty for the organisation';
COMMENT ON COLUMN revenue.quotas_in_force.amount IS 'The quota, in currency';
COMMENT ON COLUMN revenue.quotas_in_force.currency IS 'Its currency';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "period_from": "First day of the period", "period_to": "Day after its last",
  "kind": "rep, team, manager or org", "version": "Number of the version", "valid_from": "First day it is in force",
  "reason": "Why",
  "dimension": "What member is one of: rep, team, manager (with all below him) or org",
  "member": "rep_id, team or the manager''s rep_id; NULL = none, or the whole organisation", "member_name": "Its name",
  "quota": "Quota in the reporting currency: the member''s own, else the sum of the quotas of its reps",
  "quota_reps": "How many reps'' quotas are in that sum; NULL = its own quota",
  "won_deals": "Deals won in the period", "won_value": "Their value, each at the rate of the day it closed",
  "open_deals": "Open deals with a close date in the period", "open_value": "Their value at the rate of the day",
  "deals_without_value": "Deals that no sum contains: no amount or no exchange rate",
  "coverage": "open_value / quota", "remaining_quota": "quota - won_value, not below 0",
  "remaining_coverage": "open_value / (quota - won_value)", "coverage_reason": "Why a coverage is missing",
  "required_coverage": "1 / (win_rate x (1 - slippage))",
  "win_rate": "won_ever / closed_ever, of the whole organisation",
  "won_ever": "Deals the organisation has won", "closed_ever": "Deals it has won or lost",
  "slippage": "slipped_deals / opening_deals of the last full quarter, of the whole organisation",
  "slipped_deals": "Of those, the ones still open when it ended",
  "opening_deals": "Deals open when that quarter began, to close in it",
  "required_reason": "Why required_coverage is missing",
  "category": "closed, commit, best_case, pipeline or omitted", "category_position": "Its place from the surest on",
  "deal_count": "Number of deals", "value": "Their value in the reporting currency",
  "cumulative_deals": "Deals of this category and the surer ones; NULL for omitted",
  "cumulative_value": "Value of this category and the surer ones; NULL for omitted",
  "reporting_currency": "The organisation''s base currency"
}');
