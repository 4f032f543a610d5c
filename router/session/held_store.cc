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

// What was spooled in place of the part; nothing if it stays as it came.
struct HeldStore::Edited {
  std::unique_ptr<store::SpoolWriter> part;
  store::SpoolFile file;
};

Task<StoreAnswer> HeldStore::Settle(store::SpoolFile file, store::SpoolWriter& received) {
  began_ = net::Loop::Current()->Now();
  dataset::Region region{received.path(), file.dataset_offset, instance.transfer_syntax};
  auto unreadable = co_await ReadFacts(region);
  if (unreadable) {
    co_await received.Drop();
    co_return *unreadable;
  }
  Result<hold::Verdict> verdict = hold::Verdict();
  if (runtime_.gate)
    verdict = co_await runtime_.gate->Judge(instance, region, client_.acknowledge.wait);
  Edited edited;
  if (verdict && !verdict->rename.empty()) {
    auto renamed = co_await Rename(region, *verdict);
    if (!renamed || renamed->part) co_await received.Drop();
    if (!renamed) co_return FailedBy(renamed.error(), dimse::status::kCannotUnderstand);
    edited = std::move(*renamed);
  }
  if (edited.part) {
    file = edited.file;
    region = {edited.part->path(), file.dataset_offset, instance.transfer_syntax};
  }
  // What was edited goes through the ledger's history, unless nothing is to be kept.
  const bool at_once = note_.empty() || KeepsNothing() || !services_.holding.Enter().has_value();
  store::SpoolWriter& part = edited.part ? *edited.part : received;
  std::optional<StoreAnswer> answer;
  if (!verdict) {
    answer = FailedBy(verdict.error(), dimse::status::kCannotUnderstand);
  } else if (verdict->kind == hold::Verdict::Kind::kRefuse ||
             (verdict->kind == hold::Verdict::Kind::kQuarantine && KeepsNothing())) {
    answer = Failed(verdict->status, verdict->comment);
  } else if (verdict->kind == hold::Verdict::Kind::kReady && at_once) {
    answer = co_await SendReady(region, verdict->requirements, verdict->patient);
  }
  if (answer) {
    log::Write(answer->status == dimse::status::kSuccess ? log::Level::kInfo : log::Level::kWarning,
               "instance answered",
               {{"sop_instance_uid", instance.sop_instance.str()},
                {"kind", NameOf(instance.kind)},
                {"application", application_.name},
                {"calling", instance.client.view()},
                {"status", answer->status},
                {"why", verdict ? verdict->reason.text : verdict.error().detail}});
    if (IsStored(answer->status) && application_.Retains())
      co_await Keep(std::move(file), part);
    else
      co_await part.Drop();
    co_return *answer;
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
  co_return co_await Accept(std::move(file), region, std::move(decided));
}

// The plan with its machines named as they are here (`unknown_machine: map`), as a part of its own.
// What has any other machine afterwards stays as it came, and is no longer to be sent.
Task<Result<HeldStore::Edited>> HeldStore::Rename(dataset::Region region, hold::Verdict& verdict) {
  auto edit = [region, names = verdict.rename, paths = hold::MachinePaths()]() {
    return dataset::RenameTexts(region, paths, names);
  };
  auto renamed = co_await services_.cpu.Run<Result<dataset::Renamed>>(std::move(edit));
  if (!renamed && renamed.error().code == Errc::kLimit) {
    KeepAsItCame(verdict, renamed.error().detail);
    co_return Edited{};
  }
  if (!renamed) co_return std::unexpected(renamed.error());
  const size_t replaced = renamed->replaced;
  const bool has_integrity = renamed->has_integrity;
  dataset::Renamed plan = std::move(*renamed);
  auto edited = co_await Write(std::move(plan));
  if (!edited) co_return std::unexpected(edited.error());
  const dataset::Region after{edited->part->path(), edited->file.dataset_offset,
                              instance.transfer_syntax};
  auto unknown = co_await runtime_.gate->UnknownMachineIn(instance, after);
  if (!unknown || !unknown->empty()) co_await edited->part->Drop();
  if (!unknown) co_return std::unexpected(unknown.error());
  if (!unknown->empty()) {
    KeepAsItCame(verdict, "\"" + Printable(*unknown) + "\" is still there");
    co_return Edited{};
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

Task<Result<HeldStore::Edited>> HeldStore::Write(dataset::Renamed renamed) {
  auto part = co_await OpenSpool(services_, std::move(renamed.header));
  if (!part) co_return std::unexpected(part.error());
  auto written = co_await (*part)->Append(std::move(renamed.data_set));
  if (!written) {
    co_await (*part)->Drop();
    co_return std::unexpected(written.error());
  }
  auto file = co_await (*part)->Finish();
  if (!file) co_return std::unexpected(file.error());
  co_return Edited{std::move(*part), std::move(*file)};
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
                                    hold::Verdict verdict) {
  auto digest = [region]() { return dataset::CanonicalDigest(region); };
  auto canonical = co_await services_.cpu.Run<Result<dataset::Digest>>(std::move(digest));
  store::Acceptance acceptance;
  acceptance.instance = instance;
  acceptance.file = std::move(file);
  if (canonical) acceptance.canonical = *canonical;
  acceptance.requirements = verdict.requirements;
  acceptance.warn_after = verdict.warn_after;
  acceptance.deadline = verdict.deadline;
  acceptance.at_deadline = verdict.at_deadline;
  acceptance.on_conflict = application_.on_conflict == config::OnConflict::kReplace
                               ? store::OnConflict::kReplace
                               : store::OnConflict::kKeep;
  if (verdict.kind == hold::Verdict::Kind::kQuarantine) acceptance.quarantine = verdict.reason;
  acceptance.verify = unknown_;
  acceptance.there_before = there_before_;
  acceptance.only_if_held = KeepsNothing();
  acceptance.note = note_;
  acceptance.patient = verdict.patient;
  acceptance.quarantine_other_patient =
      application_.patient_check == config::PatientCheck::kQuarantine;
  if (application_.Retains()) acceptance.retain_for = application_.commitment.retain_for;
  auto accepted = co_await services_.ledger.Accept(std::move(acceptance));
  if (!accepted) {
    log::Error("instance refused: the ledger cannot take it", {{"why", accepted.error().detail}});
    co_return Failed(dimse::status::kOutOfResources,
                     "Sluice cannot store: " + accepted.error().detail);
  }
  Reach(FailPoint::kAccepted);
  if (accepted->outcome == store::Accepted::Outcome::kNotKept)
    co_return AnswerNotKept(*accepted, verdict);
  // What was being judged at the same time; the gate has told of all the rest.
  if (!verdict.patient_differs && !accepted->other_patients.empty()) {
    log::Warning("patient differs", {{"sop_instance_uid", instance.sop_instance.str()},
                                     {"kind", NameOf(instance.kind)},
                                     {"application", application_.name},
                                     {"refers_to", Joined(accepted->other_patients, 4)}});
  }
  if (accepted->outcome != store::Accepted::Outcome::kConflict) kept_ = accepted->state;
  runtime_.watcher->Wake();
  if (accepted->state == store::State::kReady) runtime_.destination->Wake();
  co_return AnswerAccepted(*accepted, verdict);
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
