-- Stage names match without regard to case, blanks, - and _ wherever the framework is asked: an organisation that
-- spells its stages as its CRM shows them has the same figures as one that spells them as the framework does.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS revenue_intel;
SET timezone = 'UTC';
SELECT revenue.create_org('Lower') AS lower \gset
SELECT revenue.create_org('Capitals') AS capitals \gset
SELECT revenue.add_pipeline('new', '[{"stage_id": "prospecting"}, {"stage_id": "engaging"}, {"stage_id": "contract_sent"},
  {"stage_id": "won", "kind": "won"}, {"stage_id": "lost", "kind": "lost"}]', org => :lower);
SELECT revenue.add_pipeline('new', '[{"stage_id": "Prospecting"}, {"stage_id": "ENGAGING"}, {"stage_id": "Contract Sent"},
  {"stage_id": "Won", "kind": "won"}, {"stage_id": "Lost", "kind": "lost"}]', org => :capitals);
SELECT revenue.add_pipeline('people', '[{"stage_id": "awareness"}, {"stage_id": "decision"}, {"stage_id": "closed", "kind": "won"}]',
  kind => 'contact', org => :lower);
SELECT revenue.add_pipeline('people', '[{"stage_id": "Awareness"}, {"stage_id": "Decision"}, {"stage_id": "Closed", "kind": "won"}]',
  kind => 'contact', org => :capitals);
-- the framework's own names may be spelled in any way, too
SELECT revenue.set_framework('{"stages": {"probability": {"engaging": 0.3, "Contract sent": 0.7}, "typical_days": {"Engaging": 9, "CONTRACT_SENT": 4}}}', org => o)
FROM unnest(ARRAY[:lower, :capitals]) AS o;
CREATE TEMP TABLE spelled (lower text, capitals text);
INSERT INTO spelled VALUES ('prospecting', 'Prospecting'), ('engaging', 'ENGAGING'), ('contract_sent', 'Contract Sent'),
  ('won', 'Won'), ('lost', 'Lost'), ('awareness', 'Awareness'), ('decision', 'Decision'), ('closed', 'Closed');
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency, close_date, created_at, effective_at, closed_at, lead_score)
SELECT o, 'd' || i, 'new', CASE o WHEN :lower THEN s.lower ELSE s.capitals END, 1000 + i, 'USD', '2026-07-01'::date + i, since, since,
  CASE WHEN s.lower IN ('won', 'lost') THEN since END, i
FROM unnest(ARRAY[:lower, :capitals]) AS o, generate_series(1, 60) AS i
JOIN LATERAL (SELECT *, row_number() OVER (ORDER BY lower) AS no FROM spelled WHERE lower !~ '^(aware|deci|closed)') AS s ON s.no = 1 + i % 5
CROSS JOIN LATERAL (SELECT '2026-05-01'::timestamptz + i * interval '8 hours' AS since) AS t;
INSERT INTO revenue.contacts (org_id, contact_id, pipeline_id, stage_id, stage_entered_at, expected_value, created_at)
SELECT o, 'c' || i, 'people', CASE o WHEN :lower THEN s.lower ELSE s.capitals END, '2026-05-30', 100 * i, '2026-05-30'
FROM unnest(ARRAY[:lower, :capitals]) AS o, generate_series(1, 9) AS i
JOIN LATERAL (SELECT *, row_number() OVER (ORDER BY lower) AS no FROM spelled WHERE lower ~ '^(aware|deci|closed)') AS s ON s.no = 1 + i % 3;

-- each figure of both, with the name of the stage as the one spells it: no row differs
CREATE TEMP TABLE figures AS
WITH orgs AS (SELECT o FROM unnest(ARRAY[:lower, :capitals]) AS o), told AS (
  SELECT o.o, 'conversion' AS of, to_jsonb(f) AS row FROM orgs AS o, revenue.stage_conversion('deal', '2026-06-01', o.o) AS f
  UNION ALL SELECT o.o, 'contacts', to_jsonb(f) FROM orgs AS o, revenue.stage_conversion('contact', '2026-06-01', o.o) AS f
  UNION ALL SELECT o.o, 'model', revenue.stage_model('deal', '2026-06-01', o.o) -> 'beliefs' FROM orgs AS o
  UNION ALL SELECT o.o, 'forecast', to_jsonb(f) FROM orgs AS o, revenue.pipeline_forecast('deal', '2026-06-01', o.o) AS f
  UNION ALL SELECT o.o, 'people', to_jsonb(f) FROM orgs AS o, revenue.pipeline_forecast('contact', '2026-06-01', o.o) AS f
  UNION ALL SELECT f.org_id, 'deals', to_jsonb(f) FROM revenue.deal_forecast('2026-06-01') AS f WHERE f.org_id IN (:lower, :capitals)
  UNION ALL SELECT f.org_id, 'scores', to_jsonb(f) FROM revenue.deal_scores('2026-06-01') AS f WHERE f.org_id IN (:lower, :capitals)
  UNION ALL SELECT o.o, 'summary', to_jsonb(f) FROM orgs AS o, revenue.pipeline_summary('2026-06-01', o.o) AS f
  UNION ALL SELECT o.o, 'months', to_jsonb(f) FROM orgs AS o, revenue.forecast_monthly('2026-06-01', o.o) AS f
  UNION ALL SELECT o.o, 'dashboard', revenue.dashboard('2026-06-01', o.o) - 'organisation' FROM orgs AS o
)
SELECT t.o, t.of, CASE jsonb_typeof(t.row) WHEN 'object' THEN t.row - 'org_id' ELSE t.row END
  || CASE WHEN t.row ? 'stage_id' THEN jsonb_build_object('stage_id', (SELECT s.lower FROM spelled AS s WHERE t.row ->> 'stage_id' IN (s.lower, s.capitals)), 'stage_name', NULL)
       WHEN t.row ? 'pipeline_by_stage' THEN jsonb_build_object('pipeline_by_stage', (SELECT jsonb_agg(b - '{stage_id,stage_name}'::text[]) FROM jsonb_array_elements(t.row -> 'pipeline_by_stage') AS b))
       ELSE CASE jsonb_typeof(t.row) WHEN 'object' THEN '{}' ELSE '[]' END::jsonb END AS row
FROM told AS t;
SELECT of, count(*) > 0 AS told, count(*) FILTER (WHERE NOT EXISTS (
  SELECT FROM figures AS c WHERE c.o = :capitals AND (c.of, c.row) = (l.of, l.row))) AS differ
FROM figures AS l WHERE l.o = :lower GROUP BY of ORDER BY of;
SELECT default_conversion, default_days FROM revenue.stage_conversion('deal', '2026-06-01', :capitals) WHERE pipeline_id = 'new' ORDER BY stage_position;
-- the rule of contacts untouched in the stage decision finds those in Decision
SELECT o = :lower AS lower, (SELECT count(*) FROM revenue.evaluate_alerts(org => o) AS a WHERE a.rule = 'decision_untouched') AS alerts
FROM unnest(ARRAY[:lower, :capitals]) AS o;

-- a stage that matches none is named by the health check, and a currency without a rate; each failure stands alone
SELECT revenue.health_check(:capitals) ->> 'status' AS status, revenue.health_check(:capitals) -> 'hints' AS hints;
SELECT revenue.add_pipeline('odd', '[{"stage_id": "handshake"}, {"stage_id": "Pilot"}]', org => :capitals);
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency) VALUES (:capitals, 'chf', 'odd', 'handshake', 10, 'CHF');
SELECT h ->> 'status' AS status, h ->> 'error' AS error, jsonb_array_elements_text(h -> 'hints') AS hint,
  h #> '{framework,stages_scored_as_unknown}' AS unknown, h #> '{components,framework}' AS framework, h #> '{components,open_deals}' AS open_deals
FROM revenue.health_check(:capitals) AS h;
BEGIN;
INSERT INTO revenue.framework (org_id, vertical, version, weights, active, created_by)
VALUES (:capitals, 'tech', 1, '{"stages": {"probability": {"odd": 5}}}', true, 'nobody');
SELECT h ->> 'status' AS status, h #>> '{components,open_deals}' AS open_deals, h #>> '{components,closed_deals}' AS closed_deals,
  h #>> '{views,account_scores}' AS view, h #>> '{data,deals}' AS deals
FROM revenue.health_check(:capitals) AS h;
ROLLBACK;
SELECT revenue.health_check(999999) - 'timestamp' - 'views' AS no_such_org;
DROP EXTENSION revenue_intel;
