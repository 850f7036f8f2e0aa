#include "core/scoring/churn_risk.hpp"
#include "core/scoring/close_probability.hpp"
#include "core/scoring/deal_health.hpp"
#include "core/scoring/deal_value.hpp"
#include "core/scoring/expansion_score.hpp"
#include "core/scoring/lead_score.hpp"
#include "input.hpp"

/// Any weights: rejected by the caller's fault, or every score stays in its range under them.

namespace revenue::scoring {
namespace {

using fuzz::Input;
using fuzz::require;
using fuzz::succeeds;

// Overwrites coefficients that the input picks, with names for tables that it makes up.
template <class T>
void disturb(T& group, Input& input) {
  visit_fields(group, [&input](std::string_view, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    if (input.empty()) return;
    if constexpr (std::is_same_v<Field, double>) {
      const auto choice = input.take<std::uint8_t>();
      if (choice == 0) field = input.take<double>();
      if (choice == 1) field = input.take<std::uint8_t>() / 16.0;
    } else if constexpr (std::is_same_v<Field, Table>) {
      for (int entries = input.take<std::uint8_t>() % 8; entries > 0; --entries) {
        const std::string_view name = input.text();
        const double value = input.take<std::uint8_t>() / 255.0;
        field.set(name, value);
        require(field.find(name) == value);
      }
    } else {
      disturb(field, input);
    }
  });
}

void score_everything(const CompiledFramework& framework, Input& input) {
  const auto in_range = [](double score) { require(score >= 0 && score <= 100); };
  succeeds([&] {
    const auto signals = input.signals<CloseSignals>();
    const double p = close_probability(signals, framework);
    require(p >= 0 && p <= 1);
    explain_close_probability(signals, framework);
  });
  succeeds([&] {
    in_range(explain_deal_health(input.signals<HealthSignals>(), framework).health_score);
  });
  succeeds([&] { predict_deal_value(input.signals<ValueSignals>(), framework); });
  succeeds(
      [&] { in_range(explain_lead_score(input.signals<LeadSignals>(), framework).lead_score); });
  succeeds(
      [&] { in_range(explain_churn_risk(input.signals<ChurnSignals>(), framework).churn_risk); });
  succeeds([&] {
    in_range(explain_expansion_score(input.signals<ExpansionSignals>(), framework).expansion_score);
  });
}

}  // namespace
}  // namespace revenue::scoring

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue;
  using namespace revenue::scoring;
  fuzz::Input input(data, size);
  Framework framework = builtin_framework();
  disturb(framework, input);
  fuzz::succeeds([&] {
    const CompiledFramework compiled(framework);
    for (const auto& [name, probability] : framework.stages.probability.entries()) {
      const Stage* stage = compiled.find_stage(name);
      fuzz::require(stage != nullptr && stage->probability == probability);
    }
    score_everything(compiled, input);
  });
  return 0;
}
