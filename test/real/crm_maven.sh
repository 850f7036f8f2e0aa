#!/usr/bin/env bash
# crm_maven.sh: loads the 8,800 Maven opportunities and compares what revenue_intel says of them with
# totals that awk computes from the raw files. Needs a server with the extension installed, as PGHOST
# and PGUSER name it to a superuser; works in a database and with roles of its own, which it removes.
# The files are in crm_maven of the folder REVENUE_INTEL_DATA.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/test/real
data=$(readlink -m "${REVENUE_INTEL_DATA:-../shared/data}")/crm_maven
if [ ! -d "$data" ]; then
  echo "SKIPPED: no folder $data (REVENUE_INTEL_DATA names the one above it)"
  exit 0
fi
cd "$data"
export PGOPTIONS=

scratch=$(mktemp -d)
name=crm_maven_$$
psql() { command psql -X -q "$@"; }
cleanup() {
  rm -rf "$scratch"
  psql -d postgres -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" \
    -c "DROP ROLE IF EXISTS ${name}_engineer, ${name}_viewer" 2>/dev/null || true
}
trap cleanup EXIT

LC_ALL=C awk -F, -f "$here/crm_maven.awk" accounts.csv products.csv sales_teams.csv sales_pipeline.csv \
  >"$scratch/expected"
psql -d postgres -c "CREATE DATABASE $name" \
  -c "CREATE ROLE ${name}_engineer" -c "CREATE ROLE ${name}_viewer"
psql -d "$name" -o /dev/null -c 'CREATE EXTENSION revenue_intel' \
  -c "GRANT EXECUTE ON FUNCTION revenue.create_org TO ${name}_engineer" \
  -c "SELECT revenue.grant_access('${name}_engineer')"
psql -d "$name" -v engineer="${name}_engineer" -v viewer="${name}_viewer" \
  -f "$here/crm_maven.sql" <"$scratch/expected" | tee "$scratch/report" ||
  echo "0 passed, 1 failed" | tee -a "$scratch/report"
tail -n 1 "$scratch/report" | grep -q '^[1-9][0-9]* passed, 0 failed$'
