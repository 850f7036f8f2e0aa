-- walk.seed(org, mark, dimension, amount): one organisation with rows in every table of the
-- extension. Whatever names a row or a person begins with `mark`; what a viewer may see as the label
-- of a total begins with `dimension`. A table of the extension that stays empty fails the tests, so a
-- new one needs its rows here.
--
-- The amounts are 1.000003 x 2^k, each k once, times `amount`, some in EUR at a rate of 1: every sum of
-- amounts tells which deals are in it.
CREATE PROCEDURE walk.seed(org integer, mark text, dimension text, amount numeric, close_date date)
LANGUAGE plpgsql AS $$
DECLARE
  one text := mark || '-1';
  own_time interval := '02:23:45.678';  -- no two deals take equally long
BEGIN
  INSERT INTO revenue.orgs (org_id, name, base_currency, time_zone) OVERRIDING SYSTEM VALUE
  VALUES (org, dimension || ' org', 'USD', 'Europe/Berlin');
  INSERT INTO revenue.policies (org_id, name, version, value, valid_from, created_by)
  VALUES (org, 'paused', 1, '"unchanged"', '2020-01-01', dimension);
  INSERT INTO revenue.framework (org_id, vertical, version, weights, description, active, created_by) VALUES
    (org, 'all', 1, '{"forecast": {"overdue_half_life_days": 60}}', dimension, true, dimension),
    (org, dimension || '-industry', 1, '{"forecast": {"overdue_half_life_days": 90}}', dimension, true, dimension);
  INSERT INTO revenue.audit_log (org_id, actor, action, object_type, object_id)
  VALUES (org, mark || ' actor', 'seed', 'org', org::text);
  INSERT INTO revenue.fx_rates (org_id, currency, rate_date, rate) VALUES (org, 'EUR', '2019-01-01', 1);
  INSERT INTO revenue.members (org_id, identity, access_level) VALUES
    (org, mark || '-1', 'owner'), (org, mark || '-2', 'member');
  INSERT INTO revenue.members (org_id, identity, access_level, accepted_at) VALUES (org, session_user, 'viewer', NULL);

  INSERT INTO revenue.reps (org_id, rep_id, name, team)
  SELECT org, mark || '-' || i, mark || ' rep ' || i, mark || ' team' FROM generate_series(1, 4) i;
  INSERT INTO revenue.rep_managers (org_id, rep_id, manager_rep_id, valid_from) VALUES
    (org, one, mark || '-3', '2020-01-01'), (org, mark || '-2', mark || '-3', '2020-01-01');
  INSERT INTO revenue.products (org_id, product_id, name, family)
  SELECT org, dimension || '-product-' || i, dimension || ' product ' || i, dimension FROM generate_series(1, 3) i;
  INSERT INTO revenue.accounts (org_id, account_id, name, owner_rep_id, industry, segment, region, employees,
    usage_recent, usage_prior, usage_limit, seats_used, seats_bought, open_tickets, renewal_date)
  SELECT org, mark || '-' || i, mark || ' account ' || i, mark || '-' || i, dimension || '-industry', dimension, dimension,
    300, 50, 100, 60, 45, 50, 3, '2030-01-01'
  FROM generate_series(1, 3) i;
  INSERT INTO revenue.account_history (org_id, account_id, valid_from, segment, region, industry)
  VALUES (org, mark || '-1', '2024-03-01', dimension, dimension, dimension || '-industry');
  INSERT INTO revenue.pipelines (org_id, pipeline_id, name, kind) VALUES
    (org, dimension || '-contacts', dimension || ' contacts', 'contact');
  INSERT INTO revenue.stages (org_id, pipeline_id, stage_id, name, position) VALUES
    (org, dimension || '-contacts', dimension || '-new', dimension || ' new', 1);
  INSERT INTO revenue.contacts (org_id, contact_id, account_id, name, email, title, owner_rep_id, source, email_opens,
    pipeline_id, stage_id)
  SELECT org, mark || '-' || i, mark || '-' || i, mark || ' contact ' || i, mark || '@' || i, mark || ' title',
    mark || '-' || i, mark, 5, dimension || '-contacts', dimension || '-new'
  FROM generate_series(1, 3) i;

  -- Cells of every kind: seven deals; three; six of which two have an amount. Then closed ones: seven
  -- won and one lost; one won and five lost; two won. (No mean of them looks like a sum of few.) The
  -- first seven are to close in this quarter and were known before it began.
  INSERT INTO revenue.deals (org_id, deal_id, name, account_id, contact_id, owner_rep_id, product_id, stage_id,
    amount, currency, close_date, closed_at, created_at, stage_entered_at, industry, segment, source,
    num_interactions, num_objections_handled, competitors_mentioned, lead_score, forecast_category, effective_at)
  SELECT org, mark || '-' || k + 1, mark || ' deal ' || k + 1, mark || '-' || 1 + k % 3, mark || '-' || 1 + k % 3,
    mark || '-' || 1 + k % 3, dimension || '-product-' || c.product, c.stage,
    CASE WHEN k NOT BETWEEN 12 AND 15 THEN amount * 1.000003 * 2 ^ k END,
    CASE k % 5 WHEN 1 THEN 'EUR' ELSE 'USD' END,
    CASE WHEN k < 7 THEN date_trunc('quarter', now() AT TIME ZONE 'Europe/Berlin')::date + 45
      WHEN c.closed_at IS NULL THEN seed.close_date + 40 * c.product ELSE c.closed_at::date END,
    c.closed_at, '2019-06-01'::timestamptz + k * k * own_time, coalesce(c.closed_at, '2019-07-01'::timestamptz + k * k * own_time),
    dimension || '-industry-' || c.product, dimension || '-segment', dimension || '-source', k % 4, k % 3, k % 3, 50,
    CASE WHEN c.closed_at IS NULL THEN (ARRAY['commit', 'best_case', 'pipeline'])[c.product] END,
    CASE WHEN k < 7 THEN '2023-01-01'::timestamptz END
  FROM (VALUES
      (0, 6, 'proposal', 1, NULL::timestamptz), (7, 9, 'negotiation', 2, NULL), (10, 15, 'prospecting', 3, NULL),
      (16, 22, 'closed_won', 1, '2020-01-10 12:00+00'), (23, 23, 'closed_lost', 1, '2020-01-10 12:00+00'),
      (24, 24, 'closed_won', 3, '2020-02-10 12:00+00'), (25, 29, 'closed_lost', 3, '2020-02-10 12:00+00'),
      (30, 31, 'closed_won', 2, '2020-03-10 12:00+00')
    ) AS c(first, last, stage, product, closed_at), generate_series(c.first, c.last) AS k;
  INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id)
  VALUES (org, one, '2021-05-05 12:00+00', 'prospecting');
  INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, product_id, unit_price)
  SELECT org, d.deal_id, mark || '-line', d.product_id, d.amount FROM revenue.deals d
  WHERE d.org_id = seed.org AND d.amount IS NOT NULL;
  INSERT INTO revenue.activities (org_id, activity_id, deal_id, account_id, contact_id, rep_id, kind, subject, occurred_at)
  SELECT org, mark || '-' || i, mark || '-' || i, mark || '-' || i, mark || '-' || i, mark || '-' || i, 'call',
    mark || ' subject', '2021-06-01 12:00+00'
  FROM generate_series(1, 3) i;

  -- Cells of events likewise: seven, three, six of which two have a rate. What brought them and what it cost.
  INSERT INTO revenue.offers (org_id, offer_id, name, avg_deal_value, currency, target_stage, primary_platforms)
  SELECT org, dimension || '-offer-' || i, dimension || ' offer ' || i, 1500, 'USD', 'decision', ARRAY[dimension]
  FROM generate_series(1, 3) i;
  INSERT INTO revenue.offer_activity (org_id, activity_id, offer_id, platform, niche, day, impressions, engagements,
    dm_starts, pipeline_entries, cost, currency)
  SELECT org, mark || '-' || i, dimension || '-offer-' || i, dimension || '-platform', CASE WHEN i > 1 THEN dimension || '-niche' END,
    '2024-01-01', 1000, 100, 20, 10, 50, 'USD' FROM generate_series(1, 3) i;
  INSERT INTO revenue.revenue_events (org_id, event_id, event_type, contact_id, deal_id, owner_rep_id, offer_id, amount,
    currency, platform, source, days_to_close, notes, closed_at, recorded_at)
  SELECT org, mark || '-' || k + 1, c.event_type, mark || '-' || 1 + k % 3, mark || '-' || 1 + k % 3, mark || '-' || 1 + k % 3,
    dimension || '-offer-' || c.offer, amount * 1.000003 * 2 ^ k,
    CASE WHEN k BETWEEN 12 AND 15 THEN 'XXX' WHEN k % 5 = 1 THEN 'EUR' ELSE 'USD' END, dimension || '-platform',
    dimension || '-source-' || c.offer, 10 + k, mark || ' note', now(), '2024-01-01'
  FROM (VALUES (0, 6, 'deal_won', 1), (7, 9, 'upsell', 2), (10, 15, 'recurring_payment', 3)) AS c(first, last, event_type, offer),
    generate_series(c.first, c.last) AS k;
  INSERT INTO revenue.forecast_bases (org_id, computed_at, deal_count, weighted_value, reporting_currency)
  VALUES (org, now(), 16, 1000, 'USD');
  INSERT INTO revenue.automations (org_id, automation_id, name)
  VALUES (org, dimension || '-automation', dimension || ' automation');
  INSERT INTO revenue.automation_days (org_id, automation_id, day, runs, hours_saved, hourly_rate, revenue_generated, cost, currency)
  SELECT org, dimension || '-automation', '2024-01-01'::date + i, 10, 2.5, 40, 100, 20, 'USD' FROM generate_series(1, 5) i;
  INSERT INTO revenue.posting_tests (org_id, test_id, variant, day, platform, posts, exposures, pipeline_entries)
  SELECT org, dimension || '-test', dimension || '-variant-' || i, '2024-01-01', dimension, 5, 1000, 10 * i
  FROM generate_series(1, 2) i;
  INSERT INTO revenue.pipeline_snapshots (org_id, snapshot_date, as_of, complete, taken_at, reporting_currency, deal_count,
    deals_without_value, total_pipeline, contacts_in_funnel, contacts_added, deals_created, deals_won, deals_lost,
    revenue_today, revenue_mtd)
  VALUES (org, current_date - 2, now() - interval '1 day', true, now(), 'USD', 16, 4, 7e3 * amount, 0, 0, 0, 0, 0, 0, 0);
  INSERT INTO revenue.pipeline_snapshot_stages (org_id, snapshot_date, kind, pipeline_id, stage_id, entries, total_value)
  VALUES (org, current_date - 2, 'deal', 'sales', 'proposal', 16, 7e3 * amount);
  INSERT INTO revenue.quotas (org_id, kind, member, period_from, period_to, version, amount, currency, valid_from, set_by)
  VALUES (org, 'rep', one, '2020-01-01', '3000-01-01', 1, 5e6 * amount, 'USD', '2020-01-01', mark),
    (org, 'org', '', '2020-01-01', '3000-01-01', 1, 9e11, 'USD', '2020-01-01', mark);
  INSERT INTO revenue.forecast_submissions (org_id, submission_id, rep_id, period_from, period_to, version, commit_amount,
    currency, note, submitted_at, submitted_by)
  SELECT org, mark || '-' || i, mark || '-' || i, '2020-01-01', '2020-04-01', 1, 5000 * amount, 'EUR', mark, '2020-02-01 12:00+00', mark
  FROM generate_series(1, 2) i;
  INSERT INTO revenue.forecast_overrides (org_id, override_id, rep_id, period_from, period_to, category, version, amount,
    currency, reason, submission_id, overridden_at, overridden_by)
  VALUES (org, one, one, '2020-01-01', '2020-04-01', 'commit', 1, 6000 * amount, 'EUR', mark, one, '2020-02-02 12:00+00', mark);

  -- Customers likewise, who begin to pay in three months.
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id, account_id, name)
  SELECT org, mark || '-' || i, mark || '-' || i, CASE WHEN i < 4 THEN mark || '-' || i END, mark || ' subscription'
  FROM generate_series(1, 16) AS i;
  INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency, product_id, plan)
  SELECT org, mark || '-' || k + 1, c.since, amount * 1.000003 * 2 ^ k, CASE k % 5 WHEN 1 THEN 'EUR' ELSE 'USD' END,
    dimension || '-product-' || c.product, dimension || '-plan'
  FROM (VALUES (0, 6, '2024-01-10'::date, 1), (7, 9, '2024-02-10', 2), (10, 15, '2024-03-10', 3)) AS c(first, last, since, product),
    generate_series(c.first, c.last) AS k;
  INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, subscription_id, product_id, kind, unit, quantity, amount, currency, day)
  SELECT org, mark || '-' || k + 1, mark || '-' || k + 1, mark || '-' || k + 1, dimension || '-product-1',
    CASE WHEN k < 7 THEN 'metered' ELSE 'one_time' END, 'tokens', 1000, amount * 1.000003 * 2 ^ (k + 20), 'USD', '2024-03-15'
  FROM generate_series(0, 9) AS k;

  INSERT INTO revenue.forecast_origins (org_id, origin, segment, deal_count, open_value, expected, reporting_currency, computed_at)
  SELECT org, m::date, dimension || '-segment', 16, 7e3 * amount, array_fill(1e3::double precision, ARRAY[24]), 'USD', '2020-02-01'
  FROM generate_series(date_trunc('month', now() AT TIME ZONE 'Europe/Berlin') - interval '60 months', now() AT TIME ZONE 'Europe/Berlin', interval '1 month') AS m;
  INSERT INTO revenue.forecast_models (org_id, fitted_at, stages, model) VALUES (org, '2020-02-01', '[]', '{}');
  INSERT INTO revenue.forecast_runs (org_id, run_id, metric, period, period_from, period_to, as_of, retrospective, method, version, inputs,
    expected, closed, levels, currency, review_required, made_at, made_by)
  VALUES (org, mark || '-run', 'bookings', 'quarter', '2020-01-01', '2020-04-01', '2020-02-01', false, 'ensemble', 1, '{}', 5e3 * amount, 0,
    '{0.7,0.85,0.95}', 'USD', true, '2020-02-01', mark);
  INSERT INTO revenue.forecast_points (org_id, run_id, dimension, member, expected, lower, upper) VALUES
    (org, mark || '-run', 'total', '', 5e3 * amount, ARRAY[3e3 * amount, 2e3 * amount, 1e3 * amount], ARRAY[6e3 * amount, 7e3 * amount, 8e3 * amount]),
    (org, mark || '-run', 'segment', dimension || '-segment', 5e3 * amount, ARRAY[3e3 * amount, 2e3 * amount, 1e3 * amount], ARRAY[6e3 * amount, 7e3 * amount, 8e3 * amount]);
  INSERT INTO revenue.forecast_reviews (org_id, run_id, version, decision, note, reviewed_at, reviewed_by)
  VALUES (org, mark || '-run', 1, 'accepted', mark, '2020-02-02', mark);
  INSERT INTO revenue.outbox (org_id, message_id, idempotency_key, channel, destination, subject, body, state, last_error, sent_at)
  VALUES (org, format('00000000-0000-4000-8000-%s', lpad(org::text, 12, '0'))::uuid, one, 'slack', 'sales', mark, mark, 'pending', mark, NULL),
    (org, DEFAULT, mark || '-2', 'slack', 'sales', mark, mark, 'dead', mark, NULL),
    (org, DEFAULT, mark || '-3', 'slack', 'sales', mark, mark, 'sent', NULL, '2024-01-01');
  INSERT INTO revenue.offer_months (org_id, offer_id, month, platform, niche, deals_closed, events, events_without_rate, revenue,
    days_without_cost, reporting_currency, computed_at)
  VALUES (org, dimension || '-offer-1', '2024-01-01', dimension || '-platform', '', 1, 1, 0, 5e3 * amount, 0, 'USD', '2024-02-01');
  INSERT INTO revenue.job_schedules (org_id, scheduled_at, scheduled_by) VALUES (org, '2024-01-01', mark);
  INSERT INTO revenue.job_settings (org_id, job, enabled, changed_by) VALUES (org, 'revenue_forecast_update', true, mark);
  INSERT INTO revenue.job_runs (org_id, run_id, job, due_at, started_at, finished_at, state, run_by)
  VALUES (org, format('00000000-0000-4000-8000-%s', lpad(org::text, 12, '0'))::uuid, 'revenue_cleanup', now(), now(), NULL, 'running', mark),
    (org, DEFAULT, 'revenue_cleanup', '2024-01-01', '2024-01-01', '2024-01-01', 'failed', mark);
  PERFORM revenue.ensure_metric_partitions('2024-01-01', '2024-02-29'), revenue.ensure_metric_partitions(current_date - 140, current_date);
  INSERT INTO revenue.metric_definitions (org_id, metric, version, options, valid_from, reason, created_by)
  VALUES (org, 'cac', 1, '{"window_days": 60}', '2020-01-01', mark, mark);
  INSERT INTO revenue.metric_values (org_id, metric, dimension, member, day, value, numerator, denominator, observations,
    currency, complete, definition_version, stale_sources, recorded_at)
  SELECT org, m.metric, d.dimension, CASE d.dimension WHEN 'all' THEN '' ELSE mark END, x.day::date, m.numerator * amount,
    m.numerator * amount, NULL, 10, NULL, true, 0, ARRAY[mark], '2024-03-01 12:00+00'
  FROM (VALUES ('open_pipeline', 7e3), ('deals_won', 2), ('deals_closed', 4), ('sales_velocity', 50)) AS m(metric, numerator),
    (VALUES ('all'), ('segment')) AS d(dimension), generate_series('2024-01-01'::timestamp, '2024-02-29', interval '1 day') AS x(day);
  INSERT INTO revenue.metric_values (org_id, metric, dimension, member, day, value, numerator, observations, complete, definition_version, recorded_at)
  VALUES (org, 'open_deals', 'all', '', current_date - 2, 16, 16, 16, true, 0, '2024-03-01 12:00+00');  -- a day to catch up
  INSERT INTO revenue.metric_values (org_id, metric, dimension, member, day, value, numerator, observations, complete, definition_version, recorded_at)
  SELECT org, 'contacts_added', 'all', '', current_date - i, CASE i WHEN 1 THEN 90 ELSE 10 + i % 3 END, 10, 10, true, 0, '2024-03-01 12:00+00'
  FROM generate_series(1, 140) AS i;  -- a baseline and a day that is out of line
  INSERT INTO revenue.anomalies (org_id, metric, dimension, member, day, kind, sensitivity, severity, expected, actual, recorded_at)
  VALUES (org, 'contacts_added', 'all', mark, '2024-01-01', 'spike', 'medium', 'high', 10, 90, '2024-01-02');
  INSERT INTO revenue.alert_rules (org_id, rule, version, threshold, recommendation, reason, created_by)
  VALUES (org, 'cac_rising', 1, 0.5, mark, mark, mark);
  INSERT INTO revenue.alerts (org_id, alert_id, rule, dedupe_key, severity, title, member, evidence, as_of, last_as_of, opened_at)
  VALUES (org, one, mark, mark, 'warning', mark, mark, jsonb_build_object('ids', jsonb_build_array(mark)), '2024-01-01', '2024-01-01', '2024-01-01'),
    (org, mark || '-2', 'job_failed', 'job_failed:a job', 'urgent', mark, mark, '{}', '2024-01-01', '2024-01-01', '2024-01-01');
END $$;
