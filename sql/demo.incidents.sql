-- The room demo: what goes wrong in it, for the alerts to find.

-- 22 mails a working day for half a year, of which a tenth is answered; in the last seven days half as
-- many are, and on one day, three weeks ago, the mail system was down. Contacts in decision get none, so
-- that nobody has touched them.
CREATE OR REPLACE FUNCTION revenue.load_demo_incidents(org integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  midnight timestamptz := (SELECT today::timestamp AT TIME ZONE o.time_zone FROM revenue.orgs o WHERE o.org_id = org);
  contacts bigint := (SELECT count(*) FROM revenue.contacts c WHERE c.org_id = org AND c.stage_id IS DISTINCT FROM 'decision');
BEGIN
  INSERT INTO revenue.activities (org_id, activity_id, contact_id, rep_id, kind, direction, outcome, subject, occurred_at)
  SELECT org, format('M-%s-%s', lpad(d.ago::text, 3, '0'), lpad(n.mail::text, 2, '0')), c.contact_id, c.owner_rep_id, 'email', 'outbound',
    CASE WHEN n.mail % CASE WHEN d.ago <= 7 THEN 20 ELSE 10 END = 3 THEN 'replied' END, 'Introduction',
    midnight + interval '1 minute' * (540 + 17 * n.mail - 1440 * d.ago)
  FROM generate_series(1, 180) d(ago)
  CROSS JOIN generate_series(1, 22) n(mail)
  JOIN (
    SELECT c.contact_id, c.owner_rep_id, row_number() OVER (ORDER BY c.contact_id) - 1 AS place
    FROM revenue.contacts c WHERE c.org_id = org AND c.stage_id IS DISTINCT FROM 'decision'
  ) c ON c.place = (d.ago * 22 + n.mail) % contacts
  WHERE extract(isodow FROM today - d.ago) < 6
    AND d.ago <> 21 + greatest(extract(isodow FROM today)::integer - 5, 0);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_incidents(integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_incidents(integer, date) IS
  'For load_demo(): mails to contacts, fewer of them answered in the last seven days, and none sent on one day';
