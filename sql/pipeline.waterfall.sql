-- The room pipeline: what moved in the pipeline between two instants, from the history of deals alone.
-- The span between them is half-open, [opening, closing), like every period: what becomes true at an instant
-- belongs to the span that begins there, so that a deal closed on a day, which is at its midnight, is counted
-- with that day. So both states are those an instant before; a closing of NULL is the present.
-- In the pipeline is, at an instant, an open deal whose close date lies in the window, while the window
-- has not ended. A deal without a close date counts as later than any other. The set that is looked at
-- is one pipeline and, by a dimension, one member of it.

CREATE OR REPLACE FUNCTION revenue.waterfall_windows(
  opening timestamptz, closing timestamptz, window_from date, window_to date, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, base_currency char(3), opening_at timestamptz, closing_at timestamptz,
  opening_on date, closing_on date, today date, period_from date, period_to date, ends_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  ended timestamptz := coalesce(revenue.checked_instant(closing), now());
  began timestamptz := coalesce(revenue.checked_instant(opening), revenue.checked_instant(ended - interval '168 hours'));
  tick constant interval := '1 us';
BEGIN
  IF began > ended THEN
    RAISE EXCEPTION 'the opening % is after the closing %', began, ended USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass an opening that comes first; a closing of NULL is now, an opening of NULL 7 days before the closing.';
  ELSIF window_from >= window_to OR window_from = 'infinity' OR window_to = '-infinity' THEN
    RAISE EXCEPTION 'the window from % to % holds no day', window_from, window_to
      USING ERRCODE = 'invalid_parameter_value',
        HINT = 'window_to is the day after the last; -infinity and infinity leave a side open.';
  ELSIF isfinite(window_from) AND window_from NOT BETWEEN '0001-01-01' AND '9999-12-31'
     OR isfinite(window_to) AND window_to NOT BETWEEN '0001-01-01' AND '9999-12-31' THEN
    RAISE EXCEPTION 'the window is out of range: % to %', window_from, window_to
      USING ERRCODE = 'datetime_field_overflow', HINT = 'Pass dates between the years 1 and 9999, or infinity.';
  ELSIF window_from = '-infinity' AND window_to IS NULL OR window_from IS NULL AND window_to = 'infinity' THEN
    RAISE EXCEPTION 'the window has one side only' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass both; where one side is left out, the window is three months long.';
  END IF;
  RETURN QUERY
  SELECT o.org_id, o.base_currency, began, ended, d.opening_on, d.closing_on,
    (now() AT TIME ZONE o.time_zone)::date, p.first_day, p.day_after, p.day_after::timestamp AT TIME ZONE o.time_zone
  FROM revenue.orgs AS o
  CROSS JOIN LATERAL (
    SELECT ((began - tick) AT TIME ZONE o.time_zone)::date AS opening_on,
      (CASE WHEN closing IS NULL THEN ended ELSE ended - tick END AT TIME ZONE o.time_zone)::date AS closing_on
  ) AS d
  CROSS JOIN LATERAL (
    SELECT coalesce(window_from, (window_to - interval '3 months')::date, (date_trunc('month', d.closing_on::timestamp)
      - make_interval(months => (extract(month FROM d.closing_on)::integer - o.fiscal_year_start + 12) % 3))::date) AS first_day
  ) AS f
  CROSS JOIN LATERAL (
    SELECT f.first_day, coalesce(window_to, (f.first_day + interval '3 months')::date) AS day_after
  ) AS p
  WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org);
END $$;
COMMENT ON FUNCTION revenue.waterfall_windows IS
  'For the waterfall: its two instants and its window of close dates in each organisation, checked; by default the last 7 days and the fiscal quarter at the closing';

-- Deal by deal --------------------------------------------------------------------------------
-- One pass over the history finds what is asked at every instant, as deals_as_of() would; PL/pgSQL, so
-- that it is planned for the instants at hand. The present is read from the deals. An exit is what the
-- deal is at the closing, first match; a deal that changes sets while it stays open has a row in each.

CREATE OR REPLACE FUNCTION revenue.deal_movements(
  opening timestamptz DEFAULT NULL, closing timestamptz DEFAULT NULL, window_from date DEFAULT NULL,
  window_to date DEFAULT NULL, dimension text DEFAULT 'all', hierarchy text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, deal_id text, name text, pipeline_id text, member text,
  opening_at timestamptz, closing_at timestamptz, period_from date, period_to date,
  opening_rep_id text, closing_rep_id text, opening_segment text, closing_segment text,
  opening_stage_id text, closing_stage_id text, opening_close_date date, closing_close_date date,
  in_opening boolean, opening_value numeric, entry_kind text, entry_value numeric, increase numeric, decrease numeric,
  fx numeric, exit_kind text, exit_value numeric, closing_value numeric, reporting_currency char(3),
  opening_without_value boolean, closing_without_value boolean)
LANGUAGE plpgsql STABLE ROWS 10000 SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB' SET enable_mergejoin = off SET enable_nestloop = off SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  by_what text := coalesce(dimension, 'all');
  by_whom text := coalesce(hierarchy, 'then');
  ended timestamptz := coalesce(revenue.checked_instant(closing), now());
  began timestamptz := coalesce(revenue.checked_instant(opening), revenue.checked_instant(ended - interval '168 hours'));
  opening_state timestamptz := greatest(began - interval '1 us', '0001-01-02 00:00+00');
  closing_state timestamptz := CASE WHEN closing IS NOT NULL THEN greatest(closing - interval '1 us', '0001-01-02 00:00+00') END;
  first_end timestamptz;
  last_end timestamptz;
BEGIN
  PERFORM revenue.check_org(org);
  IF by_what NOT IN ('all', 'stage', 'segment', 'rep', 'manager') THEN
    RAISE EXCEPTION 'unknown dimension "%"', by_what USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use all, stage, segment, rep or manager.';
  ELSIF by_whom NOT IN ('then', 'now') THEN
    RAISE EXCEPTION 'unknown hierarchy "%"', by_whom USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use then for the managers of that day, or now for those of today.';
  END IF;
  SELECT min(w.ends_at), max(w.ends_at) INTO first_end, last_end
  FROM revenue.waterfall_windows(opening, closing, window_from, window_to, org) AS w WHERE w.ends_at <= ended;
  RETURN QUERY
  WITH windows AS MATERIALIZED (
    SELECT * FROM revenue.waterfall_windows(opening, closing, window_from, window_to, org)
  ), past AS MATERIALIZED (
    SELECT h.org_id, h.deal_id, h.name, h.pipeline_id, h.stage_id, h.owner_rep_id, h.account_id, h.segment, h.amount, h.currency,
      h.close_date, h.closed_at, coalesce(s.kind, 'unknown') AS kind, coalesce(h.close_date, 'infinity') AS close_on,
      h.valid_from < began AND h.valid_to >= began AS at_opening,
      h.valid_from < closing AND h.valid_to >= closing AS at_closing,
      w.ends_at <= ended AND h.valid_from < w.ends_at AND h.valid_to >= w.ends_at AS at_end
    FROM revenue.deal_history AS h
    JOIN windows AS w USING (org_id)
    LEFT JOIN revenue.scored_stages() AS s USING (org_id, pipeline_id, stage_id)
    WHERE h.superseded_at = 'infinity' AND (
      h.valid_from < began AND h.valid_to >= began OR h.valid_from < closing AND h.valid_to >= closing
      OR h.valid_from < last_end AND h.valid_to >= first_end)
  ), before AS (
    SELECT * FROM past WHERE at_opening
  ), after AS (
    SELECT p.org_id, p.deal_id, p.name, p.pipeline_id, p.stage_id, p.owner_rep_id, p.account_id, p.segment, p.amount, p.currency,
      p.close_date, p.closed_at, p.kind, p.close_on
    FROM past AS p WHERE p.at_closing
    UNION ALL
    SELECT d.org_id, d.deal_id, d.name, d.pipeline_id, d.stage_id, d.owner_rep_id, d.account_id, d.segment, d.amount, d.currency,
      d.close_date, d.closed_at, coalesce(s.kind, 'unknown'), coalesce(d.close_date, 'infinity')
    FROM revenue.deals AS d
    LEFT JOIN revenue.scored_stages() AS s USING (org_id, pipeline_id, stage_id)
    WHERE closing IS NULL
  ), at_end AS (
    SELECT * FROM past WHERE at_end
  ), states AS (
    SELECT w.*, deal_id, coalesce(a.name, b.name) AS name,
      b.pipeline_id AS b_pipeline, a.pipeline_id AS a_pipeline, b.stage_id AS b_stage, a.stage_id AS a_stage,
      b.owner_rep_id AS b_rep, a.owner_rep_id AS a_rep, coalesce(b.segment, gb.segment) AS b_segment, coalesce(a.segment, ga.segment) AS a_segment,
      b.close_date AS b_close_date, a.close_date AS a_close_date, b.closed_at AS b_closed_at, a.closed_at AS a_closed_at,
      b.amount AS b_amount, a.amount AS a_amount, b.currency AS b_currency, a.currency AS a_currency,
      coalesce(b.kind, 'absent') AS b_kind, coalesce(a.kind, 'absent') AS a_kind, b.close_on AS b_on, a.close_on AS a_on,
      coalesce(b.close_on >= w.period_from AND (b.close_on < w.period_to OR w.period_to = 'infinity'), false) AS b_within,
      coalesce(a.close_on >= w.period_from AND (a.close_on < w.period_to OR w.period_to = 'infinity'), false) AS a_within,
      coalesce(x.close_on, a.close_on) AS last_on,
      coalesce(x.kind = 'open' AND x.close_on >= w.period_from AND x.close_on < w.period_to, false) AS x_within
    FROM before AS b
    FULL JOIN after AS a USING (org_id, deal_id)
    JOIN windows AS w USING (org_id)
    LEFT JOIN at_end AS x USING (org_id, deal_id)
    LEFT JOIN LATERAL revenue.account_spans(org_id, CASE WHEN b.segment IS NULL THEN b.account_id END) AS gb
      ON w.opening_on >= gb.valid_from AND w.opening_on < gb.valid_to
    LEFT JOIN LATERAL revenue.account_spans(org_id, CASE WHEN a.segment IS NULL THEN a.account_id END) AS ga
      ON w.closing_on >= ga.valid_from AND w.closing_on < ga.valid_to
    WHERE began < w.ends_at
  ), relevant AS (
    SELECT s.*, s.b_kind = 'open' AND s.b_within AS opened, s.a_kind = 'open' AND s.a_within AND ended < s.ends_at AS closes
    FROM states AS s
    WHERE s.b_kind = 'open' AND s.b_within OR s.a_within AND s.a_kind <> 'unknown' OR s.x_within
  ), moved AS (
    SELECT r.*,
      CASE WHEN r.opened THEN NULL WHEN r.b_kind = 'absent' THEN 'created'
        WHEN r.b_kind IN ('won', 'lost') THEN 'reopened' WHEN r.b_kind = 'unknown' THEN 'transferred_in'
        WHEN r.b_on < r.period_from THEN 'carried' ELSE 'pulled' END AS entry,
      CASE WHEN r.a_kind = 'absent' THEN 'deleted' WHEN r.a_kind IN ('won', 'lost') THEN r.a_kind
        WHEN r.a_kind = 'unknown' THEN 'transferred_out'
        WHEN r.last_on < r.period_from THEN 'advanced'
        WHEN r.last_on >= r.period_to AND r.period_to < 'infinity' THEN 'pushed'
        WHEN ended >= r.ends_at THEN 'slipped' ELSE 'stays' END AS leaving,
      CASE by_what WHEN 'stage' THEN r.b_stage WHEN 'segment' THEN r.b_segment WHEN 'rep' THEN r.b_rep
        WHEN 'manager' THEN mb.manager_rep_id END AS b_member,
      CASE by_what WHEN 'stage' THEN r.a_stage WHEN 'segment' THEN r.a_segment WHEN 'rep' THEN r.a_rep
        WHEN 'manager' THEN ma.manager_rep_id END AS a_member
    FROM relevant AS r
    LEFT JOIN revenue.rep_managers AS mb ON by_what = 'manager' AND mb.org_id = r.org_id AND mb.rep_id = r.b_rep
      AND mb.valid_from <= CASE by_whom WHEN 'now' THEN r.today ELSE r.opening_on END
      AND mb.valid_to > CASE by_whom WHEN 'now' THEN r.today ELSE r.opening_on END
    LEFT JOIN revenue.rep_managers AS ma ON by_what = 'manager' AND ma.org_id = r.org_id AND ma.rep_id = r.a_rep
      AND ma.valid_from <= CASE by_whom WHEN 'now' THEN r.today ELSE r.closing_on END
      AND ma.valid_to > CASE by_whom WHEN 'now' THEN r.today ELSE r.closing_on END
    WHERE r.opened OR r.closes
      -- It came and went between the instants: what was closed before as well must have been open again.
      OR r.x_within AND r.a_kind IN ('open', 'won', 'lost')
      OR r.a_within AND r.a_kind IN ('won', 'lost') AND CASE WHEN r.b_kind IN ('won', 'lost')
        THEN r.a_closed_at IS DISTINCT FROM r.b_closed_at AND (
          SELECT true FROM revenue.deal_history AS h
          WHERE h.org_id = r.org_id AND h.deal_id = r.deal_id AND h.superseded_at = 'infinity'
            AND h.valid_from >= began AND (closing IS NULL OR h.valid_from < closing) AND h.closed_at IS NULL LIMIT 1)
        ELSE true END
  ), valued AS (
    SELECT m.*, m.b_kind = 'open' AND m.a_kind = 'open'
        AND (m.b_pipeline, m.b_member) IS DISTINCT FROM (m.a_pipeline, m.a_member) AS transferred,
      coalesce(m.b_amount * rb.rate, 0) AS b_value,
      CASE WHEN m.a_kind = 'absent' THEN coalesce(m.b_amount * rb.rate, 0) ELSE coalesce(m.b_amount * rf.rate, 0) END AS b_value_now,
      CASE WHEN m.a_kind = 'absent' THEN coalesce(m.b_amount * rb.rate, 0) ELSE coalesce(m.a_amount * ra.rate, 0) END AS a_value,
      m.b_amount * rb.rate IS NULL AS b_unknown,
      CASE WHEN m.a_kind = 'absent' THEN m.b_amount * rb.rate ELSE m.a_amount * ra.rate END IS NULL AS a_unknown
    FROM moved AS m
    LEFT JOIN revenue.fx_rates_at(opening_state) AS rb ON rb.org_id = m.org_id AND rb.currency = m.b_currency
    LEFT JOIN revenue.fx_rates_at(closing_state) AS rf ON rf.org_id = m.org_id AND rf.currency = m.b_currency
    LEFT JOIN revenue.fx_rates_at(closing_state) AS ra ON ra.org_id = m.org_id AND ra.currency = m.a_currency
  ), parts AS (
    SELECT v.*,
      CASE part WHEN 'new' THEN false ELSE v.opened END AS starts,
      CASE part WHEN 'new' THEN 'transferred_in' ELSE v.entry END AS enters,
      CASE part WHEN 'old' THEN 'transferred_out' ELSE v.leaving END AS leaves,
      part = 'old' OR part = 'only' AND v.b_kind = 'open' AS as_before
    FROM valued AS v
    JOIN (VALUES ('only', false), ('old', true), ('new', true)) AS k(part, transferred) USING (transferred)
  )
  SELECT p.org_id, p.deal_id, p.name, CASE WHEN p.as_before THEN p.b_pipeline ELSE p.a_pipeline END,
    CASE WHEN p.as_before THEN p.b_member ELSE p.a_member END,
    p.opening_at, p.closing_at, p.period_from, p.period_to,
    p.b_rep, p.a_rep, p.b_segment, p.a_segment, p.b_stage, p.a_stage, p.b_close_date, p.a_close_date,
    p.starts, CASE WHEN p.starts THEN p.b_value ELSE 0 END,
    p.enters, CASE WHEN p.enters IS NOT NULL THEN p.a_value ELSE 0 END,
    CASE WHEN p.starts THEN greatest(p.a_value - p.b_value_now, 0) ELSE 0 END,
    CASE WHEN p.starts THEN greatest(p.b_value_now - p.a_value, 0) ELSE 0 END,
    CASE WHEN p.starts THEN p.b_value_now - p.b_value ELSE 0 END,
    p.leaves, CASE WHEN p.leaves <> 'stays' THEN p.a_value ELSE 0 END,
    CASE WHEN p.leaves = 'stays' THEN p.a_value ELSE 0 END, p.base_currency,
    p.starts AND p.b_unknown, p.a_unknown
  FROM parts AS p;
END $$;
COMMENT ON FUNCTION revenue.deal_movements IS
  'How each deal came into, changed in and left the pipeline of a close-date window from opening to just before closing (NULL = now); opening + entry + increase - decrease + fx - exit = closing for every row';

CREATE OR REPLACE VIEW revenue.deal_movements WITH (security_invoker) AS
SELECT * FROM revenue.deal_movements();

-- In total ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.pipeline_waterfall(
  opening timestamptz DEFAULT NULL, closing timestamptz DEFAULT NULL, window_from date DEFAULT NULL,
  window_to date DEFAULT NULL, dimension text DEFAULT 'all', hierarchy text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, member text, opening_at timestamptz, closing_at timestamptz,
  period_from date, period_to date, line_no integer, line text, deal_count bigint, value numeric,
  reporting_currency char(3), deals_without_value bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
  lines text[] := '{opening,created,reopened,transferred_in,pulled,carried,increase,decrease,fx,deleted,won,lost,transferred_out,pushed,slipped,advanced,closing}';
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.waterfall_windows(opening, closing, window_from, window_to, org);
  RETURN QUERY
  WITH cells AS (  -- few: a lateral join of every deal to its lines would be slow
    SELECT m.org_id, m.pipeline_id, m.member, m.opening_at, m.closing_at, m.period_from, m.period_to,
      m.reporting_currency, m.in_opening, m.entry_kind, m.exit_kind, count(*) AS deals,
      count(*) FILTER (WHERE m.increase > 0) AS raised, count(*) FILTER (WHERE m.decrease > 0) AS lowered,
      count(*) FILTER (WHERE m.fx <> 0) AS revalued, count(*) FILTER (WHERE m.opening_without_value) AS opening_unknown,
      count(*) FILTER (WHERE m.closing_without_value) AS closing_unknown,
      sum(m.opening_value) AS opening_value, sum(m.entry_value) AS entry_value, sum(m.increase) AS increase,
      sum(m.decrease) AS decrease, sum(m.fx) AS fx, sum(m.exit_value) AS exit_value, sum(m.closing_value) AS closing_value
    FROM revenue.deal_movements(opening, closing, window_from, window_to, dimension, hierarchy, org) AS m
    WHERE m.org_id = ANY (revenue.visible_orgs(CASE WHEN dimension IN ('rep', 'manager') THEN 'member' ELSE 'viewer' END))
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  ), booked AS (
    SELECT c.org_id, c.pipeline_id, c.member, c.opening_at, c.closing_at, c.period_from, c.period_to,
      c.reporting_currency, b.line, b.deal_count, b.value, b.without_value
    FROM cells AS c
    CROSS JOIN LATERAL (VALUES
      (CASE WHEN c.in_opening THEN 'opening' END, c.deals, c.opening_value, c.opening_unknown),
      (c.entry_kind, c.deals, c.entry_value, c.closing_unknown),
      ('increase', c.raised, c.increase, 0), ('decrease', c.lowered, -c.decrease, 0), ('fx', c.revalued, c.fx, 0),
      (CASE WHEN c.exit_kind <> 'stays' THEN c.exit_kind END, c.deals, -c.exit_value, c.closing_unknown),
      (CASE WHEN c.exit_kind = 'stays' THEN 'closing' END, c.deals, c.closing_value, c.closing_unknown)
    ) AS b(line, deal_count, value, without_value)
    WHERE b.line IS NOT NULL
  ), all_lines AS (  -- also those that a member has nothing in
    SELECT * FROM booked
    UNION ALL
    SELECT DISTINCT b.org_id, b.pipeline_id, b.member, b.opening_at, b.closing_at, b.period_from, b.period_to,
      b.reporting_currency, l.line, 0::bigint, 0::numeric, 0::bigint
    FROM booked AS b, unnest(lines) AS l(line)
  )
  SELECT a.org_id, a.pipeline_id, a.member, a.opening_at, a.closing_at, a.period_from, a.period_to,
    array_position(lines, a.line), a.line, sum(a.deal_count)::bigint,
    revenue.visible_total(a.org_id, sum(a.deal_count - a.without_value)::bigint, trim_scale(sum(a.value))),
    a.reporting_currency, sum(a.without_value)::bigint
  FROM all_lines AS a
  GROUP BY a.org_id, a.pipeline_id, a.member, a.opening_at, a.closing_at, a.period_from, a.period_to,
    a.reporting_currency, a.line
  HAVING sum(a.deal_count) = 0 OR revenue.cell_visible(a.org_id, sum(a.deal_count)::bigint)
  ORDER BY 1, 2, 3, 8;
END $$;
COMMENT ON FUNCTION revenue.pipeline_waterfall IS
  'What the pipeline of a close-date window opened with, what entered, changed and left from opening to just before closing (NULL = now), and what it closed with: one row a line, exits negative, the lines before closing add up to it; by pipeline and all, stage, segment, rep or manager';

CREATE OR REPLACE VIEW revenue.pipeline_waterfall AS SELECT * FROM revenue.pipeline_waterfall();

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.deal_movements IS 'How each deal moved in the pipeline of the fiscal quarter over the last 7 days';
COMMENT ON VIEW revenue.pipeline_waterfall IS 'What moved in the pipeline of the fiscal quarter over the last 7 days, one row a line';
COMMENT ON COLUMN revenue.pipeline_waterfall.value IS 'Value of the line in the reporting currency, what leaves is negative; opening to advanced add up to closing';
COMMENT ON COLUMN revenue.pipeline_waterfall.deals_without_value IS 'Deals of the line that its value does not contain: no amount or no exchange rate';
COMMENT ON COLUMN revenue.deal_movements.member IS 'What the deal is counted under: stage, segment, rep or manager; NULL = unknown, or looked at as a whole';
COMMENT ON COLUMN revenue.pipeline_waterfall.member IS 'Stage, segment, rep or manager; NULL = unknown, or the whole pipeline';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "deal_id": "Deal", "name": "Name", "pipeline_id": "Pipeline",
  "opening_at": "Instant it starts from", "closing_at": "Instant it ends before",
  "period_from": "First day of the window of close dates", "period_to": "Day after its last",
  "opening_rep_id": "Rep at the opening", "closing_rep_id": "Rep at the closing",
  "opening_segment": "Segment at the opening", "closing_segment": "Segment at the closing",
  "opening_stage_id": "Stage at the opening", "closing_stage_id": "Stage at the closing",
  "opening_close_date": "Close date at the opening", "closing_close_date": "Close date at the closing",
  "in_opening": "Whether it was in the pipeline at the opening",
  "opening_value": "Value it had in the pipeline at the opening; every value is in the reporting currency",
  "entry_kind": "created, reopened, transferred_in, pulled or carried; NULL = it was there",
  "entry_value": "Value it came in with", "increase": "What its value rose by, before it left", "decrease": "What its value fell by",
  "fx": "What exchange rates made of the opening value",
  "exit_kind": "deleted, won, lost, transferred_out, pushed, slipped, advanced or, where it is still there, stays",
  "exit_value": "Value it left with", "closing_value": "Value it has in the pipeline at the closing",
  "reporting_currency": "The organisation''s base currency",
  "opening_without_value": "Whether the opening value is missing: no amount or no exchange rate",
  "closing_without_value": "Whether the value at the closing or exit is missing",
  "line_no": "Place of the line", "line": "opening, an entry, increase, decrease, fx, an exit or closing",
  "deal_count": "Number of deals"
}');
