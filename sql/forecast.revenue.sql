-- The room forecast: what will be booked in a month, quarter or year, from several components that are
-- judged at past months, each knowing only what was true by then.

CREATE OR REPLACE FUNCTION revenue.forecast_version() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT 1;
END;
COMMENT ON FUNCTION revenue.forecast_version() IS
  'Version of the methods behind generate_forecast(), kept with each run';

CREATE OR REPLACE FUNCTION revenue.forecast_period(
  period text DEFAULT 'quarter', periods_ahead integer DEFAULT 0, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL,
  OUT period_from date, OUT period_to date, OUT today date, OUT moment timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen revenue.orgs;
  months integer;
BEGIN
  SELECT * INTO chosen FROM revenue.orgs AS o WHERE o.org_id = revenue.current_org(org);
  moment := coalesce(revenue.checked_instant(as_of), now());
  months := CASE forecast_period.period WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 END;
  IF months IS NULL THEN
    RAISE EXCEPTION 'there is no forecast of a "%"', coalesce(forecast_period.period, 'NULL') USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Periods are month, quarter and year.';
  ELSIF moment NOT BETWEEN '0010-01-01' AND '9990-01-01' THEN
    RAISE EXCEPTION 'as_of must lie in the years 10 to 9989' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for now.';
  END IF;
  today := (moment AT TIME ZONE chosen.time_zone)::date;
  period_from := date_trunc('month', today::timestamp)
    - interval '1 month' * ((extract(month FROM today)::integer - chosen.fiscal_year_start + 12) % months);
  IF coalesce(periods_ahead, -1) NOT BETWEEN 0 AND 24
     OR period_from + interval '1 month' * months * (periods_ahead + 1) > date_trunc('month', today::timestamp) + interval '24 months' THEN
    RAISE EXCEPTION 'the period must end within 24 months, and not be over' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'periods_ahead is 0 for the one that runs, 1 for the next.';
  END IF;
  period_from := period_from + interval '1 month' * months * periods_ahead;
  period_to := period_from + interval '1 month' * months;
END $$;
COMMENT ON FUNCTION revenue.forecast_period IS
  'The month, quarter or fiscal year that runs at as_of, or so many after it: its first day and the day after its last';

CREATE OR REPLACE FUNCTION revenue.month_number(day date) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN day BETWEEN '0001-01-01' AND '9999-12-31' THEN (12 * date_part('year', day) + date_part('month', day))::integer END;
END;
COMMENT ON FUNCTION revenue.month_number(date) IS 'Months counted through, so that those of two days can be subtracted; NULL outside the years 1 to 9999';

-- What deals are forecast by ------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.check_forecast_dimension(dimension text, metric text DEFAULT 'bookings') RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known text[] := CASE metric WHEN 'bookings' THEN '{segment,rep,product}' ELSE '{segment,region,product}' END;
BEGIN
  IF (dimension = ANY (known)) IS NOT TRUE THEN
    RAISE EXCEPTION 'there is no forecast of % by "%"', coalesce(metric, 'NULL'), coalesce(dimension, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = format('Dimensions are %s, %s and %s.', known[1], known[2], known[3]);
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_forecast_dimension IS
  'An error where a metric is not forecast by that: bookings by segment, rep and product, mrr and arr by segment, region and product';

-- What the open pipeline brings ---------------------------------------------------------------
-- Deals of one member, stage and number of days in it have the same chances, so amounts are summed
-- first. The sums are exact, so that the order of the rows changes nothing.

CREATE OR REPLACE FUNCTION revenue.deal_stages(org integer DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN (SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s.stage_no), '[]') FROM revenue.funnel_stages('deal') AS s
          WHERE s.org_id = chosen);
END $$;
COMMENT ON FUNCTION revenue.deal_stages IS 'The stages of deals as they are, to tell whether a fitted model is still theirs';

CREATE OR REPLACE FUNCTION revenue.keep_stage_model(org integer DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.require_org('analyst', org);
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM revenue.deals AS d WHERE d.org_id = chosen LIMIT 10001) AS d) <= 10000 THEN
    DELETE FROM revenue.forecast_models AS m WHERE m.org_id = chosen;
    RETURN false;
  END IF;
  INSERT INTO revenue.forecast_models AS m (org_id, fitted_at, stages, model)
  SELECT chosen, clock_timestamp(), revenue.deal_stages(chosen), revenue.stage_model('deal', NULL, chosen)
  ON CONFLICT (org_id) DO UPDATE SET fitted_at = excluded.fitted_at, stages = excluded.stages, model = excluded.model;
  RETURN true;
END $$;
COMMENT ON FUNCTION revenue.keep_stage_model IS
  'Fits the stage model of an organisation with more than 10,000 deals and keeps it for the forecasts of two days; whether it did. Analysts, admins and owners';

CREATE OR REPLACE FUNCTION revenue.kept_stage_model(org integer DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT m.model FROM revenue.forecast_models AS m
  WHERE m.org_id = revenue.current_org(org) AND m.fitted_at > now() - interval '2 days' AND m.stages = revenue.deal_stages(m.org_id);
END;
COMMENT ON FUNCTION revenue.kept_stage_model IS
  'The kept stage model, where it is not older than two days and its stages are still the same';

CREATE OR REPLACE FUNCTION revenue.pipeline_expected(
  horizons integer[], as_of timestamptz DEFAULT NULL, dimension text DEFAULT 'segment', org integer DEFAULT NULL)
RETURNS TABLE (
  member text, deal_count bigint, deals_without_value bigint, open_value numeric, horizon integer, expected numeric,
  deviation double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_mergejoin = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  model jsonb;
BEGIN
  IF coalesce(cardinality(horizons), 0) NOT BETWEEN 1 AND 24
     OR EXISTS (SELECT FROM unnest(horizons) AS h(days) WHERE (h.days BETWEEN 0 AND 10000) IS NOT TRUE) THEN
    RAISE EXCEPTION 'horizons must be 1 to 24 numbers of days from 0 to 10000' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass such as ARRAY[30, 60, 90].';
  END IF;
  PERFORM revenue.check_forecast_dimension(dimension);
  model := coalesce(CASE WHEN as_of IS NULL THEN revenue.kept_stage_model(chosen) END, revenue.stage_model('deal', as_of, chosen));
  RETURN QUERY
  WITH stages AS MATERIALIZED (
    SELECT s.pipeline_id, s.stage_id, s.stage_no FROM revenue.funnel_stages('deal') AS s
    WHERE s.org_id = chosen AND s.kind = 'open'
  ), cells AS MATERIALIZED (
    SELECT coalesce(CASE dimension WHEN 'rep' THEN d.owner_rep_id WHEN 'product' THEN revenue.product_of(d.product_id, p.product_id, p.share_to)
        ELSE coalesce(d.segment, g.segment) END, '') AS member,
      s.stage_no, revenue.stage_age(d.stage_entered_at, k.moment) AS days,
      count(*) FILTER (WHERE p.is_main IS NOT FALSE) AS deals, count(v.amount) FILTER (WHERE p.is_main IS NOT FALSE) AS valued,
      coalesce(sum(v.amount), 0) AS value, coalesce(sum(v.amount ^ 2), 0) AS squares
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS k USING (org_id, pipeline_id, stage_id)
    LEFT JOIN stages AS s ON s.pipeline_id = d.pipeline_id AND s.stage_id = d.stage_id
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.segment IS NULL THEN d.account_id END) AS g
      ON k.today >= g.valid_from AND k.today < g.valid_to
    LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = d.org_id AND r.currency = d.currency
    LEFT JOIN revenue.deal_shares() AS p ON dimension = 'product' AND p.org_id = d.org_id AND p.deal_id = d.deal_id
    CROSS JOIN LATERAL (SELECT revenue.part_of(d.amount, p.share_from, p.share_to) * r.rate AS amount) AS v
    WHERE d.org_id = chosen AND coalesce(k.kind = 'open', false)
    GROUP BY 1, 2, 3
  ), chances AS MATERIALIZED (
    SELECT c.stage_no, c.days, h.days AS horizon, p.within,
      greatest(p.within - lag(p.within, 1, 0) OVER (PARTITION BY c.stage_no, c.days ORDER BY h.days), 0) AS chance
    FROM (SELECT DISTINCT c.stage_no, c.days FROM cells AS c) AS c
    CROSS JOIN (SELECT DISTINCT unnest(horizons) AS days) AS h
    CROSS JOIN LATERAL (SELECT round(coalesce(revenue.win_probability_within(model, c.stage_no, c.days, h.days), 0)::numeric, 12) AS within) AS p
  ), totals AS (
    SELECT c.member, p.horizon, sum(c.deals)::bigint AS deals, sum(c.deals - c.valued)::bigint AS unvalued, sum(c.value) AS value,
      sum(c.value * p.within) AS expected, sum(c.squares * p.chance * (1 - p.chance)) AS variance,
      sum(c.value * p.chance * (1 - p.chance)) AS together
    FROM cells AS c JOIN chances AS p USING (stage_no, days)
    GROUP BY c.member, p.horizon
  )
  SELECT t.member, t.deals, t.unvalued, t.value, t.horizon, round(t.expected, 6),
    sqrt(greatest((t.variance + revenue.win_dispersion(model, t.horizon)::numeric * t.together ^ 2)::double precision, 0))
  FROM totals AS t ORDER BY t.member, t.horizon;
END $$;
COMMENT ON FUNCTION revenue.pipeline_expected IS
  'What the open deals of each segment, rep or product bring within so many days, by competing risks, and the standard deviation of what they bring between one horizon and the next';

CREATE OR REPLACE FUNCTION revenue.bookings_left_out(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (open_deals bigint, deals text, won_without_amount bigint, won_valued bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  home revenue.orgs;
BEGIN
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = revenue.current_org(bookings_left_out.org);
  RETURN QUERY
  WITH known AS MATERIALIZED (
    SELECT f.currency, min(f.rate_date) AS known_from FROM revenue.fx_rates AS f WHERE f.org_id = home.org_id GROUP BY f.currency
  ), counted AS MATERIALIZED (
    SELECT s.kind, d.currency, CASE WHEN d.amount IS NULL THEN 'unknown' WHEN d.currency = home.base_currency THEN 'valued'
        WHEN k.known_from <= CASE s.kind WHEN 'open' THEN s.today
          ELSE coalesce((d.closed_at AT TIME ZONE home.time_zone)::date, d.close_date) END THEN 'valued' ELSE 'unrated' END AS state,
      count(*) AS n
    FROM revenue.deals_as_of(as_of) AS d
    JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN known AS k ON k.currency = d.currency
    WHERE d.org_id = home.org_id AND s.kind IN ('open', 'won')
    GROUP BY 1, 2, 3
  ), unrated AS (
    SELECT c.kind, sum(c.n)::bigint AS n, string_agg(c.currency, ', ' ORDER BY c.currency) AS currencies
    FROM counted AS c WHERE c.state = 'unrated' GROUP BY c.kind
  )
  SELECT coalesce(sum(u.n) FILTER (WHERE u.kind = 'open'), 0)::bigint, string_agg(format('%s %s (%s)', u.n, u.kind, u.currencies), ', ' ORDER BY u.kind),
    (SELECT coalesce(sum(c.n), 0)::bigint FROM counted AS c WHERE c.kind = 'won' AND c.state = 'unknown'),
    (SELECT coalesce(sum(c.n), 0)::bigint FROM counted AS c WHERE c.kind = 'won' AND c.state = 'valued')
  FROM unrated AS u;
END $$;
COMMENT ON FUNCTION revenue.bookings_left_out IS
  'For revenue_forecast(): how many open deals have an amount but no exchange rate, and these and the won ones as text, by currency; how many won deals have no amount, and how many have one that is in the sums';

CREATE OR REPLACE FUNCTION revenue.refresh_forecast_origins(
  again boolean DEFAULT false, org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('analyst', org);
  settings revenue.orgs;
  this_month date;
  first_month date;
  missing date;
  done integer := 0;
BEGIN
  PERFORM revenue.take_lock('forecast origins', chosen);
  SELECT * INTO settings FROM revenue.orgs AS o WHERE o.org_id = chosen;
  this_month := date_trunc('month', (now() AT TIME ZONE settings.time_zone));
  first_month := greatest(this_month - interval '60 months', (
    SELECT date_trunc('month', min(h.valid_from) AT TIME ZONE settings.time_zone) + interval '1 month'
    FROM revenue.deal_history AS h WHERE h.org_id = chosen AND h.superseded_at = 'infinity'));
  IF again THEN DELETE FROM revenue.forecast_origins AS f WHERE f.org_id = chosen; END IF;
  FOR missing IN
    SELECT m::date FROM generate_series(first_month::timestamp, this_month::timestamp, interval '1 month') AS m
    WHERE NOT EXISTS (SELECT FROM revenue.forecast_origins AS f WHERE f.org_id = chosen AND f.origin = m::date)
    ORDER BY 1
  LOOP
    INSERT INTO revenue.forecast_origins (org_id, origin, segment, deal_count, open_value, expected, reporting_currency, computed_at)
    SELECT chosen, missing, p.member, max(p.deal_count), max(p.open_value),
      array_agg(p.expected::double precision ORDER BY p.horizon), settings.base_currency, clock_timestamp()
    FROM revenue.pipeline_expected(
      ARRAY(SELECT (missing + make_interval(months => k))::date - missing FROM generate_series(1, 24) AS k),
      missing::timestamp AT TIME ZONE settings.time_zone, org => chosen) AS p
    GROUP BY p.member;
    IF NOT FOUND THEN
      INSERT INTO revenue.forecast_origins (org_id, origin, deal_count, open_value, expected, reporting_currency, computed_at)
      VALUES (chosen, missing, 0, 0, array_fill(0::double precision, ARRAY[24]), settings.base_currency, clock_timestamp());
    END IF;
    done := done + 1;
  END LOOP;
  PERFORM revenue.keep_stage_model(chosen);
  RETURN done;
END $$;
COMMENT ON FUNCTION revenue.refresh_forecast_origins IS
  'Works out what was to be expected of the pipeline at the beginning of each month of the last five years where that is missing (again: all of it, for after the past was corrected); how many months. Analysts, admins and owners';

-- What was won --------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.bookings_history(
  as_of timestamptz DEFAULT NULL, period_from date DEFAULT NULL, period_to date DEFAULT NULL, dimension text DEFAULT 'segment',
  org integer DEFAULT NULL)
RETURNS TABLE (
  member text, total boolean, months integer, won_in integer[], created_in integer[], customer_since integer[],
  value double precision[], closed numeric, closed_deals bigint, remaining double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_mergejoin = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  zone text;
  base text;
  today date;
  length double precision;
BEGIN
  PERFORM revenue.check_period(period_from, period_to);
  PERFORM revenue.check_forecast_dimension(dimension);
  SELECT o.time_zone, o.base_currency, (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date
  INTO zone, base, today FROM revenue.orgs AS o WHERE o.org_id = chosen;
  length := date_part('day', date_trunc('month', today::timestamp) + interval '1 month' - interval '1 day');
  RETURN QUERY
  WITH done AS MATERIALIZED (
    SELECT coalesce(CASE dimension WHEN 'rep' THEN d.owner_rep_id WHEN 'product' THEN revenue.product_of(d.product_id, p.product_id, p.share_to)
        ELSE coalesce(d.segment, g.segment) END, '') AS member,
      d.account_id, revenue.part_of(d.amount, p.share_from, p.share_to) AS amount, p.is_main IS NOT FALSE AS counts, d.currency, x.closed_on,
      (d.created_at AT TIME ZONE zone)::date AS created_on
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
    CROSS JOIN LATERAL (
      SELECT CASE s.kind WHEN 'won' THEN coalesce((d.closed_at AT TIME ZONE zone)::date, d.close_date) END AS closed_on) AS x
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.segment IS NULL THEN d.account_id END) AS g
      ON x.closed_on >= g.valid_from AND x.closed_on < g.valid_to
    LEFT JOIN revenue.deal_shares() AS p ON dimension = 'product' AND p.org_id = d.org_id AND p.deal_id = d.deal_id
    WHERE d.org_id = chosen AND coalesce(s.kind = 'won', false) AND x.closed_on IS NOT NULL
  ), bounds AS MATERIALIZED (
    SELECT revenue.month_number(today) AS this_month,
      greatest(least(revenue.month_number(min(d.closed_on)), revenue.month_number(today)), revenue.month_number(today) - 60) AS first_month
    FROM done AS d
  ), rates AS MATERIALIZED (
    SELECT c.currency, c.closed_on, (
      SELECT f.rate FROM revenue.fx_rates AS f
      WHERE f.org_id = chosen AND f.currency = c.currency AND f.rate_date <= c.closed_on
      ORDER BY f.rate_date DESC LIMIT 1) AS rate
    FROM (SELECT DISTINCT d.currency, d.closed_on FROM done AS d WHERE d.currency <> base) AS c
  ), customers AS (
    SELECT d.account_id, min(d.closed_on) AS since FROM done AS d WHERE d.account_id IS NOT NULL GROUP BY d.account_id
  ), won AS MATERIALIZED (  -- a deal of which it is not known when it was made took as long as the others, or a quarter
    SELECT d.member, d.closed_on, revenue.month_number(d.closed_on) AS won_month,
      revenue.month_number(coalesce(d.created_on, d.closed_on - coalesce((
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY k.closed_on - k.created_on) FROM done AS k
        WHERE k.created_on <= k.closed_on), 90))) AS created_month,
      revenue.month_number(coalesce(c.since, d.closed_on)) AS customer_month, count(*) FILTER (WHERE d.counts) AS deals,
      sum(d.amount * CASE WHEN d.currency = base THEN 1 ELSE r.rate END) AS value
    FROM done AS d
    LEFT JOIN rates AS r ON r.currency = d.currency AND r.closed_on = d.closed_on
    LEFT JOIN customers AS c ON c.account_id = d.account_id
    GROUP BY 1, 2, 3, 4, 5
  ), cells AS MATERIALIZED (
    SELECT w.member, w.won_month - b.first_month AS won_in, w.created_month - b.first_month AS created_in,
      w.customer_month - b.first_month AS customer_since, coalesce(sum(w.value), 0) AS value,
      coalesce(sum(w.value) FILTER (WHERE w.closed_on >= period_from AND w.closed_on < period_to), 0) AS closed,
      coalesce(sum(w.deals) FILTER (WHERE w.closed_on >= period_from AND w.closed_on < period_to), 0) AS closed_deals
    FROM won AS w CROSS JOIN bounds AS b
    WHERE w.won_month >= b.first_month GROUP BY 1, 2, 3, 4
  ), days AS (  -- how much of a month is usually still to come on this day of it
    SELECT w.closed_on, sum(w.value) AS value FROM won AS w CROSS JOIN bounds AS b
    WHERE w.won_month BETWEEN greatest(b.first_month, b.this_month - 24) AND b.this_month - 1 GROUP BY w.closed_on
  ), months AS (
    SELECT coalesce(sum(d.value), 0) AS all_value, count(DISTINCT revenue.month_number(d.closed_on)) AS months,
      coalesce(sum(d.value * CASE sign(x.later) WHEN 1 THEN 1 WHEN 0 THEN 0.5 ELSE 0 END), 0) AS later_value
    FROM days AS d
    CROSS JOIN LATERAL (SELECT date_part('day', d.closed_on) * length - date_part('day', today)
      * date_part('day', date_trunc('month', d.closed_on::timestamp) + interval '1 month' - interval '1 day') AS later) AS x
  ), shares AS (  -- drawn towards an even month, which is worth two
    SELECT CASE WHEN coalesce(revenue.checked_instant(as_of), now()) = date_trunc('month', today::timestamp) AT TIME ZONE zone THEN 1
      ELSE greatest(least(coalesce((m.later_value + 2 * m.all_value / nullif(m.months, 0) * x.even)
        / nullif(m.all_value + 2 * m.all_value / nullif(m.months, 0), 0), x.even), 1), 0) END AS remaining
    FROM months AS m CROSS JOIN LATERAL (SELECT ((length - date_part('day', today) + 0.5) / length)::numeric AS even) AS x
  ), grouped AS (
    SELECT g.member, g.total, array_agg(g.won_in) AS won_in, array_agg(g.created_in) AS created_in, array_agg(g.customer_since) AS customer_since,
      array_agg(round(g.value, 6)::double precision) AS value, sum(g.closed) AS closed, sum(g.closed_deals)::bigint AS closed_deals
    FROM (
      SELECT t.total, CASE WHEN t.total THEN '' ELSE c.member END AS member, c.won_in, c.created_in, c.customer_since, c.value, c.closed, c.closed_deals
      FROM cells AS c CROSS JOIN (VALUES (false), (true)) AS t(total)
      ORDER BY t.total, c.member, c.won_in, c.created_in, c.customer_since) AS g
    GROUP BY g.total, g.member
  )
  SELECT coalesce(g.member, ''), coalesce(g.total, true), coalesce(b.this_month - b.first_month, 0), coalesce(g.won_in, '{}'),
    coalesce(g.created_in, '{}'), coalesce(g.customer_since, '{}'), coalesce(g.value, '{}'), coalesce(g.closed, 0), coalesce(g.closed_deals, 0),
    s.remaining::double precision
  FROM bounds AS b CROSS JOIN shares AS s LEFT JOIN grouped AS g ON true ORDER BY 2, 1;
END $$;
COMMENT ON FUNCTION revenue.bookings_history IS
  'What was won by as_of, by month of winning, of making the deal and of the account''s first win, counted from the first month with a win, at most 60 ago; what of it was won in a period; and the share of the running month that is usually still to come. A row for each segment, rep or product, and one for all';

-- No score has a history that tells what it is worth, so that it moves repeat business by half of what it says.
CREATE OR REPLACE FUNCTION revenue.repeat_signal(org integer DEFAULT NULL)
RETURNS TABLE (signal double precision, churn_risk double precision, expansion_score double precision, accounts bigint)
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT greatest(least(1 + 0.5 * coalesce(avg(coalesce(a.expansion_score, 50) - coalesce(a.churn_risk, 50)), 0) / 100, 1.5), 0.5),
    avg(a.churn_risk), avg(a.expansion_score), count(*) FILTER (WHERE num_nonnulls(a.churn_risk, a.expansion_score) > 0)
  FROM revenue.account_scores() AS a
  WHERE a.org_id = revenue.current_org(org) AND num_nonnulls(a.churn_risk, a.expansion_score) > 0
    AND EXISTS (
      SELECT FROM revenue.deals AS d JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
      WHERE d.org_id = a.org_id AND d.account_id = a.account_id AND s.kind = 'won');
END;
COMMENT ON FUNCTION revenue.repeat_signal IS
  'What churn risk and expansion score of the customers make of repeat business: 1 + half the mean of (expansion - churn) / 100, from 0.5 to 1.5; 1 where both are unknown';

-- The combination -----------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.bookings_ensemble(
  months integer, won_in integer[], created_in integer[], customer_since integer[], value double precision[],
  origin integer[], open_value double precision[], expected double precision[],
  first integer, last integer, remaining double precision, open_now double precision, expected_now double precision,
  deviation_now double precision, signal double precision, closed double precision DEFAULT 0,
  method text DEFAULT 'ensemble', levels double precision[] DEFAULT '{0.7,0.85,0.95}')
RETURNS jsonb LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'bookings_ensemble';
COMMENT ON FUNCTION revenue.bookings_ensemble IS
  'The forecast of bookings from what was won by month and what the pipeline was at past months: components with their weights, intervals, quantiles and the errors of the past';

CREATE OR REPLACE FUNCTION revenue.reconcile_expected(
  nodes text[], parents text[], expected double precision[], errors double precision[], fixed text[] DEFAULT '{}',
  method text DEFAULT 'mint')
RETURNS TABLE (node text, expected_value double precision, spread double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'reconcile_expected';
COMMENT ON FUNCTION revenue.reconcile_expected IS
  'Forecasts of nodes (parents: empty = top) made to add up, with the past errors of each node, one node after another; those of fixed stay as they are; spread = how wide its error is beside that of its own forecast';

-- Bookings of the whole organisation and of its segments, as the C++ gives them, before amounts are
-- rounded. A segment that had no pipeline at an origin had one of 0. The 30 segments with most won and open value
-- are forecast by themselves, what all the others have together (the pool) by itself, and shared out among them.
CREATE OR REPLACE FUNCTION revenue.bookings_by_segment(
  period text, periods_ahead integer, method text, levels double precision[], as_of timestamptz DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS TABLE (
  segment text, total boolean, closed numeric, closed_deals bigint, forecast jsonb, inputs jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  pool CONSTANT integer := 31;  -- the node of those that have none of their own; 0 is the total
  span record;
  this_month integer;
  days integer[];
BEGIN
  SELECT * INTO span FROM revenue.forecast_period(period, periods_ahead, as_of, chosen);
  this_month := revenue.month_number(span.today);
  days := ARRAY[greatest(span.period_from - span.today, 0), span.period_to - span.today];
  RETURN QUERY
  WITH history AS MATERIALIZED (
    SELECT h.member AS segment, h.* FROM revenue.bookings_history(as_of, span.period_from, span.period_to, org => chosen) AS h
  ), pipeline AS MATERIALIZED (
    SELECT p.member AS segment, max(p.deal_count) AS deal_count, max(p.deals_without_value) AS deals_without_value, max(p.open_value) AS open_value,
      max(p.expected) FILTER (WHERE p.horizon = days[2]) - coalesce(max(p.expected) FILTER (WHERE p.horizon = days[1] AND days[1] > 0), 0) AS expected,
      max(p.deviation) FILTER (WHERE p.horizon = days[2]) AS deviation
    FROM revenue.pipeline_expected(CASE WHEN days[1] > 0 THEN days ELSE days[2:2] END, as_of, org => chosen) AS p
    GROUP BY p.member
  ), signals AS MATERIALIZED (
    SELECT s.* FROM revenue.repeat_signal(chosen) AS s WHERE as_of IS NULL
  ), members AS MATERIALIZED (
    SELECT segment, least(row_number() OVER (ORDER BY coalesce(w.won, 0) + coalesce(p.open_value, 0)::double precision DESC, segment), pool) AS node,
      coalesce(h.closed, 0) AS closed, coalesce(h.closed_deals, 0) AS closed_deals,
      greatest(coalesce(p.expected, 0)::double precision + coalesce(w.late, 0) * (span.period_to - greatest(span.period_from, span.today)) / 365, 0) AS size
    FROM (SELECT * FROM history AS h WHERE NOT h.total) AS h FULL JOIN pipeline AS p USING (segment)
    CROSS JOIN LATERAL (
      SELECT sum(v.value ORDER BY v.won_in, v.value) AS won, sum(v.value ORDER BY v.won_in, v.value) FILTER (WHERE v.won_in >= h.months - 12) AS late
      FROM unnest(h.won_in, h.value) AS v(won_in, value)) AS w
  ), nodes AS MATERIALIZED (
    SELECT m.node, min(m.segment) AS segment, sum(m.closed) AS closed, sum(m.closed_deals)::bigint AS closed_deals FROM members AS m GROUP BY m.node
    UNION ALL
    SELECT 0, '', coalesce(sum(m.closed), 0), coalesce(sum(m.closed_deals), 0)::bigint FROM members AS m
  ), won AS (
    SELECT n.node, array_agg(v.won_in) AS won_in, array_agg(v.created_in) AS created_in, array_agg(v.customer_since) AS customer_since,
      array_agg(v.value) AS value
    FROM (SELECT CASE WHEN h.total THEN 0 ELSE m.node END AS node, h.*
          FROM history AS h LEFT JOIN members AS m ON m.segment = h.segment AND NOT h.total ORDER BY 1, h.segment) AS n
    CROSS JOIN LATERAL unnest(n.won_in, n.created_in, n.customer_since, n.value) AS v(won_in, created_in, customer_since, value)
    GROUP BY n.node
  ), present AS (
    SELECT n.node, coalesce(sum(p.deal_count), 0) AS deal_count, coalesce(sum(p.deals_without_value), 0) AS deals_without_value,
      coalesce(sum(p.open_value), 0) AS open_value, coalesce(sum(p.expected), 0) AS expected,
      coalesce(sqrt(sum(p.deviation ^ 2 ORDER BY p.segment)), 0) AS deviation
    FROM nodes AS n LEFT JOIN (pipeline AS p JOIN members AS m USING (segment)) ON n.node IN (0, m.node)
    GROUP BY n.node
  ), looked AS MATERIALIZED (  -- a segment that has neither won nor open deals now is of the pool
    SELECT coalesce(f.node, 0) AS node, f.origin, sum(f.open_value)::double precision AS open_value, ARRAY[
      sum(f.expected[1]), sum(f.expected[2]), sum(f.expected[3]), sum(f.expected[4]), sum(f.expected[5]), sum(f.expected[6]),
      sum(f.expected[7]), sum(f.expected[8]), sum(f.expected[9]), sum(f.expected[10]), sum(f.expected[11]), sum(f.expected[12]),
      sum(f.expected[13]), sum(f.expected[14]), sum(f.expected[15]), sum(f.expected[16]), sum(f.expected[17]), sum(f.expected[18]),
      sum(f.expected[19]), sum(f.expected[20]), sum(f.expected[21]), sum(f.expected[22]), sum(f.expected[23]), sum(f.expected[24])] AS expected
    FROM (SELECT coalesce(m.node, pool) AS node, f.* FROM revenue.forecast_origins AS f JOIN revenue.orgs AS o USING (org_id)
          LEFT JOIN members AS m USING (segment)
          WHERE f.org_id = chosen AND f.origin <= span.today AND f.reporting_currency = o.base_currency ORDER BY f.origin, 1, f.segment) AS f
    GROUP BY GROUPING SETS ((f.origin, f.node), (f.origin))
  ), at_origins AS (
    SELECT n.node, o.origin, coalesce(l.open_value, 0) AS open_value, coalesce(l.expected, array_fill(0::double precision, ARRAY[24])) AS expected
    FROM nodes AS n CROSS JOIN (SELECT DISTINCT l.origin FROM looked AS l) AS o LEFT JOIN looked AS l USING (node, origin)
  ), past AS (
    SELECT o.node, array_agg(revenue.month_number(o.origin) ORDER BY o.origin) AS origin, array_agg(o.open_value ORDER BY o.origin) AS open_value,
      ARRAY(SELECT e.value FROM at_origins AS a CROSS JOIN LATERAL unnest(a.expected) WITH ORDINALITY AS e(value, i)
            WHERE a.node = o.node ORDER BY a.origin, e.i) AS expected
    FROM at_origins AS o GROUP BY o.node
  ), told AS MATERIALIZED (
    SELECT n.*, revenue.bookings_ensemble(h.months, coalesce(w.won_in, '{}'), coalesce(w.created_in, '{}'), coalesce(w.customer_since, '{}'),
        coalesce(w.value, '{}'), coalesce(ARRAY(SELECT u - this_month + h.months FROM unnest(x.origin) WITH ORDINALITY AS o(u, i) ORDER BY o.i), '{}'),
        coalesce(x.open_value, '{}'), coalesce(x.expected, '{}'), greatest(revenue.month_number(span.period_from) - this_month, 0),
        revenue.month_number(span.period_to - 1) - this_month + 1, h.remaining, p.open_value::double precision,
        p.expected::double precision, p.deviation, coalesce(g.signal, 1), n.closed::double precision, method, levels) AS forecast,
      jsonb_build_object('open_deals', p.deal_count, 'deals_without_value', p.deals_without_value, 'open_value', trim_scale(p.open_value),
        'open_expected', round(p.expected, 2), 'history_months', h.months, 'remaining_share', round(h.remaining::numeric, 4),
        'origins_known', coalesce(cardinality(x.origin), 0), 'pooled_segments', (SELECT count(*) FROM members AS m WHERE m.node = pool),
        'signal', round(g.signal::numeric, 4), 'churn_risk', round(g.churn_risk::numeric, 2), 'expansion_score', round(g.expansion_score::numeric, 2)) AS inputs
    FROM nodes AS n JOIN present AS p USING (node) CROSS JOIN (SELECT max(h.months) AS months, max(h.remaining) AS remaining FROM history AS h) AS h
    LEFT JOIN won AS w USING (node) LEFT JOIN past AS x USING (node) LEFT JOIN signals AS g ON true
  ), pooled AS (  -- as if euros erred alike and apart: the variance goes with the size
    SELECT m.*, coalesce(m.size / nullif(sum(m.size) OVER w, 0), 1.0 / count(*) OVER w) AS share
    FROM members AS m WHERE m.node = pool WINDOW w AS (ORDER BY m.segment ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  )
  SELECT x.* FROM (
    SELECT t.segment, t.node = 0 AS total, t.closed, t.closed_deals, t.forecast, t.inputs FROM told AS t WHERE t.node < pool
    UNION ALL
    SELECT p.segment, false, p.closed, p.closed_deals, jsonb_build_object('expected', e.expected, 'origins', t.forecast -> 'origins',
        'intervals', (
          SELECT jsonb_agg(jsonb_build_object('level', i.level, 'lower', greatest(e.expected - sqrt(p.share) * (e.whole - i.lower), p.closed::double precision),
            'upper', e.expected + sqrt(p.share) * (i.upper - e.whole)) ORDER BY i.level)
          FROM jsonb_to_recordset(t.forecast -> 'intervals') AS i(level double precision, lower double precision, upper double precision)),
        'errors', (
          SELECT coalesce(jsonb_agg(u.error::double precision * p.share ORDER BY u.i), '[]')
          FROM jsonb_array_elements_text(t.forecast -> 'errors') WITH ORDINALITY AS u(error, i))), t.inputs
    FROM pooled AS p JOIN told AS t USING (node)
    CROSS JOIN LATERAL (SELECT (t.forecast ->> 'expected')::double precision AS whole,
      p.closed::double precision + p.share * ((t.forecast ->> 'expected')::double precision - t.closed::double precision) AS expected) AS e) AS x
  ORDER BY x.total DESC, x.segment;
END $$;
COMMENT ON FUNCTION revenue.bookings_by_segment IS
  'The forecast of bookings of a period for the organisation (total) and for each segment by itself, which need not add up, with what went in';

-- Of reps and products there is no pipeline of past months to judge components by, and their months are too few
-- wins to continue. So the total is shared out: what the open deals let expect by their own chances, the rest as wins
-- were shared of late.
CREATE OR REPLACE FUNCTION revenue.bookings_shares(
  dimension text, period text, periods_ahead integer, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (member text, closed numeric, closed_deals bigint, open_share double precision, usual_share double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  span record;
  days integer[];
BEGIN
  SELECT * INTO span FROM revenue.forecast_period(period, periods_ahead, as_of, chosen);
  days := ARRAY[greatest(span.period_from - span.today, 0), span.period_to - span.today];
  RETURN QUERY
  WITH history AS MATERIALIZED (
    SELECT h.member, h.closed, h.closed_deals, (
        SELECT greatest(sum(w.value * 0.5 ^ ((h.months - 1 - w.won_in) / 6.0) ORDER BY w.won_in, w.value), 0)
        FROM unnest(h.won_in, h.value) AS w(won_in, value) WHERE w.won_in BETWEEN h.months - 12 AND h.months - 1) AS won
    FROM revenue.bookings_history(as_of, span.period_from, span.period_to, dimension, chosen) AS h WHERE NOT h.total
  ), pipeline AS MATERIALIZED (
    SELECT p.member, greatest(max(p.expected) FILTER (WHERE p.horizon = days[2])
      - coalesce(max(p.expected) FILTER (WHERE p.horizon = days[1] AND days[1] > 0), 0), 0)::double precision AS expected
    FROM revenue.pipeline_expected(CASE WHEN days[1] > 0 THEN days ELSE days[2:2] END, as_of, dimension, chosen) AS p
    GROUP BY p.member
  ), members AS (
    SELECT member, coalesce(h.closed, 0) AS closed, coalesce(h.closed_deals, 0) AS closed_deals, coalesce(p.expected, 0) AS expected,
      -- Who has left wins no deal that is not made yet.
      CASE WHEN dimension = 'rep' AND r.active IS FALSE THEN 0 ELSE coalesce(h.won, 0) END AS won
    FROM history AS h FULL JOIN pipeline AS p USING (member)
    LEFT JOIN revenue.reps AS r ON r.org_id = chosen AND r.rep_id = member AND dimension = 'rep'
  ), shares AS (
    SELECT m.*, m.expected / nullif(sum(m.expected) OVER w, 0) AS open_share, m.won / nullif(sum(m.won) OVER w, 0) AS usual_share,
      1.0::double precision / count(*) OVER () AS even
    FROM members AS m WINDOW w AS (ORDER BY m.member ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
  )
  SELECT s.member, s.closed, s.closed_deals, coalesce(s.open_share, s.usual_share, s.even), coalesce(s.usual_share, s.open_share, s.even)
  FROM shares AS s ORDER BY s.member;
END $$;
COMMENT ON FUNCTION revenue.bookings_shares IS
  'What each rep or product has won in a period, and its share of what the open deals bring in it and of what was won in the twelve months before, which counts half every six months; each share adds up to 1';
