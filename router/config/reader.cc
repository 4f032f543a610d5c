#include "router/config/reader.h"

#include <algorithm>

#include "router/base/text.h"

namespace router::config {

void Reader::Error(const Positioned& at, std::string message) {
  errors.push_back({at.line, at.column, std::move(message), false, at.file});
}

void Reader::Warn(const Positioned& at, std::string message) {
  warnings.push_back({at.line, at.column, std::move(message), false, at.file});
}

const Positioned& Reader::PlaceOf(std::string path) const {
  while (true) {
    if (auto found = places_.find(path); found != places_.end()) return *found->second;
    size_t cut = path.find_last_of(".[");  // the root is always there
    path.resize(cut == path.npos ? 0 : cut);
  }
}

KeyShape& Reader::ShapeOf(const std::string& key) {
  auto found = std::ranges::find(shapes, key, &KeyShape::key);
  if (found != shapes.end()) return *found;
  shapes.emplace_back().key = key;
  return shapes.back();
}

Section::Section(Reader& reader, const Positioned* node, std::string path, std::string schema)
    : reader_(reader), node_(node), path_(std::move(path)), schema_(std::move(schema)) {
  if (node_) reader_.places_.try_emplace(path_, node_);
}

std::string Section::Join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

const Positioned* Section::Find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  if (!node_) {
    reader_.ShapeOf(Join(schema_, key));
    return nullptr;
  }
  auto found = std::ranges::find(node_->keys, key, &Positioned::scalar);
  if (found == node_->keys.end()) return nullptr;
  const Positioned* value = &node_->values[static_cast<size_t>(found - node_->keys.begin())];
  reader_.places_[Join(path_, key)] = value;
  return value;
}

void Section::Note(std::string_view key, KeyShape::Form form, ScalarType type,
                   std::vector<std::string> defaults) {
  KeyShape& shape = reader_.ShapeOf(Join(schema_, key));
  if (shape.form != KeyShape::Form::kOther) return;
  shape.form = form;
  shape.type = std::move(type);
  shape.defaults = std::move(defaults);
  if (shape.defaults == std::vector<std::string>{""}) shape.defaults.clear();
}

void Section::NoteShort(std::string_view key, KeyShape::Form form, ScalarType type,
                        std::vector<std::string> defaults) {
  Note(key, form, {}, std::move(defaults));
  reader_.ShapeOf(Join(schema_, key)).short_for = {std::move(type)};
}

Section& Section::Needed(std::string_view key) {
  if (!node_) reader_.ShapeOf(Join(schema_, key)).needed = true;
  if (Find(key) || !node_) return *this;
  reader_.Error(*node_, std::string(key) + " is missing");
  return *this;
}

bool Section::IsScalar(std::string_view key, const Positioned& node) {
  if (node.form == Positioned::Form::kScalar) return true;
  reader_.Error(
      node, std::string(key) + (node.form == Positioned::Form::kNull ? " has no value"
                                                                     : " must be a single value"));
  return false;
}

bool Section::IsMap(std::string_view key, const Positioned& node) {
  if (node.form == Positioned::Form::kMap || node.form == Positioned::Form::kNull) return true;
  reader_.Error(node, std::string(key) + " must be a map, \"key: value\"");
  return false;
}

bool Section::IsList(std::string_view key, const Positioned& node) {
  if (node.form == Positioned::Form::kList || node.form == Positioned::Form::kNull) return true;
  reader_.Error(node, std::string(key) + " must be a list, \"- item\"");
  return false;
}

std::vector<const Positioned*> Section::Items(std::string_view key, const Positioned& node) {
  if (node.form != Positioned::Form::kList) return {&node};
  std::vector<const Positioned*> items;
  for (const Positioned& item : node.values) {
    reader_.places_[Join(path_, key) + "[" + std::to_string(items.size()) + "]"] = &item;
    items.push_back(&item);
  }
  return items;
}

void Section::ReportUnknownKeys() {
  if (!node_) return;
  for (const Positioned& key : node_->keys) {
    if (std::ranges::find(known_, key.scalar) != known_.end()) continue;
    std::string message = "unknown key \"" + key.scalar + "\"";
    std::string nearest = NearestOf(key.scalar, known_);
    if (!nearest.empty()) {
      message += "; did you mean \"" + nearest + "\"?";
    } else {
      message += "; known here:";
      for (const std::string& known : known_)
        message += (&known == &known_[0] ? " " : ", ") + known;
    }
    reader_.Error(key, std::move(message));
  }
}

}  // namespace router::config
