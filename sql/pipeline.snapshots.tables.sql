-- The room pipeline: the pipeline of each day, kept.

CREATE TABLE revenue.pipeline_snapshots (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  snapshot_date date NOT NULL,
  as_of timestamptz NOT NULL,
  complete boolean NOT NULL,
  taken_at timestamptz NOT NULL,
  reporting_currency char(3) NOT NULL,
  deal_count bigint NOT NULL,
  deals_without_value bigint NOT NULL,
  total_pipeline numeric(38,6) NOT NULL CHECK (total_pipeline <> 'NaN'),
  forecast_30d numeric(38,6) CHECK (forecast_30d <> 'NaN'),
  contacts_in_funnel bigint NOT NULL,
  contact_forecast_30d numeric(38,6) CHECK (contact_forecast_30d <> 'NaN'),
  contacts_added bigint NOT NULL,
  deals_created bigint NOT NULL,
  deals_won bigint NOT NULL,
  deals_lost bigint NOT NULL,
  revenue_today numeric(38,6) NOT NULL CHECK (revenue_today <> 'NaN'),
  revenue_mtd numeric(38,6) NOT NULL CHECK (revenue_mtd <> 'NaN'),
  PRIMARY KEY (org_id, snapshot_date)
);
COMMENT ON TABLE revenue.pipeline_snapshots IS 'The pipeline at the end of each day, written by take_snapshot()';
COMMENT ON COLUMN revenue.pipeline_snapshots.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.pipeline_snapshots.snapshot_date IS 'Day in the time zone of the organisation';
COMMENT ON COLUMN revenue.pipeline_snapshots.as_of IS 'Instant it shows: the end of the day, or when it was taken before that';
COMMENT ON COLUMN revenue.pipeline_snapshots.complete IS 'Whether the day was over';
COMMENT ON COLUMN revenue.pipeline_snapshots.taken_at IS 'When it was taken last';
COMMENT ON COLUMN revenue.pipeline_snapshots.reporting_currency IS 'The organisation''s base currency';
COMMENT ON COLUMN revenue.pipeline_snapshots.deal_count IS 'Open deals';
COMMENT ON COLUMN revenue.pipeline_snapshots.deals_without_value IS 'Open deals that no sum contains: no amount or no exchange rate';
COMMENT ON COLUMN revenue.pipeline_snapshots.total_pipeline IS 'Value of the open deals';
COMMENT ON COLUMN revenue.pipeline_snapshots.forecast_30d IS 'Expected value of what open deals bring within 30 days; NULL = none has a value';
COMMENT ON COLUMN revenue.pipeline_snapshots.contacts_in_funnel IS 'Contacts in an open stage';
COMMENT ON COLUMN revenue.pipeline_snapshots.contact_forecast_30d IS 'Expected value of what contacts bring within 30 days; NULL = none has a value';
COMMENT ON COLUMN revenue.pipeline_snapshots.contacts_added IS 'Contacts created on the day';
COMMENT ON COLUMN revenue.pipeline_snapshots.deals_created IS 'Deals created on the day that were still there at its end';
COMMENT ON COLUMN revenue.pipeline_snapshots.deals_won IS 'Deals won on the day';
COMMENT ON COLUMN revenue.pipeline_snapshots.deals_lost IS 'Deals lost on the day';
COMMENT ON COLUMN revenue.pipeline_snapshots.revenue_today IS 'Revenue events of the day, each at its day''s rate';
COMMENT ON COLUMN revenue.pipeline_snapshots.revenue_mtd IS 'Revenue events of the month up to the day';

CREATE TABLE revenue.pipeline_snapshot_stages (
  org_id integer NOT NULL,
  snapshot_date date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('deal', 'contact')),
  pipeline_id text NOT NULL,
  stage_id text NOT NULL,
  entries bigint NOT NULL,
  total_value numeric(38,6) NOT NULL CHECK (total_value <> 'NaN'),
  PRIMARY KEY (org_id, snapshot_date, pipeline_id, stage_id),
  FOREIGN KEY (org_id, snapshot_date) REFERENCES revenue.pipeline_snapshots ON DELETE CASCADE
);
COMMENT ON TABLE revenue.pipeline_snapshot_stages IS 'The open stages of each snapshot';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.snapshot_date IS 'Day of the snapshot';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.kind IS 'deal or contact';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.pipeline_id IS 'Pipeline';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.stage_id IS 'Stage';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.entries IS 'Deals or contacts in the stage';
COMMENT ON COLUMN revenue.pipeline_snapshot_stages.total_value IS 'Their value in the reporting currency';

SELECT revenue.protect_table('revenue.pipeline_snapshots', 'member');
SELECT revenue.protect_table('revenue.pipeline_snapshot_stages', 'member');
