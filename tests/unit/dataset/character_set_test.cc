#include "router/dataset/character_set.h"

#include <gtest/gtest.h>

#include <string>

#include "character_rows.h"

namespace router::dataset {
namespace {

constexpr Vr kPn = VrOf('P', 'N'), kLo = VrOf('L', 'O');

TEST(CharacterSet, ReadsAndWritesTheExamplesOfTheStandardInEverySet) {
  for (const CharacterRow& row : CharacterRows()) {
    SCOPED_TRACE(row.terms);
    const CharacterSet set = CharacterSet::Of(row.terms);
    EXPECT_TRUE(set.IsKnown());
    auto text = set.Decode(row.bytes, row.vr);
    EXPECT_EQ(text.utf8, row.utf8);
    EXPECT_TRUE(text.exact);
    auto bytes = set.Encode(row.utf8, row.vr);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, row.bytes);
  }
}

TEST(CharacterSet, WhatASetLacksIsNotWritten) {
  EXPECT_FALSE(CharacterSet().Encode("é", kLo));
  EXPECT_FALSE(CharacterSet::Of("ISO_IR 100").Encode("王", kLo));
  EXPECT_FALSE(CharacterSet::Of("ISO_IR 101").Encode("é and 王", kLo));
  EXPECT_FALSE(CharacterSet::Of("\\ISO 2022 IR 87").Encode("홍", kLo));
  EXPECT_FALSE(CharacterSet::Of("ISO_IR 13").Encode("~", kLo));
  EXPECT_FALSE(CharacterSet::Of("ISO_IR 192").Encode("\xFF", kLo));
  EXPECT_FALSE(CharacterSet::Of("\\ISO 2022 IR 87").Encode("\x1B(B", kLo));
  EXPECT_FALSE(CharacterSet::Of("GBK").Encode("😀", kLo));
  EXPECT_TRUE(CharacterSet::Of("GB18030").Encode("😀", kLo));
}

TEST(CharacterSet, BytesThatMeanNothingAreMarked) {
  for (auto [terms, bytes] :
       {std::pair("", "J\xE9r"), std::pair("ISO_IR 192", "J\xE9r"),
        std::pair("\\ISO 2022 IR 87", "J\xE9r"), std::pair("ISO_IR 126", "J\xD2r"),
        std::pair("ISO_IR 9999", "J\xE9r"), std::pair("GB18030", "J\xFFr")}) {
    SCOPED_TRACE(terms);
    auto text = CharacterSet::Of(terms).Decode(bytes, kLo);
    EXPECT_FALSE(text.exact);
    EXPECT_EQ(text.utf8, "J\xEF\xBF\xBDr");
  }
}

TEST(CharacterSet, Utf8ThatIsNotDeclaredIsReadButNotExact) {
  auto text = CharacterSet().Decode("Jérôme", kLo);
  EXPECT_EQ(text.utf8, "Jérôme");
  EXPECT_FALSE(text.exact);
}

TEST(CharacterSet, KnowsTheTermsAsTheyAreMistyped) {
  for (const char* terms : {"ISO_IR 100", "ISO_IR 100 ", "ISO-IR 100", "iso_ir 100", "ISO_IR100",
                            "ISO 2022 IR 100", "ISO 2022-IR 100"}) {
    SCOPED_TRACE(terms);
    EXPECT_TRUE(CharacterSet::Of(terms).IsKnown());
    EXPECT_EQ(CharacterSet::Of(terms).Decode("\xE9", kLo).utf8, "é");
  }
  EXPECT_FALSE(CharacterSet::Of("ISO_IR 101\\UTF8").IsKnown());
  EXPECT_FALSE(CharacterSet::Of("ISO_IR 192\\ISO 2022 IR 87").IsKnown());
}

TEST(CharacterSet, ABackslashWithinACharacterPartsNoValues) {
  // GBK: 815C is one character whose second byte is a backslash.
  const CharacterSet set = CharacterSet::Of("GBK");
  auto text = set.Decode("\x81\x5C\\b", kLo);
  EXPECT_TRUE(text.exact);
  EXPECT_EQ(text.utf8, "乗\\b");
}

TEST(CharacterSet, CodesBeginAnewBehindADelimiter) {
  // Behind "^" the Korean set is no longer there unless it is invoked again.
  auto text = CharacterSet::Of("\\ISO 2022 IR 149").Decode("\x1B$)C\xFB\xF3^\xFB\xF3", kPn);
  EXPECT_FALSE(text.exact);
  text = CharacterSet::Of("\\ISO 2022 IR 149").Decode("\x1B$)C\xFB\xF3^\xFB\xF3", kLo);
  EXPECT_TRUE(text.exact) << "in an LO it parts nothing";
}

}  // namespace
}  // namespace router::dataset
