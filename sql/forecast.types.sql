-- The room forecast: values that a column keeps.

CREATE TYPE revenue.series_model;
CREATE FUNCTION revenue.series_model_in(written cstring)
RETURNS revenue.series_model LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_in';
COMMENT ON FUNCTION revenue.series_model_in IS 'Input of the type series_model';
CREATE FUNCTION revenue.series_model_out(model revenue.series_model)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_out';
COMMENT ON FUNCTION revenue.series_model_out IS 'Output of the type series_model';
CREATE FUNCTION revenue.series_model_recv(internal)
RETURNS revenue.series_model LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_recv';
COMMENT ON FUNCTION revenue.series_model_recv IS 'Binary input of the type series_model';
CREATE FUNCTION revenue.series_model_send(model revenue.series_model)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_model_send';
COMMENT ON FUNCTION revenue.series_model_send IS 'Binary output of the type series_model';
CREATE TYPE revenue.series_model (
  INPUT = revenue.series_model_in, OUTPUT = revenue.series_model_out,
  RECEIVE = revenue.series_model_recv, SEND = revenue.series_model_send, STORAGE = extended);
COMMENT ON TYPE revenue.series_model IS
  'A fitted series: made by fit_series(), read by forecast(), describe() and decompose()';

CREATE TYPE revenue.calibration;
CREATE FUNCTION revenue.calibration_in(written cstring)
RETURNS revenue.calibration LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_in';
COMMENT ON FUNCTION revenue.calibration_in IS 'Input of the type calibration';
CREATE FUNCTION revenue.calibration_out(kept revenue.calibration)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_out';
COMMENT ON FUNCTION revenue.calibration_out IS 'Output of the type calibration';
CREATE FUNCTION revenue.calibration_recv(internal)
RETURNS revenue.calibration LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_recv';
COMMENT ON FUNCTION revenue.calibration_recv IS 'Binary input of the type calibration';
CREATE FUNCTION revenue.calibration_send(kept revenue.calibration)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calibration_send';
COMMENT ON FUNCTION revenue.calibration_send IS 'Binary output of the type calibration';
CREATE TYPE revenue.calibration (
  INPUT = revenue.calibration_in, OUTPUT = revenue.calibration_out,
  RECEIVE = revenue.calibration_recv, SEND = revenue.calibration_send, STORAGE = extended);
COMMENT ON TYPE revenue.calibration IS
  'How wide the intervals of a set of series have to be: made by calibrate(), read by forecast()';
