-- How every benchmark inside the server is measured. The cases of a suite run in turn, round after
-- round (A B C A B C ...), so that whatever else the machine does hits all of them alike, and ratios
-- are taken within a round. One core, no JIT. The server's time is measured, not the client's: rows
-- are computed and thrown away.
CREATE SCHEMA bench;

CREATE FUNCTION bench.clock_ms() RETURNS double precision LANGUAGE sql VOLATILE AS $$
  SELECT 1000 * extract(epoch FROM clock_timestamp())::double precision
$$;

CREATE TABLE bench.cases (
  suite text NOT NULL,
  position integer GENERATED ALWAYS AS IDENTITY,
  name text NOT NULL,
  query text NOT NULL,
  role text NOT NULL DEFAULT 'none',  -- who asks; none = the owner
  floor text,                         -- the case of the suite that "x floor" is relative to
  at_most numeric,                    -- the target: no more than this ...
  at_least numeric,                   -- ... or no less than this ...
  target_of text,                     -- ... times as long as this case; NULL = milliseconds
  rows_out bigint,                    -- with it the target is rows a second
  PRIMARY KEY (suite, name)
);

CREATE TABLE bench.timings (
  suite text NOT NULL,
  name text NOT NULL,
  round integer NOT NULL,
  ms double precision NOT NULL,
  PRIMARY KEY (suite, name, round)
);

-- Round 0 fills the caches and does not count. A case that fails or times out there is left alone.
CREATE PROCEDURE bench.measure(of_suite text, of_name text, of_round integer) LANGUAGE plpgsql
SET jit = off SET max_parallel_workers_per_gather = 0 SET cursor_tuple_fraction = 1.0 AS $$
DECLARE
  c bench.cases;
  everything refcursor;
  began double precision;
  spent double precision;
BEGIN
  IF of_round > 0 AND NOT EXISTS (
    SELECT FROM bench.timings WHERE (suite, name, round) = (of_suite, of_name, 0)) THEN RETURN; END IF;
  SELECT * INTO STRICT c FROM bench.cases WHERE (suite, name) = (of_suite, of_name);
  PERFORM set_config('role', c.role, true);
  began := bench.clock_ms();
  OPEN everything NO SCROLL FOR EXECUTE c.query;
  MOVE FORWARD ALL FROM everything;
  CLOSE everything;
  spent := bench.clock_ms() - began;
  PERFORM set_config('role', 'none', true);
  INSERT INTO bench.timings VALUES (of_suite, of_name, of_round, spent);
END $$;
GRANT USAGE ON SCHEMA bench TO PUBLIC;

CREATE VIEW bench.medians AS
WITH ratios AS (
  SELECT t.suite, t.name, t.ms, t.ms / f.ms AS of_floor, t.ms / o.ms AS of_target
  FROM bench.timings AS t
  JOIN bench.cases AS c USING (suite, name)
  LEFT JOIN bench.timings AS f ON (f.suite, f.name, f.round) = (t.suite, c.floor, t.round)
  LEFT JOIN bench.timings AS o ON (o.suite, o.name, o.round) = (t.suite, c.target_of, t.round)
  WHERE t.round > 0
)
SELECT suite, name, min(ms) AS fastest, max(ms) AS slowest,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY of_floor) AS of_floor,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY of_target) AS of_target
FROM ratios GROUP BY suite, name;

CREATE FUNCTION bench.milliseconds(ms double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT to_char(ms, CASE WHEN ms < 100 THEN 'FM990.0' ELSE 'FM999,999,990' END)
$$;

CREATE FUNCTION bench.report(of_suite text)
RETURNS TABLE (what text, median_ms text, min_max text, x_floor text, target text, found text, met text)
LANGUAGE sql AS $$
  WITH judged AS (
    SELECT *, coalesce(c.at_most, c.at_least) AS wanted,
      CASE WHEN c.rows_out IS NOT NULL THEN 1000 * c.rows_out / m.ms
           WHEN c.target_of IS NOT NULL THEN m.of_target ELSE m.ms END AS measured,
      CASE WHEN c.rows_out IS NOT NULL THEN ' rows/s'
           WHEN c.target_of IS NOT NULL THEN ' x ' || c.target_of ELSE ' ms' END AS unit
    FROM bench.cases AS c LEFT JOIN bench.medians AS m USING (suite, name)
    WHERE c.suite = of_suite
  )
  SELECT name, coalesce(bench.milliseconds(ms), 'failed'), bench.milliseconds(fastest) || '..' || bench.milliseconds(slowest),
    to_char(of_floor, 'FM9990.00'),
    CASE WHEN at_most IS NOT NULL THEN '<= ' WHEN at_least IS NOT NULL THEN '>= ' END
      || to_char(wanted, CASE WHEN wanted >= 10 THEN 'FM999,999,990' ELSE 'FM990.0' END) || unit,
    CASE WHEN wanted IS NOT NULL THEN to_char(measured, CASE WHEN measured >= 100 THEN 'FM999,999,990' ELSE 'FM990.00' END) END,
    CASE WHEN measured <= at_most OR measured >= at_least THEN 'yes' WHEN wanted IS NOT NULL THEN 'NO' END
  FROM judged ORDER BY position
$$;
