#pragma once
#include <memory>
#include <string>

#include "tests/unit/store/store_fixture.h"

namespace router::store {

// One implementation of Ledger on an empty store, for the contract's tests. A second one joins by
// a harness of its own and INSTANTIATE_TEST_SUITE_P.
class LedgerHarness {
 public:
  virtual ~LedgerHarness() = default;
  virtual Ledger& ledger() = 0;
  virtual CommitmentLedger& commitments() = 0;
  virtual StorePaths paths() const = 0;
  virtual void Restart() = 0;  // the process ends and a new one opens the same store
};

struct LedgerMaker {
  std::string name;
  std::unique_ptr<LedgerHarness> (*make)(const Clock& clock);

  friend void PrintTo(const LedgerMaker& maker, std::ostream* out) { *out << maker.name; }
};

class LedgerContract : public ::testing::TestWithParam<LedgerMaker> {
 protected:
  LedgerContract() : harness_(GetParam().make(clock_)) {}

  Ledger& ledger() { return harness_->ledger(); }
  template <class T>
  T Await(Task<T> task) {
    return awaiter_.Await(std::move(task));
  }
  WallTime Now() const { return clock_.WallNow(); }
  Knowledge Known(How how = How::kQuery) const { return {how, Now() + hours(24)}; }

  // A part with content of its own, unless told which.
  SpoolFile Part(std::string content = "") {
    std::string name = "f" + std::to_string(++files_) + ".dcm";
    if (content.empty()) content = "content of " + name;
    return WritePart(harness_->paths(), name, content);
  }
  bool FileIsThere(const std::string& name) {
    return std::filesystem::exists(harness_->paths().File(name));
  }
  size_t FilesInSpool() {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(harness_->paths().Spool()))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  Accepted Accept(Acceptance arrival) {
    Result<Accepted> accepted = Await(ledger().Accept(std::move(arrival)));
    if (!accepted) {
      ADD_FAILURE() << accepted.error().detail;
      return {};
    }
    return *accepted;
  }
  Accepted Accept(std::string_view uid, std::vector<Requirement> requirements = {}) {
    return Accept(Arrival(uid, Part(), std::move(requirements)));
  }
  Row Find(RowId id) { return Await(ledger().Find(id)).value_or(Row{}); }
  State StateOf(RowId id) { return Find(id).state; }
  std::vector<Row> Claim(int limit = 100, std::string owner = "a") {
    return Await(ledger().Claim(kVmsdbd, limit, std::move(owner), minutes(5))).value();
  }
  std::vector<std::string> ClaimedUids(int limit = 100, std::string owner = "a") {
    std::vector<std::string> uids;
    std::vector<Row> rows = Claim(limit, std::move(owner));
    for (const Row& row : rows) uids.push_back(row.instance.sop_instance.str());
    return uids;
  }
  Row Begin(RowId id) {
    Result<Row> row = Await(ledger().Begin({id}, minutes(5)));
    EXPECT_TRUE(row) << (row ? "" : row.error().detail);
    return row.value_or(Row{});
  }
  // An attempt of the row, which was claimed, whose answer is lost.
  void LoseAnswer(RowId id) {
    Begin(id);
    ASSERT_TRUE(Await(ledger().Verifying(id, {Cause::kOutcomeUnknown, "lost"})));
  }
  std::vector<RowId> Exist(std::vector<Uid> uids) {
    std::vector<RowId> ids;
    std::vector<ReadyRow> rows = Await(ledger().Exists(kVmsdbd, std::move(uids), Known())).value();
    for (const ReadyRow& row : rows) ids.push_back(row.id);
    return ids;
  }
  std::vector<std::string> WantedNow() {
    std::vector<std::string> uids;
    std::vector<WantedUid> all = Await(ledger().Wanted(kVmsdbd, Now(), 1000)).value();
    for (const WantedUid& wanted : all) uids.push_back(wanted.uid.str());
    return uids;
  }

  TestClock clock_;
  Awaiter awaiter_;
  std::unique_ptr<LedgerHarness> harness_;
  int files_ = 0;
};

// The same, for steps of the wall clock.
class ClockStep : public LedgerContract {};

// The same, for those who wait for what comes by itself, or want nothing kept.
class LedgerComing : public LedgerContract {
 protected:
  std::vector<std::string> Coming(std::vector<Uid> uids) {
    std::vector<std::string> coming;
    std::vector<Uid> all = Await(ledger().Coming(kVmsdbd, std::move(uids))).value();
    for (const Uid& uid : all) coming.push_back(uid.str());
    return coming;
  }
  Accepted AcceptIfHeld(std::string_view uid, std::string content = "") {
    Acceptance arrival = Arrival(uid, Part(std::move(content)));
    arrival.only_if_held = true;
    return Accept(std::move(arrival));
  }
};

inline Patient Whose(std::string_view id, std::string_view name = "") {
  Patient patient;
  if (!id.empty()) patient.id = dataset::Sha256::Of(AsBytes(id));
  if (!name.empty()) patient.name = dataset::Sha256::Of(AsBytes(name));
  return patient;
}

// The same, for whose the instances are.
class LedgerPatients : public LedgerContract {
 protected:
  Accepted AcceptOf(std::string_view uid, Patient patient, std::vector<Requirement> needs = {},
                    bool quarantine = false) {
    Acceptance arrival = Arrival(uid, Part(), std::move(needs));
    arrival.patient = patient;
    arrival.quarantine_other_patient = quarantine;
    return Accept(std::move(arrival));
  }
  std::vector<RowId> Note(std::string_view uid, Patient patient, bool quarantine = false) {
    std::vector<RowId> ids;
    std::vector<Row> rows =
        Await(ledger().NotePatient(kVmsdbd, Uid(uid), patient, quarantine)).value();
    for (const Row& row : rows) ids.push_back(row.id);
    return ids;
  }
  std::vector<Uid> Others(std::string_view uid, Patient patient) {
    return Await(ledger().OtherPatients(kVmsdbd, {Uid(uid)}, patient)).value();
  }
};

// The same, for claims and what becomes of them.
class LedgerDeliveryContract : public LedgerContract {
 protected:
  Acceptance InSeries(std::string_view uid, std::string_view series,
                      std::optional<int32_t> number) {
    Acceptance arrival = Arrival(uid, Part());
    arrival.instance.series = Uid(series);
    arrival.instance.instance_number = number;
    return arrival;
  }
  Acceptance OfKind(std::string_view uid, Kind kind) {
    Acceptance arrival = Arrival(uid, Part());
    arrival.instance.kind = kind;
    return arrival;
  }
};

// The same, for one instance that goes to several applications.
class LedgerCopiesContract : public LedgerContract {
 protected:
  static constexpr const char* kPacs = "RTPACS";

  // One file, for VMSDBD and for RTPACS.
  std::vector<Acceptance> Copies(std::string_view uid, std::vector<Requirement> needs = {},
                                 std::string content = "") {
    std::vector<Acceptance> both;
    both.push_back(Arrival(uid, Part(std::move(content)), std::move(needs)));
    both.push_back(Arrival(uid, both[0].file));
    both[1].instance.application = kPacs;
    return both;
  }
  std::vector<Accepted> AcceptBoth(std::vector<Acceptance> both) {
    return Await(ledger().AcceptAll(std::move(both))).value();
  }
  std::vector<Row> ClaimFor(std::string application) {
    return Await(ledger().Claim(std::move(application), 100, "a", minutes(5))).value();
  }
  void Deliver(RowId row) {
    const std::string application = Find(row).instance.application;
    ASSERT_EQ(ClaimFor(application).size(), 1u);
    Begin(row);
    ASSERT_TRUE(Await(ledger().Complete(row, std::nullopt)));
    Await(ledger().OpenRows(application));  // answered after what was unlinked before it
  }
};

// The same, for the terms that a row was accepted with.
class LedgerTermsContract : public LedgerDeliveryContract {
 protected:
  Acceptance NotBefore(std::string_view uid, std::chrono::milliseconds from_now,
                       std::vector<Requirement> needs = {}) {
    Acceptance arrival = Arrival(uid, Part(), std::move(needs));
    arrival.not_before = Now() + from_now;
    return arrival;
  }
  Acceptance WithPriority(std::string_view uid, Priority priority,
                          std::vector<Requirement> needs = {}) {
    Acceptance arrival = Arrival(uid, Part(), std::move(needs));
    arrival.priority = priority;
    return arrival;
  }
};

// The same, for what is due: questions, quiet series, claims.
class LedgerDueContract : public LedgerContract {
 protected:
  // Rows that wait for a UID of their own each, all overdue to be asked about.
  void MakeBacklog(int rows) {
    for (int i = 0; i < rows; ++i)
      Accept("5." + std::to_string(i), {Needs("6." + std::to_string(i))});
  }
  WantedUid FirstWanted() {
    std::vector<WantedUid> wanted = Await(ledger().Wanted(kVmsdbd, Now(), 1)).value();
    return wanted.empty() ? WantedUid() : wanted.front();
  }
  Requirement Listed(std::string_view uid) {
    Requirement listed = Needs(uid);
    listed.site = kListOnly;
    return listed;
  }
  std::vector<RowId> Quiet(minutes minutes_ago = minutes(10), int limit = 100) {
    std::vector<RowId> ids;
    std::vector<HeldRow> rows = Await(ledger().Quiet(kVmsdbd, Now() - minutes_ago, limit)).value();
    for (const HeldRow& held : rows) ids.push_back(held.row.id);
    return ids;
  }
};

// The same, for what is owed to clients who asked for storage commitment.
class CommitmentContract : public LedgerContract {
 protected:
  CommitmentLedger& commitments() { return harness_->commitments(); }
  AddedCommitment Add(NewCommitment asked) {
    asked.deadline = Now() + hours(1);
    return Await(commitments().Add(std::move(asked))).value();
  }
  RowId AddNew(NewCommitment asked) {
    AddedCommitment added = Add(std::move(asked));
    EXPECT_EQ(added.outcome, AddedCommitment::Outcome::kNew);
    return added.id;
  }
  std::vector<UndecidedInstance> Undecided() {
    return Await(commitments().Undecided(kVmsdbd, 0, -1, 100)).value();
  }
  std::vector<std::string> UndecidedUids() {
    std::vector<std::string> uids;
    const std::vector<UndecidedInstance> all = Undecided();
    for (const UndecidedInstance& one : all) uids.push_back(one.sop.sop_instance.str());
    return uids;
  }
  int Decide(std::vector<InstanceDecision> decisions) {
    return Await(commitments().Decide(std::move(decisions))).value();
  }
  // A request of one instance, which is committed.
  RowId Decided(RowId id) {
    EXPECT_EQ(Decide({{id, 0, 0}}), 1);
    return id;
  }
  std::vector<RowId> Due() {
    std::vector<RowId> ids;
    std::vector<Commitment> all = Await(commitments().Due(kVmsdbd, Now(), 100)).value();
    for (const Commitment& one : all) ids.push_back(one.id);
    return ids;
  }
};

// The same, for originals that are kept.
class KeptContract : public CommitmentContract {
 protected:
  Acceptance Retained(std::string_view uid, std::string content = "12345") {
    Acceptance arrival = Arrival(uid, Part(std::move(content)));
    arrival.retain_for = hours(1);
    return arrival;
  }
  // An instance that was sent at once. Returns its file.
  std::string Keep(std::string_view uid, std::string content = "12345") {
    Acceptance arrival = Retained(uid, std::move(content));
    const std::string name = arrival.file.name;
    EXPECT_TRUE(Await(ledger().Keep(std::move(arrival))));
    return name;
  }
  RowId Ask(std::string_view transaction, std::string_view uid) {
    NewCommitment asked;
    asked.application = kVmsdbd;
    asked.client = AeTitle::FromWire(kTpsTitle);
    asked.request = {Uid(transaction), {{Uid("1.2.840.10008.5.1.4.1.1.2"), Uid(uid)}}};
    return AddNew(std::move(asked));
  }
  // Commits it, by a promise to keep the file.
  int Promise(RowId commitment, const std::string& file, WallTime until) {
    return Decide({{commitment, 0, 0, {file}, until}});
  }
  void Deliver(RowId row) {
    ASSERT_FALSE(Claim().empty());
    Begin(row);
    ASSERT_TRUE(Await(ledger().Complete(row, std::nullopt)));
  }
  // Something is written a minute later: what is over goes then.
  void Pass(std::chrono::milliseconds time) {
    clock_.Advance(time + minutes(2));
    Await(ledger().AskSoon(kVmsdbd, {}, Now()));
    Accept("5." + std::to_string(++others_), {Needs("6.1")});
    Await(ledger().OpenRows(kVmsdbd));  // answered after what the call before it unlinked
  }
  uint64_t MakeRoom(uint64_t bytes) {
    const uint64_t gone = Await(ledger().MakeRoom(bytes)).value();
    Await(ledger().OpenRows(kVmsdbd));
    return gone;
  }
  bool HasFile(std::string_view uid) {
    const RowId asked = Ask("3." + std::to_string(++others_), uid);
    const std::vector<UndecidedInstance> all = Undecided();
    const bool has = !all.empty() && !all.back().files.empty();
    Decide({{asked, 0, 0x0112}});
    return has;
  }

  int others_ = 0;
};

}  // namespace router::store
