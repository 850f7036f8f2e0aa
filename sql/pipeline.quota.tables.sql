-- The room pipeline: quotas. Run once, at installation.

CREATE TABLE revenue.quotas (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  kind text NOT NULL CHECK (kind IN ('rep', 'team', 'manager', 'org')),
  member text NOT NULL,
  period_from date NOT NULL CHECK (isfinite(period_from)),
  period_to date NOT NULL CHECK (isfinite(period_to)),
  version integer NOT NULL CHECK (version > 0),
  amount numeric(18,6) CHECK (amount >= 0 AND amount <> 'NaN'),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  valid_from date NOT NULL CHECK (isfinite(valid_from)),
  reason text,
  set_by text NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (org_id, kind, member, period_from, period_to, version),
  CHECK (period_from < period_to),
  CHECK ((kind = 'org') = (member = ''))
);
COMMENT ON TABLE revenue.quotas IS 'What is to be won in a period, every version kept. Written by set_quota()';
COMMENT ON COLUMN revenue.quotas.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.quotas.kind IS 'Whose quota: rep (his own deals), team, manager (his own deals and those of all below him) or org';
COMMENT ON COLUMN revenue.quotas.member IS 'The rep_id, the team, or the manager''s rep_id; empty for the organisation';
COMMENT ON COLUMN revenue.quotas.period_from IS 'First day of the period';
COMMENT ON COLUMN revenue.quotas.period_to IS 'Day after its last';
COMMENT ON COLUMN revenue.quotas.version IS '1, 2, ... for each member and period; no version is ever changed';
COMMENT ON COLUMN revenue.quotas.amount IS 'The quota, in currency; NULL = withdrawn';
COMMENT ON COLUMN revenue.quotas.currency IS 'Its currency, ISO 4217';
COMMENT ON COLUMN revenue.quotas.valid_from IS 'First day on which this version is in force';
COMMENT ON COLUMN revenue.quotas.reason IS 'Why it was set so';
COMMENT ON COLUMN revenue.quotas.set_by IS 'Who set it';
COMMENT ON COLUMN revenue.quotas.recorded_at IS 'When it was set';

SELECT revenue.protect_table('revenue.quotas', 'member');
