// Sluice on a disk of which only so many bytes above store.free_floor are free:
//
//   sluice_small_disk serve --config F --room BYTES     as `sluice serve`
//
// Says so, and ends (1), when the spool passes the floor.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <mutex>
#include <optional>

#include "tests/crash/serve.h"

namespace {

using namespace router;

// Counts what the spool writes and removes; everything else goes to the disk itself.
class SmallDisk : public store::Disk {
 public:
  SmallDisk(uint64_t room, uint64_t floor) : left_(room), floor_(floor) {}

  Result<size_t> Write(int file, Bytes bytes) override {
    auto written = Disk::Write(file, bytes);
    std::lock_guard lock(mutex_);
    if (!written) return written;
    if (*written > left_) {
      std::cerr << "the floor was passed\n" << std::flush;
      ::_exit(1);
    }
    left_ -= *written;
    return written;
  }
  Result<> Unlink(const std::string& path) override {
    struct stat found {};
    const bool there = ::stat(path.c_str(), &found) == 0;
    auto gone = Disk::Unlink(path);
    std::lock_guard lock(mutex_);
    if (gone && there) left_ += static_cast<uint64_t>(found.st_size);
    return gone;
  }
  Result<uint64_t> FreeBytes(const std::string&) override {
    std::lock_guard lock(mutex_);
    return floor_ + left_;
  }

 private:
  std::mutex mutex_;
  uint64_t left_;
  const uint64_t floor_;
};

int Serve(const std::string& file, uint64_t room) {
  std::optional<SmallDisk> disk;  // outlives what is served
  return crash::Serve(file, [&](const config::Config& config) {
    disk.emplace(room, config.store.free_floor);
    return StoreMedium{.disk = &*disk};
  });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Sluice on a small disk");
  std::string file;
  uint64_t room = 0;
  auto* serve = cli.add_subcommand("serve", "Route associations, in the foreground");
  serve->add_option("--config", file, "The configuration file")->required();
  serve->add_option("--room", room, "Bytes above store.free_floor")->required();
  CLI11_PARSE(cli, argc, argv);
  return *serve ? Serve(file, room) : 2;
}
