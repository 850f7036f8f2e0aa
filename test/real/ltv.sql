-- Run by ltv.sh in the folder of the data.
\set ON_ERROR_STOP on
\pset footer off
CREATE EXTENSION revenue_intel;
CREATE TABLE retention (year integer, regular numeric, high_end numeric);
\copy retention FROM 'retention_sbg/customer_retention.csv' CSV HEADER
-- master id, sample id, day, quantity, dollars, in columns of spaces
CREATE TABLE lines (line text);
\copy lines FROM 'cdnow/CDNOW_sample.txt'
CREATE TABLE purchases AS
SELECT f[2] AS customer, f[3]::date AS day, sum(f[5]::numeric) AS value
FROM lines, regexp_split_to_array(trim(line), '\s+') AS f GROUP BY 1, 2;
-- 39 weeks to fit, from 1997-01-01 on; time in weeks
CREATE TABLE customers AS
SELECT customer, count(*) - 1 AS frequency, (max(day) - min(day)) / 7.0 AS recency, ('1997-09-30'::date - min(day)) / 7.0 AS age,
  (sum(value) - (array_agg(value ORDER BY day))[1]) / nullif(count(*) - 1, 0) AS mean_value
FROM purchases WHERE day <= '1997-09-30' GROUP BY customer;

CREATE TABLE found (what text, expected numeric, digits integer, found double precision);
INSERT INTO found
SELECT cohort || ' ' || v.what, v.expected, v.digits, v.found
FROM (SELECT 'high end' AS cohort, 0.668 AS a, 3.806 AS b, -1611.2 AS ll, array_agg((10 * high_end)::float8 ORDER BY year) FILTER (WHERE year <= 7) AS survivors FROM retention
      UNION ALL SELECT 'regular', 0.704, 1.182, -1680.3, array_agg((10 * regular)::float8 ORDER BY year) FILTER (WHERE year <= 7) FROM retention) AS c,
  revenue.fit_sbg(survivors) AS m,
  LATERAL (VALUES ('alpha', a, 3, m.alpha), ('beta', b, 3, m.beta), ('log-likelihood', ll, 1, m.log_likelihood), ('converged', 1, 0, m.converged::integer)) AS v(what, expected, digits, found);
INSERT INTO found
SELECT 'CDNOW ' || v.what, v.expected, v.digits, v.found
FROM (SELECT revenue.fit_bgnbd(frequency, recency, age) AS m FROM customers) AS f,
  LATERAL (VALUES ('r', 0.243, 3, (m ->> 'r')::float8), ('alpha', 4.414, 3, (m ->> 'alpha')::float8), ('a', 0.793, 3, (m ->> 'a')::float8),
    ('b', 2.426, 3, (m ->> 'b')::float8), ('log-likelihood', -9582.429, 3, (m ->> 'log_likelihood')::float8), ('customers', 2357, 0, (m ->> 'n')::float8),
    ('converged', 1, 0, (m ->> 'converged')::boolean::integer),
    ('purchases of (2, 30.43, 38.86) in 39 weeks', 1.226, 3, revenue.expected_purchases(m, 2, 30.43, 38.86, 39))) AS v(what, expected, digits, found);
-- Gamma-Gamma: p 6.25, q 3.74, gamma 15.44 of the 946 with a repeat purchase (Fader & Hardie 2013)
INSERT INTO found
SELECT 'CDNOW spend ' || v.what, v.expected, v.digits, v.found
FROM (SELECT revenue.fit_gamma_gamma(frequency, mean_value::float8) AS m FROM customers WHERE mean_value > 0) AS f,
  LATERAL (VALUES ('p', 6.25, 2, (m ->> 'p')::float8), ('q', 3.74, 2, (m ->> 'q')::float8), ('gamma', 15.44, 2, (m ->> 'gamma')::float8),
    ('customers', 946, 0, (m ->> 'n')::float8)) AS v(what, expected, digits, found);
SELECT what, expected, round(found::numeric, digits + 2) AS found FROM found;
-- How the fit does on the 39 weeks after it, which it has not seen.
SELECT round(sum(revenue.expected_purchases(m, frequency, recency, age, 39))::numeric) AS expected_later,
  (SELECT count(*) FROM purchases WHERE day > '1997-09-30') AS found_later
FROM (SELECT revenue.fit_bgnbd(frequency, recency, age) AS m FROM customers) AS f, customers;
\pset tuples_only on
\pset format unaligned
SELECT count(*) FILTER (WHERE same) || ' passed, ' || count(*) FILTER (WHERE NOT same) || ' failed'
FROM (SELECT round(found::numeric, digits) = expected AS same FROM found) AS checks;
