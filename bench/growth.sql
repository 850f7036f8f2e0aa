-- The suites "growth N" side by side: median milliseconds at each size, and what ten times the deals
-- cost in time.
CREATE FUNCTION bench.growth() RETURNS TABLE (what text, deals bigint, median_ms text, x_time text)
LANGUAGE sql AS $$
  SELECT name, size, bench.milliseconds(ms), to_char(ms / lag(ms) OVER (PARTITION BY name ORDER BY size), 'FM990.0')
  FROM (SELECT *, substr(suite, 8)::bigint AS size FROM bench.medians WHERE suite LIKE 'growth %') AS sizes
  ORDER BY name = 'floor' DESC, name, size
$$;
