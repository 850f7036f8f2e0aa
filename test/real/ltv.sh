#!/usr/bin/env bash
# ltv.sh: fits the published cohorts of retention_sbg and the customers of cdnow, and compares parameters,
# likelihoods and an expectation with the published ones. Needs a server with the extension installed, as PGHOST
# and PGUSER name it to a superuser; works in a database of its own, which it removes. The files are in these
# folders of REVENUE_INTEL_DATA.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/test/real
data=$(readlink -m "${REVENUE_INTEL_DATA:-../shared/data}")
if [ ! -d "$data/cdnow" ] || [ ! -d "$data/retention_sbg" ]; then
  echo "SKIPPED: no folder $data/cdnow or $data/retention_sbg (REVENUE_INTEL_DATA names the one above them)"
  exit 0
fi
cd "$data"
export PGOPTIONS=

name=ltv_$$
psql() { command psql -X -q "$@"; }
trap 'psql -d postgres -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" 2>/dev/null || true' EXIT
psql -d postgres -c "CREATE DATABASE $name"
report=$(psql -d "$name" -f "$here/ltv.sql") || report+=$'\n0 passed, 1 failed'
echo "$report"
tail -n 1 <<<"$report" | grep -q '^[1-9][0-9]* passed, 0 failed$'
