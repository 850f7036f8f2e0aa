#include "request.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "hmac.hpp"

namespace relay {
namespace {

// Telegram counts UTF-16 units.
constexpr std::size_t kTelegramText = 4096, kTelegramCaption = 1024;

std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xc0) != 0x80;
    units += byte >= 0xf0;
  }
  return units;
}

// The first bytes of a text, without a part of a character at the end.
std::string_view head(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

std::string titled(const Message& message) {
  return message.subject.empty() ? message.body : message.subject + "\n\n" + message.body;
}

// Slack reads <...> as links and commands.
std::string for_slack(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else if (c == '>')
      escaped += "&gt;";
    else
      escaped += c;
  }
  return escaped;
}

Request slack(const Message& message, const Destination& destination) {
  Request request{.url = destination.at("URL"), .headers = {"Content-Type: application/json"}};
  std::string text = for_slack(message.body);
  if (!message.subject.empty()) text = "*" + for_slack(message.subject) + "*\n" + text;
  request.body = "{\"text\":" + json_string(text) + "}";
  return request;
}

Request telegram(const Message& message, const Destination& destination, const Settings& settings) {
  const std::string base = settings.telegram_api + "/bot" + destination.at("TOKEN");
  const std::string text = titled(message);
  if (utf16_units(text) >
      kTelegramText)  // whole, as a file, in one request that succeeds or does not
    return {.url = base + "/sendDocument",
            .form = {{"chat_id", destination.at("CHAT")},
                     {"caption", std::string(head(message.subject, kTelegramCaption))},
                     {"document", text}}};
  return {.url = base + "/sendMessage",
          .headers = {"Content-Type: application/json"},
          .body = "{\"chat_id\":" + json_string(destination.at("CHAT")) +
                  ",\"text\":" + json_string(text) + ",\"disable_web_page_preview\":true}"};
}

Request webhook(const Message& message, const Destination& destination, std::int64_t now) {
  Request request{
      .url = destination.at("URL"),
      .headers = {"Content-Type: application/json", "Idempotency-Key: " + message.message_id}};
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? "null" : json_string(text);
  };
  request.body = "{\"message_id\":" + json_string(message.message_id) +
                 ",\"org_id\":" + std::to_string(message.org_id) +
                 ",\"idempotency_key\":" + json_string(message.idempotency_key) +
                 ",\"created_at\":" + json_string(message.created_at) +
                 ",\"subject\":" + text_or_null(message.subject) +
                 ",\"body\":" + json_string(message.body) +
                 ",\"payload\":" + (message.payload.empty() ? "null" : message.payload) + "}";
  if (const auto header = destination.find("HEADER"); header != destination.end())
    request.headers.push_back(header->second);
  if (const auto secret = destination.find("SECRET"); secret != destination.end()) {
    const std::string timestamp = std::to_string(now);
    request.headers.push_back("X-Revenue-Timestamp: " + timestamp);
    request.headers.push_back("X-Revenue-Signature: sha256=" +
                              hmac_sha256(secret->second, timestamp + "." + request.body));
  }
  return request;
}

std::string mail_date(std::int64_t now) {
  const std::time_t seconds = now;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[utc.tm_wday],
                utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
}

// "Revenue <revenue@example.org>" is what the mail shows, revenue@example.org what SMTP takes.
std::string address_of(std::string_view mailbox) {
  const auto open = mailbox.rfind('<'), close = mailbox.rfind('>');
  if (open != std::string_view::npos && close != std::string_view::npos && open < close)
    return std::string(mailbox.substr(open + 1, close - open - 1));
  const auto first = mailbox.find_first_not_of(' '), last = mailbox.find_last_not_of(' ');
  return first == std::string_view::npos ? std::string()
                                         : std::string(mailbox.substr(first, last - first + 1));
}

std::string with_crlf(std::string_view text) {
  std::string lines;
  for (const char c : text) {
    if (c == '\n' && !lines.ends_with('\r')) lines += '\r';
    lines += c;
  }
  return lines;
}

Request email(const Message& message, const Destination& destination, const Settings& settings,
              std::int64_t now) {
  Request request{.url = settings.smtp_url, .sender = address_of(settings.smtp_from)};
  std::string_view rest = destination.at("TO");
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    if (std::string address = address_of(rest.substr(0, comma)); !address.empty())
      request.recipients.push_back(std::move(address));
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  const auto at = request.sender.rfind('@');
  const std::string domain = at == std::string::npos ? "localhost" : request.sender.substr(at + 1);
  const std::string_view first_line =
      std::string_view(message.body).substr(0, message.body.find('\n'));
  request.body =
      "From: " + settings.smtp_from + "\r\nTo: " + destination.at("TO") + "\r\nSubject: " +
      encoded_header(message.subject.empty() ? head(first_line, 200) : message.subject) +
      "\r\nDate: " + mail_date(now) + "\r\nMessage-ID: <" + message.message_id + "@" + domain +
      ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  const std::string encoded = base64(with_crlf(message.body));
  for (std::size_t line = 0; line < encoded.size(); line += 76)
    request.body += encoded.substr(line, 76) + "\r\n";
  return request;
}

// {"ok":false,...,"parameters":{"retry_after":5}}
int telegram_retry_after(std::string_view answer) {
  constexpr std::string_view key = "\"retry_after\":";
  int seconds = 0;
  if (const auto at = answer.find(key); at != std::string_view::npos) {
    const std::string_view number = answer.substr(at + key.size());
    std::from_chars(number.data(), number.data() + number.size(), seconds);
  }
  return std::max(seconds, 0);
}

// libcurl has the number of an SMTP answer in its text alone: "RCPT failed: 550".
int last_number(std::string_view text) {
  const auto last = text.find_last_not_of("0123456789");
  int number = 0;
  if (last != std::string_view::npos)
    std::from_chars(text.data() + last + 1, text.data() + text.size(), number);
  return number;
}

// The length of the well-formed UTF-8 character at the front; 0 = none is.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xc2 && byte(0) <= 0xdf) return follows(1) ? 2 : 0;
  if (byte(0) >= 0xe0 && byte(0) <= 0xef) return follows(1) && follows(2) ? 3 : 0;
  if (byte(0) >= 0xf0 && byte(0) <= 0xf4) return follows(1) && follows(2) && follows(3) ? 4 : 0;
  return 0;
}

}  // namespace

Request make_request(const Message& message, const Destination& destination,
                     const Settings& settings, std::int64_t now) {
  if (message.channel == "slack") return slack(message, destination);
  if (message.channel == "telegram") return telegram(message, destination, settings);
  if (message.channel == "webhook") return webhook(message, destination, now);
  return email(message, destination, settings, now);
}

Outcome judge(std::string_view channel, long status, std::string_view error,
              std::string_view answer, long retry_after) {
  if (!error.empty() || status == 0) {
    // A mailbox that is not there will not be there later.
    const int answered = channel == "email" ? last_number(error) : 0;
    const bool refused = answered >= 550 && answered <= 554;
    return {refused ? Outcome::Kind::refused : Outcome::Kind::failed,
            std::string(error.empty() ? "no answer" : error)};
  }
  if (channel == "email" || (status >= 200 && status < 300)) return {Outcome::Kind::delivered, ""};

  // What the receiver says of the message itself. Of anything else, a token or an address that
  // somebody will put right, messages wait as they do for a receiver that is down.
  const bool refused = status == 400 || status == 413 || status == 422;
  Outcome outcome{refused ? Outcome::Kind::refused : Outcome::Kind::failed,
                  "HTTP " + std::to_string(status) + ": " + std::string(head(answer, 200))};
  outcome.retry_after = static_cast<int>(std::clamp<long>(retry_after, 0, 86400));
  if (channel == "telegram")
    outcome.retry_after = std::max(outcome.retry_after, telegram_retry_after(answer));
  return outcome;
}

std::string json_string(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t length = character(text);
    const char c = text.front();
    if (length == 0)
      json += "\\ufffd";
    else if (c == '"' || c == '\\')
      (json += '\\') += c;
    else if (c == '\n')
      json += "\\n";
    else if (static_cast<unsigned char>(c) < ' ') {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    } else
      json.append(text.substr(0, length));
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return json + '"';
}

std::string base64(std::string_view data) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < data.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < data.size() ? static_cast<unsigned char>(data[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j > data.size() ? '=' : kDigits[group >> (18 - 6 * j) & 63];
  }
  return text;
}

std::string encoded_header(std::string_view text) {
  const bool plain =
      std::ranges::all_of(text, [](unsigned char c) { return c >= ' ' && c < 0x7f; });
  if (plain && text.size() <= 60 && text.find("=?") == std::string_view::npos)
    return std::string(text);
  std::string header, piece;
  const auto end_piece = [&] {
    if (!header.empty()) header += "\r\n ";
    header += "=?UTF-8?B?" + base64(piece) + "?=";
    piece.clear();
  };
  while (!text.empty()) {
    const std::size_t length = character(text);
    const std::string_view next = length == 0 ? "\xef\xbf\xbd" : text.substr(0, length);
    // 42 bytes are 56 letters in base64, 68 with what stands around.
    if (piece.size() + next.size() > 42) end_piece();
    piece += next;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  if (!piece.empty()) end_piece();
  return header;
}

}  // namespace relay
