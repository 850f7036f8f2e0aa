-- What bench/forecast.sh measured, and its tables.
CREATE EXTENSION revenue_intel;
CREATE TABLE bench.forecasts (
  set text, id text, period text, method text, smape double precision, mase double precision,
  cover_70 double precision, cover_85 double precision, cover_95 double precision,
  msis_70 double precision, msis_85 double precision, msis_95 double precision, ms double precision);

-- OWA is against Naive2 on the same series.
CREATE FUNCTION bench.accuracy(chosen text, sample boolean)
RETURNS TABLE (period text, method text, series bigint, smape numeric, mase numeric, owa numeric,
  cover_70 numeric, cover_85 numeric, cover_95 numeric, msis_95 numeric, ms numeric)
LANGUAGE sql AS $$
  WITH taken AS (
    SELECT f.* FROM bench.forecasts AS f
    WHERE f.set = chosen AND (NOT sample OR f.id IN (SELECT r.id FROM bench.forecasts AS r WHERE r.method LIKE 'R %'))
      AND (sample OR f.method NOT LIKE 'R %')
  ), means AS (
    SELECT CASE WHEN grouping(t.period) = 1 THEN 'ALL' ELSE t.period END AS period, t.method, count(*) AS series,
      avg(t.smape) AS smape, avg(t.mase) AS mase, avg(t.cover_70) AS cover_70, avg(t.cover_85) AS cover_85,
      avg(t.cover_95) AS cover_95, avg(t.msis_95) AS msis_95, avg(t.ms) AS ms
    FROM taken AS t GROUP BY GROUPING SETS ((t.period, t.method), (t.method))
  )
  SELECT m.period, m.method, m.series, round(m.smape::numeric, 3), round(m.mase::numeric, 3),
    round(((m.smape / n.smape + m.mase / n.mase) / 2)::numeric, 4), round(100 * m.cover_70::numeric, 1),
    round(100 * m.cover_85::numeric, 1), round(100 * m.cover_95::numeric, 1), round(m.msis_95::numeric, 2),
    round(m.ms::numeric, 3)
  FROM means AS m JOIN means AS n ON n.period = m.period AND n.method = 'Naive2'
  ORDER BY array_position('{MONTHLY,QUARTERLY,YEARLY,OTHER,ALL}', m.period), m.method COLLATE "C"
$$;

CREATE FUNCTION bench.promises() RETURNS TABLE (what text, target numeric, found numeric, met text) LANGUAGE sql AS $$
  WITH a AS MATERIALIZED (SELECT * FROM bench.accuracy('m3', false)),
    r AS MATERIALIZED (SELECT * FROM bench.accuracy('m3', true))
  SELECT p.what, p.target, p.found, CASE WHEN p.found <= p.target THEN 'yes' ELSE 'NO' END
  FROM (
    SELECT 1 AS position, 'OWA, M3 quarterly' AS what, 0.88 AS target, owa AS found FROM a WHERE period = 'QUARTERLY' AND method = 'auto'
    UNION ALL SELECT 2, 'OWA, M3 monthly', 0.82, owa FROM a WHERE period = 'MONTHLY' AND method = 'auto'
    UNION ALL SELECT 3, 'sMAPE, all of M3', 12.65, smape FROM a WHERE period = 'ALL' AND method = 'auto'
    UNION ALL SELECT 4, 'coverage off by, points, M3 ' || lower(period), 2,
      greatest(abs(cover_70 - 70), abs(cover_85 - 85), abs(cover_95 - 95))
      FROM a WHERE period IN ('MONTHLY', 'QUARTERLY') AND method = 'auto'
    UNION ALL SELECT 5, 'MSIS 95 %, same series, R ets as target, ' || lower(r.period), e.msis_95, r.msis_95
      FROM r JOIN r AS e USING (period) WHERE r.method = 'auto' AND e.method = 'R ets' AND r.period IN ('MONTHLY', 'QUARTERLY')
    UNION ALL SELECT 6, 'ms a monthly series, auto', 10, ms FROM a WHERE period = 'MONTHLY' AND method = 'auto'
    UNION ALL SELECT 7, 'ms a monthly series, fast', 0.2, ms FROM a WHERE period = 'MONTHLY' AND method = 'fast'
  ) AS p ORDER BY p.position, p.what
$$;
