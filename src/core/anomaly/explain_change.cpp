#include "core/anomaly/explain_change.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "core/foundation/number_text.hpp"

namespace revenue::anomaly {
namespace {

constexpr char kNamed = 's';
constexpr char kUnnamed = '-';
constexpr double kMostOfIt = 0.5;     // share of the change from which on a segment explains it ...
constexpr double kOutOfScale = 1.25;  // ... if that is so many times what its size would

std::optional<std::string> name_of(std::string_view key) {
  if (key.front() == kUnnamed) return std::nullopt;
  return std::string(key.substr(1));
}

Money money_from(const WideSum& sum) {
  const auto micros = static_cast<std::int64_t>(sum.low());
  if (sum.high() != (micros < 0 ? -1 : 0))
    throw Error(ErrorCode::out_of_range, "a sum of amounts is out of range",
                "Amounts of money are exact up to 9.2e12 units; pass thousands or millions.");
  return {micros};
}

Money difference(Money after, Money before) {
  WideSum sum;
  sum.add(after.micros);
  WideSum minus;
  // ~x = -x - 1, which the smallest integer has no trouble with.
  minus.add(~before.micros);
  minus.add(1);
  sum.merge(minus);
  return money_from(sum);
}

// The whole numbers that are near `parts` and have this sum (largest remainder).
std::vector<std::int64_t> round_to_sum(const std::vector<double>& parts, std::int64_t sum, Poll poll) {
  std::vector<std::int64_t> rounded;
  for (const double part : parts) {
    constexpr double kMost = 9e15;
    if (!(std::fabs(part) < kMost))
      throw Error(ErrorCode::out_of_range, "an effect is out of range", "Explain a smaller change.");
    rounded.push_back(static_cast<std::int64_t>(std::floor(part)));
  }
  std::int64_t rest = sum - std::accumulate(rounded.begin(), rounded.end(), std::int64_t{0});
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  polled_stable_sort(order, poll, [&parts](std::size_t a, std::size_t b) {
    return parts[a] - std::floor(parts[a]) > parts[b] - std::floor(parts[b]);
  });
  // The parts have the sum but for rounding, so that the rest is small: one unit for each of the first.
  const auto count = static_cast<std::int64_t>(order.size());
  const std::int64_t each = rest / count;
  rest -= each * count;
  for (std::int64_t& part : rounded) part += each;
  for (std::int64_t i = 0; i < std::abs(rest); ++i)
    rounded[order[static_cast<std::size_t>(rest > 0 ? i : count - 1 - i)]] += rest > 0 ? 1 : -1;
  return rounded;
}

Money percent(double rate) {
  constexpr double kMostPercent = 1e9;
  if (!(std::fabs(rate) * 100 <= kMostPercent))
    throw Error(ErrorCode::out_of_range, "a rate is out of range",
                "The denominator of a rate must not be so much smaller than its numerator.");
  return {std::llround(rate * 100 * Money::kMicros)};
}

}  // namespace

SegmentSums& SegmentTotals::of(std::optional<std::string_view> segment) {
  std::pmr::string key(1, segment ? kNamed : kUnnamed, segments_.get_allocator().resource());
  if (segment) key.append(*segment);
  return segments_[std::move(key)];
}

void SegmentTotals::merge(const SegmentTotals& other, Poll poll) {
  PollSometimes sometimes(poll);
  for (const auto& [key, theirs] : other.segments_) {
    sometimes();
    SegmentSums& sums = segments_[std::pmr::string(key, segments_.get_allocator().resource())];
    sums.before.merge(theirs.before);
    sums.after.merge(theirs.after);
    sums.before_trials.merge(theirs.before_trials);
    sums.after_trials.merge(theirs.after_trials);
  }
}

void SegmentTotals::serialize(Writer& writer, Poll poll) const {
  PollSometimes sometimes(poll);
  writer.put(static_cast<std::uint64_t>(segments_.size()));
  for (const auto& [key, sums] : segments_) {
    sometimes();
    writer.put(static_cast<std::uint64_t>(key.size()));
    writer.put_all(std::span(key.data(), key.size()));
    for (const WideSum* sum : {&sums.before, &sums.after, &sums.before_trials, &sums.after_trials}) {
      writer.put(sum->high());
      writer.put(sum->low());
    }
  }
}

void SegmentTotals::deserialize(Reader& reader, Poll poll) {
  PollSometimes sometimes(poll);
  const auto count = reader.get<std::uint64_t>();
  for (std::uint64_t i = 0; i < count; ++i) {
    sometimes();
    const std::vector<char> bytes = reader.get_all<char>(reader.get<std::uint64_t>());
    const std::pmr::string key(bytes.begin(), bytes.end(), segments_.get_allocator().resource());
    const bool fine = !key.empty() && (key.front() == kNamed || key == std::string_view(&kUnnamed, 1)) &&
                      (segments_.empty() || segments_.rbegin()->first < key);
    if (!fine) Reader::malformed();
    SegmentSums& sums = segments_[key];
    for (WideSum* sum : {&sums.before, &sums.after, &sums.before_trials, &sums.after_trials}) {
      const auto high = reader.get<std::int64_t>();
      *sum = WideSum(high, reader.get<std::uint64_t>());
    }
  }
}

void ChangeOfTotal::add(std::optional<std::string_view> segment, std::optional<Money> before,
                        std::optional<Money> after) {
  SegmentSums& sums = of(segment);
  sums.before.add(before.value_or(Money{}).micros);
  sums.after.add(after.value_or(Money{}).micros);
}

ExplainedChange ChangeOfTotal::result(Poll poll) const {
  PollSometimes sometimes(poll);
  ExplainedChange explained;
  WideSum before;
  WideSum after;
  for (const auto& [key, sums] : segments_) {
    sometimes();
    SegmentChange segment{name_of(key), money_from(sums.before), money_from(sums.after), {}, std::nullopt};
    segment.change = difference(segment.after, segment.before);
    before.merge(sums.before);
    after.merge(sums.after);
    explained.segments.push_back(std::move(segment));
  }
  explained.before = money_from(before);
  explained.after = money_from(after);
  explained.change = difference(explained.after, explained.before);
  if (explained.change.micros != 0)
    for (SegmentChange& segment : explained.segments) segment.share = segment.change.value() / explained.change.value();
  polled_stable_sort(explained.segments, poll, [](const SegmentChange& a, const SegmentChange& b) {
    return std::fabs(a.change.value()) > std::fabs(b.change.value());
  });
  for (const SegmentChange& segment : explained.segments) {
    if (!segment.share || *segment.share < kMostOfIt) continue;
    const double size = explained.before.micros == 0 ? 0 : segment.before.value() / explained.before.value();
    if (explained.segments.size() == 1 || *segment.share >= kOutOfScale * size) explained.affected_segment = segment.segment;
    break;
  }
  return explained;
}

void ChangeOfRate::add(std::optional<std::string_view> segment, std::optional<Money> before_numerator,
                       std::optional<Money> before_denominator, std::optional<Money> after_numerator,
                       std::optional<Money> after_denominator) {
  const auto checked = [](std::optional<Money> amount) {
    const std::int64_t micros = amount.value_or(Money{}).micros;
    if (micros < 0)
      throw Error(ErrorCode::invalid_argument, "numerators and denominators of a rate must not be negative",
                  "Leave out rows that take something back, or explain the amounts with explain_change().",
                  "One is " + shown(amount->value()) + ".");
    return micros;
  };
  SegmentSums& sums = of(segment);
  sums.before.add(checked(before_numerator));
  sums.before_trials.add(checked(before_denominator));
  sums.after.add(checked(after_numerator));
  sums.after_trials.add(checked(after_denominator));
}

ExplainedRateChange ChangeOfRate::result(Poll poll) const {
  PollSometimes sometimes(poll);
  SegmentSums all;
  for (const auto& [key, sums] : segments_) {
    sometimes();
    all.before.merge(sums.before);
    all.after.merge(sums.after);
    all.before_trials.merge(sums.before_trials);
    all.after_trials.merge(sums.after_trials);
  }
  ExplainedRateChange explained;
  const auto rate = [](const WideSum& numerator, const WideSum& denominator) -> std::optional<double> {
    if (denominator.value() <= 0) return std::nullopt;
    return numerator.value() / denominator.value();
  };
  const auto shown = [](std::optional<double> of) { return of ? std::optional(percent(*of)) : std::nullopt; };
  const std::optional<double> before = rate(all.before, all.before_trials);
  const std::optional<double> after = rate(all.after, all.after_trials);
  explained.before_rate = shown(before);
  explained.after_rate = shown(after);
  if (!before || !after) return explained;
  explained.change = difference(*explained.after_rate, *explained.before_rate);

  // The parts of all segments in one list, the effect of the rate before that of the mix.
  std::vector<double> parts;
  for (const auto& [key, sums] : segments_) {
    sometimes();
    const std::optional<double> rate_before = rate(sums.before, sums.before_trials);
    const std::optional<double> rate_after = rate(sums.after, sums.after_trials);
    const double share_before = sums.before_trials.value() / all.before_trials.value();
    const double share_after = sums.after_trials.value() / all.after_trials.value();
    // A segment that is new or gone has no change of its own rate.
    const double first = rate_before.value_or(rate_after.value_or(0));
    const double last = rate_after.value_or(first);
    constexpr double kMicroPoints = 100 * Money::kMicros;
    const double rate_effect = (share_before + share_after) / 2 * (last - first);
    // What the segment adds to the rate of all, less what its share of all would add at the usual rate.
    const double added = sums.after.value() / all.after_trials.value() - sums.before.value() / all.before_trials.value();
    const double usual = (share_after - share_before) * (*before + *after) / 2;
    parts.push_back(kMicroPoints * rate_effect);
    parts.push_back(kMicroPoints * (added - usual - rate_effect));
    SegmentRateChange segment;
    segment.segment = name_of(key);
    segment.before_rate = shown(rate_before);
    segment.after_rate = shown(rate_after);
    explained.segments.push_back(std::move(segment));
  }
  const std::vector<std::int64_t> rounded = round_to_sum(parts, explained.change->micros, poll);
  for (std::size_t i = 0; i < explained.segments.size(); ++i) {
    SegmentRateChange& segment = explained.segments[i];
    segment.rate_effect = {rounded[2 * i]};
    segment.mix_effect = {rounded[2 * i + 1]};
    segment.effect = {rounded[2 * i] + rounded[2 * i + 1]};
    explained.rate_effect.micros += segment.rate_effect.micros;
    explained.mix_effect.micros += segment.mix_effect.micros;
  }
  polled_stable_sort(explained.segments, poll, [](const SegmentRateChange& a, const SegmentRateChange& b) {
    return std::abs(a.effect.micros) > std::abs(b.effect.micros);
  });
  if (explained.change->micros != 0 && !explained.segments.empty() &&
      static_cast<double>(explained.segments.front().effect.micros) / static_cast<double>(explained.change->micros) >= kMostOfIt)
    explained.affected_segment = explained.segments.front().segment;
  return explained;
}

}  // namespace revenue::anomaly
