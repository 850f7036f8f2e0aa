#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

namespace revenue::recurring {

/// A sequence that grows without copying what it has: full blocks of 65,536 elements stay where
/// they are, so that the peak of memory is what is stored.
template <class T>
class Blocks {
 public:
  explicit Blocks(std::pmr::memory_resource* memory) : blocks_(memory) {}

  void push_back(const T& value) {
    if (size_ % kBlock == 0) {
      blocks_.emplace_back();
      if (size_ > 0) blocks_.back().reserve(kBlock);
    }
    blocks_.back().push_back(value);
    ++size_;
  }

  const T& operator[](std::size_t i) const { return blocks_[i / kBlock][i % kBlock]; }
  std::size_t size() const { return size_; }

  auto begin() const { return blocks_.begin(); }
  auto end() const { return blocks_.end(); }

 private:
  static constexpr std::size_t kBlock = 1 << 16;
  std::pmr::vector<std::pmr::vector<T>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace revenue::recurring
