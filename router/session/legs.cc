#include "router/session/legs.h"

#include "router/delivery/destination.h"
#include "router/net/future.h"

namespace router::session {

association::Association::Endpoint EndpointOf(const config::Application& application) {
  return {application.address->host, application.address->port};
}

association::Timers TimersOf(const config::Application& application) {
  const config::Timeouts& timeouts = application.timeouts;
  association::Timers timers;
  timers.connect = timeouts.connect;
  timers.negotiation = timeouts.association;
  timers.release = timeouts.release;
  timers.artim = timeouts.release;  // what was told last; a client waits meanwhile
  timers.write_stall = timeouts.write_stall;
  return timers;
}

Task<Result<delivery::Slot>> TakeSlot(ApplicationRuntime& runtime, delivery::Purpose purpose,
                                      net::Milliseconds wait,
                                      std::shared_ptr<delivery::SlotWait> own) {
  if (!runtime.destination) co_return delivery::Slot();
  delivery::Destination* destination = runtime.destination;
  auto take = [destination, purpose, wait, own]() {
    return destination->TakeSlot(purpose, wait, own);
  };
  co_return co_await net::RunOn<Result<delivery::Slot>>(*runtime.home, std::move(take));
}

void NoteCall(ApplicationRuntime& runtime, const Result<>& called) {
  if (!runtime.destination) return;
  if (called)
    runtime.destination->Reached();
  else if (called.error().code == Errc::kRejected)
    runtime.destination->Rejected(called.error().detail);
  else if (called.error().code != Errc::kInterrupted)
    runtime.destination->Unreachable(called.error().detail);
}

Task<> Learn(ApplicationRuntime& runtime, ul::AssociateRq offered, ul::AssociateAc answered) {
  ApplicationRuntime* of = &runtime;
  runtime.home->Post([of, offered = std::move(offered), answered = std::move(answered)] {
    of->capabilities.Learn(offered, answered, of->home->Now());
  });
  co_return;
}

void NoteOffered(ApplicationRuntime& runtime, std::vector<ul::ProposedContext> contexts) {
  ApplicationRuntime* of = &runtime;
  runtime.home->Post(
      [of, contexts = std::move(contexts)] { of->capabilities.NoteOffered(contexts); });
}

void Forget(ApplicationRuntime& runtime, Uid abstract_syntax) {
  ApplicationRuntime* of = &runtime;
  runtime.home->Post([of, abstract_syntax = std::move(abstract_syntax)] {
    of->capabilities.Forget(abstract_syntax);
  });
}

}  // namespace router::session
