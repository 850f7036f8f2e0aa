-- The room pipeline, revenue events: the performance of offers by month, kept for charts and trends.

CREATE OR REPLACE FUNCTION revenue.update_offer_performance(
  from_month date DEFAULT NULL, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  zone text := (SELECT o.time_zone FROM revenue.orgs AS o WHERE o.org_id = chosen);
  last_month date := date_trunc('month', coalesce(revenue.checked_instant(update_offer_performance.as_of), now()) AT TIME ZONE zone)::date;
  first_month date;
  stored bigint;
BEGIN
  IF update_offer_performance.from_month NOT BETWEEN last_month - interval '50 years' AND last_month + interval '1 month' THEN
    RAISE EXCEPTION 'from_month must lie in the last 50 years' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave it out for the last three months and those that are missing.';
  END IF;
  first_month := date_trunc('month', update_offer_performance.from_month::timestamp)::date;
  IF first_month IS NULL THEN
    -- What is entered late is entered within two months; what was never computed is computed now.
    first_month := least((last_month - interval '2 months')::date, coalesce(
      (SELECT max(m.month) FROM revenue.offer_months AS m WHERE m.org_id = chosen),
      date_trunc('month', least(
        (SELECT min(a.day)::timestamp FROM revenue.offer_activity AS a WHERE a.org_id = chosen),
        (SELECT min(e.closed_at) AT TIME ZONE zone FROM revenue.revenue_events AS e WHERE e.org_id = chosen AND e.offer_id IS NOT NULL)))));
    first_month := greatest(first_month, (last_month - interval '10 years')::date);
  END IF;
  PERFORM revenue.lock_org(chosen);
  DELETE FROM revenue.offer_months AS m WHERE m.org_id = chosen AND m.month BETWEEN first_month AND last_month;
  INSERT INTO revenue.offer_months (org_id, offer_id, month, platform, niche, impressions, engagements, dm_starts,
    pipeline_entries, deals_closed, events, events_without_rate, revenue, cost, days_without_cost, reporting_currency, computed_at)
  SELECT chosen, p.offer_id, g.month, coalesce(p.platform, ''), coalesce(p.niche, ''), p.impressions, p.engagements, p.dm_starts,
    p.pipeline_entries, p.deals_closed, p.events, p.events_without_rate, p.revenue, p.cost, p.days_without_cost,
    p.reporting_currency, clock_timestamp()
  FROM (SELECT m::date AS month FROM generate_series(first_month::timestamp, last_month::timestamp, interval '1 month') AS m) AS g,
    revenue.offer_performance(g.month, (g.month + interval '1 month')::date, chosen) AS p;
  GET DIAGNOSTICS stored = ROW_COUNT;
  RETURN stored;
END $$;
COMMENT ON FUNCTION revenue.update_offer_performance IS
  'Computes the performance of offers anew for the months from from_month on (NULL = the last three, and those that are missing); how many rows that gave. Admins and owners';

CREATE OR REPLACE VIEW revenue.offer_trends WITH (security_invoker) AS
SELECT m.org_id, m.month, m.offer_id, f.name AS offer_name, nullif(m.platform, '') AS platform, nullif(m.niche, '') AS niche,
  m.impressions, m.engagements, m.dm_starts, m.pipeline_entries, m.deals_closed,
  m.deals_closed / nullif(m.pipeline_entries, 0)::double precision AS conversion_rate,
  m.events, trim_scale(m.revenue) AS revenue, trim_scale(m.cost) AS cost,
  ((m.revenue - m.cost) / nullif(m.cost, 0))::double precision AS roi,
  m.reporting_currency, m.events_without_rate, m.days_without_cost, m.computed_at
FROM revenue.offer_months AS m JOIN revenue.offers AS f USING (org_id, offer_id)
WHERE m.org_id = ANY (revenue.visible_orgs('viewer'));
COMMENT ON VIEW revenue.offer_trends IS 'Each offer by month, platform and niche, with the conversion rate and the ROI, as the job offer_performance_update computed it last';
SELECT revenue.comment_view_columns((
  SELECT jsonb_object_agg(a.attname, col_description(a.attrelid, a.attnum)) FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = 'revenue.offer_months'::regclass AND a.attnum > 0)
  || '{"offer_name": "Name of the offer", "platform": "Platform; NULL = unknown", "niche": "Niche; NULL = unknown",
  "conversion_rate": "Deals won / people who entered the pipeline", "roi": "(revenue - cost) / cost"}');
