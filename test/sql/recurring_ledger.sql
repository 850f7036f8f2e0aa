-- Subscriptions as MRR and ARR: what each case is worth, what it is called, and how the books take it.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT revenue.create_org('Ledger', 'USD') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
CREATE FUNCTION pg_temp.subscribe(customer text, since date, price numeric, until date DEFAULT 'infinity',
  quantity numeric DEFAULT 1, period text DEFAULT 'month', status text DEFAULT 'active', currency text DEFAULT 'USD',
  product text DEFAULT 'core', plan text DEFAULT NULL, discount double precision DEFAULT 0, discount_kind text DEFAULT 'recurring',
  item text DEFAULT 'main', kind text DEFAULT 'recurring', count integer DEFAULT 1)
RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) VALUES (revenue.current_org(), customer, customer) ON CONFLICT DO NOTHING;
  INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, quantity, unit_price, currency, billing_period,
    billing_count, status, product_id, plan, discount_pct, discount_kind, kind)
  VALUES (revenue.current_org(), customer, item, since, until, quantity, price, currency, period, count, status, product, plan, discount, discount_kind, kind)
$$;
-- What a customer's ledger comes to.
CREATE FUNCTION pg_temp.moved(customer text) RETURNS TABLE (valid_day date, kind text, reason text, product_id text, amount text, movements bigint)
LANGUAGE sql AS $$
  SELECT valid_day, kind, reason, product_id, trim_scale(sum(amount)) || ' ' || currency, sum(movements) FROM revenue.mrr_movements
  WHERE customer_id = customer GROUP BY 1, 2, 3, 4, currency HAVING sum(amount) <> 0 OR sum(movements) <> 0 ORDER BY 1, 2, 3, 4, 5
$$;

-- What a row is worth a month ------------------------------------------------------------------
-- Ten subscriptions at 10 a week.
SELECT pg_temp.subscribe('w' || i, '2024-01-01', 10, period => 'week') FROM generate_series(1, 10) AS i \g /dev/null
SELECT sum(mrr) AS exact, round(sum(mrr), 2) AS shown FROM revenue.subscription_items;
SELECT period, count, revenue.monthly_price(1200, period, count) FROM (VALUES ('day', 1), ('day', 30), ('week', 1), ('week', 2), ('month', 1),
  ('month', 3), ('month', 7), ('year', 1), ('year', 3), ('decade', 1), ('month', 0)) AS p(period, count);
-- 52 weeks are 12 months, and so are 365 days.
SELECT revenue.monthly_price(10, 'week', 1) * 12 / 52 AS week, revenue.monthly_price(1, 'day', 1) * 12 / 365 AS day;
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) VALUES (:org, 'x', 'x');
INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, quantity, unit_price, currency, billing_period, discount_pct, discount_amount, kind)
VALUES (:org, 'x', 'a', '2024-01-01', 3, 100, 'USD', 'year', 0, 0, 'recurring'), (:org, 'x', 'b', '2024-01-01', 3, 100, 'USD', 'year', 0.333, 1, 'recurring'),
  (:org, 'x', 'c', '2024-01-01', 1, 10, 'USD', 'month', 0, 50, 'recurring'), (:org, 'x', 'd', '2024-01-01', 1, 10, 'USD', 'month', 0, 0, 'metered'),
  (:org, 'x', 'e', '2024-01-01', 1, 999, 'USD', 'month', 0, 0, 'one_time')
RETURNING item_id, list_mrr, mrr;

-- What moves are called ------------------------------------------------------------------------
-- Two days of one month: 100 -> 150 -> 120 is an expansion and a contraction.
SELECT pg_temp.subscribe('two days', '2024-01-01', 100), pg_temp.subscribe('two days', '2024-02-10', 150), pg_temp.subscribe('two days', '2024-02-20', 120) \g /dev/null
SELECT * FROM pg_temp.moved('two days');
-- Several things on one day, each with its part; what nets to nothing is nothing.
SELECT pg_temp.subscribe('parts', '2024-01-01', 10, quantity => 10), pg_temp.subscribe('parts', '2024-03-01', 12, quantity => 15, discount => 0.1),
  pg_temp.subscribe('parts', '2024-04-01', 12, quantity => 15, plan => 'gold'), pg_temp.subscribe('parts', '2024-05-01', 20, quantity => 15, product => 'suite') \g /dev/null
SELECT pg_temp.subscribe('nets', '2024-01-01', 10, '2024-02-01'), pg_temp.subscribe('nets', '2024-02-01', 10, item => 'other') \g /dev/null
SELECT * FROM pg_temp.moved('parts');
SELECT * FROM pg_temp.moved('nets');
-- Another product at the same price is a swap, which no total sees.
SELECT pg_temp.subscribe('swap', '2024-01-01', 10), pg_temp.subscribe('swap', '2024-02-01', 10, product => 'suite') \g /dev/null
SELECT * FROM pg_temp.moved('swap');
-- Left and back, paused and resumed, trial, past due, free, prepaid for three years.
SELECT pg_temp.subscribe('back', '2024-01-01', 10, '2024-02-01'), pg_temp.subscribe('back', '2024-06-01', 15),
  pg_temp.subscribe('pause', '2024-01-01', 10), pg_temp.subscribe('pause', '2024-03-01', 10, status => 'paused'), pg_temp.subscribe('pause', '2024-05-01', 10),
  pg_temp.subscribe('trial', '2024-01-01', 10, status => 'trial'), pg_temp.subscribe('trial', '2024-01-15', 10),
  pg_temp.subscribe('late', '2024-01-01', 10), pg_temp.subscribe('late', '2024-03-01', 10, status => 'past_due'), pg_temp.subscribe('late', '2024-03-21', 10),
  pg_temp.subscribe('free', '2024-01-01', 10), pg_temp.subscribe('free', '2024-03-01', 0), pg_temp.subscribe('free', '2024-06-01', 5),
  pg_temp.subscribe('prepaid', '2024-01-01', 3600, '2027-01-01', period => 'year', count => 3),
  pg_temp.subscribe('passing', '2024-04-05', 10, '2024-04-20') \g /dev/null
SELECT c.customer, m.* FROM unnest('{back,pause,trial,late,free,prepaid,passing}'::text[]) AS c(customer), pg_temp.moved(c.customer) AS m;

-- The house's policies and others, one after the other; verify_ledger() has no row after any.
CREATE FUNCTION pg_temp.under(name text, value jsonb, customer text) RETURNS TABLE (valid_day date, kind text, reason text, amount text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM revenue.set_policy(name, value);
  RETURN QUERY SELECT m.valid_day, m.kind, m.reason, m.amount FROM pg_temp.moved(customer) AS m;
  PERFORM revenue.set_policy(b.name, b.value) FROM revenue.builtin_policies() AS b WHERE b.name = under.name;
END $$;
SELECT * FROM pg_temp.under('paused', '"unchanged"', 'pause');
SELECT * FROM pg_temp.under('trial', '"included"', 'trial');
SELECT * FROM pg_temp.under('past_due_grace_days', '14', 'late');
SELECT * FROM pg_temp.under('past_due_grace_days', '20', 'late');
SELECT * FROM pg_temp.under('free', '"active"', 'free');
SELECT * FROM pg_temp.under('same_period_new_churn', '"dropped"', 'passing');
SELECT * FROM pg_temp.under('reactivation', '90', 'back');
SELECT * FROM pg_temp.under('reactivation', '150', 'back');
SELECT * FROM pg_temp.under('reactivation_gap_days', '121', 'back');
SELECT * FROM pg_temp.under('reactivation_gap_days', '120', 'back');
SELECT pg_temp.subscribe('coupon', '2024-01-01', 100, discount => 0.2, discount_kind => 'temporary'), pg_temp.subscribe('coupon', '2024-04-01', 100, discount => 0.1) \g /dev/null
SELECT * FROM pg_temp.moved('coupon');
SELECT * FROM pg_temp.under('discounts', '"recurring"', 'coupon');
SELECT * FROM pg_temp.under('discounts', '"none"', 'coupon');
SELECT pg_temp.subscribe('cancelled', '2024-01-01', 10, '2024-12-31') \g /dev/null
UPDATE revenue.subscriptions SET cancelled_on = '2024-05-05' WHERE subscription_id = 'cancelled';
SELECT * FROM pg_temp.moved('cancelled');
SELECT * FROM pg_temp.under('churn_date', '"cancel_date"', 'cancelled');
SELECT count(*) AS wrong FROM revenue.verify_ledger();

-- Currencies -----------------------------------------------------------------------------------
-- EUR 100 held while the rate goes from 1.10 to 1.20: nothing moved, fx is 10.
SELECT revenue.create_org('Euro', 'USD') AS euro \gset
SELECT set_config('revenue_intel.org_id', :'euro', true) \g /dev/null
SELECT revenue.load_fx_rates('{"EUR": 1.10}', '2024-01-01'), revenue.load_fx_rates('{"EUR": 1.20}', '2024-02-10') \g /dev/null
SELECT pg_temp.subscribe('held', '2024-01-15', 100, currency => 'EUR') \g /dev/null
SELECT period_from, opening_mrr, new_mrr, expansion_mrr, fx_mrr, closing_mrr, closing_arr, opening_customers, closing_customers FROM revenue.arr_monthly('2024-03-31', org => :euro);
SELECT period_from, fx_mrr, closing_mrr FROM revenue.arr_monthly('2024-03-31', fx => 'constant_currency', org => :euro);
SELECT period_from, opening_mrr, fx_mrr, closing_mrr FROM revenue.arr_periods('day', '2024-02-11', from_date => '2024-02-09', org => :euro);
SELECT month, opening_mrr, retained_mrr, nrr, grr FROM revenue.retention_monthly('2024-03-31', window_months => 2, org => :euro);
-- EUR 100 becomes USD 130 at 1.20: an expansion of 10, told in both currencies; USD 115 would be a contraction.
SELECT pg_temp.subscribe('held', '2024-04-01', 130, currency => 'USD') \g /dev/null
SELECT * FROM pg_temp.moved('held');
UPDATE revenue.subscription_items SET unit_price = 115 WHERE valid_from = '2024-04-01' AND org_id = :euro;
SELECT * FROM pg_temp.moved('held');
UPDATE revenue.subscription_items SET unit_price = 120 WHERE valid_from = '2024-04-01' AND org_id = :euro;
SELECT * FROM pg_temp.moved('held');
SELECT period_from, opening_mrr, expansion_mrr, contraction_mrr, fx_mrr, closing_mrr, currencies_without_rate FROM revenue.arr_monthly('2024-04-30', from_date => '2024-03-01', org => :euro);
SELECT pg_temp.subscribe('yen', '2024-04-05', 1000, currency => 'JPY') \g /dev/null
SELECT period_from, new_mrr, closing_mrr, closing_customers, currencies_without_rate FROM revenue.arr_monthly('2024-04-30', from_date => '2024-04-01', org => :euro);
SELECT * FROM revenue.verify_ledger(:euro);
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null

-- The books ------------------------------------------------------------------------------------
-- A backdated cancellation is restated by an adjustment; in a closed month it is booked in the first
-- open one, and the months that were closed stay as they were.
SELECT pg_temp.subscribe('books', '2024-01-01', 1000) \g /dev/null
CREATE TEMP TABLE as_closed AS SELECT period_from, closing_mrr FROM revenue.arr_monthly('2024-12-31');
SELECT revenue.close_period('2024-07-01', 'half year') AS closed_to;
SELECT clock_timestamp() AS before_it \gset
UPDATE revenue.subscription_items SET valid_to = '2024-03-10' WHERE subscription_id = 'books' AND org_id = :org;
SELECT valid_day, booked_day, kind, trim_scale(amount) AS amount, is_adjustment FROM revenue.mrr_movements WHERE customer_id = 'books' ORDER BY version, line;
SELECT b.period_from, b.closing_mrr - c.closing_mrr AS books, v.closing_mrr - c.closing_mrr AS true_then, b.churn_mrr, b.adjustment_mrr
FROM revenue.arr_monthly('2024-08-31') AS b JOIN as_closed AS c USING (period_from)
JOIN revenue.arr_monthly('2024-08-31', basis => 'valid') AS v USING (period_from) ORDER BY 1;
-- What was believed before is still what was believed then.
SELECT count(*) AS months, count(*) FILTER (WHERE k.closing_mrr <> c.closing_mrr) AS different
FROM revenue.arr_monthly('2024-12-31', :'before_it', basis => 'valid') AS k JOIN as_closed AS c USING (period_from);
-- Nothing closed is opened again, nothing open to come is closed.
\set ON_ERROR_STOP off
SAVEPOINT s;
SELECT revenue.close_period('2024-06-01');
ROLLBACK TO s;
SELECT revenue.close_period('9999-01-01');
ROLLBACK TO s;
SELECT revenue.close_period('-infinity');
ROLLBACK TO s;
-- Append-only, and emptied only row by row.
UPDATE revenue.mrr_movements SET amount = 0;
ROLLBACK TO s;
DELETE FROM revenue.mrr_movements;
ROLLBACK TO s;
TRUNCATE revenue.subscription_items;
ROLLBACK TO s;
TRUNCATE revenue.subscriptions CASCADE;
ROLLBACK TO s;
\set ON_ERROR_STOP on

-- Two customers that turn out to be one: history moves, nothing else does.
CREATE TEMP TABLE totals AS SELECT period_from, closing_mrr FROM revenue.arr_monthly('2024-12-31', basis => 'valid');
SELECT revenue.merge_customers('two days', 'parts', 'the same company') AS moved;
SELECT * FROM pg_temp.moved('two days');
SELECT * FROM pg_temp.moved('parts') WHERE valid_day < '2024-03-01';
SELECT count(*) AS months, count(*) FILTER (WHERE m.closing_mrr <> t.closing_mrr) AS different FROM revenue.arr_monthly('2024-12-31', basis => 'valid') AS m JOIN totals AS t USING (period_from);
-- A subscription handed over takes its history along.
UPDATE revenue.subscriptions SET customer_id = 'heir' WHERE subscription_id = 'back' AND org_id = :org;
SELECT 'heir' AS customer, * FROM pg_temp.moved('heir') UNION ALL SELECT 'back', * FROM pg_temp.moved('back');
SELECT count(*) AS wrong FROM revenue.verify_ledger();
SELECT action, object_id, old, new, reason FROM revenue.audit_log WHERE org_id = :org AND action IN ('merge_customers', 'close_period') ORDER BY at;
SELECT revenue.compact_ledger() > 10 AS folded;
SELECT revenue.compact_ledger() AS folded, (SELECT count(*) FROM revenue.verify_ledger()) AS wrong;

-- Other definitions ----------------------------------------------------------------------------
SELECT measure, customer_id, left_mrr, right_mrr, difference, because FROM revenue.definition_diff('house', 'stripe_like', '2024-01-01', '2024-06-30') WHERE measure IN ('closing', 'churn');
SELECT measure, customer_id, difference, because FROM revenue.definition_diff('house', 'profitwell_like', '2024-01-01', '2024-12-31');
SELECT measure, customer_id, difference, because FROM revenue.definition_diff('house', 'chartmogul_like', '2024-01-01', '2024-12-31') WHERE measure = 'churn';
SELECT count(*) FROM revenue.definition_diff('house', 'house');
-- The gaps add up to the difference of the totals.
SELECT sum(difference) FROM revenue.definition_diff('house', 'maxio_like', '2024-01-01', '2024-06-30') WHERE measure = 'closing';

-- By member, and who stayed --------------------------------------------------------------------
INSERT INTO revenue.accounts (org_id, account_id, name, segment, region) VALUES (:org, 'parts', 'Parts', 'enterprise', 'EMEA'), (:org, 'a', 'A', 'smb', 'EMEA');
UPDATE revenue.subscriptions SET account_id = 'a' WHERE subscription_id ~ '^w' AND org_id = :org;
SELECT member, customers, mrr, round(share::numeric, 4) AS share FROM revenue.arr_by('segment', '2024-12-30');
SELECT member, customers, mrr FROM revenue.arr_by('product', '2024-12-30');
SELECT member, customers, mrr FROM revenue.arr_by('cohort', '2024-12-30');
SELECT sum(mrr) = (SELECT closing_mrr FROM revenue.arr_monthly('2024-12-30') ORDER BY period_from DESC LIMIT 1) AS adds_up FROM revenue.arr_by('region', '2024-12-30');
SELECT month, opening_mrr, retained_mrr, round(nrr::numeric, 6) AS nrr, gross_retained_mrr, round(grr::numeric, 6) AS grr, opening_customers, lost_customers,
  new_and_lost_customers, gained_mrr, given_up_mrr, reason
FROM revenue.retention_monthly('2024-06-30', window_months => 3, basis => 'valid');
SELECT cohort, age, cohort_customers, customers, cohort_mrr, mrr FROM revenue.cohort_retention('2024-06-30', basis => 'valid') WHERE cohort = '2024-01-01';
-- Beside MRR, never in it.
INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, kind, amount, currency, day)
VALUES (:org, '1', 'parts', 'one_time', 500, 'USD', '2024-02-03'), (:org, '2', 'parts', 'metered', 70, 'USD', '2024-02-03'), (:org, '3', 'parts', 'refund', -20, 'USD', '2024-02-03');
SELECT one_time_revenue, metered_revenue, closing_mrr = lag AS mrr_unchanged FROM (
  SELECT m.*, t.closing_mrr AS lag FROM revenue.arr_monthly('2024-12-31', basis => 'valid') AS m JOIN totals AS t USING (period_from)) AS m WHERE period_from = '2024-02-01';

-- From member to member ------------------------------------------------------------------------
-- From one product to another: what is common to both is handed over, the rest has its kind.
SELECT pg_temp.subscribe('up', '2025-01-01', 100, product => 'a'), pg_temp.subscribe('up', '2025-02-01', 150, product => 'b'),
  pg_temp.subscribe('down', '2025-01-01', 100, product => 'a'), pg_temp.subscribe('down', '2025-03-01', 60, product => 'b'),
  pg_temp.subscribe('even', '2025-01-01', 100, product => 'a'), pg_temp.subscribe('even', '2025-04-01', 100, product => 'b') \g /dev/null
SELECT period_from, member, opening_mrr, expansion_mrr, contraction_mrr, transfer_mrr, closing_mrr, expanded_customers AS expanded,
  contracted_customers AS contracted, transferred_customers AS moved, closing_customers AS customers
FROM revenue.arr_periods_by('product', 'month', '2025-04-30', from_date => '2025-02-01', basis => 'valid') WHERE member IN ('a', 'b');
-- One product of three into two, in proportion and to the last unit.
SELECT pg_temp.subscribe('parted', '2025-01-01', 100, product => 'x'), pg_temp.subscribe('parted', '2025-02-01', 40, product => 'y'),
  pg_temp.subscribe('parted', '2025-02-01', 80, product => 'z', item => 'other'), pg_temp.subscribe('parted', '2025-02-01', 0.01, product => 'u', item => 'third') \g /dev/null
SELECT member, kind, mrr, movements FROM revenue.arr_movements_by('product', '2025-02-28', from_date => '2025-02-01', basis => 'valid') WHERE customer_id = 'parted' ORDER BY 1, 2;
-- From one segment to another, today: a transfer, unless all is told as it is now. An account that comes back the same
-- day has gone nowhere, and one that never went has no history.
INSERT INTO revenue.accounts (org_id, account_id, name, segment, region) VALUES (:org, 'up', 'Up', 'small', 'EMEA'), (:org, 'down', 'Down', 'small', 'EMEA');
UPDATE revenue.accounts SET segment = 'large', plan = 'x' WHERE account_id = 'up' AND org_id = :org;
UPDATE revenue.accounts SET plan = 'x' WHERE org_id = :org;
SELECT account_id, valid_from = '-infinity' AS at_first, valid_from = revenue.org_today() AS today, segment, region FROM revenue.account_history ORDER BY valid_from;
SELECT member, kind, mrr, customer_id FROM revenue.arr_movements_by('segment', from_date => revenue.org_today()) ORDER BY mrr;
SELECT member, kind, mrr FROM revenue.arr_movements_by('segment', from_date => revenue.org_today(), membership => 'now');
SELECT p.membership, a.member, a.mrr, a.customers FROM unnest('{then,now}'::text[]) AS p(membership), revenue.arr_by('segment', '2025-04-30', membership => p.membership) AS a
WHERE a.member IN ('small', 'large') ORDER BY 1, 2;
SELECT member, transfer_mrr, transferred_customers AS moved, closing_customers AS customers FROM revenue.arr_periods_by('segment', 'day', from_date => revenue.org_today()) WHERE member IN ('small', 'large');
UPDATE revenue.accounts SET segment = 'small' WHERE account_id = 'up' AND org_id = :org;
SELECT count(*) AS moved FROM revenue.arr_movements_by('segment', from_date => revenue.org_today());
-- A first payment that turns out to be later moves to its own cohort.
SELECT pg_temp.subscribe('deferred', '2025-01-05', 10) \g /dev/null
UPDATE revenue.subscription_items SET valid_from = '2025-05-05' WHERE subscription_id = 'deferred' AND valid_from = '2025-01-05' AND org_id = :org;
SELECT member, customers, mrr FROM revenue.arr_by('cohort', '2025-06-30') WHERE member >= '2025';
-- Who writes much folds what stands there.
INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, unit_price, currency)
SELECT :org, 'deferred', 'daily', '2020-01-01'::date + 2 * i, '2020-01-02'::date + 2 * i, i, 'USD' FROM generate_series(1, 600) AS i;
SELECT count(*) > 1000 AS days, count(*) FILTER (WHERE batch <> '00000000-0000-0000-0000-000000000000') AS not_folded FROM revenue.mrr_days WHERE org_id = :org;
SELECT count(*) AS wrong FROM revenue.verify_ledger();

-- A viewer sees the cells of at least five customers, and no movement.
CREATE ROLE regress_ledger_viewer;
SELECT revenue.add_member('regress_ledger_viewer', 'viewer') \g /dev/null
SET ROLE regress_ledger_viewer;
SELECT member, new_mrr, closing_mrr, closing_customers FROM revenue.arr_periods_by('product', 'year', '2025-06-30', basis => 'valid') WHERE period_from >= '2024-01-01';
SELECT count(*) AS movements FROM revenue.arr_movements_by('product');
RESET ROLE;

-- Bad input ------------------------------------------------------------------------------------
\set ON_ERROR_STOP off
SAVEPOINT s;
SELECT revenue.arr_periods('decade');
ROLLBACK TO s;
SELECT revenue.arr_periods_by('team');
ROLLBACK TO s;
SELECT revenue.arr_periods_by('segment', membership => 'always');
ROLLBACK TO s;
SELECT revenue.arr_movements_by('product', basis => 'guessed');
ROLLBACK TO s;
SELECT revenue.arr_monthly(basis => 'guessed');
ROLLBACK TO s;
SELECT revenue.arr_monthly('infinity');
ROLLBACK TO s;
SELECT revenue.definition_diff('nobody');
ROLLBACK TO s;
SELECT revenue.merge_customers('nobody', 'parts');
ROLLBACK TO s;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency) VALUES (:org, 'x', '2024-02-01', '2024-02-01', 1, 'USD');
ROLLBACK TO s;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency) VALUES (:org, 'x', 'infinity', 1, 'USD');
ROLLBACK TO s;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency) VALUES (:org, 'x', '2024-02-01', 'NaN', 'USD');
ROLLBACK TO s;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency) VALUES (:org, 'x', '2024-02-01', -1, 'USD');
ROLLBACK;
