-- Scores as functions: the published vectors, breakdowns that add up, unknown is not a no.
\set ON_ERROR_STOP off
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;

-- the vectors of the requirements
SELECT round(100 * revenue.close_probability('proposal', 12, 75, 8, 2, true, true, false, 1)::numeric, 2) AS percent;
SELECT round(100 * revenue.close_probability(deal_stage => 'proposal', days_in_stage => 12, lead_score => 75,
  num_interactions => 8, num_objections_handled => 2, champion_identified => true, budget_confirmed => true,
  competitors_mentioned => 1)::numeric, 2) AS percent;
SELECT jsonb_pretty(revenue.explain_close_probability('proposal', 12, 75, 8, 2, true, true, NULL, 1));
SELECT jsonb_pretty(revenue.predict_deal_value('pro', 50, 29, 0.15, 'annual', 12, 'tech', 'proposal', NULL, 1.5));
SELECT revenue.deal_value('pro', 50, 29, 0.15, 'annual', 12, 'tech', 'proposal', NULL, 1.5);
SELECT jsonb_pretty(revenue.scenario(450000, 0.30, 0.10, 0.05, 0.15));
SELECT revenue.scenario_forecast(450000, 0.30, 0.10, 0.05, 0.15);
SELECT revenue.scenario(100, 0.8, 0.5) #> '{projected,win_rate}' AS capped;
SELECT revenue.scenario(0, 0.5, 0.1) #> '{delta,percent}' AS no_percent_of_nothing;

-- the fast form and the explained one agree, and every breakdown adds up
CREATE TEMP TABLE inputs AS
SELECT i,
  (ARRAY['prospecting', 'Qualification', 'proposal', 'negotiation', 'closed won', 'lost', NULL])[1 + i % 7] AS stage,
  CASE WHEN i % 5 > 0 THEN (i * 37) % 200 END::double precision AS days,
  CASE WHEN i % 6 > 0 THEN (i * 13) % 101 END::double precision AS lead,
  CASE WHEN i % 4 > 0 THEN (i * 11) % 40 END::bigint AS interactions,
  CASE WHEN i % 3 > 0 THEN (i * 7) % 9 END::bigint AS objections,
  (ARRAY[true, false, NULL])[1 + i % 3] AS champion, (ARRAY[true, false, NULL])[1 + i / 3 % 3] AS budget,
  (ARRAY[true, false, NULL])[1 + i / 9 % 3] AS decision_maker,
  CASE WHEN i % 8 > 0 THEN i % 7 END::bigint AS competitors,
  CASE WHEN i % 9 > 0 THEN (i * 17) % 300 - 100 END::double precision AS to_close
FROM generate_series(1, 5000) AS i;

WITH e AS (
  SELECT revenue.close_probability(stage, days, lead, interactions, objections, champion, budget, decision_maker, competitors) AS p,
    revenue.explain_close_probability(stage, days, lead, interactions, objections, champion, budget, decision_maker, competitors) AS e
  FROM inputs
)
SELECT count(*) FILTER (WHERE p < 0 OR p > 1) AS out_of_range,
  count(*) FILTER (WHERE (e ->> 'close_probability')::integer <> round((100 * p)::numeric)) AS other_percent,
  count(*) FILTER (WHERE (SELECT sum(value::numeric) FROM jsonb_each_text(e -> 'breakdown')
    WHERE key LIKE '%boost' OR key LIKE '%penalty') <> (e ->> 'raw_points')::numeric) AS points_do_not_add_up
FROM e;
WITH e AS (
  SELECT revenue.deal_health(stage, days, days, interactions, lead, champion, budget, decision_maker, to_close) AS h,
    revenue.explain_deal_health(stage, days, days, interactions, lead, champion, budget, decision_maker, to_close) AS e,
    revenue.deal_risk_factors(stage, days, days, interactions, lead, champion, budget, decision_maker, to_close) AS r
  FROM inputs
)
SELECT count(*) FILTER (WHERE h < 0 OR h > 100) AS out_of_range,
  count(*) FILTER (WHERE h <> (e ->> 'health_score')::double precision) AS other_score,
  count(*) FILTER (WHERE to_jsonb(r) <> e -> 'risk_factors') AS other_factors,
  count(*) FILTER (WHERE revenue.health_category(h) <> e ->> 'health_category') AS other_category,
  count(*) FILTER (WHERE (SELECT sum(value::numeric) FROM jsonb_each_text(e -> 'breakdown'))
    <> (e ->> 'health_score')::numeric) AS does_not_add_up
FROM e;
WITH e AS (
  SELECT revenue.lead_score('vp', interactions * 100, champion, interactions, objections, interactions, objections, objections, days, budget) AS s,
    revenue.explain_lead_score('vp', interactions * 100, champion, interactions, objections, interactions, objections, objections, days, budget) AS e,
    revenue.churn_risk(lead, days, interactions, objections, days, objections, to_close / 3, lead, to_close, champion) AS c,
    revenue.explain_churn_risk(lead, days, interactions, objections, days, objections, to_close / 3, lead, to_close, champion) AS ce,
    revenue.expansion_score(interactions, objections * 5, lead, days, objections, 9, days / 100 - 1, lead) AS x,
    revenue.explain_expansion_score(interactions, objections * 5, lead, days, objections, 9, days / 100 - 1, lead) AS xe
  FROM inputs
)
SELECT
  count(*) FILTER (WHERE s <> (e ->> 'lead_score')::double precision OR c <> (ce ->> 'churn_risk')::double precision
    OR x <> (xe ->> 'expansion_score')::double precision) AS other_score,
  count(*) FILTER (WHERE (SELECT sum(value::numeric) FROM jsonb_each_text(e -> 'breakdown')) <> (e ->> 'lead_score')::numeric
    OR (SELECT sum(value::numeric) FROM jsonb_each_text(ce -> 'breakdown')) <> (ce ->> 'churn_risk')::numeric
    OR (SELECT sum(value::numeric) FROM jsonb_each_text(xe -> 'breakdown')) <> (xe ->> 'expansion_score')::numeric) AS does_not_add_up
FROM e;

-- unknown is not a no; a complete stop in usage is the largest decline
SELECT revenue.close_probability('proposal', champion_identified => NULL) > revenue.close_probability('proposal', champion_identified => false) AS unknown_beats_no;
SELECT revenue.churn_risk(0, 1000) > revenue.churn_risk(1, 1000) AS stop_is_worst, revenue.churn_risk(0, 1000) > revenue.churn_risk() AS and_a_signal;
SELECT revenue.deal_risk_factors('proposal', 75, 21);
SELECT revenue.explain_churn_risk(0, 1000) -> 'risk_factors' AS risk_factors;

-- weights: a part over the built-in, kept apart by value within one query
SELECT w, round(revenue.close_probability('proposal', 12, 75, 8, weights => w)::numeric, 6)
FROM unnest(ARRAY[NULL, '{}', '{"close_probability": {"interaction": 3}}', '{"stages": {"probability": {"Proposal": 0.6}}}',
  '{"stages": {"probability": {"legal review": 0.9}}}']::jsonb[]) AS w;
SELECT round(revenue.close_probability('legal_review', weights => '{"stages": {"probability": {"legal review": 0.9}}}')::numeric, 6) AS p;
SELECT revenue.close_probability('legal review');
SELECT revenue.close_probability('proposal', weights => '{"close_probability": {"interactoin": 3}}');
SELECT revenue.close_probability('proposal', weights => '{"stages": {"probability": {"proposal": 1.5}}}');
SELECT revenue.close_probability('proposal', -1);
SELECT revenue.close_probability('proposal', 'NaN');
SELECT revenue.close_probability('proposal', lead_score => 101);
SELECT revenue.predict_deal_value('pro', 50, -29);
SELECT revenue.scenario('NaN', 0.5);
SELECT revenue.scenario(1e15, 0.5);

-- aggregates: the same in one process and in many, over no rows and in groups
CREATE TABLE scoring_rows AS
SELECT i.*, ((i * 7919) % 100000)::numeric / 100 AS amount FROM inputs AS i, generate_series(1, 20);
ANALYZE scoring_rows;
CREATE FUNCTION pg_temp.all_ways() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_array(
    revenue.scored_pipeline(amount, stage, days, lead, interactions, objections, champion, budget, decision_maker, competitors, NULL),
    revenue.weighted_pipeline(amount, revenue.close_probability(stage, days, lead, interactions, objections, champion, budget, decision_maker, competitors)),
    revenue.score_quality(revenue.close_probability(stage, days, lead, interactions, objections, champion, budget, decision_maker, competitors), i % 3 = 0) - 'log_loss' - 'brier' - 'mean_predicted' - 'calibration_error' - 'calibration')
  FROM scoring_rows
$$;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.all_ways() AS serial \gset
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT pg_temp.all_ways() = :'serial'::jsonb AS same_in_parallel;
SELECT revenue.weighted_pipeline(100, 0.5), revenue.weighted_pipeline(NULL, 0.5),
  round((revenue.score_quality(0.8, true) ->> 'brier')::numeric, 6) AS brier;
SELECT revenue.weighted_pipeline(1, 1.5);
DROP TABLE scoring_rows;
