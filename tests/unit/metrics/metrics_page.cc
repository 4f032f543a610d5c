// Prints /metrics with one series of every metric, for `promtool check metrics`.
#include <cstdio>
#include <utility>

#include "metrics/registry.h"

namespace {

using namespace metrics;

template <size_t... I>
auto OneOf(Registry& registry, auto id, std::index_sequence<I...>) {
  return registry.Get<id.value>((static_cast<void>(I), "x")...);
}

template <size_t At>
void Touch(Registry& registry) {
  constexpr Id id = static_cast<Id>(At);
  auto series = OneOf(registry, std::integral_constant<Id, id>(),
                      std::make_index_sequence<LabelCount(Of(id).labels)>());
  if constexpr (Of(id).kind == Kind::kHistogram) {
    series.Observe(0.01);
  } else {
    series.Add(1);
  }
}

template <size_t... At>
void TouchAll(Registry& registry, std::index_sequence<At...>) {
  (Touch<At>(registry), ...);
}

}  // namespace

int main() {
  Registry registry;
  TouchAll(registry, std::make_index_sequence<kCatalog.size()>());
  std::string page = registry.Serialize();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
