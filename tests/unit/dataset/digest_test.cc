#include "router/dataset/digest.h"

#include <gtest/gtest.h>

#include <map>

#include "corpus.h"
#include "router/dataset/part10.h"
#include "router/dataset/sound.h"

namespace router::dataset {
namespace {

TEST(Digest, IsTheSha256OfTheStandard) {  // FIPS 180-4, the example "abc"
  EXPECT_EQ(Hex(Sha256::Of(AsBytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  for (std::string_view piece : {"a", "", "bc"}) pieces.Add(AsBytes(piece));
  EXPECT_EQ(pieces.Finish(), Sha256::Of(AsBytes("abc")));
}

TEST(Digest, OfBytesCoversTheDataSetAndNotTheMetaInformation) {
  std::string path = DataFile("varian-eclipse-proton-headphantom/RS.dcm");
  auto header = ReadPart10Header(path);
  Buffer bytes = ReadAll(path);
  auto digest = DigestOfBytes(header->DatasetOf(path));
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, Sha256::Of(Bytes(bytes).subspan(header->dataset_offset)));
  EXPECT_FALSE(DigestOfBytes({"/nonexistent", 0, Uid()}));
}

TEST(Digest, OfContentIsTheSameInEveryTransferSyntaxAndNeverOfTwoObjects) {
  std::map<std::string, std::string> seen;
  for (const std::string& path : AllFiles()) {
    SCOPED_TRACE(path);
    auto header = ReadPart10Header(path);
    auto original = CanonicalDigest(header->DatasetOf(path));
    ASSERT_TRUE(original) << original.error().detail;
    auto file = Load(path);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      auto digest = CanonicalDigest(variant.encoded());
      ASSERT_TRUE(digest) << variant.name << ": " << digest.error().detail;
      EXPECT_EQ(Hex(*digest), Hex(*original)) << variant.name;
    }
    auto [other, fresh] = seen.emplace(Hex(*original), path);
    EXPECT_TRUE(fresh) << "same as " << other->second;
  }
}

Digest Of(const Sketch& sketch, std::string_view syntax) {
  auto digest = CanonicalDigest(Encoded{sketch.bytes(), Uid(syntax)});
  EXPECT_TRUE(digest) << digest.error().detail;
  return digest.value_or(Digest{});
}

TEST(Digest, GroupLengthsAndTrailingPaddingDoNotCount) {
  Sketch with({.explicit_vr = true}), without({.explicit_vr = true});
  with.Element(0x00080000, "UL", std::string_view("\x08\0\0\0", 4));
  with.Element(0x00080060, "CS", "CT").Element(0xFFFCFFFC, "OB", "0000");
  without.Element(0x00080060, "CS", "CT");
  EXPECT_EQ(Of(with, kExplicitVrLittleEndian), Of(without, kExplicitVrLittleEndian));
}

TEST(Digest, StructureCountsAndNotOnlyTheValues) {
  auto made = [](bool two_items) {
    Sketch sketch({.explicit_vr = true});
    sketch.Header(0x300C0060, "SQ", kUndefinedLength).Item().Element(0x00081150, "UI", "1.");
    if (two_items) sketch.ItemEnd().Item();
    sketch.Element(0x00081155, "UI", "2.").ItemEnd().SequenceEnd();
    return Of(sketch, kExplicitVrLittleEndian);
  };
  EXPECT_NE(made(true), made(false));
}

TEST(Digest, EmptySequencesAndEmptyElementsAreTheSame) {
  Sketch defined({.explicit_vr = true}), undefined({.explicit_vr = true}), element({});
  defined.Header(0x00091010, "SQ", 0);
  undefined.Header(0x00091010, "SQ", kUndefinedLength).SequenceEnd();
  element.Header(0x00091010, "", 0);
  EXPECT_EQ(Of(defined, kExplicitVrLittleEndian), Of(element, kImplicitVrLittleEndian));
  EXPECT_EQ(Of(undefined, kExplicitVrLittleEndian), Of(element, kImplicitVrLittleEndian));
}

TEST(Digest, APrivateSequenceIsRecognisedWithoutItsVr) {
  Sketch explicit_vr({.explicit_vr = true}), implicit({}), unknown({.explicit_vr = true}),
      items({});
  explicit_vr.Header(0x00091010, "SQ", kUndefinedLength).Item();
  explicit_vr.Element(0x00091001, "LO", "ab").ItemEnd().SequenceEnd();
  items.Item(10).Element(0x00091001, "", "ab");
  implicit.Element(0x00091010, "", AsText(items.bytes()));
  unknown.Element(0x00091010, "UN", AsText(items.bytes()));
  EXPECT_EQ(Of(explicit_vr, kExplicitVrLittleEndian), Of(implicit, kImplicitVrLittleEndian));
  EXPECT_EQ(Of(unknown, kExplicitVrLittleEndian), Of(implicit, kImplicitVrLittleEndian));
}

TEST(Digest, ValuesThatSpanTheWindowAreTurnedInTheRightUnits) {
  // 8-byte units that no window size divides: the bytes before it are odd.
  std::string little, big;
  for (int i = 0; i < 100'000; ++i) {
    std::string number;
    for (int n = 0; n < 8; ++n) number += static_cast<char>(i * 31 + n * 7);
    little += number;
    big += std::string(number.rbegin(), number.rend());
  }
  Sketch one({.explicit_vr = true}), two({.explicit_vr = true, .big_endian = true});
  one.Element(0x00091001, "LO", "odd").Element(0x7FE00009, "OD", little);
  two.Element(0x00091001, "LO", "odd").Element(0x7FE00009, "OD", big);
  EXPECT_EQ(Of(one, kExplicitVrLittleEndian), Of(two, kExplicitVrBigEndian));
  TemporaryFile file(two.bytes());
  EXPECT_EQ(*CanonicalDigest(Region{file.path(), 0, Uid(kExplicitVrBigEndian)}),
            Of(one, kExplicitVrLittleEndian));
}

TEST(Digest, FragmentsOfCompressedPixelDataCount) {
  auto made = [](std::string_view one, std::string_view two) {
    Sketch sketch({.explicit_vr = true});
    sketch.Header(0x7FE00010, "OB", kUndefinedLength);
    for (std::string_view part : {one, two}) {
      sketch.Item(static_cast<uint32_t>(part.size())).Raw(part);
    }
    return Of(sketch.SequenceEnd(), "1.2.840.10008.1.2.4.70");
  };
  EXPECT_EQ(made("ab", "cd"), made("ab", "cd"));
  EXPECT_NE(made("ab", "cd"), made("abcd", ""));
}

TEST(Digest, ACutDataSetHasNone) {
  Sketch sketch({.explicit_vr = true});
  sketch.Header(0x00080060, "CS", 4).Raw("CT");
  EXPECT_FALSE(CanonicalDigest(Encoded{sketch.bytes(), Uid(kExplicitVrLittleEndian)}));
}

TEST(Sound, EveryRealFileIsAndNoTruncationIs) {
  for (const std::string& path : DistinctFiles()) {
    SCOPED_TRACE(path);
    auto region = ReadPart10Header(path)->DatasetOf(path);
    EXPECT_TRUE(CheckSound(region));
    Buffer bytes = ReadAll(path);
    Bytes dataset = Bytes(bytes).subspan(region.offset);
    EXPECT_FALSE(CheckSound(Encoded{dataset.first(dataset.size() - 1), region.transfer_syntax}));
  }
}

}  // namespace
}  // namespace router::dataset
