-- Quotas, coverage, slippage and the pipeline by forecast category.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT revenue.create_org('Quotas', 'USD') AS org \gset
SET revenue_intel.org_id = :org;
SELECT revenue.load_fx_rates('{"EUR": 1.10}', '2025-01-01');
SELECT revenue.load_fx_rates('{"EUR": 1.20}', '2026-02-01');

-- ann reported to the boss until 15 February, to the lead since; cy always to the boss
INSERT INTO revenue.reps (org_id, rep_id, name, team) VALUES (:org, 'boss', 'Boss', NULL), (:org, 'lead', 'Lead', NULL),
  (:org, 'ann', 'Ann', 'north'), (:org, 'bob', 'Bob', 'north'), (:org, 'cy', 'Cy', 'south');
SELECT revenue.set_rep_manager('lead', 'boss', '2025-01-01'), revenue.set_rep_manager('ann', 'boss', '2025-01-01'),
  revenue.set_rep_manager('bob', 'lead', '2025-01-01'), revenue.set_rep_manager('cy', 'boss', '2025-01-01');
SELECT revenue.set_rep_manager('ann', 'lead', '2026-02-15');

-- s1 to s4 were to close in the quarter before: one was won, one lost, one pushed out, one just stayed open
INSERT INTO revenue.deals (org_id, deal_id, owner_rep_id, stage_id, amount, currency, close_date, created_at, effective_at,
  closed_at, forecast_category)
VALUES
  (:org, 'd1', 'ann', 'proposal', 1000, 'USD', '2026-03-15', '2026-01-10', '2026-01-10', NULL, 'commit'),
  (:org, 'd2', 'ann', 'proposal', 2000, 'EUR', '2026-03-01', '2026-01-10', '2026-01-10', NULL, 'best_case'),
  (:org, 'd3 no amount', 'bob', 'prospecting', NULL, 'USD', '2026-02-10', '2026-01-10', '2026-01-10', NULL, NULL),
  (:org, 'd4 no rate', 'bob', 'negotiation', 500, 'CHF', '2026-03-20', '2026-01-10', '2026-01-10', NULL, 'commit'),
  (:org, 'd5', 'cy', 'proposal', 700, 'USD', '2026-03-30', '2026-01-10', '2026-01-10', NULL, 'omitted'),
  (:org, 'd6 open', 'cy', 'negotiation', 300, 'USD', '2026-02-25', '2026-01-10', '2026-01-10', NULL, 'closed'),
  (:org, 'd7', 'ann', 'closed_won', 100, 'EUR', '2026-01-31', '2026-01-02', '2026-01-31', '2026-01-31', 'closed'),
  (:org, 'd8', 'bob', 'closed_won', 400, 'USD', '2026-02-10', '2026-01-02', '2026-02-10', '2026-02-10', 'commit'),
  (:org, 'd9', 'bob', 'closed_lost', 300, 'USD', '2026-02-11', '2026-01-02', '2026-02-11', '2026-02-11', 'omitted'),
  (:org, 'd10 last day, no owner', NULL, 'proposal', 50, 'USD', '2026-03-31', '2026-01-10', '2026-01-10', NULL, 'pipeline'),
  (:org, 'd11 day after', 'cy', 'proposal', 9999, 'USD', '2026-04-01', '2026-01-10', '2026-01-10', NULL, 'commit'),
  (:org, 'd12 no date', 'cy', 'proposal', 8888, 'USD', NULL, '2026-01-10', '2026-01-10', NULL, 'commit'),
  (:org, 'd13', 'cy', 'proposal', 60, 'USD', '2026-03-05', '2026-01-05', '2026-02-18', NULL, 'commit'),
  (:org, 's1', 'cy', 'closed_won', 100, 'USD', '2025-11-15', '2025-09-01', '2025-11-15', '2025-11-15', 'closed'),
  (:org, 's2', 'cy', 'closed_lost', 200, 'USD', '2025-12-01', '2025-09-01', '2025-12-01', '2025-12-01', 'omitted'),
  (:org, 's3', 'cy', 'proposal', 300, 'USD', '2026-05-01', '2025-09-01', '2025-12-10', NULL, 'pipeline'),
  (:org, 's4', 'cy', 'proposal', 400, 'EUR', '2025-12-20', '2025-09-01', '2025-09-01', NULL, 'pipeline');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, owner_rep_id, amount, close_date)
VALUES (:org, 'd7', '2026-01-02', 'proposal', NULL, NULL, '2026-02-28'), (:org, 'd8', '2026-01-02', 'proposal', NULL, NULL, NULL),
  (:org, 'd9', '2026-01-02', 'proposal', NULL, NULL, '2026-03-01'), (:org, 'd13', '2026-01-05', NULL, 'gone', NULL, NULL),
  (:org, 's1', '2025-09-01', 'proposal', NULL, NULL, '2025-10-01'), (:org, 's2', '2025-09-01', 'proposal', NULL, NULL, '2025-12-31'),
  (:org, 's3', '2025-09-01', NULL, NULL, 250, '2025-12-15');

-- Quotas: months that make up a quarter, another currency, a version that counts from a day on
SELECT revenue.set_quota('rep', 'ann', m::date, (m + interval '1 month')::date, 1000, valid_from => '2026-01-01')
FROM generate_series('2026-01-01'::timestamp, '2026-03-01', '1 month') AS m;
SELECT revenue.set_quota('rep', 'bob', '2026-01-01', '2026-04-01', 2000, valid_from => '2026-01-01') AS first,
  revenue.set_quota('rep', 'bob', '2026-01-01', '2026-04-01', 400, valid_from => '2026-02-15', reason => 'Parental leave') AS second,
  revenue.set_quota('rep', 'cy', '2026-01-01', '2026-04-01', 1000, 'EUR', '2026-01-01') AS cy,
  revenue.set_quota('team', 'south', '2026-01-01', '2026-04-01', 1500, valid_from => '2026-01-01') AS south;
SELECT kind, member, period_from, period_to, amount, currency, version FROM revenue.quotas_in_force('2026-02-14');
SELECT member, amount, version, reason FROM revenue.quotas_in_force('2026-02-15') WHERE member = 'bob';
SELECT object_id, old ->> 'amount' AS old, new ->> 'amount' AS new, reason FROM revenue.audit_log
WHERE action = 'set_quota' AND object_id LIKE 'rep/bob%' ORDER BY at;

-- Slippage of the quarter before: 2 of 4; at the beginning 100 + 200 + 250 + 400 x 1.1, of which 250 + 440 stayed
SELECT period_from, period_to, opening_deals, slipped_deals, slippage, opening_value, slipped_value, round(slippage_by_value::numeric, 4) AS by_value
FROM revenue.slippage_rate('2026-02-20 12:00+00');
SELECT opening_deals, slippage, opening_value, slippage_by_value FROM revenue.slippage_rate('2025-02-20 12:00+00');

-- Coverage. Open are 1000, 2000 x 1.2, 700, 300, 50 and 60, won 100 x 1.1 and 400; 3 of 5 closed deals were
-- won, so that 1 / (0.6 x 0.5) is needed.
SELECT dimension, member, quota, quota_reps AS reps, won_deals AS won, won_value, open_deals AS open, open_value, deals_without_value AS unknown,
  round(coverage::numeric, 4) AS coverage, remaining_quota AS remaining, round(remaining_coverage::numeric, 4) AS remaining_coverage, coverage_reason AS reason
FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-20 12:00+00');
SELECT round(required_coverage::numeric, 4) AS required, win_rate, won_ever, closed_ever, slippage, slipped_deals, opening_deals, required_reason AS reason
FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-20 12:00+00', 'org');
-- on the first of February ann still reported to the boss, d8 had no close date, d9 was open, d13 another's
SELECT member, quota, won_value, open_deals, open_value FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-01 12:00+00', 'manager');
SELECT member, quota, won_value, open_deals, open_value FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-01 12:00+00', 'manager', 'now');
SELECT member, member_name, open_value FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-01 12:00+00', 'rep') WHERE member = 'gone' OR member IS NULL;
-- a period that is over has the managers of its last day
SELECT hierarchy_day FROM revenue.reporting_periods('2026-01-01', '2026-02-01', '2026-05-01 12:00+00', 'then', :org);
-- no quota, half a quota, no exchange rate, a quota of 0, one that was withdrawn
SELECT revenue.set_quota('rep', 'ann', '2026-02-01', '2026-03-01', NULL, valid_from => '2026-02-19') AS ann,
  revenue.set_quota('rep', 'bob', '2026-01-01', '2026-04-01', 0, valid_from => '2026-02-19') AS bob,
  revenue.set_quota('rep', 'cy', '2026-01-01', '2026-04-01', 5, 'CHF', '2026-02-19') AS cy;
SELECT member, quota, coverage, remaining_coverage, coverage_reason FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-20 12:00+00', 'rep') WHERE member < 'd';
-- a quarter's quota that gave way to those of its months on the nineteenth
SELECT revenue.set_quota('team', 'north', '2026-01-01', '2026-04-01', 9000, valid_from => '2026-01-01') AS quarter,
  revenue.set_quota('team', 'north', '2026-01-01', '2026-04-01', NULL, valid_from => '2026-02-19') AS withdrawn;
SELECT revenue.set_quota('team', 'north', m::date, (m + interval '1 month')::date, 2000, valid_from => '2026-01-01')
FROM generate_series('2026-01-01'::timestamp, '2026-03-01', '1 month') AS m;
SELECT at, quota FROM unnest('{2026-02-18, 2026-02-19}'::date[]) AS at, revenue.coverage('2026-01-01', '2026-04-01', at + time '12:00', 'team') WHERE member = 'north';
SELECT required_coverage, win_rate, closed_ever, opening_deals, required_reason FROM revenue.coverage('2025-01-01', '2025-04-01', '2025-02-20 12:00+00', 'org');

-- The categories: closed, and each further one on top
SELECT member, category, deal_count AS deals, deals_without_value AS unknown, value, cumulative_deals, cumulative_value
FROM revenue.commit_forecast('2026-01-01', '2026-04-01', '2026-02-20 12:00+00', 'org');
SELECT member, category, value, cumulative_value FROM revenue.commit_forecast('2026-01-01', '2026-04-01', '2026-02-20 12:00+00', 'manager');
SELECT member, value, cumulative_value FROM revenue.commit_forecast('2026-01-01', '2026-04-01', '2026-02-20 12:00+00', 'rep') WHERE category = 'commit';
-- one period meets the next, and the view is the function at NULL
SELECT sum(deal_count) FILTER (WHERE part) = sum(deal_count) FILTER (WHERE NOT part) AS deals, sum(value) FILTER (WHERE part) = sum(value) FILTER (WHERE NOT part) AS value
FROM (SELECT true AS part, f.* FROM revenue.commit_forecast('2026-01-01', '2026-02-10', '2026-02-20 12:00+00', 'org') f
      UNION ALL SELECT true, f.* FROM revenue.commit_forecast('2026-02-10', '2026-04-01', '2026-02-20 12:00+00', 'org') f
      UNION ALL SELECT false, f.* FROM revenue.commit_forecast('2026-01-01', '2026-04-01', '2026-02-20 12:00+00', 'org') f) AS parts;
SELECT (SELECT jsonb_agg(v) FROM revenue.commit_forecast v) = (SELECT jsonb_agg(f) FROM revenue.commit_forecast() f) AS categories,
  (SELECT jsonb_agg(v) FROM revenue.coverage v) = (SELECT jsonb_agg(f) FROM revenue.coverage() f) AS coverage;

-- Fiscal quarters
SELECT d.day, s.fiscal_year_start, q.* FROM unnest('{2026-01-31, 2026-02-28, 2026-05-15, 2024-12-31}'::date[]) AS d(day),
  unnest('{1, 2, 12}'::integer[]) AS s(fiscal_year_start), revenue.fiscal_quarter(d.day, s.fiscal_year_start) AS q ORDER BY 1, 2;

-- Errors
\set ECHO none
CREATE FUNCTION pg_temp.refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
  EXECUTE 'SELECT count(r) FROM ' || call || ' AS r';
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN format('%s %s (%s)', SQLSTATE, SQLERRM, hint);
END $$;
\set ECHO all
SELECT call, pg_temp.refusal('revenue.' || call) AS answer FROM unnest(ARRAY[
  'coverage(''2026-04-01'', ''2026-01-01'')', 'coverage(''2026-01-01'')', 'coverage(''2026-01-01'', ''infinity'')',
  'coverage(by => ''country'')', 'commit_forecast(hierarchy => ''tomorrow'')', 'fiscal_quarter(''2026-01-01'', 13)',
  'set_quota(''rep'', ''nobody'', ''2026-01-01'', ''2026-04-01'', 1)', 'set_quota(''org'', ''x'', ''2026-01-01'', ''2026-04-01'', 1)',
  'set_quota(''country'', ''x'', ''2026-01-01'', ''2026-04-01'', 1)', 'set_quota(''org'', NULL, ''2026-01-01'', ''2026-04-01'', ''NaN'')',
  'set_quota(''org'', NULL, NULL, NULL, 1)', 'set_quota(''rep'', ''ann'', ''2026-01-01'', ''2026-04-01'', 1)',
  'set_quota(''org'', NULL, ''2026-01-01'', ''2026-04-01'', 1, ''euro'')']) AS call;

-- Who sees what: a member all, a viewer the organisation, and no cell of fewer than five deals
CREATE ROLE regress_quota_member;
CREATE ROLE regress_quota_viewer;
SELECT revenue.add_member('regress_quota_member', 'member'), revenue.add_member('regress_quota_viewer', 'viewer');
SET ROLE regress_quota_viewer;
SELECT dimension, quota, quota_reps, won_deals, won_value, open_deals, open_value, coverage, coverage_reason, win_rate, required_reason
FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-18 12:00+00');
SELECT dimension, category, deal_count, value, cumulative_value FROM revenue.commit_forecast('2026-01-01', '2026-04-01', '2026-02-20 12:00+00');
SELECT count(*) FROM revenue.quotas;
SELECT revenue.set_quota('org', NULL, '2030-01-01', '2030-04-01', 1);
RESET ROLE;
SET ROLE regress_quota_member;
SELECT dimension, count(*) FROM revenue.coverage('2026-01-01', '2026-04-01', '2026-02-18 12:00+00') GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM revenue.quotas;
UPDATE revenue.quotas SET amount = 1;
SELECT revenue.set_quota('org', NULL, '2030-01-01', '2030-04-01', 1);
RESET ROLE;

-- Property: 2,000 random deals, three instants, both hierarchies. Every total is that of its rows, reps and
-- teams add up to the organisation, categories to the cumulative ones, and open ones to the coverage.
SELECT revenue.create_org('Property', 'USD') AS org \gset
SET revenue_intel.org_id = :org;
SELECT revenue.load_fx_rates('{"EUR": 1.1, "GBP": 1.3}', '2026-01-01') + revenue.load_fx_rates('{"EUR": 1.2}', '2026-02-15') AS rates;
INSERT INTO revenue.reps (org_id, rep_id, name, team) SELECT :org, 'r' || i, 'R' || i, CASE WHEN i % 4 > 0 THEN 't' || i % 4 END FROM generate_series(1, 20) i;
SELECT count(revenue.set_rep_manager('r' || i, 'r' || 1 + i / 4, '2025-01-01')) AS managed FROM generate_series(2, 17) i;
SELECT count(revenue.set_rep_manager('r' || i, 'r' || i - 12, '2026-02-01')) AS moved FROM generate_series(14, 17) i;
INSERT INTO revenue.deals (org_id, deal_id, owner_rep_id, stage_id, amount, currency, close_date, created_at, effective_at, closed_at, forecast_category)
SELECT :org, 'd' || i, CASE WHEN h % 23 < 20 THEN 'r' || 1 + h % 23 END,
  (ARRAY['prospecting', 'proposal', 'negotiation', 'closed_won', 'closed_lost'])[1 + h / 23 % 5],
  CASE WHEN h / 7 % 11 > 0 THEN (h % 100000)::numeric / 100 END, (ARRAY['USD', 'EUR', 'GBP', 'CHF'])[1 + h / 115 % 4],
  '2025-12-15'::date + (h / 460 % 130)::integer, '2025-12-01', at, CASE WHEN h / 23 % 5 > 2 THEN at END,
  (ARRAY['omitted', 'pipeline', 'best_case', 'commit', 'closed', NULL])[1 + h / 59800 % 6]
FROM (SELECT i, hashint8extended(i, 42) & 2147483647 AS h FROM generate_series(1, 2000) i) AS x
CROSS JOIN LATERAL (SELECT '2025-12-20'::timestamptz + interval '1 hour' * (h / 1000 % 2400) AS at) AS y;
\set ECHO none
CREATE TABLE instants AS SELECT at, h FROM unnest('{2026-01-15, 2026-02-20 12:00, 2026-06-01}'::timestamptz[]) AS at, unnest('{then, now}'::text[]) AS h;
CREATE TABLE shown AS
SELECT i.at, i.h, f.* FROM instants i, LATERAL revenue.commit_forecast('2026-01-01', '2026-04-01', i.at, NULL, i.h) f;
CREATE TABLE rows AS
SELECT DISTINCT i.at, d.* FROM instants i CROSS JOIN LATERAL (
  SELECT s.deal_id, s.owner_rep_id, CASE d.forecast_category WHEN 'closed' THEN 'commit' ELSE coalesce(d.forecast_category, 'pipeline') END AS category, s.reporting_amount
  FROM revenue.deal_scores(i.at) s JOIN revenue.deals d USING (org_id, deal_id)
  WHERE s.org_id = revenue.current_org() AND s.close_date BETWEEN '2026-01-01' AND '2026-03-31'
  UNION ALL
  SELECT c.deal_id, c.owner_rep_id, 'closed', c.reporting_amount FROM revenue.closed_deals(i.at) c
  WHERE c.org_id = revenue.current_org() AND c.won AND c.closed_on BETWEEN '2026-01-01' AND '2026-03-31') d;
\set ECHO all
-- each total beside its rows
SELECT count(*) > 500 AS compared, count(*) FILTER (WHERE s.deal_count <> r.deals OR s.deals_without_value <> r.unknown OR s.value <> r.value) AS wrong
FROM shown s CROSS JOIN LATERAL (
  SELECT count(*) AS deals, count(*) - count(r.reporting_amount) AS unknown, coalesce(sum(r.reporting_amount), 0) AS value
  FROM rows r LEFT JOIN revenue.reps p ON p.org_id = s.org_id AND p.rep_id = r.owner_rep_id
  WHERE r.at = s.at AND r.category = s.category AND CASE s.dimension WHEN 'org' THEN true WHEN 'rep' THEN r.owner_rep_id IS NOT DISTINCT FROM s.member
    WHEN 'team' THEN p.team IS NOT DISTINCT FROM s.member
    ELSE r.owner_rep_id IN (SELECT t.rep_id FROM revenue.rep_team(s.member, CASE s.h WHEN 'then' THEN least(s.at::date, '2026-03-31') END) t) END) r;
SELECT count(*) > 0 AS compared, count(*) FILTER (WHERE reps <> org OR teams <> org) AS wrong FROM (
  SELECT sum(value) FILTER (WHERE dimension = 'rep') AS reps, sum(value) FILTER (WHERE dimension = 'team') AS teams,
    sum(value) FILTER (WHERE dimension = 'org') AS org FROM shown GROUP BY at, h, category) x;
SELECT count(*) > 500 AS compared, count(*) FILTER (WHERE cumulative_value <> below OR cumulative_deals <> deals) AS wrong FROM (
  SELECT s.*, (SELECT sum(b.value) FROM shown b WHERE (b.at, b.h, b.dimension) = (s.at, s.h, s.dimension)
      AND b.member IS NOT DISTINCT FROM s.member AND b.category_position <= s.category_position) AS below,
    (SELECT sum(b.deal_count) FROM shown b WHERE (b.at, b.h, b.dimension) = (s.at, s.h, s.dimension)
      AND b.member IS NOT DISTINCT FROM s.member AND b.category_position <= s.category_position) AS deals
  FROM shown s WHERE category <> 'omitted') x;
SELECT count(*) > 100 AS compared, count(*) FILTER (WHERE c.open_value <> s.open OR c.won_value <> s.won OR c.deals_without_value <> s.unknown) AS wrong
FROM instants i CROSS JOIN LATERAL revenue.coverage('2026-01-01', '2026-04-01', i.at, NULL, i.h) c
JOIN (SELECT at, h, dimension, member, sum(value) FILTER (WHERE category <> 'closed') AS open, sum(value) FILTER (WHERE category = 'closed') AS won,
        sum(deals_without_value) AS unknown FROM shown GROUP BY at, h, dimension, member) s
  ON (s.at, s.h, s.dimension) = (i.at, i.h, c.dimension) AND s.member IS NOT DISTINCT FROM c.member;
-- the two hierarchies differ somewhere
SELECT count(*) > 0 AS differ FROM shown t JOIN shown n USING (at, dimension, member, category) WHERE t.h = 'then' AND n.h = 'now' AND t.value <> n.value;

-- The organisation's own quota goes before the sum of its reps'.
RESET revenue_intel.org_id;
SELECT revenue.create_org('Own quota', 'USD') AS own \gset
SELECT revenue.set_quota('org', NULL, '2026-10-01', '2027-01-01', 500, org => :own);
SELECT quota, quota_reps, coverage_reason FROM revenue.coverage('2026-10-01', '2027-01-01', by => 'org', org => :own);
INSERT INTO revenue.reps (org_id, rep_id, name) VALUES (:own, 'r1', 'R1');
SELECT revenue.set_quota('rep', 'r1', '2026-10-01', '2027-01-01', 50, org => :own);
SELECT quota, quota_reps FROM revenue.coverage('2026-10-01', '2027-01-01', by => 'org', org => :own);

\set ECHO none
DROP TABLE instants, shown, rows;
DROP EXTENSION revenue_intel CASCADE;
DROP OWNED BY regress_quota_member, regress_quota_viewer;
DROP ROLE regress_quota_member, regress_quota_viewer;
