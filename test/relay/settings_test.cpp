// The environment, and what of it is secret.
#include "settings.hpp"

#include <gtest/gtest.h>

namespace relay {
namespace {

Settings settings(std::vector<const char*> variables) {
  variables.push_back(nullptr);
  return read_settings(variables.data());
}

TEST(Settings, DestinationsByName) {
  const Settings read =
      settings({"PATH=/bin", "RELAY_ORG=3", "RELAY_SLACK_SALES_TEAM_URL=https://hooks.example/T0/B0/secret",
                "RELAY_TELEGRAM_OPS_TOKEN=123456:token", "RELAY_TELEGRAM_OPS_CHAT=-5",
                "RELAY_WEBHOOK_URL_URL=http://localhost/", "RELAY_WEBHOOK_7_URL_URL=http://other/", "RELAY_TIMEOUT_SECONDS=7"});
  EXPECT_EQ(read.destinations.size(), 4u);
  EXPECT_EQ(read.destinations.at("3:slack:sales_team").at("URL"),
            "https://hooks.example/T0/B0/secret");
  EXPECT_EQ(read.destinations.at("3:telegram:ops").at("CHAT"), "-5");
  EXPECT_TRUE(read.destinations.contains("3:webhook:url"));
  EXPECT_EQ(read.destinations.at("7:webhook:url").at("URL"), "http://other/");
  EXPECT_EQ(read.timeout, 7);
}

// The variable is named, its value never.
TEST(Settings, WrongOnesAreNamed) {
  const auto complaint = [](std::vector<const char*> variables) -> std::string {
    try {
      variables.push_back("RELAY_ORG=1");
      settings(variables);
      return "";
    } catch (const SettingsError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(complaint({}), "no destination is set, such as RELAY_SLACK_SALES_URL for slack:sales");
  EXPECT_EQ(complaint({"RELAY_SLACK_A_URL=hooks.example/secret"}),
            "RELAY_SLACK_A_URL must be an http or https URL");
  EXPECT_EQ(complaint({"RELAY_SLACK_A_URL="}), "RELAY_SLACK_A_URL must be one line and not empty");
  EXPECT_EQ(complaint({"RELAY_SLACK_URL=https://x.example"}), "RELAY_SLACK_URL is not known");
  EXPECT_EQ(complaint({"RELAY_POLL_SECONDS=1x"}),
            "RELAY_POLL_SECONDS must be a number from 1 to 3600");
  EXPECT_EQ(complaint({"RELAY_POLL_SECONDS=99999999999"}),
            "RELAY_POLL_SECONDS must be a number from 1 to 3600");
  EXPECT_EQ(complaint({"RELAY_EMAIL_A_TO=a@b.example", "RELAY_SMTP_URL=smtp://h"}),
            "e-mail needs RELAY_SMTP_URL and RELAY_SMTP_FROM");
  EXPECT_EQ(complaint({"RELAY_SMTP_TLS=maybe"}), "RELAY_SMTP_TLS must be required or none");
  EXPECT_EQ(complaint({"RELAY_WEBHOOK_A_SECRET=only"}), "destination webhook:a has no URL");
}

// An address and its secret belong to one organisation.
TEST(Settings, DestinationsOfNobodyAreRefused) {
  EXPECT_THROW(settings({"RELAY_SLACK_SALES_URL=https://hooks.example/x"}), SettingsError);
  EXPECT_THROW(settings({"RELAY_SLACK_0_SALES_URL=https://hooks.example/x"}), SettingsError);
  EXPECT_THROW(settings({"RELAY_SLACK_99999999999_SALES_URL=https://hooks.example/x"}), SettingsError);
}

TEST(Secrets, AreNotShownEscapedOrCut) {
  Secrets secrets;
  secrets.add("/services/T0/B0/qW92&x");
  for (const char* written :
       {R"(\/services\/T0\/B0\/qW92&x)", R"(\u002fservices\u002FT0\/B0/qW92\u0026x)", "%2Fservices%2fT0%2FB0%2FqW92%26x",
        "&#47;services/T0/B0/qW92&amp;x", "/services/T0/B0/qW92&x"})
    EXPECT_EQ(secrets.redact(std::string("not found: ") + written + ", sorry"), "not found: ***, sorry") << written;
  for (const char* cut : {"/services/T0", R"(\/services\)", "%2Fservices%2", "/services/T0/B0/qW92&am"})
    EXPECT_EQ(secrets.redact(std::string("not found: ") + cut), "not found: ***") << cut;
  EXPECT_EQ(secrets.redact("/servi"), "***");
  EXPECT_EQ(secrets.redact("/services are down"), "/services are down");
}

TEST(Secrets, AreNotShown) {
  const Settings read =
      settings({"RELAY_ORG=1", "RELAY_WEBHOOK_ERP_URL=https://erp.example/hook/path-secret?key=1",
                "RELAY_WEBHOOK_ERP_SECRET=hmac-secret",
                "RELAY_WEBHOOK_ERP_HEADER=Authorization: Bearer bearer-secret",
                "RELAY_SMTP_PASSWORD=mail-secret"});
  EXPECT_EQ(read.secrets.redact("POST /hook/path-secret?key=1 with bearer-secret, hmac-secret and "
                                "mail-secret mail-secret"),
            "POST *** with ***, *** and *** ***");
  EXPECT_EQ(read.secrets.redact("https://erp.example/hook/path-secret?key=1"), "***");
  EXPECT_EQ(read.secrets.redact("could not resolve erp.example"), "could not resolve erp.example");
}

TEST(Settings, Paths) {
  EXPECT_EQ(path_of("https://a.example/b?c"), "/b?c");
  EXPECT_EQ(path_of("https://a.example"), "");
  EXPECT_EQ(path_of(""), "");
}

}  // namespace
}  // namespace relay
