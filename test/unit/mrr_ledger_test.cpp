#include "core/recurring/mrr_ledger.hpp"

#include <map>

#include "core/recurring/calendar.hpp"
#include "core/recurring/customer_index.hpp"
#include "recurring_support.hpp"

namespace revenue::recurring {
namespace {

using test::bytes_of;
using test::date;
using test::error_of;
using test::ledger_of;
using test::Row;
using test::units;

std::map<std::string, std::vector<Step>> steps_of(const MrrLedger& ledger) {
  std::map<std::string, std::vector<Step>> all;
  for (LedgerReader reader(ledger, no_poll); reader.next();)
    all[std::string(reader.customer())].assign(reader.steps().begin(), reader.steps().end());
  return all;
}

std::optional<Error> read(const std::string& bytes) {
  return error_of([&] {
    Reader reader(std::as_bytes(std::span(bytes)));
    MrrLedger::deserialize(reader);
    reader.expect_end();
  });
}

TEST(CustomerIndex, NumbersByExactText) {
  CustomerIndex index(std::pmr::get_default_resource());
  std::vector<std::string> names{"", "a", "A", "a ", std::string("a\0", 2), std::string(300, 'x')};
  for (int i = 0; i < 5000; ++i) names.push_back("customer_" + std::to_string(i));
  for (int round = 0; round < 2; ++round)
    for (std::uint32_t i = 0; i < names.size(); ++i) ASSERT_EQ(index.number_of(names[i]), i);
  EXPECT_EQ(index.size(), names.size());
  for (std::uint32_t i = 0; i < names.size(); ++i) ASSERT_EQ(index.name(i), names[i]);
}

TEST(MrrLedger, PeriodsAddUpToSteps) {
  const Row rows[] = {{"a", date(2024, 3, 1), std::nullopt, units(5)},
                      {"b", date(2024, 1, 1), date(2024, 1, 1), units(7)},
                      {"a", date(2024, 1, 1), date(2024, 3, 1), units(5)},
                      {"a", date(2024, 2, 1), Date{INT32_MAX}, units(10)},
                      {"c", date(2024, 1, 1), date(2024, 2, 1), units(0)}};
  const auto steps = steps_of(ledger_of(rows));
  ASSERT_EQ(steps.size(), 2U);  // b paid on no day
  ASSERT_EQ(steps.at("a").size(), 2U);
  EXPECT_EQ(steps.at("a")[0].day, date(2024, 1, 1));
  EXPECT_EQ(steps.at("a")[0].mrr, units(5).micros);
  EXPECT_EQ(steps.at("a")[1].day, date(2024, 2, 1));  // and the renewal in March is none
  EXPECT_EQ(steps.at("a")[1].mrr, units(15).micros);
  ASSERT_EQ(steps.at("c").size(), 2U);  // present at 0
  EXPECT_TRUE(steps.at("c")[0].present);
  EXPECT_FALSE(steps.at("c")[1].present);
}

TEST(MrrLedger, LargestAmounts) {
  const Money most{INT64_MAX};
  const Row exact[] = {{"a", kFirstDay, kLastDay, most},
                       {"a", kLastDay, std::nullopt, {INT64_MIN}}};
  EXPECT_EQ(steps_of(ledger_of(exact)).at("a").back().mrr, INT64_MIN);
  const Row beyond[] = {{"a", kFirstDay, kLastDay, most}, {"a", kFirstDay, kLastDay, {1}}};
  EXPECT_EQ(error_of([&] { ledger_of(beyond); })->code, ErrorCode::out_of_range);
  // What ends on the day when the other begins is no sum.
  const Row handed_over[] = {{"a", date(2024, 1, 1), date(2024, 2, 1), most},
                             {"a", date(2024, 2, 1), date(2024, 3, 1), most}};
  EXPECT_EQ(steps_of(ledger_of(handed_over)).at("a").size(), 2U);
}

TEST(MrrLedger, RefusesWhatIsNoPeriod) {
  const Date day = date(2024, 1, 1);
  for (const auto& [from, to] : std::initializer_list<std::pair<Date, std::optional<Date>>>{
           {day, Date{day.days - 1}},
           {day, Date{INT32_MIN}},
           {Date{INT32_MIN}, day},
           {Date{INT32_MAX}, std::nullopt},
           {Date{kFirstDay.days - 1}, day},
           {day, Date{kLastDay.days + 1}}}) {
    const Row rows[] = {{"a customer", from, to, units(1)}};
    test::expect_invalid("period", [&] { ledger_of(rows); });
  }
}

TEST(MrrLedger, StoredAndReadBack) {
  const Row rows[] = {{"a", date(2024, 1, 1), date(2024, 3, 1), units(110)},
                      {"a", date(2024, 3, 1), std::nullopt, units(120), units(110)},
                      {"", kFirstDay, kLastDay, {1}},
                      {std::string(200, 'x'), date(2024, 1, 1), std::nullopt, {INT64_MIN}}};
  const std::string bytes = bytes_of(ledger_of(rows));
  Reader reader(std::as_bytes(std::span(bytes)));
  const MrrLedger ledger = MrrLedger::deserialize(reader);
  reader.expect_end();
  EXPECT_EQ(bytes_of(ledger), bytes);
  EXPECT_EQ(steps_of(ledger).at("a")[1].fx, units(10).micros);
  EXPECT_EQ(ledger.changes()->first, kFirstDay);
  EXPECT_EQ(ledger.changes()->last, kLastDay);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(read(bytes.substr(0, size)).value().code, ErrorCode::malformed) << size;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = '\xFF';
    const auto error = read(bad);
    EXPECT_TRUE(!error || error->code == ErrorCode::malformed);
  }
}

// A state that was merged, or written and read, gives the same ledger.
TEST(MrrLedgerState, MergesAndSerialises) {
  test::RandomInputs random;
  auto* memory = std::pmr::get_default_resource();
  for (int round = 0; round < 300; ++round) {
    MrrLedgerState whole(memory);
    MrrLedgerState parts[] = {MrrLedgerState(memory), MrrLedgerState(memory)};
    for (std::int64_t rows = random.integer(0, 40); rows > 0; --rows) {
      const std::string customer = std::to_string(random.integer(0, 5));
      const auto from = Date{static_cast<std::int32_t>(random.integer(0, 100))};
      const auto to =
          random.perhaps(Date{from.days + static_cast<std::int32_t>(random.integer(0, 60))});
      const Money mrr = units(random.integer(0, 3));
      whole.add(customer, from, to, mrr);
      parts[random.integer(0, 1)].add(customer, from, to, mrr);
    }
    MrrLedgerState merged(memory);
    merged.merge(parts[0]);
    merged.merge(parts[1]);
    merged.merge(MrrLedgerState(memory));
    MrrLedgerState read_back(memory);
    ASSERT_FALSE(test::read_state(bytes_of(merged), read_back));
    ASSERT_EQ(bytes_of(read_back), bytes_of(merged));
    const auto expected = steps_of(whole.result(no_poll));
    const auto found = steps_of(read_back.result(no_poll));
    ASSERT_EQ(found.size(), expected.size());
    for (const auto& [customer, steps] : expected) {
      ASSERT_EQ(found.at(customer).size(), steps.size());
      for (std::size_t i = 0; i < steps.size(); ++i) {
        EXPECT_EQ(found.at(customer)[i].day, steps[i].day);
        EXPECT_EQ(found.at(customer)[i].mrr, steps[i].mrr);
        EXPECT_EQ(found.at(customer)[i].present, steps[i].present);
      }
    }
  }
}

TEST(MrrLedgerState, MalformedIsRejected) {
  auto* memory = std::pmr::get_default_resource();
  MrrLedgerState state(memory);
  state.add("a", date(2024, 1, 1), std::nullopt, units(1));
  const std::string good = bytes_of(state);
  for (std::size_t size = 0; size < good.size(); ++size) {
    MrrLedgerState into(memory);
    EXPECT_EQ(test::read_state(good.substr(0, size), into).value().code, ErrorCode::malformed);
  }
  for (std::size_t at : {0U, 4U, 17U, 21U, 25U}) {  // number, length; customer, from, to
    std::string bad = good;
    bad[at] = '\x77';
    bad[at + 3] = '\x77';
    MrrLedgerState into(memory);
    EXPECT_TRUE(test::read_state(bad, into)) << at;
  }
}

}  // namespace
}  // namespace revenue::recurring
