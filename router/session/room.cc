#include "router/session/room.h"

#include <algorithm>
#include <atomic>

#include "router/base/log.h"
#include "router/store/ledger.h"

namespace router::session {
namespace {

constexpr uint64_t kRoom = 64 << 20;      // bytes at a time: an instance or a few
constexpr uint64_t kReserve = 2 * kRoom;  // kept free above the floor of what is spare
constexpr int kRounds = 32;               // for one newcomer
constexpr int kVainAtMost = 2;            // in a row: removing does not help
constexpr std::chrono::minutes kRestAfterVain{10};

// One at a time makes room, and for all.
class Turn {
 public:
  explicit Turn(RoomMaking& room) : room_(room), mine_(!room.under_way.exchange(true)) {}
  ~Turn() {
    if (mine_) room_.under_way = false;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool mine() const { return mine_; }

 private:
  RoomMaking& room_;
  const bool mine_;
};

bool IsForWantOfSpace(const Error& error) { return error.code == Errc::kDisk && error.retryable; }

uint64_t FloorOf(const Services& services) {
  const auto config = services.config();
  return config ? config->store.free_floor : 0;
}

uint64_t SpareBytes(const Services& services) {
  return static_cast<uint64_t>(std::max<int64_t>(services.ledger.gauges().spare_bytes, 0));
}

// Files that have other links free nothing, nor does what another program takes at once.
void NoteEffect(Services& services, bool helped) {
  if (helped) {
    services.room.in_vain = 0;
  } else if (++services.room.in_vain >= kVainAtMost) {
    services.room.rest_until = services.clock.Now() + kRestAfterVain;
    log::Error("kept originals were removed in vain: no more is free than before",
               {{"next_in_s", std::chrono::seconds(kRestAfterVain).count()}});
  }
}

// `above`: bytes above the floor that are wanted. True: there may be more space now.
net::Task<bool> MakeRoom(Services& services, uint64_t above) {
  if (services.clock.Now() < services.room.rest_until.load()) co_return false;
  Turn turn(services.room);
  if (!turn.mine()) {
    // Answered after what goes now is gone.
    auto waited = co_await services.ledger.MakeRoom(0);
    co_return waited.has_value();
  }
  const uint64_t wanted = FloorOf(services) + above;
  const uint64_t spare = SpareBytes(services);
  if (spare == 0) co_return false;
  const uint64_t free = co_await services.spool.AskFreeBytes();
  if (free + spare < wanted) co_return false;
  auto gone = co_await services.ledger.MakeRoom(std::max(kRoom, wanted > free ? wanted - free : 0));
  if (!gone || *gone == 0) co_return false;
  log::Warning("kept originals are removed: space is short", {{"bytes", *gone}});
  auto unlinked = co_await services.ledger.MakeRoom(0);
  const uint64_t free_now = co_await services.spool.AskFreeBytes();
  NoteEffect(services, free_now > free);
  co_return unlinked.has_value();
}

}  // namespace

net::Task<Result<std::unique_ptr<store::SpoolWriter>>> OpenSpool(Services& services,
                                                                 Buffer header) {
  const uint64_t need = header.size();
  co_await KeepRoom(services);
  for (int round = 0;; ++round) {
    Buffer copy = header;
    auto writer = co_await services.spool.Write(std::move(copy));
    if (writer || !IsForWantOfSpace(writer.error()) || round == kRounds) co_return writer;
    const bool again = co_await MakeRoom(services, need);
    if (!again) co_return writer;
  }
}

net::Task<> KeepRoom(Services& services) {
  const uint64_t floor = FloorOf(services);
  const std::optional<uint64_t> last = services.spool.LastFreeBytes();
  if (floor == 0 || last.value_or(UINT64_MAX) >= floor + kReserve) co_return;
  if (SpareBytes(services) == 0) co_return;
  const uint64_t free = co_await services.spool.AskFreeBytes();  // it may have changed since
  if (free < floor + kReserve) co_await MakeRoom(services, 0);
}

bool HasRoom(const Services& services) {
  const uint64_t free = services.spool.FreeBytes(), floor = FloorOf(services);
  return free >= floor || free + SpareBytes(services) >= floor;
}

net::Task<> MakeRoomForNext(Services& services, Error error) {
  if (!IsForWantOfSpace(error)) co_return;
  co_await MakeRoom(services, 0);
}

}  // namespace router::session
