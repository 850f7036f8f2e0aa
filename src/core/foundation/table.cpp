#include "core/foundation/table.hpp"

#include "core/foundation/name.hpp"

namespace revenue {

Table::Table(std::initializer_list<Entry> entries) {
  for (const auto& [name, value] : entries) set(name, value);
}

std::optional<double> Table::find(std::string_view name) const {
  for (const auto& [key, value] : entries_)
    if (is_name(key, name)) return value;
  return std::nullopt;
}

void Table::set(std::string_view name, double value) {
  for (auto& [key, current] : entries_)
    if (is_name(key, name)) {
      current = value;
      return;
    }
  entries_.emplace_back(normal_name(name), value);
}

}  // namespace revenue
