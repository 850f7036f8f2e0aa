-- Lifetime value: contracts (shifted beta-geometric), repeat purchases (BG/NBD, Gamma-Gamma), ARPA / churn.
\set ECHO none
SET client_min_messages = error;
SET datestyle = ISO;
CREATE EXTENSION revenue_intel;
CREATE FUNCTION pg_temp.error_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE code text; message text; detail text;
BEGIN
  EXECUTE statement;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' / ', code, message, nullif(detail, ''));
END $$;
\set ECHO all

-- DEFINITIONS: two cohorts of 1000, to the digits published
SELECT round(alpha::numeric, 3) AS alpha, round(beta::numeric, 3) AS beta, round(log_likelihood::numeric, 1) AS log_likelihood, converged, method
FROM (VALUES (1, ARRAY[1000, 869, 743, 653, 593, 551, 517, 491]), (2, ARRAY[1000, 631, 468, 382, 326, 289, 262, 241])) AS v(i, survivors),
  revenue.fit_sbg(survivors) ORDER BY i;
SELECT period, round(survival::numeric, 4) AS survival, round(retention::numeric, 4) AS retention, round(churn_share::numeric, 4) AS churn_share
FROM revenue.sbg_curve(0.668, 3.806, 4);

-- P(1) = a / (a + b), P(t) = P(t - 1) (b + t - 2) / (a + b + t - 1), and the discounted sum of what is left
WITH RECURSIVE p AS (
  SELECT 1 AS t, 0.668 / 4.474 AS churn_share, 1 - 0.668 / 4.474 AS survival
  UNION ALL
  SELECT t + 1, churn_share * (3.806 + t - 1) / (4.474 + t), survival - churn_share * (3.806 + t - 1) / (4.474 + t) FROM p WHERE t < 500
)
SELECT bool_and(abs(c.churn_share / p.churn_share::float8 - 1) < 1e-9 AND abs(c.survival / p.survival::float8 - 1) < 1e-9) AS same_curve,
  abs(max(v.ltv) - 100 * 0.8 * (1 + sum(p.survival / 1.1 ^ p.t))) < 1e-6 AS same_value
FROM p JOIN revenue.sbg_curve(0.668, 3.806, 500) AS c ON c.period = p.t, revenue.sbg_ltv(0.668, 3.806, 100, 0.8) AS v(ltv);
-- both settings: the discount, and when the first payment is
SELECT revenue.sbg_ltv(0.668, 3.806, 100) AS a_year, revenue.sbg_ltv(0.668, 3.806, 100, discount_rate => 0.2) AS at_20_percent,
  revenue.sbg_ltv(0.668, 3.806, 100, in_advance => false) AS in_arrears, revenue.sbg_ltv(0.668, 3.806, 100, periods => 3) AS three_payments,
  revenue.sbg_ltv(0.668, 3.806, 100, age => 5) AS after_five_renewals, revenue.sbg_ltv(0.668, 3.806, 100, periods_per_year => 12) AS by_month;
SELECT * FROM revenue.simple_ltv(100, 0.8, 0.02, 'logo churn a month');
SELECT * FROM revenue.simple_ltv(100, 0.8, 0, 'logo churn a month');

-- flat likelihoods: the rate is kept, and the flag says so
SELECT survivors, converged, method, round((beta / (alpha + beta))::numeric, 2) AS renewal
FROM (VALUES (1, '{1000,900}'::float8[]), (2, '{1000,1000,1000}'), (3, '{1000,0}'), (4, '{1000,800,640,512,410}'), (5, '{1,1}')) AS v(i, survivors),
  revenue.fit_sbg(survivors) ORDER BY i;
SELECT count(*) FROM revenue.fit_sbg(NULL);

-- by cohort, from a ledger: 400 customers a quarter, each quarter as many renewing as the model has it
CREATE TABLE periods AS
SELECT 'c' || q || '-' || i AS customer, start::date AS valid_from, (start + make_interval(months => 3 * t.renewals))::date AS valid_to, 30 + q AS mrr
FROM generate_series(0, 7) AS q, generate_series(1, 400) AS i,
  LATERAL (SELECT '2022-01-01'::timestamp + make_interval(months => 3 * q)) AS s(start),
  LATERAL (SELECT min(period)::integer AS renewals FROM revenue.sbg_curve(0.8, 2.5, 100) WHERE survival < (i - 0.5) / 400) AS t;
SELECT cohort, customers, renewals, customers_left, round(alpha::numeric, 1) AS alpha, round(beta::numeric, 1) AS beta, converged, method, arpa, ltv > simple_ltv AS more_than_simple, arpa_left, ltv_left > ltv AS grows, simple_basis
FROM revenue.cohort_ltv((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM periods), 'quarter', to_date => '2024-01-01', gross_margin => 0.8);
-- the pooled row is the fit of the sums, and a cohort's row the fit of its survivors
SELECT abs(l.alpha / f.alpha - 1) < 1e-6 AND abs(l.beta / f.beta - 1) < 1e-6 AS pooled
FROM revenue.cohort_ltv((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM periods), 'quarter', to_date => '2024-01-01') AS l,
  (SELECT array_agg(at_risk ORDER BY age) AS at_risk, array_agg(lost ORDER BY age) AS lost FROM (
    SELECT age, sum(before) AS at_risk, sum(before - customers) AS lost FROM (
      SELECT age, customers, lag(customers) OVER (PARTITION BY cohort ORDER BY age) AS before
      FROM revenue.mrr_cohorts((SELECT revenue.mrr_ledger(customer, valid_from, valid_to, mrr) FROM periods), 'quarter', to_date => '2024-01-01')) AS c
    WHERE age > 0 GROUP BY age) AS s) AS r, revenue.fit_sbg_at_risk(r.at_risk, r.lost) AS f
WHERE l.cohort IS NULL;

-- repeat purchases: the published expectation, and what a fit of drawn customers says
SELECT round(revenue.expected_purchases('{"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}', 2, 30.43, 38.86, 39)::numeric, 3) AS expected,
  round(revenue.probability_alive('{"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}', 2, 30.43, 38.86)::numeric, 4) AS alive;
SELECT setseed(0.3) \g /dev/null
CREATE TABLE buyers AS
WITH drawn AS (SELECT i, -0.15 * ln(random()) AS rate, random() AS leaves, 40 + i % 10 AS age FROM generate_series(1, 3000) AS i OFFSET 0),
  gaps AS (SELECT d.*, k, -ln(random()) / rate AS gap, random() < leaves AS last FROM drawn AS d, generate_series(1, 60) AS k OFFSET 0),
  bought AS (
    SELECT *, sum(gap) OVER w AS at, coalesce(bool_or(last) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS gone
    FROM gaps WINDOW w AS (PARTITION BY i ORDER BY k))
SELECT i, count(*) FILTER (WHERE at <= age AND NOT gone) AS x, coalesce(max(at) FILTER (WHERE at <= age AND NOT gone), 0) AS recency, age::float8 AS age,
  CASE WHEN bool_or(at <= age AND NOT gone) THEN (20 + 60 * max(leaves)) * (1 + (random() - 0.5) / sqrt(count(*) FILTER (WHERE at <= age AND NOT gone))) END AS mean_value
FROM bought GROUP BY i, age;
SELECT m ->> 'n' AS n, m ->> 'converged' AS converged, m ->> 'method' AS method, (m ->> 'r')::float8 BETWEEN 0.8 AND 1.2 AS r, (m ->> 'a')::float8 BETWEEN 0.7 AND 1.4 AS a,
  abs((SELECT sum(revenue.expected_purchases(m, 0, 0, 0, b.age)) FROM buyers AS b) / (SELECT sum(x) FROM buyers) - 1) < 0.1 AS fits
FROM (SELECT revenue.fit_bgnbd(x, recency, age) AS m FROM buyers) AS f;
SELECT m ->> 'n' AS n, m ->> 'converged' AS converged, round(revenue.expected_purchase_value(m, 0, NULL)::numeric) AS of_a_new_one,
  revenue.expected_purchase_value(m, 1, 500) BETWEEN 60 AND 499 AS between
FROM (SELECT revenue.fit_gamma_gamma(x, coalesce(mean_value, 0)) AS m FROM buyers) AS f;
-- in any order and in parallel to the last bit
SELECT count(DISTINCT m) AS fits FROM (
  SELECT revenue.fit_bgnbd(x, recency, age ORDER BY i) AS m FROM buyers UNION ALL SELECT revenue.fit_bgnbd(x, recency, age ORDER BY -i) FROM buyers) AS f;
SELECT revenue.fit_bgnbd(0, 0, 10) ->> 'method' AS flat, revenue.fit_gamma_gamma(3, 20) ->> 'method' AS flat;
SELECT revenue.fit_bgnbd(x, recency, age) IS NULL AS none, revenue.fit_gamma_gamma(0, 0) IS NULL AS none,
  revenue.probability_alive(NULL, 1, 2, 3) IS NULL AS none, revenue.expected_purchase_value(NULL, 1, 2) IS NULL AS none FROM buyers WHERE false;

-- errors
SELECT statement, pg_temp.error_of('SELECT ' || statement) FROM unnest(ARRAY[
  $$revenue.fit_sbg('{}')$$, $$revenue.fit_sbg('{5}')$$, $$revenue.fit_sbg('{5,6}')$$, $$revenue.fit_sbg('{0,0}')$$, $$revenue.fit_sbg('{NaN,1}')$$,
  $$revenue.fit_sbg('{5,NULL}')$$, $$revenue.fit_sbg_at_risk('{5,4}', '{1}')$$, $$revenue.fit_sbg_at_risk('{5}', '{6}')$$,
  $$revenue.sbg_curve(0, 1, 3)$$, $$revenue.sbg_curve(1, 1, 10001)$$, $$revenue.sbg_ltv(1, 1, 100, 1.5)$$, $$revenue.sbg_ltv(1, 1, 100, 1, -0.1)$$,
  $$revenue.sbg_ltv(0.5, 1, 100, 1, 0)$$, $$revenue.sbg_ltv(1, 1, 100, periods_per_year => 0)$$, $$revenue.sbg_ltv(1.000001, 1e9, 9e12)$$,
  $$revenue.simple_ltv(100, 0.8, 1.2, 'churn')$$, $$revenue.fit_bgnbd(1, 0, 5)$$, $$revenue.fit_bgnbd(1, 6, 5)$$, $$revenue.fit_bgnbd(-1, 0, 5)$$,
  $$revenue.fit_gamma_gamma(1, 0)$$, $$revenue.expected_purchase_value('{"p": 6, "q": 3, "gamma": 15}', 3, NULL)$$, $$revenue.expected_purchases('{"r": 1}', 1, 2, 3, 4)$$, $$revenue.expected_purchases('{"r": 1, "alpha": 1, "a": 1, "b": 1}', 1, 2, 3, -4)$$,
  $$revenue.probability_alive('[]', 1, 2, 3)$$, $$revenue.expected_purchase_value('{"p": 1, "q": 0.5, "gamma": 1}', 0, 0)$$]) AS statement;
-- Where nobody leaves, purchases grow with time for good; what cannot be computed far ahead is an error.
SELECT h, round((revenue.expected_purchases('{"r": 1000, "alpha": 1700, "a": 1e-9, "b": 1}', 3, 5, 10, h) / (1003.0 / 1710 * h))::numeric, 6) AS of_the_rate FROM unnest('{1,1000,1e6}'::float8[]) AS h;
SELECT revenue.expected_purchases('{"r": 100, "alpha": 1700, "a": 0.5, "b": 2}', 3, 5, 10, 36500);

\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
