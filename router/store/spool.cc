#include "router/store/spool.h"

#include <fmt/core.h>

#include "router/base/log.h"

namespace router::store {

Spool::Spool(Options options, net::WorkPool& pool, Disk& disk)
    : options_(std::move(options)),
      paths_{options_.directory},
      pool_(pool),
      disk_(disk),
      headroom_(std::make_shared<Headroom>(disk, paths_.Spool(), options_.free_floor)) {
  std::random_device system;
  random_.seed(options_.seed != 0 ? options_.seed
                                  : static_cast<uint64_t>(system()) << 32 | system());
}

Result<std::unique_ptr<Spool>> Spool::Open(Options options, net::WorkPool& pool, Disk& disk) {
  std::unique_ptr<Spool> spool(new Spool(std::move(options), pool, disk));
  Result<> made = disk.MakeDirectory(spool->paths_.Spool());
  if (!made) return std::unexpected(made.error());
  return spool;
}

std::string Spool::NewName() {
  std::lock_guard lock(mutex_);
  uint64_t high = random_(), low = random_();
  return fmt::format("{:016x}{:016x}.dcm", high, low);
}

Task<Result<std::unique_ptr<SpoolWriter>>> Spool::Write(Buffer header) {
  using Opened = Result<std::shared_ptr<SpoolWriter::File>>;
  std::move_only_function<Opened()> open = [this, name = NewName(),
                                            header = std::move(header)]() mutable -> Opened {
    return SpoolWriter::Open(paths_, std::move(name), std::move(header), headroom_, pool_, disk_);
  };
  Task<Opened> opening = pool_.Run<Opened>(std::move(open));
  Opened file = co_await opening;
  if (!file) co_return std::unexpected(file.error());
  co_return std::unique_ptr<SpoolWriter>(new SpoolWriter(std::move(*file)));
}

Task<Result<std::unique_ptr<SpoolReader>>> Spool::Read(SpoolFile file) {
  using Opened = Result<std::shared_ptr<SpoolReader::File>>;
  std::move_only_function<Opened()> open = [this, file = std::move(file)]() -> Opened {
    return SpoolReader::Open(paths_.File(file.name), file, pool_, disk_);
  };
  Task<Opened> opening = pool_.Run<Opened>(std::move(open));
  Opened opened = co_await opening;
  if (!opened) co_return std::unexpected(opened.error());
  co_return std::unique_ptr<SpoolReader>(new SpoolReader(std::move(*opened)));
}

Task<> Spool::DropPart(std::string name) {
  std::move_only_function<void()> unlink = [this, name = std::move(name)] {
    Result<> gone = disk_.Unlink(paths_.Part(name));
    if (!gone) log::Warning("a part stays in the spool", {{"why", gone.error().detail}});
  };
  Task<> dropping = pool_.Run<void>(std::move(unlink));
  co_await dropping;
}

Task<uint64_t> Spool::AskFreeBytes() {
  std::move_only_function<uint64_t()> ask = [this] { return FreeBytes(); };
  co_return co_await pool_.Run<uint64_t>(std::move(ask));
}

uint64_t Spool::FreeBytes() const { return disk_.FreeBytes(paths_.Spool()).value_or(0); }

}  // namespace router::store
