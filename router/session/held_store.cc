#include "router/session/held_store.h"

#include <algorithm>

#include "router/base/fail_point.h"
#include "router/base/text.h"
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

bool IsStored(uint16_t status) {
  const auto of = dimse::ClassOf(dimse::Command::kCStoreRsp, status);
  return of == dimse::StatusClass::kSuccess || of == dimse::StatusClass::kWarning;
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

StoreAnswer FailedBy(const Error& error, uint16_t status) {
  const bool ours = error.code == Errc::kDisk || error.blame == Blame::kInternal;
  return Failed(ours ? dimse::status::kOutOfResources : status, error.detail);
}

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

void HeldStore::GiveUp() { runtime_.destination->GiveUpOn(instance.sop_instance); }

}  // namespace router::session
