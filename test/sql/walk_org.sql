-- Every function with a parameter org, called with an organisation that is not there or not the caller's: it raises as
-- current_org() does, whether it returns a value or rows. Only what answers, or says something else, is printed.
-- Left out are helpers that no user calls (their comment begins with For), and health_check(), which reports the error.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
\set file :abs_srcdir '/walk/common.sql'
\i :file
CALL walk.seed(555, 'ROWA', 'DIMA', 1, '2199-03-01');
CALL walk.seed(666, 'ROWB', 'DIMB', 1, '2199-03-01');
DROP ROLE IF EXISTS regress_walk_member;
CREATE ROLE regress_walk_member;
GRANT USAGE ON SCHEMA revenue, walk TO regress_walk_member;
INSERT INTO revenue.members (org_id, identity, access_level) VALUES (555, 'regress_walk_member', 'owner');
CREATE TABLE walk.answers (function text, as_member boolean, state text, said text);
CREATE PROCEDURE walk.ask(org integer, as_member boolean) LANGUAGE plpgsql AS $$
DECLARE
  each record;
  call text;
BEGIN
  FOR each IN
    SELECT f.function, walk.expressions(f.function) AS given, array_position(f.names, 'org') AS place
    FROM walk.functions AS f JOIN walk.calls AS c USING (function)
    WHERE c.skip IS NULL AND 'org' = ANY (f.names) AND f.function NOT IN (SELECT m.function FROM walk.misfits AS m)
      AND f.function <> 'health_check' AND coalesce(obj_description(f.oid, 'pg_proc'), '') !~ '^(For|Trigger|Part of)\M'
      AND (NOT as_member OR has_function_privilege('regress_walk_member', f.oid, 'EXECUTE'))
  LOOP
    call := format('SELECT * FROM revenue.%I(%s)', each.function,
      array_to_string(each.given[:each.place - 1] || org::text || each.given[each.place + 1:], ', '));
    BEGIN
      IF as_member THEN SET LOCAL ROLE regress_walk_member; END IF;
      EXECUTE call;
      RESET ROLE;
      INSERT INTO walk.answers VALUES (each.function, as_member, 'answered', call);
    EXCEPTION WHEN OTHERS THEN
      RESET ROLE;
      INSERT INTO walk.answers VALUES (each.function, as_member, SQLSTATE, SQLERRM);
    END;
  END LOOP;
END $$;
CALL walk.ask(999999, false);
CALL walk.ask(666, true);
\set ECHO all
SELECT as_member, count(*) > 80 AS many FROM walk.answers GROUP BY 1 ORDER BY 1;
SELECT function, as_member, state, left(said, 150) AS said FROM walk.answers
WHERE state NOT IN ('42501', '22023') ORDER BY 1, 2;
-- The setting names the organisation for a superuser too: no view shows another one.
SET revenue_intel.org_id = 555;
CREATE TABLE walk.shown (view text, others bigint, error text);
DO $$
DECLARE
  each text;
  found bigint;
BEGIN
  FOR each IN
    SELECT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'org_id'
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'v'
  LOOP
    BEGIN
      EXECUTE format('SELECT count(*) FILTER (WHERE org_id <> 555) FROM revenue.%I', each) INTO found;
      INSERT INTO walk.shown VALUES (each, found, NULL);
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO walk.shown VALUES (each, NULL, SQLERRM);
    END;
  END LOOP;
END $$;
RESET revenue_intel.org_id;
SELECT count(*) > 40 AS many FROM walk.shown;
SELECT * FROM walk.shown WHERE others > 0 OR error IS NOT NULL ORDER BY 1;
\set ECHO none
DROP SCHEMA walk CASCADE;
DROP OWNED BY regress_walk_member;
DROP ROLE regress_walk_member;
DROP EXTENSION revenue_intel;
