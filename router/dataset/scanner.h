#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dataset/encoding.h"
#include "router/dataset/source.h"

namespace router::dataset {

// "(300A,00B2)", for log lines and errors.
std::string NameOf(Tag tag);

// A value representation as its two letters, first << 8 | second; kNoVr in implicit VR.
using Vr = uint16_t;
inline constexpr Vr kNoVr = 0;
constexpr Vr VrOf(char first, char second) {
  return static_cast<Vr>(static_cast<unsigned char>(first) << 8 |
                         static_cast<unsigned char>(second));
}

// PS3.5 7.1.2: these have a length of 16 bits; all others, and all that will come, 32 bits after
// two reserved bytes.
bool HasShortLength(Vr vr);

inline constexpr uint32_t kUndefinedLength = 0xFFFFFFFF;

enum class Token : uint8_t {
  kElement,   // with a value: Value, Chunk, or nothing, and it is passed over
  kSequence,  // its items follow
  kItem,      // its elements follow
  kItemEnd,
  kSequenceEnd,  // of kSequence and of kFragments
  kFragments,    // encapsulated pixel data (PS3.5 A.4): kFragment tokens follow
  kFragment,     // with a value
  kEnd,          // the bytes end where an element may
  kCut,          // the bytes end in the middle of something
};

struct Event {
  Token token = Token::kEnd;
  Tag tag = 0;                // of the element or the sequence; of kItem and its end too
  Vr vr = kNoVr;              // as it stands in the bytes
  bool big_endian = false;    // of the value
  uint32_t length = 0;        // of the value, bytes, or kUndefinedLength
  uint64_t offset = 0;        // of the tag, from the beginning of the (inflated) data set
  uint64_t value_offset = 0;  // of the first byte behind the length
  size_t depth = 0;           // items around it: 0 for a top-level element
};

// Walks a data set of any size and any uncompressed or encapsulated transfer syntax without
// building it: implicit VR, explicit VR in both byte orders, defined and undefined lengths,
// sequences in UN (PS3.5 6.2.2: in Implicit VR Little Endian). Memory: the window of its source.
//
// In implicit VR an element of defined length is a sequence if the dictionary says so; a private
// one stays kElement until EnterItems() is called.
//
// Never trusts a length: what exceeds the item around it, nests deeper than 64 items, has no
// legal VR or no item where one must be is kCorrupt, blamed on whoever sent it. Bytes that merely
// end are no error here but kCut: whether that is right only the caller knows.
//
// One thread; `source` outlives it.
class Scanner {
 public:
  static constexpr size_t kMostDepth = 64;

  Scanner(Source& source, Encoding encoding);

  // The next token. After kEnd, kCut and errors: the same again.
  Result<Event> Next();

  // The whole value of the kElement or kFragment that Next returned. Good until the next call.
  // Errors: kLimit if it is longer than `most`; kCorrupt if the bytes end first (then cut() is
  // true and Next returns kCut).
  Result<Bytes> Value(size_t most);

  // The first `count` bytes of the value, fewer only where it or the bytes end before.
  Result<Bytes> Front(size_t count);

  // The value piece by piece; empty when it has been read. Errors as Value.
  Result<Bytes> Chunk();

  // After kSequence: goes behind it; the next token is what follows its kSequenceEnd. Where the
  // length is defined its bytes are passed over unseen.
  Result<> PassOver();

  // After kElement of VR UN or of an implicit VR that the dictionary does not have: if its value
  // has at most `most` bytes (which are then held in memory) and is wholly made of items in
  // Implicit VR Little Endian, enters it as if it had been a kSequence and returns true.
  Result<bool> EnterItems(size_t most);

  bool cut() const { return cut_; }

  // Bytes of the data set that have been passed.
  uint64_t position() const { return position_; }

 private:
  struct Frame {
    Token kind;         // kSequence, kItem or kFragments
    Tag tag;            // of the sequence
    bool defined;       // ends at `end`, else at its delimiter
    uint64_t end;       // what is inside may not pass this
    Encoding encoding;  // of what is inside
  };
  struct Header {
    Tag tag = 0;
    Vr vr = kNoVr;
    uint32_t length = 0;
    size_t size = 0;  // bytes of tag, VR and length; 0: the bytes end before
  };

  Result<Event> Step();
  Result<Event> StepInItem();
  Result<Event> StepInSequence();
  Result<Event> BeginElement(const Header& header);
  Result<Event> BeginSequence(const Header& header, const Encoding& inside);
  Result<Event> BeginItem(const Header& header);
  Result<Event> Leave();
  Result<Header> PeekHeader();
  Result<> Push(Token kind, Tag tag, uint32_t length, const Encoding& inside);
  bool LooksLikeItems(Bytes value) const;

  Result<bool> Ensure(size_t bytes);     // are they in the window?
  Result<bool> Consume(uint64_t bytes);  // were they there?
  uint64_t End() const { return frames_.empty() ? UINT64_MAX : frames_.back().end; }
  const Encoding& Inside() const { return frames_.empty() ? encoding_ : frames_.back().encoding; }
  Event Describe(Token token, const Header& header) const;
  Event Cut();
  std::unexpected<Error> Broken(std::string_view what, Tag tag) const;

  Source& source_;
  Encoding encoding_;
  std::vector<Frame> frames_;  // sequence, item, sequence, item …
  Bytes window_;               // of source_, from position_ on
  uint64_t taken_ = 0;         // bytes before it that source_ does not know to be consumed
  uint64_t position_ = 0;
  uint64_t value_left_ = 0;  // of the value that Next announced
  Event last_;
  bool cut_ = false, ended_ = false;
  std::optional<Error> broken_;
};

}  // namespace router::dataset
