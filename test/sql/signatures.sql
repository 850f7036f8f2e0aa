-- What the library registers and what the extension declares are the same functions: names, argument
-- types and names, strictness, results. Both lists come from where they live, so none can drift.
\getenv abs_srcdir PG_ABS_SRCDIR
\set ECHO none
SET client_min_messages = error;
CREATE EXTENSION revenue_intel;
CREATE SCHEMA walk;

-- The library lists what it registers in a function that the extension does not declare.
CREATE FUNCTION walk.bridge_signatures()
RETURNS TABLE (name text, argument_types text, argument_names text, strict boolean, result text, columns text)
LANGUAGE c AS '$libdir/revenue_intel', 'bridge_signatures';
CREATE TABLE walk.registered AS SELECT * FROM walk.bridge_signatures() WHERE name <> 'bridge_signatures';

-- visible_orgs is an entry point of its own: it keeps the array for the rows of a scan, which the
-- typed bridge, with a new value for each call, cannot do.
INSERT INTO walk.registered VALUES ('visible_orgs', 'text', 'level', true, 'integer[]', '');

CREATE TABLE walk.declared AS
SELECT p.oid,
  -- a form of an aggregate is known by its parts
  coalesce((SELECT regexp_replace(a.aggtransfn::oid::regproc::text, '^revenue\.(.*)_add$', '\1')
    FROM pg_aggregate a JOIN pg_proc f ON f.oid = a.aggtransfn JOIN pg_language l ON l.oid = f.prolang
    WHERE a.aggfnoid = p.oid AND l.lanname = 'c'), p.proname)::text AS name, p.prosrc AS symbol, l.lanname = 'c' AS in_c, p.probin, p.prokind,
  p.proisstrict,
  p.proparallel, p.provolatile, p.pronargs,
  (SELECT coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY i), '') FROM unnest(p.proargtypes)
    WITH ORDINALITY AS a(t, i)) AS argument_types,
  p.proargnames[:p.pronargs] AS argument_names,
  CASE WHEN p.proretset THEN 'setof ' ELSE '' END || format_type(p.prorettype, NULL) AS result,
  (SELECT coalesce(string_agg(format('%s %s', n, format_type(t, NULL)), ', ' ORDER BY i), '')
   FROM unnest(p.proallargtypes, p.proargmodes, p.proargnames) WITH ORDINALITY AS a(t, m, n, i)
     WHERE m IN ('o', 't')) AS columns
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'revenue_intel';

-- A registered aggregate is five C functions and the aggregate over them.
CREATE TABLE walk.expected AS
SELECT r.name AS symbol, r.argument_types, r.argument_names, r.strict, r.result, r.columns
FROM walk.registered r WHERE NOT EXISTS (SELECT FROM walk.declared d WHERE d.name = r.name AND d.prokind = 'a')
UNION ALL
SELECT r.name || '_' || part.name, part.argument_types, '', part.strict, part.result, ''
FROM walk.registered r JOIN walk.declared d ON d.name = r.name AND d.prokind = 'a'
CROSS JOIN LATERAL (VALUES
  ('add', concat_ws(', ', 'internal', nullif(r.argument_types, '')), false, 'internal'),
  ('merge', 'internal, internal', false, 'internal'),
  ('serialize', 'internal', true, 'bytea'),
  ('deserialize', 'bytea, internal', true, 'internal'),
  ('result', 'internal', false, r.result)) AS part(name, argument_types, strict, result);
\set ECHO all

-- registered, but not declared; declared, but not registered; or declared twice
SELECT e.symbol AS registered_only FROM walk.expected e
  WHERE NOT EXISTS (SELECT FROM walk.declared d WHERE d.in_c AND d.symbol = e.symbol) ORDER BY 1;
SELECT d.oid::regprocedure AS declared_only FROM walk.declared d WHERE d.in_c AND d.result <> 'trigger'
  AND NOT EXISTS (SELECT FROM walk.expected e WHERE e.symbol = d.symbol) ORDER BY d.name;
SELECT symbol AS declared_twice FROM walk.declared WHERE in_c GROUP BY symbol HAVING count(*) > 1 ORDER BY 1;

-- C functions that are declared as something else than they are
SELECT d.oid::regprocedure AS function, v.what, v.declared, v.registered
FROM walk.declared d JOIN walk.expected e ON e.symbol = d.symbol
CROSS JOIN LATERAL (
  -- describe() of one type is describe_<type> in C
  VALUES ('name', CASE WHEN e.symbol LIKE 'describe\_%' THEN replace(d.name, 'describe', e.symbol) ELSE d.name END, e.symbol),
    ('library', d.probin, '$libdir/revenue_intel'),
    ('argument types', d.argument_types, e.argument_types),
    ('strict', d.proisstrict::text, e.strict::text),
    ('result', d.result, e.result),
    ('columns', d.columns, e.columns),
    ('parallel', d.proparallel::text, 's')
  UNION ALL
  SELECT 'name of argument ' || i, coalesce(d.argument_names[i], ''), n
  FROM unnest(string_to_array(nullif(e.argument_names, ''), ', ')) WITH ORDINALITY AS a(n, i) WHERE n <> '?'
) AS v(what, declared, registered)
WHERE d.in_c AND v.declared IS DISTINCT FROM v.registered ORDER BY d.name, v.what;

-- aggregates that are not their five functions
SELECT d.oid::regprocedure AS aggregate, v.what, v.declared, v.registered
FROM walk.declared d JOIN pg_aggregate a ON a.aggfnoid = d.oid JOIN walk.registered r ON r.name = d.name
CROSS JOIN LATERAL (VALUES
  ('argument types', d.argument_types, r.argument_types),
  ('result', d.result, r.result),
  ('parallel', d.proparallel::text, 's'),
  ('add', a.aggtransfn::oid::regproc::text, 'revenue.' || r.name || '_add'),
  ('merge', a.aggcombinefn::oid::regproc::text, 'revenue.' || r.name || '_merge'),
  ('serialize', a.aggserialfn::oid::regproc::text, 'revenue.' || r.name || '_serialize'),
  ('deserialize', a.aggdeserialfn::oid::regproc::text, 'revenue.' || r.name || '_deserialize'),
  ('result', a.aggfinalfn::oid::regproc::text, 'revenue.' || r.name || '_result'),
  ('state', a.aggtranstype::regtype::text, 'internal')) AS v(what, declared, registered)
WHERE v.declared IS DISTINCT FROM v.registered ORDER BY d.name, v.what;
-- aggregates in C whose parts nobody registered
SELECT a.aggfnoid::oid::regprocedure AS aggregate
FROM pg_aggregate a JOIN walk.declared d ON d.oid = a.aggfnoid
JOIN walk.declared part ON part.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn)
  AND part.in_c
WHERE NOT EXISTS (SELECT FROM walk.registered r WHERE r.name = d.name) GROUP BY 1 ORDER BY 1;

-- the list itself is not empty, and the check would see a difference
SELECT count(*) > 20 AS registered, bool_or(strict) AND bool_or(NOT strict) AS strict_and_not,
  bool_or(columns <> '') AS row_sets, bool_or(argument_names LIKE '%deal_stage%') AS names
FROM walk.registered;

\set ECHO none
DROP SCHEMA walk CASCADE;
DROP EXTENSION revenue_intel CASCADE;
