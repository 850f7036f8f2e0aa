-- The room crm: accounts, contacts, reps, pipelines, products, deals with their history, activities.
-- Run once, at installation.

-- Reps ----------------------------------------------------------------------------------------

CREATE TABLE revenue.reps (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  rep_id text NOT NULL CHECK (revenue.valid_id(rep_id)),
  name text NOT NULL CHECK (revenue.valid_name(name)),
  identity text CHECK (revenue.valid_id(identity)),
  team text CHECK (revenue.valid_label(team)),
  region text CHECK (revenue.valid_label(region)),
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now() CHECK (revenue.valid_instant(created_at)),
  PRIMARY KEY (org_id, rep_id),
  UNIQUE (org_id, identity)
);
CREATE INDEX reps_identity ON revenue.reps (identity);
COMMENT ON TABLE revenue.reps IS 'Sales people: who owns deals, accounts and activities';
COMMENT ON COLUMN revenue.reps.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.reps.rep_id IS 'Key of the rep, as the CRM has it';
COMMENT ON COLUMN revenue.reps.name IS 'Name';
COMMENT ON COLUMN revenue.reps.identity IS 'The member he is, as caller_identity() gives it; what he owns he may write';
COMMENT ON COLUMN revenue.reps.team IS 'Team';
COMMENT ON COLUMN revenue.reps.region IS 'Region';
COMMENT ON COLUMN revenue.reps.active IS 'Whether he still sells';
COMMENT ON COLUMN revenue.reps.created_at IS 'When the rep was added';

CREATE TABLE revenue.rep_managers (
  org_id integer NOT NULL,
  rep_id text NOT NULL,
  manager_rep_id text NOT NULL,
  valid_from date NOT NULL CHECK (revenue.valid_day(valid_from)),
  valid_to date NOT NULL DEFAULT 'infinity' CHECK (valid_to = 'infinity' OR revenue.valid_day(valid_to)),
  PRIMARY KEY (org_id, rep_id, valid_from),
  FOREIGN KEY (org_id, rep_id) REFERENCES revenue.reps ON DELETE CASCADE,
  FOREIGN KEY (org_id, manager_rep_id) REFERENCES revenue.reps,
  CHECK (valid_from < valid_to),
  CHECK (rep_id <> manager_rep_id)
);
CREATE INDEX rep_managers_manager ON revenue.rep_managers (org_id, manager_rep_id);
COMMENT ON TABLE revenue.rep_managers IS 'Who reports to whom, and when: one manager a day and no circles';
COMMENT ON COLUMN revenue.rep_managers.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.rep_managers.rep_id IS 'Rep';
COMMENT ON COLUMN revenue.rep_managers.manager_rep_id IS 'His manager, a rep too';
COMMENT ON COLUMN revenue.rep_managers.valid_from IS 'First day';
COMMENT ON COLUMN revenue.rep_managers.valid_to IS 'Day after the last; infinity = until now';

-- Accounts and contacts -----------------------------------------------------------------------

CREATE TABLE revenue.accounts (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  account_id text NOT NULL CHECK (revenue.valid_id(account_id)),
  name text NOT NULL CHECK (revenue.valid_name(name)),
  parent_account_id text CHECK (parent_account_id <> account_id) CHECK (revenue.valid_id(parent_account_id)),
  owner_rep_id text,
  industry text CHECK (revenue.valid_label(industry)),
  segment text CHECK (revenue.valid_label(segment)),
  region text CHECK (revenue.valid_label(region)),
  country text CHECK (revenue.valid_label(country)),
  employees integer CHECK (employees >= 0),
  annual_revenue numeric(18,6) CHECK (annual_revenue <> 'NaN'),
  currency char(3) CHECK (currency ~ '^[A-Z]{3}$'),
  plan text CHECK (revenue.valid_label(plan)),
  usage_recent double precision CHECK (revenue.valid_quantity(usage_recent)),
  usage_prior double precision CHECK (revenue.valid_quantity(usage_prior)),
  usage_limit double precision CHECK (revenue.valid_quantity(usage_limit)),
  seats_used integer CHECK (seats_used >= 0),
  seats_bought integer CHECK (seats_bought >= 0),
  products_owned integer CHECK (products_owned >= 0),
  open_tickets integer CHECK (open_tickets >= 0),
  escalations integer CHECK (escalations >= 0),
  overdue_since date CHECK (revenue.valid_day(overdue_since)),
  failed_payments integer CHECK (failed_payments >= 0),
  renewal_date date CHECK (revenue.valid_day(renewal_date)),
  nps double precision CHECK (nps BETWEEN -100 AND 100),
  csat double precision CHECK (csat BETWEEN 0 AND 100),
  champion_left boolean,
  signals_at timestamptz CHECK (revenue.valid_instant(signals_at)),
  created_at timestamptz CHECK (revenue.valid_instant(created_at)),
  PRIMARY KEY (org_id, account_id),
  FOREIGN KEY (org_id, owner_rep_id) REFERENCES revenue.reps
);
CREATE INDEX accounts_parent ON revenue.accounts (org_id, parent_account_id) WHERE parent_account_id IS NOT NULL;
CREATE INDEX accounts_owner ON revenue.accounts (org_id, owner_rep_id) WHERE owner_rep_id IS NOT NULL;
COMMENT ON TABLE revenue.accounts IS 'Companies sold to, with what is known of their usage, support, payments and mood. NULL = unknown';
COMMENT ON COLUMN revenue.accounts.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.accounts.account_id IS 'Key of the account, as the CRM has it';
COMMENT ON COLUMN revenue.accounts.name IS 'Name of the company';
COMMENT ON COLUMN revenue.accounts.parent_account_id IS 'Company it belongs to; no foreign key, because a dump could not order rows that refer to each other';
COMMENT ON COLUMN revenue.accounts.owner_rep_id IS 'Rep who owns the account';
COMMENT ON COLUMN revenue.accounts.industry IS 'Industry';
COMMENT ON COLUMN revenue.accounts.segment IS 'Segment, such as enterprise';
COMMENT ON COLUMN revenue.accounts.region IS 'Region';
COMMENT ON COLUMN revenue.accounts.country IS 'Country';
COMMENT ON COLUMN revenue.accounts.employees IS 'Number of employees';
COMMENT ON COLUMN revenue.accounts.annual_revenue IS 'The company''s own revenue a year, in currency';
COMMENT ON COLUMN revenue.accounts.currency IS 'Currency of annual_revenue, ISO 4217';
COMMENT ON COLUMN revenue.accounts.plan IS 'Plan the account is on';
COMMENT ON COLUMN revenue.accounts.usage_recent IS 'Usage over the last window, any unit; 0 is a complete stop';
COMMENT ON COLUMN revenue.accounts.usage_prior IS 'Usage over the equal window before';
COMMENT ON COLUMN revenue.accounts.usage_limit IS 'The plan''s limit for a window, in the same unit';
COMMENT ON COLUMN revenue.accounts.seats_used IS 'Seats in use';
COMMENT ON COLUMN revenue.accounts.seats_bought IS 'Seats paid for';
COMMENT ON COLUMN revenue.accounts.products_owned IS 'Products the account has';
COMMENT ON COLUMN revenue.accounts.open_tickets IS 'Open support tickets';
COMMENT ON COLUMN revenue.accounts.escalations IS 'Escalated tickets of the last 90 days';
COMMENT ON COLUMN revenue.accounts.overdue_since IS 'Due date of the oldest unpaid invoice; NULL = unknown, a date in the future = nothing overdue';
COMMENT ON COLUMN revenue.accounts.failed_payments IS 'Failed payments of the last 90 days';
COMMENT ON COLUMN revenue.accounts.renewal_date IS 'Next renewal';
COMMENT ON COLUMN revenue.accounts.nps IS 'Net promoter score, -100 to 100';
COMMENT ON COLUMN revenue.accounts.csat IS 'Percent satisfied, 0 to 100';
COMMENT ON COLUMN revenue.accounts.champion_left IS 'Whether the champion has left the company';
COMMENT ON COLUMN revenue.accounts.signals_at IS 'When the indicators were measured';
COMMENT ON COLUMN revenue.accounts.created_at IS 'When the account was created; NULL = unknown, which the day of a load is not';

-- Only accounts that have changed stand here, from what they were at first.
CREATE TABLE revenue.account_history (
  org_id integer NOT NULL,
  account_id text NOT NULL,
  valid_from date NOT NULL CHECK (valid_from = '-infinity' OR revenue.valid_day(valid_from)),
  recorded_at timestamptz NOT NULL DEFAULT now(),
  segment text CHECK (revenue.valid_label(segment)),
  region text CHECK (revenue.valid_label(region)),
  industry text CHECK (revenue.valid_label(industry)),
  country text CHECK (revenue.valid_label(country)),
  PRIMARY KEY (org_id, account_id, valid_from),
  FOREIGN KEY (org_id, account_id) REFERENCES revenue.accounts ON UPDATE CASCADE ON DELETE CASCADE
);
COMMENT ON TABLE revenue.account_history IS 'What an account belonged to from which day on, where that has changed; written by a trigger, corrected by admins';
COMMENT ON COLUMN revenue.account_history.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.account_history.account_id IS 'Account';
COMMENT ON COLUMN revenue.account_history.valid_from IS 'First day of it; -infinity = from the beginning';
COMMENT ON COLUMN revenue.account_history.recorded_at IS 'When it became known; -infinity = with the account';
COMMENT ON COLUMN revenue.account_history.segment IS 'Segment since then';
COMMENT ON COLUMN revenue.account_history.region IS 'Region since then';
COMMENT ON COLUMN revenue.account_history.industry IS 'Industry since then';
COMMENT ON COLUMN revenue.account_history.country IS 'Country since then';

-- Pipelines and stages ------------------------------------------------------------------------

CREATE TABLE revenue.pipelines (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  pipeline_id text NOT NULL CHECK (revenue.valid_id(pipeline_id)),
  name text NOT NULL CHECK (revenue.valid_name(name)),
  kind text NOT NULL DEFAULT 'deal' CHECK (kind IN ('deal', 'contact')),
  PRIMARY KEY (org_id, pipeline_id)
);
COMMENT ON TABLE revenue.pipelines IS 'Pipelines, any number; each new organisation starts with sales';
COMMENT ON COLUMN revenue.pipelines.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.pipelines.pipeline_id IS 'Key of the pipeline';
COMMENT ON COLUMN revenue.pipelines.name IS 'Name';
COMMENT ON COLUMN revenue.pipelines.kind IS 'What moves through it: deal or contact';

CREATE TABLE revenue.stages (
  org_id integer NOT NULL,
  pipeline_id text NOT NULL,
  stage_id text NOT NULL CHECK (revenue.valid_id(stage_id)),
  name text NOT NULL CHECK (revenue.valid_name(name)),
  position integer NOT NULL,
  kind text NOT NULL DEFAULT 'open' CHECK (kind IN ('open', 'won', 'lost')),
  qualified boolean NOT NULL DEFAULT false,
  framework_stage text CHECK (revenue.valid_label(framework_stage)),
  retired boolean NOT NULL DEFAULT false,
  PRIMARY KEY (org_id, pipeline_id, stage_id),
  UNIQUE (org_id, pipeline_id, position),
  FOREIGN KEY (org_id, pipeline_id) REFERENCES revenue.pipelines ON DELETE CASCADE
);
COMMENT ON TABLE revenue.stages IS 'The stages of each pipeline, in order';
COMMENT ON COLUMN revenue.stages.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.stages.pipeline_id IS 'Pipeline';
COMMENT ON COLUMN revenue.stages.stage_id IS 'Key of the stage within the pipeline';
COMMENT ON COLUMN revenue.stages.name IS 'Name as the CRM shows it';
COMMENT ON COLUMN revenue.stages.position IS 'Place in the pipeline; gaps are allowed';
COMMENT ON COLUMN revenue.stages.kind IS 'open, won or lost';
COMMENT ON COLUMN revenue.stages.qualified IS 'Whether a deal that reached it counts as qualified';
COMMENT ON COLUMN revenue.stages.retired IS 'Whether nothing may come into it any more; it keeps its past. A stage that something has been in is retired, not deleted';
COMMENT ON COLUMN revenue.stages.framework_stage IS 'Stage of the scoring framework it is scored as; NULL = the one named like stage_id';

-- Products ------------------------------------------------------------------------------------

CREATE TABLE revenue.products (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  product_id text NOT NULL CHECK (revenue.valid_id(product_id)),
  name text NOT NULL CHECK (revenue.valid_name(name)),
  family text CHECK (revenue.valid_label(family)),
  list_price numeric(18,6) CHECK (revenue.valid_amount(list_price)),
  currency char(3) CHECK (currency ~ '^[A-Z]{3}$'),
  active boolean NOT NULL DEFAULT true,
  PRIMARY KEY (org_id, product_id)
);
COMMENT ON TABLE revenue.products IS 'What is sold';
COMMENT ON COLUMN revenue.products.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.products.product_id IS 'Key of the product';
COMMENT ON COLUMN revenue.products.name IS 'Name';
COMMENT ON COLUMN revenue.products.family IS 'Series or family';
COMMENT ON COLUMN revenue.products.list_price IS 'List price, in currency';
COMMENT ON COLUMN revenue.products.currency IS 'Currency of the list price, ISO 4217';
COMMENT ON COLUMN revenue.products.active IS 'Whether it is still sold';

-- Contacts ------------------------------------------------------------------------------------

CREATE TABLE revenue.contacts (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  contact_id text NOT NULL CHECK (revenue.valid_id(contact_id)),
  account_id text,
  name text CHECK (revenue.valid_name(name)),
  email text CHECK (revenue.valid_name(email)),
  title text CHECK (revenue.valid_label(title)),
  seniority text CHECK (revenue.valid_label(seniority)),
  owner_rep_id text,
  source text CHECK (revenue.valid_label(source)),
  industry_match boolean,
  email_opens integer CHECK (email_opens >= 0),
  email_clicks integer CHECK (email_clicks >= 0),
  page_visits integer CHECK (page_visits >= 0),
  replies integer CHECK (replies >= 0),
  meetings integer CHECK (meetings >= 0),
  last_engaged_at timestamptz CHECK (revenue.valid_instant(last_engaged_at)),
  unsubscribed boolean,
  pipeline_id text,
  stage_id text,
  stage_entered_at timestamptz CHECK (revenue.valid_instant(stage_entered_at)),
  expected_value numeric(18,6) CHECK (revenue.valid_amount(expected_value)),
  currency char(3) CHECK (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz CHECK (revenue.valid_instant(created_at)),
  PRIMARY KEY (org_id, contact_id),
  FOREIGN KEY (org_id, account_id) REFERENCES revenue.accounts,
  FOREIGN KEY (org_id, owner_rep_id) REFERENCES revenue.reps,
  FOREIGN KEY (org_id, pipeline_id, stage_id) REFERENCES revenue.stages,
  CHECK ((pipeline_id IS NULL) = (stage_id IS NULL))
);
CREATE INDEX contacts_account ON revenue.contacts (org_id, account_id) WHERE account_id IS NOT NULL;
CREATE INDEX contacts_owner ON revenue.contacts (org_id, owner_rep_id) WHERE owner_rep_id IS NOT NULL;
CREATE INDEX contacts_stage ON revenue.contacts (org_id, pipeline_id, stage_id) WHERE stage_id IS NOT NULL;
COMMENT ON TABLE revenue.contacts IS 'People at accounts, with what is known of their engagement. NULL = unknown';
COMMENT ON COLUMN revenue.contacts.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.contacts.contact_id IS 'Key of the contact, as the CRM has it';
COMMENT ON COLUMN revenue.contacts.account_id IS 'Company';
COMMENT ON COLUMN revenue.contacts.name IS 'Name';
COMMENT ON COLUMN revenue.contacts.email IS 'E-mail address';
COMMENT ON COLUMN revenue.contacts.title IS 'Job title';
COMMENT ON COLUMN revenue.contacts.seniority IS 'Level, as the scoring framework names it';
COMMENT ON COLUMN revenue.contacts.owner_rep_id IS 'Rep who owns the contact';
COMMENT ON COLUMN revenue.contacts.source IS 'Where the contact comes from';
COMMENT ON COLUMN revenue.contacts.industry_match IS 'Whether the industry is one that is sold to';
COMMENT ON COLUMN revenue.contacts.email_opens IS 'E-mails opened';
COMMENT ON COLUMN revenue.contacts.email_clicks IS 'Links clicked';
COMMENT ON COLUMN revenue.contacts.page_visits IS 'Pages visited';
COMMENT ON COLUMN revenue.contacts.replies IS 'Replies';
COMMENT ON COLUMN revenue.contacts.meetings IS 'Meetings';
COMMENT ON COLUMN revenue.contacts.last_engaged_at IS 'Last sign of engagement';
COMMENT ON COLUMN revenue.contacts.unsubscribed IS 'Whether mail is refused';
COMMENT ON COLUMN revenue.contacts.pipeline_id IS 'Contact pipeline it is in, if any';
COMMENT ON COLUMN revenue.contacts.stage_id IS 'Stage in that pipeline';
COMMENT ON COLUMN revenue.contacts.stage_entered_at IS 'When it entered the stage; filled in where it is not given';
COMMENT ON COLUMN revenue.contacts.expected_value IS 'What winning the contact would bring; NULL = unknown';
COMMENT ON COLUMN revenue.contacts.currency IS 'Currency of expected_value; NULL = the base currency';
COMMENT ON COLUMN revenue.contacts.created_at IS 'When the contact was created; NULL = unknown, and then it counts as added on no day';

-- The past of contacts: which stage they entered when. No reference, like deal_history.

CREATE TABLE revenue.contact_stages (
  org_id integer NOT NULL,
  contact_id text NOT NULL,
  entered_at timestamptz NOT NULL CHECK (isfinite(entered_at)),
  pipeline_id text,
  stage_id text,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  changed_by text,
  PRIMARY KEY (org_id, contact_id, entered_at),
  CHECK ((pipeline_id IS NULL) = (stage_id IS NULL))
);
COMMENT ON TABLE revenue.contact_stages IS 'Which stage each contact entered when; written by a trigger';
COMMENT ON COLUMN revenue.contact_stages.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.contact_stages.contact_id IS 'Contact';
COMMENT ON COLUMN revenue.contact_stages.entered_at IS 'When the stage was entered';
COMMENT ON COLUMN revenue.contact_stages.pipeline_id IS 'Pipeline; NULL = it left the funnel or was deleted';
COMMENT ON COLUMN revenue.contact_stages.stage_id IS 'Stage; NULL = it left the funnel or was deleted';
COMMENT ON COLUMN revenue.contact_stages.recorded_at IS 'When this was recorded';
COMMENT ON COLUMN revenue.contact_stages.changed_by IS 'Who changed the contact';

-- Deals ---------------------------------------------------------------------------------------
-- A row is the present. Pages keep some room: the counters change often, and no index holds them.

CREATE TABLE revenue.deals (
  org_id integer NOT NULL,
  deal_id text NOT NULL CHECK (revenue.valid_id(deal_id)),
  name text CHECK (revenue.valid_name(name)),
  account_id text,
  contact_id text,
  owner_rep_id text,
  product_id text,
  pipeline_id text NOT NULL DEFAULT 'sales',
  stage_id text NOT NULL,
  amount numeric(18,6) CHECK (revenue.valid_amount(amount)),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  close_date date CHECK (revenue.valid_day(close_date)),
  closed_at timestamptz CHECK (revenue.valid_instant(closed_at)),
  created_at timestamptz CHECK (revenue.valid_instant(created_at)),
  stage_entered_at timestamptz NOT NULL CHECK (revenue.valid_instant(stage_entered_at)),
  forecast_category text CHECK (forecast_category IN ('omitted', 'pipeline', 'best_case', 'commit', 'closed')),
  product_plan text CHECK (revenue.valid_label(product_plan)),
  num_users_planned integer CHECK (num_users_planned >= 0),
  base_list_price_per_user numeric(18,6) CHECK (base_list_price_per_user >= 0 AND revenue.valid_amount(base_list_price_per_user)),
  discount_pct double precision CHECK (revenue.valid_discount(discount_pct)),
  billing_cycle text CHECK (revenue.valid_label(billing_cycle)),
  contract_term_months integer CHECK (contract_term_months BETWEEN 1 AND 1200),
  expansion_potential_factor double precision CHECK (expansion_potential_factor BETWEEN 0 AND 100),
  lead_score double precision CHECK (lead_score BETWEEN 0 AND 100),
  champion_identified boolean,
  budget_confirmed boolean,
  decision_maker_engaged boolean,
  competitors_mentioned integer CHECK (competitors_mentioned >= 0),
  industry text CHECK (revenue.valid_label(industry)),
  segment text CHECK (revenue.valid_label(segment)),
  source text CHECK (revenue.valid_label(source)),
  loss_reason text CHECK (revenue.valid_label(loss_reason)),
  effective_at timestamptz CHECK (revenue.valid_instant(effective_at)),
  num_interactions integer CHECK (num_interactions >= 0),
  num_objections_handled integer CHECK (num_objections_handled >= 0),
  last_activity_at timestamptz CHECK (revenue.valid_instant(last_activity_at)),
  PRIMARY KEY (org_id, deal_id),
  FOREIGN KEY (org_id, account_id) REFERENCES revenue.accounts,
  FOREIGN KEY (org_id, contact_id) REFERENCES revenue.contacts,
  FOREIGN KEY (org_id, owner_rep_id) REFERENCES revenue.reps,
  FOREIGN KEY (org_id, product_id) REFERENCES revenue.products,
  FOREIGN KEY (org_id, pipeline_id, stage_id) REFERENCES revenue.stages
) WITH (fillfactor = 85);
CREATE INDEX deals_account ON revenue.deals (org_id, account_id) WHERE account_id IS NOT NULL;
CREATE INDEX deals_contact ON revenue.deals (org_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX deals_owner ON revenue.deals (org_id, owner_rep_id) WHERE owner_rep_id IS NOT NULL;
CREATE INDEX deals_product ON revenue.deals (org_id, product_id) WHERE product_id IS NOT NULL;
CREATE INDEX deals_stage ON revenue.deals (org_id, pipeline_id, stage_id) WHERE stage_id IS NOT NULL;
CREATE INDEX deals_close_date ON revenue.deals (org_id, close_date) WHERE close_date IS NOT NULL;
CREATE INDEX deals_closed_at ON revenue.deals (org_id, closed_at) WHERE closed_at IS NOT NULL;
COMMENT ON TABLE revenue.deals IS 'Opportunities as they are now. Every change is kept in deal_history; NULL = unknown, which is not a no';
COMMENT ON COLUMN revenue.deals.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.deals.deal_id IS 'Key of the deal, as the CRM has it';
COMMENT ON COLUMN revenue.deals.name IS 'Name';
COMMENT ON COLUMN revenue.deals.account_id IS 'Company that would buy';
COMMENT ON COLUMN revenue.deals.contact_id IS 'Main contact';
COMMENT ON COLUMN revenue.deals.owner_rep_id IS 'Rep who owns the deal';
COMMENT ON COLUMN revenue.deals.product_id IS 'Product';
COMMENT ON COLUMN revenue.deals.pipeline_id IS 'Pipeline';
COMMENT ON COLUMN revenue.deals.stage_id IS 'Stage';
COMMENT ON COLUMN revenue.deals.amount IS 'Value, in currency; expected while open, booked once won';
COMMENT ON COLUMN revenue.deals.currency IS 'Currency of the amount, ISO 4217';
COMMENT ON COLUMN revenue.deals.close_date IS 'Expected close date; the actual one once closed';
COMMENT ON COLUMN revenue.deals.closed_at IS 'When it was won or lost; set on entering such a stage, from close_date where that comes with it, and cleared on leaving it';
COMMENT ON COLUMN revenue.deals.created_at IS 'When the deal was created; NULL = unknown, and then it has no cycle';
COMMENT ON COLUMN revenue.deals.stage_entered_at IS 'When it entered its stage; kept up by every stage change';
COMMENT ON COLUMN revenue.deals.forecast_category IS 'omitted, pipeline, best_case, commit or closed';
COMMENT ON COLUMN revenue.deals.product_plan IS 'Plan that would be sold';
COMMENT ON COLUMN revenue.deals.num_users_planned IS 'Users that would be sold';
COMMENT ON COLUMN revenue.deals.base_list_price_per_user IS 'List price a user and month, in currency';
COMMENT ON COLUMN revenue.deals.discount_pct IS 'Discount, a fraction: 0.15 = 15 %';
COMMENT ON COLUMN revenue.deals.billing_cycle IS 'Billing cycle, as the scoring framework names it';
COMMENT ON COLUMN revenue.deals.contract_term_months IS 'Term in months';
COMMENT ON COLUMN revenue.deals.expansion_potential_factor IS 'Factor for what the deal may grow to; 1 = nothing';
COMMENT ON COLUMN revenue.deals.lead_score IS 'Lead score, 0 to 100';
COMMENT ON COLUMN revenue.deals.champion_identified IS 'Whether someone there speaks for us';
COMMENT ON COLUMN revenue.deals.budget_confirmed IS 'Whether the budget is confirmed';
COMMENT ON COLUMN revenue.deals.decision_maker_engaged IS 'Whether the decision maker is engaged';
COMMENT ON COLUMN revenue.deals.competitors_mentioned IS 'Competitors mentioned';
COMMENT ON COLUMN revenue.deals.industry IS 'Industry; the vertical that picks the scoring framework';
COMMENT ON COLUMN revenue.deals.segment IS 'Segment';
COMMENT ON COLUMN revenue.deals.source IS 'Where the deal comes from';
COMMENT ON COLUMN revenue.deals.loss_reason IS 'Why it was lost';
COMMENT ON COLUMN revenue.deals.effective_at IS 'Give it with a write whose facts became true then rather than now; cleared by the next write that does not';
COMMENT ON COLUMN revenue.deals.num_interactions IS 'Activities other than notes and tasks; kept up as activities come and go; NULL = unknown';
COMMENT ON COLUMN revenue.deals.num_objections_handled IS 'Activities of kind objection with outcome handled; kept up likewise';
COMMENT ON COLUMN revenue.deals.last_activity_at IS 'Last activity; kept up likewise';

-- The past of deals ---------------------------------------------------------------------------
-- In two times: valid_* say when something was true, recorded_at and superseded_at when it was
-- believed. No reference to other tables: the past outlives what it speaks of.

CREATE TABLE revenue.deal_history (
  org_id integer NOT NULL,
  deal_id text NOT NULL,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz NOT NULL DEFAULT 'infinity',
  recorded_at timestamptz NOT NULL,
  superseded_at timestamptz NOT NULL DEFAULT 'infinity',
  deleted boolean NOT NULL DEFAULT false,
  continues_stage boolean NOT NULL DEFAULT false,
  deleted_by text,
  changed_by text,
  stated text[],
  name text,
  account_id text,
  contact_id text,
  owner_rep_id text,
  product_id text,
  pipeline_id text NOT NULL,
  stage_id text NOT NULL,
  amount numeric(18,6),
  currency char(3) NOT NULL,
  close_date date,
  closed_at timestamptz,
  created_at timestamptz,
  stage_entered_at timestamptz NOT NULL,
  forecast_category text,
  product_plan text,
  num_users_planned integer,
  base_list_price_per_user numeric(18,6),
  discount_pct double precision,
  billing_cycle text,
  contract_term_months integer,
  expansion_potential_factor double precision,
  lead_score double precision,
  champion_identified boolean,
  budget_confirmed boolean,
  decision_maker_engaged boolean,
  competitors_mentioned integer,
  industry text,
  segment text,
  source text,
  loss_reason text,
  PRIMARY KEY (org_id, deal_id, valid_from, recorded_at),
  CHECK (valid_from < valid_to),
  CHECK (recorded_at <= superseded_at)
);
CREATE UNIQUE INDEX deal_history_open ON revenue.deal_history (org_id, deal_id)
  WHERE valid_to = 'infinity' AND superseded_at = 'infinity';
COMMENT ON TABLE revenue.deal_history IS 'Every version of every deal, by when it was true and when it was known. Written by triggers only';
COMMENT ON COLUMN revenue.deal_history.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.deal_history.deal_id IS 'Deal';
COMMENT ON COLUMN revenue.deal_history.valid_from IS 'From when this was true';
COMMENT ON COLUMN revenue.deal_history.valid_to IS 'Until when, exclusive; infinity = still. One that ends later than it was asked at was not known to end';
COMMENT ON COLUMN revenue.deal_history.recorded_at IS 'From when this was believed, by the clock of the write (not the order of commits)';
COMMENT ON COLUMN revenue.deal_history.superseded_at IS 'When a later fact replaced this version; infinity = still believed';
COMMENT ON COLUMN revenue.deal_history.continues_stage IS 'Whether it is known that the version before had the same stay in the stage; not in every one that does';
COMMENT ON COLUMN revenue.deal_history.deleted IS 'Whether it ends because the deal was deleted';
COMMENT ON COLUMN revenue.deal_history.deleted_by IS 'Who deleted it';
COMMENT ON COLUMN revenue.deal_history.changed_by IS 'Who wrote this version, as caller_identity() gives it';
COMMENT ON COLUMN revenue.deal_history.stated IS 'The columns its source spoke of, where the others were carried over; NULL = all';
COMMENT ON COLUMN revenue.deal_history.name IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.account_id IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.contact_id IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.owner_rep_id IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.product_id IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.pipeline_id IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.stage_id IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.amount IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.currency IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.close_date IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.closed_at IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.created_at IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.stage_entered_at IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.forecast_category IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.product_plan IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.num_users_planned IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.base_list_price_per_user IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.discount_pct IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.billing_cycle IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.contract_term_months IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.expansion_potential_factor IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.lead_score IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.champion_identified IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.budget_confirmed IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.decision_maker_engaged IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.competitors_mentioned IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.industry IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.segment IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.source IS 'As in deals';
COMMENT ON COLUMN revenue.deal_history.loss_reason IS 'As in deals';

CREATE TABLE revenue.deal_facts (
  org_id integer NOT NULL,
  deal_id text NOT NULL CHECK (revenue.valid_id(deal_id)),
  valid_from timestamptz NOT NULL CHECK (revenue.valid_instant(valid_from)),
  name text CHECK (revenue.valid_name(name)),
  account_id text CHECK (revenue.valid_id(account_id)),
  contact_id text CHECK (revenue.valid_id(contact_id)),
  owner_rep_id text CHECK (revenue.valid_id(owner_rep_id)),
  product_id text CHECK (revenue.valid_id(product_id)),
  pipeline_id text CHECK (revenue.valid_id(pipeline_id)),
  stage_id text CHECK (revenue.valid_id(stage_id)),
  amount numeric(18,6) CHECK (revenue.valid_amount(amount)),
  currency char(3) CHECK (currency ~ '^[A-Z]{3}$'),
  close_date date CHECK (revenue.valid_day(close_date)),
  forecast_category text CHECK (forecast_category IN ('omitted', 'pipeline', 'best_case', 'commit', 'closed')),
  product_plan text CHECK (revenue.valid_label(product_plan)),
  num_users_planned integer CHECK (num_users_planned >= 0),
  base_list_price_per_user numeric(18,6) CHECK (base_list_price_per_user >= 0 AND revenue.valid_amount(base_list_price_per_user)),
  discount_pct double precision CHECK (revenue.valid_discount(discount_pct)),
  billing_cycle text CHECK (revenue.valid_label(billing_cycle)),
  contract_term_months integer CHECK (contract_term_months BETWEEN 1 AND 1200),
  expansion_potential_factor double precision CHECK (expansion_potential_factor BETWEEN 0 AND 100),
  lead_score double precision CHECK (lead_score BETWEEN 0 AND 100),
  champion_identified boolean,
  budget_confirmed boolean,
  decision_maker_engaged boolean,
  competitors_mentioned integer CHECK (competitors_mentioned >= 0),
  industry text CHECK (revenue.valid_label(industry)),
  segment text CHECK (revenue.valid_label(segment)),
  source text CHECK (revenue.valid_label(source)),
  loss_reason text CHECK (revenue.valid_label(loss_reason)),
  merged_at timestamptz,
  PRIMARY KEY (org_id, deal_id, valid_from),
  FOREIGN KEY (org_id, deal_id) REFERENCES revenue.deals ON DELETE CASCADE
);
COMMENT ON TABLE revenue.deal_facts IS 'Inbox for imported facts of the past, such as a stage history. A fact holds for its columns until a later fact or a recorded version says otherwise; deals itself, the present, is not changed';
COMMENT ON COLUMN revenue.deal_facts.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.deal_facts.deal_id IS 'Deal';
COMMENT ON COLUMN revenue.deal_facts.valid_from IS 'When it became true';
COMMENT ON COLUMN revenue.deal_facts.name IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.account_id IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.contact_id IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.owner_rep_id IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.product_id IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.pipeline_id IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.stage_id IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.amount IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.currency IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.close_date IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.forecast_category IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.product_plan IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.num_users_planned IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.base_list_price_per_user IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.discount_pct IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.billing_cycle IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.contract_term_months IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.expansion_potential_factor IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.lead_score IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.champion_identified IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.budget_confirmed IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.decision_maker_engaged IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.competitors_mentioned IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.industry IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.segment IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.source IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.loss_reason IS 'As in deals; NULL = not changed';
COMMENT ON COLUMN revenue.deal_facts.merged_at IS 'When it went into deal_history; NULL = not yet, because it was loaded with triggers off';

-- Products of a deal ---------------------------------------------------------------------------

CREATE TABLE revenue.deal_lines (
  org_id integer NOT NULL,
  deal_id text NOT NULL,
  line_id text NOT NULL CHECK (revenue.valid_id(line_id)),
  product_id text,
  quantity numeric(18,6) NOT NULL DEFAULT 1 CHECK (revenue.valid_amount(quantity)),
  unit_price numeric(18,6) NOT NULL CHECK (revenue.valid_amount(unit_price)),
  discount_pct double precision NOT NULL DEFAULT 0 CHECK (revenue.valid_discount(discount_pct)),
  amount numeric(18,6) GENERATED ALWAYS AS (CASE WHEN abs(quantity * unit_price) < 1e11
    THEN round(quantity * unit_price * (1 - discount_pct::numeric), 6) END) STORED CHECK (revenue.valid_amount(amount)),
  CHECK (revenue.valid_amount(quantity * unit_price)),
  PRIMARY KEY (org_id, deal_id, line_id),
  FOREIGN KEY (org_id, deal_id) REFERENCES revenue.deals ON DELETE CASCADE,
  FOREIGN KEY (org_id, product_id) REFERENCES revenue.products
);
CREATE INDEX deal_lines_product ON revenue.deal_lines (org_id, product_id) WHERE product_id IS NOT NULL;
COMMENT ON TABLE revenue.deal_lines IS 'Products of a deal, where it has several. Figures by product divide the amount of the deal in proportion to its lines, and count it under the largest; without lines all of it is deals.product_id';
COMMENT ON COLUMN revenue.deal_lines.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.deal_lines.deal_id IS 'Deal';
COMMENT ON COLUMN revenue.deal_lines.line_id IS 'Key of the line within the deal';
COMMENT ON COLUMN revenue.deal_lines.product_id IS 'Product; NULL = unknown';
COMMENT ON COLUMN revenue.deal_lines.quantity IS 'How many; 1 where only the total is known';
COMMENT ON COLUMN revenue.deal_lines.unit_price IS 'Price of one, in the currency of the deal';
COMMENT ON COLUMN revenue.deal_lines.discount_pct IS 'Discount, 0 to 1: 0.15 is 15 percent';
COMMENT ON COLUMN revenue.deal_lines.amount IS 'quantity x unit_price less the discount';

-- Activities ----------------------------------------------------------------------------------

CREATE TABLE revenue.activities (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  activity_id text NOT NULL CHECK (revenue.valid_id(activity_id)),
  deal_id text,
  account_id text,
  contact_id text,
  rep_id text,
  kind text NOT NULL CHECK (kind IN ('call', 'email', 'meeting', 'demo', 'message', 'event', 'objection', 'note', 'task', 'other')),
  direction text CHECK (direction IN ('inbound', 'outbound', 'internal')),
  outcome text CHECK (revenue.valid_label(outcome)),
  subject text CHECK (revenue.valid_name(subject)),
  details jsonb CHECK (revenue.valid_note(details::text)),
  occurred_at timestamptz NOT NULL CHECK (revenue.valid_instant(occurred_at)),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp() CHECK (revenue.valid_instant(recorded_at)),
  PRIMARY KEY (org_id, activity_id),
  FOREIGN KEY (org_id, deal_id) REFERENCES revenue.deals ON DELETE SET NULL (deal_id),
  FOREIGN KEY (org_id, account_id) REFERENCES revenue.accounts,
  FOREIGN KEY (org_id, contact_id) REFERENCES revenue.contacts,
  FOREIGN KEY (org_id, rep_id) REFERENCES revenue.reps
);
CREATE INDEX activities_deal ON revenue.activities (org_id, deal_id, occurred_at) WHERE deal_id IS NOT NULL;
CREATE INDEX activities_account ON revenue.activities (org_id, account_id, occurred_at) WHERE account_id IS NOT NULL;
CREATE INDEX activities_contact ON revenue.activities (org_id, contact_id, occurred_at) WHERE contact_id IS NOT NULL;
CREATE INDEX activities_rep ON revenue.activities (org_id, rep_id, occurred_at) WHERE rep_id IS NOT NULL;
COMMENT ON TABLE revenue.activities IS 'What was done with a deal, an account or a contact';
COMMENT ON COLUMN revenue.activities.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.activities.activity_id IS 'Key of the activity, as the CRM has it';
COMMENT ON COLUMN revenue.activities.deal_id IS 'Deal; NULL once the deal is deleted';
COMMENT ON COLUMN revenue.activities.account_id IS 'Account';
COMMENT ON COLUMN revenue.activities.contact_id IS 'Contact';
COMMENT ON COLUMN revenue.activities.rep_id IS 'Rep who did it; a member writes his own only';
COMMENT ON COLUMN revenue.activities.kind IS 'call, email, meeting, demo, message, event, objection, note, task or other; notes and tasks are no interactions';
COMMENT ON COLUMN revenue.activities.direction IS 'inbound, outbound or internal';
COMMENT ON COLUMN revenue.activities.outcome IS 'What came of it; handled for an objection that was';
COMMENT ON COLUMN revenue.activities.subject IS 'Subject';
COMMENT ON COLUMN revenue.activities.details IS 'Anything else';
COMMENT ON COLUMN revenue.activities.occurred_at IS 'When it happened';
COMMENT ON COLUMN revenue.activities.recorded_at IS 'When it became known here';

-- Access --------------------------------------------------------------------------------------
-- A viewer sees the names of stages, which label his aggregates, and no row about people or deals.

SELECT revenue.protect_table('revenue.reps', 'member', 'admin');
SELECT revenue.protect_table('revenue.rep_managers', 'member', 'admin');
SELECT revenue.protect_table('revenue.pipelines', 'viewer', 'admin');
SELECT revenue.protect_table('revenue.stages', 'viewer', 'admin');
SELECT revenue.protect_table('revenue.products', 'member', 'admin');
SELECT revenue.protect_table('revenue.accounts', 'member', 'admin', 'owner_rep_id');
SELECT revenue.protect_table('revenue.account_history', 'member', 'admin');
SELECT revenue.protect_table('revenue.contacts', 'member', 'admin', 'owner_rep_id');
SELECT revenue.protect_table('revenue.contact_stages', 'member');
SELECT revenue.protect_table('revenue.deals', 'member', 'admin', 'owner_rep_id');
SELECT revenue.protect_table('revenue.deal_history', 'member');
SELECT revenue.protect_table('revenue.deal_facts', 'member', 'admin');
SELECT revenue.protect_table('revenue.deal_lines', 'member', 'admin');
SELECT revenue.protect_table('revenue.activities', 'member', 'admin', 'rep_id');
