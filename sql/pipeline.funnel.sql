-- The room pipeline: how deals and contacts go through their stages, and what comes of a cohort.

CREATE OR REPLACE FUNCTION revenue.stage_conversion(
  kind text DEFAULT 'deal', as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, stage_name text, stage_position integer,
  entered bigint, still_in_stage bigint, left_stage bigint, advanced bigint, went_back bigint, lost bigint,
  measured_conversion double precision, default_conversion double precision, conversion double precision,
  win_probability double precision,
  lower_quartile_days double precision, median_days double precision, upper_quartile_days double precision,
  default_days double precision, days double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  each_org integer;
  model jsonb;
  belief_weight constant double precision := 10;  -- as in win_probability_within()
BEGIN
  PERFORM revenue.check_org(org);
  FOREACH each_org IN ARRAY revenue.visible_orgs('viewer') LOOP
    CONTINUE WHEN each_org <> stage_conversion.org;
    model := revenue.stage_model(stage_conversion.kind, as_of, each_org);
    RETURN QUERY
    WITH stages AS MATERIALIZED (
      SELECT * FROM revenue.funnel_stages(stage_conversion.kind) AS s WHERE s.org_id = each_org
    ), records AS (
      SELECT r.* FROM jsonb_to_recordset(model #> '{history,stages}') AS r(
        stage integer, entered bigint, "left" bigint, exits jsonb, lower_quartile_days double precision,
        median_days double precision, upper_quartile_days double precision)
    ), measured AS (
      SELECT s.*, coalesce(r.entered, 0) AS entered, coalesce(r."left", 0) AS left_stage,
        coalesce(x.advanced, 0) AS advanced, coalesce(x.went_back, 0) AS went_back, coalesce(x.lost, 0) AS lost,
        r.lower_quartile_days, r.median_days, r.upper_quartile_days
      FROM stages AS s
      LEFT JOIN records AS r ON r.stage = s.stage_no
      LEFT JOIN LATERAL (
        SELECT sum(e.deals) FILTER (WHERE t.kind = 'won' OR t.kind = 'open' AND t.position > s.position)::bigint AS advanced,
          sum(e.deals) FILTER (WHERE t.kind = 'open' AND t.position < s.position)::bigint AS went_back,
          sum(e.deals) FILTER (WHERE t.stage_no IS NULL OR t.kind = 'lost')::bigint AS lost
        FROM jsonb_to_recordset(r.exits) AS e("to" integer, deals bigint)
        LEFT JOIN stages AS t ON t.stage_no = e."to"
      ) AS x ON true
      WHERE s.kind = 'open'
    )
    SELECT m.org_id, m.pipeline_id, m.stage_id, m.name, m.position,
      m.entered, m.entered - m.left_stage, m.left_stage,
      CASE WHEN v.all_shown THEN m.advanced END, CASE WHEN v.all_shown THEN m.went_back END, CASE WHEN v.all_shown THEN m.lost END,
      CASE WHEN v.all_shown THEN m.advanced / nullif(m.left_stage, 0)::double precision END, m.default_conversion,
      CASE WHEN v.all_shown THEN
        (m.advanced + belief_weight * m.default_conversion) / (m.left_stage + belief_weight) END,
      CASE WHEN v.all_shown THEN revenue.win_probability_within(model, m.stage_no, 0, 730) END,
      m.lower_quartile_days, m.median_days, m.upper_quartile_days, m.default_days,
      CASE WHEN m.median_days IS NULL THEN m.default_days
        ELSE (m.left_stage * m.median_days + belief_weight * m.default_days) / (m.left_stage + belief_weight) END
    FROM measured AS m
    CROSS JOIN LATERAL (
      SELECT NOT EXISTS (
        SELECT FROM unnest(ARRAY[m.advanced, m.went_back, m.lost]) AS part(n)
        WHERE n > 0 AND NOT revenue.cell_visible(m.org_id, n)) AS all_shown
    ) AS v
    WHERE m.entered = 0 OR revenue.cell_visible(m.org_id, m.entered)
    ORDER BY m.pipeline_id, m.position;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.stage_conversion IS
  'Every open stage: how many entered, advanced, went back, were lost or are still there, the conversion and the days in it (Kaplan-Meier), both also drawn towards their defaults while there are few';

CREATE OR REPLACE VIEW revenue.stage_conversion AS SELECT * FROM revenue.stage_conversion();
CREATE OR REPLACE VIEW revenue.contact_funnel AS SELECT * FROM revenue.stage_conversion('contact');

CREATE OR REPLACE FUNCTION revenue.cohort_win_rates(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, created_month date, deal_count bigint, open_deals bigint, won_deals bigint, lost_deals bigint,
  win_rate double precision, won_value numeric, closed_value numeric, win_rate_by_value double precision, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH cells AS (
    SELECT s.org_id, date_trunc('month', d.created_at AT TIME ZONE s.time_zone)::date AS created_month, s.kind, s.base_currency,
      d.currency, count(*) AS n, count(d.amount) AS valued, sum(d.amount) AS value
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
    WHERE coalesce(s.kind <> '', false) AND (cohort_win_rates.org IS NULL OR d.org_id = cohort_win_rates.org)
    GROUP BY 1, 2, 3, 4, 5
  ), cohorts AS (
    SELECT c.org_id, c.created_month, c.base_currency, sum(c.n)::bigint AS n,
      coalesce(sum(c.n) FILTER (WHERE c.kind = 'open'), 0)::bigint AS open, coalesce(sum(c.n) FILTER (WHERE c.kind = 'won'), 0)::bigint AS won,
      coalesce(sum(c.n) FILTER (WHERE c.kind = 'lost'), 0)::bigint AS lost,
      coalesce(sum(c.valued) FILTER (WHERE c.kind = 'won' AND r.rate IS NOT NULL), 0)::bigint AS valued_won,
      coalesce(sum(c.valued) FILTER (WHERE c.kind = 'lost' AND r.rate IS NOT NULL), 0)::bigint AS valued_lost,
      coalesce(sum(c.value * r.rate) FILTER (WHERE c.kind = 'won'), 0) AS won_value,
      coalesce(sum(c.value * r.rate) FILTER (WHERE c.kind <> 'open'), 0) AS closed_value
    FROM cells AS c
    LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = c.org_id AND r.currency = c.currency
    GROUP BY c.org_id, c.created_month, c.base_currency
  )
  SELECT c.org_id, c.created_month, c.n, c.open, c.won, c.lost, c.won / nullif(c.won + c.lost, 0)::double precision,
    revenue.visible_total(c.org_id, c.valued_won, trim_scale(c.won_value)),
    revenue.visible_total(c.org_id, c.valued_won + c.valued_lost,
      revenue.visible_total(c.org_id, c.valued_lost, trim_scale(c.closed_value))),
    revenue.visible_total(c.org_id, least(c.valued_won, c.valued_lost), c.won_value / nullif(c.closed_value, 0))::double precision,
    c.base_currency
  FROM cohorts AS c
  WHERE revenue.cell_visible(c.org_id, c.n)
  ORDER BY c.org_id, c.created_month;
END $$;
COMMENT ON FUNCTION revenue.cohort_win_rates IS
  'What has come of the deals created in a month: won / (won + lost) by count and by value, at the exchange rates of as_of';

CREATE OR REPLACE VIEW revenue.cohort_win_rates AS SELECT * FROM revenue.cohort_win_rates();

COMMENT ON VIEW revenue.deal_forecast IS 'Every open deal with the probability that it is won within 30, 60 and 90 days, and the day on which a win is expected';
COMMENT ON VIEW revenue.contact_forecast IS 'Every contact in a funnel with the probability that it is won within 30, 60 and 90 days, and the day on which a win is expected';
COMMENT ON VIEW revenue.pipeline_forecast IS 'What the open deals bring in within 30, 60 and 90 days, with intervals';
COMMENT ON VIEW revenue.stage_conversion IS 'Conversion of every stage of deals and the time in it, measured and drawn towards the defaults while there is little history';
COMMENT ON VIEW revenue.contact_funnel IS 'Conversion of every stage of contacts and the time in it, measured and drawn towards the defaults while there is little history';
COMMENT ON VIEW revenue.cohort_win_rates IS 'Win rates by the month in which deals were created';
COMMENT ON COLUMN revenue.contact_forecast.reporting_amount IS 'expected_value in the reporting currency; NULL = unknown or no exchange rate';
COMMENT ON COLUMN revenue.cohort_win_rates.won_value IS 'Value of the won deals';
SELECT revenue.comment_view_columns('{
  "win_30d": "Probability of a win within 30 days, 0 to 1", "win_60d": "Probability of a win within 60 days",
  "win_90d": "Probability of a win within 90 days", "win": "Probability of a win within two years",
  "expected_close_date": "Day on which a win is expected, if it comes", "horizon_days": "Days ahead",
  "expected_wins": "Expected number of wins", "expected_value": "Expected value of the wins",
  "median": "As many totals lie below as above", "lower_70": "70 of 100 totals lie between this and upper_70", "upper_70": "See lower_70",
  "lower_85": "85 of 100 totals lie between this and upper_85", "upper_85": "See lower_85",
  "lower_95": "95 of 100 totals lie between this and upper_95", "upper_95": "See lower_95",
  "org_id": "Organisation", "deal_id": "Deal", "contact_id": "Contact", "name": "Name", "account_id": "Account",
  "owner_rep_id": "Rep who owns it", "segment": "Segment", "source": "Where it comes from",
  "pipeline_id": "Pipeline", "stage_id": "Stage", "stage_name": "Name of the stage", "stage_position": "Place of the stage in its pipeline",
  "reporting_amount": "Value in the reporting currency; NULL = unknown or no exchange rate",
  "reporting_currency": "The organisation''s base currency", "days_in_stage": "Whole days in its stage, at most 730",
  "deal_count": "Number of deals", "deals_without_value": "Deals that no sum contains: no amount or no exchange rate",
  "entered": "Times the stage was entered", "still_in_stage": "Of them, still in it", "left_stage": "Of them, left",
  "advanced": "Of those that left, to a later stage or won", "went_back": "Of those that left, to an earlier stage",
  "lost": "Of those that left, lost or deleted", "measured_conversion": "advanced / left_stage",
  "default_conversion": "Conversion while there is no history", "conversion": "(advanced + 10 x default_conversion) / (left_stage + 10)",
  "win_probability": "Probability that one who enters is won within two years",
  "lower_quartile_days": "A quarter have left after so many days (Kaplan-Meier); NULL = not reached yet",
  "median_days": "Half have left after so many days", "upper_quartile_days": "Three quarters have left after so many days",
  "default_days": "Days in the stage while there is no history", "days": "(left_stage x median_days + 10 x default_days) / (left_stage + 10)",
  "created_month": "Month of creation; NULL = unknown", "open_deals": "Of them, still open", "won_deals": "Of them, won", "lost_deals": "Of them, lost",
  "win_rate": "won_deals / (won_deals + lost_deals)", "won_value": "Value of the won", "closed_value": "Value of the won and lost",
  "win_rate_by_value": "won_value / closed_value"
}');
