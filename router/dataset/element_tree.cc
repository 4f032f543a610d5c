#include "router/dataset/element_tree.h"

#include <algorithm>

#include "router/dataset/dictionary.h"

namespace router::dataset {
namespace {

constexpr Vr kUn = VrOf('U', 'N');
constexpr Tag kItemTag = 0xFFFEE000, kItemDelimiter = 0xFFFEE00D, kSequenceDelimiter = 0xFFFEE0DD;
constexpr size_t kMostProbed = 16 << 20;       // bytes looked through for items in them
constexpr uint32_t kItemInBytes = 0xE000FFFE;  // (FFFE,E000) as little-endian bytes read as one
constexpr uint32_t kMostShort = 0xFFFE;

std::unexpected<Error> Broken(std::string why) {
  return Fail(Errc::kCorrupt, Blame::kDownstream, std::move(why));
}

std::unique_ptr<Source> OpenPlain(Bytes bytes) {
  return Open(Encoded{bytes, Uid(kExplicitVrLittleEndian)});
}

std::unexpected<Error> TooMuch(std::string why) {
  return Fail(Errc::kLimit, Blame::kDownstream, std::move(why));
}

// The element that `event` announced, and goes behind it.
Result<Node> ReadNode(Scanner& scanner, const Event& event, Bytes bytes, const Encoding& around,
                      size_t& left) {
  if (left == 0) return TooMuch("the data set has more elements than are edited");
  --left;
  Node node;
  node.tag = event.tag;
  node.vr = event.vr;
  node.big_endian = event.big_endian;
  node.is_sequence = event.token == Token::kSequence;
  node.undefined_length = event.length == kUndefinedLength;
  node.inside = event.vr == kUn ? Encoding{} : around;
  node.header_size = event.value_offset - event.offset;
  uint64_t end = event.value_offset + event.length;
  if (event.token != Token::kElement) {
    if (auto passed = scanner.PassOver(); !passed) return std::unexpected(passed.error());
    end = scanner.position();
  }
  if (scanner.cut() || end > bytes.size()) return Broken("the data set ends too early");
  node.raw = bytes.subspan(event.offset, end - event.offset);
  return node;
}

class Reading {
 public:
  Reading(Node& node, const Encoding& around, size_t& left)
      : node_(node), source_(OpenPlain(node.raw)), scanner_(*source_, around), left_(left) {}

  Result<bool> Items() {
    auto event = scanner_.Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kElement) {
      auto entered = scanner_.EnterItems(kMostProbed);
      if (!entered || !*entered) return entered;
      node_.inside = {};
    } else if (event->token != Token::kSequence) {
      return false;
    }
    node_.is_sequence = true;
    while (true) {
      event = scanner_.Next();
      if (!event) return std::unexpected(event.error());
      if (event->token == Token::kSequenceEnd) return true;
      if (event->token != Token::kItem) return Broken("a sequence ends too early");
      if (auto read = Item(*event); !read) return std::unexpected(read.error());
    }
  }

 private:
  Result<> Item(const Event& begin) {
    ItemNode item;
    item.undefined_length = begin.length == kUndefinedLength;
    while (true) {
      auto event = scanner_.Next();
      if (!event) return std::unexpected(event.error());
      if (event->token == Token::kItemEnd) {
        item.raw = node_.raw.subspan(begin.offset, scanner_.position() - begin.offset);
        node_.items.push_back(std::move(item));
        return {};
      }
      if (event->token == Token::kCut || event->token == Token::kEnd)
        return Broken("an item ends too early");
      auto node = ReadNode(scanner_, *event, node_.raw, node_.inside, left_);
      if (!node) return std::unexpected(node.error());
      item.elements.push_back(std::move(*node));
    }
  }

  Node& node_;
  std::unique_ptr<Source> source_;
  Scanner scanner_;
  size_t& left_;
};

class Writing {
 public:
  explicit Writing(Buffer* out) : out_(*out) {}

  Result<> Element(const Node& node, const Encoding& encoding) {
    if (node.state == Node::State::kKept) {
      Append(node.raw);
      return {};
    }
    if (node.state == Node::State::kItems) return Sequence(node, encoding);
    Vr vr = node.vr;
    const auto length = static_cast<uint32_t>(node.value.size());
    if (encoding.explicit_vr && HasShortLength(vr) && length > kMostShort) {
      // PS3.5 6.2.2: UN has room, and is little endian; text is the same in both.
      if (encoding.big_endian && !VrIsText(vr))
        return Fail(Errc::kLimit, Blame::kInternal,
                    "the value is too long for its VR at " + NameOf(node.tag));
      vr = kUn;
    }
    Header(node.tag, vr, length, encoding);
    Append(node.value);
    return {};
  }

 private:
  static bool VrIsText(Vr vr) {
    return vr != VrOf('A', 'T') && vr != VrOf('F', 'D') && vr != VrOf('F', 'L') &&
           vr != VrOf('S', 'L') && vr != VrOf('S', 'S') && vr != VrOf('U', 'L') &&
           vr != VrOf('U', 'S');
  }

  Result<> Sequence(const Node& node, const Encoding& encoding) {
    Header(node.tag, node.vr, kUndefinedLength, encoding);
    const size_t begin = out_.size();
    for (const ItemNode& item : node.items)
      if (auto wrote = Item(item, node.inside); !wrote) return wrote;
    if (node.undefined_length) {
      Delimiter(kSequenceDelimiter, 0, node.inside.big_endian);
    } else {
      PatchLength(begin, encoding.big_endian);
    }
    return {};
  }

  Result<> Item(const ItemNode& item, const Encoding& encoding) {
    if (!item.changed) {
      Append(item.raw);
      return {};
    }
    Delimiter(kItemTag, kUndefinedLength, encoding.big_endian);
    const size_t begin = out_.size();
    for (const Node& node : item.elements)
      if (auto wrote = Element(node, encoding); !wrote) return wrote;
    if (item.undefined_length) {
      Delimiter(kItemDelimiter, 0, encoding.big_endian);
    } else {
      PatchLength(begin, encoding.big_endian);
    }
    return {};
  }

  void Header(Tag tag, Vr vr, uint32_t length, const Encoding& encoding) {
    const bool big = encoding.big_endian;
    if (!encoding.explicit_vr) {
      Delimiter(tag, length, big);
      return;
    }
    Put16(tag >> 16, big);
    Put16(tag & 0xFFFF, big);
    Put16(vr, true);
    if (HasShortLength(vr)) {
      Put16(length, big);
    } else {
      Put16(0, big);
      Put32(length, big);
    }
  }

  void Delimiter(Tag tag, uint32_t length, bool big) {
    Put16(tag >> 16, big);
    Put16(tag & 0xFFFF, big);
    Put32(length, big);
  }

  // Of what began at `begin`: the four bytes before it.
  void PatchLength(size_t begin, bool big) {
    const auto length = static_cast<uint32_t>(out_.size() - begin);
    std::byte* at = &out_[begin - 4];
    big ? StoreBe32(at, length) : StoreLe32(at, length);
  }

  void Put16(uint32_t number, bool big) {
    std::byte bytes[2];
    const auto value = static_cast<uint16_t>(number);
    big ? StoreBe16(bytes, value) : StoreLe16(bytes, value);
    Append(bytes);
  }
  void Put32(uint32_t number, bool big) {
    std::byte bytes[4];
    big ? StoreBe32(bytes, number) : StoreLe32(bytes, number);
    Append(bytes);
  }
  void Append(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  Buffer& out_;
};

}  // namespace

Result<std::vector<Node>> ReadElements(Bytes bytes, const Encoding& encoding, size_t& left) {
  auto source = OpenPlain(bytes);
  Scanner scanner(*source, encoding);
  std::vector<Node> nodes;
  while (true) {
    auto event = scanner.Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kEnd) return nodes;
    if (event->token == Token::kCut) return Broken("the data set ends too early");
    if (!nodes.empty() && nodes.back().tag >= event->tag)
      return Broken("elements are out of order at " + NameOf(event->tag));
    auto node = ReadNode(scanner, *event, bytes, encoding, left);
    if (!node) return std::unexpected(node.error());
    nodes.push_back(std::move(*node));
  }
}

bool MayHaveItems(const Node& node) {
  if (node.is_sequence) return true;
  if (node.state == Node::State::kValue) return false;
  return node.vr == kUn || (node.vr == kNoVr && VrInDictionary(node.tag) == kNoVr);
}

Result<bool> OpenItems(Node& node, const Encoding& around, size_t& left) {
  if (node.opened) return node.is_sequence;
  if (!MayHaveItems(node)) return false;
  const Bytes value = node.ValueBytes();
  if (!node.is_sequence && value.size() > kMostProbed && LoadLe32(value.data()) == kItemInBytes)
    return TooMuch("a sequence without VR is over 16 MiB at " + NameOf(node.tag));
  node.opened = true;
  return Reading(node, around, left).Items();
}

Result<> WriteElement(const Node& node, const Encoding& encoding, Buffer* out) {
  return Writing(out).Element(node, encoding);
}

std::vector<Node>::iterator Place(std::vector<Node>& nodes, Tag tag) {
  return std::ranges::find_if(nodes, [tag](const Node& node) { return node.tag >= tag; });
}

Node* FindNode(std::vector<Node>& nodes, Tag tag) {
  auto at = std::ranges::find(nodes, tag, &Node::tag);
  return at == nodes.end() ? nullptr : &*at;
}

}  // namespace router::dataset
