// How rules are read: order, first wins, last, phases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using ::testing::ElementsAre;
using testing::FakeElements;
using ::testing::IsEmpty;
using testing::MustCompile;
using testing::Situation;

TEST(Rules, WithoutARuleNothingIsDecided) {
  auto rules = MustCompile("[]");
  const Decisions decisions = Situation().Decide(*rules);
  EXPECT_TRUE(decisions.Settled());
  EXPECT_THAT(decisions.matched, IsEmpty());
  EXPECT_TRUE(rules->CandidatesFor(Situation().caller).empty());
}

TEST(Rules, OfTwoThatDecideTheSameTheFirstWinsAndTheOtherStillDecidesTheRest) {
  auto rules = MustCompile(
      "- {name: a, when: {calling: DCMTK, command: C-STORE}, then: {hold: off}}\n"
      "- {name: b, when: {command: C-STORE}, then: {hold: {at_most: 2d}, priority: high}}\n");
  const Decisions decisions = Situation().Decide(*rules);
  ASSERT_TRUE(decisions.hold);
  EXPECT_TRUE(decisions.hold->off);
  EXPECT_EQ(decisions.hold.by, 0u);
  EXPECT_EQ(decisions.priority.by, 1u);
  EXPECT_EQ(*decisions.priority, Priority::kHigh);
  EXPECT_THAT(decisions.matched, ElementsAre(0, 1));
}

TEST(Rules, CopiesLimitsAndLogsOfAllThatMatchApplyInOrder) {
  auto rules = MustCompile(
      "- {name: a, when: {command: C-STORE}, then: {copy_to: RESEARCH, log: one}}\n"
      "- {name: b, when: {calling: DCMTK}, then: {copy_to: RTPACS, limit: {count: 1, per: 1s}}}\n"
      "- {name: c, when: {calling: DCMTK}, then: {log: two}}\n");
  const Decisions decisions = Situation().Decide(*rules);
  ASSERT_EQ(decisions.copy_to.size(), 2u);
  EXPECT_THAT(*decisions.copy_to[0], ElementsAre("RESEARCH"));
  EXPECT_THAT(*decisions.copy_to[1], ElementsAre("RTPACS"));
  ASSERT_EQ(decisions.logs.size(), 2u);
  EXPECT_EQ(decisions.logs[1]->text, "two");
  EXPECT_EQ(decisions.limits.size(), 1u);
}

TEST(Rules, LastEndsTheReadingOnlyWhereItMatches) {
  auto rules = MustCompile(
      "- {name: a, when: {calling: AUTOSEG}, then: {log: one}, last: true}\n"
      "- {name: b, then: {log: two}}\n");
  Situation s;
  EXPECT_THAT(s.Decide(*rules).matched, ElementsAre(1));
  s.caller.calling = "AUTOSEG";
  EXPECT_THAT(s.Decide(*rules).matched, ElementsAre(0));
}

TEST(Rules, WhatStandsBelowAnOpenLastIsOpen) {
  auto rules = MustCompile(
      "- {name: a, when: {command: C-STORE, dataset: {Modality: CT}}, then: {log: one},"
      " last: true}\n"
      "- {name: b, then: {hold: off}}\n");
  Situation s;
  s.message.phase = Phase::kCommand;
  Decisions decisions = s.Decide(*rules);
  EXPECT_FALSE(decisions.hold);
  EXPECT_TRUE(decisions.IsOpen(Topic::kHold));
  EXPECT_TRUE(decisions.IsOpen(Topic::kLog));
  EXPECT_EQ(decisions.needs, Phase::kHead);
  EXPECT_THAT(decisions.matched, IsEmpty());
  EXPECT_THAT(decisions.undecided, ElementsAre(0, 1));
  s.message.phase = Phase::kHead;
  s.data_set["Modality"] = {"MR"};
  decisions = s.Decide(*rules);
  EXPECT_TRUE(decisions.hold);
  EXPECT_TRUE(decisions.Settled());
  s.data_set["Modality"] = {"CT"};
  decisions = s.Decide(*rules);
  EXPECT_FALSE(decisions.hold);
  EXPECT_TRUE(decisions.Settled());
}

TEST(Rules, AnOpenRuleBelowOneThatDecidedAsksForNothing) {
  auto rules = MustCompile(
      "- {name: a, when: {command: C-STORE, calling: DCMTK}, then: {hold: off}}\n"
      "- {name: b, when: {command: C-STORE, dataset: {Modality: CT}}, then: {hold: {at_most: "
      "1d}}}\n");
  Situation s;
  s.message.phase = Phase::kCommand;
  const Decisions decisions = s.Decide(*rules);
  EXPECT_TRUE(decisions.hold);
  EXPECT_TRUE(decisions.Settled());
}

TEST(Rules, NeedsTheSmallestPhaseThatCanTell) {
  auto rules = MustCompile(
      "- {name: a, when: {command: C-STORE, size: {above: 1MiB}}, then: {hold: off}}\n"
      "- {name: b, when: {command: C-STORE, dataset: {Modality: CT}}, then: {queue: true}}\n");
  Situation s;
  s.data_set["Modality"] = {"CT"};
  s.message.phase = Phase::kAssociation;
  EXPECT_EQ(s.Decide(*rules).needs, Phase::kCommand);
  s.message.phase = Phase::kCommand;
  EXPECT_EQ(s.Decide(*rules).needs, Phase::kHead);
  s.message.phase = Phase::kHead;
  Decisions decisions = s.Decide(*rules);
  EXPECT_EQ(decisions.needs, Phase::kEnd);
  EXPECT_TRUE(decisions.queue);
  EXPECT_TRUE(decisions.IsOpen(Topic::kHold));
  s.message.phase = Phase::kEnd;
  EXPECT_TRUE(s.Decide(*rules).Settled());
}

TEST(Rules, EachPathIsEditedByTheFirstRuleThatDoes) {
  auto rules = MustCompile(
      "- {name: a, when: {command: C-STORE, to: RTPACS}, then: {set: {StationName: A}}}\n"
      "- {name: b, when: {command: C-STORE, to: RTPACS},\n"
      "   then: {set: {StationName: B, StudyDescription: B}, remove: PatientComments}}\n");
  Situation s;
  s.caller.application = "RTPACS";
  const Decisions decisions = s.Decide(*rules);
  ASSERT_EQ(decisions.edits.size(), 3u);
  EXPECT_EQ(decisions.edits[0]->value, "A");
  EXPECT_EQ(decisions.edits[1]->text, "set StudyDescription");
  EXPECT_EQ(decisions.edits[2]->text, "remove PatientComments");
}

TEST(Rules, AnEditIsOpenWhileARuleAboveMayEditTheSamePath) {
  auto rules = MustCompile(
      "- {name: a, when: {command: C-STORE, to: RTPACS, dataset: {Modality: CT}},"
      " then: {set: {StationName: A}}}\n"
      "- {name: b, when: {command: C-STORE, to: RTPACS},"
      " then: {set: {StationName: B}, remove: PatientComments}}\n");
  Situation s;
  s.caller.application = "RTPACS";
  s.message.phase = Phase::kCommand;
  const Decisions decisions = s.Decide(*rules);
  ASSERT_EQ(decisions.edits.size(), 1u);
  EXPECT_EQ(decisions.edits[0]->text, "remove PatientComments");
  EXPECT_TRUE(decisions.IsOpen(Topic::kEdit));
}

TEST(Rules, WhatACommandCannotDecideIsNeitherDecidedNorOpen) {
  auto rules = MustCompile(
      "- {name: a, then: {hold: off, move_to: RTPACS, retrieve_ae_title: X}}\n"
      "- {name: b, when: {dataset: {Modality: CT}}, then: {queue: true}}\n");
  Situation s = Situation::Of(0x0020, Phase::kCommand);
  const Decisions decisions = s.Decide(*rules);
  EXPECT_FALSE(decisions.hold);
  EXPECT_FALSE(decisions.move_to);
  EXPECT_TRUE(decisions.retrieve_ae_title);
  EXPECT_TRUE(decisions.Settled()) << "no C-FIND is queued, so its identifier need not be read";
}

TEST(Rules, CandidatesAreThoseThatTheAssociationDoesNotExclude) {
  auto rules = MustCompile(
      "- {name: a, when: {calling: AUTOSEG}, then: {hold: off}}\n"
      "- {name: b, when: {calling: DCMTK}, then: {calling: OTHER}}\n"
      "- {name: c, when: {calling: DCMTK, command: C-STORE, dataset: {Modality: CT}},"
      " then: {to: RTPACS}}\n"
      "- {name: d, when: {time: 18:00-06:00}, then: {called: OTHER, log: late}}\n");
  const auto candidates = rules->CandidatesFor(Situation().caller);
  EXPECT_FALSE(candidates.MayDecide(Topic::kHold));
  EXPECT_TRUE(candidates.MayDecide(Topic::kCalling));
  EXPECT_FALSE(candidates.MayDecideByMessage(Topic::kCalling));
  EXPECT_TRUE(candidates.MayDecideByMessage(Topic::kTo));
  EXPECT_TRUE(candidates.MayDecide(Topic::kCalled));
  EXPECT_FALSE(candidates.MayDecideByMessage(Topic::kCalled)) << "the hour of the association";
  EXPECT_TRUE(candidates.MayDecideByMessage(Topic::kLog)) << "the hour of the message";
  EXPECT_TRUE(candidates.MayNeedDataSet(0x0001));
  EXPECT_FALSE(candidates.MayNeedDataSet(0x0020));
}

TEST(Rules, AnElementIsAskedForOnlyByARuleThatGetsThatFar) {
  auto rules = MustCompile(
      "- {name: a, when: {sop_class: rt, dataset: {Modality: CT}}, then: {log: one}}\n"
      "- {name: b, when: {size: {above: 1GiB}, command: C-FIND, dataset: {PatientID: X}},"
      " then: {log: two}}\n");
  Situation s;
  FakeElements elements(*rules, {});
  Decisions decisions;
  rules->Decide(s.caller, rules->CandidatesFor(s.caller), s.message, &elements, decisions);
  EXPECT_EQ(elements.asked(), 0u);
}

TEST(Rules, ExplainSaysWhoLostToWhomAndWhatWasNotRead) {
  auto rules = MustCompile(
      "- {name: a, when: {calling: DCMTK}, then: {hold: off, log: x}}\n"
      "- {name: b, when: {from: 10.1.0.0/16}, then: {hold: {at_most: 1d}}}\n"
      "- {name: c, when: {calling: AUTOSEG}, then: {queue: true}}\n"
      "- {name: d, when: {command: C-STORE}, then: {priority: low}, last: true}\n"
      "- {name: e, when: {called: VMSDBD}, then: {queue: true}}\n");
  Situation s;
  Decisions decisions;
  const Trace trace = rules->Explain(s.caller, s.message, nullptr, decisions);
  ASSERT_EQ(trace.size(), 5u);
  EXPECT_EQ(trace[0].match, Verdict::Match::kYes);
  ASSERT_EQ(trace[1].lost.size(), 1u);
  EXPECT_EQ(trace[1].lost[0].topic, Topic::kHold);
  EXPECT_EQ(trace[1].lost[0].to, 0u);
  EXPECT_EQ(trace[2].match, Verdict::Match::kNo);
  EXPECT_EQ(trace[2].why, "calling is DCMTK, not AUTOSEG");
  EXPECT_FALSE(trace[3].not_read);
  EXPECT_TRUE(trace[4].not_read);
  EXPECT_FALSE(decisions.queue);
}

TEST(Rules, AreNamedWithTheirPlaces) {
  auto rules = MustCompile("- {name: a, then: {log: x}}\n- {name: b, then: {log: y}}\n");
  EXPECT_EQ(rules->size(), 2u);
  EXPECT_EQ(rules->NameOf(1), "b");
  EXPECT_EQ(rules->PlaceOf(1), "f:2");
}

}  // namespace
}  // namespace rules
