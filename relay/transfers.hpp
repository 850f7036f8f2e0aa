// Several deliveries at once, by libcurl.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <list>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "message.hpp"
#include "request.hpp"
#include "settings.hpp"

namespace relay {

struct Delivery {
  Message message;
  Outcome outcome;
  std::chrono::milliseconds took{};
};

class Transfers {
 public:
  explicit Transfers(const Settings& settings);
  ~Transfers();
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;

  std::size_t size() const { return running_.size(); }
  /// Begins to deliver. The destination of the message must be one of the settings.
  void start(Message message);
  /// Waits for news of a transfer or of one of the descriptors, and gives what has ended.
  std::vector<Delivery> wait(std::span<curl_waitfd> descriptors, std::chrono::milliseconds timeout);

 private:
  struct Transfer;
  Delivery finish(std::list<Transfer>::iterator transfer, CURLcode result);

  const Settings& settings_;
  std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi_;
  std::list<Transfer> running_;
};

}  // namespace relay
