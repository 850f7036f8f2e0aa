-- Every function and aggregate of the extension, called with what nobody should pass, one argument at
-- a time. Each answer must be a value, or an error of a class that speaks of the input (22, 23, 42,
-- 53, 55, 57), with a HINT where users call it, within 5 seconds. Only what breaks this is
-- printed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
\set file :abs_srcdir '/walk/common.sql'
\i :file
DROP ROLE IF EXISTS regress_walk_owner, regress_walk_rep, regress_walk_viewer, regress_walk_new;
CREATE ROLE regress_walk_owner;
CREATE ROLE regress_walk_rep;
CREATE ROLE regress_walk_viewer;
CREATE ROLE regress_walk_new;
GRANT USAGE ON SCHEMA revenue TO regress_walk_owner, regress_walk_rep;
CALL walk.seed(555, 'ROWA', 'DIMA', 1, '2199-03-01');
INSERT INTO revenue.members (org_id, identity, access_level)
VALUES (555, 'regress_walk_owner', 'owner'), (555, 'regress_walk_rep', 'member'), (555, 'regress_walk_viewer', 'viewer');
SET ROLE regress_walk_owner;
SELECT revenue.add_member('regress_walk_new', 'viewer', 555) \g /dev/null
RESET ROLE;
UPDATE revenue.reps SET identity = 'regress_walk_rep' WHERE org_id = 555 AND rep_id = 'ROWA-1';
\set ECHO all

-- functions without an entry
SELECT * FROM walk.misfits ORDER BY function;

\set ECHO none
\set file :abs_srcdir '/walk/bad_values.sql'
\i :file

-- Of a JSON argument also each value inside it, at any depth, made wrong.
CREATE FUNCTION walk.mutations(value jsonb, wrong jsonb[]) RETURNS SETOF jsonb LANGUAGE sql STABLE AS $$
  WITH RECURSIVE paths(path, value) AS (
    SELECT '{}'::text[], mutations.value
    UNION ALL
    SELECT p.path || e.key, e.value FROM paths p
    CROSS JOIN LATERAL (
      SELECT o.key, o.value FROM jsonb_each(CASE jsonb_typeof(p.value) WHEN 'object' THEN p.value ELSE '{}' END) AS o
      UNION ALL
      SELECT (a.i - 1)::text, a.value FROM jsonb_array_elements(CASE jsonb_typeof(p.value) WHEN 'array' THEN p.value
        ELSE '[]' END)
        WITH ORDINALITY AS a(value, i)) AS e
  )
  SELECT jsonb_set(mutations.value, p.path, w.wrong)
  FROM paths p, unnest(wrong) AS w(wrong)
  WHERE p.path <> '{}' AND w.wrong <> p.value
$$;
-- The framework holds most numbers that a user may set: all of it is once the argument.
CREATE FUNCTION walk.wrong_json(function text, i integer, argument jsonb) RETURNS SETOF jsonb
  LANGUAGE sql STABLE AS $$
  SELECT walk.mutations(argument,
    '{null,-1,0,1e308,-1e308,1e-300,1e400,"\"x\"","\"\"","\"NaN\"",true,[],"{}","[null]"}') WHERE argument <> 'null'
  UNION ALL
  SELECT walk.mutations(revenue.resolve_framework(), '{-1,1e400,"\"x\"",[]}')
    WHERE (function, i) = ('resolve_framework', 1)
$$;

CREATE TABLE walk.cases (id integer GENERATED ALWAYS AS IDENTITY
  PRIMARY KEY, function text, what text, arguments text[], echoes boolean, inside boolean);
INSERT INTO walk.cases (function, what, arguments, echoes, inside)
SELECT f.function, 'as it should be', walk.expressions(f.function), false, false
FROM walk.functions f JOIN walk.calls c USING (function) WHERE c.skip IS NULL
  AND f.function NOT IN (SELECT function FROM walk.misfits)
UNION ALL
SELECT f.function, 'all NULL', ARRAY(SELECT format('NULL::%s', t) FROM unnest(f.types) WITH ORDINALITY AS a(t, i)
  ORDER BY i), false, false
FROM walk.functions f JOIN walk.calls c USING (function)
WHERE c.skip IS NULL AND f.types <> '{}' AND f.function NOT IN (SELECT function FROM walk.misfits)
UNION ALL
SELECT f.function, format('argument %s (%s) = %s', i, f.names[i], left(v.expression, 60)),
  e.arguments[:i - 1] || v.expression || e.arguments[i + 1:],
  f.types[i] IN ('text', 'character', 'character varying', 'name', 'jsonb', 'json', 'text[]'), v.inside
FROM walk.functions f JOIN walk.calls c USING (function)
CROSS JOIN LATERAL (SELECT walk.expressions(f.function) AS arguments OFFSET 0) AS e
CROSS JOIN LATERAL generate_subscripts(f.types, 1) AS i
CROSS JOIN LATERAL (
  SELECT format('NULL::%s', f.types[i]) AS expression, false AS inside
  UNION ALL SELECT format('%s::%s', b.expression, b.type), false FROM walk.bad_values b WHERE b.type = f.types[i]
  UNION ALL SELECT format('%L::jsonb', m), true FROM walk.wrong_json(f.function, i, c.arguments -> (i - 1)) AS m
    WHERE f.types[i] = 'jsonb'
) AS v
WHERE c.skip IS NULL AND f.function NOT IN (SELECT function FROM walk.misfits)
  -- So many deals are what a user may want, and take a while.
  AND NOT (f.function = 'load_demo' AND v.expression ~ '^55[56]');

-- The ways one call reaches the server: with literals, which are folded and planned for, and with the
-- values of a row. Aggregates: no row, one, one among good ones, grouped, as a window function.
CREATE FUNCTION walk.forms(function text, arguments text[]) RETURNS TABLE (form text, query text)
  LANGUAGE sql STABLE AS $$
  WITH parts AS (
    SELECT f.prokind, format('revenue.%I', f.name) AS name, array_to_string(arguments, ', ') AS list,
      array_to_string(walk.expressions(f.function), ', ') AS base,
      (SELECT string_agg('a' || i, ', ' ORDER BY i) FROM generate_subscripts(f.types, 1) AS i) AS columns
    FROM walk.functions f WHERE f.function = forms.function
  )
  SELECT 'literals', walk.statement(function, arguments) FROM parts
  UNION ALL
  SELECT 'row',
    format('WITH a(%s) AS MATERIALIZED (SELECT %s) SELECT string_agg(r::text, E''\n''), count(*) FROM a, LATERAL %s(%s) r',
    columns, list, name, columns) FROM parts WHERE prokind = 'f' AND columns IS NOT NULL
  UNION ALL
  SELECT v.form, format(v.query, columns, base, list, name)
  FROM parts, (VALUES
    ('no row', 'SELECT %4$s(%1$s)::text, 0 FROM (VALUES (%2$s)) AS a(%1$s) WHERE false'),
    ('three rows', 'SELECT %4$s(%1$s)::text, 0 FROM (VALUES (%2$s), (%3$s), (%2$s)) AS a(%1$s)'),
    ('grouped',
      'SELECT string_agg(r, '', ''), count(*) FROM (SELECT %4$s(%1$s)::text AS r FROM (VALUES (%2$s), (%3$s)) AS a(%1$s), generate_series(1, 6) AS g GROUP BY g %% 3) AS g'),
    ('window',
      'SELECT string_agg(r, '', ''), count(*) FROM (SELECT %4$s(%1$s) OVER (ORDER BY g)::text AS r FROM (VALUES (%3$s)) AS a(%1$s), generate_series(1, 3) AS g) AS g')
  ) AS v(form, query) WHERE prokind = 'a'
$$;

CREATE TABLE walk.violations (function text, what text, problem text);
CREATE PROCEDURE walk.try(id integer, form text, query text) LANGUAGE plpgsql AS $$
DECLARE
  tried record;
  answer text;
  rows bigint;
  hint text;
  problem text;
  began timestamptz := clock_timestamp();
BEGIN
  SELECT c.function, c.what, c.echoes, f.is_public, f.is_part, w.writes, (form || ', ' || c.what) AS label INTO tried
  FROM walk.cases c JOIN walk.functions f USING (function) JOIN walk.calls w USING (function) WHERE c.id = try.id;
  BEGIN
    IF tried.is_public THEN
      PERFORM set_config('role', CASE WHEN tried.function = 'accept_membership' THEN 'regress_walk_new'
        WHEN tried.writes = 'rep' THEN 'regress_walk_rep' ELSE 'regress_walk_owner' END, true);
    END IF;
    EXECUTE query INTO answer, rows;
    PERFORM set_config('role', 'none', true);
    -- A text may come back as it went in, as may the parts of an amount; another number that is none may not.
    IF tried.is_public AND NOT tried.echoes AND tried.function <> 'part_of' AND answer ~ '\m(NaN|Infinity)\M'
      THEN problem := 'the answer holds a NaN or an infinity: ' || left(answer, 80); END IF;
    RAISE EXCEPTION USING ERRCODE = 'WALK0';
  EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
    IF SQLSTATE <> 'WALK0' THEN
      GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
      IF SQLSTATE = '57014' AND (tried.is_public OR NOT tried.is_part) THEN problem := 'took more than 5 seconds';
      ELSIF tried.what = 'as it should be' THEN problem := format('the call of the entry fails: %s %s', SQLSTATE,
        SQLERRM);
      ELSIF left(SQLSTATE, 2) NOT IN ('22', '23', '42', '53', '55', '57')
            OR left(SQLSTATE, 2) = '42' AND SQLSTATE NOT IN ('42501', '42704', '42710', '42602', '42622', '42939')
              THEN
        problem := format('%s: %s', SQLSTATE, left(SQLERRM, 120));
      ELSIF hint = '' AND tried.is_public AND NOT tried.is_part THEN problem := format('%s without a hint: %s', SQLSTATE,
        left(SQLERRM, 120));
      END IF;
    END IF;
  END;
  IF clock_timestamp() > began + interval '5 s' AND (tried.is_public OR NOT tried.is_part) THEN
    problem := coalesce(problem, 'took more than 5 seconds');
  END IF;
  IF problem IS NOT NULL THEN INSERT INTO walk.violations VALUES (tried.function, tried.label, problem); END IF;
END $$;

CREATE TABLE walk.tries AS
SELECT c.id, f.form, f.query FROM walk.cases c, LATERAL walk.forms(c.function, c.arguments) f
-- PL/pgSQL sees the same with literals and with a row.
WHERE f.form = 'literals' OR NOT c.inside
  AND (f.form <> 'row' OR (SELECT g.language <> 'plpgsql' FROM walk.functions g WHERE g.function = c.function));
SET statement_timeout = '5s';
SELECT format('CALL walk.try(%s, %L, %L)', id, form, query) FROM walk.tries ORDER BY id, form \gexec
RESET statement_timeout;

-- What says PARALLEL SAFE must answer in a worker too.
CREATE PROCEDURE walk.try_parallel() LANGUAGE plpgsql AS $$
DECLARE
  safe record;
  serial text;
  parallel text;
  rows bigint;
BEGIN
  PERFORM set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
  FOR safe IN
    SELECT f.function, f.is_public, walk.statement(f.function, c.arguments) AS query
    FROM walk.cases c JOIN walk.functions f USING (function)
    WHERE f.proparallel = 's' AND f.provolatile <> 'v' AND c.what = 'as it should be'
  LOOP
    BEGIN
      IF safe.is_public THEN PERFORM set_config('role', 'regress_walk_owner', true); END IF;
      PERFORM set_config('max_parallel_workers_per_gather', '0', true);
      EXECUTE safe.query INTO serial, rows;
      PERFORM set_config('max_parallel_workers_per_gather', '2', true);
      EXECUTE safe.query INTO parallel, rows;
      PERFORM set_config('role', 'none', true);
      IF serial IS DISTINCT FROM parallel THEN
        INSERT INTO walk.violations VALUES (safe.function, 'in a parallel worker',
          left(format('%s is not %s', parallel, serial), 200));
      END IF;
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO walk.violations VALUES (safe.function, 'in a parallel worker', format('%s %s', SQLSTATE, SQLERRM));
    END;
  END LOOP;
END $$;
CALL walk.try_parallel();
\set ECHO all

-- argument types without bad values
SELECT DISTINCT t.type, f.function FROM walk.functions f, unnest(f.types) AS t(type)
WHERE t.type NOT IN (SELECT b.type FROM walk.bad_values b) ORDER BY 1, 2;
-- violations
SELECT function, problem, count(*) AS calls, min(what) AS such_as FROM walk.violations GROUP BY function, problem
  ORDER BY function, problem;
-- nothing was skipped: every function was tried, and nothing of what was tried stayed
SELECT function FROM walk.functions EXCEPT SELECT function FROM walk.cases EXCEPT SELECT function FROM walk.calls
  WHERE skip IS NOT NULL;
SELECT count(*) AS organisations FROM revenue.orgs;

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
DROP SCHEMA walk CASCADE;
DROP ROLE regress_walk_owner, regress_walk_rep, regress_walk_viewer, regress_walk_new;
