-- The room pipeline, revenue events: what brought revenue, what was done for it and what that cost.
-- Run once, at installation.

-- Offers --------------------------------------------------------------------------------------

CREATE TABLE revenue.offers (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  offer_id text NOT NULL CHECK (revenue.valid_id(offer_id)),
  name text NOT NULL CHECK (revenue.valid_name(name)),
  avg_deal_value numeric(18,6) CHECK (avg_deal_value >= 0 AND revenue.valid_amount(avg_deal_value)),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  target_stage text CHECK (revenue.valid_label(target_stage)),
  primary_platforms text[] NOT NULL DEFAULT '{}',
  active boolean NOT NULL DEFAULT true,
  PRIMARY KEY (org_id, offer_id)
);
COMMENT ON TABLE revenue.offers IS 'What is offered on platforms, by its tag';
COMMENT ON COLUMN revenue.offers.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.offers.offer_id IS 'Tag of the offer';
COMMENT ON COLUMN revenue.offers.name IS 'Name';
COMMENT ON COLUMN revenue.offers.avg_deal_value IS 'Value of a deal as a rule, in currency; NULL = unknown';
COMMENT ON COLUMN revenue.offers.currency IS 'Currency of avg_deal_value, ISO 4217';
COMMENT ON COLUMN revenue.offers.target_stage IS 'Stage of the contact funnel that it speaks to, such as decision';
COMMENT ON COLUMN revenue.offers.primary_platforms IS 'Where it is offered first';
COMMENT ON COLUMN revenue.offers.active IS 'Whether it is still offered';

-- A key of its own, because a primary key takes no NULL and the niche may be unknown.
CREATE TABLE revenue.offer_activity (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  activity_id text NOT NULL DEFAULT gen_random_uuid()::text CHECK (revenue.valid_id(activity_id)),
  offer_id text NOT NULL,
  platform text NOT NULL CHECK (platform <> '' AND revenue.valid_label(platform)),
  niche text CHECK (niche <> '' AND revenue.valid_label(niche)),
  day date NOT NULL CHECK (revenue.valid_day(day)),
  impressions integer CHECK (impressions >= 0),
  engagements integer CHECK (engagements >= 0),
  dm_starts integer CHECK (dm_starts >= 0),
  pipeline_entries integer CHECK (pipeline_entries >= 0),
  cost numeric(18,6) CHECK (cost >= 0 AND revenue.valid_amount(cost)),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  PRIMARY KEY (org_id, activity_id),
  UNIQUE NULLS NOT DISTINCT (org_id, offer_id, platform, niche, day),
  FOREIGN KEY (org_id, offer_id) REFERENCES revenue.offers
);
COMMENT ON TABLE revenue.offer_activity IS 'What an offer did on a platform in a niche, a row a day. NULL = unknown; an unknown niche is one key';
COMMENT ON COLUMN revenue.offer_activity.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.offer_activity.activity_id IS 'Key of the row; one that is left out is drawn';
COMMENT ON COLUMN revenue.offer_activity.offer_id IS 'Offer';
COMMENT ON COLUMN revenue.offer_activity.platform IS 'Platform, such as linkedin';
COMMENT ON COLUMN revenue.offer_activity.niche IS 'Niche; NULL = unknown or none, which is one key';
COMMENT ON COLUMN revenue.offer_activity.day IS 'Day in the organisation''s time zone';
COMMENT ON COLUMN revenue.offer_activity.impressions IS 'How often it was shown';
COMMENT ON COLUMN revenue.offer_activity.engagements IS 'Reactions, comments, clicks';
COMMENT ON COLUMN revenue.offer_activity.dm_starts IS 'Conversations that began';
COMMENT ON COLUMN revenue.offer_activity.pipeline_entries IS 'Contacts that entered the pipeline';
COMMENT ON COLUMN revenue.offer_activity.cost IS 'What it cost, in currency';
COMMENT ON COLUMN revenue.offer_activity.currency IS 'Currency of the cost, ISO 4217';

-- Revenue events ------------------------------------------------------------------------------
-- The offer, platform, niche and source are kept with the event: where revenue came from does not
-- change with the contact.

CREATE TABLE revenue.revenue_events (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  event_id text NOT NULL CHECK (revenue.valid_id(event_id)),
  event_type text NOT NULL CHECK (event_type IN ('deal_won', 'upsell', 'churn', 'recurring_payment')),
  contact_id text,
  deal_id text,
  owner_rep_id text,
  offer_id text,
  amount numeric(18,6) NOT NULL CHECK (revenue.valid_amount(amount)),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  platform text CHECK (platform <> '' AND revenue.valid_label(platform)),
  niche text CHECK (niche <> '' AND revenue.valid_label(niche)),
  source text CHECK (source <> '' AND revenue.valid_label(source)),
  days_to_close integer CHECK (days_to_close >= 0),
  notes text CHECK (revenue.valid_note(notes)),
  closed_at timestamptz NOT NULL CHECK (revenue.valid_instant(closed_at)),
  forecast_change double precision CHECK (abs(forecast_change) < 'Infinity'),
  expected_changes double precision[] CHECK (array_length(expected_changes, 1) = 3),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp() CHECK (revenue.valid_instant(recorded_at)),
  PRIMARY KEY (org_id, event_id),
  FOREIGN KEY (org_id, contact_id) REFERENCES revenue.contacts,
  FOREIGN KEY (org_id, deal_id) REFERENCES revenue.deals ON DELETE SET NULL (deal_id),
  FOREIGN KEY (org_id, owner_rep_id) REFERENCES revenue.reps,
  FOREIGN KEY (org_id, offer_id) REFERENCES revenue.offers
);
CREATE INDEX revenue_events_closed_at ON revenue.revenue_events (org_id, closed_at);
CREATE INDEX revenue_events_contact ON revenue.revenue_events (org_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX revenue_events_deal ON revenue.revenue_events (org_id, deal_id) WHERE deal_id IS NOT NULL;
CREATE INDEX revenue_events_owner ON revenue.revenue_events (org_id, owner_rep_id) WHERE owner_rep_id IS NOT NULL;
CREATE INDEX revenue_events_offer ON revenue.revenue_events (org_id, offer_id) WHERE offer_id IS NOT NULL;
CREATE INDEX revenue_events_unforecast ON revenue.revenue_events (org_id, forecast_change) WHERE forecast_change IS NOT NULL;
COMMENT ON TABLE revenue.revenue_events IS 'What brought or took revenue, one row an event; log_deal() writes it. A refund or a cancellation is an event of its own, with a negative amount';
COMMENT ON COLUMN revenue.revenue_events.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.revenue_events.event_id IS 'Key of the event, as its source has it: the same event twice is one row';
COMMENT ON COLUMN revenue.revenue_events.event_type IS 'deal_won, upsell, churn or recurring_payment';
COMMENT ON COLUMN revenue.revenue_events.contact_id IS 'Contact';
COMMENT ON COLUMN revenue.revenue_events.deal_id IS 'Deal; NULL once the deal is deleted';
COMMENT ON COLUMN revenue.revenue_events.owner_rep_id IS 'Rep whose event it is; a member writes his own only';
COMMENT ON COLUMN revenue.revenue_events.offer_id IS 'Offer that was taken';
COMMENT ON COLUMN revenue.revenue_events.amount IS 'Revenue, in currency; negative for what is lost or paid back';
COMMENT ON COLUMN revenue.revenue_events.currency IS 'Currency of the amount, ISO 4217';
COMMENT ON COLUMN revenue.revenue_events.platform IS 'Platform it came from';
COMMENT ON COLUMN revenue.revenue_events.niche IS 'Niche it came from';
COMMENT ON COLUMN revenue.revenue_events.source IS 'Where it comes from, such as referral';
COMMENT ON COLUMN revenue.revenue_events.days_to_close IS 'Days from first contact to close; NULL = unknown';
COMMENT ON COLUMN revenue.revenue_events.notes IS 'Anything else';
COMMENT ON COLUMN revenue.revenue_events.closed_at IS 'When it happened';
COMMENT ON COLUMN revenue.revenue_events.forecast_change IS 'What closing its deal changed in the forecast since forecast_bases was computed; NULL = nothing that is not already in it';
COMMENT ON COLUMN revenue.revenue_events.expected_changes IS 'The same of what was expected within 30, 60 and 90 days';
COMMENT ON COLUMN revenue.revenue_events.recorded_at IS 'When it became known here';

CREATE TABLE revenue.forecast_bases (
  org_id integer PRIMARY KEY REFERENCES revenue.orgs,
  computed_at timestamptz NOT NULL,
  deal_count bigint NOT NULL CHECK (deal_count >= 0),
  weighted_value double precision NOT NULL CHECK (abs(weighted_value) < 'Infinity'),
  reporting_currency char(3) NOT NULL,
  expected double precision[] NOT NULL DEFAULT '{0,0,0}' CHECK (array_length(expected, 1) = 3),
  outlook jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE revenue.forecast_bases IS 'The forecast as it was last computed, which log_deal() carries forward. Written by refresh_forecast() only';
COMMENT ON COLUMN revenue.forecast_bases.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.forecast_bases.computed_at IS 'When it was computed';
COMMENT ON COLUMN revenue.forecast_bases.deal_count IS 'Open deals';
COMMENT ON COLUMN revenue.forecast_bases.weighted_value IS 'Sum of value x probability x date weight of the open deals, in the reporting currency';
COMMENT ON COLUMN revenue.forecast_bases.reporting_currency IS 'The organisation''s base currency then';
COMMENT ON COLUMN revenue.forecast_bases.expected IS 'What pipeline_forecast() expects within 30, 60 and 90 days';
COMMENT ON COLUMN revenue.forecast_bases.outlook IS 'By pipeline and stage, for each whole day in it: probabilities of a win within 30, 60 and 90 days';

-- Automations ---------------------------------------------------------------------------------

CREATE TABLE revenue.automations (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  automation_id text NOT NULL CHECK (automation_id <> ''),
  name text NOT NULL,
  PRIMARY KEY (org_id, automation_id)
);
COMMENT ON TABLE revenue.automations IS 'What does work that somebody did before';
COMMENT ON COLUMN revenue.automations.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.automations.automation_id IS 'Key of the automation';
COMMENT ON COLUMN revenue.automations.name IS 'Name';

CREATE TABLE revenue.automation_days (
  org_id integer NOT NULL,
  automation_id text NOT NULL,
  day date NOT NULL CHECK (day BETWEEN '0001-01-02' AND '9999-12-30'),
  runs integer CHECK (runs >= 0),
  hours_saved numeric(18,6) CHECK (hours_saved BETWEEN 0 AND 1000000),
  hourly_rate numeric(18,6) CHECK (hourly_rate >= 0 AND hourly_rate <> 'NaN'),
  revenue_generated numeric(18,6) CHECK (revenue_generated <> 'NaN'),
  cost numeric(18,6) CHECK (cost >= 0 AND cost <> 'NaN'),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  PRIMARY KEY (org_id, automation_id, day),
  FOREIGN KEY (org_id, automation_id) REFERENCES revenue.automations ON DELETE CASCADE
);
COMMENT ON TABLE revenue.automation_days IS 'What an automation did on a day. NULL = unknown';
COMMENT ON COLUMN revenue.automation_days.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.automation_days.automation_id IS 'Automation';
COMMENT ON COLUMN revenue.automation_days.day IS 'Day in the organisation''s time zone';
COMMENT ON COLUMN revenue.automation_days.runs IS 'How often it ran';
COMMENT ON COLUMN revenue.automation_days.hours_saved IS 'Hours of work that it did; exact, because money is computed from it';
COMMENT ON COLUMN revenue.automation_days.hourly_rate IS 'What such an hour costs, in currency';
COMMENT ON COLUMN revenue.automation_days.revenue_generated IS 'Revenue that it brought, in currency';
COMMENT ON COLUMN revenue.automation_days.cost IS 'What it cost, in currency';
COMMENT ON COLUMN revenue.automation_days.currency IS 'Currency of the row, ISO 4217';

-- Tests of posting methods --------------------------------------------------------------------

CREATE TABLE revenue.posting_tests (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  test_id text NOT NULL CHECK (test_id <> ''),
  variant text NOT NULL CHECK (variant <> ''),
  day date NOT NULL CHECK (day BETWEEN '0001-01-02' AND '9999-12-30'),
  platform text CHECK (platform <> ''),
  posts integer CHECK (posts >= 0),
  exposures integer NOT NULL CHECK (exposures >= 0),
  pipeline_entries integer NOT NULL CHECK (pipeline_entries BETWEEN 0 AND exposures),
  PRIMARY KEY (org_id, test_id, variant, day)
);
COMMENT ON TABLE revenue.posting_tests IS 'Tests of posting methods against each other, one row a variant and day';
COMMENT ON COLUMN revenue.posting_tests.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.posting_tests.test_id IS 'Test';
COMMENT ON COLUMN revenue.posting_tests.variant IS 'Method that is tried';
COMMENT ON COLUMN revenue.posting_tests.day IS 'Day in the organisation''s time zone';
COMMENT ON COLUMN revenue.posting_tests.platform IS 'Platform';
COMMENT ON COLUMN revenue.posting_tests.posts IS 'Posts made';
COMMENT ON COLUMN revenue.posting_tests.exposures IS 'People who saw one';
COMMENT ON COLUMN revenue.posting_tests.pipeline_entries IS 'Of these, how many entered the pipeline';

-- Access --------------------------------------------------------------------------------------

SELECT revenue.protect_table('revenue.offers', 'member', 'admin');
SELECT revenue.protect_table('revenue.offer_activity', 'member', 'admin');
SELECT revenue.protect_table('revenue.revenue_events', 'member', 'admin', 'owner_rep_id', '{forecast_change,expected_changes,recorded_at}');
SELECT revenue.protect_table('revenue.forecast_bases', 'member');
SELECT revenue.protect_table('revenue.automations', 'member', 'admin');
SELECT revenue.protect_table('revenue.automation_days', 'member', 'admin');
SELECT revenue.protect_table('revenue.posting_tests', 'member', 'admin');
