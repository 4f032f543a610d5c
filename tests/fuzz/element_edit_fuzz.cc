// The first byte chooses the transfer syntax, the second what is done, the rest is a data set.
// Whatever it is: no crash, no walk without end. What is read of its beginning is what is read of
// all of it, however it is read; what an edit leaves of a sound data set is sound, and has what was
// set.
#include <cstdlib>

#include "router/dataset/dictionary.h"
#include "router/dataset/element_edit.h"
#include "router/dataset/element_reader.h"
#include "router/dataset/sound.h"

namespace {

namespace dataset = router::dataset;
using router::ElementEdit;
using router::ElementPath;
using Presence = router::ElementValues::Presence;

constexpr std::string_view kSyntaxes[] = {
    dataset::kImplicitVrLittleEndian, dataset::kExplicitVrLittleEndian,
    dataset::kExplicitVrBigEndian, dataset::kDeflatedExplicitVrLittleEndian,
    "1.2.840.10008.1.2.4.70"};

ElementPath Path(std::initializer_list<router::ElementStep> steps) {
  return {.steps = steps, .text = "path"};
}

const std::vector<ElementPath>& Paths() {
  static const std::vector<ElementPath> paths = {
      Path({{.tag = 0x00080016, .creator = {}}}),
      Path({{.tag = 0x00080060, .creator = {}}}),
      Path({{.tag = 0x00100010, .creator = {}}}),
      Path({{.tag = 0x00104000, .creator = {}}}),
      Path({{.tag = 0x300A00B0, .creator = {}}, {.tag = 0x300A00B2, .creator = {}}}),
      Path({{.tag = 0x300A00B0, .creator = {}, .item = 1},
            {.tag = 0x300A0111, .creator = {}},
            {.tag = 0x300A0112, .creator = {}}}),
      Path({{.tag = 0x32530000, .creator = "Varian Medical Systems VISION 3253"}}),
      Path({{.tag = 0x00091001, .creator = {}}, {.tag = 0x00090002, .creator = "ACME"}})};
  return paths;
}

const std::vector<ElementEdit>& Edits() {
  static const std::vector<ElementEdit> edits = [] {
    using Kind = ElementEdit::Kind;
    std::vector<ElementEdit> all(6);
    all[0].kind = Kind::kSet;
    all[0].path = Paths()[3];
    all[0].value = "set";
    all[1].kind = Kind::kSet;
    all[1].path = Paths()[4];
    all[1].value = "machine";
    all[2].kind = Kind::kRemove;
    all[2].path = Paths()[5];
    all[3].kind = Kind::kReplace;
    all[3].path = Paths()[2];
    all[3].rewrite = [](std::string_view value) { return std::string(value) + "^"; };
    all[4].kind = Kind::kRemovePrivate;
    all[4].keep = {"ACME"};
    all[5].kind = Kind::kCharacterSet;
    all[5].value = "ISO_IR 192";
    return all;
  }();
  return edits;
}

// Through a window or at hand: the same.
void CheckSources(router::Bytes bytes, const router::Uid& syntax) {
  dataset::ElementReader at_hand(Paths()), through(Paths());
  at_hand.Begin(syntax);
  at_hand.Extend(bytes, true);
  auto shared = std::make_shared<const router::Buffer>(bytes.begin(), bytes.end());
  through.Open({.path = {}, .transfer_syntax = syntax, .bytes = std::move(shared)});
  for (size_t slot = 0; slot < Paths().size(); ++slot) {
    const auto &one = at_hand.At(slot), &other = through.At(slot);
    if (one.presence != other.presence || one.values != other.values) std::abort();
    if (at_hand.ReadResult().has_value() != through.ReadResult().has_value()) std::abort();
  }
}

// Known of a prefix: the same of the whole.
void CheckPrefixes(router::Bytes bytes, const router::Uid& syntax) {
  dataset::ElementReader whole(Paths()), growing(Paths());
  whole.Begin(syntax);
  whole.Extend(bytes, true);
  growing.Begin(syntax);
  for (size_t size : {bytes.size() / 3, bytes.size() / 2, bytes.size()}) {
    growing.Extend(bytes.first(size), false);
    for (size_t slot = 0; slot < Paths().size(); ++slot) {
      const auto& early = growing.At(slot);
      if (early.presence == Presence::kUnknown) continue;
      const auto& late = whole.At(slot);
      if (!whole.ReadResult()) return;  // what comes later may be broken
      if (early.presence != late.presence || early.values != late.values) std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const router::Uid syntax(kSyntaxes[data[0] % std::size(kSyntaxes)]);
  const uint8_t chosen = data[1];
  const router::Bytes bytes = std::as_bytes(std::span(data, size)).subspan(2);
  CheckPrefixes(bytes, syntax);
  CheckSources(bytes, syntax);

  std::vector<const ElementEdit*> edits;
  for (size_t at = 0; at < Edits().size(); ++at)
    if (chosen >> at & 1) edits.push_back(&Edits()[at]);
  const bool sound = dataset::CheckSound(dataset::Encoded{bytes, syntax}).has_value();
  auto edited = dataset::Edit(bytes, syntax, edits);
  if (!edited || !edited->changed) return 0;
  if (edited->resume_offset > bytes.size()) std::abort();
  router::Buffer after = edited->head;
  const router::Bytes rest = bytes.subspan(edited->resume_offset);
  after.insert(after.end(), rest.begin(), rest.end());
  if (!sound) return 0;
  if (!dataset::CheckSound(dataset::Encoded{after, syntax})) std::abort();
  if (chosen & 1) {
    dataset::ElementReader reader(Paths());
    reader.Begin(syntax);
    reader.Extend(after, true);
    if (reader.At(3).values != std::vector<std::string>{"set"}) std::abort();
  }
  return 0;
}
