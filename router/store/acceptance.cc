#include <algorithm>
#include <unordered_map>

#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

// The open row of the same instance for the same application, the first if there are several.
std::optional<Row> HeldAlready(Database& database, const Instance& instance) {
  static const std::string kSql = SelectRows(
      "WHERE sop_instance = ? AND application = ? AND state NOT IN ('delivered', 'discarded') "
      "ORDER BY id LIMIT 1");
  Rows rows = database.Ask(kSql, instance.sop_instance, instance.application);
  if (!rows.Next()) return std::nullopt;
  return TakeRow(rows);
}

bool SameContent(const Row& first, const Acceptance& second) {
  if (first.canonical && second.canonical) return *first.canonical == *second.canonical;
  return first.file.sha256 == second.file.sha256 &&
         first.instance.transfer_syntax == second.instance.transfer_syntax;
}

// Another content of this UID was delivered: since it was asked for, maybe, for the UID alone says
// nothing of which it is that is there.
bool AnotherWasDelivered(Database& database, const Acceptance& acceptance) {
  static const std::string kSql =
      SelectRows("WHERE sop_instance = ? AND application = ? AND +state = 'delivered'");
  const std::vector<Row> all = TakeRows(
      database.Ask(kSql, acceptance.instance.sop_instance, acceptance.instance.application));
  return std::ranges::any_of(all, [&](const Row& row) { return !SameContent(row, acceptance); });
}

bool MayBeReplaced(const Row& first) {
  return first.state != State::kSending && first.state != State::kVerifying;
}

// Distinct by UID: the first mention, unless a later one holds and the first does not.
std::vector<Requirement> Distinct(const Acceptance& acceptance) {
  std::vector<Requirement> all;
  std::unordered_map<Uid, size_t> seen;
  for (const Requirement& one : acceptance.requirements) {
    auto [at, is_new] = seen.emplace(one.uid, all.size());
    if (is_new)
      all.push_back(one);
    else if (one.strength < all[at->second].strength)
      all[at->second] = one;
  }
  return all;
}

// What it requires and is another patient's, as far as is known.
std::vector<Uid> OtherPatientsOf(Transaction& tx, const Acceptance& acceptance) {
  std::vector<Uid> required;
  for (const Requirement& one : acceptance.requirements) {
    if (one.strength == Strength::kRequired && one.level == Level::kInstance)
      required.push_back(one.uid);
  }
  return OtherPatients(tx, acceptance.instance.application, required, acceptance.patient);
}

Row NewRow(const Transaction& tx, const Acceptance& acceptance) {
  Row row;
  row.instance = acceptance.instance;
  row.file = acceptance.file;
  row.canonical = acceptance.canonical;
  row.accepted_at = row.since = row.next_attempt_at = row.moved_at = tx.now();
  row.warn_after = acceptance.warn_after;
  row.deadline = acceptance.deadline;
  row.at_deadline = acceptance.at_deadline;
  row.not_before = acceptance.not_before;
  row.priority = acceptance.priority;
  return row;
}

}  // namespace

Accepted Accept(Transaction& tx, const Acceptance& acceptance) {
  Accepted answer;
  if (std::optional<Row> first = HeldAlready(tx.database(), acceptance.instance)) {
    bool same = SameContent(*first, acceptance);
    if (same && acceptance.only_if_held && first->state == State::kQuarantined) {
      answer.outcome = Accepted::Outcome::kNotKept;
      answer.row = first->id;
      answer.state = first->state;
      return answer;
    }
    bool replace = acceptance.on_conflict == OnConflict::kReplace && MayBeReplaced(*first) &&
                   !acceptance.only_if_held;
    if (!same && !replace && acceptance.is_copy) {
      answer.outcome = Accepted::Outcome::kConflict;
    } else if (same || !replace) {
      answer.outcome = same ? Accepted::Outcome::kDuplicate : Accepted::Outcome::kConflict;
      answer.row = first->id;
      answer.state = first->state;
      return answer;
    } else {
      Row gone = *first;
      gone.state = State::kDiscarded;
      gone.reason = {Cause::kReplaced, "the same UID came again with other content"};
      gone.missing = gone.listed = 0;
      gone.waits_for.reset();
      tx.Update(*first, gone);
      answer.outcome = Accepted::Outcome::kReplaced;
    }
  } else if (acceptance.only_if_held) {
    answer.outcome = Accepted::Outcome::kNotKept;
    return answer;
  }

  Row row = NewRow(tx, acceptance);
  std::vector<Requirement> requirements = Distinct(acceptance);
  for (const Requirement& one : requirements) {
    if (one.strength != Strength::kRequired || acceptance.verify) continue;
    if (KnownHow(tx.database(), row.instance.application, one.uid, tx.now())) continue;
    ++row.missing;
    row.listed += one.site == kListOnly ? 1 : 0;
    row.waits_for = std::min(row.waits_for.value_or(one.kind), one.kind);
  }
  row.state = row.missing > 0 ? State::kWaiting : State::kReady;
  if (row.missing > 0) row.reason.cause = Cause::kReferences;
  row.reason.text = acceptance.note;
  answer.other_patients = OtherPatientsOf(tx, acceptance);
  if (!answer.other_patients.empty() && acceptance.quarantine_other_patient) {
    row.state = State::kQuarantined;
    row.reason = PatientDiffersFrom(answer.other_patients.front());
  }
  if (acceptance.quarantine) {
    row.state = State::kQuarantined;
    row.reason = *acceptance.quarantine;
  }
  if (answer.outcome == Accepted::Outcome::kConflict) {
    row.state = State::kQuarantined;
    row.reason = {Cause::kConflict, "other content is held under its UID"};
  }
  if (acceptance.verify) {
    row.state = State::kVerifying;
    row.reason = *acceptance.verify;
    row.attempts = 1;
    row.maybe_there = true;
    row.there_before = acceptance.there_before || AnotherWasDelivered(tx.database(), acceptance);
  }
  if (row.state == State::kVerifying) row.ready_since = tx.now();
  if (row.state == State::kReady)
    row.ready_since = std::max(tx.now(), row.not_before.value_or(tx.now()));
  tx.Insert(row);
  if (acceptance.retain_for.count() > 0) tx.RetainFile(row.file.name, acceptance.retain_for);
  AddRequirements(tx, row, requirements);
  NotePatient(tx, row.instance.application, row.instance.sop_instance, acceptance.patient,
              acceptance.quarantine_other_patient);
  answer.row = row.id;
  answer.state = row.state;
  return answer;
}

}  // namespace router::store::steps
