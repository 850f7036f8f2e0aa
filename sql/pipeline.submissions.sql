-- The room pipeline: forecasts that reps submit, overrides, the roll-up along the managers, and how
-- near the forecasts came.

-- Nothing that was submitted changes or goes, but for an organisation of demo data, which is emptied.
CREATE OR REPLACE FUNCTION revenue.refuse_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM revenue.audit_log AS a WHERE a.org_id = OLD.org_id AND a.object_type = 'demo') THEN RETURN OLD; END IF;
  RAISE EXCEPTION '% can only be added to', TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'What was recorded stays as it was recorded.';
END $$;
COMMENT ON FUNCTION revenue.refuse_delete() IS 'Trigger: no row is deleted, except those of an organisation of demo data';

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON revenue.forecast_submissions
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_rewrite();
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON revenue.forecast_overrides
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_rewrite();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON revenue.forecast_submissions
FOR EACH ROW EXECUTE FUNCTION revenue.refuse_delete();
CREATE OR REPLACE TRIGGER no_delete BEFORE DELETE ON revenue.forecast_overrides
FOR EACH ROW EXECUTE FUNCTION revenue.refuse_delete();

-- Writing -------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.check_forecast_amounts(commit_amount numeric, best_case_amount numeric, pipeline_amount numeric)
RETURNS void LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF num_nonnulls(commit_amount, best_case_amount, pipeline_amount) = 0 THEN
    RAISE EXCEPTION 'a forecast needs an amount' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass commit_amount, best_case_amount or pipeline_amount.';
  ELSIF NOT coalesce(commit_amount BETWEEN 0 AND 999999999999, true)
        OR NOT coalesce(best_case_amount BETWEEN 0 AND 999999999999, true)
        OR NOT coalesce(pipeline_amount BETWEEN 0 AND 999999999999, true) THEN
    RAISE EXCEPTION 'the amounts of a forecast must be from 0 to 999999999999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'NULL leaves an amount unsaid.';
  ELSIF commit_amount > best_case_amount OR best_case_amount > pipeline_amount OR commit_amount > pipeline_amount THEN
    RAISE EXCEPTION 'the best case must hold the commit, and the pipeline the best case' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Each amount is for the whole period, with what is won and with the surer categories in it.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_forecast_amounts IS 'An error with a hint where the amounts of a forecast cannot be';

-- A real update, as in lock_org(): two who write for one rep wait for each other, and under REPEATABLE
-- READ the second fails rather than taking the same version.
CREATE OR REPLACE FUNCTION revenue.lock_rep(org integer, rep text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
BEGIN
  UPDATE revenue.reps SET name = name WHERE org_id = org AND rep_id = rep;
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'another session writes for the rep "%"', rep USING ERRCODE = 'lock_not_available',
    DETAIL = 'It was waited for for 3 seconds.', HINT = 'End that session''s transaction, and try again; pg_blocking_pids() shows whose it is.';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.lock_rep FROM PUBLIC;
COMMENT ON FUNCTION revenue.lock_rep IS
  'For functions with the owner''s rights: makes those who write for a rep wait for each other, for 3 seconds at most';

CREATE OR REPLACE FUNCTION revenue.submit_forecast(
  period_from date DEFAULT NULL, period_to date DEFAULT NULL, commit_amount numeric DEFAULT NULL,
  best_case_amount numeric DEFAULT NULL, pipeline_amount numeric DEFAULT NULL, currency text DEFAULT NULL,
  note text DEFAULT NULL, rep_id text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  rep text := coalesce(submit_forecast.rep_id, (
    SELECT r.rep_id FROM revenue.reps AS r WHERE r.org_id = chosen AND r.identity = revenue.caller_identity()));
  period record;
  latest record;
  written revenue.forecast_submissions;
BEGIN
  IF (chosen = ANY (revenue.visible_orgs('own')) AND revenue.own_rep(chosen, rep)) IS NOT TRUE THEN
    RAISE EXCEPTION 'this is not your forecast to submit' USING ERRCODE = 'insufficient_privilege',
      HINT = 'A member submits for the rep he is (revenue.reps.identity); admins and owners use revenue.override_forecast().';
  END IF;
  SELECT p.* INTO period FROM revenue.reporting_periods(submit_forecast.period_from, submit_forecast.period_to, org => chosen) AS p;
  IF period.period_to <= period.today THEN
    RAISE EXCEPTION 'the period is over: % to %', period.period_from, period.period_to
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Submit for a period that ends after today; period_to is the day after its last.';
  END IF;
  PERFORM revenue.check_forecast_amounts(submit_forecast.commit_amount, submit_forecast.best_case_amount,
    submit_forecast.pipeline_amount);
  PERFORM revenue.lock_rep(chosen, rep);
  SELECT max(s.version) AS version, max(s.submitted_at) AS submitted_at INTO latest
  FROM revenue.forecast_submissions AS s
  WHERE s.org_id = chosen AND s.rep_id = rep AND s.period_from = period.period_from AND s.period_to = period.period_to;
  INSERT INTO revenue.forecast_submissions (org_id, rep_id, period_from, period_to, version, commit_amount, best_case_amount,
    pipeline_amount, currency, note, submitted_at, submitted_by)
  VALUES (chosen, rep, period.period_from, period.period_to, coalesce(latest.version, 0) + 1, submit_forecast.commit_amount,
    submit_forecast.best_case_amount, submit_forecast.pipeline_amount,
    coalesce(revenue.currency_code(submit_forecast.currency), period.base_currency), submit_forecast.note,
    greatest(clock_timestamp(), latest.submitted_at + interval '1 microsecond'), revenue.caller_identity())
  RETURNING * INTO written;
  PERFORM revenue.audit('submit_forecast', 'forecast_submission', written.submission_id, NULL, to_jsonb(written), NULL, chosen);
  RETURN to_jsonb(written);
END $$;
COMMENT ON FUNCTION revenue.submit_forecast IS
  'The forecast of the rep that the caller is for a period (NULL = the fiscal quarter), each amount with the surer ones in it; a later one leaves the earlier as they were. Returns the submission. Members, for themselves; audited';

CREATE OR REPLACE FUNCTION revenue.override_forecast(
  rep_id text, amount numeric, reason text, category text DEFAULT 'commit', period_from date DEFAULT NULL,
  period_to date DEFAULT NULL, currency text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  period record;
  latest record;
  written revenue.forecast_overrides;
BEGIN
  IF coalesce(override_forecast.category, '') NOT IN ('commit', 'best_case', 'pipeline') THEN
    RAISE EXCEPTION 'a forecast has no category "%"', override_forecast.category USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Categories are commit, best_case and pipeline.';
  ELSIF coalesce(override_forecast.reason, '') = '' THEN
    RAISE EXCEPTION 'an override needs a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass the argument reason.';
  ELSIF NOT override_forecast.amount BETWEEN 0 AND 999999999999 THEN
    RAISE EXCEPTION 'amount must be from 0 to 999999999999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'NULL withdraws the override.';
  ELSIF NOT EXISTS (SELECT FROM revenue.reps AS r WHERE r.org_id = chosen AND r.rep_id = override_forecast.rep_id) THEN
    RAISE EXCEPTION 'there is no rep "%"', override_forecast.rep_id USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the rep_id of a row of revenue.reps.';
  END IF;
  SELECT p.* INTO period FROM revenue.reporting_periods(override_forecast.period_from, override_forecast.period_to, org => chosen) AS p;
  IF period.period_to <= period.today THEN
    RAISE EXCEPTION 'the period is over: % to %', period.period_from, period.period_to
      USING ERRCODE = 'invalid_parameter_value', HINT = 'A forecast is judged as it was when the period ended.';
  END IF;
  PERFORM revenue.lock_rep(chosen, override_forecast.rep_id);
  SELECT max(o.version) AS version, max(o.overridden_at) AS overridden_at INTO latest
  FROM revenue.forecast_overrides AS o
  WHERE o.org_id = chosen AND o.rep_id = override_forecast.rep_id AND o.period_from = period.period_from
    AND o.period_to = period.period_to AND o.category = override_forecast.category;
  INSERT INTO revenue.forecast_overrides (org_id, rep_id, period_from, period_to, category, version, amount, currency, reason,
    submission_id, overridden_at, overridden_by)
  VALUES (chosen, override_forecast.rep_id, period.period_from, period.period_to, override_forecast.category,
    coalesce(latest.version, 0) + 1, override_forecast.amount,
    coalesce(revenue.currency_code(override_forecast.currency), period.base_currency), override_forecast.reason,
    (SELECT s.submission_id FROM revenue.forecast_submissions AS s
     WHERE s.org_id = chosen AND s.rep_id = override_forecast.rep_id AND s.period_from = period.period_from
       AND s.period_to = period.period_to ORDER BY s.version DESC LIMIT 1),
    greatest(clock_timestamp(), latest.overridden_at + interval '1 microsecond'),
    coalesce(revenue.caller_identity(), session_user))
  RETURNING * INTO written;
  PERFORM revenue.audit('override_forecast', 'forecast_override', written.override_id, NULL, to_jsonb(written),
    override_forecast.reason, chosen);
  RETURN to_jsonb(written);
END $$;
COMMENT ON FUNCTION revenue.override_forecast IS
  'Puts a figure in the place of a rep''s forecast, or of all that a manager and those below him forecast, for a period (NULL = the fiscal quarter) until it is withdrawn by an amount of NULL; the reason is required. Returns the override. Admins and owners, audited';

-- The roll-up ---------------------------------------------------------------------------------
-- A figure goes up from manager to manager until it comes to one who is overridden: his own figure
-- goes on in its place. Who may not read all submissions gets no roll-up, which would be a part of it.

CREATE OR REPLACE FUNCTION revenue.forecast_rollup(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL,
  hierarchy text DEFAULT 'then', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, rep_id text, rep_name text, manager_rep_id text, depth integer,
  category text, own_amount numeric, submission_id text, submitted_at timestamptz,
  reports_amount numeric, reports bigint, missing_reports bigint,
  override_amount numeric, override_id text, override_reason text, overridden_by text, resubmitted boolean,
  result numeric, reason text, reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH RECURSIVE periods AS MATERIALIZED (
    SELECT p.* FROM revenue.reporting_periods(from_date, to_date, as_of, hierarchy, org) AS p
    WHERE p.org_id = ANY (revenue.visible_orgs('analyst'))
  ), rates AS MATERIALIZED (
    SELECT r.org_id, r.currency, r.rate FROM revenue.fx_rates_at(as_of) AS r
  ), submitted AS (
    SELECT DISTINCT ON (s.org_id, s.rep_id) s.*
    FROM revenue.forecast_submissions AS s JOIN periods AS p
      ON p.org_id = s.org_id AND p.period_from = s.period_from AND p.period_to = s.period_to
    WHERE as_of IS NULL OR s.submitted_at <= as_of ORDER BY s.org_id, s.rep_id, s.version DESC
  ), said AS MATERIALIZED (
    SELECT s.org_id, s.rep_id, c.category, s.submission_id, s.submitted_at, c.amount * r.rate AS value, s.currency
    FROM submitted AS s
    CROSS JOIN LATERAL (VALUES ('commit', s.commit_amount), ('best_case', s.best_case_amount),
      ('pipeline', s.pipeline_amount)) AS c(category, amount)
    LEFT JOIN rates AS r ON r.org_id = s.org_id AND r.currency = s.currency
    WHERE c.amount IS NOT NULL
  ), overridden AS MATERIALIZED (
    SELECT o.*, o.amount * r.rate AS value
    FROM (
      SELECT DISTINCT ON (o.org_id, o.rep_id, o.category) o.*
      FROM revenue.forecast_overrides AS o JOIN periods AS p
        ON p.org_id = o.org_id AND p.period_from = o.period_from AND p.period_to = o.period_to
      WHERE as_of IS NULL OR o.overridden_at <= as_of ORDER BY o.org_id, o.rep_id, o.category, o.version DESC) AS o
    LEFT JOIN rates AS r ON r.org_id = o.org_id AND r.currency = o.currency
    WHERE o.amount IS NOT NULL
  ), edges AS MATERIALIZED (
    SELECT DISTINCT ON (m.org_id, m.rep_id) m.org_id, m.rep_id, m.manager_rep_id
    FROM revenue.rep_managers AS m JOIN periods AS p USING (org_id)
    WHERE m.valid_from <= p.hierarchy_day AND m.valid_to > p.hierarchy_day
    ORDER BY m.org_id, m.rep_id, m.valid_from DESC
  ), tree AS (
    SELECT r.org_id, r.rep_id, 0 AS depth FROM revenue.reps AS r JOIN periods USING (org_id)
    WHERE (r.org_id, r.rep_id) NOT IN (SELECT e.org_id, e.rep_id FROM edges AS e)
    UNION ALL
    SELECT e.org_id, e.rep_id, t.depth + 1 FROM tree AS t JOIN edges AS e ON e.org_id = t.org_id AND e.manager_rep_id = t.rep_id
  ), figures AS MATERIALIZED (
    SELECT r.org_id, r.rep_id, r.name, r.active, e.manager_rep_id, k.category, k.position, s.value AS own, s.submission_id,
      s.submitted_at, s.currency AS own_currency, o.override_id, o.value AS override, o.reason AS override_reason,
      o.overridden_by, o.currency AS override_currency, s.submitted_at > o.overridden_at AS resubmitted,
      CASE WHEN o.override_id IS NOT NULL THEN o.value ELSE s.value END AS given
    FROM revenue.reps AS r JOIN periods USING (org_id)
    CROSS JOIN (VALUES ('commit', 1), ('best_case', 2), ('pipeline', 3)) AS k(category, position)
    LEFT JOIN edges AS e ON e.org_id = r.org_id AND e.rep_id = r.rep_id
    LEFT JOIN said AS s ON s.org_id = r.org_id AND s.rep_id = r.rep_id AND s.category = k.category
    LEFT JOIN overridden AS o ON o.org_id = r.org_id AND o.rep_id = r.rep_id AND o.category = k.category
  ), flows AS (
    SELECT f.org_id, f.rep_id AS source, f.category, f.manager_rep_id AS at, f.given AS amount
    FROM figures AS f WHERE f.given IS NOT NULL AND f.manager_rep_id IS NOT NULL
    UNION ALL
    SELECT f.org_id, f.source, f.category, e.manager_rep_id, f.amount
    FROM flows AS f JOIN edges AS e ON e.org_id = f.org_id AND e.rep_id = f.at
    LEFT JOIN overridden AS o ON o.org_id = f.org_id AND o.rep_id = f.at AND o.category = f.category
    WHERE o.override_id IS NULL
  ) CYCLE at SET circular USING path,
  received AS (
    SELECT f.org_id, f.at, f.category, sum(f.amount) AS amount FROM flows AS f WHERE NOT f.circular
    GROUP BY f.org_id, f.at, f.category
  ), results AS MATERIALIZED (
    SELECT f.*, w.amount AS received,
      CASE WHEN f.override_id IS NOT NULL THEN f.override ELSE coalesce(f.own + w.amount, f.own, w.amount) END AS result
    FROM figures AS f LEFT JOIN received AS w ON w.org_id = f.org_id AND w.at = f.rep_id AND w.category = f.category
  ), teams AS (
    SELECT f.org_id, f.manager_rep_id AS rep_id, f.category, count(*) AS reports,
      count(*) FILTER (WHERE f.result IS NULL AND f.active) AS missing
    FROM results AS f WHERE f.manager_rep_id IS NOT NULL GROUP BY f.org_id, f.manager_rep_id, f.category
  )
  SELECT f.org_id, p.period_from, p.period_to, f.rep_id, f.name, f.manager_rep_id, t.depth, f.category,
    trim_scale(f.own), f.submission_id, f.submitted_at, trim_scale(f.received), coalesce(m.reports, 0), coalesce(m.missing, 0),
    trim_scale(f.override), f.override_id, f.override_reason, f.overridden_by, f.resubmitted, trim_scale(f.result),
    CASE WHEN f.override_id IS NOT NULL AND f.override IS NULL THEN 'no exchange rate for ' || f.override_currency
      WHEN f.override_id IS NULL AND f.submission_id IS NOT NULL AND f.own IS NULL THEN 'no exchange rate for ' || f.own_currency
      WHEN f.result IS NULL THEN 'nothing was submitted' END,
    p.base_currency
  FROM results AS f
  JOIN periods AS p USING (org_id)
  LEFT JOIN tree AS t USING (org_id, rep_id)
  LEFT JOIN teams AS m ON m.org_id = f.org_id AND m.rep_id = f.rep_id AND m.category = f.category
  WHERE f.active OR f.result IS NOT NULL OR f.submission_id IS NOT NULL OR m.reports > 0
  ORDER BY f.org_id, t.depth, f.rep_id, f.position;
END $$;
COMMENT ON FUNCTION revenue.forecast_rollup IS
  'The forecasts of a period (NULL = the fiscal quarter) along the managers: a rep''s own submission in force at as_of, the sum of the results of those who report to him, the override, and the result = the override, else own + reports; hierarchy then or now. For analysts, admins and owners';

CREATE OR REPLACE VIEW revenue.forecast_rollup WITH (security_invoker) AS
SELECT * FROM revenue.forecast_rollup();

-- Forecast against actual ---------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.submission_errors(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, rep_id text, category text, submission_id text, version integer,
  submitted_on date, lead_days integer, lead_days_from integer, counted boolean, forecast numeric, actual numeric, deals_without_value bigint,
  error numeric, reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_period(from_date, to_date);
  RETURN QUERY
  WITH said AS MATERIALIZED (
    SELECT s.*, p.base_currency, (s.submitted_at AT TIME ZONE p.time_zone)::date AS submitted_on
    FROM revenue.forecast_submissions AS s
    JOIN revenue.reporting_periods(NULL, NULL, as_of, NULL, org) AS p USING (org_id)
    WHERE s.period_to <= p.today
      AND (submission_errors.from_date IS NULL
           OR s.period_from >= submission_errors.from_date AND s.period_to <= submission_errors.to_date)
  ), spans AS (
    SELECT DISTINCT s.org_id, s.rep_id, s.period_from, s.period_to FROM said AS s
  ), days AS MATERIALIZED (
    SELECT c.org_id, c.owner_rep_id AS rep_id, c.closed_on, sum(c.reporting_amount) AS value,
      count(*) FILTER (WHERE c.reporting_amount IS NULL) AS without_value
    FROM revenue.closed_deals(as_of) AS c
    WHERE coalesce(c.won, false) AND c.org_id = ANY (ARRAY(SELECT DISTINCT s.org_id FROM spans AS s))
    GROUP BY c.org_id, c.owner_rep_id, c.closed_on
  ), actuals AS (
    SELECT s.*, coalesce(sum(d.value), 0) AS actual, coalesce(sum(d.without_value), 0)::bigint AS without_value
    FROM spans AS s LEFT JOIN days AS d
      ON d.org_id = s.org_id AND d.rep_id = s.rep_id AND d.closed_on >= s.period_from AND d.closed_on < s.period_to
    GROUP BY s.org_id, s.rep_id, s.period_from, s.period_to
  ), figures AS (
    SELECT s.*, k.category, k.position, s.period_to - 1 - s.submitted_on AS lead_days, trim_scale(k.amount * r.rate) AS forecast
    FROM said AS s
    LEFT JOIN LATERAL revenue.fx_rate_on(s.org_id, s.currency, s.base_currency, s.submitted_on) AS r ON true
    CROSS JOIN LATERAL (VALUES ('commit', 1, s.commit_amount), ('best_case', 2, s.best_case_amount),
      ('pipeline', 3, s.pipeline_amount)) AS k(category, position, amount)
    WHERE k.amount IS NOT NULL
  )
  SELECT f.org_id, f.period_from, f.period_to, f.rep_id, f.category, f.submission_id, f.version, f.submitted_on, f.lead_days,
    l.lead, f.version = max(f.version) OVER (
      PARTITION BY f.org_id, f.rep_id, f.period_from, f.period_to, f.category, l.lead),
    f.forecast, trim_scale(a.actual), a.without_value, f.forecast - trim_scale(a.actual), f.base_currency
  FROM figures AS f JOIN actuals AS a USING (org_id, rep_id, period_from, period_to)
  CROSS JOIN LATERAL (SELECT floor(f.lead_days / 30.0)::integer * 30 AS lead) AS l
  ORDER BY f.org_id, f.period_from, f.period_to, f.rep_id, f.version, f.position;
END $$;
COMMENT ON FUNCTION revenue.submission_errors IS
  'Each submission for a period that is over at as_of (all of them, or those within a period) beside what its rep won in the period: error = forecast - actual; counted = the last one at its lead time, in spans of 30 days';

CREATE OR REPLACE VIEW revenue.submission_errors WITH (security_invoker) AS
SELECT * FROM revenue.submission_errors();

CREATE OR REPLACE FUNCTION revenue.submission_accuracy(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, dimension text, rep_id text, lead_days_from integer, category text, submissions bigint,
  submissions_without_value bigint, forecast numeric, actual numeric, absolute_error numeric, absolute_actual numeric,
  wape double precision, error numeric, bias double precision, reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  SELECT e.org_id,
    CASE WHEN grouping(e.rep_id) = 0 AND grouping(e.lead_days_from) = 0 THEN 'rep_lead_time' WHEN grouping(e.rep_id) = 0 THEN 'rep'
      WHEN grouping(e.lead_days_from) = 0 THEN 'lead_time' ELSE 'all' END,
    e.rep_id, e.lead_days_from, e.category, count(e.error), count(*) - count(e.error),
    trim_scale(coalesce(sum(e.forecast) FILTER (WHERE e.error IS NOT NULL), 0)), coalesce(sum(e.actual) FILTER (WHERE e.error IS NOT NULL), 0),
    trim_scale(coalesce(sum(abs(e.error)), 0)), coalesce(sum(abs(e.actual)) FILTER (WHERE e.error IS NOT NULL), 0),
    (sum(abs(e.error)) / nullif(sum(abs(e.actual)) FILTER (WHERE e.error IS NOT NULL), 0))::double precision,
    trim_scale(coalesce(sum(e.error), 0)),
    (sum(e.error) / nullif(sum(e.actual) FILTER (WHERE e.error IS NOT NULL), 0))::double precision, e.reporting_currency
  FROM revenue.submission_errors(from_date, to_date, as_of, org) AS e WHERE e.counted
  GROUP BY GROUPING SETS (
    (e.org_id, e.reporting_currency, e.category), (e.org_id, e.reporting_currency, e.category, e.rep_id),
    (e.org_id, e.reporting_currency, e.category, e.lead_days_from), (e.org_id, e.reporting_currency, e.category, e.rep_id, e.lead_days_from))
  ORDER BY 1, 2, 3, 4, 5;
END $$;
COMMENT ON FUNCTION revenue.submission_accuracy IS
  'How near the submitted forecasts of periods that are over came, by category and by rep and lead time: WAPE = sum of |error| / sum of |actual|, bias = sum of error / sum of actual; of several submissions within 30 days of lead time the last counts';

CREATE OR REPLACE VIEW revenue.submission_accuracy WITH (security_invoker) AS
SELECT * FROM revenue.submission_accuracy();

COMMENT ON VIEW revenue.forecast_rollup IS 'The forecasts of the fiscal quarter along the managers, with overrides, now';
COMMENT ON VIEW revenue.submission_errors IS 'Each submission for a period that is over beside what was won in it';
COMMENT ON VIEW revenue.submission_accuracy IS 'How near the submitted forecasts came: WAPE and bias by category, rep and lead time';
COMMENT ON COLUMN revenue.forecast_rollup.category IS 'commit, best_case or pipeline, each with the surer ones in it';
COMMENT ON COLUMN revenue.submission_errors.category IS 'commit, best_case or pipeline, each with the surer ones in it';
COMMENT ON COLUMN revenue.submission_accuracy.category IS 'commit, best_case or pipeline, each with the surer ones in it';
COMMENT ON COLUMN revenue.submission_accuracy.dimension IS 'all, rep, lead_time or rep_lead_time: what the row is for';
COMMENT ON COLUMN revenue.submission_accuracy.forecast IS 'Sum of the forecasts';
COMMENT ON COLUMN revenue.submission_accuracy.actual IS 'Sum of what was won, once for each forecast';
COMMENT ON COLUMN revenue.submission_accuracy.error IS 'Sum of forecast - actual';
COMMENT ON COLUMN revenue.forecast_rollup.reason IS 'Why result is missing, or a submission is not in it';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "period_from": "First day of the period", "period_to": "Day after its last",
  "rep_id": "Rep", "rep_name": "His name", "manager_rep_id": "His manager; NULL = none", "depth": "How many managers are above him",
  "category": "closed, commit, best_case, pipeline or omitted",
  "own_amount": "What he submitted for his own deals", "submission_id": "That submission", "submitted_at": "When he submitted it",
  "reports_amount": "Sum of the results of those who report to him; NULL = none has one",
  "reports": "How many report to him", "missing_reports": "How many active ones of those have no result",
  "override_amount": "The figure in the place of own_amount and reports_amount", "override_id": "That override",
  "override_reason": "Why", "overridden_by": "Who did it",
  "resubmitted": "Whether he submitted again after he was overridden",
  "result": "override_amount, else own_amount + reports_amount",
  "version": "Number of the version", "submitted_on": "Day it was submitted",
  "lead_days": "Days from then to the last day of the period",
  "lead_days_from": "First of the 30 days of lead time; NULL = all",
  "counted": "Whether it counts in submission_accuracy: no later one within the same 30 days of lead time",
  "forecast": "What he submitted, at the rate of that day; NULL = no exchange rate",
  "actual": "What he won in the period", "error": "forecast - actual",
  "deals_without_value": "Deals that no sum contains: no amount or no exchange rate",
  "submissions": "Forecasts that count", "submissions_without_value": "Forecasts left out: no exchange rate",
  "absolute_error": "Sum of |forecast - actual|", "absolute_actual": "Sum of |actual|",
  "wape": "absolute_error / absolute_actual", "bias": "error / actual",
  "reporting_currency": "The organisation''s base currency"
}');
