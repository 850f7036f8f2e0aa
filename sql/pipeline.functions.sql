-- The room pipeline: when deals are won, as functions over any relation.

CREATE OR REPLACE FUNCTION revenue.stage_history_add(internal, bigint, integer, text, timestamptz, timestamptz, timestamptz)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'stage_history_add';
CREATE OR REPLACE FUNCTION revenue.stage_history_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'stage_history_merge';
CREATE OR REPLACE FUNCTION revenue.stage_history_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'stage_history_serialize';
CREATE OR REPLACE FUNCTION revenue.stage_history_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'stage_history_deserialize';
CREATE OR REPLACE FUNCTION revenue.stage_history_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'stage_history_result';
CREATE OR REPLACE AGGREGATE revenue.stage_history(deal bigint, stage integer, kind text, entered_at timestamptz, deleted_at timestamptz, data_end timestamptz) (
  SFUNC = revenue.stage_history_add, STYPE = internal, SSPACE = 1000000, FINALFUNC = revenue.stage_history_result,
  COMBINEFUNC = revenue.stage_history_merge, SERIALFUNC = revenue.stage_history_serialize,
  DESERIALFUNC = revenue.stage_history_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.stage_history(bigint, integer, text, timestamptz, timestamptz, timestamptz) IS
  'Which stages deals entered when, in any order, as rates of leaving each stage for each other by the age in it: {deals, wins, dispersion, stages[]}; stage NULL = it left for none';
COMMENT ON FUNCTION revenue.stage_history_add(internal, bigint, integer, text, timestamptz, timestamptz, timestamptz) IS 'Part of the aggregate stage_history';
COMMENT ON FUNCTION revenue.stage_history_merge(internal, internal) IS 'Part of the aggregate stage_history';
COMMENT ON FUNCTION revenue.stage_history_serialize(internal) IS 'Part of the aggregate stage_history';
COMMENT ON FUNCTION revenue.stage_history_deserialize(bytea, internal) IS 'Part of the aggregate stage_history';
COMMENT ON FUNCTION revenue.stage_history_result(internal) IS 'Part of the aggregate stage_history';

CREATE OR REPLACE FUNCTION revenue.total_distribution_add(internal, numeric, double precision, double precision)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_distribution_add';
CREATE OR REPLACE FUNCTION revenue.total_distribution_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_distribution_merge';
CREATE OR REPLACE FUNCTION revenue.total_distribution_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_distribution_serialize';
CREATE OR REPLACE FUNCTION revenue.total_distribution_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_distribution_deserialize';
CREATE OR REPLACE FUNCTION revenue.total_distribution_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'total_distribution_result';
CREATE OR REPLACE AGGREGATE revenue.total_distribution(amount numeric, probability double precision, dispersion double precision) (
  SFUNC = revenue.total_distribution_add, STYPE = internal, SSPACE = 100000, FINALFUNC = revenue.total_distribution_result,
  COMBINEFUNC = revenue.total_distribution_merge, SERIALFUNC = revenue.total_distribution_serialize,
  DESERIALFUNC = revenue.total_distribution_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.total_distribution(numeric, double precision, double precision) IS
  'The distribution of what deals bring in all, each won with its probability: {deals, expected_wins, expected, standard_deviation, median, intervals[]}; dispersion = squared coefficient of variation of what they have in common';
COMMENT ON FUNCTION revenue.total_distribution_add(internal, numeric, double precision, double precision) IS 'Part of the aggregate total_distribution';
COMMENT ON FUNCTION revenue.total_distribution_merge(internal, internal) IS 'Part of the aggregate total_distribution';
COMMENT ON FUNCTION revenue.total_distribution_serialize(internal) IS 'Part of the aggregate total_distribution';
COMMENT ON FUNCTION revenue.total_distribution_deserialize(bytea, internal) IS 'Part of the aggregate total_distribution';
COMMENT ON FUNCTION revenue.total_distribution_result(internal) IS 'Part of the aggregate total_distribution';

CREATE OR REPLACE FUNCTION revenue.win_probability_within(
  model jsonb DEFAULT NULL, stage integer DEFAULT NULL, days_in_stage double precision DEFAULT NULL,
  horizon double precision DEFAULT 30)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'win_probability_within';
COMMENT ON FUNCTION revenue.win_probability_within IS
  'Probability of a win within so many days, at most 730, by the model of stage_model(); NULL for a stage that is not open';

CREATE OR REPLACE FUNCTION revenue.days_to_win(
  model jsonb DEFAULT NULL, stage integer DEFAULT NULL, days_in_stage double precision DEFAULT NULL)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'days_to_win';
COMMENT ON FUNCTION revenue.days_to_win IS 'Expected days until the win, given that it comes within two years; NULL where it cannot';

CREATE OR REPLACE FUNCTION revenue.win_dispersion(model jsonb DEFAULT NULL, horizon double precision DEFAULT 30)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'win_dispersion';
COMMENT ON FUNCTION revenue.win_dispersion IS
  'Squared coefficient of variation of the wins within 30, 60 or 90 days beyond chance: what the past shows, and how little it may be';

CREATE OR REPLACE FUNCTION revenue.stage_age(stage_entered_at timestamptz, moment timestamptz) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT least(greatest(floor(revenue.elapsed_days(stage_entered_at, moment)), 0), 730)::integer;
END;
COMMENT ON FUNCTION revenue.stage_age IS 'Whole days in a stage, at most 730';
