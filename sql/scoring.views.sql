-- The room scoring: every deal, contact and account scored, and what BI and applications read.
-- Each view is the function of the same name at NULL, that is now. Functions that show rows run with
-- the caller's rights. Functions that only aggregate run with the owner's, so that a viewer, who sees
-- no row, gets totals of at least five.

CREATE OR REPLACE FUNCTION revenue.cell_visible(org_id integer, rows_in_cell bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT rows_in_cell >= 5 OR org_id = ANY (revenue.visible_orgs('member'));
END;
COMMENT ON FUNCTION revenue.cell_visible IS
  'Whether the caller may see a total over so many rows: a viewer sees no cell of fewer than five';

CREATE OR REPLACE FUNCTION revenue.visible_total(org_id integer, rows_in_total bigint, total numeric) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN (rows_in_total = 0 OR revenue.cell_visible(org_id, rows_in_total))
    AND total NOT IN ('NaN', 'Infinity', '-Infinity') THEN total END;
END;
COMMENT ON FUNCTION revenue.visible_total IS
  'A total within a cell, NULL for a viewer where fewer than five rows make it up';

-- Scored rows ---------------------------------------------------------------------------------

-- The planner knows nothing of how small and how unique tables like these are, and joins them to
-- every deal by sorting or by loops. Functions that are not inlined (they have a SET) tell it by ROWS.
CREATE OR REPLACE FUNCTION revenue.scored_stages(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, stage_no bigint, name text, "position" integer,
  kind text, framework_stage text, weights jsonb, base_currency char(3), time_zone text, moment timestamptz, today date)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.org_id, s.pipeline_id, s.stage_id, row_number() OVER (), s.name, s.position, s.kind,
    revenue.known_stage(coalesce(s.framework_stage, s.stage_id), f.weights), f.weights, o.base_currency, o.time_zone,
    coalesce(revenue.checked_instant(as_of), now()),
    (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date
  FROM revenue.stages AS s
  JOIN revenue.orgs AS o USING (org_id)
  LEFT JOIN revenue.frameworks_in_force() AS f ON f.org_id = s.org_id AND f.vertical = 'all'
  WHERE s.org_id = ANY (revenue.visible_orgs('viewer'))
$$;
COMMENT ON FUNCTION revenue.scored_stages IS
  'Every stage with what scoring a deal in it needs: its name in the framework, the weights in force, the currency, the moment and the day there';

-- Every deal has a stage: the outer join only keeps the planner from multiplying the selectivities of
-- three columns that go together and expecting a single deal.
CREATE OR REPLACE FUNCTION revenue.deal_scores(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, deal_id text, name text, account_id text, owner_rep_id text, product_id text,
  pipeline_id text, stage_id text, stage_name text, stage_position integer,
  industry text, segment text, source text, created_at timestamptz,
  amount numeric, currency char(3), reporting_amount numeric, reporting_currency char(3),
  fx_rate numeric, fx_rate_date date, fx_filled boolean,
  close_date date, days_to_close_date integer, forecast_month date, date_weight double precision,
  days_in_stage double precision, days_since_last_activity double precision,
  num_objections_handled integer, competitors_mentioned integer,
  close_probability double precision, weighted_amount double precision,
  health_score double precision, health_category text, risk_factors text[])
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT
    d.org_id, d.deal_id, d.name, d.account_id, d.owner_rep_id, d.product_id,
    d.pipeline_id, d.stage_id, s.name, s.position, coalesce(d.industry, g.industry), coalesce(d.segment, g.segment), d.source, d.created_at,
    d.amount, d.currency, d.amount * r.rate, s.base_currency, r.rate, r.rate_date, r.filled,
    d.close_date, revenue.days_until(d.close_date, s.today),
    revenue.forecast_month(d.close_date, s.today),
    revenue.date_weight(revenue.days_until(d.close_date, s.today), x.weights),
    x.days_in_stage, x.days_since_last_activity, d.num_objections_handled, d.competitors_mentioned,
    y.close_probability, (d.amount * r.rate)::double precision * y.close_probability,
    y.health_score, revenue.health_category(y.health_score, x.weights),
    revenue.deal_risk_factors(
      s.framework_stage, x.days_in_stage, x.days_since_last_activity, d.num_interactions, d.lead_score,
      d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, revenue.days_until(d.close_date, s.today), x.weights)
  FROM revenue.deals_as_of(as_of) AS d
  LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
  LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = d.org_id AND r.currency = d.currency
  LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.industry IS NULL OR d.segment IS NULL THEN d.account_id END) AS g
    ON s.today >= g.valid_from AND s.today < g.valid_to
  LEFT JOIN revenue.frameworks_in_force() AS f ON f.org_id = d.org_id AND f.vertical = coalesce(d.industry, g.industry)
  CROSS JOIN LATERAL (
    SELECT revenue.elapsed_days(d.stage_entered_at, s.moment) AS days_in_stage,
      revenue.elapsed_days(d.last_activity_at, s.moment) AS days_since_last_activity,
      coalesce(f.weights, s.weights) AS weights
  ) AS x
  CROSS JOIN LATERAL (
    SELECT
      revenue.close_probability(
        s.framework_stage, x.days_in_stage, d.lead_score, d.num_interactions, d.num_objections_handled,
        d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, d.competitors_mentioned,
        x.weights) AS close_probability,
      revenue.deal_health(
        s.framework_stage, x.days_in_stage, x.days_since_last_activity, d.num_interactions, d.lead_score,
        d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, revenue.days_until(d.close_date, s.today),
        x.weights) AS health_score
  ) AS y
  WHERE coalesce(s.kind = 'open', false);
END;
COMMENT ON FUNCTION revenue.deal_scores IS
  'Every open deal with its probability, health, risk factors and amount in the reporting currency, now or at any past instant';

CREATE OR REPLACE VIEW revenue.deal_scores WITH (security_invoker) AS
SELECT s.*, nullif(array_to_string(s.risk_factors, '; '), '') AS risks FROM revenue.deal_scores() AS s;

CREATE OR REPLACE VIEW revenue.ranked_deals WITH (security_invoker) AS
SELECT s.org_id, row_number() OVER (PARTITION BY s.org_id ORDER BY s.weighted_amount DESC NULLS LAST, s.deal_id) AS rank,
  s.deal_id, s.name, a.name AS company, s.owner_rep_id, s.stage_id, s.reporting_amount, s.reporting_currency,
  s.close_probability, s.weighted_amount, s.close_date
FROM revenue.deal_scores() AS s
LEFT JOIN revenue.accounts AS a USING (org_id, account_id);

-- NOT IN, because the planner takes a pair of equalities for a rarity and would look accounts up one by one.
CREATE OR REPLACE VIEW revenue.at_risk_deals WITH (security_invoker) AS
SELECT s.org_id, s.deal_id, s.name, a.name AS company, s.owner_rep_id, s.stage_id,
  s.reporting_amount AS deal_value, s.reporting_currency, s.close_date,
  s.health_score, s.health_category, s.risk_factors, nullif(array_to_string(s.risk_factors, '; '), '') AS risks
FROM revenue.deal_scores() AS s
LEFT JOIN revenue.accounts AS a USING (org_id, account_id)
WHERE s.health_category NOT IN ('healthy', 'strong');

CREATE OR REPLACE FUNCTION revenue.at_risk_deals(
  min_deal_value numeric DEFAULT 0, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT jsonb_build_object('count', count(*), 'deals', coalesce(jsonb_agg(
    jsonb_build_object(
      'id', s.deal_id, 'name', s.name, 'company', a.name, 'deal_value', trim_scale(s.reporting_amount),
      'currency', s.reporting_currency, 'health_score', s.health_score,
      'health_category', s.health_category, 'risk_factors', to_jsonb(s.risk_factors))
    ORDER BY s.reporting_amount DESC NULLS LAST, s.deal_id), '[]'))
  FROM revenue.deal_scores(as_of) AS s
  LEFT JOIN revenue.accounts AS a USING (org_id, account_id)
  WHERE s.org_id = revenue.current_org(org)
    AND s.health_category NOT IN ('healthy', 'strong')
    AND coalesce(s.reporting_amount, 0) >= coalesce(min_deal_value, 0);
END;
COMMENT ON FUNCTION revenue.at_risk_deals IS
  'Open deals whose health is critical or at risk, from a value up, largest first: {count, deals[]}';

CREATE OR REPLACE FUNCTION revenue.account_scores(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, account_id text, name text, industry text, segment text, region text, owner_rep_id text,
  churn_risk double precision, churn jsonb, expansion_score double precision, expansion jsonb)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  WITH frameworks AS MATERIALIZED (
    SELECT * FROM revenue.frameworks_in_force()
  ), catalogue AS MATERIALIZED (
    SELECT o.org_id, (coalesce(revenue.checked_instant(as_of), now()) AT TIME ZONE o.time_zone)::date AS today,
      (SELECT count(*) FROM revenue.products AS p WHERE p.org_id = o.org_id AND p.active) AS products,
      f.weights
    FROM revenue.orgs AS o
    LEFT JOIN frameworks AS f ON f.org_id = o.org_id AND f.vertical = 'all'
    WHERE o.org_id = ANY (revenue.visible_orgs('viewer'))
  ), known AS (
    SELECT a.*, c.today, c.products, coalesce(f.weights, c.weights) AS weights,
      greatest(-revenue.days_until(a.overdue_since, c.today), 0) AS days_overdue,
      revenue.days_until(a.renewal_date, c.today) AS days_to_renewal,
      CASE WHEN a.usage_prior >= 1e-6 AND a.usage_recent BETWEEN 1e-6 AND 1e12 THEN a.usage_recent / a.usage_prior - 1
        WHEN a.usage_prior > 0 AND a.usage_recent = 0 THEN -1 END AS usage_growth
    FROM revenue.accounts AS a
    JOIN catalogue AS c USING (org_id)
    LEFT JOIN frameworks AS f ON f.org_id = a.org_id AND f.vertical = a.industry
  ), at_risk AS (
    SELECT k.*, revenue.churn_risk(
      usage_recent, usage_prior, open_tickets, escalations, days_overdue, failed_payments, nps, csat,
      days_to_renewal, champion_left, weights) AS churn_risk
    FROM known AS k
  )
  SELECT org_id, account_id, name, industry, segment, region, owner_rep_id, churn_risk,
    revenue.explain_churn_risk(
      usage_recent, usage_prior, open_tickets, escalations, days_overdue, failed_payments, nps, csat,
      days_to_renewal, champion_left, weights),
    revenue.expansion_score(
      seats_used, seats_bought, usage_recent, usage_limit, products_owned, products, usage_growth,
      100 - churn_risk, weights),
    revenue.explain_expansion_score(
      seats_used, seats_bought, usage_recent, usage_limit, products_owned, products, usage_growth,
      100 - churn_risk, weights)
  FROM at_risk;
END;
COMMENT ON FUNCTION revenue.account_scores IS
  'Every account with its churn risk and its room to grow, both explained; as_of moves the day, the indicators are the latest known';

CREATE OR REPLACE VIEW revenue.account_scores WITH (security_invoker) AS
SELECT * FROM revenue.account_scores();

CREATE OR REPLACE VIEW revenue.contact_scores WITH (security_invoker) AS
WITH frameworks AS MATERIALIZED (
  SELECT * FROM revenue.frameworks_in_force()
)
SELECT c.org_id, c.contact_id, c.name, c.account_id, a.name AS company, c.owner_rep_id, c.source,
  revenue.lead_score(
    c.seniority, a.employees, c.industry_match, c.email_opens, c.email_clicks, c.page_visits, c.replies,
    c.meetings, revenue.elapsed_days(c.last_engaged_at, now()), c.unsubscribed,
    coalesce(v.weights, f.weights)) AS lead_score,
  revenue.explain_lead_score(
    c.seniority, a.employees, c.industry_match, c.email_opens, c.email_clicks, c.page_visits, c.replies,
    c.meetings, revenue.elapsed_days(c.last_engaged_at, now()), c.unsubscribed,
    coalesce(v.weights, f.weights)) AS lead
FROM revenue.contacts AS c
LEFT JOIN revenue.accounts AS a USING (org_id, account_id)
LEFT JOIN frameworks AS f ON f.org_id = c.org_id AND f.vertical = 'all'
LEFT JOIN frameworks AS v ON v.org_id = c.org_id AND v.vertical = a.industry
WHERE c.org_id = ANY (revenue.visible_orgs('viewer'));

-- The open pipeline in totals -----------------------------------------------------------------

-- Grouped before it is converted: one pass computes every score once, and one product a group, exact
-- like the sum, replaces one a deal. The planner cannot know how few months there are and would sort
-- the deals, which takes longer than scoring them. PL/pgSQL, here and below, because it plans for the
-- as_of at hand: an SQL function plans for any, and reads the whole history to answer for now.
CREATE OR REPLACE FUNCTION revenue.pipeline_cells(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, stage_name text, stage_position integer, month date,
  reporting_currency char(3), deal_count bigint, deals_without_value bigint, overdue_deals bigint,
  at_risk_deals bigint, total_value numeric, weighted_value double precision, forecast double precision,
  forecast_90d double precision, health_sum double precision, days_in_stage_sum double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_sort = off SET work_mem = '64MB' SET jit = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH visible AS MATERIALIZED (
    SELECT v.org_id FROM unnest(revenue.visible_orgs('viewer')) AS v(org_id) WHERE org IS NULL OR v.org_id = org
  ), stages AS MATERIALIZED (
    SELECT s.* FROM revenue.scored_stages(as_of) AS s JOIN visible USING (org_id)
  ), cells AS MATERIALIZED (
    SELECT s.stage_no, d.currency, revenue.forecast_month(d.close_date, s.today) AS month, sum(d.amount) AS value,
      count(*) FILTER (WHERE d.close_date < s.today) AS overdue,
      revenue.pipeline_totals(
        d.amount, s.framework_stage, revenue.elapsed_days(d.stage_entered_at, s.moment),
        revenue.elapsed_days(d.last_activity_at, s.moment), d.num_interactions, d.lead_score,
        d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, revenue.days_until(d.close_date, s.today),
        d.num_objections_handled, d.competitors_mentioned, coalesce(f.weights, s.weights)) AS totals
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN stages AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.industry IS NULL THEN d.account_id END) AS g
      ON s.today >= g.valid_from AND s.today < g.valid_to
    LEFT JOIN revenue.frameworks_in_force() AS f ON f.org_id = d.org_id AND f.vertical = coalesce(d.industry, g.industry)
    WHERE coalesce(s.kind = 'open', false)
    GROUP BY s.stage_no, d.currency, revenue.forecast_month(d.close_date, s.today)
  ), parts AS (
    SELECT c.*, t.* FROM cells AS c, jsonb_to_record(c.totals) AS t(
      deal_count bigint, valued_deals bigint, weighted_value double precision, forecast double precision,
      forecast_90d double precision, at_risk_deals bigint, health_sum double precision,
      days_in_stage_sum double precision)
  )
  SELECT s.org_id, s.pipeline_id, s.stage_id, s.name, s.position, p.month, s.base_currency,
    sum(p.deal_count)::bigint,
    sum(p.deal_count - CASE WHEN r.rate IS NULL THEN 0 ELSE p.valued_deals END)::bigint,
    sum(p.overdue)::bigint, sum(p.at_risk_deals)::bigint, coalesce(sum(p.value * r.rate), 0),
    coalesce(sum(p.weighted_value * r.rate::double precision), 0),
    coalesce(sum(p.forecast * r.rate::double precision), 0),
    coalesce(sum(p.forecast_90d * r.rate::double precision), 0),
    sum(p.health_sum), sum(p.days_in_stage_sum)
  FROM parts AS p
  JOIN stages AS s USING (stage_no)
  LEFT JOIN revenue.fx_rates_at(as_of) AS r ON r.org_id = s.org_id AND r.currency = p.currency
  GROUP BY s.org_id, s.pipeline_id, s.stage_id, s.name, s.position, p.month, s.base_currency;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.pipeline_cells FROM PUBLIC;
COMMENT ON FUNCTION revenue.pipeline_cells IS
  'For functions with the owner''s rights: the open pipeline by stage and month, of the organisations the caller may see, cells of any size';

CREATE OR REPLACE FUNCTION revenue.pipeline_summary(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, stage_name text, stage_position integer,
  deal_count bigint, total_value numeric, reporting_currency char(3), avg_deal_size numeric,
  weighted_value double precision, avg_days_in_stage double precision, avg_health_score double precision,
  at_risk_deals bigint, deals_without_value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.org_id, c.pipeline_id, c.stage_id, c.stage_name, c.stage_position,
    sum(c.deal_count)::bigint,
    revenue.visible_total(c.org_id, sum(c.deal_count - c.deals_without_value)::bigint, trim_scale(sum(c.total_value))),
    c.reporting_currency,
    revenue.visible_total(c.org_id, sum(c.deal_count - c.deals_without_value)::bigint,
      sum(c.total_value) / nullif(sum(c.deal_count - c.deals_without_value), 0)),
    CASE WHEN revenue.cell_visible(c.org_id, sum(c.deal_count - c.deals_without_value)::bigint)
      THEN sum(c.weighted_value) END, sum(c.days_in_stage_sum) / sum(c.deal_count)::double precision,
    sum(c.health_sum) / sum(c.deal_count)::double precision, sum(c.at_risk_deals)::bigint,
    sum(c.deals_without_value)::bigint
  FROM revenue.pipeline_cells(as_of, org) AS c
  GROUP BY c.org_id, c.pipeline_id, c.stage_id, c.stage_name, c.stage_position, c.reporting_currency
  HAVING revenue.cell_visible(c.org_id, sum(c.deal_count)::bigint)
  ORDER BY c.org_id, c.pipeline_id, c.stage_position
$$;
COMMENT ON FUNCTION revenue.pipeline_summary IS
  'The open pipeline by stage, now or at any past instant';

CREATE OR REPLACE VIEW revenue.pipeline_summary AS SELECT * FROM revenue.pipeline_summary();

CREATE OR REPLACE FUNCTION revenue.forecast_monthly(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, month date, deal_count bigint, total_value numeric, reporting_currency char(3),
  weighted_value double precision, overdue_deals bigint, deals_without_value bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.org_id, c.month, sum(c.deal_count)::bigint,
    revenue.visible_total(c.org_id, sum(c.deal_count - c.deals_without_value)::bigint, trim_scale(sum(c.total_value))),
    c.reporting_currency,
    CASE WHEN revenue.cell_visible(c.org_id, sum(c.deal_count - c.deals_without_value)::bigint)
      THEN sum(c.forecast) END, sum(c.overdue_deals)::bigint, sum(c.deals_without_value)::bigint
  FROM revenue.pipeline_cells(as_of, org) AS c
  GROUP BY c.org_id, c.month, c.reporting_currency
  HAVING revenue.cell_visible(c.org_id, sum(c.deal_count)::bigint)
  ORDER BY c.org_id, c.month
$$;
COMMENT ON FUNCTION revenue.forecast_monthly IS
  'Expected value by close month, weighted by stage and date; an overdue deal counts in the current month at the weight its date has left, a deal without close date in the month NULL';

CREATE OR REPLACE VIEW revenue.forecast_monthly AS SELECT * FROM revenue.forecast_monthly();

-- Deals without anything that names them, for reports that leave the sales team: what is rare enough
-- to give a deal away is blanked, and what is still rare then is left out.
CREATE OR REPLACE FUNCTION revenue.anonymised_deals(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, pipeline_id text, stage_id text, stage_name text, industry text, segment text,
  value_band text, reporting_currency char(3), forecast_month date,
  health_category text, probability_band text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  WITH banded AS (
    SELECT s.org_id, s.pipeline_id, s.stage_id, s.stage_name, s.industry, s.segment,
      CASE WHEN s.reporting_amount IS NULL THEN 'unknown' WHEN s.reporting_amount < 1000 THEN 'below 1k'
        WHEN s.reporting_amount < 10000 THEN '1k to 10k' WHEN s.reporting_amount < 100000 THEN '10k to 100k'
        WHEN s.reporting_amount < 1000000 THEN '100k to 1M' ELSE '1M and more' END AS value_band,
      s.reporting_currency, s.forecast_month, s.health_category,
      CASE WHEN s.close_probability < 0.25 THEN 'below 25 %' WHEN s.close_probability < 0.5 THEN '25 to 50 %'
        WHEN s.close_probability < 0.75 THEN '50 to 75 %' ELSE '75 % and more' END AS probability_band
    FROM revenue.deal_scores(as_of) AS s
    JOIN unnest(revenue.visible_orgs('viewer')) AS visible(org_id) USING (org_id)
    WHERE org IS NULL OR s.org_id = org
  ), counted AS (
    SELECT b.*,
      count(*) OVER (PARTITION BY b.org_id, b.pipeline_id, b.stage_id, b.industry, b.segment, b.value_band,
        b.forecast_month, b.health_category, b.probability_band) < 5 AS rare
    FROM banded AS b
  ), blanked AS (
    SELECT c.org_id, c.pipeline_id, c.stage_id, c.stage_name,
      CASE WHEN NOT c.rare THEN c.industry END AS industry, CASE WHEN NOT c.rare THEN c.segment END AS segment,
      CASE WHEN NOT c.rare THEN c.value_band END AS value_band, c.reporting_currency,
      CASE WHEN NOT c.rare THEN c.forecast_month END AS forecast_month,
      c.health_category, CASE WHEN NOT c.rare THEN c.probability_band END AS probability_band, c.rare
    FROM counted AS c
  )
  SELECT b.org_id, b.pipeline_id, b.stage_id, b.stage_name, b.industry, b.segment, b.value_band,
    b.reporting_currency, b.forecast_month, b.health_category, b.probability_band
  FROM (
    SELECT b.*, count(*) OVER (PARTITION BY b.org_id, b.pipeline_id, b.stage_id, b.health_category, b.rare) AS alike
    FROM blanked AS b
  ) AS b
  WHERE NOT b.rare OR b.alike >= 5;
END $$;
COMMENT ON FUNCTION revenue.anonymised_deals IS
  'Open deals without names, keys, people or exact amounts; a combination of fewer than five deals loses what makes it rare, and stays out where that is not enough';

CREATE OR REPLACE VIEW revenue.anonymised_deals AS SELECT * FROM revenue.anonymised_deals();

-- Closed deals --------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.closing_rates(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (org_id integer, currency char(3), closed_on date, rate numeric, rate_date date)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 200
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT c.org_id, c.currency, c.closed_on, f.rate, f.rate_date
  FROM (
    SELECT DISTINCT d.org_id, d.currency, s.base_currency,
      coalesce((d.closed_at AT TIME ZONE s.time_zone)::date, d.close_date) AS closed_on
    FROM revenue.deals_as_of(as_of) AS d
    LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
    WHERE coalesce(s.kind <> 'open', false)
  ) AS c
  LEFT JOIN LATERAL revenue.fx_rate_on(c.org_id, c.currency, c.base_currency, c.closed_on) AS f ON true;
END $$;
COMMENT ON FUNCTION revenue.closing_rates IS
  'The rate into the base currency on each day on which a deal in a currency closed, for joins';

-- The amount of a deal goes to its products from share_from to share_to of it, so that the parts add up to it exactly.
CREATE OR REPLACE FUNCTION revenue.deal_shares()
RETURNS TABLE (org_id integer, deal_id text, product_id text, share_from numeric, share_to numeric, is_main boolean)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT c.org_id, c.deal_id, c.product_id, (c.so_far - c.amount) / c.total, c.so_far / c.total, c.nth = 1
  FROM (
    SELECT l.org_id, l.deal_id, l.product_id, sum(l.amount) AS amount,
      sum(sum(l.amount)) OVER (PARTITION BY l.org_id, l.deal_id ORDER BY l.product_id) AS so_far,
      sum(sum(l.amount)) OVER (PARTITION BY l.org_id, l.deal_id) AS total,
      sum(abs(sum(l.amount))) OVER (PARTITION BY l.org_id, l.deal_id) AS size,
      row_number() OVER (PARTITION BY l.org_id, l.deal_id ORDER BY sum(l.amount) DESC, l.product_id) AS nth
    FROM revenue.deal_lines AS l GROUP BY l.org_id, l.deal_id, l.product_id) AS c
  -- Of what is nearly taken off again each would be many times the deal, beyond what a view or the metrics hold.
  WHERE c.total <> 0 AND c.size <= 3 * abs(c.total);
END;
COMMENT ON FUNCTION revenue.deal_shares IS
  'What part of a deal each of its products is, in proportion to its lines, as a stretch from share_from to share_to (1 for the last) of its amount; is_main = the largest, under which the deal is counted. No rows where its lines come to nothing, or some take off more than half of what the others come to';

CREATE OR REPLACE FUNCTION revenue.part_of(amount numeric, share_from numeric, share_to numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN share_to IS NULL THEN amount
    ELSE CASE share_to WHEN 1 THEN amount ELSE round(amount * share_to, 6) END
      - CASE share_from WHEN 1 THEN amount ELSE round(amount * share_from, 6) END END;
END;
COMMENT ON FUNCTION revenue.part_of IS
  'For figures by product: the part of an amount from share_from to share_to of it, so rounded that all parts add up to it; NULL = all of it';

CREATE OR REPLACE FUNCTION revenue.product_of(own text, of_share text, share_to numeric) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN share_to IS NULL THEN own ELSE of_share END;
END;
COMMENT ON FUNCTION revenue.product_of IS
  'For figures by product: what a deal, or the part of it up to share_to, is counted under: the product of the part, and its own where it is not divided';

CREATE OR REPLACE FUNCTION revenue.closed_deals(as_of timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, deal_id text, name text, account_id text, owner_rep_id text, product_id text,
  pipeline_id text, stage_id text, industry text, segment text, source text,
  won boolean, closed_on date, created_at timestamptz, cycle_days double precision,
  amount numeric, currency char(3), reporting_amount numeric, reporting_currency char(3),
  fx_rate numeric, fx_rate_date date, fx_filled boolean,
  num_objections_handled integer, competitors_mentioned integer, loss_reason text)
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT d.org_id, d.deal_id, d.name, d.account_id, d.owner_rep_id, d.product_id,
    d.pipeline_id, d.stage_id, coalesce(d.industry, g.industry), coalesce(d.segment, g.segment), d.source,
    s.kind = 'won', x.closed_on, d.created_at, revenue.cycle_days(d.created_at, d.closed_at, s.time_zone),
    d.amount, d.currency, d.amount * r.rate, s.base_currency, r.rate, r.rate_date, r.rate_date < x.closed_on,
    d.num_objections_handled, d.competitors_mentioned, d.loss_reason
  FROM revenue.deals_as_of(as_of) AS d
  LEFT JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
  CROSS JOIN LATERAL (SELECT coalesce((d.closed_at AT TIME ZONE s.time_zone)::date, d.close_date) AS closed_on) AS x
  LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.industry IS NULL OR d.segment IS NULL THEN d.account_id END) AS g
    ON x.closed_on >= g.valid_from AND x.closed_on < g.valid_to
  LEFT JOIN revenue.closing_rates(as_of) AS r
    ON r.org_id = d.org_id AND r.currency = d.currency AND r.closed_on = x.closed_on
  WHERE coalesce(s.kind <> 'open', false);
END;
COMMENT ON FUNCTION revenue.closed_deals IS
  'Every won or lost deal, its amount converted at the rate of the day it closed; industry and segment are the deal''s, else those its account had on that day';

CREATE OR REPLACE VIEW revenue.closed_deals WITH (security_invoker) AS
SELECT * FROM revenue.closed_deals();

CREATE OR REPLACE FUNCTION revenue.won_deals_summary(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, month date, deal_count bigint, total_value numeric, reporting_currency char(3),
  avg_deal_size numeric, avg_cycle_days double precision, lost_deals bigint, win_rate double precision,
  deals_without_value bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  visible integer[] := revenue.visible_orgs('viewer');
BEGIN
  PERFORM revenue.check_org(org);
  RETURN QUERY
  SELECT c.org_id, date_trunc('month', c.closed_on::timestamp)::date, count(*) FILTER (WHERE c.won),
    revenue.visible_total(c.org_id, count(c.reporting_amount) FILTER (WHERE c.won),
      trim_scale(coalesce(sum(c.reporting_amount) FILTER (WHERE c.won), 0))),
    c.reporting_currency,
    revenue.visible_total(c.org_id, count(c.reporting_amount) FILTER (WHERE c.won),
      avg(c.reporting_amount) FILTER (WHERE c.won)),
    CASE WHEN revenue.cell_visible(c.org_id, count(*) FILTER (WHERE c.won)) THEN avg(c.cycle_days) FILTER (WHERE c.won) END,
    count(*) FILTER (WHERE NOT c.won), avg(c.won::integer)::double precision,
    count(*) FILTER (WHERE c.won AND c.reporting_amount IS NULL)
  FROM revenue.closed_deals(as_of) AS c
  WHERE c.org_id = ANY (visible) AND (org IS NULL OR c.org_id = org)
  GROUP BY 1, 2, c.reporting_currency
  HAVING revenue.cell_visible(c.org_id, count(*))
  ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION revenue.won_deals_summary IS
  'Won deals by the month they closed, with the win rate = won / (won + lost) of the month';

CREATE OR REPLACE VIEW revenue.won_deals_summary AS SELECT * FROM revenue.won_deals_summary();

CREATE OR REPLACE FUNCTION revenue.win_rates(
  as_of timestamptz DEFAULT NULL, from_date date DEFAULT NULL, to_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, dimension text, member text, won_deals bigint, lost_deals bigint, win_rate double precision,
  won_value numeric, closed_value numeric, win_rate_by_value double precision, reporting_currency char(3))
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  visible integer[] := revenue.visible_orgs('viewer');
BEGIN
  PERFORM revenue.check_org(org);
  PERFORM revenue.check_date_range(from_date, to_date);
  RETURN QUERY
  WITH closed AS MATERIALIZED (
    SELECT c.* FROM revenue.closed_deals(as_of) AS c
    WHERE c.org_id = ANY (visible) AND (org IS NULL OR c.org_id = org)
      AND (from_date IS NULL OR c.closed_on >= from_date) AND (to_date IS NULL OR c.closed_on < to_date)
  ), counts AS (
    SELECT c.org_id, c.reporting_currency,
      CASE WHEN grouping(c.owner_rep_id) = 0 THEN 'rep' WHEN grouping(c.industry) = 0 THEN 'industry'
        WHEN grouping(c.segment) = 0 THEN 'segment' WHEN grouping(c.source) = 0 THEN 'source'
        WHEN grouping(c.pipeline_id) = 0 THEN 'pipeline' ELSE 'all' END AS dimension,
      coalesce(c.owner_rep_id, c.industry, c.segment, c.source, c.pipeline_id) AS member,
      count(*) FILTER (WHERE c.won) AS won, count(*) FILTER (WHERE NOT c.won) AS lost,
      count(c.reporting_amount) FILTER (WHERE c.won) AS won_valued, count(c.reporting_amount) FILTER (WHERE NOT c.won) AS lost_valued,
      coalesce(sum(c.reporting_amount) FILTER (WHERE c.won), 0) AS won_value, coalesce(sum(c.reporting_amount), 0) AS value
    FROM closed AS c
    GROUP BY c.org_id, c.reporting_currency,
      GROUPING SETS ((), (c.owner_rep_id), (c.industry), (c.segment), (c.source), (c.pipeline_id))
    UNION ALL
    SELECT c.org_id, c.reporting_currency, 'product', x.product_id, count(*) FILTER (WHERE x.counts AND c.won),
      count(*) FILTER (WHERE x.counts AND NOT c.won), count(x.amount) FILTER (WHERE c.won), count(x.amount) FILTER (WHERE NOT c.won),
      coalesce(sum(x.amount) FILTER (WHERE c.won), 0), coalesce(sum(x.amount), 0)
    FROM closed AS c LEFT JOIN revenue.deal_shares() AS p USING (org_id, deal_id)
    CROSS JOIN LATERAL (SELECT revenue.product_of(c.product_id, p.product_id, p.share_to) AS product_id,
      revenue.part_of(c.reporting_amount, p.share_from, p.share_to) AS amount, p.is_main IS NOT FALSE AS counts) AS x
    GROUP BY c.org_id, c.reporting_currency, x.product_id
  )
  SELECT c.org_id, c.dimension, c.member, c.won, c.lost, c.won / nullif(c.won + c.lost, 0)::double precision,
    revenue.visible_total(c.org_id, c.won_valued, trim_scale(c.won_value)),
    revenue.visible_total(c.org_id, c.lost_valued, revenue.visible_total(c.org_id, c.won_valued + c.lost_valued, trim_scale(c.value))),
    revenue.visible_total(c.org_id, least(c.won_valued, c.lost_valued), c.won_value / nullif(c.value, 0))::double precision,
    c.reporting_currency
  FROM counts AS c
  WHERE revenue.cell_visible(c.org_id, c.won + c.lost) AND (c.dimension <> 'rep' OR c.org_id = ANY (revenue.visible_orgs('member')))
  ORDER BY 1, 2, 3;
END $$;
COMMENT ON FUNCTION revenue.win_rates IS
  'Win rate = won / (won + lost), by count and by value, of the deals that closed from from_date to the day before to_date (NULL = open), over all deals and by rep, product, industry, segment, source and pipeline (industry and segment of the deal, else those its account had when it closed); a deal of several products counts under the largest, and its amount is divided; member NULL = unknown';

CREATE OR REPLACE VIEW revenue.win_rates AS SELECT * FROM revenue.win_rates();

CREATE OR REPLACE VIEW revenue.objection_handling_impact WITH (security_invoker) AS
SELECT org_id, CASE WHEN num_objections_handled > 5 THEN 5 ELSE num_objections_handled END AS objections_handled,
  count(*) AS closed_deals, count(*) FILTER (WHERE won) AS won_deals, avg(won::integer)::double precision AS win_rate
FROM revenue.closed_deals() GROUP BY 1, 2;

CREATE OR REPLACE VIEW revenue.competitor_impact WITH (security_invoker) AS
SELECT org_id, CASE WHEN competitors_mentioned > 5 THEN 5 ELSE competitors_mentioned END AS competitors_mentioned,
  count(*) AS closed_deals, count(*) FILTER (WHERE won) AS won_deals, avg(won::integer)::double precision AS win_rate
FROM revenue.closed_deals() GROUP BY 1, 2;

CREATE OR REPLACE VIEW revenue.team_performance WITH (security_invoker) AS
SELECT s.org_id, r.team, s.owner_rep_id, r.name AS rep_name, s.pipeline_id, s.stage_id, s.stage_position,
  count(*) AS deal_count, trim_scale(coalesce(sum(s.reporting_amount), 0)) AS total_value, s.reporting_currency,
  coalesce(sum(s.weighted_amount), 0) AS weighted_value, avg(s.days_in_stage) AS avg_days_in_stage,
  avg(s.health_score) AS avg_health_score
FROM revenue.deal_scores() AS s
LEFT JOIN revenue.reps AS r ON r.org_id = s.org_id AND r.rep_id = s.owner_rep_id
GROUP BY s.org_id, r.team, s.owner_rep_id, r.name, s.pipeline_id, s.stage_id, s.stage_position, s.reporting_currency;

CREATE OR REPLACE VIEW revenue.deal_comparisons AS
WITH months AS (
  SELECT w.org_id, w.month, m.metric, m.value
  FROM revenue.won_deals_summary() AS w
  CROSS JOIN LATERAL (VALUES
    ('won_deals', w.deal_count::double precision), ('won_value', w.total_value::double precision),
    ('lost_deals', w.lost_deals::double precision), ('win_rate', w.win_rate),
    ('avg_deal_size', w.avg_deal_size::double precision),
    ('avg_cycle_days', w.avg_cycle_days)) AS m(metric, value)
)
SELECT m.org_id, m.metric, m.month, m.value AS metric_value,
  mom.value AS month_before, (m.value - mom.value) / nullif(mom.value, 0) AS mom,
  qoq.value AS quarter_before, (m.value - qoq.value) / nullif(qoq.value, 0) AS qoq,
  yoy.value AS year_before, (m.value - yoy.value) / nullif(yoy.value, 0) AS yoy
FROM months AS m
LEFT JOIN months AS mom ON (mom.org_id, mom.metric, mom.month) = (m.org_id, m.metric, (m.month - interval '1 month')::date)
LEFT JOIN months AS qoq ON (qoq.org_id, qoq.metric, qoq.month) = (m.org_id, m.metric, (m.month - interval '3 months')::date)
LEFT JOIN months AS yoy ON (yoy.org_id, yoy.metric, yoy.month) = (m.org_id, m.metric, (m.month - interval '1 year')::date);

-- Calls for applications ----------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.org_close_probability(
  deal_stage text DEFAULT NULL,
  days_in_stage double precision DEFAULT NULL,
  lead_score double precision DEFAULT NULL,
  num_interactions bigint DEFAULT NULL,
  num_objections_handled bigint DEFAULT NULL,
  champion_identified boolean DEFAULT NULL,
  budget_confirmed boolean DEFAULT NULL,
  decision_maker_engaged boolean DEFAULT NULL,
  competitors_mentioned bigint DEFAULT NULL,
  vertical text DEFAULT 'all',
  org integer DEFAULT NULL)
RETURNS double precision LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT revenue.close_probability(
    deal_stage, days_in_stage, lead_score, num_interactions, num_objections_handled, champion_identified,
    budget_confirmed, decision_maker_engaged, competitors_mentioned,
    revenue.framework_weights(NULL, vertical, org));
END;
COMMENT ON FUNCTION revenue.org_close_probability IS
  'close_probability with the weights that are in force in the organisation, for all or for one vertical';

CREATE OR REPLACE FUNCTION revenue.explain_deal(
  deal_id text, as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  answer jsonb;
BEGIN
  SELECT jsonb_build_object(
    'deal_id', d.deal_id, 'name', d.name, 'company', a.name, 'stage', s.name,
    'close_probability', revenue.explain_close_probability(
      s.framework_stage, x.days_in_stage, d.lead_score, d.num_interactions, d.num_objections_handled,
      d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, d.competitors_mentioned, x.weights),
    'health', revenue.explain_deal_health(
      s.framework_stage, x.days_in_stage, revenue.elapsed_days(d.last_activity_at, s.moment), d.num_interactions,
      d.lead_score, d.champion_identified, d.budget_confirmed, d.decision_maker_engaged,
      revenue.days_until(d.close_date, s.today), x.weights),
    'value', revenue.predict_deal_value(
      d.product_plan, d.num_users_planned, d.base_list_price_per_user, d.discount_pct, d.billing_cycle,
      d.contract_term_months, x.industry, s.framework_stage, c.avg_acv, d.expansion_potential_factor, c.n, x.weights))
  INTO answer
  FROM revenue.deals_as_of(as_of) AS d
  JOIN revenue.scored_stages(as_of) AS s USING (org_id, pipeline_id, stage_id)
  LEFT JOIN revenue.accounts AS a USING (org_id, account_id)
  LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.industry IS NULL THEN d.account_id END) AS g
    ON s.today >= g.valid_from AND s.today < g.valid_to
  LEFT JOIN revenue.frameworks_in_force() AS f ON f.org_id = d.org_id AND f.vertical = coalesce(d.industry, g.industry)
  CROSS JOIN LATERAL (
    SELECT revenue.elapsed_days(d.stage_entered_at, s.moment) AS days_in_stage,
      coalesce(f.weights, s.weights) AS weights, coalesce(d.industry, g.industry) AS industry
  ) AS x
  CROSS JOIN LATERAL (
    SELECT avg(w.amount * 12 / w.contract_term_months) AS avg_acv, count(*) AS n
    FROM revenue.deals_as_of(as_of) AS w
    JOIN revenue.stages AS k USING (org_id, pipeline_id, stage_id)
    LEFT JOIN LATERAL revenue.account_spans(w.org_id, CASE WHEN w.industry IS NULL THEN w.account_id END) AS h
      ON s.today >= h.valid_from AND s.today < h.valid_to
    WHERE w.org_id = chosen AND k.kind = 'won' AND coalesce(w.industry, h.industry) = x.industry AND w.currency = d.currency
      AND w.product_id IS NOT DISTINCT FROM d.product_id AND w.contract_term_months IS NOT NULL AND w.amount IS NOT NULL
  ) AS c
  WHERE d.org_id = chosen AND d.deal_id = explain_deal.deal_id;
  IF answer IS NULL THEN
    RAISE EXCEPTION 'organisation % has no deal "%"', chosen, coalesce(explain_deal.deal_id, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass the deal_id of a row of revenue.deals that you may read.';
  END IF;
  RETURN answer;
END $$;
COMMENT ON FUNCTION revenue.explain_deal IS
  'Everything said of a deal and why: its probability, its health and its value, the value beside won deals of the same product, industry and currency';

CREATE OR REPLACE FUNCTION revenue.dashboard(as_of timestamptz DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH chosen AS MATERIALIZED (
    SELECT o.org_id, o.name, o.base_currency FROM revenue.orgs AS o WHERE o.org_id = revenue.current_org(org)
  ), cells AS MATERIALIZED (
    SELECT * FROM revenue.pipeline_cells(as_of, (SELECT org_id FROM chosen))
  ), kpis AS (
    SELECT coalesce(sum(deal_count - deals_without_value), 0)::bigint AS valued,
      coalesce(trim_scale(sum(total_value)), 0) AS total_pipeline, coalesce(sum(deal_count), 0) AS deal_count,
      round(sum(total_value) / nullif(sum(deal_count - deals_without_value), 0), 2) AS avg_deal_size,
      coalesce(round(sum(forecast_90d)::numeric, 2), 0) AS weighted_forecast_90d,
      coalesce(sum(at_risk_deals), 0) AS at_risk_deals, coalesce(sum(deals_without_value), 0) AS deals_without_value
    FROM cells
  ), by_stage AS (
    SELECT jsonb_agg(to_jsonb(t) ORDER BY t.pipeline_id, t.position) AS rows FROM (
      SELECT pipeline_id, stage_id, stage_name, stage_position AS position, sum(deal_count) AS deal_count,
        revenue.visible_total((SELECT org_id FROM chosen), sum(deal_count - deals_without_value)::bigint,
          trim_scale(sum(total_value))) AS total_value,
        revenue.visible_total((SELECT org_id FROM chosen), sum(deal_count - deals_without_value)::bigint,
          round(sum(weighted_value)::numeric, 2)) AS weighted_value
      FROM cells GROUP BY pipeline_id, stage_id, stage_name, stage_position
      HAVING revenue.cell_visible((SELECT org_id FROM chosen), sum(deal_count)::bigint)) AS t
  ), by_month AS (
    SELECT jsonb_agg(to_jsonb(t) ORDER BY t.month) AS rows FROM (
      SELECT month, sum(deal_count) AS deal_count,
        revenue.visible_total((SELECT org_id FROM chosen), sum(deal_count - deals_without_value)::bigint,
          trim_scale(sum(total_value))) AS total_value,
        revenue.visible_total((SELECT org_id FROM chosen), sum(deal_count - deals_without_value)::bigint,
          round(sum(forecast)::numeric, 2)) AS weighted_value
      FROM cells GROUP BY month
      HAVING revenue.cell_visible((SELECT org_id FROM chosen), sum(deal_count)::bigint)) AS t
  )
  SELECT jsonb_build_object(
    'organisation', c.name, 'currency', c.base_currency, 'as_of', coalesce(as_of, now()),
    'kpis', CASE WHEN k.deal_count = 0 OR revenue.cell_visible(c.org_id, least(k.deal_count::bigint, k.valued))
      THEN to_jsonb(k) - 'valued' END,
    'pipeline_by_stage', coalesce(s.rows, '[]'), 'monthly_forecast', coalesce(m.rows, '[]'))
  FROM chosen AS c, kpis AS k, by_stage AS s, by_month AS m
$$;
COMMENT ON FUNCTION revenue.dashboard IS
  'The pipeline in one call: {kpis, pipeline_by_stage[], monthly_forecast[]}, now or at any past instant';

-- Running every view would read every deal for each of them. So no row is asked of the views, which resolves
-- what they name and checks the rights, and the parts that they are made of are run for a row or a count.
-- What fails is named and does not keep the rest from being told.
CREATE OR REPLACE FUNCTION revenue.health_check(org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer;
  views jsonb := '{}';
  components jsonb := '{}';
  answer jsonb := '{"framework": null, "data": null}';
  hints text[] := '{}';
  first_error text;
  each record;
  part jsonb;
BEGIN
  FOR each IN
    SELECT c.relname AS name FROM pg_class AS c
    WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'v' ORDER BY c.relname
  LOOP
    BEGIN
      EXECUTE format('SELECT * FROM revenue.%I LIMIT 0', each.name);
      views := views || jsonb_build_object(each.name, 'ok');
    EXCEPTION WHEN OTHERS THEN
      views := views || jsonb_build_object(each.name, SQLERRM);
      first_error := coalesce(first_error, each.name || ': ' || SQLERRM);
    END;
  END LOOP;
  BEGIN
    chosen := revenue.current_org(org);
  EXCEPTION WHEN OTHERS THEN
    first_error := coalesce(first_error, SQLERRM);
  END;
  -- A part answers with a JSON object; "hint" in it says what to put right.
  FOR each IN
    SELECT * FROM (VALUES
      ('framework', $part$
        SELECT jsonb_build_object(
          'overrides', (SELECT coalesce(jsonb_object_agg(f.vertical, f.version), '{}') FROM revenue.framework AS f
                        WHERE f.org_id = $1 AND f.active),
          'stages_scored_as_unknown', s.unknown,
          'hint', 'stages that no stage of the framework matches: ' || nullif(array_to_string(s.unknown, ', '), '')
            || '; set stages.framework_stage to one of framework_stages(), or add them by set_framework()')
        FROM (SELECT ARRAY(
          SELECT s.pipeline_id || '/' || s.stage_id FROM revenue.scored_stages() AS s
          WHERE s.org_id = $1 AND s.kind = 'open' AND s.framework_stage IS NULL
          ORDER BY s.pipeline_id, s.position) AS unknown) AS s $part$),
      ('data', $part$
        SELECT jsonb_build_object('deals', count(*), 'last_change', max(h.recorded_at),
          'stale', coalesce(max(h.recorded_at) < now() - interval '24 hours', true))
        FROM revenue.deal_history AS h
        WHERE h.org_id = $1 AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity' $part$),
      ('exchange_rates', $part$
        SELECT jsonb_build_object('hint', 'open deals in a currency without an exchange rate, which no sum contains: '
          || string_agg(c.currency || ' (' || c.n || ')', ', ' ORDER BY c.currency) || '; load rates by load_fx_rates()')
        FROM (SELECT d.currency, count(*) AS n FROM revenue.deals AS d
          JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
          WHERE d.org_id = $1 AND s.kind = 'open' AND d.amount IS NOT NULL GROUP BY d.currency) AS c
        WHERE c.currency NOT IN (SELECT r.currency FROM revenue.fx_rates_at() AS r WHERE r.org_id = $1) $part$),
      ('closed_rates', $part$
        SELECT jsonb_build_object('hint', 'closed deals without an exchange rate on the day they closed, which no sum contains: '
          || string_agg(c.currency || ' (' || c.n || ')', ', ' ORDER BY c.currency) || '; load rates of those days by load_fx_rates()')
        FROM (SELECT d.currency, count(*) AS n FROM revenue.deals AS d
          JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
          JOIN revenue.orgs AS o USING (org_id)
          LEFT JOIN (SELECT r.currency, min(r.rate_date) AS first FROM revenue.fx_rates AS r WHERE r.org_id = $1 GROUP BY r.currency) AS r
            ON r.currency = d.currency
          WHERE d.org_id = $1 AND s.kind <> 'open' AND d.amount IS NOT NULL AND d.currency <> o.base_currency
            AND (coalesce((d.closed_at AT TIME ZONE o.time_zone)::date, d.close_date) >= r.first) IS NOT TRUE
          GROUP BY d.currency) AS c $part$),
      ('recurring_rates', $part$
        SELECT jsonb_build_object('hint', 'recurring revenue in a currency without an exchange rate, which no sum contains: '
          || string_agg(c.currency, ', ' ORDER BY c.currency) || '; load rates by load_fx_rates()')
        FROM (SELECT d.currency FROM revenue.mrr_days AS d
          WHERE d.org_id = $1 AND d.booked_day <= revenue.org_today($1) GROUP BY d.currency HAVING sum(d.amount) <> 0) AS c
        WHERE c.currency NOT IN (SELECT r.currency FROM revenue.fx_rates_at() AS r WHERE r.org_id = $1) $part$),
      ('deal_lines', $part$
        SELECT jsonb_build_object('hint', CASE WHEN count(*) > 0 THEN format(
          'deals whose lines do not add up to their amount: %s, such as %s; figures by product divide the amount of the deal', count(*), min(x.deal_id)) END)
        FROM (SELECT d.deal_id FROM revenue.deal_lines AS l JOIN revenue.deals AS d USING (org_id, deal_id)
          WHERE l.org_id = $1 GROUP BY d.deal_id, d.amount HAVING sum(l.amount) IS DISTINCT FROM d.amount) AS x $part$),
      ('jobs', $part$
        SELECT jsonb_build_object('hint', 'jobs whose last run failed or left something out: '
          || string_agg(format('%s (%s)', r.job, left(CASE r.state WHEN 'succeeded' THEN array_to_string(r.warnings, '; ')
            ELSE concat_ws(': ', r.state, r.error) END, 300)), ', ' ORDER BY r.job) || '; revenue.job_runs has the whole of it')
        FROM (SELECT DISTINCT ON (u.job) u.job, u.state, u.error, u.warnings FROM revenue.job_runs AS u
          WHERE u.org_id = $1 AND u.state <> 'running' ORDER BY u.job, u.started_at DESC, u.finished_at DESC) AS r
        WHERE (r.state <> 'succeeded' OR r.warnings <> '{}') AND NOT EXISTS (
          SELECT FROM revenue.job_settings AS e WHERE e.org_id = $1 AND e.job = r.job AND NOT e.enabled) $part$),
      ('open_deals', $part$ SELECT to_jsonb(count(*)) FROM (SELECT FROM revenue.deal_scores() AS s WHERE s.org_id = $1 LIMIT 1) AS s $part$),
      ('closed_deals', $part$ SELECT to_jsonb(count(*)) FROM (SELECT FROM revenue.closed_deals() AS c WHERE c.org_id = $1 LIMIT 1) AS c $part$),
      ('accounts', $part$ SELECT to_jsonb(count(*)) FROM (SELECT FROM revenue.account_scores() AS a WHERE a.org_id = $1 LIMIT 1) AS a $part$),
      ('funnels', $part$ SELECT to_jsonb(count(*)) FROM revenue.funnel_stages('deal') AS f WHERE f.org_id = $1 $part$)
    ) AS c(name, statement)
    WHERE chosen IS NOT NULL
  LOOP
    BEGIN
      EXECUTE each.statement INTO part USING chosen;
      components := components || jsonb_build_object(each.name, 'ok');
      IF part ->> 'hint' IS NOT NULL THEN
        components := components || jsonb_build_object(each.name, 'degraded');
        hints := hints || (part ->> 'hint');
      END IF;
      IF answer ? each.name THEN answer := answer || jsonb_build_object(each.name, part - 'hint'); END IF;
    EXCEPTION WHEN OTHERS THEN
      components := components || jsonb_build_object(each.name, SQLERRM);
      first_error := coalesce(first_error, each.name || ': ' || SQLERRM);
    END;
  END LOOP;
  RETURN answer || jsonb_build_object(
    'status', CASE WHEN first_error IS NULL AND hints = '{}' THEN 'healthy' ELSE 'degraded' END,
    'error', first_error, 'hints', to_jsonb(hints), 'views', views, 'components', components, 'timestamp', now());
END $$;
COMMENT ON FUNCTION revenue.health_check IS
  'Whether every view and every part answers, which stages the framework does not know, which currencies have no rate, which jobs failed or left something out, how fresh the data is: {status, error, hints, views, components, framework, data, timestamp}';

-- What the views and their columns mean -------------------------------------------------------

COMMENT ON VIEW revenue.deal_scores IS 'Every open deal with its probability, health and risk factors, now';
COMMENT ON VIEW revenue.ranked_deals IS 'Open deals by value x probability, largest first';
COMMENT ON VIEW revenue.at_risk_deals IS 'Open deals whose health is critical or at risk';
COMMENT ON VIEW revenue.account_scores IS 'Every account with its churn risk and its room to grow, both explained';
COMMENT ON VIEW revenue.contact_scores IS 'Every contact with its lead score, explained';
COMMENT ON VIEW revenue.pipeline_summary IS 'The open pipeline by stage, now';
COMMENT ON VIEW revenue.forecast_monthly IS 'Expected value by close month, weighted by stage and date, now';
COMMENT ON VIEW revenue.anonymised_deals IS 'Open deals without names, keys, people or exact amounts; nothing rarer than five alike';
COMMENT ON VIEW revenue.closed_deals IS 'Every won or lost deal, converted at the rate of the day it closed';
COMMENT ON VIEW revenue.won_deals_summary IS 'Won deals by the month they closed, with the win rate of the month';
COMMENT ON VIEW revenue.win_rates IS 'Win rates by count and value, over all deals and by rep, product, industry, segment, source and pipeline';
COMMENT ON VIEW revenue.objection_handling_impact IS 'Win rate by how many objections were handled; 5 stands for five or more';
COMMENT ON VIEW revenue.competitor_impact IS 'Win rate by how many competitors were mentioned; 5 stands for five or more, NULL = unknown';
COMMENT ON VIEW revenue.team_performance IS 'The open pipeline by rep and stage';
COMMENT ON VIEW revenue.deal_comparisons IS 'Closed-deal metrics by month beside the month, the quarter and the year before, with the relative change';

COMMENT ON COLUMN revenue.forecast_monthly.weighted_value IS 'Sum of value x probability x date weight';
SELECT revenue.comment_view_columns('{
  "account_id": "Account", "contact_id": "Contact", "deal_id": "Deal", "id": "Deal", "org_id": "Organisation",
  "owner_rep_id": "Rep who owns it", "rep_name": "Name of the rep", "team": "Team of the rep",
  "name": "Name", "company": "Name of the account", "industry": "Industry", "segment": "Segment",
  "region": "Region", "source": "Where it comes from", "product_id": "Product",
  "pipeline_id": "Pipeline", "stage_id": "Stage", "stage_name": "Name of the stage",
  "stage_position": "Place of the stage in its pipeline",
  "amount": "Value in the deal''s own currency", "currency": "The deal''s own currency",
  "reporting_amount": "Value in the reporting currency; NULL = unknown or no exchange rate",
  "deal_value": "Value in the reporting currency; NULL = unknown or no exchange rate",
  "reporting_currency": "The organisation''s base currency",
  "fx_rate": "Units of the reporting currency for one of the deal''s",
  "fx_rate_date": "Day of that rate", "fx_filled": "Whether the rate is older than the day it is used for",
  "created_at": "When it was created", "close_date": "Expected close date", "closed_on": "Day it closed",
  "days_to_close_date": "Days until the close date; negative = overdue",
  "forecast_month": "Month it counts in: of the close date, or the current one where that has passed",
  "date_weight": "What an overdue close date leaves of it in the forecast, 0 to 1",
  "days_in_stage": "Days in its stage", "days_since_last_activity": "Days without activity; NULL = none known",
  "num_objections_handled": "Objections handled", "competitors_mentioned": "Competitors mentioned; NULL = unknown",
  "objections_handled": "Objections handled, 5 = five or more",
  "close_probability": "Probability that it is won, 0 to 1",
  "weighted_amount": "reporting_amount x close_probability",
  "value_band": "Value in bands; NULL = too rare to show", "probability_band": "Probability in bands; NULL = too rare to show",
  "health_score": "Health, 0 to 100", "health_category": "critical, at_risk, healthy or strong",
  "risk_factors": "What endangers it", "risks": "The same as one text", "rank": "Place by weighted_amount within the organisation",
  "churn_risk": "Risk of losing the account, 0 to 100", "churn": "explain_churn_risk() of it",
  "expansion_score": "Room to grow, 0 to 100", "expansion": "explain_expansion_score() of it",
  "lead_score": "Lead score, 0 to 100", "lead": "explain_lead_score() of it",
  "month": "First day of the month; NULL = no date", "deal_count": "Number of deals",
  "total_value": "Sum of their values in the reporting currency",
  "avg_deal_size": "Mean value of those that have one",
  "weighted_value": "Sum of value x probability",
  "avg_days_in_stage": "Mean days in the stage", "avg_health_score": "Mean health, 0 to 100",
  "deals_without_value": "Deals that no sum contains: no amount or no exchange rate",
  "overdue_deals": "Deals whose close date has passed", "at_risk_deals": "Deals whose health is critical or at risk",
  "won": "Won or, if false, lost", "loss_reason": "Why it was lost", "cycle_days": "Days from creation to close",
  "avg_cycle_days": "Mean days from creation to close of the won deals",
  "won_deals": "Won deals", "lost_deals": "Lost deals", "closed_deals": "Won and lost deals",
  "win_rate": "won / (won + lost), by count",
  "won_value": "Value won", "closed_value": "Value won and lost", "win_rate_by_value": "won_value / closed_value",
  "dimension": "What member is one of: all, rep, product, industry, segment, source or pipeline",
  "member": "Rep, product, industry and so on; NULL = unknown, or all",
  "metric": "Name of the metric", "metric_value": "Its value in the month",
  "month_before": "Its value in the month before", "mom": "(metric_value - month_before) / month_before",
  "quarter_before": "Its value three months before", "qoq": "(value - quarter_before) / quarter_before",
  "year_before": "Its value a year before", "yoy": "(metric_value - year_before) / year_before"
}');
