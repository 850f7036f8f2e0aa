-- Stages keep what closed months say: one that deals have been in is retired, not deleted, and keeps its meaning.
CREATE EXTENSION revenue_intel;
SET datestyle = 'ISO';
SET timezone = 'UTC';
\set SHOW_CONTEXT never
SELECT revenue.create_org('Stages', 'USD', 'UTC') AS org \gset
SELECT revenue.add_pipeline('partners', '[{"stage_id": "proposal"}, {"stage_id": "old"}, {"stage_id": "unused"},
  {"stage_id": "won", "kind": "won"}, {"stage_id": "lost", "kind": "lost"}]');
SELECT revenue.add_pipeline('people', '[{"stage_id": "met"}, {"stage_id": "gone"}, {"stage_id": "bought", "kind": "won"}]', kind => 'contact');
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency, created_at, effective_at) VALUES
  (:org, 'A', 'partners', 'proposal', 300, 'USD', '2026-07-01', '2026-07-01'), (:org, 'B', 'partners', 'old', 400, 'USD', '2026-07-01', '2026-07-01'),
  (:org, 'C', 'partners', 'won', 500, 'USD', '2026-07-01', '2026-08-03');
UPDATE revenue.deals SET stage_id = 'proposal', effective_at = '2026-09-01' WHERE deal_id = 'B';
INSERT INTO revenue.contacts (org_id, contact_id, pipeline_id, stage_id, stage_entered_at) VALUES (:org, 'c', 'people', 'gone', '2026-07-01');
UPDATE revenue.contacts SET stage_id = 'met' WHERE contact_id = 'c';
CREATE VIEW august AS
SELECT (SELECT sum(total_value) FROM revenue.pipeline_summary('2026-08-15')) AS open,
  (SELECT sum(total_value) FROM revenue.won_deals_summary('2026-08-15')) AS won,
  (SELECT sum(numerator) FROM revenue.compute_metrics('2026-08-15', '2026-08-15', scored => false) WHERE metric = 'open_pipeline' AND dimension = 'all') AS metric,
  (SELECT sum(value) FROM revenue.pipeline_waterfall('2026-08-15', '2026-09-15', '-infinity', 'infinity') WHERE line = 'opening' AND pipeline_id = 'partners') AS opening;
TABLE august;

DELETE FROM revenue.stages WHERE pipeline_id = 'partners' AND stage_id IN ('old', 'unused');
DELETE FROM revenue.stages WHERE pipeline_id = 'people' AND stage_id = 'gone';
UPDATE revenue.stages SET kind = 'open' WHERE stage_id = 'won';
UPDATE revenue.stages SET qualified = true WHERE pipeline_id = 'partners' AND stage_id = 'old';
UPDATE revenue.stages SET stage_id = 'older' WHERE stage_id = 'old';
UPDATE revenue.stages SET pipeline_id = 'sales', position = 99 WHERE stage_id = 'old';
UPDATE revenue.pipelines SET kind = 'contact' WHERE pipeline_id = 'partners';
DELETE FROM revenue.pipelines WHERE pipeline_id = 'partners';
SELECT pipeline_id, stage_id, kind, qualified, retired FROM revenue.stages WHERE pipeline_id <> 'sales' ORDER BY pipeline_id, position;
TABLE august;

-- A label may change; nothing new comes in; what was in it before still does.
UPDATE revenue.stages SET name = 'Before 2026', position = 15, framework_stage = 'proposal' WHERE stage_id = 'old';
INSERT INTO revenue.deals (org_id, deal_id, pipeline_id, stage_id, amount, currency) VALUES (:org, 'D', 'partners', 'old', 1, 'USD');
UPDATE revenue.deals SET stage_id = 'old' WHERE deal_id = 'A';
UPDATE revenue.contacts SET stage_id = 'gone' WHERE contact_id = 'c';
INSERT INTO revenue.contacts (org_id, contact_id, pipeline_id, stage_id) VALUES (:org, 'd', 'people', 'gone');
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id) VALUES (:org, 'C', '2026-07-10', 'old');
UPDATE revenue.deals SET stage_id = 'old', effective_at = '2026-07-05' WHERE deal_id = 'A';
SELECT deal_id, valid_from, stage_id FROM revenue.deal_history WHERE superseded_at = 'infinity' ORDER BY 1, 2;
UPDATE revenue.stages SET retired = false WHERE stage_id = 'old';
UPDATE revenue.deals SET stage_id = 'old' WHERE deal_id = 'A';

-- A mistake from the start is corrected with a reason, and audited.
BEGIN;
SET LOCAL revenue.change_reason = 'an offer always counts as qualified';
UPDATE revenue.stages SET qualified = true WHERE stage_id = 'old';
COMMIT;
SELECT action, object_id, old, new, reason FROM revenue.audit_log WHERE action = 'redefine_stage';
-- What nobody has been in may go.
DELETE FROM revenue.pipelines WHERE pipeline_id = 'sales';
DROP VIEW august;
DROP EXTENSION revenue_intel;
