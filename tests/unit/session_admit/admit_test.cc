#include "router/session/admit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/config/load.h"

namespace router::session {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view kOurs = "1.2.826.0.1.3680043.9.1.1";
constexpr std::string_view kSample = R"(
ae_title: SLUICE
listen: [{port: 51402}]
store: {directory: /var/lib/sluice}
applications:
  VMSDBD:
    address: 10.1.0.4:51402
    profile: aria
    also_called: [VMSSDBD, VMSDBD1]
    machines: [EDGE]
    move_as: [SLUICE1, SLUICE2]
  VMSFD-OUT: {address: " 10.1.0.4:51405", also_called: [VMSFD], moves: forward}
  RTPACS: {address: "10.1.0.20:104", call_as: VMSDBD}
  CONSOLE: {from: 10.1.8.0/24}
clients:
  - {ae_title: [DCMTK, DCMCTK], from: 10.1.0.0/24, receives_on: 50500}
  - {ae_title: AUTOSEG, from: 10.1.0.31, may: [store]}
  - {ae_title: "ECL*", from: [10.2.0.0/16, "fd00::/8"], call_as: SLUICE-L1}
)";

class AdmitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config::Loaded loaded = config::LoadText("sample", kSample);
    ASSERT_TRUE(loaded.config) << ::testing::PrintToString(loaded.errors);
    config_ = loaded.config;
  }
  Admission Call(std::string_view calling, std::string_view called, std::string from,
                 std::string_view implementation = "1.2.276.0.7230010.3.0.3.6.7") {
    return Admit(*config_,
                 {std::move(from), AeTitle::FromWire(calling), AeTitle::FromWire(called),
                  Uid(implementation)},
                 Uid(kOurs));
  }
  // The name of the application that a client's call is admitted to, or why not.
  std::string Admitted(std::string_view calling, std::string_view called, std::string from) {
    Admission admission = Call(calling, called, std::move(from));
    if (auto* client = std::get_if<AdmittedClient>(&admission)) return client->application->name;
    if (auto* no = std::get_if<Rejected>(&admission)) return std::string(NameOf(no->why));
    return "something else";
  }
  Rejected RejectedCall(std::string_view calling, std::string_view called, std::string from,
                        std::string_view implementation = "1.2.3") {
    Admission admission = Call(calling, called, std::move(from), implementation);
    EXPECT_TRUE(std::holds_alternative<Rejected>(admission));
    if (!std::holds_alternative<Rejected>(admission)) return {};
    return std::get<Rejected>(admission);
  }
  const config::Client& ClientNamed(std::string_view name) {
    for (const config::Client& client : config_->clients)
      if (client.name() == name) return client;
    ADD_FAILURE() << "no client " << name;
    return config_->clients.front();
  }
  std::shared_ptr<const config::Config> config_;
};

// "DICOM Scripting" mixes VMSDBD, VMSSDBD and VMSDBD1, DCMTK and DCMCTK, VMSFD-OUT and VMSFD.
TEST_F(AdmitTest, TypingErrorsOfTheVarianDocumentAreAdmittedAsWhatWasMeant) {
  for (std::string_view calling : {"DCMTK", "DCMCTK"}) {
    for (std::string_view called : {"VMSDBD", "VMSSDBD", "VMSDBD1"})
      EXPECT_EQ(Admitted(calling, called, "10.1.0.50"), "VMSDBD") << calling << called;
    for (std::string_view called : {"VMSFD-OUT", "VMSFD"})
      EXPECT_EQ(Admitted(calling, called, "10.1.0.50"), "VMSFD-OUT") << calling << called;
  }
}

TEST_F(AdmitTest, AnAddressThatBeginsWithASpaceIsTheAddress) {
  EXPECT_EQ(Admitted("DCMTK", "VMSDBD", " 10.1.0.50"), "VMSDBD");
  const auto* file_service = config_->FindApplicationByCalledTitle(AeTitle::FromWire("VMSFD"));
  ASSERT_NE(file_service, nullptr);
  EXPECT_EQ(file_service->address->host, "10.1.0.4");
}

TEST_F(AdmitTest, TypingErrorsThatNobodyConfiguredAreRejectedWithTheNearestTitle) {
  Rejected called = RejectedCall("DCMTK", "VMSDDB", "10.1.0.50");
  EXPECT_THAT(called.for_log, AllOf(HasSubstr("VMSDDB"), HasSubstr("nearest"), HasSubstr("VMSDBD"),
                                    HasSubstr("also_called")));
  Rejected calling = RejectedCall("DCMKT", "VMSDBD", "10.1.0.50");
  EXPECT_THAT(calling.for_log, AllOf(HasSubstr("\"DCMKT\""), HasSubstr("\"DCMTK\"")));
}

TEST_F(AdmitTest, PaddingOfTitlesDoesNotCountButCaseDoes) {
  EXPECT_EQ(Admitted("DCMTK           ", " VMSDBD  ", "10.1.0.50"), "VMSDBD");
  EXPECT_EQ(Admitted("dcmtk", "VMSDBD", "10.1.0.50"), "calling_unknown");
  EXPECT_EQ(Admitted("DCMTK", "vmsdbd", "10.1.0.50"), "called_unknown");
}

TEST_F(AdmitTest, UnknownCallersAreRejectedForGoodAsUnknownCallingTitle) {
  Rejected no = RejectedCall("NOBODY", "VMSDBD", "10.1.0.50");
  EXPECT_EQ(std::tuple(no.result, no.source, no.reason), std::tuple(1, 1, 3));
  EXPECT_EQ(no.why, RejectReason::kCallingUnknown);
}

TEST_F(AdmitTest, KnownTitlesFromElsewhereAreRejectedNamingWhenceTheyMayCall) {
  Rejected no = RejectedCall("AUTOSEG", "VMSDBD", "10.1.0.32");
  EXPECT_EQ(std::tuple(no.result, no.source, no.reason), std::tuple(1, 1, 3));
  EXPECT_EQ(no.why, RejectReason::kAddressUnknown);
  EXPECT_THAT(no.for_log, AllOf(HasSubstr("10.1.0.31"), HasSubstr("10.1.0.32"), HasSubstr("from")));
}

TEST_F(AdmitTest, UnknownApplicationsAreRejectedForGoodAsUnknownCalledTitle) {
  Rejected no = RejectedCall("DCMTK", "PACS", "10.1.0.50");
  EXPECT_EQ(std::tuple(no.result, no.source, no.reason), std::tuple(1, 1, 7));
  EXPECT_EQ(no.why, RejectReason::kCalledUnknown);
}

TEST_F(AdmitTest, ApplicationsWithoutAddressCannotBeCalled) {
  Rejected no = RejectedCall("DCMTK", "CONSOLE", "10.1.0.50");
  EXPECT_EQ(no.reason, 7);
  EXPECT_THAT(no.for_log, HasSubstr("no address"));
}

TEST_F(AdmitTest, GarbageInPlaceOfAnAddressIsNobody) {
  EXPECT_EQ(Admitted("DCMTK", "VMSDBD", "nowhere"), "address_unknown");
  EXPECT_EQ(Admitted("DCMTK", "VMSDBD", ""), "address_unknown");
  EXPECT_EQ(Admitted("", "", "10.1.0.50"), "calling_unknown");
}

TEST_F(AdmitTest, GlobsAndSeveralRangesMatch) {
  EXPECT_EQ(Admitted("ECLIPSE7", "VMSDBD", "10.2.200.1"), "VMSDBD");
  EXPECT_EQ(Admitted("ECLIPSE7", "VMSDBD", "fd00::7"), "VMSDBD");
  EXPECT_EQ(Admitted("ECLIPSE7", "VMSDBD", "::ffff:10.2.200.1"), "VMSDBD");
  EXPECT_EQ(Admitted("ECLIPSE7", "VMSDBD", "fe00::7"), "address_unknown");
}

TEST_F(AdmitTest, ClientsThatCallUsOurselvesGetAnEcho) {
  for (std::string_view ours : {"SLUICE", "SLUICE1", "SLUICE-L1"}) {
    Admission admission = Call("DCMTK", ours, "10.1.0.50");
    ASSERT_TRUE(std::holds_alternative<OwnEcho>(admission)) << ours;
    EXPECT_EQ(std::get<OwnEcho>(admission).client->name(), "DCMTK");
  }
}

TEST_F(AdmitTest, StrangersGetNoEcho) {
  EXPECT_EQ(RejectedCall("NOBODY", "SLUICE", "10.1.0.50").reason, 3);
}

TEST_F(AdmitTest, ApplicationsThatCallOneOfOurTitlesBringSubOperations) {
  for (std::string_view ours : {"SLUICE", "SLUICE1", "SLUICE2"}) {
    Admission admission = Call("VMSDBD", ours, "10.1.0.4");
    ASSERT_TRUE(std::holds_alternative<SubOperations>(admission)) << ours;
    EXPECT_EQ(std::get<SubOperations>(admission).application->name, "VMSDBD");
    EXPECT_EQ(std::get<SubOperations>(admission).called, AeTitle::FromWire(ours));
  }
  EXPECT_TRUE(std::holds_alternative<SubOperations>(Call("VMSDBD1", "SLUICE1", "10.1.0.4")));
  EXPECT_TRUE(std::holds_alternative<SubOperations>(Call("CONSOLE", "SLUICE1", "10.1.8.77")));
}

TEST_F(AdmitTest, SubOperationsFromAnotherAddressAreRejected) {
  Rejected no = RejectedCall("VMSDBD", "SLUICE1", "10.9.9.9");
  EXPECT_EQ(no.reason, 3);
  EXPECT_EQ(no.why, RejectReason::kAddressUnknown);
  EXPECT_THAT(no.for_log, AllOf(HasSubstr("VMSDBD"), HasSubstr("10.1.0.4"), HasSubstr("from")));
}

TEST_F(AdmitTest, SubOperationsToATitleThatIsNotOursAreRejectedNamingMoveAs) {
  Rejected no = RejectedCall("VMSDBD", "SLUICE3", "10.1.0.4");
  EXPECT_EQ(no.reason, 7);
  EXPECT_THAT(no.for_log, AllOf(HasSubstr("SLUICE3"), HasSubstr("move_as"), HasSubstr("nearest")));
}

TEST_F(AdmitTest, ApplicationsMayNotCallOthersUnlessTheyAreClientsToo) {
  Rejected no = RejectedCall("VMSDBD", "RTPACS", "10.1.0.4");
  EXPECT_EQ(no.reason, 3);
  EXPECT_THAT(no.for_log, HasSubstr("clients"));
}

TEST_F(AdmitTest, ATitleLentToUsByCallAsStillNamesTheApplication) {
  EXPECT_EQ(Admitted("DCMTK", "VMSDBD", "10.1.0.50"), "VMSDBD");
}

TEST_F(AdmitTest, OurOwnAssociationIsALoopAndSaysWhatToChange) {
  for (std::string_view calling : {"SLUICE", "SLUICE1", "SLUICE-L1", "VMSDBD"}) {
    Rejected no = RejectedCall(calling, "VMSDBD", "10.1.0.3", kOurs);
    EXPECT_EQ(no.why, RejectReason::kLoop) << calling;
    EXPECT_EQ(std::tuple(no.result, no.source, no.reason), std::tuple(1, 1, 1));
    EXPECT_THAT(no.for_log, AllOf(HasSubstr("10.1.0.4:51402"), HasSubstr("address")));
  }
}

TEST_F(AdmitTest, AnotherSluiceIsNoLoop) {
  Admission admission = Call("DCMTK", "VMSDBD", "10.1.0.50", kOurs);
  EXPECT_TRUE(std::holds_alternative<AdmittedClient>(admission));
}

TEST_F(AdmitTest, OurTitleWithoutOurImplementationIsAStranger) {
  EXPECT_EQ(RejectedCall("SLUICE", "VMSDBD", "10.1.0.50").why, RejectReason::kCallingUnknown);
}

TEST_F(AdmitTest, HintsAreFitForALogLine) {
  Rejected no = RejectedCall("DC\nTK\x01", "VM\"SDBD", "10.1.0.50");
  for (unsigned char c : no.for_log) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
}

TEST_F(AdmitTest, EachReasonHasItsOwnLabel) {
  EXPECT_EQ(NameOf(RejectReason::kCallingUnknown), "calling_unknown");
  EXPECT_EQ(NameOf(RejectReason::kAddressUnknown), "address_unknown");
  EXPECT_EQ(NameOf(RejectReason::kCalledUnknown), "called_unknown");
  EXPECT_EQ(NameOf(RejectReason::kLoop), "loop");
}

const Uid kCt("1.2.840.10008.5.1.4.1.1.2");
const Uid kVerification("1.2.840.10008.1.1");
const Uid kStudyRootFind("1.2.840.10008.5.1.4.1.2.2.1");
const Uid kStudyRootMove("1.2.840.10008.5.1.4.1.2.2.2");
const Uid kStudyRootGet("1.2.840.10008.5.1.4.1.2.2.3");
const Uid kCommitment("1.2.840.10008.1.20.1");
const Uid kPerformedStep("1.2.840.10008.3.1.2.3.3");
const Uid kProcedureStep("1.2.840.10008.5.1.4.34.6.3");
const Uid kVarianPlan("1.2.246.352.70.1.70");

TEST_F(AdmitTest, WithoutMayEveryCommandIsAllowed) {
  const config::Client& client = ClientNamed("DCMTK");
  for (uint16_t field : {0x0001, 0x0010, 0x0020, 0x0021, 0x0030, 0x0FFF, 0x0130})
    EXPECT_TRUE(MayUse(client, dimse::Command{field}, kCt)) << field;
  for (const Uid& uid : {kCt, kVerification, kStudyRootFind, kStudyRootGet, kCommitment,
                         kPerformedStep, kProcedureStep, kVarianPlan})
    EXPECT_TRUE(ContextPermitted(client, uid)) << uid.str();
}

TEST_F(AdmitTest, AClientThatMayStoreMayEchoAndNothingElse) {
  using enum dimse::Command;
  const config::Client& client = ClientNamed("AUTOSEG");
  EXPECT_TRUE(MayUse(client, kCStoreRq, kCt));
  EXPECT_TRUE(MayUse(client, kCEchoRq, kVerification));
  EXPECT_TRUE(MayUse(client, kCCancelRq, kCt));
  EXPECT_FALSE(MayUse(client, kCFindRq, kStudyRootFind));
  EXPECT_FALSE(MayUse(client, kCMoveRq, kStudyRootMove));
  EXPECT_FALSE(MayUse(client, kCGetRq, kStudyRootGet));
  EXPECT_FALSE(MayUse(client, kNActionRq, kCommitment));
  EXPECT_FALSE(MayUse(client, kNCreateRq, kPerformedStep));
}

TEST_F(AdmitTest, ResponsesAndUnknownCommandsAreNoRequests) {
  const config::Client& client = ClientNamed("DCMTK");
  EXPECT_FALSE(MayUse(client, dimse::Command::kCStoreRsp, kCt));
  EXPECT_FALSE(MayUse(client, dimse::Command{0x0042}, kCt));
}

TEST_F(AdmitTest, ContextsThatNoPermittedCommandCanUseAreNot) {
  const config::Client& client = ClientNamed("AUTOSEG");
  EXPECT_TRUE(ContextPermitted(client, kCt));
  EXPECT_TRUE(ContextPermitted(client, kVarianPlan));
  EXPECT_TRUE(ContextPermitted(client, kVerification));
  for (const Uid& uid :
       {kStudyRootFind, kStudyRootMove, kStudyRootGet, kCommitment, kPerformedStep, kProcedureStep})
    EXPECT_FALSE(ContextPermitted(client, uid)) << uid.str();
}

config::Client Only(std::initializer_list<config::Operation> operations) {
  config::Client client;
  client.may = {};
  for (config::Operation operation : operations) client.may[static_cast<size_t>(operation)] = true;
  return client;
}

TEST(Contexts, AGetNeedsStorageContextsForItsSubOperations) {
  config::Client client = Only({config::Operation::kGet});
  EXPECT_TRUE(ContextPermitted(client, kStudyRootGet));
  EXPECT_TRUE(ContextPermitted(client, kCt));
  EXPECT_FALSE(ContextPermitted(client, kStudyRootMove));
}

TEST(Contexts, StorageCommitmentIsPermittedByItself) {
  config::Client client = Only({config::Operation::kCommit});
  EXPECT_TRUE(ContextPermitted(client, kCommitment));
  EXPECT_TRUE(MayUse(client, dimse::Command::kNActionRq, kCommitment));
  EXPECT_FALSE(MayUse(client, dimse::Command::kNActionRq, kPerformedStep));
  EXPECT_FALSE(ContextPermitted(client, kPerformedStep));
  config::Client other = Only({config::Operation::kNormalized});
  EXPECT_FALSE(MayUse(other, dimse::Command::kNActionRq, kCommitment));
  EXPECT_TRUE(MayUse(other, dimse::Command::kNActionRq, kPerformedStep));
}

TEST(Contexts, QueriesOfOtherFamiliesAreQueries) {
  config::Client finder = Only({config::Operation::kFind});
  EXPECT_TRUE(ContextPermitted(finder, Uid("1.2.840.10008.5.1.4.31")));    // worklist
  EXPECT_TRUE(ContextPermitted(finder, Uid("1.2.840.10008.5.1.4.38.2")));  // hanging protocol
  EXPECT_TRUE(ContextPermitted(finder, kProcedureStep));
  EXPECT_FALSE(ContextPermitted(finder, Uid("1.2.840.10008.5.1.4.38.3")));
  EXPECT_FALSE(ContextPermitted(finder, kCt));
  EXPECT_FALSE(ContextPermitted(finder, kVarianPlan));
}

}  // namespace
}  // namespace router::session
