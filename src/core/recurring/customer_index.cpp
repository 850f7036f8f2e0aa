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
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  return mixed(mixed(hash, word), 0);
}

}  // namespace

std::string_view CustomerIndex::name_at(std::uint32_t start) const {
  const char* name = names_.data() + start;
  std::uint32_t size = 0;
  std::memcpy(&size, name, sizeof size);
  return {name + sizeof size, size};
}

std::uint32_t CustomerIndex::number_of(std::string_view name) {
  // Rows of one customer often stand together.
  if (!starts_.empty() && this->name(size() - 1) == name) return size() - 1;
  if (3 * (starts_.size() + 1) > 2 * slots_.size()) grow();
  const std::uint64_t hash = hash_of(name);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.customer == 0) {
      slot = {tag, size() + 1, append(name)};
      return size() - 1;
    }
    if (slot.hash == tag && name_at(slot.start) == name) return slot.customer - 1;
  }
}

std::uint32_t CustomerIndex::append(std::string_view name) {
  const auto size = static_cast<std::uint32_t>(name.size());
  if (names_.size() + sizeof size + size > kMostBytes)
    throw Error(ErrorCode::out_of_range, "the names of the customers take more than 512 MB",
                "Group the rows, for example by segment, or pass shorter ids.");
  const auto start = static_cast<std::uint32_t>(names_.size());
  names_.resize(start + sizeof size);
  std::memcpy(names_.data() + start, &size, sizeof size);
  names_.insert(names_.end(), name.begin(), name.end());
  starts_.push_back(start);
  return start;
}

void CustomerIndex::grow() {
  const std::size_t size = slots_.empty() ? kFirstSlots : 2 * slots_.size();
  slots_.assign(size, Slot{});
  for (std::uint32_t customer = 0; customer < this->size(); ++customer) {
    const std::uint64_t hash = hash_of(name(customer));
    std::size_t i = hash & (size - 1);
    while (slots_[i].customer != 0) i = (i + 1) & (size - 1);
    slots_[i] = {static_cast<std::uint32_t>(hash >> 32), customer + 1, starts_[customer]};
  }
}

}  // namespace revenue::recurring
