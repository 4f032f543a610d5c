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

Result<> CheckOwedCommitments(const config::Config& config, store::LedgerReader& reader) {
  auto owed = reader.OwedCommitments();
  if (!owed) return std::unexpected(owed.error());
  for (const auto& [name, count] : *owed) {
    const config::Application* application = config.FindApplication(name);
    if (application && application->address) continue;
    return Fail(Errc::kBadConfig, Blame::kInternal,
                fmt::format("clients of application {}, which {}, are owed {} reports of storage "
                            "commitment: configure it as it was until they are made or given up "
                            "(commitment: report_for)",
                            name, application ? "has no address" : "is not configured", count));
  }
  return {};
}

namespace {

// The application that looks after what is left of `name`.
Result<const config::Application*> Keeper(const config::Config& config, const std::string& name,
                                          int64_t count) {
  const config::Application* application = config.FindApplication(name);
  if (application && application->address) return application;
  return Fail(Errc::kBadConfig, Blame::kInternal,
              fmt::format("the store has {} instances that are acknowledged and not delivered "
                          "for application {}, which {}: configure it as it was, and deliver "
                          "or discard them (sluice held) before it is removed or renamed",
                          count, name, application ? "has no address" : "is not configured"));
}

}  // namespace

Result<> CheckLeftovers(const config::Config& config, store::LedgerReader& reader) {
  auto open = reader.OpenRows();
  if (!open) return std::unexpected(open.error());
  for (const auto& [name, count] : *open)
    if (auto keeper = Keeper(config, name, count); !keeper) return std::unexpected(keeper.error());
  return CheckOwedCommitments(config, reader);
}

Result<Leftovers> FindLeftovers(const config::Config& config, store::LedgerReader& reader) {
  auto open = reader.OpenRows();
  if (!open) return std::unexpected(open.error());
  Leftovers left;
  for (const auto& [name, count] : *open) {
    auto keeper = Keeper(config, name, count);
    if (!keeper) return std::unexpected(keeper.error());
    left.insert(name);
    if (Holds(**keeper)) continue;
    log::Warning(
        "instances are held for an application that no longer holds: these are still "
        "watched and delivered, new ones are not held",
        {{"application", name}, {"instances", count}});
  }
  return left;
}

}  // namespace router
