#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "router/base/fail_point.h"
#include "router/base/log.h"
#include "router/dataset/digest.h"
#include "router/net/future.h"
#include "router/store/spool.h"

namespace router::store {
namespace {

constexpr uint64_t kStride = 256 << 10;  // bytes that are asked for at a time where there is room

}  // namespace

// What loop and pool share. One job of the pool at a time writes what is queued, in order, so that
// everything under "the job's" needs no lock.
struct SpoolWriter::File : std::enable_shared_from_this<File> {
  enum class End : uint8_t { kOpen, kFinish, kDrop };

  File(StorePaths p, std::string n, std::shared_ptr<Headroom> h, net::WorkPool& w, Disk& d)
      : paths(std::move(p)), name(std::move(n)), headroom(std::move(h)), pool(w), disk(d) {}
  ~File() { GiveBackRoom(); }

  const StorePaths paths;
  const std::string name;
  const std::shared_ptr<Headroom> headroom;
  net::WorkPool& pool;
  Disk& disk;

  std::mutex mutex;
  std::deque<Buffer> queue;                    // under mutex
  size_t outstanding = 0;                      // under mutex: bytes in queue or being written
  bool working = false;                        // under mutex: a job is queued or running
  End end = End::kOpen;                        // under mutex
  std::optional<Error> error;                  // under mutex: the first
  std::optional<net::Promise<Result<>>> room;  // under mutex: waits for room
  std::optional<net::Promise<Result<SpoolFile>>> finished;  // under mutex

  int file = -1;           // the job's
  uint64_t size = 0;       // the job's
  uint64_t granted = 0;    // the job's: bytes of headroom that are not written yet
  uint64_t header = 0;     // constant after Open
  dataset::Sha256 sha256;  // the job's

  // Under mutex: makes sure that a job sees what was just queued.
  void Wake() {
    if (working) return;
    working = true;
    pool.Queue([self = shared_from_this()] { self->Work(); });
  }

  Result<> TakeRoom(uint64_t bytes) {
    if (bytes <= granted) return {};
    uint64_t more = bytes - granted;
    Result<> taken = headroom->Take(std::max(more, kStride));
    if (taken)
      more = std::max(more, kStride);
    else if (more < kStride)
      taken = headroom->Take(more);
    if (taken) granted += more;
    return taken;
  }

  void GiveBackRoom() { headroom->GiveBack(std::exchange(granted, 0)); }

  Result<> WriteAll(Bytes bytes) {
    if (Result<> room = TakeRoom(bytes.size()); !room) return room;
    while (!bytes.empty()) {
      Result<size_t> written = disk.Write(file, bytes);
      if (!written) return std::unexpected(written.error());
      if (*written == 0)
        return Fail(Errc::kDisk, Blame::kInternal, "the disk takes no more bytes", true);
      bytes = bytes.subspan(*written);
      size += *written;
      granted -= *written;
      headroom->GiveBack(*written);
    }
    return {};
  }

  void Work() {
    for (;;) {
      Buffer next;
      bool failed, last;
      {
        std::lock_guard lock(mutex);
        last = queue.empty();
        if (last) {
          working = false;
          if (end == End::kOpen) return;
        } else {
          next = std::move(queue.front());
          queue.pop_front();
        }
        failed = error.has_value();
      }
      if (last) return Close();
      Result<> written;
      if (!failed) {
        sha256.Add(next);
        written = WriteAll(next);
        Reach(FailPoint::kPartBegun);
      }
      if (!written) Abandon();
      Written(next.size(), std::move(written));
    }
  }

  // Its room is for others at once: whoever sends it may take long to come to the end.
  void Abandon() {
    disk.Close(std::exchange(file, -1));
    GiveBackRoom();
    Result<> gone = disk.Unlink(paths.Part(name));
    if (!gone) log::Warning("a part stays in the spool", {{"why", gone.error().detail}});
  }

  void Written(size_t bytes, Result<> result) {
    std::lock_guard lock(mutex);
    outstanding -= bytes;
    if (!result && !error) error = result.error();
    if (!room || (outstanding >= kOutstanding && !error)) return;
    net::Promise<Result<>> waiter = std::move(*room);
    room.reset();
    waiter.Set(Verdict());
  }

  Result<> Verdict() const {  // under mutex
    if (error) return std::unexpected(*error);
    return {};
  }

  // The last job: nothing is queued any more and nobody appends.
  void Close() {
    End how;
    std::optional<Error> failure;
    {
      std::lock_guard lock(mutex);
      how = end;
      failure = error;
    }
    Result<SpoolFile> result = SpoolFile{name, size, header, {}};
    if (how == End::kFinish && !failure) {
      Reach(FailPoint::kPartWritten);
      Result<> synced = disk.Sync(file);
      if (!synced) failure = synced.error();
      Reach(FailPoint::kPartSynced);
    }
    if (file >= 0 && (failure || how == End::kDrop)) {
      Abandon();
    } else if (file >= 0) {
      disk.Close(file);
      GiveBackRoom();
    }
    if (failure)
      result = std::unexpected(*failure);
    else
      result->sha256 = sha256.Finish();
    if (finished) finished->Set(std::move(result));
  }
};

Result<std::shared_ptr<SpoolWriter::File>> SpoolWriter::Open(const StorePaths& paths,
                                                             std::string name, Buffer header,
                                                             std::shared_ptr<Headroom> headroom,
                                                             net::WorkPool& pool, Disk& disk) {
  auto made = std::make_shared<File>(paths, std::move(name), std::move(headroom), pool, disk);
  Result<> room = made->TakeRoom(header.size());  // before anything is there to be taken away
  if (!room) return std::unexpected(room.error());
  Result<int> file = disk.Create(paths.Part(made->name));
  if (!file) return std::unexpected(file.error());
  made->file = *file;
  made->header = header.size();
  Result<> written = made->WriteAll(header);
  if (!written) {
    disk.Close(*file);
    (void)disk.Unlink(paths.Part(made->name));
    return std::unexpected(written.error());
  }
  return made;
}

SpoolWriter::SpoolWriter(std::shared_ptr<File> file) : file_(std::move(file)) {}

SpoolWriter::~SpoolWriter() {
  std::lock_guard lock(file_->mutex);
  if (file_->end != File::End::kOpen) return;
  file_->end = File::End::kDrop;
  file_->Wake();
}

Task<Result<>> SpoolWriter::Append(Bytes bytes) {
  Buffer copy(bytes.begin(), bytes.end());
  Task<Result<>> appending = Append(std::move(copy));
  co_return co_await appending;
}

Task<Result<>> SpoolWriter::Append(Buffer bytes) {
  std::optional<net::Future<Result<>>> room;
  {
    std::lock_guard lock(file_->mutex);
    if (file_->error) co_return std::unexpected(*file_->error);
    if (file_->end != File::End::kOpen) log::Fatal("a spool file is written after its end");
    dataset_bytes_ += bytes.size();
    file_->outstanding += bytes.size();
    if (!bytes.empty()) {
      file_->queue.push_back(std::move(bytes));
      file_->Wake();
    }
    if (file_->outstanding >= kOutstanding) {
      auto made = net::MakePromise<Result<>>();
      file_->room.emplace(std::move(made.first));
      room.emplace(std::move(made.second));
    }
  }
  if (!room) co_return Result<>{};
  co_return co_await *room;
}

Task<Result<SpoolFile>> SpoolWriter::Finish() {
  auto made = net::MakePromise<Result<SpoolFile>>();
  {
    std::lock_guard lock(file_->mutex);
    if (file_->end != File::End::kOpen) log::Fatal("a spool file is ended twice");
    file_->end = File::End::kFinish;
    file_->finished.emplace(std::move(made.first));
    file_->Wake();
  }
  net::Future<Result<SpoolFile>> finished = std::move(made.second);
  co_return co_await finished;
}

Task<> SpoolWriter::Drop() {
  bool open;
  {
    std::lock_guard lock(file_->mutex);
    open = file_->end == File::End::kOpen;
  }
  if (!open) {
    std::move_only_function<void()> unlink = [file = file_] {
      (void)file->disk.Unlink(file->paths.Part(file->name));
    };
    Task<> dropping = file_->pool.Run<void>(std::move(unlink));
    co_await dropping;
    co_return;
  }
  auto made = net::MakePromise<Result<SpoolFile>>();
  {
    std::lock_guard lock(file_->mutex);
    file_->end = File::End::kDrop;
    file_->finished.emplace(std::move(made.first));
    file_->Wake();
  }
  net::Future<Result<SpoolFile>> finished = std::move(made.second);
  (void)co_await finished;
}

const std::string& SpoolWriter::name() const { return file_->name; }
std::string SpoolWriter::path() const { return file_->paths.Part(file_->name); }

}  // namespace router::store
