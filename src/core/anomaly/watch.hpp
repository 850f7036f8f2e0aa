#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/anomaly/detector.hpp"
#include "core/anomaly/detector_model.hpp"

namespace revenue::anomaly {

/// A gap of more periods than this ends what is known: the series begins anew after it.
inline constexpr std::int64_t kLongestGap = 366;

/// A period with its verdict, as values.
struct WatchedPoint {
  LocalTime at;
  Point point;          ///< value NaN where none is known
  bool judged = false;  ///< otherwise the baseline is being learned, and nothing of the next five is known
  Verdict verdict;
  double expected = 0;
  double lower = 0;
  double upper = 0;
  bool complete = true;  ///< otherwise its rows end before the period does, or begin after it
};

/// A level shift, as values.
struct WatchedShift {
  std::int64_t first_period = 0;
  std::int64_t noticed = 0;
  double before = 0;
  double after = 0;
  double score = 0;
};

struct Watched {
  Calendar calendar;
  std::vector<WatchedPoint> points;
  std::vector<WatchedShift> shifts;
  std::optional<Detector> detector;  ///< after the last point; nothing where its baseline is not complete
  std::size_t known = 0;             ///< periods with a value since what was known before was given up
  std::int64_t spanned = 0;          ///< periods since then
};

/// Whether the calendar can be told from so many rows.
bool spans_baseline(LocalTime first, LocalTime last, std::size_t rows, const DetectorOptions& options);

/// The calendar of a series, from as many of its first rows as a baseline takes, so that it does not
/// change with later ones.
Calendar calendar_of(std::span<const Observation> rows, const DetectorOptions& options);

/// The rows of each period as one point. `rows` are in order.
std::vector<GatheredPoint> gather_periods(std::span<const Observation> rows, const Calendar& calendar,
                                          const DetectorOptions& options);

/// A detector that has learned a baseline, and how many of the points that took.
struct LearnedBaseline {
  Baseline baseline;
  Detector detector;
  std::size_t taken;
};
std::optional<LearnedBaseline> learn_first_points(std::span<const GatheredPoint> points, const Calendar& calendar,
                                                  const DetectorOptions& options);

/// Runs over the whole series. Bounds are those of a score of `sigmas`.
Watched watch(const DetectorModel& model, double sigmas, Poll poll);

}  // namespace revenue::anomaly
