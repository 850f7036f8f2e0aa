#include "core/anomaly/severity.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::anomaly {

std::string anomaly_severity(double score, std::optional<double> at_stake, std::optional<double> material) {
  const auto require = [](bool fine, const char* name, const char* what, const char* hint, double found) {
    if (!fine)
      throw Error(ErrorCode::invalid_argument, std::string(name) + what, hint,
                  std::string(name) + " is " + shown(found) + ".");
  };
  require(std::isfinite(score), "score", " must be a finite number", "Pass the score that detect() gives.", score);
  if (at_stake)
    require(std::isfinite(*at_stake), "at_stake", " must be a finite amount", "Pass NULL where it is not known.", *at_stake);
  if (material)
    require(std::isfinite(*material) && *material > 0, "material", " must be above 0",
            "Pass the amount from which on a deviation matters, or NULL.", *material);
  int steps = (std::fabs(score) >= 3) + (std::fabs(score) >= 4.5);
  if (at_stake && material) {
    const double amount = std::fabs(*at_stake);
    steps += (amount >= *material) + (amount / 10 >= *material) - (amount < *material / 10);
  }
  constexpr std::array kNames{"low", "medium", "high", "critical"};
  return kNames[static_cast<std::size_t>(std::clamp(steps, 0, 3))];
}

}  // namespace revenue::anomaly
