#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "router/config/load.h"

// The command line in groups of commands. main() parses; each group says what there is to be typed
// and, when one of its commands was, puts into `run` what is to be done. Main thread.
namespace router {

struct CommandLine {
  CLI::App cli;
  std::function<int()> run = {};  // the exit code: 0, or 1 after a line that says why

  CLI::App* Add(const std::string& name, const std::string& what) {
    return cli.add_subcommand(name, what);
  }
};

void AddServing(CommandLine& line);  // serve, check
void AddAsking(CommandLine& line);   // those that ask the API of a running Sluice
void AddKeeping(CommandLine& line);  // backup, restore, rescue
void AddTrying(CommandLine& line);   // test, worksheet, explain: nothing of a running Sluice takes part

// ---- what the groups share

inline constexpr const char* kUsualFile = "/etc/sluice/sluice.yaml";

// Every fault of the file has been printed, one a line, and every warning.
config::Loaded LoadOrSay(const std::string& file, std::ostream& err);

// For options that name a directory: an empty name is none.
CLI::Validator NamedDirectory();

}  // namespace router
