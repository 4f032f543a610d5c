#include "router/session/move_completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace router::session {
namespace {

using dataset::Identifier;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr dataset::Tag kLevel = 0x00080052, kSopClass = 0x00080016, kPatientId = 0x00100020,
                       kStudy = 0x0020000D, kSeries = 0x0020000E, kInstance = 0x00080018;

Listed Of(std::string series, std::string instance) {
  return {Uid("1"), Uid(series), Uid(instance)};
}

TEST(MoveCompletion, AStudyIsListedSeriesBySeriesAsWithoutRelationalQueries) {
  Identifier keys = Identifier::Of({{kLevel, "STUDY"}, {kStudy, "1.2"}, {kSopClass, "1.2.840"}});
  auto queries = FirstQueries(keys);
  ASSERT_THAT(queries, SizeIs(1));
  EXPECT_EQ(queries[0].Text(kLevel), "SERIES");
  EXPECT_EQ(queries[0].Text(kStudy), "1.2");
  EXPECT_EQ(queries[0].Text(kSeries), "");
  Identifier second = ImageQuery(keys, Uid("1.2"), Uid("1.2.3"));
  EXPECT_EQ(second.Text(kLevel), "IMAGE");
  EXPECT_EQ(second.Text(kSeries), "1.2.3");
  EXPECT_EQ(second.Text(kInstance), "");
  EXPECT_EQ(second.Text(kSopClass), "1.2.840") << "what the client asked for, and no more";
}

TEST(MoveCompletion, WhatNamesASeriesIsListedAtOnceWithTheSameKeys) {
  auto queries = FirstQueries(Identifier::Of({{kLevel, "SERIES"}, {kSeries, "1.2.3"}}));
  ASSERT_THAT(queries, SizeIs(1));
  EXPECT_EQ(queries[0].Text(kLevel), "IMAGE");
  EXPECT_EQ(queries[0].Text(kSeries), "1.2.3");
  EXPECT_EQ(queries[0].Text(kStudy), "") << "to be told";
}

TEST(MoveCompletion, WhatIsMissingIsAskedForSeriesBySeries) {
  Identifier keys = Identifier::Of({{kLevel, "STUDY"}, {kPatientId, "7"}, {kStudy, "1"}});
  auto moves = MovesOf({Of("1.1", "1.1.1"), Of("1.1", "1.1.2"), Of("1.2", "1.2.1")}, keys);
  ASSERT_THAT(moves, SizeIs(2));
  EXPECT_EQ(moves[0].Text(kLevel), "IMAGE");
  EXPECT_EQ(moves[0].Text(kPatientId), "7");
  EXPECT_EQ(moves[0].Text(kSeries), "1.1");
  EXPECT_THAT(moves[0].Uids(kInstance), ElementsAre(Uid("1.1.1"), Uid("1.1.2")));
  EXPECT_THAT(moves[1].Uids(kInstance), ElementsAre(Uid("1.2.1")));
}

TEST(MoveCompletion, NoIdentifierNamesMoreThanSoMany) {
  std::set<Listed> missing;
  for (size_t i = 0; i <= kMostOfAMove; ++i) missing.insert(Of("1.1", "1.1." + std::to_string(i)));
  auto moves = MovesOf(missing, Identifier());
  ASSERT_THAT(moves, SizeIs(2));
  EXPECT_THAT(moves[1].Uids(kInstance), SizeIs(1));
}

}  // namespace
}  // namespace router::session
