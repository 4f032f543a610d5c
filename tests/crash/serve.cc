#include "tests/crash/serve.h"

#include <signal.h>

#include <iostream>

#include "router/base/log.h"
#include "router/config/load.h"

namespace crash {

using namespace router;  // NOLINT: as its programs

int Serve(const std::string& file,
          const std::function<StoreMedium(const config::Config&)>& medium) {
  config::Loaded loaded = config::LoadFile(file);
  for (const std::string& error : loaded.errors) std::cerr << error << '\n';
  if (!loaded.config) return 1;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  log::Start(loaded.config->log.level, loaded.config->log.form);
  auto app = App::Start(loaded.config, medium(*loaded.config));
  if (!app) {
    std::cerr << app.error().detail << '\n';
    return 1;
  }
  log::Info("serving", {{"ae_title", loaded.config->ae_title.view()}});
  int received = 0;
  sigwait(&signals, &received);
  app->reset();
  log::Stop();
  return 0;
}

}  // namespace crash
