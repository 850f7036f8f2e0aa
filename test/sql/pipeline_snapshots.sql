-- Snapshots are what history gives for the day, late or on time.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT (revenue.load_demo(12, 3, years => 1) ->> 'org_id')::integer AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null

-- Every day of the demo but today, taken now.
SELECT revenue.catch_up_snapshots((SELECT min(created_at)::date FROM revenue.deals WHERE org_id = :org)) = count(*) AS each_day_once
FROM generate_series((SELECT min(created_at)::date FROM revenue.deals WHERE org_id = :org), (now() AT TIME ZONE 'UTC')::date - 1, interval '1 day');
SELECT revenue.catch_up_snapshots() AS again;

-- Against a reading of its own: versions valid in the last microsecond of the day, at the last rate known then.
CREATE TEMP TABLE read_from_history AS
SELECT p.snapshot_date, h.stage_id, count(*) AS entries,
  sum(h.amount * CASE WHEN h.currency = 'USD' THEN 1 ELSE (
    SELECT f.rate FROM revenue.fx_rates AS f WHERE f.org_id = :org AND f.currency = h.currency AND f.rate_date <= p.snapshot_date
    ORDER BY f.rate_date DESC LIMIT 1) END) AS value
FROM revenue.pipeline_snapshots AS p
JOIN revenue.deal_history AS h ON h.org_id = p.org_id AND h.superseded_at = 'infinity'
  AND h.valid_from < p.snapshot_date + 1 AND h.valid_to >= p.snapshot_date + 1
WHERE p.org_id = :org AND h.stage_id NOT LIKE 'closed%' GROUP BY 1, 2;
SELECT count(*) > 300 AS stages, count(*) FILTER (WHERE (s.entries, s.total_value) IS DISTINCT FROM (r.entries, round(coalesce(r.value, 0), 6))) AS wrong
FROM (SELECT * FROM revenue.pipeline_snapshot_stages WHERE org_id = :org AND kind = 'deal') AS s
FULL JOIN read_from_history AS r USING (snapshot_date, stage_id);
SELECT count(*) FILTER (WHERE (p.deal_count, p.total_pipeline) IS DISTINCT FROM (coalesce(r.entries, 0), round(coalesce(r.value, 0), 6))) AS wrong,
  sum(deals_created) = (SELECT count(*) FROM revenue.deals WHERE org_id = :org AND created_at < (now() AT TIME ZONE 'UTC')::date) AS all_created,
  sum(deals_won) = (SELECT count(*) FROM revenue.deals WHERE org_id = :org AND stage_id = 'closed_won' AND closed_at < (now() AT TIME ZONE 'UTC')::date) AS all_won,
  abs(sum(revenue_today) - (SELECT sum(revenue) FROM revenue.event_cells(NULL, (now() AT TIME ZONE 'UTC')::date, NULL, :org))) < 0.001 AS all_revenue
FROM revenue.pipeline_snapshots AS p
LEFT JOIN (SELECT snapshot_date, sum(entries) AS entries, sum(value) AS value FROM read_from_history GROUP BY 1) AS r USING (snapshot_date)
WHERE p.org_id = :org;

-- Taken again, it is the same; today is not complete, and one row however often.
CREATE TEMP TABLE before AS SELECT to_jsonb(p) - 'taken_at' AS kept FROM revenue.pipeline_snapshots AS p WHERE org_id = :org AND complete;
SELECT count(revenue.take_snapshot(as_of)) > 100 AS again FROM revenue.pipeline_snapshots WHERE org_id = :org AND snapshot_date > now()::date - 120;
SELECT count(*) FROM before WHERE kept NOT IN (SELECT to_jsonb(p) - 'taken_at' FROM revenue.pipeline_snapshots AS p);
SELECT revenue.take_snapshot() = revenue.take_snapshot() AS same_day;
SELECT count(*), bool_or(complete) AS complete FROM revenue.pipeline_snapshots WHERE org_id = :org AND snapshot_date = (now() AT TIME ZONE 'UTC')::date;

-- The days of another zone end at other instants.
SELECT revenue.set_org_settings(time_zone => 'Pacific/Auckland', org => :org) \g /dev/null
SELECT revenue.take_snapshot('2026-01-15 12:00+00') AS day;
SELECT as_of FROM revenue.pipeline_snapshots WHERE org_id = :org AND snapshot_date = '2026-01-16';

SELECT count(*) > 8 AS lines FROM revenue.status();
\set ON_ERROR_STOP off
SELECT revenue.take_snapshot('infinity');
ROLLBACK;
