#include "core/foundation/table.hpp"

namespace revenue {
namespace {

constexpr char normal(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  return c == ' ' || c == '-' ? '_' : c;
}

bool matches(std::string_view normalised, std::string_view name) {
  if (normalised.size() != name.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (normalised[i] != normal(name[i])) return false;
  return true;
}

}  // namespace

Table::Table(std::initializer_list<Entry> entries) {
  for (const auto& [name, value] : entries) set(name, value);
}

std::optional<double> Table::find(std::string_view name) const {
  for (const auto& [key, value] : entries_)
    if (matches(key, name)) return value;
  return std::nullopt;
}

void Table::set(std::string_view name, double value) {
  for (auto& [key, current] : entries_)
    if (matches(key, name)) {
      current = value;
      return;
    }
  std::string key(name);
  for (char& c : key) c = normal(c);
  entries_.emplace_back(std::move(key), value);
}

}  // namespace revenue
