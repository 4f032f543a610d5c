// Sluice on a disk whose power fails at a moment of the test's choice:
//
//   sluice_power serve --config F [--at POINT:N] [--keep]     as `sluice serve`
//   sluice_power --points                                     the names of the moments
//
// At the N-th time that POINT is reached the process ends (137), and what was not synced is gone;
// with --keep it stays, as when the process alone dies.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>

#include "router/app.h"
#include "router/base/fail_point.h"
#include "router/base/log.h"
#include "router/config/load.h"
#include "tests/crash/power.h"

namespace {

using namespace router;

FailPoint point;
std::atomic<int> left{0};
bool keep = false;

void Reached(FailPoint now) {
  if (now != point || left.fetch_sub(1) != 1) return;
  if (keep) ::_exit(137);
  crash::Power::Supply().Fail();
}

// "committed:3"
bool Aim(const std::string& at) {
  const size_t colon = at.find(':');
  for (size_t i = 0; i < kFailPointNames.size(); ++i) {
    if (at.substr(0, colon) != kFailPointNames[i] || colon == std::string::npos) continue;
    point = static_cast<FailPoint>(i);
    left = std::stoi(at.substr(colon + 1));
    on_fail_point = Reached;
    return true;
  }
  return false;
}

int Serve(const std::string& file) {
  config::Loaded loaded = config::LoadFile(file);
  for (const std::string& error : loaded.errors) std::cerr << error << '\n';
  if (!loaded.config) return 1;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  log::Start(loaded.config->log.level, loaded.config->log.form);
  crash::Power& power = crash::Power::Supply();
  power.KeepAsideIn(loaded.config->store.directory + ".aside");
  auto app = App::Start(loaded.config, {&power.disk(), power.Vfs()});
  if (!app) {
    std::cerr << app.error().detail << '\n';
    return 1;
  }
  int received = 0;
  log::Info("serving", {{"ae_title", loaded.config->ae_title.view()}});
  sigwait(&signals, &received);
  app->reset();
  log::Stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Sluice on a disk whose power fails");
  std::string file, at;
  bool points = false;
  auto* serve = cli.add_subcommand("serve", "Route associations, in the foreground");
  serve->add_option("--config", file, "The configuration file")->required();
  serve->add_option("--at", at, "POINT:N");
  serve->add_flag("--keep", keep, "What was not synced stays");
  cli.add_flag("--points", points, "The names of the moments");
  CLI11_PARSE(cli, argc, argv);
  if (points) {
    for (std::string_view name : kFailPointNames) std::cout << name << '\n';
    return 0;
  }
  if (!at.empty() && !Aim(at)) {
    std::cerr << "no such moment: " << at << '\n';
    return 2;
  }
  return *serve ? Serve(file) : 2;
}
