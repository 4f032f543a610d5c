#include "router/session/move_completion.h"

#include "router/association/scu.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/session/legs.h"

namespace router::session {
namespace {

using association::Scu;
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

net::Task<Result<std::vector<Identifier>>> Find(Scu& scu, const ul::AcceptedContext& context,
                                                Identifier query) {
  auto encoded = query.Encode(context.transfer_syntax);
  if (!encoded) co_return std::unexpected(encoded.error());
  std::vector<Identifier> answers;
  auto take = [&](Bytes answer) {
    if (auto decoded = Identifier::Decode(answer, context.transfer_syntax))
      answers.push_back(std::move(*decoded));
    return true;
  };
  Buffer identifier = std::move(*encoded);
  auto status = co_await scu.Find(context, std::move(identifier), take);
  if (!status) co_return std::unexpected(status.error());
  if (*status != dimse::status::kSuccess)
    co_return Fail(Errc::kRefused, Blame::kUpstream, "the C-FIND was not answered with success");
  co_return answers;
}

net::Task<Result<std::set<Listed>>> List(Scu& scu, const ul::AcceptedContext& context,
                                         Identifier keys) {
  std::set<Listed> listed;
  std::vector<Identifier> queries = FirstQueries(keys);
  for (size_t i = 0; i < queries.size(); ++i) {  // grows by what the first ones find
    Identifier query = queries[i];
    const bool series = query.Text(kLevel) == "SERIES";
    auto answers = co_await Find(scu, context, std::move(query));
    if (!answers) co_return std::unexpected(answers.error());
    for (const Identifier& answer : *answers) {
      const Uid study = answer.UidOf(kStudy), of_series = answer.UidOf(kSeries);
      if (series)
        queries.push_back(ImageQuery(keys, study, of_series));
      else if (Uid instance = answer.UidOf(kInstance); !instance.empty())
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

net::Task<Result<std::set<Listed>>> ListInstances(Services& services, net::Loop& loop,
                                                  config::Application application, AeTitle calling,
                                                  dataset::Identifier keys) {
  auto slot = co_await TakeSlot(services.Application(application.name),
                                delivery::Purpose::kReserved, application.wait_for);
  if (!slot) co_return std::unexpected(slot.error());
  association::Peer peer{EndpointOf(application), calling, application.ae_title,
                         TimersOf(application), application.timeouts.response};
  std::vector<ul::ProposedContext> contexts = {
      {1,
       Uid(dimse::uid::kStudyRootFind),
       {Uid(dimse::uid::kExplicitVrLittleEndian), Uid(dimse::uid::kImplicitVrLittleEndian)}}};
  auto scu = co_await Scu::Open(loop, std::move(peer), std::move(contexts));
  if (!scu) co_return std::unexpected(scu.error());
  Result<std::set<Listed>> listed =
      Fail(Errc::kRefused, Blame::kUpstream, "no Study Root C-FIND is accepted");
  if (const ul::AcceptedContext* context = (*scu)->Find(Uid(dimse::uid::kStudyRootFind)))
    listed = co_await List(**scu, *context, std::move(keys));
  if (listed || listed.error().code == Errc::kRefused)
    co_await (*scu)->Release();
  else
    co_await (*scu)->Abort();
  co_return listed;
}

}  // namespace router::session
