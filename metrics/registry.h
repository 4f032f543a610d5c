#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/catalog.h"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace metrics {

// Handles of one time series each: a pointer, copied freely, good as long as its Registry. Looking
// one up costs up to 1.4 µs, using it some 14 ns: resolve at negotiation and keep. Any thread. A
// handle that was never resolved does nothing.
class Counter {
 public:
  Counter() = default;
  void Add(double amount = 1);  // amount >= 0
  // For a total that is counted elsewhere: raises the counter to it, never lowers it. From a
  // collector only (one writer).
  void RaiseTo(double total);
  double Value() const;

 private:
  friend class Registry;
  explicit Counter(prometheus::Counter* series) : series_(series) {}
  prometheus::Counter* series_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void Set(double value);
  void Add(double amount = 1);  // may be negative
  double Value() const;

 private:
  friend class Registry;
  explicit Gauge(prometheus::Gauge* series) : series_(series) {}
  prometheus::Gauge* series_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void Observe(double seconds);
  uint64_t Count() const;  // observations so far

 private:
  friend class Registry;
  explicit Histogram(prometheus::Histogram* series) : series_(series) {}
  prometheus::Histogram* series_ = nullptr;
};

template <Kind kind>
struct HandleOf;
template <>
struct HandleOf<Kind::kCounter> {
  using Type = Counter;
};
template <>
struct HandleOf<Kind::kGauge> {
  using Type = Gauge;
};
template <>
struct HandleOf<Kind::kHistogram> {
  using Type = Histogram;
};

// `value` if it is one of `known`, else "other": for label values that a peer chooses.
std::string BoundedLabel(std::string_view value, std::span<const std::string> known);

// Adds to a gauge while it lives: an association that is open, a move in progress.
class Presence {
 public:
  Presence() = default;
  explicit Presence(Gauge gauge) : gauge_(gauge) { gauge_.Add(1); }
  Presence(Presence&& other) noexcept : gauge_(std::exchange(other.gauge_, Gauge())) {}
  Presence& operator=(Presence&& other) noexcept {
    std::swap(gauge_, other.gauge_);
    return *this;
  }
  ~Presence() { gauge_.Add(-1); }

 private:
  Gauge gauge_;
};

// All time series of the process, one family for each entry of the catalogue. Owned by the app,
// outlives everything that counts. Any thread.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The handle of one time series, made if it is new; label values in the catalogue's order. The
  // kind and the number of labels are checked when this is compiled:
  //
  //   Counter ended = registry.Get<Id::kAssociationsTotal>("downstream", "VMSDBD", "released");
  template <Id id, class... Values>
  typename HandleOf<Of(id).kind>::Type Get(const Values&... values) {
    static_assert(sizeof...(Values) == LabelCount(Of(id).labels),
                  "as many values as the catalogue has labels for this metric");
    if constexpr (Of(id).kind == Kind::kCounter) {
      return Counter(FindCounter(id, {std::string_view(values)...}));
    } else if constexpr (Of(id).kind == Kind::kGauge) {
      return Gauge(FindGauge(id, {std::string_view(values)...}));
    } else {
      return Histogram(FindHistogram(id, {std::string_view(values)...}));
    }
  }

  // Sets every series of a gauge to 0: before a collector sets those of a new snapshot.
  template <Id id>
  void SetAllToZero() {
    static_assert(Of(id).kind == Kind::kGauge);
    ZeroFamily(id);
  }

  // Called by Serialize, before the series are read: for gauges that come from a snapshot. Called
  // on the thread that scrapes, one at a time; must not block for long.
  void AddCollector(std::function<void(Registry&)> collector);

  // Prometheus' text format, version 0.0.4.
  std::string Serialize();

 private:
  struct Families;

  prometheus::Counter* FindCounter(Id id, std::initializer_list<std::string_view> values);
  prometheus::Gauge* FindGauge(Id id, std::initializer_list<std::string_view> values);
  prometheus::Histogram* FindHistogram(Id id, std::initializer_list<std::string_view> values);
  void ZeroFamily(Id id);

  std::unique_ptr<Families> families_;
};

}  // namespace metrics
