#include "router/explain_paths.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>

#include "rules/profiles/aria.h"

namespace router {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> CannotRead(const std::string& path, const std::error_code& why) {
  const bool is_missing = why == std::errc::no_such_file_or_directory;
  return Fail(is_missing ? Errc::kNotFound : Errc::kDisk, Blame::kInternal,
              path + ": " + why.message());
}

// Does it go to an application that minds the order?
bool IsInOrder(const Explanation& explanation, const ExplainedMessage& message) {
  const ExplainedEnd& end = message.would ? *message.would : message.end;
  const bool goes = end.outcome == Outcome::kRelayed || end.outcome == Outcome::kHeld ||
                    end.outcome == Outcome::kQueued;
  const config::Application* to = explanation.config->FindApplication(end.application);
  return goes && message.kind && to && to->profile == config::Profile::kAria;
}

}  // namespace

bool IsFolder(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

Result<std::vector<std::string>> FilesBelow(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  if (error) return CannotRead(folder, error);
  while (at != fs::recursive_directory_iterator()) {
    if (at->is_regular_file(error) && !at->is_symlink(error)) files.push_back(at->path().string());
    const std::string here = at->path().string();
    at.increment(error);
    if (error) return CannotRead(here, error);
  }
  std::ranges::sort(files);
  return files;
}

std::vector<size_t> ReleaseOrder(const Explanation& explanation) {
  using Key = std::tuple<std::string, int, size_t, int32_t, size_t>;
  std::vector<Key> keys;
  std::map<Uid, size_t> series;  // by their first instance
  for (size_t i = 0; i < explanation.messages.size(); ++i) {
    const ExplainedMessage& message = explanation.messages[i];
    if (!IsInOrder(explanation, message)) continue;
    const ExplainedEnd& end = message.would ? *message.would : message.end;
    const size_t first = series.try_emplace(message.series, i).first->second;
    keys.emplace_back(end.application, rules::AriaRank(*message.kind), first,
                      message.instance_number.value_or(0), i);
  }
  std::ranges::sort(keys);
  std::vector<size_t> order;
  for (const Key& key : keys) order.push_back(std::get<4>(key));
  return order;
}

}  // namespace router
