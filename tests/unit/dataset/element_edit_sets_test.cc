#include <gtest/gtest.h>

#include <iostream>

#include "character_rows.h"
#include "corpus.h"
#include "edits.h"
#include "element_paths.h"
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcspchrs.h>

// Texts in every character set live through edits.
namespace router::dataset {
namespace {

constexpr Tag kName = 0x00100010;

std::string Even(std::string text) {
  if (text.size() % 2) text += ' ';
  return text;
}

Buffer Made(const Uid& syntax, const std::string& terms, const CharacterRow& row, bool utf8) {
  const Encoding encoding = EncodingOf(syntax);
  const auto vr = [&](const char* name) { return encoding.explicit_vr ? name : ""; };
  const std::string text = Even(utf8 ? row.utf8 : row.bytes);
  // Both are PN in implicit VR; in explicit VR the row's own stands there.
  const char name[] = {static_cast<char>(row.vr >> 8), static_cast<char>(row.vr & 0xFF), '\0'};
  Sketch sketch(encoding);
  sketch.Element(0x00080005, vr("CS"), Even(terms));
  sketch.Element(kName, vr(name), text).Element(0x00100020, vr("LO"), "7 ");
  sketch.Header(0x300A00B0, vr("SQ"), kUndefinedLength).Item();
  sketch.Element(0x00081050, vr(name), text).ItemEnd().SequenceEnd();
  return sketch.bytes();
}

TEST(ElementEdit, TextsOfEverySetStayWhenAnotherElementIsEdited) {
  for (const CharacterRow& row : CharacterRows()) {
    SCOPED_TRACE(row.terms);
    for (std::string_view uid :
         {kImplicitVrLittleEndian, kExplicitVrLittleEndian, kExplicitVrBigEndian}) {
      const Uid syntax(uid);
      const Buffer before = Made(syntax, row.terms, row, false);
      const Buffer after = After(before, syntax, {SetTo("PatientID", "8")});
      auto was = TopLevel(before, syntax), is = TopLevel(after, syntax);
      EXPECT_NE(was[0x00100020], is[0x00100020]);
      was.erase(0x00100020);
      is.erase(0x00100020);
      EXPECT_EQ(was, is);
    }
  }
}

TEST(ElementEdit, TextsOfEverySetBecomeUtf8AndComeBack) {
  for (const CharacterRow& row : CharacterRows()) {
    SCOPED_TRACE(row.terms);
    for (std::string_view uid : {kExplicitVrLittleEndian, kExplicitVrBigEndian}) {
      const Uid syntax(uid);
      const Buffer before = Made(syntax, row.terms, row, false),
                   utf8 = Made(syntax, "ISO_IR 192", row, true);
      EXPECT_EQ(After(before, syntax, {CharacterSetEdit("ISO_IR 192")}), utf8);
      EXPECT_EQ(After(utf8, syntax, {CharacterSetEdit(row.terms)}), before);
    }
  }
}

TEST(ElementEdit, ATextIsSetInTheSetOfTheDataSet) {
  for (const CharacterRow& row : CharacterRows()) {
    if (row.vr != VrOf('P', 'N')) continue;
    SCOPED_TRACE(row.terms);
    const Uid syntax(kExplicitVrLittleEndian);
    CharacterRow other = row;
    other.bytes = other.utf8 = "Nobody";
    const Buffer before = Made(syntax, row.terms, other, false);
    EXPECT_EQ(After(before, syntax,
                    {SetTo("PatientName", row.utf8),
                     SetTo("BeamSequence.PerformingPhysicianName", row.utf8)}),
              Made(syntax, row.terms, row, false));
  }
}

// What DCMTK knows of these sets, as far as it was built with a library for them.
TEST(ElementEdit, DcmtkReadsInUtf8WhatWeReadToo) {
  if (!DcmSpecificCharacterSet::isConversionAvailable()) FAIL() << "DCMTK converts nothing";
  size_t agreed = 0;
  for (const CharacterRow& row : CharacterRows()) {
    SCOPED_TRACE(row.terms);
    const Uid syntax(kExplicitVrLittleEndian);
    const Buffer before = Made(syntax, row.terms, row, false);
    auto theirs = Parsed(before, syntax);
    if (theirs->convertToUTF8().bad()) continue;  // not in this build
    auto ours = Parsed(After(before, syntax, {CharacterSetEdit("ISO_IR 192")}), syntax);
    OFString their_name, our_name;
    theirs->findAndGetOFStringArray(DCM_PatientName, their_name);
    ours->findAndGetOFStringArray(DCM_PatientName, our_name);
    EXPECT_EQ(std::string(their_name.c_str()), std::string(our_name.c_str()));
    ++agreed;
  }
  EXPECT_GE(agreed, 12u);
  std::cout << agreed << " of " << CharacterRows().size() << " texts compared with DCMTK\n";
}

}  // namespace
}  // namespace router::dataset
