#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace revenue::recurring {

/// Numbers customers from 0 in the order in which they first come, by their exact text. Open
/// addressing over one arena of names: no allocation a customer, and two places of memory a
/// look-up.
class CustomerIndex {
 public:
  explicit CustomerIndex(std::pmr::memory_resource* memory)
      : slots_(memory), names_(memory), starts_(memory) {}

  std::uint32_t number_of(std::string_view name);

  std::string_view name(std::uint32_t number) const { return name_at(starts_[number]); }
  std::uint32_t size() const { return static_cast<std::uint32_t>(starts_.size()); }

 private:
  struct Slot {
    std::uint32_t hash;
    std::uint32_t customer;  // its number + 1; 0 = empty
    std::uint32_t start;     // of its name
  };
  std::string_view name_at(std::uint32_t start) const;
  std::uint32_t append(std::string_view name);
  void grow();

  std::pmr::vector<Slot> slots_;  // a power of two of them, at most two thirds full
  std::pmr::vector<char> names_;  // each after its length
  std::pmr::vector<std::uint32_t> starts_;
};

}  // namespace revenue::recurring
