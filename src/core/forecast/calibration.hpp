#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/poll.hpp"
#include "core/forecast/series_model.hpp"

namespace revenue::forecast {

/// What the errors of many series at past origins say of intervals: for each period and step the errors, in
/// multiples of each series' scale, that so many of the series stayed within (split conformal; Lei et al. 2018).
struct Calibration {
  static constexpr const char* kSqlName = "revenue.calibration";
  static constexpr std::size_t kGrid = 24;

  struct Step {
    std::int64_t errors = 0;  ///< one or two of each series
    double quantiles[kGrid] = {};  ///< at kGridLevels
  };
  struct OfPeriod {
    Period period = Period::month;
    std::vector<Step> steps;  ///< 1, 2, ...
  };
  std::vector<OfPeriod> periods;

  /// Half the width of an interval, in multiples of the scale: that of the errors, drawn towards the usual one while
  /// there are few series, and beyond the steps that were seen.
  double multiplier(Period period, std::int64_t step, double level) const;

  void serialize(Writer& writer) const;
  static Calibration deserialize(Reader& reader);
};

/// Aggregate state of calibrate(model).
class CalibrationState {
 public:
  explicit CalibrationState(std::pmr::memory_resource* memory) : scores_(memory) {}

  void add(const SeriesModel& model);
  void merge(const CalibrationState& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  Calibration result(Poll poll) const;

 private:
  struct Score {
    std::uint32_t period = 0;
    std::uint32_t step = 0;
    double score = 0;
  };
  std::pmr::vector<Score> scores_;
};

/// The level to ask intervals of now, so that in the long run the share `level` of values lies within, whatever
/// changes: after each value that was `covered` (1) or not (0), oldest first, the level asked of falls or rises by
/// `rate` times the miss (adaptive conformal inference; Gibbs & Candes 2021). Throws invalid_argument for a level
/// outside 0 to 1, a rate outside 0 to 1, or marks that are neither 0 nor 1.
double adapted_level(double level, const std::vector<std::int32_t>& covered, double rate);

}  // namespace revenue::forecast
