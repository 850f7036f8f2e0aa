-- 10,000 random histories of deals that are re-amounted, re-dated, handed over, paid in other currencies,
-- closed, reopened, deleted and brought back: the identity of the waterfall holds to the last unit for
-- every deal, member and whole, and each deal moves as a replay of its own versions says.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT revenue.create_org('West', 'USD', 'America/Los_Angeles', 4) AS west \gset
SELECT revenue.create_org('East', 'EUR', 'Asia/Kolkata', 1) AS east \gset
SELECT setseed(0.17);
CREATE FUNCTION any_of(choices anyarray) RETURNS anyelement LANGUAGE sql VOLATILE AS $$
  SELECT choices[1 + floor(random() * cardinality(choices))::integer]
$$;
SELECT revenue.add_pipeline('other', '[{"stage_id": "prospecting"}, {"stage_id": "proposal"},
  {"stage_id": "closed_won", "kind": "won"}, {"stage_id": "closed_lost", "kind": "lost"}]', org => o) FROM unnest(ARRAY[:west, :east]) o \g /dev/null
INSERT INTO revenue.reps (org_id, rep_id, name) SELECT o, 'r' || i, 'r' || i FROM unnest(ARRAY[:west, :east]) o, generate_series(1, 12) i;
INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from, valid_to)
SELECT o, 'r' || i, 'r' || 10 + (i + q) % 3, ('2026-01-01'::date + 91 * q), CASE q WHEN 4 THEN 'infinity' ELSE '2026-01-01'::date + 91 * (q + 1) END
FROM unnest(ARRAY[:west, :east]) o, generate_series(1, 8) i, generate_series(0, 4) q;
-- CHF has a rate from March on only, XXX none at all.
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate)
SELECT o, c.code, '2025-12-01'::date + 10 * i, (c.rate * (0.8 + 0.4 * random()))::numeric(18, 9)
FROM unnest(ARRAY[:west, :east]) o, (VALUES ('EUR', 1.1, 0), ('USD', 0.9, 0), ('JPY', 0.007, 0), ('CHF', 1.2, 10)) c(code, rate, first), generate_series(c.first, 45) i
WHERE (o = :west) = (c.code <> 'USD') OR c.code IN ('JPY', 'CHF');

INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, valid_to, recorded_at, created_at, stage_entered_at,
  pipeline_id, stage_id, amount, currency, close_date, closed_at, owner_rep_id, segment)
SELECT v.org_id, v.deal_id, v.since, v.until, v.since, v.since, v.since, v.pipeline_id, v.stage_id, v.amount, v.currency,
  v.close_date, CASE WHEN v.stage_id ~ '^closed' THEN v.since END, v.rep, v.segment
FROM (
  SELECT d.org_id, d.deal_id, d.since, CASE WHEN d.next < 'infinity' AND random() < 0.1 THEN d.since + (d.next - d.since) * random() ELSE d.next END AS until,
    CASE WHEN random() < 0.9 THEN 'sales' ELSE 'other' END AS pipeline_id,
    CASE WHEN random() < 0.02 THEN 'forgotten' ELSE any_of('{prospecting,prospecting,prospecting,proposal,proposal,closed_won,closed_lost}'::text[]) END AS stage_id,
    CASE WHEN random() > 0.05 THEN (10 ^ (6 * random()) * CASE WHEN random() < 0.03 THEN -1 ELSE 1 END)::numeric(18, 6) END AS amount,
    any_of('{USD,USD,EUR,EUR,JPY,CHF,XXX}'::text[]) AS currency,
    CASE WHEN random() > 0.05 THEN d.since::date - 60 + (200 * random())::integer END AS close_date,
    CASE WHEN random() > 0.05 THEN 'r' || 1 + floor(9 * random()) END AS rep, any_of('{smb,mid,top,NULL}'::text[]) AS segment
  FROM (
    SELECT CASE WHEN i % 2 = 0 THEN :west ELSE :east END AS org_id, 'd' || i AS deal_id, at AS since,
      lead(at, 1, 'infinity') OVER (PARTITION BY i ORDER BY at) AS next
    FROM generate_series(1, 10000) i, LATERAL (
      SELECT DISTINCT '2026-01-01'::timestamptz + interval '1 hour' * floor(8760 * random()) AS at
      FROM generate_series(1, 1 + (i * 7) % 9)) s
  ) d
) v WHERE v.until > v.since;
-- A version without an end that is cut short was deleted.
UPDATE revenue.deal_history SET valid_to = '2026-12-31' WHERE valid_to = 'infinity' AND random() < 0.1 AND valid_from < '2026-12-31';
ANALYZE;
SELECT count(DISTINCT (org_id, deal_id)) AS histories, count(*) > 40000 AS enough_versions FROM revenue.deal_history;

-- Openings, closings and windows: within the window, across its end, after it, of one instant, of all dates.
CREATE TABLE probes (probe serial, opening timestamptz, closing timestamptz, from_date date, to_date date);
INSERT INTO probes (opening, closing, from_date, to_date) VALUES
  ('2026-04-01', '2026-06-20', '2026-04-01', '2026-07-01'), ('2026-04-10 07:00', '2026-08-20 13:00', '2026-04-01', '2026-07-01'),
  ('2026-03-01', '2026-07-01 07:00', '2026-04-01', '2026-07-01'), ('2026-07-15', '2026-08-01', '2026-04-01', '2026-07-01'),
  ('2026-05-05', '2026-05-05', '2026-05-01', '2026-06-01'), ('2025-06-01', '2027-06-01', '-infinity', 'infinity'),
  ('2026-02-01', '2026-09-01', '2026-02-15', 'infinity'), ('2026-06-20', '2026-06-29', '2026-04-01', '2026-07-01'),
  ('2026-04-01', '2026-11-20', '-infinity', '2026-12-01'), ('2026-08-01', '2026-10-15', NULL, NULL);
CREATE TABLE rows_of AS
SELECT p.probe, p.opening, p.closing, d.dimension, h.hierarchy, m.*
FROM probes p, unnest('{all,stage,segment,rep,manager}'::text[]) AS d(dimension),
  unnest(CASE d.dimension WHEN 'manager' THEN '{then,now}'::text[] ELSE '{then}' END) AS h(hierarchy),
  revenue.deal_movements(p.opening, p.closing, p.from_date, p.to_date, d.dimension, h.hierarchy) AS m;
CREATE TABLE lines_of AS
SELECT p.probe, d.dimension, h.hierarchy, w.*
FROM probes p, unnest('{all,stage,segment,rep,manager}'::text[]) AS d(dimension),
  unnest(CASE d.dimension WHEN 'manager' THEN '{then,now}'::text[] ELSE '{then}' END) AS h(hierarchy),
  revenue.pipeline_waterfall(p.opening, p.closing, p.from_date, p.to_date, d.dimension, h.hierarchy) AS w;

-- Every kind of movement is there often enough.
SELECT kind, count(*) > 100 AS often FROM rows_of, unnest(ARRAY[entry_kind, exit_kind]) AS kind
WHERE dimension = 'rep' AND kind IS NOT NULL GROUP BY 1 ORDER BY 1;

-- The identity, and nothing that is counted twice.
SELECT count(*) > 100000 AS rows, count(*) FILTER (
  WHERE opening_value + entry_value + increase - decrease + fx - exit_value IS DISTINCT FROM closing_value) AS broken FROM rows_of;
SELECT count(*) AS twice FROM (SELECT FROM rows_of GROUP BY probe, dimension, hierarchy, org_id, pipeline_id, deal_id, member HAVING count(*) > 1) x;
SELECT count(*) AS neither_or_both FROM rows_of WHERE in_opening = (entry_kind IS NOT NULL) OR exit_kind IS NULL;
SELECT count(*) AS members, count(*) FILTER (WHERE rest <> 0) AS broken FROM (
  SELECT sum(CASE line WHEN 'closing' THEN -value ELSE value END) AS rest FROM lines_of
  GROUP BY probe, dimension, hierarchy, org_id, pipeline_id, member) x;
-- Members add up to the whole, line by line, and what leaves one enters another.
SELECT count(*) AS wholes, count(*) FILTER (WHERE (w.value, w.deal_count) IS DISTINCT FROM (a.value, a.deal_count)) AS broken
FROM (SELECT probe, dimension, hierarchy, org_id, line, sum(value) AS value, sum(deal_count) AS deal_count FROM lines_of GROUP BY 1, 2, 3, 4, 5) w
JOIN (SELECT probe, org_id, line, sum(value) AS value, sum(deal_count) AS deal_count FROM lines_of WHERE dimension = 'all' GROUP BY 1, 2, 3) a USING (probe, org_id, line)
WHERE w.line NOT LIKE 'transferred%';
SELECT count(*) AS broken FROM (
  SELECT probe, dimension, hierarchy, org_id, sum(value) FILTER (WHERE line LIKE 'transferred%') AS net FROM lines_of GROUP BY 1, 2, 3, 4) w
JOIN (SELECT probe, org_id, sum(value) FILTER (WHERE line LIKE 'transferred%') AS net FROM lines_of WHERE dimension = 'all' GROUP BY 1, 2) a USING (probe, org_id)
WHERE w.net <> a.net;

-- Opening and closing are what the deals were just before, read and converted apart.
SELECT count(*) AS compared, count(*) FILTER (WHERE (l.value, l.deal_count) IS DISTINCT FROM (d.value, d.deal_count)) AS broken
FROM (SELECT l.*, CASE l.line WHEN 'opening' THEN l.opening_at ELSE l.closing_at END AS at FROM lines_of l WHERE dimension = 'all' AND line IN ('opening', 'closing')) l
JOIN revenue.orgs o USING (org_id)
CROSS JOIN LATERAL (
  SELECT coalesce(sum(d.amount * (SELECT f.rate FROM revenue.fx_rate(d.currency, NULL, ((l.at - interval '1 us') AT TIME ZONE o.time_zone)::date, l.org_id) f)), 0) AS value, count(*) AS deal_count
  FROM revenue.deals_as_of(l.at - interval '1 us') d JOIN revenue.stages s USING (org_id, pipeline_id, stage_id)
  WHERE d.org_id = l.org_id AND d.pipeline_id = l.pipeline_id AND s.kind = 'open'
    AND l.at < l.period_to::timestamp AT TIME ZONE o.time_zone
    AND (d.close_date >= l.period_from AND d.close_date < l.period_to OR l.period_to = 'infinity' AND d.close_date IS NULL)) d
WHERE l.opening_at > '2026-01-01' AND l.closing_at < '2026-12-31' AND l.probe <> 5;

-- A deal at a time, from its versions: what it was in each set at the opening, at the end and at the closing.
CREATE FUNCTION replay(o revenue.orgs, deal text, opening timestamptz, closing timestamptz, from_date date, to_date date)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  ends timestamptz := to_date::timestamp AT TIME ZONE o.time_zone;
  b record; a record; x record; entry text; leaving text;
BEGIN
  IF opening >= ends THEN RETURN NULL; END IF;
  SELECT h.pipeline_id, h.closed_at, coalesce(h.close_date, 'infinity') AS day, s.kind INTO b FROM revenue.deal_history h LEFT JOIN revenue.stages s USING (org_id, pipeline_id, stage_id)
  WHERE h.org_id = o.org_id AND h.deal_id = deal AND h.valid_from < opening AND h.valid_to >= opening;
  SELECT h.pipeline_id, h.closed_at, coalesce(h.close_date, 'infinity') AS day, s.kind, h.deal_id INTO a FROM revenue.deal_history h LEFT JOIN revenue.stages s USING (org_id, pipeline_id, stage_id)
  WHERE h.org_id = o.org_id AND h.deal_id = deal AND h.valid_from < closing AND h.valid_to >= closing;
  SELECT coalesce(h.close_date, 'infinity') AS day, s.kind INTO x FROM revenue.deal_history h LEFT JOIN revenue.stages s USING (org_id, pipeline_id, stage_id)
  WHERE h.org_id = o.org_id AND h.deal_id = deal AND h.valid_from < ends AND h.valid_to >= ends AND closing >= ends;

  IF a.deal_id IS NULL THEN leaving := 'deleted';
  ELSIF a.kind IS NULL THEN leaving := 'transferred_out';
  ELSIF a.kind <> 'open' THEN leaving := a.kind;
  ELSIF coalesce(x.day, a.day) < from_date THEN leaving := 'advanced';
  ELSIF coalesce(x.day, a.day) >= to_date AND to_date < 'infinity' THEN leaving := 'pushed';
  ELSIF closing >= ends THEN leaving := 'slipped';
  ELSE leaving := 'stays'; END IF;

  IF b.kind = 'open' AND b.day >= from_date AND (b.day < to_date OR to_date = 'infinity') THEN
    entry := '-';
  ELSE
    IF a.deal_id IS NULL OR a.kind IS NULL THEN RETURN NULL; END IF;
    IF NOT coalesce(x.kind = 'open' AND x.day >= from_date AND x.day < to_date, false) THEN  -- else it was in the window at its end
      IF leaving NOT IN ('stays', 'won', 'lost') THEN RETURN NULL; END IF;
      IF NOT (a.day >= from_date AND (a.day < to_date OR to_date = 'infinity')) THEN RETURN NULL; END IF;
      IF b.kind IN ('won', 'lost') AND leaving IN ('won', 'lost') AND (a.closed_at = b.closed_at OR NOT EXISTS (
        SELECT FROM revenue.deal_history h WHERE h.org_id = o.org_id AND h.deal_id = deal AND h.valid_from >= opening AND h.valid_from < closing
          AND h.closed_at IS NULL)) THEN RETURN NULL; END IF;
    END IF;
    entry := CASE WHEN b.pipeline_id IS NULL THEN 'created' WHEN b.kind IS NULL THEN 'transferred_in' WHEN b.kind <> 'open' THEN 'reopened'
      WHEN b.day < from_date THEN 'carried' ELSE 'pulled' END;
  END IF;
  RETURN CASE WHEN b.kind = 'open' AND a.kind = 'open' AND a.pipeline_id <> b.pipeline_id
    THEN format('%s > transferred_out, transferred_in > %s', entry, leaving) ELSE format('%s > %s', entry, leaving) END;
END $$;
SELECT count(*) AS replayed, count(moved) > 10000 AS enough_movements, count(*) FILTER (WHERE moved IS DISTINCT FROM replayed) AS differ
FROM (
  SELECT replay(o, d.deal_id, p.opening, p.closing, p.from_date, p.to_date) AS replayed, r.moved
  FROM (SELECT * FROM probes WHERE from_date IS NOT NULL) p CROSS JOIN (SELECT DISTINCT org_id, deal_id FROM revenue.deal_history) d
  JOIN revenue.orgs o USING (org_id)
  LEFT JOIN (
    SELECT probe, org_id, deal_id,
      string_agg(coalesce(entry_kind, '-') || ' > ' || exit_kind, ', ' ORDER BY exit_kind <> 'transferred_out', entry_kind) AS moved
    FROM rows_of WHERE dimension = 'all' GROUP BY 1, 2, 3) r ON (r.probe, r.org_id, r.deal_id) = (p.probe, d.org_id, d.deal_id)) x;

DROP TABLE probes, rows_of, lines_of;
DROP FUNCTION replay, any_of;
DROP EXTENSION revenue_intel;
