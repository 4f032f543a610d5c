#pragma once
// For element_reader.cc and element_edit.cc alone.
#include <string>
#include <string_view>
#include <vector>

#include "router/base/element.h"
#include "router/base/result.h"
#include "router/dataset/character_set.h"
#include "router/dataset/scanner.h"

namespace router::dataset {

constexpr Tag kSpecificCharacterSet = 0x00080005;

inline bool IsPrivate(Tag tag) { return tag >> 16 & 1; }
// (gggg,0010) to (gggg,00FF) of an odd group reserve blocks (PS3.5 7.8.1).
inline bool IsReservation(Tag tag) {
  return IsPrivate(tag) && (tag & 0xFFFF) >= 0x10 && (tag & 0xFFFF) <= 0xFF;
}
// The element of the step within the block that `reservation` reserves.
inline Tag WithinBlock(Tag element, Tag reservation) {
  return (element & 0xFFFF0000) | (reservation & 0xFF) << 8 | (element & 0xFF);
}

// The values at a path, from its top-level element on.
class Gathering {
 public:
  // A value longer than this counts as present, without values; bytes.
  static constexpr uint32_t kMostValue = 65536;
  // Of all values at a path together; bytes. Beyond it none of them is kept.
  static constexpr size_t kMostInAll = 4 << 20;
  // Private sequences are looked for in values up to this; bytes.
  static constexpr size_t kMostProbed = 16 << 20;

  // `event` was returned by `scanner` just now and is the top-level element or sequence with which
  // `path` begins. Returns whether the bytes reached to its end.
  static Result<bool> Gather(Scanner& scanner, const Event& event, const ElementPath& path,
                             const CharacterSet& set, ElementValues* out);
  // The same of an element without items whose value is at hand.
  static void Take(Bytes value, const Event& event, const ElementPath& path,
                   const CharacterSet& set, ElementValues* out);

 private:
  Gathering(Scanner* scanner, const ElementPath& path, ElementValues* out)
      : scanner_(scanner), path_(path), out_(out) {}
  Result<bool> At(const Event& event, size_t step, const CharacterSet& set);
  Result<bool> Leaf(const Event& event, const ElementStep& step, const CharacterSet& set);
  void Add(Bytes value, const Event& event, const ElementStep& step, const CharacterSet& set);
  Result<bool> Items(const Event& sequence, size_t step, const CharacterSet& set);
  Result<bool> CountItems(size_t depth, uint32_t wanted);
  Result<bool> Item(size_t depth, size_t step, CharacterSet set);
  Result<bool> PassItem(size_t depth);

  Scanner* const scanner_;  // null: the value is at hand
  const ElementPath& path_;
  ElementValues* out_;
  size_t gathered_ = 0;
  bool full_ = false;
};

}  // namespace router::dataset
