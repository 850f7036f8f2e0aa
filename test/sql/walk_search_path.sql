-- Every function, view and trigger of the extension, called with a schema first in the search_path that shadows what
-- pg_catalog has: operators, functions, types and relations, and the extension's relations too, in pg_temp as well. None
-- of it is reached, and every answer is the same as without. Only what breaks this is printed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
\set file :abs_srcdir '/walk/one_org.sql'
\i :file

-- The queries, in which everything is qualified. Arguments are worked out before, into a table with their types.
CREATE TABLE walk.queries (object text, query text, answers boolean);
CREATE PROCEDURE walk.prepare(function walk.functions, arguments text[]) LANGUAGE plpgsql AS $$
DECLARE
  used text := (SELECT string_agg(format(CASE function.types[i] WHEN 'cstring' THEN 'pg_catalog.textout(a."%s")' ELSE 'a."%s"' END, i), ', ' ORDER BY i)
    FROM generate_subscripts(arguments, 1) AS i);
BEGIN
  EXECUTE format('CREATE TABLE walk."args of %s" AS SELECT %s', function.oid,
    coalesce((SELECT string_agg(format('%s AS "%s"', regexp_replace(e, '::cstring$', '::text'), i), ', ' ORDER BY i)
      FROM unnest(arguments) WITH ORDINALITY AS x(e, i)), ''));
  INSERT INTO walk.queries VALUES ('function ' || function.function,
    format('SELECT pg_catalog.string_agg(r::pg_catalog.text, E''\n'' ORDER BY r::pg_catalog.text COLLATE pg_catalog."C")'
      ' FROM walk."args of %s" AS a, ', function.oid)
    || CASE WHEN function.prokind = 'a' THEN format('LATERAL (SELECT revenue.%I(%s) AS value FROM walk.one) AS r', function.name, used)
       ELSE format('LATERAL revenue.%I(%s) AS r', function.name, used) END,
    function.provolatile <> 'v');
END $$;
CREATE TABLE walk.one AS SELECT 1 AS one;
DO $$
DECLARE
  one walk.functions;
BEGIN
  FOR one IN SELECT f.* FROM walk.functions AS f JOIN walk.calls AS c USING (function) WHERE c.skip IS NULL LOOP
    CALL walk.prepare(one, walk.expressions(one.function));
  END LOOP;
END $$;
-- An aggregate reads its arguments from the rows.
UPDATE walk.queries SET query = regexp_replace(query, ' FROM (walk."args of \d+") AS a, LATERAL (\(.*) FROM walk\.one\)', ' FROM \2 FROM \1 AS a)')
WHERE query ~ 'FROM walk\.one';
INSERT INTO walk.queries
SELECT 'view ' || relation, format('SELECT pg_catalog.string_agg(r::pg_catalog.text, E''\n'' ORDER BY r::pg_catalog.text COLLATE pg_catalog."C")'
  ' FROM revenue.%I AS r', relation), true
FROM walk.relations WHERE relkind = 'v';
-- Each table's rows again: an update, and what can be deleted put back.
DO $$
DECLARE
  one text;
BEGIN
  FOR one IN SELECT relation FROM walk.relations WHERE relkind IN ('r', 'p') LOOP
    EXECUTE format('CREATE TABLE walk."copy of %s" AS SELECT %s FROM revenue.%I', one, walk.columns(one), one);
    INSERT INTO walk.queries
    SELECT 'update of ' || one, format('WITH changed AS (UPDATE revenue.%I SET %s RETURNING 1) SELECT pg_catalog.count(*)::pg_catalog.text FROM changed', one,
      string_agg(format('%I = %I', a.attname, a.attname), ', ')), true
    FROM pg_attribute AS a WHERE a.attrelid = format('revenue.%I', one)::regclass AND a.attnum > 0
      AND a.attgenerated = '' AND a.attidentity = ''
    UNION ALL SELECT 'delete from ' || one,
      format('WITH gone AS (DELETE FROM revenue.%I RETURNING 1) SELECT pg_catalog.count(*)::pg_catalog.text FROM gone', one), true
    UNION ALL SELECT 'insert into ' || one, format(
      'WITH came AS (INSERT INTO revenue.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT * FROM walk."copy of %1$s" ON CONFLICT DO NOTHING RETURNING 1) SELECT pg_catalog.count(*)::pg_catalog.text FROM came',
      one, walk.columns(one)), true;
  END LOOP;
END $$;

-- What pg_temp shadows is not for the test itself.
SET search_path = pg_catalog, public, pg_temp;
-- What was reached is counted by a sequence, which no rollback takes back.
CREATE SCHEMA hostile;
CREATE SEQUENCE hostile.reached;
SELECT nextval('hostile.reached') \gset
CREATE FUNCTION hostile.reach(what text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM nextval('hostile.reached');
  RAISE EXCEPTION 'reached hostile %', what;
END $$;
CREATE TABLE walk.skipped (what text);
DO $$
DECLARE
  one record;
  made text;
BEGIN
  FOR one IN
    SELECT o.oid, o.oprname, format_type(nullif(o.oprleft, 0), NULL) AS lhs, format_type(o.oprright, NULL) AS rhs,
      format_type(o.oprresult, NULL) AS result
    FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace
  LOOP
    BEGIN
      EXECUTE format($f$CREATE FUNCTION hostile."operator %s"(%s) RETURNS %s LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $b$ BEGIN PERFORM hostile.reach(%L); END $b$ $f$, one.oid, concat_ws(', ', one.lhs, one.rhs), one.result,
        'operator ' || concat_ws(' ', one.lhs, one.oprname, one.rhs));
      EXECUTE format('CREATE OPERATOR hostile.%s (%s RIGHTARG = %s, FUNCTION = hostile."operator %s")', one.oprname,
        'LEFTARG = ' || one.lhs || ',', one.rhs, one.oid);
    EXCEPTION WHEN OTHERS THEN INSERT INTO walk.skipped VALUES ('operator ' || SQLERRM);
    END;
  END LOOP;
  FOR one IN
    SELECT p.oid, p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
    FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a', 'w')
  LOOP
    BEGIN
      EXECUTE format($f$CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
        $b$ BEGIN PERFORM hostile.reach(%L); END $b$ $f$, one.proname, one.arguments, one.result, 'function ' || one.proname);
    EXCEPTION WHEN OTHERS THEN INSERT INTO walk.skipped VALUES ('function ' || SQLERRM);
    END;
  END LOOP;
  -- Every relation that is found without its schema: of the catalog, of the extension.
  FOR one IN
    SELECT c.relname, c.oid::regclass AS relation FROM pg_class AS c
    WHERE c.relnamespace IN ('pg_catalog'::regnamespace, 'revenue'::regnamespace) AND c.relkind IN ('r', 'p', 'v')
  LOOP
    BEGIN
      EXECUTE format('CREATE VIEW hostile.%I AS SELECT * FROM %s WHERE hostile.reach(%L)', one.relname, one.relation, 'relation ' || one.relname);
      EXECUTE format('CREATE VIEW pg_temp.%I AS SELECT * FROM %s WHERE hostile.reach(%L)', one.relname, one.relation, 'temporary ' || one.relname);
    EXCEPTION WHEN OTHERS THEN INSERT INTO walk.skipped VALUES ('relation ' || SQLERRM);
    END;
  END LOOP;
  FOR one IN
    SELECT t.typname, t.oid::regtype AS type FROM pg_type AS t
    WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r') AND t.typcategory <> 'A' AND t.typname !~ '^pg_|^_'
  LOOP
    BEGIN
      EXECUTE format('CREATE DOMAIN hostile.%I AS pg_catalog.%I CHECK (hostile.reach(%L))', one.typname, one.typname, 'type ' || one.typname);
      EXECUTE format('CREATE DOMAIN pg_temp.%I AS pg_catalog.%I CHECK (hostile.reach(%L))', one.typname, one.typname, 'temporary type ' || one.typname);
    EXCEPTION WHEN OTHERS THEN INSERT INTO walk.skipped VALUES ('type ' || SQLERRM);
    END;
  END LOOP;
END $$;

CREATE FUNCTION walk.ask(query text, path text, OUT answer text, OUT reached bigint) LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  before bigint := (SELECT last_value FROM hostile.reached);
BEGIN
  BEGIN
    PERFORM set_config('search_path', path, true);
    EXECUTE query INTO answer;
    RAISE EXCEPTION USING ERRCODE = 'WALK0';
  EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE <> 'WALK0' THEN answer := SQLSTATE || ' ' || SQLERRM; END IF;
  END;
  reached := (SELECT last_value FROM hostile.reached) - before;
END $$;

-- Two to show that the trap works.
CREATE FUNCTION walk.careless(a text) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT lower(a) = ''x''';
CREATE FUNCTION walk.careful(a text) RETURNS boolean LANGUAGE sql STABLE BEGIN ATOMIC SELECT lower(a) = 'x'; END;
CREATE TABLE walk.answers AS
SELECT q.object, q.query, q.answers, clean.answer AS clean, dirty.answer AS dirty, dirty.reached
FROM walk.queries AS q
CROSS JOIN LATERAL walk.ask(q.query, 'pg_catalog') AS clean
CROSS JOIN LATERAL walk.ask(q.query, 'hostile, pg_temp, pg_catalog') AS dirty;
\set ECHO all

-- the trap works: by operator, function, type, relation and temporary relation
SELECT q.query, a.answer, a.reached > 0 AS reached
FROM unnest(ARRAY['SELECT walk.careless(''x'')', 'SELECT walk.careful(''x'')', 'SELECT 1 = 1',
    'SELECT lower(''A''::pg_catalog.text)', 'SELECT ''a''::text', 'SELECT * FROM pg_class', 'SELECT * FROM deals'])
  WITH ORDINALITY AS q(query, n),
  walk.ask(q.query, 'hostile, pg_catalog, pg_temp') AS a ORDER BY q.n;
SELECT a.answer FROM walk.ask('SELECT * FROM deals', 'pg_temp, pg_catalog') AS a;
-- how much is shadowed
SELECT count(*) FILTER (WHERE what ~ '^operator') < 40 AS operators, count(*) FILTER (WHERE what ~ '^function') < 900 AS functions,
  count(*) FILTER (WHERE what ~ '^relation') < 6 AS relations, count(*) FILTER (WHERE what ~ '^type') = 0 AS types FROM walk.skipped;
-- objects without an entry
SELECT * FROM walk.misfits ORDER BY function;
-- what was reached
SELECT object, left(dirty, 200) AS answer FROM walk.answers WHERE reached > 0 OR dirty ~ 'reached hostile' ORDER BY object;
-- what answers otherwise
SELECT object, left(clean, 200) AS clean, left(dirty, 200) AS dirty FROM walk.answers
WHERE answers AND regexp_replace(clean, '\d\d:\d\d:\d\d\.\d+', '', 'g') IS DISTINCT FROM regexp_replace(dirty, '\d\d:\d\d:\d\d\.\d+', '', 'g') ORDER BY object;
-- what failed, and so was not tried; tables that can only be added to, and rows that others refer to, are left
-- out, and so is a submission, which only a rep may make
SELECT object, left(dirty, 200) AS error FROM walk.answers WHERE dirty ~ '^[0-9A-Z]{5} '
  AND object <> 'function submit_forecast' AND NOT (object ~ '^(update|delete)' AND dirty ~ '^(55000|23503) ') ORDER BY object;


\set ECHO none
DROP OWNED BY regress_walk_new, regress_walk_viewer;
DROP ROLE regress_walk_new, regress_walk_viewer;
