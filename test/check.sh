#!/usr/bin/env bash
# check.sh [GROUP...]: sets up, builds and installs, then runs the named groups of tests (all of
# them by default) against a private cluster. A failure does not stop the groups after it.
# shellcheck source=demo/lib.sh
. "$(dirname "$0")/../demo/lib.sh"
cd "$PROJECT"

all=(unit regress walk real isolation tap docs relay bridge jit)
chosen=("$@")
[ $# -gt 0 ] || chosen=("${all[@]}")

unit() { # the core in C++, without a server: its tests, and fuzzers of what reads bytes
  cmake --preset checked -D REVENUE_FUZZ_SECONDS="${FUZZ_SECONDS:-5}"
  cmake --build --preset checked
  ctest --preset checked --no-tests=error
}

# pg_regress with results and a database of its own: NAME, then what goes to make.
pg_regress() {
  local name=$1
  shift
  make installcheck OUT="build/$name" CONTRIB_TESTDB="${name}_regression" "$@" || {
    head -n 200 build/"$name"/*/regression.diffs
    return 1
  }
}

sql_tests() { find test/sql -name '*.sql' "$@" -printf '%f\n' | sed 's/[.]sql$//' | sort | tr '\n' ' '; }

regress() { pg_regress sql REGRESS="$(sql_tests ! -name 'walk_*')" ISOLATION=; }  # what the SQL answers
walk() { pg_regress walk REGRESS="$(sql_tests -name 'walk_*')" ISOLATION=; } # every function, view and table in turn
isolation() { pg_regress isolation REGRESS=; } # two sessions at once

tap() { # a server's life: restart, crash, dump and restore; each test makes its own cluster
  local tree=$PROJECT pgxs
  if ! as_server test -r "$PROJECT/Makefile"; then
    tree=$scratch/tree
    mkdir "$tree"
    tar -C "$PROJECT" --exclude=./.git --exclude=./build --exclude=./.cluster -cf - . |
      tar -C "$tree" -xf -
    chown -R "$SERVER_USER" "$tree"
  fi
  pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/../..
  as_server env -C "$tree" TESTDIR="$scratch" TESTDATADIR="$scratch/tmp_check" \
    TESTLOGDIR="$scratch/tmp_check/log" \
    PG_REGRESS="$pgxs/src/test/regress/pg_regress" \
    prove -v -I "$pgxs/src/test/perl" -I test/t test/t/*.pl
}

bridge() { # C++ and PostgreSQL: a library of its own throws from every depth
  local status=0
  make -C test/bridge clean
  make -C test/bridge -j "$(nproc)" all
  installing make -C test/bridge PG_CONFIG="$PG_CONFIG" install
  make -C test/bridge installcheck USE_MODULE_DB=1 || status=1
  installing make -C test/bridge PG_CONFIG="$PG_CONFIG" uninstall
  [ $status = 0 ] || head -n 200 test/bridge/regression.diffs
  return $status
}

jit() { test/jit.sh; } # what the server's just-in-time compiler makes of the bitcode

docs() { test/docs.sh; } # every SQL block of the documentation

relay() { # the program that delivers the outbox: without a network, then with real receivers
  cmake -S relay -B build/relay -D RELAY_TESTS=ON
  cmake --build build/relay -j "$(nproc)"
  ctest --test-dir build/relay --no-tests=error
  python3 test/relay/relay_test.py build/relay/revenue-relay
}

real() { # real data, where the folder is there
  local t db bad=0
  REVENUE_INTEL_DATA=$(readlink -m "${REVENUE_INTEL_DATA:-$PROJECT/../shared/data}")
  export REVENUE_INTEL_DATA
  if [ ! -d "$REVENUE_INTEL_DATA" ]; then
    echo "SKIPPED: no folder $REVENUE_INTEL_DATA (REVENUE_INTEL_DATA names it)"
    return
  fi
  for t in test/real/*.sh; do
    db=real_$(basename "$t" .sh)
    echo "-- $t"
    psql -X -q -c "CREATE DATABASE $db"
    psql -X -q -d "$db" -c 'CREATE EXTENSION revenue_intel'
    PGDATABASE=$db bash "$t" || bad=1
    psql -X -q -c "DROP DATABASE $db WITH (FORCE)"
  done
  return $bad
}

has_tests() {
  case $1 in
    unit) compgen -G 'test/unit/*.cpp' ;;
    regress | walk) compgen -G 'test/sql/*.sql' ;;
    isolation) compgen -G 'test/isolation/specs/*.spec' ;;
    tap) compgen -G 'test/t/*.pl' ;;
    bridge) [ -f test/bridge/Makefile ] ;;
    jit | relay) true ;;
    docs) grep -q '^ *```sql' README.md docs/*.md ;;
    real) compgen -G 'test/real/*.sh' ;;
    *) fail "unknown group of tests '$1'; there are ${all[*]}" ;;
  esac >/dev/null 2>&1
}

# Reads "passed failed" from a log: the lines of pg_regress, prove and ctest, or our own last line.
count() {
  awk '
    /^[0-9]+ passed, [0-9]+ failed$/ { passed += $1; failed += $3; next }
    /tests passed, [0-9]+ tests failed out of/ { failed += $4; passed += $NF - $4; next }
    /^not ok |\.\.\. FAILED/ { failed++; next }
    /^ok [0-9]|\.\.\. ok/ { passed++ }
    END { print passed + 0, failed + 0 }' "$1"
}

mkdir -p "$LOGS"
exec 9>build/check.lock
flock -n 9 || fail "another make check runs in $PROJECT"
for g in "${chosen[@]}"; do has_tests "$g" || say "$g: no tests found"; done

demo/setup.sh check
build_and_install

cleanup() {
  [ -z "$beside" ] || kill "$beside" 2>/dev/null || true
  demo/cluster.sh stop check >/dev/null
}
beside=''
trap cleanup EXIT
trap 'exit 130' INT TERM
cleanup
demo/cluster.sh start check 9>&-
scratch=$(demo/cluster.sh dir check)/scratch
install -d -o "$SERVER_USER" "$scratch"
PGHOST=$(demo/cluster.sh dir check)
PATH=$(dirname "$PG_CONFIG"):$PATH
export PGHOST PGUSER=postgres PGDATABASE=postgres PATH

# Runs one group; its counts and seconds go to build/log/test-GROUP.count.
run_group() {
  local g=$1 log=$LOGS/test-$1.log began=$SECONDS status ok bad
  say "testing: $g"
  set +e
  (set -e && "$g") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  read -r ok bad < <(count "$log")
  # A group that broke before it counted anything is one failure; one that counts nothing, one test.
  if [ $status != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
  if [ $((ok + bad)) = 0 ] && ! grep -q '^SKIPPED' "$log"; then ok=1; fi
  echo "$ok $bad $((SECONDS - began))" >"$LOGS/test-$g.count"
  grep -h '^SKIPPED' "$log" || true
  if [ "$bad" != 0 ]; then
    tail -n 60 "$log"
    say "$g failed; the whole log is $log"
    [ ! -d "$scratch/tmp_check/log" ] || cp -rT "$scratch/tmp_check/log" "$LOGS/tap"
  fi
}

# Most groups keep only one core busy, so two run at a time; the longest begin. Groups that share a server use
# databases and roles of their own.
queue=build/check.queue
next_group() {
  flock "$queue.lock" sed -n -i -e '1w /dev/stdout' -e '2,$p' "$queue"
}
run_queue() {
  local g
  while g=$(next_group) && [ -n "$g" ]; do run_group "$g"; done
}
rm -f "$LOGS"/test-*.count
for g in "${chosen[@]}"; do if has_tests "$g"; then echo "$g"; fi; done >"$queue"
run_queue &
beside=$!
run_queue
wait "$beside"

table='' passed=0 failed=0
for g in "${chosen[@]}"; do
  has_tests "$g" || continue
  read -r ok bad took <"$LOGS/test-$g.count"
  table+=$(printf '%-12s %6d passed %4d failed %5d s' "$g" "$ok" "$bad" "$took")$'\n'
  passed=$((passed + ok)) failed=$((failed + bad))
done

if grep 'was terminated by signal' "$PGHOST/server.log"; then
  say "a server process crashed; the log of the server is $LOGS/check-server.log"
  failed=$((failed + 1))
fi

printf '\n%s\n%d passed, %d failed\n' "$table" $passed $failed
[ $failed = 0 ]
