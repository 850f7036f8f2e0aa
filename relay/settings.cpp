#include "settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <vector>

#include "message.hpp"

namespace relay {
namespace {

struct Channel {
  std::string_view name;
  std::string_view prefix;
  std::vector<std::string_view> required;
  std::vector<std::string_view> optional;
};

const std::vector<Channel>& channels() {
  static const std::vector<Channel> all = {
      {"telegram", "RELAY_TELEGRAM_", {"TOKEN", "CHAT"}, {}},
      {"slack", "RELAY_SLACK_", {"URL"}, {}},
      {"webhook", "RELAY_WEBHOOK_", {"URL"}, {"SECRET", "HEADER"}},
      {"email", "RELAY_EMAIL_", {"TO"}, {}}};
  return all;
}

[[noreturn]] void wrong(std::string_view variable, std::string_view what) {
  throw SettingsError(std::string(variable) + " " + std::string(what));
}

bool is_url(std::string_view value, std::string_view scheme) {
  return (value.starts_with(std::string(scheme) + "://") ||
          value.starts_with(std::string(scheme) + "s://")) &&
         value.find_first_of(" \r\n\t") == std::string_view::npos;
}

bool is_line(std::string_view value) {
  return !value.empty() &&
         std::ranges::none_of(value, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

int number(std::string_view variable, std::string_view value, int least, int most) {
  int result = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc() || end != value.data() + value.size() || result < least || result > most)
    wrong(variable,
          "must be a number from " + std::to_string(least) + " to " + std::to_string(most));
  return result;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

// RELAY_SLACK_7_SALES_TEAM_URL: the part is what stands last, the name what stands between, and a
// number before it, which no name begins with, is the organisation. 0 = none.
std::pair<int, std::string_view> organisation(std::string_view variable, std::string_view name) {
  const auto end = name.find('_');
  if (name.empty() || name.front() < '0' || name.front() > '9' || end == std::string_view::npos)
    return {0, name};
  return {number(variable, name.substr(0, end), 1, std::numeric_limits<int>::max()),
          name.substr(end + 1)};
}

bool read_destination(std::string_view variable, std::string_view value, Settings& settings) {
  for (const Channel& channel : channels()) {
    if (!variable.starts_with(channel.prefix)) continue;
    const std::string_view rest = variable.substr(channel.prefix.size());
    for (const auto& parts : {channel.required, channel.optional})
      for (const std::string_view part : parts) {
        if (!rest.ends_with(part) || rest.size() < part.size() + 2 ||
            rest[rest.size() - part.size() - 1] != '_')
          continue;
        if (!is_line(value)) wrong(variable, "must be one line and not empty");
        if (part == "URL" && !is_url(value, "http"))
          wrong(variable, "must be an http or https URL");
        const auto [org, name] =
            organisation(variable, rest.substr(0, rest.size() - part.size() - 1));
        settings.destinations[destination_key(org, channel.name, lower(name))][std::string(part)] =
            value;
        return true;
      }
  }
  return false;
}

// What names no organisation is of RELAY_ORG.
void bind(Settings& settings, int org) {
  std::map<std::string, Destination> bound;
  for (auto& [key, parts] : settings.destinations) {
    const std::string name = key.substr(key.find(':') + 1);
    if (key.starts_with("0:") && org == 0)
      throw SettingsError("destination " + name + " is of no organisation: set RELAY_ORG, or name it as in RELAY_SLACK_7_SALES_URL");
    Destination& destination =
        bound[key.starts_with("0:") ? std::to_string(org) + ":" + name : key];
    destination.insert(parts.begin(), parts.end());
  }
  settings.destinations = std::move(bound);
}

bool is_of(std::string_view key, std::string_view channel) {
  return key.substr(key.find(':') + 1).starts_with(std::string(channel) + ":");
}

void check(const Settings& settings) {
  if (settings.destinations.empty())
    throw SettingsError("no destination is set, such as RELAY_SLACK_SALES_URL for slack:sales");
  for (const auto& [name, parts] : settings.destinations)
    for (const Channel& channel : channels())
      if (is_of(name, channel.name))
        for (const std::string_view part : channel.required)
          if (!parts.contains(std::string(part)))
            throw SettingsError("destination " + name.substr(name.find(':') + 1) + " has no " + std::string(part));
  const bool mails = std::ranges::any_of(settings.destinations, [](const auto& destination) {
    return is_of(destination.first, "email");
  });
  if (mails && (settings.smtp_url.empty() || settings.smtp_from.empty()))
    throw SettingsError("e-mail needs RELAY_SMTP_URL and RELAY_SMTP_FROM");
  if (settings.lease < settings.timeout + 2)
    throw SettingsError("RELAY_LEASE_SECONDS must be at least 2 more than RELAY_TIMEOUT_SECONDS");
}

void hide(Settings& settings) {
  settings.secrets.add(settings.smtp_password);
  for (const auto& [name, parts] : settings.destinations)
    for (const auto& [part, value] : parts) {
      if (part == "TO" || part == "CHAT") continue;
      settings.secrets.add(value);
      if (part == "URL") settings.secrets.add(path_of(value));
      if (part == "HEADER") {
        const auto colon = value.find(':');
        const auto begin =
            colon == std::string::npos ? colon : value.find_first_not_of(' ', colon + 1);
        if (begin != std::string::npos) settings.secrets.add(std::string_view(value).substr(begin));
        const auto last = value.rfind(' ');  // Authorization: Bearer <token>
        if (last != std::string::npos)
          settings.secrets.add(std::string_view(value).substr(last + 1));
      }
    }
}

std::string own_name() {
  char host[256] = "relay";
  gethostname(host, sizeof host - 1);
  return std::string(host) + ":" + std::to_string(getpid());
}

}  // namespace

std::string_view path_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto path = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  return path == std::string_view::npos ? std::string_view() : url.substr(path);
}

Settings read_settings(const char* const* variables) {
  Settings settings;
  int org = 0;
  settings.name = own_name();
  for (; *variables != nullptr; ++variables) {
    const std::string_view entry = *variables;
    const auto equals = entry.find('=');
    if (!entry.starts_with("RELAY_") || equals == std::string_view::npos) continue;
    const std::string_view variable = entry.substr(0, equals), value = entry.substr(equals + 1);
    if (variable == "RELAY_DATABASE")
      settings.database = value;
    else if (variable == "RELAY_ORG")
      org = number(variable, value, 1, std::numeric_limits<int>::max());
    else if (variable == "RELAY_NAME")
      settings.name = value;
    else if (variable == "RELAY_TIMEOUT_SECONDS")
      settings.timeout = number(variable, value, 1, 3600);
    else if (variable == "RELAY_LEASE_SECONDS")
      settings.lease = number(variable, value, 3, 86400);
    else if (variable == "RELAY_POLL_SECONDS")
      settings.poll = number(variable, value, 1, 3600);
    else if (variable == "RELAY_CONCURRENCY")
      settings.concurrency = number(variable, value, 1, 256);
    else if (variable == "RELAY_TELEGRAM_API") {
      if (!is_url(value, "http")) wrong(variable, "must be an http or https URL");
      settings.telegram_api = value;
    } else if (variable == "RELAY_SMTP_URL") {
      if (!is_url(value, "smtp")) wrong(variable, "must be an smtp or smtps URL");
      settings.smtp_url = value;
    } else if (variable == "RELAY_SMTP_USER")
      settings.smtp_user = value;
    else if (variable == "RELAY_SMTP_PASSWORD")
      settings.smtp_password = value;
    else if (variable == "RELAY_SMTP_FROM") {
      if (!is_line(value)) wrong(variable, "must be one line and not empty");
      settings.smtp_from = value;
    } else if (variable == "RELAY_SMTP_TLS") {
      if (value != "required" && value != "none") wrong(variable, "must be required or none");
      settings.smtp_tls = value == "required";
    } else if (!read_destination(variable, value, settings)) {
      wrong(variable, "is not known");
    }
  }
  bind(settings, org);
  check(settings);
  hide(settings);
  return settings;
}

}  // namespace relay
