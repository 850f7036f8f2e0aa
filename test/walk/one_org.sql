-- Organisation 555 with rows everywhere, a viewer, and a role that belongs to none; for tests that call everything once.
SET client_min_messages = error;
SET datestyle = ISO;
SET timezone = UTC;
CREATE EXTENSION revenue_intel;
DROP ROLE IF EXISTS regress_walk_new, regress_walk_viewer;
CREATE ROLE regress_walk_new;
CREATE ROLE regress_walk_viewer;
\set file :abs_srcdir '/walk/common.sql'
\i :file
CALL walk.seed(555, 'ROWA', 'DIMA', 1, '2199-03-01');
INSERT INTO revenue.members (org_id, identity, access_level) VALUES (555, 'regress_walk_viewer', 'viewer');
