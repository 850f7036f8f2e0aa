#!/usr/bin/env bash
# Accuracy, intervals and speed of forecasts on M3 and M1, beside R's package forecast on the same series, and
# 48,000 series in one statement. Run by bench/run.sh forecast.
#
#   BENCH_SAMPLE   series of each period that R forecasts too (60)
#   BENCH_SERIES   monthly series of the grouped statement (48000)
. bench/lib.sh
host=$PGHOST
. demo/lib.sh # forgets which server is meant
export PGHOST=$host PGUSER=postgres PGDATABASE=postgres
data=${REVENUE_INTEL_DATA:-../shared/data}
if [ ! -d "$data/m3" ]; then
  say "SKIPPED: no series in $data/m3 (REVENUE_INTEL_DATA)" | tee "$RESULTS/forecast.md"
  exit 0
fi

logged bench-cmake cmake --preset default -D REVENUE_TESTS=OFF -B build/core_bench
logged bench-core cmake --build build/core_bench -j "$(nproc)" --target forecast_accuracy
lines=$RESULTS/forecast.csv
: >"$lines"
for set in m3 m1; do
  for part in train test; do zcat "$data/$set/${set}_$part.csv.gz" >"$RESULTS/${set}_$part.csv"; done
  build/core_bench/forecast_accuracy "$set" "$data/$set/${set}_meta.csv" "$RESULTS/${set}_train.csv" \
    "$RESULTS/${set}_test.csv" >>"$lines"
done
if command -v Rscript >/dev/null; then
  Rscript bench/forecast.R "$data/m3/m3_meta.csv" "$RESULTS/m3_train.csv" "$RESULTS/m3_test.csv" \
    "${BENCH_SAMPLE:-60}" >>"$lines" 2>>"$LOGS/bench-forecast-R.log"
else
  say 'R is not installed: without it (demo/setup.sh bench installs r-cran-forecast)'
fi

database bench_forecast
sql -f bench/forecast.sql -c "\\copy bench.forecasts FROM '$lines' WITH (FORMAT csv)"
rm -f "$RESULTS"/m[13]_*.csv
table forecast 'M3, all series (M3 of 2000: Theta sMAPE 12.76, MASE 1.395)' "SELECT * FROM bench.accuracy('m3', false)"
table forecast 'M1, all series' "SELECT * FROM bench.accuracy('m1', false)"
table forecast "M3, the same random series as R" "SELECT * FROM bench.accuracy('m3', true)"
table forecast 'Promises' 'SELECT * FROM bench.promises()'

sql -v series="${BENCH_SERIES:-48000}" -f bench/forecast.data.sql
for method in auto fast; do
  for workers in 0 1; do sql -v method=$method -v workers=$workers -f bench/forecast.grouped.sql; done
done
table forecast 'Monthly series of 60 to 130 values, fitted in one statement' \
  'SELECT method, cores, series, round(seconds, 1) AS seconds, round(series / seconds) AS a_second FROM bench.grouped ORDER BY 1, 2'
