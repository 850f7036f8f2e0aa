-- Rows as nobody should write them, in every table that members may write: what the tables let in must
-- not keep any view or report from answering, to the organisation that has the row or to another.
-- Only what breaks this is printed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
\set file :abs_srcdir '/walk/common.sql'
\i :file
\set file :abs_srcdir '/walk/bad_values.sql'
\i :file
DROP ROLE IF EXISTS regress_walk_owner, regress_walk_other;
CREATE ROLE regress_walk_owner;
CREATE ROLE regress_walk_other;
GRANT USAGE ON SCHEMA revenue TO regress_walk_owner, regress_walk_other;
CALL walk.seed(555, 'ROWA', 'DIMA', 1, '2199-03-01');
CALL walk.seed(777777777, 'LEAKB', 'LEAKB', 7, '2187-03-01');
INSERT INTO revenue.members (org_id, identity, access_level)
  VALUES (555, 'regress_walk_owner', 'owner'), (777777777, 'regress_walk_other', 'owner');

-- Every view, and every report: functions that read tables and answer in JSON.
CREATE TABLE walk.reports AS
SELECT 'view ' || relation AS report, format('SELECT count(r::text) FROM revenue.%I r', relation) AS query
  FROM walk.relations WHERE relkind = 'v'
UNION ALL
SELECT 'function ' || f.function, format('SELECT count(r::text) FROM revenue.%I(%s) r', f.name,
  array_to_string(ARRAY(
    SELECT CASE WHEN f.names[i] IN ('org', 'org_id') THEN 'NULL::integer'
      ELSE walk.expression(c.arguments -> (i - 1)::integer, f.types[i]) END
    FROM generate_subscripts(f.types, 1) AS i ORDER BY i), ', '))
FROM walk.functions f JOIN walk.calls c USING (function) JOIN pg_proc p USING (oid)
WHERE p.prorettype = 'jsonb'::regtype AND p.provolatile = 's' AND f.is_public AND c.skip IS NULL
  AND c.arguments::text !~ 'ROWA'
  AND f.function NOT IN (SELECT function FROM walk.misfits);

CREATE TABLE walk.violations (row text, value text, report text, who text, problem text);
CREATE FUNCTION walk.first_failure(OUT report text, OUT who text, OUT problem text) LANGUAGE plpgsql AS $$
DECLARE
  ask record;
BEGIN
  FOR ask IN SELECT r.report, r.query, w.who FROM unnest('{regress_walk_owner,regress_walk_other}'::text[]) AS w(who),
    walk.reports r LOOP
    BEGIN
      PERFORM set_config('role', ask.who, true);
      EXECUTE ask.query;
      PERFORM set_config('role', 'none', true);
    EXCEPTION WHEN OTHERS THEN
      report := ask.report;
      who := ask.who;
      problem := format('%s %s', SQLSTATE, SQLERRM);
      RETURN;
    END;
  END LOOP;
END $$;

-- For each column and value a copy of a row of the table, with a key of its own and this one value.
CREATE TABLE walk.bad_rows AS
SELECT r.relation, a.attname::text AS name, format('%s::%s', b.expression, b.type) AS expression,
  row_number() OVER (ORDER BY r.relation, a.attnum, b.expression)::integer AS n, k.attname::text AS key,
  format_type(k.atttypid, NULL) AS key_type, false AS accepted
FROM walk.relations r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attname <> 'org_id' AND a.attgenerated = ''
JOIN walk.bad_values b ON b.type = format_type(a.atttypid, NULL)
  AND (b.type <> 'text' OR b.expression IN ('''''', '''no such thing'''))
JOIN pg_index i ON i.indrelid = r.oid AND i.indisprimary
JOIN pg_attribute k ON k.attrelid = r.oid AND k.attnum = i.indkey[i.indnkeyatts - 1]
WHERE r.relkind IN ('r', 'p') AND has_column_privilege('public', r.oid, a.attnum, 'UPDATE');
CREATE PROCEDURE walk.insert_badly(bad walk.bad_rows) LANGUAGE plpgsql AS $$
DECLARE
  base jsonb;
  key jsonb := CASE WHEN bad.key_type = 'text' THEN to_jsonb('BAD-' || bad.n)
    ELSE to_jsonb('2010-01-01'::date + bad.n) END;
  value jsonb;
BEGIN
  EXECUTE format('SELECT to_jsonb(t) FROM revenue.%I t WHERE org_id = 555 ORDER BY t::text COLLATE "C" LIMIT 1',
    bad.relation) INTO base;
  EXECUTE format('SELECT to_jsonb(%s)', bad.expression) INTO value;
  -- Numbers that JSON does not have go in as text.
  base := base || jsonb_build_object(bad.key, key) || jsonb_build_object(bad.name, value);
  IF bad.relation = 'stages' THEN base := base || jsonb_build_object('position', CASE bad.name WHEN 'position'
    THEN value ELSE to_jsonb(1000 + bad.n) END); END IF;
  IF bad.relation = 'reps' THEN base := base || '{"identity": null}' || CASE bad.name WHEN 'identity'
    THEN jsonb_build_object('identity', value) ELSE '{}' END; END IF;
  EXECUTE format('INSERT INTO revenue.%I (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::revenue.%1$I, $1)', bad.relation,
    walk.columns(bad.relation)) USING base;
END $$;
-- Whether the table takes the row. Refused is good, for a reason that speaks of the value.
CREATE FUNCTION walk.takes(bad walk.bad_rows) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  CALL walk.insert_badly(bad);
  RETURN true;
EXCEPTION WHEN OTHERS THEN
  IF left(SQLSTATE, 2) IN ('22', '23', '55') OR SQLSTATE = '54000' THEN RETURN false; END IF;
  RAISE;
END $$;
-- All rows of a range at once; where a report fails, its halves. Leaves no row.
CREATE PROCEDURE walk.try_rows(first integer, last integer) LANGUAGE plpgsql AS $$
DECLARE
  bad walk.bad_rows;
  failure record;
  numbers integer[];
  half integer := (first + last) / 2;
BEGIN
  BEGIN
    FOR bad IN SELECT * FROM walk.bad_rows WHERE n BETWEEN first AND last ORDER BY n LOOP
      IF walk.takes(bad) THEN numbers := numbers || bad.n; END IF;
    END LOOP;
    SELECT * INTO failure FROM walk.first_failure();
    RAISE EXCEPTION USING ERRCODE = 'WALK0';
  EXCEPTION WHEN SQLSTATE 'WALK0' THEN NULL;
  END;
  UPDATE walk.bad_rows SET accepted = true WHERE n = ANY (numbers);
  IF failure.report IS NULL THEN RETURN; END IF;
  IF first < last THEN
    CALL walk.try_rows(first, half);
    CALL walk.try_rows(half + 1, last);
  ELSE
    INSERT INTO walk.violations SELECT format('%s.%s', r.relation, r.name), r.expression, failure.report, failure.who,
      failure.problem
    FROM walk.bad_rows r WHERE r.n = first;
  END IF;
END $$;
SELECT max(n) AS last FROM walk.bad_rows \gset
CALL walk.try_rows(1, :last);
\set ECHO all

-- objects without an entry
SELECT * FROM walk.misfits ORDER BY function;
-- violations: the row that was let in, and the first report that no longer answers
SELECT row, left(value, 60) AS value, report, who, left(problem, 120) AS problem FROM walk.violations
  ORDER BY row, value, report;
-- some were let in and did no harm, and there was something to ask
SELECT count(*) > 50 AS accepted, (SELECT count(*) > 10 FROM walk.reports) AS reports FROM walk.bad_rows
WHERE accepted;

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
DROP SCHEMA walk CASCADE;
DROP ROLE regress_walk_owner, regress_walk_other;
