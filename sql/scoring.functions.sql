-- The room scoring: scores of deals, contacts and accounts as functions of their inputs.
-- Every score has an explained form whose breakdown adds up to it.

-- Deals -------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.close_probability(
  deal_stage text DEFAULT NULL,
  days_in_stage double precision DEFAULT NULL,
  lead_score double precision DEFAULT NULL,
  num_interactions bigint DEFAULT NULL,
  num_objections_handled bigint DEFAULT NULL,
  champion_identified boolean DEFAULT NULL,
  budget_confirmed boolean DEFAULT NULL,
  decision_maker_engaged boolean DEFAULT NULL,
  competitors_mentioned bigint DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'close_probability';
COMMENT ON FUNCTION revenue.close_probability IS
  'Probability, 0 to 1, that a deal is won: points of evidence on the log-odds scale over the base of its stage. NULL = unknown, which is not a no; weights = a part of the framework, NULL = built-in';

CREATE OR REPLACE FUNCTION revenue.explain_close_probability(
  deal_stage text DEFAULT NULL,
  days_in_stage double precision DEFAULT NULL,
  lead_score double precision DEFAULT NULL,
  num_interactions bigint DEFAULT NULL,
  num_objections_handled bigint DEFAULT NULL,
  champion_identified boolean DEFAULT NULL,
  budget_confirmed boolean DEFAULT NULL,
  decision_maker_engaged boolean DEFAULT NULL,
  competitors_mentioned bigint DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_close_probability';
COMMENT ON FUNCTION revenue.explain_close_probability IS
  'close_probability in whole percent with confidence, key_factors and a breakdown in points that adds up to raw_points';

CREATE OR REPLACE FUNCTION revenue.deal_health(
  deal_stage text DEFAULT NULL,
  days_in_stage double precision DEFAULT NULL,
  days_since_last_activity double precision DEFAULT NULL,
  num_interactions bigint DEFAULT NULL,
  lead_score double precision DEFAULT NULL,
  champion_identified boolean DEFAULT NULL,
  budget_confirmed boolean DEFAULT NULL,
  decision_maker_engaged boolean DEFAULT NULL,
  days_to_close_date double precision DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'deal_health';
COMMENT ON FUNCTION revenue.deal_health IS
  'Health of a deal, 0 to 100, from velocity, engagement and qualification';

CREATE OR REPLACE FUNCTION revenue.explain_deal_health(
  deal_stage text DEFAULT NULL,
  days_in_stage double precision DEFAULT NULL,
  days_since_last_activity double precision DEFAULT NULL,
  num_interactions bigint DEFAULT NULL,
  lead_score double precision DEFAULT NULL,
  champion_identified boolean DEFAULT NULL,
  budget_confirmed boolean DEFAULT NULL,
  decision_maker_engaged boolean DEFAULT NULL,
  days_to_close_date double precision DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_deal_health';
COMMENT ON FUNCTION revenue.explain_deal_health IS
  'deal_health with category, confidence, risk_factors and a breakdown that adds up to the score';

CREATE OR REPLACE FUNCTION revenue.deal_risk_factors(
  deal_stage text DEFAULT NULL,
  days_in_stage double precision DEFAULT NULL,
  days_since_last_activity double precision DEFAULT NULL,
  num_interactions bigint DEFAULT NULL,
  lead_score double precision DEFAULT NULL,
  champion_identified boolean DEFAULT NULL,
  budget_confirmed boolean DEFAULT NULL,
  decision_maker_engaged boolean DEFAULT NULL,
  days_to_close_date double precision DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS text[] LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'deal_risk_factors';
COMMENT ON FUNCTION revenue.deal_risk_factors IS
  'What endangers a deal, such as Stagnant for 75 days';

CREATE OR REPLACE FUNCTION revenue.health_category(score double precision, weights jsonb DEFAULT NULL)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'health_category';
COMMENT ON FUNCTION revenue.health_category IS
  'critical (below 40), at_risk (below 60), healthy (below 80) or strong, with the limits of the framework';

CREATE OR REPLACE FUNCTION revenue.deal_value(
  product_plan text DEFAULT NULL,
  num_users_planned bigint DEFAULT NULL,
  base_list_price_per_user numeric DEFAULT NULL,
  discount_pct double precision DEFAULT NULL,
  billing_cycle text DEFAULT NULL,
  contract_term_months integer DEFAULT NULL,
  industry text DEFAULT NULL,
  deal_stage text DEFAULT NULL,
  similar_closed_deals_avg_acv numeric DEFAULT NULL,
  expansion_potential_factor double precision DEFAULT NULL,
  similar_closed_deals_count bigint DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS numeric LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'deal_value';
COMMENT ON FUNCTION revenue.deal_value IS
  'Expected value of a deal weighted by its stage: users x price x months less discount, times industry, expansion and stage factors, blended with comparables by n / (n + k)';

CREATE OR REPLACE FUNCTION revenue.predict_deal_value(
  product_plan text DEFAULT NULL,
  num_users_planned bigint DEFAULT NULL,
  base_list_price_per_user numeric DEFAULT NULL,
  discount_pct double precision DEFAULT NULL,
  billing_cycle text DEFAULT NULL,
  contract_term_months integer DEFAULT NULL,
  industry text DEFAULT NULL,
  deal_stage text DEFAULT NULL,
  similar_closed_deals_avg_acv numeric DEFAULT NULL,
  expansion_potential_factor double precision DEFAULT NULL,
  similar_closed_deals_count bigint DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'predict_deal_value';
COMMENT ON FUNCTION revenue.predict_deal_value IS
  'deal_value with confidence_score and the breakdown of every factor; a missing value has a reason';

-- Contacts and accounts ---------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.lead_score(
  seniority text DEFAULT NULL,
  company_employees bigint DEFAULT NULL,
  industry_match boolean DEFAULT NULL,
  email_opens bigint DEFAULT NULL,
  email_clicks bigint DEFAULT NULL,
  page_visits bigint DEFAULT NULL,
  replies bigint DEFAULT NULL,
  meetings bigint DEFAULT NULL,
  days_since_last_engagement double precision DEFAULT NULL,
  unsubscribed boolean DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'lead_score';
COMMENT ON FUNCTION revenue.lead_score IS
  'Score of a contact, 0 to 100, from fit and engagement';

CREATE OR REPLACE FUNCTION revenue.explain_lead_score(
  seniority text DEFAULT NULL,
  company_employees bigint DEFAULT NULL,
  industry_match boolean DEFAULT NULL,
  email_opens bigint DEFAULT NULL,
  email_clicks bigint DEFAULT NULL,
  page_visits bigint DEFAULT NULL,
  replies bigint DEFAULT NULL,
  meetings bigint DEFAULT NULL,
  days_since_last_engagement double precision DEFAULT NULL,
  unsubscribed boolean DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_lead_score';
COMMENT ON FUNCTION revenue.explain_lead_score IS
  'lead_score with grade, key_factors and a breakdown that adds up to the score';

CREATE OR REPLACE FUNCTION revenue.churn_risk(
  usage_recent double precision DEFAULT NULL,
  usage_prior double precision DEFAULT NULL,
  open_tickets bigint DEFAULT NULL,
  escalations bigint DEFAULT NULL,
  days_overdue double precision DEFAULT NULL,
  failed_payments bigint DEFAULT NULL,
  nps double precision DEFAULT NULL,
  csat double precision DEFAULT NULL,
  days_to_renewal double precision DEFAULT NULL,
  champion_left boolean DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'churn_risk';
COMMENT ON FUNCTION revenue.churn_risk IS
  'Risk of losing an account, 0 to 100, from usage, support, payments and sentiment; a complete stop in usage is the largest decline';

CREATE OR REPLACE FUNCTION revenue.explain_churn_risk(
  usage_recent double precision DEFAULT NULL,
  usage_prior double precision DEFAULT NULL,
  open_tickets bigint DEFAULT NULL,
  escalations bigint DEFAULT NULL,
  days_overdue double precision DEFAULT NULL,
  failed_payments bigint DEFAULT NULL,
  nps double precision DEFAULT NULL,
  csat double precision DEFAULT NULL,
  days_to_renewal double precision DEFAULT NULL,
  champion_left boolean DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_churn_risk';
COMMENT ON FUNCTION revenue.explain_churn_risk IS
  'churn_risk with category, risk_factors and a breakdown that adds up to the score';

CREATE OR REPLACE FUNCTION revenue.expansion_score(
  seats_used bigint DEFAULT NULL,
  seats_bought bigint DEFAULT NULL,
  usage double precision DEFAULT NULL,
  usage_limit double precision DEFAULT NULL,
  products_owned bigint DEFAULT NULL,
  products_available bigint DEFAULT NULL,
  usage_growth double precision DEFAULT NULL,
  account_health double precision DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'expansion_score';
COMMENT ON FUNCTION revenue.expansion_score IS
  'Room to grow in an account, 0 to 100: seats, plan, usage growth, products not yet owned';

CREATE OR REPLACE FUNCTION revenue.explain_expansion_score(
  seats_used bigint DEFAULT NULL,
  seats_bought bigint DEFAULT NULL,
  usage double precision DEFAULT NULL,
  usage_limit double precision DEFAULT NULL,
  products_owned bigint DEFAULT NULL,
  products_available bigint DEFAULT NULL,
  usage_growth double precision DEFAULT NULL,
  account_health double precision DEFAULT NULL,
  weights jsonb DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_expansion_score';
COMMENT ON FUNCTION revenue.explain_expansion_score IS
  'expansion_score with opportunities and a breakdown by kind that adds up to the score';

-- What if -----------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.scenario_forecast(
  pipeline numeric,
  win_rate double precision,
  win_rate_increase double precision DEFAULT NULL,
  deal_size_increase double precision DEFAULT NULL,
  pipeline_growth double precision DEFAULT NULL)
RETURNS numeric LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'scenario_forecast';
COMMENT ON FUNCTION revenue.scenario_forecast IS
  'Projected forecast of a scenario: pipeline x (1 + growth) x (1 + deal size) x win rate, the win rate capped at 1';

CREATE OR REPLACE FUNCTION revenue.scenario(
  pipeline numeric,
  win_rate double precision,
  win_rate_increase double precision DEFAULT NULL,
  deal_size_increase double precision DEFAULT NULL,
  pipeline_growth double precision DEFAULT NULL)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'scenario';
COMMENT ON FUNCTION revenue.scenario IS
  'Baseline, projection and delta when the win rate, the deal size and the pipeline change by these relative amounts';

-- Aggregates --------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.weighted_pipeline_add(internal, numeric, double precision)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weighted_pipeline_add';
CREATE OR REPLACE FUNCTION revenue.weighted_pipeline_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weighted_pipeline_merge';
CREATE OR REPLACE FUNCTION revenue.weighted_pipeline_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weighted_pipeline_serialize';
CREATE OR REPLACE FUNCTION revenue.weighted_pipeline_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'weighted_pipeline_deserialize';
CREATE OR REPLACE FUNCTION revenue.weighted_pipeline_result(internal)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'weighted_pipeline_result';
CREATE OR REPLACE AGGREGATE revenue.weighted_pipeline(amount numeric, probability double precision) (
  SFUNC = revenue.weighted_pipeline_add, STYPE = internal, SSPACE = 32, FINALFUNC = revenue.weighted_pipeline_result,
  COMBINEFUNC = revenue.weighted_pipeline_merge, SERIALFUNC = revenue.weighted_pipeline_serialize,
  DESERIALFUNC = revenue.weighted_pipeline_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.weighted_pipeline(numeric, double precision) IS
  'Sum of amount x probability, the same in any order of the rows';
COMMENT ON FUNCTION revenue.weighted_pipeline_add(internal, numeric, double precision) IS 'Part of the aggregate weighted_pipeline';
COMMENT ON FUNCTION revenue.weighted_pipeline_merge(internal, internal) IS 'Part of the aggregate weighted_pipeline';
COMMENT ON FUNCTION revenue.weighted_pipeline_serialize(internal) IS 'Part of the aggregate weighted_pipeline';
COMMENT ON FUNCTION revenue.weighted_pipeline_deserialize(bytea, internal) IS 'Part of the aggregate weighted_pipeline';
COMMENT ON FUNCTION revenue.weighted_pipeline_result(internal) IS 'Part of the aggregate weighted_pipeline';

CREATE OR REPLACE FUNCTION revenue.scored_pipeline_add(internal, numeric, text, double precision, double precision, bigint, bigint, boolean, boolean, boolean, bigint, jsonb)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'scored_pipeline_add';
CREATE OR REPLACE FUNCTION revenue.scored_pipeline_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'scored_pipeline_merge';
CREATE OR REPLACE FUNCTION revenue.scored_pipeline_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'scored_pipeline_serialize';
CREATE OR REPLACE FUNCTION revenue.scored_pipeline_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'scored_pipeline_deserialize';
CREATE OR REPLACE FUNCTION revenue.scored_pipeline_result(internal)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'scored_pipeline_result';
CREATE OR REPLACE AGGREGATE revenue.scored_pipeline(amount numeric, deal_stage text, days_in_stage double precision, lead_score double precision, num_interactions bigint, num_objections_handled bigint, champion_identified boolean, budget_confirmed boolean, decision_maker_engaged boolean, competitors_mentioned bigint, weights jsonb) (
  SFUNC = revenue.scored_pipeline_add, STYPE = internal, SSPACE = 32, FINALFUNC = revenue.scored_pipeline_result,
  COMBINEFUNC = revenue.scored_pipeline_merge, SERIALFUNC = revenue.scored_pipeline_serialize,
  DESERIALFUNC = revenue.scored_pipeline_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.scored_pipeline(numeric, text, double precision, double precision, bigint, bigint, boolean, boolean, boolean, bigint, jsonb) IS
  'Sum of amount x close_probability(...), scored and summed in one pass';
COMMENT ON FUNCTION revenue.scored_pipeline_add(internal, numeric, text, double precision, double precision, bigint, bigint, boolean, boolean, boolean, bigint, jsonb) IS 'Part of the aggregate scored_pipeline';
COMMENT ON FUNCTION revenue.scored_pipeline_merge(internal, internal) IS 'Part of the aggregate scored_pipeline';
COMMENT ON FUNCTION revenue.scored_pipeline_serialize(internal) IS 'Part of the aggregate scored_pipeline';
COMMENT ON FUNCTION revenue.scored_pipeline_deserialize(bytea, internal) IS 'Part of the aggregate scored_pipeline';
COMMENT ON FUNCTION revenue.scored_pipeline_result(internal) IS 'Part of the aggregate scored_pipeline';

CREATE OR REPLACE FUNCTION revenue.score_quality_add(internal, double precision, boolean)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'score_quality_add';
CREATE OR REPLACE FUNCTION revenue.score_quality_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'score_quality_merge';
CREATE OR REPLACE FUNCTION revenue.score_quality_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'score_quality_serialize';
CREATE OR REPLACE FUNCTION revenue.score_quality_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'score_quality_deserialize';
CREATE OR REPLACE FUNCTION revenue.score_quality_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'score_quality_result';
CREATE OR REPLACE AGGREGATE revenue.score_quality(probability double precision, won boolean) (
  SFUNC = revenue.score_quality_add, STYPE = internal, SSPACE = 1800, FINALFUNC = revenue.score_quality_result,
  COMBINEFUNC = revenue.score_quality_merge, SERIALFUNC = revenue.score_quality_serialize,
  DESERIALFUNC = revenue.score_quality_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.score_quality(double precision, boolean) IS
  'How good probabilities were against outcomes: n, log_loss, brier, calibration_error (10 bins), binned_auc, mean_predicted, win_rate, calibration table';
COMMENT ON FUNCTION revenue.score_quality_add(internal, double precision, boolean) IS 'Part of the aggregate score_quality';
COMMENT ON FUNCTION revenue.score_quality_merge(internal, internal) IS 'Part of the aggregate score_quality';
COMMENT ON FUNCTION revenue.score_quality_serialize(internal) IS 'Part of the aggregate score_quality';
COMMENT ON FUNCTION revenue.score_quality_deserialize(bytea, internal) IS 'Part of the aggregate score_quality';
COMMENT ON FUNCTION revenue.score_quality_result(internal) IS 'Part of the aggregate score_quality';

CREATE OR REPLACE FUNCTION revenue.pipeline_totals_add(internal, numeric, text, double precision, double precision, bigint, double precision, boolean, boolean, boolean, double precision, bigint, bigint, jsonb)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pipeline_totals_add';
CREATE OR REPLACE FUNCTION revenue.pipeline_totals_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pipeline_totals_merge';
CREATE OR REPLACE FUNCTION revenue.pipeline_totals_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pipeline_totals_serialize';
CREATE OR REPLACE FUNCTION revenue.pipeline_totals_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pipeline_totals_deserialize';
CREATE OR REPLACE FUNCTION revenue.pipeline_totals_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'pipeline_totals_result';
CREATE OR REPLACE AGGREGATE revenue.pipeline_totals(amount numeric, deal_stage text, days_in_stage double precision,
  days_since_last_activity double precision, num_interactions bigint, lead_score double precision,
  champion_identified boolean, budget_confirmed boolean, decision_maker_engaged boolean,
  days_to_close_date double precision, num_objections_handled bigint, competitors_mentioned bigint, weights jsonb) (
  SFUNC = revenue.pipeline_totals_add, STYPE = internal, SSPACE = 128, FINALFUNC = revenue.pipeline_totals_result,
  COMBINEFUNC = revenue.pipeline_totals_merge, SERIALFUNC = revenue.pipeline_totals_serialize,
  DESERIALFUNC = revenue.pipeline_totals_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.pipeline_totals(numeric, text, double precision, double precision, bigint, double precision, boolean, boolean, boolean, double precision, bigint, bigint, jsonb) IS
  'What open deals of one currency add up to, every score computed once: deal_count, valued_deals, weighted_value, forecast, forecast_90d, at_risk_deals, health_sum, days_in_stage_sum';
COMMENT ON FUNCTION revenue.pipeline_totals_add(internal, numeric, text, double precision, double precision, bigint, double precision, boolean, boolean, boolean, double precision, bigint, bigint, jsonb) IS 'Part of the aggregate pipeline_totals';
COMMENT ON FUNCTION revenue.pipeline_totals_merge(internal, internal) IS 'Part of the aggregate pipeline_totals';
COMMENT ON FUNCTION revenue.pipeline_totals_serialize(internal) IS 'Part of the aggregate pipeline_totals';
COMMENT ON FUNCTION revenue.pipeline_totals_deserialize(bytea, internal) IS 'Part of the aggregate pipeline_totals';
COMMENT ON FUNCTION revenue.pipeline_totals_result(internal) IS 'Part of the aggregate pipeline_totals';
