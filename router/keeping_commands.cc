#include <iostream>

#include "router/commands.h"
#include "router/rescue.h"
#include "router/shelf.h"

namespace router {
namespace {

struct Command {
  const char *name, *what;
  const char *from, *from_what;  // the option that names where it is taken from
  const char* to_what;
  int (*run)(const std::string& from, const std::string& to, std::ostream& out, std::ostream& err);
};

constexpr Command kCommands[] = {
    {"backup", "Save a store, also while Sluice runs", "--store", "The directory of the store",
     "A directory that is not there yet, or empty", RunBackUp},
    {"restore", "Make a store of a backup", "--from", "The directory of the backup",
     "The directory of the store: not there yet, or empty", RunRestore},
    {"rescue", "Take everything out of a dead Sluice's store", "--store", "The store's directory",
     "An empty directory, or one to be made", RunRescue},
};

}  // namespace

void AddKeeping(CommandLine& line) {
  for (const Command& one : kCommands) {
    auto from = std::make_shared<std::string>(), to = std::make_shared<std::string>();
    auto* command = line.Add(one.name, one.what);
    command->add_option(one.from, *from, one.from_what)->required()->check(NamedDirectory());
    command->add_option("--to", *to, one.to_what)->required()->check(NamedDirectory());
    command->callback([&line, from, to, run = one.run] {
      line.run = [=] { return run(*from, *to, std::cout, std::cerr); };
    });
  }
}

}  // namespace router
