-- The room forecast: forecasts of parts that add up to those of their totals.

CREATE OR REPLACE FUNCTION revenue.reconcile_add(internal, text, text, revenue.series_model)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'reconcile_add';
COMMENT ON FUNCTION revenue.reconcile_add IS 'Part of the aggregate reconcile';
CREATE OR REPLACE FUNCTION revenue.reconcile_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'reconcile_merge';
COMMENT ON FUNCTION revenue.reconcile_merge IS 'Part of the aggregate reconcile';
CREATE OR REPLACE FUNCTION revenue.reconcile_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'reconcile_serialize';
COMMENT ON FUNCTION revenue.reconcile_serialize IS 'Part of the aggregate reconcile';
CREATE OR REPLACE FUNCTION revenue.reconcile_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'reconcile_deserialize';
COMMENT ON FUNCTION revenue.reconcile_deserialize IS 'Part of the aggregate reconcile';
CREATE OR REPLACE FUNCTION revenue.reconcile_result(internal)
RETURNS revenue.series_hierarchy LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'reconcile_result';
COMMENT ON FUNCTION revenue.reconcile_result IS 'Part of the aggregate reconcile';
CREATE OR REPLACE AGGREGATE revenue.reconcile(node text, parent text, model revenue.series_model) (
  SFUNC = revenue.reconcile_add, STYPE = internal, FINALFUNC = revenue.reconcile_result,
  COMBINEFUNC = revenue.reconcile_merge, SERIALFUNC = revenue.reconcile_serialize,
  DESERIALFUNC = revenue.reconcile_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.reconcile(text, text, revenue.series_model) IS
  'Fitted series that are sums of each other, for forecast_hierarchy(): a row a node with the node above it, NULL at the top; a node below several others has a row for each. Every total has a model of its own too';

CREATE OR REPLACE FUNCTION revenue.forecast_hierarchy(
  hierarchy revenue.series_hierarchy, horizon integer, levels double precision[] DEFAULT '{0.7,0.85,0.95}',
  method text DEFAULT 'mint')
RETURNS TABLE (
  node text, step integer, ts timestamptz, mean double precision, lower double precision[], upper double precision[],
  base_mean double precision)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 100 AS 'MODULE_PATHNAME', 'forecast_hierarchy';
COMMENT ON FUNCTION revenue.forecast_hierarchy IS
  'The next periods of every node, where each total is the sum of its parts, with an interval for each level; base_mean = the node''s own forecast. method: mint (minimum trace by shrunk covariance, structural where a series is too short, averaged with bottom_up), structural, ols, bottom_up';

CREATE OR REPLACE FUNCTION revenue.describe(hierarchy revenue.series_hierarchy)
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'describe_hierarchy';
COMMENT ON FUNCTION revenue.describe(revenue.series_hierarchy) IS
  'How the forecasts of a hierarchy are made to add up: nodes, totals, bottoms, period, method, shrinkage of the correlations and times they come from';
