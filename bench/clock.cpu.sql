-- Processor time instead of the clock on the wall, for a machine that others are using: it tells the
-- ratios well, while the milliseconds say nothing about how long a person would wait.
CREATE EXTENSION IF NOT EXISTS plpython3u;
CREATE OR REPLACE FUNCTION bench.clock_ms() RETURNS double precision LANGUAGE plpython3u VOLATILE AS $$
import time
return 1000 * time.process_time()
$$;
