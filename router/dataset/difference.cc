#include "router/dataset/difference.h"

#include <algorithm>

#include "router/dataset/dictionary.h"
#include "router/dataset/element_edits.h"
#include "router/dataset/element_value.h"
#include "router/dataset/element_walk.h"

namespace router::dataset {
namespace {

constexpr Tag kLengthToEnd = 0x00080001;
constexpr size_t kPiece = 1 << 20;  // bytes

bool IsLength(Tag tag) { return (tag & 0xFFFF) == 0 || tag == kLengthToEnd; }

bool Same(const Shown& before, const Shown& after) {
  return before.exact && after.exact && before.text == after.text;
}

std::string Count(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Result<Buffer> ReadRest(Source& source, uint64_t at_most) {
  Buffer all;
  for (;;) {
    auto piece = source.Peek(kPiece);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return all;
    if (all.size() + piece->size() > at_most)
      return Fail(Errc::kLimit, Blame::kDownstream,
                  "the data set has more than " + std::to_string(at_most >> 20) + " MiB");
    all.insert(all.end(), piece->begin(), piece->end());
    auto skipped = source.Skip(piece->size());
    if (!skipped) return std::unexpected(skipped.error());
  }
}

class Comparison {
 public:
  explicit Comparison(std::vector<Difference>& found) : found_(found) {}

  Result<> Levels(Level before, Level after, const std::string& path) {
    auto a = before.nodes.begin(), b = after.nodes.begin();
    while (a != before.nodes.end() || b != after.nodes.end()) {
      const bool only_a = b == after.nodes.end() || (a != before.nodes.end() && a->tag < b->tag);
      const bool only_b = !only_a && (a == before.nodes.end() || b->tag < a->tag);
      Node* const left = only_b ? nullptr : &*a++;
      Node* const right = only_a ? nullptr : &*b++;
      const Tag tag = left ? left->tag : right->tag;
      if (IsLength(tag)) continue;
      const std::string here = path + (path.empty() ? "" : ".") + KeywordOf(tag);
      auto compared = Elements(before, left, after, right, here);
      if (!compared) return compared;
    }
    return {};
  }

 private:
  Result<> Elements(Level& before, Node* left, Level& after, Node* right, const std::string& path) {
    if (left && right && left->vr == right->vr && std::ranges::equal(left->raw, right->raw))
      return {};
    auto left_items = left ? OpenItems(*left, before.encoding, before.left) : Result<bool>(false);
    if (!left_items) return std::unexpected(left_items.error());
    auto right_items = right ? OpenItems(*right, after.encoding, after.left) : Result<bool>(false);
    if (!right_items) return std::unexpected(right_items.error());
    if (*left_items && *right_items && left->items.size() == right->items.size())
      return Items(before, *left, after, *right, path);
    Difference difference{path, std::nullopt, std::nullopt};
    if (left) difference.before = Show(before, *left);
    if (right) difference.after = Show(after, *right);
    // The same text in another character set, or otherwise padded, is no other for a person.
    if (left && right && Same(*difference.before, *difference.after)) return {};
    found_.push_back(std::move(difference));
    return {};
  }

  Result<> Items(Level& before, Node& left, Level& after, Node& right, const std::string& path) {
    if (before.depth >= Scanner::kMostDepth)
      return Fail(Errc::kCorrupt, Blame::kDownstream, "sequences nest too deep");
    for (size_t at = 0; at < left.items.size(); ++at) {
      auto compared = Levels(
          Level::Of(left.items[at].elements, left.inside, before.set, before.left,
                    before.depth + 1),
          Level::Of(right.items[at].elements, right.inside, after.set, after.left, after.depth + 1),
          path + "[" + std::to_string(at + 1) + "]");
      if (!compared) return compared;
    }
    return {};
  }

  static Shown Show(const Level& level, const Node& node) {
    if (node.is_sequence) return {Count(node.items.size(), "item"), false};
    const Bytes value = node.ValueBytes();
    const Vr vr = VrFor(node.vr, node.tag, CreatorOf(level, node.tag));
    const Decoded decoded = DecodeValue(value, vr, node.big_endian, level.set);
    if (decoded.values.empty() && !value.empty()) return {Count(value.size(), "byte"), false};
    std::string text;
    for (const std::string& one : decoded.values)
      text += (&one == &decoded.values.front() ? "" : "\\") + one;
    return {std::move(text), true};
  }

  std::vector<Difference>& found_;
};

}  // namespace

Result<std::vector<Difference>> DifferencesBetween(const Encoded& before, const Encoded& after) {
  std::vector<Buffer> plain;  // what the nodes are views of
  std::vector<std::vector<Node>> nodes;
  const Encoding encoding = EncodingOf(before.transfer_syntax);
  size_t left = kMostElements;
  for (const Encoded* one : {&before, &after}) {
    auto read = ReadRest(*Open(*one), kMostInflated);
    if (!read) return std::unexpected(read.error());
    plain.push_back(std::move(*read));
    auto elements = ReadElements(plain.back(), encoding, left);
    if (!elements) return std::unexpected(elements.error());
    nodes.push_back(std::move(*elements));
  }
  std::vector<Difference> found;
  const CharacterSet none;
  auto compared = Comparison(found).Levels(Level::Of(nodes[0], encoding, none, left, 0),
                                           Level::Of(nodes[1], encoding, none, left, 0), "");
  if (!compared) return std::unexpected(compared.error());
  return found;
}

Result<Buffer> ReadAll(const Region& region, uint64_t at_most) {
  auto source = OpenRaw(region);
  if (!source) return std::unexpected(source.error());
  return ReadRest(**source, at_most);
}

}  // namespace router::dataset
