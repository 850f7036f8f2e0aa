-- The room pipeline: how fast it moves. What slips, what is generated, and sales velocity. The
-- functions only aggregate and run with the owner's rights; a viewer sees totals of at least five.

-- Slippage ------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.pipeline_slippage(
  as_of timestamptz DEFAULT NULL, window_from date DEFAULT NULL, window_to date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, dimension text, member text,
  opening_deals bigint, slipped_deals bigint, slippage double precision,
  opening_value numeric, slipped_value numeric, slippage_by_value double precision, reporting_currency char(3),
  deals_with_days bigint, mean_days_slipped double precision, deals_without_value bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  past timestamptz := revenue.checked_instant(as_of) + interval '1 us';  -- what was so at as_of, that too
BEGIN
  PERFORM revenue.check_org(org);
  IF NOT isfinite(window_from) OR NOT isfinite(window_to) THEN
    RAISE EXCEPTION 'slippage needs a period with a beginning and an end' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave both out for the fiscal quarter.';
  END IF;
  RETURN QUERY
  WITH openings AS (
    SELECT m.*, x.slips,
      CASE WHEN x.slips AND m.closing_close_date IS NOT NULL
        THEN greatest(m.closing_close_date, m.period_to) - m.opening_close_date END AS days
    FROM revenue.waterfall_windows(past, past, window_from, window_to, org) AS w
    JOIN revenue.orgs AS o USING (org_id)
    -- What became of a deal after the period is no matter of the period.
    CROSS JOIN LATERAL revenue.deal_movements(
      w.period_from::timestamp AT TIME ZONE o.time_zone, CASE WHEN w.ends_at < w.closing_at THEN w.ends_at ELSE past END,
      w.period_from, w.period_to, 'all', 'then', w.org_id) AS m
    -- A date that was brought forward does not close a deal that is open still.
    CROSS JOIN LATERAL (
      SELECT m.exit_kind IN ('pushed', 'slipped') OR m.exit_kind = 'advanced' AND w.ends_at < w.closing_at AS slips) AS x
    WHERE m.in_opening
  )
  SELECT o.org_id, o.period_from, o.period_to,
    CASE WHEN grouping(o.pipeline_id) = 0 THEN 'pipeline' WHEN grouping(o.opening_segment) = 0 THEN 'segment'
      WHEN grouping(o.opening_rep_id) = 0 THEN 'rep' ELSE 'all' END,
    coalesce(o.pipeline_id, o.opening_segment, o.opening_rep_id),
    count(*), count(*) FILTER (WHERE o.slips), avg(o.slips::integer)::double precision,
    revenue.visible_total(o.org_id, count(*) FILTER (WHERE NOT o.opening_without_value),
      trim_scale(sum(o.opening_value))),
    revenue.visible_total(o.org_id, count(*) FILTER (WHERE NOT o.slips AND NOT o.opening_without_value),
      revenue.visible_total(o.org_id, count(*) FILTER (WHERE o.slips AND NOT o.opening_without_value),
        trim_scale(coalesce(sum(o.opening_value) FILTER (WHERE o.slips), 0)))),
    revenue.visible_total(o.org_id, count(*) FILTER (WHERE NOT o.slips AND NOT o.opening_without_value),
      revenue.visible_total(o.org_id, count(*) FILTER (WHERE o.slips AND NOT o.opening_without_value),
        coalesce(sum(o.opening_value) FILTER (WHERE o.slips), 0) / nullif(sum(o.opening_value), 0)))::double precision,
    o.reporting_currency, count(o.days),
    CASE WHEN revenue.cell_visible(o.org_id, count(o.days)) THEN avg(o.days)::double precision END,
    count(*) FILTER (WHERE o.opening_without_value)
  FROM openings AS o
  GROUP BY GROUPING SETS (
    (o.org_id, o.period_from, o.period_to, o.reporting_currency),
    (o.org_id, o.period_from, o.period_to, o.reporting_currency, o.pipeline_id),
    (o.org_id, o.period_from, o.period_to, o.reporting_currency, o.opening_segment),
    (o.org_id, o.period_from, o.period_to, o.reporting_currency, o.opening_rep_id))
  HAVING revenue.cell_visible(o.org_id, count(*))
    AND (grouping(o.opening_rep_id) = 1 OR o.org_id = ANY (revenue.visible_orgs('member')))
  ORDER BY 1, 4, 5;
END $$;
COMMENT ON FUNCTION revenue.pipeline_slippage IS
  'Of the pipeline a period of close dates opened with, what moved beyond it or was still open at its end: by count, by value and in days; by default the fiscal quarter so far; over all deals and by pipeline, segment and rep';

CREATE OR REPLACE VIEW revenue.pipeline_slippage AS SELECT * FROM revenue.pipeline_slippage();

-- Pipeline generation -------------------------------------------------------------------------
-- Only versions that begin a stay in a qualified or a closed stage matter: the first qualified one of a
-- deal generates pipeline, and an open one after a closed one has been reopened.

CREATE OR REPLACE FUNCTION revenue.pipeline_generation(
  as_of timestamptz DEFAULT NULL, dimension text DEFAULT 'all', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, month date, generated_deals bigint, generated_value numeric, generated_without_value bigint,
  reopened_deals bigint, reopened_value numeric, reopened_without_value bigint, reporting_currency char(3), member text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := revenue.checked_instant(as_of);
BEGIN
  PERFORM revenue.check_org(org), revenue.check_deal_dimension(dimension);
  RETURN QUERY
  WITH visible AS MATERIALIZED (
    SELECT o.org_id, o.base_currency, o.time_zone FROM revenue.orgs AS o
    WHERE o.org_id = ANY (revenue.visible_orgs(CASE dimension WHEN 'rep' THEN 'member' ELSE 'viewer' END)) AND (org IS NULL OR o.org_id = org)
  ), marked AS (
    SELECT h.org_id, h.deal_id, h.valid_from, h.amount, h.currency, s.kind, s.qualified, h.account_id, h.segment, h.industry, h.owner_rep_id,
      h.product_id, h.source, h.pipeline_id,
      count(*) FILTER (WHERE s.qualified) OVER past AS nth, lag(s.kind) OVER past AS kind_before
    FROM revenue.deal_history AS h
    LEFT JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    WHERE h.superseded_at = 'infinity' AND NOT h.continues_stage AND (moment IS NULL OR h.valid_from <= moment)
      AND h.org_id = ANY (ARRAY(SELECT v.org_id FROM visible AS v))
      AND coalesce(s.qualified OR s.kind <> 'open', false)
    -- The number first, because ids mostly differ late and are slow to sort.
    WINDOW past AS (PARTITION BY hashtextextended(h.deal_id, 0), h.deal_id, h.org_id ORDER BY h.valid_from)
  ), days AS MATERIALIZED (
    SELECT v.org_id, v.base_currency, m.currency, (m.valid_from AT TIME ZONE v.time_zone)::date AS day, m.nth > 1 AS again,
      revenue.deal_member(dimension, coalesce(m.segment, g.segment), coalesce(m.industry, g.industry), m.owner_rep_id,
        revenue.product_of(m.product_id, x.product_id, x.share_to), m.source, m.pipeline_id) AS member,
      count(*) FILTER (WHERE x.is_main IS NOT FALSE) AS deals, count(m.amount) FILTER (WHERE x.is_main IS NOT FALSE) AS with_amount,
      count(m.amount) AS priced, sum(revenue.part_of(m.amount, x.share_from, x.share_to)) AS amount
    FROM marked AS m JOIN visible AS v USING (org_id)
    LEFT JOIN LATERAL revenue.account_spans(m.org_id,
        CASE WHEN dimension = 'segment' AND m.segment IS NULL OR dimension = 'industry' AND m.industry IS NULL THEN m.account_id END) AS g
      ON (m.valid_from AT TIME ZONE v.time_zone)::date >= g.valid_from AND (m.valid_from AT TIME ZONE v.time_zone)::date < g.valid_to
    LEFT JOIN revenue.deal_shares() AS x ON dimension = 'product' AND x.org_id = m.org_id AND x.deal_id = m.deal_id
    WHERE m.qualified AND (m.nth = 1 OR m.kind = 'open' AND m.kind_before <> 'open')
    GROUP BY v.org_id, v.base_currency, m.currency, day, again, member
  ), valued AS (
    SELECT d.org_id, d.base_currency, date_trunc('month', d.day::timestamp)::date AS month, d.again, d.member, d.deals,
      CASE WHEN r.rate IS NULL THEN 0 ELSE d.with_amount END AS valued, CASE WHEN r.rate IS NULL THEN 0 ELSE d.priced END AS priced, d.amount * r.rate AS value
    FROM days AS d
    LEFT JOIN LATERAL revenue.fx_rate_on(d.org_id, d.currency, d.base_currency, d.day) AS r ON true
  )
  SELECT v.org_id, v.month, coalesce(sum(v.deals) FILTER (WHERE NOT v.again), 0)::bigint,
    revenue.visible_total(v.org_id, coalesce(sum(v.priced) FILTER (WHERE NOT v.again), 0)::bigint,
      trim_scale(coalesce(sum(v.value) FILTER (WHERE NOT v.again), 0))),
    coalesce(sum(v.deals - v.valued) FILTER (WHERE NOT v.again), 0)::bigint,
    coalesce(sum(v.deals) FILTER (WHERE v.again), 0)::bigint,
    revenue.visible_total(v.org_id, coalesce(sum(v.priced) FILTER (WHERE v.again), 0)::bigint,
      trim_scale(coalesce(sum(v.value) FILTER (WHERE v.again), 0))),
    coalesce(sum(v.deals - v.valued) FILTER (WHERE v.again), 0)::bigint, v.base_currency, v.member
  FROM valued AS v
  GROUP BY v.org_id, v.month, v.base_currency, v.member
  HAVING revenue.cell_visible(v.org_id, sum(v.deals)::bigint)
  ORDER BY 1, 2, v.member;
END $$;
COMMENT ON FUNCTION revenue.pipeline_generation IS
  'Pipeline generated by month, and by source, segment, industry, rep, product or pipeline where a dimension is given: deals that entered a qualified stage for the first time, at their value and the rate of that day; deals reopened into one apart';

CREATE OR REPLACE VIEW revenue.pipeline_generation AS SELECT * FROM revenue.pipeline_generation();
CREATE OR REPLACE VIEW revenue.pipeline_generation_by_source AS SELECT * FROM revenue.pipeline_generation(dimension => 'source');

-- Sales velocity ------------------------------------------------------------------------------
-- Nested loops are off because the planner expects few closed deals in the past and would go through
-- the rates for each of them.

CREATE OR REPLACE FUNCTION revenue.sales_velocity(
  as_of timestamptz DEFAULT NULL, period_days integer DEFAULT 90, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, dimension text, member text, qualified_open_deals bigint,
  won_deals bigint, lost_deals bigint, win_rate double precision,
  won_deals_with_value bigint, mean_won_value numeric, won_deals_with_cycle bigint, mean_cycle_days double precision,
  velocity_per_day double precision, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  days integer := coalesce(period_days, 90);
BEGIN
  PERFORM revenue.check_org(org);
  IF days NOT BETWEEN 1 AND 3650 THEN
    RAISE EXCEPTION 'period_days must be from 1 to 3650, and is %', days USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the number of days in which deals closed, or leave it out for 90.';
  END IF;
  RETURN QUERY
  WITH visible AS MATERIALIZED (
    SELECT o.org_id, o.base_currency, (moment AT TIME ZONE o.time_zone)::date + 1 AS period_to FROM revenue.orgs AS o
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org)
  ), counted AS (
    SELECT d.org_id, d.pipeline_id, coalesce(d.segment, g.segment) AS segment, d.owner_rep_id, 'open' AS state, NULL::numeric AS value,
      NULL::double precision AS cycle_days
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS k USING (org_id, pipeline_id, stage_id)
    LEFT JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.segment IS NULL THEN d.account_id END) AS g
      ON k.today >= g.valid_from AND k.today < g.valid_to
    WHERE coalesce(s.kind = 'open' AND s.qualified, false)
    UNION ALL
    SELECT c.org_id, c.pipeline_id, c.segment, c.owner_rep_id, CASE WHEN c.won THEN 'won' ELSE 'lost' END,
      c.reporting_amount, c.cycle_days
    FROM revenue.closed_deals(as_of) AS c
    JOIN visible AS v USING (org_id)
    WHERE c.closed_on >= v.period_to - days AND c.closed_on < v.period_to
  ), factors AS (
    SELECT c.org_id, v.period_to, v.base_currency,
      CASE WHEN grouping(c.pipeline_id) = 0 THEN 'pipeline' WHEN grouping(c.segment) = 0 THEN 'segment'
        WHEN grouping(c.owner_rep_id) = 0 THEN 'rep' ELSE 'all' END AS dimension,
      coalesce(c.pipeline_id, c.segment, c.owner_rep_id) AS member, count(*) AS deals,
      count(*) FILTER (WHERE c.state = 'open') AS qualified_open, count(*) FILTER (WHERE c.state = 'won') AS won,
      count(*) FILTER (WHERE c.state = 'lost') AS lost,
      avg((c.state = 'won')::integer) FILTER (WHERE c.state <> 'open')::double precision AS win_rate,
      count(c.value) FILTER (WHERE c.state = 'won') AS valued,
      revenue.visible_total(c.org_id, count(c.value) FILTER (WHERE c.state = 'won'), avg(c.value) FILTER (WHERE c.state = 'won')) AS mean_value,
      count(c.cycle_days) FILTER (WHERE c.state = 'won') AS timed,
      CASE WHEN revenue.cell_visible(c.org_id, count(c.cycle_days) FILTER (WHERE c.state = 'won'))
        THEN avg(c.cycle_days) FILTER (WHERE c.state = 'won') END AS mean_days
    FROM counted AS c
    JOIN visible AS v USING (org_id)
    GROUP BY GROUPING SETS (
      (c.org_id, v.period_to, v.base_currency), (c.org_id, v.period_to, v.base_currency, c.pipeline_id),
      (c.org_id, v.period_to, v.base_currency, c.segment), (c.org_id, v.period_to, v.base_currency, c.owner_rep_id))
  )
  SELECT f.org_id, f.period_to - days, f.period_to, f.dimension, f.member, f.qualified_open, f.won, f.lost, f.win_rate,
    f.valued, f.mean_value, f.timed, f.mean_days,
    f.qualified_open * f.mean_value::double precision * f.win_rate / nullif(f.mean_days, 0), f.base_currency
  FROM factors AS f
  WHERE revenue.cell_visible(f.org_id, f.deals)
    AND (f.dimension <> 'rep' OR f.org_id = ANY (revenue.visible_orgs('member')))
  ORDER BY 1, 4, 5;
END $$;
COMMENT ON FUNCTION revenue.sales_velocity IS
  'Value won a day = qualified open deals x mean won value x win rate / mean days of a won cycle, with each factor: open deals as of an instant, the rest from the deals that closed in the period_days up to it; over all deals and by pipeline, segment and rep';

CREATE OR REPLACE VIEW revenue.sales_velocity AS SELECT * FROM revenue.sales_velocity();

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.pipeline_slippage IS 'Slippage of the fiscal quarter so far, over all deals and by pipeline, segment and rep';
COMMENT ON VIEW revenue.pipeline_generation IS 'Pipeline generated and reopened by month';
COMMENT ON VIEW revenue.pipeline_generation_by_source IS 'Pipeline generated and reopened by month and source of the deal';
COMMENT ON COLUMN revenue.pipeline_generation.member IS 'NULL: all deals';
COMMENT ON COLUMN revenue.pipeline_generation_by_source.member IS 'Source; NULL = unknown';
COMMENT ON VIEW revenue.sales_velocity IS 'Value won a day, from the deals open now and those that closed in the last 90 days, over all deals and by pipeline, segment and rep';
COMMENT ON COLUMN revenue.pipeline_slippage.deals_without_value IS 'Deals of the opening without a value: no amount or no exchange rate';
COMMENT ON COLUMN revenue.pipeline_slippage.dimension IS 'What member is one of: all, pipeline, segment or rep';
COMMENT ON COLUMN revenue.sales_velocity.dimension IS 'What member is one of: all, pipeline, segment or rep';
COMMENT ON COLUMN revenue.sales_velocity.period_from IS 'First day on which counted deals closed';
COMMENT ON COLUMN revenue.sales_velocity.period_to IS 'Day after the last';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "period_from": "First day of the period", "period_to": "Day after its last",
  "member": "Pipeline, segment or rep; NULL = unknown, or all",
  "reporting_currency": "The organisation''s base currency, which every value is in",
  "opening_deals": "Open deals that were to close in the period when it began",
  "slipped_deals": "Those of them whose close date moved beyond it, or that were open at its end",
  "slippage": "slipped_deals / opening_deals", "opening_value": "Value of opening_deals, then",
  "slipped_value": "Value of slipped_deals, then", "slippage_by_value": "slipped_value / opening_value",
  "deals_with_days": "Slipped deals that mean_days_slipped is the mean of; the others lost their close date",
  "mean_days_slipped": "Mean days from the close date at the opening to the new one, or to the end of the period where that is later",
  "month": "First day of the month",
  "generated_deals": "Deals that entered a qualified stage for the first time",
  "generated_value": "Their value on that day", "generated_without_value": "Those without amount or exchange rate",
  "reopened_deals": "Times that a closed deal came back into a qualified stage",
  "reopened_value": "Value on that day", "reopened_without_value": "Those without amount or exchange rate",
  "qualified_open_deals": "Open deals in a qualified stage", "won_deals": "Deals won in the period",
  "lost_deals": "Deals lost in the period", "win_rate": "won_deals / (won_deals + lost_deals)",
  "won_deals_with_value": "Won deals that mean_won_value is the mean of", "mean_won_value": "Mean value of the won deals",
  "won_deals_with_cycle": "Won deals that mean_cycle_days is the mean of",
  "mean_cycle_days": "Mean days from creation to close of the won deals",
  "velocity_per_day": "qualified_open_deals x mean_won_value x win_rate / mean_cycle_days"
}');
