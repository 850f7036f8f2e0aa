-- The room metrics: how an organisation defines its metrics, and what they were on each day. Run once,
-- at installation.

CREATE TABLE revenue.metric_definitions (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  metric text NOT NULL CHECK (metric <> ''),
  version integer NOT NULL CHECK (version > 0),
  options jsonb NOT NULL CHECK (jsonb_typeof(options) = 'object'),
  valid_from date NOT NULL CHECK (isfinite(valid_from)),
  reason text NOT NULL CHECK (reason <> ''),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (org_id, metric, version)
);
COMMENT ON TABLE revenue.metric_definitions IS 'Changes of method: how an organisation computes a metric where it differs from builtin_metrics(). Written by set_metric_definition()';
COMMENT ON COLUMN revenue.metric_definitions.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.metric_definitions.metric IS 'A metric of builtin_metrics()';
COMMENT ON COLUMN revenue.metric_definitions.version IS '1, 2, ... for each metric; 0 is the built-in one. No version is ever changed';
COMMENT ON COLUMN revenue.metric_definitions.options IS 'What differs from the built-in options';
COMMENT ON COLUMN revenue.metric_definitions.valid_from IS 'First day whose values are computed so';
COMMENT ON COLUMN revenue.metric_definitions.reason IS 'Why the method was changed';
COMMENT ON COLUMN revenue.metric_definitions.created_at IS 'When it was changed';
COMMENT ON COLUMN revenue.metric_definitions.created_by IS 'Who changed it';

-- A partition a month, made when the first value of the month is written. The key is each partition's
-- own, because a dump restores a partition before its index, and the parent, which the extension
-- brings with it, would give it a second one. No reference to orgs: attaching a partition would have to
-- lock the organisations.
CREATE TABLE revenue.metric_values (
  org_id integer NOT NULL,
  metric text NOT NULL,
  dimension text NOT NULL CHECK (dimension IN ('all', 'pipeline', 'segment', 'product', 'region', 'rep')),
  member text NOT NULL,
  day date NOT NULL,
  value double precision CHECK (abs(value) < 'Infinity'),
  numerator numeric(18,6) CHECK (numerator <> 'NaN'),
  denominator numeric(18,6) CHECK (denominator <> 'NaN'),
  observations bigint NOT NULL CHECK (observations >= 0),
  currency char(3),
  reason text,
  complete boolean NOT NULL,
  definition_version integer NOT NULL CHECK (definition_version >= 0),
  stale_sources text[] NOT NULL DEFAULT '{}',
  recorded_at timestamptz NOT NULL
) PARTITION BY RANGE (day);
COMMENT ON TABLE revenue.metric_values IS 'What every metric was at the end of each day, by organisation, segment, region and rep, partitioned by month. Written by record_metrics() and backfill_metrics()';
COMMENT ON COLUMN revenue.metric_values.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.metric_values.metric IS 'A metric of builtin_metrics()';
COMMENT ON COLUMN revenue.metric_values.dimension IS 'What member is one of: all, pipeline, segment, product, region or rep';
COMMENT ON COLUMN revenue.metric_values.member IS 'Pipeline, segment, product, region or rep_id; empty = unknown, or all. One with nothing to say on a day has no row';
COMMENT ON COLUMN revenue.metric_values.day IS 'Day in the time zone of the organisation';
COMMENT ON COLUMN revenue.metric_values.value IS 'The value; NULL = it cannot be computed, for the stated reason';
COMMENT ON COLUMN revenue.metric_values.numerator IS 'Of a ratio, what stands above the line; else the exact total';
COMMENT ON COLUMN revenue.metric_values.denominator IS 'Of a ratio, what stands below the line; NULL = the metric is no ratio';
COMMENT ON COLUMN revenue.metric_values.observations IS 'How many rows (deals, contacts, e-mails, events) the value is made of';
COMMENT ON COLUMN revenue.metric_values.currency IS 'The organisation''s base currency where the value is money; else NULL';
COMMENT ON COLUMN revenue.metric_values.reason IS 'Why there is no value, or what it leaves out';
COMMENT ON COLUMN revenue.metric_values.complete IS 'Whether the day was over';
COMMENT ON COLUMN revenue.metric_values.definition_version IS 'Version of the definition it was computed by; 0 = built-in';
COMMENT ON COLUMN revenue.metric_values.stale_sources IS 'Sources of the metric that had not changed for more than 24 hours when it was recorded';
COMMENT ON COLUMN revenue.metric_values.recorded_at IS 'When it was computed last';

SELECT revenue.protect_table('revenue.metric_definitions', 'member');
SELECT revenue.protect_table('revenue.metric_values', 'member');
