-- The columns of all views, as a BI tool sees them: one name and one type for one thing, amounts of fixed precision, nothing
-- that a tool cannot read without a plain column beside it, and unknown is NULL. Only what breaks it is printed.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION revenue_intel;
CREATE TEMP TABLE columns AS
SELECT c.relname AS view, a.attname AS name, a.atttypid::regtype AS type, format_type(a.atttypid, a.atttypmod) AS full_type
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'v';
SELECT count(DISTINCT view) > 50 AS views, count(*) > 500 AS columns FROM columns;
-- amounts and other numerics without a precision
SELECT view, name, full_type FROM columns WHERE full_type = 'numeric' ORDER BY 1, 2;
-- intervals and arrays without the plain column that says the same
SELECT c.view, c.name, c.full_type FROM columns AS c
LEFT JOIN (VALUES ('last_duration', 'last_duration_seconds'), ('risk_factors', 'risks'), ('stale_sources', 'stale_source_names'),
  ('levels', 'lower_95'), ('lower', 'lower_95'), ('upper', 'upper_95')) AS s(name, plain) USING (name)
WHERE (c.full_type ~ '\[\]$' OR c.type = 'interval'::regtype)
  AND NOT EXISTS (SELECT FROM columns AS p WHERE p.view = c.view AND p.name = s.plain) ORDER BY 1, 2;
-- names that say something else elsewhere
SELECT view, name FROM columns WHERE name IN ('id', 'org', 'deal', 'account', 'owner', 'rep', 'stage') ORDER BY 1, 2;
SELECT view, name, full_type FROM columns
WHERE name ~ '_id$' AND type <> CASE name WHEN 'org_id' THEN 'integer'::regtype ELSE 'text' END
  OR name ~ '_(at|as_of)$' AND name <> 'run_at' AND type <> 'timestamptz'::regtype OR name ~ '_(on|date|month)$|^month$|^period_' AND name <> 'days_to_close_date' AND type <> 'date'::regtype
    AND NOT (view = 'deal_comparisons' AND name = 'month')
  OR name ~ '(rate|share|probability|conversion|retention|coverage|slippage|roi)$' AND name NOT IN ('fx_rate') AND name !~ 'required|without' AND type <> 'double precision'::regtype
ORDER BY 1, 2;
-- a name that has two types: what it counts differs
SELECT name, string_agg(DISTINCT full_type, ', ' ORDER BY full_type) AS types FROM columns
GROUP BY name HAVING count(DISTINCT CASE full_type WHEN 'bpchar' THEN 'character(3)' ELSE full_type END) > 1 ORDER BY 1;
-- unknown is NULL: no text of the demo is empty
SELECT (revenue.load_demo(20, 1, years => 1) ->> 'org_id')::integer AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', false) \g /dev/null
\set ECHO none
SELECT string_agg(format('SELECT %L AS view, %L AS name, count(*) AS empty FROM revenue.%I WHERE %I = %L HAVING count(*) > 0', view, name, view, name, ''), ' UNION ALL ') AS query
FROM columns WHERE type = 'text'::regtype AND view NOT IN ('forecast_errors', 'forecast_accuracy') \gset
\set ECHO all
:query;
-- amounts have the digits of the currency
SELECT revenue.currency_digits(c) AS digits, string_agg(c, ' ' ORDER BY c) AS currencies FROM unnest('{USD,JPY,KWD,CLF,EUR}'::text[]) AS c GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE reporting_amount <> round(reporting_amount, 2)) AS cents, count(*) FILTER (WHERE amount <> round(amount, CASE currency WHEN 'JPY' THEN 0 ELSE 2 END)) AS digits,
  count(*) > 20 AS some FROM revenue.closed_deals WHERE org_id = :org;
