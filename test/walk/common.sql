-- What the tests that walk the extension share: its objects by the catalog, and how to call them.
CREATE SCHEMA walk;

-- Functions and aggregates that SQL can call: no trigger functions, none with an internal state. One of several
-- of a name is told apart by its arguments. is_part: nobody calls it but other functions. A procedure that commits cannot be undone, nor called by a query:
-- run_due_jobs() is in test/sql/jobs.sql.
CREATE TABLE walk.functions AS
SELECT p.oid, p.proname::text AS name, p.proname || CASE WHEN count(*) OVER (PARTITION BY p.proname) > 1
    THEN format('(%s)', pg_get_function_identity_arguments(p.oid)) ELSE '' END AS function, p.prokind, p.provolatile, p.proparallel, p.prosecdef, p.proisstrict,
  ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, i) ORDER BY i) AS types,
  ARRAY(SELECT p.proargnames[i] FROM generate_series(1, p.pronargs) AS i ORDER BY i) AS names,
  has_function_privilege('public', p.oid, 'EXECUTE') AS is_public,
  obj_description(p.oid, 'pg_proc') ~ '^(For|Part of) ' AS is_part,
  l.lanname AS language
FROM pg_proc p
JOIN pg_language l ON l.oid = p.prolang
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'revenue_intel' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND NOT 'internal'::regtype = ANY (p.proargtypes) AND p.oid <> 'revenue.run_due_jobs(timestamptz)'::regprocedure;

CREATE TABLE walk.relations AS
SELECT c.oid, c.relname::text AS relation, c.relkind
FROM pg_class c
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'revenue_intel' AND c.relkind IN ('r', 'p', 'v', 'm', 'f');

-- What a row is inserted into: not the columns that the table works out itself, or that are the extension's alone to write.
CREATE FUNCTION walk.columns(relation text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
  WHERE a.attrelid = format('revenue.%I', relation)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    AND (has_column_privilege('public', a.attrelid, a.attnum, 'INSERT') OR NOT has_any_column_privilege('public', a.attrelid, 'INSERT'))
$$;

\set file :abs_srcdir '/walk/calls.sql'
\i :file
\set file :abs_srcdir '/walk/seed.sql'
\i :file

-- The entries must fit the functions: one for each, with as many arguments.
CREATE VIEW walk.misfits AS
SELECT coalesce(f.function, c.function) AS function,
  CASE WHEN c.function IS NULL THEN 'has no entry in test/walk/calls.sql'
       WHEN f.function IS NULL THEN 'has an entry in test/walk/calls.sql and is no function of the extension'
       WHEN c.skip IS NOT NULL THEN 'is skipped in test/walk/calls.sql, but PUBLIC may execute it'
       ELSE format('has %s arguments, its entry in test/walk/calls.sql %s', cardinality(f.types),
         jsonb_array_length(c.arguments))
  END AS problem
FROM walk.functions f FULL JOIN walk.calls c USING (function)
WHERE f.function IS NULL OR c.function IS NULL OR c.skip IS NOT NULL AND f.is_public
  OR cardinality(f.types) <> jsonb_array_length(c.arguments);

-- An argument of an entry as an SQL expression of its type.
CREATE FUNCTION walk.expression(argument jsonb, type text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN argument #>> '{}' LIKE '=%' THEN format('(%s)::%s', substr(argument #>> '{}', 2), type)
  ELSE format('%L::%s', CASE WHEN argument = 'null' THEN NULL WHEN type = 'jsonb' THEN argument::text
                               ELSE argument #>> '{}' END, type) END
$$;
CREATE FUNCTION walk.expressions(function text) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(walk.expression(c.arguments -> (i - 1)::integer, f.types[i]) ORDER BY i), '{}')
  FROM walk.calls c JOIN walk.functions f USING (function), generate_subscripts(f.types, 1) AS i
  WHERE c.function = expressions.function
$$;

-- The call as a statement that gives the text of its rows and their number.
CREATE FUNCTION walk.statement(function text, arguments text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('SELECT string_agg(r::text, E''\n'' ORDER BY r::text COLLATE "C"), count(*) FROM %s r',
    CASE WHEN f.prokind = 'a'
         THEN format('(SELECT revenue.%I(%s) AS value)', f.name, array_to_string(arguments, ', '))
         ELSE format('revenue.%I(%s)', f.name, array_to_string(arguments, ', ')) END)
  FROM walk.functions f WHERE f.function = statement.function
$$;
