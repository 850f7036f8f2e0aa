-- The room forecast: the forecast of a period as one answer, every run kept, and what became of it.

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON revenue.forecast_runs
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_rewrite();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON revenue.forecast_points
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_rewrite();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON revenue.forecast_reviews
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_rewrite();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON revenue.forecast_runs
FOR EACH ROW EXECUTE FUNCTION revenue.refuse_delete();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON revenue.forecast_points
FOR EACH ROW EXECUTE FUNCTION revenue.refuse_delete();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON revenue.forecast_reviews
FOR EACH ROW EXECUTE FUNCTION revenue.refuse_delete();

-- One answer ----------------------------------------------------------------------------------

-- What people promise is a layer of its own: the model neither reads it nor is changed by it.
CREATE OR REPLACE FUNCTION revenue.forecast_commit(
  period_from date, period_to date, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL,
  OUT amount numeric, OUT source text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  submitted bigint;
  missing bigint;
BEGIN
  PERFORM revenue.check_period(period_from, period_to);
  IF chosen = ANY (revenue.visible_orgs('analyst')) AND (
    EXISTS (SELECT FROM revenue.forecast_submissions AS s
            WHERE s.org_id = chosen AND s.period_from = forecast_commit.period_from AND s.period_to = forecast_commit.period_to)
    OR EXISTS (SELECT FROM revenue.forecast_overrides AS o
               WHERE o.org_id = chosen AND o.period_from = forecast_commit.period_from AND o.period_to = forecast_commit.period_to)) THEN
    SELECT sum(r.result) FILTER (WHERE r.depth = 0), count(*) FILTER (WHERE r.reports = 0 AND r.result IS NOT NULL),
      count(*) FILTER (WHERE r.reports = 0 AND r.result IS NULL) INTO amount, submitted, missing
    FROM revenue.forecast_rollup(period_from, period_to, as_of, 'then', chosen) AS r WHERE r.category = 'commit';
    -- What few have said says little of all.
    source := CASE WHEN amount IS NOT NULL AND submitted >= missing THEN 'submitted' END;
  END IF;
  IF source IS NULL THEN
    SELECT sum(d.amount * r.rate) INTO amount
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = d.org_id AND r.currency = d.currency
    WHERE d.org_id = chosen AND coalesce(s.kind = 'open', false) AND d.forecast_category IN ('commit', 'closed')
      AND d.close_date >= period_from AND d.close_date < period_to;
    source := CASE WHEN amount IS NOT NULL THEN 'deals' END;
  END IF;
END $$;
COMMENT ON FUNCTION revenue.forecast_commit IS
  'What people commit to win in a period: submitted forecasts, rolled up with their overrides, where at least half of the reps have one and the caller may see them (submitted, what is closed included); else the open deals in the category commit (deals, what is closed not included)';

CREATE OR REPLACE FUNCTION revenue.revenue_forecast(
  period text DEFAULT 'quarter', method text DEFAULT 'ensemble', metric text DEFAULT 'bookings',
  periods_ahead integer DEFAULT 0, levels double precision[] DEFAULT '{0.7,0.85,0.95}', dimension text DEFAULT 'segment',
  as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  steps double precision[] := ARRAY(SELECT DISTINCT unnest(levels) ORDER BY 1);
  span record;
  ahead integer;  -- months until the period ends
  whole record;
  committed record;
  left_out record;
  components jsonb;
  by_member jsonb;
  uncertain numeric;
  of_open numeric;
  variance numeric;
  reasons text[];
BEGIN
  IF coalesce(metric, '') NOT IN ('bookings', 'mrr', 'arr') THEN
    RAISE EXCEPTION 'there is no forecast of "%"', metric USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Metrics are bookings, mrr and arr.';
  ELSIF method IS NULL OR levels IS NULL OR EXISTS (SELECT FROM unnest(levels) AS l(level) WHERE l.level IS NULL) THEN
    RAISE EXCEPTION 'method and levels must be known' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave them out for the ensemble and intervals of 70, 85 and 95 percent.';
  END IF;
  PERFORM revenue.check_forecast_dimension(dimension, metric);
  SELECT * INTO span FROM revenue.forecast_period(period, periods_ahead, as_of, chosen);
  ahead := revenue.month_number(span.period_to - 1) - revenue.month_number(span.today) + 1;

  WITH rows AS MATERIALIZED (  -- certain: what no bound goes below
    SELECT b.segment AS member, b.total, b.closed, b.closed AS certain, b.closed_deals, b.forecast, b.inputs, NULL::jsonb AS movements
    FROM revenue.bookings_by_segment(period, periods_ahead, method, steps, as_of, chosen) AS b WHERE metric = 'bookings'
    UNION ALL
    SELECT '', true, o.current, 0, NULL, o.forecast, o.inputs, o.movements
    FROM revenue.mrr_outlook(period, periods_ahead, metric, method, steps, as_of, chosen) AS o WHERE metric <> 'bookings'
    UNION ALL
    SELECT m.member, false, m.current, 0, NULL, m.forecast, NULL, NULL
    FROM revenue.mrr_by_member(dimension, period, periods_ahead, metric, method, steps, as_of, chosen) AS m WHERE metric <> 'bookings'
  ), whole AS MATERIALIZED (
    SELECT * FROM rows AS r WHERE r.total
  ), parts AS MATERIALIZED (  -- nodes begin with = so that no member has the name of the total
    SELECT array_agg(CASE WHEN r.total THEN 'total' ELSE '=' || r.member END ORDER BY r.total DESC, r.member) AS nodes,
      array_agg(CASE WHEN r.total THEN '' ELSE 'total' END ORDER BY r.total DESC, r.member) AS parents,
      array_agg(greatest((r.forecast ->> 'expected')::double precision - r.certain::double precision, 0) ORDER BY r.total DESC, r.member) AS expected
    FROM rows AS r
  ), errors AS (
    SELECT coalesce(array_agg(e.value::double precision ORDER BY r.total DESC, r.member, e.ordinality), '{}') AS list
    FROM rows AS r, jsonb_array_elements_text(r.forecast -> 'errors') WITH ORDINALITY AS e
  ), reconciled AS (
    SELECT substr(x.node, 2) AS member, x.expected_value AS expected, x.spread
    FROM parts AS p CROSS JOIN errors AS e
    CROSS JOIN LATERAL revenue.reconcile_expected(p.nodes, p.parents, p.expected, e.list, '{total}') AS x
    WHERE x.node <> 'total' AND cardinality(p.nodes) > 1
  ), shared AS (  -- a member drawn below 0 was raised to it: the others make up for that
    SELECT x.member, x.spread, x.expected, round(coalesce(x.expected / nullif(sum(x.expected) OVER (), 0)
        * round(((t.forecast ->> 'expected')::double precision - t.certain::double precision)::numeric, 2)::double precision, 0)::numeric
        - (r.closed - r.certain), 2) AS amount
    FROM reconciled AS x JOIN rows AS r ON r.member = x.member AND NOT r.total CROSS JOIN whole AS t
  ), rounded AS (
    SELECT s.member, s.spread, s.amount + CASE WHEN row_number() OVER (ORDER BY s.expected DESC, s.member) = 1
      THEN round(((t.forecast ->> 'expected')::double precision - t.closed::double precision)::numeric, 2) - sum(s.amount) OVER () ELSE 0 END AS amount
    FROM shared AS s CROSS JOIN whole AS t
  ), bounds AS (
    -- The own width of a part is as uncertain as its past is short: it is shrunk towards the part that it has of the
    -- total's variance, which counts as four windows. The others bring no less than what is certain of them, so that
    -- no part has a higher bound than the total.
    SELECT r.member, jsonb_agg(jsonb_build_object('level', i.level,
        'lower', trim_scale(r.closed + round(greatest(x.amount - w.down::numeric, r.certain - r.closed), 2)),
        'upper', trim_scale(round(greatest(least(r.closed + greatest(x.amount + w.up::numeric, r.certain - r.closed), ti.upper - (t.certain - r.certain)),
          r.closed + x.amount), 2))) ORDER BY i.level) AS intervals
    FROM rounded AS x JOIN rows AS r ON r.member = x.member AND NOT r.total CROSS JOIN whole AS t
    CROSS JOIN LATERAL jsonb_to_recordset(r.forecast -> 'intervals') AS i(level double precision, lower double precision, upper double precision)
    JOIN LATERAL jsonb_to_recordset(t.forecast -> 'intervals') AS ti(level double precision, lower numeric, upper numeric) ON ti.level = i.level
    CROSS JOIN LATERAL (
      SELECT (r.forecast ->> 'expected')::double precision AS own, (t.forecast ->> 'expected')::double precision AS whole,
        greatest(coalesce((r.closed + x.amount - r.certain)::double precision / nullif((t.forecast ->> 'expected')::double precision - t.certain::double precision, 0), 0),
          0.1 / (SELECT count(*) FROM rows)) AS share,
        greatest(x.spread, 1) AS spread, (r.forecast ->> 'origins')::double precision / ahead AS windows) AS s
    CROSS JOIN LATERAL (
      SELECT sqrt((s.windows * (s.spread * (s.own - i.lower)) ^ 2 + 4 * s.share * (s.whole - ti.lower::double precision) ^ 2) / (s.windows + 4)) AS down,
        sqrt((s.windows * (s.spread * (i.upper - s.own)) ^ 2 + 4 * s.share * (ti.upper::double precision - s.whole) ^ 2) / (s.windows + 4)) AS up) AS w
    GROUP BY r.member
  )
  SELECT t.forecast, t.inputs, t.closed, t.closed_deals, t.movements, (
      SELECT jsonb_agg(jsonb_build_object(dimension, nullif(r.member, ''), 'closed', trim_scale(r.closed), 'expected', trim_scale(r.closed + x.amount),
        'intervals', b.intervals) ORDER BY r.closed + x.amount DESC, r.member)
      FROM rounded AS x JOIN rows AS r ON r.member = x.member AND NOT r.total LEFT JOIN bounds AS b ON b.member = x.member) AS by_member
  INTO whole FROM whole AS t;
  by_member := whole.by_member;

  uncertain := round(((whole.forecast ->> 'expected')::double precision - whole.closed::double precision)::numeric, 2);
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('component', c.component, 'estimate', round(c.estimate, 2), 'correction', round(c.correction, 6),
      'weight', round(c.weight, 6),
      'contribution', trim_scale(round(c.contribution, 2) + CASE WHEN c.place = 1 THEN uncertain - c.sum ELSE 0 END),
      'origins', c.origins, 'wape', round(c.wape, 6), 'bias', round(c.bias, 6), 'reason', c.reason)) ORDER BY c.ordinality)
  INTO components FROM (
    SELECT c.*, row_number() OVER (ORDER BY c.weight DESC, c.ordinality) AS place, sum(round(c.contribution, 2)) OVER () AS sum
    FROM ROWS FROM (jsonb_to_recordset(coalesce(whole.forecast -> 'components', '[]')) AS (component text, estimate numeric, correction numeric, weight numeric,
      contribution numeric, origins integer, wape numeric, bias numeric, reason text)) WITH ORDINALITY AS c) AS c;

  IF metric = 'bookings' AND dimension <> 'segment' THEN
    -- Of the contributions, what open deals make is shared as they are, the rest as wins were of late.
    of_open := round(coalesce((
      SELECT sum(c.contribution * CASE c.component WHEN 'conversion' THEN 1 WHEN 'pipeline' THEN
        least((whole.inputs ->> 'open_expected')::numeric / nullif(c.estimate, 0), 1) ELSE 0 END)
      FROM jsonb_to_recordset(components) AS c(component text, contribution numeric, estimate numeric)), 0), 2);
    WITH shares AS (
      SELECT b.*, round(of_open * b.open_share::numeric, 2) AS open, round((uncertain - of_open) * b.usual_share::numeric, 2) AS usual
      FROM revenue.bookings_shares(dimension, period, periods_ahead, as_of, chosen) AS b
    ), rounded AS (
      SELECT s.member, s.closed, s.closed_deals,
        s.open + CASE WHEN row_number() OVER (ORDER BY s.open_share DESC, s.member) = 1 THEN of_open - sum(s.open) OVER () ELSE 0 END AS open,
        s.usual + CASE WHEN row_number() OVER (ORDER BY s.usual_share DESC, s.member) = 1 THEN uncertain - of_open - sum(s.usual) OVER () ELSE 0 END AS usual
      FROM shares AS s
    )
    SELECT jsonb_agg(jsonb_build_object(dimension, nullif(r.member, ''), 'closed', trim_scale(r.closed), 'closed_deals', r.closed_deals,
        'open', trim_scale(r.open), 'usual', trim_scale(r.usual), 'expected', trim_scale(r.closed + r.open + r.usual),
        'intervals', (
          SELECT jsonb_agg(jsonb_build_object('level', i.level,
            'lower', trim_scale(r.closed + round(greatest(r.open + r.usual - (whole.closed + uncertain - i.lower) * x.width, 0), 2)),
            'upper', trim_scale(round(greatest(least(r.closed + r.open + r.usual + (i.upper - whole.closed - uncertain) * x.width,
              i.upper - (whole.closed - r.closed)), r.closed + r.open + r.usual), 2))) ORDER BY i.level)
          FROM jsonb_to_recordset(whole.forecast -> 'intervals') AS i(level double precision, lower numeric, upper numeric)))
      ORDER BY r.closed + r.open + r.usual DESC, r.member) INTO by_member
    FROM rounded AS r
    -- As if euros erred alike and apart: the variance goes with the size.
    CROSS JOIN LATERAL (SELECT sqrt(greatest((r.open + r.usual) / nullif(uncertain, 0), 0)) AS width) AS x;
  END IF;

  SELECT * INTO committed FROM revenue.forecast_commit(span.period_from, span.period_to, as_of, chosen) WHERE metric = 'bookings';
  IF committed.source = 'deals' THEN committed.amount := committed.amount + whole.closed; END IF;
  variance := (whole.closed + uncertain - committed.amount) / nullif(committed.amount, 0);
  SELECT * INTO left_out FROM revenue.bookings_left_out(as_of, chosen) WHERE metric = 'bookings';
  IF metric = 'bookings' AND left_out.won_valued = 0 AND (whole.inputs ->> 'open_deals')::bigint = (whole.inputs ->> 'deals_without_value')::bigint
     OR metric <> 'bookings' AND whole.forecast ->> 'weights_from' = 'nothing' THEN
    uncertain := NULL;  -- nothing is known, which is no forecast of 0
    by_member := NULL;
  END IF;
  reasons := array_remove(ARRAY[
    CASE WHEN whole.forecast IS NULL THEN 'no subscriptions' WHEN metric = 'bookings' AND uncertain IS NULL THEN
      CASE WHEN (whole.inputs ->> 'open_deals')::bigint + left_out.won_without_amount = 0 AND left_out.deals IS NULL THEN 'no deal is open and none was won'
        ELSE 'no open or won deal has a known value' END END,
    CASE WHEN (whole.inputs ->> 'history_months')::integer < 6 THEN format('less than two quarters of history (%s months): %s, with a wide interval',
      whole.inputs ->> 'history_months', CASE metric WHEN 'bookings' THEN 'the pipeline alone' ELSE 'what there is' END) END,
    CASE WHEN (whole.inputs ->> 'origins_known')::integer = 0 AND (whole.inputs ->> 'history_months')::integer > 6 THEN
      'the pipeline of past months was not looked at yet: run refresh_forecast_origins()' END,
    CASE WHEN (whole.inputs ->> 'deals_without_value')::bigint > left_out.open_deals THEN format(
      'open deals without an amount: %s', (whole.inputs ->> 'deals_without_value')::bigint - left_out.open_deals) END,
    'won deals without an amount: ' || nullif(left_out.won_without_amount, 0),
    'deals without an exchange rate, in no amount: ' || left_out.deals,
    'MRR without an exchange rate, in no amount: ' || (whole.inputs ->> 'currencies_without_rate')], NULL);

  RETURN jsonb_build_object(
    'metric', metric, 'period', period, 'period_from', span.period_from, 'period_to', span.period_to, 'as_of', span.moment,
    'method', method, 'version', revenue.forecast_version(), 'currency', (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen),
    'forecast_amount', trim_scale(whole.closed + uncertain), 'confidence_level', steps[cardinality(steps)],
    'intervals', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('level', i.level, 'lower', round(i.lower, 2), 'upper', round(i.upper, 2)) ORDER BY i.level), '[]')
      FROM jsonb_to_recordset(coalesce(whole.forecast -> 'intervals', '[]')) AS i(level double precision, lower numeric, upper numeric) WHERE uncertain IS NOT NULL),
    'confidence_interval', (
      SELECT jsonb_build_object('lower', round(i.lower, 2), 'upper', round(i.upper, 2))
      FROM jsonb_to_recordset(coalesce(whole.forecast -> 'intervals', '[]')) AS i(level double precision, lower numeric, upper numeric)
      WHERE uncertain IS NOT NULL ORDER BY i.level DESC LIMIT 1),
    'quantiles', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('probability', q.probability, 'value', round(q.value, 2)) ORDER BY q.probability), '[]')
      FROM jsonb_to_recordset(coalesce(whole.forecast -> 'quantiles', '[]')) AS q(probability double precision, value numeric) WHERE uncertain IS NOT NULL),
    'closed', trim_scale(whole.closed), 'closed_deals', whole.closed_deals, 'components', coalesce(components, '[]'), 'dimension', dimension, dimension || 's', coalesce(by_member, '[]'),
    'movements', whole.movements,
    'weights_from', whole.forecast -> 'weights_from', 'interval_from', whole.forecast -> 'interval_from',
    'accuracy', jsonb_build_object('origins', whole.forecast -> 'origins', 'wape', round((whole.forecast ->> 'wape')::numeric, 6),
      'bias', round((whole.forecast ->> 'bias')::numeric, 6)),
    'commit', jsonb_build_object('amount', trim_scale(round(committed.amount, 6)), 'source', committed.source, 'variance', round(variance, 6)),
    'review_required', coalesce(abs(variance) > 0.2, false),
    'sufficient_history', coalesce((whole.inputs ->> 'history_months')::integer >= 6, false), 'inputs', coalesce(whole.inputs, '{}'),
    'reason', CASE WHEN reasons <> '{}' THEN array_to_string(reasons, '; ') END);
END $$;
COMMENT ON FUNCTION revenue.revenue_forecast IS
  'The forecast of a month, quarter or fiscal year (periods_ahead: 0 = the one that runs) with its intervals and quantiles; what is closed and the contributions of the components add up to it, and so do its members of the dimension (bookings: segment, rep, product; mrr and arr: segment, region, product); beside it what people commit. metric = bookings, or mrr or arr at the end of the period, where closed is what there is now and movements what moves of it. method = ensemble or the name of one component. Members and above; nothing is kept';

CREATE OR REPLACE FUNCTION revenue.generate_forecast(
  period text DEFAULT 'quarter', method text DEFAULT 'ensemble', metric text DEFAULT 'bookings',
  periods_ahead integer DEFAULT 0, levels double precision[] DEFAULT '{0.7,0.85,0.95}', dimension text DEFAULT 'segment',
  as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('analyst', org);
  answer jsonb;
  run text := gen_random_uuid()::text;
BEGIN
  -- Of few deals the past months are read in no time, and the first forecast has its weights. Of many, that
  -- is a job's; what changes in a day is not.
  IF revenue.kept_stage_model(chosen) IS NULL AND NOT revenue.keep_stage_model(chosen) THEN
    PERFORM revenue.refresh_forecast_origins(false, chosen);
  END IF;
  answer := revenue.revenue_forecast(period, method, metric, periods_ahead, levels, dimension, as_of, chosen) || jsonb_build_object('run_id', run);
  INSERT INTO revenue.forecast_runs (org_id, run_id, metric, period, period_from, period_to, as_of, retrospective, method, version, inputs,
    expected, closed, levels, currency, commit_amount, commit_source, commit_variance, review_required, reason, made_at, made_by)
  SELECT chosen, run, a.metric, a.period, a.period_from, a.period_to, a.as_of, a.as_of < now() - interval '1 day', a.method, a.version,
    a.inputs || jsonb_build_object('weights_from', a.weights_from, 'interval_from', a.interval_from, 'accuracy', a.accuracy, 'quantiles', a.quantiles),
    a.forecast_amount, a.closed, ARRAY(SELECT DISTINCT unnest(levels) ORDER BY 1), a.currency,
    (a.commit ->> 'amount')::numeric, a.commit ->> 'source', (a.commit ->> 'variance')::double precision, a.review_required, a.reason,
    clock_timestamp(), revenue.caller_identity()
  FROM jsonb_to_record(answer) AS a(metric text, period text, period_from date, period_to date, as_of timestamptz, method text,
    version integer, inputs jsonb, weights_from text, interval_from text, accuracy jsonb, quantiles jsonb, forecast_amount numeric,
    closed numeric, intervals jsonb, currency text, commit jsonb, review_required boolean, reason text);
  INSERT INTO revenue.forecast_points (org_id, run_id, dimension, member, expected, weight, contribution, lower, upper)
  SELECT chosen, run, p.dimension, p.member, p.expected, p.weight, p.contribution,
    CASE WHEN p.intervals IS NOT NULL THEN ARRAY(SELECT (i ->> 'lower')::numeric FROM jsonb_array_elements(p.intervals) AS i) END,
    CASE WHEN p.intervals IS NOT NULL THEN ARRAY(SELECT (i ->> 'upper')::numeric FROM jsonb_array_elements(p.intervals) AS i) END
  FROM (
    SELECT 'total' AS dimension, '' AS member, (answer ->> 'forecast_amount')::numeric AS expected, NULL::double precision AS weight,
      NULL::numeric AS contribution, answer -> 'intervals' AS intervals
    UNION ALL  -- kept to the sixth digit, what that leaves with the largest, so that they still add up
    SELECT dimension, s.member, s.expected + CASE WHEN s.place = 1 THEN round((answer ->> 'forecast_amount')::numeric, 6) - sum(s.expected) OVER () ELSE 0 END,
      NULL, NULL, s.intervals
    FROM (
      SELECT coalesce(s.part ->> dimension, '') AS member, round((s.part ->> 'expected')::numeric, 6) AS expected, s.part -> 'intervals' AS intervals, s.place
      FROM jsonb_array_elements(answer -> (dimension || 's')) WITH ORDINALITY AS s(part, place)) AS s
    UNION ALL
    SELECT 'component', c ->> 'component', (answer ->> 'closed')::numeric + (c ->> 'estimate')::numeric * (c ->> 'correction')::numeric,
      (c ->> 'weight')::double precision, (c ->> 'contribution')::numeric, NULL
    FROM jsonb_array_elements(answer -> 'components') AS c) AS p;
  RETURN answer;
END $$;
COMMENT ON FUNCTION revenue.generate_forecast IS
  'revenue_forecast(), kept as a run with its inputs, version, components and intervals, so that it can be held against what came. With an as_of in the past the run is retrospective. Analysts, admins and owners';

CREATE OR REPLACE FUNCTION revenue.review_forecast(
  run_id text, decision text, note text, org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  written revenue.forecast_reviews;
BEGIN
  IF coalesce(review_forecast.decision, '') NOT IN ('accepted', 'rejected') THEN
    RAISE EXCEPTION 'a review cannot decide "%"', review_forecast.decision USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Decisions are accepted and rejected.';
  ELSIF coalesce(review_forecast.note, '') = '' THEN
    RAISE EXCEPTION 'a review needs a note' USING ERRCODE = 'invalid_parameter_value', HINT = 'Say why in the argument note.';
  ELSIF NOT EXISTS (SELECT FROM revenue.forecast_runs AS r WHERE r.org_id = chosen AND r.run_id = review_forecast.run_id) THEN
    RAISE EXCEPTION 'there is no run "%"', review_forecast.run_id USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the run_id of a row of revenue.forecast_runs.';
  END IF;
  PERFORM revenue.lock_org(chosen);
  INSERT INTO revenue.forecast_reviews (org_id, run_id, version, decision, note, reviewed_at, reviewed_by)
  SELECT chosen, review_forecast.run_id, coalesce(max(v.version), 0) + 1, review_forecast.decision, review_forecast.note,
    clock_timestamp(), revenue.caller_identity()
  FROM revenue.forecast_reviews AS v WHERE v.org_id = chosen AND v.run_id = review_forecast.run_id
  RETURNING * INTO written;
  PERFORM revenue.audit('review_forecast', 'forecast_run', written.run_id, NULL, to_jsonb(written), written.note, chosen);
  RETURN written.version;
END $$;
COMMENT ON FUNCTION revenue.review_forecast IS
  'What a person found on looking at a run: accepted or rejected, and why; returns the number of the review. The run stays as it is. Admins and owners, audited';

-- Forecast against actual ---------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.forecast_errors(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, layer text, metric text, period text, period_from date, period_to date, method text, dimension text, segment text, rep_id text, product_id text,
  region text, run_id text, retrospective boolean, forecast_on date, lead_days integer, lead_days_from integer, forecast numeric, actual numeric,
  error numeric, actual_year_before numeric, levels double precision[], lower numeric[], upper numeric[], reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_mergejoin = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH over AS MATERIALIZED (
    SELECT r.*, o.base_currency, (r.as_of AT TIME ZONE o.time_zone)::date AS made_on, d.today
    FROM revenue.forecast_runs AS r JOIN revenue.orgs AS o USING (org_id)
    CROSS JOIN LATERAL (SELECT (coalesce(revenue.checked_instant(forecast_errors.as_of), now()) AT TIME ZONE o.time_zone)::date AS today) AS d
    WHERE r.period_to <= d.today AND r.currency = o.base_currency AND r.org_id = ANY (revenue.visible_orgs('viewer'))
      AND (forecast_errors.org IS NULL OR r.org_id = forecast_errors.org)
  ), days AS MATERIALIZED (
    SELECT c.org_id, coalesce(c.segment, '') AS segment, coalesce(c.owner_rep_id, '') AS rep,
      coalesce(revenue.product_of(c.product_id, p.product_id, p.share_to), '') AS product,
      c.closed_on, sum(revenue.part_of(c.reporting_amount, p.share_from, p.share_to)) AS value
    FROM revenue.closed_deals(forecast_errors.as_of) AS c LEFT JOIN revenue.deal_shares() AS p USING (org_id, deal_id)
    WHERE coalesce(c.won, false) AND c.org_id = ANY (ARRAY(SELECT DISTINCT r.org_id FROM over AS r))
    GROUP BY 1, 2, 3, 4, 5
  ), spans AS (
    SELECT DISTINCT r.org_id, r.period_from, r.period_to FROM over AS r
  ), actuals AS MATERIALIZED (
    SELECT s.org_id, s.period_from, s.period_to,
      CASE WHEN grouping(d.segment) = 0 THEN 'segment' WHEN grouping(d.rep) = 0 THEN 'rep' WHEN grouping(d.product) = 0 THEN 'product' ELSE 'total' END AS dimension,
      coalesce(d.segment, d.rep, d.product, '') AS member,
      coalesce(sum(d.value) FILTER (WHERE d.closed_on >= s.period_from AND d.closed_on < s.period_to), 0) AS actual,
      coalesce(sum(d.value) FILTER (WHERE d.closed_on >= s.period_from - interval '1 year' AND d.closed_on < s.period_to - interval '1 year'), 0) AS year_before
    FROM spans AS s
    LEFT JOIN days AS d ON d.org_id = s.org_id AND d.closed_on >= s.period_from - interval '1 year' AND d.closed_on < s.period_to
    GROUP BY s.org_id, s.period_from, s.period_to, GROUPING SETS ((), (d.segment), (d.rep), (d.product))
    HAVING grouping(d.segment, d.rep, d.product) = 7 OR count(d.value) > 0
  ), balances AS MATERIALIZED (
    SELECT m.org_id, revenue.month_number(m.period_to) - 1 AS month, 'total' AS dimension, '' AS member, m.closing_mrr AS mrr
    FROM (SELECT DISTINCT r.org_id, r.today FROM over AS r WHERE r.metric <> 'bookings') AS r
    CROSS JOIN LATERAL revenue.arr_monthly(r.today, org => r.org_id) AS m
    UNION ALL
    SELECT r.org_id, m.month, r.dimension, m.member, m.closing
    FROM (SELECT DISTINCT r.org_id, r.today, p.dimension FROM over AS r JOIN revenue.forecast_points AS p USING (org_id, run_id)
          WHERE r.metric <> 'bookings' AND p.dimension NOT IN ('total', 'component')) AS r
    CROSS JOIN LATERAL revenue.mrr_months(r.dimension, r.today, r.org_id) AS m
  ), figures AS (
    SELECT r.org_id, r.metric, r.period, r.period_from, r.period_to, r.run_id, r.retrospective, r.made_on, r.levels, r.base_currency,
      CASE p.dimension WHEN 'component' THEN p.member ELSE r.method END AS method,
      CASE p.dimension WHEN 'component' THEN 'total' ELSE p.dimension END AS dimension,
      CASE p.dimension WHEN 'component' THEN '' ELSE p.member END AS member, p.expected, p.lower, p.upper
    FROM over AS r JOIN revenue.forecast_points AS p USING (org_id, run_id)
    -- A component that was asked for alone is the total already.
    WHERE p.expected IS NOT NULL AND (p.dimension <> 'component' OR r.method = 'ensemble')
  )
  SELECT f.org_id, 'model', f.metric, f.period, f.period_from, f.period_to, f.method,
    CASE f.dimension WHEN 'total' THEN 'all' ELSE f.dimension END, CASE f.dimension WHEN 'segment' THEN nullif(f.member, '') END,
    CASE f.dimension WHEN 'rep' THEN nullif(f.member, '') END, CASE f.dimension WHEN 'product' THEN nullif(f.member, '') END,
    CASE f.dimension WHEN 'region' THEN nullif(f.member, '') END, f.run_id, f.retrospective, f.made_on,
    f.period_to - 1 - f.made_on, l.lead, trim_scale(f.expected), trim_scale(x.actual), trim_scale(f.expected - x.actual),
    trim_scale(x.year_before), f.levels, f.lower::numeric[], f.upper::numeric[], f.base_currency
  FROM figures AS f
  LEFT JOIN actuals AS a ON a.org_id = f.org_id AND a.period_from = f.period_from AND a.period_to = f.period_to
    AND a.dimension = f.dimension AND a.member = f.member
  LEFT JOIN balances AS b ON f.metric <> 'bookings' AND b.org_id = f.org_id AND b.month = revenue.month_number(f.period_to) - 1
    AND b.dimension = f.dimension AND b.member = f.member
  LEFT JOIN balances AS y ON f.metric <> 'bookings' AND y.org_id = f.org_id AND y.month = revenue.month_number(f.period_to) - 13
    AND y.dimension = f.dimension AND y.member = f.member
  CROSS JOIN LATERAL (
    SELECT CASE f.metric WHEN 'bookings' THEN coalesce(a.actual, 0) ELSE CASE f.metric WHEN 'arr' THEN 12 ELSE 1 END * coalesce(b.mrr, 0) END AS actual,
      CASE f.metric WHEN 'bookings' THEN a.year_before ELSE CASE f.metric WHEN 'arr' THEN 12 ELSE 1 END * y.mrr END AS year_before) AS x
  CROSS JOIN LATERAL (SELECT floor((f.period_to - 1 - f.made_on) / 30.0)::integer * 30 AS lead) AS l
  UNION ALL
  SELECT e.org_id, 'submitted', 'bookings', CASE WHEN e.period_to = e.period_from + interval '1 month' THEN 'month'
      WHEN e.period_to = e.period_from + interval '3 months' THEN 'quarter' WHEN e.period_to = e.period_from + interval '1 year' THEN 'year' END,
    e.period_from, e.period_to, e.category, 'rep', NULL, e.rep_id, NULL, NULL, NULL, false, e.submitted_on, e.lead_days, e.lead_days_from, e.forecast, e.actual,
    e.error, NULL, NULL, NULL, NULL, e.reporting_currency
  FROM revenue.submission_errors(NULL, NULL, forecast_errors.as_of, forecast_errors.org) AS e WHERE e.counted AND e.error IS NOT NULL
  ORDER BY 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 15, 13;
END $$;
COMMENT ON FUNCTION revenue.forecast_errors IS
  'Every kept forecast of a period that is over at as_of beside what was won in it, or the MRR or ARR at its end: runs by method, component and member of their dimension (layer model), and what reps submitted (layer submitted); actual_year_before = what came in the same period a year before, the naive forecast; dimension says what a row is for, and its member is NULL for what has none';

CREATE OR REPLACE VIEW revenue.forecast_errors WITH (security_invoker) AS
SELECT e.*, e.lower[array_position(e.levels, 0.7)] AS lower_70, e.upper[array_position(e.levels, 0.7)] AS upper_70,
  e.lower[array_position(e.levels, 0.85)] AS lower_85, e.upper[array_position(e.levels, 0.85)] AS upper_85,
  e.lower[array_position(e.levels, 0.95)] AS lower_95, e.upper[array_position(e.levels, 0.95)] AS upper_95
FROM revenue.forecast_errors() AS e;

CREATE OR REPLACE FUNCTION revenue.forecast_accuracy(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, layer text, metric text, period text, method text, dimension text, segment text, rep_id text, product_id text, region text, lead_days_from integer,
  retrospective boolean, forecasts bigint, forecast numeric, actual numeric, absolute_error numeric, absolute_actual numeric,
  wape double precision, error numeric, bias double precision, naive_forecasts bigint, naive_absolute_error numeric, mase double precision,
  coverage_70 double precision, coverage_85 double precision, coverage_95 double precision, winkler_95 double precision,
  reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH judged AS (
    SELECT e.*, e.layer = 'submitted' OR e.dimension = 'all' AS whole, x.lower_70 <= e.actual AND e.actual <= x.upper_70 AS in_70, x.lower_85 <= e.actual AND e.actual <= x.upper_85 AS in_85,
      x.lower_95 <= e.actual AND e.actual <= x.upper_95 AS in_95,
      x.upper_95 - x.lower_95 + 40 * (greatest(x.lower_95 - e.actual, 0) + greatest(e.actual - x.upper_95, 0)) AS winkler,
      CASE WHEN e.actual_year_before > 0 THEN abs(e.error) END AS compared,
      CASE WHEN e.actual_year_before > 0 THEN abs(e.actual - e.actual_year_before) END AS naive
    FROM revenue.forecast_errors(as_of, org) AS e
    CROSS JOIN LATERAL (SELECT e.lower[array_position(e.levels, 0.7)] AS lower_70, e.upper[array_position(e.levels, 0.7)] AS upper_70,
      e.lower[array_position(e.levels, 0.85)] AS lower_85, e.upper[array_position(e.levels, 0.85)] AS upper_85,
      e.lower[array_position(e.levels, 0.95)] AS lower_95, e.upper[array_position(e.levels, 0.95)] AS upper_95) AS x
  )
  SELECT j.org_id, j.layer, j.metric, j.period, j.method, k.dimension, k.segment, k.rep_id, k.product_id, k.region, k.lead, j.retrospective, count(*),
    sum(j.forecast), sum(j.actual), sum(abs(j.error)), sum(abs(j.actual)),
    (sum(abs(j.error)) / nullif(sum(abs(j.actual)), 0))::double precision, sum(j.error),
    (sum(j.error) / nullif(sum(j.actual), 0))::double precision, count(j.naive), coalesce(sum(j.naive), 0),
    (sum(j.compared) / nullif(sum(j.naive), 0))::double precision,
    avg(j.in_70::integer)::double precision, avg(j.in_85::integer)::double precision, avg(j.in_95::integer)::double precision,
    avg(j.winkler)::double precision, j.reporting_currency
  FROM judged AS j
  CROSS JOIN LATERAL (
    SELECT * FROM (VALUES
      ('all', NULL, NULL, NULL, NULL, NULL::integer, j.whole), ('lead_time', NULL, NULL, NULL, NULL, j.lead_days_from, j.whole),
      ('segment', j.segment, NULL, NULL, NULL, NULL, j.dimension = 'segment'), ('rep', NULL, j.rep_id, NULL, NULL, NULL, j.dimension = 'rep'),
      ('rep_lead_time', NULL, j.rep_id, NULL, NULL, j.lead_days_from, j.dimension = 'rep'),
      ('product', NULL, NULL, j.product_id, NULL, NULL, j.dimension = 'product'), ('region', NULL, NULL, NULL, j.region, NULL, j.dimension = 'region')
    ) AS k(dimension, segment, rep_id, product_id, region, lead, counts) WHERE k.counts) AS k
  GROUP BY j.org_id, j.layer, j.metric, j.period, j.method, k.dimension, k.segment, k.rep_id, k.product_id, k.region, k.lead, j.retrospective, j.reporting_currency
  ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
END $$;
COMMENT ON FUNCTION revenue.forecast_accuracy IS
  'How near the kept forecasts of periods that are over came, by method, lead time in spans of 30 days, segment, rep, product and region: WAPE, bias, MASE against the same period a year before, coverage of the intervals and the Winkler score of the one of 95 percent. The model''s forecasts and what reps submitted are layers of their own';

CREATE OR REPLACE VIEW revenue.forecast_accuracy WITH (security_invoker) AS
SELECT * FROM revenue.forecast_accuracy();

COMMENT ON VIEW revenue.forecast_errors IS 'Every kept forecast of a period that is over beside what was won in it';
COMMENT ON VIEW revenue.forecast_accuracy IS 'How near the kept forecasts came, by layer, method, lead time, segment, rep, product and region';
COMMENT ON COLUMN revenue.forecast_errors.method IS 'ensemble, a component, or the category of a submitted forecast';
COMMENT ON COLUMN revenue.forecast_accuracy.method IS 'ensemble, a component, or the category of a submitted forecast';
COMMENT ON COLUMN revenue.forecast_errors.period IS 'month, quarter or year; NULL = another length';
COMMENT ON COLUMN revenue.forecast_accuracy.period IS 'month, quarter or year; NULL = another length';
COMMENT ON COLUMN revenue.forecast_errors.forecast IS 'What was forecast for the whole period';
COMMENT ON COLUMN revenue.forecast_errors.lead_days_from IS 'First of the 30 days of lead time it lies in';
COMMENT ON COLUMN revenue.forecast_accuracy.dimension IS 'all, lead_time, segment, rep, rep_lead_time, product or region: what the row is for';
COMMENT ON COLUMN revenue.forecast_accuracy.forecast IS 'Sum of the forecasts';
COMMENT ON COLUMN revenue.forecast_accuracy.actual IS 'Sum of what came, once for each forecast';
COMMENT ON COLUMN revenue.forecast_accuracy.error IS 'Sum of forecast - actual';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "layer": "model = runs of generate_forecast(), submitted = what reps submitted",
  "metric": "bookings, mrr or arr", "period_from": "First day of the period", "period_to": "Day after its last",
  "dimension": "What the row is for: all, segment, rep, product or region",
  "segment": "Segment; NULL = deals without one where dimension is segment, else all", "rep_id": "Rep; the same", "product_id": "Product; the same", "region": "Region; the same", "run_id": "Run",
  "retrospective": "Whether it was made after the fact, with what was true by then",
  "forecast_on": "Day it knew of", "lead_days": "Days from then to the last day of the period",
  "lead_days_from": "First of the 30 days of lead time; NULL = all", "actual": "What came", "error": "forecast - actual",
  "actual_year_before": "What came in the same period a year before", "levels": "Levels of the intervals",
  "lower": "Lower bounds, in that order", "upper": "Upper bounds",
  "lower_70": "Lower bound of 70 percent; NULL = not asked for", "upper_70": "Upper bound of 70 percent",
  "lower_85": "Lower bound of 85 percent", "upper_85": "Upper bound of 85 percent",
  "lower_95": "Lower bound of 95 percent", "upper_95": "Upper bound of 95 percent", "forecasts": "Forecasts that count",
  "absolute_error": "Sum of |forecast - actual|", "absolute_actual": "Sum of |actual|", "wape": "absolute_error / absolute_actual",
  "bias": "error / actual", "naive_forecasts": "Forecasts of periods with a year before",
  "naive_absolute_error": "Sum of |actual - year before| over those",
  "mase": "Sum of |error| over those / naive_absolute_error",
  "coverage_70": "Share of actuals within the interval of 70 percent", "coverage_85": "The same of 85 percent",
  "coverage_95": "The same of 95 percent",
  "winkler_95": "Mean width of the interval of 95 percent, and 40 times what an actual lies outside",
  "reporting_currency": "The organisation''s base currency"
}');
