-- Anomalies of the metric store: what is out of line is found, with its drivers, and nothing before 90 days.
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT (revenue.load_demo(10, 3, '2024-06-30', 1) ->> 'org_id')::integer AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
SELECT revenue.backfill_metrics('2024-01-01', '2024-06-30', scored => false) > 0 AS recorded;
-- The day without mail three weeks ago, and the rest of the mail is quiet.
SELECT metric, dimension, day, kind, severity, round(expected::numeric) AS expected, actual, score < -2 AS beyond, recommendation
FROM revenue.detect_anomalies('{emails_sent}', as_of => '2024-07-01 06:00+00');
SELECT count(*) AS high FROM revenue.detect_anomalies('{emails_sent}', 'high', as_of => '2024-07-01 06:00+00');
SELECT count(*) AS low FROM revenue.detect_anomalies('{emails_sent}', 'low', 7, as_of => '2024-07-01 06:00+00');
-- Few deals a week are no series.
SELECT count(*) FROM revenue.detect_anomalies('{deals_won,won_value,win_rate}', as_of => '2024-07-01 06:00+00');
-- With less than 90 days before it nothing is judged.
SELECT count(*) FROM revenue.detect_anomalies('{emails_sent}', as_of => '2024-03-15 06:00+00');

-- A series by segment: the one that fell moved the whole, and what each did adds up.
DELETE FROM revenue.metric_values;
INSERT INTO revenue.metric_values (org_id, metric, dimension, member, day, value, numerator, observations, currency, complete, definition_version, recorded_at)
SELECT :org, 'revenue', m.dimension, m.member, d::date, v.value, v.value, 20, 'USD', true, 0, now()
FROM generate_series('2024-01-01'::timestamp, '2024-06-30', interval '1 day') AS d
CROSS JOIN (VALUES ('all', '', 1.0), ('segment', 'smb', 0.4), ('segment', 'enterprise', 0.6)) AS m(dimension, member, share)
CROSS JOIN LATERAL (SELECT 10000 + 300 * ((extract(doy FROM d)::integer * 7919) % 11 - 5) AS usual) AS u
CROSS JOIN LATERAL (SELECT round(u.usual * m.share - CASE WHEN d = '2024-06-20' AND m.member <> 'smb' THEN 5000 ELSE 0 END) AS value) AS v;
SELECT day, dimension, member, kind, severity, round(expected::numeric, -3) AS expected, actual, affected_segment,
  (SELECT sum((p ->> 'contribution')::numeric) FROM jsonb_array_elements(drivers) AS p)
    = actual::numeric - (SELECT value::numeric FROM revenue.metric_values AS v WHERE v.metric = 'revenue' AND v.dimension = 'all' AND v.day = a.day - 7) AS adds_up
FROM revenue.detect_anomalies('{revenue}', as_of => '2024-07-01 06:00+00') AS a WHERE dimension = 'all' OR day = '2024-06-20';
SELECT revenue.record_anomalies(30, 'medium', '2024-07-01 06:00+00') = revenue.record_anomalies(30, 'medium', '2024-07-01 06:00+00') AS again;
SELECT metric, dimension, member, day, kind, sensitivity FROM revenue.anomalies WHERE day = '2024-06-20' ORDER BY dimension, member;

\set ON_ERROR_ROLLBACK on
\set ON_ERROR_STOP off
SELECT * FROM revenue.detect_anomalies('{no such metric}');
SELECT * FROM revenue.detect_anomalies(sensitivity => 'extreme');
SELECT * FROM revenue.detect_anomalies(lookback_days => 0, as_of => '2024-07-01');
ROLLBACK;
