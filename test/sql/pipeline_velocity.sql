-- Slippage, pipeline generation and sales velocity of a few deals, counted by hand.
CREATE EXTENSION revenue_intel;
SET datestyle = ISO;
SET timezone = 'UTC';
SELECT revenue.create_org('Velocity', 'USD', 'UTC') AS org \gset
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) VALUES (:org, 'EUR', '2026-01-01', 1.1), (:org, 'EUR', '2026-05-01', 1.2);

-- A version a row, valid until the next of the deal; stage NULL = deleted.
CREATE FUNCTION remember(versions text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, valid_to, recorded_at, created_at, stage_entered_at,
    pipeline_id, stage_id, amount, currency, close_date, closed_at, owner_rep_id, segment)
  SELECT o.org_id, deal_id, since, until, since, created, since, 'sales', stage, amount, coalesce(currency, 'USD'),
    close_date, CASE WHEN stage ~ 'won|lost' THEN since END, 'ann', left(deal_id, 1)
  FROM (
    SELECT v[1] AS deal_id, v[2]::timestamptz AS since, v[3] AS stage, v[4]::numeric AS amount, v[5]::date AS close_date, v[6] AS currency,
      min(v[2]::timestamptz) OVER (PARTITION BY v[1]) AS created,
      coalesce(lead(v[2]::timestamptz) OVER (PARTITION BY v[1] ORDER BY v[2]::timestamptz), 'infinity') AS until
    FROM regexp_split_to_table(trim(versions), '\n') AS line,
      LATERAL (SELECT ARRAY(SELECT nullif(trim(f), '.') FROM regexp_split_to_table(line, ' +') f WHERE f <> '')) AS s(v)
  ) v, revenue.orgs o WHERE stage <> 'deleted'
$$;
SELECT remember($$
kept_won    2026-03-01 proposal    100 2026-05-31
kept_won    2026-05-01 closed_won  100 2026-05-01
kept_lost   2026-03-01 proposal    200 2026-05-31
kept_lost   2026-05-02 closed_lost 200 2026-05-02
pushed      2026-03-01 proposal    300 2026-05-31
pushed      2026-05-01 proposal    350 2026-07-30
slipped     2026-03-01 proposal    400 2026-06-20
slipped     2026-07-05 closed_won  400 2026-07-05
undated     2026-03-01 proposal    500 2026-05-31
undated     2026-05-01 proposal    500 .
unvalued    2026-03-01 proposal      . 2026-05-31
unvalued    2026-05-01 proposal      . 2026-08-01
later       2026-03-01 proposal   9999 2026-08-31
new         2026-04-02 proposal   9999 2026-05-31
new         2026-06-02 proposal   9999 2026-09-30
$$);

-- The second quarter, halfway, at its end and long after it: what happens later is not its matter.
SELECT as_of::date, opening_deals, slipped_deals, round(slippage::numeric, 4) AS rate, opening_value, slipped_value, round(slippage_by_value::numeric, 4) AS by_value,
  deals_with_days AS n, round(mean_days_slipped::numeric, 4) AS days, deals_without_value AS unknown
FROM unnest('{2026-04-15,2026-06-15,2026-07-01,2026-12-31}'::timestamptz[]) AS as_of, revenue.pipeline_slippage(as_of, '2026-04-01', '2026-07-01')
WHERE dimension = 'all';
SELECT dimension, member, opening_deals, slipped_deals, slipped_value FROM revenue.pipeline_slippage('2026-06-15') ORDER BY 1, 2;
SELECT count(*) AS nothing_to_slip FROM revenue.pipeline_slippage('2026-06-15', '2025-01-01', '2025-04-01');

-- Qualified are proposal, negotiation and won. The value is that of the entry, at the rate of that day.
TRUNCATE revenue.deal_history;
SELECT remember($$
straight    2026-03-10 proposal      100 2026-05-31
straight    2026-04-10 negotiation   150 2026-05-31
straight    2026-05-10 closed_won    160 2026-05-31
grown       2026-02-10 prospecting    10 2026-05-31
grown       2026-03-31 proposal       70 2026-05-31 EUR
back        2026-03-05 proposal      200 2026-05-31
back        2026-03-20 prospecting   200 2026-05-31
back        2026-04-20 proposal      250 2026-05-31
reopened    2026-03-05 proposal      300 2026-05-31
reopened    2026-04-05 closed_lost   300 2026-05-31
reopened    2026-05-05 prospecting   300 2026-05-31
reopened    2026-05-25 negotiation   330 2026-05-31 EUR
reopened    2026-06-05 closed_lost   330 2026-05-31 EUR
reopened    2026-07-05 proposal      340 2026-05-31
lost_first  2026-03-05 closed_lost   400 2026-05-31
lost_first  2026-04-05 proposal      440 2026-05-31
won_at_once 2026-05-05 closed_won    500 2026-05-31
never       2026-03-05 prospecting   600 2026-05-31
never       2026-05-05 closed_lost   600 2026-05-31
no_amount   2026-05-05 proposal        . 2026-05-31
no_rate     2026-05-05 proposal      700 2026-05-31 XXX
deleted     2026-05-05 proposal      800 2026-05-31
deleted     2026-05-06 deleted
$$);
SELECT month, generated_deals, generated_value, generated_without_value, reopened_deals, reopened_value, reopened_without_value FROM revenue.pipeline_generation();
SELECT month, generated_deals, reopened_deals FROM revenue.pipeline_generation('2026-05-20') ORDER BY 1;
-- Midnight is the organisation's.
SELECT revenue.set_org_settings(time_zone => 'Asia/Tokyo');
UPDATE revenue.deal_history SET valid_from = '2026-03-31 16:00+00' WHERE deal_id = 'grown' AND stage_id = 'proposal';
SELECT month, generated_deals FROM revenue.pipeline_generation() ORDER BY 1 LIMIT 2;
SELECT revenue.set_org_settings(time_zone => 'UTC');

-- 4 qualified open x mean won value (100 + 1.2 x 250) / 2 = 200 x win rate 3/5 / mean cycle (10 + 20 + 30) / 3 = 20 days: 24 a day.
TRUNCATE revenue.deal_history;
SELECT remember($$
a_open1 2026-05-01 proposal    10 2026-05-31
a_open2 2026-05-01 negotiation  . 2026-05-31
b_open3 2026-05-01 proposal    10 2026-05-31
b_open4 2026-05-01 proposal    10 2026-05-31
b_early 2026-05-01 prospecting 10 2026-05-31
a_won1  2026-05-01 proposal   100 2026-05-11
a_won1  2026-05-11 closed_won 100 2026-05-11
a_won2  2026-05-01 proposal   250 2026-05-21 EUR
a_won2  2026-05-21 closed_won 250 2026-05-21 EUR
a_won3  2026-05-01 proposal     . 2026-05-31
a_won3  2026-05-31 closed_won   . 2026-05-31
b_lost1 2026-05-01 proposal   777 2026-05-31
b_lost1 2026-05-31 closed_lost 777 2026-05-31
b_lost2 2026-05-01 proposal   777 2026-05-31
b_lost2 2026-06-01 closed_lost 777 2026-05-31
a_old   2026-01-01 closed_won 100000 2026-01-01
$$);
SELECT dimension, member, qualified_open_deals AS open, won_deals AS won, lost_deals AS lost, win_rate, won_deals_with_value AS n_value, mean_won_value::float8 AS value,
  won_deals_with_cycle AS n_days, mean_cycle_days AS days, round(velocity_per_day::numeric, 9) AS velocity
FROM revenue.sales_velocity('2026-06-15');
-- The period is the days up to the instant; where nothing was won nothing is known.
SELECT days, period_from, period_to, won_deals, lost_deals, round(win_rate::numeric, 4) AS win_rate, round(velocity_per_day::numeric, 4) AS velocity FROM unnest('{1,14,15,16,3650}'::integer[]) AS days, revenue.sales_velocity('2026-06-15', days) WHERE dimension = 'all';

-- A date brought forward before the period does not close a deal that is open at its end.
SELECT revenue.create_org('Forward', 'USD') AS forward \gset
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, effective_at, close_date)
VALUES (:forward, 'f', 'proposal', 4, 'USD', '2026-06-01', '2026-06-01', '2026-09-30');
UPDATE revenue.deals SET close_date = '2026-06-15', effective_at = '2026-09-29' WHERE org_id = :forward;
SELECT opening_deals, slipped_deals, slippage FROM revenue.pipeline_slippage('2026-11-01', '2026-07-01', '2026-10-01', :forward) WHERE dimension = 'all';
SELECT opening_deals, slipped_deals FROM revenue.pipeline_slippage('2026-09-29 12:00', '2026-07-01', '2026-10-01', :forward) WHERE dimension = 'all';

\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM revenue.sales_velocity(period_days => 0);
SELECT * FROM revenue.pipeline_slippage(window_from => '-infinity', window_to => 'infinity');
DROP FUNCTION remember;
DROP EXTENSION revenue_intel;
