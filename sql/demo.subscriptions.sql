-- The room demo: what the customers of the demo subscribe to, with a case of every kind.

CREATE OR REPLACE FUNCTION revenue.load_demo_subscriptions(org integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  this_month date := date_trunc('month', today::timestamp)::date;
  first_open_day date := (this_month - interval '1 month')::date;
BEGIN
  -- Each won deal on a plan or an add-on starts a subscription with its product, seats, price and discount.
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id, name, source, created_at)
  SELECT org, 'S' || substr(d.deal_id, 2), coalesce(d.account_id, d.deal_id), d.name, 'demo', d.closed_at
  FROM revenue.deals AS d
  WHERE d.org_id = org AND d.stage_id = 'closed_won' AND d.num_users_planned > 0;
  -- At the end of each term it grows, shrinks or stays. Of the customers, in the order in which they
  -- came, one of ten leaves at each anniversary, of the large ones one of 33; what they buy later stays.
  WITH won AS MATERIALIZED (
    SELECT s.subscription_id, s.customer_id, d.*, substr(d.deal_id, 3)::bigint AS number,
      min(d.close_date) OVER (PARTITION BY s.customer_id) AS first_day
    FROM revenue.subscriptions AS s JOIN revenue.deals AS d ON d.org_id = s.org_id AND 'S' || substr(d.deal_id, 2) = s.subscription_id
    WHERE s.org_id = org
  ), leaving AS (
    SELECT c.customer_id, (c.first_day + interval '1 year' * (1 + (c.place * 7 + seed) % c.one_of))::date AS day
    FROM (SELECT w.customer_id, w.first_day, row_number() OVER (ORDER BY w.first_day, w.customer_id) AS place,
            CASE WHEN max(w.amount / w.contract_term_months * revenue.rate_into_base(org, w.currency, 'USD', w.first_day)) > 3000 THEN 33 ELSE 10 END AS one_of
          FROM won AS w GROUP BY w.customer_id, w.first_day) AS c
  ), ends AS MATERIALIZED (
    SELECT w.*, l.day AS last_day FROM won AS w
    LEFT JOIN leaving AS l ON l.customer_id = w.customer_id AND l.day > w.close_date AND l.day <= today + 30
  ), cancelled AS (
    UPDATE revenue.subscriptions AS s SET cancelled_on = greatest(e.last_day - 30, e.close_date),
      cancel_reason = revenue.demo_pick('{price,missing_feature,competitor,low_usage,business_closed}', revenue.demo_draw(seed, 901, e.number))
    FROM ends AS e WHERE s.org_id = org AND s.subscription_id = e.subscription_id AND e.last_day IS NOT NULL
  )
  INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, quantity, unit_price, currency,
    billing_period, discount_pct, product_id, plan)
  SELECT org, e.subscription_id, t.starts,
    coalesce(lead(t.starts) OVER (PARTITION BY e.subscription_id ORDER BY t.starts), e.last_day, 'infinity'),
    greatest(1, round(e.num_users_planned * (1 + t.years * CASE WHEN k.trend < 0.3 THEN -0.15 WHEN k.trend < 0.65 THEN 0
      WHEN k.trend < 0.93 THEN 0.08 ELSE 0.15 END))),
    e.base_list_price_per_user * CASE e.billing_cycle WHEN 'annual' THEN 12 ELSE 1 END, e.currency,
    CASE e.billing_cycle WHEN 'annual' THEN 'year' ELSE 'month' END, coalesce(e.discount_pct, 0), e.product_id,
    coalesce(e.product_plan, e.product_id)
  FROM ends AS e
  CROSS JOIN LATERAL (SELECT revenue.demo_draw(seed, 902, e.number) AS trend) AS k
  CROSS JOIN LATERAL (
    SELECT s.starts::date, row_number() OVER (ORDER BY s.starts) * (e.contract_term_months / 12) - e.contract_term_months / 12 AS years
    FROM generate_series(e.close_date::timestamp, today, make_interval(months => e.contract_term_months)) AS s(starts)) AS t
  WHERE (t.starts < e.last_day) IS NOT FALSE;

  -- One customer of each kind, without an account.
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id, name, cancelled_on, source, created_at)
  SELECT org, 'S-' || c.kind, 'C-' || c.kind, 'Case: ' || replace(c.kind, '_', ' '), c.cancelled_on, 'demo',
    (today - 420)::timestamp AT TIME ZONE 'UTC'
  FROM (VALUES ('weekly', NULL::date), ('annual', NULL), ('prepaid', NULL), ('paused', NULL), ('returned', NULL), ('brief', NULL),
    ('currency', NULL), ('first_of_two', NULL), ('second_of_two', NULL), ('backdated', NULL), ('trial', NULL), ('coupon', NULL),
    ('free', NULL), ('cancelled', today - 25), ('metered', NULL)) AS c(kind, cancelled_on);
  INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, quantity, unit_price, currency, billing_period,
    billing_count, discount_pct, discount_kind, status, product_id, plan)
  SELECT org, 'S-' || i.kind, i.starts, i.ends, i.quantity, i.price, i.currency, i.period, i.count, i.discount, i.discount_kind, i.status,
    i.plan, i.plan
  FROM (VALUES
    ('weekly', today - 400, 'infinity'::date, 10, 10, 'USD', 'week', 1, 0, 'recurring', 'active', 'starter'),
    ('annual', today - 380, 'infinity', 20, 590, 'USD', 'year', 1, 0, 'recurring', 'active', 'professional'),
    ('prepaid', today - 300, today + 796, 50, 2376, 'USD', 'year', 3, 0, 'recurring', 'active', 'enterprise'),
    ('paused', today - 250, 'infinity', 5, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('paused', today - 90, 'infinity', 5, 59, 'USD', 'month', 1, 0, 'recurring', 'paused', 'professional'),
    ('paused', today - 30, 'infinity', 5, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('returned', today - 420, today - 200, 8, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('returned', today - 80, 'infinity', 12, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('brief', (this_month - interval '8 months')::date + 4, (this_month - interval '8 months')::date + 18, 3, 29, 'USD', 'month', 1, 0,
      'recurring', 'active', 'starter'),
    ('currency', today - 350, 'infinity', 10, 50, 'EUR', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('currency', today - 120, 'infinity', 10, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('first_of_two', today - 330, 'infinity', 4, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('second_of_two', today - 160, 'infinity', 6, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('backdated', today - 280, 'infinity', 15, 99, 'USD', 'month', 1, 0, 'recurring', 'active', 'enterprise'),
    ('trial', today - 60, 'infinity', 3, 29, 'USD', 'month', 1, 0, 'recurring', 'trial', 'starter'),
    ('trial', today - 46, 'infinity', 3, 29, 'USD', 'month', 1, 0, 'recurring', 'active', 'starter'),
    ('coupon', today - 200, 'infinity', 10, 99, 'USD', 'month', 1, 0.5, 'temporary', 'active', 'enterprise'),
    ('coupon', today - 110, 'infinity', 10, 99, 'USD', 'month', 1, 0, 'recurring', 'active', 'enterprise'),
    ('free', today - 180, 'infinity', 2, 29, 'USD', 'month', 1, 0, 'recurring', 'active', 'starter'),
    ('free', today - 70, 'infinity', 2, 0, 'USD', 'month', 1, 0, 'recurring', 'active', 'starter'),
    ('cancelled', today - 150, today + 35, 7, 59, 'USD', 'month', 1, 0, 'recurring', 'active', 'professional'),
    ('metered', today - 100, 'infinity', 1, 49, 'USD', 'month', 1, 0, 'recurring', 'active', 'starter')
  ) AS i(kind, starts, ends, quantity, price, currency, period, count, discount, discount_kind, status, plan);
  INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, subscription_id, product_id, kind, unit, quantity, amount, currency, day)
  SELECT org, 'U-' || m, 'C-metered', 'S-metered', 'starter', 'metered', 'tokens', 10000 * (4 - m), 20.00 * (4 - m), 'USD',
    (this_month - make_interval(months => m))::date - 1
  FROM generate_series(0, 2) AS m;
  INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, subscription_id, product_id, kind, amount, currency, day)
  VALUES (org, 'U-setup', 'C-annual', 'S-annual', 'professional', 'one_time', 2500, 'USD', today - 380),
    (org, 'U-refund', 'C-weekly', 'S-weekly', 'starter', 'refund', -100, 'USD', today - 40);

  -- Two customers turn out to be one. Then the books are closed, and a cancellation comes to light late.
  UPDATE revenue.subscriptions AS s SET customer_id = 'C-first_of_two' WHERE s.org_id = org AND s.customer_id = 'C-second_of_two';
  UPDATE revenue.mrr_books AS b SET closed_to = first_open_day WHERE b.org_id = org;
  UPDATE revenue.subscription_items AS i SET valid_to = first_open_day - 20 WHERE i.org_id = org AND i.subscription_id = 'S-backdated';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_subscriptions FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_subscriptions IS
  'For load_demo(): a subscription of each won deal, one of each kind of case, a merge, and a cancellation that came late';

-- Of sixteen customers one has stopped using, one uses less, one does not pay and one has lost its champion.
CREATE OR REPLACE FUNCTION revenue.load_demo_customers(org integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  midnight timestamptz := (SELECT today::timestamp AT TIME ZONE o.time_zone FROM revenue.orgs o WHERE o.org_id = org);
BEGIN
  WITH customers AS MATERIALIZED (
    SELECT s.customer_id, substr(s.customer_id, 3)::bigint AS a, row_number() OVER (ORDER BY s.customer_id) AS place,
      max(p.list_price) FILTER (WHERE p.family = 'plan') AS plan_price, sum(i.quantity) AS seats, count(DISTINCT i.product_id) AS products,
      max(extract(doy FROM i.valid_from))::integer AS renews
    FROM revenue.subscriptions AS s
    JOIN revenue.subscription_items AS i USING (org_id, subscription_id)
    JOIN revenue.products AS p USING (org_id, product_id)
    WHERE s.org_id = org AND s.customer_id LIKE 'A-%' AND i.valid_from <= today AND i.valid_to > today
    GROUP BY s.customer_id
  ), used AS MATERIALIZED (
    SELECT c.*, c.place % 16 AS story, c.seats * (20 + floor(60 * revenue.demo_draw(seed, 7, c.a))) AS used FROM customers AS c
  )
  UPDATE revenue.accounts AS x SET
    plan = (SELECT p.product_id FROM revenue.products AS p WHERE p.org_id = org AND p.family = 'plan' AND p.list_price = c.plan_price),
    usage_recent = CASE story WHEN 1 THEN 0 WHEN 5 THEN round(used * 0.45) ELSE round(used * (0.9 + 0.35 * revenue.demo_draw(seed, 10, a))) END,
    usage_prior = used, usage_limit = seats * 100,
    seats_used = CASE story WHEN 1 THEN 0 ELSE floor(seats * (0.5 + 0.5 * revenue.demo_draw(seed, 11, a))) END,
    seats_bought = seats, products_owned = products,
    open_tickets = floor(5 * revenue.demo_draw(seed, 13, a) * revenue.demo_draw(seed, 14, a)) + CASE WHEN story IN (1, 5) THEN 3 ELSE 0 END,
    escalations = CASE WHEN story = 5 THEN 2 WHEN revenue.demo_draw(seed, 15, a) < 0.1 THEN 1 ELSE 0 END,
    overdue_since = CASE WHEN story = 9 THEN today - 10 - floor(40 * revenue.demo_draw(seed, 16, a))::integer
      ELSE today + 1 + floor(29 * revenue.demo_draw(seed, 16, a))::integer END,
    failed_payments = CASE WHEN place % 48 = 9 THEN 2 WHEN story = 9 THEN 1 ELSE 0 END,
    renewal_date = today + (renews - extract(doy FROM today)::integer + 365) % 365 + 1,
    nps = CASE WHEN revenue.demo_draw(seed, 18, a) < 0.7
      THEN CASE WHEN story IN (1, 5) THEN -30 ELSE 20 END + floor(60 * revenue.demo_draw(seed, 19, a)) END,
    csat = CASE WHEN revenue.demo_draw(seed, 20, a) < 0.7
      THEN CASE WHEN story IN (1, 5, 9) THEN 45 ELSE 75 END + floor(25 * revenue.demo_draw(seed, 21, a)) END,
    champion_left = story = 13, signals_at = midnight - interval '18 hours'
  FROM used AS c WHERE x.org_id = org AND x.account_id = c.customer_id;

  -- Where two payments failed, the subscription is past due for a month.
  INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, quantity, unit_price, currency,
    billing_period, discount_pct, status, product_id, plan)
  SELECT org, i.subscription_id, today - 30, i.valid_to, i.quantity, i.unit_price, i.currency, i.billing_period, i.discount_pct, 'past_due',
    i.product_id, i.plan
  FROM revenue.accounts AS a
  JOIN revenue.subscriptions AS s ON s.org_id = a.org_id AND s.customer_id = a.account_id
  JOIN revenue.subscription_items AS i ON i.org_id = s.org_id AND i.subscription_id = s.subscription_id
  WHERE a.org_id = org AND a.failed_payments > 1 AND i.valid_from < today - 30 AND i.valid_to > today;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_customers FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_customers IS
  'For load_demo(): what the accounts use and pay, by what they subscribe to';

CREATE OR REPLACE FUNCTION revenue.clear_demo_subscriptions(org integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM revenue.other_revenue AS r WHERE r.org_id = org;
  DELETE FROM revenue.subscription_items AS i WHERE i.org_id = org;
  DELETE FROM revenue.subscriptions AS s WHERE s.org_id = org;
  PERFORM set_config('revenue.clearing_demo', 'on', true);
  DELETE FROM revenue.mrr_movements AS m WHERE m.org_id = org;
  PERFORM set_config('revenue.clearing_demo', '', true);
  DELETE FROM revenue.mrr_days AS d WHERE d.org_id = org;
  DELETE FROM revenue.mrr_customers AS c WHERE c.org_id = org;
  UPDATE revenue.mrr_books AS b SET closed_to = '-infinity' WHERE b.org_id = org;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.clear_demo_subscriptions FROM PUBLIC;
COMMENT ON FUNCTION revenue.clear_demo_subscriptions IS
  'For load_demo() and drop_demo(): removes an organisation''s subscriptions with their ledger, and opens its books';
