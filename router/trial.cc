#include "router/trial.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "router/association/scu.h"
#include "router/dataset/identifier.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/net/loop.h"
#include "router/session/legs.h"
#include "router/titles.h"
#include "router/trial_advice.h"

namespace router {
namespace {

using association::Scu;
using net::Task;

// Of no study (PS3.5 B.2): whoever finds it in a log knows that this was a trial.
constexpr std::string_view kNoStudy = "2.25.191522354886810554116119638814617646388";
constexpr dataset::Tag kQueryRetrieveLevel = 0x00080052, kStudyInstanceUid = 0x0020000D;

std::vector<ul::ProposedContext> Contexts() {
  const std::vector<Uid> syntaxes = {Uid(dimse::uid::kExplicitVrLittleEndian),
                                     Uid(dimse::uid::kImplicitVrLittleEndian)};
  return {{1, Uid(dimse::uid::kVerification), syntaxes},
          {3, Uid(dimse::uid::kStudyRootFind), syntaxes}};
}

TrialResult Passed(TrialStep step) { return {step, TrialResult::Outcome::kPassed, "", ""}; }

// One application, called under one title after the other. Lives while the loop runs; only there.
class Caller {
 public:
  Caller(net::Loop& loop, const config::Application& application, std::vector<AeTitle> titles)
      : loop_(loop), application_(application), titles_(std::move(titles)) {}

  Task<> Run();
  std::vector<Trial>& trials() { return trials_; }

 private:
  Task<bool> Connect();
  Task<> Associate(Trial* trial);
  Task<TrialResult> Echo(Scu* scu);
  Task<TrialResult> Find(Scu* scu);
  association::Peer PeerFor(const Trial& trial) const;

  net::Loop& loop_;
  const config::Application& application_;
  const std::vector<AeTitle> titles_;
  std::string our_address_;
  std::vector<Trial> trials_;
};

association::Peer Caller::PeerFor(const Trial& trial) const {
  association::Peer peer;
  peer.endpoint = session::EndpointOf(application_);
  peer.calling = trial.calling;
  peer.called = trial.called;
  peer.timers = session::TimersOf(application_);
  peer.response = application_.timeouts.response;
  return peer;
}

Task<> Caller::Run() {
  const bool connected = co_await Connect();
  if (!connected) co_return;
  trials_.clear();
  for (const AeTitle& title : titles_)
    trials_.push_back({application_.name,
                       *application_.address,
                       title,
                       application_.ae_title,
                       titles_.size() == 1,
                       our_address_,
                       {Passed(TrialStep::kTcp)}});
  for (Trial& trial : trials_) co_await Associate(&trial);
}

// A connection of its own, so that what stops it cannot be taken for what stops an association.
Task<bool> Caller::Connect() {
  trials_.push_back({application_.name,
                     *application_.address,
                     titles_.front(),
                     application_.ae_title,
                     true,
                     {},
                     {}});
  auto stream = co_await net::Stream::Connect(
      loop_, application_.address->host, application_.address->port, application_.timeouts.connect,
      application_.timeouts.write_stall);
  if (!stream) {
    trials_.front().results.push_back(NotConnected(stream.error(), application_));
    co_return false;
  }
  our_address_ = (*stream)->LocalAddress();
  co_await (*stream)->Close();
  co_return true;
}

Task<> Caller::Associate(Trial* trial) {
  ul::AssociateRj rj;
  auto peer = PeerFor(*trial);
  auto contexts = Contexts();
  auto scu = co_await Scu::Open(loop_, std::move(peer), std::move(contexts), &rj);
  if (!scu) {
    std::optional<ul::AssociateRj> rejected;
    if (scu.error().code == Errc::kRejected) rejected = rj;
    trial->results.push_back(NotAssociated(scu.error(), rejected, *trial, application_));
    co_return;
  }
  trial->results.push_back(Passed(TrialStep::kTrust));
  auto echoed = co_await Echo(scu->get());
  trial->results.push_back(std::move(echoed));
  if ((*scu)->IsOpen()) {
    auto found = co_await Find(scu->get());
    trial->results.push_back(std::move(found));
  }
  if ((*scu)->IsOpen())
    co_await (*scu)->Release();
  else
    co_await (*scu)->Abort();
}

Task<TrialResult> Caller::Echo(Scu* scu) {
  if (!scu->Find(Uid(dimse::uid::kVerification))) co_return EchoNotOffered();
  auto answer = co_await scu->Echo();
  if (answer && *answer == dimse::status::kSuccess) co_return Passed(TrialStep::kEcho);
  if (!answer) co_await scu->Abort();
  co_return NotEchoed(answer);
}

// That nothing is found is what is expected. What finds a study that does not exist takes the UID
// for none (and is told to stop): it answers, which is what was to be seen.
Task<TrialResult> Caller::Find(Scu* scu) {
  const ul::AcceptedContext* context = scu->Find(Uid(dimse::uid::kStudyRootFind));
  if (!context) co_return FindNotOffered(application_);
  auto identifier =
      dataset::Identifier::Of({{kQueryRetrieveLevel, "STUDY"}, {kStudyInstanceUid, kNoStudy}});
  auto encoded = identifier.Encode(context->transfer_syntax);
  if (!encoded) co_return NotFound(std::unexpected(encoded.error()));
  std::function<bool(Bytes)> stop = [](Bytes) { return false; };
  auto answer = co_await scu->Find(*context, std::move(*encoded), std::move(stop));
  const bool good =
      answer && (*answer == dimse::status::kSuccess || *answer == dimse::status::kCancelled);
  if (good) co_return Passed(TrialStep::kFind);
  if (!answer) co_await scu->Abort();
  co_return NotFound(answer);
}

}  // namespace

std::vector<Trial> TryApplications(const config::Config& config,
                                   const std::vector<const config::Application*>& applications,
                                   const TrialOptions& options) {
  net::Loop loop;
  std::vector<std::unique_ptr<Caller>> callers;
  for (const config::Application* application : applications) {
    std::vector<AeTitle> titles;
    for (const TitleTowards& one : TitlesTowards(config, *application)) titles.push_back(one.title);
    for (const AeTitle& title : options.also_as)
      if (std::ranges::find(titles, title) == titles.end()) titles.push_back(title);
    callers.push_back(std::make_unique<Caller>(loop, *application, std::move(titles)));
    Caller* caller = callers.back().get();
    loop.PostSpawn([caller] { return caller->Run(); });
  }
  loop.RunUntilIdle();
  std::vector<Trial> trials;
  for (const auto& caller : callers)
    std::ranges::move(caller->trials(), std::back_inserter(trials));
  return trials;
}

}  // namespace router
