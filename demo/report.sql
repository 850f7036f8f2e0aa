-- The pipeline report that `make demo` prints. It reads the organisation of the variable org, else the
-- demo organisation:  psql -v org=2 -f demo/report.sql
\set QUIET on
\pset footer off
\pset null ''
\pset border 1
\pset linestyle ascii
\pset pager off
\if :{?org}
\else
SELECT (SELECT o.org_id FROM revenue.orgs AS o
  ORDER BY NOT EXISTS (SELECT FROM revenue.deals AS d WHERE d.org_id = o.org_id), name NOT LIKE 'Demo (seed %', org_id
  LIMIT 1) AS org \gset
\endif
\if :{?org}
\else
\echo 'There is no organisation yet. Try  SELECT revenue.load_demo();'
\quit
\endif
SELECT set_config('revenue_intel.org_id', :'org', false) AS org \gset
SELECT base_currency AS currency, 'Value, ' || base_currency AS value_header,
  'Expected, ' || base_currency AS expected_header, 'Won, ' || base_currency AS won_header
FROM revenue.orgs WHERE org_id = :org \gset
SELECT revenue.dashboard()::text AS dashboard \gset

\pset tuples_only on
\pset format unaligned
\echo
SELECT format(E' PIPELINE REPORT\n %s, %s\n', name, to_char(revenue.org_today(), 'FMDD FMMonth YYYY'))
FROM revenue.orgs WHERE org_id = :org;
SELECT format(' %s %s %s  %s', rpad(label, 20), lpad(value, 13), unit, remark)
FROM jsonb_to_record(:'dashboard'::jsonb -> 'kpis') AS k(
  total_pipeline numeric, deal_count bigint, avg_deal_size numeric, weighted_forecast_90d numeric, at_risk_deals bigint)
CROSS JOIN (SELECT coalesce(sum(deal_value), 0) AS value_at_risk FROM revenue.at_risk_deals WHERE org_id = :org) r
CROSS JOIN (SELECT expected_value, lower_95, upper_95 FROM revenue.pipeline_forecast('deal', org => :org) WHERE horizon_days = 90) f
CROSS JOIN LATERAL (VALUES
  (1, 'Open pipeline', to_char(total_pipeline, 'FM999,999,999,990'), :'currency', format('%s deals', deal_count)),
  (2, 'Average deal', coalesce(to_char(avg_deal_size, 'FM999,999,999,990'), '-'), :'currency', 'where the amount is known'),
  (3, 'Weighted, 90 days', to_char(weighted_forecast_90d, 'FM999,999,999,990'), :'currency',
   'value x chance of winning of what is to close by then, as entered'),
  (4, 'Forecast, 90 days', to_char(expected_value, 'FM999,999,999,990'), :'currency',
   format('by how long deals took before; 95 %% between %s and %s', to_char(lower_95, 'FM999,999,999,990'), to_char(upper_95, 'FM999,999,999,990'))),
  (5, 'At risk', to_char(value_at_risk, 'FM999,999,999,990'), :'currency',
   format('%s of %s deals, %s %% of the value', at_risk_deals, deal_count, coalesce(round(100 * value_at_risk / nullif(total_pipeline, 0)), 0)))
) AS t(place, label, value, unit, remark) ORDER BY place;

\pset tuples_only off
\pset format aligned
\echo
\echo ' Pipeline by stage'
SELECT stage_name AS "Stage", deal_count AS "Deals", to_char(total_value, '999,999,999,990') AS :"value_header",
  to_char(weighted_value, '999,999,999,990') AS :"expected_header",
  rpad(repeat('#', round(28 * total_value / nullif(max(total_value) OVER (), 0))::integer), 28) AS "Value"
FROM jsonb_to_recordset(:'dashboard'::jsonb -> 'pipeline_by_stage') AS s(
  pipeline_id text, position integer, stage_name text, deal_count bigint, total_value numeric, weighted_value numeric)
ORDER BY s.pipeline_id, s.position;

\echo ' Forecast by month of closing'
SELECT coalesce(to_char(month, 'Mon YYYY'), 'no date') AS "Month", deal_count AS "Deals",
  to_char(total_value, '999,999,999,990') AS :"value_header",
  to_char(weighted_value, '999,999,999,990') AS :"expected_header",
  rpad(repeat('#', round(28 * weighted_value / nullif(max(weighted_value) OVER (), 0))::integer), 28) AS "Expected"
FROM jsonb_to_recordset(:'dashboard'::jsonb -> 'monthly_forecast') AS m(
  month date, deal_count bigint, total_value numeric, weighted_value numeric)
ORDER BY m.month;

\pset tuples_only on
\pset format unaligned
\echo ' Bookings by quarter: # came, o is expected, |--| is the interval of 70 percent'
SELECT set_config('revenue_intel.org_id', :'org', false) AS org, revenue.generate_forecast('quarter', org => :org)::text AS forecast \gset
SELECT ' ' || line FROM revenue.forecast_lines('quarter', 5, 2, org => :org) AS line;
SELECT format(E'\n Expected this quarter: %s %s, of which %s are won; 70 percent of such quarters lie between %s and %s.\n %s',
  to_char((f ->> 'forecast_amount')::numeric, 'FM999,999,999,990'), f ->> 'currency', to_char((f ->> 'closed')::numeric, 'FM999,999,999,990'),
  to_char(i.lower, 'FM999,999,999,990'), to_char(i.upper, 'FM999,999,999,990'),
  (SELECT 'What the rest comes from: ' || string_agg(format('%s %s', c ->> 'component', to_char((c ->> 'contribution')::numeric, 'FM999,999,999,990')), ', ')
   FROM jsonb_array_elements(f -> 'components') AS c WHERE (c ->> 'contribution')::numeric <> 0)) || coalesce(E'\n Limited by: ' || (f ->> 'reason'), '')
FROM (SELECT :'forecast'::jsonb AS f) AS a
CROSS JOIN LATERAL jsonb_to_recordset(f -> 'intervals') AS i(level numeric, lower numeric, upper numeric)
WHERE i.level = 0.7;
\echo
\echo ' The largest deals at risk'
SELECT format(E' %s %s %s  health %s of 100\n     %s', rpad(left(name, 52), 52),
  lpad(coalesce(to_char(deal_value, 'FM999,999,999,990'), 'no amount'), 13), reporting_currency,
  lpad(floor(health_score)::text, 2),
  array_to_string(risk_factors[1:3], ', ')
    || CASE WHEN cardinality(risk_factors) > 3 THEN format(' and %s more', cardinality(risk_factors) - 3) ELSE '' END)
FROM revenue.at_risk_deals WHERE org_id = :org ORDER BY deal_value DESC NULLS LAST, deal_id LIMIT 5;

-- The largest of them that has not lost everything that speaks for it.
SELECT (SELECT deal_id FROM revenue.at_risk_deals WHERE org_id = :org
  ORDER BY cardinality(risk_factors) > 3, deal_value DESC NULLS LAST, deal_id LIMIT 1) AS deal \gset
\if :{?deal}
\echo
SELECT format(' Why %s is given a chance of %s %%', e ->> 'name', e -> 'close_probability' ->> 'close_probability')
FROM revenue.explain_deal(:'deal') AS e;
\pset tuples_only off
\pset format aligned
SELECT part AS "Part", to_char(points, 'S990.0') AS "Points", because AS "Because"
FROM revenue.explain_deal(:'deal') AS e
CROSS JOIN LATERAL (SELECT e -> 'close_probability' -> 'breakdown' AS b) AS c
JOIN revenue.deals AS d ON d.org_id = :org AND d.deal_id = :'deal'
JOIN revenue.deal_scores AS s USING (org_id, deal_id)
CROSS JOIN LATERAL (VALUES
  (1, 'Stage', NULL, format('a deal in %s starts at %s %%', e ->> 'stage', round((b ->> 'base_probability')::numeric))),
  (2, 'Engagement', (b ->> 'engagement_boost')::numeric, format('lead score %s, %s interactions, %s objections handled',
    coalesce(d.lead_score::text, 'unknown'), d.num_interactions, d.num_objections_handled)),
  (3, 'Qualification', (b ->> 'qualification_boost')::numeric, format('champion: %s, budget: %s, decision maker: %s',
    CASE WHEN champion_identified THEN 'yes' WHEN NOT champion_identified THEN 'no' ELSE 'unknown' END,
    CASE WHEN budget_confirmed THEN 'yes' WHEN NOT budget_confirmed THEN 'no' ELSE 'unknown' END,
    CASE WHEN decision_maker_engaged THEN 'yes' WHEN NOT decision_maker_engaged THEN 'no' ELSE 'unknown' END)),
  (4, 'Velocity', (b ->> 'velocity_penalty')::numeric, format('%s days in the stage', floor(s.days_in_stage))),
  (5, 'Competition', (b ->> 'competition_penalty')::numeric, coalesce(d.competitors_mentioned::text, 'unknown number of') || ' competitors'),
  (6, 'Total', (b ->> 'raw_points')::numeric, format('24 points double the odds, so %s %%', round((b ->> 'probability')::numeric)))
) AS t(place, part, points, because) ORDER BY place;
\endif

\pset tuples_only off
\pset format aligned
\echo ' Won in the last six months'
SELECT to_char(m.month, 'Mon YYYY') AS "Month", coalesce(w.deal_count, 0) AS "Won", coalesce(w.lost_deals, 0) AS "Lost",
  to_char(100 * w.win_rate, '990 %') AS "Win rate", to_char(coalesce(w.total_value, 0), '999,999,999,990') AS :"won_header",
  round(w.avg_cycle_days) AS "Days to close",
  rpad(repeat('#', coalesce(round(28 * w.total_value / nullif(max(w.total_value) OVER (), 0)), 0)::integer), 28) AS "Value"
FROM (SELECT (date_trunc('month', revenue.org_today()::timestamp) - ago * interval '1 month')::date AS month
      FROM generate_series(0, 5) AS ago) AS m
LEFT JOIN revenue.won_deals_summary AS w ON w.org_id = :org AND w.month = m.month
ORDER BY m.month;

\echo ' Alerts'
\pset tuples_only on
\pset format unaligned
SELECT format(E' %s %s\n          %s', rpad(a.severity, 8), a.title, coalesce(a.recommendation, ''))
FROM revenue.open_alerts AS a WHERE a.org_id = :org
ORDER BY array_position('{critical,urgent,warning,info}', a.severity), a.opened_at, a.title LIMIT 8;
SELECT ' none: SELECT revenue.backfill_metrics(), revenue.check_alerts() looks for some'
WHERE NOT EXISTS (SELECT FROM revenue.alerts AS a WHERE a.org_id = :org);
\echo
\echo ' Out of line in the last 30 days'
SELECT format(' %s %s %s: %s, expected %s', to_char(a.day, 'FMDD Mon'), rpad(a.severity, 8), revenue.metric_label(a.metric),
  revenue.metric_text(a.actual, b.unit, :'currency'), revenue.metric_text(a.expected, b.unit, :'currency'))
FROM revenue.detect_anomalies(lookback_days => 30) AS a JOIN revenue.builtin_metrics() AS b USING (metric)
WHERE a.dimension = 'all' ORDER BY abs(a.score) DESC NULLS LAST LIMIT 5;
\echo
\echo ' In short'
\pset tuples_only on
\pset format unaligned
SELECT ' ' || line FROM revenue.status(org => :org) AS line;
