#include "router/session/room.h"

#include "router/base/log.h"
#include "router/store/ledger.h"

namespace router::session {

// Bytes at a time: an instance or a few.
constexpr uint64_t kRoom = 64 << 20;

net::Task<Result<std::unique_ptr<store::SpoolWriter>>> OpenSpool(Services& services,
                                                                 Buffer header) {
  for (bool last = false;;) {
    Buffer copy = header;
    auto writer = co_await services.spool.Write(std::move(copy));
    if (writer || writer.error().code != Errc::kDisk || last) co_return writer;
    // What went is free when the next call of the ledger is answered: one more round after the
    // last that went.
    auto gone = co_await services.ledger.MakeRoom(kRoom);
    last = !gone || *gone == 0;
    if (!last) log::Warning("kept originals are removed: space is short", {{"bytes", *gone}});
  }
}

net::Task<> MakeRoomForNext(Services& services) {
  auto gone = co_await services.ledger.MakeRoom(kRoom);
  if (gone && *gone > 0)
    log::Warning("kept originals are removed: space is short", {{"bytes", *gone}});
}

}  // namespace router::session
