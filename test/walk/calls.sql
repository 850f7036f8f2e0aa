-- One sensible call of every function and aggregate of the extension, for the tests that walk them
-- all. A function without an entry fails those tests, and so does an entry whose call fails.
--
-- arguments: a JSON array, one element an argument in order (null = NULL). The ids are those of
--            seed.sql: ROWA-1 is the deal, account, rep, contact of organisation 555.
-- writes:    the lowest access level that this call works for, where it changes something;
--            own = admins and owners, and a member for what is his; database = only the
--            extension's owner and roles with EXECUTE granted.
-- skip:      why the function is not called; only for one that PUBLIC may not execute.
CREATE TABLE walk.calls (
  function text PRIMARY KEY,
  arguments jsonb CHECK (jsonb_typeof(arguments) = 'array'),
  writes text CHECK (writes IN ('own', 'member', 'analyst', 'admin', 'owner', 'database')),
  skip text,
  CHECK ((arguments IS NULL) = (skip IS NOT NULL))
);

INSERT INTO walk.calls (function, arguments) VALUES
  -- foundation
  ('caller_identity', '[]'),
  ('visible_orgs', '["viewer"]'),
  ('current_org', '[555]'),
  ('own_rep', '[555, "ROWA-1"]'),
  ('require_org', '["viewer", 555]'),
  ('restoring', '[]'),
  ('check_org_settings', '["A name", "EUR", "Europe/Berlin", 4, 7]'),
  ('org_today', '[555]'),
  ('keep_an_owner', '[555, "nobody"]'),
  ('builtin_policies', '[]'),
  ('policy', '["discounts", 555, null]'),
  ('elapsed_days', '["2024-01-01", "2024-03-01"]'),
  ('currency_code', '["eur"]'),
  ('read_fx_object', '[{"EUR": 1.1, "GBP": null}]'),
  ('fx_rate', '["EUR", "USD", null, 555]'),
  ('convert_currency', '[100, "EUR", "USD", null, 555]'),
  ('fx_rates_at', '[null]'),
  -- crm
  ('rep_team', '["ROWA-3", null, 555]'),
  ('deal_values', '[{"deal_id": "1", "amount": 5, "stage_id": "proposal"}]'),
  ('merged_values', '[{"amount": 5}]'),
  ('deals_as_of', '[null, null]'),
  ('check_effective_at', '["2024-01-01", "ROWA-1"]'),
  ('check_deal_values', '[100, "2030-01-31", "commit", 10, 20, 5, 12]'),
  -- scoring
  ('close_probability',
    '["proposal", 12, 70, 6, 2, true, true, false, 1, {"forecast": {"overdue_half_life_days": 30}}]'),
  ('explain_close_probability', '["proposal", 12, 70, 6, 2, true, true, false, 1, null]'),
  ('deal_health', '["proposal", 12, 3, 6, 70, true, true, false, 30, null]'),
  ('explain_deal_health', '["proposal", 12, 3, 6, 70, true, true, false, 30, null]'),
  ('deal_risk_factors', '["proposal", 75, 30, 0, 20, false, false, false, -3, null]'),
  ('health_category', '[55, null]'),
  ('deal_value', '["pro", 100, 29, 10, "annual", 12, "technology", "proposal", 25000, 1.2, 8, null]'),
  ('predict_deal_value', '["pro", 100, 29, 10, "annual", 12, "technology", "proposal", 25000, 1.2, 8, null]'),
  ('lead_score', '["director", 500, true, 5, 2, 8, 1, 1, 4, false, null]'),
  ('explain_lead_score', '["director", 500, true, 5, 2, 8, 1, 1, 4, false, null]'),
  ('churn_risk', '[80, 100, 2, 1, 10, 0, 20, 80, 45, false, null]'),
  ('explain_churn_risk', '[80, 100, 2, 1, 10, 0, 20, 80, 45, false, null]'),
  ('expansion_score', '[90, 100, 800, 1000, 1, 4, 0.2, 75, null]'),
  ('explain_expansion_score', '[90, 100, 800, 1000, 1, 4, 0.2, 75, null]'),
  ('scenario', '[500000, 0.25, 0.1, 0.05, 0.2]'),
  ('scenario_forecast', '[500000, 0.25, 0.1, 0.05, 0.2]'),
  ('weighted_pipeline', '[1000, 0.5]'),
  ('scored_pipeline', '[1000, "proposal", 12, 70, 6, 2, true, true, false, 1, null]'),
  ('score_quality', '[0.7, true]'),
  ('resolve_framework', '[null, null]'),
  ('framework_stages', '[null]'),
  ('known_stage', '["proposal", null]'),
  ('date_weight', '[-10, null]'),
  ('frameworks_in_force', '[]'),
  ('framework_weights', '[null, "all", 555]'),
  ('compare_frameworks', '[0, null, "all", "2000-01-01", "2040-01-01", 7, 555]'),
  ('cell_visible', '[555, 3]'),
  ('days_until', '["2026-01-01", "2026-01-02"]'),
  ('checked_instant', '["2026-01-01"]'),
  ('visible_total', '[555, 3, 100]'),
  ('deal_scores', '[null]'),
  ('at_risk_deals', '[0, null, 555]'),
  ('account_scores', '[null]'),
  ('pipeline_summary', '[null, 555]'),
  ('forecast_monthly', '[null, 555]'),
  ('closed_deals', '[null]'),
  ('closing_rates', '[null]'),
  ('won_deals_summary', '[null, 555]'),
  ('win_rates', '[null, 555]'),
  ('dashboard', '[null, 555]'),
  ('health_check', '[555]'),
  ('scored_stages', '[null]'),
  ('forecast_month', '["2024-02-10", "2024-01-15"]'),
  ('pipeline_cells', '[null, 555]'),
  ('pipeline_totals', '[1000, "proposal", 12, 3, 6, 70, true, true, false, 30, 2, 1, null]'),
  ('anonymised_deals', '[null, 555]'),
  ('org_close_probability', '["proposal", 12, 70, 6, 2, true, true, false, 1, "all", 555]'),
  ('explain_deal', '["ROWA-1", null, 555]'),
  ('unsaid_columns', '[555, "ROWA-1", "2024-01-01"]'),
  -- pipeline: what moves, and how fast
  ('waterfall_windows', '["2024-01-01", "2024-02-01", "2024-01-01", "2024-04-01", 555]'),
  ('deal_movements', '["2020-01-01", null, "2000-01-01", "3000-01-01", "all", "then", 555]'),
  ('pipeline_waterfall', '["2020-01-01", null, "2000-01-01", "3000-01-01", "stage", "then", 555]'),
  ('pipeline_slippage', '[null, null, null, 555]'),
  ('pipeline_generation', '[null, 555]'),
  ('sales_velocity', '[null, 90, 555]');

INSERT INTO walk.calls (function, arguments, writes) VALUES
  ('create_org', '["A new one", "EUR", "UTC", 1, 1]', 'database'),
  ('set_org_settings', '["Renamed", "USD", "Europe/Berlin", 2, 7, "why", 555]', 'owner'),
  ('lock_org', '[555]', 'database'),
  ('audit', '["test", "org", "555", null, {"a": 1}, "why", 555]', 'database'),
  ('grant_access', '["regress_walk_new"]', 'database'),
  ('add_member', '["regress_walk_new", "viewer", 555]', 'owner'),
  ('remove_member', '["regress_walk_viewer", 555]', 'owner'),
  ('set_policy', '["discounts", "none", 555, "2030-01-01", "why"]', 'owner'),
  ('load_fx_rates', '[{"CHF": 1.1, "GBP": 1.27}, "2024-05-01", "test", 555]', 'admin'),
  ('load_fx_quotes', '[{"USD": 1.1, "GBP": 0.85}, "EUR", "2024-05-02", "test", 555]', 'admin'),
  ('add_pipeline',
    '["new", [{"stage_id": "first"}, {"stage_id": "won", "kind": "won", "qualified": true}], "New", "deal", 555]',
    'admin'),
  ('set_rep_manager', '["ROWA-2", "ROWA-3", "2024-06-01", 555]', 'admin'),
  ('merge_deal_facts', '[555, "{ROWA-1}", "{2021-05-05 12:00+00}"]', 'database'),
  ('refresh_deal_history', '[555]', 'admin'),
  ('refresh_engagement', '[555]', 'admin'),
  ('update_deal',
    '["ROWA-1", 1234.5, "USD", "2999-03-31", "negotiation", "commit", 10, 20, 5, "annual", 12, null, null, "why", 555]', 'own'),
  ('set_framework', '[{"forecast": {"overdue_half_life_days": 30}}, "all", true, "why", 555]', 'owner'),
  ('activate_framework', '[0, "all", 555]', 'owner'),
  ('load_demo', '[30, 1, "2024-06-30"]', 'database'),
  ('drop_demo', '[1]', 'database');

INSERT INTO walk.calls (function, skip) VALUES
  ('protect_table', 'runs only inside the install script'),
  ('comment_view_columns', 'runs only inside the install script');

INSERT INTO walk.calls (function, skip)
SELECT f, 'part of load_demo() and drop_demo()'
  FROM unnest('{demo_org,demo_size,clear_demo,demo_draw,demo_pick,demo_words,demo_person,demo_company,demo_cases,
  demo_deals,load_demo_reps,load_demo_catalogue,load_demo_accounts,load_demo_deals}'::text[]) AS f;
