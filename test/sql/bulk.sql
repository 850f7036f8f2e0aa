-- Loads into tables that nobody has analysed read a bounded number of rows for each that they write,
-- whatever the planner takes for their sizes: rows are counted, not seconds. A loop over the table for
-- each row would read hundreds.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE EXTENSION revenue_intel;
-- Nothing is analysed on the way.
DO $$
DECLARE
  t regclass;
BEGIN
  FOR t IN SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'r' LOOP
    EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = off)', t);
  END LOOP;
END $$;

CREATE FUNCTION rows_read() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT sum(pg_stat_get_xact_tuples_returned(c.oid))::bigint FROM pg_class AS c
  WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind IN ('r', 'i')
$$;
-- The rows that a statement reads for each of the rows that it writes, and whether they are few.
CREATE FUNCTION load(what text, statement text, bound integer DEFAULT 100) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before bigint := rows_read();
  written bigint;
  ratio numeric;
BEGIN
  EXECUTE statement;
  GET DIAGNOSTICS written = ROW_COUNT;
  ratio := round((rows_read() - before) / greatest(written, 1.0));
  RETURN format('%s: %s rows, %s', what, written, CASE WHEN ratio <= bound THEN 'linear' ELSE format('%s rows read for each', ratio) END);
END $$;

SELECT revenue.create_org('Bulk', 'USD') AS org \gset
SET revenue_intel.org_id = :org;
INSERT INTO revenue.reps (org_id, rep_id, name) SELECT :org, 'r' || i, 'Rep ' || i FROM generate_series(1, 20) AS i;
\set n 1000

SELECT load('accounts', format($$
  INSERT INTO revenue.accounts (org_id, account_id, name, segment, owner_rep_id)
  SELECT 1, 'a' || i, 'Account ' || i, 's' || i %% 3, 'r' || (1 + i %% 20) FROM generate_series(1, %s) AS i$$, :n));
SELECT load('accounts change', 'UPDATE revenue.accounts SET segment = ''other''');
SELECT load('contacts', format($$
  INSERT INTO revenue.contacts (org_id, contact_id, account_id, name, owner_rep_id)
  SELECT 1, 'c' || i, 'a' || i, 'Contact ' || i, 'r' || (1 + i %% 20) FROM generate_series(1, %s) AS i$$, :n));
SELECT load('contacts change', $$UPDATE revenue.contacts SET pipeline_id = 'sales', stage_id = 'prospecting'$$);
SELECT load('contacts change again', $$UPDATE revenue.contacts SET stage_id = 'qualification'$$);
SELECT load('deals, load ' || l, format($$
  INSERT INTO revenue.deals (org_id, deal_id, account_id, contact_id, owner_rep_id, stage_id, amount, currency, created_at, close_date)
  SELECT 1, 'd%s ' || i, 'a' || i, 'c' || i, 'r' || (1 + i %% 20), CASE WHEN i %% 3 = 0 THEN 'closed_lost' ELSE 'closed_won' END,
    i, 'USD', now() - interval '400 days', current_date - 300 + i %% 200
  FROM generate_series(1, %s) AS i$$, l, :n)) FROM generate_series(1, 2) AS l;
SELECT load('deals change', 'UPDATE revenue.deals SET amount = amount + 1');
SELECT load('deals change of a stage', 'UPDATE revenue.deals SET stage_id = ''negotiation'' WHERE deal_id < ''d2''');
SELECT load('deals change in the past', $$UPDATE revenue.deals SET amount = amount + 1, effective_at = now() - interval '9 days'$$);
SELECT load('deals change with a reason', $$UPDATE revenue.deals SET amount = amount + 1 WHERE set_config('revenue.change_reason', 'x', true) = 'x'$$);
SELECT load('deals go', 'DELETE FROM revenue.deals WHERE deal_id > ''d2''');
SELECT load('deals come back, from earlier on', format($$
  INSERT INTO revenue.deals (org_id, deal_id, owner_rep_id, stage_id, amount, currency, effective_at)
  SELECT 1, 'd2 ' || i, 'r1', 'proposal', i, 'USD', now() - interval '5 days' FROM generate_series(1, %s) AS i$$, :n));
SELECT load('facts', $$
  INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id)
  SELECT d.org_id, d.deal_id, now() - interval '500 days', 'prospecting' FROM revenue.deals AS d$$);
SELECT load('facts change', 'UPDATE revenue.deal_facts SET stage_id = ''qualification''');
SELECT load('activities', $$
  INSERT INTO revenue.activities (org_id, activity_id, deal_id, rep_id, kind, occurred_at)
  SELECT d.org_id, 'x' || d.deal_id, d.deal_id, 'r1', 'call', now() - interval '1 day' FROM revenue.deals AS d$$);
SELECT load('activities change', 'UPDATE revenue.activities SET kind = ''meeting''');
SELECT load('activities go', 'DELETE FROM revenue.activities');
SELECT load('subscriptions', format($$
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id, account_id)
  SELECT 1, 's' || i, 'c' || i, 'a' || i FROM generate_series(1, %s) AS i$$, :n));
SELECT load('items, load ' || l, format($$
  INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, unit_price, currency)
  SELECT 1, 's' || i, 'i%s', date '2025-01-01' + i %% 300, i, 'USD' FROM generate_series(1, %s) AS i$$, l, :n)) FROM generate_series(1, 2) AS l;
SELECT load('items change', 'UPDATE revenue.subscription_items SET unit_price = unit_price + 1');
SELECT load('subscriptions end', 'UPDATE revenue.subscriptions SET cancelled_on = ''2026-01-01''');
SELECT load('items go', 'DELETE FROM revenue.subscription_items WHERE item_id = ''i2''');
SELECT load('other revenue', format($$
  INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, kind, amount, currency, day)
  SELECT 1, 'o' || i, 'c' || i, 'one_time', i, 'USD', '2025-03-01' FROM generate_series(1, %s) AS i$$, :n));
SELECT load('events', $$
  INSERT INTO revenue.revenue_events (org_id, event_id, event_type, deal_id, amount, currency, closed_at)
  SELECT d.org_id, 'e' || d.deal_id, 'deal_won', d.deal_id, 9, 'USD', now() - interval '2 days' FROM revenue.deals AS d$$);
SELECT load('rates', $$INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) SELECT 1, 'EUR', date '2020-01-01' + i, 1 FROM generate_series(1, 1000) AS i$$);

-- And what reads all of it.
SELECT load('verify_ledger()', 'SELECT * FROM revenue.subscription_items, (SELECT count(*) FROM revenue.verify_ledger() OFFSET 0) AS v');
