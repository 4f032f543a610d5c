#include <signal.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <iostream>

#include "router/app.h"
#include "router/base/log.h"
#include "router/commands.h"

namespace router {
namespace {

int Check(const std::string& file) {
  const config::Loaded loaded = LoadOrSay(file, std::cerr);
  if (!loaded.config) return 1;
  std::cout << file;
  if (loaded.files.size() > 1) std::cout << " and " << loaded.files.size() - 1 << " included";
  std::cout << ": " << loaded.config->applications.size() << " applications, "
            << loaded.config->clients.size() << " clients: the configuration is good\n";
  return 0;
}

// Until SIGTERM or SIGINT; SIGHUP reads the configuration again.
void RunUntilStopped(App& app, const sigset_t& signals) {
  for (;;) {
    int received = 0;
    if (sigwait(&signals, &received) != 0) continue;
    if (received != SIGHUP) return;
    sd_notify(0, "RELOADING=1");
    if (auto reloaded = app.Reload(); !reloaded)
      log::Error("reload refused", {{"why", reloaded.error().detail}});
    sd_notify(0, "READY=1");
  }
}

int Serve(const std::string& file) {
  auto config = LoadOrSay(file, std::cerr).config;
  if (!config) return 1;
  sigset_t signals;
  sigemptyset(&signals);
  for (int one : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, one);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before any thread exists
  log::Start(config->log.level, config->log.form);
  auto app = App::Start(config);
  if (!app) {
    log::Error("Sluice cannot start", {{"why", app.error().detail}});
    log::Stop();
    return 1;
  }
  std::string status = "STATUS=serving as " + config->ae_title.str();
  sd_notify(0, ("READY=1\n" + status).c_str());
  log::Info("serving", {{"version", SLUICE_VERSION},
                        {"ae_title", config->ae_title.view()},
                        {"admin_port", (*app)->admin_port()}});
  RunUntilStopped(**app, signals);
  sd_notify(0, "STOPPING=1");
  (*app)->Drain();
  app->reset();
  log::Stop();
  return 0;
}

}  // namespace

void AddServing(CommandLine& line) {
  auto file = std::make_shared<std::string>(kUsualFile);
  auto add = [&](const char* name, const char* what, int (*run)(const std::string&)) {
    auto* command = line.Add(name, what);
    command->add_option("--config", *file, "The configuration file")->capture_default_str();
    command->callback([&line, file, run] { line.run = [file, run] { return run(*file); }; });
  };
  add("serve", "Route associations, in the foreground", Serve);
  add("check", "List every fault of a configuration file", Check);
}

}  // namespace router
