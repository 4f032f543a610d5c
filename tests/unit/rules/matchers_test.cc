// One suite for each matcher: what it takes, what it does not, what it says.
#include "rules/matchers.h"

#include <gtest/gtest.h>

#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using testing::Situation;
constexpr auto kYes = Verdict::Match::kYes;
constexpr auto kNo = Verdict::Match::kNo;
constexpr auto kOpen = Verdict::Match::kOpen;
constexpr uint16_t kFindRq = 0x0020, kMoveRq = 0x0021, kEchoRq = 0x0030;

TEST(ListenerMatcher, TakesThePortOfAnyInterfaceOrTheWholeAddress) {
  Situation s;
  EXPECT_EQ(s.Matches("{listener: 51402}"), kYes);
  EXPECT_EQ(s.Matches("{listener: \"10.1.0.40:51402\"}"), kYes);
  EXPECT_EQ(s.Matches("{listener: \"10.1.0.41:51402\"}"), kNo);
  EXPECT_EQ(s.Matches("{listener: [104, 51402]}"), kYes);
  EXPECT_EQ(s.Matches("{listener: 1402}"), kNo);
  EXPECT_EQ(s.Why("{listener: 104}"), "listener is 10.1.0.40:51402, not 104");
}

TEST(TlsSubjectMatcher, IsAPatternOfTheSubject) {
  Situation s;
  EXPECT_EQ(s.Matches("{tls_subject: \"*\"}"), kYes);
  EXPECT_EQ(s.Matches("{tls_subject: \"CN=tps*\"}"), kNo);
  s.caller.tls_subject = "CN=tps1,O=Clinic";
  EXPECT_EQ(s.Matches("{tls_subject: \"CN=tps*\"}"), kYes);
}

TEST(FromMatcher, TakesRangesOfBothFamiliesAndMappedAddresses) {
  Situation s;
  EXPECT_EQ(s.Matches("{from: 10.1.0.0/24}"), kYes);
  EXPECT_EQ(s.Matches("{from: 10.1.0.4/30}"), kYes);
  EXPECT_EQ(s.Matches("{from: 10.1.0.8/29}"), kNo);
  EXPECT_EQ(s.Matches("{from: [10.2.0.0/16, 10.1.0.7]}"), kYes);
  EXPECT_EQ(s.Matches("{from: 0.0.0.0/0}"), kYes);
  EXPECT_EQ(s.Matches("{from: \"::/0\"}"), kNo) << "IPv4 is never IPv6";
  s.caller.address = "::ffff:10.1.0.7";
  EXPECT_EQ(s.Matches("{from: 10.1.0.7}"), kYes);
  s.caller.address = "fd00::4%eth0";
  EXPECT_EQ(s.Matches("{from: \"fd00::/8\"}"), kYes);
  EXPECT_EQ(s.Matches("{from: 10.1.0.7}"), kNo);
  EXPECT_EQ(s.Why("{from: [10.1.0.0/24, 10.3.0.0/24]}"),
            "the address is fd00::4%eth0, not in 10.1.0.0/24, 10.3.0.0/24");
}

TEST(CallingMatcher, TakesPatternsInWhichCaseCounts) {
  Situation s;
  EXPECT_EQ(s.Matches("{calling: DCMTK}"), kYes);
  EXPECT_EQ(s.Matches("{calling: dcmtk}"), kNo);
  EXPECT_EQ(s.Matches("{calling: [AUTOSEG, \"DC?TK\"]}"), kYes);
  EXPECT_EQ(s.Matches("{calling: \"DC[A-M]TK\"}"), kYes);
  EXPECT_EQ(s.Matches("{calling: \"DC[!A-M]TK\"}"), kNo);
  s.caller.calling = " DCMTK ";
  EXPECT_EQ(s.Matches("{calling: DCMTK}"), kYes) << "spaces at the ends do not count";
  EXPECT_EQ(s.Why("{calling: \"AUTOSEG*\"}"), "calling is DCMTK, not AUTOSEG*");
}

TEST(CalledMatcher, IsTheTitleAsItWasCalled) {
  Situation s;
  s.caller.called = "VMSSDBD";
  EXPECT_EQ(s.Matches("{called: VMSSDBD}"), kYes);
  EXPECT_EQ(s.Matches("{called: VMSDBD}"), kNo);
}

TEST(RequestedMatcher, IsKnownWithTheCommand) {
  Situation s;
  EXPECT_EQ(s.Matches("{requested: \"VMS*\"}"), kYes);
  EXPECT_EQ(s.Matches("{requested: RTPACS}"), kNo);
  s.message.phase = Phase::kAssociation;
  EXPECT_EQ(s.Matches("{requested: \"VMS*\"}"), kOpen);
}

TEST(ToMatcher, TakesAnyTitleOfTheApplication) {
  Situation s;
  EXPECT_EQ(s.Matches("{to: VMSDBD}"), kYes);
  EXPECT_EQ(s.Matches("{to: VMSSDBD}"), kYes);
  EXPECT_EQ(s.Matches("{to: [RTPACS, RESEARCH]}"), kNo);
  EXPECT_EQ(s.Why("{to: [RTPACS, RESEARCH]}"), "it goes to VMSDBD, not RTPACS or RESEARCH");
}

TEST(CommandMatcher, IsKnownWithTheCommand) {
  Situation s;
  EXPECT_EQ(s.Matches("{command: C-STORE}"), kYes);
  EXPECT_EQ(s.Matches("{command: [C-FIND, C-MOVE]}"), kNo);
  EXPECT_EQ(s.Why("{command: [C-MOVE, C-FIND]}"), "command is C-STORE, not C-FIND or C-MOVE");
  EXPECT_EQ(Situation::Of(kEchoRq).Matches("{command: C-ECHO}"), kYes);
  EXPECT_EQ(Situation::Of(0x0FFF).Matches("{command: C-ECHO}"), kNo);
  s.message.phase = Phase::kAssociation;
  EXPECT_EQ(s.Matches("{command: C-STORE}"), kOpen);
  EXPECT_EQ(s.Why("{command: C-STORE}"), "the command is not known yet");
}

TEST(DestinationMatcher, IsOfMovesAndTheirSubOperations) {
  Situation s = Situation::Of(kMoveRq);
  EXPECT_EQ(s.Matches("{destination: \"QA*\"}"), kNo);
  s.message.destination = "QA1";
  EXPECT_EQ(s.Matches("{destination: \"QA*\"}"), kYes);
  EXPECT_EQ(s.Matches("{destination: [EXPORT, QA1]}"), kYes);
  EXPECT_EQ(s.Why("{destination: QA}"), "destination is QA1, not QA");
  s.message.command_field = kFindRq;
  EXPECT_EQ(s.Matches("{destination: QA1}"), kNo);
}

TEST(LevelMatcher, IsTheQueryRetrieveLevel) {
  Situation s = Situation::Of(kFindRq);
  s.data_set["QueryRetrieveLevel"] = {"SERIES"};
  EXPECT_EQ(s.Matches("{level: SERIES}"), kYes);
  EXPECT_EQ(s.Matches("{level: [STUDY, IMAGE]}"), kNo);
  s.message.phase = Phase::kCommand;
  EXPECT_EQ(s.Matches("{level: SERIES}"), kOpen);
  EXPECT_EQ(Situation::Of(0x0001, Phase::kCommand).Matches("{level: SERIES}"), kNo);
}

TEST(SopClassMatcher, TakesNamesGroupsUidsAndPatterns) {
  Situation s;
  EXPECT_EQ(s.Matches("{sop_class: ct_image}"), kYes);
  EXPECT_EQ(s.Matches("{sop_class: [rt, images]}"), kYes);
  EXPECT_EQ(s.Matches("{sop_class: rt}"), kNo);
  EXPECT_EQ(s.Matches("{sop_class: 1.2.840.10008.5.1.4.1.1.2}"), kYes);
  EXPECT_EQ(s.Matches("{sop_class: 1.2.840.10008.5.1.4.1.1.*}"), kYes);
  EXPECT_EQ(s.Matches("{sop_class: 1.2.246.352.*}"), kNo);
  s.message.sop_class = "1.2.246.352.70.1.70";
  EXPECT_EQ(s.Matches("{sop_class: 1.2.246.352.*}"), kYes) << "not in any list";
  EXPECT_EQ(s.Why("{sop_class: [rt, images]}"),
            "sop_class is 1.2.246.352.70.1.70, not rt or images");
}

TEST(TransferSyntaxMatcher, TakesNamesAndGroups) {
  Situation s;
  EXPECT_EQ(s.Matches("{transfer_syntax: uncompressed}"), kYes);
  EXPECT_EQ(s.Matches("{transfer_syntax: [jpeg, explicit_vr_little_endian]}"), kNo);
  EXPECT_EQ(s.Matches("{transfer_syntax: 1.2.840.10008.1.2}"), kYes);
}

TEST(SizeMatcher, IsKnownAtTheEnd) {
  Situation s;
  EXPECT_EQ(s.Matches("{size: {above: 100KiB}}"), kYes);
  EXPECT_EQ(s.Matches("{size: {above: 100KiB, below: 200KiB}}"), kNo);
  EXPECT_EQ(s.Matches("{size: {above: 526000B}}"), kNo);
  EXPECT_EQ(s.Why("{size: {below: 1KiB}}"), "the data set has 526000 bytes, not less than 1024");
  s.message.phase = Phase::kHead;
  EXPECT_EQ(s.Matches("{size: {above: 100KiB}}"), kOpen);
  EXPECT_EQ(Situation::Of(kEchoRq, Phase::kCommand).Matches("{size: {below: 1KiB}}"), kNo);
}

TEST(TimeMatcher, GoesOverMidnightAndLeavesOutItsEnd) {
  Situation s;
  auto at = [&](uint16_t hour, uint16_t minute) {
    s.message.now.minute = static_cast<uint16_t>(60 * hour + minute);
    return s.Matches("{time: [18:00-06:00, 12:00-13:00]}");
  };
  EXPECT_EQ(at(18, 0), kYes);
  EXPECT_EQ(at(23, 59), kYes);
  EXPECT_EQ(at(0, 0), kYes);
  EXPECT_EQ(at(5, 59), kYes);
  EXPECT_EQ(at(6, 0), kNo);
  EXPECT_EQ(at(12, 0), kYes);
  EXPECT_EQ(at(13, 0), kNo);
  EXPECT_EQ(s.Why("{time: 18:00-06:00}"), "it is not in 18:00-06:00");
}

TEST(WeekdayMatcher, TakesDaysAndSpansOfThem) {
  Situation s;  // a Wednesday
  EXPECT_EQ(s.Matches("{weekday: mon-fri}"), kYes);
  EXPECT_EQ(s.Matches("{weekday: [sat, sun]}"), kNo);
  EXPECT_EQ(s.Matches("{weekday: fri-tue}"), kNo);
  EXPECT_EQ(s.Matches("{weekday: [fri-tue, wed]}"), kYes);
}

TEST(NotMatcher, LeavesOpenWhatIsOpen) {
  Situation s;
  EXPECT_EQ(s.Matches("{not: {calling: AUTOSEG}}"), kYes);
  EXPECT_EQ(s.Matches("{not: {calling: DCMTK, command: C-FIND}}"), kYes);
  EXPECT_EQ(s.Matches("{not: {calling: DCMTK}}"), kNo);
  EXPECT_EQ(s.Why("{not: {calling: DCMTK}}"), "calling is DCMTK, which \"not\" excludes");
  s.message.phase = Phase::kAssociation;
  EXPECT_EQ(s.Matches("{not: {calling: DCMTK, command: C-FIND}}"), kOpen);
  EXPECT_EQ(s.Matches("{not: {calling: AUTOSEG, command: C-FIND}}"), kYes);
}

TEST(AnyMatcher, IsSettledByOneThatMatches) {
  Situation s;
  EXPECT_EQ(s.Matches("{any: [{calling: AUTOSEG}, {from: 10.1.0.0/16}]}"), kYes);
  EXPECT_EQ(s.Matches("{any: [{calling: AUTOSEG}, {from: 10.2.0.0/16}]}"), kNo);
  EXPECT_EQ(s.Why("{any: [{calling: AUTOSEG}, {from: 10.2.0.0/16}]}"),
            "calling is DCMTK, not AUTOSEG; and the address is 10.1.0.7, not in 10.2.0.0/16");
  s.message.phase = Phase::kAssociation;
  EXPECT_EQ(s.Matches("{any: [{command: C-FIND}, {calling: DCMTK}]}"), kYes);
  EXPECT_EQ(s.Matches("{any: [{command: C-FIND}, {calling: AUTOSEG}]}"), kOpen);
}

TEST(AllMatcher, IsSettledByOneThatDoesNot) {
  Situation s;
  EXPECT_EQ(s.Matches("{all: [{calling: DCMTK}, {from: 10.1.0.0/16}]}"), kYes);
  EXPECT_EQ(s.Matches("{all: [{calling: DCMTK}, {from: 10.2.0.0/16}]}"), kNo);
  s.message.phase = Phase::kAssociation;
  EXPECT_EQ(s.Matches("{all: [{command: C-FIND}, {calling: DCMTK}]}"), kOpen);
  EXPECT_EQ(s.Matches("{all: [{command: C-FIND}, {calling: AUTOSEG}]}"), kNo);
}

class DataSetMatcher : public ::testing::Test {
 protected:
  DataSetMatcher() {
    s.data_set = {{"Modality", {"CT"}},
                  {"ImageType", {"ORIGINAL", "PRIMARY", "AXIAL"}},
                  {"PatientID", {"4711"}},
                  {"PatientName", {"Müller^Jörg"}},
                  {"StudyDate", {"20260213"}},
                  {"StudyTime", {"0930"}},
                  {"AcquisitionDateTime", {"20260213093000.5+0100"}},
                  {"SliceThickness", {"2.50"}},
                  {"PatientComments", {}},
                  {"BeamSequence", {}},
                  {"BeamSequence.TreatmentMachineName", {"EDGE", "OldTrueBeam"}},
                  {"(3253,xx00)[Varian]", {"17"}}};
  }
  bool Match(const std::string& element) {
    const auto match = s.Matches("{dataset: {" + element + "}}");
    EXPECT_NE(match, kOpen) << element;
    return match == kYes;
  }
  Situation s;
};

TEST_F(DataSetMatcher, EqualsTextsAndTakesPatterns) {
  EXPECT_TRUE(Match("Modality: CT"));
  EXPECT_FALSE(Match("Modality: ct"));
  EXPECT_FALSE(Match("Modality: C"));
  EXPECT_TRUE(Match("Modality: [MR, CT]"));
  EXPECT_TRUE(Match("Modality: C*"));
  EXPECT_TRUE(Match("Modality: \"?T\""));
  EXPECT_TRUE(Match("PatientName: \"M?ller*\"")) << "? is a character of UTF-8";
  EXPECT_FALSE(Match("StationName: \"*\"")) << "absent";
}

TEST_F(DataSetMatcher, AnyValueOfSeveralAndAnyItemMayMatch) {
  EXPECT_TRUE(Match("ImageType: AXIAL"));
  EXPECT_TRUE(Match("ImageType: {is: PRIMARY}"));
  EXPECT_FALSE(Match("ImageType: LOCALIZER"));
  EXPECT_TRUE(Match("BeamSequence.TreatmentMachineName: Old*"));
  EXPECT_TRUE(Match("\"BeamSequence.TreatmentMachineName\": EDGE"));
  EXPECT_TRUE(Match("\"(3253,xx00)[Varian]\": 17"));
}

TEST_F(DataSetMatcher, GlobRegexAndLiteralSayWhatTheyMean) {
  EXPECT_TRUE(Match("PatientID: {glob: 47*}"));
  EXPECT_FALSE(Match("PatientID: {is: 47*}"));
  EXPECT_TRUE(Match("PatientID: {regex: \"[0-9]+\"}"));
  EXPECT_FALSE(Match("PatientID: {regex: \"7\"}")) << "the whole value";
  EXPECT_TRUE(Match("PatientID: {regex: \".*7.*\"}"));
  EXPECT_TRUE(Match("PatientName: {regex: \"M.ller.*\"}"));
}

TEST_F(DataSetMatcher, NumbersDatesAndTimesCompareByValue) {
  EXPECT_TRUE(Match("SliceThickness: {above: 2.4, below: 2.6}"));
  EXPECT_FALSE(Match("SliceThickness: {above: 2.5}"));
  EXPECT_TRUE(Match("SliceThickness: {from: 2.5, to: 2.5}"));
  EXPECT_TRUE(Match("SliceThickness: {below: 10}")) << "not as text";
  EXPECT_TRUE(Match("StudyDate: {from: 20260213, below: 20260214}"));
  EXPECT_FALSE(Match("StudyDate: {above: 20260213}"));
  EXPECT_TRUE(Match("StudyTime: {from: \"0930\", to: \"093000\"}"));
  EXPECT_TRUE(
      Match("AcquisitionDateTime: {from: 20260213083000.5+0000, to: \"20260213083000.5\"}"));
  EXPECT_TRUE(Match("\"(3253,xx00)[Varian]\": {above: 16}"));
  EXPECT_FALSE(Match("StationName: {is: x, not: y}"));
}

TEST_F(DataSetMatcher, ThereOrNotThere) {
  EXPECT_TRUE(Match("Modality: {present: true}"));
  EXPECT_TRUE(Match("PatientComments: {present: true}")) << "without a value too";
  EXPECT_TRUE(Match("PatientComments: \"\""));
  EXPECT_TRUE(Match("BeamSequence: {present: true}"));
  EXPECT_TRUE(Match("StationName: {absent: true}"));
  EXPECT_TRUE(Match("StationName: {present: false}"));
  EXPECT_FALSE(Match("Modality: {absent: true}"));
}

TEST_F(DataSetMatcher, NotIsTrueWhereNoValueMatches) {
  EXPECT_TRUE(Match("Modality: {not: MR}"));
  EXPECT_FALSE(Match("Modality: {not: [MR, CT]}"));
  EXPECT_FALSE(Match("ImageType: {not: AXIAL}"));
  EXPECT_TRUE(Match("StationName: {not: EDGE}")) << "absent";
  EXPECT_FALSE(Match("StationName: {not: EDGE, present: true}"));
  EXPECT_TRUE(Match("SliceThickness: {not: {above: 3}}"));
}

TEST_F(DataSetMatcher, IsOpenWhileAnElementMayStillCome) {
  s.message.phase = Phase::kCommand;
  EXPECT_EQ(s.Matches("{dataset: {Modality: CT}}"), kOpen);
  s.message.phase = Phase::kHead;
  s.whole = false;
  EXPECT_EQ(s.Matches("{dataset: {Modality: CT}}"), kYes);
  EXPECT_EQ(s.Matches("{dataset: {StationName: EDGE}}"), kOpen);
  EXPECT_EQ(s.Matches("{dataset: {StationName: EDGE, Modality: MR}}"), kNo);
  EXPECT_EQ(s.Why("{dataset: {StationName: EDGE}}"), "StationName is not known yet");
  s.message.phase = Phase::kEnd;
  EXPECT_EQ(s.Matches("{dataset: {StationName: EDGE}}"), kNo) << "nothing more will come";
}

TEST_F(DataSetMatcher, SaysNoValueOfThePatient) {
  EXPECT_EQ(s.Why("{dataset: {PatientID: 1234}}"), "PatientID does not match");
}

TEST_F(DataSetMatcher, ACommandWithoutDataSetHasNoElements) {
  s.message.command_field = kEchoRq;
  s.message.phase = Phase::kCommand;
  EXPECT_EQ(s.Matches("{dataset: {Modality: CT}}"), kNo);
  EXPECT_EQ(s.Matches("{dataset: {Modality: {absent: true}}}"), kYes);
}

}  // namespace
}  // namespace rules
