-- The room metrics: what the ledger of recurring revenue says of a run of days, in one reading of it. As
-- arr_daily has it: a balance is worth the rate of its day, a movement that of the day it is booked.

CREATE OR REPLACE FUNCTION revenue.recurring_metrics(
  first_day date, last_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  base char(3);
  churn_days integer := coalesce((definitions -> 'churn_rate' ->> 'window_days')::integer, 30);
  logo_days integer := coalesce((definitions -> 'logo_churn' ->> 'window_days')::integer, 30);
  ltv_days integer := coalesce((definitions -> 'simple_ltv' ->> 'window_days')::integer, 90);
  margin numeric := coalesce((definitions -> 'simple_ltv' ->> 'gross_margin')::numeric, 1);
  earliest date;
  growth_from date := revenue.months_before(first_day, 12);
BEGIN
  PERFORM revenue.check_metric_days(first_day, last_day);
  -- Who has no ledger has no recurring revenue to tell of.
  IF NOT EXISTS (SELECT FROM revenue.mrr_days AS d WHERE d.org_id = chosen) THEN RETURN; END IF;
  SELECT o.base_currency INTO base FROM revenue.orgs AS o WHERE o.org_id = chosen;
  earliest := first_day - greatest(churn_days, logo_days, ltv_days);
  RETURN QUERY
  WITH days AS MATERIALIZED (
    SELECT d::date AS day FROM generate_series(earliest::timestamp, last_day::timestamp, interval '1 day') AS d
  ), members AS (
    SELECT c.customer_id, c.segment, c.region, a.owner_rep_id AS rep
    FROM revenue.customer_members(chosen) AS c
    JOIN revenue.accounts AS a USING (org_id, account_id)
  ), booked AS (  -- what was before is one day
    SELECT greatest(m.booked_day, earliest - 1) AS day, m.currency, m.booked_kind AS kind, coalesce(c.segment, '') AS segment,
      coalesce(m.product_id, '') AS product, coalesce(c.region, '') AS region, coalesce(c.rep, '') AS rep, sum(m.amount) AS amount,
      sum(m.movements) AS movements,
      sum(CASE m.kind WHEN 'new' THEN m.movements WHEN 'reactivation' THEN m.movements WHEN 'churn' THEN -m.movements ELSE 0 END) AS customers
    FROM revenue.mrr_movements AS m
    LEFT JOIN members AS c USING (customer_id)
    WHERE m.org_id = chosen AND m.booked_day <= last_day
    GROUP BY 1, 2, 3, 4, 5, 6, 7
  ), moves AS MATERIALIZED (
    SELECT m.day, m.currency,
      CASE WHEN grouping(m.segment) = 0 THEN 'segment' WHEN grouping(m.product) = 0 THEN 'product' WHEN grouping(m.region) = 0 THEN 'region'
        WHEN grouping(m.rep) = 0 THEN 'rep' ELSE 'all' END AS dimension,
      coalesce(m.segment, m.product, m.region, m.rep, '') AS member, sum(m.amount) AS amount,
      sum(m.customers) AS customers,
      sum(m.amount) FILTER (WHERE m.kind = 'new') AS new_amount, sum(m.movements) FILTER (WHERE m.kind = 'new') AS new_count,
      sum(m.amount) FILTER (WHERE m.kind = 'expansion') AS expansion_amount, sum(m.movements) FILTER (WHERE m.kind = 'expansion') AS expansion_count,
      sum(m.amount) FILTER (WHERE m.kind = 'reactivation') AS reactivation_amount, sum(m.movements) FILTER (WHERE m.kind = 'reactivation') AS reactivation_count,
      sum(m.amount) FILTER (WHERE m.kind = 'contraction') AS contraction_amount, sum(m.movements) FILTER (WHERE m.kind = 'contraction') AS contraction_count,
      sum(m.amount) FILTER (WHERE m.kind = 'churn') AS churn_amount, sum(m.movements) FILTER (WHERE m.kind = 'churn') AS churn_count
    FROM booked AS m
    GROUP BY m.day, m.currency, GROUPING SETS ((), (m.segment), (m.product), (m.region), (m.rep))
  ), rates AS MATERIALIZED (
    SELECT c.currency, d.day, revenue.rate_into_base(chosen, c.currency, base, d.day) AS rate
    FROM (SELECT DISTINCT m.currency FROM moves AS m) AS c
    CROSS JOIN (SELECT days.day FROM days UNION SELECT revenue.months_before(days.day, 12) FROM days WHERE days.day >= first_day) AS d
  ), running AS (
    SELECT c.dimension, c.member, c.currency, d.day, coalesce(o.amount, 0) + sum(coalesce(m.amount, 0)) OVER so_far AS balance,
      coalesce(o.customers, 0) + sum(coalesce(m.customers, 0)) OVER so_far AS customers,
      m.new_amount, m.new_count, m.expansion_amount, m.expansion_count, m.reactivation_amount, m.reactivation_count,
      m.contraction_amount, m.contraction_count, m.churn_amount, m.churn_count
    FROM (SELECT DISTINCT dimension, member, currency FROM moves) AS c
    CROSS JOIN days AS d
    LEFT JOIN moves AS m USING (dimension, member, currency, day)
    LEFT JOIN moves AS o ON o.dimension = c.dimension AND o.member = c.member AND o.currency = c.currency AND o.day = earliest - 1
    WINDOW so_far AS (PARTITION BY c.dimension, c.member, c.currency ORDER BY d.day)
  ), sums AS MATERIALIZED (
    SELECT r.dimension, r.member, r.day, coalesce(sum(r.balance * f.rate), 0) AS mrr, sum(r.customers)::bigint AS customers,
      coalesce(sum(r.new_amount * f.rate), 0) AS new_mrr, coalesce(sum(r.new_count), 0)::bigint AS new_count,
      coalesce(sum(r.new_count) FILTER (WHERE f.rate IS NULL), 0)::bigint AS new_unrated,
      coalesce(sum(r.expansion_amount * f.rate), 0) AS expansion_mrr, coalesce(sum(r.expansion_count), 0)::bigint AS expansion_count,
      coalesce(sum(r.expansion_count) FILTER (WHERE f.rate IS NULL), 0)::bigint AS expansion_unrated,
      coalesce(sum(r.reactivation_amount * f.rate), 0) AS reactivation_mrr, coalesce(sum(r.reactivation_count), 0)::bigint AS reactivation_count,
      coalesce(sum(r.reactivation_count) FILTER (WHERE f.rate IS NULL), 0)::bigint AS reactivation_unrated,
      -coalesce(sum(r.contraction_amount * f.rate), 0) AS contraction_mrr, coalesce(sum(r.contraction_count), 0)::bigint AS contraction_count,
      coalesce(sum(r.contraction_count) FILTER (WHERE f.rate IS NULL), 0)::bigint AS contraction_unrated,
      -coalesce(sum(r.churn_amount * f.rate), 0) AS churned_mrr, coalesce(sum(r.churn_count), 0)::bigint AS churn_count,
      coalesce(sum(r.churn_count) FILTER (WHERE f.rate IS NULL), 0)::bigint AS churn_unrated
    FROM running AS r JOIN rates AS f USING (currency, day)
    GROUP BY r.dimension, r.member, r.day
  ), lengths AS (
    SELECT DISTINCT l.days FROM unnest(ARRAY[churn_days, logo_days, ltv_days]) AS l(days)
  ),
  -- Who was a customer so many days before and is none now. Told from the customers that went, by spans of days.
  -- Whose history was restated by the day is read by what is then known of him, as customer_steps() has it: from
  -- late booking to late booking.
  leavers AS MATERIALIZED (
    SELECT DISTINCT m.customer_id FROM revenue.mrr_movements AS m
    WHERE m.org_id = chosen AND m.booked_day <= last_day AND (m.booked_day > earliest
        AND CASE m.kind WHEN 'churn' THEN m.movements > 0 WHEN 'new' THEN m.movements < 0 WHEN 'reactivation' THEN m.movements < 0 END
      OR m.booked_kind = 'transfer' OR m.movements < 0 AND m.kind IN ('new', 'reactivation') AND m.booked_day > m.valid_day)
  ), lines AS MATERIALIZED (
    SELECT m.customer_id, m.booked_day, m.valid_day, m.currency, m.amount,
      CASE m.kind WHEN 'new' THEN m.movements WHEN 'reactivation' THEN m.movements WHEN 'churn' THEN -m.movements ELSE 0 END AS n,
      min(m.booked_day) FILTER (WHERE m.booked_kind = 'transfer'
        OR m.movements < 0 AND m.kind IN ('new', 'reactivation') AND m.booked_day > m.valid_day) OVER (PARTITION BY m.customer_id) AS restated_on
    FROM revenue.mrr_movements AS m JOIN leavers AS l USING (customer_id)
    WHERE m.org_id = chosen AND m.booked_day <= last_day
  ), regimes AS (
    SELECT r.customer_id, r.from_day, lead(r.from_day, 1, 'infinity') OVER (PARTITION BY r.customer_id ORDER BY r.from_day) AS to_day
    FROM (SELECT l.customer_id, '-infinity'::date AS from_day FROM leavers AS l
          UNION SELECT l.customer_id, l.booked_day FROM lines AS l WHERE l.booked_day >= l.restated_on AND l.booked_day > l.valid_day) AS r
  ), steps AS MATERIALIZED (
    SELECT r.customer_id, r.from_day, r.to_day, x.day, l.currency, sum(l.amount) AS amount, sum(l.n) AS n
    FROM regimes AS r JOIN lines AS l ON l.customer_id = r.customer_id
      AND (r.from_day = '-infinity' OR l.booked_day <= r.from_day OR l.booked_day = l.valid_day)
    CROSS JOIN LATERAL (SELECT CASE r.from_day WHEN '-infinity' THEN l.booked_day ELSE l.valid_day END AS day) AS x
    GROUP BY r.customer_id, r.from_day, r.to_day, x.day, l.currency
  ), counts AS (
    SELECT s.customer_id, s.from_day, s.to_day, s.day, sum(sum(s.n)) OVER (PARTITION BY s.customer_id, s.from_day ORDER BY s.day) > 0 AS here
    FROM steps AS s GROUP BY s.customer_id, s.from_day, s.to_day, s.day
    UNION ALL
    SELECT r.customer_id, r.from_day, r.to_day, '-infinity', false FROM regimes AS r
  ), turns AS (
    SELECT c.*, lag(c.here) OVER (PARTITION BY c.customer_id, c.from_day ORDER BY c.day) IS DISTINCT FROM c.here AS turns FROM counts AS c
  ), presence AS MATERIALIZED (
    SELECT t.customer_id, t.from_day, t.to_day, t.here, t.day AS starts,
      lead(t.day, 1, 'infinity') OVER (PARTITION BY t.customer_id, t.from_day ORDER BY t.day) AS ends
    FROM turns AS t WHERE t.turns
  ), held AS (
    SELECT s.customer_id, s.from_day, s.currency, s.day AS starts, lead(s.day, 1, 'infinity') OVER c AS ends, sum(s.amount) OVER c AS amount
    FROM steps AS s WINDOW c AS (PARTITION BY s.customer_id, s.from_day, s.currency ORDER BY s.day)
  ), spans AS (
    SELECT CASE WHEN b.here THEN 'lost' ELSE 'passing' END AS what, g.customer_id, w.days, NULL AS currency, 1 AS n, 0::numeric AS amount,
      greatest(g.starts, b.starts + w.days, g.from_day) AS starts, least(g.ends, b.ends + w.days, g.to_day) AS ends
    FROM presence AS g JOIN presence AS b ON b.customer_id = g.customer_id AND b.from_day = g.from_day AND b.starts < g.starts
    CROSS JOIN lengths AS w WHERE NOT g.here
    UNION ALL
    SELECT 'lost', g.customer_id, w.days, h.currency, 0, h.amount, greatest(g.starts, h.starts + w.days, g.from_day),
      least(g.ends, h.ends + w.days, g.to_day)
    FROM presence AS g JOIN held AS h ON h.customer_id = g.customer_id AND h.from_day = g.from_day AND h.starts < g.starts AND h.amount <> 0
    CROSS JOIN lengths AS w WHERE NOT g.here
    UNION ALL  -- what that makes of the opening
    SELECT 'moved', l.customer_id, w.days, x.currency, x.n, x.amount, greatest(l.booked_day, l.valid_day + w.days, l.restated_on), l.booked_day + w.days
    FROM lines AS l CROSS JOIN lengths AS w CROSS JOIN LATERAL (VALUES (NULL, l.n, 0), (l.currency, 0, l.amount)) AS x(currency, n, amount)
    WHERE l.restated_on IS NOT NULL AND l.booked_day > l.valid_day
  ),
  -- Who pays in a currency without a rate, and who in no other. A rate once known is known for good.
  unrated AS MATERIALIZED (
    SELECT c.currency, coalesce(min(f.rate_date), 'infinity') AS known_from
    FROM (SELECT DISTINCT m.currency FROM moves AS m WHERE m.currency <> base) AS c
    LEFT JOIN revenue.fx_rates AS f ON f.org_id = chosen AND f.currency = c.currency
    GROUP BY c.currency HAVING coalesce(min(f.rate_date), 'infinity') > earliest
  ), pieces AS (
    SELECT m.customer_id, m.currency, m.booked_day AS starts, lead(m.booked_day, 1, 'infinity') OVER c AS ends, sum(sum(m.amount)) OVER c AS amount
    FROM revenue.mrr_movements AS m
    WHERE m.org_id = chosen AND m.booked_day <= last_day AND m.customer_id IN (
      SELECT p.customer_id FROM revenue.mrr_movements AS p JOIN unrated AS u USING (currency) WHERE p.org_id = chosen)
    GROUP BY m.customer_id, m.currency, m.booked_day
    WINDOW c AS (PARTITION BY m.customer_id, m.currency ORDER BY m.booked_day)
  ), rated AS (
    SELECT p.customer_id, e.day, sum(e.unrated) AS unrated, sum(e.rated) AS rated
    FROM pieces AS p LEFT JOIN unrated AS u USING (currency)
    CROSS JOIN LATERAL (VALUES
      (p.starts, CASE WHEN p.starts < u.known_from THEN 1 ELSE 0 END, CASE WHEN p.starts < u.known_from THEN 0 ELSE 1 END),
      (CASE WHEN p.starts < u.known_from THEN least(p.ends, u.known_from) END, -1, 0),
      (CASE WHEN p.starts < u.known_from AND u.known_from < p.ends THEN u.known_from END, 0, 1),
      (CASE WHEN p.starts < u.known_from AND u.known_from >= p.ends THEN NULL ELSE p.ends END, 0, -1)) AS e(day, unrated, rated)
    WHERE p.amount <> 0 AND e.day IS NOT NULL
    GROUP BY p.customer_id, e.day
  ), states AS (
    SELECT r.customer_id, r.day AS starts, lead(r.day, 1, 'infinity') OVER c AS ends, sum(r.unrated) OVER c AS unrated, sum(r.rated) OVER c AS rated
    FROM rated AS r WINDOW c AS (PARTITION BY r.customer_id ORDER BY r.day)
  ), all_spans AS (
    SELECT s.what, s.customer_id, s.days, s.currency, s.n, s.amount, s.starts, s.ends FROM spans AS s
    UNION ALL
    SELECT x.what, s.customer_id, 0, NULL, 1, 0, s.starts, s.ends
    FROM states AS s CROSS JOIN LATERAL (VALUES ('unrated', true), ('out', s.rated = 0)) AS x(what, holds) WHERE s.unrated > 0 AND x.holds
  ), turned AS MATERIALIZED (
    SELECT s.what, s.days, s.currency, e.day,
      CASE WHEN grouping(c.segment) = 0 THEN 'segment' WHEN grouping(c.region) = 0 THEN 'region' WHEN grouping(c.rep) = 0 THEN 'rep' ELSE 'all' END AS dimension,
      coalesce(c.segment, c.region, c.rep, '') AS member, sum(e.sign * s.n) AS n, sum(e.sign * s.amount) AS amount
    FROM all_spans AS s
    LEFT JOIN members AS m USING (customer_id)
    CROSS JOIN LATERAL (SELECT coalesce(m.segment, '') AS segment, coalesce(m.region, '') AS region, coalesce(m.rep, '') AS rep) AS c
    CROSS JOIN LATERAL (VALUES (greatest(s.starts, earliest), 1), (s.ends, -1)) AS e(day, sign)
    WHERE s.starts <= last_day AND greatest(s.starts, earliest) < s.ends AND e.day <= last_day
    GROUP BY s.what, s.days, s.currency, e.day, GROUPING SETS ((), (c.segment), (c.region), (c.rep))
  ), so_far AS (
    SELECT k.what, k.days, k.currency, k.dimension, k.member, d.day, sum(t.n) OVER c AS n, sum(t.amount) OVER c AS amount
    FROM (SELECT DISTINCT what, days, currency, dimension, member FROM turned) AS k
    CROSS JOIN days AS d
    LEFT JOIN turned AS t ON t.what = k.what AND t.days = k.days AND t.currency IS NOT DISTINCT FROM k.currency AND t.dimension = k.dimension
      AND t.member = k.member AND t.day = d.day
    WINDOW c AS (PARTITION BY k.what, k.days, k.currency, k.dimension, k.member ORDER BY d.day)
  ), became AS MATERIALIZED (
    SELECT s.dimension, s.member, s.day, s.days, coalesce(sum(s.n) FILTER (WHERE s.what = 'lost'), 0)::bigint AS lost,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'passing'), 0)::bigint AS passing, coalesce(sum(s.n) FILTER (WHERE s.what = 'moved'), 0)::bigint AS moved,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'unrated'), 0)::bigint AS unrated, coalesce(sum(s.n) FILTER (WHERE s.what = 'out'), 0)::bigint AS left_out,
      coalesce(sum(s.amount * f.rate) FILTER (WHERE s.what = 'lost'), 0) AS lost_mrr,
      coalesce(sum(s.amount * f.rate) FILTER (WHERE s.what = 'moved'), 0) AS moved_mrr
    FROM so_far AS s LEFT JOIN rates AS f ON f.currency = s.currency AND f.day = s.day - s.days
    GROUP BY s.dimension, s.member, s.day, s.days
  ), windows AS MATERIALIZED (
    SELECT s.*, s.new_mrr + s.expansion_mrr + s.reactivation_mrr - s.contraction_mrr - s.churned_mrr AS net_new_mrr,
      s.new_count + s.expansion_count + s.reactivation_count + s.contraction_count + s.churn_count AS net_count,
      s.new_unrated + s.expansion_unrated + s.reactivation_unrated + s.contraction_unrated + s.churn_unrated AS net_unrated,
      coalesce(b.unrated, 0) AS unrated, s.customers - coalesce(b.left_out, 0) AS rated_customers
    FROM sums AS s LEFT JOIN became AS b ON b.dimension = s.dimension AND b.member = s.member AND b.day = s.day AND b.days = 0
  ), openings AS (  -- the customers of so many days before, and what became of them
    SELECT w.dimension, w.member, w.day, l.days, o.unrated, o.mrr + coalesce(b.moved_mrr, 0) AS mrr, o.customers + coalesce(b.moved, 0) AS customers,
      coalesce(b.lost, 0) AS lost, coalesce(b.lost_mrr, 0) AS lost_mrr, coalesce(b.passing, 0) AS passing
    FROM windows AS w CROSS JOIN lengths AS l
    JOIN windows AS o ON o.dimension = w.dimension AND o.member = w.member AND o.day = w.day - l.days
    LEFT JOIN became AS b ON b.dimension = w.dimension AND b.member = w.member AND b.day = w.day AND b.days = l.days
    WHERE w.day >= first_day AND w.dimension <> 'product'
  ), by_day AS MATERIALIZED (
    SELECT m.booked_day, m.currency, sum(m.amount) AS amount FROM revenue.mrr_days AS m WHERE m.org_id = chosen GROUP BY m.booked_day, m.currency
  ), growth AS (  -- over all, of the currencies that had a rate then
    SELECT d.day, coalesce(sum(b.amount * f.rate), 0) AS mrr, coalesce(sum(b.before * g.rate), 0) AS before,
      bool_or(g.rate IS NULL AND (b.amount <> 0 OR b.before <> 0)) AS partial
    FROM days AS d
    CROSS JOIN LATERAL (
      SELECT m.currency, sum(m.amount) AS amount, coalesce(sum(m.amount) FILTER (WHERE m.booked_day <= revenue.months_before(d.day, 12)), 0) AS before
      FROM by_day AS m WHERE m.booked_day <= d.day GROUP BY m.currency) AS b
    LEFT JOIN rates AS g ON g.currency = b.currency AND g.day = revenue.months_before(d.day, 12)
    LEFT JOIN rates AS f ON f.currency = b.currency AND f.day = d.day AND g.rate IS NOT NULL
    WHERE d.day >= first_day GROUP BY d.day
  )
  SELECT w.day, m.metric, w.dimension, w.member, CASE WHEN m.known THEN m.numerator::double precision END, CASE WHEN m.known THEN m.numerator END,
    NULL::numeric, m.observations, CASE WHEN m.unrated > 0 THEN format('%s %s without an exchange rate', m.unrated, m.what) END
  FROM windows AS w
  CROSS JOIN LATERAL (VALUES
    ('mrr', w.mrr, w.rated_customers, w.unrated, 'with MRR', w.customers = 0 OR w.rated_customers > 0),
    ('arr', 12 * w.mrr, w.rated_customers, w.unrated, 'with MRR', w.customers = 0 OR w.rated_customers > 0),
    ('customers', w.customers::numeric, w.customers, 0, '', true),
    ('new_mrr', w.new_mrr, w.new_count - w.new_unrated, w.new_unrated, 'movements', true),
    ('expansion_mrr', w.expansion_mrr, w.expansion_count - w.expansion_unrated, w.expansion_unrated, 'movements', true),
    ('reactivation_mrr', w.reactivation_mrr, w.reactivation_count - w.reactivation_unrated, w.reactivation_unrated, 'movements', true),
    ('contraction_mrr', w.contraction_mrr, w.contraction_count - w.contraction_unrated, w.contraction_unrated, 'movements', true),
    ('churned_mrr', w.churned_mrr, w.churn_count - w.churn_unrated, w.churn_unrated, 'movements', true),
    ('net_new_mrr', w.net_new_mrr, w.net_count - w.net_unrated, w.net_unrated, 'movements', true),
    ('net_new_arr', 12 * w.net_new_mrr, w.net_count - w.net_unrated, w.net_unrated, 'movements', true),
    ('new_logos', w.new_count::numeric, w.new_count, 0, '', true), ('churned_customers', w.churn_count::numeric, w.churn_count, 0, '', true)
  ) AS m(metric, numerator, observations, unrated, what, known)
  -- Products share customers, so that theirs are not counted.
  WHERE w.day >= first_day AND (w.dimension <> 'product' OR m.metric NOT IN ('customers', 'new_logos', 'churned_customers'))
    AND (w.dimension = 'all' OR w.mrr <> 0 OR w.net_new_mrr <> 0 OR w.churned_mrr <> 0 OR w.customers <> 0)
  UNION ALL
  SELECT w.day, m.metric, w.dimension, w.member, (m.numerator / nullif(m.denominator, 0))::double precision, m.numerator, m.denominator,
    m.observations, CASE WHEN m.denominator = 0 THEN m.why ELSE m.beside END
  FROM windows AS w
  JOIN openings AS c ON c.dimension = w.dimension AND c.member = w.member AND c.day = w.day AND c.days = churn_days
  JOIN openings AS l ON l.dimension = w.dimension AND l.member = w.member AND l.day = w.day AND l.days = logo_days
  JOIN openings AS v ON v.dimension = w.dimension AND v.member = w.member AND v.day = w.day AND v.days = ltv_days
  CROSS JOIN LATERAL (SELECT
    CASE WHEN w.unrated > 0 THEN format('%s with MRR without an exchange rate', w.unrated) END AS now_out,
    CASE WHEN c.unrated > 0 THEN format('%s with MRR without an exchange rate', c.unrated) END AS then_out,
    CASE WHEN l.passing > 0 THEN format('%s came and left in between', l.passing) END AS passing) AS r
  CROSS JOIN LATERAL (VALUES
    ('churn_rate', c.lost_mrr, c.mrr, c.customers, 'there was no MRR before', r.then_out),
    ('logo_churn', l.lost::numeric, l.customers::numeric, l.customers, 'there was no customer before', r.passing),
    ('arpa', w.mrr, w.rated_customers::numeric, w.rated_customers,
      CASE WHEN w.customers > 0 THEN coalesce(r.now_out, '') ELSE 'there is no customer' END, r.now_out),
    ('simple_ltv', margin * w.mrr / nullif(w.rated_customers, 0),
      CASE WHEN w.rated_customers > 0 AND v.customers > 0 THEN v.lost::numeric / v.customers * 365 / (12 * ltv_days) ELSE 0 END, v.lost,
      CASE WHEN w.customers > 0 AND w.rated_customers = 0 THEN r.now_out
        WHEN w.customers > 0 AND v.customers > 0 THEN format('no customer of %s days before was lost', ltv_days)
        WHEN w.customers > 0 THEN format('there was no customer %s days before', ltv_days) ELSE 'there is no customer' END, r.now_out)
  ) AS m(metric, numerator, denominator, observations, why, beside)
  WHERE w.day >= first_day AND (w.dimension = 'all' OR m.denominator <> 0) AND w.dimension <> 'product'
  UNION ALL
  SELECT w.day, 'arr_growth', 'all', '', ((g.mrr - g.before) / nullif(g.before, 0))::double precision, 12 * (g.mrr - g.before), 12 * g.before, w.customers,
    CASE WHEN g.before = 0 THEN 'there was no ARR a year before' WHEN g.partial THEN 'without what had no exchange rate a year before' END
  FROM windows AS w JOIN growth AS g USING (day)
  WHERE w.dimension = 'all';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.recurring_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.recurring_metrics IS
  'For compute_metrics(): what the ledger says of each of these days, over all and by segment, product, region and owner of the account, each as it is today';

-- What became of the customers of twelve months before, at the rates of then. Who is in no sum is told.
CREATE OR REPLACE FUNCTION revenue.retention_metrics(for_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  base char(3) := (SELECT o.base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen);
BEGIN
  PERFORM revenue.check_metric_days(for_day, for_day);
  IF NOT EXISTS (SELECT FROM revenue.mrr_days AS d WHERE d.org_id = chosen) THEN RETURN; END IF;
  RETURN QUERY
  WITH openings AS (
    SELECT m.metric, coalesce(revenue.months_before(for_day, coalesce((definitions -> m.metric ->> 'window_months')::integer, 12)), '-infinity') AS opening_day
    FROM unnest('{nrr,grr}'::text[]) AS m(metric)
  ), rates AS MATERIALIZED (
    SELECT o.opening_day, c.currency, revenue.rate_into_base(chosen, c.currency, base, o.opening_day) AS rate
    FROM (SELECT DISTINCT openings.opening_day FROM openings) AS o
    CROSS JOIN (SELECT DISTINCT d.currency FROM revenue.mrr_days AS d WHERE d.org_id = chosen) AS c
  ), customers AS (
    SELECT r.opening_day, s.customer_id, sum(s.amount * r.rate) FILTER (WHERE s.day <= r.opening_day) AS opening,
      coalesce(sum(s.amount * r.rate), 0) AS closing,
      coalesce(sum(s.amount) FILTER (WHERE r.rate IS NULL AND s.day <= r.opening_day), 0) <> 0 AS unrated
    FROM revenue.customer_steps(chosen, for_day) AS s JOIN rates AS r USING (currency)
    GROUP BY r.opening_day, s.customer_id
  ), totals AS (
    SELECT c.opening_day, sum(c.opening) FILTER (WHERE c.opening > 0) AS opening, sum(c.closing) FILTER (WHERE c.opening > 0) AS closing,
      sum(least(c.closing, c.opening)) FILTER (WHERE c.opening > 0) AS kept, count(*) FILTER (WHERE c.opening > 0) AS n,
      count(*) FILTER (WHERE c.unrated) AS unrated
    FROM customers AS c GROUP BY c.opening_day
  )
  SELECT for_day, o.metric, 'all', '', (x.numerator / nullif(t.opening, 0))::double precision, x.numerator, coalesce(t.opening, 0),
    coalesce(t.n, 0), CASE WHEN t.unrated > 0 THEN format('%s with MRR on %s without an exchange rate', t.unrated, to_char(o.opening_day, 'YYYY-MM-DD'))
      WHEN t.opening IS NULL THEN format('no customer had MRR on %s', to_char(o.opening_day, 'YYYY-MM-DD')) END
  FROM openings AS o
  LEFT JOIN totals AS t USING (opening_day)
  CROSS JOIN LATERAL (SELECT coalesce(CASE o.metric WHEN 'nrr' THEN t.closing ELSE t.kept END, 0) AS numerator) AS x;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.retention_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.retention_metrics IS
  'For compute_metrics(): net and gross retention of the customers that had MRR twelve months before, at the rates of then';
