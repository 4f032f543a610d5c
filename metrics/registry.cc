#include "metrics/registry.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <mutex>
#include <set>
#include <vector>

#include "metrics/buckets.h"

namespace metrics {
namespace {

constexpr std::string_view kOther = "other";

bool IsListed(std::string_view words, std::string_view value) {
  while (!words.empty()) {
    std::string_view word = words.substr(0, words.find('|'));
    if (word == value) return true;
    words.remove_prefix(std::min(words.size(), word.size() + 1));
  }
  return false;
}

prometheus::Labels LabelsOf(const Metric& metric, std::initializer_list<std::string_view> values) {
  prometheus::Labels labels;
  std::string_view names = metric.labels;
  for (std::string_view value : values) {
    std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    auto words = WordsOf(metric, name);
    if (words && !IsListed(*words, value)) value = kOther;
    labels.emplace(name, value);
  }
  return labels;
}

}  // namespace

void Counter::Add(double amount) {
  if (series_ != nullptr) series_->Increment(amount);
}
void Counter::RaiseTo(double total) {
  if (series_ != nullptr && total > series_->Value()) series_->Increment(total - series_->Value());
}
double Counter::Value() const { return series_ == nullptr ? 0 : series_->Value(); }

void Gauge::Set(double value) {
  if (series_ != nullptr) series_->Set(value);
}
void Gauge::Add(double amount) {
  if (series_ != nullptr) series_->Increment(amount);
}
double Gauge::Value() const { return series_ == nullptr ? 0 : series_->Value(); }

void Histogram::Observe(double seconds) {
  if (series_ != nullptr) series_->Observe(seconds);
}
uint64_t Histogram::Count() const {
  return series_ == nullptr ? 0 : series_->Collect().histogram.sample_count;
}

std::string BoundedLabel(std::string_view value, std::span<const std::string> known) {
  for (const std::string& one : known) {
    if (one == value) return one;
  }
  return std::string(kOther);
}

// The library's objects. Families are made once, in the order of the catalogue; exactly one of the
// three pointers of an entry is set.
struct Registry::Families {
  struct Entry {
    prometheus::Family<prometheus::Counter>* counters = nullptr;
    prometheus::Family<prometheus::Gauge>* gauges = nullptr;
    prometheus::Family<prometheus::Histogram>* histograms = nullptr;
  };

  prometheus::Registry registry;
  std::array<Entry, kCatalog.size()> entries;

  std::mutex gauges_mutex;
  std::array<std::set<prometheus::Gauge*>, kCatalog.size()> gauges;  // under gauges_mutex

  std::mutex scrape_mutex;
  std::vector<std::function<void(Registry&)>> collectors;  // under scrape_mutex
};

Registry::Registry() : families_(std::make_unique<Families>()) {
  for (const Metric& metric : kCatalog) {
    auto& entry = families_->entries[static_cast<size_t>(metric.id)];
    std::string name(metric.name), help(metric.help);
    switch (metric.kind) {
      case Kind::kCounter:
        entry.counters =
            &prometheus::BuildCounter().Name(name).Help(help).Register(families_->registry);
        break;
      case Kind::kGauge:
        entry.gauges =
            &prometheus::BuildGauge().Name(name).Help(help).Register(families_->registry);
        break;
      case Kind::kHistogram:
        entry.histograms =
            &prometheus::BuildHistogram().Name(name).Help(help).Register(families_->registry);
        break;
    }
    // Counts start at zero, not at the first event: else increase() misses that one. A gauge is
    // absent until somebody knows its value.
    if (metric.labels.empty() && metric.kind == Kind::kCounter) FindCounter(metric.id, {});
    if (metric.labels.empty() && metric.kind == Kind::kHistogram) FindHistogram(metric.id, {});
  }
}

Registry::~Registry() = default;

prometheus::Counter* Registry::FindCounter(Id id, std::initializer_list<std::string_view> values) {
  return &families_->entries[static_cast<size_t>(id)].counters->Add(LabelsOf(Of(id), values));
}

prometheus::Gauge* Registry::FindGauge(Id id, std::initializer_list<std::string_view> values) {
  size_t at = static_cast<size_t>(id);
  prometheus::Gauge* gauge = &families_->entries[at].gauges->Add(LabelsOf(Of(id), values));
  std::lock_guard lock(families_->gauges_mutex);
  families_->gauges[at].insert(gauge);
  return gauge;
}

prometheus::Histogram* Registry::FindHistogram(Id id,
                                               std::initializer_list<std::string_view> values) {
  return &families_->entries[static_cast<size_t>(id)].histograms->Add(LabelsOf(Of(id), values),
                                                                      BoundsOf(Of(id).buckets));
}

void Registry::ZeroFamily(Id id) {
  std::lock_guard lock(families_->gauges_mutex);
  for (prometheus::Gauge* gauge : families_->gauges[static_cast<size_t>(id)]) gauge->Set(0);
}

void Registry::AddCollector(std::function<void(Registry&)> collector) {
  std::lock_guard lock(families_->scrape_mutex);
  families_->collectors.push_back(std::move(collector));
}

std::string Registry::Serialize() {
  std::lock_guard lock(families_->scrape_mutex);
  for (const auto& collect : families_->collectors) collect(*this);
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace metrics
