#include "tests/bench/instance.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench {
namespace {

constexpr size_t kHeaders = kPduHeader + kPdvHeader;
constexpr size_t kRun = 1 << 20;  // about so many bytes of equal PDUs are kept ready
constexpr uint32_t kNoLimit = 1 << 17;

// Fragments of even length, as PS3.8 Annex E.1 has it.
size_t FragmentOf(uint32_t max_pdu) {
  return ((max_pdu == 0 ? kNoLimit : max_pdu) - kPdvHeader) & ~size_t{1};
}

// Something like noise, so that nothing on the way compresses or finds zeros.
void AppendPixels(Bytes& out, size_t size) {
  uint32_t state = 0x2545f491;
  for (size_t i = 0; i < size; ++i) {
    state = state * 1664525 + 1013904223;
    out.push_back(static_cast<uint8_t>(state >> 24));
  }
}

Segment Own(Bytes bytes) {
  auto owner = std::make_shared<const Bytes>(std::move(bytes));
  return {owner->data(), owner->size(), owner};
}

}  // namespace

Instance::Instance(std::string sop_class, Bytes head, uint64_t pixels)
    : sop_class_(std::move(sop_class)), head_(std::move(head)), pixels_(pixels) {
  const std::string_view uid = kUid;
  for (auto at = head_.begin();;) {
    at = std::search(at, head_.end(), uid.begin(), uid.end());
    if (at == head_.end()) break;
    uids_.push_back(static_cast<size_t>(at - head_.begin()));
    at += static_cast<ptrdiff_t>(uid.size());
  }
  if (uids_.empty()) {
    std::fprintf(stderr, "%s is not in the data set's head\n", kUid);
    std::exit(2);
  }
  if (pixels == 0) return;
  const uint8_t tag[] = {0xe0, 0x7f, 0x10, 0x00, 'O', 'W', 0, 0};
  head_.insert(head_.end(), std::begin(tag), std::end(tag));
  for (int shift = 0; shift < 32; shift += 8)
    head_.push_back(static_cast<uint8_t>(pixels >> shift));
}

std::string Instance::UidOf(uint64_t number) {
  std::string uid = kUid;
  for (size_t i = uid.size(); number > 0; number /= 10)
    uid[--i] = static_cast<char>('0' + number % 10);
  return uid;
}

std::shared_ptr<const Instance::Cut> Instance::CutFor(uint32_t max_pdu) const {
  std::lock_guard lock(mutex_);
  std::shared_ptr<const Cut>& cut = cuts_[max_pdu];
  if (!cut) cut = Make(max_pdu);
  return cut;
}

std::shared_ptr<const Instance::Cut> Instance::Make(uint32_t max_pdu) const {
  auto cut = std::make_shared<Cut>();
  const size_t fragment = FragmentOf(max_pdu);
  cut->max_pdu = max_pdu;
  cut->first =
      static_cast<size_t>(std::min<uint64_t>(pixels_, fragment - std::min(fragment, head_.size())));
  cut->whole = cut->first == pixels_;
  uint64_t left = pixels_ - cut->first;
  Bytes pixels;
  AppendPixels(pixels, cut->first);
  if (cut->first > 0) cut->rest.push_back(Own(std::move(pixels)));
  if (cut->whole) return cut;

  // Full PDUs that are not the last, then the last.
  const uint64_t full = (left - 1) / fragment;
  const auto at_once = std::min<uint64_t>(full, std::max<size_t>(1, kRun / fragment));
  Bytes run;
  for (uint64_t i = 0; i < at_once; ++i) {
    AppendPdvHeaders(run, 1, 0, fragment);
    AppendPixels(run, fragment);
  }
  const Segment ready = Own(std::move(run));
  for (uint64_t i = 0; i < full; i += at_once) {
    const uint64_t now = std::min(at_once, full - i);
    cut->rest.push_back({ready.at, static_cast<size_t>(now * (fragment + kHeaders)), ready.owner});
  }
  left -= full * fragment;
  Bytes last;
  AppendPdvHeaders(last, 1, kLastPdv, static_cast<size_t>(left));
  AppendPixels(last, static_cast<size_t>(left));
  cut->rest.push_back(Own(std::move(last)));
  return cut;
}

std::vector<Segment> Instance::Message(const Cut& cut, uint16_t message_id, uint64_t number,
                                       const Originator& originator) const {
  const std::string uid = UidOf(number);
  CommandSet command;
  command.Text(0x0002, sop_class_).Short(0x0100, kStore).Short(0x0110, message_id);
  command.Short(0x0700, 0).Short(0x0800, 1).Text(0x1000, uid);
  if (!originator.title.empty())
    command.Text(0x1030, originator.title).Short(0x1031, originator.message_id);
  Bytes begin = command.Pdu(1);
  // A head that is longer than a PDU is cut here; pixels follow its last part.
  const size_t fragment = FragmentOf(cut.max_pdu);
  Bytes head = head_;
  for (const size_t at : uids_) std::memcpy(head.data() + at, uid.data(), uid.size());
  for (size_t at = 0; at < head.size();) {
    const size_t size = std::min(fragment, head.size() - at);
    const bool last = at + size == head.size();
    const uint8_t flags = last && cut.whole ? kLastPdv : 0;
    AppendPdvHeaders(begin, 1, flags, size + (last ? cut.first : 0));
    begin.insert(begin.end(), head.begin() + static_cast<ptrdiff_t>(at),
                 head.begin() + static_cast<ptrdiff_t>(at + size));
    at += size;
  }
  std::vector<Segment> segments = {Own(std::move(begin))};
  segments.insert(segments.end(), cut.rest.begin(), cut.rest.end());
  return segments;
}

}  // namespace bench
