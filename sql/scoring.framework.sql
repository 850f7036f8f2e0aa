-- The room scoring: the coefficients behind the scores, their versions and their comparison.

CREATE OR REPLACE FUNCTION revenue.resolve_framework(overrides jsonb DEFAULT NULL, vertical_overrides jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'resolve_framework';
COMMENT ON FUNCTION revenue.resolve_framework IS
  'The whole framework: the built-in coefficients, with an organisation''s overrides and then a vertical''s over them; an error names a key that is none or a value that cannot be';

CREATE OR REPLACE FUNCTION revenue.framework_stages(
  weights jsonb DEFAULT NULL,
  OUT name text, OUT probability double precision, OUT typical_days double precision, OUT value_factor double precision)
RETURNS SETOF record LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME', 'framework_stages';
COMMENT ON FUNCTION revenue.framework_stages IS
  'The stages a deal can be scored as, with their base probability, typical days and value factor';

CREATE OR REPLACE FUNCTION revenue.known_stage(name text, weights jsonb DEFAULT NULL)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'known_stage';
COMMENT ON FUNCTION revenue.known_stage IS
  'The stage of the framework that has this name, without regard to case, as the framework spells it; NULL where there is none: such a stage is scored as unknown';

CREATE OR REPLACE FUNCTION revenue.date_weight(days_to_close_date double precision, weights jsonb DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'date_weight';
COMMENT ON FUNCTION revenue.date_weight IS
  'What an overdue close date leaves of a deal in the forecast: 1 until the date, then halved with each half-life; 1 where there is no date';

CREATE OR REPLACE FUNCTION revenue.forecast_month(close_date date, today date)
RETURNS date LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'forecast_month';
COMMENT ON FUNCTION revenue.forecast_month IS
  'The first day of the month a deal counts in: of its close date, or of today where that has passed';

-- Versions ------------------------------------------------------------------------------------

-- Not inlined (it has a SET), because the planner takes ROWS from here: tables that small, joined to
-- every deal, must be hashed rather than scanned once a deal.
CREATE OR REPLACE FUNCTION revenue.frameworks_in_force()
RETURNS TABLE (org_id integer, vertical text, weights jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.org_id, f.vertical, revenue.resolve_framework(base.weights, f.weights)
  FROM revenue.framework AS f
  LEFT JOIN revenue.framework AS base
    ON base.org_id = f.org_id AND base.vertical = 'all' AND base.active AND f.vertical <> 'all'
  WHERE f.active
$$;
COMMENT ON FUNCTION revenue.frameworks_in_force IS
  'One whole framework for each organisation and vertical that overrides the built-in one';

CREATE OR REPLACE FUNCTION revenue.framework_weights(
  version integer DEFAULT NULL, vertical text DEFAULT 'all', org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  wanted text := coalesce(framework_weights.vertical, 'all');
  base jsonb;
  overrides jsonb;
BEGIN
  IF wanted <> 'all' THEN
    SELECT f.weights INTO base FROM revenue.framework AS f
    WHERE f.org_id = chosen AND f.vertical = 'all' AND f.active;
  END IF;
  SELECT f.weights INTO overrides FROM revenue.framework AS f
  WHERE f.org_id = chosen AND f.vertical = wanted
    AND CASE WHEN framework_weights.version IS NULL THEN f.active ELSE f.version = framework_weights.version END;
  IF NOT FOUND AND framework_weights.version <> 0 THEN
    RAISE EXCEPTION 'framework version % for vertical "%" does not exist', framework_weights.version, wanted
      USING ERRCODE = 'invalid_parameter_value',
        HINT = 'The versions are listed in revenue.framework; 0 is the built-in one.';
  END IF;
  RETURN revenue.resolve_framework(CASE WHEN framework_weights.version = 0 THEN NULL ELSE base END, overrides);
END $$;
COMMENT ON FUNCTION revenue.framework_weights IS
  'The whole framework of a version (NULL = the active one, 0 = the built-in one), to pass as weights to a scoring function';

CREATE OR REPLACE FUNCTION revenue.set_framework(
  weights jsonb, vertical text DEFAULT 'all', activate boolean DEFAULT true,
  description text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  named text := coalesce(set_framework.vertical, 'all');
  next_version integer;
BEGIN
  IF set_framework.weights IS NULL OR named = '' THEN
    RAISE EXCEPTION 'a framework needs weights and a vertical' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the part that differs from revenue.resolve_framework(), and ''all'' or an industry.';
  END IF;
  PERFORM revenue.resolve_framework(set_framework.weights);
  PERFORM revenue.lock_org(chosen);
  INSERT INTO revenue.framework (org_id, vertical, version, weights, description, created_by)
  SELECT chosen, named, coalesce(max(f.version), 0) + 1, set_framework.weights, set_framework.description,
    coalesce(revenue.caller_identity(), session_user)
  FROM revenue.framework AS f WHERE f.org_id = chosen AND f.vertical = named
  RETURNING version INTO next_version;
  PERFORM revenue.audit('set_framework', 'framework', named || ' ' || next_version, NULL, set_framework.weights,
    set_framework.description, chosen);
  IF named <> 'all' AND NOT EXISTS (
    SELECT FROM revenue.deals AS d WHERE d.org_id = chosen AND d.industry = named
    UNION ALL SELECT FROM revenue.accounts AS a WHERE a.org_id = chosen AND a.industry = named) THEN
    RAISE NOTICE 'no deal and no account has the industry "%" yet', named
      USING HINT = 'A vertical is compared with deals.industry, else that of the account, letter by letter.';
  END IF;
  IF set_framework.activate THEN PERFORM revenue.activate_framework(next_version, named, chosen); END IF;
  RETURN next_version;
END $$;
COMMENT ON FUNCTION revenue.set_framework IS
  'A new version of the coefficients for an organisation or one of its verticals; returns its number. Owners only, audited';

CREATE OR REPLACE FUNCTION revenue.activate_framework(
  version integer, vertical text DEFAULT 'all', org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  named text := coalesce(activate_framework.vertical, 'all');
  before integer;
BEGIN
  PERFORM revenue.lock_org(chosen);
  PERFORM revenue.framework_weights(coalesce(activate_framework.version, -1), named, chosen);
  UPDATE revenue.framework AS f SET active = false
  WHERE f.org_id = chosen AND f.vertical = named AND f.active RETURNING f.version INTO before;
  UPDATE revenue.framework AS f SET active = true
  WHERE f.org_id = chosen AND f.vertical = named AND f.version = activate_framework.version;
  PERFORM revenue.audit('activate_framework', 'framework', named, to_jsonb(before),
    to_jsonb(activate_framework.version), NULL, chosen);
END $$;
COMMENT ON FUNCTION revenue.activate_framework IS
  'Makes a version the one that scores use; 0 returns to the built-in coefficients. Owners only, audited';

-- Two versions on the same deals: pairing removes what the deals have in common, so that it takes far
-- fewer of them to tell the versions apart than dealing each deal to one of the two would.
CREATE OR REPLACE FUNCTION revenue.compare_frameworks(
  version_a integer DEFAULT 0, version_b integer DEFAULT NULL, vertical text DEFAULT 'all',
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, days_before_close integer DEFAULT 7,
  org integer DEFAULT NULL)
RETURNS TABLE (
  version integer, deals bigint, log_loss double precision, brier double precision,
  calibration_error double precision, auc double precision, mean_predicted double precision,
  win_rate double precision, log_loss_above_a double precision, standard_error double precision, calibration jsonb)
LANGUAGE sql STABLE BEGIN ATOMIC
  WITH chosen AS MATERIALIZED (
    SELECT revenue.current_org(org) AS org_id,
      revenue.framework_weights(coalesce(version_a, 0), vertical, org) AS a,
      revenue.framework_weights(version_b, vertical, org) AS b
  ), outcomes AS (
    SELECT d.org_id, d.deal_id, d.pipeline_id, s.kind = 'won' AS won,
      d.closed_at - make_interval(secs => 86400 * least(greatest(days_before_close, 0), 36500)::double precision) AS moment
    FROM revenue.deals AS d
    JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    JOIN revenue.orgs AS o USING (org_id)
    WHERE d.org_id = (SELECT org_id FROM chosen) AND s.kind <> 'open' AND d.closed_at IS NOT NULL
      AND (coalesce(vertical, 'all') = 'all' OR vertical = coalesce(d.industry, (
        SELECT g.industry FROM revenue.account_spans(d.org_id, d.account_id) AS g
        WHERE (d.closed_at AT TIME ZONE o.time_zone)::date >= g.valid_from AND (d.closed_at AT TIME ZONE o.time_zone)::date < g.valid_to)))
      AND (from_date IS NULL OR (d.closed_at AT TIME ZONE o.time_zone)::date >= from_date)
      AND (to_date IS NULL OR (d.closed_at AT TIME ZONE o.time_zone)::date < to_date)
  ), then_open AS (
    SELECT o.won, o.moment, h.stage_entered_at, h.lead_score, h.champion_identified, h.budget_confirmed,
      h.decision_maker_engaged, h.competitors_mentioned, coalesce(s.framework_stage, s.stage_id) AS stage,
      a.num_interactions, a.num_objections_handled
    FROM outcomes AS o
    CROSS JOIN LATERAL (  -- of a deal without any activity nothing is known
      SELECT CASE WHEN count(*) > 0 THEN count(*) FILTER (WHERE t.occurred_at <= o.moment AND t.kind NOT IN ('note', 'task')) END,
        CASE WHEN count(*) > 0 THEN count(*) FILTER (
          WHERE t.occurred_at <= o.moment AND t.kind = 'objection' AND t.outcome = 'handled') END
      FROM revenue.activities AS t WHERE t.org_id = o.org_id AND t.deal_id = o.deal_id
    ) AS a(num_interactions, num_objections_handled)
    JOIN revenue.deal_history AS h ON h.org_id = o.org_id AND h.deal_id = o.deal_id
      AND h.valid_from <= o.moment AND h.valid_to > o.moment AND h.superseded_at = 'infinity'
    JOIN revenue.stages AS s ON s.org_id = h.org_id AND s.pipeline_id = h.pipeline_id AND s.stage_id = h.stage_id
    WHERE s.kind = 'open'
  ), predicted AS MATERIALIZED (
    SELECT t.won,
      revenue.close_probability(
        revenue.known_stage(t.stage, c.a), revenue.elapsed_days(t.stage_entered_at, t.moment),
        t.lead_score, t.num_interactions, t.num_objections_handled, t.champion_identified, t.budget_confirmed,
        t.decision_maker_engaged, t.competitors_mentioned, c.a) AS a,
      revenue.close_probability(
        revenue.known_stage(t.stage, c.b), revenue.elapsed_days(t.stage_entered_at, t.moment),
        t.lead_score, t.num_interactions, t.num_objections_handled, t.champion_identified, t.budget_confirmed,
        t.decision_maker_engaged, t.competitors_mentioned, c.b) AS b
    FROM then_open AS t, chosen AS c
  ), quality AS (
    SELECT count(*) AS n, revenue.score_quality(a, won) AS a, revenue.score_quality(b, won) AS b,
      avg(d.loss) AS above, stddev_samp(d.loss) / sqrt(count(*)) AS error
    FROM predicted, LATERAL (
      SELECT ln(greatest(CASE WHEN won THEN a ELSE 1 - a END, 1e-15))
           - ln(greatest(CASE WHEN won THEN b ELSE 1 - b END, 1e-15)) AS loss) AS d
  )
  SELECT v.version, q.n, (v.quality ->> 'log_loss')::double precision, (v.quality ->> 'brier')::double precision,
    (v.quality ->> 'calibration_error')::double precision, (v.quality ->> 'binned_auc')::double precision,
    (v.quality ->> 'mean_predicted')::double precision, (v.quality ->> 'win_rate')::double precision,
    v.above, v.error, v.quality -> 'calibration'
  FROM quality AS q, LATERAL (VALUES
    (coalesce(version_a, 0), q.a, 0::double precision, NULL::double precision),
    (coalesce(version_b, (SELECT f.version FROM revenue.framework AS f, chosen AS c
                          WHERE f.org_id = c.org_id AND f.vertical = coalesce(compare_frameworks.vertical, 'all')
                            AND f.active), 0), q.b, q.above, q.error)) AS v(version, quality, above, error);
END;
COMMENT ON FUNCTION revenue.compare_frameworks IS
  'Two versions (0 = built-in, NULL = active) scored on the same closed deals as they stood some days before they closed: log loss, Brier, calibration, and b''s log loss above a''s with its standard error';
