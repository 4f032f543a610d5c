#include "router/session/observe.h"

#include <algorithm>

#include "router/base/log.h"
#include "router/dataset/head.h"
#include "router/dimse/sop_classes.h"
#include "router/hold/gate.h"
#include "rules/profiles/aria.h"

namespace router::session {
namespace {

using net::Task;

// The first kind of what is missing, in the order of injection.
std::string FirstMissing(const hold::Verdict& verdict) {
  std::optional<Kind> first;
  for (const store::Requirement& one : verdict.requirements) {
    if (one.strength != store::Strength::kRequired) continue;
    if (std::ranges::find(verdict.missing, one.uid) == verdict.missing.end()) continue;
    if (!first || one.kind < *first) first = one.kind;
  }
  return first ? std::string(NameOf(*first)) : "";
}

ObservedAction ActionOf(const store::Instance& instance, const Result<hold::Verdict>& verdict) {
  const std::string kind(NameOf(instance.kind));
  if (!verdict) return {"unjudged", kind, "unreadable"};
  switch (verdict->kind) {
    case hold::Verdict::Kind::kReady:
      return {"pass", kind, ""};
    case hold::Verdict::Kind::kWaiting:
      return {"hold", kind, FirstMissing(*verdict)};
    case hold::Verdict::Kind::kQuarantine:
      return {"quarantine", kind, std::string(NameOf(verdict->reason.cause))};
    case hold::Verdict::Kind::kRefuse:
      return {"refuse", kind, std::string(NameOf(verdict->reason.cause))};
  }
  return {"unjudged", kind, ""};
}

void Log(const store::Instance& instance, const ObservedAction& what, std::string_view why) {
  log::Info("observed", {{"would", what.action},
                         {"sop_instance_uid", instance.sop_instance.view()},
                         {"kind", what.kind},
                         {"application", instance.application},
                         {"calling", instance.client.view()},
                         {"why", why.empty() ? what.reason : why}});
}

Task<> Look(Services& services, ApplicationRuntime& runtime, store::Instance instance,
            std::shared_ptr<const Buffer> bytes, [[maybe_unused]] Entrance::Pass pass) {
  const dataset::Region region{"", 0, instance.transfer_syntax, std::move(bytes)};
  auto read = [region]() { return dataset::ReadHead(region); };
  auto head = co_await services.cpu.Run<Result<dataset::Head>>(std::move(read));
  Result<hold::Verdict> verdict = Fail(Errc::kCorrupt, Blame::kDownstream, "");
  if (head) {
    instance.kind = dimse::KindOf(instance.sop_class.view(), head->modality);
    if (!rules::AriaMayHold(instance.kind)) co_return;  // the class alone did not tell
    instance.study = head->study;
    instance.series = head->series;
    verdict = co_await runtime.observer->Judge(instance, region);
    // What was relayed whole is as good as there, and nothing that waits ends by it.
    if (verdict) co_await runtime.observer->NotePatient(instance.sop_instance, verdict->patient);
  } else {
    verdict = std::unexpected(head.error());
  }
  ObservedAction what = ActionOf(instance, verdict);
  if (what.action != "pass") Log(instance, what, verdict ? verdict->reason.text : "");
  NoteObserved(services, runtime, std::move(what), instance.sop_instance);
}

}  // namespace

void Tap::Add(Bytes bytes) {
  if (!kept_) return;
  const size_t size = kept_->bytes.size() + bytes.size();
  if (size > kMost || !Reserve(size)) return kept_.reset();
  kept_->bytes.insert(kept_->bytes.end(), bytes.begin(), bytes.end());
}

// What a buffer may hold is what it takes, not what is in it; while it grows it is there twice.
bool Tap::Reserve(size_t size) {
  const size_t before = kept_->bytes.capacity();
  if (size <= before) return true;
  const size_t after = std::min(kMost, std::max(size, 2 * before));
  if (kept_->Charge(static_cast<int64_t>(after)) > kMostOfAll) return false;
  kept_->bytes.reserve(after);
  kept_->Charge(-static_cast<int64_t>(before));
  return true;
}

std::shared_ptr<const Buffer> Tap::Take() {
  std::shared_ptr<Kept> kept = std::move(kept_);
  const Buffer* bytes = kept ? &kept->bytes : nullptr;
  return {std::move(kept), bytes};
}

void NoteObserved(Services& services, ApplicationRuntime& runtime, ObservedAction what,
                  Uid sop_instance) {
  if (what.action != "pass")
    services.metrics.Get<metrics::Id::kObservedActions>(runtime.name, what.action).Add();
  const WallTime now = services.clock.WallNow();
  runtime.home->Post([&runtime, what = std::move(what), uid = std::move(sop_instance), now] {
    runtime.observed.Add(what, uid, now);
  });
}

void LookAt(Services& services, ApplicationRuntime& runtime, store::Instance instance, Tap tap) {
  std::shared_ptr<const Buffer> bytes = tap.Take();
  if (!bytes) {
    ObservedAction what{"unjudged", std::string(NameOf(dimse::KindOf(instance.sop_class.view()))),
                        "too_large"};
    Log(instance, what, "");
    NoteObserved(services, runtime, std::move(what), instance.sop_instance);
    return;
  }
  auto pass = services.observing.Enter();
  if (!pass) return;  // Sluice is ending
  net::Loop::Current()->Spawn(
      Look(services, runtime, std::move(instance), std::move(bytes), std::move(*pass)));
}

}  // namespace router::session
