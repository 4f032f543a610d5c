#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/peers/faulty/instance.h"
#include "tests/peers/faulty/switches.h"

namespace faulty {

// The instances that were stored, by SOP Instance UID, and which of them are committed: what is
// not is invisible to C-FIND and C-MOVE, and satisfies no reference. Any thread.
class Archive {
 public:
  using Matches = std::function<bool(const Instance&)>;

  explicit Archive(const Switches& switches) : switches_(switches) {}

  // The later of two with one UID stays. `settled`: committed at once. Returns its place in the
  // order of all that was ever added: the journal's own order is that of the answers.
  uint64_t Add(Instance instance, bool settled);
  // Places from now on are beyond this one.
  void ContinueAfter(uint64_t place);
  bool Forget(const std::string& uid);

  // Required references that are not committed here.
  std::vector<Reference> Missing(const Instance& instance) const;

  // Committed instances that match, in the order of their UIDs. `is_query` counts towards
  // commit.queries of those that match and are not yet committed.
  std::vector<Instance> Find(const Matches& matches, bool is_query);

  size_t size() const;
  size_t visible() const;

 private:
  bool Committed(const Instance& instance) const;

  const Switches& switches_;
  mutable std::mutex mutex_;
  std::map<std::string, Instance> instances_;
  uint64_t places_ = 0;
};

}  // namespace faulty
