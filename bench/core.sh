#!/usr/bin/env bash
# The scores in C++ without a server, by Google Benchmark. Run by bench/run.sh core.
. bench/lib.sh
. demo/lib.sh

logged bench-cmake cmake --preset default -D REVENUE_TESTS=OFF -B build/core_bench
logged bench-core cmake --build build/core_bench -j "$(nproc)" --target core_bench
printf '\n%s\n\n' 'One call without a server, processor time' | tee -a "$RESULTS/core.md"
build/core_bench/core_bench --benchmark_min_time=0.05 --benchmark_repetitions="$ROUNDS" \
  --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true \
  --benchmark_format=csv 2>/dev/null | awk -F, '
    function name(suffix) { gsub(/"/, "", $1); sub(suffix, "", $1); return $1 }
    BEGIN { printf "%-30s | %9s | %7s\n%s|%s|%s\n", "what", "median ns", "noise", \
            "-------------------------------", "-----------", "--------" }
    $1 ~ /_median"$/ { median[name("_median")] = $4 }
    $1 ~ /_cv"$/ { what = name("_cv"); printf "%-30s | %9.1f | %5.1f %%\n", what, median[what], $4 / 1e7 }
  ' | tee -a "$RESULTS/core.md"
