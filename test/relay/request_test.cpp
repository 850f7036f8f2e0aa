// What is sent, and what the answers mean: no network.
#include "request.hpp"

#include <gtest/gtest.h>

#include "hmac.hpp"

namespace relay {
namespace {

TEST(Hmac, Rfc4231) {
  EXPECT_EQ(hmac_sha256(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_sha256(std::string(131, '\xaa'),
                        "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

// Around the lengths at which the padding needs another block.
TEST(Hmac, PaddingOfEveryLength) {
  std::string previous;
  for (std::size_t length = 50; length < 130; ++length) {
    const std::string digest = hmac_sha256("k", std::string(length, 'a'));
    EXPECT_EQ(digest.size(), 64u);
    EXPECT_NE(digest, previous);
    previous = digest;
  }
}

TEST(Base64, Rfc4648) {
  const char* texts[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
  const char* encoded[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (int i = 0; i < 7; ++i) EXPECT_EQ(base64(texts[i]), encoded[i]);
}

TEST(Json, EscapesWhatMustBe) {
  EXPECT_EQ(json_string("a\"b\\c\n\t\x01 é 💶"), "\"a\\\"b\\\\c\\n\\u0009\\u0001 é 💶\"");
  EXPECT_EQ(json_string("\xc3(\xff\xe2\x82"), "\"\\ufffd(\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(json_string(""), "\"\"");
}

TEST(Header, Rfc2047) {
  EXPECT_EQ(encoded_header("Plain title"), "Plain title");
  EXPECT_EQ(encoded_header("Zürich"), "=?UTF-8?B?WsO8cmljaA==?=");
  // What is no UTF-8 comes to an end, too.
  EXPECT_EQ(encoded_header("\x80"), "=?UTF-8?B?77+9?=");
  EXPECT_EQ(encoded_header(std::string(100, '\x80')).substr(0, 14), "=?UTF-8?B?77+9");
  EXPECT_EQ(encoded_header("a\xc3"), "=?UTF-8?B?Ye+/vQ==?=");
  EXPECT_NE(encoded_header("=?UTF-8?B?eA==?=").find("=?UTF-8?B?PT9V"), std::string::npos);
  std::string title;
  for (int i = 0; i < 40; ++i) title += "ü€💶";
  const std::string header = encoded_header(title);
  for (std::size_t at = 0; at < header.size(); at = header.find("\r\n", at) == std::string::npos
                                                        ? header.size()
                                                        : header.find("\r\n", at) + 2)
    EXPECT_LE(std::min(header.find("\r\n", at), header.size()) - at, 76u);
}

TEST(Judge, Http) {
  using Kind = Outcome::Kind;
  const auto kind = [](long status) { return judge("webhook", status, "", "", 0).kind; };
  for (const long status : {200, 201, 202, 204}) EXPECT_EQ(kind(status), Kind::delivered);
  for (const long status : {301, 302, 401, 403, 404, 408, 410, 425, 429, 500, 502, 503, 504})
    EXPECT_EQ(kind(status), Kind::failed);
  for (const long status : {400, 413, 422}) EXPECT_EQ(kind(status), Kind::refused);
  EXPECT_EQ(judge("webhook", 0, "Couldn't connect", "", 0).kind, Kind::failed);
  EXPECT_EQ(judge("webhook", 200, "transfer closed", "", 0).kind, Kind::failed);
  EXPECT_EQ(judge("webhook", 0, "", "", 0).kind, Kind::failed);
  EXPECT_EQ(judge("slack", 429, "", "", 30).retry_after, 30);
  EXPECT_EQ(judge("slack", 429, "", "", -5).retry_after, 0);
  EXPECT_EQ(
      judge("telegram", 429, "", R"({"ok":false,"parameters":{"retry_after":17}})", 0).retry_after,
      17);
  EXPECT_EQ(judge("telegram", 429, "", R"({"retry_after":-17})", 0).retry_after, 0);
  EXPECT_EQ(judge("webhook", 500, "", std::string(199, 'x') + "é", 0).error,
            "HTTP 500: " + std::string(199, 'x'));
}

TEST(Judge, Smtp) {
  using Kind = Outcome::Kind;
  EXPECT_EQ(judge("email", 250, "", "", 0).kind, Kind::delivered);
  EXPECT_EQ(judge("email", 0, "RCPT failed: 550", "", 0).kind, Kind::refused);
  EXPECT_EQ(judge("email", 0, "RCPT failed: 451", "", 0).kind, Kind::failed);
  EXPECT_EQ(judge("email", 0, "Login denied", "", 0).kind, Kind::failed);
}

const Message kMessage = {.org_id = 7,
                          .message_id = "0f",
                          .channel = "email",
                          .destination = "cfo",
                          .body = "First line\nsecond"};

TEST(Mail, EnvelopeAndHeaders) {
  Settings settings;
  settings.smtp_from = "Revenue <revenue@example.com>";
  const Request mail = make_request(kMessage, {{"TO", "Carla <cfo@example.org>, ,  a@b.example "}},
                                    settings, 1700000000);
  EXPECT_EQ(mail.sender, "revenue@example.com");
  EXPECT_EQ(mail.recipients, (std::vector<std::string>{"cfo@example.org", "a@b.example"}));
  EXPECT_NE(mail.body.find("Subject: First line\r\n"), std::string::npos);
  EXPECT_NE(mail.body.find("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"), std::string::npos);
  EXPECT_NE(mail.body.find("Message-ID: <0f@example.com>\r\n"), std::string::npos);
  EXPECT_TRUE(mail.body.ends_with("\r\n\r\n" + base64("First line\r\nsecond") + "\r\n"));
}

TEST(Telegram, LongTextsAreFiles) {
  Settings settings;
  Message message = kMessage;
  message.channel = "telegram";
  const Destination destination = {{"TOKEN", "1:x"}, {"CHAT", "5"}};
  const auto form = [&](const std::string& body) {
    message.body = body;
    return make_request(message, destination, settings, 0).form.size();
  };
  EXPECT_EQ(form(std::string(4096, 'x')), 0u);
  EXPECT_EQ(form(std::string(4097, 'x')), 3u);
  std::string coins;
  for (int i = 0; i < 2048; ++i) coins += "💶";  // two UTF-16 units each
  EXPECT_EQ(form(coins), 0u);
  EXPECT_EQ(form(coins + "x"), 3u);
}

}  // namespace
}  // namespace relay
