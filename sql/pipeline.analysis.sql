-- The room pipeline: why deals are lost, and how they go through the stages, by member of a dimension.

CREATE OR REPLACE FUNCTION revenue.check_deal_dimension(dimension text) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF coalesce(dimension, '') NOT IN ('all', 'segment', 'industry', 'rep', 'product', 'source', 'pipeline') THEN
    RAISE EXCEPTION 'there are no figures of deals by "%"', left(dimension, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use all, segment, industry, rep, product, source or pipeline.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_deal_dimension IS 'For functions that take a dimension of deals: an error with a hint where there is none of this name';

CREATE OR REPLACE FUNCTION revenue.deal_member(
  dimension text, segment text, industry text, rep text, product text, source text, pipeline text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE dimension WHEN 'segment' THEN segment WHEN 'industry' THEN industry WHEN 'rep' THEN rep WHEN 'product' THEN product
    WHEN 'source' THEN source WHEN 'pipeline' THEN pipeline END;
END;
COMMENT ON FUNCTION revenue.deal_member IS 'For functions that take a dimension of deals: what a deal is counted under; NULL for all';

CREATE OR REPLACE FUNCTION revenue.period_of(day date, period text, fiscal_year_start integer, OUT period_from date, OUT period_to date)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  months integer := CASE period WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'year' THEN 12 END;
BEGIN
  IF months IS NULL AND coalesce(period, '') <> 'all' THEN
    RAISE EXCEPTION 'unknown period "%"', left(period, 100) USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use month, quarter, year or all.';
  ELSIF fiscal_year_start NOT BETWEEN 1 AND 12 THEN
    RAISE EXCEPTION 'invalid fiscal year start %', fiscal_year_start USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use the number of the month, 1 to 12.';
  ELSIF day NOT BETWEEN '0001-01-02' AND '9999-12-30' THEN
    RETURN;  -- a date that no calendar of reports has must not stop the report
  END IF;
  period_from := date_trunc('month', day::timestamp)
    - interval '1 month' * ((extract(month FROM day)::integer - fiscal_year_start + 12) % months);
  period_to := period_from + interval '1 month' * months;
END $$;
COMMENT ON FUNCTION revenue.period_of IS
  'For functions that take a period: the month, fiscal quarter or fiscal year that a day lies in, and the day after it; NULL for all';

CREATE OR REPLACE FUNCTION revenue.loss_reasons(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, period text DEFAULT 'quarter', dimension text DEFAULT 'all',
  as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, period_from date, period_to date, member text, reason text,
  lost_deals bigint, all_lost_deals bigint, share double precision,
  lost_value numeric, all_lost_value numeric, share_by_value double precision, deals_without_value bigint, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org), revenue.check_date_range(from_date, to_date), revenue.check_deal_dimension(dimension),
    revenue.period_of('2000-01-01', period, 1);
  RETURN QUERY
  WITH lost AS (
    SELECT c.org_id, p.period_from, p.period_to,
      revenue.deal_member(dimension, c.segment, c.industry, c.owner_rep_id,
        revenue.product_of(c.product_id, x.product_id, x.share_to), c.source, c.pipeline_id) AS member,
      nullif(c.loss_reason, '') AS reason, revenue.part_of(c.reporting_amount, x.share_from, x.share_to) AS reporting_amount, c.reporting_currency, x.is_main IS NOT FALSE AS counts
    FROM revenue.closed_deals(as_of) AS c
    JOIN revenue.orgs AS o USING (org_id)
    LEFT JOIN revenue.deal_shares() AS x ON dimension = 'product' AND x.org_id = c.org_id AND x.deal_id = c.deal_id
    CROSS JOIN LATERAL revenue.period_of(c.closed_on, period, o.fiscal_year_start) AS p
    WHERE NOT c.won AND (from_date IS NULL OR c.closed_on >= from_date) AND (to_date IS NULL OR c.closed_on < to_date)
      AND c.org_id = ANY (revenue.visible_orgs(CASE dimension WHEN 'rep' THEN 'member' ELSE 'viewer' END))
      AND (loss_reasons.org IS NULL OR c.org_id = loss_reasons.org)
  ), cells AS (
    SELECT l.org_id, l.period_from, l.period_to, l.member, l.reason, l.reporting_currency, count(*) FILTER (WHERE l.counts) AS n,
      count(l.reporting_amount) FILTER (WHERE l.counts) AS with_value, count(l.reporting_amount) AS valued,
      coalesce(sum(l.reporting_amount), 0) AS value
    FROM lost AS l GROUP BY 1, 2, 3, 4, 5, 6
  ), totals AS (
    SELECT c.*, sum(c.n) OVER whole AS all_n, sum(c.valued) OVER whole AS all_valued, sum(c.value) OVER whole AS all_value,
      -- The rest of a total less what is shown of it would be told by subtraction.
      bool_and(revenue.cell_visible(c.org_id, c.n)) OVER whole AS all_shown,
      bool_and(c.valued = 0 OR revenue.cell_visible(c.org_id, c.valued)) OVER whole AS values_shown
    FROM cells AS c WINDOW whole AS (PARTITION BY c.org_id, c.period_from, c.member)
  )
  SELECT t.org_id, coalesce(t.period_from, from_date), coalesce(t.period_to, to_date), t.member, t.reason, t.n,
    CASE WHEN t.all_shown THEN t.all_n::bigint END, CASE WHEN t.all_shown THEN t.n / nullif(t.all_n, 0)::double precision END,
    CASE WHEN t.values_shown OR revenue.cell_visible(t.org_id, t.valued) THEN trim_scale(t.value) END,
    CASE WHEN t.all_shown AND t.values_shown THEN trim_scale(t.all_value) END,
    CASE WHEN t.all_shown AND t.values_shown THEN (t.value / nullif(t.all_value, 0))::double precision END,
    t.n - t.with_value, t.reporting_currency
  FROM totals AS t WHERE revenue.cell_visible(t.org_id, t.n)
  ORDER BY t.org_id, t.period_from, t.member, t.n DESC, t.reason;
END $$;
COMMENT ON FUNCTION revenue.loss_reasons IS
  'Why deals were lost, by count and value: each reason of a month, fiscal quarter or year (all = from from_date to the day before to_date) and member of a dimension (all, segment, industry, rep, product, source or pipeline) beside all that was lost there; reason NULL = none given';

CREATE OR REPLACE VIEW revenue.loss_reasons AS SELECT * FROM revenue.loss_reasons();

-- Entries are read from history alone: each stay in a stage, whose it was when it began, and where it led.
CREATE OR REPLACE FUNCTION revenue.stage_conversion_by(
  dimension text DEFAULT 'segment', from_date date DEFAULT NULL, to_date date DEFAULT NULL, as_of timestamptz DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, member text, pipeline_id text, stage_id text, stage_name text, stage_position integer,
  entered bigint, still_in_stage bigint, left_stage bigint, advanced bigint, went_back bigint, lost bigint,
  measured_conversion double precision, all_left_stage bigint, all_advanced bigint, conversion double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET enable_mergejoin = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  moment timestamptz := coalesce(revenue.checked_instant(as_of), now());
  belief_weight constant double precision := 10;  -- as in stage_conversion()
BEGIN
  PERFORM revenue.check_org(org), revenue.check_date_range(from_date, to_date), revenue.check_deal_dimension(dimension);
  RETURN QUERY
  WITH stages AS MATERIALIZED (
    SELECT s.* FROM revenue.scored_stages(as_of) AS s
    WHERE s.org_id = ANY (revenue.visible_orgs(CASE dimension WHEN 'rep' THEN 'member' ELSE 'viewer' END))
      AND (stage_conversion_by.org IS NULL OR s.org_id = stage_conversion_by.org)
  ), versions AS (
    SELECT h.org_id, h.deal_id, h.pipeline_id, h.stage_id, h.stage_entered_at, h.valid_from, h.account_id, h.segment, h.industry,
      h.owner_rep_id, h.product_id, h.source, h.deleted AND h.valid_to <= moment AS gone,
      (lag(h.pipeline_id) OVER past, lag(h.stage_id) OVER past) IS DISTINCT FROM (h.pipeline_id, h.stage_id) AS enters
    FROM revenue.deal_history AS h
    WHERE h.superseded_at = 'infinity' AND (as_of IS NULL OR h.valid_from <= moment) AND h.org_id IN (SELECT s.org_id FROM stages AS s)
    WINDOW past AS (PARTITION BY h.org_id, h.deal_id ORDER BY h.valid_from)
  ), lasting AS (
    SELECT v.*, last_value(v.gone) OVER (PARTITION BY v.org_id, v.deal_id ORDER BY v.valid_from
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS ends_deleted
    FROM versions AS v
  ), stays AS (
    SELECT l.*, lead(l.stage_id) OVER past AS next_stage, lead(l.pipeline_id) OVER past AS next_pipeline
    FROM lasting AS l WHERE l.enters WINDOW past AS (PARTITION BY l.org_id, l.deal_id ORDER BY l.valid_from)
  ), counted AS (
    SELECT s.org_id, s.pipeline_id, s.stage_id, s.name, s.position,
      revenue.deal_member(dimension, coalesce(y.segment, g.segment), coalesce(y.industry, g.industry), y.owner_rep_id,
        revenue.product_of(y.product_id, x.product_id, x.share_to), y.source, y.pipeline_id) AS member,
      count(*) AS entered, count(*) FILTER (WHERE y.next_stage IS NULL AND NOT y.ends_deleted) AS still,
      count(*) FILTER (WHERE t.kind = 'won' OR t.kind = 'open' AND t.position > s.position) AS advanced,
      count(*) FILTER (WHERE t.kind = 'open' AND t.position <= s.position) AS back,
      count(*) FILTER (WHERE t.kind = 'lost' OR t.kind IS NULL AND (y.next_stage IS NOT NULL OR y.ends_deleted)) AS lost
    FROM stays AS y
    JOIN stages AS s ON s.org_id = y.org_id AND s.pipeline_id = y.pipeline_id AND s.stage_id = y.stage_id AND s.kind = 'open'
    LEFT JOIN stages AS t ON t.org_id = y.org_id AND t.pipeline_id = y.next_pipeline AND t.stage_id = y.next_stage
    CROSS JOIN LATERAL (SELECT (y.stage_entered_at AT TIME ZONE s.time_zone)::date AS day) AS d
    LEFT JOIN LATERAL revenue.account_spans(y.org_id, CASE WHEN y.segment IS NULL OR y.industry IS NULL THEN y.account_id END) AS g
      ON d.day >= g.valid_from AND d.day < g.valid_to
    LEFT JOIN revenue.deal_shares() AS x ON dimension = 'product' AND x.is_main AND x.org_id = y.org_id AND x.deal_id = y.deal_id
    WHERE (from_date IS NULL OR d.day >= from_date) AND (to_date IS NULL OR d.day < to_date)
    GROUP BY 1, 2, 3, 4, 5, 6
  ), wholes AS (
    SELECT c.*, c.entered - c.still AS gone, (sum(c.entered - c.still) OVER whole)::bigint AS all_gone,
      (sum(c.advanced) OVER whole)::bigint AS all_advanced,
      NOT EXISTS (SELECT FROM unnest(ARRAY[c.still, c.advanced, c.back, c.lost]) AS part(n)
        WHERE n > 0 AND NOT revenue.cell_visible(c.org_id, n)) AS shown,
      bool_and(revenue.cell_visible(c.org_id, c.entered)) OVER whole AS all_shown
    FROM counted AS c WINDOW whole AS (PARTITION BY c.org_id, c.pipeline_id, c.stage_id)
  )
  SELECT w.org_id, w.member, w.pipeline_id, w.stage_id, w.name, w.position, w.entered,
    CASE WHEN w.shown THEN w.still END, CASE WHEN w.shown THEN w.gone END, CASE WHEN w.shown THEN w.advanced END,
    CASE WHEN w.shown THEN w.back END, CASE WHEN w.shown THEN w.lost END,
    CASE WHEN w.shown THEN w.advanced / nullif(w.gone, 0)::double precision END,
    CASE WHEN w.shown AND w.all_shown THEN w.all_gone END, CASE WHEN w.shown AND w.all_shown THEN w.all_advanced END,
    CASE WHEN w.shown THEN (w.advanced + belief_weight * w.all_advanced / nullif(w.all_gone, 0)) / (w.gone + belief_weight) END
  FROM wholes AS w WHERE revenue.cell_visible(w.org_id, w.entered)
  ORDER BY w.org_id, w.pipeline_id, w.position, w.member;
END $$;
COMMENT ON FUNCTION revenue.stage_conversion_by IS
  'Stage conversion by segment, industry, rep, product, source or pipeline: the deals that entered each open stage from from_date to the day before to_date, whose they were then, and where they went until as_of; conversion is shrunk to that of all members while a member has few';

CREATE OR REPLACE VIEW revenue.stage_conversion_by_segment AS SELECT * FROM revenue.stage_conversion_by('segment');

COMMENT ON VIEW revenue.loss_reasons IS 'Why deals were lost, by fiscal quarter';
COMMENT ON VIEW revenue.stage_conversion_by_segment IS 'Conversion of every stage by segment, of all deals so far';
COMMENT ON COLUMN revenue.loss_reasons.member IS 'Member of the dimension; NULL = unknown, or all';
COMMENT ON COLUMN revenue.loss_reasons.share IS 'lost_deals / all_lost_deals';
COMMENT ON COLUMN revenue.loss_reasons.reason IS 'Reason as the deals give it; NULL = none given';
COMMENT ON COLUMN revenue.stage_conversion_by_segment.member IS 'Segment; NULL = unknown';
COMMENT ON COLUMN revenue.stage_conversion_by_segment.conversion IS '(advanced + 10 x all_advanced / all_left_stage) / (left_stage + 10)';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "period_from": "First day of the period", "period_to": "Day after its last",
  "lost_deals": "Deals lost for the reason", "all_lost_deals": "Deals lost for any", "lost_value": "Value of lost_deals, at the rates of their days",
  "all_lost_value": "Value of all_lost_deals", "share_by_value": "lost_value / all_lost_value",
  "deals_without_value": "Deals that no sum contains: no amount or no exchange rate", "reporting_currency": "The organisation''s base currency",
  "pipeline_id": "Pipeline", "stage_id": "Stage", "stage_name": "Name of the stage", "stage_position": "Place of the stage in its pipeline",
  "entered": "Times the stage was entered", "still_in_stage": "Of them, still in it", "left_stage": "Of them, left",
  "advanced": "Of those that left, to a later stage or won", "went_back": "Of those that left, to an earlier stage",
  "lost": "Of those that left, lost or deleted", "measured_conversion": "advanced / left_stage",
  "all_left_stage": "left_stage of all members", "all_advanced": "advanced of all members"
}');
