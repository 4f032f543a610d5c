#include <algorithm>

#include "router/dataset/element_edits.h"
#include "router/dataset/element_value.h"
#include "router/dataset/element_walk.h"

// The edits that go through a whole data set.
namespace router::dataset {
namespace {

bool IsKept(const Level& level, Tag tag, std::span<const std::string> keep) {
  auto listed = [&](const std::string& creator) {
    return !creator.empty() && std::ranges::find(keep, creator) != keep.end();
  };
  // A reservation stands for the first element of its block.
  return listed(CreatorOf(level, IsReservation(tag) ? WithinBlock(tag, tag) | 0xFF : tag));
}

bool IsGroupLength(Tag tag) { return (tag & 0xFFFF) == 0; }

Result<bool> ConvertText(Level& level, Node& node, const CharacterSet& from,
                         const CharacterSet& to) {
  const Vr vr = VrFor(node.vr, node.tag, CreatorOf(level, node.tag));
  if (!IsInCharacterSet(vr)) return false;
  const std::string_view before = AsText(node.ValueBytes());
  CharacterSet::Text text = from.Decode(before, vr);
  if (!text.exact)
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "bytes of " + NameOf(node.tag) + " mean nothing in its Specific Character Set");
  auto after = to.Encode(text.utf8, vr);
  if (!after)
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "the set has no such characters as stand at " + NameOf(node.tag));
  if (*after == before) return false;
  if (after->size() % 2) after->ends_with(' ') ? after->pop_back() : after->push_back(' ');
  const Bytes bytes = AsBytes(*after);
  node.state = Node::State::kValue;
  node.value.assign(bytes.begin(), bytes.end());
  return true;
}

bool SetTerms(Level& level, const std::string& terms) {
  Buffer value(AsBytes(terms).begin(), AsBytes(terms).end());
  if (value.size() % 2) value.push_back(std::byte{' '});
  Node* node = FindNode(level.nodes, kSpecificCharacterSet);
  if (node == nullptr && level.depth > 0) return false;
  if (node != nullptr && std::ranges::equal(node->ValueBytes(), value)) return false;
  if (node == nullptr) {
    Node fresh;
    fresh.tag = kSpecificCharacterSet;
    fresh.vr = level.encoding.explicit_vr ? VrOf('C', 'S') : kNoVr;
    node = &*level.nodes.insert(Place(level.nodes, kSpecificCharacterSet), std::move(fresh));
  }
  node->state = Node::State::kValue;
  node->value = std::move(value);
  Touch(level, kSpecificCharacterSet);
  return true;
}

}  // namespace

Result<bool> RemovePrivate(Level& level, std::span<const std::string> keep) {
  std::vector<Tag> gone;
  for (Node& node : level.nodes) {
    if (IsGroupLength(node.tag)) continue;  // stays if nothing of the group goes
    if (IsPrivate(node.tag) && !IsKept(level, node.tag, keep)) {
      gone.push_back(node.tag);
      continue;
    }
    if (!MayHaveItems(node)) continue;
    auto inside = OpenItems(node, level.encoding, level.left);
    if (!inside) return inside;
  }
  std::ranges::sort(gone);
  bool changed = !gone.empty();
  // Touch moves what is in `nodes`: the tags, not the nodes, are gone through.
  std::vector<Tag> sequences;
  for (const Node& node : level.nodes)
    if (node.is_sequence && !std::ranges::binary_search(gone, node.tag))
      sequences.push_back(node.tag);
  for (Tag tag : sequences) {
    auto inside = ForItems(level, *FindNode(level.nodes, tag),
                           [&](Level& item, size_t) { return RemovePrivate(item, keep); });
    if (!inside) return inside;
    changed |= *inside;
  }
  std::erase_if(level.nodes,
                [&](const Node& node) { return std::ranges::binary_search(gone, node.tag); });
  for (Tag tag : gone) Touch(level, tag);
  return changed;
}

Result<bool> ConvertTexts(Level& level, const CharacterSet& to, const std::string& terms) {
  const CharacterSet from = level.set;
  bool changed = false;
  std::vector<Tag> tags;
  for (const Node& node : level.nodes) tags.push_back(node.tag);
  for (Tag tag : tags) {
    Node* node = FindNode(level.nodes, tag);
    if (node == nullptr) continue;  // the length of a group that was touched
    Result<bool> converted = false;
    if (MayHaveItems(*node)) {
      auto inside = [&](Level& item, size_t) { return ConvertTexts(item, to, terms); };
      converted = ForItems(level, *node, inside);
      if (!converted) return converted;
      changed |= *converted;
      node = FindNode(level.nodes, tag);  // ForItems may have moved it
      if (node->is_sequence) continue;
    }
    converted = ConvertText(level, *node, from, to);
    if (!converted) return converted;
    if (*converted) Touch(level, tag);
    changed |= *converted;
  }
  changed |= SetTerms(level, terms);
  return changed;
}

}  // namespace router::dataset
