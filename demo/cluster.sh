#!/usr/bin/env bash
# cluster.sh start|stop|status|psql|dir NAME: a private throw-away cluster, reached through a Unix
# socket in a folder that only its owner can enter. NAME is demo, check or bench.
# shellcheck source=demo/lib.sh
. "$(dirname "$0")/lib.sh"

command=${1:-} name=${2:-}
case $name in
  demo | check | bench) shift 2 ;;
  *) fail "usage: cluster.sh start|stop|status|psql|dir demo|check|bench" ;;
esac
home=$(work_dir)/$name
data=$home/data
database=postgres
[ "$name" != demo ] || database=demo
bin=$(dirname "$PG_CONFIG")

psql() { "$bin/psql" -X -h "$home" -U postgres "$@"; }

answers() { [ -S "$home/.s.PGSQL.5432" ] && psql -d postgres -c '' >/dev/null 2>&1; }

# A pid file may be left over, and its number may be another process by now.
alive() {
  local pid
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
  answers || [ "$(readlink "/proc/$pid/cwd")" = "$data" ]
}

stop() {
  if alive; then
    as_server "$bin/pg_ctl" -D "$data" -m fast -t 60 stop >/dev/null ||
      as_server "$bin/pg_ctl" -D "$data" -m immediate stop >/dev/null
  fi
  if [ -f "$home/server.log" ]; then
    mkdir -p "$LOGS"
    cp "$home/server.log" "$LOGS/$name-server.log"
  fi
  rm -rf "$home"
  rmdir "$(work_dir)" 2>/dev/null || true
}

settings() {
  echo "listen_addresses = ''"
  echo "unix_socket_directories = '$home'"
  echo "max_worker_processes = 16"
  if [ -f "$("$PG_CONFIG" --pkglibdir)/pg_cron.so" ]; then
    echo "shared_preload_libraries = 'pg_cron'"
    echo "cron.use_background_workers = on"
    echo "cron.database_name = '$database'"
  fi
  # Tests run many short statements, whose plans are not worth compiling; test/jit.sh switches it on.
  [ "$name" != check ] || echo "jit = off"
  # What tests and benchmarks write need not outlive the machine.
  [ "$name" = demo ] || printf '%s = off\n' fsync synchronous_commit full_page_writes
}

start() {
  if answers; then
    say "the $name cluster is running already"
    return
  fi
  stop
  make_work_dir
  install -d -m 700 -o "$SERVER_USER" "$home"
  say "starting a private PostgreSQL $PGMAJOR cluster in $home"
  logged "$name-cluster" as_server "$bin/initdb" -D "$data" -U postgres -A trust \
    --locale=C.UTF-8 --encoding=UTF8
  settings | as_server tee -a "$data/postgresql.conf" >/dev/null
  # pg_cron watches one database, which is there before the first start.
  [ "$name" != demo ] || as_server "$bin/postgres" --single -D "$data" postgres \
    <<<'CREATE DATABASE demo' >>"$LOGS/$name-cluster.log" 2>&1
  logged "$name-cluster" as_server "$bin/pg_ctl" -D "$data" -l "$home/server.log" -t 60 start
}

case $command in
  start) start ;;
  stop)
    stop
    say "the $name cluster is gone"
    ;;
  status)
    answers || fail "the $name cluster is not running"
    say "the $name cluster is running in $home"
    ;;
  psql) psql "$@" ;;
  dir) echo "$home" ;;
  *) fail "cluster.sh knows start, stop, status, psql and dir, not '$command'" ;;
esac
