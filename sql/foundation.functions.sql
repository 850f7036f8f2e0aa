-- The room foundation: what can be done with organisations, members, policies and rates.

-- Internal helpers ----------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.require_org(level text, org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  IF chosen = ANY (revenue.visible_orgs(level)) THEN RETURN chosen; END IF;
  RAISE EXCEPTION 'this needs the access level % in organisation %', level, chosen
    USING ERRCODE = 'insufficient_privilege',
      HINT = 'An owner of the organisation can give it with revenue.add_member().';
END $$;
COMMENT ON FUNCTION revenue.require_org(text, integer) IS
  'The organisation to work on, as current_org() finds it, or an error where the caller has not this level there';

CREATE OR REPLACE FUNCTION revenue.check_org(org integer) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF org IS NOT NULL THEN PERFORM revenue.current_org(org); END IF;
  RETURN true;
END $$;
COMMENT ON FUNCTION revenue.check_org(integer) IS
  'For functions that answer for every visible organisation or for one: true, or the error of current_org() where the one is not visible; NULL = all';

CREATE OR REPLACE FUNCTION revenue.is_administrator() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'USAGE')
    FROM pg_roles r, pg_class c
    WHERE r.rolname = CASE current_setting('role') WHEN 'none' THEN session_user
                      ELSE current_setting('role') END
      AND c.oid = 'revenue.orgs'::regclass);
END $$;
COMMENT ON FUNCTION revenue.is_administrator() IS
  'For functions and triggers: whether the caller''s role sees everything: a superuser''s, one with BYPASSRLS, or the owner of the extension''s tables. SECURITY DEFINER does not change it';

CREATE OR REPLACE FUNCTION revenue.check_date_range(from_date date, to_date date) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF from_date > to_date THEN
    RAISE EXCEPTION 'the period ends before it begins: % to %', from_date, to_date
      USING ERRCODE = 'invalid_parameter_value', HINT = 'to_date is the day after the last one; NULL leaves the period open.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_date_range IS 'An error with a hint where a period ends before it begins; NULL = open';

-- A dump begins with row_security and check_function_bodies off, in every format and in each process of a
-- parallel restore, and what is loaded so must not be recorded twice. Both, because a session may have the
-- first off for reasons of its own. A member cannot use it, nor a role with BYPASSRLS: only a superuser, the
-- owner of the database and the owner of the tables restore, and where a function with the owner's rights
-- writes for somebody, the role looked at here is still theirs.
CREATE OR REPLACE FUNCTION revenue.restoring() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'restoring';
COMMENT ON FUNCTION revenue.restoring() IS
  'For triggers: whether a dump is being restored, by a superuser or the owner of the database or of the extension''s tables; what is loaded then is not recorded again';

-- CREATE EXTENSION brings the foreign keys before the rows, and pg_restore -j loads the tables in any order:
-- nothing in a dump tells it which rows refer to which. While a table is restored no trigger fires, as if
-- the keys were added after the rows; for the rest of the transaction all of them do.
CREATE OR REPLACE FUNCTION revenue.begin_restore() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'begin_restore';
COMMENT ON FUNCTION revenue.begin_restore() IS 'Trigger: rows of a dump are loaded without triggers and foreign keys, which need rows that come later';

CREATE OR REPLACE FUNCTION revenue.end_restore() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'end_restore';
COMMENT ON FUNCTION revenue.end_restore() IS 'Trigger: what begin_restore() switched off is on again';

CREATE OR REPLACE FUNCTION revenue.verify_references()
RETURNS TABLE (constraint_name text, table_name text, referenced_table text, missing bigint)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET row_security = off SET enable_nestloop = off AS $$
DECLARE
  reference record;
BEGIN
  FOR reference IN
    SELECT c.conname, c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent,
      string_agg(format('p.%I = r.%I', pa.attname, ra.attname), ' AND ' ORDER BY k.place) AS equal,
      string_agg(format('r.%I IS NOT NULL', ra.attname), ' AND ' ORDER BY k.place) AS given
    FROM pg_constraint AS c
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(own, other, place)
    JOIN pg_attribute AS ra ON ra.attrelid = c.conrelid AND ra.attnum = k.own
    JOIN pg_attribute AS pa ON pa.attrelid = c.confrelid AND pa.attnum = k.other
    WHERE c.connamespace = 'revenue'::regnamespace AND c.contype = 'f'
    GROUP BY c.oid, c.conname, c.conrelid, c.confrelid ORDER BY 2, 1
  LOOP
    EXECUTE format('SELECT count(*) FROM ONLY %s AS r WHERE %s AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
      reference.child, reference.given, reference.parent, reference.equal) INTO missing;
    CONTINUE WHEN missing = 0;
    constraint_name := reference.conname;
    table_name := reference.child;
    referenced_table := reference.parent;
    RETURN NEXT;
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.verify_references() FROM PUBLIC;
COMMENT ON FUNCTION revenue.verify_references() IS
  'After a restore: the foreign keys with rows that refer to a row that is not there, and how many; no row = all is there. For who may read every row, such as a superuser';

CREATE OR REPLACE FUNCTION revenue.audit(
  action text, object_type text, object_id text, old jsonb, new jsonb, reason text, org integer)
RETURNS void LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO revenue.audit_log (org_id, actor, action, object_type, object_id, old, new, reason)
  VALUES (org, coalesce(revenue.caller_identity(), session_user), action, object_type, object_id, old, new, reason)
$$;
REVOKE EXECUTE ON FUNCTION revenue.audit(text, text, text, jsonb, jsonb, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.audit(text, text, text, jsonb, jsonb, text, integer) IS
  'For functions with the owner''s rights: one entry in the audit log, under the real caller''s name';

-- A real update, because of REPEATABLE READ: the second of two writers must fail there rather than
-- decide by what it saw before the first.
CREATE OR REPLACE FUNCTION revenue.lock_org(org integer) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE revenue.orgs SET name = name WHERE org_id = org
$$;
REVOKE EXECUTE ON FUNCTION revenue.lock_org(integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.lock_org(integer) IS
  'For functions with the owner''s rights: makes writers of an organisation''s settings wait for each other';

-- The rows are there before anybody needs them, so that whoever only asks never waits for one that is being made.
CREATE OR REPLACE FUNCTION revenue.add_locks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  INSERT INTO revenue.locks (org_id, name)
  SELECT NEW.org_id, unnest('{alerts,forecast,forecast origins,ledger sums,metrics}'::text[])
  UNION ALL SELECT NEW.org_id, 'job ' || b.job FROM revenue.builtin_jobs() AS b;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.add_locks() IS 'Trigger: every new organisation has its locks';

CREATE OR REPLACE TRIGGER add_locks AFTER INSERT ON revenue.orgs
FOR EACH ROW EXECUTE FUNCTION revenue.add_locks();

CREATE OR REPLACE FUNCTION revenue.take_lock(name text, org integer, wait boolean DEFAULT true) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1min' AS $$
BEGIN
  LOOP
    IF wait THEN
      PERFORM FROM revenue.locks AS l WHERE l.org_id = take_lock.org AND l.name = take_lock.name FOR UPDATE;
    ELSE
      PERFORM FROM revenue.locks AS l WHERE l.org_id = take_lock.org AND l.name = take_lock.name FOR UPDATE SKIP LOCKED;
    END IF;
    IF FOUND THEN RETURN true; END IF;
    IF EXISTS (SELECT FROM revenue.locks AS l WHERE l.org_id = take_lock.org AND l.name = take_lock.name) THEN RETURN false; END IF;
    INSERT INTO revenue.locks (org_id, name) VALUES (take_lock.org, take_lock.name) ON CONFLICT DO NOTHING;
  END LOOP;
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'another session holds the lock "%" of organisation %', take_lock.name, take_lock.org
    USING ERRCODE = 'lock_not_available', DETAIL = 'It was waited for for a minute.',
      HINT = 'End that session''s transaction, and try again; pg_stat_activity and pg_blocking_pids() show whose it is.';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.take_lock FROM PUBLIC;
COMMENT ON FUNCTION revenue.take_lock IS
  'For functions with the owner''s rights: until the end of the transaction no other session has this lock of the organisation; false where one has it and wait is false, an error where it keeps it for a minute';

CREATE OR REPLACE FUNCTION revenue.refuse_key_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the key of a row of % cannot be changed', TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'Insert a row with the new key and delete this one; what is recorded of it stays under the old key.';
END $$;
COMMENT ON FUNCTION revenue.refuse_key_change() IS 'Trigger: keys that history refers to stay as they are';

CREATE OR REPLACE FUNCTION revenue.refuse_rewrite() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% can only be added to', TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'What was recorded stays as it was recorded.';
END $$;
COMMENT ON FUNCTION revenue.refuse_rewrite() IS 'Trigger: makes a table append-only for everybody';

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON revenue.audit_log
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_rewrite();

-- Organisations -------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.check_org_settings(
  name text, base_currency text, time_zone text, fiscal_year_start integer, week_start integer)
RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF name = '' THEN
    RAISE EXCEPTION 'an organisation needs a name' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the argument name.';
  ELSIF base_currency !~ '^[A-Z]{3}$' THEN
    RAISE EXCEPTION 'invalid currency code "%"', base_currency USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use an ISO 4217 code of three capital letters, such as EUR.';
  ELSIF time_zone IS NOT NULL AND NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = time_zone) THEN
    RAISE EXCEPTION 'unknown time zone "%"', time_zone USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use a name from pg_timezone_names, such as Europe/Berlin.';
  ELSIF fiscal_year_start NOT BETWEEN 1 AND 12 THEN
    RAISE EXCEPTION 'invalid fiscal year start %', fiscal_year_start USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use the number of the month, 1 to 12.';
  ELSIF week_start NOT BETWEEN 1 AND 7 THEN
    RAISE EXCEPTION 'invalid week start %', week_start USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use 1 for Monday to 7 for Sunday.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_org_settings(text, text, text, integer, integer) IS
  'An error with a hint where a setting of an organisation cannot be; NULL is not looked at';

CREATE OR REPLACE FUNCTION revenue.create_org(
  name text, base_currency text DEFAULT 'USD', time_zone text DEFAULT 'UTC',
  fiscal_year_start integer DEFAULT 1, week_start integer DEFAULT 1)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  caller text := revenue.caller_identity();
  created revenue.orgs;
BEGIN
  IF caller IS NULL THEN
    RAISE EXCEPTION 'the caller has no identity' USING ERRCODE = 'insufficient_privilege',
      HINT = 'The gateway must set request.jwt.claims before it calls.';
  END IF;
  PERFORM revenue.check_org_settings(coalesce(create_org.name, ''), coalesce(create_org.base_currency, 'USD'),
    coalesce(create_org.time_zone, 'UTC'), create_org.fiscal_year_start, create_org.week_start);
  INSERT INTO revenue.orgs (name, base_currency, time_zone, fiscal_year_start, week_start)
  VALUES (create_org.name, coalesce(create_org.base_currency, 'USD'), coalesce(create_org.time_zone, 'UTC'),
    coalesce(create_org.fiscal_year_start, 1), coalesce(create_org.week_start, 1))
  RETURNING * INTO created;
  INSERT INTO revenue.members (org_id, identity, access_level) VALUES (created.org_id, caller, 'owner');
  PERFORM revenue.audit('create_org', 'org', created.org_id::text, NULL, to_jsonb(created), NULL, created.org_id);
  RETURN created.org_id;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.create_org(text, text, text, integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.create_org(text, text, text, integer, integer) IS
  'A new organisation with the caller as its owner and a pipeline "sales". The database''s administrator decides by GRANT EXECUTE who may create one';

CREATE OR REPLACE FUNCTION revenue.set_org_settings(
  name text DEFAULT NULL, base_currency text DEFAULT NULL, time_zone text DEFAULT NULL,
  fiscal_year_start integer DEFAULT NULL, week_start integer DEFAULT NULL,
  reason text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  before revenue.orgs;
  after revenue.orgs;
BEGIN
  PERFORM revenue.check_org_settings(set_org_settings.name, set_org_settings.base_currency,
    set_org_settings.time_zone, set_org_settings.fiscal_year_start, set_org_settings.week_start);
  PERFORM revenue.lock_org(chosen);
  SELECT * INTO before FROM revenue.orgs o WHERE o.org_id = chosen;
  IF set_org_settings.base_currency <> before.base_currency
     AND EXISTS (SELECT FROM revenue.fx_rates r WHERE r.org_id = chosen) THEN
    RAISE EXCEPTION 'the exchange rates of organisation % are in %', chosen, before.base_currency
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'Delete them from revenue.fx_rates, change the base currency, and load them in the new one.';
  END IF;
  UPDATE revenue.orgs o SET
    name = coalesce(set_org_settings.name, o.name),
    base_currency = coalesce(set_org_settings.base_currency, o.base_currency),
    time_zone = coalesce(set_org_settings.time_zone, o.time_zone),
    fiscal_year_start = coalesce(set_org_settings.fiscal_year_start, o.fiscal_year_start),
    week_start = coalesce(set_org_settings.week_start, o.week_start)
  WHERE o.org_id = chosen RETURNING * INTO after;
  PERFORM revenue.audit('set_org_settings', 'org', chosen::text, to_jsonb(before), to_jsonb(after), reason, chosen);
END $$;
COMMENT ON FUNCTION revenue.set_org_settings(text, text, text, integer, integer, text, integer) IS
  'Changes the settings that are given. Owners only, audited';

CREATE OR REPLACE FUNCTION revenue.org_today(org integer DEFAULT NULL) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT (now() AT TIME ZONE o.time_zone)::date FROM revenue.orgs o WHERE o.org_id = revenue.current_org(org);
END;
COMMENT ON FUNCTION revenue.org_today(integer) IS 'Today in the organisation''s time zone';

-- Members -------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.grant_access(role_name text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
    RAISE EXCEPTION 'role "%" does not exist', role_name USING ERRCODE = 'undefined_object',
      HINT = 'Create the role first; with a gateway, SET revenue_intel.identity_source to jwt.';
  END IF;
  IF NOT has_schema_privilege(role_name, 'revenue', 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA revenue TO %I', role_name);
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.grant_access(text) FROM PUBLIC;
COMMENT ON FUNCTION revenue.grant_access(text) IS
  'Lets a role use the schema, such as the one all users of a gateway share; which rows it sees is decided by revenue.members';

-- Serialised by the organisation's row, so that two owners cannot remove each other at once.
CREATE OR REPLACE FUNCTION revenue.keep_an_owner(org integer, leaving text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM revenue.members m WHERE m.org_id = org AND m.identity = leaving AND m.access_level = 'owner'
               AND m.accepted_at IS NOT NULL)
     AND NOT EXISTS (SELECT FROM revenue.members m WHERE m.org_id = org AND m.identity <> leaving AND m.access_level = 'owner'
                       AND m.accepted_at IS NOT NULL) THEN
    RAISE EXCEPTION '"%" is the last owner of organisation %', leaving, org
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Make another member owner first.';
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.keep_an_owner(integer, text) FROM PUBLIC;
COMMENT ON FUNCTION revenue.keep_an_owner(integer, text) IS
  'For functions that change members: an error where this one is the last owner';

-- Whoever an owner invites decides for themselves: a membership adds the organisation's rows to their views and totals.
CREATE OR REPLACE FUNCTION revenue.add_member(identity text, access_level text, org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  by_administrator boolean := revenue.is_administrator();
  before jsonb;
BEGIN
  IF coalesce(add_member.access_level, '') NOT IN ('owner', 'admin', 'analyst', 'member', 'viewer') THEN
    RAISE EXCEPTION 'unknown access level "%"', add_member.access_level USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Levels are owner, admin, analyst, member and viewer.';
  ELSIF coalesce(add_member.identity, '') = '' THEN
    RAISE EXCEPTION 'a member needs an identity' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the name of a role, or the JWT subject where a gateway is used.';
  END IF;
  PERFORM revenue.lock_org(chosen);
  IF add_member.access_level <> 'owner' THEN
    PERFORM revenue.keep_an_owner(chosen, add_member.identity);
  END IF;
  IF current_setting('revenue_intel.identity_source') = 'role' THEN
    PERFORM revenue.grant_access(add_member.identity);
  END IF;
  SELECT to_jsonb(m) INTO before FROM revenue.members m
  WHERE m.org_id = chosen AND m.identity = add_member.identity;
  INSERT INTO revenue.members AS m (org_id, identity, access_level, invited_by, accepted_at)
  VALUES (chosen, add_member.identity, add_member.access_level,
    CASE WHEN NOT by_administrator THEN revenue.caller_identity() END, CASE WHEN by_administrator THEN now() END)
  ON CONFLICT (org_id, identity) DO UPDATE
  SET access_level = excluded.access_level, accepted_at = coalesce(m.accepted_at, excluded.accepted_at);
  PERFORM revenue.audit('add_member', 'member', add_member.identity, before,
    (SELECT to_jsonb(m) FROM revenue.members m WHERE m.org_id = chosen AND m.identity = add_member.identity),
    NULL, chosen);
END $$;
COMMENT ON FUNCTION revenue.add_member(text, text, integer) IS
  'Invites a member, who comes in by accept_membership(), or changes a member''s level; whom an administrator of the database adds is a member at once. A role also gets USAGE on the schema. Owners only, audited';

CREATE OR REPLACE FUNCTION revenue.invitations()
RETURNS TABLE (org_id integer, organisation text, access_level text, invited_by text, invited_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT m.org_id, o.name, m.access_level, m.invited_by, m.created_at
  FROM revenue.members AS m JOIN revenue.orgs AS o USING (org_id)
  WHERE m.identity = revenue.caller_identity() AND m.accepted_at IS NULL ORDER BY m.org_id;
END $$;
COMMENT ON FUNCTION revenue.invitations() IS 'The organisations that invited the caller and wait for accept_membership() or leave_org()';

CREATE OR REPLACE FUNCTION revenue.accept_membership(org integer) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller text := revenue.caller_identity();
  accepted revenue.members;
BEGIN
  UPDATE revenue.members AS m SET accepted_at = now()
  WHERE m.org_id = accept_membership.org AND m.identity = caller AND m.accepted_at IS NULL RETURNING m.* INTO accepted;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no invitation to organisation % waits for you', accept_membership.org USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Yours are listed by revenue.invitations().';
  END IF;
  PERFORM revenue.audit('accept_membership', 'member', caller, NULL, to_jsonb(accepted), NULL, accept_membership.org);
  RETURN accepted.access_level;
END $$;
COMMENT ON FUNCTION revenue.accept_membership(integer) IS
  'Accepts an invitation of add_member(): from now on the caller sees the organisation; returns the access level. Audited';

CREATE OR REPLACE FUNCTION revenue.leave_org(org integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller text := revenue.caller_identity();
  level text;
  left_as jsonb;
BEGIN
  SELECT m.access_level INTO level FROM revenue.members AS m WHERE m.org_id = leave_org.org AND m.identity = caller;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'you are no member of organisation %', leave_org.org USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Your invitations are listed by revenue.invitations().';
  END IF;
  -- Others' leaving takes no lock that the organisation's administration waits for.
  IF level = 'owner' THEN
    PERFORM revenue.lock_org(leave_org.org);
    PERFORM revenue.keep_an_owner(leave_org.org, caller);
  END IF;
  DELETE FROM revenue.members AS m WHERE m.org_id = leave_org.org AND m.identity = caller RETURNING to_jsonb(m) INTO left_as;
  PERFORM revenue.audit('leave_org', 'member', caller, left_as, NULL, NULL, leave_org.org);
END $$;
COMMENT ON FUNCTION revenue.leave_org(integer) IS
  'Ends the caller''s membership, or declines an invitation; never the last owner''s. Audited';

-- USAGE on the schema stays: others may have given it to the role as well, and it shows no row by itself.
CREATE OR REPLACE FUNCTION revenue.remove_member(identity text, org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  before jsonb;
BEGIN
  PERFORM revenue.lock_org(chosen);
  PERFORM revenue.keep_an_owner(chosen, remove_member.identity);
  DELETE FROM revenue.members m WHERE m.org_id = chosen AND m.identity = remove_member.identity
  RETURNING to_jsonb(m) INTO before;
  IF before IS NULL THEN
    RAISE EXCEPTION '"%" is no member of organisation %', remove_member.identity, chosen
      USING ERRCODE = 'invalid_parameter_value', HINT = 'The members are listed in revenue.members.';
  END IF;
  PERFORM revenue.audit('remove_member', 'member', remove_member.identity, before, NULL, NULL, chosen);
END $$;
COMMENT ON FUNCTION revenue.remove_member(text, integer) IS
  'Removes a member, or takes an invitation back. Owners only, never the last owner, audited';

-- Policies ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.builtin_policies()
RETURNS TABLE (name text, value jsonb, allowed text[], description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  VALUES
    ('discounts', '"all"'::jsonb, ARRAY['all', 'recurring', 'none'],
     'Which discounts lower MRR while they run: all, recurring ones only, or none'),
    ('churn_date', '"period_end"', ARRAY['period_end', 'cancel_date'],
     'When a cancelled subscription churns: at the end of its period, or on the day of the cancellation'),
    ('same_period_new_churn', '"both"', ARRAY['both', 'dropped'],
     'A customer new and lost inside one period: shown in both, or dropped'),
    ('reactivation', '"any_time"', ARRAY['any_time', 'days'],
     'A customer who returns is a reactivation at any time, or within so many days and new after them'),
    ('reactivation_gap_days', '0', ARRAY['days'], 'A gap of up to so many days is no movement at all'),
    ('paused', '"zero"', ARRAY['zero', 'unchanged'], 'MRR of a paused subscription'),
    ('trial', '"excluded"', ARRAY['excluded', 'included'], 'Whether trials count in MRR'),
    ('past_due_grace_days', '0', ARRAY['days'], 'How many days past due still count in MRR; 0 = none'),
    ('fx', '"own_line"', ARRAY['own_line', 'constant_currency'],
     'Revaluation: a line of its own, or none because rates are held constant'),
    ('free', '"churn"', ARRAY['churn', 'active'],
     'A customer who goes to a free plan: churn with reason free, or active at 0');
END;
COMMENT ON FUNCTION revenue.builtin_policies() IS
  'The policies there are, with their defaults and what else each may be; days stands for a whole number of days';

CREATE OR REPLACE FUNCTION revenue.policy(name text, org integer DEFAULT NULL, as_of date DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.current_org(org);
  builtin jsonb := (SELECT b.value FROM revenue.builtin_policies() b WHERE b.name = policy.name);
BEGIN
  IF builtin IS NULL THEN
    RAISE EXCEPTION 'unknown policy "%"', policy.name USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The policies are listed by revenue.builtin_policies().';
  END IF;
  RETURN coalesce(
    (SELECT p.value FROM revenue.policies p
     WHERE p.org_id = chosen AND p.name = policy.name
       AND p.valid_from <= coalesce(as_of, revenue.org_today(chosen))
     ORDER BY p.version DESC LIMIT 1),
    builtin);
END $$;
COMMENT ON FUNCTION revenue.policy(text, integer, date) IS
  'The value of a policy on a day (NULL = today): the organisation''s latest version in force, else the built-in one';

CREATE OR REPLACE FUNCTION revenue.set_policy(
  name text, value jsonb, org integer DEFAULT NULL, valid_from date DEFAULT NULL, reason text DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('owner', org);
  allowed text[] := (SELECT b.allowed FROM revenue.builtin_policies() b WHERE b.name = set_policy.name);
  before jsonb := revenue.policy(set_policy.name, chosen);
  next_version integer;
BEGIN
  IF (CASE jsonb_typeof(set_policy.value)
        WHEN 'string' THEN set_policy.value #>> '{}' = ANY (allowed) AND set_policy.value <> '"days"'
        WHEN 'number' THEN 'days' = ANY (allowed) AND set_policy.value::text ~ '^[0-9]{1,5}$'
      END) IS NOT TRUE THEN
    RAISE EXCEPTION 'policy "%" cannot be %', set_policy.name, coalesce(set_policy.value::text, 'NULL')
      USING ERRCODE = 'invalid_parameter_value',
        HINT = format('It may be %s (days: a whole number, 0 to 99999).', array_to_string(allowed, ' or '));
  ELSIF NOT isfinite(set_policy.valid_from) THEN
    RAISE EXCEPTION 'valid_from must be a date' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for today.';
  END IF;
  PERFORM revenue.lock_org(chosen);
  INSERT INTO revenue.policies (org_id, name, version, value, valid_from, reason, created_by)
  SELECT chosen, set_policy.name, coalesce(max(p.version), 0) + 1, set_policy.value,
    coalesce(set_policy.valid_from, revenue.org_today(chosen)), set_policy.reason,
    coalesce(revenue.caller_identity(), session_user)
  FROM revenue.policies p WHERE p.org_id = chosen AND p.name = set_policy.name
  RETURNING version INTO next_version;
  PERFORM revenue.audit('set_policy', 'policy', set_policy.name, before, set_policy.value, set_policy.reason, chosen);
  RETURN next_version;
END $$;
COMMENT ON FUNCTION revenue.set_policy(text, jsonb, integer, date, text) IS
  'A new version of a policy, in force from valid_from (NULL = today); returns its number. Owners only, audited';

CREATE OR REPLACE FUNCTION revenue.iso_instant(instant timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN isfinite(instant) THEN to_char(instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ELSE CASE WHEN instant > '2000-01-01 00:00+00' THEN 'infinity' ELSE '-infinity' END END
$$;
COMMENT ON FUNCTION revenue.iso_instant IS 'For texts and keys: an instant as 2026-03-01T12:00:00Z, whatever the settings of the session';

-- A setting, because it is undone with the part of a transaction that failed, and whoever runs a job reads it.
CREATE OR REPLACE FUNCTION revenue.leave_out(what text, problem text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  noted text := current_setting('revenue_intel.left_out', true);
  line text := format('%s: %s', left(what, 200), left(regexp_replace(left(problem, 500), '[[:cntrl:]]+', ' ', 'g'), 300));
BEGIN
  RAISE WARNING '% is left out', left(what, 200) USING DETAIL = coalesce(left(problem, 500), 'unknown');
  IF length(noted) < 10000 THEN
    PERFORM set_config('revenue_intel.left_out', concat_ws(E'\n', nullif(noted, ''), line), true);
  END IF;
END $$;
COMMENT ON FUNCTION revenue.leave_out IS
  'For jobs and reports: says that something is left out and why, as a warning and for the log of the job that runs';

CREATE OR REPLACE FUNCTION revenue.checked_instant(as_of timestamptz) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF as_of < '0001-01-02 00:00+00' OR as_of >= '9999-12-31 00:00+00' THEN
    RAISE EXCEPTION 'as_of is out of range: %', as_of USING ERRCODE = 'datetime_field_overflow',
      HINT = 'Pass an instant between the years 1 and 9999, or NULL for the present.';
  END IF;
  RETURN as_of;
END $$;
COMMENT ON FUNCTION revenue.checked_instant(timestamptz) IS
  'The instant itself, or an error with a hint where the calendar ends; NULL stays NULL';

CREATE OR REPLACE FUNCTION revenue.days_until(day date, today date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN isfinite(day) AND isfinite(today) THEN least(greatest(day - today, -1000000), 1000000) END;
END;
COMMENT ON FUNCTION revenue.days_until(date, date) IS
  'Days from today to a day, negative where it has passed, at most a million either way; NULL for infinity';

CREATE OR REPLACE FUNCTION revenue.elapsed_days(since timestamptz, until timestamptz) RETURNS double precision
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'elapsed_days';
COMMENT ON FUNCTION revenue.elapsed_days(timestamptz, timestamptz) IS
  'Days since an instant until another, fractions included; 0 when the second comes first, NULL for infinity';

-- Exchange rates ------------------------------------------------------------------------------
-- A rate is units of the base currency for one unit of a currency. A rate that is a quotient is
-- rounded once, to 12 decimals; amounts are multiplied exactly, so that converted parts add up to
-- the converted total.

CREATE OR REPLACE FUNCTION revenue.currency_code(code text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF upper(code) !~ '^[A-Z]{3}$' THEN
    RAISE EXCEPTION 'invalid currency code "%"', code USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use an ISO 4217 code of three letters, such as EUR.';
  END IF;
  RETURN upper(code);
END $$;
COMMENT ON FUNCTION revenue.currency_code(text) IS 'The code in capitals, or an error where it cannot be one';

CREATE OR REPLACE FUNCTION revenue.read_fx_object(rates jsonb)
RETURNS TABLE (currency text, rate numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF jsonb_typeof(rates) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION 'rates must be a JSON object' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass currencies and numbers, such as {"EUR": 1.1, "GBP": 1.27}.';
  END IF;
  FOR currency, rate IN
    SELECT revenue.currency_code(e.key), CASE jsonb_typeof(e.value) WHEN 'number' THEN e.value::numeric END
    FROM jsonb_each(rates) e WHERE e.value NOT IN ('null', '"N/A"', '""')
  LOOP
    IF rate BETWEEN 1e-12 AND 1e12 THEN RETURN NEXT;
    ELSE
      RAISE EXCEPTION 'the rate of % must be a number from 1e-12 to 1e12', currency USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Leave a currency out, or give null, where there is no rate.';
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.read_fx_object(jsonb) IS
  'Currencies and rates of a JSON object; null and "N/A" are gaps and left out';

CREATE OR REPLACE FUNCTION revenue.load_fx_rates(
  rates jsonb, rate_date date DEFAULT NULL, source text DEFAULT 'manual', org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  loaded integer;
BEGIN
  IF NOT isfinite(load_fx_rates.rate_date) THEN
    RAISE EXCEPTION 'rate_date must be a date' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for today.';
  END IF;
  IF EXISTS (SELECT FROM revenue.read_fx_object(rates) r GROUP BY r.currency HAVING count(*) > 1) THEN
    RAISE EXCEPTION 'a currency has two rates' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Codes in small and in capital letters are the same currency; give each once.';
  END IF;
  INSERT INTO revenue.fx_rates AS known (org_id, currency, rate_date, rate, source)
  SELECT chosen, r.currency, coalesce(load_fx_rates.rate_date, revenue.org_today(chosen)), r.rate,
    coalesce(load_fx_rates.source, 'manual')
  FROM revenue.read_fx_object(rates) r
  WHERE r.currency <> (SELECT o.base_currency FROM revenue.orgs o WHERE o.org_id = chosen)
  ON CONFLICT (org_id, currency, rate_date) DO UPDATE SET rate = excluded.rate, source = excluded.source
  WHERE (known.rate, known.source) IS DISTINCT FROM (excluded.rate, excluded.source);
  GET DIAGNOSTICS loaded = ROW_COUNT;
  RETURN loaded;
END $$;
COMMENT ON FUNCTION revenue.load_fx_rates(jsonb, date, text, integer) IS
  'Rates of a day (NULL = today) as {"EUR": 1.1}: units of the base currency for one EUR; returns how many are new or changed. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.load_fx_quotes(
  quotes jsonb, quote_currency text DEFAULT 'EUR', rate_date date DEFAULT NULL,
  source text DEFAULT 'ecb', org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  base text := (SELECT o.base_currency FROM revenue.orgs o WHERE o.org_id = chosen);
  quoted text := revenue.currency_code(coalesce(load_fx_quotes.quote_currency, 'EUR'));
  per_base numeric;
  rates jsonb;
BEGIN
  per_base := CASE WHEN base = quoted THEN 1
                   ELSE (SELECT q.rate FROM revenue.read_fx_object(quotes) q WHERE q.currency = base) END;
  IF per_base IS NULL THEN
    RAISE EXCEPTION 'the quotes have no rate for the base currency %', base USING ERRCODE = 'invalid_parameter_value',
      HINT = format('Quotes are units of each currency for one %s, and %s must be among them.', quoted, base);
  END IF;
  SELECT jsonb_object_agg(q.currency, round(q.rate, greatest(12, 11 - floor(log(q.rate))::integer))) INTO rates
  FROM (SELECT r.currency, per_base / r.rate AS rate FROM revenue.read_fx_object(quotes) r UNION SELECT quoted, per_base) q;
  RETURN revenue.load_fx_rates(rates, load_fx_quotes.rate_date, load_fx_quotes.source, chosen);
END $$;
COMMENT ON FUNCTION revenue.load_fx_quotes(jsonb, text, date, text, integer) IS
  'Quotes of a day as the ECB gives them, units of each currency for one quote_currency, turned into rates to the base currency; returns how many are new or changed. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.fx_rate(
  currency text, to_currency text DEFAULT NULL, on_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (rate numeric, rate_date date, filled boolean, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  base text := (SELECT o.base_currency FROM revenue.orgs o WHERE o.org_id = chosen);
  day date := coalesce(fx_rate.on_date, revenue.org_today(chosen));
  have text := revenue.currency_code(fx_rate.currency);
  want text := coalesce(revenue.currency_code(fx_rate.to_currency), base);
  known record;
BEGIN
  IF have = want THEN
    RETURN QUERY SELECT 1::numeric, day, false, NULL::text;
    RETURN;
  END IF;
  WITH last_known AS (
    SELECT c.code, r.rate, r.rate_date FROM unnest(ARRAY[have, want]) AS c(code)
    CROSS JOIN LATERAL (
      SELECT f.rate, f.rate_date FROM revenue.fx_rates f
      WHERE f.org_id = chosen AND f.currency = c.code AND f.rate_date <= day AND c.code <> base
      ORDER BY f.rate_date DESC LIMIT 1) r
    UNION ALL SELECT base, 1, day
  )
  SELECT h.rate AS have_rate, w.rate AS want_rate, least(h.rate_date, w.rate_date) AS rate_date INTO known
  FROM (SELECT) one LEFT JOIN last_known h ON h.code = have LEFT JOIN last_known w ON w.code = want;
  IF known.have_rate IS NULL OR known.want_rate IS NULL THEN
    RETURN QUERY SELECT NULL::numeric, NULL::date, NULL::boolean, format('no rate for %s on or before %s',
      CASE WHEN known.have_rate IS NULL THEN have ELSE want END, to_char(day, 'YYYY-MM-DD'));
  ELSE
    RETURN QUERY SELECT
      CASE WHEN want = base THEN known.have_rate ELSE round(known.have_rate / known.want_rate, 12) END,
      known.rate_date, known.rate_date < day, NULL::text;
  END IF;
END $$;
COMMENT ON FUNCTION revenue.fx_rate(text, text, date, integer) IS
  'The rate from a currency to another (NULL = the base currency) on a day (NULL = today): the last known one, filled where that is older than the day. NULL with a reason where none is known';

CREATE OR REPLACE FUNCTION revenue.convert_currency(
  amount numeric, from_currency text, to_currency text DEFAULT NULL, on_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS numeric LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF amount IN ('NaN', 'Infinity', '-Infinity') THEN
    RAISE EXCEPTION 'amount must be a finite number' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'NaN and infinity are no amounts; use NULL for an unknown one.';
  END IF;
  RETURN (SELECT amount * f.rate FROM revenue.fx_rate(from_currency, to_currency, on_date, org) f);
END $$;
COMMENT ON FUNCTION revenue.convert_currency(numeric, text, text, date, integer) IS
  'The amount in another currency (NULL = the base currency) at the rate of fx_rate(), not rounded; NULL where no rate is known';

-- Inlined where it is joined, so that the planner sees one look-up through the key.
CREATE OR REPLACE FUNCTION revenue.fx_rate_on(org_id integer, currency char(3), base_currency char(3), on_date date)
RETURNS TABLE (rate numeric, rate_date date) LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 BEGIN ATOMIC
  SELECT 1::numeric, fx_rate_on.on_date WHERE fx_rate_on.currency = fx_rate_on.base_currency
  UNION ALL (
    SELECT f.rate, f.rate_date FROM revenue.fx_rates f
    WHERE fx_rate_on.currency <> fx_rate_on.base_currency
      AND f.org_id = fx_rate_on.org_id AND f.currency = fx_rate_on.currency AND f.rate_date <= fx_rate_on.on_date
    ORDER BY f.rate_date DESC LIMIT 1);
END;
COMMENT ON FUNCTION revenue.fx_rate_on(integer, char, char, date) IS
  'For joins: the rate of a currency into the base currency of its organisation on a day, the last known one, and the day that is from; no row where none is known';

CREATE OR REPLACE FUNCTION revenue.rate_on(org_id integer, currency char(3), day date) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT f.rate FROM revenue.fx_rates AS f
  WHERE f.org_id = rate_on.org_id AND f.currency = rate_on.currency AND f.rate_date <= rate_on.day
  ORDER BY f.rate_date DESC LIMIT 1;
END;
COMMENT ON FUNCTION revenue.rate_on(integer, char, date) IS
  'For sums: the last known rate of another currency into the base currency on a day, as a value; NULL where none is known';

-- Inlined, so that nothing is called for amounts that need no rate.
CREATE OR REPLACE FUNCTION revenue.rate_into_base(org_id integer, currency char(3), base_currency char(3), day date) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN currency = base_currency THEN 1 ELSE revenue.rate_on(org_id, currency, day) END;
END;
COMMENT ON FUNCTION revenue.rate_into_base(integer, char, char, date) IS
  'For sums: the rate of a currency into the base currency on a day, 1 for that itself; NULL where none is known';

-- Steps from currency to currency through the key, so that its cost does not grow with the days.
CREATE OR REPLACE FUNCTION revenue.fx_rates_at(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (org_id integer, currency char(3), rate numeric, rate_date date, filled boolean)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE days AS (
    SELECT o.org_id, o.base_currency AS base, (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date AS day
    FROM revenue.orgs o WHERE o.org_id = ANY (revenue.visible_orgs('viewer'))
  ), known AS (
    SELECT d.org_id, (SELECT f.currency FROM revenue.fx_rates f
                      WHERE f.org_id = d.org_id ORDER BY f.currency LIMIT 1) AS currency
    FROM days d
    UNION ALL
    SELECT k.org_id, (SELECT f.currency FROM revenue.fx_rates f
                      WHERE f.org_id = k.org_id AND f.currency > k.currency ORDER BY f.currency LIMIT 1)
    FROM known k WHERE k.currency IS NOT NULL
  )
  SELECT d.org_id, d.base, 1::numeric, d.day, false FROM days d
  UNION ALL
  SELECT d.org_id, k.currency, r.rate, r.rate_date, r.rate_date < d.day
  FROM days d JOIN known k ON k.org_id = d.org_id AND k.currency <> d.base
  CROSS JOIN LATERAL (
    SELECT f.rate, f.rate_date FROM revenue.fx_rates f
    WHERE f.org_id = k.org_id AND f.currency = k.currency AND f.rate_date <= d.day
    ORDER BY f.rate_date DESC LIMIT 1) r
$$;
COMMENT ON FUNCTION revenue.fx_rates_at(timestamptz) IS
  'The rate into its base currency of every currency an organisation has, on the day it is there at as_of (NULL = now), for joins; the base currency itself at 1';

-- Deleting ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.delete_rows(relation text, keys jsonb, org integer DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
DECLARE
  chosen integer := revenue.current_org(org);
  target oid := (
    SELECT c.oid FROM pg_class AS c
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relname = regexp_replace(delete_rows.relation, '^revenue[.]', ''));
  rights text := (
    SELECT pg_get_expr(p.polqual, p.polrelid) FROM pg_policy AS p WHERE p.polrelid = target AND p.polname = 'deletable');
  objects jsonb := CASE jsonb_typeof(keys) WHEN 'object' THEN jsonb_build_array(keys) ELSE keys END;
  names text[];
  unknown text;
  deleted bigint;
BEGIN
  IF rights IS NULL THEN
    RAISE EXCEPTION 'rows of "%" cannot be deleted', delete_rows.relation USING ERRCODE = 'insufficient_privilege',
      HINT = format('Rows can be deleted from %s.', (
        SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
        WHERE c.relnamespace = 'revenue'::regnamespace AND p.polname = 'deletable'));
  ELSIF jsonb_typeof(objects) IS DISTINCT FROM 'array'
      OR jsonb_path_exists(objects, 'strict $[*] ? (@.type() != "object")') OR jsonb_path_exists(objects, '$[*].* ? (@ == null)') THEN
    RAISE EXCEPTION 'keys must be an object or an array of objects' USING ERRCODE = 'invalid_parameter_value',
      DETAIL = 'A value of null names no row.', HINT = 'Pass the columns that name a row, such as {"deal_id": "D-1"}.';
  END IF;
  SELECT array_agg(DISTINCT k ORDER BY k) INTO names FROM jsonb_array_elements(objects) AS o, jsonb_object_keys(o) AS k;
  IF EXISTS (SELECT FROM jsonb_array_elements(objects) AS o WHERE o = '{}' OR NOT o ?& names) THEN
    RAISE EXCEPTION 'every key must name the same columns' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the columns that name a row, such as {"deal_id": "D-1"}.';
  END IF;
  SELECT n INTO unknown FROM unnest(names) AS n
  WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = target AND a.attname = n AND a.attnum > 0 AND NOT a.attisdropped);
  IF FOUND THEN
    RAISE EXCEPTION 'column "%" of % does not exist', left(unknown, 63), target::regclass USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the columns that name a row, such as {"deal_id": "D-1"}.';
  END IF;
  IF names IS NULL THEN RETURN 0; END IF;
  EXECUTE format('DELETE FROM %1$s WHERE org_id = $1 AND (%2$s) AND (%3$s) IN (SELECT %4$s FROM jsonb_populate_recordset(NULL::%1$s, $2) AS k)',
    target::regclass, rights, (SELECT string_agg(quote_ident(n), ', ' ORDER BY n) FROM unnest(names) AS n),
    (SELECT string_agg('k.' || quote_ident(n), ', ' ORDER BY n) FROM unnest(names) AS n)) USING chosen, objects;
  GET DIAGNOSTICS deleted = ROW_COUNT;
  RETURN deleted;
END $$;
COMMENT ON FUNCTION revenue.delete_rows IS
  'Deletes rows of a table that the caller may write: those whose columns have the values of the object, or of one of the objects of an array, such as {"deal_id": "D-1"}; how many. PUBLIC has no DELETE, because that is also the right to LOCK a table';

-- For install scripts -------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.comment_view_columns(descriptions jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  view_column record;
BEGIN
  FOR view_column IN
    SELECT c.oid::regclass AS view, a.attname AS name, descriptions ->> a.attname::text AS description
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'v' AND a.attnum > 0
      AND col_description(c.oid, a.attnum) IS NULL AND descriptions ? a.attname::text
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view_column.view, view_column.name, view_column.description);
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.comment_view_columns(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION revenue.comment_view_columns(jsonb) IS
  'For install scripts: comments the columns of all views that have none yet, by their names, which mean the same everywhere';
