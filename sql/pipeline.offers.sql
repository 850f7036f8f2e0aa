-- The room pipeline, revenue events: what offers, automations and posting methods bring.

CREATE OR REPLACE FUNCTION revenue.offer_performance(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, offer_id text, offer_name text, platform text, niche text,
  impressions bigint, engagements bigint, dm_starts bigint, pipeline_entries bigint, deals_closed bigint,
  conversion_rate double precision, events bigint, revenue numeric, cost numeric, roi double precision,
  reporting_currency char(3), events_without_rate bigint, days_without_cost bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_sort = off SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_date_range(offer_performance.from_date, offer_performance.to_date);
  RETURN QUERY
  WITH visible AS MATERIALIZED (
    SELECT o.org_id, o.base_currency FROM revenue.orgs AS o
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org)
  ), days AS MATERIALIZED (
    SELECT v.base_currency, a.* FROM visible AS v JOIN revenue.offer_activity AS a USING (org_id)
    WHERE (from_date IS NULL OR a.day >= from_date) AND (to_date IS NULL OR a.day < to_date)
  ), rates AS MATERIALIZED (
    SELECT d.org_id, d.currency, d.day, f.rate
    FROM (SELECT DISTINCT a.org_id, a.base_currency, a.currency, a.day FROM days AS a) AS d
    LEFT JOIN LATERAL revenue.fx_rate_on(d.org_id, d.currency, d.base_currency, d.day) AS f ON true
  ), parts AS (
    SELECT a.org_id, a.offer_id, a.platform, a.niche,
      sum(a.impressions) AS impressions, sum(a.engagements) AS engagements, sum(a.dm_starts) AS dm_starts,
      sum(a.pipeline_entries) AS entries, sum(a.cost * r.rate) AS cost,
      count(*) FILTER (WHERE a.cost IS NULL OR r.rate IS NULL) AS without_cost,
      0::numeric AS closed, 0::numeric AS events, 0::numeric AS valued, NULL::numeric AS revenue
    FROM days AS a JOIN rates AS r USING (org_id, currency, day)
    GROUP BY a.org_id, a.offer_id, a.platform, a.niche
    UNION ALL
    SELECT c.org_id, c.offer_id, c.platform, c.niche, NULL, NULL, NULL, NULL, NULL, 0,
      sum(c.deals_closed), sum(c.events), sum(c.valued_events), sum(c.revenue)
    FROM revenue.event_cells(from_date, to_date, NULL, org) AS c WHERE c.offer_id IS NOT NULL
    GROUP BY c.org_id, c.offer_id, c.platform, c.niche
  ), sums AS (
    SELECT p.org_id, p.offer_id, p.platform, p.niche, sum(p.impressions)::bigint AS impressions,
      sum(p.engagements)::bigint AS engagements, sum(p.dm_starts)::bigint AS dm_starts, sum(p.entries)::bigint AS entries,
      sum(p.cost) AS cost, sum(p.without_cost)::bigint AS without_cost, sum(p.closed)::bigint AS closed,
      sum(p.events)::bigint AS events, sum(p.valued)::bigint AS valued, sum(p.revenue) AS revenue
    FROM parts AS p GROUP BY p.org_id, p.offer_id, p.platform, p.niche
  ), shown AS (
    SELECT s.*, CASE WHEN s.closed = 0 OR revenue.cell_visible(s.org_id, s.closed) THEN s.closed END AS closed_shown,
      CASE WHEN s.events = 0 THEN 0 ELSE revenue.visible_total(s.org_id, s.valued, s.revenue) END AS revenue_shown
    FROM sums AS s WHERE s.events = 0 OR revenue.cell_visible(s.org_id, s.events)
  )
  SELECT s.org_id, s.offer_id, f.name, s.platform, s.niche, s.impressions, s.engagements, s.dm_starts, s.entries,
    s.closed_shown, s.closed_shown / nullif(s.entries, 0)::double precision, s.events, trim_scale(s.revenue_shown),
    trim_scale(s.cost), ((s.revenue_shown - s.cost) / nullif(s.cost, 0))::double precision,
    v.base_currency, s.events - s.valued, s.without_cost
  FROM shown AS s
  JOIN visible AS v USING (org_id)
  JOIN revenue.offers AS f USING (org_id, offer_id)
  ORDER BY s.org_id, s.offer_id, s.platform, s.niche;
END $$;
COMMENT ON FUNCTION revenue.offer_performance IS
  'Each offer by platform and niche from from_date to the day before to_date (NULL = open): from impressions to revenue, with the conversion rate and the ROI; an unknown niche is one key';

CREATE OR REPLACE VIEW revenue.offer_performance AS SELECT * FROM revenue.offer_performance();

CREATE OR REPLACE FUNCTION revenue.automation_roi(
  from_date date DEFAULT NULL, to_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, automation_id text, automation_name text, recorded_days bigint, runs bigint, hours_saved numeric,
  time_value numeric, revenue_generated numeric, cost numeric, net_gain numeric, roi double precision,
  reporting_currency char(3), days_without_cost bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_sort = off SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_date_range(automation_roi.from_date, automation_roi.to_date);
  RETURN QUERY
  WITH visible AS MATERIALIZED (
    SELECT o.org_id, o.base_currency FROM revenue.orgs AS o
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org)
  ), days AS MATERIALIZED (
    SELECT v.base_currency, a.* FROM visible AS v JOIN revenue.automation_days AS a USING (org_id)
    WHERE (from_date IS NULL OR a.day >= from_date) AND (to_date IS NULL OR a.day < to_date)
  ), rates AS MATERIALIZED (
    SELECT d.org_id, d.currency, d.day, f.rate
    FROM (SELECT DISTINCT a.org_id, a.base_currency, a.currency, a.day FROM days AS a) AS d
    LEFT JOIN LATERAL revenue.fx_rate_on(d.org_id, d.currency, d.base_currency, d.day) AS f ON true
  ), sums AS (
    SELECT a.org_id, a.automation_id, count(*) AS days, sum(a.runs) AS runs, sum(a.hours_saved) AS hours,
      sum(a.hours_saved * a.hourly_rate * r.rate) AS time_value, sum(a.revenue_generated * r.rate) AS revenue,
      sum(a.cost * r.rate) AS cost, count(*) FILTER (WHERE a.cost IS NULL OR r.rate IS NULL) AS without_cost
    FROM days AS a JOIN rates AS r USING (org_id, currency, day)
    GROUP BY a.org_id, a.automation_id HAVING revenue.cell_visible(a.org_id, count(*))
  ), gains AS (
    SELECT s.*, CASE WHEN s.time_value IS NOT NULL OR s.revenue IS NOT NULL
      THEN coalesce(s.time_value, 0) + coalesce(s.revenue, 0) - s.cost END AS net
    FROM sums AS s
  )
  SELECT g.org_id, g.automation_id, a.name, g.days, g.runs, trim_scale(g.hours), trim_scale(g.time_value),
    trim_scale(g.revenue), trim_scale(g.cost), trim_scale(g.net), (g.net / nullif(g.cost, 0))::double precision,
    v.base_currency, g.without_cost
  FROM gains AS g
  JOIN visible AS v USING (org_id)
  JOIN revenue.automations AS a USING (org_id, automation_id)
  ORDER BY g.org_id, g.automation_id;
END $$;
COMMENT ON FUNCTION revenue.automation_roi IS
  'What each automation brought from from_date to the day before to_date (NULL = open): hours saved x hourly rate + revenue generated, against its cost';

CREATE OR REPLACE VIEW revenue.automation_roi AS SELECT * FROM revenue.automation_roi();

-- Tests of posting methods --------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.rate_quantile(successes bigint, trials bigint, probability double precision)
RETURNS double precision LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'rate_quantile';
COMMENT ON FUNCTION revenue.rate_quantile IS
  'Quantile of what is known of a rate after so many trials (Beta-Binomial, Jeffreys'' prior): those at 0.025 and 0.975 bound the 95 % credible interval';

CREATE OR REPLACE FUNCTION revenue.compare_variants(variants jsonb)
RETURNS TABLE (variant text, successes bigint, trials bigint, p_best double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 5 AS 'MODULE_PATHNAME', 'compare_variants';
COMMENT ON FUNCTION revenue.compare_variants IS
  'The probability of each variant to have the highest rate, from {"A": {"successes": 12, "trials": 100}, ...}: exact, no simulation; they add up to 1';

CREATE OR REPLACE FUNCTION revenue.posting_test_results(
  test text DEFAULT NULL, as_of timestamptz DEFAULT NULL, levels double precision[] DEFAULT '{0.95}', org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, test_id text, variant text, posts bigint, exposures bigint, pipeline_entries bigint,
  entry_rate double precision, p_best double precision, level double precision, rate_low double precision,
  rate_high double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  IF coalesce(cardinality(levels), 0) = 0
     OR EXISTS (SELECT FROM unnest(levels) AS l(level) WHERE (l.level BETWEEN 0.01 AND 0.999999) IS NOT TRUE) THEN
    RAISE EXCEPTION 'levels must be from 0.01 to 0.999999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the levels of the intervals, such as ARRAY[0.7, 0.95].';
  END IF;
  RETURN QUERY
  WITH counts AS (
    SELECT t.org_id, t.test_id, t.variant, sum(t.posts) AS posts, sum(t.exposures) AS exposures,
      sum(t.pipeline_entries) AS entries
    FROM revenue.orgs AS o
    JOIN revenue.posting_tests AS t
      ON t.org_id = o.org_id AND t.day <= (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer')) AND (org IS NULL OR o.org_id = org)
      AND (test IS NULL OR t.test_id = test)
    GROUP BY t.org_id, t.test_id, t.variant HAVING revenue.cell_visible(t.org_id, sum(t.exposures))
  ), tests AS MATERIALIZED (
    SELECT c.org_id, c.test_id,
      jsonb_object_agg(c.variant, jsonb_build_object('successes', c.entries, 'trials', c.exposures)) AS variants
    FROM counts AS c GROUP BY c.org_id, c.test_id HAVING count(*) <= 200
  ), compared AS MATERIALIZED (
    SELECT t.org_id, t.test_id, v.variant, v.p_best FROM tests AS t CROSS JOIN LATERAL revenue.compare_variants(t.variants) AS v
  )
  SELECT c.org_id, c.test_id, c.variant, c.posts, c.exposures, c.entries,
    c.entries / nullif(c.exposures, 0)::double precision, p.p_best, l.level,
    revenue.rate_quantile(c.entries, c.exposures, (1 - l.level) / 2),
    revenue.rate_quantile(c.entries, c.exposures, (1 + l.level) / 2)
  FROM counts AS c
  LEFT JOIN compared AS p USING (org_id, test_id, variant)
  CROSS JOIN (SELECT DISTINCT u.level FROM unnest(levels) AS u(level)) AS l
  ORDER BY c.org_id, c.test_id, p.p_best DESC NULLS LAST, c.variant, l.level;
END $$;
COMMENT ON FUNCTION revenue.posting_test_results IS
  'Each variant of each test of posting methods (or of one): its rate of pipeline entries with credible intervals of these levels, and its probability to be the best; NULL for more than 200 variants';

CREATE OR REPLACE VIEW revenue.posting_test_results AS SELECT * FROM revenue.posting_test_results();

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.mtd IS 'Revenue of the month to date by event type, won deals without an event included, beside the month before up to the same day';
COMMENT ON VIEW revenue.top_sources IS 'The ten sources that brought most revenue, of all time';
COMMENT ON VIEW revenue.offer_performance IS 'Each offer by platform and niche, from impressions to revenue, of all time';
COMMENT ON VIEW revenue.automation_roi IS 'What each automation brought against its cost, of all time';
COMMENT ON VIEW revenue.posting_test_results IS 'Each variant of each test of posting methods, with its 95 % credible interval and its probability to be the best';
COMMENT ON COLUMN revenue.mtd.events IS 'Events, or won deals without one, of the month so far';
COMMENT ON COLUMN revenue.mtd.revenue IS 'Their sum in the reporting currency';
COMMENT ON COLUMN revenue.top_sources.rank IS 'Place by revenue';
COMMENT ON COLUMN revenue.top_sources.source IS 'Source; NULL = unknown';
COMMENT ON COLUMN revenue.automation_roi.cost IS 'What it cost, in the reporting currency; NULL = unknown';
SELECT revenue.comment_view_columns('{
  "org_id": "Organisation", "month": "First day of the month", "event_type": "deal_won, upsell, churn, recurring_payment, or won_deal: a won deal that no event tells of",
  "events": "Events in the period", "revenue": "Their sum in the reporting currency, net of what was lost; NULL = no exchange rate",
  "reporting_currency": "The organisation''s base currency",
  "events_without_rate": "Events and won deals that the sum does not contain: no amount or no exchange rate",
  "previous_events": "Events of the month before, up to the same day", "previous_revenue": "Their sum",
  "change": "(revenue - previous_revenue) / |previous_revenue|",
  "deals_closed": "Deals won", "total_revenue": "Revenue of all sources",
  "share": "revenue / total_revenue", "avg_days_to_close": "Mean days to close, where known",
  "offer_id": "Offer", "offer_name": "Name of the offer", "platform": "Platform; NULL = unknown", "niche": "Niche; NULL = unknown or none",
  "impressions": "How often it was shown", "engagements": "Reactions, comments, clicks", "dm_starts": "Conversations that began",
  "pipeline_entries": "Contacts that entered the pipeline", "conversion_rate": "deals_closed / pipeline_entries",
  "cost": "What it cost, in the reporting currency; NULL = unknown",
  "days_without_cost": "Rows of a day that the cost does not contain: unknown or no exchange rate",
  "automation_id": "Automation", "automation_name": "Name of the automation", "recorded_days": "Days on record", "runs": "How often it ran",
  "hours_saved": "Hours of work that it did", "time_value": "Sum of hours saved x hourly rate",
  "revenue_generated": "Revenue that it brought", "net_gain": "time_value + revenue_generated - cost",
  "test_id": "Test", "variant": "Method that is tried", "posts": "Posts made", "exposures": "People who saw one",
  "entry_rate": "pipeline_entries / exposures", "p_best": "Probability that its rate is the highest of the test",
  "level": "Level of the interval", "rate_low": "Lower bound of the rate''s credible interval", "rate_high": "Upper bound"
}');
COMMENT ON COLUMN revenue.offer_performance.roi IS '(revenue - cost) / cost';
COMMENT ON COLUMN revenue.automation_roi.roi IS 'net_gain / cost';
