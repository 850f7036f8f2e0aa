// A message as its receiver wants it, and what the receiver's answer means. No network here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "message.hpp"
#include "settings.hpp"

namespace relay {

struct Request {
  std::string url;
  std::vector<std::string> headers;
  std::string body;  ///< of a POST, or the mail
  /// Parts of a form instead of a body; the part "document" is sent as a file.
  std::vector<std::pair<std::string, std::string>> form;
  std::string sender;                   ///< of a mail
  std::vector<std::string> recipients;  ///< empty = no mail
};

/// The request that delivers a message to a destination of its channel; now is in seconds since
/// 1970.
Request make_request(const Message& message, const Destination& destination,
                     const Settings& settings, std::int64_t now);

/// What an answer means. status is that of HTTP, 0 = none came; error is libcurl's, empty = none.
Outcome judge(std::string_view channel, long status, std::string_view error,
              std::string_view answer, long retry_after);

/// The text as a JSON string, with its quotes. Bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

/// A header's text: as it is, or by RFC 2047 where it is not ASCII, in lines of at most 76 letters.
std::string encoded_header(std::string_view text);

std::string base64(std::string_view data);

}  // namespace relay
