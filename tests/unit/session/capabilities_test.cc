#include "router/session/capabilities.h"

#include <gtest/gtest.h>

namespace router::session {
namespace {

using std::chrono::minutes;
using ul::ContextAnswer, ul::ContextResult, ul::ProposedContext;

const Uid kCt("1.2.840.10008.5.1.4.1.1.2");
const Uid kPlan("1.2.840.10008.5.1.4.1.1.481.5");
const Uid kImplicit("1.2.840.10008.1.2");
const Uid kExplicit("1.2.840.10008.1.2.1");
const Uid kJpeg("1.2.840.10008.1.2.4.70");

class CapabilitiesTest : public ::testing::Test {
 protected:
  // Upstream takes CT in Explicit of {Explicit, Implicit}, CT not in JPEG, plans not at all.
  void SetUp() override {
    ul::AssociateRq offered;
    offered.contexts = {{1, kCt, {kExplicit, kImplicit}},
                        {3, kCt, {kJpeg}},
                        {5, kPlan, {kImplicit}},
                        {7, Uid("1.2.3"), {kImplicit}}};
    ul::AssociateAc answered;
    answered.contexts = {{1, ContextResult::kAcceptance, kExplicit},
                         {3, ContextResult::kTransferSyntaxesNotSupported, kJpeg},
                         {5, ContextResult::kAbstractSyntaxNotSupported, kImplicit}};
    known_.Learn(offered, answered, now_);
  }
  // "explicit", …, the number of a rejection, or "unknown".
  std::string Answer(const Uid& of, std::vector<Uid> syntaxes, SteadyTime when) {
    auto answer = known_.Answer({1, of, std::move(syntaxes)}, when, minutes(10));
    if (!answer) return "unknown";
    if (answer->result != ContextResult::kAcceptance)
      return std::to_string(static_cast<int>(answer->result));
    return answer->transfer_syntax.str();
  }
  std::string Answer(const Uid& of, std::vector<Uid> syntaxes) {
    return Answer(of, std::move(syntaxes), now_ + minutes(1));
  }

  Capabilities known_;
  const SteadyTime now_ = SteadyTime(minutes(1000));
};

TEST_F(CapabilitiesTest, TheSameProposalHasTheSameAnswer) {
  EXPECT_EQ(Answer(kCt, {kExplicit, kImplicit}), kExplicit.str());
  EXPECT_EQ(Answer(kCt, {kJpeg}), "4");
  EXPECT_EQ(Answer(kPlan, {kImplicit}), "3");
}

TEST_F(CapabilitiesTest, WhatWasChosenFromSeveralIsTakenAlone) {
  EXPECT_EQ(Answer(kCt, {kExplicit}), kExplicit.str());
  EXPECT_EQ(Answer(kCt, {kJpeg, kExplicit}), kExplicit.str());
}

TEST_F(CapabilitiesTest, WhatWasNotAskedIsUnknown) {
  EXPECT_EQ(Answer(kCt, {kImplicit}), "unknown");
  EXPECT_EQ(Answer(Uid("1.2.4"), {kImplicit}), "unknown");
  EXPECT_EQ(Answer(Uid("1.2.3"), {kImplicit}), "unknown") << "proposed, not answered";
}

TEST_F(CapabilitiesTest, KnowledgeEnds) {
  EXPECT_EQ(Answer(kCt, {kExplicit}, now_ + minutes(10) - std::chrono::seconds(1)),
            kExplicit.str());
  EXPECT_EQ(Answer(kCt, {kExplicit}, now_ + minutes(10)), "unknown");
}

TEST_F(CapabilitiesTest, TheLatestAnswerCounts) {
  ul::AssociateRq offered;
  offered.contexts = {{1, kPlan, {kImplicit}}};
  ul::AssociateAc answered;
  answered.contexts = {{1, ContextResult::kAcceptance, kImplicit}};
  known_.Learn(offered, answered, now_ + minutes(5));
  EXPECT_EQ(Answer(kPlan, {kImplicit}, now_ + minutes(12)), kImplicit.str());
}

TEST_F(CapabilitiesTest, WhatWasRefusedIsForgotten) {
  known_.Forget(kCt);
  EXPECT_EQ(Answer(kCt, {kExplicit, kImplicit}), "unknown");
  EXPECT_EQ(Answer(kPlan, {kImplicit}), "3");
}

TEST_F(CapabilitiesTest, WhatAnApplicationBringsIsKnownByItsLastProposalForAClass) {
  EXPECT_TRUE(known_.offered().empty()) << "what it takes says nothing of what it brings";
  known_.NoteOffered({{1, kCt, {kJpeg, kImplicit}}, {3, kPlan, {kExplicit}}});
  known_.NoteOffered({{1, kCt, {kImplicit}}, {3, kCt, {kExplicit, kImplicit}}});
  EXPECT_EQ(known_.offered().at(kCt), (std::vector<Uid>{kImplicit, kExplicit}));
  EXPECT_EQ(known_.offered().at(kPlan), std::vector<Uid>{kExplicit});
}

TEST_F(CapabilitiesTest, MoreClassesThanThereAreDoNotFillTheMemory) {
  for (int n = 0; n < 3000; ++n) known_.NoteOffered({{1, Uid("1.2." + std::to_string(n)), {}}});
  EXPECT_LE(known_.offered().size(), 1024u);
}

}  // namespace
}  // namespace router::session
