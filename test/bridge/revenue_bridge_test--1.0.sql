CREATE FUNCTION live_witnesses() RETURNS integer LANGUAGE c VOLATILE AS 'MODULE_PATHNAME';
CREATE FUNCTION throw_error(what text, depth integer) RETURNS integer LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION server_error(depth integer) RETURNS integer LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION through_sql(query text) RETURNS integer LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION spin(seconds double precision) RETURNS integer LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION echo_money(numeric) RETURNS numeric LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION echo_text(text) RETURNS text LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION echo_nullable(double precision) RETURNS double precision LANGUAGE c AS 'MODULE_PATHNAME';
CREATE FUNCTION make_rows(count integer, OUT number integer, OUT name text, OUT tags text[])
  RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION make_wrong_rows(count integer, OUT number integer, OUT name integer)
  RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'make_rows';
CREATE FUNCTION show_options(options jsonb) RETURNS jsonb LANGUAGE c AS 'MODULE_PATHNAME';
CREATE FUNCTION apply_options(value double precision, factor double precision, options jsonb)
  RETURNS double precision LANGUAGE c AS 'MODULE_PATHNAME';
CREATE FUNCTION collected_add(internal, double precision) RETURNS internal LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION collected_merge(internal, internal) RETURNS internal LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION collected_serialize(internal) RETURNS bytea LANGUAGE c STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION collected_deserialize(bytea, internal) RETURNS internal LANGUAGE c STRICT PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE FUNCTION collected_result(internal) RETURNS double precision LANGUAGE c PARALLEL SAFE AS 'MODULE_PATHNAME';
CREATE AGGREGATE collected(double precision) (
  SFUNC = collected_add, STYPE = internal, FINALFUNC = collected_result, COMBINEFUNC = collected_merge,
  SERIALFUNC = collected_serialize, DESERIALFUNC = collected_deserialize, PARALLEL = SAFE);
