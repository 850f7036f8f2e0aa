-- The room metrics: the values of a run of days in one reading of the past. Everything that is counted is
-- a span of days: an open deal from the day it appears until the day it is gone, a won one for as many
-- days as the window is long, a flow for one. Each span adds on its first day and takes back on the day
-- after its last, so that a year costs one scan and a running sum. Only scores and forecasts, which
-- depend on the age of each deal, are computed day by day.
--
-- A day is judged at its end, or now while it lasts, by what is known today: a win that was taken back is none,
-- and catch_up_metrics() records the days anew whose history has changed since. The parts run with the
-- owner's rights inside compute_metrics(), which is for members.

CREATE OR REPLACE FUNCTION revenue.deal_metrics(
  first_day date, last_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  home revenue.orgs;
  began timestamptz;
  ended timestamptz;
  widest integer;
BEGIN
  PERFORM revenue.check_metric_days(first_day, last_day);
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  began := first_day::timestamp AT TIME ZONE home.time_zone;
  ended := (last_day + 1)::timestamp AT TIME ZONE home.time_zone;
  widest := coalesce((SELECT max((d.value ->> 'window_days')::integer) FROM jsonb_each(definitions) AS d), 90);
  RETURN QUERY
  WITH windows AS MATERIALIZED (
    SELECT m.metric, coalesce((definitions -> m.metric ->> 'window_days')::integer, 90) AS days
    FROM unnest('{win_rate,win_rate_by_value,mean_won_value,mean_cycle_days,sales_velocity}'::text[]) AS m(metric)
  ), lengths AS (
    SELECT 1 AS days UNION SELECT w.days FROM windows AS w
  ), days AS MATERIALIZED (
    SELECT d::date AS day FROM generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') AS d
  ), versions AS (
    -- What was open, and what was created: the versions of a deal, cut where its account came to belong elsewhere.
    SELECT h.deal_id, h.pipeline_id, coalesce(h.segment, g.segment) AS segment, h.product_id, g.region, h.owner_rep_id, h.currency, h.amount,
      CASE s.kind WHEN 'open' THEN 'open' END AS kind, s.qualified, greatest(x.starts, g.valid_from) AS starts,
      least(x.ends, g.valid_to) AS ends, x.created_on, NULL::date AS closed_on, NULL::bigint AS cycle
    FROM revenue.deal_history AS h
    JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    CROSS JOIN LATERAL (
      SELECT CASE WHEN h.valid_from < began THEN first_day ELSE (h.valid_from AT TIME ZONE home.time_zone)::date END AS starts,
        CASE WHEN h.valid_to >= ended THEN 'infinity' ELSE (h.valid_to AT TIME ZONE home.time_zone)::date END AS ends,
        CASE WHEN h.created_at >= began AND h.created_at < ended
          THEN (h.created_at AT TIME ZONE home.time_zone)::date END AS created_on) AS x
    LEFT JOIN LATERAL revenue.account_spans(h.org_id, h.account_id) AS g ON g.valid_from < x.ends AND g.valid_to > x.starts
    WHERE h.org_id = chosen AND h.superseded_at = 'infinity' AND h.valid_to > began AND h.valid_from < ended
      AND h.valid_from <= now() AND (s.kind = 'open' OR x.created_on IS NOT NULL)
    UNION ALL
    -- What was won and lost: the deals that are closed today, each once, on the day it closed last, for whom they
    -- belonged to as that day ended. A closing that did not last, because the deal was reopened or deleted, is none.
    SELECT d.deal_id, d.pipeline_id, coalesce(w.segment, g.segment), w.product_id, g.region, w.owner_rep_id, d.currency, d.amount,
      s.kind, s.qualified, x.closed_on, 'infinity', NULL, x.closed_on,
      CASE WHEN s.kind = 'won' THEN (revenue.cycle_days(d.created_at, d.closed_at, home.time_zone) * 86400000000)::bigint END
    FROM revenue.deals AS d
    JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    CROSS JOIN LATERAL (SELECT coalesce((d.closed_at AT TIME ZONE home.time_zone)::date, d.close_date) AS closed_on) AS x
    LEFT JOIN revenue.deal_history AS h ON h.org_id = chosen AND h.deal_id = d.deal_id AND h.superseded_at = 'infinity'
      AND h.valid_from < (x.closed_on + 1)::timestamp AT TIME ZONE home.time_zone
      AND h.valid_to >= (x.closed_on + 1)::timestamp AT TIME ZONE home.time_zone
    CROSS JOIN LATERAL (  -- a deal that was loaded later has always belonged to whom it does
      SELECT h.segment, h.product_id, h.owner_rep_id, h.account_id WHERE h.deal_id IS NOT NULL
      UNION ALL SELECT d.segment, d.product_id, d.owner_rep_id, d.account_id WHERE h.deal_id IS NULL) AS w
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, w.account_id) AS g ON x.closed_on >= g.valid_from AND x.closed_on < g.valid_to
    WHERE d.org_id = chosen AND s.kind <> 'open' AND x.closed_on > first_day - widest AND x.closed_on <= last_day
  ), shares AS MATERIALIZED (
    SELECT p.* FROM revenue.deal_shares() AS p WHERE p.org_id = chosen
  ), parts AS (  -- a deal of several products once whole, and for the figures by product in parts, of which the largest counts
    SELECT v.*, CASE WHEN EXISTS (SELECT FROM shares AS p WHERE p.deal_id = v.deal_id) THEN false END AS is_part, true AS counts
    FROM versions AS v
    UNION ALL
    SELECT v.deal_id, v.pipeline_id, v.segment, p.product_id, v.region, v.owner_rep_id, v.currency,
      revenue.part_of(v.amount, p.share_from, p.share_to), v.kind, v.qualified, v.starts, v.ends, v.created_on, v.closed_on, v.cycle, true, p.is_main
    FROM versions AS v JOIN shares AS p USING (deal_id)
  ), alike AS MATERIALIZED (  -- versions that begin, end, were created and closed on the same days
    SELECT v.is_part, v.pipeline_id, coalesce(v.segment, '') AS segment, coalesce(v.product_id, '') AS product, coalesce(v.region, '') AS region,
      coalesce(v.owner_rep_id, '') AS rep, v.currency, v.kind, v.qualified, v.starts, v.ends, v.created_on, v.closed_on,
      count(*) FILTER (WHERE v.counts) AS n, count(v.amount) FILTER (WHERE v.counts) AS valued, count(v.amount) AS priced, coalesce(sum(v.amount), 0) AS amount,
      count(v.cycle) FILTER (WHERE v.counts) AS timed, coalesce(sum(v.cycle) FILTER (WHERE v.counts), 0) AS cycle
    FROM parts AS v
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
  ), rates AS MATERIALIZED (
    SELECT c.currency, d.day, CASE WHEN c.currency = home.base_currency THEN 1 ELSE (
      SELECT f.rate FROM revenue.fx_rates AS f
      WHERE f.org_id = chosen AND f.currency = c.currency AND f.rate_date <= d.day
      ORDER BY f.rate_date DESC LIMIT 1) END AS rate
    FROM (SELECT DISTINCT a.currency FROM alike AS a) AS c
    CROSS JOIN (SELECT days.day FROM days
      UNION SELECT a.closed_on FROM alike AS a WHERE a.closed_on IS NOT NULL) AS d
  ), spans AS MATERIALIZED (  -- what is closed has the rate of the day it closed, the rest that of each day; unrated is what has an amount and no rate
    SELECT x.what, x.days, greatest(x.starts, first_day) AS starts, x.ends, a.is_part, a.pipeline_id, a.segment, a.product,
      a.region, a.rep, a.n, a.timed, a.cycle,
      CASE WHEN x.what NOT IN ('won', 'lost') OR r.rate IS NULL THEN a.currency ELSE '' END AS currency,
      CASE WHEN x.what NOT IN ('won', 'lost') OR r.rate IS NOT NULL THEN a.valued ELSE 0 END AS valued,
      CASE WHEN x.what NOT IN ('won', 'lost') OR r.rate IS NOT NULL THEN a.priced ELSE 0 END AS priced,
      CASE WHEN x.what IN ('won', 'lost') AND r.rate IS NULL THEN a.priced ELSE 0 END AS unrated,
      CASE WHEN x.what NOT IN ('won', 'lost') THEN a.amount ELSE coalesce(a.amount * r.rate, 0) END AS amount
    FROM alike AS a
    CROSS JOIN LATERAL (
      SELECT 'open', 0, a.starts, a.ends WHERE a.kind = 'open'
      UNION ALL SELECT 'qualified', 0, a.starts, a.ends WHERE a.kind = 'open' AND a.qualified
      UNION ALL SELECT 'created', 1, greatest(a.starts, a.created_on), least(a.ends, a.created_on + 1) WHERE a.created_on IS NOT NULL
      UNION ALL SELECT a.kind, l.days, a.closed_on, a.closed_on + l.days FROM lengths AS l WHERE a.closed_on IS NOT NULL
    ) AS x(what, days, starts, ends)
    LEFT JOIN rates AS r ON r.currency = a.currency AND r.day = a.closed_on
    WHERE x.starts <= last_day AND greatest(x.starts, first_day) < x.ends
  ), changes AS MATERIALIZED (
    SELECT s.what, s.days, s.currency, e.day,
      CASE WHEN grouping(s.pipeline_id) = 0 THEN 'pipeline' WHEN grouping(s.segment) = 0 THEN 'segment'
        WHEN grouping(s.region) = 0 THEN 'region' WHEN grouping(s.rep) = 0 THEN 'rep' ELSE 'all' END AS dimension,
      coalesce(s.pipeline_id, s.segment, s.region, s.rep, '') AS member,
      sum(e.sign * s.n) AS n, sum(e.sign * s.valued) AS valued, sum(e.sign * s.priced) AS priced, sum(e.sign * s.unrated) AS unrated, sum(e.sign * s.amount) AS amount,
      sum(e.sign * s.timed) AS timed, sum(e.sign * s.cycle) AS cycle
    FROM spans AS s
    CROSS JOIN LATERAL (VALUES (s.starts, 1), (s.ends, -1)) AS e(day, sign)
    WHERE e.day <= last_day AND s.is_part IS NOT TRUE
    GROUP BY s.what, s.days, s.currency, e.day,
      GROUPING SETS ((), (s.pipeline_id), (s.segment), (s.region), (s.rep))
    UNION ALL
    SELECT s.what, s.days, s.currency, e.day, 'product', s.product, sum(e.sign * s.n), sum(e.sign * s.valued), sum(e.sign * s.priced), sum(e.sign * s.unrated),
      sum(e.sign * s.amount), sum(e.sign * s.timed), sum(e.sign * s.cycle)
    FROM spans AS s CROSS JOIN LATERAL (VALUES (s.starts, 1), (s.ends, -1)) AS e(day, sign)
    WHERE e.day <= last_day AND s.is_part IS NOT FALSE
    GROUP BY s.what, s.days, s.currency, e.day, s.product
  ), running AS (
    SELECT c.what, c.days, c.currency, c.dimension, c.member, d.day,
      sum(x.n) OVER so_far AS n, sum(x.valued) OVER so_far AS valued, sum(x.priced) OVER so_far AS priced, sum(x.unrated) OVER so_far AS unrated, sum(x.amount) OVER so_far AS amount,
      sum(x.timed) OVER so_far AS timed, sum(x.cycle) OVER so_far AS cycle
    FROM (SELECT DISTINCT what, days, currency, dimension, member FROM changes) AS c
    CROSS JOIN days AS d
    LEFT JOIN changes AS x USING (what, days, currency, dimension, member, day)
    WINDOW so_far AS (PARTITION BY c.what, c.days, c.currency, c.dimension, c.member ORDER BY d.day)
  ), converted AS MATERIALIZED (
    SELECT r.day, r.dimension, r.member, r.what, r.days, r.currency, r.n, r.timed, r.cycle, r.amount * x.rate AS amount,
      CASE WHEN x.rate IS NULL THEN 0 ELSE r.valued END AS valued, r.unrated + CASE WHEN x.rate IS NULL THEN r.priced ELSE 0 END AS unrated
    FROM running AS r
    LEFT JOIN rates AS f ON f.currency = r.currency AND f.day = r.day
    CROSS JOIN LATERAL (SELECT CASE r.currency WHEN '' THEN 1 ELSE f.rate END AS rate) AS x
    WHERE r.n > 0 OR r.priced > 0 OR r.unrated > 0
  ), sums AS MATERIALIZED (
    SELECT c.day, c.dimension, c.member, c.what, c.days, sum(c.n)::bigint AS n, sum(c.valued)::bigint AS valued,
      coalesce(sum(c.amount), 0) AS amount, sum(c.timed)::bigint AS timed, sum(c.cycle) AS cycle
    FROM converted AS c
    GROUP BY c.day, c.dimension, c.member, c.what, c.days
  ), unrated AS MATERIALIZED (  -- what each metric leaves out for want of a rate
    SELECT c.day, c.dimension, c.member, m.metric, sum(c.unrated)::bigint AS n,
      format('%s without an exchange rate (%s)', sum(c.unrated), string_agg(DISTINCT c.currency, ', ' ORDER BY c.currency)) AS reason
    FROM converted AS c
    JOIN (
      SELECT v.* FROM (VALUES ('open_pipeline', 0, '{open}'::text[]), ('created_value', 1, '{created}'), ('won_value', 1, '{won}'),
        ('closed_value', 1, '{won,lost}')) AS v(metric, days, of)
      UNION ALL
      SELECT w.metric, w.days, CASE w.metric WHEN 'win_rate_by_value' THEN '{won,lost}' ELSE '{won}' END::text[]
      FROM windows AS w WHERE w.metric NOT IN ('win_rate', 'mean_cycle_days')) AS m ON c.what = ANY (m.of) AND c.days = m.days
    WHERE c.unrated > 0
    GROUP BY c.day, c.dimension, c.member, m.metric
  ), cells AS MATERIALIZED (
    SELECT s.day, s.dimension, s.member FROM sums AS s
    UNION SELECT d.day, 'all', '' FROM days AS d
  ), states AS (
    SELECT c.day, c.dimension, c.member,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'open'), 0)::bigint AS open_n,
      coalesce(sum(s.valued) FILTER (WHERE s.what = 'open'), 0)::bigint AS open_valued,
      coalesce(sum(s.amount) FILTER (WHERE s.what = 'open'), 0) AS open_amount,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'qualified'), 0)::bigint AS qualified_n,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'created'), 0)::bigint AS created_n,
      coalesce(sum(s.valued) FILTER (WHERE s.what = 'created'), 0)::bigint AS created_valued,
      coalesce(sum(s.amount) FILTER (WHERE s.what = 'created'), 0) AS created_amount
    FROM cells AS c
    LEFT JOIN sums AS s USING (day, dimension, member)
    GROUP BY c.day, c.dimension, c.member
  ), closings AS MATERIALIZED (
    SELECT c.day, c.dimension, c.member, l.days,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'won'), 0)::bigint AS won_n,
      coalesce(sum(s.n) FILTER (WHERE s.what = 'lost'), 0)::bigint AS lost_n,
      coalesce(sum(s.valued) FILTER (WHERE s.what = 'won'), 0)::bigint AS won_valued,
      coalesce(sum(s.valued), 0)::bigint AS closed_valued,
      coalesce(sum(s.amount) FILTER (WHERE s.what = 'won'), 0) AS won_amount,
      coalesce(sum(s.amount), 0) AS closed_amount,
      coalesce(sum(s.timed) FILTER (WHERE s.what = 'won'), 0)::bigint AS timed,
      coalesce(sum(s.cycle) FILTER (WHERE s.what = 'won'), 0) / 86400000000 AS cycle_days
    FROM cells AS c
    CROSS JOIN lengths AS l
    LEFT JOIN sums AS s ON s.day = c.day AND s.dimension = c.dimension AND s.member = c.member
      AND s.days = l.days AND s.what IN ('won', 'lost')
    GROUP BY c.day, c.dimension, c.member, l.days
  )
  SELECT s.day, m.metric, s.dimension, s.member, m.numerator::double precision, m.numerator, NULL::numeric, m.observations,
    nullif(concat_ws('; ', CASE WHEN m.unvalued > coalesce(u.n, 0) THEN format('%s without an amount', m.unvalued - coalesce(u.n, 0)) END, u.reason), '')
  FROM states AS s
  JOIN closings AS c ON c.day = s.day AND c.dimension = s.dimension AND c.member = s.member AND c.days = 1
  CROSS JOIN LATERAL (VALUES
    ('open_deals', s.open_n::numeric, s.open_n, 0::bigint),
    ('open_pipeline', s.open_amount, s.open_n, s.open_n - s.open_valued),
    ('qualified_open_deals', s.qualified_n, s.qualified_n, 0),
    ('deals_created', s.created_n, s.created_n, 0),
    ('created_value', s.created_amount, s.created_n, s.created_n - s.created_valued),
    ('deals_won', c.won_n, c.won_n, 0),
    ('deals_lost', c.lost_n, c.lost_n, 0),
    ('deals_closed', c.won_n + c.lost_n, c.won_n + c.lost_n, 0),
    ('won_value', c.won_amount, c.won_n, c.won_n - c.won_valued),
    ('closed_value', c.closed_amount, c.won_n + c.lost_n, c.won_n + c.lost_n - c.closed_valued)
  ) AS m(metric, numerator, observations, unvalued)
  LEFT JOIN unrated AS u ON u.day = s.day AND u.dimension = s.dimension AND u.member = s.member AND u.metric = m.metric
  UNION ALL
  SELECT c.day, w.metric, c.dimension, c.member,
    CASE w.metric WHEN 'sales_velocity' THEN
        s.qualified_n * (c.won_amount / nullif(c.won_valued, 0))::double precision
          * (c.won_n::double precision / nullif(c.won_n + c.lost_n, 0)) / nullif((c.cycle_days / nullif(c.timed, 0))::double precision, 0)
      ELSE (m.numerator / nullif(m.denominator, 0))::double precision END,
    m.numerator, m.denominator, m.observations,
    CASE WHEN m.deals = 0 THEN format('no deal %s in %s days', m.verb, w.days)
      WHEN u.n IS NULL AND w.metric = 'sales_velocity' AND c.won_valued = 0 THEN 'no won deal has a value'
      WHEN u.n IS NULL AND w.metric = 'sales_velocity' AND c.cycle_days = 0 THEN 'no won deal took any time'
      WHEN u.n IS NULL AND m.denominator = 0 THEN 'none of them has a value'
      ELSE nullif(concat_ws('; ', CASE WHEN m.unvalued > coalesce(u.n, 0) THEN format('%s without an amount', m.unvalued - coalesce(u.n, 0)) END, u.reason), '') END
  FROM closings AS c
  JOIN windows AS w USING (days)
  JOIN states AS s USING (day, dimension, member)
  CROSS JOIN LATERAL (VALUES
    ('win_rate', c.won_n::numeric, (c.won_n + c.lost_n)::numeric, c.won_n + c.lost_n, c.won_n + c.lost_n, 0::bigint, 'closed'),
    ('win_rate_by_value', c.won_amount, c.closed_amount, c.closed_valued, c.won_n + c.lost_n, c.won_n + c.lost_n - c.closed_valued, 'closed'),
    ('mean_won_value', c.won_amount, c.won_valued, c.won_valued, c.won_n, c.won_n - c.won_valued, 'was won'),
    ('mean_cycle_days', c.cycle_days, c.timed, c.timed, c.won_n, 0, 'was won'),
    ('sales_velocity', NULL, NULL, c.won_n, c.won_n, c.won_n - c.won_valued, 'was won')
  ) AS m(metric, numerator, denominator, observations, deals, unvalued, verb)
  LEFT JOIN unrated AS u ON u.day = c.day AND u.dimension = c.dimension AND u.member = c.member AND u.metric = w.metric
  WHERE m.metric = w.metric;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.deal_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.deal_metrics IS
  'For compute_metrics(): what deals say of each of these days, over all and by pipeline, segment, product, region of the account and rep, from history';

-- Contacts, e-mails, revenue and what it cost. A ratio adds up its flows over the days of its window.
CREATE OR REPLACE FUNCTION revenue.activity_metrics(
  first_day date, last_day date, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  home revenue.orgs;
  replies text := coalesce(definitions -> 'email_replies' ->> 'replies', 'outcome');
  reply_days integer := coalesce((definitions -> 'reply_rate' ->> 'window_days')::integer, 7);
  cac_days integer := coalesce((definitions -> 'cac' ->> 'window_days')::integer, 90);
  earliest date;
  began timestamptz;
  early timestamptz;
  ended timestamptz;
BEGIN
  PERFORM revenue.check_metric_days(first_day, last_day);
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = chosen;
  earliest := first_day - greatest(reply_days, cac_days) + 1;
  began := first_day::timestamp AT TIME ZONE home.time_zone;
  early := earliest::timestamp AT TIME ZONE home.time_zone;
  ended := least((last_day + 1)::timestamp AT TIME ZONE home.time_zone, now() + interval '1 us');
  RETURN QUERY
  WITH days AS MATERIALIZED (
    SELECT d::date AS day FROM generate_series(earliest::timestamp, last_day::timestamp, interval '1 day') AS d
  ), entries AS MATERIALIZED (
    SELECT e.entered_at, s.kind, lead(e.entered_at) OVER past AS left_at, lag(e.entered_at) OVER past IS NOT NULL AS moved
    FROM revenue.contact_stages AS e
    LEFT JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    WHERE e.org_id = chosen
    WINDOW past AS (PARTITION BY e.contact_id ORDER BY e.entered_at)
  ), counted AS (  -- what happened when, and what it is in money
    SELECT 'contacts_in_funnel' AS metric, x.day, x.sign AS n, 0::numeric AS amount, NULL::char(3) AS currency
    FROM entries AS e
    CROSS JOIN LATERAL (VALUES
      (greatest((e.entered_at AT TIME ZONE home.time_zone)::date, earliest), 1),
      ((e.left_at AT TIME ZONE home.time_zone)::date, -1)) AS x(day, sign)
    WHERE e.kind = 'open' AND e.entered_at < ended AND (e.left_at >= early) IS NOT FALSE AND x.day <= last_day
    UNION ALL
    SELECT 'contacts_added', (c.created_at AT TIME ZONE home.time_zone)::date, 1, 0, NULL
    FROM revenue.contacts AS c WHERE c.org_id = chosen AND c.created_at >= began AND c.created_at < ended
    UNION ALL
    SELECT 'stage_transitions', (e.entered_at AT TIME ZONE home.time_zone)::date, 1, 0, NULL
    FROM entries AS e WHERE e.moved AND e.kind IS NOT NULL AND e.entered_at >= began AND e.entered_at < ended
    UNION ALL
    SELECT 'stage_transitions', (d.stage_entered_at AT TIME ZONE home.time_zone)::date, 1, 0, NULL
    FROM (SELECT DISTINCT h.deal_id, h.stage_entered_at FROM revenue.deal_history AS h
          WHERE h.org_id = chosen AND h.superseded_at = 'infinity' AND h.stage_entered_at > coalesce(h.created_at, (
              SELECT min(f.stage_entered_at) FROM revenue.deal_history AS f
              WHERE f.org_id = chosen AND f.deal_id = h.deal_id AND f.superseded_at = 'infinity'))
            AND h.stage_entered_at >= began AND h.stage_entered_at < ended) AS d
    UNION ALL
    SELECT CASE WHEN a.direction = 'outbound' THEN 'emails_sent' ELSE 'email_replies' END,
      (a.occurred_at AT TIME ZONE home.time_zone)::date, 1, 0, NULL
    FROM revenue.activities AS a
    WHERE a.org_id = chosen AND a.kind = 'email' AND a.occurred_at >= early AND a.occurred_at < ended
      AND (a.direction = 'outbound' OR a.direction = 'inbound' AND replies = 'inbound')
    UNION ALL
    SELECT 'email_replies', (a.occurred_at AT TIME ZONE home.time_zone)::date, 1, 0, NULL
    FROM revenue.activities AS a
    WHERE a.org_id = chosen AND a.kind = 'email' AND a.occurred_at >= early AND a.occurred_at < ended
      AND a.direction = 'outbound' AND a.outcome = 'replied' AND replies = 'outcome'
    UNION ALL
    SELECT 'revenue', (e.closed_at AT TIME ZONE home.time_zone)::date, 1, e.amount, e.currency
    FROM revenue.revenue_rows() AS e WHERE e.org_id = chosen AND e.closed_at >= began AND e.closed_at < ended
    UNION ALL
    SELECT 'acquisition_spend', a.day, 1, a.cost, a.currency FROM revenue.acquisition_costs(earliest, last_day, chosen) AS a
    UNION ALL
    SELECT 'new_customers', f.won_on, 1, 0, NULL
    FROM (SELECT min(coalesce((d.closed_at AT TIME ZONE home.time_zone)::date, d.close_date)) AS won_on
          FROM revenue.deals AS d JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
          WHERE d.org_id = chosen AND s.kind = 'won'
          GROUP BY d.account_id, CASE WHEN d.account_id IS NULL THEN d.deal_id END) AS f
    WHERE f.won_on BETWEEN earliest AND last_day
  ), daily AS (
    SELECT c.metric, c.day, c.currency, sum(c.n)::bigint AS n, sum(c.amount) AS amount, count(*) - count(c.amount) AS unknown
    FROM counted AS c GROUP BY c.metric, c.day, c.currency
  ), flows AS (
    SELECT m.metric, m.money, d.day, coalesce(sum(x.n), 0)::bigint AS n,
      coalesce(CASE WHEN m.money THEN sum(x.amount * r.rate) ELSE sum(x.n) END, 0) AS total,
      coalesce(sum(x.n - x.unknown) FILTER (WHERE m.money AND r.rate IS NULL), 0)::bigint AS unrated,
      coalesce(sum(x.unknown), 0)::bigint AS unknown
    FROM (VALUES ('contacts_in_funnel', false), ('contacts_added', false), ('stage_transitions', false), ('emails_sent', false),
      ('email_replies', false), ('revenue', true), ('acquisition_spend', true), ('new_customers', false)) AS m(metric, money)
    CROSS JOIN days AS d
    LEFT JOIN daily AS x USING (metric, day)
    LEFT JOIN LATERAL (
      SELECT CASE WHEN x.currency = home.base_currency THEN 1 ELSE (
        SELECT f.rate FROM revenue.fx_rates AS f
        WHERE f.org_id = chosen AND f.currency = x.currency AND f.rate_date <= x.day
        ORDER BY f.rate_date DESC LIMIT 1) END AS rate) AS r ON x.currency IS NOT NULL
    GROUP BY m.metric, m.money, d.day
  ), totals AS MATERIALIZED (
    SELECT f.metric, f.day, f.unrated, f.unknown,
      CASE f.metric WHEN 'contacts_in_funnel' THEN sum(f.n) OVER so_far ELSE f.n END::bigint AS n,
      CASE f.metric WHEN 'contacts_in_funnel' THEN sum(f.total) OVER so_far ELSE f.total END AS total,
      sum(f.total) OVER reply_window AS reply_total, sum(f.total) OVER cac_window AS cac_total
    FROM flows AS f
    WINDOW so_far AS (PARTITION BY f.metric ORDER BY f.day),
      reply_window AS (PARTITION BY f.metric ORDER BY f.day RANGE make_interval(days => reply_days - 1) PRECEDING),
      cac_window AS (PARTITION BY f.metric ORDER BY f.day RANGE make_interval(days => cac_days - 1) PRECEDING)
  )
  SELECT t.day, t.metric, 'all', '', t.total::double precision, t.total, NULL::numeric, t.n,
    nullif(concat_ws('; ', CASE WHEN t.unknown > 0 THEN format('%s without an amount', t.unknown) END,
      CASE WHEN t.unrated > 0 THEN format('%s without an exchange rate', t.unrated) END), '')
  FROM totals AS t WHERE t.day >= first_day
  UNION ALL
  SELECT n.day, 'reply_rate', 'all', '', (n.reply_total / nullif(d.reply_total, 0))::double precision, n.reply_total, d.reply_total,
    d.reply_total::bigint, CASE WHEN d.reply_total = 0 THEN format('no e-mail was sent in %s days', reply_days) END
  FROM totals AS n JOIN totals AS d USING (day)
  WHERE n.metric = 'email_replies' AND d.metric = 'emails_sent' AND n.day >= first_day
  UNION ALL
  SELECT n.day, 'cac', 'all', '', (n.cac_total / nullif(d.cac_total, 0))::double precision, n.cac_total, d.cac_total,
    d.cac_total::bigint, CASE WHEN d.cac_total = 0 THEN format('no new customer in %s days', cac_days) END
  FROM totals AS n JOIN totals AS d USING (day)
  WHERE n.metric = 'acquisition_spend' AND d.metric = 'new_customers' AND n.day >= first_day;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.activity_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.activity_metrics IS
  'For compute_metrics(): contacts, stage transitions, e-mails and replies, revenue, spend and customer acquisition cost of each of these days';

-- What depends on the age of each deal at the end of the day. The forecast of a day that is over is that
-- of its snapshot, where there is one.
CREATE OR REPLACE FUNCTION revenue.scored_metrics(
  for_day date DEFAULT NULL, definitions jsonb DEFAULT '{}', org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET jit = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
  today date := revenue.org_today(chosen);
  wanted date := coalesce(for_day, today);
  basis text := coalesce(definitions -> 'forecast_gap' ->> 'basis', 'commit');
  moment timestamptz;
  kept revenue.pipeline_snapshots;
BEGIN
  PERFORM revenue.check_metric_days(wanted, wanted);
  IF wanted < today THEN
    SELECT (wanted + 1)::timestamp AT TIME ZONE o.time_zone - interval '1 us' INTO moment FROM revenue.orgs AS o WHERE o.org_id = chosen;
    SELECT * INTO kept FROM revenue.pipeline_snapshots AS s WHERE s.org_id = chosen AND s.snapshot_date = wanted AND s.complete;
  END IF;
  RETURN QUERY
  WITH stages AS MATERIALIZED (
    SELECT * FROM revenue.scored_stages(moment) AS s WHERE s.org_id = chosen
  ), open_deals AS (
    SELECT d.*, coalesce(a.region, '') AS region, coalesce(d.segment, a.segment, '') AS of_segment, s.framework_stage, s.moment, s.today, coalesce(f.weights, s.weights) AS weights
    FROM revenue.deals_as_of(moment) AS d
    JOIN stages AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, d.account_id) AS a ON s.today >= a.valid_from AND s.today < a.valid_to
    LEFT JOIN revenue.frameworks_in_force() AS f ON f.org_id = d.org_id AND f.vertical = coalesce(d.industry, a.industry)
    WHERE d.org_id = chosen AND s.kind = 'open'
  ), shares AS MATERIALIZED (
    SELECT p.* FROM revenue.deal_shares() AS p WHERE p.org_id = chosen
  ), open_parts AS (  -- a deal of several products once whole and once in parts, as in deal_metrics()
    SELECT o.*, coalesce(o.owner_rep_id, '') AS of_rep, coalesce(revenue.product_of(o.product_id, x.product_id, x.share_to), '') AS of_product,
      revenue.part_of(o.amount, x.share_from, x.share_to) AS of_amount, x.is_part, x.is_main IS NOT FALSE AS counts
    FROM open_deals AS o
    LEFT JOIN (
      SELECT p.deal_id, p.product_id, p.share_from, p.share_to, p.is_main, true AS is_part FROM shares AS p
      UNION ALL SELECT p.deal_id, NULL, NULL, NULL, true, false FROM shares AS p WHERE p.is_main
    ) AS x USING (deal_id)
  ), scored AS (
    SELECT d.currency, d.counts,
      CASE WHEN grouping(d.pipeline_id) = 0 THEN 'pipeline' WHEN grouping(d.of_segment) = 0 THEN 'segment'
        WHEN grouping(d.of_product) = 0 THEN 'product' WHEN grouping(d.region) = 0 THEN 'region'
        WHEN grouping(d.of_rep) = 0 THEN 'rep' ELSE 'all' END AS dimension,
      coalesce(d.pipeline_id, d.of_segment, d.of_product, d.region, d.of_rep, '') AS member,
      revenue.pipeline_totals(
        d.of_amount, d.framework_stage, revenue.elapsed_days(d.stage_entered_at, d.moment),
        revenue.elapsed_days(d.last_activity_at, d.moment), d.num_interactions, d.lead_score,
        d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, revenue.days_until(d.close_date, d.today),
        d.num_objections_handled, d.competitors_mentioned, d.weights) AS totals
    FROM open_parts AS d
    GROUP BY d.is_part, d.counts, d.currency, GROUPING SETS ((), (d.pipeline_id), (d.of_segment), (d.of_product), (d.region), (d.of_rep))
    HAVING d.is_part IS NULL OR d.is_part = (grouping(d.of_product) = 0)
  ), cells AS MATERIALIZED (
    SELECT s.dimension, s.member, coalesce(sum(t.deal_count) FILTER (WHERE s.counts), 0)::bigint AS deals,
      coalesce(sum(t.at_risk_deals) FILTER (WHERE s.counts), 0)::bigint AS at_risk,
      coalesce(sum(t.deal_count - t.valued_deals) FILTER (WHERE s.counts), 0)::bigint AS without_amount,
      format('%s without an exchange rate (%s)', sum(t.valued_deals) FILTER (WHERE x.unrated), string_agg(DISTINCT s.currency, ', ' ORDER BY s.currency) FILTER (WHERE x.unrated)) AS unrated,
      bool_or(x.unrated) AS any_unrated, coalesce(sum(t.weighted_value * r.rate::double precision), 0) AS weighted
    FROM scored AS s
    CROSS JOIN LATERAL jsonb_to_record(s.totals) AS t(
      deal_count bigint, valued_deals bigint, at_risk_deals bigint, weighted_value double precision)
    LEFT JOIN revenue.fx_rates_at(moment) AS r ON r.org_id = chosen AND r.currency = s.currency
    CROSS JOIN LATERAL (SELECT r.rate IS NULL AND t.valued_deals > 0 AS unrated) AS x
    GROUP BY s.dimension, s.member
    UNION ALL
    SELECT 'all', '', 0, 0, 0, NULL, false, 0 WHERE NOT EXISTS (SELECT FROM open_deals)
  ), left_out AS MATERIALIZED (
    SELECT c.dimension, c.member, nullif(concat_ws('; ', CASE WHEN c.without_amount > 0 THEN format('%s without an amount', c.without_amount) END,
      CASE WHEN c.any_unrated THEN c.unrated END), '') AS reason
    FROM cells AS c
  ), forecasts AS (
    SELECT k.metric, k.expected, k.deals, k.unvalued FROM (VALUES
      ('forecast_30d', kept.forecast_30d, kept.deal_count, kept.deals_without_value),
      ('contact_forecast_30d', kept.contact_forecast_30d, kept.contacts_in_funnel, 0)) AS k(metric, expected, deals, unvalued)
    WHERE kept.org_id IS NOT NULL
    UNION ALL
    SELECT k.metric, f.expected_value, coalesce(f.deal_count, 0), coalesce(f.deals_without_value, 0)
    FROM (VALUES ('forecast_30d', 'deal'), ('contact_forecast_30d', 'contact')) AS k(metric, kind)
    LEFT JOIN LATERAL revenue.pipeline_forecast(k.kind, moment, chosen) AS f ON f.horizon_days = 30
    WHERE kept.org_id IS NULL
  ), quotas AS MATERIALIZED (
    SELECT * FROM revenue.coverage(as_of => moment, org => chosen) AS c WHERE c.dimension IN ('org', 'rep')
  )
  SELECT wanted, m.metric, c.dimension, c.member, m.value, m.value::numeric, NULL::numeric, c.deals, m.reason
  FROM cells AS c JOIN left_out AS l USING (dimension, member)
  CROSS JOIN LATERAL (VALUES
    ('weighted_pipeline', c.weighted, l.reason),
    ('at_risk_deals', c.at_risk::double precision, NULL)) AS m(metric, value, reason)
  UNION ALL
  SELECT wanted, f.metric, 'all', '', CASE WHEN f.deals = 0 THEN 0 ELSE f.expected::double precision END,
    CASE WHEN f.deals = 0 THEN 0 ELSE f.expected END, NULL, f.deals,
    CASE WHEN f.deals > 0 AND f.expected IS NULL THEN 'none of them has a value'
      WHEN f.unvalued > 0 THEN coalesce(l.reason, format('%s without an amount or an exchange rate', f.unvalued)) END
  FROM forecasts AS f JOIN left_out AS l ON l.dimension = 'all'
  UNION ALL
  SELECT wanted, 'coverage', CASE q.dimension WHEN 'org' THEN 'all' ELSE 'rep' END, coalesce(q.member, ''), q.coverage, q.open_value, q.quota,
    q.open_deals, CASE WHEN q.coverage IS NULL THEN q.coverage_reason
      WHEN q.deals_without_value > 0 THEN format('%s without an amount or an exchange rate', q.deals_without_value) END
  FROM quotas AS q WHERE q.dimension = 'org' OR q.coverage IS NOT NULL
  UNION ALL
  SELECT wanted, 'forecast_gap', 'all', '', ((b.amount - q.quota) / nullif(q.quota, 0))::double precision, b.amount - q.quota, q.quota,
    q.open_deals + q.won_deals, CASE WHEN coalesce(q.quota, 0) = 0 THEN q.coverage_reason WHEN b.amount IS NULL THEN b.reason END
  FROM quotas AS q
  CROSS JOIN LATERAL (
    SELECT f.amount + CASE f.source WHEN 'deals' THEN q.won_value ELSE 0 END AS amount, 'nothing is committed' AS reason
    FROM revenue.forecast_commit(q.period_from, q.period_to, moment, chosen) AS f WHERE basis = 'commit'
    UNION ALL
    SELECT (SELECT r.expected FROM revenue.forecast_runs AS r
      WHERE r.org_id = chosen AND r.metric = 'bookings' AND r.period_from = q.period_from AND r.period_to = q.period_to
        AND r.as_of <= coalesce(moment, now()) ORDER BY r.as_of DESC, r.made_at DESC LIMIT 1), 'no forecast of the quarter is kept'
    WHERE basis = 'ai') AS b
  WHERE q.dimension = 'org';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.scored_metrics FROM PUBLIC;
COMMENT ON FUNCTION revenue.scored_metrics IS
  'For compute_metrics(): weighted pipeline, deals at risk, 30-day forecasts, coverage and the gap to the quota at the end of a day (NULL = today, now)';

-- What fails is left out with its reason, so that one bad row does not lose the rest of the day. A function
-- that returns a set is read whole before its first row is passed on, so that nothing of a part that failed is kept.
CREATE OR REPLACE FUNCTION revenue.metric_part(
  part text, first_day date, last_day date, definitions jsonb, org integer)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  failure text;
BEGIN
  BEGIN
    CASE part
      WHEN 'deals' THEN RETURN QUERY SELECT * FROM revenue.deal_metrics(first_day, last_day, definitions, org);
      WHEN 'activities' THEN RETURN QUERY SELECT * FROM revenue.activity_metrics(first_day, last_day, definitions, org);
      WHEN 'recurring' THEN RETURN QUERY SELECT * FROM revenue.recurring_metrics(first_day, last_day, definitions, org);
      WHEN 'efficiency' THEN RETURN QUERY SELECT * FROM revenue.efficiency_metrics(first_day, last_day, definitions, org);
      WHEN 'scores' THEN RETURN QUERY SELECT * FROM revenue.scored_metrics(first_day, definitions, org);
      WHEN 'retention' THEN RETURN QUERY SELECT * FROM revenue.retention_metrics(first_day, definitions, org);
    END CASE;
    RETURN;
  EXCEPTION WHEN OTHERS THEN
    -- Conflicts, lack of resources and shutdowns are not of the data: the caller tries again.
    IF left(SQLSTATE, 2) IN ('40', '53', '57', '58') OR SQLSTATE = '55P03' THEN RAISE; END IF;
    failure := format('could not be computed: %s', left(SQLERRM, 200));
    PERFORM revenue.leave_out(format('metrics of %s from %s to %s', part, to_char(first_day, 'YYYY-MM-DD'), to_char(last_day, 'YYYY-MM-DD')),
      concat_ws(' ', SQLSTATE, SQLERRM));
  END;
  RETURN QUERY
  SELECT d::date, m.metric, 'all', '', NULL::double precision, NULL::numeric, NULL::numeric, 0::bigint, failure
  FROM generate_series(first_day::timestamp, last_day::timestamp, interval '1 day') AS d
  CROSS JOIN unnest(CASE part
    WHEN 'deals' THEN '{open_deals,open_pipeline,qualified_open_deals,deals_created,created_value,deals_won,deals_lost,deals_closed,won_value,closed_value,win_rate,win_rate_by_value,mean_won_value,mean_cycle_days,sales_velocity}'
    WHEN 'activities' THEN '{stage_transitions,contacts_added,contacts_in_funnel,emails_sent,email_replies,reply_rate,revenue,acquisition_spend,new_customers,cac}'
    WHEN 'recurring' THEN '{mrr,arr,customers,arpa,new_mrr,expansion_mrr,reactivation_mrr,contraction_mrr,churned_mrr,net_new_mrr,net_new_arr,new_logos,churned_customers,churn_rate,logo_churn,simple_ltv,arr_growth}'
    WHEN 'efficiency' THEN '{net_sales_efficiency,magic_number}'
    WHEN 'scores' THEN '{weighted_pipeline,at_risk_deals,forecast_30d,contact_forecast_30d,coverage,forecast_gap}'
    ELSE '{nrr,grr}' END::text[]) AS m(metric);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.metric_part FROM PUBLIC;
COMMENT ON FUNCTION revenue.metric_part IS
  'For compute_metrics(): the metrics of one part (deals, activities, recurring, efficiency; scores and retention of the first day), or the reason why there are none';

CREATE OR REPLACE FUNCTION revenue.compute_metrics(
  first_day date DEFAULT NULL, last_day date DEFAULT NULL, versions jsonb DEFAULT NULL, scored boolean DEFAULT true,
  org integer DEFAULT NULL)
RETURNS TABLE (
  day date, metric text, dimension text, member text, value double precision, numerator numeric, denominator numeric,
  observations bigint, unit text, reason text, definition_version integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  today date := revenue.org_today(chosen);
  until date := least(coalesce(compute_metrics.last_day, compute_metrics.first_day, today), today);
  since date := coalesce(compute_metrics.first_day, until);
  wrong text;
  regime record;
  definitions jsonb;
  used jsonb;
BEGIN
  PERFORM revenue.check_metric_days(since, until, coalesce(scored, true));
  IF jsonb_typeof(compute_metrics.versions) <> 'object' THEN
    RAISE EXCEPTION 'versions must be a JSON object' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass metrics and numbers of their versions, such as {"win_rate": 0}, or NULL for those in force.';
  END IF;
  SELECT left(v.key || ': ' || v.value, 100) INTO wrong FROM jsonb_each(compute_metrics.versions) AS v
  WHERE NOT EXISTS (
    SELECT FROM revenue.builtin_metrics() AS b
    WHERE b.metric = v.key AND (v.value = '0' OR EXISTS (
      SELECT FROM revenue.metric_definitions AS m
      WHERE m.org_id = chosen AND m.metric = b.metric AND to_jsonb(m.version) = v.value)))
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'there is no such version of a metric: %', wrong USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Version 0 of every metric is the built-in one; the others are in revenue.metric_definitions.';
  END IF;

  -- Days that are computed alike, at once.
  FOR regime IN
    SELECT s.starts, lead(s.starts, 1, until + 1) OVER (ORDER BY s.starts) - 1 AS ends
    FROM (SELECT since AS starts
          UNION SELECT m.valid_from FROM revenue.metric_definitions AS m
          WHERE m.org_id = chosen AND m.valid_from > since AND m.valid_from <= until) AS s
    ORDER BY s.starts
  LOOP
    SELECT jsonb_object_agg(d.metric, CASE WHEN v.version IS NULL THEN d.options
        ELSE b.options || coalesce((SELECT m.options FROM revenue.metric_definitions AS m
          WHERE m.org_id = chosen AND m.metric = d.metric AND m.version = v.version), '{}') END),
      jsonb_object_agg(d.metric, jsonb_build_object('version', coalesce(v.version, d.version), 'unit', d.unit))
    INTO definitions, used
    FROM revenue.metric_definitions_in_force(regime.starts, chosen) AS d
    JOIN revenue.builtin_metrics() AS b USING (metric)
    CROSS JOIN LATERAL (SELECT (compute_metrics.versions ->> d.metric)::integer AS version) AS v;
    RETURN QUERY
    WITH computed AS MATERIALIZED (
      SELECT m.* FROM unnest('{deals,activities,recurring,efficiency}'::text[]) AS p(part)
      CROSS JOIN LATERAL revenue.metric_part(p.part, regime.starts, regime.ends, definitions, chosen) AS m
      UNION ALL
      SELECT m.* FROM generate_series(regime.starts::timestamp, regime.ends::timestamp, interval '1 day') AS d
      CROSS JOIN unnest('{scores,retention}'::text[]) AS p(part)
      CROSS JOIN LATERAL revenue.metric_part(p.part, d::date, d::date, definitions, chosen) AS m
      WHERE coalesce(scored, true)
    )
    -- What a day takes back may be more than it brings: then nothing is observed.
    SELECT x.day, x.metric, x.dimension, x.member, x.value, x.numerator, x.denominator, greatest(x.observations, 0),
      used -> x.metric ->> 'unit', x.reason, (used -> x.metric ->> 'version')::integer
    FROM (
      SELECT * FROM computed
      UNION ALL
      SELECT l.day, 'ltv_cac', 'all', '', l.value / nullif(c.value, 0), NULL, NULL, least(l.observations, c.observations),
        CASE WHEN l.value IS NULL THEN l.reason WHEN c.value IS NULL THEN c.reason WHEN c.value = 0 THEN 'nothing was spent' END
      FROM computed AS l JOIN computed AS c USING (day, dimension)
      WHERE l.metric = 'simple_ltv' AND c.metric = 'cac' AND dimension = 'all'
    ) AS x;
  END LOOP;
END $$;
COMMENT ON FUNCTION revenue.compute_metrics IS
  'Every metric of every day from first_day (NULL = today) to last_day, both included, by the definitions in force on the day or by named versions ({"win_rate": 0}); scored false leaves out what has to score each deal each day. Members and above';
