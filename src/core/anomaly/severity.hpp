#pragma once

#include <optional>
#include <string>

namespace revenue::anomaly {

/// How urgent an anomaly is: low, medium, high or critical. One step for each of a score of 3 and of
/// 4.5 sigmas, and for money at stake of at least the material amount and of ten times that; one
/// step less where less than a tenth of it is at stake. Without both amounts only the score counts.
/// Throws invalid_argument for a score that is not finite, an amount that is not, and a material
/// amount that is not above 0.
std::string anomaly_severity(double score, std::optional<double> at_stake, std::optional<double> material);

}  // namespace revenue::anomaly
