-- The metric store: what is recorded, one day or a year at once, and that it is what the rooms say.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT (revenue.load_demo(20, 3, '2024-06-30', 1) ->> 'org_id')::integer AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
-- A deal that comes back, one that is gone, one that moves to another segment and currency.
UPDATE revenue.deals SET stage_id = 'negotiation', effective_at = '2024-07-02 10:00' WHERE org_id = :org
  AND deal_id = (SELECT min(deal_id) FROM revenue.deals WHERE org_id = :org AND stage_id = 'closed_won');
UPDATE revenue.deals SET segment = 'moved', currency = 'EUR', effective_at = '2024-07-03 10:00' WHERE org_id = :org
  AND deal_id = (SELECT min(deal_id) FROM revenue.deals WHERE org_id = :org AND stage_id = 'proposal');

-- A run of days at once is what the days are one by one, also across another definition.
SELECT revenue.set_metric_definition('win_rate', '{"window_days": 30}', 'Quarters are too long for us', '2024-06-20') AS version;
SELECT revenue.set_metric_definition('sales_velocity', '{"window_days": 45}', 'As sales has it', '2024-06-25') AS version;
CREATE TEMP TABLE at_once AS SELECT * FROM revenue.compute_metrics('2024-06-10', '2024-07-05', scored => false);
CREATE TEMP TABLE one_by_one AS
SELECT c.* FROM generate_series(date '2024-06-10', '2024-07-05', interval '1 day') AS d
CROSS JOIN LATERAL revenue.compute_metrics(d::date, d::date, scored => false) AS c;
SELECT count(*) > 3000 AS many, count(*) FILTER (WHERE a.metric IS NULL OR o.metric IS NULL
    OR (a.numerator, a.denominator, a.observations, a.reason, a.definition_version)
      IS DISTINCT FROM (o.numerator, o.denominator, o.observations, o.reason, o.definition_version)
    OR abs(a.value - o.value) > 1e-9 * abs(o.value) OR (a.value IS NULL) <> (o.value IS NULL)) AS differ
FROM at_once AS a FULL JOIN one_by_one AS o USING (day, metric, dimension, member);
SELECT metric, definition_version, count(DISTINCT day) AS days FROM at_once
WHERE metric IN ('win_rate', 'sales_velocity') GROUP BY 1, 2 ORDER BY 1, 2;

-- The members of each dimension add up to the whole, to the last unit.
SELECT p.dimension, count(*) > 200 AS many, max(p.members) AS members, count(*) FILTER (WHERE p.total <> w.numerator) AS differ
FROM (SELECT day, metric, dimension, sum(numerator) AS total, count(*) AS members FROM at_once WHERE dimension <> 'all' AND denominator IS NULL GROUP BY 1, 2, 3) AS p
JOIN at_once AS w USING (day, metric) WHERE w.dimension = 'all' GROUP BY 1 ORDER BY 1;

-- Against the rooms: sales velocity and its factors, each day and member, in the window of the day. Before a deal was reopened, that
-- counts its win, which did not last.
SELECT count(*) > 30 AS many, count(*) FILTER (WHERE coalesce(abs(c.value - v.velocity_per_day) > 1e-9 * abs(v.velocity_per_day), (c.value IS NULL) <> (v.velocity_per_day IS NULL))) AS differ
FROM at_once AS c
CROSS JOIN LATERAL (SELECT * FROM revenue.sales_velocity(c.day + time '23:59:59.999999', CASE WHEN c.day < '2024-06-25' THEN 90 ELSE 45 END, :org) AS v
  WHERE (v.dimension, coalesce(v.member, '')) = (c.dimension, c.member)) AS v
WHERE c.metric = 'sales_velocity' AND c.day >= '2024-07-02';
-- and what a snapshot of the day says, but on the day of that win.
SELECT count(*) AS days, count(*) FILTER (WHERE (p.deal_count, round(p.total_pipeline, 2), p.deals_created, p.deals_won, p.deals_lost, p.contacts_in_funnel, p.contacts_added, round(p.revenue_today, 2))
  IS DISTINCT FROM (m.open_deals, round(m.open_pipeline, 2), m.created, m.won, m.lost, m.funnel, m.added, round(m.revenue, 2))) AS differ
FROM (SELECT day, max(numerator) FILTER (WHERE metric = 'open_deals')::bigint AS open_deals, max(numerator) FILTER (WHERE metric = 'open_pipeline') AS open_pipeline,
    max(numerator) FILTER (WHERE metric = 'deals_created')::bigint AS created, max(numerator) FILTER (WHERE metric = 'deals_won')::bigint AS won,
    max(numerator) FILTER (WHERE metric = 'deals_lost')::bigint AS lost, max(numerator) FILTER (WHERE metric = 'contacts_in_funnel')::bigint AS funnel,
    max(numerator) FILTER (WHERE metric = 'contacts_added')::bigint AS added, max(numerator) FILTER (WHERE metric = 'revenue') AS revenue
  FROM at_once WHERE dimension = 'all' GROUP BY day) AS m
CROSS JOIN LATERAL revenue.pipeline_state(m.day + time '12:00') AS p;

-- Replies are mails that were answered, or where the mailbox is logged instead, those that came in.
SELECT revenue.set_metric_definition('email_replies', '{"replies": "inbound"}', 'The mailbox is logged', '2024-07-01') AS version;
SELECT a.metric, sum(a.numerator)::integer AS by_outcome, sum(i.numerator)::integer AS inbound,
  (SELECT count(*) FROM revenue.activities WHERE org_id = :org AND kind = 'email' AND occurred_at::date BETWEEN '2024-06-10' AND '2024-06-30'
    AND CASE a.metric WHEN 'emails_sent' THEN direction = 'outbound' ELSE outcome = 'replied' END) AS counted,
  (SELECT count(*) FROM revenue.activities WHERE org_id = :org AND kind = 'email' AND direction = 'inbound' AND occurred_at::date BETWEEN '2024-06-10' AND '2024-06-30') AS came_in
FROM at_once AS a
JOIN revenue.compute_metrics('2024-06-10', '2024-06-30', versions => '{"email_replies": 1}', scored => false) AS i USING (day, metric, dimension)
WHERE metric IN ('emails_sent', 'email_replies') GROUP BY a.metric ORDER BY a.metric;
SELECT metric, numerator::integer, denominator::integer, observations FROM at_once WHERE day = '2024-06-14' AND metric = 'reply_rate';

-- Old versions stay computable, and a version that is not there is an error.
SELECT c.definition_version, c.denominator = (SELECT denominator FROM at_once WHERE metric = 'win_rate' AND dimension = 'all' AND day = '2024-06-30') AS same
FROM revenue.compute_metrics('2024-06-30', versions => '{"win_rate": 0}', scored => false) AS c WHERE c.metric = 'win_rate' AND c.dimension = 'all'
UNION ALL
SELECT c.definition_version, c.denominator = (SELECT denominator FROM at_once WHERE metric = 'win_rate' AND dimension = 'all' AND day = '2024-06-30')
FROM revenue.compute_metrics('2024-06-30', versions => '{"win_rate": 1}', scored => false) AS c WHERE c.metric = 'win_rate' AND c.dimension = 'all';
SELECT metric, version, options, valid_from, reason FROM revenue.metric_definitions WHERE org_id = :org ORDER BY metric;
SELECT action, object_id, old, new, reason FROM revenue.audit_log WHERE org_id = :org AND action = 'set_metric_definition' ORDER BY at;

-- Recorded again and again it is the same, a partition a month; who reads a partition directly sees nothing.
SELECT revenue.backfill_metrics('2024-05-20', '2024-07-05', scored => false) = revenue.backfill_metrics('2024-05-20', '2024-07-05', scored => false) AS same;
SELECT revenue.record_metrics('2024-07-05 12:00') = revenue.record_metrics('2024-07-05 23:59') AS same_day;
SELECT count(*) AS values, count(DISTINCT day) AS days, count(*) FILTER (WHERE complete) = count(*) AS complete,
  count(*) FILTER (WHERE day = '2024-07-05' AND metric IN ('weighted_pipeline', 'forecast_30d', 'coverage') AND dimension = 'all') AS scored
FROM revenue.metric_values WHERE org_id = :org;
SELECT c.relname, c.relrowsecurity, c.relacl IS NULL AS nobodys FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'revenue.metric_values'::regclass ORDER BY 1;
SELECT count(*) FILTER (WHERE abs(v.value - c.value) > 1e-9 * abs(c.value)) AS differ, count(*) > 1000 AS many
FROM revenue.metric_values AS v JOIN at_once AS c USING (day, metric, dimension, member) WHERE v.org_id = :org;

-- What cannot be computed has no value and a reason.
SELECT metric, value, reason FROM revenue.compute_metrics('2019-01-01') WHERE value IS NULL ORDER BY metric;

-- What each member of any dimension contributed to a change adds up to it, of what is counted, of money and of rates; the
-- store has each member to a millionth.
SELECT d.dimension, count(*) AS changes, bool_and(x.contributions = x.total_change AND abs(x.total_change - (a.value - b.value)::numeric) < 1e-5) AS adds_up
FROM unnest(revenue.metric_dimensions()) AS d(dimension)
CROSS JOIN unnest('{open_deals,open_pipeline,won_value,win_rate,win_rate_by_value}'::text[]) AS m(metric)
CROSS JOIN LATERAL (SELECT sum(c.contribution) AS contributions, max(c.total_change) AS total_change
  FROM revenue.metric_drivers(m.metric, '2024-05-20', '2024-06-11', '2024-06-12', '2024-07-05', d.dimension) AS c) AS x
CROSS JOIN LATERAL (SELECT value FROM revenue.metric_window('2024-05-20', '2024-06-11', ARRAY[m.metric]) AS w WHERE w.dimension = 'all') AS b
CROSS JOIN LATERAL (SELECT value FROM revenue.metric_window('2024-06-12', '2024-07-05', ARRAY[m.metric]) AS w WHERE w.dimension = 'all') AS a
GROUP BY 1 ORDER BY 1;

-- Over periods: flows add up, stocks are the last, ratios are quotients of sums.
SELECT w.metric, w.value = v.value AS as_stored, w.days FROM revenue.metric_window('2024-06-01', '2024-06-30', '{open_pipeline,won_value,win_rate}') AS w
CROSS JOIN LATERAL (SELECT CASE w.metric
    WHEN 'open_pipeline' THEN (SELECT value FROM revenue.metric_values WHERE org_id = :org AND metric = 'open_pipeline' AND dimension = 'all' AND day = '2024-06-30')
    WHEN 'won_value' THEN (SELECT sum(numerator)::double precision FROM revenue.metric_values WHERE org_id = :org AND metric = 'won_value' AND dimension = 'all' AND day BETWEEN '2024-06-01' AND '2024-06-30')
    ELSE (SELECT sum(numerator) FILTER (WHERE metric = 'deals_won') / sum(numerator) FILTER (WHERE metric = 'deals_closed') FROM revenue.metric_values
      WHERE org_id = :org AND dimension = 'all' AND day BETWEEN '2024-06-01' AND '2024-06-30')::double precision END AS value) AS v
WHERE w.dimension = 'all';
SELECT metric, month, value IS NOT NULL AS value, month_before FROM revenue.metric_comparisons('2024-07-05', '{open_deals,deals_won}');

-- Freshness: the demo was loaded now, and its events are of June.
SELECT source, state, stale FROM revenue.data_freshness WHERE org_id = :org;
SELECT metric, stale_sources FROM revenue.metric_values WHERE org_id = :org AND day = '2024-07-05' AND dimension = 'all' AND stale_sources <> '{}' ORDER BY metric;
SELECT count(*) AS stale FROM revenue.data_freshness(now() + interval '25 hours', :org) WHERE stale AND source = 'deals';
SELECT count(*) AS fresh FROM revenue.data_freshness(now() + interval '23 hours', :org) WHERE NOT stale AND source = 'deals';

-- Reconciliation: all agrees, until a row is off by more than a thousandth of it.
SELECT check_name, count(*) AS units, sum(compared) AS compared, bool_and(reconciled) AS reconciled FROM revenue.reconcile_sources('2024-07-05 12:00') WHERE row_id IS NULL GROUP BY 1 ORDER BY 1;
SELECT check_name, bool_and(reconciled) AS reconciled FROM revenue.reconcile_sources() WHERE row_id IS NULL GROUP BY 1 ORDER BY 1;
SELECT event_id AS event, deal_id AS deal FROM revenue.revenue_events
WHERE org_id = :org AND event_type = 'deal_won' AND deal_id IN (SELECT deal_id FROM revenue.closed_deals WHERE org_id = :org AND won) ORDER BY 1 LIMIT 1 \gset
UPDATE revenue.revenue_events SET amount = amount * 1.001 WHERE org_id = :org AND event_id = :'event';
SELECT count(*) AS off FROM revenue.reconcile_sources() WHERE row_id = :'deal';
UPDATE revenue.revenue_events SET amount = amount * 1.0002 WHERE org_id = :org AND event_id = :'event';
SELECT check_name, row_id = :'deal' AS the_row, round(relative_difference::numeric, 4) AS off FROM revenue.reconcile_sources() WHERE row_id IS NOT NULL;
DELETE FROM revenue.revenue_events WHERE org_id = :org AND event_id = :'event';
SELECT check_name, right_value, relative_difference FROM revenue.reconcile_sources() WHERE row_id IS NOT NULL;
UPDATE revenue.metric_values SET numerator = numerator + 1 WHERE org_id = :org AND metric = 'open_deals' AND dimension = 'segment' AND day = '2024-07-05' AND member = 'moved';
SELECT check_name, right_source, row_id, difference FROM revenue.reconcile_sources('2024-07-05 12:00') WHERE row_id IS NOT NULL;

\set ON_ERROR_ROLLBACK on
\set ON_ERROR_STOP off
SELECT revenue.set_metric_definition('win_rate', '{"window_days": 0}', 'why');
SELECT revenue.set_metric_definition('open_deals', '{"window_days": 7}', 'why');
SELECT revenue.set_metric_definition('win_rate', '{"window_days": 7}', '');
SELECT revenue.set_metric_definition('no such metric', '{}', 'why');
SELECT * FROM revenue.compute_metrics(versions => '{"win_rate": 9}');
SELECT * FROM revenue.compute_metrics('2024-07-05', '2024-07-01');
SELECT revenue.record_metrics('2999-01-01');
SELECT revenue.backfill_metrics('-infinity', '2024-07-05');
SELECT revenue.backfill_metrics('2024-01-01', '2024-07-05');
SELECT * FROM revenue.metric_window('2024-01-01', '2024-01-31', '{no such metric}');
SELECT * FROM revenue.reconcile_sources(tolerance => 'NaN');
ROLLBACK;
