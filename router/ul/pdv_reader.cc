#include "router/ul/pdv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "router/base/log.h"

namespace router::ul {

void PdvReader::Feed(Bytes chunk) {
  if (!chunk_.empty() && state_ != At::kFailed)
    log::Fatal("a chunk was fed before the one before was read", {{"left", chunk_.size()}});
  chunk_ = chunk;
}

Result<Received> PdvReader::Next() {
  for (;;) {
    switch (state_) {
      case At::kPduHeader: {
        if (!CollectHeader(kPduHeader)) return Received{};
        if (auto begun = BeginPdu(); !begun) return std::unexpected(begun.error());
        break;
      }
      case At::kPdvHeader: {
        if (!CollectHeader(kPdvHeader)) return Received{};
        if (auto begun = BeginPdv(); !begun) return std::unexpected(begun.error());
        break;
      }
      case At::kPdvBytes:
        if (chunk_.empty() && pdv_left_ > 0) return Received{};
        return TakeFragment();
      case At::kOtherPdu: {
        auto complete = CollectPdu();
        if (!complete) return std::unexpected(complete.error());
        if (!*complete) return Received{};
        return Received{.kind = Received::Kind::kPdu};
      }
      case At::kFailed:
        return std::unexpected(error_);
    }
  }
}

// A header may be spread over chunks. True when header_ holds `length` bytes of it.
bool PdvReader::CollectHeader(size_t length) {
  size_t taken = std::min(length - header_size_, chunk_.size());
  std::copy_n(chunk_.begin(), taken, header_.begin() + static_cast<ptrdiff_t>(header_size_));
  header_size_ += taken;
  chunk_ = chunk_.subspan(taken);
  return header_size_ == length || (state_ == At::kPduHeader && header_size_ > 0 &&
                                    (header_[0] < std::byte{1} || header_[0] > std::byte{7}));
}

Result<> PdvReader::BeginPdu() {
  auto type = static_cast<PduType>(header_[0]);
  if (type < PduType::kAssociateRq || type > PduType::kAbort)
    return Failed(Errc::kMalformedPdu,
                  fmt::format("PDU type: {:02X}H is none", std::to_integer<int>(header_[0])));
  uint32_t length = LoadBe32(header_.data() + 2);
  pdu_left_ = length;
  if (type != PduType::kDataTf) {
    // Decode looks at the header alone first: its type, its length against the limit.
    auto header = Decode(Bytes(header_).first(kPduHeader), kMaxAssociationPdu, peer_);
    if (!header) return Failed(header.error().code, header.error().detail);
    state_ = At::kOtherPdu;
    return {};
  }
  if (max_length_ != 0 && length > max_length_)
    return Failed(Errc::kPduTooLarge,
                  fmt::format("P-DATA-TF: {} bytes, {} were agreed", length, max_length_));
  if (length < kPdvHeader)
    return Failed(Errc::kMalformedPdu, fmt::format("P-DATA-TF: {} bytes hold no PDV", length));
  header_size_ = 0;
  state_ = At::kPdvHeader;
  return {};
}

Result<> PdvReader::BeginPdv() {
  uint32_t length = LoadBe32(header_.data());
  pdu_left_ -= kPdvHeader;
  header_size_ = 0;
  if (length < 2)
    return Failed(Errc::kMalformedPdu, fmt::format("PDV length: {} is less than 2", length));
  pdv_left_ = length - 2;
  if (pdv_left_ > pdu_left_)
    return Failed(Errc::kMalformedPdu,
                  fmt::format("PDV length: {} bytes, its P-DATA-TF has {}", length, pdu_left_ + 2));
  pdu_left_ -= pdv_left_;
  if (pdu_left_ > 0 && pdu_left_ < kPdvHeader)
    return Failed(Errc::kMalformedPdu,
                  fmt::format("P-DATA-TF: {} bytes after the last PDV", pdu_left_));
  auto control = std::to_integer<unsigned>(header_[5]);  // PS3.8 E.2
  pdv_ = {.kind = Received::Kind::kFragment,
          .context = std::to_integer<ContextId>(header_[4]),
          .is_command = (control & 1) != 0,
          .last = (control & 2) != 0};
  state_ = At::kPdvBytes;
  return {};
}

Received PdvReader::TakeFragment() {
  size_t taken = static_cast<size_t>(std::min<uint64_t>(pdv_left_, chunk_.size()));
  Received fragment = pdv_;
  fragment.bytes = chunk_.first(taken);
  chunk_ = chunk_.subspan(taken);
  pdv_left_ -= taken;
  fragment.ends_pdv = pdv_left_ == 0;
  if (fragment.ends_pdv) state_ = pdu_left_ > 0 ? At::kPdvHeader : At::kPduHeader;
  return fragment;
}

// True when the PDU is complete and decoded. A fixed-length one stays in header_.
Result<bool> PdvReader::CollectPdu() {
  size_t taken = static_cast<size_t>(std::min<uint64_t>(pdu_left_, chunk_.size()));
  Bytes arrived = chunk_.first(taken);
  chunk_ = chunk_.subspan(taken);
  pdu_left_ -= taken;
  bool fits = collected_.empty() && header_size_ + taken + pdu_left_ <= header_.size();
  if (fits) {
    std::ranges::copy(arrived, header_.begin() + static_cast<ptrdiff_t>(header_size_));
    header_size_ += taken;
  } else {
    if (collected_.empty()) collected_.assign(header_.begin(), header_.begin() + kPduHeader);
    collected_.insert(collected_.end(), arrived.begin(), arrived.end());
  }
  if (pdu_left_ > 0) return false;
  auto decoded = Decode(fits ? Bytes(header_).first(header_size_) : Bytes(collected_),
                        kMaxAssociationPdu, peer_);
  if (!decoded) return Failed(decoded.error().code, decoded.error().detail);
  if (!*decoded) log::Fatal("a complete PDU was not decoded", {{"bytes", collected_.size()}});
  pdu_ = std::move((*decoded)->pdu);
  collected_ = Buffer();  // an idle association keeps no buffer
  header_size_ = 0;
  state_ = At::kPduHeader;
  return true;
}

std::unexpected<Error> PdvReader::Failed(Errc code, std::string detail) {
  state_ = At::kFailed;
  error_ = Error{code, peer_, false, std::move(detail)};
  return std::unexpected(error_);
}

}  // namespace router::ul
