#include "core/recurring/movement_lines.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <tuple>

namespace revenue::recurring {
namespace {

using Item = MovementLines::Item;
using Status = MovementLines::Status;
using Text = MovementLines::Text;

constexpr std::uint32_t kNoText = std::numeric_limits<std::uint32_t>::max();

// A JSON string, escaped: an aggregate takes any text for a currency.
std::string json_string(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      json.append({'\\', c});
    else if (static_cast<unsigned char>(c) < 0x20)
      json.append("\\u00").append({kHex[static_cast<std::size_t>(c) >> 4], kHex[c & 15]});
    else
      json += c;
  }
  return json + '"';
}

constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kFirstDay = -730'119;  // 0001-01-01
constexpr std::int32_t kLastDay = 2'921'939;  // 9999-12-31
constexpr std::array<std::string_view, 5> kStatuses{"active", "trial", "paused", "past_due",
                                                    "incomplete"};

enum class Reason : std::uint8_t {
  added,
  currency,
  discount,
  free,
  past_due,
  pause,
  plan,
  price,
  product,
  removed,
  seats,
  trial
};
constexpr std::array<const char*, 12> kReasons{"added",    "currency", "discount", "free",
                                               "past_due", "pause",    "plan",     "price",
                                               "product",  "removed",  "seats",    "trial"};

// What an item is worth from one day to another, under the policies.
struct Piece {
  const Item* item;
  std::int32_t from, to;
  std::int64_t amount;
  Status status;
  bool counts;  // as a customer's, though the amount may be 0
};

struct Line {
  std::int32_t day;
  std::string_view product;
  bool has_product;
  std::string_view currency;
  Reason reason;
  std::int64_t amount;
  std::int32_t free_items;  // how many more items are held at a price of 0

  auto key() const { return std::tuple(day, has_product, product, currency, reason); }
};

struct CurrencyTotal {
  std::string_view currency;
  std::int64_t total;
  std::int64_t change;
};

struct Day {
  std::int32_t day;
  std::size_t first, last;  // of its lines
  bool paid_before, pays_after;
  bool free_after;
};

std::int64_t sum(std::int64_t a, std::int64_t b) {
  return add(Money{a}, Money{b}).micros;
}

std::int64_t share(std::int64_t amount, std::int64_t part, std::int64_t whole) {
  return multiply_ratio(Money{amount}, part, whole).micros;
}

class Sweep {
 public:
  Sweep(std::string_view text, std::span<const Item> items, const Policies& policies, Poll poll)
      : text_(text), items_(items), policies_(policies), poll_(poll), sometimes_(poll) {}

  std::vector<MovementLine> run() {
    std::vector<const Item*> order;
    order.reserve(items_.size());
    for (const Item& item : items_) order.push_back(&item);
    const auto slot = [this](const Item* item) {
      return std::pair(view(item->subscription), view(item->item));
    };
    polled_sort(order, poll_, [&slot](const Item* a, const Item* b) {
      return std::tuple(slot(a), a->valid_from, a->valid_to) <
             std::tuple(slot(b), b->valid_from, b->valid_to);
    });
    for (auto first = order.begin(); first != order.end();) {
      sometimes_();
      const auto last = std::find_if(first, order.end(),
                                     [&](const Item* item) { return slot(item) != slot(*first); });
      sweep_slot({first, last});
      first = last;
    }
    settle();
    bridge_gaps();
    return classified();
  }

 private:
  std::string_view view(Text text) const {
    return text.size == kNoText ? std::string_view() : text_.substr(text.begin, text.size);
  }

  std::int64_t amount_of(const Item& item) const {
    switch (policies_.discounts) {
      case Discounts::all:
        return item.mrr;
      case Discounts::recurring:
        return item.temporary_discount ? item.list_mrr : item.mrr;
      case Discounts::none:
        return item.list_mrr;
    }
    return item.mrr;
  }

  void add_piece(const Item& item, std::int32_t from, std::int32_t to, bool counts) {
    if (from < to)
      pieces_.push_back({&item, from, to, counts ? amount_of(item) : 0, item.status, counts});
  }

  void sweep_slot(std::span<const Item* const> periods) {
    pieces_.clear();
    std::int32_t past_due_since = kNever;
    std::int32_t ended = kNever;
    for (std::size_t i = 0; i < periods.size(); ++i) {
      const Item& item = *periods[i];
      std::int32_t to = item.valid_to;
      if (i + 1 < periods.size()) to = std::min(to, periods[i + 1]->valid_from);
      if (policies_.churn_on_cancel_date && item.cancelled_on > item.valid_from)
        to = std::min(to, item.cancelled_on);
      const bool still_past_due =
          i > 0 && periods[i - 1]->status == Status::past_due && ended == item.valid_from;
      if (!still_past_due) past_due_since = item.valid_from;
      ended = to;
      switch (item.status) {
        case Status::active:
          add_piece(item, item.valid_from, to, true);
          break;
        case Status::trial:
          add_piece(item, item.valid_from, to, policies_.trial_included);
          break;
        case Status::paused:
          add_piece(item, item.valid_from, to, policies_.paused_unchanged);
          break;
        case Status::incomplete:
          add_piece(item, item.valid_from, to, false);
          break;
        case Status::past_due: {
          const std::int64_t grace_ends =
              std::int64_t{past_due_since} + policies_.past_due_grace_days;
          const auto until =
              static_cast<std::int32_t>(std::clamp<std::int64_t>(grace_ends, item.valid_from, to));
          add_piece(item, item.valid_from, until, true);
          add_piece(item, until, to, false);
          break;
        }
      }
    }
    const Piece* before = nullptr;
    for (const Piece& piece : pieces_) {
      if (before != nullptr && before->to != piece.from) {
        change(before->to, before, nullptr);
        before = nullptr;
      }
      change(piece.from, before, &piece);
      before = &piece;
    }
    if (before != nullptr && before->to != kNever) change(before->to, before, nullptr);
  }

  void put(std::int32_t day, const Item& item, Reason reason, std::int64_t amount,
           std::int32_t free_items = 0) {
    if (amount == 0 && free_items == 0) return;
    lines_.push_back({day, view(item.product), item.product.size != kNoText, view(item.currency),
                      reason, amount, free_items});
  }

  static bool is_free(const Piece* piece) {
    return piece != nullptr && piece->counts && piece->amount == 0;
  }

  // Why a piece is worth nothing, or why it was.
  static Reason idle_reason(const Piece& piece, Reason otherwise) {
    switch (piece.status) {
      case Status::active:
        return Reason::free;
      case Status::trial:
        return Reason::trial;
      case Status::paused:
        return Reason::pause;
      case Status::past_due:
        return Reason::past_due;
      case Status::incomplete:
        return otherwise;
    }
    return otherwise;
  }

  void change(std::int32_t day, const Piece* before, const Piece* after) {
    const std::int64_t p = before != nullptr ? before->amount : 0;
    const std::int64_t c = after != nullptr ? after->amount : 0;
    const std::int32_t free_items = is_free(after) - is_free(before);
    if (free_items != 0)
      put(day, *(after != nullptr ? after : before)->item, Reason::free, 0, free_items);
    if (p == 0) {
      if (c != 0)
        put(day, *after->item,
            before == nullptr ? Reason::added : idle_reason(*before, Reason::added), c);
    } else if (c == 0) {
      put(day, *before->item,
          after == nullptr ? Reason::removed : idle_reason(*after, Reason::removed), -p);
    } else {
      const Item& was = *before->item;
      const Item& is = *after->item;
      const bool same_product =
          was.product.size == kNoText
              ? is.product.size == kNoText
              : is.product.size != kNoText && view(was.product) == view(is.product);
      if (!same_product || view(was.currency) != view(is.currency)) {
        const Reason reason = same_product ? Reason::currency : Reason::product;
        put(day, was, reason, -p);
        put(day, is, reason, c);
      } else if (view(was.plan) != view(is.plan)) {
        put(day, is, Reason::plan, c - p);
      } else {
        reprice(day, *before, *after);
      }
    }
  }

  // One thing that changed has all of the difference; of several each has what it makes after the
  // ones before it: seats at the old price and discount, the price at the old discount, the
  // discount.
  void reprice(std::int32_t day, const Piece& before, const Piece& after) {
    const Item& was = *before.item;
    const Item& is = *after.item;
    const bool seats = was.quantity != is.quantity;
    const bool price = was.unit_price != is.unit_price || was.billing_count != is.billing_count ||
                       view(was.billing) != view(is.billing);
    const bool discount = was.discount_pct != is.discount_pct ||
                          was.discount_amount != is.discount_amount ||
                          was.temporary_discount != is.temporary_discount;
    std::int64_t rest = after.amount - before.amount;
    std::int64_t reached = before.amount;
    const auto take = [&](Reason reason, std::int64_t now) {
      put(day, is, reason, now - reached);
      rest -= now - reached;
      reached = now;
    };
    if (seats && (price || discount) && was.quantity > 0)
      take(Reason::seats, share(before.amount, is.quantity, was.quantity));
    if (price && discount && was.list_mrr > 0)
      take(Reason::price, share(is.list_mrr, before.amount, was.list_mrr));
    put(day, is,
        discount          ? Reason::discount
        : price || !seats ? Reason::price
                          : Reason::seats,
        rest);
  }

  // One line for each key; what nets to nothing for a product and currency did not happen.
  void settle() {
    polled_sort(lines_, poll_, [](const Line& a, const Line& b) { return a.key() < b.key(); });
    std::vector<Line> kept;
    kept.reserve(lines_.size());
    for (std::size_t i = 0; i < lines_.size();) {
      const auto same_day_product = [&](const Line& line) {
        return std::tuple(line.day, line.has_product, line.product, line.currency) ==
               std::tuple(lines_[i].day, lines_[i].has_product, lines_[i].product,
                          lines_[i].currency);
      };
      const std::size_t start = kept.size();
      std::int64_t net = 0;
      std::int32_t free_items = 0;
      std::size_t j = i;
      for (; j < lines_.size() && same_day_product(lines_[j]); ++j) {
        sometimes_();
        net = sum(net, lines_[j].amount);
        free_items += lines_[j].free_items;
        if (kept.size() > start && kept.back().reason == lines_[j].reason) {
          kept.back().amount = sum(kept.back().amount, lines_[j].amount);
          kept.back().free_items += lines_[j].free_items;
        } else {
          kept.push_back(lines_[j]);
        }
      }
      if (net == 0) {
        kept.resize(start);
        if (free_items != 0) {
          kept.push_back(lines_[i]);
          kept.back().amount = 0;
          kept.back().reason = Reason::free;
          kept.back().free_items = free_items;
        }
      }
      i = j;
    }
    lines_ = std::move(kept);
    read_days();
  }

  void read_days() {
    days_.clear();
    totals_.clear();
    std::int32_t free_items = 0;
    for (std::size_t i = 0; i < lines_.size();) {
      Day day{lines_[i].day, i, i, pays(), false, false};
      for (; day.last < lines_.size() && lines_[day.last].day == day.day; ++day.last) {
        sometimes_();
        CurrencyTotal& total = total_of(lines_[day.last].currency);
        total.total = sum(total.total, lines_[day.last].amount);
        free_items += lines_[day.last].free_items;
      }
      day.pays_after = pays();
      day.free_after = free_items > 0;
      days_.push_back(day);
      i = day.last;
    }
  }

  bool pays() const {
    return std::any_of(totals_.begin(), totals_.end(),
                       [](const CurrencyTotal& total) { return total.total != 0; });
  }

  CurrencyTotal& total_of(std::string_view currency) {
    for (CurrencyTotal& total : totals_)
      if (total.currency == currency) return total;
    return totals_.emplace_back(CurrencyTotal{currency, 0, 0});
  }

  // What ends in a short gap is put off to the day on which the customer is back.
  void bridge_gaps() {
    if (policies_.reactivation_gap_days == 0) return;
    bool moved = false;
    for (std::size_t lost = 0; lost < days_.size(); ++lost) {
      if (!days_[lost].paid_before || days_[lost].pays_after) continue;
      std::size_t back = lost + 1;
      while (back < days_.size() && !days_[back].pays_after) ++back;
      if (back == days_.size() ||
          std::int64_t{days_[back].day} - days_[lost].day > policies_.reactivation_gap_days)
        continue;
      for (std::size_t line = days_[lost].first; line < days_[back].first; ++line)
        lines_[line].day = days_[back].day;
      moved = true;
    }
    if (moved) settle();
  }

  // The kind of a day; nothing where currencies were exchanged, so that it takes rates to say.
  std::optional<const char*> kind_of(const Day& day, bool is_customer, bool paid_ever,
                                     std::int32_t lost_on) {
    if (!day.pays_after) {
      if (!is_customer) return std::nullopt;
      return policies_.free_is_active && day.free_after ? "contraction" : "churn";
    }
    if (!day.paid_before && !is_customer) {
      const bool returns =
          paid_ever && (!policies_.reactivation_within_days ||
                        std::int64_t{day.day} - lost_on <= *policies_.reactivation_within_days);
      return returns ? "reactivation" : "new";
    }
    bool up = false;
    bool down = false;
    for (const CurrencyTotal& total : totals_) {
      up = up || total.change > 0;
      down = down || total.change < 0;
    }
    if (up && down) return std::nullopt;
    return up ? "expansion" : down ? "contraction" : "swap";
  }

  std::string exchanged() const {
    std::string json;
    for (const CurrencyTotal& total : totals_)
      if (total.change != 0)
        json.append(json.empty() ? "{" : ", ")
            .append(json_string(total.currency))
            .append(": ")
            .append(std::to_string(total.change));
    return json + "}";
  }

  // The day on which a customer who is new on `first` is lost again within the month; its index, or
  // nothing.
  std::optional<std::size_t> lost_at_once(std::size_t first) const {
    for (std::size_t i = first + 1; i < days_.size(); ++i) {
      if (month_of({days_[i].day}) != month_of({days_[first].day})) return std::nullopt;
      if (!days_[i].pays_after) return i;
    }
    return std::nullopt;
  }

  std::vector<MovementLine> classified() {
    std::vector<MovementLine> out;
    out.reserve(lines_.size());
    bool is_customer = false;
    bool paid_ever = false;
    std::int32_t lost_on = 0;
    totals_.clear();
    for (std::size_t i = 0; i < days_.size(); ++i) {
      const Day& day = days_[i];
      if (policies_.same_period_dropped && !is_customer && !paid_ever && day.pays_after) {
        if (const auto lost = lost_at_once(i)) {
          i = *lost;
          continue;
        }
      }
      for (CurrencyTotal& total : totals_) total.change = 0;
      for (std::size_t line = day.first; line < day.last; ++line) {
        sometimes_();
        CurrencyTotal& total = total_of(lines_[line].currency);
        total.change = sum(total.change, lines_[line].amount);
      }
      const bool stays_out = !is_customer && !day.pays_after;
      if (stays_out) continue;
      const auto kind = kind_of(day, is_customer, paid_ever, lost_on);
      const bool leaves = !day.pays_after && !(policies_.free_is_active && day.free_after);
      const bool idle = day.pays_after == day.paid_before && !day.pays_after && !leaves;
      if (!idle) put_day(day, kind, !day.pays_after && day.free_after, out);
      if (leaves) lost_on = day.day;
      is_customer = !leaves;
      paid_ever = true;
    }
    return out;
  }

  void put_day(const Day& day, std::optional<const char*> kind, bool free,
               std::vector<MovementLine>& out) const {
    const std::size_t start = out.size();
    for (std::size_t i = day.first; i < day.last; ++i) {
      const Line& line = lines_[i];
      if (line.amount == 0) continue;
      const Reason reason = !kind                                    ? Reason::currency
                            : free && line.reason == Reason::removed ? Reason::free
                                                                     : line.reason;
      if (out.size() > start && out.back().currency == line.currency &&
          out.back().reason == kReasons[static_cast<std::size_t>(reason)] &&
          out.back().product_id.has_value() == line.has_product &&
          (!line.has_product || *out.back().product_id == line.product)) {
        out.back().amount.micros = sum(out.back().amount.micros, line.amount);
        continue;
      }
      put_line(day, kind, reason, line, out);
    }
    // A customer at a price of 0 who leaves is a movement of nothing.
    if (out.size() == start && kind && *kind == std::string_view("churn"))
      put_line(day, kind, Reason::removed, lines_[day.first], out);
    if (out.size() == start) return;
    out[start].movements = 1;
    if (!kind) {
      const std::string change = exchanged();
      for (std::size_t i = start; i < out.size(); ++i) out[i].exchanged = change;
    }
  }

  static void put_line(const Day& day, std::optional<const char*> kind, Reason reason,
                       const Line& line, std::vector<MovementLine>& out) {
    MovementLine& put = out.emplace_back();
    put.valid_day = {day.day};
    if (kind) put.kind = *kind;
    put.reason = kReasons[static_cast<std::size_t>(reason)];
    if (line.has_product) put.product_id = std::string(line.product);
    put.currency = std::string(line.currency);
    put.amount = {line.amount};
  }

  std::string_view text_;
  std::span<const Item> items_;
  const Policies& policies_;
  Poll poll_;
  PollSometimes<1024> sometimes_;
  std::vector<Piece> pieces_;
  std::vector<Line> lines_;
  std::vector<Day> days_;
  std::vector<CurrencyTotal> totals_;
};

bool is_period(std::int32_t from, std::int32_t to) {
  return from >= kFirstDay && from <= kLastDay && (to <= kLastDay || to == kNever);
}

Status status_named(std::string_view name) {
  const auto found = std::find(kStatuses.begin(), kStatuses.end(), name);
  if (found == kStatuses.end())
    throw Error(ErrorCode::invalid_argument, "unknown status \"" + std::string(name) + "\"",
                "A status is active, trial, paused, past_due or incomplete.");
  return static_cast<Status>(found - kStatuses.begin());
}

}  // namespace

Text MovementLines::keep(std::optional<std::string_view> text) {
  if (!text) return {0, kNoText};
  if (text_.size() + text->size() >= kNoText)
    throw Error(ErrorCode::out_of_range, "the texts of a customer are too long",
                "Use shorter ids.");
  const Text kept{static_cast<std::uint32_t>(text_.size()),
                  static_cast<std::uint32_t>(text->size())};
  text_.append(*text);
  return kept;
}

void MovementLines::add(const ItemPeriod& period, const Policies& policies) {
  if (period.valid_to <= period.valid_from ||
      !is_period(period.valid_from.days, period.valid_to.days))
    throw Error(ErrorCode::invalid_argument,
                "a period must begin on a day of the years 1 to 9999 and end after it",
                "valid_to is the day after the last; infinity leaves it open.");
  const Status status = status_named(period.status);
  if (period.discount_kind != "recurring" && period.discount_kind != "temporary")
    throw Error(ErrorCode::invalid_argument,
                "unknown discount_kind \"" + std::string(period.discount_kind) + "\"",
                "A discount is recurring or temporary.");
  if (period.mrr.micros < 0 || period.list_mrr.micros < 0 || period.quantity.micros < 0)
    throw Error(ErrorCode::invalid_argument, "an item is not worth less than nothing",
                "Quantity, list_mrr and mrr are 0 or more; credits never change MRR.");
  if (items_.empty()) {  // what most customers need
    items_.reserve(8);
    text_.reserve(256);
  }
  policies_ = policies;
  items_.push_back({keep(period.subscription_id),
                    keep(period.item_id),
                    keep(period.product_id),
                    keep(period.plan),
                    keep(period.currency),
                    keep(period.billing_period),
                    period.valid_from.days,
                    period.valid_to.days,
                    period.cancelled_on ? period.cancelled_on->days : kNever,
                    period.billing_count,
                    period.quantity.micros,
                    period.unit_price.micros,
                    period.discount_amount.micros,
                    period.list_mrr.micros,
                    period.mrr.micros,
                    period.discount_pct,
                    status,
                    period.discount_kind == "temporary",
                    {}});
}

void MovementLines::merge(const MovementLines& other) {
  if (other.items_.empty()) return;
  if (text_.size() + other.text_.size() >= kNoText)
    throw Error(ErrorCode::out_of_range, "the texts of a customer are too long",
                "Use shorter ids.");
  const auto shift = static_cast<std::uint32_t>(text_.size());
  const std::size_t size = other.items_.size();
  for (std::size_t i = 0; i < size; ++i) {
    Item item = other.items_[i];
    for (Text* text :
         {&item.subscription, &item.item, &item.product, &item.plan, &item.currency, &item.billing})
      if (text->size != kNoText) text->begin += shift;
    items_.push_back(item);
  }
  text_.append(other.text_);
  policies_ = other.policies_;
}

void MovementLines::serialize(Writer& writer) const {
  writer.put(policies_.discounts);
  for (const bool flag :
       {policies_.churn_on_cancel_date, policies_.same_period_dropped, policies_.paused_unchanged,
        policies_.trial_included, policies_.free_is_active})
    writer.put(static_cast<std::uint8_t>(flag));
  writer.put(policies_.reactivation_within_days.value_or(-1));
  writer.put(policies_.reactivation_gap_days);
  writer.put(policies_.past_due_grace_days);
  writer.put(static_cast<std::uint64_t>(text_.size()));
  writer.put_all(std::span<const char>(text_));
  writer.put(static_cast<std::uint64_t>(items_.size()));
  for (const Item& item : items_) writer.put(item);
}

void MovementLines::deserialize(Reader& reader) {
  const auto flag = [&reader] {
    const auto value = reader.get<std::uint8_t>();
    if (value > 1) Reader::malformed();
    return value == 1;
  };
  const auto days = [&reader](std::int32_t least) {
    const auto value = reader.get<std::int32_t>();
    if (value < least) Reader::malformed();
    return value;
  };
  const auto discounts = reader.get<std::uint8_t>();
  if (discounts > static_cast<std::uint8_t>(Discounts::none)) Reader::malformed();
  policies_.discounts = static_cast<Discounts>(discounts);
  policies_.churn_on_cancel_date = flag();
  policies_.same_period_dropped = flag();
  policies_.paused_unchanged = flag();
  policies_.trial_included = flag();
  policies_.free_is_active = flag();
  const std::int32_t within = days(-1);
  if (within >= 0) policies_.reactivation_within_days = within;
  policies_.reactivation_gap_days = days(0);
  policies_.past_due_grace_days = days(0);
  for (auto left = reader.get<std::uint64_t>(); left > 0; --left)
    text_.push_back(reader.get<char>());
  for (auto left = reader.get<std::uint64_t>(); left > 0; --left) {
    Item item;
    const auto status = reader.get<std::array<std::byte, sizeof(Item)>>();
    if (status[offsetof(Item, status)] > static_cast<std::byte>(Status::incomplete) ||
        status[offsetof(Item, temporary_discount)] > std::byte{1})
      Reader::malformed();
    std::memcpy(&item, status.data(), sizeof item);
    for (const Text text :
         {item.subscription, item.item, item.product, item.plan, item.currency, item.billing})
      if (text.size != kNoText &&
          (text.begin > text_.size() || text.size > text_.size() - text.begin))
        Reader::malformed();
    if (item.valid_to <= item.valid_from || !is_period(item.valid_from, item.valid_to) ||
        item.mrr < 0 || item.list_mrr < 0 || item.quantity < 0)
      Reader::malformed();
    items_.push_back(item);
  }
}

std::vector<MovementLine> MovementLines::result(Poll poll) const {
  return Sweep(text_, items_, policies_, poll).run();
}

std::vector<MovementLine> restatement(std::vector<MovementLine> current,
                                      std::vector<MovementLine> recorded, Poll poll) {
  if (recorded.empty()) return current;
  const auto negative = [](Money amount) { return multiply_ratio(amount, -1); };
  const auto count = [](std::int64_t movements) {
    if (movements != static_cast<std::int32_t>(movements))
      throw Error(ErrorCode::out_of_range, "too many movements",
                  "A day of a customer is one movement.");
    return static_cast<std::int32_t>(movements);
  };
  const auto place = [](const MovementLine& line) {
    return std::tie(line.valid_day, line.reason, line.product_id, line.currency);
  };
  PollSometimes<1024> sometimes(poll);
  polled_sort(recorded, poll, [&place](const MovementLine& a, const MovementLine& b) {
    return std::tuple(place(a), std::tie(a.kind)) < std::tuple(place(b), std::tie(b.kind));
  });
  std::vector<MovementLine> believed;
  for (MovementLine& line : recorded) {
    if (!believed.empty() && place(believed.back()) == place(line) &&
        believed.back().kind == line.kind) {
      believed.back().amount = add(believed.back().amount, line.amount);
      believed.back().movements = count(std::int64_t{believed.back().movements} + line.movements);
    } else {
      believed.push_back(std::move(line));
    }
  }
  std::erase_if(believed, [](const MovementLine& line) {
    return line.amount == Money{} && line.movements == 0;
  });

  // The believed line that a line is, or would correct; nothing where there is none left.
  std::vector<bool> matched(believed.size(), false);
  const auto believed_for = [&](const MovementLine& line) -> std::optional<std::size_t> {
    sometimes();
    auto found = std::lower_bound(
        believed.begin(), believed.end(), line,
        [&place](const MovementLine& a, const MovementLine& b) { return place(a) < place(b); });
    for (; found != believed.end() && place(*found) == place(line); ++found) {
      const auto index = static_cast<std::size_t>(found - believed.begin());
      if (!matched[index] && (!line.kind || found->kind == line.kind)) return index;
    }
    return std::nullopt;
  };
  // What an exchange was worth is judged once, and anew where any part of it changed.
  for (auto first = current.begin(); first != current.end();) {
    const auto last = std::find_if(first, current.end(), [first](const MovementLine& line) {
      return line.valid_day != first->valid_day;
    });
    const bool unchanged = std::all_of(first, last, [&](const MovementLine& line) {
      const auto index = believed_for(line);
      return !line.kind && index && believed[*index].amount == line.amount &&
             believed[*index].movements == line.movements;
    });
    if (unchanged)
      for (auto line = first; line != last; ++line)
        line->kind = believed[*believed_for(*line)].kind;
    first = last;
  }

  std::vector<MovementLine> missing;
  for (MovementLine& line : current) {
    const auto index = line.kind ? believed_for(line) : std::nullopt;
    if (!index) {
      missing.push_back(std::move(line));
      continue;
    }
    matched[*index] = true;
    line.amount = add(line.amount, negative(believed[*index].amount));
    line.movements = count(std::int64_t{line.movements} - believed[*index].movements);
    line.restates = true;
    if (line.amount != Money{} || line.movements != 0) missing.push_back(std::move(line));
  }
  for (std::size_t i = 0; i < believed.size(); ++i) {
    if (matched[i]) continue;
    believed[i].amount = negative(believed[i].amount);
    believed[i].movements = count(-std::int64_t{believed[i].movements});
    believed[i].restates = true;
    missing.push_back(std::move(believed[i]));
  }
  return missing;
}

}  // namespace revenue::recurring
