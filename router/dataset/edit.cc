#include "router/dataset/edit.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "router/dataset/dictionary.h"
#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

// Where the element stands, and the length of its group if one is given before it.
struct Place {
  Event element;
  std::optional<uint64_t> group_length;  // offset of its value
};

Result<std::optional<Place>> Find(Bytes dataset, const Encoding& encoding, Tag tag) {
  auto source = Open(Encoded{dataset, Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, encoding);
  Place place;
  while (true) {
    auto event = scanner.Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kEnd || event->tag > tag) return std::nullopt;
    if (event->token == Token::kCut) {
      return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
    }
    if (event->token != Token::kElement) {
      if (event->tag == tag) break;
      if (auto passed = scanner.PassOver(); !passed) return std::unexpected(passed.error());
      continue;
    }
    if (event->tag == (tag & 0xFFFF0000) && event->length == 4) {
      place.group_length = event->value_offset;
    }
    if (event->tag != tag) continue;
    if (event->value_offset + event->length > dataset.size()) break;
    place.element = *event;
    return place;
  }
  return Fail(Errc::kCorrupt, Blame::kDownstream,
              fmt::format("{} is a sequence, or cut", NameOf(tag)));
}

std::string Padded(std::string_view value, Vr vr) {
  std::string padded(value);
  bool nul = vr == VrOf('U', 'I') || vr == VrOf('U', 'N') || vr == VrOf('O', 'B');
  if (padded.size() % 2) padded += nul ? '\0' : ' ';
  return padded;
}

void Store16(std::byte* at, uint16_t value, bool big) {
  big ? StoreBe16(at, value) : StoreLe16(at, value);
}
void Store32(std::byte* at, uint32_t value, bool big) {
  big ? StoreBe32(at, value) : StoreLe32(at, value);
}

Result<Buffer> ReplaceInPlain(Bytes dataset, const Encoding& encoding, Tag tag,
                              std::string_view value) {
  auto found = Find(dataset, encoding, tag);
  if (!found) return std::unexpected(found.error());
  const std::optional<Place>& place = *found;
  if (!place) return Buffer(dataset.begin(), dataset.end());
  const Event& element = place->element;
  std::string text = Padded(value, encoding.explicit_vr ? element.vr : VrInDictionary(element.tag));
  bool short_length = encoding.explicit_vr && element.value_offset - element.offset == 8;
  if (text.size() > (short_length ? 0xFFFEu : 0xFFFFFFFEu)) {
    return Fail(Errc::kLimit, Blame::kInternal,
                fmt::format("{} bytes are too many for {}", text.size(), NameOf(tag)));
  }

  Bytes head = dataset.first(element.value_offset);
  Bytes tail = dataset.subspan(element.value_offset + element.length);
  Buffer out(head.begin(), head.end());
  bool big = encoding.big_endian;
  if (short_length) {
    Store16(&out[head.size() - 2], static_cast<uint16_t>(text.size()), big);
  } else {
    Store32(&out[head.size() - 4], static_cast<uint32_t>(text.size()), big);
  }
  if (auto at = place->group_length) {
    uint32_t before = big ? LoadBe32(&out[*at]) : LoadLe32(&out[*at]);
    Store32(&out[*at], before + static_cast<uint32_t>(text.size()) - element.length, big);
  }
  Bytes bytes = AsBytes(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

}  // namespace

Result<Buffer> ReplaceElement(Bytes dataset, const Uid& transfer_syntax, Tag tag,
                              std::string_view value) {
  Encoding encoding = EncodingOf(transfer_syntax);
  if (!encoding.deflated) return ReplaceInPlain(dataset, encoding, tag, value);
  auto plain = Inflate(dataset);
  if (!plain) return std::unexpected(plain.error());
  auto edited = ReplaceInPlain(*plain, encoding, tag, value);
  if (!edited) return edited;
  return Deflate(*edited);
}

}  // namespace router::dataset
