-- Five periods for each subscription, one after the other, at another price each: :subscriptions of them.
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id)
SELECT o.org_id, 'S' || i, 'C' || i FROM revenue.orgs AS o, generate_series(1, :subscriptions) AS i;
INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, valid_to, unit_price, currency, product_id)
SELECT o.org_id, 'S' || i, b.began + 150 * k, CASE WHEN k = 4 AND i % 5 > 0 THEN 'infinity' ELSE b.began + 150 * (k + 1) END,
  100 + (i * (k + 1)) % 50, 'USD', 'plan-' || i % 4
FROM revenue.orgs AS o, generate_series(1, :subscriptions) AS i, generate_series(0, 4) AS k,
LATERAL (SELECT current_date - 1500 + (i * 7) % 700 AS began) AS b;
VACUUM (ANALYZE) revenue.subscriptions, revenue.subscription_items, revenue.mrr_movements, revenue.mrr_days;
