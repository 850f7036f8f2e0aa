#include "core/scoring/pipeline_totals.hpp"

#include <cmath>

#include "core/scoring/close_probability.hpp"
#include "core/scoring/date_weight.hpp"
#include "core/scoring/weighted_pipeline.hpp"

namespace revenue::scoring {
namespace {

constexpr double kHorizonDays = 90;

std::int64_t millionths(double value) {
  return std::llrint(value * Money::kMicros);
}

}  // namespace

void PipelineTotals::add(std::optional<Money> amount, const HealthSignals& signals,
                         std::optional<std::int64_t> num_objections_handled,
                         std::optional<std::int64_t> competitors_mentioned,
                         const CompiledFramework& framework) {
  const double p = close_probability(
      {signals.deal_stage, signals.days_in_stage, signals.lead_score, signals.num_interactions,
       num_objections_handled, signals.champion_identified, signals.budget_confirmed,
       signals.decision_maker_engaged, competitors_mentioned},
      framework);
  const double health = deal_health(signals, framework);
  ++deal_count_;
  health_.add(millionths(health));
  days_in_stage_.add(millionths(signals.days_in_stage.value_or(0)));
  if (health < framework.weights().deal_health.healthy_from) ++at_risk_deals_;
  if (!amount) return;
  ++valued_deals_;
  weighted_value_.add(weighted_micros(*amount, p));
  const std::int64_t expected =
      weighted_micros(*amount, p * date_weight(signals.days_to_close_date, framework));
  forecast_.add(expected);
  if (signals.days_to_close_date && *signals.days_to_close_date <= kHorizonDays)
    forecast_90d_.add(expected);
}

void PipelineTotals::merge(const PipelineTotals& other) {
  deal_count_ += other.deal_count_;
  valued_deals_ += other.valued_deals_;
  at_risk_deals_ += other.at_risk_deals_;
  weighted_value_.merge(other.weighted_value_);
  forecast_.merge(other.forecast_);
  forecast_90d_.merge(other.forecast_90d_);
  health_.merge(other.health_);
  days_in_stage_.merge(other.days_in_stage_);
}

PipelineTotalsResult PipelineTotals::result() const {
  return {deal_count_,
          valued_deals_,
          weighted_value_.value() / Money::kMicros,
          forecast_.value() / Money::kMicros,
          forecast_90d_.value() / Money::kMicros,
          at_risk_deals_,
          health_.value() / Money::kMicros,
          days_in_stage_.value() / Money::kMicros};
}

void PipelineTotals::serialize(Writer& writer) const {
  for (const std::int64_t count : {deal_count_, valued_deals_, at_risk_deals_}) writer.put(count);
  for (const WideSum* sum :
       {&weighted_value_, &forecast_, &forecast_90d_, &health_, &days_in_stage_}) {
    writer.put(sum->high());
    writer.put(sum->low());
  }
}

void PipelineTotals::deserialize(Reader& reader) {
  constexpr std::int64_t kMostRows = std::int64_t{1} << 48;
  for (std::int64_t* count : {&deal_count_, &valued_deals_, &at_risk_deals_}) {
    *count = reader.get<std::int64_t>();
    if (*count < 0 || *count > kMostRows || *count > deal_count_) Reader::malformed();
  }
  for (WideSum* sum : {&weighted_value_, &forecast_, &forecast_90d_, &health_, &days_in_stage_}) {
    const auto high = reader.get<std::int64_t>();
    *sum = WideSum(high, reader.get<std::uint64_t>());
  }
}

}  // namespace revenue::scoring
