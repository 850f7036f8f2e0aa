-- Subscription periods for the ledger: :periods of them, five a customer over 36 months, every third customer left.
-- They go to a file, so that COPY is measured and not how they are made; the folder is the server's own.
SELECT revenue.create_org('Bench');
CREATE SCHEMA bench_ledger;
CREATE UNLOGGED TABLE bench_ledger.items AS
SELECT 1 AS org_id, 's' || c AS subscription_id, 'main' AS item_id,
  current_date - 1090 + (hashint4(c) & 511) + 110 * p + (hashint4(c * 7 + p) & 63) AS valid_from,
  CASE WHEN p = 4 AND c % 3 = 0 THEN current_date - 1090 + (hashint4(c) & 511) + 560 ELSE 'infinity'::date END AS valid_to,
  1 + (hashint4(c * 5 + p) & 15) AS quantity, 10 + (hashint4(c * 3) & 63) AS unit_price, 'USD' AS currency, 'p' || c % 5 AS product_id
FROM generate_series(1, :periods / 5) AS c, generate_series(0, 4) AS p;
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id)
SELECT 1, 's' || c, 'c' || c FROM generate_series(1, :periods / 5) AS c;
COPY bench_ledger.items TO :'file';
VACUUM ANALYZE;
CREATE TABLE bench_ledger.timings (what text, ledger boolean, round integer, cpu_ms double precision);

-- Empties what is measured; the ledger can otherwise only be added to.
CREATE FUNCTION bench_ledger.clear() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL session_replication_role = replica;
  TRUNCATE revenue.subscription_items, revenue.mrr_movements, revenue.mrr_days, revenue.mrr_customers;
  SET LOCAL session_replication_role = origin;
END $$;
CREATE PROCEDURE bench_ledger.copy_in(file text, ledger boolean, round integer) LANGUAGE plpgsql AS $$
DECLARE
  began double precision;
BEGIN
  PERFORM bench_ledger.clear();
  EXECUTE format('ALTER TABLE revenue.subscription_items %s TRIGGER USER', CASE WHEN ledger THEN 'ENABLE' ELSE 'DISABLE' END);
  COMMIT;
  began := bench.clock_ms();
  EXECUTE format('COPY revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, quantity, unit_price, currency, product_id) FROM %L', file);
  INSERT INTO bench_ledger.timings VALUES ('COPY of all periods', ledger, round, bench.clock_ms() - began);
  COMMIT;
END $$;
-- Each customer in turn changes from a day on that is later than any other of his.
CREATE SEQUENCE bench_ledger.changes;
CREATE PROCEDURE bench_ledger.change_one(changes integer, customers integer, ledger boolean, round integer) LANGUAGE plpgsql AS $$
DECLARE
  began double precision;
  n bigint;
BEGIN
  EXECUTE format('ALTER TABLE revenue.subscription_items %s TRIGGER USER', CASE WHEN ledger THEN 'ENABLE' ELSE 'DISABLE' END);
  COMMIT;
  began := bench.clock_ms();
  FOR i IN 1 .. changes LOOP
    n := nextval('bench_ledger.changes');
    INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, quantity, unit_price, currency, product_id)
    VALUES (1, 's' || 1 + n * 7919 % customers, current_date + (n / customers)::integer, 1 + n % 16, 20, 'USD', 'p1');
    COMMIT;
  END LOOP;
  INSERT INTO bench_ledger.timings VALUES (format('one change and commit (of %s)', changes), ledger, round, (bench.clock_ms() - began) / changes);
  COMMIT;
END $$;
