-- The room demo: what the customers of the demo subscribe to, with a case of every kind.

CREATE OR REPLACE FUNCTION revenue.load_demo_subscriptions(org integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  this_month date := date_trunc('month', today::timestamp)::date;
  first_open_day date := (this_month - interval '1 month')::date;
BEGIN
  -- Every account that is a customer grows, or shrinks, in up to four steps; by its last digit it has
  -- left (1), shrinks (2) or does not pay (3).
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id, name, source, created_at)
  SELECT org, 'S' || substr(a.account_id, 2), a.account_id, a.name, 'demo', a.created_at
  FROM revenue.accounts AS a WHERE a.org_id = org AND a.plan IS NOT NULL;
  INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, quantity, unit_price, currency,
    billing_period, discount_pct, status, product_id, plan)
  SELECT org, 'S' || substr(a.account_id, 2), p.starts,
    CASE WHEN p.step = k.steps AND k.story = 1 THEN today - 20 ELSE 'infinity' END,
    greatest(1, round(a.seats_bought * CASE k.story WHEN 2 THEN 1.4 - 0.2 * p.step ELSE 1 - 0.15 * (k.steps - p.step) END)),
    k.price, a.currency, k.billing_period, CASE WHEN k.number % 5 = 0 THEN 0.1 ELSE 0 END,
    CASE WHEN p.step = k.steps AND k.story = 3 THEN 'past_due' ELSE 'active' END, a.plan, a.plan
  FROM revenue.accounts AS a
  CROSS JOIN LATERAL (
    SELECT n.number, n.number % 10 AS story, 2 + floor(3 * revenue.demo_draw(seed, 901, n.number))::integer AS steps,
      120 + floor(470 * revenue.demo_draw(seed, 902, n.number))::integer AS days,
      CASE WHEN n.number % 4 = 3 THEN 'year' ELSE 'month' END AS billing_period,
      round(CASE a.plan WHEN 'starter' THEN 29 WHEN 'professional' THEN 59 ELSE 99 END
        * CASE a.currency WHEN 'JPY' THEN 150 ELSE 1 END * CASE WHEN n.number % 4 = 3 THEN 10 ELSE 1 END) AS price
    FROM (SELECT substr(a.account_id, 3)::bigint AS number) AS n
  ) AS k
  CROSS JOIN LATERAL (
    SELECT s AS step, CASE WHEN s = k.steps AND k.story = 3 THEN today - 30
      ELSE today - k.days + (s - 1) * (k.days - 40) / k.steps END AS starts
    FROM generate_series(1, k.steps) AS s) AS p
  WHERE a.org_id = org AND a.plan IS NOT NULL;

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
    ('brief', (this_month - interval '3 months')::date + 4, (this_month - interval '3 months')::date + 18, 3, 29, 'USD', 'month', 1, 0,
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
  'For load_demo(): subscriptions of every customer, one of each kind of case, a merge, and a cancellation that came late';

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
