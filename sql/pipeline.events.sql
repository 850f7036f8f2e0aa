-- The room pipeline, revenue events: one call that logs an event, and what the month has brought so far.

-- Events in totals ----------------------------------------------------------------------------

-- What brought revenue: the events, and the won deals that no event tells of, as the type won_deal. A deal that has
-- an event of its win is counted by that alone. Inlined, so that a period reaches the indexes.
CREATE OR REPLACE FUNCTION revenue.revenue_rows(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, event_type text, deal_id text, offer_id text, platform text, niche text, source text, amount numeric,
  currency char(3), closed_at timestamptz, days_to_close integer)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT e.org_id, e.event_type, e.deal_id, e.offer_id, e.platform, e.niche, e.source, e.amount::numeric, e.currency, e.closed_at, e.days_to_close
  FROM revenue.revenue_events AS e WHERE as_of IS NULL OR e.closed_at <= as_of
  UNION ALL
  SELECT d.org_id, 'won_deal', d.deal_id, NULL, NULL, NULL, nullif(d.source, ''), d.amount::numeric, d.currency, d.closed_at, NULL
  FROM revenue.deals_as_of(as_of) AS d
  JOIN revenue.stages AS s ON s.org_id = d.org_id AND s.pipeline_id = d.pipeline_id AND s.stage_id = d.stage_id AND s.kind = 'won'
  WHERE d.closed_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM revenue.revenue_events AS e
    WHERE e.org_id = d.org_id AND e.deal_id = d.deal_id AND e.event_type = 'deal_won' AND (as_of IS NULL OR e.closed_at <= as_of));
END;
COMMENT ON FUNCTION revenue.revenue_rows IS
  'For sums: revenue events, and as the type won_deal the won deals that no event tells of, so that each win is counted once; until as_of, NULL = now';

-- Grouped by currency and day before it is converted, so that there is one product a group, exact like the
-- sum, and one look-up a currency and day.
CREATE OR REPLACE FUNCTION revenue.event_cells(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, event_type text, offer_id text, platform text, niche text, source text, reporting_currency char(3),
  events bigint, valued_events bigint, deals_closed bigint, revenue numeric, timed_events bigint, days_to_close_sum numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_sort = off SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_date_range(event_cells.from_date, event_cells.to_date);
  RETURN QUERY
  WITH visible AS MATERIALIZED (
    SELECT o.org_id, o.base_currency, o.time_zone, coalesce(revenue.checked_instant(as_of), now()) AS moment,
      least(greatest(from_date, '0001-01-02'), '9999-12-29')::timestamp AT TIME ZONE o.time_zone AS first_at,
      greatest(least(to_date, '9999-12-30'), '0001-01-02')::timestamp AT TIME ZONE o.time_zone AS end_at
    FROM revenue.orgs AS o
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org)
  ), cells AS MATERIALIZED (
    SELECT v.org_id, v.base_currency, e.event_type, e.offer_id, e.platform, e.niche, e.source, e.currency,
      (e.closed_at AT TIME ZONE v.time_zone)::date AS closed_on, count(*) AS events, count(e.amount) AS with_amount,
      count(*) FILTER (WHERE e.event_type = 'won_deal' OR e.event_type = 'deal_won' AND e.amount >= 0) AS deals_closed,
      sum(e.amount) AS amount, count(e.days_to_close) AS timed_events, sum(e.days_to_close) AS days_to_close
    FROM visible AS v
    JOIN revenue.revenue_rows(as_of) AS e
      ON e.org_id = v.org_id AND e.closed_at >= v.first_at AND e.closed_at < v.end_at AND e.closed_at <= v.moment
    GROUP BY v.org_id, v.base_currency, e.event_type, e.offer_id, e.platform, e.niche, e.source, e.currency, closed_on
  ), rates AS MATERIALIZED (
    SELECT d.org_id, d.currency, d.closed_on, f.rate
    FROM (SELECT DISTINCT c.org_id, c.base_currency, c.currency, c.closed_on FROM cells AS c) AS d
    LEFT JOIN LATERAL revenue.fx_rate_on(d.org_id, d.currency, d.base_currency, d.closed_on) AS f ON true
  )
  SELECT c.org_id, c.event_type, c.offer_id, c.platform, c.niche, c.source, c.base_currency,
    sum(c.events)::bigint, coalesce(sum(c.with_amount) FILTER (WHERE r.rate IS NOT NULL), 0)::bigint,
    sum(c.deals_closed)::bigint, sum(c.amount * r.rate), sum(c.timed_events)::bigint, sum(c.days_to_close)
  FROM cells AS c
  JOIN rates AS r USING (org_id, currency, closed_on)
  GROUP BY c.org_id, c.event_type, c.offer_id, c.platform, c.niche, c.source, c.base_currency;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.event_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.event_cells IS
  'For functions with the owner''s rights: revenue events and won deals without one from from_date to the day before to_date and until as_of by type, offer, platform, niche and source, of the organisations the caller may see, cells of any size';

CREATE OR REPLACE FUNCTION revenue.mtd(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, month date, event_type text, events bigint, revenue numeric, reporting_currency char(3),
  events_without_rate bigint, previous_events bigint, previous_revenue numeric, change double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_sort = off SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH periods AS MATERIALIZED (
    SELECT o.org_id, o.base_currency, o.time_zone, d.month, p.this_month, p.first::timestamp AT TIME ZONE o.time_zone AS first_at,
      least((p.last + 1)::timestamp AT TIME ZONE o.time_zone, d.moment + interval '1 us') AS end_at
    FROM revenue.orgs AS o
    CROSS JOIN LATERAL (
      SELECT n.moment, n.today, date_trunc('month', n.today::timestamp)::date AS month
      FROM (SELECT m.moment, (m.moment AT TIME ZONE o.time_zone)::date AS today
            FROM (SELECT coalesce(revenue.checked_instant(as_of), now()) AS moment) AS m) AS n) AS d
    CROSS JOIN LATERAL (VALUES
      (true, d.month, d.today),
      (false, (d.month - interval '1 month')::date, (d.today - interval '1 month')::date)) AS p(this_month, first, last)
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org)
  ), cells AS MATERIALIZED (
    SELECT p.org_id, p.base_currency, p.month, p.this_month, e.event_type, e.currency,
      (e.closed_at AT TIME ZONE p.time_zone)::date AS closed_on, count(*) AS events, count(e.amount) AS with_amount, sum(e.amount) AS amount
    FROM periods AS p
    JOIN revenue.revenue_rows(as_of) AS e ON e.org_id = p.org_id AND e.closed_at >= p.first_at AND e.closed_at < p.end_at
    GROUP BY p.org_id, p.base_currency, p.month, p.this_month, e.event_type, e.currency, closed_on
  ), valued AS (
    SELECT c.*, f.rate
    FROM cells AS c LEFT JOIN LATERAL revenue.fx_rate_on(c.org_id, c.currency, c.base_currency, c.closed_on) AS f ON true
  ), sums AS (
    SELECT c.org_id, c.month, c.event_type, c.base_currency AS reporting_currency,
      coalesce(sum(c.events) FILTER (WHERE c.this_month), 0)::bigint AS events,
      coalesce(sum(c.with_amount) FILTER (WHERE c.this_month AND c.rate IS NOT NULL), 0)::bigint AS valued,
      sum(c.amount * c.rate) FILTER (WHERE c.this_month) AS revenue,
      coalesce(sum(c.events) FILTER (WHERE NOT c.this_month), 0)::bigint AS events_before,
      coalesce(sum(c.with_amount) FILTER (WHERE NOT c.this_month AND c.rate IS NOT NULL), 0)::bigint AS valued_before,
      sum(c.amount * c.rate) FILTER (WHERE NOT c.this_month) AS revenue_before
    FROM valued AS c GROUP BY c.org_id, c.month, c.event_type, c.base_currency
  ), shown AS (
    SELECT s.*,
      CASE WHEN s.events = 0 THEN 0 ELSE revenue.visible_total(s.org_id, s.valued, s.revenue) END AS now_shown,
      CASE WHEN s.events_before = 0 THEN 0
        ELSE revenue.visible_total(s.org_id, s.valued_before, s.revenue_before) END AS before_shown
    FROM sums AS s
    WHERE revenue.cell_visible(s.org_id, greatest(s.events, s.events_before))
  )
  SELECT s.org_id, s.month, s.event_type, c.events, trim_scale(s.now_shown), s.reporting_currency, c.events - s.valued,
    revenue.visible_total(s.org_id, s.events_before, s.events_before)::bigint, trim_scale(s.before_shown),
    ((s.now_shown - s.before_shown) / nullif(abs(s.before_shown), 0))::double precision
  FROM shown AS s
  CROSS JOIN LATERAL (SELECT revenue.visible_total(s.org_id, s.events, s.events)::bigint AS events) AS c
  ORDER BY s.org_id, s.event_type;
END $$;
COMMENT ON FUNCTION revenue.mtd IS
  'Revenue of the month to date by event type, with a line won_deal for the won deals that no event tells of, so that the lines hold every win once; each at the rate of its day, beside the month before up to the same day (or its last)';

CREATE OR REPLACE VIEW revenue.mtd AS SELECT * FROM revenue.mtd();

CREATE OR REPLACE FUNCTION revenue.top_sources(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, n integer DEFAULT 10,
  org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, rank bigint, source text, events bigint, deals_closed bigint, revenue numeric, total_revenue numeric,
  share double precision, reporting_currency char(3), events_without_rate bigint, avg_days_to_close double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  IF n < 1 THEN
    RAISE EXCEPTION 'n must be 1 or more, not %', n USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass how many sources you want, or NULL for all.';
  END IF;
  RETURN QUERY
  WITH sources AS (
    SELECT c.org_id, c.source, c.reporting_currency, sum(c.events)::bigint AS events, sum(c.valued_events)::bigint AS valued,
      sum(c.deals_closed)::bigint AS closed,
      revenue.visible_total(c.org_id, sum(c.valued_events)::bigint, sum(c.revenue)) AS revenue,
      CASE WHEN revenue.cell_visible(c.org_id, sum(c.timed_events)::bigint)
        THEN (sum(c.days_to_close_sum) / nullif(sum(c.timed_events), 0))::double precision END AS days
    FROM revenue.event_cells(from_date, to_date, as_of, org) AS c
    GROUP BY c.org_id, c.source, c.reporting_currency
    HAVING revenue.cell_visible(c.org_id, sum(c.events)::bigint)
  ), ranked AS (
    SELECT s.*, row_number() OVER (PARTITION BY s.org_id ORDER BY s.revenue DESC NULLS LAST, s.source) AS place,
      sum(s.revenue) OVER (PARTITION BY s.org_id) AS total
    FROM sources AS s
  )
  SELECT r.org_id, r.place, r.source, r.events, CASE WHEN r.closed = 0 OR revenue.cell_visible(r.org_id, r.closed) THEN r.closed END,
    trim_scale(r.revenue), trim_scale(r.total),
    CASE WHEN r.total > 0 THEN (r.revenue / r.total)::double precision END, r.reporting_currency, r.events - r.valued, r.days
  FROM ranked AS r WHERE n IS NULL OR r.place <= n ORDER BY r.org_id, r.place;
END $$;
COMMENT ON FUNCTION revenue.top_sources IS
  'The sources that brought most revenue from from_date to the day before to_date (NULL = open), net of what was lost; source NULL = unknown, total_revenue = of all sources that the caller sees';

CREATE OR REPLACE VIEW revenue.top_sources AS SELECT * FROM revenue.top_sources();

-- The forecast beside an event ----------------------------------------------------------------
-- Weighing 100,000 deals and learning when such are won takes half a second, and an event changes one of them.
-- So the whole is computed once a day, or by refresh_forecast(), and each event carries what it changed
-- since: a won deal takes its share along, by the probabilities of its stage and day. An answer is the
-- base and the changes; nothing is overwritten, so writers do not wait for each other. What
-- else changed since computed_at (other deals, another day) is not in it.

CREATE OR REPLACE FUNCTION revenue.refresh_forecast(org integer DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  chosen integer := revenue.require_org('member', org);
BEGIN
  IF NOT revenue.take_lock('forecast', chosen, false) THEN RETURN false; END IF;
  -- One statement, so one snapshot: an event is either in the new base or keeps its change.
  WITH settled AS (
    UPDATE revenue.revenue_events AS e SET forecast_change = NULL, expected_changes = NULL
    WHERE e.org_id = chosen AND e.forecast_change IS NOT NULL
  ), model AS MATERIALIZED (
    SELECT revenue.stage_model('deal', NULL, chosen) AS m
  ), open_deals AS MATERIALIZED (
    SELECT s.pipeline_id, s.stage_id, s.stage_no, revenue.stage_age(d.stage_entered_at, now()) AS days,
      (d.amount * r.rate)::double precision AS value
    FROM revenue.funnel_stages('deal') AS s
    JOIN revenue.deals AS d USING (org_id, pipeline_id, stage_id)
    LEFT JOIN revenue.fx_rates_at() AS r ON r.org_id = d.org_id AND r.currency = d.currency
    WHERE s.org_id = chosen AND s.kind = 'open'
  ), ages AS (
    -- A day more than the oldest has, for it gets older before the next base.
    SELECT d.pipeline_id, d.stage_id, d.stage_no, generate_series(0, max(d.days) + 1) AS days
    FROM open_deals AS d GROUP BY d.pipeline_id, d.stage_id, d.stage_no
  ), chances AS MATERIALIZED (
    SELECT a.pipeline_id, a.stage_id, a.days, revenue.win_probability_within(m.m, a.stage_no, a.days, 30) AS win_30d,
      revenue.win_probability_within(m.m, a.stage_no, a.days, 60) AS win_60d,
      revenue.win_probability_within(m.m, a.stage_no, a.days, 90) AS win_90d
    FROM ages AS a CROSS JOIN model AS m
  ), stages AS (
    SELECT c.pipeline_id, c.stage_id, jsonb_agg(jsonb_build_array(c.win_30d, c.win_60d, c.win_90d) ORDER BY c.days) AS days
    FROM chances AS c GROUP BY c.pipeline_id, c.stage_id
  ), pipelines AS (
    SELECT s.pipeline_id, jsonb_object_agg(s.stage_id, s.days) AS stages FROM stages AS s GROUP BY s.pipeline_id
  )
  INSERT INTO revenue.forecast_bases AS b (org_id, computed_at, deal_count, weighted_value, reporting_currency, expected, outlook)
  SELECT chosen, clock_timestamp(), coalesce(sum(c.deal_count), 0), coalesce(sum(c.forecast), 0),
    (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen),
    (SELECT ARRAY[coalesce(sum(d.value * p.win_30d), 0), coalesce(sum(d.value * p.win_60d), 0), coalesce(sum(d.value * p.win_90d), 0)]
     FROM open_deals AS d JOIN chances AS p USING (pipeline_id, stage_id, days)),
    (SELECT coalesce(jsonb_object_agg(p.pipeline_id, p.stages), '{}') FROM pipelines AS p)
  FROM revenue.pipeline_cells(NULL, chosen) AS c
  ON CONFLICT (org_id) DO UPDATE SET computed_at = excluded.computed_at, deal_count = excluded.deal_count,
    weighted_value = excluded.weighted_value, reporting_currency = excluded.reporting_currency,
    expected = excluded.expected, outlook = excluded.outlook;
  RETURN true;
END $$;
COMMENT ON FUNCTION revenue.refresh_forecast IS
  'Computes the forecast that log_deal() carries forward anew; false where another session is at it. Members and above';

CREATE OR REPLACE FUNCTION revenue.forecast_after_event(org integer DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT jsonb_build_object(
    'computed_at', b.computed_at, 'events_since', count(e.event_id),
    'deal_count', b.deal_count - count(e.event_id),
    'weighted_value', round((b.weighted_value + coalesce(sum(e.forecast_change), 0))::numeric, 2),
    'expected_30d', round((b.expected[1] + coalesce(sum(e.expected_changes[1]), 0))::numeric, 2),
    'expected_60d', round((b.expected[2] + coalesce(sum(e.expected_changes[2]), 0))::numeric, 2),
    'expected_90d', round((b.expected[3] + coalesce(sum(e.expected_changes[3]), 0))::numeric, 2),
    'reporting_currency', b.reporting_currency)
  FROM revenue.forecast_bases AS b
  LEFT JOIN revenue.revenue_events AS e ON e.org_id = b.org_id AND e.forecast_change IS NOT NULL
  WHERE b.org_id = revenue.current_org(org)
  GROUP BY b.org_id;
END;
COMMENT ON FUNCTION revenue.forecast_after_event IS
  'The forecast as last computed, with what log_deal() has closed since taken out; NULL where none was computed yet';
