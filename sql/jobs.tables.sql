-- The room jobs: which organisations have their jobs run, when, and how that went. Run once, at
-- installation.

CREATE TABLE revenue.job_schedules (
  org_id integer PRIMARY KEY REFERENCES revenue.orgs,
  scheduled_at timestamptz NOT NULL DEFAULT now(),
  scheduled_by text NOT NULL,
  last_tick_at timestamptz
);
COMMENT ON TABLE revenue.job_schedules IS 'Organisations whose jobs run. Written by schedule_jobs() and unschedule_jobs()';
COMMENT ON COLUMN revenue.job_schedules.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.job_schedules.scheduled_at IS 'Since when; what was due before is not made up for';
COMMENT ON COLUMN revenue.job_schedules.scheduled_by IS 'Who had them scheduled';
COMMENT ON COLUMN revenue.job_schedules.last_tick_at IS 'When run_due_jobs() last looked after them; NULL = never';

CREATE TABLE revenue.job_settings (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  job text NOT NULL CHECK (job <> ''),
  enabled boolean NOT NULL,
  run_at time,
  every_minutes integer CHECK (every_minutes BETWEEN 1 AND 1440 AND 1440 % every_minutes = 0),
  weekday smallint CHECK (weekday BETWEEN 0 AND 7),
  changed_at timestamptz NOT NULL DEFAULT now(),
  changed_by text NOT NULL,
  PRIMARY KEY (org_id, job)
);
COMMENT ON TABLE revenue.job_settings IS 'When an organisation wants a job to run, where that differs from builtin_jobs(). Written by set_job()';
COMMENT ON COLUMN revenue.job_settings.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.job_settings.job IS 'A job of builtin_jobs()';
COMMENT ON COLUMN revenue.job_settings.enabled IS 'Whether it runs at all';
COMMENT ON COLUMN revenue.job_settings.run_at IS 'Time of day in the organisation''s time zone; NULL = the built-in one';
COMMENT ON COLUMN revenue.job_settings.every_minutes IS 'Minutes from one run to the next within a day, 1440 = once a day; NULL = the built-in number';
COMMENT ON COLUMN revenue.job_settings.weekday IS '1 = Monday to 7 = Sunday, 0 = every day; NULL = the built-in one';
COMMENT ON COLUMN revenue.job_settings.changed_at IS 'When it was changed; what was due before, under the new rule, is not made up for';
COMMENT ON COLUMN revenue.job_settings.changed_by IS 'Who changed it';

CREATE TABLE revenue.job_runs (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  run_id uuid NOT NULL DEFAULT gen_random_uuid(),
  job text NOT NULL CHECK (job <> ''),
  due_at timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  state text NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted')),
  result text,
  error text,
  warnings text[] NOT NULL DEFAULT '{}',
  run_by text NOT NULL,
  CHECK ((state = 'running') = (finished_at IS NULL)),
  PRIMARY KEY (org_id, run_id)
);
CREATE INDEX job_runs_job ON revenue.job_runs (org_id, job, due_at DESC);
COMMENT ON TABLE revenue.job_runs IS 'How each run of a job went. Written as the jobs run, purged by purge_job_runs()';
COMMENT ON COLUMN revenue.job_runs.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.job_runs.run_id IS 'Key of the run';
COMMENT ON COLUMN revenue.job_runs.job IS 'A job of builtin_jobs()';
COMMENT ON COLUMN revenue.job_runs.due_at IS 'When it was due, which is before it ran if nothing could run then';
COMMENT ON COLUMN revenue.job_runs.started_at IS 'When it began';
COMMENT ON COLUMN revenue.job_runs.finished_at IS 'When it ended, or was found to have been interrupted';
COMMENT ON COLUMN revenue.job_runs.state IS 'running, succeeded, failed, or interrupted: its session ended before it did';
COMMENT ON COLUMN revenue.job_runs.result IS 'What the job''s function returned';
COMMENT ON COLUMN revenue.job_runs.error IS 'SQLSTATE and message of the error it failed with';
COMMENT ON COLUMN revenue.job_runs.warnings IS 'What it left out, each with the error behind it';
COMMENT ON COLUMN revenue.job_runs.run_by IS 'Role that ran it';

-- An admin may run the jobs, so he may write their log.
SELECT revenue.protect_table('revenue.job_schedules', 'analyst');
SELECT revenue.protect_table('revenue.job_settings', 'analyst');
SELECT revenue.protect_table('revenue.job_runs', 'analyst', 'admin');
