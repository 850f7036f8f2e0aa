-- Instead of the two versions of views.data.sql ten a deal: before it is what it is now, a deal comes
-- through the stages, and its amount and its close date change on the way.
SET session_replication_role = replica;
SELECT setseed(0.5);
-- Emptied in the same transaction, the table is written without a log (wal_level minimal).
BEGIN;
TRUNCATE revenue.deal_history;
INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, valid_to, recorded_at, continues_stage, name, account_id, contact_id,
  owner_rep_id, product_id, pipeline_id, stage_id, amount, currency, close_date, closed_at, created_at,
  stage_entered_at, lead_score, champion_identified, budget_confirmed, decision_maker_engaged, competitors_mentioned,
  industry, segment, source, loss_reason)
SELECT d.org_id, d.deal_id, v.since, CASE WHEN i = 10 THEN 'infinity' ELSE v.until END, v.since, i % 3 <> 1, d.name, d.account_id,
  d.contact_id, d.owner_rep_id, d.product_id, d.pipeline_id, v.stage_id,
  CASE WHEN i = 10 THEN d.amount ELSE (d.amount * (0.6 + 0.8 * random())::numeric)::numeric(18, 2) END, d.currency,
  CASE WHEN i = 10 THEN d.close_date ELSE v.since::date + (120 * random())::integer END,
  CASE WHEN i = 10 THEN d.closed_at END, d.created_at, v.entered, d.lead_score, d.champion_identified, d.budget_confirmed,
  d.decision_maker_engaged, d.competitors_mentioned, d.industry, d.segment, d.source, d.loss_reason
FROM revenue.deals AS d, generate_series(1, 10) AS i,
LATERAL (
  SELECT d.created_at + (d.stage_entered_at - d.created_at) * (i - 1) / 9 AS since,
    d.created_at + (d.stage_entered_at - d.created_at) * i / 9 AS until,
    d.created_at + (d.stage_entered_at - d.created_at) * (CASE WHEN i = 10 THEN 9 ELSE 3 * ((i + 2) / 3 - 1) END) / 9 AS entered,
    CASE WHEN i = 10 THEN d.stage_id
      ELSE (ARRAY['prospecting', 'qualification', 'proposal', 'negotiation'])[(i + 2) / 3] END AS stage_id
) AS v;
COMMIT;
SET session_replication_role = origin;
VACUUM (ANALYZE, FREEZE) revenue.deal_history;
