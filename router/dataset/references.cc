#include "router/dataset/references.h"

#include <fmt/format.h>

#include <charconv>
#include <unordered_map>
#include <utility>

#include "router/base/text.h"
#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

constexpr size_t kMostText = 65536;            // bytes of one value
constexpr size_t kMostReferences = 1'000'000;  // distinct ones of one object
constexpr Tag kReferencedClass = 0x00081150, kSeriesUid = 0x0020000E;
constexpr Tag kPlanRelationship = 0x300A0055, kPlanGeometry = 0x300A000C;

using State = std::vector<int>;  // places in the paths where a walk stands at once

// The wanted paths as one tree, and a second one for those that may begin anywhere.
class Paths {
 public:
  explicit Paths(std::span<const WantedPath> wanted) : nodes_(2) {
    for (const WantedPath& path : wanted) Add(path);
    anywhere_ = !nodes_[kAnywhere].next.empty();
  }

  State Top() const { return anywhere_ ? State{kTop, kAnywhere} : State{kTop}; }

  State Enter(const State& from, Tag sequence) const {
    State to;
    for (int place : from) {
      for (const auto& [tag, next] : nodes_[static_cast<size_t>(place)].next) {
        if (tag == sequence && !nodes_[static_cast<size_t>(next)].next.empty()) to.push_back(next);
      }
    }
    if (anywhere_) to.push_back(kAnywhere);
    return to;
  }

  void Match(const State& at, Tag element, std::vector<int>* ids) const {
    ids->clear();
    for (int place : at) {
      for (const auto& [tag, next] : nodes_[static_cast<size_t>(place)].next) {
        if (tag != element) continue;
        const auto& here = nodes_[static_cast<size_t>(next)].ids;
        ids->insert(ids->end(), here.begin(), here.end());
      }
    }
  }

 private:
  static constexpr int kTop = 0, kAnywhere = 1;
  struct Node {
    std::vector<std::pair<Tag, int>> next;
    std::vector<int> ids;
  };

  void Add(const WantedPath& path) {
    std::span<const Tag> tags = path.tags;
    int at = kTop;
    if (!tags.empty() && tags.front() == kAnyDepth) {
      at = kAnywhere;
      tags = tags.subspan(1);
    }
    if (tags.empty()) return;
    for (Tag tag : tags) at = Child(at, tag);
    nodes_[static_cast<size_t>(at)].ids.push_back(path.id);
  }

  int Child(int at, Tag tag) {
    for (const auto& [known, next] : nodes_[static_cast<size_t>(at)].next) {
      if (known == tag) return next;
    }
    int next = static_cast<int>(nodes_.size());
    nodes_.emplace_back();
    nodes_[static_cast<size_t>(at)].next.emplace_back(tag, next);
    return next;
  }

  std::vector<Node> nodes_;
  bool anywhere_ = false;
};

// What a walk tells: items as they begin and end, and every element of those items that a path
// may lead through, with the ids of the paths that end there.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void ItemBegins() {}
  virtual void ItemEnds() {}
  virtual Result<> Element(Scanner& scanner, const Event& event, std::span<const int> ids) = 0;
};

Result<> Walk(Scanner& scanner, const Paths& paths, Visitor& visitor) {
  std::vector<State> states = {paths.Top()};  // of the item around, and of each sequence entered
  std::vector<int> ids;
  while (true) {
    auto event = scanner.Next();
    if (!event) return std::unexpected(event.error());
    switch (event->token) {
      case Token::kEnd:
        return {};
      case Token::kCut:
        return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
      case Token::kSequence:
      case Token::kFragments:
        states.push_back(event->token == Token::kSequence ? paths.Enter(states.back(), event->tag)
                                                          : State{});
        if (!states.back().empty()) break;
        states.pop_back();
        if (auto passed = scanner.PassOver(); !passed) return passed;
        break;
      case Token::kSequenceEnd:
        states.pop_back();
        break;
      case Token::kItem:
        visitor.ItemBegins();
        break;
      case Token::kItemEnd:
        visitor.ItemEnds();
        break;
      case Token::kElement: {
        paths.Match(states.back(), event->tag, &ids);
        auto seen = visitor.Element(scanner, *event, ids);
        if (!seen) return seen;
        break;
      }
      case Token::kFragment:
        break;
    }
  }
}

// The values between backslashes, trimmed; empty ones are left out.
template <class Take>
void ForEachValue(std::string_view text, Take take) {
  while (true) {
    size_t end = text.find('\\');
    std::string_view value = TrimSpaces(text.substr(0, end));
    if (!value.empty()) take(value);
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

class Harvester : public Visitor {
 public:
  void ItemBegins() override { items_.emplace_back().first = harvest_.found.size(); }

  void ItemEnds() override {
    Item item = std::move(items_.back());
    items_.pop_back();
    for (size_t at : item.own) {
      harvest_.found[at].sop_class = item.sop_class;
      harvest_.found[at].relationship = item.relationship;
    }
    if (item.series.empty()) return;
    for (size_t at = item.first; at < harvest_.found.size(); ++at) {
      if (harvest_.found[at].series.empty()) harvest_.found[at].series = item.series;
    }
  }

  Result<> Element(Scanner& scanner, const Event& event, std::span<const int> ids) override {
    bool context = items_.empty() ? event.tag == kPlanGeometry
                                  : event.tag == kReferencedClass || event.tag == kSeriesUid ||
                                        event.tag == kPlanRelationship;
    if (!context && ids.empty()) return {};
    auto value = scanner.Value(kMostText);
    if (!value) return std::unexpected(value.error());
    std::string_view text = AsText(*value);
    if (context) NoteContext(event.tag, text);
    for (int id : ids) ForEachValue(text, [&](std::string_view one) { Add(id, Uid(one)); });
    if (harvest_.found.size() <= kMostReferences) return {};
    return Fail(Errc::kLimit, Blame::kDownstream,
                fmt::format("the object refers to more than {} others", kMostReferences));
  }

  Harvest Take() { return std::move(harvest_); }

 private:
  struct Item {
    size_t first = 0;         // found before it began
    std::vector<size_t> own;  // found directly in it for the first time
    Uid sop_class, series;
    std::string relationship;
  };
  struct Key {
    int id;
    Uid uid;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      return std::hash<Uid>()(key.uid) * 31 + static_cast<size_t>(key.id);
    }
  };

  void NoteContext(Tag tag, std::string_view text) {
    if (tag == kPlanGeometry) harvest_.plan_geometry = TrimSpaces(text);
    if (tag == kReferencedClass) items_.back().sop_class = Uid(text);
    if (tag == kSeriesUid) items_.back().series = Uid(text);
    if (tag == kPlanRelationship) items_.back().relationship = TrimSpaces(text);
  }

  void Add(int id, Uid uid) {
    auto [known, added] = seen_.try_emplace({id, uid}, harvest_.found.size());
    if (!added) {
      ++harvest_.found[known->second].mentions;
      return;
    }
    if (!items_.empty()) items_.back().own.push_back(harvest_.found.size());
    Found& found = harvest_.found.emplace_back();
    found.id = id;
    found.uid = std::move(uid);
  }

  Harvest harvest_;
  std::vector<Item> items_;
  std::unordered_map<Key, size_t, KeyHash> seen_;  // index in found
};

class TextFinder : public Visitor {
 public:
  Result<> Element(Scanner& scanner, const Event& event, std::span<const int> ids) override {
    if (ids.empty() || event.length > kMostText) return {};
    auto value = scanner.Value(kMostText);
    if (!value) return std::unexpected(value.error());
    ForEachValue(AsText(*value), [&](std::string_view one) { texts_.emplace_back(one); });
    return {};
  }
  std::vector<std::string> Take() { return std::move(texts_); }

 private:
  std::vector<std::string> texts_;
};

template <class V>
auto Run(Source& source, const Uid& transfer_syntax, std::span<const WantedPath> wanted)
    -> Result<decltype(std::declval<V>().Take())> {
  Scanner scanner(source, EncodingOf(transfer_syntax));
  V visitor;
  if (auto walked = Walk(scanner, Paths(wanted), visitor); !walked) {
    return std::unexpected(walked.error());
  }
  return visitor.Take();
}

}  // namespace

Result<std::vector<Tag>> ParsePath(std::string_view path) {
  std::vector<Tag> tags;
  std::string_view left = path;
  if (left.starts_with("*/")) {
    tags.push_back(kAnyDepth);
    left.remove_prefix(2);
  }
  while (true) {
    Tag tag = 0;
    auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), tag, 16);
    bool whole = error == std::errc() && end == left.data() + 8;
    if (!whole || (left.size() > 8 && left[8] != '/')) {
      return Fail(Errc::kBadConfig, Blame::kInternal,
                  fmt::format("\"{}\" is no path of tags", path));
    }
    tags.push_back(tag);
    if (left.size() == 8) return tags;
    left.remove_prefix(9);
  }
}

Result<Harvest> HarvestReferences(const Region& region, std::span<const WantedPath> wanted) {
  auto source = Open(region);
  if (!source) return std::unexpected(source.error());
  return Run<Harvester>(**source, region.transfer_syntax, wanted);
}

Result<Harvest> HarvestReferences(const Encoded& encoded, std::span<const WantedPath> wanted) {
  return Run<Harvester>(*Open(encoded), encoded.transfer_syntax, wanted);
}

Result<std::vector<std::string>> FindTexts(const Region& region, const std::vector<Tag>& path) {
  auto source = Open(region);
  if (!source) return std::unexpected(source.error());
  WantedPath wanted{.tags = path};
  return Run<TextFinder>(**source, region.transfer_syntax, {&wanted, 1});
}

Result<std::vector<std::string>> FindTexts(const Encoded& encoded, const std::vector<Tag>& path) {
  WantedPath wanted{.tags = path};
  return Run<TextFinder>(*Open(encoded), encoded.transfer_syntax, {&wanted, 1});
}

}  // namespace router::dataset
