-- Plain SQL whose coefficients are data, as they are in revenue_intel: one row of weights and a table
-- of stages, joined to the deals; the stages are few, so the planner hashes them. Odds against winning
-- of 0 or infinity stand for a stage that is won or lost.
CREATE TABLE bench.stage_weights (deal_stage text PRIMARY KEY, odds_against double precision, typical_days double precision);
INSERT INTO bench.stage_weights
SELECT name, CASE WHEN probability = 0 THEN 'infinity' ELSE (1 - probability) / probability END, typical_days
FROM revenue.framework_stages();

CREATE TABLE bench.weights (
  unknown_odds_against double precision, default_typical_days double precision, per_point double precision,
  lead_score double precision, interaction double precision, interaction_cap double precision,
  objection double precision, objection_cap double precision, champion double precision,
  champion_absent double precision, budget double precision, budget_absent double precision,
  decision_maker double precision, decision_maker_absent double precision, competitor double precision,
  competition_cap double precision, stale_day double precision, velocity_cap double precision);
INSERT INTO bench.weights VALUES (4, 21, -ln(2::float8) / 24, 0.1, 1.5, 30, 2, 10, 12, 5, 13, 5, 10, 0, 5, 20, 0.4, 24);
ANALYZE bench.stage_weights, bench.weights;

CREATE VIEW bench.sql_weighted_close_probability AS
SELECT d.*, 1 / (1 + coalesce(s.odds_against, w.unknown_odds_against) * exp(w.per_point * (
    coalesce(w.lead_score * d.lead_score, 0)
  + least(w.interaction * coalesce(d.num_interactions, 0), w.interaction_cap)
  + least(w.objection * coalesce(d.num_objections_handled, 0), w.objection_cap)
  + CASE WHEN d.champion_identified THEN w.champion WHEN d.champion_identified IS NULL THEN 0 ELSE -w.champion_absent END
  + CASE WHEN d.budget_confirmed THEN w.budget WHEN d.budget_confirmed IS NULL THEN 0 ELSE -w.budget_absent END
  + CASE WHEN d.decision_maker_engaged THEN w.decision_maker WHEN d.decision_maker_engaged IS NULL THEN 0
         ELSE -w.decision_maker_absent END
  - least(w.competitor * coalesce(d.competitors_mentioned, 0), w.competition_cap)
  - least(w.stale_day * greatest(0::float8, d.days_in_stage - coalesce(s.typical_days, w.default_typical_days)),
          w.velocity_cap)))) AS close_probability
FROM bench.deals AS d
LEFT JOIN bench.stage_weights AS s ON s.deal_stage = d.stage_id
CROSS JOIN bench.weights AS w;

-- The same with the checks of close_probability: a value that cannot be is an error.
CREATE FUNCTION bench.refuse() RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a value that cannot be' USING ERRCODE = 'invalid_parameter_value';
END $$;

CREATE VIEW bench.sql_checked_close_probability AS
SELECT CASE
  WHEN days_in_stage < 0 OR days_in_stage >= 'infinity' OR lead_score < 0 OR lead_score > 100
    OR num_interactions < 0 OR num_objections_handled < 0 OR competitors_mentioned < 0 THEN bench.refuse()
  ELSE close_probability END AS close_probability
FROM bench.sql_weighted_close_probability;
