-- The room metrics: how fresh the sources are, and whether they agree.

-- Daily sources end with the day that they tell of. One without a row is not in use.
CREATE OR REPLACE FUNCTION revenue.data_freshness(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (org_id integer, source text, last_change timestamptz, hours_old double precision, stale boolean, state text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  -- What this transaction wrote was recorded after it began.
  until timestamptz := coalesce(as_of, clock_timestamp());
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH changes AS (
    SELECT o.org_id, s.source, CASE WHEN s.last_change > moment THEN moment ELSE s.last_change END AS last_change
    FROM revenue.orgs AS o
    CROSS JOIN LATERAL (VALUES
      ('accounts', (SELECT max(a.signals_at) FROM revenue.accounts AS a WHERE a.org_id = o.org_id AND a.signals_at <= until)),
      ('activities', (SELECT max(a.recorded_at) FROM revenue.activities AS a WHERE a.org_id = o.org_id AND a.recorded_at <= until)),
      ('automation_days', ((SELECT max(a.day) FROM revenue.automation_days AS a
        WHERE a.org_id = o.org_id AND a.day <= until AT TIME ZONE o.time_zone) + 1)::timestamp AT TIME ZONE o.time_zone),
      ('contacts', greatest(
        (SELECT max(c.created_at) FROM revenue.contacts AS c WHERE c.org_id = o.org_id AND c.created_at <= until),
        (SELECT max(c.recorded_at) FROM revenue.contact_stages AS c WHERE c.org_id = o.org_id AND c.recorded_at <= until))),
      ('deals', (SELECT max(h.recorded_at) FROM revenue.deal_history AS h WHERE h.org_id = o.org_id AND h.recorded_at <= until)),
      ('fx_rates', ((SELECT max(f.rate_date) FROM revenue.fx_rates AS f
        WHERE f.org_id = o.org_id AND f.rate_date <= until AT TIME ZONE o.time_zone) + 1)::timestamp AT TIME ZONE o.time_zone),
      ('offer_activity', ((SELECT max(a.day) FROM revenue.offer_activity AS a
        WHERE a.org_id = o.org_id AND a.day <= until AT TIME ZONE o.time_zone) + 1)::timestamp AT TIME ZONE o.time_zone),
      ('subscriptions', (SELECT max(c.recorded_at) FROM revenue.mrr_customers AS c WHERE c.org_id = o.org_id AND c.recorded_at <= until)),
      ('revenue_events', (SELECT max(e.recorded_at) FROM revenue.revenue_events AS e WHERE e.org_id = o.org_id AND e.recorded_at <= until))
    ) AS s(source, last_change)
    WHERE o.org_id = ANY (revenue.visible_orgs('member')) AND (data_freshness.org IS NULL OR o.org_id = data_freshness.org)
  )
  SELECT c.org_id, c.source, c.last_change, extract(epoch FROM moment - c.last_change)::double precision / 3600,
    coalesce(c.last_change < moment - interval '24 hours', false),
    CASE WHEN c.last_change IS NULL THEN 'empty' WHEN c.last_change < moment - interval '24 hours' THEN 'stale' ELSE 'fresh' END
  FROM changes AS c ORDER BY c.org_id, c.source;
END $$;
COMMENT ON FUNCTION revenue.data_freshness IS
  'When each source changed last, as of an instant; stale = more than 24 hours before it. Members and above';

CREATE OR REPLACE VIEW revenue.data_freshness WITH (security_invoker) AS SELECT * FROM revenue.data_freshness();
COMMENT ON VIEW revenue.data_freshness IS 'When each source changed last; stale = more than 24 hours ago';

-- Reconciliation ------------------------------------------------------------------------------
-- Each check compares the same thing told by two sources: row by row where rows can be told apart, and
-- in total. A row that only one source has is off by all of its value.
-- Joins are hashed whatever is known of the tables, because a loop planned for few deals is run for all.

CREATE OR REPLACE FUNCTION revenue.reconcile_sources(
  as_of timestamptz DEFAULT NULL, tolerance double precision DEFAULT 0.001, org integer DEFAULT NULL)
RETURNS TABLE (
  check_name text, left_source text, right_source text, unit text, row_id text, left_value numeric, right_value numeric,
  difference numeric, relative_difference double precision, reconciled boolean, compared bigint, stale_sources text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET enable_nestloop = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  on_day date;
  day_ends timestamptz;
  home revenue.orgs;
  stale text[];
BEGIN
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  IF (tolerance BETWEEN 0 AND 1) IS NOT TRUE THEN
    RAISE EXCEPTION 'tolerance must be from 0 to 1, and is %', coalesce(tolerance::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out for 0.001, that is 0.1 %.';
  ELSIF moment NOT BETWEEN '0005-01-01' AND '9999-12-01' THEN
    RAISE EXCEPTION 'as_of is out of range: %', moment USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for now.';
  END IF;
  on_day := (moment AT TIME ZONE home.time_zone)::date;
  day_ends := least((on_day + 1)::timestamp AT TIME ZONE home.time_zone - interval '1 us', now());
  stale := ARRAY(SELECT f.source FROM revenue.data_freshness(as_of, chosen) AS f WHERE f.stale);
  RETURN QUERY
  WITH sides AS (
    -- What a deal is now, and what its history says it is.
    SELECT 'deals = history' AS check_name, 'deals' AS left_source, 'deal_history' AS right_source, '{deals}'::text[] AS sources,
      coalesce(d.currency, h.currency)::text AS unit, coalesce(d.deal_id, h.deal_id) AS row_id,
      CASE WHEN d.deal_id IS NOT NULL THEN coalesce(d.amount, 0) END AS left_value,
      CASE WHEN h.deal_id IS NOT NULL THEN coalesce(h.amount, 0) END AS right_value,
      (d.stage_id, d.currency, d.closed_at) IS NOT DISTINCT FROM (h.stage_id, h.currency, h.closed_at) AS alike
    FROM (SELECT * FROM revenue.deals AS d WHERE d.org_id = chosen AND day_ends >= now()) AS d
    FULL JOIN (SELECT * FROM revenue.deal_history AS h WHERE h.org_id = chosen AND h.valid_to = 'infinity'
      AND h.superseded_at = 'infinity' AND day_ends >= now()) AS h USING (deal_id)
    UNION ALL
    -- What was won by the CRM, and by the events that report it.
    SELECT 'won deals = revenue events', 'deals', 'revenue_events', '{deals,revenue_events}', c.currency, c.deal_id, c.amount, e.amount,
      c.currency = e.currency
    FROM revenue.closed_deals(CASE WHEN day_ends < now() THEN day_ends END) AS c
    LEFT JOIN (
      SELECT e.deal_id, max(e.currency) AS currency, sum(e.amount) AS amount FROM revenue.revenue_events AS e
      WHERE e.org_id = chosen AND e.event_type = 'deal_won' AND e.amount >= 0 AND e.deal_id IS NOT NULL AND e.closed_at <= day_ends
      GROUP BY e.deal_id HAVING min(e.currency) = max(e.currency)) AS e USING (deal_id)
    WHERE c.org_id = chosen AND c.won AND c.amount IS NOT NULL
      AND EXISTS (SELECT FROM revenue.revenue_events AS e WHERE e.org_id = chosen AND e.deal_id IS NOT NULL)
    UNION ALL
    -- What was counted as it happened, and what there is.
    SELECT 'interactions = activities', 'deals', 'activities', '{deals,activities}', 'count', d.deal_id, d.num_interactions, coalesce(a.n, 0), true
    FROM revenue.deals AS d
    LEFT JOIN (SELECT a.deal_id, count(*) AS n FROM revenue.activities AS a
      WHERE a.org_id = chosen AND a.deal_id IS NOT NULL AND a.kind NOT IN ('note', 'task') GROUP BY a.deal_id) AS a USING (deal_id)
    WHERE d.org_id = chosen AND day_ends >= now() AND d.num_interactions IS NOT NULL
    UNION ALL
    -- The store, its segments, and the snapshot of the same day.
    SELECT 'metrics = segments', 'metric_values', format('metric_values by %s', s.dimension), '{}', v.metric,
      v.metric, v.numerator, s.total, true
    FROM revenue.metric_values AS v
    JOIN (SELECT s.metric, s.dimension, sum(s.numerator) AS total FROM revenue.metric_values AS s
      WHERE s.org_id = chosen AND s.day = on_day AND s.dimension <> 'all' GROUP BY s.metric, s.dimension) AS s USING (metric)
    JOIN revenue.builtin_metrics() AS b USING (metric)
    WHERE v.org_id = chosen AND v.day = on_day AND v.dimension = 'all' AND v.denominator IS NULL
      AND v.metric <> 'sales_velocity'
    UNION ALL
    -- The days in the store, and the deals that are closed.
    SELECT 'metrics = closed deals', 'metric_values', 'deals', '{deals}', v.metric, format('%s %s', v.metric, to_char(v.day, 'YYYY-MM-DD')), v.total,
      coalesce(CASE v.metric WHEN 'deals_won' THEN c.won WHEN 'deals_lost' THEN c.lost WHEN 'won_value' THEN c.won_value ELSE c.lost_value END, 0),
      true
    FROM (
      SELECT v.day, m.metric, sum(m.sign * v.numerator) AS total FROM revenue.metric_values AS v
      JOIN (VALUES ('deals_won', 'deals_won', 1), ('deals_lost', 'deals_lost', 1), ('won_value', 'won_value', 1),
        ('lost_value', 'closed_value', 1), ('lost_value', 'won_value', -1)) AS m(metric, part, sign) ON m.part = v.metric
      WHERE v.org_id = chosen AND v.dimension = 'all' AND v.day <= on_day GROUP BY v.day, m.metric) AS v
    LEFT JOIN (
      SELECT c.closed_on, count(*) FILTER (WHERE c.won) AS won, count(*) FILTER (WHERE NOT c.won) AS lost,
        coalesce(sum(c.reporting_amount) FILTER (WHERE c.won), 0) AS won_value,
        coalesce(sum(c.reporting_amount) FILTER (WHERE NOT c.won), 0) AS lost_value
      FROM revenue.closed_deals() AS c WHERE c.org_id = chosen GROUP BY c.closed_on) AS c ON c.closed_on = v.day
    UNION ALL
    SELECT 'metrics = snapshot', 'metric_values', 'pipeline_snapshots', '{}', v.metric, v.metric, v.numerator,
      CASE v.metric WHEN 'open_deals' THEN p.deal_count WHEN 'open_pipeline' THEN p.total_pipeline
        WHEN 'deals_created' THEN p.deals_created
        WHEN 'contacts_in_funnel' THEN p.contacts_in_funnel WHEN 'contacts_added' THEN p.contacts_added
        WHEN 'revenue' THEN p.revenue_today END, true
    FROM revenue.metric_values AS v
    JOIN revenue.pipeline_snapshots AS p ON p.org_id = v.org_id AND p.snapshot_date = v.day AND p.complete
    WHERE v.org_id = chosen AND v.day = on_day AND v.dimension = 'all' AND v.complete AND v.metric IN (
      'open_deals', 'open_pipeline', 'deals_created', 'contacts_in_funnel', 'contacts_added', 'revenue')
  ), compared AS (
    SELECT s.*, coalesce(s.left_value, 0) - coalesce(s.right_value, 0) AS difference,
      greatest(abs(s.left_value), abs(s.right_value)) AS size
    FROM sides AS s
  ), judged AS (
    SELECT c.*, abs(c.difference) <= tolerance::numeric * coalesce(c.size, 0) AND coalesce(c.alike, false)
      AND (c.left_value IS NULL) = (c.right_value IS NULL) AS reconciled
    FROM compared AS c
  )
  SELECT j.check_name, j.left_source, j.right_source, j.unit, NULL, sum(j.left_value), sum(j.right_value), sum(j.difference),
    (abs(sum(j.difference)) / nullif(greatest(abs(sum(j.left_value)), abs(sum(j.right_value))), 0))::double precision,
    bool_and(j.reconciled), count(*),
    ARRAY(SELECT s FROM unnest(min(j.sources)) AS s WHERE s = ANY (stale))
  FROM judged AS j GROUP BY j.check_name, j.left_source, j.right_source, j.unit
  UNION ALL
  SELECT j.check_name, j.left_source, j.right_source, j.unit, j.row_id, j.left_value, j.right_value, j.difference,
    (abs(j.difference) / nullif(j.size, 0))::double precision, false, 1,
    ARRAY(SELECT s FROM unnest(j.sources) AS s WHERE s = ANY (stale))
  FROM judged AS j WHERE NOT j.reconciled
  ORDER BY 1, 3, 4, 5 NULLS FIRST;
END $$;
COMMENT ON FUNCTION revenue.reconcile_sources IS
  'Whether sources that tell the same agree within the tolerance: a row for each check and unit (row_id NULL) with its totals, reconciled where every row of it is, and one for each row that is not. Checks on the present are left out for a past as_of. Members and above';
