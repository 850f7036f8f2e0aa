-- The room alerts: judging the rules, and the life of an alert.

CREATE OR REPLACE FUNCTION revenue.metric_text(value double precision, unit text, currency text DEFAULT NULL) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN value IS NULL OR abs(value) >= 1e18 OR value = 'NaN' THEN 'unknown'
    WHEN unit = 'ratio' THEN format('%s %%', round((100 * value)::numeric, 1))
    WHEN unit = 'days' THEN format('%s days', round(value::numeric, 1))
    WHEN unit IN ('money', 'count') THEN concat_ws(' ', regexp_replace(
      reverse(regexp_replace(reverse(round(value::numeric)::text), '([0-9]{3})(?=[0-9])', E'\\1,', 'g')), '^-,', '-'),
      CASE unit WHEN 'money' THEN currency END)
    ELSE trim_scale(round(value::numeric, 2))::text END
$$;
COMMENT ON FUNCTION revenue.metric_text IS 'A value as people read it: 8.0 %, 1,234 USD, 12.5 days, 1,234';

CREATE OR REPLACE FUNCTION revenue.metric_label(metric text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(CASE WHEN w.word = ANY ('{mrr,arr,nrr,grr,cac,arpa,ltv}') THEN upper(w.word)
    WHEN w.place = 1 THEN upper(left(w.word, 1)) || substr(w.word, 2) ELSE w.word END, ' ' ORDER BY w.place)
  FROM unnest(string_to_array(metric, '_')) WITH ORDINALITY AS w(word, place)
$$;
COMMENT ON FUNCTION revenue.metric_label IS 'The name of a metric as people read it: Net new MRR';

CREATE OR REPLACE FUNCTION revenue.short_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN length(line) > 100 THEN left(line, 97) || '...' ELSE line END
  FROM regexp_replace(left(name, 200), '[[:cntrl:]]+', ' ', 'g') AS line
$$;
COMMENT ON FUNCTION revenue.short_name IS 'For titles and messages: a name on one line of at most 100 letters';

-- A key has to fit into an index, whatever the ids that it is made of.
CREATE OR REPLACE FUNCTION revenue.bounded_key(key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN octet_length(key) <= 500 THEN key
    ELSE format('%s...%s%s', left(key, 100), hashtextextended(key, 0), hashtextextended(key, 1)) END
$$;
COMMENT ON FUNCTION revenue.bounded_key IS 'For alerts: the key itself up to 500 bytes, else its beginning and a hash of it';

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
      SELECT q.period_from - 1 INTO run_to FROM revenue.fiscal_quarter(next_day::date, fiscal_year_start) AS q;
      SELECT q.period_from INTO run_from FROM revenue.fiscal_quarter(run_to, fiscal_year_start) AS q;
      SELECT q.period_from INTO before_from FROM revenue.fiscal_quarter(run_from - 1, fiscal_year_start) AS q;
  END CASE;
  before_to := run_from - 1;
END $$;
COMMENT ON FUNCTION revenue.comparison_days IS
  'The last full run of days, ISO week, month or fiscal quarter by the end of last_day, and the one before it: first and last days, both included';

-- Of two shares of rows that were counted, the distance in standard errors of chance.
CREATE OR REPLACE FUNCTION revenue.share_deviation(
  successes double precision, trials double precision, share_before double precision, trials_before double precision)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (successes / trials - share_before)
    / nullif(sqrt(greatest(pooled * (1 - pooled), 0) * (1 / trials + 1 / trials_before)), 0)
  FROM (SELECT (successes + share_before * trials_before) / (trials + trials_before)) AS p(pooled)
  WHERE trials BETWEEN 1 AND 1e15 AND trials_before BETWEEN 1 AND 1e15 AND successes BETWEEN 0 AND trials AND share_before BETWEEN 0 AND 1
$$;
COMMENT ON FUNCTION revenue.share_deviation IS
  'For check_metric_rule(): how many standard errors a share is from another one, each over so many trials';

-- The cells of one run of days, each judged by itself. Of a total, the side with more rows says how many
-- observations it rests on: a rise from nothing and a fall to nothing have none on the other one. A quotient
-- rests on the side with fewer.
CREATE OR REPLACE FUNCTION revenue.metric_rule_cells(
  check_kind text, metric text, options jsonb, threshold double precision, min_observations bigint, last_day date,
  org integer DEFAULT NULL)
RETURNS TABLE (
  state text, reason text, dimension text, member text, expected double precision, actual double precision,
  change double precision, observations bigint, observations_now bigint, observations_before bigint, numerator numeric,
  denominator numeric, standard_errors double precision, currency text, stale_sources text[], run_from date, run_to date,
  before_from date, before_to date)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  known record;
  run record;
  split text := coalesce(options ->> 'by', 'segment');
  direction text := coalesce(options ->> 'direction', 'both');
  relative boolean := coalesce(options ->> 'measure', 'relative') = 'relative';
  additive boolean;
BEGIN
  PERFORM revenue.check_metric(coalesce(metric_rule_cells.metric, ''));
  IF (check_kind IN ('change', 'average', 'level') AND last_day BETWEEN '0005-01-01' AND '9999-11-01') IS NOT TRUE THEN
    RAISE EXCEPTION 'a metric is not judged by "%" on %', left(coalesce(check_kind, 'NULL'), 100), coalesce(to_char(last_day, 'YYYY-MM-DD'), 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Use change, average or level, and a day between the years 5 and 9999.';
  END IF;
  SELECT b.* INTO known FROM revenue.builtin_metrics() AS b WHERE b.metric = metric_rule_cells.metric;
  IF check_kind = 'average' THEN
    SELECT date_trunc('month', last_day::timestamp)::date AS run_from, last_day AS run_to,
      (date_trunc('month', last_day::timestamp) - interval '6 months')::date AS before_from,
      date_trunc('month', last_day::timestamp)::date - 1 AS before_to INTO run;
  ELSE
    SELECT c.* INTO run FROM revenue.orgs AS o CROSS JOIN LATERAL revenue.comparison_days(
      coalesce(options ->> 'period', 'days'), last_day,
      coalesce((options ->> 'days')::integer, CASE check_kind WHEN 'level' THEN 1 ELSE 7 END), o.fiscal_year_start) AS c
    WHERE o.org_id = chosen;
  END IF;
  -- A stock is looked at where the run ends.
  IF known.kind = 'stock' THEN
    run.run_from := run.run_to;
    IF check_kind = 'change' THEN run.before_from := run.before_to; END IF;
  END IF;
  additive := known.kind <> 'ratio' AND known.unit IN ('count', 'money')
    AND known.metric NOT IN ('sales_velocity', 'mean_won_value', 'arpa', 'simple_ltv');
  RETURN QUERY
  WITH before AS (
    SELECT w.* FROM generate_series(0, CASE check_kind WHEN 'average' THEN 5 ELSE 0 END) AS m(n)
    CROSS JOIN LATERAL revenue.metric_window(
      CASE check_kind WHEN 'average' THEN (run.before_from + make_interval(months => m.n))::date ELSE run.before_from END,
      CASE check_kind WHEN 'average' THEN (run.before_from + make_interval(months => m.n + 1))::date - 1 ELSE run.before_to END,
      ARRAY[known.metric], chosen) AS w
    WHERE check_kind <> 'level'
  ), means AS (
    SELECT b.dimension, b.member, avg(b.value) AS value,
      CASE WHEN additive THEN max(b.observations) ELSE min(b.observations) END AS observations, sum(b.days) AS days
    FROM before AS b GROUP BY b.dimension, b.member
  ), compared AS (
    SELECT a.*, a.observations AS observations_now, e.observations AS observations_before, coalesce(e.days, 0) AS days_before,
      CASE check_kind WHEN 'level' THEN metric_rule_cells.threshold ELSE e.value END AS expected,
      CASE WHEN check_kind = 'level' THEN a.observations WHEN additive THEN greatest(a.observations, e.observations)
        ELSE least(a.observations, e.observations) END AS observed,
      CASE WHEN check_kind = 'change' AND known.kind = 'ratio' AND known.unit = 'ratio' AND a.denominator = a.observations THEN
        revenue.share_deviation(a.numerator::double precision, a.observations, e.value, e.observations) END AS z
    FROM revenue.metric_window(run.run_from, run.run_to, ARRAY[known.metric], chosen) AS a
    LEFT JOIN means AS e USING (dimension, member)
    WHERE CASE WHEN options ? 'member' THEN (a.dimension, a.member) = (split, options ->> 'member')
      ELSE a.dimension = 'all' OR a.dimension = split AND check_kind <> 'level' END
  ), measured AS (
    SELECT c.*, CASE WHEN check_kind = 'change' AND relative OR check_kind = 'average'
        -- From nothing there is no share, and any change is beyond every one.
        THEN CASE WHEN c.expected = 0 THEN CASE WHEN c.value = 0 THEN 0 ELSE sign(c.value) * 'Infinity'::double precision END
          ELSE (c.value - c.expected) / abs(c.expected) END
        ELSE c.value - c.expected END AS moved
    FROM compared AS c
  ), judged AS (
    SELECT m.*, CASE
        WHEN m.days < run.run_to - run.run_from + 1 THEN format('%s of %s days are recorded', m.days, run.run_to - run.run_from + 1)
        WHEN check_kind <> 'level' AND m.days_before < run.before_to - run.before_from + 1
          THEN format('%s of the %s days before are recorded', m.days_before, run.before_to - run.before_from + 1)
        WHEN m.value IS NULL THEN 'there is no value'
        WHEN m.moved IS NULL THEN 'there was no value before'
        WHEN check_kind = 'average' AND m.expected < 0 THEN 'the mean before is below 0'
        -- A level of nothing is known, and rests on nothing.
        WHEN coalesce(m.observed, 0) < min_observations AND NOT (check_kind = 'level' AND coalesce(m.observed, 0) = 0)
          THEN format('%s observations, of %s that it takes', coalesce(m.observed, 0), min_observations) END AS why
    FROM measured AS m
  )
  -- Beyond the threshold by more than the rounding of doubles.
  SELECT CASE WHEN j.why IS NOT NULL THEN 'unknown'
      WHEN CASE check_kind
        WHEN 'change' THEN CASE direction WHEN 'up' THEN j.moved WHEN 'down' THEN -j.moved ELSE abs(j.moved) END > metric_rule_cells.threshold + 1e-9
        WHEN 'average' THEN j.value > metric_rule_cells.threshold * j.expected * (1 + 1e-9)
        ELSE CASE direction WHEN 'up' THEN j.moved ELSE -j.moved END > 1e-9 * abs(metric_rule_cells.threshold) END
      THEN 'fires' ELSE 'quiet' END,
    j.why, j.dimension, j.member, j.expected, j.value, CASE WHEN abs(j.moved) < 'Infinity' THEN j.moved END, j.observed,
    j.observations_now, j.observations_before, j.numerator, j.denominator, j.z, j.currency::text, j.stale_sources,
    run.run_from, run.run_to, run.before_from, run.before_to
  FROM judged AS j;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.metric_rule_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.metric_rule_cells IS
  'For check_metric_rule(): a metric over the last run of days beside what it is compared with, for the whole and each member: fires, quiet, or unknown with the reason';

CREATE OR REPLACE FUNCTION revenue.metric_alert_title(
  check_kind text, metric text, unit text, name text, options jsonb, expected double precision, actual double precision, currency text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN check_kind = 'level' AND metric = 'forecast_gap' AND actual < 0
      THEN format('What is committed for the fiscal quarter%s is %s below the quota, limit %s', name,
        revenue.metric_text(-actual, unit), revenue.metric_text(abs(expected), unit))
    WHEN check_kind = 'level' THEN format('%s%s is %s the limit: %s, limit %s', revenue.metric_label(metric), name,
      CASE options ->> 'direction' WHEN 'up' THEN 'above' ELSE 'below' END,
      revenue.metric_text(actual, unit, currency), revenue.metric_text(expected, unit, currency))
    WHEN check_kind = 'average' THEN format('%s%s is above its average: %s, average %s', revenue.metric_label(metric), name,
      revenue.metric_text(actual, unit, currency), revenue.metric_text(expected, unit, currency))
    ELSE format('%s%s %s: %s, after %s', revenue.metric_label(metric), name, CASE WHEN actual < expected THEN 'fell' ELSE 'rose' END,
      revenue.metric_text(actual, unit, currency), revenue.metric_text(expected, unit, currency)) END
$$;
COMMENT ON FUNCTION revenue.metric_alert_title IS 'For check_metric_rule(): what happened to a metric, in one line';

-- What the whole shows, and where it does not fire, the members that do and hardly by chance: there are many
-- members to look at. More than a handful of them are one finding.
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
  fiscal_year_start integer := (SELECT o.fiscal_year_start FROM revenue.orgs AS o WHERE o.org_id = chosen);
  handful CONSTANT integer := 5;
  known record;
  cell record;
  split text := coalesce(options ->> 'by', 'segment');
  earlier jsonb;
  verdicts jsonb;
  run_end date := last_day;
  found boolean := false;
BEGIN
  SELECT b.* INTO known FROM revenue.builtin_metrics() AS b WHERE b.metric = check_metric_rule.metric;
  -- What is to fire so many runs running did so in each of the runs before.
  IF check_kind = 'change' THEN
    FOR n IN 2 .. coalesce((options ->> 'running')::integer, 1) LOOP
      SELECT d.before_to INTO run_end FROM revenue.comparison_days(coalesce(options ->> 'period', 'days'), run_end,
        coalesce((options ->> 'days')::integer, 7), fiscal_year_start) AS d;
      SELECT jsonb_object_agg(c.dimension || ':' || c.member, jsonb_build_object('state', c.state, 'reason', c.reason)) INTO verdicts
      FROM revenue.metric_rule_cells(check_kind, known.metric, options, check_metric_rule.threshold, min_observations, run_end, chosen) AS c;
      earlier := CASE WHEN n = 2 THEN verdicts ELSE (
        SELECT jsonb_object_agg(e.key, CASE WHEN e.value ->> 'state' = 'fires' THEN verdicts -> e.key ELSE e.value END) FROM jsonb_each(earlier) AS e) END;
    END LOOP;
  END IF;

  FOR cell IN
    WITH cells AS (
      SELECT c.*, CASE WHEN c.state <> 'fires' OR check_kind <> 'change' OR coalesce((options ->> 'running')::integer, 1) = 1 THEN c.state
          ELSE coalesce(b.before ->> 'state', 'quiet') END AS verdict,
        CASE WHEN c.state = 'fires' THEN 'the run before: ' || (b.before ->> 'reason') ELSE c.reason END AS why
      FROM revenue.metric_rule_cells(check_kind, known.metric, options, check_metric_rule.threshold, min_observations, last_day, chosen) AS c
      CROSS JOIN LATERAL (SELECT earlier -> (c.dimension || ':' || c.member)) AS b(before)
    ), ranked AS (
      SELECT c.*, bool_or(c.dimension = 'all' AND c.verdict = 'fires') OVER () AS whole_fires,
        c.dimension = 'all' OR options ? 'member' AS asked,
        c.verdict = 'fires' AND (abs(c.standard_errors) < 2.5) IS NOT TRUE AS news
      FROM cells AS c
    ), shown AS (
      SELECT r.*, count(*) OVER (PARTITION BY r.asked) AS of_them,
        row_number() OVER (PARTITION BY r.asked ORDER BY abs(r.standard_errors) DESC NULLS LAST, abs(r.actual - r.expected) DESC NULLS LAST, r.member) AS place,
        jsonb_agg(jsonb_build_object('member', r.member, 'before', r.expected, 'after', r.actual)) OVER (PARTITION BY r.asked) AS members
      FROM ranked AS r WHERE r.asked OR r.news AND NOT r.whole_fires
    )
    SELECT s.* FROM shown AS s WHERE s.asked OR s.of_them <= handful OR s.place = 1 ORDER BY s.dimension <> 'all', s.member
  LOOP
    found := true;
    state := cell.verdict; reason := cell.why; drivers := '[]'; affected_segment := NULL; title := NULL;
    dimension := cell.dimension; member := cell.member; actual := cell.actual; expected := cell.expected; change := cell.change;
    observations := cell.observations; stale_sources := cell.stale_sources;
    IF state = 'fires' THEN
      IF cell.dimension <> 'all' THEN
        affected_segment := coalesce(nullif(cell.member, ''), 'unknown');
      ELSIF check_kind = 'change' THEN
        SELECT coalesce(jsonb_agg(jsonb_build_object('member', d.member, 'before', d.before_value, 'after', d.after_value,
            'contribution', d.contribution, 'share', d.share)), '[]'),
          (array_agg(nullif(d.member, '')) FILTER (WHERE known.metric <> 'sales_velocity' AND sign(d.contribution) = sign(cell.actual - cell.expected)))[1]
        INTO drivers, affected_segment
        FROM revenue.metric_drivers(known.metric, cell.before_from, cell.before_to, cell.run_from, cell.run_to, split, chosen) AS d;
      END IF;
      title := revenue.metric_alert_title(check_kind, known.metric, known.unit,
        CASE WHEN cell.dimension <> 'all' THEN format(' of %s %s', cell.dimension, revenue.short_name(affected_segment)) ELSE '' END,
        options, expected, actual, cell.currency);
    END IF;
    IF NOT cell.asked AND cell.of_them > handful THEN
      member := ''; drivers := cell.members; observations := NULL;
      title := format('%s (and %s more)', title, cell.of_them - 1);
    END IF;
    evidence := jsonb_strip_nulls(jsonb_build_object(
      'first_day', cell.run_from, 'last_day', cell.run_to,
      'before_first_day', CASE WHEN check_kind <> 'level' THEN cell.before_from END,
      'before_last_day', CASE WHEN check_kind <> 'level' THEN cell.before_to END,
      'numerator', trim_scale(cell.numerator), 'denominator', trim_scale(cell.denominator),
      'observations', cell.observations_now, 'observations_before', cell.observations_before, 'change', change,
      'standard_errors', round(cell.standard_errors::numeric, 2), 'currency', cell.currency));
    RETURN NEXT;
  END LOOP;
  IF NOT found THEN
    IF check_kind <> 'average' THEN
      SELECT d.run_to INTO run_end FROM revenue.comparison_days(coalesce(options ->> 'period', 'days'), last_day, 1, fiscal_year_start) AS d;
    END IF;
    state := 'unknown'; reason := format('no value of %s is recorded for %s', known.metric, to_char(run_end, 'YYYY-MM-DD'));
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
    WHEN seen.day IS NULL THEN format('no value of %s is recorded for %s', known.metric, to_char(last_day, 'YYYY-MM-DD'))
    WHEN NOT seen.by_week AND seen.day < last_day THEN format('no value of %s is recorded for %s', known.metric, to_char(last_day, 'YYYY-MM-DD'))
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
    WHEN latest.value IS NULL THEN format('no value of %s is recorded for %s', check_target_rule.metric, to_char(last_day, 'YYYY-MM-DD'))
    WHEN check_kind = 'pace' AND days_left IS NULL THEN 'no target_date is set'
    WHEN check_kind = 'pace' AND days_left < 1 THEN 'the target date has passed'
    WHEN check_kind = 'pace' AND earlier IS NULL THEN format('no value of %s is recorded for %s', check_target_rule.metric, to_char(last_day - 30, 'YYYY-MM-DD')) END;
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
      WHERE NOT of_commit AND e.metric = check_forecast_rule.metric AND e.dimension = 'all' AND NOT e.retrospective
        AND e.lead_days >= least_lead AND e.period_to > today - 31
    )
    SELECT DISTINCT ON (j.period, j.period_from) j.*, EXISTS (
      SELECT FROM revenue.forecast_reviews AS v
      WHERE of_commit AND v.org_id = chosen AND v.run_id = j.run_id AND (v.reviewed_at <= moment OR check_forecast_rule.as_of IS NULL)) AS reviewed
    FROM judged AS j ORDER BY j.period, j.period_from, j.as_of DESC, j.made_at DESC
  LOOP
    expected := run.expected; actual := run.actual; change := (actual - expected) / nullif(abs(expected), 0);
    observations := coalesce(run.inputs ->> 'open_deals', run.inputs ->> 'customers')::bigint;
    cause := concat_ws(':', run.period, to_char(run.period_from, 'YYYY-MM-DD'));
    reason := CASE WHEN actual IS NULL THEN coalesce(run.reason, 'there is no forecast') WHEN expected IS NULL THEN 'nothing is committed'
      WHEN change IS NULL THEN 'there is nothing to compare with'
      WHEN observations < min_observations THEN format('%s observations, of %s that it takes', observations, min_observations) END;
    state := CASE WHEN reason IS NOT NULL THEN 'unknown' WHEN abs(change) > threshold + 1e-9 AND NOT run.reviewed THEN 'fires' ELSE 'quiet' END;
    drivers := '[]'; affected_segment := NULL; title := NULL;
    IF state = 'fires' THEN
      title := format(CASE WHEN of_commit THEN '%s of the %s from %s: forecast %s, committed %s' ELSE '%s of the %s from %s: %s, forecast %s' END,
        revenue.metric_label(check_forecast_rule.metric), run.period, to_char(run.period_from, 'YYYY-MM-DD'),
        revenue.metric_text(actual, 'money', run.currency), revenue.metric_text(expected, 'money', run.currency));
      IF NOT of_commit THEN
        SELECT coalesce(jsonb_agg(jsonb_build_object('member', e.segment, 'before', e.forecast, 'after', e.actual, 'contribution', -e.error)
            ORDER BY abs(e.error) DESC, e.segment), '[]'),
          (array_agg(e.segment ORDER BY abs(e.error) DESC, e.segment) FILTER (WHERE sign(-e.error) = sign(run.actual - run.expected)))[1]
        INTO drivers, affected_segment
        FROM revenue.forecast_errors(check_forecast_rule.as_of, chosen) AS e WHERE e.run_id = run.run_id AND e.dimension = 'segment';
      END IF;
    END IF;
    evidence := jsonb_strip_nulls(jsonb_build_object('run_id', run.run_id, 'forecast_as_of', run.as_of, 'period', run.period, 'period_from', run.period_from,
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
        AND revenue.account_fits(d.account_id, d.deal_id, d.closed_at, options, chosen)
      UNION ALL
      -- Won without a deal in the CRM.
      SELECT 'event ' || e.event_id, coalesce(e.offer_id, e.event_id), trim_scale(e.amount * r.rate), e.closed_at,
        jsonb_build_object('event_id', e.event_id, 'owner_rep_id', e.owner_rep_id, 'amount', trim_scale(e.amount), 'currency', e.currency,
          'closed_at', e.closed_at, 'source', e.source)
      FROM revenue.revenue_events AS e
      LEFT JOIN revenue.fx_rates_at(past) AS r ON r.org_id = e.org_id AND r.currency = e.currency
      WHERE e.org_id = chosen AND e.event_type = 'deal_won' AND e.deal_id IS NULL AND e.amount >= 0
        AND e.closed_at > moment - interval '1 day' AND e.closed_at <= moment
        AND (threshold <= 0 OR e.amount * r.rate > threshold::numeric) AND NOT options ?| '{segments,annual_revenue,new_customer}';
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
  SELECT concat_ws(' ', format('Won: %s,', revenue.short_name(deal)), revenue.metric_text(amount, 'money', currency),
    CASE WHEN options ?| '{segments,annual_revenue,new_customer}' THEN format('of %s', revenue.short_name(company)) END)
$$;
COMMENT ON FUNCTION revenue.won_title IS 'Title of an alert that a deal was won; with its company where the rule is about accounts';

CREATE OR REPLACE FUNCTION revenue.severity_rank(severity text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT array_position('{info,warning,urgent,critical}'::text[], severity);
END;
COMMENT ON FUNCTION revenue.severity_rank IS 'For alerts: 1 = info to 4 = critical';

CREATE OR REPLACE FUNCTION revenue.won_handful() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT 5; END;
COMMENT ON FUNCTION revenue.won_handful IS 'For alerts of deals won: so many a rule and day are told one by one, and what there is beyond together';

-- A deal that several rules are about is told once, by the most severe of them, then the one that asks for
-- most, and to whom any of them tells it.
CREATE OR REPLACE FUNCTION revenue.won_findings(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (rule text, row_id text, title text, company text, value numeric, closed_at timestamptz, details jsonb, destinations text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN QUERY
  WITH fitting AS (
    SELECT r.rule, r.severity, r.threshold, r.destinations, w.*
    FROM revenue.alert_rules_in_force(chosen) AS r
    CROSS JOIN LATERAL revenue.alert_rows(r.check_kind, r.options, r.threshold, won_findings.as_of, chosen) AS w
    WHERE r.enabled AND r.check_kind = 'deal_closed'
  )
  SELECT DISTINCT ON (f.row_id) f.rule, f.row_id, f.title, f.details ->> 'company', f.value, f.since, f.details,
    ARRAY(SELECT DISTINCT d FROM fitting AS o CROSS JOIN LATERAL unnest(o.destinations) AS d WHERE o.row_id = f.row_id ORDER BY d)
  FROM fitting AS f ORDER BY f.row_id, revenue.severity_rank(f.severity) DESC, f.threshold DESC, f.rule;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.won_findings FROM PUBLIC;
COMMENT ON FUNCTION revenue.won_findings IS 'For evaluate_alerts(): the deals won in the last day, each with the one rule that tells it';

-- What was told of the last days is known. Beyond a handful a day, the others are one finding of the day,
-- which grows.
CREATE OR REPLACE FUNCTION revenue.check_won_rule(rule text, options jsonb, threshold double precision, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  dedupe_key text, title text, dimension text, member text, actual double precision, observations bigint, evidence jsonb,
  destinations text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  currency text;
  day text;
BEGIN
  IF NOT EXISTS (SELECT FROM revenue.alert_rows('deal_closed', options, threshold, as_of, chosen)) THEN RETURN; END IF;
  SELECT o.base_currency, to_char(moment AT TIME ZONE o.time_zone, 'YYYY-MM-DD') INTO currency, day FROM revenue.orgs AS o WHERE o.org_id = chosen;
  RETURN QUERY
  WITH told AS MATERIALIZED (
    SELECT a.dedupe_key, a.title, a.dimension, a.member, a.actual, a.observations, a.evidence, a.state, a.as_of FROM revenue.alerts AS a
    WHERE a.org_id = chosen AND a.rule = check_won_rule.rule AND a.as_of > moment - interval '2 days' AND a.as_of <= moment
  ), found AS MATERIALIZED (
    SELECT w.*, revenue.bounded_key(concat_ws(':', w.rule, w.row_id)) AS key FROM revenue.won_findings(as_of, chosen) AS w
    WHERE w.rule = check_won_rule.rule
  ), news AS MATERIALIZED (
    SELECT f.*, row_number() OVER (ORDER BY f.value DESC NULLS LAST, f.row_id) AS place, count(*) OVER () AS of_them
    FROM found AS f WHERE NOT EXISTS (SELECT FROM told AS t WHERE t.dedupe_key = f.key OR t.evidence -> 'ids' ? f.row_id)
  ), single AS (
    SELECT n.* FROM news AS n WHERE n.of_them + (SELECT count(*) FROM told AS t WHERE t.as_of > moment - interval '1 day') <= revenue.won_handful()
  ), digest AS (
    SELECT concat_ws(':', check_won_rule.rule, day) AS key, count(*) AS n, sum(n.value) AS value, jsonb_agg(n.row_id ORDER BY n.place) AS ids,
      jsonb_agg(jsonb_build_object('id', n.row_id, 'name', revenue.short_name(n.title), 'company', revenue.short_name(n.company),
        'deal_value', n.value, 'currency', currency) ORDER BY n.place) FILTER (WHERE n.place <= 20) AS rows,
      ARRAY(SELECT DISTINCT d FROM news AS m CROSS JOIN LATERAL unnest(m.destinations) AS d ORDER BY d) AS destinations
    FROM news AS n WHERE NOT EXISTS (SELECT FROM single) HAVING count(*) > 0
  ), grown AS (
    SELECT d.key, d.destinations, d.n + coalesce(t.observations, 0) AS n, d.value + coalesce(t.actual::numeric, 0) AS value,
      coalesce(t.evidence -> 'ids', '[]') || d.ids AS ids, coalesce(t.evidence -> 'rows', '[]') || d.rows AS rows
    FROM digest AS d LEFT JOIN told AS t ON t.dedupe_key = d.key AND t.state <> 'resolved'
  )
  SELECT s.key, revenue.won_title(s.title, s.company, s.value::double precision, currency, options), 'deal', s.row_id, s.value::double precision,
    1::bigint, s.details, s.destinations
  FROM single AS s
  UNION ALL
  SELECT g.key, format('Won: %s %s, %s', g.n, CASE g.n WHEN 1 THEN 'deal' ELSE 'deals' END,
      revenue.metric_text(g.value::double precision, 'money', currency)), 'all', '', g.value::double precision, g.n,
    jsonb_build_object('ids', g.ids, 'rows', (SELECT jsonb_agg(r.row ORDER BY r.place) FROM jsonb_array_elements(g.rows) WITH ORDINALITY AS r(row, place)
      WHERE r.place <= 20)), g.destinations
  FROM grown AS g
  UNION ALL
  SELECT t.dedupe_key, t.title, t.dimension, t.member, t.actual, t.observations, t.evidence, '{}'
  FROM told AS t WHERE t.state <> 'resolved' AND NOT EXISTS (SELECT FROM grown AS g WHERE g.key = t.dedupe_key)
    AND EXISTS (SELECT FROM found AS f WHERE t.dedupe_key = f.key OR t.evidence -> 'ids' ? f.row_id);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.check_won_rule FROM PUBLIC;
COMMENT ON FUNCTION revenue.check_won_rule IS
  'For evaluate_alerts(): the deals won in the last day that a rule tells, one by one up to a handful, the others together';

-- The rows of an alert that is not resolved are known; what is new among the others is the news.
CREATE OR REPLACE FUNCTION revenue.check_rows_rule(
  rule text, check_kind text, options jsonb, threshold double precision, min_observations bigint, as_of timestamptz DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS TABLE (state text, dedupe_key text, title text, actual double precision, observations bigint, evidence jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  currency text := (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen);
BEGIN
  RETURN QUERY
  WITH open_ones AS MATERIALIZED (
    SELECT a.dedupe_key, a.title, a.actual, a.observations, a.evidence FROM revenue.alerts AS a
    WHERE a.org_id = chosen AND a.rule = check_rows_rule.rule AND a.state <> 'resolved'
  ), found AS MATERIALIZED (
    SELECT w.*, NOT EXISTS (SELECT FROM open_ones AS a WHERE a.evidence -> 'ids' ? w.row_id) AS news
    FROM revenue.alert_rows(check_kind, options, check_rows_rule.threshold, as_of, chosen) AS w
  ), news AS (
    SELECT f.*, row_number() OVER (ORDER BY f.value DESC NULLS LAST, f.since, f.row_id) AS place FROM found AS f WHERE f.news
  ), digest AS (
    SELECT count(*) AS n, min(w.row_id) AS first_id, revenue.short_name((array_agg(w.title ORDER BY w.place))[1]) AS first_title,
      sum(w.value) AS value, jsonb_agg(w.row_id ORDER BY w.place) AS ids,
      jsonb_agg(jsonb_build_object('id', w.row_id) || w.details ORDER BY w.place) FILTER (WHERE w.place <= 20) AS rows
    FROM news AS w HAVING count(*) >= greatest(check_rows_rule.min_observations, 1)
  )
  SELECT 'fires', CASE check_kind WHEN 'silence' THEN check_rows_rule.rule ELSE revenue.bounded_key(concat_ws(':', check_rows_rule.rule, d.first_id)) END,
    CASE check_kind WHEN 'silence' THEN d.first_title
      WHEN 'untouched' THEN format('%s in %s untouched for %s days: %s', CASE WHEN d.n = 1 THEN '1 contact' ELSE d.n || ' contacts' END,
        revenue.short_name(coalesce(options ->> 'stage', 'decision')), round(check_rows_rule.threshold::numeric, 1)::double precision, d.first_title)
      ELSE format('%s at risk, %s: %s', CASE WHEN d.n = 1 THEN '1 deal' ELSE d.n || ' deals' END,
        revenue.metric_text(d.value::double precision, 'money', currency), d.first_title) END
      || CASE WHEN d.n > 1 THEN format(' and %s more', d.n - 1) ELSE '' END,
    CASE check_kind WHEN 'at_risk' THEN d.value ELSE d.n END::double precision, d.n,
    jsonb_build_object('ids', d.ids, 'rows', d.rows, 'found', (SELECT count(*) FROM found))
  FROM digest AS d
  UNION ALL
  SELECT 'fires', a.dedupe_key, a.title, a.actual, a.observations, a.evidence
  FROM open_ones AS a WHERE EXISTS (SELECT FROM found AS f WHERE a.evidence -> 'ids' ? f.row_id)
  UNION ALL
  SELECT 'quiet', check_rows_rule.rule, NULL, NULL, 0, '{}' WHERE NOT EXISTS (SELECT FROM found);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.check_rows_rule FROM PUBLIC;
COMMENT ON FUNCTION revenue.check_rows_rule IS
  'For evaluate_alerts(): the rows that a rule looks for, those that no open alert knows as one finding';

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
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  last_full date;
  each record;
  found record;
  stale text[] := '{}';
BEGIN
  IF moment NOT BETWEEN '0010-01-01' AND '9999-10-01' THEN
    RAISE EXCEPTION 'as_of is out of range: %', revenue.iso_instant(moment) USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave it out for now.';
  END IF;
  SELECT (moment AT TIME ZONE o.time_zone)::date - 1 INTO last_full FROM revenue.orgs AS o WHERE o.org_id = chosen;
  BEGIN
    stale := ARRAY(SELECT f.source FROM revenue.data_freshness(as_of, chosen) AS f WHERE f.stale AND f.source IN ('deals', 'contacts', 'activities'));
  EXCEPTION WHEN OTHERS THEN
    PERFORM revenue.leave_out('freshness of the sources', concat_ws(' ', SQLSTATE, SQLERRM));
  END;
  -- A rule that fails is an error of its own; what it returned until then is not said.
  FOR each IN SELECT r.* FROM revenue.alert_rules_in_force(chosen) AS r WHERE r.enabled ORDER BY r.rule LOOP
    rule := each.rule; check_kind := each.check_kind; severity := each.severity; metric := each.metric; threshold := each.threshold;
    recommendation := each.recommendation; cool_down := each.cool_down; destinations := each.destinations;
    BEGIN
      IF each.check_kind IN ('change', 'average', 'level') THEN
        FOR found IN SELECT c.* FROM revenue.check_metric_rule(
            each.rule, each.check_kind, each.metric, each.options, each.threshold, each.min_observations, last_full, chosen) AS c LOOP
          state := found.state; reason := found.reason; title := found.title; dimension := found.dimension; member := nullif(found.member, '');
          dedupe_key := revenue.bounded_key(concat_ws(':', each.rule, nullif(found.dimension, 'all'), nullif(found.member, '')));
          affected_segment := found.affected_segment; expected := found.expected; actual := found.actual; change := found.change;
          observations := found.observations; drivers := found.drivers; evidence := found.evidence; stale_sources := found.stale_sources;
          RETURN NEXT;
        END LOOP;
      ELSIF each.check_kind = 'sigma' THEN
        SELECT c.* INTO found FROM revenue.check_sigma_rule(each.metric, each.options, each.threshold, last_full, chosen) AS c;
        state := found.state; reason := found.reason; title := found.title; dimension := 'all'; member := NULL; dedupe_key := each.rule;
        affected_segment := found.affected_segment; expected := found.expected; actual := found.actual; change := found.change;
        observations := NULL; drivers := found.drivers; evidence := found.evidence; stale_sources := found.stale_sources;
        RETURN NEXT;
      ELSIF each.check_kind IN ('milestone', 'pace') THEN
        SELECT c.* INTO found FROM revenue.check_target_rule(each.check_kind, each.metric, each.options, each.threshold, last_full, chosen) AS c;
        state := found.state; reason := found.reason; title := found.title; dimension := 'all'; member := NULL;
        dedupe_key := concat_ws(':', each.rule, found.cause); affected_segment := NULL; expected := found.expected; actual := found.actual;
        change := found.change; observations := found.observations; drivers := '[]'; evidence := found.evidence; stale_sources := found.stale_sources;
        RETURN NEXT;
      ELSIF each.check_kind = 'forecast' THEN
        FOR found IN SELECT c.* FROM revenue.check_forecast_rule(
            each.metric, each.options, each.threshold, each.min_observations, as_of, chosen) AS c LOOP
          state := found.state; reason := found.reason; title := found.title; dimension := 'all'; member := NULL;
          dedupe_key := concat_ws(':', each.rule, found.cause); affected_segment := found.affected_segment; expected := found.expected;
          actual := found.actual; change := found.change; observations := found.observations; drivers := found.drivers;
          evidence := found.evidence; stale_sources := stale;
          RETURN NEXT;
        END LOOP;
      ELSIF each.check_kind = 'deal_closed' THEN
        FOR found IN SELECT c.* FROM revenue.check_won_rule(each.rule, each.options, each.threshold, as_of, chosen) AS c ORDER BY c.dedupe_key LOOP
          state := 'fires'; reason := NULL; title := found.title; dimension := found.dimension; member := nullif(found.member, '');
          dedupe_key := found.dedupe_key; affected_segment := NULL; expected := NULL; actual := found.actual; change := NULL;
          observations := found.observations; drivers := '[]'; evidence := found.evidence; stale_sources := stale; destinations := found.destinations;
          RETURN NEXT;
        END LOOP;
      ELSIF each.check_kind IN ('silence', 'untouched', 'at_risk') THEN
        FOR found IN SELECT c.* FROM revenue.check_rows_rule(
            each.rule, each.check_kind, each.options, each.threshold, each.min_observations, as_of, chosen) AS c LOOP
          state := found.state; reason := NULL; title := found.title; dimension := 'all'; member := NULL; dedupe_key := found.dedupe_key;
          affected_segment := NULL; expected := NULL; actual := found.actual; change := NULL; observations := found.observations;
          drivers := '[]'; evidence := found.evidence; stale_sources := stale;
          RETURN NEXT;
        END LOOP;
      ELSIF each.check_kind IS DISTINCT FROM 'reported' THEN
        RAISE EXCEPTION 'no check judges the rule' USING ERRCODE = 'invalid_parameter_value',
          HINT = 'Give it a check_kind with set_alert_rule().';
      END IF;
    EXCEPTION WHEN OTHERS THEN
      state := 'error'; reason := concat_ws(' ', SQLSTATE, left(SQLERRM, 500)); dedupe_key := each.rule; title := NULL; dimension := 'all'; member := NULL;
      affected_segment := NULL; expected := NULL; actual := NULL; change := NULL; observations := NULL; drivers := '[]'; evidence := '{}';
      stale_sources := '{}';
      RETURN NEXT;
    END;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.evaluate_alerts IS
  'Every rule judged as of an instant (NULL = now), and nothing written: what fires, what is quiet, what is unknown for the stated reason, and what failed (error), which keeps no other rule from being judged. Members and above';

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
  line text := left(regexp_replace(left(raise_alert.title, 1000), '[[:cntrl:]]+', ' ', 'g'), 400);
  told text;
BEGIN
  UPDATE revenue.alerts AS a SET last_as_of = greatest(a.last_as_of, raise_alert.as_of), times_seen = a.times_seen + 1,
    title = raise_alert.title, actual = raise_alert.actual, evidence = raise_alert.evidence, drivers = raise_alert.drivers, stale_sources = raise_alert.stale_sources
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
  told := left(concat_ws(E'\n', line,
    (SELECT string_agg(concat_ws(', ', '- ' || revenue.short_name(coalesce(r.row ->> 'name', r.row ->> 'id')), revenue.short_name(r.row ->> 'company'),
        revenue.metric_text((r.row ->> 'deal_value')::double precision, 'money', r.row ->> 'currency'), (r.row ->> 'days') || ' days',
        revenue.short_name(r.row -> 'risk_factors' ->> 0)), E'\n' ORDER BY r.place)
     FROM jsonb_array_elements(CASE jsonb_typeof(raise_alert.evidence -> 'rows') WHEN 'array' THEN raise_alert.evidence -> 'rows' ELSE '[]' END)
       WITH ORDINALITY AS r(row, place) WHERE r.row ? 'name'),
    raise_alert.recommendation,
    CASE WHEN raise_alert.stale_sources <> '{}' THEN format('Stale: %s', array_to_string(raise_alert.stale_sources, ', ')) END), 100000);
  PERFORM revenue.enqueue_message(
    format('alert:%s:%s', alert_id, d), split_part(d, ':', 1), split_part(d, ':', 2), told,
    format('[%s] %s', raise_alert.severity, line),
    jsonb_strip_nulls(jsonb_build_object('alert_id', alert_id, 'rule', rule, 'severity', raise_alert.severity, 'title', line,
      'expected', raise_alert.expected, 'actual', raise_alert.actual, 'affected_segment', raise_alert.affected_segment,
      'evidence', raise_alert.evidence - 'ids', 'recommendation', raise_alert.recommendation)), NULL, org)
  FROM unnest(raise_alert.destinations) AS d;
  -- Commits that notify wait for each other, and deals are logged by many at once: what only informs does not.
  IF raise_alert.severity = 'info' THEN RETURN; END IF;
  -- Any role may LISTEN, so that it says nothing but that there is something to read.
  PERFORM pg_notify('revenue_alerts', '');
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
    alert_id := NULL; rule := finding.rule; severity := finding.severity; title := finding.title;
    affected_segment := finding.affected_segment; expected := finding.expected; actual := finding.actual;
    recommendation := finding.recommendation; stale_sources := finding.stale_sources;
    IF finding.state = 'error' THEN
      outcome := 'error'; title := finding.reason;
      PERFORM revenue.leave_out(format('rule %s', finding.rule), finding.reason);
      RETURN NEXT;
    ELSIF finding.state <> 'unknown' THEN
      judged := judged || finding.rule;
    END IF;
    CONTINUE WHEN finding.state <> 'fires';
    firing := firing || finding.dedupe_key;
    BEGIN
      SELECT r.* INTO raised FROM revenue.raise_alert(
        finding.rule, finding.dedupe_key, finding.severity, finding.title, finding.metric, finding.dimension, finding.member, finding.affected_segment,
        finding.expected, finding.actual, finding.threshold, finding.observations, finding.drivers, finding.evidence, finding.recommendation,
        finding.stale_sources, finding.cool_down, finding.destinations, moment, chosen) AS r;
      alert_id := raised.alert_id; outcome := raised.outcome;
    EXCEPTION WHEN OTHERS THEN
      outcome := 'error';
      PERFORM revenue.leave_out(format('alert %s', finding.dedupe_key), concat_ws(' ', SQLSTATE, SQLERRM));
    END;
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
SELECT a.org_id, a.alert_id, a.rule, a.severity, a.state, a.title, a.affected_segment, a.expected, a.actual AS metric_value, a.threshold, a.observations,
  a.drivers, a.evidence, a.recommendation, a.stale_sources, a.as_of, a.last_as_of, a.times_seen, a.opened_at, a.acknowledged_by, a.note,
  nullif(array_to_string(a.stale_sources, ', '), '') AS stale_source_names
FROM revenue.alerts AS a WHERE a.state <> 'resolved' AND a.org_id = ANY (revenue.visible_orgs('viewer'));
COMMENT ON VIEW revenue.open_alerts IS 'Alerts that are not resolved';

-- A deal that log_deal() or anybody else reports as won is told at once, in the same transaction. What is
-- imported from the past is no news.
CREATE OR REPLACE FUNCTION revenue.alert_won_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring()
    OR NOT EXISTS (SELECT FROM new_rows AS e WHERE e.event_type = 'deal_won' AND e.closed_at > now() - interval '1 day') THEN
    RETURN NULL;
  END IF;
  -- That nobody can be told of it does not undo what was won.
  BEGIN
    PERFORM revenue.raise_alert(
      w.rule, w.key, w.severity, w.title, NULL, 'deal', w.row_id, NULL, NULL, w.value, w.threshold, 1, '[]', w.evidence, w.recommendation, '{}',
      w.cool_down, ARRAY(SELECT DISTINCT x FROM unnest(string_to_array(w.told_to, ' ')) AS x WHERE x <> '' ORDER BY x), w.at, w.org_id)
    FROM (
      SELECT f.*, row_number() OVER (PARTITION BY f.org_id, f.rule ORDER BY f.value DESC NULLS LAST, f.key) AS place
      FROM (
        SELECT DISTINCT ON (e.org_id, coalesce(e.deal_id, e.event_id)) e.org_id, r.rule, r.severity, r.threshold, r.recommendation, r.cool_down,
          revenue.bounded_key(concat_ws(':', r.rule, coalesce(e.deal_id, 'event ' || e.event_id))) AS key, coalesce(e.deal_id, e.event_id) AS row_id,
          revenue.won_title(coalesce(d.name, e.deal_id, e.offer_id, e.event_id), a.name, e.amount::double precision, e.currency, r.options) AS title,
          (e.amount * f.rate)::double precision AS value, greatest(e.closed_at, now()) AS at,
          jsonb_build_object('event_id', e.event_id, 'name', d.name, 'account_id', d.account_id, 'company', a.name, 'owner_rep_id', e.owner_rep_id,
            'amount', trim_scale(e.amount), 'currency', e.currency, 'closed_at', e.closed_at, 'source', e.source) AS evidence,
          string_agg(array_to_string(r.destinations, ' '), ' ') OVER (PARTITION BY e.org_id, coalesce(e.deal_id, e.event_id)) AS told_to
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
          AND revenue.account_fits(d.account_id, d.deal_id, e.closed_at, r.options, e.org_id)
        ORDER BY e.org_id, coalesce(e.deal_id, e.event_id), revenue.severity_rank(r.severity) DESC, r.threshold DESC, r.rule
      ) AS f
    ) AS w
    -- Beyond a handful a day the next check tells them together.
    WHERE w.place + (SELECT count(*) FROM revenue.alerts AS a
      WHERE a.org_id = w.org_id AND a.rule = w.rule AND a.as_of > now() - interval '1 day') <= revenue.won_handful();
  EXCEPTION WHEN OTHERS THEN
    PERFORM revenue.leave_out('alert of a deal won', concat_ws(' ', SQLSTATE, SQLERRM));
  END;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.alert_won_events IS
  'Trigger of revenue_events: an alert for each deal that was won within the last day, up to a handful a rule and day';
CREATE OR REPLACE TRIGGER alert_won AFTER INSERT ON revenue.revenue_events
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.alert_won_events();

SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "source": "Table or connector", "last_change": "When it changed last; NULL = it is empty",
  "hours_old": "Hours since then", "stale": "Whether that is more than 24", "state": "State",
  "alert_id": "Key of the alert", "rule": "Rule that fired", "severity": "info, warning, urgent or critical", "title": "What happened",
  "affected_segment": "Segment that moved the metric most", "expected": "What was to be expected", "actual": "What there was", "metric_value": "What there was",
  "threshold": "Where the rule fires", "observations": "How many observations it rests on", "drivers": "What moved it, adding up to the change",
  "evidence": "Figures and rows that it rests on", "recommendation": "What to do", "stale_sources": "Sources without a change for 24 hours", "stale_source_names": "The same as one text",
  "as_of": "Instant it was found for first", "last_as_of": "Instant it was found for last", "times_seen": "How often it was found",
  "opened_at": "When it was raised", "acknowledged_by": "Who took it", "note": "What was said of it"
}');
