-- The room pipeline: snapshots of the pipeline, from history, and where it stands in a few lines.

CREATE OR REPLACE FUNCTION revenue.pipeline_state(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS revenue.pipeline_snapshots LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen revenue.orgs;
  wanted timestamptz := coalesce(revenue.checked_instant(as_of), now());
  day date;
  day_began timestamptz;
  day_ends timestamptz;
  moment timestamptz;
  state revenue.pipeline_snapshots;
BEGIN
  SELECT * INTO chosen FROM revenue.orgs AS o WHERE o.org_id = revenue.current_org(org)
    AND o.org_id = ANY (revenue.visible_orgs('member'));
  IF chosen.org_id IS NULL THEN
    RAISE EXCEPTION 'the state of the pipeline is for members' USING ERRCODE = 'insufficient_privilege',
      HINT = 'Totals for viewers are in pipeline_summary and pipeline_forecast.';
  ELSIF wanted NOT BETWEEN '0001-01-02' AND '9999-12-30' THEN
    RAISE EXCEPTION 'as_of must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for now.';
  END IF;
  day := (wanted AT TIME ZONE chosen.time_zone)::date;
  day_began := day::timestamp AT TIME ZONE chosen.time_zone;
  day_ends := (day + 1)::timestamp AT TIME ZONE chosen.time_zone;
  moment := least(day_ends - interval '1 us', greatest(wanted, now()));

  state.org_id := chosen.org_id;
  state.snapshot_date := day;
  state.as_of := moment;
  state.complete := day_ends <= now();
  state.taken_at := clock_timestamp();
  state.reporting_currency := chosen.base_currency;
  SELECT coalesce(sum(p.entries) FILTER (WHERE p.kind = 'deal'), 0), coalesce(sum(p.without_value) FILTER (WHERE p.kind = 'deal'), 0),
    coalesce(sum(p.total_value) FILTER (WHERE p.kind = 'deal'), 0), coalesce(sum(p.entries) FILTER (WHERE p.kind = 'contact'), 0)
  INTO state.deal_count, state.deals_without_value, state.total_pipeline, state.contacts_in_funnel
  FROM revenue.pipeline_stages_at(moment, chosen.org_id) AS p;
  state.forecast_30d := (SELECT f.expected_value FROM revenue.pipeline_forecast('deal', moment, chosen.org_id) AS f WHERE f.horizon_days = 30);
  state.contact_forecast_30d := (SELECT f.expected_value FROM revenue.pipeline_forecast('contact', moment, chosen.org_id) AS f WHERE f.horizon_days = 30);
  state.contacts_added := (
    SELECT count(*) FROM revenue.contacts AS c WHERE c.org_id = chosen.org_id AND c.created_at >= day_began AND c.created_at <= moment);
  SELECT count(*) FILTER (WHERE d.created_at >= day_began), count(*) FILTER (WHERE s.kind = 'won' AND d.closed_at >= day_began),
    count(*) FILTER (WHERE s.kind = 'lost' AND d.closed_at >= day_began)
  INTO state.deals_created, state.deals_won, state.deals_lost
  FROM revenue.deals_as_of(moment) AS d
  LEFT JOIN revenue.scored_stages(moment) AS s USING (org_id, pipeline_id, stage_id)
  WHERE d.org_id = chosen.org_id AND (d.created_at >= day_began OR d.closed_at >= day_began);
  SELECT coalesce(sum(e.revenue), 0) INTO state.revenue_today FROM revenue.event_cells(day, day + 1, moment, chosen.org_id) AS e;
  SELECT coalesce(sum(e.revenue), 0) INTO state.revenue_mtd
  FROM revenue.event_cells(date_trunc('month', day::timestamp)::date, day + 1, moment, chosen.org_id) AS e;
  RETURN state;
END $$;
COMMENT ON FUNCTION revenue.pipeline_state IS
  'What a snapshot of the day of as_of holds, at the end of that day or now, from history. Members and above';

CREATE OR REPLACE FUNCTION revenue.pipeline_stages_at(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (kind text, pipeline_id text, stage_id text, entries bigint, total_value numeric, without_value bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT e.kind, e.pipeline_id, e.stage_id, count(*), coalesce(sum(e.value * r.rate), 0), count(*) FILTER (WHERE e.value * r.rate IS NULL)
  FROM (
    SELECT 'deal' AS kind, d.org_id, d.pipeline_id, d.stage_id, d.amount AS value, d.currency
    FROM revenue.deals_as_of(as_of) AS d WHERE d.org_id = pipeline_stages_at.org
    UNION ALL
    SELECT 'contact', c.org_id, c.pipeline_id, c.stage_id, c.expected_value, c.currency
    FROM revenue.contacts_as_of(as_of) AS c WHERE c.org_id = pipeline_stages_at.org
  ) AS e
  LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
  LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = e.org_id AND r.currency = coalesce(e.currency, s.base_currency)
  WHERE coalesce(s.kind = 'open', false)
  GROUP BY e.kind, e.pipeline_id, e.stage_id;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.pipeline_stages_at FROM PUBLIC;
COMMENT ON FUNCTION revenue.pipeline_stages_at IS
  'For functions with the owner''s rights: the open stages of deals and contacts at an instant, cells of any size';

CREATE OR REPLACE FUNCTION revenue.take_snapshot(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL) RETURNS date
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  state revenue.pipeline_snapshots := revenue.pipeline_state(as_of, chosen);
BEGIN
  -- The row of the day makes two who take it at once wait for each other.
  INSERT INTO revenue.pipeline_snapshots AS s SELECT (state).*
  ON CONFLICT (org_id, snapshot_date) DO UPDATE SET
    (as_of, complete, taken_at, reporting_currency, deal_count, deals_without_value, total_pipeline, forecast_30d,
      contacts_in_funnel, contact_forecast_30d, contacts_added, deals_created, deals_won, deals_lost, revenue_today, revenue_mtd)
    = (excluded.as_of, excluded.complete, excluded.taken_at, excluded.reporting_currency, excluded.deal_count,
      excluded.deals_without_value, excluded.total_pipeline, excluded.forecast_30d, excluded.contacts_in_funnel,
      excluded.contact_forecast_30d, excluded.contacts_added, excluded.deals_created, excluded.deals_won, excluded.deals_lost,
      excluded.revenue_today, excluded.revenue_mtd);
  DELETE FROM revenue.pipeline_snapshot_stages AS s WHERE s.org_id = chosen AND s.snapshot_date = state.snapshot_date;
  INSERT INTO revenue.pipeline_snapshot_stages (org_id, snapshot_date, kind, pipeline_id, stage_id, entries, total_value)
  SELECT chosen, state.snapshot_date, p.kind, p.pipeline_id, p.stage_id, p.entries, p.total_value
  FROM revenue.pipeline_stages_at(state.as_of, chosen) AS p;
  RETURN state.snapshot_date;
END $$;
COMMENT ON FUNCTION revenue.take_snapshot IS
  'Keeps the pipeline of the day of as_of (NULL = today): at its end where it is over, else now. Again and again without harm; late as well as on time. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.catch_up_snapshots(first_day date DEFAULT NULL, org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  zone text := (SELECT o.time_zone FROM revenue.orgs AS o WHERE o.org_id = chosen);
  yesterday date := (now() AT TIME ZONE zone)::date - 1;
  since date := coalesce(catch_up_snapshots.first_day,
    (SELECT min(s.snapshot_date) FROM revenue.pipeline_snapshots AS s WHERE s.org_id = chosen), yesterday);
  missing date;
  taken integer := 0;
BEGIN
  IF since < yesterday - 3660 THEN
    RAISE EXCEPTION 'first_day is more than ten years ago' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Single days of any past are taken by take_snapshot().';
  END IF;
  FOR missing IN
    SELECT d::date FROM generate_series(least(since, yesterday + 1)::timestamp, yesterday::timestamp, interval '1 day') AS d
    WHERE NOT EXISTS (
      SELECT FROM revenue.pipeline_snapshots AS s WHERE s.org_id = chosen AND s.snapshot_date = d::date AND s.complete)
    ORDER BY 1
  LOOP
    BEGIN
      PERFORM revenue.take_snapshot((missing::timestamp + interval '12 hours') AT TIME ZONE zone, chosen);
      taken := taken + 1;
    EXCEPTION WHEN OTHERS THEN
      PERFORM revenue.leave_out(format('snapshot of %s', to_char(missing, 'YYYY-MM-DD')), concat_ws(' ', SQLSTATE, SQLERRM));
    END;
  END LOOP;
  RETURN taken;
END $$;
COMMENT ON FUNCTION revenue.catch_up_snapshots IS
  'Takes the snapshots of the days over since first_day (NULL = the first one taken) that are missing or were taken before the day was over; how many. Admins and owners';

-- Where the pipeline stands -------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.status(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  currency text;
  item record;
BEGIN
  IF moment NOT BETWEEN '0001-02-01' AND '9999-12-30' THEN
    RAISE EXCEPTION 'as_of must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for now.';
  END IF;
  SELECT o.base_currency, o.name, moment AT TIME ZONE o.time_zone AS at INTO item FROM revenue.orgs AS o WHERE o.org_id = chosen;
  currency := item.base_currency;
  RETURN NEXT format('%s, %s', item.name, to_char(item.at, 'FMDay FMDD FMMonth YYYY HH24:MI'));
  FOR item IN SELECT * FROM revenue.pipeline_summary(as_of, chosen) LOOP
    RETURN NEXT format('%s %s %s deals  %s', rpad(left(item.stage_name, 20), 20),
      lpad(coalesce(to_char(item.total_value, 'FM999,999,999,999,990'), '-'), 18), currency || lpad(item.deal_count::text, 8),
      CASE WHEN item.at_risk_deals > 0 THEN item.at_risk_deals || ' at risk' ELSE '' END);
  END LOOP;
  FOR item IN SELECT * FROM revenue.pipeline_forecast('deal', as_of, chosen) LOOP
    RETURN NEXT format('%s %s %s, 95 %% between %s and %s', rpad('Forecast, ' || item.horizon_days || ' days', 20),
      lpad(coalesce(to_char(item.expected_value, 'FM999,999,999,999,990'), '-'), 18), currency,
      coalesce(to_char(item.lower_95, 'FM999,999,999,999,990'), '-'), coalesce(to_char(item.upper_95, 'FM999,999,999,999,990'), '-'));
  END LOOP;
  FOR item IN
    SELECT w.line, sum(w.value) * CASE WHEN w.line IN ('won', 'lost') THEN -1 ELSE 1 END AS value, sum(w.deal_count) AS deal_count
    FROM revenue.pipeline_waterfall(moment - interval '7 days', as_of + interval '1 us', org => chosen) AS w
    WHERE w.line NOT IN ('opening', 'closing') GROUP BY w.line, w.line_no HAVING sum(w.value) <> 0 ORDER BY w.line_no
  LOOP
    -- A deal that is won leaves the pipeline, which is no loss: its value is what was won.
    RETURN NEXT format('%s %s %s %s in seven days', rpad(CASE item.line WHEN 'fx' THEN 'Exchange rates' WHEN 'increase' THEN 'Increased'
        WHEN 'decrease' THEN 'Decreased' ELSE initcap(replace(item.line, '_', ' ')) END, 20),
      lpad(to_char(item.value, CASE WHEN item.line IN ('won', 'lost') THEN 'FM' ELSE 'FMSG' END || '999,999,999,999,990'), 18),
      currency || lpad(item.deal_count::text, 8), CASE item.deal_count WHEN 1 THEN 'deal' ELSE 'deals' END);
  END LOOP;
  -- Every win stands in it once: by its event, or as a won deal that no event tells of.
  FOR item IN
    SELECT CASE WHEN grouping(m.event_type) = 1 THEN 'Month to date'
        WHEN m.event_type = 'won_deal' THEN '  deals, no event' ELSE '  ' || replace(m.event_type, '_', ' ') END AS line,
      sum(m.revenue) AS revenue, coalesce(sum(m.events), 0) AS n
    FROM revenue.mtd(as_of, chosen) AS m GROUP BY ROLLUP (m.event_type)
    HAVING grouping(m.event_type) = 1 OR sum(m.events) > 0 ORDER BY grouping(m.event_type) DESC, m.event_type
  LOOP
    RETURN NEXT format('%s %s %s events or deals', rpad(item.line, 20),
      lpad(coalesce(to_char(item.revenue, 'FM999,999,999,999,990'), '-'), 18), currency || lpad(item.n::text, 8));
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.status IS
  'Where the pipeline stands in a few lines to read: stages, 30/60/90 days, what moved in seven days, the month to date';
