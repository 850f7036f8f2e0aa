#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>
#include <vector>

namespace revenue::recurring {

/// Numbers customers from 0 in the order in which they first come, by their exact text. Open
/// addressing over one arena of names: no allocation a customer.
class CustomerIndex {
 public:
  explicit CustomerIndex(std::pmr::memory_resource* memory)
      : slots_(memory), names_(memory), ends_(memory) {}

  std::uint32_t number_of(std::string_view name);

  std::string_view name(std::uint32_t number) const {
    const std::size_t from = number == 0 ? 0 : ends_[number - 1];
    return {names_.data() + from, ends_[number] - from};
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(ends_.size()); }

 private:
  struct Slot {
    std::uint32_t hash;
    std::uint32_t customer;  // its number + 1; 0 = empty
  };
  void grow();

  std::pmr::vector<Slot> slots_;  // a power of two of them, at most two thirds full
  std::pmr::vector<char> names_;
  std::pmr::vector<std::uint32_t> ends_;
};

}  // namespace revenue::recurring
