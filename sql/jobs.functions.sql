-- The room jobs: what runs when, in the organisation's time zone, and the tick that runs it.
--
-- A scheduler knows neither time zones (pg_cron 1.4) nor what it missed. So it only calls run_due_jobs()
-- once a minute, and what is due is worked out here from the rules and from job_runs: a job is due once
-- its latest time has passed without a run that succeeded. That makes up for missed runs, for a server
-- that was down and for days without, or with twice, an hour.
--
-- What runs is code of this extension only. Who may change when a job runs cannot change what it runs,
-- because the tick may have more rights than he.

CREATE OR REPLACE FUNCTION revenue.builtin_jobs()
RETURNS TABLE (job text, description text, run_at time, every_minutes integer, weekday smallint, command text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 BEGIN ATOMIC
  VALUES
    ('revenue_pipeline_snapshot', 'Keeps the pipeline and the metrics of the days that are over and not kept yet, and what is out of line in them',
     '00:00'::time, 1440, 0::smallint,
     'SELECT revenue.catch_up_snapshots(org => $2); SELECT revenue.catch_up_metrics(org => $2); SELECT revenue.record_anomalies(org => $2)'),
    ('revenue_alert_check', 'Judges the alert rules, and tells what is new',
     '00:30', 360, 0, 'SELECT count(*) FILTER (WHERE c.outcome = ''opened'') FROM revenue.check_alerts(org => $2) AS c'),
    ('revenue_forecast_update', 'Weighs the open pipeline anew for log_deal(), and reads past months for generate_forecast()',
     '04:30', 1440, 0, 'SELECT revenue.refresh_forecast($2); SELECT revenue.refresh_forecast_origins(org => $2)'),
    ('offer_performance_update', 'Computes the performance of offers by month anew',
     '05:00', 1440, 0, 'SELECT revenue.update_offer_performance(org => $2)'),
    ('revenue_ledger_update', 'Folds the sums of the ledger of MRR, and brings in policies that came in force',
     '00:05', 60, 0,
     'SELECT revenue.update_ledger($2)'),
    ('revenue_cleanup', 'Deletes messages delivered, and the log of jobs run, long ago',
     '03:15', 1440, 0, 'SELECT revenue.purge_messages(org => $2); SELECT revenue.purge_job_runs(org => $2)');
END;
COMMENT ON FUNCTION revenue.builtin_jobs IS
  'The jobs there are, when they run in the organisation''s time zone (from run_at every so many minutes, weekday 1 = Monday, 0 = every day), and what they run, steps apart by semicolons: $1 = when it was due, $2 = the organisation';

-- When ----------------------------------------------------------------------------------------

-- Where the clocks go forward PostgreSQL reads 02:30 as the instant that shows 03:30. A job is to run
-- at the first instant there is, at which the clocks show 03:00: it lies between what 02:30 would be
-- before the change and what it would be after.
CREATE OR REPLACE FUNCTION revenue.local_instant(local_time timestamp, zone text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  before timestamptz;
  after timestamptz;
  middle timestamptz;
BEGIN
  IF local_time NOT BETWEEN '0001-01-02' AND '9999-12-30' THEN
    RAISE EXCEPTION 'a local time must lie in the years 1 to 9999' USING ERRCODE = 'datetime_field_overflow',
      HINT = 'Pass a date and a time of day.';
  END IF;
  BEGIN
    after := local_time AT TIME ZONE zone;
  EXCEPTION WHEN invalid_parameter_value THEN
    RAISE EXCEPTION 'unknown time zone "%"', zone USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use a name from pg_timezone_names, such as Europe/Berlin.';
  END;
  IF after AT TIME ZONE zone <= local_time THEN RETURN after; END IF;
  before := after - interval '26 hours';
  WHILE after - before > interval '1 second' LOOP
    middle := date_trunc('second', before + (after - before) / 2);
    IF middle AT TIME ZONE zone > local_time THEN after := middle; ELSE before := middle; END IF;
  END LOOP;
  RETURN after;
END $$;
COMMENT ON FUNCTION revenue.local_instant IS
  'When the clocks of a zone show this time; where they skip it, when they go on; where they show it twice, the second time, as PostgreSQL has it';

CREATE OR REPLACE FUNCTION revenue.job_times(
  run_at time, every_minutes integer, weekday integer, zone text, as_of timestamptz,
  OUT last_due timestamptz, OUT next_due timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date;
  span integer := CASE WHEN weekday = 0 THEN 3 ELSE 9 END;
  step interval := make_interval(mins => every_minutes);
BEGIN
  IF as_of NOT BETWEEN '0001-02-01' AND '9999-12-01' THEN
    RAISE EXCEPTION 'as_of must lie in the years 1 to 9999' USING ERRCODE = 'datetime_field_overflow',
      HINT = 'Leave it out for now.';
  ELSIF NOT (every_minutes BETWEEN 1 AND 1440 AND 1440 % greatest(every_minutes, 1) = 0 AND weekday BETWEEN 0 AND 7) THEN
    RAISE EXCEPTION 'no such rule' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF every_minutes < 60 THEN
    -- Within the hour what counts is the time that passes, also in an hour that comes twice.
    last_due := date_bin(step, as_of, '2000-01-01 00:00+00');
    next_due := last_due + step;
    RETURN;
  END IF;
  -- A day more on either side than the rule needs, for zones that once left out a day. What PostgreSQL
  -- makes of a local time is the instant unless the clocks skip it.
  today := as_of::date;
  SELECT max(t.instant) FILTER (WHERE t.instant <= as_of), min(t.instant) FILTER (WHERE t.instant > as_of)
  INTO last_due, next_due
  FROM generate_series((today - span)::timestamp, (today + span)::timestamp, interval '1 day') AS day,
    generate_series(0, 1439, every_minutes) AS shift,
    LATERAL (SELECT day + (run_at + make_interval(mins => shift))::interval AS local) AS l,
    LATERAL (SELECT l.local AT TIME ZONE zone AS read) AS r,
    LATERAL (SELECT CASE WHEN r.read AT TIME ZONE zone <= l.local THEN r.read ELSE revenue.local_instant(l.local, zone) END AS instant) AS t
  WHERE (weekday = 0 OR extract(isodow FROM day) = weekday) AND ((day AT TIME ZONE zone) AT TIME ZONE zone)::date = day::date;
EXCEPTION WHEN invalid_parameter_value THEN
  RAISE EXCEPTION '%', SQLERRM USING ERRCODE = 'invalid_parameter_value',
    HINT = 'Use a zone of pg_timezone_names; every_minutes must divide a day of 1440; weekday is 1 (Monday) to 7, or 0 for every day.';
END $$;
COMMENT ON FUNCTION revenue.job_times IS
  'When a rule was due last, and is due next, seen from an instant';

CREATE OR REPLACE FUNCTION revenue.retry_delay(failures bigint) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT make_interval(mins => least(60, 2 ^ least(greatest(failures, 1) - 1, 6))::integer);
END;
COMMENT ON FUNCTION revenue.retry_delay IS
  'How long a job that failed so many times since it was due waits: a minute, doubled each time up to an hour';

CREATE OR REPLACE FUNCTION revenue.job_status(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, job text, description text, enabled boolean, run_at time, every_minutes integer, weekday smallint,
  time_zone text, due_at timestamptz, next_run_at timestamptz, overdue boolean, running_since timestamptz,
  last_success_at timestamptz, last_duration interval, last_result text, failures bigint, last_error text,
  last_warnings text, last_tick_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$  -- the tick calls it for each organisation, and planning takes longer
#variable_conflict use_column
DECLARE
  moment timestamptz := coalesce(revenue.checked_instant(job_status.as_of), now());
  served integer[] := ARRAY(
    SELECT v FROM unnest(revenue.visible_orgs('analyst')) AS v WHERE job_status.org IS NULL OR v = job_status.org);
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH rules AS (
    SELECT o.org_id, b.job, b.description, s.scheduled_at IS NOT NULL AND coalesce(e.enabled, true) AS enabled,
      coalesce(e.run_at, b.run_at) AS run_at, coalesce(e.every_minutes, b.every_minutes) AS every_minutes,
      coalesce(e.weekday, b.weekday) AS weekday, o.time_zone, greatest(s.scheduled_at, e.changed_at) AS since,
      s.last_tick_at
    FROM revenue.orgs AS o
    CROSS JOIN revenue.builtin_jobs() AS b
    LEFT JOIN revenue.job_schedules AS s ON s.org_id = o.org_id
    LEFT JOIN revenue.job_settings AS e ON e.org_id = o.org_id AND e.job = b.job
    WHERE o.org_id = ANY (served)
  )
  SELECT r.org_id, r.job, r.description, r.enabled, r.run_at, r.every_minutes, r.weekday, r.time_zone, due.at,
    CASE WHEN due.at IS NOT NULL THEN greatest(moment, date_trunc('minute', failed.at) + revenue.retry_delay(failed.times))
      WHEN r.enabled THEN t.next_due END,
    -- The tick comes once a minute, and a job may have to wait for the one before it.
    coalesce(due.at < moment - interval '10 minutes', false),
    running.since, done.finished_at, done.finished_at - done.started_at, done.result, failed.times, failed.error,
    nullif(array_to_string(done.warnings, E'\n'), ''), r.last_tick_at
  FROM rules AS r
  CROSS JOIN LATERAL revenue.job_times(r.run_at, r.every_minutes, r.weekday, r.time_zone, moment) AS t
  LEFT JOIN LATERAL (
    SELECT u.due_at, u.started_at, u.finished_at, u.result, u.warnings FROM revenue.job_runs AS u
    WHERE u.org_id = r.org_id AND u.job = r.job AND u.state = 'succeeded' AND u.due_at <= moment
    ORDER BY u.due_at DESC, u.finished_at DESC LIMIT 1) AS done ON true
  CROSS JOIN LATERAL (
    SELECT CASE WHEN r.enabled AND t.last_due >= r.since AND (done.due_at >= t.last_due) IS NOT TRUE THEN t.last_due END) AS due(at)
  CROSS JOIN LATERAL (
    SELECT max(u.started_at) FROM revenue.job_runs AS u
    WHERE u.org_id = r.org_id AND u.job = r.job AND u.state = 'running') AS running(since)
  CROSS JOIN LATERAL (
    SELECT count(*), max(u.finished_at), (array_agg(u.error ORDER BY u.finished_at DESC))[1] FROM revenue.job_runs AS u
    WHERE u.org_id = r.org_id AND u.job = r.job AND u.due_at >= due.at AND u.state IN ('failed', 'interrupted')
  ) AS failed(times, at, error)
  ORDER BY r.org_id, r.run_at, r.job;
END $$;
COMMENT ON FUNCTION revenue.job_status IS
  'Each job of the organisations visible: when it runs, since when it is due without having run, its next run, its last success and what that left out, how often it failed since it was due, and when the tick last came. Analysts and above';

CREATE OR REPLACE VIEW revenue.job_status WITH (security_invoker) AS
SELECT s.*, extract(epoch FROM s.last_duration)::double precision AS last_duration_seconds FROM revenue.job_status() AS s;
COMMENT ON VIEW revenue.job_status IS 'Each job: when it runs, whether it is overdue, its last success and its next run';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation",
  "job": "A job of builtin_jobs()",
  "description": "What it does",
  "enabled": "Whether it runs: the organisation is scheduled and the job not switched off",
  "run_at": "Time of day it runs at, or first runs at",
  "every_minutes": "Minutes from one run to the next within a day, 1440 = once a day",
  "weekday": "1 = Monday to 7 = Sunday, 0 = every day",
  "time_zone": "Time zone of the organisation",
  "due_at": "When it was due, if it has not succeeded since; NULL = nothing is due",
  "next_run_at": "When it runs next: now where it is due, later where it failed",
  "overdue": "Due for more than ten minutes",
  "running_since": "When the run began that is under way, or was when its session ended",
  "last_success_at": "When it succeeded last",
  "last_duration": "How long that took",
  "last_duration_seconds": "The same in seconds",
  "last_result": "What it returned",
  "failures": "How often it failed since it was due",
  "last_error": "SQLSTATE and message of the last of these",
  "last_warnings": "What its last success left out, one a line; NULL = nothing",
  "last_tick_at": "When run_due_jobs() last looked after the organisation; NULL = never"
}');

-- Running ---------------------------------------------------------------------------------------
-- The lock is the transaction's. A run begins and is committed in one, so that it is seen, and does its
-- work in the next, which has the lock again; a run that is still "running" while the lock is free has
-- lost its session.

CREATE OR REPLACE FUNCTION revenue.tick_instant(as_of timestamptz DEFAULT NULL) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF as_of > clock_timestamp() THEN
    RAISE EXCEPTION 'as_of lies in the future' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'What is due then is shown by revenue.job_status(as_of).';
  END IF;
  RETURN coalesce(revenue.checked_instant(as_of), clock_timestamp());
END $$;
COMMENT ON FUNCTION revenue.tick_instant IS
  'For the tick: the instant itself, the present for NULL, or an error with a hint where it is yet to come';

CREATE OR REPLACE FUNCTION revenue.take_job_lock(job text, org integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN revenue.take_lock('job ' || take_job_lock.job, revenue.require_org('admin', org), false);
END $$;
COMMENT ON FUNCTION revenue.take_job_lock IS 'For the tick: the lock of a job until the end of the transaction; false where another session has it';

CREATE OR REPLACE FUNCTION revenue.begin_job(
  job text, only_if_due boolean DEFAULT true, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS uuid LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  moment timestamptz := revenue.tick_instant(as_of);
  due timestamptz;
  interrupted timestamptz;
  begun uuid;
BEGIN
  IF NOT EXISTS (SELECT FROM revenue.builtin_jobs() AS b WHERE b.job = begin_job.job) THEN
    RAISE EXCEPTION 'unknown job "%"', begin_job.job USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The jobs are listed by revenue.builtin_jobs().';
  ELSIF NOT revenue.take_job_lock(begin_job.job, chosen) THEN
    RETURN NULL;
  END IF;
  WITH gone AS (
    UPDATE revenue.job_runs AS u SET state = 'interrupted', finished_at = greatest(u.started_at, moment),
      error = 'its session ended before it did'
    WHERE u.org_id = chosen AND u.job = begin_job.job AND u.state = 'running'
    RETURNING u.due_at
  )
  SELECT max(g.due_at) INTO interrupted FROM gone AS g;
  -- A server is restarted now and then; what cannot come to its end is news.
  IF (SELECT count(*) > 1 FROM revenue.job_runs AS u
      WHERE u.org_id = chosen AND u.job = begin_job.job AND u.due_at = interrupted AND u.state IN ('failed', 'interrupted')) THEN
    PERFORM revenue.report_alert('job_failed', begin_job.job, format('Job %s was interrupted again', begin_job.job),
      jsonb_build_object('due_at', interrupted, 'error', 'its session ended before it did'), NULL, chosen);
  END IF;
  SELECT s.due_at INTO due FROM revenue.job_status(moment, chosen) AS s
  WHERE s.job = begin_job.job AND s.due_at IS NOT NULL AND (s.next_run_at <= moment OR NOT coalesce(only_if_due, true));
  IF due IS NULL AND coalesce(only_if_due, true) THEN RETURN NULL; END IF;
  INSERT INTO revenue.job_runs AS u (org_id, job, due_at, started_at, state, run_by)
  VALUES (chosen, begin_job.job, coalesce(due, moment), moment, 'running', coalesce(revenue.caller_identity(), session_user))
  RETURNING u.run_id INTO begun;
  RETURN begun;
END $$;
COMMENT ON FUNCTION revenue.begin_job IS
  'For the tick: the run of a job that is due, or of any, begins; NULL where it is not due or runs elsewhere';

-- A lock that a session holds for longer fails the run, which is tried again, and holds up no other job.
CREATE OR REPLACE FUNCTION revenue.finish_job(run_id uuid, org integer DEFAULT NULL)
RETURNS text LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '10s' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  narrowed text := current_setting('revenue_intel.org_id');
  began timestamptz := clock_timestamp();
  run revenue.job_runs;
  step text;
  step_result text;
  ended text;
BEGIN
  SELECT * INTO run FROM revenue.job_runs AS u WHERE u.org_id = chosen AND u.run_id = finish_job.run_id;
  IF run.run_id IS NULL OR NOT revenue.take_job_lock(run.job, chosen) THEN
    RETURN NULL;
  END IF;
  -- Whoever had the lock in between took the run for a dead one.
  SELECT * INTO run FROM revenue.job_runs AS u WHERE u.org_id = chosen AND u.run_id = finish_job.run_id AND u.state = 'running';
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM set_config('revenue_intel.left_out', '', true);
  ended := 'succeeded';
  -- A step that fails undoes none of the others.
  FOR step IN SELECT s FROM revenue.builtin_jobs() AS b CROSS JOIN LATERAL string_to_table(b.command, ';') AS s WHERE b.job = run.job LOOP
    BEGIN
      PERFORM set_config('revenue_intel.org_id', chosen::text, true);
      EXECUTE step INTO step_result USING run.due_at, chosen;
      PERFORM set_config('revenue_intel.org_id', narrowed, true);
      run.result := concat_ws(', ', run.result, step_result);
    EXCEPTION WHEN OTHERS OR query_canceled OR assert_failure THEN
      ended := CASE WHEN SQLSTATE = '57014' THEN 'canceled' ELSE 'failed' END;
      run.error := concat_ws(', ', run.error, SQLSTATE || ' ' || SQLERRM);
    END;
    EXIT WHEN ended = 'canceled';
  END LOOP;
  run.warnings := coalesce(string_to_array(nullif(current_setting('revenue_intel.left_out', true), ''), E'\n'), '{}');
  IF ended = 'succeeded' AND run.warnings = '{}' THEN
    PERFORM revenue.settle_alert('job_failed', run.job, chosen);
  ELSIF ended = 'succeeded' THEN
    PERFORM revenue.report_alert('job_failed', run.job, format('Job %s left something out', run.job),
      jsonb_build_object('run_id', run.run_id, 'due_at', run.due_at, 'left_out', to_jsonb(run.warnings)), NULL, chosen);
  ELSE
    PERFORM revenue.report_alert('job_failed', run.job, format('Job %s failed', run.job),
      jsonb_build_object('run_id', run.run_id, 'due_at', run.due_at, 'error', run.error), NULL, chosen);
  END IF;
  UPDATE revenue.job_runs AS u SET state = CASE ended WHEN 'succeeded' THEN ended ELSE 'failed' END,
    finished_at = u.started_at + (clock_timestamp() - began), result = left(run.result, 1000), error = left(run.error, 1000),
    warnings = run.warnings
  WHERE u.org_id = chosen AND u.run_id = run.run_id;
  RETURN ended;
END $$;
COMMENT ON FUNCTION revenue.finish_job IS
  'For the tick: does the work of a run that began and logs how it ended: succeeded, failed, or canceled; NULL where it is not there any more';

CREATE OR REPLACE FUNCTION revenue.due_jobs(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  moment timestamptz := revenue.tick_instant(as_of);
BEGIN
  RETURN ARRAY(
    SELECT s.job FROM revenue.job_status(moment, org) AS s
    WHERE s.org_id = ANY (revenue.visible_orgs('admin')) AND s.due_at IS NOT NULL AND s.next_run_at <= moment
    ORDER BY s.due_at, s.job);
END $$;
COMMENT ON FUNCTION revenue.due_jobs IS 'For the tick: the jobs of an organisation that are to run, those due first first';

CREATE OR REPLACE FUNCTION revenue.record_tick(org integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Two ticks at once need not both be known.
  UPDATE revenue.job_schedules AS s SET last_tick_at = clock_timestamp()
  WHERE s.org_id = (SELECT n.org_id FROM revenue.job_schedules AS n
    WHERE n.org_id = record_tick.org AND n.org_id = ANY (revenue.visible_orgs('admin')) FOR NO KEY UPDATE SKIP LOCKED);
END $$;
COMMENT ON FUNCTION revenue.record_tick IS 'For the tick: that it came to an organisation whose admin the caller is';

-- It commits, so that no job's locks and no job's failure are another's, and a procedure that commits
-- can fix no search_path: everything in it is named by its schema.
CREATE OR REPLACE PROCEDURE revenue.run_due_jobs(as_of timestamptz DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
  served integer;
  due pg_catalog.text[];
  one pg_catalog.text;
  run pg_catalog.uuid;
  ended pg_catalog.text;
BEGIN
  PERFORM revenue.tick_instant(as_of);
  FOR served IN SELECT s.org_id FROM revenue.job_schedules AS s ORDER BY s.org_id LOOP
    BEGIN
      due := revenue.due_jobs(as_of, served);
      PERFORM revenue.record_tick(served);
    EXCEPTION WHEN OTHERS THEN
      due := NULL;
      RAISE WARNING 'the jobs of organisation % cannot be worked out: %', served, SQLERRM;
    END;
    COMMIT;
    FOREACH one IN ARRAY COALESCE(due, '{}') LOOP
      BEGIN
        run := revenue.begin_job(one, true, as_of, served);
      EXCEPTION WHEN OTHERS THEN
        run := NULL;
        RAISE WARNING 'job % of organisation % cannot begin: %', one, served, SQLERRM;
      END;
      COMMIT;
      IF run IS NOT NULL THEN
        BEGIN
          ended := revenue.finish_job(run, served);
        EXCEPTION WHEN OTHERS THEN
          ended := NULL;
          RAISE WARNING 'job % of organisation % could not be logged: %', one, served, SQLERRM;
        END;
        COMMIT;
        IF ended OPERATOR(pg_catalog.=) 'canceled' THEN
          RAISE EXCEPTION 'job % of organisation % was canceled, and the tick with it', one, served USING ERRCODE = 'query_canceled';
        END IF;
      END IF;
    END LOOP;
  END LOOP;
END $$;
COMMENT ON PROCEDURE revenue.run_due_jobs IS
  'The tick: runs what is due in every organisation whose admin the caller is, each job in transactions of its own. Called once a minute, by pg_cron or anything else; two at once share the work';

CREATE OR REPLACE FUNCTION revenue.run_job(job text, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  run uuid := revenue.begin_job(run_job.job, false, as_of, chosen);
BEGIN
  IF run IS NULL THEN
    RAISE EXCEPTION 'job "%" is running', run_job.job USING ERRCODE = 'lock_not_available',
      HINT = 'Wait until it has ended; revenue.job_status shows since when it runs.';
  END IF;
  PERFORM revenue.finish_job(run, chosen);
  RETURN (SELECT to_jsonb(u) - '{org_id,run_id,run_by}'::text[] FROM revenue.job_runs AS u WHERE u.org_id = chosen AND u.run_id = run);
END $$;
COMMENT ON FUNCTION revenue.run_job IS
  'Runs a job now, due or not, and answers {job, due_at, started_at, finished_at, state, result, error, warnings}; a step that fails is undone and logged, and raises no error. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.update_ledger(org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
  folded integer := revenue.compact_ledger(chosen);
BEGIN
  -- To compute all anew takes long, and writers wait for it.
  IF EXISTS (SELECT FROM revenue.mrr_books AS b
             WHERE b.org_id = chosen AND b.policies IS DISTINCT FROM revenue.ledger_policies(chosen)) THEN
    PERFORM revenue.refresh_ledger(chosen);
  END IF;
  RETURN folded;
END $$;
COMMENT ON FUNCTION revenue.update_ledger IS
  'compact_ledger(), and refresh_ledger() where other policies have come in force than the ledger is written by; how many rows were folded. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.purge_job_runs(keep interval DEFAULT '90 days', org integer DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  purged bigint;
BEGIN
  IF NOT coalesce(keep BETWEEN '0' AND '100 years', false) THEN
    RAISE EXCEPTION 'runs are kept for 0 to 100 years' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass an interval such as ''90 days''.';
  END IF;
  -- The last success of a job says what is due.
  DELETE FROM revenue.job_runs AS u
  WHERE u.org_id = chosen AND u.finished_at < now() - keep AND (u.state <> 'succeeded' OR EXISTS (
    SELECT FROM revenue.job_runs AS later
    WHERE later.org_id = chosen AND later.job = u.job AND later.state = 'succeeded' AND later.due_at > u.due_at));
  GET DIAGNOSTICS purged = ROW_COUNT;
  RETURN purged;
END $$;
COMMENT ON FUNCTION revenue.purge_job_runs IS
  'Deletes the log of jobs that ended longer ago, but for the last success of each; how many. Admins and owners';

-- Scheduling ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.set_job(
  job text, enabled boolean DEFAULT true, run_at time DEFAULT NULL, every_minutes integer DEFAULT NULL,
  weekday integer DEFAULT NULL, reason text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  before jsonb := (SELECT to_jsonb(e) FROM revenue.job_settings AS e WHERE e.org_id = chosen AND e.job = set_job.job);
BEGIN
  IF NOT EXISTS (SELECT FROM revenue.builtin_jobs() AS b WHERE b.job = set_job.job) THEN
    RAISE EXCEPTION 'unknown job "%"', set_job.job USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The jobs are listed by revenue.builtin_jobs().';
  ELSIF NOT (coalesce(set_job.every_minutes BETWEEN 1 AND 1440 AND 1440 % greatest(set_job.every_minutes, 1) = 0, true)
             AND coalesce(set_job.weekday BETWEEN 0 AND 7, true)) THEN
    RAISE EXCEPTION 'no such rule' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'every_minutes must divide a day of 1440, and weekday is 1 (Monday) to 7, or 0 for every day.';
  END IF;
  INSERT INTO revenue.job_settings (org_id, job, enabled, run_at, every_minutes, weekday, changed_by)
  VALUES (chosen, set_job.job, coalesce(set_job.enabled, true), set_job.run_at, set_job.every_minutes, set_job.weekday,
    coalesce(revenue.caller_identity(), session_user))
  ON CONFLICT (org_id, job) DO UPDATE SET enabled = excluded.enabled, run_at = excluded.run_at,
    every_minutes = excluded.every_minutes, weekday = excluded.weekday, changed_at = now(), changed_by = excluded.changed_by;
  PERFORM revenue.audit('set_job', 'job', set_job.job, before,
    (SELECT to_jsonb(e) FROM revenue.job_settings AS e WHERE e.org_id = chosen AND e.job = set_job.job), set_job.reason, chosen);
END $$;
COMMENT ON FUNCTION revenue.set_job IS
  'When a job runs, or that it does not; what is left out is as builtin_jobs() has it. Owners only, audited';

CREATE OR REPLACE FUNCTION revenue.set_job_schedule(scheduled boolean, org integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  wanted boolean := coalesce(set_job_schedule.scheduled, true);
BEGIN
  IF wanted THEN
    INSERT INTO revenue.job_schedules (org_id, scheduled_by) VALUES (chosen, coalesce(revenue.caller_identity(), session_user))
    ON CONFLICT (org_id) DO NOTHING;
  ELSE
    DELETE FROM revenue.job_schedules AS s WHERE s.org_id = chosen;
  END IF;
  IF FOUND THEN
    PERFORM revenue.audit(CASE WHEN wanted THEN 'schedule_jobs' ELSE 'unschedule_jobs' END, 'org', chosen::text, NULL, NULL, NULL, chosen);
  END IF;
END $$;
COMMENT ON FUNCTION revenue.set_job_schedule IS
  'Whether the jobs of an organisation run when something calls run_due_jobs(); without pg_cron. Owners only, audited';

-- pg_cron lives in one database. It is asked by dynamic SQL, because the extension does not need it,
-- and with the caller's rights, because the tick is to have those and no more.
CREATE OR REPLACE FUNCTION revenue.may_use_cron() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN RETURN false; END IF;
  RETURN has_schema_privilege('cron', 'USAGE');
END $$;
COMMENT ON FUNCTION revenue.may_use_cron IS 'For schedule_jobs() and unschedule_jobs(): whether pg_cron is in this database and for the caller';

CREATE OR REPLACE FUNCTION revenue.schedule_jobs(org integer DEFAULT NULL)
RETURNS TABLE (done boolean, database text, command text)
LANGUAGE plpgsql VOLATILE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  names text[] := ARRAY[format('revenue_intel %s tick', current_database()), format('revenue_intel %s purge', current_database())];
  -- DROP EXTENSION does not reach pg_cron's table: a tick that finds no extension takes itself out.
  tick text := format('DO $tick$BEGIN IF pg_catalog.to_regprocedure(%L) IS NOT NULL THEN CALL revenue.run_due_jobs();'
    ' ELSIF pg_catalog.to_regclass(%L) IS NOT NULL THEN PERFORM cron.unschedule(j.jobid) FROM cron.job AS j'
    ' WHERE j.jobname OPERATOR(pg_catalog.=) %L OR j.jobname OPERATOR(pg_catalog.=) %L; END IF; END$tick$',
    'revenue.run_due_jobs(pg_catalog.timestamptz)', 'cron.job', names[1], names[2]);
BEGIN
  PERFORM revenue.set_job_schedule(true, org);
  done := revenue.may_use_cron();
  -- Who may not read the setting is not told it.
  database := CASE WHEN done THEN current_database()
    ELSE (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.database_name') END;
  command := CASE WHEN done THEN format('SELECT cron.schedule(%L, %L, %L)', names[1], '* * * * *', tick)
    ELSE format('SELECT cron.schedule_in_database(%L, %L, %L, %L, %L)', names[1], '* * * * *', tick, current_database(), current_user) END;
  IF done THEN EXECUTE command; END IF;
  RETURN NEXT;
  -- pg_cron keeps a row of every minute for ever.
  command := format('SELECT cron.schedule(%L, %L, %L)', names[2], '17 * * * *', format(
    'DELETE FROM cron.job_run_details AS d USING cron.job AS j WHERE j.jobid OPERATOR(pg_catalog.=) d.jobid'
    ' AND (j.jobname OPERATOR(pg_catalog.=) %L OR j.jobname OPERATOR(pg_catalog.=) %L) AND COALESCE(d.end_time, d.start_time)'
    ' OPERATOR(pg_catalog.<) (pg_catalog.now() OPERATOR(pg_catalog.-) INTERVAL %L)', names[1], names[2], '7 days'));
  IF done THEN EXECUTE command; END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION revenue.schedule_jobs IS
  'Has the jobs of an organisation run, each at its time: with pg_cron in this database, by the caller''s role (done); else the commands are answered for somebody to run in pg_cron''s database. Again and again without harm. Owners';

CREATE OR REPLACE FUNCTION revenue.unschedule_jobs(org integer DEFAULT NULL)
RETURNS TABLE (done boolean, database text, command text)
LANGUAGE plpgsql VOLATILE ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.set_job_schedule(false, org);
  -- The tick serves all organisations of the role that it runs as.
  IF EXISTS (SELECT FROM revenue.job_schedules) THEN RETURN; END IF;
  done := revenue.may_use_cron();
  database := CASE WHEN done THEN current_database()
    ELSE (SELECT s.setting FROM pg_settings AS s WHERE s.name = 'cron.database_name') END;
  command := format('SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname IN (%L, %L)',
    format('revenue_intel %s tick', current_database()), format('revenue_intel %s purge', current_database()));
  IF done THEN EXECUTE command; END IF;
  RETURN NEXT;
END $$;
COMMENT ON FUNCTION revenue.unschedule_jobs IS
  'Has the jobs of an organisation run no more, and with the last one of the caller''s takes the tick out of pg_cron, or answers the command that does. Owners';
