CREATE EXTENSION revenue_bridge_test;
\set SHOW_CONTEXT never

-- what is thrown, seen from SQL: SQLSTATE, DETAIL and HINT survive; destructors ran
CREATE FUNCTION pg_temp.outcome(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  state := '00000';
EXCEPTION WHEN OTHERS OR query_canceled THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
    detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;

SELECT what, depth, (pg_temp.outcome(format('SELECT throw_error(%L, %s)', what, depth))).*
FROM unnest(ARRAY['error', 'bad_alloc', 'std', 'int', 'eigen', 'none']) AS what, unnest(ARRAY[0, 50]) AS depth;
SELECT state, length(message), length(hint) FROM pg_temp.outcome('SELECT throw_error(''long'', 3)');
SELECT * FROM pg_temp.outcome('SELECT server_error(20)');
SELECT * FROM pg_temp.outcome($q$SELECT through_sql('SELECT throw_error(''error'', 10)')$q$);
SELECT * FROM pg_temp.outcome($q$SELECT through_sql('SELECT through_sql(''SELECT server_error(5)'')')$q$);
SELECT * FROM pg_temp.outcome($q$SELECT through_sql('SELECT 1/0')$q$);
SELECT through_sql('SELECT generate_series(1, 7)');
SELECT live_witnesses();

-- cancel from inside C++ loops, within 100 ms of the timeout
SET statement_timeout = '200ms';
CREATE TEMP TABLE started AS SELECT clock_timestamp() AS at;
SELECT spin(30);
RESET statement_timeout;
SELECT clock_timestamp() - at < interval '400 ms' AS stopped_in_time, live_witnesses() FROM started;
SET statement_timeout = '200ms';
SELECT count(*) FROM make_rows(100000000);
RESET statement_timeout;
SELECT live_witnesses();

-- no growth over 1,000 errors of each kind in one transaction
CREATE FUNCTION pg_temp.suffer(times integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. times LOOP
    PERFORM pg_temp.outcome(format('SELECT throw_error(%L, 5)', (ARRAY['error', 'bad_alloc', 'std', 'int', 'eigen'])[1 + i % 5]));
    PERFORM pg_temp.outcome('SELECT server_error(5)');
    PERFORM pg_temp.outcome($q$SELECT through_sql('SELECT throw_error(''error'', 5)')$q$);
  END LOOP;
  RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts);
END $$;
SELECT pg_temp.suffer(100) IS NOT NULL AS warmed_up;
SELECT pg_temp.suffer(1) AS before \gset
SELECT pg_temp.suffer(1000) - :before < 100000 AS memory_is_steady, live_witnesses();

-- numeric decoded in place agrees with numeric's own rounding
SELECT count(*) AS wrong
FROM (SELECT ((random() - 0.5) * 10 ^ (random() * 24 - 12)::integer)::numeric AS n FROM generate_series(1, 100000)) AS r
WHERE echo_money(n) IS DISTINCT FROM round(n, 6);
SELECT n, echo_money(n) FROM unnest(ARRAY[0, -0.0000005, 0.0000004999, 1e-20, 9223372036854.775807,
  -9223372036854.775807, 100000000, 0.00012345, 12345678.9]::numeric[]) AS n;
SELECT echo_money(9223372036854.775808);
SELECT echo_money(1e40);
SELECT echo_money('NaN');
SELECT echo_money('-Infinity');
SELECT echo_money(NULL), echo_nullable(NULL), echo_nullable(1.5);
CREATE TEMP TABLE big AS SELECT repeat('toast me ', 100000) AS text, (repeat('9', 3000) || '.5')::numeric AS number;
SELECT echo_text(text) = text FROM big;
SELECT echo_money(number) FROM big;

-- rows
SELECT * FROM make_rows(3);
SELECT count(*), sum(number), count(name), count(DISTINCT tags) FROM make_rows(100000);
SELECT * FROM make_wrong_rows(1);

-- a jsonb argument: partial over the built-in, unknown keys and wrong types refused, cached by value
SELECT show_options(NULL);
SELECT show_options('{"inner": {"table": {"closed-won": 0.9, "new": 2}}}');
SELECT show_options('{"inner": {"tabel": {}}}');
SELECT show_options('{"scale": "1"}');
SELECT show_options('[1]');
SELECT show_options('{"inner": 3}');
SELECT sum(apply_options(1, NULL, jsonb_build_object('scale', i % 100))) AS expect_4950
FROM generate_series(0, 99) AS i;
SELECT apply_options(NULL, 2, NULL), apply_options(3, 2, '{"scale": 10}');

-- a growing aggregate: serial, parallel, empty, grouped, in bounded memory
CREATE TABLE bridge_numbers AS SELECT i::double precision AS x, i % 7 AS g FROM generate_series(1, 200000) AS i;
ANALYZE bridge_numbers;
SELECT collected(x) = 20000100000 FROM bridge_numbers;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT collected(x) FROM bridge_numbers;
SELECT collected(x) = 20000100000 FROM bridge_numbers;
SELECT collected(x) FROM bridge_numbers WHERE x < 0;
SELECT collected(x) FILTER (WHERE x = 1) FROM bridge_numbers;
SELECT g, collected(x) = sum(x) AS same FROM bridge_numbers GROUP BY g ORDER BY g;
SELECT collected(NULL) FROM bridge_numbers;
DROP TABLE bridge_numbers;

-- a stored value: in a column, large enough to be toasted, as text and in binary; what is none is refused
CREATE TABLE kept AS
SELECT n, make_numbers(ARRAY(SELECT i::double precision FROM generate_series(n, 1, -1) AS i)) AS value
FROM unnest('{0,1,3,100000}'::integer[]) AS n;
SELECT n, sum_numbers(value), length(value::text), length(numbers_send(value)) FROM kept ORDER BY n;
SELECT list_numbers(value), value, value::text::numbers::text = value::text AS same FROM kept WHERE n = 3;
SET bytea_output = 'escape';
SELECT count(*) AS wrong FROM kept WHERE sum_numbers(value::text::numbers) <> sum_numbers(value);
RESET bytea_output;
COPY kept TO '/tmp/revenue_bridge_kept' WITH (FORMAT binary);
CREATE TABLE copied (LIKE kept);
COPY copied FROM '/tmp/revenue_bridge_kept' WITH (FORMAT binary);
SELECT count(*) AS same FROM kept JOIN copied USING (n) WHERE sum_numbers(kept.value) = sum_numbers(copied.value);
SELECT ''::numbers;
SELECT 'text'::numbers;
SELECT '\xzz'::numbers;
SELECT '\x02'::numbers;
SELECT '\x01ffffffffffffff7f'::numbers;
SELECT '\x0102000000000000000000000000000840000000000000f03f'::numbers;
SELECT '\x01010000000000000000000000000008400000'::numbers;
DROP TABLE kept, copied;

-- arrays
SELECT echo_bigints('{1,-9223372036854775808}'), echo_bigints('{}'), echo_dates('{2024-02-29,infinity}'),
  echo_texts('{a,"b c",""}');
SELECT echo_bigints('{{1,2},{3,4}}');
SELECT echo_texts('{a,NULL}');
-- arrays of rows, some of them long; a row that lacks what C++ needs, and a type with other columns, are refused
SELECT echo_points(ARRAY[('2024-02-29', 'a b', 1.5), ('infinity', NULL, -2)]::point_row[]), echo_points('{}');
SELECT count(*), sum(length(p.label)), sum(p.amount) FROM unnest(echo_points(ARRAY(
  SELECT ('2024-01-01'::date + i, repeat('x', i * 100), i)::point_row FROM generate_series(1, 1000) AS i))) AS p;
SELECT echo_points('{NULL}');
SELECT echo_points(ARRAY[(NULL, 'a', 1)]::point_row[]);
SELECT echo_points(ARRAY[('2024-01-01', 'a', 'NaN')]::point_row[]);
BEGIN;
ALTER TYPE point_row ADD ATTRIBUTE more text;
SELECT echo_points('{}');
ROLLBACK;
SELECT live_witnesses();
