-- What fails is an error of its own and keeps nothing else from being told; a rise from nothing fires; many wins
-- are told together; and the settings of a session change no finding.
SET client_min_messages = error;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE EXTENSION IF NOT EXISTS revenue_intel;
BEGIN;
SELECT revenue.create_org('Isolated') AS org \gset
SELECT set_config('revenue_intel.org_id', :'org', true) \g /dev/null
SELECT revenue.ensure_metric_partitions('2020-01-01', '2020-06-30') AS partitions;
CREATE FUNCTION pg_temp.put(metric text, from_date date, to_date date, numerator numeric, dimension text DEFAULT 'all', member text DEFAULT '')
RETURNS void LANGUAGE sql AS $$
  INSERT INTO revenue.metric_values (org_id, metric, dimension, member, day, value, numerator, observations, complete, definition_version, recorded_at)
  SELECT revenue.current_org(), metric, dimension, member, d::date, numerator::double precision, numerator, numerator::bigint, true, 0, now()
  FROM generate_series(from_date::timestamp, to_date::timestamp, interval '1 day') AS d
$$;

-- A rise from nothing, and a fall to nothing, of a total; not beyond what the rule takes for enough, nor the other way.
SELECT revenue.set_alert_rule('lost_' || d, check_kind => 'change', metric => 'deals_lost', threshold => 0.5, min_observations => 5,
  options => jsonb_build_object('period', 'days', 'days', 7, 'direction', d)) AS version FROM unnest('{up,down}'::text[]) AS d;
CREATE FUNCTION pg_temp.lost(before numeric, after numeric)
RETURNS TABLE (rule text, state text, expected double precision, actual double precision, observations bigint, title text, reason text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_temp.put('deals_lost', '2020-06-02', '2020-06-08', before), pg_temp.put('deals_lost', '2020-06-09', '2020-06-15', after);
  RETURN QUERY SELECT e.rule, e.state, e.expected, e.actual, e.observations, e.title, e.reason FROM revenue.evaluate_alerts('2020-06-16 09:00+00') AS e
    WHERE e.rule ~ '^lost_' ORDER BY 1;
  DELETE FROM revenue.metric_values;
END $$;
SELECT l.* FROM (VALUES (1, 0, 1), (2, 1, 0), (3, 0, 0), (4, 0, 0.1)) AS v(n, before, after) CROSS JOIN LATERAL pg_temp.lost(v.before, v.after) AS l ORDER BY v.n, 1;

-- More than a handful of members that fire are one finding, fewer are told one by one.
SELECT revenue.set_alert_rule('lost_by_rep', check_kind => 'change', metric => 'deals_lost', threshold => 0.5, options => '{"by": "rep", "direction": "up"}') AS version;
SELECT pg_temp.put('deals_lost', '2020-06-02', '2020-06-15', 100), pg_temp.put('deals_lost', '2020-06-02', '2020-06-08', 1, 'rep', 'r' || r),
  pg_temp.put('deals_lost', '2020-06-09', '2020-06-15', r, 'rep', 'r' || r) FROM generate_series(2, 6) AS r WHERE r = 2 \g /dev/null
SELECT pg_temp.put('deals_lost', '2020-06-02', '2020-06-08', 1, 'rep', 'r' || r), pg_temp.put('deals_lost', '2020-06-09', '2020-06-15', r, 'rep', 'r' || r)
FROM generate_series(3, 6) AS r \g /dev/null
SELECT dedupe_key, title FROM revenue.evaluate_alerts('2020-06-16 09:00+00') WHERE rule = 'lost_by_rep' AND state = 'fires' ORDER BY 1;
SELECT pg_temp.put('deals_lost', '2020-06-02', '2020-06-08', 1, 'rep', 'r7'), pg_temp.put('deals_lost', '2020-06-09', '2020-06-15', 7, 'rep', 'r7') \g /dev/null
SELECT dedupe_key, title, jsonb_array_length(drivers) AS members FROM revenue.evaluate_alerts('2020-06-16 09:00+00') WHERE rule = 'lost_by_rep' AND state = 'fires';

-- A rule that cannot be judged is an error with its reason, and the others are judged; its open alerts stay open.
SELECT outcome FROM revenue.check_alerts('2020-06-16 09:00+00') WHERE rule = 'lost_by_rep';
INSERT INTO revenue.alert_rules (org_id, rule, version, check_kind, metric, threshold, options, created_by)
VALUES (:org, 'lost_by_rep', 2, 'change', 'deals_lost', 0.5, '{"days": 100000}', 'nobody');
SELECT state, reason FROM revenue.evaluate_alerts('2020-06-16 09:00+00') WHERE rule = 'lost_by_rep';
SELECT count(*) > 20 AS judged, count(*) FILTER (WHERE state = 'error') AS errors FROM revenue.evaluate_alerts('2020-06-16 09:00+00');
SELECT outcome, title FROM revenue.check_alerts('2020-06-16 09:00+00') WHERE rule = 'lost_by_rep';
SELECT count(*) AS still_open FROM revenue.open_alerts WHERE rule = 'lost_by_rep';
SELECT current_setting('revenue_intel.left_out') AS left_out;

-- Wins: five are told one by one as they are logged, the others together by the next check, which tells of none twice.
-- A large one is told once, by the rule for large ones.
INSERT INTO revenue.deals (org_id, deal_id, name, stage_id, amount, currency)
SELECT :org, 'd' || i, repeat('n', 490) || i, 'negotiation', 1000 * i, 'USD' FROM generate_series(1, 46) AS i;
SELECT count(revenue.log_deal('e' || i, deal_id => 'd' || i)) AS logged FROM generate_series(1, 46) AS i;
SELECT revenue.log_deal('big', 'deal_won', 6000000) ->> 'recorded' AS recorded;
SELECT rule, count(*), max(length(title)) AS longest FROM revenue.alerts WHERE rule IN ('deal_closed', 'large_deal') GROUP BY 1 ORDER BY 1;
SELECT outcome, count(*), max(title) FILTER (WHERE title ~ 'deals,') AS title FROM revenue.check_alerts(clock_timestamp())
WHERE rule IN ('deal_closed', 'large_deal') GROUP BY 1 ORDER BY 1;
SELECT outcome, count(*) FROM revenue.check_alerts(clock_timestamp()) WHERE rule IN ('deal_closed', 'large_deal') GROUP BY 1;
SELECT count(*) AS alerts, sum(observations) AS wins, sum(actual) AS value FROM revenue.alerts WHERE rule IN ('deal_closed', 'large_deal');
-- A floor is the threshold of the rule.
SELECT revenue.set_alert_rule('deal_closed', threshold => 10000) AS version;
DELETE FROM revenue.alerts;
SELECT title FROM revenue.evaluate_alerts(clock_timestamp()) WHERE rule = 'deal_closed';

-- The settings of a session change neither what is found nor what it is called.
CREATE FUNCTION pg_temp.seen() RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(e.rule || e.state || e.dedupe_key || coalesce(e.reason, '') || coalesce(e.title, ''), ',' ORDER BY e.rule, e.dedupe_key))
  FROM revenue.evaluate_alerts('2020-06-16 09:00+00') AS e
$$;
SELECT pg_temp.put('open_pipeline', '2020-01-01', '2020-06-14', 1234567), pg_temp.put('open_pipeline', '2020-06-15', '2020-06-15', 7654321) \g /dev/null
CREATE FUNCTION pg_temp.found() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', metric, to_char(day, 'YYYY-MM-DD'), kind), ', ') FROM revenue.detect_anomalies(NULL, 'medium', 30, '2020-06-16 09:00+00')
$$;
SELECT pg_temp.seen() AS seen, pg_temp.found() AS found \gset
SELECT :'found' AS found;
SET LOCAL datestyle = 'German';
SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL timezone = 'America/Los_Angeles';
SET LOCAL extra_float_digits = -5;
SET LOCAL bytea_output = 'escape';
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
SELECT pg_temp.seen() = :'seen' AS same, pg_temp.found() = :'found' AS found_too, revenue.metric_text(1234567, 'money', 'USD') AS money;
ROLLBACK;

-- No function of the extension reads a literal otherwise where standard_conforming_strings is off.
SELECT p.proname FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'revenue_intel' JOIN pg_language AS l ON l.oid = p.prolang
WHERE l.lanname IN ('sql', 'plpgsql') AND regexp_replace(p.prosrc, $re$\mE'([^'\\]|\\.|'')*'$re$, '', 'g') ~ $re$\\$re$ ORDER BY 1;
