-- When ARR reaches a milestone: what it consists of by origin, how fast it goes, and where its own months lead.
\set ECHO none
SET client_min_messages = error;
SET datestyle = ISO;
CREATE EXTENSION revenue_intel;
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE code text; message text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' / ', code, message, hint);
END $$;
SELECT revenue.create_org('Milestones', 'USD') AS org \gset
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) VALUES (:org, 'EUR', '2022-12-01', 1.10), (:org, 'EUR', '2024-09-01', 1.20);
\set ECHO all

-- nine customers: one stays, one grows, one shrinks, one leaves, one comes, one comes back, two pay in EUR, one comes and goes
CREATE TABLE paid (customer text, valid_from date, valid_to date, price numeric, currency text);
INSERT INTO paid VALUES
  ('a', '2023-01-01', 'infinity', 100, 'USD'), ('b', '2023-01-01', '2024-06-01', 100, 'USD'), ('b', '2024-06-01', 'infinity', 150, 'USD'),
  ('c', '2023-01-01', '2024-06-01', 100, 'USD'), ('c', '2024-06-01', 'infinity', 60, 'USD'), ('d', '2023-01-01', '2024-07-01', 100, 'USD'),
  ('e', '2024-03-01', 'infinity', 50, 'USD'), ('f', '2023-01-01', '2023-09-01', 100, 'USD'), ('f', '2024-05-01', 'infinity', 40, 'USD'),
  ('g', '2023-01-01', 'infinity', 100, 'EUR'), ('h', '2023-01-01', '2024-06-01', 100, 'EUR'), ('h', '2024-06-01', 'infinity', 200, 'EUR'),
  ('i', '2024-02-01', '2024-04-01', 70, 'USD');
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) SELECT DISTINCT :org, customer, customer FROM paid;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency)
SELECT :org, customer, valid_from, valid_to, price, currency FROM paid;
SELECT * FROM revenue.arr_composition('2024-12-31');
SELECT retained_arr + expansion_arr + new_arr + fx_arr = closing_arr AS adds_up, opening_arr - lost_arr = retained_arr AS adds_up,
  (SELECT m.closing_arr FROM revenue.arr_monthly('2024-12-31') AS m ORDER BY period_from DESC LIMIT 1) = closing_arr AS as_the_ledger
FROM revenue.arr_composition('2024-12-31');
SELECT window_from, opening_arr, retained_arr, new_arr, closing_arr FROM revenue.arr_composition('2024-12-31', '2023-01-01');
SELECT window_from, opening_arr, retained_arr, fx_arr, closing_arr FROM revenue.arr_composition('2024-12-31', '2024-12-31');

SELECT jsonb_pretty(m - 'forecast') FROM revenue.arr_milestone(10000, '2025-06-30', '2024-12-31') AS m;
SELECT m -> 'forecast' ->> 'history_months' AS months, m -> 'forecast' ->> 'reason' AS reason, (m -> 'forecast' ->> 'probability')::float8 BETWEEN 0 AND 1 AS probability,
  (m -> 'forecast' ->> 'early_date') <= (m -> 'forecast' ->> 'probable_date') AS in_order, m = revenue.arr_milestone(10000, '2025-06-30', '2024-12-31') AS repeated,
  m <> revenue.arr_milestone(10000, '2025-06-30', '2024-12-31', seed => 2) AS by_seed
FROM revenue.arr_milestone(10000, '2025-06-30', '2024-12-31') AS m;
SELECT sum((c ->> 'arr')::numeric) = (m ->> 'current_arr')::numeric AS cohorts_add_up
FROM revenue.arr_milestone(10000, '2025-06-30', '2024-12-31') AS m, jsonb_array_elements(m -> 'cohorts') AS c GROUP BY m;
-- the parts of the composition and the marks
SELECT m ->> 'milestone' AS passed, m -> 'required_velocity' ->> 'day' AS required, m -> 'forecast' ->> 'probability' AS probability
FROM unnest('{9120,9200,9500,10100,20000}'::numeric[]) AS target, revenue.arr_milestone(target, '2025-06-30', '2024-12-31') AS m ORDER BY target;
SELECT count(*) FILTER (WHERE later < earlier) AS falling FROM (
  SELECT p AS later, lag(p) OVER (ORDER BY d) AS earlier FROM generate_series(0, 24, 4) AS d,
    LATERAL (SELECT (revenue.arr_milestone(12000, ('2024-12-31'::date + make_interval(months => d))::date, '2024-12-31') -> 'forecast' ->> 'probability')::float8 AS p) AS x) AS s;

-- a straight line is reached when arithmetic says: 1,200 more ARR every month
SELECT revenue.create_org('Line', 'USD') AS line \gset
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) SELECT :line, 's' || i, 'c' || i FROM generate_series(0, 23) AS i;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency)
SELECT :line, 's' || i, ('2023-01-01'::date + make_interval(months => i))::date, 100, 'USD' FROM generate_series(0, 23) AS i;
SELECT m -> 'forecast' ->> 'probability' AS probability, m -> 'forecast' ->> 'probable_date' AS probable_date, m ->> 'current_arr' AS current_arr,
  m -> 'forecast' ->> 'arr_p50' AS arr
FROM unnest('{2025-10-30,2025-11-01}'::date[]) AS by_day, revenue.arr_milestone(40800, by_day, '2024-12-31', org => :line) AS m ORDER BY by_day;

-- the simulation alone
SELECT * FROM revenue.simulate_arr(100, 150, '{10,10,10}', '{0,0,0}', 5);
SELECT round(probability::numeric, 2) AS probability, arr_p50 FROM revenue.simulate_arr(0, 119, '{0,20,0,20}', '{0,0,0,0}', 10, block => 1);

-- too little history, nothing at all, errors
SELECT m -> 'forecast' AS forecast FROM revenue.arr_milestone(40800, '2025-11-01', '2023-03-15', org => :line) AS m;
SELECT revenue.create_org('Empty', 'USD') AS empty \gset
SELECT revenue.arr_milestone(100, '2025-06-30', '2024-12-31', org => :empty);
SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM unnest(ARRAY[
  $$revenue.arr_milestone(0, '2025-06-30', '2024-12-31', org => 1)$$, $$revenue.arr_milestone('NaN', '2025-06-30', '2024-12-31', org => 1)$$, $$revenue.arr_milestone(1e-400, '2025-06-30', '2024-12-31', org => 1)$$,
  $$revenue.arr_milestone(100, '2024-06-30', '2024-12-31', org => 1)$$, $$revenue.arr_milestone(100, 'infinity', '2024-12-31', org => 1)$$,
  $$revenue.arr_milestone(100, '2025-06-30', 'infinity', org => 1)$$, $$revenue.arr_milestone(100, '2025-06-30', '2024-12-31', 2, org => 1)$$,
  $$revenue.arr_milestone(100000, '2025-06-30', '2024-12-31', draws => 5, org => 1)$$, $$revenue.arr_milestone(100, '2025-06-30', '2024-12-31', org => 99)$$,
  $$revenue.arr_composition('2024-12-31', '2025-01-01', org => 1)$$, $$revenue.simulate_arr(1, 2, '{1,2}', '{0,0}', 5)$$]) AS statement;
\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
