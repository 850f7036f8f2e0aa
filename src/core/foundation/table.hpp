#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace revenue {

/// A small table of named numbers, in the order written: a stage's base probability, an industry's
/// factor. Looked up by name without regard to case, and with blank, '-' and '_' alike, because
/// CRMs write "Closed Won" where others write closed_won.
class Table {
 public:
  using Entry = std::pair<std::string, double>;

  Table() = default;
  Table(std::initializer_list<Entry> entries);

  /// The value under `name`, or nothing. O(entries), no allocation.
  std::optional<double> find(std::string_view name) const;

  /// Replaces the value under `name` (same name by the rule above) or appends it.
  void set(std::string_view name, double value);

  const std::vector<Entry>& entries() const { return entries_; }
  bool operator==(const Table&) const = default;

 private:
  std::vector<Entry> entries_;  // names normalised when set, so that find compares one side only
};

}  // namespace revenue
