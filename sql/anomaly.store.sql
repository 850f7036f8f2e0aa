-- The room anomaly: detect() over the metric store.

-- A rate of counted rows is judged by weeks, because a day has too few of them; the others by days. What is
-- a mean over the last 90 days is no series of its own days, and is judged only where it is asked for.
CREATE OR REPLACE FUNCTION revenue.metric_detections(
  metrics text[], sensitivity text, from_date date, last_day date, dimension text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  metric text, dimension_of text, member text, day date, actual double precision, expected double precision,
  lower_bound double precision, upper_bound double precision, score double precision, is_anomaly boolean, kind text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  fiscal_year_start integer := (SELECT o.fiscal_year_start FROM revenue.orgs AS o WHERE o.org_id = chosen);
  last_sunday date := date_trunc('week', (last_day + 1)::timestamp)::date - 1;
BEGIN
  RETURN QUERY
  WITH wanted AS MATERIALIZED (
    SELECT b.metric, b.kind = 'ratio' AND b.unit = 'ratio' AND b.metric <> 'win_rate_by_value' AS is_rate, b.numerator_metric, b.denominator_metric
    FROM revenue.builtin_metrics() AS b
    WHERE b.metric = ANY (metrics) OR metrics IS NULL AND (NOT b.options ? 'window_days' OR b.kind = 'ratio' AND b.unit = 'ratio'
      AND b.metric <> 'win_rate_by_value')
  ), models AS (
    SELECT w.metric, v.dimension, v.member,
      revenue.fit_detector(v.day::timestamp AT TIME ZONE 'UTC', v.value,
        jsonb_build_object('period', 'day', 'gather', 'last', 'fiscal_year_start', fiscal_year_start)) AS model
    FROM wanted AS w
    JOIN revenue.metric_values AS v ON v.org_id = chosen AND v.metric = w.metric
    WHERE NOT w.is_rate AND v.complete AND v.day <= last_day AND v.day >= from_date - 500
      AND v.dimension = coalesce(metric_detections.dimension, v.dimension)
    GROUP BY w.metric, v.dimension, v.member
    UNION ALL
    SELECT w.metric, d.dimension, d.member,
      revenue.fit_ratio_detector(date_trunc('week', d.day::timestamp) AT TIME ZONE 'UTC', least(coalesce(n.numerator, 0), d.numerator)::bigint, d.numerator::bigint,
        jsonb_build_object('period', 'week', 'fiscal_year_start', fiscal_year_start))
    FROM wanted AS w
    JOIN revenue.metric_values AS d ON d.org_id = chosen AND d.metric = w.denominator_metric
    LEFT JOIN revenue.metric_values AS n ON n.org_id = chosen AND n.metric = w.numerator_metric AND n.dimension = d.dimension
      AND n.member = d.member AND n.day = d.day
    WHERE w.is_rate AND d.complete AND d.day <= last_sunday AND d.day >= date_trunc('week', from_date::timestamp)::date - 497
      AND d.dimension = coalesce(metric_detections.dimension, d.dimension)
    GROUP BY w.metric, d.dimension, d.member
  )
  SELECT m.metric, m.dimension, m.member, (x.ts AT TIME ZONE 'UTC')::date, x.value, x.expected, x.lower, x.upper, x.score, x.is_anomaly, x.kind
  FROM models AS m CROSS JOIN LATERAL revenue.detect(m.model, metric_detections.sensitivity) AS x
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
  found record;
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
    RAISE EXCEPTION 'there is nothing to look at in % days before %', lookback_days, moment USING ERRCODE = 'invalid_parameter_value',
      HINT = 'lookback_days is from 1 to 3650; leave as_of out for now.';
  END IF;
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  last_day := (moment AT TIME ZONE home.time_zone)::date - 1;
  FOR found IN
    SELECT d.* FROM revenue.metric_detections(metrics, sensitivity, last_day - lookback_days + 1, last_day, NULL, chosen) AS d
    WHERE d.is_anomaly ORDER BY d.day DESC, d.metric, d.dimension_of <> 'all', d.dimension_of, d.member LIMIT 1000
  LOOP
    SELECT b.* INTO known FROM revenue.builtin_metrics() AS b WHERE b.metric = found.metric;
    metric := found.metric; dimension := found.dimension_of; member := found.member; day := found.day; kind := found.kind;
    expected := found.expected; actual := found.actual; lower_bound := found.lower_bound; upper_bound := found.upper_bound; score := found.score;
    severity := revenue.anomaly_severity(abs(found.score), CASE WHEN known.unit = 'money' THEN abs(found.actual - found.expected) END,
      CASE WHEN known.unit = 'money' THEN 10000 END);
    affected_segment := CASE WHEN found.dimension_of <> 'all' THEN coalesce(nullif(found.member, ''), 'unknown') END;
    drivers := '[]';
    IF found.dimension_of = 'all' AND found.actual IS NOT NULL THEN
      -- Beside the same weekday, or the week, before.
      SELECT coalesce(jsonb_agg(jsonb_build_object('member', d.member, 'before', d.before_value, 'after', d.after_value,
          'contribution', d.contribution)), '[]') AS parts,
        (array_agg(coalesce(nullif(d.member, ''), 'unknown')) FILTER (WHERE sign(d.contribution) = sign(found.actual - found.expected)))[1] AS first
      INTO split
      FROM revenue.metric_drivers(found.metric, found.day - 7, CASE WHEN known.kind = 'ratio' THEN found.day - 1 ELSE found.day - 7 END,
        found.day, CASE WHEN known.kind = 'ratio' THEN found.day + 6 ELSE found.day END, 'segment', chosen) AS d;
      drivers := split.parts;
      affected_segment := CASE WHEN found.metric <> 'sales_velocity' THEN split.first END;
    END IF;
    recommendation := revenue.anomaly_recommendation(found.metric, found.kind);
    stale_sources := coalesce((SELECT v.stale_sources FROM revenue.metric_values AS v
      WHERE v.org_id = chosen AND v.metric = coalesce(known.denominator_metric, known.metric) AND v.dimension = 'all' AND v.day = found.day), '{}');
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.detect_anomalies IS
  'Days of the last lookback_days on which a metric of the store (NULL = all that are a series of days or weeks) was out of line with its own past, by segment too, at most 1,000, latest first: with what was expected, the drivers since a week before, and what to do. Judged after a baseline of 90 days. Members and above';

CREATE OR REPLACE FUNCTION revenue.record_anomalies(
  lookback_days integer DEFAULT 14, sensitivity text DEFAULT 'medium', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  kept bigint;
BEGIN
  INSERT INTO revenue.anomalies AS a (org_id, metric, dimension, member, day, kind, sensitivity, severity, expected, actual, lower_bound,
    upper_bound, score, affected_segment, drivers, recommendation, stale_sources)
  SELECT chosen, d.metric, d.dimension, d.member, d.day, d.kind, record_anomalies.sensitivity, d.severity, d.expected, d.actual,
    d.lower_bound, d.upper_bound, d.score, d.affected_segment, d.drivers, d.recommendation, d.stale_sources
  FROM revenue.detect_anomalies(NULL, record_anomalies.sensitivity, record_anomalies.lookback_days, as_of, chosen) AS d
  ON CONFLICT (org_id, metric, dimension, member, day) DO UPDATE SET
    (kind, sensitivity, severity, expected, actual, lower_bound, upper_bound, score, affected_segment, drivers, recommendation,
      stale_sources, recorded_at) = (excluded.kind, excluded.sensitivity, excluded.severity, excluded.expected, excluded.actual,
      excluded.lower_bound, excluded.upper_bound, excluded.score, excluded.affected_segment, excluded.drivers, excluded.recommendation,
      excluded.stale_sources, excluded.recorded_at);
  GET DIAGNOSTICS kept = ROW_COUNT;
  RETURN kept;
END $$;
COMMENT ON FUNCTION revenue.record_anomalies IS
  'Keeps the anomalies of the last lookback_days in revenue.anomalies, again and again without harm; how many. Admins and owners';
