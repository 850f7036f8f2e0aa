-- Who sees and changes what, for every table, view and function of the extension. Two organisations
-- hold the same kinds of rows; the actors are every access level of organisation 555, an owner of
-- 777777777 and strangers, by role and by JWT. An object that the lists here or in test/walk do not
-- know fails the test. Only what breaks the rules is printed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
SET client_min_messages = error;
SET datestyle = ISO;
SET timezone = UTC;
CREATE EXTENSION revenue_intel;
\set file :abs_srcdir '/walk/common.sql'
\i :file

-- Actors. With a claim, the role is the one that all users of a gateway share.
CREATE TABLE walk.actors (actor text PRIMARY KEY, role text NOT NULL, claim text, level text);
INSERT INTO walk.actors
SELECT l, 'regress_walk_' || l, NULL, l FROM unnest('{owner,admin,analyst,member,viewer}'::text[]) AS l
UNION ALL SELECT 'jwt ' || l, 'regress_walk_gateway', 'walk-' || l, l
  FROM unnest('{owner,member,viewer}'::text[]) AS l
UNION ALL VALUES
  ('stranger', 'regress_walk_stranger', NULL, NULL),       -- may use the schema, is no member
  ('nobody', 'regress_walk_nobody', NULL, NULL),           -- may not even use the schema
  ('jwt stranger', 'regress_walk_gateway', 'walk-stranger', NULL),
  ('jwt without a claim', 'regress_walk_gateway', '', NULL),
  ('other', 'regress_walk_other', NULL, NULL);             -- owner of the other organisation
CREATE FUNCTION walk.rank(level text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_position('{viewer,member,analyst,admin,owner,database}', level), 0)
$$;
SELECT format('DROP ROLE IF EXISTS %I; CREATE ROLE %I', role, role)
FROM (SELECT DISTINCT role FROM walk.actors UNION SELECT 'regress_walk_new') AS r \gexec
SELECT format('GRANT USAGE ON SCHEMA revenue TO %I', role) FROM walk.actors WHERE actor <> 'nobody'
  GROUP BY role \gexec

-- DESIGN.md's matrix by table. A viewer reads what labels and converts his totals, no row about people
-- or deals. own: a member also writes the rows whose column names the rep he is; own_reads: he reads
-- those, and no other of the table.
CREATE FUNCTION walk.may(level text, writes text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(CASE writes WHEN 'own' THEN level IN ('member', 'admin', 'owner') WHEN 'rep' THEN level = 'member'
    ELSE walk.rank(level) >= walk.rank(writes) END, false)
    AND writes IS NOT NULL
$$;
CREATE TABLE walk.matrix (relation text PRIMARY KEY, reads text NOT NULL, writes text, own text, own_reads text);
INSERT INTO walk.matrix VALUES
  ('orgs', 'viewer', NULL, NULL, NULL), ('members', 'admin', NULL, NULL, NULL), ('policies', 'viewer', NULL, NULL, NULL),
  ('framework', 'viewer', NULL, NULL, NULL), ('locks', 'admin', NULL, NULL, NULL), ('audit_log', 'admin', NULL, NULL, NULL), ('fx_rates', 'viewer', 'admin', NULL, NULL),
  ('reps', 'member', 'admin', NULL, NULL), ('rep_managers', 'member', 'admin', NULL, NULL),
    ('pipelines', 'viewer', 'admin', NULL, NULL),
  ('stages', 'viewer', 'admin', NULL, NULL), ('products', 'member', 'admin', NULL, NULL),
  ('accounts', 'member', 'admin', 'owner_rep_id', NULL), ('account_history', 'member', 'admin', NULL, NULL), ('contacts', 'member', 'admin', 'owner_rep_id', NULL),
  ('deals', 'member', 'admin', 'owner_rep_id', NULL), ('deal_history', 'member', NULL, NULL, NULL), ('contact_stages', 'member', NULL, NULL, NULL),
  ('deal_facts', 'member', 'admin', NULL, NULL), ('deal_lines', 'member', 'admin', NULL, NULL), ('activities', 'member', 'admin', 'rep_id', NULL),
  ('offers', 'member', 'admin', NULL, NULL), ('offer_activity', 'member', 'admin', NULL, NULL),
  ('revenue_events', 'member', 'admin', 'owner_rep_id', NULL), ('forecast_bases', 'member', NULL, NULL, NULL),
  ('automations', 'member', 'admin', NULL, NULL), ('automation_days', 'member', 'admin', NULL, NULL),
  ('posting_tests', 'member', 'admin', NULL, NULL),
  ('pipeline_snapshots', 'member', NULL, NULL, NULL), ('pipeline_snapshot_stages', 'member', NULL, NULL, NULL),
  ('quotas', 'member', NULL, NULL, NULL), ('forecast_submissions', 'analyst', NULL, NULL, 'rep_id'),
  ('forecast_overrides', 'analyst', NULL, NULL, NULL),
  ('subscriptions', 'analyst', 'admin', NULL, NULL), ('subscription_items', 'analyst', 'admin', NULL, NULL),
  ('other_revenue', 'analyst', 'admin', NULL, NULL), ('mrr_books', 'analyst', NULL, NULL, NULL),
  ('mrr_customers', 'analyst', NULL, NULL, NULL), ('mrr_movements', 'analyst', NULL, NULL, NULL), ('mrr_days', 'analyst', NULL, NULL, NULL),
  ('forecast_origins', 'member', NULL, NULL, NULL), ('forecast_models', 'member', NULL, NULL, NULL), ('forecast_runs', 'member', NULL, NULL, NULL),
  ('forecast_points', 'member', NULL, NULL, NULL), ('forecast_reviews', 'member', NULL, NULL, NULL),
  ('offer_months', 'member', NULL, NULL, NULL), ('outbox', 'admin', NULL, NULL, NULL),
  ('job_schedules', 'analyst', NULL, NULL, NULL), ('job_settings', 'analyst', NULL, NULL, NULL),
  ('job_runs', 'analyst', 'admin', NULL, NULL),
  ('metric_definitions', 'member', NULL, NULL, NULL), ('metric_values', 'member', NULL, NULL, NULL),
  ('anomalies', 'member', NULL, NULL, NULL), ('alert_rules', 'member', NULL, NULL, NULL), ('alerts', 'member', NULL, NULL, NULL);

CREATE TABLE walk.violations (rule text, object text, actor text, problem text);

-- Rows of the extension that this transaction has written so far, undone ones too.
CREATE FUNCTION walk.rows_written() RETURNS bigint LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sum(pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
    + pg_stat_get_xact_tuples_deleted(oid))::bigint
  FROM pg_catalog.pg_class WHERE relnamespace = 'revenue'::regnamespace AND relkind = 'r'
$$;
-- One statement as one actor, undone at once. before: the fingerprint to hold what it may write against.
-- answer: its text, or SQLSTATE and message of its error.
CREATE FUNCTION walk.as_actor(
  actor walk.actors, query text, before text, path text DEFAULT 'pg_catalog', OUT answer text, OUT rows bigint,
    OUT failed text, OUT changed boolean)
LANGUAGE plpgsql AS $$
DECLARE
  written bigint := walk.rows_written();
BEGIN
  BEGIN
    PERFORM set_config('revenue_intel.identity_source', CASE WHEN actor.claim IS NULL THEN 'role' ELSE 'jwt'
      END, true);
    PERFORM set_config('request.jwt.claims', CASE WHEN actor.claim <> ''
      THEN jsonb_build_object('sub', actor.claim)::text ELSE '' END, true);
    PERFORM set_config('role', actor.role, true);
    PERFORM set_config('search_path', path, true);
    EXECUTE query INTO answer, rows;
    PERFORM set_config('search_path', 'pg_catalog', true);
    PERFORM set_config('role', 'none', true);
    -- A row may be written and stay what it was, so that the contents decide.
    changed := before IS NOT NULL AND walk.rows_written() <> written AND walk.fingerprint() <> before;
    RAISE EXCEPTION USING ERRCODE = 'WALK0';
  EXCEPTION WHEN OTHERS THEN
    IF SQLSTATE <> 'WALK0' THEN
      answer := SQLSTATE || ' ' || SQLERRM;
      failed := SQLSTATE;
      changed := false;
    END IF;
  END;
END $$;
-- Everything in the tables; compared only where something can have been written.
CREATE FUNCTION walk.fingerprint() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  one text;
  result text := '';
  name text;
BEGIN
  FOR name IN SELECT relation FROM walk.relations WHERE relkind IN ('r', 'p') ORDER BY relation LOOP
    EXECUTE format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text COLLATE "C")) FROM revenue.%I t',
      name) INTO one;
    result := result || coalesce(one, '-');
  END LOOP;
  RETURN result;
END $$;

-- What is asked: every table and view, and every function with its base call and with the same call
-- for the other organisation, for the other's ids, and for another time.
CREATE TABLE walk.all_queries (object text, what text, query text, writes text, volatile boolean, is_public boolean,
  PRIMARY KEY (object, what));
INSERT INTO walk.all_queries
SELECT CASE relkind WHEN 'v' THEN 'view ' ELSE 'table ' END || relation, 'all',
  format('SELECT string_agg(r::text, E''\n'' ORDER BY r::text COLLATE "C"), count(*) FROM revenue.%I r', relation),
    NULL, false, true
FROM walk.relations;
INSERT INTO walk.all_queries
SELECT 'function ' || function, string_agg(DISTINCT what, ' or '), query, writes, volatile, is_public FROM (
  SELECT f.function, v.what, walk.statement(f.function, ARRAY(
      SELECT CASE
        WHEN v.other_org AND f.names[i] IN ('org', 'org_id') THEN '777777777'
        WHEN v.other_ids AND f.types[i] = 'text' AND c.arguments ->> (i - 1)::integer ~ '^ROWA|^regress_walk'
          THEN '''LEAKB-1''::text'
        WHEN v.other_ids AND f.types[i] = 'text[]' AND c.arguments ->> (i - 1)::integer ~ 'ROWA'
          THEN '''{LEAKB-1}''::text[]'
        WHEN v.no_org AND f.names[i] IN ('org', 'org_id') THEN 'NULL::integer'
        WHEN v.later AND f.types[i] = 'timestamp with time zone' AND f.provolatile <> 'v'
          THEN '''2500-01-01''::timestamptz'
        ELSE walk.expression(c.arguments -> (i - 1)::integer, f.types[i]) END
      FROM generate_subscripts(f.types, 1) AS i ORDER BY i)) AS query,
    c.writes, f.provolatile = 'v' AS volatile, f.is_public
  FROM walk.functions f JOIN walk.calls c USING (function)
  CROSS JOIN (VALUES
    ('base', false, false, false, false), ('no org', false, false, true, false),
      ('other org', true, false, false, false),
    ('other ids', false, true, false, false), ('other org and ids', true, true, false, false),
    ('later', false, false, false, true), ('no org, later', false, false, true, true)) AS v(what, other_org,
      other_ids, no_org, later)
  WHERE c.skip IS NULL AND f.function NOT IN (SELECT function FROM walk.misfits)) AS q
GROUP BY function, query, writes, volatile, is_public;

CREATE VIEW walk.queries AS SELECT * FROM walk.all_queries;

-- Every actor asks everything, three times: of empty tables, with organisation 555, and with both. What
-- an actor may not see cannot change what he is told.
CREATE TABLE walk.answers (
  pass text, actor text, object text, what text, answer text, rows bigint, failed text, changed boolean,
  PRIMARY KEY (actor, object, what, pass));
CREATE PROCEDURE walk.ask(pass text, who text) LANGUAGE plpgsql AS $$
DECLARE
  one walk.actors;
  before text;
BEGIN
  FOR one IN SELECT * FROM walk.actors WHERE actor ~ who ORDER BY actor LOOP
    -- Each member is the rep ROWA-1 while he asks.
    UPDATE revenue.reps SET identity = CASE WHEN one.level = 'member' THEN coalesce(one.claim, one.role) END
    WHERE org_id = 555 AND rep_id = 'ROWA-1';
    before := walk.fingerprint();
    INSERT INTO walk.answers
    SELECT ask.pass, one.actor, q.object, q.what, a.*
    FROM walk.queries q, LATERAL walk.as_actor(one, q.query, CASE WHEN q.volatile THEN before END) AS a;
  END LOOP;
END $$;

BEGIN;
CALL walk.ask('empty', '^(stranger|nobody|jwt stranger|jwt without a claim)$');
CALL walk.seed(555, 'ROWA', 'DIMA', 1, '2199-03-01');
INSERT INTO revenue.members (org_id, identity, access_level)
SELECT 555, coalesce(nullif(claim, ''), role), level FROM walk.actors WHERE level IS NOT NULL;
CALL walk.ask('one', '^(jwt )?(owner|admin|analyst|member|viewer)$');
CALL walk.seed(777777777, 'LEAKB', 'LEAKB', 7, '2187-03-01');
INSERT INTO revenue.members (org_id, identity, access_level) VALUES (777777777, 'regress_walk_other', 'owner');
CALL walk.ask('both', '.');
-- Once more in a parallel worker, which must know who asks.
SELECT set_config(name, CASE WHEN vartype = 'enum' THEN 'on' WHEN name ~ 'leader' THEN 'off' WHEN name ~ 'workers' THEN '1' ELSE '0' END, true)
FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query', 'parallel_setup_cost', 'parallel_tuple_cost',
  'min_parallel_table_scan_size', 'parallel_leader_participation', 'max_parallel_workers_per_gather') \g /dev/null
CREATE OR REPLACE VIEW walk.queries AS SELECT * FROM walk.all_queries WHERE NOT volatile
  AND what ~ '^(all|base|no org)';
CALL walk.ask('workers', '^(owner|viewer|stranger)$');
CREATE OR REPLACE VIEW walk.queries AS SELECT * FROM walk.all_queries;
COMMIT;

-- Written at the same instant, two answers differ by clocks, random keys and the order of sums.
CREATE FUNCTION walk.settled(answer text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(regexp_replace(regexp_replace(answer,
    '\d{4,6}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:\d\d)?)?', '<time>', 'g'),
    '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', '<uuid>', 'g'),
    '(\d\.\d{6})\d+', '\1', 'g')
$$;
\set ECHO all

-- objects without an entry
SELECT * FROM walk.misfits ORDER BY function;
SELECT coalesce(r.relation, m.relation) AS relation, CASE WHEN m.relation IS NULL THEN 'is not in walk.matrix'
  ELSE 'is no table' END AS problem
FROM (SELECT * FROM walk.relations WHERE relkind <> 'v') r FULL JOIN walk.matrix m USING (relation)
  WHERE r.relation IS NULL OR m.relation IS NULL ORDER BY 1;
-- functions that write without saying from which level on
SELECT object AS writes_without_level FROM walk.queries WHERE volatile AND writes IS NULL GROUP BY 1 ORDER BY 1;

\set ECHO none
-- Whose call must work: the owner's, but for what a rep does himself.
CREATE FUNCTION walk.writer(writes text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE writes WHEN 'rep' THEN 'member' ELSE 'owner' END
$$;
-- What the walk stands on: the owner is answered, there is something to leak in every table and view.
INSERT INTO walk.violations
SELECT 'the base call must succeed', q.object, a.actor, a.answer FROM walk.queries q JOIN walk.answers a
  USING (object, what)
WHERE a.pass = 'both' AND a.actor = walk.writer(q.writes) AND q.what ~ '^base' AND a.failed IS NOT NULL
  AND q.object <> 'function accept_membership'  -- no actor is invited
  AND (q.is_public OR a.failed <> '42501');
INSERT INTO walk.violations
SELECT 'walk.seed must give it rows', a.object, a.actor, a.answer FROM walk.answers a
WHERE a.pass = 'both' AND a.actor IN ('owner', 'other') AND a.object ~ '^(table|view) ' AND coalesce(a.rows, 0) = 0
  AND a.object <> 'view churn_reasons';  -- nobody leaves here; who sees it is in test/sql/analysis.sql

-- Strangers
INSERT INTO walk.violations
SELECT 'a stranger is told of no organisation', a.object || ', ' || a.what, a.actor,
  left(format('with data: %s / without: %s', a.answer, b.answer), 200)
FROM walk.answers a JOIN walk.answers b USING (actor, object, what)
WHERE a.pass = 'both' AND b.pass = 'empty' AND walk.settled(a.answer) IS DISTINCT FROM walk.settled(b.answer);
INSERT INTO walk.violations
SELECT 'a stranger sees no row', a.object, a.actor, left(a.answer, 200) FROM walk.answers a
WHERE a.pass = 'both' AND a.actor ~ 'stranger|nobody|without' AND a.object ~ '^(table|view) '
  AND (a.rows > 0 OR a.failed IS NOT NULL AND a.actor <> 'nobody');
INSERT INTO walk.violations
SELECT 'without USAGE nothing is answered', a.object || ', ' || a.what, a.actor, left(a.answer, 200)
  FROM walk.answers a
WHERE a.actor = 'nobody' AND a.failed IS DISTINCT FROM '42501';

INSERT INTO walk.violations
SELECT 'a parallel worker answers the same', a.object || ', ' || a.what, a.actor,
  left(format('worker: %s / leader: %s', a.answer, b.answer), 200)
FROM walk.answers a JOIN walk.answers b USING (actor, object, what)
WHERE a.pass = 'workers' AND b.pass = 'both' AND walk.settled(a.answer) IS DISTINCT FROM walk.settled(b.answer);

-- The other organisation
INSERT INTO walk.violations
SELECT 'another organisation changes nothing that one is told', a.object || ', ' || a.what, a.actor,
  left(format('with it: %s / without: %s', a.answer, b.answer), 200)
FROM walk.answers a JOIN walk.answers b USING (actor, object, what)
WHERE a.pass = 'both' AND b.pass = 'one' AND walk.settled(a.answer) IS DISTINCT FROM walk.settled(b.answer);
INSERT INTO walk.violations
SELECT 'nobody sees a name of another organisation', a.object || ', ' || a.what, a.actor, left(a.answer, 200)
FROM walk.answers a  -- but for the number he asked for himself
WHERE a.pass = 'both' AND a.failed IS NULL
  AND regexp_replace(a.answer, 'organisation \d+ does not exist or is not visible to you', '')
    ~ CASE a.actor WHEN 'other' THEN 'ROWA|DIMA|\m555\M' ELSE 'LEAKB|777777777' END;

-- The viewer
INSERT INTO walk.violations
SELECT 'a viewer sees no row about people or deals', a.object || ', ' || a.what, a.actor, left(a.answer, 200)
  FROM walk.answers a
WHERE a.pass = 'both' AND a.actor ~ 'viewer' AND a.failed IS NULL AND a.answer ~ 'ROWA';
-- Every amount is 1.000003 x 2^k with a k of its own, so that a sum of amounts is the set of its deals,
-- and so is the difference of two sums.
CREATE TABLE walk.sums AS
SELECT a.actor, a.object, a.what, r.row, s.deals
FROM walk.answers a, regexp_split_to_table(a.answer, '\n') AS r(row),
  regexp_matches(r.row, '(?<![\d.])\d+\.\d{1,6}(?!\d)|(?<![\d.])\d{7,18}(?![\d.])', 'g') AS n,
  LATERAL (SELECT n[1]::numeric * 1000000 / 1000003 AS quotient) AS q,
  LATERAL (SELECT trunc(q.quotient)::bigint AS deals) AS s
WHERE a.pass = 'both' AND a.actor ~ 'viewer' AND a.failed IS NULL AND q.quotient = s.deals AND s.deals > 0;
CREATE FUNCTION walk.size(deals bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT bit_count(deals::bit(64))';
INSERT INTO walk.violations
SELECT 'a viewer sees no total over fewer than five deals', object || ', ' || what, actor,
  format('%s is the sum of %s: %s', deals * 1.000003, walk.size(deals), left(row, 200))
FROM walk.sums WHERE walk.size(deals) < 5;
INSERT INTO walk.violations
SELECT 'a viewer subtracts no two totals of a row that fewer than five deals tell apart', a.object || ', ' || a.what,
  a.actor,
  format('%s and %s differ by %s: %s', a.deals * 1.000003, b.deals * 1.000003, walk.size(a.deals - b.deals),
    left(a.row, 200))
FROM walk.sums a JOIN walk.sums b USING (actor, object, what, row)
WHERE a.deals > b.deals AND a.deals & b.deals = b.deals AND walk.size(a.deals - b.deals) < 5;
-- Nor a mean, a duration or a score that is one deal's: numbers of some length that only one deal has.
CREATE TABLE walk.deal_numbers AS
SELECT substring(n[1] FROM '^\d+\.\d{1,6}') AS number, min(d.deal_id) AS deal_id
FROM (SELECT deal_id, s::text AS row FROM revenue.deal_scores s WHERE org_id = 555
      UNION ALL SELECT deal_id, c::text FROM revenue.closed_deals c WHERE org_id = 555) AS d,
  regexp_matches(d.row, '(?<![\d.:-])\d+\.\d{4,}', 'g') AS n
WHERE n[1] !~ '\.0+$'
GROUP BY 1 HAVING count(DISTINCT d.deal_id) = 1;
INSERT INTO walk.violations
SELECT 'a viewer sees no measure of a single deal', a.object || ', ' || a.what, a.actor,
  format('%s is that of %s: %s', d.number, d.deal_id, left(r.row, 200))
FROM walk.answers a, regexp_split_to_table(a.answer, '\n') AS r(row),
  regexp_matches(r.row, '(?<![\d.:-])\d+\.\d{4,}', 'g') AS n
JOIN walk.deal_numbers d ON d.number = substring(n[1] FROM '^\d+\.\d{1,6}')
WHERE a.pass = 'both' AND a.actor ~ 'viewer' AND a.failed IS NULL;
INSERT INTO walk.violations
SELECT 'the check above must find numbers', 'walk.deal_numbers', '', count(*)::text FROM walk.deal_numbers
  HAVING count(*) < 50;
INSERT INTO walk.violations
SELECT 'the checks above must find totals', a.object, a.actor, left(a.answer, 200) FROM walk.answers a
WHERE a.pass = 'both' AND a.actor = 'viewer' AND a.object = 'function pipeline_summary' AND a.what ~ '^base'
  AND a.answer !~ (1.000003 * 127)::text;

-- Errors speak to the caller: of his input or his rights, and of nothing internal.
INSERT INTO walk.violations
SELECT 'errors speak of input or rights', a.object || ', ' || a.what, a.actor, left(a.answer, 200) FROM walk.answers a
WHERE a.failed IS NOT NULL AND a.failed !~ '^(22|23|55)' AND a.failed NOT IN ('42501', '42704');

-- Writing by function
INSERT INTO walk.violations
SELECT 'only who may, writes', a.object || ', ' || a.what, a.actor, left(a.answer, 200)
FROM walk.answers a JOIN walk.queries q USING (object, what) LEFT JOIN walk.actors l USING (actor)
WHERE a.changed AND NOT walk.may(CASE a.actor WHEN 'other' THEN 'owner' ELSE l.level END, q.writes);
INSERT INTO walk.violations
SELECT 'who may, can', a.object, a.actor, left(a.answer, 200)
FROM walk.answers a JOIN walk.queries q USING (object, what) JOIN walk.actors l USING (actor)
WHERE a.pass = 'both' AND q.what ~ '^base' AND walk.may(l.level, q.writes) AND a.failed IS NOT NULL;
INSERT INTO walk.violations
SELECT 'what says that it writes, must be declared VOLATILE and change something', q.object, a.actor,
  left(a.answer, 200)
FROM walk.queries q JOIN walk.answers a USING (object, what)
WHERE a.pass = 'both' AND a.actor = walk.writer(q.writes) AND q.what ~ '^base' AND q.writes NOT IN ('database')
  AND (NOT q.volatile OR NOT a.changed AND q.object !~ 'refresh_| schedule_jobs|take_job_lock');

-- Tables, row by row: reading and writing as the matrix says.
CREATE FUNCTION walk.outcome(actor walk.actors, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  touched bigint;
BEGIN
  BEGIN
    PERFORM set_config('revenue_intel.identity_source', CASE WHEN actor.claim IS NULL THEN 'role' ELSE 'jwt'
      END, true);
    PERFORM set_config('request.jwt.claims', CASE WHEN actor.claim <> ''
      THEN jsonb_build_object('sub', actor.claim)::text ELSE '' END, true);
    PERFORM set_config('role', actor.role, true);
    EXECUTE query;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'WALK0';
  EXCEPTION WHEN OTHERS THEN
    -- What fails on a constraint has passed the policies.
    result := CASE WHEN SQLSTATE = 'WALK0' THEN CASE WHEN touched > 0 THEN 'allowed' ELSE 'refused' END
                   WHEN SQLSTATE LIKE '23%' THEN 'allowed' WHEN SQLSTATE = '42501' THEN 'refused'
                   ELSE format('%s %s', SQLSTATE, SQLERRM) END;
  END;
  RETURN result;
END $$;
CREATE PROCEDURE walk.try_tables() LANGUAGE plpgsql AS $$
DECLARE
  one walk.actors;
  t record;
  try record;
  result text;
BEGIN
  FOR one IN SELECT * FROM walk.actors WHERE actor <> 'nobody' ORDER BY actor LOOP
    UPDATE revenue.reps SET identity = NULL WHERE org_id = 555;
    IF one.level IN ('viewer', 'member') THEN  -- a viewer who is a rep is still a viewer
      UPDATE revenue.reps SET identity = coalesce(one.claim, one.role) WHERE org_id = 555 AND rep_id = 'ROWA-1';
    END IF;
    FOR t IN
      SELECT m.*, col.name AS plain_column
      FROM walk.matrix m JOIN walk.relations r USING (relation)
      CROSS JOIN LATERAL (  -- any column that is no key and not the owner's
        SELECT quote_ident(a.attname) AS name FROM pg_attribute a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
          AND a.attname IS DISTINCT FROM m.own
          AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisprimary
            AND a.attnum = ANY (i.indkey))
        ORDER BY a.attnum LIMIT 1) AS col
    LOOP
      FOR try IN
        SELECT v.what, v.query, v.allowed FROM (VALUES
          ('read', format('SELECT FROM revenue.%I WHERE org_id = 555 AND %s', t.relation,
             CASE WHEN t.own_reads IS NULL THEN 'true' ELSE format('%I <> ''ROWA-1''', t.own_reads)
               END), walk.may(one.level, t.reads)),
          ('read own', CASE WHEN t.own_reads IS NOT NULL
            THEN format('SELECT FROM revenue.%I WHERE org_id = 555 AND %I = ''ROWA-1''', t.relation, t.own_reads) END,
             walk.may(one.level, t.reads) OR one.level = 'member'),
          ('read the other', format('SELECT FROM revenue.%I WHERE org_id = 777777777', t.relation), false),
          ('update', format('UPDATE revenue.%I SET %s = %2$s WHERE org_id = 555 AND %s', t.relation, t.plain_column,
             CASE WHEN t.own IS NULL THEN 'true' ELSE format('%I <> ''ROWA-1''', t.own)
               END), walk.may(one.level, t.writes)),
          ('update the other', format('UPDATE revenue.%I SET %s = %2$s WHERE org_id = 777777777', t.relation,
            t.plain_column), false),
          ('delete', walk.deletion(t.relation, format('org_id = 555 AND %s',
             CASE WHEN t.own IS NULL THEN 'true' ELSE format('%I <> ''ROWA-1''', t.own)
               END)), walk.may(one.level, t.writes)),
          ('delete the other', walk.deletion(t.relation, 'org_id = 777777777'), false),
          ('delete without the function', format('DELETE FROM revenue.%I', t.relation), false),
          ('insert', walk.insertion(t.relation, format('org_id = 555 AND %s',
             CASE WHEN t.own IS NULL THEN 'true' ELSE format('%I <> ''ROWA-1''', t.own)
               END), '{}'), walk.may(one.level, t.writes)),
          ('insert into the other', walk.insertion(t.relation, 'org_id = 777777777', '{}'), false),
          ('move to the other', CASE WHEN t.relation <> 'orgs'
            THEN format('UPDATE revenue.%I SET org_id = 777777777 WHERE org_id = 555', t.relation) END, false),
          ('truncate', format('TRUNCATE revenue.%I CASCADE', t.relation), false),
          ('update own', CASE WHEN t.own IS NOT NULL
            THEN format('UPDATE revenue.%I SET %s = %2$s WHERE org_id = 555 AND %I = ''ROWA-1''', t.relation,
            t.plain_column, t.own) END,
             walk.may(one.level, t.writes) OR one.level = 'member'),
          ('insert own', CASE WHEN t.own IS NOT NULL THEN walk.insertion(t.relation,
            format('org_id = 555 AND %I = ''ROWA-1''', t.own), '{}') END,
             walk.may(one.level, t.writes) OR one.level = 'member'),
          ('delete own', CASE WHEN t.own IS NOT NULL
            THEN walk.deletion(t.relation, format('org_id = 555 AND %I = ''ROWA-1''', t.own)) END,
             walk.may(one.level, t.writes) OR one.level = 'member'),
          ('give own away', CASE WHEN t.own IS NOT NULL
            THEN format('UPDATE revenue.%I SET %I = ''ROWA-3'' WHERE org_id = 555 AND %2$I = ''ROWA-1''', t.relation,
            t.own) END,
             walk.may(one.level, t.writes)),
          ('take what is not his', CASE WHEN t.own IS NOT NULL
            THEN format('UPDATE revenue.%I SET %I = ''ROWA-1'' WHERE org_id = 555 AND %2$I = ''ROWA-3''', t.relation,
            t.own) END,
             walk.may(one.level, t.writes)),
          ('insert without an owner', CASE WHEN t.own IS NOT NULL
            THEN walk.insertion(t.relation, 'org_id = 555', jsonb_build_object(t.own, NULL)) END,
             walk.may(one.level, t.writes))
        ) AS v(what, query, allowed)
        WHERE v.query IS NOT NULL
      LOOP
        result := walk.outcome(one, try.query);
        IF try.what IN ('move to the other') AND result LIKE '55000%' THEN result := 'refused'; END IF;
        -- A pipeline that has been used stays, for whoever may delete one.
        IF try.what = 'delete' AND result LIKE '55000 pipeline%' THEN result := 'allowed'; END IF;
        -- As the other organisation's owner, one's own is the other.
        IF one.actor <> 'other' AND result <> (CASE WHEN try.allowed THEN 'allowed' ELSE 'refused' END) THEN
          INSERT INTO walk.violations VALUES ('the matrix', 'table ' || t.relation, one.actor,
            format('%s is %s and should be %s', try.what, result, CASE WHEN try.allowed THEN 'allowed' ELSE 'refused'
              END));
        END IF;
      END LOOP;
    END LOOP;
  END LOOP;
END $$;
-- The rows of a condition by their whole keys, which the test may see and the actor perhaps not.
CREATE FUNCTION walk.deletion(relation text, condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  keys jsonb;
BEGIN
  EXECUTE format('SELECT jsonb_agg(jsonb_build_object(%s)) FROM revenue.%I WHERE %s',
    (SELECT string_agg(format('%L, %I', a.attname, a.attname), ', ') FROM pg_attribute AS a
     WHERE a.attrelid = format('revenue.%I', relation)::regclass AND EXISTS (
       SELECT FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey))),
    relation, condition) INTO keys;
  RETURN format('SELECT FROM revenue.delete_rows(%L, %L, %s) AS n WHERE n > 0', relation, keys,
    substring(condition FROM '\d+'));
END $$;
-- The same row once more: where the policies let it through, its key is taken.
CREATE FUNCTION walk.insertion(relation text, condition text, change jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  rows jsonb;
BEGIN
  EXECUTE format('SELECT to_jsonb(t) FROM revenue.%I t WHERE %s LIMIT 1', relation, condition) INTO rows;
  RETURN format('INSERT INTO revenue.%I (%3$s) OVERRIDING SYSTEM VALUE SELECT %3$s FROM jsonb_populate_record(NULL::revenue.%1$I, %2$L)',
    relation, rows || change, walk.columns(relation));
END $$;
CALL walk.try_tables();

-- The catalog
INSERT INTO walk.violations
SELECT 'row security with policies on every table', 'table ' || r.relation, '', 'it has none'
FROM walk.relations r JOIN pg_class c USING (oid)
WHERE r.relkind <> 'v' AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid));
INSERT INTO walk.violations
SELECT 'a policy asks visible_orgs() and own_rep() and no table', 'table ' || r.relation || ' policy ' || p.polname,
  '', e.expression
FROM pg_policy p JOIN walk.relations r ON r.oid = p.polrelid
CROSS JOIN LATERAL (SELECT concat_ws(' ', pg_get_expr(p.polqual, p.polrelid),
  pg_get_expr(p.polwithcheck, p.polrelid)) AS expression) AS e
WHERE e.expression !~ 'org_id = ANY \(revenue\.visible_orgs' OR e.expression ~ 'SELECT'
  OR regexp_replace(e.expression, 'revenue\.(visible_orgs|own_rep)\(', '', 'g') ~ '\w\('
  OR p.polroles <> '{0}' OR NOT p.polpermissive;
INSERT INTO walk.violations
SELECT 'a view runs with the caller''s rights or reads only functions', 'view ' || r.relation, '',
  'reads ' || string_agg(pg_describe_object(d.refclassid, d.refobjid, 0), ', ')
FROM walk.relations r JOIN pg_class c USING (oid) JOIN pg_rewrite w ON w.ev_class = r.oid
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refobjid <> r.oid
LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
WHERE r.relkind = 'v' AND NOT coalesce(c.reloptions @> '{security_invoker=true}'
  OR c.reloptions @> '{security_invoker=on}' OR c.reloptions @> '{security_invoker}', false)
  AND (d.refclassid = 'pg_class'::regclass OR p.pronamespace = 'revenue'::regnamespace AND NOT p.prosecdef
    AND p.provolatile <> 'i')
GROUP BY r.relation;
INSERT INTO walk.violations
SELECT 'a definer function fixes its search_path', p.oid::regprocedure::text, '',
  coalesce(p.proconfig::text, 'no SET')
FROM pg_proc p WHERE p.pronamespace = 'revenue'::regnamespace AND p.prosecdef
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s ~ '^search_path=pg_catalog(, [^,]+)*, pg_temp$');
INSERT INTO walk.violations
SELECT 'nobody but the owner hangs a definer''s trigger on a table', p.oid::regprocedure::text, 'PUBLIC',
  'may EXECUTE it'
FROM pg_proc p WHERE p.pronamespace = 'revenue'::regnamespace AND p.prosecdef AND p.prorettype = 'trigger'::regtype
  AND has_function_privilege('public', p.oid, 'EXECUTE');

-- What a stranger would try: the triggers that write history, on a table of his own.
CREATE PROCEDURE walk.try_triggers() LANGUAGE plpgsql AS $$
DECLARE
  used record;
  before text := walk.fingerprint();
BEGIN
  FOR used IN
    SELECT r.relation, p.proname, p.oid::regprocedure AS function, t.tgtype::integer AS type, t.tgnewtable,
      t.tgoldtable
    FROM pg_trigger t JOIN walk.relations r ON r.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND p.prosecdef AND t.tgtype::integer & 32 = 0
  LOOP
    BEGIN
      EXECUTE format('CREATE TEMP TABLE mine ON COMMIT DROP AS SELECT * FROM revenue.%I', used.relation);
      EXECUTE 'ALTER TABLE mine OWNER TO regress_walk_stranger';
      PERFORM set_config('role', 'regress_walk_stranger', true);
      EXECUTE format('CREATE TRIGGER mine %s %s ON mine %s FOR EACH %s EXECUTE FUNCTION revenue.%I()',
        CASE WHEN used.type & 2 > 0 THEN 'BEFORE' ELSE 'AFTER' END,
        CASE WHEN used.type & 4 > 0 THEN 'INSERT' WHEN used.type & 8 > 0 THEN 'DELETE' ELSE 'UPDATE' END,
        CASE WHEN used.tgnewtable IS NULL AND used.tgoldtable IS NULL THEN ''
             ELSE concat_ws(' ', 'REFERENCING', 'NEW TABLE AS ' || used.tgnewtable,
               'OLD TABLE AS ' || used.tgoldtable) END,
        CASE WHEN used.type & 1 > 0 THEN 'ROW' ELSE 'STATEMENT' END, used.proname);
      PERFORM set_config('revenue.change_reason', 'forged', true);
      EXECUTE CASE WHEN used.type & 4 > 0 THEN 'INSERT INTO mine SELECT * FROM mine' WHEN used.type & 8 > 0
        THEN 'DELETE FROM mine'
                   ELSE 'UPDATE mine SET org_id = org_id' END;
      PERFORM set_config('role', 'none', true);
      RAISE EXCEPTION USING ERRCODE = 'WALK0', MESSAGE = CASE WHEN walk.fingerprint() <> before
        THEN 'it changed the extension''s tables' ELSE 'it ran' END;
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE <> '42501' THEN
        INSERT INTO walk.violations VALUES ('a stranger cannot use a trigger of the extension', used.function::text,
          'stranger', SQLERRM);
      END IF;
    END;
  END LOOP;
END $$;
CALL walk.try_triggers();

-- Objects of an attacker that stand before pg_catalog in the caller's search_path, or in pg_temp,
-- must not run with the owner's rights.
CREATE SCHEMA walk_evil;
CREATE FUNCTION walk_evil.check_rights() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_user OPERATOR(pg_catalog.<>) current_setting('role') THEN RAISE EXCEPTION
    USING ERRCODE = 'WALK1', MESSAGE = 'ran with the rights of another'; END IF;
END $$;
DO $$
DECLARE
  op record;
BEGIN
  FOR op IN
    SELECT o.oid, o.oprname, format_type(o.oprleft, NULL) AS l, format_type(o.oprright, NULL) AS r,
      format_type(o.oprresult, NULL) AS result
    FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace
      AND o.oprname IN ('=', '<>', '<', '>', '<=', '>=', '+', '-', '*', '/', '||', '->', '->>', '~', '!~')
      AND o.oprleft = ANY ('{integer,bigint,text,numeric,double precision,boolean,date,timestamptz,jsonb,name,bpchar}'::regtype[])
      AND o.oprright = ANY ('{integer,bigint,text,numeric,double precision,boolean,date,timestamptz,jsonb,name,bpchar,interval}'::regtype[])
  LOOP
    EXECUTE format('CREATE FUNCTION walk_evil.op_%s(l %s, r %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM walk_evil.check_rights(); RETURN l OPERATOR(pg_catalog.%s) r; END $f$',
      op.oid, op.l, op.r, op.result, op.oprname);
    EXECUTE format('CREATE OPERATOR walk_evil.%s (FUNCTION = walk_evil.op_%s, LEFTARG = %s, RIGHTARG = %s)',
      op.oprname, op.oid, op.l, op.r);
  END LOOP;
END $$;
CREATE FUNCTION walk_evil.now() RETURNS timestamptz
  LANGUAGE plpgsql AS 'BEGIN PERFORM walk_evil.check_rights(); RETURN pg_catalog.now(); END';
CREATE FUNCTION walk_evil.upper(text) RETURNS text
  LANGUAGE plpgsql AS 'BEGIN PERFORM walk_evil.check_rights(); RETURN pg_catalog.upper($1); END';
CREATE FUNCTION walk_evil.to_jsonb(anyelement) RETURNS jsonb
  LANGUAGE plpgsql AS 'BEGIN PERFORM walk_evil.check_rights(); RETURN pg_catalog.to_jsonb($1); END';
CREATE FUNCTION walk_evil.clock_timestamp() RETURNS timestamptz
  LANGUAGE plpgsql AS 'BEGIN PERFORM walk_evil.check_rights(); RETURN pg_catalog.clock_timestamp(); END';
GRANT USAGE ON SCHEMA walk_evil TO PUBLIC;
DO $$
DECLARE
  r record;
BEGIN
  FOR r IN SELECT relation FROM walk.relations UNION
    SELECT unnest('{pg_roles,pg_class,pg_timezone_names,pg_settings}'::text[]) LOOP
    EXECUTE format('CREATE TEMP TABLE %I (org_id integer, identity text, access_level text, rep_id text)',
      r.relation);
    EXECUTE format('GRANT ALL ON pg_temp.%I TO PUBLIC', r.relation);
  END LOOP;
END $$;
BEGIN;
UPDATE revenue.reps SET identity = 'regress_walk_owner' WHERE org_id = 555 AND rep_id = 'ROWA-1';
INSERT INTO walk.violations
SELECT 'an attacker''s operators, functions and temporary tables get no rights', q.object, 'owner', a.answer
FROM walk.queries q, walk.actors o, LATERAL walk.as_actor(o, q.query, NULL, 'walk_evil, pg_temp, pg_catalog') AS a
WHERE o.actor = 'owner' AND q.what ~ '^base' AND a.failed = 'WALK1';
COMMIT;
DISCARD TEMP;

-- Wrappers: rights of their owner, organisations of their caller.
CREATE SCHEMA walk_user AUTHORIZATION regress_walk_owner;
GRANT USAGE ON SCHEMA walk_user TO PUBLIC;
SET ROLE regress_walk_owner;
CREATE FUNCTION walk_user.deals() RETURNS SETOF revenue.deals
  LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM revenue.deals';
CREATE FUNCTION walk_user.orgs() RETURNS SETOF integer LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN QUERY
  SELECT unnest(revenue.visible_orgs('viewer')); END $$;
CREATE VIEW walk_user.deals_view AS SELECT * FROM revenue.deals;
GRANT SELECT ON walk_user.deals_view TO PUBLIC;
RESET ROLE;
INSERT INTO walk.violations
SELECT 'a wrapper lends nobody its owner''s organisations', w.query, a.actor, r.answer
FROM walk.actors a, (VALUES ('walk_user.deals()'), ('walk_user.orgs()'), ('walk_user.deals_view')) AS w(query),
  LATERAL walk.as_actor(a, format('SELECT string_agg(r::text, E''\n''), count(*) FROM %s r', w.query), NULL) AS r
WHERE a.actor NOT IN ('nobody') AND (r.answer ~ CASE WHEN a.actor = 'other' THEN 'ROWA|\m555\M' WHEN a.level = 'viewer'
  THEN 'ROWA' WHEN a.level IS NULL THEN '.' ELSE 'LEAKB|777777777' END
  OR a.actor = 'owner' AND coalesce(r.rows, 0) = 0);

-- Settings
CREATE FUNCTION walk.expect(rule text, actor text, query text, expected text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  a record;
BEGIN
  SELECT r.* INTO a FROM walk.actors x, LATERAL walk.as_actor(x, query, NULL) r WHERE x.actor = expect.actor;
  IF coalesce(a.failed, a.answer) IS DISTINCT FROM expected THEN
    INSERT INTO walk.violations VALUES (rule, query, actor, coalesce(a.answer, 'NULL'));
  END IF;
END $$;
INSERT INTO revenue.members (org_id, identity, access_level) VALUES (777777777, 'regress_walk_analyst', 'viewer');
DO $$
DECLARE
  who text;
  orgs text := 'SELECT revenue.visible_orgs(''viewer'')::text, 1';
  deals text := 'SELECT string_agg(DISTINCT org_id::text, '',''), 1 FROM revenue.orgs';
BEGIN
  PERFORM walk.expect('with several organisations none is chosen', 'analyst', 'SELECT revenue.current_org()::text, 1',
    '22023');
  PERFORM walk.expect('with several organisations all are seen', 'analyst', orgs, '{555,777777777}');
  PERFORM walk.expect('with several organisations one is passed', 'analyst',
    'SELECT revenue.current_org(777777777)::text, 1', '777777777');
  PERFORM set_config('revenue_intel.org_id', '777777777', true);
  PERFORM walk.expect('org_id chooses', 'analyst', 'SELECT revenue.current_org()::text, 1', '777777777');
  PERFORM walk.expect('org_id narrows', 'analyst', orgs, '{777777777}');
  PERFORM walk.expect('org_id narrows', 'analyst', deals, '777777777');
  PERFORM walk.expect('org_id gives no more than one has there', 'analyst',
    'SELECT revenue.visible_orgs(''member'')::text, 1', '{}');
  PERFORM walk.expect('org_id gives nothing', 'owner', orgs, '{}');
  PERFORM walk.expect('org_id gives nothing', 'owner', deals, NULL);
  PERFORM walk.expect('org_id gives nothing', 'owner', 'SELECT revenue.current_org()::text, 1', '42501');
  PERFORM walk.expect('org_id gives nothing', 'owner', 'SELECT revenue.current_org(777777777)::text, 1', '42501');
  PERFORM walk.expect('org_id gives nothing', 'stranger', orgs, '{}');
  PERFORM set_config('revenue_intel.org_id', '0', true);
  FOREACH who IN ARRAY '{owner,stranger,jwt owner,jwt stranger}'::text[] LOOP
    PERFORM walk.expect('who the caller is is not his to set', who,
      'SELECT set_config(''revenue_intel.identity_source'', ''jwt'', false), 1', '42501');
    PERFORM walk.expect('who the caller is is not his to set', who,
      'SELECT set_config(''revenue_intel.identity_source'', ''role'', false), 1', '42501');
    PERFORM walk.expect('who the caller is is not his to set', who,
      'SELECT set_config(''revenue_intel.jwt_claim'', ''role'', false), 1', '42501');
    PERFORM walk.expect('org_id is everybody''s', who, 'SELECT set_config(''revenue_intel.org_id'', ''5'', true), 1',
      '5');
    PERFORM walk.expect('org_id is a number', who, 'SELECT set_config(''revenue_intel.org_id'', ''-1'', true), 1',
      '22023');
    PERFORM walk.expect('the prefix is reserved', who,
      'SELECT set_config(''revenue_intel.nonsense'', ''1'', true), 1', '42602');
    PERFORM set_config('row_security', 'off', true);
    PERFORM walk.expect('nobody switches the policies off', who, 'SELECT count(*)::text, 1 FROM revenue.deals',
      '42501');
    PERFORM walk.expect('nobody switches the policies off', who, 'SELECT revenue.restoring()::text, 1', 'false');
    PERFORM set_config('row_security', 'on', true);
  END LOOP;
  -- A claim only counts where a superuser said so.
  PERFORM set_config('request.jwt.claims', '{"sub": "regress_walk_owner"}', true);
  PERFORM walk.expect('a claim is no role', 'stranger',
    'SELECT revenue.visible_orgs(''viewer'')::text, length(set_config(''request.jwt.claims'', ''{"sub": "regress_walk_owner"}'', true))', '{}');
  PERFORM walk.expect('a claim is no role', 'stranger', 'SELECT revenue.caller_identity(), 1',
    'regress_walk_stranger');
END $$;
DO $$
DECLARE
  claims text;
BEGIN
  -- Claims that are no identity.
  FOREACH claims IN ARRAY ARRAY['', '{}', '[]', 'null', '"regress_walk_owner"', '{"sub": null}', '{"sub": 5}',
    '{"sub": ["walk-owner"]}', '{"sub": ""}', '{"SUB": "walk-owner"}', '{"sub": "walk-owner "}', 'walk-owner',
    '{"sub": "walk-owner"'] LOOP
    BEGIN
      PERFORM set_config('revenue_intel.identity_source', 'jwt', true);
      PERFORM set_config('request.jwt.claims', claims, true);
      PERFORM set_config('role', 'regress_walk_gateway', true);
      IF revenue.visible_orgs('viewer') <> '{}' OR (SELECT count(*) FROM revenue.deals) > 0 THEN
        RAISE EXCEPTION 'visible' USING ERRCODE = 'WALK1'; END IF;
      RAISE EXCEPTION USING ERRCODE = 'WALK0';
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE NOT IN ('WALK0', '22023') THEN
        INSERT INTO walk.violations VALUES ('a claim without an identity shows nothing', claims, 'gateway',
          SQLSTATE || ' ' || SQLERRM);
      END IF;
    END;
  END LOOP;
END $$;

-- Rights that end while a statement goes on: by a savepoint's rollback, and in another transaction of a
-- procedure.
CREATE TABLE walk.seen_after (step text, orgs integer[]);
CREATE PROCEDURE walk.rights_that_end() LANGUAGE plpgsql AS $$
DECLARE
  orgs integer[];
BEGIN
  BEGIN
    INSERT INTO revenue.members (org_id, identity, access_level) VALUES (777777777, 'regress_walk_stranger', 'owner');
    PERFORM set_config('role', 'regress_walk_stranger', true);
    orgs := revenue.visible_orgs('viewer');
    RAISE EXCEPTION USING ERRCODE = 'WALK0';
  EXCEPTION WHEN SQLSTATE 'WALK0' THEN NULL;
  END;
  PERFORM set_config('role', 'regress_walk_stranger', true);
  orgs := revenue.visible_orgs('viewer');
  PERFORM set_config('role', 'none', true);
  INSERT INTO walk.seen_after VALUES ('a savepoint''s rollback', orgs);
  COMMIT;

  INSERT INTO revenue.members (org_id, identity, access_level) VALUES (777777777, 'regress_walk_stranger', 'owner');
  COMMIT;
  PERFORM set_config('role', 'regress_walk_stranger', true);
  orgs := revenue.visible_orgs('viewer');
  COMMIT;
  DELETE FROM revenue.members WHERE identity = 'regress_walk_stranger';
  COMMIT;
  PERFORM set_config('role', 'regress_walk_stranger', true);
  orgs := revenue.visible_orgs('viewer');
  PERFORM set_config('role', 'none', true);
  INSERT INTO walk.seen_after VALUES ('another transaction of the same call', orgs);
END $$;
CALL walk.rights_that_end();
INSERT INTO walk.violations
SELECT 'rights that ended are gone', step, 'stranger', orgs::text FROM walk.seen_after WHERE orgs <> '{}';
SELECT count(*) = 2 AS steps FROM walk.seen_after \gset
INSERT INTO walk.violations SELECT 'rights that ended are gone', 'the test', '', 'did not run' WHERE NOT :'steps';

-- The library is not loaded yet where a session sets what is not its to set.
\c -
\set SHOW_CONTEXT never
SET client_min_messages = error;
SET SESSION AUTHORIZATION regress_walk_stranger;
SET revenue_intel.identity_source = 'jwt';
SET request.jwt.claims = '{"sub": "walk-owner"}';
SELECT coalesce(revenue.caller_identity(), '') AS identity, revenue.visible_orgs('viewer') AS orgs,
  current_setting('revenue_intel.identity_source') AS source \gset
RESET SESSION AUTHORIZATION;
INSERT INTO walk.violations
SELECT 'a setting made before the library is loaded does not count', 'identity_source', 'stranger',
  format('%s %s %s', :'identity', :'orgs', :'source')
WHERE (:'identity', :'orgs', :'source') IS DISTINCT FROM ('regress_walk_stranger', '{}', 'role');
\set ECHO all

-- violations
SELECT rule, object, string_agg(DISTINCT actor, ', ') AS actors, replace(min(problem), E'\n', '; ') AS such_as
  FROM walk.violations GROUP BY rule, object ORDER BY rule, object;

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
DROP SCHEMA walk, walk_evil, walk_user CASCADE;
SELECT format('DROP OWNED BY %I; DROP ROLE %I', rolname, rolname) FROM pg_roles
  WHERE rolname LIKE 'regress\_walk\_%' \gexec
