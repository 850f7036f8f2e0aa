#!/usr/bin/env bash
# The scoring functions over a million deals, beside the floor and the same formula in SQL, PL/pgSQL
# and PL/Python. Run by bench/run.sh scoring.
. bench/lib.sh
deals=${BENCH_DEALS:-1000000}

database bench_scoring
sql -o /dev/null -v deals="$deals" -c 'CREATE EXTENSION revenue_intel' -f bench/scoring.data.sql \
  -f bench/peers/sql_literals.sql -f bench/peers/sql_weights.sql -f bench/peers/plpgsql.sql \
  -f bench/peers/plpython.sql -f bench/scoring.sql
sql -o /dev/null -c 'CHECKPOINT'

report scoring "close_probability over $deals deals (floor: sum(amount::float8))" score
report scoring "Weighted pipeline of $deals deals, whole and by 200 reps" aggregate
report scoring "Explained close probability of $deals deals" explain
