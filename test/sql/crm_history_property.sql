-- 400 random histories: what deals_as_of() gives at any instant, as known then or as known now,
-- equals a replay of everything that was written. The replay keeps, for each column, who said what
-- from when on; it knows nothing of versions.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT revenue.create_org('Random histories', 'USD', 'UTC') AS org \gset

CREATE TABLE ops (
  deal_id text, round integer, kind text, since timestamptz, values jsonb, facts jsonb,
  before_at timestamptz, after_at timestamptz, PRIMARY KEY (deal_id, round));
CREATE TYPE statement AS (col text, at timestamptz, value jsonb);
CREATE TYPE life AS (born timestamptz, died timestamptz);

-- The last word on a column; before the first one, that.
CREATE FUNCTION value_at(said statement[], col text, at timestamptz) RETURNS jsonb LANGUAGE sql AS $$
  SELECT s.value FROM unnest(said) s WHERE s.col = value_at.col
  ORDER BY s.at <= value_at.at DESC, abs(extract(epoch FROM s.at) - extract(epoch FROM value_at.at)) LIMIT 1
$$;
CREATE FUNCTION say(said statement[], col text, at timestamptz, value jsonb) RETURNS statement[] LANGUAGE sql AS $$
  SELECT array_agg(s) FROM (
    SELECT s FROM unnest(said) s WHERE (s.col, s.at) <> (say.col, say.at)
    UNION ALL SELECT (say.col, say.at, say.value)::statement) x(s)
$$;

-- The deal at an instant, by what had been written at another; NULL where it did not exist.
CREATE FUNCTION replay(deal text, at timestamptz, known timestamptz) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  cols text[] := '{amount,champion_identified,name,stage_id}';
  said statement[] := '{}';
  earlier statement[];
  lives life[] := '{}';
  present jsonb;
  op ops;
  c text;
  fact record;
  since timestamptz;
  first_born timestamptz;
  changed text[];
  newer timestamptz;
  first_written timestamptz;
  whole timestamptz[] := '{}';  -- instants of writes of whole rows, which speak of what they change
BEGIN
  FOR op IN SELECT * FROM ops o WHERE o.deal_id = deal AND o.after_at <= known ORDER BY o.round LOOP
    first_born := (SELECT min(l.born) FROM unnest(lives) l);
    CASE op.kind
    WHEN 'insert' THEN
      since := coalesce(op.since, op.after_at);
      FOREACH c IN ARRAY cols LOOP  -- what nobody had spoken of was so from the start
        IF since > first_born AND NOT EXISTS (SELECT FROM unnest(said) s WHERE s.col = c AND s.at < since) THEN
          said := say(said, c, first_born, value_at(said, c, first_born));
        END IF;
      END LOOP;
      said := ARRAY(SELECT s FROM unnest(said) s WHERE s.at < since);
      lives := ARRAY(SELECT (l.born, least(l.died, since))::life FROM unnest(lives) l WHERE l.born < since)
        || (since, 'infinity')::life;
      present := op.values;
      FOREACH c IN ARRAY cols LOOP said := say(said, c, since, present -> c); END LOOP;
      whole := ARRAY(SELECT w FROM unnest(whole) w WHERE w < since) || since;
      first_written := coalesce(first_written, op.after_at);
    WHEN 'update' THEN
      IF present || op.values <> present THEN
        present := present || op.values;
        FOREACH c IN ARRAY cols LOOP said := say(said, c, op.after_at, present -> c); END LOOP;
        whole := whole || op.after_at;
      END IF;
    WHEN 'backdate' THEN
      -- While it was deleted nothing could become true of it.
      op.since := CASE WHEN op.since < first_born THEN op.since ELSE (
        SELECT min(greatest(l.born, op.since)) FROM unnest(lives) l WHERE l.died > op.since) END;
      changed := ARRAY(SELECT key FROM jsonb_each(op.values) WHERE value <> present -> key);
      IF changed = '{}' THEN
        changed := cols;
        whole := whole || op.since;
      END IF;
      earlier := said;
      FOREACH c IN ARRAY changed LOOP  -- it was something else before, from the start
        IF op.since > first_born AND NOT EXISTS (SELECT FROM unnest(said) s WHERE s.col = c AND s.at < op.since) THEN
          said := say(said, c, first_born, value_at(said, c, first_born));
        END IF;
      END LOOP;
      present := present || op.values;
      FOREACH c IN ARRAY changed LOOP  -- up to the next word on it
        newer := (SELECT min(s.at) FROM unnest(earlier) s WHERE s.col = c AND s.at > op.since AND CASE
          WHEN s.at = first_born THEN s.at <> first_written
          WHEN EXISTS (SELECT FROM unnest(lives) l WHERE l.born = s.at) AND NOT EXISTS (SELECT FROM unnest(lives) l WHERE l.died = s.at) THEN true
          ELSE s.at <> ALL (whole) OR s.value IS DISTINCT FROM value_at(earlier, c, s.at - interval '1 us')
            OR s.at <> first_written AND NOT EXISTS (SELECT FROM unnest(earlier) e WHERE e.col = c AND e.at < s.at) END);
        said := ARRAY(SELECT (s.col, s.at, CASE WHEN s.col = c AND s.at >= op.since AND s.at < coalesce(newer, 'infinity')
                                                THEN present -> c ELSE s.value END)::statement FROM unnest(said) s);
        said := say(said, c, op.since, present -> c);
      END LOOP;
      IF op.since < first_born THEN
        lives := ARRAY(SELECT (CASE WHEN l.born = first_born THEN op.since ELSE l.born END, l.died)::life FROM unnest(lives) l);
      END IF;
      present := (SELECT jsonb_object_agg(k, value_at(said, k, '2100-01-01')) FROM unnest(cols) k);
    WHEN 'delete' THEN
      lives := ARRAY(SELECT (l.born, least(l.died, op.after_at))::life FROM unnest(lives) l);
      present := NULL;
    WHEN 'facts' THEN
      FOR fact IN SELECT (f ->> 'since')::timestamptz AS since, f -> 'given' AS given FROM jsonb_array_elements(op.facts) f LOOP
        FOR c IN SELECT jsonb_object_keys(fact.given) LOOP said := say(said, c, fact.since, fact.given -> c); END LOOP;
        IF NOT EXISTS (SELECT FROM unnest(lives) l WHERE l.born <= fact.since AND l.died > fact.since) THEN
          lives := lives || (fact.since, (SELECT min(l.born) FROM unnest(lives) l WHERE l.born > fact.since))::life;
        END IF;
      END LOOP;
      IF EXISTS (SELECT FROM unnest(cols) k WHERE value_at(said, k, '2100-01-01') <> present -> k) THEN
        FOREACH c IN ARRAY cols LOOP said := say(said, c, op.after_at, present -> c); END LOOP;
        whole := whole || op.after_at;
      END IF;
    END CASE;
  END LOOP;
  IF NOT EXISTS (SELECT FROM unnest(lives) l WHERE l.born <= at AND l.died > at) THEN RETURN NULL; END IF;
  RETURN (SELECT jsonb_object_agg(k, value_at(said, k, at)) FROM unnest(cols) k);
END $$;

-- Random material -----------------------------------------------------------------------------

CREATE FUNCTION any_of(choices anyarray) RETURNS anyelement LANGUAGE sql VOLATILE AS $$
  SELECT choices[1 + floor(random() * cardinality(choices))::integer]
$$;
CREATE FUNCTION random_values(share double precision, with_null boolean) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v jsonb := '{}';
BEGIN
  IF random() < share THEN v := v || jsonb_build_object('stage_id', any_of('{prospecting,qualification,proposal,closed_won}'::text[])); END IF;
  IF random() < share THEN v := v || jsonb_build_object('amount', any_of(ARRAY[10.5, 20, 30.000001, NULL])::numeric(18,6)); END IF;
  IF random() < share THEN v := v || jsonb_build_object('name', any_of('{one,two,NULL}'::text[])); END IF;
  IF random() < share THEN v := v || jsonb_build_object('champion_identified', any_of('{true,false,NULL}'::boolean[])); END IF;
  RETURN CASE WHEN with_null THEN v ELSE jsonb_strip_nulls(v) END;
END $$;
-- A day that other facts use too, or just after an earlier write (which took effect up to then).
CREATE FUNCTION random_instant(deal text) RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN CASE WHEN random() < 0.75 THEN timestamptz '2024-01-01 00:00+00' + interval '1 day' * floor(random() * 12)
              ELSE coalesce((SELECT o.after_at + interval '1 us' FROM ops o WHERE o.deal_id = deal ORDER BY random() LIMIT 1), '2024-01-05') END;
END $$;

-- One round: every deal is written once, the deals of one kind of write in one statement.
CREATE PROCEDURE play(org integer, rounds integer, deals integer) LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz;
BEGIN
  FOR r IN 1 .. rounds LOOP
    moment := clock_timestamp();
    INSERT INTO ops (deal_id, round, kind, before_at)
    SELECT 'd' || i, r,
      CASE WHEN d.deal_id IS NULL THEN 'insert'
           ELSE any_of('{update,update,update,backdate,backdate,facts,facts,facts,delete}'::text[]) END, moment
    FROM generate_series(1, deals) i LEFT JOIN revenue.deals d ON d.org_id = org AND d.deal_id = 'd' || i;
    UPDATE ops SET
      since = CASE WHEN kind = 'backdate' OR kind = 'insert' AND random() < 0.5 THEN random_instant(deal_id) END,
      values = CASE kind WHEN 'insert' THEN random_values(1, true) WHEN 'update' THEN random_values(0.4, true)
                         WHEN 'backdate' THEN random_values(0.4, true) END,
      facts = CASE WHEN kind = 'facts' THEN (
        SELECT jsonb_agg(jsonb_build_object('since', s.since, 'given', s.given)) FROM (
          SELECT DISTINCT ON (since) random_instant(deal_id) AS since, random_values(0.5, false) AS given
          FROM generate_series(1, 1 + floor(random() * 3)::integer) ORDER BY since) s
        WHERE NOT EXISTS (SELECT FROM revenue.deal_facts f
                          WHERE f.org_id = org AND f.deal_id = ops.deal_id AND f.valid_from = s.since)) END
    WHERE round = r;
    DELETE FROM ops WHERE round = r AND kind = 'facts' AND facts IS NULL;
    -- An effective_at that the row has from its last write is not stated anew.
    DELETE FROM ops o USING revenue.deals d
    WHERE o.round = r AND o.kind = 'backdate' AND d.org_id = org AND d.deal_id = o.deal_id AND d.effective_at = o.since;
    COMMIT;

    INSERT INTO revenue.deals (org_id, deal_id, currency, effective_at, stage_id, amount, name, champion_identified)
    SELECT org, deal_id, 'USD', since, v.* FROM ops, jsonb_to_record(values) AS v(stage_id text, amount numeric, name text, champion_identified boolean)
    WHERE round = r AND kind = 'insert';
    COMMIT;
    UPDATE revenue.deals d SET stage_id = v.stage_id, amount = v.amount, name = v.name, champion_identified = v.champion_identified
    FROM ops o, revenue.deals was, jsonb_populate_record(was, o.values) v
    WHERE o.round = r AND o.kind = 'update' AND was.org_id = org AND was.deal_id = o.deal_id AND d.org_id = org AND d.deal_id = o.deal_id;
    COMMIT;
    UPDATE revenue.deals d SET effective_at = o.since, stage_id = v.stage_id, amount = v.amount, name = v.name, champion_identified = v.champion_identified
    FROM ops o, revenue.deals was, jsonb_populate_record(was, o.values) v
    WHERE o.round = r AND o.kind = 'backdate' AND was.org_id = org AND was.deal_id = o.deal_id AND d.org_id = org AND d.deal_id = o.deal_id;
    COMMIT;
    INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, amount, name, champion_identified)
    SELECT org, o.deal_id, (f ->> 'since')::timestamptz, v.*
    FROM ops o, jsonb_array_elements(o.facts) f, jsonb_to_record(f -> 'given') AS v(stage_id text, amount numeric, name text, champion_identified boolean)
    WHERE o.round = r AND o.kind = 'facts';
    COMMIT;
    DELETE FROM revenue.deals d USING ops o WHERE o.round = r AND o.kind = 'delete' AND d.org_id = org AND d.deal_id = o.deal_id;
    moment := clock_timestamp();
    UPDATE ops SET after_at = moment WHERE round = r;
    COMMIT;
  END LOOP;
END $$;

SELECT setseed(0.42);
CALL play(:org, 12, 400);
ANALYZE revenue.deals, revenue.deal_history, revenue.deal_facts;
SELECT count(DISTINCT deal_id) AS histories, count(*) > 4000 AS enough_writes FROM ops;

-- Probes: before the first fact, at and just before each kind of instant, between the writes; as
-- known at the end of a round, and as known now.
CREATE TABLE probes AS
SELECT deal_id, at, known FROM (
  SELECT deal_id, any_of(ARRAY[since, since - interval '1 us', before_at, after_at, '2023-06-01', '2024-01-06 12:00',
                               '2030-01-01', random_instant(deal_id)]) AS at,
    CASE WHEN random() < 0.7 THEN (SELECT o.after_at FROM ops o WHERE o.round = ops.round LIMIT 1) END AS known
  FROM ops) p WHERE at IS NOT NULL;

CREATE FUNCTION found(org integer, deal text, at timestamptz, known timestamptz) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object('stage_id', stage_id, 'amount', amount, 'name', name, 'champion_identified', champion_identified)
  FROM revenue.deals_as_of(at, known) WHERE org_id = org AND deal_id = deal
$$;

SELECT count(*) > 2800 AS enough_probes, count(*) FILTER (WHERE known IS NOT NULL) > 2000 AS enough_known,
  count(*) FILTER (WHERE was IS NULL) > 100 AS enough_absent, count(*) FILTER (WHERE was IS DISTINCT FROM found) AS wrong
FROM (SELECT p.*, replay(deal_id, at, coalesce(known, 'infinity')) AS was, found(:org, deal_id, at, known) FROM probes p) x;

-- The past at the present is the present.
SELECT count(*) AS differ FROM (
  SELECT deal_id, stage_id, amount, name, champion_identified, stage_entered_at, closed_at FROM revenue.deals
  EXCEPT ALL
  SELECT deal_id, stage_id, amount, name, champion_identified, stage_entered_at, closed_at FROM revenue.deals_as_of(clock_timestamp())) x;

-- No two versions of a deal are believed at one instant, whenever asked.
SELECT count(*) AS overlaps FROM revenue.deal_history a JOIN revenue.deal_history b
  ON b.org_id = a.org_id AND b.deal_id = a.deal_id AND (b.valid_from, b.recorded_at) > (a.valid_from, a.recorded_at)
  AND b.recorded_at < a.superseded_at AND a.recorded_at < b.superseded_at
WHERE b.valid_from < a.valid_to AND a.valid_from < b.valid_to
   OR greatest(a.recorded_at, b.recorded_at) < least(a.superseded_at, b.superseded_at, a.valid_to) AND a.valid_to <= b.valid_from
      AND greatest(a.recorded_at, b.recorded_at) < a.valid_to;

-- A deal is in its stage since it came into it. (One that was deleted and comes back comes into it anew.)
SELECT count(*) AS wrong FROM (
  SELECT h.*, lag(stage_id) OVER past AS before_stage, lag(stage_entered_at) OVER past AS before_entered,
    lag(valid_from) OVER past AS before_from, lag(valid_to) OVER past AS before_to
  FROM revenue.deal_history h WHERE superseded_at = 'infinity' WINDOW past AS (PARTITION BY deal_id ORDER BY valid_from)) h
WHERE deal_id NOT IN (SELECT deal_id FROM ops WHERE kind = 'delete')
  AND (stage_entered_at > valid_from
   OR before_to = valid_from AND before_stage = stage_id AND before_entered <> stage_entered_at
   OR before_to = valid_from AND before_stage <> stage_id AND stage_entered_at <= before_from);

-- All of it again changes nothing.
CREATE TABLE history_before AS SELECT * FROM revenue.deal_history;
SELECT revenue.refresh_deal_history(:org);
SELECT count(*) AS changed FROM (
  (TABLE revenue.deal_history EXCEPT ALL TABLE history_before) UNION ALL (TABLE history_before EXCEPT ALL TABLE revenue.deal_history)) x;

DROP TABLE ops, probes, history_before CASCADE;
DROP PROCEDURE play;
DROP FUNCTION replay, found, say, value_at, any_of, random_values, random_instant;
DROP TYPE statement, life;
DROP EXTENSION revenue_intel;
