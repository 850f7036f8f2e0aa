#include "core/recurring/mrr_ledger.hpp"

#include <algorithm>

#include "core/recurring/calendar.hpp"

namespace revenue::recurring {
namespace {

constexpr std::uint32_t kPollEvery = 4096;  // customers

// The flags of a step beside the days since the step before.
constexpr std::uint64_t kPresent = 1;
constexpr std::uint64_t kRevalued = 2;
constexpr int kFlags = 2;

constexpr std::size_t kMostNumberBytes = 10;

std::uint8_t* put_number(std::uint8_t* to, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) *to++ = static_cast<std::uint8_t>(number | 0x80);
  *to++ = static_cast<std::uint8_t>(number);
  return to;
}

// Small numbers of either sign become small ones without it: 0, -1, 1, -2 are 0, 1, 2, 3.
std::uint8_t* put_signed(std::uint8_t* to, std::int64_t number) {
  return put_number(
      to, (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63));
}

// A difference of any two amounts, which wraps and wraps back.
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t changed_by(std::int64_t a, std::int64_t by) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(by));
}

}  // namespace

void MrrLedger::append(std::string_view customer, std::span<const Step> steps) {
  const std::size_t size = bytes_.size();
  bytes_.resize(size + customer.size() + (2 + 3 * steps.size()) * kMostNumberBytes);
  std::uint8_t* to = put_number(bytes_.data() + size, customer.size());
  to = std::copy(customer.begin(), customer.end(), to);
  to = put_number(to, steps.size());
  Step before{.day = kFirstDay};
  for (const Step& step : steps) {
    const auto days = static_cast<std::uint64_t>(step.day.days - before.day.days);
    to = put_number(
        to, (days << kFlags) | (step.present ? kPresent : 0) | (step.fx != 0 ? kRevalued : 0));
    to = put_signed(to, difference(step.mrr, before.mrr));
    if (step.fx != 0) to = put_signed(to, step.fx);
    before = step;
  }
  bytes_.resize(static_cast<std::size_t>(to - bytes_.data()));
  widen(steps);
}

void MrrLedger::widen(std::span<const Step> steps) {
  if (steps.empty()) return;
  if (!changes_) changes_ = {steps.front().day, steps.back().day};
  changes_->first = std::min(changes_->first, steps.front().day);
  changes_->last = std::max(changes_->last, steps.back().day);
}

void MrrLedger::serialize(Writer& writer) const {
  writer.put(bytes_.size());
  writer.put_all(std::span(bytes_));
}

MrrLedger MrrLedger::deserialize(Reader& reader, Poll poll) {
  MrrLedger ledger;
  ledger.bytes_ = reader.get_all<std::uint8_t>(reader.get<std::size_t>());
  for (LedgerReader customers(ledger, poll); customers.next();) ledger.widen(customers.steps());
  return ledger;
}

std::uint64_t LedgerReader::number() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && next_ != end_; shift += 7) {
    const std::uint64_t byte = *next_++;
    value |= (byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  Reader::malformed();
}

std::int64_t LedgerReader::signed_number() {
  const std::uint64_t value = number();
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

bool LedgerReader::next() {
  if (next_ == end_) return false;
  if (until_poll_-- == 0) {
    poll_();
    until_poll_ = kPollEvery;
  }
  const std::uint64_t length = number();
  if (length > static_cast<std::uint64_t>(end_ - next_)) Reader::malformed();
  customer_ = {reinterpret_cast<const char*>(next_), length};
  next_ += length;
  std::uint64_t left = number();
  steps_.clear();
  for (Step step{.day = kFirstDay}; left > 0; --left) {
    const std::uint64_t head = number();
    const std::uint64_t days = head >> kFlags;
    if (days > static_cast<std::uint64_t>(kLastDay.days - step.day.days)) Reader::malformed();
    if (days == 0 && !steps_.empty()) Reader::malformed();
    step.day.days += static_cast<std::int32_t>(days);
    step.present = (head & kPresent) != 0;
    step.mrr = changed_by(step.mrr, signed_number());
    step.fx = (head & kRevalued) != 0 ? signed_number() : 0;
    steps_.push_back(step);
  }
  return true;
}

}  // namespace revenue::recurring
