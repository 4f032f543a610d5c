#include "router/config/load.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "router/config/include.h"
#include "router/config/reader.h"
#include "router/config/schema.h"
#include "router/config/tree.h"

namespace router::config {
namespace {

// In the order of the files, each with its place in front. A message may quote what a person typed:
// a line stays one line.
std::vector<std::string> Printed(const std::vector<std::string>& files, std::vector<Fault> faults) {
  auto place = [&](const Fault& fault) {
    return std::tuple(std::ranges::find(files, fault.file) - files.begin(), fault.line,
                      fault.column, fault.message);
  };
  std::ranges::sort(faults, {}, place);
  std::vector<std::string> lines;
  for (Fault& fault : faults) {
    for (char& c : fault.message)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    lines.push_back(fault.file + ":" + std::to_string(fault.line) + ":" +
                    std::to_string(fault.column) + ": " + fault.message);
  }
  return lines;
}

// What the reader misses at a place where the text itself is at fault would be said twice.
void DropAt(const std::vector<Fault>& said, std::vector<Fault>& faults) {
  std::erase_if(faults, [&](const Fault& fault) {
    return std::ranges::any_of(said, [&](const Fault& other) {
      return other.replaces && other.line == fault.line && other.column == fault.column &&
             other.file == fault.file;
    });
  });
}

void TakeRules(Reader& reader, const Positioned& list, Config& config, const ReadRules& read) {
  if (list.form == Positioned::Form::kScalar || list.form == Positioned::Form::kMap) {
    reader.Error(list, "rules must be a list, \"- item\"");
    return;
  }
  if (list.values.empty()) return;
  if (!read) {
    for (const Positioned& rule : list.values) reader.Error(rule, "rules are not read here");
    return;
  }
  RulesRead rules = read(list, config);
  for (RulesRead::Problem& problem : rules.problems) {
    Positioned place;
    place.file = std::move(problem.file);
    place.line = problem.line;
    place.column = problem.column;
    if (problem.warning)
      reader.Warn(place, std::move(problem.message));
    else
      reader.Error(place, std::move(problem.message));
  }
  config.rules = std::move(rules.rules);
}

Loaded Judge(const std::string& name, Included included, const ReadRules& read_rules) {
  Tree& tree = included.tree;
  Reader reader;
  auto config = std::make_shared<Config>();
  config->file = name;
  if (tree.readable && tree.root.form == Positioned::Form::kNull && tree.faults.empty()) {
    tree.faults.push_back({1, 1, "the file is empty", false, name});
  } else if (tree.readable && tree.root.form != Positioned::Form::kMap) {
    tree.faults.push_back({tree.root.line, tree.root.column,
                           "a configuration is a map, \"key: value\"", false, name});
  } else if (tree.readable) {
    {
      Section root(reader, &tree.root, "", "");
      ReadConfig(root, *config);
    }
    CheckConfig(reader, *config);
    if (reader.Written("rules")) TakeRules(reader, reader.PlaceOf("rules"), *config, read_rules);
  }
  DropAt(tree.faults, reader.errors);
  reader.errors.insert(reader.errors.end(), tree.faults.begin(), tree.faults.end());
  reader.warnings.insert(reader.warnings.end(), included.warnings.begin(), included.warnings.end());
  Loaded loaded;
  loaded.errors = Printed(included.files, std::move(reader.errors));
  loaded.warnings = Printed(included.files, std::move(reader.warnings));
  loaded.files = std::move(included.files);
  if (loaded.errors.empty()) loaded.config = std::move(config);
  return loaded;
}

}  // namespace

Loaded LoadText(std::string_view name, std::string_view text, const ReadRules& rules) {
  return Judge(std::string(name), FollowIncludes(name, ParseTree(name, text)), rules);
}

Loaded LoadFile(const std::string& path, const ReadRules& rules) {
  auto text = ReadText(path);
  if (text) return LoadText(path, *text, rules);
  Loaded loaded;
  loaded.errors.push_back(path + ":1:1: cannot read: " + text.error().detail);
  loaded.files.push_back(path);
  return loaded;
}

std::vector<KeyShape> Shapes() {
  Reader reader;
  Config nothing;
  {
    Section root(reader, nullptr, "", "");
    ReadConfig(root, nothing);
  }
  return std::move(reader.shapes);
}

std::vector<std::string> KnownKeys() {
  std::vector<std::string> keys;
  for (KeyShape& shape : Shapes()) keys.push_back(std::move(shape.key));
  std::ranges::sort(keys);
  return keys;
}

}  // namespace router::config
