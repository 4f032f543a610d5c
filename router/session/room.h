#pragma once
#include <memory>

#include "router/session/services.h"
#include "router/store/spool.h"

namespace router::session {

// A new file of the spool. Where space is short, originals that are kept and were promised to
// nobody make room for it. Errors: those of Spool::Write.
net::Task<Result<std::unique_ptr<store::SpoolWriter>>> OpenSpool(Services& services, Buffer header);

// After an instance ended at the floor while it was received: the same for the next attempt at it.
net::Task<> MakeRoomForNext(Services& services);

}  // namespace router::session
