-- The room alerts: what is watched, what was found. Run once, at installation.

CREATE TABLE revenue.alert_rules (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  rule text NOT NULL CHECK (rule <> ''),
  version integer NOT NULL CHECK (version > 0),
  enabled boolean NOT NULL DEFAULT true,
  check_kind text CHECK (check_kind IN (
    'change', 'average', 'level', 'sigma', 'milestone', 'pace', 'forecast', 'silence', 'untouched', 'at_risk', 'deal_closed', 'reported')),
  metric text,
  options jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(options) = 'object'),
  threshold double precision CHECK (abs(threshold) < 'Infinity'),
  min_observations bigint CHECK (min_observations >= 0),
  severity text CHECK (severity IN ('info', 'warning', 'urgent', 'critical')),
  cool_down interval CHECK (cool_down >= interval '0'),
  destinations text[],
  recommendation text,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (org_id, rule, version)
);
COMMENT ON TABLE revenue.alert_rules IS 'What an organisation watches where it differs from builtin_alert_rules(), and what it watches beyond; every version kept. Written by set_alert_rule()';
COMMENT ON COLUMN revenue.alert_rules.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.alert_rules.rule IS 'A rule of builtin_alert_rules() or one of its own; all = destinations of every rule that names none';
COMMENT ON COLUMN revenue.alert_rules.version IS '1, 2, ... for each rule; the latest is in force. No version is ever changed';
COMMENT ON COLUMN revenue.alert_rules.enabled IS 'Whether it is watched';
COMMENT ON COLUMN revenue.alert_rules.check_kind IS 'How it is judged; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.metric IS 'Metric that is judged; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.options IS 'What else the check needs, over the built-in options';
COMMENT ON COLUMN revenue.alert_rules.threshold IS 'Where it fires; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.min_observations IS 'With fewer observations it does not fire; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.severity IS 'info, warning, urgent or critical; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.cool_down IS 'How long a cause that was resolved raises no new alert; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.destinations IS 'Where its alerts go, such as slack:sales; NULL = as rule all says';
COMMENT ON COLUMN revenue.alert_rules.recommendation IS 'What to do; NULL = as built in';
COMMENT ON COLUMN revenue.alert_rules.reason IS 'Why it was set so';
COMMENT ON COLUMN revenue.alert_rules.created_at IS 'When it was set';
COMMENT ON COLUMN revenue.alert_rules.created_by IS 'Who set it';

CREATE TABLE revenue.alerts (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  alert_id text NOT NULL DEFAULT gen_random_uuid()::text CHECK (alert_id <> ''),
  rule text NOT NULL,
  dedupe_key text NOT NULL CHECK (dedupe_key <> ''),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'urgent', 'critical')),
  title text NOT NULL,
  metric text,
  dimension text,
  member text,
  affected_segment text,
  expected double precision CHECK (abs(expected) < 'Infinity'),
  actual double precision CHECK (abs(actual) < 'Infinity'),
  threshold double precision CHECK (abs(threshold) < 'Infinity'),
  observations bigint,
  drivers jsonb NOT NULL DEFAULT '[]',
  evidence jsonb NOT NULL DEFAULT '{}',
  recommendation text,
  stale_sources text[] NOT NULL DEFAULT '{}',
  as_of timestamptz NOT NULL,
  last_as_of timestamptz NOT NULL,
  times_seen integer NOT NULL DEFAULT 1 CHECK (times_seen > 0),
  opened_at timestamptz NOT NULL,
  acknowledged_at timestamptz,
  acknowledged_by text,
  resolved_at timestamptz,
  resolved_as_of timestamptz,
  resolved_by text,
  note text,
  PRIMARY KEY (org_id, alert_id),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL))
);
CREATE UNIQUE INDEX alerts_open ON revenue.alerts (org_id, dedupe_key) WHERE state <> 'resolved';
CREATE INDEX alerts_cause ON revenue.alerts (org_id, dedupe_key, resolved_as_of);
CREATE INDEX alerts_opened ON revenue.alerts (org_id, opened_at);
CREATE INDEX alerts_rule ON revenue.alerts (org_id, rule, as_of);
COMMENT ON TABLE revenue.alerts IS 'What was found, with the evidence; one that is not resolved for a cause. Written by check_alerts(), log_deal(), acknowledge_alert() and resolve_alert()';
COMMENT ON COLUMN revenue.alerts.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.alerts.alert_id IS 'Key of the alert';
COMMENT ON COLUMN revenue.alerts.rule IS 'Rule that fired';
COMMENT ON COLUMN revenue.alerts.dedupe_key IS 'The cause: of one cause there is one alert that is not resolved';
COMMENT ON COLUMN revenue.alerts.state IS 'open, acknowledged or resolved';
COMMENT ON COLUMN revenue.alerts.severity IS 'info, warning, urgent or critical';
COMMENT ON COLUMN revenue.alerts.title IS 'What happened, in one line';
COMMENT ON COLUMN revenue.alerts.metric IS 'Metric that was judged';
COMMENT ON COLUMN revenue.alerts.dimension IS 'What member is one of; all = the whole organisation';
COMMENT ON COLUMN revenue.alerts.member IS 'Segment, deal or contact that it is about';
COMMENT ON COLUMN revenue.alerts.affected_segment IS 'Segment that moved the metric most';
COMMENT ON COLUMN revenue.alerts.expected IS 'What was to be expected';
COMMENT ON COLUMN revenue.alerts.actual IS 'What there was';
COMMENT ON COLUMN revenue.alerts.threshold IS 'Where the rule fires';
COMMENT ON COLUMN revenue.alerts.observations IS 'How many observations it rests on';
COMMENT ON COLUMN revenue.alerts.drivers IS 'What moved it: members with their contributions, which add up to the change';
COMMENT ON COLUMN revenue.alerts.evidence IS 'Figures and rows that it rests on';
COMMENT ON COLUMN revenue.alerts.recommendation IS 'What to do';
COMMENT ON COLUMN revenue.alerts.stale_sources IS 'Sources that had not changed for more than 24 hours, so that it may be about old data';
COMMENT ON COLUMN revenue.alerts.as_of IS 'Instant it was found for first';
COMMENT ON COLUMN revenue.alerts.last_as_of IS 'Instant it was found for last';
COMMENT ON COLUMN revenue.alerts.times_seen IS 'How often it was found';
COMMENT ON COLUMN revenue.alerts.opened_at IS 'When it was raised';
COMMENT ON COLUMN revenue.alerts.acknowledged_at IS 'When somebody took it';
COMMENT ON COLUMN revenue.alerts.acknowledged_by IS 'Who took it';
COMMENT ON COLUMN revenue.alerts.resolved_at IS 'When it was resolved';
COMMENT ON COLUMN revenue.alerts.resolved_as_of IS 'Instant for which it was resolved; the cool-down runs from it';
COMMENT ON COLUMN revenue.alerts.resolved_by IS 'Who resolved it; check_alerts() where it no longer held';
COMMENT ON COLUMN revenue.alerts.note IS 'What was said on acknowledging or resolving it';

SELECT revenue.protect_table('revenue.alert_rules', 'member');
SELECT revenue.protect_table('revenue.alerts', 'member');
