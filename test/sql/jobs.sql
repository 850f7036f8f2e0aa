-- Jobs: when they are due, across both changes of the clocks too; what runs, fails, is made up for and is
-- logged; who may. Two at once are in test/isolation, pg_cron and a server's life in test/t.
\set ECHO none
\set SHOW_CONTEXT never
SET client_min_messages = error;
SET timezone = UTC;
SET datestyle = ISO;
SET intervalstyle = postgres;
DROP ROLE IF EXISTS regress_jobs_owner, regress_jobs_admin, regress_jobs_analyst, regress_jobs_member;
CREATE ROLE regress_jobs_owner;
CREATE ROLE regress_jobs_admin;
CREATE ROLE regress_jobs_analyst;
CREATE ROLE regress_jobs_member;
CREATE EXTENSION revenue_intel;
\set ECHO all
SELECT revenue.create_org('Berlin', time_zone => 'Europe/Berlin') AS org \gset
SELECT revenue.create_org('Other', time_zone => 'America/New_York') AS other \gset
SELECT count(revenue.add_member('regress_jobs_' || l, l, :org)) AS members FROM unnest('{owner,admin,analyst,member}'::text[]) AS l;

-- Every job of the extension works ---------------------------------------------------------------
SELECT revenue.schedule_jobs(:org) IS NOT NULL AS scheduled;
SELECT job, r ->> 'state' AS state, r ->> 'error' AS error FROM revenue.builtin_jobs() AS b, revenue.run_job(b.job, org => :org) AS r ORDER BY job;
SELECT job, run_at, every_minutes, weekday FROM revenue.builtin_jobs() ORDER BY job;
DELETE FROM revenue.job_runs;

-- Local time -------------------------------------------------------------------------------------
-- skipped hours: the first instant there is; repeated hours: the second time
SELECT zone, local, revenue.local_instant(local, zone) AS utc, revenue.local_instant(local, zone) AT TIME ZONE zone AS shown
FROM (VALUES ('Europe/Berlin', '2024-03-31 01:59:59'::timestamp), ('Europe/Berlin', '2024-03-31 02:00'), ('Europe/Berlin', '2024-03-31 02:30'),
  ('Europe/Berlin', '2024-03-31 03:00'), ('Europe/Berlin', '2024-10-27 02:30'), ('America/New_York', '2024-03-10 02:30'),
  ('America/Havana', '2024-03-10 00:00'), ('Australia/Lord_Howe', '2024-10-06 02:15'), ('Pacific/Apia', '2011-12-30 07:30'),
  ('Asia/Kathmandu', '2024-01-01 07:30'), ('UTC', '2024-01-01 07:30')) AS v(zone, local);
SELECT t.*, last_due AT TIME ZONE 'Europe/Berlin' AS shown_last, next_due AT TIME ZONE 'Europe/Berlin' AS shown_next
FROM (VALUES ('07:30'::time, 1440, 0, '2024-06-12 05:30+00'), ('07:30', 1440, 0, '2024-06-12 05:29:59.999999+00'), ('07:00', 1440, 1, '2024-06-12 12:00+00'),
  ('07:00', 1440, 1, '2024-06-10 05:00+00'), ('00:00', 360, 0, '2024-03-31 00:30+00'), ('03:30', 360, 0, '2024-06-12 12:00+00'),
  ('23:00', 720, 7, '2024-06-12 12:00+00'), ('00:00', 15, 0, '2024-10-27 00:44+00')) AS v(run_at, every, day, at),
  LATERAL revenue.job_times(v.run_at, v.every, v.day, 'Europe/Berlin', v.at::timestamptz) AS t;
SELECT revenue.local_instant('2024-01-01', 'Nowhere/Land');
SELECT revenue.local_instant('infinity', 'UTC');
SELECT revenue.job_times('07:30', 7, 0, 'UTC', now());
SELECT revenue.job_times('07:30', 1440, 8, 'UTC', now());
SELECT revenue.job_times('07:30', 1440, 0, 'UTC', 'infinity');
-- Over both changes, in zones of all kinds: what was due last has passed, what is due next has not, nothing lies
-- between them, and a daily job has one time for each day that there is.
WITH instants AS (
  SELECT z.zone, r.*, g AS at, t.* FROM (VALUES ('Europe/Berlin', '2024-03-31 00:00+00'::timestamptz), ('Europe/Berlin', '2024-10-27 00:00+00'),
      ('America/New_York', '2024-03-10 05:00+00'), ('America/Havana', '2024-11-03 05:00+00'), ('Australia/Lord_Howe', '2024-04-06 15:00+00'),
      ('Pacific/Apia', '2011-12-30 10:00+00')) AS z(zone, around),
    (VALUES ('00:00'::time, 1440), ('02:30', 1440), ('01:15', 360)) AS r(run_at, every),
    generate_series(z.around - interval '2 days', z.around + interval '2 days', interval '35 minutes') AS g,
    revenue.job_times(r.run_at, r.every, 0, z.zone, g) AS t
)
SELECT count(*) > 2500 AS tried, bool_and(last_due <= at AND at < next_due) AS around,
  bool_and((revenue.job_times(run_at, every, 0, zone, next_due)).last_due = next_due) AS next_follows,
  bool_and((revenue.job_times(run_at, every, 0, zone, next_due - interval '1 us')).last_due = last_due) AS nothing_between,
  bool_and(CASE every WHEN 1440 THEN next_due - last_due BETWEEN '22 hours' AND '26 hours' ELSE next_due - last_due BETWEEN '4 hours' AND '8 hours' END) AS steps
FROM instants;

-- What runs --------------------------------------------------------------------------------------
-- From here on the jobs are those of this test.
CREATE TABLE public.done (org_id integer, job text, due_at timestamptz, chosen text);
CREATE FUNCTION public.work(job text, due_at timestamptz, org integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.done VALUES (org, job, due_at, current_setting('revenue_intel.org_id'));
  IF job = 'fails' AND current_setting('test.fails', true) IS DISTINCT FROM 'no' THEN RAISE EXCEPTION 'it broke' USING ERRCODE = '22012'; END IF;
  IF job = 'sleeps' THEN PERFORM pg_sleep(30); END IF;
  RETURN 'did ' || job;
END $$;
CREATE FUNCTION public.use_jobs(rules text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION revenue.builtin_jobs()
    RETURNS TABLE (job text, description text, run_at time, every_minutes integer, weekday smallint, command text)
    LANGUAGE sql IMMUTABLE AS $f$ SELECT v.job, v.job, v.run_at::time, v.every, v.day::smallint,
      format(''SELECT public.work(%%L, $1, $2)'', v.job) FROM (VALUES %s) AS v(job, run_at, every, day) $f$', rules);
END $$;
SELECT public.use_jobs($$('night', '02:30', 1440, 0), ('hours', '00:00', 360, 0), ('monday', '07:00', 1440, 1)$$);
UPDATE revenue.job_schedules SET scheduled_at = '2024-01-01';

-- A tick every minute over the day the clocks go forward, and the day they go back.
CREATE PROCEDURE public.tick(from_time timestamptz, to_time timestamptz, step interval) LANGUAGE plpgsql AS $$
DECLARE
  at timestamptz;
BEGIN
  FOR at IN SELECT generate_series(from_time, to_time, step) LOOP CALL revenue.run_due_jobs(at); END LOOP;
END $$;
CALL public.tick('2024-03-30 12:00+00', '2024-03-31 00:00+00', '3 hours');
CALL public.tick('2024-03-31 00:00+00', '2024-03-31 04:10+00', '1 minute');
SELECT job, due_at AS utc, due_at AT TIME ZONE 'Europe/Berlin' AS shown, started_at - due_at AS late, state, result
FROM revenue.job_runs WHERE started_at >= '2024-03-31' ORDER BY started_at, job;
TRUNCATE public.done;
CALL public.tick('2024-10-26 12:00+00', '2024-10-27 00:00+00', '3 hours');
CALL public.tick('2024-10-27 00:00+00', '2024-10-27 05:10+00', '1 minute');
SELECT job, due_at AS utc, due_at AT TIME ZONE 'Europe/Berlin' AS shown, started_at - due_at AS late, state, result
FROM revenue.job_runs WHERE started_at >= '2024-10-27' ORDER BY started_at, job;
-- it ran for its organisation, and the session is as it was
SELECT count(*) > 5 AS ran, count(*) FILTER (WHERE chosen = :'org') = count(*) AS narrowed, current_setting('revenue_intel.org_id') AS now FROM public.done;

-- Ten days without a server: each job once, for the last time it was due; one second late is not overdue, ten days are.
SELECT job, due_at, overdue, next_run_at FROM revenue.job_status('2024-11-06 12:00+00', :org) ORDER BY job;
CALL revenue.run_due_jobs('2024-11-06 12:00+00');
CALL revenue.run_due_jobs('2024-11-06 12:00+00');
SELECT job, due_at, started_at FROM revenue.job_runs WHERE started_at > '2024-10-28' ORDER BY job;
SELECT job, due_at, overdue, next_run_at, last_success_at >= '2024-11-06 12:00+00' AS succeeded, last_result FROM revenue.job_status('2024-11-06 12:00+00', :org) ORDER BY job;

-- A job that fails is undone, logged and tried again, later each time; the others run, and so do those of others.
SELECT count(*) AS rows FROM revenue.schedule_jobs(:other);
UPDATE revenue.job_schedules SET scheduled_at = '2024-12-31 22:00+00';
SELECT public.use_jobs($$('fails', '01:00', 1440, 0), ('later', '01:00', 1440, 0)$$);
TRUNCATE public.done;
DELETE FROM revenue.job_runs;
CALL public.tick('2025-01-01 00:00+00', '2025-01-01 00:20+00', '1 minute');
SELECT job, state, started_at, error, result FROM revenue.job_runs WHERE org_id = :org ORDER BY started_at, job;
SELECT job, due_at, next_run_at - '2025-01-01 00:20+00' AS waits, overdue, failures, last_error FROM revenue.job_status('2025-01-01 00:20+00', :org);
SELECT job, count(*) FROM public.done GROUP BY job;
SELECT state, severity, title, times_seen > 1 AS again, evidence ->> 'error' AS error FROM revenue.alerts WHERE org_id = :org AND rule = 'job_failed';
SELECT f, revenue.retry_delay(f) FROM unnest('{-1,0,1,2,6,7,1000000000000}'::bigint[]) AS f;
SET test.fails = 'no';
CALL public.tick('2025-01-01 00:21+00', '2025-01-01 00:40+00', '1 minute');
RESET test.fails;
SELECT job, state, started_at FROM revenue.job_runs WHERE org_id = :org AND job = 'fails' AND started_at > '2025-01-01 00:20+00';
SELECT job, due_at, next_run_at, failures, last_error FROM revenue.job_status('2025-01-01 00:40+00', :org);
SELECT state, resolved_by FROM revenue.alerts WHERE org_id = :org AND rule = 'job_failed';
CALL revenue.run_due_jobs('2025-01-01 12:00+00');
SELECT org_id = :other AS others, job, state FROM revenue.job_runs WHERE started_at = '2025-01-01 12:00+00' ORDER BY job;

-- A run whose session ended is found out, and tried again.
SELECT public.use_jobs($$('breaks', '01:00', 1440, 0)$$);
INSERT INTO revenue.job_runs (org_id, job, due_at, started_at, state, run_by) VALUES (:org, 'breaks', '2025-01-02 00:00+00', '2025-01-02 00:00:07+00', 'running', 'gone');
SELECT job, running_since FROM revenue.job_status('2025-01-02 00:01+00', :org);
CALL public.tick('2025-01-02 00:01+00', '2025-01-02 00:02+00', '1 minute');
SELECT state, started_at, finished_at IS NOT NULL AS finished, error FROM revenue.job_runs WHERE job = 'breaks' AND org_id = :org ORDER BY started_at;
SELECT count(*) AS alerts FROM revenue.alerts WHERE title LIKE 'Job breaks%';
-- once may be a restart; twice is news
INSERT INTO revenue.job_runs (org_id, job, due_at, started_at, finished_at, state, run_by) VALUES
  (:org, 'breaks', '2025-01-03 00:00+00', '2025-01-03 00:00:07+00', '2025-01-03 00:01+00', 'interrupted', 'gone'),
  (:org, 'breaks', '2025-01-03 00:00+00', '2025-01-03 00:02:07+00', NULL, 'running', 'gone');
CALL revenue.run_due_jobs('2025-01-03 00:03+00');
SELECT state, title FROM revenue.alerts WHERE title LIKE 'Job breaks%';
CALL revenue.run_due_jobs('2025-01-03 00:05+00');
SELECT state FROM revenue.alerts WHERE title LIKE 'Job breaks%';

-- A tick that is canceled logs the job it was in and ends; it begins no other.
SELECT public.use_jobs($$('sleeps', '01:00', 1440, 0), ('tired', '01:00', 1440, 0)$$);
SET statement_timeout = '300ms';
CALL revenue.run_due_jobs('2025-01-03 12:00+00');
RESET statement_timeout;
SELECT job, state, error FROM revenue.job_runs WHERE job IN ('sleeps', 'tired');
-- an organisation whose jobs cannot be worked out keeps nobody else's from running
SELECT public.use_jobs($$('good', '01:00', 1440, 0)$$);
UPDATE revenue.orgs SET time_zone = 'Nowhere/Land' WHERE org_id = :org;
SET client_min_messages = warning;
CALL revenue.run_due_jobs('2025-01-03 12:00+00');
SET client_min_messages = error;
UPDATE revenue.orgs SET time_zone = 'Europe/Berlin' WHERE org_id = :org;
SELECT org_id = :other AS others, state FROM revenue.job_runs WHERE job = 'good';
-- nor does one whose run cannot be logged; the next tick takes that for interrupted
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no log today'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON revenue.job_runs FOR EACH ROW WHEN (old.job = 'unloggable') EXECUTE FUNCTION public.refuse();
SELECT public.use_jobs($$('unloggable', '01:00', 1440, 0), ('zz_after', '01:00', 1440, 0)$$);
SET client_min_messages = warning;
CALL revenue.run_due_jobs('2025-01-03 12:00+00');
SET client_min_messages = error;
SELECT job, state FROM revenue.job_runs WHERE job IN ('unloggable', 'zz_after') AND org_id = :org ORDER BY job;
DROP TRIGGER refuse ON revenue.job_runs;
-- what lies in the future does not run
CALL revenue.run_due_jobs(now() + interval '1 day');
CALL revenue.run_due_jobs('infinity');
CALL revenue.run_due_jobs('-infinity');
SELECT revenue.run_job('good', now() + interval '1 day', :org);

-- Rules of one's own: only what differs is kept, and nothing is made up for that the new rule would have had run before
SELECT public.use_jobs($$('daily', '00:00', 1440, 0), ('off', '00:00', 1440, 0)$$);
SELECT revenue.set_job('daily', run_at => '03:00', every_minutes => 720, weekday => 0, reason => 'twice', org => :org), revenue.set_job('off', enabled => false, org => :org);
UPDATE revenue.job_settings SET changed_at = '2025-01-05 08:00+00';
SELECT job, enabled, run_at, every_minutes, due_at, next_run_at FROM revenue.job_status('2025-01-05 09:00+00', :org) ORDER BY job;
SELECT job, due_at, next_run_at FROM revenue.job_status('2025-01-05 14:00+00', :org) ORDER BY job;
SELECT revenue.set_job('daily', org => :org);
SELECT job, run_at, every_minutes, weekday FROM revenue.job_settings ORDER BY job;
SELECT action, object_id, old ->> 'run_at' AS old, new ->> 'run_at' AS new, reason FROM revenue.audit_log WHERE action ~ 'job' ORDER BY at;
SELECT revenue.set_job('no such job', org => :org);
SELECT revenue.set_job(NULL, org => :org);
SELECT revenue.set_job('daily', every_minutes => 7, org => :org);
SELECT revenue.set_job('daily', every_minutes => 0, org => :org);
SELECT revenue.set_job('daily', weekday => 8, org => :org);

-- By hand: due or not; a second one at once is in test/isolation
SELECT r - '{due_at,started_at,finished_at}'::text[] AS answer, (r ->> 'due_at')::timestamptz > now() - interval '1 minute' AS due_now FROM revenue.run_job('off', org => :org) AS r;
SELECT public.use_jobs($$('fails', '00:00', 1440, 0)$$);
SELECT r ->> 'state' AS state, r ->> 'error' AS error FROM revenue.run_job('fails', org => :org) AS r;
SELECT revenue.run_job('no such job', org => :org);

-- The log: the last success of a job stays
DELETE FROM revenue.job_runs;
INSERT INTO revenue.job_runs (org_id, job, due_at, started_at, finished_at, state, run_by)
SELECT :org, 'fails', d, d, d, s, 'x' FROM (VALUES ('2024-01-01'::timestamptz, 'succeeded'), ('2024-01-02', 'succeeded'), ('2024-01-03', 'failed'), (now(), 'failed')) AS v(d, s);
SELECT revenue.purge_job_runs(org => :org) AS purged;
SELECT state, due_at < '2025-01-01' AS old FROM revenue.job_runs ORDER BY due_at;
SELECT revenue.purge_job_runs('-1 day', :org);

-- Who may ----------------------------------------------------------------------------------------
DELETE FROM revenue.job_runs;
DELETE FROM revenue.job_settings;
GRANT INSERT ON public.done TO PUBLIC;
SELECT public.use_jobs($$('mine', '00:00', 1440, 0)$$);
UPDATE revenue.job_schedules SET scheduled_at = '2025-01-01';
SET ROLE regress_jobs_member;
SELECT count(*) AS jobs FROM revenue.job_status;
CALL revenue.run_due_jobs();
SELECT revenue.run_job('mine');
SELECT revenue.schedule_jobs();
SET ROLE regress_jobs_analyst;
SELECT count(*) AS jobs, count(DISTINCT org_id) AS organisations, bool_and(due_at IS NOT NULL) AS due FROM revenue.job_status;
CALL revenue.run_due_jobs();
SELECT count(*) AS runs FROM revenue.job_runs;
SELECT revenue.purge_job_runs();
SET ROLE regress_jobs_admin;
CALL revenue.run_due_jobs();
SELECT job, state, run_by FROM revenue.job_runs;
SELECT revenue.set_job('mine', false);
SELECT revenue.unschedule_jobs();
RESET ROLE;
SELECT count(*) AS others FROM revenue.job_runs WHERE org_id = :other;
-- a tick in a hostile search_path calls nobody's functions and operators
CREATE SCHEMA evil;
CREATE FUNCTION evil.trap(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.trap);
CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.trap);
CREATE DOMAIN evil.text AS integer;
SET search_path = evil, pg_catalog;
CALL revenue.run_due_jobs();
RESET search_path;
SELECT org_id = :other AS others, state FROM revenue.job_runs ORDER BY 1;
-- inside somebody's transaction the tick cannot commit, and says so
BEGIN;
DELETE FROM revenue.job_runs;
CALL revenue.run_due_jobs();
ROLLBACK;

-- A step that fails undoes no other, and what a step leaves out stands in the log; the tick says when it came.
CREATE OR REPLACE FUNCTION revenue.builtin_jobs()
RETURNS TABLE (job text, description text, run_at time, every_minutes integer, weekday smallint, command text)
LANGUAGE sql IMMUTABLE AS $f$ VALUES ('steps', 'steps', '00:00'::time, 1440, 0::smallint, 'SELECT 1; SELECT 1 / 0; SELECT 3'),
  ('leaves', 'leaves', '00:00'::time, 1440, 0::smallint, 'SELECT revenue.leave_out(''a deal'', E''22003 too\nlarge''); SELECT 2') $f$;
SELECT r ->> 'state' AS state, r ->> 'result' AS result, r ->> 'error' AS error, r -> 'warnings' AS warnings
FROM unnest('{steps,leaves}'::text[]) AS j, revenue.run_job(j, org => :org) AS r;
SELECT title, evidence -> 'left_out' AS left_out FROM revenue.open_alerts WHERE org_id = :org AND rule = 'job_failed' ORDER BY 1;
SELECT last_tick_at < now() AS ticked, last_warnings FROM revenue.job_status WHERE org_id = :org AND job = 'leaves';
SELECT h ->> 'status' AS status, h #>> '{components,jobs}' AS jobs, h ->> 'hints' AS hints FROM revenue.health_check(:org) AS h;
BEGIN;
DELETE FROM revenue.job_runs WHERE org_id = :org AND (state <> 'succeeded' OR warnings <> '{}');
SELECT revenue.health_check(:org) #>> '{components,jobs}' AS jobs;
ROLLBACK;

-- The schedule, without pg_cron in this database -------------------------------------------------
SET ROLE regress_jobs_owner;
SELECT done, replace(command, current_database(), 'here') AS command FROM revenue.schedule_jobs();
SELECT count(*) AS schedules FROM revenue.job_schedules;
SELECT done, replace(command, current_database(), 'here') AS command FROM revenue.unschedule_jobs();
SELECT count(*) AS again FROM revenue.unschedule_jobs();
SELECT enabled, due_at, next_run_at FROM revenue.job_status;
RESET ROLE;
SELECT count(*) AS rows_while_another_is_scheduled FROM revenue.unschedule_jobs(:org);
SELECT done FROM revenue.unschedule_jobs(:other);

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
DROP SCHEMA evil CASCADE;
DROP TABLE public.done;
DROP ROLE regress_jobs_owner, regress_jobs_admin, regress_jobs_analyst, regress_jobs_member;
