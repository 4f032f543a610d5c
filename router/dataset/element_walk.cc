#include "router/dataset/element_walk.h"

#include <utility>

#include "router/base/text.h"
#include "router/dataset/element_value.h"

namespace router::dataset {
namespace {

constexpr uint32_t kMostCreator = 64;  // LO
constexpr uint32_t kMostTerms = 1024;

}  // namespace

Result<bool> Gathering::Gather(Scanner& scanner, const Event& event, const ElementPath& path,
                               const CharacterSet& set, ElementValues* out) {
  return Gathering(&scanner, path, out).At(event, 0, set);
}

Result<bool> Gathering::At(const Event& event, size_t step, const CharacterSet& set) {
  const ElementStep& here = path_.steps[step];
  const bool last = step + 1 == path_.steps.size();
  if (event.token == Token::kElement) {
    if (last && here.item == 0) return Leaf(event, here, set);
    auto entered = scanner_->EnterItems(kMostProbed);
    if (!entered) return std::unexpected(entered.error());
    if (!*entered) return !scanner_->cut();
  }
  if (event.token == Token::kFragments || (last && here.item == 0)) {
    if (last) out_->presence = ElementValues::Presence::kPresent;
    if (auto passed = scanner_->PassOver(); !passed) return std::unexpected(passed.error());
    return !scanner_->cut();
  }
  if (last) return CountItems(event.depth, here.item);
  return Items(event, step, set);
}

Result<bool> Gathering::Leaf(const Event& event, const ElementStep& step, const CharacterSet& set) {
  out_->presence = ElementValues::Presence::kPresent;
  if (event.length > kMostValue) return true;
  auto value = scanner_->Value(kMostValue);
  if (!value && scanner_->cut()) return false;
  if (!value) return std::unexpected(value.error());
  Add(*value, event, step, set);
  return true;
}

void Gathering::Take(Bytes value, const Event& event, const ElementPath& path,
                     const CharacterSet& set, ElementValues* out) {
  out->presence = ElementValues::Presence::kPresent;
  if (value.size() > kMostValue) return;
  Gathering(nullptr, path, out).Add(value, event, path.steps.back(), set);
}

void Gathering::Add(Bytes value, const Event& event, const ElementStep& step,
                    const CharacterSet& set) {
  if (full_) return;
  const Vr vr = VrFor(event.vr, event.tag, step.creator);
  Decoded decoded = DecodeValue(value, vr, event.big_endian && event.vr == vr, set);
  gathered_ += event.length + decoded.values.size() * sizeof(std::string);
  full_ = gathered_ > kMostInAll;
  if (full_) {
    out_->values = {};
    return;
  }
  if (out_->values.empty()) {
    out_->values = std::move(decoded.values);
  } else {
    std::move(decoded.values.begin(), decoded.values.end(), std::back_inserter(out_->values));
  }
}

Result<bool> Gathering::CountItems(size_t depth, uint32_t wanted) {
  for (uint32_t number = 1;; ++number) {
    auto event = scanner_->Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kCut || event->token == Token::kEnd) return false;
    if (event->token == Token::kSequenceEnd) return true;
    if (number == wanted) out_->presence = ElementValues::Presence::kPresent;
    auto passed = PassItem(depth + 1);
    if (!passed || !*passed) return passed;
  }
}

Result<bool> Gathering::Items(const Event& sequence, size_t step, const CharacterSet& set) {
  const uint32_t wanted = path_.steps[step].item;
  for (uint32_t number = 1;; ++number) {
    auto event = scanner_->Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kCut || event->token == Token::kEnd) return false;
    if (event->token == Token::kSequenceEnd) return true;
    const bool enters = wanted == 0 || number == wanted;
    auto passed = enters ? Item(sequence.depth + 1, step + 1, set) : PassItem(sequence.depth + 1);
    if (!passed || !*passed) return passed;
  }
}

// To the end of the item that was just entered, in which elements have `depth`.
Result<bool> Gathering::PassItem(size_t depth) {
  while (true) {
    auto event = scanner_->Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kCut || event->token == Token::kEnd) return false;
    if (event->token == Token::kItemEnd && event->depth + 1 == depth) return true;
    if (event->token == Token::kSequence || event->token == Token::kFragments)
      if (auto passed = scanner_->PassOver(); !passed) return std::unexpected(passed.error());
  }
}

Result<bool> Gathering::Item(size_t depth, size_t step, CharacterSet set) {
  const ElementStep& wanted = path_.steps[step];
  Tag tag = wanted.creator.empty() ? wanted.tag : 0;  // 0: no block is reserved yet
  while (true) {
    auto event = scanner_->Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kCut || event->token == Token::kEnd) return false;
    if (event->token == Token::kItemEnd && event->depth + 1 == depth) return true;
    const bool is_value = event->token == Token::kElement;
    if (event->tag == tag && tag != 0) {
      auto gathered = At(*event, step, set);
      if (!gathered || !*gathered) return gathered;
    } else if (is_value && event->tag == kSpecificCharacterSet && event->length <= kMostTerms) {
      auto value = scanner_->Value(kMostTerms);
      if (!value) return scanner_->cut() ? Result<bool>(false) : std::unexpected(value.error());
      set = CharacterSet::Of(AsText(*value));
    } else if (is_value && tag == 0 && IsReservation(event->tag) &&
               event->tag >> 16 == wanted.tag >> 16 && event->length <= kMostCreator) {
      auto value = scanner_->Value(kMostCreator);
      if (!value) return scanner_->cut() ? Result<bool>(false) : std::unexpected(value.error());
      if (TrimSpaces(AsText(*value)) == wanted.creator) tag = WithinBlock(wanted.tag, event->tag);
    } else if (!is_value) {
      if (auto passed = scanner_->PassOver(); !passed) return std::unexpected(passed.error());
    }
  }
}

}  // namespace router::dataset
