#pragma once
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/encoding.h"

namespace router::dataset {

// A small data set to be read and changed element by element: identifiers of C-FIND and C-MOVE,
// their answers, N-ACTION and N-EVENT-REPORT data. A value type over DCMTK, at most 16 MiB when
// encoded. One thread at a time. For whatever is only to be passed on use the bytes; for one
// changed element use ReplaceElement (edit.h), which leaves the others byte for byte.
class Identifier {
 public:
  Identifier();
  ~Identifier();
  Identifier(const Identifier&);
  Identifier& operator=(const Identifier&);
  Identifier(Identifier&&) noexcept;
  Identifier& operator=(Identifier&&) noexcept;

  // {{0x00080052, "IMAGE"}, {0x00080018, uid}}: keys to match, and with empty values keys to
  // return. Ends the process on a tag that the dictionary does not have: those are ours.
  static Identifier Of(std::initializer_list<std::pair<Tag, std::string_view>> elements);

  // Errors: kCorrupt, blamed on the sender; kLimit.
  static Result<Identifier> Decode(Bytes bytes, const Uid& transfer_syntax);

  // In one of the four uncompressed transfer syntaxes. Errors: kCorrupt where it cannot be.
  Result<Buffer> Encode(const Uid& transfer_syntax) const;

  bool empty() const;
  bool Has(Tag tag) const;
  std::vector<Tag> Tags() const;  // top-level, in order

  // The value as text, whatever its VR, backslashes kept, padding off. nullopt: not there;
  // "": there and empty (universal matching). In the character set of the data set.
  std::optional<std::string> Text(Tag tag) const;
  std::vector<std::string> Values(Tag tag) const;  // taken apart at backslashes
  Uid UidOf(Tag tag) const;                        // the first value, or empty
  std::vector<Uid> Uids(Tag tag) const;

  // Replaces or inserts; the VR is that of the element or of the dictionary. Errors: kCorrupt for
  // an unknown tag, a sequence, or a value that cannot stand there.
  Result<> Set(Tag tag, std::string_view value);
  Result<> SetUids(Tag tag, std::span<const Uid> uids);
  void Remove(Tag tag);

  // Copies of the items of a sequence; empty if there is none.
  std::vector<Identifier> Items(Tag sequence) const;
  Result<> AddItem(Tag sequence, const Identifier& item);

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace router::dataset
