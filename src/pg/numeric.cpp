#include "pg/numeric.hpp"

#include <charconv>

namespace revenue::pg {
namespace {

bool layout_known = false;

constexpr std::uint16_t kSpecialOrSign = 0xC000;
constexpr std::uint16_t kSpecial = 0xC000;
constexpr std::uint16_t kNegative = 0x4000;
constexpr std::uint16_t kShort = 0x8000;
constexpr std::uint16_t kShortNegative = 0x2000;
constexpr std::uint16_t kShortWeightSign = 0x0040;
constexpr std::uint16_t kShortWeightMask = 0x003F;
constexpr int kFractionGroups = 2;  // 1e-6 lies inside the second group of four decimals

[[noreturn]] void beyond_money() {
  throw Error(ErrorCode::out_of_range, "amount out of range",
              "Amounts lie between -9.2 and 9.2 trillion units of a currency.");
}

[[noreturn]] void not_finite() {
  throw Error(ErrorCode::invalid_argument, "amount must be a finite number",
              "NaN and infinity are no amounts; use NULL for an unknown one.");
}

// The value in 1e-8 units (two groups of four decimals), rounded to 1e-6 at the end.
Money decode(const char* data, int size) {
  std::uint16_t header;
  std::memcpy(&header, data, sizeof header);
  if ((header & kSpecialOrSign) == kSpecial) not_finite();

  bool negative;
  int weight;
  int offset = sizeof header;
  if (header & kShort) {
    negative = header & kShortNegative;
    weight = (header & kShortWeightMask) | (header & kShortWeightSign ? ~kShortWeightMask : 0);
  } else {
    std::int16_t stored;
    std::memcpy(&stored, data + offset, sizeof stored);
    offset += sizeof stored;
    negative = header & kNegative;
    weight = stored;
  }

  const int groups = (size - offset) / static_cast<int>(sizeof(std::int16_t));
  if (groups == 0) return {};
  if (weight > 3) beyond_money();
  const int used = std::clamp(weight + 1 + kFractionGroups, 0, groups);
  __int128 value = 0;
  for (int i = 0; i < used; ++i) {
    std::int16_t digit;
    std::memcpy(&digit, data + offset + i * static_cast<int>(sizeof digit), sizeof digit);
    value = value * 10000 + digit;
  }
  for (int i = used; i < weight + 1 + kFractionGroups; ++i) value *= 10000;
  const __int128 micros = (value + 50) / 100;
  if (micros > INT64_MAX) beyond_money();
  return {static_cast<std::int64_t>(negative ? -micros : micros)};
}

Money convert(Datum numeric) {
  return call([numeric]() -> Money {
    const Datum million = DirectFunctionCall1(int4_numeric, Int32GetDatum(1000000));
    return {DatumGetInt64(
        DirectFunctionCall1(numeric_int8, DirectFunctionCall2(numeric_mul, numeric, million)))};
  });
}

}  // namespace

Money money_from(Datum numeric) {
  auto* raw = reinterpret_cast<varlena*>(DatumGetPointer(numeric));
  if (unlikely(!layout_known)) return convert(numeric);
  if (unlikely(VARATT_IS_EXTERNAL(raw) || VARATT_IS_COMPRESSED(raw)))
    raw = call([raw] { return pg_detoast_datum_packed(raw); });
  return decode(VARDATA_ANY(raw), static_cast<int>(VARSIZE_ANY_EXHDR(raw)));
}

Datum numeric_from(Money money) {
  return call([money] { return NumericGetDatum(int64_div_fast_to_numeric(money.micros, 6)); });
}

Datum raw_numeric(double value) {
  const double scaled = value * Money::kMicros;
  if (std::abs(scaled) < 1e15 && std::nearbyint(scaled) / Money::kMicros == value) {
    auto digits = static_cast<std::int64_t>(std::nearbyint(scaled));
    int decimals = 6;
    while (decimals > 0 && digits % 10 == 0) {
      digits /= 10;
      --decimals;
    }
    return NumericGetDatum(int64_div_fast_to_numeric(digits, decimals));
  }
  char text[32];
  *std::to_chars(text, text + sizeof text - 1, value).ptr = '\0';
  return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                             Int32GetDatum(-1));
}

Datum raw_numeric(Money money) {
  constexpr std::int64_t kCent = 10000;
  return money.micros % kCent == 0
             ? NumericGetDatum(int64_div_fast_to_numeric(money.micros / kCent, 2))
             : NumericGetDatum(int64_div_fast_to_numeric(money.micros, 6));
}

void probe_numeric_layout() {
  const char* probes[] = {"0",     "1",         "-1",         "0.000001",           "-0.0000005",
                          "10000", "12345678.9", "999999.999999", "-9999999999.123456", "0.00012345",
                          "1e12",  "100000000", "-42.5",      "9000000000000.999999"};
  layout_known = true;
  bool agrees = true;
  for (const char* probe : probes) {
    const Datum numeric = call([probe] {
      return DirectFunctionCall3(numeric_in, CStringGetDatum(probe), ObjectIdGetDatum(InvalidOid),
                                 Int32GetDatum(-1));
    });
    agrees = agrees && money_from(numeric) == convert(numeric);
  }
  layout_known = agrees;
}

bool numeric_layout_is_known() { return layout_known; }

}  // namespace revenue::pg
