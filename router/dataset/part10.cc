#include "router/dataset/part10.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "router/base/text.h"
#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

constexpr size_t kPreamble = 128, kPrefixEnd = 132;
constexpr std::string_view kPrefix = "DICM";
constexpr size_t kFirstRead = 8192, kMostMeta = 1 << 20;  // bytes
constexpr Tag kGroupLength = 0x00020000;

// Group 0002 is Explicit VR Little Endian whatever follows it (PS3.10 7.1).
void Append(Buffer& out, Tag tag, std::string_view vr, std::string_view value, char pad) {
  bool long_length = vr == "OB";
  std::string padded(value);
  if (padded.size() % 2) padded += pad;
  size_t at = out.size();
  out.resize(at + (long_length ? 12 : 8));
  StoreLe16(&out[at], static_cast<uint16_t>(tag >> 16));
  StoreLe16(&out[at + 2], static_cast<uint16_t>(tag & 0xFFFF));
  out[at + 4] = static_cast<std::byte>(vr[0]);
  out[at + 5] = static_cast<std::byte>(vr[1]);
  if (long_length) {
    StoreLe32(&out[at + 8], static_cast<uint32_t>(padded.size()));
  } else {
    StoreLe16(&out[at + 6], static_cast<uint16_t>(padded.size()));
  }
  Bytes bytes = AsBytes(padded);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::unexpected<Error> NoPart10(std::string_view why) {
  return Fail(Errc::kCorrupt, Blame::kDownstream, fmt::format("no DICOM Part 10 file: {}", why));
}

void Note(Tag tag, std::string_view text, FileMeta* meta) {
  switch (tag) {
    case 0x00020002:
      meta->sop_class = Uid(text);
      break;
    case 0x00020003:
      meta->sop_instance = Uid(text);
      break;
    case 0x00020010:
      meta->transfer_syntax = Uid(text);
      break;
    case 0x00020012:
      meta->implementation_class = Uid(text);
      break;
    case 0x00020013:
      meta->implementation_version = TrimSpaces(text);
      break;
    case 0x00020016:
      meta->source = AeTitle::FromWire(text);
      break;
    default:
      break;
  }
}

// Elements of group 0002 until another group or the end of the file follows. `end`: of the group,
// from its beginning.
Result<FileMeta> ParseGroup(Bytes group, uint64_t* end) {
  auto source = Open(Encoded{group, Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, {.explicit_vr = true});
  FileMeta meta;
  uint64_t announced = 0;
  *end = 0;
  while (*end + 2 <= group.size() && LoadLe16(&group[*end]) == 2) {
    auto event = scanner.Next();
    if (!event) return NoPart10(event.error().detail);
    if (event->token != Token::kElement) return NoPart10("its meta information is cut");
    auto value = scanner.Value(kMostMeta);
    if (!value) return NoPart10(value.error().detail);
    *end = event->value_offset + event->length;
    if (event->tag != kGroupLength) {
      Note(event->tag, AsText(*value), &meta);
    } else if (event->length == 4 && event->offset == 0) {
      announced = *end + LoadLe32(value->data());
    } else {
      return NoPart10("its group length is malformed");
    }
  }
  if (announced != 0 && announced != *end) return NoPart10("its group length is wrong");
  if (meta.transfer_syntax.empty()) return NoPart10("it names no transfer syntax");
  return meta;
}

}  // namespace

Buffer MakeFileMetaHeader(const FileMeta& meta) {
  Buffer group;
  Append(group, 0x00020001, "OB", std::string_view("\0\1", 2), '\0');
  Append(group, 0x00020002, "UI", meta.sop_class.view(), '\0');
  Append(group, 0x00020003, "UI", meta.sop_instance.view(), '\0');
  Append(group, 0x00020010, "UI", meta.transfer_syntax.view(), '\0');
  Append(group, 0x00020012, "UI", meta.implementation_class.view(), '\0');
  if (!meta.implementation_version.empty()) {
    Append(group, 0x00020013, "SH", meta.implementation_version, ' ');
  }
  if (!meta.source.empty()) Append(group, 0x00020016, "AE", meta.source.view(), ' ');

  Buffer header(kPreamble);
  Bytes prefix = AsBytes(kPrefix);
  header.insert(header.end(), prefix.begin(), prefix.end());
  std::string length(4, '\0');
  StoreLe32(reinterpret_cast<std::byte*>(length.data()), static_cast<uint32_t>(group.size()));
  Append(header, kGroupLength, "UL", length, '\0');
  header.insert(header.end(), group.begin(), group.end());
  return header;
}

Result<Part10Header> ParsePart10Header(Bytes file_prefix, uint64_t file_size) {
  if (file_prefix.size() < kPrefixEnd ||
      AsText(file_prefix.subspan(kPreamble, kPrefix.size())) != kPrefix) {
    return NoPart10("it has no preamble with DICM");
  }
  uint64_t end = 0;
  auto meta = ParseGroup(file_prefix.subspan(kPrefixEnd), &end);
  if (!meta) return std::unexpected(meta.error());
  uint64_t offset = kPrefixEnd + end;
  return Part10Header{std::move(*meta), offset, file_size - offset};
}

Result<Part10Header> ReadPart10Header(const std::string& path) {
  auto source = OpenRaw({.path = path, .offset = 0, .transfer_syntax = Uid()});
  if (!source) return std::unexpected(source.error());
  std::error_code unknown;
  uint64_t size = std::filesystem::file_size(path, unknown);
  if (unknown) return Fail(Errc::kDisk, Blame::kInternal, path + ": " + unknown.message());
  Result<Part10Header> header = NoPart10("it is empty");
  for (size_t least : {kFirstRead, kMostMeta}) {
    auto prefix = (*source)->Peek(least);
    if (!prefix) return std::unexpected(prefix.error());
    header = ParsePart10Header(*prefix, size);
    if (header || prefix->size() < least) break;
  }
  return header;
}

}  // namespace router::dataset
