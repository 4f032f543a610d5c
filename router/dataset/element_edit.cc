#include "router/dataset/element_edit.h"

#include <algorithm>

#include "router/dataset/element_edits.h"
#include "router/dataset/element_walk.h"

namespace router::dataset {
namespace {

constexpr Tag kAll = 0xFFFFFFFF;
constexpr size_t kFirstRead = 64 << 10;  // bytes of a file; most heads are shorter

Tag LastOf(const ElementPath& path) {
  if (path.steps.empty()) return 0;
  const ElementStep& first = path.steps.front();
  return first.creator.empty() ? first.tag : first.tag | 0xFFFF;
}

Tag LastOf(const ElementEdit& edit) {
  switch (edit.kind) {
    case ElementEdit::Kind::kRemovePrivate:
    case ElementEdit::Kind::kCharacterSet:
      return kAll;
    default:
      return std::max(LastOf(edit.path), LastOf(edit.from));
  }
}

std::unexpected<Error> TooLong() {
  return Fail(Errc::kLimit, Blame::kDownstream, "the data set is too long to be edited");
}

}  // namespace

ElementEditor::ElementEditor(std::span<const ElementEdit* const> edits, const Uid& transfer_syntax)
    : edits_(edits), encoding_(EncodingOf(transfer_syntax)), last_(kSpecificCharacterSet) {
  for (const ElementEdit* edit : edits) last_ = std::max(last_, LastOf(*edit));
}

Result<bool> ElementEditor::NeedsMore(Bytes prefix, bool whole) {
  auto reached = reached_ ? Result<bool>(true) : Reaches(prefix, whole);
  if (!reached) return std::unexpected(reached.error());
  reached_ = *reached;
  if ((reached_ ? next_ : prefix.size()) > kMostEdited) return TooLong();
  return !reached_;
}

// To a greater tag or to the end? Then that is at `next_`.
Result<bool> ElementEditor::Reaches(Bytes prefix, bool whole) {
  if (encoding_.deflated || last_ == kAll) {
    next_ = prefix.size();
    return whole;
  }
  auto source = Open(Encoded{prefix.subspan(next_), Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, encoding_);
  const uint64_t base = next_;
  while (true) {
    auto event = scanner.Next();
    if (!event) return std::unexpected(event.error());
    if (event->token == Token::kCut && whole)
      return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
    if (event->token == Token::kCut) return false;
    next_ = base + event->offset;
    if (event->token == Token::kEnd) return whole;
    if (event->tag > last_) return true;
    if (event->token != Token::kElement)
      if (auto passed = scanner.PassOver(); !passed) return std::unexpected(passed.error());
  }
}

Result<EditedHead> ElementEditor::Apply(Bytes prefix) {
  if (!encoding_.deflated) return ApplyPlain(prefix.first(next_), next_);
  auto plain = Inflate(prefix, kMostEdited);
  if (!plain) return std::unexpected(plain.error());
  auto edited = ApplyPlain(*plain, plain->size());
  if (!edited || !edited->changed) return edited;
  const Bytes rest = Bytes(*plain).subspan(edited->resume_offset);
  edited->head.insert(edited->head.end(), rest.begin(), rest.end());
  edited->head = Deflate(edited->head);
  edited->resume_offset = prefix.size();
  return edited;
}

Result<EditedHead> ElementEditor::ApplyPlain(Bytes head, uint64_t size) {
  size_t left = kMostElements;
  auto nodes = ReadElements(head, encoding_, left);
  if (!nodes) return std::unexpected(nodes.error());
  auto changed = ApplyEdits(edits_, encoding_, *nodes, left);
  if (!changed) return std::unexpected(changed.error());
  EditedHead edited;
  if (!*changed) return edited;
  edited.changed = true;
  // What stands at the end as it was is not copied.
  edited.resume_offset = size;
  size_t count = nodes->size();
  while (count > 0) {
    const Node& node = (*nodes)[count - 1];
    if (node.state != Node::State::kKept ||
        node.raw.data() + node.raw.size() != head.data() + edited.resume_offset)
      break;
    edited.resume_offset -= node.raw.size();
    --count;
  }
  for (size_t at = 0; at < count; ++at)
    if (auto wrote = WriteElement((*nodes)[at], encoding_, &edited.head); !wrote)
      return std::unexpected(wrote.error());
  return edited;
}

Result<EditedHead> Edit(Bytes data_set, const Uid& transfer_syntax,
                        std::span<const ElementEdit* const> edits) {
  ElementEditor editor(edits, transfer_syntax);
  auto more = editor.NeedsMore(data_set, true);
  if (!more) return std::unexpected(more.error());
  return editor.Apply(data_set);
}

Result<EditedHead> Edit(const Region& region, std::span<const ElementEdit* const> edits) {
  ElementEditor editor(edits, region.transfer_syntax);
  auto source = OpenRaw(region);
  if (!source) return std::unexpected(source.error());
  for (size_t wanted = kFirstRead;; wanted = std::min<size_t>(2 * wanted, kMostEdited + 1)) {
    auto bytes = (*source)->Peek(wanted);
    if (!bytes) return std::unexpected(bytes.error());
    auto more = editor.NeedsMore(*bytes, bytes->size() < wanted);
    if (!more) return std::unexpected(more.error());
    if (!*more) return editor.Apply(*bytes);
  }
}

}  // namespace router::dataset
