#include "core/anomaly/watch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/anomaly/normal.hpp"
#include "core/foundation/time.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::size_t kPollEvery = 64;

// The points of one stretch without a gap that ends what is known, or as many of them as what is known is good for.
class Stretch {
 public:
  Stretch(std::span<const GatheredPoint> points, const DetectorModel& model, double sigmas, Watched& into)
      : points_(points), model_(model), sigmas_(sigmas), into_(into) {}

  // Returns how many points it took.
  std::size_t run(Poll poll) {
    std::size_t i = learn_baseline_points();
    for (; i < points_.size() && !into_.detector->lost(); ++i) {
      if (i % kPollEvery == 0) poll();
      const GatheredPoint& next = points_[i];
      while (into_.detector->next_period() < next.point.period) skip({});
      if (std::isnan(next.point.value)) skip(next.at);
      else judge(next);
    }
    into_.spanned = points_[i - 1].point.period - points_.front().point.period + 1;
    return i;
  }

 private:
  // Returns the number of points that it took.
  std::size_t learn_baseline_points() {
    into_.known = static_cast<std::size_t>(
        std::count_if(points_.begin(), points_.end(), [](const auto& p) { return !std::isnan(p.point.value); }));
    std::optional<LearnedBaseline> learned = learn_first_points(points_, into_.calendar, model_.options);
    into_.detector.reset();
    if (!learned) {
      for (const GatheredPoint& point : points_) into_.points.push_back({point.at, point.point, false, {}});
      return points_.size();
    }
    into_.detector.emplace(learned->detector);
    alone_ = deviation_alone(sigmas_, into_.detector->lookback_points());
    std::size_t i = 0;
    for (const GatheredPoint& point : points_.first(learned->taken))
      into_.points.push_back(std::isnan(point.point.value) ? WatchedPoint{point.at, point.point, false, {}}
                                                           : in_hindsight(point, learned->baseline, i++));
    return learned->taken;
  }

  WatchedPoint in_hindsight(const GatheredPoint& of, const Baseline& baseline, std::size_t i) const {
    const PeriodEffects effects = into_.calendar.effects_of(of.point.period);
    const Shape& shape = baseline.shape;
    WatchedPoint watched{of.at, of.point, true, {}};
    Verdict& verdict = watched.verdict;
    verdict.expected = shape.forward(of.point) - baseline.residual[i] * baseline.spread;
    verdict.deviation = baseline.deviation(i, effects);
    verdict.sigma = baseline.spread / baseline.deviation_per_spread(effects);
    verdict.score = deviation_among(verdict.deviation, into_.detector->lookback_points());
    if (of.point.n > 0 && of.point.n < model_.options.minimum_n) verdict.kind = Kind::too_few;
    else verdict.kind = verdict.score > 0 ? Kind::spike : verdict.score < 0 ? Kind::drop : Kind::ordinary;
    watched.expected = shape.inverse(verdict.expected);
    watched.lower = shape.inverse(verdict.expected - alone_ * verdict.sigma);
    watched.upper = shape.inverse(verdict.expected + alone_ * verdict.sigma);
    return watched;
  }

  void add(LocalTime at, const Point& point, const Verdict& verdict) {
    const Detector& detector = *into_.detector;
    into_.points.push_back({at, point, true, verdict, detector.shape().inverse(verdict.expected),
                            detector.value_at(verdict, -alone_, point.n), detector.value_at(verdict, alone_, point.n)});
  }

  void judge(const GatheredPoint& next) {
    Detector& detector = *into_.detector;
    const Verdict verdict = detector.judge(next.point);
    add(next.at, next.point, verdict);
    const std::int64_t noticed = detector.last_shift().noticed;
    detector.learn(next.point, verdict);
    const Shift& shift = detector.last_shift();
    const Shape& shape = detector.shape();
    if (shift.noticed != noticed)
      into_.shifts.push_back({shift.first_period, shift.noticed, shape.inverse(shift.before), shape.inverse(shift.after),
                              shift.score});
  }

  // `at` is when a row without a value was; nothing where there was none.
  void skip(std::optional<LocalTime> at) {
    Detector& detector = *into_.detector;
    const Verdict verdict = detector.judge_missing();
    const std::int64_t period = detector.next_period();
    if (at || verdict.kind == Kind::missing)
      add(at.value_or(LocalTime{into_.calendar.start_of(period)}),
          {period, std::numeric_limits<double>::quiet_NaN(), 0}, verdict);
    detector.learn_missing();
  }

  std::span<const GatheredPoint> points_;
  const DetectorModel& model_;
  double sigmas_;
  Watched& into_;
  double alone_ = 0;
};

struct IncompleteEnds {
  bool first = false;
  bool last = false;
};

// Where rows are finer than periods: a last period whose rows end before those of the others do is not over, and
// a first one whose rows begin after theirs is not whole.
IncompleteEnds incomplete_ends(std::span<const Observation> rows, const Calendar& calendar, Gather gather) {
  struct Spread {
    double first;
    double last;
  };
  constexpr std::size_t kFewest = 4;
  constexpr std::size_t kCompared = 12;
  constexpr double kFiner = 1.5;  // instants a period
  constexpr double kShort = 0.9;  // of what the others span
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  std::vector<Spread> spreads;
  std::size_t instants = 0;
  for (std::size_t begin = 0; begin < rows.size();) {
    const std::int64_t period = calendar.period_of(rows[begin].at.micros);
    std::size_t end = begin;
    for (; end < rows.size() && calendar.period_of(rows[end].at.micros) == period; ++end)
      instants += end == begin || rows[end].at != rows[end - 1].at;
    const std::int64_t start = calendar.start_of(period);
    const auto share = [&](std::size_t i) {
      const std::int64_t day_end = (floor_div(rows[i].at.micros, kMicrosPerDay) + 1) * kMicrosPerDay;
      return static_cast<double>(day_end - start) / static_cast<double>(calendar.start_of(period + 1) - start);
    };
    spreads.push_back({share(begin), share(end - 1)});
    begin = end;
  }
  IncompleteEnds ends;
  if (gather == Gather::last || spreads.size() < kFewest ||
      static_cast<double>(instants) <= kFiner * static_cast<double>(spreads.size()))
    return ends;
  double least = 1;
  for (std::size_t i = spreads.size() - 1 - std::min(kCompared, spreads.size() - 1); i + 1 < spreads.size(); ++i)
    least = std::min(least, spreads[i].last);
  ends.last = spreads.back().last < kShort * least;
  double latest = 0;
  for (std::size_t i = 1; i + 1 < spreads.size() && i <= kCompared; ++i) latest = std::max(latest, spreads[i].first);
  ends.first = gather == Gather::sum && 1 - spreads.front().first < kShort * (1 - latest);
  return ends;
}

}  // namespace

bool spans_baseline(LocalTime first, LocalTime last, std::size_t rows, const DetectorOptions& options) {
  constexpr double kMicrosPerDay = 86400e6;
  const auto days = static_cast<double>(last.micros - first.micros) / kMicrosPerDay;
  return rows > static_cast<std::size_t>(options.minimum_points) && days >= options.baseline_days;
}

Calendar calendar_of(std::span<const Observation> rows, const DetectorOptions& options) {
  std::vector<std::int64_t> times;
  for (const Observation& row : rows) {
    times.push_back(row.at.micros);
    if (spans_baseline(rows.front().at, row.at, times.size(), options)) break;
  }
  return {times, options};
}

std::vector<GatheredPoint> gather_periods(std::span<const Observation> rows, const Calendar& calendar,
                                          const DetectorOptions& options) {
  std::vector<GatheredPoint> gathered;
  for (std::size_t first = 0; first < rows.size();) {
    const std::int64_t period = calendar.period_of(rows[first].at.micros);
    std::size_t end = first + 1;
    while (end < rows.size() && calendar.period_of(rows[end].at.micros) == period) ++end;
    gathered.push_back(gather(rows.subspan(first, end - first), period, options.gather));
    first = end;
  }
  return gathered;
}

std::optional<LearnedBaseline> learn_first_points(std::span<const GatheredPoint> points, const Calendar& calendar,
                                                  const DetectorOptions& options) {
  std::vector<Point> known;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point& point = points[i].point;
    if (std::isnan(point.value)) continue;
    known.push_back(point);
    if (!enough_for_baseline(points.front().point.period, point.period, known.size(), calendar, options)) continue;
    Baseline baseline = learn_baseline(known, calendar);
    Detector detector(known, baseline, calendar, options.minimum_n);
    return LearnedBaseline{std::move(baseline), detector, i + 1};
  }
  return std::nullopt;
}

Watched watch(const DetectorModel& model, double sigmas, Poll poll) {
  Watched watched;
  if (model.rows.empty()) return watched;
  watched.calendar = calendar_of(model.rows, model.options);
  const std::vector<GatheredPoint> all = gather_periods(model.rows, watched.calendar, model.options);
  const bool coarse = watched.calendar.grain() > Grain::day;
  const IncompleteEnds incomplete =
      coarse && !model.ratio ? incomplete_ends(model.rows, watched.calendar, model.options.gather) : IncompleteEnds{};
  const auto leave_out = [&](const GatheredPoint& point) {
    watched.points.push_back({point.at, point.point, false, {}, 0, 0, 0, false});
  };
  const std::span<const GatheredPoint> gathered =
      std::span(all).subspan(incomplete.first, all.size() - incomplete.first - incomplete.last);
  watched.points.reserve(all.size());
  if (incomplete.first) leave_out(all.front());
  for (std::size_t first = 0; first < gathered.size();) {
    std::size_t end = first + 1;
    while (end < gathered.size() && gathered[end].point.period - gathered[end - 1].point.period <= kLongestGap) ++end;
    while (first < end) first += Stretch(gathered.subspan(first, end - first), model, sigmas, watched).run(poll);
  }
  if (incomplete.last) leave_out(all.back());
  return watched;
}

}  // namespace revenue::anomaly
