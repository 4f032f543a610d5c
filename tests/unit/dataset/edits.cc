#include "edits.h"

#include <gtest/gtest.h>

#include "element_paths.h"

namespace router::dataset {

ElementEdit SetTo(std::string_view path, std::string_view value) {
  ElementEdit edit;
  edit.kind = ElementEdit::Kind::kSet;
  edit.path = PathFrom(path);
  edit.value = value;
  edit.text = "set " + std::string(path);
  return edit;
}

ElementEdit RemoveOf(std::string_view path) {
  ElementEdit edit;
  edit.kind = ElementEdit::Kind::kRemove;
  edit.path = PathFrom(path);
  edit.text = "remove " + std::string(path);
  return edit;
}

ElementEdit CopyTo(std::string_view path, std::string_view from) {
  ElementEdit edit;
  edit.kind = ElementEdit::Kind::kCopy;
  edit.path = PathFrom(path);
  edit.from = PathFrom(from);
  edit.text = "copy " + std::string(path);
  return edit;
}

ElementEdit CharacterSetEdit(std::string_view value) {
  ElementEdit edit;
  edit.kind = ElementEdit::Kind::kCharacterSet;
  edit.value = value;
  edit.text = "character_set";
  return edit;
}

ElementEdit RemovePrivateEdit(std::vector<std::string> keep) {
  ElementEdit edit;
  edit.kind = ElementEdit::Kind::kRemovePrivate;
  edit.keep = std::move(keep);
  edit.text = "remove_private";
  return edit;
}

Result<EditedHead> EditBy(Bytes bytes, const Uid& syntax, std::vector<ElementEdit> edits) {
  std::vector<const ElementEdit*> pointers;
  for (const ElementEdit& edit : edits) pointers.push_back(&edit);
  return Edit(bytes, syntax, pointers);
}

Buffer Assembled(const EditedHead& edited, Bytes before) {
  Buffer out = edited.head;
  const Bytes rest = before.subspan(edited.resume_offset);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

Buffer After(Bytes bytes, const Uid& syntax, std::vector<ElementEdit> edits) {
  auto edited = EditBy(bytes, syntax, std::move(edits));
  EXPECT_TRUE(edited) << edited.error().detail;
  return edited ? Assembled(*edited, bytes) : Buffer();
}

std::map<Tag, std::string> TopLevel(Bytes bytes, const Uid& syntax) {
  Buffer inflated;
  if (EncodingOf(syntax).deflated) {
    inflated = *Inflate(bytes);
    bytes = inflated;
  }
  auto source = Open(Encoded{bytes, Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, EncodingOf(syntax));
  std::map<Tag, std::string> found;
  while (true) {
    auto event = scanner.Next();
    EXPECT_TRUE(event) << event.error().detail;
    if (!event || event->token == Token::kEnd) return found;
    EXPECT_NE(event->token, Token::kCut);
    if (event->token == Token::kCut) return found;
    uint64_t end = event->value_offset + event->length;
    if (event->token != Token::kElement) {
      auto passed = scanner.PassOver();
      EXPECT_TRUE(passed);
      end = scanner.position();
    }
    found[event->tag] = AsText(bytes.subspan(event->offset, end - event->offset));
  }
}

std::unique_ptr<DcmDataset> Parsed(Bytes bytes, const Uid& syntax) {
  auto dataset = std::make_unique<DcmDataset>();
  DcmInputBufferStream stream;
  stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  stream.setEos();
  dataset->transferInit();
  OFCondition read = dataset->read(stream, DcmXfer(syntax.str().c_str()).getXfer(), EGL_noChange);
  dataset->transferEnd();
  EXPECT_TRUE(read.good()) << read.text();
  return dataset;
}

}  // namespace router::dataset
