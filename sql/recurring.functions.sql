-- The room recurring: MRR over any relation of periods, as movements, waterfall, retention and cohorts.

CREATE OR REPLACE FUNCTION revenue.mrr_ledger_add(internal, text, date, date, numeric)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_add';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_merge';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_serialize';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_deserialize';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_result(internal)
RETURNS revenue.mrr_ledger LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_result';
CREATE OR REPLACE AGGREGATE revenue.mrr_ledger(customer text, valid_from date, valid_to date, mrr numeric) (
  SFUNC = revenue.mrr_ledger_add, STYPE = internal, SSPACE = 10000, FINALFUNC = revenue.mrr_ledger_result,
  COMBINEFUNC = revenue.mrr_ledger_merge, SERIALFUNC = revenue.mrr_ledger_serialize,
  DESERIALFUNC = revenue.mrr_ledger_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.mrr_ledger(text, date, date, numeric) IS
  'What each customer pays over time, from periods in any order that add up: valid_to is the day after the last, NULL or infinity = open';
COMMENT ON FUNCTION revenue.mrr_ledger_add(internal, text, date, date, numeric) IS 'Part of the aggregate mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_merge(internal, internal) IS 'Part of the aggregate mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_serialize(internal) IS 'Part of the aggregate mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_deserialize(bytea, internal) IS 'Part of the aggregate mrr_ledger';
COMMENT ON FUNCTION revenue.mrr_ledger_result(internal) IS 'Part of the aggregate mrr_ledger';

CREATE OR REPLACE FUNCTION revenue.mrr_ledger_fx_add(internal, text, date, date, numeric, numeric)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_fx_add';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_fx_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_fx_merge';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_fx_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_fx_serialize';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_fx_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_fx_deserialize';
CREATE OR REPLACE FUNCTION revenue.mrr_ledger_fx_result(internal)
RETURNS revenue.mrr_ledger LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'mrr_ledger_fx_result';
CREATE OR REPLACE AGGREGATE revenue.mrr_ledger_fx(customer text, valid_from date, valid_to date, mrr numeric, revalued_from numeric) (
  SFUNC = revenue.mrr_ledger_fx_add, STYPE = internal, SSPACE = 10000, FINALFUNC = revenue.mrr_ledger_fx_result,
  COMBINEFUNC = revenue.mrr_ledger_fx_merge, SERIALFUNC = revenue.mrr_ledger_fx_serialize,
  DESERIALFUNC = revenue.mrr_ledger_fx_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.mrr_ledger_fx(text, date, date, numeric, numeric) IS
  'mrr_ledger() of converted periods that are cut where the rate changes: revalued_from is the MRR of the period that this one continues at another rate (NULL = none), and the difference is fx';
COMMENT ON FUNCTION revenue.mrr_ledger_fx_add(internal, text, date, date, numeric, numeric) IS 'Part of the aggregate mrr_ledger_fx';
COMMENT ON FUNCTION revenue.mrr_ledger_fx_merge(internal, internal) IS 'Part of the aggregate mrr_ledger_fx';
COMMENT ON FUNCTION revenue.mrr_ledger_fx_serialize(internal) IS 'Part of the aggregate mrr_ledger_fx';
COMMENT ON FUNCTION revenue.mrr_ledger_fx_deserialize(bytea, internal) IS 'Part of the aggregate mrr_ledger_fx';
COMMENT ON FUNCTION revenue.mrr_ledger_fx_result(internal) IS 'Part of the aggregate mrr_ledger_fx';

CREATE OR REPLACE FUNCTION revenue.mrr_waterfall(
  ledger revenue.mrr_ledger, period text DEFAULT 'month', from_date date DEFAULT NULL, to_date date DEFAULT NULL,
  options jsonb DEFAULT NULL)
RETURNS TABLE (
  period_from date, opening numeric, new numeric, expansion numeric, reactivation numeric, contraction numeric,
  churn numeric, fx numeric, closing numeric, opening_customers bigint, new_customers bigint,
  expanded_customers bigint, reactivated_customers bigint, contracted_customers bigint, churned_customers bigint,
  closing_customers bigint)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 36 AS 'MODULE_PATHNAME', 'mrr_waterfall';
COMMENT ON FUNCTION revenue.mrr_waterfall IS
  'MRR by day, week, month, quarter or year: opening + new + expansion + reactivation + contraction + churn + fx = closing, exactly. From the period of from_date to that before to_date; NULL = the first and the last change';

CREATE OR REPLACE FUNCTION revenue.mrr_changes(
  ledger revenue.mrr_ledger, period text DEFAULT 'day', from_date date DEFAULT NULL, to_date date DEFAULT NULL,
  options jsonb DEFAULT NULL)
RETURNS TABLE (
  customer text, day date, kind text, amount numeric, before numeric, after numeric)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1000 AS 'MODULE_PATHNAME', 'mrr_changes';
COMMENT ON FUNCTION revenue.mrr_changes IS
  'The movements of each customer from from_date to the day before to_date, netted within each period: what the waterfall sums';

CREATE OR REPLACE FUNCTION revenue.mrr_cohorts(
  ledger revenue.mrr_ledger, period text DEFAULT 'month', from_date date DEFAULT NULL, to_date date DEFAULT NULL,
  options jsonb DEFAULT NULL)
RETURNS TABLE (
  cohort date, period_from date, age integer, customers bigint, cohort_customers bigint,
  customer_retention double precision, mrr numeric, cohort_mrr numeric, mrr_retention double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 666 AS 'MODULE_PATHNAME', 'mrr_cohorts';
COMMENT ON FUNCTION revenue.mrr_cohorts IS
  'Customers by the period of their first payment: how many there still are at the close of each period and what they pay, beside how many they were and what they first paid. from_date chooses those who first paid since, to_date ends the periods';

CREATE OR REPLACE FUNCTION revenue.window_retention(
  ledger revenue.mrr_ledger, from_date date, to_date date, options jsonb DEFAULT NULL)
RETURNS TABLE (
  opening numeric, retained numeric, gross_retained numeric, customers bigint, lost bigint, new_and_lost bigint)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'window_retention';
COMMENT ON FUNCTION revenue.window_retention IS
  'For many windows: what net_retention(), gross_retention() and logo_churn() are made of, in one reading of the ledger';

CREATE OR REPLACE FUNCTION revenue.net_retention(
  ledger revenue.mrr_ledger, from_date date, to_date date, options jsonb DEFAULT NULL)
RETURNS TABLE (
  numerator numeric, denominator numeric, ratio double precision, reason text)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'net_retention';
COMMENT ON FUNCTION revenue.net_retention IS
  'NRR from the start of from_date to that of to_date: closing MRR of the opening customers, at opening rates, over their opening MRR; ratio NULL with a reason';

CREATE OR REPLACE FUNCTION revenue.gross_retention(
  ledger revenue.mrr_ledger, from_date date, to_date date, variant text DEFAULT 'min',
  options jsonb DEFAULT NULL)
RETURNS TABLE (
  numerator numeric, denominator numeric, ratio double precision, reason text)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'gross_retention';
COMMENT ON FUNCTION revenue.gross_retention IS
  'GRR from the start of from_date to that of to_date: the sum of min(closing, opening) over that of opening, customer by customer; the variant flow is (opening - contraction - churn) / opening';

CREATE OR REPLACE FUNCTION revenue.logo_churn(
  ledger revenue.mrr_ledger, from_date date, to_date date, options jsonb DEFAULT NULL)
RETURNS TABLE (
  numerator bigint, denominator bigint, ratio double precision, reason text, new_and_lost bigint)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'logo_churn';
COMMENT ON FUNCTION revenue.logo_churn IS
  'Opening customers who are none at the close, over the opening customers; those who came and went in between stand apart';

CREATE OR REPLACE FUNCTION revenue.quick_ratio(
  ledger revenue.mrr_ledger, from_date date, to_date date, options jsonb DEFAULT NULL)
RETURNS TABLE (
  numerator numeric, denominator numeric, ratio double precision, reason text)
LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'quick_ratio';
COMMENT ON FUNCTION revenue.quick_ratio IS
  '(new + expansion + reactivation) / (contraction + churn) from from_date to the day before to_date, absolute amounts';
