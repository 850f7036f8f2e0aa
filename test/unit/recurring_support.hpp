#pragma once

#include <chrono>
#include <memory_resource>

#include "core/recurring/mrr_ledger_state.hpp"
#include "support.hpp"

namespace revenue::test {

inline Date date(int year, unsigned month, unsigned day) {
  using namespace std::chrono;
  const sys_days epoch = std::chrono::year{2000} / 1 / 1;
  const sys_days civil =
      std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
  return {static_cast<std::int32_t>((civil - epoch).count())};
}

inline Money units(std::int64_t amount) {
  return {amount * 1'000'000};
}

/// A period as a row of the aggregate has it.
struct Row {
  std::string customer;
  Date from;
  std::optional<Date> to;
  Money mrr;
  std::optional<Money> revalued_from = std::nullopt;
};

inline recurring::MrrLedger ledger_of(std::span<const Row> rows) {
  recurring::MrrLedgerFxState state(std::pmr::get_default_resource());
  for (const Row& row : rows) state.add(row.customer, row.from, row.to, row.mrr, row.revalued_from);
  return state.result(no_poll);
}

}  // namespace revenue::test
