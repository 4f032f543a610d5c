// Sluice on a disk whose power fails at a moment of the test's choice:
//
//   sluice_power serve --config F [--at POINT:N] [--keep]     as `sluice serve`
//   sluice_power --points                                     the names of the moments
//
// At the N-th time that POINT is reached the process ends (137), and what was not synced is gone;
// with --keep it stays, as when the process alone dies.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>

#include "router/base/fail_point.h"
#include "tests/crash/power.h"
#include "tests/crash/serve.h"

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
  return crash::Serve(file, [](const config::Config& config) {
    crash::Power& power = crash::Power::Supply();
    power.KeepAsideIn(config.store.directory + ".aside");
    return StoreMedium{&power.disk(), power.Vfs()};
  });
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
