#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "core/foundation/error.hpp"

namespace revenue {

/// A number that a stored state may hold.
template <class T>
concept Storable = (std::integral<T> || std::same_as<T, double>) && !std::same_as<T, bool>;

/// The serialised form of a state: fixed-width numbers in the machine's byte order, a version byte
/// first. `serialize(writer)` calls `put`, `deserialize(reader)` calls `get` in the same order.
class ByteWriter {
 public:
  template <Storable T>
  void put(T value) {
    const auto* raw = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof(T));
  }

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads what ByteWriter wrote; every length is checked.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  /// Throws malformed where the bytes run out.
  template <Storable T>
  T get() {
    if (rest_.size() < sizeof(T))
      throw Error(ErrorCode::malformed, "stored state is too short",
                  "Compute the value again with this version of the extension.");
    T value;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }

  /// Throws malformed where bytes are left over.
  void finish() const {
    if (!rest_.empty())
      throw Error(ErrorCode::malformed, "stored state is too long",
                  "Compute the value again with this version of the extension.",
                  std::to_string(rest_.size()) + " bytes are left over.");
  }

 private:
  std::span<const std::byte> rest_;
};

/// Reads the version byte and throws malformed where it is another than `version`.
template <class Reader>
void require_version(Reader& reader, std::uint8_t version) {
  const auto found = reader.template get<std::uint8_t>();
  if (found != version)
    throw Error(ErrorCode::malformed, "stored state has an unknown version",
                "Compute the value again with this version of the extension.",
                "Version " + std::to_string(found) + " found, " + std::to_string(version) +
                    " expected.");
}

}  // namespace revenue
