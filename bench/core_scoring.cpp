#include <benchmark/benchmark.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "core/scoring/churn_risk.hpp"
#include "core/scoring/close_probability.hpp"
#include "core/scoring/deal_health.hpp"
#include "core/scoring/deal_value.hpp"
#include "core/scoring/expansion_score.hpp"
#include "core/scoring/lead_score.hpp"
#include "core/scoring/quality.hpp"
#include "core/scoring/scenario.hpp"
#include "core/scoring/weighted_pipeline.hpp"

/// What one call of each score costs without a server. Inputs vary from call to call, a tenth of
/// them unknown, so that neither the branch predictor nor the cache sees one deal only.

namespace revenue::scoring {
namespace {

constexpr std::size_t kDeals = 65536;  // a power of two

class Random {
 public:
  double number(double from, double to) {
    return std::uniform_real_distribution<double>(from, to)(engine_);
  }
  std::int64_t integer(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(engine_);
  }
  template <class T>
  std::optional<T> perhaps(T value) {
    return integer(0, 9) == 0 ? std::nullopt : std::optional<T>(value);
  }
  std::string_view open_stage() {
    static constexpr std::array<std::string_view, 8> kStages{
        "prospecting", "qualification", "discovery",   "demo",
        "evaluation",  "proposal",      "negotiation", "verbal_commit"};
    return kStages[static_cast<std::size_t>(integer(0, 7))];
  }

 private:
  std::mt19937_64 engine_{1};
};

template <class T, class Make>
std::vector<T> many(Make&& make) {
  Random random;
  std::vector<T> inputs;
  inputs.reserve(kDeals);
  for (std::size_t i = 0; i < kDeals; ++i) inputs.push_back(make(random));
  return inputs;
}

CloseSignals close_signals(Random& random) {
  return {.deal_stage = random.perhaps(random.open_stage()),
          .days_in_stage = random.perhaps(random.number(0, 90)),
          .lead_score = random.perhaps(random.number(0, 100)),
          .num_interactions = random.perhaps(random.integer(0, 30)),
          .num_objections_handled = random.perhaps(random.integer(0, 6)),
          .champion_identified = random.perhaps(random.integer(0, 1) == 1),
          .budget_confirmed = random.perhaps(random.integer(0, 1) == 1),
          .decision_maker_engaged = random.perhaps(random.integer(0, 1) == 1),
          .competitors_mentioned = random.perhaps(random.integer(0, 3))};
}

HealthSignals health_signals(Random& random) {
  return {.deal_stage = random.perhaps(random.open_stage()),
          .days_in_stage = random.perhaps(random.number(0, 120)),
          .days_since_last_activity = random.perhaps(random.number(0, 60)),
          .num_interactions = random.perhaps(random.integer(0, 20)),
          .lead_score = random.perhaps(random.number(0, 100)),
          .champion_identified = random.perhaps(random.integer(0, 1) == 1),
          .budget_confirmed = random.perhaps(random.integer(0, 1) == 1),
          .decision_maker_engaged = random.perhaps(random.integer(0, 1) == 1),
          .days_to_close_date = random.perhaps(random.number(-30, 90))};
}

ValueSignals value_signals(Random& random) {
  return {.product_plan = "professional",
          .num_users_planned = random.integer(1, 500),
          .base_list_price_per_user = Money{random.integer(5, 200) * 1'000'000},
          .discount_pct = random.perhaps(static_cast<double>(random.integer(0, 40)) / 100),
          .billing_cycle = "annual",
          .contract_term_months = 12,
          .industry = random.perhaps<std::string_view>("software"),
          .deal_stage = random.open_stage(),
          .similar_closed_deals_avg_acv = random.perhaps(Money{random.integer(1, 90'000'000'000)}),
          .expansion_potential_factor = random.perhaps(1.25),
          .similar_closed_deals_count = random.integer(0, 20)};
}

LeadSignals lead_signals(Random& random) {
  return {.seniority = random.perhaps<std::string_view>("director"),
          .company_employees = random.perhaps(random.integer(1, 5000)),
          .industry_match = random.perhaps(random.integer(0, 1) == 1),
          .email_opens = random.perhaps(random.integer(0, 12)),
          .email_clicks = random.perhaps(random.integer(0, 6)),
          .page_visits = random.perhaps(random.integer(0, 25)),
          .replies = random.perhaps(random.integer(0, 4)),
          .meetings = random.perhaps(random.integer(0, 3)),
          .days_since_last_engagement = random.perhaps(random.number(0, 90)),
          .unsubscribed = false};
}

ChurnSignals churn_signals(Random& random) {
  return {.usage_recent = random.perhaps(random.number(0, 100)),
          .usage_prior = random.perhaps(random.number(0, 100)),
          .open_tickets = random.perhaps(random.integer(0, 8)),
          .escalations = random.perhaps(random.integer(0, 2)),
          .days_overdue = random.perhaps(random.number(0, 45)),
          .failed_payments = random.perhaps(random.integer(0, 2)),
          .nps = random.perhaps(random.number(-100, 100)),
          .csat = random.perhaps(random.number(0, 100)),
          .days_to_renewal = random.perhaps(random.number(-10, 365)),
          .champion_left = random.perhaps(random.integer(0, 9) == 0)};
}

ExpansionSignals expansion_signals(Random& random) {
  return {.seats_used = random.perhaps(random.integer(0, 110)),
          .seats_bought = 100,
          .usage = random.perhaps(random.number(0, 120)),
          .usage_limit = 100,
          .products_owned = random.perhaps(random.integer(1, 5)),
          .products_available = 6,
          .usage_growth = random.perhaps(random.number(-0.5, 1)),
          .account_health = random.perhaps(random.number(0, 100))};
}

// Runs `score` over the inputs, one a round.
template <class Signals, class Score>
void run(benchmark::State& state, Signals (*make)(Random&), Score&& score) {
  const std::vector<Signals> inputs = many<Signals>(make);
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    auto result = score(inputs[i++ & (kDeals - 1)]);
    benchmark::DoNotOptimize(result);
  }
  state.SetItemsProcessed(state.iterations());
}

void find_stage(benchmark::State& state) {
  const auto names = many<std::string_view>([](Random& random) { return random.open_stage(); });
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(builtin_compiled().find_stage(names[i++ & (kDeals - 1)]));
}
BENCHMARK(find_stage);

void close_probability(benchmark::State& state) {
  run(state, close_signals, [](const CloseSignals& s) { return close_probability(s); });
}
BENCHMARK(close_probability);

void explain_close_probability(benchmark::State& state) {
  run(state, close_signals, [](const CloseSignals& s) { return explain_close_probability(s); });
}
BENCHMARK(explain_close_probability);

void deal_health(benchmark::State& state) {
  run(state, health_signals, [](const HealthSignals& s) { return deal_health(s); });
}
BENCHMARK(deal_health);

void explain_deal_health(benchmark::State& state) {
  run(state, health_signals, [](const HealthSignals& s) { return explain_deal_health(s); });
}
BENCHMARK(explain_deal_health);

void deal_risk_factors(benchmark::State& state) {
  run(state, health_signals, [](const HealthSignals& s) { return deal_risk_factors(s); });
}
BENCHMARK(deal_risk_factors);

void predict_deal_value(benchmark::State& state) {
  run(state, value_signals, [](const ValueSignals& s) { return predict_deal_value(s); });
}
BENCHMARK(predict_deal_value);

void lead_score(benchmark::State& state) {
  run(state, lead_signals, [](const LeadSignals& s) { return lead_score(s); });
}
BENCHMARK(lead_score);

void explain_lead_score(benchmark::State& state) {
  run(state, lead_signals, [](const LeadSignals& s) { return explain_lead_score(s); });
}
BENCHMARK(explain_lead_score);

void churn_risk(benchmark::State& state) {
  run(state, churn_signals, [](const ChurnSignals& s) { return churn_risk(s); });
}
BENCHMARK(churn_risk);

void explain_churn_risk(benchmark::State& state) {
  run(state, churn_signals, [](const ChurnSignals& s) { return explain_churn_risk(s); });
}
BENCHMARK(explain_churn_risk);

void expansion_score(benchmark::State& state) {
  run(state, expansion_signals, [](const ExpansionSignals& s) { return expansion_score(s); });
}
BENCHMARK(expansion_score);

void explain_expansion_score(benchmark::State& state) {
  run(state, expansion_signals,
      [](const ExpansionSignals& s) { return explain_expansion_score(s); });
}
BENCHMARK(explain_expansion_score);

void scenario_example(benchmark::State& state) {
  const ScenarioAssumptions example{.pipeline = Money{450'000'000'000},
                                    .win_rate = 0.3,
                                    .win_rate_increase = 0.1,
                                    .deal_size_increase = 0.05,
                                    .pipeline_growth = 0.15};
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(scenario(example));
}
BENCHMARK(scenario_example);

void weighted_pipeline_add(benchmark::State& state) {
  const auto probabilities = many<double>([](Random& random) { return random.number(0, 1); });
  WeightedPipeline sum;
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::size_t here = i++ & (kDeals - 1);
    sum.add(Money{static_cast<std::int64_t>(here) * 1'000'000}, probabilities[here]);
  }
  benchmark::DoNotOptimize(sum.result());
}
BENCHMARK(weighted_pipeline_add);

void scored_pipeline_add(benchmark::State& state) {
  const auto deals = many<CloseSignals>(close_signals);
  ScoredPipeline sum;
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::size_t here = i++ & (kDeals - 1);
    sum.add(Money{static_cast<std::int64_t>(here) * 1'000'000}, deals[here], builtin_compiled());
  }
  benchmark::DoNotOptimize(sum.result());
}
BENCHMARK(scored_pipeline_add);

void score_quality_add(benchmark::State& state) {
  const auto probabilities = many<double>([](Random& random) { return random.number(0, 1); });
  ScoreQuality quality;
  std::size_t i = 0;
  for ([[maybe_unused]] auto _ : state) {
    const std::size_t here = i++ & (kDeals - 1);
    quality.add(probabilities[here], here % 3 == 0);
  }
  benchmark::DoNotOptimize(quality.result());
}
BENCHMARK(score_quality_add);

void compile_framework(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(CompiledFramework(builtin_framework()));
}
BENCHMARK(compile_framework);

}  // namespace
}  // namespace revenue::scoring
