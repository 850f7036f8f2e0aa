#include "core/recurring/movement_lines.hpp"

#include <algorithm>
#include <map>
#include <memory_resource>

#include "support.hpp"

namespace revenue::recurring {
namespace {

using test::error_of;

constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();

ItemPeriod period(std::int32_t from, std::int32_t to, std::int64_t mrr,
                  std::string_view item = "main") {
  ItemPeriod made;
  made.subscription_id = "s";
  made.item_id = item;
  made.product_id = "p";
  made.currency = "USD";
  made.status = "active";
  made.valid_from = {from};
  made.valid_to = {to};
  made.quantity = {1'000'000};
  made.unit_price = {mrr};
  made.billing_period = "month";
  made.discount_kind = "recurring";
  made.list_mrr = made.mrr = {mrr};
  return made;
}

std::vector<MovementLine> lines_of(const std::vector<ItemPeriod>& periods,
                                   const Policies& policies = {}) {
  std::pmr::monotonic_buffer_resource memory;
  MovementLines state(&memory);
  for (const ItemPeriod& each : periods) state.add(each, policies);
  return state.result();
}

std::string told(const std::vector<MovementLine>& lines) {
  std::string text;
  for (const MovementLine& line : lines)
    text += std::to_string(line.valid_day.days) + " " + line.kind.value_or("?") + " " +
            line.reason + " " + std::to_string(line.amount.micros) + "; ";
  return text;
}

TEST(MovementLines, NamesWhatHappens) {
  EXPECT_EQ(told(lines_of({period(0, 10, 5), period(10, 20, 8), period(30, kNever, 2)})),
            "0 new added 5; 10 expansion price 3; 20 churn removed -8; 30 reactivation added 2; ");
  EXPECT_TRUE(lines_of({}).empty());
  EXPECT_TRUE(lines_of({period(0, 10, 0)}).empty()) << "who never paid is no customer";
}

TEST(MovementLines, APeriodEndsWhereTheNextOfItsItemBegins) {
  EXPECT_EQ(told(lines_of({period(0, kNever, 5), period(10, kNever, 8)})),
            "0 new added 5; 10 expansion price 3; ");
  EXPECT_EQ(told(lines_of({period(0, kNever, 5), period(10, kNever, 8, "other")})),
            "0 new added 5; 10 expansion added 8; ");
}

TEST(MovementLines, WhatChangesTogetherNets) {
  EXPECT_EQ(told(lines_of({period(0, 10, 5), period(10, kNever, 5, "other")})), "0 new added 5; ");
  auto suite = period(10, kNever, 5);
  suite.product_id = "suite";
  EXPECT_EQ(told(lines_of({period(0, 10, 5), suite})),
            "0 new added 5; 10 swap product -5; 10 swap product 5; ");
}

TEST(MovementLines, EachOfSeveralChangesHasItsPart) {
  auto before = period(0, kNever, 100);
  before.quantity = {10'000'000};
  before.unit_price = {10};
  auto after = period(10, kNever, 162);
  after.quantity = {15'000'000};
  after.unit_price = {12};
  after.list_mrr = {180};
  after.discount_pct = 10;
  EXPECT_EQ(
      told(lines_of({before, after})),
      "0 new added 100; 10 expansion discount -18; 10 expansion price 30; 10 expansion seats 50; ");
}

TEST(MovementLines, ExchangedCurrenciesAreLeftToTheRates) {
  auto euro = period(0, 10, 100);
  euro.currency = "EUR";
  const auto lines = lines_of({euro, period(10, kNever, 110)});
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_FALSE(lines[1].kind);
  EXPECT_EQ(lines[1].exchanged, "{\"EUR\": -100, \"USD\": 110}");
  euro.currency = "A\"\\\n";
  EXPECT_EQ(lines_of({euro, period(10, kNever, 110)})[1].exchanged, R"({"A\"\\\u000a": -100, "USD": 110})");
  EXPECT_EQ(lines[1].movements + lines[2].movements, 1);
  // More in both needs no rate, and neither does the end.
  auto more = period(0, kNever, 100);
  more.currency = "EUR";
  EXPECT_EQ(told(lines_of({more, period(10, 20, 5, "other")})),
            "0 new added 100; 10 expansion added 5; 20 contraction removed -5; ");
}

TEST(MovementLines, Policies) {
  const std::vector back{period(0, 10, 5), period(30, kNever, 5)};
  EXPECT_EQ(told(lines_of(back, {.reactivation_within_days = 19})),
            "0 new added 5; 10 churn removed -5; 30 new added 5; ");
  EXPECT_EQ(told(lines_of(back, {.reactivation_gap_days = 20})), "0 new added 5; ");
  EXPECT_EQ(told(lines_of(back, {.reactivation_gap_days = 19})), told(lines_of(back)));
  EXPECT_EQ(told(lines_of({period(2, 20, 5)}, {.same_period_dropped = true})), "");
  EXPECT_EQ(told(lines_of({period(2, 40, 5)}, {.same_period_dropped = true})),
            "2 new added 5; 40 churn removed -5; ");
  auto unpaid = period(10, 40, 5);
  unpaid.status = "past_due";
  auto still_unpaid = period(15, 40, 5);
  still_unpaid.status = "past_due";
  EXPECT_EQ(told(lines_of({period(0, 10, 5), unpaid}, {.past_due_grace_days = 7})),
            "0 new added 5; 17 churn past_due -5; ");
  EXPECT_EQ(told(lines_of({period(0, 10, 5), unpaid, still_unpaid}, {.past_due_grace_days = 7})),
            "0 new added 5; 17 churn past_due -5; ")
      << "another row of the same arrears is no new grace";
  const std::vector free{period(0, 10, 5), period(10, 20, 0), period(20, 30, 3), period(30, 40, 0)};
  EXPECT_EQ(told(lines_of(free)),
            "0 new added 5; 10 churn free -5; 20 reactivation free 3; 30 churn free -3; ");
  EXPECT_EQ(told(lines_of(free, {.free_is_active = true})),
            "0 new added 5; 10 contraction free -5; 20 expansion free 3; 30 contraction free -3; "
            "40 churn removed 0; ");
}

TEST(MovementLines, RefusesWhatIsNoPeriod) {
  const auto refused = [](auto change) {
    ItemPeriod bad = period(0, 10, 5);
    change(bad);
    return error_of([&] { lines_of({bad}); }).has_value();
  };
  EXPECT_TRUE(refused([](ItemPeriod& p) { p.valid_to = {0}; }));
  EXPECT_TRUE(
      refused([](ItemPeriod& p) { p.valid_from = {std::numeric_limits<std::int32_t>::min()}; }));
  EXPECT_TRUE(refused([](ItemPeriod& p) { p.valid_from = {2'921'940}, p.valid_to = {kNever}; }));
  EXPECT_TRUE(refused([](ItemPeriod& p) { p.status = "gone"; }));
  EXPECT_TRUE(refused([](ItemPeriod& p) { p.discount_kind = "once"; }));
  EXPECT_TRUE(refused([](ItemPeriod& p) { p.mrr = {-1}; }));
  EXPECT_FALSE(refused([](ItemPeriod& p) { p.valid_to = {kNever}; }));
  const auto most = period(0, kNever, std::numeric_limits<std::int64_t>::max());
  auto other = most;
  other.item_id = "other";
  EXPECT_EQ(error_of([&] { lines_of({most, other}); }).value().code, ErrorCode::out_of_range);
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::int32_t below(std::int32_t bound) {
    return std::uniform_int_distribution<std::int32_t>(0, bound - 1)(engine_);
  }

 private:
  std::mt19937 engine_;
};

template <std::size_t N>
std::string_view any_of(const std::array<std::string_view, N>& choices, Random& random) {
  return choices[static_cast<std::size_t>(random.below(N))];
}

std::vector<ItemPeriod> random_history(Random& random) {
  constexpr std::array<std::string_view, 3> kItems{"a", "b", "c"};
  constexpr std::array<std::string_view, 7> kStatuses{"active", "active",   "active",    "trial",
                                                      "paused", "past_due", "incomplete"};
  constexpr std::array<std::string_view, 4> kCurrencies{"USD", "USD", "USD", "EUR"};
  std::vector<ItemPeriod> history;
  for (std::int32_t i = random.below(9); i >= 0; --i) {
    const std::int32_t from = random.below(60);
    ItemPeriod each = period(from, random.below(3) == 0 ? kNever : from + 1 + random.below(30),
                             10 * random.below(4), any_of(kItems, random));
    each.status = any_of(kStatuses, random);
    each.currency = any_of(kCurrencies, random);
    each.quantity = {1'000'000 * random.below(3)};
    if (random.below(4) == 0) each.product_id = "q";
    const bool taken =
        std::any_of(history.begin(), history.end(), [&each](const ItemPeriod& other) {
          return other.item_id == each.item_id && other.valid_from == each.valid_from;
        });
    if (!taken) history.push_back(each);
  }
  return history;
}

// The lines add up to what the customer pays each day, read from the periods day by day; kinds fit
// the totals.
TEST(MovementLines, TenThousandHistoriesDayByDay) {
  Random random(3);
  for (int round = 0; round < test::kRandomInputs; ++round) {
    const auto history = random_history(random);
    const auto lines = lines_of(history);
    std::map<std::pair<std::string, std::string>, std::int64_t> held;
    std::size_t next = 0;
    bool paid_ever = false;
    std::int64_t before = 0;
    for (std::int32_t day = 0; day < 100; ++day) {
      std::int32_t movements = 0;
      const std::size_t first = next;
      for (; next < lines.size() && lines[next].valid_day.days == day; ++next) {
        held[{*lines[next].product_id, lines[next].currency}] += lines[next].amount.micros;
        movements += lines[next].movements;
      }
      std::map<std::pair<std::string, std::string>, std::int64_t> due;
      for (const std::string_view item : {"a", "b", "c"}) {
        const ItemPeriod* current = nullptr;
        for (const ItemPeriod& each : history)
          if (each.item_id == item && each.valid_from.days <= day &&
              (current == nullptr || each.valid_from > current->valid_from))
            current = &each;
        if (current != nullptr && current->valid_to.days > day && current->status == "active")
          due[{std::string(*current->product_id), std::string(current->currency)}] +=
              current->mrr.micros;
      }
      std::int64_t after = 0;
      for (const auto& [key, amount] : due) {
        EXPECT_EQ(held[key], amount);
        after += amount;
      }
      for (const auto& [key, amount] : held) EXPECT_TRUE(amount == 0 || due.contains(key));
      EXPECT_EQ(movements, first < next ? 1 : 0);
      if (first < next && lines[first].kind) {
        const std::string& kind = *lines[first].kind;
        if (after == 0)
          EXPECT_EQ(kind, "churn");
        else if (before == 0)
          EXPECT_EQ(kind, paid_ever ? "reactivation" : "new");
        else
          EXPECT_TRUE(kind == "expansion" || kind == "contraction" || kind == "swap");
      }
      paid_ever = paid_ever || after > 0;
      before = after;
    }
    EXPECT_EQ(next, lines.size());
    if (HasFailure()) FAIL() << "history " << round;
  }
}

// In two parts, in any order and through bytes, it is the same.
TEST(MovementLines, MergesAndComesBackFromBytes) {
  Random random(5);
  for (int round = 0; round < 1000; ++round) {
    const auto history = random_history(random);
    std::pmr::monotonic_buffer_resource memory;
    MovementLines left(&memory);
    MovementLines right(&memory);
    for (std::size_t i = 0; i < history.size(); ++i)
      (i % 2 ? left : right).add(history[i], {.trial_included = true});
    left.merge(right);
    left.merge(MovementLines(&memory));
    Writer writer;
    left.serialize(writer);
    MovementLines again(&memory);
    Reader reader(std::as_bytes(std::span(writer.bytes())));
    again.deserialize(reader);
    reader.expect_end();
    EXPECT_EQ(told(again.result()), told(lines_of(history, {.trial_included = true})));
  }
}

// What was recorded and what is restated are together what is current.
TEST(Restatement, AddsUp) {
  Random random(7);
  for (int round = 0; round < test::kRandomInputs; ++round) {
    std::vector<MovementLine> recorded;
    for (int write = 0; write < 3; ++write) {
      const auto current = lines_of(random_history(random));
      auto missing = restatement(current, recorded);
      for (MovementLine& line : missing)
        if (!line.kind) line.kind = "expansion";
      recorded.insert(recorded.end(), missing.begin(), missing.end());
      EXPECT_TRUE(restatement(current, recorded).empty());
    }
    for (const MovementLine& left : restatement({}, recorded)) EXPECT_TRUE(left.restates);
  }
}

}  // namespace
}  // namespace revenue::recurring
