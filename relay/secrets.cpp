#include "secrets.hpp"

#include <algorithm>
#include <cstdio>

namespace relay {

constexpr std::size_t kShortest = 6;

void Secrets::add(std::string_view secret) {
  if (secret.size() < kShortest) return;
  secrets_.emplace_back(secret);
  std::ranges::stable_sort(secrets_, std::ranges::greater{}, &std::string::size);
}

std::string Secrets::redact(std::string text) const {
  for (const std::string& secret : secrets_)
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  return text;
}

void log(const Secrets& secrets, std::string_view line) {
  std::string text = secrets.redact(std::string(line));
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace relay
