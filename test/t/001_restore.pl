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
  INSERT INTO revenue.accounts (org_id, account_id, name, parent_account_id) VALUES (1, 'child', 'Below', 'a');
  UPDATE revenue.accounts SET name = 'Acme Inc.' WHERE account_id = 'a';  -- now it is written after its child
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
  INSERT INTO revenue.deal_lines (org_id, deal_id, line_id, product_id, unit_price) VALUES (1, 'd1', '1', 'p', 40), (1, 'd1', '2', NULL, 59);
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

my @months = split /\n/, $node->safe_psql('source', q{SELECT to_date(right(relname, 7), 'YYYY_MM') FROM pg_class
  WHERE relname ~ '^metric_values_\d{4}_\d\d$' AND relkind = 'r'});

my $directory = PostgreSQL::Test::Utils::tempdir();
for my $dump ([ 'plain', '-Fp' ], [ 'custom', '-Fc' ], [ 'inserts', '-Fp', '--inserts' ], [ 'data', '-Fc', '--data-only' ])
{
  my ($name, @options) = @$dump;
  $node->command_ok([ 'pg_dump', @options, '-f', "$directory/$name", '-d', $node->connstr('source') ], "pg_dump: $name");
}

# Each way to restore, as the commands that it takes.
sub psql_file { return [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$directory/$_[0]", @_[1 .. $#_] ] }
sub pg_restore { return [ 'pg_restore', '--exit-on-error', @_ ] }
my %restores = (
  plain => [ psql_file('plain') ],
  at_once => [ psql_file('plain', '--single-transaction') ],
  inserts => [ psql_file('inserts') ],
  custom => [ pg_restore("$directory/custom") ],
  parallel => [ pg_restore('-j4', "$directory/custom") ],
  sections => [ map { pg_restore("--section=$_", "$directory/custom") } 'pre-data', 'data', 'post-data' ],
  data_only => [ pg_restore("$directory/data") ],
  data_parallel => [ pg_restore('-j4', "$directory/data") ]);

for my $way (sort keys %restores)
{
  my $target = "target_$way";
  $node->safe_psql('postgres', "CREATE DATABASE $target");
  # Data alone needs the extension, and the partitions that were made since.
  $node->safe_psql($target, join(';', 'CREATE EXTENSION revenue_intel', map { "SELECT revenue.ensure_metric_partitions('$_', '$_')" } @months))
    if $way =~ /^data/;
  $node->command_ok([ @$_, '-d', $node->connstr($target) ], "$way: " . join(' ', @$_)) for @{ $restores{$way} };
  is($node->safe_psql($target, $digest), $before, "$way: every table is the same");
  is($node->safe_psql($target, 'SELECT * FROM revenue.verify_references()'), '', "$way: every row that is referred to is there");
  is($node->safe_psql($target, q{SELECT revenue.create_org('Next')}), '2', "$way: the sequence of organisations goes on");
  $node->safe_psql($target, q{SET revenue_intel.org_id = 1; UPDATE revenue.deals SET amount = 1 WHERE deal_id = 'd30'});
  is($node->safe_psql($target, q{SELECT count(*) FROM revenue.deal_history WHERE deal_id = 'd30'}),
    '2', "$way: history is written again");
  my ($status, $out, $error) = $node->psql($target,
    q{INSERT INTO revenue.deals (org_id, deal_id, account_id, stage_id, currency) VALUES (1, 'z', 'nobody', 'proposal', 'EUR')});
  like($error, qr/deals_org_id_account_id_fkey/, "$way: foreign keys hold again");
  is($node->safe_psql($target, $ledger), $books, "$way: the ledger is exact and tells the same");
  $node->safe_psql($target, q{UPDATE revenue.subscription_items SET valid_to = '2025-02-15' WHERE subscription_id = 's5'});
  is( $node->safe_psql($target, q{SET revenue_intel.org_id = 1; SELECT count(*) FROM revenue.verify_ledger();
      SELECT valid_day, booked_day, is_adjustment FROM revenue.mrr_movements WHERE customer_id = 'c0' AND version > 1 AND valid_day = '2025-02-15'}),
    "0\n2025-02-15|2025-03-01|t", "$way: and is written again, in closed books as an adjustment");
}

# What a restore that failed half-way lacks is found.
$node->safe_psql('postgres', 'CREATE DATABASE half');
$node->safe_psql('half', 'CREATE EXTENSION revenue_intel');
$node->command_ok([ 'pg_restore', '-t', 'orgs', '-t', 'deals', '-d', $node->connstr('half'), "$directory/data" ], 'a part of a dump restores');
like($node->safe_psql('half', 'SELECT * FROM revenue.verify_references()'),
  qr/deals_org_id_account_id_fkey\|revenue.deals\|revenue.accounts\|49/, 'and what refers to the rest is shown');

# A session that has row_security off is no restore: what it writes is checked, kept and audited.
$node->safe_psql('source', q{SET row_security = off; SET revenue_intel.org_id = 1;
  UPDATE revenue.deals SET amount = 8 WHERE deal_id = 'd41'; SELECT revenue.update_deal('d42', amount => 9, reason => 'why')});
is($node->safe_psql('source', q{SELECT count(*) FROM revenue.deal_history WHERE deal_id IN ('d41', 'd42')}), '4',
  'with row_security off, history is written');
is($node->safe_psql('source', q{SELECT count(*) FROM revenue.audit_log WHERE object_id = 'd42'}), '1', 'and the audit log');
my ($status_off, $out_off, $error_off) = $node->psql('source',
  q{SET row_security = off; INSERT INTO revenue.deals (org_id, deal_id, account_id, stage_id, currency) VALUES (1, 'z', 'nobody', 'proposal', 'EUR')});
like($error_off, qr/deals_org_id_account_id_fkey/, 'and foreign keys hold');

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

# Nor does a role with BYPASSRLS, which reads and writes every row, but may not load them unchecked.
$node->safe_psql('source', q{CREATE ROLE reader LOGIN BYPASSRLS; GRANT USAGE ON SCHEMA revenue TO reader});
($status, $out, $error) = $node->psql('source',
  q{SET row_security = off; SET check_function_bodies = off;
    INSERT INTO revenue.deals (org_id, deal_id, account_id, stage_id, currency) VALUES (1, 'z', 'nobody', 'proposal', 'EUR')},
  extra_params => [ '-U', 'reader' ]);
like($error, qr/deals_org_id_account_id_fkey/, 'nor does a role with BYPASSRLS');

$node->stop;
done_testing();
