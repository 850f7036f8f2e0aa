-- The room alerts: the outbox. A message is a row of the transaction that caused it, so it is there
-- when that commits and never otherwise; a program outside the server delivers it (docs/relay.md).

CREATE TABLE revenue.outbox (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  message_id uuid NOT NULL DEFAULT gen_random_uuid(),
  idempotency_key text NOT NULL CHECK (idempotency_key <> ''),
  channel text NOT NULL CHECK (channel IN ('telegram', 'slack', 'webhook', 'email')),
  -- Too narrow for an address, a URL or a token: those belong to the relay's environment.
  destination text NOT NULL CHECK (destination ~ '^[a-z][a-z0-9_]{0,62}$'),
  subject text CHECK (subject !~ E'[\\x01-\\x1f\\x7f]'),
  body text NOT NULL CHECK (body <> ''),
  payload jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  leased_by text,
  last_error text,
  sent_at timestamptz,
  CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
  PRIMARY KEY (org_id, message_id),
  UNIQUE (org_id, idempotency_key)
);
CREATE INDEX outbox_pending ON revenue.outbox (next_attempt_at) WHERE state = 'pending';
CREATE INDEX outbox_destination ON revenue.outbox (org_id, channel, destination);
COMMENT ON TABLE revenue.outbox IS 'Messages to deliver and delivered, written by enqueue_message() and the relay''s functions';
COMMENT ON COLUMN revenue.outbox.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.outbox.message_id IS 'Key of the message, and what a receiver knows a second delivery by';
COMMENT ON COLUMN revenue.outbox.idempotency_key IS 'What the message is about: the same key again is the same message';
COMMENT ON COLUMN revenue.outbox.channel IS 'telegram, slack, webhook or email';
COMMENT ON COLUMN revenue.outbox.destination IS 'Name of a destination of the organisation that the relay knows from its environment; never an address or a secret';
COMMENT ON COLUMN revenue.outbox.subject IS 'Title, one line';
COMMENT ON COLUMN revenue.outbox.body IS 'Text';
COMMENT ON COLUMN revenue.outbox.payload IS 'The same for machines; webhooks receive it';
COMMENT ON COLUMN revenue.outbox.created_at IS 'When the transaction that caused it began';
COMMENT ON COLUMN revenue.outbox.state IS 'pending, sent or dead (given up; see last_error)';
COMMENT ON COLUMN revenue.outbox.next_attempt_at IS 'When a relay may take it; while one has it, when its lease ends';
COMMENT ON COLUMN revenue.outbox.attempts IS 'How often a relay took it';
COMMENT ON COLUMN revenue.outbox.leased_by IS 'Relay that has it; NULL = none';
COMMENT ON COLUMN revenue.outbox.last_error IS 'Why the last attempt failed';
COMMENT ON COLUMN revenue.outbox.sent_at IS 'When the receiver had accepted it';

SELECT revenue.protect_table('revenue.outbox', 'admin');
