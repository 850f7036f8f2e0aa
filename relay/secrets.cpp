#include "secrets.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace relay {

constexpr std::size_t kShortest = 6;

void Secrets::add(std::string_view secret) {
  if (secret.size() < kShortest) return;
  secrets_.emplace_back(secret);
  std::ranges::stable_sort(secrets_, std::ranges::greater{}, &std::string::size);
}

namespace {

int hexadecimal(std::string_view digits) {
  int value = -1;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return error == std::errc() && end == digits.data() + digits.size() ? value : -1;
}

// The length of what stands for this character at the front of the text: itself, \/, \u002f, %2F or &amp;
// and &#47;; 0 = something else does.
std::size_t written(std::string_view text, char c) {
  const int code = static_cast<unsigned char>(c);
  if (text.size() >= 6 && text.starts_with("\\u") && hexadecimal(text.substr(2, 4)) == code) return 6;
  if (text.size() >= 2 && text[0] == '\\' && text[1] == c) return 2;
  if (text.size() >= 3 && text[0] == '%' && hexadecimal(text.substr(1, 2)) == code) return 3;
  if (c == '&' && text.starts_with("&amp;")) return 5;
  if (const std::string entity = "&#" + std::to_string(code) + ";"; text.starts_with(entity))
    return entity.size();
  return !text.empty() && text.front() == c ? 1 : 0;
}

// The length of a secret at the front of the text, or of its beginning where the text ends in it.
std::size_t found(std::string_view text, std::string_view secret) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const std::size_t next = written(text.substr(length), secret[i]);
    if (next == 0) {
      // Of what stands for one character a part may be left: \, %2, &am.
      const std::string_view rest = text.substr(length);
      const bool cut = rest.empty() ||
                       (rest.size() < 6 && std::string_view("\\%&").find(rest.front()) != std::string_view::npos) ||
                       (length > 0 && text[length - 1] == '&' && std::string_view("amp;").starts_with(rest));
      return cut && i >= kShortest ? text.size() : 0;
    }
    length += next;
  }
  return length;
}

}  // namespace

std::string Secrets::redact(std::string_view text) const {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    for (const std::string& secret : secrets_) {
      length = found(text.substr(at), secret);
      if (length > 0) break;
    }
    if (length == 0)
      shown += text[at++];
    else {
      shown += "***";
      at += length;
    }
  }
  return shown;
}

void log(const Secrets& secrets, std::string_view line) {
  std::string text = secrets.redact(line);
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace relay
