-- log_deal() on the deals of views.data.sql: every won deal has its event, one every quarter of an hour,
-- and 500 open ones are closed, a transaction each. Prints the median and the tail, in milliseconds.
--   psql -f measure.sql -f views.org.sql -f growth.sql -v open=0.35 -v from=1 -v to=100000 -f views.data.sql -f events.sql
INSERT INTO revenue.revenue_events (org_id, event_id, event_type, deal_id, owner_rep_id, amount, currency, source, closed_at)
SELECT d.org_id, 'won-' || d.deal_id, 'deal_won', d.deal_id, d.owner_rep_id, d.amount, d.currency, d.source,
  now() - row_number() OVER (ORDER BY d.deal_id) * interval '15 minutes'
FROM revenue.deals d JOIN revenue.stages s USING (org_id, pipeline_id, stage_id) WHERE s.kind = 'won' AND d.amount IS NOT NULL;
VACUUM ANALYZE revenue.revenue_events, revenue.deals;
CREATE TABLE bench.logged (ms double precision);
CREATE TABLE bench.to_log AS
SELECT d.org_id, d.deal_id FROM revenue.deals d JOIN revenue.stages s USING (org_id, pipeline_id, stage_id)
WHERE s.kind = 'open' ORDER BY hashtext(d.deal_id) LIMIT 500;
DO $$
DECLARE
  deal record;
  began timestamptz;
BEGIN
  FOR deal IN SELECT * FROM bench.to_log LOOP
    began := clock_timestamp();
    PERFORM revenue.log_deal('bench-' || deal.deal_id, deal_id => deal.deal_id, amount => 1000, org => deal.org_id);
    COMMIT;
    INSERT INTO bench.logged VALUES (extract(epoch FROM clock_timestamp() - began) * 1000);
  END LOOP;
END $$;
SELECT (SELECT count(*) FROM revenue.deals) AS deals, (SELECT sum(events) FROM revenue.mtd) AS events_of_the_month,
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric, 2) AS median_ms,
  round(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms)::numeric, 2) AS p95_ms, round(max(ms)::numeric, 1) AS first_of_the_day_ms
FROM bench.logged;
