-- The room recurring: when ARR reaches a milestone.

CREATE OR REPLACE FUNCTION revenue.simulate_arr(
  current_arr double precision, target double precision, added double precision[], growth double precision[],
  months double precision, draws integer DEFAULT 10000, block integer DEFAULT 3, seed bigint DEFAULT 1)
RETURNS TABLE (
  probability double precision, months_p10 double precision, months_p50 double precision, months_p90 double precision,
  arr_p10 double precision, arr_p50 double precision, arr_p90 double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 1 AS 'MODULE_PATHNAME', 'simulate_arr';
COMMENT ON FUNCTION revenue.simulate_arr IS
  'Paths of ARR drawn from past months in blocks: the probability to reach the target within so many months, when 10, 50 and 90 of 100 paths are there (NULL = not within 20 years), and the ARR then. added = new and reactivation of each month, growth = (expansion + contraction + churn) / opening';
