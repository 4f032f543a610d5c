#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>

#include "corpus.h"
#include "edits.h"
#include "element_paths.h"

// What edits meet in data sets that are not as one would write them.
namespace router::dataset {
namespace {

const Uid kExplicit(kExplicitVrLittleEndian);
const Encoding kExplicitLittle{.explicit_vr = true};

ElementEdit Replacing(std::string_view path, const char* from, const char* to) {
  ElementEdit edit = SetTo(path, "");
  edit.kind = ElementEdit::Kind::kReplace;
  edit.text = "replace";
  edit.rewrite = [=](std::string_view value) -> std::optional<std::string> {
    return value == from ? std::optional<std::string>(to) : std::nullopt;
  };
  return edit;
}

// PS3.5 6.2.2: what is in UN is in implicit VR, little endian, whatever is around it.
TEST(ElementEdit, SequencesOfUnknownVrAreEditedInTheirOwnEncoding) {
  for (bool big : {false, true}) {
    for (bool defined : {false, true}) {
      SCOPED_TRACE(big);
      SCOPED_TRACE(defined);
      const auto made = [&](const std::string& id) {
        Sketch inside({});
        inside.Element(0x00100020, "", id).Element(0x00280010, "", std::string("\x01\x02", 2));
        const auto size = static_cast<uint32_t>(inside.bytes().size());
        Sketch items({});
        if (defined) items.Item(size).Raw(AsText(inside.bytes()));
        if (!defined) items.Item().Raw(AsText(inside.bytes())).ItemEnd().SequenceEnd();
        Sketch sketch({.explicit_vr = true, .big_endian = big});
        sketch.Element(0x00090010, "LO", "ACME");
        sketch.Header(0x00091002, "UN",
                      defined ? static_cast<uint32_t>(items.bytes().size()) : kUndefinedLength);
        sketch.Raw(AsText(items.bytes())).Element(0x00100020, "LO", "7 ");
        return sketch.bytes();
      };
      EXPECT_EQ(After(made("1 "), Uid(big ? kExplicitVrBigEndian : kExplicitVrLittleEndian),
                      {SetTo("(0009,xx02)[ACME].PatientID", "longer"),
                       SetTo("(0009,xx02)[ACME].Rows", "513")}),
                made("longer"));
    }
  }
}

TEST(ElementEdit, WhatIsPrivateInAKeptSequenceOfUnknownVrGoesToo) {
  const auto made = [](bool edited) {
    Sketch inside({});
    if (!edited) inside.Element(0x00110010, "", "GO AWAY ").Element(0x00111001, "", "xx");
    inside.Element(0x00100020, "", "7 ");
    Sketch items({});
    items.Item(static_cast<uint32_t>(inside.bytes().size())).Raw(AsText(inside.bytes()));
    Sketch sketch(kExplicitLittle);
    sketch.Element(0x00090010, "LO", "KEEP").Element(0x00091002, "UN", AsText(items.bytes()));
    sketch.Element(0x00091003, "UN", "no items");
    return sketch.bytes();
  };
  EXPECT_EQ(After(made(false), kExplicit, {RemovePrivateEdit({"KEEP"})}), made(true));
}

TEST(ElementEdit, AnUnknownSequenceTooLongToLookIntoIsNoSilentExemption) {
  Sketch sketch(kExplicitLittle);
  std::string value("\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF", 8);
  value.resize((16 << 20) + 2);
  sketch.Element(0x00090010, "LO", "KEEP").Element(0x00091002, "UN", value);
  auto edited = EditBy(sketch.bytes(), kExplicit, {RemovePrivateEdit({"KEEP"})});
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().code, Errc::kLimit);
}

TEST(ElementEdit, OnlyWhatIsNeededMayNotBeTooLong) {
  Sketch sketch(kExplicitLittle);
  sketch.Element(0x00100020, "LO", "7 ");
  const size_t head = sketch.bytes().size();
  sketch.Header(0x7FE00010, "OW", (256 << 20) + 2);
  // Memory that is only promised: nobody should look at it.
  const size_t size = sketch.bytes().size() + (256 << 20) + 2;
  void* const promised = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(promised, MAP_FAILED);
  std::ranges::copy(sketch.bytes(), static_cast<std::byte*>(promised));
  const Bytes bytes(static_cast<const std::byte*>(promised), size);
  auto edited = EditBy(bytes, kExplicit, {SetTo("PatientID", "8")});
  ASSERT_TRUE(edited) << edited.error().detail;
  EXPECT_EQ(edited->resume_offset, head);
  auto refused = EditBy(bytes, kExplicit, {RemovePrivateEdit({})});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kLimit);
  munmap(promised, size);
}

TEST(ElementEdit, OddLengthsAndIllegalValuesStayWhereNothingIsAskedOfThem) {
  Sketch before(kExplicitLittle), after(kExplicitLittle);
  before.Element(0x00080008, "CS", "lower case\\AXIAL").Element(0x00100010, "PN", "odd");
  after.Element(0x00080008, "CS", "lower case\\OTHER").Element(0x00100010, "PN", "odd");
  for (Sketch* sketch : {&before, &after}) {
    sketch->Header(0x300A00B0, "SQ", kUndefinedLength).Item();
    sketch->Element(0x300A00B2, "SH", sketch == &before ? "old" : "new ");
    sketch->Element(0x300A00C2, "LO", "odd").ItemEnd();
    sketch->Item(11).Element(0x300A00C2, "LO", "odd").SequenceEnd();
  }
  EXPECT_EQ(After(before.bytes(), kExplicit,
                  {Replacing("ImageType", "AXIAL", "OTHER"),
                   SetTo("BeamSequence[1].TreatmentMachineName", "new")}),
            after.bytes());
  EXPECT_FALSE(EditBy(before.bytes(), kExplicit, {Replacing("ImageType", "AXIAL", "other")}));
}

TEST(ElementEdit, ReplacementLosesNoBytesThatMeanNothing) {
  Sketch sketch(kExplicitLittle);
  sketch.Element(0x00080005, "CS", "ISO_IR 192").Element(0x00081030, "LO", "a\\\xFF\xFE ");
  EXPECT_FALSE(EditBy(sketch.bytes(), kExplicit, {Replacing("StudyDescription", "a", "b")}));
  auto other = EditBy(sketch.bytes(), kExplicit, {Replacing("StudyDescription", "x", "b")});
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->changed);
}

TEST(ElementEdit, LengthsThatAreNoLongerRightAreDropped) {
  Sketch before(kExplicitLittle), after(kExplicitLittle);
  before.Element(0x00080000, "UL", "1234").Element(0x00080001, "UL", "1234");
  before.Element(0x00080060, "CS", "CT").Element(0x00100000, "UL", "1234");
  before.Element(0x00100020, "LO", "7 ").Element(0x00200000, "UL", "1234");
  before.Element(0x00200010, "SH", "1 ");
  after.Element(0x00080060, "CS", "CT").Element(0x00100020, "LO", "8 ");
  after.Element(0x00200000, "UL", "1234").Element(0x00200010, "SH", "1 ");
  EXPECT_EQ(After(before.bytes(), kExplicit, {SetTo("PatientID", "8")}), after.bytes());
}

TEST(ElementEdit, EmptyValuesAreMadeAndFilled) {
  for (std::string_view uid : {kImplicitVrLittleEndian, kExplicitVrLittleEndian}) {
    const Encoding encoding = EncodingOf(Uid(uid));
    const auto vr = [&](const char* name) { return encoding.explicit_vr ? name : ""; };
    Sketch before(encoding), after(encoding);
    before.Element(0x00080050, vr("SH"), "").Element(0x00100010, vr("PN"), "A^B ");
    before.Header(0x300A00B0, vr("SQ"), kUndefinedLength).Item().ItemEnd().SequenceEnd();
    after.Element(0x00080050, vr("SH"), "1 ").Element(0x00100010, vr("PN"), "");
    after.Element(0x00100030, vr("DA"), "").Element(0x300A00B0, vr("SQ"), "");
    EXPECT_EQ(After(before.bytes(), Uid(uid),
                    {SetTo("AccessionNumber", "1"), SetTo("PatientName", ""),
                     SetTo("PatientBirthDate", ""), SetTo("BeamSequence", "")}),
              after.bytes());
  }
}

TEST(ElementEdit, AnItemWithoutElementsGetsOne) {
  Sketch before(kExplicitLittle), after(kExplicitLittle);
  before.Header(0x300A00B0, "SQ", 8).Item(0);
  after.Header(0x300A00B0, "SQ", 18).Item(10).Element(0x300A00B2, "SH", "M1");
  EXPECT_EQ(After(before.bytes(), kExplicit, {SetTo("BeamSequence.TreatmentMachineName", "M1")}),
            after.bytes());
}

TEST(ElementEdit, CompressedPixelDataIsPassedOver) {
  const Uid syntax("1.2.840.10008.1.2.4.70");
  const auto made = [](const char* id, bool with_private) {
    Sketch sketch(kExplicitLittle);
    sketch.Element(0x00100020, "LO", id);
    sketch.Header(0x7FE00010, "OB", kUndefinedLength)
        .Item(0)
        .Item(4)
        .Raw(std::string_view("\xFE\xFF\x00\xE0", 4));
    sketch.SequenceEnd();
    if (with_private) sketch.Element(0x7FE10010, "LO", "GE");
    return sketch.bytes();
  };
  EXPECT_EQ(After(made("7 ", true), syntax, {SetTo("PatientID", "8")}), made("8 ", true));
  EXPECT_EQ(After(made("7 ", true), syntax, {RemovePrivateEdit({})}), made("7 ", false));
}

}  // namespace
}  // namespace router::dataset
