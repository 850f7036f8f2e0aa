# Jobs in a live cluster, run by pg_cron under a clock of our own (clock.c): at the right local time across both
# changes of the clocks, through restarts and a kill, without overlap, made up for after months without a server.
use strict;
use warnings;
use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::Local qw(timegm_modern);

my $libraries = `pg_config --pkglibdir`;
chomp $libraries;
plan skip_all => 'SKIPPED: pg_cron is not installed' unless -e "$libraries/pg_cron.so";
my $clock = PostgreSQL::Test::Utils::tempdir() . '/clock.so';
system_or_bail('cc', '-shared', '-fPIC', '-O2', '-o', $clock, dirname(__FILE__) . '/clock.c');

my $node = PostgreSQL::Test::Cluster->new('jobs');
$node->init;
$node->append_conf('postgresql.conf', q{
  shared_preload_libraries = 'pg_cron'
  cron.use_background_workers = on
  cron.database_name = 'postgres'
  cron.timezone = 'UTC'
  max_worker_processes = 20
  timezone = UTC
  log_timezone = UTC
  fsync = off
});

sub epoch
{
  my ($year, $month, @rest) = $_[0] =~ /(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)/;
  return timegm_modern(reverse(@rest), $month - 1, $year);
}

# Starts the server at a time of its own, at which a minute takes two seconds.
sub start_at
{
  my ($time) = @_;
  local $ENV{CLOCK_START} = epoch($time);
  local $ENV{CLOCK_SPEED} = 30;
  local $ENV{LD_PRELOAD} = $clock;
  $node->start;
}

sub wait_until
{
  my ($time) = @_;
  $node->poll_query_until('postgres', "SELECT now() >= '$time+00'") or die "the clock never showed $time";
}

sub value { return $node->safe_psql('postgres', $_[0]) }

start_at('2024-03-30 11:00:00');
value(q{
  CREATE EXTENSION revenue_intel;
  CREATE EXTENSION pg_cron;
  SELECT revenue.create_org('Berlin', time_zone => 'Europe/Berlin');
  CREATE TABLE work (job text, due_at timestamptz, began timestamptz, ended timestamptz);
  -- Its row is committed as the transaction began, so that what overlaps would show.
  CREATE FUNCTION work(job text, due_at timestamptz, seconds double precision) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    began timestamptz := clock_timestamp();
  BEGIN
    WHILE clock_timestamp() < began + make_interval(secs => seconds) LOOP PERFORM pg_sleep(0.1); END LOOP;
    INSERT INTO public.work VALUES (job, due_at, began, clock_timestamp());
    RETURN 'did it';
  END $$;
});

# These jobs in the place of those of the extension: name, time, every so many minutes, seconds of work.
sub use_jobs
{
  my $rows = join ', ', map { sprintf q{('%s', '%s'::time, %d, %d)}, @$_ } @_;
  value(qq{CREATE OR REPLACE FUNCTION revenue.builtin_jobs()
    RETURNS TABLE (job text, description text, run_at time, every_minutes integer, weekday smallint, command text)
    LANGUAGE sql IMMUTABLE AS \$\$ SELECT v.job, v.job, v.at, v.every, 0::smallint,
      format('SELECT public.work(%L, \$1, %s)', v.job, v.seconds) FROM (VALUES $rows) AS v(job, at, every, seconds) \$\$});
}
use_jobs([ 'night', '02:30', 1440, 0 ], [ 'before', '01:59', 1440, 0 ], [ 'after', '03:01', 1440, 0 ]);
is(value(q{SELECT string_agg(done::text, ',') FROM revenue.schedule_jobs()}), 'true,true', 'schedule_jobs() put the tick into pg_cron');
is(value(q{SELECT string_agg(done::text, ',') FROM revenue.schedule_jobs()}), 'true,true', 'and does so again');
is(value(q{SELECT count(*) FROM cron.job WHERE database = 'postgres' AND username = current_user AND active}), '2', 'without another entry');
$node->stop;

# The night the clocks go forward: 02:30 is skipped.
start_at('2024-03-31 00:57:00');
wait_until('2024-03-31 01:04');
$node->stop;

sub runs
{
  my ($from, $until) = @_;
  return value(qq{SELECT string_agg(job || ' ' || to_char(started_at, 'MM-DD HH24:MI'), ', ' ORDER BY started_at, job)
    FROM revenue.job_runs WHERE state = 'succeeded' AND started_at BETWEEN '$from' AND '$until'});
}

# Seven months without a server, and the night the clocks go back: 02:30 comes twice.
start_at('2024-10-27 00:16:00');
is(runs('2024-03-31', '2024-04-01'), 'before 03-31 00:59, night 03-31 01:00, after 03-31 01:01',
  'each at its local time as the clocks go forward, 02:30 at the first instant there is');
is(value(q{SELECT count(*) FROM cron.job_run_details WHERE status = 'succeeded'}) > 5, 1, 'pg_cron has a row for each minute');
wait_until('2024-10-27 00:19');
is(value(q{SELECT count(*) FROM cron.job_run_details WHERE coalesce(end_time, start_time) < '2024-10-01'}), '0', 'which the purge takes away');
$node->stop;
start_at('2024-10-27 00:29:00');
wait_until('2024-10-27 00:32');
is(runs('2024-10-01', '2024-10-27 01:00'), 'night 10-27 00:17, after 10-27 00:17, before 10-27 00:17',
  'what was missed in seven months is made up for once');
$node->stop;
start_at('2024-10-27 01:29:00');
wait_until('2024-10-27 01:32');
$node->stop;
start_at('2024-10-27 02:00:00');
wait_until('2024-10-27 02:03');
is(runs('2024-10-27 01:00', '2024-10-28'), 'night 10-27 01:30, after 10-27 02:01',
  'each at its local time as the clocks go back, 02:30 once');
is(value(q{SELECT count(*) FROM revenue.job_runs WHERE state <> 'succeeded'}), '0', 'and nothing failed');

# A job of two and a half minutes every two minutes, and a second scheduler beside pg_cron (which runs one command at
# a time): no two runs of a job at once, and no job waits for another.
use_jobs([ 'slow', '00:00', 2, 150 ], [ 'quick', '00:00', 1, 0 ]);
value(q{TRUNCATE revenue.job_runs, work});
my $loop = PostgreSQL::Test::Utils::tempdir() . '/loop.sql';
append_to_file($loop, "CALL revenue.run_due_jobs() \\watch 1\n");
my $second = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', $loop ], '>', '/dev/null', '2>&1');
$node->poll_query_until('postgres', q{SELECT count(*) >= 3 FROM work WHERE job = 'slow'}) or die 'the slow job did not run three times';
is(value(q{SELECT count(*) FROM work AS a JOIN work AS b ON a.job = b.job AND a.began < b.began AND b.began < a.ended}), '0', 'no two runs of a job at once');
is(value(q{SELECT count(*) FROM (SELECT FROM revenue.job_runs WHERE state = 'succeeded' GROUP BY job, due_at HAVING count(*) > 1) AS twice}), '0', 'none twice');
cmp_ok(value(q{SELECT count(*) FROM work AS q JOIN work AS s ON q.began BETWEEN s.began AND s.ended WHERE q.job = 'quick' AND s.job = 'slow'}),
  '>=', 3, 'and the quick job did not wait for the slow one');
$second->kill_kill;

# Killed in the middle of a job: what it did is gone, the log says so, and it is tried again.
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM revenue.job_runs WHERE job = 'slow' AND state = 'running'}) or die 'it does not run';
my $done = value(q{SELECT count(*) FROM work WHERE job = 'slow'});
my $crashed_at = value(q{SELECT to_char(now(), 'YYYY-MM-DD HH24:MI:SS')});
$node->stop('immediate');
start_at($crashed_at);
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM revenue.job_runs WHERE job = 'slow' AND state = 'interrupted'})
  or die 'nobody noticed';
pass('the run that was killed is logged as interrupted');
$node->poll_query_until('postgres', "SELECT count(*) > $done FROM work WHERE job = 'slow'") or die 'it was not tried again';
pass('and the job is tried again');

# Unscheduled: nothing runs.
is(value(q{SELECT done FROM revenue.unschedule_jobs()}), 't', 'unschedule_jobs() takes the tick out');
is(value(q{SELECT count(*) FROM cron.job WHERE jobname LIKE 'revenue\_intel %'}), '0', 'so that pg_cron has none');

# The extension goes while the tick is in pg_cron: the tick takes itself out, and none of its runs fails.
use_jobs([ 'quick', '00:00', 1, 0 ]);
value(q{SELECT count(*) FROM revenue.schedule_jobs()});
$node->poll_query_until('postgres', q{SELECT count(*) > 0 FROM cron.job_run_details AS d JOIN cron.job AS j USING (jobid)
  WHERE j.jobname LIKE 'revenue\_intel % tick' AND d.status = 'succeeded'}) or die 'the tick did not come';
# It may find itself and a running tick in each other's way, and is tried again then.
my ($failed, $dropped, $error);
for (1 .. 5)
{
  ($failed, $dropped, $error) = $node->psql('postgres',
    q{SET client_min_messages = error; DROP EXTENSION revenue_intel CASCADE; SELECT max(runid) FROM cron.job_run_details},
    on_error_stop => 1);
  last if !$failed || $error !~ /deadlock detected/;
}
is($failed, 0, 'the extension goes') or die $error;
$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM cron.job WHERE jobname LIKE 'revenue\_intel %'})
  or die 'the tick stayed';
pass('a tick without the extension takes itself and the purge out of pg_cron');
is(value(qq{SELECT count(*) FROM cron.job_run_details WHERE runid > $dropped AND status = 'failed'}), '0', 'and does not fail');
$node->stop;
done_testing();
