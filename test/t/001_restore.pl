# A dump restored into a new database holds the same rows in every table, and history is not written twice.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('restore');
$node->init;
$node->start;

$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('source', q{
  CREATE EXTENSION revenue_intel;
  SELECT revenue.create_org('Restored', 'USD', 'Europe/Berlin');
  SELECT revenue.load_fx_rates('{"EUR": 1.1}', '2026-01-01');
  SELECT revenue.set_policy('paused', '"unchanged"');
  SELECT revenue.set_framework('{"close_probability": {"champion": 20}}');
  INSERT INTO revenue.reps (org_id, rep_id, name) SELECT 1, 'r' || i, 'Rep ' || i FROM generate_series(1, 3) AS i;
  SELECT revenue.set_rep_manager('r1', 'r2', '2026-01-01');
  INSERT INTO revenue.accounts (org_id, account_id, name) VALUES (1, 'a', 'Acme');
  UPDATE revenue.accounts SET segment = 'large' WHERE account_id = 'a';
  INSERT INTO revenue.contacts (org_id, contact_id, account_id, name) VALUES (1, 'c', 'a', 'Carla');
  INSERT INTO revenue.products (org_id, product_id, name) VALUES (1, 'p', 'Plan');
  INSERT INTO revenue.deals (org_id, deal_id, account_id, owner_rep_id, stage_id, amount, currency, effective_at)
  SELECT 1, 'd' || i, 'a', 'r1', 'proposal', i, 'EUR', now() - interval '30 days' FROM generate_series(1, 50) AS i;
  UPDATE revenue.deals SET amount = amount + 1 WHERE deal_id < 'd3';
  UPDATE revenue.deals SET stage_id = 'closed_won', effective_at = now() - interval '2 days' WHERE deal_id = 'd7';
  DELETE FROM revenue.deals WHERE deal_id = 'd9';
  INSERT INTO revenue.deal_facts (org_id, deal_id, valid_from, stage_id)
  SELECT 1, 'd' || i, now() - interval '60 days', 'prospecting' FROM generate_series(10, 20) AS i;
  INSERT INTO revenue.activities (org_id, activity_id, deal_id, kind, occurred_at)
  SELECT 1, 'x' || i, 'd1', 'call', now() FROM generate_series(1, 5) AS i;
  SELECT revenue.update_deal('d1', amount => 99, reason => 'renegotiated');
  SELECT revenue.send_message('slack', 'sales', 'Hello', payload => '{"n": 1}');
  SELECT revenue.schedule_jobs();
  SELECT revenue.set_job('revenue_cleanup', run_at => '04:00', weekday => 7);
  SELECT revenue.run_job('revenue_pipeline_snapshot');
  SELECT revenue.set_metric_definition('win_rate', '{"window_days": 30}', 'shorter');
  SELECT revenue.backfill_metrics(revenue.org_today() - 40, scored => false);
  SELECT revenue.set_alert_rule('at_risk_deals', threshold => 1);
  SELECT revenue.log_deal('e1', deal_id => 'd11');
  SELECT revenue.check_alerts();
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) SELECT 1, 's' || i, 'c' || i % 5 FROM generate_series(1, 20) AS i;
  INSERT INTO revenue.subscription_items (org_id, subscription_id, valid_from, unit_price, currency)
  SELECT 1, 's' || i, '2025-01-01'::date + i, i, 'EUR' FROM generate_series(1, 20) AS i;
  INSERT INTO revenue.other_revenue (org_id, entry_id, customer_id, kind, amount, currency, day) VALUES (1, 'o', 'c1', 'one_time', 9, 'EUR', '2025-02-01');
  SELECT revenue.close_period('2025-03-01');
  UPDATE revenue.subscription_items SET valid_to = '2025-02-01' WHERE subscription_id = 's3';
  SELECT revenue.compact_ledger();
  DELETE FROM revenue.subscription_items WHERE subscription_id = 's4';
});

# Every table of the extension, by name and by the digest of its rows.
my $digest = q{
  SELECT c.relname, (xpath('/row/d/text()', query_to_xml(format(
    'SELECT count(*) || '' '' || coalesce(md5(string_agg(t::text, E''\n'' ORDER BY t::text)), '''') AS d FROM revenue.%I AS t',
    c.relname), false, true, '')))[1]
  FROM pg_class AS c WHERE c.relnamespace = 'revenue'::regnamespace AND c.relkind = 'r' ORDER BY c.relname
};
my $before = $node->safe_psql('source', $digest);
like($before, qr/deal_history\|[1-9]/, 'there is history to lose');
like($before, qr/metric_values_\d{4}_\d\d\|[1-9]/, 'there are partitions to lose');
like($before, qr/mrr_movements\|[1-9]/, 'and a ledger');
my $ledger = q{SET revenue_intel.org_id = 1; SELECT count(*) FROM revenue.verify_ledger();
  SELECT period_from, closing_mrr, adjustment_mrr FROM revenue.arr_monthly('2025-12-31')};
my $books = $node->safe_psql('source', $ledger);

my $directory = PostgreSQL::Test::Utils::tempdir();
for my $format ('plain', 'custom')
{
  my $file = "$directory/dump.$format";
  $node->command_ok([ 'pg_dump', '-F', $format, '-f', $file, '-d', $node->connstr('source') ], "pg_dump as $format");
  $node->safe_psql('postgres', "CREATE DATABASE target_$format");
  my $target = $node->connstr("target_$format");
  $node->command_ok(
    $format eq 'plain'
    ? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $target ]
    : [ 'pg_restore', '--exit-on-error', '-d', $target, $file ],
    "$format dump restores");
  is($node->safe_psql("target_$format", $digest), $before, "every table is the same after a $format dump");
  is($node->safe_psql("target_$format", q{SELECT revenue.create_org('Next')}),
    '2', 'the sequence of organisations goes on');
  $node->safe_psql("target_$format",
    q{SET revenue_intel.org_id = 1; UPDATE revenue.deals SET amount = 1 WHERE deal_id = 'd30'});
  is( $node->safe_psql("target_$format", q{SELECT count(*) FROM revenue.deal_history WHERE deal_id = 'd30'}),
    '2', 'and history is written again after the restore');
  is($node->safe_psql("target_$format", $ledger), $books, 'the ledger is exact and tells the same');
  $node->safe_psql("target_$format", q{UPDATE revenue.subscription_items SET valid_to = '2025-02-15' WHERE subscription_id = 's5'});
  is( $node->safe_psql("target_$format", q{SET revenue_intel.org_id = 1; SELECT count(*) FROM revenue.verify_ledger();
      SELECT valid_day, booked_day, is_adjustment FROM revenue.mrr_movements WHERE customer_id = 'c0' AND version > 1 AND valid_day = '2025-02-15'}),
    "0\n2025-02-15|2025-03-01|t", 'and is written again, in closed books as an adjustment');
}

# row_security = off is what a restore sets; a member who sets it gains nothing.
$node->safe_psql('source', q{CREATE ROLE forger LOGIN; SET revenue_intel.org_id = 1;
  SELECT revenue.add_member('forger', 'member'); UPDATE revenue.reps SET identity = 'forger' WHERE rep_id = 'r1'});
my ($status, $out, $error) = $node->psql('source',
  q{SET row_security = off; UPDATE revenue.deals SET amount = 7 WHERE deal_id = 'd40'}, extra_params => [ '-U', 'forger' ]);
isnt($status, 0, 'a member cannot write with row_security off');
like($error, qr/row-level security/, 'row-level security says why');
$node->safe_psql('source', q{UPDATE revenue.deals SET amount = 7 WHERE deal_id = 'd40'}, extra_params => [ '-U', 'forger' ]);
is( $node->safe_psql('source', q{SELECT changed_by FROM revenue.deal_history WHERE deal_id = 'd40' AND valid_to = 'infinity'}),
  'forger', 'and what he writes is recorded under his name');

$node->stop;
done_testing();
