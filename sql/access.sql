-- What PUBLIC may touch, once everything is there. USAGE on the schema, which add_member() gives,
-- decides who gets in, and row-level security what he sees. A trigger function that runs with the
-- owner's rights would write for whoever hangs it on a table of his own, so none is for the public.

DO $$
DECLARE
  object text;
BEGIN
  FOR object IN
    SELECT c.oid::regclass::text FROM pg_class AS c
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'v'
  LOOP
    EXECUTE format('GRANT SELECT ON %s TO PUBLIC', object);
  END LOOP;
  FOR object IN
    SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'r'
  LOOP
    EXECUTE format('CREATE OR REPLACE TRIGGER begin_restore BEFORE INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION revenue.begin_restore()', object);
    EXECUTE format('CREATE OR REPLACE TRIGGER end_restore AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION revenue.end_restore()', object);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER end_restore', object);
  END LOOP;
  FOR object IN
    SELECT p.oid::regprocedure::text FROM pg_proc AS p
    WHERE p.pronamespace = 'revenue'::regnamespace AND p.prorettype = 'trigger'::regtype
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', object);
  END LOOP;
END $$;

-- What is written into jsonb, and into keys beside it, must not follow the settings of whoever causes it: instants are in
-- UTC, dates in ISO 8601, floats in as many digits as tell them apart. delete_rows() reads keys that the caller wrote; refuse_future()
-- looks at each row, and writes nothing.
DO $$
DECLARE
  writer regprocedure;
BEGIN
  FOR writer IN
    SELECT p.oid FROM pg_proc AS p
    WHERE p.pronamespace = 'revenue'::regnamespace AND p.prokind = 'f' AND p.proname NOT IN ('delete_rows', 'refuse_future')
      AND (p.proconfig::text ~ 'search_path' OR p.prorettype = 'jsonb'::regtype AND p.prosqlbody IS NOT NULL)
      AND coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~ 'jsonb_build|jsonb_agg|jsonb_object_agg|to_jsonb|revenue\.audit\('
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET timezone = ''UTC'' SET datestyle = ''ISO, YMD'' SET intervalstyle = ''postgres'' SET extra_float_digits = 1', writer);
  END LOOP;
END $$;
