-- The waterfall of the playbook's periods beside the reference on file, in which a month without a movement has
-- no row. Run by mrr_playbook.sh in the folder of the files.
\set ON_ERROR_STOP on
\pset footer off
CREATE EXTENSION revenue_intel;
CREATE TABLE periods (subscription_id text, customer_id text, start_date date, end_date date, monthly_amount numeric);
\copy periods FROM 'subscription_periods.csv' CSV HEADER
CREATE TABLE reference (month text, none numeric, churn numeric, downgrade numeric, new numeric, reactivation numeric,
  upgrade numeric, mrr_end numeric);
\copy reference FROM 'reference_mrr_waterfall_pandas.csv' CSV HEADER

CREATE VIEW compared AS
SELECT w.*, r.month IS NOT NULL AS in_reference,
  (w.new, w.reactivation, w.expansion, w.contraction, w.churn, w.fx, w.closing)
    = (coalesce(r.new, 0), coalesce(r.reactivation, 0), coalesce(r.upgrade, 0), coalesce(r.downgrade, 0), coalesce(r.churn, 0), 0,
       coalesce(r.mrr_end, w.opening)) AS same
FROM revenue.mrr_waterfall((
  SELECT revenue.mrr_ledger(customer_id, start_date, end_date, monthly_amount) FROM periods)) AS w
FULL JOIN reference AS r ON r.month = to_char(w.period_from, 'YYYY-MM');

SELECT count(*) AS months, count(*) FILTER (WHERE same) AS same, round(sum(new)) AS new, round(sum(reactivation)) AS reactivation,
  round(sum(expansion)) AS upgrade, round(sum(contraction)) AS downgrade, round(sum(churn)) AS churn
FROM compared;
\pset tuples_only on
\pset format unaligned
SELECT count(*) FILTER (WHERE same) || ' passed, ' || count(*) FILTER (WHERE same IS NOT TRUE) || ' failed' FROM (
  SELECT coalesce(same, false) AS same FROM compared
  UNION ALL SELECT (count(*), count(DISTINCT customer_id)) = (121, 55) FROM periods
  UNION ALL SELECT (sum(new), sum(reactivation), sum(expansion), sum(contraction), sum(churn)) = (2295, 150, 660, -555, -2550) FROM compared
) AS checks;
