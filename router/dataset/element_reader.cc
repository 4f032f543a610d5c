#include "router/dataset/element_reader.h"

#include <algorithm>

#include "router/base/text.h"
#include "router/dataset/element_walk.h"

namespace router::dataset {
namespace {

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
  places_.push_back({.wanted = step.tag, .creator = step.creator, .offset = {}});
  const Tag group = step.tag >> 16;
  if (!step.creator.empty() && std::ranges::find(private_groups_, group) == private_groups_.end())
    private_groups_.push_back(group);
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
  if (place.offset && place.is_long) return true;
  // A private one may stand in any block of its group until that is passed.
  if (!place.creator.empty() && place.tag == 0) {
    return passed_ > ((place.wanted & 0xFFFF0000) | 0xFF);
  }
  if (place.offset && ended_) return next_ > *place.offset;
  return passed_ > place.tag;
}

// On until the element is at hand or cannot come any more; false if the bytes end before.
bool ElementReader::Walk(const Place& place) {
  while (!IsPassed(place)) {
    if (ended_) return false;
    auto went = Step();
    if (!went) {
      result_ = std::unexpected(went.error());
      return false;
    }
    ended_ = !*went;
    if (ended_ && !IsPassed(place)) return false;
  }
  return true;
}

// Over one top-level element; false where the bytes end.
Result<bool> ElementReader::Step() {
  if (!scanner_)
    if (auto started = StartAt(next_); !started) return std::unexpected(started.error());
  auto event = scanner_->Next();
  if (!event) return std::unexpected(event.error());
  if (event->token == Token::kEnd) {
    next_ = base_ + scanner_->position();
    return false;
  }
  if (event->token == Token::kCut) {
    if (!whole_) return false;
    return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
  }
  next_ = base_ + event->offset;
  if (auto seen = See(*event); !seen) return std::unexpected(seen.error());
  if (event->token != Token::kElement)
    if (auto passed = scanner_->PassOver(); !passed) return std::unexpected(passed.error());
  return true;
}

Result<> ElementReader::See(const Event& event) {
  if (event.tag < passed_) return {};  // out of order: not for us
  passed_ = event.tag;
  for (Place& place : places_) {
    if (place.tag != event.tag || place.tag == 0 || place.offset) continue;
    place.offset = base_ + event.offset;
    place.is_long = event.token == Token::kElement && event.length > Gathering::kMostValue;
  }
  if (event.token != Token::kElement || event.length > kMostTerms) return {};
  const bool terms = event.tag == kSpecificCharacterSet;
  const bool reserves =
      IsReservation(event.tag) &&
      std::ranges::find(private_groups_, event.tag >> 16) != private_groups_.end();
  if (!terms && !reserves) return {};
  auto value = scanner_->Value(kMostTerms);
  // Where it is cut, Next says so.
  if (!value) return scanner_->cut() ? Result<>() : std::unexpected(value.error());
  const std::string_view text = TrimSpaces(AsText(*value));
  if (terms) {
    terms_ = text;
  } else {
    Reserve(event.tag, text);
  }
  return {};
}

void ElementReader::Reserve(Tag reservation, std::string_view creator) {
  for (Place& place : places_)
    if (place.tag == 0 && place.wanted >> 16 == reservation >> 16 && place.creator == creator)
      place.tag = WithinBlock(place.wanted, reservation);
}

Result<> ElementReader::StartAt(uint64_t offset) {
  base_ = offset;
  if (!region_ && !encoding_.deflated) {
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
  return source;
}

Result<> ElementReader::Decode(Slot& slot, const ElementPath& path) {
  const Place& place = places_[slot.place];
  CharacterSet set;
  if (place.wanted > kSpecificCharacterSet) {
    if (!set_) set_ = CharacterSet::Of(terms_);
    set = *set_;
  }
  Memory memory;
  std::unique_ptr<Source> opened;
  Source* source = &memory;
  if (!region_ && !encoding_.deflated) {
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
