-- What is measured of the views and calls, and the targets: suite "mixed" on deals of which a third is
-- open, suite "open" where all are, "growth" at each size. :suite says which. What the owner asks is
-- asked again by a member, under row-level security.
INSERT INTO bench.cases (suite, name, query, floor, at_most)
SELECT :'suite', c.name, c.query, 'floor', CASE WHEN :'suite' IN ('mixed', 'open') THEN c.at_most END
FROM (VALUES
  (1, 'floor', 'SELECT sum(amount::float8) FROM revenue.deals', NULL),
  (2, 'at_risk_deals', 'SELECT * FROM revenue.at_risk_deals', 300),
  (3, 'at_risk_deals()', 'SELECT revenue.at_risk_deals()', NULL),
  (4, 'deal_scores', 'SELECT * FROM revenue.deal_scores', NULL),
  (5, 'dashboard()', 'SELECT revenue.dashboard()', 100),
  (6, 'pipeline_summary', 'SELECT * FROM revenue.pipeline_summary', NULL),
  (7, 'forecast_monthly', 'SELECT * FROM revenue.forecast_monthly', NULL),
  (8, 'won_deals_summary', 'SELECT * FROM revenue.won_deals_summary', NULL),
  (9, 'win_rates', 'SELECT * FROM revenue.win_rates', NULL),
  (10, 'dashboard() 90 days ago', $$SELECT revenue.dashboard(now() - interval '90 days')$$, NULL),
  (11, 'pipeline_summary 90 days ago', $$SELECT * FROM revenue.pipeline_summary(now() - interval '90 days')$$, NULL)
) AS c(position, name, query, at_most)
WHERE :'suite' IN ('mixed', 'open') OR c.position < 10
ORDER BY c.position;

INSERT INTO bench.cases (suite, name, query, role, floor, at_most, target_of)
SELECT suite, name || ', member', query, 'bench_member', 'floor', CASE WHEN name <> 'floor' THEN 1.3 END, name
FROM bench.cases WHERE suite = :'suite' AND suite IN ('mixed', 'open') ORDER BY position;

-- A fast answer to the wrong question is no answer.
DO $$
DECLARE
  open_deals bigint := (SELECT count(*) FROM revenue.deals JOIN revenue.stages USING (org_id, pipeline_id, stage_id) WHERE kind = 'open');
  at_risk bigint := (SELECT count(*) FROM revenue.at_risk_deals);
BEGIN
  IF open_deals = 0 OR open_deals <> (SELECT sum(deal_count) FROM revenue.pipeline_summary)
    OR at_risk NOT BETWEEN open_deals / 100 AND open_deals
    OR at_risk <> (revenue.at_risk_deals() ->> 'count')::bigint
    OR at_risk <> (SELECT sum(at_risk_deals) FROM revenue.pipeline_summary) THEN
    RAISE EXCEPTION '% deals are open and % of them at risk, and the views do not agree', open_deals, at_risk;
  END IF;
END $$;
