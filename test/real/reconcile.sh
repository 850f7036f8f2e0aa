#!/usr/bin/env bash
# reconcile.sh: hierarchies made of M1 and M3 series, eight in two groups and in all, each series over its
# mean. Forecasts that add up by minimum trace must err less than those summed up from the bottom, in the
# geometric mean over all hierarchies, and no more in any collection but for the noise of its mean; what adds
# up must add up to 1e-9. Works in the database that PGDATABASE names, with the extension in it. The files
# are in m1 and m3 of the folder REVENUE_INTEL_DATA.
set -euo pipefail
here=$(dirname "$0")
data=$(readlink -m "${REVENUE_INTEL_DATA:-$here/../../../shared/data}")
if [ ! -d "$data/m3" ] || [ ! -d "$data/m1" ]; then
  echo "SKIPPED: no folders m1 and m3 in $data (REVENUE_INTEL_DATA names it)"
  exit 0
fi
psql() { command psql -X -q "$@"; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for set in m1 m3; do
  for part in train test; do zcat "$data/$set/${set}_$part.csv.gz" | tail -n +2 | sed "s/^/$set,$part,/"; done
done >"$scratch/values.csv"
for set in m1 m3; do
  psql -d "${PGDATABASE:-postgres}" -c "CREATE TABLE IF NOT EXISTS ${set}_meta (series_id text, st text, period text, type text,
    m integer, start_year integer, start_sub integer, n integer, h integer, description text)" \
    -c "\copy ${set}_meta FROM '$data/$set/${set}_meta.csv' CSV HEADER"
done
psql -c 'CREATE TABLE observations (set text, part text, series_id text, t integer, value double precision)' \
  -c "\copy observations FROM '$scratch/values.csv' CSV"
psql -f "$here/reconcile.sql" | tee "$scratch/report"
tail -n 1 "$scratch/report" | grep -q '^[1-9][0-9]* passed, 0 failed$'
