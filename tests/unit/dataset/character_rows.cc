#include "character_rows.h"

namespace router::dataset {
namespace {

constexpr Vr kLo = VrOf('L', 'O'), kLt = VrOf('L', 'T');

}  // namespace

const std::vector<CharacterRow>& CharacterRows() {
  static const std::vector<CharacterRow> rows = {
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

}  // namespace router::dataset
