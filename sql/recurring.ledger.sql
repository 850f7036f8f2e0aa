-- The room recurring: what keeps the ledger of MRR in step with the subscriptions.

-- What a customer's subscriptions say ---------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.movement_lines_add(internal, text, text, text, text, text, text, date, date, date, numeric, numeric, text, integer, double precision, numeric, text, numeric, numeric, jsonb)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'movement_lines_add';
CREATE OR REPLACE FUNCTION revenue.movement_lines_merge(internal, internal)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'movement_lines_merge';
CREATE OR REPLACE FUNCTION revenue.movement_lines_serialize(internal)
RETURNS bytea LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'movement_lines_serialize';
CREATE OR REPLACE FUNCTION revenue.movement_lines_deserialize(bytea, internal)
RETURNS internal LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'movement_lines_deserialize';
CREATE OR REPLACE FUNCTION revenue.movement_lines_result(internal)
RETURNS revenue.movement_line[] LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'movement_lines_result';
CREATE OR REPLACE AGGREGATE revenue.movement_lines(
  subscription_id text, item_id text, product_id text, plan text, currency text, status text, valid_from date, valid_to date,
  cancelled_on date, quantity numeric, unit_price numeric, billing_period text, billing_count integer,
  discount_pct double precision, discount_amount numeric, discount_kind text, list_mrr numeric, mrr numeric, policies jsonb) (
  SFUNC = revenue.movement_lines_add, STYPE = internal, FINALFUNC = revenue.movement_lines_result,
  COMBINEFUNC = revenue.movement_lines_merge, SERIALFUNC = revenue.movement_lines_serialize,
  DESERIALFUNC = revenue.movement_lines_deserialize, PARALLEL = SAFE);
COMMENT ON AGGREGATE revenue.movement_lines(text, text, text, text, text, text, date, date, date, numeric, numeric, text, integer, double precision, numeric, text, numeric, numeric, jsonb) IS
  'The item periods of one customer as the movements of his MRR under these policies (NULL = built-in), in lines by day, product, currency and reason';
COMMENT ON FUNCTION revenue.movement_lines_add(internal, text, text, text, text, text, text, date, date, date, numeric, numeric, text, integer, double precision, numeric, text, numeric, numeric, jsonb) IS 'Part of the aggregate movement_lines';
COMMENT ON FUNCTION revenue.movement_lines_merge(internal, internal) IS 'Part of the aggregate movement_lines';
COMMENT ON FUNCTION revenue.movement_lines_serialize(internal) IS 'Part of the aggregate movement_lines';
COMMENT ON FUNCTION revenue.movement_lines_deserialize(bytea, internal) IS 'Part of the aggregate movement_lines';
COMMENT ON FUNCTION revenue.movement_lines_result(internal) IS 'Part of the aggregate movement_lines';

CREATE OR REPLACE FUNCTION revenue.exchange_kind(org_id integer, day date, exchanged jsonb) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE sign(sum(CASE jsonb_typeof(e.value) WHEN 'number' THEN e.value::numeric END * CASE e.key WHEN o.base_currency THEN 1
      ELSE coalesce(revenue.rate_on(o.org_id, e.key, day), 0) END))
    WHEN 1 THEN 'expansion' WHEN -1 THEN 'contraction' ELSE 'swap' END
  FROM revenue.orgs AS o, jsonb_each(CASE jsonb_typeof(exchanged) WHEN 'object' THEN exchanged END) AS e
  WHERE o.org_id = exchange_kind.org_id;
END;
COMMENT ON FUNCTION revenue.exchange_kind IS
  'What it was that a customer paid less in one currency and more in another on a day, by that day''s rates: expansion, contraction or swap; a currency without a rate is worth nothing';

CREATE OR REPLACE FUNCTION revenue.restated_lines(current_lines revenue.movement_line[], recorded_lines revenue.movement_line[])
RETURNS revenue.movement_line[] LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'restated_lines';
COMMENT ON FUNCTION revenue.restated_lines IS
  'What has to be added to the recorded lines of a customer so that together they are the current ones; a kind that is not known is as it was recorded';

-- Inlined, so that one plan of index look-ups serves one customer and, as a loop, all of them.
CREATE OR REPLACE FUNCTION revenue.customer_lines(org_id integer, customer_id text, policies jsonb DEFAULT NULL)
RETURNS revenue.movement_line[] LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT revenue.movement_lines(i.subscription_id, i.item_id, i.product_id, i.plan, i.currency, i.status, i.valid_from,
    i.valid_to, s.cancelled_on, i.quantity, i.unit_price, i.billing_period, i.billing_count, i.discount_pct,
    i.discount_amount, i.discount_kind, i.list_mrr, i.mrr, customer_lines.policies)
  FROM revenue.subscriptions AS s
  JOIN revenue.subscription_items AS i USING (org_id, subscription_id)
  WHERE s.org_id = customer_lines.org_id AND s.customer_id = customer_lines.customer_id AND i.kind = 'recurring';
END;
COMMENT ON FUNCTION revenue.customer_lines IS
  'What moved in the MRR of a customer by his subscriptions as they stand, under these policies (NULL = built-in)';

-- Writing -------------------------------------------------------------------------------------
CREATE OR REPLACE FUNCTION revenue.add_books() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  INSERT INTO revenue.mrr_books (org_id) VALUES (NEW.org_id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.add_books() IS 'Trigger: every new organisation has books';

CREATE OR REPLACE TRIGGER add_books AFTER INSERT ON revenue.orgs
FOR EACH ROW EXECUTE FUNCTION revenue.add_books();

-- What writers added becomes part of the rows whose batch is all zeros. Two that did so at once would wait
-- for each other, so that it is for who holds the lock.
CREATE OR REPLACE FUNCTION revenue.fold_days(org integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  nobody uuid := '00000000-0000-0000-0000-000000000000';
  folded integer;
BEGIN
  WITH added AS (
    DELETE FROM revenue.mrr_days AS d WHERE d.org_id = org AND d.batch <> nobody
    RETURNING d.booked_day, d.valid_day, d.kind, d.booked_kind, d.currency, d.is_adjustment, d.amount, d.movements
  ), kept AS (
    INSERT INTO revenue.mrr_days AS d (org_id, booked_day, valid_day, kind, booked_kind, currency, is_adjustment, amount, movements, batch)
    SELECT org, a.booked_day, a.valid_day, a.kind, a.booked_kind, a.currency, a.is_adjustment, sum(a.amount), sum(a.movements), nobody
    FROM added AS a GROUP BY a.booked_day, a.valid_day, a.kind, a.booked_kind, a.currency, a.is_adjustment
    ORDER BY a.booked_day, a.valid_day, a.kind, a.booked_kind, a.currency, a.is_adjustment
    ON CONFLICT (org_id, booked_day, valid_day, kind, booked_kind, currency, is_adjustment, batch) DO UPDATE
    SET amount = d.amount + excluded.amount, movements = d.movements + excluded.movements
  )
  SELECT count(*) INTO folded FROM added;
  RETURN folded;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.fold_days FROM PUBLIC;
COMMENT ON FUNCTION revenue.fold_days IS
  'For compact_ledger() and triggers: folds what writers added to the sums of an organisation''s ledger; how many rows';

-- Few statements of few nodes, planned once a session for index look-ups, because they stand behind every
-- write of a subscription. A writer first updates the version row of each customer, in order: under READ
-- COMMITTED a second one waits there and then sees what the first wrote, under REPEATABLE READ he fails
-- with 40001. The row of the books is shared by all writers, and locked by who closes a period or restates the
-- books: he waits for those who write, and they do not queue behind him while he waits.
-- Closed days stay as they were reported, so that a history that moves to another customer moves on the first open
-- day: as a transfer, where what all of them paid on a day is what it was.

CREATE OR REPLACE FUNCTION revenue.restate_customers(org integer, customers text[], handed boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_memoize = off SET plan_cache_mode = force_generic_plan
SET jit = off SET work_mem = '64MB' AS $$
DECLARE
  locked revenue.mrr_customers[];
  batch uuid;
  added integer;
BEGIN
  PERFORM FROM revenue.mrr_books AS b WHERE b.org_id = org FOR KEY SHARE;
  WITH written AS (
    INSERT INTO revenue.mrr_customers AS c (org_id, customer_id, version, known_on, recorded_on, recorded_at)
    SELECT org, t.customer_id, 1, (now() AT TIME ZONE o.time_zone)::date, (now() AT TIME ZONE o.time_zone)::date, clock_timestamp()
    FROM revenue.orgs AS o, unnest(customers) AS t(customer_id) WHERE o.org_id = org
    ON CONFLICT (org_id, customer_id) DO UPDATE SET version = c.version + 1, recorded_on = excluded.recorded_on,
      recorded_at = greatest(excluded.recorded_at, c.recorded_at + interval '1 us')
    RETURNING c AS customer
  )
  SELECT array_agg(w.customer) INTO locked FROM written AS w;
  -- No other write has the first customer at this version.
  batch := (lpad(to_hex(hashtextextended((locked[1]).customer_id, (locked[1]).version)), 16, '0')
    || lpad(to_hex(hashtextextended((locked[1]).customer_id, -(locked[1]).version)), 16, '0'))::uuid;

  WITH booked AS (
    INSERT INTO revenue.mrr_movements (org_id, customer_id, version, line, valid_day, booked_day, recorded_at, is_adjustment,
      kind, booked_kind, reason, product_id, currency, amount, movements)
    SELECT org, c.customer_id, c.version, l.line, l.valid_day, greatest(l.valid_day, b.closed_to), c.recorded_at,
      l.restates OR l.valid_day < b.closed_to OR l.valid_day < c.recorded_on AND c.known_on < c.recorded_on,
      k.kind, CASE WHEN handed AND l.valid_day < b.closed_to
        AND sum(l.amount) OVER (PARTITION BY l.valid_day, l.currency) = 0 THEN 'transfer' ELSE k.kind END,
      l.reason, l.product_id, l.currency, l.amount, l.movements
    FROM revenue.mrr_books AS b
    CROSS JOIN unnest(locked) AS c
    CROSS JOIN LATERAL (
      SELECT (
          SELECT revenue.movement_lines(i.subscription_id, i.item_id, i.product_id, i.plan, i.currency, i.status, i.valid_from,
            i.valid_to, s.cancelled_on, i.quantity, i.unit_price, i.billing_period, i.billing_count, i.discount_pct,
            i.discount_amount, i.discount_kind, i.list_mrr, i.mrr, b.policies)
          FROM revenue.subscriptions AS s
          JOIN revenue.subscription_items AS i ON i.org_id = s.org_id AND i.subscription_id = s.subscription_id
          WHERE s.org_id = org AND s.customer_id = c.customer_id AND i.kind = 'recurring') AS current_lines,
        CASE WHEN c.version > 1 THEN (
          SELECT array_agg(ROW(m.valid_day, m.movements, true, m.kind, m.reason, m.currency, m.amount, m.product_id, NULL)::revenue.movement_line)
          FROM revenue.mrr_movements AS m WHERE m.org_id = org AND m.customer_id = c.customer_id) END AS recorded_lines
      OFFSET 0) AS a
    CROSS JOIN LATERAL unnest(CASE WHEN a.recorded_lines IS NULL THEN a.current_lines
      ELSE revenue.restated_lines(a.current_lines, a.recorded_lines) END) WITH ORDINALITY AS l(
      valid_day, movements, restates, kind, reason, currency, amount, product_id, exchanged, line)
    CROSS JOIN LATERAL (SELECT coalesce(l.kind, revenue.exchange_kind(org, l.valid_day, l.exchanged::jsonb)) AS kind) AS k
    WHERE b.org_id = org
    RETURNING booked_day, valid_day, kind, booked_kind, currency, is_adjustment, amount, movements
  )
  INSERT INTO revenue.mrr_days (org_id, booked_day, valid_day, kind, booked_kind, currency, is_adjustment, amount, movements, batch)
  SELECT org, b.booked_day, b.valid_day, b.kind, b.booked_kind, b.currency, b.is_adjustment, sum(b.amount), sum(b.movements), batch
  FROM booked AS b GROUP BY b.booked_day, b.valid_day, b.kind, b.booked_kind, b.currency, b.is_adjustment;
  GET DIAGNOSTICS added = ROW_COUNT;
  -- One write of about a thousand folds what they added, so that readers never add up more than some
  -- thousand rows. By chance, because a counter would be a row that all of them wait for.
  IF ('x' || right(batch::text, 5))::bit(20)::integer < 1024 * added AND current_setting('transaction_isolation') = 'read committed'
    AND revenue.take_lock('ledger sums', org, false) THEN
    PERFORM revenue.fold_days(org);
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.restate_customers FROM PUBLIC;
COMMENT ON FUNCTION revenue.restate_customers IS
  'For triggers: brings the ledger of these customers, each named once and in order, in step with their subscriptions. handed = some of these changed hands, so that what one customer loses of closed days and another gains is a transfer in the books';

CREATE OR REPLACE FUNCTION revenue.record_items() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '64MB' AS $$
DECLARE
  touched record;
BEGIN
  IF current_setting('row_security') = 'off' AND revenue.restoring() THEN RETURN NULL; END IF;
  -- The customer of a row is a sub-select, because a join planned for a million rows would be kept for one.
  -- Locked, so that a subscription that is just handed over is waited for and found with its new customer; as an
  -- update would, and in order, so that who updates it next need not wait for others who wait for him.
  IF TG_OP = 'INSERT' THEN
    FOR touched IN
      SELECT c.org_id, array_agg(DISTINCT c.customer_id COLLATE "C") AS customers FROM (
        SELECT e.org_id, (SELECT s.customer_id FROM revenue.subscriptions AS s
          WHERE s.org_id = e.org_id AND s.subscription_id = e.subscription_id FOR NO KEY UPDATE) AS customer_id
        FROM (SELECT DISTINCT n.org_id, n.subscription_id FROM new_rows AS n ORDER BY 1, 2) AS e) AS c GROUP BY c.org_id ORDER BY c.org_id
    LOOP
      PERFORM revenue.restate_customers(touched.org_id, touched.customers);
    END LOOP;
  ELSIF TG_OP = 'DELETE' THEN
    FOR touched IN
      SELECT c.org_id, array_agg(DISTINCT c.customer_id COLLATE "C") AS customers FROM (
        SELECT e.org_id, (SELECT s.customer_id FROM revenue.subscriptions AS s
          WHERE s.org_id = e.org_id AND s.subscription_id = e.subscription_id FOR NO KEY UPDATE) AS customer_id
        FROM (SELECT DISTINCT o.org_id, o.subscription_id FROM old_rows AS o ORDER BY 1, 2) AS e) AS c GROUP BY c.org_id ORDER BY c.org_id
    LOOP
      PERFORM revenue.restate_customers(touched.org_id, touched.customers);
    END LOOP;
  ELSE
    FOR touched IN
      SELECT c.org_id, array_agg(DISTINCT c.customer_id COLLATE "C") AS customers FROM (
        SELECT e.org_id, (SELECT s.customer_id FROM revenue.subscriptions AS s
          WHERE s.org_id = e.org_id AND s.subscription_id = e.subscription_id FOR NO KEY UPDATE) AS customer_id
        FROM (SELECT n.org_id, n.subscription_id FROM new_rows AS n
              UNION SELECT o.org_id, o.subscription_id FROM old_rows AS o ORDER BY 1, 2) AS e) AS c GROUP BY c.org_id ORDER BY c.org_id
    LOOP
      PERFORM revenue.restate_customers(touched.org_id, touched.customers);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_items() IS 'Trigger: keeps the ledger of the customers whose items were written in step';

CREATE OR REPLACE TRIGGER record_inserted AFTER INSERT ON revenue.subscription_items
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_items();
CREATE OR REPLACE TRIGGER record_updated AFTER UPDATE ON revenue.subscription_items
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_items();
CREATE OR REPLACE TRIGGER record_deleted AFTER DELETE ON revenue.subscription_items
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_items();

CREATE OR REPLACE FUNCTION revenue.record_subscriptions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  touched record;
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  FOR touched IN
    SELECT c.org_id, array_agg(DISTINCT c.customer_id COLLATE "C") AS customers,
      count(DISTINCT c.customer_id) > 1 AND EXISTS (
        SELECT FROM new_rows AS n WHERE n.org_id = c.org_id AND NOT EXISTS (
          SELECT FROM old_rows AS o WHERE (o.org_id, o.subscription_id, o.customer_id) = (n.org_id, n.subscription_id, n.customer_id))) AS handed
    FROM (
      (SELECT n.org_id, n.subscription_id, n.customer_id, n.cancelled_on FROM new_rows AS n
       EXCEPT SELECT o.org_id, o.subscription_id, o.customer_id, o.cancelled_on FROM old_rows AS o)
      UNION ALL
      (SELECT o.org_id, o.subscription_id, o.customer_id, o.cancelled_on FROM old_rows AS o
       EXCEPT SELECT n.org_id, n.subscription_id, n.customer_id, n.cancelled_on FROM new_rows AS n)
    ) AS c GROUP BY c.org_id ORDER BY c.org_id
  LOOP
    PERFORM revenue.restate_customers(touched.org_id, touched.customers, touched.handed);
  END LOOP;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_subscriptions() IS
  'Trigger: keeps the ledger of customers in step whose subscriptions were cancelled or handed to another customer';

-- A subscription has no MRR before its items come, and none once they are gone.
CREATE OR REPLACE TRIGGER record_updated AFTER UPDATE ON revenue.subscriptions
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_subscriptions();

CREATE OR REPLACE FUNCTION revenue.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% cannot be truncated', TG_TABLE_NAME USING ERRCODE = 'object_not_in_prerequisite_state',
    HINT = 'DELETE its rows: the ledger must learn which customers they were of.';
END $$;
COMMENT ON FUNCTION revenue.refuse_truncate() IS 'Trigger: a table whose rows the ledger follows is emptied row by row';

CREATE OR REPLACE TRIGGER refuse_truncate BEFORE TRUNCATE ON revenue.subscription_items
FOR EACH STATEMENT EXECUTE FUNCTION revenue.refuse_truncate();

CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON revenue.mrr_movements FOR EACH STATEMENT
WHEN (current_setting('revenue.clearing_demo', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION revenue.refuse_rewrite();

-- Whether it is right -------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.ledger_policies(org integer DEFAULT NULL, as_of date DEFAULT NULL) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT jsonb_object_agg(p.name, p.value) FROM (
    SELECT DISTINCT ON (v.name) v.name, v.value FROM revenue.policies AS v
    WHERE v.org_id = revenue.current_org(org) AND v.valid_from <= coalesce(as_of, revenue.org_today(org))
    ORDER BY v.name, v.version DESC
  ) AS p JOIN revenue.builtin_policies() AS b USING (name) WHERE p.value <> b.value;
END;
COMMENT ON FUNCTION revenue.ledger_policies IS
  'The policies an organisation has in force on a day (NULL = today), as far as they are not the built-in ones; NULL = none';

CREATE OR REPLACE FUNCTION revenue.missing_days(org integer)
RETURNS TABLE (
  booked_day date, valid_day date, kind text, booked_kind text, currency char(3), is_adjustment boolean, amount numeric, movements bigint)
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT s.booked_day, s.valid_day, s.kind, s.booked_kind, s.currency, s.is_adjustment, sum(s.amount), sum(s.movements)
  FROM (
    SELECT m.booked_day, m.valid_day, m.kind, m.booked_kind, m.currency, m.is_adjustment, m.amount, m.movements
    FROM revenue.mrr_movements AS m WHERE m.org_id = org
    UNION ALL
    SELECT d.booked_day, d.valid_day, d.kind, d.booked_kind, d.currency, d.is_adjustment, -d.amount, -d.movements
    FROM revenue.mrr_days AS d WHERE d.org_id = org
  ) AS s
  GROUP BY s.booked_day, s.valid_day, s.kind, s.booked_kind, s.currency, s.is_adjustment
  HAVING sum(s.amount) <> 0 OR sum(s.movements) <> 0;
END;
COMMENT ON FUNCTION revenue.missing_days IS
  'For verify_ledger() and refresh_ledger(): what the sums of an organisation''s ledger lack, or have too much, of what is in it';

CREATE OR REPLACE FUNCTION revenue.verify_ledger(org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, part text, customer_id text, booked_day date, valid_day date, kind text, reason text, product_id text,
  currency text, difference numeric, movements bigint)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('analyst', org);
  applied jsonb := (SELECT b.policies FROM revenue.mrr_books AS b WHERE b.org_id = chosen);
BEGIN
  RETURN QUERY
  SELECT chosen, 'policies', NULL::text, NULL::date, NULL::date, NULL::text, NULL::text, NULL::text, NULL::text, NULL::numeric, NULL::bigint
  WHERE applied IS DISTINCT FROM revenue.ledger_policies(chosen);
  RETURN QUERY
  WITH current_lines AS (
    SELECT s.customer_id, revenue.movement_lines(i.subscription_id, i.item_id, i.product_id, i.plan, i.currency, i.status,
      i.valid_from, i.valid_to, s.cancelled_on, i.quantity, i.unit_price, i.billing_period, i.billing_count, i.discount_pct,
      i.discount_amount, i.discount_kind, i.list_mrr, i.mrr, applied) AS lines
    FROM revenue.subscriptions AS s
    JOIN revenue.subscription_items AS i ON i.org_id = s.org_id AND i.subscription_id = s.subscription_id
    WHERE s.org_id = chosen AND i.kind = 'recurring' GROUP BY s.customer_id
  ), recorded_lines AS (
    SELECT m.customer_id, array_agg(ROW(m.valid_day, m.movements, true, m.kind, m.reason, m.currency, m.amount, m.product_id,
      NULL)::revenue.movement_line) AS lines
    FROM revenue.mrr_movements AS m WHERE m.org_id = chosen GROUP BY m.customer_id
  )
  SELECT chosen, 'movements', customer_id, NULL::date, l.valid_day, coalesce(l.kind, 'exchange'), l.reason, l.product_id, l.currency,
    l.amount, l.movements::bigint
  FROM current_lines AS c FULL JOIN recorded_lines AS r USING (customer_id)
  CROSS JOIN LATERAL unnest(revenue.restated_lines(c.lines, r.lines)) AS l;
  RETURN QUERY
  SELECT chosen, 'rollup', NULL::text, m.booked_day, m.valid_day, m.kind, NULL::text, NULL::text, m.currency::text, m.amount, m.movements
  FROM revenue.missing_days(chosen) AS m;
END $$;
COMMENT ON FUNCTION revenue.verify_ledger IS
  'Where the ledger is not what the subscriptions say when all is computed anew (part movements: what is missing, by customer), where its sums are not the sums of the ledger (rollup), or where it is written by other policies than are in force (policies); no row = all is exact. Analysts and above';

-- What the triggers do, on request ------------------------------------------------------------

-- Who waits for writers in flight does not wait for one that is left open.
CREATE OR REPLACE FUNCTION revenue.lock_ledger(org integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '3s' AS $$
BEGIN
  PERFORM FROM revenue.mrr_books AS b WHERE b.org_id = org FOR UPDATE;
EXCEPTION WHEN lock_not_available THEN
  RAISE EXCEPTION 'the ledger of organisation % is being written', org USING ERRCODE = 'lock_not_available',
    DETAIL = 'A transaction that wrote subscriptions or their items is still open.',
    HINT = 'Try again when it has ended; pg_stat_activity shows transactions that are open and idle.';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.lock_ledger FROM PUBLIC;
COMMENT ON FUNCTION revenue.lock_ledger IS
  'For close_period() and refresh_ledger(): waits until nobody writes in the ledger of an organisation, three seconds at most, and keeps others from it';

CREATE OR REPLACE FUNCTION revenue.refresh_ledger(org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  in_force jsonb;
  touched text[];
BEGIN
  -- Nobody writes by the old policies while the new ones come in.
  INSERT INTO revenue.mrr_books (org_id) VALUES (chosen) ON CONFLICT DO NOTHING;
  PERFORM revenue.lock_ledger(chosen);
  in_force := revenue.ledger_policies(chosen);
  UPDATE revenue.mrr_books AS b SET policies = in_force, changed_at = clock_timestamp()
  WHERE b.org_id = chosen AND b.policies IS DISTINCT FROM in_force;
  SELECT array_agg(DISTINCT v.customer_id COLLATE "C") INTO touched FROM revenue.verify_ledger(chosen) AS v WHERE v.part = 'movements';
  IF touched IS NOT NULL THEN
    PERFORM revenue.restate_customers(chosen, touched);
  END IF;
  INSERT INTO revenue.mrr_days (org_id, booked_day, valid_day, kind, booked_kind, currency, is_adjustment, amount, movements, batch)
  SELECT chosen, m.booked_day, m.valid_day, m.kind, m.booked_kind, m.currency, m.is_adjustment, m.amount, m.movements, gen_random_uuid()
  FROM revenue.missing_days(chosen) AS m;
  RETURN coalesce(cardinality(touched), 0);
END $$;
COMMENT ON FUNCTION revenue.refresh_ledger IS
  'Does what the triggers do, for rows that were written while they were off, and brings in policies that came in force; how many customers it restated. Again and again without harm. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.compact_ledger(org integer DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
BEGIN
  PERFORM revenue.take_lock('ledger sums', chosen);
  RETURN revenue.fold_days(chosen);
END $$;
COMMENT ON FUNCTION revenue.compact_ledger IS
  'Folds what writers added to the sums of the ledger into one row a day, kind and currency; how many rows it folded. No sum changes, no writer waits. Admins and owners';

-- Closing -------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.close_period(
  closed_to date DEFAULT NULL, reason text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS date LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  today date := revenue.org_today(chosen);
  until date := coalesce(close_period.closed_to, date_trunc('month', today::timestamp)::date);
  before date;
BEGIN
  -- Writers in flight come first, and later ones book after it.
  PERFORM revenue.lock_ledger(chosen);
  SELECT b.closed_to INTO before FROM revenue.mrr_books AS b WHERE b.org_id = chosen FOR UPDATE;
  IF until > today OR NOT isfinite(until) THEN
    RAISE EXCEPTION 'a period that is not over cannot be closed: %', until USING ERRCODE = 'invalid_parameter_value',
      HINT = 'closed_to is the first day that stays open, today or earlier; leave it out for the first of this month.';
  ELSIF until < before THEN
    RAISE EXCEPTION 'the days before % are closed already', before USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'What is closed stays closed: late facts are booked as adjustments on the first open day.';
  END IF;
  UPDATE revenue.mrr_books AS b SET closed_to = until, changed_at = clock_timestamp() WHERE b.org_id = chosen AND b.closed_to <> until;
  IF FOUND THEN
    PERFORM revenue.audit('close_period', 'ledger', until::text, to_jsonb(before), to_jsonb(until), close_period.reason, chosen);
  END IF;
  RETURN until;
END $$;
COMMENT ON FUNCTION revenue.close_period IS
  'Closes the days before closed_to (NULL = the first of this month): what becomes known of them later is booked as an adjustment on the first open day. Admins and owners, audited';

CREATE OR REPLACE FUNCTION revenue.adopt_policies() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.refresh_ledger(n.org_id) FROM (SELECT DISTINCT org_id FROM new_rows ORDER BY org_id) AS n;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.adopt_policies() IS 'Trigger: the ledger is restated by policies that come in force';

CREATE OR REPLACE TRIGGER adopt_policies AFTER INSERT ON revenue.policies
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.adopt_policies();

-- Customers that turn out to be one -----------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.merge_customers(
  from_customer text, into_customer text, reason text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS integer LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  moved integer;
BEGIN
  IF coalesce(into_customer, '') = '' OR from_customer IS NULL OR from_customer = into_customer THEN
    RAISE EXCEPTION 'a merge needs two customers' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'from_customer and into_customer are two customer_ids of revenue.subscriptions.';
  END IF;
  UPDATE revenue.subscriptions AS s SET customer_id = into_customer WHERE s.org_id = chosen AND s.customer_id = from_customer;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved = 0 THEN
    RAISE EXCEPTION 'organisation % has no customer "%"', chosen, from_customer USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Customers are named in revenue.subscriptions.';
  END IF;
  UPDATE revenue.other_revenue AS r SET customer_id = into_customer WHERE r.org_id = chosen AND r.customer_id = from_customer;
  PERFORM revenue.audit('merge_customers', 'customer', from_customer, to_jsonb(from_customer), to_jsonb(into_customer), reason, chosen);
  RETURN moved;
END $$;
COMMENT ON FUNCTION revenue.merge_customers IS
  'Gives all subscriptions and revenue of a customer to another, with their history, as if they had always been his: no movement, and closed periods stay as they were reported. How many subscriptions. Admins and owners, audited';
