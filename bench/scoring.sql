-- What is measured of the scoring functions, and the targets. :deals says how many deals there are.
INSERT INTO bench.cases (suite, name, query, floor, at_most, at_least, target_of, rows_out)
SELECT c.suite, c.name,
  replace(c.query, 'SIGNALS',
    'stage_id, days_in_stage, lead_score, num_interactions, num_objections_handled, champion_identified, '
    'budget_confirmed, decision_maker_engaged, competitors_mentioned'),
  c.floor, c.at_most, c.at_least, c.target_of, c.rows_out
FROM (VALUES
  ('score', 'floor', 'SELECT sum(amount::float8) FROM bench.deals', NULL::text, NULL::numeric, NULL::numeric, NULL, NULL::bigint),
  ('score', 'the scan alone, to the last column', 'SELECT sum(framework_no) FROM bench.deals', 'floor', NULL, NULL, NULL, NULL),
  ('score', 'close_probability', 'SELECT sum(revenue.close_probability(SIGNALS)) FROM bench.deals', 'floor', 1.0, NULL, 'floor', NULL),
  ('score', 'close_probability, weights object', $$SELECT sum(revenue.close_probability(SIGNALS,
    '{"close_probability": {"interaction": 1.5, "champion": 12}}')) FROM bench.deals$$, 'floor', 1.0, NULL, 'floor', NULL),
  ('score', 'close_probability, 3 frameworks joined', 'SELECT sum(revenue.close_probability(SIGNALS, f.weights))
    FROM bench.deals JOIN bench.frameworks AS f USING (framework_no)', 'floor', NULL, NULL, NULL, NULL),
  ('score', 'floor with a weights column', 'SELECT sum(amount::float8) FROM bench.weighted_deals', 'floor', NULL, NULL, NULL, NULL),
  ('score', 'close_probability, weights column', 'SELECT sum(revenue.close_probability(SIGNALS, weights)) FROM bench.weighted_deals',
    'floor with a weights column', 1.0, NULL, 'floor with a weights column', NULL),
  ('score', 'SQL, literals', 'SELECT sum(bench.sql_close_probability(SIGNALS)) FROM bench.deals', 'floor', NULL, 4, 'close_probability', NULL),
  ('score', 'SQL, weights joined', 'SELECT sum(close_probability) FROM bench.sql_weighted_close_probability',
    'floor', NULL, 4, 'close_probability, weights object', NULL),
  ('score', 'SQL, weights joined, values checked', 'SELECT sum(close_probability) FROM bench.sql_checked_close_probability',
    'floor', NULL, 4, 'close_probability, weights object', NULL),
  ('score', 'PL/pgSQL', 'SELECT sum(bench.plpgsql_close_probability(SIGNALS)) FROM bench.deals', 'floor', NULL, 8, 'close_probability', NULL),
  ('score', 'PL/pgSQL, one expression', 'SELECT sum(bench.plpgsql_expression_close_probability(SIGNALS)) FROM bench.deals',
    'floor', NULL, 8, 'close_probability', NULL),
  ('score', 'PL/Python', 'SELECT sum(bench.plpython_close_probability(SIGNALS)) FROM bench.deals', 'floor', NULL, 18, 'close_probability', NULL),
  ('score', 'PL/Python, stages and exp kept', 'SELECT sum(bench.plpython_cached_close_probability(SIGNALS)) FROM bench.deals',
    'floor', NULL, 18, 'close_probability', NULL),

  ('aggregate', 'floor', 'SELECT sum(amount::float8) FROM bench.deals', NULL, NULL, NULL, NULL, NULL),
  ('aggregate', 'scored_pipeline', 'SELECT revenue.scored_pipeline(amount, SIGNALS, NULL) FROM bench.deals',
    'floor', NULL, NULL, NULL, NULL),
  ('aggregate', 'grouped floor', 'SELECT owner_rep_id, sum(amount::float8) FROM bench.deals GROUP BY owner_rep_id',
    'grouped floor', NULL, NULL, NULL, NULL),
  ('aggregate', 'scored_pipeline by rep', 'SELECT owner_rep_id, revenue.scored_pipeline(amount, SIGNALS, NULL)
    FROM bench.deals GROUP BY owner_rep_id', 'grouped floor', 1.0, NULL, 'grouped floor', NULL),
  ('aggregate', 'weighted_pipeline by rep', 'SELECT owner_rep_id, revenue.weighted_pipeline(amount, revenue.close_probability(SIGNALS))
    FROM bench.deals GROUP BY owner_rep_id', 'grouped floor', NULL, NULL, NULL, NULL),
  ('aggregate', 'sum(amount x close_probability) by rep', 'SELECT owner_rep_id, sum(amount::float8 * revenue.close_probability(SIGNALS))
    FROM bench.deals GROUP BY owner_rep_id', 'grouped floor', NULL, NULL, NULL, NULL),
  ('aggregate', 'SQL, literals, by rep', 'SELECT owner_rep_id, sum(amount::float8 * bench.sql_close_probability(SIGNALS))
    FROM bench.deals GROUP BY owner_rep_id', 'grouped floor', NULL, NULL, NULL, NULL),

  ('explain', 'explain_close_probability', 'SELECT count(revenue.explain_close_probability(SIGNALS)) FROM bench.deals',
    NULL, NULL, 500000, NULL, :deals)
) AS c(suite, name, query, floor, at_most, at_least, target_of, rows_out);

-- An answer that is not the same is no peer: every formula, every deal, to 1e-12; sums to 1e-9.
DO $$
DECLARE
  signals text := 'stage_id, days_in_stage, lead_score, num_interactions, num_objections_handled, '
    'champion_identified, budget_confirmed, decision_maker_engaged, competitors_mentioned';
  worst double precision;
BEGIN
  EXECUTE replace(
    'SELECT max(greatest(abs(p - a), abs(p - b), abs(p - c), abs(p - d), abs(p - e), abs(p - f)))
     FROM bench.sql_weighted_close_probability, LATERAL (SELECT
       revenue.close_probability(SIGNALS) AS p, close_probability AS a,
       revenue.close_probability(SIGNALS, ''{"close_probability": {"champion": 12}}'') AS b,
       bench.sql_close_probability(SIGNALS) AS c,
       bench.plpgsql_close_probability(SIGNALS) AS d,
       bench.plpython_close_probability(SIGNALS) AS e,
       bench.plpython_cached_close_probability(SIGNALS) AS f) AS answers', 'SIGNALS', signals) INTO worst;
  IF worst IS NULL OR worst > 1e-12 THEN RAISE EXCEPTION 'the peers of close_probability are off by %', worst; END IF;
  EXECUTE replace(
    'SELECT max(abs(1 - b / a)) FROM (
       SELECT sum(amount::float8 * bench.sql_close_probability(SIGNALS)) AS a,
         revenue.scored_pipeline(amount, SIGNALS, NULL) AS b
       FROM bench.deals GROUP BY owner_rep_id) AS by_rep', 'SIGNALS', signals) INTO worst;
  IF worst IS NULL OR worst > 1e-9 THEN RAISE EXCEPTION 'the weighted pipelines are off by %', worst; END IF;
END $$;
