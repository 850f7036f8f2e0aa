-- A deal of several products: figures by product divide its amount by its lines, exactly.
SET client_min_messages = warning;
SET datestyle = 'ISO';
CREATE EXTENSION revenue_intel;
SELECT revenue.create_org('Acme', 'USD') AS org \gset
INSERT INTO revenue.products (org_id, product_id, name) VALUES (:org, 'a', 'A'), (:org, 'b', 'B'), (:org, 'c', 'C');
INSERT INTO revenue.deals (org_id, deal_id, product_id, stage_id, amount, currency, close_date, created_at, loss_reason) VALUES
  (:org, 'thirds', 'a', 'closed_won', 100, 'USD', '2026-03-10', '2026-01-05', NULL),
  (:org, 'plain', 'b', 'closed_won', 50, 'USD', '2026-03-11', '2026-01-05', NULL),
  (:org, 'credit', 'a', 'closed_lost', 90, 'USD', '2026-03-12', '2026-01-05', 'price'),
  (:org, 'nothing', 'c', 'closed_won', 7, 'USD', '2026-03-13', '2026-01-05', NULL),
  (:org, 'open', 'c', 'proposal', 1000, 'USD', '2099-03-13', '2026-01-05', NULL);
INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, product_id, quantity, unit_price, discount_pct) VALUES
  (:org, 'thirds', '1', 'a', 1, 10, 0), (:org, 'thirds', '2', 'b', 2, 5, 0), (:org, 'thirds', '3', NULL, 4, 5, 0.5),
  (:org, 'credit', '1', 'a', 1, 120, 0), (:org, 'credit', '2', 'b', 1, -30, 0),
  (:org, 'nothing', '1', 'a', 0, 5, 0), (:org, 'nothing', '2', 'b', 1, 5, 1),
  (:org, 'open', '1', 'a', 3, 200, 0), (:org, 'open', '2', 'a', 1, 100, 0), (:org, 'open', '3', 'b', 1, 300, 0);
SELECT deal_id, line_id, product_id, amount FROM revenue.deal_lines ORDER BY 1, 2;
SELECT deal_id, product_id, round(share_from, 6) AS share_from, round(share_to, 6) AS share_to, is_main FROM revenue.deal_shares() ORDER BY 1, 2;
-- Each deal counts once, under the largest of its products, and its amount is divided: both add up to those of all.
SELECT dimension, member, won_deals, lost_deals, won_value, closed_value FROM revenue.win_rates() WHERE dimension IN ('all', 'product') ORDER BY 1, 2;
SELECT member, reason, lost_deals, lost_value FROM revenue.loss_reasons(dimension => 'product', period => 'all');
SELECT sum(generated_value) AS by_product, (SELECT sum(generated_value) FROM revenue.pipeline_generation()) AS everything
FROM revenue.pipeline_generation(dimension => 'product');
SELECT member, stage_id, entered FROM revenue.stage_conversion_by('product') ORDER BY 1, 2;
SELECT member, deal_count, open_value FROM revenue.pipeline_expected('{90}', dimension => 'product');
SELECT metric, dimension, member, value, numerator, denominator FROM revenue.compute_metrics('2026-03-13', '2026-03-13')
WHERE metric IN ('won_value', 'deals_won', 'closed_deals', 'win_rate') AND dimension IN ('all', 'product') ORDER BY 1, 2, 3;
SELECT metric, dimension, member, value FROM revenue.compute_metrics(revenue.org_today(), revenue.org_today())
WHERE metric IN ('open_pipeline', 'open_deals', 'weighted_pipeline') AND dimension IN ('all', 'product') ORDER BY 1, 2, 3;
-- A thousand deals of random lines: to the last digit.
INSERT INTO revenue.deals (org_id, deal_id, product_id, stage_id, amount, currency, close_date, created_at)
SELECT :org, 'r' || i, 'c', 'closed_won', (random() * 10 ^ (i % 9))::numeric(18, 6), 'USD', '2026-04-01', '2026-01-05' FROM generate_series(1, 1000) AS i;
INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, product_id, quantity, unit_price)
SELECT :org, 'r' || i, l, (ARRAY['a', 'b', 'c', NULL])[1 + (i * l) % 4], l, (random() * 1000 - 200)::numeric(18, 6)
FROM generate_series(1, 1000) AS i, generate_series(1, 1 + i % 5) AS l;
SELECT sum(won_value) FILTER (WHERE dimension = 'all') = sum(won_value) FILTER (WHERE dimension = 'product') AS adds_up FROM revenue.win_rates();
SELECT count(*) > 500 AS many, count(*) FILTER (WHERE parts <> amount) AS wrong FROM (
  SELECT d.amount, sum(revenue.part_of(d.amount, s.share_from, s.share_to)) AS parts
  FROM revenue.deals AS d JOIN revenue.deal_shares() AS s USING (org_id, deal_id) GROUP BY d.org_id, d.deal_id) AS x;
SELECT revenue.health_check(:org) -> 'hints' ->> 0 ~ 'deals whose lines do not add up to their amount: \d+, such as' AS told;
-- Lines that nearly take each other off tell no proportion: as a part of what is left each would be beyond any report.
INSERT INTO revenue.deals (org_id, deal_id, product_id, stage_id, amount, currency, close_date, created_at)
VALUES (:org, 'nearly', 'c', 'closed_won', 5000, 'USD', '2026-05-01', '2026-01-05'), (:org, 'half', 'c', 'closed_won', 5000, 'USD', '2026-05-01', '2026-01-05');
INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, product_id, unit_price) VALUES
  (:org, 'nearly', '1', 'a', 99999999999), (:org, 'nearly', '2', 'b', -99999999998.999999), (:org, 'half', '1', 'a', 200), (:org, 'half', '2', 'b', -100);
SELECT deal_id, product_id, revenue.part_of(5000, share_from, share_to) AS part FROM revenue.deal_shares() WHERE deal_id IN ('nearly', 'half') ORDER BY 1, 2;
SELECT member, won_value FROM revenue.win_rates(from_date => '2026-05-01') WHERE dimension = 'product' ORDER BY 1;
SELECT sum(won_value) FILTER (WHERE dimension = 'all') - sum(won_value) FILTER (WHERE dimension = 'product') AS off_by FROM revenue.win_rates();
SELECT count(*) > 0 AS shown FROM revenue.win_rates WHERE dimension = 'product' AND won_value > 0;  -- the view, whose amounts have a bound
-- What is no line.
INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, unit_price, discount_pct) VALUES (:org, 'plain', '1', 5, 15);
INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, unit_price, quantity) VALUES (:org, 'plain', '1', 1e11, 1e11);
INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, unit_price) VALUES (:org, 'none', '1', 5);
-- Lines leave with their deal, or by themselves.
SELECT revenue.delete_rows('deal_lines', '{"deal_id": "thirds", "line_id": "3"}', :org);
DELETE FROM revenue.deals WHERE deal_id = 'open';
SELECT deal_id, count(*) FROM revenue.deal_lines WHERE deal_id IN ('thirds', 'open') GROUP BY 1;
