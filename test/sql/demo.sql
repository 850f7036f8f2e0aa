-- The demo data: the same rows from every call, whatever the session is set to, and a pipeline in
-- which every case is there.
CREATE EXTENSION revenue_intel;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT revenue.load_demo(30, 1, '2025-06-30', 1);

-- What is there, without what the clock writes and without the number of the organisation.
\set ECHO none
CREATE SCHEMA demo_test;
CREATE FUNCTION demo_test.checksums(org integer) RETURNS TABLE (relation text, rows bigint, checksum text)
LANGUAGE plpgsql SET timezone = 'UTC' SET extra_float_digits = 1 AS $$
BEGIN
  FOREACH relation IN ARRAY '{reps,rep_managers,products,pipelines,stages,fx_rates,accounts,contacts,deals,deal_facts,activities,offers,offer_activity,revenue_events,automations,automation_days,posting_tests,quotas,forecast_submissions,subscriptions,subscription_items,other_revenue,mrr_movements}'::text[] LOOP
    RETURN QUERY EXECUTE format(
      'SELECT %1$L, count(*), md5(string_agg(v, E''\n'' ORDER BY v COLLATE "C")) FROM (
         SELECT (jsonb_strip_nulls(to_jsonb(t)) - ''{org_id,recorded_at,merged_at}''::text[])::text AS v
         FROM revenue.%1$I t WHERE t.org_id = $1) x', relation) USING org;
  END LOOP;
  RETURN QUERY SELECT 'deal_history', count(*), md5(string_agg(v, E'\n' ORDER BY v COLLATE "C")) FROM (
    SELECT (jsonb_strip_nulls(to_jsonb(h)) - '{org_id,recorded_at,changed_by,stated,continues_stage}'::text[])::text AS v
    FROM revenue.deal_history h WHERE h.org_id = org AND h.superseded_at = 'infinity') x;
END $$;
CREATE TABLE demo_test.first_load AS SELECT * FROM demo_test.checksums(1);
CREATE FUNCTION demo_test.differences(org integer) RETURNS TABLE (relation text, rows bigint, expected bigint) LANGUAGE sql AS $$
  SELECT relation, c.rows, f.rows FROM demo_test.checksums(org) c FULL JOIN demo_test.first_load f USING (relation)
  WHERE c.checksum IS DISTINCT FROM f.checksum ORDER BY relation
$$;
\set ECHO all
SELECT * FROM demo_test.first_load;

-- The same call changes nothing, not even what was changed by hand.
SELECT count(*) AS versions FROM revenue.deal_history;
SELECT revenue.load_demo(30, 1, '2025-06-30', 1) ->> 'loaded' AS loaded;
SELECT count(*) AS versions FROM revenue.deal_history;
SELECT * FROM demo_test.differences(1);
BEGIN;
UPDATE revenue.deals SET amount = 1 WHERE deal_id = 'D-0000001';
SELECT revenue.load_demo(30, 1, '2025-06-30', 1) ->> 'loaded' AS loaded;
SELECT amount FROM revenue.deals WHERE deal_id = 'D-0000001';
ROLLBACK;

-- Another size replaces it, and the first comes back as it was, whatever the session is set to.
SELECT revenue.load_demo(45, 1, '2025-06-30', 1) -> 'rows' ->> 'deals' AS deals;
SELECT count(*) > 5 AS differ FROM demo_test.differences(1);
SET timezone = 'Pacific/Auckland';
SET datestyle = 'German, DMY';
SET intervalstyle = 'sql_standard';
SET extra_float_digits = -5;
SET row_security = off;
SET plan_cache_mode = force_generic_plan;
SET enable_hashjoin = off;
SET enable_seqscan = off;
SET work_mem = '64kB';
SET revenue_intel.org_id = '999';
SELECT revenue.load_demo(today => '2025-06-30', years => 1) ->> 'loaded' AS loaded;
RESET ALL;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT * FROM demo_test.differences(1);
SELECT count(*) AS versions FROM revenue.deal_history;

-- Another seed has an organisation of its own, with other rows of the same kinds.
SELECT r ->> 'org_id' AS org_id, r ->> 'organisation' AS organisation FROM revenue.load_demo(30, -7, '2025-06-30', 1) r;
SELECT relation, rows = expected AS as_many FROM demo_test.differences(2);
SELECT * FROM demo_test.differences(1);

-- On another day it is the same story, moved.
SELECT r ->> 'today' AS today, r ->> 'loaded' AS loaded FROM revenue.load_demo(30, -7, '2025-07-04', 1) r;
SELECT d.stage_id, count(*), min('2025-07-04' - d.close_date) AS latest, max('2025-07-04' - d.close_date) AS earliest
FROM revenue.deals d WHERE d.org_id = 2 GROUP BY d.stage_id ORDER BY d.stage_id;
SELECT revenue.load_demo(30, 2, years => 1) ->> 'today' = (now() AT TIME ZONE 'UTC')::date::text AS today_by_default;
SELECT revenue.drop_demo(2), revenue.drop_demo(-7);

-- Every case is there: stages, health, currencies, what is not known.
SET revenue_intel.org_id = 1;
SELECT s.stage_id, count(d.deal_id) AS deals FROM revenue.stages s LEFT JOIN revenue.deals d USING (org_id, pipeline_id, stage_id)
WHERE s.org_id = 1 AND s.pipeline_id = 'sales' GROUP BY s.stage_id, s.position ORDER BY s.position;
SELECT s.stage_id, count(c.contact_id) > 0 AS contacts FROM revenue.stages s LEFT JOIN revenue.contacts c USING (org_id, pipeline_id, stage_id)
WHERE s.org_id = 1 AND s.pipeline_id = 'funnel' GROUP BY s.stage_id, s.position ORDER BY s.position;
SELECT deal_id, stage_id, health_category, risk_factors FROM revenue.deal_scores('2025-06-30 18:00+00')
WHERE org_id = 1 ORDER BY deal_id LIMIT 17;
SELECT currency, count(*) AS deals, bool_and(amount = round(amount, CASE currency WHEN 'JPY' THEN 0 ELSE 2 END)) AS whole_units
FROM revenue.deals WHERE org_id = 1 GROUP BY currency ORDER BY currency;
SELECT count(*) FILTER (WHERE account_id IS NULL) AS without_account, count(*) FILTER (WHERE amount IS NULL) AS without_amount,
  count(*) FILTER (WHERE close_date IS NULL) AS without_close_date, count(*) FILTER (WHERE champion_identified IS NULL) > 0 AS unknown_champion
FROM revenue.deals WHERE org_id = 1;
SELECT product_id, family, list_price::integer FROM revenue.products WHERE org_id = 1 ORDER BY family, product_id;
SELECT count(*) AS stopped, min(churn_risk) > 40 AS at_risk FROM revenue.account_scores('2025-06-30 18:00+00') s
JOIN revenue.accounts a USING (org_id, account_id) WHERE org_id = 1 AND a.usage_recent = 0 AND a.usage_prior > 0;
SELECT rep_id, manager_rep_id, valid_from, valid_to FROM revenue.rep_managers
WHERE org_id = 1 AND rep_id IN ('R-0000', 'R-0001') ORDER BY rep_id, valid_from;
SELECT rate_date, rate, filled FROM revenue.fx_rate('EUR', on_date => '2025-06-29');

-- The past: what changed in the course of the deals, and the pipeline at earlier instants.
SELECT count(DISTINCT deal_id) FILTER (WHERE stage_id <> stage_before) AS moved,
  count(DISTINCT deal_id) FILTER (WHERE stage_before = 'closed_lost') AS reopened,
  count(DISTINCT deal_id) FILTER (WHERE amount <> amount_before) AS resized,
  count(DISTINCT deal_id) FILTER (WHERE close_date > close_date_before AND stage_id = stage_before) AS slipped,
  count(DISTINCT deal_id) FILTER (WHERE owner_rep_id <> owner_before) AS transferred
FROM (SELECT h.*, lag(stage_id) OVER w AS stage_before, lag(amount) OVER w AS amount_before,
        lag(close_date) OVER w AS close_date_before, lag(owner_rep_id) OVER w AS owner_before
      FROM revenue.deal_history h WHERE org_id = 1 AND superseded_at = 'infinity'
      WINDOW w AS (PARTITION BY deal_id ORDER BY valid_from)) v;
SELECT at::date, count(d.deal_id) AS deals, count(d.deal_id) FILTER (WHERE s.kind = 'open') AS open,
  sum(d.num_interactions) AS interactions
FROM unnest('{2024-01-01, 2024-07-01, 2025-01-01, 2025-04-01, 2025-06-30}'::timestamptz[]) AS at
LEFT JOIN LATERAL revenue.deals_as_of(at) d ON d.org_id = 1
LEFT JOIN revenue.stages s USING (org_id, pipeline_id, stage_id) GROUP BY at ORDER BY at;
SELECT stage_id, deal_count, round(total_value) AS total_value FROM revenue.pipeline_summary('2025-06-30 18:00+00');
SELECT stage_id, deal_count, round(total_value) AS total_value FROM revenue.pipeline_summary('2025-05-01 18:00+00');
-- the stage at any instant is that of the last fact before it
SELECT count(*) AS compared, count(*) FILTER (WHERE d.stage_id IS DISTINCT FROM f.stage_id) AS wrong
FROM generate_series('2024-01-01 12:00+00'::timestamptz, '2025-06-30 12:00+00', '7 days') AS at
CROSS JOIN LATERAL revenue.deals_as_of(at) d
CROSS JOIN LATERAL (SELECT f.stage_id FROM revenue.deal_facts f WHERE f.org_id = 1 AND f.deal_id = d.deal_id
  AND f.stage_id IS NOT NULL AND f.valid_from <= at ORDER BY f.valid_from DESC LIMIT 1) f WHERE d.org_id = 1;
-- nothing happens before a deal is there, after it is closed, or on the day of loading
SELECT count(*) AS out_of_order FROM revenue.deals d LEFT JOIN revenue.activities a USING (org_id, deal_id)
WHERE org_id = 1 AND (a.occurred_at NOT BETWEEN d.created_at AND coalesce(d.closed_at, '2025-06-30 00:00+00') OR d.stage_entered_at < d.created_at);
-- the counters are those of the activities
SELECT count(*) AS wrong FROM revenue.deals d WHERE org_id = 1 AND (num_interactions, num_objections_handled, last_activity_at)
  IS DISTINCT FROM (SELECT (count(*) FILTER (WHERE kind NOT IN ('note', 'task'))::integer, count(*) FILTER (WHERE outcome = 'handled')::integer, max(occurred_at))
    FROM revenue.activities a WHERE a.org_id = d.org_id AND a.deal_id = d.deal_id);

-- It is one story: each won deal is one revenue event, and on a plan or an add-on one subscription from that day on,
-- which brings in a year what the deal says.
SELECT count(*) AS won, count(e.event_id) AS events, bool_and(e.amount = d.amount) AS same_amount, count(s.subscription_id) AS subscriptions,
  count(*) FILTER (WHERE d.num_users_planned > 0) AS recurring,
  max(abs(12 * i.mrr * d.contract_term_months / 12 / d.amount - 1)) FILTER (WHERE d.currency <> 'JPY') < 0.001 AS annual_value
FROM revenue.deals d
LEFT JOIN revenue.revenue_events e ON e.org_id = d.org_id AND e.deal_id = d.deal_id AND e.event_type = 'deal_won'
LEFT JOIN revenue.subscriptions s ON s.org_id = d.org_id AND s.subscription_id = 'S' || substr(d.deal_id, 2)
LEFT JOIN revenue.subscription_items i ON i.org_id = s.org_id AND i.subscription_id = s.subscription_id AND i.valid_from = d.close_date
WHERE d.org_id = 1 AND d.stage_id = 'closed_won';
-- who uses and pays is who subscribes
SELECT count(*) FILTER (WHERE a.seats_bought IS DISTINCT FROM i.seats) AS wrong, count(i.seats) > 10 AS some
FROM revenue.accounts a LEFT JOIN (
  SELECT s.customer_id, sum(i.quantity) AS seats FROM revenue.subscriptions s JOIN revenue.subscription_items i USING (org_id, subscription_id)
  WHERE s.org_id = 1 AND i.valid_from <= '2025-06-30' AND i.valid_to > '2025-06-30' AND i.status = 'active'
    AND NOT EXISTS (SELECT FROM revenue.subscription_items p WHERE p.org_id = 1 AND p.subscription_id = i.subscription_id AND p.status = 'past_due')
  GROUP BY s.customer_id) i ON i.customer_id = a.account_id
WHERE a.org_id = 1 AND a.failed_payments IS DISTINCT FROM 2;
RESET revenue_intel.org_id;

-- A larger one is loaded in parts, and there is something to learn from it.
SET client_min_messages = warning;
SELECT r ->> 'org_id' AS org_id, r -> 'rows' ->> 'deals' AS deals FROM revenue.load_demo(120, 3, '2025-06-30') r;
RESET client_min_messages;
SELECT count(*) AS deals, count(DISTINCT deal_id) AS different, avg((stage_id = 'closed_won')::integer) BETWEEN 0.2 AND 0.4 AS plausible
FROM revenue.deals WHERE org_id = 4 AND stage_id LIKE 'closed%';
SELECT avg((stage_id = 'closed_won')::integer) FILTER (WHERE champion_identified AND budget_confirmed)
  > 2 * avg((stage_id = 'closed_won')::integer) FILTER (WHERE NOT champion_identified AND NOT budget_confirmed) AS signals_tell
FROM revenue.deals WHERE org_id = 4 AND stage_id LIKE 'closed%';
SELECT count(DISTINCT name) = count(*) AS names_differ FROM revenue.accounts WHERE org_id = 4;
-- It has three years, grows, keeps its customers and its money, and spends on new ones what they are worth.
SELECT min(closed_on) < '2022-08-01' AS three_years, count(*) FILTER (WHERE closed_on >= '2024-07-01') > 1.3 * count(*) FILTER (WHERE closed_on < '2023-07-01') AS grows
FROM revenue.closed_deals('2025-06-30 12:00+00') WHERE org_id = 4;
SELECT metric, value BETWEEN low AND high AS plausible
FROM revenue.compute_metrics('2025-06-30', org => 4) JOIN (VALUES ('win_rate', 0.2, 0.37), ('nrr', 0.95, 1.2), ('grr', 0.8, 0.98), ('ltv_cac', 2, 6),
  ('magic_number', 0.5, 1.2), ('reply_rate', 0.02, 0.1)) AS v(metric, low, high) USING (metric)
WHERE dimension = 'all' ORDER BY metric;
SELECT count(*) FILTER (WHERE m.kind = 'churn')::numeric / (SELECT customers FROM revenue.compute_metrics('2024-06-30', org => 4) AS c,
    LATERAL (SELECT c.value AS customers) AS v WHERE c.metric = 'customers' AND c.dimension = 'all') BETWEEN 0.05 AND 0.2 AS churn_of_a_year
FROM revenue.mrr_movements m WHERE m.org_id = 4 AND m.valid_day > '2024-06-30' AND m.valid_day <= '2025-06-30';

-- Bad arguments.
\set ECHO none
CREATE FUNCTION demo_test.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
  EXECUTE 'SELECT ' || call;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN format('%s %s (%s)', SQLSTATE, regexp_replace(SQLERRM, '\d{4}-\d\d-\d\d', 'DAY'), hint);
END $$;
\set ECHO all
SELECT call, demo_test.refusal(call) FROM unnest(ARRAY[
  'revenue.load_demo(0)', 'revenue.load_demo(-1)', 'revenue.load_demo(NULL)', 'revenue.load_demo(1000001)',
  'revenue.load_demo(2147483647)', 'revenue.load_demo(30, NULL)', 'revenue.load_demo(30, 1, ''infinity'')',
  'revenue.load_demo(30, 1, ''1999-12-31'')', 'revenue.load_demo(30, 1, current_date + 2)', 'revenue.load_demo(30, 1, NULL, 0)',
  'revenue.load_demo(30, 1, NULL, NULL)', 'revenue.load_demo(30, 1, NULL, 11)', 'revenue.drop_demo(NULL)']) AS call;
SELECT demo_test.refusal('revenue.load_demo(1, 2147483647, ''2000-01-01'', 1)'), demo_test.refusal('revenue.load_demo(2, -2147483648, ''2000-02-29'', 1)');

-- Who may call it is decided by a GRANT; each caller has demos of his own and sees those only.
CREATE ROLE regress_demo;
GRANT USAGE ON SCHEMA revenue TO regress_demo;
SET ROLE regress_demo;
SELECT revenue.load_demo();
RESET ROLE;
GRANT EXECUTE ON FUNCTION revenue.load_demo, revenue.drop_demo TO regress_demo;
SET ROLE regress_demo;
SELECT r ->> 'organisation' AS organisation, r ->> 'loaded' AS loaded FROM revenue.load_demo(30, 1, '2025-06-30', 1) r;
SELECT name, (SELECT count(*) FROM revenue.deals) AS deals FROM revenue.orgs;
SELECT identity, access_level FROM revenue.members;
SELECT revenue.drop_demo(3);
RESET ROLE;
SELECT * FROM demo_test.differences((SELECT max(org_id) FROM revenue.orgs));
SELECT * FROM demo_test.differences(1);
-- a demo that was handed over is not his any more
DELETE FROM revenue.members WHERE identity = 'regress_demo';
INSERT INTO revenue.members (org_id, identity, access_level) SELECT max(org_id), 'somebody', 'owner' FROM revenue.orgs;
SET ROLE regress_demo;
SELECT revenue.drop_demo(1);
SELECT revenue.load_demo(1, 1, '2025-06-30', 1) ->> 'loaded' AS loaded;
SELECT revenue.drop_demo(1), revenue.drop_demo(1);
SELECT count(*) AS visible FROM revenue.orgs;
SELECT revenue.load_demo(2, 1, '2025-06-30', 1) ->> 'loaded' AS loaded;
SELECT count(*) AS visible FROM revenue.orgs;
RESET ROLE;

-- What drop_demo() leaves of an organisation: the row itself and its audit log, in which each revenue event that went is an entry.
SELECT revenue.drop_demo(1), revenue.drop_demo(3);
\set ECHO none
CREATE FUNCTION demo_test.left_over(org integer) RETURNS TABLE (relation text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
  FOR relation IN SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id'
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname
  LOOP
    EXECUTE format('SELECT count(*) FROM revenue.%I WHERE org_id = $1', relation) INTO rows USING org;
    IF rows > 0 THEN RETURN NEXT; END IF;
  END LOOP;
END $$;
\set ECHO all
SELECT * FROM demo_test.left_over(1) WHERE relation <> 'audit_log';
SELECT action, new ->> 'deals' AS deals FROM revenue.audit_log WHERE org_id = 1 AND action NOT LIKE 'delete_event%' ORDER BY at;

\set ECHO none
SET client_min_messages = warning;
DROP EXTENSION revenue_intel CASCADE;
DROP SCHEMA demo_test CASCADE;
DROP ROLE regress_demo;
