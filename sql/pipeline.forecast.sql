-- The room pipeline: stages and their history, and what is won within 30, 60 and 90 days.

-- What the framework says of a stage is believed until there is history: of those in it go on as many
-- as its probability is of the next stage's, after its typical days.
CREATE OR REPLACE FUNCTION revenue.funnel_stages(pipeline_kind text DEFAULT 'deal')
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, name text, "position" integer, kind text,
  stage_no integer, next_no integer, default_conversion double precision, default_days double precision)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  WITH known AS (
    SELECT s.org_id, s.pipeline_id, s.stage_id, s.name, s.position, s.kind,
      (row_number() OVER (PARTITION BY s.org_id ORDER BY s.pipeline_id, s.position))::integer AS stage_no,
      CASE s.kind WHEN 'won' THEN 1
        ELSE coalesce(f.probability, (x.weights -> 'stages' ->> 'unknown_probability')::double precision) END AS probability,
      coalesce(f.typical_days, (x.weights -> 'stages' ->> 'default_typical_days')::double precision) AS typical_days
    FROM revenue.scored_stages() AS s
    JOIN revenue.pipelines AS p USING (org_id, pipeline_id)
    CROSS JOIN LATERAL (SELECT coalesce(s.weights, revenue.resolve_framework(NULL, NULL)) AS weights) AS x
    LEFT JOIN LATERAL revenue.framework_stages(x.weights) AS f ON f.name = s.framework_stage
    WHERE p.kind = pipeline_kind
  )
  SELECT k.org_id, k.pipeline_id, k.stage_id, k.name, k.position, k.kind, k.stage_no, n.stage_no,
    least(k.probability / nullif(n.probability, 0), 1), least(k.typical_days, 730)
  FROM known AS k
  LEFT JOIN LATERAL (
    SELECT n.stage_no, n.probability FROM known AS n
    WHERE k.kind = 'open' AND n.org_id = k.org_id AND n.pipeline_id = k.pipeline_id
      AND n.kind <> 'lost' AND n.position > k.position
    ORDER BY n.position LIMIT 1
  ) AS n ON true
$$;
COMMENT ON FUNCTION revenue.funnel_stages IS
  'The stages of deal or contact pipelines, numbered within the organisation, with the stage that comes next and the conversion and days that are believed while there is no history';

CREATE OR REPLACE FUNCTION revenue.stage_entries(
  kind text DEFAULT 'deal', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (org_id integer, id text, pipeline_id text, stage_id text, entered_at timestamptz, deleted_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT h.org_id, h.deal_id, h.pipeline_id, h.stage_id, h.stage_entered_at,
    CASE WHEN h.deleted AND (as_of IS NULL OR h.valid_to <= as_of) THEN h.valid_to END
  FROM revenue.deal_history AS h
  WHERE kind = 'deal' AND h.superseded_at = 'infinity' AND (org IS NULL OR h.org_id = org)
    AND (NOT h.continues_stage OR h.valid_to = 'infinity' OR h.deleted)
    AND (as_of IS NULL OR h.stage_entered_at <= as_of)
  UNION ALL
  SELECT c.org_id, c.contact_id, c.pipeline_id, c.stage_id, c.entered_at, NULL
  FROM revenue.contact_stages AS c
  WHERE kind = 'contact' AND (org IS NULL OR c.org_id = org) AND (as_of IS NULL OR c.entered_at <= as_of);
END;
COMMENT ON FUNCTION revenue.stage_entries IS
  'For stage_model(): when each deal or contact entered each stage, up to as_of; stage_id NULL = it left the funnel. A stage may be told twice';

CREATE OR REPLACE FUNCTION revenue.stage_model(
  kind text DEFAULT 'deal', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
BEGIN
  IF coalesce(stage_model.kind, '') NOT IN ('deal', 'contact') THEN
    RAISE EXCEPTION 'no pipeline is of the kind "%"', coalesce(stage_model.kind, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The kind is deal or contact.';
  END IF;
  RETURN (
    WITH stages AS MATERIALIZED (
      SELECT * FROM revenue.funnel_stages(stage_model.kind) AS s WHERE s.org_id = chosen
    )
    SELECT jsonb_strip_nulls(jsonb_build_object(
      'beliefs', (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
          'stage', s.stage_no, 'kind', s.kind, 'next', coalesce(s.next_no, 0),
          'default_conversion', coalesce(s.default_conversion, 0), 'default_days', s.default_days)
          ORDER BY s.stage_no), '[]')
        FROM stages AS s),
      'history', (
        SELECT revenue.stage_history(
          hashtextextended(e.id, 0), s.stage_no, coalesce(s.kind, 'open'), e.entered_at, e.deleted_at, moment)
        FROM revenue.stage_entries(stage_model.kind, as_of, chosen) AS e
        LEFT JOIN (  -- not the CTE, which no parallel worker can read
          SELECT s.* FROM revenue.funnel_stages(stage_model.kind) AS s WHERE s.org_id = chosen
        ) AS s ON s.pipeline_id = e.pipeline_id AND s.stage_id = e.stage_id))));
END $$;
COMMENT ON FUNCTION revenue.stage_model IS
  'What is known of when deals or contacts of an organisation are won: beliefs and history of every stage, for win_probability_within() and days_to_win()';

-- Deals of one stage and as many whole days in it have the same chances, so these are worked out once.
CREATE OR REPLACE FUNCTION revenue.stage_outlook(
  kind text DEFAULT 'deal', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, days integer,
  win_30d double precision, win_60d double precision, win_90d double precision, win double precision,
  days_to_win double precision, dispersion_30d double precision, dispersion_60d double precision, dispersion_90d double precision)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  each_org integer;
  model jsonb;
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
BEGIN
  PERFORM revenue.check_org(org);
  FOREACH each_org IN ARRAY revenue.visible_orgs('viewer') LOOP
    CONTINUE WHEN each_org <> stage_outlook.org;
    model := revenue.stage_model(stage_outlook.kind, as_of, each_org);
    RETURN QUERY
    WITH stages AS MATERIALIZED (
      SELECT * FROM revenue.funnel_stages(stage_outlook.kind) AS s WHERE s.org_id = each_org AND s.kind = 'open'
    ), ages AS MATERIALIZED (
      SELECT s.pipeline_id, s.stage_id, s.stage_no, revenue.stage_age(d.stage_entered_at, moment) AS days
      FROM stages AS s JOIN revenue.deals_as_of(as_of) AS d ON d.pipeline_id = s.pipeline_id AND d.stage_id = s.stage_id
      WHERE stage_outlook.kind = 'deal' AND d.org_id = each_org
      UNION
      SELECT s.pipeline_id, s.stage_id, s.stage_no, revenue.stage_age(c.stage_entered_at, moment)
      FROM stages AS s JOIN revenue.contacts_as_of(as_of) AS c ON c.pipeline_id = s.pipeline_id AND c.stage_id = s.stage_id
      WHERE stage_outlook.kind = 'contact' AND c.org_id = each_org
    )
    SELECT each_org, a.pipeline_id, a.stage_id, a.days,
      revenue.win_probability_within(model, a.stage_no, a.days, 30),
      revenue.win_probability_within(model, a.stage_no, a.days, 60),
      revenue.win_probability_within(model, a.stage_no, a.days, 90),
      revenue.win_probability_within(model, a.stage_no, a.days, 730),
      revenue.days_to_win(model, a.stage_no, a.days),
      x.dispersion_30d, x.dispersion_60d, x.dispersion_90d
    FROM ages AS a
    CROSS JOIN (SELECT revenue.win_dispersion(model, 30) AS dispersion_30d,
      revenue.win_dispersion(model, 60) AS dispersion_60d, revenue.win_dispersion(model, 90) AS dispersion_90d) AS x;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.stage_outlook IS
  'Every open stage and number of days in it that a deal or contact has, with the probability of a win within 30, 60 and 90 days and at all, and the days until then';

CREATE OR REPLACE FUNCTION revenue.contacts_as_of(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, contact_id text, name text, account_id text, owner_rep_id text, source text,
  pipeline_id text, stage_id text, stage_entered_at timestamptz, expected_value numeric, currency char(3), created_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT c.org_id, c.contact_id, c.name, c.account_id, c.owner_rep_id, c.source,
    c.pipeline_id, c.stage_id, c.stage_entered_at, c.expected_value, c.currency, c.created_at
  FROM revenue.contacts AS c WHERE as_of IS NULL AND c.stage_id IS NOT NULL
  UNION ALL
  SELECT s.org_id, s.contact_id, c.name, c.account_id, c.owner_rep_id, c.source,
    s.pipeline_id, s.stage_id, s.entered_at, c.expected_value, c.currency, c.created_at
  FROM (
    SELECT DISTINCT ON (s.org_id, s.contact_id) s.* FROM revenue.contact_stages AS s
    WHERE s.entered_at <= as_of ORDER BY s.org_id, s.contact_id, s.entered_at DESC
  ) AS s
  LEFT JOIN revenue.contacts AS c USING (org_id, contact_id)
  WHERE s.stage_id IS NOT NULL;
END;
COMMENT ON FUNCTION revenue.contacts_as_of IS
  'The contacts that are in a funnel, in the stage they had at as_of (NULL = now); what else is known of them is the latest';

CREATE OR REPLACE FUNCTION revenue.deal_forecast(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, deal_id text, name text, account_id text, owner_rep_id text, segment text, pipeline_id text, stage_id text,
  reporting_amount numeric, reporting_currency char(3), days_in_stage double precision,
  win_30d double precision, win_60d double precision, win_90d double precision, win double precision,
  expected_close_date date)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  -- By itself, or a plan for few deals would fit the model once a deal.
  WITH outlook AS MATERIALIZED (
    SELECT * FROM revenue.stage_outlook('deal', as_of)
  )
  SELECT d.org_id, d.deal_id, d.name, d.account_id, d.owner_rep_id, coalesce(d.segment, g.segment), d.pipeline_id, d.stage_id,
    d.amount * r.rate, s.base_currency, o.days::double precision, o.win_30d, o.win_60d, o.win_90d, o.win,
    s.today + ceil(o.days_to_win - 1e-6)::integer
  FROM revenue.deals_as_of(as_of) AS d
  LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
  LEFT JOIN outlook AS o ON o.org_id = d.org_id AND o.pipeline_id = d.pipeline_id
    AND o.stage_id = d.stage_id AND o.days = revenue.stage_age(d.stage_entered_at, s.moment)
  LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.segment IS NULL THEN d.account_id END) AS g
    ON s.today >= g.valid_from AND s.today < g.valid_to
  LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = d.org_id AND r.currency = d.currency
  WHERE coalesce(s.kind = 'open', false);
END;
COMMENT ON FUNCTION revenue.deal_forecast IS
  'Every open deal with the probability that it is won within 30, 60 and 90 days, from where deals of its stage went and when, and the day on which a win is expected';

CREATE OR REPLACE VIEW revenue.deal_forecast WITH (security_invoker) AS
SELECT * FROM revenue.deal_forecast();

CREATE OR REPLACE FUNCTION revenue.contact_forecast(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, contact_id text, name text, account_id text, owner_rep_id text, source text, pipeline_id text, stage_id text,
  reporting_amount numeric, reporting_currency char(3), days_in_stage double precision,
  win_30d double precision, win_60d double precision, win_90d double precision, win double precision,
  expected_close_date date)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  WITH outlook AS MATERIALIZED (
    SELECT * FROM revenue.stage_outlook('contact', as_of)
  )
  SELECT c.org_id, c.contact_id, c.name, c.account_id, c.owner_rep_id, c.source, c.pipeline_id, c.stage_id,
    c.expected_value * r.rate, s.base_currency, o.days::double precision, o.win_30d, o.win_60d, o.win_90d, o.win,
    s.today + ceil(o.days_to_win - 1e-6)::integer
  FROM revenue.contacts_as_of(as_of) AS c
  LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
  LEFT JOIN outlook AS o ON o.org_id = c.org_id AND o.pipeline_id = c.pipeline_id
    AND o.stage_id = c.stage_id AND o.days = revenue.stage_age(c.stage_entered_at, s.moment)
  LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = c.org_id AND r.currency = coalesce(c.currency, s.base_currency)
  WHERE coalesce(s.kind = 'open', false);
END;
COMMENT ON FUNCTION revenue.contact_forecast IS
  'Every contact in a funnel with the probability that it is won within 30, 60 and 90 days, and the day on which a win is expected';

CREATE OR REPLACE VIEW revenue.contact_forecast WITH (security_invoker) AS
SELECT * FROM revenue.contact_forecast();

-- A bound of few deals is the sum of some of them, which a viewer may not see.
CREATE OR REPLACE FUNCTION revenue.visible_bound(org_id integer, rows_in_total bigint, bound numeric) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT revenue.visible_total(org_id, rows_in_total, CASE
    WHEN org_id = ANY (revenue.visible_orgs('member')) OR bound IN ('NaN', 'Infinity', '-Infinity') THEN bound
    ELSE round(bound, 1 - coalesce(floor(log(abs(nullif(bound, 0)))), 0)::integer) END);
END;
COMMENT ON FUNCTION revenue.visible_bound IS
  'A bound of a total: as it is for members, to two digits for viewers, NULL for them where fewer than five rows make it up';

CREATE OR REPLACE FUNCTION revenue.pipeline_forecast(
  kind text DEFAULT 'deal', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, horizon_days integer, deal_count bigint, deals_without_value bigint, expected_wins double precision,
  expected_value numeric, reporting_currency char(3), median numeric,
  lower_70 numeric, upper_70 numeric, lower_85 numeric, upper_85 numeric, lower_95 numeric, upper_95 numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_mergejoin = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  IF coalesce(pipeline_forecast.kind, '') NOT IN ('deal', 'contact') THEN
    RAISE EXCEPTION 'no pipeline is of the kind "%"', coalesce(pipeline_forecast.kind, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The kind is deal or contact.';
  END IF;
  RETURN QUERY
  WITH outlook AS MATERIALIZED (
    SELECT * FROM revenue.stage_outlook(pipeline_forecast.kind, as_of, pipeline_forecast.org)
  ), chances AS MATERIALIZED (
    SELECT d.org_id, o.win_30d, o.win_60d, o.win_90d, o.dispersion_30d, o.dispersion_60d, o.dispersion_90d,
      d.amount * r.rate AS amount, s.base_currency
    FROM (
      SELECT d.org_id, d.pipeline_id, d.stage_id, d.stage_entered_at, d.amount, d.currency
      FROM revenue.deals_as_of(as_of) AS d WHERE pipeline_forecast.kind = 'deal'
      UNION ALL
      SELECT c.org_id, c.pipeline_id, c.stage_id, c.stage_entered_at, c.expected_value, c.currency
      FROM revenue.contacts_as_of(as_of) AS c WHERE pipeline_forecast.kind = 'contact'
    ) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN outlook AS o ON o.org_id = d.org_id AND o.pipeline_id = d.pipeline_id AND o.stage_id = d.stage_id
      AND o.days = revenue.stage_age(d.stage_entered_at, s.moment)
    LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = d.org_id AND r.currency = coalesce(d.currency, s.base_currency)
    WHERE coalesce(s.kind = 'open', false) AND (org IS NULL OR d.org_id = org)
  ), totals AS (
    SELECT c.org_id, c.base_currency, count(*) AS deal_count, count(c.amount) AS valued,
      ARRAY[sum(c.win_30d), sum(c.win_60d), sum(c.win_90d)] AS wins,
      ARRAY[revenue.total_distribution(c.amount, c.win_30d, c.dispersion_30d),
        revenue.total_distribution(c.amount, c.win_60d, c.dispersion_60d),
        revenue.total_distribution(c.amount, c.win_90d, c.dispersion_90d)] AS distributions
    FROM chances AS c GROUP BY c.org_id, c.base_currency
  )
  SELECT t.org_id, 30 * h.n, t.deal_count, t.deal_count - t.valued, round(t.wins[h.n]::numeric, 9)::double precision,
    revenue.visible_total(t.org_id, t.valued, round((x.d ->> 'expected')::numeric, 2)), t.base_currency,
    revenue.visible_bound(t.org_id, t.valued, (x.d ->> 'median')::numeric),
    revenue.visible_bound(t.org_id, t.valued, (x.d #>> '{intervals,0,lower}')::numeric),
    revenue.visible_bound(t.org_id, t.valued, (x.d #>> '{intervals,0,upper}')::numeric),
    revenue.visible_bound(t.org_id, t.valued, (x.d #>> '{intervals,1,lower}')::numeric),
    revenue.visible_bound(t.org_id, t.valued, (x.d #>> '{intervals,1,upper}')::numeric),
    revenue.visible_bound(t.org_id, t.valued, (x.d #>> '{intervals,2,lower}')::numeric),
    revenue.visible_bound(t.org_id, t.valued, (x.d #>> '{intervals,2,upper}')::numeric)
  FROM totals AS t
  CROSS JOIN generate_series(1, 3) AS h(n)
  CROSS JOIN LATERAL (SELECT t.distributions[h.n] AS d) AS x
  WHERE t.org_id = ANY (revenue.visible_orgs('viewer')) AND revenue.cell_visible(t.org_id, t.deal_count)
  ORDER BY t.org_id, h.n;
END $$;
COMMENT ON FUNCTION revenue.pipeline_forecast IS
  'What the open deals or the contacts in a funnel bring in within 30, 60 and 90 days: the expected value and where 70, 85 and 95 of 100 such totals lie';

CREATE OR REPLACE VIEW revenue.pipeline_forecast AS SELECT * FROM revenue.pipeline_forecast();

-- At each origin the model knows what was true by then and no more.
CREATE OR REPLACE FUNCTION revenue.forecast_calibration(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, step interval DEFAULT '1 month', org integer DEFAULT NULL)
RETURNS TABLE (
  origin date, horizon_days integer, deal_count bigint, expected_wins double precision, lower_95 numeric, upper_95 numeric,
  actual_wins bigint, within_95 boolean, log_loss double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  zone text := (SELECT o.time_zone FROM revenue.orgs AS o WHERE o.org_id = chosen);
  today date := (now() AT TIME ZONE zone)::date;
  day_after date := least(coalesce(forecast_calibration.to_date, today - 29), today - 29);
  first_day date := coalesce(forecast_calibration.from_date, (day_after - 1 - interval '1 year')::date);
  moment timestamptz;
BEGIN
  IF first_day NOT BETWEEN '0001-01-01' AND '9999-12-31' OR day_after NOT BETWEEN '0001-01-01' AND '9999-12-31' THEN
    RAISE EXCEPTION 'from_date and to_date must lie in the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave them out for the last year.';
  ELSIF coalesce(step, interval '0') NOT BETWEEN interval '1 day' AND interval '100 years' OR (day_after - first_day) / extract(epoch FROM step) * 86400 > 1000 THEN
    RAISE EXCEPTION 'step must be a day to 100 years and make at most 1,000 origins' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The default is a month.';
  END IF;
  FOR origin IN SELECT g::date FROM generate_series(first_day::timestamp, day_after::timestamp, step) AS g WHERE g < day_after ORDER BY 1 LOOP
    moment := origin::timestamp AT TIME ZONE zone - interval '1 us';  -- what comes on the origin itself is to be forecast
    RETURN QUERY
    -- By themselves, or a plan for few deals would fit the model once a deal.
    WITH outlook AS MATERIALIZED (
      SELECT * FROM revenue.stage_outlook('deal', moment, chosen)
    ), stages AS MATERIALIZED (
      SELECT * FROM revenue.scored_stages(moment)
    ), chances AS MATERIALIZED (
      SELECT d.deal_id, o.win_30d, o.win_60d, o.win_90d, o.dispersion_30d, o.dispersion_60d, o.dispersion_90d,
        (SELECT n.closed_at FROM revenue.deals AS n
         JOIN revenue.stages AS k ON k.org_id = n.org_id AND k.pipeline_id = n.pipeline_id AND k.stage_id = n.stage_id
         WHERE n.org_id = chosen AND n.deal_id = d.deal_id AND k.kind = 'won') AS won_at
      FROM revenue.deals_as_of(moment) AS d
      LEFT JOIN stages AS s USING (org_id, pipeline_id, stage_id)
      JOIN outlook AS o ON o.org_id = d.org_id AND o.pipeline_id = d.pipeline_id
        AND o.stage_id = d.stage_id AND o.days = revenue.stage_age(d.stage_entered_at, moment)
      WHERE d.org_id = chosen AND coalesce(s.kind = 'open', false)
    ), outcomes AS (
      SELECT h.days, x.p, x.dispersion, coalesce(c.won_at < h.until, false) AS won
      FROM chances AS c
      CROSS JOIN (
        SELECT days, (origin + days)::timestamp AT TIME ZONE zone AS until FROM unnest('{30,60,90}'::integer[]) AS days) AS h
      CROSS JOIN LATERAL (SELECT
        CASE h.days WHEN 30 THEN c.win_30d WHEN 60 THEN c.win_60d ELSE c.win_90d END AS p,
        CASE h.days WHEN 30 THEN c.dispersion_30d WHEN 60 THEN c.dispersion_60d ELSE c.dispersion_90d END AS dispersion) AS x
      WHERE h.until <= now()
    ), judged AS (
      SELECT o.days, count(*) AS n, sum(o.p) AS expected, count(*) FILTER (WHERE o.won) AS wins,
        revenue.total_distribution(1, o.p, o.dispersion) #> '{intervals,2}' AS bounds,
        avg(-ln(CASE WHEN o.won THEN greatest(o.p, 1e-15) ELSE greatest(1 - o.p, 1e-15) END)) AS log_loss
      FROM outcomes AS o GROUP BY o.days
    )
    SELECT origin, j.days, j.n, j.expected, (j.bounds ->> 'lower')::numeric, (j.bounds ->> 'upper')::numeric, j.wins,
      j.wins BETWEEN (j.bounds ->> 'lower')::numeric AND (j.bounds ->> 'upper')::numeric, j.log_loss
    FROM judged AS j ORDER BY j.days;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.forecast_calibration IS
  'How the 30, 60 and 90-day forecast would have done at past origins, each knowing only what was true by then: expected and actual wins, and whether these lay within the 95 % interval';
