#include "router/reload.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace router {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};

std::string Joined(const std::vector<config::Endpoint>& endpoints) {
  std::string text;
  for (const config::Endpoint& one : endpoints) text += (text.empty() ? "" : " ") + one.str();
  return text;
}

std::string Text(const std::optional<config::Endpoint>& endpoint) {
  return endpoint ? endpoint->str() : "none";
}

// One difference after the other: "key (from OLD to NEW)".
class Differences {
 public:
  template <class T, class Show>
  void Compare(const std::string& key, const T& old, const T& fresh, Show show) {
    if (old != fresh)
      all_.push_back(fmt::format("{} (from {} to {})", key, show(old), show(fresh)));
  }
  void Add(std::string one) { all_.push_back(std::move(one)); }
  std::vector<std::string> Take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

void CompareApplication(const config::Application& old, const config::Application& fresh,
                        Differences& found) {
  const std::string at = "applications: " + old.name + ": ";
  auto named = [](auto value) { return config::NameOf(value); };
  if (old.address.has_value() != fresh.address.has_value())
    found.Compare(at + "address", old.address, fresh.address, Text);
  found.Compare(at + "profile", old.profile, fresh.profile, named);
  found.Compare(at + "mode", old.mode, fresh.mode, named);
  if (old.Retains() != fresh.Retains())
    found.Compare(at + "storage_commitment", old.storage_commitment, fresh.storage_commitment,
                  named);
  found.Compare(at + "max_associations", old.max_associations, fresh.max_associations,
                [](uint32_t number) { return number; });
}

void CompareProcess(const config::Config& old, const config::Config& fresh, Differences& found) {
  auto itself = [](const auto& value) { return value; };
  found.Compare("listen", old.listen, fresh.listen, Joined);
  found.Compare("store: directory", old.store.directory, fresh.store.directory, itself);
  found.Compare("store: free_floor", old.store.free_floor, fresh.store.free_floor, itself);
  found.Compare("loops", old.loops, fresh.loops, itself);
  found.Compare("admin: listen", old.admin.listen, fresh.admin.listen, Text);
  if (old.admin.token != fresh.admin.token || old.admin.token_file != fresh.admin.token_file)
    found.Add("admin: token or token_file");
  found.Compare("metrics: listen", old.metrics, fresh.metrics, Text);
  found.Compare("log: level", old.log.level, fresh.log.level,
                [](log::Level level) { return kLevels[static_cast<size_t>(level)]; });
  found.Compare("log: form", old.log.form, fresh.log.form,
                [](log::Form form) { return form == log::Form::kJson ? "json" : "text"; });
}

}  // namespace

std::vector<std::string> NeedingRestart(const config::Config& old, const config::Config& fresh) {
  Differences found;
  CompareProcess(old, fresh, found);
  for (const config::Application& application : fresh.applications) {
    const config::Application* before = old.FindApplication(application.name);
    if (before) CompareApplication(*before, application, found);
    if (!before) found.Add("applications: " + application.name + " (is new)");
  }
  for (const config::Application& application : old.applications)
    if (!fresh.FindApplication(application.name))
      found.Add("applications: " + application.name + " (is no longer there)");
  return found.Take();
}

}  // namespace router
