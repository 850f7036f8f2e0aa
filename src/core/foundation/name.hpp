#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace revenue {

namespace detail {
constexpr std::array<char, 256> normal_letters() {
  std::array<char, 256> letters{};
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool upper = c >= 'A' && c <= 'Z';
    const bool separator = c == ' ' || c == '-';
    letters[i] = upper ? static_cast<char>(c - 'A' + 'a') : separator ? '_' : c;
  }
  return letters;
}
inline constexpr std::array<char, 256> kNormalLetters = normal_letters();
}  // namespace detail

/// A letter of a name as names are compared: lower case (ASCII), with blank and '-' as '_'.
constexpr char normal_letter(char c) {
  return detail::kNormalLetters[static_cast<unsigned char>(c)];
}

/// The name as it is compared: "Closed Won" is closed_won.
inline std::string normal_name(std::string_view name) {
  std::string normal(name);
  for (char& c : normal) c = normal_letter(c);
  return normal;
}

/// Whether `name`, as anybody writes it, is `normal`, which is already as compared.
inline bool is_name(std::string_view normal, std::string_view name) {
  if (normal.size() != name.size()) return false;
  if (std::memcmp(normal.data(), name.data(), name.size()) == 0) return true;  // the usual case
  for (std::size_t i = 0; i < name.size(); ++i)
    if (normal[i] != normal_letter(name[i])) return false;
  return true;
}

}  // namespace revenue
