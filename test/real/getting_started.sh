#!/usr/bin/env bash
# getting_started.sh: the blocks of docs/getting-started.md over the whole Maven files instead of its few rows, and
# what revenue_intel then says against SQL over the files alone. Needs a server as PGHOST and PGUSER name it, and a
# database with the extension as PGDATABASE does. The files are in crm_maven of the folder REVENUE_INTEL_DATA.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD
data=$(readlink -m "${REVENUE_INTEL_DATA:-../shared/data}")/crm_maven
if [ ! -d "$data" ]; then
  echo "SKIPPED: no folder $data (REVENUE_INTEL_DATA names the one above it)"
  exit 0
fi
cd "$data"
export PGOPTIONS=

# The rows of the page give way to the files.
page() {
  awk '
    BEGIN { split("raw_teams sales_teams raw_products products raw_accounts accounts raw_deals sales_pipeline", of, " ")
            for (i = 1; i < 8; i += 2) file[of[i]] = of[i + 1] ".csv" }
    /^```sql/ { inside = 1; next }
    /^```/ { inside = 0 }
    !inside { next }
    /^COPY / && $2 in file { print "\\copy " $2 " FROM \x27" file[$2] "\x27 CSV HEADER"; rows = 1; next }
    rows { if ($0 == "\\.") rows = 0; next }
    { print }' "$here/docs/getting-started.md"
}
report=$({ page; cat "$here/test/real/getting_started.sql"; } | psql -X -q -v ON_ERROR_STOP=1 -P footer=off -P pager=off) ||
  report+=$'\n0 passed, 1 failed'
echo "$report"
tail -n 1 <<<"$report" | grep -q '^[1-9][0-9]* passed, 0 failed$'
