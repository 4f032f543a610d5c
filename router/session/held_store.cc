#include "router/session/held_store.h"

#include <algorithm>

#include "router/base/fail_point.h"
#include "router/base/text.h"
#include "router/dataset/digest.h"
#include "router/dataset/edit.h"
#include "router/dataset/head.h"
#include "router/delivery/destination.h"
#include "router/delivery/status_table.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/session/legs.h"
#include "router/session/room.h"

namespace router::session {
namespace {

std::string Joined(const std::vector<Uid>& uids, size_t at_most) {
  std::string joined;
  for (size_t i = 0; i < uids.size() && i < at_most; ++i) joined += (i ? "," : "") + uids[i].str();
  if (uids.size() > at_most) joined += ",...";
  return joined;
}

bool IsStored(uint16_t status) {
  const auto of = dimse::ClassOf(dimse::Command::kCStoreRsp, status);
  return of == dimse::StatusClass::kSuccess || of == dimse::StatusClass::kWarning;
}

StoreAnswer Failed(uint16_t status, std::string comment) { return {status, std::move(comment)}; }

// What is our own trouble may be over when the client tries again; else `status`.
StoreAnswer FailedBy(const Error& error, uint16_t status) {
  const bool ours = error.code == Errc::kDisk || error.blame == Blame::kInternal;
  return Failed(ours ? dimse::status::kOutOfResources : status, error.detail);
}

// Its machines cannot be named as they are at the application: for a person to decide.
void KeepAsItCame(hold::Verdict& verdict, const std::string& why) {
  verdict.kind = hold::Verdict::Kind::kQuarantine;
  verdict.reason = {store::Cause::kUnknownMachine,
                    "its treatment machines cannot be renamed: " + why};
  verdict.status = dimse::status::kCannotUnderstand;
  verdict.comment = AsErrorComment(verdict.reason.text);
}

}  // namespace

Task<StoreAnswer> HeldStore::Settle(store::SpoolFile file, store::SpoolWriter& received) {
  StoreAnswer answer = co_await SettleOwn(std::move(file), received);
  if (!copies_judged_) co_await DropCopies();
  co_return answer;
}

Task<StoreAnswer> HeldStore::SettleOwn(store::SpoolFile file, store::SpoolWriter& received) {
  began_ = net::Loop::Current()->Now();
  dataset::Region region{received.path(), file.dataset_offset, instance.transfer_syntax};
  auto unreadable = co_await ReadFacts(region);
  if (unreadable) {
    co_await received.Drop();
    co_return *unreadable;
  }
  Result<hold::Verdict> verdict = hold::Verdict();
  if (runtime_.gate)
    verdict = co_await runtime_.gate->Judge(instance, region, client_.acknowledge.wait, terms.hold);
  SpooledPart edited;
  if (verdict && !verdict->rename.empty()) {
    auto renamed = co_await Rename(region, file.size, *verdict);
    if (!renamed || renamed->part) co_await received.Drop();
    if (!renamed) co_return FailedBy(renamed.error(), dimse::status::kCannotUnderstand);
    edited = std::move(*renamed);
  }
  if (edited.part) {
    file = edited.file;
    region = {edited.part->path(), file.dataset_offset, instance.transfer_syntax};
  }
  store::SpoolWriter& part = edited.part ? *edited.part : received;
  auto answer = co_await AnswerAtOnce(verdict, region);
  if (answer) {
    LogAnswered(*answer, verdict);
    co_return co_await EndAnswered(std::move(*answer), std::move(file), region, part);
  }
  auto pass = services_.holding.Enter();
  if (!pass) {
    log::Warning("instance refused: nothing more is held",
                 {{"sop_instance_uid", instance.sop_instance.str()},
                  {"kind", NameOf(instance.kind)},
                  {"application", application_.name},
                  {"calling", instance.client.view()},
                  {"why", unknown_ ? unknown_->text : verdict->reason.text}});
    co_await part.Drop();
    co_return Failed(dimse::status::kOutOfResources,
                     unknown_ ? "the application's answer was lost"
                              : "it would wait, and nothing more is held here");
  }
  Reach(FailPoint::kJudged);
  hold::Verdict decided = std::move(*verdict);
  co_return co_await Accept(std::move(file), region, part, std::move(decided));
}

// What was edited goes through the ledger's history, unless nothing is to be kept; and so does what
// is kept in any case, where others share its file.
bool HeldStore::GoesAtOnce(const hold::Verdict& verdict) const {
  if (verdict.kind != hold::Verdict::Kind::kReady || terms.queue) return false;
  if (application_.Retains() && !copies.empty() && !KeepsNothing()) return false;
  return note_.empty() || KeepsNothing() || !services_.holding.Enter().has_value();
}

// Nothing: it is for the ledger.
Task<std::optional<StoreAnswer>> HeldStore::AnswerAtOnce(Result<hold::Verdict>& verdict,
                                                         dataset::Region region) {
  using Kind = hold::Verdict::Kind;
  if (!verdict) co_return FailedBy(verdict.error(), dimse::status::kCannotUnderstand);
  if (verdict->kind == Kind::kRefuse || (verdict->kind == Kind::kQuarantine && KeepsNothing()))
    co_return Failed(verdict->status, verdict->comment);
  if (!GoesAtOnce(*verdict)) co_return std::nullopt;
  co_return co_await SendReady(region, verdict->requirements, verdict->patient);
}

void HeldStore::LogAnswered(const StoreAnswer& answer, const Result<hold::Verdict>& verdict) const {
  log::Write(answer.status == dimse::status::kSuccess ? log::Level::kInfo : log::Level::kWarning,
             "instance answered",
             {{"sop_instance_uid", instance.sop_instance.str()},
              {"kind", NameOf(instance.kind)},
              {"application", application_.name},
              {"calling", instance.client.view()},
              {"status", answer.status},
              {"why", verdict ? verdict->reason.text : verdict.error().detail}});
}

// It was answered without the ledger: what becomes of the part.
Task<StoreAnswer> HeldStore::EndAnswered(StoreAnswer answer, store::SpoolFile file,
                                         dataset::Region region, store::SpoolWriter& part) {
  const bool stored = IsStored(answer.status);
  if (stored && !copies.empty()) {
    auto copied = co_await AcceptCopies(std::move(file), region, part);
    if (!copied) co_return FailedBy(copied.error(), dimse::status::kOutOfResources);
  } else if (stored && application_.Retains()) {
    co_await Keep(std::move(file), part);
  } else {
    co_await part.Drop();
  }
  co_return answer;
}

// The plan with its machines named as they are here (`unknown_machine: map`), as a part of its own.
// What has any other machine afterwards stays as it came, and is no longer to be sent.
Task<Result<SpooledPart>> HeldStore::Rename(dataset::Region region, uint64_t size,
                                            hold::Verdict& verdict) {
  const bool deflated = region.transfer_syntax.view() == dataset::kDeflatedExplicitVrLittleEndian;
  auto share = co_await services_.edits.Take(deflated ? dataset::kMostEdited : size);
  auto edit = [region, names = verdict.rename, paths = hold::MachinePaths()]() {
    return dataset::RenameTexts(region, paths, names);
  };
  auto renamed = co_await services_.cpu.Run<Result<dataset::Renamed>>(std::move(edit));
  if (!renamed && renamed.error().code == Errc::kLimit) {
    KeepAsItCame(verdict, renamed.error().detail);
    co_return SpooledPart{};
  }
  if (!renamed) co_return std::unexpected(renamed.error());
  const size_t replaced = renamed->replaced;
  const bool has_integrity = renamed->has_integrity;
  dataset::Renamed plan = std::move(*renamed);
  auto edited = co_await WritePart(services_, std::move(plan.header), std::move(plan.data_set));
  if (!edited) co_return std::unexpected(edited.error());
  const dataset::Region after{edited->part->path(), edited->file.dataset_offset,
                              instance.transfer_syntax};
  auto unknown = co_await runtime_.gate->UnknownMachineIn(instance, after);
  if (!unknown || !unknown->empty()) co_await edited->part->Drop();
  if (!unknown) co_return std::unexpected(unknown.error());
  if (!unknown->empty()) {
    KeepAsItCame(verdict, "\"" + Printable(*unknown) + "\" is still there");
    co_return SpooledPart{};
  }
  for (const auto& [plans, ours] : verdict.rename)
    note_ += (note_.empty() ? "" : "; ") +
             ("treatment machine \"" + Printable(plans) + "\" was changed to \"" + ours + "\"");
  log::Warning(
      "plan edited",
      {{"sop_instance_uid", instance.sop_instance.str()},
       {"application", application_.name},
       {"calling", instance.client.view()},
       {"edit", note_},
       {"elements", replaced},
       {"integrity", has_integrity ? "(3287,1000) was made for the plan as it came" : "none"}});
  co_return std::move(*edited);
}

// What the ledger and the gate need to know of the instance.
Task<std::optional<StoreAnswer>> HeldStore::ReadFacts(dataset::Region region) {
  auto read = [region]() { return dataset::ReadHead(region); };
  auto head = co_await services_.cpu.Run<Result<dataset::Head>>(std::move(read));
  if (!head) co_return FailedBy(head.error(), dimse::status::kCannotUnderstand);
  if (!head->sop_instance.empty() && head->sop_instance != instance.sop_instance)
    co_return Failed(dimse::status::kDataSetMismatch,
                     "SOP Instance UID of command and data set differ");
  instance.kind = dimse::KindOf(instance.sop_class.view(), head->modality);
  instance.study = head->study;
  instance.series = head->series;
  instance.instance_number = head->instance_number;
  co_return std::nullopt;
}

// "Not yet": what it refers to is not there after all, whatever was known of it. So the client's
// next attempt is judged by what upstream says, and others do not run into the same.
Task<> HeldStore::Disbelieve(std::vector<store::Requirement> requirements) {
  std::vector<Uid> uids;
  for (const store::Requirement& one : requirements)
    if (one.strength == store::Strength::kRequired) uids.push_back(one.uid);
  if (uids.empty()) co_return;
  auto forgotten = co_await services_.ledger.ForgetExistence(application_.name, std::move(uids));
  if (!forgotten)
    log::Error("the ledger did not do as it was told",
               {{"application", application_.name}, {"reason", forgotten.error().detail}});
  runtime_.gate->Wake();
}

// Upstream's own answer, or nothing if there is none.
Task<std::optional<StoreAnswer>> HeldStore::SendReady(dataset::Region region,
                                                      std::vector<store::Requirement> requirements,
                                                      store::Patient patient) {
  delivery::AtOnce how;
  if (hold::Gate* gate = runtime_.gate) {
    how.on_stored = [gate, uid = instance.sop_instance, patient] {
      return gate->NotePatient(uid, patient);
    };
  }
  if (within) {
    const auto taken = net::Loop::Current()->Now() - began_;
    how.within =
        std::max(*within - std::chrono::ceil<net::Milliseconds>(taken), net::Milliseconds(0));
  }
  auto attempt = co_await runtime_.destination->SendNow(instance, region, std::move(how));
  using Outcome = delivery::Attempt::Outcome;
  switch (attempt.outcome) {
    case Outcome::kAnswered:
      if (delivery::VerdictOf(application_.statuses, attempt.answer.status) ==
          delivery::Verdict::kNotYet)
        co_await Disbelieve(std::move(requirements));
      co_return attempt.answer;
    case Outcome::kNever:
      if (attempt.error.code == Errc::kRefused) Forget(runtime_, instance.sop_class);
      co_return FailedBy(attempt.error, dimse::status::kSopClassNotSupported);
    case Outcome::kUnknown:
      unknown_ = store::Reason{store::Cause::kOutcomeUnknown,
                               "the answer was lost: " + attempt.error.detail};
      there_before_ = attempt.there_before;
      break;
    case Outcome::kNotSent:
      is_behind_ = attempt.is_behind;
      break;
  }
  log::Warning(unknown_ ? "upstream's answer to an instance was lost"
                        : "upstream could not take an instance now",
               {{"sop_instance_uid", instance.sop_instance.str()},
                {"application", application_.name},
                {"why", attempt.error.detail}});
  co_return std::nullopt;
}

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

void HeldStore::GiveUp() { runtime_.destination->GiveUpOn(instance.sop_instance); }

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
