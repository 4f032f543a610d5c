#include "tests/model/sluice_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/model/wire.h"

namespace model {

SluiceProcess::SluiceProcess(uint16_t upstream) {
  const char* binary = std::getenv("SLUICE");
  if (!binary) throw std::runtime_error("SLUICE names no binary");
  std::string pattern = std::filesystem::temp_directory_path() / "sluice-model-XXXXXX";
  directory_ = mkdtemp(pattern.data());
  port_ = Port().number();
  const std::string file = directory_ + "/sluice.yaml";
  std::ofstream(file) << "ae_title: SLUICE\nlisten: [{port: " << port_
                      << "}]\nstore: {directory: " << directory_
                      << "/store, free_floor: 16MiB}\napplications:\n"
                      << "  UP: {address: \"127.0.0.1:" << upstream
                      << "\", timeouts: {release: 2s}}\nclients:\n"
                      << "  - {ae_title: ME, from: 127.0.0.1}\nlimits: {artim: 2s, drain: 1s}\n"
                      << "admin: {listen: \"127.0.0.1:" << Port().number() << "\"}\n";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, (directory_ + "/log").c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const char* arguments[] = {binary, "serve", "--config", file.c_str(), nullptr};
  int failed =
      posix_spawn(&pid_, binary, &actions, nullptr, const_cast<char**>(arguments), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("sluice cannot be started");
  const auto by = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!Connection::To(port_).open()) {
    if (!running() || std::chrono::steady_clock::now() > by)
      throw std::runtime_error("sluice does not listen; its log is in " + directory_);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool SluiceProcess::running() const { return pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == 0; }

int SluiceProcess::End() {
  if (pid_ < 0) return -1;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (code == 0) std::filesystem::remove_all(directory_);
  return code;
}

SluiceProcess::~SluiceProcess() { End(); }

}  // namespace model
