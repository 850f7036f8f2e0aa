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
CREATE TYPE numbers;
CREATE FUNCTION numbers_in(cstring) RETURNS numbers LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION numbers_out(numbers) RETURNS cstring LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION numbers_recv(internal) RETURNS numbers LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION numbers_send(numbers) RETURNS bytea LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME';
CREATE TYPE numbers (INPUT = numbers_in, OUTPUT = numbers_out, RECEIVE = numbers_recv, SEND = numbers_send,
  STORAGE = extended);
CREATE FUNCTION make_numbers(double precision[]) RETURNS numbers LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION sum_numbers(numbers) RETURNS double precision LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION list_numbers(numbers) RETURNS double precision[] LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION echo_bigints(bigint[]) RETURNS bigint[] LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION echo_dates(date[]) RETURNS date[] LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE FUNCTION echo_texts(text[]) RETURNS text[] LANGUAGE c STRICT AS 'MODULE_PATHNAME';
CREATE TYPE point_row AS (day date, label text, amount numeric);
CREATE FUNCTION echo_points(point_row[]) RETURNS point_row[] LANGUAGE c STRICT AS 'MODULE_PATHNAME';
