#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scoring/framework.hpp"

namespace revenue::scoring {

/// A stage with everything the scores ask of it.
struct Stage {
  std::string name;
  double probability = 0;
  double typical_days = 0;
  double value_factor = 0;
  double odds_against = 0;  ///< (1 - p) / p, precomputed; unused where the stage is closed

  bool closed() const { return probability <= 0 || probability >= 1; }
};
REVENUE_FIELDS(Stage, name, probability, typical_days, value_factor)

/// A validated framework with its stages indexed: what every score takes. Make it once for each set
/// of weights; it is immutable afterwards.
class CompiledFramework {
 public:
  /// Throws invalid_argument as validate() does.
  explicit CompiledFramework(Framework framework);

  const Framework& weights() const { return weights_; }

  /// Every stage in the order of the framework.
  const std::vector<Stage>& stages() const { return stages_; }

  /// The stage of that name (case, blank, '-' and '_' do not matter) or nullptr.
  const Stage* find_stage(std::string_view name) const;

  /// The stage of that name, or what stands for an unknown one where there is none.
  /// Throws invalid_argument for a name that the framework does not have.
  const Stage& stage(std::optional<std::string_view> name) const {
    if (!name) return unknown_stage_;
    const Stage* found = find_stage(*name);
    if (found == nullptr) throw_unknown_stage(*name);
    return *found;
  }

  /// 1 / points_per_doubling.
  double doublings_per_point() const { return doublings_per_point_; }

 private:
  [[noreturn]] void throw_unknown_stage(std::string_view name) const;

  Framework weights_;
  std::vector<Stage> stages_;
  std::vector<std::int32_t> slots_;  // open addressing: index into stages_, or -1
  std::uint32_t slot_mask_ = 0;
  Stage unknown_stage_;
  double doublings_per_point_ = 0;
};

/// The built-in framework, ready to score with.
const CompiledFramework& builtin_compiled();

}  // namespace revenue::scoring
