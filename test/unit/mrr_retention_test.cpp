#include "core/recurring/retention.hpp"

#include "recurring_support.hpp"

namespace revenue::recurring {
namespace {

using test::date;
using test::ledger_of;
using test::Row;
using test::units;

const Window kYear{date(2024, 1, 1), date(2025, 1, 1)};

std::vector<Row> customers() {
  const Date before = date(2023, 6, 1);
  return {{"stays", before, std::nullopt, units(100)},
          {"grows", before, date(2024, 5, 1), units(100)},
          {"grows", date(2024, 5, 1), std::nullopt, units(150)},
          {"shrinks", before, date(2024, 5, 1), units(100)},
          {"shrinks", date(2024, 5, 1), std::nullopt, units(60)},
          {"leaves", before, date(2024, 7, 1), units(100)},
          {"leaves on the last day", before, date(2025, 1, 1), units(100)},
          {"left before and returns", before, date(2023, 9, 1), units(100)},
          {"left before and returns", date(2024, 3, 1), std::nullopt, units(100)},
          {"comes on the first day", date(2024, 1, 1), std::nullopt, units(100)},
          {"comes and goes", date(2024, 2, 1), date(2024, 3, 1), units(70)}};
}

TEST(Retention, ByHand) {
  const MrrLedger ledger = ledger_of(customers());
  const auto net = net_retention(ledger, kYear, {}, no_poll).at(0);
  EXPECT_EQ(net.denominator, units(500));
  EXPECT_EQ(net.numerator, units(100 + 150 + 60 + 0 + 100));
  EXPECT_DOUBLE_EQ(net.ratio.value(), 0.82);
  const auto gross = gross_retention(ledger, kYear, "min", {}, no_poll).at(0);
  EXPECT_EQ(gross.numerator, units(100 + 100 + 60 + 0 + 100));
  const auto flow = gross_retention(ledger, kYear, "flow", {}, no_poll).at(0);
  EXPECT_EQ(flow.numerator, units(500 - 40 - 100 - 70));
  const auto dropped =
      gross_retention(ledger, kYear, "flow", {.drop_same_period_new_churn = true}, no_poll).at(0);
  EXPECT_EQ(dropped.numerator, units(500 - 40 - 100));
  const auto churn = logo_churn(ledger, kYear, {}, no_poll).at(0);
  EXPECT_EQ(churn.numerator, 1);
  EXPECT_EQ(churn.denominator, 5);
  EXPECT_EQ(churn.new_and_lost, 1);
  const auto quick = quick_ratio(ledger, kYear, {}, no_poll).at(0);
  EXPECT_EQ(quick.numerator, units(50 + 100 + 100 + 70));
  EXPECT_EQ(quick.denominator, units(40 + 100 + 70));
  const auto window = window_retention(ledger, kYear, {}, no_poll).at(0);
  EXPECT_EQ(window.opening, net.denominator);
  EXPECT_EQ(window.retained, net.numerator);
  EXPECT_EQ(window.gross_retained, gross.numerator);
  EXPECT_EQ(window.customers, churn.denominator);
  EXPECT_EQ(window.lost, churn.numerator);
  EXPECT_EQ(window.new_and_lost, churn.new_and_lost);
}

TEST(Retention, OpeningRates) {
  // EUR 100 and later 150, at 1.10 and then at 1.20: 150 % of what it was.
  const Row rows[] = {{"a", date(2023, 1, 1), date(2024, 3, 1), units(110)},
                      {"a", date(2024, 3, 1), date(2024, 6, 1), units(120), units(110)},
                      {"a", date(2024, 6, 1), std::nullopt, units(180)}};
  const auto net = net_retention(ledger_of(rows), kYear, {}, no_poll).at(0);
  EXPECT_EQ(net.numerator, units(165));
  EXPECT_DOUBLE_EQ(net.ratio.value(), 1.5);
  EXPECT_EQ(gross_retention(ledger_of(rows), kYear, "min", {}, no_poll).at(0).numerator,
            units(110));
}

TEST(Retention, WhatCannotBeComputedSaysWhy) {
  const MrrLedger ledger = ledger_of(customers());
  const Window early{date(2020, 1, 1), date(2021, 1, 1)};
  const auto net = net_retention(ledger, early, {}, no_poll).at(0);
  EXPECT_FALSE(net.ratio);
  EXPECT_EQ(net.reason, "no MRR at the opening");
  EXPECT_EQ(logo_churn(ledger, early, {}, no_poll).at(0).reason, "no customers at the opening");
  EXPECT_EQ(quick_ratio(ledger, early, {}, no_poll).at(0).reason, "no contraction and no churn");
  EXPECT_EQ(net_retention(MrrLedger{}, kYear, {}, no_poll).at(0).reason, "no MRR at the opening");
  for (const Window& bad :
       {Window{kYear.to_date, kYear.from_date}, Window{kYear.from_date, kYear.from_date},
        Window{Date{INT32_MIN}, kYear.to_date}, Window{kYear.from_date, Date{INT32_MAX}}})
    EXPECT_EQ(test::error_of([&] { net_retention(ledger, bad, {}, no_poll); })->code,
              ErrorCode::invalid_argument);
  const auto error = test::error_of([&] { gross_retention(ledger, kYear, "max", {}, no_poll); });
  EXPECT_EQ(error->message, "unknown variant \"max\"");
}

}  // namespace
}  // namespace revenue::recurring
