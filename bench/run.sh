#!/usr/bin/env bash
# run.sh [NAME]...: runs the benchmarks bench/NAME.sh (all of them by default) against a private
# cluster and prints their tables, which stay in build/bench.
#
#   BENCH_DEALS   deals of the scoring benchmark (1000000)
#   BENCH_VIEWS   deals of the benchmarks of views and of the pipeline (100000), which also try a tenth and
#                 ten times that
#   BENCH_PERIODS subscription periods of the benchmark of recurring revenue (1000000), which also tries a tenth
#                 and ten times that
#   BENCH_ROUNDS  how often each case is measured (5)
#   BENCH_CLOCK   wall, or cpu where others use the machine
# shellcheck source=demo/lib.sh
. "$(dirname "$0")/../demo/lib.sh"
cd "$PROJECT"

mapfile -t known < <(cd bench && printf '%s\n' *.sh | sed -n '/^\(lib\|run\)\.sh$/!s/\.sh$//p')
chosen=("$@")
[ $# -gt 0 ] || chosen=("${known[@]}")
for name in "${chosen[@]}"; do
  [[ " ${known[*]} " = *" $name "* ]] || fail "there is no benchmark '$name'; there are ${known[*]}"
done

mkdir -p "$LOGS" build/bench
exec 9>build/bench.lock
flock -n 9 || fail "another make bench runs in $PROJECT"
build_and_install 9>&-

stop() { demo/cluster.sh stop bench >/dev/null; }
trap stop EXIT
trap 'exit 130' INT TERM
stop
demo/cluster.sh start bench 9>&-
PGHOST=$(demo/cluster.sh dir bench)
PATH=$(dirname "$PG_CONFIG"):$PATH
export PGHOST PGUSER=postgres PGDATABASE=postgres PATH

# Everything fits into memory, so that it is the processor that is measured.
psql -X -q -c "ALTER SYSTEM SET shared_buffers = '1GB'" -c "ALTER SYSTEM SET max_wal_size = '8GB'" \
  -c 'ALTER SYSTEM SET autovacuum = off' -c "ALTER SYSTEM SET wal_level = minimal" -c 'ALTER SYSTEM SET max_wal_senders = 0'
as_server pg_ctl -D "$PGHOST/data" -l "$PGHOST/server.log" -s -w restart 9>&-

say "PostgreSQL $(psql -X -At -c 'SHOW server_version') on $(nproc) x $(
  sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1
), load $(cut -d ' ' -f 1 /proc/loadavg), $(git describe --always --dirty 2>/dev/null || echo 'no git')"

failed=0 missed=0 began=$SECONDS
for name in "${chosen[@]}"; do
  say "bench/$name.sh"
  rm -f "build/bench/$name.md"
  bash -euo pipefail "bench/$name.sh" || failed=1
  missed=$((missed + $(grep -c '| NO *$' "build/bench/$name.md" || true)))
done
echo
say "$((SECONDS - began)) s, $missed targets missed; the tables are in build/bench"
exit $failed
