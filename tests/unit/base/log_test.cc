#include "router/base/log.h"

#include <gtest/gtest.h>

namespace router::log {
namespace {

TEST(Log, TextLinesCanBeTakenApartAgain) {
  EXPECT_EQ(Render(Form::kText, Level::kInfo, "association released",
                   {{"calling", "DCMTK"}, {"called", "MY AE"}, {"messages", 3}, {"note", ""}}),
            "info association released calling=DCMTK called=\"MY AE\" messages=3 note=\"\"");
}
TEST(Log, JsonLinesEscapeWhatAPeerSent) {
  EXPECT_EQ(Render(Form::kJson, Level::kWarning, "x", {{"calling", "a\"b\n"}, {"n", 7}}),
            "{\"level\":\"warning\",\"event\":\"x\",\"calling\":\"a\\\"b\\u000a\",\"n\":7}");
}

}  // namespace
}  // namespace router::log
