-- Hostile values in every column that users may write: each is refused for a reason that speaks of it, or taken; with all
-- that were taken in place beside ordinary rows, every job succeeds and every view and function still answers. What a
-- member may write is written by a member who is a rep, the rest by an owner.
-- Only what breaks this is printed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
\set file :abs_srcdir '/walk/common.sql'
\i :file
DROP ROLE IF EXISTS regress_walk_owner, regress_walk_member, regress_walk_viewer, regress_walk_new;
CREATE ROLE regress_walk_owner;
CREATE ROLE regress_walk_member;
CREATE ROLE regress_walk_viewer;
CREATE ROLE regress_walk_new;
GRANT USAGE ON SCHEMA revenue TO regress_walk_owner, regress_walk_member;
CALL walk.seed(555, 'ROWA', 'DIMA', 1, '2199-03-01');
INSERT INTO revenue.members (org_id, identity, access_level) VALUES
  (555, 'regress_walk_owner', 'owner'), (555, 'regress_walk_member', 'member'), (555, 'regress_walk_viewer', 'viewer');
UPDATE revenue.reps SET identity = 'regress_walk_member' WHERE org_id = 555 AND rep_id = 'ROWA-1';

CREATE TABLE walk.hostile (type text, value jsonb);
INSERT INTO walk.hostile
SELECT t, to_jsonb(v) FROM unnest('{text,character(3)}'::text[]) AS t, unnest(ARRAY['', ' ', repeat('x', 5000), repeat('k', 255), repeat('w', 20000),
  E'\x01\x02\t\r\n\x1b[2J\x7f', E'\\N\\.\\x\\', '''"`$$''; --', '%s%n%1$I%%', U&'\202E\FEFF\+01F4B6', 'NaN']) AS v
UNION ALL SELECT 'character(3)', to_jsonb(v) FROM unnest('{XXX,ZZZ,usd}'::text[]) AS v
UNION ALL SELECT t, to_jsonb(v) FROM unnest('{numeric,"numeric(18,6)","double precision"}'::text[]) AS t, unnest(ARRAY['0', '-1', 'NaN', 'Infinity', '-Infinity',
  '999999999999.999999', '-999999999999.999999', '99999999999.999999', '-99999999999.999999', '0.000001', '-0.000001', '1e15']) AS v
UNION ALL SELECT 'double precision', to_jsonb(v) FROM unnest('{1.7976931348623157e308,-1.7976931348623157e308,5e-324,1}'::text[]) AS v
UNION ALL SELECT 'integer', to_jsonb(v) FROM unnest('{0,-1,2147483647,-2147483648}'::text[]) AS v
UNION ALL SELECT t, to_jsonb(v) FROM unnest('{date,timestamp with time zone}'::text[]) AS t, unnest('{infinity,-infinity,4713-01-01 BC,
  0001-01-01,1900-01-01,2199-12-31}'::text[]) AS v
UNION ALL VALUES ('date', '"5874897-12-31"'::jsonb), ('timestamp with time zone', '"294276-12-31 23:59:59.999999+00"'),
  ('text[]', '[]'), ('text[]', '[null]'), ('text[]', '["", "%s"]'), ('text[]', to_jsonb(ARRAY[repeat('x', 5000)])),
  ('text[]', to_jsonb(array_fill('x'::text, ARRAY[5000]))),
  ('jsonb', 'null'), ('jsonb', '[]'), ('jsonb', '{"": {"%s": [1e300, null]}}'), ('jsonb', to_jsonb(repeat('x', 20000))),
  ('jsonb', (repeat('[', 1000) || repeat(']', 1000))::jsonb), ('boolean', 'true'), ('boolean', 'false'),
  ('uuid', '"ffffffff-ffff-ffff-ffff-ffffffffffff"');

-- A table comes after those that it refers to.
CREATE TABLE walk.targets AS
WITH RECURSIVE deep AS (
  SELECT oid, 0 AS depth FROM walk.relations
  UNION SELECT c.conrelid, d.depth + 1 FROM deep AS d JOIN pg_constraint AS c ON c.confrelid = d.oid AND c.contype = 'f' AND c.conrelid <> d.oid
)
SELECT r.relation, r.oid, max(d.depth) AS depth, k.attname::text AS key, format_type(k.atttypid, NULL) AS key_type, walk.columns(r.relation) AS columns,
  (SELECT a.attname::text FROM pg_attribute AS a WHERE a.attrelid = r.oid AND a.attname = CASE r.relation WHEN 'activities' THEN 'rep_id' ELSE 'owner_rep_id' END
   AND r.relation IN ('accounts', 'contacts', 'deals', 'activities', 'revenue_events')) AS own
FROM walk.relations AS r JOIN deep AS d USING (oid)
JOIN pg_index AS i ON i.indrelid = r.oid AND i.indisprimary
JOIN pg_attribute AS k ON k.attrelid = r.oid AND k.attnum = i.indkey[i.indnkeyatts - 1]
WHERE r.relkind IN ('r', 'p') AND has_any_column_privilege('public', r.oid, 'INSERT')
GROUP BY r.relation, r.oid, k.attname, k.atttypid;
CREATE TABLE walk.rows AS
SELECT row_number() OVER (ORDER BY t.depth, t.relation, a.attnum, h.value::text COLLATE "C", v.won)::integer AS n, t.*, a.attname::text AS name, h.value, v.won,
  NULL::text AS answer
FROM walk.targets AS t
JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'org_id' AND a.attname IS DISTINCT FROM t.own
  AND a.attgenerated = '' AND has_column_privilege('public', t.oid, a.attnum, 'INSERT')
JOIN walk.hostile AS h ON h.type IN (format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL))
JOIN unnest('{f,t}'::boolean[]) AS v(won) ON t.relation = 'deals' OR NOT v.won
UNION ALL SELECT -row_number() OVER (ORDER BY t.depth, t.relation)::integer, t.*, t.key, NULL, false, NULL FROM walk.targets AS t;  -- an ordinary one of each

-- A row of each that the member or the owner may copy.
CREATE TABLE walk.bases (relation text PRIMARY KEY, base jsonb);
DO $$
DECLARE
  t walk.targets;
BEGIN
  FOR t IN SELECT * FROM walk.targets LOOP
    EXECUTE format('INSERT INTO walk.bases SELECT $2, to_jsonb(t) FROM revenue.%I AS t WHERE org_id = 555 AND ($1 IS NULL OR to_jsonb(t) ->> $1 = ''ROWA-1'')
      ORDER BY t::text COLLATE "C" LIMIT 1', t.relation) USING t.own, t.relation;
  END LOOP;
END $$;
CREATE FUNCTION walk.write(one walk.rows) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  base jsonb;
BEGIN
  SELECT b.base INTO base FROM walk.bases AS b WHERE b.relation = one.relation;
  base := base || jsonb_build_object(one.key, CASE one.key_type WHEN 'text' THEN 'ROW-' || one.n WHEN 'uuid' THEN gen_random_uuid()::text
    ELSE ('2010-01-01'::date + one.n)::text END)
    || CASE one.relation WHEN 'stages' THEN jsonb_build_object('position', 10000 + one.n) WHEN 'reps' THEN '{"identity": null}'
      WHEN 'revenue_events' THEN '{"deal_id": null}' WHEN 'offer_activity' THEN jsonb_build_object('day', '2010-01-01'::date + one.n)
      WHEN 'deals' THEN CASE WHEN one.won THEN jsonb_build_object('stage_id', 'closed_won', 'created_at', now() - interval '40 days', 'close_date', current_date - 3,
        'closed_at', now() - interval '3 days') ELSE '{}' END
      WHEN 'rep_managers' THEN jsonb_build_object('valid_to', '2010-01-02'::date + one.n) ELSE '{}' END;
  IF one.value IS NOT NULL THEN base := base || jsonb_build_object(one.name, one.value); END IF;
  EXECUTE format('INSERT INTO revenue.%I (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::revenue.%1$I, $1)', one.relation, one.columns) USING base;
  RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- One call, undone: NULL, or how it failed.
CREATE FUNCTION walk.failure(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE call;
  RAISE EXCEPTION USING ERRCODE = 'WALK0';
EXCEPTION WHEN SQLSTATE 'WALK0' THEN RETURN NULL;
  WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE TABLE walk.asked AS
SELECT 'view ' || relation AS object, format('SELECT string_agg(r::text, E''\n'') FROM revenue.%I AS r', relation) AS call, NULL::text AS failure
  FROM walk.relations WHERE relkind = 'v'
UNION ALL
SELECT 'function ' || function, walk.statement(function, walk.expressions(function)), NULL
  FROM walk.functions JOIN walk.calls USING (function)
  WHERE skip IS NULL AND is_public AND coalesce(writes, '') NOT IN ('rep', 'database') AND function NOT IN (SELECT function FROM walk.misfits)
    AND function <> 'verify_references'  -- for who sees the rows of all
UNION ALL
SELECT format('function generate_forecast %s %s by %s', period, metric, dimension), format('SELECT revenue.generate_forecast(%L, metric => %L, dimension => %L, org => 555)', period, metric, dimension), NULL
  FROM unnest('{month,year}'::text[]) AS period, (VALUES ('bookings', 'segment'), ('bookings', 'product'), ('mrr', 'segment'), ('arr', 'region')) AS m(metric, dimension)
UNION ALL VALUES ('function record_metrics today', 'SELECT revenue.record_metrics(org => 555)', NULL);

GRANT USAGE ON SCHEMA walk TO regress_walk_owner, regress_walk_member;
GRANT ALL ON ALL TABLES IN SCHEMA walk TO regress_walk_owner, regress_walk_member;
CREATE PROCEDURE walk.write_all(as_member boolean) LANGUAGE plpgsql AS $$
DECLARE
  one walk.rows;
BEGIN
  FOR one IN SELECT * FROM walk.rows AS r WHERE (r.own IS NOT NULL) = as_member ORDER BY r.n LOOP
    UPDATE walk.rows AS r SET answer = walk.write(one) WHERE r.n = one.n;
  END LOOP;
END $$;
SET ROLE regress_walk_owner;
CALL walk.write_all(false);
SET ROLE regress_walk_member;
CALL walk.write_all(true);
RESET ROLE;
ANALYZE;
SET ROLE regress_walk_owner;
CREATE TEMP TABLE runs AS SELECT job, revenue.run_job(job, org => 555) AS run FROM revenue.builtin_jobs();
SET search_path = pg_catalog;
UPDATE walk.asked SET failure = walk.failure(call);
RESET search_path;
RESET ROLE;
\set ECHO all

-- an ordinary row of each table is taken, so that what is refused below is refused for its value
SELECT relation, answer FROM walk.rows WHERE n < 0 AND answer <> 'taken' ORDER BY relation;
-- refused for another reason than the value
SELECT relation, name, left(value::text, 40) AS value, left(answer, 100) AS answer FROM walk.rows
WHERE n > 0 AND answer <> 'taken' AND left(answer, 2) NOT IN ('22', '23') ORDER BY n;
-- jobs that failed
SELECT job, run -> 'error' AS error FROM runs WHERE run ->> 'state' <> 'succeeded' ORDER BY job;
-- views and functions that no longer answer
SELECT object, left(failure, 150) AS failure FROM walk.asked WHERE failure IS NOT NULL ORDER BY object;
-- there was something to take, to refuse and to ask
SELECT count(*) FILTER (WHERE answer = 'taken') > 300 AS taken, count(*) FILTER (WHERE answer <> 'taken') > 300 AS refused,
  count(DISTINCT relation) FILTER (WHERE answer = 'taken' AND own IS NOT NULL) AS tables_of_a_member, (SELECT count(*) > 400 FROM walk.asked) AS asked
FROM walk.rows WHERE n > 0;

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
DROP SCHEMA walk CASCADE;
DROP OWNED BY regress_walk_owner, regress_walk_member, regress_walk_viewer, regress_walk_new;
DROP ROLE regress_walk_owner, regress_walk_member, regress_walk_viewer, regress_walk_new;
