-- Plain SQL at its best: every coefficient a float literal, the logit of each stage worked out
-- beforehand, and the whole inlined into the query. It does less than close_probability: other weights
-- need another function, 'Closed Won' is no closed_won, and a value that cannot be is scored.
CREATE FUNCTION bench.sql_close_probability(
  deal_stage text, days_in_stage double precision, lead_score double precision, num_interactions integer,
  num_objections_handled integer, champion_identified boolean, budget_confirmed boolean,
  decision_maker_engaged boolean, competitors_mentioned integer)
RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE deal_stage WHEN 'closed_won' THEN 1::float8 WHEN 'closed_lost' THEN 0::float8 ELSE
    1::float8 / (1::float8 + exp(-(
      CASE deal_stage
        WHEN 'prospecting' THEN -2.4423470353692043::float8 WHEN 'qualification' THEN -1.7346010553881064::float8
        WHEN 'discovery' THEN -1.0986122886681098::float8 WHEN 'demo' THEN -0.6190392084062235::float8
        WHEN 'evaluation' THEN -0.4054651081081644::float8 WHEN 'proposal' THEN 0::float8
        WHEN 'negotiation' THEN 0.6190392084062235::float8 WHEN 'verbal_commit' THEN 2.1972245773362196::float8
        ELSE -1.3862943611198906::float8 END
      + 0.028881132523331052::float8 * (
          0.1::float8 * coalesce(lead_score, 0::float8)
        + least(1.5::float8 * coalesce(num_interactions, 0), 30::float8)
        + least(2::float8 * coalesce(num_objections_handled, 0), 10::float8)
        + CASE champion_identified WHEN true THEN 12::float8 WHEN false THEN -5::float8 ELSE 0::float8 END
        + CASE budget_confirmed WHEN true THEN 13::float8 WHEN false THEN -5::float8 ELSE 0::float8 END
        + CASE decision_maker_engaged WHEN true THEN 10::float8 ELSE 0::float8 END
        - least(5::float8 * coalesce(competitors_mentioned, 0), 20::float8)
        - least(0.4::float8 * greatest(coalesce(days_in_stage, 0::float8) - CASE deal_stage
            WHEN 'prospecting' THEN 30::float8 WHEN 'demo' THEN 14::float8 WHEN 'evaluation' THEN 30::float8
            WHEN 'verbal_commit' THEN 14::float8 ELSE 21::float8 END, 0::float8), 24::float8)))))
    END
$$;
