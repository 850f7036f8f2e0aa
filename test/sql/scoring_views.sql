-- The views over deals: amounts in several currencies, the past, what is unknown, versions of the framework.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SELECT revenue.create_org('Views', 'USD') AS org \gset
SET revenue_intel.org_id = :org;
SELECT revenue.load_fx_rates('{"EUR": 1.10, "JPY": 0.0070}', '2026-01-01');
SELECT revenue.load_fx_rates('{"EUR": 1.20}', '2026-02-01');
INSERT INTO revenue.reps (org_id, rep_id, name, team) VALUES (:org, 'ann', 'Ann', 'north'), (:org, 'bob', 'Bob', 'south');
INSERT INTO revenue.accounts (org_id, account_id, name, industry, usage_recent, usage_prior, seats_used, seats_bought, employees)
VALUES (:org, 'acme', 'Acme', 'tech', 0, 500, 10, 10, 200), (:org, 'zeta', 'Zeta', 'retail', 900, 500, 3, 10, NULL);
INSERT INTO revenue.contacts (org_id, contact_id, account_id, name, seniority, replies, meetings)
VALUES (:org, 'c1', 'acme', 'Carla', 'vp', 3, 1), (:org, 'c2', NULL, 'Dan', NULL, NULL, NULL);
INSERT INTO revenue.deals (org_id, deal_id, name, account_id, owner_rep_id, stage_id, amount, currency, close_date,
  created_at, effective_at, closed_at, lead_score, champion_identified, industry, competitors_mentioned)
VALUES
  (:org, 'd1', 'Acme renewal', 'acme', 'ann', 'proposal', 1000, 'USD', '2026-03-15', '2026-01-10', '2026-01-10', NULL, 80, true, 'tech', 1),
  (:org, 'd2', 'Zeta start', 'zeta', 'bob', 'prospecting', 2000, 'EUR', '2026-01-20', '2026-01-05', '2026-01-05', NULL, NULL, NULL, 'retail', NULL),
  (:org, 'd3', 'Unpriced', NULL, 'bob', 'proposal', NULL, 'USD', NULL, '2026-01-12', '2026-01-12', NULL, 10, false, NULL, 0),
  (:org, 'd4', 'No rate', 'acme', 'ann', 'negotiation', 500, 'CHF', '2026-04-01', '2026-01-12', '2026-01-12', NULL, 50, true, 'tech', 2),
  (:org, 'd5', 'Won in euro', 'acme', 'ann', 'closed_won', 100, 'EUR', '2026-01-31', '2026-01-01', '2026-01-31', '2026-01-31', 90, true, 'tech', 0),
  (:org, 'd6', 'Won later', 'zeta', 'bob', 'closed_won', 100, 'EUR', '2026-02-10', '2026-01-01', '2026-02-10', '2026-02-10', 90, true, 'retail', 0),
  (:org, 'd7', 'Lost', 'zeta', 'bob', 'closed_lost', 300, 'USD', '2026-02-11', '2026-01-01', '2026-02-11', '2026-02-11', 20, false, 'retail', 3);
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id)
VALUES (:org, 'd5', '2026-01-02', 'proposal'), (:org, 'd6', '2026-01-02', 'proposal'), (:org, 'd7', '2026-01-02', 'proposal');

-- amounts: the original and the reporting one, gaps in rates filled and marked, no rate is no zero
SELECT deal_id, amount, currency, reporting_amount, fx_rate, fx_rate_date, fx_filled, days_to_close_date, forecast_month, round(days_in_stage) AS days
FROM revenue.deal_scores('2026-02-03 12:00+00') ORDER BY deal_id;
SELECT deal_id, won, closed_on, reporting_amount, fx_rate, fx_filled, round(cycle_days) AS cycle FROM revenue.closed_deals ORDER BY deal_id;

-- totals: by stage, by month, won, and the rows they come from
SELECT stage_id, deal_count, total_value, round(weighted_value::numeric, 2) AS weighted, at_risk_deals, deals_without_value
FROM revenue.pipeline_summary('2026-02-03 12:00+00');
SELECT month, deal_count, total_value, round(weighted_value::numeric, 2) AS weighted, overdue_deals, deals_without_value
FROM revenue.forecast_monthly('2026-02-03 12:00+00');
SELECT s.stage_id, s.deal_count = count(*) AS count, s.total_value = coalesce(sum(d.reporting_amount), 0) AS value,
  abs(s.weighted_value - coalesce(sum(d.weighted_amount), 0)) < 1e-4 AS weighted,
  abs(s.avg_health_score - avg(d.health_score)) < 1e-5 AS health,
  s.at_risk_deals = count(*) FILTER (WHERE d.health_category IN ('critical', 'at_risk')) AS at_risk
FROM revenue.pipeline_summary('2026-02-03 12:00+00') AS s
JOIN revenue.deal_scores('2026-02-03 12:00+00') AS d USING (org_id, stage_id)
GROUP BY s.stage_id, s.deal_count, s.total_value, s.weighted_value, s.avg_health_score, s.at_risk_deals ORDER BY 1;
SELECT month, deal_count, total_value, round(avg_deal_size, 2) AS size, round(avg_cycle_days) AS cycle, lost_deals, round(win_rate::numeric, 4) AS win_rate
FROM revenue.won_deals_summary;
SELECT dimension, member, won_deals, lost_deals, round(win_rate::numeric, 4) AS win_rate, won_value, closed_value
FROM revenue.win_rates WHERE dimension IN ('all', 'rep', 'industry');
SELECT metric, month, metric_value, month_before, round(mom::numeric, 4) AS mom FROM revenue.deal_comparisons WHERE metric LIKE 'won%' ORDER BY 1, 2;
SELECT rank, deal_id, company FROM revenue.ranked_deals ORDER BY rank;
SELECT owner_rep_id, team, stage_id, deal_count FROM revenue.team_performance ORDER BY 1, 3;
SELECT competitors_mentioned, closed_deals, won_deals, win_rate FROM revenue.competitor_impact ORDER BY 1;
SELECT objections_handled, closed_deals, won_deals, round(win_rate::numeric, 4) AS win_rate FROM revenue.objection_handling_impact;

-- the past: three won deals were still open, and before any fact there was nothing
SELECT as_of, count(deal_id) AS open_deals, sum(reporting_amount) AS value
FROM unnest(ARRAY['2025-12-01', '2026-01-06', '2026-01-15', '2026-02-01', '2026-02-03']::timestamptz[]) AS as_of
LEFT JOIN LATERAL revenue.deal_scores(as_of) ON true GROUP BY as_of ORDER BY as_of;

-- applications
SELECT revenue.at_risk_deals(as_of => '2026-02-03 12:00+00') #> '{deals,0,risk_factors}' AS why;
SELECT revenue.at_risk_deals(1500, '2026-02-03 12:00+00') -> 'count' AS count;
SELECT jsonb_pretty(revenue.dashboard('2026-02-03 12:00+00'));
SELECT h ->> 'status' AS status, h -> 'error' AS error, h -> 'hints' AS hints, h #> '{framework,stages_scored_as_unknown}' AS unknown_stages,
  (SELECT count(*) > 0 AND bool_and(value = 'ok') FROM jsonb_each_text(h -> 'views')) AS views_ok
FROM revenue.health_check() AS h;
SELECT account_id, churn -> 'risk_factors' AS risks, expansion -> 'opportunities' AS opportunities FROM revenue.account_scores ORDER BY 1;
SELECT contact_id, lead_score > 0 AS scored, lead ->> 'grade' AS grade FROM revenue.contact_scores ORDER BY 1;

-- a stage the framework does not know is scored as unknown and reported, not refused
SELECT revenue.add_pipeline('partner', '[{"stage_id": "handshake"}, {"stage_id": "pilot", "framework_stage": "demo"}]');
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency)
VALUES (:org, 'p1', 'partner', 'handshake', 10, 'USD'), (:org, 'p2', 'partner', 'pilot', 10, 'USD');
SELECT deal_id, round(close_probability::numeric, 4) AS p FROM revenue.deal_scores WHERE pipeline_id = 'partner' ORDER BY 1;
SELECT revenue.health_check() #> '{framework,stages_scored_as_unknown}' AS unknown_stages;

-- versions of the framework: for the organisation, for a vertical over it, back to the built-in one
SELECT revenue.set_framework('{"stages": {"probability": {"handshake": 0.33}}}', description => 'partners');
SELECT revenue.set_framework('{"close_probability": {"champion": 24}}', 'tech');
SELECT deal_id, round(close_probability::numeric, 4) AS p FROM revenue.deal_scores('2026-02-03 12:00+00') ORDER BY 1;
SELECT deal_id, round(close_probability::numeric, 4) AS p FROM revenue.deal_scores WHERE deal_id = 'p1';
SELECT revenue.framework_weights(vertical => 'tech') #> '{close_probability,champion}' AS champion,
  revenue.framework_weights(vertical => 'tech') #> '{stages,probability,handshake}' AS handshake,
  revenue.framework_weights(0) #> '{close_probability,champion}' AS built_in;
SELECT version, deals, round(log_loss::numeric, 4) AS log_loss, round(brier::numeric, 4) AS brier,
  round(log_loss_above_a::numeric, 4) AS above_a, standard_error IS NOT NULL AS has_error
FROM revenue.compare_frameworks(0, 1, 'tech', days_before_close => 7);
SELECT version, deals, round(log_loss::numeric, 4) AS log_loss, round(win_rate::numeric, 4) AS win_rate FROM revenue.compare_frameworks();
SELECT revenue.set_framework('{"close_probability": {"champoin": 24}}');
SELECT revenue.activate_framework(7);
SELECT revenue.activate_framework(0);
SELECT vertical, version, active FROM revenue.framework WHERE org_id = :org ORDER BY 1, 2;
SELECT action, object_id, new FROM revenue.audit_log WHERE org_id = :org AND object_type = 'framework' ORDER BY at;

-- one deal with all its reasons, and the weights of the organisation looked up
SELECT e #> '{close_probability,close_probability}' AS percent, e #>> '{health,health_category}' AS health, e #> '{value,reason}' AS reason
FROM revenue.explain_deal('d1', '2026-02-03 12:00+00') AS e;
\set VERBOSITY sqlstate
SELECT revenue.explain_deal('nobody');
\set VERBOSITY default
SELECT round(revenue.org_close_probability('proposal', champion_identified => true)::numeric, 4) AS everywhere,
  round(revenue.org_close_probability('proposal', champion_identified => true, vertical => 'tech')::numeric, 4) AS tech;
-- comparables are what had been won by then, at what it was then worth: nothing that came later is looked at
INSERT INTO revenue.products (org_id, product_id, name) VALUES (:org, 'p', 'P');
INSERT INTO revenue.deals (org_id, deal_id, product_id, stage_id, amount, currency, created_at, effective_at, industry, contract_term_months,
  num_users_planned, base_list_price_per_user)
VALUES (:org, 'asked', 'p', 'proposal', 1200, 'USD', '2026-01-01', '2026-01-01', 'tech', 12, 10, 10),
  (:org, 'then', 'p', 'closed_won', 600, 'USD', '2026-01-01', '2026-01-15', 'tech', 12, NULL, NULL);
CREATE TEMP TABLE told AS SELECT revenue.explain_deal('asked', '2026-02-01') #> '{value,breakdown}' AS said;
UPDATE revenue.deals SET amount = 900000 WHERE org_id = :org AND deal_id = 'then';
SELECT (said ->> 'comparables_weight')::numeric > 0 AS has_comparables,
  said = revenue.explain_deal('asked', '2026-02-01') #> '{value,breakdown}' AS same,
  said = revenue.explain_deal('asked') #> '{value,breakdown}' AS same_today FROM told;
UPDATE revenue.deals SET stage_id = 'proposal' WHERE org_id = :org AND deal_id = 'then';
SELECT said = revenue.explain_deal('asked', '2026-02-01') #> '{value,breakdown}' AS same,
  revenue.explain_deal('asked') #> '{value,breakdown,comparables_weight}' AS weight_today FROM told;
