-- Periods are half-open, [from, to), in every function: what is dated to midnight belongs to the day that begins then.
-- The same won deals, of four quarters, are counted by each function that can count them, and nothing twice.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SELECT revenue.create_org('Boundaries', 'USD', 'America/New_York') AS org \gset
SET revenue_intel.org_id = :org;
INSERT INTO revenue.offers (org_id, offer_id, name, currency) VALUES (:org, 'o', 'O', 'USD');
-- A deal for every third day of 2025, created and closed at midnight where the organisation is, and one a quarter in the day
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, created_at, effective_at)
SELECT :org, 'd' || day, 'prospecting', 100, 'USD', day, (day - 40)::timestamp AT TIME ZONE 'America/New_York', (day - 40)::timestamp AT TIME ZONE 'America/New_York'
FROM (SELECT '2025-01-01'::date + i AS day FROM generate_series(0, 365, 3) AS i UNION SELECT ('2025-01-01'::date + interval '3 months' * i)::date FROM generate_series(0, 4) AS i) AS d;
UPDATE revenue.deals SET stage_id = CASE WHEN extract(day FROM close_date) = 10 THEN 'closed_lost' ELSE 'closed_won' END,
  effective_at = close_date::timestamp AT TIME ZONE 'America/New_York' WHERE org_id = :org;
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, deal_id, offer_id, amount, currency, closed_at, source)
SELECT d.org_id, d.deal_id, 'deal_won', d.deal_id, 'o', d.amount, 'USD', d.closed_at, 'web' FROM revenue.deals AS d WHERE d.org_id = :org AND d.stage_id = 'closed_won';
SELECT revenue.backfill_metrics('2025-01-01', '2026-01-15', scored => false) > 0 AS recorded;
CREATE TEMP TABLE quarters AS
SELECT q::date AS first, (q + interval '3 months')::date AS after, q AT TIME ZONE 'America/New_York' AS began, (q + interval '3 months') AT TIME ZONE 'America/New_York' AS ended
FROM generate_series('2025-01-01'::timestamp, '2025-10-01', '3 months') AS q;
SELECT q.first,
  (SELECT count(*) FROM revenue.closed_deals AS c WHERE c.won AND c.closed_on >= q.first AND c.closed_on < q.after) AS closed_deals,
  (SELECT sum(w.deal_count) FROM revenue.won_deals_summary AS w WHERE w.month >= q.first AND w.month < q.after) AS summary,
  (SELECT w.deal_count FROM revenue.pipeline_waterfall(q.began, q.ended, '-infinity', 'infinity') AS w WHERE w.line = 'won') AS waterfall,
  (SELECT -w.value / 100 FROM revenue.pipeline_waterfall(q.began, q.ended, '-infinity', 'infinity') AS w WHERE w.line = 'won') AS by_value,
  (SELECT c.won_deals FROM revenue.coverage(q.first, q.after, by => 'org') AS c) AS coverage,
  (SELECT c.deal_count FROM revenue.commit_forecast(q.first, q.after, by => 'org') AS c WHERE c.category = 'closed') AS commit,
  (SELECT m.value FROM revenue.metric_window(q.first, q.after - 1, '{deals_won}') AS m WHERE m.dimension = 'all') AS metrics,
  (SELECT v.won_deals FROM revenue.sales_velocity(q.ended - interval '1 us', (q.after - q.first)) AS v WHERE v.dimension = 'all') AS velocity,
  (SELECT t.deals_closed FROM revenue.top_sources(q.first, q.after) AS t) AS sources,
  (SELECT t.deals_closed FROM revenue.offer_performance(q.first, q.after) AS t) AS offers
FROM quarters AS q ORDER BY 1;
-- spans meet: the closing of one is the opening of the next, and the whole is exact
SELECT q.first, sum(w.value) FILTER (WHERE w.line = 'opening') AS opening, sum(w.value) FILTER (WHERE w.line = 'closing') AS closing,
  sum(CASE w.line WHEN 'closing' THEN -w.value ELSE w.value END) AS rest,
  sum(w.value) FILTER (WHERE w.line = 'closing') = (
    SELECT n.value FROM revenue.pipeline_waterfall(q.ended, q.ended + interval '1 day', '-infinity', 'infinity') AS n WHERE n.line = 'opening') AS goes_on
FROM quarters AS q, revenue.pipeline_waterfall(q.began, q.ended, '-infinity', 'infinity') AS w GROUP BY q.first, q.ended ORDER BY 1;
-- what closes at midnight after the quarter was still open at its end: it slipped, in both readings alike
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, created_at, effective_at)
SELECT :org, 's' || i, 'proposal', 10, 'USD', '2025-06-20', '2025-03-01', '2025-03-01' FROM generate_series(1, 4) AS i;
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2025-06-30'::timestamp AT TIME ZONE 'America/New_York' WHERE org_id = :org AND deal_id IN ('s1', 's2');
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2025-07-01'::timestamp AT TIME ZONE 'America/New_York' WHERE org_id = :org AND deal_id IN ('s3', 's4');
SELECT s.period_from, s.opening_deals, s.slipped_deals, s.slipped_value FROM revenue.slippage_rate('2025-07-05') AS s;
SELECT s.period_from, s.opening_deals, s.slipped_deals, s.slipped_value FROM revenue.pipeline_slippage('2025-07-05', '2025-04-01', '2025-07-01') AS s WHERE s.dimension = 'all';
-- no public function takes a last day by the name of an end: from_ and to_ are half-open, first_day and last_day are both in
SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'revenue'::regnamespace AND obj_description(p.oid) ~ 'inclusive' AND p.proargnames && '{to_date,period_to,window_to}';
DROP EXTENSION revenue_intel;
