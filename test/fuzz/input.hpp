#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/foundation/error.hpp"
#include "core/foundation/fields.hpp"
#include "core/foundation/money.hpp"

namespace revenue::fuzz {

/// Stops the fuzzer where a promise is broken.
inline void require(bool promise) {
  if (!promise) std::abort();
}

/// Turns the fuzzer's bytes into values; where they run out, zeros follow.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  bool empty() const { return rest_.empty(); }

  template <class T>
  T take() {
    static_assert(std::is_trivially_copyable_v<T>);
    std::array<std::uint8_t, sizeof(T)> raw{};
    const std::size_t size = std::min(sizeof(T), rest_.size());
    std::memcpy(raw.data(), rest_.data(), size);
    rest_ = rest_.subspan(size);
    return std::bit_cast<T>(raw);
  }

  /// A view of up to 255 bytes of the input.
  std::string_view text() {
    const std::size_t size = std::min<std::size_t>(take<std::uint8_t>(), rest_.size());
    const std::string_view view(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return view;
  }

  /// Fills a described struct of optional fields; a byte decides whether each is known.
  template <Described T>
  T signals() {
    T signals{};
    visit_fields(signals, [this](std::string_view, auto& field) {
      if (take<std::uint8_t>() % 4 == 0) return;
      using Value = typename std::remove_reference_t<decltype(field)>::value_type;
      if constexpr (std::is_same_v<Value, std::string_view>) {
        field = text();
      } else if constexpr (std::is_same_v<Value, bool>) {
        field = take<std::uint8_t>() % 2 == 1;
      } else if constexpr (std::is_same_v<Value, double>) {
        // Half of them small, because few random doubles are.
        field = take<std::uint8_t>() % 2 == 0 ? take<double>() : take<std::int16_t>() / 8.0;
      } else {
        field = Value{take<decltype(Value{})>()};
      }
    });
    return signals;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

/// Runs `action`, which may throw an Error that is the caller's fault and nothing else.
template <class Action>
bool succeeds(Action&& action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    require(error.code == ErrorCode::invalid_argument || error.code == ErrorCode::out_of_range ||
            error.code == ErrorCode::malformed);
    require(!error.message.empty() && !error.hint.empty());
    return false;
  }
}

}  // namespace revenue::fuzz
