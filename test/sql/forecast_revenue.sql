-- The forecast of a period: its parts add up, it knows nothing of what came after, every run is kept and
-- held against what came; scenarios and pictures of it.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SELECT (revenue.load_demo(100, 5, '2026-05-20', 2) ->> 'org_id')::integer AS org \gset
SET revenue_intel.org_id = :org;
CREATE ROLE regress_fc_analyst;
CREATE ROLE regress_fc_member;
CREATE ROLE regress_fc_viewer;
SELECT count(revenue.add_member('regress_fc_' || level, level)) FROM unnest('{analyst,member,viewer}'::text[]) AS level;

-- Periods -------------------------------------------------------------------------------------
SELECT p, period_from, period_to FROM unnest('{month,quarter,year}'::text[]) AS p, revenue.forecast_period(p, as_of => '2026-05-20');
SELECT n, period_from, period_to FROM generate_series(0, 3) AS n, revenue.forecast_period('quarter', n, '2026-12-31');
SELECT revenue.set_org_settings(fiscal_year_start => 2);
SELECT p, period_from, period_to FROM unnest('{month,quarter,year}'::text[]) AS p, revenue.forecast_period(p, as_of => '2026-05-20');
SELECT revenue.set_org_settings(fiscal_year_start => 1);
SELECT revenue.forecast_period('week');
SELECT revenue.forecast_period('year', 2, '2026-05-20');
SELECT revenue.forecast_period('month', -1);

-- The forecast of a quarter, as of a day of it ------------------------------------------------
SELECT revenue.refresh_forecast_origins() > 10 AS origins;
SELECT revenue.refresh_forecast_origins() AS again;
SELECT origin, sum(deal_count) AS deals, round(sum(open_value), -3) AS open_value, round(sum(expected[3])::numeric, -5) AS within_three_months
FROM revenue.forecast_origins WHERE origin BETWEEN '2026-01-01' AND '2026-05-01' GROUP BY origin ORDER BY origin;
-- the same as read anew at that day
SELECT count(*) AS cells, count(*) FILTER (WHERE round(f.expected[2]::numeric, 2) <> round(p.expected, 2) OR f.open_value <> round(p.open_value, 6)) AS wrong
FROM revenue.forecast_origins AS f
JOIN revenue.pipeline_expected(ARRAY['2026-04-01'::date - '2026-02-01'::date], '2026-02-01 00:00+00') AS p ON p.member = f.segment
WHERE f.origin = '2026-02-01';
CREATE TEMP TABLE answer AS SELECT revenue.revenue_forecast('quarter', as_of => '2026-05-20 12:00+00') AS f;
SELECT f ->> 'period_from' AS starts, f ->> 'period_to' AS ends, f ->> 'currency' AS currency,
  round((f ->> 'closed')::numeric, -3) AS closed, f ->> 'closed_deals' AS closed_deals, f ->> 'confidence_level' AS level, f ->> 'weights_from' AS weights
FROM answer;
-- (what the fit of a series gives is told by its own test)
SELECT c ->> 'component' AS component, CASE WHEN c ->> 'component' <> 'run_rate' THEN round((c ->> 'estimate')::numeric, -5) END AS estimate,
  CASE WHEN c ->> 'component' <> 'run_rate' THEN round((c ->> 'correction')::numeric, 1) END AS correction,
  (c ->> 'weight')::numeric BETWEEN 0.01 AND 0.9 AS weight, c ->> 'origins' AS origins,
  CASE WHEN c ->> 'component' <> 'run_rate' THEN round((c ->> 'wape')::numeric, 1) END AS wape, c ->> 'reason' AS reason
FROM answer, jsonb_array_elements(f -> 'components') AS c;
SELECT sum((c ->> 'weight')::numeric) BETWEEN 0.99999 AND 1.00001 AS weights FROM answer, jsonb_array_elements(f -> 'components') AS c;
-- the parts add up to the last cent, the intervals hold each other
SELECT (f ->> 'forecast_amount')::numeric = (f ->> 'closed')::numeric + (SELECT sum((c ->> 'contribution')::numeric) FROM jsonb_array_elements(f -> 'components') AS c) AS components,
  (f ->> 'forecast_amount')::numeric = (SELECT sum((s ->> 'expected')::numeric) FROM jsonb_array_elements(f -> 'segments') AS s) AS segments,
  (f ->> 'closed')::numeric = (SELECT sum((s ->> 'closed')::numeric) FROM jsonb_array_elements(f -> 'segments') AS s) AS closed_segments,
  (SELECT bool_and(lower <= (f ->> 'forecast_amount')::numeric AND upper >= (f ->> 'forecast_amount')::numeric AND lower >= (f ->> 'closed')::numeric - 0.01
     AND nested IS NOT FALSE)
   FROM (SELECT i.*, lower <= lag(lower) OVER w AND upper >= lag(upper) OVER w AS nested
         FROM jsonb_to_recordset(f -> 'intervals') AS i(level numeric, lower numeric, upper numeric) WINDOW w AS (ORDER BY level)) AS i) AS intervals,
  (SELECT bool_and(value >= before IS NOT FALSE) FROM (
     SELECT q.value, lag(q.value) OVER (ORDER BY q.probability) AS before FROM jsonb_to_recordset(f -> 'quantiles') AS q(probability numeric, value numeric)) AS q) AS quantiles
FROM answer;
-- what is closed is what was won in the period by then
SELECT (f ->> 'closed')::numeric = (SELECT sum(reporting_amount) FROM revenue.closed_deals('2026-05-20 12:00+00') WHERE won AND closed_on >= '2026-04-01' AND closed_on < '2026-07-01') AS closed
FROM answer;
-- by rep and by product: shares of the same total, of which each shows its parts
SELECT d AS dimension, (r.f ->> 'forecast_amount')::numeric = (a.f ->> 'forecast_amount')::numeric AS same_total, count(*) > 2 AS some,
  (r.f ->> 'forecast_amount')::numeric = sum(m.expected) AS adds_up, bool_and(m.expected = m.closed + m.open + m.usual) AS parts_add_up,
  (r.f ->> 'closed')::numeric = sum(m.closed) AS closed, (r.f ->> 'closed_deals')::integer = sum(m.closed_deals) AS closed_deals,
  bool_and(m.open >= 0 AND m.usual >= 0) AS none_negative, bool_and((
    SELECT bool_and(i.lower <= m.expected AND i.upper >= m.expected AND i.lower >= m.closed AND i.nested IS NOT FALSE)
    FROM (SELECT i.*, i.lower <= lag(i.lower) OVER w AND i.upper >= lag(i.upper) OVER w AS nested
          FROM jsonb_to_recordset(m.intervals) AS i(level numeric, lower numeric, upper numeric) WINDOW w AS (ORDER BY i.level)) AS i)) AS intervals
FROM unnest('{rep,product}'::text[]) AS d, answer AS a, revenue.revenue_forecast('quarter', dimension => d, as_of => '2026-05-20 12:00+00') AS r(f),
  jsonb_to_recordset(r.f -> (d || 's')) AS m(closed numeric, closed_deals integer, open numeric, usual numeric, expected numeric, intervals jsonb)
GROUP BY d, r.f, a.f ORDER BY d DESC;
SELECT count(*) AS reps, count(*) FILTER (WHERE (m ->> 'closed')::numeric <> coalesce(c.won, 0)) AS wrong
FROM jsonb_array_elements(revenue.revenue_forecast('quarter', dimension => 'rep', as_of => '2026-05-20 12:00+00') -> 'reps') AS m
LEFT JOIN (
  SELECT owner_rep_id AS rep, sum(reporting_amount) AS won FROM revenue.closed_deals('2026-05-20 12:00+00')
  WHERE won AND closed_on >= '2026-04-01' AND closed_on < '2026-07-01' GROUP BY owner_rep_id) AS c ON c.rep = m ->> 'rep';
-- who has left keeps what is open and wins nothing that is not made yet
BEGIN;
UPDATE revenue.reps SET active = false WHERE rep_id = (SELECT min(owner_rep_id) FROM revenue.deals WHERE org_id = :org);
SELECT (m ->> 'usual')::numeric AS usual, (m ->> 'open')::numeric > 0 AS open, sum((m ->> 'expected')::numeric) OVER () = (f ->> 'forecast_amount')::numeric AS adds_up
FROM revenue.revenue_forecast('quarter', dimension => 'rep', as_of => '2026-05-20 12:00+00') AS f, jsonb_array_elements(f -> 'reps') AS m
ORDER BY m ->> 'rep' LIMIT 1;
ROLLBACK;
SELECT sum(open_share) BETWEEN 0.999999 AND 1.000001 AS open, sum(usual_share) BETWEEN 0.999999 AND 1.000001 AS usual
FROM revenue.bookings_shares('rep', 'quarter', 1, '2026-05-20 12:00+00');
SELECT revenue.revenue_forecast(dimension => 'region');
SELECT revenue.revenue_forecast(metric => 'mrr', dimension => 'rep');
SELECT revenue.revenue_forecast(dimension => NULL);
-- the same input gives the same answer, and what comes later changes nothing
SELECT f = revenue.revenue_forecast('quarter', as_of => '2026-05-20 12:00+00') AS same FROM answer;
UPDATE revenue.deals SET amount = amount * 9 WHERE stage_id NOT LIKE 'closed%';
SELECT f = revenue.revenue_forecast('quarter', as_of => '2026-05-20 12:00+00') AS same FROM answer;
-- one component alone is the same estimate with all the weight
SELECT (a.f ->> 'forecast_amount')::numeric = (a.f ->> 'closed')::numeric + round((c ->> 'estimate')::numeric * (c ->> 'correction')::numeric, 2)
    OR abs((a.f ->> 'forecast_amount')::numeric / ((a.f ->> 'closed')::numeric + (c ->> 'estimate')::numeric * (c ->> 'correction')::numeric) - 1) < 1e-5 AS alone
FROM (SELECT revenue.revenue_forecast('quarter', 'run_rate', as_of => '2026-05-20 12:00+00') AS f) AS a, jsonb_array_elements(f -> 'components') AS c
WHERE c ->> 'component' = 'run_rate';
-- later periods, other levels
SELECT n, (f ->> 'closed')::numeric AS closed, (f ->> 'forecast_amount')::numeric > 0 AS some, jsonb_array_length(f -> 'intervals') AS intervals, f -> 'confidence_level' AS level
FROM generate_series(0, 2) AS n, revenue.revenue_forecast('month', periods_ahead => n + 1, levels => '{0.5,0.8,0.8}', as_of => '2026-05-20 12:00+00') AS f;
SELECT revenue.revenue_forecast('fortnight');
SELECT revenue.revenue_forecast('month', 'crystal ball');
SELECT revenue.revenue_forecast('month', metric => 'profit');
SELECT revenue.revenue_forecast('month', levels => '{0.5,1.5}');
SELECT revenue.revenue_forecast('month', levels => '{}');
SELECT revenue.revenue_forecast('month', NULL);

-- Little history ------------------------------------------------------------------------------
RESET revenue_intel.org_id;
SELECT revenue.create_org('Young') AS young \gset
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency) VALUES
  (:young, 'a', 'proposal', 1000, 'USD'), (:young, 'b', 'negotiation', 2000, 'USD'), (:young, 'c', 'proposal', 500, 'XXX');
SELECT f ->> 'sufficient_history' AS sufficient, f ->> 'reason' AS reason, f ->> 'interval_from' AS interval_from,
  (f ->> 'forecast_amount')::numeric > 0 AS some, (f -> 'confidence_interval' ->> 'upper')::numeric > 2 * (f ->> 'forecast_amount')::numeric AS wide,
  (SELECT string_agg(format('%s %s', c ->> 'component', c ->> 'weight'), ', ') FROM jsonb_array_elements(f -> 'components') AS c WHERE c ? 'weight' AND (c ->> 'weight')::numeric > 0) AS weights
FROM revenue.revenue_forecast('year', org => :young) AS f;
SELECT revenue.create_org('Empty') AS empty \gset
SELECT f ->> 'forecast_amount' AS amount, f -> 'confidence_interval' AS interval, f ->> 'reason' AS reason, f -> 'segments' AS segments
FROM revenue.generate_forecast(org => :empty) AS f;
-- Nor are wins of unknown value a forecast of 0.
BEGIN;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, amount, created_at, closed_at)
SELECT :empty, 'w' || i, 'closed_won', 'USD', NULL, timestamptz '2024-01-01', now() - i * interval '9 days' FROM generate_series(1, 60) AS i
UNION ALL SELECT :empty, 'open', 'proposal', 'XXX', 100, '2024-01-01', NULL;
SELECT f ->> 'forecast_amount' AS amount, f -> 'confidence_interval' AS interval, substring(f ->> 'reason' FROM 'no open.*?known value') AS reason,
  f ->> 'reason' LIKE '%won deals without an amount: 60; deals without an exchange rate, in no amount: 1 open (XXX)' AS told
FROM revenue.generate_forecast(org => :empty) AS f;
ROLLBACK;
SELECT f ->> 'forecast_amount' AS amount, f -> 'reps' AS reps FROM revenue.generate_forecast(dimension => 'rep', org => :empty) AS f;
SELECT m -> 'rep' AS rep, sum((m ->> 'expected')::numeric) = (f ->> 'forecast_amount')::numeric AS adds_up
FROM revenue.revenue_forecast('year', dimension => 'rep', org => :young) AS f, jsonb_array_elements(f -> 'reps') AS m GROUP BY m -> 'rep', f;
SELECT s -> 'projected' AS projected, s -> 'target' AS target FROM revenue.forecast_scenario('{"price": 0.1}', target => 5, org => :empty) AS s;
SELECT revenue.forecast_chart('month', 1, 1, org => :empty) -> 'data' -> 'values' -> 1 ->> 'actual' AS actual;
SELECT count(*) FROM revenue.forecast_lines('month', 1, 1, org => :empty);

-- Who may ask ---------------------------------------------------------------------------------
SET revenue_intel.org_id = :org;
SET ROLE regress_fc_member;
SELECT f = revenue.revenue_forecast('quarter', as_of => '2026-05-20 12:00+00') AS same
FROM (SELECT revenue.revenue_forecast('quarter', as_of => '2026-05-20 12:00+00') AS f) AS a;
SELECT revenue.generate_forecast();
SELECT count(*) > 1 AS reps FROM jsonb_array_elements(revenue.revenue_forecast('quarter', dimension => 'rep') -> 'reps');
SET ROLE regress_fc_viewer;
SELECT revenue.mrr_months();
SELECT revenue.mrr_by_member('segment', 'quarter', 0, 'mrr', 'ensemble', '{0.95}');
SELECT revenue.revenue_forecast();
SELECT count(*) FROM revenue.forecast_runs;
SET ROLE regress_fc_analyst;
SELECT revenue.generate_forecast() ? 'run_id' AS kept;
SELECT revenue.review_forecast('x', 'accepted', 'why');
INSERT INTO revenue.forecast_runs (org_id) VALUES (:org);
RESET ROLE;

-- Runs ----------------------------------------------------------------------------------------
SELECT count(revenue.generate_forecast('quarter', as_of => d)) FROM generate_series('2025-10-01 00:00+00'::timestamptz, '2026-04-15 00:00+00', '2 weeks') AS d;
SELECT count(revenue.generate_forecast('month', 'run_rate', as_of => d)) FROM generate_series('2025-10-01 00:00+00'::timestamptz, '2026-04-15 00:00+00', '1 month') AS d;
SELECT count(revenue.generate_forecast('quarter', dimension => 'rep', as_of => d)) FROM generate_series('2025-10-01 00:00+00'::timestamptz, '2026-03-15 00:00+00', '1 month') AS d;
SELECT count(*) AS runs, count(*) FILTER (WHERE retrospective) AS retrospective, count(DISTINCT version) AS versions, bool_and(made_by = current_user OR made_by = 'regress_fc_analyst') AS made_by
FROM revenue.forecast_runs WHERE org_id = :org;
SELECT count(*) AS runs, count(*) FILTER (WHERE
    r.expected = r.closed + (SELECT sum(p.contribution) FROM revenue.forecast_points AS p WHERE (p.org_id, p.run_id, p.dimension) = (r.org_id, r.run_id, 'component'))
    AND r.expected = (SELECT sum(p.expected) FROM revenue.forecast_points AS p WHERE (p.org_id, p.run_id, p.dimension) = (r.org_id, r.run_id, p.dimension) AND p.dimension NOT IN ('total', 'component'))
    AND r.expected = (SELECT p.expected FROM revenue.forecast_points AS p WHERE (p.org_id, p.run_id, p.dimension) = (r.org_id, r.run_id, 'total'))) AS add_up
FROM revenue.forecast_runs AS r WHERE org_id = :org;
UPDATE revenue.forecast_runs SET expected = 1;
TRUNCATE revenue.forecast_runs CASCADE;
RESET revenue_intel.org_id;
DELETE FROM revenue.forecast_points WHERE org_id = :empty;
-- far from what people commit: a person must look
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, forecast_category, close_date)
VALUES (:young, 'd', 'negotiation', 900000, 'USD', 'commit', (now() AT TIME ZONE 'UTC')::date);
SELECT f -> 'commit' ->> 'amount' AS commit, f -> 'commit' ->> 'source' AS source, (f -> 'commit' ->> 'variance')::numeric < -0.2 AS far, f -> 'review_required' AS review, f ->> 'run_id' AS run
FROM revenue.generate_forecast('quarter', org => :young) AS f \gset
SELECT :'commit' AS commit, :'source' AS source, :'far' AS far, :'review' AS review;
SELECT revenue.review_forecast(:'run', 'accepted', 'A single deal', :young) AS version;
SELECT revenue.review_forecast(:'run', 'rejected', 'It slipped', :young) AS version;
SELECT version, decision, note FROM revenue.forecast_reviews WHERE run_id = :'run' ORDER BY version;
SELECT action, reason FROM revenue.audit_log WHERE org_id = :young AND action = 'review_forecast' ORDER BY at;
SELECT revenue.review_forecast(:'run', 'perhaps', 'why', :young);
SELECT revenue.review_forecast(:'run', 'accepted', '', :young);
SELECT revenue.review_forecast('nobody', 'accepted', 'why', :young);
-- what is submitted is a layer of its own, and the model does not read it
INSERT INTO revenue.reps (org_id, rep_id, name, identity) VALUES (:young, 'solo', 'Solo', NULL);
SELECT amount, source FROM revenue.forecast_commit('2100-01-01', '2100-04-01', org => :young);
SELECT o ->> 'amount' AS overridden FROM revenue.override_forecast('solo', 5000, 'Nobody submitted', period_from => '2100-01-01', period_to => '2100-04-01', org => :young) AS o;
SELECT amount, source FROM revenue.forecast_commit('2100-01-01', '2100-04-01', org => :young);

-- Forecast against actual ---------------------------------------------------------------------
SET revenue_intel.org_id = :org;
-- each actual is what was won in the period
SELECT count(*) AS rows, count(*) FILTER (WHERE e.actual <> coalesce(w.won, 0) OR e.error <> e.forecast - e.actual) AS wrong, count(DISTINCT e.method) AS methods
FROM revenue.forecast_errors('2026-05-20 12:00+00', :org) AS e
LEFT JOIN LATERAL (
  SELECT sum(c.reporting_amount) AS won FROM revenue.closed_deals('2026-05-20 12:00+00') AS c
  WHERE c.org_id = :org AND c.won AND c.closed_on >= e.period_from AND c.closed_on < e.period_to AND (e.dimension <> 'segment' OR c.segment IS NOT DISTINCT FROM e.segment)
    AND (e.dimension <> 'rep' OR c.owner_rep_id IS NOT DISTINCT FROM e.rep_id)) AS w ON true
WHERE e.layer = 'model';
-- only of periods that were over
SELECT max(period_to) AS last, min(lead_days) >= 0 AS before_the_end FROM revenue.forecast_errors('2026-05-20 12:00+00', :org) WHERE layer = 'model';
SELECT layer, period, method, forecasts, round(wape::numeric, 1) AS wape, round(bias::numeric, 1) AS bias, naive_forecasts, round(mase::numeric, 1) AS mase
FROM revenue.forecast_accuracy('2026-05-20 12:00+00', :org) WHERE dimension = 'all' AND layer = 'model' AND method NOT IN ('ensemble', 'run_rate') ORDER BY period, method;
SELECT method, period, forecasts, wape < 1 AS near, mase < 1 AS better_than_naive, coverage_95 > 0.8 AS covered, winkler_95 > 0 AS winkler
FROM revenue.forecast_accuracy('2026-05-20 12:00+00', :org) WHERE dimension = 'all' AND layer = 'model' AND method IN ('ensemble', 'run_rate') ORDER BY period, method;
SELECT a.wape = (SELECT sum(abs(error)) / sum(abs(actual)) FROM revenue.forecast_errors('2026-05-20 12:00+00', :org) WHERE layer = 'model' AND method = 'ensemble' AND dimension = 'all')::double precision AS wape,
  a.winkler_95 = (SELECT avg(upper[3] - lower[3] + 40 * (greatest(lower[3] - actual, 0) + greatest(actual - upper[3], 0)))
    FROM revenue.forecast_errors('2026-05-20 12:00+00', :org) WHERE layer = 'model' AND method = 'ensemble' AND dimension = 'all')::double precision AS winkler
FROM revenue.forecast_accuracy('2026-05-20 12:00+00', :org) AS a WHERE a.dimension = 'all' AND a.method = 'ensemble';
SELECT dimension, count(*) AS rows FROM revenue.forecast_accuracy('2026-05-20 12:00+00', :org) WHERE layer = 'model' GROUP BY dimension ORDER BY dimension;
SELECT dimension, bool_and(rep_id IS NOT NULL) AS of_reps, min(forecasts) AS forecasts, sum(absolute_actual) > 0 AS won, bool_or(coverage_95 > 0) AS covered
FROM revenue.forecast_accuracy('2026-05-20 12:00+00', :org) WHERE layer = 'model' AND dimension = 'rep' GROUP BY dimension;
-- a later forecast of the same quarter is nearer
SELECT lead_days_from, forecasts, wape < lag(wape) OVER (ORDER BY lead_days_from DESC) AS nearer FROM revenue.forecast_accuracy('2026-05-20 12:00+00', :org)
WHERE dimension = 'lead_time' AND method = 'ensemble' AND period = 'quarter' ORDER BY lead_days_from DESC;

-- Scenarios -----------------------------------------------------------------------------------
SELECT s -> 'delta' AS delta, s -> 'levers' AS levers, s -> 'projected' ->> 'forecast' = s -> 'baseline' ->> 'forecast' AS same
FROM revenue.forecast_scenario('{}', as_of => '2026-05-20 12:00+00') AS s;
SELECT (s -> 'delta' ->> 'value')::numeric = round(0.10 * ((s -> 'baseline' ->> 'forecast')::numeric - (s ->> 'closed')::numeric), 2) AS ten_percent_of_what_is_open
FROM revenue.forecast_scenario('{"deal_size": 0.1}', as_of => '2026-05-20 12:00+00') AS s;
CREATE TEMP TABLE scenario AS SELECT revenue.forecast_scenario('{"win_rate": 0.1, "price": 0.05, "pipeline_growth": 0.2, "cycle_length": -0.2, "expansion": 0.3, "churn": 0.5,
  "run_rate": {"price": 0.5}}', target => 1000000, as_of => '2026-05-20 12:00+00') AS s;
SELECT abs((s -> 'delta' ->> 'value')::numeric - (SELECT sum((l ->> 'effect')::numeric) FROM jsonb_array_elements(s -> 'levers') AS l)) < 0.05 AS effects_add_up,
  abs((s -> 'projected' ->> 'forecast')::numeric - (s ->> 'closed')::numeric - (SELECT sum((c ->> 'projected')::numeric) FROM jsonb_array_elements(s -> 'components') AS c)) < 0.05 AS components_add_up,
  (SELECT bool_and(a.lower <= b.lower AND a.upper <= b.upper) FROM jsonb_to_recordset(s -> 'baseline' -> 'intervals') AS a(level numeric, lower numeric, upper numeric)
   JOIN jsonb_to_recordset(s -> 'projected' -> 'intervals') AS b(level numeric, lower numeric, upper numeric) USING (level)) AS intervals_move,
  (s -> 'target' ->> 'projected_probability')::numeric >= (s -> 'target' ->> 'baseline_probability')::numeric AS likelier
FROM scenario;
SELECT l ->> 'lever' AS lever, sign((l ->> 'effect')::numeric) AS effect FROM scenario, jsonb_array_elements(s -> 'levers') AS l;
SELECT revenue.forecast_scenario('{"luck": 1}');
SELECT revenue.forecast_scenario('{"win_rate": "high"}');
SELECT revenue.forecast_scenario('{"run_rate": {"luck": 1}}');
SELECT revenue.forecast_scenario('[]');
SELECT revenue.forecast_scenario('{"win_rate": 0.1}', target => 'NaN');
SELECT revenue.probability_of('{"quantiles": [{"probability": 0.05, "value": 0}, {"probability": 0.5, "value": 100}, {"probability": 0.95, "value": 200}]}', a) AS p
FROM unnest('{-1,0,50,100,150,200,201}'::numeric[]) AS a;

-- Pictures ------------------------------------------------------------------------------------
SELECT period_from, round(actual, -3) AS actual, expected > actual IS NOT FALSE AS expected, cardinality(lower) AS bounds
FROM revenue.forecast_outlook('quarter', 3, 2, as_of => '2026-05-20 12:00+00');
SELECT CASE WHEN l ~ '#$' THEN left(l, 29) ELSE left(l, 8) || (l ~ '[|o-]$')::text END AS line FROM revenue.forecast_lines('month', 6, 3, 30, as_of => '2026-05-20 12:00+00') AS l;
SELECT c ->> '$schema' AS schema, jsonb_array_length(c -> 'data' -> 'values') AS rows, c -> 'data' -> 'values' -> 0 ? 'actual' AS actual,
  c -> 'data' -> 'values' -> 4 ? 'upper_95' AS bounds, jsonb_array_length(c -> 'layer') AS layers
FROM revenue.forecast_chart('month', 3, 2, as_of => '2026-05-20 12:00+00') AS c;
SELECT revenue.forecast_chart('month', 3, 0);
SELECT revenue.forecast_lines(width => 5);

-- MRR and ARR, from the ledger ----------------------------------------------------------------
RESET revenue_intel.org_id;
SELECT f ->> 'forecast_amount' AS amount, f ->> 'reason' AS reason, f -> 'components' AS components FROM revenue.revenue_forecast('quarter', metric => 'mrr', org => :empty) AS f;
SELECT revenue.create_org('Subscribed') AS subscribed \gset
SET revenue_intel.org_id = :subscribed;
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) SELECT :subscribed, 's' || i, 'c' || i FROM generate_series(1, 300) AS i;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency)
SELECT :subscribed, 's' || i, '2024-01-01'::date + 3 * i, CASE WHEN i % 9 = 0 THEN '2024-01-01'::date + 3 * i + 200 + i % 100 ELSE 'infinity' END, 50 + i * 37 % 200, 'USD'
FROM generate_series(1, 300) AS i;
CREATE TEMP TABLE mrr AS SELECT revenue.revenue_forecast('quarter', metric => 'mrr', as_of => '2026-05-20 12:00+00') AS f;
SELECT (f ->> 'closed')::numeric = (SELECT closing_mrr FROM revenue.arr_monthly('2026-05-20') ORDER BY period_from DESC LIMIT 1) AS closed_is_what_there_is,
  (f ->> 'forecast_amount')::numeric = (f ->> 'closed')::numeric + (SELECT sum((c ->> 'contribution')::numeric) FROM jsonb_array_elements(f -> 'components') AS c) AS adds_up,
  (SELECT abs(sum(m.value::numeric) / (c ->> 'estimate')::numeric - 1) < 0.001 FROM jsonb_each_text(f -> 'movements') AS m, jsonb_array_elements(f -> 'components') AS c
   WHERE c ->> 'component' = 'movements' GROUP BY c) AS movements_add_up,
  f ->> 'interval_from' AS interval_from, f ->> 'reason' AS reason, (f ->> 'review_required')::boolean AS review
FROM mrr;
SELECT abs((a ->> 'forecast_amount')::numeric / 12 / (f ->> 'forecast_amount')::numeric - 1) < 1e-4 AS arr_is_twelve_times
FROM mrr, revenue.revenue_forecast('quarter', metric => 'arr', as_of => '2026-05-20 12:00+00') AS a;
SELECT count(revenue.generate_forecast('quarter', metric => 'mrr', as_of => d)) FROM generate_series('2025-04-05 00:00+00'::timestamptz, '2026-03-05', '1 month') AS d;
SELECT method, forecasts, wape < 0.05 AS near, bias BETWEEN -0.05 AND 0.05 AS unbiased FROM revenue.forecast_accuracy('2026-05-20 12:00+00')
WHERE metric = 'mrr' AND dimension = 'all' ORDER BY method;
SELECT count(*) AS rows, count(*) FILTER (WHERE e.actual <> m.closing_mrr) AS wrong
FROM revenue.forecast_errors('2026-05-20 12:00+00') AS e JOIN revenue.arr_monthly('2026-05-20') AS m ON m.period_to = e.period_to WHERE e.metric = 'mrr' AND e.dimension = 'all';
SELECT l ->> 'lever' AS lever, sign((l ->> 'effect')::numeric) AS effect
FROM revenue.forecast_scenario('{"churn": 0.5, "win_rate": 0.1, "price": 0.1, "cycle_length": -0.1}', metric => 'arr', as_of => '2026-05-20 12:00+00') AS s, jsonb_array_elements(s -> 'levers') AS l;
SELECT period_from, round(actual, -3) AS actual, expected IS NOT NULL AS expected FROM revenue.forecast_outlook('quarter', 2, 1, 'mrr', as_of => '2026-05-20 12:00+00');
-- by segment, region and product
INSERT INTO revenue.products (org_id, product_id, name) SELECT :subscribed, p, p FROM unnest('{basic,plus}'::text[]) AS p;
INSERT INTO revenue.accounts (org_id, account_id, name, segment, region)
SELECT :subscribed, 'c' || i, 'c' || i, CASE i % 4 WHEN 1 THEN 'small' WHEN 2 THEN 'large' WHEN 3 THEN 'total' END, CASE WHEN i % 2 = 0 THEN 'north' ELSE 'south' END
FROM generate_series(1, 300) AS i;
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) SELECT :subscribed, 'EUR', '2023-12-01'::date + 30 * i, 1.1 + 0.07 * sin(i) FROM generate_series(0, 40) AS i;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency, product_id)
SELECT :subscribed, 's' || i, '2024-02-01'::date + 3 * i, CASE WHEN i % 11 = 0 THEN '2024-02-01'::date + 3 * i + 90 + i % 50 ELSE 'infinity' END, 20 + i % 30,
  CASE WHEN i % 3 = 0 THEN 'EUR' ELSE 'USD' END, CASE WHEN i % 4 = 1 THEN 'basic' ELSE 'plus' END
FROM generate_series(1, 300, 2) AS i;
SELECT d AS dimension, count(*) AS months, count(*) FILTER (WHERE m.closing <> a.closing_mrr OR m.moved <> a.net_new_arr / 12) AS wrong
FROM unnest('{segment,region,product}'::text[]) AS d
CROSS JOIN LATERAL (
  SELECT month, sum(closing) AS closing, sum(gained + reactivated + expanded + contracted + churned) AS moved FROM revenue.mrr_months(d, '2026-05-20') GROUP BY month) AS m
JOIN revenue.arr_monthly('2026-05-20') AS a ON revenue.month_number(a.period_from) = m.month GROUP BY d ORDER BY d;
SELECT metric, d AS dimension, string_agg(coalesce(m.name, '-'), ',' ORDER BY m.name) AS members, (f ->> 'forecast_amount')::numeric = sum(m.expected) AS adds_up,
  (f ->> 'closed')::numeric = sum(m.closed) AS closed, bool_and(m.closed = b.mrr * CASE metric WHEN 'arr' THEN 12 ELSE 1 END) AS closed_as_arr_by,
  bool_and(abs(m.expected / m.closed - 1) < 0.3) AS near, bool_and((
    SELECT bool_and(i.lower <= m.expected AND i.upper >= m.expected AND i.lower >= 0 AND i.nested IS NOT FALSE)
    FROM (SELECT i.*, i.lower <= lag(i.lower) OVER w AND i.upper >= lag(i.upper) OVER w AS nested
          FROM jsonb_to_recordset(m.intervals) AS i(level numeric, lower numeric, upper numeric) WINDOW w AS (ORDER BY i.level)) AS i)) AS intervals
FROM unnest('{segment,region,product}'::text[]) AS d, unnest('{mrr,arr}'::text[]) AS metric,
  revenue.revenue_forecast('quarter', metric => metric, dimension => d, as_of => '2026-05-20 12:00+00') AS f,
  LATERAL (SELECT e ->> d AS name, (e ->> 'closed')::numeric AS closed, (e ->> 'expected')::numeric AS expected, e -> 'intervals' AS intervals
           FROM jsonb_array_elements(f -> (d || 's')) AS e) AS m
LEFT JOIN LATERAL (SELECT a.mrr FROM revenue.arr_by(d, '2026-05-20') AS a WHERE a.member IS NOT DISTINCT FROM m.name) AS b ON true
GROUP BY metric, d, f ORDER BY metric DESC, d;
SELECT count(revenue.generate_forecast('quarter', metric => 'arr', dimension => 'region', as_of => d)) FROM generate_series('2025-04-05 00:00+00'::timestamptz, '2026-03-05', '2 months') AS d;
SELECT region, bool_and(e.actual = m.closing * 12) AS actual, bool_and(abs(e.error) < 0.2 * e.actual) AS near
FROM revenue.forecast_errors('2026-05-20 12:00+00') AS e
JOIN revenue.mrr_months('region', '2026-05-20') AS m ON m.member = coalesce(e.region, '') AND m.month = revenue.month_number(e.period_to) - 1
WHERE e.metric = 'arr' AND e.dimension = 'region' GROUP BY region ORDER BY region;
SELECT dimension, count(*) AS rows FROM revenue.forecast_accuracy('2026-05-20 12:00+00') WHERE metric = 'arr' GROUP BY dimension ORDER BY dimension;
RESET revenue_intel.org_id;

-- The demo can be emptied ---------------------------------------------------------------------
SELECT revenue.drop_demo(5) AS dropped;
SELECT count(*) FROM revenue.forecast_runs WHERE org_id = :org;
DROP OWNED BY regress_fc_analyst, regress_fc_member, regress_fc_viewer;
DROP ROLE regress_fc_analyst, regress_fc_member, regress_fc_viewer;
