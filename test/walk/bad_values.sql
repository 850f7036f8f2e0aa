-- Bad values by type, as SQL expressions. An argument of a type without any fails walk_bad_input.
CREATE TABLE walk.bad_values (type text, expression text);
INSERT INTO walk.bad_values
SELECT 'integer', v FROM unnest(ARRAY['0', '-1', '2147483647', '(-2147483648)', '555', '556']) AS v
UNION ALL SELECT 'smallint', v FROM unnest(ARRAY['0', '-1', '32767', '(-32768)']) AS v
UNION ALL SELECT 'bigint', v FROM unnest(ARRAY['0', '-1', '9223372036854775807', '(-9223372036854775808)',
  '4294967296']) AS v
UNION ALL SELECT t, v FROM unnest(ARRAY['double precision', 'numeric', 'real']) AS t, unnest(ARRAY[
  '''NaN''', '''Infinity''', '''-Infinity''', '0', '-1', '0.5', '1e-30', '-1e-30', '100.000001', '1e18', '-1e18',
    '9223372036854775808']) AS v
UNION ALL VALUES
  ('double precision', '1.7976931348623157e308'), ('double precision', '(-1.7976931348623157e308)'),
  ('double precision', '5e-324'), ('double precision', '''-0'''), ('real', '3.4e38'),
  ('numeric', 'repeat(''9'', 20000)'), ('numeric', '(''0.'' || repeat(''0'', 10000) || ''1'')'),
    ('numeric', '1e-16383'), ('numeric', '999999999999.999999'), ('numeric', '(-999999999999.999999)')
UNION ALL SELECT t, v FROM unnest(ARRAY['text', 'character', 'character varying', 'name', 'cstring']) AS t, unnest(ARRAY[
  '''''', ''' ''', '''no such thing''', 'repeat(''x'', 100000)', 'E''a\nb\tc\\d''',
    '''"; DROP SCHEMA revenue CASCADE; --''',
  '''''''; DROP SCHEMA revenue CASCADE; --''', '''%s %n %1$I''', '''NaN''', '''null''', '''Zürich 💶''',
    '''../../etc/passwd''',
  'repeat(''"'', 63)', '''public''', '''$1''', '''sales''', '''closed_won''', '''ROWA-1''', '''ROWA-3''',
    '''regress_walk_owner''']) AS v
UNION ALL SELECT 'date', v FROM unnest(ARRAY[
  '''0001-01-01''', '''9999-12-31''', '''infinity''', '''-infinity''', '''4713-01-01 BC''', '''5874897-12-31''']) AS v
UNION ALL SELECT t, v FROM unnest(ARRAY['timestamp with time zone', 'timestamp without time zone']) AS t,
  unnest(ARRAY[
  '''0001-01-01''', '''9999-12-31''', '''infinity''', '''-infinity''', '''4713-01-01 BC''',
    '''294276-12-31 23:59:59.999999+00''']) AS v
UNION ALL SELECT 'interval', v FROM unnest(ARRAY['''0''', '''-1 day''', '''178000000 years''',
  '''-178000000 years''']) AS v
UNION ALL SELECT 'time without time zone', v FROM unnest(ARRAY['''00:00''', '''24:00''', '''23:59:59.999999''']) AS v
UNION ALL SELECT 'boolean', v FROM unnest(ARRAY['true', 'false']) AS v
UNION ALL SELECT t, v FROM unnest(ARRAY['jsonb', 'json']) AS t, unnest(ARRAY[
  '''null''', '''{}''', '''[]''', '''""''', '''"text"''', '''0''', '''-1''', '''1e400''', '''true''',
    '''[1, "a", null, {}]''',
  '''[[]]''', '''[null]''', '''[{}]''', '''{"": 0}''', '''{"a": {"b": [{}]}}''', '''{"EUR": "NaN", "USD": 1e300}''',
  '''{"name": null, "kind": 5}''', '''{"eur": 1, "EUR": 2}''', '''[{"stage_id": "a"}, {"stage_id": "a"}]''',
    '(repeat(''['', 1000) || repeat('']'', 1000))',
  '(repeat(''{"stages":'', 500) || ''1'' || repeat(''}'', 500))', '(''{"'' || repeat(''k'', 100000) || ''": 1}'')',
  '(SELECT jsonb_object_agg(''key '' || i, i)::text FROM generate_series(1, 5000) AS i)']) AS v
UNION ALL SELECT t || '[]', v FROM unnest(ARRAY['text', 'integer', 'bigint', 'double precision', 'numeric', 'boolean',
  'date',
  'timestamp with time zone', 'jsonb']) AS t, unnest(ARRAY['''{}''', '''{NULL}''',
    '''{{NULL,NULL},{NULL,NULL}}''']) AS v
UNION ALL VALUES
  ('text[]', '''{"", no such thing}'''), ('text[]', 'array_fill(''x''::text, ARRAY[20000])'),
  ('timestamp with time zone[]', '''{infinity, -infinity}'''), ('double precision[]', '''{NaN, Infinity}'''),
  ('numeric[]', '''{NaN, -1}'''), ('integer[]', '''{-1, 2147483647}'''),
  ('uuid', '''00000000-0000-0000-0000-000000000000'''), ('uuid', '''ffffffff-ffff-ffff-ffff-ffffffffffff'''),
  ('bytea', ''''''), ('bytea', '''\xdeadbeef'''), ('bytea', 'repeat(''a'', 100000)'),
  ('regclass', '0'), ('regclass', '4294967295'), ('regclass', '''pg_class'''), ('regclass', '''walk.calls''');
-- The types of stored values: their input refuses what is none, so that NULL is the one bad value.
INSERT INTO walk.bad_values
SELECT format_type(t.oid, NULL), 'NULL'
FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'revenue_intel' AND t.typtype = 'b' AND t.typelem = 0;
INSERT INTO walk.bad_values
SELECT 'revenue.movement_line[]', v FROM unnest(ARRAY['''{}''', '''{NULL}''', '''{{NULL},{NULL}}''', '''{"(,,,,,,,,)"}''',
  'ARRAY[(''infinity'', 1, false, ''x'', ''y'', '''', ''NaN'', NULL, NULL)::revenue.movement_line]',
  'ARRAY[(''2024-01-01'', -2147483648, true, ''new'', ''added'', ''USD'', ''-9223372036854.775808'', ''p'', NULL)::revenue.movement_line]']) AS v;
