-- The room alerts: judging the rules, and the life of an alert.

CREATE OR REPLACE FUNCTION revenue.metric_text(value double precision, unit text, currency text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN value IS NULL OR abs(value) >= 1e18 OR value = 'NaN' THEN 'unknown'
    WHEN unit = 'ratio' THEN format('%s %%', round((100 * value)::numeric, 1))
    WHEN unit = 'money' THEN format('%s %s', regexp_replace(
      reverse(regexp_replace(reverse(round(value::numeric)::text), '(\d{3})(?=\d)', '\1,', 'g')), '^-,', '-'), coalesce(currency, ''))
    WHEN unit = 'days' THEN format('%s days', round(value::numeric, 1))
    ELSE trim_scale(round(value::numeric, 2))::text END
$$;
COMMENT ON FUNCTION revenue.metric_text IS 'A value as people read it: 8.0 %, 1,234 USD, 12.5 days';

CREATE OR REPLACE FUNCTION revenue.metric_label(metric text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(CASE WHEN w.word = ANY ('{mrr,arr,nrr,grr,cac,arpa}') THEN upper(w.word)
    WHEN w.place = 1 THEN upper(left(w.word, 1)) || substr(w.word, 2) ELSE w.word END, ' ' ORDER BY w.place)
  FROM unnest(string_to_array(metric, '_')) WITH ORDINALITY AS w(word, place)
$$;
COMMENT ON FUNCTION revenue.metric_label IS 'The name of a metric as people read it: Net new MRR';

-- Runs of days that are over by last_day, and the run before each.
CREATE OR REPLACE FUNCTION revenue.comparison_days(
  period text, last_day date, days integer DEFAULT 7, fiscal_year_start integer DEFAULT 1,
  OUT run_from date, OUT run_to date, OUT before_from date, OUT before_to date)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next_day timestamp;
BEGIN
  IF last_day NOT BETWEEN '0005-01-01' AND '9999-11-01' OR (days BETWEEN 1 AND 999) IS NOT TRUE
     OR (fiscal_year_start BETWEEN 1 AND 12) IS NOT TRUE OR coalesce(period, '') NOT IN ('days', 'week', 'month', 'quarter') THEN
    RAISE EXCEPTION 'there is no period "%" of % days before %', left(coalesce(period, 'NULL'), 100), days, last_day
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use days (1 to 999), week (ISO), month or quarter (fiscal).';
  END IF;
  next_day := last_day + 1;
  CASE period
    WHEN 'days' THEN
      run_from := last_day - days + 1; run_to := last_day;
      before_from := run_from - days;
    WHEN 'week' THEN
      run_to := date_trunc('week', next_day)::date - 1;
      run_from := run_to - 6; before_from := run_to - 13;
    WHEN 'month' THEN
      run_to := date_trunc('month', next_day)::date - 1;
      run_from := date_trunc('month', run_to::timestamp); before_from := run_from - interval '1 month';
    ELSE
      SELECT q.period_start - 1 INTO run_to FROM revenue.fiscal_quarter(next_day::date, fiscal_year_start) AS q;
      SELECT q.period_start INTO run_from FROM revenue.fiscal_quarter(run_to, fiscal_year_start) AS q;
      SELECT q.period_start INTO before_from FROM revenue.fiscal_quarter(run_from - 1, fiscal_year_start) AS q;
  END CASE;
  before_to := run_from - 1;
END $$;
COMMENT ON FUNCTION revenue.comparison_days IS
  'The last full run of days, ISO week, month or fiscal quarter by the end of last_day, and the one before it';

-- Findings: one row a rule that was judged, or more where it fired for more than one cause. state: fires,
-- quiet, or unknown with the reason why.
CREATE OR REPLACE FUNCTION revenue.check_metric_rule(
  rule text, check_kind text, metric text, options jsonb, threshold double precision, min_observations bigint,
  last_day date, org integer DEFAULT NULL)
RETURNS TABLE (
  state text, reason text, dimension text, member text, expected double precision, actual double precision,
  change double precision, observations bigint, affected_segment text, title text, drivers jsonb, evidence jsonb,
  stale_sources text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  home revenue.orgs;
  known record;
  now_days record;
  cell record;
  whole_fires boolean := false;
  split text := coalesce(options ->> 'by', 'segment');
  direction text := coalesce(options ->> 'direction', 'both');
  relative boolean := coalesce(options ->> 'measure', 'relative') = 'relative';
  running integer := coalesce((options ->> 'running')::integer, 1);
  earlier record;
  wanted_days integer;
BEGIN
  PERFORM revenue.check_metric(coalesce(check_metric_rule.metric, ''));
  SELECT b.* INTO known FROM revenue.builtin_metrics() AS b WHERE b.metric = check_metric_rule.metric;
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  IF check_kind NOT IN ('change', 'average', 'level') OR last_day NOT BETWEEN '0005-01-01' AND '9999-11-01' THEN
    RAISE EXCEPTION 'a metric is not judged by "%" on %', left(check_kind, 100), last_day USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use change, average or level, and a day between the years 5 and 9999.';
  END IF;

  IF check_kind = 'average' THEN
    now_days := NULL;
    SELECT date_trunc('month', last_day::timestamp)::date AS run_from, last_day AS run_to,
      (date_trunc('month', last_day::timestamp) - interval '6 months')::date AS before_from,
      date_trunc('month', last_day::timestamp)::date - 1 AS before_to INTO now_days;
  ELSE
    SELECT * INTO now_days FROM revenue.comparison_days(
      coalesce(options ->> 'period', 'days'), last_day,
      coalesce((options ->> 'days')::integer, CASE check_kind WHEN 'level' THEN 1 ELSE 7 END), home.fiscal_year_start);
  END IF;
  -- A stock is looked at where the run ends.
  IF known.kind = 'stock' THEN
    now_days.run_from := now_days.run_to;
    IF check_kind = 'change' THEN now_days.before_from := now_days.before_to; END IF;
  END IF;
  wanted_days := now_days.run_to - now_days.run_from + 1;

  FOR cell IN
    WITH before AS (
      SELECT m.n, w.* FROM generate_series(0, CASE check_kind WHEN 'average' THEN 5 ELSE 0 END) AS m(n)
      CROSS JOIN LATERAL revenue.metric_window(
        CASE check_kind WHEN 'average' THEN (now_days.before_from + make_interval(months => m.n))::date ELSE now_days.before_from END,
        CASE check_kind WHEN 'average' THEN (now_days.before_from + make_interval(months => m.n + 1))::date - 1 ELSE now_days.before_to END,
        ARRAY[known.metric], chosen) AS w
      WHERE check_kind <> 'level'
    ), expected AS (
      SELECT b.dimension, b.member, avg(b.value) AS value, min(b.observations) AS observations, sum(b.days) AS days
      FROM before AS b GROUP BY b.dimension, b.member
    )
    SELECT a.dimension, a.member, a.value AS actual, a.observations, a.days, a.currency, a.stale_sources, a.numerator, a.denominator,
      e.value AS expected, e.observations AS observations_before, e.days AS days_before,
      -- Of two shares of rows that were counted, the distance in standard errors of chance.
      CASE WHEN check_kind = 'change' AND known.kind = 'ratio' AND known.unit = 'ratio' AND a.denominator = a.observations
          AND a.denominator > 0 AND e.observations > 0 THEN
        (a.value - e.value) / nullif(sqrt(greatest(
          (a.numerator::double precision + e.value * e.observations) / (a.observations + e.observations)
          * (1 - (a.numerator::double precision + e.value * e.observations) / (a.observations + e.observations)), 0)
          * (1.0 / a.observations + 1.0 / e.observations)), 0) END AS z
    FROM revenue.metric_window(now_days.run_from, now_days.run_to, ARRAY[known.metric], chosen) AS a
    LEFT JOIN expected AS e USING (dimension, member)
    WHERE CASE WHEN options ? 'member' THEN (a.dimension, a.member) = (split, options ->> 'member')
      ELSE a.dimension = 'all' OR a.dimension = split AND check_kind <> 'level' END
    ORDER BY a.dimension <> 'all', a.member
  LOOP
    state := NULL; reason := NULL; drivers := '[]'; affected_segment := NULL;
    dimension := cell.dimension; member := cell.member;
    actual := cell.actual; stale_sources := cell.stale_sources;
    observations := CASE check_kind WHEN 'level' THEN cell.observations ELSE least(cell.observations, cell.observations_before) END;
    expected := CASE check_kind WHEN 'level' THEN check_metric_rule.threshold ELSE cell.expected END;
    change := CASE WHEN check_kind = 'change' AND relative OR check_kind = 'average'
      THEN (actual - expected) / nullif(abs(expected), 0) ELSE actual - expected END;
    IF cell.days < wanted_days THEN
      reason := format('%s of %s days are recorded', cell.days, wanted_days);
    ELSIF check_kind <> 'level' AND coalesce(cell.days_before, 0) < now_days.before_to - now_days.before_from + 1 THEN
      reason := format('%s of the %s days before are recorded', coalesce(cell.days_before, 0), now_days.before_to - now_days.before_from + 1);
    ELSIF change IS NULL THEN
      reason := CASE WHEN actual IS NULL THEN 'there is no value' WHEN expected = 0 THEN 'there was nothing before' ELSE 'there was no value before' END;
    ELSIF coalesce(observations, 0) < min_observations THEN
      reason := format('%s observations, of %s that it takes', coalesce(observations, 0), min_observations);
    END IF;
    IF reason IS NOT NULL THEN
      state := 'unknown';
    ELSE
      -- Beyond the threshold by more than the rounding of doubles.
      state := CASE WHEN CASE check_kind
          WHEN 'change' THEN CASE direction WHEN 'up' THEN change WHEN 'down' THEN -change ELSE abs(change) END > check_metric_rule.threshold + 1e-9
          WHEN 'average' THEN actual > check_metric_rule.threshold * expected * (1 + 1e-9) AND expected > 0
          ELSE CASE direction WHEN 'up' THEN change ELSE -change END > 1e-9 * abs(check_metric_rule.threshold) END
        THEN 'fires' ELSE 'quiet' END;
    END IF;
    IF state = 'fires' AND check_kind = 'change' AND running > 1 THEN
      SELECT max(c.state) AS state, max(c.reason) AS reason INTO earlier FROM revenue.check_metric_rule(
        rule, check_kind, known.metric, options || jsonb_build_object('running', running - 1), check_metric_rule.threshold, min_observations,
        now_days.before_to, chosen) AS c
      WHERE (c.dimension, c.member) = (cell.dimension, cell.member);
      state := coalesce(earlier.state, 'quiet');
      IF state = 'unknown' THEN reason := format('the run before: %s', earlier.reason); END IF;
    END IF;
    -- What one segment does is news where the whole does not say it already and chance hardly does it: there
    -- are many segments to look at.
    CONTINUE WHEN cell.dimension <> 'all' AND NOT options ? 'member' AND (whole_fires OR state <> 'fires' OR abs(cell.z) < 2.5);
    whole_fires := cell.dimension = 'all' AND state = 'fires';
    IF state = 'fires' THEN
      IF check_kind = 'change' AND cell.dimension = 'all' THEN
        SELECT coalesce(jsonb_agg(jsonb_build_object('member', d.member, 'before', d.before_value, 'after', d.after_value,
            'contribution', d.contribution, 'share', d.share)), '[]'),
          (array_agg(nullif(d.member, '')) FILTER (WHERE known.metric <> 'sales_velocity' AND sign(d.contribution) = sign(cell.actual - cell.expected)))[1]
        INTO drivers, affected_segment
        FROM revenue.metric_drivers(known.metric, now_days.before_from, now_days.before_to, now_days.run_from, now_days.run_to, split, chosen) AS d;
      ELSIF cell.dimension <> 'all' THEN
        affected_segment := coalesce(nullif(cell.member, ''), 'unknown');
      END IF;
      title := format('%s%s %s: %s, %s', revenue.metric_label(known.metric),
        CASE WHEN cell.dimension <> 'all' THEN format(' of %s %s', cell.dimension, affected_segment) ELSE '' END,
        CASE check_kind WHEN 'change' THEN CASE WHEN change < 0 THEN 'fell' ELSE 'rose' END
          WHEN 'average' THEN 'is above its average' ELSE CASE direction WHEN 'up' THEN 'is above its limit' ELSE 'is below its target' END END,
        revenue.metric_text(actual, known.unit, cell.currency),
        CASE check_kind WHEN 'level' THEN format('limit %s', revenue.metric_text(expected, known.unit, cell.currency))
          ELSE format('after %s', revenue.metric_text(expected, known.unit, cell.currency)) END);
    ELSE
      title := NULL;
    END IF;
    evidence := jsonb_strip_nulls(jsonb_build_object(
      'from', now_days.run_from, 'to', now_days.run_to,
      'before_from', CASE WHEN check_kind <> 'level' THEN now_days.before_from END,
      'before_to', CASE WHEN check_kind <> 'level' THEN now_days.before_to END,
      'numerator', trim_scale(cell.numerator), 'denominator', trim_scale(cell.denominator),
      'observations', cell.observations, 'observations_before', cell.observations_before, 'change', change, 'standard_errors', round(cell.z::numeric, 2), 'currency', cell.currency));
    RETURN NEXT;
  END LOOP;
  IF dimension IS NULL THEN
    state := 'unknown'; reason := format('no value of %s is recorded for %s', known.metric, now_days.run_to);
    dimension := 'all'; member := ''; drivers := '[]'; evidence := '{}'; stale_sources := '{}';
    RETURN NEXT;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.check_metric_rule FROM PUBLIC;
COMMENT ON FUNCTION revenue.check_metric_rule IS
  'For evaluate_alerts(): a metric of the store against the run of days before, the mean of six closed months, or a fixed value, over all, and by segment where one fires that the whole does not show';

CREATE OR REPLACE FUNCTION revenue.check_sigma_rule(
  metric text, options jsonb, threshold double precision, last_day date, org integer DEFAULT NULL)
RETURNS TABLE (
  state text, reason text, expected double precision, actual double precision, change double precision, affected_segment text,
  title text, drivers jsonb, evidence jsonb, stale_sources text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  known record;
  seen record;
  currency text;
BEGIN
  PERFORM revenue.check_metric(coalesce(check_sigma_rule.metric, ''));
  PERFORM revenue.check_metric_days(last_day, last_day);
  SELECT b.* INTO known FROM revenue.builtin_metrics() AS b WHERE b.metric = check_sigma_rule.metric;
  SELECT o.base_currency INTO currency FROM revenue.orgs AS o WHERE o.org_id = chosen;
  SELECT d.* INTO seen FROM revenue.metric_detections(ARRAY[known.metric], 'medium', last_day - 13, last_day, 'all', chosen) AS d
  ORDER BY d.day DESC LIMIT 1;
  stale_sources := coalesce((SELECT v.stale_sources FROM revenue.metric_values AS v
    WHERE v.org_id = chosen AND v.metric = coalesce(known.denominator_metric, known.metric) AND v.dimension = 'all' AND v.day = last_day), '{}');
  drivers := '[]'; evidence := '{}';
  reason := CASE WHEN seen.day IS NULL AND EXISTS (SELECT FROM revenue.metric_values AS v
      WHERE v.org_id = chosen AND v.metric = known.metric AND v.dimension = 'all' AND v.day = last_day)
      THEN CASE known.kind WHEN 'stock' THEN 'fewer than twenty rows' ELSE 'fewer than five rows a week' END
    WHEN seen.day IS NULL THEN format('no value of %s is recorded for %s', known.metric, last_day)
    WHEN NOT seen.by_week AND seen.day < last_day THEN format('no value of %s is recorded for %s', known.metric, last_day)
    WHEN seen.kind = 'learning' THEN 'the baseline takes 90 days'
    WHEN seen.kind = 'too_few' THEN 'too few observations'
    WHEN seen.score IS NULL THEN 'it is not judged' END;
  IF reason IS NOT NULL THEN
    state := 'unknown';
    RETURN NEXT;
    RETURN;
  END IF;
  expected := seen.expected; actual := seen.actual; change := seen.score;
  evidence := jsonb_build_object('day', seen.day, 'kind', seen.kind, 'sigmas', seen.score, 'lower', seen.lower_bound, 'upper', seen.upper_bound);
  state := CASE WHEN abs(seen.score) > threshold THEN 'fires' ELSE 'quiet' END;
  IF state = 'fires' THEN
    SELECT coalesce(jsonb_agg(jsonb_build_object('member', d.member, 'before', d.before_value, 'after', d.after_value, 'contribution', d.contribution)), '[]'),
      (array_agg(nullif(d.member, '')) FILTER (WHERE sign(d.contribution) = sign(seen.actual - seen.expected)))[1]
    INTO drivers, affected_segment
    FROM revenue.metric_drivers(known.metric, seen.day - 7, CASE WHEN seen.by_week THEN seen.day - 1 ELSE seen.day - 7 END,
      seen.day, CASE WHEN seen.by_week THEN seen.day + 6 ELSE seen.day END, coalesce(options ->> 'by', 'segment'), chosen) AS d;
    title := format('%s out of line: %s, expected %s', revenue.metric_label(known.metric),
      revenue.metric_text(seen.actual, known.unit, currency), revenue.metric_text(seen.expected, known.unit, currency));
  END IF;
  RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.check_sigma_rule FROM PUBLIC;
COMMENT ON FUNCTION revenue.check_sigma_rule IS
  'For evaluate_alerts(): the last full day of a metric, or ISO week of a rate or a sparse flow, against its own past: fires beyond so many sigmas, after a baseline of 90 days';

CREATE OR REPLACE FUNCTION revenue.check_target_rule(
  check_kind text, metric text, options jsonb, threshold double precision, last_day date, org integer DEFAULT NULL)
RETURNS TABLE (
  state text, reason text, cause text, expected double precision, actual double precision, change double precision,
  observations bigint, title text, evidence jsonb, stale_sources text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  currency text := (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen);
  unit text;
  target double precision := (options ->> 'target')::double precision;
  days_left integer := (options ->> 'target_date')::date - last_day;
  latest record;
  earlier double precision;
  reached double precision;
BEGIN
  PERFORM revenue.check_metric(coalesce(check_target_rule.metric, ''));
  PERFORM revenue.check_metric_days(last_day, last_day);
  SELECT b.unit INTO unit FROM revenue.builtin_metrics() AS b WHERE b.metric = check_target_rule.metric;
  SELECT v.value, v.observations, v.stale_sources INTO latest FROM revenue.metric_values AS v
  WHERE v.org_id = chosen AND v.metric = check_target_rule.metric AND v.dimension = 'all' AND v.day = last_day;
  SELECT v.value INTO earlier FROM revenue.metric_values AS v
  WHERE v.org_id = chosen AND v.metric = check_target_rule.metric AND v.dimension = 'all' AND v.day = last_day - 30;
  stale_sources := coalesce(latest.stale_sources, '{}'); observations := latest.observations; evidence := '{}';
  reason := CASE WHEN target IS NULL THEN 'no target is set'
    WHEN latest.value IS NULL THEN format('no value of %s is recorded for %s', check_target_rule.metric, last_day)
    WHEN check_kind = 'pace' AND days_left IS NULL THEN 'no target_date is set'
    WHEN check_kind = 'pace' AND days_left < 1 THEN 'the target date has passed'
    WHEN check_kind = 'pace' AND earlier IS NULL THEN format('no value of %s is recorded for %s', check_target_rule.metric, last_day - 30) END;
  state := 'unknown';
  IF reason IS NULL AND check_kind = 'milestone' THEN
    SELECT max(s) INTO reached FROM unnest('{0.9,0.95,0.99,1}'::double precision[]) AS s
    WHERE s >= threshold - 1e-9 AND latest.value >= s * target * (1 - 1e-12);
    actual := latest.value; expected := coalesce(reached, threshold) * target; change := latest.value / target;
    state := CASE WHEN reached IS NULL THEN 'quiet' ELSE 'fires' END;
    cause := format('%s of %s', reached, target);
    title := format('%s reached %s %% of %s: %s', revenue.metric_label(check_target_rule.metric), 100 * reached,
      revenue.metric_text(target, unit, currency), revenue.metric_text(actual, unit, currency));
    evidence := jsonb_build_object('day', last_day, 'target', target, 'share', change);
  ELSIF reason IS NULL THEN
    actual := (latest.value - earlier) / 30; expected := (target - latest.value) / days_left; change := actual - expected;
    state := CASE WHEN latest.value < target AND actual < threshold * expected - 1e-9 * abs(expected) THEN 'fires' ELSE 'quiet' END;
    cause := target::text;
    title := format('%s grows by %s a day, and %s are needed to reach %s by %s', revenue.metric_label(check_target_rule.metric),
      revenue.metric_text(actual, unit, currency), revenue.metric_text(expected, unit, currency),
      revenue.metric_text(target, unit, currency), options ->> 'target_date');
    evidence := jsonb_build_object('day', last_day, 'target', target, 'value', latest.value, 'days_left', days_left);
  END IF;
  RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.check_target_rule FROM PUBLIC;
COMMENT ON FUNCTION revenue.check_target_rule IS
  'For evaluate_alerts(): a metric of the store that reached 90, 95, 99 or 100 % of a target, or grows too slowly to reach it in time';

-- The latest forecast of each period that runs, against what people committed to as it was made; or of each
-- period that ended in the last 31 days, the one made lead_days before its end.
CREATE OR REPLACE FUNCTION revenue.check_forecast_rule(
  metric text, options jsonb, threshold double precision, min_observations bigint, as_of timestamptz DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS TABLE (
  state text, reason text, cause text, expected double precision, actual double precision, change double precision,
  observations bigint, affected_segment text, title text, drivers jsonb, evidence jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  today date := (SELECT (moment AT TIME ZONE o.time_zone)::date FROM revenue.orgs AS o WHERE o.org_id = chosen);
  of_commit boolean := coalesce(options ->> 'against', 'commit') = 'commit';
  least_lead integer := coalesce((options ->> 'lead_days')::integer, 30);
  run record;
BEGIN
  IF coalesce(check_forecast_rule.metric, '') NOT IN ('bookings', 'mrr', 'arr') THEN
    RAISE EXCEPTION 'there is no forecast of "%"', left(check_forecast_rule.metric, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Metrics are bookings, mrr and arr.';
  END IF;
  FOR run IN
    WITH judged AS (
      SELECT r.run_id, r.period, r.period_from, r.as_of, r.made_at, r.commit_amount AS expected, r.expected AS actual, r.inputs, r.currency,
        r.commit_source, r.reason
      FROM revenue.forecast_runs AS r
      WHERE of_commit AND r.org_id = chosen AND r.metric = check_forecast_rule.metric AND NOT r.retrospective
        AND r.as_of <= moment AND r.period_to > today
      UNION ALL
      SELECT r.run_id, r.period, r.period_from, r.as_of, r.made_at, e.forecast, e.actual, r.inputs, r.currency, NULL, r.reason
      FROM revenue.forecast_errors(check_forecast_rule.as_of, chosen) AS e
      JOIN revenue.forecast_runs AS r ON r.org_id = e.org_id AND r.run_id = e.run_id AND r.method = e.method
      WHERE NOT of_commit AND e.metric = check_forecast_rule.metric AND e.segment IS NULL AND NOT e.retrospective
        AND e.lead_days >= least_lead AND e.period_end > today - 31
    )
    SELECT DISTINCT ON (j.period, j.period_from) j.*, EXISTS (
      SELECT FROM revenue.forecast_reviews AS v
      WHERE of_commit AND v.org_id = chosen AND v.run_id = j.run_id AND (v.reviewed_at <= moment OR check_forecast_rule.as_of IS NULL)) AS reviewed
    FROM judged AS j ORDER BY j.period, j.period_from, j.as_of DESC, j.made_at DESC
  LOOP
    expected := run.expected; actual := run.actual; change := (actual - expected) / nullif(abs(expected), 0);
    observations := coalesce(run.inputs ->> 'open_deals', run.inputs ->> 'customers')::bigint;
    cause := concat_ws(':', run.period, run.period_from);
    reason := CASE WHEN actual IS NULL THEN coalesce(run.reason, 'there is no forecast') WHEN expected IS NULL THEN 'nothing is committed'
      WHEN change IS NULL THEN 'there is nothing to compare with'
      WHEN observations < min_observations THEN format('%s observations, of %s that it takes', observations, min_observations) END;
    state := CASE WHEN reason IS NOT NULL THEN 'unknown' WHEN abs(change) > threshold + 1e-9 AND NOT run.reviewed THEN 'fires' ELSE 'quiet' END;
    drivers := '[]'; affected_segment := NULL; title := NULL;
    IF state = 'fires' THEN
      title := format(CASE WHEN of_commit THEN '%s of the %s from %s: forecast %s, committed %s' ELSE '%s of the %s from %s: %s, forecast %s' END,
        revenue.metric_label(check_forecast_rule.metric), run.period, run.period_from,
        revenue.metric_text(actual, 'money', run.currency), revenue.metric_text(expected, 'money', run.currency));
      IF NOT of_commit THEN
        SELECT coalesce(jsonb_agg(jsonb_build_object('member', e.segment, 'before', e.forecast, 'after', e.actual, 'contribution', -e.error)
            ORDER BY abs(e.error) DESC, e.segment), '[]'),
          (array_agg(nullif(e.segment, '') ORDER BY abs(e.error) DESC, e.segment) FILTER (WHERE sign(-e.error) = sign(run.actual - run.expected)))[1]
        INTO drivers, affected_segment
        FROM revenue.forecast_errors(check_forecast_rule.as_of, chosen) AS e WHERE e.run_id = run.run_id AND e.segment IS NOT NULL;
      END IF;
    END IF;
    evidence := jsonb_strip_nulls(jsonb_build_object('run_id', run.run_id, 'forecast_as_of', run.as_of, 'period', run.period, 'from', run.period_from,
      'change', change, 'currency', run.currency, 'commit_source', run.commit_source, 'reviewed', CASE WHEN of_commit THEN run.reviewed END));
    RETURN NEXT;
  END LOOP;
  IF state IS NULL THEN
    state := 'unknown'; drivers := '[]'; evidence := '{}';
    reason := CASE WHEN of_commit THEN 'no forecast of a running period is kept'
      ELSE format('no period ended in the last 31 days of which a forecast was kept %s days before', least_lead) END;
    RETURN NEXT;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.check_forecast_rule FROM PUBLIC;
COMMENT ON FUNCTION revenue.check_forecast_rule IS
  'For evaluate_alerts(): kept forecasts of running periods against what people commit to, until somebody reviewed them, or of periods that are over against what came';

-- An account has no rank of its own: who is large stands in its segment, or in its own revenue a year.
CREATE OR REPLACE FUNCTION revenue.account_fits(
  account_id text, won_deal_id text, won_at timestamptz, options jsonb, org integer DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  IF (options ?| '{segments,annual_revenue,new_customer}') IS NOT TRUE THEN RETURN true; END IF;
  RETURN EXISTS (
    SELECT FROM revenue.accounts AS a
    JOIN revenue.orgs AS o USING (org_id)
    WHERE a.org_id = chosen AND a.account_id = account_fits.account_id
      AND (NOT options ?| '{segments,annual_revenue}' OR options -> 'segments' ? a.segment
        OR a.annual_revenue * revenue.rate_into_base(chosen, coalesce(a.currency, o.base_currency), o.base_currency,
            (won_at AT TIME ZONE o.time_zone)::date) >= (options ->> 'annual_revenue')::numeric)
      AND (options ->> 'new_customer' IS DISTINCT FROM 'true' OR NOT EXISTS (
        SELECT FROM revenue.deals AS d JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
        WHERE d.org_id = chosen AND d.account_id = a.account_id AND s.kind = 'won' AND d.closed_at < won_at
          AND d.deal_id IS DISTINCT FROM won_deal_id)));
END $$;
REVOKE EXECUTE ON FUNCTION revenue.account_fits FROM PUBLIC;
COMMENT ON FUNCTION revenue.account_fits IS
  'For the rules of deals won: whether the account is of one of the segments or has at least that annual_revenue, and with new_customer has no deal won before this one; true where options say nothing of it';

-- Rows that a rule looks for, as of an instant.
CREATE OR REPLACE FUNCTION revenue.alert_rows(
  check_kind text, options jsonb, threshold double precision, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (row_id text, title text, value numeric, since timestamptz, details jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  past timestamptz := CASE WHEN moment < now() THEN moment END;
BEGIN
  CASE check_kind
    WHEN 'silence' THEN
      RETURN QUERY
      WITH moves AS (
        SELECT max(h.stage_entered_at) FILTER (WHERE h.stage_entered_at > coalesce(h.created_at, (
            SELECT min(f.stage_entered_at) FROM revenue.deal_history AS f
            WHERE f.org_id = chosen AND f.deal_id = h.deal_id AND f.superseded_at = 'infinity'))) AS moved_at,
          min(coalesce(h.created_at, h.stage_entered_at)) AS began_at
        FROM revenue.deal_history AS h
        WHERE h.org_id = chosen AND h.superseded_at = 'infinity' AND h.stage_entered_at <= moment
        UNION ALL
        SELECT max(e.entered_at) FILTER (WHERE e.moved AND e.stage_id IS NOT NULL), min(e.entered_at)
        FROM (SELECT c.entered_at, c.stage_id, lag(c.entered_at) OVER (PARTITION BY c.contact_id ORDER BY c.entered_at) IS NOT NULL AS moved
              FROM revenue.contact_stages AS c WHERE c.org_id = chosen AND c.entered_at <= moment) AS e
      ), still AS (
        SELECT coalesce(max(m.moved_at), min(m.began_at)) AS since,
          (SELECT count(*) FROM revenue.deals_as_of(past) AS d JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
           WHERE d.org_id = chosen AND s.kind = 'open') AS deals,
          (SELECT count(*) FROM revenue.contacts_as_of(past) AS c JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
           WHERE c.org_id = chosen AND s.kind = 'open') AS contacts
        FROM moves AS m
      )
      SELECT 'stages', format('No stage changed for %s days', floor(revenue.elapsed_days(s.since, moment))), (s.deals + s.contacts)::numeric,
        s.since, jsonb_build_object('last_transition_at', s.since, 'open_deals', s.deals, 'contacts_in_funnel', s.contacts)
      FROM still AS s WHERE s.deals + s.contacts > 0 AND moment - s.since >= make_interval(secs => least(greatest(threshold, 0), 1e6) * 86400);
    WHEN 'untouched' THEN
      RETURN QUERY
      SELECT c.contact_id, coalesce(c.name, c.contact_id), c.expected_value, t.touched_at,
        jsonb_build_object('name', c.name, 'account_id', c.account_id, 'owner_rep_id', c.owner_rep_id,
          'days', floor(revenue.elapsed_days(t.touched_at, moment)), 'expected_value', trim_scale(c.expected_value))
      FROM revenue.contacts_as_of(past) AS c
      JOIN revenue.scored_stages(past) AS s USING (org_id, pipeline_id, stage_id)
      CROSS JOIN LATERAL (
        SELECT greatest(c.stage_entered_at,
          (SELECT x.last_engaged_at FROM revenue.contacts AS x
           WHERE x.org_id = c.org_id AND x.contact_id = c.contact_id AND x.last_engaged_at <= moment),
          (SELECT max(a.occurred_at) FROM revenue.activities AS a
           WHERE a.org_id = c.org_id AND a.contact_id = c.contact_id AND a.occurred_at <= moment)) AS touched_at) AS t
      WHERE c.org_id = chosen AND s.kind = 'open'
        AND (coalesce(options ->> 'stage', 'decision') = s.stage_id
          OR revenue.known_stage(coalesce(options ->> 'stage', 'decision'), s.weights) = s.framework_stage)
        AND moment - t.touched_at >= make_interval(secs => least(greatest(threshold, 0), 1e6) * 86400);
    WHEN 'at_risk' THEN
      RETURN QUERY
      SELECT s.deal_id, coalesce(s.name, s.deal_id), trim_scale(s.reporting_amount), NULL::timestamptz,
        jsonb_build_object('name', s.name, 'company', a.name, 'deal_value', trim_scale(s.reporting_amount), 'currency', s.reporting_currency,
          'health_score', round(s.health_score::numeric, 1), 'health_category', s.health_category, 'risk_factors', to_jsonb(s.risk_factors))
      FROM revenue.deal_scores(past) AS s
      LEFT JOIN revenue.accounts AS a USING (org_id, account_id)
      WHERE s.org_id = chosen AND s.health_category NOT IN ('healthy', 'strong') AND s.reporting_amount >= threshold::numeric;
    WHEN 'deal_closed' THEN
      RETURN QUERY
      SELECT d.deal_id, coalesce(d.name, d.deal_id), trim_scale(d.amount * r.rate), d.closed_at,
        jsonb_build_object('name', d.name, 'account_id', d.account_id, 'company', a.name, 'owner_rep_id', d.owner_rep_id,
          'amount', trim_scale(d.amount), 'currency', d.currency, 'closed_at', d.closed_at)
      FROM revenue.deals_as_of(past) AS d
      JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
      LEFT JOIN revenue.accounts AS a USING (org_id, account_id)
      LEFT JOIN revenue.fx_rates_at(past) AS r ON r.org_id = d.org_id AND r.currency = d.currency
      WHERE d.org_id = chosen AND s.kind = 'won' AND d.closed_at > moment - interval '1 day' AND d.closed_at <= moment
        AND (threshold <= 0 OR d.amount * r.rate > threshold::numeric)
        AND revenue.account_fits(d.account_id, d.deal_id, d.closed_at, options, chosen);
    ELSE
      RAISE EXCEPTION 'there are no rows to look for by "%"', left(coalesce(check_kind, 'NULL'), 100)
        USING ERRCODE = 'invalid_parameter_value', HINT = 'Use silence, untouched, at_risk or deal_closed.';
  END CASE;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.alert_rows FROM PUBLIC;
COMMENT ON FUNCTION revenue.alert_rows IS
  'For evaluate_alerts(): the rows that a rule looks for: no stage that changed, contacts untouched, deals at risk, deals won in the last day';

CREATE OR REPLACE FUNCTION revenue.won_title(deal text, company text, amount double precision, currency text, options jsonb DEFAULT '{}') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat_ws(' ', format('Won: %s,', deal), revenue.metric_text(amount, 'money', currency),
    CASE WHEN options ?| '{segments,annual_revenue,new_customer}' THEN format('of %s', company) END)
$$;
COMMENT ON FUNCTION revenue.won_title IS 'Title of an alert that a deal was won; with its company where the rule is about accounts';

CREATE OR REPLACE FUNCTION revenue.evaluate_alerts(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  rule text, check_kind text, state text, reason text, dedupe_key text, severity text, title text, metric text,
  dimension text, member text, affected_segment text, expected double precision, actual double precision,
  change double precision, threshold double precision, observations bigint, drivers jsonb, evidence jsonb,
  recommendation text, stale_sources text[], cool_down interval, destinations text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  home revenue.orgs;
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  last_full date;
  each record;
  stale text[];
BEGIN
  IF moment NOT BETWEEN '0010-01-01' AND '9999-10-01' THEN
    RAISE EXCEPTION 'as_of is out of range: %', moment USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out for now.';
  END IF;
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  last_full := (moment AT TIME ZONE home.time_zone)::date - 1;
  stale := ARRAY(SELECT f.source FROM revenue.data_freshness(as_of, chosen) AS f WHERE f.stale AND f.source IN ('deals', 'contacts', 'activities'));
  FOR each IN SELECT r.* FROM revenue.alert_rules_in_force(chosen) AS r WHERE r.enabled ORDER BY r.rule LOOP
    IF each.check_kind IN ('change', 'average', 'level') THEN
      RETURN QUERY
      SELECT each.rule, each.check_kind, c.state, c.reason,
        concat_ws(':', each.rule, nullif(c.dimension, 'all'), nullif(c.member, '')), each.severity, c.title, each.metric,
        c.dimension, c.member, c.affected_segment, c.expected, c.actual, c.change, each.threshold, c.observations, c.drivers, c.evidence,
        each.recommendation, c.stale_sources, each.cool_down, each.destinations
      FROM revenue.check_metric_rule(each.rule, each.check_kind, each.metric, each.options, each.threshold, each.min_observations, last_full, chosen) AS c;
    ELSIF each.check_kind = 'sigma' THEN
      RETURN QUERY
      SELECT each.rule, each.check_kind, c.state, c.reason, each.rule, each.severity, c.title, each.metric,
        'all', '', c.affected_segment, c.expected, c.actual, c.change, each.threshold, NULL::bigint, c.drivers, c.evidence,
        each.recommendation, c.stale_sources, each.cool_down, each.destinations
      FROM revenue.check_sigma_rule(each.metric, each.options, each.threshold, last_full, chosen) AS c;
    ELSIF each.check_kind IN ('milestone', 'pace') THEN
      RETURN QUERY
      SELECT each.rule, each.check_kind, c.state, c.reason, concat_ws(':', each.rule, c.cause), each.severity, c.title, each.metric,
        'all', '', NULL::text, c.expected, c.actual, c.change, each.threshold, c.observations, '[]'::jsonb, c.evidence,
        each.recommendation, c.stale_sources, each.cool_down, each.destinations
      FROM revenue.check_target_rule(each.check_kind, each.metric, each.options, each.threshold, last_full, chosen) AS c;
    ELSIF each.check_kind = 'forecast' THEN
      RETURN QUERY
      SELECT each.rule, each.check_kind, c.state, c.reason, concat_ws(':', each.rule, c.cause), each.severity, c.title, each.metric,
        'all', '', c.affected_segment, c.expected, c.actual, c.change, each.threshold, c.observations, c.drivers, c.evidence,
        each.recommendation, stale, each.cool_down, each.destinations
      FROM revenue.check_forecast_rule(each.metric, each.options, each.threshold, each.min_observations, as_of, chosen) AS c;
    ELSIF each.check_kind = 'deal_closed' THEN
      RETURN QUERY
      SELECT each.rule, each.check_kind, 'fires', NULL::text, concat_ws(':', each.rule, w.row_id), each.severity,
        revenue.won_title(w.title, w.details ->> 'company', w.value::double precision, home.base_currency, each.options), NULL::text,
        'deal', w.row_id, NULL::text, NULL::double precision, w.value::double precision, NULL::double precision, each.threshold, 1::bigint,
        '[]'::jsonb, w.details, each.recommendation, stale, each.cool_down, each.destinations
      FROM revenue.alert_rows(each.check_kind, each.options, each.threshold, as_of, chosen) AS w;
    ELSIF each.check_kind IN ('silence', 'untouched', 'at_risk') THEN
      -- The rows of an alert that is not resolved are known; what is new among the others is the news.
      RETURN QUERY
      WITH found AS MATERIALIZED (
        SELECT w.*, NOT EXISTS (
          SELECT FROM revenue.alerts AS a
          WHERE a.org_id = chosen AND a.rule = each.rule AND a.state <> 'resolved' AND a.evidence -> 'ids' ? w.row_id) AS news
        FROM revenue.alert_rows(each.check_kind, each.options, each.threshold, as_of, chosen) AS w
      ), news AS (
        SELECT f.*, row_number() OVER (ORDER BY f.value DESC NULLS LAST, f.since, f.row_id) AS place FROM found AS f WHERE f.news
      ), digest AS (
        SELECT count(*) AS n, min(w.row_id) AS first_id, (array_agg(w.title ORDER BY w.place))[1] AS first_title,
          sum(w.value) AS value, jsonb_agg(w.row_id ORDER BY w.place) AS ids,
          jsonb_agg(jsonb_build_object('id', w.row_id) || w.details ORDER BY w.place) FILTER (WHERE w.place <= 20) AS rows
        FROM news AS w HAVING count(*) >= greatest(each.min_observations, 1)
      )
      SELECT each.rule, each.check_kind, 'fires', NULL::text,
        CASE each.check_kind WHEN 'silence' THEN each.rule ELSE concat_ws(':', each.rule, d.first_id) END, each.severity,
        CASE each.check_kind WHEN 'silence' THEN d.first_title
          WHEN 'untouched' THEN format('%s in %s untouched for %s days: %s', CASE WHEN d.n = 1 THEN '1 contact' ELSE d.n || ' contacts' END,
            coalesce(each.options ->> 'stage', 'decision'), each.threshold, d.first_title)
          ELSE format('%s at risk, %s: %s', CASE WHEN d.n = 1 THEN '1 deal' ELSE d.n || ' deals' END,
            revenue.metric_text(d.value::double precision, 'money', home.base_currency), d.first_title) END
          || CASE WHEN d.n > 1 THEN format(' and %s more', d.n - 1) ELSE '' END,
        NULL::text, 'all', '', NULL::text, NULL::double precision,
        CASE each.check_kind WHEN 'at_risk' THEN d.value ELSE d.n END::double precision, NULL::double precision, each.threshold, d.n,
        '[]'::jsonb, jsonb_build_object('ids', d.ids, 'rows', d.rows, 'found', (SELECT count(*) FROM found)),
        each.recommendation, stale, each.cool_down, each.destinations
      FROM digest AS d
      UNION ALL
      -- What is known still holds.
      SELECT each.rule, each.check_kind, 'fires', NULL, a.dedupe_key, a.severity, a.title, NULL, 'all', '', NULL, NULL, a.actual, NULL,
        each.threshold, a.observations, '[]', a.evidence, a.recommendation, stale, each.cool_down, each.destinations
      FROM revenue.alerts AS a
      WHERE a.org_id = chosen AND a.rule = each.rule AND a.state <> 'resolved'
        AND EXISTS (SELECT FROM found AS f WHERE a.evidence -> 'ids' ? f.row_id)
      UNION ALL
      SELECT each.rule, each.check_kind, 'quiet', NULL, each.rule, each.severity, NULL, NULL, 'all', '', NULL, NULL, NULL, NULL,
        each.threshold, 0, '[]', '{}', NULL, stale, each.cool_down, each.destinations
      WHERE NOT EXISTS (SELECT FROM found);
    ELSIF each.check_kind <> 'reported' THEN
      RETURN QUERY SELECT each.rule, each.check_kind, 'unknown', 'nothing here judges this yet', each.rule, each.severity, NULL::text, each.metric,
        'all', '', NULL::text, NULL::double precision, NULL::double precision, NULL::double precision, each.threshold, NULL::bigint, '[]'::jsonb,
        '{}'::jsonb, each.recommendation, '{}'::text[], each.cool_down, each.destinations;
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.evaluate_alerts IS
  'Every rule judged as of an instant (NULL = now), and nothing written: what fires, what is quiet, and what cannot be judged, for the stated reason. Members and above';

-- The life of an alert ------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.raise_alert(
  rule text, dedupe_key text, severity text, title text, metric text, dimension text, member text, affected_segment text,
  expected double precision, actual double precision, threshold double precision, observations bigint, drivers jsonb,
  evidence jsonb, recommendation text, stale_sources text[], cool_down interval, destinations text[], as_of timestamptz,
  org integer, OUT alert_id text, OUT outcome text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  quiet_until timestamptz;
  line text := left(regexp_replace(raise_alert.title, '[[:cntrl:]]+', ' ', 'g'), 400);
BEGIN
  UPDATE revenue.alerts AS a SET last_as_of = greatest(a.last_as_of, raise_alert.as_of), times_seen = a.times_seen + 1,
    actual = raise_alert.actual, evidence = raise_alert.evidence, drivers = raise_alert.drivers, stale_sources = raise_alert.stale_sources
  WHERE a.org_id = org AND a.dedupe_key = raise_alert.dedupe_key AND a.state <> 'resolved'
  RETURNING a.alert_id INTO alert_id;
  IF FOUND THEN outcome := 'known'; RETURN; END IF;
  SELECT max(a.resolved_as_of) + raise_alert.cool_down INTO quiet_until FROM revenue.alerts AS a
  WHERE a.org_id = org AND a.dedupe_key = raise_alert.dedupe_key AND a.state = 'resolved';
  IF quiet_until > raise_alert.as_of THEN outcome := 'cooling down'; RETURN; END IF;
  INSERT INTO revenue.alerts AS a (org_id, rule, dedupe_key, severity, title, metric, dimension, member, affected_segment, expected,
    actual, threshold, observations, drivers, evidence, recommendation, stale_sources, as_of, last_as_of, opened_at)
  VALUES (org, rule, dedupe_key, severity, title, metric, dimension, member, affected_segment, expected,
    actual, threshold, observations, coalesce(drivers, '[]'), coalesce(evidence, '{}'), recommendation, coalesce(stale_sources, '{}'),
    as_of, as_of, clock_timestamp())
  -- Somebody else raised it meanwhile.
  ON CONFLICT (org_id, dedupe_key) WHERE state <> 'resolved' DO NOTHING
  RETURNING a.alert_id INTO alert_id;
  IF alert_id IS NULL THEN outcome := 'known'; RETURN; END IF;
  outcome := 'opened';
  PERFORM revenue.enqueue_message(
    format('alert:%s:%s', alert_id, d), split_part(d, ':', 1), split_part(d, ':', 2),
    concat_ws(E'\n', raise_alert.title,
      (SELECT string_agg(concat_ws(', ', '- ' || coalesce(r.row ->> 'name', r.row ->> 'id'), r.row ->> 'company',
          (r.row ->> 'deal_value') || ' ' || (r.row ->> 'currency'), (r.row ->> 'days') || ' days', r.row -> 'risk_factors' ->> 0),
          E'\n' ORDER BY r.place)
       FROM jsonb_array_elements(CASE jsonb_typeof(raise_alert.evidence -> 'rows') WHEN 'array' THEN raise_alert.evidence -> 'rows' ELSE '[]' END)
         WITH ORDINALITY AS r(row, place) WHERE r.row ? 'name'),
      raise_alert.recommendation,
      CASE WHEN raise_alert.stale_sources <> '{}' THEN format('Stale: %s', array_to_string(raise_alert.stale_sources, ', ')) END),
    format('[%s] %s', raise_alert.severity, line),
    jsonb_strip_nulls(jsonb_build_object('alert_id', alert_id, 'rule', rule, 'severity', raise_alert.severity, 'title', raise_alert.title,
      'expected', raise_alert.expected, 'actual', raise_alert.actual, 'affected_segment', raise_alert.affected_segment,
      'evidence', raise_alert.evidence - 'ids', 'recommendation', raise_alert.recommendation)), NULL, org)
  FROM unnest(raise_alert.destinations) AS d;
  -- Commits that notify wait for each other, and deals are logged by many at once: what only informs does not.
  IF raise_alert.severity = 'info' THEN RETURN; END IF;
  PERFORM pg_notify('revenue_alerts', jsonb_build_object('org_id', org, 'rule', rule, 'severity', severity, 'dedupe_key', dedupe_key)::text);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.raise_alert FROM PUBLIC;
COMMENT ON FUNCTION revenue.raise_alert IS
  'For functions with the owner''s rights: opens an alert, or sees one again that is not resolved (known), or keeps quiet about a cause resolved within the cool-down; with a message in the outbox for each destination as it opens, and NOTIFY revenue_alerts but for what only informs';

CREATE OR REPLACE FUNCTION revenue.report_alert(
  rule text, cause text, title text, evidence jsonb DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  known record;
  raised record;
BEGIN
  SELECT r.* INTO known FROM revenue.alert_rules_in_force(chosen) AS r
  WHERE r.rule = report_alert.rule AND r.check_kind = 'reported';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no rule "%" is for reports', left(coalesce(report_alert.rule, 'NULL'), 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Add it: SELECT revenue.set_alert_rule(''my_rule'', check_kind => ''reported'', threshold => 0).';
  ELSIF coalesce(report_alert.cause, '') = '' OR coalesce(report_alert.title, '') = '' OR length(report_alert.cause) > 500
    OR length(report_alert.title) > 500 OR report_alert.title ~ '[[:cntrl:]]' THEN
    RAISE EXCEPTION 'an alert needs a cause and a title of one line, up to 500 letters each' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The cause tells one from another: of the same one there is one alert at a time.';
  END IF;
  IF NOT known.enabled THEN RETURN NULL; END IF;
  SELECT r.* INTO raised FROM revenue.raise_alert(
    known.rule, concat_ws(':', known.rule, report_alert.cause), known.severity, report_alert.title, NULL, 'all', '', NULL, NULL, NULL, NULL,
    1, '[]', coalesce(report_alert.evidence, '{}'), known.recommendation, '{}', known.cool_down, known.destinations,
    coalesce(revenue.checked_instant(as_of), now()), chosen) AS r;
  RETURN raised.outcome;
END $$;
COMMENT ON FUNCTION revenue.report_alert IS
  'An alert that another program found, by a rule of the kind reported: opened, known or cooling down, as check_alerts() has it; NULL where the rule is off. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.settle_alert(rule text, cause text, org integer DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
BEGIN
  UPDATE revenue.alerts AS a SET state = 'resolved', resolved_at = clock_timestamp(), resolved_as_of = greatest(a.last_as_of, now()),
    resolved_by = 'settle_alert()'
  WHERE a.org_id = chosen AND a.rule = settle_alert.rule AND a.state <> 'resolved'
    AND a.dedupe_key = concat_ws(':', settle_alert.rule, settle_alert.cause);
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION revenue.settle_alert IS
  'Says that the cause of a reported alert is gone; whether there was one that was not resolved. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.check_alerts(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  alert_id text, outcome text, rule text, severity text, title text, affected_segment text, expected double precision,
  actual double precision, recommendation text, stale_sources text[])
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  finding record;
  raised record;
  firing text[] := '{}';
  judged text[] := '{}';
BEGIN
  -- Two checks at once would both find the same news.
  PERFORM revenue.take_lock('alerts', chosen);
  FOR finding IN SELECT e.* FROM revenue.evaluate_alerts(as_of, chosen) AS e ORDER BY e.rule, e.dedupe_key LOOP
    IF finding.state <> 'unknown' THEN judged := judged || finding.rule; END IF;
    CONTINUE WHEN finding.state <> 'fires';
    firing := firing || finding.dedupe_key;
    SELECT r.* INTO raised FROM revenue.raise_alert(
      finding.rule, finding.dedupe_key, finding.severity, finding.title, finding.metric, finding.dimension, finding.member, finding.affected_segment,
      finding.expected, finding.actual, finding.threshold, finding.observations, finding.drivers, finding.evidence, finding.recommendation,
      finding.stale_sources, finding.cool_down, finding.destinations, moment, chosen) AS r;
    alert_id := raised.alert_id; outcome := raised.outcome; rule := finding.rule; severity := finding.severity; title := finding.title;
    affected_segment := finding.affected_segment; expected := finding.expected; actual := finding.actual;
    recommendation := finding.recommendation; stale_sources := finding.stale_sources;
    RETURN NEXT;
  END LOOP;
  -- What was judged and no longer holds is resolved; that a deal was won holds for a week.
  RETURN QUERY
  UPDATE revenue.alerts AS a SET state = 'resolved', resolved_at = clock_timestamp(), resolved_as_of = moment, resolved_by = 'check_alerts()'
  WHERE a.org_id = chosen AND a.state <> 'resolved' AND a.last_as_of <= moment AND NOT a.dedupe_key = ANY (firing)
    AND CASE WHEN a.rule IN (SELECT r.rule FROM revenue.alert_rules_in_force(chosen) AS r WHERE r.check_kind = 'deal_closed')
          THEN a.last_as_of < moment - interval '7 days' ELSE a.rule = ANY (judged) END
  RETURNING a.alert_id, 'resolved', a.rule, a.severity, a.title, a.affected_segment, a.expected, a.actual, a.recommendation, a.stale_sources;
END $$;
COMMENT ON FUNCTION revenue.check_alerts IS
  'Judges every rule as of an instant (NULL = now), opens what is new, sees again what is known, resolves what no longer holds: what was done with each. Again and again without harm. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.change_alert(alert_id text, wanted text, note text, org integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  who text := coalesce(revenue.caller_identity(), session_user);
  before revenue.alerts;
BEGIN
  SELECT * INTO before FROM revenue.alerts AS a WHERE a.org_id = chosen AND a.alert_id = change_alert.alert_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'organisation % has no alert "%"', chosen, left(change_alert.alert_id, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the alert_id of a row of revenue.alerts.';
  END IF;
  IF before.state IN (wanted, 'resolved') THEN RETURN false; END IF;
  UPDATE revenue.alerts AS a SET state = wanted, note = coalesce(change_alert.note, a.note),
    acknowledged_at = CASE wanted WHEN 'acknowledged' THEN clock_timestamp() ELSE a.acknowledged_at END,
    acknowledged_by = CASE wanted WHEN 'acknowledged' THEN who ELSE a.acknowledged_by END,
    resolved_at = CASE wanted WHEN 'resolved' THEN clock_timestamp() END,
    resolved_as_of = CASE wanted WHEN 'resolved' THEN greatest(a.last_as_of, now()) END,
    resolved_by = CASE wanted WHEN 'resolved' THEN who END
  WHERE a.org_id = chosen AND a.alert_id = change_alert.alert_id;
  PERFORM revenue.audit(wanted || '_alert', 'alert', change_alert.alert_id, jsonb_build_object('state', before.state),
    jsonb_build_object('state', wanted), note, chosen);
  RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.change_alert FROM PUBLIC;
COMMENT ON FUNCTION revenue.change_alert IS 'For acknowledge_alert() and resolve_alert(): another state of an alert, audited';

CREATE OR REPLACE FUNCTION revenue.acknowledge_alert(alert_id text, note text DEFAULT NULL, org integer DEFAULT NULL) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT revenue.change_alert(alert_id, 'acknowledged', note, org)
$$;
COMMENT ON FUNCTION revenue.acknowledge_alert IS
  'Says that somebody has taken an alert; whether it was open. It stays the one alert of its cause until it is resolved. Members and above, audited';

CREATE OR REPLACE FUNCTION revenue.resolve_alert(alert_id text, note text DEFAULT NULL, org integer DEFAULT NULL) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT revenue.change_alert(alert_id, 'resolved', note, org)
$$;
COMMENT ON FUNCTION revenue.resolve_alert IS
  'Says that the cause is dealt with; whether the alert was not resolved yet. The same cause raises no other one within the cool-down of its rule. Members and above, audited';

CREATE OR REPLACE VIEW revenue.open_alerts WITH (security_invoker) AS
SELECT a.org_id, a.alert_id, a.rule, a.severity, a.state, a.title, a.affected_segment, a.expected, a.actual, a.threshold, a.observations,
  a.drivers, a.evidence, a.recommendation, a.stale_sources, a.as_of, a.last_as_of, a.times_seen, a.opened_at, a.acknowledged_by, a.note
FROM revenue.alerts AS a WHERE a.state <> 'resolved';
COMMENT ON VIEW revenue.open_alerts IS 'Alerts that are not resolved';

-- A deal that log_deal() or anybody else reports as won is told at once, in the same transaction. What is
-- imported from the past is no news.
CREATE OR REPLACE FUNCTION revenue.alert_won_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.raise_alert(
    r.rule, concat_ws(':', r.rule, coalesce(e.deal_id, 'event ' || e.event_id)), r.severity,
    revenue.won_title(coalesce(d.name, e.deal_id, e.offer_id, e.event_id), a.name, e.amount::double precision, e.currency, r.options),
    NULL, 'deal', coalesce(e.deal_id, e.event_id), NULL, NULL, (e.amount * f.rate)::double precision, r.threshold, 1, '[]',
    jsonb_build_object('event_id', e.event_id, 'name', d.name, 'account_id', d.account_id, 'company', a.name, 'owner_rep_id', e.owner_rep_id,
      'amount', trim_scale(e.amount), 'currency', e.currency, 'closed_at', e.closed_at, 'source', e.source),
    r.recommendation, '{}', r.cool_down, r.destinations, greatest(e.closed_at, now()), e.org_id)
  FROM new_rows AS e
  JOIN revenue.orgs AS o USING (org_id)
  LEFT JOIN revenue.deals AS d ON d.org_id = e.org_id AND d.deal_id = e.deal_id
  LEFT JOIN revenue.accounts AS a ON a.org_id = d.org_id AND a.account_id = d.account_id
  CROSS JOIN LATERAL (
    SELECT CASE WHEN e.currency = o.base_currency THEN 1 ELSE (
      SELECT x.rate FROM revenue.fx_rates AS x
      WHERE x.org_id = e.org_id AND x.currency = e.currency AND x.rate_date <= (e.closed_at AT TIME ZONE o.time_zone)::date
      ORDER BY x.rate_date DESC LIMIT 1) END AS rate) AS f
  CROSS JOIN LATERAL revenue.alert_rules_in_force(e.org_id) AS r
  WHERE e.event_type = 'deal_won' AND e.amount >= 0 AND e.closed_at > now() - interval '1 day'
    AND r.check_kind = 'deal_closed' AND r.enabled AND (r.threshold <= 0 OR e.amount * f.rate > r.threshold::numeric)
    AND revenue.account_fits(d.account_id, d.deal_id, e.closed_at, r.options, e.org_id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.alert_won_events IS 'Trigger of revenue_events: an alert for each deal that was won within the last day';
CREATE OR REPLACE TRIGGER alert_won AFTER INSERT ON revenue.revenue_events
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.alert_won_events();

SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "source": "Table or connector", "last_change": "When it changed last; NULL = it is empty",
  "hours_old": "Hours since then", "stale": "Whether that is more than 24", "state": "State",
  "alert_id": "Key of the alert", "rule": "Rule that fired", "severity": "info, warning, urgent or critical", "title": "What happened",
  "affected_segment": "Segment that moved the metric most", "expected": "What was to be expected", "actual": "What there was",
  "threshold": "Where the rule fires", "observations": "How many observations it rests on", "drivers": "What moved it, adding up to the change",
  "evidence": "Figures and rows that it rests on", "recommendation": "What to do", "stale_sources": "Sources without a change for 24 hours",
  "as_of": "Instant it was found for first", "last_as_of": "Instant it was found for last", "times_seen": "How often it was found",
  "opened_at": "When it was raised", "acknowledged_by": "Who took it", "note": "What was said of it"
}');
