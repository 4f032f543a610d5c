#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/config/config.h"

namespace router::config {

// What came of a file. `config` is null if and only if there are errors. Both lists are in file
// order, each entry `file:line:column: message`, fit for a person and free of secrets.
struct Loaded {
  std::shared_ptr<const Config> config;
  std::vector<std::string> errors, warnings;
};

// Reads the one YAML file, strictly: unknown and duplicate keys, anchors, aliases, tags and second
// documents are errors; scalars are parsed from their text, never by YAML's guesses. Every fault is
// reported, not the first. Never throws. Blocks on the disk: not for a loop.
Loaded LoadFile(const std::string& path);

// The same for text that is already in memory; `name` stands for the file in messages. Reads
// admin.token_file, if that is named, and nothing else.
Loaded LoadText(std::string_view name, std::string_view text);

// Every key the reader knows, as a path ("applications.NAME.hold.at_most"; members of a list have
// the list's own path), sorted. Kept against docs/configuration.md and deploy/sluice.full.yaml.
std::vector<std::string> KnownKeys();

}  // namespace router::config
