-- Random subscriptions of 150 customers, against plain SQL that knows nothing of the ledger: a row for every
-- customer and day, named by window functions. Every grouping, period and policy; 10,000 more histories are in
-- test/unit/mrr_waterfall_test.cpp.
\set ECHO none
SET client_min_messages = error;
SET datestyle = ISO;
CREATE EXTENSION revenue_intel;
SELECT setseed(0.4) \g /dev/null
CREATE TABLE periods AS
SELECT 'c' || c AS customer, (ARRAY['smb', 'mid', 'top'])[1 + c % 3] AS segment, (ARRAY['north', 'south'])[1 + c % 2] AS region,
  valid_from, CASE WHEN last AND r < 0.5 THEN NULL ELSE valid_to END AS valid_to, mrr, revalued_from
FROM (
  SELECT c, item, valid_from, lead(valid_from, 1, valid_from + 25) OVER w - CASE WHEN gap < 0.3 THEN (25 * gap)::integer ELSE 0 END AS valid_to,
    lead(valid_from) OVER w IS NULL AS last, r, mrr,
    -- the same item goes on at another rate
    CASE WHEN r < 0.3 AND lag(gap) OVER w >= 0.3 AND lag(valid_from) OVER w < valid_from THEN lag(mrr) OVER w END AS revalued_from
  FROM (
    SELECT c, item, '2024-01-01'::date + (350 * random())::integer AS valid_from, random() AS gap, random() AS r,
      round((100 * random())::numeric, (6 * random())::integer) AS mrr
    FROM generate_series(1, 150) AS c, generate_series(1, 1 + c % 2) AS item, generate_series(1, 1 + c % 5) AS i
  ) AS drawn
  WINDOW w AS (PARTITION BY c, item ORDER BY valid_from, r)
) AS cut WHERE valid_from < '2024-12-20';
DELETE FROM periods WHERE valid_to < valid_from;

-- What each customer pays at the end of each day. fx: the part of the day's change that is revaluation.
CREATE TABLE days AS
SELECT customer, segment, region, day, coalesce(sum(mrr) FILTER (WHERE day >= valid_from AND (valid_to IS NULL OR day < valid_to)), 0) AS mrr,
  coalesce(sum(mrr - revalued_from) FILTER (WHERE day = valid_from AND valid_from IS DISTINCT FROM valid_to), 0) AS fx
FROM periods, generate_series(DATE '2023-12-31', DATE '2025-01-31', '1 day') AS d, LATERAL (SELECT d::date AS day) AS s
GROUP BY customer, segment, region, day;

-- A gap of up to so many days is filled with what was paid before it.
CREATE TABLE filled AS
WITH runs AS (
  SELECT *, count(*) FILTER (WHERE mrr > 0) OVER (PARTITION BY customer ORDER BY day) AS run FROM days
), known AS (
  SELECT *, first_value(mrr) OVER (PARTITION BY customer, run ORDER BY day) AS held,
    count(*) OVER (PARTITION BY customer, run) - 1 AS zeros, max(run) OVER (PARTITION BY customer) AS last_run
  FROM runs
)
SELECT gap, customer, segment, region, day, fx,
  CASE WHEN mrr = 0 AND run > 0 AND zeros <= gap AND run < last_run THEN held ELSE mrr END AS mrr
FROM known, unnest('{0,3,5}'::integer[]) AS gap;
CREATE INDEX ON filled (gap);
ANALYZE;

-- unit: what is netted before it is named; within: days in which a return is a reactivation
CREATE FUNCTION named(gap integer, unit text, within integer)
RETURNS TABLE (customer text, segment text, region text, day date, kind text, amount numeric) LANGUAGE sql AS $$
  WITH placed AS (
    SELECT f.*, date_trunc(unit, f.day)::date AS start, max(f.day) FILTER (WHERE f.mrr = 0) OVER (PARTITION BY f.customer, date_trunc(unit, f.day)) AS gone_on
    FROM filled AS f WHERE f.gap = named.gap
  ), netted AS (
    SELECT p.customer, p.segment, p.region, p.start AS day, (array_agg(p.mrr ORDER BY p.day DESC))[1] AS after, sum(p.fx) AS fx,
      sum(p.fx) FILTER (WHERE p.gone_on IS NULL OR p.day > p.gone_on) AS fx_since
    FROM placed AS p GROUP BY 1, 2, 3, 4
  ), steps AS (
    SELECT *, coalesce(lag(after) OVER w, 0) AS before, max(day) FILTER (WHERE after > 0) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS paid_on
    FROM netted WINDOW w AS (PARTITION BY customer ORDER BY day)
  ), revalued AS (
    -- of what came and went inside, the revaluation went too
    SELECT *, CASE WHEN before = 0 THEN coalesce(fx_since, 0) ELSE fx END AS part FROM steps
  )
  SELECT customer, segment, region, day, 'fx', part FROM revalued WHERE part <> 0
  UNION ALL
  SELECT customer, segment, region, day, CASE WHEN before = 0 AND paid_on IS NOT NULL AND (within IS NULL OR day - paid_on <= within + 1) THEN 'reactivation'
    WHEN before = 0 THEN 'new' WHEN after = 0 THEN 'churn' WHEN after > before + part THEN 'expansion' ELSE 'contraction' END,
    after - before - part
  FROM revalued WHERE after <> before + part OR (before = 0) <> (after = 0)
$$;
CREATE FUNCTION expected(unit text, gap integer, net boolean, within integer, dropped boolean)
RETURNS TABLE (segment text, region text, period_from date, opening numeric, new numeric, expansion numeric, reactivation numeric,
  contraction numeric, churn numeric, fx numeric, closing numeric, closing_customers bigint) LANGUAGE sql AS $$
  WITH moves AS (
    SELECT n.*, date_trunc(unit, n.day)::date AS period_from FROM named(gap, CASE WHEN net THEN unit ELSE 'day' END, within) AS n
  ), shown AS (
    SELECT m.*, dropped AND first_value(kind) OVER w = 'new' AND sum(amount) OVER (PARTITION BY customer, period_from) = 0 AS hidden
    FROM moves AS m WINDOW w AS (PARTITION BY customer, period_from ORDER BY day, kind <> 'fx')
  ), levels AS (
    SELECT f.customer, f.segment, f.region, date_trunc(unit, f.day)::date AS period_from, (array_agg(f.mrr ORDER BY f.day DESC))[1] AS mrr
    FROM filled AS f WHERE f.gap = expected.gap GROUP BY 1, 2, 3, 4
  ), closings AS (
    SELECT segment, region, period_from, sum(mrr) AS closing, count(*) FILTER (WHERE mrr > 0) AS customers
    FROM levels GROUP BY CUBE (segment, region), period_from
  ), sums AS (
    SELECT segment, region, period_from, coalesce(sum(amount) FILTER (WHERE kind = 'new'), 0) AS new,
      coalesce(sum(amount) FILTER (WHERE kind = 'expansion'), 0) AS expansion,
      coalesce(sum(amount) FILTER (WHERE kind = 'reactivation'), 0) AS reactivation,
      coalesce(sum(amount) FILTER (WHERE kind = 'contraction'), 0) AS contraction,
      coalesce(sum(amount) FILTER (WHERE kind = 'churn'), 0) AS churn, coalesce(sum(amount) FILTER (WHERE kind = 'fx'), 0) AS fx
    FROM shown WHERE NOT hidden GROUP BY CUBE (segment, region), period_from
  )
  SELECT c.segment, c.region, c.period_from,
    coalesce(lag(c.closing) OVER (PARTITION BY c.segment, c.region ORDER BY c.period_from), 0),
    coalesce(s.new, 0), coalesce(s.expansion, 0), coalesce(s.reactivation, 0), coalesce(s.contraction, 0), coalesce(s.churn, 0),
    coalesce(s.fx, 0), c.closing, c.customers
  FROM closings AS c LEFT JOIN sums AS s ON s.period_from = c.period_from
    AND s.segment IS NOT DISTINCT FROM c.segment AND s.region IS NOT DISTINCT FROM c.region
$$;
CREATE TABLE ledgers AS
SELECT segment, region, revenue.mrr_ledger_fx(customer, valid_from, valid_to, mrr, revalued_from) AS ledger
FROM periods GROUP BY CUBE (segment, region);
CREATE TABLE probes (unit text, gap integer, net boolean, within integer, dropped boolean);
INSERT INTO probes
SELECT u.unit, o.* FROM unnest('{day,week,month,quarter,year}'::text[]) AS u(unit),
  (VALUES (0, false, NULL::integer, false), (5, false, NULL, false), (0, false, 20, true), (3, false, 0, true)) AS o;
INSERT INTO probes SELECT unit, 0, true, NULL, false FROM unnest('{day,week,month,quarter,year}'::text[]) AS u(unit);
ALTER TABLE probes ADD probe integer GENERATED ALWAYS AS IDENTITY;
CREATE TABLE wanted AS
SELECT p.probe, e.* FROM probes AS p, expected(p.unit, p.gap, p.net, p.within, p.dropped) AS e;
CREATE TABLE found AS
SELECT p.probe, l.segment, l.region, w.*
FROM probes AS p, ledgers AS l, revenue.mrr_waterfall(l.ledger, p.unit, '2023-12-31', '2025-02-01', jsonb_build_object(
  'reactivation_gap_days', p.gap, 'period_net', p.net, 'reactivation', coalesce(to_jsonb(p.within), '"any_time"'),
  'same_period_new_churn', CASE WHEN p.dropped THEN 'dropped' ELSE 'both' END)) AS w;
\set ECHO all
SELECT count(DISTINCT customer) AS customers, count(*) > 500 AS enough_periods, count(revalued_from) > 20 AS enough_revaluations FROM periods;
SELECT p.unit, p.gap, p.net, p.within, p.dropped, count(*) > 20 AS enough, bool_and((w.opening, w.new, w.expansion, w.reactivation, w.contraction, w.churn, w.fx, w.closing, w.closing_customers)
    IS NOT DISTINCT FROM (f.opening, f.new, f.expansion, f.reactivation, f.contraction, f.churn, f.fx, f.closing, f.closing_customers)) AS as_plain_sql,
  bool_and(f.opening + f.new + f.expansion + f.reactivation + f.contraction + f.churn + f.fx = f.closing) AS identity
FROM (SELECT *, coalesce(segment, '') || '/' || coalesce(region, '') AS part FROM wanted) AS w
FULL JOIN (SELECT *, coalesce(segment, '') || '/' || coalesce(region, '') AS part FROM found) AS f USING (probe, part, period_from)
JOIN probes AS p USING (probe) GROUP BY p.probe, p.unit, p.gap, p.net, p.within, p.dropped ORDER BY p.probe;
SELECT kind, count(*) > 20 AS enough FROM named(0, 'day', NULL) GROUP BY kind ORDER BY kind;
-- what a customer's movements are, by name and to the last unit
SELECT count(*) AS differing FROM (SELECT customer, day, kind, amount FROM named(3, 'day', 20)) AS e
FULL JOIN (SELECT c.customer, c.day, c.kind, c.amount FROM ledgers, revenue.mrr_changes(ledger, options => '{"reactivation_gap_days": 3, "reactivation": 20}') AS c
  WHERE segment IS NULL AND region IS NULL) AS f USING (customer, day, kind, amount)
WHERE e IS NULL OR f IS NULL;
\set ECHO none
DROP EXTENSION revenue_intel CASCADE;
