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
  model revenue.series_model, horizon integer, levels double precision[] DEFAULT '{0.7,0.85,0.95}')
RETURNS TABLE (step integer, ts timestamptz, mean double precision, lower double precision[], upper double precision[])
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 12 AS 'MODULE_PATHNAME', 'forecast';
COMMENT ON FUNCTION revenue.forecast IS
  'The next periods of a fitted series, with an interval for each level, in the order of the levels';

CREATE OR REPLACE FUNCTION revenue.describe(model revenue.series_model)
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'describe_series';
COMMENT ON FUNCTION revenue.describe(revenue.series_model) IS
  'How a series was read and fitted: methods, weights, parameters, period, season, accuracy, and reasons for what was decided';

CREATE OR REPLACE FUNCTION revenue.decompose(model revenue.series_model)
RETURNS TABLE (ts timestamptz, value double precision, trend double precision, season double precision, remainder double precision)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'decompose';
COMMENT ON FUNCTION revenue.decompose IS
  'A fitted series as trend, season and remainder, which add up to the value; NULL where a period had no row';
