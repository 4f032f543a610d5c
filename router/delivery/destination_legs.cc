#include <algorithm>
#include <chrono>

#include "router/base/log.h"
#include "router/delivery/destination.h"
#include "router/dimse/sop_classes.h"
#include "router/ul/reject_reasons.h"

namespace router::delivery {
namespace {

constexpr net::Milliseconds kLongestIdle{5'000};  // what is due together comes within seconds
constexpr net::Milliseconds kFresh{1'000};        // used so lately that it is surely still there
constexpr size_t kRemembered = 24;                // SOP classes and transfer syntaxes

}  // namespace

association::Peer Destination::PeerFor(const AeTitle& calling) const {
  const config::Timeouts& timeouts = application().timeouts;
  return {.endpoint = {application().address->host, application().address->port},
          .calling = calling,
          .called = application().ae_title,
          .timers = {.artim = config_->limits.artim,
                     .connect = timeouts.connect,
                     .negotiation = timeouts.association,
                     .release = timeouts.release,
                     .write_stall = timeouts.write_stall},
          .response = timeouts.response,
          .max_pdu = config_->limits.max_pdu};
}

net::Milliseconds Destination::IdleFor() const {
  return std::min(net::Milliseconds(application().timeouts.idle), kLongestIdle);
}

void Destination::Remember(const std::vector<Cargo>& cargo) {
  for (const Cargo& one : cargo) {
    std::erase(carried_, one);
    carried_.insert(carried_.begin(), one);
  }
  if (carried_.size() > kRemembered) carried_.resize(kRemembered);
}

// An idle association that takes `cargo` and is still alive; those of the same title that do not
// take it are ended, what is opened instead will do all that they did.
Task<std::unique_ptr<Leg>> Destination::TakeIdle(AeTitle calling, Cargo cargo) {
  for (;;) {
    auto found =
        std::ranges::find_if(idle_, [&](const auto& leg) { return leg->calling == calling; });
    if (found == idle_.end()) co_return nullptr;
    std::unique_ptr<Leg> leg = std::move(*found);
    idle_.erase(found);
    if (!leg->Serves(calling, cargo)) {
      co_await leg->scu->Release();
      continue;
    }
    if (services_.clock.Now() - leg->used < kFresh) co_return leg;
    // The peer may have gone meanwhile; better to know before an answer can get lost.
    if (!leg->scu->Find(Uid(dimse::uid::kVerification))) {
      co_await leg->scu->Release();
      continue;
    }
    auto alive = co_await leg->scu->Echo();
    if (alive) co_return leg;
    co_await leg->scu->Abort();
  }
}

Task<Result<std::unique_ptr<Leg>>> Destination::TakeLeg(AeTitle calling, std::vector<Cargo> cargo,
                                                        net::Milliseconds wait) {
  Cargo first = cargo.front();
  auto leg = co_await TakeIdle(calling, std::move(first));
  if (leg) co_return leg;
  // Those of other titles need not keep slots that this one waits for: KeepLegs sees to it.
  std::vector<Cargo> all = cargo;
  Remember(cargo);
  all.insert(all.end(), carried_.begin(), carried_.end());
  std::vector<ul::ProposedContext> contexts = Propose(all);
  co_return co_await OpenLeg(calling, std::move(contexts), Purpose::kReserved, wait);
}

Task<Result<std::unique_ptr<Leg>>> Destination::OpenLeg(AeTitle calling,
                                                        std::vector<ul::ProposedContext> contexts,
                                                        Purpose purpose, net::Milliseconds wait) {
  auto slot = co_await slots_.Take(purpose, wait);
  if (!slot) co_return std::unexpected(slot.error());
  auto leg = std::make_unique<Leg>();
  leg->slot = std::move(*slot);
  leg->calling = calling;
  leg->proposed = contexts;
  ul::AssociateRj rejected{0, 0, 0};
  association::Peer peer = PeerFor(calling);
  auto scu = co_await association::Scu::Open(services_.home, std::move(peer), std::move(contexts),
                                             &rejected);
  if (!scu) {
    if (ul::IsAboutTitles(rejected)) {
      log::Error("the destination does not know an AE title of ours",
                 {{"application", name_},
                  {"calling", calling.view()},
                  {"called", application().ae_title.view()},
                  {"reason", ul::Describe(rejected)}});
    }
    NoteUnreachable(scu.error());
    co_return std::unexpected(scu.error());
  }
  leg->scu = std::move(*scu);
  leg->used = services_.clock.Now();
  co_return leg;
}

// What is wanted by others, or no longer good, ends here; the rest waits for more.
Task<> Destination::GiveBack(std::unique_ptr<Leg> leg) {
  if (!leg->scu->IsOpen()) {
    co_await leg->scu->Abort();
  } else if (leg->slot.IsWanted() || draining_) {
    co_await leg->scu->Release();
  } else {
    idle_.push_back(std::move(leg));
    keep_.Notify();
  }
}

Task<> Destination::KeepLegs() {
  while (!queue_ended_) {
    net::Milliseconds next(-1);
    if (!idle_.empty()) {
      auto left = std::chrono::ceil<net::Milliseconds>(idle_.front()->used + IdleFor() -
                                                       services_.clock.Now());
      next = std::max(left, net::Milliseconds(1));
    }
    co_await keep_.Wait(next);
    co_await CloseIdle(draining_);
  }
}

Task<> Destination::CloseIdle(bool all) {
  for (;;) {
    auto now = services_.clock.Now();
    auto found = std::ranges::find_if(idle_, [&](const auto& leg) {
      return all || leg->slot.IsWanted() || now - leg->used >= IdleFor();
    });
    if (found == idle_.end()) co_return;
    std::unique_ptr<Leg> leg = std::move(*found);
    idle_.erase(found);
    co_await leg->scu->Release();
  }
}

Task<Result<Leg>> Destination::Connect(std::vector<ul::ProposedContext> contexts, Purpose purpose,
                                       net::Milliseconds wait) {
  ++callers_;
  auto leg = co_await ConnectHere(std::move(contexts), purpose, wait);
  CallerLeft();
  co_return leg;
}

Task<Result<Leg>> Destination::ConnectHere(std::vector<ul::ProposedContext> contexts,
                                           Purpose purpose, net::Milliseconds wait) {
  if (draining_) co_return Fail(Errc::kInterrupted, Blame::kInternal, "draining", true);
  if (!breaker_.MaySend()) {
    co_return Fail(Errc::kConnect, Blame::kUpstream, "not called: " + last_error_, true);
  }
  AeTitle calling = config_->CallingTitle(application(), nullptr, config_->ae_title);
  auto leg = co_await OpenLeg(calling, std::move(contexts), purpose, wait);
  if (!leg) co_return std::unexpected(leg.error());
  NoteReached();
  co_return std::move(**leg);
}

}  // namespace router::delivery
