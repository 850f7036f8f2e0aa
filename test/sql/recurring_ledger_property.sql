-- 4,000 random writes of subscriptions, one by one and many at once, with late facts, closed months and
-- customers that turn out to be one: after them the ledger is what the subscriptions say, by the
-- extension's own full computation and by another one in plain SQL, and every belief of the past stands.
SET client_min_messages = warning;
SET datestyle = 'ISO';
CREATE EXTENSION revenue_intel;
SELECT revenue.create_org('Random', 'USD') AS org \gset
SELECT setseed(0.41);
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate)
SELECT :org, c.code, '2023-01-01'::date + 30 * i, (c.rate * (0.8 + 0.4 * random()))::numeric(18, 6)
FROM (VALUES ('EUR', 1.1), ('JPY', 0.007)) AS c(code, rate), generate_series(0, 30) AS i;
CREATE FUNCTION any_of(choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT choices[1 + floor(random() * cardinality(choices))::integer]
$$;
CREATE FUNCTION any_day() RETURNS date LANGUAGE sql VOLATILE AS $$ SELECT '2024-01-01'::date + floor(730 * random())::integer $$;
INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id)
SELECT :org, 's' || i, 'c' || 1 + i % 400 FROM generate_series(1, 800) AS i;

CREATE FUNCTION random_items(org integer, number integer) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, valid_to, quantity, unit_price, currency,
    kind, status, billing_period, billing_count, discount_pct, discount_kind, product_id, plan)
  SELECT org, 's' || 1 + floor(800 * random()), any_of('{main,main,addon}'), d.day,
    CASE WHEN random() < 0.5 THEN 'infinity' ELSE d.day + 1 + floor(200 * random())::integer END,
    floor(5 * random()), any_of('{0,10,10,19.99,50}')::numeric,
    CASE WHEN i % 7 = 0 THEN any_of('{EUR,JPY}') ELSE 'USD' END,
    any_of('{recurring,recurring,recurring,recurring,recurring,recurring,metered}'),
    any_of('{active,active,active,active,trial,paused,past_due,incomplete}'),
    any_of('{month,month,year,week,day}'), 1 + floor(3 * random())::integer, any_of('{0,0,0,0.1,0.333,1}')::double precision,
    any_of('{recurring,temporary}'), any_of('{a,a,b,NULL}'), any_of('{x,x,y}')
  FROM generate_series(1, number) AS i, LATERAL (SELECT any_day() AS day WHERE i > 0) AS d
  ON CONFLICT DO NOTHING
$$;

CREATE TABLE beliefs (at timestamptz, day date, mrr numeric, customers bigint);
CREATE TABLE checks (step integer, part text, wrong bigint);

-- By another route: the days on which an item changes, the balance of each customer on them, its kind. What
-- his lines sum to in every currency, and what they are called where one currency is enough to tell.
CREATE VIEW by_windows AS
WITH pieces AS (
  SELECT s.customer_id, i.currency, i.valid_from AS starts,
    least(i.valid_to, lead(i.valid_from, 1, 'infinity') OVER (PARTITION BY i.subscription_id, i.item_id ORDER BY i.valid_from)) AS ends,
    CASE i.status WHEN 'active' THEN i.mrr ELSE 0 END AS mrr
  FROM revenue.subscription_items AS i JOIN revenue.subscriptions AS s USING (org_id, subscription_id) WHERE i.kind = 'recurring'
), deltas AS (
  SELECT customer_id, day, currency, sum(mrr) AS amount FROM (
    SELECT customer_id, currency, starts AS day, mrr FROM pieces
    UNION ALL SELECT customer_id, currency, ends, -mrr FROM pieces WHERE ends < 'infinity') AS e
  GROUP BY 1, 2, 3 HAVING sum(mrr) <> 0
), days AS (
  SELECT customer_id, day, count(*) > 1 AS several, sum(amount) AS change, sum(sum(amount)) OVER (PARTITION BY customer_id ORDER BY day) AS after
  FROM deltas GROUP BY 1, 2
)
SELECT d.customer_id, d.day, d.currency, d.amount,
  CASE WHEN n.after = 0 THEN 'churn' WHEN n.after - n.change = 0 AND NOT n.returns THEN 'new'
    WHEN n.after - n.change = 0 THEN 'reactivation' WHEN n.several THEN NULL WHEN d.amount > 0 THEN 'expansion' ELSE 'contraction' END AS kind
FROM deltas AS d JOIN (
  SELECT *, row_number() OVER (PARTITION BY customer_id ORDER BY day) > 1 AS returns FROM days) AS n USING (customer_id, day);
CREATE VIEW wrong AS
SELECT count(*) AS wrong FROM by_windows AS w
FULL JOIN (
  SELECT customer_id, valid_day AS day, currency, kind, sum(amount) AS amount FROM revenue.mrr_movements
  GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0) AS m
  ON m.customer_id = w.customer_id AND m.day = w.day AND m.currency = w.currency AND (w.kind IS NULL OR m.kind = w.kind)
WHERE m.amount IS DISTINCT FROM w.amount;

CREATE PROCEDURE write_at_random(org integer, steps integer, first_step integer) LANGUAGE plpgsql AS $$
DECLARE
  what double precision;
  chosen integer;
  moment timestamptz;
BEGIN
  PERFORM random_items(org, 1500);
  FOR step IN first_step .. first_step + steps - 1 LOOP
    what := random();
    chosen := 1 + floor(800 * random());
    IF what < 0.35 THEN PERFORM random_items(org, 1);
    ELSIF what < 0.40 THEN PERFORM random_items(org, 20);
    ELSIF what < 0.60 THEN
      UPDATE revenue.subscription_items SET valid_to = any_day_after(valid_from)
      WHERE org_id = org AND subscription_id = 's' || chosen AND random() < 0.6;
    ELSIF what < 0.70 THEN
      UPDATE revenue.subscription_items SET quantity = floor(6 * random()), status = any_of('{active,active,paused}')
      WHERE org_id = org AND subscription_id IN ('s' || chosen, 's' || chosen + 7) AND random() < 0.6;
    ELSIF what < 0.75 THEN  -- backdated or put off, where its new key is free
      UPDATE revenue.subscription_items AS i SET valid_from = i.valid_from + floor(60 * random())::integer - 30, valid_to = 'infinity'
      WHERE i.org_id = org AND i.subscription_id = 's' || chosen
        AND NOT EXISTS (SELECT FROM revenue.subscription_items AS x WHERE x.subscription_id = i.subscription_id AND x.item_id = i.item_id
          AND x.valid_from BETWEEN i.valid_from - 60 AND i.valid_from + 60 AND x.valid_from <> i.valid_from);
    ELSIF what < 0.95 THEN
      DELETE FROM revenue.subscription_items
      WHERE org_id = org AND subscription_id IN ('s' || chosen, 's' || chosen + 7) AND random() < 0.4;
    ELSIF what < 0.955 AND step > 100 THEN
      PERFORM revenue.merge_customers(customer_id, 'c1', org => org) FROM (SELECT s.customer_id FROM revenue.subscriptions AS s
        WHERE s.subscription_id = 's' || chosen AND s.customer_id <> 'c1') AS s;
    ELSIF what < 0.97 THEN
      UPDATE revenue.subscriptions SET customer_id = 'c' || 1 + floor(400 * random()) WHERE subscription_id = 's' || 1 + floor(800 * random());
    ELSIF what < 0.98 THEN
      UPDATE revenue.subscriptions SET cancelled_on = any_day() WHERE subscription_id = 's' || 1 + floor(800 * random());
    ELSIF what < 0.99 THEN
      PERFORM revenue.compact_ledger(org);
    END IF;
    IF step % 400 = 0 THEN
      INSERT INTO checks SELECT step, 'verify_ledger', count(*) FROM revenue.verify_ledger(org);
      INSERT INTO checks SELECT step, 'by windows', w.wrong FROM wrong AS w;
      moment := clock_timestamp();
      INSERT INTO beliefs SELECT moment, period_to, closing_mrr, closing_customers
      FROM revenue.arr_monthly('2026-06-30', basis => 'valid', org => org);
    END IF;
    IF step % 1000 = 0 THEN PERFORM revenue.close_period('2024-01-01'::date + step / 10, org => org); END IF;
    COMMIT;
  END LOOP;
END $$;
CREATE FUNCTION any_day_after(day date) RETURNS date LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN random() < 0.3 THEN 'infinity'::date ELSE day + 1 + floor(200 * random())::integer END
$$;
CALL write_at_random(:org, 4000, 1);

-- It was exact every time it was looked at, and there was something to look at.
SELECT part, count(*) AS looks, sum(wrong) AS wrong FROM checks GROUP BY 1 ORDER BY 1;
SELECT count(*) > 10000 AS many_lines, count(*) FILTER (WHERE is_adjustment) > 1000 AS adjustments,
  count(*) FILTER (WHERE booked_day > valid_day) > 500 AS booked_late, count(DISTINCT kind) >= 5 AS kinds, count(DISTINCT reason) > 8 AS reasons
FROM revenue.mrr_movements;
SELECT count(*) FILTER (WHERE reason = 'currency') > 20 AS exchanges FROM revenue.mrr_movements;

-- What was believed then can still be asked for.
SELECT count(*) > 200 AS asked, count(*) FILTER (WHERE (r.closing_mrr, r.closing_customers) IS DISTINCT FROM (b.mrr, b.customers)) AS wrong
FROM (SELECT DISTINCT at FROM beliefs) AS k
CROSS JOIN LATERAL revenue.arr_monthly('2026-06-30', k.at, basis => 'valid', org => :org) AS r
FULL JOIN beliefs AS b ON b.at = k.at AND b.day = r.period_to;

-- opening + movements + fx = closing in every period, by the books and by what was true; closed months
-- do not change, and the last balance is what the subscriptions are worth.
SELECT count(*) > 400 AS periods, count(*) FILTER (WHERE opening_mrr + new_mrr + expansion_mrr + reactivation_mrr + contraction_mrr
  + churn_mrr + fx_mrr <> closing_mrr OR opening_customers + new_customers + reactivated_customers - churned_customers <> closing_customers) AS wrong
FROM unnest('{day,week,month,quarter,year}'::text[]) AS p, unnest('{booked,valid}'::text[]) AS b,
  revenue.arr_periods(p, '2026-06-30', basis => b, from_date => '2025-06-01', org => :org);
SELECT sum(mrr) = (SELECT closing_mrr FROM revenue.arr_monthly('2026-06-30', org => :org) ORDER BY period_from DESC LIMIT 1) AS balances
FROM revenue.customer_mrr('2026-06-30', org => :org);

-- By member of every dimension as well, with customers who went from one to another; the columns of all
-- members add up to those of the total, what is transferred to nothing, and what is left is what arr_by() has.
INSERT INTO revenue.accounts (org_id, account_id, name, segment, region)
SELECT :org, 'c' || i, 'c' || i, any_of('{small,large,NULL}'), any_of('{north,south}') FROM generate_series(1, 380) AS i;
INSERT INTO revenue.account_history (org_id, account_id, valid_from, segment, region)
SELECT :org, 'c' || i, d.day, any_of('{small,large,huge,NULL}'), any_of('{north,south}')
FROM generate_series(1, 200) AS i, LATERAL (SELECT '-infinity'::date AS day UNION SELECT any_day() FROM generate_series(1, i % 4)) AS d WHERE i > 0;
CREATE TABLE members AS
SELECT d.dimension, b.basis, b.fx, m.* FROM unnest('{segment,region,product,currency,cohort}'::text[]) AS d(dimension),
  (VALUES ('booked', 'own_line'), ('valid', 'constant_currency')) AS b(basis, fx),
  revenue.arr_periods_by(d.dimension, 'month', '2026-06-30', basis => b.basis, fx => b.fx) AS m;
SELECT dimension, count(DISTINCT member) > 1 AS members, count(*) FILTER (WHERE opening_mrr + new_mrr + expansion_mrr + reactivation_mrr + contraction_mrr
    + churn_mrr + transfer_mrr + fx_mrr <> closing_mrr OR opening_customers + new_customers + reactivated_customers - churned_customers
    + transferred_customers <> closing_customers) AS wrong,
  count(*) FILTER (WHERE transfer_mrr <> 0) > 10 AS transfers, min(closing_mrr) >= 0 AND min(closing_customers) >= 0 AS balances
FROM members GROUP BY 1 ORDER BY 1;
SELECT count(*) > 200 AS periods, count(*) FILTER (WHERE (s.opening, s.new, s.expansion, s.reactivation, s.contraction, s.churn, s.transfer, s.rates, s.closing, s.adjusted)
  IS DISTINCT FROM (t.opening_mrr, t.new_mrr, t.expansion_mrr, t.reactivation_mrr, t.contraction_mrr, t.churn_mrr, 0, t.fx_mrr, t.closing_mrr, t.adjustment_mrr)) AS wrong,
  count(*) FILTER (WHERE s.dimension IN ('segment', 'region', 'cohort') AND (s.customers, s.came, s.lost, s.expanded, s.transferred)
    IS DISTINCT FROM (t.closing_customers, t.new_customers, t.churned_customers, t.expanded_customers, t.transferred_customers)) AS wrong_customers
FROM (
  SELECT dimension, basis, fx, period_from, sum(opening_mrr) AS opening, sum(new_mrr) AS new, sum(expansion_mrr) AS expansion, sum(reactivation_mrr) AS reactivation,
    sum(contraction_mrr) AS contraction, sum(churn_mrr) AS churn, sum(transfer_mrr) AS transfer, sum(fx_mrr) AS rates, sum(closing_mrr) AS closing,
    sum(adjustment_mrr) AS adjusted, sum(closing_customers) AS customers, sum(new_customers) AS came, sum(churned_customers) AS lost,
    sum(expanded_customers) AS expanded, sum(transferred_customers) AS transferred
  FROM members GROUP BY 1, 2, 3, 4) AS s
JOIN (
  SELECT b.basis, b.fx, t.* FROM (VALUES ('booked', 'own_line'), ('valid', 'constant_currency')) AS b(basis, fx),
    revenue.arr_monthly('2026-06-30', basis => b.basis, fx => b.fx) AS t) AS t USING (basis, fx, period_from);
SELECT count(*) > 20 AS members, count(*) FILTER (WHERE m.closing_mrr IS DISTINCT FROM a.mrr OR m.closing_customers IS DISTINCT FROM a.customers) AS wrong
FROM (SELECT * FROM members WHERE period_from = '2026-06-01' AND closing_customers > 0) AS m
FULL JOIN (SELECT d.dimension, b.basis, a.* FROM unnest('{segment,region,product,currency,cohort}'::text[]) AS d(dimension),
    unnest('{booked,valid}'::text[]) AS b(basis), revenue.arr_by(d.dimension, '2026-06-30', basis => b.basis) AS a) AS a
  ON a.dimension = m.dimension AND a.basis = m.basis AND a.member IS NOT DISTINCT FROM m.member;
SELECT count(*) > 100 AS cells, count(*) FILTER (WHERE m.new + m.expansion + m.churn + m.transfer IS DISTINCT FROM p.new_mrr + p.expansion_mrr + p.churn_mrr + p.transfer_mrr) AS wrong
FROM (
  SELECT d.dimension, m.member, date_trunc('month', m.day::timestamp)::date AS period_from, coalesce(sum(m.mrr) FILTER (WHERE m.kind = 'new'), 0) AS new,
    coalesce(sum(m.mrr) FILTER (WHERE m.kind = 'expansion'), 0) AS expansion, coalesce(sum(m.mrr) FILTER (WHERE m.kind = 'churn'), 0) AS churn,
    coalesce(sum(m.mrr) FILTER (WHERE m.kind = 'transfer'), 0) AS transfer
  FROM unnest('{segment,product}'::text[]) AS d(dimension), revenue.arr_movements_by(d.dimension, '2026-06-30') AS m GROUP BY 1, 2, 3) AS m
JOIN members AS p ON p.dimension = m.dimension AND p.member IS NOT DISTINCT FROM m.member AND p.period_from = m.period_from AND p.basis = 'booked';

-- Under every policy the ledger follows, and comes back.
CREATE TABLE before AS SELECT customer_id, valid_day, kind, reason, product_id, currency, sum(amount) AS amount, sum(movements) AS movements
FROM revenue.mrr_movements WHERE reason <> 'currency' GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(amount) <> 0 OR sum(movements) <> 0;
CREATE PROCEDURE set_policies(org integer, names text[], policy_values jsonb[]) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(names) LOOP
    PERFORM revenue.set_policy(names[i], policy_values[i], org);
    INSERT INTO checks SELECT 0, names[i], count(*) FROM revenue.verify_ledger(org);
  END LOOP;
END $$;
TRUNCATE checks;
CALL set_policies(:org, '{discounts,discounts,churn_date,same_period_new_churn,reactivation,reactivation_gap_days,paused,trial,past_due_grace_days,free}',
  ARRAY['"none"', '"recurring"', '"cancel_date"', '"dropped"', '60', '20', '"unchanged"', '"included"', '14', '"active"']::jsonb[]);
SELECT count(*) FILTER (WHERE opening_mrr + new_mrr + expansion_mrr + reactivation_mrr + contraction_mrr + churn_mrr + fx_mrr <> closing_mrr) AS wrong,
  min(closing_customers) >= 0 AS customers
FROM revenue.arr_daily('2026-06-30', basis => 'valid', org => :org);
SELECT array_agg(name)::text AS names, array_agg(value)::text AS policy_values FROM revenue.builtin_policies() \gset
CALL set_policies(:org, :'names', :'policy_values');
SELECT part, count(*) AS looks, sum(wrong) AS wrong FROM checks GROUP BY 1 ORDER BY 1;
SELECT count(*) AS different FROM (
  (TABLE before EXCEPT SELECT customer_id, valid_day, kind, reason, product_id, currency, sum(amount), sum(movements)
   FROM revenue.mrr_movements WHERE reason <> 'currency' GROUP BY 1, 2, 3, 4, 5, 6)) AS d;

-- Rows that were written with the triggers off are taken in on request, and only once.
SET session_replication_role = replica;
SELECT random_items(:org, 200) \g /dev/null
DELETE FROM revenue.subscription_items WHERE subscription_id IN ('s1', 's2');
RESET session_replication_role;
SELECT count(*) > 50 AS missing FROM revenue.verify_ledger(:org);
SELECT revenue.refresh_ledger(:org) > 10 AS restated;
SELECT revenue.refresh_ledger(:org) AS restated;
SELECT count(*) AS wrong FROM revenue.verify_ledger(:org);
SELECT * FROM wrong;
-- So are sums that were lost.
DELETE FROM revenue.mrr_days WHERE booked_day > '2025-01-01' AND random() < 0.5;
SELECT part, count(*) > 10 AS missing FROM revenue.verify_ledger(:org) GROUP BY 1;
SELECT revenue.refresh_ledger(:org) AS restated;
SELECT count(*) AS wrong FROM revenue.verify_ledger(:org);
