-- What holds for every object of the extension, now and later. Only what breaks it is printed.
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
CREATE SCHEMA walk;
CREATE TABLE walk.objects AS
SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
  AND d.refclassid = 'pg_extension'::regclass
WHERE d.deptype = 'e' AND e.extname = 'revenue_intel';
CREATE TABLE walk.functions AS
SELECT p.*, p.oid::regprocedure::text AS signature, l.lanname, 'internal'::regtype = ANY (p.proargtypes) AS has_state
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
JOIN walk.objects o ON o.classid = 'pg_proc'::regclass AND o.objid = p.oid;
CREATE TABLE walk.relations AS
SELECT c.* FROM pg_class c JOIN walk.objects o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid;
\set ECHO all

-- objects outside the schema, or of a kind that these tests do not know
SELECT pg_describe_object(classid, objid, 0) AS object FROM walk.objects, pg_identify_object(classid, objid, 0) i
WHERE i.schema IS DISTINCT FROM 'revenue' AND i.identity <> 'revenue' OR i.type NOT IN (
  'schema', 'table', 'view', 'function', 'procedure', 'aggregate', 'sequence', 'type', 'composite type', 'trigger', 'operator',
    'cast')
ORDER BY 1;
-- objects of the schema that are not the extension's
SELECT pg_describe_object(c.classid, c.objid, 0) AS object
FROM (SELECT 'pg_class'::regclass::oid, oid FROM pg_class WHERE relnamespace = 'revenue'::regnamespace
  AND relkind NOT IN ('i', 'I', 't', 'S', 'c')
      UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc
        WHERE pronamespace = 'revenue'::regnamespace) AS c(classid, objid)
EXCEPT SELECT pg_describe_object(classid, objid, 0) FROM walk.objects ORDER BY 1;

-- COMMENT: functions, aggregates, tables, views, their columns, the schema, the extension
SELECT pg_describe_object(o.classid, o.objid, 0) AS without_comment FROM walk.objects o
WHERE o.classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_namespace'::regclass, 'pg_type'::regclass)
  AND coalesce(obj_description(o.objid, o.classid::regclass::name), '') = ''
  AND NOT EXISTS (SELECT FROM walk.relations c WHERE c.oid = o.objid AND c.relkind IN ('S', 'i', 't'))
  AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = o.objid AND (t.typrelid <> 0 OR t.typelem <> 0)) ORDER BY 1;
SELECT c.oid::regclass AS relation, string_agg(a.attname, ', ' ORDER BY a.attnum) AS columns_without_comment
FROM walk.relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND coalesce(col_description(c.oid, a.attnum), '') = ''
  GROUP BY c.oid, c.relname ORDER BY c.relname;
SELECT obj_description(oid, 'pg_extension') <> '' AS extension_has_comment FROM pg_extension
  WHERE extname = 'revenue_intel';

-- Functions -----------------------------------------------------------------------------------
-- one meaning a name; accessors of a stored value may dispatch on its type, a second form may take options: they
-- stand here
SELECT proname AS overloaded, string_agg(signature, ' ' ORDER BY signature) AS as FROM walk.functions
WHERE proname <> ALL ('{describe,fit_series,fit_detector}'::name[]) GROUP BY proname HAVING count(*) > 1 ORDER BY 1;
-- arguments without a name; parts of aggregates have none
SELECT signature AS unnamed_arguments FROM walk.functions
WHERE NOT has_state AND pronargs > 0
  AND (proargnames IS NULL OR EXISTS (SELECT FROM unnest(proargnames) n WHERE n = ''))
ORDER BY 1;
-- reserved words as names of arguments or columns would need quotes in every call
SELECT f.signature, n AS reserved FROM walk.functions f, unnest(f.proargnames) AS n, pg_get_keywords() k
WHERE k.word = n AND k.catcode IN ('R', 'T') ORDER BY 1, 2;
SELECT c.oid::regclass AS relation, a.attname AS reserved FROM walk.relations c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
JOIN pg_get_keywords() k ON k.word = a.attname AND k.catcode IN ('R', 'T')
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND (c.relname, a.attname) NOT IN (('audit_log', 'new'), ('audit_log', 'old'))
  ORDER BY 1, 2;

-- What a body calls must be at least as stable and as parallel as the function says it is; IMMUTABLE
-- reads neither tables nor the clock nor a setting.
CREATE TABLE walk.bodies AS
SELECT f.oid, f.signature, f.provolatile, f.proparallel, f.prosecdef, f.proconfig, f.lanname, f.prorettype,
  regexp_replace(s.source, '--[^\n]*', '', 'g') AS body,
  regexp_replace(regexp_replace(s.source, '--[^\n]*', '', 'g'), '''([^'']|'''')*''', '''''', 'g') AS code
FROM walk.functions f, LATERAL (SELECT coalesce(pg_get_function_sqlbody(f.oid), f.prosrc)) AS s(source)
WHERE f.lanname IN ('sql', 'plpgsql') AND f.prokind <> 'a';
SELECT b.signature AS says_too_much, m[1] AS calls
FROM walk.bodies b, regexp_matches(b.code, '\mrevenue\.(\w+)\s*\(', 'g') AS m, walk.functions f
WHERE f.proname = m[1] AND (
  array_position('{v,s,i}', f.provolatile::text) < array_position('{v,s,i}', b.provolatile::text)
  OR array_position('{u,r,s}', f.proparallel::text) < array_position('{u,r,s}', b.proparallel::text))
GROUP BY 1, 2 ORDER BY 1, 2;
SELECT b.signature AS immutable, m[1] AS reads
FROM walk.bodies b, regexp_matches(b.body,
  '(\mrevenue\.\w+(?!\w*\s*\()|\m(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday'
  '|current_setting|set_config|random|gen_random_uuid|pg_sleep|current_user|session_user|current_date'
  '|current_timestamp|localtimestamp|nextval|currval|to_char|to_timestamp|to_date)\M'
  '|\mpg_(?!catalog\M|temp\M)\w+|AT TIME ZONE)', 'gi') AS m
WHERE b.provolatile = 'i' AND NOT EXISTS (SELECT FROM walk.functions f WHERE m[1] = 'revenue.' || f.proname)
  GROUP BY 1, 2 ORDER BY 1, 2;
SELECT b.signature AS stable_writes FROM walk.bodies b
WHERE b.provolatile <> 'v' AND b.prorettype <> 'trigger'::regtype
  AND b.body ~* '\m(INSERT\s+INTO|UPDATE\s+revenue|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE|GRANT|REVOKE'
    '|FOR\s+(NO\s+KEY\s+)?UPDATE|FOR\s+(KEY\s+)?SHARE)\M' ORDER BY 1;
-- a subtransaction cannot begin in a parallel worker
SELECT b.signature AS safe_with_exception FROM walk.bodies b WHERE b.proparallel = 's' AND b.lanname = 'plpgsql'
  AND b.code ~ '\mEXCEPTION\s+WHEN\M' ORDER BY 1;

-- names that a search_path could turn to something else: relations and functions of the extension without their schema
SELECT b.signature, n.name AS unqualified
FROM walk.bodies b, (SELECT relname::text AS name FROM walk.relations WHERE relkind IN ('r', 'p', 'v', 'm', 'S')) AS n
WHERE b.code ~* format('\m(FROM|JOIN|INTO|UPDATE|TABLE)\s+(ONLY\s+)?%s\M(?!\s*\()', n.name)
  AND b.code !~* format('\m%s\M\s*(\([^)]*\))?\s+AS\s+(NOT\s+)?(MATERIALIZED\s+)?\(', n.name) ORDER BY 1, 2;
SELECT DISTINCT b.signature, f.proname AS unqualified
FROM walk.bodies b, walk.functions f
WHERE NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = b.oid AND p.prosqlbody IS NOT NULL)
  AND b.code ~ format('(?<![\w.%%])%s\s*\(', f.proname)
  AND b.code !~* format('(\m(INTO|AS|WITH|,)\s+%s\s*\()', f.proname)
  AND NOT EXISTS (SELECT FROM pg_proc p WHERE p.proname = f.proname AND p.pronamespace = 'pg_catalog'::regnamespace)
    ORDER BY 1, 2;
-- a definer function fixes its search_path, pg_catalog first and pg_temp last
SELECT signature AS unsafe_definer, proconfig FROM walk.functions
WHERE prosecdef AND NOT EXISTS (SELECT FROM unnest(proconfig) c
  WHERE c ~ '^search_path=pg_catalog(, [^,]+)*, pg_temp$') ORDER BY 1;
-- so does every function in SQL and PL/pgSQL, but for those in SQL with a body that binds when it is created, and
-- is inlined. A procedure that commits can fix none: it qualifies what it names, and test/sql/jobs.sql and
-- test/sql/walk_search_path.sql run it in a hostile one
SELECT b.signature AS unfixed_search_path FROM walk.bodies b JOIN walk.functions f USING (oid)
WHERE f.prosqlbody IS NULL AND body !~ '\mCOMMIT;'
  AND NOT EXISTS (SELECT FROM unnest(b.proconfig) c WHERE c LIKE 'search_path=pg_catalog%') ORDER BY 1;
-- a trigger function with the owner's rights would write for whoever hangs it on a table of his own
SELECT signature AS trigger_for_everybody FROM walk.functions
WHERE prosecdef AND prorettype = 'trigger'::regtype AND has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1;
-- what runs with the owner's rights and what the extension's helpers may do is granted to nobody by default
SELECT signature AS grant_option FROM walk.functions, aclexplode(proacl) a WHERE a.is_grantable
  AND a.grantee <> proowner ORDER BY 1;

-- Tables --------------------------------------------------------------------------------------
SELECT c.oid::regclass AS not_dumped FROM walk.relations c
WHERE c.relkind IN ('r', 'p', 'S') AND NOT EXISTS (
  SELECT FROM pg_extension e WHERE e.extname = 'revenue_intel' AND c.oid = ANY (e.extconfig)) ORDER BY c.relname;
SELECT c.oid::regclass AS dumped_in_part FROM walk.relations c
JOIN pg_extension e ON e.extname = 'revenue_intel' JOIN LATERAL unnest(e.extconfig, e.extcondition) AS d(oid,
  condition) ON d.oid = c.oid
WHERE d.condition <> '' ORDER BY c.relname;
-- a partitioned table has its key on each partition: of the parent, a dump could not restore it
SELECT c.oid::regclass AS without_key FROM walk.relations c
WHERE c.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid
  AND k.contype = 'p') ORDER BY c.relname;
-- org_id comes first in every key, unique index and foreign key
SELECT i.indexrelid::regclass AS key_not_by_org FROM walk.relations c JOIN pg_index i ON i.indrelid = c.oid
  AND i.indisunique
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
WHERE c.relkind IN ('r', 'p') AND a.attname IS DISTINCT FROM 'org_id' ORDER BY 1;
SELECT k.conrelid::regclass AS relation, k.conname AS foreign_key_not_by_org FROM pg_constraint k
  JOIN walk.relations c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND ((SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.conrelid
  AND a.attnum = k.conkey[1]) <> 'org_id'
  OR (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1]) <> 'org_id')
    ORDER BY 1, 2;
-- an index for each foreign key, whole or without its NULLs
SELECT k.conrelid::regclass AS relation, k.conname AS foreign_key_without_index FROM pg_constraint k
  JOIN walk.relations c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND NOT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid
    AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) ~ '^\(\w+ IS NOT NULL\)$')
    AND (SELECT array_agg(x ORDER BY x) FROM unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) x)
      = (SELECT array_agg(x ORDER BY x) FROM unnest(k.conkey) x)) ORDER BY 1, 2;
-- the graph of foreign keys has no circle, so that a dump can be restored in order
WITH RECURSIVE edges AS (
  SELECT DISTINCT conrelid, confrelid FROM pg_constraint k JOIN walk.relations c ON c.oid = k.conrelid
    WHERE contype = 'f' AND conrelid <> confrelid
), paths AS (
  SELECT conrelid AS start, confrelid AS at FROM edges UNION SELECT p.start, e.confrelid FROM paths p
    JOIN edges e ON e.conrelid = p.at
)
SELECT start::regclass AS in_a_circle FROM paths WHERE start = at ORDER BY 1;
-- money is numeric(18,6), sums that are kept numeric(38,6); numbers that are no money and no count are double precision
SELECT c.oid::regclass AS relation, a.attname, format_type(a.atttypid, a.atttypmod) AS not_money FROM walk.relations c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.atttypid IN ('numeric'::regtype, 'real'::regtype, 'money'::regtype)
WHERE c.relkind IN ('r', 'p') AND format_type(a.atttypid, a.atttypmod) <> CASE WHEN c.relname ~ '^(pipeline_snapshot|forecast_(runs|points|origins)$)' THEN 'numeric(38,6)' ELSE 'numeric(18,6)' END
  AND (c.relname, a.attname) NOT IN (('fx_rates', 'rate')) ORDER BY 1, 2;
SELECT c.oid::regclass AS relation, a.attname AS no_finite_check FROM walk.relations c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.atttypid IN ('numeric'::regtype, 'double precision'::regtype)
WHERE c.relkind IN ('r', 'p') AND c.relname NOT IN ('deal_history', 'mrr_movements', 'mrr_days') AND NOT EXISTS (
  SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY (k.conkey))
    ORDER BY 1, 2;
SELECT c.oid::regclass AS relation, a.attname, format_type(a.atttypid, a.atttypmod) AS type_to_avoid
  FROM walk.relations c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND (t.typtype = 'e'
  OR t.typname IN ('timestamp', 'varchar', 'json', 'money', 'timetz', 'float4')) ORDER BY 1, 2;
-- the extension creates no role, and needs no schema but its own
SELECT e.extnamespace::regnamespace AS schema_that_could_be_dropped FROM pg_extension e
WHERE e.extname = 'revenue_intel' AND e.extnamespace NOT IN ('pg_catalog'::regnamespace, 'revenue'::regnamespace);

-- Views ---------------------------------------------------------------------------------------
-- the view of a function's name is that function: the same columns in the same order, what is money as numeric, then at
-- most plain columns beside its arrays and intervals
SELECT c.oid::regclass AS view, f.signature AS function_with_other_columns
FROM walk.relations c JOIN walk.functions f ON f.proname = c.relname AND f.proretset
WHERE c.relkind = 'v' AND f.prorettype = 'record'::regtype
  AND (SELECT array_agg(a.attname::text || ' ' || format_type(a.atttypid, NULL) ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum BETWEEN 1 AND (SELECT count(*) FROM unnest(f.proargmodes) AS m WHERE m IN ('o', 't')))
   <> (SELECT array_agg(n || ' ' || format_type(CASE WHEN n IN ('weighted_amount', 'weighted_value') THEN 'numeric'::regtype ELSE t END, NULL) ORDER BY i)
     FROM unnest(f.proallargtypes, f.proargmodes, f.proargnames) WITH ORDINALITY AS p(t, m, n, i)
     WHERE m IN ('o', 't'))
ORDER BY 1;
-- who may use the schema may read its tables and views; the rows are the policies' affair
SELECT c.oid::regclass AS not_granted FROM walk.relations c
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT has_table_privilege('public', c.oid, 'SELECT') ORDER BY c.relname;
SELECT c.oid::regclass AS relation, a.privilege_type AS granted_too_much FROM walk.relations c, aclexplode(c.relacl) a
WHERE a.grantee = 0 AND (a.privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  OR c.relkind IN ('v', 'm', 'S') AND a.privilege_type <> 'SELECT') ORDER BY 1, 2;

\set ECHO none
DROP SCHEMA walk CASCADE;
-- DROP EXTENSION leaves nothing behind.
DROP EXTENSION revenue_intel;
\set ECHO all
SELECT to_regnamespace('revenue') IS NULL AS nothing_left;
