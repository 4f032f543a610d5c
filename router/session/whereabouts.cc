#include "router/session/whereabouts.h"

#include <algorithm>

#include "router/dataset/head.h"
#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

constexpr size_t kHead = 16 << 10;  // bytes; nearly every image settles it in 4 KiB

struct Read {
  hold::Whereabouts where;
  bool is_all = true;  // more bytes would tell no more
};

Read ReadFrom(Bytes head, const Uid& transfer_syntax, const Uid& sop_class) {
  Read read;
  read.where.kind = dimse::KindOf(sop_class.view());
  // To inflate is not for a loop.
  if (dataset::EncodingOf(transfer_syntax).deflated) return read;
  auto facts = dataset::ReadHead(head.first(std::min(head.size(), kHead)), transfer_syntax);
  if (!facts) return read;
  read.where = {dimse::KindOf(sop_class.view(), facts->modality), facts->series, facts->study,
                facts->frame_of_reference};
  read.is_all = facts->reach != dataset::Reach::kPartial;
  return read;
}

}  // namespace

hold::Whereabouts WhereaboutsIn(Bytes first, const Uid& transfer_syntax, const Uid& sop_class) {
  return ReadFrom(first, transfer_syntax, sop_class).where;
}

std::optional<hold::Whereabouts> WhereaboutsReader::Add(Bytes piece, bool last,
                                                        const Uid& transfer_syntax,
                                                        const Uid& sop_class) {
  if (done_) return std::nullopt;
  Bytes head = piece;
  if (!kept_.empty()) {
    const Bytes more = piece.first(std::min(piece.size(), kHead - kept_.size()));
    kept_.insert(kept_.end(), more.begin(), more.end());
    head = kept_;
  }
  const bool is_end = last || head.size() >= kHead;
  if (is_end || head.size() >= next_) {
    Read read = ReadFrom(head, transfer_syntax, sop_class);
    if (read.is_all || is_end) {
      done_ = true;
      kept_ = Buffer();
      return std::move(read.where);
    }
    next_ = 2 * head.size();  // however short the pieces are, it is read a few times only
  }
  if (kept_.empty()) kept_.assign(piece.begin(), piece.end());
  return std::nullopt;
}

}  // namespace router::session
