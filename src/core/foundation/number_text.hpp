#pragma once

#include <optional>
#include <string>

namespace revenue {

/// A number as messages show it: the shortest digits that read back as it, as SQL writes NaN and infinity.
std::string shown(double value);

/// The same, or NULL where there is none.
std::string shown(std::optional<double> value);

}  // namespace revenue
