#include "router/leftovers.h"

#include <fmt/format.h>

#include "router/base/log.h"

namespace router {

bool Holds(const config::Application& application) {
  return application.profile == config::Profile::kAria &&
         application.mode == config::Mode::kEnforce;
}

bool Observes(const config::Application& application) {
  return application.profile == config::Profile::kAria &&
         application.mode == config::Mode::kObserve;
}

Result<Leftovers> FindLeftovers(const config::Config& config, store::LedgerReader& reader) {
  auto open = reader.OpenRows();
  if (!open) return std::unexpected(open.error());
  Leftovers left;
  for (const auto& [name, count] : *open) {
    const config::Application* application = config.FindApplication(name);
    if (!application || !application->address) {
      return Fail(Errc::kBadConfig, Blame::kInternal,
                  fmt::format("the store has {} instances that are acknowledged and not delivered "
                              "for application {}, which {}: configure it as it was, and deliver "
                              "or discard them (sluice held) before it is removed or renamed",
                              count, name, application ? "has no address" : "is not configured"));
    }
    left.insert(name);
    if (Holds(*application)) continue;
    log::Warning(
        "instances are held for an application that no longer holds: these are still "
        "watched and delivered, new ones are not held",
        {{"application", name}, {"instances", count}});
  }
  return left;
}

}  // namespace router
