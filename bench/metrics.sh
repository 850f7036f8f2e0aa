#!/usr/bin/env bash
# The daily job: every metric of a day recorded, anomalies and alerts looked for, over deals with a history of
# ten versions each and ten times as many periods of subscriptions. Run by bench/run.sh metrics.
. bench/lib.sh
deals=${BENCH_VIEWS:-100000}

database bench_metrics
sql -o /dev/null -f bench/views.org.sql -f bench/growth.sql
sql -o /dev/null -v open=0.35 -v from=1 -v to="$deals" -f bench/views.data.sql -f bench/pipeline.data.sql
sql -o /dev/null -v subscriptions="$((2 * deals))" -f bench/metrics.subscriptions.sql
sql -v suite=metrics -f bench/metrics.sql
report metrics "$deals deals, ten versions each, $((10 * deals)) periods of subscriptions (floor: sum(amount::float8) over deal_history)" metrics
