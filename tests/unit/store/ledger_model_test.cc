// First, because rapidcheck's header for GoogleTest needs GoogleTest's own before it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "tests/unit/store/store_fixture.h"

// The ledger against a model of a few lines that keeps everything in memory: whatever sequence of
// calls comes, both agree on every row, on what is claimed and on what is wanted, also after a
// restart in the middle.
namespace router::store {
namespace {

// A small world, so that calls meet: 6 instances in 2 series, which refer to each other.
constexpr int kUids = 6;

enum class Step : uint8_t {
  kAccept,
  kExists,
  kForget,
  kClaim,
  kBegin,
  kGiveBack,
  kComplete,
  kFail,
  kVerifying,
  kBackToWaiting,
  kQuarantine,
  kDiscard,
  kRelease,
  kRetry,
  kRestart,
};
constexpr int kSteps = 15;

struct Command {
  Step step;
  int uid;        // of what is accepted, or known
  int row;        // modulo the number of rows
  int amount;     // of a claim; seconds of a back-off
  uint8_t needs;  // a bit for each UID
  bool other_content;
};

void showValue(const Command& command, std::ostream& out) {
  out << "{" << static_cast<int>(command.step) << " uid=" << command.uid << " row=" << command.row
      << " amount=" << command.amount << " needs=" << static_cast<int>(command.needs)
      << (command.other_content ? " other" : "") << "}";
}

rc::Gen<Command> AnyCommand() {
  return rc::gen::build<Command>(
      // Acceptance, existence and claims more often than the rest.
      rc::gen::set(&Command::step, rc::gen::map(rc::gen::inRange(0, kSteps + 9),
                                                [](int n) {
                                                  constexpr Step kOften[] = {
                                                      Step::kAccept, Step::kExists, Step::kClaim};
                                                  return n < kSteps ? static_cast<Step>(n)
                                                                    : kOften[n % 3];
                                                })),
      rc::gen::set(&Command::uid, rc::gen::inRange(0, kUids)),
      rc::gen::set(&Command::row, rc::gen::inRange(0, 12)),
      rc::gen::set(&Command::amount, rc::gen::inRange(1, 4)),
      rc::gen::set(&Command::needs, rc::gen::map(rc::gen::inRange(0, 1 << kUids),
                                                 [](int n) { return static_cast<uint8_t>(n); })),
      rc::gen::set(&Command::other_content,
                   rc::gen::map(rc::gen::inRange(0, 5), [](int n) { return n == 0; })));
}

struct ModelRow {
  RowId id;
  int uid;
  bool other_content;
  State state;
  std::set<int> unmet, met;
  WallTime next_attempt_at;
  int place;
  int attempts = 0;
  bool begun = false, maybe_there = false, there_before = false;
};

class Model {
 public:
  std::vector<ModelRow> rows;
  std::set<int> known;
  std::set<int> remembered;  // were there once, as far as anybody knows

  static int SeriesOf(int uid) { return uid % 2; }
  static Kind KindOfUid(int uid) { return uid < 3 ? Kind::kImage : Kind::kPlan; }

  ModelRow* HeldAlready(int uid) {
    for (ModelRow& row : rows) {
      if (row.uid == uid && IsOpen(row.state)) return &row;
    }
    return nullptr;
  }
  void Add(RowId id, const Command& command, WallTime now) {
    ModelRow row{id, command.uid, command.other_content, State::kReady, {}, {}, now, 0};
    row.place = static_cast<int>(id);
    for (const ModelRow& one : rows) {
      if (IsOpen(one.state) && SeriesOf(one.uid) == SeriesOf(row.uid))
        row.place = std::min(row.place, one.place);
    }
    for (int needed = 0; needed < kUids; ++needed) {
      if (needed == command.uid || !(command.needs >> needed & 1)) continue;
      (known.contains(needed) ? row.met : row.unmet).insert(needed);
    }
    if (!row.unmet.empty()) row.state = State::kWaiting;
    rows.push_back(row);
  }
  static void End(ModelRow& row, State state) {
    row.state = state;
    row.unmet.clear();
    row.met.clear();
    row.begun = false;
  }
  // True: it had begun, and nobody will tell what became of it.
  static void LoseOwner(ModelRow& row) {
    if (row.state != State::kSending) return;
    row.state = row.begun ? State::kVerifying : State::kReady;
    row.maybe_there |= row.begun;
    row.begun = false;
  }
  bool Begin(ModelRow& row) {
    if (row.state != State::kSending || row.begun) return false;
    row.begun = true;
    ++row.attempts;
    bool was_there = remembered.contains(row.uid);
    for (const ModelRow& one : rows)
      was_there |= one.uid == row.uid && one.state == State::kDelivered;
    if (!row.maybe_there) row.there_before = was_there;
    return true;
  }
  std::set<RowId> Exists(int uid, WallTime now) {
    known.insert(uid);
    remembered.insert(uid);
    for (ModelRow& row : rows) {
      bool proof = row.state == State::kVerifying && row.uid == uid && !row.there_before;
      if (proof) End(row, State::kDelivered);
    }
    std::set<RowId> ready;
    for (ModelRow& row : rows) {
      if (!IsOpen(row.state) || row.unmet.erase(uid) == 0) continue;
      row.met.insert(uid);
      if (!row.unmet.empty() || row.state != State::kWaiting) continue;
      row.state = State::kReady;
      row.next_attempt_at = std::max(row.next_attempt_at, now);
      ready.insert(row.id);
    }
    return ready;
  }
  void Forget(int uid) {
    known.erase(uid);
    remembered.erase(uid);
    for (ModelRow& row : rows) {
      bool decided = row.state == State::kSending || row.state == State::kVerifying;
      if (!IsOpen(row.state) || decided || row.met.erase(uid) == 0) continue;
      row.unmet.insert(uid);
      if (row.state == State::kReady) row.state = State::kWaiting;
    }
  }
  std::vector<RowId> Claim(int limit, WallTime now) {
    std::vector<ModelRow*> queue;
    for (ModelRow& row : rows) {
      if (row.state == State::kReady) queue.push_back(&row);
    }
    auto key = [](const ModelRow* row) {
      return std::tuple(KindOfUid(row->uid), row->place, row->uid, row->id);
    };
    std::sort(queue.begin(), queue.end(),
              [&](ModelRow* a, ModelRow* b) { return key(a) < key(b); });
    std::set<std::pair<Kind, int>> stopped;
    std::set<int> busy;
    for (const ModelRow& row : rows) {
      bool is_busy = row.state == State::kVerifying || row.state == State::kSending;
      if (is_busy) busy.insert(SeriesOf(row.uid));
    }
    std::vector<RowId> claimed;
    for (ModelRow* row : queue) {
      if (static_cast<int>(claimed.size()) == limit) break;
      std::pair place(KindOfUid(row->uid), row->place);
      if (busy.contains(SeriesOf(row->uid)) || stopped.contains(place)) continue;
      if (row->next_attempt_at > now) {
        stopped.insert(place);
        continue;
      }
      row->state = State::kSending;
      claimed.push_back(row->id);
    }
    return claimed;
  }
  std::set<std::string> Wanted() const {
    std::set<std::string> wanted;
    for (const ModelRow& row : rows) {
      if (row.state != State::kWaiting) continue;
      for (int uid : row.unmet) wanted.insert("1." + std::to_string(uid));
    }
    return wanted;
  }
};

class Run {
 public:
  Run() { Restart(); }

  void Do(const Command& command) {
    clock_.Advance(std::chrono::milliseconds(500));
    switch (command.step) {
      case Step::kAccept:
        return Accept(command);
      case Step::kExists: {
        std::vector<ReadyRow> rows =
            Await(ledger_->Exists(kVmsdbd, {UidOf(command.uid)}, Known())).value();
        std::set<RowId> ready;
        for (const ReadyRow& row : rows) ready.insert(row.id);
        RC_ASSERT(ready == model_.Exists(command.uid, Now()));
        return;
      }
      case Step::kForget:
        RC_ASSERT(Await(ledger_->ForgetExistence(kVmsdbd, {UidOf(command.uid)})).has_value());
        return model_.Forget(command.uid);
      case Step::kClaim: {
        std::vector<Row> rows =
            Await(ledger_->Claim(kVmsdbd, command.amount, "owner", hours(1000))).value();
        std::vector<RowId> ids;
        for (const Row& row : rows) ids.push_back(row.id);
        RC_ASSERT(ids == model_.Claim(command.amount, Now()));
        return;
      }
      case Step::kRestart:
        Restart();
        for (ModelRow& row : model_.rows) Model::LoseOwner(row);
        return;
      default:
        if (!model_.rows.empty()) OnRow(command);
    }
  }

  void Compare() {
    Gauges gauges = ledger_->gauges();
    std::map<State, int64_t> counted;
    for (const ModelRow& expected : model_.rows) {
      Result<Row> row = Await(ledger_->Find(expected.id));
      RC_ASSERT(row.has_value());
      RC_ASSERT(NameOf(row->state) == NameOf(expected.state));
      RC_ASSERT(row->attempts == expected.attempts);
      RC_ASSERT(row->begun == expected.begun);
      RC_ASSERT(row->maybe_there == expected.maybe_there);
      RC_ASSERT(row->there_before == expected.there_before);
      if (IsOpen(expected.state))
        RC_ASSERT(row->missing == static_cast<int>(expected.unmet.size()));
      bool there = std::filesystem::exists(paths().File(row->file.name));
      RC_ASSERT(there == IsOpen(expected.state));
      ++counted[expected.state];
    }
    std::set<std::string> wanted;
    std::vector<WantedUid> all = Await(ledger_->Wanted(kVmsdbd, Now() + hours(1), 100)).value();
    for (const WantedUid& one : all) wanted.insert(one.uid.str());
    RC_ASSERT(wanted == model_.Wanted());
    int64_t held = 0, quarantined = 0;
    for (const auto& [key, count] : gauges.held) held += count;
    for (const auto& [key, count] : gauges.quarantined) quarantined += count;
    RC_ASSERT(held == counted[State::kWaiting]);
    RC_ASSERT(quarantined == counted[State::kQuarantined]);
    RC_ASSERT(gauges.queue[kVmsdbd].instances ==
              counted[State::kReady] + counted[State::kSending] + counted[State::kVerifying]);
  }

 private:
  static Uid UidOf(int uid) { return Uid("1." + std::to_string(uid)); }
  WallTime Now() const { return clock_.WallNow(); }
  Knowledge Known() const { return {How::kQuery, Now() + hours(1000)}; }
  StorePaths paths() const { return {folder_.path()}; }
  template <class T>
  T Await(Task<T> task) {
    return awaiter_.Await(std::move(task));
  }
  void Restart() {
    ledger_.reset();
    ledger_ = SqliteLedger::Open({.directory = folder_.path()}, clock_).value();
    RC_ASSERT(ledger_->sweep().files_without_row.empty());
    RC_ASSERT(ledger_->sweep().rows_without_file.empty());
  }

  void Accept(const Command& command) {
    std::string name = "f" + std::to_string(++files_);
    std::string content = std::to_string(command.uid) + (command.other_content ? "b" : "a");
    std::vector<Requirement> needs;
    for (int needed = 0; needed < kUids; ++needed) {
      if (needed != command.uid && (command.needs >> needed & 1))
        needs.push_back(Needs(UidOf(needed).view(), Model::KindOfUid(needed)));
    }
    Acceptance arrival =
        Arrival(UidOf(command.uid).view(), WritePart(paths(), name, content), std::move(needs));
    arrival.instance.kind = Model::KindOfUid(command.uid);
    arrival.instance.series = Uid("7." + std::to_string(Model::SeriesOf(command.uid)));
    arrival.instance.instance_number = command.uid;
    Result<Accepted> accepted = Await(ledger_->Accept(std::move(arrival)));
    RC_ASSERT(accepted.has_value());
    if (ModelRow* first = model_.HeldAlready(command.uid)) {
      bool same = first->other_content == command.other_content;
      RC_ASSERT(accepted->outcome ==
                (same ? Accepted::Outcome::kDuplicate : Accepted::Outcome::kConflict));
      RC_ASSERT(accepted->row == first->id);
      return;
    }
    RC_ASSERT(accepted->outcome == Accepted::Outcome::kNew);
    model_.Add(accepted->row, command, Now());
    RC_ASSERT(accepted->state == model_.rows.back().state);
  }

  void OnRow(const Command& command) {
    ModelRow& row = model_.rows[static_cast<size_t>(command.row) % model_.rows.size()];
    State was = row.state;
    bool in_flight = was == State::kSending || was == State::kVerifying;
    WallTime later = Now() + seconds(command.amount);
    auto end = [&row](State state) { Model::End(row, state); };
    // An attempt that ends before anything was sent counts as well.
    auto count = [&row, was] { row.attempts += was == State::kSending && !row.begun ? 1 : 0; };
    switch (command.step) {
      case Step::kBegin: {
        bool begun = Await(ledger_->Begin({row.id}, hours(1000))).has_value();
        RC_ASSERT(begun == model_.Begin(row));
        return;
      }
      case Step::kGiveBack:
        RC_ASSERT(Await(ledger_->GiveBack({row.id})).has_value());
        if (was == State::kSending && !row.begun) row.state = State::kReady;
        return;
      case Step::kComplete: {
        bool done = Await(ledger_->Complete(row.id, Known())).has_value();
        RC_ASSERT(done == in_flight);
        if (!done) return;
        end(State::kDelivered);
        model_.Exists(row.uid, Now());
        return;
      }
      case Step::kFail:
        RC_ASSERT(Await(ledger_->Fail(row.id, {}, later)).has_value() == in_flight);
        if (!in_flight) return;
        count();
        row.begun = false;
        row.state = State::kReady;
        row.next_attempt_at = later;
        return;
      case Step::kVerifying:
        RC_ASSERT(Await(ledger_->Verifying(row.id, {})).has_value() == (was == State::kSending));
        if (was != State::kSending) return;
        count();
        row.begun = false;
        row.maybe_there = true;
        row.state = State::kVerifying;
        return;
      case Step::kBackToWaiting: {
        bool allowed = in_flight || was == State::kReady;
        Result<State> state = Await(ledger_->BackToWaiting(row.id, {}, {}, later));
        RC_ASSERT(state.has_value() == allowed);
        if (!allowed) return;
        for (int uid : row.met) model_.known.erase(uid), model_.remembered.erase(uid);
        for (int uid : row.unmet) model_.remembered.erase(uid);
        row.begun = false;
        row.unmet.merge(row.met);
        row.met.clear();
        row.state = row.unmet.empty() ? State::kReady : State::kWaiting;
        row.next_attempt_at = later;
        return;
      }
      case Step::kQuarantine:
        RC_ASSERT(Await(ledger_->Quarantine(row.id, {})).has_value() == IsOpen(was));
        if (IsOpen(was)) row.state = State::kQuarantined, row.begun = false;
        return;
      case Step::kDiscard:
        RC_ASSERT(Await(ledger_->Discard(row.id, "", "me")).has_value() == IsOpen(was));
        if (IsOpen(was)) end(State::kDiscarded);
        return;
      case Step::kRelease: {
        bool allowed =
            was == State::kWaiting || was == State::kVerifying || was == State::kQuarantined;
        RC_ASSERT(Await(ledger_->Release(row.id, "", "me", std::nullopt)).has_value() == allowed);
        if (!allowed) return;
        row.state = State::kReady;
        row.unmet.clear();
        row.next_attempt_at = Now();
        return;
      }
      case Step::kRetry: {
        bool allowed =
            was == State::kReady || was == State::kVerifying || was == State::kQuarantined;
        RC_ASSERT(Await(ledger_->Retry(row.id, "", "me")).has_value() == allowed);
        if (!allowed) return;
        if (was == State::kQuarantined) row.attempts = 0;
        row.state = row.unmet.empty() ? State::kReady : State::kWaiting;
        row.next_attempt_at = Now();
        return;
      }
      default:
        return;
    }
  }

  TestClock clock_;
  ScratchFolder folder_;
  Awaiter awaiter_;
  std::unique_ptr<SqliteLedger> ledger_;
  Model model_;
  int files_ = 0;
};

RC_GTEST_PROP(LedgerModelTest, EverySequenceOfCallsAgreesWithTheModel, ()) {
  std::vector<Command> commands = *rc::gen::container<std::vector<Command>>(AnyCommand());
  Run run;
  for (const Command& command : commands) run.Do(command);
  run.Compare();
}

}  // namespace
}  // namespace router::store
