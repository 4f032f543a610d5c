#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "router/base/bytes.h"
#include "router/ul/pdu.h"

namespace router::ul {

// Cuts command sets and data sets into P-DATA-TF PDUs of one PDV each, for a vectored write:
// headers stand in a small arena of the writer, payload stays where it is.
//
//   writer.Append(context, false, fragment, last);   // as often as there is something
//   co_await leg.Write(writer.segments());
//   writer.Clear();
//
// Every fragment but the last of a part has even length (PS3.8 Annex E.2 asks for it, DCMTK
// insists): an odd byte at the end of a piece is kept, over Clear() too, and leads the next
// fragment.
//
// Owned by one leg, on its loop, used under the leg's turn. Memory is kept for reuse.
class PdvWriter {
 public:
  // `peer_max_length`: what the peer announced, in bytes of the PDU length field; 0 = no limit.
  // PDUs are no longer than the smaller of it and `cap`. At least 2 bytes of payload are put into
  // a PDU, whatever the peer says.
  explicit PdvWriter(uint32_t peer_max_length = 0, uint32_t cap = 128 * 1024);

  // Appends a piece of a command set or data set. `ends`: the part ends with this piece, which may
  // be empty. The bytes must stay alive and unchanged until the segments have been written.
  // A new part may begin only after the one before was ended.
  void Append(ContextId context, bool is_command, Bytes piece, bool ends);

  // What has to be written, in order. Good until the next Append() or Clear().
  std::span<const Bytes> segments() const { return segments_; }
  size_t size() const { return size_; }  // bytes in all segments
  bool empty() const { return segments_.empty(); }

  // Forgets the segments after they were written; a byte kept for the next fragment stays.
  void Clear();
  // Forgets everything, a part that was begun too: nothing more of it will be written.
  void Reset();
  // Nothing is to be written, and every part that was begun has ended.
  bool BetweenParts() const { return segments_.empty() && !part_open_; }

  size_t max_payload() const { return max_payload_; }

 private:
  using Slot = std::array<std::byte, 16>;  // both headers and the byte kept from the piece before

  void AppendPdu(ContextId context, bool is_command, Bytes payload, bool last);

  size_t max_payload_;
  std::deque<Slot> slots_;  // a deque: segments point into it while it grows
  size_t slots_used_ = 0;
  std::vector<Bytes> segments_;
  size_t size_ = 0;
  std::optional<std::byte> odd_;
  bool part_open_ = false;
  ContextId part_context_ = 0;
  bool part_is_command_ = false;
};

}  // namespace router::ul
