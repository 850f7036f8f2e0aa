-- Asks every view of the schema, and every call that takes a date for an instant of the past, as the
-- owner and as a member; auto_explain sends back each plan as it ran, those inside functions too. A
-- notice before each says what was asked.
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_timing = off;
SET auto_explain.log_format = json;
SET jit = off;
SET max_parallel_workers_per_gather = 0;
SET statement_timeout = '10s';
\o /dev/null

CREATE TEMP TABLE questions AS
SELECT 'revenue.' || quote_ident(relname) AS relation
FROM pg_class WHERE relnamespace = 'revenue'::regnamespace AND relkind = 'v'
UNION ALL
SELECT format('revenue.%I(%s)', proname, instant)
FROM pg_proc, unnest(ARRAY['', $$as_of => now() - interval '90 days'$$]) AS instant
WHERE pronamespace = 'revenue'::regnamespace AND 'as_of' = ANY (proargnames) AND pronargs = pronargdefaults
  AND has_function_privilege('bench_member', oid, 'EXECUTE')
  AND proargtypes[array_position(proargnames, 'as_of') - 1] = 'timestamptz'::regtype
UNION ALL
SELECT 'revenue.compare_frameworks(0, 0)'
ORDER BY 1;
GRANT SELECT ON questions TO PUBLIC;

-- From here on the plans are sent, not only written to the server's log.
SET client_min_messages = notice;
SET auto_explain.log_level = notice;
SELECT format($$DO %L$$, format($$BEGIN RAISE NOTICE 'asked by owner: %%', %L; END$$, relation)),
  format('EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM %s', relation) FROM questions \gexec
SET ROLE bench_member;
SELECT format($$DO %L$$, format($$BEGIN RAISE NOTICE 'asked by member: %%', %L; END$$, relation)),
  format('EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM %s', relation) FROM questions \gexec
