#include "router/dataset/element_edit.h"

#include <gtest/gtest.h>

#include "edits.h"
#include "element_paths.h"

namespace router::dataset {
namespace {

const Uid kExplicit(kExplicitVrLittleEndian);

std::string_view Padded(std::string& text) {
  if (text.size() % 2) text += ' ';
  return text;
}

// A data set by hand in explicit or implicit VR: what stands between the quotes is what goes in.
struct Hand {
  explicit Hand(const Encoding& encoding) : encoding(encoding), sketch(encoding) {}
  Hand& Add(Tag tag, const char* vr, std::string value) {
    sketch.Element(tag, encoding.explicit_vr ? vr : "", Padded(value));
    return *this;
  }
  Hand& Open(Tag tag, uint32_t length = kUndefinedLength) {
    sketch.Header(tag, encoding.explicit_vr ? "SQ" : "", length).Item();
    return *this;
  }
  Hand& Close() {
    sketch.ItemEnd().SequenceEnd();
    return *this;
  }
  const Buffer& bytes() const { return sketch.bytes(); }
  Encoding encoding;
  Sketch sketch;
};

TEST(ElementEdit, WhatIsSetCopiedAndRemovedIsSeenByWhatFollows) {
  for (const char* uid : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
                          "1.2.840.10008.1.2.4.70"}) {
    const Uid syntax(uid);
    const Encoding encoding = EncodingOf(syntax);
    Hand before(encoding), after(encoding);
    before.Add(0x00080060, "CS", "CT").Add(0x00100010, "PN", "A^B").Add(0x00100020, "LO", "7");
    before.Add(0x00280010, "US", "\1\1").Add(0x7FE00010, "OW", "pixels");
    after.Add(0x00080060, "CS", "CT").Add(0x00081030, "LO", "first").Add(0x00100020, "LO", "A^B");
    after.Add(0x00200010, "SH", "1").Add(0x00280010, "US", "\2\2").Add(0x7FE00010, "OW", "pixels");
    EXPECT_EQ(After(before.bytes(), syntax,
                    {SetTo("StudyDescription", "first"), CopyTo("PatientID", "PatientName"),
                     SetTo("PatientName", "gone"), RemoveOf("PatientName"),
                     CopyTo("PatientComments", "PatientName"), SetTo("StudyID", "1"),
                     SetTo("Rows", "514"), RemoveOf("BeamSequence.BeamName")}),
              after.bytes())
        << uid;
  }
}

TEST(ElementEdit, PixelDataIsNeitherNeededNorCopied) {
  Hand hand({.explicit_vr = true});
  hand.Add(0x00080060, "CS", "CT").Add(0x00100020, "LO", "7").Add(0x00280010, "US", "\1\1");
  const size_t size = hand.bytes().size();
  hand.sketch.Header(0x7FE00010, "OW", 1 << 30).Raw("only the beginning");
  const ElementEdit set = SetTo("PatientID", "8 and more");
  const ElementEdit* edits[] = {&set};
  ElementEditor editor(edits, kExplicit);
  const Bytes all(hand.bytes());
  EXPECT_TRUE(*editor.NeedsMore(all.first(3), false));
  EXPECT_TRUE(*editor.NeedsMore(all.first(20), false));
  EXPECT_FALSE(*editor.NeedsMore(all.first(size - 2), false)) << "a greater tag has begun";
  auto edited = editor.Apply(all.first(size - 2));
  ASSERT_TRUE(edited);
  EXPECT_TRUE(edited->changed);
  EXPECT_EQ(edited->resume_offset, size - 10) << "Rows stay where they are";
  Hand after({.explicit_vr = true});
  after.Add(0x00080060, "CS", "CT").Add(0x00100020, "LO", "8 and more");
  EXPECT_EQ(edited->head, after.bytes());
  // What comes behind all elements is only certain once pixel data is there.
  const ElementEdit late = SetTo("RTPlanLabel", "x");
  const ElementEdit* lates[] = {&late};
  ElementEditor waits(lates, kExplicit);
  EXPECT_TRUE(*waits.NeedsMore(all.first(size), false));
  EXPECT_FALSE(*waits.NeedsMore(all.first(size + 12), false));
  EXPECT_EQ(waits.Apply(all.first(size + 12))->resume_offset, size);
}

TEST(ElementEdit, NothingIsCopiedWhereNothingChanges) {
  Hand hand({.explicit_vr = true});
  hand.Add(0x00100020, "LO", "7").Add(0x00280010, "US", "\1\1");
  auto edited = EditBy(hand.bytes(), kExplicit,
                       {SetTo("PatientID", "7"), RemoveOf("PatientName"), SetTo("Rows", "257"),
                        CopyTo("PatientComments", "PatientName")});
  ASSERT_TRUE(edited);
  EXPECT_FALSE(edited->changed);
  EXPECT_TRUE(edited->head.empty());
  EXPECT_EQ(edited->resume_offset, 0u);
}

TEST(ElementEdit, LengthsAroundAChangeFollowInTheirOwnManner) {
  for (const char* uid : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}) {
    const Uid syntax(uid);
    const Encoding encoding = EncodingOf(syntax);
    const auto made = [&](bool edited) {
      const std::string label = edited ? "longer name " : "name";
      const size_t header = 8, wide = encoding.explicit_vr ? 12 : 8;
      const auto inner = static_cast<uint32_t>(header + label.size());
      Sketch sketch(encoding);
      const auto vr = [&](const char* name) { return encoding.explicit_vr ? name : ""; };
      if (!edited) sketch.Element(0x300A0000, vr("UL"), "gone");
      // Defined around undefined, then the other way round.
      sketch.Header(0x300A00B0, vr("SQ"), static_cast<uint32_t>(8 + wide + 8 + inner + 8 + 8));
      sketch.Header(0xFFFEE000, "", static_cast<uint32_t>(wide + 8 + inner + 8 + 8));
      sketch.Header(0x300A0111, vr("SQ"), kUndefinedLength).Item();
      sketch.Element(0x300A00B2, vr("SH"), label).ItemEnd().SequenceEnd();
      sketch.Header(0x300C0002, vr("SQ"), kUndefinedLength).Item(inner);
      sketch.Element(0x300A00B2, vr("SH"), label).SequenceEnd();
      return sketch.bytes();
    };
    EXPECT_EQ(After(made(false), syntax,
                    {SetTo("BeamSequence.ControlPointSequence.TreatmentMachineName", "longer name"),
                     SetTo("ReferencedRTPlanSequence[1].TreatmentMachineName", "longer name"),
                     SetTo("ReferencedRTPlanSequence[2].TreatmentMachineName", "nowhere")}),
              made(true))
        << uid;
  }
}

TEST(ElementEdit, AMissingElementIsMadeInItemsThatAreThere) {
  Hand before({.explicit_vr = true}), after({.explicit_vr = true});
  before.Open(0x300A00B0).Add(0x300A00C2, "LO", "b").Close();
  after.Open(0x300A00B0).Add(0x300A00B2, "SH", "M1").Add(0x300A00C2, "LO", "b").Close();
  EXPECT_EQ(After(before.bytes(), kExplicit, {SetTo("BeamSequence.TreatmentMachineName", "M1")}),
            after.bytes());
  auto none = EditBy(before.bytes(), kExplicit, {SetTo("IonBeamSequence.BeamName", "M1")});
  EXPECT_FALSE(none->changed);
}

TEST(ElementEdit, AnItemIsRemovedAlone) {
  Sketch before({.explicit_vr = true}), after({.explicit_vr = true});
  before.Header(0x300A00B0, "SQ", 36).Item(10).Element(0x300A00C2, "LO", "1 ");
  before.Item(10).Element(0x300A00C2, "LO", "2 ");
  after.Header(0x300A00B0, "SQ", 18).Item(10).Element(0x300A00C2, "LO", "2 ");
  EXPECT_EQ(
      After(before.bytes(), kExplicit, {RemoveOf("BeamSequence[1]"), RemoveOf("BeamSequence[7]")}),
      after.bytes());
}

TEST(ElementEdit, ReplacementGoesValueByValue) {
  Hand before({.explicit_vr = true}), after({.explicit_vr = true});
  before.Add(0x00080005, "CS", "ISO_IR 100").Add(0x00080008, "CS", "ORIGINAL\\AXIAL");
  before.Add(0x00100010, "PN", "M\xFCller^A").Add(0x00104000, "LT", "\xFC\\b");
  after.Add(0x00080005, "CS", "ISO_IR 100").Add(0x00080008, "CS", "ORIGINAL\\OTHER");
  after.Add(0x00100010, "PN", "M\xFCller^\xC4").Add(0x00104000, "LT", "\xFC\\b");
  const auto replace = [](const char* path, const char* from, const char* to) {
    ElementEdit edit = SetTo(path, "");
    edit.kind = ElementEdit::Kind::kReplace;
    edit.rewrite = [=](std::string_view value) -> std::optional<std::string> {
      return value == from ? std::optional<std::string>(to) : std::nullopt;
    };
    return edit;
  };
  EXPECT_EQ(
      After(before.bytes(), kExplicit,
            {replace("ImageType", "AXIAL", "OTHER"), replace("PatientName", "Müller^A", "Müller^Ä"),
             replace("PatientComments", "b", "x"), replace("PatientID", "", "x")}),
      after.bytes());
}

TEST(ElementEdit, PrivateGroupsGoAtEveryDepthButThoseToKeep) {
  for (bool explicit_vr : {true, false}) {
    SCOPED_TRACE(explicit_vr);
    const Encoding encoding{.explicit_vr = explicit_vr};
    const auto made = [&](bool edited) {
      Hand hand(encoding);
      if (!edited) hand.Add(0x00090000, "UL", "\1\1\1\1").Add(0x00090010, "LO", "GO AWAY");
      hand.Add(0x00090011, "LO", "KEEP");
      if (!edited) hand.Add(0x00091001, "LO", "x");
      hand.Add(0x00091101, "LO", "kept");
      hand.Open(0x00091102).Add(0x00080060, "CS", "CT");
      if (!edited) hand.Add(0x00090010, "LO", "GO AWAY").Add(0x00091001, "UN", "xx");
      hand.Close();
      hand.Open(0x300A00B0).Add(0x300A00C2, "LO", "b");
      if (!edited) hand.Add(0x300B0010, "LO", "GO AWAY").Add(0x300B1001, "LO", "x");
      hand.Close();
      hand.Add(0x7FE00010, "OW", "pixels");
      if (!edited) hand.Add(0x7FE10010, "LO", "GO AWAY").Add(0x7FE11001, "OB", "x");
      return hand.bytes();
    };
    const Uid syntax(explicit_vr ? kExplicitVrLittleEndian : kImplicitVrLittleEndian);
    EXPECT_EQ(After(made(false), syntax, {RemovePrivateEdit({"KEEP"})}), made(true));
    EXPECT_FALSE(EditBy(made(true), syntax, {RemovePrivateEdit({"KEEP"})})->changed);
    auto edited = EditBy(made(false), syntax, {RemovePrivateEdit({})});
    const auto top = TopLevel(Assembled(*edited, made(false)), syntax);
    EXPECT_EQ(top.size(), 2u);
    // Private elements may follow pixel data: it cannot be streamed past them.
    const ElementEdit edit = RemovePrivateEdit({});
    const ElementEdit* edits[] = {&edit};
    ElementEditor editor(edits, syntax);
    EXPECT_TRUE(*editor.NeedsMore(made(false), false));
  }
}

TEST(ElementEdit, CharacterSetConvertsTheTextsOfItemsToo) {
  for (const char* uid : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
                          "1.2.840.10008.1.2.1.99"}) {
    const Uid syntax(uid);
    const Encoding encoding = EncodingOf(syntax);
    const auto made = [&](bool utf8) {
      Hand hand(encoding);
      hand.Add(0x00080005, "CS", utf8 ? "ISO_IR 192" : "ISO_IR 100");
      hand.Add(0x00080080, "LO", utf8 ? "München" : "M\xFCnchen").Add(0x00100020, "LO", "7");
      hand.Open(0x00400275).Add(0x00080005, "CS", utf8 ? "ISO_IR 192" : "ISO_IR 101");
      hand.Add(0x00400007, "LO", utf8 ? "ł" : "\xB3").Close();
      hand.Open(0x300A00B0).Add(0x300A00C2, "LO", utf8 ? "é" : "\xE9").Close();
      return encoding.deflated ? Deflate(hand.bytes()) : hand.bytes();
    };
    EXPECT_EQ(After(made(false), syntax, {CharacterSetEdit("ISO_IR 192")}), made(true)) << uid;
    auto back = EditBy(made(true), syntax, {CharacterSetEdit("ISO_IR 100")});
    ASSERT_FALSE(back) << "ISO_IR 100 has no ł";
    EXPECT_NE(back.error().detail.find("(0040,0007)"), std::string::npos);
    EXPECT_EQ(back.error().detail.find("\xC5\x82"), std::string::npos) << "values are not quoted";
  }
}

TEST(ElementEdit, BytesThatNoSetExplainsStayUntilSomebodyWantsThemConverted) {
  Hand before({.explicit_vr = true}), after({.explicit_vr = true});
  before.Add(0x00080080, "LO", "M\xFCnchen").Add(0x00100020, "LO", "7");
  after.Add(0x00080080, "LO", "M\xFCnchen").Add(0x00100020, "LO", "8");
  EXPECT_EQ(After(before.bytes(), kExplicit, {SetTo("PatientID", "8")}), after.bytes());
  EXPECT_FALSE(EditBy(before.bytes(), kExplicit, {CharacterSetEdit("ISO_IR 192")}));
  EXPECT_FALSE(EditBy(before.bytes(), kExplicit, {CopyTo("PatientID", "InstitutionName")}));
}

TEST(ElementEdit, WhatCannotBeSaidIsAnErrorThatSaysWhy) {
  Hand hand({.explicit_vr = true});
  hand.Add(0x00080005, "CS", "ISO_IR 100").Add(0x00090010, "LO", "ACME");
  hand.Add(0x00091001, "UN", "what").Open(0x300A00B0).Close().Add(0x7FE00010, "OW", "pixels");
  const std::pair<ElementEdit, const char*> rows[] = {
      {SetTo("PatientName", "王"), "character_set: ISO_IR 192"},
      {SetTo("Modality", "ct"), "upper-case"},
      {SetTo("Modality", "ABCDEFGHIJKLMNOPQ"), "longer than 16"},
      {SetTo("StudyDate", "20261301"), "no DA"},
      {SetTo("StudyTime", "2460"), "no TM"},
      {SetTo("SOPInstanceUID", "1.2.x"), "no UID"},
      {SetTo("PatientAge", "45"), "no AS"},
      {SetTo("PatientID", std::string(65, 'x')), "longer than 64"},
      {SetTo("PatientID", "a\nb"), "control"},
      {SetTo("PatientWeight", "heavy"), "no number"},
      {SetTo("SeriesNumber", "3000000000"), "no integer"},
      {SetTo("Rows", "65536"), "no number of this VR"},
      {SetTo("BeamSequence", "x"), "no form as text"},
      {SetTo("BeamSequence[1]", "x"), "no value"},
      {SetTo("(0009,xx01)[ACME]", "x"), "no form as text"},
      {SetTo("(0009,xx02)[ACME]", "x"), "cannot be made"},
      {SetTo("(0009,xx01)[NOBODY]", "x"), "no block"},
      {SetTo("(0011,1001)", "x"), "cannot be made"},
      {SetTo("(0008,0007)", "x"), "dictionary"},
      {SetTo("SpecificCharacterSet", "ISO_IR 192"), "character_set"},
      {RemoveOf("SpecificCharacterSet"), "character_set"},
      {CharacterSetEdit("UTF-8"), "no such"},
      {CopyTo("PatientID", "PixelData"), "no form as text"},
  };
  for (const auto& [edit, why] : rows) {
    SCOPED_TRACE(edit.text);
    auto edited = EditBy(hand.bytes(), kExplicit, {SetTo("StudyDescription", "before"), edit});
    ASSERT_FALSE(edited);
    EXPECT_EQ(edited.error().code, Errc::kBadConfig);
    EXPECT_EQ(edited.error().blame, Blame::kInternal);
    EXPECT_TRUE(edited.error().detail.starts_with(edit.text)) << edited.error().detail;
    EXPECT_NE(edited.error().detail.find(why), std::string::npos) << edited.error().detail;
  }
}

TEST(ElementEdit, AValueTooLongForSixteenBitsOfLengthBecomesUn) {
  Hand before({.explicit_vr = true});
  before.Add(0x00080018, "UI", "1.2").Add(0x00201200, "IS", "1");
  std::string many;
  for (int i = 0; i < 20000; ++i) many += "1.5\\";
  many += "2.5";
  const Buffer after = After(before.bytes(), kExplicit, {SetTo("SliceLocation", many)});
  auto dataset = Parsed(after, kExplicit);
  const auto top = TopLevel(after, kExplicit);
  EXPECT_EQ(top.at(0x00201041).substr(4, 2), "UN");
  EXPECT_EQ(top.at(0x00201041).size(), 12 + many.size() + many.size() % 2);
}

TEST(ElementEdit, DataSetsThatAreNoneAreRefusedWhole) {
  Hand order({.explicit_vr = true}), cut({.explicit_vr = true});
  order.Add(0x00100020, "LO", "7").Add(0x00080060, "CS", "CT").Add(0x7FE00010, "OW", "pixels");
  cut.Add(0x00080060, "CS", "CT");
  Buffer bytes = cut.bytes();
  bytes.pop_back();
  for (const Buffer& bad : {order.bytes(), bytes}) {
    auto edited = EditBy(bad, kExplicit, {SetTo("RTPlanLabel", "x")});
    ASSERT_FALSE(edited);
    EXPECT_EQ(edited.error().code, Errc::kCorrupt);
    EXPECT_EQ(edited.error().blame, Blame::kDownstream);
  }
}

}  // namespace
}  // namespace router::dataset
