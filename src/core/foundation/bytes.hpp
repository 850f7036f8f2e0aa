#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/foundation/error.hpp"

namespace revenue {

/// Appends plain values to a byte string: the serialised form of an aggregate state. The bridge
/// puts a version byte in front. Same machine type on both sides (parallel workers, one cluster).
class Writer {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  /// Values side by side, without their number.
  template <class T>
  void put_all(std::span<const T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Reads what Writer wrote; any other input is an Error(malformed), never a read past the end.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class T>
  T get() {
    static_assert(std::is_trivially_copyable_v<T>);
    if (rest_.size() < sizeof(T)) malformed();
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_ = rest_.subspan(sizeof value);
    return value;
  }

  /// As many values as put_all() wrote; no memory is taken for more than there are bytes.
  template <class T>
  std::vector<T> get_all(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count > rest_.size() / sizeof(T)) malformed();
    std::vector<T> values(count);
    if (count > 0) std::memcpy(values.data(), rest_.data(), count * sizeof(T));
    rest_ = rest_.subspan(count * sizeof(T));
    return values;
  }

  void expect_end() const {
    if (!rest_.empty()) malformed();
  }

  /// For a state that finds values it never writes.
  [[noreturn]] static void malformed() {
    throw Error(
        ErrorCode::malformed, "malformed aggregate state",
        "Aggregate states are written and read by the server itself; do not build them by hand.");
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace revenue
