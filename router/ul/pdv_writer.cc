#include "router/ul/pdv_writer.h"

#include <algorithm>
#include <utility>

#include "router/base/log.h"

namespace router::ul {
namespace {

constexpr size_t kHeaders = kPduHeader + kPdvHeader;

// Payload per PDU: what the length field may count, less the header of the one PDV; even, so that
// only the last fragment of a part can be odd.
size_t PayloadFor(uint32_t peer_max_length, uint32_t cap) {
  size_t limit = peer_max_length == 0 ? cap : std::min(peer_max_length, cap);
  size_t payload = limit > kPdvHeader ? limit - kPdvHeader : 0;
  return std::max<size_t>(payload & ~size_t{1}, 2);
}

}  // namespace

PdvWriter::PdvWriter(uint32_t peer_max_length, uint32_t cap)
    : max_payload_(PayloadFor(peer_max_length, cap)) {}

void PdvWriter::Append(ContextId context, bool is_command, Bytes piece, bool ends) {
  if (part_open_ && (context != part_context_ || is_command != part_is_command_))
    log::Fatal("a part was begun before the one before was ended", {{"context", context}});
  part_open_ = !ends;
  part_context_ = context;
  part_is_command_ = is_command;
  size_t left = piece.size() + (odd_ ? 1 : 0);
  while (left > max_payload_) {
    size_t own = max_payload_ - (odd_ ? 1 : 0);
    AppendPdu(context, is_command, piece.first(own), false);
    piece = piece.subspan(own);
    left -= max_payload_;
  }
  if (ends) return AppendPdu(context, is_command, piece, true);
  // Here `left` counts the byte kept, if any, and `piece`.
  if (left >= 2) {
    size_t own = (left & ~size_t{1}) - (odd_ ? 1 : 0);
    AppendPdu(context, is_command, piece.first(own), false);
    piece = piece.subspan(own);
  }
  if (!piece.empty()) odd_ = piece.front();
}

void PdvWriter::Clear() {
  segments_.clear();
  slots_used_ = 0;
  size_ = 0;
}

void PdvWriter::Reset() {
  Clear();
  odd_.reset();
  part_open_ = false;
}

void PdvWriter::AppendPdu(ContextId context, bool is_command, Bytes payload, bool last) {
  if (slots_used_ == slots_.size()) slots_.emplace_back();
  Slot& slot = slots_[slots_used_++];
  size_t length = payload.size() + (odd_ ? 1 : 0);
  slot[0] = static_cast<std::byte>(PduType::kDataTf);
  slot[1] = std::byte{0};
  StoreBe32(slot.data() + 2, static_cast<uint32_t>(length + kPdvHeader));
  StoreBe32(slot.data() + 6, static_cast<uint32_t>(length + 2));
  slot[10] = static_cast<std::byte>(context);
  slot[11] = static_cast<std::byte>((is_command ? 1 : 0) | (last ? 2 : 0));
  size_t headers = kHeaders;
  if (odd_) slot[headers++] = *std::exchange(odd_, std::nullopt);
  segments_.push_back({slot.data(), headers});
  if (!payload.empty()) segments_.push_back({payload.data(), payload.size()});
  size_ += headers + payload.size();
}

}  // namespace router::ul
