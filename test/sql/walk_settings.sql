-- What a function answers and what it writes is the same under any setting of the session: the time zone, the style of dates, intervals,
-- floats and strings. Each function is called under three settings, in one transaction, and what it gave is read under one. Only what
-- differs is printed. Left out are the models of instants, whose days are by design those of the session's zone, and what makes an
-- organisation, whose number comes from a sequence.
\getenv abs_srcdir PG_ABS_SRCDIR
\set SHOW_CONTEXT never
\set ECHO none
\set file :abs_srcdir '/walk/one_org.sql'
\i :file
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT f.oid, walk.expressions(f.function) AS given FROM walk.functions AS f JOIN walk.calls AS c USING (function) WHERE c.skip IS NULL LOOP
    EXECUTE format('CREATE TABLE walk."args of %s" AS SELECT %s', one.oid, (SELECT string_agg(format('%s AS "%s"', e, i), ', ' ORDER BY i)
      FROM unnest(one.given) WITH ORDINALITY AS x(e, i) WHERE e !~ '::cstring$'));
  END LOOP;
END $$;
CREATE PROCEDURE walk.set_all(variant integer) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config(s.name, s.settings[variant + 1], true) FROM (VALUES
    ('timezone', ARRAY['UTC', 'America/St_Johns', 'Asia/Kathmandu']), ('datestyle', ARRAY['ISO, MDY', 'SQL, DMY', 'German, DMY']),
    ('intervalstyle', ARRAY['postgres', 'iso_8601', 'sql_standard']), ('extra_float_digits', ARRAY['1', '-3', '0']),
    ('standard_conforming_strings', ARRAY['on', 'off', 'on']), ('bytea_output', ARRAY['hex', 'escape', 'escape']),
    ('xmlbinary', ARRAY['base64', 'hex', 'hex'])) AS s(name, settings);
END $$;
CREATE TABLE walk.answers (function text, variant integer, what text, answer text);
-- Ids are drawn and some times are the clock's.
CREATE FUNCTION walk.steady(answer text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT regexp_replace(regexp_replace(answer, '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}', 'id', 'g'),
    '\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+(\+00:00|\+00)', 'clock', 'g')
$$;
DO $$
DECLARE
  one record;
  name text;
  said text;
  stored text;
  rows text;
BEGIN
  FOR one IN SELECT f.*, (SELECT format_type(p.prorettype, NULL) FROM pg_proc AS p WHERE p.oid = f.oid) AS returns, (SELECT string_agg(format('a."%s"', i), ', ' ORDER BY i) FROM generate_subscripts(f.types, 1) AS i) AS used
      FROM walk.functions AS f JOIN walk.calls AS c USING (function) WHERE c.skip IS NULL AND NOT 'cstring' = ANY (f.types) AND f.name !~ '_out$'
        AND f.name NOT IN ('fit_series', 'fit_detector', 'fit_ratio_detector', 'forecast', 'forecast_hierarchy', 'decompose', 'detect', 'create_org', 'load_demo') ORDER BY f.function COLLATE "C" LOOP
    FOR variant IN 0..2 LOOP
      said := NULL; stored := '';
      BEGIN
        CALL walk.set_all(variant);
        EXECUTE format(CASE WHEN one.prokind = 'a' THEN 'CREATE TEMP TABLE got AS SELECT revenue.%I(%s) AS value FROM walk."args of %s" AS a'
          ELSE 'CREATE TEMP TABLE got AS SELECT %4$s FROM walk."args of %3$s" AS a, LATERAL revenue.%1$I(%2$s) AS r' END, one.name, one.used, one.oid,
          CASE one.returns WHEN 'void' THEN 'r::text' WHEN 'record' THEN 'r.*' ELSE 'r' END);
        CALL walk.set_all(0);
        SELECT string_agg(got::text, E'\n' ORDER BY got::text COLLATE "C") INTO said FROM got;
        IF one.provolatile = 'v' AND one.name !~ 'demo' THEN
          FOR name IN SELECT relation FROM walk.relations WHERE relkind = 'r' LOOP
            EXECUTE format('SELECT string_agg(walk.steady(t::text), E''\n'' ORDER BY walk.steady(t::text) COLLATE "C") FROM revenue.%I AS t', name) INTO rows;
            stored := concat_ws(E'\n', stored, name, rows);
          END LOOP;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'RB000';
      EXCEPTION WHEN SQLSTATE 'RB000' THEN NULL;
        WHEN OTHERS THEN said := concat_ws(' ', SQLSTATE, SQLERRM);
      END;
      CALL walk.set_all(0);
      INSERT INTO walk.answers VALUES (one.function, variant, 'answer', walk.steady(said)), (one.function, variant, 'stored', stored);
    END LOOP;
  END LOOP;
END $$;
\set ECHO all
SELECT count(DISTINCT function) > 350 AS called, count(*) FILTER (WHERE length(answer) > 0) > 800 AS answers FROM walk.answers;
-- all were called but for one that only a rep may
SELECT function, answer FROM walk.answers WHERE variant = 0 AND what = 'answer' AND answer ~ '^[0-9A-Z]{5} ' ORDER BY 1;
SELECT DISTINCT a.function, a.what, left(l.line, 300) AS line FROM walk.answers AS a
JOIN walk.answers AS b ON b.function = a.function AND b.what = a.what AND b.variant > 0 AND a.variant = 0 AND b.answer IS DISTINCT FROM a.answer
CROSS JOIN LATERAL (SELECT regexp_split_to_table(b.answer, E'\n') AS line EXCEPT SELECT regexp_split_to_table(a.answer, E'\n')) AS l ORDER BY 1, 2, 3;
\set ECHO none
DROP SCHEMA walk CASCADE;
DROP OWNED BY regress_walk_new, regress_walk_viewer;
DROP ROLE regress_walk_new, regress_walk_viewer;
DROP EXTENSION revenue_intel;
