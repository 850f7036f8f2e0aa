-- The room foundation: organisations, who may see what, policies, audit, exchange rates.
-- Run once, at installation. Access comes before the tables because their policies use it.

CREATE SCHEMA revenue;
COMMENT ON SCHEMA revenue IS 'revenue_intel: revenue intelligence over CRM, billing and usage rows';

-- Who calls, and what he may see -------------------------------------------------------------

CREATE FUNCTION revenue.caller_identity() RETURNS text
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'caller_identity';
COMMENT ON FUNCTION revenue.caller_identity() IS
  'Who calls: the role (SET ROLE counts, SECURITY DEFINER does not), or the JWT claim where revenue_intel.identity_source is jwt';

CREATE FUNCTION revenue.visible_orgs(level text) RETURNS integer[]
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'visible_orgs';
COMMENT ON FUNCTION revenue.visible_orgs(text) IS
  'The organisations where the caller has at least this level (viewer, member, analyst, admin, owner); own: where he is exactly member and writes only what is his';

CREATE FUNCTION revenue.current_org(org integer DEFAULT NULL) RETURNS integer
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'current_org';
COMMENT ON FUNCTION revenue.current_org(integer) IS
  'The organisation to work on: the argument, else the setting revenue_intel.org_id, else the only one visible; an error where that is none or several';

CREATE FUNCTION revenue.own_rep(org_id integer, rep_id text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'own_rep';
COMMENT ON FUNCTION revenue.own_rep(integer, text) IS 'Whether this rep is the caller himself';

-- What a column takes --------------------------------------------------------------------------
-- The bounds of the columns that users write, each in one place. They are inlined into the checks of
-- the tables, so that a valid row pays no call. NULL is valid.

CREATE FUNCTION revenue.refuse_value(given text, rule text, hint text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF given IS NULL THEN RETURN true; END IF;
  RAISE EXCEPTION '%', coalesce(rule, 'invalid value') USING ERRCODE = 'check_violation',
    DETAIL = format('Found: %s', CASE WHEN length(given) > 60 THEN left(given, 57) || '...' ELSE given END),
    HINT = coalesce(hint, 'Correct the value, or leave it NULL where it is not known.');
END $$;
COMMENT ON FUNCTION revenue.refuse_value(text, text, text) IS 'For checks of tables: the error about a value that a column does not take';

CREATE FUNCTION revenue.discount_hint(found double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN found > 1 AND found <= 100 THEN format('Divide a percentage by 100: write %s %% as %s.', found, found / 100)
    ELSE 'Write 15 % as 0.15.' END;
END;
COMMENT ON FUNCTION revenue.discount_hint(double precision) IS 'For errors: how to write a discount that was given as a percentage';

CREATE FUNCTION revenue.valid_discount(fraction double precision) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (fraction BETWEEN 0 AND 1) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(fraction::text, 'discount_pct must be a fraction from 0 to 1', revenue.discount_hint(fraction)) END;
END;
COMMENT ON FUNCTION revenue.valid_discount(double precision) IS 'For checks of tables: a discount is a fraction; the error about a percentage shows the conversion';

CREATE FUNCTION revenue.valid_id(id text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (octet_length(id) BETWEEN 1 AND 255) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(id, 'a key must have 1 to 255 bytes', 'Use the key that the source has, not a text that describes the row.') END;
END;
COMMENT ON FUNCTION revenue.valid_id(text) IS 'For checks of tables: a key has 1 to 255 bytes';

CREATE FUNCTION revenue.valid_label(label text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (length(label) <= 255) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(label, 'a label must have at most 255 characters', 'Reports are grouped by labels such as segments and regions: shorten it.') END;
END;
COMMENT ON FUNCTION revenue.valid_label(text) IS 'For checks of tables: what reports are grouped by has at most 255 characters';

CREATE FUNCTION revenue.valid_name(name text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (length(name) <= 500) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(name, 'a name must have at most 500 characters', 'Shorten it before it is loaded.') END;
END;
COMMENT ON FUNCTION revenue.valid_name(text) IS 'For checks of tables: a name or a title has at most 500 characters';

CREATE FUNCTION revenue.valid_note(note text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (length(note) <= 10000) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(note, 'a note must have at most 10000 characters', 'Keep longer texts in a table of your own.') END;
END;
COMMENT ON FUNCTION revenue.valid_note(text) IS 'For checks of tables: free text, or the text of a document, has at most 10,000 characters';

CREATE FUNCTION revenue.valid_day(day date) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (day >= date '1900-01-01' AND day < date '2200-01-01') IS NOT FALSE THEN true
    ELSE revenue.refuse_value(day::text, 'a date must lie in the years 1900 to 2199', 'Leave a date that is not known NULL.') END;
END;
COMMENT ON FUNCTION revenue.valid_day(date) IS 'For checks of tables: a day of the years 1900 to 2199';

CREATE FUNCTION revenue.valid_instant(instant timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (instant >= timestamptz '1900-01-01 00:00+00' AND instant < timestamptz '2200-01-01 00:00+00') IS NOT FALSE THEN true
    ELSE revenue.refuse_value(instant::text, 'a time must lie in the years 1900 to 2199', 'Leave a time that is not known NULL.') END;
END;
COMMENT ON FUNCTION revenue.valid_instant(timestamptz) IS 'For checks of tables: an instant of the years 1900 to 2199';

CREATE FUNCTION revenue.valid_amount(amount numeric) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (abs(amount) < 100000000000) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(amount::text, 'an amount must lie below 100 billion', 'Is it in minor units, such as cents? Divide it.') END;
END;
COMMENT ON FUNCTION revenue.valid_amount(numeric) IS 'For checks of tables: an amount lies below 1e11 in absolute value, so that sums stay within numeric(18,6)';

CREATE FUNCTION revenue.valid_quantity(quantity double precision) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (quantity >= 0 AND quantity <= 1e15) IS NOT FALSE THEN true
    ELSE revenue.refuse_value(quantity::text, 'a quantity must lie between 0 and 1e15', 'Use a larger unit.') END;
END;
COMMENT ON FUNCTION revenue.valid_quantity(double precision) IS 'For checks of tables: a measured quantity lies between 0 and 1e15';

-- Every table of user data goes through here, so that none is without row-level security or left
-- out of a dump. Privileges on tables go to PUBLIC: what a role may do is decided by USAGE on the
-- schema, which add_member() gives, and by the rows its policies show. Privileges by role would
-- fill the access list of pg_class, which has room for some 500 roles and then fails.
--
-- UPDATE or DELETE on a table is also the right to LOCK it in any mode, against everybody, and asks no policy. So UPDATE
-- is given by column, which locks rows and no table, and rows are deleted by delete_rows().
CREATE FUNCTION revenue.protect_table(
  protected regclass, read_level text, write_level text DEFAULT NULL, own_column text DEFAULT NULL,
  derived_columns text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  readable text := format('org_id = ANY (revenue.visible_orgs(%L))', read_level);
  writable text := format('org_id = ANY (revenue.visible_orgs(%L))', write_level);
  columns text := (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
    WHERE a.attrelid = protected AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> ALL (derived_columns));
BEGIN
  PERFORM pg_extension_config_dump(protected, '');
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', protected);
  EXECUTE format('CREATE POLICY readable ON %s FOR SELECT USING (%s)', protected, readable);
  EXECUTE format('GRANT SELECT ON %s TO PUBLIC', protected);
  IF write_level IS NULL THEN RETURN; END IF;

  IF own_column IS NOT NULL THEN
    writable := writable || format(
      ' OR org_id = ANY (revenue.visible_orgs(''own'')) AND revenue.own_rep(org_id, %I)', own_column);
  END IF;
  EXECUTE format('CREATE POLICY insertable ON %s FOR INSERT WITH CHECK (%s)', protected, writable);
  EXECUTE format('CREATE POLICY updatable ON %s FOR UPDATE USING (%s)', protected, writable);
  EXECUTE format('CREATE POLICY deletable ON %s FOR DELETE USING (%s)', protected, writable);
  EXECUTE format('GRANT INSERT (%1$s), UPDATE (%1$s) ON %2$s TO PUBLIC', columns, protected);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.protect_table(regclass, text, text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION revenue.protect_table(regclass, text, text, text, text[]) IS
  'For install scripts: row-level security, privileges and dump registration of one table; own_column names the rep whose rows a member may write, derived_columns what nobody writes but the extension';

-- Organisations and their members -------------------------------------------------------------

CREATE TABLE revenue.orgs (
  org_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text NOT NULL CHECK (name <> '' AND revenue.valid_name(name)),
  base_currency char(3) NOT NULL DEFAULT 'USD' CHECK (base_currency ~ '^[A-Z]{3}$'),
  time_zone text NOT NULL DEFAULT 'UTC' CHECK (time_zone <> ''),
  fiscal_year_start smallint NOT NULL DEFAULT 1 CHECK (fiscal_year_start BETWEEN 1 AND 12),
  week_start smallint NOT NULL DEFAULT 1 CHECK (week_start BETWEEN 1 AND 7),
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE revenue.orgs IS 'Organisations. Made by create_org(), changed by set_org_settings()';
COMMENT ON COLUMN revenue.orgs.org_id IS 'Key of the organisation, first column of every other key';
COMMENT ON COLUMN revenue.orgs.name IS 'Name of the organisation';
COMMENT ON COLUMN revenue.orgs.base_currency IS 'Reporting currency, ISO 4217';
COMMENT ON COLUMN revenue.orgs.time_zone IS 'IANA time zone that decides where a day begins';
COMMENT ON COLUMN revenue.orgs.fiscal_year_start IS 'Month in which the fiscal year starts, 1 to 12';
COMMENT ON COLUMN revenue.orgs.week_start IS 'Day on which a week starts, 1 = Monday to 7 = Sunday';
COMMENT ON COLUMN revenue.orgs.created_at IS 'When the organisation was created';

CREATE TABLE revenue.members (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  identity text NOT NULL CHECK (revenue.valid_id(identity)),
  access_level text NOT NULL CHECK (access_level IN ('owner', 'admin', 'analyst', 'member', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  invited_by text,
  accepted_at timestamptz DEFAULT now(),
  PRIMARY KEY (org_id, identity)
);
CREATE INDEX members_identity ON revenue.members (identity);
COMMENT ON TABLE revenue.members IS 'Who may see an organisation, and how much. Written by add_member(), accept_membership(), leave_org() and remove_member()';
COMMENT ON COLUMN revenue.members.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.members.identity IS 'Role name or JWT subject, as caller_identity() gives it';
COMMENT ON COLUMN revenue.members.access_level IS 'owner, admin, analyst, member or viewer';
COMMENT ON COLUMN revenue.members.created_at IS 'Added, or invited, at';
COMMENT ON COLUMN revenue.members.invited_by IS 'The owner who invited them; NULL where an administrator of the database added them';
COMMENT ON COLUMN revenue.members.accepted_at IS 'Member since; NULL = invited, and sees nothing yet';

-- Definitions with a version ------------------------------------------------------------------

CREATE TABLE revenue.policies (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  name text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  value jsonb NOT NULL CHECK (revenue.valid_note(value::text)),
  valid_from date NOT NULL,
  reason text CHECK (revenue.valid_note(reason)),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (org_id, name, version)
);
COMMENT ON TABLE revenue.policies IS 'How an organisation defines its metrics where definitions differ; overrides of builtin_policies(), written by set_policy()';
COMMENT ON COLUMN revenue.policies.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.policies.name IS 'A name from builtin_policies()';
COMMENT ON COLUMN revenue.policies.version IS '1, 2, ... for each policy; no version is ever changed';
COMMENT ON COLUMN revenue.policies.value IS 'The setting';
COMMENT ON COLUMN revenue.policies.valid_from IS 'First day on which this version is in force';
COMMENT ON COLUMN revenue.policies.reason IS 'Why it was changed';
COMMENT ON COLUMN revenue.policies.created_at IS 'When it was changed';
COMMENT ON COLUMN revenue.policies.created_by IS 'Who changed it';

CREATE TABLE revenue.framework (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  vertical text NOT NULL DEFAULT 'all' CHECK (vertical <> '' AND revenue.valid_label(vertical)),
  version integer NOT NULL CHECK (version > 0),
  weights jsonb NOT NULL CHECK (jsonb_typeof(weights) = 'object'),
  description text CHECK (revenue.valid_note(description)),
  active boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (org_id, vertical, version)
);
CREATE UNIQUE INDEX framework_active ON revenue.framework (org_id, vertical) WHERE active;
COMMENT ON TABLE revenue.framework IS 'Overrides of the scoring coefficients, by organisation and by vertical';
COMMENT ON COLUMN revenue.framework.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.framework.vertical IS 'Industry the override is for; all = every one';
COMMENT ON COLUMN revenue.framework.version IS '1, 2, ... within organisation and vertical';
COMMENT ON COLUMN revenue.framework.weights IS 'A part of the framework, merged over the built-in one';
COMMENT ON COLUMN revenue.framework.description IS 'What this version changes and why';
COMMENT ON COLUMN revenue.framework.active IS 'Whether scores use this version; one a vertical';
COMMENT ON COLUMN revenue.framework.created_at IS 'When the version was written';
COMMENT ON COLUMN revenue.framework.created_by IS 'Who wrote it';

-- Audit ---------------------------------------------------------------------------------------

CREATE TABLE revenue.audit_log (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  audit_id uuid NOT NULL DEFAULT gen_random_uuid(),
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor text NOT NULL,
  session_role text NOT NULL DEFAULT session_user,
  action text NOT NULL,
  object_type text NOT NULL,
  object_id text,
  old jsonb,
  new jsonb,
  reason text,
  PRIMARY KEY (org_id, audit_id)
);
CREATE INDEX audit_log_at ON revenue.audit_log (org_id, at);
CREATE INDEX audit_log_object ON revenue.audit_log (org_id, object_type, object_id);
COMMENT ON TABLE revenue.audit_log IS 'Who changed what, when and why. Append-only for everybody';
COMMENT ON COLUMN revenue.audit_log.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.audit_log.audit_id IS 'Key of the entry';
COMMENT ON COLUMN revenue.audit_log.at IS 'When, by the clock';
COMMENT ON COLUMN revenue.audit_log.actor IS 'Who, as caller_identity() gives it';
COMMENT ON COLUMN revenue.audit_log.session_role IS 'The database role that had logged in';
COMMENT ON COLUMN revenue.audit_log.action IS 'What was done, such as add_member';
COMMENT ON COLUMN revenue.audit_log.object_type IS 'To what kind of thing';
COMMENT ON COLUMN revenue.audit_log.object_id IS 'To which one';
COMMENT ON COLUMN revenue.audit_log.old IS 'Its values before';
COMMENT ON COLUMN revenue.audit_log.new IS 'Its values after';
COMMENT ON COLUMN revenue.audit_log.reason IS 'Why, where a reason was given';

-- Exchange rates ------------------------------------------------------------------------------

CREATE TABLE revenue.fx_rates (
  org_id integer NOT NULL REFERENCES revenue.orgs,
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  rate_date date NOT NULL CHECK (revenue.valid_day(rate_date)),
  rate numeric NOT NULL CHECK (rate BETWEEN 1e-12 AND 1e12),
  source text NOT NULL DEFAULT 'manual' CHECK (revenue.valid_label(source)),
  PRIMARY KEY (org_id, currency, rate_date)
);
COMMENT ON TABLE revenue.fx_rates IS 'Daily exchange rates into the organisation''s base currency; gaps are filled from the last known rate when read';
COMMENT ON COLUMN revenue.fx_rates.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.fx_rates.currency IS 'ISO 4217 code';
COMMENT ON COLUMN revenue.fx_rates.rate_date IS 'Day of the rate';
COMMENT ON COLUMN revenue.fx_rates.rate IS 'Units of the base currency for one unit of this currency';
COMMENT ON COLUMN revenue.fx_rates.source IS 'Where the rate comes from';

-- Locks ---------------------------------------------------------------------------------------
-- Rows that nobody else may lock. An advisory lock has a key that anybody can guess and hold.

CREATE TABLE revenue.locks (
  org_id integer NOT NULL REFERENCES revenue.orgs ON DELETE CASCADE,
  name text NOT NULL,
  PRIMARY KEY (org_id, name)
);
COMMENT ON TABLE revenue.locks IS 'For take_lock(): what one session at a time may do in an organisation';
COMMENT ON COLUMN revenue.locks.org_id IS 'Organisation';
COMMENT ON COLUMN revenue.locks.name IS 'What is locked';

-- Access --------------------------------------------------------------------------------------
-- What settles a figure (settings, policies, coefficients, rates) is readable by all who may see the
-- figure. Members and audit are the owners' and admins'. Only functions write here, except rates.

SELECT revenue.protect_table('revenue.orgs', 'viewer');
SELECT revenue.protect_table('revenue.members', 'admin');
SELECT revenue.protect_table('revenue.policies', 'viewer');
SELECT revenue.protect_table('revenue.framework', 'viewer');
SELECT revenue.protect_table('revenue.audit_log', 'admin');
SELECT revenue.protect_table('revenue.fx_rates', 'viewer', 'admin');
SELECT revenue.protect_table('revenue.locks', 'admin');
SELECT pg_catalog.pg_extension_config_dump('revenue.orgs_org_id_seq', '');
