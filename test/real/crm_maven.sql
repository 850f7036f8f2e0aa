-- Loads the Maven opportunities as a data engineer would, into an organisation of his own and under
-- row-level security, and compares what revenue_intel makes of them with the figures on standard
-- input, which crm_maven.awk computed from the raw files. Run by crm_maven.sh in the folder of the
-- files; engineer and viewer are roles that it made.
--
-- The files have dates and no zone. The organisation's zone and the session's lie on different sides
-- of UTC, so that a date cut in the wrong one is off by a day.

\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
SET timezone = 'America/New_York';
SET client_min_messages = warning;
SET ROLE :"engineer";

-- The files as they are ------------------------------------------------------------------------

CREATE TEMP TABLE raw_accounts (account text, sector text, year_established text, revenue text, employees text,
  office_location text, subsidiary_of text);
CREATE TEMP TABLE raw_products (product text, series text, sales_price text);
CREATE TEMP TABLE raw_teams (sales_agent text, manager text, regional_office text);
CREATE TEMP TABLE raw_deals (opportunity_id text, sales_agent text, product text, account text, deal_stage text,
  engage_date text, close_date text, close_value text);
CREATE TEMP TABLE expected (section text, key text, kind text, value text);
\copy raw_accounts FROM 'accounts.csv' CSV HEADER
\copy raw_products FROM 'products.csv' CSV HEADER
\copy raw_teams FROM 'sales_teams.csv' CSV HEADER
\copy raw_deals FROM 'sales_pipeline.csv' CSV HEADER
\copy expected FROM pstdin

-- Names that do not match ----------------------------------------------------------------------
-- A name that differs from the catalogue's only in blanks, case or punctuation is the same. What is
-- misspelt otherwise is listed here. Whatever then matches nothing fails the test.

CREATE TEMP TABLE misspelt (kind text, found text, meant text);
INSERT INTO misspelt VALUES ('sector', 'technolgy', 'technology'), ('country', 'Philipines', 'Philippines');

CREATE TEMP VIEW renamed AS
SELECT 'product' AS kind, d.product AS found, p.product AS meant, count(*) AS rows
FROM raw_deals d JOIN raw_products p
  ON lower(regexp_replace(p.product, '\W', '', 'g')) = lower(regexp_replace(d.product, '\W', '', 'g'))
WHERE p.product <> d.product GROUP BY 2, 3
UNION ALL
SELECT m.kind, m.found, m.meant, count(*)
FROM misspelt m JOIN raw_accounts a ON m.found = CASE m.kind WHEN 'sector' THEN a.sector ELSE a.office_location END
GROUP BY 1, 2, 3;

CREATE TEMP VIEW unmatched AS
SELECT 'product' AS kind, d.product AS found FROM raw_deals d
WHERE d.product NOT IN (SELECT product FROM raw_products)
  AND d.product NOT IN (SELECT found FROM renamed WHERE kind = 'product')
UNION ALL SELECT 'agent', d.sales_agent FROM raw_deals d WHERE d.sales_agent NOT IN (SELECT sales_agent FROM raw_teams)
UNION ALL SELECT 'account', d.account FROM raw_deals d WHERE d.account NOT IN (SELECT account FROM raw_accounts)
UNION ALL SELECT 'parent', a.subsidiary_of FROM raw_accounts a
WHERE a.subsidiary_of NOT IN (SELECT account FROM raw_accounts);

\echo 'Names that the files spell in two ways, mapped:'
SELECT * FROM renamed;

-- The load -------------------------------------------------------------------------------------

SELECT revenue.create_org('Maven', base_currency => 'USD', time_zone => 'Asia/Kolkata') AS org \gset
SELECT clock_timestamp() AS before_load \gset

SELECT '[
  {"stage_id": "Prospecting", "framework_stage": "prospecting"},
  {"stage_id": "Engaging", "framework_stage": "engaging", "qualified": true},
  {"stage_id": "Won", "kind": "won", "qualified": true},
  {"stage_id": "Lost", "kind": "lost"}]' AS stages \gset
SELECT revenue.add_pipeline('maven', :'stages') \g /dev/null

-- Managers sell nothing themselves, but a manager is a rep.
INSERT INTO revenue.reps (org_id, rep_id, name, team, region)
SELECT :org, t.sales_agent, t.sales_agent, t.regional_office, t.regional_office FROM raw_teams t
UNION SELECT :org, t.manager, t.manager, t.regional_office, t.regional_office FROM raw_teams t;
INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from)
SELECT :org, t.sales_agent, t.manager, (SELECT min(engage_date)::date FROM raw_deals) FROM raw_teams t;

INSERT INTO revenue.products (org_id, product_id, name, family, list_price, currency)
SELECT :org, p.product, p.product, p.series, p.sales_price::numeric, 'USD' FROM raw_products p;

INSERT INTO revenue.accounts (org_id, account_id, name, parent_account_id, industry, country, employees,
  annual_revenue, currency)
SELECT :org, a.account, a.account, a.subsidiary_of, coalesce(s.meant, a.sector),
  coalesce(c.meant, a.office_location), a.employees::integer, a.revenue::numeric * 1000000, 'USD'
FROM raw_accounts a
LEFT JOIN misspelt s ON s.kind = 'sector' AND s.found = a.sector
LEFT JOIN misspelt c ON c.kind = 'country' AND c.found = a.office_location;

CREATE TEMP TABLE maven_deals AS
SELECT d.opportunity_id AS deal_id, d.sales_agent, p.product, p.sales_price::numeric AS list_price, d.account,
  coalesce(m.meant, a.sector) AS industry, d.deal_stage,
  CASE WHEN d.deal_stage = 'Prospecting' THEN 'Prospecting' ELSE 'Engaging' END AS entry_stage,
  coalesce(d.engage_date, '2017-12-31')::timestamp AT TIME ZONE 'Asia/Kolkata' AS since,
  d.close_date::timestamp AT TIME ZONE 'Asia/Kolkata' AS closed_at, d.close_date::date,
  CASE WHEN d.deal_stage = 'Won' THEN d.close_value::numeric ELSE p.sales_price::numeric END AS amount
FROM raw_deals d
LEFT JOIN renamed r ON r.kind = 'product' AND r.found = d.product
JOIN raw_products p ON p.product = coalesce(r.meant, d.product)
LEFT JOIN raw_accounts a ON a.account = d.account
LEFT JOIN misspelt m ON m.kind = 'sector' AND m.found = a.sector;
ANALYZE maven_deals;

-- After each big load the planner needs to know of it. Autovacuum would see to that in a minute or so,
-- and the engineer may not, for the tables are not his.
\set analyze 'RESET ROLE; ANALYZE; SET ROLE :"engineer";'

-- First every deal as it began, then how it ended, each since when it was so.
INSERT INTO revenue.deals (org_id, deal_id, account_id, owner_rep_id, product_id, pipeline_id, stage_id,
  amount, currency, industry, created_at, effective_at)
SELECT :org, m.deal_id, m.account, m.sales_agent, m.product, 'maven', m.entry_stage,
  m.list_price, 'USD', m.industry, m.since, m.since
FROM maven_deals m;
:analyze
SELECT clock_timestamp() AS before_closings \gset
UPDATE revenue.deals d
SET stage_id = m.deal_stage, amount = m.amount, close_date = m.close_date, effective_at = m.closed_at
FROM maven_deals m WHERE m.deal_id = d.deal_id AND m.close_date IS NOT NULL;
SELECT clock_timestamp() AS after_load \gset
:analyze

-- The same as another CRM would give it: deals as they are now, and their stage history apart.
SELECT revenue.create_org('Maven by stage history', time_zone => 'Asia/Kolkata') AS other_org \gset
SELECT revenue.add_pipeline('maven', :'stages', org => :other_org) \g /dev/null
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id,
  amount, currency, close_date, created_at, effective_at)
SELECT :other_org, m.deal_id, 'maven', m.deal_stage,
  m.amount, 'USD', m.close_date, m.since, coalesce(m.closed_at, m.since)
FROM maven_deals m;
:analyze
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, amount)
SELECT :other_org, m.deal_id, m.since, 'Engaging', m.list_price FROM maven_deals m WHERE m.close_date IS NOT NULL;
:analyze

SET revenue_intel.org_id = :org;

-- What revenue_intel makes of it -----------------------------------------------------------------
-- An error in one section leaves its figures out, and so fails that section only.

\set ON_ERROR_STOP off

CREATE TEMP TABLE actual (section text, key text, value text);
CREATE TEMP TABLE days AS
SELECT d::date AS day, d AT TIME ZONE 'Asia/Kolkata' AS instant
FROM generate_series('2016-11-01'::timestamp, '2018-01-01', '1 month') AS month,
  LATERAL (SELECT month - interval '1 day') AS l(d);
SELECT instant AS export_at FROM days WHERE day = '2017-12-31' \gset
\set labels '''{org_id,pipeline_id,stage_id,stage_name,stage_position,position,reporting_currency,month}''::text[]'

INSERT INTO actual VALUES
  ('what was loaded', 'accounts', (SELECT count(*) FROM revenue.accounts)),
  ('what was loaded', 'products', (SELECT count(*) FROM revenue.products)),
  ('what was loaded', 'reps', (SELECT count(*) FROM revenue.reps)),
  ('what was loaded', 'managed reps', (SELECT count(*) FROM revenue.rep_managers)),
  ('what was loaded', 'deals', (SELECT count(*) FROM revenue.deals)),
  ('what was loaded', 'open deals without account', (
    SELECT count(*) FROM revenue.deals WHERE account_id IS NULL AND closed_at IS NULL)),
  ('what was loaded', 'deals with a product renamed', (SELECT sum(rows) FROM renamed WHERE kind = 'product')),
  ('what was loaded', 'accounts with a sector renamed', (SELECT sum(rows) FROM renamed WHERE kind = 'sector')),
  ('what was loaded', 'names that match nothing', (SELECT count(*) FROM unmatched));

CREATE TEMP VIEW versions AS
SELECT stage_id, valid_from, valid_to FROM revenue.deal_history WHERE superseded_at = 'infinity';
INSERT INTO actual
SELECT 'deal_history', 'versions', count(*) FROM versions
UNION ALL SELECT 'deal_history', stage_id || ' versions', count(*) FROM versions GROUP BY stage_id
UNION ALL SELECT 'deal_history', 'days from engaging to closing',
  extract(epoch FROM sum(valid_to - valid_from)) / 86400
FROM versions WHERE stage_id = 'Engaging' AND valid_to < 'infinity';

INSERT INTO actual
SELECT 'known_at', 'before the load deals', count(*) FROM days, revenue.deals_as_of(instant, :'before_load')
UNION ALL
SELECT 'known_at', 'before the closings ' || stage_id, count(*)
FROM revenue.deals_as_of(:'export_at', :'before_closings') GROUP BY stage_id
UNION ALL
SELECT 'known_at', 'after the load ' || stage_id, count(*)
FROM revenue.deals_as_of(:'export_at', :'after_load') GROUP BY stage_id;

INSERT INTO actual
SELECT 'deals_as_of', concat_ws(' ', day, stage_id, f.key), f.value FROM (
  SELECT day, stage_id, count(*) AS deals, sum(amount) AS amount
  FROM days, revenue.deals_as_of(instant) GROUP BY day, stage_id) s,
  jsonb_each_text(to_jsonb(s) - 'day' - 'stage_id') f;

INSERT INTO actual
SELECT 'pipeline_summary', concat_ws(' ', day, stage_id, f.key), f.value
FROM days, revenue.pipeline_summary(instant) s, jsonb_each_text(to_jsonb(s) - :labels) f;

INSERT INTO actual
SELECT 'forecast_monthly', concat_ws(' ', day, coalesce(month::text, '?'), f.key), f.value
FROM days, revenue.forecast_monthly(instant) s, jsonb_each_text(to_jsonb(s) - :labels) f;

-- Month by month from the end of the one before.
INSERT INTO actual
SELECT 'pipeline_waterfall', concat_ws(' ', day, coalesce(member, 'all'), line, f.key), f.value
FROM (SELECT day, instant, lag(instant) OVER (ORDER BY day) AS before FROM days) d, unnest('{all,manager}'::text[]) AS dimension,
  -- Just before the closing is the end of the day: what happened on it is at its first instant.
  revenue.pipeline_waterfall(before + interval '1 day', instant + interval '1 day', '-infinity', 'infinity', dimension) w,
  LATERAL (VALUES ('deals', w.deal_count), ('value', w.value)) f(key, value)
WHERE before IS NOT NULL AND w.deal_count > 0;

INSERT INTO actual
SELECT 'dashboard', concat_ws(' ', day, f.key), f.value
FROM days, revenue.dashboard(instant) b, LATERAL (
  SELECT key, value FROM jsonb_each_text(b -> 'kpis') WHERE (b #> '{kpis,deal_count}')::integer > 0
  UNION ALL
  SELECT concat_ws(' ', s ->> 'stage_id', f.key), f.value
  FROM jsonb_array_elements(b -> 'pipeline_by_stage') s, jsonb_each_text(s - :labels) f
  UNION ALL
  SELECT concat_ws(' ', 'month', coalesce(m ->> 'month', '?'), f.key), f.value
  FROM jsonb_array_elements(b -> 'monthly_forecast') m, jsonb_each_text(m - :labels) f) f;

INSERT INTO actual
SELECT 'won_deals_summary', concat_ws(' ', day, month, f.key), f.value
FROM days, revenue.won_deals_summary(instant) s, jsonb_each_text(to_jsonb(s) - :labels) f
WHERE day IN ('2017-08-31', '2017-12-31');

INSERT INTO actual
SELECT 'win_rates', concat_ws(' ', day, dimension, coalesce(member, '?'), f.key), f.value
FROM days, revenue.win_rates(instant) s, jsonb_each_text(to_jsonb(s) - :labels - '{dimension,member}'::text[]) f
WHERE day IN ('2017-08-31', '2017-12-31');

INSERT INTO actual
SELECT 'at_risk_deals', concat_ws(' ', s ->> 'id', f.key), f.value
FROM jsonb_array_elements(revenue.at_risk_deals(as_of => :'export_at') -> 'deals') s,
  LATERAL (SELECT * FROM jsonb_each_text(s - '{id,name,currency,risk_factors}'::text[])
    UNION ALL SELECT 'risk_factors', coalesce(string_agg(r, '|'), '-') FROM jsonb_array_elements_text(s -> 'risk_factors') r) f
UNION ALL SELECT 'at_risk_deals', 'from 5000', revenue.at_risk_deals(5000, :'export_at') ->> 'count';

INSERT INTO actual
SELECT 'team_performance', concat_ws(' ', owner_rep_id, stage_id, f.key), f.value
FROM revenue.team_performance t,
  LATERAL (VALUES ('deal_count', deal_count), ('total_value', total_value)) f(key, value);

INSERT INTO actual
SELECT 'teams of managers', concat_ws(' ', m.manager, f.key), f.value
FROM (SELECT DISTINCT manager FROM raw_teams) m, LATERAL (
  SELECT count(DISTINCT t.rep_id) FILTER (WHERE t.depth = 1) AS reps, count(*) FILTER (WHERE c.won) AS won_deals,
    sum(c.reporting_amount) FILTER (WHERE c.won) AS won_value
  FROM revenue.rep_team(m.manager, '2017-12-31') t
  LEFT JOIN revenue.closed_deals(:'export_at') c ON c.owner_rep_id = t.rep_id) s,
  jsonb_each_text(to_jsonb(s)) f;

INSERT INTO actual
SELECT 'compare_frameworks', f.key, f.value
FROM revenue.compare_frameworks() c, jsonb_each_text(to_jsonb(c)) f
WHERE f.key IN ('deals', 'log_loss', 'brier', 'mean_predicted', 'win_rate', 'auc') AND c.standard_error IS NULL;

WITH outcomes AS MATERIALIZED (
  SELECT deal_id, won FROM revenue.closed_deals(:'export_at')
), scored AS (
  SELECT revenue.score_quality(s.close_probability, o.won) AS quality
  FROM days, revenue.deal_scores(instant) s JOIN outcomes o USING (deal_id) WHERE s.stage_id = 'Engaging'
)
INSERT INTO actual
SELECT 'score_quality', coalesce(f.named, q.key), q.value
FROM scored, jsonb_each_text(quality) q
LEFT JOIN (VALUES ('n', 'deals'), ('binned_auc', 'auc')) f(key, named) USING (key)
WHERE q.key NOT IN ('calibration', 'calibration_error');

SELECT revenue.set_framework('{"stages": {"typical_days": {"engaging": 90}}}', 'technology') \g /dev/null
INSERT INTO actual
SELECT 'framework of a vertical', concat_ws(' ', s.vertical, f.key), f.value
FROM (
  SELECT CASE WHEN industry = 'technology' THEN industry ELSE 'other' END AS vertical, count(*) AS deals,
    count(*) FILTER (WHERE health_category IN ('critical', 'at_risk')) AS at_risk, sum(weighted_amount) AS weighted
  FROM revenue.deal_scores(:'export_at') GROUP BY 1) s, jsonb_each_text(to_jsonb(s) - 'vertical') f;

-- Forecasts of the year, each with what was known by then; windows that end after the data are left out.
CREATE TEMP TABLE calibration AS
SELECT * FROM revenue.forecast_calibration('2017-02-20', '2017-12-01', '14 days')
WHERE origin + horizon_days <= '2018-01-01';

-- Whether the load by stage history says the same of every day, and nothing of what came later.
SET revenue_intel.org_id = :other_org;
INSERT INTO actual
SELECT 'deal_facts', concat_ws(' ', day, stage_id, f.key), f.value FROM (
  SELECT day, stage_id, count(*) AS deals, sum(amount) AS amount,
    count(close_date) FILTER (WHERE stage_id = 'Engaging') AS close_dates_before_the_close
  FROM days, revenue.deals_as_of(instant) GROUP BY day, stage_id) s,
  jsonb_each_text(to_jsonb(s) - '{day,stage_id}'::text[]) f;

-- A viewer has the same totals and no rows.
SET revenue_intel.org_id = :org;
SELECT revenue.add_member(:'viewer', 'viewer') \g /dev/null
GRANT INSERT ON actual TO :"viewer";
SET ROLE :"viewer";
SELECT revenue.accept_membership(:org) \g /dev/null
INSERT INTO actual
SELECT 'as a viewer', concat_ws(' ', stage_id, f.key), f.value
FROM revenue.pipeline_summary(:'export_at'), LATERAL (
  VALUES ('deals', deal_count), ('value', total_value)) f(key, value)
UNION ALL
SELECT 'as a viewer', dimension, count(*) FROM revenue.win_rates(:'export_at') GROUP BY dimension
UNION ALL
SELECT 'as a viewer', 'rows', count(*) FROM revenue.deals_as_of(:'export_at');
SET ROLE :"engineer";

-- The comparison: counts, money and names must be the same, ratios to 1e-9 of their size -----------

CREATE TEMP TABLE compared AS
SELECT coalesce(e.section, a.section) AS section, coalesce(e.key, a.key) AS key,
  e.value AS expected, a.value AS actual, coalesce(e.key = a.key AND CASE
    WHEN e.value IS NULL OR a.value IS NULL THEN e.value IS NOT DISTINCT FROM a.value
    WHEN e.kind = 'text' THEN e.value = a.value
    WHEN e.kind = 'exact' THEN e.value::numeric = a.value::numeric
    ELSE abs(e.value::numeric - a.value::numeric) <= 1e-9 * abs(e.value::numeric) END, false) AS agrees
FROM expected e FULL JOIN actual a ON a.section = e.section AND a.key = e.key;

\echo 'Figures, computed by awk from the raw files and by revenue_intel:'
SELECT section AS compared, count(*) AS figures, count(*) FILTER (WHERE NOT agrees) AS differ,
  min(key || ' = ' || actual) FILTER (WHERE agrees) AS "for instance"
FROM compared GROUP BY section ORDER BY section;

\echo 'The built-in close probability against the outcomes (the outcomes are near random, so that an AUC'
\echo 'far above 0.54 would mean that it had seen them): seven days before the close, and at each month''s end'
SELECT section, round(min(actual::numeric) FILTER (WHERE key = 'deals')) AS deals,
  round(min(actual::numeric) FILTER (WHERE key = 'auc'), 3) AS auc,
  round(min(actual::numeric) FILTER (WHERE key = 'log_loss'), 3) AS log_loss,
  round(min(actual::numeric) FILTER (WHERE key = 'brier'), 3) AS brier,
  round(min(actual::numeric) FILTER (WHERE key = 'mean_predicted'), 3) AS mean_predicted,
  round(min(actual::numeric) FILTER (WHERE key = 'win_rate'), 3) AS win_rate
FROM compared WHERE section IN ('compare_frameworks', 'score_quality') GROUP BY section ORDER BY section;

\echo 'What was to be won within 30, 60 and 90 days, against what was (one year, whose first wins are of March;'
\echo 'windows overlap: so many of them fit one after the other):'
SELECT horizon_days, count(*) AS origins, ceil((max(origin) - min(origin) + 1)::numeric / horizon_days) AS independent,
  round(sum(expected_wins)) AS expected, sum(actual_wins) AS won, count(*) FILTER (WHERE within_95) AS within_95,
  round(100.0 * count(*) FILTER (WHERE within_95) / count(*)) AS percent,
  round(avg((upper_95 - lower_95) / expected_wins::numeric), 1) AS width_to_expected
FROM calibration GROUP BY horizon_days ORDER BY horizon_days;

SELECT count(*) > 0 AS any_differ FROM compared WHERE NOT agrees \gset
\if :any_differ
\echo 'What differs, up to five of each:'
SELECT section, key, expected, actual FROM (
  SELECT *, row_number() OVER (PARTITION BY section ORDER BY key) AS nth FROM compared WHERE NOT agrees) d
WHERE nth <= 5 ORDER BY section, key;
\endif

\pset tuples_only on
\pset format unaligned
SELECT count(*) FILTER (WHERE agrees) || ' passed, ' || count(*) FILTER (WHERE NOT agrees) || ' failed'
FROM (SELECT section, bool_and(agrees) AS agrees FROM compared GROUP BY section
      UNION ALL
      SELECT 'calibration', coalesce(avg(within_95::integer) >= 0.85, false) FROM calibration
      UNION ALL
      SELECT 'no leakage', coalesce(bool_and(actual::numeric < 0.56), false) FROM compared WHERE key = 'auc') s;
