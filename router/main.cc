#include <signal.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "router/admin/client.h"
#include "router/app.h"
#include "router/base/log.h"
#include "router/config/load.h"
#include "router/rescue.h"
#include "router/shelf.h"

namespace {

using namespace router;

// Every fault of the file, one a line, on `out`; the configuration if there is none.
std::shared_ptr<const config::Config> Load(const std::string& file, std::ostream& out) {
  config::Loaded loaded = config::LoadFile(file);
  for (const std::string& error : loaded.errors) out << error << '\n';
  for (const std::string& warning : loaded.warnings) out << warning << " (warning)\n";
  return loaded.config;
}

int Check(const std::string& file) {
  auto config = Load(file, std::cerr);
  if (!config) return 1;
  std::cout << file << ": " << config->applications.size() << " applications, "
            << config->clients.size() << " clients: the configuration is good\n";
  return 0;
}

// In the foreground until SIGTERM or SIGINT; SIGHUP reads the configuration again.
int Serve(const std::string& file) {
  auto config = Load(file, std::cerr);
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
  for (;;) {
    int received = 0;
    if (sigwait(&signals, &received) != 0) continue;
    if (received != SIGHUP) break;
    sd_notify(0, "RELOADING=1");
    if (auto reloaded = (*app)->Reload(); !reloaded)
      log::Error("reload refused", {{"why", reloaded.error().detail}});
    sd_notify(0, "READY=1");
  }
  sd_notify(0, "STOPPING=1");
  (*app)->Drain();
  app->reset();
  log::Stop();
  return 0;
}

// Where the Sluice of this configuration is asked, and with which token.
bool TakeFrom(const std::string& file, admin::ClientOptions& options) {
  auto config = Load(file, std::cerr);
  if (!config) return false;
  if (!config->admin.listen) {
    std::cerr << "sluice: " << file << " has no admin: listen, so there is nothing to ask\n";
    return false;
  }
  config::Endpoint where = *config->admin.listen;
  if (where.host.empty() || where.host == "0.0.0.0") where.host = "127.0.0.1";
  if (where.host == "::") where.host = "::1";
  options.url = "http://" + where.str();
  options.token = config->admin.token;
  return true;
}

// What was typed in the place of a command, if it is none of ours.
std::string NotACommand(const CLI::App& cli, int argc, char** argv) {
  std::string all;
  for (const CLI::App* one : cli.get_subcommands({})) {
    if (argc > 1 && one->get_name() == argv[1]) return {};
    all += (all.empty() ? "" : ", ") + one->get_name();
  }
  if (argc < 2) return "sluice: say what to do: " + all + "; --help says more";
  if (argv[1][0] == '-') return {};
  return "sluice: there is no command " + std::string(argv[1]) + "; there are " + all;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Sluice: a DICOM-aware router for radiotherapy departments", "sluice");
  cli.set_version_flag("--version", SLUICE_VERSION);
  cli.require_subcommand(1);

  std::string file = "/etc/sluice/sluice.yaml";
  auto* serve = cli.add_subcommand("serve", "Route associations, in the foreground");
  serve->add_option("--config", file, "The configuration file")->capture_default_str();
  auto* check = cli.add_subcommand("check", "List every fault of a configuration file");
  check->add_option("--config", file, "The configuration file")->capture_default_str();

  const CLI::Validator named(
      [](std::string& directory) {
        return directory.empty() ? std::string("a directory must have a name") : std::string();
      },
      "");
  std::string store, shelf;
  auto* backup = cli.add_subcommand("backup", "Save a store, also while Sluice runs");
  backup->add_option("--store", store, "The directory of the store")->required()->check(named);
  backup->add_option("--to", shelf, "A directory that is not there yet, or empty")
      ->required()
      ->check(named);
  auto* restore = cli.add_subcommand("restore", "Make a store of a backup");
  restore->add_option("--from", shelf, "The directory of the backup")->required()->check(named);
  restore->add_option("--to", store, "The directory of the store: not there yet, or empty")
      ->required()
      ->check(named);

  admin::ClientOptions options;
  admin::ActOn on;
  auto ask = [&](const char* name, const char* what, CLI::App* under = nullptr) {
    auto* sub = (under ? under : &cli)->add_subcommand(name, what);
    sub->add_option("--url", options.url, "The API of the running Sluice")->capture_default_str();
    sub->add_option("--token-file", options.token_file, "File with the API's token");
    return sub;
  };
  auto* held = ask("held", "What waits, since when, and for which instances");
  held->add_flag("--json", options.json, "The API's answer as it is");
  auto* status = ask("status", "Destinations, associations and moves");
  status->add_flag("--json", options.json, "The API's answer as it is");
  auto* reload = ask("reload", "Read the configuration again");
  auto* drain = ask("drain", "Take no more associations, then end");
  auto* observe = cli.add_subcommand("observe", "What mode: observe has seen");
  observe->require_subcommand(1);
  auto* report = ask("report", "What would have been done, and how often", observe);
  report->add_flag("--json", options.json, "The API's answer as it is");
  auto* leave = ask("leave", "Hold nothing more, send what is due, write the rest as files");
  std::string leave_config, to;
  leave->add_option("--config", leave_config,
                    "Its configuration file: in place of --url and token");
  leave->add_option("--to", to, "An empty directory, or one to be made")->required()->check(named);
  leave->add_flag("--json", options.json, "The API's answer as it is");
  auto* rescue = cli.add_subcommand("rescue", "Take everything out of a dead Sluice's store");
  rescue->add_option("--store", store, "The store's directory")->required()->check(named);
  rescue->add_option("--to", to, "An empty directory, or one to be made")->required()->check(named);
  auto act = [&](const char* name, const char* what, bool why_is_needed = false) {
    auto* sub = ask(name, what);
    sub->add_option("uid", on.sop_instance_uid, "SOP Instance UID")->required();
    sub->add_option("--reason", on.reason, "Why, for the history")->required(why_is_needed);
    sub->add_option("--application", on.application, "Where it is held, if for several");
    return sub;
  };
  auto* release = act("release", "Send a held instance whatever is missing");
  auto* retry = act("retry", "Try a queued or quarantined instance again now");
  auto* discard = act("discard", "Give a held instance up for good", true);

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string why = NotACommand(cli, argc, argv); !why.empty()) {
      std::cerr << why << '\n';
      return 1;
    }
    return cli.exit(error) == 0 ? 0 : 1;
  }
  if (*serve) return Serve(file);
  if (*check) return Check(file);
  if (*rescue) return RunRescue(store, to, std::cout, std::cerr);
  if (*leave) {
    if (!leave_config.empty() && !TakeFrom(leave_config, options)) return 1;
    return admin::RunLeave(options, to, std::cout, std::cerr);
  }
  if (*backup) return RunBackUp(store, shelf, std::cout, std::cerr);
  if (*restore) return RunRestore(shelf, store, std::cout, std::cerr);
  if (*held) return admin::RunHeld(options, std::cout, std::cerr);
  if (*observe) return admin::RunObserveReport(options, std::cout, std::cerr);
  if (*status) return admin::RunStatus(options, std::cout, std::cerr);
  if (*reload) return admin::RunCommand(options, admin::Command::kReload, std::cout, std::cerr);
  if (*drain) return admin::RunCommand(options, admin::Command::kDrain, std::cout, std::cerr);
  const auto action = *release ? admin::HeldAction::kRelease
                      : *retry ? admin::HeldAction::kRetry
                               : admin::HeldAction::kDiscard;
  return *release || *retry || *discard ? admin::RunAct(options, action, on, std::cout, std::cerr)
                                        : 1;
}
