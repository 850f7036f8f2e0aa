-- The room metrics: which metrics there are, and how an organisation computes them.

CREATE OR REPLACE FUNCTION revenue.metric_dimensions() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
 SELECT '{pipeline,segment,product,region,rep}'::text[];
END;
COMMENT ON FUNCTION revenue.metric_dimensions IS 'What metrics are recorded by, beside the whole';

-- kind: a stock is what there is at the end of a day, a flow what happened on it, a ratio the quotient of two
-- flows over a window. What became of a stock is no flow, because a flow has what came since too: a stock,
-- computed for each day. better: the direction that is good.
CREATE OR REPLACE FUNCTION revenue.builtin_metrics()
RETURNS TABLE (
  metric text, kind text, unit text, better text, numerator_metric text, denominator_metric text,
  sources text[], options jsonb, description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 40 BEGIN ATOMIC
  VALUES
    ('open_deals', 'stock', 'count', 'up', NULL::text, NULL::text, '{deals}'::text[], '{}'::jsonb, 'Open deals'),
    ('open_pipeline', 'stock', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{}', 'Value of the open deals'),
    ('qualified_open_deals', 'stock', 'count', 'up', NULL, NULL, '{deals}', '{}', 'Open deals in a qualified stage'),
    ('weighted_pipeline', 'stock', 'money', 'up', NULL, NULL, '{deals,activities,fx_rates}', '{}',
     'Sum of value x close probability of the open deals'),
    ('at_risk_deals', 'stock', 'count', 'down', NULL, NULL, '{deals,activities}', '{}',
     'Open deals whose health is critical or at risk'),
    ('forecast_30d', 'stock', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{}',
     'Expected value of what the open deals bring within 30 days'),
    ('coverage', 'stock', 'ratio', 'up', NULL, NULL, '{deals,fx_rates}', '{}',
     'Open pipeline that is to close in the fiscal quarter / its quota'),
    ('forecast_gap', 'stock', 'ratio', 'up', NULL, NULL, '{deals,fx_rates}', '{"basis": "commit"}',
     'What is committed for the fiscal quarter, or where basis is ai forecast for it, over its quota, less 1'),
    ('deals_created', 'flow', 'count', 'up', NULL, NULL, '{deals}', '{}',
     'Deals created on the day that were still there at its end'),
    ('created_value', 'flow', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{}', 'Value of deals_created'),
    ('deals_won', 'flow', 'count', 'up', NULL, NULL, '{deals}', '{}', 'Deals won on the day'),
    ('deals_lost', 'flow', 'count', 'down', NULL, NULL, '{deals}', '{}', 'Deals lost on the day'),
    ('deals_closed', 'flow', 'count', 'up', NULL, NULL, '{deals}', '{}', 'Deals won or lost on the day'),
    ('won_value', 'flow', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{}', 'Value won on the day'),
    ('closed_value', 'flow', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{}', 'Value won or lost on the day'),
    ('win_rate', 'ratio', 'ratio', 'up', 'deals_won', 'deals_closed', '{deals}', '{"window_days": 90}',
     'Won / (won + lost) by count, of the deals that closed in the last window_days'),
    ('win_rate_by_value', 'ratio', 'ratio', 'up', 'won_value', 'closed_value', '{deals,fx_rates}', '{"window_days": 90}',
     'Won / (won + lost) by value, of the deals that closed in the last window_days'),
    ('mean_won_value', 'stock', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{"window_days": 90}',
     'Mean value of the deals won in the last window_days'),
    ('mean_cycle_days', 'stock', 'days', 'down', NULL, NULL, '{deals}', '{"window_days": 90}',
     'Mean days from creation to close of the deals won in the last window_days'),
    ('sales_velocity', 'stock', 'money', 'up', NULL, NULL, '{deals,fx_rates}', '{"window_days": 90}',
     'Value won a day = qualified open deals x mean won value x win rate / mean cycle days, as sales_velocity() has it'),
    ('stage_transitions', 'flow', 'count', 'up', NULL, NULL, '{deals,contacts}', '{}',
     'Times that a deal or a contact entered a stage'),
    ('contacts_added', 'flow', 'count', 'up', NULL, NULL, '{contacts}', '{}', 'Contacts created on the day'),
    ('contacts_in_funnel', 'stock', 'count', 'up', NULL, NULL, '{contacts}', '{}', 'Contacts in an open stage of a funnel'),
    ('contact_forecast_30d', 'stock', 'money', 'up', NULL, NULL, '{contacts,fx_rates}', '{}',
     'Expected value of what the contacts in a funnel bring within 30 days'),
    ('emails_sent', 'flow', 'count', 'up', NULL, NULL, '{activities}', '{}', 'Outbound e-mails of the day'),
    ('email_replies', 'flow', 'count', 'up', NULL, NULL, '{activities}', '{"replies": "outcome"}',
     'Replies: outbound e-mails of the day whose outcome is replied; where replies is inbound, the inbound e-mails of the day'),
    ('reply_rate', 'ratio', 'ratio', 'up', 'email_replies', 'emails_sent', '{activities}', '{"window_days": 7}',
     'Replies / e-mails sent in the last window_days'),
    ('revenue', 'flow', 'money', 'up', NULL, NULL, '{revenue_events,deals,fx_rates}', '{}',
     'Revenue events and won deals without one of the day, each at its day''s rate'),
    ('acquisition_spend', 'flow', 'money', 'down', NULL, NULL, '{offer_activity,automation_days,fx_rates}', '{}',
     'What offers and automations cost on the day'),
    ('new_customers', 'flow', 'count', 'up', NULL, NULL, '{deals}', '{}',
     'Accounts won for the first time on the day; a won deal without an account counts as one'),
    ('cac', 'ratio', 'money', 'down', 'acquisition_spend', 'new_customers', '{offer_activity,automation_days,deals,fx_rates}',
     '{"window_days": 90}', 'Acquisition spend / new customers of the last window_days'),
    ('mrr', 'stock', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'Monthly recurring revenue'),
    ('arr', 'stock', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', '12 x MRR'),
    ('customers', 'stock', 'count', 'up', NULL, NULL, '{subscriptions}', '{}', 'Customers with MRR'),
    ('arpa', 'stock', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'MRR / the customers whose MRR has an exchange rate'),
    ('new_mrr', 'flow', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'MRR of customers that never paid before'),
    ('expansion_mrr', 'flow', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'MRR that customers added'),
    ('reactivation_mrr', 'flow', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'MRR of customers that came back'),
    ('contraction_mrr', 'flow', 'money', 'down', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'MRR lost with customers that stayed'),
    ('churned_mrr', 'flow', 'money', 'down', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'MRR lost with customers that left'),
    ('net_new_mrr', 'flow', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}',
     'New + expansion + reactivation - contraction - churned MRR'),
    ('net_new_arr', 'flow', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', '12 x net_new_mrr'),
    ('net_sales_efficiency', 'ratio', 'ratio', 'up', 'net_new_arr', 'acquisition_spend',
     '{subscriptions,offer_activity,automation_days,fx_rates}', '{"window_days": 90}', 'Net new ARR / acquisition spend of the last window_days'),
    ('magic_number', 'stock', 'ratio', 'up', NULL, NULL, '{subscriptions,offer_activity,automation_days,fx_rates}', '{"window_days": 91}',
     'Growth a year of recurring revenue from one run of window_days to the next / acquisition spend of the first'),
    ('simple_ltv', 'stock', 'money', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{"window_days": 90, "gross_margin": 1}',
     'MRR a customer x gross margin / the share of the customers of window_days before that was lost a month'),
    ('ltv_cac', 'stock', 'ratio', 'up', NULL, NULL, '{subscriptions,deals,offer_activity,automation_days,fx_rates}', '{}', 'simple_ltv / cac'),
    ('new_logos', 'flow', 'count', 'up', NULL, NULL, '{subscriptions}', '{}', 'Customers that never paid before'),
    ('churned_customers', 'flow', 'count', 'down', NULL, NULL, '{subscriptions}', '{}', 'Customers that left'),
    ('churn_rate', 'stock', 'ratio', 'down', NULL, NULL, '{subscriptions,fx_rates}', '{"window_days": 30}',
     'MRR of window_days before, of the customers that had some then and none at the end / all MRR of then, at the rates of then'),
    ('logo_churn', 'stock', 'ratio', 'down', NULL, NULL, '{subscriptions}', '{"window_days": 30}',
     'Customers of window_days before that are none at the end / all customers of then'),
    ('arr_growth', 'stock', 'ratio', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{}', 'ARR over that of twelve months before, less 1'),
    ('nrr', 'stock', 'ratio', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{"window_months": 12}',
     'Net retention: MRR of the customers that had some window_months before / what it was then, at the rates of then'),
    ('grr', 'stock', 'ratio', 'up', NULL, NULL, '{subscriptions,fx_rates}', '{"window_months": 12}',
     'Gross retention: the same without what a customer has more than then');
END;
COMMENT ON FUNCTION revenue.builtin_metrics IS
  'The metrics that are recorded every day, with their built-in options: a stock is what there is at the end of a day, a flow what happened on it, a ratio two flows over a window';

CREATE OR REPLACE FUNCTION revenue.metric_definitions_in_force(as_of date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  metric text, version integer, kind text, unit text, better text, numerator_metric text, denominator_metric text,
  sources text[], options jsonb, valid_from date, reason text, description text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 40 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  day date := coalesce(metric_definitions_in_force.as_of, revenue.org_today(chosen));
BEGIN
  RETURN QUERY
  SELECT b.metric, coalesce(d.version, 0), b.kind, b.unit, b.better, b.numerator_metric, b.denominator_metric,
    b.sources, b.options || coalesce(d.options, '{}'), d.valid_from, d.reason, b.description
  FROM revenue.builtin_metrics() AS b
  LEFT JOIN LATERAL (
    SELECT m.version, m.options, m.valid_from, m.reason FROM revenue.metric_definitions AS m
    WHERE m.org_id = chosen AND m.metric = b.metric AND m.valid_from <= day
    ORDER BY m.version DESC LIMIT 1) AS d ON true;
END $$;
COMMENT ON FUNCTION revenue.metric_definitions_in_force IS
  'How each metric is computed for a day (NULL = today): the organisation''s latest version in force, else the built-in one, which is version 0';

CREATE OR REPLACE FUNCTION revenue.check_metric(metric text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM revenue.builtin_metrics() AS b WHERE b.metric = check_metric.metric) THEN
    RAISE EXCEPTION 'unknown metric "%"', left(metric, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The metrics are listed by revenue.builtin_metrics().';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_metric IS 'An error with a hint where there is no metric of this name; NULL is one';

CREATE OR REPLACE FUNCTION revenue.check_metric_days(first_day date, last_day date, scored boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (first_day >= '0005-01-01' AND last_day <= '9999-11-01' AND last_day BETWEEN first_day AND first_day + 3660) IS NOT TRUE THEN
    RAISE EXCEPTION 'the days cannot be % to %', first_day, last_day USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass a first day that has begun and a last day not before it, ten years at most.';
  ELSIF scored AND last_day > first_day + 99 THEN
    RAISE EXCEPTION 'each deal would be scored on each of % days', last_day - first_day + 1 USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Take at most 100 days at once, or pass scored => false.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_metric_days IS 'An error with a hint where metrics cannot be computed for these days';

CREATE OR REPLACE FUNCTION revenue.set_metric_definition(
  metric text, options jsonb, reason text, valid_from date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  builtin jsonb;
  before jsonb;
  wrong text;
  next_version integer;
BEGIN
  PERFORM revenue.check_metric(coalesce(set_metric_definition.metric, ''));
  SELECT b.options INTO builtin FROM revenue.builtin_metrics() AS b WHERE b.metric = set_metric_definition.metric;
  IF jsonb_typeof(set_metric_definition.options) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION 'options must be a JSON object' USING ERRCODE = 'invalid_parameter_value',
      HINT = format('This metric has these: %s', builtin);
  ELSIF coalesce(set_metric_definition.reason, '') = '' THEN
    RAISE EXCEPTION 'a change of method needs a reason' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Say why; it stands beside every value that is computed so.';
  ELSIF NOT isfinite(set_metric_definition.valid_from) THEN
    RAISE EXCEPTION 'valid_from must be a date' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for today.';
  END IF;
  SELECT o.key INTO wrong FROM jsonb_each(set_metric_definition.options) AS o
  WHERE (CASE o.key
      WHEN 'window_days' THEN builtin ? o.key AND jsonb_typeof(o.value) = 'number' AND o.value::text ~ '^[1-9][0-9]{0,2}$'
      WHEN 'window_months' THEN builtin ? o.key AND jsonb_typeof(o.value) = 'number' AND o.value::text ~ '^([1-9][0-9]?|1[01][0-9]|120)$'
      WHEN 'replies' THEN builtin ? o.key AND o.value IN ('"outcome"', '"inbound"')
      WHEN 'basis' THEN builtin ? o.key AND o.value IN ('"commit"', '"ai"')
      WHEN 'gross_margin' THEN builtin ? o.key AND jsonb_typeof(o.value) = 'number' AND o.value::numeric BETWEEN 0.01 AND 1
      ELSE false END) IS NOT TRUE
  ORDER BY o.key LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'option "%" of % cannot be %', left(wrong, 100), set_metric_definition.metric,
        left((set_metric_definition.options -> wrong)::text, 100)
      USING ERRCODE = 'invalid_parameter_value',
        HINT = format('Its built-in options are %s; window_days is a whole number from 1 to 999, window_months from 1 to 120, gross_margin a share from 0.01 to 1, replies outcome or inbound, basis commit or ai.', builtin);
  END IF;
  PERFORM revenue.lock_org(chosen);
  SELECT d.options INTO before FROM revenue.metric_definitions_in_force(NULL, chosen) AS d
  WHERE d.metric = set_metric_definition.metric;
  INSERT INTO revenue.metric_definitions (org_id, metric, version, options, valid_from, reason, created_by)
  SELECT chosen, set_metric_definition.metric, coalesce(max(m.version), 0) + 1, set_metric_definition.options,
    coalesce(set_metric_definition.valid_from, revenue.org_today(chosen)), set_metric_definition.reason,
    coalesce(revenue.caller_identity(), session_user)
  FROM revenue.metric_definitions AS m WHERE m.org_id = chosen AND m.metric = set_metric_definition.metric
  RETURNING version INTO next_version;
  PERFORM revenue.audit('set_metric_definition', 'metric', set_metric_definition.metric, before,
    builtin || set_metric_definition.options, set_metric_definition.reason, chosen);
  RETURN next_version;
END $$;
COMMENT ON FUNCTION revenue.set_metric_definition IS
  'A change of method: another definition of a metric, in force from valid_from (NULL = today); returns its version. Values recorded before stay as they are. Owners only, audited';
