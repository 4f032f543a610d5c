#include "router/dataset/head.h"

#include <charconv>

#include "router/base/text.h"
#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

constexpr size_t kMostText = 65536;  // bytes; the longest of the facts may have 64 characters
constexpr Tag kFrameOfReference = 0x00200052, kFloatPixelData = 0x7FE00008;
constexpr Tag kPixelData = 0x7FE00010;

std::optional<int32_t> ParseNumber(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Digest> DigestOfText(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return Sha256::Of(AsBytes(text));
}

// Empty components and groups at the end of a PN say nothing (PS3.5 6.2.1).
std::string_view WithoutEmptyEnd(std::string_view name) {
  while (!name.empty() && (name.back() == '^' || name.back() == '=' || name.back() == ' '))
    name.remove_suffix(1);
  return name;
}

bool IsFact(Tag tag) {
  switch (tag) {
    case 0x00080016:
    case 0x00080018:
    case 0x00080060:
    case 0x00100010:
    case 0x00100020:
    case 0x0020000D:
    case 0x0020000E:
    case 0x00200013:
    case kFrameOfReference:
    case 0x300A000C:
      return true;
    default:
      return false;
  }
}

void Note(Tag tag, std::string_view text, Head* head) {
  switch (tag) {
    case 0x00080016:
      head->sop_class = Uid(text);
      break;
    case 0x00080018:
      head->sop_instance = Uid(text);
      break;
    case 0x00080060:
      head->modality = TrimSpaces(text);
      break;
    case 0x00100010:
      head->patient_name_digest = DigestOfText(WithoutEmptyEnd(TrimSpaces(text)));
      break;
    case 0x00100020:
      head->patient_id_digest = DigestOfText(TrimSpaces(text));
      break;
    case 0x0020000D:
      head->study = Uid(text);
      break;
    case 0x0020000E:
      head->series = Uid(text);
      break;
    case 0x00200013:
      head->instance_number = ParseNumber(TrimSpaces(text));
      break;
    case kFrameOfReference:
      head->frame_of_reference = Uid(text);
      break;
    case 0x300A000C:
      head->plan_geometry = TrimSpaces(text);
      break;
    default:
      break;
  }
}

Result<Head> Read(Source& source, const Uid& transfer_syntax, bool whole) {
  Scanner scanner(source, EncodingOf(transfer_syntax));
  Head head;
  while (true) {
    auto event = scanner.Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kEnd) {
      if (whole) head.reach = Reach::kWhole;
      return head;
    }
    if (event->token == Token::kCut) {
      if (!whole) return head;
      return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
    }
    if (event->tag > kFrameOfReference) head.reach = Reach::kIdentified;
    if (event->tag >= kFloatPixelData) {
      head.has_pixel_data = event->tag <= kPixelData;
      head.reach = Reach::kWhole;
      return head;
    }
    if (event->token != Token::kElement) {
      if (auto passed = scanner.PassOver(); !passed) return std::unexpected(passed.error());
    } else if (IsFact(event->tag)) {
      auto value = scanner.Value(kMostText);
      if (!value && scanner.cut() && !whole) return head;
      if (!value) return std::unexpected(value.error());
      Note(event->tag, AsText(*value), &head);
    }
  }
}

}  // namespace

Result<Head> ReadHead(Bytes dataset_prefix, const Uid& transfer_syntax, bool whole) {
  auto source = Open(Encoded{dataset_prefix, transfer_syntax});
  return Read(*source, transfer_syntax, whole);
}

Result<Head> ReadHead(const Region& region) {
  auto source = Open(region);
  if (!source) return std::unexpected(source.error());
  return Read(**source, region.transfer_syntax, true);
}

}  // namespace router::dataset
