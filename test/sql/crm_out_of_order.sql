-- Events out of order: the newest valid value is the present, column by column, whichever came last.
CREATE EXTENSION revenue_intel;
SET client_min_messages = warning;
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT revenue.create_org('Webhooks', 'USD', 'UTC') AS org \gset
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, effective_at)
SELECT :org, d, 'prospecting', 100, 'USD', '2026-10-01', '2026-10-01' FROM unnest('{older,update_deal,won,reopened,column,currency,none}'::text[]) d;
CREATE VIEW past AS
SELECT deal_id, valid_from, valid_to, stage_id, amount::float AS amount, currency, name, stage_entered_at, closed_at
FROM revenue.deal_history WHERE superseded_at = 'infinity' ORDER BY deal_id, valid_from;

UPDATE revenue.deals SET stage_id = 'negotiation', amount = 300, effective_at = '2026-11-01 10:05' WHERE deal_id IN ('older', 'update_deal');
UPDATE revenue.deals SET stage_id = 'proposal', amount = 200, name = 'first word', effective_at = '2026-11-01 10:00' WHERE deal_id = 'older';
SELECT revenue.update_deal('update_deal', stage_id => 'proposal', amount => 200, effective_at => '2026-11-01 10:00');
SELECT deal_id, stage_id, amount::float AS amount, name, stage_entered_at, closed_at FROM revenue.deals WHERE deal_id IN ('older', 'update_deal') ORDER BY 1;
SELECT valid_from, valid_to, stage_id, amount, name, stage_entered_at FROM past WHERE deal_id = 'older';
SELECT action, new ->> 'stage_id' AS stage, new ->> 'effective_at' AS at FROM revenue.audit_log WHERE object_id = 'update_deal';

-- It was won before the late news of a proposal, and lost before the late news of a win.
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2026-11-01 10:05' WHERE deal_id = 'won';
UPDATE revenue.deals SET stage_id = 'proposal', effective_at = '2026-11-01 10:00' WHERE deal_id = 'won';
UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = '2026-10-10' WHERE deal_id = 'reopened';
UPDATE revenue.deals SET stage_id = 'closed_lost', effective_at = '2026-11-10' WHERE deal_id = 'reopened';
UPDATE revenue.deals SET stage_id = 'negotiation', effective_at = '2026-11-05' WHERE deal_id = 'reopened';
SELECT deal_id, stage_id, stage_entered_at, closed_at FROM revenue.deals WHERE deal_id IN ('won', 'reopened') ORDER BY 1;
SELECT deal_id, valid_from, stage_id, closed_at FROM past WHERE deal_id IN ('won', 'reopened');

-- Each column for itself: the later write spoke of the amount alone, so that the stage goes on.
UPDATE revenue.deals SET amount = 300, effective_at = '2026-11-01 10:05' WHERE deal_id = 'column';
UPDATE revenue.deals SET amount = 200, stage_id = 'proposal', effective_at = '2026-11-01 10:00' WHERE deal_id = 'column';
-- An amount goes with its currency.
UPDATE revenue.deals SET amount = 300, effective_at = '2026-11-01 10:05' WHERE deal_id = 'currency';
UPDATE revenue.deals SET amount = 200, currency = 'EUR', effective_at = '2026-11-01 10:00' WHERE deal_id = 'currency';
SELECT deal_id, stage_id, amount::float AS amount, currency, stage_entered_at FROM revenue.deals WHERE deal_id IN ('column', 'currency') ORDER BY 1;
-- A write of now is newer than any, and says nothing about what it leaves as it is.
UPDATE revenue.deals SET amount = 300 WHERE deal_id = 'none';
UPDATE revenue.deals SET amount = 200, stage_id = 'proposal', effective_at = '2026-11-01 10:00' WHERE deal_id = 'none';
SELECT stage_id, amount::float AS amount FROM revenue.deals WHERE deal_id = 'none';
-- A deal whose first message is not its first: the second is older. One that was only inserted says nothing of since when.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, effective_at) VALUES (:org, 'first', 'negotiation', 300, 'USD', '2026-11-01 10:05');
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency) VALUES (:org, 'inserted', 'prospecting', 300, 'USD');
UPDATE revenue.deals SET stage_id = 'proposal', amount = 200, effective_at = '2026-11-01 10:00' WHERE deal_id IN ('first', 'inserted');
SELECT deal_id, stage_id, amount::float AS amount FROM revenue.deals WHERE deal_id IN ('first', 'inserted') ORDER BY 1;
SELECT valid_from, stage_id, amount FROM past WHERE deal_id = 'first';
SELECT count(*) AS differ FROM (
  SELECT deal_id, stage_id, amount, currency, name, stage_entered_at, closed_at FROM revenue.deals
  EXCEPT SELECT deal_id, stage_id, amount, currency, name, stage_entered_at, closed_at FROM revenue.deals_as_of(clock_timestamp())) x;

-- Every order of the same messages gives the same present and the same past.
CREATE TEMP TABLE messages (at timestamptz, stage_id text, amount numeric, name text);
INSERT INTO messages VALUES ('2026-10-10', 'qualification', NULL, NULL), ('2026-10-20', 'proposal', 250, 'two'), ('2026-10-25', NULL, 270, NULL), ('2026-11-05', 'closed_won', NULL, NULL);
CREATE FUNCTION send(deal text, message messages) RETURNS void LANGUAGE sql AS $$
  UPDATE revenue.deals SET stage_id = coalesce(message.stage_id, deals.stage_id), amount = coalesce(message.amount, deals.amount),
    name = coalesce(message.name, deals.name), effective_at = message.at WHERE deal_id = deal
$$;
DO $$
DECLARE
  orders text[] := ARRAY['1234', '1243', '1324', '1342', '1423', '1432', '2134', '2143', '2314', '2341', '2413', '2431',
    '3124', '3142', '3214', '3241', '3412', '3421', '4123', '4132', '4213', '4231', '4312', '4321'];
  o text;
  n integer;
BEGIN
  FOREACH o IN ARRAY orders LOOP
    INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, created_at, effective_at)
    VALUES (1, 'o' || o, 'prospecting', 100, 'USD', '2026-10-01', '2026-10-01');
    FOR n IN 1 .. 4 LOOP
      PERFORM send('o' || o, m) FROM (SELECT * FROM messages ORDER BY at OFFSET substr(o, n, 1)::integer - 1 LIMIT 1) m;
    END LOOP;
  END LOOP;
END $$;
SELECT stage_id, amount::float AS amount, name, stage_entered_at, closed_at, count(*) FROM revenue.deals WHERE deal_id ~ '^o[0-9]' GROUP BY 1, 2, 3, 4, 5;
SELECT d.day, d.stage_id, d.amount, d.name, count(*) FROM (
  SELECT s.day::date, d.stage_id, d.amount::float AS amount, d.name FROM unnest('{2026-10-05,2026-10-15,2026-10-22,2026-11-01,2026-11-10}'::timestamptz[]) AS s(day)
  CROSS JOIN LATERAL revenue.deals_as_of(s.day) AS d WHERE d.deal_id ~ '^o[0-9]') d GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4;

-- A deal that turns out to be older, twice: what its first row told is a word of its own, though the values before it
-- were carried back from there.
INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency, owner_rep_id, effective_at)
VALUES (:org, 'twice older', 'closed_won', 100, 'USD', NULL, '2026-05-10'), (:org, 'twice, open', 'proposal', 500, 'USD', NULL, '2026-05-10');
UPDATE revenue.deals SET name = 'Early', effective_at = '2026-05-01' WHERE deal_id LIKE 'twice%';
UPDATE revenue.deals SET stage_id = 'qualification', amount = 70, effective_at = '2026-03-01' WHERE deal_id LIKE 'twice%';
UPDATE revenue.deals SET segment = 'small', amount = 80, effective_at = '2026-05-05' WHERE deal_id LIKE 'twice%';
SELECT deal_id, stage_id, amount::float AS amount, name, segment, closed_at FROM revenue.deals WHERE deal_id LIKE 'twice%' ORDER BY 1;
SELECT deal_id, valid_from, stage_id, amount::float AS amount, name, segment FROM revenue.deal_history
WHERE deal_id LIKE 'twice%' AND superseded_at = 'infinity' ORDER BY 1, 2;

-- Columns of a user's own do no harm: neither to what is read, nor to what is kept.
ALTER TABLE revenue.deals ADD COLUMN weather text DEFAULT 'fine';
UPDATE revenue.deals SET weather = 'bad', amount = 500 WHERE deal_id = 'older';
UPDATE revenue.deals SET weather = 'worse', effective_at = '2026-11-03' WHERE deal_id = 'older';
UPDATE revenue.deals SET amount = 400, effective_at = '2026-11-02' WHERE deal_id = 'older';
INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, amount) VALUES (:org, 'older', '2026-10-15', 150);
SELECT amount::float AS amount, weather FROM revenue.deals WHERE deal_id = 'older';
SELECT amount::float AS amount FROM unnest('{2026-10-10,2026-10-16,2026-11-02,2026-11-04}'::timestamptz[]) AS d, revenue.deals_as_of(d) WHERE deal_id = 'older' ORDER BY d;
SELECT count(*) AS versions FROM revenue.deal_history \gset
SELECT revenue.refresh_deal_history();
SELECT count(*) - :versions AS added FROM revenue.deal_history;
SELECT count(*) > 0 AS scored FROM revenue.deal_scores;
SELECT revenue.update_deal('older', amount => 600) -> 'changed' -> 'amount' ->> 'new' AS amount;
SELECT count(*) > 0 AS explained FROM revenue.pipeline_waterfall('2026-10-01', '2026-11-10', '-infinity', 'infinity');
ALTER TABLE revenue.deals DROP COLUMN weather;
DROP VIEW past;
DROP EXTENSION revenue_intel CASCADE;
