-- The room forecast: what a forecast would be if something went better or worse, and its pictures.

CREATE OR REPLACE FUNCTION revenue.probability_of(forecast jsonb, amount numeric) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (abs(amount) < 1e18) IS NOT TRUE OR jsonb_typeof(forecast -> 'quantiles') IS DISTINCT FROM 'array' OR EXISTS (
    SELECT FROM jsonb_array_elements(CASE jsonb_typeof(forecast -> 'quantiles') WHEN 'array' THEN forecast -> 'quantiles' ELSE '[]' END) AS q
    WHERE (CASE WHEN jsonb_typeof(q -> 'probability') = 'number' AND jsonb_typeof(q -> 'value') = 'number'
      THEN (q ->> 'probability')::numeric BETWEEN 0 AND 1 AND abs((q ->> 'value')::numeric) < 1e18 END) IS NOT TRUE) THEN
    IF forecast IS NULL OR amount IS NULL THEN RETURN NULL; END IF;
    RAISE EXCEPTION 'the quantiles or the amount cannot be read' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the answer of revenue.revenue_forecast() and an amount.';
  END IF;
  RETURN (
    WITH known AS (
      SELECT q.probability, q.value, lead(q.probability) OVER w AS next_probability, lead(q.value) OVER w AS next_value
      FROM jsonb_to_recordset(forecast -> 'quantiles') AS q(probability numeric, value numeric)
      WINDOW w AS (ORDER BY q.probability)
    )
    SELECT CASE WHEN min(k.value) > amount THEN 1 - min(k.probability) WHEN max(k.value) < amount THEN 1 - max(k.probability)
      ELSE 1 - max(CASE WHEN k.next_value IS NULL OR k.next_value = k.value THEN k.probability
        ELSE k.probability + (k.next_probability - k.probability) * greatest(least((amount - k.value) / (k.next_value - k.value), 1), 0) END)
        FILTER (WHERE k.value <= amount) END::double precision
    FROM known AS k);
END $$;
COMMENT ON FUNCTION revenue.probability_of IS
  'Probability that the forecast of revenue_forecast() is reached or exceeded by the amount, read from its quantiles; 0.05 and 0.95 stand for what lies beyond them';

CREATE OR REPLACE FUNCTION revenue.check_levers(levers jsonb, components text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known text[] := '{win_rate,deal_size,price,pipeline_growth,cycle_length,expansion,churn}';
  item record;
BEGIN
  IF jsonb_typeof(levers) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION 'levers must be a JSON object' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass relative changes, such as {"win_rate": 0.1, "cycle_length": -0.2}.';
  END IF;
  FOR item IN
    SELECT e.key, e.value, NULL::text AS component FROM jsonb_each(levers) AS e WHERE NOT e.key = ANY (components)
    UNION ALL
    SELECT i.key, i.value, e.key FROM jsonb_each(levers) AS e
    CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ELSE jsonb_build_object(e.key, e.value) END) AS i
    WHERE e.key = ANY (components)
  LOOP
    IF NOT item.key = ANY (known) THEN
      RAISE EXCEPTION 'unknown lever "%"', item.key USING ERRCODE = 'invalid_parameter_value',
        HINT = format('Levers are %s; the name of a component (%s) holds levers of it alone.', array_to_string(known, ', '), array_to_string(components, ', '));
    ELSIF jsonb_typeof(item.value) <> 'number' OR (item.value::numeric BETWEEN -0.99 AND 10) IS NOT TRUE THEN
      RAISE EXCEPTION 'lever "%" must be a number from -0.99 to 10', item.key USING ERRCODE = 'invalid_parameter_value',
        HINT = 'It is a relative change: 0.1 is 10 percent more.';
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.check_levers IS
  'An error with a hint where levers of forecast_scenario() are unknown or out of range';

-- Of MRR and ARR a lever multiplies its kind of movement, and what that makes is added to every outcome.
CREATE OR REPLACE FUNCTION revenue.mrr_scenario(baseline jsonb, levers jsonb, target numeric DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  effects jsonb;
  delta numeric;
  projected jsonb;
BEGIN
  PERFORM revenue.check_levers(levers, '{}');
  SELECT coalesce(jsonb_agg(jsonb_build_object('lever', l.lever, 'effect', l.effect) ORDER BY l.place), '[]'), coalesce(sum(l.effect), 0) INTO effects, delta
  FROM (
    SELECT e.lever, e.place, round(e.base * e.change * (CASE e.kind WHEN 'gained' THEN coalesce(exp(sum(ln(1 + e.change)) OVER (
      PARTITION BY e.kind ORDER BY e.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)), 1) ELSE 1 END), 2) AS effect
    FROM (
      SELECT k.lever, k.place, k.kind, CASE k.lever WHEN 'cycle_length' THEN 1 / (1 + (levers ->> k.lever)::numeric) - 1 ELSE (levers ->> k.lever)::numeric END AS change,
        coalesce((baseline -> 'movements' ->> k.kind)::numeric, 0) AS base
      FROM (VALUES ('win_rate', 1, 'gained'), ('deal_size', 2, 'gained'), ('price', 3, 'gained'), ('pipeline_growth', 4, 'gained'),
        ('cycle_length', 5, 'gained'), ('expansion', 6, 'expanded'), ('churn', 7, 'churned')) AS k(lever, place, kind)
      WHERE levers ? k.lever) AS e) AS l;
  projected := jsonb_build_object(
    'forecast', (baseline ->> 'forecast_amount')::numeric + delta,
    'intervals', (SELECT coalesce(jsonb_agg(jsonb_build_object('level', i.level, 'lower', greatest(i.lower + delta, 0), 'upper', greatest(i.upper + delta, 0)) ORDER BY i.level), '[]')
      FROM jsonb_to_recordset(coalesce(baseline -> 'intervals', '[]')) AS i(level double precision, lower numeric, upper numeric)),
    'quantiles', (SELECT coalesce(jsonb_agg(jsonb_build_object('probability', q.probability, 'value', greatest(q.value + delta, 0)) ORDER BY q.probability), '[]')
      FROM jsonb_to_recordset(coalesce(baseline -> 'quantiles', '[]')) AS q(probability double precision, value numeric)));
  RETURN jsonb_build_object(
    'metric', baseline -> 'metric', 'period', baseline -> 'period', 'period_from', baseline -> 'period_from', 'period_to', baseline -> 'period_to',
    'currency', baseline -> 'currency', 'closed', baseline -> 'closed',
    'baseline', jsonb_build_object('forecast', baseline -> 'forecast_amount', 'intervals', baseline -> 'intervals', 'quantiles', baseline -> 'quantiles'),
    'projected', projected,
    'delta', jsonb_build_object('value', CASE WHEN baseline ->> 'forecast_amount' IS NOT NULL THEN delta END,
      'percent', round(100 * delta / nullif((baseline ->> 'forecast_amount')::numeric, 0), 2)),
    'levers', effects, 'movements', baseline -> 'movements',
    'target', CASE WHEN target IS NOT NULL THEN jsonb_build_object('amount', target,
      'baseline_probability', round(revenue.probability_of(baseline, target)::numeric, 4),
      'projected_probability', round(revenue.probability_of(projected, target)::numeric, 4)) END);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.mrr_scenario FROM PUBLIC;
COMMENT ON FUNCTION revenue.mrr_scenario IS
  'For functions with the owner''s rights: forecast_scenario() of MRR and ARR, from the answer of revenue_forecast()';

-- Every lever multiplies what is still to come. What is closed stays.
CREATE OR REPLACE FUNCTION revenue.forecast_scenario(
  levers jsonb, period text DEFAULT 'quarter', metric text DEFAULT 'bookings', periods_ahead integer DEFAULT 0,
  target numeric DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  baseline jsonb := revenue.revenue_forecast(period, 'ensemble', metric, periods_ahead, as_of => as_of, org => chosen);
  names text[] := ARRAY(SELECT c ->> 'component' FROM jsonb_array_elements(baseline -> 'components') AS c);
  span record;
  closed numeric := (baseline ->> 'closed')::numeric;
  uncertain numeric := (baseline ->> 'forecast_amount')::numeric - (baseline ->> 'closed')::numeric;
  most_win numeric;
  repeat_share numeric;
  cycles jsonb;
  rows jsonb;
  factor numeric;
  projected jsonb;
BEGIN
  PERFORM revenue.check_levers(levers, names);
  IF NOT abs(target) < 1e18 THEN
    RAISE EXCEPTION 'target must be a number below 1e18' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out where there is none.';
  END IF;
  SELECT * INTO span FROM revenue.forecast_period(period, periods_ahead, as_of, chosen);
  IF metric <> 'bookings' THEN
    RETURN revenue.mrr_scenario(baseline, levers, target);
  END IF;
  -- A win rate stops where every open deal would be won.
  most_win := greatest((baseline -> 'inputs' ->> 'open_value')::numeric / nullif((baseline -> 'inputs' ->> 'open_expected')::numeric, 0), 1);
  -- How much of the last year came from accounts that had bought before.
  SELECT coalesce(sum(v.value) FILTER (WHERE v.since < v.won_in), 0)::numeric / nullif(sum(v.value), 0)::numeric INTO repeat_share
  FROM revenue.bookings_history(as_of, org => chosen) AS h
  CROSS JOIN LATERAL unnest(h.won_in, h.customer_since, h.value) AS v(won_in, since, value)
  WHERE h.total AND v.won_in >= h.months - 12;
  -- Faster deals: what would be won within the same days at another pace.
  SELECT jsonb_object_agg(x.change::text, (
    SELECT coalesce(sum(p.expected) FILTER (WHERE p.horizon = x.days), 0) / nullif(sum(p.expected) FILTER (WHERE p.horizon = x.usual), 0)
    FROM revenue.pipeline_expected(ARRAY[x.days, x.usual], as_of, org => chosen) AS p)) INTO cycles
  FROM (
    SELECT DISTINCT l.change, least(round((span.period_to - span.today) / (1 + l.change)), 10000)::integer AS days, span.period_to - span.today AS usual
    FROM (SELECT (levers ->> 'cycle_length')::numeric AS change
          UNION SELECT (levers -> n ->> 'cycle_length')::numeric FROM unnest(names) AS n) AS l WHERE l.change <> 0) AS x;

  WITH parts AS (
    SELECT c.component, c.contribution, l.lever, l.place, coalesce(
      (levers -> c.component ->> l.lever)::numeric, (levers ->> l.lever)::numeric, 0) AS change
    FROM jsonb_to_recordset(baseline -> 'components') AS c(component text, contribution numeric)
    CROSS JOIN (VALUES ('win_rate', 1), ('deal_size', 2), ('price', 3), ('pipeline_growth', 4), ('cycle_length', 5), ('expansion', 6), ('churn', 7))
      AS l(lever, place)
    WHERE c.contribution IS NOT NULL
  ), factors AS (
    SELECT p.*, CASE p.lever
      WHEN 'win_rate' THEN least(1 + p.change, coalesce(most_win, 1 + p.change))
      WHEN 'cycle_length' THEN coalesce((cycles ->> p.change::text)::numeric, 1)
      WHEN 'expansion' THEN 1 + coalesce(repeat_share, 0) * p.change
      WHEN 'churn' THEN greatest(1 - coalesce(repeat_share, 0) * p.change * coalesce((baseline -> 'inputs' ->> 'churn_risk')::numeric / 100, 0.1), 0)
      ELSE 1 + p.change END AS factor
    FROM parts AS p
  ), steps AS (
    SELECT f.*, f.contribution * coalesce(exp(sum(ln(greatest(f.factor, 1e-9))) OVER w), 1) AS after,
      f.contribution * coalesce(exp(sum(ln(greatest(f.factor, 1e-9))) OVER (PARTITION BY f.component ORDER BY f.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)), 1) AS before
    FROM factors AS f WINDOW w AS (PARTITION BY f.component ORDER BY f.place)
  )
  SELECT jsonb_build_object(
    'components', (SELECT jsonb_agg(jsonb_build_object('component', s.component, 'baseline', s.contribution, 'projected', round(s.after, 2)) ORDER BY s.contribution DESC, s.component)
                   FROM steps AS s WHERE s.place = 7),
    'projected', (SELECT sum(s.after) FROM steps AS s WHERE s.place = 7),
    'levers', (SELECT coalesce(jsonb_agg(jsonb_build_object('lever', l.lever, 'effect', round(l.effect, 2)) ORDER BY l.place), '[]')
               FROM (SELECT s.lever, s.place, sum(s.after - s.before) AS effect FROM steps AS s GROUP BY s.lever, s.place HAVING bool_or(s.change <> 0)) AS l))
  INTO rows;
  factor := coalesce((rows ->> 'projected')::numeric / nullif(uncertain, 0), 1);

  projected := jsonb_build_object(
    'forecast', trim_scale(closed + round(uncertain * factor, 2)),
    'intervals', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('level', i.level, 'lower', round(closed + (i.lower - closed) * factor, 2), 'upper', round(closed + (i.upper - closed) * factor, 2))
        ORDER BY i.level), '[]')
      FROM jsonb_to_recordset(baseline -> 'intervals') AS i(level double precision, lower numeric, upper numeric)),
    'quantiles', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('probability', q.probability, 'value', round(closed + (q.value - closed) * factor, 2)) ORDER BY q.probability), '[]')
      FROM jsonb_to_recordset(baseline -> 'quantiles') AS q(probability double precision, value numeric)));
  RETURN jsonb_build_object(
    'metric', metric, 'period', period, 'period_from', span.period_from, 'period_to', span.period_to, 'currency', baseline -> 'currency',
    'closed', baseline -> 'closed',
    'baseline', jsonb_build_object('forecast', baseline -> 'forecast_amount', 'intervals', baseline -> 'intervals', 'quantiles', baseline -> 'quantiles'),
    'projected', projected,
    'delta', jsonb_build_object('value', trim_scale((projected ->> 'forecast')::numeric - (baseline ->> 'forecast_amount')::numeric),
      'percent', round(100 * ((projected ->> 'forecast')::numeric / nullif((baseline ->> 'forecast_amount')::numeric, 0) - 1), 2)),
    'levers', rows -> 'levers', 'components', rows -> 'components', 'repeat_share', round(repeat_share, 4),
    'target', CASE WHEN target IS NOT NULL THEN jsonb_build_object('amount', target,
      'baseline_probability', round(revenue.probability_of(baseline, target)::numeric, 4),
      'projected_probability', round(revenue.probability_of(projected, target)::numeric, 4)) END);
END $$;
COMMENT ON FUNCTION revenue.forecast_scenario IS
  'The forecast of a period with relative changes of win_rate, deal_size, price, pipeline_growth, cycle_length, expansion and churn, for all components or, under the name of one, for it alone: baseline and projected with intervals and quantiles, what each lever does, and how probable a target becomes. Members and above';

-- Pictures ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.forecast_outlook(
  period text DEFAULT 'quarter', past integer DEFAULT 6, ahead integer DEFAULT 2, metric text DEFAULT 'bookings',
  levels double precision[] DEFAULT '{0.7,0.95}', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  period_from date, period_to date, actual numeric, expected numeric, lower numeric[], upper numeric[], reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_mergejoin = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  span record;
  answer jsonb;
  step interval := CASE forecast_outlook.period WHEN 'month' THEN interval '1 month' WHEN 'quarter' THEN interval '3 months' ELSE interval '1 year' END;
BEGIN
  IF (past BETWEEN 0 AND 100 AND ahead BETWEEN 1 AND 24) IS NOT TRUE THEN
    RAISE EXCEPTION 'past must be from 0 to 100 periods, and ahead from 1 to 24' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'ahead counts the running period.';
  END IF;
  SELECT * INTO span FROM revenue.forecast_period(period, 0, as_of, chosen);
  RETURN QUERY
  WITH spans AS (
    SELECT (span.period_from - step * i)::date AS starts, (span.period_from - step * (i - 1))::date AS ends FROM generate_series(1, past) AS i
  ), won AS (
    SELECT c.closed_on, sum(c.reporting_amount) AS value FROM revenue.closed_deals(as_of) AS c
    WHERE metric = 'bookings' AND c.org_id = chosen AND coalesce(c.won, false) GROUP BY c.closed_on
    UNION ALL  -- what there was at the end of a month counts on its last day
    SELECT m.period_to - 1, CASE metric WHEN 'arr' THEN m.closing_arr ELSE m.closing_mrr END
    FROM revenue.arr_monthly(span.today, org => chosen) AS m WHERE metric <> 'bookings'
  )
  SELECT s.starts, s.ends, trim_scale(coalesce(sum(w.value), 0)), NULL::numeric, NULL::numeric[], NULL::numeric[], o.base_currency
  FROM spans AS s
  JOIN revenue.orgs AS o ON o.org_id = chosen
  LEFT JOIN won AS w ON w.closed_on >= CASE metric WHEN 'bookings' THEN s.starts ELSE s.ends - 1 END AND w.closed_on < s.ends
  GROUP BY s.starts, s.ends, o.base_currency ORDER BY s.starts;
  FOR i IN 0 .. ahead - 1 LOOP
    answer := revenue.revenue_forecast(period, 'ensemble', metric, i, levels, as_of => as_of, org => chosen);
    RETURN QUERY
    SELECT a.period_from, a.period_to, CASE WHEN i = 0 AND metric = 'bookings' THEN a.closed END, a.forecast_amount,
      ARRAY(SELECT (e ->> 'lower')::numeric FROM jsonb_array_elements(a.intervals) AS e),
      ARRAY(SELECT (e ->> 'upper')::numeric FROM jsonb_array_elements(a.intervals) AS e), a.currency::char(3)
    FROM jsonb_to_record(answer) AS a(period_from date, period_to date, closed numeric, forecast_amount numeric, intervals jsonb, currency text);
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.forecast_outlook IS
  'What past periods brought, and the forecasts of the running one (actual = what is closed) and of those after it, with the bounds of the levels in their order. Members and above';

CREATE OR REPLACE FUNCTION revenue.forecast_chart(
  period text DEFAULT 'quarter', past integer DEFAULT 6, ahead integer DEFAULT 2, metric text DEFAULT 'bookings',
  as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT jsonb_build_object(
    '$schema', 'https://vega.github.io/schema/vega-lite/v5.json',
    'title', format('%s, %s', initcap(metric), min(o.reporting_currency)), 'width', 640, 'height', 320,
    'data', jsonb_build_object('values', jsonb_agg(jsonb_strip_nulls(jsonb_build_object('period', o.period_from, 'actual', o.actual, 'expected', o.expected,
      'lower_70', o.lower[1], 'upper_70', o.upper[1], 'lower_95', o.lower[2], 'upper_95', o.upper[2])) ORDER BY o.period_from)),
    'encoding', '{"x": {"field": "period", "type": "ordinal", "timeUnit": "yearmonth", "title": null}}'::jsonb,
    'layer', '[
      {"mark": {"type": "bar", "color": "#4c78a8", "tooltip": true}, "encoding": {"y": {"field": "actual", "type": "quantitative", "title": null}}},
      {"mark": {"type": "rule", "color": "#f58518", "strokeWidth": 3, "opacity": 0.5}, "encoding": {"y": {"field": "lower_95", "type": "quantitative"}, "y2": {"field": "upper_95"}}},
      {"mark": {"type": "rule", "color": "#f58518", "strokeWidth": 9, "opacity": 0.5}, "encoding": {"y": {"field": "lower_70", "type": "quantitative"}, "y2": {"field": "upper_70"}}},
      {"mark": {"type": "point", "color": "#222222", "filled": true, "size": 70, "tooltip": true}, "encoding": {"y": {"field": "expected", "type": "quantitative"}}}
    ]'::jsonb)
  FROM revenue.forecast_outlook(period, past, ahead, metric, '{0.7,0.95}', as_of, org) AS o
$$;
COMMENT ON FUNCTION revenue.forecast_chart IS
  'forecast_outlook() as a Vega-Lite specification with its data: bars of what came, points of what is expected, intervals of 70 and 95 percent';

CREATE OR REPLACE FUNCTION revenue.forecast_lines(
  period text DEFAULT 'quarter', past integer DEFAULT 6, ahead integer DEFAULT 2, width integer DEFAULT 40,
  metric text DEFAULT 'bookings', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS SETOF text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (width BETWEEN 10 AND 200) IS NOT TRUE THEN
    RAISE EXCEPTION 'width must be from 10 to 200 letters' USING ERRCODE = 'invalid_parameter_value', HINT = 'The default is 40.';
  END IF;
  RETURN QUERY
  WITH outlook AS (
    SELECT o.*, nullif(greatest(max(o.actual) OVER (), max(o.upper[1]) OVER (), max(o.expected) OVER ()), 0) AS most
    FROM revenue.forecast_outlook(period, past, ahead, metric, '{0.7}', as_of, org) AS o
  ), places AS (
    SELECT o.*, round(width * greatest(coalesce(o.actual, 0), 0) / o.most)::integer AS bar, round(width * greatest(o.expected, 0) / o.most)::integer AS dot,
      round(width * greatest(o.lower[1], 0) / o.most)::integer AS low, round(width * greatest(o.upper[1], 0) / o.most)::integer AS high
    FROM outlook AS o
  )
  SELECT format('%s  %s %s  %s', to_char(p.period_from, 'Mon YYYY'), lpad(to_char(coalesce(p.expected, p.actual), 'FM999,999,999,999,990'), 15),
    p.reporting_currency, rtrim((
      SELECT string_agg(CASE WHEN i = greatest(p.dot, CASE WHEN p.expected IS NOT NULL THEN 1 END) THEN 'o' WHEN i <= p.bar THEN '#' WHEN i = p.low OR i = p.high THEN '|'
        WHEN i > p.low AND i < p.high THEN '-' ELSE ' ' END, '' ORDER BY i) FROM generate_series(1, width) AS i)))
  FROM places AS p ORDER BY p.period_from;
END $$;
COMMENT ON FUNCTION revenue.forecast_lines IS
  'forecast_outlook() as a chart of letters, a line a period: # came, o is expected, |--| is the interval of 70 percent';
