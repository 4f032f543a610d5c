#include "router/dataset/character_set.h"

#include <gtest/gtest.h>

#include <string>

namespace router::dataset {
namespace {

constexpr Vr kPn = VrOf('P', 'N'), kLo = VrOf('L', 'O'), kLt = VrOf('L', 'T');

struct Row {
  const char* terms;
  std::string bytes, utf8;
  Vr vr = VrOf('P', 'N');
};

// The examples of PS3.5 H.3, I.2, J.3, K.2 and one word for each other set.
const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"ISO_IR 100", "Buc^J\xE9r\xF4me", "Buc^Jérôme"},
      {"ISO_IR 101", "Wa\xB3\xEAsa^Lech", "Wałęsa^Lech"},
      {"ISO_IR 109",
       "\xDE"
       "ahovinski",
       "Ŝahovinski", kLo},
      {"ISO_IR 110",
       "\xA9"
       "m\xB9rs",
       "Šmšrs", kLo},
      {"ISO_IR 144", "\xBB\xEE\xDA\x63\x65\xDC\xD1yp\xD3", "Люкceмбypг"},
      {"ISO_IR 127", "\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1", "قباني^لنزار"},
      {"ISO_IR 126", "\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2", "Διονυσιος"},
      {"ISO_IR 138", "\xF9\xF8\xE5\xEF^\xE3\xE1\xE5\xF8\xE4", "שרון^דבורה"},
      {"ISO_IR 148",
       "\xC7"
       "avu\xFEo\xF0lu",
       "Çavuşoğlu"},
      {"ISO_IR 203",
       "\xA4"
       "uro \xBC",
       "€uro Œ", kLo},
      {"ISO_IR 166", "\xA1\xA2\xA4", "กขค"},
      {"ISO_IR 13", "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3", "ﾔﾏﾀﾞ^ﾀﾛｳ"},
      {"ISO_IR 192", "Wang^XiaoDong=王^小东=", "Wang^XiaoDong=王^小东="},
      {"GB18030", "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="},
      {"GBK", "Wang^XiaoDong=\xCD\xF5^\xD0\xA1\xB6\xAB=", "Wang^XiaoDong=王^小东="},
      {"\\ISO 2022 IR 87",
       "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B",
       "Yamada^Tarou=山田^太郎=やまだ^たろう"},
      {"ISO 2022 IR 13\\ISO 2022 IR 87",
       "\xD4\xCF\xC0\xDE^\xC0\xDB\xB3=\x1B$B;3ED\x1B(J^\x1B$BB@O:\x1B(J=\x1B$B$d$^$@\x1B(J^"
       "\x1B$B$?$m$&\x1B(J",
       "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"},
      {"\\ISO 2022 IR 149",
       "Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7=\x1B$)C\xC8\xAB^\x1B$)C\xB1\xE6"
       "\xB5\xBF",
       "Hong^Gildong=洪^吉洞=홍^길동"},
      {"\\ISO 2022 IR 58",
       "Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB=", "Zhang^XiaoDong=张^小东="},
      {"ISO 2022 IR 6\\ISO 2022 IR 159", "\x1B$(D\x30\x21\x1B(B", "丂", kLo},
      {"ISO 2022 IR 100\\ISO 2022 IR 144", "\xE9 \x1B-L\xBB\xEE\x1B-A\\\xE9", "é Лю\\é", kLo},
      {"ISO_IR 100", "a\\b", "a\\b", kLt},
  };
  return rows;
}

TEST(CharacterSet, ReadsAndWritesTheExamplesOfTheStandardInEverySet) {
  for (const Row& row : Rows()) {
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
  auto text = CharacterSet::Of("\\ISO 2022 IR 149").Decode("\x1B$)C\xFB\xF3^\xFB", kPn);
  EXPECT_FALSE(text.exact);
  text = CharacterSet::Of("\\ISO 2022 IR 149").Decode("\x1B$)C\xFB\xF3^\xFB\xF3", kLo);
  EXPECT_TRUE(text.exact) << "in an LO it parts nothing";
}

}  // namespace
}  // namespace router::dataset
