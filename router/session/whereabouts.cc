#include "router/session/whereabouts.h"

#include <algorithm>

#include "router/dataset/head.h"
#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

constexpr size_t kHead = 16 << 10;  // bytes; nearly every image settles it in 4 KiB

}  // namespace

hold::Whereabouts WhereaboutsIn(Bytes first, const Uid& transfer_syntax, const Uid& sop_class) {
  hold::Whereabouts where;
  where.kind = dimse::KindOf(sop_class.view());
  // To inflate is not for a loop.
  if (dataset::EncodingOf(transfer_syntax).deflated) return where;
  auto head = dataset::ReadHead(first.first(std::min(first.size(), kHead)), transfer_syntax);
  if (!head) return where;
  where.kind = dimse::KindOf(sop_class.view(), head->modality);
  where.series = head->series;
  where.study = head->study;
  where.frame_of_reference = head->frame_of_reference;
  return where;
}

}  // namespace router::session
