-- The same formula in PL/pgSQL, coefficients as literals: as one would write it, and squeezed into
-- the one expression that the language evaluates fastest.
CREATE FUNCTION bench.plpgsql_close_probability(
  deal_stage text, days_in_stage double precision, lead_score double precision, num_interactions integer,
  num_objections_handled integer, champion_identified boolean, budget_confirmed boolean,
  decision_maker_engaged boolean, competitors_mentioned integer)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  base double precision;
  typical_days double precision := 21;
  points double precision := 0;
BEGIN
  CASE deal_stage
    WHEN 'prospecting' THEN base := 0.08; typical_days := 30;
    WHEN 'qualification' THEN base := 0.15;
    WHEN 'discovery' THEN base := 0.25;
    WHEN 'demo' THEN base := 0.35; typical_days := 14;
    WHEN 'evaluation' THEN base := 0.40; typical_days := 30;
    WHEN 'proposal' THEN base := 0.50;
    WHEN 'negotiation' THEN base := 0.65;
    WHEN 'verbal_commit' THEN base := 0.90; typical_days := 14;
    WHEN 'closed_won' THEN RETURN 1;
    WHEN 'closed_lost' THEN RETURN 0;
    ELSE base := 0.20;
  END CASE;
  IF lead_score IS NOT NULL THEN points := points + 0.1::float8 * lead_score; END IF;
  IF num_interactions IS NOT NULL THEN points := points + least(1.5::float8 * num_interactions, 30::float8); END IF;
  IF num_objections_handled IS NOT NULL THEN
    points := points + least(2::float8 * num_objections_handled, 10::float8);
  END IF;
  IF champion_identified THEN points := points + 12;
  ELSIF NOT champion_identified THEN points := points - 5; END IF;
  IF budget_confirmed THEN points := points + 13;
  ELSIF NOT budget_confirmed THEN points := points - 5; END IF;
  IF decision_maker_engaged THEN points := points + 10; END IF;
  IF competitors_mentioned IS NOT NULL THEN
    points := points - least(5::float8 * competitors_mentioned, 20::float8);
  END IF;
  IF days_in_stage > typical_days THEN
    points := points - least(0.4::float8 * (days_in_stage - typical_days), 24::float8);
  END IF;
  RETURN 1 / (1 + (1 - base) / base * exp(-0.028881132523331052::float8 * points));
END $$;

-- One RETURN of the SQL peer's expression.
DO $$
BEGIN
  EXECUTE format(
    'CREATE FUNCTION bench.plpgsql_expression_close_probability(%s)
     RETURNS double precision LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS %L',
    pg_get_function_arguments('bench.sql_close_probability'::regproc),
    'BEGIN ' || regexp_replace((SELECT prosrc FROM pg_proc WHERE oid = 'bench.sql_close_probability'::regproc),
                               '^\s*SELECT', 'RETURN') || '; END');
END $$;
