#include "router/session/echo_session.h"

#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/session/relay.h"

namespace router::session {

using association::Incoming;
using net::Task;

EchoSession::EchoSession(Services& services, std::shared_ptr<const config::Config> config,
                         OwnEcho admitted, ul::AssociateRq rq,
                         std::unique_ptr<association::Association> client)
    : services_(services),
      config_(std::move(config)),
      admitted_(admitted),
      rq_(std::move(rq)),
      client_(std::move(client)),
      entry_(services.roster(client_->loop()), this),
      began_(services.clock.WallNow()) {}

Task<> EchoSession::Run() {
  Result<> how = co_await Accept();
  while (how) {
    auto incoming = co_await client_->Receive(config_->limits.client_idle);
    if (!incoming) break;
    if (incoming->kind == Incoming::Kind::kReleaseRequest) {
      co_await client_->ConfirmRelease();
      break;
    }
    how = co_await Answer(*incoming);
  }
  co_await client_->Abort();  // nothing, if it has ended
  co_await client_->End();
}

Task<Result<>> EchoSession::Accept() {
  ul::TerminateTerms terms;
  terms.max_length = config_->limits.max_pdu;
  terms.choose = [](const ul::ProposedContext& context) {
    return context.abstract_syntax.view() == dimse::uid::kVerification
               ? ul::ContextAnswer::Accept(context.transfer_syntaxes.front())
               : ul::ContextAnswer::Reject(ul::ContextResult::kAbstractSyntaxNotSupported);
  };
  ul::AssociateAc ac = ul::TerminateAccept(rq_, terms);
  client_->SetReceiveLimit(terms.max_length);
  client_->SetSendLimit(rq_.user.max_length.value_or(0), config_->limits.max_pdu);
  co_return co_await client_->Accept(std::move(ac));
}

Task<Result<>> EchoSession::Answer(Incoming first) {
  ++messages_;
  const dimse::CommandSet request = client_->command();
  auto drained = co_await Drain(*client_, first.last, config_->limits.client_idle);
  if (!drained) co_return drained;
  if (!dimse::IsRequest(request.command()) || request.command() == dimse::Command::kCCancelRq)
    co_return Result<>();
  const bool echo = request.command() == dimse::Command::kCEchoRq;
  services_.metrics
      .Get<metrics::Id::kMessages>(dimse::ServiceOf(request.command()), admitted_.client->name(),
                                   "none", echo ? "success" : "failure")
      .Add();
  auto response = echo ? dimse::CEchoRsp(request)
                       : dimse::Response(request, dimse::status::kUnrecognizedOperation);
  co_return co_await client_->Send(first.context, std::move(response));
}

void EchoSession::Stop(bool) {
  client_->Interrupt({Errc::kInterrupted, Blame::kInternal, true, "Sluice is stopping"});
}

AssociationSnapshot EchoSession::Describe() const {
  return {"downstream",
          rq_.calling.title().str(),
          rq_.called.title().str(),
          "",
          client_->peer_address(),
          client_->IsEstablished() ? "open" : "negotiating",
          began_,
          messages_};
}

}  // namespace router::session
