#include "core/scoring/date_weight.hpp"

#include <cmath>

#include "core/scoring/arguments.hpp"

namespace revenue::scoring {

double date_weight(std::optional<double> days_to_close_date, const CompiledFramework& framework) {
  require_signed_days("days_to_close_date", days_to_close_date);
  if (!days_to_close_date || *days_to_close_date >= 0) return 1;
  return std::exp2(*days_to_close_date / framework.weights().forecast.overdue_half_life_days);
}

}  // namespace revenue::scoring
