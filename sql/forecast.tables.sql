-- The room forecast: what was forecast, from what, and what people said of it. Run once, at installation.

-- What the pipeline looked like at the beginning of each month, by what was known then. Worked out
-- once, so that a forecast can be judged at past months without reading the past again.
CREATE TABLE revenue.forecast_origins (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  origin date NOT NULL CHECK (isfinite(origin)),
  segment text NOT NULL DEFAULT '',
  deal_count bigint NOT NULL,
  open_value numeric(38,6) NOT NULL CHECK (open_value <> 'NaN'),
  expected double precision[] NOT NULL CHECK (cardinality(expected) = 24),
  reporting_currency char(3) NOT NULL,
  computed_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, origin, segment)
);
COMMENT ON TABLE revenue.forecast_origins IS 'The open pipeline at the beginning of past months and what was to be expected of it then; written by refresh_forecast_origins()';
COMMENT ON COLUMN revenue.forecast_origins.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_origins.origin IS 'First day of the month, in the organisation''s time zone';
COMMENT ON COLUMN revenue.forecast_origins.segment IS 'Segment of the deals; empty = none';
COMMENT ON COLUMN revenue.forecast_origins.deal_count IS 'Open deals';
COMMENT ON COLUMN revenue.forecast_origins.open_value IS 'Their value at the rates of that day';
COMMENT ON COLUMN revenue.forecast_origins.expected IS 'What was to be won of it within 1, 2, ... 24 months';
COMMENT ON COLUMN revenue.forecast_origins.reporting_currency IS 'The organisation''s base currency';
COMMENT ON COLUMN revenue.forecast_origins.computed_at IS 'When it was worked out';

-- Fitting the stages of many deals takes longer than all else in a forecast, and a day changes little in it. A job fits
-- them daily; two days bridge the time until it has.
CREATE TABLE revenue.forecast_models (
  org_id integer PRIMARY KEY REFERENCES revenue.orgs,
  fitted_at timestamptz NOT NULL,
  stages jsonb NOT NULL,
  model jsonb NOT NULL
);
COMMENT ON TABLE revenue.forecast_models IS 'The stage model of organisations with many deals, fitted once a day; written by refresh_forecast_origins() and generate_forecast()';
COMMENT ON COLUMN revenue.forecast_models.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_models.fitted_at IS 'When; older than two days it is not used';
COMMENT ON COLUMN revenue.forecast_models.stages IS 'The stages it was fitted to; it is not used when they changed';
COMMENT ON COLUMN revenue.forecast_models.model IS 'As stage_model() gives it';

CREATE TABLE revenue.forecast_runs (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  run_id text NOT NULL DEFAULT gen_random_uuid()::text CHECK (run_id <> ''),
  metric text NOT NULL CHECK (metric IN ('bookings', 'mrr', 'arr')),
  period text NOT NULL CHECK (period IN ('month', 'quarter', 'year')),
  period_from date NOT NULL CHECK (isfinite(period_from)),
  period_to date NOT NULL CHECK (isfinite(period_to)),
  as_of timestamptz NOT NULL CHECK (isfinite(as_of)),
  retrospective boolean NOT NULL,
  method text NOT NULL CHECK (method <> ''),
  version integer NOT NULL CHECK (version > 0),
  inputs jsonb NOT NULL CHECK (jsonb_typeof(inputs) = 'object'),
  expected numeric(38,6) CHECK (expected <> 'NaN'),
  closed numeric(38,6) CHECK (closed <> 'NaN'),
  levels double precision[] NOT NULL,
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  commit_amount numeric(38,6) CHECK (commit_amount <> 'NaN'),
  commit_source text CHECK (commit_source IN ('submitted', 'deals')),
  commit_variance double precision CHECK (commit_variance <> 'NaN'),
  review_required boolean NOT NULL,
  reason text,
  made_at timestamptz NOT NULL,
  made_by text NOT NULL,
  PRIMARY KEY (org_id, run_id),
  CHECK (period_from < period_to)
);
CREATE INDEX forecast_runs_period ON revenue.forecast_runs (org_id, metric, period_from, period_to, as_of);
COMMENT ON TABLE revenue.forecast_runs IS 'Every forecast that generate_forecast() made. Append-only';
COMMENT ON COLUMN revenue.forecast_runs.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_runs.run_id IS 'Key of the run';
COMMENT ON COLUMN revenue.forecast_runs.metric IS 'bookings, mrr or arr';
COMMENT ON COLUMN revenue.forecast_runs.period IS 'month, quarter or year';
COMMENT ON COLUMN revenue.forecast_runs.period_from IS 'First day of the period';
COMMENT ON COLUMN revenue.forecast_runs.period_to IS 'Day after its last';
COMMENT ON COLUMN revenue.forecast_runs.as_of IS 'What was true at this instant went in, and nothing later';
COMMENT ON COLUMN revenue.forecast_runs.retrospective IS 'Whether it was made more than a day after as_of, so that it shows how the method would have done';
COMMENT ON COLUMN revenue.forecast_runs.method IS 'ensemble, or the one component that was asked for';
COMMENT ON COLUMN revenue.forecast_runs.version IS 'Of the methods, as forecast_version() gives it';
COMMENT ON COLUMN revenue.forecast_runs.inputs IS 'What went in, and how the weights and intervals came about';
COMMENT ON COLUMN revenue.forecast_runs.expected IS 'The forecast; NULL = none, reason says why';
COMMENT ON COLUMN revenue.forecast_runs.closed IS 'What of it was certain already: won in the period, or there at as_of';
COMMENT ON COLUMN revenue.forecast_runs.levels IS 'Levels of the intervals, in the order of the bounds in forecast_points';
COMMENT ON COLUMN revenue.forecast_runs.currency IS 'The reporting currency';
COMMENT ON COLUMN revenue.forecast_runs.commit_amount IS 'What people committed to for the period';
COMMENT ON COLUMN revenue.forecast_runs.commit_source IS 'submitted = submitted forecasts rolled up; deals = closed and commit deals';
COMMENT ON COLUMN revenue.forecast_runs.commit_variance IS '(expected - commit_amount) / commit_amount';
COMMENT ON COLUMN revenue.forecast_runs.review_required IS 'Whether a person must look at it: more than 20 % from the commit';
COMMENT ON COLUMN revenue.forecast_runs.reason IS 'What limits the forecast, such as little history';
COMMENT ON COLUMN revenue.forecast_runs.made_at IS 'When it was made, by the clock';
COMMENT ON COLUMN revenue.forecast_runs.made_by IS 'Who asked for it, as caller_identity() gives it';

CREATE TABLE revenue.forecast_points (
  org_id integer NOT NULL,
  run_id text NOT NULL,
  dimension text NOT NULL CHECK (dimension IN ('total', 'component', 'segment', 'rep', 'product', 'region')),
  member text NOT NULL,
  expected numeric(38,6) CHECK (expected <> 'NaN'),
  weight double precision CHECK (weight BETWEEN 0 AND 1),
  contribution numeric(38,6) CHECK (contribution <> 'NaN'),
  lower numeric(38,6)[],
  upper numeric(38,6)[],
  PRIMARY KEY (org_id, run_id, dimension, member),
  FOREIGN KEY (org_id, run_id) REFERENCES revenue.forecast_runs
);
COMMENT ON TABLE revenue.forecast_points IS 'The figures of each run: the total, its members of a dimension, which add up to it, and what each component said';
COMMENT ON COLUMN revenue.forecast_points.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_points.run_id IS 'Run';
COMMENT ON COLUMN revenue.forecast_points.dimension IS 'total, component, or what the members are of: segment, rep, product or region';
COMMENT ON COLUMN revenue.forecast_points.member IS 'Component, segment, rep, product or region; empty for the total and for what has none';
COMMENT ON COLUMN revenue.forecast_points.expected IS 'The forecast for the whole period; NULL = the component could say nothing';
COMMENT ON COLUMN revenue.forecast_points.weight IS 'Weight of the component';
COMMENT ON COLUMN revenue.forecast_points.contribution IS 'What the component adds to the total beside what is closed';
COMMENT ON COLUMN revenue.forecast_points.lower IS 'Lower bounds, in the order of the run''s levels; NULL for components';
COMMENT ON COLUMN revenue.forecast_points.upper IS 'Upper bounds, likewise';

CREATE TABLE revenue.forecast_reviews (
  org_id integer NOT NULL,
  run_id text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  decision text NOT NULL CHECK (decision IN ('accepted', 'rejected')),
  note text NOT NULL CHECK (note <> ''),
  reviewed_at timestamptz NOT NULL,
  reviewed_by text NOT NULL,
  PRIMARY KEY (org_id, run_id, version),
  FOREIGN KEY (org_id, run_id) REFERENCES revenue.forecast_runs
);
COMMENT ON TABLE revenue.forecast_reviews IS 'What people found on looking at a run. Append-only; the run stays as it is. Written by review_forecast()';
COMMENT ON COLUMN revenue.forecast_reviews.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_reviews.run_id IS 'Run';
COMMENT ON COLUMN revenue.forecast_reviews.version IS '1, 2, ... for each run; the latest counts';
COMMENT ON COLUMN revenue.forecast_reviews.decision IS 'accepted or rejected';
COMMENT ON COLUMN revenue.forecast_reviews.note IS 'Why';
COMMENT ON COLUMN revenue.forecast_reviews.reviewed_at IS 'When, by the clock';
COMMENT ON COLUMN revenue.forecast_reviews.reviewed_by IS 'Who, as caller_identity() gives it';

SELECT revenue.protect_table('revenue.forecast_origins', 'member');
SELECT revenue.protect_table('revenue.forecast_models', 'member');
SELECT revenue.protect_table('revenue.forecast_runs', 'member');
SELECT revenue.protect_table('revenue.forecast_points', 'member');
SELECT revenue.protect_table('revenue.forecast_reviews', 'member');
