#!/usr/bin/env bash
# docs.sh [PAGE...]: runs the SQL blocks of the documentation, each page as one psql session in a
# database of its own with the extension and the demo data. A block that opens with ```sql error
# must fail in its last statement; any other must not.
# Called by check.sh, which names the server through PGHOST and PGUSER.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build/docs

pages=("$@")
[ $# -gt 0 ] || pages=(README.md docs/*.md)
psql() { command psql -X -q -v ON_ERROR_STOP=1 "$@"; }

psql -c 'CREATE DATABASE docs_template'
psql -d docs_template -o /dev/null -c 'CREATE EXTENSION revenue_intel' \
  -c 'SELECT revenue.load_demo()'

# Everything but the blocks becomes an empty line, so that psql counts lines as the page does. What
# checks a block marked error stands on the line after it, for psql reads ON_ERROR_STOP once a line.
script() {
  awk '
    function empty() { print check; check = "" }
    /^ *```sql error *$/ && !inside {
      inside = "error"
      print check " \\set ON_ERROR_STOP off"
      check = ""
      next
    }
    /^ *```sql *$/ && !inside { inside = "sql"; empty(); next }
    /^ *```/ && inside == "error" {
      print "\\set ON_ERROR_STOP on \\\\ \\set failed :ERROR"
      check = "SELECT (CASE WHEN :failed THEN \x271\x27 ELSE \x27this block must fail\x27 END)::int"
      check = check " \\g /dev/null"
      inside = ""
      next
    }
    /^ *```/ && inside { inside = "" }
    inside { print; next }
    { empty() }
    END { empty() }' "$1"
}

passed=0 failed=0
for page in "${pages[@]}"; do
  grep -qs '^ *```sql' "$page" || continue
  copy=build/docs/$(basename "$page")
  script "$page" >"$copy"
  psql -c 'CREATE DATABASE docs_page TEMPLATE docs_template'
  echo "-- $page"
  if psql -d docs_page -f "$copy"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$page failed: the line is that of the page"
  fi
  psql -c 'DROP DATABASE docs_page'
done
psql -c 'DROP DATABASE docs_template'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
