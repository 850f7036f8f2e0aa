#pragma once

#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/anomaly/series.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/poll.hpp"

namespace revenue::anomaly {

/// A series that is ready to be judged: its rows in order, and how they are to be read. The verdicts
/// are not kept: they take a millisecond for two years of days.
struct DetectorModel {
  static constexpr const char* kSqlName = "revenue.detector_model";

  DetectorOptions options;
  bool ratio = false;
  std::vector<Observation> rows;  ///< sorted

  void serialize(Writer& writer) const;
  static DetectorModel deserialize(Reader& reader);
};

/// One period: what was to be expected of it from what came before, and what it is.
struct DetectedPoint {
  LocalTime ts;                   ///< of its first row; where there is none, the period's begin
  std::optional<double> value;
  std::optional<double> expected;  ///< nothing while the baseline is learned
  std::optional<double> lower;     ///< where a single value becomes an anomaly
  std::optional<double> upper;
  std::optional<double> score;     ///< sigmas, negative below; the anomalies of a sensitivity are those beyond it
  bool is_anomaly = false;
  std::optional<std::string> kind;
};
REVENUE_FIELDS(DetectedPoint, ts, value, expected, lower, upper, score, is_anomaly, kind)

/// 3, 2 or 1.5 for low, medium or high; throws invalid_argument for another name.
double sensitivity_sigmas(std::string_view sensitivity);

/// Every period from the first row to the last. Kinds: spike, drop, shift_up, shift_down, missing,
/// flat; learning and too_few where nothing is judged; nothing for an ordinary point.
std::vector<DetectedPoint> detect(const DetectorModel& model, std::string_view sensitivity, Poll poll);

/// A level that was left for good.
struct ChangePoint {
  LocalTime ts;       ///< the first period of the new level
  LocalTime noticed;  ///< the period in which it was certain
  double level_before = 0;
  double level_after = 0;
  std::optional<double> change;  ///< as a share of the level before; nothing where that is 0 or of a ratio
  double score = 0;
};
REVENUE_FIELDS(ChangePoint, ts, noticed, level_before, level_after, change, score)

std::vector<ChangePoint> change_points(const DetectorModel& model, Poll poll);

struct DescribedEffect {
  std::string period;  ///< such as Saturday or last day of the month
  double factor = 0;   ///< of the level; of a linear series what it adds, of a ratio the odds ratio
};
REVENUE_FIELDS(DescribedEffect, period, factor)

struct DetectorDescription {
  std::string period;                ///< what the points are: day, week, ...
  std::int64_t points = 0;           ///< periods with a value
  std::int64_t rows = 0;
  std::int64_t missing = 0;          ///< periods without one where one was to be expected
  bool ready = false;                ///< there is enough of a baseline to judge by
  std::optional<std::string> reason; ///< why not
  std::string scale;                 ///< logarithm, root, linear or odds
  std::optional<double> level;       ///< now, without effects of the calendar
  std::optional<double> noise;       ///< a standard deviation, as a share of the level; of the log odds of a ratio
  std::int64_t anomalies = 0;        ///< at medium sensitivity
  std::int64_t level_shifts = 0;
  std::vector<DescribedEffect> effects;
};
REVENUE_FIELDS(DetectorDescription, period, points, rows, missing, ready, reason, scale, level, noise, anomalies,
               level_shifts, effects)

DetectorDescription describe(const DetectorModel& model, Poll poll);

/// Aggregate state: the rows of a series in any order.
class SeriesState {
 public:
  explicit SeriesState(std::pmr::memory_resource* memory) : rows_(memory) {}

  /// A value of nothing is known to be missing.
  void add(LocalTime ts, std::optional<double> value);
  void merge(const SeriesState& other);
  void serialize(Writer& writer) const;
  void deserialize(Reader& reader);
  DetectorModel result(Poll poll = no_poll) const;

 protected:
  void set_options(const DetectorOptions& options);

  std::pmr::vector<Observation> rows_;
  DetectorOptions options_;
  bool ratio_ = false;
};

class SeriesStateWithOptions : public SeriesState {
 public:
  using SeriesState::SeriesState;

  /// Throws invalid_argument where the options differ from those of another row.
  void add(LocalTime ts, std::optional<double> value, const DetectorOptions& options);
};

/// The same for a rate.
class RatioState : public SeriesState {
 public:
  using SeriesState::SeriesState;

  void add(LocalTime ts, std::optional<std::int64_t> successes, std::optional<std::int64_t> trials,
           const DetectorOptions& options);
};

}  // namespace revenue::anomaly
