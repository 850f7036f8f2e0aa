#include "core/recurring/waterfall.hpp"

#include <map>

#include "core/recurring/cohorts.hpp"
#include "recurring_support.hpp"

namespace revenue::recurring {
namespace {

using test::date;
using test::ledger_of;
using test::Row;
using test::units;

std::vector<WaterfallRow> monthly(std::span<const Row> rows, const LedgerOptions& options = {}) {
  return mrr_waterfall(ledger_of(rows), "month", std::nullopt, std::nullopt, options, no_poll);
}

std::vector<std::string> kinds_of(std::span<const Row> rows, const LedgerOptions& options = {},
                                  std::string_view period = "day") {
  std::vector<std::string> kinds;
  mrr_changes(ledger_of(rows), period, std::nullopt, std::nullopt, options, no_poll)
      .each([&](const ChangeRow& row) {
        kinds.push_back(std::string(row.kind) + " " +
                        std::to_string(row.amount.micros / 1'000'000));
      });
  return kinds;
}
using Kinds = std::vector<std::string>;

TEST(MrrChanges, FirstMatchNames) {
  const Row rows[] = {{"a", date(2024, 1, 1), date(2024, 1, 11), units(100)},
                      {"a", date(2024, 1, 11), date(2024, 1, 21), units(150)},
                      {"a", date(2024, 1, 21), date(2024, 2, 1), units(120)},
                      {"a", date(2024, 3, 1), std::nullopt, units(80)}};
  EXPECT_EQ(kinds_of(rows),
            (Kinds{"new 100", "expansion 50", "contraction -30", "churn -120", "reactivation 80"}));
  EXPECT_EQ(kinds_of(rows, {}, "month"), (Kinds{"new 120", "churn -120", "reactivation 80"}));
  EXPECT_EQ(kinds_of(rows, {.reactivation_days = 29}).back(), "reactivation 80");
  EXPECT_EQ(kinds_of(rows, {.reactivation_days = 28}).back(), "new 80");
  EXPECT_EQ(kinds_of(rows, {.reactivation_gap_days = 28}).back(), "reactivation 80");
  EXPECT_EQ(kinds_of(rows, {.reactivation_gap_days = 29}),
            (Kinds{"new 100", "expansion 50", "contraction -30", "contraction -40"}));
}

TEST(MrrChanges, ItemsThatChangeTogetherNet) {
  const Row rows[] = {{"a", date(2024, 1, 1), date(2024, 2, 1), units(100)},
                      {"a", date(2024, 1, 1), date(2024, 2, 1), units(20)},
                      {"a", date(2024, 2, 1), std::nullopt, units(90)},
                      {"a", date(2024, 2, 1), std::nullopt, units(30)}};
  EXPECT_EQ(kinds_of(rows), (Kinds{"new 120"}));
}

TEST(MrrChanges, RevaluationIsNoExpansion) {
  // EUR 100 while the rate goes from 1.10 to 1.20, and seats for 24 added on that day.
  const Row held[] = {{"a", date(2024, 1, 1), date(2024, 2, 1), units(110)},
                      {"a", date(2024, 2, 1), std::nullopt, units(120), units(110)}};
  EXPECT_EQ(kinds_of(held), (Kinds{"new 110", "fx 10"}));
  const Row grown[] = {held[0], held[1], {"a", date(2024, 2, 1), std::nullopt, units(24)}};
  EXPECT_EQ(kinds_of(grown), (Kinds{"new 110", "fx 10", "expansion 24"}));
  const auto rows = monthly(grown);
  EXPECT_EQ(rows.at(1).fx, units(10));
  EXPECT_EQ(rows.at(1).expansion, units(24));
  EXPECT_EQ(rows.at(1).closing, units(144));
  // Gone before the month is over, the revaluation is gone too where the month is netted.
  const Row lost[] = {{"a", date(2024, 2, 1), date(2024, 2, 11), units(110)},
                      {"a", date(2024, 2, 11), date(2024, 2, 21), units(120), units(110)}};
  EXPECT_EQ(kinds_of(lost), (Kinds{"new 110", "fx 10", "churn -120"}));
  EXPECT_EQ(kinds_of(lost, {}, "month"), Kinds{});
}

TEST(MrrChanges, FreeIsChurnOrActive) {
  const Row rows[] = {{"a", date(2024, 1, 1), date(2024, 2, 1), units(0)},
                      {"a", date(2024, 2, 1), date(2024, 3, 1), units(9)},
                      {"a", date(2024, 3, 1), date(2024, 4, 1), units(0)},
                      {"a", date(2024, 4, 1), date(2024, 5, 1), units(9)}};
  EXPECT_EQ(kinds_of(rows), (Kinds{"new 9", "churn -9", "reactivation 9", "churn -9"}));
  EXPECT_EQ(kinds_of(rows, {.free_is_active = true}),
            (Kinds{"new 0", "expansion 9", "contraction -9", "expansion 9", "churn -9"}));
}

TEST(MrrWaterfall, NewAndLostInsideOnePeriod) {
  const Row rows[] = {{"a", date(2024, 1, 5), date(2024, 1, 20), units(10)},
                      {"b", date(2024, 1, 1), std::nullopt, units(5)}};
  const auto both = monthly(rows);
  EXPECT_EQ(both.at(0).new_, units(15));
  EXPECT_EQ(both.at(0).churn, units(-10));
  EXPECT_EQ(both.at(0).new_customers, 2);
  const auto dropped = monthly(rows, {.drop_same_period_new_churn = true});
  EXPECT_EQ(dropped.at(0).new_, units(5));
  EXPECT_EQ(dropped.at(0).churn, units(0));
  EXPECT_EQ(dropped.at(0).churned_customers, 0);
}

TEST(MrrWaterfall, Range) {
  const Row rows[] = {{"a", date(2024, 2, 10), date(2024, 5, 1), units(10)}};
  const MrrLedger ledger = ledger_of(rows);
  const auto range = [&](std::optional<Date> from, std::optional<Date> to) {
    const auto found = mrr_waterfall(ledger, "month", from, to, {}, no_poll);
    return found.empty() ? std::pair(Date{}, Date{})
                         : std::pair(found.front().period_from, found.back().period_from);
  };
  const auto months = [](unsigned first, unsigned last) {
    return std::pair(date(2024, first, 1), date(2024, last, 1));
  };
  EXPECT_EQ(range({}, {}), months(2, 5));
  EXPECT_EQ(range(date(2024, 3, 15), {}), months(3, 5));
  EXPECT_EQ(range(date(2024, 8, 15), {}), months(8, 8));
  EXPECT_EQ(range({}, date(2024, 4, 1)), months(2, 3));
  EXPECT_EQ(range({}, date(2024, 1, 15)), months(1, 1));
  EXPECT_EQ(range(date(2024, 1, 1), date(2024, 12, 2)), months(1, 12));
  EXPECT_EQ(range(Date{INT32_MIN}, Date{INT32_MAX}), months(2, 5));
  test::error_of([&] { range(date(2024, 3, 1), date(2024, 3, 1)); }).value();
  test::error_of([&] { range(Date{INT32_MAX}, {}); }).value();
  EXPECT_EQ(mrr_waterfall(MrrLedger{}, "month", {}, {}, {}, no_poll).size(), 0U);
  EXPECT_EQ(
      mrr_waterfall(MrrLedger{}, "month", date(2024, 1, 1), date(2024, 3, 1), {}, no_poll).size(),
      2U);
  test::expect_invalid("100,000",
                       [&] { mrr_waterfall(ledger, "day", kFirstDay, kLastDay, {}, no_poll); });
}

// The same by the day: what is paid on each, one array a customer, named by the words of the
// definition. It shares nothing with the ledger but the calendar.
struct DayByDay {
  static constexpr std::int32_t kDays = 200;
  struct Day {
    std::int64_t mrr = 0;
    std::int64_t fx = 0;
    bool present = false;
  };
  using Days = std::vector<Day>;  // [0] is the day before the first

  DayByDay(std::span<const Row> rows, Date first, const LedgerOptions& options, PeriodUnit unit)
      : first_(first), options_(options), calendar_(calendar_of(options, unit)) {
    for (const Row& row : rows) {
      Days& days = customers_.try_emplace(row.customer, kDays + 1).first->second;
      if (row.revalued_from && row.to != row.from)
        days[index(row.from)].fx += row.mrr.micros - row.revalued_from->micros;
      for (std::size_t i = index(row.from); i < (row.to ? index(*row.to) : days.size()); ++i) {
        days[i].mrr += row.mrr.micros;
        days[i].present = true;
      }
    }
    for (auto& [customer, days] : customers_) {
      bridge(days);
      name(days);
    }
  }

  std::map<std::int32_t, WaterfallRow> periods;

 private:
  std::size_t index(Date day) const { return static_cast<std::size_t>(day.days - first_.days + 1); }
  std::int32_t period(std::size_t i) const {
    return calendar_.number_of(Date{first_.days + static_cast<std::int32_t>(i) - 1});
  }
  bool gone(const Day& day) const { return options_.free_is_active ? !day.present : day.mrr == 0; }

  void bridge(Days& days) const {
    for (std::size_t from = 1; from < days.size(); ++from) {
      if (gone(days[from - 1]) || !gone(days[from])) continue;
      std::size_t to = from;
      while (to < days.size() && gone(days[to])) ++to;
      if (to == days.size() || to - from > static_cast<std::size_t>(options_.reactivation_gap_days))
        continue;
      for (std::size_t i = from; i < to; ++i)
        days[i] = {days[from - 1].mrr, 0, days[from - 1].present};
    }
  }

  struct Named {
    std::string kind;
    std::int64_t amount;
  };

  void name(const Days& days) {
    std::optional<std::size_t> left;
    for (std::size_t start = 1; start < days.size();) {
      const std::int32_t number = period(start);
      std::size_t end = start;
      while (end < days.size() && period(end) == number) ++end;
      std::vector<Named> named;
      Day before = days[start - 1];
      const bool opened_gone = gone(before);
      for (std::size_t i = start; i < end; ++i) {
        Day day = days[i];
        if (options_.period_net) {  // the whole period on the last day that something happened
          for (i = end - 1; i > start && days[i].mrr == days[i - 1].mrr &&
                            days[i].present == days[i - 1].present && days[i].fx == 0;)
            --i;
          day = days[i];
          day.fx = 0;
          // What came in and went is gone, with the revaluation of it.
          for (std::size_t j = start; j < end; ++j)
            day.fx = opened_gone && gone(days[j]) ? 0 : day.fx + days[j].fx;
        }
        const std::int64_t p = before.mrr + day.fx;
        const std::int64_t c = day.mrr;
        if (day.fx != 0) named.push_back({"fx", day.fx});
        const bool within =
            left && (!options_.reactivation_days ||
                     i - *left <= static_cast<std::size_t>(*options_.reactivation_days));
        if (gone(before) && !gone(day)) {
          named.push_back({within ? "reactivation" : "new", c - p});
        } else if (!gone(before) && gone(day)) {
          named.push_back({"churn", c - p});
          left = i;
        } else if (c != p) {
          named.push_back({c > p ? "expansion" : "contraction", c - p});
        }
        before = day;
        if (options_.period_net) break;
      }
      book(number, days[start - 1], days[end - 1], named);
      start = end;
    }
  }

  void book(std::int32_t number, const Day& opening, const Day& closing,
            const std::vector<Named>& named) {
    WaterfallRow& row = periods[number];
    row.period_from = calendar_.start_of(number);
    row.opening.micros += opening.mrr;
    row.closing.micros += closing.mrr;
    row.opening_customers += !gone(opening);
    row.closing_customers += !gone(closing);
    if (options_.drop_same_period_new_churn && !named.empty() && named.front().kind == "new" &&
        gone(closing))
      return;
    bool expanded = false;
    bool contracted = false;
    for (const auto& [kind, amount] : named) {
      if (kind == "new") row.new_.micros += amount;
      if (kind == "expansion") row.expansion.micros += amount;
      if (kind == "reactivation") row.reactivation.micros += amount;
      if (kind == "contraction") row.contraction.micros += amount;
      if (kind == "churn") row.churn.micros += amount;
      if (kind == "fx") row.fx.micros += amount;
      row.new_customers += kind == "new";
      row.reactivated_customers += kind == "reactivation";
      row.churned_customers += kind == "churn";
      expanded = expanded || kind == "expansion";
      contracted = contracted || kind == "contraction";
    }
    row.expanded_customers += expanded;
    row.contracted_customers += contracted;
  }

  Date first_;
  LedgerOptions options_;
  Calendar calendar_;
  std::map<std::string, Days> customers_;
};

std::vector<Row> random_history(test::RandomInputs& random, Date first) {
  std::vector<Row> rows;
  const auto day = [&](std::int64_t from, std::int64_t to) {
    return Date{first.days + static_cast<std::int32_t>(random.integer(from, to))};
  };
  for (std::int64_t items = random.integer(1, 8); items > 0; --items) {
    Row row{std::string(1, static_cast<char>('a' + random.integer(0, 3))), day(0, 150),
            std::nullopt, units(random.integer(0, 3))};
    while (random.integer(0, 5) > 0 && row.from < Date{first.days + 180}) {
      row.to = day(row.from.days - first.days, 190);
      rows.push_back(row);
      // Goes on at another price, at another rate, or after a gap.
      row.from = random.coin()
                     ? *row.to
                     : Date{row.to->days + static_cast<std::int32_t>(random.integer(1, 9))};
      const bool revalued = row.from == *row.to && row.mrr.micros > 0 && random.coin();
      const Money before = row.mrr;
      row.mrr = units(random.integer(revalued ? 1 : 0, 4));
      row.revalued_from = revalued ? std::optional(before) : std::nullopt;
      row.to.reset();
    }
    if (random.coin() && row.from < Date{first.days + 190}) rows.push_back(row);
  }
  return rows;
}

LedgerOptions random_options(test::RandomInputs& random) {
  LedgerOptions options;
  options.drop_same_period_new_churn = random.coin();
  if (random.coin()) options.reactivation_days = static_cast<std::int32_t>(random.integer(0, 60));
  if (random.coin())
    options.reactivation_gap_days = static_cast<std::int32_t>(random.integer(0, 20));
  options.free_is_active = random.coin();
  options.period_net = random.coin();
  options.week_start = static_cast<std::int32_t>(random.integer(1, 7));
  options.fiscal_year_start = static_cast<std::int32_t>(random.integer(1, 12));
  return options;
}

std::vector<std::int64_t> figures(const WaterfallRow& row) {
  std::vector<std::int64_t> all;
  visit_fields(row, [&](std::string_view, const auto& field) {
    if constexpr (requires { field.micros; })
      all.push_back(field.micros);
    else if constexpr (requires { field.days; })
      all.push_back(field.days);
    else
      all.push_back(field);
  });
  return all;
}

// Every figure of the waterfall, of every period and under every policy, as the definition has it
// day by day; and opening + movements = closing, the next opening.
TEST(MrrWaterfall, RandomHistoriesAsTheDefinitionHasThem) {
  test::RandomInputs random;
  for (int round = 0; round < test::kRandomInputs; ++round) {
    const Date first{static_cast<std::int32_t>(random.integer(-400, 9000))};
    const auto rows = random_history(random, first);
    const LedgerOptions options = random_options(random);
    const std::string_view names[] = {"day", "week", "month", "quarter", "year"};
    const std::string_view period = names[random.integer(0, 4)];
    const DayByDay expected(rows, first, options, period_unit_from(period));
    const auto found = mrr_waterfall(ledger_of(rows), period, first,
                                     Date{first.days + DayByDay::kDays}, options, no_poll);
    if (rows.empty()) continue;
    ASSERT_EQ(found.size(), expected.periods.size());
    auto wanted = expected.periods.begin();
    Money opening{0};
    for (const WaterfallRow& row : found) {
      ASSERT_EQ(figures(row), figures(wanted->second)) << "round " << round << ", " << period;
      ASSERT_EQ(row.opening, opening);
      opening = row.closing;
      ASSERT_EQ(row.opening.micros + row.new_.micros + row.expansion.micros +
                    row.reactivation.micros + row.contraction.micros + row.churn.micros +
                    row.fx.micros,
                row.closing.micros);
      ASSERT_EQ(row.opening_customers + row.new_customers + row.reactivated_customers -
                    row.churned_customers,
                row.closing_customers);
      ++wanted;
    }
  }
}

// Negative items, such as a discount that is a row of its own: names may be odd, sums are exact.
TEST(MrrWaterfall, NegativeAmountsKeepTheIdentity) {
  test::RandomInputs random;
  for (int round = 0; round < 2000; ++round) {
    auto rows = random_history(random, Date{0});
    for (Row& row : rows)
      if (random.coin()) row.mrr.micros = -row.mrr.micros;
    std::int64_t customers = 0;
    std::int64_t opening = 0;
    for (const WaterfallRow& row : monthly(rows, random_options(random))) {
      ASSERT_EQ(row.opening.micros, opening);
      ASSERT_EQ(row.opening_customers, customers);
      opening += row.new_.micros + row.expansion.micros + row.reactivation.micros +
                 row.contraction.micros + row.churn.micros + row.fx.micros;
      customers += row.new_customers + row.reactivated_customers - row.churned_customers;
      ASSERT_EQ(row.closing.micros, opening);
      ASSERT_EQ(row.closing_customers, customers);
    }
    std::int64_t open = 0;
    for (const Row& row : rows) open += row.to ? 0 : row.mrr.micros;
    ASSERT_EQ(opening, open);
  }
}

// The cohorts of a period close with the waterfall; what a cohort is over is what it first paid.
TEST(MrrCohorts, SumToTheWaterfall) {
  test::RandomInputs random;
  for (int round = 0; round < 2000; ++round) {
    const auto rows = random_history(random, Date{0});
    const MrrLedger ledger = ledger_of(rows);
    const LedgerOptions options{
        .reactivation_gap_days = static_cast<std::int32_t>(random.integer(0, 9)),
        .free_is_active = random.coin()};
    std::map<Date, std::pair<std::int64_t, std::int64_t>> sums;
    for (const CohortRow& row : mrr_cohorts(ledger, "week", {}, {}, options, no_poll)) {
      sums[row.period_from].first += row.mrr.micros;
      sums[row.period_from].second += row.customers;
      ASSERT_LE(row.customers, row.cohort_customers);
      ASSERT_DOUBLE_EQ(row.customer_retention.value() * static_cast<double>(row.cohort_customers),
                       static_cast<double>(row.customers));
    }
    for (const WaterfallRow& row : mrr_waterfall(ledger, "week", {}, {}, options, no_poll)) {
      ASSERT_EQ(sums[row.period_from].first, row.closing.micros);
      ASSERT_EQ(sums[row.period_from].second, row.closing_customers);
    }
  }
}

TEST(MrrCohorts, ByHand) {
  const Row rows[] = {{"a", date(2024, 1, 5), date(2024, 3, 10), units(10)},
                      {"b", date(2024, 1, 20), date(2024, 2, 1), units(20)},
                      {"b", date(2024, 2, 1), std::nullopt, units(30)},
                      {"c", date(2024, 2, 3), date(2024, 2, 9), units(5)}};
  const auto cohorts = mrr_cohorts(ledger_of(rows), "month", {}, {}, {}, no_poll);
  ASSERT_EQ(cohorts.size(), 5U);  // January at ages 0 to 2, February at 0 and 1
  EXPECT_EQ(cohorts[0].cohort_customers, 2);
  EXPECT_EQ(cohorts[0].cohort_mrr, units(30));
  EXPECT_EQ(cohorts[1].mrr, units(40));
  EXPECT_EQ(cohorts[2].customers, 1);
  EXPECT_DOUBLE_EQ(cohorts[2].mrr_retention.value(), 1);
  EXPECT_DOUBLE_EQ(cohorts[2].customer_retention.value(), 0.5);
  EXPECT_EQ(cohorts[3].cohort_customers, 1);
  EXPECT_EQ(cohorts[3].customers, 0);
}

}  // namespace
}  // namespace revenue::recurring
