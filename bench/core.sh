#!/usr/bin/env bash
# The scores in C++ without a server, by Google Benchmark. Run by bench/run.sh core.
. bench/lib.sh
. demo/lib.sh

logged bench-cmake cmake --preset default -D REVENUE_TESTS=OFF -B build/core_bench
logged bench-core cmake --build build/core_bench -j "$(nproc)" --target core_bench
build/core_bench/core_bench --benchmark_min_time=0.1 --benchmark_repetitions=5 \
  --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true \
  --benchmark_format=console 2>/dev/null | tee "$RESULTS/core.md"
