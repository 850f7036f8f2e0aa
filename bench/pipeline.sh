#!/usr/bin/env bash
# What moves in the pipeline, over deals with a history of ten versions each, and how time grows with
# them. Run by bench/run.sh pipeline.
. bench/lib.sh
deals=${BENCH_VIEWS:-100000}

# load DEALS: a database of so many
load() {
  database bench_pipeline
  sql -o /dev/null -f bench/views.org.sql -f bench/growth.sql
  sql -o /dev/null -v no_history=1 -v open=0.35 -v from=1 -v to="$1" -f bench/views.data.sql -f bench/pipeline.data.sql
}
# grow SIZE: what grows, twice, because the largest size takes a minute a round
grow() {
  sql -v suite="growth $1" -f bench/pipeline.sql
  ROUNDS=2 measure "growth $1"
}
keep() { sql -c '\copy bench.timings TO '"'$RESULTS/pipeline.$1.tsv'"; }

for size in $((deals / 10)) $((10 * deals)); do
  load "$size"
  grow "$size"
  keep "$size"
done
load "$deals"
for size in $((deals / 10)) $((10 * deals)); do
  sql -v suite="growth $size" -f bench/pipeline.sql -c '\copy bench.timings FROM '"'$RESULTS/pipeline.$size.tsv'"
  rm "$RESULTS/pipeline.$size.tsv"
done
grow "$deals"
sql -v suite=pipeline -f bench/pipeline.sql
report pipeline "$deals deals, ten versions each (floor: sum(amount::float8) over deal_history)" pipeline
table pipeline 'Growth: what ten times the deals cost in time' 'SELECT * FROM bench.growth()'

printf '\nlog_deal(), a transaction each (target: median below 5 ms)\n\n' | tee -a "$RESULTS/pipeline.md"
sql -P footer=off -f bench/events.sql | tee -a "$RESULTS/pipeline.md"
