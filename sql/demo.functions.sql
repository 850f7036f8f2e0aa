-- The room demo: an organisation with invented data, the same on every machine.
--
-- Every row is computed by a hash from the seed and its own number, so that no plan and no setting can
-- change it, and is placed in time by its distance from the day of loading, so that deals are overdue,
-- silent or about to close on any day.

-- Draws and words -----------------------------------------------------------------------------

-- Tables partitioned by hash rely on hashint8extended, so its answers never change.
CREATE OR REPLACE FUNCTION revenue.demo_draw(seed integer, stream integer, item bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT (pg_catalog.hashint8extended(item, seed::bigint * 1000 + stream) & 9007199254740991)::double precision
    / 9007199254740992;
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_draw(integer, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_draw(integer, integer, bigint) IS
  'For demo data: a number from 0 to below 1, evenly spread and always the same for a seed, a stream and an item';

CREATE OR REPLACE FUNCTION revenue.demo_pick(words text[], draw double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT words[1 + floor(draw * cardinality(words))::integer];
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_pick(text[], double precision) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_pick(text[], double precision) IS
  'For demo data: one of the words, by a draw from 0 to below 1';

CREATE OR REPLACE FUNCTION revenue.demo_words(kind text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT CASE kind
    WHEN 'first name' THEN '{Amara,Bruno,Chloe,Daniel,Elif,Felix,Grace,Hiro,Ines,Jonas,Keiko,Liam,Maya,Noah,
      Olga,Pablo,Quentin,Rosa,Samir,Tessa,Umar,Vera,Wanda,Xenia,Yusuf,Zoe,Aiko,Ben,Carla,Dmitri,Emma,Farid,
      Gwen,Hugo,Ivy,Jamal,Katrin,Lena,Marco,Nadia}'::text[]
    WHEN 'last name' THEN '{Abbott,Bauer,Castro,Dubois,Eriksen,Fischer,Garcia,Haddad,Ito,Jansen,Kowalski,
      Larsen,Moreau,Nakamura,Okafor,Petrov,Quinn,Rossi,Schmidt,Tanaka,Ueda,Vargas,Walsh,Xu,Yilmaz,Zhang,
      Almeida,Brandt,Costa,Dunn,Ekholm,Ferrari,Greene,Hughes,Ivanov,Jensen,Keller,Lindqvist,Marino,Novak,Osei}'
    WHEN 'company' THEN '{Alder,Beacon,Cedar,Delta,Ember,Falcon,Granite,Harbour,Indigo,Juniper,Kestrel,Lantern,
      Meridian,Northlight,Orchid,Pioneer,Quarry,Redwood,Summit,Tidewater,Upland,Vantage,Willow,Yarrow,Zenith,
      Amber,Birch,Copper,Dawn,Echo,Fern,Garnet,Hazel,Iron,Jade,Keystone,Linden,Maple,Nova,Onyx,Poplar,Quartz,
      River,Sierra,Thistle,Umbra,Valley,Wren,Aspen,Bluff,Coral,Dune,Elm,Flint,Grove,Heron,Isle,Larch,Mesa,Opal,
      Prairie}'
    WHEN 'place' THEN '{Bay,Bridge,Brook,Canyon,Cliff,Coast,Creek,Crest,Dale,Field,Ford,Forest,Gate,Glen,Heath,
      Hill,Hollow,Lake,Meadow,Moor,Park,Peak,Point,Ridge,Rock,Shore,Spring,Stone,Stream,Vale,Wood}'
    WHEN 'add-on' THEN '{Forecasting,Insights,Sandbox,Audit,Archive,Automation,Residency,Analytics,Integration,
      Mobile,Training}'
  END;
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_words(text) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_words(text) IS 'For demo data: the words that names are made of';

CREATE OR REPLACE FUNCTION revenue.demo_person(number bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT (revenue.demo_words('first name'))[1 + (number * 7 % 40)::integer] || ' '
    || (revenue.demo_words('last name'))[1 + (number * 11 % 41)::integer];
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_person(bigint) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_person(bigint) IS 'For demo data: the name of a person; 1,640 in a row differ';

CREATE OR REPLACE FUNCTION revenue.demo_company(number bigint, industry text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC
  SELECT concat_ws(' ',
    (revenue.demo_words('company'))[1 + (number * 23 % 61)::integer],
    CASE WHEN number > 61 THEN (revenue.demo_words('place'))[1 + (number / 61 * 7 % 31)::integer] END,
    revenue.demo_pick(CASE industry
      WHEN 'technology' THEN '{Systems,Labs,Robotics}'::text[]
      WHEN 'software' THEN '{Software,Cloud,Data}'
      WHEN 'financial_services' THEN '{Capital,Bank,Insurance}'
      WHEN 'healthcare' THEN '{Health,Clinics,Biotech}'
      WHEN 'manufacturing' THEN '{Works,Motors,Materials}'
      WHEN 'retail' THEN '{Stores,Market,Outfitters}'
      WHEN 'education' THEN '{College,Academy,Learning}'
      WHEN 'government' THEN '{Council,County,Agency}'
      WHEN 'telecommunications' THEN '{Telecom,Networks,Wireless}'
      ELSE '{Consulting,Logistics,Partners}' END, revenue.demo_draw(0, 0, number)),
    CASE WHEN number > 1891 THEN (1 + number / 1891)::text END);
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_company(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_company(bigint, text) IS
  'For demo data: the name of a company of an industry; no two numbers have the same';

-- Four deals a year are closed for each that is open, which a cycle of two to three months leaves open.
CREATE OR REPLACE FUNCTION revenue.demo_size(deals integer, years integer,
  OUT closed integer, OUT sellers integer, OUT accounts integer, OUT addons integer)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (deals BETWEEN 1 AND 1000000) IS NOT TRUE THEN
    RAISE EXCEPTION 'there is no demo of % deals', coalesce(deals::text, 'NULL') USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass so many open deals, from 1 to 1000000; from 17 on every case is there.';
  ELSIF (years BETWEEN 1 AND 10) IS NOT TRUE THEN
    RAISE EXCEPTION 'there is no demo of % years', coalesce(years::text, 'NULL') USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass so many years of closed deals, from 1 to 10.';
  END IF;
  closed := greatest(13, 4 * years * deals);
  sellers := greatest(6, sqrt(deals + closed)::integer / 2);
  accounts := greatest(10, (deals + closed) * 5 / 6);
  addons := greatest(2, sqrt(sqrt(deals + closed))::integer);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.demo_size(integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_size(integer, integer) IS
  'For demo data: how many closed deals, sellers, accounts and add-ons go with so many open deals and years, or an error where there is no such demo';

-- Who is there, and what is sold --------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.load_demo_reps(org integer, deals integer, years integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sellers integer := (revenue.demo_size(deals, years)).sellers;
  past integer := 365 * years + 400;
  midnight timestamptz := (SELECT today::timestamp AT TIME ZONE o.time_zone FROM revenue.orgs o WHERE o.org_id = org);
BEGIN
  -- Sellers are dealt to three regions in turn, eight to a team, each team with its manager.
  INSERT INTO revenue.reps (org_id, rep_id, name, team, region, active, created_at)
  SELECT org, p.rep_id, p.name, coalesce(g.region || coalesce(' ' || nullif(p.team_no + 1, 1), ''), 'Sales'), g.region,
    p.active, midnight - p.since * interval '24 hours'
  FROM (
    SELECT 'R-' || lpad(s::text, 4, '0') AS rep_id, revenue.demo_person(s) AS name, s % 3 AS region_no, s / 24 AS team_no,
      s % 11 <> 10 AS active, past + s % 400 AS since FROM generate_series(0, sellers - 1) s
    UNION ALL
    SELECT 'M-' || lpad(m::text, 4, '0'), revenue.demo_person(1600 - m), m % 3, m / 3, true, past + 400
    FROM generate_series(0, 3 * ((sellers + 23) / 24) - 1) m
    UNION ALL
    SELECT 'H-0000', revenue.demo_person(1601), NULL, NULL, true, past + 800) p
  LEFT JOIN (VALUES (0, 'North America'), (1, 'EMEA'), (2, 'APAC')) g(region_no, region) ON g.region_no = p.region_no;

  -- Every fourth seller came from the next region's team some months ago.
  INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from, valid_to)
  SELECT org, 'R-' || lpad(s::text, 4, '0'), 'M-' || lpad(m.manager::text, 4, '0'), m.valid_from, m.valid_to
  FROM generate_series(0, sellers - 1) s
  CROSS JOIN LATERAL (SELECT today - past - s % 400 AS hired, today - 120 - s % 7 * 10 AS moved) t
  CROSS JOIN LATERAL (
    SELECT s % 3 + 3 * (s / 24) AS manager, CASE WHEN s % 4 = 1 THEN t.moved ELSE t.hired END AS valid_from,
      'infinity'::date AS valid_to
    UNION ALL
    SELECT (s + 1) % 3 + 3 * (s / 24), t.hired, t.moved WHERE s % 4 = 1) m
  UNION ALL
  SELECT org, r.rep_id, 'H-0000', today - past - 400, 'infinity'
  FROM revenue.reps r WHERE r.org_id = org AND r.rep_id LIKE 'M-%';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_reps(integer, integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_reps(integer, integer, integer, date) IS
  'For load_demo(): sellers, managers and the head of sales, and who reported to whom when';

CREATE OR REPLACE FUNCTION revenue.load_demo_catalogue(org integer, deals integer, years integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO revenue.pipelines (org_id, pipeline_id, name, kind) VALUES (org, 'funnel', 'Contact funnel', 'contact');
  INSERT INTO revenue.stages (org_id, pipeline_id, stage_id, name, position, kind, qualified) VALUES
    (org, 'funnel', 'cold', 'Cold', 10, 'open', false),
    (org, 'funnel', 'awareness', 'Awareness', 20, 'open', false),
    (org, 'funnel', 'consideration', 'Consideration', 30, 'open', false),
    (org, 'funnel', 'decision', 'Decision', 40, 'open', true),
    (org, 'funnel', 'call_booked', 'Call booked', 50, 'open', true),
    (org, 'funnel', 'closed', 'Closed', 60, 'won', true);

  -- Plans and add-ons cost so much a user and month, offers once.
  INSERT INTO revenue.products (org_id, product_id, name, family, list_price, currency) VALUES
    (org, 'starter', 'Starter', 'plan', 29, 'USD'),
    (org, 'professional', 'Professional', 'plan', 59, 'USD'),
    (org, 'enterprise', 'Enterprise', 'plan', 99, 'USD'),
    (org, 'strategic', 'Strategic', 'plan', 149, 'USD'),
    (org, 'safari_automation', 'Safari automation', 'offer', 2500, 'USD'),
    (org, 'creator_growth', 'Creator growth', 'offer', 1500, 'USD'),
    (org, 'ai_automation', 'AI automation', 'offer', 3500, 'USD'),
    (org, 'personal_brand', 'Personal brand', 'offer', 997, 'USD');
  INSERT INTO revenue.products (org_id, product_id, name, family, list_price, currency)
  SELECT org, 'addon_' || a,
    (revenue.demo_words('add-on'))[1 + (a - 1) % 11] || ' add-on' || coalesce(' ' || nullif(1 + (a - 1) / 11, 1), ''),
    'add-on', 5 + a * 7 % 20, 'USD'
  FROM generate_series(1, (revenue.demo_size(deals, years)).addons) a;

  -- A day's rate is the same whenever it is loaded: noise on three scales of time, drawn at fixed dates
  -- and straight between them. Markets are closed at weekends and on two holidays.
  INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate, source)
  SELECT org, c.currency, d.day, round((c.level * (1 + n.noise))::numeric, c.decimals), 'demo'
  FROM (SELECT today - ago AS day, today - ago - '2000-01-01'::date AS number FROM generate_series(0, 365 * years + 400) ago) d
  CROSS JOIN (VALUES (1, 'EUR', 1.09, 6), (2, 'GBP', 1.27, 6), (3, 'JPY', 0.0067, 9)) c(stream, currency, level, decimals)
  CROSS JOIN LATERAL (
    SELECT sum(v.size * ((1 - s.share) * revenue.demo_draw(seed, 700 + c.stream, s.point * 1000 + v.days)
                         + s.share * revenue.demo_draw(seed, 700 + c.stream, (s.point + 1) * 1000 + v.days) - 0.5)) AS noise
    FROM (VALUES (97, 0.10), (17, 0.03), (1, 0.006)) v(days, size)
    CROSS JOIN LATERAL (SELECT d.number / v.days AS point, d.number % v.days / v.days::double precision AS share) s) n
  WHERE extract(isodow FROM d.day) < 6 AND to_char(d.day, 'MMDD') NOT IN ('0101', '1225');
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_catalogue(integer, integer, integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_catalogue(integer, integer, integer, integer, date) IS
  'For load_demo(): the contact funnel, plans, offers and add-ons, and daily exchange rates';

CREATE OR REPLACE FUNCTION revenue.load_demo_accounts(org integer, deals integer, years integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  sellers integer := (revenue.demo_size(deals, years)).sellers;
  accounts integer := (revenue.demo_size(deals, years)).accounts;
  midnight timestamptz := (SELECT today::timestamp AT TIME ZONE o.time_zone FROM revenue.orgs o WHERE o.org_id = org);
BEGIN
  -- What they use and pay follows from what they buy, see load_demo_customers().
  INSERT INTO revenue.accounts (org_id, account_id, name, parent_account_id, owner_rep_id, industry, segment, region,
    country, employees, annual_revenue, currency, created_at)
  WITH kinds AS MATERIALIZED (
    SELECT a,
      revenue.demo_pick('{technology,software,financial_services,healthcare,manufacturing,retail,education,government,telecommunications,services}',
        revenue.demo_draw(seed, 1, a)) AS industry,
      CASE WHEN a <= 10 THEN (a - 1) % 3
           ELSE floor(3 * revenue.demo_draw(seed, 2, a) * (0.4 + 0.6 * revenue.demo_draw(seed, 3, a))) END::integer AS size,
      CASE WHEN a <= 10 THEN (ARRAY['US', 'DE', 'GB', 'JP', 'US', 'FR', 'CA', 'GB', 'SG', 'JP'])[a]
           ELSE revenue.demo_pick('{US,US,US,US,US,CA,CA,GB,GB,GB,DE,DE,FR,NL,ES,JP,JP,SG,AU}', revenue.demo_draw(seed, 4, a))
      END AS country
    FROM generate_series(1, accounts) a
  ), places AS MATERIALIZED (
    SELECT k.*,
      CASE WHEN country IN ('US', 'CA') THEN 0 WHEN country IN ('JP', 'SG', 'AU') THEN 2 ELSE 1 END AS region_no,
      CASE WHEN country = 'GB' THEN 'GBP' WHEN country = 'JP' THEN 'JPY' WHEN country IN ('DE', 'FR', 'NL', 'ES') THEN 'EUR'
           ELSE 'USD' END AS currency,
      floor((ARRAY[10, 250, 2000])[1 + size] * (1 + revenue.demo_draw(seed, 5, a) * (ARRAY[15, 6, 8])[1 + size]))::integer AS employees
    FROM kinds k
  )
  SELECT org, 'A-' || lpad(a::text, 6, '0'), revenue.demo_company(a, industry),
    CASE WHEN a > 10 AND a % 12 = 0 THEN 'A-' || lpad((a - 7)::text, 6, '0') END,
    'R-' || lpad((region_no + 3 * floor((sellers - region_no + 2) / 3 * revenue.demo_draw(seed, 8, a))::integer)::text, 4, '0'),
    industry, (ARRAY['smb', 'mid_market', 'enterprise'])[1 + size], (ARRAY['North America', 'EMEA', 'APAC'])[1 + region_no],
    country, employees,
    employees * (80 + floor(200 * revenue.demo_draw(seed, 9, a)))::numeric * CASE currency WHEN 'JPY' THEN 150000 ELSE 1000 END,
    currency, midnight - interval '24 hours' * (365 * years + 400 + floor(300 * revenue.demo_draw(seed, 22, a)))
  FROM places;

  -- Two people at each account; the first of them decides.
  INSERT INTO revenue.contacts (org_id, contact_id, account_id, name, email, title, seniority, owner_rep_id, source,
    industry_match, email_opens, email_clicks, page_visits, replies, meetings, last_engaged_at, unsubscribed,
    pipeline_id, stage_id, stage_entered_at, created_at)
  WITH people AS MATERIALIZED (
    SELECT n, 'A-' || lpad((1 + (n - 1) % accounts)::text, 6, '0') AS account_id, n <= accounts AS decides,
      revenue.demo_person(CASE WHEN n <= accounts THEN n + 300 ELSE n + 800 END) AS name,
      revenue.demo_draw(seed, 100, n) AS keen, floor(4 * revenue.demo_draw(seed, 101, n))::integer AS level,
      -- A quarter is in no funnel.
      CASE WHEN n <= 6 THEN n WHEN revenue.demo_draw(seed, 102, n) < 0.75
           THEN 1 + floor(6 * revenue.demo_draw(seed, 103, n) * revenue.demo_draw(seed, 104, n))::integer END AS stage_no
    FROM generate_series(1, 2 * accounts) n
  )
  SELECT org, 'C-' || lpad(n::text, 6, '0'), account_id, p.name,
    lower(replace(p.name, ' ', '.') || '@' || replace(a.name, ' ', '-')) || '.example',
    CASE WHEN decides THEN (ARRAY['Chief Revenue Officer', 'Vice President Sales', 'Director of Operations', 'Head of Growth'])[1 + level]
         ELSE (ARRAY['Sales Operations Manager', 'Systems Analyst', 'Team Lead', 'Office Manager'])[1 + level] END,
    CASE WHEN decides THEN (ARRAY['c_level', 'vp', 'director', 'head'])[1 + level]
         ELSE (ARRAY['manager', 'specialist', 'senior', NULL])[1 + level] END,
    a.owner_rep_id, revenue.demo_pick('{inbound,outbound,referral,partner,event}', revenue.demo_draw(seed, 105, n)),
    CASE WHEN revenue.demo_draw(seed, 106, n) < 0.9 THEN a.industry NOT IN ('government', 'education') END,
    floor(20 * keen * revenue.demo_draw(seed, 107, n)), floor(8 * keen * revenue.demo_draw(seed, 108, n)),
    floor(25 * keen * revenue.demo_draw(seed, 109, n)), floor(4 * keen * revenue.demo_draw(seed, 110, n)),
    floor(3 * keen * revenue.demo_draw(seed, 111, n)),
    CASE WHEN keen > 0.1 THEN
      midnight - interval '13 hours' - interval '24 hours' * floor(120 * (1 - keen) * revenue.demo_draw(seed, 112, n)) END,
    revenue.demo_draw(seed, 113, n) < 0.04,
    CASE WHEN stage_no > 0 THEN 'funnel' END,
    (ARRAY['cold', 'awareness', 'consideration', 'decision', 'call_booked', 'closed'])[stage_no],
    CASE WHEN stage_no > 0 THEN midnight - interval '15 hours' - interval '24 hours' * floor(45 * revenue.demo_draw(seed, 114, n)) END,
    midnight - interval '24 hours' * (60 + floor(500 * revenue.demo_draw(seed, 115, n)))
  FROM people p JOIN revenue.accounts a USING (account_id) WHERE a.org_id = org;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_accounts(integer, integer, integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_accounts(integer, integer, integer, integer, date) IS
  'For load_demo(): accounts, and two contacts each';

-- What becomes of each deal -------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.demo_cases()
RETURNS TABLE (
  case_no integer, outcome text, stage_no integer, days_min integer, days_max integer, silent_min integer,
  silent_max integer, due_min integer, due_max integer, quality_min double precision, quality_max double precision,
  touches_min integer, touches_max integer, mark text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30 BEGIN ATOMIC
  VALUES
    -- Open: days in the stage, days without activity, days to the close date.
    (1, 'open', 1, 3, 12, 1, 3, 60, 110, 0.4::float8, 0.8::float8, 2, 4, NULL),
    (2, 'open', 1, 6, 25, 2, 6, 70, 120, 0.3, 0.7, 2, 4, 'no account'),
    (3, 'open', 1, 125, 150, 42, 60, 10, 40, 0.0, 0.2, 1, 2, NULL),
    (4, 'open', 2, 4, 12, 1, 4, 45, 80, 0.7, 1.0, 5, 9, NULL),
    (5, 'open', 2, 8, 18, 2, 8, 50, 90, 0.4, 0.8, 3, 6, 'no amount'),
    (6, 'open', 2, 26, 38, 21, 21, 30, 60, 0.1, 0.3, 3, 5, NULL),
    (7, 'open', 2, 8, 20, 3, 7, 0, 0, 0.4, 0.8, 4, 7, 'no close date'),
    (8, 'open', 3, 3, 12, 1, 3, 20, 45, 0.9, 1.0, 10, 14, NULL),
    (9, 'open', 3, 8, 20, 2, 7, 20, 60, 0.5, 0.9, 6, 10, 'transferred'),
    (10, 'open', 3, 75, 75, 15, 20, 5, 30, 0.7, 0.9, 5, 8, NULL),
    (11, 'open', 3, 20, 40, 3, 9, 15, 45, 0.4, 0.8, 6, 11, 'slipped'),
    (12, 'open', 3, 35, 60, 16, 24, -20, -6, 0.3, 0.6, 5, 9, NULL),
    (13, 'open', 4, 2, 10, 1, 2, 5, 25, 0.9, 1.0, 11, 16, NULL),
    (14, 'open', 4, 8, 18, 1, 6, 10, 35, 0.6, 0.9, 8, 13, 'resized'),
    (15, 'open', 4, 85, 120, 40, 60, -45, -15, 0.0, 0.2, 2, 4, NULL),
    (16, 'open', 4, 6, 15, 1, 5, 15, 40, 0.5, 0.8, 8, 13, 'reopened'),
    (17, 'open', 4, 15, 25, 2, 6, -9, -3, 0.6, 0.9, 7, 12, NULL),
    -- Closed: days ago, after so many days without activity.
    (18, 'won', 0, 3, 12, 1, 2, 0, 0, 0.0, 1.0, 4, 10, NULL),
    (19, 'lost', 0, 6, 18, 1, 6, 0, 0, 0.0, 1.0, 2, 9, NULL),
    (20, 'won', 0, 19, 32, 1, 3, 0, 0, 0.0, 1.0, 4, 10, 'resized'),
    (21, 'any', 0, 33, 48, 1, 5, 0, 0, 0.0, 1.0, 2, 9, 'slipped'),
    (22, 'won', 0, 49, 70, 1, 3, 0, 0, 0.0, 1.0, 4, 10, NULL),
    (23, 'any', 0, 71, 95, 1, 5, 0, 0, 0.0, 1.0, 2, 9, NULL),
    (24, 'any', 0, 96, 125, 1, 5, 0, 0, 0.0, 1.0, 2, 9, 'transferred'),
    (25, 'any', 0, 126, 165, 1, 5, 0, 0, 0.0, 1.0, 2, 9, 'no account'),
    (26, 'any', 0, 166, 215, 1, 5, 0, 0, 0.0, 1.0, 2, 9, 'slipped'),
    (27, 'any', 0, 216, 280, 1, 5, 0, 0, 0.0, 1.0, 2, 9, NULL),
    (28, 'any', 0, 281, 360, 1, 5, 0, 0, 0.0, 1.0, 2, 9, 'reopened'),
    (29, 'any', 0, 361, 450, 1, 5, 0, 0, 0.0, 1.0, 2, 9, NULL),
    (30, 'any', 0, 451, 540, 1, 5, 0, 0, 0.0, 1.0, 2, 9, NULL);
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_cases() FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_cases() IS
  'For demo data: the first seventeen open and thirteen closed deals, one of each case; every later deal takes one of these cases, and its marks, by chance';

CREATE OR REPLACE FUNCTION revenue.demo_deals(
  org integer, deals integer, years integer, seed integer, first_deal integer, last_deal integer)
RETURNS TABLE (
  deal integer, deal_id text, name text, account_id text, contact_id text, owner_rep_id text, first_owner_rep_id text,
  product_id text, product_plan text, users integer, first_users integer, price numeric, discount integer,
  billing_cycle text, months integer, expansion double precision, amount numeric, first_amount numeric, currency text,
  outcome text, stage_no integer, lead_score double precision, champion boolean, budget boolean, decision_maker boolean,
  competitors integer, touches integer, handled integer, industry text, segment text, source text, loss_reason text,
  commits boolean, due integer, first_due integer, middle_due integer,
  created_ago integer, qualified_ago integer, proposed_ago integer, negotiated_ago integer, lost_ago integer,
  reopened_ago integer, closed_ago integer, slipped_ago integer, slipped_again_ago integer, transferred_ago integer,
  silent_ago integer)
LANGUAGE sql STABLE BEGIN ATOMIC
  WITH cases AS MATERIALIZED (
    SELECT i, i <= least(deals, 17) OR i BETWEEN deals + 1 AND deals + 13 AS scripted, z.sellers, z.accounts, z.addons,
      CASE WHEN i <= least(deals, 17) THEN i
           WHEN i <= deals THEN 1 + floor(17 * revenue.demo_draw(seed, 201, i))::integer
           WHEN i <= deals + 13 THEN 17 + i - deals
           ELSE 18 + floor(13 * revenue.demo_draw(seed, 201, i))::integer END AS case_no
    FROM revenue.demo_size(deals, years) z, generate_series(first_deal, last_deal) i
  ), marks AS MATERIALIZED (
    SELECT s.*, c.outcome, c.stage_no,
      -- Business grows: twice as much is closed now as when it began.
      CASE WHEN scripted OR c.outcome = 'open'
           THEN c.days_min + floor((c.days_max - c.days_min + 1) * revenue.demo_draw(seed, 202, i))
           ELSE 3 + floor((365 * years - 3) * revenue.demo_draw(seed, 202, i) * (0.65 + 0.35 * revenue.demo_draw(seed, 202, i)))
      END::integer AS days,
      c.silent_min + floor((c.silent_max - c.silent_min + 1) * revenue.demo_draw(seed, 203, i))::integer AS silent,
      c.due_min + floor((c.due_max - c.due_min + 1) * revenue.demo_draw(seed, 204, i))::integer AS due,
      c.quality_min + (c.quality_max - c.quality_min) * revenue.demo_draw(seed, 205, i) AS quality,
      c.touches_min + floor((c.touches_max - c.touches_min + 1) * revenue.demo_draw(seed, 206, i))::integer AS touches,
      CASE WHEN scripted THEN c.mark = 'no account' ELSE revenue.demo_draw(seed, 207, i) < 0.04 END IS TRUE AS no_account,
      CASE WHEN scripted THEN c.mark = 'no amount'
           ELSE c.stage_no IN (1, 2) AND revenue.demo_draw(seed, 208, i) < 0.12 END IS TRUE AS no_amount,
      CASE WHEN scripted THEN c.mark = 'no close date'
           ELSE c.outcome = 'open' AND revenue.demo_draw(seed, 209, i) < 0.06 END IS TRUE AS no_close_date,
      CASE WHEN scripted THEN c.mark = 'slipped' ELSE revenue.demo_draw(seed, 210, i) < 0.25 END IS TRUE AS slipped,
      CASE WHEN scripted THEN c.mark = 'resized' ELSE revenue.demo_draw(seed, 211, i) < 0.2 END IS TRUE AS resized,
      CASE WHEN scripted THEN c.mark = 'transferred' ELSE revenue.demo_draw(seed, 212, i) < 0.08 END IS TRUE AS transferred,
      CASE WHEN scripted THEN c.mark = 'reopened'
           ELSE c.stage_no IN (0, 4) AND revenue.demo_draw(seed, 213, i) < 0.04 END IS TRUE AS reopened
    FROM cases s JOIN revenue.demo_cases() c USING (case_no)
  ), parties AS MATERIALIZED (
    SELECT m.*, a.account_id, a.name AS company, a.industry, a.segment, coalesce(a.segment, 'smb') AS size,
      coalesce(a.currency, 'USD') AS currency, p.contact_id,
      coalesce(a.owner_rep_id, 'R-' || lpad(floor(sellers * revenue.demo_draw(seed, 214, i))::text, 4, '0')) AS owner_rep_id,
      least(greatest(round(10 + 70 * quality + 25 * (revenue.demo_draw(seed, 215, i) - 0.5)), 0), 100) AS score,
      CASE WHEN revenue.demo_draw(seed, 216, i) >= 0.12 THEN revenue.demo_draw(seed, 217, i) < 0.1 + 0.85 * quality END AS champion,
      CASE WHEN revenue.demo_draw(seed, 218, i) >= 0.12 THEN revenue.demo_draw(seed, 219, i) < 0.1 + 0.8 * quality END AS budget,
      CASE WHEN revenue.demo_draw(seed, 220, i) >= 0.12 THEN revenue.demo_draw(seed, 221, i) < 0.15 + 0.7 * quality END AS decision_maker,
      CASE WHEN revenue.demo_draw(seed, 222, i) >= 0.1
           THEN floor(3 * revenue.demo_draw(seed, 223, i) * (1.3 - 0.6 * quality))::integer END AS competitors,
      least(floor(4 * revenue.demo_draw(seed, 224, i)), touches / 3)::integer AS handled,
      revenue.demo_pick('{inbound,outbound,referral,partner,event}', revenue.demo_draw(seed, 225, i)) AS source,
      CASE WHEN revenue.demo_draw(seed, 226, i) < 0.74 THEN 'plan' WHEN revenue.demo_draw(seed, 226, i) < 0.9 THEN 'offer'
           ELSE 'add-on' END AS family
    FROM marks m
    LEFT JOIN revenue.accounts a ON a.org_id = org AND NOT m.no_account AND a.account_id = 'A-' || lpad((1 + CASE
        WHEN scripted THEN i * 7 % accounts ELSE floor(accounts * revenue.demo_draw(seed, 227, i)) END)::text, 6, '0')
    LEFT JOIN revenue.contacts p ON p.org_id = org AND revenue.demo_draw(seed, 228, i) < 0.9
      AND p.contact_id = 'C-' || lpad((substr(a.account_id, 3)::integer
        + CASE WHEN revenue.demo_draw(seed, 229, i) < 0.4 THEN accounts ELSE 0 END)::text, 6, '0')
  ), contents AS MATERIALIZED (
    SELECT p.*,
      CASE family
        WHEN 'plan' THEN revenue.demo_pick(CASE size
          WHEN 'smb' THEN '{starter,starter,professional}'::text[]
          WHEN 'mid_market' THEN '{professional,professional,enterprise}'
          ELSE '{enterprise,enterprise,strategic}' END, revenue.demo_draw(seed, 230, i))
        WHEN 'offer' THEN revenue.demo_pick('{safari_automation,creator_growth,ai_automation,personal_brand}',
          revenue.demo_draw(seed, 230, i))
        ELSE 'addon_' || 1 + floor(addons * revenue.demo_draw(seed, 230, i))::integer END AS product_id,
      CASE size WHEN 'smb' THEN 10 WHEN 'mid_market' THEN 30 ELSE 70 END
        + floor(CASE size WHEN 'smb' THEN 51 WHEN 'mid_market' THEN 101 ELSE 181 END
            * revenue.demo_draw(seed, 231, i) * revenue.demo_draw(seed, 232, i))::integer AS seats,
      (ARRAY[0, 0, 5, 10, 15, 20])[1 + floor(6 * revenue.demo_draw(seed, 233, i))::integer] AS discount,
      (ARRAY[12, 12, 12, 12, 12, 12, 12, 12, 24, 36])[1 + floor(10 * revenue.demo_draw(seed, 234, i))::integer] AS term,
      -- What wins here is on the scale of close_probability but has other weights, the rep among them, so
      -- that there is something to learn: 24 points double the odds.
      CASE WHEN outcome = 'open' THEN false
           WHEN scripted AND outcome <> 'any' THEN outcome = 'won'
           ELSE revenue.demo_draw(seed, 235, i) < 1 / (1 + 6.5 * exp(-ln(2) / 24 * (
             0.15 * score + least(1.5 * touches, 18) + 3 * handled
             + CASE champion WHEN true THEN 24 WHEN false THEN -10 ELSE 0 END
             + CASE budget WHEN true THEN 26 WHEN false THEN -12 ELSE 0 END
             + CASE decision_maker WHEN true THEN 14 WHEN false THEN -4 ELSE 0 END
             - 9 * coalesce(competitors, 1)
             + CASE source WHEN 'referral' THEN 14 WHEN 'partner' THEN 6 WHEN 'outbound' THEN -10 ELSE 0 END
             + CASE industry WHEN 'technology' THEN 8 WHEN 'software' THEN 6 WHEN 'government' THEN -12 ELSE 0 END
             + CASE size WHEN 'enterprise' THEN -6 ELSE 0 END
             + 24 * revenue.demo_draw(seed, 236, substr(owner_rep_id, 3)::bigint) - 12))) END AS won
    FROM parties p
  ), paces AS MATERIALIZED (
    SELECT c.*, l.product,
      round(l.list_price * CASE currency WHEN 'EUR' THEN 0.92 WHEN 'GBP' THEN 0.8 WHEN 'JPY' THEN 150 ELSE 1 END,
        CASE currency WHEN 'JPY' THEN -1 ELSE 0 END) AS price,
      CASE currency WHEN 'JPY' THEN 0 ELSE 2 END AS decimals,
      CASE WHEN outcome = 'open' THEN stage_no WHEN won OR reopened THEN 4
           ELSE (ARRAY[1, 2, 3, 3, 4, 4])[1 + floor(6 * (0.7 * revenue.demo_draw(seed, 237, i) + 0.3 * quality))::integer] END AS reached,
      CASE WHEN outcome = 'open' THEN 0 ELSE days END AS ended_ago,
      -- What is lost took longer: days in prospecting, qualification, proposal and negotiation.
      ARRAY(SELECT greatest(2, t.typical * CASE size WHEN 'smb' THEN 0.7 WHEN 'mid_market' THEN 1.0 ELSE 1.4 END
          * CASE WHEN outcome = 'open' OR won THEN 1 ELSE 1.25 END
          * (0.25 + 1.8 * revenue.demo_draw(seed, 240 + t.stage, i) * revenue.demo_draw(seed, 244 + t.stage, i)))::integer
        FROM (VALUES (1, 30), (2, 21), (3, 21), (4, 21)) t(stage, typical) ORDER BY t.stage) AS pace
    FROM contents c
    JOIN (SELECT l.product_id, l.name AS product, l.list_price FROM revenue.products l WHERE l.org_id = org) l USING (product_id)
  ), entries AS MATERIALIZED (
    SELECT p.*, ended_ago + CASE WHEN outcome = 'open' THEN days ELSE pace[reached] END AS entered_ago,
      CASE WHEN outcome = 'open' THEN days ELSE pace[reached] END AS lasted,
      CASE WHEN reopened THEN 15 + floor(30 * revenue.demo_draw(seed, 238, i))::integer END AS away,
      CASE WHEN family <> 'offer' AND NOT no_amount THEN seats END AS users,
      CASE WHEN family <> 'offer' AND NOT no_amount THEN term END AS months,
      CASE WHEN resized AND reached > 2 THEN greatest(1, round(seats * (0.5 + 1.2 * revenue.demo_draw(seed, 239, i))))::integer
           ELSE seats END AS first_seats
    FROM paces p
  )
  SELECT i, 'D-' || lpad(i::text, greatest(7, length(i::text)), '0'),
    coalesce(company, 'New enquiry') || ' / ' || product || coalesce(', ' || users || ' users', ''),
    account_id, contact_id, owner_rep_id,
    CASE WHEN transferred THEN 'R-' || lpad(((substr(owner_rep_id, 3)::integer + 3) % sellers)::text, 4, '0') ELSE owner_rep_id END,
    product_id, CASE family WHEN 'plan' THEN product_id END,
    users, CASE WHEN users > 0 THEN first_seats END, CASE WHEN NOT no_amount THEN price END, discount,
    CASE family WHEN 'offer' THEN 'one_time' ELSE revenue.demo_pick('{monthly,annual,annual}', revenue.demo_draw(seed, 250, i)) END,
    months, (ARRAY[NULL, 1, 1, 1.1, 1.25, 1.5])[1 + floor(6 * revenue.demo_draw(seed, 251, i))::integer],
    CASE WHEN no_amount THEN NULL ELSE round(price * coalesce(seats * months, 1) * (100 - discount) / 100, decimals) END,
    CASE WHEN no_amount THEN NULL WHEN users > 0 THEN round(price * first_seats * months * (100 - discount) / 100, decimals)
         ELSE round(price * CASE WHEN resized AND reached > 2 THEN 100 ELSE 100 - discount END / 100, decimals) END,
    currency, CASE WHEN outcome = 'open' THEN 'open' WHEN won THEN 'won' ELSE 'lost' END, reached,
    CASE WHEN revenue.demo_draw(seed, 252, i) >= 0.06 THEN score END, champion, budget, decision_maker, competitors,
    touches, handled, industry, segment, source,
    CASE WHEN outcome <> 'open' AND NOT won THEN CASE WHEN competitors > 1 THEN 'competitor' WHEN NOT budget THEN 'no_budget'
      ELSE revenue.demo_pick('{price,timing,no_decision}', revenue.demo_draw(seed, 253, i)) END END,
    quality > 0.5, d.due, d.due - d.slip - d.slip_again, CASE WHEN d.slip_again > 0 THEN d.due - d.slip_again END,
    s1.ago, s2.ago, s3.ago, s4.ago, entered_ago + away, CASE WHEN reopened THEN entered_ago END,
    CASE WHEN outcome <> 'open' THEN ended_ago END,
    CASE WHEN d.slip > 0 THEN ended_ago + lasted / 2 END,
    CASE WHEN d.slip_again > 0 THEN ended_ago + lasted / 4 END,
    CASE WHEN transferred THEN ended_ago + greatest(1, lasted / 3) END,
    least(ended_ago + silent, s1.ago)
  FROM entries
  CROSS JOIN LATERAL (SELECT CASE WHEN reached = 4 THEN entered_ago + coalesce(away + pace[4], 0) END AS ago) s4
  CROSS JOIN LATERAL (SELECT CASE WHEN reached = 3 THEN entered_ago ELSE s4.ago + pace[3] END AS ago) s3
  CROSS JOIN LATERAL (SELECT CASE WHEN reached = 2 THEN entered_ago ELSE s3.ago + pace[2] END AS ago) s2
  CROSS JOIN LATERAL (SELECT CASE WHEN reached = 1 THEN entered_ago ELSE s2.ago + pace[1] END AS ago) s1
  CROSS JOIN LATERAL (
    SELECT CASE WHEN no_close_date THEN NULL WHEN outcome = 'open' THEN entries.due ELSE -ended_ago END AS due,
      CASE WHEN no_close_date THEN 0 WHEN slipped THEN 25 + floor(35 * revenue.demo_draw(seed, 254, i))::integer
           WHEN outcome = 'open' THEN 0 ELSE -floor(21 * revenue.demo_draw(seed, 254, i))::integer END AS slip,
      CASE WHEN slipped AND lasted >= 8 AND NOT no_close_date AND (scripted OR revenue.demo_draw(seed, 255, i) < 0.3)
           THEN 30 ELSE 0 END AS slip_again) d;
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_deals(integer, integer, integer, integer, integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_deals(integer, integer, integer, integer, integer, integer) IS
  'For load_demo(): these deals, what they were at first, and how many days before the day of loading each thing happened';

CREATE OR REPLACE FUNCTION revenue.load_demo_deals(
  org integer, deals integer, years integer, seed integer, today date, first_deal integer, last_deal integer)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  midnight timestamptz := (SELECT today::timestamp AT TIME ZONE o.time_zone FROM revenue.orgs o WHERE o.org_id = org);
BEGIN
  -- A row says what the deal is today, and that it has been there since it was created. Things happen in
  -- the morning, in the order of their steps, and activities later in the day.
  INSERT INTO revenue.deals (org_id, deal_id, name, account_id, contact_id, owner_rep_id, product_id, stage_id, amount,
    currency, close_date, closed_at, created_at, stage_entered_at, forecast_category, product_plan, num_users_planned,
    base_list_price_per_user, discount_pct, billing_cycle, contract_term_months, expansion_potential_factor, lead_score,
    champion_identified, budget_confirmed, decision_maker_engaged, competitors_mentioned, industry, segment, source,
    loss_reason, effective_at)
  SELECT org, p.deal_id, p.name, p.account_id, p.contact_id, p.owner_rep_id, p.product_id,
    CASE p.outcome WHEN 'open' THEN (ARRAY['prospecting', 'qualification', 'proposal', 'negotiation'])[p.stage_no]
                   ELSE 'closed_' || p.outcome END,
    p.amount, p.currency, today + p.due, CASE WHEN p.outcome <> 'open' THEN t.entered_at END, t.created_at, t.entered_at,
    CASE p.outcome WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'omitted'
      ELSE (ARRAY['pipeline', 'pipeline', 'best_case', CASE WHEN p.commits THEN 'commit' ELSE 'best_case' END])[p.stage_no] END,
    p.product_plan, p.users, p.price, p.discount / 100.0, p.billing_cycle, p.months, p.expansion, p.lead_score, p.champion, p.budget,
    p.decision_maker, p.competitors, p.industry, p.segment, p.source, p.loss_reason, t.created_at
  FROM revenue.demo_deals(org, deals, years, seed, first_deal, last_deal) p
  CROSS JOIN LATERAL (
    SELECT midnight + interval '1 minute' * (481 + p.deal % 97 - 1440 * p.created_ago) AS created_at,
      midnight + interval '1 minute' * (480 + p.deal % 97 + CASE
        WHEN p.outcome <> 'open' THEN 7 - 1440 * p.closed_ago
        WHEN p.reopened_ago > 0 THEN 6 - 1440 * p.reopened_ago
        ELSE p.stage_no - 1440 * (ARRAY[p.created_ago, p.qualified_ago, p.proposed_ago, p.negotiated_ago])[p.stage_no]
      END) AS entered_at) t;

  INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, forecast_category, amount, num_users_planned,
    close_date, owner_rep_id, champion_identified, lead_score, loss_reason)
  SELECT org, p.deal_id, midnight + interval '1 minute' * (480 + p.deal % 97 + e.step - 1440 * e.ago),
    e.stage_id, e.forecast_category,
    CASE e.step WHEN 1 THEN p.first_amount WHEN 3 THEN p.amount END,
    CASE e.step WHEN 1 THEN p.first_users WHEN 3 THEN p.users END,
    today + CASE e.step WHEN 1 THEN p.first_due WHEN 7 THEN p.due WHEN 8 THEN coalesce(p.middle_due, p.due) WHEN 9 THEN p.due END,
    CASE e.step WHEN 1 THEN p.first_owner_rep_id WHEN 10 THEN p.owner_rep_id END,
    CASE WHEN e.step = 1 AND p.champion AND p.stage_no > 1 AND p.deal % 5 > 2 THEN false WHEN e.step < 3 THEN p.champion END,
    CASE e.step WHEN 1 THEN round(p.lead_score * CASE p.stage_no WHEN 1 THEN 1 ELSE 0.8 END) WHEN 2 THEN p.lead_score END,
    -- A fact cannot take back a reason, so a deal that came back has one only if it is lost again.
    CASE WHEN e.step = 5 AND p.outcome = 'lost' THEN 'timing' WHEN e.step = 7 THEN p.loss_reason END
  FROM revenue.demo_deals(org, deals, years, seed, first_deal, last_deal) p
  CROSS JOIN LATERAL (VALUES
    (1, p.created_ago, 'prospecting', 'pipeline'),
    (2, p.qualified_ago, 'qualification', 'pipeline'),
    (3, p.proposed_ago, 'proposal', 'best_case'),
    (4, p.negotiated_ago, 'negotiation', CASE WHEN p.commits THEN 'commit' ELSE 'best_case' END),
    (5, p.lost_ago, 'closed_lost', 'omitted'),
    (6, p.reopened_ago, 'negotiation', CASE WHEN p.commits THEN 'commit' ELSE 'best_case' END),
    (7, p.closed_ago, 'closed_' || p.outcome, CASE p.outcome WHEN 'won' THEN 'closed' ELSE 'omitted' END),
    (8, p.slipped_ago, NULL, NULL),
    (9, p.slipped_again_ago, NULL, NULL),
    (10, p.transferred_ago, NULL, NULL)) e(step, ago, stage_id, forecast_category)
  WHERE e.ago >= 0;

  INSERT INTO revenue.activities (org_id, activity_id, deal_id, account_id, contact_id, rep_id, kind, direction, outcome,
    subject, occurred_at)
  SELECT org, a.deal_id || '-' || lpad(a.n::text, 2, '0'), a.deal_id, a.account_id,
    CASE WHEN a.kind IN ('call', 'meeting', 'demo', 'objection') THEN a.contact_id END,
    CASE WHEN a.ago > a.transferred_ago THEN a.first_owner_rep_id ELSE a.owner_rep_id END,
    a.kind,
    CASE WHEN a.kind IN ('note', 'task') THEN 'internal' WHEN a.kind = 'objection' OR a.draw < 0.3 THEN 'inbound' ELSE 'outbound' END,
    CASE WHEN a.kind = 'objection' THEN CASE WHEN a.settled THEN 'handled' ELSE 'open' END
         WHEN a.kind IN ('call', 'meeting', 'demo') THEN CASE WHEN a.draw < 0.85 THEN 'held' ELSE 'no_show' END END,
    CASE a.kind WHEN 'email' THEN 'Follow-up' WHEN 'call' THEN 'Call with the buying team' WHEN 'meeting' THEN 'Meeting on requirements'
      WHEN 'demo' THEN 'Product demonstration' WHEN 'message' THEN 'Short message' WHEN 'event' THEN 'Met at an event'
      WHEN 'objection' THEN CASE WHEN a.draw < 0.5 THEN 'Objection on price' ELSE 'Objection on timing' END
      WHEN 'task' THEN 'Prepare the next step' ELSE 'Note after the call' END,
    midnight + interval '1 minute' * (600 + floor(360 * a.draw) - 1440 * a.ago)
  FROM (
    SELECT p.*, n, s.settled, revenue.demo_draw(seed, 500 + n, p.deal) AS draw,
      CASE WHEN n > p.touches THEN CASE WHEN p.deal % 3 = 0 THEN 'task' ELSE 'note' END
           WHEN s.settled THEN 'objection'
           WHEN n = 1 THEN 'email'
           ELSE revenue.demo_pick('{email,email,email,call,call,call,meeting,meeting,demo,message,event,objection}',
             revenue.demo_draw(seed, 540 + n, p.deal)) END AS kind,
      p.created_ago - floor((p.created_ago - p.silent_ago) * CASE WHEN n >= p.touches THEN 1
        ELSE (n - revenue.demo_draw(seed, 580 + n, p.deal)) / p.touches END)::integer AS ago
    FROM revenue.demo_deals(org, deals, years, seed, first_deal, last_deal) p
    CROSS JOIN LATERAL generate_series(1, p.touches + CASE WHEN p.deal % 5 < 2 THEN 1 ELSE 0 END) n
    CROSS JOIN LATERAL (SELECT n % 3 = 2 AND n / 3 < p.handled AS settled) s) a;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_deals(integer, integer, integer, integer, date, integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_deals(integer, integer, integer, integer, date, integer, integer) IS
  'For load_demo(): deals first_deal to last_deal with their past and their activities';

-- What brought revenue ------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.load_demo_events(org integer, years integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_nestloop = off AS $$
DECLARE
  midnight timestamptz := (SELECT today::timestamp AT TIME ZONE o.time_zone FROM revenue.orgs o WHERE o.org_id = org);
BEGIN
  INSERT INTO revenue.offers (org_id, offer_id, name, avg_deal_value, currency, target_stage, primary_platforms) VALUES
    (org, 'safari_automation', 'Safari automation', 2500, 'USD', 'decision', '{linkedin,email}'),
    (org, 'creator_growth', 'Creator growth', 1500, 'USD', 'consideration', '{instagram,youtube}'),
    (org, 'ai_automation', 'AI automation', 3500, 'USD', 'decision', '{linkedin,twitter}'),
    (org, 'personal_brand', 'Personal brand', 997, 'USD', 'awareness', '{instagram,twitter}'),
    (org, 'subscription', 'Subscription', 50000, 'USD', 'decision', '{linkedin,email}');

  -- Each week of the small offers where they are offered first, in two niches and in none.
  INSERT INTO revenue.offer_activity (org_id, activity_id, offer_id, platform, niche, day, impressions, engagements,
    dm_starts, pipeline_entries, cost, currency)
  SELECT org, concat_ws('-', f.offer_id, p.platform, n.niche, w.week), f.offer_id, p.platform, nullif(n.niche, 'none'),
    today - 1 - 7 * w.week, v.impressions, v.impressions / 25, v.impressions / 250, v.impressions / 1000,
    round(v.impressions * 0.02, 2), 'USD'
  FROM revenue.offers f
  CROSS JOIN LATERAL unnest(f.primary_platforms) WITH ORDINALITY p(platform, platform_no)
  CROSS JOIN (VALUES (1, 'founders'), (2, 'creators'), (3, 'none')) n(niche_no, niche)
  CROSS JOIN generate_series(0, 52 * years - 1) w(week)
  CROSS JOIN LATERAL (SELECT 500 + floor(4500 * revenue.demo_draw(seed, 800 + n.niche_no,
    w.week * 1000 + p.platform_no * 100 + ascii(f.offer_id)))::integer AS impressions) v
  WHERE f.org_id = org AND f.offer_id <> 'subscription';
  -- A dollar of annual revenue costs 1.25 of sales and marketing, in the weeks around its day.
  INSERT INTO revenue.offer_activity (org_id, activity_id, offer_id, platform, day, impressions, engagements,
    dm_starts, pipeline_entries, cost, currency)
  SELECT org, concat_ws('-', 'subscription', p.platform, w.week), 'subscription', p.platform, w.day,
    v.impressions, v.impressions / 25, v.impressions / 250, v.impressions / 1000,
    round(p.share * 7 * 1.25 * sum(coalesce(b.arr, 0)) / (least(w.day + 45, today) - (w.day - 45)), 2), 'USD'
  FROM generate_series(0, 52 * years - 1) x(week)
  CROSS JOIN LATERAL (SELECT x.week, today - 1 - 7 * x.week AS day) w
  CROSS JOIN (VALUES (1, 'linkedin', 0.6), (2, 'email', 0.4)) p(platform_no, platform, share)
  CROSS JOIN LATERAL (SELECT 4000 + floor(4000 * revenue.demo_draw(seed, 805, w.week * 10 + p.platform_no))::integer AS impressions) v
  LEFT JOIN (
    SELECT i.valid_from AS day, 12 * i.mrr * revenue.rate_into_base(org, i.currency, 'USD', i.valid_from) AS arr
    FROM revenue.deals d
    JOIN revenue.subscription_items i ON i.org_id = d.org_id AND i.subscription_id = 'S' || substr(d.deal_id, 2)
      AND i.valid_from = d.close_date
    WHERE d.org_id = org) b ON b.day >= w.day - 45 AND b.day < least(w.day + 45, today)
  GROUP BY w.week, w.day, p.platform_no, p.platform, p.share, v.impressions;

  -- Each won deal, once.
  INSERT INTO revenue.revenue_events (org_id, event_id, event_type, contact_id, deal_id, owner_rep_id, offer_id, amount,
    currency, platform, niche, source, days_to_close, closed_at, recorded_at)
  SELECT org, 'deal_won-' || d.deal_id, 'deal_won', d.contact_id, d.deal_id, d.owner_rep_id, f.offer_id, d.amount, d.currency,
    revenue.demo_pick(f.primary_platforms, revenue.demo_draw(seed, 810, k.deal)),
    CASE WHEN d.product_id = f.offer_id THEN
      nullif(revenue.demo_pick('{founders,creators,none}', revenue.demo_draw(seed, 811, k.deal)), 'none') END,
    d.source, floor(revenue.elapsed_days(d.created_at, d.closed_at)), d.closed_at, d.closed_at
  FROM revenue.deals d
  JOIN revenue.stages s USING (org_id, pipeline_id, stage_id)
  JOIN revenue.products p USING (org_id, product_id)
  JOIN revenue.offers f ON f.org_id = d.org_id AND f.offer_id = CASE p.family WHEN 'offer' THEN p.product_id ELSE 'subscription' END
  CROSS JOIN LATERAL (SELECT substr(d.deal_id, 3)::integer AS deal) k
  WHERE d.org_id = org AND s.kind = 'won' AND d.amount IS NOT NULL AND d.closed_at < midnight;

  -- What its subscription grew by in a year, and the last month, which who leaves is paid back.
  INSERT INTO revenue.revenue_events (org_id, event_id, event_type, contact_id, deal_id, owner_rep_id, amount,
    currency, source, closed_at, recorded_at)
  SELECT org, concat_ws('-', e.event_type, d.deal_id, e.day), e.event_type, d.contact_id, d.deal_id, d.owner_rep_id,
    round(e.mrr * 12, CASE d.currency WHEN 'JPY' THEN 0 ELSE 2 END), d.currency, d.source, t.at, t.at
  FROM revenue.deals d
  JOIN (
    SELECT i.org_id, i.subscription_id, i.mrr, i.valid_to, lag(i.mrr) OVER (PARTITION BY i.subscription_id ORDER BY i.valid_from) AS before,
      i.valid_from
    FROM revenue.subscription_items i WHERE i.org_id = org) i
    ON i.org_id = d.org_id AND i.subscription_id = 'S' || substr(d.deal_id, 2)
  CROSS JOIN LATERAL (VALUES ('upsell', i.valid_from, i.mrr - i.before), ('churn', i.valid_to, -i.mrr / 12)) e(event_type, day, mrr)
  CROSS JOIN LATERAL (SELECT (e.day + time '09:00') AT TIME ZONE 'UTC' AS at WHERE e.day < today) t
  WHERE d.org_id = org AND (e.mrr > 0) = (e.event_type = 'upsell');

  -- And each week some sales of the offers to contacts, without a deal.
  INSERT INTO revenue.revenue_events (org_id, event_id, event_type, contact_id, owner_rep_id, offer_id, amount, currency,
    platform, niche, source, days_to_close, closed_at, recorded_at)
  SELECT org, concat_ws('-', 'sale', f.offer_id, w.week, n.sale), 'deal_won', c.contact_id, c.owner_rep_id, f.offer_id,
    round(f.avg_deal_value * (0.8 + 0.05 * floor(9 * revenue.demo_draw(seed, 812, k.item)))::numeric, 2), 'USD',
    revenue.demo_pick(f.primary_platforms, revenue.demo_draw(seed, 813, k.item)),
    nullif(revenue.demo_pick('{founders,creators,none}', revenue.demo_draw(seed, 814, k.item)), 'none'),
    c.source, 3 + floor(40 * revenue.demo_draw(seed, 815, k.item))::integer, t.closed_at, t.closed_at
  FROM revenue.offers f
  CROSS JOIN generate_series(0, 52 * years - 1) w(week)
  CROSS JOIN generate_series(1, 2) n(sale)
  CROSS JOIN LATERAL (SELECT w.week * 10000 + n.sale * 1000 + ascii(f.offer_id) AS item) k
  CROSS JOIN LATERAL (SELECT midnight - interval '1 minute' * (420 + 10080 * w.week + 1440 * n.sale) AS closed_at) t
  JOIN revenue.contacts c ON c.org_id = org AND c.contact_id = 'C-' || lpad((1 + floor(
    (SELECT count(*) FROM revenue.contacts x WHERE x.org_id = org) * revenue.demo_draw(seed, 816, k.item)))::text, 6, '0')
  WHERE f.org_id = org AND f.offer_id <> 'subscription' AND revenue.demo_draw(seed, 817, k.item) < 0.5;

  INSERT INTO revenue.automations (org_id, automation_id, name) VALUES
    (org, 'lead_research', 'Lead research'), (org, 'follow_up', 'Follow-up messages'), (org, 'reporting', 'Weekly reporting');
  INSERT INTO revenue.automation_days (org_id, automation_id, day, runs, hours_saved, hourly_rate, revenue_generated, cost, currency)
  SELECT org, a.automation_id, today - ago, 5 + ago % 4, a.hours + ago % 3 * 0.25, 45,
    CASE WHEN ago % 7 = 0 THEN a.brings ELSE 0 END, a.cost, 'USD'
  FROM (VALUES ('lead_research', 2.5, 300, 18), ('follow_up', 1.5, 500, 12), ('reporting', 0.5, NULL, 30))
    a(automation_id, hours, brings, cost), generate_series(1, 364 * years) ago;

  INSERT INTO revenue.posting_tests (org_id, test_id, variant, day, platform, posts, exposures, pipeline_entries)
  SELECT org, t.test_id, t.variant, today - ago, t.platform, 2, v.exposures,
    floor(v.exposures * t.rate * (0.5 + revenue.demo_draw(seed, 821, ago * 100 + t.number)))
  FROM (VALUES (1, 'opening line', 'question', 'linkedin', 0.012), (2, 'opening line', 'story', 'linkedin', 0.018),
    (3, 'opening line', 'number', 'linkedin', 0.013), (4, 'posting time', 'morning', 'instagram', 0.010),
    (5, 'posting time', 'evening', 'instagram', 0.011)) t(number, test_id, variant, platform, rate)
  CROSS JOIN generate_series(1, 14) ago
  CROSS JOIN LATERAL (
    SELECT 200 + floor(300 * revenue.demo_draw(seed, 820, ago * 100 + t.number))::integer AS exposures) v;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_events(integer, integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_events(integer, integer, integer, date) IS
  'For load_demo(): offers, what they cost and did, revenue events of the won deals and their subscriptions, automations and tests of posting methods';
-- Quotas of this quarter and the four before it: together a tenth more than an average quarter of the last
-- year brought, in three sizes; half of them are in months, so that quarters are added up. What the first
-- two sellers said lies as far from their quotas as a draw says.
CREATE OR REPLACE FUNCTION revenue.load_demo_quotas(org integer, seed integer, today date) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  home revenue.orgs;
  first_quarter date;
  this_quarter date;
  month_size numeric;
BEGIN
  SELECT * INTO home FROM revenue.orgs AS o WHERE o.org_id = org;
  this_quarter := (revenue.fiscal_quarter(today, home.fiscal_year_start)).period_from;
  first_quarter := this_quarter - interval '12 months';
  SELECT 1.1 * sum(d.amount * revenue.rate_into_base(org, d.currency, home.base_currency, d.close_date)) / 12
    / (SELECT count(*) FROM revenue.reps AS r WHERE r.org_id = org AND r.rep_id LIKE 'R-%') INTO month_size
  FROM revenue.deals AS d WHERE d.org_id = org AND d.stage_id = 'closed_won' AND d.close_date >= today - 365;

  INSERT INTO revenue.quotas (org_id, kind, member, period_from, period_to, version, amount, currency, valid_from, set_by, recorded_at)
  SELECT org, 'rep', r.rep_id, m::date, (m + make_interval(months => p.months))::date, 1,
    p.months * greatest(round(month_size * (0.7 + 0.3 * (r.number % 3)), -2), 1000), 'USD', q.starts, 'demo',
    q.starts AT TIME ZONE home.time_zone
  FROM (SELECT r.rep_id, right(r.rep_id, 4)::integer AS number FROM revenue.reps AS r
        WHERE r.org_id = org AND r.rep_id LIKE 'R-%') AS r
  CROSS JOIN generate_series(first_quarter::timestamp, this_quarter, interval '3 months') AS q(starts)
  CROSS JOIN LATERAL (SELECT CASE WHEN r.number % 2 = 0 THEN 3 ELSE 1 END AS months) AS p
  CROSS JOIN generate_series(q.starts, q.starts + interval '2 months', make_interval(months => p.months)) AS m;
  INSERT INTO revenue.quotas (org_id, kind, member, period_from, period_to, version, amount, currency, valid_from, reason, set_by, recorded_at)
  SELECT org, 'org', '', q.starts::date, (q.starts + interval '3 months')::date, 1, 0.9 * sum(r.amount), 'USD', q.starts, 'Plan of the board',
    'demo', q.starts AT TIME ZONE home.time_zone
  FROM generate_series(first_quarter::timestamp, this_quarter, interval '3 months') AS q(starts)
  JOIN revenue.quotas AS r ON r.org_id = org AND r.kind = 'rep' AND r.period_from >= q.starts AND r.period_from < q.starts + interval '3 months'
  GROUP BY q.starts;

  INSERT INTO revenue.forecast_submissions (org_id, submission_id, rep_id, period_from, period_to, version, commit_amount,
    best_case_amount, currency, note, submitted_at, submitted_by)
  SELECT org, format('F-%s-%s', q.name, right(r.member, 4)), r.member, q.starts, (q.starts + interval '3 months')::date, 1, f.amount, f.amount * 1.5,
    'USD', q.note, q.day::timestamp AT TIME ZONE home.time_zone, 'demo'
  FROM (VALUES ('last', (this_quarter - interval '3 months')::date, (this_quarter - interval '3 months')::date + 40, 'Middle of the quarter'),
    ('this', this_quarter, least(this_quarter + 20, today), 'First look')) AS q(name, starts, day, note)
  CROSS JOIN LATERAL (
    SELECT r.member, right(r.member, 4)::integer AS number, sum(r.amount) AS quota FROM revenue.quotas AS r
    WHERE r.org_id = org AND r.member IN ('R-0000', 'R-0003') AND r.period_from >= q.starts AND r.period_from < q.starts + interval '3 months'
    GROUP BY r.member) AS r
  CROSS JOIN LATERAL (
    SELECT round(r.quota * (0.4 + 0.8 * revenue.demo_draw(seed, 801, r.number + CASE q.name WHEN 'last' THEN 100 ELSE 0 END))::numeric, -2) AS amount) AS f;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_quotas(integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_quotas(integer, integer, date) IS
  'For load_demo(): quotas of this quarter and the four before it, and what two sellers submitted for the last two';

-- The organisation ----------------------------------------------------------------------------
-- The audit log knows which organisation is a demo, of whom, and what is in it: nobody can write it to
-- have another organisation emptied.

CREATE OR REPLACE FUNCTION revenue.demo_org(seed integer, OUT org integer, OUT loaded jsonb)
LANGUAGE sql STABLE BEGIN ATOMIC
  SELECT o.org_id, CASE a.action WHEN 'load_demo' THEN a.new END
  FROM revenue.orgs o CROSS JOIN LATERAL (
    SELECT a.action, a.actor, a.new FROM revenue.audit_log a
    WHERE a.org_id = o.org_id AND a.object_type = 'demo' AND a.object_id = demo_org.seed::text
    ORDER BY a.at DESC LIMIT 1) a
  WHERE a.actor = revenue.caller_identity()
    AND (NOT EXISTS (SELECT FROM revenue.members m WHERE m.org_id = o.org_id)
         OR EXISTS (SELECT FROM revenue.members m
                    WHERE m.org_id = o.org_id AND m.identity = a.actor AND m.access_level = 'owner'))
  ORDER BY o.org_id LIMIT 1;
END;
REVOKE EXECUTE ON FUNCTION revenue.demo_org(integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.demo_org(integer) IS
  'For load_demo() and drop_demo(): the caller''s demo organisation of this seed, and what load_demo() put into it';

CREATE OR REPLACE FUNCTION revenue.clear_demo(org integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM revenue.clear_demo_subscriptions(org);
  DELETE FROM revenue.job_runs r WHERE r.org_id = org;
  DELETE FROM revenue.outbox m WHERE m.org_id = org;
  DELETE FROM revenue.alerts a WHERE a.org_id = org;
  DELETE FROM revenue.alert_rules r WHERE r.org_id = org;
  DELETE FROM revenue.anomalies a WHERE a.org_id = org;
  DELETE FROM revenue.metric_values v WHERE v.org_id = org;
  DELETE FROM revenue.metric_definitions m WHERE m.org_id = org;
  DELETE FROM revenue.forecast_reviews v WHERE v.org_id = org;
  DELETE FROM revenue.forecast_points p WHERE p.org_id = org;
  DELETE FROM revenue.forecast_runs r WHERE r.org_id = org;
  DELETE FROM revenue.forecast_origins f WHERE f.org_id = org;
  DELETE FROM revenue.forecast_models m WHERE m.org_id = org;
  DELETE FROM revenue.forecast_overrides o WHERE o.org_id = org;
  DELETE FROM revenue.forecast_submissions s WHERE s.org_id = org;
  DELETE FROM revenue.quotas q WHERE q.org_id = org;
  -- History goes first, so that the rows that go after it leave none.
  DELETE FROM revenue.deal_history h WHERE h.org_id = org;
  DELETE FROM revenue.deal_facts f WHERE f.org_id = org;
  DELETE FROM revenue.pipeline_snapshots s WHERE s.org_id = org;
  DELETE FROM revenue.activities a WHERE a.org_id = org;
  DELETE FROM revenue.revenue_events e WHERE e.org_id = org;
  DELETE FROM revenue.forecast_bases b WHERE b.org_id = org;
  DELETE FROM revenue.offer_activity a WHERE a.org_id = org;
  DELETE FROM revenue.offers f WHERE f.org_id = org;
  DELETE FROM revenue.automations a WHERE a.org_id = org;
  DELETE FROM revenue.posting_tests t WHERE t.org_id = org;
  DELETE FROM revenue.deals d WHERE d.org_id = org;
  DELETE FROM revenue.contacts c WHERE c.org_id = org;
  DELETE FROM revenue.contact_stages s WHERE s.org_id = org;
  DELETE FROM revenue.accounts a WHERE a.org_id = org;
  DELETE FROM revenue.products p WHERE p.org_id = org;
  DELETE FROM revenue.pipelines p WHERE p.org_id = org AND p.pipeline_id <> 'sales';
  DELETE FROM revenue.rep_managers m WHERE m.org_id = org;
  DELETE FROM revenue.reps r WHERE r.org_id = org;
  DELETE FROM revenue.fx_rates f WHERE f.org_id = org;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.clear_demo(integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.clear_demo(integer) IS
  'For load_demo() and drop_demo(): removes an organisation''s rows and their past; settings and audit stay';

CREATE OR REPLACE FUNCTION revenue.load_demo(
  deals integer DEFAULT 30, seed integer DEFAULT 1, today date DEFAULT NULL, years integer DEFAULT 3)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = on SET jit = off
SET work_mem = '64MB' AS $$
DECLARE
  caller text := revenue.caller_identity();
  demo record;
  present date;
  day date;
  in_all integer := deals + (revenue.demo_size(deals, years)).closed;
  first_deal integer := 1;
  last_deal integer;
  answer jsonb;
BEGIN
  IF seed IS NULL THEN
    RAISE EXCEPTION 'a demo needs a seed' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass any whole number; the same one gives the same data.';
  END IF;
  -- Two calls at once would both find no organisation.
  LOCK TABLE revenue.orgs IN SHARE UPDATE EXCLUSIVE MODE;
  SELECT d.org, d.loaded INTO demo FROM revenue.demo_org(seed) d;
  present := (now() AT TIME ZONE coalesce((SELECT o.time_zone FROM revenue.orgs o WHERE o.org_id = demo.org), 'UTC'))::date;
  day := coalesce(today, present);
  IF day NOT BETWEEN '2000-01-01' AND present THEN
    RAISE EXCEPTION 'there is no demo as of %', day USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass a day from 2000-01-01 to today, or leave it out for today.';
  END IF;
  IF demo.loaded @> jsonb_build_object('deals', deals, 'today', day, 'years', years) THEN
    RETURN demo.loaded || '{"loaded": false}';
  END IF;

  IF demo.org IS NULL THEN
    demo.org := revenue.create_org(format('Demo (seed %s)', seed));
  ELSE
    PERFORM revenue.lock_org(demo.org);
    PERFORM revenue.clear_demo(demo.org);
    UPDATE revenue.orgs o SET base_currency = 'USD' WHERE o.org_id = demo.org AND o.base_currency <> 'USD';
    INSERT INTO revenue.members (org_id, identity, access_level) VALUES (demo.org, caller, 'owner') ON CONFLICT DO NOTHING;
  END IF;
  PERFORM revenue.load_demo_reps(demo.org, deals, years, day);
  PERFORM revenue.load_demo_catalogue(demo.org, deals, years, seed, day);
  PERFORM revenue.load_demo_accounts(demo.org, deals, years, seed, day);
  WHILE first_deal <= in_all LOOP
    last_deal := least(first_deal + CASE first_deal WHEN 1 THEN 99 ELSE 24999 END, in_all);
    PERFORM revenue.load_demo_deals(demo.org, deals, years, seed, day, first_deal, last_deal);
    -- Of tables that were never analysed the planner thinks that each join yields one row, and the triggers
    -- take the square of the time. The first deals tell it what the rest is like.
    IF first_deal = 1 AND in_all > 100 THEN
      ANALYZE revenue.accounts, revenue.contacts, revenue.deals, revenue.deal_facts, revenue.deal_history, revenue.activities;
    ELSIF in_all > 25000 THEN
      RAISE NOTICE '% of % deals', last_deal, in_all;
    END IF;
    first_deal := last_deal + 1;
  END LOOP;
  PERFORM revenue.load_demo_subscriptions(demo.org, seed, day);
  PERFORM revenue.load_demo_customers(demo.org, seed, day);
  PERFORM revenue.load_demo_events(demo.org, years, seed, day);
  PERFORM revenue.load_demo_quotas(demo.org, seed, day);
  PERFORM revenue.load_demo_incidents(demo.org, day);
  -- One deal in five sells an add-on with its plan.
  INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, product_id, unit_price)
  SELECT demo.org, d.deal_id, l.line_id, l.product_id, l.price
  FROM revenue.deals d
  JOIN revenue.products p USING (org_id, product_id)
  CROSS JOIN LATERAL (
    SELECT 'plan' AS line_id, d.product_id, d.amount - round(d.amount / 6, 2) AS price
    UNION ALL
    SELECT 'add-on', (SELECT min(a.product_id) FROM revenue.products a WHERE a.org_id = demo.org AND a.family = 'add-on'), round(d.amount / 6, 2)) AS l
  WHERE d.org_id = demo.org AND p.family = 'plan' AND d.amount IS NOT NULL AND hashtext(d.deal_id) % 5 = 0;

  SELECT jsonb_build_object('org_id', o.org_id, 'organisation', o.name, 'seed', seed, 'today', day, 'deals', deals, 'years', years, 'rows',
    jsonb_build_object(
      'reps', (SELECT count(*) FROM revenue.reps r WHERE r.org_id = o.org_id),
      'products', (SELECT count(*) FROM revenue.products p WHERE p.org_id = o.org_id),
      'accounts', (SELECT count(*) FROM revenue.accounts a WHERE a.org_id = o.org_id),
      'contacts', (SELECT count(*) FROM revenue.contacts c WHERE c.org_id = o.org_id),
      'deals', (SELECT count(*) FROM revenue.deals d WHERE d.org_id = o.org_id),
      'deal_facts', (SELECT count(*) FROM revenue.deal_facts f WHERE f.org_id = o.org_id),
      'activities', (SELECT count(*) FROM revenue.activities a WHERE a.org_id = o.org_id),
      'subscriptions', (SELECT count(*) FROM revenue.subscriptions s WHERE s.org_id = o.org_id),
      'subscription_items', (SELECT count(*) FROM revenue.subscription_items i WHERE i.org_id = o.org_id),
      'revenue_events', (SELECT count(*) FROM revenue.revenue_events e WHERE e.org_id = o.org_id),
      'fx_rates', (SELECT count(*) FROM revenue.fx_rates f WHERE f.org_id = o.org_id))) INTO answer
  FROM revenue.orgs o WHERE o.org_id = demo.org;
  PERFORM revenue.audit('load_demo', 'demo', seed::text, demo.loaded, answer, NULL, demo.org);
  RETURN answer || '{"loaded": true}';
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo(integer, integer, date, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo(integer, integer, date, integer) IS
  'An organisation "Demo (seed ...)" of the caller''s with so many open deals, four closed ones a year for each over so many years, and all that belongs to them, as if today were the given day (NULL = today). The same call again changes nothing, also where the data was changed by hand; another size, length or day, or drop_demo() before, has it replaced. Returns {org_id, organisation, seed, today, deals, years, rows, loaded}. Who may call it is the database administrator''s to GRANT, like create_org()';

CREATE OR REPLACE FUNCTION revenue.drop_demo(seed integer DEFAULT 1) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = on AS $$
DECLARE
  demo record;
BEGIN
  IF seed IS NULL THEN
    RAISE EXCEPTION 'a demo needs a seed' USING ERRCODE = 'invalid_parameter_value',
      HINT = 'Pass the seed that load_demo() was called with.';
  END IF;
  SELECT d.org, d.loaded INTO demo FROM revenue.demo_org(seed) d;
  IF demo.loaded IS NULL THEN RETURN false; END IF;
  PERFORM revenue.lock_org(demo.org);
  PERFORM revenue.clear_demo(demo.org);
  DELETE FROM revenue.members m WHERE m.org_id = demo.org;
  PERFORM revenue.audit('drop_demo', 'demo', seed::text, demo.loaded, NULL, NULL, demo.org);
  RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.drop_demo(integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.drop_demo(integer) IS
  'Removes the data and the members of the caller''s demo organisation; whether there was one. The organisation itself stays, because its audit log does, and load_demo() fills it again';
