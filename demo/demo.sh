#!/usr/bin/env bash
# make demo: from nothing to the pipeline report.
# shellcheck source=demo/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$PROJECT"

demo/setup.sh demo
build_and_install

# A running demo of this very build is kept, with whatever was typed into it; after another build
# it starts anew.
home=$(demo/cluster.sh dir demo)
build=$(cat revenue_intel.so revenue_intel--*.sql | sha256sum)
[ "$(cat "$home/build" 2>/dev/null)" = "$build" ] || demo/cluster.sh stop demo >/dev/null
demo/cluster.sh start demo
run() { demo/cluster.sh psql demo -q -v ON_ERROR_STOP=1 -d demo "$@"; }

if [ ! -f "$home/build" ]; then
  say "creating the extension and loading the demo data"
  run -o /dev/null -c 'CREATE EXTENSION revenue_intel' -c 'SELECT revenue.load_demo()'
  say "recording the metrics of half a year and checking the alerts"
  run -o /dev/null -c 'SELECT revenue.backfill_metrics(revenue.org_today() - 180, scored => false)' \
    -c 'SELECT revenue.backfill_metrics(revenue.org_today() - 14)' -c 'SELECT revenue.check_alerts()'
  echo "$build" >"$home/build"
fi

PAGER='' run -f demo/report.sql
cat <<END

Go on with   psql -h $home -U postgres demo
Stop with    make demo-stop
END
