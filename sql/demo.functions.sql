-- The room demo: an organisation with invented data, the same on every machine.
-- Every row is computed from the seed, the size and its own number by a hash, so that neither plans
-- nor settings can change it, and placed in time by its distance from the day of loading.

-- Draws and words -----------------------------------------------------------------------------

-- Hash-partitioned tables depend on hashint8extended, so its answers are the same in every version
-- and on every machine.
CREATE OR REPLACE FUNCTION revenue.demo_draw(seed integer, stream integer, item bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (pg_catalog.hashint8extended(item, seed::bigint * 1000 + stream) & 9007199254740991)::double precision
    / 9007199254740992
$$;
COMMENT ON FUNCTION revenue.demo_draw(integer, integer, bigint) IS
  'For demo data: a number from 0 to below 1 that looks random and is always the same for the same seed, stream and item';

CREATE OR REPLACE FUNCTION revenue.demo_pick(words text[], draw double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT words[1 + floor(draw * cardinality(words))::integer]
$$;
COMMENT ON FUNCTION revenue.demo_pick(text[], double precision) IS
  'For demo data: one of the words, by a draw from 0 to below 1';

CREATE OR REPLACE FUNCTION revenue.demo_words(kind text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE kind
    WHEN 'first name' THEN '{Amara,Bruno,Chloe,Daniel,Elif,Felix,Grace,Hiro,Ines,Jonas,Keiko,Liam,Maya,Noah,Olga,Pablo,Quentin,Rosa,Samir,Tessa,Umar,Vera,Wanda,Xenia,Yusuf,Zoe,Aiko,Ben,Carla,Dmitri,Emma,Farid,Gwen,Hugo,Ivy,Jamal,Katrin,Lena,Marco,Nadia}'::text[]
    WHEN 'last name' THEN '{Abbott,Bauer,Castro,Dubois,Eriksen,Fischer,Garcia,Haddad,Ito,Jansen,Kowalski,Larsen,Moreau,Nakamura,Okafor,Petrov,Quinn,Rossi,Schmidt,Tanaka,Ueda,Vargas,Walsh,Xu,Yilmaz,Zhang,Almeida,Brandt,Costa,Dunn,Ekholm,Ferrari,Greene,Hughes,Ivanov,Jensen,Keller,Lindqvist,Marino,Novak,Osei}'
    WHEN 'company' THEN '{Alder,Beacon,Cedar,Delta,Ember,Falcon,Granite,Harbour,Indigo,Juniper,Kestrel,Lantern,Meridian,Northlight,Orchid,Pioneer,Quarry,Redwood,Summit,Tidewater,Upland,Vantage,Willow,Yarrow,Zenith,Amber,Birch,Copper,Dawn,Echo,Fern,Garnet,Hazel,Iron,Jade,Keystone,Linden,Maple,Nova,Onyx,Poplar,Quartz,River,Sierra,Thistle,Umbra,Valley,Wren,Aspen,Bluff,Coral,Dune,Elm,Flint,Grove,Heron,Isle,Larch,Mesa,Opal,Prairie}'
    WHEN 'company middle' THEN '{Bay,Bridge,Brook,Canyon,Cliff,Coast,Creek,Crest,Dale,Field,Ford,Forest,Gate,Glen,Heath,Hill,Hollow,Lake,Meadow,Moor,Park,Peak,Point,Ridge,Rock,Shore,Spring,Stone,Stream,Vale,Wood}'
    WHEN 'add-on' THEN '{Forecasting,Insights,Sandbox,Audit,Archive,Automation,Residency,Analytics,Integration,Mobile,Training}'
  END
$$;
COMMENT ON FUNCTION revenue.demo_words(text) IS 'For demo data: the words names are made of';

CREATE OR REPLACE FUNCTION revenue.demo_person(number bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (revenue.demo_words('first name'))[1 + (number * 7 % 40)::integer] || ' '
    || (revenue.demo_words('last name'))[1 + (number * 11 % 41)::integer]
$$;
COMMENT ON FUNCTION revenue.demo_person(bigint) IS
  'For demo data: the name of a person; 1,640 in a row differ';

CREATE OR REPLACE FUNCTION revenue.demo_company(number bigint, industry text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT concat_ws(' ',
    (revenue.demo_words('company'))[1 + (number * 23 % 61)::integer],
    CASE WHEN number > 61 THEN (revenue.demo_words('company middle'))[1 + (number / 61 * 7 % 31)::integer] END,
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
      ELSE '{Consulting,Logistics,Partners}' END, revenue.demo_draw(0, 1, number)),
    CASE WHEN number > 1891 THEN (1 + number / 1891)::text END)
$$;
COMMENT ON FUNCTION revenue.demo_company(bigint, text) IS
  'For demo data: the name of a company of an industry; no two are the same';

-- Who is there --------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.load_demo_reps(org integer, sellers integer, today date) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Sellers are dealt to three regions in turn, eight to a team, each team with its manager.
  INSERT INTO revenue.reps (org_id, rep_id, name, team, region, active, created_at)
  SELECT org, 'R-' || lpad(s::text, 4, '0'), revenue.demo_person(s),
    r.region || coalesce(' ' || nullif(s / 24 + 1, 1), ''), r.region, s % 11 <> 10,
    (today - 700 - s % 400)::timestamp AT TIME ZONE 'UTC'
  FROM generate_series(0, sellers - 1) s
  JOIN (VALUES (0, 'North America'), (1, 'EMEA'), (2, 'APAC')) r(region_no, region) ON r.region_no = s % 3
  UNION ALL
  SELECT org, 'M-' || lpad(m::text, 4, '0'), revenue.demo_person(1600 - m),
    r.region || coalesce(' ' || nullif(m / 3 + 1, 1), ''), r.region, true, (today - 1200)::timestamp AT TIME ZONE 'UTC'
  FROM generate_series(0, 3 * ((sellers + 23) / 24) - 1) m
  JOIN (VALUES (0, 'North America'), (1, 'EMEA'), (2, 'APAC')) r(region_no, region) ON r.region_no = m % 3
  UNION ALL
  SELECT org, 'H-0000', revenue.demo_person(1601), 'Sales', NULL, true, (today - 1500)::timestamp AT TIME ZONE 'UTC';

  -- Every fourth seller came from the next region's team some months ago.
  INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from, valid_to)
  SELECT org, 'R-' || lpad(s::text, 4, '0'), 'M-' || lpad(m.manager::text, 4, '0'), m.valid_from, m.valid_to
  FROM generate_series(0, sellers - 1) s
  CROSS JOIN LATERAL (SELECT s % 3 + 3 * (s / 24) AS own, (s + 1) % 3 + 3 * (s / 24) AS former,
    today - 120 - s % 7 * 10 AS moved, today - 700 - s % 400 AS hired) t
  CROSS JOIN LATERAL (
    SELECT t.own AS manager, CASE WHEN s % 4 = 1 THEN t.moved ELSE t.hired END AS valid_from, 'infinity'::date AS valid_to
    UNION ALL
    SELECT t.former, t.hired, t.moved WHERE s % 4 = 1) m
  UNION ALL
  SELECT org, r.rep_id, 'H-0000', today - 1200, 'infinity' FROM revenue.reps r WHERE r.org_id = org AND r.rep_id LIKE 'M-%';
  RETURN (SELECT count(*) FROM revenue.reps r WHERE r.org_id = org);
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_reps(integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_reps(integer, integer, date) IS
  'For load_demo(): sellers, managers and the head of sales, with who reported to whom and when; returns how many';

CREATE OR REPLACE FUNCTION revenue.load_demo_catalogue(org integer, addons integer, seed integer, today date) RETURNS void
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
  SELECT org, 'addon_' || a, (revenue.demo_words('add-on'))[1 + (a - 1) % 11] || ' add-on'
      || coalesce(' ' || nullif(1 + (a - 1) / 11, 1), ''), 'add-on', 5 + a * 7 % 20, 'USD'
  FROM generate_series(1, addons) a;

  -- A rate belongs to its calendar day, whenever it is loaded: noise at three scales, between points
  -- that the hash fixes. Markets are closed at weekends and on two holidays.
  INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate, source)
  SELECT org, c.currency, today - ago, round((c.level * (1 + n.noise))::numeric, c.decimals), 'demo'
  FROM generate_series(0, 620) ago
  CROSS JOIN (VALUES (1, 'EUR', 1.09, 6), (2, 'GBP', 1.27, 6), (3, 'JPY', 0.0067, 9)) c(stream, currency, level, decimals)
  CROSS JOIN LATERAL (
    SELECT sum(s.size * ((1 - s.share) * revenue.demo_draw(seed, 700 + c.stream, s.point * 1000 + s.days)
                         + s.share * revenue.demo_draw(seed, 700 + c.stream, (s.point + 1) * 1000 + s.days) - 0.5)) AS noise
    FROM (
      SELECT v.days, v.size, (today - ago - '2000-01-01'::date) / v.days AS point,
        (today - ago - '2000-01-01'::date) % v.days / v.days::double precision AS share
      FROM (VALUES (97, 0.10), (17, 0.03), (1, 0.006)) v(days, size)) s) n
  WHERE extract(isodow FROM today - ago) < 6 AND to_char(today - ago, 'MMDD') NOT IN ('0101', '1225');
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_catalogue(integer, integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_catalogue(integer, integer, integer, date) IS
  'For load_demo(): the contact funnel, plans, offers and add-ons, and daily exchange rates';

CREATE OR REPLACE FUNCTION revenue.load_demo_accounts(org integer, accounts integer, sellers integer, seed integer, today date)
RETURNS void LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO revenue.accounts (org_id, account_id, name, parent_account_id, owner_rep_id, industry, segment, region,
    country, employees, annual_revenue, currency, plan, usage_recent, usage_prior, usage_limit, seats_used, seats_bought,
    products_owned, open_tickets, escalations, overdue_since, failed_payments, renewal_date, nps, csat, champion_left,
    signals_at, created_at)
  WITH kinds AS MATERIALIZED (
    SELECT a,
      revenue.demo_pick('{technology,software,financial_services,healthcare,manufacturing,retail,education,government,telecommunications,services}',
        revenue.demo_draw(seed, 1, a)) AS industry,
      CASE WHEN a <= 10 THEN (a - 1) % 3 ELSE floor(3 * revenue.demo_draw(seed, 2, a) * (0.4 + 0.6 * revenue.demo_draw(seed, 3, a))) END::integer AS size,
      CASE WHEN a <= 10 THEN (ARRAY['US', 'DE', 'GB', 'JP', 'US', 'FR', 'CA', 'GB', 'SG', 'JP'])[a]
           ELSE revenue.demo_pick('{US,US,US,US,US,CA,CA,GB,GB,GB,DE,DE,FR,NL,ES,JP,JP,SG,AU}', revenue.demo_draw(seed, 4, a)) END AS country,
      a % 10 AS story  -- 8 and 9 are no customers yet, 1 has stopped, 2 declines, 3 does not pay, 7 lost its champion
    FROM generate_series(1, accounts) a
  ), regions AS MATERIALIZED (
    SELECT k.*, CASE WHEN country IN ('US', 'CA') THEN 0 WHEN country IN ('JP', 'SG', 'AU') THEN 2 ELSE 1 END AS region_no
    FROM kinds k
  ), places AS MATERIALIZED (
    SELECT k.*,
      (ARRAY['smb', 'mid_market', 'enterprise'])[1 + size] AS segment,
      (ARRAY['North America', 'EMEA', 'APAC'])[1 + region_no] AS region,
      floor((ARRAY[10, 250, 2000])[1 + size] * (1 + revenue.demo_draw(seed, 6, a) * (ARRAY[15, 6, 8])[1 + size]))::integer AS employees,
      (ARRAY[10, 60, 300])[1 + size] * (1 + floor(5 * revenue.demo_draw(seed, 7, a)))::integer AS seats,
      story < 8 AS customer
    FROM regions k
  ), usage AS MATERIALIZED (
    SELECT p.*, CASE WHEN customer THEN seats * (20 + floor(60 * revenue.demo_draw(seed, 8, a))) END AS before
    FROM places p
  )
  SELECT org, 'A-' || lpad(a::text, 6, '0'), revenue.demo_company(a, industry),
    CASE WHEN a > 10 AND a % 12 = 0 THEN 'A-' || lpad((a - 7)::text, 6, '0') END,
    'R-' || lpad((region_no + 3 * floor((sellers - region_no + 2) / 3 * revenue.demo_draw(seed, 9, a))::integer)::text, 4, '0'),
    industry, segment, region, country, employees,
    (employees * (80 + floor(200 * revenue.demo_draw(seed, 10, a))) * 1000
      * CASE country WHEN 'JP' THEN 150 ELSE 1 END)::numeric,
    CASE WHEN country = 'GB' THEN 'GBP' WHEN country = 'JP' THEN 'JPY' WHEN region_no = 1 THEN 'EUR' ELSE 'USD' END,
    CASE WHEN customer THEN (ARRAY['starter', 'professional', 'enterprise'])[1 + size] END,
    CASE WHEN story = 1 THEN 0 WHEN story = 2 THEN round(before * 0.45)
         WHEN customer THEN round(before * (0.9 + 0.35 * revenue.demo_draw(seed, 11, a))) END,
    before,
    CASE WHEN customer THEN seats * 100 END,
    CASE WHEN story = 1 THEN 0 WHEN customer THEN floor(seats * (0.5 + 0.5 * revenue.demo_draw(seed, 12, a)))::integer END,
    CASE WHEN customer THEN seats END,
    CASE WHEN customer THEN 1 + floor(3 * revenue.demo_draw(seed, 13, a))::integer END,
    CASE WHEN customer THEN floor(5 * revenue.demo_draw(seed, 14, a) * revenue.demo_draw(seed, 15, a))::integer
                              + CASE WHEN story IN (1, 2) THEN 3 ELSE 0 END END,
    CASE WHEN customer THEN CASE WHEN story = 2 THEN 2 WHEN revenue.demo_draw(seed, 16, a) < 0.1 THEN 1 ELSE 0 END END,
    CASE WHEN story = 3 THEN today - 10 - floor(40 * revenue.demo_draw(seed, 17, a))::integer
         WHEN customer THEN today + 1 + floor(29 * revenue.demo_draw(seed, 17, a))::integer END,
    CASE WHEN customer THEN CASE WHEN story = 3 THEN 2 ELSE 0 END END,
    CASE WHEN customer THEN today + 5 + floor(350 * revenue.demo_draw(seed, 18, a))::integer END,
    CASE WHEN customer AND revenue.demo_draw(seed, 19, a) < 0.7
         THEN CASE WHEN story IN (1, 2) THEN -30 ELSE 20 END + floor(60 * revenue.demo_draw(seed, 20, a)) END,
    CASE WHEN customer AND revenue.demo_draw(seed, 21, a) < 0.7
         THEN CASE WHEN story IN (1, 2, 3) THEN 45 ELSE 75 END + floor(25 * revenue.demo_draw(seed, 22, a)) END,
    CASE WHEN customer THEN story = 7 END,
    (today - 1)::timestamp AT TIME ZONE 'UTC' + interval '6 hours',
    (today - 600 - floor(700 * revenue.demo_draw(seed, 23, a))::integer)::timestamp AT TIME ZONE 'UTC'
  FROM usage;

  -- Two people at each account: the first is the one who decides.
  INSERT INTO revenue.contacts (org_id, contact_id, account_id, name, email, title, seniority, owner_rep_id, source,
    industry_match, email_opens, email_clicks, page_visits, replies, meetings, last_engaged_at, unsubscribed,
    pipeline_id, stage_id, stage_entered_at, created_at)
  WITH people AS MATERIALIZED (
    SELECT n, 1 + (n - 1) % accounts AS a, n > accounts AS second,
      -- 1 cold to 6 closed; a quarter are in no funnel
      CASE WHEN n <= 6 THEN n WHEN revenue.demo_draw(seed, 100, n) < 0.75
           THEN 1 + floor(6 * revenue.demo_draw(seed, 101, n) * revenue.demo_draw(seed, 102, n))::integer END AS stage_no,
      revenue.demo_draw(seed, 103, n) AS keen,
      floor(4 * revenue.demo_draw(seed, 104, n))::integer AS level
    FROM generate_series(1, 2 * accounts) n
  )
  SELECT org, 'C-' || lpad(n::text, 6, '0'), t.account_id, p.name,
    lower(replace(p.name, ' ', '.')) || '@' || lower(replace(t.name, ' ', '-')) || '.example',
    CASE WHEN second THEN (ARRAY['Sales Operations Manager', 'Systems Analyst', 'Team Lead', 'Office Manager'])[1 + level]
         ELSE (ARRAY['Chief Revenue Officer', 'Vice President Sales', 'Director of Operations', 'Head of Growth'])[1 + level] END,
    CASE WHEN second THEN (ARRAY['manager', 'specialist', 'senior', NULL])[1 + level]
         ELSE (ARRAY['c_level', 'vp', 'director', 'head'])[1 + level] END,
    t.owner_rep_id, revenue.demo_pick('{inbound,outbound,referral,partner,event}', revenue.demo_draw(seed, 105, n)),
    CASE WHEN revenue.demo_draw(seed, 106, n) < 0.9 THEN t.industry NOT IN ('government', 'education') END,
    floor(20 * keen * revenue.demo_draw(seed, 107, n))::integer, floor(8 * keen * revenue.demo_draw(seed, 108, n))::integer,
    floor(25 * keen * revenue.demo_draw(seed, 109, n))::integer, floor(4 * keen * revenue.demo_draw(seed, 110, n))::integer,
    floor(3 * keen * revenue.demo_draw(seed, 111, n))::integer,
    CASE WHEN keen > 0.1 THEN (today - 1 - floor(120 * (1 - keen) * revenue.demo_draw(seed, 112, n))::integer)::timestamp
      AT TIME ZONE 'UTC' + interval '11 hours' END,
    revenue.demo_draw(seed, 113, n) < 0.04,
    CASE WHEN stage_no IS NOT NULL THEN 'funnel' END,
    (ARRAY['cold', 'awareness', 'consideration', 'decision', 'call_booked', 'closed'])[stage_no],
    CASE WHEN stage_no IS NOT NULL THEN (today - 1 - floor(45 * revenue.demo_draw(seed, 114, n))::integer)::timestamp
      AT TIME ZONE 'UTC' + interval '9 hours' END,
    (today - 60 - floor(500 * revenue.demo_draw(seed, 115, n))::integer)::timestamp AT TIME ZONE 'UTC'
  FROM (SELECT q.*, revenue.demo_person(CASE WHEN second THEN n + 800 ELSE n + 300 END) AS name FROM people q) p
  JOIN revenue.accounts t ON t.org_id = org AND t.account_id = 'A-' || lpad(p.a::text, 6, '0');
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_accounts(integer, integer, integer, integer, date) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_accounts(integer, integer, integer, integer, date) IS
  'For load_demo(): accounts with their indicators, and two contacts each';

-- The plot of every deal ----------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.demo_cases()
RETURNS TABLE (
  case_no integer, outcome text, stage_no integer, days_min integer, days_max integer, silent_min integer,
  silent_max integer, due_min integer, due_max integer, quality_min double precision, quality_max double precision,
  touches_min integer, touches_max integer, mark text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30 AS $$
  VALUES
    -- Open: days in the stage, days without activity, days to the close date
    (1, 'open', 1, 3, 12, 1, 3, 60, 110, 0.4, 0.8, 2, 4, NULL),
    (2, 'open', 1, 6, 25, 2, 6, 70, 120, 0.3, 0.7, 2, 4, 'no_account'),
    (3, 'open', 1, 125, 150, 42, 60, 10, 40, 0.0, 0.2, 1, 2, NULL),
    (4, 'open', 2, 4, 12, 1, 4, 45, 80, 0.7, 1.0, 5, 9, NULL),
    (5, 'open', 2, 8, 18, 2, 8, 50, 90, 0.4, 0.8, 3, 6, 'no_amount'),
    (6, 'open', 2, 26, 38, 21, 21, 30, 60, 0.2, 0.6, 3, 6, NULL),
    (7, 'open', 2, 8, 20, 3, 7, 0, 0, 0.4, 0.8, 4, 7, 'no_close_date'),
    (8, 'open', 3, 3, 12, 1, 3, 20, 45, 0.9, 1.0, 10, 14, NULL),
    (9, 'open', 3, 8, 20, 2, 7, 20, 60, 0.5, 0.9, 6, 10, 'transferred'),
    (10, 'open', 3, 75, 75, 15, 25, 5, 30, 0.3, 0.6, 4, 8, NULL),
    (11, 'open', 3, 20, 40, 3, 9, 15, 45, 0.4, 0.8, 6, 11, 'slipped'),
    (12, 'open', 3, 35, 60, 16, 24, -20, -6, 0.3, 0.6, 5, 9, NULL),
    (13, 'open', 4, 2, 10, 1, 2, 5, 25, 0.9, 1.0, 11, 16, NULL),
    (14, 'open', 4, 8, 18, 1, 6, 10, 35, 0.6, 0.9, 8, 13, 'resized'),
    (15, 'open', 4, 85, 120, 40, 60, -45, -15, 0.0, 0.2, 2, 4, NULL),
    (16, 'open', 4, 6, 15, 1, 5, 15, 40, 0.5, 0.8, 8, 13, 'reopened'),
    (17, 'open', 4, 15, 25, 2, 6, -9, -3, 0.6, 0.9, 7, 12, NULL),
    -- Closed so many days ago, after some days of silence
    (18, 'won', 0, 3, 12, 1, 2, 0, 0, 0.0, 1.0, 4, 16, NULL),
    (19, 'lost', 0, 6, 18, 1, 6, 0, 0, 0.0, 1.0, 2, 14, NULL),
    (20, 'won', 0, 19, 32, 1, 3, 0, 0, 0.0, 1.0, 4, 16, 'resized'),
    (21, 'either', 0, 33, 48, 1, 5, 0, 0, 0.0, 1.0, 3, 14, 'slipped'),
    (22, 'won', 0, 49, 70, 1, 3, 0, 0, 0.0, 1.0, 4, 16, NULL),
    (23, 'either', 0, 71, 95, 1, 5, 0, 0, 0.0, 1.0, 3, 14, NULL),
    (24, 'either', 0, 96, 125, 1, 5, 0, 0, 0.0, 1.0, 3, 14, 'transferred'),
    (25, 'either', 0, 126, 165, 1, 5, 0, 0, 0.0, 1.0, 3, 14, 'no_account'),
    (26, 'either', 0, 166, 215, 1, 5, 0, 0, 0.0, 1.0, 3, 14, 'slipped'),
    (27, 'either', 0, 216, 280, 1, 5, 0, 0, 0.0, 1.0, 3, 14, NULL),
    (28, 'either', 0, 281, 360, 1, 5, 0, 0, 0.0, 1.0, 3, 14, 'reopened'),
    (29, 'either', 0, 361, 450, 1, 5, 0, 0, 0.0, 1.0, 3, 14, NULL),
    (30, 'either', 0, 451, 540, 1, 5, 0, 0, 0.0, 1.0, 3, 14, NULL)
$$;
COMMENT ON FUNCTION revenue.demo_cases() IS
  'For demo data: what the first thirty deals are like, one of each case; later deals take a case by chance';

-- Times are days before the day of loading, so that the plan does not depend on it.
CREATE OR REPLACE FUNCTION revenue.demo_deals(
  org integer, accounts integer, sellers integer, addons integer, seed integer, first_deal integer, last_deal integer)
RETURNS TABLE (
  deal integer, deal_id text, name text, account_id text, contact_id text, owner_rep_id text, first_owner_rep_id text,
  product_id text, product_plan text, users integer, first_users integer, price numeric, discount integer,
  billing_cycle text, months integer, expansion double precision, amount numeric, first_amount numeric, currency text,
  outcome text, stage_no integer, lead_score double precision, champion boolean, budget boolean, decision_maker boolean,
  competitors integer, touches integer, handled integer, industry text, segment text, source text, loss_reason text,
  commits boolean, due integer, first_due integer, middle_due integer,
  created_ago integer, qualified_ago integer, proposed_ago integer, negotiated_ago integer, lost_ago integer,
  reopened_ago integer, closed_ago integer, slipped_ago integer, slipped_again_ago integer, transferred_ago integer,
  silent_ago integer, minute integer)
LANGUAGE sql STABLE AS $$
  WITH cases AS MATERIALIZED (
    SELECT i, i <= 30 AS scripted,
      CASE WHEN i <= 30 THEN i
           WHEN revenue.demo_draw(seed, 200, i) < 0.3 THEN 1 + floor(17 * revenue.demo_draw(seed, 201, i))::integer
           ELSE 18 + floor(13 * revenue.demo_draw(seed, 201, i))::integer END AS case_no
    FROM generate_series(first_deal, last_deal) i
  ), marks AS MATERIALIZED (
    SELECT s.i, s.scripted, c.outcome, c.stage_no,
      c.days_min + floor((c.days_max - c.days_min + 1) * revenue.demo_draw(seed, 202, i))::integer AS days,
      c.silent_min + floor((c.silent_max - c.silent_min + 1) * revenue.demo_draw(seed, 203, i))::integer AS silent,
      c.due_min + floor((c.due_max - c.due_min + 1) * revenue.demo_draw(seed, 204, i))::integer AS due,
      c.quality_min + (c.quality_max - c.quality_min) * revenue.demo_draw(seed, 205, i) AS quality,
      c.touches_min + floor((c.touches_max - c.touches_min + 1) * revenue.demo_draw(seed, 206, i))::integer AS touches,
      CASE WHEN s.scripted THEN c.mark = 'no_account' ELSE revenue.demo_draw(seed, 207, i) < 0.04 END IS TRUE AS no_account,
      CASE WHEN s.scripted THEN c.mark = 'no_amount' ELSE c.stage_no IN (1, 2) AND revenue.demo_draw(seed, 208, i) < 0.12 END IS TRUE AS no_amount,
      CASE WHEN s.scripted OR c.mark = 'no_close_date' THEN c.mark = 'no_close_date'
           ELSE c.outcome = 'open' AND revenue.demo_draw(seed, 209, i) < 0.03 END IS TRUE AS no_close_date,
      CASE WHEN s.scripted THEN c.mark = 'slipped' ELSE revenue.demo_draw(seed, 210, i) < 0.25 END IS TRUE AS slipped,
      CASE WHEN s.scripted THEN c.mark = 'resized' ELSE revenue.demo_draw(seed, 211, i) < 0.2 END IS TRUE AS resized,
      CASE WHEN s.scripted THEN c.mark = 'transferred' ELSE revenue.demo_draw(seed, 212, i) < 0.08 END IS TRUE AS transferred,
      CASE WHEN s.scripted THEN c.mark = 'reopened'
           ELSE c.stage_no IN (0, 4) AND revenue.demo_draw(seed, 213, i) < 0.04 END IS TRUE AS reopened
    FROM cases s JOIN revenue.demo_cases() c ON c.case_no = s.case_no
  ), parties AS MATERIALIZED (
    SELECT m.*, a.account_id, a.name AS company, a.industry, coalesce(a.segment, 'smb') AS sized_as, a.segment,
      coalesce(a.currency, 'USD') AS currency, p.contact_id,
      coalesce(a.owner_rep_id,
        'R-' || lpad(floor(sellers * revenue.demo_draw(seed, 214, i))::integer::text, 4, '0')) AS owner_rep_id,
      least(greatest(round(10 + 70 * quality + 25 * (revenue.demo_draw(seed, 215, i) - 0.5)), 0), 100) AS score,
      CASE WHEN revenue.demo_draw(seed, 216, i) >= 0.12 THEN revenue.demo_draw(seed, 217, i) < 0.1 + 0.85 * quality END AS champion,
      CASE WHEN revenue.demo_draw(seed, 218, i) >= 0.12 THEN revenue.demo_draw(seed, 219, i) < 0.1 + 0.8 * quality END AS budget,
      CASE WHEN revenue.demo_draw(seed, 220, i) >= 0.12 THEN revenue.demo_draw(seed, 221, i) < 0.15 + 0.7 * quality END AS decision_maker,
      CASE WHEN revenue.demo_draw(seed, 222, i) >= 0.1 THEN floor(3 * revenue.demo_draw(seed, 223, i) * (1.3 - 0.6 * quality))::integer END AS competitors,
      least(floor(4 * revenue.demo_draw(seed, 224, i)), touches / 3)::integer AS handled,
      revenue.demo_pick('{inbound,outbound,referral,partner,event}', revenue.demo_draw(seed, 225, i)) AS source,
      CASE WHEN revenue.demo_draw(seed, 226, i) < 0.74 THEN 'plan' WHEN revenue.demo_draw(seed, 226, i) < 0.9 THEN 'offer'
           ELSE 'add-on' END AS family
    FROM marks m
    LEFT JOIN revenue.accounts a ON a.org_id = org AND NOT m.no_account
      AND a.account_id = 'A-' || lpad((1 + CASE WHEN scripted THEN i * 7 % accounts
        ELSE floor(accounts * revenue.demo_draw(seed, 227, i))::integer END)::text, 6, '0')
    LEFT JOIN revenue.contacts p ON p.org_id = org AND revenue.demo_draw(seed, 228, i) < 0.9
      AND p.contact_id = 'C-' || lpad((substr(a.account_id, 3)::integer
        + CASE WHEN revenue.demo_draw(seed, 229, i) < 0.4 THEN accounts ELSE 0 END)::text, 6, '0')
  ), products AS MATERIALIZED (
    SELECT p.*,
      CASE family
        WHEN 'plan' THEN CASE sized_as
          WHEN 'smb' THEN revenue.demo_pick('{starter,starter,professional}', revenue.demo_draw(seed, 230, i))
          WHEN 'mid_market' THEN revenue.demo_pick('{professional,professional,enterprise}', revenue.demo_draw(seed, 230, i))
          ELSE revenue.demo_pick('{enterprise,enterprise,strategic}', revenue.demo_draw(seed, 230, i)) END
        WHEN 'offer' THEN revenue.demo_pick('{safari_automation,creator_growth,ai_automation,personal_brand}', revenue.demo_draw(seed, 230, i))
        ELSE 'addon_' || 1 + floor(addons * revenue.demo_draw(seed, 230, i))::integer END AS product_id,
      CASE sized_as WHEN 'smb' THEN 5 WHEN 'mid_market' THEN 40 ELSE 150 END
        + floor(CASE sized_as WHEN 'smb' THEN 46 WHEN 'mid_market' THEN 161 ELSE 651 END
            * revenue.demo_draw(seed, 231, i) * revenue.demo_draw(seed, 232, i))::integer AS seats,
      (ARRAY[0, 0, 5, 10, 15, 20])[1 + floor(6 * revenue.demo_draw(seed, 233, i))::integer] AS discount,
      (ARRAY[12, 12, 12, 12, 24, 36])[1 + floor(6 * revenue.demo_draw(seed, 234, i))::integer] AS term,
      -- What makes deals win here, on the scale of close_probability but not its weights: there is
      -- something to be learnt, the rep among it.
      outcome <> 'open' AND CASE WHEN scripted AND outcome <> 'either' THEN outcome = 'won'
        ELSE revenue.demo_draw(seed, 235, i) < 1 / (1 + 6.5 * exp(-0.0289 * (
            0.15 * score + least(1.3 * touches, 18) + 3 * handled
            + CASE champion WHEN true THEN 20 WHEN false THEN -8 ELSE 0 END
            + CASE budget WHEN true THEN 22 WHEN false THEN -10 ELSE 0 END
            + CASE decision_maker WHEN true THEN 12 WHEN false THEN -2 ELSE 0 END
            - 9 * coalesce(competitors, 1)
            + CASE source WHEN 'referral' THEN 14 WHEN 'partner' THEN 6 WHEN 'outbound' THEN -10 ELSE 0 END
            + CASE industry WHEN 'technology' THEN 8 WHEN 'software' THEN 6 WHEN 'government' THEN -12 ELSE 0 END
            + CASE sized_as WHEN 'enterprise' THEN -6 ELSE 0 END
            + 24 * revenue.demo_draw(seed, 236, substr(owner_rep_id, 3)::bigint) - 12))) END AS won
    FROM parties p
  ), terms AS MATERIALIZED (
    SELECT p.*, product,
      CASE WHEN family <> 'offer' AND NOT no_amount THEN seats END AS users,
      CASE WHEN family <> 'offer' AND NOT no_amount THEN term END AS months,
      round(c.list_price * CASE currency WHEN 'EUR' THEN 0.92 WHEN 'GBP' THEN 0.8 WHEN 'JPY' THEN 150 ELSE 1 END,
        CASE WHEN currency = 'JPY' THEN -1 ELSE 0 END) AS price,
      CASE WHEN currency = 'JPY' THEN 0 ELSE 2 END AS decimals,
      CASE WHEN outcome = 'open' THEN stage_no
           WHEN won OR reopened THEN 4
           ELSE (ARRAY[1, 2, 2, 3, 3, 4])[1 + floor(6 * (0.7 * revenue.demo_draw(seed, 238, i) + 0.3 * quality))::integer] END AS reached,
      CASE sized_as WHEN 'smb' THEN 0.7 WHEN 'mid_market' THEN 1.0 ELSE 1.4 END
        * CASE WHEN outcome <> 'open' AND NOT won THEN 1.25 ELSE 1 END AS pace
    FROM products p JOIN (SELECT c.product_id AS sold_id, c.name AS product, c.list_price FROM revenue.products c WHERE c.org_id = org) c ON c.sold_id = p.product_id
  ), paces AS MATERIALIZED (
    SELECT t.*,
      greatest(2, pace * 30 * (0.25 + 1.8 * revenue.demo_draw(seed, 239, i) * revenue.demo_draw(seed, 240, i)))::integer AS prospecting,
      greatest(2, pace * 21 * (0.25 + 1.8 * revenue.demo_draw(seed, 241, i) * revenue.demo_draw(seed, 242, i)))::integer AS qualification,
      greatest(2, pace * 21 * (0.25 + 1.8 * revenue.demo_draw(seed, 243, i) * revenue.demo_draw(seed, 244, i)))::integer AS proposal,
      greatest(2, pace * 21 * (0.25 + 1.8 * revenue.demo_draw(seed, 245, i) * revenue.demo_draw(seed, 246, i)))::integer AS negotiation,
      15 + floor(30 * revenue.demo_draw(seed, 247, i))::integer AS away,
      CASE WHEN outcome = 'open' THEN 0 ELSE days END AS ended_ago
    FROM terms t
  ), entries AS MATERIALIZED (
    SELECT p.*,
      ended_ago + CASE WHEN outcome = 'open' THEN days
        ELSE (ARRAY[prospecting, qualification, proposal, negotiation])[reached] END AS entered_ago
    FROM paces p
  ), fourth AS MATERIALIZED (
    SELECT e.*, entered_ago - ended_ago AS lasted,
      CASE WHEN reached = 4 THEN entered_ago + CASE WHEN reopened THEN away + negotiation ELSE 0 END END AS negotiated_ago
    FROM entries e
  ), third AS MATERIALIZED (
    SELECT f.*, CASE WHEN reached = 3 THEN entered_ago ELSE negotiated_ago + proposal END AS proposed_ago FROM fourth f
  ), timeline AS MATERIALIZED (
    SELECT t.*, CASE WHEN reached = 2 THEN entered_ago ELSE proposed_ago + qualification END AS qualified_ago FROM third t
  )
  SELECT i, 'D-' || lpad(i::text, 7, '0'),
    coalesce(company, 'New enquiry') || ' / ' || product || coalesce(', ' || t.users || ' users', ''),
    account_id, contact_id, owner_rep_id,
    CASE WHEN transferred THEN 'R-' || lpad(((substr(owner_rep_id, 3)::integer + 3) % sellers)::text, 4, '0') ELSE owner_rep_id END,
    t.product_id, CASE WHEN family = 'plan' THEN t.product_id END,
    users, CASE WHEN users IS NOT NULL THEN d.seats_then END,
    CASE WHEN NOT no_amount THEN price END, discount,
    CASE WHEN family = 'offer' THEN 'one_time' ELSE revenue.demo_pick('{monthly,annual,annual}', revenue.demo_draw(seed, 248, i)) END,
    months, (ARRAY[NULL, 1, 1, 1.1, 1.25, 1.5])[1 + floor(6 * revenue.demo_draw(seed, 249, i))::integer],
    CASE WHEN no_amount THEN NULL WHEN family = 'offer' THEN round(price * (100 - discount) / 100, decimals)
         ELSE round(price * seats * term * (100 - discount) / 100, decimals) END,
    CASE WHEN no_amount THEN NULL WHEN family = 'offer' THEN round(price * CASE WHEN resized AND reached > 2 THEN 100 ELSE 100 - discount END / 100, decimals)
         ELSE round(price * d.seats_then * term * (100 - discount) / 100, decimals) END,
    currency,
    CASE WHEN outcome = 'open' THEN 'open' WHEN won THEN 'won' ELSE 'lost' END, reached,
    CASE WHEN revenue.demo_draw(seed, 250, i) >= 0.06 THEN score END, champion, budget, decision_maker, competitors, touches, handled,
    industry, segment, source,
    CASE WHEN outcome <> 'open' AND NOT won THEN CASE WHEN competitors > 1 THEN 'competitor' WHEN NOT budget THEN 'no_budget'
      ELSE revenue.demo_pick('{price,timing,no_decision}', revenue.demo_draw(seed, 251, i)) END END,
    quality > 0.5, d.due, d.due - d.slip - d.slip_again, CASE WHEN d.slip_again > 0 THEN d.due - d.slip_again END,
    CASE WHEN reached = 1 THEN entered_ago ELSE qualified_ago + prospecting END,
    qualified_ago, proposed_ago, negotiated_ago,
    CASE WHEN reopened THEN entered_ago + away END, CASE WHEN reopened THEN entered_ago END,
    CASE WHEN outcome <> 'open' THEN ended_ago END,
    CASE WHEN d.slip > 0 THEN ended_ago + greatest(1, lasted / 2) END,
    CASE WHEN d.slip_again > 0 THEN ended_ago + greatest(1, lasted / 4) END,
    CASE WHEN transferred THEN ended_ago + greatest(1, lasted / 3) END,
    ended_ago + silent, i % 97
  FROM timeline t
  CROSS JOIN LATERAL (
    SELECT CASE WHEN resized AND reached > 2 THEN greatest(1, round(seats * (0.5 + 1.2 * revenue.demo_draw(seed, 237, i))))::integer
           ELSE seats END AS seats_then,
      CASE WHEN no_close_date THEN NULL WHEN outcome = 'open' THEN t.due ELSE -ended_ago END AS due,
      CASE WHEN no_close_date THEN 0 WHEN slipped THEN 25 + floor(35 * revenue.demo_draw(seed, 252, i))::integer
           WHEN outcome <> 'open' THEN -floor(21 * revenue.demo_draw(seed, 252, i))::integer ELSE 0 END AS slip,
      CASE WHEN slipped AND NOT no_close_date AND lasted >= 8 AND (scripted OR revenue.demo_draw(seed, 253, i) < 0.3)
           THEN 30 ELSE 0 END AS slip_again) d
$$;
COMMENT ON FUNCTION revenue.demo_deals(integer, integer, integer, integer, integer, integer, integer) IS
  'For load_demo(): what becomes of each deal and when, in days before the day of loading';

-- Loading -------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION revenue.load_demo_deals(
  org integer, accounts integer, sellers integer, addons integer, seed integer, today date, first_deal integer, last_deal integer)
RETURNS bigint LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  midnight timestamptz := today::timestamp AT TIME ZONE 'UTC';
  done bigint;
BEGIN
  -- The row is what the deal is today; it has been there since it was created.
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
    p.product_plan, p.users, p.price, p.discount, p.billing_cycle, p.months, p.expansion, p.lead_score, p.champion, p.budget,
    p.decision_maker, p.competitors, p.industry, p.segment, p.source, p.loss_reason, t.created_at
  FROM revenue.demo_deals(org, accounts, sellers, addons, seed, first_deal, last_deal) p
  CROSS JOIN LATERAL (
    SELECT midnight + interval '1 minute' * (481 + p.minute - 1440 * p.created_ago) AS created_at,
      midnight + interval '1 minute' * (480 + p.minute + CASE
        WHEN p.outcome <> 'open' THEN 7 - 1440 * p.closed_ago
        WHEN p.reopened_ago IS NOT NULL THEN 6 - 1440 * p.reopened_ago
        ELSE p.stage_no - 1440 * (ARRAY[p.created_ago, p.qualified_ago, p.proposed_ago, p.negotiated_ago])[p.stage_no]
      END) AS entered_at) t;

  INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id, forecast_category, amount, num_users_planned,
    close_date, owner_rep_id, champion_identified, lead_score, loss_reason)
  SELECT org, p.deal_id, midnight + interval '1 minute' * (480 + p.minute + e.step - 1440 * e.ago), e.stage_id,
    e.forecast_category,
    CASE e.step WHEN 1 THEN p.first_amount WHEN 3 THEN p.amount END,
    CASE e.step WHEN 1 THEN p.first_users WHEN 3 THEN p.users END,
    today + CASE e.step WHEN 1 THEN p.first_due WHEN 8 THEN coalesce(p.middle_due, p.due) WHEN 7 THEN p.due WHEN 9 THEN p.due END,
    CASE e.step WHEN 1 THEN p.first_owner_rep_id WHEN 10 THEN p.owner_rep_id END,
    CASE e.step WHEN 1 THEN p.champion AND (p.stage_no = 1 OR p.deal % 5 < 3) WHEN 2 THEN p.champion END,
    CASE e.step WHEN 1 THEN CASE WHEN p.stage_no = 1 THEN p.lead_score ELSE greatest(p.lead_score - 10, 0) END WHEN 2 THEN p.lead_score END,
    CASE e.step WHEN 5 THEN 'timing' WHEN 7 THEN p.loss_reason END
  FROM revenue.demo_deals(org, accounts, sellers, addons, seed, first_deal, last_deal) p
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
  WHERE e.ago IS NOT NULL;

  INSERT INTO revenue.activities (org_id, activity_id, deal_id, account_id, contact_id, rep_id, kind, direction, outcome,
    subject, occurred_at)
  SELECT org, a.deal_id || '-' || lpad(a.n::text, 2, '0'), a.deal_id, a.account_id,
    CASE WHEN a.kind NOT IN ('note', 'task') THEN a.contact_id END,
    CASE WHEN a.ago > coalesce(a.transferred_ago, -1) THEN a.first_owner_rep_id ELSE a.owner_rep_id END,
    a.kind,
    CASE WHEN a.kind IN ('note', 'task') THEN 'internal' WHEN a.kind = 'objection' OR a.draw < 0.3 THEN 'inbound' ELSE 'outbound' END,
    CASE WHEN a.kind = 'objection' THEN CASE WHEN a.settled THEN 'handled' ELSE 'open' END
         WHEN a.kind IN ('call', 'meeting', 'demo') THEN CASE WHEN a.draw < 0.85 THEN 'held' ELSE 'no_show' END END,
    CASE a.kind WHEN 'email' THEN 'Follow-up' WHEN 'call' THEN 'Call with the buying team' WHEN 'meeting' THEN 'Meeting on requirements'
      WHEN 'demo' THEN 'Product demonstration' WHEN 'message' THEN 'Short message' WHEN 'event' THEN 'Met at an event'
      WHEN 'objection' THEN CASE WHEN a.draw < 0.5 THEN 'Objection on price' ELSE 'Objection on timing' END
      WHEN 'task' THEN 'Prepare the next step' ELSE 'Note after the call' END,
    midnight + interval '1 minute' * (600 + floor(360 * a.draw)::integer - 1440 * a.ago)
  FROM (
    SELECT p.*, n, revenue.demo_draw(seed, 500 + n, p.deal) AS draw,
      CASE WHEN n > p.touches THEN CASE WHEN p.deal % 3 = 0 THEN 'task' ELSE 'note' END
           WHEN n % 3 = 2 AND n / 3 < p.handled THEN 'objection'
           WHEN n = 1 THEN 'email'
           ELSE (ARRAY['email', 'email', 'email', 'call', 'call', 'call', 'meeting', 'meeting', 'demo', 'message', 'event', 'objection'])
             [1 + floor(12 * revenue.demo_draw(seed, 540 + n, p.deal))::integer] END AS kind,
      n % 3 = 2 AND n / 3 < p.handled AS settled,
      p.created_ago - CASE WHEN n = p.touches THEN greatest(p.created_ago - p.silent_ago, 0)
        ELSE floor(greatest(p.created_ago - p.silent_ago, 0) * (least(n, p.touches) - revenue.demo_draw(seed, 580 + n, p.deal)) / p.touches)::integer
        END AS ago
    FROM revenue.demo_deals(org, accounts, sellers, addons, seed, first_deal, last_deal) p
    CROSS JOIN LATERAL generate_series(1, p.touches + CASE WHEN p.deal % 5 < 2 THEN 1 ELSE 0 END) n) a;
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $$;
REVOKE EXECUTE ON FUNCTION revenue.load_demo_deals(integer, integer, integer, integer, integer, date, integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION revenue.load_demo_deals(integer, integer, integer, integer, integer, date, integer, integer) IS
  'For load_demo(): deals first_deal to last_deal with their past and their activities; returns how many activities';

CREATE OR REPLACE FUNCTION revenue.load_demo(deals integer DEFAULT 30, seed integer DEFAULT 1, today date DEFAULT NULL)
RETURNS jsonb LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = on SET jit = off SET plan_cache_mode = force_custom_plan
SET work_mem = '64MB' AS $$
DECLARE
  org integer;
  sellers integer := greatest(6, sqrt(deals)::integer);
  accounts integer := greatest(10, deals / 3);
  addons integer := greatest(2, sqrt(sqrt(deals))::integer);
  chunk integer := 20000;
  first_deal integer;
  activities bigint := 0;
BEGIN
  org := revenue.create_org(format('Demo (seed %s)', seed));
  PERFORM revenue.load_demo_reps(org, sellers, today);
  PERFORM revenue.load_demo_catalogue(org, addons, seed, today);
  raise notice '% start accounts', clock_timestamp();
  PERFORM revenue.load_demo_accounts(org, accounts, sellers, seed, today);
  raise notice '% done accounts', clock_timestamp();
  FOR first_deal IN SELECT generate_series(1, deals, chunk) LOOP
    activities := activities + revenue.load_demo_deals(org, accounts, sellers, addons, seed, today, first_deal, least(first_deal + chunk - 1, deals));
  raise notice '% %', clock_timestamp(), first_deal;
  END LOOP;
  RETURN jsonb_build_object('org_id', org, 'activities', activities);
END $$;
