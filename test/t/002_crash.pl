# Nothing committed is lost: a backend killed in the middle of a load, a server killed, a restart, a standby.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;
$node->safe_psql('postgres', q{
  CREATE EXTENSION revenue_intel;
  SELECT revenue.create_org('Crash');
  INSERT INTO revenue.subscriptions (org_id, subscription_id, customer_id) SELECT 1, 's' || i, 'c' || i % 100 FROM generate_series(1, 2000) AS i;
});

my $insert = q{INSERT INTO revenue.deals (org_id, deal_id, stage_id, amount, currency)
  SELECT 1, '%s' || i, 'proposal', i, 'USD' FROM generate_series(%d, %d) AS i};
my $state = q{
  SELECT count(*), sum(amount), (SELECT count(*) FROM revenue.deal_history),
    (SELECT count(*) FROM revenue.deals AS d FULL JOIN revenue.deal_history AS h
       ON h.org_id = d.org_id AND h.deal_id = d.deal_id AND h.valid_to = 'infinity' AND h.superseded_at = 'infinity'
     WHERE d.deal_id IS NULL OR h.deal_id IS NULL OR d.amount <> h.amount)
  FROM revenue.deals};

# Items of subscriptions, and whether their ledger is what they say, with as many customers and movements.
my $subscribe = q{INSERT INTO revenue.subscription_items (org_id, subscription_id, item_id, valid_from, unit_price, currency)
  SELECT 1, 's' || i, '%s', '2025-01-01'::date + i %% 90, i, 'USD' FROM generate_series(%d, %d) AS i};
my $ledger = q{SELECT (SELECT count(*) FROM revenue.verify_ledger()), (SELECT count(*) FROM revenue.subscription_items),
  (SELECT closing_mrr FROM revenue.arr_monthly('2025-12-31') ORDER BY period_from DESC LIMIT 1) = (SELECT sum(mrr) FROM revenue.subscription_items)};

# Committed in batches, while a loop goes on; then kill -9.
sub kill_in_the_middle
{
  my ($name, $victim) = @_;
  my $committed = $node->safe_psql('postgres', 'SELECT count(*) FROM revenue.deals');
  my $subscribed = $node->safe_psql('postgres', 'SELECT count(*) FROM revenue.subscription_items');
  my $load = '';
  $load .= sprintf("$insert;\n", $name, $_ * 100 + 1, $_ * 100 + 100) for 0 .. 4;
  $load .= sprintf("$subscribe;\n", "$name$_", 1, 200) for 0 .. 4;
  $node->safe_psql('postgres', $load);
  my ($in, $out, $err) = ("BEGIN;\n" . sprintf($insert, "${name}lost", 1, 2000) . ";\n" . sprintf($subscribe, "${name}lost", 1, 2000)
    . ";\nSELECT 'written', pg_backend_pid();\n", '', '');
  my $session = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres') ],
    '<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(60));
  $session->pump until $out =~ /written\|(\d+)/;
  $victim->($1);
  eval { $session->finish; };
  eval { $session->kill_kill; };
  $node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server did not come back';
  my ($deals, undef, $versions, $torn) = split /\|/, $node->safe_psql('postgres', $state);
  is($deals, $committed + 500, "$name: what was committed is there, and nothing else");
  is($versions, $deals, "$name: with one version each");
  is($torn, 0, "$name: deals and history agree");
  is($node->safe_psql('postgres', $ledger), join('|', 0, $subscribed + 1000, 't'), "$name: the ledger is what the subscriptions say");
}

kill_in_the_middle('backend', sub { kill 'KILL', $_[0] });
kill_in_the_middle('server', sub { $node->stop('immediate'); $node->start });

my $before = $node->safe_psql('postgres', $state);
$node->restart;
is($node->safe_psql('postgres', $state), $before, 'a restart loses nothing');

my $backup = $node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres', sprintf($insert, 'later', 1, 100));
$node->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $state), $node->safe_psql('postgres', $state), 'a standby has the same rows');
is( $standby->safe_psql('postgres', q{SELECT deal_count, total_value FROM revenue.pipeline_summary}),
  $node->safe_psql('postgres', q{SELECT deal_count, total_value FROM revenue.pipeline_summary}),
  'and answers the views, though it can write nothing');

$standby->stop;
$node->stop;
done_testing();
