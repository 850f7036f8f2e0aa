-- What is measured of the pipeline, and the targets: suite "pipeline" at the size in question, suites
-- "growth" at each size, which leave out what only varies another one. :suite says which. What the owner
-- asks is asked again by a member, under row-level security. The quarter is the last 90 days, asked for
-- while it runs and after its end.
-- The forecast of the quarter is that of a day on which one was made before, so that the stage model is at hand; the
-- first of all fits and keeps it.
SELECT revenue.keep_stage_model() AS kept \g /dev/null
CREATE OR REPLACE FUNCTION bench.first_forecast() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  DELETE FROM revenue.forecast_models;
  RETURN revenue.generate_forecast();
END $$;
INSERT INTO bench.cases (suite, name, query, floor, at_most)
SELECT :'suite', c.name, format(c.query, 'now() - interval ''90 days''', 'current_date - 90', 'current_date + 1', 'current_date - 10'),
  'floor', CASE WHEN :'suite' = 'pipeline' THEN c.at_most END
FROM (VALUES
  (1, true, 'floor', 'SELECT sum(amount::float8) FROM revenue.deal_history', NULL),
  (2, true, 'waterfall until now', 'SELECT * FROM revenue.pipeline_waterfall(%1$s, NULL, %2$s, %3$s)', 1000),
  (3, false, 'waterfall until yesterday', 'SELECT * FROM revenue.pipeline_waterfall(%1$s, now() - interval ''1 day'', %2$s, %3$s)', 1000),
  (4, false, 'waterfall past the end', 'SELECT * FROM revenue.pipeline_waterfall(%1$s, now() - interval ''1 day'', %2$s, %4$s)', 1000),
  (5, false, 'waterfall by 200 reps', 'SELECT * FROM revenue.pipeline_waterfall(%1$s, NULL, %2$s, %3$s, ''rep'')', 1000),
  (6, false, 'deal_movements', 'SELECT * FROM revenue.deal_movements(%1$s, NULL, %2$s, %3$s)', NULL),
  (7, true, 'pipeline_slippage', 'SELECT * FROM revenue.pipeline_slippage', NULL),
  (8, true, 'pipeline_generation', 'SELECT * FROM revenue.pipeline_generation', NULL),
  (9, true, 'sales_velocity', 'SELECT * FROM revenue.sales_velocity', NULL),
  (10, true, 'stage_conversion', 'SELECT * FROM revenue.stage_conversion', 500),
  (11, true, 'pipeline_forecast', 'SELECT * FROM revenue.pipeline_forecast', 500),
  (12, true, 'deal_forecast', 'SELECT * FROM revenue.deal_forecast', NULL),
  (13, true, 'cohort_win_rates', 'SELECT * FROM revenue.cohort_win_rates', NULL),
  (14, true, 'coverage', 'SELECT * FROM revenue.coverage', NULL),
  (15, false, 'status()', 'SELECT * FROM revenue.status()', NULL),
  (16, true, 'revenue_forecast of the quarter', 'SELECT revenue.revenue_forecast()', 500),
  (17, false, 'generate_forecast, the first of all', 'SELECT bench.first_forecast()', 500)
) AS c(position, grows, name, query, at_most)
WHERE c.grows OR :'suite' = 'pipeline'
ORDER BY c.position;

INSERT INTO bench.cases (suite, name, query, role, floor, at_most, target_of)
SELECT suite, name || ', member', query, 'bench_member', 'floor', CASE WHEN name <> 'floor' THEN 1.3 END, name
FROM bench.cases WHERE suite = :'suite' AND suite = 'pipeline' AND query NOT LIKE '%first_forecast%' ORDER BY position;

-- A fast answer to the wrong question is no answer.
DO $$
DECLARE
  open_deals bigint := (SELECT count(*) FROM revenue.deals JOIN revenue.stages USING (org_id, pipeline_id, stage_id)
    WHERE kind = 'open' AND close_date >= current_date - 90 AND close_date < current_date + 1);
BEGIN
  IF open_deals = 0 OR open_deals <> (
      SELECT deal_count FROM revenue.pipeline_waterfall(now() - interval '90 days', NULL, current_date - 90, current_date + 1)
      WHERE line = 'closing')
    OR (SELECT sum(CASE line WHEN 'closing' THEN -value ELSE value END)
        FROM revenue.pipeline_waterfall(now() - interval '90 days', NULL, current_date - 90, current_date + 1)) <> 0 THEN
    RAISE EXCEPTION 'the waterfall does not close with the % open deals', open_deals;
  END IF;
END $$;
