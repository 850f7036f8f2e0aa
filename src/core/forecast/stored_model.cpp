#include <algorithm>
#include <cmath>
#include <span>

#include "core/forecast/series_model.hpp"

namespace revenue::forecast {

namespace {

void put_calendar(Writer& writer, const Calendar& calendar) {
  writer.put(static_cast<std::uint8_t>(calendar.period));
  writer.put(calendar.phase);
  writer.put(calendar.position);
  writer.put(calendar.time);
}

Calendar get_calendar(Reader& reader) {
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  Calendar calendar;
  const auto period = reader.get<std::uint8_t>();
  if (period > static_cast<std::uint8_t>(Period::year)) Reader::malformed();
  calendar.period = static_cast<Period>(period);
  calendar.phase = reader.get<std::int32_t>();
  calendar.position = reader.get<std::int32_t>();
  calendar.time = reader.get<std::int64_t>();
  if (calendar.phase < 0 || calendar.phase > 11 || calendar.position < 0 || calendar.position > Calendar::kLastDay ||
      calendar.time < 0 || calendar.time >= kMicrosPerDay)
    Reader::malformed();
  return calendar;
}

bool get_flag(Reader& reader) {
  const auto flag = reader.get<std::uint8_t>();
  if (flag > 1) Reader::malformed();
  return flag == 1;
}

constexpr std::int32_t kMostSeasonLength = 1000;

}  // namespace

void SeriesModel::serialize(Writer& writer) const {
  put_calendar(writer, calendar);
  writer.put(first);
  writer.put(season);
  writer.put(static_cast<std::uint8_t>(per_workday));
  writer.put(static_cast<std::uint8_t>(method));
  writer.put(static_cast<std::uint32_t>(values.size()));
  writer.put_all(std::span(values));
  writer.put_all(std::span(fitted));
  effects.serialize(writer);
  mixture.serialize(writer);
  writer.put(unit);
  writer.put(scale);
  writer.put(static_cast<std::uint8_t>(non_negative));
  writer.put(drift);
  writer.put(record);
  writer.put(record_before);
  writer.put(static_cast<std::uint8_t>(scores.size()));
  writer.put_all(std::span(scores));
  writer.put(static_cast<std::uint8_t>(earlier_scores.size()));
  writer.put_all(std::span(earlier_scores));
  writer.put(static_cast<std::uint8_t>(notes.size()));
  for (const Note& note : notes) {
    writer.put(static_cast<std::uint8_t>(note.remark));
    writer.put(note.count);
  }
}

SeriesModel SeriesModel::deserialize(Reader& reader) {
  SeriesModel model;
  model.calendar = get_calendar(reader);
  model.first = reader.get<std::int64_t>();
  model.season = reader.get<std::int32_t>();
  model.per_workday = get_flag(reader);
  const auto method = reader.get<std::uint8_t>();
  const auto count = reader.get<std::uint32_t>();
  constexpr std::int64_t kFarthest = 200'000'000;  // days, or more, from 2000
  if (model.first < -kFarthest || model.first > kFarthest || model.season < 1 || model.season > kMostSeasonLength ||
      method > static_cast<std::uint8_t>(Method::adida) || count < 1 || count > kMostPeriods)
    Reader::malformed();
  model.method = static_cast<Method>(method);
  model.values = reader.get_all<double>(count);
  model.fitted = reader.get_all<double>(count);
  model.effects = DayEffects::deserialize(reader);
  model.mixture = Mixture::deserialize(reader);
  model.unit = reader.get<double>();
  model.scale = reader.get<double>();
  model.non_negative = get_flag(reader);
  model.drift = reader.get<double>();
  model.record = reader.get<double>();
  model.record_before = reader.get<double>();
  model.scores = reader.get_all<double>(reader.get<std::uint8_t>());
  model.earlier_scores = reader.get_all<double>(reader.get<std::uint8_t>());
  const auto notes = reader.get<std::uint8_t>();
  for (std::size_t i = 0; i < notes; ++i) {
    const auto remark = reader.get<std::uint8_t>();
    if (remark > static_cast<std::uint8_t>(Remark::per_workday)) Reader::malformed();
    model.notes.push_back({static_cast<Remark>(remark), reader.get<std::int64_t>()});
  }
  const auto known = [](double value) { return std::isfinite(value); };
  const auto a_score = [](double value) { return std::isfinite(value) && value >= 0; };
  const auto known_or_missing = [](double value) { return !std::isinf(value); };
  if (!(model.unit > 0) || !known(model.unit) || !(model.drift > 0) || !known(model.drift) || !(model.record > 0) || !known(model.record) ||
      !(model.record_before > 0) || !known(model.record_before) || !(model.scale >= 0) || !known(model.scale) ||
      !std::all_of(model.values.begin(), model.values.end(), known_or_missing) ||
      !std::any_of(model.values.begin(), model.values.end(), known) ||
      !std::all_of(model.fitted.begin(), model.fitted.end(), known_or_missing) ||
      !std::all_of(model.scores.begin(), model.scores.end(), a_score) ||
      !std::all_of(model.earlier_scores.begin(), model.earlier_scores.end(), a_score))
    Reader::malformed();
  return model;
}

}  // namespace revenue::forecast
