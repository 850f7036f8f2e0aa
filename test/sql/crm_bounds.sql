-- What the tables take at the door: bounds of keys, labels, names, notes, dates, times and amounts for a plain
-- INSERT, and nothing that lies ahead where it is said to have happened.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE FUNCTION code_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
  detail text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, ' of relation.*', '') || CASE WHEN hint = '' THEN ' (no hint)' ELSE '' END
    || CASE WHEN length(detail) > 200 THEN ' (long detail)' ELSE '' END;
END $$;
SELECT revenue.create_org('Bounds', 'USD', 'UTC') AS org \gset
INSERT INTO revenue.accounts (org_id, account_id, name) VALUES (:org, 'a', 'A');
INSERT INTO revenue.reps (org_id, rep_id, name, identity) VALUES (:org, 'me', 'Me', 'me'), (:org, 'you', 'You', 'you');
INSERT INTO revenue.contacts (org_id, contact_id) VALUES (:org, 'c');
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, owner_rep_id) VALUES (:org, 'd', 'proposal', 1, 'USD', 'you');
INSERT INTO revenue.activities (org_id, activity_id, kind, occurred_at) VALUES (:org, 'x', 'call', now());
INSERT INTO revenue.products (org_id, product_id, name) VALUES (:org, 'p', 'P');
INSERT INTO revenue.offers (org_id, offer_id, name, currency) VALUES (:org, 'o', 'O', 'USD');
INSERT INTO revenue.offer_activity (org_id, activity_id, offer_id, platform, day, currency) VALUES (:org, 'oa', 'o', 'web', '2026-01-01', 'USD');
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, amount, currency, closed_at) VALUES (:org, 'e', 'upsell', 1, 'USD', '2026-01-01');
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) VALUES (:org, 's', 's');
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency) VALUES (:org, 's', '2026-01-01', 1, 'USD');
INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, kind, amount, currency, day) VALUES (:org, 'r', 's', 'one_time', 1, 'USD', '2026-01-01');
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) VALUES (:org, 'EUR', '2026-01-01', 1.1);

-- Every column of the kind, found in the catalog: a text that is too long, a date and a time at both ends, an amount
-- at the limit. What is left is bound elsewhere: a reference, an enumeration, or written by functions only.
CREATE TABLE hostile AS
SELECT c.relname AS "table", a.attname AS "column", v.kind, v.value,
  code_of(format('UPDATE revenue.%I SET %I = %s', c.relname, a.attname, v.value)) AS answer
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
JOIN (VALUES ('text', 'long', 'repeat(''x'', 20000)'), ('date', 'early', '''4713-01-01 BC'''), ('date', 'late', '''5874897-12-31'''),
  ('timestamptz', 'early', '''4713-01-01 BC'''), ('timestamptz', 'late', '''294276-12-31'''),
  ('numeric', 'large', '999999999999.999999'), ('double precision', 'large', '1e308')) AS v(type, kind, value)
  ON a.atttypid = v.type::regtype
WHERE c.relnamespace = 'revenue'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  AND c.relname IN ('reps', 'accounts', 'products', 'contacts', 'deals', 'activities', 'offers', 'offer_activity', 'revenue_events',
    'subscriptions', 'subscription_items', 'other_revenue', 'fx_rates', 'pipelines', 'stages');
SELECT kind, left(answer, 60) AS answer, count(*) FROM hostile WHERE answer <> 'no error' GROUP BY 1, 2 ORDER BY 1, 2;
SELECT "table", "column", kind FROM hostile WHERE answer = 'no error' ORDER BY 1, 2, 3;

-- Nothing that has happened lies ahead; tomorrow is today somewhere.
SELECT code_of(c) FROM (VALUES
  ($$INSERT INTO revenue.activities (org_id, activity_id, deal_id, rep_id, kind, occurred_at) VALUES (1, 'f', 'd', 'me', 'call', '2199-01-01')$$),
  ($$UPDATE revenue.activities SET occurred_at = now() + interval '2 days'$$),
  ($$UPDATE revenue.deals SET last_activity_at = '2199-01-01'$$), ($$UPDATE revenue.deals SET stage_entered_at = '2199-01-01'$$),
  ($$UPDATE revenue.deals SET created_at = '2199-01-01'$$), ($$UPDATE revenue.contacts SET last_engaged_at = '2199-01-01'$$),
  ($$INSERT INTO revenue.activities (org_id, activity_id, deal_id, rep_id, kind, occurred_at) VALUES (1, 'g', 'd', 'me', 'call', now() + interval '20 hours')$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, discount_pct) VALUES (1, 'z', 'proposal', 'USD', 15)$$),
  ($$INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, unit_price, currency, discount_pct) VALUES (1, 's', 'z', '2026-01-01', 1, 'USD', 15)$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, amount) VALUES (1, 'z', 'proposal', 'USD', 99999999999.999999)$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, amount) VALUES (1, 'y', 'proposal', 'USD', -100000000000)$$),
  ($$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency) VALUES (1, repeat('é', 128), 'proposal', 'USD')$$)) AS v(c);
\set VERBOSITY default
INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, discount_pct) VALUES (1, 'z2', 'proposal', 'USD', 15);
INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, segment) VALUES (1, 'z2', 'proposal', 'USD', repeat('long ', 1000));
-- An activity counts whoever did it.
SELECT num_interactions FROM revenue.deals WHERE deal_id = 'd';
DROP TABLE hostile;
DROP FUNCTION code_of;
DROP EXTENSION revenue_intel;
