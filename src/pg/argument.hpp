#pragma once

#include "core/foundation/poll.hpp"
#include "pg/json.hpp"
#include "pg/signature.hpp"

namespace revenue::pg {

/// Whether the call's argument is a literal, so that it cannot change during the query.
bool argument_is_constant(const FmgrInfo* function, int index);

/// A type that a jsonb argument configures: parsed once for each distinct value in a query.
/// Specialise with `static const T& absent()` (NULL) and `static T parse(JsonbContainer*)`.
template <class T>
struct FromJson;

template <class T>
concept Configured = requires(JsonbContainer* container) {
  { FromJson<T>::absent() } -> std::same_as<const T&>;
  { FromJson<T>::parse(container) } -> std::same_as<T>;
};

void describe_argument(Signature& signature, Oid type, bool nullable, std::string_view name);

/// How one C++ parameter is filled from SQL arguments starting at `index`; a struct takes one
/// argument for each of its fields, `Poll` takes none.
template <class Parameter>
struct Argument;

template <Value T>
struct Argument<T> {
  static constexpr int width = 1;
  static bool missing(FunctionCallInfo fcinfo, int index) { return fcinfo->args[index].isnull; }
  static T get(FunctionCallInfo fcinfo, int index) { return Codec<T>::get(fcinfo->args[index].value); }
  static void describe(Signature& signature, std::string_view name) {
    describe_argument(signature, Codec<T>::oid(), false, name);
  }
};

template <Value T>
struct Argument<std::optional<T>> {
  static constexpr int width = 1;
  static bool missing(FunctionCallInfo, int) { return false; }
  static std::optional<T> get(FunctionCallInfo fcinfo, int index) {
    if (fcinfo->args[index].isnull) return std::nullopt;
    return Codec<T>::get(fcinfo->args[index].value);
  }
  static void describe(Signature& signature, std::string_view name) {
    describe_argument(signature, Codec<T>::oid(), true, name);
  }
};

template <>
struct Argument<Poll> {
  static constexpr int width = 0;
  static bool missing(FunctionCallInfo, int) { return false; }
  static Poll get(FunctionCallInfo, int) { return &poll; }
  static void describe(Signature&, std::string_view) {}
};

template <class T>
  requires(Described<T> && !Configured<T>)
struct Argument<T> {
  static constexpr int width = [] {
    int fields = 0;
    T value{};
    visit_fields(value, [&](std::string_view, auto&) { ++fields; });
    return fields;
  }();
  static bool missing(FunctionCallInfo fcinfo, int index) {
    bool any = false;
    T value{};
    visit_fields(value, [&](std::string_view, auto& field) __attribute__((always_inline)) {
      any = any || Argument<std::remove_reference_t<decltype(field)>>::missing(fcinfo, index);
      ++index;
    });
    return any;
  }
  static T get(FunctionCallInfo fcinfo, int index) {
    T value{};
    visit_fields(value, [&](std::string_view, auto& field) __attribute__((always_inline)) {
      field = Argument<std::remove_reference_t<decltype(field)>>::get(fcinfo, index++);
    });
    return value;
  }
  static void describe(Signature& signature, std::string_view) {
    T value{};
    visit_fields(value, [&](std::string_view name, auto& field) {
      Argument<std::remove_reference_t<decltype(field)>>::describe(signature, name);
    });
  }
};

template <Configured T>
struct Argument<T> {
  static constexpr int width = 1;
  static bool missing(FunctionCallInfo, int) { return false; }
  static const T& get(FunctionCallInfo fcinfo, int index) {
    if (fcinfo->args[index].isnull) return FromJson<T>::absent();
    return Cache::of(fcinfo, index).find(fcinfo->args[index].value);
  }
  static void describe(Signature& signature, std::string_view name) {
    describe_argument(signature, JSONBOID, true, name);
  }

 private:
  // The parsed values of one call site. A column of weights holds a handful of distinct values, so
  // the last one is tried first; comparing the stored bytes avoids detoasting to compare.
  class Cache {
   public:
    static Cache& of(FunctionCallInfo fcinfo, int index) {
      if (fcinfo->flinfo->fn_extra == nullptr) {
        MemoryContext const context = fcinfo->flinfo->fn_mcxt;
        auto* cache = new (allocate(sizeof(Cache), context)) Cache;
        cache->constant_ = argument_is_constant(fcinfo->flinfo, index);
        auto* callback =
            static_cast<MemoryContextCallback*>(allocate(sizeof(MemoryContextCallback), context));
        callback->func = [](void* raw) { static_cast<Cache*>(raw)->~Cache(); };
        callback->arg = cache;
        MemoryContextRegisterResetCallback(context, callback);
        fcinfo->flinfo->fn_extra = cache;
      }
      return *static_cast<Cache*>(fcinfo->flinfo->fn_extra);
    }

    const T& find(Datum datum) {
      if (constant_ && last_) return last_->second;
      const auto* raw = reinterpret_cast<const char*>(DatumGetPointer(datum));
      const std::string_view stored(raw, VARSIZE_ANY(raw));
      if (last_ && last_->first == stored) return last_->second;
      for (auto& entry : entries_)
        if (entry->first == stored) return (last_ = entry.get())->second;
      if (entries_.size() == kMostEntries) {
        entries_.clear();
        last_ = nullptr;
      }
      Jsonb* jsonb = call([datum] { return DatumGetJsonbP(datum); });
      entries_.push_back(std::make_unique<Entry>(std::string(stored), FromJson<T>::parse(&jsonb->root)));
      return (last_ = entries_.back().get())->second;
    }

   private:
    using Entry = std::pair<std::string, T>;
    static constexpr std::size_t kMostEntries = 64;
    std::vector<std::unique_ptr<Entry>> entries_;
    Entry* last_ = nullptr;
    bool constant_ = false;
  };
};

template <class Parameter>
using ArgumentFor = Argument<std::remove_cvref_t<Parameter>>;

}  // namespace revenue::pg
