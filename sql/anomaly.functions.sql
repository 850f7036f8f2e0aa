-- The room anomaly: what is out of line with a metric's own past, and what explains a change.

CREATE OR REPLACE FUNCTION revenue.fit_detector_add(internal, timestamptz, double precision)
RETURNS internal LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_add';
COMMENT ON FUNCTION revenue.fit_detector_add IS 'Part of the aggregate fit_detector';
CREATE OR REPLACE FUNCTION revenue.fit_detector_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_merge';
COMMENT ON FUNCTION revenue.fit_detector_merge IS 'Part of the aggregate fit_detector';
CREATE OR REPLACE FUNCTION revenue.fit_detector_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_serialize';
COMMENT ON FUNCTION revenue.fit_detector_serialize IS 'Part of the aggregate fit_detector';
CREATE OR REPLACE FUNCTION revenue.fit_detector_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_deserialize';
COMMENT ON FUNCTION revenue.fit_detector_deserialize IS 'Part of the aggregate fit_detector';
CREATE OR REPLACE FUNCTION revenue.fit_detector_result(internal)
RETURNS revenue.detector_model LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_result';
COMMENT ON FUNCTION revenue.fit_detector_result IS 'Part of the aggregate fit_detector';
CREATE OR REPLACE AGGREGATE revenue.fit_detector(ts timestamptz, value double precision) (
  SFUNC = revenue.fit_detector_add, STYPE = internal, FINALFUNC = revenue.fit_detector_result,
  COMBINEFUNC = revenue.fit_detector_merge, SERIALFUNC = revenue.fit_detector_serialize,
  DESERIALFUNC = revenue.fit_detector_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_detector(timestamptz, double precision) IS
  'A series of dates and values, in any order, ready for detect(), change_points() and describe(). The period (day, week, month, quarter, year, part of a day) follows from the dates; rows of one period add up; a value of NULL is known to be missing';

CREATE OR REPLACE FUNCTION revenue.fit_detector_with_add(internal, timestamptz, double precision, jsonb)
RETURNS internal LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_with_add';
COMMENT ON FUNCTION revenue.fit_detector_with_add IS 'Part of the aggregate fit_detector with options';
CREATE OR REPLACE FUNCTION revenue.fit_detector_with_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_with_merge';
COMMENT ON FUNCTION revenue.fit_detector_with_merge IS 'Part of the aggregate fit_detector with options';
CREATE OR REPLACE FUNCTION revenue.fit_detector_with_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_with_serialize';
COMMENT ON FUNCTION revenue.fit_detector_with_serialize IS 'Part of the aggregate fit_detector with options';
CREATE OR REPLACE FUNCTION revenue.fit_detector_with_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_with_deserialize';
COMMENT ON FUNCTION revenue.fit_detector_with_deserialize IS 'Part of the aggregate fit_detector with options';
CREATE OR REPLACE FUNCTION revenue.fit_detector_with_result(internal)
RETURNS revenue.detector_model LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_detector_with_result';
COMMENT ON FUNCTION revenue.fit_detector_with_result IS 'Part of the aggregate fit_detector with options';
CREATE OR REPLACE AGGREGATE revenue.fit_detector(ts timestamptz, value double precision, options jsonb) (
  SFUNC = revenue.fit_detector_with_add, STYPE = internal, FINALFUNC = revenue.fit_detector_with_result,
  COMBINEFUNC = revenue.fit_detector_with_merge, SERIALFUNC = revenue.fit_detector_with_serialize,
  DESERIALFUNC = revenue.fit_detector_with_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_detector(timestamptz, double precision, jsonb) IS
  'The same with options: calendar, period, gather, holidays, fiscal_year_start, baseline_days, minimum_points';

CREATE OR REPLACE FUNCTION revenue.fit_ratio_detector_add(internal, timestamptz, bigint, bigint, jsonb)
RETURNS internal LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_ratio_detector_add';
COMMENT ON FUNCTION revenue.fit_ratio_detector_add IS 'Part of the aggregate fit_ratio_detector';
CREATE OR REPLACE FUNCTION revenue.fit_ratio_detector_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_ratio_detector_merge';
COMMENT ON FUNCTION revenue.fit_ratio_detector_merge IS 'Part of the aggregate fit_ratio_detector';
CREATE OR REPLACE FUNCTION revenue.fit_ratio_detector_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_ratio_detector_serialize';
COMMENT ON FUNCTION revenue.fit_ratio_detector_serialize IS 'Part of the aggregate fit_ratio_detector';
CREATE OR REPLACE FUNCTION revenue.fit_ratio_detector_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_ratio_detector_deserialize';
COMMENT ON FUNCTION revenue.fit_ratio_detector_deserialize IS 'Part of the aggregate fit_ratio_detector';
CREATE OR REPLACE FUNCTION revenue.fit_ratio_detector_result(internal)
RETURNS revenue.detector_model LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'fit_ratio_detector_result';
COMMENT ON FUNCTION revenue.fit_ratio_detector_result IS 'Part of the aggregate fit_ratio_detector';
CREATE OR REPLACE AGGREGATE revenue.fit_ratio_detector(ts timestamptz, successes bigint, trials bigint, options jsonb) (
  SFUNC = revenue.fit_ratio_detector_add, STYPE = internal, FINALFUNC = revenue.fit_ratio_detector_result,
  COMBINEFUNC = revenue.fit_ratio_detector_merge, SERIALFUNC = revenue.fit_ratio_detector_serialize,
  DESERIALFUNC = revenue.fit_ratio_detector_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.fit_ratio_detector(timestamptz, bigint, bigint, jsonb) IS
  'The same for a rate, whose noise is that of drawing so many trials: below minimum_n (20) of them nothing is judged. options may be NULL';

CREATE OR REPLACE FUNCTION revenue.detect(model revenue.detector_model, sensitivity text DEFAULT 'medium')
RETURNS TABLE (ts timestamptz, value double precision, expected double precision, lower double precision, upper double precision,
  score double precision, is_anomaly boolean, kind text)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 365 AS 'MODULE_PATHNAME', 'detect';
COMMENT ON FUNCTION revenue.detect IS
  'Every period with what was to be expected of it from what came before, the bounds of a single value, and the score in sigmas: 2 means that only 4.6 % of all 90 days without an anomaly have such a point. Sensitivity low, medium, high = 3, 2, 1.5 sigmas. Kinds: spike, drop, shift_up, shift_down, missing, flat; learning, incomplete and too_few where nothing is judged';

CREATE OR REPLACE FUNCTION revenue.change_points(model revenue.detector_model)
RETURNS TABLE (ts timestamptz, noticed timestamptz, level_before double precision, level_after double precision,
  change double precision, score double precision)
LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'change_points';
COMMENT ON FUNCTION revenue.change_points IS
  'The levels that a series left for good: since when, when that was certain, and the level before and after, without effects of the calendar';

CREATE OR REPLACE FUNCTION revenue.describe(model revenue.detector_model)
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'describe_detector';
COMMENT ON FUNCTION revenue.describe(revenue.detector_model) IS
  'How a series is read: period, points, whether there is enough of a baseline and why not, scale, level and noise now, anomalies at medium sensitivity, level shifts, effects of the calendar';

CREATE OR REPLACE FUNCTION revenue.anomaly_score_add(internal, timestamptz, double precision)
RETURNS internal LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'anomaly_score_add';
COMMENT ON FUNCTION revenue.anomaly_score_add IS 'Part of the aggregate anomaly_score';
CREATE OR REPLACE FUNCTION revenue.anomaly_score_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'anomaly_score_merge';
COMMENT ON FUNCTION revenue.anomaly_score_merge IS 'Part of the aggregate anomaly_score';
CREATE OR REPLACE FUNCTION revenue.anomaly_score_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'anomaly_score_serialize';
COMMENT ON FUNCTION revenue.anomaly_score_serialize IS 'Part of the aggregate anomaly_score';
CREATE OR REPLACE FUNCTION revenue.anomaly_score_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'anomaly_score_deserialize';
COMMENT ON FUNCTION revenue.anomaly_score_deserialize IS 'Part of the aggregate anomaly_score';
CREATE OR REPLACE FUNCTION revenue.anomaly_score_result(internal)
RETURNS double precision LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'anomaly_score_result';
COMMENT ON FUNCTION revenue.anomaly_score_result IS 'Part of the aggregate anomaly_score';
CREATE OR REPLACE AGGREGATE revenue.anomaly_score(ts timestamptz, value double precision) (
  SFUNC = revenue.anomaly_score_add, STYPE = internal, FINALFUNC = revenue.anomaly_score_result,
  COMBINEFUNC = revenue.anomaly_score_merge, SERIALFUNC = revenue.anomaly_score_serialize,
  DESERIALFUNC = revenue.anomaly_score_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.anomaly_score(timestamptz, double precision) IS
  'The score of the latest period, as detect() gives it, NULL while the baseline is learned. As a window function, OVER (PARTITION BY metric ORDER BY ts), each row is judged by those before it at the cost of that row alone';

CREATE OR REPLACE FUNCTION revenue.anomaly_severity(
  score double precision, at_stake double precision DEFAULT NULL, material double precision DEFAULT NULL)
RETURNS text LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'anomaly_severity';
COMMENT ON FUNCTION revenue.anomaly_severity IS
  'How urgent an anomaly is, low, medium, high or critical: a step up for each of a score of 3 and of 4.5 sigmas, and for money at stake of at least the material amount and of ten times that; a step down below a tenth of it';

CREATE OR REPLACE FUNCTION revenue.explain_change_add(internal, text, numeric, numeric)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_change_add';
COMMENT ON FUNCTION revenue.explain_change_add IS 'Part of the aggregate explain_change';
CREATE OR REPLACE FUNCTION revenue.explain_change_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_change_merge';
COMMENT ON FUNCTION revenue.explain_change_merge IS 'Part of the aggregate explain_change';
CREATE OR REPLACE FUNCTION revenue.explain_change_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_change_serialize';
COMMENT ON FUNCTION revenue.explain_change_serialize IS 'Part of the aggregate explain_change';
CREATE OR REPLACE FUNCTION revenue.explain_change_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_change_deserialize';
COMMENT ON FUNCTION revenue.explain_change_deserialize IS 'Part of the aggregate explain_change';
CREATE OR REPLACE FUNCTION revenue.explain_change_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_change_result';
COMMENT ON FUNCTION revenue.explain_change_result IS 'Part of the aggregate explain_change';
CREATE OR REPLACE AGGREGATE revenue.explain_change(segment text, before_value numeric, after_value numeric) (
  SFUNC = revenue.explain_change_add, STYPE = internal, FINALFUNC = revenue.explain_change_result,
  COMBINEFUNC = revenue.explain_change_merge, SERIALFUNC = revenue.explain_change_serialize,
  DESERIALFUNC = revenue.explain_change_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.explain_change(text, numeric, numeric) IS
  'Which segments explain the change of a total: {before, after, change, affected_segment, segments: [{segment, before, after, change, share}]}, the largest change first; their changes add up to the whole, to the last unit. NULL is 0: new or gone. change_drivers() reads it as rows';

CREATE OR REPLACE FUNCTION revenue.explain_rate_change_add(internal, text, numeric, numeric, numeric, numeric)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_rate_change_add';
COMMENT ON FUNCTION revenue.explain_rate_change_add IS 'Part of the aggregate explain_rate_change';
CREATE OR REPLACE FUNCTION revenue.explain_rate_change_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_rate_change_merge';
COMMENT ON FUNCTION revenue.explain_rate_change_merge IS 'Part of the aggregate explain_rate_change';
CREATE OR REPLACE FUNCTION revenue.explain_rate_change_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_rate_change_serialize';
COMMENT ON FUNCTION revenue.explain_rate_change_serialize IS 'Part of the aggregate explain_rate_change';
CREATE OR REPLACE FUNCTION revenue.explain_rate_change_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_rate_change_deserialize';
COMMENT ON FUNCTION revenue.explain_rate_change_deserialize IS 'Part of the aggregate explain_rate_change';
CREATE OR REPLACE FUNCTION revenue.explain_rate_change_result(internal)
RETURNS jsonb LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'explain_rate_change_result';
COMMENT ON FUNCTION revenue.explain_rate_change_result IS 'Part of the aggregate explain_rate_change';
CREATE OR REPLACE AGGREGATE revenue.explain_rate_change(segment text, before_numerator numeric, before_denominator numeric, after_numerator numeric, after_denominator numeric) (
  SFUNC = revenue.explain_rate_change_add, STYPE = internal, FINALFUNC = revenue.explain_rate_change_result,
  COMBINEFUNC = revenue.explain_rate_change_merge, SERIALFUNC = revenue.explain_rate_change_serialize,
  DESERIALFUNC = revenue.explain_rate_change_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.explain_rate_change(text, numeric, numeric, numeric, numeric) IS
  'Which segments explain the change of a rate, in percentage points: because their own rates changed (rate_effect) or their shares did (mix_effect): {before_rate, after_rate, change, rate_effect, mix_effect, affected_segment, segments: [{segment, before_rate, after_rate, rate_effect, mix_effect, effect}]}; the effects add up to the change, to the sixth decimal';

CREATE OR REPLACE FUNCTION revenue.change_drivers(explained jsonb)
RETURNS TABLE (rank bigint, segment text, change numeric, share double precision, rate_effect numeric, mix_effect numeric)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.rank, s.part ->> 'segment',
    coalesce(s.part ->> 'change', s.part ->> 'effect')::numeric,
    coalesce((s.part ->> 'share')::double precision,
      (s.part ->> 'effect')::double precision / nullif((explained ->> 'change')::double precision, 0)),
    (s.part ->> 'rate_effect')::numeric, (s.part ->> 'mix_effect')::numeric
  FROM jsonb_array_elements(explained -> 'segments') WITH ORDINALITY AS s(part, rank)
$$;
COMMENT ON FUNCTION revenue.change_drivers IS
  'What explain_change() or explain_rate_change() gave, as rows: the segments by the size of what they contribute, which adds up to the change';
