// Faulty rules and exactly what is said of each: all faults, in file order, each with the place at
// which somebody has to change something.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/rules/faults.h"
#include "tests/unit/rules/world.h"

namespace rules::testing {
namespace {

using ::testing::ElementsAreArray;

TEST_P(FaultsTest, AreAllReportedWithTheirPlaces) {
  EXPECT_THAT(ProblemsOf(GetParam().rules), ElementsAreArray(GetParam().problems));
  // Rules with errors are not to be used, whatever else is good; those with warnings are.
  const bool errors = !std::ranges::all_of(GetParam().problems, [](const std::string& problem) {
    return problem.find(": warning: ") != std::string::npos;
  });
  EXPECT_EQ(Compile(GetParam().rules).rules == nullptr, errors);
}

INSTANTIATE_TEST_SUITE_P(
    Form, FaultsTest,
    ::testing::Values(
        Faulty{"NoList", "{name: r}", {"1:1: rules must be a list, \"- name: NAME\""}},
        Faulty{"RuleIsNoMap", "- r", {"1:3: a rule must be a map, \"key: value\""}},
        Faulty{"NoName", "- {then: {log: x}}", {"1:3: a rule needs a name"}},
        Faulty{"EmptyName", "- {name: \"\", then: {log: x}}", {"1:10: name: \"\" is empty"}},
        Faulty{"LongName",
               "- {name: " + std::string(65, 'n') + ", then: {log: x}}",
               {"1:10: name: \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" "
                "is longer than 64 bytes"}},
        Faulty{"NoThen", "- {name: r}", {"1:3: a rule needs then"}},
        Faulty{"EmptyThen", "- {name: r, then: {}}", {"1:19: then has no action"}},
        Faulty{
            "ThenIsNoMap", "- {name: r, then: drop}", {"1:19: then must be a map, \"key: value\""}},
        Faulty{"OnlyClinicalEdit",
               "- {name: r, then: {clinical_edit: true}}",
               {"1:19: then has no action"}},
        Faulty{"UnknownKey",
               "- {name: r, than: {log: x}}",
               {"1:3: a rule needs then", "1:13: unknown key \"than\"; did you mean \"then\"?"}},
        Faulty{"UnknownAction",
               Then("{copyto: RTPACS}"),
               {"1:20: unknown action \"copyto\"; did you mean \"copy_to\"?"}},
        Faulty{"UnknownCondition",
               When("{caling: DCMTK}"),
               {"1:36: unknown condition \"caling\"; did you mean \"calling\"?"}},
        Faulty{"EmptyWhen", When("{}"), {"1:35: when must not be empty"}},
        Faulty{"LastIsNoBool",
               "- {name: r, then: {log: x}, last: yes}\n- {name: s, then: {log: x}}",
               {"1:35: last: \"yes\" is neither true nor false"}},
        Faulty{"SameName",
               "- {name: r, then: {log: x}}\n- {name: s, then: {log: x}}\n- {name: r, then: {log: "
               "x}}",
               {"3:10: name: \"r\" (line 1) is another rule"}},
        Faulty{"AllAtOnce",
               "- name: r\n"
               "  when:\n"
               "    comand: C-STORE\n"
               "    from: 10.1.0.300\n"
               "    dataset: {Modalty: CT}\n"
               "  then:\n"
               "    to: VMSDB\n"
               "    refuse: \"0000\"\n",
               {"3:5: unknown condition \"comand\"; did you mean \"command\"?",
                "4:11: from: \"10.1.0.300\" is no address or range; write 10.1.0.31 or 10.1.0.0/24",
                "5:15: dataset: \"Modalty\" is no keyword of PS3.6; did you mean \"Modality\"?",
                "7:9: to: there is no application \"VMSDB\"; did you mean \"VMSDBD\"?",
                "8:13: refuse: \"0000\" is no status of failure (01xx, 02xx, Axxx, Cxxx), and a "
                "refusal is one"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Conditions, FaultsTest,
    ::testing::Values(
        Faulty{"ListenerIsNone",
               When("{listener: dicom}"),
               {"1:46: listener: \"dicom\" is no listener; write 51402 or 10.1.0.40:51402"}},
        Faulty{"ListenerNotConfigured",
               When("{listener: 51403}"),
               {"1:46: warning: there is no listener \"51403\"; did you mean \"51402\"?"}},
        Faulty{"TlsSubjectWithoutTls",
               When("{tls_subject: \"CN=*\"}"),
               {"1:49: warning: no listener has TLS, so there is no certificate and no subject"}},
        Faulty{
            "FromIsNoAddress",
            When("{from: dicom.local}"),
            {"1:42: from: \"dicom.local\" is no address or range; write 10.1.0.31 or 10.1.0.0/24"}},
        Faulty{"FromHasBitsAfterThePrefix",
               When("{from: [10.1.0.0/16, 10.1.0.7/24]}"),
               {"1:56: from: \"10.1.0.7/24\" has bits set after the prefix"}},
        Faulty{"FromPrefixTooLong",
               When("{from: 10.1.0.0/33}"),
               {"1:42: from: \"10.1.0.0/33\" needs a prefix from 0 to 32"}},
        Faulty{"CallingIsNoTitle",
               When("{calling: A_TITLE_OF_MORE_THAN_16}"),
               {"1:45: calling: \"A_TITLE_OF_MORE_THAN_16\" is no AE title: it has 23 characters, "
                "16 are allowed"}},
        Faulty{"CallingNobody",
               When("{calling: [DCMTK, DCTMK]}"),
               {"1:53: warning: no client has the title \"DCTMK\"; did you mean \"DCMTK\"?"}},
        Faulty{"ToUnknownApplication",
               When("{to: VMSDB}"),
               {"1:40: to: there is no application \"VMSDB\"; did you mean \"VMSDBD\"?"}},
        Faulty{"CommandUnknown",
               When("{command: [C-STORE, C-FYND]}"),
               {"1:55: command: there is no request \"C-FYND\"; did you mean \"C-FIND\"?"}},
        Faulty{"CommandEmptyList", When("{command: []}"), {"1:45: command must not be empty"}},
        Faulty{"CommandIsAMap",
               When("{command: {is: C-STORE}}"),
               {"1:45: command must be a value or a list of values"}},
        Faulty{"LevelUnknown",
               When("{level: [STUDY, INSTANCE]}"),
               {"1:51: level: \"INSTANCE\" is none; write PATIENT, STUDY, SERIES or IMAGE"}},
        Faulty{"SopClassUnknown",
               When("{sop_class: rtplan}"),
               {"1:47: sop_class: \"rtplan\" is no SOP class; did you mean \"rt_plan\"?"}},
        Faulty{"SopClassIsNoUid",
               When("{sop_class: 1.2..3}"),
               {"1:47: sop_class: \"1.2..3\" is no UID"}},
        Faulty{"TransferSyntaxUnknown",
               When("{transfer_syntax: jpg}"),
               {"1:53: transfer_syntax: \"jpg\" is no transfer syntax; did you mean \"jpeg\"?"}},
        Faulty{"SizeWithoutUnit",
               When("{size: {above: 10}}"),
               {"1:50: above: \"10\" is no size; write 128KiB, 64MiB or 10GiB"}},
        Faulty{"SizeOfNothing", When("{size: {}}"), {"1:42: size needs above, below or both"}},
        Faulty{"SizeCrossed",
               When("{size: {above: 2MiB, below: 1MiB}}"),
               {"1:42: warning: no size is within these bounds"}},
        Faulty{"SizeUnknownKey",
               When("{size: {over: 2MiB}}"),
               {"1:43: unknown key \"over\"; known: above, below"}},
        Faulty{"TimeIsNone",
               When("{time: 6pm-6am}"),
               {"1:42: time: \"6pm-6am\" is no time of day; write 18:00-06:00"}},
        Faulty{"TimeIsEmpty",
               When("{time: 18:00-18:00}"),
               {"1:42: warning: time: \"18:00-18:00\" is empty; the whole day is 00:00-24:00"}},
        Faulty{"TimeOfADayTooLong",
               When("{time: 18:00-24:30}"),
               {"1:42: time: \"18:00-24:30\" is no time of day; write 18:00-06:00"}},
        Faulty{"WeekdayUnknown",
               When("{weekday: monday}"),
               {"1:45: weekday: \"monday\" is no weekday; write mon, tue, wed, thu, fri, sat, sun "
                "or mon-fri"}},
        Faulty{"NotIsNoMap", When("{not: C-STORE}"), {"1:41: not must be a map, \"key: value\""}},
        Faulty{"AnyIsNoList",
               When("{any: {command: C-STORE}}"),
               {"1:41: any must be a list of maps, \"- {key: value}\""}},
        Faulty{"AnyWithAFault",
               When("{any: [{command: C-STORE}, {comand: C-FIND}]}"),
               {"1:63: unknown condition \"comand\"; did you mean \"command\"?"}},
        Faulty{"AllIsEmpty", When("{all: []}"), {"1:41: all must not be empty"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    DataSet, FaultsTest,
    ::testing::Values(
        Faulty{"UnknownKeyword",
               When("{dataset: {BeamSequnce.BeamName: x}}"),
               {"1:46: dataset: \"BeamSequnce\" is no keyword of PS3.6; did you mean "
                "\"BeamSequence\"?"}},
        Faulty{"NoKeywordNear",
               When("{dataset: {Frobnication: x}}"),
               {"1:46: dataset: \"Frobnication\" is no keyword of PS3.6"}},
        Faulty{"NotATag",
               When("{dataset: {\"(0010,00G0)\": x}}"),
               {"1:46: dataset: \"(0010,00G0)\" is no element; write a keyword or (gggg,eeee)"}},
        Faulty{"PrivateWithoutCreator",
               When("{dataset: {\"(3253,1000)\": x}}"),
               {"1:46: dataset: \"(3253,1000)\" is private; write its creator too: "
                "(gggg,xxee)[CREATOR]"}},
        Faulty{
            "ThroughNoSequence",
            When("{dataset: {Modality.BeamName: x}}"),
            {"1:46: dataset: \"Modality.BeamName\" goes through Modality, which is no sequence"}},
        Faulty{"ItemOfNoSequence",
               When("{dataset: {\"Modality[1]\": x}}"),
               {"1:46: dataset: \"Modality[1]\" goes through Modality, which is no sequence"}},
        Faulty{"ItemZero",
               When("{dataset: {\"BeamSequence[0].BeamName\": x}}"),
               {"1:46: dataset: \"BeamSequence[0].BeamName\" needs the number of an item, from 1, "
                "in brackets"}},
        Faulty{"ValueOfASequence",
               When("{dataset: {BeamSequence: x}}"),
               {"1:60: BeamSequence is a sequence; it can only be present or absent"}},
        Faulty{
            "PixelData",
            When("{dataset: {PixelData: {present: true}}}"),
            {"1:46: dataset: \"PixelData\" is pixel data, which is neither looked at nor edited"}},
        Faulty{
            "MetaInformation",
            When("{dataset: {\"(0002,0010)\": x}}"),
            {"1:46: dataset: \"(0002,0010)\" is not in a data set (groups 0000 and 0002 are not)"}},
        Faulty{"BadRegex",
               When("{dataset: {PatientID: {regex: \"[0-9\"}}}"),
               {"1:65: regex: \"[0-9\": missing ]: [0-9"}},
        Faulty{"AboveOfAName",
               When("{dataset: {PatientName: {above: 5}}}"),
               {"1:67: above: PatientName is PN, of which no value is above another"}},
        Faulty{"AboveIsNoDate",
               When("{dataset: {StudyDate: {above: 2026-02-13}}}"),
               {"1:65: above: \"2026-02-13\" is no date; write YYYYMMDD"}},
        Faulty{"RangeCrossed",
               When("{dataset: {SliceThickness: {from: 5, below: 5}}}"),
               {"1:62: warning: no value of SliceThickness is within these bounds"}},
        Faulty{"AbsentWithAValue",
               When("{dataset: {Modality: {absent: true, is: CT}}}"),
               {"1:56: Modality cannot be absent and have a value"}},
        Faulty{"PresentAndAbsent",
               When("{dataset: {Modality: {absent: true, present: true}}}"),
               {"1:65: present and absent contradict each other"}},
        Faulty{"UnknownTest",
               When("{dataset: {Modality: {equals: CT}}}"),
               {"1:57: unknown key \"equals\"; known: glob, is, regex, above, below, from, to, "
                "present, absent, not"}},
        Faulty{
            "EmptyTest", When("{dataset: {Modality: {}}}"), {"1:56: Modality must not be empty"}},
        Faulty{"NoValue", When("{dataset: {Modality: }}"), {"1:46: Modality has no value"}},
        Faulty{"NoElement", When("{dataset: {}}"), {"1:45: dataset must not be empty"}}),
    NameOfCase);

}  // namespace
}  // namespace rules::testing
