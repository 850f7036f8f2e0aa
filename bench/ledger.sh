#!/usr/bin/env bash
# What it costs to keep the ledger of MRR: COPY and single changes with its triggers and without, the tail with two
# clients, and what reads from its sums. Processor time of the server. Run by bench/run.sh ledger.
. bench/lib.sh
periods=${BENCH_PERIODS:-1000000}
changes=5000

database bench_ledger
[ "${BENCH_CLOCK:-wall}" = cpu ] || sql -f bench/clock.cpu.sql
folder=$(psql -X -At -c 'SHOW data_directory')
sql -c 'CREATE EXTENSION revenue_intel'
sql -o /dev/null -v periods="$periods" -v file="$folder/bench_ledger.items" -f bench/ledger.data.sql
for round in $(seq 0 "$ROUNDS"); do
  for ledger in false true; do
    sql -c "CALL bench_ledger.copy_in('$folder/bench_ledger.items', $ledger, $round)"
  done
done
rm -f "$folder/bench_ledger.items"
sql -c 'VACUUM ANALYZE'
for round in $(seq 0 "$ROUNDS"); do
  for ledger in false true; do
    sql -c "CALL bench_ledger.change_one($changes, $((periods / 5)), $ledger, $round)"
  done
  # Rows that were written without it.
  sql -o /dev/null -c 'SELECT revenue.refresh_ledger()'
done
table ledger "The ledger kept, of $periods periods (processor time)" "
  SELECT what, round(min(bare)::numeric, 3) AS \"bare ms\", round(min(kept)::numeric, 3) AS \"with the ledger ms\",
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY kept / bare)::numeric, 2) AS \"times\",
    CASE WHEN what LIKE 'COPY%' THEN 'at most 2' ELSE 'at most 3' END AS target,
    CASE WHEN percentile_cont(0.5) WITHIN GROUP (ORDER BY kept / bare) <= CASE WHEN what LIKE 'COPY%' THEN 2 ELSE 3 END THEN 'yes' ELSE 'NO' END AS met
  FROM (SELECT what, round, min(cpu_ms) FILTER (WHERE NOT ledger) AS bare, min(cpu_ms) FILTER (WHERE ledger) AS kept
        FROM bench_ledger.timings WHERE round > 0 GROUP BY what, round) AS t GROUP BY what ORDER BY what"
sql -At -c "SELECT CASE WHEN count(*) = 0 THEN 'verify_ledger(): exact' ELSE 'verify_ledger(): NO' END FROM revenue.verify_ledger()"

pgbench=$("$PG_CONFIG" --bindir)/pgbench
[ -x "$pgbench" ] || pgbench=$(command -v pgbench || true)
if [ -n "$pgbench" ]; then
  work=$(mktemp -d)
  cat >"$work/change.sql" <<SQL
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, quantity, unit_price, currency, product_id)
SELECT 1, 's' || 1 + n * 7919 % $((periods / 5)), current_date + (n / $((periods / 5)))::integer, 1 + n % 16, 20, 'USD', 'p1'
FROM nextval('bench_ledger.changes') AS n;
SQL
  "$pgbench" -n -M prepared -c 2 -j 1 -t $((4 * changes)) -l --log-prefix="$work/log" -f "$work/change.sql" >"$work/out" 2>&1 || cat "$work/out"
  sql -c 'CREATE TABLE bench_ledger.latency (client integer, transaction bigint, us bigint, script integer, epoch bigint, epoch_us bigint)'
  cat "$work"/log* | sql -c "COPY bench_ledger.latency FROM STDIN (DELIMITER ' ')"
  rm -r "$work"
  table ledger 'One change with the ledger kept, two clients (pgbench, prepared; target: 5 ms at the 99th percentile)' "
    SELECT count(*) AS changes, round(percentile_cont(0.5) WITHIN GROUP (ORDER BY us)::numeric / 1000, 2) AS \"median ms\",
      round(percentile_cont(0.99) WITHIN GROUP (ORDER BY us)::numeric / 1000, 2) AS \"99th percentile ms\",
      CASE WHEN percentile_cont(0.99) WITHIN GROUP (ORDER BY us) < 5000 THEN 'yes' ELSE 'NO' END AS met FROM bench_ledger.latency"
else
  echo 'SKIPPED: pgbench is not installed'
fi

# As it is between two runs of the job that compacts.
sql -v suite=ledger -f bench/ledger.sql
report ledger "What reads from the ledger of $periods periods (floor: sum(mrr) over them)" ledger
