#include "router/session/get_negotiation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

namespace uid = dimse::uid;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ul::ContextResult, ul::ProposedContext;

const Uid kImplicit(uid::kImplicitVrLittleEndian), kExplicit(uid::kExplicitVrLittleEndian);
const Uid kBigEndian(uid::kExplicitVrBigEndian), kJpeg("1.2.840.10008.1.2.4.70");
const Uid kCt(uid::kCtImage), kPlan(uid::kRtPlan);

class GetNegotiationTest : public ::testing::Test {
 protected:
  GetNegotiationTest() { terms_.called = AeTitle::FromWire("ARIADB"); }

  void Propose(ul::ContextId id, std::string_view abstract, std::vector<Uid> syntaxes) {
    client_.contexts.push_back({id, Uid(abstract), std::move(syntaxes)});
  }
  void Role(const Uid& sop_class, bool scu, bool scp) {
    client_.user.roles.push_back({sop_class, scu, scp});
  }
  // As getscu does: C-GET and classes of which it is the SCP alone.
  void ProposeAsGetscu(std::string_view get = uid::kStudyRootGet) {
    Propose(1, get, {kExplicit, kImplicit});
    Propose(3, uid::kCtImage, {kExplicit, kBigEndian, kImplicit});
    Role(kCt, false, true);
  }
  ul::AssociateRq Asked() { return BridgeRequest(client_, terms_); }

  // Upstream accepts these classes, in the last syntax that it was offered.
  ul::AssociateAc Answer(std::vector<std::string_view> accepts) {
    const ul::AssociateRq asked = Asked();
    ul::AssociateAc upstream;
    for (const ProposedContext& context : asked.contexts) {
      const bool takes =
          std::ranges::find(accepts, context.abstract_syntax.view()) != accepts.end();
      upstream.contexts.push_back(
          {context.id,
           takes ? ContextResult::kAcceptance : ContextResult::kAbstractSyntaxNotSupported,
           context.transfer_syntaxes.back()});
    }
    upstream.user.extended = upstream_extended_;
    return BridgeAccept(client_, asked, upstream, terms_, 65536, offered_);
  }
  static const ul::AnsweredContext& Of(const ul::AssociateAc& ac, ul::ContextId id) {
    return *std::ranges::find(ac.contexts, id, &ul::AnsweredContext::id);
  }

  ul::AssociateRq client_;
  ul::MirrorTerms terms_;
  OfferedSyntaxes offered_;
  std::vector<ul::ExtendedNegotiation> upstream_extended_;
};

TEST_F(GetNegotiationTest, UpstreamIsAskedForAMoveUnderTheIdOfTheGet) {
  ProposeAsGetscu();
  const ul::AssociateRq asked = Asked();
  ASSERT_EQ(asked.contexts.size(), 1u);
  EXPECT_EQ(asked.contexts[0].id, 1);
  EXPECT_EQ(asked.contexts[0].abstract_syntax.view(), uid::kStudyRootMove);
  EXPECT_THAT(asked.contexts[0].transfer_syntaxes, ElementsAre(kExplicit, kImplicit));
  EXPECT_THAT(asked.user.roles, IsEmpty());
  EXPECT_EQ(asked.called.title().view(), "ARIADB");
}

TEST_F(GetNegotiationTest, TheClientIsTheScpOfWhatItGetsInOneSyntax) {
  ProposeAsGetscu();
  const ul::AssociateAc ac = Answer({uid::kStudyRootMove});
  EXPECT_EQ(Of(ac, 1).result, ContextResult::kAcceptance);
  EXPECT_EQ(Of(ac, 1).transfer_syntax, kImplicit);  // as upstream chose for its C-MOVE
  EXPECT_EQ(Of(ac, 3).result, ContextResult::kAcceptance);
  EXPECT_EQ(Of(ac, 3).transfer_syntax, kExplicit);
  ASSERT_EQ(ac.user.roles.size(), 1u);
  EXPECT_TRUE(ac.user.roles[0].scp);
  EXPECT_FALSE(ac.user.roles[0].scu);
}

TEST_F(GetNegotiationTest, WhatUpstreamIsKnownToOfferFirstIsNotReEncoded) {
  ProposeAsGetscu();
  offered_[kCt] = {kJpeg, kImplicit, kExplicit};
  EXPECT_EQ(Of(Answer({uid::kStudyRootMove}), 3).transfer_syntax, kImplicit);
}

TEST_F(GetNegotiationTest, AnUncompressedSyntaxGoesBeforeOneThatNothingCanBeConvertedInto) {
  Propose(1, uid::kStudyRootGet, {kImplicit});
  Propose(3, uid::kCtImage, {kJpeg, kBigEndian, kImplicit});
  Role(kCt, false, true);
  EXPECT_EQ(Of(Answer({uid::kStudyRootMove}), 3).transfer_syntax, kImplicit);
}

TEST_F(GetNegotiationTest, WithoutAMoveUpstreamThereIsNoGet) {
  ProposeAsGetscu();
  EXPECT_EQ(Of(Answer({}), 1).result, ContextResult::kAbstractSyntaxNotSupported);
}

TEST_F(GetNegotiationTest, PatientRootIsOfferedOverAStudyRootThatUpstreamHasAlone) {
  ProposeAsGetscu(uid::kPatientRootGet);
  const ul::AssociateRq asked = Asked();
  ASSERT_EQ(asked.contexts.size(), 2u);
  EXPECT_EQ(asked.contexts[0].abstract_syntax.view(), uid::kPatientRootMove);
  EXPECT_EQ(asked.contexts[1].abstract_syntax.view(), uid::kStudyRootMove);
  EXPECT_EQ(asked.contexts[1].id % 2, 1);
  const ul::AssociateAc ac = Answer({uid::kStudyRootMove});
  EXPECT_EQ(Of(ac, 1).result, ContextResult::kAcceptance);
  EXPECT_EQ(Of(ac, 1).transfer_syntax, kExplicit);
  EXPECT_EQ(ac.contexts.size(), 2u) << "nothing is answered that was not proposed";
}

TEST_F(GetNegotiationTest, AllContextIdsUsedLeaveNoRoomAndNothingIsBroken) {
  Propose(1, uid::kPatientRootGet, {kImplicit});
  for (int id = 3; id <= 255; id += 2)
    Propose(static_cast<ul::ContextId>(id), "1.2.3", {kImplicit});
  EXPECT_EQ(Asked().contexts.size(), 128u);
}

TEST_F(GetNegotiationTest, RelationalRetrievalOfAGetIsNegotiatedForTheMove) {
  ProposeAsGetscu();
  client_.user.extended.push_back({Uid(uid::kStudyRootGet), Buffer{std::byte{1}}});
  const ul::AssociateRq asked = Asked();
  ASSERT_EQ(asked.user.extended.size(), 1u);
  EXPECT_EQ(asked.user.extended[0].sop_class.view(), uid::kStudyRootMove);
  upstream_extended_.push_back({Uid(uid::kStudyRootMove), Buffer{std::byte{1}}});
  const ul::AssociateAc ac = Answer({uid::kStudyRootMove});
  ASSERT_EQ(ac.user.extended.size(), 1u);
  EXPECT_EQ(ac.user.extended[0].sop_class.view(), uid::kStudyRootGet);
  EXPECT_THAT(ac.user.extended[0].application, ElementsAre(std::byte{1}));
}

TEST_F(GetNegotiationTest, AClassThatTheClientSendsTooIsAnsweredAsUpstreamTakesIt) {
  Propose(1, uid::kStudyRootGet, {kImplicit});
  Propose(3, uid::kCtImage, {kExplicit, kImplicit});
  Propose(5, uid::kRtPlan, {kExplicit, kImplicit});
  Role(kCt, true, true);
  Role(kPlan, true, true);
  const ul::AssociateRq asked = Asked();
  EXPECT_EQ(asked.contexts.size(), 3u);
  EXPECT_THAT(asked.user.roles, IsEmpty());
  const ul::AssociateAc ac = Answer({uid::kStudyRootMove, uid::kCtImage});
  EXPECT_EQ(Of(ac, 3).transfer_syntax, kImplicit);
  EXPECT_EQ(Of(ac, 5).transfer_syntax, kExplicit);
  ASSERT_EQ(ac.user.roles.size(), 2u);
  EXPECT_TRUE(ac.user.roles[0].scu && ac.user.roles[0].scp);
  EXPECT_TRUE(!ac.user.roles[1].scu && ac.user.roles[1].scp);
}

TEST_F(GetNegotiationTest, WhatTheClientMayNotUseIsRejectedAndNotAsked) {
  ProposeAsGetscu();
  Propose(5, uid::kStudyRootFind, {kImplicit});
  terms_.permits = [](const ProposedContext& context) {
    return context.abstract_syntax.view() != uid::kStudyRootFind;
  };
  EXPECT_EQ(Asked().contexts.size(), 1u);
  EXPECT_EQ(Of(Answer({uid::kStudyRootMove, uid::kStudyRootFind}), 5).result,
            ContextResult::kUserRejection);
}

TEST_F(GetNegotiationTest, AGetWithNothingToReceiveIsNoneToBridge) {
  Propose(1, uid::kStudyRootGet, {kImplicit});
  Propose(3, uid::kCtImage, {kImplicit});
  EXPECT_FALSE(WantsGet(client_, terms_));
  Role(kCt, true, true);
  EXPECT_TRUE(WantsGet(client_, terms_));
  terms_.permits = [](const ProposedContext& context) {
    return context.abstract_syntax.view() != uid::kStudyRootGet;
  };
  EXPECT_FALSE(WantsGet(client_, terms_));
}

// ---- `get: auto`

// Upstream's answer to the question: what it accepts; nothing: it is not known.
std::optional<bool> Needs(const std::vector<ProposedContext>& question,
                          std::optional<std::vector<std::string_view>> accepts) {
  return NeedsBridge(question, [&](const ProposedContext& context) {
    std::optional<bool> accepted;
    if (accepts)
      accepted = std::ranges::find(*accepts, context.abstract_syntax.view()) != accepts->end();
    return accepted;
  });
}

TEST_F(GetNegotiationTest, UpstreamIsAskedForTheMoveThatWouldDoTheGetAndForTheGet) {
  ProposeAsGetscu(uid::kPatientRootGet);
  std::vector<Uid> asked;
  std::vector<int> ids;
  for (const ProposedContext& context : QuestionOfGet(client_, terms_)) {
    asked.push_back(context.abstract_syntax);
    ids.push_back(context.id);
  }
  EXPECT_THAT(asked, ElementsAre(Uid(uid::kPatientRootMove), Uid(uid::kStudyRootMove),
                                 Uid(uid::kPatientRootGet)));
  EXPECT_THAT(ids, ElementsAre(1, 3, 5));
}

TEST_F(GetNegotiationTest, OnlyWhatHasMoveAndNoGetNeedsTheBridge) {
  ProposeAsGetscu();
  const auto question = QuestionOfGet(client_, terms_);
  using Accepts = std::vector<std::string_view>;
  EXPECT_EQ(Needs(question, Accepts{uid::kStudyRootMove}), true);
  EXPECT_EQ(Needs(question, Accepts{uid::kStudyRootMove, uid::kStudyRootGet}), false);
  EXPECT_EQ(Needs(question, Accepts{uid::kStudyRootGet}), false);
  EXPECT_EQ(Needs(question, Accepts{}), false) << "a plain storescp";
  EXPECT_EQ(Needs(question, std::nullopt), std::nullopt);
}

TEST_F(GetNegotiationTest, NoMoreContextsAreAskedForThanThereAreIds) {
  for (int i = 0; i < 128; ++i)
    Propose(static_cast<ul::ContextId>(2 * i + 1), uid::kStudyRootGet, {kImplicit});
  const auto question = QuestionOfGet(client_, terms_);
  EXPECT_EQ(question.size(), 128u);
  EXPECT_EQ(question.front().abstract_syntax, Uid(uid::kStudyRootMove));
  EXPECT_EQ(question.back().id, 255);
}

}  // namespace
}  // namespace router::session
