#include <iostream>

#include "router/admin/client.h"
#include "router/commands.h"

namespace router {
namespace {

using Options = std::shared_ptr<admin::ClientOptions>;

// Where the Sluice of this configuration is asked, and with which token.
bool TakeFrom(const std::string& file, admin::ClientOptions& options) {
  auto config = LoadOrSay(file, std::cerr).config;
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

// A command that asks; `run` does it.
CLI::App* Add(CommandLine& line, CLI::App* under, const char* name, const char* what,
              const Options& options, std::function<int()> run) {
  auto* command = under->add_subcommand(name, what);
  command->add_option("--url", options->url, "The API of the running Sluice")
      ->capture_default_str();
  command->add_option("--token-file", options->token_file, "File with the API's token");
  command->callback([&line, run = std::move(run)] { line.run = run; });
  return command;
}

// A command that shows something.
void AddShowing(CommandLine& line, CLI::App* under, const char* name, const char* what,
                int (*show)(const admin::ClientOptions&, std::ostream&, std::ostream&)) {
  auto options = std::make_shared<admin::ClientOptions>();
  Add(line, under, name, what, options, [=] {
    return show(*options, std::cout, std::cerr);
  })->add_flag("--json", options->json, "The API's answer as it is");
}

void AddOrder(CommandLine& line, const char* name, const char* what, admin::Command order) {
  auto options = std::make_shared<admin::ClientOptions>();
  Add(line, &line.cli, name, what, options,
      [=] { return admin::RunCommand(*options, order, std::cout, std::cerr); });
}

void AddLeave(CommandLine& line) {
  auto options = std::make_shared<admin::ClientOptions>();
  auto file = std::make_shared<std::string>(), to = std::make_shared<std::string>();
  auto* leave = Add(line, &line.cli, "leave",
                    "Hold nothing more, send what is due, write the rest as files", options, [=] {
                      if (!file->empty() && !TakeFrom(*file, *options)) return 1;
                      return admin::RunLeave(*options, *to, std::cout, std::cerr);
                    });
  leave->add_option("--config", *file, "Its configuration file: in place of --url and token");
  leave->add_option("--to", *to, "An empty directory, or one to be made")
      ->required()
      ->check(NamedDirectory());
  leave->add_flag("--json", options->json, "The API's answer as it is");
}

void AddAct(CommandLine& line, const char* name, const char* what, admin::HeldAction action) {
  auto options = std::make_shared<admin::ClientOptions>();
  auto on = std::make_shared<admin::ActOn>();
  auto* command = Add(line, &line.cli, name, what, options,
                      [=] { return admin::RunAct(*options, action, *on, std::cout, std::cerr); });
  command->add_option("uid", on->sop_instance_uid, "SOP Instance UID")->required();
  command->add_option("--reason", on->reason, "Why, for the history")
      ->required(action == admin::HeldAction::kDiscard);
  command->add_option("--application", on->application, "Where it is held, if for several");
}

}  // namespace

void AddAsking(CommandLine& line) {
  AddShowing(line, &line.cli, "held", "What waits, since when, and for which instances",
             [](const admin::ClientOptions& options, std::ostream& out, std::ostream& err) {
               return admin::RunHeld(options, out, err);
             });
  AddShowing(line, &line.cli, "status", "Destinations, associations and moves", admin::RunStatus);
  AddOrder(line, "reload", "Read the configuration again", admin::Command::kReload);
  AddOrder(line, "drain", "Take no more associations, then end", admin::Command::kDrain);
  auto* observe = line.Add("observe", "What mode: observe has seen");
  observe->require_subcommand(1);
  AddShowing(line, observe, "report", "What would have been done, and how often",
             admin::RunObserveReport);
  AddLeave(line);
  AddAct(line, "release", "Send a held instance whatever is missing", admin::HeldAction::kRelease);
  AddAct(line, "retry", "Try a queued or quarantined instance again now",
         admin::HeldAction::kRetry);
  AddAct(line, "discard", "Give a held instance up for good", admin::HeldAction::kDiscard);
}

}  // namespace router
