#include "router/hold/oracle.h"

#include <algorithm>
#include <set>
#include <utility>

#include "router/base/log.h"
#include "router/dataset/encoding.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"

namespace router::hold {
namespace {

constexpr dataset::Tag kSopInstance = 0x00080018, kModality = 0x00080060, kSeriesUid = 0x0020000E,
                       kFrame = 0x00200052;
constexpr size_t kMostAnswers = 20'000;       // of one query; a peer that sends more is cancelled
constexpr Milliseconds kFresh{500};           // a line used so lately is surely still there
constexpr std::chrono::hours kLearnedFor{1};  // that relational queries are refused

using Form = Query::Form;

std::vector<ul::ProposedContext> Contexts() {
  return {{1,
           Uid(dimse::uid::kStudyRootFind),
           {Uid(dataset::kExplicitVrLittleEndian), Uid(dataset::kImplicitVrLittleEndian)}}};
}

}  // namespace

// What is asked in one call, and how far it is. Lies on the stack of Ask.
struct Oracle::Round {
  std::vector<Question> questions;
  std::vector<Fate> fates;
  std::function<bool()> stop;
  std::set<size_t> doubtful;  // "no" to the UID alone
  bool refused = false;       // a query without all keys was, as if it were not understood
  bool answered = false;      // one with all keys was

  bool Stopped() const { return stop && stop(); }
  std::vector<size_t> With(Fate fate) const {
    std::vector<size_t> with;
    for (size_t i = 0; i < fates.size(); ++i) {
      if (fates[i] == fate) with.push_back(i);
    }
    return with;
  }
  std::vector<Uid> UidsWith(Fate fate) const {
    std::vector<Uid> uids;
    for (size_t i : With(fate)) uids.push_back(questions[i].uid);
    return uids;
  }
  bool AllFound(const std::vector<size_t>& which) const {
    return std::ranges::all_of(which, [&](size_t i) { return fates[i] == Fate::kFound; });
  }
};

Oracle::Oracle(net::Loop& home, const Clock& clock, Connect connect, metrics::Registry& metrics,
               Options options)
    : clock_(clock),
      connect_(std::move(connect)),
      application_(std::move(options.application)),
      found_(metrics.Get<metrics::Id::kExistenceQueries>(application_, "found")),
      absent_(metrics.Get<metrics::Id::kExistenceQueries>(application_, "absent")),
      failed_(metrics.Get<metrics::Id::kExistenceQueries>(application_, "failed")),
      pause_(home),
      rate_(options.existence.per_second),
      idle_(options.idle) {}

Oracle::~Oracle() {
  if (line_.scu) log::Fatal("an oracle ended with its line open", {{"application", application_}});
}

Task<Result<Findings>> Oracle::Ask(std::vector<Question> questions, std::function<bool()> stop) {
  Round round;
  round.questions = std::move(questions);
  round.stop = std::move(stop);
  round.fates.assign(round.questions.size(), Fate::kOpen);
  const bool reused = line_.scu && clock_.Now() - used_ >= kFresh;
  auto asked = co_await AskAll(round);
  const bool nothing = round.With(Fate::kOpen).size() == round.questions.size();
  // The line may have gone while nobody looked: that says nothing of the application.
  if (!asked && reused && nothing && !interrupted_) asked = co_await AskAll(round);
  if (!asked && round.With(Fate::kOpen).size() == round.questions.size()) {
    co_return std::unexpected(asked.error());
  }
  co_return Findings{round.fates, round.UidsWith(Fate::kFound), round.UidsWith(Fate::kAbsent),
                     round.UidsWith(Fate::kUnanswered)};
}

Task<Result<>> Oracle::AskAll(Round& round) {
  auto open = co_await Open();
  if (!open) co_return open;
  const bool old = clock_.Now() - learned_ >= kLearnedFor;
  if (relational_ == Relational::kNo && old) relational_ = Relational::kUnknown;
  auto asked = co_await AskPending(round, relational_);
  if (asked && round.refused) asked = co_await AskWithAllKeys(round);
  if (asked && relational_ == Relational::kUnknown) asked = co_await AskAgainInSeries(round);
  if (!asked) {
    failed_.Add();
    co_await Drop();
  } else if (!round.Stopped()) {
    for (size_t i : round.With(Fate::kOpen)) round.fates[i] = Fate::kUnanswered;
  }
  used_ = clock_.Now();
  co_return asked;
}

// What was refused without the higher keys is asked once more with them. Only where that is
// answered and the refusal was not the first one is anything learned from it: one may be a mere
// failure.
Task<Result<>> Oracle::AskWithAllKeys(Round& round) {
  auto asked = co_await AskPending(round, Relational::kNo);
  if (!asked || !round.answered) co_return asked;
  if (!std::exchange(suspected_, true)) co_return asked;
  relational_ = Relational::kNo;
  learned_ = clock_.Now();
  log::Info("the application wants all keys of a hierarchical query",
            {{"application", application_}});
  co_return asked;
}

Task<Result<>> Oracle::AskPending(Round& round, Relational relational) {
  const std::vector<size_t> pending = round.With(Fate::kOpen);
  std::vector<Question> questions;
  for (size_t i : pending) questions.push_back(round.questions[i]);
  std::vector<Query> queries = PlanQueries(questions, relational);
  bool first = true;
  for (Query& query : queries) {
    // One goes out in any case: what is to give way to others gets its turn all the same.
    if (!std::exchange(first, false) && round.Stopped()) break;
    if (query.relational && round.refused) continue;  // to be asked with all keys
    for (size_t& i : query.settles) i = pending[i];
    auto run = co_await Run(std::move(query), round);
    if (!run) co_return run;
  }
  co_return Result<>();
}

// Some answer "no match" to what they do not understand. As long as no relational query ever found
// anything, its "no" is checked against the form that everybody must support (PS3.4 C.4.1).
Task<Result<>> Oracle::AskAgainInSeries(Round& round) {
  for (size_t i : std::exchange(round.doubtful, {})) {
    const Question question = round.questions[i];
    const bool can = !question.study.empty() && !question.series.empty();
    if (!can || round.Stopped()) continue;
    Query query{Form::kInSeries, question.study, question.series, question.uid, {i}, false};
    auto run = co_await Run(std::move(query), round);
    if (!run) co_return run;
  }
  co_return Result<>();
}

// One query, at the rate allowed. An error: the line is of no more use.
Task<Result<>> Oracle::Run(Query query, Round& round) {
  while (!interrupted_ && !rate_.Take(clock_.Now())) {
    co_await pause_.Wait(std::max(rate_.Wait(clock_.Now()), Milliseconds(1)));
  }
  if (interrupted_) co_return std::unexpected(*interrupted_);
  std::vector<dataset::Identifier> answers;
  auto status = co_await Find(query, answers);
  if (!status) co_return std::unexpected(status.error());

  if (*status != dimse::status::kSuccess && *status != dimse::status::kCancelled) {
    failed_.Add();
    if (query.relational && RefusesRelational(*status) && relational_ == Relational::kUnknown) {
      round.refused = true;
    } else {
      for (size_t i : query.settles) round.fates[i] = Fate::kUnanswered;
    }
    co_return Result<>();
  }
  (query.relational ? suspected_ : round.answered) = !query.relational;
  if (query.form == Form::kStudyList) {
    co_return co_await Walk(std::move(query), std::move(answers), round);
  }
  Settle(query, answers, round);
  const bool found =
      std::ranges::any_of(query.settles, [&](size_t i) { return round.fates[i] == Fate::kFound; });
  (found ? found_ : absent_).Add();
  if (found && query.relational && relational_ == Relational::kUnknown) {
    relational_ = Relational::kYes;
  }
  // The study was a guess: that of the object which refers to them.
  const bool guessed = query.form == Form::kSeriesList && !query.study.empty();
  if (!found && guessed && relational_ != Relational::kNo && !round.refused) {
    query.study = Uid();
    query.relational = true;
    co_return co_await Run(std::move(query), round);
  }
  co_return Result<>();
}

// What a series of the study settles by itself: any of the kind that is asked for, where it tells
// no other frame of reference. What tells no modality may be anything, and settles nothing.
void Oracle::SettleOfStudy(const std::vector<size_t>& wanted,
                           const std::vector<dataset::Identifier>& series, Round& round) {
  for (size_t i : wanted) {
    const Question& question = round.questions[i];
    if (!IsOfStudy(question)) continue;
    const bool there = std::ranges::any_of(series, [&](const dataset::Identifier& one) {
      const std::string modality = one.Text(kModality).value_or("");
      const Uid frame = one.UidOf(kFrame);
      const bool other = question.level == store::Level::kFrameOfReference && !frame.empty() &&
                         frame != question.uid;
      return !modality.empty() && MayContain(modality, question.kind) && !other;
    });
    round.fates[i] = there ? Fate::kFound : Fate::kAbsent;
  }
}

// Looks into each series of the study that may contain what is asked for.
Task<Result<>> Oracle::Walk(Query study_list, std::vector<dataset::Identifier> series,
                            Round& round) {
  SettleOfStudy(study_list.settles, series, round);
  std::vector<size_t> wanted = study_list.settles;
  std::erase_if(wanted, [&](size_t i) { return IsOfStudy(round.questions[i]); });
  for (const dataset::Identifier& one : series) {
    if (round.AllFound(wanted) || round.Stopped()) break;
    const std::string modality = one.Text(kModality).value_or("");
    const Uid uid = one.UidOf(kSeriesUid);
    const bool may = std::ranges::any_of(
        wanted, [&](size_t i) { return MayContain(modality, round.questions[i].kind); });
    if (uid.empty() || !may) continue;
    Query list{Form::kSeriesList, study_list.study, uid, {}, wanted, false};
    auto run = co_await Run(std::move(list), round);
    if (!run) co_return run;
  }
  study_list.settles = wanted;
  if (!round.Stopped()) Settle(study_list, {}, round);  // what no series brought is not there
  co_return Result<>();
}

// What stands in the answers is there. The keys are compared again: a peer may ignore them.
void Oracle::Settle(const Query& query, const std::vector<dataset::Identifier>& answers,
                    Round& round) {
  const dataset::Tag tag = query.form == Form::kSeries ? kSeriesUid : kSopInstance;
  std::set<Uid> there;
  for (const dataset::Identifier& answer : answers) there.insert(answer.UidOf(tag));
  for (size_t i : query.settles) {
    if (there.contains(round.questions[i].uid)) {
      round.fates[i] = Fate::kFound;  // a "yes" goes before any "no"
    } else if (round.fates[i] != Fate::kFound) {
      round.fates[i] = Fate::kAbsent;
      if (query.form == Form::kInstance) round.doubtful.insert(i);
    }
  }
}

Task<Result<uint16_t>> Oracle::Find(Query query, std::vector<dataset::Identifier>& answers) {
  const Uid syntax = context_->transfer_syntax;
  auto identifier = query.Identifier().Encode(syntax);
  if (!identifier) co_return std::unexpected(identifier.error());
  std::function<bool(Bytes)> on_answer = [&answers, &syntax](Bytes bytes) {
    auto answer = dataset::Identifier::Decode(bytes, syntax);
    if (answer) answers.push_back(std::move(*answer));
    return answers.size() < kMostAnswers;
  };
  co_return co_await line_.scu->Find(*context_, std::move(*identifier), std::move(on_answer));
}

// ---- the line

Task<Result<>> Oracle::Open() {
  if (interrupted_) co_return std::unexpected(*interrupted_);
  if (line_.scu && line_.scu->IsOpen()) co_return Result<>();
  co_await Drop();
  std::vector<ul::ProposedContext> contexts = Contexts();
  auto line = co_await connect_(std::move(contexts));
  if (!line) co_return std::unexpected(line.error());
  line_ = std::move(*line);
  context_ = line_.scu->Find(Uid(dimse::uid::kStudyRootFind));
  if (interrupted_ || !context_) {
    co_await Close();
    if (interrupted_) co_return std::unexpected(*interrupted_);
    co_return Fail(Errc::kRefused, Blame::kUpstream, "it accepts no C-FIND of the Study Root");
  }
  co_return Result<>();
}

Task<> Oracle::Drop() {
  if (!line_.scu) co_return;
  co_await line_.scu->Abort();
  line_ = Line();
}

Task<> Oracle::Close() {
  if (!line_.scu) co_return;
  if (line_.scu->IsOpen()) {
    co_await line_.scu->Release();
  } else {
    co_await line_.scu->Abort();
  }
  line_ = Line();
}

void Oracle::Interrupt(Error why) {
  interrupted_ = why;
  pause_.Notify();
  if (line_.scu) line_.scu->association().Interrupt(std::move(why));
}

bool Oracle::ShouldClose() const {
  if (!line_.scu) return false;
  return clock_.Now() - used_ >= idle_ || (line_.is_wanted && line_.is_wanted());
}

}  // namespace router::hold
