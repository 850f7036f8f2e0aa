#!/usr/bin/env bash
# jit.sh: the bitcode that is installed for the JIT does no harm. PostgreSQL's inliner was made for
# C and brings the server down on what it does not know, so that every C function is called once in
# a query that must compile and inline everything. What a function answers to NULL does not matter.
# Called by check.sh, which names the server through PGHOST and PGUSER.
set -euo pipefail
psql() { command psql -X -q "$@"; }

if [ "$(psql -d postgres -Atc 'SET jit = on' -c 'SELECT pg_jit_available()')" != t ]; then
  echo 'SKIPPED: this server has no just-in-time compiler'
  exit 0
fi

psql -d postgres -c 'CREATE DATABASE jit'
calls=$(psql -d jit -At -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION revenue_intel' -c "
  SELECT format('SELECT %s(%s) FROM (SELECT %s FROM generate_series(1, 2) OFFSET 0) t;',
    p.oid::regproc, string_agg('a' || n, ', ' ORDER BY n),
    string_agg(format('NULL::%s AS a%s', format_type(t.oid, NULL), n), ', ' ORDER BY n))
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang,
    unnest(p.proargtypes) WITH ORDINALITY a(type, n) JOIN pg_type t ON t.oid = a.type
  WHERE p.pronamespace = 'revenue'::regnamespace AND l.lanname IN ('c', 'internal')
    AND p.prokind IN ('f', 'a')
  GROUP BY p.oid HAVING every(t.typtype <> 'p') ORDER BY p.oid::regproc::text")
costs='-c jit_above_cost=0 -c jit_inline_above_cost=0 -c jit_optimize_above_cost=0'
export PGOPTIONS="-c jit=on $costs"
passed=0 failed=0
while read -r call; do
  answer=$(psql -d jit -v VERBOSITY=verbose -c "$call" 2>&1) && status=0 || status=$?
  if [ "$status" -gt 1 ] || [[ $answer == *'ERROR:  XX'* ]]; then
    failed=$((failed + 1))
    printf '%s\n%s\n' "$call" "$answer"
  else
    passed=$((passed + 1))
  fi
done <<<"$calls"
psql -d postgres -c 'DROP DATABASE jit WITH (FORCE)'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
