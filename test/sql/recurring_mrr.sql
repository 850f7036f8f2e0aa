-- MRR over any relation of periods: the aggregates mrr_ledger() and mrr_ledger_fx() and what reads them.
\set ECHO none
SET client_min_messages = error;
SET datestyle = ISO;
CREATE EXTENSION revenue_intel;
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE code text; message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' / ', code, message, nullif(detail, ''), hint);
END $$;
\set ECHO all

-- DEFINITIONS: 10 subscriptions at $10 a week are $433.33 a month
SELECT round(closing, 2) AS mrr FROM revenue.mrr_waterfall((
  SELECT revenue.mrr_ledger('customer ' || i, '2024-01-01', NULL, 10 * 52 / 12.0) FROM generate_series(1, 10) AS i));

-- 100 -> 150 -> 120 inside a month, on two days and in net
CREATE TABLE steps (customer text, valid_from date, valid_to date, mrr numeric);
INSERT INTO steps VALUES ('a', '2024-01-01', '2024-02-05', 100), ('a', '2024-02-05', '2024-02-20', 150),
  ('a', '2024-02-20', 'infinity', 120);
SELECT period_from, opening, new, expansion, contraction, closing
FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM steps));
SELECT period_from, opening, new, expansion, contraction, closing
FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM steps),
  options => '{"period_net": true}');

-- EUR 100 held while the rate goes from 1.10 to 1.20: no movement, fx +10
SELECT c.* FROM revenue.mrr_changes((
  SELECT revenue.mrr_ledger_fx(customer, valid_from, valid_to, mrr, revalued_from)
  FROM (VALUES ('a', '2024-01-01'::date, '2024-02-01'::date, 110, NULL::numeric), ('a', '2024-02-01', NULL, 120, 110))
    AS v(customer, valid_from, valid_to, mrr, revalued_from))) AS c;

-- every kind of movement; what is open does not vanish, a return is no expansion; days of a month without any
TRUNCATE steps;
INSERT INTO steps VALUES ('a', '2024-01-10', '2024-02-01', 100), ('a', '2024-02-01', '2024-03-01', 150),
  ('a', '2024-03-01', '2024-04-01', 120), ('a', '2024-06-15', NULL, 80),
  ('b', '2024-02-01', NULL, 40), ('b', '2024-02-01', '2024-06-01', 5), ('c', '2024-03-05', '2024-03-25', 7);
CREATE TABLE kept AS
SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr ORDER BY customer) AS ledger FROM steps;
SELECT c.* FROM kept, revenue.mrr_changes(ledger) AS c;
SELECT w.* FROM kept, revenue.mrr_waterfall(ledger) AS w;
SELECT period_from, closing, closing_customers FROM kept, revenue.mrr_waterfall(ledger, 'quarter', options => '{"fiscal_year_start": 2}');
SELECT period_from, new, churn FROM kept, revenue.mrr_waterfall(ledger, 'week', '2024-03-01', '2024-04-02');
SELECT period_from, new, churn FROM kept, revenue.mrr_waterfall(ledger, 'day', '2024-03-05', '2024-03-07');
SELECT period_from, opening, closing FROM kept, revenue.mrr_waterfall(ledger, 'year', '2023-05-05', '2025-01-02');

-- policies
SELECT new, churn, new_customers, churned_customers
FROM kept, revenue.mrr_waterfall(ledger, 'month', '2024-03-01', '2024-04-01', '{"same_period_new_churn": "dropped"}');
SELECT kind, amount FROM kept, revenue.mrr_changes(ledger, from_date => '2024-06-02', options => '{"reactivation": 75}');
SELECT kind, amount FROM kept, revenue.mrr_changes(ledger, from_date => '2024-06-02', options => '{"reactivation": 74}');
SELECT kind, amount, before, after
FROM kept, revenue.mrr_changes(ledger, from_date => '2024-04-01', options => '{"reactivation_gap_days": 75, "reactivation": "any_time"}');
SELECT kind, amount FROM revenue.mrr_changes((SELECT revenue.mrr_ledger('f', '2024-01-01'::date + i * 30, '2024-01-01'::date + i * 30 + 30, i % 2)
  FROM generate_series(0, 3) AS i), options => '{"free": "active"}');

-- ratios and cohorts, each with what it is of
SELECT metric, numerator, denominator, round(ratio::numeric, 6) AS ratio, reason
FROM kept, LATERAL (SELECT 'NRR' AS metric, r.* FROM revenue.net_retention(ledger, '2024-02-15', '2024-07-01') AS r
  UNION ALL SELECT 'GRR', r.* FROM revenue.gross_retention(ledger, '2024-02-15', '2024-07-01') AS r
  UNION ALL SELECT 'GRR, flow', r.* FROM revenue.gross_retention(ledger, '2024-02-15', '2024-07-01', 'flow') AS r
  UNION ALL SELECT 'quick', r.* FROM revenue.quick_ratio(ledger, '2024-02-15', '2024-07-01') AS r
  UNION ALL SELECT 'NRR of nothing', r.* FROM revenue.net_retention(ledger, '2020-01-01', '2021-01-01') AS r) AS x;
SELECT c.* FROM kept, revenue.logo_churn(ledger, '2024-02-15', '2024-06-01') AS c;
SELECT cohort, age, customers, cohort_customers, mrr, cohort_mrr, round(mrr_retention::numeric, 4) AS mrr_retention
FROM kept, revenue.mrr_cohorts(ledger, 'quarter');

-- two customers that become one are no movement: their rows carry one name
SELECT c.* FROM revenue.mrr_changes((
  SELECT revenue.mrr_ledger('merged', valid_from, valid_to, mrr) FROM steps WHERE customer IN ('a', 'b'))) AS c;

-- grouping by anything, no rows, NULL
SELECT customer, (SELECT sum(new + reactivation) FROM revenue.mrr_waterfall(ledger)) AS won
FROM (SELECT customer, revenue.mrr_ledger(customer, valid_from, valid_to, mrr) AS ledger FROM steps GROUP BY ROLLUP (customer)) AS s
ORDER BY customer;
SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) IS NULL AS nothing FROM steps WHERE false;
SELECT count(*) FROM revenue.mrr_waterfall(NULL);
SELECT count(*) FROM revenue.net_retention(NULL, '2024-01-01', '2025-01-01');
SELECT revenue.mrr_ledger(NULL, '2024-01-01', NULL, 1) IS NULL AS skipped, revenue.mrr_ledger('a', NULL, NULL, 1) IS NULL AS skipped,
  revenue.mrr_ledger('a', '2024-01-01', NULL, NULL) IS NULL AS skipped;
SELECT count(*) FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger('a', '2024-01-01', '2024-01-01', 5)));

-- the largest amounts, exact to the last unit
SELECT closing FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger('a', '0001-01-01', NULL, m)
  FROM unnest('{9223372036854.775807,-0.000001,-9223372036854.775800}'::numeric[]) AS m), 'year', '9998-01-01', '9999-01-01');
SELECT closing FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger(i::text, '2024-01-01', '9999-12-31', m)
  FROM unnest('{4000000000000,4000000000000,0.000001}'::numeric[]) WITH ORDINALITY AS v(m, i)), 'month', '2024-01-01', '2024-02-01');

-- stored: in a table, as text
SELECT pg_typeof(ledger), (SELECT count(*) FROM revenue.mrr_changes(ledger::text::revenue.mrr_ledger)) AS changes FROM kept;

-- parallel workers give the same
CREATE TABLE many AS SELECT 'c' || i % 700 AS customer, '2023-01-01'::date + i % 400 AS valid_from, '2023-01-01'::date + i % 400 + i % 90 AS valid_to,
  (i % 50)::numeric AS mrr FROM generate_series(1, 20000) AS i;
CREATE FUNCTION pg_temp.summary() RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(w::text, '|' ORDER BY period_from)) FROM revenue.mrr_waterfall((
    SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM many)) AS w
$$;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.summary() AS serial \gset
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM many;
SELECT pg_temp.summary() = :'serial' AS same;
RESET max_parallel_workers_per_gather;

-- errors
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a customer', '2024-02-01', '2024-01-01', 1)$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a', '-infinity', NULL, 1)$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a', '2024-01-01', '-infinity', 1)$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a', '10000-01-01', NULL, 1)$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a', '2024-01-01', NULL, 'NaN')$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a', '2024-01-01', NULL, 1e13)$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_ledger('a', '2024-01-01', NULL, 9e12) FROM generate_series(1, 2)$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_waterfall((SELECT revenue.mrr_ledger(i::text, '2024-01-01', NULL, 9e12) FROM generate_series(1, 2) AS i))$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_waterfall(ledger, 'fortnight') FROM kept$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_waterfall(ledger, 'day', '0001-01-01', '9999-12-31') FROM kept$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_waterfall(ledger, 'day', '2024-01-01', '2024-01-01') FROM kept$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_waterfall(ledger, 'day', '4713-01-01 BC') FROM kept$$);
SELECT pg_temp.error_of($$SELECT revenue.mrr_cohorts(ledger, 'day', '2000-01-01', '2024-01-01') FROM kept$$);
SELECT pg_temp.error_of($$SELECT revenue.net_retention(ledger, '2024-01-01', '2023-01-01') FROM kept$$);
SELECT pg_temp.error_of($$SELECT revenue.gross_retention(ledger, '2023-01-01', '2024-01-01', 'max') FROM kept$$);
SELECT pg_temp.error_of($$SELECT '\x01ff'::revenue.mrr_ledger$$);
SELECT option, pg_temp.error_of(format('SELECT revenue.mrr_waterfall(ledger, options => %L) FROM kept', option))
FROM unnest('{"{\"fx\": \"own_line\"}","{\"reactivation\": \"never\"}","{\"reactivation\": 1.5}","{\"same_period_new_churn\": \"no\"}",
  "{\"free\": 1}","{\"period_net\": \"yes\"}","{\"week_start\": 0}","{\"fiscal_year_start\": 13}","{\"reactivation_gap_days\": -1}",[]}'::text[]) AS option;
\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
