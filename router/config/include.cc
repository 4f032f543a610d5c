#include "router/config/include.h"

#include <glob.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace router::config {
namespace {

using Form = Positioned::Form;

std::optional<size_t> IndexOf(const Positioned& map, std::string_view key) {
  auto found = std::ranges::find(map.keys, key, &Positioned::scalar);
  if (found == map.keys.end()) return std::nullopt;
  return static_cast<size_t>(found - map.keys.begin());
}

// The patterns, as they were written. Other forms are for the reader to complain of.
std::vector<const Positioned*> PatternsOf(const Positioned& root) {
  std::vector<const Positioned*> patterns;
  auto at = root.form == Form::kMap ? IndexOf(root, "include") : std::nullopt;
  if (!at) return patterns;
  const Positioned& value = root.values[*at];
  if (value.form == Form::kScalar) patterns.push_back(&value);
  if (value.form == Form::kList)
    for (const Positioned& item : value.values)
      if (item.form == Form::kScalar) patterns.push_back(&item);
  return patterns;
}

// A directory is what it is called, not a pattern.
std::string Literally(const std::string& directory) {
  std::string text;
  for (char c : directory) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text;
}

std::vector<std::string> FilesOf(const std::filesystem::path& directory,
                                 const std::string& pattern) {
  const std::filesystem::path whole = std::filesystem::path(Literally(directory)) / pattern;
  glob_t found{};
  std::vector<std::string> files;
  if (glob(whole.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  std::ranges::sort(files);  // by bytes, whatever the locale
  return files;
}

// What one file says is added to what those before it said.
class Joining {
 public:
  Joining(std::string_view file, Tree tree) {
    all_.files.emplace_back(file);
    all_.tree = std::move(tree);
  }

  void Follow();
  Included Take() { return std::move(all_); }

 private:
  void FollowPattern(const Positioned& pattern);
  void Add(const std::string& path, const Positioned& pattern);
  void Join(Tree tree);
  void JoinKey(const Positioned& key, Positioned value);
  void JoinNames(Positioned& names, Positioned more);
  void Say(const Positioned& at, std::string message) {
    all_.tree.faults.push_back({at.line, at.column, std::move(message), false, at.file});
  }
  void SayTwice(const Positioned& key, const Positioned& first) {
    Say(key, "duplicate key \"" + key.scalar + "\"; it stands in " + first.file + " line " +
                 std::to_string(first.line) + " already");
  }
  bool IsThere(const std::string& path) const {
    return std::ranges::any_of(all_.files, [&](const std::string& file) {
      std::error_code ignored;
      return std::filesystem::equivalent(file, path, ignored);
    });
  }

  Included all_;
};

void Joining::Follow() {
  std::vector<Positioned> patterns;  // copies: what is added moves the tree
  for (const Positioned* pattern : PatternsOf(all_.tree.root)) patterns.push_back(*pattern);
  for (const Positioned& pattern : patterns) FollowPattern(pattern);
}

void Joining::FollowPattern(const Positioned& pattern) {
  const std::filesystem::path base = std::filesystem::path(all_.files.front()).parent_path();
  const std::vector<std::string> files = FilesOf(base, pattern.scalar);
  // A directory of parts may be empty; a file that is named and not there is a mistake.
  if (files.empty() && pattern.scalar.find_first_of("*?[") == std::string::npos)
    return Say(pattern, "include: there is no file " + (base / pattern.scalar).string());
  if (files.empty())
    all_.warnings.push_back({pattern.line, pattern.column,
                             "include: no file matches " + (base / pattern.scalar).string(), false,
                             pattern.file});
  for (const std::string& path : files)
    if (!IsThere(path)) Add(path, pattern);
}

void Joining::Add(const std::string& path, const Positioned& pattern) {
  auto text = ReadText(path);
  if (!text) return Say(pattern, "include: cannot read " + path + ": " + text.error().detail);
  all_.files.push_back(path);
  Tree tree = ParseTree(path, *text);
  for (Fault& fault : tree.faults) all_.tree.faults.push_back(std::move(fault));
  all_.tree.readable = all_.tree.readable && tree.readable;
  if (!tree.readable || tree.root.form == Form::kNull) return;
  if (tree.root.form != Form::kMap)
    return Say(tree.root, "what is included is a map, \"key: value\"");
  Join(std::move(tree));
}

void Joining::Join(Tree tree) {
  for (size_t i = 0; i < tree.root.keys.size(); ++i)
    JoinKey(tree.root.keys[i], std::move(tree.root.values[i]));
}

void Joining::JoinKey(const Positioned& key, Positioned value) {
  Positioned& root = all_.tree.root;
  if (key.scalar == "include") return Say(key, "include: what is included includes nothing itself");
  auto at = IndexOf(root, key.scalar);
  if (!at) {
    root.keys.push_back(key);
    root.values.push_back(std::move(value));
    return;
  }
  Positioned& first = root.values[*at];
  const bool names = key.scalar == "applications",
             list = key.scalar == "clients" || key.scalar == "rules";
  if (!names && !list) return SayTwice(key, root.keys[*at]);
  if (value.form == Form::kNull) return;
  if (first.form == Form::kNull) {
    first = std::move(value);
  } else if (names && value.form == Form::kMap) {
    if (first.form == Form::kMap) JoinNames(first, std::move(value));
  } else if (list && value.form == Form::kList) {
    if (first.form == Form::kList)
      std::ranges::move(value.values, std::back_inserter(first.values));
  } else {
    Say(value,
        key.scalar + (names ? " must be a map, \"key: value\"" : " must be a list, \"- item\""));
  }
}

void Joining::JoinNames(Positioned& names, Positioned more) {
  for (size_t i = 0; i < more.keys.size(); ++i) {
    if (auto at = IndexOf(names, more.keys[i].scalar)) {
      SayTwice(more.keys[i], names.keys[*at]);
      continue;
    }
    names.keys.push_back(std::move(more.keys[i]));
    names.values.push_back(std::move(more.values[i]));
  }
}

}  // namespace

Included FollowIncludes(std::string_view file, Tree tree) {
  Joining all(file, std::move(tree));
  all.Follow();
  return all.Take();
}

Result<std::string> ReadText(const std::string& path) {
  // stdio says why a directory or a broken disk cannot be read; streams do not.
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  std::string text;
  std::array<char, 1 << 16> chunk;
  while (file && text.size() <= kLargestText) {
    size_t size = std::fread(chunk.data(), 1, chunk.size(), file.get());
    text.append(chunk.data(), size);
    if (size < chunk.size()) break;
  }
  if (!file || std::ferror(file.get()))
    return Fail(Errc::kDisk, Blame::kInternal, std::strerror(errno));
  return text;
}

}  // namespace router::config
