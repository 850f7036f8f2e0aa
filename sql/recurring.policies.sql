-- The room recurring: the same facts under other definitions.

CREATE OR REPLACE FUNCTION revenue.builtin_policy_sets()
RETURNS TABLE (name text, policies jsonb, description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  VALUES
    ('house', '{}'::jsonb, 'The built-in policies, as builtin_policies() lists them'),
    ('stripe_like', '{"discounts": "recurring", "churn_date": "cancel_date", "paused": "unchanged", "past_due_grace_days": 99999}'::jsonb,
     'As the analytics of Stripe Billing describe themselves: only discounts without an end lower MRR, a cancellation counts at once, what is past due or paused goes on'),
    ('chartmogul_like', '{"past_due_grace_days": 99999, "free": "active"}',
     'As ChartMogul describes its defaults: what is past due goes on, a customer who goes to a free plan stays one'),
    ('profitwell_like', '{"same_period_new_churn": "dropped", "past_due_grace_days": 15}',
     'As ProfitWell describes itself: who comes and goes within a month is left out, what is past due goes on for the dunning window of 15 days'),
    ('maxio_like', '{"churn_date": "cancel_date", "paused": "unchanged", "reactivation": 90}',
     'As Maxio (Chargify) is described: a cancellation counts at once, what is on hold goes on, who returns after 90 days is new');
END;
COMMENT ON FUNCTION revenue.builtin_policy_sets() IS
  'Sets of policies to read the same subscriptions by: the house''s own and what other tools do by default, as far as policies can say it';

CREATE OR REPLACE FUNCTION revenue.policy_set(name text, org integer DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_set jsonb := (SELECT s.policies FROM revenue.builtin_policy_sets() AS s WHERE s.name = policy_set.name);
BEGIN
  PERFORM revenue.check_org(org);
  IF policy_set.name = 'own' THEN RETURN coalesce(revenue.ledger_policies(org), '{}'); END IF;
  IF found_set IS NULL THEN
    RAISE EXCEPTION 'unknown set of policies "%"', policy_set.name USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Use own for the organisation''s policies in force, or a name from revenue.builtin_policy_sets().';
  END IF;
  RETURN found_set;
END $$;
COMMENT ON FUNCTION revenue.policy_set IS 'A set of policies by its name; own = what the organisation has in force';

CREATE OR REPLACE FUNCTION revenue.definition_diff(
  left_set text DEFAULT 'own', right_set text DEFAULT 'stripe_like', from_date date DEFAULT NULL, as_of date DEFAULT NULL,
  org integer DEFAULT NULL)
RETURNS TABLE (
  org_id integer, measure text, customer_id text, left_mrr numeric, right_mrr numeric, difference numeric, because text[],
  reporting_currency char(3))
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('analyst', org);
  base char(3) := (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen);
  left_policies jsonb := revenue.policy_set(coalesce(left_set, 'own'), chosen);
  right_policies jsonb := revenue.policy_set(coalesce(right_set, 'own'), chosen);
  last_day date := coalesce(as_of, revenue.org_today(chosen));
  first_day date := coalesce(from_date, date_trunc('year', last_day::timestamp)::date);
BEGIN
  IF last_day NOT BETWEEN '0001-02-01' AND '9999-12-30' OR NOT isfinite(first_day) THEN
    RAISE EXCEPTION 'from_date and as_of must be days of the years 1 to 9999' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Leave them out for this year until today.';
  END IF;
  RETURN QUERY
  WITH sides AS (
    SELECT s.customer_id,
      revenue.movement_lines(i.subscription_id, i.item_id, i.product_id, i.plan, i.currency, i.status, i.valid_from, i.valid_to,
        s.cancelled_on, i.quantity, i.unit_price, i.billing_period, i.billing_count, i.discount_pct, i.discount_amount,
        i.discount_kind, i.list_mrr, i.mrr, left_policies) AS left_lines,
      revenue.movement_lines(i.subscription_id, i.item_id, i.product_id, i.plan, i.currency, i.status, i.valid_from, i.valid_to,
        s.cancelled_on, i.quantity, i.unit_price, i.billing_period, i.billing_count, i.discount_pct, i.discount_amount,
        i.discount_kind, i.list_mrr, i.mrr, right_policies) AS right_lines
    FROM revenue.subscriptions AS s JOIN revenue.subscription_items AS i ON i.org_id = s.org_id AND i.subscription_id = s.subscription_id
    WHERE s.org_id = chosen AND i.kind = 'recurring' GROUP BY s.customer_id
  ), lines AS MATERIALIZED (  -- of those whom the policies touch
    SELECT c.customer_id, p.side, l.valid_day, coalesce(l.kind, revenue.exchange_kind(chosen, l.valid_day, l.exchanged::jsonb)) AS kind,
      l.amount * coalesce(revenue.rate_into_base(chosen, l.currency, base, l.valid_day), 0) AS value,
      l.amount * coalesce(revenue.rate_into_base(chosen, l.currency, base, last_day), 0) AS last_value
    FROM sides AS c
    CROSS JOIN LATERAL (VALUES (1, c.left_lines), (-1, c.right_lines)) AS p(side, lines)
    CROSS JOIN LATERAL unnest(p.lines) AS l
    WHERE c.left_lines IS DISTINCT FROM c.right_lines AND l.valid_day <= last_day
  ), measures AS (
    SELECT l.customer_id, l.side, l.kind AS measure, l.value FROM lines AS l WHERE l.valid_day >= first_day AND l.kind <> 'swap'
    UNION ALL
    SELECT l.customer_id, l.side, 'closing', l.last_value FROM lines AS l
  ), gaps AS (
    SELECT m.customer_id, m.measure, coalesce(sum(m.value) FILTER (WHERE m.side = 1), 0) AS left_value,
      coalesce(sum(m.value) FILTER (WHERE m.side = -1), 0) AS right_value
    FROM measures AS m GROUP BY m.customer_id, m.measure HAVING sum(m.value * m.side) <> 0
  ), named AS (  -- a policy is why, where it alone changes what the left set says of the customer
    SELECT g.customer_id, array_agg(d.name ORDER BY d.name) FILTER (
      WHERE revenue.customer_lines(chosen, g.customer_id, left_policies) IS DISTINCT FROM
        revenue.customer_lines(chosen, g.customer_id, left_policies || jsonb_build_object(d.name, d.value))) AS because
    FROM (SELECT DISTINCT g.customer_id FROM gaps AS g) AS g
    CROSS JOIN (
      SELECT b.name, coalesce(right_policies -> b.name, b.value) AS value FROM revenue.builtin_policies() AS b
      WHERE coalesce(right_policies -> b.name, b.value) <> coalesce(left_policies -> b.name, b.value)) AS d
    GROUP BY g.customer_id
  )
  SELECT chosen, g.measure, g.customer_id, trim_scale(g.left_value), trim_scale(g.right_value), trim_scale(g.right_value - g.left_value),
    coalesce(n.because, '{}'), base
  FROM gaps AS g LEFT JOIN named AS n USING (customer_id)
  ORDER BY g.measure, abs(g.right_value - g.left_value) DESC, g.customer_id;
END $$;
COMMENT ON FUNCTION revenue.definition_diff IS
  'Which customers make two sets of policies differ, and by which policies: their movements from from_date (NULL = 1 January) to as_of (NULL = today) by kind, and their closing MRR. Analysts and above';
