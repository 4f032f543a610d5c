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
#include "router/worksheet.h"

namespace router {
namespace {

using association::Scu;
using net::Task;

// Of no study (PS3.5 B.2): whoever finds it in a log knows that this was a trial.
constexpr std::string_view kNoStudy = "2.25.191522354886810554116119638814617646388";
constexpr uint16_t kMoveMessageId = 1000;  // far from those that the SCU gives
constexpr dataset::Tag kQueryRetrieveLevel = 0x00080052, kStudyInstanceUid = 0x0020000D;

std::vector<ul::ProposedContext> Contexts() {
  const std::vector<Uid> syntaxes = {Uid(dimse::uid::kExplicitVrLittleEndian),
                                     Uid(dimse::uid::kImplicitVrLittleEndian)};
  return {{1, Uid(dimse::uid::kVerification), syntaxes},
          {3, Uid(dimse::uid::kStudyRootFind), syntaxes},
          {5, Uid(dimse::uid::kStudyRootMove), syntaxes}};
}

dataset::Identifier NoStudy() {
  return dataset::Identifier::Of({{kQueryRetrieveLevel, "STUDY"}, {kStudyInstanceUid, kNoStudy}});
}

TrialResult Passed(TrialStep step) { return {step, TrialResult::Outcome::kPassed, "", ""}; }

// One application, called under one title after the other. Lives while the loop runs; only there.
class Caller {
 public:
  Caller(net::Loop& loop, const config::Config& config, const config::Application& application,
         std::vector<TitleTowards> titles)
      : loop_(loop), config_(config), application_(application), titles_(std::move(titles)) {}

  Task<> Run();
  std::vector<Trial>& trials() { return trials_; }

 private:
  Task<bool> Connect();
  Task<> Associate(Trial* trial);
  Task<TrialResult> Echo(Scu* scu);
  Task<TrialResult> Find(Scu* scu);
  Task<TrialResult> Move(Scu* scu, Trial* trial);
  Task<Result<uint16_t>> AwaitMoveResponse(association::Association* association);
  association::Peer PeerFor(const Trial& trial) const;

  net::Loop& loop_;
  const config::Config& config_;
  const config::Application& application_;
  const std::vector<TitleTowards> titles_;
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
  const Trial first = std::exchange(trials_, {}).front();
  for (const TitleTowards& title : titles_) {
    Trial& trial = trials_.emplace_back(first);
    trial.calling = title.title;
    trial.receives = title.receives;
    trial.only_title = titles_.size() == 1;
    trial.results.push_back(Passed(TrialStep::kTcp));
  }
  for (Trial& trial : trials_) co_await Associate(&trial);
}

// A connection of its own, so that what stops it cannot be taken for what stops an association.
Task<bool> Caller::Connect() {
  Trial& trial = trials_.emplace_back();
  trial.application = application_.name;
  trial.address = *application_.address;
  trial.calling = titles_.front().title;
  trial.called = application_.ae_title;
  auto stream = co_await net::Stream::Connect(
      loop_, application_.address->host, application_.address->port, application_.timeouts.connect,
      application_.timeouts.write_stall);
  if (!stream) {
    trial.results.push_back(NotConnected(stream.error(), application_));
    co_return false;
  }
  trial.our_address = (*stream)->LocalAddress();
  if (auto port = OurPort(config_, trial.our_address)) trial.our_port = *port;
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
  if ((*scu)->IsOpen() && trial->receives) {
    auto moved = co_await Move(scu->get(), trial);
    trial->results.push_back(std::move(moved));
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
  auto identifier = NoStudy();
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

// Nothing is sent by that: there is nothing to be sent.
Task<TrialResult> Caller::Move(Scu* scu, Trial* trial) {
  const ul::AcceptedContext* context = scu->Find(Uid(dimse::uid::kStudyRootMove));
  if (!context) co_return MoveNotOffered();
  const ul::ContextId id = context->id;
  auto identifier = NoStudy();
  auto encoded = identifier.Encode(context->transfer_syntax);
  if (!encoded) co_return Moved(std::unexpected(encoded.error()), *trial);
  auto request = dimse::CMoveRq(kMoveMessageId, context->abstract_syntax, trial->calling);
  auto sent = co_await scu->association().Send(id, std::move(request), std::move(*encoded));
  Result<uint16_t> answer = std::unexpected(sent ? Error{} : sent.error());
  if (sent) answer = co_await AwaitMoveResponse(&scu->association());
  if (!answer) co_await scu->Abort();
  co_return Moved(answer, *trial);
}

// The status of the final response.
Task<Result<uint16_t>> Caller::AwaitMoveResponse(association::Association* association) {
  for (;;) {
    auto incoming = co_await association->Receive(application_.timeouts.response);
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == association::Incoming::Kind::kReleaseRequest)
      co_return Fail(Errc::kReleased, Blame::kUpstream,
                     "the peer released where a response was due");
    if (!incoming->last) continue;
    const uint16_t status = association->command().status();
    if (dimse::ClassOf(dimse::Command::kCMoveRsp, status) != dimse::StatusClass::kPending)
      co_return status;
  }
}

}  // namespace

std::vector<Trial> TryApplications(const config::Config& config,
                                   const std::vector<const config::Application*>& applications,
                                   const TrialOptions& options) {
  net::Loop loop;
  std::vector<std::unique_ptr<Caller>> callers;
  for (const config::Application* application : applications) {
    std::vector<TitleTowards> titles = TitlesTowards(config, *application);
    for (const AeTitle& title : options.also_as)
      if (std::ranges::find(titles, title, &TitleTowards::title) == titles.end())
        titles.push_back({title, true, false});
    callers.push_back(std::make_unique<Caller>(loop, config, *application, std::move(titles)));
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
