#include <memory_resource>
#include <vector>

#include "core/recurring/bgnbd.hpp"
#include "core/recurring/cohorts.hpp"
#include "core/recurring/gamma_gamma.hpp"
#include "core/recurring/mrr_ledger_state.hpp"
#include "core/recurring/retention.hpp"
#include "core/recurring/waterfall.hpp"
#include "input.hpp"

/// Any bytes as an aggregate state or as a stored ledger of MRR: rejected as malformed, or a value
/// that answers and writes the same bytes again; and whatever is read keeps the identity.

namespace revenue::recurring {
namespace {

template <class Value>
void same_bytes(const Value& value, std::span<const std::uint8_t> bytes) {
  Writer writer;
  value.serialize(writer);
  fuzz::require(writer.bytes().size() == bytes.size() &&
                std::memcmp(writer.bytes().data(), bytes.data(), bytes.size()) == 0);
}

LedgerOptions options_from(fuzz::Input& input) {
  LedgerOptions options;
  const auto flags = input.take<std::uint8_t>();
  options.drop_same_period_new_churn = flags & 1;
  options.free_is_active = flags & 2;
  options.period_net = flags & 4;
  if (flags & 8) options.reactivation_days = input.take<std::uint8_t>();
  if (flags & 16) options.reactivation_gap_days = input.take<std::uint8_t>();
  options.week_start = 1 + input.take<std::uint8_t>() % 7;
  options.fiscal_year_start = 1 + input.take<std::uint8_t>() % 12;
  return options;
}

void read_ledger(const MrrLedger& ledger, const LedgerOptions& options) {
  fuzz::succeeds([&] {
    Wide opening = 0;
    for (const auto& row : mrr_waterfall(ledger, "year", {}, {}, options, no_poll)) {
      fuzz::require(row.opening.micros == opening);
      for (const Money amount : {row.new_, row.expansion, row.reactivation, row.contraction,
                                 row.churn, row.fx})
        opening += amount.micros;
      fuzz::require(row.closing.micros == opening);
    }
  });
  fuzz::succeeds([&] {
    mrr_changes(ledger, "month", {}, {}, options, no_poll).each([](const ChangeRow&) {});
  });
  fuzz::succeeds([&] { mrr_cohorts(ledger, "year", Date{0}, Date{4000}, options, no_poll); });
  const Window window{Date{0}, Date{366}};
  fuzz::succeeds([&] { net_retention(ledger, window, options, no_poll); });
  fuzz::succeeds([&] { quick_ratio(ledger, window, options, no_poll); });
}

// A state of entries of `entry` bytes, whose number the fuzzer would seldom hit.
template <class State>
void check_fit(std::span<const std::uint8_t> bytes, std::size_t entry) {
  fuzz::succeeds([&] {
    Writer writer;
    writer.put(bytes.size() / entry);
    writer.put_all(bytes.first(bytes.size() / entry * entry));
    std::pmr::monotonic_buffer_resource memory;
    Reader reader(std::as_bytes(std::span(writer.bytes())));
    State state(&memory);
    state.deserialize(reader);
    reader.expect_end();
    same_bytes(state, {reinterpret_cast<const std::uint8_t*>(writer.bytes().data()),
                       writer.bytes().size()});
    State merged(&memory);
    merged.merge(state);
    merged.merge(state);
    merged.result(no_poll);
  });
}

}  // namespace
}  // namespace revenue::recurring

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue;
  using namespace revenue::recurring;
  fuzz::Input input(data, size);
  const auto choice = input.take<std::uint8_t>();
  const LedgerOptions options = options_from(input);
  const std::span bytes(data + std::min<std::size_t>(size, 6), data + size);
  if (choice % 8 == 0) {
    check_fit<BgnbdState>(bytes, sizeof(Purchases));
  } else if (choice % 8 == 2) {
    check_fit<GammaGammaState>(bytes, sizeof(GammaGammaState::Customer));
  } else if (choice % 2) {
    fuzz::succeeds([&] {
      // The length before the bytes, which the fuzzer would seldom hit.
      Writer writer;
      writer.put(bytes.size());
      writer.put_all(bytes);
      Reader reader(std::as_bytes(std::span(writer.bytes())));
      const MrrLedger ledger = MrrLedger::deserialize(reader);
      reader.expect_end();
      same_bytes(ledger, {reinterpret_cast<const std::uint8_t*>(writer.bytes().data()),
                          writer.bytes().size()});
      read_ledger(ledger, options);
    });
  } else {
    fuzz::succeeds([&] {
      std::pmr::monotonic_buffer_resource memory;
      Reader reader(std::as_bytes(bytes));
      MrrLedgerState state(&memory);
      state.deserialize(reader);
      reader.expect_end();
      same_bytes(state, bytes);
      MrrLedgerState merged(&memory);
      merged.merge(state);
      merged.merge(state);
      read_ledger(merged.result(no_poll), options);
    });
  }
  return 0;
}
