#include "core/scoring/arguments.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "core/foundation/error.hpp"

namespace revenue::scoring {
namespace {

std::string shortest(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> buffer{};
  auto* const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

[[noreturn]] void reject(std::string_view name, std::string_view must, const std::string& found) {
  throw Error(ErrorCode::invalid_argument, std::string(name) + " must be " + std::string(must),
              "Pass a value in that range, or NULL where it is not known.",
              std::string(name) + " is " + found + ".");
}

}  // namespace

void reject_argument(std::string_view name, std::string_view must, double found) {
  reject(name, must, shortest(found));
}

void reject_argument(std::string_view name, std::string_view must, std::int64_t found) {
  reject(name, must, std::to_string(found));
}

void reject_percentage(std::string_view name, double found) {
  throw Error(ErrorCode::invalid_argument,
              std::string(name) + " must be a fraction from 0 to 1, and is " + shortest(found),
              "Divide a percentage by 100: write " + shortest(found) + " % as " +
                  shortest(found / 100) + ".");
}

void require_at_least(std::string_view name, const std::optional<double>& value, double least,
                      std::string_view must) {
  if (value && !(*value >= least && std::isfinite(*value))) reject_argument(name, must, *value);
}

}  // namespace revenue::scoring
