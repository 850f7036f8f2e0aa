-- The room alerts: the rules. A later metric is watched by one more row.

-- check_kind: change = a run of days against the run before, average = this month against the mean of the
-- closed months before, level = against a fixed value, sigma = against its own past, forecast = kept forecasts
-- against what is promised or what came, reported = another program says so, the others look at rows. What is
-- given as > or < fires beyond the threshold, a number of days fires on it.
CREATE OR REPLACE FUNCTION revenue.builtin_alert_rules()
RETURNS TABLE (
  rule text, check_kind text, metric text, options jsonb, threshold double precision, min_observations bigint,
  severity text, cool_down interval, recommendation text, description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30 BEGIN ATOMIC
  VALUES
    ('velocity_drop', 'change', 'sales_velocity', '{"period": "week", "measure": "relative", "direction": "down"}'::jsonb,
     0.2::double precision, 20::bigint, 'urgent', interval '7 days',
     'See which factor fell, and inspect the deals behind it: stage_conversion for where they wait, pipeline_waterfall for what left',
     'Sales velocity at the end of an ISO week more than 20 % below that of the week before'),
    ('win_rate_change', 'change', 'win_rate', '{"period": "month", "measure": "absolute", "direction": "both"}',
     0.1, 20, 'warning', interval '28 days',
     'Compare the closed deals of the two months by segment and loss reason',
     'Win rate of a month more than 10 percentage points from that of the month before'),
    ('cac_quarter', 'change', 'cac', '{"period": "quarter", "measure": "relative", "direction": "up"}',
     0.15, 5, 'warning', interval '80 days',
     'See offer_performance for spend without entries, and move it to the offers that close',
     'Customer acquisition cost of a fiscal quarter more than 15 % above that of the quarter before'),
    ('cac_rising', 'change', 'cac', '{"period": "days", "days": 30, "measure": "relative", "direction": "up"}',
     0.15, 5, 'warning', interval '30 days',
     'See offer_performance for spend without entries, and move it to the offers that close',
     'Customer acquisition cost of 30 days more than 15 % above that of the 30 days before'),
    ('reply_rate_drop', 'change', 'reply_rate', '{"period": "days", "days": 7, "measure": "relative", "direction": "down"}',
     0.15, 100, 'warning', interval '7 days',
     'Change subject lines and the opening, rest the tired segment, and check that mails arrive',
     'Reply rate of the last 7 full days more than 15 % below that of the 7 days before'),
    ('forecast_drop', 'change', 'forecast_30d', '{"period": "days", "days": 7, "measure": "relative", "direction": "down"}',
     0.2, 5, 'urgent', interval '7 days',
     'See pipeline_waterfall for what was lost and pushed, and deal_forecast for what is left',
     '30-day forecast more than 20 % below that of 7 days before'),
    ('mrr_movement', 'sigma', 'net_new_mrr', '{}', 2, 1, 'warning', interval '7 days',
     'See arr_movements for the customers behind it',
     'Net new MRR of a day more than 2 sigmas from its own past, after a baseline of 90 days'),
    ('churn_spike', 'average', 'churn_rate', '{}', 1.5, 20, 'urgent', interval '28 days',
     'Call the accounts that account_scores ranks highest by churn risk, in the affected segment first',
     'MRR lost with customers in the last 30 days more than 1.5 times the mean of the ends of the six closed months before'),
    ('growth_low', 'level', 'arr_growth', '{"direction": "down"}', 0.2, 1, 'warning', interval '30 days',
     'Compare new, expansion and churned MRR with the year before',
     'ARR grew less than 20 % in a year'),
    ('nrr_low', 'level', 'nrr', '{"direction": "down"}', 1.5, 20, 'warning', interval '30 days',
     'See arr_movements for contraction and churn, and the expansion that is missing to the target',
     'Net retention of a year below its target of 150 %'),
    ('arr_milestone', 'milestone', 'arr', '{}', 0.9, 1, 'info', interval '0',
     'Tell the team',
     'ARR reached 90, 95, 99 or 100 % of the option target'),
    ('arr_pace', 'pace', 'arr', '{}', 1, 1, 'warning', interval '7 days',
     'Compare new, expansion and churned MRR with the plan, and move the date or the means',
     'ARR grew by less a day, over 30 days, than it takes to reach the option target by target_date'),
    ('pipeline_anomaly', 'sigma', 'open_pipeline', '{}', 2, 20, 'warning', interval '7 days',
     'See pipeline_waterfall for what came and left, and inspect the deals of the affected segment',
     'Open pipeline more than 2 sigmas from its own past, after a baseline of 90 days'),
    ('coverage_low', 'level', 'coverage', '{"direction": "down"}', 4, 5, 'warning', interval '30 days',
     'See pipeline_generation and top_sources for where pipeline comes from, and what coverage is required by the win rate',
     'Open pipeline of the fiscal quarter below 4 times its quota'),
    ('forecast_gap', 'level', 'forecast_gap', '{"direction": "down"}', -0.1, 5, 'urgent', interval '14 days',
     'Inspect the deals that are to close in the quarter, and what was committed without them',
     'What is committed for the fiscal quarter more than 10 % below its quota'),
    ('forecast_review', 'forecast', 'bookings', '{"against": "commit"}', 0.2, 5, 'warning', interval '7 days',
     'Compare the forecast with what was submitted, deal by deal, and say what was found: review_forecast()',
     'Forecast of a running period more than 20 % from what people commit to, and nobody has reviewed it'),
    ('forecast_variance', 'forecast', 'bookings', '{"against": "actual", "lead_days": 30}', 0.05, 5, 'warning', interval '30 days',
     'See forecast_accuracy for where the forecasts are off, and deal_movements for what moved',
     'Forecast of a period, made 30 days before its end, more than 5 % from what came of it'),
    ('efficiency_declining', 'change', 'magic_number', '{"period": "quarter", "measure": "absolute", "direction": "down", "running": 2}',
     0, 5, 'warning', interval '80 days',
     'See net_sales_efficiency, cac and offer_performance for what costs more or brings less',
     'Magic number worse than in the quarter before, two quarters running'),
    ('ltv_deviation', 'change', 'simple_ltv', '{"period": "quarter", "measure": "relative", "direction": "both"}',
     0.2, 20, 'warning', interval '80 days',
     'See cohort_ltv for the cohorts behind it, and whether it is ARPA or churn that moved',
     'Customer lifetime value at the end of a fiscal quarter more than 20 % from that of the quarter before'),
    ('ltv_cac_low', 'level', 'ltv_cac', '{"direction": "down"}', 3, 20, 'warning', interval '30 days',
     'Move spend to the offers that close, and call the accounts that account_scores ranks highest by churn risk',
     'Customer lifetime value below 3 times what a customer costs'),
    ('cycle_long', 'level', 'mean_cycle_days', '{"direction": "up"}', 120, 20, 'warning', interval '30 days',
     'See stage_conversion for the stages in which deals wait',
     'Deals won in the last 90 days took more than 120 days on average'),
    ('stage_silence', 'silence', NULL, '{}', 5, 1, 'warning', interval '5 days',
     'Review the open deals and contacts with their owners, or check that stages are kept up',
     'No deal and no contact moved to another stage for 5 days'),
    ('decision_untouched', 'untouched', NULL, '{"stage": "decision"}', 3, 1, 'urgent', interval '3 days',
     'Call them today',
     'Contacts in the decision stage that nobody touched for 3 days'),
    ('at_risk_deals', 'at_risk', NULL, '{}', 10000, 1, 'warning', interval '14 days',
     'See the risk factors of each, and agree on a next step with its owner',
     'Open deals at risk of 10,000 and more, those that are new among them'),
    ('deal_closed', 'deal_closed', NULL, '{}', 0, 1, 'info', interval '0',
     'Hand over to onboarding',
     'A deal was won'),
    ('large_deal', 'deal_closed', NULL, '{}', 5000000, 1, 'urgent', interval '0',
     'Tell the executives, and plan the start with the customer',
     'A deal of more than 5 million was won'),
    ('fortune_500_customer', 'deal_closed', NULL, '{"new_customer": true, "segments": ["fortune_500"], "annual_revenue": 7400000000}',
     0, 1, 'urgent', interval '0',
     'Tell the executives, and give the customer a sponsor among them',
     'First deal won with an account that is among the 500 largest by its segment, or by its own revenue of 7.4 billion and more'),
    ('job_failed', 'reported', NULL, '{}', 0, 1, 'urgent', interval '0',
     'See job_status for the error; the job is tried again by itself',
     'A scheduled job failed');
END;
COMMENT ON FUNCTION revenue.builtin_alert_rules IS
  'What is watched: how a rule judges, where it fires, with how few observations it does not, how long a resolved cause stays quiet';

CREATE OR REPLACE FUNCTION revenue.alert_rules_in_force(org integer DEFAULT NULL)
RETURNS TABLE (
  rule text, version integer, enabled boolean, check_kind text, metric text, options jsonb, threshold double precision,
  min_observations bigint, severity text, cool_down interval, destinations text[], recommendation text, description text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 30 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN QUERY
  WITH own AS (
    SELECT DISTINCT ON (r.rule) r.* FROM revenue.alert_rules AS r WHERE r.org_id = chosen ORDER BY r.rule, r.version DESC
  )
  SELECT coalesce(b.rule, o.rule), coalesce(o.version, 0), coalesce(o.enabled, true), coalesce(o.check_kind, b.check_kind),
    coalesce(o.metric, b.metric), coalesce(b.options, '{}') || coalesce(o.options, '{}'), coalesce(o.threshold, b.threshold),
    coalesce(o.min_observations, b.min_observations, 1), coalesce(o.severity, b.severity, 'warning'),
    coalesce(o.cool_down, b.cool_down, interval '1 day'),
    coalesce(o.destinations, (SELECT a.destinations FROM own AS a WHERE a.rule = 'all'), '{}'),
    coalesce(o.recommendation, b.recommendation), b.description
  FROM revenue.builtin_alert_rules() AS b FULL JOIN own AS o USING (rule)
  WHERE coalesce(b.rule, o.rule) <> 'all';
END $$;
COMMENT ON FUNCTION revenue.alert_rules_in_force IS
  'The rules of an organisation: the built-in ones with what it changed, and its own. Version 0 = built-in';

CREATE OR REPLACE FUNCTION revenue.check_alert_rule(
  rule text, check_kind text, metric text, options jsonb, threshold double precision, min_observations bigint,
  severity text, cool_down interval, destinations text[])
RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  builtin record;
  kind text;
  wrong text;
BEGIN
  SELECT b.* INTO builtin FROM revenue.builtin_alert_rules() AS b WHERE b.rule = check_alert_rule.rule;
  kind := coalesce(check_kind, builtin.check_kind);
  wrong := CASE
    WHEN coalesce(rule, '') !~ '^[a-z][a-z0-9_]{0,62}$' THEN 'a rule has a name of small letters, digits and _'
    WHEN severity NOT IN ('info', 'warning', 'urgent', 'critical') THEN 'severity must be info, warning, urgent or critical'
    WHEN cool_down NOT BETWEEN interval '0' AND interval '10 years' THEN 'cool_down must be from 0 to ten years'
    WHEN min_observations NOT BETWEEN 0 AND 1000000000 THEN 'min_observations must be from 0 to 1000000000'
    WHEN NOT abs(threshold) <= 1e15 THEN 'threshold must be a number up to 1e15 either way'
    WHEN EXISTS (SELECT FROM unnest(destinations) AS d
      WHERE (d ~ '^(telegram|slack|webhook|email):[a-z][a-z0-9_]{0,62}$') IS NOT TRUE)
      THEN 'a destination is a channel and a name, such as slack:sales'
    WHEN rule = 'all' AND (kind IS NOT NULL OR metric IS NOT NULL) THEN 'the rule all judges nothing'
    WHEN rule = 'all' THEN NULL
    WHEN kind IS NULL THEN 'a rule of one''s own needs a check_kind'
    WHEN kind NOT IN ('change', 'average', 'level', 'sigma', 'milestone', 'pace', 'forecast', 'silence', 'untouched', 'at_risk',
        'deal_closed', 'reported')
      THEN 'unknown check_kind'
    WHEN kind <> builtin.check_kind THEN 'a built-in rule keeps its check_kind'
    WHEN kind IN ('change', 'average', 'level', 'sigma', 'milestone', 'pace') AND NOT EXISTS (
      SELECT FROM revenue.builtin_metrics() AS b WHERE b.metric = coalesce(check_alert_rule.metric, builtin.metric))
      THEN 'the rule needs a metric of builtin_metrics()'
    WHEN kind = 'forecast' AND coalesce(check_alert_rule.metric, builtin.metric, '') NOT IN ('bookings', 'mrr', 'arr')
      THEN 'a forecast is of bookings, mrr or arr'
    WHEN coalesce(threshold, builtin.threshold) IS NULL THEN 'the rule needs a threshold'
    WHEN jsonb_typeof(options) <> 'object' THEN 'options must be a JSON object'
    ELSE (SELECT 'option ' || left(o.key || ' cannot be ' || o.value, 100) FROM jsonb_each(options) AS o
      WHERE (CASE o.key
        WHEN 'period' THEN o.value IN ('"days"', '"week"', '"month"', '"quarter"')
        WHEN 'days' THEN jsonb_typeof(o.value) = 'number' AND o.value::text ~ '^[1-9][0-9]{0,2}$'
        WHEN 'measure' THEN o.value IN ('"relative"', '"absolute"')
        WHEN 'direction' THEN o.value IN ('"up"', '"down"', '"both"')
        WHEN 'by' THEN o.value #>> '{}' = ANY (revenue.metric_dimensions())
        WHEN 'member' THEN jsonb_typeof(o.value) = 'string'
        WHEN 'running' THEN o.value::text ~ '^[1-8]$'
        WHEN 'stage' THEN jsonb_typeof(o.value) = 'string'
        WHEN 'against' THEN o.value IN ('"commit"', '"actual"')
        WHEN 'lead_days' THEN o.value::text ~ '^[0-9]{1,3}$'
        WHEN 'new_customer' THEN jsonb_typeof(o.value) = 'boolean'
        WHEN 'segments' THEN jsonb_typeof(o.value) = 'array' AND NOT o.value @? '$[*] ? (@.type() != "string")'
        WHEN 'annual_revenue' THEN jsonb_typeof(o.value) = 'number' AND o.value::numeric BETWEEN 0 AND 1e15
        WHEN 'target' THEN jsonb_typeof(o.value) = 'number' AND o.value::numeric BETWEEN 1e-6 AND 1e15
        WHEN 'target_date' THEN o.value::text ~ '^"[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"$'
          AND substr(o.value #>> '{}', 9)::integer <= extract(day FROM ((substr(o.value #>> '{}', 1, 8) || '01')::date + interval '1 month')::date - 1)
        ELSE false END) IS NOT TRUE
      ORDER BY o.key LIMIT 1)
  END;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value',
      HINT = format('Options are period (days, week, month, quarter), days, measure (relative, absolute), direction (up, down, both), running, by (%s), member, target, target_date, against (commit, actual), lead_days, stage, new_customer, segments and annual_revenue; revenue.builtin_alert_rules() has examples.',
        array_to_string(revenue.metric_dimensions(), ', '));
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_alert_rule IS 'An error with a hint where a rule cannot be so; NULL = as built in';

CREATE OR REPLACE FUNCTION revenue.set_alert_rule(
  rule text, enabled boolean DEFAULT NULL, threshold double precision DEFAULT NULL, min_observations bigint DEFAULT NULL,
  severity text DEFAULT NULL, cool_down interval DEFAULT NULL, destinations text[] DEFAULT NULL, check_kind text DEFAULT NULL,
  metric text DEFAULT NULL, options jsonb DEFAULT NULL, recommendation text DEFAULT NULL, reason text DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  before revenue.alert_rules;
  after revenue.alert_rules;
BEGIN
  PERFORM revenue.lock_org(chosen);
  SELECT * INTO before FROM revenue.alert_rules AS r
  WHERE r.org_id = chosen AND r.rule = set_alert_rule.rule ORDER BY r.version DESC LIMIT 1;
  after := before;
  after.org_id := chosen;
  after.rule := set_alert_rule.rule;
  after.version := coalesce(before.version, 0) + 1;
  after.enabled := coalesce(set_alert_rule.enabled, before.enabled, true);
  after.check_kind := coalesce(set_alert_rule.check_kind, before.check_kind);
  after.metric := coalesce(set_alert_rule.metric, before.metric);
  after.options := CASE WHEN jsonb_typeof(set_alert_rule.options) = 'object' OR set_alert_rule.options IS NULL
    THEN coalesce(before.options, '{}') || coalesce(set_alert_rule.options, '{}') ELSE set_alert_rule.options END;
  after.threshold := coalesce(set_alert_rule.threshold, before.threshold);
  after.min_observations := coalesce(set_alert_rule.min_observations, before.min_observations);
  after.severity := coalesce(set_alert_rule.severity, before.severity);
  after.cool_down := coalesce(set_alert_rule.cool_down, before.cool_down);
  after.destinations := coalesce(set_alert_rule.destinations, before.destinations);
  after.recommendation := coalesce(set_alert_rule.recommendation, before.recommendation);
  after.reason := set_alert_rule.reason;
  after.created_at := now();
  after.created_by := coalesce(revenue.caller_identity(), session_user);
  PERFORM revenue.check_alert_rule(after.rule, after.check_kind, after.metric, after.options, after.threshold,
    after.min_observations, after.severity, after.cool_down, after.destinations);
  INSERT INTO revenue.alert_rules SELECT (after).*;
  PERFORM revenue.audit('set_alert_rule', 'alert_rule', after.rule, to_jsonb(before), to_jsonb(after), after.reason, chosen);
  RETURN after.version;
END $$;
COMMENT ON FUNCTION revenue.set_alert_rule IS
  'Changes a rule, or adds one: what is left out stays as it was; returns its version. The rule all holds the destinations of every rule that names none. Admins and owners, audited';
