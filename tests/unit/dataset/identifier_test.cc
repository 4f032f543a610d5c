#include "router/dataset/identifier.h"

#include <gtest/gtest.h>

#include "corpus.h"

namespace router::dataset {
namespace {

const Uid kSyntaxes[] = {Uid(kImplicitVrLittleEndian), Uid(kExplicitVrLittleEndian),
                         Uid(kExplicitVrBigEndian), Uid(kDeflatedExplicitVrLittleEndian)};

Identifier Query() {
  return Identifier::Of({{0x00080052, "IMAGE"}, {0x00080018, "1.2.3\\1.2.4"}, {0x0020000D, ""}});
}

TEST(Identifier, ComesBackInEveryTransferSyntax) {
  for (const Uid& syntax : kSyntaxes) {
    SCOPED_TRACE(syntax.str());
    auto bytes = Query().Encode(syntax);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size() % 2, 0u);
    auto again = Identifier::Decode(*bytes, syntax);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->Text(0x00080052), "IMAGE");
    EXPECT_EQ(again->Uids(0x00080018), (std::vector{Uid("1.2.3"), Uid("1.2.4")}));
    EXPECT_EQ(again->UidOf(0x00080018), Uid("1.2.3"));
    EXPECT_EQ(again->Text(0x0020000D), "");
    EXPECT_EQ(again->Text(0x0020000E), std::nullopt);
    EXPECT_EQ(again->Tags(), (std::vector<Tag>{0x00080018, 0x00080052, 0x0020000D}));
  }
}

TEST(Identifier, AnEditLeavesTheOtherElementsAsTheyWere) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00080005, "CS", "ISO_IR 100");
  sketch.Element(0x00080052, "CS", "STUDY ");
  sketch.Element(0x00091001, "LO", "private ");
  sketch.Element(0x00100010, "PN", "M\xFCller^Water");
  Buffer before = sketch.bytes();
  Uid syntax(kExplicitVrLittleEndian);
  auto identifier = Identifier::Decode(before, syntax);
  ASSERT_TRUE(identifier);
  EXPECT_EQ(*identifier->Encode(syntax), before);
  ASSERT_TRUE(identifier->Set(0x00080052, "SERIES"));
  Sketch expected({.explicit_vr = true});
  expected.Element(0x00080005, "CS", "ISO_IR 100");
  expected.Element(0x00080052, "CS", "SERIES");
  expected.Element(0x00091001, "LO", "private ");
  expected.Element(0x00100010, "PN", "M\xFCller^Water");
  EXPECT_EQ(*identifier->Encode(syntax), expected.bytes());
  identifier->Remove(0x00091001);
  EXPECT_FALSE(identifier->Has(0x00091001));
  EXPECT_TRUE(identifier->Has(0x00100010));
}

TEST(Identifier, CopiesAreIndependentAndWhatWasMovedFromIsEmpty) {
  Identifier one = Query();
  Identifier two = one;
  ASSERT_TRUE(two.Set(0x00080052, "STUDY"));
  EXPECT_EQ(one.Text(0x00080052), "IMAGE");
  Identifier three = std::move(two);
  EXPECT_EQ(three.Text(0x00080052), "STUDY");
  one = three;
  EXPECT_EQ(one.Text(0x00080052), "STUDY");
  EXPECT_TRUE(Identifier().empty());
  EXPECT_TRUE(Identifier().Encode(Uid(kImplicitVrLittleEndian))->empty());
}

TEST(Identifier, SequencesAreReadAndWritten) {  // as storage commitment needs them
  Identifier action = Identifier::Of({{0x00081195, "1.2.3.4"}});
  for (std::string_view uid : {"1.2.1", "1.2.2"}) {
    Identifier item =
        Identifier::Of({{0x00081150, "1.2.840.10008.5.1.4.1.1.2"}, {0x00081155, uid}});
    ASSERT_TRUE(action.AddItem(0x00081199, item));
  }
  for (const Uid& syntax : kSyntaxes) {
    auto again = Identifier::Decode(*action.Encode(syntax), syntax);
    ASSERT_TRUE(again) << again.error().detail;
    auto items = again->Items(0x00081199);
    ASSERT_EQ(items.size(), 2u);
    EXPECT_EQ(items[0].UidOf(0x00081155), Uid("1.2.1"));
    EXPECT_EQ(items[1].UidOf(0x00081155), Uid("1.2.2"));
    EXPECT_EQ(again->Text(0x00081199), std::nullopt);
    EXPECT_TRUE(again->Items(0x00081198).empty());
  }
}

TEST(Identifier, NumbersAreTextToo) {
  Identifier answer = Identifier::Of({{0x00280010, "512"}, {0x00201206, "3"}});
  auto again =
      Identifier::Decode(*answer.Encode(Uid(kExplicitVrBigEndian)), Uid(kExplicitVrBigEndian));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->Text(0x00280010), "512");
  EXPECT_EQ(again->Text(0x00201206), "3");
  EXPECT_FALSE(answer.Set(0x00280010, "wide"));
  EXPECT_FALSE(answer.Set(0x00091001, "x")) << "a private element has no VR of its own";
  EXPECT_FALSE(answer.Set(0x00081199, "x"));
}

TEST(Identifier, ListsOfUidsAreJoined) {
  Identifier move;
  std::vector<Uid> uids = {Uid("1.2.1"), Uid("1.2.2"), Uid("1.2.3")};
  ASSERT_TRUE(move.SetUids(0x00080018, uids));
  EXPECT_EQ(move.Text(0x00080018), "1.2.1\\1.2.2\\1.2.3");
  EXPECT_EQ(move.Uids(0x00080018), uids);
}

TEST(Identifier, WhatDcmtkWouldDescendIntoWithoutEndIsRefused) {
  Sketch deep({});
  for (int i = 0; i < 100'000; ++i) deep.Header(0x00081199, "", kUndefinedLength).Item();
  auto identifier = Identifier::Decode(deep.bytes(), Uid(kImplicitVrLittleEndian));
  ASSERT_FALSE(identifier);
  EXPECT_EQ(identifier.error().code, Errc::kCorrupt);
}

TEST(Identifier, NestingHiddenInAPrivateElementIsRefusedToo) {
  std::string nested;
  for (int i = 0; i < 2000; ++i) {  // from the inside out, each of defined length
    Sketch level({});
    auto size = static_cast<uint32_t>(nested.size());
    level.Header(0x00091010, "", size + 8).Item(size);
    nested.insert(0, AsText(level.bytes()));
  }
  auto identifier = Identifier::Decode(AsBytes(nested), Uid(kImplicitVrLittleEndian));
  ASSERT_FALSE(identifier);
  EXPECT_EQ(identifier.error().code, Errc::kCorrupt);
}

TEST(Identifier, UnknownTransferSyntaxesAndOversizeAreErrors) {
  Buffer bytes = *Query().Encode(Uid(kImplicitVrLittleEndian));
  EXPECT_FALSE(Identifier::Decode(bytes, Uid("1.2.3.4")));
  EXPECT_FALSE(Query().Encode(Uid("1.2.3.4")));
  Buffer large(17 << 20);
  EXPECT_EQ(Identifier::Decode(large, Uid(kImplicitVrLittleEndian)).error().code, Errc::kLimit);
}

}  // namespace
}  // namespace router::dataset
