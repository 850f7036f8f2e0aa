-- An organisation for the benchmarks of views, and two members of it: one who sells and one who looks
-- on. 200 reps, 40 products, four currencies with two years of daily rates.
CREATE EXTENSION revenue_intel;
SELECT revenue.create_org('Bench') AS org \gset

SET session_replication_role = replica;  -- rows come finished, and no trigger needs to derive anything
INSERT INTO revenue.reps (org_id, rep_id, name, identity, team, region)
SELECT :org, 'R-' || lpad(i::text, 4, '0'), 'Rep ' || i, CASE WHEN i = 1 THEN 'bench_member' END,
  'Team ' || i % 20, (ARRAY['EMEA', 'Americas', 'APAC'])[1 + i % 3]
FROM generate_series(1, 200) AS i;
INSERT INTO revenue.products (org_id, product_id, name, list_price, currency)
SELECT :org, 'P-' || i, 'Product ' || i, 100 * i, 'USD' FROM generate_series(1, 40) AS i;
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate, source)
SELECT :org, c.currency, current_date - day, c.rate * (1 + 0.05 * sin(day / 40.0)), 'bench'
FROM (VALUES ('EUR', 1.08), ('GBP', 1.27), ('JPY', 0.0067)) AS c(currency, rate), generate_series(0, 730) AS day;
SET session_replication_role = origin;

SELECT format('CREATE ROLE %I', name) FROM unnest('{bench_member,bench_viewer}'::text[]) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT revenue.add_member('bench_member', 'member');
SELECT revenue.add_member('bench_viewer', 'viewer');
