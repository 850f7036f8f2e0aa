#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/pipeline/age_bands.hpp"
#include "core/pipeline/stage_history.hpp"

namespace revenue::pipeline {

/// A deal's stay in an open stage. Times are days before the end of the data: 0 is the end itself.
struct Spell {
  std::size_t stage = 0;  ///< index into the records of the stages
  std::optional<std::int32_t>
      to;  ///< the stage entered next, 0 = none; nothing: still in it at the end
  double first_day = 0;
  double days = 0;
  bool won = false;              ///< `to` is a stage of won deals
  std::optional<double> won_on;  ///< when the deal is won for the first time after this stay began

  double last_day() const { return first_day - days; }
};

/// Adds the days of a stay to what is known of its stage.
inline void count_days(double days, StageRecord& into) {
  into.exposure.resize(kAgeBands.size());
  ++into.entered;
  each_band(days,
            [&](std::size_t band, double from, double to) { into.exposure[band] += to - from; });
}

/// Adds how a stay of so many days ended.
inline void count_exit(double days, std::int32_t to, StageRecord& into) {
  ++into.left;
  auto exits = into.exits.begin();
  while (exits != into.exits.end() && exits->to != to) ++exits;
  if (exits == into.exits.end()) {
    exits = into.exits.insert(exits, {to, 0, {}});
    exits->by_age.resize(kAgeBands.size());
  }
  ++exits->deals;
  ++exits->by_age[band_of(days)];
}

}  // namespace revenue::pipeline
