-- The room pipeline, revenue events: log_deal().
--
-- With the caller's rights, so that the policies of deals and events hold. The deal's row is locked first
-- and then really updated: at READ COMMITTED the second of two writers sees what the first did, and at
-- REPEATABLE READ it fails with 40001 instead of deciding by what it saw before. What is to happen with
-- an event (an alert, say) hangs on revenue_events as a trigger and joins the same transaction; NOTIFY
-- would make all commits of the database queue.

CREATE OR REPLACE FUNCTION revenue.check_event(
  event_id text, event_type text, amount numeric, days_to_close integer, closed_at timestamptz)
RETURNS void LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong text := CASE
    WHEN coalesce(event_id, '') = '' THEN 'an event needs an event_id'
    WHEN coalesce(event_type, '') NOT IN ('deal_won', 'upsell', 'churn', 'recurring_payment')
      THEN 'event_type must be deal_won, upsell, churn or recurring_payment'
    WHEN NOT amount BETWEEN -999999999999 AND 999999999999 THEN 'amount must be from -999999999999 to 999999999999'
    WHEN days_to_close < 0 THEN 'days_to_close must be 0 or more'
    WHEN closed_at < '0001-01-03 00:00+00' OR closed_at > clock_timestamp() THEN 'closed_at must be in the past'
  END;
BEGIN
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '%', wrong USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the source''s own key as event_id; what is left out is taken from the deal and the contact.';
  END IF;
END $$;
COMMENT ON FUNCTION revenue.check_event IS 'An error with a hint where a value of a revenue event cannot be; NULL of what may be left out is not looked at';

-- deal_scores() for one deal, without what it looks up for all.
CREATE OR REPLACE FUNCTION revenue.deal_forecast_share(deal_id text, org integer DEFAULT NULL) RETURNS double precision
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN (
    WITH frameworks AS MATERIALIZED (
      SELECT f.vertical, f.weights FROM revenue.frameworks_in_force() AS f WHERE f.org_id = chosen
    )
    SELECT coalesce((d.amount * r.rate)::double precision
      * revenue.close_probability(
          revenue.known_stage(coalesce(s.framework_stage, s.stage_id), a.weights),
          revenue.elapsed_days(d.stage_entered_at, now()), d.lead_score, d.num_interactions, d.num_objections_handled,
          d.champion_identified, d.budget_confirmed, d.decision_maker_engaged, d.competitors_mentioned, w.weights)
      * revenue.date_weight(revenue.days_until(d.close_date, t.today), w.weights), 0)
    FROM revenue.deals AS d
    JOIN revenue.orgs AS o USING (org_id)
    JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN frameworks AS a ON a.vertical = 'all'
    CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE o.time_zone)::date AS today) AS t
    LEFT JOIN LATERAL revenue.account_spans(d.org_id, CASE WHEN d.industry IS NULL THEN d.account_id END) AS g
      ON t.today >= g.valid_from AND t.today < g.valid_to
    LEFT JOIN frameworks AS v ON v.vertical = coalesce(d.industry, g.industry)
    CROSS JOIN LATERAL (SELECT coalesce(v.weights, a.weights) AS weights) AS w
    LEFT JOIN LATERAL revenue.fx_rate_on(d.org_id, d.currency, o.base_currency, t.today) AS r ON true
    WHERE d.org_id = chosen AND d.deal_id = deal_forecast_share.deal_id AND s.kind = 'open');
END $$;
COMMENT ON FUNCTION revenue.deal_forecast_share IS
  'What an open deal adds to the forecast now: value x probability x date weight, 0 without a value; NULL for a deal that is not open';

CREATE OR REPLACE FUNCTION revenue.deal_expected_shares(deal_id text, org integer DEFAULT NULL) RETURNS double precision[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.current_org(org);
BEGIN
  RETURN (
    SELECT ARRAY(
      SELECT coalesce((d.amount * r.rate)::double precision * (y.chances ->> n)::double precision, 0)
      FROM generate_series(0, 2) AS n ORDER BY n)
    FROM revenue.deals AS d
    JOIN revenue.orgs AS o USING (org_id)
    JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
    LEFT JOIN revenue.forecast_bases AS b USING (org_id)
    LEFT JOIN LATERAL revenue.fx_rate_on(d.org_id, d.currency, o.base_currency, (now() AT TIME ZONE o.time_zone)::date) AS r ON true
    CROSS JOIN LATERAL (SELECT b.outlook -> d.pipeline_id -> d.stage_id AS days) AS x
    CROSS JOIN LATERAL (
      SELECT x.days -> least(revenue.stage_age(d.stage_entered_at, now()), jsonb_array_length(x.days) - 1) AS chances) AS y
    WHERE d.org_id = chosen AND d.deal_id = deal_expected_shares.deal_id AND s.kind = 'open');
END $$;
COMMENT ON FUNCTION revenue.deal_expected_shares IS
  'What an open deal adds to what is expected within 30, 60 and 90 days: value x probability as of the last refresh_forecast(), 0 without either; NULL for a deal that is not open';

-- mtd() without the month before and in one plan for all calls, because log_deal() has milliseconds.
CREATE OR REPLACE FUNCTION revenue.month_revenue(org integer DEFAULT NULL) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  chosen revenue.orgs;
  month_began timestamptz;
BEGIN
  SELECT * INTO chosen FROM revenue.orgs AS o WHERE o.org_id = revenue.current_org(org);
  month_began := date_trunc('month', now() AT TIME ZONE chosen.time_zone) AT TIME ZONE chosen.time_zone;
  RETURN (
    WITH days AS (
      SELECT e.event_type, e.currency, (e.closed_at AT TIME ZONE chosen.time_zone)::date AS closed_on,
        count(*) AS events, count(e.amount) AS with_amount, sum(e.amount) AS amount
      FROM revenue.revenue_rows() AS e
      WHERE e.org_id = chosen.org_id AND e.closed_at >= month_began AND e.closed_at <= clock_timestamp()
      GROUP BY e.event_type, e.currency, closed_on
    ), types AS (
      SELECT d.event_type, sum(d.events) AS events, sum(d.amount * r.rate) AS revenue,
        coalesce(sum(d.events - CASE WHEN r.rate IS NULL THEN 0 ELSE d.with_amount END), 0) AS without_rate
      FROM days AS d
      LEFT JOIN LATERAL revenue.fx_rate_on(chosen.org_id, d.currency, chosen.base_currency, d.closed_on) AS r ON true
      GROUP BY d.event_type
    )
    SELECT jsonb_build_object('events', coalesce(sum(t.events), 0),
      'revenue', trim_scale(CASE WHEN count(*) = 0 THEN 0 ELSE sum(t.revenue) END),
      'events_without_rate', coalesce(sum(t.without_rate), 0), 'reporting_currency', chosen.base_currency,
      'by_type', coalesce(jsonb_object_agg(t.event_type, trim_scale(t.revenue)), '{}'))
    FROM types AS t);
END $$;
COMMENT ON FUNCTION revenue.month_revenue IS
  'The revenue of the month so far, as mtd() has it: {events, revenue, events_without_rate, reporting_currency, by_type}';

-- What an event changes in the forecast is worked out here, whoever inserts it, and nobody else writes it.
CREATE OR REPLACE FUNCTION revenue.forecast_won_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  zone text;
BEGIN
  IF revenue.restoring() THEN RETURN NEW; END IF;
  NEW.forecast_change := NULL;
  NEW.expected_changes := NULL;
  SELECT o.time_zone INTO zone
  FROM revenue.deals AS d JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id) JOIN revenue.orgs AS o USING (org_id)
  WHERE d.org_id = NEW.org_id AND d.deal_id = NEW.deal_id AND s.kind = 'open'
    AND NOT EXISTS (SELECT FROM revenue.revenue_events AS e
      WHERE e.org_id = NEW.org_id AND e.deal_id = NEW.deal_id AND e.forecast_change IS NOT NULL);
  IF NOT FOUND OR EXISTS (  -- made or reopened since today's base, a deal is not in it
      SELECT FROM revenue.forecast_bases AS b
      WHERE b.org_id = NEW.org_id AND (b.computed_at AT TIME ZONE zone)::date = (now() AT TIME ZONE zone)::date AND NOT EXISTS (
        SELECT FROM revenue.deal_history AS h JOIN revenue.stages AS s USING (org_id, pipeline_id, stage_id)
        WHERE h.org_id = NEW.org_id AND h.deal_id = NEW.deal_id AND s.kind = 'open'
          AND h.recorded_at <= b.computed_at AND h.superseded_at > b.computed_at
          AND h.valid_from <= b.computed_at AND h.valid_to > b.computed_at)) THEN
    RETURN NEW;
  END IF;
  NEW.forecast_change := -revenue.deal_forecast_share(NEW.deal_id, NEW.org_id);
  NEW.expected_changes := ARRAY(
    SELECT -share FROM unnest(revenue.deal_expected_shares(NEW.deal_id, NEW.org_id)) WITH ORDINALITY AS s(share, n) ORDER BY n);
  RETURN NEW;
END $$;
COMMENT ON FUNCTION revenue.forecast_won_event() IS 'Trigger: what the event of an open deal takes out of the forecast';

CREATE OR REPLACE TRIGGER forecast_won BEFORE INSERT ON revenue.revenue_events FOR EACH ROW
WHEN (NEW.event_type = 'deal_won' AND NEW.amount >= 0 AND NEW.deal_id IS NOT NULL) EXECUTE FUNCTION revenue.forecast_won_event();
CREATE OR REPLACE TRIGGER keep_key BEFORE UPDATE ON revenue.revenue_events FOR EACH ROW
WHEN (OLD.org_id <> NEW.org_id OR OLD.event_id <> NEW.event_id) EXECUTE FUNCTION revenue.refuse_key_change();

-- An event is a fact, and a correction one of its own. Whoever changes or deletes one all the same is in the audit log.
CREATE OR REPLACE FUNCTION revenue.audit_events() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed record;
BEGIN
  IF revenue.restoring() THEN RETURN NULL; END IF;
  IF TG_OP = 'UPDATE' THEN
    PERFORM revenue.audit('update_event', 'revenue_event', n.event_id, to_jsonb(o), to_jsonb(n), NULL, n.org_id)
    FROM old_rows AS o JOIN new_rows AS n USING (org_id, event_id)
    WHERE to_jsonb(o) - '{forecast_change,expected_changes}'::text[] <> to_jsonb(n) - '{forecast_change,expected_changes}'::text[];
  ELSIF (SELECT count(*) FROM old_rows) <= 1000 THEN
    PERFORM revenue.audit('delete_event', 'revenue_event', o.event_id, to_jsonb(o), NULL, NULL, o.org_id) FROM old_rows AS o;
  ELSE
    FOR changed IN
      SELECT o.org_id, jsonb_build_object('events', count(*), 'first', min(o.closed_at), 'last', max(o.closed_at)) AS what
      FROM old_rows AS o GROUP BY o.org_id
    LOOP
      PERFORM revenue.audit('delete_events', 'revenue_event', NULL, changed.what, NULL, NULL, changed.org_id);
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION revenue.audit_events() IS 'Trigger: who changed or deleted events; more than a thousand at once are one entry';

CREATE OR REPLACE TRIGGER audit_updated AFTER UPDATE ON revenue.revenue_events
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.audit_events();
CREATE OR REPLACE TRIGGER audit_deleted AFTER DELETE ON revenue.revenue_events
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION revenue.audit_events();

CREATE OR REPLACE FUNCTION revenue.log_deal(
  event_id text, event_type text DEFAULT 'deal_won', amount numeric DEFAULT NULL, currency text DEFAULT NULL,
  deal_id text DEFAULT NULL, contact_id text DEFAULT NULL, offer_id text DEFAULT NULL, platform text DEFAULT NULL,
  niche text DEFAULT NULL, source text DEFAULT NULL, days_to_close integer DEFAULT NULL, notes text DEFAULT NULL,
  closed_at timestamptz DEFAULT NULL, owner_rep_id text DEFAULT NULL, org integer DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen integer := revenue.require_org('member', org);
  said revenue.revenue_events;   -- the event as the call describes it
  known revenue.revenue_events;  -- as it is stored
  deal revenue.deals;
  contact revenue.contacts;
  stage_kind text;
  won_stage text;
  closes boolean;
  recorded boolean := false;
  contradiction text;
  outside text := current_setting('revenue.change_reason', true);
  zone text;
  base_currency text;
BEGIN
  PERFORM revenue.check_event(log_deal.event_id, log_deal.event_type, log_deal.amount, log_deal.days_to_close, log_deal.closed_at);
  SELECT o.time_zone, o.base_currency INTO zone, base_currency FROM revenue.orgs AS o WHERE o.org_id = chosen;
  said.amount := log_deal.amount;
  said.currency := revenue.currency_code(log_deal.currency);
  closes := log_deal.event_type = 'deal_won' AND coalesce(said.amount, 0) >= 0 AND log_deal.deal_id IS NOT NULL;

  IF closes THEN
    SELECT * INTO deal FROM revenue.deals AS d
    WHERE d.org_id = chosen AND d.deal_id = log_deal.deal_id FOR NO KEY UPDATE;
  END IF;
  IF deal.deal_id IS NULL AND log_deal.deal_id IS NOT NULL THEN
    SELECT * INTO deal FROM revenue.deals AS d WHERE d.org_id = chosen AND d.deal_id = log_deal.deal_id;
    IF closes AND FOUND THEN
      RAISE EXCEPTION 'deal "%" is not yours to close', log_deal.deal_id USING ERRCODE = 'insufficient_privilege',
        HINT = 'A member closes the deals of the rep he is; admins and owners close every deal.';
    END IF;
  END IF;
  SELECT * INTO known FROM revenue.revenue_events AS e WHERE e.org_id = chosen AND e.event_id = log_deal.event_id;

  IF NOT FOUND THEN
    IF log_deal.deal_id IS NOT NULL AND deal.deal_id IS NULL THEN
      RAISE EXCEPTION 'organisation % has no deal "%"', chosen, log_deal.deal_id USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Pass the deal_id of a row of revenue.deals, or none.';
    END IF;
    said.contact_id := coalesce(log_deal.contact_id, deal.contact_id);
    SELECT * INTO contact FROM revenue.contacts AS c WHERE c.org_id = chosen AND c.contact_id = said.contact_id;
    IF said.contact_id IS NOT NULL AND NOT FOUND THEN
      RAISE EXCEPTION 'organisation % has no contact "%"', chosen, said.contact_id USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Pass the contact_id of a row of revenue.contacts, or none.';
    END IF;
    IF log_deal.offer_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM revenue.offers AS f WHERE f.org_id = chosen AND f.offer_id = log_deal.offer_id) THEN
      RAISE EXCEPTION 'organisation % has no offer "%"', chosen, log_deal.offer_id USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Pass the offer_id of a row of revenue.offers, or none.';
    END IF;
    said.owner_rep_id := coalesce(log_deal.owner_rep_id, deal.owner_rep_id, contact.owner_rep_id,
      (SELECT r.rep_id FROM revenue.reps AS r WHERE r.org_id = chosen AND r.identity = revenue.caller_identity()));
    IF NOT (chosen = ANY (revenue.visible_orgs('admin'))
            OR chosen = ANY (revenue.visible_orgs('own')) AND coalesce(revenue.own_rep(chosen, said.owner_rep_id), false)) THEN
      RAISE EXCEPTION 'the event is not yours to log' USING ERRCODE = 'insufficient_privilege',
        HINT = 'A member logs the events of the rep he is; admins and owners log every event.';
    ELSIF said.owner_rep_id IS NOT NULL AND NOT EXISTS (
      SELECT FROM revenue.reps AS r WHERE r.org_id = chosen AND r.rep_id = said.owner_rep_id) THEN
      RAISE EXCEPTION 'organisation % has no rep "%"', chosen, said.owner_rep_id USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Pass the rep_id of a row of revenue.reps, or none.';
    END IF;
    IF said.amount IS NULL AND log_deal.event_type = 'deal_won' THEN
      -- Below 0 it would be a refund, which closes nothing.
      said.amount := CASE WHEN deal.amount >= 0 THEN deal.amount END;
      said.currency := coalesce(said.currency, deal.currency);
      IF said.currency <> deal.currency THEN said.amount := NULL; END IF;
    END IF;
    IF said.amount IS NULL THEN
      RAISE EXCEPTION 'the event has no amount' USING ERRCODE = 'invalid_parameter_value',
        HINT = 'Pass amount; only for deal_won may it be left out, where the deal has one in the same currency.';
    END IF;

    IF closes THEN
      SELECT s.kind INTO stage_kind FROM revenue.stages AS s
      WHERE s.org_id = chosen AND s.pipeline_id = deal.pipeline_id AND s.stage_id = deal.stage_id;
      IF stage_kind = 'won' THEN
        SELECT e.event_id INTO contradiction FROM revenue.revenue_events AS e
        WHERE e.org_id = chosen AND e.deal_id = deal.deal_id AND e.event_type = 'deal_won' AND e.amount >= 0 LIMIT 1;
        IF FOUND THEN
          RAISE EXCEPTION 'deal "%" was won by event "%"', deal.deal_id, contradiction USING ERRCODE = 'unique_violation',
            HINT = 'A deal is won once: log an upsell or a recurring_payment, or reopen the deal first.';
        END IF;
      END IF;
      IF stage_kind <> 'won' THEN
        SELECT s.stage_id INTO won_stage FROM revenue.stages AS s
        WHERE s.org_id = chosen AND s.pipeline_id = deal.pipeline_id AND s.kind = 'won' AND NOT s.retired ORDER BY s.position LIMIT 1;
        IF NOT FOUND THEN
          RAISE EXCEPTION 'pipeline "%" has no stage for won deals', deal.pipeline_id
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Add a stage of kind won to revenue.stages.';
        END IF;
      END IF;
    END IF;

    said.closed_at := coalesce(log_deal.closed_at, now());
    INSERT INTO revenue.revenue_events (org_id, event_id, event_type, contact_id, deal_id, owner_rep_id, offer_id, amount,
      currency, platform, niche, source, days_to_close, notes, closed_at)
    VALUES (chosen, log_deal.event_id, log_deal.event_type, said.contact_id, deal.deal_id, said.owner_rep_id, log_deal.offer_id,
      said.amount, coalesce(said.currency, deal.currency, base_currency), nullif(log_deal.platform, ''),
      nullif(log_deal.niche, ''), nullif(coalesce(log_deal.source, deal.source, contact.source), ''),
      coalesce(log_deal.days_to_close, CASE WHEN log_deal.event_type = 'deal_won'
        THEN floor(revenue.cycle_days(coalesce(deal.created_at, contact.created_at), said.closed_at, zone))::integer END),
      log_deal.notes, said.closed_at)
    ON CONFLICT (org_id, event_id) DO NOTHING RETURNING * INTO known;
    recorded := FOUND;
    IF NOT recorded THEN
      SELECT * INTO known FROM revenue.revenue_events AS e WHERE e.org_id = chosen AND e.event_id = log_deal.event_id;
    END IF;
  END IF;

  IF NOT recorded THEN
    -- What the call leaves out contradicts nothing; a deal that was deleted since is gone from the event too.
    contradiction := CASE
      WHEN log_deal.event_type <> known.event_type THEN 'event_type'
      WHEN said.amount <> known.amount THEN 'amount'
      WHEN said.currency <> known.currency THEN 'currency'
      WHEN log_deal.deal_id IS NOT NULL AND deal.deal_id IS DISTINCT FROM known.deal_id THEN 'deal_id'
      WHEN log_deal.contact_id IS DISTINCT FROM known.contact_id AND log_deal.contact_id IS NOT NULL THEN 'contact_id'
      WHEN log_deal.offer_id IS DISTINCT FROM known.offer_id AND log_deal.offer_id IS NOT NULL THEN 'offer_id'
      WHEN log_deal.platform IS DISTINCT FROM known.platform AND log_deal.platform <> '' THEN 'platform'
      WHEN log_deal.niche IS DISTINCT FROM known.niche AND log_deal.niche <> '' THEN 'niche'
      WHEN log_deal.source IS DISTINCT FROM known.source AND log_deal.source <> '' THEN 'source'
      WHEN log_deal.days_to_close IS DISTINCT FROM known.days_to_close AND log_deal.days_to_close IS NOT NULL THEN 'days_to_close'
      WHEN log_deal.notes IS DISTINCT FROM known.notes AND log_deal.notes IS NOT NULL THEN 'notes'
      WHEN log_deal.closed_at <> known.closed_at THEN 'closed_at'
      WHEN log_deal.owner_rep_id IS DISTINCT FROM known.owner_rep_id AND log_deal.owner_rep_id IS NOT NULL THEN 'owner_rep_id'
    END;
    IF contradiction IS NOT NULL THEN
      RAISE EXCEPTION 'event "%" is known with another %', log_deal.event_id, contradiction USING ERRCODE = 'unique_violation',
        HINT = 'The same event may come again; another one needs an event_id of its own, and a correction is an event too.';
    END IF;
  ELSIF closes THEN
    PERFORM set_config('revenue.change_reason', format('log_deal %s', log_deal.event_id), true);
    UPDATE revenue.deals AS d SET
      stage_id = coalesce(won_stage, d.stage_id),
      amount = CASE WHEN log_deal.amount IS NULL THEN d.amount ELSE known.amount END,
      currency = CASE WHEN log_deal.amount IS NULL THEN d.currency ELSE known.currency END,
      close_date = CASE WHEN won_stage IS NULL THEN d.close_date ELSE (known.closed_at AT TIME ZONE zone)::date END,
      forecast_category = CASE WHEN won_stage IS NULL THEN d.forecast_category ELSE 'closed' END,
      effective_at = log_deal.closed_at
    WHERE d.org_id = chosen AND d.deal_id = log_deal.deal_id;
    -- Where the deal moved after it closed, that it closed is news of now.
    UPDATE revenue.deals AS d SET stage_id = won_stage, closed_at = known.closed_at, forecast_category = 'closed',
      close_date = (known.closed_at AT TIME ZONE zone)::date
    WHERE d.org_id = chosen AND d.deal_id = log_deal.deal_id AND d.stage_id <> won_stage;
    PERFORM set_config('revenue.change_reason', coalesce(outside, ''), true);
  END IF;

  IF recorded AND NOT EXISTS (
    SELECT FROM revenue.forecast_bases AS b WHERE b.org_id = chosen
      AND (b.computed_at AT TIME ZONE zone)::date = (now() AT TIME ZONE zone)::date) THEN
    PERFORM revenue.refresh_forecast(chosen);
  END IF;
  RETURN jsonb_build_object(
    'event_id', known.event_id, 'recorded', recorded, 'deal_closed', won_stage IS NOT NULL AND recorded,
    'event', to_jsonb(known) - '{org_id,event_id,forecast_change,expected_changes,recorded_at}'::text[],
    'forecast', revenue.forecast_after_event(chosen),
    'mtd', revenue.month_revenue(chosen));
END $$;
COMMENT ON FUNCTION revenue.log_deal IS
  'Logs one revenue event, closes its deal as won where it is a deal_won with a deal and no refund, and answers {event_id, recorded, deal_closed, event, forecast, mtd}, all in one transaction. The same event again changes nothing (recorded: false); another one under a used event_id is an error. A member logs his own';
