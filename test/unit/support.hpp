#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/foundation/bytes.hpp"
#include "core/foundation/error.hpp"
#include "core/foundation/fields.hpp"
#include "core/scoring/compiled_framework.hpp"

namespace revenue::test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr int kRandomInputs = 10'000;

/// The error that `action` throws; nothing where it throws none.
template <class Action>
std::optional<Error> error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// Expects an invalid_argument whose text names `name` and that says what to do.
template <class Action>
void expect_invalid(std::string_view name, Action&& action) {
  const auto error = error_of(action);
  ASSERT_TRUE(error) << name << " was accepted";
  EXPECT_EQ(error->code, ErrorCode::invalid_argument) << name;
  EXPECT_NE(error->message.find(name), std::string::npos) << error->message;
  EXPECT_FALSE(error->hint.empty()) << name;
  EXPECT_FALSE(error->detail.empty()) << name;
}

/// What a state writes.
template <class State>
std::string bytes_of(const State& state) {
  Writer writer;
  state.serialize(writer);
  return writer.bytes();
}

/// Reads a state; the error where the bytes are not one.
template <class State>
std::optional<Error> read_state(const std::string& bytes, State& into) {
  return error_of([&] {
    Reader reader(std::as_bytes(std::span(bytes)));
    into.deserialize(reader);
    reader.expect_end();
  });
}

/// Expects that nothing but what `state` writes can be read.
template <class State>
void expect_malformed_rejected(const State& state) {
  const std::string good = bytes_of(state);
  State into;
  EXPECT_FALSE(read_state(good, into));
  EXPECT_EQ(bytes_of(into), good);
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_EQ(read_state(good.substr(0, size), into).value().code, ErrorCode::malformed) << size;
  for (const std::string& bad :
       {good + "x", std::string(good.size(), '\xFF'), std::string(good.size(), '\x7F')})
    EXPECT_EQ(read_state(bad, into).value().code, ErrorCode::malformed);
}

/// `number` in steps of 1e-6.
inline std::int64_t millionths(double number) {
  return std::llround(number * 1e6);
}

/// The sum of a breakdown's fields in steps of 1e-6.
template <class Breakdown>
std::int64_t sum_of_fields(const Breakdown& breakdown) {
  std::int64_t sum = 0;
  visit_fields(breakdown, [&sum](std::string_view, double part) { sum += millionths(part); });
  return sum;
}

/// Random inputs of a score: the same for everybody who runs the test.
class RandomInputs {
 public:
  double number(double from, double to) {
    return std::uniform_real_distribution<double>(from, to)(engine_);
  }
  std::int64_t integer(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(engine_);
  }
  bool coin() { return integer(0, 1) == 1; }

  /// Nothing once in four.
  template <class T>
  std::optional<T> perhaps(T value) {
    return integer(0, 3) == 0 ? std::nullopt : std::optional<T>(value);
  }
  std::optional<double> maybe_number(double from, double to) { return perhaps(number(from, to)); }
  std::optional<std::int64_t> maybe_count(std::int64_t most) { return perhaps(integer(0, most)); }
  std::optional<bool> maybe_bool() { return perhaps(coin()); }
  std::optional<std::string_view> maybe_stage() {
    const auto& stages = scoring::builtin_compiled().stages();
    const auto last = static_cast<std::int64_t>(stages.size()) - 1;
    return perhaps(std::string_view(stages[static_cast<std::size_t>(integer(0, last))].name));
  }

 private:
  std::mt19937_64 engine_{20'260'101};
};

}  // namespace revenue::test
