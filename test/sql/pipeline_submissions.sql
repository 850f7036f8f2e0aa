-- Submitted forecasts, overrides, the roll-up along the managers, and forecast against actual.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT revenue.create_org('Submissions', 'USD') AS org \gset
SET revenue_intel.org_id = :org;
SELECT revenue.load_fx_rates('{"EUR": 1.10}', '2025-01-01') + revenue.load_fx_rates('{"EUR": 1.20}', '2026-02-01') AS rates;
CREATE ROLE regress_sub_ann;
CREATE ROLE regress_sub_bob;
CREATE ROLE regress_sub_admin;
CREATE ROLE regress_sub_analyst;
CREATE ROLE regress_sub_viewer;
SELECT count(revenue.add_member('regress_sub_' || who, level))
FROM (VALUES ('ann', 'member'), ('bob', 'member'), ('admin', 'admin'), ('analyst', 'analyst'), ('viewer', 'viewer')) AS v(who, level);
INSERT INTO revenue.reps (org_id, rep_id, name, identity) VALUES (:org, 'boss', 'Boss', NULL), (:org, 'lead', 'Lead', NULL),
  (:org, 'ann', 'Ann', 'regress_sub_ann'), (:org, 'bob', 'Bob', 'regress_sub_bob'), (:org, 'cy', 'Cy', NULL), (:org, 'adi', 'Adi', 'regress_sub_admin');
SELECT revenue.set_rep_manager('lead', 'boss', '2025-01-01'), revenue.set_rep_manager('ann', 'lead', '2025-01-01'),
  revenue.set_rep_manager('bob', 'lead', '2025-01-01'), revenue.set_rep_manager('cy', 'boss', '2025-01-01');

-- A rep submits for himself; a new submission leaves the old one as it was.
SET ROLE regress_sub_ann;
SELECT s ->> 'rep_id' AS rep, s ->> 'version' AS version, s ->> 'submitted_by' AS submitted_by, s ->> 'currency' AS currency
FROM revenue.submit_forecast('2100-01-01', '2100-04-01', 100, 150, 200, note => 'First look') AS s;
SELECT s ->> 'version' AS version FROM revenue.submit_forecast('2100-01-01', '2100-04-01', 110, 150, currency => 'eur', rep_id => 'ann') AS s;
SELECT s ->> 'version' AS version, (s ->> 'period_from')::date <= now()::date AND (s ->> 'period_to')::date > now()::date AS this_quarter
FROM revenue.submit_forecast(commit_amount => 5) AS s;
SELECT version, commit_amount, best_case_amount, pipeline_amount, currency, note, submitted_at > lag(submitted_at) OVER (ORDER BY version) AS later
FROM revenue.forecast_submissions WHERE period_from = '2100-01-01' ORDER BY version;
-- not for another, not under another's name, and nothing is changed
SELECT revenue.submit_forecast('2100-01-01', '2100-04-01', 100, rep_id => 'bob');
INSERT INTO revenue.forecast_submissions (org_id, rep_id, period_from, period_to, version, commit_amount, currency, submitted_at, submitted_by)
VALUES (:org, 'ann', '2100-01-01', '2100-04-01', 9, 1, 'USD', now(), 'regress_sub_bob');
UPDATE revenue.forecast_submissions SET commit_amount = 1;
DELETE FROM revenue.forecast_submissions;
SELECT revenue.override_forecast('ann', 1, 'Because I can', period_from => '2100-01-01', period_to => '2100-04-01');
SET ROLE regress_sub_bob;
SELECT s ->> 'rep_id' AS rep FROM revenue.submit_forecast('2100-01-01', '2100-04-01', 50) AS s;
RESET ROLE;

-- Who reads what: a member his own, analysts and up all, a viewer nothing; only admins and owners override.
\set ECHO none
CREATE FUNCTION pg_temp.outcome(who text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
  hint text;
BEGIN
  PERFORM set_config('role', 'regress_sub_' || who, true);
  EXECUTE query INTO answer;
  PERFORM set_config('role', 'none', true);
  RETURN coalesce(answer, 'nothing');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN format('%s %s (%s)', SQLSTATE, SQLERRM, hint);
END $$;
\set ECHO all
SELECT query, who, pg_temp.outcome(who, query) FROM unnest(ARRAY[
  'SELECT string_agg(rep_id || version, '' '' ORDER BY rep_id, version) FROM revenue.forecast_submissions WHERE period_from = ''2100-01-01''',
  'SELECT count(*) FROM revenue.forecast_rollup(''2100-01-01'', ''2100-04-01'')',
  'SELECT revenue.submit_forecast(''2100-01-01'', ''2100-04-01'', 1, rep_id => ''cy'') ->> ''version''']) WITH ORDINALITY AS q(query, i),
  unnest('{bob,analyst,admin,viewer}'::text[]) AS who ORDER BY i, who;
SELECT who, pg_temp.outcome(who, 'SELECT revenue.override_forecast(''cy'', 0, ''Left'', period_from => ''2200-01-01'', period_to => ''2200-04-01'') ->> ''version''')
FROM unnest('{bob,analyst,admin,viewer}'::text[]) AS who ORDER BY who;
-- the matrix has no submissions of admins, also where one is a rep
SELECT pg_temp.outcome('admin', 'SELECT revenue.submit_forecast(''2100-01-01'', ''2100-04-01'', 1) ->> ''version''');
-- nor does the owner of the tables change or delete one
UPDATE revenue.forecast_submissions SET commit_amount = 1;
DELETE FROM revenue.forecast_overrides;
TRUNCATE revenue.forecast_submissions CASCADE;
SELECT action, actor, count(*) FROM revenue.audit_log WHERE action ~ 'forecast' GROUP BY 1, 2 ORDER BY 1, 2;

-- The roll-up: ann said 110 EUR, bob 50; the lead nothing, cy nothing.
SELECT rep_id, manager_rep_id AS manager, depth, category, own_amount AS own, reports_amount, reports, missing_reports AS missing, override_amount AS override, result, reason
FROM revenue.forecast_rollup('2100-01-01', '2100-04-01') WHERE rep_id <> 'adi';
-- overrides: of a rep, then of his manager, which stops what comes from below; then the rep submits again
SELECT v.override ->> 'version' AS version, v.override ->> 'submission_id' = s.submission_id AS of_the_submission
FROM revenue.override_forecast('bob', 40, 'Sandbagging, turned around', period_from => '2100-01-01', period_to => '2100-04-01') AS v(override),
  (SELECT submission_id FROM revenue.forecast_submissions WHERE rep_id = 'bob') AS s;
SELECT rep_id, own_amount AS own, reports_amount, override_amount AS override, override_reason, resubmitted, result
FROM revenue.forecast_rollup('2100-01-01', '2100-04-01') WHERE category = 'commit' AND rep_id IN ('boss', 'lead', 'bob');
SELECT clock_timestamp() AS before_lead \gset
SELECT revenue.override_forecast('lead', 1000, 'The big one', period_from => '2100-01-01', period_to => '2100-04-01', currency => 'EUR') ->> 'version' AS version;
SET ROLE regress_sub_bob;
SELECT revenue.submit_forecast('2100-01-01', '2100-04-01', 60) ->> 'version' AS version;
RESET ROLE;
SELECT rep_id, own_amount AS own, reports_amount, override_amount AS override, override_reason, resubmitted, result
FROM revenue.forecast_rollup('2100-01-01', '2100-04-01') WHERE category = 'commit' AND rep_id IN ('boss', 'lead', 'bob');
-- as it was before that, and withdrawn again
SELECT rep_id, own_amount AS own, reports_amount, override_amount AS override, result
FROM revenue.forecast_rollup('2100-01-01', '2100-04-01', :'before_lead') WHERE category = 'commit' AND rep_id IN ('boss', 'lead', 'bob');
SELECT revenue.override_forecast('lead', NULL, 'It went away', period_from => '2100-01-01', period_to => '2100-04-01') ->> 'version' AS version;
SELECT rep_id, reports_amount, override_amount AS override, result
FROM revenue.forecast_rollup('2100-01-01', '2100-04-01') WHERE category = 'commit' AND rep_id IN ('boss', 'lead', 'bob');
-- what has no exchange rate is not in it, with a reason
SET ROLE regress_sub_bob;
SELECT revenue.submit_forecast('2100-04-01', '2100-07-01', 60, currency => 'CHF') ->> 'version' AS version;
RESET ROLE;
SELECT rep_id, submission_id IS NOT NULL AS submitted, missing_reports, result, reason FROM revenue.forecast_rollup('2100-04-01', '2100-07-01')
WHERE category = 'commit' AND rep_id IN ('boss', 'bob');

-- Errors
SELECT call, pg_temp.outcome('ann', 'SELECT revenue.' || call) AS answer FROM unnest(ARRAY[
  'submit_forecast(''2100-01-01'', ''2100-04-01'')', 'submit_forecast(''2100-01-01'', ''2100-04-01'', -1)',
  'submit_forecast(''2100-01-01'', ''2100-04-01'', ''NaN'')', 'submit_forecast(''2100-01-01'', ''2100-04-01'', 100, 50)',
  'submit_forecast(''2020-01-01'', ''2020-04-01'', 100)', 'submit_forecast(''2100-01-01'', NULL, 100)',
  'submit_forecast(''2100-01-01'', ''2100-04-01'', 100, currency => ''12'')']) AS call;
SELECT call, pg_temp.outcome('admin', 'SELECT revenue.' || call) AS answer FROM unnest(ARRAY[
  'override_forecast(''ann'', 100, '''')', 'override_forecast(''ann'', 100, NULL)', 'override_forecast(''ann'', ''Infinity'', ''why'')',
  'override_forecast(''nobody'', 100, ''why'')', 'override_forecast(''ann'', 100, ''why'', ''closed'')',
  'override_forecast(''ann'', 100, ''why'', period_from => ''2020-01-01'', period_to => ''2020-04-01'')']) AS call;

-- Forecast against actual. Ann won 100 EUR at 1.1 on 31 January and 50 on 31 March; what she won on the first
-- of April is another quarter's.
INSERT INTO revenue.deals (org_id, deal_id, owner_rep_id, stage_id, amount, currency, close_date, created_at, effective_at, closed_at)
VALUES (:org, 'w1', 'ann', 'closed_won', 100, 'EUR', '2026-01-31', '2026-01-02', '2026-01-31', '2026-01-31'),
  (:org, 'w2', 'ann', 'closed_won', 50, 'USD', '2026-03-31', '2026-01-02', '2026-03-31', '2026-03-31 23:00'),
  (:org, 'w3', 'ann', 'closed_won', 999, 'USD', '2026-04-01', '2026-01-02', '2026-04-01', '2026-04-01'),
  (:org, 'w4', 'ann', 'closed_lost', 999, 'USD', '2026-02-01', '2026-01-02', '2026-02-01', '2026-02-01'),
  (:org, 'w5', 'bob', 'closed_won', 80, 'USD', '2026-02-01', '2026-01-02', '2026-02-01', '2026-02-01');
INSERT INTO revenue.forecast_submissions (org_id, submission_id, rep_id, period_from, period_to, version, commit_amount, best_case_amount, currency, submitted_at, submitted_by)
VALUES (:org, 'a1', 'ann', '2026-01-01', '2026-04-01', 1, 100, 300, 'USD', '2026-01-10', 'ann'),
  (:org, 'a2', 'ann', '2026-01-01', '2026-04-01', 2, 150, NULL, 'USD', '2026-01-20', 'ann'),
  (:org, 'a3', 'ann', '2026-01-01', '2026-04-01', 3, 200, NULL, 'EUR', '2026-03-20', 'ann'),
  (:org, 'b1', 'bob', '2026-01-01', '2026-04-01', 1, 60, NULL, 'USD', '2026-03-31 12:00', 'bob'),
  (:org, 'c1', 'cy', '2026-01-01', '2026-04-01', 1, 10, NULL, 'USD', '2026-03-31', 'cy'),
  (:org, 'c2', 'cy', '2026-01-01', '2026-04-01', 2, 10, NULL, 'CHF', '2026-02-01', 'cy');
SELECT submission_id, category, lead_days, lead_days_from AS lead, counted, forecast, actual, error FROM revenue.submission_errors('2026-01-01', '2026-04-01');
SELECT dimension, rep_id, lead_days_from AS lead, category, submissions AS n, submissions_without_value AS unknown, forecast, actual, absolute_error, absolute_actual,
  round(wape::numeric, 4) AS wape, error, round(bias::numeric, 4) AS bias
FROM revenue.submission_accuracy('2026-01-01', '2026-04-01') WHERE dimension <> 'rep_lead_time';
-- before the quarter was over nothing could be said, a day after it what was known then
SELECT count(*) FROM revenue.submission_errors('2026-01-01', '2026-04-01', '2026-03-31 23:59+00');
SELECT count(*), max(actual) FROM revenue.submission_errors('2026-01-01', '2026-04-01', '2026-04-01 00:00+00');
-- that quarter's roll-up: bob reported to the lead then, and reports to the boss now
SELECT revenue.set_rep_manager('bob', 'boss', (now() - interval '2 days')::date);
SELECT h, rep_id, own_amount AS own, reports_amount, result FROM unnest('{then, now}'::text[]) AS h,
  revenue.forecast_rollup('2026-01-01', '2026-04-01', NULL, h) WHERE category = 'commit' AND rep_id <> 'adi' ORDER BY 1, 2;
SELECT pg_temp.outcome('bob', 'SELECT string_agg(submission_id, '' '') FROM revenue.submission_errors(''2026-01-01'', ''2026-04-01'')') AS bob,
  pg_temp.outcome('viewer', 'SELECT count(*) FROM revenue.submission_errors') AS viewer;

-- Property: 20 random hierarchies of 40 reps with random submissions and overrides. The result is that of a
-- plain recursion, each sum is that of the rows below it, and the roots together are all that goes up.
SELECT revenue.create_org('Property', 'USD') AS org \gset
SET revenue_intel.org_id = :org;
INSERT INTO revenue.reps (org_id, rep_id, name) SELECT :org, 'r' || i, 'R' || i FROM generate_series(1, 40) i;
\set ECHO none
CREATE FUNCTION pg_temp.draw(stream integer, item integer, n integer) RETURNS integer LANGUAGE sql AS $$
  SELECT ((hashint8extended(item, stream) & 2147483647) % n)::integer
$$;
CREATE FUNCTION pg_temp.plain(rep text, amounts jsonb, overrides jsonb, parents jsonb) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
  IF overrides ? rep THEN RETURN (overrides ->> rep)::numeric; END IF;
  RETURN (SELECT sum(x) FROM (SELECT (amounts ->> rep)::numeric UNION ALL
    SELECT pg_temp.plain(p.key, amounts, overrides, parents) FROM jsonb_each_text(parents) p WHERE p.value = rep) AS v(x));
END $$;
CREATE TABLE compared (round integer, rep text, root boolean, result numeric, expected numeric, reports numeric, below numeric);
DO $$
DECLARE
  org integer := revenue.current_org();
  parents jsonb;
  amounts jsonb;
  overrides jsonb;
  starts date;
BEGIN
  FOR n IN 1 .. 20 LOOP
    starts := '2100-01-01'::date + n;
    SELECT jsonb_object_agg('r' || i, 'r' || 1 + pg_temp.draw(n, i, i - 1)) INTO parents FROM generate_series(2, 40) i WHERE pg_temp.draw(n + 100, i, 8) > 0;
    SELECT jsonb_object_agg('r' || i, pg_temp.draw(n + 200, i, 100000) / 100.0) INTO amounts FROM generate_series(1, 40) i WHERE pg_temp.draw(n + 300, i, 3) > 0;
    SELECT jsonb_object_agg('r' || i, pg_temp.draw(n + 400, i, 100000) / 100.0) INTO overrides FROM generate_series(1, 40) i WHERE pg_temp.draw(n + 500, i, 9) = 0;
    DELETE FROM revenue.rep_managers m WHERE m.org_id = org;
    INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from) SELECT org, p.key, p.value, '2000-01-01' FROM jsonb_each_text(parents) p;
    INSERT INTO revenue.forecast_submissions (org_id, rep_id, period_from, period_to, version, commit_amount, currency, submitted_at, submitted_by)
    SELECT org, a.key, starts, starts + 90, v, CASE v WHEN 2 THEN a.value::numeric ELSE 7 END, 'USD', now() + interval '1 s' * v, 'test' FROM jsonb_each_text(amounts) a, generate_series(1, 2) v;
    INSERT INTO revenue.forecast_overrides (org_id, rep_id, period_from, period_to, category, version, amount, currency, reason, overridden_at, overridden_by)
    SELECT org, o.key, starts, starts + 90, 'commit', v, CASE v WHEN 2 THEN o.value::numeric ELSE 7 END, 'USD', 'why', now() + interval '1 s' * v, 'test' FROM jsonb_each_text(overrides) o, generate_series(1, 2) v;
    INSERT INTO compared
    WITH rolled AS MATERIALIZED (SELECT * FROM revenue.forecast_rollup(starts, starts + 90, NULL, 'now') WHERE category = 'commit')
    SELECT n, r.rep_id, r.manager_rep_id IS NULL, r.result, pg_temp.plain(r.rep_id, amounts, overrides, parents), r.reports_amount,
      (SELECT sum(b.result) FROM rolled b WHERE b.manager_rep_id = r.rep_id) FROM rolled r;
  END LOOP;
END $$;
\set ECHO all
SELECT count(*) AS compared, count(*) FILTER (WHERE result IS DISTINCT FROM expected OR reports IS DISTINCT FROM below) AS wrong,
  count(*) FILTER (WHERE result IS NULL) > 0 AS some_unknown, count(*) FILTER (WHERE reports <> result) > 100 AS some_overridden FROM compared;
-- managers that go in a circle are refused; loaded with triggers off, they keep nothing from answering
\set VERBOSITY sqlstate
SELECT revenue.set_rep_manager('r1', m.rep_id) FROM revenue.rep_managers m WHERE m.manager_rep_id = 'r1' LIMIT 1;
\set VERBOSITY default
DELETE FROM revenue.rep_managers WHERE org_id = :org;
SET session_replication_role = replica;
INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from) VALUES (:org, 'r1', 'r2', '2000-01-01'), (:org, 'r2', 'r3', '2000-01-01'),
  (:org, 'r3', 'r1', '2000-01-01'), (:org, 'r4', 'r1', '2000-01-01'), (:org, 'r5', 'r4', '2000-01-01'), (:org, 'r5', 'r1', '2000-02-01');
RESET session_replication_role;
SELECT count(*), count(DISTINCT rep_id) AS reps FROM revenue.forecast_rollup('2100-01-02', '2100-04-02') WHERE category = 'commit';
SELECT count(*) AS managers FROM revenue.coverage('2100-01-02', '2100-04-02', by => 'manager');

\set ECHO none
DROP TABLE compared;
DROP EXTENSION revenue_intel CASCADE;
SELECT format('DROP OWNED BY %I; DROP ROLE %I', rolname, rolname) FROM pg_roles WHERE rolname LIKE 'regress\_sub\_%' \gexec
