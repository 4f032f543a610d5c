#include "router/hold/queries.h"

#include <gmock/gmock.h>

#include "router/dataset/init.h"

namespace router::hold {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Form = Query::Form;

Question Image(const char* uid, const char* series = "", const char* study = "") {
  return {Uid(uid), Kind::kImage, store::Level::kInstance, Uid(series), Uid(study)};
}
Question Plan(const char* uid, const char* study = "") {
  return {Uid(uid), Kind::kPlan, store::Level::kInstance, Uid(), Uid(study)};
}

std::vector<Form> FormsOf(const std::vector<Query>& queries) {
  std::vector<Form> forms;
  for (const Query& query : queries) forms.push_back(query.form);
  return forms;
}

TEST(PlanQueries, ManySlicesOfASeriesAreOneQuery) {
  std::vector<Question> questions;
  for (int i = 0; i < 200; ++i) {
    questions.push_back(Image(("1.2." + std::to_string(i)).c_str(), "1.7", "1.6"));
  }
  questions.push_back(Image("1.3.1", "1.8", "1.6"));
  const auto queries = PlanQueries(questions, Relational::kUnknown);
  ASSERT_THAT(FormsOf(queries), ElementsAre(Form::kSeriesList, Form::kInstance));
  EXPECT_EQ(queries[0].settles.size(), 200u);
  EXPECT_EQ(queries[0].series, Uid("1.7"));
  EXPECT_EQ(queries[1].instance, Uid("1.3.1"));
  EXPECT_THAT(queries[1].settles, ElementsAre(200));
}

TEST(PlanQueries, OneInstanceIsAskedForByItsUidAlone) {
  const std::vector<Question> questions = {Plan("1.2.3", "1.6")};
  const auto queries = PlanQueries(questions, Relational::kYes);
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_TRUE(queries[0].relational);
  EXPECT_TRUE(queries[0].study.empty());
}

TEST(PlanQueries, WhereUpstreamWantsAllKeysTheSeriesIsLookedUpInTheStudy) {
  const std::vector<Question> questions = {Plan("1.2.3", "1.6"), Plan("1.2.4", "1.6"),
                                           Plan("1.2.5", "1.9"), Image("1.3.1", "1.8", "1.6")};
  const auto queries = PlanQueries(questions, Relational::kNo);
  ASSERT_THAT(FormsOf(queries), ElementsAre(Form::kStudyList, Form::kStudyList, Form::kInSeries));
  EXPECT_THAT(queries[0].settles, ElementsAre(0, 1));
  EXPECT_THAT(queries[1].settles, ElementsAre(2));
  for (const Query& query : queries) EXPECT_FALSE(query.relational);
}

TEST(PlanQueries, WhatCannotBeAskedIsInNoQuery) {
  const std::vector<Question> questions = {
      Plan("1.2.3"), {Uid("1.4"), Kind::kImage, store::Level::kFrameOfReference, Uid(), Uid()}};
  EXPECT_THAT(PlanQueries(questions, Relational::kNo), IsEmpty());
  EXPECT_EQ(PlanQueries(questions, Relational::kUnknown).size(), 1u);
}

TEST(PlanQueries, AFrameOfReferenceAndAStructureSetOfAStudyAreSoughtAmongItsSeries) {
  const std::vector<Question> questions = {
      {Uid("1.8"), Kind::kImage, store::Level::kFrameOfReference, Uid(), Uid("1.6")},
      {Uid("1.6"), Kind::kStructureSet, store::Level::kStudy, Uid(), Uid("1.6")}};
  for (Relational relational : {Relational::kUnknown, Relational::kNo}) {
    auto queries = PlanQueries(questions, relational);
    ASSERT_THAT(FormsOf(queries), ElementsAre(Form::kStudyList));
    EXPECT_THAT(queries[0].settles, ElementsAre(0u, 1u));
    EXPECT_TRUE(queries[0].Identifier().Has(0x00200052));
    EXPECT_FALSE(queries[0].relational);
  }
  auto queries = PlanQueries(std::span(questions).subspan(1), Relational::kUnknown);
  EXPECT_FALSE(queries[0].Identifier().Has(0x00200052));  // asked for where it is of use alone
}

TEST(PlanQueries, ASeriesIsAskedForAtItsLevel) {
  const std::vector<Question> questions = {
      {Uid("1.7"), Kind::kImage, store::Level::kSeries, Uid("1.7"), Uid("1.6")}};
  auto queries = PlanQueries(questions, Relational::kUnknown);
  ASSERT_THAT(FormsOf(queries), ElementsAre(Form::kSeries));
  EXPECT_EQ(queries[0].Identifier().Text(0x00080052), "SERIES");
  EXPECT_EQ(queries[0].Identifier().UidOf(0x0020000E), Uid("1.7"));
  EXPECT_TRUE(queries[0].study.empty());
  queries = PlanQueries(questions, Relational::kNo);
  ASSERT_EQ(queries.size(), 1u);
  EXPECT_EQ(queries[0].study, Uid("1.6"));
}

TEST(PlanQueries, NothingToAskNeedsNoQuery) {
  EXPECT_THAT(PlanQueries({}, Relational::kUnknown), IsEmpty());
}

TEST(Query, NeverNamesThePatientNorTheSopClass) {
  for (Form form :
       {Form::kInstance, Form::kInSeries, Form::kSeriesList, Form::kSeries, Form::kStudyList}) {
    const Query query{form, Uid("1.6"), Uid("1.7"), Uid("1.8"), {}, false};
    const dataset::Identifier identifier = query.Identifier();
    EXPECT_FALSE(identifier.Has(0x00100020));
    EXPECT_FALSE(identifier.Has(0x00100010));
    EXPECT_FALSE(identifier.Has(0x00080016));
    EXPECT_TRUE(identifier.Has(0x00080052));
  }
}

TEST(Query, RelationalKeysAreTheUidAlone) {
  const Query query{Form::kInstance, Uid(), Uid(), Uid("1.8"), {}, true};
  EXPECT_THAT(query.Identifier().Tags(), ElementsAre(0x00080018, 0x00080052));
}

TEST(Query, HierarchicalKeysAreAllOfThem) {
  const Query query{Form::kInSeries, Uid("1.6"), Uid("1.7"), Uid("1.8"), {}, false};
  EXPECT_THAT(query.Identifier().Tags(),
              ElementsAre(0x00080018, 0x00080052, 0x0020000D, 0x0020000E));
}

TEST(Modality, ASeriesIsOnlyLookedIntoWhereItMayContainTheKind) {
  EXPECT_TRUE(MayContain("RTSTRUCT", Kind::kStructureSet));
  EXPECT_FALSE(MayContain("CT", Kind::kStructureSet));
  EXPECT_TRUE(MayContain("CT", Kind::kImage));
  EXPECT_TRUE(MayContain("MR", Kind::kImage));
  EXPECT_FALSE(MayContain("RTPLAN", Kind::kImage));
  EXPECT_TRUE(MayContain("RTPLAN", Kind::kPlan));
  EXPECT_TRUE(MayContain("", Kind::kPlan));
  EXPECT_TRUE(MayContain("CT", Kind::kOther));
}

TEST(Relational, OnlyFailuresThatMeanNotLikeThisTeachUs) {
  for (uint16_t status : {0xA900, 0xA901, 0xC000, 0xC001}) {
    EXPECT_TRUE(RefusesRelational(status)) << std::hex << status;
  }
  for (uint16_t status : {0x0000, 0xA700, 0x0122, 0xFE00, 0xB000}) {
    EXPECT_FALSE(RefusesRelational(status)) << std::hex << status;
  }
}

}  // namespace
}  // namespace router::hold
