#include "router/dataset/edit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "corpus.h"

namespace router::dataset {
namespace {

constexpr Tag kRetrieveAeTitle = 0x00080054, kGroupLength = 0x00080000;
const Uid kExplicit(kExplicitVrLittleEndian);

std::string_view VrIf(const Encoding& encoding, std::string_view vr) {
  return encoding.explicit_vr ? vr : "";
}

Buffer Answer(const Encoding& encoding, std::string_view ae_title) {
  Sketch sketch(encoding);
  sketch.Element(0x00080052, VrIf(encoding, "CS"), "STUDY ");
  sketch.Element(kRetrieveAeTitle, VrIf(encoding, "AE"), ae_title);
  sketch.Header(0x00081110, VrIf(encoding, "SQ"), kUndefinedLength).Item();
  sketch.Element(kRetrieveAeTitle, VrIf(encoding, "AE"), "INNER ").ItemEnd().SequenceEnd();
  sketch.Element(0x00091001, VrIf(encoding, "UN"), "odd");
  return sketch.bytes();
}

TEST(Edit, ReplacesOneElementAndNothingElseInEveryTransferSyntax) {
  for (std::string_view uid : {kImplicitVrLittleEndian, kExplicitVrLittleEndian,
                               kExplicitVrBigEndian, std::string_view("1.2.840.10008.1.2.4.50")}) {
    SCOPED_TRACE(uid);
    Encoding encoding = EncodingOf(Uid(uid));
    auto edited = ReplaceElement(Answer(encoding, "VMSDBD"), Uid(uid), kRetrieveAeTitle, "SLUICE1");
    ASSERT_TRUE(edited) << edited.error().detail;
    EXPECT_EQ(*edited, Answer(encoding, "SLUICE1 "));
    auto back = ReplaceElement(*edited, Uid(uid), kRetrieveAeTitle, "VMSDBD");
    EXPECT_EQ(*back, Answer(encoding, "VMSDBD"));
  }
}

TEST(Edit, DeflatedDataSetsAreInflatedAndDeflatedAgain) {
  Encoding encoding{.explicit_vr = true};
  Uid uid(kDeflatedExplicitVrLittleEndian);
  auto edited = ReplaceElement(Deflate(Answer(encoding, "VMSDBD")), uid, kRetrieveAeTitle, "A");
  ASSERT_TRUE(edited);
  EXPECT_EQ(*Inflate(*edited), Answer(encoding, "A "));
}

TEST(Edit, AnAbsentElementLeavesTheBytesAlone) {
  Buffer bytes = Answer({.explicit_vr = true}, "VMSDBD");
  EXPECT_EQ(*ReplaceElement(bytes, kExplicit, 0x00080056, "ONLINE"), bytes);
  EXPECT_EQ(*ReplaceElement(bytes, kExplicit, 0x00200010, "1"), bytes);
  EXPECT_TRUE(ReplaceElement(Buffer(), kExplicit, kRetrieveAeTitle, "A")->empty());
}

TEST(Edit, TheLengthOfTheGroupFollows) {
  for (bool big : {false, true}) {
    Encoding encoding{.explicit_vr = true, .big_endian = big};
    auto sketch = [&](std::string_view length, std::string_view title) {
      std::string value(length);
      if (big) std::reverse(value.begin(), value.end());
      Sketch made(encoding);
      made.Element(kGroupLength, "UL", value).Element(kRetrieveAeTitle, "AE", title);
      return made.bytes();
    };
    auto edited = ReplaceElement(sketch(std::string_view("\x0E\0\0\0", 4), "VMSDBD"),
                                 Uid(big ? kExplicitVrBigEndian : kExplicitVrLittleEndian),
                                 kRetrieveAeTitle, "LONGER_ONE");
    ASSERT_TRUE(edited);
    EXPECT_EQ(*edited, sketch(std::string_view("\x12\0\0\0", 4), "LONGER_ONE"));
  }
}

TEST(Edit, UidsArePaddedWithNul) {
  Sketch sketch({.explicit_vr = true}), expected({.explicit_vr = true}), implicit({});
  sketch.Element(0x00080018, "UI", "1.2.34");
  expected.Element(0x00080018, "UI", std::string_view("1.2.3\0", 6));
  EXPECT_EQ(*ReplaceElement(sketch.bytes(), kExplicit, 0x00080018, "1.2.3"), expected.bytes());
  implicit.Element(0x00080018, "", "1.2.34");
  auto edited = ReplaceElement(implicit.bytes(), Uid(kImplicitVrLittleEndian), 0x00080018, "1.2.3");
  EXPECT_EQ(edited->back(), std::byte{0});
}

TEST(Edit, WhatDoesNotFitOrIsNoElementIsAnError) {
  Buffer bytes = Answer({.explicit_vr = true}, "VMSDBD");
  std::string long_value(0x10000, 'A');
  EXPECT_EQ(ReplaceElement(bytes, kExplicit, kRetrieveAeTitle, long_value).error().code,
            Errc::kLimit);
  EXPECT_FALSE(ReplaceElement(bytes, kExplicit, 0x00081110, "x")) << "a sequence";
  for (size_t size = 15; size < 28; ++size) {  // within (0008,0054)
    EXPECT_FALSE(ReplaceElement(Bytes(bytes).first(size), kExplicit, kRetrieveAeTitle, "A"));
  }
}

TEST(Edit, DcmtkSeesTheNewUidAndOtherwiseTheSameInEveryRealObject) {
  for (const std::string& path : DistinctFiles()) {
    auto file = Load(path);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      SCOPED_TRACE(path + ", " + variant.name);
      auto expected = FlatByDcmtk(*file->getDataset());
      for (Flat& flat : expected) {
        if (flat.place == "00080018") flat.value = "2.25.1";
      }
      auto edited = ReplaceElement(variant.bytes, variant.transfer_syntax, 0x00080018, "2.25.1");
      ASSERT_TRUE(edited) << edited.error().detail;
      auto source = Open(Encoded{*edited, variant.transfer_syntax});
      EXPECT_EQ(Differences(FlatByScanner(*source, variant.transfer_syntax), expected), "");
    }
  }
}

}  // namespace
}  // namespace router::dataset
