// What the matchers and actions are made of.
#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "rules/cidr.h"
#include "rules/element_path.h"
#include "rules/glob.h"
#include "rules/scale.h"
#include "rules/text_table.h"
#include "rules/vr_value.h"
#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Glob, SaysWhatFnmatchSays) {
  std::mt19937 random(4711);
  auto word = [&](std::string_view letters, size_t most) {
    std::string text(random() % (most + 1), ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    return text;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string pattern = word("AB*?", 6), text = word("ABC", 6);
    EXPECT_EQ(MatchesStars(pattern, text), fnmatch(pattern.c_str(), text.c_str(), 0) == 0)
        << pattern << " " << text;
  }
}

TEST(Glob, CoversOnlyWhatItReallyCovers) {
  std::mt19937 random(4712);
  auto word = [&](std::string_view letters) {
    std::string text(1 + random() % 4, ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    return text;
  };
  for (int i = 0; i < 20000; ++i) {
    const Glob one(word("AB*?"), true), two(word("AB*?"), true);
    const std::string text = word("AB");
    if (one.Covers(two) && two.Matches(text)) {
      EXPECT_TRUE(one.Matches(text)) << one.text() << " " << two.text() << " " << text;
    }
    if (one.Matches(text) && two.Matches(text)) {
      EXPECT_TRUE(one.Meets(two)) << one.text() << " " << two.text() << " " << text;
    }
  }
}

TEST(Glob, IsNotSlowWhereStarsFollowStars) {
  const std::string text(2000, 'A');
  EXPECT_FALSE(MatchesStars("A*A*A*A*A*A*A*A*A*B", text));
}

TEST(TextTable, FindsInOneLookUpWhatEachSetHas) {
  TextTable table;
  const auto ab = table.Add({Glob("A", true), Glob("B", true)});
  const auto star = table.Add({Glob("A*", true)});
  const auto c = table.Add({Glob("C", true)});
  EXPECT_EQ(table.Add({Glob("C", true)}), c) << "the same set once";
  table.Seal();
  const auto a = table.Find("A"), axe = table.Find("AXE"), none = table.Find("");
  EXPECT_TRUE(table.Has(a, ab) && table.Has(a, star) && !table.Has(a, c));
  EXPECT_TRUE(!table.Has(axe, ab) && table.Has(axe, star) && !table.Has(axe, c));
  EXPECT_TRUE(!table.Has(none, ab) && !table.Has(none, star) && !table.Has(none, c));
}

TEST(Cidr, CoversRangesWithinAndNoOthers) {
  const Cidr wide = *Cidr::Parse("10.0.0.0/8"), narrow = *Cidr::Parse("10.1.0.0/16");
  const Cidr six = *Cidr::Parse("fd00::/8"), one = *Cidr::Parse("fd12::1");
  EXPECT_TRUE(wide.Covers(narrow) && !narrow.Covers(wide) && wide.Covers(wide));
  EXPECT_TRUE(six.Covers(one) && !six.Covers(wide) && !Cidr::Parse("::/0")->Covers(wide));
  EXPECT_TRUE(Cidr::Parse("10.128.0.0/9")->Contains(*Address::Parse("10.200.1.1")));
  EXPECT_FALSE(Cidr::Parse("10.128.0.0/9")->Contains(*Address::Parse("10.127.255.255")));
  for (const char* wrong :
       {"", "10.1.0", "10.1.0.0/", "10.1.0.0/x", "10.1.0.0/-1", "host", "::/129"})
    EXPECT_FALSE(Cidr::Parse(wrong)) << wrong;
}

TEST(Scale, PutsNumbersDatesAndTimesInOrder) {
  EXPECT_EQ(PlaceOn(Scale::kNumber, " 2.50 "), PlaceOn(Scale::kNumber, "+2.5e0"));
  EXPECT_LT(PlaceOn(Scale::kNumber, "-3"), PlaceOn(Scale::kNumber, "2"));
  EXPECT_LT(PlaceOn(Scale::kNumber, "9223372036854775806"),
            PlaceOn(Scale::kNumber, "9223372036854775807"));
  EXPECT_EQ(PlaceOn(Scale::kDate, "2026.02.13"), PlaceOn(Scale::kDate, "20260213"));
  EXPECT_LT(PlaceOn(Scale::kDate, "19991231"), PlaceOn(Scale::kDate, "20000101"));
  EXPECT_EQ(PlaceOn(Scale::kTime, "09"), PlaceOn(Scale::kTime, "09:00:00.000"));
  EXPECT_LT(PlaceOn(Scale::kTime, "0930"), PlaceOn(Scale::kTime, "093000.1"));
  EXPECT_EQ(PlaceOn(Scale::kDateTime, "2026"), PlaceOn(Scale::kDateTime, "20260101000000"));
  EXPECT_EQ(PlaceOn(Scale::kDateTime, "20260101000000+0100"),
            PlaceOn(Scale::kDateTime, "20251231230000"));
  EXPECT_LT(PlaceOn(Scale::kDateTime, "99991231235959.999998"),
            PlaceOn(Scale::kDateTime, "99991231235959.999999"));
}

TEST(Scale, HasNoPlaceForWhatIsNoValue) {
  for (const char* text : {"", "UNKNOWN", "1,5", "nan", "inf", "0x10", "1 2"})
    EXPECT_FALSE(PlaceOn(Scale::kNumber, text)) << text;
  for (const char* text : {"", "UNKNOWN", "20260230", "2026", "20260101-20261231"})
    EXPECT_FALSE(PlaceOn(Scale::kDate, text)) << text;
  for (const char* text : {"", "25", "0961", "0930.5", "-930", "093000."})
    EXPECT_FALSE(PlaceOn(Scale::kTime, text)) << text;
  for (const char* text : {"", "20261301", "202601010000+1", "2026010100000000"})
    EXPECT_FALSE(PlaceOn(Scale::kDateTime, text)) << text;
}

TEST(VrValue, TakesWhatTheStandardDoes) {
  const std::pair<const char*, std::string> kGood[] = {{"CS", "RT_PLAN 1\\B"},
                                                       {"DA", "20260213\\"},
                                                       {"TM", "093000.25"},
                                                       {"DT", "2026021309+0100"},
                                                       {"AS", "045Y"},
                                                       {"UI", "1.2.840.0"},
                                                       {"IS", "-12\\+7"},
                                                       {"DS", "1.5e-3\\2"},
                                                       {"US", "65535"},
                                                       {"SS", "-32768"},
                                                       {"FD", "1e300"},
                                                       {"UV", "18446744073709551615"},
                                                       {"AE", "RTPACS"},
                                                       {"SH", "sixteen letters!"},
                                                       {"LO", std::string(64, 'x')},
                                                       {"PN", "Müller^Jörg"},
                                                       {"LT", "a\nb\\c"},
                                                       {"UT", std::string(20000, 'x')},
                                                       {"", "any"},
                                                       {"OW", ""},
                                                       {"UR", "https://a/b\\c"}};
  for (const auto& [vr, value] : kGood)
    EXPECT_TRUE(CheckValue(vr, value))
        << vr << " " << value << CheckValue(vr, value).error().detail;
}

TEST(VrValue, RefusesWhatItDoesNot) {
  const std::pair<const char*, std::string> kBad[] = {{"CS", "ct"},
                                                      {"CS", "A\\a"},
                                                      {"CS", std::string(17, 'A')},
                                                      {"DA", "20260230"},
                                                      {"TM", "9:30"},
                                                      {"DT", "today"},
                                                      {"AS", "45"},
                                                      {"UI", "1..2"},
                                                      {"UI", "1.02"},
                                                      {"IS", "1.5"},
                                                      {"IS", "2147483648"},
                                                      {"DS", "1,5"},
                                                      {"DS", "1.2345678901234567"},
                                                      {"US", "-1"},
                                                      {"US", "65536"},
                                                      {"SV", "9223372036854775808"},
                                                      {"AE", "seventeen letters"},
                                                      {"SH", std::string(17, 'x')},
                                                      {"LO", std::string(65, 'x')},
                                                      {"LO", "a\nb"},
                                                      {"OW", "x"},
                                                      {"SQ", "x"},
                                                      {"UN", "x"},
                                                      {"AT", "00100010"},
                                                      {"", "a\x01"}};
  for (const auto& [vr, value] : kBad) EXPECT_FALSE(CheckValue(vr, value)) << vr << " " << value;
}

TEST(ElementPath, ReadsTagsKeywordsItemsAndCreators) {
  const testing::SmallDictionary dictionary;
  using router::ElementStep;
  auto steps = [&](std::string_view text) {
    auto path = ParseElementPath(text, dictionary);
    EXPECT_TRUE(path) << path.error().detail;
    return path ? path->steps : std::vector<ElementStep>();
  };
  EXPECT_EQ(steps("0010,0020"), (std::vector<ElementStep>{{0x00100020, "", 0}}));
  EXPECT_EQ(steps("(300a,00B0)[2].(300A,00c2)"),
            (std::vector<ElementStep>{{0x300A00B0, "", 2}, {0x300A00C2, "", 0}}));
  EXPECT_EQ(steps("(3253,xx10)[A.B][3].BeamName"),
            (std::vector<ElementStep>{{0x32530010, "A.B", 3}, {0x300A00C2, "", 0}}));
  EXPECT_EQ(steps("(0009,1042)[Dr. X]"), (std::vector<ElementStep>{{0x00090042, "Dr. X", 0}}));
  for (const char* wrong : {"", ".", "BeamSequence.", ".BeamName", "(0010,0020", "(0010,002)",
                            "0010,00", "BeamSequence[", "BeamSequence[x]", "BeamSequence[-1]",
                            "BeamSequence[1]x", "(0010,xx20)", "(3253,xx10)[]", "(7FE0,0010)"})
    EXPECT_FALSE(ParseElementPath(wrong, dictionary)) << wrong;
}

TEST(Rules, AnApplicationMayAllowClinicalEditsItself) {
  const char* rules = "- {name: r, when: {to: VMSDBD}, then: {remove: PatientComments}}";
  EXPECT_EQ(testing::ProblemsOf(rules).size(), 1u);
  World world = testing::SmallWorld();
  world.applications[0].clinical_edit = true;
  EXPECT_THAT(testing::ProblemsOf(rules, world), IsEmpty());
  world = testing::SmallWorld();
  world.applications[0].profile = Profile::kNone;
  EXPECT_THAT(testing::ProblemsOf(rules, world), IsEmpty());
}

TEST(Rules, OfSeveralFilesAreReportedFileByFile) {
  router::Positioned list = router::config::ParseTree("b", "- {name: r, then: {log: x}}").root;
  for (const auto& more :
       router::config::ParseTree("a", "- {name: r, then: {lag: x}}\n- {}").root.values)
    list.values.push_back(more);
  const testing::SmallDictionary dictionary;
  const auto compiled = RuleSet::Compile(list, testing::SmallWorld(), dictionary);
  ASSERT_EQ(compiled.problems.size(), 4u);
  EXPECT_EQ(compiled.problems[0].file, "a");
  EXPECT_EQ(compiled.problems[0].message, "name: \"r\" (b:1) is another rule");
  EXPECT_THAT(compiled.problems[1].message, HasSubstr("unknown action"));
  EXPECT_EQ(compiled.problems[3].line, 2);
}

}  // namespace
}  // namespace rules
