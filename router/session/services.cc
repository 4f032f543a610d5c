#include "router/session/services.h"

namespace router::session {

Roster::Entry::Entry(Roster& roster, Session* session) : roster_(roster), session_(session) {
  roster_.sessions_.insert(session_);
}
Roster::Entry::~Entry() { roster_.sessions_.erase(session_); }

void Roster::Stop(bool at_once) {
  for (Session* session : sessions_) session->Stop(at_once);
}

std::vector<AssociationSnapshot> Roster::Describe() const {
  std::vector<AssociationSnapshot> described;
  for (const Session* session : sessions_) described.push_back(session->Describe());
  return described;
}

Census::Place Census::Enter(const std::string& address) {
  ++connections_;
  std::lock_guard lock(mutex_);
  ++by_address_[address];
  return Place(this, address);
}

Census::Place::~Place() {
  if (!census_) return;
  std::lock_guard lock(census_->mutex_);
  --census_->connections_;
  auto found = census_->by_address_.find(address_);
  if (--found->second == 0) census_->by_address_.erase(found);
  if (census_->connections_ == 0) census_->emptied_.notify_all();
}

bool Census::AwaitEmpty(config::Duration at_most) {
  std::unique_lock lock(mutex_);
  return emptied_.wait_for(lock, at_most, [this] { return connections_ == 0; });
}

bool Census::Exceeds(const config::Limits& limits, const std::string& address) const {
  if (connections_ > limits.associations) return true;
  std::lock_guard lock(mutex_);
  auto found = by_address_.find(address);
  return found != by_address_.end() && found->second > limits.associations_per_address;
}

void Refusals::Note(Refusal refusal) {
  std::lock_guard lock(mutex_);
  if (kept_.size() == kKept) kept_.pop_front();
  kept_.push_back(std::move(refusal));
}

std::vector<Refusal> Refusals::Of(const Uid& sop_instance) const {
  std::lock_guard lock(mutex_);
  std::vector<Refusal> found;
  for (auto one = kept_.rbegin(); one != kept_.rend(); ++one)
    if (one->sop_instance == sop_instance) found.push_back(*one);
  return found;
}

std::optional<Entrance::Pass> Entrance::Enter() {
  std::lock_guard lock(mutex_);
  if (closed_) return std::nullopt;
  ++inside_;
  return Pass(this);
}

Entrance::Pass::~Pass() {
  if (!entrance_) return;
  std::lock_guard lock(entrance_->mutex_);
  if (--entrance_->inside_ == 0) entrance_->left_.notify_all();
}

void Entrance::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Entrance::AwaitEmpty(config::Duration at_most) {
  std::unique_lock lock(mutex_);
  return left_.wait_for(lock, at_most, [this] { return inside_ == 0; });
}

}  // namespace router::session
