-- What a load knows survives it, and what it does not know stays unknown: closing dates, creation dates,
-- cycles and counters of activities.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT revenue.create_org('Loaded', 'USD', 'America/New_York') AS org \gset
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, close_date, closed_at, effective_at, stage_entered_at) VALUES
  (:org, 'dated',    'closed_won',  100, 'USD', '2026-01-01 05:00+00', '2026-01-11', NULL, NULL, NULL),
  (:org, 'old fact', 'closed_lost', 100, 'USD', '2026-01-01 05:00+00', '2026-01-21', NULL, '2026-01-01', NULL),
  (:org, 'timed',    'closed_won',  100, 'USD', '2026-01-01 05:00+00', '2026-02-10', NULL, '2026-02-10 17:00+00', NULL),
  (:org, 'entered',  'closed_won',  100, 'USD', '2026-01-01 05:00+00', NULL, NULL, NULL, '2026-02-11 05:00+00'),
  (:org, 'expected', 'closed_won',  100, 'USD', '2026-01-01 05:00+00', '2199-01-01', NULL, '2026-02-12 05:00+00', NULL),
  (:org, 'stated',   'closed_won',  100, 'USD', '2026-01-01 05:00+00', '2026-02-01', '2026-02-13 05:00+00', NULL, NULL),
  (:org, 'undated',  'closed_won',  100, 'USD', NULL, '2026-02-14', NULL, NULL, NULL),
  (:org, 'same day', 'closed_won',  100, 'USD', '2026-02-15 20:00+00', '2026-02-15', NULL, NULL, NULL),
  (:org, 'before',   'closed_won',  100, 'USD', '2026-02-17 20:00+00', '2026-02-16', NULL, NULL, NULL),
  (:org, 'open',     'proposal',    100, 'USD', NULL, '2026-02-20', NULL, NULL, NULL);
SELECT deal_id, closed_at, created_at IS NOT NULL AS created, stage_entered_at = closed_at AS entered_then FROM revenue.deals ORDER BY 1;
SELECT deal_id, closed_on, cycle_days FROM revenue.closed_deals ORDER BY 1;
SELECT month, deal_count, lost_deals, round(avg_cycle_days::numeric, 4) AS avg_cycle_days FROM revenue.won_deals_summary;
-- The past knows what closed then, and nothing before it did.
SELECT d AS day, count(c.deal_id) AS closed FROM unnest('{2026-01-01,2026-01-12,2026-02-13,2026-02-20}'::date[]) AS d
LEFT JOIN LATERAL revenue.closed_deals(d::timestamp AT TIME ZONE 'America/New_York') AS c ON true GROUP BY d ORDER BY d;
SELECT won_deals_with_cycle, round(mean_cycle_days::numeric, 4) AS mean_cycle_days
FROM revenue.sales_velocity('2026-02-20') WHERE dimension = 'all';
SELECT denominator, round(value::numeric, 4) AS mean_cycle_days FROM revenue.deal_metrics('2026-02-20', '2026-02-20')
WHERE metric = 'mean_cycle_days' AND dimension = 'all';
SELECT created_month, deal_count, open_deals, won_deals, lost_deals FROM revenue.cohort_win_rates;
SELECT value IS NULL AS unknown, numerator FROM revenue.compute_metrics('2026-02-20', '2026-02-20', scored => false)
WHERE metric = 'stage_transitions' AND dimension = 'all';

-- A close date that comes with the closing, or corrects it, is the actual one; an expected one is not.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, close_date) VALUES
  (:org, 'u1', 'proposal', 'USD', '2026-03-31'), (:org, 'u2', 'proposal', 'USD', '2026-03-31'), (:org, 'u3', 'proposal', 'USD', '2026-03-31');
UPDATE revenue.deals SET stage_id = 'closed_won', close_date = '2026-03-02' WHERE deal_id = 'u1';
UPDATE revenue.deals SET stage_id = 'closed_won' WHERE deal_id = 'u2';
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2026-03-05 12:00+00' WHERE deal_id = 'u3';
SELECT deal_id, CASE WHEN closed_at > now() - interval '1 hour' THEN 'now' ELSE closed_at::text END AS closed_at
FROM revenue.deals WHERE deal_id ~ '^u[0-9]' ORDER BY 1;
UPDATE revenue.deals SET close_date = '2026-03-06' WHERE deal_id ~ '^u[0-9]';
UPDATE revenue.deals SET amount = 5 WHERE deal_id ~ '^u[0-9]';
SELECT deal_id, closed_on FROM revenue.closed_deals WHERE deal_id ~ '^u[0-9]' ORDER BY 1;
UPDATE revenue.deals SET stage_id = 'negotiation' WHERE deal_id ~ '^u[0-9]';
SELECT count(closed_at) AS closed FROM revenue.deals WHERE deal_id ~ '^u[0-9]';

-- Loaded with triggers off.
SET session_replication_role = replica;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, stage_entered_at)
VALUES (:org, 'off', 'closed_won', 4000, 'USD', '2026-03-07', now());
RESET session_replication_role;
SELECT revenue.refresh_deal_history();
SELECT closed_on, cycle_days FROM revenue.closed_deals WHERE deal_id = 'off';
-- A stage history that comes later knows the hour, and does not open the deal again.
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES
  (:org, 'dated', '2026-01-03 10:00+00', 'proposal'), (:org, 'dated', '2026-01-11 14:00+00', 'negotiation'), (:org, 'dated', '2026-01-11 15:00+00', 'closed_won');
SELECT valid_from, stage_id, closed_at FROM revenue.deal_history WHERE deal_id = 'dated' AND superseded_at = 'infinity' ORDER BY 1;

-- An account and a contact that a load brings were not created on the day of the load: they were added on no day, and
-- a win without a deal took an unknown time.
INSERT INTO revenue.accounts (org_id, account_id, name) VALUES (:org, 'loaded', 'Loaded');
INSERT INTO revenue.contacts (org_id, contact_id, name, created_at) VALUES
  (:org, 'loaded', 'Loaded', NULL), (:org, 'dated', 'Dated', '2026-02-01 12:00+00');
INSERT INTO revenue.contacts (org_id, contact_id, name) VALUES (:org, 'left out', 'Left out');
SELECT 'account' AS what, account_id AS id, created_at FROM revenue.accounts
UNION ALL SELECT 'contact', contact_id, created_at FROM revenue.contacts ORDER BY 1, 2;
SELECT sum(numerator) AS added FROM revenue.compute_metrics((now() - interval '1 day')::date, (now() + interval '1 day')::date, scored => false)
WHERE metric = 'contacts_added' AND dimension = 'all';
SELECT numerator AS added FROM revenue.compute_metrics('2026-02-01', '2026-02-01', scored => false) WHERE metric = 'contacts_added' AND dimension = 'all';
SELECT contact_id, revenue.log_deal('by ' || contact_id, contact_id => contact_id, amount => 10, closed_at => '2026-02-11 12:00+00')
  -> 'event' -> 'days_to_close' AS days_to_close FROM revenue.contacts ORDER BY 1;
SELECT revenue.delete_rows('revenue_events', jsonb_agg(jsonb_build_object('event_id', event_id))) AS deleted FROM revenue.revenue_events;

-- Nothing is known of the interactions of a deal before its first activity.
INSERT INTO revenue.activities (org_id, activity_id, deal_id, kind, occurred_at) VALUES (:org, 'n', 'u1', 'note', now()), (:org, 'c', 'u2', 'call', now());
SELECT deal_id, num_interactions, num_objections_handled FROM revenue.deals WHERE deal_id ~ '^u[0-9]' ORDER BY 1;
SELECT deal_id, num_interactions FROM revenue.deals_as_of(clock_timestamp()) WHERE deal_id ~ '^u[0-9]' ORDER BY 1;
DELETE FROM revenue.activities WHERE activity_id = 'c';
SELECT deal_id, num_interactions FROM revenue.deals WHERE deal_id = 'u2';
SELECT deal_id, 'No interactions' = ANY (risk_factors) AS none FROM revenue.deal_scores WHERE deal_id IN ('u2', 'u3', 'open') ORDER BY 1;
UPDATE revenue.deals SET num_objections_handled = 9, competitors_mentioned = 7 WHERE deal_id = 'timed';
SELECT objections_handled, closed_deals FROM revenue.objection_handling_impact ORDER BY 1;
SELECT competitors_mentioned, closed_deals FROM revenue.competitor_impact ORDER BY 1;
SELECT count(*) AS differ FROM revenue.reconcile_sources() WHERE check_name = 'interactions = activities' AND NOT reconciled;
SELECT count(months) FROM revenue.bookings_history(NULL, '2026-01-01', '2026-03-01', 'segment') WHERE total;
-- An event of a deal whose creation is unknown has no days.
SELECT revenue.log_deal('E-1', 'deal_won', 100, deal_id => 'open') ->> 'event_id' AS event;
SELECT days_to_close FROM revenue.revenue_events WHERE event_id = 'E-1';
DROP EXTENSION revenue_intel;
