#include <iostream>

#include "router/commands.h"
#include "router/session/rule_world.h"

namespace router {

config::Loaded LoadOrSay(const std::string& file, std::ostream& err) {
  config::Loaded loaded = config::LoadFile(file, session::RulesReader());
  for (const std::string& error : loaded.errors) err << error << '\n';
  for (const std::string& warning : loaded.warnings) err << warning << " (warning)\n";
  return loaded;
}

CLI::Validator NamedDirectory() {
  auto check = [](std::string& directory) {
    return directory.empty() ? std::string("a directory must have a name") : std::string();
  };
  return CLI::Validator(check, "");
}

namespace {

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
}  // namespace router

int main(int argc, char** argv) {
  router::CommandLine line{
      CLI::App("Sluice: a DICOM-aware router for radiotherapy departments", "sluice")};
  line.cli.set_version_flag("--version", SLUICE_VERSION);
  line.cli.require_subcommand(1);
  router::AddServing(line);
  router::AddTrying(line);
  router::AddAsking(line);
  router::AddKeeping(line);
  try {
    line.cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const std::string why = router::NotACommand(line.cli, argc, argv); !why.empty()) {
      std::cerr << why << '\n';
      return 1;
    }
    return line.cli.exit(error) == 0 ? 0 : 1;
  }
  return line.run ? line.run() : 1;
}
