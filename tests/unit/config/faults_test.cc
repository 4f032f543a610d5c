// Faulty configurations and exactly what is said of each: all faults, in file order, each with the
// place at which somebody has to change something.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "router/config/load.h"

namespace router::config {
namespace {

using ::testing::ElementsAreArray;

struct Faulty {
  std::string name, text;
  std::vector<std::string> errors;  // without "f:"
};

// Three lines that need nothing more; what a case adds begins in line 4.
const std::string kGood =
    "ae_title: SLUICE\n"
    "listen: [{port: 51402}]\n"
    "store: {directory: /var/lib/sluice}\n";
const std::string kApplication =
    "applications:\n"                         // 4
    "  VMSDBD: {address: 10.1.0.4:51402}\n";  // 5

void PrintTo(const Faulty& faulty, std::ostream* out) { *out << faulty.name; }

class FaultsTest : public ::testing::TestWithParam<Faulty> {};

TEST_P(FaultsTest, AreAllReportedWithTheirPlaces) {
  Loaded loaded = LoadText("f", GetParam().text);
  std::vector<std::string> expected;
  for (const std::string& error : GetParam().errors) expected.push_back("f:" + error);
  EXPECT_THAT(loaded.errors, ElementsAreArray(expected));
  EXPECT_FALSE(loaded.config);
}

std::string NameOfCase(const ::testing::TestParamInfo<Faulty>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    Text, FaultsTest,
    ::testing::Values(
        Faulty{"EmptyFile", "", {"1:1: the file is empty"}},
        Faulty{"OnlyAComment", "# nothing yet\n", {"1:1: the file is empty"}},
        Faulty{"NoMap", "- SLUICE\n", {"1:1: a configuration is a map, \"key: value\""}},
        Faulty{"UnclosedBracket",
               kGood + "loops: [1\n",
               {"5:1: not YAML: end of sequence flow not found"}},
        Faulty{"Tab",
               "ae_title: SLUICE\nstore:\n\tdirectory: /d\n",
               {"3:11: not YAML: illegal map value"}},
        Faulty{"DuplicateKey",
               kGood + "loops: 1\nloops: 2\n",
               {"5:1: duplicate key \"loops\"; it stands in line 4 already"}},
        Faulty{"DuplicateKeyInside",
               kGood + "log: {level: info, form: text, level: debug}\n",
               {"4:32: duplicate key \"level\"; it stands in line 4 already"}},
        Faulty{"AnchorAndAlias",
               kGood + "log: {level: &l info}\nmetrics: *l\n",
               {"4:14: anchors are not allowed",
                "5:10: aliases are not allowed; write the value out"}},
        Faulty{"MergeKey",
               kGood + "log: &l {level: info}\nmetrics: {<<: *l}\n",
               {"4:6: anchors are not allowed", "5:11: unknown key \"<<\"; known here: listen",
                "5:15: aliases are not allowed; write the value out"}},
        Faulty{"Tag", kGood + "loops: !!int 4\n", {"4:8: tags are not allowed"}},
        Faulty{"SecondDocument",
               kGood + "---\nloops: 1\n",
               {"4:1: a second document; one file holds one configuration"}},
        Faulty{"TextAfterTheMap",
               "{ae_title: SLUICE, listen: [104], store: {directory: /d}} loops\n",
               {"1:59: this does not belong to what stands above it"}},
        Faulty{"LessIndentedThanTheFirstLine",
               " ae_title: SLUICE\n listen: [104]\n store: {directory: /d}\nloops: 1\n",
               {"4:1: this does not belong to what stands above it"}},
        Faulty{"KeyThatIsAList", kGood + "[a, b]: 1\n", {"4:1: a key must be a word"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Top, FaultsTest,
    ::testing::Values(
        Faulty{"EverythingNeededIsMissing",
               "loops: 1\n",
               {"1:1: ae_title is missing", "1:1: listen is missing", "1:1: store is missing"}},
        Faulty{"UnknownKeyNearAKnownOne",
               kGood + "lissen: 104\n",
               {"4:1: unknown key \"lissen\"; did you mean \"listen\"?"}},
        Faulty{"UnknownKeyNearNone",
               kGood + "log: {colour: red}\n",
               {"4:7: unknown key \"colour\"; known here: level, form"}},
        Faulty{"TitleTooLong",
               "ae_title: SLUICE_AT_THE_CLINIC\n" + kGood.substr(17),
               {"1:11: ae_title: \"SLUICE_AT_THE_CLINIC\" is no AE title: it has 20 "
                "characters, 16 are allowed"}},
        Faulty{"TitleWithBackslash",
               "ae_title: SLU\\ICE\n" + kGood.substr(17),
               {"1:11: ae_title: \"SLU\\ICE\" is no AE title: only ISO 646 characters "
                "without backslash and control characters are allowed"}},
        Faulty{
            "TitleThatIsNothing", "ae_title:\n" + kGood.substr(17), {"1:1: ae_title has no value"}},
        Faulty{"TitleThatIsAList",
               "ae_title: [A, B]\n" + kGood.substr(17),
               {"1:11: ae_title must be a single value"}},
        Faulty{"NoListener",
               "ae_title: SLUICE\nlisten: []\nstore: {directory: /d}\n",
               {"2:9: listen must have at least one port"}},
        Faulty{"ListenersThatCannotBe",
               "ae_title: SLUICE\n"
               "listen:\n"
               "  - {port: 65536}\n"
               "  - {address: vmsdb, port: 104}\n"
               "  - {adress: 10.1.0.3}\n"
               "  - pc7:104\n"
               "  - [104]\n"
               "store: {directory: /d}\n",
               {"3:12: port: \"65536\" is no port from 0 to 65535",
                "4:15: address: \"vmsdb\" is no address; a listener takes a numeric one",
                "5:5: port is missing", "5:6: unknown key \"adress\"; did you mean \"address\"?",
                "6:5: listen: \"pc7:104\" is no listener; write 127.0.0.1:8780 or "
                "[::]:8780",
                "7:5: each entry of listen must be a map, \"key: value\""}},
        Faulty{"ListenThatIsNoList",
               "ae_title: SLUICE\nlisten: 104\nstore: {directory: /d}\n",
               {"2:9: listen must be a list, \"- item\""}},
        Faulty{"RelativeDirectory",
               "ae_title: SLUICE\nlisten: [104]\nstore: {directory: spool}\n",
               {"3:20: directory: \"spool\" is no absolute path; it must begin with /"}},
        Faulty{"StoreThatIsAWord",
               "ae_title: SLUICE\nlisten: [104]\nstore: /var/lib/sluice\n",
               {"3:8: store must be a map, \"key: value\""}},
        Faulty{"SizeWithoutUnit",
               kGood + "limits: {buffers: 256}\n",
               {"4:19: buffers: \"256\" is no size; write 128KiB, 64MiB or 10GiB"}},
        Faulty{"SizeInThousands",
               kGood + "limits: {buffers: 256MB}\n",
               {"4:19: buffers: \"256MB\" is no size; write 128KiB, 64MiB or 10GiB"}},
        Faulty{"LimitsOutOfRange",
               kGood + "limits:\n  max_pdu: 1KiB\n  artim: 0s\n  associations: 0\n  drain: 5000d\n",
               {"5:12: max_pdu: 1KiB is not from 4KiB to 16MiB",
                "6:10: artim: 0s is not from 1ms to 3650d",
                "7:17: associations: 0 is not from 1 to 1000000",
                "8:10: drain: 5000d is not from 0s to 3650d"}},
        Faulty{"NumbersThatAreNone",
               kGood + "loops: four\nlimits: {associations: -1}\n",
               {"4:8: loops: \"four\" is no number", "5:24: associations: \"-1\" is no number"}},
        Faulty{"WordsThatAreNone",
               kGood + "log: {level: verbose, form: Text}\n",
               {"4:14: level: \"verbose\" is none of: debug, info, warning, error",
                "4:29: form: \"Text\" is none of: text, json"}},
        Faulty{"RulesBeforeTheirTime",
               kGood + "rules:\n  - name: a\n    then: {to: B}\n  - name: b\n",
               {"5:5: rules are not read here",
                "7:5: rules are not read here"}},
        Faulty{"TokenTwice",
               kGood + "admin: {listen: \"127.0.0.1:8780\", token: a, token_file: /etc/token}\n",
               {"4:57: token_file: token is given too; keep one of them"}},
        Faulty{"TokenFileThatIsNotThere",
               kGood + "admin: {listen: \"127.0.0.1:8780\", token_file: /nonexistent/token}\n",
               {"4:47: token_file: cannot read a token from /nonexistent/token"}},
        Faulty{"AdminOnADicomPort",
               kGood + "admin: {listen: \"127.0.0.1:51402\"}\nmetrics: {listen: 51402}\n",
               {"4:17: admin: port 51402 is taken by listen already",
                "5:19: metrics: port 51402 is taken by listen already"}},
        Faulty{
            "SameListenerTwice",
            "ae_title: SLUICE\nlisten: [104, \"10.1.0.3:105\", 104, 105]\nstore: {directory: /d}\n",
            {"2:31: listen: port 104 is taken by listen already",
             "2:36: listen: port 105 is taken by listen already"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Applications, FaultsTest,
    ::testing::Values(
        Faulty{"ApplicationsAsAList",
               kGood + "applications: [{address: \"10.1.0.4:104\"}]\n",
               {"4:15: applications must be a map, \"key: value\""}},
        Faulty{"ApplicationAsAWord",
               kGood + "applications: {VMSDBD: \"10.1.0.4:104\"}\n",
               {"4:24: VMSDBD must be a map, \"key: value\""}},
        Faulty{"ApplicationWithNothing",
               kGood + "applications:\n  VMSDBD:\n",
               {"5:3: VMSDBD needs an address, or from if it only ever calls us"}},
        Faulty{"NamesThatAreNoTitles",
               kGood + "applications:\n"
                       "  A_NAME_THAT_IS_TOO_LONG: {address: \"10.1.0.4:104\"}\n"
                       "  \"\": {address: \"10.1.0.4:105\"}\n",
               {"5:3: \"A_NAME_THAT_IS_TOO_LONG\" is no AE title: it has 23 "
                "characters, 16 are allowed; shorten the name or add ae_title",
                "6:3: \"\" is no name: 1 to 64 printable ASCII characters are allowed"}},
        Faulty{"AddressesThatCannotBe",
               kGood + "applications:\n"
                       "  A: {address: 10.1.0.4}\n"
                       "  B: {address: \"10.1.0.400:104\"}\n"
                       "  C: {address: \"10.1.0.4:0\"}\n"
                       "  D: {address: \"fd00::4:104\"}\n",
               {"5:16: address: \"10.1.0.4\" is no host:port; write 10.1.0.4:104 or "
                "[fd00::4]:104",
                "6:16: address: \"10.1.0.400:104\" is no host:port; write 10.1.0.4:104 "
                "or [fd00::4]:104",
                "7:16: address: \"10.1.0.4:0\" has no port from 1 to 65535",
                "8:16: address: \"fd00::4:104\" is no host:port; write 10.1.0.4:104 or "
                "[fd00::4]:104"}},
        Faulty{"AriaWithoutAddress",
               kGood + "applications:\n  VMSDBD: {profile: aria, from: 10.1.0.4}\n",
               {"5:3: VMSDBD: profile aria needs an address"}},
        Faulty{"CarryWithoutAddress",
               kGood + "applications:\n  PACS: {from: 10.1.0.4, moves: carry}\n",
               {"5:33: moves: carry needs an address"}},
        Faulty{"OurOwnListenerAsApplication",
               kGood + "applications:\n"
                       "  A: {address: \"127.0.0.1:51402\"}\n"
                       "  B: {address: \"localhost:51402\"}\n",
               {"5:16: address: 127.0.0.1:51402 is our own listener; we would call "
                "ourselves",
                "6:16: address: localhost:51402 is our own listener; we would call "
                "ourselves"}},
        Faulty{"TwoApplicationsWithOneTitle",
               kGood + kApplication +
                   "  ARIA: {address: \"10.1.0.5:104\", ae_title: VMSDBD}\n"
                   "  PACS: {address: \"10.1.0.6:104\", also_called: [ARCHIVE, ARIA]}\n",
               {"6:45: \"VMSDBD\" is a title of application VMSDBD already; a called "
                "title must name one",
                "7:58: \"ARIA\" is a title of application ARIA already; a called title "
                "must name one"}},
        Faulty{"StorageCommitmentThatNobodyCanKeep",
               kGood + "applications:\n"
                       "  PACS: {address: \"10.1.0.5:104\", storage_commitment: retained}\n"
                       "  CALLER: {from: 10.1.0.4, storage_commitment: existence}\n",
               {"6:48: storage_commitment: CALLER has no address, so nothing is stored there by "
                "us, and nobody can ask it what exists"}},
        Faulty{"OurTitleAsApplication",
               kGood + "applications:\n"
                       "  VMSDBD: {address: \"10.1.0.4:104\", also_called: [VMSDBD1, SLUICE]}\n"
                       "  SLUICE: {address: \"10.1.0.5:104\"}\n",
               {"5:60: \"SLUICE\" is our own ae_title; clients could not tell which of "
                "the two they call",
                "6:3: \"SLUICE\" is our own ae_title; clients could not tell which of "
                "the two they call"}},
        Faulty{"MoveAsOfAnApplication",
               kGood + kApplication +
                   "  PACS: {address: \"10.1.0.5:104\", move_as: [S1, VMSDBD, S1]}\n",
               {"6:45: move_as: \"S1\" stands here twice",
                "6:49: move_as: \"VMSDBD\" is a title of application VMSDBD; it must "
                "be one of our own"}},
        Faulty{"NoMoveAs",
               kGood + "applications:\n  A: {address: \"h:1\", move_as: []}\n",
               {"5:32: move_as must not be empty"}},
        Faulty{"DurationsThatAreNone",
               kGood + "applications:\n"
                       "  A:\n"
                       "    address: 10.1.0.4:104\n"
                       "    decide_within: 2\n"
                       "    verify_for: 1.5m\n"
                       "    quiet_for: 10 m\n"
                       "    settle: 5S\n"
                       "    late: 99999999999999999999s\n"
                       "    wait_for: -1s\n",
               {"7:20: decide_within: \"2\" is no duration; write 500ms, 30s, 15m, 2h "
                "or 7d",
                "8:17: verify_for: \"1.5m\" is no duration; write 500ms, 30s, 15m, 2h "
                "or 7d",
                "9:16: quiet_for: \"10 m\" is no duration; write 500ms, 30s, 15m, 2h "
                "or 7d",
                "10:13: settle: \"5S\" is no duration; write 500ms, 30s, 15m, 2h or 7d",
                "11:11: late: \"99999999999999999999s\" is no duration; write 500ms, "
                "30s, 15m, 2h or 7d",
                "12:15: wait_for: \"-1s\" is no duration; write 500ms, 30s, 15m, 2h or "
                "7d"}},
        Faulty{"FirstLongerThanMost",
               kGood + "applications:\n"
                       "  A:\n"
                       "    address: 10.1.0.4:104\n"
                       "    retry: {first: 10m}\n"
                       "    existence: {first: 1m, most: 30s}\n",
               {"7:12: retry: first (10m) is longer than most (5m)",
                "8:16: existence: first (1m) is longer than most (30s)"}},
        Faulty{"WordsOfAnApplication",
               kGood + "applications:\n"
                       "  A:\n"
                       "    address: 10.1.0.4:104\n"
                       "    profile: Aria\n"
                       "    mode: watch\n"
                       "    moves: NO\n"
                       "    move_originator: NO\n"
                       "    hold: {then: discard}\n",
               {"7:14: profile: \"Aria\" is none of: none, aria",
                "8:11: mode: \"watch\" is none of: observe, enforce",
                "9:12: moves: \"NO\" is none of: forward, carry",
                "10:22: move_originator: \"NO\" is none of: learn, yes, no",
                "11:18: then: \"discard\" is none of: quarantine, send"}},
        Faulty{"StatusesThatAreNone",
               kGood + "applications:\n"
                       "  A: {address: \"10.1.0.4:104\", statuses: {again: [A7, 0xA7xx, G000]}}\n",
               {"5:51: again: \"A7\" is no status; write A700, 0xC001 or A7xx",
                "5:63: again: \"G000\" is no status; write A700, 0xC001 or A7xx"}},
        Faulty{"MachineNamesThatCannotBe",
               kGood +
                   "applications:\n"
                   "  A: {address: \"10.1.0.4:104\", machines: [A_NAME_OF_17_CHARS, ok, \" \"]}\n",
               {"5:43: machines: \"A_NAME_OF_17_CHARS\" is no machine name: 1 to 16 "
                "characters without backslash",
                "5:67: machines: \" \" is no machine name: 1 to 16 characters without "
                "backslash"}},
        Faulty{"UnknownKeysOfAnApplication",
               kGood + "applications:\n"
                       "  A:\n"
                       "    adress: 10.1.0.4:104\n"
                       "    hold: {warn-after: 30m}\n"
                       "    timeouts: {conect: 1s}\n",
               {"5:3: A needs an address, or from if it only ever calls us",
                "6:5: unknown key \"adress\"; did you mean \"address\"?",
                "7:12: unknown key \"warn-after\"; did you mean \"warn_after\"?",
                "8:16: unknown key \"conect\"; did you mean \"connect\"?"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Clients, FaultsTest,
    ::testing::Values(
        Faulty{"ClientsAsAMap",
               kGood + "clients: {DCMTK: 10.1.0.0/24}\n",
               {"4:10: clients must be a list, \"- item\""}},
        Faulty{"ClientAsAWord",
               kGood + "clients: [DCMTK]\n",
               {"4:11: each entry of clients must be a map, \"key: value\""}},
        Faulty{"ClientWithNothing",
               kGood + "clients: [{}]\n",
               {"4:11: ae_title is missing", "4:11: from is missing"}},
        Faulty{"ClientWithEmptyLists",
               kGood + "clients: [{ae_title: [], from: []}]\n",
               {"4:22: ae_title must not be empty", "4:32: from must not be empty"}},
        Faulty{"RangesThatAreNone",
               kGood + "clients:\n"
                       "  - {ae_title: A, from: pc7.clinic.local}\n"
                       "  - {ae_title: B, from: [10.1.0.0/24, 10.1.0.0/40, 10.1.0.7/24]}\n",
               {"5:25: from: \"pc7.clinic.local\" is no address and no range; write "
                "10.1.0.31, 10.1.0.0/24 or fd00::/8",
                "6:39: from: \"10.1.0.0/40\" is no address and no range; write "
                "10.1.0.31, 10.1.0.0/24 or fd00::/8",
                "6:52: from: \"10.1.0.7/24\" has bits after its prefix; write "
                "10.1.0.0/24 or 10.1.0.7"}},
        Faulty{"OperationsThatAreNone",
               kGood + "clients: [{ae_title: A, from: 10.1.0.1, may: [store, query, c-move]}]\n",
               {"4:54: may: \"query\" is none of: echo, store, find, move, get, "
                "commit, normalized",
                "4:61: may: \"c-move\" is none of: echo, store, find, move, get, "
                "commit, normalized"}},
        Faulty{"PortsThatAreNone",
               kGood + "clients:\n"
                       "  - {ae_title: A, from: 10.1.0.1, receives_on: 0}\n"
                       "  - {ae_title: B, from: 10.1.0.1, receives_on: 70000}\n",
               {"5:48: receives_on: \"0\" is no port from 1 to 65535",
                "6:48: receives_on: \"70000\" is no port from 1 to 65535"}},
        Faulty{
            "TwoPlacesToReceive",
            kGood +
                "clients:\n"
                "  - {ae_title: A, from: 10.1.0.1, receives_on: 104, address: \"10.1.0.1:104\"}\n",
            {"5:62: address: receives_on is given too; keep one of them"}},
        Faulty{"ClientThatReceivesAsAnApplication",
               kGood + kApplication +
                   "clients:\n"
                   "  - {ae_title: [X, VMSDBD], from: 10.1.0.4, receives_on: 104}\n",
               {"7:20: ae_title: \"VMSDBD\" is a title of application VMSDBD; a C-MOVE "
                "to it could mean either. Remove receives_on and address here: the "
                "application has them"}},
        Faulty{"ClientWithOurTitle",
               kGood + "clients: [{ae_title: SLUICE, from: 10.1.0.1}]\n",
               {"4:22: ae_title: \"SLUICE\" is our own; a client has another"}},
        Faulty{"ClientTitleTooLong",
               kGood + "clients: [{ae_title: ABCDEFGHIJKLMNOPQ, from: 10.1.0.1}]\n",
               {"4:22: ae_title: \"ABCDEFGHIJKLMNOPQ\" is no AE title: it has 17 "
                "characters, 16 are allowed"}},
        Faulty{"Acknowledgements",
               kGood + "clients:\n"
                       "  - {ae_title: A, from: 10.1.0.1, acknowledge: later}\n"
                       "  - {ae_title: B, from: 10.1.0.1, acknowledge: {wait: 0s, then: never}}\n"
                       "  - {ae_title: C, from: 10.1.0.1, acknowledge: [durable]}\n",
               {"5:48: acknowledge: \"later\" is none of: durable, refuse",
                "6:55: wait: 0s is not from 1ms to 3650d",
                "6:65: then: \"never\" is none of: durable, refuse",
                "7:48: acknowledge must be a map, \"key: value\""}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    MoveTo, FaultsTest,
    ::testing::Values(Faulty{
        "MoveToWhatCannotTakeIt",
        kGood + "applications:\n"                                                          // 4
                "  VMSDBD: {address: \"10.1.0.4:51402\", profile: aria, machines: [A]}\n"  // 5
                "  PACS: {address: \"10.1.0.5:104\", also_called: [OLD]}\n"                // 6
                "  BOTH: {move_to: [PACS, OLD]}\n"                                         // 7
                "  EXPORT: {move_to: [NOBODY, BOTH, VMSDBD]}\n",                           // 8
        {"7:26: move_to: PACS stands here twice",
         "8:22: move_to: \"NOBODY\" is no application with an address",
         "8:30: move_to: \"BOTH\" is no application with an address",
         "8:36: move_to: VMSDBD demands an order of injection, so what comes there may have to "
         "wait; let it be moved to alone"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Whole, FaultsTest,
    ::testing::Values(Faulty{
        "ManyAtOnceInFileOrder",
        "ae_title: A_TITLE_TOO_LONG_BY_FAR\n"
        "listen: [{port: 51402}, {port: 51402}]\n"
        "stroe: {directory: /d}\n"
        "applications:\n"
        "  VMSDBD:\n"
        "    profile: aria\n"
        "    adress: 10.1.0.4:51402\n"
        "    hold: {at_most: forever}\n"
        "  VMSDBD: {address: \"10.1.0.5:104\"}\n"
        "clients:\n"
        "  - {ae_title: DCMTK, from: 10.1.0.0/24, from: 10.1.1.0/24}\n"
        "  - {from: anywhere}\n"
        "limits: {artim: 30 s}\n"
        "log: {level: loud}\n",
        {"1:1: store is missing",
         "1:11: ae_title: \"A_TITLE_TOO_LONG_BY_FAR\" is no AE title: it has 23 "
         "characters, 16 are allowed",
         "2:25: listen: port 51402 is taken by listen already",
         "3:1: unknown key \"stroe\"; did you mean \"store\"?",
         "5:3: VMSDBD: profile aria needs an address",
         "7:5: unknown key \"adress\"; did you mean \"address\"?",
         "8:21: at_most: \"forever\" is no duration; write 500ms, 30s, 15m, 2h "
         "or 7d",
         "9:3: duplicate key \"VMSDBD\"; it stands in line 5 already",
         "11:42: duplicate key \"from\"; it stands in line 11 already", "12:5: ae_title is missing",
         "12:12: from: \"anywhere\" is no address and no range; write "
         "10.1.0.31, 10.1.0.0/24 or fd00::/8",
         "13:17: artim: \"30 s\" is no duration; write 500ms, 30s, 15m, 2h or 7d",
         "14:14: level: \"loud\" is none of: debug, info, warning, error"}}),
    NameOfCase);

}  // namespace
}  // namespace router::config
