\pset footer off
\pset null '-'
\echo
SELECT extversion AS revenue_intel, current_setting('server_version') AS postgresql
FROM pg_extension WHERE extname = 'revenue_intel';
