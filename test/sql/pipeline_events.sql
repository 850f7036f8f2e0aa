-- Revenue events: one call that logs them, what the month, the sources, the offers, the automations and
-- the posting methods bring. Every figure is worked out by hand beside it.
\set SHOW_CONTEXT never
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT revenue.create_org('Events', 'EUR', 'Europe/Berlin');
INSERT INTO revenue.reps (org_id, rep_id, name) VALUES (1, 'r1', 'One'), (1, 'r2', 'Two');
INSERT INTO revenue.contacts (org_id, contact_id, owner_rep_id, source) VALUES (1, 'c1', 'r1', 'webinar');
INSERT INTO revenue.offers (org_id, offer_id, name, currency) VALUES (1, 'o1', 'Offer one', 'EUR'), (1, 'o2', 'Offer two', 'EUR');
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) VALUES
  (1, 'USD', '2024-01-01', 0.9), (1, 'USD', '2024-03-10', 0.8), (1, 'GBP', '2024-03-01', 1.2);
INSERT INTO revenue.deals (org_id, deal_id, contact_id, owner_rep_id, stage_id, amount, currency, close_date, created_at, source)
SELECT 1, 'd' || i, 'c1', 'r1', 'proposal', 1000 * i, 'EUR', current_date + 20, now() - interval '30 days 1 hour', 'referral'
FROM generate_series(1, 6) i;

-- Logging -------------------------------------------------------------------------------------
-- what is left out comes from the deal; the deal is won, at what was booked
SELECT r ->> 'recorded' AS recorded, r ->> 'deal_closed' AS closed, (r -> 'event') - 'closed_at' AS event, r -> 'mtd' AS mtd
FROM revenue.log_deal('e1', deal_id => 'd1', amount => 1200.5, platform => 'linkedin', offer_id => 'o1') r;
SELECT d.stage_id, d.amount, d.forecast_category, d.close_date = (e.closed_at AT TIME ZONE 'Europe/Berlin')::date AS closed_on_the_day
FROM revenue.deals d JOIN revenue.revenue_events e USING (org_id, deal_id) WHERE d.deal_id = 'd1';
SELECT stage_id, amount, valid_to = 'infinity' AS holds FROM revenue.deal_history WHERE deal_id = 'd1' ORDER BY valid_from;
SELECT action, object_id, new ->> 'stage_id' AS stage, reason FROM revenue.audit_log WHERE action = 'update_deal';
SELECT current_setting('revenue.change_reason') = '' AS reason_is_gone;

-- the same event again is no other; what it leaves out contradicts nothing
SELECT r ->> 'recorded' AS recorded, r ->> 'deal_closed' AS closed, r #>> '{mtd,revenue}' AS mtd
FROM (VALUES (revenue.log_deal('e1', deal_id => 'd1', amount => 1200.5)), (revenue.log_deal('e1'))) v(r);
SELECT count(*) AS events, (SELECT count(*) FROM revenue.deal_history WHERE deal_id = 'd1') AS versions FROM revenue.revenue_events;
SELECT revenue.log_deal('e1', amount => 1200.4);
SELECT revenue.log_deal('e1', 'upsell');
SELECT revenue.log_deal('e1', deal_id => 'd2');
SELECT revenue.log_deal('e1', currency => 'USD');
SELECT revenue.log_deal('e1', platform => 'email');
-- a deal is won once, unless it was opened again
SELECT revenue.log_deal('e2', deal_id => 'd1');
UPDATE revenue.deals SET stage_id = 'negotiation' WHERE deal_id = 'd1';
SELECT r ->> 'deal_closed' AS closed FROM revenue.log_deal('e2', deal_id => 'd1') r;
-- won before anybody logged it
UPDATE revenue.deals SET stage_id = 'closed_won' WHERE deal_id = 'd2';
SELECT r ->> 'recorded' AS recorded, r ->> 'deal_closed' AS closed, r #>> '{event,amount}' AS amount FROM revenue.log_deal('e3', deal_id => 'd2') r;
SELECT revenue.log_deal('e4', deal_id => 'd2');
-- what is paid back, an upsell and a payment leave the deal alone
SELECT v.what, r ->> 'deal_closed' AS closed, r #>> '{event,amount}' AS amount, r #>> '{event,source}' AS source,
  r #>> '{event,days_to_close}' AS days_to_close
FROM (VALUES ('refund', revenue.log_deal('e5', deal_id => 'd3', amount => -10)),
  ('upsell', revenue.log_deal('e6', 'upsell', 5, deal_id => 'd3')), ('churn', revenue.log_deal('e7', 'churn', -7, 'USD', contact_id => 'c1')),
  ('payment', revenue.log_deal('e8', 'recurring_payment', 9.99))) v(what, r);
SELECT stage_id, amount FROM revenue.deals WHERE deal_id = 'd3';
-- an event of the past closes its deal in the past
SELECT r ->> 'deal_closed' AS closed, r #>> '{event,days_to_close}' AS days_to_close
FROM revenue.log_deal('e9', deal_id => 'd4', closed_at => now() - interval '10 days') r;
SELECT count(*) FILTER (WHERE d.stage_id = 'closed_won') AS won_since, count(*) AS asked
FROM generate_series(1, 9) ago, revenue.deals_as_of(now() - ago * interval '1 day') d WHERE d.deal_id = 'd4';
-- a deal that is deleted takes no revenue with it, and the event may come again
DELETE FROM revenue.deals WHERE deal_id = 'd4';
SELECT r ->> 'recorded' AS recorded, r #> '{event,deal_id}' AS deal FROM revenue.log_deal('e9', deal_id => 'd4') r;
-- what cannot be
SELECT revenue.log_deal(NULL);
SELECT revenue.log_deal('');
SELECT revenue.log_deal('x', 'refund', 5);
SELECT revenue.log_deal('x', amount => 'NaN');
SELECT revenue.log_deal('x', 'upsell');
SELECT revenue.log_deal('x', amount => 5, closed_at => now() + interval '1 day');
SELECT revenue.log_deal('x', amount => 5, closed_at => '-infinity');
SELECT revenue.log_deal('x', amount => 5, currency => 'EURO');
SELECT revenue.log_deal('x', amount => 5, deal_id => 'none');
SELECT revenue.log_deal('x', amount => 5, contact_id => 'none');
SELECT revenue.log_deal('x', amount => 5, offer_id => 'none');
SELECT revenue.log_deal('x', amount => 5, owner_rep_id => 'none');
SELECT revenue.log_deal('x', deal_id => 'd5', currency => 'USD');
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency) VALUES (1, 'credit', 'proposal', -5, 'EUR'), (1, 'unknown', 'proposal', NULL, 'EUR');
SELECT revenue.log_deal('x', deal_id => 'credit');
SELECT revenue.log_deal('x', deal_id => 'unknown');
DELETE FROM revenue.deals WHERE deal_id IN ('credit', 'unknown');
SELECT count(*) AS logged FROM revenue.revenue_events WHERE event_id = 'x';
-- a failure takes everything with it
BEGIN;
SAVEPOINT s;
SELECT r ->> 'deal_closed' AS closed FROM revenue.log_deal('e10', deal_id => 'd5') r;
ROLLBACK TO s;
SELECT stage_id, (SELECT count(*) FROM revenue.revenue_events WHERE event_id = 'e10') AS events FROM revenue.deals WHERE deal_id = 'd5';
COMMIT;

-- The forecast beside it is the base without the deal, and that is what a new computation gives.
SELECT revenue.refresh_forecast();
SELECT f ->> 'deal_count' AS deals, f ->> 'events_since' AS events FROM revenue.forecast_after_event() f;
-- a deal's part of it is that of deal_scores
BEGIN;
SELECT revenue.set_framework('{"close_probability": {"champion": 20}}', 'retail') AS version;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, created_at, industry, champion_identified, lead_score)
SELECT 1, 'f' || i, (ARRAY['proposal', 'negotiation', 'prospecting', 'closed_lost'])[1 + i % 4], CASE WHEN i % 7 > 0 THEN 100 * i END,
  (ARRAY['EUR', 'USD', 'CHF'])[1 + i % 3], CASE WHEN i % 5 > 0 THEN current_date + 3 * i - 60 END, now() - i * interval '3 days',
  CASE WHEN i % 2 = 0 THEN 'retail' END, i % 3 = 0, i FROM generate_series(1, 40) i;
SELECT count(*) AS deals, count(s.deal_id) AS open,
  count(*) FILTER (WHERE revenue.deal_forecast_share(d.deal_id) IS DISTINCT FROM
    CASE WHEN s.deal_id IS NOT NULL THEN coalesce(s.weighted_amount * s.date_weight, 0) END) AS wrong
FROM revenue.deals d LEFT JOIN revenue.deal_scores() s USING (org_id, deal_id);
-- and of deal_forecast(), within 30, 60 and 90 days
SELECT revenue.refresh_forecast();
SELECT count(*) AS deals, count(f.deal_id) AS open, count(*) FILTER (WHERE x.shares[3] > 0) AS expected,
  count(*) FILTER (WHERE f.deal_id IS NULL AND x.shares IS NOT NULL OR f.deal_id IS NOT NULL AND (SELECT max(abs(a - b)) FROM
    unnest(x.shares, ARRAY[f.win_30d, f.win_60d, f.win_90d]) AS u(a, p),
    LATERAL (SELECT coalesce(f.reporting_amount::double precision * p, 0) AS b) AS y) > 1e-9) AS wrong
FROM revenue.deals d LEFT JOIN revenue.deal_forecast() f USING (org_id, deal_id)
CROSS JOIN LATERAL (SELECT revenue.deal_expected_shares(d.deal_id) AS shares) AS x;
SELECT p.horizon_days, abs(p.expected_value - (f ->> format('expected_%sd', p.horizon_days))::numeric) <= 0.01 AS as_forecast
FROM revenue.pipeline_forecast() p, revenue.forecast_after_event() f WHERE p.org_id = 1 ORDER BY 1;
-- a win takes its share along, and tells no other
SELECT (revenue.deal_expected_shares('f4'))[2] AS share, (f ->> 'expected_60d')::numeric AS before FROM revenue.forecast_after_event() f \gset
SELECT abs((r #>> '{forecast,expected_60d}')::numeric - (:before - :share)) <= 0.01 AS without_it, :share > 0 AS had_one
FROM revenue.log_deal('f4', deal_id => 'f4', amount => 7) r;
ROLLBACK;
SELECT r -> 'forecast' AS forecast FROM revenue.log_deal('e11', deal_id => 'd6') r \gset
SELECT f ->> 'deal_count' AS deals, f ->> 'events_since' AS events,
  abs((f ->> 'weighted_value')::float8 - (SELECT sum(weighted_value) FROM revenue.forecast_monthly())) < 0.02 AS as_computed
FROM CAST(:'forecast' AS jsonb) f;
SELECT revenue.refresh_forecast();
SELECT f ->> 'deal_count' AS deals, f ->> 'events_since' AS events,
  abs((f ->> 'weighted_value')::float8 - (SELECT sum(weighted_value) FROM revenue.forecast_monthly())) < 0.02 AS as_computed
FROM revenue.forecast_after_event() f;
-- a deal that was made, or opened again, after the base is not in it and takes nothing along; one that was open then does
BEGIN;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency)
VALUES (1, 'g1', 'proposal', 500, 'EUR'), (1, 'g2', 'closed_lost', 500, 'EUR');
SELECT revenue.refresh_forecast();
SELECT f - 'computed_at' AS base FROM revenue.forecast_after_event() f \gset
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency) VALUES (1, 'g3', 'negotiation', 500, 'EUR');
UPDATE revenue.deals SET stage_id = 'negotiation' WHERE deal_id = 'g2';
SELECT revenue.deal_forecast_share('g3') > 0 AS has_a_share;
SELECT r ->> 'deal_closed' AS closed, r -> 'forecast' @> :'base'::jsonb AS as_before FROM revenue.log_deal('g3', deal_id => 'g3') r;
SELECT r ->> 'deal_closed' AS closed, r -> 'forecast' @> :'base'::jsonb AS as_before FROM revenue.log_deal('g2', deal_id => 'g2') r;
SELECT r #>> '{forecast,events_since}' AS events, (r #>> '{forecast,deal_count}')::integer - (:'base'::jsonb ->> 'deal_count')::integer AS deals
FROM revenue.log_deal('g1', deal_id => 'g1') r;
SELECT f ->> 'deal_count' AS carried FROM revenue.forecast_after_event() f \gset
SELECT revenue.refresh_forecast();
SELECT f ->> 'deal_count' = :'carried' AS as_computed, f ->> 'events_since' AS events FROM revenue.forecast_after_event() f;
ROLLBACK;

-- Who may -------------------------------------------------------------------------------------
CREATE ROLE regress_events_member; CREATE ROLE regress_events_analyst; CREATE ROLE regress_events_viewer;
SELECT revenue.add_member('regress_events_member', 'member'), revenue.add_member('regress_events_analyst', 'analyst'),
  revenue.add_member('regress_events_viewer', 'viewer');
UPDATE revenue.reps SET identity = 'regress_events_member' WHERE rep_id = 'r1';
INSERT INTO revenue.deals (org_id, deal_id, owner_rep_id, stage_id, amount, currency)
VALUES (1, 'own', 'r1', 'proposal', 10, 'EUR'), (1, 'other', 'r2', 'proposal', 20, 'EUR');
SET ROLE regress_events_member;
SELECT r ->> 'deal_closed' AS closed FROM revenue.log_deal('m1', deal_id => 'own') r;
SELECT r #>> '{event,owner_rep_id}' AS owner FROM revenue.log_deal('m2', 'upsell', 1) r;
SELECT revenue.log_deal('m3', deal_id => 'other');
SELECT revenue.log_deal('m3', 'upsell', 1, deal_id => 'other');
SELECT revenue.log_deal('m3', 'upsell', 1, owner_rep_id => 'r2');
SET ROLE regress_events_analyst;
SELECT revenue.log_deal('a1', 'upsell', 1);
SET ROLE regress_events_viewer;
SELECT revenue.log_deal('v1', 'upsell', 1);
SELECT revenue.forecast_after_event() IS NULL AS hidden;
RESET ROLE;

-- Totals --------------------------------------------------------------------------------------
DELETE FROM revenue.revenue_events;
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, amount, currency, source, offer_id, platform, niche, days_to_close, closed_at) VALUES
  (1, '1', 'deal_won', 100, 'EUR', 'ads', 'o1', 'linkedin', NULL, 10, '2024-02-29 23:30+00'),     -- 1 March in Berlin
  (1, '2', 'deal_won', 200, 'USD', 'ads', 'o1', 'linkedin', NULL, 20, '2024-03-09 12:00+00'),     -- at 0.9: 180
  (1, '3', 'deal_won', 200, 'USD', 'event', 'o1', 'linkedin', 'ai', NULL, '2024-03-10 12:00+00'), -- at 0.8: 160
  (1, '4', 'deal_won', -50, 'EUR', 'event', 'o1', 'linkedin', 'ai', NULL, '2024-03-11 12:00+00'), -- paid back
  (1, '5', 'upsell', 70, 'CHF', NULL, NULL, NULL, NULL, NULL, '2024-03-12 12:00+00'),             -- no rate
  (1, '6', 'churn', -30, 'EUR', 'ads', NULL, NULL, NULL, NULL, '2024-03-31 23:00+00'),            -- 1 April in Berlin
  (1, '7', 'deal_won', 40, 'EUR', 'ads', NULL, NULL, NULL, NULL, '2024-02-10 12:00+00'),
  (1, '8', 'deal_won', 60, 'EUR', 'ads', NULL, NULL, NULL, NULL, '2024-02-20 12:00+00');
-- to the 15th: 100 + 180 + 160 - 50 = 390, against 40 to 15 February: +875 %; to the 31st against all of February: 100
SELECT as_of::date, m.month, m.event_type, m.events, m.revenue, m.events_without_rate AS no_rate, m.previous_events AS before,
  m.previous_revenue AS revenue_before, m.change
FROM unnest('{2024-03-10 12:00+00, 2024-03-15 12:00+00, 2024-03-31 20:00+00, 2024-04-01 12:00+00}'::timestamptz[]) as_of,
  revenue.mtd(as_of) m ORDER BY as_of, m.event_type;
SELECT * FROM revenue.mtd('infinity');
SELECT count(*) FROM revenue.mtd('0001-01-03 00:00+00');
SELECT rank, source, events, deals_closed, revenue, total_revenue, round(share::numeric, 4) AS share, events_without_rate AS no_rate,
  avg_days_to_close AS days FROM revenue.top_sources('2024-03-01', '2024-04-01');
SELECT rank, source, events, revenue FROM revenue.top_sources(n => 1);
SELECT rank, source, revenue FROM revenue.top_sources(as_of => '2024-02-15 00:00+00');
SELECT * FROM revenue.top_sources(n => 0);
SELECT * FROM revenue.top_sources('2024-03-31', '2024-03-01');
SELECT count(*) FROM revenue.top_sources('-infinity', '5874897-12-31');

-- Offers: an unknown niche is one key, for what was done and for what came of it
INSERT INTO revenue.offer_activity (org_id, offer_id, platform, niche, day, impressions, engagements, dm_starts, pipeline_entries, cost, currency) VALUES
  (1, 'o1', 'linkedin', NULL, '2024-03-01', 1000, 100, 10, 5, 50, 'EUR'), (1, 'o1', 'linkedin', NULL, '2024-03-02', 500, NULL, 10, 3, 100, 'USD'),
  (1, 'o1', 'linkedin', 'ai', '2024-03-02', 800, 80, 8, 4, NULL, 'EUR'), (1, 'o2', 'email', NULL, '2024-03-02', 10, 1, 0, 0, 0, 'EUR');
INSERT INTO revenue.offer_activity (org_id, offer_id, platform, niche, day, currency) VALUES (1, 'o1', 'linkedin', NULL, '2024-03-02', 'EUR');
-- o1 unknown niche: 2 of 8 entries; revenue 100 + 180, cost 50 + 90: ROI 1. Niche ai: one sale, 160 - 50
SELECT offer_id, platform, niche, impressions, engagements, dm_starts, pipeline_entries AS entries, deals_closed AS closed,
  conversion_rate AS rate, revenue, cost, roi, days_without_cost AS no_cost
FROM revenue.offer_performance('2024-03-01', '2024-04-01');
SELECT offer_id, niche, impressions, deals_closed, revenue, cost FROM revenue.offer_performance('2024-03-02', '2024-03-06');

-- Automations: 10 h x 30 + 5 h x 30 x 0.9 = 435, and 100 brought, at a cost of 50 + 45
INSERT INTO revenue.automations (org_id, automation_id, name) VALUES (1, 'a', 'A'), (1, 'b', 'B');
INSERT INTO revenue.automation_days (org_id, automation_id, day, runs, hours_saved, hourly_rate, revenue_generated, cost, currency) VALUES
  (1, 'a', '2024-03-01', 4, 10, 30, 100, 50, 'EUR'), (1, 'a', '2024-03-02', 2, 5, 30, NULL, 50, 'USD'),
  (1, 'b', '2024-03-01', 1, NULL, 30, NULL, 20, 'EUR'), (1, 'b', '2024-04-01', 1, 1, 30, NULL, NULL, 'EUR');
SELECT automation_id, recorded_days, runs, hours_saved, time_value, revenue_generated, cost, net_gain, roi, days_without_cost FROM revenue.automation_roi;
SELECT automation_id, net_gain, roi FROM revenue.automation_roi(to_date => '2024-03-02');

-- Posting methods: intervals by closed forms of the arcsine law and of Beta(1/2, n + 1/2); which is best
SELECT round(rate_low::numeric, 9) AS low, round(rate_high::numeric, 9) AS high FROM (
  SELECT revenue.rate_quantile(0, 0, 0.25) AS rate_low, revenue.rate_quantile(0, 0, 0.75) AS rate_high) q;
SELECT variant, successes, trials, round(p_best::numeric, 9) AS p_best
FROM revenue.compare_variants('{"a": {"successes": 3, "trials": 10}, "b": {"successes": 3, "trials": 10}}');
SELECT * FROM revenue.compare_variants('{}');
SELECT revenue.compare_variants('{"a": {"successes": 3}}');
SELECT revenue.compare_variants('{"a": {"successes": 3, "trials": 2}}');
SELECT revenue.compare_variants('{"a": {"successes": 0.5, "trials": 2}}');
SELECT revenue.rate_quantile(5, 10, 1);
INSERT INTO revenue.posting_tests (org_id, test_id, variant, day, exposures, pipeline_entries) VALUES
  (1, 't', 'a', '2024-03-01', 100, 5), (1, 't', 'a', '2024-03-02', 100, 5), (1, 't', 'b', '2024-03-01', 200, 25), (1, 'u', 'a', '2024-03-01', 0, 0);
SELECT test_id, variant, exposures, pipeline_entries AS entries, entry_rate, round(p_best::numeric, 4) AS p_best, level,
  rate_low < entry_rate AND entry_rate < rate_high AS inside, round((rate_high - rate_low)::numeric, 4) AS width
FROM revenue.posting_test_results(levels => '{0.7, 0.95, 0.7}');
SELECT variant, exposures FROM revenue.posting_test_results('t', '2024-03-01 12:00+00');
SELECT * FROM revenue.posting_test_results(levels => '{}');
SELECT * FROM revenue.posting_test_results(levels => '{0.5, NULL}');
-- P(b best) by the integral on a plain grid, to six decimals
WITH grid AS (
  SELECT x, exp(greatest(9.5 * ln(x) + 189.5 * ln(1 - x), -600)) AS a, exp(greatest(24.5 * ln(x) + 174.5 * ln(1 - x), -600)) AS b
  FROM (SELECT (i - 0.5) / 100000.0::float8 AS x FROM generate_series(1, 100000) i) g
), cumulated AS (
  SELECT b, sum(a) OVER (ORDER BY x) - a / 2 AS below FROM grid
)
SELECT abs(sum(b * below) / (SELECT sum(a) FROM grid) / sum(b)
  - (SELECT p_best FROM revenue.posting_test_results('t') WHERE variant = 'b')) < 1e-6 AS agrees FROM cumulated;

-- A viewer: cells of five and more
SET ROLE regress_events_viewer;
SELECT event_type, events, revenue FROM revenue.mtd('2024-03-15 12:00+00');
SELECT source, events, revenue, total_revenue FROM revenue.top_sources();
SELECT offer_id, niche, impressions, deals_closed, revenue, roi FROM revenue.offer_performance();
SELECT count(*) FROM revenue.automation_roi;
RESET ROLE;

-- Random events: the functions give what plain SQL gives --------------------------------------
\set ECHO none
DELETE FROM revenue.revenue_events;
SELECT setseed(0.42) \g /dev/null
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, amount, currency, source, offer_id, platform, niche, days_to_close, closed_at)
SELECT 1, i::text, (ARRAY['deal_won', 'upsell', 'churn', 'recurring_payment'])[1 + floor(random() * 4)],
  round((random() * 2000 - 500)::numeric, 6), (ARRAY['EUR', 'USD', 'GBP', 'CHF'])[1 + floor(random() * 4)],
  (ARRAY['ads', 'event', NULL, 'partner'])[1 + floor(random() * 4)], (ARRAY['o1', 'o2', NULL])[1 + floor(random() * 3)],
  (ARRAY['x', 'y', NULL])[1 + floor(random() * 3)], (ARRAY['n', NULL])[1 + floor(random() * 2)], floor(random() * 50),
  '2023-12-25 00:00+00'::timestamptz + random() * interval '140 days'
FROM generate_series(1, 3000) i;
CREATE VIEW valued AS
SELECT e.*, (e.closed_at AT TIME ZONE 'Europe/Berlin')::date AS day, CASE e.currency WHEN 'EUR' THEN e.amount ELSE e.amount * (
  SELECT r.rate FROM revenue.fx_rates r WHERE r.currency = e.currency AND r.rate_date <= (e.closed_at AT TIME ZONE 'Europe/Berlin')::date
  ORDER BY r.rate_date DESC LIMIT 1) END AS eur
FROM revenue.revenue_events e;
\set ECHO all
CREATE VIEW month_expected AS
SELECT as_of, v.event_type, count(*) FILTER (WHERE this_month) AS events,
  CASE WHEN count(*) FILTER (WHERE this_month) = 0 THEN 0 ELSE sum(v.eur) FILTER (WHERE this_month) END AS revenue,
  count(*) FILTER (WHERE this_month AND v.eur IS NULL) AS no_rate, count(*) FILTER (WHERE NOT this_month) AS events_before,
  CASE WHEN count(*) FILTER (WHERE NOT this_month) = 0 THEN 0 ELSE sum(v.eur) FILTER (WHERE NOT this_month) END AS revenue_before
FROM generate_series('2024-01-01 10:00+00'::timestamptz, '2024-05-05', '3 days 5 hours') as_of
CROSS JOIN LATERAL (SELECT (as_of AT TIME ZONE 'Europe/Berlin')::date AS today) t
JOIN valued v ON v.closed_at <= as_of
CROSS JOIN LATERAL (SELECT v.day >= date_trunc('month', today)::date AS this_month) n
WHERE this_month OR v.day BETWEEN (date_trunc('month', today) - interval '1 month')::date AND (today - interval '1 month')::date
GROUP BY as_of, v.event_type;
CREATE VIEW month_given AS
SELECT as_of, m.event_type, m.events, m.revenue, m.events_without_rate, m.previous_events, m.previous_revenue
FROM generate_series('2024-01-01 10:00+00'::timestamptz, '2024-05-05', '3 days 5 hours') as_of, revenue.mtd(as_of) m;
SELECT (SELECT count(*) FROM month_expected) AS compared,
  (SELECT count(*) FROM (TABLE month_expected EXCEPT TABLE month_given) e) AS missing,
  (SELECT count(*) FROM (TABLE month_given EXCEPT TABLE month_expected) e) AS wrong;
CREATE VIEW sources_expected AS
SELECT source, count(*) AS events, sum(eur) AS revenue, count(*) FILTER (WHERE eur IS NULL) AS no_rate,
  count(*) FILTER (WHERE event_type = 'deal_won' AND amount >= 0) AS closed, avg(days_to_close)::numeric(9,4) AS days
FROM valued WHERE day >= '2024-01-10' AND day < '2024-04-20' AND closed_at <= '2024-04-10 08:00+00' GROUP BY source;
CREATE VIEW sources_given AS
SELECT source, events, revenue, events_without_rate, deals_closed, avg_days_to_close::numeric(9,4)
FROM revenue.top_sources('2024-01-10', '2024-04-20', '2024-04-10 08:00+00');
SELECT (SELECT count(*) FROM sources_expected) AS compared,
  (SELECT count(*) FROM (TABLE sources_expected EXCEPT TABLE sources_given) e) AS missing,
  (SELECT count(*) FROM (TABLE sources_given EXCEPT TABLE sources_expected) e) AS wrong;
CREATE VIEW offers_expected AS
SELECT offer_id, platform, niche, count(*) AS events, sum(eur) AS revenue, count(*) FILTER (WHERE eur IS NULL) AS no_rate,
  count(*) FILTER (WHERE event_type = 'deal_won' AND amount >= 0) AS closed
FROM valued WHERE offer_id IS NOT NULL AND day >= '2024-03-05' AND day < '2024-04-20' GROUP BY offer_id, platform, niche;
CREATE VIEW offers_given AS
SELECT offer_id, platform, niche, events, revenue, events_without_rate, deals_closed
FROM revenue.offer_performance('2024-03-05', '2024-04-20');
SELECT (SELECT count(*) FROM offers_expected) AS compared,
  (SELECT count(*) FROM (TABLE offers_expected EXCEPT TABLE offers_given) e) AS missing,
  (SELECT count(*) FROM (TABLE offers_given EXCEPT TABLE offers_expected) e) AS wrong;
-- month_revenue() is mtd() at now
UPDATE revenue.revenue_events SET closed_at = now() - interval '40 days' * (event_id::integer % 100) / 100;
SELECT revenue.month_revenue() = (
  SELECT jsonb_build_object('events', sum(events), 'revenue', sum(revenue), 'events_without_rate', sum(events_without_rate),
    'reporting_currency', 'EUR', 'by_type', jsonb_object_agg(event_type, revenue)) FROM revenue.mtd() WHERE events > 0) AS same;

-- Members write no derived column and no recording time; what they change or delete is in the audit log.
SELECT count(*) AS audited FROM revenue.audit_log WHERE object_type = 'revenue_event' \gset
UPDATE revenue.reps SET identity = NULL WHERE identity = 'regress_events_member';
INSERT INTO revenue.reps (org_id, rep_id, name, identity) VALUES (1, 'auditor', 'Auditor', 'regress_events_member');
SET ROLE regress_events_member;
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, owner_rep_id, amount, currency, closed_at)
VALUES (1, 'mine', 'upsell', 'auditor', 10, 'EUR', '2024-03-01'), (1, 'gone', 'upsell', 'auditor', 20, 'EUR', '2024-03-01');
UPDATE revenue.revenue_events SET forecast_change = -1e6 WHERE event_id = 'mine';
UPDATE revenue.revenue_events SET expected_changes = '{1,2,3}' WHERE event_id = 'mine';
UPDATE revenue.revenue_events SET recorded_at = '2024-03-01' WHERE event_id = 'mine';
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, owner_rep_id, amount, currency, closed_at, recorded_at)
VALUES (1, 'backdated', 'upsell', 'auditor', 10, 'EUR', '2024-03-01', '2024-03-01');
UPDATE revenue.revenue_events SET event_id = 'other' WHERE event_id = 'mine';
UPDATE revenue.revenue_events SET amount = 1000, closed_at = '2024-02-01' WHERE event_id = 'mine';
UPDATE revenue.revenue_events SET notes = notes WHERE event_id = 'mine';
SELECT revenue.delete_rows('revenue_events', '{"event_id": "gone"}', 1);
RESET ROLE;
SELECT actor, action, object_id, (old ->> 'amount')::numeric AS was, (new ->> 'amount')::numeric AS is
FROM revenue.audit_log WHERE object_type = 'revenue_event' ORDER BY at OFFSET :audited;
DELETE FROM revenue.revenue_events WHERE event_id <> 'mine';
SELECT action, object_id, (old ->> 'events')::integer > 1000 AS many FROM revenue.audit_log WHERE object_type = 'revenue_event' ORDER BY at DESC LIMIT 1;

DROP VIEW month_expected, month_given, sources_expected, sources_given, offers_expected, offers_given;
DROP VIEW valued;
DROP OWNED BY regress_events_member, regress_events_analyst, regress_events_viewer;
DROP ROLE regress_events_member, regress_events_analyst, regress_events_viewer;
DROP EXTENSION revenue_intel;
