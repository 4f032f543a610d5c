// Sluice on a disk of which only so many bytes above store.free_floor are free:
//
//   sluice_small_disk serve --config F --room BYTES     as `sluice serve`
//
// Says so, and ends (1), when the spool passes the floor.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <mutex>

#include "router/app.h"
#include "router/base/log.h"
#include "router/config/load.h"

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
    struct stat found{};
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
  config::Loaded loaded = config::LoadFile(file);
  for (const std::string& error : loaded.errors) std::cerr << error << '\n';
  if (!loaded.config) return 1;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  log::Start(loaded.config->log.level, loaded.config->log.form);
  SmallDisk disk(room, loaded.config->store.free_floor);
  auto app = App::Start(loaded.config, {.disk = &disk});
  if (!app) {
    std::cerr << app.error().detail << '\n';
    return 1;
  }
  int received = 0;
  sigwait(&signals, &received);
  app->reset();
  log::Stop();
  return 0;
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
