#pragma once
#include "router/association/scu.h"
#include "router/delivery/slots.h"
#include "router/session/services.h"

namespace router::session {

using net::Task;

// What legs to an application have in common.

association::Association::Endpoint EndpointOf(const config::Application& application);
association::Timers TimersOf(const config::Application& application);

// The right to one more association to the application, as Slots::Take; at once where it has no
// limit to keep (no address of its own).
Task<Result<delivery::Slot>> TakeSlot(ApplicationRuntime& runtime, delivery::Purpose purpose,
                                      net::Milliseconds wait,
                                      std::shared_ptr<delivery::SlotWait> own = nullptr);

// Tells the application's destination whether a session could reach it: a rejection was an answer.
void NoteCall(ApplicationRuntime& runtime, const Result<>& called);

// Keeps what the application answered, for associations that are terminated here.
Task<> Learn(ApplicationRuntime& runtime, ul::AssociateRq offered, ul::AssociateAc answered);
// Keeps what the application proposed when it brought instances.
void NoteOffered(ApplicationRuntime& runtime, std::vector<ul::ProposedContext> contexts);
// The application refused what it had accepted: the next client that proposes this class is told
// what it accepts now.
void Forget(ApplicationRuntime& runtime, Uid abstract_syntax);

}  // namespace router::session
