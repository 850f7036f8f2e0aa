#!/usr/bin/env bash
# mrr_playbook.sh: the subscription periods of the dbt MRR playbook and its waterfall month by month, which
# must come out exactly. Needs a server with the extension installed, as PGHOST and PGUSER name it to a
# superuser; works in a database of its own, which it removes. The files are in mrr_playbook of the folder
# REVENUE_INTEL_DATA.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/test/real
data=$(readlink -m "${REVENUE_INTEL_DATA:-../shared/data}")/mrr_playbook
if [ ! -d "$data" ]; then
  echo "SKIPPED: no folder $data (REVENUE_INTEL_DATA names the one above it)"
  exit 0
fi
cd "$data"
export PGOPTIONS=

name=mrr_playbook_$$
psql() { command psql -X -q "$@"; }
trap 'psql -d postgres -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" 2>/dev/null || true' EXIT
psql -d postgres -c "CREATE DATABASE $name"
report=$(psql -d "$name" -f "$here/mrr_playbook.sql") || report+=$'\n0 passed, 1 failed'
echo "$report"
tail -n 1 <<<"$report" | grep -q '^[1-9][0-9]* passed, 0 failed$'
