-- The room anomaly: what was found in the metric store. Run once, at installation.

CREATE TABLE revenue.anomalies (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  metric text NOT NULL CHECK (metric <> ''),
  dimension text NOT NULL,
  member text NOT NULL,
  day date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('spike', 'drop', 'shift_up', 'shift_down', 'missing', 'flat')),
  sensitivity text NOT NULL CHECK (sensitivity IN ('low', 'medium', 'high')),
  severity text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  expected double precision CHECK (abs(expected) < 'Infinity'),
  actual double precision CHECK (abs(actual) < 'Infinity'),
  lower_bound double precision CHECK (abs(lower_bound) < 'Infinity'),
  upper_bound double precision CHECK (abs(upper_bound) < 'Infinity'),
  score double precision CHECK (abs(score) < 'Infinity'),
  affected_segment text,
  drivers jsonb NOT NULL DEFAULT '[]',
  recommendation text,
  stale_sources text[] NOT NULL DEFAULT '{}',
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (org_id, metric, dimension, member, day)
);
CREATE INDEX anomalies_day ON revenue.anomalies (org_id, day);
COMMENT ON TABLE revenue.anomalies IS 'Days on which a metric was out of line with its own past, kept by record_anomalies()';
COMMENT ON COLUMN revenue.anomalies.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.anomalies.metric IS 'A metric of builtin_metrics()';
COMMENT ON COLUMN revenue.anomalies.dimension IS 'What member is one of: all, pipeline, segment, product, region or rep';
COMMENT ON COLUMN revenue.anomalies.member IS 'Pipeline, segment, product, region or rep_id; empty = unknown, or all';
COMMENT ON COLUMN revenue.anomalies.day IS 'Day; of a rate, or a flow that is nothing on most days, the Monday of its ISO week';
COMMENT ON COLUMN revenue.anomalies.kind IS 'spike, drop, shift_up, shift_down, missing or flat';
COMMENT ON COLUMN revenue.anomalies.sensitivity IS 'Sensitivity it was found with: low, medium, high = 3, 2, 1.5 sigmas';
COMMENT ON COLUMN revenue.anomalies.severity IS 'low, medium, high or critical, from how improbable it is and how much money it is about';
COMMENT ON COLUMN revenue.anomalies.expected IS 'What was to be expected from what came before';
COMMENT ON COLUMN revenue.anomalies.actual IS 'What there was; NULL = nothing was recorded';
COMMENT ON COLUMN revenue.anomalies.lower_bound IS 'Below it a single value is out of line';
COMMENT ON COLUMN revenue.anomalies.upper_bound IS 'Above it a single value is out of line';
COMMENT ON COLUMN revenue.anomalies.score IS 'How far out it is, in sigmas';
COMMENT ON COLUMN revenue.anomalies.affected_segment IS 'Segment that moved it most';
COMMENT ON COLUMN revenue.anomalies.drivers IS 'How the segments changed since a week before; adds up to the change';
COMMENT ON COLUMN revenue.anomalies.recommendation IS 'What to do';
COMMENT ON COLUMN revenue.anomalies.stale_sources IS 'Sources of the metric that had not changed for more than 24 hours';
COMMENT ON COLUMN revenue.anomalies.recorded_at IS 'When it was found last';

SELECT revenue.protect_table('revenue.anomalies', 'member');
