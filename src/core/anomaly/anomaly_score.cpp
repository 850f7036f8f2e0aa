#include "core/anomaly/anomaly_score.hpp"

#include <algorithm>
#include <cmath>

#include "core/anomaly/watch.hpp"

namespace revenue::anomaly {
namespace {

constexpr std::size_t kPollEvery = 64;

void learn(const Point& point, Detector& detector) {
  while (detector.next_period() < point.period) detector.learn_missing();
  if (std::isnan(point.value)) detector.learn_missing();
  else detector.learn(point, detector.judge(point));
}

}  // namespace

void AnomalyScore::add(LocalTime ts, std::optional<double> value) {
  rows_.push_back(observe(ts, value));
  in_order_ = in_order_ && (rows_.size() == 1 || rows_[rows_.size() - 2].at <= ts);
  if (in_order_) take_in_last();
}

void AnomalyScore::take_in_last() {
  const std::size_t last = rows_.size() - 1;
  if (!calendar_) {
    if (!spans_baseline(rows_.front().at, rows_[last].at, rows_.size(), {})) return;
    calendar_ = calendar_of(rows_, {});
    pending_ = first_;
    while (calendar_->period_of(rows_[pending_].at.micros) < calendar_->period_of(rows_[last].at.micros)) ++pending_;
    try_baseline();
    return;
  }
  const std::int64_t period = calendar_->period_of(rows_[last].at.micros);
  const std::int64_t before = calendar_->period_of(rows_[pending_].at.micros);
  if (period == before) return;
  if (detector_) {
    const Point point = gather(std::span(rows_).subspan(pending_, last - pending_), before, Gather::sum).point;
    if (verdict_ && judged_rows_ == last) detector_->learn(point, *verdict_);
    else learn(point, *detector_);
  }
  verdict_.reset();
  pending_ = last;
  if (period - before > kLongestGap || (detector_ && detector_->lost())) {
    detector_.reset();
    first_ = last;
  }
  if (!detector_) try_baseline();
  if (detector_)
    while (detector_->next_period() < period) detector_->learn_missing();
}

// From the periods that are complete.
void AnomalyScore::try_baseline() {
  const auto gathered = gather_periods(std::span(rows_).subspan(first_, pending_ - first_), *calendar_, {});
  const auto learned = learn_first_points(gathered, *calendar_, {});
  if (!learned) return;
  detector_ = learned->detector;
  for (std::size_t i = learned->taken; i < gathered.size(); ++i) learn(gathered[i].point, *detector_);
  const std::int64_t period = calendar_->period_of(rows_[pending_].at.micros);
  while (detector_->next_period() < period) detector_->learn_missing();
}

std::optional<double> AnomalyScore::score() const {
  if (!detector_) return std::nullopt;
  const Point latest = gather(std::span(rows_).subspan(pending_), detector_->next_period(), Gather::sum).point;
  if (std::isnan(latest.value)) return std::nullopt;
  verdict_ = detector_->judge(latest);
  judged_rows_ = rows_.size();
  return verdict_->score;
}

std::optional<double> AnomalyScore::result(Poll poll) const {
  if (in_order_) return score();
  std::vector<Observation> sorted(rows_.begin(), rows_.end());
  sort(sorted, poll);
  std::pmr::unsynchronized_pool_resource memory;
  AnomalyScore again(&memory);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i % kPollEvery == 0) poll();
    again.rows_.push_back(sorted[i]);
    again.take_in_last();
  }
  return again.score();
}

void AnomalyScore::merge(const AnomalyScore& other) {
  if (other.rows_.empty()) return;
  rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
  in_order_ = false;
}

void AnomalyScore::serialize(Writer& writer) const {
  writer.put(static_cast<std::uint64_t>(rows_.size()));
  for (const Observation& row : rows_) {
    writer.put(row.at);
    writer.put(row.value);
  }
}

void AnomalyScore::deserialize(Reader& reader) {
  const auto count = reader.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count; ++i) {
    Observation row;
    row.at = reader.get<LocalTime>();
    row.value = reader.get<double>();
    if (!valid(row)) Reader::malformed();
    rows_.push_back(row);
  }
  in_order_ = false;
}

}  // namespace revenue::anomaly
