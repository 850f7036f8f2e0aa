// Functions that go wrong on purpose, at every depth where C++ and Postgres meet.

#include "core/foundation/eigen.hpp"
#include "core/foundation/poll.hpp"
#include "pg/aggregate.hpp"
#include "pg/function.hpp"
#include "pg/stored.hpp"

extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
PG_MODULE_MAGIC;
#pragma GCC diagnostic pop
PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void) { revenue::pg::guarded([] { revenue::pg::probe_numeric_layout(); }); }

namespace revenue {
namespace {

int live = 0;

struct Witness {
  Witness() { ++live; }
  ~Witness() { --live; }
};

int live_witnesses() { return live; }

int throw_from(std::string_view what, int depth) {
  Witness witness;
  if (depth > 0) return throw_from(what, depth - 1) + 1;
  if (what == "error")
    throw Error(ErrorCode::out_of_range, "the core's own error", "the core's hint", "the core's detail");
  if (what == "bad_alloc") throw std::bad_alloc();
  if (what == "std") throw std::runtime_error("a standard exception");
  if (what == "int") throw 42;
  if (what == "eigen") return static_cast<int>(Eigen::MatrixXd(2, 2)(2, 2));
  if (what == "long") throw Error(ErrorCode::invalid_argument, std::string(5000, 'x'), std::string(5000, 'y'));
  return 0;
}

int throw_error(std::string_view what, int depth) { return throw_from(what, depth); }

// A Postgres error below C++ frames that own something.
int server_error(int depth) {
  Witness witness;
  if (depth > 0) return server_error(depth - 1) + 1;
  return pg::call([] {
    return DatumGetInt32(DirectFunctionCall1(int4in, CStringGetDatum("not a number")));
  });
}

// C++ -> Postgres -> SPI -> SQL -> another C++ function that may throw -> all the way back.
int through_sql(std::string_view query) {
  Witness witness;
  const std::string sql(query);
  return pg::call([&sql] {
    SPI_connect();
    SPI_execute(sql.c_str(), true, 0);
    const int rows = static_cast<int>(SPI_processed);
    SPI_finish();
    return rows;
  });
}

int spin(double seconds, Poll poll) {
  Witness witness;
  const TimestampTz end = GetCurrentTimestamp() + static_cast<TimestampTz>(seconds * 1e6);
  int rounds = 0;
  while (GetCurrentTimestamp() < end) {
    ++rounds;
    poll();
  }
  return rounds > 0;
}

Money echo_money(Money money) { return money; }
std::string echo_text(std::string_view text) { return std::string(text); }
std::optional<double> echo_nullable(std::optional<double> value) { return value; }

struct Pair {
  std::int32_t number;
  std::optional<std::string> name;
  std::vector<std::string> tags;
};
REVENUE_FIELDS(Pair, number, name, tags)

std::vector<Pair> make_rows(int count, Poll poll) {
  Witness witness;
  std::vector<Pair> rows;
  for (int i = 1; i <= count; ++i) {
    rows.push_back({i, i % 2 ? std::optional("odd " + std::to_string(i)) : std::nullopt, {"a", std::to_string(i)}});
    poll();
  }
  return rows;
}

struct Inner {
  double rate = 0.5;
  Table table{{"Closed Won", 1.0}, {"proposal", 0.25}};
};
REVENUE_FIELDS(Inner, rate, table)

struct Options {
  double scale = 1.0;
  Inner inner;
};
REVENUE_FIELDS(Options, scale, inner)

struct Weighted {
  double value;
  std::optional<double> factor;
};
REVENUE_FIELDS(Weighted, value, factor)

Options show_options(const Options& options) { return options; }
double apply_options(const Weighted& weighted, const Options& options) {
  return weighted.value * weighted.factor.value_or(1.0) * options.scale;
}

// A state that grows, to prove that its memory is the aggregate's.
class Collected {
 public:
  explicit Collected(std::pmr::memory_resource* memory) : values_(memory) {}
  void add(double value) { values_.push_back(value); }
  void merge(const Collected& other) {
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }
  void serialize(Writer& writer) const {
    writer.put(values_.size());
    for (const double value : values_) writer.put(value);
  }
  void deserialize(Reader& reader) {
    for (auto left = reader.get<std::size_t>(); left > 0; --left) add(reader.get<double>());
  }
  double result() const {
    double sum = 0;
    for (const double value : values_) sum += value;
    return sum;
  }

 private:
  std::pmr::vector<double> values_;
};

// A value that columns keep. Its reader refuses what is not in order.
struct Numbers {
  static constexpr const char* kSqlName = "public.numbers";
  std::vector<double> values;

  void serialize(Writer& writer) const {
    writer.put(values.size());
    writer.put_all(std::span(values));
  }
  static Numbers deserialize(Reader& reader) {
    Numbers numbers{reader.get_all<double>(reader.get<std::size_t>())};
    if (!std::is_sorted(numbers.values.begin(), numbers.values.end())) Reader::malformed();
    return numbers;
  }
};

Numbers make_numbers(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {std::move(values)};
}
double sum_numbers(const Numbers& numbers) {
  double sum = 0;
  for (const double value : numbers.values) sum += value;
  return sum;
}
std::vector<double> list_numbers(const Numbers& numbers) { return numbers.values; }
std::vector<std::int64_t> echo_bigints(std::vector<std::int64_t> values) { return values; }
std::vector<Date> echo_dates(std::vector<Date> values) { return values; }
std::vector<std::string> echo_texts(std::vector<std::string> values) { return values; }

// A struct with a row type of its own.
struct Point {
  static constexpr const char* kSqlName = "public.point_row";
  Date day;
  std::optional<std::string> label;
  Money amount;
};
REVENUE_FIELDS(Point, day, label, amount)

std::vector<Point> echo_points(std::vector<Point> points) { return points; }

}  // namespace

template <>
struct pg::FromJson<Options> {
  static const Options& absent() {
    static const Options built_in;
    return built_in;
  }
  static Options parse(JsonbContainer* json) {
    Options options;
    pg::read_fields(json, options, "");
    return options;
  }
};

}  // namespace revenue

PG_FUNCTION(live_witnesses, &revenue::live_witnesses);
PG_FUNCTION(throw_error, &revenue::throw_error);
PG_FUNCTION(server_error, &revenue::server_error);
PG_FUNCTION(through_sql, &revenue::through_sql);
PG_FUNCTION(spin, &revenue::spin);
PG_FUNCTION(echo_money, &revenue::echo_money);
PG_FUNCTION(echo_text, &revenue::echo_text);
PG_FUNCTION(echo_nullable, &revenue::echo_nullable);
PG_FUNCTION(make_rows, &revenue::make_rows);
PG_FUNCTION(show_options, &revenue::show_options);
PG_FUNCTION(apply_options, &revenue::apply_options);
PG_AGGREGATE(collected, revenue::Collected);
PG_STORED_TYPE(numbers, revenue::Numbers);
PG_FUNCTION(make_numbers, &revenue::make_numbers);
PG_FUNCTION(sum_numbers, &revenue::sum_numbers);
PG_FUNCTION(list_numbers, &revenue::list_numbers);
PG_FUNCTION(echo_bigints, &revenue::echo_bigints);
PG_FUNCTION(echo_dates, &revenue::echo_dates);
PG_FUNCTION(echo_texts, &revenue::echo_texts);
PG_FUNCTION(echo_points, &revenue::echo_points);
