#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/positioned.h"
#include "router/config/config.h"
#include "router/config/shape.h"

namespace router::config {

// What the key `rules` holds has a language of its own, which is read elsewhere: given the list
// and the rest of the configuration, it tells what it found wrong, and where.
struct RulesRead {
  struct Problem {
    std::string file;
    int line = 0, column = 0;  // 1-based
    std::string message;
    bool warning = false;
  };
  std::shared_ptr<const rules::RuleSet> rules;  // null with an error
  std::vector<Problem> problems;
};
using ReadRules = std::function<RulesRead(const Positioned& list, const Config& config)>;

// What came of a file. `config` is null if and only if there are errors. Both lists are in file
// order, each entry `file:line:column: message`, fit for a person and free of secrets.
struct Loaded {
  std::shared_ptr<const Config> config;
  std::vector<std::string> errors, warnings;
  std::vector<std::string> files;  // that were read: the one that was asked for, then the included
};

// Reads the YAML file and those that it includes, strictly: unknown and duplicate keys, anchors,
// aliases, tags and second documents are errors; scalars are parsed from their text, never by
// YAML's guesses. Every fault is reported, not the first. Never throws. Blocks on the disk: not for
// a loop. Without `rules` a file that has some is refused.
Loaded LoadFile(const std::string& path, const ReadRules& rules = {});

// The same for text that is already in memory; `name` stands for the file in messages, and for its
// directory. Reads admin.token_file and what is included, if they are named, and nothing else.
Loaded LoadText(std::string_view name, std::string_view text, const ReadRules& rules = {});

// Every key the reader knows, as a path ("applications.NAME.hold.at_most"; members of a list have
// the list's own path), sorted. Kept against docs/configuration.md and deploy/sluice.full.yaml.
std::vector<std::string> KnownKeys();

// The same, each with what it may hold, in the order in which the schema names them.
std::vector<KeyShape> Shapes();

}  // namespace router::config
