#pragma once
#include <memory>

#include "router/session/services.h"
#include "router/store/spool.h"

// Space in the spool for what is received. Where it is short, originals that are kept and were
// promised to nobody make room: before the floor is reached, so that no instance has to be refused
// for want of space that is ours. Nothing is removed where that could not help.
namespace router::session {

// A new file of the spool. Errors: those of Spool::Write.
net::Task<Result<std::unique_ptr<store::SpoolWriter>>> OpenSpool(Services& services, Buffer header);

// While a long instance is received, after so many bytes each: the same for what is still to come.
inline constexpr uint64_t kKeepRoomEvery = 16 << 20;
net::Task<> KeepRoom(Services& services);

// Is there room for more: free, or to be made? Blocks shortly, so not on a loop.
bool HasRoom(const Services& services);

// After an instance ended by `error` while it was received: the same for the next attempt at it.
net::Task<> MakeRoomForNext(Services& services, Error error);

}  // namespace router::session
