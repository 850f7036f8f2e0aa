#include "transfers.hpp"

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace relay {
namespace {

constexpr std::size_t kKeptAnswer = 4096;

void require(bool done) {
  if (!done) throw std::runtime_error("libcurl refused an option");
}

template <class Value>
void set(CURL* curl, CURLoption option, Value value) {
  require(curl_easy_setopt(curl, option, value) == CURLE_OK);
}

using Lines = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Lines lines(const std::vector<std::string>& texts) {
  Lines list(nullptr, curl_slist_free_all);
  for (const std::string& text : texts) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    require(longer != nullptr);
    if (list == nullptr) list.reset(longer);
  }
  return list;
}

std::size_t keep(char* data, std::size_t size, std::size_t count, void* answer) {
  auto& kept = *static_cast<std::string*>(answer);
  kept.append(data, std::min(size * count, kKeptAnswer - std::min(kKeptAnswer, kept.size())));
  return size * count;
}

}  // namespace

struct Transfers::Transfer {
  Message message;
  Request request;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl{curl_easy_init(), curl_easy_cleanup};
  std::unique_ptr<curl_mime, decltype(&curl_mime_free)> form{nullptr, curl_mime_free};
  Lines headers{nullptr, curl_slist_free_all}, recipients{nullptr, curl_slist_free_all};
  std::string answer;
  std::size_t sent = 0;
  char error[CURL_ERROR_SIZE] = "";

  static std::size_t read(char* buffer, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    const std::size_t length = transfer.request.body.copy(buffer, size * count, transfer.sent);
    transfer.sent += length;
    return length;
  }

  // No redirect is followed: it would take the message, and what proves who we are, to somebody
  // else.
  void prepare(const Settings& settings) {
    require(curl != nullptr);
    CURL* handle = curl.get();
    set(handle, CURLOPT_URL, request.url.c_str());
    set(handle, CURLOPT_PRIVATE, this);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_ERRORBUFFER, error);
    set(handle, CURLOPT_TIMEOUT, static_cast<long>(settings.timeout));
    set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(std::min(settings.timeout, 10)));
    set(handle, CURLOPT_USERAGENT, "revenue-relay");
    set(handle, CURLOPT_WRITEFUNCTION, keep);
    set(handle, CURLOPT_WRITEDATA, &answer);
    if (!request.recipients.empty()) {
      prepare_mail(settings);
    } else if (!request.form.empty()) {
      prepare_form();
    } else {
      headers = lines(request.headers);
      set(handle, CURLOPT_HTTPHEADER, headers.get());
      set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    }
  }

  void prepare_form() {
    form.reset(curl_mime_init(curl.get()));
    require(form != nullptr);
    for (const auto& [name, value] : request.form) {
      curl_mimepart* part = curl_mime_addpart(form.get());
      require(part != nullptr && curl_mime_name(part, name.c_str()) == CURLE_OK &&
              curl_mime_data(part, value.data(), value.size()) == CURLE_OK);
      if (name == "document")
        require(curl_mime_filename(part, "message.txt") == CURLE_OK &&
                curl_mime_type(part, "text/plain; charset=utf-8") == CURLE_OK);
    }
    set(curl.get(), CURLOPT_MIMEPOST, form.get());
  }

  void prepare_mail(const Settings& settings) {
    CURL* handle = curl.get();
    recipients = lines(request.recipients);
    set(handle, CURLOPT_MAIL_FROM, request.sender.c_str());
    set(handle, CURLOPT_MAIL_RCPT, recipients.get());
    set(handle, CURLOPT_USE_SSL,
        static_cast<long>(settings.smtp_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (!settings.smtp_user.empty()) {
      set(handle, CURLOPT_USERNAME, settings.smtp_user.c_str());
      set(handle, CURLOPT_PASSWORD, settings.smtp_password.c_str());
    }
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_READFUNCTION, read);
    set(handle, CURLOPT_READDATA, this);
  }
};

Transfers::Transfers(const Settings& settings)
    : settings_(settings), multi_(curl_multi_init(), curl_multi_cleanup) {
  require(multi_ != nullptr);
}

Transfers::~Transfers() {
  for (const Transfer& transfer : running_)
    curl_multi_remove_handle(multi_.get(), transfer.curl.get());
}

void Transfers::start(Message message) {
  const Destination& destination =
      settings_.destinations.at(
          destination_key(message.org_id, message.channel, message.destination));
  Request request = make_request(message, destination, settings_, std::time(nullptr));
  Transfer& transfer = running_.emplace_back();
  transfer.message = std::move(message);
  transfer.request = std::move(request);
  try {
    transfer.prepare(settings_);
    require(curl_multi_add_handle(multi_.get(), transfer.curl.get()) == CURLM_OK);
  } catch (...) {
    running_.pop_back();
    throw;
  }
}

Delivery Transfers::finish(std::list<Transfer>::iterator transfer, CURLcode result) {
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(transfer->curl.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer->curl.get(), CURLINFO_RETRY_AFTER, &retry_after);
  std::string error;
  if (result != CURLE_OK)
    error = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result);
  curl_multi_remove_handle(multi_.get(), transfer->curl.get());

  Delivery delivery;
  // Secrets go before the answer is cut: of half a one the rest would not be found.
  const Secrets& secrets = settings_.secrets;
  delivery.outcome = judge(transfer->message.channel, status, secrets.redact(error),
                           secrets.redact(transfer->answer), static_cast<long>(retry_after));
  delivery.message = std::move(transfer->message);
  delivery.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - transfer->began);
  running_.erase(transfer);
  return delivery;
}

std::vector<Delivery> Transfers::wait(std::span<curl_waitfd> descriptors,
                                      std::chrono::milliseconds timeout) {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  // What has ended already is not waited for.
  if (static_cast<std::size_t>(running) == running_.size())
    curl_multi_poll(multi_.get(), descriptors.data(), static_cast<unsigned>(descriptors.size()),
                    static_cast<int>(timeout.count()), nullptr);
  curl_multi_perform(multi_.get(), &running);

  std::vector<Delivery> ended;
  int left = 0;
  while (const CURLMsg* news = curl_multi_info_read(multi_.get(), &left)) {
    if (news->msg != CURLMSG_DONE) continue;
    const CURLcode result = news->data.result;
    const auto transfer = std::ranges::find(running_, news->easy_handle,
                                            [](const Transfer& t) { return t.curl.get(); });
    ended.push_back(finish(transfer, result));
  }
  return ended;
}

}  // namespace relay
