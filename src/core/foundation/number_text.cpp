#include "core/foundation/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace revenue {

std::string shown(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> buffer{};
  auto* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

std::string shown(std::optional<double> value) { return value ? shown(*value) : "NULL"; }

}  // namespace revenue
