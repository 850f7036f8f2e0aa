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
    EXECUTE format('CREATE OR REPLACE TRIGGER begin_restore BEFORE INSERT ON %s FOR EACH STATEMENT
      WHEN (current_setting(''check_function_bodies'') = ''off'') EXECUTE FUNCTION revenue.begin_restore()', object);
    EXECUTE format('CREATE OR REPLACE TRIGGER end_restore AFTER INSERT ON %s FOR EACH STATEMENT
      WHEN (current_setting(''revenue.restore'', true) = ''on'') EXECUTE FUNCTION revenue.end_restore()', object);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER end_restore', object);
  END LOOP;
  FOR object IN
    SELECT p.oid::regprocedure::text FROM pg_proc AS p
    WHERE p.pronamespace = 'revenue'::regnamespace AND p.prorettype = 'trigger'::regtype
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', object);
  END LOOP;
END $$;
