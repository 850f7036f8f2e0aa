-- The room forecast: values that a column keeps.

CREATE TYPE revenue.series_model;
CREATE FUNCTION revenue.series_model_in(written cstring)
RETURNS revenue.series_model LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_in';
COMMENT ON FUNCTION revenue.series_model_in IS 'Part of the type series_model: input';
CREATE FUNCTION revenue.series_model_out(model revenue.series_model)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_out';
COMMENT ON FUNCTION revenue.series_model_out IS 'Part of the type series_model: output';
CREATE FUNCTION revenue.series_model_recv(internal)
RETURNS revenue.series_model LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_recv';
COMMENT ON FUNCTION revenue.series_model_recv IS 'Part of the type series_model: binary input';
CREATE FUNCTION revenue.series_model_send(model revenue.series_model)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_send';
COMMENT ON FUNCTION revenue.series_model_send IS 'Part of the type series_model: binary output';
CREATE TYPE revenue.series_model (
  INPUT = revenue.series_model_in, OUTPUT = revenue.series_model_out,
  RECEIVE = revenue.series_model_recv, SEND = revenue.series_model_send, STORAGE = extended);
COMMENT ON TYPE revenue.series_model IS
  'A fitted series: made by fit_series(), read by forecast(), describe() and decompose()';

CREATE TYPE revenue.calibration;
CREATE FUNCTION revenue.calibration_in(written cstring)
RETURNS revenue.calibration LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_in';
COMMENT ON FUNCTION revenue.calibration_in IS 'Part of the type calibration: input';
CREATE FUNCTION revenue.calibration_out(kept revenue.calibration)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_out';
COMMENT ON FUNCTION revenue.calibration_out IS 'Part of the type calibration: output';
CREATE FUNCTION revenue.calibration_recv(internal)
RETURNS revenue.calibration LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_recv';
COMMENT ON FUNCTION revenue.calibration_recv IS 'Part of the type calibration: binary input';
CREATE FUNCTION revenue.calibration_send(kept revenue.calibration)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_send';
COMMENT ON FUNCTION revenue.calibration_send IS 'Part of the type calibration: binary output';
CREATE TYPE revenue.calibration (
  INPUT = revenue.calibration_in, OUTPUT = revenue.calibration_out,
  RECEIVE = revenue.calibration_recv, SEND = revenue.calibration_send, STORAGE = extended);
COMMENT ON TYPE revenue.calibration IS
  'How wide the intervals of a set of series have to be: made by calibrate(), read by forecast()';
