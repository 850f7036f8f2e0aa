-- Who may read and write what: every table, every command, every level of access.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never

SELECT revenue.create_org('Acme', 'USD') AS org \gset
SELECT revenue.create_org('Other', 'USD') AS other \gset
CREATE ROLE regress_crm_owner;
CREATE ROLE regress_crm_admin;
CREATE ROLE regress_crm_analyst;
CREATE ROLE regress_crm_member;
CREATE ROLE regress_crm_viewer;
CREATE ROLE regress_crm_stranger;
SELECT revenue.add_member('regress_crm_' || level, level, :org) FROM unnest('{owner,admin,analyst,member,viewer}'::text[]) level;
-- A stranger is a member elsewhere, and nothing of Acme may reach him.
SELECT revenue.add_member('regress_crm_stranger', 'owner', :other);

INSERT INTO revenue.reps (org_id, rep_id, name, identity) VALUES (:org, 'me', 'Me', 'regress_crm_member'), (:org, 'you', 'You', NULL), (:other, 'me', 'Me', 'x');
SELECT revenue.set_rep_manager('me', 'you', '2024-01-01', :org);
INSERT INTO revenue.accounts (org_id, account_id, name, owner_rep_id) SELECT o, i, i, i FROM unnest(ARRAY[:org, :other]) o, unnest('{me,you}'::text[]) i WHERE o = :org OR i = 'me';
INSERT INTO revenue.contacts (org_id, contact_id, owner_rep_id) SELECT :org, i, i FROM unnest('{me,you}'::text[]) i;
INSERT INTO revenue.products (org_id, product_id, name) VALUES (:org, 'p', 'P');
INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, amount, owner_rep_id) VALUES (:org, 'mine', 'proposal', 'USD', 1, 'me'), (:org, 'yours', 'proposal', 'USD', 1, 'you'),
  (:other, 'mine', 'proposal', 'USD', 1, 'me');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (:org, 'mine', '2024-01-01', 1), (:org, 'yours', '2024-01-01', 1);
INSERT INTO revenue.activities (org_id, activity_id, rep_id, deal_id, kind, occurred_at) VALUES (:org, 'mine', 'me', 'mine', 'call', '2024-02-01'), (:org, 'yours', 'you', 'yours', 'call', '2024-02-01');
SELECT revenue.load_fx_rates('{"EUR": 1.1}', '2024-01-01', org => o) FROM unnest(ARRAY[:org, :other]) o;
SELECT revenue.set_policy('trial', '"included"', o) FROM unnest(ARRAY[:org, :other]) o;
INSERT INTO revenue.framework (org_id, version, weights, created_by) SELECT o, 1, '{}', 'me' FROM unnest(ARRAY[:org, :other]) o;

-- Every table of the extension that foundation and crm bring is protected and goes into a dump.
SELECT relname FROM pg_class c WHERE relnamespace = 'revenue'::regnamespace AND relkind IN ('r', 'p')
  AND NOT (relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
           AND c.oid IN (SELECT unnest(extconfig) FROM pg_extension));

-- What each role sees: rows of Acme, and rows of anybody else.
CREATE FUNCTION rows_seen(relation regclass, own integer, OUT acme bigint, OUT foreign_rows bigint) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT count(*) FILTER (WHERE org_id = %s), count(*) FILTER (WHERE org_id <> %1$s) FROM %s', own, relation) INTO acme, foreign_rows;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
CREATE FUNCTION tables_of_these_rooms() RETURNS SETOF regclass LANGUAGE sql AS $$
  SELECT ('revenue.' || t)::regclass FROM unnest('{orgs,members,policies,framework,audit_log,fx_rates,reps,rep_managers,accounts,contacts,
    pipelines,stages,products,deals,deal_history,deal_facts,activities}'::text[]) t
$$;
CREATE TABLE seen (level text, relation text, acme bigint, foreign_rows bigint);
GRANT ALL ON seen TO PUBLIC;
SET ROLE regress_crm_owner;   INSERT INTO seen SELECT 'owner', t, s.* FROM tables_of_these_rooms() t, rows_seen(t, :org) s;
SET ROLE regress_crm_admin;   INSERT INTO seen SELECT 'admin', t, s.* FROM tables_of_these_rooms() t, rows_seen(t, :org) s;
SET ROLE regress_crm_analyst; INSERT INTO seen SELECT 'analyst', t, s.* FROM tables_of_these_rooms() t, rows_seen(t, :org) s;
SET ROLE regress_crm_member;  INSERT INTO seen SELECT 'member', t, s.* FROM tables_of_these_rooms() t, rows_seen(t, :org) s;
SET ROLE regress_crm_viewer;  INSERT INTO seen SELECT 'viewer', t, s.* FROM tables_of_these_rooms() t, rows_seen(t, :org) s;
SET ROLE regress_crm_stranger; INSERT INTO seen SELECT 'stranger', t, s.* FROM tables_of_these_rooms() t, rows_seen(t, :org) s;
RESET ROLE;
SELECT replace(relation, 'revenue.', '') AS relation, max(acme) FILTER (WHERE level = 'owner') AS owner, max(acme) FILTER (WHERE level = 'admin') AS admin,
  max(acme) FILTER (WHERE level = 'analyst') AS analyst, max(acme) FILTER (WHERE level = 'member') AS member,
  max(acme) FILTER (WHERE level = 'viewer') AS viewer, max(acme) FILTER (WHERE level = 'stranger') AS stranger,
  coalesce(sum(foreign_rows) FILTER (WHERE level <> 'stranger'), 0) AS foreign_rows
FROM seen GROUP BY relation ORDER BY relation;

-- What each role may write: its own row and another's, by every command. 'yes', 'no rows' or the error's class.
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'UNDO0', MESSAGE = CASE n WHEN 0 THEN 'no rows' ELSE 'yes' END;
  EXCEPTION WHEN SQLSTATE 'UNDO0' THEN RETURN SQLERRM; WHEN OTHERS THEN RETURN SQLSTATE; END;
END $$;
CREATE TABLE attempts (relation text, command text, statement text);
GRANT SELECT ON attempts TO PUBLIC;
INSERT INTO attempts SELECT relation, command || ' ' || whose, replace(statement, '@', CASE whose WHEN 'own' THEN 'me' ELSE 'you' END)
FROM unnest('{own,other}'::text[]) whose, (VALUES
  ('accounts', 'insert', $$INSERT INTO revenue.accounts (org_id, account_id, name, owner_rep_id) VALUES (1, 'new', 'new', '@')$$),
  ('accounts', 'update', $$UPDATE revenue.accounts SET name = 'x' WHERE org_id = 1 AND owner_rep_id = '@'$$),
  ('contacts', 'insert', $$INSERT INTO revenue.contacts (org_id, contact_id, owner_rep_id) VALUES (1, 'new', '@')$$),
  ('contacts', 'delete', $$SELECT FROM revenue.delete_rows('contacts', '{"owner_rep_id": "@"}', org => 1) AS n WHERE n > 0$$),
  ('deals', 'insert', $$INSERT INTO revenue.deals (org_id, deal_id, stage_id, currency, owner_rep_id) VALUES (1, 'new', 'proposal', 'USD', '@')$$),
  ('deals', 'update', $$UPDATE revenue.deals SET amount = 7 WHERE org_id = 1 AND owner_rep_id = '@'$$),
  ('deals', 'delete', $$SELECT FROM revenue.delete_rows('deals', '{"owner_rep_id": "@"}', org => 1) AS n WHERE n > 0$$),
  ('deals', 'take', $$UPDATE revenue.deals SET owner_rep_id = 'me' WHERE org_id = 1 AND owner_rep_id = '@'$$),
  ('deals', 'give', $$UPDATE revenue.deals SET owner_rep_id = 'you' WHERE org_id = 1 AND owner_rep_id = '@'$$),
  ('deals', 'call', $$SELECT revenue.update_deal(CASE '@' WHEN 'me' THEN 'mine' ELSE 'yours' END, amount => 7, org => 1)$$),
  ('activities', 'insert', $$INSERT INTO revenue.activities (org_id, activity_id, rep_id, kind, occurred_at) VALUES (1, 'new', '@', 'call', '2024-03-01')$$),
  ('activities', 'delete', $$SELECT FROM revenue.delete_rows('activities', '{"rep_id": "@"}', org => 1) AS n WHERE n > 0$$)) AS v(relation, command, statement)
UNION ALL
SELECT relation, command, statement FROM (VALUES
  ('deal_facts', 'insert', $$INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (1, 'mine', '2024-03-01', 1)$$),
  ('deal_history', 'insert', $$INSERT INTO revenue.deal_history SELECT * FROM revenue.deal_history$$),
  ('deal_history', 'update', $$UPDATE revenue.deal_history SET amount = 7 WHERE org_id = 1$$),
  ('deal_history', 'delete', $$DELETE FROM revenue.deal_history WHERE org_id = 1$$),
  ('stages', 'insert', $$INSERT INTO revenue.stages (org_id, pipeline_id, stage_id, name, position) VALUES (1, 'sales', 'new', 'new', 99)$$),
  ('products', 'update', $$UPDATE revenue.products SET name = 'x' WHERE org_id = 1$$),
  ('reps', 'update', $$UPDATE revenue.reps SET identity = current_user WHERE org_id = 1 AND rep_id = 'you'$$),
  ('fx_rates', 'insert', $$INSERT INTO revenue.fx_rates VALUES (1, 'GBP', '2024-01-01', 1.3)$$),
  ('orgs', 'update', $$UPDATE revenue.orgs SET name = 'x' WHERE org_id = 1$$),
  ('orgs', 'call', $$SELECT revenue.set_org_settings(name => 'x', org => 1)$$),
  ('members', 'update', $$UPDATE revenue.members SET access_level = 'owner' WHERE org_id = 1$$),
  ('members', 'call', $$SELECT revenue.add_member('regress_crm_stranger', 'viewer', 1)$$),
  ('policies', 'call', $$SELECT revenue.set_policy('trial', '"excluded"', 1)$$),
  ('framework', 'insert', $$INSERT INTO revenue.framework (org_id, version, weights, created_by) VALUES (1, 2, '{}', 'me')$$),
  ('audit_log', 'delete', $$DELETE FROM revenue.audit_log WHERE org_id = 1$$),
  ('history', 'refresh', $$SELECT revenue.refresh_deal_history(1)$$),
  ('history', 'forge', $$SELECT revenue.merge_deal_facts(1, '{mine}', '{2024-01-01}')$$)) AS v(relation, command, statement);
UPDATE attempts SET statement = replace(replace(replace(statement, '(1, ', '(' || :org || ', '), 'org_id = 1', 'org_id = ' || :org), '=> 1)', '=> ' || :org || ')');
CREATE TABLE outcomes (level text, relation text, command text, outcome text);
GRANT ALL ON outcomes TO PUBLIC;
SET ROLE regress_crm_owner;    INSERT INTO outcomes SELECT 'owner', relation, command, attempt(statement) FROM attempts;
SET ROLE regress_crm_admin;    INSERT INTO outcomes SELECT 'admin', relation, command, attempt(statement) FROM attempts;
SET ROLE regress_crm_analyst;  INSERT INTO outcomes SELECT 'analyst', relation, command, attempt(statement) FROM attempts;
SET ROLE regress_crm_member;   INSERT INTO outcomes SELECT 'member', relation, command, attempt(statement) FROM attempts;
SET ROLE regress_crm_viewer;   INSERT INTO outcomes SELECT 'viewer', relation, command, attempt(statement) FROM attempts;
SET ROLE regress_crm_stranger; INSERT INTO outcomes SELECT 'stranger', relation, command, attempt(statement) FROM attempts;
RESET ROLE;
SELECT relation, command, max(outcome) FILTER (WHERE level = 'owner') AS owner, max(outcome) FILTER (WHERE level = 'admin') AS admin,
  max(outcome) FILTER (WHERE level = 'analyst') AS analyst, max(outcome) FILTER (WHERE level = 'member') AS member,
  max(outcome) FILTER (WHERE level = 'viewer') AS viewer, max(outcome) FILTER (WHERE level = 'stranger') AS stranger
FROM outcomes GROUP BY relation, command ORDER BY relation, command;

-- A change is recorded under the name of the member, and cannot be kept out of the record: under
-- row_security = off he may not write at all, and what functions write for him is still recorded.
SET ROLE regress_crm_member;
SELECT revenue.update_deal('mine', amount => 5, reason => 'asked for');
SET row_security = off;
UPDATE revenue.deals SET amount = 6 WHERE deal_id = 'mine';
SELECT revenue.restoring();
RESET row_security;
RESET ROLE;
-- A function of the owner's that writes for whoever calls it.
CREATE FUNCTION set_amount(deal text, value numeric) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE revenue.deals SET amount = value WHERE deal_id = deal AND org_id = 1 $$;
SET ROLE regress_crm_member;
SET row_security = off;
SELECT set_amount('mine', 8);
RESET row_security;
RESET ROLE;
SELECT amount::float, changed_by FROM revenue.deal_history WHERE org_id = :org AND deal_id = 'mine' AND valid_from > '2024-06-01' AND amount > 1 ORDER BY valid_from;
SELECT actor, action, reason FROM revenue.audit_log WHERE object_type = 'deal' AND org_id = :org;
-- Another's past is read, never another organisation's.
SET ROLE regress_crm_stranger;
SELECT DISTINCT org_id = :other AS other_only FROM revenue.deals_as_of('2100-01-01');
SELECT count(*) AS team FROM revenue.rep_team('you', '2024-06-01');
SELECT DISTINCT org_id = :other AS other_only FROM revenue.fx_rates_at('2024-06-01');
SET ROLE regress_crm_viewer;
SELECT count(*) AS deals FROM revenue.deals_as_of('2100-01-01');
SELECT rate FROM revenue.fx_rate('EUR', on_date => '2024-06-01');
-- The setting narrows and never widens.
SET ROLE regress_crm_stranger;
SET revenue_intel.org_id = :org;
SELECT count(*) FROM revenue.orgs;
RESET revenue_intel.org_id;
RESET ROLE;

DROP FUNCTION set_amount, attempt, rows_seen, tables_of_these_rooms;
DROP TABLE seen, attempts, outcomes;
DROP EXTENSION revenue_intel;
DROP ROLE regress_crm_owner, regress_crm_admin, regress_crm_analyst, regress_crm_member, regress_crm_viewer, regress_crm_stranger;
