#include "router/dataset/element_edits.h"

#include <fmt/format.h>

#include <algorithm>

#include "router/base/text.h"
#include "router/dataset/dictionary.h"
#include "router/dataset/element_value.h"
#include "router/dataset/element_walk.h"

namespace router::dataset {
namespace {

constexpr Tag kLengthToEnd = 0x00080001;

using Act = std::function<Result<bool>(Level& level, Tag tag, const ElementStep& step)>;

std::unexpected<Error> Vain(std::string why) {
  return Fail(Errc::kBadConfig, Blame::kInternal, std::move(why));
}

// The tag of the step here; 0 if no block is reserved for its creator.
Tag TagHere(const Level& level, const ElementStep& step) {
  if (step.creator.empty()) return step.tag;
  for (const Node& node : level.nodes)
    if (IsReservation(node.tag) && node.tag >> 16 == step.tag >> 16 &&
        TrimSpaces(AsText(node.ValueBytes())) == step.creator)
      return WithinBlock(step.tag, node.tag);
  return 0;
}

// Calls `act` wherever the path leads, whether the element is there or not.
Result<bool> Visit(Level& level, const ElementPath& path, size_t at, const Act& act) {
  const ElementStep& step = path.steps[at];
  const Tag tag = TagHere(level, step);
  if (at + 1 == path.steps.size()) return act(level, tag, step);
  Node* node = tag == 0 ? nullptr : FindNode(level.nodes, tag);
  if (node == nullptr) return false;
  return ForItems(level, *node, [&](Level& item, size_t number) -> Result<bool> {
    if (step.item != 0 && number != step.item) return false;
    return Visit(item, path, at + 1, act);
  });
}

bool IsBig(const Node& node, Vr vr) { return node.big_endian && node.vr == vr; }

Decoded DecodeNode(const Level& level, const Node& node, const std::string& creator) {
  const Vr vr = VrFor(node.vr, node.tag, creator);
  return DecodeValue(node.ValueBytes(), vr, IsBig(node, vr), level.set);
}

bool Holds(const Node& node, const Buffer& value) {
  return std::ranges::equal(node.ValueBytes(), value);
}

void Assign(Node& node, Buffer value) {
  node.state = Node::State::kValue;
  node.value = std::move(value);
  node.items.clear();
  node.opened = true;
  node.undefined_length = false;
}

enum class Legality : uint8_t { kToCheck, kChecked };

Result<bool> SetExisting(Level& level, Node& node, const ElementStep& step, std::string_view value,
                         Legality legality = Legality::kToCheck) {
  if (value.empty()) {
    if (node.ValueBytes().empty() && !node.undefined_length) return false;
    Assign(node, {});
    Touch(level, node.tag);
    return true;
  }
  const Vr vr = VrFor(node.vr, node.tag, step.creator);
  if (auto legal = legality == Legality::kChecked ? Result<>() : CheckValue(value, vr); !legal)
    return std::unexpected(legal.error());
  auto bytes = EncodeValue(value, vr, IsBig(node, vr), level.set);
  if (!bytes) return std::unexpected(bytes.error());
  if (Holds(node, *bytes)) return false;
  const Tag tag = node.tag;
  Assign(node, std::move(*bytes));
  Touch(level, tag);
  return true;
}

Result<bool> Make(Level& level, Tag tag, const ElementStep& step, std::string_view value) {
  if (!step.creator.empty() || IsPrivate(tag)) return Vain("a private element cannot be made");
  Vr vr = VrInDictionary(tag);
  if (vr == kNoVr) return Vain("the dictionary has no such element, so its VR is not known");
  // Where it may be both the sign tells.
  if (vr == VrOf('U', 'S') && value.starts_with('-')) vr = VrOf('S', 'S');
  if (auto legal = CheckValue(value, vr); !legal) return std::unexpected(legal.error());
  auto bytes = EncodeValue(value, vr, level.encoding.big_endian, level.set);
  if (!bytes) return std::unexpected(bytes.error());
  Node node;
  node.tag = tag;
  node.vr = level.encoding.explicit_vr ? vr : kNoVr;
  node.is_sequence = vr == VrOf('S', 'Q');
  node.big_endian = level.encoding.big_endian;
  node.inside = level.encoding;
  Assign(node, std::move(*bytes));
  level.nodes.insert(Place(level.nodes, tag), std::move(node));
  Touch(level, tag);
  return true;
}

// Group lengths and what stands before the data set proper are not for edits.
bool IsReserved(Tag tag) {
  return (tag & 0xFFFF) == 0 || tag < 0x00080000 || tag >> 16 == 0xFFFE || tag == kLengthToEnd ||
         tag == kSpecificCharacterSet;
}

Result<bool> Set(Level& level, Tag tag, const ElementStep& step, std::string_view value) {
  if (step.item != 0) return Vain("an item has no value");
  if (tag == 0) return Vain("no block is reserved for this private creator");
  if (Node* node = FindNode(level.nodes, tag)) return SetExisting(level, *node, step, value);
  return Make(level, tag, step, value);
}

Result<bool> Remove(Level& level, Tag tag, const ElementStep& step) {
  Node* node = tag == 0 ? nullptr : FindNode(level.nodes, tag);
  if (node == nullptr) return false;
  if (step.item == 0) {
    std::erase_if(level.nodes, [tag](const Node& one) { return one.tag == tag; });
    Touch(level, tag);
    return true;
  }
  auto open = OpenItems(*node, level.encoding, level.left);
  if (!open || !*open || step.item > node->items.size()) return open ? Result<bool>(false) : open;
  node->items.erase(node->items.begin() + (step.item - 1));
  node->state = Node::State::kItems;
  Touch(level, tag);
  return true;
}

std::string Joined(std::span<const std::string> values) {
  std::string text;
  for (const std::string& value : values) {
    if (&value != values.data()) text += '\\';
    text += value;
  }
  return text;
}

Result<bool> Replace(Level& level, Tag tag, const ElementStep& step, const ElementEdit& edit) {
  Node* node = tag == 0 ? nullptr : FindNode(level.nodes, tag);
  if (node == nullptr || step.item != 0 || !edit.rewrite) return false;
  Decoded decoded = DecodeNode(level, *node, step.creator);
  bool changed = false;
  for (std::string& value : decoded.values) {
    auto other = edit.rewrite(value);
    if (!other || *other == value) continue;
    // Values that were there before may be what they are.
    const Vr vr = VrFor(node->vr, tag, step.creator);
    if (auto legal = CheckValue(*other, vr); !legal) return std::unexpected(legal.error());
    value = std::move(*other);
    changed = true;
  }
  if (!changed) return false;
  if (!decoded.exact) return Vain("bytes there mean nothing in its Specific Character Set");
  return SetExisting(level, *node, step, Joined(decoded.values), Legality::kChecked);
}

// The text at `from`; nothing if it is absent.
Result<std::optional<std::string>> TextAt(Level& top, const ElementPath& from) {
  std::optional<std::string> text;
  const Act read = [&](Level& level, Tag tag, const ElementStep& step) -> Result<bool> {
    Node* node = tag == 0 || text ? nullptr : FindNode(level.nodes, tag);
    if (node == nullptr) return false;
    if (step.item != 0) return Vain("an item has no value");
    Decoded decoded = DecodeNode(level, *node, step.creator);
    if (!decoded.exact)
      return Vain("bytes of " + from.text + " mean nothing in its Specific Character Set");
    if (!HasTextForm(VrFor(node->vr, tag, step.creator)) && decoded.values.empty() &&
        !node->ValueBytes().empty())
      return Vain(from.text + " has no form as text");
    text = Joined(decoded.values);
    return false;
  };
  auto visited = Visit(top, from, 0, read);
  if (!visited) return std::unexpected(visited.error());
  return text;
}

Result<bool> SetCharacterSet(Level& top, const std::string& value) {
  const CharacterSet to = CharacterSet::Of(value);
  if (!to.IsKnown()) return Vain("there is no such Specific Character Set");
  return ConvertTexts(top, to, value);
}

Result<bool> ApplyOne(const ElementEdit& edit, Level& top) {
  using Kind = ElementEdit::Kind;
  if (edit.kind == Kind::kRemovePrivate) return RemovePrivate(top, edit.keep);
  if (edit.kind == Kind::kCharacterSet) return SetCharacterSet(top, edit.value);
  if (edit.path.steps.empty()) return Vain("it names no element");
  const Tag last = edit.path.steps.back().tag;
  if (last == kSpecificCharacterSet) return Vain("character_set alone changes it, with the texts");
  if (IsReserved(last)) return Vain("this element is not for edits");
  std::optional<std::string> text = edit.value;
  if (edit.kind == Kind::kCopy) {
    auto copied = TextAt(top, edit.from);
    if (!copied) return std::unexpected(copied.error());
    if (!*copied) return false;
    text = std::move(*copied);
  }
  return Visit(top, edit.path, 0, [&](Level& level, Tag tag, const ElementStep& step) {
    if (edit.kind == Kind::kRemove) return Remove(level, tag, step);
    if (edit.kind == Kind::kReplace) return Replace(level, tag, step, edit);
    return Set(level, tag, step, *text);
  });
}

}  // namespace

Level Level::Of(std::vector<Node>& nodes, const Encoding& encoding, const CharacterSet& inherited,
                size_t& left, size_t depth) {
  Level level{nodes, encoding, inherited, left, depth};
  if (Node* terms = FindNode(nodes, kSpecificCharacterSet))
    level.set = CharacterSet::Of(AsText(terms->ValueBytes()));
  return level;
}

void Touch(Level& level, Tag tag) {
  auto drop = [&level](Tag length) {
    return std::erase_if(level.nodes, [=](const Node& node) { return node.tag == length; }) > 0;
  };
  drop(tag & 0xFFFF0000);
  // It counts what is behind it, and is an element of its own group.
  if (level.depth == 0 && drop(kLengthToEnd)) drop(kLengthToEnd & 0xFFFF0000);
}

std::string CreatorOf(const Level& level, Tag tag) {
  if (!IsPrivate(tag) || (tag & 0xFFFF) < 0x1000) return "";
  const Tag reservation = (tag & 0xFFFF0000) | (tag >> 8 & 0xFF);
  const Node* node = FindNode(level.nodes, reservation);
  return node == nullptr ? "" : std::string(TrimSpaces(AsText(node->ValueBytes())));
}

Result<bool> ForItems(Level& level, Node& node, const WithLevel& act) {
  if (level.depth >= Scanner::kMostDepth)
    return Fail(Errc::kCorrupt, Blame::kDownstream, "sequences nest too deep");
  auto open = OpenItems(node, level.encoding, level.left);
  if (!open || !*open) return open;
  bool changed = false;
  const Tag tag = node.tag;
  for (size_t at = 0; at < node.items.size(); ++at) {
    Level inside =
        Level::Of(node.items[at].elements, node.inside, level.set, level.left, level.depth + 1);
    auto acted = act(inside, at + 1);
    if (!acted) return acted;
    if (!*acted) continue;
    node.items[at].changed = changed = true;
  }
  if (!changed) return false;
  node.state = Node::State::kItems;
  Touch(level, tag);
  return true;
}

Result<bool> ApplyEdits(std::span<const ElementEdit* const> edits, const Encoding& encoding,
                        std::vector<Node>& nodes, size_t& left) {
  bool changed = false;
  for (const ElementEdit* edit : edits) {
    Level top = Level::Of(nodes, encoding, CharacterSet(), left, 0);
    auto applied = ApplyOne(*edit, top);
    if (!applied) {
      Error error = applied.error();
      error.detail = fmt::format("{}: {}", edit->text, error.detail);
      return std::unexpected(std::move(error));
    }
    changed |= *applied;
  }
  return changed;
}

}  // namespace router::dataset
