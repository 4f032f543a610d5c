#include "router/dataset/element_reader.h"

#include <algorithm>

#include "router/base/text.h"
#include "router/dataset/dictionary.h"
#include "router/dataset/element_walk.h"

namespace router::dataset {
namespace {

bool IsUpper(std::byte letter) { return letter >= std::byte{'A'} && letter <= std::byte{'Z'}; }

constexpr uint32_t kMostTerms = 1024;  // bytes of a Specific Character Set or private creator

}  // namespace

class ElementReader::Memory : public Source {
 public:
  void Start(Bytes bytes) { left_ = bytes; }
  Result<Bytes> Peek(size_t) override { return left_; }
  Result<uint64_t> Skip(uint64_t count) override {
    const uint64_t there = std::min<uint64_t>(count, left_.size());
    left_ = left_.subspan(there);
    return there;
  }

 private:
  Bytes left_;
};

ElementReader::ElementReader(std::span<const ElementPath> paths)
    : paths_(paths), memory_(std::make_unique<Memory>()) {
  slots_.resize(paths.size());
  for (size_t slot = 0; slot < paths.size(); ++slot)
    slots_[slot].place = PlaceFor(paths[slot].steps.front());
}

ElementReader::~ElementReader() = default;

size_t ElementReader::PlaceFor(const ElementStep& step) {
  for (size_t at = 0; at < places_.size(); ++at)
    if (places_[at].wanted == step.tag && places_[at].creator == step.creator) return at;
  places_.push_back({.wanted = step.tag, .creator = step.creator, .offset = {}, .header = {}});
  has_private_ |= !step.creator.empty();
  return places_.size() - 1;
}

void ElementReader::Forget() {
  for (Place& place : places_) {
    place.tag = place.creator.empty() ? place.wanted : 0;
    place.offset.reset();
    place.is_long = false;
  }
  for (Slot& slot : slots_) {
    slot.settled = false;
    slot.values.presence = ElementValues::Presence::kUnknown;
    slot.values.values.clear();
  }
  scanner_.reset();
  opened_.reset();
  region_.reset();
  prefix_ = {};
  whole_ = ended_ = false;
  base_ = next_ = passed_ = 0;
  terms_.clear();
  set_.reset();
  result_ = {};
}

void ElementReader::Begin(const Uid& transfer_syntax) {
  Forget();
  encoding_ = EncodingOf(transfer_syntax);
}

void ElementReader::Extend(Bytes prefix, bool whole) {
  prefix_ = prefix;
  whole_ = whole;
  ended_ = false;
  scanner_.reset();
}

void ElementReader::Open(const Region& region) {
  Begin(region.transfer_syntax);
  region_ = region;
  whole_ = true;
}

const ElementValues& ElementReader::At(size_t at) {
  Slot& slot = slots_[at];
  if (!slot.settled && result_) Settle(slot, paths_[at]);
  return slot.values;
}

void ElementReader::Settle(Slot& slot, const ElementPath& path) {
  const Place& place = places_[slot.place];
  if (!Walk(place)) return;
  if (!place.offset) {
    slot.values.presence = ElementValues::Presence::kAbsent;
    slot.settled = true;
  } else if (place.is_long && path.steps.size() == 1 && path.steps.front().item == 0) {
    slot.values.presence = ElementValues::Presence::kPresent;
    slot.settled = true;
  } else if (auto decoded = Decode(slot, path); !decoded) {
    slot.values = {};
    result_ = std::unexpected(decoded.error());
  }
}

bool ElementReader::IsPassed(const Place& place) const {
  if (ended_ && whole_) return true;
  // One behind it was seen, or its own end.
  if (place.offset) return place.is_long || next_ > *place.offset;
  // A private one may stand in any block of its group until that is passed.
  const bool open = !place.creator.empty() && place.tag == 0;
  return passed_ > (open ? (place.wanted & 0xFFFF0000) | 0xFF : place.tag);
}

// On until the element is at hand or cannot come any more; false if the bytes end before.
bool ElementReader::Walk(const Place& place) {
  while (!IsPassed(place)) {
    if (ended_) return false;
    auto went = IsPlain() ? Skim() : Step();
    if (!went && IsPassed(place)) return true;  // broken only behind it
    if (!went) {
      result_ = std::unexpected(went.error());
      return false;
    }
    ended_ = !*went;
  }
  return true;
}

// Over one top-level element of bytes at hand, as Step does, but without a scanner where the
// header alone tells where the next one is: nearly always.
Result<bool> ElementReader::Skim() {
  const Bytes rest = prefix_.subspan(next_);
  if (rest.empty()) return false;
  if (rest.size() < 8) return End();
  const std::byte* at = rest.data();
  const bool big = encoding_.big_endian;
  Event event;
  event.tag = static_cast<Tag>(big ? LoadBe16(at) : LoadLe16(at)) << 16 |
              (big ? LoadBe16(at + 2) : LoadLe16(at + 2));
  event.offset = next_;
  size_t size = 8;
  if (encoding_.explicit_vr) {
    event.vr = LoadBe16(at + 4);
    if (HasShortLength(event.vr)) {
      event.length = big ? LoadBe16(at + 6) : LoadLe16(at + 6);
    } else {
      size = 12;
      if (rest.size() < size) return End();
      event.length = big ? LoadBe32(at + 8) : LoadLe32(at + 8);
    }
  } else {
    event.length = big ? LoadBe32(at + 4) : LoadLe32(at + 4);
  }
  const bool has_vr = !encoding_.explicit_vr || (IsUpper(at[4]) && IsUpper(at[5]));
  if (event.tag >> 16 == 0xFFFE || event.length == kUndefinedLength || !has_vr) return Step();
  event.token = Token::kElement;
  event.value_offset = next_ + size;
  event.big_endian = big;
  const Bytes value = rest.subspan(size);
  const bool complete = value.size() >= event.length;
  See(event, complete ? value.first(event.length) : Bytes());
  if (!complete) return End();
  next_ += size + event.length;
  return true;
}

// Over one top-level element; false where the bytes end.
Result<bool> ElementReader::Step() {
  if (!scanner_)
    if (auto started = StartAt(next_); !started) return std::unexpected(started.error());
  auto event = scanner_->Next();
  if (!event) return std::unexpected(event.error());
  if (event->token == Token::kEnd) return false;
  if (event->token == Token::kCut) return End();
  event->offset += base_;
  event->value_offset += base_;
  Bytes value;
  if (event->token == Token::kElement && event->length <= kMostTerms &&
      (event->tag == kSpecificCharacterSet || IsReservation(event->tag))) {
    auto read = scanner_->Value(kMostTerms);
    if (!read && !scanner_->cut()) return std::unexpected(read.error());
    if (read) value = *read;
  }
  See(*event, value);
  if (scanner_->cut()) return End();
  if (event->token == Token::kElement) {
    next_ = event->value_offset + event->length;
    return true;
  }
  if (auto passed = scanner_->PassOver(); !passed) return std::unexpected(passed.error());
  if (scanner_->cut()) return End();
  next_ = base_ + scanner_->position();
  if (IsPlain()) scanner_.reset();
  return true;
}

// In the middle of something.
Result<bool> ElementReader::End() const {
  if (!whole_) return false;
  return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
}

// `value`: of the elements that matter to the walk itself; where it is cut the element comes again.
void ElementReader::See(const Event& event, Bytes value) {
  if (event.tag < passed_) return;  // out of order: not for us
  passed_ = event.tag;
  for (Place& place : places_) {
    if (place.tag != event.tag || place.tag == 0 || place.offset) continue;
    place.offset = event.offset;
    place.header = event;
    const bool sequence = event.token != Token::kElement || event.vr == VrOf('S', 'Q') ||
                          (event.vr == kNoVr && IsSequence(event.tag));
    place.is_long = event.length > Gathering::kMostValue && !sequence;
  }
  if (event.length > kMostTerms) return;
  if (event.tag == kSpecificCharacterSet) terms_ = TrimSpaces(AsText(value));
  if (has_private_ && IsReservation(event.tag)) Reserve(event.tag, TrimSpaces(AsText(value)));
}

void ElementReader::Reserve(Tag reservation, std::string_view creator) {
  for (Place& place : places_)
    if (place.tag == 0 && place.wanted >> 16 == reservation >> 16 && place.creator == creator)
      place.tag = WithinBlock(place.wanted, reservation);
}

Result<> ElementReader::StartAt(uint64_t offset) {
  base_ = offset;
  if (IsPlain()) {
    memory_->Start(prefix_.subspan(std::min<uint64_t>(offset, prefix_.size())));
    scanner_.emplace(*memory_, encoding_);
    return {};
  }
  auto source = OpenAt(offset);
  if (!source) return std::unexpected(source.error());
  opened_ = std::move(*source);
  scanner_.emplace(*opened_, encoding_);
  return {};
}

Result<std::unique_ptr<Source>> ElementReader::OpenAt(uint64_t offset) {
  if (region_ && !region_->bytes && !encoding_.deflated) {
    Region rest = *region_;
    rest.offset += offset;
    return dataset::Open(rest);
  }
  Result<std::unique_ptr<Source>> source;
  if (region_) {
    source = dataset::Open(*region_);
  } else {
    const std::string_view syntax =
        encoding_.deflated ? kDeflatedExplicitVrLittleEndian : kExplicitVrLittleEndian;
    source = dataset::Open(Encoded{prefix_, Uid(syntax)});
  }
  if (!source) return source;
  auto skipped = (*source)->Skip(offset);
  if (!skipped) return std::unexpected(skipped.error());
  if (*skipped < offset && whole_)
    return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
  return source;
}

Result<> ElementReader::Decode(Slot& slot, const ElementPath& path) {
  const Place& place = places_[slot.place];
  CharacterSet set;
  if (place.wanted > kSpecificCharacterSet) {
    if (!set_) set_ = CharacterSet::Of(terms_);
    set = *set_;
  }
  const bool is_leaf = path.steps.size() == 1 && path.steps.front().item == 0;
  if (IsPlain() && is_leaf && place.header.token == Token::kElement) {
    const Bytes value = prefix_.subspan(place.header.value_offset, place.header.length);
    Gathering::Take(value, place.header, path, set, &slot.values);
    slot.settled = true;
    return {};
  }
  Memory memory;
  std::unique_ptr<Source> opened;
  Source* source = &memory;
  if (IsPlain()) {
    memory.Start(prefix_.subspan(*place.offset));
  } else {
    auto there = OpenAt(*place.offset);
    if (!there) return std::unexpected(there.error());
    opened = std::move(*there);
    source = opened.get();
  }
  Scanner scanner(*source, encoding_);
  auto event = scanner.Next();
  if (!event) return std::unexpected(event.error());
  if (event->tag != place.tag || event->token == Token::kCut || event->token == Token::kEnd)
    return Fail(Errc::kDisk, Blame::kInternal, "the data set has changed while it was read");
  auto gathered = Gathering::Gather(scanner, *event, path, set, &slot.values);
  if (!gathered) return std::unexpected(gathered.error());
  if (!*gathered && whole_)
    return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
  if (!*gathered) {
    slot.values = {};
    return {};
  }
  if (slot.values.presence == ElementValues::Presence::kUnknown)
    slot.values.presence = ElementValues::Presence::kAbsent;
  slot.settled = true;
  return {};
}

}  // namespace router::dataset
