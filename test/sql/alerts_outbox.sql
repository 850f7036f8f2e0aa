-- The outbox: what goes in, once a key; what a relay takes, finishes, fails and gives up; who may.
\set ECHO none
\set SHOW_CONTEXT never
SET client_min_messages = error;
DROP ROLE IF EXISTS regress_outbox_admin, regress_outbox_member, regress_outbox_relay;
CREATE ROLE regress_outbox_admin;
CREATE ROLE regress_outbox_member;
CREATE ROLE regress_outbox_relay;
CREATE EXTENSION revenue_intel;
\set ECHO all
SELECT revenue.create_org('Outbox') AS org \gset
SELECT revenue.create_org('Other') AS other \gset
SELECT revenue.add_member('regress_outbox_admin', 'admin', :org), revenue.add_member('regress_outbox_member', 'member', :org);
SELECT revenue.grant_relay('regress_outbox_relay');

-- What goes in ---------------------------------------------------------------------------------
SELECT revenue.enqueue_message('k1', 'slack', 'sales', 'First text', 'Title', '{"n": 1}', org => :org) AS first \gset
SELECT revenue.enqueue_message('k1', 'email', 'cfo', 'Another text', org => :org) = :'first' AS known_key;
SELECT revenue.enqueue_message('k1', 'slack', 'sales', 'Of another organisation', org => :other) <> :'first' AS other_org;
SELECT org_id = :org AS mine, idempotency_key, channel, destination, subject, body, payload, state, attempts, leased_by, last_error,
  sent_at, next_attempt_at = created_at AS at_once FROM revenue.outbox ORDER BY org_id;
-- it comes and goes with its transaction
BEGIN;
SELECT revenue.enqueue_message('undone', 'slack', 'sales', 'Never', org => :org) IS NOT NULL AS queued;
ROLLBACK;
SELECT count(*) AS undone FROM revenue.outbox WHERE idempotency_key = 'undone';
-- the widest there is
SELECT count(revenue.enqueue_message(repeat('k', 500), 'webhook', 'a' || repeat('_', 62), repeat('Ж', 100000), repeat('s', 500),
  org => :org)) AS widest;
SELECT revenue.enqueue_message('later', 'telegram', 'ops', 'Later', not_before => '2100-01-01', org => :org) IS NOT NULL AS later;

-- what cannot go in: an address is no name
CREATE FUNCTION pg_temp.refused(VARIADIC p text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  PERFORM revenue.enqueue_message(p[1], p[2], p[3], p[4], p[5], NULL, p[6]::timestamptz, p[7]::integer);
  RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN hint = '' THEN ', NO HINT' ELSE '' END;
END $$;
SELECT pg_temp.refused(k, c, d, b, s, n, :'org') FROM (VALUES
  (NULL, 'slack', 'sales', 'b', NULL, NULL), ('', 'slack', 'sales', 'b', NULL, NULL), (repeat('k', 501), 'slack', 'sales', 'b', NULL, NULL),
  ('k', NULL, 'sales', 'b', NULL, NULL), ('k', 'fax', 'sales', 'b', NULL, NULL), ('k', 'Slack', 'sales', 'b', NULL, NULL),
  ('k', 'slack', NULL, 'b', NULL, NULL), ('k', 'slack', 'https://hooks.slack.com/services/T0/B0/x', 'b', NULL, NULL),
  ('k', 'email', 'a@b.example', 'b', NULL, NULL), ('k', 'telegram', '123456:AAH', 'b', NULL, NULL), ('k', 'slack', '1st', 'b', NULL, NULL),
  ('k', 'slack', 'sales', NULL, NULL, NULL), ('k', 'slack', 'sales', '', NULL, NULL), ('k', 'slack', 'sales', repeat('b', 100001), NULL, NULL),
  ('k', 'email', 'cfo', 'b', E'a\nBcc: x@y.example', NULL), ('k', 'email', 'cfo', 'b', repeat('s', 501), NULL),
  ('k', 'slack', 'sales', 'b', NULL, 'infinity'), ('k', 'slack', 'sales', 'b', NULL, '9999-12-31')) AS v(k, c, d, b, s, n);
SELECT revenue.enqueue_message('wide', 'webhook', 'erp', 'b', payload => to_jsonb(repeat('p', 100000)), org => :org);
SELECT pg_temp.refused('k', 'slack', 'sales', 'b', NULL, NULL, NULL) AS no_organisation, pg_temp.refused('k', 'slack', 'sales', 'b', NULL, NULL, '77') AS unknown;

-- What a relay does ----------------------------------------------------------------------------
SET ROLE regress_outbox_relay;
SELECT attempt, idempotency_key, channel, destination, subject, left(body, 10) AS body, payload
FROM revenue.claim_messages(10, '1 minute', ARRAY[:org || ':slack:sales', :org || ':email:cfo'], 'relay 1') ORDER BY org_id;
SELECT count(*) AS taken_already FROM revenue.claim_messages(10, '1 minute', ARRAY[:org || ':slack:sales']);
SELECT left(idempotency_key, 3) AS key, destination = 'a' || repeat('_', 62) AS others FROM revenue.claim_messages();
SELECT count(*) AS nothing_due FROM revenue.claim_messages();
RESET ROLE;
SELECT state, attempts, leased_by, next_attempt_at - now() BETWEEN '59 s' AND '60 s' AS lease
FROM revenue.outbox WHERE idempotency_key = 'k1' AND org_id = :org;
SELECT revenue.claim_messages(n, l) FROM (VALUES (0, interval '1 minute'), (1, '0')) AS v(n, l) LIMIT 1;
SELECT revenue.claim_messages(1001);
SELECT revenue.claim_messages(1, '2 days');
SELECT revenue.claim_messages(NULL);

-- a failure: back-off by the attempt, longer where the receiver says so, never a lease that was lost
SELECT a, revenue.delivery_delay(a) FROM unnest('{-1,0,1,2,3,10,11,19,20,NULL}'::integer[]) AS a;
SELECT sum(revenue.delivery_delay(a)) AS given_up_after FROM generate_series(1, 19) AS a;
SET ROLE regress_outbox_relay;
SELECT revenue.fail_message(:'first', 1, 'timed out', org => :org) AS failed;
SELECT revenue.fail_message(:'first', 0, 'of an attempt before', org => :org) AS stale,
  revenue.fail_message(gen_random_uuid(), 1, 'x', org => :org) AS unknown, revenue.fail_message(:'first', 1, 'x') AS no_org;
RESET ROLE;
SELECT state, attempts, leased_by, last_error, next_attempt_at - now() BETWEEN '4 s' AND '5 s' AS waits FROM revenue.outbox WHERE message_id = :'first';
SELECT revenue.fail_message(:'first', 1, repeat('e', 600), retry_after => '10 minutes', org => :org);
SELECT length(last_error) AS error_length, next_attempt_at - now() BETWEEN '590 s' AND '600 s' AS waits FROM revenue.outbox WHERE message_id = :'first';
SELECT revenue.fail_message(:'first', 1, 'x', retry_after => '10 years', org => :org);
SELECT next_attempt_at - now() BETWEEN '23 hours' AND '24 hours' AS at_most_a_day FROM revenue.outbox WHERE message_id = :'first';

-- the 20th attempt is the last one; a message that kills its relays is given up too
UPDATE revenue.outbox SET attempts = 19, next_attempt_at = now() WHERE message_id = :'first';
SELECT attempt FROM revenue.claim_messages(10, destinations => ARRAY[:org || ':slack:sales']) WHERE message_id = :'first';
SELECT revenue.fail_message(:'first', 20, 'still no answer', org => :org) AS failed;
SELECT state, attempts, leased_by, last_error FROM revenue.outbox WHERE message_id = :'first';
SELECT revenue.retry_messages(org => :org) AS revived, revenue.retry_messages(org => :org) AS again;
SELECT state, attempts, last_error FROM revenue.outbox WHERE message_id = :'first';
UPDATE revenue.outbox SET attempts = 20, last_error = NULL, next_attempt_at = now() WHERE message_id = :'first';
SELECT count(*) AS claimed FROM revenue.claim_messages(10, destinations => ARRAY[:org || ':slack:sales']) WHERE message_id = :'first';
SELECT state, attempts, leased_by, last_error FROM revenue.outbox WHERE message_id = :'first';
SELECT revenue.retry_messages(:'first', :other) AS not_theirs, revenue.retry_messages(:'first', :org) AS one;
SELECT attempt FROM revenue.claim_messages(10, destinations => ARRAY[:org || ':slack:sales']) WHERE message_id = :'first';
SELECT revenue.fail_message(:'first', 1, 'no such channel', permanent => true, org => :org) AS of_no_use;
-- who delivered it after all has the last word
SELECT revenue.complete_message(:'first', :org) AS done, revenue.complete_message(:'first', :org) AS again,
  revenue.complete_message(gen_random_uuid(), :org) AS unknown;
SELECT revenue.fail_message(:'first', 1, 'late', org => :org) AS too_late;
SELECT state, sent_at IS NOT NULL AS sent, last_error FROM revenue.outbox WHERE message_id = :'first';
SELECT channel, left(destination, 5) AS destination, pending, leased, sent, dead, oldest_pending_at IS NOT NULL AS waits, last_sent_at IS NOT NULL AS delivered, last_error
FROM revenue.outbox_status WHERE org_id = :org ORDER BY channel;

-- What is purged; its key with it
SELECT revenue.purge_messages(org => :org) AS too_young;
UPDATE revenue.outbox SET sent_at = now() - interval '31 days' WHERE message_id = :'first';
SELECT revenue.purge_messages(org => :org) AS purged, revenue.enqueue_message('k1', 'slack', 'sales', 'New', org => :org) <> :'first' AS forgotten;
UPDATE revenue.outbox SET state = 'dead', next_attempt_at = now() - interval '366 days' WHERE idempotency_key = 'k1' AND org_id = :org;
SELECT revenue.purge_messages('10 years', '2 years', :org) AS kept, revenue.purge_messages(org => :org) AS dead;
SELECT revenue.purge_messages('-1 day', org => :org);
SELECT revenue.purge_messages(keep_dead => '101 years', org => :org);

-- Who may --------------------------------------------------------------------------------------
SET ROLE regress_outbox_admin;
SELECT revenue.send_message('slack', 'sales', 'Hello', idempotency_key => 'a') = revenue.send_message('slack', 'sales', 'Again', idempotency_key => 'a') AS once,
  revenue.send_message('slack', 'sales', 'Hello') <> revenue.send_message('slack', 'sales', 'Hello') AS twice;
SELECT idempotency_key ~ '^message:[0-9a-f-]{36}$' AS by_itself, body FROM revenue.outbox WHERE body IN ('Hello', 'Again') ORDER BY 1, 2;
SELECT count(DISTINCT org_id) AS organisations FROM revenue.outbox;
SELECT revenue.enqueue_message('k', 'slack', 'sales', 'x');
SELECT revenue.claim_messages();
INSERT INTO revenue.outbox (org_id, idempotency_key, channel, destination, body) VALUES (:org, 'x', 'slack', 'sales', 'x');
UPDATE revenue.outbox SET state = 'pending';
SET ROLE regress_outbox_member;
SELECT revenue.send_message('slack', 'sales', 'Hello');
SELECT revenue.retry_messages();
SELECT revenue.purge_messages();
SELECT count(*) AS rows FROM revenue.outbox;
SET ROLE regress_outbox_relay;
SELECT count(*) AS rows FROM revenue.outbox;
SELECT revenue.visible_orgs('viewer') AS organisations;
SELECT revenue.send_message('slack', 'sales', 'Hello', org => :org);
RESET ROLE;
SELECT revenue.grant_relay('regress_outbox_nobody');

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
DROP ROLE regress_outbox_admin, regress_outbox_member, regress_outbox_relay;
