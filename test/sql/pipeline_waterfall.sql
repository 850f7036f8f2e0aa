-- Every way into and out of the pipeline, by hand. Window: the second quarter of 2026.
CREATE EXTENSION revenue_intel;
SET datestyle = ISO;
SET timezone = 'UTC';
SELECT revenue.create_org('Waterfall', 'USD', 'UTC') AS org \gset
INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) VALUES
  (:org, 'EUR', '2026-01-01', 1.10), (:org, 'EUR', '2026-05-01', 1.20), (:org, 'CHF', '2026-05-01', 1.25);
SELECT revenue.add_pipeline('partner', '[{"stage_id": "talk"}, {"stage_id": "won", "kind": "won"}]', org => :org);
INSERT INTO revenue.reps (org_id, rep_id, name) SELECT :org, r, r FROM unnest('{ann,ben,mia,max}'::text[]) r;
INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from, valid_to) VALUES
  (:org, 'ann', 'mia', '2020-01-01', '2026-04-20'), (:org, 'ann', 'max', '2026-04-20', 'infinity'),
  (:org, 'ben', 'max', '2020-01-01', 'infinity');

-- A version a row, valid until the next of the deal; stage NULL = deleted.
CREATE FUNCTION remember(versions text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO revenue.deal_history (org_id, deal_id, valid_from, valid_to, recorded_at, created_at, stage_entered_at,
    pipeline_id, stage_id, amount, currency, close_date, closed_at, owner_rep_id, segment)
  SELECT o.org_id, deal_id, since, until, since, since, since, coalesce(pipeline, 'sales'), stage, amount,
    coalesce(currency, 'USD'), close_date, CASE WHEN stage ~ 'won|lost' THEN since END, coalesce(rep, 'ann'), 'smb'
  FROM (
    SELECT v[1] AS deal_id, v[2]::timestamptz AS since, nullif(v[3], '') AS stage, v[4]::numeric AS amount,
      nullif(v[5], '-')::date AS close_date, v[6] AS currency, v[7] AS rep, v[8] AS pipeline,
      coalesce(lead(v[2]::timestamptz) OVER (PARTITION BY v[1] ORDER BY v[2]::timestamptz), 'infinity') AS until
    FROM regexp_split_to_table(trim(versions), '\n') AS line,
      LATERAL (SELECT ARRAY(SELECT nullif(trim(f), '.') FROM regexp_split_to_table(line, ' +') f WHERE f <> '')) AS s(v)
  ) v, revenue.orgs o WHERE stage <> 'deleted'
$$;
SELECT remember($$
stays          2026-03-01 proposal    100 2026-05-31
raised         2026-03-01 proposal    100 2026-05-31
raised         2026-05-01 proposal    150 2026-05-31
lowered        2026-03-01 proposal    100 2026-05-31
lowered        2026-05-01 proposal     60 2026-06-30
won            2026-03-01 proposal    100 2026-05-31
won            2026-05-01 closed_won  120 2026-05-01
lost           2026-03-01 proposal    100 2026-05-31
lost           2026-05-01 closed_lost 100 2026-05-01
deleted        2026-03-01 proposal    100 2026-05-31
deleted        2026-05-01 deleted
pushed         2026-03-01 proposal    100 2026-05-31
pushed         2026-05-01 proposal     90 2026-07-01
advanced       2026-03-01 proposal    100 2026-05-31
advanced       2026-05-01 proposal    100 2026-03-31
created        2026-05-01 proposal     70 2026-04-01
created_won    2026-04-15 proposal     70 2026-06-30
created_won    2026-05-01 closed_won   80 2026-05-01
reopened       2026-03-01 closed_lost  55 2026-03-01
reopened       2026-05-01 proposal     50 2026-06-30
reopened_won   2026-03-01 closed_lost  25 2026-03-01
reopened_won   2026-04-15 proposal     25 2026-06-30
reopened_won   2026-05-01 closed_won   25 2026-05-01
corrected      2026-03-01 closed_won   99 2026-04-02
corrected      2026-05-01 closed_lost  99 2026-04-02
pulled         2026-03-01 proposal     40 2026-09-01
pulled         2026-05-01 proposal     45 2026-06-01
pulled_won     2026-03-01 proposal     40 2026-09-01
pulled_won     2026-05-01 closed_won   42 2026-05-01
carried        2026-03-01 proposal     30 2026-03-31
carried        2026-05-01 proposal     30 2026-06-01
moved          2026-03-01 proposal    100 2026-05-31
moved          2026-05-01 talk        110 2026-05-31 . . partner
out_of_sight   2026-03-01 proposal    100 2026-05-31
out_of_sight   2026-05-01 no_stage    100 2026-05-31
euro           2026-03-01 proposal    100 2026-05-31 EUR
euro_raised    2026-03-01 proposal    100 2026-05-31 EUR
euro_raised    2026-05-01 proposal    150 2026-05-31 EUR
recoined       2026-03-01 proposal    100 2026-05-31 EUR
recoined       2026-05-01 proposal    100 2026-05-31 USD
rate_comes     2026-03-01 proposal    100 2026-05-31 CHF
no_rate        2026-03-01 proposal    100 2026-05-31 XXX
no_amount      2026-03-01 proposal      . 2026-05-31
amount_comes   2026-03-01 proposal      . 2026-05-31
amount_comes   2026-05-01 proposal     20 2026-05-31
date_comes     2026-03-01 proposal     15 -
date_comes     2026-05-01 proposal     15 2026-05-31
date_goes      2026-03-01 proposal     15 2026-05-31
date_goes      2026-05-01 proposal     15 -
elsewhere      2026-03-01 proposal     11 2026-09-01
came_and_went  2026-04-15 proposal     12 2026-05-31
came_and_went  2026-05-01 deleted
handed_over    2026-03-01 proposal    200 2026-05-31 . ann
handed_over    2026-05-01 proposal    210 2026-05-31 . ben
handed_pushed  2026-03-01 proposal    300 2026-05-31 . ann
handed_pushed  2026-05-01 proposal    300 2026-08-31 . ben
handed_pulled  2026-03-01 proposal    400 2026-08-31 . ann
handed_pulled  2026-05-01 proposal    400 2026-05-31 . ben
handed_won     2026-03-01 proposal    500 2026-05-31 . ann
handed_won     2026-05-01 closed_won  500 2026-05-01 . ben
advances       2026-03-01 proposal    600 2026-05-31
advances       2026-05-01 negotiation 600 2026-05-31
slips_later    2026-03-01 proposal    700 2026-05-31
slips_later    2026-07-05 proposal    700 2026-08-31
won_later      2026-03-01 proposal    800 2026-05-31
won_later      2026-07-05 closed_won  800 2026-07-05
new_slips      2026-05-01 proposal    900 2026-05-31
$$);

CREATE FUNCTION moves(opening timestamptz, closing timestamptz, dimension text DEFAULT 'all', hierarchy text DEFAULT 'then')
RETURNS SETOF revenue.deal_movements LANGUAGE sql AS
  $$ SELECT * FROM revenue.deal_movements(opening, closing, '2026-04-01', '2026-07-01', dimension, hierarchy) $$;
\set month '''2026-04-10'', ''2026-05-10'''

SELECT deal_id, pipeline_id AS pipeline, trim_scale(opening_value) AS opening, entry_kind, trim_scale(entry_value) AS entry,
  trim_scale(increase) AS up, trim_scale(decrease) AS down, trim_scale(fx) AS fx,
  exit_kind, trim_scale(exit_value) AS exit, trim_scale(closing_value) AS closing,
  nullif(concat_ws(' ', CASE WHEN opening_without_value THEN 'opening' END, CASE WHEN closing_without_value THEN 'closing' END), '') AS unknown
FROM moves(:month) ORDER BY deal_id COLLATE "C", pipeline_id;

-- The same in total, with what it closes with.
SELECT pipeline_id, line_no, line, deal_count, value, deals_without_value
FROM revenue.pipeline_waterfall(:month, '2026-04-01', '2026-07-01') ORDER BY pipeline_id DESC, line_no;

-- The sets: a deal that changes hands stands in both, and every line but the transfers adds up to the whole.
SELECT member, deal_id, trim_scale(opening_value) AS opening, entry_kind, trim_scale(entry_value) AS entry,
  trim_scale(increase) AS up, exit_kind, trim_scale(exit_value) AS exit, trim_scale(closing_value) AS closing
FROM moves(:month, 'rep') WHERE deal_id ~ '^handed' ORDER BY deal_id, exit_kind DESC;
SELECT member, deal_id, entry_kind, exit_kind FROM moves(:month, 'stage') WHERE deal_id IN ('advances', 'won', 'created_won') ORDER BY 2, 1;
SELECT hierarchy, coalesce(member, '?') AS manager, count(*) AS rows, sum(closing_value)::integer AS closing,
  count(*) FILTER (WHERE exit_kind = 'transferred_out') AS "out", count(*) FILTER (WHERE entry_kind = 'transferred_in') AS "in"
FROM unnest('{then,now}'::text[]) AS hierarchy, moves(:month, 'manager', hierarchy) WHERE pipeline_id = 'sales' AND deal_id ~ 'handed|stays'
GROUP BY 1, 2 ORDER BY 1, 2;

CREATE FUNCTION broken(opening timestamptz, closing timestamptz) RETURNS TABLE (rule text, what text) LANGUAGE sql AS $$
  WITH lines AS (
    SELECT d.dimension, h.hierarchy, w.* FROM unnest('{all,stage,segment,rep,manager}'::text[]) AS d(dimension),
      unnest(CASE d.dimension WHEN 'manager' THEN '{then,now}'::text[] ELSE '{then}' END) AS h(hierarchy),
      revenue.pipeline_waterfall(opening, closing, '2026-04-01', '2026-07-01', d.dimension, h.hierarchy) AS w
  )
  SELECT 'a deal', m.deal_id FROM unnest('{all,stage,segment,rep,manager}'::text[]) AS d(dimension), moves(opening, closing, d.dimension) m
  WHERE opening_value + entry_value + increase - decrease + fx - exit_value <> closing_value
  UNION ALL
  SELECT 'a member', concat_ws(' ', dimension, pipeline_id, member) FROM lines GROUP BY dimension, hierarchy, pipeline_id, member
  HAVING sum(CASE line WHEN 'closing' THEN -value ELSE value END) <> 0
  UNION ALL
  SELECT 'the whole', concat_ws(' ', w.dimension, w.line) FROM lines w
  WHERE w.line NOT LIKE 'transferred%' GROUP BY w.dimension, w.hierarchy, w.line
  HAVING (sum(w.value), sum(w.deal_count)) IS DISTINCT FROM (
    SELECT (sum(a.value), sum(a.deal_count)) FROM lines a WHERE a.dimension = 'all' AND a.line = w.line)
$$;
SELECT * FROM broken(:month);
SELECT * FROM broken('2026-04-10', '2026-07-10');
SELECT * FROM broken('2026-07-10', '2026-08-10');

-- Once the window has ended nothing is in it: what was open then has slipped. What was moved on before
-- was pushed. Later fates still show, won before slipped.
SELECT deal_id, entry_kind, exit_kind, trim_scale(exit_value) AS exit, closing_value::integer AS closing FROM moves('2026-04-10', '2026-07-10')
WHERE deal_id IN ('slips_later', 'won_later', 'new_slips', 'stays', 'pushed', 'created', 'advanced') ORDER BY deal_id;
SELECT exit_kind, count(*) FROM moves('2026-04-10', '2026-07-01') GROUP BY 1 ORDER BY 1;
SELECT count(*) AS after_the_end FROM moves('2026-07-10', '2026-08-10');

-- What it closes with at one instant it opens with at the same.
SELECT (SELECT value FROM revenue.pipeline_waterfall('2026-04-10', '2026-05-01', '2026-04-01', '2026-07-01') WHERE line = 'closing' AND pipeline_id = 'sales')
     = (SELECT value FROM revenue.pipeline_waterfall('2026-05-01', '2026-06-10', '2026-04-01', '2026-07-01') WHERE line = 'opening' AND pipeline_id = 'sales') AS continuous;
-- A viewer gets no line of fewer than five deals, no reps and no deal.
SET client_min_messages = warning;
DROP ROLE IF EXISTS regress_waterfall_viewer;
CREATE ROLE regress_waterfall_viewer;
SELECT revenue.add_member('regress_waterfall_viewer', 'viewer');
SET ROLE regress_waterfall_viewer;
SELECT line, deal_count, value FROM revenue.pipeline_waterfall(:month, '2026-04-01', '2026-07-01') WHERE pipeline_id = 'sales' ORDER BY line_no;
SELECT (SELECT count(*) FROM revenue.pipeline_waterfall(:month, '2026-04-01', '2026-07-01', 'segment')) > 0 AS segments,
  (SELECT count(*) FROM revenue.pipeline_waterfall(:month, '2026-04-01', '2026-07-01', 'rep')) AS reps,
  (SELECT count(*) FROM revenue.pipeline_waterfall(:month, '2026-04-01', '2026-07-01', 'manager')) AS managers,
  (SELECT count(*) FROM moves(:month)) AS deals;
RESET ROLE;
SELECT revenue.remove_member('regress_waterfall_viewer');
DROP OWNED BY regress_waterfall_viewer;
DROP ROLE regress_waterfall_viewer;

-- A window without an end also holds deals without a close date; over all dates it is the open pipeline.
SELECT count(*) FILTER (WHERE deal_id = 'date_goes' AND exit_kind = 'stays') AS kept, count(*) FILTER (WHERE exit_kind = 'stays') = (
  SELECT count(*) FROM revenue.deals_as_of('2026-05-10') JOIN revenue.stages USING (org_id, pipeline_id, stage_id) WHERE kind = 'open') AS all_open
FROM revenue.deal_movements(:month, '-infinity', 'infinity');

-- Defaults: the fiscal quarter at the closing, the last 7 days, three months where one side is given.
SELECT revenue.set_org_settings(fiscal_year_start => 2);
SELECT closing::date AS closing, opening_at::date AS opening, period_from, period_to
FROM unnest('{2026-01-31 12:00,2026-02-01 00:00,2026-07-31 23:59,2026-12-31}'::timestamptz[]) AS closing, revenue.waterfall_windows(NULL, closing, NULL, NULL);
SELECT period_from, period_to FROM revenue.waterfall_windows('2026-01-01', '2026-01-02', '2026-03-15', NULL)
UNION ALL SELECT period_from, period_to FROM revenue.waterfall_windows('2026-01-01', '2026-01-02', NULL, '2026-03-15');
-- The end of a window is midnight where the organisation is.
SELECT revenue.set_org_settings(time_zone => 'America/New_York');
SELECT ends_at FROM revenue.waterfall_windows('2026-01-01', '2026-01-02', '2026-04-01', '2026-07-01');

\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT * FROM revenue.deal_movements('2026-05-10', '2026-04-10');
SELECT * FROM revenue.pipeline_waterfall('2026-04-10', '2026-05-10', '2026-07-01', '2026-07-01');
SELECT * FROM revenue.pipeline_waterfall('2026-04-10', '2026-05-10', '-infinity');
SELECT * FROM revenue.pipeline_waterfall('2026-04-10', '2026-05-10', dimension => 'colour');
SELECT * FROM revenue.deal_movements('2026-04-10', '2026-05-10', hierarchy => 'later');
SELECT * FROM revenue.deal_movements('-infinity');

-- A deal written in this transaction is there: the present is read from the deals themselves.
BEGIN;
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, close_date, created_at)
VALUES (:org, 'now', 'proposal', 5, 'USD', current_date, now());
SELECT entry_kind, exit_kind, entry_value::integer FROM revenue.deal_movements(window_from => current_date, window_to => current_date + 2) WHERE deal_id = 'now';
ROLLBACK;
DROP FUNCTION broken, moves, remember;
DROP EXTENSION revenue_intel;
