-- The room anomaly: detect() over the metric store.

CREATE OR REPLACE FUNCTION revenue.is_counted_rate(metric text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.kind = 'ratio' AND 2 = (SELECT count(*) FROM revenue.builtin_metrics() AS p
    WHERE p.metric IN (b.numerator_metric, b.denominator_metric) AND p.kind = 'flow' AND p.unit = 'count')
  FROM revenue.builtin_metrics() AS b WHERE b.metric = is_counted_rate.metric
$$;
COMMENT ON FUNCTION revenue.is_counted_rate IS 'For metric_detections(): whether a metric is a share of rows that are counted';

CREATE OR REPLACE FUNCTION revenue.watched_metrics() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(b.metric ORDER BY b.metric) FROM revenue.builtin_metrics() AS b
  WHERE revenue.is_counted_rate(b.metric) OR b.kind = 'flow' AND b.metric <> 'acquisition_spend'
    OR b.metric IN ('open_deals', 'open_pipeline', 'weighted_pipeline', 'forecast_30d', 'mrr')
$$;
COMMENT ON FUNCTION revenue.watched_metrics IS 'For detect_anomalies(): the metrics that are a series of days or weeks of their own';

-- A rate of counted rows is judged by weeks, because a day has too few of them, and so is a flow that is
-- nothing on most days. One of fewer than five rows a week, twenty where it is money, and a stock of fewer than
-- twenty rows are not judged: a single deal moves them. What is a mean over the last 90
-- days is no series of its own days, what follows from another metric would only repeat it, and what is
-- spent is decided: these are judged where they are asked for.
CREATE OR REPLACE FUNCTION revenue.metric_detections(
  metrics text[], sensitivity text, from_date date, last_day date, dimension text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  metric text, dimension_of text, member text, day date, actual double precision, expected double precision,
  lower_bound double precision, upper_bound double precision, score double precision, is_anomaly boolean, kind text, by_week boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET timezone = 'UTC' AS $$  -- days are no instants of the session's zone
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  fiscal_year_start integer := (SELECT o.fiscal_year_start FROM revenue.orgs AS o WHERE o.org_id = chosen);
  last_sunday date := date_trunc('week', (last_day + 1)::timestamp)::date - 1;
BEGIN
  RETURN QUERY
  WITH wanted AS MATERIALIZED (
    SELECT b.metric, b.kind, b.unit, revenue.is_counted_rate(b.metric) AS is_rate, b.numerator_metric, b.denominator_metric
    FROM revenue.builtin_metrics() AS b
    WHERE b.metric = ANY (coalesce(metrics, revenue.watched_metrics()))
  ), recorded AS MATERIALIZED (
    SELECT v.metric, v.dimension, v.member, v.day, v.value, v.numerator, v.observations FROM revenue.metric_values AS v
    WHERE v.org_id = chosen AND v.complete AND v.day BETWEEN from_date - 510 AND last_day
      AND v.dimension = coalesce(metric_detections.dimension, v.dimension)
      AND v.metric IN (SELECT w.metric FROM wanted AS w WHERE NOT w.is_rate
        UNION SELECT w.numerator_metric FROM wanted AS w WHERE w.is_rate UNION SELECT w.denominator_metric FROM wanted AS w WHERE w.is_rate)
  ), stored AS MATERIALIZED (  -- the one member of a dimension would repeat the whole
    SELECT r.* FROM recorded AS r
    JOIN (SELECT s.metric, s.dimension FROM recorded AS s GROUP BY s.metric, s.dimension
          HAVING s.dimension = 'all' OR min(s.member) < max(s.member)) AS told USING (metric, dimension)
  ), weeks AS (
    SELECT w.metric, s.dimension, s.member, date_trunc('week', s.day::timestamp) AS monday,
      coalesce(sum(s.numerator) FILTER (WHERE s.metric = w.numerator_metric), 0)::bigint AS successes,
      coalesce(sum(s.numerator) FILTER (WHERE s.metric = w.denominator_metric), 0)::bigint AS trials
    FROM wanted AS w JOIN stored AS s ON s.metric IN (w.numerator_metric, w.denominator_metric)
    WHERE w.is_rate AND s.day <= last_sunday AND s.day >= date_trunc('week', from_date::timestamp)::date - 497
    GROUP BY w.metric, s.dimension, s.member, monday
  ), series AS (
    SELECT s.metric, s.dimension, s.member,
      CASE WHEN w.kind = 'flow' AND avg((s.observations > 0)::integer) < 0.6 THEN 'week' ELSE 'day' END AS period
    FROM wanted AS w JOIN stored AS s USING (metric) WHERE NOT w.is_rate AND s.day > last_day - 90
    GROUP BY s.metric, s.dimension, s.member, w.kind, w.unit
    HAVING CASE w.kind WHEN 'flow' THEN avg(s.observations) * 7 >= CASE w.unit WHEN 'money' THEN 20 ELSE 5 END
      ELSE avg(s.observations) >= 20 END
  ), models AS MATERIALIZED (
    SELECT s.metric, s.dimension, s.member,
      revenue.fit_detector(CASE e.period WHEN 'week' THEN date_trunc('week', s.day::timestamp) ELSE s.day::timestamp END AT TIME ZONE 'UTC', s.value,
        jsonb_build_object('period', e.period, 'gather', CASE e.period WHEN 'week' THEN 'sum' ELSE 'last' END, 'fiscal_year_start', fiscal_year_start)) AS model, e.period = 'week' AS by_week
    FROM series AS e JOIN stored AS s USING (metric, dimension, member)
    WHERE e.period = 'day' OR s.day <= last_sunday AND s.day >= date_trunc('week', from_date::timestamp)::date - 497
    GROUP BY s.metric, s.dimension, s.member, e.period
    UNION ALL
    SELECT k.metric, k.dimension, k.member,
      revenue.fit_ratio_detector(k.monday AT TIME ZONE 'UTC', least(k.successes, k.trials), k.trials,
        jsonb_build_object('period', 'week', 'fiscal_year_start', fiscal_year_start)), true
    FROM weeks AS k GROUP BY k.metric, k.dimension, k.member
  )
  SELECT m.metric, m.dimension, m.member, (x.ts AT TIME ZONE 'UTC')::date, x.value, x.expected, x.lower, x.upper, x.score,
    -- A Sunday with one row where there are none as a rule is no news, and a segment without one has nothing to say.
    x.is_anomaly AND (w.unit <> 'count' OR coalesce(abs(x.value - x.expected) >= 5, true)) AND (x.kind <> 'missing' OR m.dimension = 'all'),
    x.kind, m.by_week
  FROM models AS m JOIN wanted AS w USING (metric) CROSS JOIN LATERAL revenue.detect(m.model, metric_detections.sensitivity) AS x
  WHERE (x.ts AT TIME ZONE 'UTC')::date BETWEEN from_date AND last_day;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.metric_detections FROM PUBLIC;
COMMENT ON FUNCTION revenue.metric_detections IS
  'For detect_anomalies() and evaluate_alerts(): every day of metrics of the store with its verdict';

CREATE OR REPLACE FUNCTION revenue.anomaly_recommendation(metric text, kind text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN kind IN ('missing', 'flat') THEN 'See data_freshness for the sources of the metric, and whether its connector runs'
    WHEN metric IN ('emails_sent', 'email_replies', 'reply_rate') THEN 'Check that mails are sent and arrive, then what was changed in them'
    WHEN metric ~ '^(open|weighted|qualified|forecast|at_risk|coverage|created)|^deals_created' THEN 'See pipeline_waterfall for what came and left, by the affected segment'
    WHEN metric ~ '^(deals_|won|closed|win_|mean_|sales_)' THEN 'Read the closed deals of the affected segment with their loss reasons'
    WHEN metric ~ 'mrr|arr|customers|churn|nrr|grr' THEN 'See arr_movements for the customers behind it'
    WHEN metric IN ('acquisition_spend', 'cac') THEN 'See offer_performance for what the spend brought'
    WHEN metric = 'revenue' THEN 'See top_sources and the revenue events of the day'
    ELSE 'Compare the segments, and see whether the sources are complete' END
$$;
COMMENT ON FUNCTION revenue.anomaly_recommendation IS 'What to do first about an anomaly of a metric';

CREATE OR REPLACE FUNCTION revenue.detect_anomalies(
  metrics text[] DEFAULT NULL, sensitivity text DEFAULT 'medium', lookback_days integer DEFAULT 90,
  as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  metric text, dimension text, member text, day date, kind text, severity text, expected double precision, actual double precision,
  lower_bound double precision, upper_bound double precision, score double precision, affected_segment text, drivers jsonb,
  recommendation text, stale_sources text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  home revenue.orgs;
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  last_day date;
  seen record;
  known record;
  split record;
  wrong text;
BEGIN
  SELECT m INTO wrong FROM unnest(detect_anomalies.metrics) AS m
  WHERE NOT EXISTS (SELECT FROM revenue.builtin_metrics() AS b WHERE b.metric = m) LIMIT 1;
  IF FOUND THEN PERFORM revenue.check_metric(coalesce(wrong, '')); END IF;
  IF coalesce(sensitivity, '') NOT IN ('low', 'medium', 'high') THEN
    RAISE EXCEPTION 'unknown sensitivity "%"', left(sensitivity, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use low (3 sigmas), medium (2) or high (1.5).';
  ELSIF (lookback_days BETWEEN 1 AND 3650) IS NOT TRUE OR moment NOT BETWEEN '0020-01-01' AND '9999-10-01' THEN
    RAISE EXCEPTION 'there is nothing to look at in % days before %', lookback_days, revenue.iso_instant(moment) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'lookback_days is from 1 to 3650; leave as_of out for now.';
  END IF;
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  last_day := (moment AT TIME ZONE home.time_zone)::date - 1;
  FOR seen IN
    SELECT d.* FROM revenue.metric_detections(metrics, sensitivity, last_day - lookback_days + 1, last_day, NULL, chosen) AS d
    WHERE d.is_anomaly ORDER BY d.day DESC, d.metric, d.dimension_of <> 'all', d.dimension_of, d.member LIMIT 1000
  LOOP
    SELECT b.* INTO known FROM revenue.builtin_metrics() AS b WHERE b.metric = seen.metric;
    metric := seen.metric; dimension := seen.dimension_of; member := nullif(seen.member, ''); day := seen.day; kind := seen.kind;
    expected := seen.expected; actual := seen.actual; lower_bound := seen.lower_bound; upper_bound := seen.upper_bound; score := seen.score;
    severity := revenue.anomaly_severity(abs(seen.score), CASE WHEN known.unit = 'money' THEN abs(seen.actual - seen.expected) END,
      CASE WHEN known.unit = 'money' THEN 10000 END);
    affected_segment := CASE WHEN seen.dimension_of <> 'all' THEN coalesce(nullif(seen.member, ''), 'unknown') END;
    drivers := '[]';
    IF seen.dimension_of = 'all' AND seen.actual IS NOT NULL THEN
      -- Beside the same weekday, or the week, before.
      SELECT coalesce(jsonb_agg(jsonb_build_object('member', d.member, 'before', d.before_value, 'after', d.after_value,
          'contribution', d.contribution)), '[]') AS parts,
        (array_agg(coalesce(nullif(d.member, ''), 'unknown')) FILTER (WHERE sign(d.contribution) = sign(seen.actual - seen.expected)))[1] AS first
      INTO split
      FROM revenue.metric_drivers(seen.metric, seen.day - 7, CASE WHEN seen.by_week THEN seen.day - 1 ELSE seen.day - 7 END,
        seen.day, CASE WHEN seen.by_week THEN seen.day + 6 ELSE seen.day END, 'segment', chosen) AS d;
      drivers := split.parts;
      affected_segment := CASE WHEN seen.metric <> 'sales_velocity' THEN split.first END;
    END IF;
    recommendation := revenue.anomaly_recommendation(seen.metric, seen.kind);
    stale_sources := coalesce((SELECT v.stale_sources FROM revenue.metric_values AS v
      WHERE v.org_id = chosen AND v.metric = coalesce(known.denominator_metric, known.metric) AND v.dimension = 'all' AND v.day = seen.day), '{}');
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.detect_anomalies IS
  'Days (of a rate or a sparse flow: Mondays of weeks) of the last lookback_days on which a metric of the store (NULL = all that are a series of days or weeks) was out of line with its own past, by segment too, at most 1,000, latest first: with what was expected, the drivers since a week before, and what to do. Judged after a baseline of 90 days. Members and above';

CREATE OR REPLACE FUNCTION revenue.keep_anomalies(
  metrics text[], lookback_days integer, sensitivity text, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  kept bigint;
BEGIN
  INSERT INTO revenue.anomalies AS a (org_id, metric, dimension, member, day, kind, sensitivity, severity, expected, actual, lower_bound,
    upper_bound, score, affected_segment, drivers, recommendation, stale_sources)
  SELECT chosen, d.metric, d.dimension, coalesce(d.member, ''), d.day, d.kind, keep_anomalies.sensitivity, d.severity, d.expected, d.actual,
    d.lower_bound, d.upper_bound, d.score, d.affected_segment, d.drivers, d.recommendation, d.stale_sources
  FROM revenue.detect_anomalies(keep_anomalies.metrics, keep_anomalies.sensitivity, keep_anomalies.lookback_days, as_of, chosen) AS d
  ON CONFLICT (org_id, metric, dimension, member, day) DO UPDATE SET
    (kind, sensitivity, severity, expected, actual, lower_bound, upper_bound, score, affected_segment, drivers, recommendation,
      stale_sources, recorded_at) = (excluded.kind, excluded.sensitivity, excluded.severity, excluded.expected, excluded.actual,
      excluded.lower_bound, excluded.upper_bound, excluded.score, excluded.affected_segment, excluded.drivers, excluded.recommendation,
      excluded.stale_sources, excluded.recorded_at);
  GET DIAGNOSTICS kept = ROW_COUNT;
  RETURN kept;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.keep_anomalies FROM PUBLIC;
COMMENT ON FUNCTION revenue.keep_anomalies IS 'For record_anomalies(): keeps what detect_anomalies() finds in these metrics';

-- All at once reads the store once; where that fails, each metric by itself.
CREATE OR REPLACE FUNCTION revenue.record_anomalies(
  lookback_days integer DEFAULT 14, sensitivity text DEFAULT 'medium', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
  metric text;
  kept bigint := 0;
BEGIN
  BEGIN
    RETURN revenue.keep_anomalies(NULL, lookback_days, sensitivity, as_of, chosen);
  EXCEPTION
    WHEN invalid_parameter_value OR datetime_field_overflow THEN RAISE;
    WHEN OTHERS THEN NULL;
  END;
  FOREACH metric IN ARRAY revenue.watched_metrics() LOOP
    BEGIN
      kept := kept + revenue.keep_anomalies(ARRAY[metric], lookback_days, sensitivity, as_of, chosen);
    EXCEPTION WHEN OTHERS THEN
      PERFORM revenue.leave_out(format('anomalies of %s', metric), concat_ws(' ', SQLSTATE, SQLERRM));
    END;
  END LOOP;
  RETURN kept;
END $$;
COMMENT ON FUNCTION revenue.record_anomalies IS
  'Keeps the anomalies of the last lookback_days in revenue.anomalies, again and again without harm; how many. Admins and owners';
