-- Reads the plans (standard input, one a line) and says of each question whether a join in it blew up.
-- More than 1,000 loops over something that is no index look-up is a blow-up in waiting: it grows with
-- the square of the deals. So is a join that touches ten times as many rows as the largest table has.
CREATE TABLE bench.plans (
  plan_no bigint GENERATED ALWAYS AS IDENTITY, role text, relation text, plan jsonb);
\copy bench.plans (role, relation, plan) FROM pstdin WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02');

CREATE VIEW bench.joins AS
WITH RECURSIVE nodes AS (
  SELECT plan_no, plan -> 'Plan' AS node, NULL::text AS above
  FROM bench.plans
  UNION ALL
  SELECT plan_no, child, node ->> 'Node Type' FROM nodes, jsonb_array_elements(node -> 'Plans') AS child
), leaves AS (
  -- What is looked through again and again: the first table, function or CTE below.
  SELECT plan_no, node AS top, node AS leaf FROM nodes
  WHERE (above = 'Nested Loop' AND node ->> 'Parent Relationship' = 'Inner') OR node ->> 'Parent Relationship' = 'SubPlan'
  UNION ALL
  SELECT plan_no, top, leaf #> '{Plans,0}' FROM leaves WHERE leaf ? 'Plans'
), repeated AS (
  SELECT plan_no, top ->> 'Parent Relationship' AS kind, leaf ->> 'Node Type' AS access,
    coalesce(leaf ->> 'Relation Name', leaf ->> 'CTE Name', leaf ->> 'Function Name', '') AS object,
    (top ->> 'Actual Loops')::numeric AS loops,
    (leaf ->> 'Actual Loops')::numeric * (coalesce((leaf ->> 'Actual Rows')::numeric, 0)
      + coalesce((leaf ->> 'Rows Removed by Filter')::numeric, 0)) AS scanned,
    (top ->> 'Actual Loops')::numeric * (top ->> 'Actual Rows')::numeric AS returned
  FROM leaves WHERE NOT leaf ? 'Plans'
), filtered AS (
  SELECT plan_no, node ->> 'Node Type' AS access,
    (node ->> 'Actual Loops')::numeric * (node ->> 'Rows Removed by Join Filter')::numeric AS thrown_away
  FROM nodes WHERE node ? 'Rows Removed by Join Filter'
)
SELECT plan_no, format('%s loops over %s %s', loops, access, object) AS join_text, loops, greatest(scanned, returned) AS touched,
  loops > 1000 AND access NOT LIKE '%Index%' AND access <> 'Result' AS no_index
FROM repeated
UNION ALL
SELECT plan_no, format('%s rows thrown away by %s', thrown_away, access), NULL, thrown_away, false
FROM filtered;

CREATE VIEW bench.blow_ups AS
SELECT substr(p.relation, 9) AS asked, string_agg(DISTINCT p.role, ', ') AS by,
  max(j.loops) AS most_loops, max(j.touched) AS most_rows,
  CASE WHEN bool_or(p.plan::text ~ '"Sort Space Type": "Disk"|"Disk Usage": [1-9]') THEN 'yes' END AS spills,
  coalesce(
    'BLOW-UP: ' || string_agg(DISTINCT j.join_text, ', ') FILTER (WHERE j.no_index OR j.touched > t.many),
    'FAILED: ' || max(p.plan ->> 'error'), 'ok') AS verdict
FROM bench.plans AS p
LEFT JOIN bench.joins AS j USING (plan_no),
(SELECT 10 * max(reltuples) AS many FROM pg_class
 WHERE relnamespace = 'revenue'::regnamespace AND relkind = 'r') AS t
GROUP BY p.relation ORDER BY p.relation;
