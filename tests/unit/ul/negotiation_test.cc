#include "router/ul/negotiation.h"

#include <gtest/gtest.h>

#include "router/ul/reject_reasons.h"
#include "tests/unit/ul/hex.h"

namespace router::ul {
namespace {

const Uid kCt("1.2.840.10008.5.1.4.1.1.2"), kFind("1.2.840.10008.5.1.4.1.2.2.1"),
    kMove("1.2.840.10008.5.1.4.1.2.2.2"), kEcho("1.2.840.10008.1.1");
const Uid kImplicit("1.2.840.10008.1.2"), kExplicit("1.2.840.10008.1.2.1"),
    kJpeg("1.2.840.10008.1.2.4.50");

AssociateRq ClientRequest() {
  AssociateRq rq;
  rq.calling.wire = AeTitle::FromWire("DCMTK").Padded();
  std::ranges::copy(std::string_view(" VMSDBD1        "), rq.called.wire.begin());
  rq.reserved[3] = std::byte{42};
  rq.contexts = {{1, kCt, {kJpeg, kExplicit, kImplicit}},
                 {3, kFind, {kImplicit}},
                 {5, kMove, {kExplicit, kImplicit}}};
  rq.user.max_length = 16384;
  rq.user.implementation_class = Uid("1.2.276.0.7230010.3.0.3.6.7");
  rq.user.implementation_version = "OFFIS_DCMTK_367";
  rq.user.async_window = AsyncWindow{8, 8};
  rq.user.roles = {{kCt, true, true}};
  rq.user.extended = {{kFind, Hex("01 01")}, {kMove, Hex("01")}};
  rq.user.common_extended = {{0, kCt, Uid("1.2.840.10008.4.2"), {}, {}}};
  rq.user.identity = UserIdentityRq{2, true, Hex("'anna'"), Hex("'word'")};
  rq.user.unknown = {{0x5E, Hex("'sub'")}};
  rq.unknown = {{0x60, Hex("'item'")}};
  return rq;
}

MirrorTerms Terms() {
  MirrorTerms terms;
  terms.calling = AeTitle::FromWire("SLUICE");
  terms.called = AeTitle::FromWire("VMSDBD");
  terms.max_length = 65536;
  return terms;
}
MirrorTerms WithoutMove() {
  MirrorTerms terms = Terms();
  terms.permits = [](const ProposedContext& c) { return c.abstract_syntax != kMove; };
  return terms;
}

AssociateAc UpstreamAnswer() {
  AssociateAc ac;
  ac.contexts = {{1, ContextResult::kAcceptance, kExplicit},
                 {3, ContextResult::kAbstractSyntaxNotSupported, Uid()},
                 {5, ContextResult::kAcceptance, kImplicit}};
  ac.user.max_length = 32768;
  ac.user.implementation_class = Uid("1.2.246.352");
  ac.user.implementation_version = "VARIAN";
  return ac;
}

TEST(Objection, SoundRequestHasNone) { EXPECT_FALSE(ObjectionTo(ClientRequest())); }

TEST(Objection, EveryFaultHasItsRejection) {
  auto rq = ClientRequest();
  rq.protocol_version = 2;
  EXPECT_EQ(ObjectionTo(rq)->answer, (AssociateRj{1, 2, 2}));
  rq.protocol_version = 3;  // version 1 among others
  EXPECT_FALSE(ObjectionTo(rq));
  rq.application_context = Uid("1.2.3");
  EXPECT_EQ(ObjectionTo(rq)->answer, (AssociateRj{1, 1, 2}));

  rq = ClientRequest();
  rq.contexts.clear();
  EXPECT_EQ(ObjectionTo(rq)->answer, (AssociateRj{1, 2, 1}));
  rq = ClientRequest();
  rq.contexts[1].id = 4;
  EXPECT_EQ(ObjectionTo(rq)->why, "presentation context ID 4 is even");
  rq.contexts[1].id = 0;
  EXPECT_TRUE(ObjectionTo(rq));
  rq.contexts[1].id = 5;
  EXPECT_EQ(ObjectionTo(rq)->why, "presentation context ID 5 is used twice");
}

TEST(Mirror, RequestCarriesAllThatTheClientAskedUnderOurName) {
  AssociateRq client = ClientRequest(), rq = MirrorRequest(client, Terms());
  EXPECT_EQ(rq.calling.title().view(), "SLUICE");
  EXPECT_EQ(rq.called.title().view(), "VMSDBD");
  EXPECT_EQ(rq.contexts, client.contexts);
  EXPECT_EQ(rq.user.max_length, 65536U);
  EXPECT_EQ(rq.user.implementation_class.view(), kImplementationClassUid);
  EXPECT_EQ(rq.user.implementation_version, "SLUICE_0_1");
  EXPECT_EQ(rq.user.async_window, (AsyncWindow{1, 1}));
  EXPECT_EQ(rq.user.roles, client.user.roles);
  EXPECT_EQ(rq.user.extended, client.user.extended);
  EXPECT_EQ(rq.user.common_extended, client.user.common_extended);
  EXPECT_EQ(rq.user.identity, client.user.identity);
  EXPECT_EQ(rq.user.unknown, client.user.unknown);
  EXPECT_EQ(rq.unknown, client.unknown);
  EXPECT_FALSE(IsFromSluice(client));
  EXPECT_TRUE(IsFromSluice(rq));
}

TEST(Mirror, WindowIsNotOfferedWhereTheClientOfferedNone) {
  AssociateRq client = ClientRequest();
  client.user.async_window.reset();
  EXPECT_FALSE(MirrorRequest(client, Terms()).user.async_window);
}

TEST(Mirror, ForbiddenContextsAndWhatBelongsToThemStayHere) {
  AssociateRq rq = MirrorRequest(ClientRequest(), WithoutMove());
  ASSERT_EQ(rq.contexts.size(), 2U);
  EXPECT_EQ(rq.contexts[1].id, 3);
  ASSERT_EQ(rq.user.extended.size(), 1U);
  EXPECT_EQ(rq.user.extended[0].sop_class, kFind);
  EXPECT_EQ(rq.user.roles.size(), 1U);
}

TEST(Mirror, AnswerEchoesTheTitlesByteByByte) {
  AssociateRq client = ClientRequest();
  AssociateAc ac = MirrorAccept(client, UpstreamAnswer(), Terms(), 16384);
  EXPECT_EQ(ac.called, client.called);
  EXPECT_EQ(ac.calling, client.calling);
  EXPECT_EQ(ac.reserved, client.reserved);
  EXPECT_EQ(ac.user.max_length, 16384U);
  EXPECT_EQ(ac.user.implementation_class.view(), kImplementationClassUid);
}

TEST(Mirror, AnswerHasOneResultForEachContextOfTheClient) {
  AssociateAc ac = MirrorAccept(ClientRequest(), UpstreamAnswer(), WithoutMove(), 0);
  EXPECT_EQ(ac.contexts,
            (std::vector{AnsweredContext{1, ContextResult::kAcceptance, kExplicit},
                         AnsweredContext{3, ContextResult::kAbstractSyntaxNotSupported, kImplicit},
                         AnsweredContext{5, ContextResult::kUserRejection, kExplicit}}));
}

TEST(Mirror, ContextsAreAnsweredInUpstreamsOrderThenWhatItLeftOpen) {
  AssociateAc upstream = UpstreamAnswer();
  upstream.contexts = {{5, ContextResult::kAcceptance, kImplicit},
                       {1, ContextResult::kAcceptance, kJpeg},
                       {5, ContextResult::kNoReason, kImplicit}};
  AssociateAc ac = MirrorAccept(ClientRequest(), upstream, Terms(), 0);
  EXPECT_EQ(ac.contexts, (std::vector{AnsweredContext{5, ContextResult::kAcceptance, kImplicit},
                                      AnsweredContext{1, ContextResult::kAcceptance, kJpeg},
                                      AnsweredContext{3, ContextResult::kNoReason, kImplicit}}));
}

TEST(Mirror, RejectedContextKeepsTheTransferSyntaxThatUpstreamWrote) {
  AssociateAc upstream = UpstreamAnswer();
  upstream.contexts[1].transfer_syntax = kExplicit;  // not even proposed
  AssociateAc ac = MirrorAccept(ClientRequest(), upstream, Terms(), 0);
  EXPECT_EQ(ac.contexts[1],
            (AnsweredContext{3, ContextResult::kAbstractSyntaxNotSupported, kExplicit}));
}

TEST(Mirror, ContextThatUpstreamForgotOrAnsweredWithAnotherSyntaxIsNotAccepted) {
  AssociateAc upstream = UpstreamAnswer();
  upstream.contexts[0].transfer_syntax = Uid("1.2.3");
  upstream.contexts.pop_back();
  upstream.contexts.push_back({99, ContextResult::kAcceptance, kImplicit});
  AssociateAc ac = MirrorAccept(ClientRequest(), upstream, Terms(), 0);
  ASSERT_EQ(ac.contexts.size(), 3U);
  EXPECT_EQ(ac.contexts[0].result, ContextResult::kNoReason);
  EXPECT_EQ(ac.contexts[2].result, ContextResult::kNoReason);
}

TEST(Mirror, AnswersOfUpstreamReachTheClientThatAsked) {
  AssociateAc upstream = UpstreamAnswer();
  upstream.user.async_window = AsyncWindow{4, 4};
  upstream.user.roles = {{kCt, false, true}};
  upstream.user.extended = {{kFind, Hex("01 00")}};
  upstream.user.identity_response = UserIdentityAc{Hex("'tick'")};
  upstream.user.unknown = {{0x5E, Hex("'reply'")}, {0x5D, Hex("'uncalled'")}};
  upstream.unknown = {{0x60, Hex("'r'")}, {0x61, {}}};
  AssociateAc ac = MirrorAccept(ClientRequest(), upstream, Terms(), 0);
  EXPECT_EQ(ac.user.async_window, (AsyncWindow{1, 1}));
  EXPECT_EQ(ac.user.roles, upstream.user.roles);
  EXPECT_EQ(ac.user.extended, upstream.user.extended);
  EXPECT_EQ(ac.user.identity_response, upstream.user.identity_response);
  EXPECT_EQ(ac.user.unknown, (std::vector{RawItem{0x5E, Hex("'reply'")}}));
  EXPECT_EQ(ac.unknown, (std::vector{RawItem{0x60, Hex("'r'")}}));
}

TEST(Mirror, NothingIsAnsweredThatWasNotAsked) {
  AssociateRq client = ClientRequest();
  client.user = {};
  client.unknown.clear();
  AssociateAc upstream = UpstreamAnswer();
  upstream.user.async_window = AsyncWindow{1, 1};
  upstream.user.roles = {{kCt, true, true}};
  upstream.user.extended = {{kFind, Hex("01")}};
  upstream.user.common_extended = {{0, kCt, Uid("1.2"), {}, {}}};
  upstream.user.identity_response = UserIdentityAc{};
  upstream.user.unknown = {{0x5E, {}}};
  upstream.unknown = {{0x60, {}}};
  AssociateAc ac = MirrorAccept(client, upstream, Terms(), 1000);
  UserInformation only_ours;
  only_ours.max_length = 1000;
  only_ours.implementation_class = Uid(kImplementationClassUid);
  only_ours.implementation_version = kImplementationVersion;
  EXPECT_EQ(ac.user, only_ours);
  EXPECT_TRUE(ac.unknown.empty());
}

TEST(Mirror, RolesNeverExceedTheProposal) {
  AssociateRq client = ClientRequest();
  client.user.roles = {{kCt, false, true}};
  AssociateAc upstream = UpstreamAnswer();
  upstream.user.roles = {{kCt, true, true}, {kFind, true, true}};
  AssociateAc ac = MirrorAccept(client, upstream, Terms(), 0);
  EXPECT_EQ(ac.user.roles, (std::vector{RoleSelection{kCt, false, true}}));
}

TEST(Mirror, IdentityResponseIsKeptFromAClientThatDidNotWantOne) {
  AssociateRq client = ClientRequest();
  client.user.identity->positive_response_requested = false;
  AssociateAc upstream = UpstreamAnswer();
  upstream.user.identity_response = UserIdentityAc{};
  EXPECT_FALSE(MirrorAccept(client, upstream, Terms(), 0).user.identity_response);
}

TerminateTerms Choosing() {
  TerminateTerms terms;
  terms.max_length = 131072;
  terms.choose = [](const ProposedContext& c) {
    if (c.abstract_syntax == kCt) return ContextAnswer::Accept(kExplicit);
    if (c.abstract_syntax == kFind) return ContextAnswer::Accept(kJpeg);  // not proposed there
    return ContextAnswer::Reject(ContextResult::kTransferSyntaxesNotSupported);
  };
  return terms;
}

TEST(Terminate, ContextsAreAnsweredAsChosenButNeverWithWhatWasNotProposed) {
  AssociateRq client = ClientRequest();
  AssociateAc ac = TerminateAccept(client, Choosing());
  EXPECT_EQ(
      ac.contexts,
      (std::vector{AnsweredContext{1, ContextResult::kAcceptance, kExplicit},
                   AnsweredContext{3, ContextResult::kNoReason, kImplicit},
                   AnsweredContext{5, ContextResult::kTransferSyntaxesNotSupported, kExplicit}}));
  EXPECT_EQ(ac.called, client.called);
  EXPECT_EQ(ac.user.max_length, 131072U);
  EXPECT_TRUE(ac.user.roles.empty());
  EXPECT_TRUE(ac.user.extended.empty());
  EXPECT_FALSE(ac.user.identity_response);
}

TEST(Terminate, RolesAndExtensionsAreGrantedOnlyOnRequest) {
  TerminateTerms terms = Choosing();
  terms.roles = [](const RoleSelection& asked) {
    return RoleSelection{asked.sop_class, true, true};
  };
  terms.extended = [](const ExtendedNegotiation& asked) -> std::optional<Buffer> {
    if (asked.sop_class == kFind) return Hex("01");
    return std::nullopt;
  };
  terms.identity_response = Buffer{};
  AssociateRq client = ClientRequest();
  client.user.roles = {{kCt, false, true}};
  AssociateAc ac = TerminateAccept(client, terms);
  EXPECT_EQ(ac.user.roles, (std::vector{RoleSelection{kCt, false, true}}));
  EXPECT_EQ(ac.user.extended, (std::vector{ExtendedNegotiation{kFind, Hex("01")}}));
  EXPECT_TRUE(ac.user.identity_response);
  client.user = {};
  ac = TerminateAccept(client, terms);
  EXPECT_TRUE(ac.user.roles.empty());
  EXPECT_TRUE(ac.user.extended.empty());
  EXPECT_FALSE(ac.user.identity_response);
  EXPECT_FALSE(ac.user.async_window);
}

TEST(Agreed, HasContextsOfBothPdusWithTheirRoles) {
  AssociateRq rq = ClientRequest();
  AssociateAc ac = UpstreamAnswer();
  ac.user.roles = {{kCt, false, true}};
  auto agreed = Agreed(rq, ac);
  ASSERT_EQ(agreed.size(), 2U);
  EXPECT_EQ(agreed[0].id, 1);
  EXPECT_EQ(agreed[0].abstract_syntax, kCt);
  EXPECT_EQ(agreed[0].transfer_syntax, kExplicit);
  EXPECT_FALSE(agreed[0].requestor_is_scu);
  EXPECT_TRUE(agreed[0].requestor_is_scp);
  EXPECT_EQ(agreed[1].id, 5);
  EXPECT_TRUE(agreed[1].requestor_is_scu);
  EXPECT_FALSE(agreed[1].requestor_is_scp);
}

TEST(Agreed, AcceptanceWithASyntaxThatWasNotProposedIsNone) {
  AssociateAc ac = UpstreamAnswer();
  ac.contexts[0].transfer_syntax = Uid("1.2.3");
  auto agreed = Agreed(ClientRequest(), ac);
  ASSERT_EQ(agreed.size(), 1U);
  EXPECT_EQ(agreed[0].id, 5);
}

TEST(Originate, IsARequestThatNobodyObjectsTo) {
  AssociateRq rq = OriginateRequest(AeTitle::FromWire("SLUICE"), AeTitle::FromWire("VMSDBD"),
                                    131072, {{1, kEcho, {kImplicit}}});
  EXPECT_FALSE(ObjectionTo(rq));
  EXPECT_TRUE(IsFromSluice(rq));
  EXPECT_EQ(rq.user.max_length, 131072U);
}

TEST(SendLimit, IsThePeersCappedByOurs) {
  UserInformation user;
  EXPECT_EQ(SendLimit(user, 1000), 1000U);
  user.max_length = 0;
  EXPECT_EQ(SendLimit(user, 1000), 1000U);
  user.max_length = 500;
  EXPECT_EQ(SendLimit(user, 1000), 500U);
  user.max_length = 5000;
  EXPECT_EQ(SendLimit(user, 1000), 1000U);
}

TEST(Constants, ImplementationIdentityFitsItsFields) {
  EXPECT_TRUE(Uid(kImplementationClassUid).IsValid());
  EXPECT_LE(kImplementationVersion.size(), 16U);  // PS3.7 D.3.3.2.3
}

}  // namespace
}  // namespace router::ul
