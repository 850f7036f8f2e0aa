#!/usr/bin/env bash
# How well anomalies are found in labelled daily series, beside R's tsoutliers, Holt-Winters and S-H-ESD;
# the score of the Numenta Anomaly Benchmark; how fast. Run by bench/run.sh anomaly.
#
#   BENCH_ANOMALY_SERIES   how many of the 600 series (600); the peers in R take seconds for each ten
. bench/lib.sh

most=${BENCH_ANOMALY_SERIES:-600}
folder=build/bench/anomaly
mkdir -p "$folder"
${CXX:-g++} -std=c++20 -O2 -ffp-contract=off -o "$folder/generate" bench/anomaly_series.cpp
"$folder/generate" "$folder"
Rscript bench/peers/anomaly.R "$folder" "$most" >build/log/bench-anomaly-peers.log 2>&1

database bench_anomaly
sql -o /dev/null -c 'CREATE EXTENSION revenue_intel' -v most="$most" -f bench/anomaly.sql
table anomaly "Anomalies in $((most / 2)) labelled series (targets: F1 at least 0.80, at most 1.5 false alarms a series-year)" "
  SELECT detector, how, round(f1::numeric, 3) AS \"F1\", round((found::double precision / nullif(found + false_alarms, 0))::numeric, 3) AS precision,
    round((found::double precision / events)::numeric, 3) AS recall, round((false_alarms / years)::numeric, 2) AS \"false alarms a series-year\",
    CASE WHEN (detector, how) = ('revenue_intel', 'medium sensitivity') THEN CASE WHEN f1 >= 0.8 AND false_alarms <= 1.5 * years THEN 'yes' ELSE 'NO' END END AS met
  FROM figures ORDER BY detector <> 'revenue_intel', f1 DESC"
table anomaly 'What of it was found, at medium sensitivity' "
  SELECT l.kind, count(*) AS events, round(avg((EXISTS (SELECT FROM answers AS a WHERE a.detector = 'revenue_intel' AND a.score >= 2
    AND a.series = l.series AND a.day BETWEEN l.first_day AND l.last_day))::integer), 3) AS recall
  FROM labels AS l WHERE l.series % 2 = 1 AND l.first_day >= (SELECT min(day) + 90 FROM series_values AS v WHERE v.series = l.series)
  GROUP BY l.kind ORDER BY l.kind"

data=$(readlink -m "${REVENUE_INTEL_DATA:-../shared/data}")/nab
if [ -d "$data" ]; then
  printf '\n%s\n\n' 'Numenta Anomaly Benchmark, standard profile' | tee -a "$RESULTS/anomaly.md"
  python3 bench/nab.py "$data" | tee -a "$RESULTS/anomaly.md"
else
  echo "SKIPPED: no folder $data (REVENUE_INTEL_DATA names the one above it)"
fi

sql -f bench/anomaly.speed.sql
report anomaly '1,000 metrics of 730 days (floor: sum(value))' anomaly
