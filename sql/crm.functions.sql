-- The room crm: what keeps the past of deals, their engagement and the reps' hierarchy in order, and
-- the calls that read and change them.

-- Pipelines -----------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.add_default_pipeline() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  INSERT INTO revenue.pipelines (org_id, pipeline_id, name) VALUES (NEW.org_id, 'sales', 'Sales');
  INSERT INTO revenue.stages (org_id, pipeline_id, stage_id, name, position, kind, qualified) VALUES
    (NEW.org_id, 'sales', 'prospecting', 'Prospecting', 10, 'open', false),
    (NEW.org_id, 'sales', 'qualification', 'Qualification', 20, 'open', false),
    (NEW.org_id, 'sales', 'proposal', 'Proposal', 30, 'open', true),
    (NEW.org_id, 'sales', 'negotiation', 'Negotiation', 40, 'open', true),
    (NEW.org_id, 'sales', 'closed_won', 'Closed won', 50, 'won', true),
    (NEW.org_id, 'sales', 'closed_lost', 'Closed lost', 60, 'lost', false);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.add_default_pipeline() IS 'Trigger: every new organisation starts with the pipeline sales';

CREATE OR REPLACE TRIGGER add_default_pipeline AFTER INSERT ON revenue.orgs
FOR EACH ROW EXECUTE FUNCTION revenue.add_default_pipeline();

CREATE OR REPLACE FUNCTION revenue.add_pipeline(
  pipeline_id text, stages jsonb, name text DEFAULT NULL, kind text DEFAULT 'deal', org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  wrong jsonb := (
    SELECT s FROM jsonb_array_elements(CASE jsonb_typeof(stages) WHEN 'array' THEN stages ELSE '[]' END) AS s
    WHERE coalesce(s ->> 'stage_id', '') = '' OR coalesce(s ->> 'kind', 'open') NOT IN ('open', 'won', 'lost')
      OR coalesce(jsonb_typeof(s -> 'qualified'), 'null') NOT IN ('boolean', 'null') LIMIT 1);
BEGIN
  IF coalesce(add_pipeline.pipeline_id, '') = '' OR coalesce(add_pipeline.kind, '') NOT IN ('deal', 'contact') THEN
    RAISE EXCEPTION 'a pipeline needs a pipeline_id and a kind' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'The kind is deal or contact.';
  ELSIF jsonb_typeof(stages) IS DISTINCT FROM 'array' OR jsonb_array_length(stages) = 0 OR wrong IS NOT NULL THEN
    RAISE EXCEPTION 'stages must be an array of stages in order'
      USING ERRCODE = 'invalid_parameter_value', DETAIL = coalesce('This is none: ' || left(wrong::text, 200), 'There is none in it.'),
        HINT = 'Such as [{"stage_id": "demo"}, {"stage_id": "won", "kind": "won"}]; kind is open, won or lost; also name, qualified (true or false) and framework_stage.';
  END IF;
  IF EXISTS (SELECT FROM revenue.pipelines p WHERE p.org_id = chosen AND p.pipeline_id = add_pipeline.pipeline_id)
     OR EXISTS (SELECT FROM jsonb_array_elements(stages) s GROUP BY s ->> 'stage_id' HAVING count(*) > 1) THEN
    RAISE EXCEPTION 'pipeline "%" is there already, or names a stage twice', add_pipeline.pipeline_id
      USING ERRCODE = 'unique_violation', HINT = 'Add a stage to an existing pipeline by INSERT INTO revenue.stages.';
  END IF;
  INSERT INTO revenue.pipelines (org_id, pipeline_id, name, kind)
  VALUES (chosen, add_pipeline.pipeline_id, coalesce(add_pipeline.name, add_pipeline.pipeline_id), add_pipeline.kind);
  INSERT INTO revenue.stages (org_id, pipeline_id, stage_id, name, position, kind, qualified, framework_stage)
  SELECT chosen, add_pipeline.pipeline_id, s.stage ->> 'stage_id',
    coalesce(s.stage ->> 'name', s.stage ->> 'stage_id'), 10 * s.place, coalesce(s.stage ->> 'kind', 'open'),
    coalesce((s.stage ->> 'qualified')::boolean, false), s.stage ->> 'framework_stage'
  FROM jsonb_array_elements(stages) WITH ORDINALITY AS s(stage, place);
END $$;
COMMENT ON FUNCTION revenue.add_pipeline(text, jsonb, text, text, integer) IS
  'A pipeline with its stages in order: [{"stage_id", "name", "kind", "qualified", "framework_stage"}]. Admins and owners';

-- What a month that is over says depends on the stages that its deals were in. So a stage that something
-- has been in stays: deleted, it is retired, and what it means is changed only as the correction of a
-- mistake, which has a reason and is audited.

CREATE OR REPLACE FUNCTION revenue.stage_used(org integer, pipeline text, stage text) RETURNS boolean
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM revenue.deals AS d WHERE d.org_id = org AND d.pipeline_id = pipeline AND d.stage_id = stage)
    OR EXISTS (SELECT FROM revenue.deal_history AS h WHERE h.org_id = org AND h.pipeline_id = pipeline AND h.stage_id = stage)
    OR EXISTS (SELECT FROM revenue.contact_stages AS c WHERE c.org_id = org AND c.pipeline_id = pipeline AND c.stage_id = stage);
END;
COMMENT ON FUNCTION revenue.stage_used(integer, text, text) IS 'For triggers: whether a deal or a contact is or has been in a stage';

CREATE OR REPLACE FUNCTION revenue.keep_stage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  why text := nullif(current_setting('revenue.change_reason', true), '');
BEGIN
  IF revenue.restoring() OR NOT revenue.stage_used(OLD.org_id, OLD.pipeline_id, OLD.stage_id) THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  ELSIF TG_OP = 'DELETE' THEN
    UPDATE revenue.stages s SET retired = true
    WHERE s.org_id = OLD.org_id AND s.pipeline_id = OLD.pipeline_id AND s.stage_id = OLD.stage_id;
    RAISE NOTICE 'stage "%" of pipeline "%" is retired instead of deleted', OLD.stage_id, OLD.pipeline_id
      USING DETAIL = 'Deals or contacts have been in it, and the past needs to know what it was.';
    RETURN NULL;
  ELSIF (NEW.org_id, NEW.pipeline_id, NEW.stage_id) <> (OLD.org_id, OLD.pipeline_id, OLD.stage_id) THEN
    RAISE EXCEPTION 'the key of stage "%" cannot be changed, because deals or contacts have been in it', OLD.stage_id
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'Change its name, or add another stage, move what is in this one, and set retired = true here.';
  ELSIF (NEW.kind, NEW.qualified) IS DISTINCT FROM (OLD.kind, OLD.qualified) THEN
    IF why IS NULL THEN
      RAISE EXCEPTION 'what stage "%" means cannot be changed, because deals or contacts have been in it', OLD.stage_id
        USING ERRCODE = 'object_not_in_prerequisite_state',
          DETAIL = 'Its kind and qualified decide what past months say.',
          HINT = 'Add another stage and set retired = true here. Where it was a mistake from the start, SET revenue.change_reason to say so; that restates the past.';
    END IF;
    PERFORM revenue.audit('redefine_stage', 'stage', OLD.pipeline_id || '/' || OLD.stage_id,
      jsonb_build_object('kind', OLD.kind, 'qualified', OLD.qualified),
      jsonb_build_object('kind', NEW.kind, 'qualified', NEW.qualified), why, OLD.org_id);
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION revenue.keep_stage() IS
  'Trigger: a stage that something has been in is retired instead of deleted, and keeps its key and its meaning';

CREATE OR REPLACE TRIGGER keep_stage BEFORE UPDATE OR DELETE ON revenue.stages FOR EACH ROW EXECUTE FUNCTION revenue.keep_stage();

CREATE OR REPLACE FUNCTION revenue.keep_pipeline() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() OR NOT EXISTS (
      SELECT FROM revenue.stages s WHERE s.org_id = OLD.org_id AND s.pipeline_id = OLD.pipeline_id
        AND revenue.stage_used(s.org_id, s.pipeline_id, s.stage_id)) THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  RAISE EXCEPTION 'pipeline "%" cannot be deleted or become one of another kind, because deals or contacts have been in it', OLD.pipeline_id
    USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Set retired = true for its stages instead.';
END $$;
COMMENT ON FUNCTION revenue.keep_pipeline() IS 'Trigger: a pipeline that something has been in stays';

CREATE OR REPLACE TRIGGER keep_deleted BEFORE DELETE ON revenue.pipelines FOR EACH ROW EXECUTE FUNCTION revenue.keep_pipeline();
CREATE OR REPLACE TRIGGER keep_kind BEFORE UPDATE ON revenue.pipelines FOR EACH ROW
WHEN (OLD.kind <> NEW.kind) EXECUTE FUNCTION revenue.keep_pipeline();

CREATE OR REPLACE FUNCTION revenue.refuse_retired_stage() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() OR NOT EXISTS (
      SELECT FROM revenue.stages s WHERE s.org_id = NEW.org_id AND s.pipeline_id = NEW.pipeline_id AND s.stage_id = NEW.stage_id
        AND s.retired) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'stage "%" of pipeline "%" is retired', NEW.stage_id, NEW.pipeline_id
    USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'Use another stage, or set retired = false in revenue.stages.';
END $$;
COMMENT ON FUNCTION revenue.refuse_retired_stage() IS 'Trigger: nothing new comes into a retired stage';

CREATE OR REPLACE TRIGGER check_inserted BEFORE INSERT ON revenue.contacts FOR EACH ROW
WHEN (NEW.stage_id IS NOT NULL AND NEW.stage_entered_at IS NULL) EXECUTE FUNCTION revenue.refuse_retired_stage();
CREATE OR REPLACE TRIGGER check_updated BEFORE UPDATE ON revenue.contacts FOR EACH ROW
WHEN (NEW.stage_id <> OLD.stage_id OR OLD.stage_id IS NULL AND NEW.stage_id IS NOT NULL)
EXECUTE FUNCTION revenue.refuse_retired_stage();
CREATE OR REPLACE TRIGGER refuse_retired_updated BEFORE UPDATE ON revenue.deals FOR EACH ROW
WHEN ((OLD.stage_id <> NEW.stage_id OR OLD.pipeline_id <> NEW.pipeline_id)
  AND (NEW.effective_at IS NULL OR NEW.effective_at = OLD.effective_at) AND pg_trigger_depth() = 0)
EXECUTE FUNCTION revenue.refuse_retired_stage();

-- Reps and their managers ---------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.check_rep_managers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong record;
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.lock_org(n.org_id) FROM (SELECT DISTINCT org_id FROM new_rows ORDER BY org_id) n;

  SELECT n.rep_id, m.manager_rep_id, greatest(n.valid_from, m.valid_from) AS day INTO wrong
  FROM new_rows n JOIN revenue.rep_managers m ON m.org_id = n.org_id AND m.rep_id = n.rep_id
    AND m.valid_from <> n.valid_from AND m.valid_from < n.valid_to AND n.valid_from < m.valid_to LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'rep "%" has two managers on %', wrong.rep_id, wrong.day USING ERRCODE = 'exclusion_violation',
      HINT = 'End the earlier row by its valid_to first; revenue.set_rep_manager() does both.';
  END IF;

  WITH RECURSIVE above AS (
    SELECT n.org_id, n.rep_id, n.manager_rep_id, n.valid_from, n.valid_to FROM new_rows n
    UNION
    SELECT a.org_id, a.rep_id, m.manager_rep_id, greatest(a.valid_from, m.valid_from), least(a.valid_to, m.valid_to)
    FROM above a JOIN revenue.rep_managers m ON m.org_id = a.org_id AND m.rep_id = a.manager_rep_id
      AND m.valid_from < a.valid_to AND a.valid_from < m.valid_to
    WHERE a.manager_rep_id <> a.rep_id
  )
  SELECT a.rep_id, a.valid_from AS day INTO wrong FROM above a WHERE a.manager_rep_id = a.rep_id LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'rep "%" would be his own manager''s manager on %', wrong.rep_id, wrong.day
      USING ERRCODE = 'exclusion_violation', HINT = 'A hierarchy has no circles: give one of them another manager.';
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.check_rep_managers() IS 'Trigger: one manager a rep and day, and no circles';

CREATE OR REPLACE TRIGGER check_inserted AFTER INSERT ON revenue.rep_managers
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.check_rep_managers();
CREATE OR REPLACE TRIGGER check_updated AFTER UPDATE ON revenue.rep_managers
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.check_rep_managers();

CREATE OR REPLACE FUNCTION revenue.set_rep_manager(
  rep_id text, manager_rep_id text, valid_from date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS void LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('admin', org);
  day date := coalesce(set_rep_manager.valid_from, revenue.org_today(chosen));
BEGIN
  IF NOT isfinite(day) OR set_rep_manager.rep_id IS NULL OR set_rep_manager.rep_id = set_rep_manager.manager_rep_id THEN
    RAISE EXCEPTION 'invalid rep, manager or date' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass two different reps and a date; a manager of NULL ends the present one.';
  END IF;
  IF EXISTS (SELECT FROM unnest(ARRAY[set_rep_manager.rep_id, set_rep_manager.manager_rep_id]) AS named(rep)
             WHERE named.rep IS NOT NULL AND NOT EXISTS (
               SELECT FROM revenue.reps r WHERE r.org_id = chosen AND r.rep_id = named.rep)) THEN
    RAISE EXCEPTION 'there is no rep "%" or no rep "%"', set_rep_manager.rep_id, set_rep_manager.manager_rep_id
      USING ERRCODE = 'foreign_key_violation', HINT = 'Add both to revenue.reps first.';
  END IF;
  -- The later of two comes after the first and has the last word.
  PERFORM revenue.lock_org(chosen);
  DELETE FROM revenue.rep_managers m
  WHERE m.org_id = chosen AND m.rep_id = set_rep_manager.rep_id AND m.valid_from >= day;
  UPDATE revenue.rep_managers m SET valid_to = day
  WHERE m.org_id = chosen AND m.rep_id = set_rep_manager.rep_id AND m.valid_to > day;
  IF set_rep_manager.manager_rep_id IS NOT NULL THEN
    INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from)
    VALUES (chosen, set_rep_manager.rep_id, set_rep_manager.manager_rep_id, day);
  END IF;
END $$;
COMMENT ON FUNCTION revenue.set_rep_manager(text, text, date, integer) IS
  'The rep''s manager from a day on (NULL = today), in place of whoever it was or would have been; NULL = none. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.rep_team(manager_rep_id text, on_date date DEFAULT NULL, org integer DEFAULT NULL)
RETURNS TABLE (rep_id text, depth integer) LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  WITH RECURSIVE team AS (
    SELECT r.org_id, r.rep_id, 0 AS depth FROM revenue.reps r
    WHERE r.org_id = revenue.current_org(org) AND r.rep_id = rep_team.manager_rep_id
    UNION ALL
    SELECT m.org_id, m.rep_id, t.depth + 1
    FROM team t JOIN revenue.rep_managers m ON m.org_id = t.org_id AND m.manager_rep_id = t.rep_id
    WHERE m.valid_from <= coalesce(on_date, revenue.org_today(t.org_id))
      AND m.valid_to > coalesce(on_date, revenue.org_today(t.org_id))
  )
  SELECT t.rep_id, t.depth FROM team t;
END;
COMMENT ON FUNCTION revenue.rep_team(text, date, integer) IS
  'A manager (depth 0) and all who reported to him on a day (NULL = today), directly or not';

-- A deal before it is written -----------------------------------------------------------------

-- A date without a time is the day's first instant; a time that is known of that day is better.
CREATE OR REPLACE FUNCTION revenue.closing_instant(close_date date, said timestamptz, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN close_date <= (clock_timestamp() AT TIME ZONE zone)::date
    THEN CASE WHEN (said AT TIME ZONE zone)::date = close_date THEN said ELSE close_date::timestamp AT TIME ZONE zone END
    ELSE coalesce(said, clock_timestamp()) END;
END;
COMMENT ON FUNCTION revenue.closing_instant(date, timestamptz, text) IS
  'For triggers: when a closed deal closed: on its close date unless that lies ahead, else when the write says that it entered the stage, else now';

CREATE OR REPLACE FUNCTION revenue.cycle_days(created_at timestamptz, closed_at timestamptz, time_zone text) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN created_at <= closed_at OR (closed_at AT TIME ZONE time_zone)::date = (created_at AT TIME ZONE time_zone)::date
    THEN greatest(date_part('epoch', (closed_at AT TIME ZONE time_zone) - (created_at AT TIME ZONE time_zone)) / 86400, 0) END;
END;
COMMENT ON FUNCTION revenue.cycle_days(timestamptz, timestamptz, text) IS
  'For cycles: days by the local calendar from the creation of a deal to its close, 0 within a day; NULL where either is unknown or the deal closed before the day it was created';

-- A deal that arrives closed has been so since it closed; within a day that is all that is known of
-- it, at the day's end, so that what else is known of that day comes before.
CREATE OR REPLACE FUNCTION revenue.prepare_inserted_deal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stage record;
  written timestamptz := clock_timestamp();
  since timestamptz;
BEGIN
  IF revenue.restoring() THEN RETURN NEW; END IF;
  SELECT s.kind, s.retired, o.time_zone INTO stage FROM revenue.stages s JOIN revenue.orgs o ON o.org_id = s.org_id
  WHERE s.org_id = NEW.org_id AND s.pipeline_id = NEW.pipeline_id AND s.stage_id = NEW.stage_id;
  IF stage.retired AND coalesce(NEW.effective_at, NEW.closed_at, NEW.stage_entered_at, NEW.close_date) IS NULL THEN
    RAISE EXCEPTION 'stage "%" of pipeline "%" is retired', NEW.stage_id, NEW.pipeline_id
      USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = 'Use another stage, or set retired = false in revenue.stages. What has been in it before comes with its effective_at.';
  END IF;
  IF stage.kind <> 'open' THEN
    IF NEW.closed_at IS NULL THEN
      NEW.closed_at := revenue.closing_instant(NEW.close_date, coalesce(NEW.stage_entered_at, NEW.effective_at), stage.time_zone);
      IF NEW.closed_at = NEW.close_date::timestamp AT TIME ZONE stage.time_zone AND NEW.effective_at IS DISTINCT FROM NEW.closed_at THEN
        since := (NEW.close_date + 1)::timestamp AT TIME ZONE stage.time_zone - interval '1 us';
      END IF;
    END IF;
    since := least(coalesce(since, NEW.closed_at), written);
    IF NEW.effective_at IS NULL AND since < written OR NEW.effective_at < since AND isfinite(NEW.effective_at) THEN
      NEW.effective_at := since;
    END IF;
    NEW.stage_entered_at := coalesce(NEW.stage_entered_at, NEW.closed_at);
  END IF;
  NEW.stage_entered_at := coalesce(NEW.stage_entered_at, NEW.effective_at, NEW.created_at, written);
  RETURN NEW;
END $$;
COMMENT ON FUNCTION revenue.prepare_inserted_deal() IS
  'Trigger: since when a new deal is in its stage, and when one that arrives closed closed, where it does not say so';

CREATE OR REPLACE FUNCTION revenue.prepare_updated_deal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  stage record;
BEGIN
  -- What the row already had is not stated by this write.
  IF NEW.effective_at = OLD.effective_at THEN NEW.effective_at := NULL; END IF;
  IF (NEW.pipeline_id, NEW.stage_id, NEW.close_date) IS NOT DISTINCT FROM (OLD.pipeline_id, OLD.stage_id, OLD.close_date) THEN
    RETURN NEW;
  END IF;
  SELECT s.kind, o.time_zone INTO stage FROM revenue.stages s JOIN revenue.orgs o ON o.org_id = s.org_id
  WHERE s.org_id = NEW.org_id AND s.pipeline_id = NEW.pipeline_id AND s.stage_id = NEW.stage_id;

  IF (NEW.pipeline_id, NEW.stage_id) IS NOT DISTINCT FROM (OLD.pipeline_id, OLD.stage_id) THEN
    -- The close date of a deal that is closed is corrected.
    IF stage.kind <> 'open' AND NEW.closed_at IS NOT DISTINCT FROM OLD.closed_at AND NEW.close_date IS NOT NULL THEN
      NEW.closed_at := revenue.closing_instant(NEW.close_date, OLD.closed_at, stage.time_zone);
    END IF;
    RETURN NEW;
  END IF;

  IF NEW.stage_entered_at = OLD.stage_entered_at THEN
    NEW.stage_entered_at := coalesce(NEW.effective_at, clock_timestamp());
  END IF;
  IF stage.kind = 'open' THEN
    IF NEW.closed_at = OLD.closed_at THEN NEW.closed_at := NULL; END IF;
  ELSIF NEW.closed_at IS NOT DISTINCT FROM OLD.closed_at THEN
    -- Only a close date that comes with the closing is the actual one.
    NEW.closed_at := CASE WHEN NEW.close_date IS DISTINCT FROM OLD.close_date
      THEN revenue.closing_instant(NEW.close_date, NEW.stage_entered_at, stage.time_zone) ELSE NEW.stage_entered_at END;
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION revenue.prepare_updated_deal() IS
  'Trigger: keeps stage_entered_at and closed_at in step with the stage and the close date';

CREATE OR REPLACE TRIGGER keep_key BEFORE UPDATE ON revenue.deals FOR EACH ROW
WHEN (OLD.org_id <> NEW.org_id OR OLD.deal_id <> NEW.deal_id) EXECUTE FUNCTION revenue.refuse_key_change();
CREATE OR REPLACE TRIGGER prepare_inserted BEFORE INSERT ON revenue.deals FOR EACH ROW
WHEN (NEW.stage_entered_at IS NULL OR NEW.closed_at IS NULL OR NEW.effective_at IS NULL) EXECUTE FUNCTION revenue.prepare_inserted_deal();
CREATE OR REPLACE TRIGGER prepare_updated BEFORE UPDATE ON revenue.deals FOR EACH ROW
WHEN (OLD.stage_id <> NEW.stage_id OR OLD.pipeline_id <> NEW.pipeline_id OR NEW.effective_at IS NOT NULL
  OR OLD.close_date IS DISTINCT FROM NEW.close_date)
EXECUTE FUNCTION revenue.prepare_updated_deal();

-- Writing the past ----------------------------------------------------------------------------
-- A version that ends because the deal changed gets its valid_to once, from the clock, and is never
-- touched again. A fact that comes late never edits: what it contradicts is superseded, and put back
-- as now believed. So what was believed at K is what was recorded by K and superseded after it, where
-- a valid_to later than K was not known yet.
--
-- The functions run with the owner's rights, so that nobody else can write a past. What is written on
-- the way comes through these triggers again, so they set what they need themselves. The deal's row lock
-- makes the writers of one deal wait for each other.
--
-- Before the first ANALYZE the planner takes any number of versions for one, so no plan here may depend on
-- what it believes: from each written row a LATERAL sub-select with OFFSET 0 goes to the table by the
-- primary key, and what it finds is updated by the whole of that key. Other joins would be a loop over
-- the table for each row, or an index on org_id alone; for the same reason the other indexes that begin
-- with it say that their second column is not null, which an index for a key alone does not need. Each
-- statement is planned anew (force_custom_plan), because a plan made for one row is ruinous for a million.

CREATE OR REPLACE FUNCTION revenue.deal_values(deal jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE jsonb_typeof(deal) WHEN 'object' THEN deal - '{org_id,deal_id,valid_from,valid_to,recorded_at,superseded_at,deleted,continues_stage,deleted_by,changed_by,stated,effective_at,merged_at,num_interactions,num_objections_handled,last_activity_at}'::text[] END;
END;
COMMENT ON FUNCTION revenue.deal_values(jsonb) IS
  'Of a row of deals, deal_history or deal_facts the columns that history keeps';

CREATE OR REPLACE FUNCTION revenue.user_columns() RETURNS text[]
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT ARRAY(
    SELECT DISTINCT a.attname::text FROM pg_attribute AS a
    WHERE a.attrelid IN ('revenue.deals'::regclass, 'revenue.deal_history'::regclass, 'revenue.deal_facts'::regclass)
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL ('{org_id,deal_id,valid_from,valid_to,recorded_at,superseded_at,deleted,continues_stage,deleted_by,changed_by,stated,effective_at,merged_at,num_interactions,num_objections_handled,last_activity_at,name,account_id,contact_id,owner_rep_id,product_id,pipeline_id,stage_id,amount,currency,close_date,closed_at,created_at,stage_entered_at,forecast_category,product_plan,num_users_planned,base_list_price_per_user,discount_pct,billing_cycle,contract_term_months,expansion_potential_factor,lead_score,champion_identified,budget_confirmed,decision_maker_engaged,competitors_mentioned,industry,segment,source,loss_reason}'::name[]));
END;
COMMENT ON FUNCTION revenue.user_columns() IS 'For triggers: the columns that users have added to the tables of deals, which history does not keep';

CREATE OR REPLACE FUNCTION revenue.spoken_with(column_name text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE WHEN column_name IN ('pipeline_id', 'stage_id') THEN '{pipeline_id,stage_id,stage_entered_at,closed_at}'
              WHEN column_name IN ('amount', 'currency') THEN '{amount,currency}' ELSE ARRAY[column_name] END::text[];
END;
COMMENT ON FUNCTION revenue.spoken_with(text) IS
  'For triggers: the columns of a deal that a word on this one settles: one on the stage all about the stage, one on the amount its currency too';

-- A column that nobody has spoken of by some day holds then what it held later, and a new word on it
-- must not change that: it is put down as said when the deal began.
CREATE OR REPLACE FUNCTION revenue.unsaid_columns(org integer, deal text, until timestamptz) RETURNS text[]
LANGUAGE sql STABLE BEGIN ATOMIC
  WITH earlier AS (
    SELECT h AS version, h.stated FROM revenue.deal_history h
    WHERE h.org_id = org AND h.deal_id = deal AND h.superseded_at = 'infinity' AND h.valid_from < until
  )
  SELECT CASE WHEN NOT EXISTS (SELECT FROM earlier e WHERE e.stated IS NULL) THEN ARRAY(
    SELECT jsonb_object_keys(revenue.deal_values(to_jsonb(e.version))) FROM earlier e
    EXCEPT SELECT unnest(revenue.spoken_with(s.said)) FROM earlier e CROSS JOIN unnest(e.stated) AS s(said)) ELSE '{}' END;
END;
REVOKE EXECUTE ON FUNCTION revenue.unsaid_columns(integer, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION revenue.unsaid_columns(integer, text, timestamptz) IS
  'For triggers: the columns of a deal on which its believed history has no word before then';

CREATE OR REPLACE FUNCTION revenue.check_effective_at(effective_at timestamptz, deal_id text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF effective_at <= clock_timestamp() AND isfinite(effective_at) THEN RETURN; END IF;
  RAISE EXCEPTION 'the time of a fact of deal "%" is not in the past: %', deal_id, effective_at
    USING ERRCODE = 'invalid_parameter_value', HINT = 'History takes what has become true; leave effective_at NULL for now.';
END $$;
COMMENT ON FUNCTION revenue.check_effective_at(timestamptz, text) IS 'An error with a hint where a fact would lie in the future';

CREATE OR REPLACE FUNCTION revenue.record_inserted_deals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  recorded timestamptz := clock_timestamp();
  writer text := coalesce(revenue.caller_identity(), session_user);
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.check_effective_at(n.effective_at, n.deal_id) FROM new_rows n
  WHERE n.effective_at > recorded OR NOT isfinite(n.effective_at);
  -- A deal that was deleted comes back, perhaps at a time when it still was.
  WITH returning_deals AS MATERIALIZED (
    SELECT n.org_id, n.deal_id, n.since, h.first_from, revenue.unsaid_columns(n.org_id, n.deal_id, n.since) AS unsaid
    FROM (SELECT org_id, deal_id, coalesce(effective_at, recorded) AS since FROM new_rows) n
    CROSS JOIN LATERAL (
      SELECT min(h.valid_from) AS first_from, max(h.valid_to) AS last_to FROM revenue.deal_history h
      WHERE h.org_id = n.org_id AND h.deal_id = n.deal_id AND h.superseded_at = 'infinity') h
    WHERE h.last_to > n.since
  ), contradicted AS MATERIALIZED (
    SELECT r.*, h.valid_from, h.recorded_at FROM returning_deals r
    CROSS JOIN LATERAL (
      SELECT h.valid_from, h.recorded_at FROM revenue.deal_history h
      WHERE h.org_id = r.org_id AND h.deal_id = r.deal_id AND h.superseded_at = 'infinity'
        AND (h.valid_to > r.since OR h.valid_from = r.first_from AND r.unsaid <> '{}') OFFSET 0) h
  ), superseded AS (
    UPDATE revenue.deal_history h SET superseded_at = recorded FROM contradicted c
    WHERE h.org_id = c.org_id AND h.deal_id = c.deal_id AND h.valid_from = c.valid_from AND h.recorded_at = c.recorded_at
    RETURNING h AS version, c.since, c.first_from, c.unsaid
  )
  INSERT INTO revenue.deal_history
  SELECT piece.* FROM superseded s
  CROSS JOIN LATERAL jsonb_populate_record(s.version,
    jsonb_build_object('recorded_at', recorded, 'superseded_at', 'infinity', 'stated', (s.version).stated
      || CASE WHEN (s.version).valid_from = s.first_from AND (s.version).stated IS NOT NULL THEN s.unsaid END)
    || CASE WHEN (s.version).valid_to > s.since
            THEN jsonb_build_object('valid_to', s.since, 'deleted', false, 'deleted_by', NULL) ELSE '{}' END) piece
  WHERE (s.version).valid_from < s.since;

  INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, recorded_at, changed_by,
    name, account_id, contact_id, owner_rep_id, product_id, pipeline_id, stage_id, amount,
    currency, close_date, closed_at, created_at, stage_entered_at, forecast_category, product_plan,
    num_users_planned, base_list_price_per_user, discount_pct, billing_cycle, contract_term_months,
    expansion_potential_factor, lead_score, champion_identified, budget_confirmed,
    decision_maker_engaged, competitors_mentioned, industry, segment, source, loss_reason)
  SELECT n.org_id, n.deal_id, coalesce(n.effective_at, recorded), recorded, writer,
    n.name, n.account_id, n.contact_id, n.owner_rep_id, n.product_id, n.pipeline_id, n.stage_id,
    n.amount, n.currency, n.close_date,
    n.closed_at, n.created_at, n.stage_entered_at,
    n.forecast_category, n.product_plan, n.num_users_planned, n.base_list_price_per_user,
    n.discount_pct, n.billing_cycle, n.contract_term_months, n.expansion_potential_factor,
    n.lead_score, n.champion_identified, n.budget_confirmed, n.decision_maker_engaged,
    n.competitors_mentioned, n.industry, n.segment, n.source, n.loss_reason
  FROM new_rows n WHERE recorded IS NOT NULL;  -- a parameter, without which a plan would be kept
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_inserted_deals() IS 'Trigger: the first version of each new deal, from effective_at or now on';

CREATE OR REPLACE FUNCTION revenue.record_updated_deals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
SET extra_float_digits = 1 SET enable_nestloop = on SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  recorded timestamptz := clock_timestamp();
  writer text := coalesce(revenue.caller_identity(), session_user);
  user_columns text[] := revenue.user_columns();
  outside text;
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.check_effective_at(n.effective_at, n.deal_id) FROM new_rows n
  WHERE n.effective_at > recorded OR NOT isfinite(n.effective_at);
  -- What became true within this transaction could not be asked for before: it ends the open version.
  WITH changed AS MATERIALIZED (
    SELECT n.*, h.valid_from AS version_from, h.recorded_at AS version_recorded, h.continues_version,
      coalesce(n.effective_at, greatest(recorded, greatest(h.valid_from, h.recorded_at) + interval '1 us')) AS changed_at
    FROM new_rows n CROSS JOIN LATERAL (
      SELECT h.valid_from, h.recorded_at,
        (h.pipeline_id, h.stage_id, h.stage_entered_at) = (n.pipeline_id, n.stage_id, n.stage_entered_at) AS continues_version
      FROM revenue.deal_history h
      WHERE h.org_id = n.org_id AND h.deal_id = n.deal_id AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity'
        AND (n.effective_at IS NULL
             OR n.effective_at >= now() AND n.effective_at > h.valid_from AND n.effective_at > h.recorded_at)
        AND (
          n.name, n.account_id, n.contact_id, n.owner_rep_id, n.product_id, n.pipeline_id,
          n.stage_id, n.amount, n.currency, n.close_date, n.closed_at, n.created_at,
          n.stage_entered_at, n.forecast_category, n.product_plan, n.num_users_planned,
          n.base_list_price_per_user, n.discount_pct, n.billing_cycle, n.contract_term_months,
          n.expansion_potential_factor, n.lead_score, n.champion_identified, n.budget_confirmed,
          n.decision_maker_engaged, n.competitors_mentioned, n.industry, n.segment, n.source,
          n.loss_reason
        ) IS DISTINCT FROM (
          h.name, h.account_id, h.contact_id, h.owner_rep_id, h.product_id, h.pipeline_id,
          h.stage_id, h.amount, h.currency, h.close_date, h.closed_at, h.created_at,
          h.stage_entered_at, h.forecast_category, h.product_plan, h.num_users_planned,
          h.base_list_price_per_user, h.discount_pct, h.billing_cycle, h.contract_term_months,
          h.expansion_potential_factor, h.lead_score, h.champion_identified, h.budget_confirmed,
          h.decision_maker_engaged, h.competitors_mentioned, h.industry, h.segment, h.source,
          h.loss_reason
        )
      OFFSET 0) h
  ), closed AS (
    UPDATE revenue.deal_history h SET valid_to = c.changed_at FROM changed c
    WHERE h.org_id = c.org_id AND h.deal_id = c.deal_id AND h.valid_from = c.version_from AND h.recorded_at = c.version_recorded
    RETURNING c.*
  )
  INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, recorded_at, continues_stage, changed_by,
    name, account_id, contact_id, owner_rep_id, product_id, pipeline_id, stage_id, amount,
    currency, close_date, closed_at, created_at, stage_entered_at, forecast_category, product_plan,
    num_users_planned, base_list_price_per_user, discount_pct, billing_cycle, contract_term_months,
    expansion_potential_factor, lead_score, champion_identified, budget_confirmed,
    decision_maker_engaged, competitors_mentioned, industry, segment, source, loss_reason)
  SELECT c.org_id, c.deal_id, c.changed_at, c.changed_at, c.continues_version, writer,
    c.name, c.account_id, c.contact_id, c.owner_rep_id, c.product_id, c.pipeline_id, c.stage_id,
    c.amount, c.currency, c.close_date, c.closed_at, c.created_at, c.stage_entered_at,
    c.forecast_category, c.product_plan, c.num_users_planned, c.base_list_price_per_user,
    c.discount_pct, c.billing_cycle, c.contract_term_months, c.expansion_potential_factor,
    c.lead_score, c.champion_identified, c.budget_confirmed, c.decision_maker_engaged,
    c.competitors_mentioned, c.industry, c.segment, c.source, c.loss_reason
  FROM closed c;

  -- What became true earlier is patched into the versions from then on, a column until the next version
  -- that speaks of it: the newest valid value is the present. A version speaks of what it changed or
  -- states or is the first to tell, and of all that goes with it. The first one written speaks of what it states
  -- where it says since when, and of nothing where it was only recorded then. A write that changes nothing but
  -- effective_at says that all of the row has been so since then.
  IF NOT EXISTS (SELECT FROM new_rows WHERE effective_at IS NOT NULL) THEN RETURN NULL; END IF;
  WITH patches AS MATERIALIZED (
    SELECT n.org_id, n.deal_id, n.effective_at AS since, p.patch, p.stated, f.valid_from AS first_from,
      (SELECT min(r.recorded_at) FROM revenue.deal_history r WHERE r.org_id = n.org_id AND r.deal_id = n.deal_id) AS first_recorded,
      ARRAY(SELECT jsonb_object_keys(p.patch) INTERSECT
            SELECT unnest(revenue.unsaid_columns(n.org_id, n.deal_id, n.effective_at))) AS unsaid
    FROM new_rows n CROSS JOIN LATERAL (
      SELECT h.recorded_at, revenue.deal_values(to_jsonb(h) - user_columns) AS before FROM revenue.deal_history h
      WHERE h.org_id = n.org_id AND h.deal_id = n.deal_id AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity' OFFSET 0) h
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_object_agg(v.key, v.value) FILTER (WHERE v.value IS DISTINCT FROM h.before -> v.key),
                      jsonb_object_agg(v.key, v.value)) AS patch,
        array_agg(v.key ORDER BY v.key) FILTER (WHERE v.value IS DISTINCT FROM h.before -> v.key) AS stated
      FROM jsonb_each(revenue.deal_values(to_jsonb(n) - user_columns)) v
    ) p
    CROSS JOIN LATERAL (
      SELECT f.valid_from FROM revenue.deal_history f
      WHERE f.org_id = n.org_id AND f.deal_id = n.deal_id AND f.superseded_at = 'infinity'
      ORDER BY f.valid_from LIMIT 1) f
    WHERE n.effective_at IS NOT NULL AND (p.stated IS NOT NULL OR h.recorded_at <> n.effective_at)
  ), believed AS MATERIALIZED (
    SELECT p.*, h.valid_from, h.recorded_at, h.valid_to, h.stated AS own_stated, h.state, h.first_said,
      lag(h.state) OVER past AS state_before, lag(h.valid_to) OVER past AS ended_before,
      count(*) FILTER (WHERE h.valid_to > p.since) OVER past AS nth_after
    FROM patches p CROSS JOIN LATERAL (
      SELECT h.valid_from, h.recorded_at, h.valid_to, h.stated, revenue.deal_values(to_jsonb(h)) AS state,
        CASE WHEN h.stated IS NULL AND h.valid_from > p.since AND h.valid_from <> p.first_recorded
          THEN revenue.unsaid_columns(p.org_id, p.deal_id, h.valid_from) ELSE '{}' END AS first_said
      FROM revenue.deal_history h
      WHERE h.org_id = p.org_id AND h.deal_id = p.deal_id AND h.superseded_at = 'infinity'
        AND (h.valid_to >= p.since OR h.valid_from = p.first_from) OFFSET 0) h
    WINDOW past AS (PARTITION BY p.org_id, p.deal_id ORDER BY h.valid_from)
  ), overruled AS MATERIALIZED (
    SELECT b.*, revenue.merged_values(w.words) OVER (PARTITION BY b.org_id, b.deal_id ORDER BY b.valid_from) AS words
    FROM believed b CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_object_agg(g.key, true), '{}') AS words
      FROM jsonb_object_keys(b.state) k(key)
      CROSS JOIN LATERAL unnest(revenue.spoken_with(k.key)) g(key)
      -- a deal that was deleted then has been so since it came back
      WHERE b.valid_from > b.since AND (b.valid_from = b.first_from OR b.nth_after > 1) AND CASE
        WHEN b.valid_from = b.first_from THEN (b.own_stated IS NULL OR k.key = ANY (b.own_stated)) AND b.valid_from <> b.first_recorded
        ELSE b.own_stated IS NULL AND b.ended_before IS DISTINCT FROM b.valid_from OR k.key = ANY (b.own_stated || b.first_said)
          OR b.state -> k.key IS DISTINCT FROM b.state_before -> k.key END) w
  ), contradicted AS MATERIALIZED (
    SELECT o.*, o.patch - ARRAY(SELECT jsonb_object_keys(o.words)) AS rest FROM overruled o
    WHERE o.valid_to > o.since OR o.valid_from = o.first_from AND o.unsaid <> '{}'
  ), superseded AS (
    UPDATE revenue.deal_history h
    SET superseded_at = greatest(recorded, h.recorded_at + interval '1 us') FROM contradicted c
    WHERE h.org_id = c.org_id AND h.deal_id = c.deal_id AND h.valid_from = c.valid_from AND h.recorded_at = c.recorded_at
    RETURNING h AS version, c.rest, c.since, c.patch, c.stated, c.first_from, c.unsaid
  )
  INSERT INTO revenue.deal_history
  SELECT piece.* FROM superseded s
  CROSS JOIN LATERAL (
    -- before it, as it was: what nobody had spoken of until now was so from the start
    SELECT jsonb_build_object('stated', CASE WHEN (s.version).valid_from = s.first_from AND s.unsaid <> '{}'
                                             THEN (s.version).stated || s.unsaid ELSE (s.version).stated END)
      || CASE WHEN (s.version).valid_to > s.since
              THEN jsonb_build_object('valid_to', s.since, 'deleted', false, 'deleted_by', NULL) ELSE '{}' END AS changes
    WHERE (s.version).valid_from < s.since
    UNION ALL
    -- a deal that turns out to be older had its first values from the start
    SELECT s.patch || jsonb_build_object('changed_by', writer, 'continues_stage', false, 'stated', s.stated, 'valid_from', s.since,
      'valid_to', (s.version).valid_from, 'deleted', false, 'deleted_by', NULL)
    WHERE (s.version).valid_from = s.first_from AND s.since < s.first_from
    UNION ALL
    -- from then on, patched
    SELECT s.rest || jsonb_build_object('continues_stage', false)
      || CASE WHEN s.rest <> '{}' THEN jsonb_build_object('changed_by', writer) ELSE '{}' END
      || CASE WHEN (s.version).valid_from < s.since THEN jsonb_build_object('valid_from', s.since, 'stated', s.stated)
              WHEN (s.version).valid_from = s.since THEN jsonb_build_object('stated',
                CASE WHEN s.stated IS NOT NULL AND (s.version).stated IS NOT NULL
                     THEN ARRAY(SELECT DISTINCT unnest((s.version).stated || s.stated) ORDER BY 1) END)
              ELSE '{}' END
    WHERE (s.version).valid_to > s.since
  ) c
  CROSS JOIN LATERAL jsonb_populate_record(s.version, c.changes
    || jsonb_build_object('recorded_at', (s.version).superseded_at, 'superseded_at', 'infinity')) piece;
  -- The versions written just now take the time of their stage from where its run begins.
  WITH past AS (
    SELECT h.*, lag(h.valid_from) OVER before AS before_from,
      (lag(h.valid_to) OVER before, lag(h.pipeline_id) OVER before, lag(h.stage_id) OVER before)
        IS DISTINCT FROM (h.valid_from, h.pipeline_id, h.stage_id) AS moved
    FROM new_rows n CROSS JOIN LATERAL (
      SELECT h.* FROM revenue.deal_history h
      WHERE h.org_id = n.org_id AND h.deal_id = n.deal_id AND h.superseded_at = 'infinity' OFFSET 0) h
    WHERE n.effective_at IS NOT NULL
    WINDOW before AS (PARTITION BY h.org_id, h.deal_id ORDER BY h.valid_from)
  ), runs AS MATERIALIZED (
    SELECT p.org_id, p.deal_id, p.valid_from, p.recorded_at, s.kind, max(CASE WHEN p.moved THEN
        CASE WHEN p.stage_entered_at <= p.valid_from AND (p.before_from IS NULL OR p.stage_entered_at > p.before_from)
             THEN p.stage_entered_at ELSE p.valid_from END END)
      OVER (PARTITION BY p.org_id, p.deal_id ORDER BY p.valid_from) AS entered
    FROM past p JOIN revenue.stages s
      ON s.org_id = p.org_id AND s.pipeline_id = p.pipeline_id AND s.stage_id = p.stage_id
  )
  UPDATE revenue.deal_history h
  SET stage_entered_at = r.entered, closed_at = CASE WHEN r.kind <> 'open' THEN coalesce(h.closed_at, r.entered) END
  FROM runs r
  WHERE h.org_id = r.org_id AND h.deal_id = r.deal_id AND h.valid_from = r.valid_from AND h.recorded_at = r.recorded_at
    AND h.recorded_at >= recorded;
  -- What a newer version says is the present again; this is no change of its own to audit.
  outside := current_setting('revenue.change_reason', true);
  PERFORM set_config('revenue.change_reason', '', true);
  WITH present AS MATERIALIZED (
    SELECT h.* FROM new_rows n CROSS JOIN LATERAL (
      SELECT h.* FROM revenue.deal_history h
      WHERE h.org_id = n.org_id AND h.deal_id = n.deal_id AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity' OFFSET 0) h
    WHERE n.effective_at IS NOT NULL AND recorded IS NOT NULL
  )
  UPDATE revenue.deals d SET (
    name, account_id, contact_id, owner_rep_id, product_id, pipeline_id, stage_id, amount, currency,
    close_date, closed_at, created_at, stage_entered_at, forecast_category, product_plan, num_users_planned,
    base_list_price_per_user, discount_pct, billing_cycle, contract_term_months, expansion_potential_factor,
    lead_score, champion_identified, budget_confirmed, decision_maker_engaged, competitors_mentioned,
    industry, segment, source, loss_reason
  ) = (
    h.name, h.account_id, h.contact_id, h.owner_rep_id, h.product_id, h.pipeline_id, h.stage_id, h.amount,
    h.currency, h.close_date, h.closed_at, h.created_at, h.stage_entered_at, h.forecast_category,
    h.product_plan, h.num_users_planned, h.base_list_price_per_user, h.discount_pct, h.billing_cycle,
    h.contract_term_months, h.expansion_potential_factor, h.lead_score, h.champion_identified,
    h.budget_confirmed, h.decision_maker_engaged, h.competitors_mentioned, h.industry, h.segment, h.source,
    h.loss_reason
  )
  FROM present h
  WHERE d.org_id = h.org_id AND d.deal_id = h.deal_id
    AND (
    d.name, d.account_id, d.contact_id, d.owner_rep_id, d.product_id, d.pipeline_id, d.stage_id, d.amount,
    d.currency, d.close_date, d.closed_at, d.created_at, d.stage_entered_at, d.forecast_category,
    d.product_plan, d.num_users_planned, d.base_list_price_per_user, d.discount_pct, d.billing_cycle,
    d.contract_term_months, d.expansion_potential_factor, d.lead_score, d.champion_identified,
    d.budget_confirmed, d.decision_maker_engaged, d.competitors_mentioned, d.industry, d.segment, d.source,
    d.loss_reason
    ) IS DISTINCT FROM (
    h.name, h.account_id, h.contact_id, h.owner_rep_id, h.product_id, h.pipeline_id, h.stage_id, h.amount,
    h.currency, h.close_date, h.closed_at, h.created_at, h.stage_entered_at, h.forecast_category,
    h.product_plan, h.num_users_planned, h.base_list_price_per_user, h.discount_pct, h.billing_cycle,
    h.contract_term_months, h.expansion_potential_factor, h.lead_score, h.champion_identified,
    h.budget_confirmed, h.decision_maker_engaged, h.competitors_mentioned, h.industry, h.segment, h.source,
    h.loss_reason
    );
  PERFORM set_config('revenue.change_reason', coalesce(outside, ''), true);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_updated_deals() IS 'Trigger: a new version of each deal that differs from its open one';

CREATE OR REPLACE FUNCTION revenue.record_deleted_deals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  recorded timestamptz := clock_timestamp();
  writer text := coalesce(revenue.caller_identity(), session_user);
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  IF TG_OP = 'TRUNCATE' THEN
    UPDATE revenue.deal_history h
    SET valid_to = greatest(recorded, greatest(h.valid_from, h.recorded_at) + interval '1 us'),
      deleted = true, deleted_by = writer
    WHERE h.valid_to = 'infinity' AND h.superseded_at = 'infinity';
  ELSE
    WITH gone AS MATERIALIZED (
      SELECT o.org_id, o.deal_id, h.valid_from, h.recorded_at
      FROM old_rows o CROSS JOIN LATERAL (
        SELECT h.valid_from, h.recorded_at FROM revenue.deal_history h
        WHERE h.org_id = o.org_id AND h.deal_id = o.deal_id AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity' OFFSET 0) h
    )
    UPDATE revenue.deal_history h
    SET valid_to = greatest(recorded, greatest(h.valid_from, h.recorded_at) + interval '1 us'),
      deleted = true, deleted_by = writer
    FROM gone g
    WHERE h.org_id = g.org_id AND h.deal_id = g.deal_id AND h.valid_from = g.valid_from AND h.recorded_at = g.recorded_at;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_deleted_deals() IS 'Trigger: ends the open version of each deleted deal';

CREATE OR REPLACE TRIGGER record_inserted AFTER INSERT ON revenue.deals
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_inserted_deals();
CREATE OR REPLACE TRIGGER record_updated AFTER UPDATE ON revenue.deals
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_updated_deals();
CREATE OR REPLACE TRIGGER record_deleted AFTER DELETE ON revenue.deals
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_deleted_deals();
CREATE OR REPLACE TRIGGER record_truncated AFTER TRUNCATE ON revenue.deals
FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_deleted_deals();

-- What accounts belong to ---------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.record_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  INSERT INTO revenue.account_history (org_id, account_id, valid_from, recorded_at, segment, region, industry, country)
  VALUES (NEW.org_id, NEW.account_id, '-infinity', '-infinity', OLD.segment, OLD.region, OLD.industry, OLD.country)
  ON CONFLICT DO NOTHING;
  INSERT INTO revenue.account_history (org_id, account_id, valid_from, recorded_at, segment, region, industry, country)
  SELECT NEW.org_id, NEW.account_id, (now() AT TIME ZONE o.time_zone)::date, clock_timestamp(), NEW.segment, NEW.region, NEW.industry, NEW.country
  FROM revenue.orgs AS o WHERE o.org_id = NEW.org_id
  ON CONFLICT (org_id, account_id, valid_from) DO UPDATE SET recorded_at = excluded.recorded_at, segment = excluded.segment,
    region = excluded.region, industry = excluded.industry, country = excluded.country;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_account() IS 'Trigger: what an account belonged to before and belongs to from today on';

CREATE OR REPLACE TRIGGER record_changed AFTER UPDATE OF segment, region, industry, country ON revenue.accounts FOR EACH ROW
WHEN ((OLD.segment, OLD.region, OLD.industry, OLD.country) IS DISTINCT FROM (NEW.segment, NEW.region, NEW.industry, NEW.country))
EXECUTE FUNCTION revenue.record_account();

-- Inlined where it is joined, so that the planner sees two look-ups through the keys. The one place that says
-- what a deal belongs to where it does not say so itself: pass NULL for the account of one that does.
CREATE OR REPLACE FUNCTION revenue.account_spans(org_id integer, account_id text)
RETURNS TABLE (valid_from date, valid_to date, industry text, segment text, region text, country text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1 BEGIN ATOMIC
  SELECT coalesce(h.valid_from, '-infinity'), coalesce(h.valid_to, 'infinity'),
    CASE WHEN h.valid_from IS NULL THEN a.industry ELSE h.industry END, CASE WHEN h.valid_from IS NULL THEN a.segment ELSE h.segment END,
    CASE WHEN h.valid_from IS NULL THEN a.region ELSE h.region END, CASE WHEN h.valid_from IS NULL THEN a.country ELSE h.country END
  FROM revenue.accounts AS a
  LEFT JOIN LATERAL (
    SELECT CASE WHEN row_number() OVER past > 1 THEN t.valid_from ELSE '-infinity' END AS valid_from,
      lead(t.valid_from, 1, 'infinity') OVER past AS valid_to, t.industry, t.segment, t.region, t.country
    FROM revenue.account_history AS t WHERE t.org_id = a.org_id AND t.account_id = a.account_id
    WINDOW past AS (ORDER BY t.valid_from)
  ) AS h ON true
  WHERE a.org_id = account_spans.org_id AND a.account_id = account_spans.account_id;
END;
COMMENT ON FUNCTION revenue.account_spans(integer, text) IS
  'For joins: what an account belonged to from which day to the day before which, one row for each span; a deal without an industry or segment of its own has that of its account on the day';

-- Facts of the past ---------------------------------------------------------------------------

CREATE OR REPLACE AGGREGATE revenue.merged_values(value jsonb) (
  SFUNC = pg_catalog.jsonb_concat, STYPE = jsonb, INITCOND = '{}', PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue.merged_values(jsonb) IS 'JSON objects merged in order, a later key over an earlier one';

-- The timeline of a deal is what its sources said, in order of time: each version says the columns it
-- states (all, if it was a write), each fact the columns it gives; the rest carries over. Before the
-- first word on a column, that word holds, except the day a deal closed: nobody expected it before.
-- Where the last fact contradicts the deal's row, which is the present, the row is believed from now on.
-- Every look-up is by the array of deals; joins of what was found are hashed, because the planner takes
-- a thousand facts for one and would compare each with all.
CREATE OR REPLACE FUNCTION revenue.merge_deal_facts(org integer, deals text[], instants timestamptz[]) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET extra_float_digits = 1
SET enable_nestloop = off SET jit = off SET work_mem = '64MB' AS $$
DECLARE
  touched text[] := ARRAY(SELECT DISTINCT unnest(merge_deal_facts.deals));
  recorded timestamptz;
  writer text := coalesce(revenue.caller_identity(), session_user);
  user_columns text[] := revenue.user_columns();
BEGIN
  -- Locked in order, then really updated: see lock_org().
  PERFORM FROM revenue.deals d WHERE d.org_id = merge_deal_facts.org AND d.deal_id = ANY (touched)
  ORDER BY d.deal_id FOR NO KEY UPDATE;
  UPDATE revenue.deals d SET stage_entered_at = d.stage_entered_at
  WHERE d.org_id = merge_deal_facts.org AND d.deal_id = ANY (touched);

  SELECT greatest(clock_timestamp(), max(h.recorded_at) + interval '1 us') INTO recorded
  FROM revenue.deal_history h WHERE h.org_id = merge_deal_facts.org AND h.deal_id = ANY (touched);

  WITH believed AS MATERIALIZED (
    SELECT h.deal_id, h.valid_from, h.valid_to, h.deleted, h.deleted_by, h.changed_by, h.stated,
      revenue.deal_values(to_jsonb(h) - user_columns) AS state,
      lead(h.valid_from) OVER past IS DISTINCT FROM h.valid_to AND h.valid_to < 'infinity' AS ends
    FROM revenue.deal_history h
    WHERE h.org_id = merge_deal_facts.org AND h.deal_id = ANY (touched) AND h.superseded_at = 'infinity'
    WINDOW past AS (PARTITION BY h.deal_id ORDER BY h.valid_from)
  ), facts AS MATERIALIZED (
    SELECT f.deal_id, f.valid_from, revenue.deal_values(jsonb_strip_nulls(to_jsonb(f) - user_columns)) AS given
    FROM revenue.deal_facts f
    JOIN unnest(merge_deal_facts.deals, instants) AS i(deal_id, instant)
      ON i.deal_id = f.deal_id AND i.instant = f.valid_from
    WHERE f.org_id = merge_deal_facts.org AND f.deal_id = ANY (touched)
  ), events AS (
    SELECT deal_id, valid_to AS at, 1 AS rank, '{}'::jsonb AS says, NULL::text[] AS stated, NULL::text AS changed_by,
      false AS starts, deleted, deleted_by FROM believed WHERE ends
    UNION ALL
    SELECT b.deal_id, b.valid_from, 2, CASE WHEN b.stated IS NULL THEN b.state ELSE coalesce(s.says, '{}') END,
      b.stated, b.changed_by, true, false, NULL
    FROM believed b LEFT JOIN LATERAL (
      SELECT jsonb_object_agg(k.key, b.state -> k.key) AS says FROM unnest(b.stated) AS k(key)) s ON b.stated IS NOT NULL
    UNION ALL
    SELECT deal_id, valid_from, 3, given, ARRAY(SELECT jsonb_object_keys(given) ORDER BY 1), writer, true, false, NULL
    FROM facts
    UNION ALL
    SELECT d.deal_id, recorded, 4,
      revenue.deal_values(to_jsonb(d) - user_columns) - '{stage_entered_at,closed_at}'::text[], NULL, writer, true, false, NULL
    FROM revenue.deals d WHERE d.org_id = merge_deal_facts.org AND d.deal_id = ANY (touched)
  ), all_events AS (
    SELECT deal_id, '-infinity'::timestamptz AS at, 0 AS rank,
      jsonb_strip_nulls(revenue.merged_values(CASE WHEN says ->> 'stage_id' IN (
          SELECT s.stage_id FROM revenue.stages s WHERE s.org_id = merge_deal_facts.org AND s.kind <> 'open')
        THEN says - 'close_date' ELSE says END ORDER BY at DESC, rank)) AS says,
      NULL::text[] AS stated, NULL::text AS changed_by, false AS starts, false AS deleted, NULL::text AS deleted_by
    FROM events GROUP BY deal_id
    UNION ALL TABLE events
  ), merged AS (
    SELECT e.*, revenue.merged_values(says) OVER past AS state,
      bool_or(rank > 0 AND says ? 'loss_reason') OVER past AS gives_reason
    FROM all_events e WINDOW past AS (PARTITION BY deal_id ORDER BY at, rank ROWS UNBOUNDED PRECEDING)
  ), needed AS (  -- the deal's row speaks only where it has something else to say
    SELECT * FROM (
      SELECT m.*, rank = 4 AND lag(state) OVER (PARTITION BY deal_id ORDER BY at, rank) @> says AS idle FROM merged m
    ) m WHERE at > '-infinity' AND NOT idle
  ), instants_of AS (
    SELECT n.*, lead(at) OVER past AS next_at, lead(starts) OVER past AS next_starts,
      lead(deleted) OVER past AS next_deleted, lead(deleted_by) OVER past AS next_deleted_by,
      CASE WHEN lag(at) OVER past = at AND lag(starts) OVER past THEN lag(stated) OVER past ELSE '{}' END AS also_stated
    FROM needed n WINDOW past AS (PARTITION BY deal_id ORDER BY at, rank)
  ), timeline AS (
    SELECT i.deal_id, i.at AS valid_from, coalesce(i.next_at, 'infinity') AS valid_to,
      coalesce(NOT i.next_starts AND i.next_deleted, false) AS deleted,
      CASE WHEN NOT i.next_starts THEN i.next_deleted_by END AS deleted_by, i.changed_by, i.state, i.gives_reason,
      CASE WHEN i.also_stated = '{}' THEN i.stated
           WHEN i.stated IS NOT NULL AND i.also_stated IS NOT NULL
           THEN ARRAY(SELECT DISTINCT unnest(i.stated || i.also_stated) ORDER BY 1) END AS stated,
      lag(i.at) OVER past AS before_at,
      (lag(i.state -> 'pipeline_id') OVER past, lag(i.state -> 'stage_id') OVER past)
        IS DISTINCT FROM (i.state -> 'pipeline_id', i.state -> 'stage_id') AS moved,
      (i.says ->> 'stage_entered_at')::timestamptz AS says_entered,
      i.says ? 'closed_at' AND i.says -> 'closed_at' <> i.says -> 'stage_entered_at' AS says_closed
    FROM instants_of i WHERE i.starts AND i.next_at IS DISTINCT FROM i.at
    WINDOW past AS (PARTITION BY i.deal_id ORDER BY i.at)
  ), entered AS (
    SELECT t.*, max(CASE WHEN moved THEN
        CASE WHEN says_entered <= valid_from AND (before_at IS NULL OR says_entered > before_at) THEN says_entered
             ELSE valid_from END END) OVER (PARTITION BY deal_id ORDER BY valid_from) AS stage_entered_at
    FROM timeline t
  ), complete AS MATERIALIZED (
    SELECT e.deal_id, e.valid_from, e.valid_to, e.deleted, NOT e.moved AS continues_stage, e.deleted_by, e.changed_by, e.stated,
      e.state || jsonb_build_object('stage_entered_at', e.stage_entered_at)
        -- What is known only at the end must not be carried back to when the deal was open.
        || CASE WHEN e.says_closed THEN '{}'
                WHEN s.kind = 'open' THEN jsonb_build_object('closed_at', NULL)
                  || CASE WHEN e.gives_reason THEN '{}'::jsonb ELSE '{"loss_reason": null}' END
                ELSE jsonb_build_object('closed_at', e.stage_entered_at) END AS state
    FROM entered e LEFT JOIN revenue.stages s ON s.org_id = merge_deal_facts.org
      AND s.pipeline_id = e.state ->> 'pipeline_id' AND s.stage_id = e.state ->> 'stage_id'
  ), same AS (
    SELECT c.deal_id, c.valid_from FROM complete c JOIN believed b USING (deal_id, valid_from)
    WHERE (c.valid_to, c.deleted, jsonb_strip_nulls(c.state)) = (b.valid_to, b.deleted, jsonb_strip_nulls(b.state))
      AND c.stated IS NOT DISTINCT FROM b.stated
  ), superseded AS (
    UPDATE revenue.deal_history h SET superseded_at = recorded
    FROM believed b LEFT JOIN same USING (deal_id, valid_from)
    WHERE same.deal_id IS NULL AND h.org_id = merge_deal_facts.org AND h.deal_id = ANY (touched) AND h.deal_id = b.deal_id
      AND h.valid_from = b.valid_from AND h.superseded_at = 'infinity'
    RETURNING 1
  )
  INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, valid_to, recorded_at, deleted, continues_stage, deleted_by, changed_by, stated,
    name, account_id, contact_id, owner_rep_id, product_id, pipeline_id, stage_id, amount,
    currency, close_date, closed_at, created_at, stage_entered_at, forecast_category, product_plan,
    num_users_planned, base_list_price_per_user, discount_pct, billing_cycle, contract_term_months,
    expansion_potential_factor, lead_score, champion_identified, budget_confirmed,
    decision_maker_engaged, competitors_mentioned, industry, segment, source, loss_reason)
  SELECT merge_deal_facts.org, c.deal_id, c.valid_from, c.valid_to, recorded, c.deleted, c.continues_stage, c.deleted_by, c.changed_by, c.stated,
    v.name, v.account_id, v.contact_id, v.owner_rep_id, v.product_id, v.pipeline_id, v.stage_id,
    v.amount, v.currency, v.close_date, v.closed_at, v.created_at, v.stage_entered_at,
    v.forecast_category, v.product_plan, v.num_users_planned, v.base_list_price_per_user,
    v.discount_pct, v.billing_cycle, v.contract_term_months, v.expansion_potential_factor,
    v.lead_score, v.champion_identified, v.budget_confirmed, v.decision_maker_engaged,
    v.competitors_mentioned, v.industry, v.segment, v.source, v.loss_reason
  FROM (SELECT count(*) FROM superseded) first  -- the open versions give way before new ones come
  CROSS JOIN complete c LEFT JOIN same USING (deal_id, valid_from)
  CROSS JOIN LATERAL jsonb_populate_record(NULL::revenue.deal_history, c.state) v
  WHERE same.deal_id IS NULL;

  UPDATE revenue.deals d SET stage_entered_at = h.stage_entered_at, closed_at = h.closed_at
  FROM revenue.deal_history h
  WHERE d.org_id = merge_deal_facts.org AND d.deal_id = ANY (touched)
    AND h.org_id = merge_deal_facts.org AND h.deal_id = ANY (touched) AND h.deal_id = d.deal_id
    AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity'
    AND (d.stage_entered_at, d.closed_at) IS DISTINCT FROM (h.stage_entered_at, h.closed_at);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.merge_deal_facts(integer, text[], timestamptz[]) FROM PUBLIC;
COMMENT ON FUNCTION revenue.merge_deal_facts(integer, text[], timestamptz[]) IS
  'For triggers: merges these facts of an organisation''s deals into their history';

CREATE OR REPLACE FUNCTION revenue.prepare_deal_fact() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT revenue.restoring() THEN NEW.merged_at := clock_timestamp(); END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION revenue.prepare_deal_fact() IS 'Trigger: marks a fact as merged, which the statement will do when all its rows are there';

CREATE OR REPLACE FUNCTION revenue.record_deal_facts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  batch record;
  wrong record;
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.check_effective_at(n.valid_from, n.deal_id) FROM new_rows n WHERE n.valid_from > clock_timestamp();
  SELECT f.stage_id, f.org_id INTO wrong
  FROM (SELECT DISTINCT n.org_id, n.pipeline_id, n.stage_id FROM new_rows n WHERE n.stage_id IS NOT NULL) f
  WHERE NOT EXISTS (SELECT FROM revenue.stages s WHERE s.org_id = f.org_id AND s.stage_id = f.stage_id
                      AND s.pipeline_id = coalesce(f.pipeline_id, s.pipeline_id)) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'organisation % has no stage "%"', wrong.org_id, wrong.stage_id
      USING ERRCODE = 'foreign_key_violation', HINT = 'Add it to revenue.stages, or give the fact a stage that is there.';
  END IF;
  FOR batch IN
    SELECT n.org_id, array_agg(n.deal_id) AS deals, array_agg(n.valid_from) AS instants
    FROM new_rows n GROUP BY n.org_id ORDER BY n.org_id
  LOOP
    PERFORM revenue.merge_deal_facts(batch.org_id, batch.deals, batch.instants);
  END LOOP;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_deal_facts() IS 'Trigger: imported facts go into the history of their deals';

CREATE OR REPLACE TRIGGER prepare BEFORE INSERT OR UPDATE ON revenue.deal_facts FOR EACH ROW
EXECUTE FUNCTION revenue.prepare_deal_fact();
CREATE OR REPLACE TRIGGER keep_key BEFORE UPDATE ON revenue.deal_facts FOR EACH ROW
WHEN (OLD.org_id <> NEW.org_id OR OLD.deal_id <> NEW.deal_id OR OLD.valid_from <> NEW.valid_from)
EXECUTE FUNCTION revenue.refuse_key_change();
CREATE OR REPLACE TRIGGER record_inserted AFTER INSERT ON revenue.deal_facts
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_deal_facts();
CREATE OR REPLACE TRIGGER record_updated AFTER UPDATE ON revenue.deal_facts
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_deal_facts();

-- Reading the past ----------------------------------------------------------------------------
-- Written to be inlined: with constant arguments one branch is left, filters on keys reach its
-- indexes, and the count of activities goes where nobody reads it. A test of an argument alone would
-- keep the planner from that, so NULL is left to the comparisons.

CREATE OR REPLACE FUNCTION revenue.deals_as_of(as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS TABLE (
  org_id integer, deal_id text, name text, account_id text, contact_id text, owner_rep_id text,
  product_id text, pipeline_id text, stage_id text, amount numeric, currency char(3), close_date date,
  closed_at timestamptz, created_at timestamptz, stage_entered_at timestamptz, forecast_category text,
  product_plan text, num_users_planned integer, base_list_price_per_user numeric,
  discount_pct double precision, billing_cycle text, contract_term_months integer,
  expansion_potential_factor double precision, lead_score double precision, champion_identified boolean,
  budget_confirmed boolean, decision_maker_engaged boolean, competitors_mentioned integer, industry text,
  segment text, source text, loss_reason text, effective_at timestamptz, num_interactions integer,
  num_objections_handled integer, last_activity_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000 BEGIN ATOMIC
  SELECT d.org_id, d.deal_id,
    d.name, d.account_id, d.contact_id, d.owner_rep_id, d.product_id, d.pipeline_id, d.stage_id,
    d.amount, d.currency, d.close_date, d.closed_at, d.created_at, d.stage_entered_at,
    d.forecast_category, d.product_plan, d.num_users_planned, d.base_list_price_per_user,
    d.discount_pct, d.billing_cycle, d.contract_term_months, d.expansion_potential_factor,
    d.lead_score, d.champion_identified, d.budget_confirmed, d.decision_maker_engaged,
    d.competitors_mentioned, d.industry, d.segment, d.source, d.loss_reason,
    d.effective_at, d.num_interactions, d.num_objections_handled, d.last_activity_at
  FROM revenue.deals d WHERE as_of IS NULL AND known_at IS NULL
  UNION ALL
  SELECT h.org_id, h.deal_id,
    h.name, h.account_id, h.contact_id, h.owner_rep_id, h.product_id, h.pipeline_id, h.stage_id,
    h.amount, h.currency, h.close_date, h.closed_at, h.created_at, h.stage_entered_at,
    h.forecast_category, h.product_plan, h.num_users_planned, h.base_list_price_per_user,
    h.discount_pct, h.billing_cycle, h.contract_term_months, h.expansion_potential_factor,
    h.lead_score, h.champion_identified, h.budget_confirmed, h.decision_maker_engaged,
    h.competitors_mentioned, h.industry, h.segment, h.source, h.loss_reason,
    NULL, CASE WHEN d.num_interactions IS NOT NULL THEN greatest(d.num_interactions - coalesce(a.later_interactions, 0), 0) END,
    CASE WHEN d.num_objections_handled IS NOT NULL THEN greatest(d.num_objections_handled - coalesce(a.later_objections, 0), 0) END,
    CASE WHEN d.last_activity_at <= as_of THEN d.last_activity_at ELSE a.last_activity_at END
  FROM revenue.deal_history h
  LEFT JOIN revenue.deals d ON d.org_id = h.org_id AND d.deal_id = h.deal_id
  LEFT JOIN (
    SELECT x.org_id, x.deal_id,
      count(*) FILTER (WHERE x.occurred_at > as_of AND x.kind NOT IN ('note', 'task'))::integer AS later_interactions,
      count(*) FILTER (WHERE x.occurred_at > as_of AND x.kind = 'objection' AND x.outcome = 'handled')::integer AS later_objections,
      max(x.occurred_at) FILTER (WHERE x.occurred_at <= as_of) AS last_activity_at
    FROM revenue.activities x WHERE x.deal_id IS NOT NULL GROUP BY x.org_id, x.deal_id
  ) a ON a.org_id = h.org_id AND a.deal_id = h.deal_id
  WHERE h.superseded_at = CASE WHEN known_at IS NULL THEN timestamptz 'infinity' END
    AND h.valid_from <= as_of AND h.valid_to > as_of
  UNION ALL
  SELECT h.org_id, h.deal_id,
    h.name, h.account_id, h.contact_id, h.owner_rep_id, h.product_id, h.pipeline_id, h.stage_id,
    h.amount, h.currency, h.close_date, h.closed_at, h.created_at, h.stage_entered_at,
    h.forecast_category, h.product_plan, h.num_users_planned, h.base_list_price_per_user,
    h.discount_pct, h.billing_cycle, h.contract_term_months, h.expansion_potential_factor,
    h.lead_score, h.champion_identified, h.budget_confirmed, h.decision_maker_engaged,
    h.competitors_mentioned, h.industry, h.segment, h.source, h.loss_reason,
    NULL, CASE WHEN d.num_interactions IS NOT NULL THEN greatest(d.num_interactions - coalesce(a.later_interactions, 0), 0) END,
    CASE WHEN d.num_objections_handled IS NOT NULL THEN greatest(d.num_objections_handled - coalesce(a.later_objections, 0), 0) END,
    CASE WHEN a.deal_id IS NULL AND d.last_activity_at <= coalesce(as_of, known_at) THEN d.last_activity_at
         ELSE a.last_activity_at END
  FROM revenue.deal_history h
  LEFT JOIN revenue.deals d ON d.org_id = h.org_id AND d.deal_id = h.deal_id
  LEFT JOIN (
    SELECT x.org_id, x.deal_id,
      count(*) FILTER (WHERE (x.occurred_at > coalesce(as_of, known_at) OR x.recorded_at > known_at)
                         AND x.kind NOT IN ('note', 'task'))::integer AS later_interactions,
      count(*) FILTER (WHERE (x.occurred_at > coalesce(as_of, known_at) OR x.recorded_at > known_at)
                         AND x.kind = 'objection' AND x.outcome = 'handled')::integer AS later_objections,
      max(x.occurred_at) FILTER (WHERE x.occurred_at <= coalesce(as_of, known_at) AND x.recorded_at <= known_at) AS last_activity_at
    FROM revenue.activities x WHERE x.deal_id IS NOT NULL GROUP BY x.org_id, x.deal_id
  ) a ON a.org_id = h.org_id AND a.deal_id = h.deal_id
  WHERE h.recorded_at <= known_at AND h.superseded_at > known_at
    AND h.valid_from <= coalesce(as_of, known_at)
    AND (h.valid_to > coalesce(as_of, known_at) OR h.valid_to > known_at);
END;
COMMENT ON FUNCTION revenue.deals_as_of(timestamptz, timestamptz) IS
  'The deals as they were at as_of (NULL = now), by what is known today, or by what had been recorded at known_at. Counters of activities are taken back from today''s';

-- The past of contacts ------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.date_contact_stage() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF revenue.restoring() THEN RETURN NEW; END IF;
  IF NEW.stage_id IS NULL THEN
    NEW.stage_entered_at := NULL;
  ELSIF TG_OP = 'INSERT' THEN
    NEW.stage_entered_at := coalesce(NEW.stage_entered_at, now());
  ELSIF (NEW.pipeline_id, NEW.stage_id) IS DISTINCT FROM (OLD.pipeline_id, OLD.stage_id)
        AND NEW.stage_entered_at IS NOT DISTINCT FROM OLD.stage_entered_at THEN
    NEW.stage_entered_at := now();
  END IF;
  RETURN NEW;
END $$;
COMMENT ON FUNCTION revenue.date_contact_stage() IS 'Trigger: when a contact entered its stage, where that is not given';

CREATE OR REPLACE FUNCTION revenue.record_contact_stages() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  writer text := coalesce(revenue.caller_identity(), session_user);
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO revenue.contact_stages AS c (org_id, contact_id, entered_at, pipeline_id, stage_id, changed_by)
    SELECT n.org_id, n.contact_id, n.stage_entered_at, n.pipeline_id, n.stage_id, writer
    FROM new_rows n WHERE n.stage_id IS NOT NULL
    ON CONFLICT (org_id, contact_id, entered_at) DO UPDATE
    SET pipeline_id = excluded.pipeline_id, stage_id = excluded.stage_id, changed_by = excluded.changed_by;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO revenue.contact_stages AS c (org_id, contact_id, entered_at, pipeline_id, stage_id, changed_by)
    SELECT n.org_id, n.contact_id, coalesce(n.stage_entered_at, now()), n.pipeline_id, n.stage_id, writer
    FROM new_rows n JOIN old_rows o ON o.org_id = n.org_id AND o.contact_id = n.contact_id
    WHERE (n.pipeline_id, n.stage_id, n.stage_entered_at) IS DISTINCT FROM (o.pipeline_id, o.stage_id, o.stage_entered_at)
    ON CONFLICT (org_id, contact_id, entered_at) DO UPDATE
    SET pipeline_id = excluded.pipeline_id, stage_id = excluded.stage_id, changed_by = excluded.changed_by;
  ELSE
    INSERT INTO revenue.contact_stages AS c (org_id, contact_id, entered_at, changed_by)
    SELECT o.org_id, o.contact_id, now(), writer FROM old_rows o WHERE o.stage_id IS NOT NULL
    ON CONFLICT (org_id, contact_id, entered_at) DO UPDATE
    SET pipeline_id = NULL, stage_id = NULL, changed_by = excluded.changed_by;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.record_contact_stages() IS 'Trigger: the stages that contacts enter, and that they leave the funnel';

CREATE OR REPLACE TRIGGER date_stage BEFORE INSERT OR UPDATE ON revenue.contacts
FOR EACH ROW EXECUTE FUNCTION revenue.date_contact_stage();
CREATE OR REPLACE TRIGGER record_inserted AFTER INSERT ON revenue.contacts
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_contact_stages();
CREATE OR REPLACE TRIGGER record_updated AFTER UPDATE ON revenue.contacts
REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_contact_stages();
CREATE OR REPLACE TRIGGER record_deleted AFTER DELETE ON revenue.contacts
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.record_contact_stages();

-- Engagement ----------------------------------------------------------------------------------
-- What has been done counts, not what is planned: a date ahead would make a deal look cared for until then.
-- An activity counts for its deal whoever did it, because more people than the owner sell; it says who.

CREATE OR REPLACE FUNCTION revenue.refuse_future() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong record;
BEGIN
  IF revenue.restoring() THEN RETURN NEW; END IF;
  SELECT v.key, v.value INTO wrong FROM jsonb_each_text(to_jsonb(NEW)) AS v
  WHERE v.key = ANY (TG_ARGV) AND v.value::timestamptz > now() + interval '1 day' LIMIT 1;
  RAISE EXCEPTION '% lies in the future', wrong.key USING ERRCODE = 'check_violation', DETAIL = format('Found: %s', wrong.value),
    HINT = 'It says what has happened; load what is planned once it has.';
END $$;
COMMENT ON FUNCTION revenue.refuse_future() IS 'Trigger: an error about a time more than a day ahead, in one of the columns that are the trigger''s arguments';

CREATE OR REPLACE TRIGGER refuse_future BEFORE INSERT OR UPDATE ON revenue.activities FOR EACH ROW
WHEN (NEW.occurred_at > now() + interval '1 day') EXECUTE FUNCTION revenue.refuse_future('occurred_at');
CREATE OR REPLACE TRIGGER refuse_future BEFORE INSERT OR UPDATE ON revenue.contacts FOR EACH ROW
WHEN (NEW.last_engaged_at > now() + interval '1 day' OR NEW.stage_entered_at > now() + interval '1 day')
EXECUTE FUNCTION revenue.refuse_future('last_engaged_at', 'stage_entered_at');
CREATE OR REPLACE TRIGGER refuse_future BEFORE INSERT OR UPDATE ON revenue.deals FOR EACH ROW
WHEN (NEW.last_activity_at > now() + interval '1 day' OR NEW.stage_entered_at > now() + interval '1 day'
  OR NEW.closed_at > now() + interval '1 day' OR NEW.created_at > now() + interval '1 day')
EXECUTE FUNCTION revenue.refuse_future('last_activity_at', 'stage_entered_at', 'closed_at', 'created_at');

CREATE OR REPLACE FUNCTION revenue.count_activities() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
  nobody text := '';  -- a parameter, without which a plan would be kept
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  IF TG_OP <> 'DELETE' THEN
    -- Locked in order, so that two loads of the same deals wait instead of deadlocking.
    PERFORM FROM (
      SELECT n.org_id, n.deal_id FROM new_rows n WHERE n.deal_id <> nobody
      GROUP BY n.org_id, n.deal_id ORDER BY n.org_id, n.deal_id) n
    CROSS JOIN LATERAL (
      SELECT FROM revenue.deals d WHERE d.org_id = n.org_id AND d.deal_id = n.deal_id FOR NO KEY UPDATE) d;
    UPDATE revenue.deals d SET
      num_interactions = coalesce(d.num_interactions, 0) + a.interactions,
      num_objections_handled = coalesce(d.num_objections_handled, 0) + a.objections,
      last_activity_at = greatest(d.last_activity_at, a.last_at)
    FROM (
      SELECT n.org_id, n.deal_id, count(*) FILTER (WHERE n.kind NOT IN ('note', 'task')) AS interactions,
        count(*) FILTER (WHERE n.kind = 'objection' AND n.outcome = 'handled') AS objections, max(n.occurred_at) AS last_at
      FROM new_rows n WHERE n.deal_id <> nobody GROUP BY n.org_id, n.deal_id
    ) a WHERE d.org_id = a.org_id AND d.deal_id = a.deal_id;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    PERFORM FROM (
      SELECT o.org_id, o.deal_id FROM old_rows o WHERE o.deal_id <> nobody
      GROUP BY o.org_id, o.deal_id ORDER BY o.org_id, o.deal_id) o
    CROSS JOIN LATERAL (
      SELECT FROM revenue.deals d WHERE d.org_id = o.org_id AND d.deal_id = o.deal_id FOR NO KEY UPDATE) d;
    UPDATE revenue.deals d SET
      num_interactions = greatest(d.num_interactions - a.interactions, 0),
      num_objections_handled = greatest(d.num_objections_handled - a.objections, 0),
      last_activity_at = CASE WHEN d.last_activity_at > a.last_at THEN d.last_activity_at ELSE (
        SELECT max(x.occurred_at) FROM revenue.activities x WHERE x.org_id = d.org_id AND x.deal_id = d.deal_id) END
    FROM (
      SELECT o.org_id, o.deal_id, count(*) FILTER (WHERE o.kind NOT IN ('note', 'task')) AS interactions,
        count(*) FILTER (WHERE o.kind = 'objection' AND o.outcome = 'handled') AS objections, max(o.occurred_at) AS last_at
      FROM old_rows o WHERE o.deal_id <> nobody GROUP BY o.org_id, o.deal_id
    ) a WHERE d.org_id = a.org_id AND d.deal_id = a.deal_id;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.count_activities() IS
  'Trigger: keeps the counters of interactions and handled objections and the last activity of each deal';

CREATE OR REPLACE TRIGGER count_inserted AFTER INSERT ON revenue.activities
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.count_activities();
CREATE OR REPLACE TRIGGER count_updated AFTER UPDATE ON revenue.activities
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.count_activities();
CREATE OR REPLACE TRIGGER count_deleted AFTER DELETE ON revenue.activities
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.count_activities();

-- What the triggers do, on request ------------------------------------------------------------
-- For bulk loads with triggers off, and for engines that have none.

CREATE OR REPLACE FUNCTION revenue.refresh_deal_history(org integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET extra_float_digits = 1 
SET enable_nestloop = off AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
  recorded timestamptz := clock_timestamp();
  writer text := coalesce(revenue.caller_identity(), session_user);
  batch record;
  user_columns text[] := revenue.user_columns();
BEGIN
  PERFORM FROM revenue.deals d WHERE d.org_id = chosen ORDER BY d.deal_id FOR NO KEY UPDATE;
  UPDATE revenue.deals d SET closed_at = revenue.closing_instant(d.close_date, d.stage_entered_at, o.time_zone)
  FROM revenue.stages s JOIN revenue.orgs o ON o.org_id = s.org_id
  WHERE d.org_id = chosen AND d.closed_at IS NULL AND s.org_id = chosen AND s.pipeline_id = d.pipeline_id
    AND s.stage_id = d.stage_id AND s.kind <> 'open';
  UPDATE revenue.deal_history h
  SET valid_to = greatest(recorded, greatest(h.valid_from, h.recorded_at) + interval '1 us'),
    deleted = d.deal_id IS NULL, deleted_by = CASE WHEN d.deal_id IS NULL THEN writer END
  FROM revenue.deal_history open LEFT JOIN revenue.deals d ON d.org_id = open.org_id AND d.deal_id = open.deal_id
  WHERE h.org_id = chosen AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity'
    AND open.org_id = chosen AND open.valid_to = 'infinity' AND open.superseded_at = 'infinity'
    AND h.deal_id = open.deal_id
    AND revenue.deal_values(to_jsonb(d) - user_columns) IS DISTINCT FROM revenue.deal_values(to_jsonb(open) - user_columns);
  INSERT INTO revenue.deal_history
  SELECT version.* FROM revenue.deals d
  LEFT JOIN (
    SELECT h.deal_id, max(h.valid_to) AS ended FROM revenue.deal_history h
    WHERE h.org_id = chosen AND h.superseded_at = 'infinity' GROUP BY h.deal_id
  ) past ON past.deal_id = d.deal_id
  CROSS JOIN LATERAL jsonb_populate_record(NULL::revenue.deal_history, to_jsonb(d) || jsonb_build_object(
    'valid_from', coalesce(past.ended, d.effective_at, recorded), 'valid_to', 'infinity',
    'recorded_at', greatest(past.ended, recorded), 'superseded_at', 'infinity',
    'deleted', false, 'continues_stage', false, 'changed_by', writer)) version
  WHERE d.org_id = chosen AND past.ended IS DISTINCT FROM 'infinity';

  SELECT array_agg(f.deal_id) AS deals, array_agg(f.valid_from) AS instants INTO batch
  FROM revenue.deal_facts f WHERE f.org_id = chosen AND f.merged_at IS NULL;
  IF batch.deals IS NOT NULL THEN
    PERFORM revenue.merge_deal_facts(chosen, batch.deals, batch.instants);
    UPDATE revenue.deal_facts f SET merged_at = recorded WHERE f.org_id = chosen AND f.merged_at IS NULL;
  END IF;
END $$;
COMMENT ON FUNCTION revenue.refresh_deal_history(integer) IS
  'Does what the triggers on deals and deal_facts do, for rows that were written while they were off; again and again without harm. Admins and owners';

CREATE OR REPLACE FUNCTION revenue.miscounted_deals(org integer, deals text[] DEFAULT NULL)
RETURNS TABLE (deal_id text, interactions bigint, objections bigint, last_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off BEGIN ATOMIC
  SELECT a.* FROM (
    SELECT x.deal_id, count(*) FILTER (WHERE x.kind NOT IN ('note', 'task')) AS interactions,
      count(*) FILTER (WHERE x.kind = 'objection' AND x.outcome = 'handled') AS objections, max(x.occurred_at) AS last_at
    FROM revenue.activities x WHERE x.org_id = miscounted_deals.org AND x.deal_id IS NOT NULL
      AND (deals IS NULL OR x.deal_id = ANY (deals)) GROUP BY x.deal_id
  ) a JOIN revenue.deals d ON d.org_id = miscounted_deals.org AND d.deal_id = a.deal_id
  WHERE (d.num_interactions, d.num_objections_handled, d.last_activity_at) IS DISTINCT FROM (a.interactions, a.objections, a.last_at);
END;
REVOKE EXECUTE ON FUNCTION revenue.miscounted_deals(integer, text[]) FROM PUBLIC;
COMMENT ON FUNCTION revenue.miscounted_deals(integer, text[]) IS
  'For refresh_engagement(): the deals (NULL = all) whose counters are not what their activities say, and what they say';

CREATE OR REPLACE FUNCTION revenue.refresh_engagement(org integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  chosen integer := revenue.require_org('admin', org);
  wrong text[] := ARRAY(SELECT m.deal_id FROM revenue.miscounted_deals(chosen) m);
BEGIN
  -- Who counts an activity holds its deal. Only what is wrong is locked, in order like there, and counted
  -- once more by the next statement, which sees what those who were waited for have added.
  PERFORM FROM revenue.deals d WHERE d.org_id = chosen AND d.deal_id = ANY (wrong) ORDER BY d.deal_id FOR NO KEY UPDATE;
  WITH counted AS MATERIALIZED (SELECT m.* FROM revenue.miscounted_deals(chosen, wrong) m)
  UPDATE revenue.deals d SET num_interactions = c.interactions, num_objections_handled = c.objections, last_activity_at = c.last_at
  FROM counted c WHERE d.org_id = chosen AND d.deal_id = c.deal_id;
END $$;
COMMENT ON FUNCTION revenue.refresh_engagement(integer) IS
  'Counts the activities of every deal that has any; a deal without keeps what was written into it. Admins and owners';

-- Changing a deal -----------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.audit_deals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  why text := current_setting('revenue.change_reason');
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  PERFORM revenue.audit('update_deal', 'deal', n.deal_id, c.old, c.new, why, n.org_id)
  FROM new_rows n JOIN old_rows o ON o.org_id = n.org_id AND o.deal_id = n.deal_id
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(a.key, b.value) AS old, jsonb_object_agg(a.key, a.value) AS new
    FROM jsonb_each(to_jsonb(n)) a JOIN jsonb_each(to_jsonb(o)) b ON b.key = a.key
    WHERE a.value <> b.value AND (a.key <> 'effective_at' OR n.effective_at IS NOT NULL)) c
  WHERE c.new IS NOT NULL;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.audit_deals() IS
  'Trigger: audits changes of deals for which a reason is given in the setting revenue.change_reason, as update_deal() does';

CREATE OR REPLACE TRIGGER audit_updated AFTER UPDATE ON revenue.deals
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
WHEN (current_setting('revenue.change_reason', true) <> '') EXECUTE FUNCTION revenue.audit_deals();

CREATE OR REPLACE FUNCTION revenue.update_deal(
  deal_id text, amount numeric DEFAULT NULL, currency text DEFAULT NULL, close_date date DEFAULT NULL,
  stage_id text DEFAULT NULL, forecast_category text DEFAULT NULL, num_users_planned integer DEFAULT NULL,
  base_list_price_per_user numeric DEFAULT NULL, discount_pct double precision DEFAULT NULL,
  billing_cycle text DEFAULT NULL, contract_term_months integer DEFAULT NULL, loss_reason text DEFAULT NULL,
  effective_at timestamptz DEFAULT NULL, reason text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  before revenue.deals;
  after revenue.deals;
  mine boolean;
  outside text := current_setting('revenue.change_reason', true);
BEGIN
  SELECT * INTO before FROM revenue.deals d WHERE d.org_id = chosen AND d.deal_id = update_deal.deal_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'organisation % has no deal "%"', chosen, coalesce(update_deal.deal_id, 'NULL')
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Pass the deal_id of a row of revenue.deals.';
  END IF;
  IF update_deal.effective_at IS NOT NULL THEN
    PERFORM revenue.check_effective_at(update_deal.effective_at, update_deal.deal_id);
  END IF;
  PERFORM revenue.check_deal_values(update_deal.amount, update_deal.close_date, update_deal.forecast_category,
    update_deal.num_users_planned, update_deal.base_list_price_per_user, update_deal.discount_pct,
    update_deal.contract_term_months);
  IF update_deal.stage_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM revenue.stages s
    WHERE s.org_id = chosen AND s.pipeline_id = before.pipeline_id AND s.stage_id = update_deal.stage_id) THEN
    RAISE EXCEPTION 'pipeline "%" has no stage "%"', before.pipeline_id, update_deal.stage_id
      USING ERRCODE = 'invalid_parameter_value', HINT = 'Its stages are listed in revenue.stages.';
  END IF;

  PERFORM set_config('revenue.change_reason', coalesce(nullif(update_deal.reason, ''), 'none given'), true);
  UPDATE revenue.deals d SET
    amount = coalesce(update_deal.amount, d.amount),
    currency = coalesce(revenue.currency_code(update_deal.currency), d.currency),
    close_date = coalesce(update_deal.close_date, d.close_date),
    stage_id = coalesce(update_deal.stage_id, d.stage_id),
    forecast_category = coalesce(update_deal.forecast_category, d.forecast_category),
    num_users_planned = coalesce(update_deal.num_users_planned, d.num_users_planned),
    base_list_price_per_user = coalesce(update_deal.base_list_price_per_user, d.base_list_price_per_user),
    discount_pct = coalesce(update_deal.discount_pct, d.discount_pct),
    billing_cycle = coalesce(update_deal.billing_cycle, d.billing_cycle),
    contract_term_months = coalesce(update_deal.contract_term_months, d.contract_term_months),
    loss_reason = coalesce(update_deal.loss_reason, d.loss_reason),
    effective_at = coalesce(update_deal.effective_at, d.effective_at)
  WHERE d.org_id = chosen AND d.deal_id = update_deal.deal_id;
  mine := FOUND;
  PERFORM set_config('revenue.change_reason', coalesce(outside, ''), true);
  -- Read again: what is known to be newer than effective_at stays.
  SELECT * INTO after FROM revenue.deals d WHERE d.org_id = chosen AND d.deal_id = update_deal.deal_id;
  IF NOT mine THEN
    RAISE EXCEPTION 'deal "%" is not yours to change', update_deal.deal_id USING ERRCODE = 'insufficient_privilege',
      HINT = 'A member changes the deals of the rep he is; admins and owners change every deal.';
  END IF;
  RETURN jsonb_build_object('deal_id', after.deal_id, 'changed', (
    SELECT coalesce(jsonb_object_agg(a.key, jsonb_build_object('old', b.value, 'new', a.value)), '{}')
    FROM jsonb_each(to_jsonb(after)) a JOIN jsonb_each(to_jsonb(before)) b ON b.key = a.key
    WHERE a.value <> b.value AND a.key <> 'effective_at'));
END $$;
COMMENT ON FUNCTION revenue.update_deal(text, numeric, text, date, text, text, integer, numeric, double precision, text, integer, text, timestamptz, text, integer) IS
  'Changes what is given of a deal (NULL = as it is), since effective_at or now; validated and audited. Returns {deal_id, changed: {column: {old, new}}}';

CREATE OR REPLACE FUNCTION revenue.check_deal_values(
  amount numeric, close_date date, forecast_category text, num_users_planned integer,
  base_list_price_per_user numeric, discount_pct double precision, contract_term_months integer)
RETURNS void LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong text := CASE
    WHEN NOT amount >= 0 OR NOT amount < 100000000000 THEN 'amount must be 0 or more and below 100 billion'
    WHEN NOT close_date >= '1900-01-01' OR NOT close_date < '2200-01-01' THEN 'close_date must lie in the years 1900 to 2199'
    WHEN forecast_category NOT IN ('omitted', 'pipeline', 'best_case', 'commit', 'closed')
      THEN 'forecast_category must be omitted, pipeline, best_case, commit or closed'
    WHEN num_users_planned < 0 THEN 'num_users_planned must be 0 or more'
    WHEN NOT base_list_price_per_user >= 0 OR NOT base_list_price_per_user < 100000000000
      THEN 'base_list_price_per_user must be 0 or more and below 100 billion'
    WHEN NOT contract_term_months BETWEEN 1 AND 1200 THEN 'contract_term_months must be from 1 to 1200'
  END;
BEGIN
  IF NOT discount_pct BETWEEN 0 AND 1 THEN
    RAISE EXCEPTION 'discount_pct must be a fraction from 0 to 1, and is %', discount_pct USING ERRCODE = 'invalid_parameter_value',
      HINT = revenue.discount_hint(discount_pct);
  END IF;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value', HINT = 'NULL leaves the value as it is.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_deal_values(numeric, date, text, integer, numeric, double precision, integer) IS
  'An error with a hint where a value of a deal cannot be; NULL is not looked at';
