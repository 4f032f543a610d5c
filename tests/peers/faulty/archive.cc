#include "tests/peers/faulty/archive.h"

#include <algorithm>
#include <utility>

namespace faulty {

uint64_t Archive::Add(Instance instance, bool settled) {
  std::lock_guard lock(mutex_);
  auto before = instances_.find(instance.uid);
  instance.settled = settled || (before != instances_.end() && Committed(before->second));
  instances_[instance.uid] = std::move(instance);
  return ++places_;
}

void Archive::ContinueAfter(uint64_t place) {
  std::lock_guard lock(mutex_);
  places_ = std::max(places_, place);
}

bool Archive::Forget(const std::string& uid) {
  std::lock_guard lock(mutex_);
  return instances_.erase(uid) > 0;
}

bool Archive::Committed(const Instance& instance) const {
  if (instance.settled) return true;
  auto age = std::chrono::steady_clock::now() - instance.arrived;
  return instance.queries >= switches_.Get<int>("commit.queries") &&
         age >= std::chrono::milliseconds(switches_.Get<int>("commit.ms"));
}

std::vector<Reference> Archive::Missing(const Instance& instance) const {
  std::lock_guard lock(mutex_);
  std::vector<Reference> result;
  for (const Reference& reference : instance.references) {
    auto found = instances_.find(reference.uid);
    if (found == instances_.end() || !Committed(found->second)) result.push_back(reference);
  }
  return result;
}

std::vector<Instance> Archive::Find(const Matches& matches, bool is_query) {
  std::lock_guard lock(mutex_);
  std::vector<Instance> result;
  for (auto& [uid, instance] : instances_) {
    if (!matches(instance)) continue;
    if (Committed(instance)) {
      instance.settled = true;  // what was seen once stays visible when the switches change
      result.push_back(instance);
    } else if (is_query) {
      ++instance.queries;
    }
  }
  return result;
}

size_t Archive::size() const {
  std::lock_guard lock(mutex_);
  return instances_.size();
}

size_t Archive::visible() const {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::ranges::count_if(
      instances_, [this](const auto& entry) { return Committed(entry.second); }));
}

}  // namespace faulty
