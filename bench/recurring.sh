#!/usr/bin/env bash
# MRR by month over subscription periods: the kernel beside what a data team would write, how time grows with the
# periods, and what memory it takes. Run by bench/run.sh recurring.
. bench/lib.sh
periods=${BENCH_PERIODS:-1000000}
# The date spine is slow, and that is what is to be shown.
MEASURE_TIMEOUT=2min

# load PERIODS: a database of so many
load() {
  database bench_recurring
  # The peers sort and hash in memory, where they are fastest.
  sql -c "ALTER DATABASE bench_recurring SET work_mem = '1GB'" -c 'CREATE EXTENSION revenue_intel'
  sql -o /dev/null -v periods="$1" -f bench/recurring.data.sql
}

# memory WHAT QUERY: what a session of its own takes for it, above what it has when it begins
memory() {
  sql -At <<SQL
CREATE TEMP TABLE bytes AS SELECT bench_mrr.peak() AS before;
\o /dev/null
SET max_parallel_workers_per_gather = 0;
$2;
\o
SELECT '$1', round((bench_mrr.peak() - before) / 1e6) FROM bytes;
SQL
}

load "$periods"
sql -v suite=recurring -f bench/recurring.sql
report recurring "$periods periods, five a customer, 36 months (floor: count(mrr) over the periods)" recurring
printf '\nPeak memory of a session, beyond shared buffers\n\n' | tee -a "$RESULTS/recurring.md"
{
  echo '| what | MB |'
  echo '|------|----|'
  {
    memory mrr_waterfall "SELECT * FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM bench_mrr.periods))"
    memory 'window SQL' 'SELECT * FROM bench_mrr.by_window'
  } | sed 's/^/| /; s/|\([0-9]\)/ | \1/; s/$/ |/'
} | tee -a "$RESULTS/recurring.md"
for size in $((periods / 10)) $((10 * periods)); do
  load "$size"
  sql -v suite="recurring $size" -f bench/recurring.sql
  report recurring "$size periods" "recurring $size"
  memory "mrr_waterfall, $size periods, MB" "SELECT * FROM revenue.mrr_waterfall((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM bench_mrr.periods))" |
    sed 's/|/: /' | tee -a "$RESULTS/recurring.md"
done
