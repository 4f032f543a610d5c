#pragma once
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/config/shape.h"
#include "router/config/tree.h"
#include "router/config/values.h"

namespace router::config {

// What the sections of one file have in common: the faults found, the keys that exist, and where
// each value was written. One load owns it; one thread.
class Reader {
 public:
  void Error(const Positioned& at, std::string message);
  void Warn(const Positioned& at, std::string message);

  // Where the value with this path was written ("applications.VMSDBD.address"); if it was not,
  // where the nearest thing around it was.
  const Positioned& PlaceOf(std::string path) const;
  bool Written(const std::string& path) const { return places_.contains(path); }

  // What the schema says of a key; made if it is not there yet.
  KeyShape& ShapeOf(const std::string& key);

  std::vector<Fault> errors, warnings;
  std::vector<KeyShape> shapes;  // in the order of the schema, if that was run over nothing

 private:
  friend class Section;
  std::map<std::string, const Positioned*> places_;  // into the tree, which outlives the reader
};

// One map of the file while it is read: each call names a key, its type and where the value goes,
// so that the calls of a function are the schema of a section. A key that is absent leaves the
// default that stands in the target. What is wrong is reported and reading goes on.
//
// Without a node it only collects what the calls say: the same functions, run over nothing, are the
// list of all keys, each with its shape.
class Section {
 public:
  // `path` as for PlaceOf, `schema` the same with NAME for names that people choose.
  Section(Reader& reader, const Positioned* node, std::string path, std::string schema);
  Section(const Section&) = delete;
  ~Section() { ReportUnknownKeys(); }

  const std::string& path() const { return path_; }
  const Positioned* node() const { return node_; }
  Reader& reader() { return reader_; }

  // A scalar. True if it was written and is good.
  template <class T>
  bool Value(std::string_view key, T& target) {
    if (!node_) Note(key, KeyShape::Form::kScalar, TypeOf<T>(), {Write(target)});
    const Positioned* node = Find(key);
    return node && Scalar(key, *node, target);
  }
  // A number within limits, both allowed.
  template <class T>
  bool Between(std::string_view key, T& target, T least, T most) {
    if (!node_) Note(key, KeyShape::Form::kScalar, TypeOf<T>(), {Write(target)});
    NoteLimits(key, least, most);
    T value{};
    if (!Value(key, value)) return false;
    if (value < least || value > most) {
      reader_.Error(*Find(key), std::string(key) + ": " + Write(value) + " is not from " +
                                    Write(least) + " to " + Write(most));
      return false;
    }
    target = value;
    return true;
  }
  // A duration that must pass, within ten years.
  bool Time(std::string_view key, Duration& target) {
    if (!node_) {
      ScalarType type = TypeOf<Duration>();
      type.pattern = "^0*[1-9][0-9]{0,11}(ms|s|m|h|d)$";
      Note(key, KeyShape::Form::kScalar, std::move(type), {Write(target)});
    }
    return Between(key, target, kTick, kAges);
  }
  bool TimeOrZero(std::string_view key, Duration& target) {
    if (!node_) {
      ScalarType type = TypeOf<Duration>();
      type.name += " or `0s`";
      Note(key, KeyShape::Form::kScalar, std::move(type), {Write(target)});
    }
    return Between(key, target, Duration(0), kAges);
  }

  // One scalar or a list of them; what was the default is replaced.
  template <class T>
  bool Values(std::string_view key, std::vector<T>& target) {
    NoteList(key, KeyShape::Form::kOneOrList, target);
    const Positioned* node = Find(key);
    if (!node) return false;
    std::vector<T> values;
    bool good = true;
    for (const Positioned* item : Items(key, *node)) {
      T value{};
      if (Scalar(key, *item, value))
        values.push_back(std::move(value));
      else
        good = false;
    }
    if (good) target = std::move(values);
    return good;
  }

  // The same where an empty list makes no sense.
  template <class T>
  bool SomeValues(std::string_view key, std::vector<T>& target) {
    NoteList(key, KeyShape::Form::kSomeOrOne, target);
    if (!Values(key, target)) return false;
    if (target.empty()) reader_.Error(*Find(key), std::string(key) + " must not be empty");
    return !target.empty();
  }

  // A key that must be there: says so if it is not.
  Section& Needed(std::string_view key);

  // A map inside: `fill` gets its section. An empty value is an empty map.
  template <std::invocable<Section&> Fill>
  void Map(std::string_view key, Fill fill) {
    if (!node_) Note(key, KeyShape::Form::kMap);
    const Positioned* node = Find(key);
    if (node && !IsMap(key, *node)) return;
    if (!node && node_) return;
    Section inside(reader_, node, Join(path_, key), Join(schema_, key));
    fill(inside);
  }
  // The same where one scalar may stand for the map: that goes into `target`.
  template <class T, std::invocable<Section&> Fill>
  void MapOr(std::string_view key, T& target, Fill fill) {
    if (!node_) NoteShort(key, KeyShape::Form::kMap, TypeOf<T>(), {Write(target)});
    const Positioned* node = Find(key);
    if (node && node->form == Positioned::Form::kScalar)
      Scalar(key, *node, target);
    else
      Map(key, std::move(fill));
  }
  // A map from names to maps: `fill` gets the name (at its place) and the section.
  template <class Fill>
  void Named(std::string_view key, Fill fill) {
    if (!node_) Note(key, KeyShape::Form::kNames);
    const Positioned* node = Find(key);
    if (!node_) {
      Section inside(reader_, nullptr, "", Join(schema_, key) + ".NAME");
      fill(std::string("NAME"), inside);
    }
    if (!node || !IsMap(key, *node)) return;
    for (size_t i = 0; i < node->keys.size(); ++i) {
      const std::string& name = node->keys[i].scalar;
      if (!IsMap(name, node->values[i])) continue;
      std::string path = Join(Join(path_, key), name);
      reader_.places_[path] = &node->keys[i];
      Section inside(reader_, &node->values[i], path, Join(schema_, key) + ".NAME");
      fill(name, inside);
    }
  }
  // A map from one kind of scalar to another: `fill` gets each pair.
  template <class K, class V, class Fill>
  void Pairs(std::string_view key, Fill fill) {
    if (!node_) Note(key, KeyShape::Form::kPairs, TypeOf<V>());
    const Positioned* node = Find(key);
    if (!node || !IsMap(key, *node)) return;
    for (size_t i = 0; i < node->keys.size(); ++i) {
      K from{};
      V to{};
      const bool first = Scalar(key, node->keys[i], from);
      if (Scalar(key, node->values[i], to) && first) fill(std::move(from), std::move(to));
    }
  }
  // A list of maps: `fill` gets each with its section.
  template <class Fill>
  void Each(std::string_view key, Fill fill) {
    EachItem(key, fill, [](const Positioned&) { return false; });
  }
  // The same where one scalar may stand for a map: `take` gets it, or what stands for none.
  template <class T, class Fill, class Take>
  void EachOr(std::string_view key, Fill fill, Take take) {
    if (!node_) NoteShort(key, KeyShape::Form::kMaps, TypeOf<T>());
    EachItem(key, fill, [&](const Positioned& item) {
      if (item.form != Positioned::Form::kScalar) return false;
      T value{};
      Scalar(key, item, value);
      take(std::move(value));
      return true;
    });
  }

  // The value of a key that has a form of its own, or null.
  const Positioned* Find(std::string_view key);

  // Reads one scalar, reporting under the name of the key.
  template <class T>
  bool Scalar(std::string_view key, const Positioned& node, T& target) {
    if (!IsScalar(key, node)) return false;
    auto value = ParseValue<T>(node.scalar);
    if (!value) {
      reader_.Error(node, std::string(key) + ": " + value.error().detail);
      return false;
    }
    target = std::move(*value);
    return true;
  }

 private:
  static constexpr Duration kTick{1};
  static constexpr Duration kAges = std::chrono::hours(24 * 3650);

  // `take` says whether it took an item itself.
  template <class Fill, class Take>
  void EachItem(std::string_view key, Fill fill, Take take) {
    if (!node_) Note(key, KeyShape::Form::kMaps);
    const Positioned* node = Find(key);
    if (!node_) {
      Section inside(reader_, nullptr, "", Join(schema_, key));
      fill(inside);
    }
    if (!node || !IsList(key, *node)) return;
    for (size_t i = 0; i < node->values.size(); ++i) {
      const Positioned& item = node->values[i];
      std::string path = Join(path_, key) + "[" + std::to_string(i) + "]";
      reader_.places_[path] = &item;
      if (take(item) || !IsMap("each entry of " + std::string(key), item)) continue;
      Section inside(reader_, &item, path, Join(schema_, key));
      fill(inside);
    }
  }

  // What a call says of its key, without a node; of several that say something the first is right.
  void Note(std::string_view key, KeyShape::Form form, ScalarType type = {},
            std::vector<std::string> defaults = {});
  // The same of a key where a scalar may stand for a map.
  void NoteShort(std::string_view key, KeyShape::Form form, ScalarType type,
                 std::vector<std::string> defaults = {});
  template <class T>
  void NoteList(std::string_view key, KeyShape::Form form, const std::vector<T>& target) {
    if (node_) return;
    std::vector<std::string> defaults;
    for (const T& one : target) defaults.push_back(Write(one));
    Note(key, form, TypeOf<T>(), std::move(defaults));
  }
  template <class T>
  void NoteLimits(std::string_view key, T least, T most) {
    if (node_ || TypeOf<T>().name == TypeOf<Duration>().name) return;
    ScalarType& type = reader_.ShapeOf(Join(schema_, key)).type;
    type.least = Write(least), type.most = Write(most);
  }

  static std::string Join(const std::string& path, std::string_view key);
  bool IsScalar(std::string_view key, const Positioned& node);
  bool IsMap(std::string_view key, const Positioned& node);
  bool IsList(std::string_view key, const Positioned& node);
  std::vector<const Positioned*> Items(std::string_view key, const Positioned& node);
  void ReportUnknownKeys();

  Reader& reader_;
  const Positioned* node_;  // null: only the keys are collected
  std::string path_, schema_;
  std::vector<std::string> known_;  // in the order of the schema
};

}  // namespace router::config
