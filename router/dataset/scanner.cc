#include "router/dataset/scanner.h"

#include <fmt/format.h>

#include <algorithm>

#include "router/dataset/dictionary.h"

namespace router::dataset {
namespace {

constexpr Tag kItemTag = 0xFFFEE000, kItemDelimiter = 0xFFFEE00D, kSequenceDelimiter = 0xFFFEE0DD;
constexpr Vr kSq = VrOf('S', 'Q'), kUn = VrOf('U', 'N');
constexpr Vr kOb = VrOf('O', 'B'), kOw = VrOf('O', 'W');
constexpr Tag kPixelData = 0x7FE00010;

constexpr Encoding kImplicit{};

bool IsFffe(Tag tag) { return tag >> 16 == 0xFFFE; }

bool IsUpper(std::byte letter) { return letter >= std::byte{'A'} && letter <= std::byte{'Z'}; }

uint16_t Load16(const std::byte* at, bool big) { return big ? LoadBe16(at) : LoadLe16(at); }
uint32_t Load32(const std::byte* at, bool big) { return big ? LoadBe32(at) : LoadLe32(at); }

}  // namespace

bool HasShortLength(Vr vr) {
  switch (vr) {
    case VrOf('A', 'E'):
    case VrOf('A', 'S'):
    case VrOf('A', 'T'):
    case VrOf('C', 'S'):
    case VrOf('D', 'A'):
    case VrOf('D', 'S'):
    case VrOf('D', 'T'):
    case VrOf('F', 'D'):
    case VrOf('F', 'L'):
    case VrOf('I', 'S'):
    case VrOf('L', 'O'):
    case VrOf('L', 'T'):
    case VrOf('P', 'N'):
    case VrOf('S', 'H'):
    case VrOf('S', 'L'):
    case VrOf('S', 'S'):
    case VrOf('S', 'T'):
    case VrOf('T', 'M'):
    case VrOf('U', 'I'):
    case VrOf('U', 'L'):
    case VrOf('U', 'S'):
      return true;
    default:
      return false;
  }
}

std::string NameOf(Tag tag) { return fmt::format("({:04X},{:04X})", tag >> 16, tag & 0xFFFF); }

Scanner::Scanner(Source& source, Encoding encoding) : source_(source), encoding_(encoding) {}

Result<Event> Scanner::Next() {
  if (broken_) return std::unexpected(*broken_);
  if (ended_) return last_;
  auto event = Step();
  if (!event) {
    broken_ = event.error();
    return event;
  }
  last_ = *event;
  ended_ = last_.token == Token::kEnd || last_.token == Token::kCut;
  return event;
}

Result<Event> Scanner::Step() {
  if (value_left_ > 0) {
    auto there = Consume(value_left_);
    if (!there) return std::unexpected(there.error());
    if (!*there) return Cut();
    value_left_ = 0;
  }
  if (cut_) return Cut();
  bool among_elements = frames_.empty() || frames_.back().kind == Token::kItem;
  return among_elements ? StepInItem() : StepInSequence();
}

Result<Event> Scanner::StepInItem() {
  bool top = frames_.empty();
  if (!top && frames_.back().defined && position_ == frames_.back().end) return Leave();
  auto header = PeekHeader();
  if (!header) return std::unexpected(header.error());
  if (header->size == 0) {
    if (top && window_.empty()) return Describe(Token::kEnd, *header);
    return Cut();
  }
  if (!IsFffe(header->tag)) return BeginElement(*header);
  if (header->tag != kItemDelimiter || top || frames_.back().defined || header->length != 0) {
    return Broken("a delimiter stands where an element must be", header->tag);
  }
  auto there = Consume(header->size);
  if (!there) return std::unexpected(there.error());
  return Leave();
}

Result<Event> Scanner::StepInSequence() {
  const Frame& frame = frames_.back();
  if (frame.defined && position_ == frame.end) return Leave();
  auto header = PeekHeader();
  if (!header) return std::unexpected(header.error());
  if (header->size == 0) return Cut();
  if (header->tag == kItemTag) return BeginItem(*header);
  if (header->tag != kSequenceDelimiter || frame.defined || header->length != 0) {
    return Broken("no item stands where one must be, in sequence", frame.tag);
  }
  auto there = Consume(header->size);
  if (!there) return std::unexpected(there.error());
  return Leave();
}

// The tag, VR and length of what comes next, without consuming them.
Result<Scanner::Header> Scanner::PeekHeader() {
  const Encoding& encoding = Inside();
  Header header;
  auto there = Ensure(8);
  if (!there) return std::unexpected(there.error());
  if (!*there) return header;
  const std::byte* at = window_.data();
  header.tag =
      static_cast<Tag>(Load16(at, encoding.big_endian)) << 16 | Load16(at + 2, encoding.big_endian);
  size_t size = 8;
  if (!encoding.explicit_vr || IsFffe(header.tag)) {
    header.length = Load32(at + 4, encoding.big_endian);
  } else {
    if (!IsUpper(at[4]) || !IsUpper(at[5])) return Broken("there is no VR at", header.tag);
    header.vr = LoadBe16(at + 4);
    if (HasShortLength(header.vr)) {
      header.length = Load16(at + 6, encoding.big_endian);
    } else {
      size = 12;
      there = Ensure(size);
      if (!there) return std::unexpected(there.error());
      if (!*there) return header;
      header.length = Load32(window_.data() + 8, encoding.big_endian);
    }
  }
  bool defined = header.length != kUndefinedLength;
  if (position_ + size + (defined ? header.length : 0) > End()) {
    return Broken("what is around it ends before", header.tag);
  }
  header.size = size;
  return header;
}

Result<Event> Scanner::BeginElement(const Header& header) {
  if (header.length == kUndefinedLength) {
    if (header.vr == kUn) return BeginSequence(header, kImplicit);
    if (header.vr == kSq) return BeginSequence(header, Inside());
    if (header.vr == kNoVr && header.tag != kPixelData) return BeginSequence(header, Inside());
    if (header.vr != kNoVr && header.vr != kOb && header.vr != kOw) {
      return Broken("the VR does not allow an undefined length at", header.tag);
    }
    return BeginSequence(header, Inside());
  }
  bool sequence = header.vr == kSq || (header.vr == kNoVr && IsSequence(header.tag));
  if (sequence) return BeginSequence(header, Inside());
  Event event = Describe(Token::kElement, header);
  auto there = Consume(header.size);
  if (!there) return std::unexpected(there.error());
  value_left_ = header.length;
  return event;
}

Result<Event> Scanner::BeginSequence(const Header& header, const Encoding& inside) {
  bool undefined = header.length == kUndefinedLength;
  bool fragments = undefined && (header.vr == kOb || header.vr == kOw ||
                                 (header.vr == kNoVr && header.tag == kPixelData));
  Event event = Describe(fragments ? Token::kFragments : Token::kSequence, header);
  Encoding within = inside;  // a copy: it may lie in frames_, which grows
  auto there = Consume(header.size);
  if (!there) return std::unexpected(there.error());
  if (auto in = Push(event.token, header.tag, header.length, within); !in) {
    return std::unexpected(in.error());
  }
  return event;
}

Result<Event> Scanner::BeginItem(const Header& header) {
  Frame sequence = frames_.back();
  Header named = header;
  named.tag = sequence.tag;
  bool fragment = sequence.kind == Token::kFragments;
  if (fragment && header.length == kUndefinedLength) {
    return Broken("a fragment has no length in", sequence.tag);
  }
  Event event = Describe(fragment ? Token::kFragment : Token::kItem, named);
  auto there = Consume(header.size);
  if (!there) return std::unexpected(there.error());
  if (fragment) {
    value_left_ = header.length;
  } else if (auto in = Push(Token::kItem, sequence.tag, header.length, sequence.encoding); !in) {
    return std::unexpected(in.error());
  }
  return event;
}

Result<> Scanner::Push(Token kind, Tag tag, uint32_t length, const Encoding& inside) {
  if (frames_.size() >= 2 * kMostDepth) return Broken("sequences nest too deep at", tag);
  bool defined = length != kUndefinedLength;
  frames_.push_back({kind, tag, defined, defined ? position_ + length : End(), inside});
  return {};
}

Result<Event> Scanner::Leave() {
  Frame frame = frames_.back();
  frames_.pop_back();
  Header header{.tag = frame.tag};
  return Describe(frame.kind == Token::kItem ? Token::kItemEnd : Token::kSequenceEnd, header);
}

Result<Bytes> Scanner::Value(size_t most) {
  if (last_.length > most) {
    return Fail(Errc::kLimit, Blame::kDownstream,
                fmt::format("the value of {} has {} bytes", NameOf(last_.tag), last_.length));
  }
  auto there = Ensure(last_.length);
  if (!there) return std::unexpected(there.error());
  if (!*there) {
    cut_ = true;
    return Broken("the bytes end in the value of", last_.tag);
  }
  return window_.first(last_.length);
}

Result<Bytes> Scanner::Front(size_t count) {
  count = std::min<uint64_t>(count, value_left_);
  auto there = Ensure(count);
  if (!there) return std::unexpected(there.error());
  return window_.first(std::min(count, window_.size()));
}

Result<Bytes> Scanner::Chunk() {
  if (value_left_ == 0) return Bytes();
  auto there = Ensure(1);
  if (!there) return std::unexpected(there.error());
  if (!*there) {
    cut_ = true;
    return Broken("the bytes end in the value of", last_.tag);
  }
  Bytes piece = window_.first(std::min<uint64_t>(window_.size(), value_left_));
  value_left_ -= piece.size();
  window_ = window_.subspan(piece.size());
  taken_ += piece.size();
  position_ += piece.size();
  return piece;
}

Result<> Scanner::PassOver() {
  Frame frame = frames_.back();
  if (frame.defined) {
    frames_.pop_back();
    auto there = Consume(frame.end - position_);
    if (!there) return std::unexpected(there.error());
    cut_ = cut_ || !*there;
    return {};
  }
  size_t around = frames_.size() - 1;
  while (frames_.size() > around) {
    auto event = Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kCut) return {};
  }
  return {};
}

Result<bool> Scanner::EnterItems(size_t most) {
  bool unknown = last_.vr == kUn || (last_.vr == kNoVr && VrInDictionary(last_.tag) == kNoVr);
  if (last_.token != Token::kElement || !unknown || last_.length < 8 || last_.length > most ||
      value_left_ != last_.length) {
    return false;
  }
  auto there = Ensure(last_.length);
  if (!there) return std::unexpected(there.error());
  if (!*there || !LooksLikeItems(window_.first(last_.length))) return false;
  value_left_ = 0;
  if (auto in = Push(Token::kSequence, last_.tag, last_.length, kImplicit); !in) return false;
  last_.token = Token::kSequence;
  return true;
}

bool Scanner::LooksLikeItems(Bytes value) const {
  if (LoadLe16(value.data()) != kItemTag >> 16 || LoadLe16(value.data() + 2) != (kItemTag & 0xFFFF))
    return false;
  auto source = Open(Encoded{value, Uid(kImplicitVrLittleEndian)});
  Scanner probe(*source, kImplicit);
  probe.frames_.push_back({Token::kSequence, last_.tag, true, value.size(), kImplicit});
  size_t room = 2 * kMostDepth - std::min(frames_.size() + 1, 2 * kMostDepth);
  while (!probe.frames_.empty()) {
    auto event = probe.Next();
    if (!event || event->token == Token::kCut || probe.frames_.size() > room) return false;
  }
  return true;
}

Result<bool> Scanner::Ensure(size_t bytes) {
  if (window_.size() >= bytes) return true;
  auto passed = source_.Skip(taken_);
  if (!passed) return std::unexpected(passed.error());
  taken_ = 0;
  auto window = source_.Peek(bytes);
  if (!window) return std::unexpected(window.error());
  window_ = *window;
  return window_.size() >= bytes;
}

Result<bool> Scanner::Consume(uint64_t bytes) {
  position_ += bytes;
  if (bytes <= window_.size()) {
    window_ = window_.subspan(bytes);
    taken_ += bytes;
    return true;
  }
  uint64_t all = taken_ + bytes;
  taken_ = 0;
  window_ = {};
  auto passed = source_.Skip(all);
  if (!passed) return std::unexpected(passed.error());
  return *passed == all;
}

Event Scanner::Describe(Token token, const Header& header) const {
  return {.token = token,
          .tag = header.tag,
          .vr = header.vr,
          .big_endian = Inside().big_endian,
          .length = header.length,
          .offset = position_,
          .value_offset = position_ + header.size,
          .depth = frames_.size() / 2};
}

Event Scanner::Cut() {
  cut_ = true;
  return {.token = Token::kCut, .tag = last_.tag, .offset = position_, .depth = frames_.size() / 2};
}

std::unexpected<Error> Scanner::Broken(std::string_view what, Tag tag) const {
  return Fail(Errc::kCorrupt, Blame::kDownstream,
              fmt::format("no data set: {} {}, byte {}", what, NameOf(tag), position_));
}

}  // namespace router::dataset
