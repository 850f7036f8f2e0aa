-- The room forecast: a series is fitted once and read as often as one likes.

CREATE OR REPLACE FUNCTION revenue.fit_series_add(internal, timestamptz, double precision)
RETURNS internal LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_add';
COMMENT ON FUNCTION revenue.fit_series_add(internal, timestamptz, double precision) IS 'Part of the aggregate fit_series';
CREATE OR REPLACE FUNCTION revenue.fit_series_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_merge';
COMMENT ON FUNCTION revenue.fit_series_merge IS 'Part of the aggregate fit_series';
CREATE OR REPLACE FUNCTION revenue.fit_series_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_serialize';
COMMENT ON FUNCTION revenue.fit_series_serialize IS 'Part of the aggregate fit_series';
CREATE OR REPLACE FUNCTION revenue.fit_series_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_deserialize';
COMMENT ON FUNCTION revenue.fit_series_deserialize IS 'Part of the aggregate fit_series';
CREATE OR REPLACE FUNCTION revenue.fit_series_result(internal)
RETURNS revenue.series_model LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_result';
COMMENT ON FUNCTION revenue.fit_series_result IS 'Part of the aggregate fit_series';
CREATE OR REPLACE AGGREGATE revenue.fit_series(ts timestamptz, value double precision) (
  SFUNC = revenue.fit_series_add, STYPE = internal, FINALFUNC = revenue.fit_series_result,
  COMBINEFUNC = revenue.fit_series_merge, SERIALFUNC = revenue.fit_series_serialize,
  DESERIALFUNC = revenue.fit_series_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_series(timestamptz, double precision) IS
  'Fits a series of dates and values, in any order, for forecast(), describe() and decompose(). The period (year, quarter, month, week, day) follows from the dates; rows of one period add up';

CREATE OR REPLACE FUNCTION revenue.fit_series_with_add(internal, timestamptz, double precision, jsonb)
RETURNS internal LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_with_add';
COMMENT ON FUNCTION revenue.fit_series_with_add IS 'Part of the aggregate fit_series with options';
CREATE OR REPLACE FUNCTION revenue.fit_series_with_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_with_merge';
COMMENT ON FUNCTION revenue.fit_series_with_merge IS 'Part of the aggregate fit_series with options';
CREATE OR REPLACE FUNCTION revenue.fit_series_with_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_with_serialize';
COMMENT ON FUNCTION revenue.fit_series_with_serialize IS 'Part of the aggregate fit_series with options';
CREATE OR REPLACE FUNCTION revenue.fit_series_with_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_with_deserialize';
COMMENT ON FUNCTION revenue.fit_series_with_deserialize IS 'Part of the aggregate fit_series with options';
CREATE OR REPLACE FUNCTION revenue.fit_series_with_result(internal)
RETURNS revenue.series_model LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_series_with_result';
COMMENT ON FUNCTION revenue.fit_series_with_result IS 'Part of the aggregate fit_series with options';
CREATE OR REPLACE AGGREGATE revenue.fit_series(ts timestamptz, value double precision, options jsonb) (
  SFUNC = revenue.fit_series_with_add, STYPE = internal, FINALFUNC = revenue.fit_series_with_result,
  COMBINEFUNC = revenue.fit_series_with_merge, SERIALFUNC = revenue.fit_series_with_serialize,
  DESERIALFUNC = revenue.fit_series_with_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_series(timestamptz, double precision, jsonb) IS
  'The same with options: period, season, method, gather, gaps, first_month, first_weekday, data_end, workdays';

CREATE OR REPLACE FUNCTION revenue.forecast(
  model revenue.series_model, horizon integer, levels double precision[] DEFAULT '{0.7,0.85,0.95}',
  calibration revenue.calibration DEFAULT NULL)
RETURNS TABLE (step integer, ts timestamptz, mean double precision, lower double precision[], upper double precision[])
LANGUAGE c STABLE PARALLEL SAFE ROWS 12 AS 'MODULE_PATHNAME', 'forecast';
COMMENT ON FUNCTION revenue.forecast IS
  'The next periods of a fitted series, with an interval for each level, in the order of the levels, as wide as the calibration says (NULL = as is usual)';

CREATE OR REPLACE FUNCTION revenue.calibrate_add(internal, revenue.series_model)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibrate_add';
COMMENT ON FUNCTION revenue.calibrate_add IS 'Part of the aggregate calibrate';
CREATE OR REPLACE FUNCTION revenue.calibrate_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibrate_merge';
COMMENT ON FUNCTION revenue.calibrate_merge IS 'Part of the aggregate calibrate';
CREATE OR REPLACE FUNCTION revenue.calibrate_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibrate_serialize';
COMMENT ON FUNCTION revenue.calibrate_serialize IS 'Part of the aggregate calibrate';
CREATE OR REPLACE FUNCTION revenue.calibrate_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibrate_deserialize';
COMMENT ON FUNCTION revenue.calibrate_deserialize IS 'Part of the aggregate calibrate';
CREATE OR REPLACE FUNCTION revenue.calibrate_result(internal)
RETURNS revenue.calibration LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibrate_result';
COMMENT ON FUNCTION revenue.calibrate_result IS 'Part of the aggregate calibrate';
CREATE OR REPLACE AGGREGATE revenue.calibrate(model revenue.series_model) (
  SFUNC = revenue.calibrate_add, STYPE = internal, FINALFUNC = revenue.calibrate_result,
  COMBINEFUNC = revenue.calibrate_merge, SERIALFUNC = revenue.calibrate_serialize,
  DESERIALFUNC = revenue.calibrate_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.calibrate(revenue.series_model) IS
  'How wide intervals of these series have to be at each step, from the errors each would have made at its last origin held back';

CREATE OR REPLACE FUNCTION revenue.adapted_level(
  level double precision, covered integer[], rate double precision DEFAULT 0.02)
RETURNS double precision LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'adapted_level';
COMMENT ON FUNCTION revenue.adapted_level IS
  'The level to ask intervals of now, given which of the values so far lay within theirs (1) or not (0), oldest first, so that the share of level lies within in the long run';

CREATE OR REPLACE FUNCTION revenue.describe(model revenue.series_model)
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'describe_series';
COMMENT ON FUNCTION revenue.describe(revenue.series_model) IS
  'How a series was read and fitted: methods, weights, parameters, period, season, accuracy, and reasons for what was decided';

CREATE OR REPLACE FUNCTION revenue.decompose(model revenue.series_model)
RETURNS TABLE (ts timestamptz, value double precision, trend double precision, season double precision, remainder double precision)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'decompose';
COMMENT ON FUNCTION revenue.decompose IS
  'A fitted series as trend, season and remainder, which add up to the value; NULL where a period had no row';
