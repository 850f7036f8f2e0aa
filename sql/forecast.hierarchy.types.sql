-- The room forecast: fitted series that are sums of each other, as a value that a column keeps.

CREATE TYPE revenue.series_hierarchy;
CREATE FUNCTION revenue.series_hierarchy_in(written cstring)
RETURNS revenue.series_hierarchy LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_hierarchy_in';
COMMENT ON FUNCTION revenue.series_hierarchy_in IS 'Part of the type series_hierarchy: input';
CREATE FUNCTION revenue.series_hierarchy_out(hierarchy revenue.series_hierarchy)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_hierarchy_out';
COMMENT ON FUNCTION revenue.series_hierarchy_out IS 'Part of the type series_hierarchy: output';
CREATE FUNCTION revenue.series_hierarchy_recv(internal)
RETURNS revenue.series_hierarchy LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_hierarchy_recv';
COMMENT ON FUNCTION revenue.series_hierarchy_recv IS 'Part of the type series_hierarchy: binary input';
CREATE FUNCTION revenue.series_hierarchy_send(hierarchy revenue.series_hierarchy)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'series_hierarchy_send';
COMMENT ON FUNCTION revenue.series_hierarchy_send IS 'Part of the type series_hierarchy: binary output';
CREATE TYPE revenue.series_hierarchy (
  INPUT = revenue.series_hierarchy_in, OUTPUT = revenue.series_hierarchy_out,
  RECEIVE = revenue.series_hierarchy_recv, SEND = revenue.series_hierarchy_send, STORAGE = extended);
COMMENT ON TYPE revenue.series_hierarchy IS
  'Fitted series that are sums of each other: made by reconcile(), read by forecast_hierarchy() and describe()';
