#include "router/base/ae_title.h"

#include <gtest/gtest.h>

namespace router {
namespace {

TEST(AeTitle, SpacesAtTheEndsDoNotCountCaseDoes) {
  EXPECT_EQ(AeTitle::FromWire("  VMSDBD        "), *AeTitle::Parse("VMSDBD"));
  EXPECT_NE(*AeTitle::Parse("vmsdbd"), *AeTitle::Parse("VMSDBD"));
}
TEST(AeTitle, PadsToSixteenBytesForThePdu) {
  auto padded = AeTitle::Parse("SLUICE")->Padded();
  EXPECT_EQ(std::string_view(padded.data(), padded.size()), "SLUICE          ");
}
TEST(AeTitle, SaysWhatIsWrongWithATitleThatAPersonWrote) {
  for (auto [text, why] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "not a space"},
           {"    ", "not a space"},
           {"SEVENTEENLETTERS_", "17 characters"},
           {"A\\B", "backslash"},
           {"A\tB", "control"},
           {"M\xC3\x9CNCHEN", "ISO 646"}}) {
    auto title = AeTitle::Parse(text);
    ASSERT_FALSE(title.has_value()) << text;
    EXPECT_NE(title.error().detail.find(why), std::string::npos) << title.error().detail;
  }
  EXPECT_TRUE(AeTitle::Parse("SIXTEEN LETTERS_").has_value());
}
TEST(AeTitle, TakesAWrongTitleFromTheWireSoThatItCanBeNamed) {
  AeTitle title = AeTitle::FromWire("A\\B");
  EXPECT_FALSE(title.IsValid());
  EXPECT_EQ(title.view(), "A\\B");
  EXPECT_EQ(AeTitle::FromWire("0123456789ABCDEFGH").view(), "0123456789ABCDEF");
}

}  // namespace
}  // namespace router
