#include "core/pipeline/beta_binomial.hpp"
#include "pg/function.hpp"

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

PG_FUNCTION(rate_quantile, &pipeline::rate_quantile);
PG_FUNCTION(compare_variants, [](revenue::pg::JsonView variants, revenue::Poll poll) {
  return pipeline::compare_variants(variants_from(variants.container), poll);
});
