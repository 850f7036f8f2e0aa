-- :series monthly series, each of 60 to 130 values with level, trend, season and noise of its own.
CREATE TABLE bench.series AS
SELECT s AS series_id, (date '2010-01-01' + make_interval(months => i))::date AS month,
  (100 + s % 900) * (1 + i * ((s % 7) - 2) / 500.0) * (1 + (s % 4) * 0.1 * sin((i + s) * pi() / 6))
    * (1 + 0.05 * (('x' || substr(md5(s || ',' || i), 1, 7))::bit(28)::integer / 134217728.0 - 1)) AS value
FROM generate_series(1, :series) AS s, generate_series(0, 59 + s % 71) AS i;
CREATE INDEX ON bench.series (series_id);
CREATE TABLE bench.ids AS SELECT DISTINCT series_id FROM bench.series;
ALTER TABLE bench.ids SET (parallel_workers = 2);
VACUUM ANALYZE bench.series, bench.ids;
CREATE TABLE bench.grouped (method text, cores integer, series bigint, seconds numeric, began timestamptz);

CREATE FUNCTION bench.fit(id integer, method text) RETURNS revenue.series_model
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT revenue.fit_series(s.month, s.value, jsonb_build_object('method', method))
  FROM bench.series AS s WHERE s.series_id = id
$$;
