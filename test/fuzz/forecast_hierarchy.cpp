#include <cmath>
#include <memory_resource>
#include <vector>

#include "core/forecast/bookings.hpp"
#include "core/forecast/mrr.hpp"
#include "core/forecast/series_hierarchy.hpp"
#include "input.hpp"

/// Any bytes as a stored hierarchy and as the state that makes one: rejected as malformed, or a
/// value that forecasts and writes the same bytes again. Any numbers as the history of a forecast:
/// an error that is the caller's, or intervals that hold each other.

namespace revenue::forecast {
namespace {

std::string bytes_of(const auto& value) {
  Writer writer;
  value.serialize(writer);
  return writer.bytes();
}

SeriesHierarchyState small_state() {
  SeriesHierarchyState state(std::pmr::get_default_resource());
  for (const char* node : {"all", "a", "b"}) {
    Series series;
    series.season = 4;
    for (int t = 0; t < 12; ++t) series.values.push_back(10 + t % 4 + (*node == 'a' ? 5 : 0));
    const auto model = fit_series(std::move(series), {}, no_poll);
    state.add(node, std::string_view(node) == "all" ? std::nullopt : std::optional("all"), model);
  }
  return state;
}

// Few random bytes are a hierarchy: those of one, with some of them changed.
std::string changed(std::string bytes, fuzz::Input& input) {
  for (auto times = input.take<std::uint8_t>() % 8; times > 0; --times)
    bytes[input.take<std::uint16_t>() % bytes.size()] = input.take<char>();
  if (input.take<std::uint8_t>() % 8 == 0) bytes.resize(input.take<std::uint16_t>() % bytes.size());
  return bytes;
}

template <class Number>
std::vector<Number> numbers(fuzz::Input& input, std::size_t count) {
  std::vector<Number> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(input.take<std::uint8_t>() % 16 == 0
                         ? input.take<Number>()
                         : static_cast<Number>(input.take<std::int8_t>()));
  return result;
}

void check(const EnsembleForecast& forecast) {
  for (std::size_t i = 1; i < forecast.intervals.size(); ++i)
    fuzz::require(!(forecast.intervals[i].lower > forecast.intervals[i - 1].lower) &&
                  !(forecast.intervals[i].upper < forecast.intervals[i - 1].upper));
}

}  // namespace
}  // namespace revenue::forecast

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace revenue;
  using namespace revenue::forecast;
  fuzz::Input input(data, size);
  static const SeriesHierarchyState state = small_state();
  switch (input.take<std::uint8_t>() % 4) {
    case 0: {
      static const std::string good = bytes_of(state.result());
      const std::string bytes = changed(good, input);
      fuzz::succeeds([&] {
        Reader reader(std::as_bytes(std::span(bytes)));
        const SeriesHierarchy hierarchy = SeriesHierarchy::deserialize(reader);
        reader.expect_end();
        fuzz::require(bytes_of(hierarchy) == bytes);
        for (const char* method : {"mint", "bottom_up"})
          forecast_hierarchy(hierarchy, 2, {0.9}, method, no_poll);
      });
      break;
    }
    case 1: {
      static const std::string good = bytes_of(state);
      const std::string bytes = changed(good, input);
      fuzz::succeeds([&] {
        Reader reader(std::as_bytes(std::span(bytes)));
        SeriesHierarchyState read(std::pmr::get_default_resource());
        read.deserialize(reader);
        reader.expect_end();
        fuzz::require(bytes_of(read) == bytes);
        read.merge(state);
        read.result();
      });
      break;
    }
    case 2: {
      BookingsHistory history;
      history.months = input.take<std::uint8_t>() % 50;
      const std::size_t cells = input.take<std::uint8_t>() % 40;
      history.won_in = numbers<std::int32_t>(input, cells);
      history.created_in = numbers<std::int32_t>(input, cells);
      history.customer_since = numbers<std::int32_t>(input, cells);
      history.value = numbers<double>(input, cells);
      history.origin = numbers<std::int32_t>(input, 3);
      history.open_value = numbers<double>(input, 3);
      history.expected = numbers<double>(input, std::size_t{3} * kMostMonths);
      BookingsWindow window;
      window.last = 1 + input.take<std::uint8_t>() % 6;
      window.open_now = input.take<std::uint16_t>();
      window.expected_now = input.take<std::uint16_t>();
      fuzz::succeeds([&] {
        check(bookings_forecast(history, window, 5, "ensemble", {0.7, 0.95}));
      });
      break;
    }
    default: {
      MrrHistory history;
      const std::size_t months = input.take<std::uint8_t>() % 50;
      for (auto* values : {&history.closing, &history.gained, &history.reactivated,
                           &history.expanded, &history.contracted, &history.churned})
        *values = numbers<double>(input, months);
      history.pipeline = numbers<double>(input, months + 1);
      MrrWindow window;
      window.last = 1 + input.take<std::uint8_t>() % 6;
      window.current = input.take<std::uint16_t>();
      fuzz::succeeds([&] {
        check(mrr_forecast(history, window, "ensemble", {0.7, 0.95}).forecast);
      });
    }
  }
  return 0;
}
