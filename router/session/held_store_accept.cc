#include <algorithm>

#include "router/base/fail_point.h"
#include "router/dataset/digest.h"
#include "router/delivery/destination.h"
#include "router/dimse/status.h"
#include "router/session/held_store.h"

// What the ledger is told of an instance, and what its client is told then.
namespace router::session {
namespace {

std::string Joined(const std::vector<Uid>& uids, size_t at_most) {
  std::string joined;
  for (size_t i = 0; i < uids.size() && i < at_most; ++i) joined += (i ? "," : "") + uids[i].str();
  if (uids.size() > at_most) joined += ",...";
  return joined;
}

}  // namespace

// It is there: what the spool keeps is for storage commitment alone, so nothing here fails the
// C-STORE.
Task<> HeldStore::Keep(store::SpoolFile file, store::SpoolWriter& part) {
  auto pass = services_.holding.Enter();
  if (!pass) {
    co_await part.Drop();
    co_return;
  }
  store::Acceptance acceptance;
  acceptance.instance = instance;
  acceptance.file = std::move(file);
  acceptance.retain_for = application_.commitment.retain_for;
  auto kept = co_await services_.ledger.Keep(std::move(acceptance));
  if (!kept)
    log::Error("an original is not kept: the ledger cannot take it",
               {{"application", application_.name}, {"why", kept.error().detail}});
}

Task<StoreAnswer> HeldStore::Accept(store::SpoolFile file, dataset::Region region,
                                    store::SpoolWriter& part, hold::Verdict verdict) {
  const auto canonical = co_await CanonicalOf(region);
  std::vector<store::Acceptance> all = {AcceptanceOf(file, canonical, verdict)};
  // What is not to be kept is answered for by its client, and is no other's either.
  if (!copies.empty() && !KeepsNothing()) {
    auto judged = co_await JudgeCopies(file, region, canonical);
    if (!judged) {
      co_await part.Drop();
      co_return FailedBy(judged.error(), dimse::status::kOutOfResources);
    }
    std::ranges::move(*judged, std::back_inserter(all));
  }
  auto accepted = co_await services_.ledger.AcceptAll(std::move(all));
  if (!accepted) {
    log::Error("instance refused: the ledger cannot take it", {{"why", accepted.error().detail}});
    co_return Failed(dimse::status::kOutOfResources,
                     "Sluice cannot store: " + accepted.error().detail);
  }
  Reach(FailPoint::kAccepted);
  LogCopies(std::span(*accepted).subspan(1));
  WakeCopies();
  const store::Accepted& own = accepted->front();
  if (own.outcome == store::Accepted::Outcome::kNotKept) co_return AnswerNotKept(own, verdict);
  // What was being judged at the same time; the gate has told of all the rest.
  if (!verdict.patient_differs && !own.other_patients.empty()) {
    log::Warning("patient differs", {{"sop_instance_uid", instance.sop_instance.str()},
                                     {"kind", NameOf(instance.kind)},
                                     {"application", application_.name},
                                     {"refers_to", Joined(own.other_patients, 4)}});
  }
  if (own.outcome != store::Accepted::Outcome::kConflict) kept_ = own.state;
  if (runtime_.watcher) runtime_.watcher->Wake();
  if (own.state == store::State::kReady) runtime_.destination->Wake();
  co_return AnswerAccepted(own, verdict);
}

Task<std::optional<dataset::Digest>> HeldStore::CanonicalOf(dataset::Region region) {
  auto digest = [region]() { return dataset::CanonicalDigest(region); };
  auto canonical = co_await services_.cpu.Run<Result<dataset::Digest>>(std::move(digest));
  if (!canonical) co_return std::nullopt;
  co_return *canonical;
}

store::Acceptance HeldStore::AcceptanceOf(store::SpoolFile file,
                                          std::optional<dataset::Digest> canonical,
                                          const hold::Verdict& verdict) const {
  store::Acceptance acceptance = AcceptanceFor(application_, terms, verdict);
  acceptance.instance = instance;
  acceptance.file = std::move(file);
  acceptance.canonical = canonical;
  acceptance.verify = unknown_;
  acceptance.there_before = there_before_;
  acceptance.only_if_held = KeepsNothing();
  acceptance.note = edits + (edits.empty() || note_.empty() ? "" : "; ") + note_;
  return acceptance;
}

store::Acceptance AcceptanceFor(const config::Application& application, const StoreTerms& terms,
                                const hold::Verdict& verdict) {
  store::Acceptance acceptance;
  acceptance.requirements = verdict.requirements;
  acceptance.warn_after = verdict.warn_after;
  acceptance.deadline = verdict.deadline;
  acceptance.at_deadline = verdict.at_deadline;
  acceptance.not_before = terms.not_before;
  acceptance.priority = terms.priority;
  acceptance.on_conflict = application.on_conflict == config::OnConflict::kReplace
                               ? store::OnConflict::kReplace
                               : store::OnConflict::kKeep;
  if (verdict.kind == hold::Verdict::Kind::kQuarantine) acceptance.quarantine = verdict.reason;
  acceptance.patient = verdict.patient;
  acceptance.quarantine_other_patient =
      application.patient_check == config::PatientCheck::kQuarantine;
  if (application.Retains()) acceptance.retain_for = application.commitment.retain_for;
  return acceptance;
}

// Nothing of ours will deliver it. Where the answer was lost upstream may have it all the same: to
// be sent twice does no harm, to be believed there would.
StoreAnswer HeldStore::AnswerNotKept(const store::Accepted& accepted,
                                     const hold::Verdict& verdict) const {
  const bool quarantined = accepted.state == store::State::kQuarantined;
  const bool waits = !quarantined && verdict.kind == hold::Verdict::Kind::kWaiting;
  const std::string_view why = quarantined ? "the same instance is in quarantine here"
                               : waits     ? "what it refers to is not there yet"
                               : unknown_  ? "the answer of the application was lost: send it again"
                               : is_behind_ ? "others of its series go before it: send it again"
                                            : "the application cannot take it now: send it again";
  log::Warning("instance refused: its client answers for it",
               {{"sop_instance_uid", instance.sop_instance.str()},
                {"kind", NameOf(instance.kind)},
                {"application", application_.name},
                {"calling", instance.client.view()},
                {"status", dimse::status::kOutOfResources},
                {"why", waits ? std::string_view(verdict.reason.text) : why}});
  return Failed(dimse::status::kOutOfResources, std::string(why));
}

StoreAnswer HeldStore::AnswerAccepted(const store::Accepted& accepted,
                                      const hold::Verdict& verdict) const {
  using Outcome = store::Accepted::Outcome;
  const bool conflict = accepted.outcome == Outcome::kConflict;
  log::Write(
      conflict || accepted.state == store::State::kQuarantined ? log::Level::kWarning
                                                               : log::Level::kInfo,
      conflict ? "instance refused: another content is held under its UID" : "instance accepted",
      {{"sop_instance_uid", instance.sop_instance.str()},
       {"kind", NameOf(instance.kind)},
       {"application", application_.name},
       {"calling", instance.client.view()},
       {"state", store::NameOf(accepted.state)},
       {"missing", Joined(verdict.missing, 4)},
       {"why", verdict.reason.text}});
  if (conflict)
    return Failed(dimse::status::kCannotUnderstand, "another content is held under this UID");
  return {dimse::status::kSuccess, ""};
}

}  // namespace router::session
