#include "rules/scope.h"

#include <algorithm>
#include <map>

#include "router/base/text.h"

namespace rules {

using Form = Positioned::Form;

void Problems::Add(const Positioned& at, std::string message, bool warning) {
  found_.push_back({at.file, at.line, at.column, std::move(message), warning});
}

bool Problems::HasErrors() const { return !std::ranges::all_of(found_, &Problem::warning); }

size_t Scope::SlotOf(const router::ElementPath& path) {
  auto found = std::ranges::find(paths, path);
  if (found == paths.end()) found = paths.insert(paths.end(), path);
  return static_cast<size_t>(found - paths.begin());
}

std::string Quoted(std::string_view text) { return "\"" + router::Printable(text) + "\""; }

std::string Suggest(std::string_view text, const std::vector<std::string>& known) {
  std::string nearest = router::NearestOf(text, known);
  if (!nearest.empty()) return "; did you mean \"" + nearest + "\"?";
  std::string message = "; known:";
  for (const std::string& word : known) message += (&word == &known[0] ? " " : ", ") + word;
  return message;
}

bool IsScalar(std::string_view what, const Positioned& node, Problems& problems) {
  if (node.form == Form::kScalar) return true;
  problems.Error(node, std::string(what) + (node.form == Form::kNull ? " has no value"
                                                                     : " must be a single value"));
  return false;
}

bool IsMap(std::string_view what, const Positioned& node, Problems& problems) {
  if (node.form == Form::kMap) return true;
  problems.Error(node, std::string(what) + " must be a map, \"key: value\"");
  return false;
}

std::vector<const Positioned*> ScalarsOf(std::string_view what, const Positioned& node,
                                         Problems& problems) {
  std::vector<const Positioned*> scalars;
  if (node.form != Form::kList) {
    if (node.form == Form::kMap) {
      problems.Error(node, std::string(what) + " must be a value or a list of values");
    } else if (IsScalar(what, node, problems)) {
      scalars.push_back(&node);
    }
    return scalars;
  }
  if (node.values.empty()) problems.Error(node, std::string(what) + " must not be empty");
  for (const Positioned& value : node.values)
    if (IsScalar("each of " + std::string(what), value, problems)) scalars.push_back(&value);
  return scalars;
}

Fields::Fields(std::string_view what, const Positioned& node, Problems& problems)
    : node_(node), problems_(problems), is_map_(IsMap(what, node, problems)) {}

const Positioned* Fields::Find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  auto found = std::ranges::find(node_.keys, key, &Positioned::scalar);
  if (!is_map_ || found == node_.keys.end()) return nullptr;
  return &node_.values[static_cast<size_t>(found - node_.keys.begin())];
}

bool Fields::Written(std::string_view key) const {
  return is_map_ && std::ranges::find(node_.keys, key, &Positioned::scalar) != node_.keys.end();
}

bool Fields::AllKnown() const {
  return is_map_ && std::ranges::all_of(node_.keys, [&](const Positioned& key) {
           return std::ranges::find(known_, key.scalar) != known_.end();
         });
}

Fields::~Fields() {
  if (!is_map_) return;
  for (const Positioned& key : node_.keys)
    if (std::ranges::find(known_, key.scalar) == known_.end())
      problems_.Error(key, "unknown key " + Quoted(key.scalar) + Suggest(key.scalar, known_));
}

}  // namespace rules
