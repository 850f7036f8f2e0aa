// revenue-relay: delivers the messages of revenue.outbox to Telegram, Slack, webhooks and by SMTP,
// at least once. See docs/relay.md.
//
// It waits for a notification, or a few seconds; takes what is due under a lease; delivers several
// messages at once; and says what became of each. What it knows is in the database: it can be
// killed at any time, and as many may run as one likes.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox.hpp"
#include "settings.hpp"
#include "transfers.hpp"

extern char** environ;

namespace relay {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

volatile std::sig_atomic_t stopping = 0;
int wake[2] = {-1, -1};  // a pipe, so that a signal ends a wait that was just about to begin

void on_signal(int) {
  stopping = 1;
  [[maybe_unused]] const auto written = write(wake[1], "", 1);
}

void handle_signals() {
  if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;  // the second one ends the program at once
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

// A receiver that is down (three failures, and nothing delivered between them) or that asks for
// time is tried now and then with one message; the others wait in the outbox with the attempts they
// have.
class Pauses {
 public:
  enum class State { none, over, lasting };
  State state(const std::string& destination, Clock::time_point now) const {
    const auto pause = pauses_.find(destination);
    if (pause == pauses_.end() || pause->second.length == seconds(0)) return State::none;
    return pause->second.until <= now ? State::over : State::lasting;
  }
  void note(const std::string& destination, const Outcome& outcome, Clock::time_point now) {
    if (outcome.kind != Outcome::Kind::failed) {
      pauses_.erase(destination);
      return;
    }
    Pause& pause = pauses_[destination];
    ++pause.failures;
    if (pause.until > now || (pause.failures < 3 && outcome.retry_after == 0)) return;
    pause.length = std::clamp(pause.length * 2, seconds(1), seconds(60));
    pause.until = now + std::max(pause.length, seconds(outcome.retry_after));
  }
  /// When the next pause ends that lasts.
  Clock::time_point next(Clock::time_point now, Clock::time_point latest) const {
    for (const auto& [destination, pause] : pauses_)
      if (pause.until > now) latest = std::min(latest, pause.until);
    return latest;
  }

 private:
  struct Pause {
    int failures = 0;
    seconds length{0};
    Clock::time_point until;
  };
  std::map<std::string, Pause> pauses_;
};

class Relay {
 public:
  explicit Relay(const Settings& settings) : settings_(settings), transfers_(settings) {}

  void run() {
    while (!stopping || transfers_.size() > 0 || !unreported_.empty()) {
      try {
        connect();
        if (outbox_)
          step(*outbox_);
        else
          wait({}, reconnect_at_);
      } catch (const OutboxError& error) {
        say("database: " + std::string(error.what()));
        outbox_.reset();
        reconnect_in_ = std::clamp(reconnect_in_ * 2, seconds(1), seconds(30));
        reconnect_at_ = Clock::now() + reconnect_in_;
        if (stopping && transfers_.size() == 0)
          return;  // their leases end, and another delivers them
      }
    }
  }

 private:
  void say(const std::string& line) const { log(settings_.secrets, line); }

  void connect() {
    if (outbox_ || Clock::now() < reconnect_at_ || (stopping && unreported_.empty())) return;
    outbox_.emplace(settings_);
    look_at_ = Clock::now();
    say("connected");
  }

  void step(Outbox& outbox) {
    report(outbox);
    const auto now = Clock::now();
    if (outbox.notified()) look_at_ = now;
    if (!stopping && look_at_ <= now && room() > 0) {
      claim(outbox, now);
      reconnect_in_ = seconds(0);
    }

    curl_waitfd database{outbox.socket(), CURL_WAIT_POLLIN, 0};
    wait(database, look_at_);
  }

  void claim(Outbox& outbox, Clock::time_point now) {
    std::vector<std::string> open, tried;
    for (const auto& [destination, parts] : settings_.destinations) {
      const Pauses::State pause = pauses_.state(destination, now);
      if (pause == Pauses::State::none) open.push_back(destination);
      if (pause == Pauses::State::over) tried.push_back(destination);
    }
    look_at_ = pauses_.next(now, now + seconds(settings_.poll));
    for (const std::string& destination : tried)
      if (const int free = room(); free > 0) start(outbox.claim({destination}, 1));
    if (const int free = room(); free > 0 && !open.empty()) {
      start(outbox.claim(open, free));
      // There may be more; as soon as there is room.
      if (room() == 0) look_at_ = now;
    }
  }

  int room() const { return settings_.concurrency - static_cast<int>(transfers_.size()); }

  void start(std::vector<Message> messages) {
    for (Message& message : messages) transfers_.start(std::move(message));
  }

  void wait(std::optional<curl_waitfd> database, Clock::time_point until) {
    std::vector<curl_waitfd> descriptors = {{wake[0], CURL_WAIT_POLLIN, 0}};
    if (stopping) descriptors.clear();  // it stays readable
    if (database) descriptors.push_back(*database);
    const auto length = std::chrono::ceil<milliseconds>(until - Clock::now());
    // Without room there is nothing to do before an attempt ends, nor once it is to stop.
    const bool idle = room() == 0 || stopping;
    const auto timeout =
        idle ? milliseconds(1000) : std::clamp(length, milliseconds(0), milliseconds(60000));
    for (Delivery& delivery : transfers_.wait(descriptors, timeout)) {
      const auto now = Clock::now();
      pauses_.note(destination_key(delivery.message.org_id, delivery.message.channel,
                                   delivery.message.destination),
                   delivery.outcome,
                   now);
      look_at_ = pauses_.next(now, look_at_);
      unreported_.push_back(std::move(delivery));
    }
  }

  // What cannot be reported now is kept until it can.
  void report(Outbox& outbox) {
    const auto failures = std::ranges::stable_partition(
        unreported_, [](const Delivery& d) { return d.outcome.kind == Outcome::Kind::delivered; });
    const auto delivered = static_cast<std::size_t>(failures.begin() - unreported_.begin());
    outbox.complete(std::span(unreported_).first(delivered));
    for (std::size_t i = 0; i < delivered; ++i) say(line(unreported_[i], "sent"));
    unreported_.erase(unreported_.begin(), failures.begin());
    while (!unreported_.empty()) {
      const Delivery& last = unreported_.back();
      const std::string state = outbox.fail(last);
      say(line(last, "failed") + ", " + (state.empty() ? "another relay has it" : state) + ": " +
          last.outcome.error);
      unreported_.pop_back();
    }
  }

  static std::string line(const Delivery& delivery, const char* what) {
    const Message& message = delivery.message;
    return std::string(what) + " " + message.channel + ":" + message.destination + " " +
           message.message_id + " (attempt " + std::to_string(message.attempt) + ", " +
           std::to_string(delivery.took.count()) + " ms)";
  }

  const Settings& settings_;
  Transfers transfers_;
  std::optional<Outbox> outbox_;
  std::vector<Delivery> unreported_;
  Pauses pauses_;
  Clock::time_point look_at_ = Clock::now(), reconnect_at_ = Clock::now();
  seconds reconnect_in_{0};
};

void announce(const Settings& settings) {
  std::string line = "revenue-relay " + settings.name + " delivers to";
  for (const auto& [destination, parts] : settings.destinations) line += " " + destination;
  log(settings.secrets, line);
}

}  // namespace
}  // namespace relay

int main() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  try {
    const relay::Settings settings = relay::read_settings(environ);
    relay::handle_signals();
    relay::announce(settings);
    relay::Relay(settings).run();
    relay::log(settings.secrets, "stopped");
    return 0;
  } catch (const relay::SettingsError& error) {
    std::fprintf(stderr, "revenue-relay: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "revenue-relay: %s\n", error.what());
    return 1;
  }
}
