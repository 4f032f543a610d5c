#pragma once
#include <memory>

#include "router/association/association.h"
#include "router/session/admit.h"
#include "router/session/services.h"

namespace router::session {

// An association with our own title: Verification is answered here, nothing else is offered. On
// the loop of the client's connection; Run is a root task.
class EchoSession : public Session {
 public:
  EchoSession(Services& services, std::shared_ptr<const config::Config> config, OwnEcho admitted,
              ul::AssociateRq rq, std::unique_ptr<association::Association> client);
  net::Task<> Run();

  AssociationSnapshot Describe() const override;
  void Stop(bool at_once) override;

 private:
  net::Task<Result<>> Accept();
  net::Task<Result<>> Answer(association::Incoming first);

  Services& services_;
  const std::shared_ptr<const config::Config> config_;
  const OwnEcho admitted_;
  const ul::AssociateRq rq_;
  const std::unique_ptr<association::Association> client_;
  Roster::Entry entry_;
  const WallTime began_;
  uint64_t messages_ = 0;
};

}  // namespace router::session
