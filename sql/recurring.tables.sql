-- The room recurring: subscriptions and what they consist of, the revenue beside them, and the ledger
-- of monthly recurring revenue (MRR) that triggers keep in step with them. Run once, at installation.

-- What is sold --------------------------------------------------------------------------------

CREATE TABLE revenue.subscriptions (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  subscription_id text NOT NULL CHECK (revenue.valid_id(subscription_id)),
  customer_id text NOT NULL CHECK (revenue.valid_id(customer_id)),
  account_id text,
  name text CHECK (revenue.valid_name(name)),
  cancelled_on date CHECK (revenue.valid_day(cancelled_on)),
  cancel_reason text CHECK (revenue.valid_label(cancel_reason)),
  source text CHECK (revenue.valid_label(source)),
  created_at timestamptz NOT NULL DEFAULT now() CHECK (revenue.valid_instant(created_at)),
  PRIMARY KEY (org_id, subscription_id),
  FOREIGN KEY (org_id, account_id) REFERENCES revenue.accounts
);
CREATE INDEX subscriptions_customer ON revenue.subscriptions (org_id, customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX subscriptions_account ON revenue.subscriptions (org_id, account_id) WHERE account_id IS NOT NULL;
COMMENT ON TABLE revenue.subscriptions IS 'Subscriptions: who pays for a set of items. What is paid, and when, stands in subscription_items';
COMMENT ON COLUMN revenue.subscriptions.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.subscriptions.subscription_id IS 'Key of the subscription, as the billing system has it';
COMMENT ON COLUMN revenue.subscriptions.customer_id IS 'Who pays: an account_id, or the billing system''s own id. Another id moves the history to another customer and is no movement';
COMMENT ON COLUMN revenue.subscriptions.account_id IS 'Account of the customer, where customer_id is none';
COMMENT ON COLUMN revenue.subscriptions.name IS 'Name';
COMMENT ON COLUMN revenue.subscriptions.cancelled_on IS 'Day on which it was cancelled; by the policy churn_date it is that day or the end of the paid period that counts';
COMMENT ON COLUMN revenue.subscriptions.cancel_reason IS 'Why it was cancelled';
COMMENT ON COLUMN revenue.subscriptions.source IS 'Where the row comes from';
COMMENT ON COLUMN revenue.subscriptions.created_at IS 'When the row was made';

-- The day has 12/365 of a month and the week 12/52, so that the price of a year is exact however it is
-- billed. Each row is rounded once, half away from zero, to 1e-6 of its currency; every total is a sum of
-- such rows and therefore exact.
CREATE FUNCTION revenue.monthly_price(amount numeric, billing_period text, billing_count integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN billing_count NOT BETWEEN 1 AND 1200 OR abs(amount) > 1e18 THEN NULL ELSE CASE billing_period
    WHEN 'month' THEN CASE billing_count WHEN 1 THEN round(amount, 6) ELSE round(amount / billing_count, 6) END
    WHEN 'year' THEN round(amount / (12 * billing_count), 6)
    WHEN 'week' THEN round(amount * 52 / (12 * billing_count), 6)
    WHEN 'day' THEN round(amount * 365 / (12 * billing_count), 6)
  END END;
END;
COMMENT ON FUNCTION revenue.monthly_price(numeric, text, integer) IS
  'A price for so many days, weeks, months or years as a price a month: week x 52/12, day x 365/12; to 1e-6, half away from zero. NULL for another period, and beyond 1200 of them or 1e18';

CREATE TABLE revenue.subscription_items (
  org_id integer NOT NULL,
  subscription_id text NOT NULL,
  item_id text NOT NULL DEFAULT 'main' CHECK (revenue.valid_id(item_id)),
  valid_from date NOT NULL CHECK (revenue.valid_day(valid_from)),
  valid_to date NOT NULL DEFAULT 'infinity' CHECK (valid_to = 'infinity' OR revenue.valid_day(valid_to)),
  billing_count integer NOT NULL DEFAULT 1 CHECK (billing_count BETWEEN 1 AND 1200),
  quantity numeric(18,6) NOT NULL DEFAULT 1 CHECK (quantity >= 0 AND quantity <= 999999999),
  unit_price numeric(18,6) NOT NULL CHECK (unit_price >= 0 AND revenue.valid_amount(unit_price)),
  discount_amount numeric(18,6) NOT NULL DEFAULT 0 CHECK (discount_amount >= 0 AND revenue.valid_amount(discount_amount)),
  discount_pct double precision NOT NULL DEFAULT 0 CHECK (revenue.valid_discount(discount_pct)),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  kind text NOT NULL DEFAULT 'recurring' CHECK (kind IN ('recurring', 'one_time', 'metered')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'trial', 'paused', 'past_due', 'incomplete')),
  billing_period text NOT NULL DEFAULT 'month' CHECK (billing_period IN ('day', 'week', 'month', 'year')),
  discount_kind text NOT NULL DEFAULT 'recurring' CHECK (discount_kind IN ('recurring', 'temporary')),
  product_id text CHECK (revenue.valid_id(product_id)),
  plan text CHECK (revenue.valid_label(plan)),
  list_mrr numeric(18,6) GENERATED ALWAYS AS (
    CASE WHEN kind = 'recurring' THEN revenue.monthly_price(quantity * unit_price, billing_period, billing_count) ELSE 0 END) STORED
    CHECK (list_mrr >= 0 AND revenue.valid_amount(list_mrr)),
  mrr numeric(18,6) GENERATED ALWAYS AS (
    CASE WHEN kind <> 'recurring' THEN 0
      WHEN discount_pct = 0 AND discount_amount = 0 THEN revenue.monthly_price(quantity * unit_price, billing_period, billing_count)
      ELSE greatest(revenue.monthly_price(quantity * unit_price * (1 - discount_pct::numeric) - discount_amount,
        billing_period, billing_count), 0) END) STORED CHECK (mrr >= 0 AND revenue.valid_amount(mrr)),
  PRIMARY KEY (org_id, subscription_id, item_id, valid_from),
  FOREIGN KEY (org_id, subscription_id) REFERENCES revenue.subscriptions,
  CHECK (valid_from < valid_to)
);
COMMENT ON TABLE revenue.subscription_items IS 'What a subscription consisted of, and when: a row a period of an item. A period ends at valid_to, or where the next one of the same item begins';
COMMENT ON COLUMN revenue.subscription_items.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.subscription_items.subscription_id IS 'Subscription';
COMMENT ON COLUMN revenue.subscription_items.item_id IS 'Item of the subscription; its periods follow each other';
COMMENT ON COLUMN revenue.subscription_items.valid_from IS 'First day, in the organisation''s time zone';
COMMENT ON COLUMN revenue.subscription_items.valid_to IS 'Day after the last; infinity = open';
COMMENT ON COLUMN revenue.subscription_items.billing_count IS 'So many billing periods are billed at once';
COMMENT ON COLUMN revenue.subscription_items.quantity IS 'Seats or other units';
COMMENT ON COLUMN revenue.subscription_items.unit_price IS 'List price of a unit for billing_count billing periods, net of tax';
COMMENT ON COLUMN revenue.subscription_items.discount_amount IS 'Discount for billing_count billing periods, after discount_pct';
COMMENT ON COLUMN revenue.subscription_items.discount_pct IS 'Discount, a fraction: 0.15 = 15 %';
COMMENT ON COLUMN revenue.subscription_items.currency IS 'Currency of the prices, ISO 4217';
COMMENT ON COLUMN revenue.subscription_items.kind IS 'recurring, or one_time or metered, which have no MRR';
COMMENT ON COLUMN revenue.subscription_items.status IS 'active, trial, paused, past_due or incomplete; what counts is a policy';
COMMENT ON COLUMN revenue.subscription_items.billing_period IS 'day, week, month or year';
COMMENT ON COLUMN revenue.subscription_items.discount_kind IS 'recurring = for as long as it is subscribed, temporary = ends while the item goes on';
COMMENT ON COLUMN revenue.subscription_items.product_id IS 'Product; an id of products, or the billing system''s own';
COMMENT ON COLUMN revenue.subscription_items.plan IS 'Plan of the product';
COMMENT ON COLUMN revenue.subscription_items.list_mrr IS 'List price a month, before discounts; 0 unless recurring';
COMMENT ON COLUMN revenue.subscription_items.mrr IS 'Price a month after every discount, never below 0; what of it counts is a policy';

CREATE TABLE revenue.other_revenue (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  entry_id text NOT NULL CHECK (revenue.valid_id(entry_id)),
  customer_id text NOT NULL CHECK (revenue.valid_id(customer_id)),
  subscription_id text,
  product_id text CHECK (revenue.valid_id(product_id)),
  kind text NOT NULL CHECK (kind IN ('one_time', 'metered', 'credit', 'refund')),
  unit text CHECK (revenue.valid_label(unit)),
  quantity numeric(18,6) CHECK (revenue.valid_amount(quantity)),
  amount numeric(18,6) NOT NULL CHECK (revenue.valid_amount(amount)),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  day date NOT NULL CHECK (revenue.valid_day(day)),
  PRIMARY KEY (org_id, entry_id),
  FOREIGN KEY (org_id, subscription_id) REFERENCES revenue.subscriptions ON DELETE SET NULL (subscription_id)
);
CREATE INDEX other_revenue_customer ON revenue.other_revenue (org_id, customer_id, day);
CREATE INDEX other_revenue_subscription ON revenue.other_revenue (org_id, subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX other_revenue_day ON revenue.other_revenue (org_id, day);
COMMENT ON TABLE revenue.other_revenue IS 'One-time and metered revenue, credits and refunds: shown beside MRR, never in it';
COMMENT ON COLUMN revenue.other_revenue.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.other_revenue.entry_id IS 'Key of the entry, such as the invoice line';
COMMENT ON COLUMN revenue.other_revenue.customer_id IS 'Customer, as in subscriptions';
COMMENT ON COLUMN revenue.other_revenue.subscription_id IS 'Subscription it belongs to, if any';
COMMENT ON COLUMN revenue.other_revenue.product_id IS 'Product';
COMMENT ON COLUMN revenue.other_revenue.kind IS 'one_time, metered, credit or refund; the last two have negative amounts';
COMMENT ON COLUMN revenue.other_revenue.unit IS 'What was used, such as tokens';
COMMENT ON COLUMN revenue.other_revenue.quantity IS 'How much of it';
COMMENT ON COLUMN revenue.other_revenue.amount IS 'Revenue';
COMMENT ON COLUMN revenue.other_revenue.currency IS 'Currency of the amount, ISO 4217';
COMMENT ON COLUMN revenue.other_revenue.day IS 'Day it belongs to';

-- The ledger ----------------------------------------------------------------------------------
-- Append-only, in two times: valid_day says when the MRR of a customer changed, recorded_at when that
-- became known. A fact that comes late, or is corrected, does not touch a row: what is no longer true is
-- taken back by rows of the opposite sign and what is true is added. So every belief of the past is a
-- plain sum of the rows recorded by then, and every rollup is a sum as well. Only triggers write here, for
-- every change of a subscription: checks, which are parsed anew in each statement, would cost them a tenth.

CREATE TYPE revenue.movement_line AS (
  valid_day date, movements integer, restates boolean, kind text, reason text, currency text, amount numeric, product_id text,
  exchanged text);
COMMENT ON TYPE revenue.movement_line IS 'A part of what changed in the MRR of a customer on a day, as movement_lines() gives it';

CREATE TABLE revenue.mrr_books (
  org_id integer PRIMARY KEY REFERENCES revenue.orgs,
  closed_to date NOT NULL DEFAULT '-infinity',
  policies jsonb,
  changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE revenue.mrr_books IS 'State of each organisation''s ledger: which days are closed, and which policies it is written by. Changed by close_period(), set_policy() and refresh_ledger()';
COMMENT ON COLUMN revenue.mrr_books.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.mrr_books.closed_to IS 'Days before this one are closed: what becomes known of them later is booked on this day';
COMMENT ON COLUMN revenue.mrr_books.policies IS 'The policies the ledger is written by, as far as they are not the built-in ones; NULL = built-in';
COMMENT ON COLUMN revenue.mrr_books.changed_at IS 'When this row was changed last';

CREATE TABLE revenue.mrr_customers (
  org_id integer NOT NULL,
  customer_id text NOT NULL,
  version integer NOT NULL,
  known_on date NOT NULL,
  recorded_on date NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (org_id, customer_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE revenue.mrr_customers IS 'Customers in the ledger. Whoever writes for a customer updates his row, so that two who do it at once meet here. Written by triggers only';
COMMENT ON COLUMN revenue.mrr_customers.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.mrr_customers.customer_id IS 'Customer, as in subscriptions';
COMMENT ON COLUMN revenue.mrr_customers.version IS 'How often his ledger was looked at';
COMMENT ON COLUMN revenue.mrr_customers.known_on IS 'Day on which the first fact about him was recorded';
COMMENT ON COLUMN revenue.mrr_customers.recorded_on IS 'Day on which the last one was';
COMMENT ON COLUMN revenue.mrr_customers.recorded_at IS 'When the last one was';

CREATE TABLE revenue.mrr_movements (
  org_id integer NOT NULL,
  version integer NOT NULL,
  line integer NOT NULL,
  valid_day date NOT NULL,
  booked_day date NOT NULL,
  movements integer NOT NULL,
  recorded_at timestamptz NOT NULL,
  is_adjustment boolean NOT NULL,
  kind text NOT NULL,
  booked_kind text NOT NULL,
  reason text NOT NULL,
  currency char(3) NOT NULL,
  customer_id text NOT NULL,
  product_id text,
  amount numeric(18,6) NOT NULL,
  PRIMARY KEY (org_id, customer_id, version, line)
);
CREATE INDEX mrr_restated ON revenue.mrr_movements (org_id, booked_day) INCLUDE (customer_id)
  WHERE booked_kind = 'transfer' OR movements < 0 AND kind IN ('new', 'reactivation') AND booked_day > valid_day;
COMMENT ON TABLE revenue.mrr_movements IS 'The ledger of MRR: every change of every customer, in the currency it was priced in. Append-only, written by triggers only';
COMMENT ON COLUMN revenue.mrr_movements.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.mrr_movements.version IS 'Which write of this customer''s ledger the line belongs to';
COMMENT ON COLUMN revenue.mrr_movements.line IS 'Line of that write';
COMMENT ON COLUMN revenue.mrr_movements.valid_day IS 'Day on which the MRR changed';
COMMENT ON COLUMN revenue.mrr_movements.booked_day IS 'Day on which the books show it: valid_day, or the first open day where that was closed';
COMMENT ON COLUMN revenue.mrr_movements.movements IS '1 on the first line of a customer''s day, -1 where that is taken back, else 0: their sum counts movements';
COMMENT ON COLUMN revenue.mrr_movements.recorded_at IS 'When it became known';
COMMENT ON COLUMN revenue.mrr_movements.is_adjustment IS 'Whether it restates: takes back or corrects what was recorded, tells of a day that had passed, or is booked later than it was true';
COMMENT ON COLUMN revenue.mrr_movements.kind IS 'What the customer did that day, in all: new, expansion, reactivation, contraction, churn, or swap of products or currencies at the same total';
COMMENT ON COLUMN revenue.mrr_movements.booked_kind IS 'What it is in the books: the kind, or transfer where the history of closed days moved to another customer, which is no movement of the open ones';
COMMENT ON COLUMN revenue.mrr_movements.reason IS 'added, removed, seats, price, discount, plan, product, pause, past_due, trial, free or currency';
COMMENT ON COLUMN revenue.mrr_movements.currency IS 'Currency of the amount, ISO 4217';
COMMENT ON COLUMN revenue.mrr_movements.customer_id IS 'Customer';
COMMENT ON COLUMN revenue.mrr_movements.product_id IS 'Product';
COMMENT ON COLUMN revenue.mrr_movements.amount IS 'Change of the MRR, with its sign';

-- Sums of the ledger, without customers. Each write adds its own rows, so that no two writers meet in
-- one; compact_ledger() folds them into the rows whose batch is all zeros.
CREATE TABLE revenue.mrr_days (
  org_id integer NOT NULL,
  booked_day date NOT NULL,
  valid_day date NOT NULL,
  movements integer NOT NULL,
  is_adjustment boolean NOT NULL,
  kind text NOT NULL,
  booked_kind text NOT NULL,
  currency char(3) NOT NULL,
  amount numeric(18,6) NOT NULL,
  batch uuid NOT NULL,
  PRIMARY KEY (org_id, booked_day, valid_day, kind, booked_kind, currency, is_adjustment, batch)
);
COMMENT ON TABLE revenue.mrr_days IS 'Sums of the ledger by day, kind and currency, added to by every write and compacted by compact_ledger(); several rows of a key add up. Written by triggers only';
COMMENT ON COLUMN revenue.mrr_days.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.mrr_days.booked_day IS 'Day on which the books show it';
COMMENT ON COLUMN revenue.mrr_days.valid_day IS 'Day on which the MRR changed';
COMMENT ON COLUMN revenue.mrr_days.movements IS 'How many movements';
COMMENT ON COLUMN revenue.mrr_days.is_adjustment IS 'Whether they restate';
COMMENT ON COLUMN revenue.mrr_days.kind IS 'new, expansion, reactivation, contraction, churn or swap';
COMMENT ON COLUMN revenue.mrr_days.booked_kind IS 'What they are in the books: the kind, or transfer';
COMMENT ON COLUMN revenue.mrr_days.currency IS 'Currency of the amount, ISO 4217';
COMMENT ON COLUMN revenue.mrr_days.amount IS 'Sum of the changes';
COMMENT ON COLUMN revenue.mrr_days.batch IS 'The write it was added by; zeros = compacted';

CREATE TYPE revenue.arr_period AS (
  org_id integer, period_from date, period_to date, opening_mrr numeric, new_mrr numeric, expansion_mrr numeric,
  reactivation_mrr numeric, contraction_mrr numeric, churn_mrr numeric, fx_mrr numeric, closing_mrr numeric,
  net_new_arr numeric, closing_arr numeric, adjustment_mrr numeric, opening_customers bigint, new_customers bigint,
  expanded_customers bigint, reactivated_customers bigint, contracted_customers bigint, churned_customers bigint,
  transferred_customers bigint, closing_customers bigint, one_time_revenue numeric, metered_revenue numeric, reporting_currency char(3),
  currencies_without_rate bigint);
COMMENT ON TYPE revenue.arr_period IS 'What arr_periods() says of a period';

-- Access --------------------------------------------------------------------------------------

SELECT revenue.protect_table('revenue.subscriptions', 'analyst', 'admin');
SELECT revenue.protect_table('revenue.subscription_items', 'analyst', 'admin');
SELECT revenue.protect_table('revenue.other_revenue', 'analyst', 'admin');
SELECT revenue.protect_table('revenue.mrr_books', 'analyst');
SELECT revenue.protect_table('revenue.mrr_customers', 'analyst');
SELECT revenue.protect_table('revenue.mrr_movements', 'analyst');
SELECT revenue.protect_table('revenue.mrr_days', 'analyst');
