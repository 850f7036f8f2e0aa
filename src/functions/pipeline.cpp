#include "core/pipeline/beta_binomial.hpp"
#include "core/pipeline/stage_history.hpp"
#include "core/pipeline/stage_model.hpp"
#include "core/pipeline/total_distribution.hpp"
#include "pg/aggregate.hpp"
#include "pg/function.hpp"

namespace revenue {

template <>
struct pg::FromJson<pipeline::StageModel> {
  static const pipeline::StageModel& absent() {
    static const pipeline::StageModel nothing_known;
    return nothing_known;
  }
  static pipeline::StageModel parse(JsonbContainer* json) {
    pipeline::StageModel model;
    pg::read_fields(json, model, "");
    return model;
  }
};

template <>
struct pg::FromJson<pipeline::WinClock> {
  static const pipeline::WinClock& absent() {
    static const pipeline::WinClock nothing_known{pipeline::StageModel{}};
    return nothing_known;
  }
  static pipeline::WinClock parse(JsonbContainer* json) {
    return pipeline::WinClock(FromJson<pipeline::StageModel>::parse(json), &pg::poll);
  }
};

}  // namespace revenue

namespace pipeline = revenue::pipeline;

namespace {

std::int64_t count_from(const JsonbValue& value, const std::string& path) {
  const double count = revenue::pg::number_from(value, path);
  // Written so that NaN fails; above, a double no longer holds every whole number.
  if (!(std::fabs(count) <= 9e15 && count == std::trunc(count)))
    throw revenue::Error(revenue::ErrorCode::invalid_argument, path + " must be a whole number",
                         "Count trials and successes.");
  return static_cast<std::int64_t>(count);
}

// {"A": {"successes": 12, "trials": 100}, ...}
std::vector<pipeline::Variant> variants_from(JsonbContainer* container) {
  std::vector<pipeline::Variant> variants;
  for (const auto& entry : revenue::pg::object_entries(container, "")) {
    pipeline::Variant variant{.variant = std::string(entry.key)};
    std::size_t known = 0;
    JsonbContainer* inner = entry.value.type == jbvBinary ? entry.value.val.binary.data : nullptr;
    for (const auto& count : revenue::pg::object_entries(inner, entry.key)) {
      const std::string path = variant.variant + "." + std::string(count.key);
      if (count.key == "successes") variant.successes = count_from(count.value, path);
      else if (count.key == "trials") variant.trials = count_from(count.value, path);
      else continue;
      ++known;
    }
    if (known != 2)
      throw revenue::Error(revenue::ErrorCode::invalid_argument,
                           "variant \"" + variant.variant + "\" needs successes and trials",
                           "Write it as {\"name\": {\"successes\": 12, \"trials\": 100}, ...}.");
    variants.push_back(std::move(variant));
  }
  return variants;
}

}  // namespace

PG_AGGREGATE(stage_history, pipeline::StageHistory);
PG_AGGREGATE(total_distribution, pipeline::TotalDistribution);

PG_FUNCTION(win_probability_within,
            [](const pipeline::WinClock& model, std::optional<std::int32_t> stage, std::optional<double> days_in_stage,
               double horizon) { return stage ? model.win_probability(*stage, days_in_stage, horizon) : std::nullopt; });
PG_FUNCTION(days_to_win,
            [](const pipeline::WinClock& model, std::optional<std::int32_t> stage, std::optional<double> days_in_stage) {
              return stage ? model.days_to_win(*stage, days_in_stage) : std::nullopt;
            });
PG_FUNCTION(win_dispersion, &pipeline::win_dispersion);
PG_FUNCTION(rate_quantile, &pipeline::rate_quantile);
PG_FUNCTION(compare_variants, [](revenue::pg::JsonView variants, revenue::Poll poll) {
  return pipeline::compare_variants(variants_from(variants.container), poll);
});
