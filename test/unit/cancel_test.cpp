#include <memory_resource>

#include "core/anomaly/detector_model.hpp"
#include "core/anomaly/explain_change.hpp"
#include "core/recurring/gamma_gamma.hpp"
#include "core/recurring/movement_lines.hpp"
#include "support.hpp"

// What takes long polls often enough to be cancelled: counted by polls, because a loaded machine has no time.

namespace revenue {
namespace {

int polls;
void counted() { ++polls; }

struct Cancelled {};
int left;
void cancels() {
  if (--left == 0) throw Cancelled();
}

// Expects so many polls at least, and that each of the first of them can end the work.
template <class Work>
void expect_polls(int least, Work&& work) {
  polls = 0;
  work(counted);
  EXPECT_GE(polls, least);
  for (const int at : {1, least / 2, least}) {
    left = at;
    EXPECT_THROW(work(cancels), Cancelled) << at;
  }
}

TEST(Cancel, ExplainingAChange) {
  std::pmr::monotonic_buffer_resource memory;
  anomaly::ChangeOfTotal total(&memory);
  anomaly::ChangeOfRate rate(&memory);
  constexpr std::int64_t kSegments = 50'000;
  for (std::int64_t i = 0; i < kSegments; ++i) {
    const std::string segment = std::to_string(i * 7919 % kSegments);
    total.add(segment, Money{i}, Money{i * 31 % 1009});
    rate.add(segment, Money{i % 7}, Money{7 + i % 5}, Money{i % 3}, Money{9});
  }
  expect_polls(12 + 8, [&](Poll poll) { total.result(poll); });
  expect_polls(24 + 16, [&](Poll poll) { rate.result(poll); });
  expect_polls(12, [&](Poll poll) {
    Writer writer;
    total.serialize(writer, poll);
  });
}

TEST(Cancel, FittingADetector) {
  std::pmr::monotonic_buffer_resource memory;
  anomaly::SeriesState state(&memory);
  constexpr std::int64_t kRows = 200'000;
  for (std::int64_t i = 0; i < kRows; ++i) state.add(LocalTime{(i * 7919 % kRows) * 1'000'000}, 1.0);
  expect_polls(30, [&](Poll poll) { state.result(poll); });
}

TEST(Cancel, MovementsOfACustomerOfManyItems) {
  std::pmr::monotonic_buffer_resource memory;
  recurring::MovementLines state(&memory);
  constexpr int kItems = 20'000;
  for (int i = 0; i < kItems; ++i) {
    const std::string id = std::to_string(i * 7919 % kItems);
    recurring::ItemPeriod period;
    period.subscription_id = id;
    period.item_id = id;
    period.currency = "USD";
    period.status = "active";
    period.discount_kind = "recurring";
    period.valid_from = {i % 900};
    period.valid_to = {i % 900 + 500};
    period.mrr = period.list_mrr = Money{1'000'000 + i};
    state.add(period, {});
  }
  expect_polls(20, [&](Poll poll) { state.result(poll); });
  const auto lines = state.result();
  auto other = lines;
  for (auto& line : other) line.amount.micros += 1;
  EXPECT_FALSE(lines.empty());
  polls = 0;
  recurring::restatement(lines, other, counted);
  EXPECT_GE(polls, static_cast<int>(lines.size()) / 1024);
}

TEST(Cancel, FittingGammaGamma) {
  std::pmr::monotonic_buffer_resource memory;
  recurring::GammaGammaState state(&memory);
  for (int i = 0; i < 40'000; ++i) state.add(1 + i % 9, 10 + i * 7919 % 1000);
  expect_polls(20, [&](Poll poll) { state.result(poll); });
}

}  // namespace
}  // namespace revenue
