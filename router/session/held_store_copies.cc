#include "router/base/log.h"
#include "router/delivery/destination.h"
#include "router/session/held_store.h"

// Copies of a stored instance for other applications, as rules want them. Each is judged by the
// gate of its application, as if its client had sent it there.
namespace router::session {

// The instance itself was sent at once and is there. An error: its client is to send it again.
Task<Result<>> HeldStore::AcceptCopies(store::SpoolFile file, dataset::Region region,
                                       store::SpoolWriter& part) {
  auto pass = services_.holding.Enter();
  Result<> accepted = Fail(Errc::kLimit, Blame::kInternal, "nothing more is held here", true);
  bool taken_over = false;
  if (pass) {
    const auto canonical = co_await CanonicalOf(region);
    auto judged = co_await JudgeCopies(file, region, canonical);
    accepted = judged ? Result<>() : std::unexpected(judged.error());
    if (judged && !judged->empty()) {
      for (const store::Acceptance& one : *judged) taken_over |= one.file.name == file.name;
      auto rows = co_await services_.ledger.AcceptAll(std::move(*judged));
      if (rows) LogCopies(*rows);
      if (!rows) accepted = std::unexpected(rows.error());
    }
  }
  if (!taken_over) co_await part.Drop();
  if (accepted)
    WakeCopies();
  else
    log::Error("an instance is there, and its copies are not: its client is told to send it again",
               {{"sop_instance_uid", instance.sop_instance.str()},
                {"application", application_.name},
                {"calling", instance.client.view()},
                {"why", accepted.error().detail}});
  co_return accepted;
}

// With an error no part of a copy is left.
Task<Result<std::vector<store::Acceptance>>> HeldStore::JudgeCopies(
    store::SpoolFile file, dataset::Region region, std::optional<dataset::Digest> canonical) {
  copies_judged_ = true;
  std::vector<store::Acceptance> all;
  for (StoreCopy& copy : copies) {
    auto judged = co_await JudgeCopy(copy, file, region);
    if (!judged) {
      co_await DropCopies();
      co_return std::unexpected(judged.error());
    }
    if (!*judged) continue;
    if (!copy.own.part) (*judged)->canonical = canonical;
    all.push_back(std::move(**judged));
  }
  co_return all;
}

// Nothing: its application's gate refuses it, now and whenever it is sent.
Task<Result<std::optional<store::Acceptance>>> HeldStore::JudgeCopy(StoreCopy& copy,
                                                                    store::SpoolFile file,
                                                                    dataset::Region region) {
  store::Instance one = instance;
  one.application = copy.application->name;
  one.calling_as = copy.calling_as;
  if (copy.own.part) {
    file = copy.own.file;
    region = {copy.own.part->path(), file.dataset_offset, instance.transfer_syntax};
  }
  hold::Verdict verdict;
  if (hold::Gate* gate = copy.runtime->gate) {
    auto judged = co_await gate->Judge(one, region, net::Milliseconds(0), copy.terms.hold);
    if (!judged) co_return std::unexpected(judged.error());
    verdict = std::move(*judged);
  }
  if (verdict.kind == hold::Verdict::Kind::kRefuse) {
    log::Warning("copy not made: it would be refused",
                 {{"sop_instance_uid", instance.sop_instance.str()},
                  {"application", copy.application->name},
                  {"calling", instance.client.view()},
                  {"why", verdict.comment}});
    if (copy.own.part) co_await copy.own.part->Drop();
    co_return std::nullopt;
  }
  if (!verdict.rename.empty()) {
    verdict.kind = hold::Verdict::Kind::kQuarantine;
    verdict.reason = {store::Cause::kUnknownMachine,
                      "its treatment machines are not renamed in a copy"};
  }
  store::Acceptance acceptance = AcceptanceFor(*copy.application, copy.terms, verdict);
  acceptance.instance = std::move(one);
  acceptance.file = std::move(file);
  acceptance.note = copy.note;
  acceptance.is_copy = true;
  co_return acceptance;
}

Task<> HeldStore::DropCopies() {
  for (StoreCopy& copy : copies)
    if (copy.own.part) co_await copy.own.part->Drop();
}

// A copy that is kept in quarantine is nobody's to send again: a person has to know.
void HeldStore::LogCopies(std::span<const store::Accepted> rows) const {
  for (const store::Accepted& row : rows)
    if (row.outcome == store::Accepted::Outcome::kConflict)
      log::Warning("copy quarantined: other content is held under its UID",
                   {{"sop_instance_uid", instance.sop_instance.str()},
                    {"calling", instance.client.view()},
                    {"row", row.row}});
}

void HeldStore::WakeCopies() {
  for (const StoreCopy& copy : copies) {
    if (copy.runtime->watcher) copy.runtime->watcher->Wake();
    copy.runtime->destination->Wake();
  }
}

}  // namespace router::session
