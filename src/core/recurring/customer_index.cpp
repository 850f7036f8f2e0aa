#include "core/recurring/customer_index.hpp"

#include <cstring>

#include "core/foundation/error.hpp"

namespace revenue::recurring {
namespace {

constexpr std::size_t kFirstSlots = 8;
// Grown twofold, the names stay below the gigabyte that one piece of memory may have.
constexpr std::size_t kMostBytes = std::size_t{1} << 29;

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size();
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    hash = mixed(hash, word);
  }
  word = 0;
  std::memcpy(&word, text.data(), text.size());
  return mixed(mixed(hash, word), 0);
}

}  // namespace

std::uint32_t CustomerIndex::number_of(std::string_view name) {
  // Rows of one customer often stand together.
  if (!ends_.empty() && this->name(size() - 1) == name) return size() - 1;
  if (3 * (ends_.size() + 1) > 2 * slots_.size()) grow();
  const std::uint64_t hash = hash_of(name);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.customer == 0) {
      if (names_.size() + name.size() > kMostBytes)
        throw Error(ErrorCode::out_of_range, "the names of the customers take more than 512 MB",
                    "Group the rows, for example by segment, or pass shorter ids.");
      names_.insert(names_.end(), name.begin(), name.end());
      ends_.push_back(static_cast<std::uint32_t>(names_.size()));
      slot = {tag, size()};
      return size() - 1;
    }
    if (slot.hash == tag && this->name(slot.customer - 1) == name) return slot.customer - 1;
  }
}

void CustomerIndex::grow() {
  const std::size_t size = slots_.empty() ? kFirstSlots : 2 * slots_.size();
  slots_.assign(size, Slot{});
  for (std::uint32_t customer = 0; customer < this->size(); ++customer) {
    const std::uint64_t hash = hash_of(name(customer));
    std::size_t i = hash & (size - 1);
    while (slots_[i].customer != 0) i = (i + 1) & (size - 1);
    slots_[i] = {static_cast<std::uint32_t>(hash >> 32), customer + 1};
  }
}

}  // namespace revenue::recurring
