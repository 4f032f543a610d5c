#include "router/session/move_completion.h"

namespace router::session {
namespace {

using dataset::Identifier;
using dataset::Tag;

constexpr Tag kLevel = 0x00080052, kPatientId = 0x00100020, kStudy = 0x0020000D,
              kSeries = 0x0020000E, kInstance = 0x00080018;

// A list of UIDs at its own level stays a key; what is not there is asked for.
void AskFor(Identifier& query, Tag tag, const Uid& uid) {
  if (!uid.empty())
    (void)query.Set(tag, uid.view());
  else if (!query.Has(tag))
    (void)query.Set(tag, "");
}

net::Task<Result<std::set<Listed>>> List(MoveQuestion& question, Identifier keys) {
  std::set<Listed> listed;
  std::vector<Identifier> queries = FirstQueries(keys);
  for (size_t i = 0; i < queries.size(); ++i) {  // grows by what the first ones find
    Identifier query = queries[i];
    const bool series = query.Text(kLevel) == "SERIES";
    auto answers = co_await question.Find(std::move(query));
    if (!answers) co_return std::unexpected(answers.error());
    for (const Identifier& answer : *answers) {
      const Uid study = answer.UidOf(kStudy), of_series = answer.UidOf(kSeries);
      Uid instance = answer.UidOf(kInstance);
      if (series ? of_series.empty() : instance.empty())
        co_return Fail(Errc::kRefused, Blame::kUpstream,
                       "an answer to the C-FIND does not say what it names");
      if (series)
        queries.push_back(ImageQuery(keys, study, of_series));
      else
        listed.insert({study, of_series, std::move(instance)});
    }
  }
  co_return listed;
}

}  // namespace

std::vector<Identifier> FirstQueries(const Identifier& keys) {
  const std::vector<Uid> studies = keys.Uids(kStudy);
  if (studies.empty() || !keys.UidOf(kSeries).empty() || !keys.UidOf(kInstance).empty())
    return {ImageQuery(keys, Uid(), Uid())};
  std::vector<Identifier> queries;
  for (const Uid& study : studies) {
    Identifier query = Identifier::Of({{kLevel, "SERIES"}, {kSeries, ""}});
    (void)query.Set(kStudy, study.view());
    queries.push_back(std::move(query));
  }
  return queries;
}

Identifier ImageQuery(const Identifier& keys, const Uid& study, const Uid& series) {
  Identifier query = keys;
  (void)query.Set(kLevel, "IMAGE");
  AskFor(query, kStudy, study);
  AskFor(query, kSeries, series);
  AskFor(query, kInstance, Uid());
  return query;
}

std::vector<Identifier> MovesOf(const std::set<Listed>& missing, const Identifier& keys) {
  std::vector<Identifier> moves;
  for (auto at = missing.begin(); at != missing.end();) {
    const Uid study = at->study, series = at->series;
    std::vector<Uid> instances;
    for (; at != missing.end() && at->study == study && at->series == series &&
           instances.size() < kMostOfAMove;
         ++at)
      instances.push_back(at->instance);
    Identifier move = Identifier::Of({{kLevel, "IMAGE"}});
    if (auto patient = keys.Text(kPatientId); patient && !patient->empty())
      (void)move.Set(kPatientId, *patient);
    if (!study.empty()) (void)move.Set(kStudy, study.view());
    if (!series.empty()) (void)move.Set(kSeries, series.view());
    (void)move.SetUids(kInstance, instances);
    moves.push_back(std::move(move));
  }
  return moves;
}

net::Task<Result<std::set<Listed>>> ListInstances(std::shared_ptr<MoveQuestion> question,
                                                  dataset::Identifier keys) {
  auto listed = co_await List(*question, std::move(keys));
  question->End();
  co_return listed;
}

}  // namespace router::session
