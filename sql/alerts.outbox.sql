-- The room alerts: what goes into the outbox, and what the relay does with it.

CREATE OR REPLACE FUNCTION revenue.check_message(
  idempotency_key text, channel text, destination text, subject text, body text, not_before timestamptz,
  payload jsonb DEFAULT NULL)
RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong text := CASE
    WHEN coalesce(idempotency_key, '') = '' OR length(idempotency_key) > 500
      THEN 'a message needs an idempotency key of 1 to 500 letters'
    WHEN coalesce(channel, '') NOT IN ('telegram', 'slack', 'webhook', 'email') THEN 'unknown channel'
    WHEN coalesce(destination, '') !~ '^[a-z][a-z0-9_]{0,62}$'
      THEN 'a destination is a name of small letters, digits and _, not an address'
    WHEN length(subject) > 500 OR subject ~ E'[\\x01-\\x1f\\x7f]' THEN 'a subject is one line of up to 500 letters'
    WHEN coalesce(body, '') = '' OR length(body) > 100000 THEN 'a message needs a text of 1 to 100000 letters'
    WHEN length(payload::text) > 100000 THEN 'a payload is JSON of up to 100000 letters'
    WHEN not_before < '0001-01-02 00:00+00' OR not_before >= '9999-12-31 00:00+00' THEN 'not_before is out of range'
  END;
BEGIN
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Channels are telegram, slack, webhook and email; what a destination of an organisation stands for is said in the environment of the relay.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_message IS 'An error with a hint where a part of a message cannot be';

-- One notification without a payload: of those a transaction sends only one. It is sent at commit, and
-- commits that notify queue for each other, so nothing that runs 10,000 times a second should come here.
CREATE OR REPLACE FUNCTION revenue.enqueue_message(
  idempotency_key text, channel text, destination text, body text, subject text DEFAULT NULL, payload jsonb DEFAULT NULL,
  not_before timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  queued uuid;
BEGIN
  PERFORM revenue.check_message(enqueue_message.idempotency_key, enqueue_message.channel, enqueue_message.destination,
    enqueue_message.subject, enqueue_message.body, enqueue_message.not_before, enqueue_message.payload);
  INSERT INTO revenue.outbox AS o (org_id, idempotency_key, channel, destination, subject, body, payload, next_attempt_at)
  VALUES (chosen, enqueue_message.idempotency_key, enqueue_message.channel, enqueue_message.destination,
    enqueue_message.subject, enqueue_message.body, enqueue_message.payload, coalesce(enqueue_message.not_before, now()))
  ON CONFLICT (org_id, idempotency_key) DO NOTHING RETURNING o.message_id INTO queued;
  IF queued IS NULL THEN
    SELECT o.message_id INTO queued FROM revenue.outbox AS o
    WHERE o.org_id = chosen AND o.idempotency_key = enqueue_message.idempotency_key;
  ELSE
    PERFORM pg_notify('revenue_outbox', '');
  END IF;
  RETURN queued;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.enqueue_message FROM PUBLIC;
COMMENT ON FUNCTION revenue.enqueue_message IS
  'For functions with the owner''s rights: a message in the outbox, delivered once this transaction commits; returns its id, which for a key that is known is that of the first message, unchanged';

CREATE OR REPLACE FUNCTION revenue.send_message(
  channel text, destination text, body text, subject text DEFAULT NULL, payload jsonb DEFAULT NULL,
  idempotency_key text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
BEGIN
  RETURN revenue.enqueue_message('message:' || coalesce(idempotency_key, gen_random_uuid()::text), channel, destination,
    body, subject, payload, NULL, chosen);
END $$;
COMMENT ON FUNCTION revenue.send_message IS
  'A message of one''s own in the outbox, such as one that tries a destination; a key that is known is not sent again. Admins and owners';

-- The relay -----------------------------------------------------------------------------------
-- A message is leased, not locked: the relay works outside of transactions. The number of the attempt
-- tells a relay that lost its lease from the one that has it now.

CREATE OR REPLACE FUNCTION revenue.delivery_delay(attempts integer) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN attempts < 20 THEN make_interval(secs => least(3600, 5 * 2 ^ (greatest(attempts, 1) - 1))) END;
END;
COMMENT ON FUNCTION revenue.delivery_delay IS
  'How long to wait after so many failed attempts: 5 s, doubled each time up to an hour; NULL after the 20th, some ten hours after the first, when it is given up';

CREATE OR REPLACE FUNCTION revenue.claim_messages(
  max_messages integer DEFAULT 20, lease interval DEFAULT '2 minutes', destinations text[] DEFAULT NULL, relay text DEFAULT NULL)
RETURNS TABLE (
  org_id integer, message_id uuid, attempt integer, idempotency_key text, channel text, destination text,
  subject text, body text, payload jsonb, created_at timestamptz)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT coalesce(max_messages BETWEEN 1 AND 1000 AND lease BETWEEN '1 second' AND '1 day', false) THEN
    RAISE EXCEPTION 'a claim is for 1 to 1000 messages and for a second to a day' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass as many as are delivered within the lease.';
  END IF;
  RETURN QUERY
  WITH due AS MATERIALIZED (
    SELECT o.org_id, o.message_id FROM revenue.outbox AS o
    WHERE o.state = 'pending' AND o.next_attempt_at <= now()
      AND (destinations IS NULL OR concat_ws(':', o.org_id, o.channel, o.destination) = ANY (destinations))
    ORDER BY o.next_attempt_at LIMIT max_messages FOR UPDATE SKIP LOCKED
  ), taken AS (
    -- A message whose every relay died over it is given up too.
    UPDATE revenue.outbox AS o SET
      state = CASE WHEN revenue.delivery_delay(o.attempts) IS NULL THEN 'dead' ELSE 'pending' END,
      last_error = CASE WHEN revenue.delivery_delay(o.attempts) IS NULL
        THEN coalesce(o.last_error, 'no relay came back from any of its attempts') ELSE o.last_error END,
      attempts = CASE WHEN revenue.delivery_delay(o.attempts) IS NULL THEN o.attempts ELSE o.attempts + 1 END,
      leased_by = CASE WHEN revenue.delivery_delay(o.attempts) IS NOT NULL
        THEN coalesce(claim_messages.relay, session_user) END,
      next_attempt_at = now() + lease
    FROM due AS d WHERE o.org_id = d.org_id AND o.message_id = d.message_id
    RETURNING o.*
  )
  SELECT t.org_id, t.message_id, t.attempts, t.idempotency_key, t.channel, t.destination, t.subject, t.body, t.payload,
    t.created_at
  FROM taken AS t WHERE t.state = 'pending' ORDER BY t.created_at, t.message_id;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.claim_messages FROM PUBLIC;
COMMENT ON FUNCTION revenue.claim_messages IS
  'For the relay: takes up to so many messages that are due, of all organisations, and has them until the lease ends; destinations such as 7:slack:sales, those of the organisation 7, NULL = all. See grant_relay()';

CREATE OR REPLACE FUNCTION revenue.complete_message(message_id uuid, org integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  -- Whoever has the lease by now: what was delivered is not to be delivered again.
  UPDATE revenue.outbox AS o SET state = 'sent', sent_at = clock_timestamp(), leased_by = NULL, last_error = NULL
  WHERE o.org_id = complete_message.org AND o.message_id = complete_message.message_id AND o.state <> 'sent';
  RETURN FOUND;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.complete_message FROM PUBLIC;
COMMENT ON FUNCTION revenue.complete_message IS 'For the relay: a message was delivered; false where that was known';

CREATE OR REPLACE FUNCTION revenue.fail_message(
  message_id uuid, attempt integer, error text, permanent boolean DEFAULT false, retry_after interval DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  delay interval := greatest(revenue.delivery_delay(attempt), CASE WHEN retry_after > '1 day' THEN '1 day' ELSE retry_after END);
  given_up boolean := coalesce(permanent, false) OR revenue.delivery_delay(attempt) IS NULL;
  outcome text;
BEGIN
  UPDATE revenue.outbox AS o SET
    state = CASE WHEN given_up THEN 'dead' ELSE 'pending' END,
    next_attempt_at = now() + CASE WHEN given_up THEN interval '0' ELSE delay END,
    leased_by = NULL, last_error = left(fail_message.error, 500)
  WHERE o.org_id = fail_message.org AND o.message_id = fail_message.message_id
    AND o.state = 'pending' AND o.attempts = fail_message.attempt
  RETURNING o.state INTO outcome;
  RETURN outcome;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.fail_message FROM PUBLIC;
COMMENT ON FUNCTION revenue.fail_message IS
  'For the relay: an attempt failed. The message waits for delivery_delay() or for longer if the receiver said so, or is dead where it is of no use to try again; returns its state, NULL where the attempt is not the latest';

CREATE OR REPLACE FUNCTION revenue.grant_relay(role_name text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM revenue.grant_access(role_name);
  EXECUTE format('GRANT EXECUTE ON FUNCTION revenue.claim_messages, revenue.complete_message, revenue.fail_message TO %I',
    role_name);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.grant_relay FROM PUBLIC;
COMMENT ON FUNCTION revenue.grant_relay IS
  'Lets a role deliver the messages of all organisations. It is a member of none and reads nothing else';

-- Operating it --------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.retry_messages(message_id uuid DEFAULT NULL, org integer DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  revived bigint;
BEGIN
  UPDATE revenue.outbox AS o SET state = 'pending', attempts = 0, next_attempt_at = now()
  WHERE o.org_id = chosen AND o.state = 'dead'
    AND (retry_messages.message_id IS NULL OR o.message_id = retry_messages.message_id);
  GET DIAGNOSTICS revived = ROW_COUNT;
  IF revived > 0 THEN PERFORM pg_notify('revenue_outbox', ''); END IF;
  RETURN revived;
END $$;
COMMENT ON FUNCTION revenue.retry_messages IS
  'Gives a dead message (NULL = every one) its attempts again; how many. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.purge_messages(
  keep_sent interval DEFAULT '30 days', keep_dead interval DEFAULT '1 year', org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  purged bigint;
BEGIN
  IF NOT coalesce(keep_sent BETWEEN '0' AND '100 years' AND keep_dead BETWEEN '0' AND '100 years', false) THEN
    RAISE EXCEPTION 'messages are kept for 0 to 100 years' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass intervals such as ''30 days''.';
  END IF;
  DELETE FROM revenue.outbox AS o
  WHERE o.org_id = chosen AND (o.state = 'sent' AND o.sent_at < now() - keep_sent
    OR o.state = 'dead' AND o.next_attempt_at < now() - keep_dead);
  GET DIAGNOSTICS purged = ROW_COUNT;
  RETURN purged;
END $$;
COMMENT ON FUNCTION revenue.purge_messages IS
  'Deletes messages that were delivered, or given up, longer ago; how many. With a message its key is forgotten. Admins and owners';

CREATE OR REPLACE VIEW revenue.outbox_status WITH (security_invoker) AS
SELECT o.org_id, o.channel, o.destination,
  count(*) FILTER (WHERE o.state = 'pending') AS pending,
  count(*) FILTER (WHERE o.state = 'pending' AND o.leased_by IS NOT NULL) AS leased,
  count(*) FILTER (WHERE o.state = 'sent') AS sent,
  count(*) FILTER (WHERE o.state = 'dead') AS dead,
  min(o.created_at) FILTER (WHERE o.state = 'pending') AS oldest_pending_at,
  max(o.sent_at) AS last_sent_at,
  (array_agg(o.last_error ORDER BY o.next_attempt_at DESC) FILTER (WHERE o.last_error IS NOT NULL))[1] AS last_error
FROM revenue.outbox AS o
WHERE o.org_id = ANY (revenue.visible_orgs('viewer'))
GROUP BY o.org_id, o.channel, o.destination;
COMMENT ON VIEW revenue.outbox_status IS 'The outbox by destination: what waits and since when, what was sent, what is dead';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation",
  "channel": "telegram, slack, webhook or email",
  "destination": "Name of the destination",
  "pending": "Messages that wait, those that a relay has included",
  "leased": "Of these, those that a relay has or had when it stopped",
  "sent": "Messages delivered and not yet purged",
  "dead": "Messages given up; retry_messages() revives them",
  "oldest_pending_at": "Since when the oldest of the waiting ones waits",
  "last_sent_at": "When the last one was delivered",
  "last_error": "Why the last failed attempt failed"
}');
