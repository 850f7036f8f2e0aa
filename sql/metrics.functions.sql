-- The room metrics: writing the store, and reading it over periods.

-- Attached rather than created as a partition: that locks the parent against nothing but other changes
-- of its partitions, so that no reader and no writer of other months waits.
CREATE OR REPLACE FUNCTION revenue.ensure_metric_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  missing record;
  made integer := 0;
BEGIN
  PERFORM revenue.check_metric_days(first_day, last_day);
  FOR missing IN
    SELECT m::date AS month, 'metric_values_' || to_char(m, 'YYYY_MM') AS name
    FROM generate_series(date_trunc('month', first_day::timestamp), last_day::timestamp, interval '1 month') AS m
    ORDER BY 1
  LOOP
    CONTINUE WHEN to_regclass(format('revenue.%I', missing.name)) IS NOT NULL;
    LOCK TABLE revenue.metric_values IN SHARE UPDATE EXCLUSIVE MODE;
    CONTINUE WHEN to_regclass(format('revenue.%I', missing.name)) IS NOT NULL;
    EXECUTE format('CREATE TABLE revenue.%I (LIKE revenue.metric_values INCLUDING DEFAULTS INCLUDING CONSTRAINTS,'
      ' PRIMARY KEY (org_id, metric, dimension, member, day))', missing.name);
    EXECUTE format('ALTER TABLE revenue.%I ENABLE ROW LEVEL SECURITY', missing.name);
    EXECUTE format('ALTER TABLE revenue.metric_values ATTACH PARTITION revenue.%I FOR VALUES FROM (%L) TO (%L)',
      missing.name, to_char(missing.month, 'YYYY-MM-DD'), to_char(missing.month + interval '1 month', 'YYYY-MM-DD'));
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.ensure_metric_partitions FROM PUBLIC;
COMMENT ON FUNCTION revenue.ensure_metric_partitions IS
  'For functions with the owner''s rights: makes the partitions of metric_values that these days need; how many. Nobody reads a partition but through metric_values';

CREATE OR REPLACE FUNCTION revenue.backfill_metrics(
  first_day date DEFAULT NULL, last_day date DEFAULT NULL, scored boolean DEFAULT true, org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  today date := revenue.org_today(chosen);
  until date := least(coalesce(backfill_metrics.last_day, today), today);
  since date := coalesce(backfill_metrics.first_day, until - 29);
  stale text[];
  written bigint;
  unfit text;
BEGIN
  PERFORM revenue.check_metric_days(since, until, coalesce(scored, true));
  -- Two who record the same days would both find none to replace.
  PERFORM revenue.take_lock('metrics', chosen);
  PERFORM revenue.ensure_metric_partitions(since, until);
  stale := ARRAY(SELECT f.source FROM revenue.data_freshness(NULL, chosen) AS f WHERE f.stale);
  DELETE FROM revenue.metric_values AS v
  WHERE v.org_id = chosen AND v.day BETWEEN since AND until
    AND (coalesce(scored, true)
      OR v.metric NOT IN ('weighted_pipeline', 'at_risk_deals', 'forecast_30d', 'contact_forecast_30d', 'coverage', 'forecast_gap', 'nrr', 'grr'));
  -- A value that no column holds keeps the others from nothing.
  WITH inserted AS (
    INSERT INTO revenue.metric_values AS v (org_id, metric, dimension, member, day, value, numerator, denominator, observations,
      currency, reason, complete, definition_version, stale_sources, recorded_at)
    SELECT chosen, c.metric, c.dimension, c.member, c.day, CASE WHEN f.fits THEN c.value END, CASE WHEN f.fits THEN round(c.numerator, 6) END,
      CASE WHEN f.fits THEN round(c.denominator, 6) END, c.observations,
      CASE c.unit WHEN 'money' THEN o.base_currency END, CASE WHEN f.fits THEN c.reason ELSE 'the amounts are too large to be kept' END, c.day < today,
      c.definition_version, ARRAY(SELECT s FROM unnest(b.sources) AS s WHERE s = ANY (stale)), clock_timestamp()
    FROM revenue.compute_metrics(since, until, NULL, coalesce(scored, true), chosen) AS c
    JOIN revenue.builtin_metrics() AS b USING (metric)
    JOIN revenue.orgs AS o ON o.org_id = chosen
    CROSS JOIN LATERAL (
      SELECT (abs(c.value) < 'Infinity' AND abs(c.numerator) < 999999999999 AND abs(c.denominator) < 999999999999) IS NOT FALSE AS fits) AS f
    RETURNING v.metric, v.reason
  )
  SELECT count(*), string_agg(DISTINCT i.metric, ', ' ORDER BY i.metric) FILTER (WHERE i.reason = 'the amounts are too large to be kept') INTO written, unfit FROM inserted AS i;
  IF unfit IS NOT NULL THEN PERFORM revenue.leave_out(format('values of %s', unfit), 'the amounts are too large to be kept'); END IF;
  RETURN written;
END $$;
COMMENT ON FUNCTION revenue.backfill_metrics IS
  'Records every metric of the days from first_day (NULL = 29 days before the last) to last_day (NULL = today), both included, again and again without harm; how many values. scored false leaves alone what has to score each deal each day. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.record_metrics(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  day date := (SELECT (moment AT TIME ZONE o.time_zone)::date FROM revenue.orgs AS o WHERE o.org_id = chosen);
BEGIN
  IF day > revenue.org_today(chosen) THEN
    RAISE EXCEPTION 'the day % has not begun', to_char(day, 'YYYY-MM-DD') USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave as_of out for today.';
  END IF;
  RETURN revenue.backfill_metrics(day, day, true, chosen);
END $$;
COMMENT ON FUNCTION revenue.record_metrics IS
  'Records every metric of the day of as_of (NULL = today): at its end where it is over, else now. Again and again without harm; how many values. Admins and owners';

-- A version says when it became known, from which day on it holds, and which closing it tells of or ended.
CREATE OR REPLACE FUNCTION revenue.history_changes(org integer DEFAULT NULL) RETURNS TABLE (day date, at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  zone text := (SELECT o.time_zone FROM revenue.orgs AS o WHERE o.org_id = chosen);
BEGIN
  RETURN QUERY
  SELECT (least(h.valid_from, h.closed_at) AT TIME ZONE zone)::date,
    max(greatest(h.recorded_at, CASE WHEN h.superseded_at < 'infinity' THEN h.superseded_at
      WHEN h.valid_to < 'infinity' AND h.closed_at IS NOT NULL THEN h.valid_to END))
  FROM revenue.deal_history AS h WHERE h.org_id = chosen GROUP BY 1
  UNION ALL
  SELECT (e.closed_at AT TIME ZONE zone)::date, max(e.recorded_at) FROM revenue.revenue_events AS e
  WHERE e.org_id = chosen GROUP BY 1
  UNION ALL
  SELECT m.booked_day, max(m.recorded_at) FROM revenue.mrr_movements AS m WHERE m.org_id = chosen GROUP BY 1;
END $$;
COMMENT ON FUNCTION revenue.history_changes(integer) IS
  'For catch_up_metrics(): the days from which on the past of deals, revenue events and recurring revenue was changed, and when last';

-- What happened long ago is worth its counts and sums, not a reading of every deal for each day.
CREATE OR REPLACE FUNCTION revenue.catch_up_metrics(first_day date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  yesterday date := revenue.org_today(chosen) - 1;
  since date;
  runs jsonb;
  run record;
  caught integer := 0;
BEGIN
  SELECT coalesce(catch_up_metrics.first_day, min(v.day), yesterday - 119) INTO since
  FROM revenue.metric_values AS v WHERE v.org_id = chosen AND v.metric = 'open_deals' AND v.dimension = 'all';
  IF since > yesterday THEN RETURN 0; END IF;
  PERFORM revenue.check_metric_days(since, yesterday);
  -- Read before anything is recorded: a partition cannot be added while a query reads the others.
  runs := (
    WITH changes AS (  -- from which day on the past became another, and when
      SELECT c.day, max(c.at) AS at FROM revenue.history_changes(chosen) AS c GROUP BY c.day
    ), days AS (
      SELECT d::date AS day, (SELECT max(c.at) FROM changes AS c WHERE c.day <= d::date) AS changed_at
      FROM generate_series(since::timestamp, yesterday::timestamp, interval '1 day') AS d
    ), missing AS (
      SELECT d.day, d.day > yesterday - 30 AS scored,
        d.day - row_number() OVER (PARTITION BY d.day > yesterday - 30 ORDER BY d.day)::integer AS island
      FROM days AS d
      WHERE NOT EXISTS (
        SELECT FROM revenue.metric_values AS v
        WHERE v.org_id = chosen AND v.metric = 'open_deals' AND v.dimension = 'all' AND v.member = '' AND v.day = d.day AND v.complete
          AND (d.changed_at > v.recorded_at) IS NOT TRUE)
        -- A part that failed says so in each of its metrics.
        OR EXISTS (
          SELECT FROM revenue.metric_values AS v
          WHERE v.org_id = chosen AND v.dimension = 'all' AND v.member = '' AND v.day = d.day AND v.reason LIKE 'could not be computed: %'
            AND (v.metric IN ('open_deals', 'stage_transitions', 'mrr', 'net_sales_efficiency')
              OR v.metric IN ('weighted_pipeline', 'nrr') AND d.day > yesterday - 30))
    )
    SELECT jsonb_agg(m ORDER BY m.first_day) FROM (
      SELECT scored, min(day) AS first_day, max(day) AS last_day FROM missing GROUP BY scored, island) AS m);
  FOR run IN SELECT r.* FROM jsonb_to_recordset(runs) AS r(scored boolean, first_day date, last_day date) LOOP
    BEGIN
      PERFORM revenue.backfill_metrics(run.first_day, run.last_day, run.scored, chosen);
      caught := caught + run.last_day - run.first_day + 1;
    EXCEPTION WHEN OTHERS THEN
      PERFORM revenue.leave_out(format('metrics of %s to %s', to_char(run.first_day, 'YYYY-MM-DD'), to_char(run.last_day, 'YYYY-MM-DD')),
        concat_ws(' ', SQLSTATE, SQLERRM));
    END;
  END LOOP;
  RETURN caught;
END $$;
COMMENT ON FUNCTION revenue.catch_up_metrics IS
  'Records the days over since first_day (NULL = the first one recorded, or 120 days) that are missing, were recorded before the day was over, of which a part could not be computed, or whose history has changed since; how many. What has to score each deal only for the last 30 days. Admins and owners';

-- A flow adds up, a stock is what it was last, a ratio is the quotient of its two flows.
CREATE OR REPLACE FUNCTION revenue.metric_window(
  first_day date, last_day date, metrics text[] DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, days bigint, currency char(3), stale_sources text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  wrong text;
  needed text[];
BEGIN
  PERFORM revenue.check_metric_days(metric_window.first_day, metric_window.last_day);
  SELECT m INTO wrong FROM unnest(metric_window.metrics) AS m
  WHERE NOT EXISTS (SELECT FROM revenue.builtin_metrics() AS b WHERE b.metric = m) LIMIT 1;
  IF FOUND THEN PERFORM revenue.check_metric(coalesce(wrong, '')); END IF;
  needed := ARRAY(
    SELECT DISTINCT n FROM revenue.builtin_metrics() AS b
    CROSS JOIN LATERAL unnest(CASE b.kind WHEN 'ratio' THEN ARRAY[b.numerator_metric, b.denominator_metric] ELSE ARRAY[b.metric] END) AS n
    WHERE metric_window.metrics IS NULL OR b.metric = ANY (metric_window.metrics));
  RETURN QUERY
  WITH rows AS MATERIALIZED (
    SELECT v.metric, v.dimension, v.member, v.day, v.value, v.numerator, v.denominator, v.observations, v.currency, v.stale_sources
    FROM revenue.metric_values AS v
    WHERE v.org_id = chosen AND v.day BETWEEN metric_window.first_day AND metric_window.last_day AND v.metric = ANY (needed)
  ), sums AS MATERIALIZED (
    SELECT r.metric, r.dimension, r.member, sum(r.numerator) AS total, sum(r.observations)::bigint AS observations,
      count(*) AS days, max(r.currency) AS currency, max(r.day) AS last_day
    FROM rows AS r GROUP BY r.metric, r.dimension, r.member
  ), lasts AS MATERIALIZED (  -- a segment that is gone by the end is not there
    SELECT r.*, s.days FROM rows AS r JOIN sums AS s USING (metric, dimension, member)
    JOIN (SELECT a.metric, a.last_day FROM sums AS a WHERE a.dimension = 'all') AS l ON l.metric = r.metric AND l.last_day = r.day
  ), stale AS MATERIALIZED (
    SELECT DISTINCT r.metric, x AS source FROM rows AS r CROSS JOIN LATERAL unnest(r.stale_sources) AS x
    WHERE r.dimension = 'all'
  ), wanted AS MATERIALIZED (
    SELECT b.metric, b.kind, b.unit, b.numerator_metric, b.denominator_metric,
      ARRAY(SELECT DISTINCT s.source FROM stale AS s WHERE s.metric IN (b.metric, b.numerator_metric, b.denominator_metric) ORDER BY 1) AS stale
    FROM revenue.builtin_metrics() AS b
    WHERE metric_window.metrics IS NULL OR b.metric = ANY (metric_window.metrics)
  )
  SELECT w.metric, x.dimension, x.member, x.value, x.numerator, x.denominator, x.observations, x.days, x.currency, w.stale
  FROM wanted AS w
  CROSS JOIN LATERAL (
    SELECT s.dimension, s.member, s.total::double precision AS value, s.total AS numerator, NULL::numeric AS denominator,
      s.observations, s.days, s.currency
    FROM sums AS s WHERE s.metric = w.metric AND w.kind = 'flow'
    UNION ALL
    SELECT l.dimension, l.member, l.value, l.numerator, l.denominator, l.observations, l.days, l.currency
    FROM lasts AS l WHERE l.metric = w.metric AND w.kind = 'stock'
    UNION ALL
    SELECT d.dimension, d.member, (coalesce(n.total, 0) / nullif(d.total, 0))::double precision, coalesce(n.total, 0), d.total,
      d.observations, d.days, CASE w.unit WHEN 'money' THEN n.currency END
    FROM sums AS d
    LEFT JOIN sums AS n ON n.metric = w.numerator_metric AND n.dimension = d.dimension AND n.member = d.member
    WHERE w.kind = 'ratio' AND d.metric = w.denominator_metric
  ) AS x
  ORDER BY w.metric, x.dimension, x.member;
END $$;
COMMENT ON FUNCTION revenue.metric_window IS
  'Metrics (NULL = all) over the days from first_day to last_day, both included, from the store: flows added up, stocks as they were last, ratios of the two sums; days = how many of the days are recorded. Members and above';

CREATE OR REPLACE FUNCTION revenue.metric_comparisons(as_of date DEFAULT NULL, metrics text[] DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  metric text, month date, value double precision, month_before double precision, mom double precision,
  quarter_before double precision, qoq double precision, year_before double precision, yoy double precision,
  currency char(3), stale_sources text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  day date := coalesce(metric_comparisons.as_of, revenue.org_today(chosen));
  month date;
BEGIN
  IF day NOT BETWEEN '0005-01-01' AND '9999-12-01' THEN
    RAISE EXCEPTION 'as_of is out of range: %', day USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the last full month.';
  END IF;
  month := date_trunc('month', (day + 1)::timestamp - interval '1 month')::date;
  RETURN QUERY
  WITH months AS (
    SELECT p.ago, w.*, w.days = p.last - p.first + 1 AS whole
    FROM (SELECT a.ago, (month - make_interval(months => a.ago))::date AS first,
            (month - make_interval(months => a.ago - 1))::date - 1 AS last
          FROM unnest('{0,1,3,12}'::integer[]) AS a(ago)) AS p
    CROSS JOIN LATERAL revenue.metric_window(p.first, p.last, metrics, chosen) AS w
    WHERE w.dimension = 'all'
  )
  SELECT n.metric, month, n.value, m.value, (n.value - m.value) / nullif(abs(m.value), 0), q.value,
    (n.value - q.value) / nullif(abs(q.value), 0), y.value, (n.value - y.value) / nullif(abs(y.value), 0), n.currency, n.stale_sources
  FROM months AS n
  LEFT JOIN months AS m ON m.metric = n.metric AND m.ago = 1 AND m.whole
  LEFT JOIN months AS q ON q.metric = n.metric AND q.ago = 3 AND q.whole
  LEFT JOIN months AS y ON y.metric = n.metric AND y.ago = 12 AND y.whole
  WHERE n.ago = 0 AND n.whole ORDER BY n.metric;
END $$;
COMMENT ON FUNCTION revenue.metric_comparisons IS
  'Every metric of the last month that is over by as_of (NULL = today) beside the month, the quarter and the year before; a month of which a day is not recorded is left out. Members and above';
