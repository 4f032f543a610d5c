#pragma once
#include <array>
#include <cstdint>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/ul/pdu.h"
#include "router/ul/pdu_codec.h"

namespace router::ul {

// What PdvReader found next.
struct Received {
  enum class Kind : uint8_t {
    kNeedMore,  // the chunk is used up
    kFragment,  // part of a PDV, or all of it; the fields below are set
    kPdu,       // a PDU other than P-DATA-TF: TakePdu()
  };
  Kind kind = Kind::kNeedMore;
  ContextId context = 0;
  bool is_command = false;
  bool last = false;      // the PDV's "last fragment" bit
  bool ends_pdv = false;  // `bytes` reaches to the end of the PDV
  Bytes bytes{};          // within the chunk that was fed; may be empty if the PDV is

  // The command set or the data set is complete with these bytes.
  bool ends_part() const { return last && ends_pdv; }
};

// Takes the stream of one direction apart without copying payload: fragments are handed out as
// views of the fed chunk, as far as they have arrived, so that a relay forwards a PDU of any size
// with the memory of one chunk. Fit for all phases: association PDUs are collected (bounded, grown
// as bytes come, not as the length field promises) and decoded whole.
//
//   reader.Feed(chunk);
//   for (;;) { auto received = reader.Next(); if (!received) abort; if (kNeedMore) break; … }
//
// Owned by one leg, on its loop. No allocation for P-DATA-TF, RELEASE-* and ABORT.
class PdvReader {
 public:
  // `max_length`: what we announced, the limit of the length field of a P-DATA-TF in bytes; 0 = no
  // limit. Other PDUs are limited to kMaxAssociationPdu.
  explicit PdvReader(uint32_t max_length = 0, Blame peer = Blame::kDownstream)
      : max_length_(max_length), peer_(peer) {}

  // The next chunk of the stream, any split. It must stay alive and unchanged until Next() has
  // returned kNeedMore; only then may another one be fed.
  void Feed(Bytes chunk);

  // Errc::kMalformedPdu: unknown PDU type, PDV length under 2, PDV beyond the end of its PDU, a
  // P-DATA-TF without PDV, a fixed-length PDU of another length. Errc::kPduTooLarge: see above.
  // After an error the stream cannot be used any more: the same error is returned again.
  Result<Received> Next();

  // The PDU that the last Next() announced.
  Pdu TakePdu() { return std::move(pdu_); }

  void SetMaxLength(uint32_t max_length) { max_length_ = max_length; }

  // No PDU has been begun: here the peer may close without breaking one off.
  bool BetweenPdus() const { return state_ == At::kPduHeader && header_size_ == 0; }

  // Bytes of the chunk that Next() has not yet looked at.
  Bytes rest() const { return chunk_; }

 private:
  enum class At : uint8_t { kPduHeader, kPdvHeader, kPdvBytes, kOtherPdu, kFailed };

  bool CollectHeader(size_t length);
  Result<> BeginPdu();
  Result<> BeginPdv();
  Received TakeFragment();
  Result<bool> CollectPdu();
  std::unexpected<Error> Failed(Errc code, std::string detail);

  uint32_t max_length_;
  Blame peer_;
  At state_ = At::kPduHeader;
  Bytes chunk_;
  std::array<std::byte, 10> header_{};  // of a PDU or PDV; or a whole fixed-length PDU
  size_t header_size_ = 0;
  uint64_t pdu_left_ = 0;  // bytes of this PDU's body still to come
  uint64_t pdv_left_ = 0;  // bytes of this PDV's fragment still to come
  Received pdv_;           // what the fragments of this PDV have in common
  Buffer collected_;       // an association PDU
  Pdu pdu_;
  Error error_{};
};

}  // namespace router::ul
