-- The pipeline report of the demo, for a terminal: every figure comes from a view or a call that
-- applications use too.
\set QUIET on
\set money '''999,999,990'''
\pset footer off
\pset null '-'
\pset border 1
\pset linestyle unicode

SELECT min(org_id) AS org FROM revenue.orgs \gset
SET revenue_intel.org_id = :'org';

SELECT d ->> 'organisation' AS name, d ->> 'currency' AS currency,
  to_char((d ->> 'as_of')::timestamptz, 'FMDD FMMonth YYYY') AS today,
  d -> 'kpis' ->> 'deal_count' AS deals, d -> 'kpis' ->> 'at_risk_deals' AS at_risk,
  to_char((d -> 'kpis' ->> 'total_pipeline')::numeric, 'FM999,999,999,990') AS total,
  to_char((d -> 'kpis' ->> 'weighted_forecast_90d')::numeric, 'FM999,999,999,990') AS expected
FROM revenue.dashboard() AS d \gset

\echo
\echo :name
\echo The sales pipeline on :today, in :currency
\echo
\echo :deals open deals worth :total, of which :expected is to be expected within 90 days
\echo :at_risk of them are at risk
\echo

\echo By stage (weighted = each deal by the probability that it closes)
SELECT stage_name AS "Stage", deal_count AS "Deals", to_char(total_value, :money) AS "Value",
  to_char(weighted_value, :money) AS "Weighted", to_char(avg_deal_size, :money) AS "Average",
  round(avg_days_in_stage) AS "Days in stage", round(avg_health_score) AS "Health"
FROM revenue.pipeline_summary ORDER BY pipeline_id, stage_position;

\echo By month of the expected close
SELECT coalesce(to_char(month, 'YYYY-MM'), 'no date') AS "Month", deal_count AS "Deals",
  to_char(total_value, :money) AS "Value", to_char(weighted_value, :money) AS "Forecast"
FROM revenue.forecast_monthly ORDER BY month NULLS LAST LIMIT 6;

\echo The deals that count most (by value times probability)
SELECT name AS "Deal", stage_id AS "Stage",
  to_char(reporting_amount, :money) AS "Value", round(100 * close_probability) AS "Probability %",
  close_date AS "Close date"
FROM revenue.ranked_deals ORDER BY rank LIMIT 5;

\echo At risk, the largest first
SELECT name AS "Deal", to_char(deal_value, :money) AS "Value", round(health_score) AS "Health",
  array_to_string(risk_factors[1:2], '; ') AS "Why"
FROM revenue.at_risk_deals ORDER BY deal_value DESC NULLS LAST, id LIMIT 5;

\echo Won and lost in the last six months
SELECT to_char(month, 'YYYY-MM') AS "Month", deal_count AS "Won", lost_deals AS "Lost",
  round(100 * win_rate) AS "Win rate %", to_char(total_value, :money) AS "Value won",
  round(avg_cycle_days) AS "Days to close"
FROM revenue.won_deals_summary
WHERE month > date_trunc('month', now()) - interval '6 months' ORDER BY month;

-- A figure that can be explained: the first of the deals above, factor by factor.
SELECT d.deal_id, d.name AS deal, e.why ->> 'close_probability' AS probability, e.why
FROM revenue.deals AS d
JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
JOIN revenue.ranked_deals AS r USING (org_id, deal_id)
CROSS JOIN LATERAL (SELECT revenue.explain_close_probability(
  coalesce(s.framework_stage, s.stage_id), revenue.elapsed_days(d.stage_entered_at, now()),
  d.lead_score, d.num_interactions, d.num_objections_handled, d.champion_identified,
  d.budget_confirmed, d.decision_maker_engaged, d.competitors_mentioned)) AS e(why)
WHERE d.org_id = :org AND r.rank = 1 \gset

\echo Why :deal stands at :probability %
\pset tuples_only on
\pset border 0
SELECT '  ' || factor FROM jsonb_array_elements_text(:'why'::jsonb -> 'key_factors') AS factor;
