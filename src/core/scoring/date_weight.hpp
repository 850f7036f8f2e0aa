#pragma once

#include <optional>

#include "core/scoring/compiled_framework.hpp"

namespace revenue::scoring {

/// What an overdue close date leaves of a deal in a forecast, 0 to 1: 1 until the date or without
/// one, then halved with each half-life. Throws invalid_argument for days beyond any calendar.
double date_weight(std::optional<double> days_to_close_date,
                   const CompiledFramework& framework = builtin_compiled());

}  // namespace revenue::scoring
