-- The room pipeline, revenue events: the performance of offers by month, kept.

CREATE TABLE revenue.offer_months (
  org_id integer NOT NULL,
  offer_id text NOT NULL,
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  platform text NOT NULL,
  niche text NOT NULL,
  impressions bigint,
  engagements bigint,
  dm_starts bigint,
  pipeline_entries bigint,
  deals_closed bigint NOT NULL,
  events bigint NOT NULL,
  events_without_rate bigint NOT NULL,
  revenue numeric(18,6) CHECK (revenue <> 'NaN'),
  cost numeric(18,6) CHECK (cost <> 'NaN'),
  days_without_cost bigint NOT NULL,
  reporting_currency char(3) NOT NULL,
  computed_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, offer_id, month, platform, niche),
  FOREIGN KEY (org_id, offer_id) REFERENCES revenue.offers ON DELETE CASCADE
);
CREATE INDEX offer_months_month ON revenue.offer_months (org_id, month);
COMMENT ON TABLE revenue.offer_months IS 'offer_performance() of each month, written by update_offer_performance()';
COMMENT ON COLUMN revenue.offer_months.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.offer_months.offer_id IS 'Offer';
COMMENT ON COLUMN revenue.offer_months.month IS 'First day of the month';
COMMENT ON COLUMN revenue.offer_months.platform IS 'Platform; empty = unknown';
COMMENT ON COLUMN revenue.offer_months.niche IS 'Niche; empty = unknown, which is one key';
COMMENT ON COLUMN revenue.offer_months.impressions IS 'Impressions';
COMMENT ON COLUMN revenue.offer_months.engagements IS 'Engagements';
COMMENT ON COLUMN revenue.offer_months.dm_starts IS 'Conversations begun';
COMMENT ON COLUMN revenue.offer_months.pipeline_entries IS 'People who entered the pipeline';
COMMENT ON COLUMN revenue.offer_months.deals_closed IS 'Deals won';
COMMENT ON COLUMN revenue.offer_months.events IS 'Revenue events';
COMMENT ON COLUMN revenue.offer_months.events_without_rate IS 'Of these, those that revenue leaves out for want of an exchange rate';
COMMENT ON COLUMN revenue.offer_months.revenue IS 'Revenue in the reporting currency';
COMMENT ON COLUMN revenue.offer_months.cost IS 'Cost in the reporting currency; NULL = no row has one';
COMMENT ON COLUMN revenue.offer_months.days_without_cost IS 'Rows of activity that cost leaves out';
COMMENT ON COLUMN revenue.offer_months.reporting_currency IS 'The organisation''s base currency then';
COMMENT ON COLUMN revenue.offer_months.computed_at IS 'When it was computed last';

SELECT revenue.protect_table('revenue.offer_months', 'member');
