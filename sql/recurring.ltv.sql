-- The room recurring: what customers are worth over their lifetimes.

-- Contracts -----------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.fit_sbg(
  survivors double precision[])
RETURNS TABLE (alpha double precision, beta double precision, log_likelihood double precision, converged boolean, method text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'fit_sbg';
COMMENT ON FUNCTION revenue.fit_sbg IS
  'The shifted beta-geometric model of a cohort: its size, then how many are left after each renewal. method is moments, and converged false, where the likelihood is flat';

CREATE OR REPLACE FUNCTION revenue.fit_sbg_at_risk(
  at_risk double precision[], lost double precision[])
RETURNS TABLE (alpha double precision, beta double precision, log_likelihood double precision, converged boolean, method text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'fit_sbg_at_risk';
COMMENT ON FUNCTION revenue.fit_sbg_at_risk IS
  'fit_sbg() over cohorts of different ages: how many there were before each renewal and how many of them did not renew';

CREATE OR REPLACE FUNCTION revenue.sbg_curve(
  alpha double precision, beta double precision, periods integer)
RETURNS TABLE (period integer, survival double precision, retention double precision, churn_share double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 12 AS 'MODULE_PATHNAME', 'sbg_curve';
COMMENT ON FUNCTION revenue.sbg_curve IS
  'The curve of the shifted beta-geometric model: the share of a cohort left after each renewal, the share of those left before that renewed, and the share of the cohort that was lost';

CREATE OR REPLACE FUNCTION revenue.sbg_ltv(
  alpha double precision, beta double precision, arpa numeric, gross_margin double precision DEFAULT 1,
  discount_rate double precision DEFAULT 0.1, periods_per_year double precision DEFAULT 1, in_advance boolean DEFAULT true,
  periods integer DEFAULT NULL, age integer DEFAULT 0)
RETURNS numeric
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sbg_ltv';
COMMENT ON FUNCTION revenue.sbg_ltv IS
  'Discounted expected lifetime value of a customer who pays arpa a period, new or after age renewals: of so many payments, NULL = all to come. discount_rate is a year, the first payment now and undiscounted unless in_advance is false';

CREATE OR REPLACE FUNCTION revenue.simple_ltv(
  arpa numeric, gross_margin double precision, churn double precision, churn_basis text)
RETURNS TABLE (ltv numeric, basis text, reason text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'simple_ltv';
COMMENT ON FUNCTION revenue.simple_ltv IS
  'ARPA x gross margin / churn, churn being a share of customers a period; basis names how it was counted, reason why there is no value';

CREATE OR REPLACE FUNCTION revenue.cohort_ltv(
  ledger revenue.mrr_ledger, period text DEFAULT 'month', from_date date DEFAULT NULL, to_date date DEFAULT NULL,
  gross_margin double precision DEFAULT 1, discount_rate double precision DEFAULT 0.1, options jsonb DEFAULT NULL)
RETURNS TABLE (
  cohort date, customers bigint, renewals integer, customers_left bigint, alpha double precision, beta double precision,
  log_likelihood double precision, converged boolean, method text, arpa numeric, ltv numeric, arpa_left numeric,
  ltv_left numeric, simple_ltv numeric, simple_basis text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 36 SET search_path = pg_catalog, pg_temp AS $$
  WITH per_year AS (
    SELECT CASE cohort_ltv.period WHEN 'month' THEN 12 WHEN 'quarter' THEN 4 WHEN 'year' THEN 1 WHEN 'week' THEN 365.25 / 7
      ELSE 365.25 END AS periods
  ), cells AS MATERIALIZED (
    SELECT c.cohort, c.age, c.cohort_customers, c.cohort_mrr, c.mrr, c.customers,
      min(CASE c.age WHEN 0 THEN c.cohort_customers ELSE c.customers END) OVER (PARTITION BY c.cohort ORDER BY c.age) AS survivors
    FROM revenue.mrr_cohorts(cohort_ltv.ledger, cohort_ltv.period, cohort_ltv.from_date, cohort_ltv.to_date, cohort_ltv.options) AS c
  ), renewals AS (
    SELECT c.cohort, c.age, lag(c.survivors) OVER w AS at_risk, lag(c.survivors) OVER w - c.survivors AS lost
    FROM cells AS c WINDOW w AS (PARTITION BY c.cohort ORDER BY c.age)
  ), summed AS (
    SELECT r.cohort, r.age, sum(r.at_risk)::double precision AS at_risk, sum(r.lost)::double precision AS lost
    FROM renewals AS r WHERE r.age > 0 GROUP BY GROUPING SETS ((r.cohort, r.age), (r.age))
  ), fitted AS (
    SELECT s.cohort, max(s.age) AS renewals, sum(s.lost) / nullif(sum(s.at_risk), 0) AS churn,
      array_agg(s.at_risk ORDER BY s.age) AS at_risk, array_agg(s.lost ORDER BY s.age) AS lost
    FROM summed AS s GROUP BY s.cohort
  ), sizes AS (
    SELECT c.cohort, sum(c.cohort_customers) FILTER (WHERE c.age = 0) AS customers, sum(c.cohort_mrr) FILTER (WHERE c.age = 0) AS first_mrr,
      sum(c.customers) FILTER (WHERE c.is_last) AS customers_left, sum(c.mrr) FILTER (WHERE c.is_last) AS mrr_left
    FROM (SELECT c.*, c.age = max(c.age) OVER (PARTITION BY c.cohort) AS is_last FROM cells AS c) AS c
    GROUP BY GROUPING SETS ((c.cohort), ())
  )
  SELECT f.cohort, z.customers::bigint, f.renewals, z.customers_left::bigint, m.alpha, m.beta, m.log_likelihood, m.converged, m.method,
    x.arpa, revenue.sbg_ltv(m.alpha, m.beta, x.arpa * 12 / y.periods, cohort_ltv.gross_margin, cohort_ltv.discount_rate, y.periods),
    x.arpa_left, CASE WHEN f.cohort IS NOT NULL THEN revenue.sbg_ltv(m.alpha, m.beta, x.arpa_left * 12 / y.periods, cohort_ltv.gross_margin,
      cohort_ltv.discount_rate, y.periods, age => least(f.renewals, 10000)) END,
    s.ltv, s.basis
  FROM fitted AS f
  JOIN sizes AS z ON z.cohort IS NOT DISTINCT FROM f.cohort
  CROSS JOIN per_year AS y
  CROSS JOIN LATERAL revenue.fit_sbg_at_risk(f.at_risk, f.lost) AS m
  CROSS JOIN LATERAL (SELECT round(z.first_mrr / nullif(z.customers, 0), 6) AS arpa,
    round(z.mrr_left / nullif(z.customers_left, 0), 6) AS arpa_left) AS x
  CROSS JOIN LATERAL revenue.simple_ltv(x.arpa * 12 / y.periods, cohort_ltv.gross_margin, f.churn,
    'customers lost a ' || cohort_ltv.period || ' / customers before') AS s
  ORDER BY f.cohort NULLS LAST
$$;
COMMENT ON FUNCTION revenue.cohort_ltv IS
  'Lifetime value by cohort of first payment, from a ledger: the shifted beta-geometric model, ARPA and value of a new customer and of one who is left, with simple ARPA x margin / churn beside it. The last row, cohort NULL, is over all cohorts';

-- Repeat purchases ----------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.fit_bgnbd_add(internal, bigint, double precision, double precision)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_bgnbd_add';
CREATE OR REPLACE FUNCTION revenue.fit_bgnbd_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_bgnbd_merge';
CREATE OR REPLACE FUNCTION revenue.fit_bgnbd_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_bgnbd_serialize';
CREATE OR REPLACE FUNCTION revenue.fit_bgnbd_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_bgnbd_deserialize';
CREATE OR REPLACE FUNCTION revenue.fit_bgnbd_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_bgnbd_result';
CREATE OR REPLACE AGGREGATE revenue.fit_bgnbd(frequency bigint, recency double precision, age double precision) (
  SFUNC = revenue.fit_bgnbd_add, STYPE = internal, SSPACE = 10000, FINALFUNC = revenue.fit_bgnbd_result,
  COMBINEFUNC = revenue.fit_bgnbd_merge, SERIALFUNC = revenue.fit_bgnbd_serialize,
  DESERIALFUNC = revenue.fit_bgnbd_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_bgnbd(bigint, double precision, double precision) IS
  'The BG/NBD model of repeat purchases, from each customer''s number of repeats and the time from the first purchase to the last and to today: {r, alpha, a, b, log_likelihood, n, converged, method}';
COMMENT ON FUNCTION revenue.fit_bgnbd_add(internal, bigint, double precision, double precision) IS 'Part of the aggregate fit_bgnbd';
COMMENT ON FUNCTION revenue.fit_bgnbd_merge(internal, internal) IS 'Part of the aggregate fit_bgnbd';
COMMENT ON FUNCTION revenue.fit_bgnbd_serialize(internal) IS 'Part of the aggregate fit_bgnbd';
COMMENT ON FUNCTION revenue.fit_bgnbd_deserialize(bytea, internal) IS 'Part of the aggregate fit_bgnbd';
COMMENT ON FUNCTION revenue.fit_bgnbd_result(internal) IS 'Part of the aggregate fit_bgnbd';

CREATE OR REPLACE FUNCTION revenue.probability_alive(
  model jsonb, frequency bigint, recency double precision, age double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'probability_alive';
COMMENT ON FUNCTION revenue.probability_alive IS
  'The probability that a customer still buys, by the model of fit_bgnbd()';

CREATE OR REPLACE FUNCTION revenue.expected_purchases(
  model jsonb, frequency bigint, recency double precision, age double precision, horizon double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'expected_purchases';
COMMENT ON FUNCTION revenue.expected_purchases IS
  'Purchases to expect of a customer from now on within a time in the unit of age, by the model of fit_bgnbd()';

CREATE OR REPLACE FUNCTION revenue.fit_gamma_gamma_add(internal, bigint, double precision)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_gamma_gamma_add';
CREATE OR REPLACE FUNCTION revenue.fit_gamma_gamma_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_gamma_gamma_merge';
CREATE OR REPLACE FUNCTION revenue.fit_gamma_gamma_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_gamma_gamma_serialize';
CREATE OR REPLACE FUNCTION revenue.fit_gamma_gamma_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_gamma_gamma_deserialize';
CREATE OR REPLACE FUNCTION revenue.fit_gamma_gamma_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_gamma_gamma_result';
CREATE OR REPLACE AGGREGATE revenue.fit_gamma_gamma(frequency bigint, mean_value double precision) (
  SFUNC = revenue.fit_gamma_gamma_add, STYPE = internal, SSPACE = 10000, FINALFUNC = revenue.fit_gamma_gamma_result,
  COMBINEFUNC = revenue.fit_gamma_gamma_merge, SERIALFUNC = revenue.fit_gamma_gamma_serialize,
  DESERIALFUNC = revenue.fit_gamma_gamma_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_gamma_gamma(bigint, double precision) IS
  'The Gamma-Gamma model of what purchases are worth, from each customer''s number of purchases and their mean: {p, q, gamma, log_likelihood, n, converged, method}; NULL where nobody purchased';
COMMENT ON FUNCTION revenue.fit_gamma_gamma_add(internal, bigint, double precision) IS 'Part of the aggregate fit_gamma_gamma';
COMMENT ON FUNCTION revenue.fit_gamma_gamma_merge(internal, internal) IS 'Part of the aggregate fit_gamma_gamma';
COMMENT ON FUNCTION revenue.fit_gamma_gamma_serialize(internal) IS 'Part of the aggregate fit_gamma_gamma';
COMMENT ON FUNCTION revenue.fit_gamma_gamma_deserialize(bytea, internal) IS 'Part of the aggregate fit_gamma_gamma';
COMMENT ON FUNCTION revenue.fit_gamma_gamma_result(internal) IS 'Part of the aggregate fit_gamma_gamma';

CREATE OR REPLACE FUNCTION revenue.expected_purchase_value(
  model jsonb, frequency bigint, mean_value double precision)
RETURNS double precision
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'expected_purchase_value';
COMMENT ON FUNCTION revenue.expected_purchase_value IS
  'What a purchase of a customer is worth on average, between his own mean and that of all, by the model of fit_gamma_gamma(); frequency 0 = a new customer';
