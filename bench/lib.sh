# shellcheck shell=bash
# Shared by the benchmarks; run.sh has started the server and exported what names it.

RESULTS=build/bench
ROUNDS=${BENCH_ROUNDS:-5}

sql() { PGOPTIONS="-c client_min_messages=warning" psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# database NAME: an empty database to measure in, which the commands after it use.
database() {
  sql -d postgres -c 'SET client_min_messages = warning' -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" \
    -c "CREATE DATABASE $1"
  export PGDATABASE=$1
  sql -f bench/measure.sql
  [ "${BENCH_CLOCK:-wall}" = wall ] || sql -f "bench/clock.${BENCH_CLOCK}.sql"
}

# measure SUITE: every case of it in turn, round after round. One that takes longer than half a minute, or
# MEASURE_TIMEOUT, has failed, and does not stop the others.
measure() {
  psql -X -q -c "SET statement_timeout = '${MEASURE_TIMEOUT:-30s}'" -f - <<SQL
SELECT format('CALL bench.measure(%L, %L, %s)', suite, name, round)
FROM bench.cases, generate_series(0, $ROUNDS) AS round
WHERE suite = '$1' ORDER BY round, position \gexec
SQL
}

# table FILE TITLE QUERY: shows the answer and adds it to build/bench/FILE.md.
table() {
  printf '\n%s\n\n' "$2" | tee -a "$RESULTS/$1.md"
  sql -P footer=off -c "$3" | sed '/^[-+]*$/ s/+/|/g; /^$/d' | tee -a "$RESULTS/$1.md"
}

# report FILE TITLE SUITE
report() {
  measure "$3"
  table "$1" "$2" "SELECT what, median_ms AS \"median ms\", min_max AS \"min..max\",
    x_floor AS \"x floor\", target, found, met FROM bench.report('$3')"
}
