#!/usr/bin/env bash
# The views and calls over real tables: how long they take, what row-level security adds, whether a
# plan blows up, how time grows with the deals. Run by bench/run.sh views.
. bench/lib.sh
deals=${BENCH_VIEWS:-100000}
loaded=0

# load SHARE_OPEN DEALS: so many in all
load() {
  sql -o /dev/null -v open="$1" -v from=$((loaded + 1)) -v to="$2" -f bench/views.data.sql
  loaded=$2
}
ask() { sql -v suite="$1" -f bench/views.sql; }

database bench_views
sql -o /dev/null -f bench/views.org.sql -f bench/growth.sql
load 0.35 $((deals / 10))
ask "growth $loaded"
measure "growth $loaded"
load 0.35 "$deals"
ask "growth $loaded"
measure "growth $loaded"
ask mixed
report views "$deals deals, a third of them open (floor: sum(amount::float8))" mixed

# psql says on standard error what auto_explain sends.
sql -v ON_ERROR_STOP=0 -f bench/plans.sql 2>&1 >/dev/null | awk -f bench/plans.awk |
  sql -o /dev/null -f bench/plans.judge.sql
table views "Joins in every view and dated call over $deals deals, as owner and as member" \
  'SELECT * FROM bench.blow_ups'

load 0.35 $((10 * deals))
ask "growth $loaded"
measure "growth $loaded"
table views 'Growth: what ten times the deals cost in time' 'SELECT * FROM bench.growth()'

database bench_open
loaded=0
sql -o /dev/null -f bench/views.org.sql
load 1 "$deals"
ask open
report views "$deals deals, all of them open" open
sql -o /dev/null -c "SELECT revenue.set_framework('{\"close_probability\": {\"champion\": 14}}')" \
  -c "SELECT revenue.set_framework('{\"deal_health\": {\"fresh_days\": 10}}', 'technology')"
sql -v suite=weighted -f bench/views.sql
report views "The same with weights of the organisation's own, and others for one vertical" weighted

[ "$(sql -d bench_views -At -c "SELECT count(*) FROM bench.blow_ups WHERE verdict <> 'ok'")" = 0 ]
