#include "router/dataset/scanner.h"

#include <gtest/gtest.h>

#include "corpus.h"
#include "router/dataset/part10.h"

namespace router::dataset {
namespace {

constexpr Encoding kImplicit{};
constexpr Encoding kExplicit{.explicit_vr = true};
constexpr Encoding kBig{.explicit_vr = true, .big_endian = true};

// Tokens as letters: E element, ( ) sequence, [ ] item, < > fragments, f fragment, . end, ! cut,
// X error.
std::string Tokens(const Buffer& bytes, Encoding encoding) {
  auto source = Open(Encoded{bytes, Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, encoding);
  std::string text;
  bool fragments = false;
  while (true) {
    auto event = scanner.Next();
    if (!event) return text + "X";
    switch (event->token) {
      case Token::kElement:
        text += 'E';
        break;
      case Token::kSequence:
        text += '(';
        break;
      case Token::kFragments:
        text += '<';
        fragments = true;
        break;
      case Token::kFragment:
        text += 'f';
        break;
      case Token::kItem:
        text += '[';
        break;
      case Token::kItemEnd:
        text += ']';
        break;
      case Token::kSequenceEnd:
        text += fragments ? '>' : ')';
        fragments = false;
        break;
      case Token::kEnd:
        return text + ".";
      case Token::kCut:
        return text + "!";
    }
  }
}

TEST(Scanner, SeesInEveryFileWhatDcmtkSees) {
  for (const std::string& path : AllFiles()) {
    SCOPED_TRACE(path);
    auto file = Load(path);
    auto expected = FlatByDcmtk(*file->getDataset());
    ASSERT_FALSE(expected.empty());
    auto region = ReadPart10Header(path)->DatasetOf(path);
    auto source = Open(region);
    // DCMTK changes the padding of private creators as it reads them.
    EXPECT_EQ(
        Differences(Unpadded(FlatByScanner(**source, region.transfer_syntax)), Unpadded(expected)),
        "");
  }
}

TEST(Scanner, SeesInEveryTransferSyntaxWhatDcmtkWrote) {
  for (const std::string& path : AllFiles()) {
    auto file = Load(path);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      SCOPED_TRACE(path + ", " + variant.name);
      auto expected = FlatByDcmtk(*file->getDataset());  // now: writing has changed the padding
      auto source = Open(variant.encoded());
      EXPECT_EQ(Differences(FlatByScanner(*source, variant.transfer_syntax), expected), "");
    }
  }
}

TEST(Scanner, FollowsNestedSequencesOfBothKindsOfLength) {
  Sketch inner(kExplicit);
  inner.Element(0x00081150, "UI", "1.2 ").Element(0x00081155, "UI", "1.23");
  auto size = static_cast<uint32_t>(inner.bytes().size());
  Sketch outer(kExplicit);
  outer.Header(0x300C0060, "SQ", size + 8).Item(size).Raw(AsText(inner.bytes()));
  outer.Header(0x300C0002, "SQ", kUndefinedLength);
  outer.Item().Raw(AsText(inner.bytes())).ItemEnd().Item(0).SequenceEnd();
  outer.Element(0x300E0002, "CS", "APPROVED");
  EXPECT_EQ(Tokens(outer.bytes(), kExplicit), "([EE])([EE][])E.");
}

TEST(Scanner, ImplicitSequencesOfDefinedLengthAreKnownByTheDictionary) {
  Sketch sketch(kImplicit);
  sketch.Header(0x300C0060, "", 8 + 10).Item(10).Element(0x00081155, "", "1.");
  sketch.Header(0x00081155, "", 0);
  EXPECT_EQ(Tokens(sketch.bytes(), kImplicit), "([E])E.");
}

TEST(Scanner, UnknownSequencesOfUndefinedLengthAreImplicitLittleEndianInside) {
  for (Encoding encoding : {kExplicit, kBig}) {
    Sketch sketch(encoding), inside(kImplicit);
    inside.Item().Element(0x00091001, "", "ab").ItemEnd().SequenceEnd();
    sketch.Header(0x00091010, "UN", kUndefinedLength).Raw(AsText(inside.bytes()));
    sketch.Element(0x00100020, "LO", "id");
    EXPECT_EQ(Tokens(sketch.bytes(), encoding), "([E])E.");
  }
}

TEST(Scanner, PrivateItemsOfDefinedLengthAreEnteredOnlyOnRequestAndOnlyIfTheyAreItems) {
  Sketch items(kImplicit), sketch(kImplicit);
  items.Item(10).Element(0x00091001, "", "ab");
  Buffer like = items.bytes();
  sketch.Element(0x00091010, "", AsText(like));
  like[4] = std::byte{9};  // the item is one byte short of its element
  sketch.Element(0x00091011, "", AsText(like));
  EXPECT_EQ(Tokens(sketch.bytes(), kImplicit), "EE.");

  auto source = Open(Encoded{sketch.bytes(), Uid()});
  Scanner scanner(*source, kImplicit);
  ASSERT_EQ(scanner.Next()->token, Token::kElement);
  EXPECT_FALSE(*scanner.EnterItems(17)) << "longer than what may be held in memory";
  EXPECT_TRUE(*scanner.EnterItems(18));
  EXPECT_EQ(scanner.Next()->token, Token::kItem);
  EXPECT_EQ(scanner.Next()->tag, 0x00091001u);
  EXPECT_EQ(scanner.Next()->token, Token::kItemEnd);
  EXPECT_EQ(scanner.Next()->token, Token::kSequenceEnd);
  EXPECT_EQ(scanner.Next()->tag, 0x00091011u);
  EXPECT_FALSE(*scanner.EnterItems(1024));
  EXPECT_EQ(scanner.Next()->token, Token::kEnd);
}

TEST(Scanner, EncapsulatedPixelDataComesInFragments) {
  Sketch sketch(kExplicit);
  sketch.Header(0x7FE00010, "OB", kUndefinedLength).Item(0).Item(4).Raw("jpeg").SequenceEnd();
  sketch.Element(0xFFFCFFFC, "OB", "00");
  EXPECT_EQ(Tokens(sketch.bytes(), kExplicit), "<ff>E.");
}

TEST(Scanner, LengthsThatExceedWhatIsAroundThemAreRefused) {
  Sketch element(kExplicit);
  element.Header(0x300C0060, "SQ", 20).Item(12).Header(0x00081155, "UI", 5).Raw("12345");
  EXPECT_EQ(Tokens(element.bytes(), kExplicit), "([X");
  Sketch item(kExplicit);
  item.Header(0x300C0060, "SQ", 20).Item(13).Raw("0123456789012");
  EXPECT_EQ(Tokens(item.bytes(), kExplicit), "(X");
  Sketch sequence(kExplicit);
  sequence.Header(0x300C0060, "SQ", 28).Item(20).Header(0x300C0002, "SQ", 9).Raw("012345678");
  EXPECT_EQ(Tokens(sequence.bytes(), kExplicit), "([X");
}

TEST(Scanner, WhatIsNoElementIsRefused) {
  EXPECT_EQ(Tokens(Sketch(kExplicit).Element(0x00081155, "u1", "").bytes(), kExplicit), "X");
  EXPECT_EQ(Tokens(Sketch(kExplicit).ItemEnd().bytes(), kExplicit), "X");
  EXPECT_EQ(Tokens(Sketch(kExplicit).SequenceEnd().bytes(), kExplicit), "X");
  EXPECT_EQ(Tokens(Sketch(kExplicit).Header(0x00081155, "UT", kUndefinedLength).bytes(), kExplicit),
            "X");
  Sketch no_item(kExplicit);
  no_item.Header(0x300C0060, "SQ", kUndefinedLength).Element(0x00081155, "UI", "1.");
  EXPECT_EQ(Tokens(no_item.bytes(), kExplicit), "(X");
  Sketch fragment(kExplicit);
  fragment.Header(0x7FE00010, "OB", kUndefinedLength).Item();
  EXPECT_EQ(Tokens(fragment.bytes(), kExplicit), "<X");
}

TEST(Scanner, NestingBeyondTheLimitIsRefused) {
  auto nested = [](size_t depth) {
    Sketch sketch(kImplicit);
    for (size_t i = 0; i < depth; ++i) sketch.Header(0x300C0060, "", kUndefinedLength).Item();
    for (size_t i = 0; i < depth; ++i) sketch.ItemEnd().SequenceEnd();
    return Tokens(sketch.bytes(), kImplicit).back();
  };
  EXPECT_EQ(nested(Scanner::kMostDepth), '.');
  EXPECT_EQ(nested(Scanner::kMostDepth + 1), 'X');
}

TEST(Scanner, BytesThatEndAreCutAtEveryPointButBetweenElements) {
  Sketch sketch(kExplicit);
  sketch.Element(0x00080018, "UI", "1.2.3.4 ");
  size_t first = sketch.bytes().size();
  sketch.Header(0x300C0060, "SQ", kUndefinedLength).Item();
  sketch.Element(0x00081155, "UI", "1.23").ItemEnd().SequenceEnd();
  for (size_t size = 0; size <= sketch.bytes().size(); ++size) {
    Buffer prefix(sketch.bytes().begin(), sketch.bytes().begin() + static_cast<ptrdiff_t>(size));
    bool whole = size == 0 || size == first || size == sketch.bytes().size();
    EXPECT_EQ(Tokens(prefix, kExplicit).back(), whole ? '.' : '!') << size;
  }
}

TEST(Scanner, ASequenceThatIsPassedOverIsNotLookedInto) {
  Sketch sketch(kExplicit);
  sketch.Header(0x300C0060, "SQ", 8).Raw("garbage!");
  sketch.Header(0x300C0080, "SQ", kUndefinedLength).Item().ItemEnd().SequenceEnd();
  sketch.Element(0x300E0002, "CS", "APPROVED");
  auto source = Open(Encoded{sketch.bytes(), Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, kExplicit);
  for (Tag tag : {0x300C0060u, 0x300C0080u}) {
    auto event = scanner.Next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->token, Token::kSequence);
    EXPECT_EQ(event->tag, tag);
    EXPECT_TRUE(scanner.PassOver());
  }
  EXPECT_EQ(scanner.Next()->tag, 0x300E0002u);
  EXPECT_EQ(AsText(*scanner.Value(8)), "APPROVED");
  EXPECT_EQ(scanner.Value(7).error().code, Errc::kLimit);
  EXPECT_EQ(scanner.Next()->token, Token::kEnd);
}

TEST(Scanner, ErrorsNameTheElementAndBlameTheSender) {
  Sketch sketch(kExplicit);
  sketch.Element(0x00080018, "UI", "1.2.").Element(0x00081155, "u1", "");
  auto source = Open(Encoded{sketch.bytes(), Uid(kExplicitVrLittleEndian)});
  Scanner scanner(*source, kExplicit);
  ASSERT_TRUE(scanner.Next());
  for (int again = 0; again < 2; ++again) {
    auto event = scanner.Next();
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().code, Errc::kCorrupt);
    EXPECT_EQ(event.error().blame, Blame::kDownstream);
    EXPECT_NE(event.error().detail.find("(0008,1155)"), std::string::npos);
  }
}

}  // namespace
}  // namespace router::dataset
