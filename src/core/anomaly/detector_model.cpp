#include "core/anomaly/detector_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/anomaly/watch.hpp"
#include "core/foundation/error.hpp"

namespace revenue::anomaly {
namespace {

constexpr double kMedium = 2;

std::optional<std::string> name_of(Kind kind) {
  switch (kind) {
    case Kind::too_few:
      return "too_few";
    case Kind::spike:
      return "spike";
    case Kind::drop:
      return "drop";
    case Kind::shift_up:
      return "shift_up";
    case Kind::shift_down:
      return "shift_down";
    case Kind::missing:
      return "missing";
    case Kind::flat:
      return "flat";
    default:
      return std::nullopt;
  }
}

bool is_anomaly(const WatchedPoint& point, double sigmas) {
  if (!point.judged || point.verdict.kind == Kind::too_few) return false;
  return point.verdict.kind == Kind::missing || (!std::isnan(point.point.value) && std::fabs(point.verdict.score) >= sigmas);
}

DetectedPoint row_of(const WatchedPoint& point, double sigmas) {
  DetectedPoint row;
  row.ts = point.at;
  if (!std::isnan(point.point.value)) row.value = point.point.value;
  if (!point.judged) {
    row.kind = point.complete ? "learning" : "incomplete";
    return row;
  }
  row.expected = point.expected;
  row.lower = point.lower;
  row.upper = point.upper;
  if (row.value && point.verdict.kind != Kind::too_few) row.score = point.verdict.score;
  row.is_anomaly = is_anomaly(point, sigmas);
  if (row.is_anomaly || point.verdict.kind == Kind::too_few) row.kind = name_of(point.verdict.kind);
  return row;
}

constexpr std::array kScales{"logarithm", "root", "linear", "odds"};
constexpr std::array kPeriods{"part of a day", "day", "week", "month", "quarter", "year"};

}  // namespace

double sensitivity_sigmas(std::string_view sensitivity) {
  if (sensitivity == "low") return 3;
  if (sensitivity == "medium") return kMedium;
  if (sensitivity == "high") return 1.5;
  throw Error(ErrorCode::invalid_argument, "there is no such sensitivity", "It is low, medium or high.",
              "It is \"" + std::string(sensitivity.substr(0, 40)) + "\".");
}

std::vector<DetectedPoint> detect(const DetectorModel& model, std::string_view sensitivity, Poll poll) {
  const double sigmas = sensitivity_sigmas(sensitivity);
  const Watched watched = watch(model, sigmas, poll);
  std::vector<DetectedPoint> rows;
  rows.reserve(watched.points.size());
  for (const WatchedPoint& point : watched.points) rows.push_back(row_of(point, sigmas));
  return rows;
}

std::vector<ChangePoint> change_points(const DetectorModel& model, Poll poll) {
  const Watched watched = watch(model, kMedium, poll);
  std::vector<ChangePoint> changes;
  for (const WatchedShift& shift : watched.shifts) {
    ChangePoint change{{watched.calendar.start_of(shift.first_period)},
                       {watched.calendar.start_of(shift.noticed)},
                       shift.before,
                       shift.after,
                       std::nullopt,
                       shift.score};
    const double share = shift.after / shift.before - 1;
    if (!model.ratio && shift.before > 0 && std::isfinite(share)) change.change = share;
    changes.push_back(change);
  }
  return changes;
}

DetectorDescription describe(const DetectorModel& model, Poll poll) {
  const Watched watched = watch(model, kMedium, poll);
  DetectorDescription description;
  description.rows = static_cast<std::int64_t>(model.rows.size());
  description.period = kPeriods[static_cast<std::size_t>(watched.calendar.grain())];
  description.level_shifts = static_cast<std::int64_t>(watched.shifts.size());
  for (const WatchedPoint& point : watched.points) {
    description.points += !std::isnan(point.point.value);
    description.missing += point.judged && point.verdict.kind == Kind::missing;
    description.anomalies += is_anomaly(point, kMedium);
  }
  description.ready = watched.detector.has_value();
  if (!description.ready) {
    description.reason = "a baseline needs " + std::to_string(model.options.minimum_points) + " values over " +
                         std::to_string(static_cast<std::int64_t>(std::ceil(model.options.baseline_days))) +
                         " days; there are " + std::to_string(watched.known) + " over " +
                         std::to_string(watched.spanned) + " periods";
    description.scale = "unknown";
    return description;
  }
  const Detector& detector = *watched.detector;
  const Shape& shape = detector.shape();
  description.scale = kScales[static_cast<std::size_t>(shape.kind)];
  description.level = shape.inverse(detector.level());
  description.noise = detector.sigma();
  for (std::size_t e = 0; e < watched.calendar.effects(); ++e) {
    const double effect = detector.effect(e);
    if (effect == 0) continue;  // never seen
    const bool multiplies = shape.kind == Shape::Kind::logarithm || shape.kind == Shape::Kind::odds;
    description.effects.push_back({watched.calendar.name_of(e), multiplies ? std::exp(effect) : effect * shape.level});
  }
  return description;
}

void DetectorModel::serialize(Writer& writer) const {
  options.serialize(writer);
  writer.put(static_cast<std::uint8_t>(ratio));
  writer.put(static_cast<std::uint64_t>(rows.size()));
  for (const Observation& row : rows) {
    writer.put(row.at);
    writer.put(row.value);
    if (ratio) writer.put(row.n);
  }
}

namespace {

Observation read_row(Reader& reader, bool ratio) {
  Observation row;
  row.at = reader.get<LocalTime>();
  row.value = reader.get<double>();
  if (ratio) row.n = reader.get<double>();
  if (!valid(row) || (ratio && std::isnan(row.value) != (row.n == 0))) Reader::malformed();
  return row;
}

bool read_ratio(Reader& reader) {
  const auto ratio = reader.get<std::uint8_t>();
  if (ratio > 1) Reader::malformed();
  return ratio == 1;
}

}  // namespace

DetectorModel DetectorModel::deserialize(Reader& reader) {
  DetectorModel model;
  model.options = DetectorOptions::deserialize(reader);
  model.ratio = read_ratio(reader);
  const auto count = reader.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count; ++i) {
    model.rows.push_back(read_row(reader, model.ratio));
    if (i > 0 && model.rows[i].at < model.rows[i - 1].at) Reader::malformed();
  }
  return model;
}

void SeriesState::add(LocalTime ts, std::optional<double> value) { rows_.push_back(observe(ts, value)); }

void SeriesState::set_options(const DetectorOptions& options) {
  if (!rows_.empty() && options_ != options)
    throw Error(ErrorCode::invalid_argument, "the options must be the same in every row of a series",
                "Group by what they depend on.", "Two rows differ.");
  options_ = options;
}

void SeriesState::merge(const SeriesState& other) {
  if (other.rows_.empty()) return;
  set_options(other.options_);
  ratio_ = other.ratio_;
  rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
}

void SeriesState::serialize(Writer& writer) const {
  options_.serialize(writer);
  writer.put(static_cast<std::uint8_t>(ratio_));
  writer.put(static_cast<std::uint64_t>(rows_.size()));
  for (const Observation& row : rows_) {
    writer.put(row.at);
    writer.put(row.value);
    if (ratio_) writer.put(row.n);
  }
}

void SeriesState::deserialize(Reader& reader) {
  options_ = DetectorOptions::deserialize(reader);
  ratio_ = read_ratio(reader);
  const auto count = reader.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count; ++i) rows_.push_back(read_row(reader, ratio_));
}

DetectorModel SeriesState::result(Poll poll) const {
  DetectorModel model{options_, ratio_, {rows_.begin(), rows_.end()}};
  sort(model.rows, poll);
  return model;
}

void SeriesStateWithOptions::add(LocalTime ts, std::optional<double> value, const DetectorOptions& options) {
  set_options(options);
  SeriesState::add(ts, value);
}

void RatioState::add(LocalTime ts, std::optional<std::int64_t> successes, std::optional<std::int64_t> trials,
                     const DetectorOptions& options) {
  set_options(options);
  ratio_ = true;
  rows_.push_back(observe_ratio(ts, successes, trials));
}

}  // namespace revenue::anomaly
