#include "router/dimse/command_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>

#include "router/base/text.h"

namespace router::dimse {
namespace {

constexpr size_t kElementHeader = 8;  // group, element, 4 bytes of length (PS3.7 6.3.1)

bool IsUid(uint16_t element) {
  return element == element::kAffectedSopClass || element == element::kRequestedSopClass ||
         element == element::kAffectedSopInstance || element == element::kRequestedSopInstance;
}

// The US elements that are read here. A value of another length is a fault of the peer.
constexpr std::array<uint16_t, 14> kUnsignedShorts = {element::kCommandField,
                                                      element::kMessageId,
                                                      element::kMessageIdRespondedTo,
                                                      element::kPriority,
                                                      element::kDataSetType,
                                                      element::kStatus,
                                                      element::kErrorId,
                                                      element::kEventType,
                                                      element::kActionType,
                                                      element::kRemaining,
                                                      element::kCompleted,
                                                      element::kFailed,
                                                      element::kWarning,
                                                      element::kMoveOriginatorMessageId};

Buffer Padded(uint16_t element, Bytes value) {
  Buffer padded(value.begin(), value.end());
  if (padded.size() % 2 != 0) padded.push_back(IsUid(element) ? std::byte{0} : std::byte{' '});
  return padded;
}

void AppendHeader(Buffer& out, uint16_t element, size_t length) {
  size_t at = out.size();
  out.resize(at + kElementHeader);
  StoreLe16(out.data() + at, 0);
  StoreLe16(out.data() + at + 2, element);
  StoreLe32(out.data() + at + 4, static_cast<uint32_t>(length));
}

void AppendRaw(Buffer& out, Bytes bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

}  // namespace

CommandSet::CommandSet(Command command, bool has_data_set) {
  SetCommand(command);
  SetHasDataSet(has_data_set);
}

Result<CommandSet> CommandSet::Decode(Bytes bytes, Blame peer) {
  auto malformed = [&](std::string why) {
    return Fail(Errc::kMalformedDimse, peer, "command set: " + std::move(why));
  };
  CommandSet set;
  while (!bytes.empty()) {
    if (bytes.size() < kElementHeader)
      return malformed(fmt::format("{} bytes after the last element", bytes.size()));
    const std::byte* from = bytes.data();
    uint16_t group = LoadLe16(from), element = LoadLe16(from + 2);
    uint32_t length = LoadLe32(bytes.data() + 4);
    bytes = bytes.subspan(kElementHeader);
    if (length > bytes.size())
      return malformed(fmt::format("({:04X},{:04X}) has {} bytes, {} are left", group, element,
                                   length, bytes.size()));
    if (group != 0)
      AppendRaw(set.others_, {from, kElementHeader + length});
    else if (element != element::kGroupLength)
      set.elements_.push_back({element, Padded(element, bytes.first(length))});
    bytes = bytes.subspan(length);
  }
  // Sorted once: inserting one by one would cost a hostile peer's 8000 elements their square.
  std::ranges::sort(set.elements_, {}, &Element::number);
  auto twice = std::ranges::adjacent_find(set.elements_, {}, &Element::number);
  if (twice != set.elements_.end())
    return malformed(fmt::format("(0000,{:04X}) twice", twice->number));
  if (auto fault = set.Fault()) return malformed(std::move(*fault));
  return set;
}

// PS3.7 9.3, 10.3: what every message of its kind has.
std::optional<std::string> CommandSet::Fault() const {
  for (const Element& element : elements_)
    if (std::ranges::find(kUnsignedShorts, element.number) != kUnsignedShorts.end() &&
        element.value.size() != 2)
      return fmt::format("(0000,{:04X}) has {} bytes instead of 2", element.number,
                         element.value.size());
  auto without = [&](uint16_t element) { return !Find(element); };
  auto missing = [](uint16_t element) { return fmt::format("without (0000,{:04X})", element); };
  for (uint16_t element : {element::kCommandField, element::kDataSetType})
    if (without(element)) return missing(element);
  if (IsResponse(command()) && without(element::kStatus)) return missing(element::kStatus);
  uint16_t id = IsResponse(command()) || command() == Command::kCCancelRq
                    ? element::kMessageIdRespondedTo
                    : element::kMessageId;
  if (without(id)) return missing(id);
  return std::nullopt;
}

Buffer CommandSet::Encode() const {
  size_t length = 0;
  for (const Element& element : elements_) length += kElementHeader + element.value.size();
  Buffer out;
  out.reserve(length + kElementHeader + 4 + others_.size());
  AppendHeader(out, element::kGroupLength, 4);
  out.resize(out.size() + 4);
  StoreLe32(out.data() + kElementHeader, static_cast<uint32_t>(length));
  for (const Element& element : elements_) {
    AppendHeader(out, element.number, element.value.size());
    out.insert(out.end(), element.value.begin(), element.value.end());
  }
  AppendRaw(out, others_);
  return out;
}

Command CommandSet::command() const {
  return static_cast<Command>(FindUs(element::kCommandField).value_or(0));
}
bool CommandSet::HasDataSet() const {
  return FindUs(element::kDataSetType).value_or(kNoDataSet) != kNoDataSet;
}
uint16_t CommandSet::message_id() const { return FindUs(element::kMessageId).value_or(0); }
uint16_t CommandSet::message_id_responded_to() const {
  return FindUs(element::kMessageIdRespondedTo).value_or(0);
}
uint16_t CommandSet::status() const { return FindUs(element::kStatus).value_or(0); }
Uid CommandSet::affected_sop_class() const { return Uid(TextOf(element::kAffectedSopClass)); }
Uid CommandSet::requested_sop_class() const { return Uid(TextOf(element::kRequestedSopClass)); }
Uid CommandSet::affected_sop_instance() const { return Uid(TextOf(element::kAffectedSopInstance)); }
Uid CommandSet::requested_sop_instance() const {
  return Uid(TextOf(element::kRequestedSopInstance));
}
Uid CommandSet::sop_class() const {
  return Find(element::kAffectedSopClass) ? affected_sop_class() : requested_sop_class();
}
Uid CommandSet::sop_instance() const {
  return Find(element::kAffectedSopInstance) ? affected_sop_instance() : requested_sop_instance();
}
uint16_t CommandSet::priority() const { return FindUs(element::kPriority).value_or(0); }
AeTitle CommandSet::move_destination() const {
  return AeTitle::FromWire(TextOf(element::kMoveDestination));
}
AeTitle CommandSet::move_originator() const {
  return AeTitle::FromWire(TextOf(element::kMoveOriginator));
}
std::optional<uint16_t> CommandSet::move_originator_message_id() const {
  return FindUs(element::kMoveOriginatorMessageId);
}
Suboperations CommandSet::suboperations() const {
  return {FindUs(element::kRemaining), FindUs(element::kCompleted), FindUs(element::kFailed),
          FindUs(element::kWarning)};
}
std::string_view CommandSet::error_comment() const {
  return TrimSpaces(TextOf(element::kErrorComment));
}

void CommandSet::SetCommand(Command command) {
  SetUs(element::kCommandField, static_cast<uint16_t>(command));
}
void CommandSet::SetHasDataSet(bool has) {
  if (has && HasDataSet()) return;
  SetUs(element::kDataSetType, has ? 1 : kNoDataSet);
}
void CommandSet::SetMessageId(uint16_t id) { SetUs(element::kMessageId, id); }
void CommandSet::SetMessageIdRespondedTo(uint16_t id) { SetUs(element::kMessageIdRespondedTo, id); }
void CommandSet::SetStatus(uint16_t status) { SetUs(element::kStatus, status); }
void CommandSet::SetAffectedSopClass(const Uid& uid) { SetUid(element::kAffectedSopClass, uid); }
void CommandSet::SetRequestedSopClass(const Uid& uid) { SetUid(element::kRequestedSopClass, uid); }
void CommandSet::SetAffectedSopInstance(const Uid& uid) {
  SetUid(element::kAffectedSopInstance, uid);
}
void CommandSet::SetRequestedSopInstance(const Uid& uid) {
  SetUid(element::kRequestedSopInstance, uid);
}
void CommandSet::SetPriority(Priority priority) {
  SetUs(element::kPriority, static_cast<uint16_t>(priority));
}
void CommandSet::SetMoveDestination(const AeTitle& title) {
  SetTitle(element::kMoveDestination, title);
}
void CommandSet::SetMoveOriginator(const AeTitle& title, uint16_t message_id) {
  SetTitle(element::kMoveOriginator, title);
  SetUs(element::kMoveOriginatorMessageId, message_id);
}
void CommandSet::SetSuboperations(const Suboperations& counts) {
  auto set = [&](uint16_t element, std::optional<uint16_t> count) {
    if (count)
      SetUs(element, *count);
    else
      Remove(element);
  };
  set(element::kRemaining, counts.remaining);
  set(element::kCompleted, counts.completed);
  set(element::kFailed, counts.failed);
  set(element::kWarning, counts.warning);
}
void CommandSet::SetErrorComment(std::string_view comment) {
  std::string fit = AsErrorComment(comment);
  if (fit.empty())
    Remove(element::kErrorComment);
  else
    Set(element::kErrorComment, AsBytes(fit));
}

std::optional<Bytes> CommandSet::Find(uint16_t element) const {
  auto found = std::ranges::lower_bound(elements_, element, {}, &Element::number);
  if (found == elements_.end() || found->number != element) return std::nullopt;
  return Bytes(found->value);
}

std::optional<uint16_t> CommandSet::FindUs(uint16_t element) const {
  auto value = Find(element);
  if (!value || value->size() != 2) return std::nullopt;
  return LoadLe16(value->data());
}

void CommandSet::Set(uint16_t element, Bytes value) {
  if (element == element::kGroupLength) return;  // Encode's affair
  auto found = std::ranges::lower_bound(elements_, element, {}, &Element::number);
  if (found == elements_.end() || found->number != element)
    found = elements_.insert(found, {element, {}});
  found->value = Padded(element, value);
}

void CommandSet::SetUs(uint16_t element, uint16_t value) {
  std::array<std::byte, 2> bytes;
  StoreLe16(bytes.data(), value);
  Set(element, bytes);
}

void CommandSet::Remove(uint16_t element) {
  std::erase_if(elements_, [&](const Element& e) { return e.number == element; });
}

std::string_view CommandSet::TextOf(uint16_t element) const {
  auto value = Find(element);
  return value ? AsText(*value) : std::string_view();
}

void CommandSet::SetUid(uint16_t element, const Uid& uid) {
  if (uid.empty())
    Remove(element);
  else
    Set(element, AsBytes(uid.view()));
}

void CommandSet::SetTitle(uint16_t element, const AeTitle& title) {
  Set(element, AsBytes(title.view()));
}

}  // namespace router::dimse
