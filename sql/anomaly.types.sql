-- The room anomaly: values that a column keeps.

CREATE TYPE revenue.detector_model;
CREATE FUNCTION revenue.detector_model_in(written cstring)
RETURNS revenue.detector_model LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'detector_model_in';
COMMENT ON FUNCTION revenue.detector_model_in IS 'Part of the type detector_model: input';
CREATE FUNCTION revenue.detector_model_out(model revenue.detector_model)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'detector_model_out';
COMMENT ON FUNCTION revenue.detector_model_out IS 'Part of the type detector_model: output';
CREATE FUNCTION revenue.detector_model_recv(internal)
RETURNS revenue.detector_model LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'detector_model_recv';
COMMENT ON FUNCTION revenue.detector_model_recv IS 'Part of the type detector_model: binary input';
CREATE FUNCTION revenue.detector_model_send(model revenue.detector_model)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'detector_model_send';
COMMENT ON FUNCTION revenue.detector_model_send IS 'Part of the type detector_model: binary output';
CREATE TYPE revenue.detector_model (
  INPUT = revenue.detector_model_in, OUTPUT = revenue.detector_model_out,
  RECEIVE = revenue.detector_model_recv, SEND = revenue.detector_model_send, STORAGE = extended);
COMMENT ON TYPE revenue.detector_model IS
  'A series to be watched: made by fit_detector() or fit_ratio_detector(), read by detect(), change_points() and describe()';
