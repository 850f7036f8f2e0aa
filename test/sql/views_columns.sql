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
-- what functions return beside what views have; what a user never calls is not read by anybody
CREATE TEMP TABLE outputs AS
SELECT 'view ' || view AS of, name, CASE type WHEN 'bpchar'::regtype THEN 'text' WHEN 'bigint'::regtype THEN 'integer' WHEN 'smallint'::regtype THEN 'integer' ELSE type::text END AS type FROM columns
UNION ALL
SELECT 'function ' || p.proname, u.name, CASE u.type::regtype WHEN 'bpchar'::regtype THEN 'text' WHEN 'bigint'::regtype THEN 'integer' WHEN 'smallint'::regtype THEN 'integer' ELSE u.type::regtype::text END
FROM pg_proc AS p, unnest(p.proargnames, p.proallargtypes, p.proargmodes::text[]) AS u(name, type, mode)
WHERE p.pronamespace = 'revenue'::regnamespace AND u.mode IN ('o', 't') AND obj_description(p.oid, 'pg_proc') !~ '^(For |Part of |Trigger)';
SELECT count(DISTINCT of) > 150 AS outputs FROM outputs;
-- the ends of a period have one name, [period_from, period_to), everywhere; but the window that a ratio of a month looks back
-- over is no period of the calendar, a fact is valid for as long as it is, and the runs of days that an alert compares include both ends
SELECT of, name FROM outputs
WHERE type = 'date' AND name ~ '(^|_)(start|starts|begin|begins|from|since|first|end|ends|to|until|last)(_(date|day|on))?$'
  AND name NOT IN ('period_from', 'period_to', 'window_from', 'window_to', 'valid_from', 'valid_to') AND of <> 'function comparison_days' ORDER BY 1, 2;
-- what takes a period takes its ends by these names, or any range of days by from_date and to_date
SELECT p.proname, u.name FROM pg_proc AS p, unnest(p.proargnames, p.proargmodes::text[]) AS u(name, mode)
WHERE p.pronamespace = 'revenue'::regnamespace AND coalesce(u.mode, 'i') = 'i' AND u.name ~ '^(period|from|start|begin|to|end|until)_(start|end|day|date|on)$'
  AND u.name NOT IN ('from_date', 'to_date') ORDER BY 1, 2;
-- a name has one type in all views
SELECT name, string_agg(DISTINCT full_type, ', ' ORDER BY full_type) AS types FROM columns
GROUP BY name HAVING count(DISTINCT CASE full_type WHEN 'bpchar' THEN 'character(3)' ELSE full_type END) > 1 ORDER BY 1;
-- and in functions, but for these, whose units differ
SELECT name, string_agg(DISTINCT type, ', ' ORDER BY type) AS types FROM outputs
WHERE name NOT IN (SELECT name FROM (VALUES
  ('actual', 'money of deals is numeric, a metric of any unit a float'), ('expected', 'the same'), ('value', 'the same'), ('change', 'the same'),
  ('expected_value', 'the same'), ('numerator', 'the same; of a rate of customers it is their number'), ('denominator', 'the same'),
  ('weighted_amount', 'a float of the scores, which the views round to money'), ('weighted_value', 'the same'),
  ('lower', 'money is numeric, a series of any unit a float, and several levels are an array'), ('upper', 'the same'),
  ('forecast', 'jsonb where it is the whole distribution, of which figures are read'), ('movements', 'the same'),
  ('churn', 'jsonb where it is an explained score, numeric where it is MRR'), ('expansion', 'the same'),
  ('days', 'a count of days, or their mean'), ('month', 'a date, or counted by month_number()'), ('period', 'a length, or the number of a renewal'))
  AS kept(name, reason)) GROUP BY name HAVING count(DISTINCT type) > 1 ORDER BY 1;
-- unknown is NULL: no text of the demo is empty, in no view and in no function that needs no argument. What is of no segment,
-- product or account is in it, and forecasts by segment, product and rep are over.
SELECT (revenue.load_demo(20, 1, years => 1) ->> 'org_id')::integer AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', false) \g /dev/null
SELECT pipeline_id, stage_id FROM revenue.stages WHERE org_id = :org AND kind = 'won' LIMIT 1 \gset
INSERT INTO revenue.deals (org_id, deal_id, name, pipeline_id, stage_id, amount, currency, created_at, close_date, closed_at)
SELECT :org, 'bare ' || n, 'Bare', :'pipeline_id', :'stage_id', 50000, 'USD', now() - n * interval '40 days', current_date - 30 * n, now() - n * interval '30 days' FROM generate_series(1, 9) AS n;
SELECT count(revenue.generate_forecast('month', dimension => d, as_of => now() - interval '100 days')) AS forecasts
FROM unnest('{segment,rep,product}'::text[]) AS d;
SELECT dimension, bool_or(num_nulls(segment, rep_id, product_id) = 3) AS without FROM revenue.forecast_errors
WHERE dimension <> 'all' GROUP BY dimension ORDER BY dimension;
\set ECHO none
SELECT string_agg(format('SELECT %L AS view, %L AS name, count(*) AS empty FROM revenue.%I WHERE %I = %L HAVING count(*) > 0', view, name, view, name, ''), ' UNION ALL ') AS query
FROM columns WHERE type = 'text'::regtype \gset
SELECT string_agg(format('SELECT %L AS function, %L AS name, count(*) AS empty FROM revenue.%I() WHERE %I = %L HAVING count(*) > 0', p.proname, u.name, p.proname, u.name, ''), ' UNION ALL ') AS calls
FROM pg_proc AS p, unnest(p.proargnames, p.proallargtypes, p.proargmodes::text[]) AS u(name, type, mode)
WHERE p.pronamespace = 'revenue'::regnamespace AND u.mode IN ('o', 't') AND u.type = 'text'::regtype AND p.proretset AND p.prokind = 'f' AND p.provolatile <> 'v'
  AND p.pronargs = p.pronargdefaults AND obj_description(p.oid, 'pg_proc') !~ '^(For |Part of |Trigger)'
  -- these return rows by the keys of the tables that they are for, where empty is the member that has none
  AND p.proname NOT IN ('compute_metrics', 'bookings_history', 'mrr_months') \gset
\set ECHO all
:query;
:calls;
-- amounts have the digits of the currency
SELECT revenue.currency_digits(c) AS digits, string_agg(c, ' ' ORDER BY c) AS currencies FROM unnest('{USD,JPY,KWD,CLF,EUR}'::text[]) AS c GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE reporting_amount <> round(reporting_amount, 2)) AS cents, count(*) FILTER (WHERE amount <> round(amount, CASE currency WHEN 'JPY' THEN 0 ELSE 2 END)) AS digits,
  count(*) > 20 AS some FROM revenue.closed_deals WHERE org_id = :org;
