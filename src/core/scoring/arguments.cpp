#include "core/scoring/arguments.hpp"

#include <cmath>
#include <string>

#include "core/foundation/error.hpp"
#include "core/foundation/number_text.hpp"

namespace revenue::scoring {
namespace {

[[noreturn]] void reject(std::string_view name, std::string_view must, const std::string& found) {
  throw Error(ErrorCode::invalid_argument, std::string(name) + " must be " + std::string(must),
              "Pass a value in that range, or NULL where it is not known.",
              std::string(name) + " is " + found + ".");
}

}  // namespace

void reject_argument(std::string_view name, std::string_view must, double found) {
  reject(name, must, shown(found));
}

void reject_argument(std::string_view name, std::string_view must, std::int64_t found) {
  reject(name, must, std::to_string(found));
}

void reject_percentage(std::string_view name, double found) {
  throw Error(ErrorCode::invalid_argument,
              std::string(name) + " must be a fraction from 0 to 1",
              "Divide a percentage by 100: write " + shown(found) + " % as " +
                  shown(found / 100) + ".",
              std::string(name) + " is " + shown(found) + ".");
}

void require_at_least(std::string_view name, const std::optional<double>& value, double least,
                      std::string_view must) {
  if (value && !(*value >= least && std::isfinite(*value))) reject_argument(name, must, *value);
}

}  // namespace revenue::scoring
