#include <algorithm>
#include <set>

#include "router/hold/gate.h"

// Requirements that ask for more than one instance: a series, the images of a frame of reference, a
// structure set of a study. DICOM has no end-of-series signal: images that were found are believed
// to be all of them once nothing has been added for `quiet_for`.
namespace router::hold {
namespace {

constexpr net::Milliseconds kBreath{20};

bool IsInstance(const Question& question) { return question.level == store::Level::kInstance; }

// What has to be quiet. Nothing says of which series the images of a frame of reference are.
const Uid& Stirrable(const Question& question) {
  return question.level == store::Level::kSeries ? question.uid : question.study;
}

}  // namespace

void Gate::NoteStirred(const Whereabouts& where) {
  if (where.kind != Kind::kImage) return;
  const SteadyTime now = services_.clock.Now();
  for (const Uid& uid : {where.series, where.study})
    if (!uid.empty()) unrest_.Stir(uid, now, application().quiet_for);
}

// How long until it is quiet; zero: it is.
net::Milliseconds Gate::UnrestOf(const Question& question) const {
  if (IsInstance(question) || question.kind != Kind::kImage) return net::Milliseconds(0);
  return unrest_.Left(Stirrable(question), services_.clock.Now(), application().quiet_for);
}

// What waited before the process began may have been added to until then: quiet counts from now.
Task<> Gate::ExpectUnrest() {
  const int most = static_cast<int>(Unrest::kMost);
  auto wanted = co_await services_.ledger.WantedCollections(name_, most);
  const SteadyTime now = services_.clock.Now();
  if (!wanted || std::ssize(*wanted) >= most) unrest_.StirAll(now);
  if (!wanted) co_return Complain(wanted.error());
  for (const store::WantedUid& one : *wanted) {
    const Question question{one.uid, one.kind, one.level, one.series, one.study};
    unrest_.Stir(Stirrable(question), now, application().quiet_for);
  }
}

// Whatever a session told before the question was answered has arrived here afterwards: the order
// in which posts and answers come says nothing.
Task<> Gate::HearOfArrivals(std::vector<Question> asked) {
  if (std::ranges::all_of(asked, IsInstance)) co_return;
  co_await breath_.Wait(kBreath);
}

// Rows that wait for a series or the like are asked about when it is quiet again.
Task<> Gate::AskSoonAround(std::vector<Whereabouts> all) {
  std::set<Uid> quiet_later, now;
  for (const Whereabouts& where : all) {
    NoteStirred(where);
    if (where.kind == Kind::kImage) {
      quiet_later.insert(where.series);
      quiet_later.insert(where.frame_of_reference);
    }
    if (where.kind == Kind::kStructureSet) now.insert(where.study);
  }
  const net::Milliseconds quiet_in = std::max<net::Milliseconds>(kGather, application().quiet_for);
  co_await AskSoonAbout(std::move(quiet_later), quiet_in);
  co_await AskSoonAbout(std::move(now), kGather);
}

Task<> Gate::AskSoonAbout(std::set<Uid> uids, net::Milliseconds due_in) {
  uids.erase(Uid());
  if (uids.empty()) co_return;
  std::vector<Uid> all(uids.begin(), uids.end());
  const WallTime at = services_.clock.WallNow() + due_in;
  auto wanted = co_await services_.ledger.AskSoon(name_, std::move(all), at);
  if (!wanted) co_return Complain(wanted.error());
  NoteWanted(std::move(*wanted), due_in);
}

// Those of `asked` that were found, and are quiet or not.
std::vector<Question> Gate::FoundAmong(const std::vector<Question>& asked,
                                       const std::vector<Fate>& fates, bool quiet) const {
  std::vector<Question> among;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (fates[i] != Fate::kFound) continue;
    const bool is_quiet = UnrestOf(asked[i]).count() == 0;
    if (is_quiet == quiet) among.push_back(asked[i]);
  }
  return among;
}

// A series is met, and not believed to be as it is from now on: the next object that refers to it
// asks anew. It is there, whatever study it was asked for in; images of a frame of reference are
// those of one study and tell nothing of another.
Task<> Gate::RecordFound(std::vector<Question> found) {
  std::vector<Uid> instances;
  std::vector<store::Collection> collections;
  for (const Question& question : found) {
    const bool is_series = question.level == store::Level::kSeries;
    if (IsInstance(question) && at_once_.contains(question.uid))
      found_at_once_.insert(question.uid);
    else if (IsInstance(question))
      instances.push_back(question.uid);
    else
      collections.push_back({question.uid, is_series ? Uid() : question.study});
  }
  co_await RecordThere(std::move(instances), Believed(store::How::kQuery));
  co_await RecordCollections(std::move(collections));
}

Task<> Gate::RecordCollections(std::vector<store::Collection> found) {
  if (found.empty()) co_return;
  std::vector<Uid> uids;
  for (const store::Collection& one : found) uids.push_back(one.uid);
  auto ready = co_await services_.ledger.CollectionsFound(name_, std::move(found));
  TellWaiters(uids);
  if (!ready) co_return Complain(ready.error());
  NoteReady(*ready);
}

// There, and not quiet: as good as absent until then.
Task<> Gate::RecordUnrest(std::vector<Question> stirred) {
  if (stirred.empty()) co_return;
  const WallTime now = services_.clock.WallNow();
  std::vector<store::Absence> absences;
  for (const Question& question : stirred)
    absences.push_back({question.uid, now + UnrestOf(question), question.study});
  auto done = co_await services_.ledger.Absent(name_, std::move(absences));
  if (!done) Complain(done.error());
}

}  // namespace router::hold
