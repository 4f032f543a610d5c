#pragma once
// For element_edit*.cc and difference.cc alone: as much of a data set as an edit has to open, the
// rest as it stands.
#include <cstdint>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dataset/character_set.h"
#include "router/dataset/encoding.h"
#include "router/dataset/scanner.h"

namespace router::dataset {

struct ItemNode;

// An element. Views are into the bytes it was read from.
struct Node {
  enum class State : uint8_t {
    kKept,   // as in `raw`
    kValue,  // `value`, under a header made anew
    kItems,  // `items`, of which some changed
  };
  Tag tag = 0;
  Vr vr = kNoVr;  // in the header
  State state = State::kKept;
  bool is_sequence = false, undefined_length = false;
  bool opened = false;  // `items` is what stands in `raw`
  bool big_endian = false;
  Bytes raw;               // header and value
  size_t header_size = 0;  // of raw
  Encoding inside;         // of the items
  Buffer value;
  std::vector<ItemNode> items;

  Bytes ValueBytes() const {
    return state == State::kValue ? Bytes(value) : raw.subspan(header_size);
  }
};

struct ItemNode {
  Bytes raw;  // header, elements, delimiter
  bool undefined_length = false, changed = false;
  std::vector<Node> elements;
};

// Some 400 MB; a structure set has some 100,000.
constexpr size_t kMostElements = 4'000'000;

// The elements of a data set without what is around it: all of `bytes`, none opened. Errors:
// kCorrupt, blamed on the sender, also where they are not in the order of their tags; kLimit where
// there are more than `left`, which then counts those that may still follow.
Result<std::vector<Node>> ReadElements(Bytes bytes, const Encoding& encoding, size_t& left);

// Reads the items, if the element is a sequence or, of VR UN or of unknown implicit VR, made of
// items; returns whether it is. `around`: the encoding of the element itself. Errors as above, and
// kLimit where what begins like items without being of VR SQ has more than 16 MiB.
Result<bool> OpenItems(Node& node, const Encoding& around, size_t& left);

// May it have items inside, for all that its header and the dictionary say?
bool MayHaveItems(const Node& node);

// Appends the element in the encoding it stands in. Errors: kLimit where a length does not fit.
Result<> WriteElement(const Node& node, const Encoding& encoding, Buffer* out);

// Where an element with this tag is or would be put.
std::vector<Node>::iterator Place(std::vector<Node>& nodes, Tag tag);
Node* FindNode(std::vector<Node>& nodes, Tag tag);

}  // namespace router::dataset
