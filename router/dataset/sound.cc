#include "router/dataset/sound.h"

#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

constexpr size_t kMostProbed = 16 << 20;       // bytes held in memory to look for items in them
constexpr uint32_t kItemInBytes = 0xE000FFFE;  // (FFFE,E000) as little-endian bytes read as one

bool IsOfUnknownVr(const Event& event) { return event.vr == VrOf('U', 'N') || event.vr == kNoVr; }

// Of a private element in implicit VR only DCMTK's dictionary of private tags knows whether it is a
// sequence; then DCMTK descends where we have seen bytes.
Result<> CheckElement(Scanner& scanner, const Event& event) {
  if (!IsOfUnknownVr(event) || event.length < 8) return {};
  auto begin = scanner.Front(4);
  if (!begin) return std::unexpected(begin.error());
  if (begin->size() < 4 || LoadLe32(begin->data()) != kItemInBytes) return {};
  if (event.length > kMostProbed) {
    return Fail(Errc::kLimit, Blame::kDownstream,
                "a sequence without VR is over 16 MiB at " + NameOf(event.tag));
  }
  auto entered = scanner.EnterItems(kMostProbed);
  if (!entered) return std::unexpected(entered.error());
  if (*entered || scanner.cut()) return {};
  return Fail(Errc::kCorrupt, Blame::kDownstream,
              "what begins like a sequence is none at " + NameOf(event.tag));
}

Result<> Check(Source& source, const Uid& transfer_syntax) {
  Scanner scanner(source, EncodingOf(transfer_syntax));
  while (true) {
    auto event = scanner.Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kEnd) return {};
    if (event->token == Token::kCut) {
      return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
    }
    if (event->token != Token::kElement) continue;
    if (auto sound = CheckElement(scanner, *event); !sound) return sound;
  }
}

}  // namespace

Result<> CheckSound(const Region& region) {
  auto source = Open(region);
  if (!source) return std::unexpected(source.error());
  return Check(**source, region.transfer_syntax);
}

Result<> CheckSound(const Encoded& encoded) {
  return Check(*Open(encoded), encoded.transfer_syntax);
}

}  // namespace router::dataset
