-- Organisations, members, policies, audit and exchange rates.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never

CREATE FUNCTION code_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN SQLSTATE || ' ' || SQLERRM || CASE hint WHEN '' THEN ' (no hint)' ELSE '' END;
END $$;

-- Organisations -------------------------------------------------------------------------------

CREATE ROLE regress_revenue_owner;
CREATE ROLE regress_revenue_friend;
CREATE ROLE regress_revenue_stranger;
GRANT USAGE ON SCHEMA public TO PUBLIC;

-- Who may create one is decided by the administrator.
SET ROLE regress_revenue_owner;
SELECT revenue.create_org('Acme');
RESET ROLE;
GRANT USAGE ON SCHEMA revenue TO regress_revenue_owner;
SET ROLE regress_revenue_owner;
SELECT revenue.create_org('Acme');
RESET ROLE;
GRANT EXECUTE ON FUNCTION revenue.create_org TO regress_revenue_owner;
SET ROLE regress_revenue_owner;
SELECT revenue.create_org('Acme', base_currency => 'EUR', time_zone => 'Europe/Berlin', fiscal_year_start => 4) AS org \gset
SELECT name, base_currency, time_zone, fiscal_year_start, week_start FROM revenue.orgs;
SELECT identity, access_level FROM revenue.members;
SELECT pipeline_id, stage_id, position, kind, qualified FROM revenue.stages ORDER BY position;
SELECT revenue.org_today() = (now() AT TIME ZONE 'Europe/Berlin')::date AS today;

SELECT code_of(c) FROM (VALUES
  ($$SELECT revenue.create_org('')$$), ($$SELECT revenue.create_org(NULL)$$),
  ($$SELECT revenue.create_org('x', 'euro')$$), ($$SELECT revenue.create_org('x', 'eur')$$),
  ($$SELECT revenue.create_org('x', time_zone => 'Mars/Olympus')$$),
  ($$SELECT revenue.create_org('x', fiscal_year_start => 13)$$), ($$SELECT revenue.create_org('x', week_start => 0)$$)) AS v(c);

SELECT revenue.set_org_settings(week_start => 7, reason => 'American weeks');
SELECT week_start, name FROM revenue.orgs;
SELECT code_of($$UPDATE revenue.orgs SET name = 'mine'$$), code_of($$INSERT INTO revenue.members VALUES (1, 'x', 'owner')$$);

-- Members -------------------------------------------------------------------------------------

SELECT revenue.add_member('regress_revenue_friend', 'viewer');
SELECT has_schema_privilege('regress_revenue_friend', 'revenue', 'USAGE') AS granted;
SELECT revenue.add_member('regress_revenue_friend', 'admin');
SELECT identity, access_level FROM revenue.members ORDER BY identity;
SELECT code_of(c) FROM (VALUES
  ($$SELECT revenue.add_member('regress_revenue_nobody', 'viewer')$$),
  ($$SELECT revenue.add_member('regress_revenue_friend', 'boss')$$), ($$SELECT revenue.add_member('regress_revenue_friend', NULL)$$),
  ($$SELECT revenue.add_member(NULL, 'viewer')$$), ($$SELECT revenue.add_member('public', 'viewer')$$),
  ($$SELECT revenue.add_member('regress_revenue_owner', 'member')$$), ($$SELECT revenue.remove_member('regress_revenue_owner')$$),
  ($$SELECT revenue.remove_member('regress_revenue_stranger')$$), ($$SELECT revenue.add_member('x', 'viewer', 999)$$)) AS v(c);

-- Who is invited sees nothing until they accept, and decides whether they do.
SET ROLE regress_revenue_friend;
SELECT count(*) AS orgs FROM revenue.orgs;
SELECT organisation, access_level, invited_by FROM revenue.invitations();
SELECT code_of($$SELECT revenue.current_org()$$), code_of($$SELECT revenue.accept_membership(999)$$);
SELECT revenue.accept_membership(:org);
SELECT code_of(format('SELECT revenue.accept_membership(%s)', :org)), (SELECT count(*) FROM revenue.invitations()) AS invitations;
-- An owner of another organisation mixes it into nobody's totals, and locks nobody out.
RESET ROLE;
SELECT revenue.grant_access('regress_revenue_stranger');
GRANT EXECUTE ON FUNCTION revenue.create_org TO regress_revenue_stranger;
SET ROLE regress_revenue_stranger;
SELECT revenue.create_org('Other') AS other \gset
SELECT revenue.add_member('regress_revenue_friend', 'owner', :other);
SET ROLE regress_revenue_friend;
SELECT revenue.visible_orgs('viewer') = ARRAY[:org] AS only_theirs, revenue.current_org() = :org AS not_ambiguous;
SELECT organisation, access_level FROM revenue.invitations();
SELECT revenue.leave_org(:other);
SELECT code_of(format('SELECT revenue.leave_org(%s)', :other));
-- An owner who only is invited is none that could stay behind.
SET ROLE regress_revenue_stranger;
SELECT revenue.add_member('regress_revenue_friend', 'owner', :other);
SELECT code_of(format('SELECT revenue.leave_org(%s)', :other)), code_of($$SELECT revenue.add_member('regress_revenue_stranger', 'viewer')$$);
SELECT revenue.remove_member('regress_revenue_friend', :other);
SELECT has_schema_privilege('regress_revenue_friend', 'revenue', 'USAGE') AS still_granted;
-- Whom an administrator adds is a member at once, and what they have been given to use stays when they leave.
RESET ROLE;
SELECT revenue.add_member('regress_revenue_stranger', 'analyst', :org);
SET ROLE regress_revenue_stranger;
SELECT cardinality(revenue.visible_orgs('viewer')) AS orgs;
SELECT revenue.leave_org(:org);
SELECT cardinality(revenue.visible_orgs('viewer')) AS orgs;
RESET ROLE;
DELETE FROM revenue.members WHERE org_id = :other;
SELECT has_schema_privilege('regress_revenue_stranger', 'revenue', 'USAGE') AS still_granted;

-- An admin reads settings and members, and changes neither.
SET ROLE regress_revenue_friend;
SELECT count(*) AS members FROM revenue.members;
SELECT code_of(c) FROM (VALUES
  ($$SELECT revenue.add_member('regress_revenue_stranger', 'viewer')$$), ($$SELECT revenue.remove_member('regress_revenue_owner')$$),
  ($$SELECT revenue.set_org_settings(name => 'mine')$$), ($$SELECT revenue.set_policy('fx', '"constant_currency"')$$),
  ($$SELECT revenue.audit('a', 'b', 'c', NULL, NULL, NULL, 1)$$), ($$SELECT revenue.grant_access('regress_revenue_stranger')$$),
  ($$SELECT revenue.lock_org(1)$$)) AS v(c);
-- Two owners, then one again.
SET ROLE regress_revenue_owner;
SELECT revenue.add_member('regress_revenue_friend', 'owner');
SELECT revenue.add_member('regress_revenue_owner', 'viewer');
SELECT code_of($$SELECT revenue.add_member('regress_revenue_owner', 'owner')$$);
SET ROLE regress_revenue_friend;
SELECT revenue.add_member('regress_revenue_owner', 'owner');
SELECT revenue.remove_member('regress_revenue_friend');
SELECT has_schema_privilege('regress_revenue_friend', 'revenue', 'USAGE') AS still_granted;
SELECT count(*) FROM revenue.orgs;
RESET ROLE;

-- Many roles: privileges on tables are not by role, so none is the one too many.
SET ROLE regress_revenue_owner;
SELECT revenue.current_org(NULL) = :org AS only_one;
RESET ROLE;

-- Policies ------------------------------------------------------------------------------------

SET ROLE regress_revenue_owner;
SELECT name, value, allowed FROM revenue.builtin_policies() ORDER BY name;
SELECT revenue.policy('churn_date');
SELECT revenue.set_policy('churn_date', '"cancel_date"', valid_from => '2026-01-01', reason => 'board');
SELECT revenue.set_policy('churn_date', '"period_end"', valid_from => '2026-06-01');
SELECT revenue.set_policy('reactivation', '90');
SELECT day, revenue.policy('churn_date', as_of => day) FROM unnest('{2025-12-31,2026-01-01,2026-06-01}'::date[]) AS day;
SELECT revenue.policy('reactivation');
SELECT name, version, value, created_by, reason FROM revenue.policies ORDER BY name, version;
SELECT code_of(c) FROM (VALUES
  ($$SELECT revenue.set_policy('churn_date', '"never"')$$), ($$SELECT revenue.set_policy('churn_date', '7')$$),
  ($$SELECT revenue.set_policy('reactivation', '-1')$$), ($$SELECT revenue.set_policy('reactivation', '"days"')$$),
  ($$SELECT revenue.set_policy('reactivation', '1.5')$$), ($$SELECT revenue.set_policy('churn_date', NULL)$$),
  ($$SELECT revenue.set_policy('unheard_of', '1')$$), ($$SELECT revenue.policy('unheard_of')$$), ($$SELECT revenue.policy(NULL)$$),
  ($$SELECT revenue.set_policy('trial', '"included"', valid_from => 'infinity')$$)) AS v(c);

-- Locks ---------------------------------------------------------------------------------------
-- Nobody but the owner of the tables locks one, and no lock has a key that others can take.
RESET ROLE;
SELECT relation, string_agg(mode, ', ' ORDER BY mode) AS modes FROM (
  SELECT c.relname AS relation, m.mode, code_of(format('SET LOCAL ROLE regress_revenue_owner; LOCK TABLE revenue.%I IN %s MODE NOWAIT', c.relname, m.mode)) AS result
  FROM pg_class AS c, unnest('{ROW SHARE,SHARE UPDATE EXCLUSIVE,SHARE,SHARE ROW EXCLUSIVE,EXCLUSIVE,ACCESS EXCLUSIVE}'::text[]) AS m(mode)
  WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind IN ('r', 'p')) AS l
WHERE result !~ '^42501 permission denied for table' GROUP BY relation;
SELECT proname FROM pg_proc WHERE pronamespace = 'revenue'::regnamespace AND coalesce(pg_get_function_sqlbody(oid), prosrc) ~ 'pg_(try_)?advisory';
SELECT revenue.add_member('regress_revenue_friend', 'viewer', :org);
SET ROLE regress_revenue_friend;
SELECT code_of(c) FROM (VALUES ($$SELECT FROM revenue.locks FOR UPDATE$$), ($$SELECT FROM revenue.orgs FOR KEY SHARE$$),
  ($$SELECT revenue.take_lock('alerts', 1)$$), ($$SELECT revenue.take_job_lock('revenue_cleanup', 1)$$)) AS v(c);
SELECT revenue.leave_org(:org);
-- Rows are deleted by a function, with the rights of the policies.
SET ROLE regress_revenue_owner;
INSERT INTO revenue.products (org_id, product_id, name) SELECT :org, p, p FROM unnest('{a,b,c,d}'::text[]) AS p;
SELECT code_of(c) FROM (VALUES ($$DELETE FROM revenue.products$$),
  ($$SELECT revenue.delete_rows('orgs', '{"org_id": 1}')$$), ($$SELECT revenue.delete_rows('pg_class', '{"relname": "a"}')$$), ($$SELECT revenue.delete_rows(NULL, '{}')$$),
  ($$SELECT revenue.delete_rows('products', '{}')$$), ($$SELECT revenue.delete_rows('products', '[{"product_id": "a"}, {"name": "b"}]')$$),
  ($$SELECT revenue.delete_rows('products', '["a"]')$$), ($$SELECT revenue.delete_rows('products', NULL)$$),
  ($$SELECT revenue.delete_rows('products', '{"product_id": null}')$$), ($$SELECT revenue.delete_rows('products', '{"id": "a"}')$$)) AS v(c);
SELECT revenue.delete_rows('products', '{"product_id": "a"}') AS one, revenue.delete_rows('revenue.products', '[{"product_id": "b"}, {"product_id": "c"}]') AS two,
  revenue.delete_rows('products', '{"product_id": "a"}') AS none, revenue.delete_rows('products', '[]') AS nothing;
SELECT product_id FROM revenue.products;
SELECT revenue.delete_rows('products', '{"product_id": "d"}');

-- Audit ---------------------------------------------------------------------------------------

SELECT actor, action, object_type, object_id, old ->> 'access_level' AS was, new ->> 'access_level' AS became, reason
FROM revenue.audit_log WHERE org_id = :org ORDER BY at;
RESET ROLE;
SELECT code_of(c) FROM (VALUES
  ($$UPDATE revenue.audit_log SET actor = 'nobody'$$), ($$DELETE FROM revenue.audit_log$$), ($$TRUNCATE revenue.audit_log$$)) AS v(c);
SET ROLE regress_revenue_owner;
SELECT code_of($$INSERT INTO revenue.audit_log (org_id, actor, action, object_type) VALUES (1, 'me', 'x', 'y')$$);

-- Exchange rates ------------------------------------------------------------------------------

SELECT revenue.load_fx_rates('{"USD": 0.8, "GBP": 1.2, "JPY": null, "CHF": "N/A", "eur": 1}', '2026-01-02');
SELECT revenue.load_fx_rates('{"USD": 0.8, "GBP": 1.25}', '2026-01-02');
SELECT revenue.load_fx_rates('{"USD": 0.9}', '2026-01-05', 'bank');
SELECT currency, rate_date, rate, source FROM revenue.fx_rates ORDER BY currency, rate_date;
-- The last known rate, and whether it is filled.
SELECT day, f.* FROM unnest('{2026-01-01,2026-01-02,2026-01-04,2026-01-05}'::date[]) AS day, revenue.fx_rate('USD', on_date => day) f;
SELECT * FROM revenue.fx_rate('usd', 'GBP', '2026-01-05');
SELECT * FROM revenue.fx_rate('EUR', 'USD', '2026-01-05');
SELECT * FROM revenue.fx_rate('GBP', 'GBP', '2020-01-01');
SELECT * FROM revenue.fx_rate('JPY', on_date => '2026-01-05');
SELECT * FROM revenue.fx_rate('USD', 'JPY', '2026-01-05');
-- Parts convert to the converted total.
SELECT revenue.convert_currency(10, 'USD', on_date => '2026-01-05'), revenue.convert_currency(10, 'JPY', on_date => '2026-01-05');
SELECT sum(revenue.convert_currency(part, 'EUR', 'USD', '2026-01-05')) = revenue.convert_currency(sum(part), 'EUR', 'USD', '2026-01-05') AS adds_up
FROM (SELECT i / 7.0 AS part FROM generate_series(1, 50) i) x;
SELECT currency, rate, rate_date, filled FROM revenue.fx_rates_at('2026-01-06') ORDER BY currency;
SELECT currency, rate, rate_date, filled FROM revenue.fx_rates_at('2026-01-01') ORDER BY currency;
-- Quotes as the ECB gives them: units of each currency for one euro.
SELECT revenue.load_fx_quotes('{"USD": 1.25, "GBP": 0.8, "JPY": 160, "BGN": "N/A"}', 'EUR', '2026-01-07');
SELECT currency, rate, source FROM revenue.fx_rates WHERE rate_date = '2026-01-07' ORDER BY currency;
RESET ROLE;
SELECT revenue.create_org('Dollars', 'USD') AS dollars \gset
SELECT revenue.load_fx_quotes('{"USD": 1.25, "GBP": 0.8, "JPY": 160}', 'EUR', '2026-01-07', org => :dollars);
SELECT currency, rate FROM revenue.fx_rates WHERE org_id = :dollars ORDER BY currency;
-- A small rate keeps its digits, so that the quote comes back.
SELECT revenue.load_fx_quotes('{"USD": 1.25, "IRR": 1070000, "VND": 27500}', 'EUR', '2026-01-08', org => :dollars);
SELECT currency, rate, round(1.25 / rate, 3) AS quote FROM revenue.fx_rates WHERE org_id = :dollars AND rate_date = '2026-01-08' ORDER BY currency;
SELECT code_of(format(c, :dollars)) FROM (VALUES
  ($$SELECT revenue.load_fx_quotes('{"GBP": 0.8}', 'EUR', '2026-01-07', org => %s)$$), ($$SELECT revenue.load_fx_rates('[]', org => %s)$$),
  ($$SELECT revenue.load_fx_rates('{"GBP": 0}', org => %s)$$), ($$SELECT revenue.load_fx_rates('{"GBP": "1"}', org => %s)$$),
  ($$SELECT revenue.load_fx_rates('{"POUND": 1}', org => %s)$$), ($$SELECT revenue.load_fx_rates(NULL, org => %s)$$),
  ($$SELECT revenue.load_fx_rates('{"GBP": 1}', 'infinity', org => %s)$$), ($$SELECT * FROM revenue.fx_rate('POUND', org => %s)$$),
  ($$SELECT revenue.set_org_settings(base_currency => 'GBP', org => %s)$$),
  ($$INSERT INTO revenue.fx_rates VALUES (%s, 'GBP', '2026-02-01', 'NaN')$$),
  ($$INSERT INTO revenue.fx_rates VALUES (%s, 'GBP', '2026-02-01', 'Infinity')$$)) AS v(c);
-- Several organisations and none chosen.
SELECT code_of('SELECT revenue.org_today()');
SET revenue_intel.org_id = :dollars;
SELECT revenue.current_org() = :dollars AS chosen;
RESET revenue_intel.org_id;

-- A gateway: every user shares a role, and the claim says who calls.
CREATE ROLE regress_revenue_gateway;
SELECT revenue.grant_access('regress_revenue_gateway');
SELECT code_of($$SELECT revenue.grant_access('regress_revenue_nobody')$$);
SET revenue_intel.identity_source = 'jwt';
SELECT revenue.add_member('5f0c', 'analyst', :org);
SET ROLE regress_revenue_gateway;
SELECT count(*) AS without_claim FROM revenue.orgs;
SET request.jwt.claims = '{"sub": "5f0c"}';
SELECT revenue.caller_identity(), name FROM revenue.orgs;
SET request.jwt.claims = '{"sub": "other"}';
SELECT count(*) AS other FROM revenue.orgs;
RESET ROLE;
RESET revenue_intel.identity_source;
RESET request.jwt.claims;

-- What a client puts into its connection's options does not replace what the database says.
SELECT current_database() AS database \gset
ALTER DATABASE :"database" SET revenue_intel.identity_source = 'jwt';
CREATE ROLE regress_revenue_login LOGIN;
SELECT revenue.grant_access('regress_revenue_login');
\c -reuse-previous=on "user=regress_revenue_login options='-c revenue_intel.identity_source=role'"
SELECT revenue.caller_identity();
SELECT count(*) FROM revenue.orgs;
\c -reuse-previous=on "user=regress_revenue_login options='-c revenue_intel.jwt_claim=name'"
SELECT revenue.caller_identity();
\c -reuse-previous=on "user=regress_revenue_login options=''"
SET revenue_intel.identity_source = 'role';
SELECT revenue.caller_identity(), current_setting('revenue_intel.identity_source') AS source;
\c -reuse-previous=on "user=postgres options='-c revenue_intel.identity_source=role'"
SELECT revenue.caller_identity() = current_user AS superuser;
\c -reuse-previous=on "options=''"
ALTER DATABASE :"database" RESET revenue_intel.identity_source;
\c -

DROP FUNCTION code_of;
DROP EXTENSION revenue_intel;
DROP ROLE regress_revenue_owner, regress_revenue_friend, regress_revenue_stranger, regress_revenue_gateway, regress_revenue_login;
