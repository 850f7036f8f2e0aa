-- Fits every series in one statement. The fit of a group is the end of its aggregate, which PostgreSQL runs in one
-- process whatever the plan; in a function that is called for each id, the workers share the series.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = :workers;
INSERT INTO bench.grouped VALUES (:'method', :workers + 1, NULL, NULL, clock_timestamp());
CREATE TABLE bench.models AS
SELECT i.series_id, bench.fit(i.series_id, :'method') AS model FROM bench.ids AS i;
UPDATE bench.grouped SET seconds = extract(epoch FROM clock_timestamp() - began), series = (SELECT count(*) FROM bench.models)
WHERE method = :'method' AND cores = :workers + 1;
DROP TABLE bench.models;
