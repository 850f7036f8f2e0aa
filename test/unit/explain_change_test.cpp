#include "core/anomaly/explain_change.hpp"

#include <memory_resource>

#include "core/anomaly/severity.hpp"
#include "support.hpp"

namespace revenue::anomaly {
namespace {

using test::expect_invalid;

std::pmr::memory_resource* memory() { return std::pmr::get_default_resource(); }

Money units(double amount) { return {test::millionths(amount)}; }

TEST(ExplainChange, AddsUpExactly) {
  test::RandomInputs inputs;
  for (int i = 0; i < test::kRandomInputs / 10; ++i) {
    ChangeOfTotal total(memory());
    ChangeOfRate rate(memory());
    for (std::int64_t rows = inputs.integer(1, 40); rows > 0; --rows) {
      const std::string name = "s" + std::to_string(inputs.integer(0, 9));
      const auto segment = inputs.perhaps(std::string_view(name));
      const auto amount = [&] { return inputs.perhaps(Money{inputs.integer(-1'000'000'000, 1'000'000'000)}); };
      const auto count = [&] { return inputs.perhaps(Money{inputs.integer(0, 1000) * 1'000'000}); };
      total.add(segment, amount(), amount());
      rate.add(segment, count(), count(), count(), count());
    }
    const ExplainedChange explained = total.result();
    std::int64_t change = 0;
    for (const SegmentChange& segment : explained.segments) change += segment.change.micros;
    EXPECT_EQ(change, explained.change.micros);
    EXPECT_EQ(change, explained.after.micros - explained.before.micros);

    const ExplainedRateChange rates = rate.result();
    if (!rates.change) continue;
    std::int64_t effects = 0;
    for (const SegmentRateChange& segment : rates.segments) {
      effects += segment.effect.micros;
      EXPECT_EQ(segment.effect.micros, segment.rate_effect.micros + segment.mix_effect.micros);
    }
    EXPECT_EQ(effects, rates.change->micros);
    EXPECT_EQ(rates.rate_effect.micros + rates.mix_effect.micros, rates.change->micros);
    EXPECT_EQ(rates.change->micros, rates.after_rate->micros - rates.before_rate->micros);
  }
}

// Simpson's paradox: both segments win more often, and the whole less often.
TEST(ExplainChange, MixAndRate) {
  ChangeOfRate state(memory());
  state.add("large", units(10), units(100), units(45), units(300));
  state.add("small", units(180), units(300), units(65), units(100));
  const ExplainedRateChange explained = state.result();
  EXPECT_EQ(explained.before_rate, units(47.5));
  EXPECT_EQ(explained.after_rate, units(27.5));
  EXPECT_EQ(explained.rate_effect, units(5));     // half of all, each up by five points
  EXPECT_EQ(explained.mix_effect, units(-25));
}

TEST(ExplainChange, AffectedSegment) {
  ChangeOfTotal alike(memory());
  alike.add("a", units(100), units(90));
  alike.add("b", units(300), units(270));
  EXPECT_EQ(alike.result().affected_segment, std::nullopt);
  ChangeOfTotal one(memory());
  one.add("a", units(100), units(60));
  one.add("b", units(300), units(299));
  EXPECT_EQ(one.result().affected_segment, "a");
  EXPECT_EQ(one.result().segments[0].segment, "a");
}

TEST(ExplainChange, MergedAndSerialisedIsTheSame) {
  ChangeOfTotal whole(memory());
  ChangeOfTotal a(memory());
  ChangeOfTotal b(memory());
  ChangeOfTotal empty(memory());
  for (int i = 0; i < 50; ++i) {
    const std::string name(1, static_cast<char>('a' + i % 7));
    for (ChangeOfTotal* state : {&whole, i % 2 ? &a : &b})
      state->add(i % 9 ? std::optional<std::string_view>(name) : std::nullopt, units(i), units(i * i));
  }
  ChangeOfTotal read(memory());
  EXPECT_FALSE(test::read_state(test::bytes_of(b), read));
  read.merge(empty);
  empty.merge(a);
  read.merge(empty);
  EXPECT_EQ(test::bytes_of(read), test::bytes_of(whole));
  const std::string bytes = test::bytes_of(whole);
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    ChangeOfTotal into(memory());
    EXPECT_EQ(test::read_state(bytes.substr(0, size), into).value().code, ErrorCode::malformed) << size;
  }
}

TEST(ExplainChange, SumsBeyondTheTypeAreErrors) {
  ChangeOfTotal state(memory());
  state.add("a", Money{INT64_MAX}, Money{0});
  state.add("a", Money{INT64_MIN}, Money{0});
  EXPECT_EQ(state.result().before, Money{-1});
  state.add("b", Money{INT64_MIN}, Money{0});
  EXPECT_EQ(test::error_of([&] { state.result(); })->code, ErrorCode::out_of_range);
  ChangeOfRate rate(memory());
  expect_invalid("numerators", [&] { rate.add("a", Money{-1}, Money{1}, Money{1}, Money{1}); });
}

TEST(Severity, StepsOfScoreAndMoney) {
  EXPECT_EQ(anomaly_severity(2.1, std::nullopt, std::nullopt), "low");
  EXPECT_EQ(anomaly_severity(-3, std::nullopt, 1000), "medium");
  EXPECT_EQ(anomaly_severity(4.5, std::nullopt, std::nullopt), "high");
  EXPECT_EQ(anomaly_severity(4.5, -1000, 1000), "critical");
  EXPECT_EQ(anomaly_severity(2, 10'000, 1000), "high");
  EXPECT_EQ(anomaly_severity(3, 99, 1000), "low");
  expect_invalid("score", [] { anomaly_severity(test::kNaN, {}, {}); });
  expect_invalid("material", [] { anomaly_severity(2, 1, 0); });
  expect_invalid("at_stake", [] { anomaly_severity(2, test::kInfinity, 1); });
}

}  // namespace
}  // namespace revenue::anomaly
