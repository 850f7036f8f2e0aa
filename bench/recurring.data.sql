-- :periods subscription periods, five for each customer, over 36 months, as billing systems keep them: from the
-- first of a month to the first of another. Prices change, customers pause and come back, some hold two items,
-- one in seven is open. The rows stand in the order in which they came in, and customers are told by texts.
SET client_min_messages = warning;
SELECT setseed(0.5);
CREATE SCHEMA bench_mrr;
CREATE UNLOGGED TABLE bench_mrr.periods AS
SELECT format('cus_%s', substr(md5(customer::text), 1, 14)) AS customer, valid_from,
  CASE WHEN valid_to < '2025-01-01' THEN valid_to END AS valid_to, mrr
FROM (
  SELECT customer, ('2022-01-01'::date + make_interval(months => first))::date AS valid_from,
    ('2022-01-01'::date + make_interval(months => first + length))::date AS valid_to, mrr
  FROM (
    -- items of a customer one after the other, every fifth period beside the one before it
    SELECT customer, i, mrr, length, start + sum(CASE WHEN i = 1 OR beside THEN 0 ELSE step END) OVER (PARTITION BY customer ORDER BY i)::integer AS first
    FROM (
      SELECT customer, i, (10 * (1 + floor(random() * 40)))::numeric(18, 6) AS mrr, 1 + floor(7 * random())::integer AS length,
        CASE WHEN random() < 0.8 THEN 7 ELSE 8 END AS step, random() < 0.2 AS beside, customer % 10 AS start
      FROM generate_series(1, :periods / 5) AS customer, generate_series(1, 5) AS i
    ) AS drawn
  ) AS placed
) AS dated
ORDER BY valid_from, md5(customer::text || valid_from);
VACUUM (ANALYZE, FREEZE) bench_mrr.periods;

-- The most memory this session has had, in bytes, without the buffers that all sessions share.
CREATE FUNCTION bench_mrr.peak() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT 1024 * (sum(kb) FILTER (WHERE what = 'VmHWM') - sum(kb) FILTER (WHERE what = 'RssShmem'))
  FROM (SELECT m[1] AS what, m[2]::bigint AS kb
        FROM regexp_matches(pg_read_file('/proc/self/status'), '(VmHWM|RssShmem):\s*(\d+) kB', 'g') AS m) AS s
$$;
