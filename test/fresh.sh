#!/bin/sh
# fresh.sh PSQL DATABASE COMMAND...: pg_regress starts each test through this, so that every test
# begins in an empty database, whatever the tests before it left.
set -e
psql=$1 database=$2
shift 2
"$psql" -X -q -v ON_ERROR_STOP=1 -d postgres <<SQL
DROP DATABASE $database WITH (FORCE);
CREATE DATABASE $database TEMPLATE template0;
ALTER DATABASE $database SET lc_messages = 'C';
ALTER DATABASE $database SET lc_monetary = 'C';
ALTER DATABASE $database SET lc_numeric = 'C';
ALTER DATABASE $database SET lc_time = 'C';
ALTER DATABASE $database SET bytea_output = 'hex';
SQL
exec "$@"
