-- The room recurring: stored values.

CREATE TYPE revenue.mrr_ledger;
CREATE FUNCTION revenue.mrr_ledger_in(written cstring)
RETURNS revenue.mrr_ledger LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_in';
CREATE FUNCTION revenue.mrr_ledger_out(ledger revenue.mrr_ledger)
RETURNS cstring LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_out';
CREATE FUNCTION revenue.mrr_ledger_recv(internal)
RETURNS revenue.mrr_ledger LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_recv';
CREATE FUNCTION revenue.mrr_ledger_send(ledger revenue.mrr_ledger)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_send';
CREATE TYPE revenue.mrr_ledger (
  INPUT = revenue.mrr_ledger_in, OUTPUT = revenue.mrr_ledger_out,
  RECEIVE = revenue.mrr_ledger_recv, SEND = revenue.mrr_ledger_send, STORAGE = extended);
COMMENT ON TYPE revenue.mrr_ledger IS
  'What each customer pays a month, over time: the value of the aggregates mrr_ledger() and mrr_ledger_fx(), read by mrr_waterfall(), mrr_changes(), mrr_cohorts() and the ratios';
COMMENT ON FUNCTION revenue.mrr_ledger_in IS 'Part of the type mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_out IS 'Part of the type mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_recv IS 'Part of the type mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_send IS 'Part of the type mrr_ledger';
