-- When contacts and deals are won, the funnel, cohorts.
\set ON_ERROR_STOP off
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT revenue.create_org('Funnel', time_zone => 'UTC') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null

-- The contact vector: 2,205.00 within 30 days, 2,782.50 within 60, all at age 0.
SELECT revenue.add_pipeline('contacts', '[{"stage_id": "cold"}, {"stage_id": "awareness"}, {"stage_id": "consideration"},
  {"stage_id": "decision"}, {"stage_id": "call_booked"}, {"stage_id": "closed", "kind": "won"},
  {"stage_id": "lost", "kind": "lost"}]', kind => 'contact') \g /dev/null
INSERT INTO revenue.contacts (org_id, contact_id, pipeline_id, stage_id, expected_value)
SELECT :org, stage || i, 'contacts', stage, value
FROM (VALUES ('decision', 2, 3500), ('call_booked', 1, 3500), ('consideration', 11, 1500)) AS s(stage, n, value), generate_series(1, n) AS i;
SELECT horizon_days, deal_count, expected_value, deals_without_value FROM revenue.pipeline_forecast('contact');

-- One that needs 57 more days is in no figure before 60: cold, awareness, consideration, decision, call.
INSERT INTO revenue.contacts (org_id, contact_id, pipeline_id, stage_id, expected_value) VALUES (:org, 'far', 'contacts', 'cold', 1000000);
SELECT contact_id, win_30d, win_60d, win, expected_close_date - (now() AT TIME ZONE 'UTC')::date AS days
FROM revenue.contact_forecast WHERE contact_id = 'far';
-- Twenty days in consideration of 21 leave 16: within 30 days.
UPDATE revenue.contacts SET stage_entered_at = now() - interval '20 days 1 hour' WHERE contact_id = 'consideration1';
SELECT contact_id, win_30d FROM revenue.contact_forecast WHERE contact_id = 'consideration1';

-- Its stages are remembered, and what was true can be asked for.
UPDATE revenue.contacts SET stage_id = 'awareness', stage_entered_at = now() + interval '1 hour' WHERE contact_id = 'far';
SELECT stage_id FROM revenue.contact_stages WHERE contact_id = 'far' ORDER BY entered_at;
SELECT stage_id FROM revenue.contacts_as_of(now()) WHERE contact_id = 'far';
SELECT stage_id FROM revenue.contacts_as_of(now() + interval '1 hour') WHERE contact_id = 'far';
DELETE FROM revenue.contacts WHERE contact_id = 'decision2';
SELECT stage_id FROM revenue.contact_stages WHERE contact_id = 'decision2' ORDER BY stage_id NULLS LAST;
SELECT stage_id, entered, still_in_stage, left_stage, lost, conversion, days FROM revenue.contact_funnel WHERE entered > 0;

-- Deals: 100 entered, 40 won after 10 days, 30 lost after 20, the others still there.
SELECT revenue.add_pipeline('simple', '[{"stage_id": "open", "framework_stage": "proposal"}, {"stage_id": "won", "kind": "won"},
  {"stage_id": "lost", "kind": "lost"}]') \g /dev/null
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency, created_at, effective_at)
SELECT :org, 'D' || i, 'simple', 'open', 100, 'USD', now() - interval '100 days', now() - interval '100 days' FROM generate_series(1, 100) AS i;
UPDATE revenue.deals SET stage_id = 'won', effective_at = now() - interval '90 days' WHERE org_id = :org AND substr(deal_id, 2)::integer <= 40;
UPDATE revenue.deals SET stage_id = 'lost', effective_at = now() - interval '80 days' WHERE org_id = :org AND substr(deal_id, 2)::integer BETWEEN 41 AND 70;
SELECT entered, still_in_stage, left_stage, advanced, lost, round(measured_conversion::numeric, 6) AS measured,
  default_conversion, round(conversion::numeric, 6) AS conversion, lower_quartile_days, median_days, upper_quartile_days
FROM revenue.stage_conversion WHERE pipeline_id = 'simple';
SELECT created_month = date_trunc('month', now() - interval '100 days')::date AS month, deal_count, open_deals, won_deals, lost_deals,
  round(win_rate::numeric, 6) AS win_rate, won_value, closed_value FROM revenue.cohort_win_rates;
-- As of ten days after they began nobody had left but the forty won; before that, nobody.
SELECT entered, still_in_stage, advanced FROM revenue.stage_conversion(as_of => now() - interval '85 days') WHERE pipeline_id = 'simple';
SELECT entered, still_in_stage, advanced FROM revenue.stage_conversion(as_of => now() - interval '95 days') WHERE pipeline_id = 'simple';
-- The sum over deals is the total, and the intervals hold each other.
SELECT bool_and(abs(f.expected_value - d.expected) < 0.01) AS adds_up,
  bool_and(lower_95 <= lower_85 AND lower_85 <= lower_70 AND lower_70 <= median AND median <= upper_70
    AND upper_70 <= upper_85 AND upper_85 <= upper_95) AS nested, count(*)
FROM revenue.pipeline_forecast AS f, LATERAL (
  SELECT sum(reporting_amount::double precision * CASE f.horizon_days WHEN 30 THEN win_30d WHEN 60 THEN win_60d ELSE win_90d END)::numeric AS expected
  FROM revenue.deal_forecast) AS d;
SELECT bool_and(win_30d BETWEEN 0 AND win_60d AND win_60d <= win_90d AND win_90d <= win AND win <= 1) AS rising, count(*) FROM revenue.deal_forecast;
-- A deleted deal has left.
DELETE FROM revenue.deals WHERE deal_id = 'D100' AND org_id = :org;
SELECT entered, still_in_stage, lost FROM revenue.stage_conversion(as_of => clock_timestamp()) WHERE pipeline_id = 'simple';

-- Moved by plain updates, at the time of the update, it has been in every stage too; also in the one that
-- it was in for some time when it was imported.
SELECT revenue.add_pipeline('live', '[{"stage_id": "first"}, {"stage_id": "second"}, {"stage_id": "won", "kind": "won"}]') \g /dev/null
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency) VALUES (:org, 'live', 'live', 'first', 100, 'USD');
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency, created_at, stage_entered_at)
VALUES (:org, 'imported', 'live', 'first', 100, 'USD', now() - interval '90 days', now() - interval '50 days');
UPDATE revenue.deals SET amount = 150 WHERE deal_id = 'imported';
UPDATE revenue.deals SET stage_id = 'second' WHERE deal_id IN ('live', 'imported');
UPDATE revenue.deals SET amount = 200 WHERE deal_id = 'live';
UPDATE revenue.deals SET stage_id = 'won' WHERE deal_id = 'live';
SELECT stage_id, entered, left_stage, advanced, round(upper_quartile_days) AS upper_quartile_days
FROM revenue.stage_conversion(as_of => clock_timestamp()) WHERE pipeline_id = 'live';
-- A version knows whether it goes on with the stage of the one before; one that was patched does not say.
SELECT deal_id, stage_id, continues_stage FROM revenue.deal_history WHERE pipeline_id = 'live' ORDER BY deal_id, valid_from;
UPDATE revenue.deals SET stage_id = 'first', effective_at = now() - interval '1 day' WHERE deal_id = 'imported';
SELECT deal_id, stage_id, continues_stage FROM revenue.deal_history
WHERE deal_id = 'imported' AND superseded_at = 'infinity' ORDER BY valid_from;

-- By hand: 0 with 0.3, 100 with 0.3, 200 with 0.2, 300 with 0.2.
SELECT revenue.total_distribution(amount, probability, 0) FROM (VALUES (100, 0.5), (200, 0.4)) AS deals(amount, probability);

SELECT * FROM revenue.pipeline_forecast('nothing');
ROLLBACK;

-- Of the demo's origins most are covered: what it leaves open today makes its last months unsteady.
BEGIN;
SELECT (revenue.load_demo(60, 7) ->> 'org_id')::integer AS org \gset
SELECT count(*) > 20 AS origins, count(*) FILTER (WHERE within_95) >= 0.8 * count(*) AS covered,
  sum(expected_wins) / sum(actual_wins) BETWEEN 0.75 AND 1.25 AS unbiased
FROM revenue.forecast_calibration(now()::date - 480, now()::date - 100, '14 days', :org) WHERE horizon_days = 30;
ROLLBACK;

-- The same in every time zone of the session, also across a change of the clocks.
BEGIN;
SELECT (revenue.load_demo(35, 7, years => 2) ->> 'org_id')::integer AS org \gset
CREATE TEMP TABLE in_utc AS SELECT * FROM revenue.forecast_calibration(now()::date - 400, now()::date - 100, '14 days', :org);
SET LOCAL timezone = 'America/New_York';
SELECT count(*) > 40 AS lines, count(*) FILTER (WHERE c.actual_wins <> u.actual_wins) AS differ
FROM in_utc AS u JOIN revenue.forecast_calibration((SELECT min(origin) FROM in_utc), (SELECT max(origin) FROM in_utc), '14 days', :org) AS c
  USING (origin, horizon_days);
ROLLBACK;
