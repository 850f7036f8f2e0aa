-- Pipelines, the reps' hierarchy, the rules of deal history, engagement, and changing a deal.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE FUNCTION code_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ' ' || SQLERRM || CASE hint WHEN '' THEN ' (no hint)' ELSE '' END;
END $$;
SELECT revenue.create_org('Acme', 'USD') AS org \gset

-- Pipelines -----------------------------------------------------------------------------------

SELECT revenue.add_pipeline('partners', '[{"stage_id": "met"}, {"stage_id": "trial", "name": "In trial", "qualified": true,
  "framework_stage": "proposal"}, {"stage_id": "won", "kind": "won"}, {"stage_id": "lost", "kind": "lost"}]', 'Partners');
SELECT stage_id, name, position, kind, qualified, framework_stage FROM revenue.stages WHERE pipeline_id = 'partners' ORDER BY position;
SELECT code_of(c) FROM (VALUES
  ($$SELECT revenue.add_pipeline('partners', '[{"stage_id": "met"}]')$$), ($$SELECT revenue.add_pipeline('x', '{}')$$),
  ($$SELECT revenue.add_pipeline('x', '[]')$$), ($$SELECT revenue.add_pipeline('x', '[{"name": "met"}]')$$),
  ($$SELECT revenue.add_pipeline('x', '[{"stage_id": "met", "kind": "maybe"}]')$$), ($$SELECT revenue.add_pipeline(NULL, NULL)$$),
  ($$SELECT revenue.add_pipeline('x', '[{"stage_id": "met", "qualified": "perhaps"}]')$$)) AS v(c);

-- Reps ----------------------------------------------------------------------------------------

INSERT INTO revenue.reps (org_id, rep_id, name) SELECT :org, r, initcap(r) FROM unnest('{ann,bob,cid,dan,eve}'::text[]) r;
SELECT revenue.set_rep_manager('bob', 'ann', '2024-01-01'), revenue.set_rep_manager('cid', 'bob', '2024-01-01'),
  revenue.set_rep_manager('dan', 'bob', '2024-01-01');
SELECT revenue.set_rep_manager('dan', 'ann', '2024-04-01');
SELECT rep_id, manager_rep_id, valid_from, valid_to FROM revenue.rep_managers ORDER BY rep_id, valid_from;
SELECT day, array_agg(rep_id || ' ' || depth ORDER BY rep_id) AS team
FROM unnest('{2023-12-31,2024-03-31,2024-04-01}'::date[]) AS day, revenue.rep_team('ann', day) GROUP BY day ORDER BY day;
SELECT count(*) AS team_today FROM revenue.rep_team('bob');
SELECT code_of(c) FROM (VALUES
  ($$INSERT INTO revenue.rep_managers VALUES (1, 'cid', 'ann', '2024-05-01')$$),
  ($$SELECT revenue.set_rep_manager('ann', 'cid', '2024-02-01')$$),
  ($$INSERT INTO revenue.rep_managers VALUES (1, 'ann', 'eve', '2024-01-01', '2024-02-01'), (1, 'eve', 'dan', '2024-01-15', '2024-03-01')$$),
  ($$UPDATE revenue.rep_managers SET manager_rep_id = 'cid' WHERE rep_id = 'bob'$$),
  ($$SELECT revenue.set_rep_manager('ann', 'ann')$$), ($$SELECT revenue.set_rep_manager('ann', 'nobody')$$),
  ($$INSERT INTO revenue.rep_managers VALUES (1, 'eve', 'ann', '2024-05-01', '2024-05-01')$$)) AS v(c);
-- Not a circle: the days do not meet.
INSERT INTO revenue.rep_managers VALUES (:org, 'ann', 'eve', '2024-01-01', '2024-02-01'), (:org, 'eve', 'dan', '2024-02-01', '2024-03-01');
SELECT revenue.set_rep_manager('dan', NULL, '2024-06-01');
SELECT count(*) AS team FROM revenue.rep_team('ann', '2024-06-01');

-- History -------------------------------------------------------------------------------------
-- Shown without the times of the clock: a version from now on starts at 'now'.

CREATE VIEW versions AS
SELECT deal_id, CASE WHEN valid_from < '2024-10-01' THEN to_char(valid_from, 'MM-DD') ELSE 'now' END AS since,
  CASE WHEN valid_to = 'infinity' THEN 'on' WHEN valid_to < '2024-10-01' THEN to_char(valid_to, 'MM-DD') ELSE 'now' END AS until,
  superseded_at = 'infinity' AS believed, deleted, stage_id, amount::float AS amount,
  CASE WHEN stage_entered_at < '2024-10-01' THEN to_char(stage_entered_at, 'MM-DD') ELSE 'now' END AS entered,
  CASE WHEN closed_at < '2024-10-01' THEN to_char(closed_at, 'MM-DD') WHEN closed_at IS NOT NULL THEN 'now' END AS closed,
  stated, valid_from, recorded_at
FROM revenue.deal_history;

INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, owner_rep_id, created_at) VALUES
  (:org, 'a', 'prospecting', 100, 'USD', 'bob', '2024-01-01'), (:org, 'b', 'closed_won', 200, 'EUR', 'cid', '2024-01-01');
-- Nothing tracked changes: no version. Then one that changes, in one statement with one that does not.
UPDATE revenue.deals SET num_interactions = 5, last_activity_at = now();
UPDATE revenue.deals SET amount = amount;
UPDATE revenue.deals SET amount = 150, stage_id = CASE deal_id WHEN 'a' THEN 'proposal' ELSE stage_id END;
UPDATE revenue.deals SET stage_id = 'closed_lost', loss_reason = 'price' WHERE deal_id = 'a';
UPDATE revenue.deals SET stage_id = 'negotiation' WHERE deal_id = 'a';
SELECT deal_id, since, until, believed, stage_id, amount, entered, closed FROM versions ORDER BY deal_id, valid_from;
SELECT deal_id, stage_id, closed_at IS NOT NULL AS closed, stage_entered_at > '2024-10-01' AS entered_now FROM revenue.deals ORDER BY 1;
SELECT changed_by = session_user AS by_me, count(*) FROM revenue.deal_history GROUP BY 1;

-- Facts with a time of their own: only what changes is patched, from then on.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, effective_at) VALUES (:org, 'c', 'prospecting', 10, 'USD', '2024-02-01');
UPDATE revenue.deals SET stage_id = 'proposal', effective_at = '2024-03-01' WHERE deal_id = 'c';
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2024-04-01' WHERE deal_id = 'c';
UPDATE revenue.deals SET amount = 20, effective_at = '2024-02-15' WHERE deal_id = 'c';
SELECT since, until, stage_id, amount, entered, closed, stated FROM versions WHERE deal_id = 'c' AND believed ORDER BY valid_from;
-- Earlier than the deal was known to exist.
UPDATE revenue.deals SET amount = 30, effective_at = '2024-01-10' WHERE deal_id = 'c';
SELECT since, until, stage_id, amount, entered, closed, stated FROM versions WHERE deal_id = 'c' AND believed ORDER BY valid_from;
SELECT count(*) AS all_that_was_believed FROM versions WHERE deal_id = 'c';
SELECT stage_id, amount::float FROM revenue.deals WHERE deal_id = 'c';

-- An imported history.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, loss_reason) VALUES (:org, 'd', 'closed_lost', 500, 'USD', '2024-05-01', 'price');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, amount) VALUES
  (:org, 'd', '2024-01-05', 'prospecting', 400), (:org, 'd', '2024-02-05', 'proposal', NULL),
  (:org, 'd', '2024-03-05', NULL, 450), (:org, 'd', '2024-05-01', 'closed_lost', 500);
SELECT since, until, stage_id, amount, entered, closed, stated FROM versions WHERE deal_id = 'd' AND believed ORDER BY valid_from;
SELECT stage_entered_at, closed_at FROM revenue.deals WHERE deal_id = 'd';
-- What is known only at the end is not carried back.
SELECT day, stage_id, closed_at, loss_reason FROM unnest('{2024-02-01,2024-06-01}'::timestamptz[]) AS day, revenue.deals_as_of(day) WHERE deal_id = 'd' ORDER BY day;
-- The same facts again: nothing. A later batch goes between.
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'd', '2024-01-05', 'negotiation') ON CONFLICT DO NOTHING;
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'd', '2024-04-05', 'negotiation');
SELECT since, until, believed, stage_id, amount FROM versions WHERE deal_id = 'd' ORDER BY believed, valid_from, recorded_at;
-- A corrected fact.
UPDATE revenue.deal_facts SET amount = 410 WHERE valid_from = '2024-01-05';
SELECT since, until, stage_id, amount FROM versions WHERE deal_id = 'd' AND believed ORDER BY valid_from;
-- What an open deal's own row says stays, and facts that agree with it add no version of now.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, loss_reason, effective_at) VALUES (:org, 'g', 'proposal', 1, 'USD', 'was lost before', '2024-02-01');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (:org, 'g', '2024-01-01', 1), (:org, 'g', '2024-03-01', 1);
SELECT to_char(valid_from, 'MM-DD') AS since, stage_id, amount::float, loss_reason, stated FROM revenue.deal_history
WHERE deal_id = 'g' AND superseded_at = 'infinity' ORDER BY valid_from;
-- The order of the batches does not matter.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, effective_at) SELECT :org, d, 'closed_won', 1, 'USD', '2024-06-01' FROM unnest('{e1,e2,e3}'::text[]) d;
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, amount) SELECT :org, 'e1', f.* FROM (VALUES
  (timestamptz '2024-02-01', 'prospecting', NULL::numeric), ('2024-03-01', 'proposal', 7), ('2024-04-01', NULL, 8), ('2024-07-01', NULL, 9)) f;
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'e2', '2024-02-01', 'prospecting'), (:org, 'e2', '2024-03-01', 'proposal');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (:org, 'e2', '2024-04-01', 8), (:org, 'e2', '2024-07-01', 9);
UPDATE revenue.deal_facts SET amount = 7 WHERE deal_id = 'e2' AND valid_from = '2024-03-01';
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (:org, 'e3', '2024-07-01', 9);
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (:org, 'e3', '2024-04-01', 8);
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, amount) VALUES (:org, 'e3', '2024-03-01', 'proposal', 7);
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'e3', '2024-02-01', 'prospecting');
SELECT since, until, stage_id, amount, entered, closed, stated, array_agg(deal_id ORDER BY deal_id) AS deals
FROM versions WHERE deal_id LIKE 'e%' AND believed GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY min(valid_from);

-- Deleted, and back.
DELETE FROM revenue.deals WHERE deal_id = 'a';
SELECT count(*) AS gone FROM revenue.deals_as_of(clock_timestamp()) WHERE deal_id = 'a';
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency) VALUES (:org, 'a', 'proposal', 1, 'USD');
SELECT since, until, believed, deleted, stage_id, amount FROM versions WHERE deal_id = 'a' ORDER BY valid_from;

-- Two times: what was true in March by what is known now, and by what was known before the correction.
SELECT clock_timestamp() AS before \gset
UPDATE revenue.deals SET amount = 99, effective_at = '2024-03-15' WHERE deal_id = 'c';
SELECT amount::float AS known_now FROM revenue.deals_as_of('2024-03-20') WHERE deal_id = 'c';
SELECT amount::float AS known_then FROM revenue.deals_as_of('2024-03-20', :'before') WHERE deal_id = 'c';
SELECT amount::float AS believed_then_of_then FROM revenue.deals_as_of(NULL, :'before') WHERE deal_id = 'c';
SELECT count(*) AS nothing_was_known_in_march FROM revenue.deals_as_of('2024-03-20', '2024-03-20');

SELECT code_of(c) FROM (VALUES
  ($$UPDATE revenue.deals SET deal_id = 'z' WHERE deal_id = 'a'$$), ($$UPDATE revenue.deals SET effective_at = '2999-01-01'$$),
  ($$UPDATE revenue.deals SET effective_at = '-infinity'$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, effective_at) VALUES (1, 'z', 'proposal', 'USD', 'infinity')$$),
  ($$INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (1, 'a', '2999-01-01', 1)$$),
  ($$INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (1, 'a', '2024-01-01', 'Won')$$),
  ($$INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (1, 'zz', '2024-01-01', 1)$$),
  ($$UPDATE revenue.deal_facts SET valid_from = '2024-01-02' WHERE deal_id = 'd' AND valid_from = '2024-01-05'$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, amount) VALUES (1, 'z', 'proposal', 'USD', 'NaN')$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, amount) VALUES (1, 'z', 'proposal', 'USD', 'Infinity')$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, lead_score) VALUES (1, 'z', 'proposal', 'USD', 'NaN')$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency) VALUES (1, 'z', 'nowhere', 'USD')$$)) AS v(c);

-- Rows written while the triggers were off are recorded on request, once.
SET session_replication_role = replica;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, stage_entered_at) VALUES (:org, 'f', 'proposal', 5, 'USD', '2024-08-01');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'f', '2024-07-01', 'prospecting');
UPDATE revenue.deals SET amount = 2 WHERE deal_id = 'a';
DELETE FROM revenue.deals WHERE deal_id = 'e1';
RESET session_replication_role;
SELECT revenue.refresh_deal_history();
SELECT deal_id, since, until, deleted, stage_id, amount, entered FROM versions WHERE believed AND deal_id IN ('a', 'e1', 'f') ORDER BY deal_id, valid_from;
SELECT count(*) AS versions FROM versions \gset
SELECT revenue.refresh_deal_history();
SELECT count(*) - :versions AS more FROM versions;

-- Engagement ----------------------------------------------------------------------------------

INSERT INTO revenue.activities (org_id, activity_id, deal_id, rep_id, kind, outcome, occurred_at) VALUES
  (:org, '1', 'a', 'bob', 'call', NULL, '2024-09-01'), (:org, '2', 'a', 'bob', 'objection', 'handled', '2024-09-03'),
  (:org, '3', 'a', 'bob', 'note', NULL, '2024-09-04'), (:org, '4', 'a', 'bob', 'objection', 'open', '2024-09-02'),
  (:org, '5', 'b', 'cid', 'email', NULL, '2024-09-05'), (:org, '6', NULL, 'cid', 'email', NULL, '2024-09-06');
SELECT deal_id, num_interactions, num_objections_handled, last_activity_at::date FROM revenue.deals WHERE deal_id = 'a';
UPDATE revenue.activities SET outcome = 'handled', deal_id = 'a' WHERE activity_id IN ('4', '6');
SELECT deal_id, num_interactions, num_objections_handled, last_activity_at::date FROM revenue.deals WHERE deal_id = 'a';
SELECT num_interactions, num_objections_handled, last_activity_at::date
FROM revenue.deals WHERE deal_id = 'a';
DELETE FROM revenue.activities WHERE activity_id IN ('6', '2');
SELECT deal_id, num_interactions, num_objections_handled, last_activity_at::date FROM revenue.deals WHERE deal_id = 'a';
-- As they were then, and as they were known then.
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'a', '2024-08-01', 'proposal');
SELECT day::date, num_interactions, num_objections_handled, last_activity_at::date
FROM unnest('{2024-08-15,2024-09-01,2024-09-02,2024-09-04}'::timestamptz[]) AS day, revenue.deals_as_of(day) WHERE deal_id = 'a' ORDER BY 1;
SELECT count(*) AS versions_of_counters FROM versions WHERE deal_id = 'a' AND believed AND since = 'now' AND until = 'on';
UPDATE revenue.deals SET num_interactions = 77 WHERE deal_id IN ('a', 'c');
SELECT revenue.refresh_engagement();
SELECT deal_id, num_interactions, last_activity_at::date FROM revenue.deals WHERE deal_id IN ('a', 'b', 'c') ORDER BY 1;
DELETE FROM revenue.deals WHERE deal_id = 'b';
SELECT activity_id, deal_id, kind FROM revenue.activities WHERE activity_id = '5';

-- Changing a deal -----------------------------------------------------------------------------

SELECT jsonb_path_query_array(r -> 'changed', '$.keyvalue().key') AS changed, r #> '{changed,amount}' AS amount, r -> 'deal_id' AS deal
FROM revenue.update_deal('c', amount => 1234.5, currency => 'eur', stage_id => 'negotiation', discount_pct => 0.1, reason => 'new quote') r;
SELECT revenue.update_deal('c', amount => 1234.5);
SELECT revenue.update_deal('c', close_date => '2024-12-01', effective_at => '2024-09-20');
SELECT actor = session_user AS by_me, action, object_id, reason, old ->> 'amount' AS was, new ->> 'amount' AS became, new ->> 'stage_id' AS stage,
  new ->> 'close_date' AS close_date
FROM revenue.audit_log WHERE object_type = 'deal' ORDER BY at;
SELECT amount::float, currency, stage_id, discount_pct, close_date FROM revenue.deals WHERE deal_id = 'c';
SELECT close_date FROM revenue.deals_as_of('2024-09-21') WHERE deal_id = 'c';
-- A reason audits a plain update too.
SET revenue.change_reason = 'clean-up';
UPDATE revenue.deals SET segment = 'smb' WHERE deal_id = 'c';
RESET revenue.change_reason;
UPDATE revenue.deals SET segment = 'mid' WHERE deal_id = 'c';
SELECT reason, new FROM revenue.audit_log WHERE object_type = 'deal' ORDER BY at DESC LIMIT 1;
SELECT code_of(c) FROM (VALUES
  ($$SELECT revenue.update_deal('nothing', amount => 1)$$), ($$SELECT revenue.update_deal(NULL)$$),
  ($$SELECT revenue.update_deal('c', amount => -1)$$), ($$SELECT revenue.update_deal('c', amount => 'NaN')$$),
  ($$SELECT revenue.update_deal('c', amount => 1e20)$$), ($$SELECT revenue.update_deal('c', currency => 'euros')$$),
  ($$SELECT revenue.update_deal('c', close_date => 'infinity')$$), ($$SELECT revenue.update_deal('c', stage_id => 'nowhere')$$),
  ($$SELECT revenue.update_deal('c', forecast_category => 'hope')$$), ($$SELECT revenue.update_deal('c', discount_pct => 15)$$),
  ($$SELECT revenue.update_deal('c', discount_pct => 'NaN')$$), ($$SELECT revenue.update_deal('c', num_users_planned => -1)$$),
  ($$SELECT revenue.update_deal('c', contract_term_months => 0)$$), ($$SELECT revenue.update_deal('c', effective_at => '2999-01-01')$$),
  ($$SELECT revenue.update_deal('c', base_list_price_per_user => -1)$$), ($$SELECT revenue.update_deal('c', 1, org => 999)$$)) AS v(c);
SELECT current_setting('revenue.change_reason', true) AS reason_left_behind;

-- Emptied.
TRUNCATE revenue.deals CASCADE;
SELECT count(*) AS open FROM revenue.deal_history WHERE valid_to = 'infinity' AND superseded_at = 'infinity';
SELECT count(*) AS now FROM revenue.deals_as_of(clock_timestamp());

DROP VIEW versions;
DROP FUNCTION code_of;
DROP EXTENSION revenue_intel;
