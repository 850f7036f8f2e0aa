#pragma once

#include "core/foundation/money.hpp"
#include "pg/call.hpp"

namespace revenue::pg {

/// Reads numeric(18,6) in place, without the text detour of numeric -> float8 (120 ns a row).
/// Rounds half away from zero beyond six decimals, as numeric does. Throws 22003 beyond the range of
/// Money and 22023 for NaN and infinity.
Money money_from(Datum numeric);

Datum numeric_from(Money money);

/// For use inside pg::call, where an ereport may fly. A double gives the shortest decimal that reads
/// back as the same double; an amount keeps two decimals, or six where it needs them.
Datum raw_numeric(double value);
Datum raw_numeric(Money money);

/// Decodes probe values and compares them with numeric's own conversions; where the private layout
/// of numeric is not the one we know, money_from takes the slow public way. Call once, at load.
void probe_numeric_layout();
bool numeric_layout_is_known();

}  // namespace revenue::pg
