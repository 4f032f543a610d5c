// The same for actions, and for what only the rules as a whole show.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/rules/faults.h"
#include "tests/unit/rules/world.h"

namespace rules::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(
    Actions, FaultsTest,
    ::testing::Values(
        Faulty{"ToUnknown",
               Then("{to: RTPAC}"),
               {"1:24: to: there is no application \"RTPAC\"; did you mean \"RTPACS\"?"}},
        Faulty{"ToWithoutAddress",
               Then("{to: LATER}"),
               {"1:24: to: application \"LATER\" has no address, so nothing can be sent to it"}},
        Faulty{"CallingIsNoTitleThen",
               Then("{calling: A_TITLE_OF_MORE_THAN_16}"),
               {"1:29: calling: \"A_TITLE_OF_MORE_THAN_16\" is no AE title: it has 23 characters, "
                "16 are allowed"}},
        Faulty{"MoveToUnknown",
               Then("{move_to: [RTPACS, EXPORT]}"),
               {"1:38: move_to: there is no application and no client \"EXPORT\"; known: VMSDBD, "
                "VMSFD-OUT, RTPACS, RESEARCH, DCMTK, DCMCTK, AUTOSEG, ECL*"}},
        Faulty{
            "MoveToWithoutAddress",
            Then("{move_to: LATER}"),
            {"1:29: move_to: application \"LATER\" has no address, so nothing can be sent to it"}},
        Faulty{"MoveToTwice",
               Then("{move_to: [RTPACS, RTPACS]}"),
               {"1:38: move_to: \"RTPACS\" stands there twice"}},
        Faulty{"MoveToTwiceByTwoTitles",
               Then("{move_to: [VMSFD-OUT, VMSFD]}"),
               {"1:41: move_to: \"VMSFD\" is VMSFD-OUT again"}},
        Faulty{"CopyToUnknown",
               Store("{copy_to: [RESEARCH, RESERCH]}"),
               {"1:78: copy_to: there is no application \"RESERCH\"; did you mean \"RESEARCH\"?"}},
        Faulty{"HoldIsNoWord",
               Store("{hold: on}"),
               {"1:64: hold: \"on\" is neither off nor a map of terms"}},
        Faulty{"HoldBadTerms",
               Store("{hold: {at_most: 7, then: drop}}"),
               {"1:74: at_most: \"7\" is no duration; write 500ms, 30s, 15m, 2h or 7d",
                "1:83: then: \"drop\" is none of quarantine, send"}},
        Faulty{
            "HoldWarnsTooLate",
            Store("{hold: {at_most: 1h, warn_after: 2h}}"),
            {"1:64: warning: hold: warn_after is not before at_most, so nobody is warned in time"}},
        Faulty{"QueueBadWindow",
               Store("{queue: {window: night}}"),
               {"1:74: window: \"night\" is no time of day; write 18:00-06:00"}},
        Faulty{"QueueFalse",
               Store("{queue: false}"),
               {"1:65: queue: \"false\" is neither true nor a map"}},
        Faulty{"RefuseWithSuccess",
               Store("{refuse: \"0000\"}"),
               {"1:66: refuse: \"0000\" is no status of failure (01xx, 02xx, Axxx, Cxxx), and a "
                "refusal is one"}},
        Faulty{"RefuseWithWarning",
               Store("{refuse: {status: B000}}"),
               {"1:75: status: \"B000\" is no status of failure (01xx, 02xx, Axxx, Cxxx), and a "
                "refusal is one"}},
        Faulty{"RefuseNoStatus", Store("{refuse: {comment: no}}"), {"1:66: refuse needs a status"}},
        Faulty{
            "RefuseLongComment",
            Store("{refuse: {status: A700, comment: " + std::string(65, 'c') + "}}"),
            {"1:90: comment: \"cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\" "
             "has 65 characters; (0000,0902) has room for 64"}},
        Faulty{"RefuseCommentWithBackslash",
               Store("{refuse: {status: A700, comment: 'a\\b'}}"),
               {"1:90: comment: \"a\\b\" has a backslash, which parts values"}},
        Faulty{"DropFalse", Store("{drop: false}"), {"1:64: drop: write true, or leave it out"}},
        Faulty{"RefuseAndDrop",
               Store("{refuse: A700, drop: true}"),
               {"1:78: refuse and drop exclude each other"}},
        Faulty{"LimitOfNothing",
               Then("{limit: {count: 0}}"),
               {"1:27: limit needs per", "1:35: count: \"0\" is no number from 1 to 1000000000"}},
        Faulty{"PriorityUnknown",
               Store("{priority: urgent}"),
               {"1:68: priority: \"urgent\" is none of low, medium, high"}},
        Faulty{"AcknowledgeUnknown",
               Store("{acknowledge: later}"),
               {"1:71: acknowledge: \"later\" is none of durable, refuse"}},
        Faulty{"LogWithoutText",
               Then("{log: {level: loud}}"),
               {"1:25: log needs a text",
                "1:33: level: \"loud\" is none of debug, info, warning, error"}},
        Faulty{"SetUnknownKeyword",
               Store("{set: {StationNam: x}}"),
               {"1:64: set: \"StationNam\" is no keyword of PS3.6; did you mean \"StationName\"?"}},
        Faulty{"SetTooLong",
               Store("{set: {StationName: A name of more than 16}}"),
               {"1:77: set: \"A name of more than 16\" has 22 characters; SH has room for 16"}},
        Faulty{"SetNoCode",
               Store("{set: {Modality: ct}}"),
               {"1:74: set: \"ct\" is no code string (CS): up to 16 of A-Z, 0-9, space and "
                "underscore"}},
        Faulty{"SetNoDate",
               Store("{set: {StudyDate: 2026-02-13}}"),
               {"1:75: set: \"2026-02-13\" is no date (DA); write YYYYMMDD"}},
        Faulty{"SetNoNumber",
               Store("{set: {Rows: 70000, InstanceNumber: 1.5}}"),
               {"1:70: set: \"70000\" is no whole number that fits US",
                "1:93: set: \"1.5\" is no whole number that fits IS"}},
        Faulty{"SetNoUid",
               Store("{set: {StudyInstanceUID: 1.2.03}}"),
               {"1:82: set: \"1.2.03\" is no UID"}},
        Faulty{"SetSequence",
               Store("{set: {BeamSequence: x}}"),
               {"1:64: set: \"BeamSequence\" is a sequence and has no value"}},
        Faulty{"SetBinary",
               Store("{set: {RedPaletteColorLookupTableData: x}}"),
               {"1:96: set: \"x\" cannot be written as a value of OW"}},
        Faulty{"SetSopInstance",
               Store("{set: {SOPInstanceUID: 1.2.3, SOPClassUID: 1.2}}"),
               {"1:64: set: \"SOPInstanceUID\" must agree with the command, so it cannot be edited",
                "1:87: set: \"SOPClassUID\" must agree with the command, so it cannot be edited"}},
        Faulty{"SetCharacterSet",
               Store("{set: {SpecificCharacterSet: ISO_IR 100}}"),
               {"1:64: set: \"SpecificCharacterSet\" says how all texts are encoded; use "
                "character_set"}},
        Faulty{
            "SetPixelData",
            Store("{remove: PixelData}"),
            {"1:66: remove: \"PixelData\" is pixel data, which is neither looked at nor edited"}},
        Faulty{"SetMeta",
               Store("{set: {\"(0002,0010)\": x}}"),
               {"1:64: set: \"(0002,0010)\" is not in a data set (groups 0000 and 0002 are not)"}},
        Faulty{"EditedTwice",
               Store("{set: {StationName: x}, remove: \"(0008,1010)\"}"),
               {"1:89: \"(0008,1010)\" is edited twice in this rule: \"set StationName\" and "
                "\"remove (0008,1010)\""}},
        Faulty{"CopyToItself",
               Store("{copy: {StationName: \"(0008,1010)\"}}"),
               {"1:78: copy: \"(0008,1010)\" is copied to itself"}},
        Faulty{"ReplaceWithoutWith",
               Store("{replace: {StationName: {regex: x}}}"),
               {"1:81: replace needs regex and with"}},
        Faulty{"ReplaceBadGroup",
               Store("{replace: {StationName: {regex: x, with: '\\1'}}}"),
               {"1:98: with: \"\\1\": Rewrite schema requests 1 matches, but the regexp only has 0 "
                "parenthesized subexpressions."}},
        Faulty{"CharacterSetUnknown",
               Store("{character_set: UTF-8}"),
               {"1:73: character_set: \"UTF-8\" is none; known: ISO_IR 6, ISO_IR 100, ISO_IR 101, "
                "ISO_IR 109, ISO_IR 110, ISO_IR 144, ISO_IR 127, ISO_IR 126, ISO_IR 138, ISO_IR "
                "148, ISO_IR 13, ISO_IR 166, ISO_IR 192, GB18030, GBK"}},
        Faulty{"KeepOfNothing",
               Store("{remove_private: {keep: []}}"),
               {"1:81: keep must not be empty"}}),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Whole, FaultsTest,
    ::testing::Values(
        Faulty{"EchoWithDataSet",
               When("{command: C-ECHO, dataset: {Modality: CT}}"),
               {"1:62: warning: dataset and command are never true together, so this rule never "
                "matches"}},
        Faulty{"EchoWithSopClass",
               When("{command: C-ECHO, sop_class: images}"),
               {"1:64: warning: sop_class and command are never true together, so this rule never "
                "matches"}},
        Faulty{"DestinationWithoutMove",
               When("{command: C-FIND, destination: QA}"),
               {"1:66: warning: destination and command are never true together, so this rule "
                "never matches"}},
        Faulty{"LevelOfAStore",
               When("{command: C-STORE, level: STUDY}"),
               {"1:61: warning: level and command are never true together, so this rule never "
                "matches"}},
        Faulty{"NotOfItself",
               When("{calling: DCMTK, not: {calling: [DCMTK, DCMCTK]}}"),
               {"1:57: warning: not excludes all that the other conditions let through, so this "
                "rule never matches"}},
        Faulty{"CallingByCommand",
               "- {name: r, when: {command: C-STORE}, then: {calling: X, called: Y}}",
               {"1:46: calling is settled when the association begins, and command is known later",
                "1:58: called is settled when the association begins, and command is known later"}},
        Faulty{"ToByFind",
               "- {name: r, when: {command: C-FIND}, then: {to: RTPACS}}",
               {"1:45: to is settled when the association begins, and command is known later; only "
                "a single C-STORE can go elsewhere: add \"command: C-STORE\""}},
        Faulty{"ToByDataSet",
               "- {name: r, when: {dataset: {Modality: CT}}, then: {to: RTPACS, calling: X}}",
               {"1:53: to is settled when the association begins, and dataset is known later; only "
                "a single C-STORE can go elsewhere: add \"command: C-STORE\""}},
        Faulty{"DropOfAnything",
               Then("{drop: true}"),
               {"1:20: drop: only a C-STORE can be dropped; add \"command: C-STORE\""}},
        Faulty{"HoldOfAMove",
               "- {name: r, when: {command: C-MOVE}, then: {hold: off, queue: true, copy_to: "
               "RTPACS}}",
               {"1:45: hold: only a C-STORE can be held, and this rule is never about one",
                "1:56: queue: only a C-STORE can be queued, and this rule is never about one",
                "1:69: copy_to: only a C-STORE can be copied, and this rule is never about one"}},
        Faulty{"PriorityOfAFind",
               "- {name: r, when: {command: C-FIND},\n   then: {priority: low, acknowledge: "
               "durable}}",
               {"2:11: priority: only a C-STORE has a priority, and this rule is never about one",
                "2:26: acknowledge: only a C-STORE is acknowledged, and this rule is never about "
                "one"}},
        Faulty{"MoveToOfAStore",
               "- {name: r, when: {command: C-STORE}, then: {move_to: RTPACS}}",
               {"1:46: move_to: only a C-MOVE has destinations, and this rule is never about one"}},
        Faulty{"EditOfAnEcho",
               "- {name: r, when: {command: C-ECHO}, then: {remove: PatientComments}}",
               {"1:45: remove: only a request with a data set can be edited, and this rule is "
                "never about one"}},
        Faulty{"RefuseAndHold",
               Store("{refuse: A700, hold: off, remove: PatientComments}"),
               {"1:72: hold has no effect together with refuse",
                "1:83: remove has no effect together with refuse"}},
        Faulty{"DropAndQueue",
               Store("{drop: true, queue: true, copy_to: RESEARCH}"),
               {"1:70: queue has no effect together with drop",
                "1:83: copy_to has no effect together with drop"}},
        Faulty{"LastOfTheLast",
               "- {name: r, then: {log: x}, last: true}",
               {"1:35: warning: last has no effect: no rule follows"}},
        Faulty{"HiddenByAll",
               "- {name: a, then: {log: x}, last: true}\n- {name: b, then: {log: y}}",
               {"2:10: warning: \"b\" is never read: the rule \"a\" (line 1) matches whenever it "
                "would and ends the reading"}},
        Faulty{"HiddenByASuperset",
               "- {name: a, when: {calling: \"EC*\", command: [C-STORE, C-FIND]}, then: {log: x},\n"
               "   last: true}\n"
               "- name: b\n"
               "  when: {calling: [ECLIPSE, \"ECL*\"], command: C-STORE, from: 10.0.0.0/8}\n"
               "  then: {log: y}\n",
               {"3:9: warning: \"b\" is never read: the rule \"a\" (line 1) matches whenever it "
                "would and ends the reading"}},
        Faulty{"NeverDecides",
               "- {name: a, when: {from: 10.0.0.0/8}, then: {hold: off, log: x}}\n"
               "- {name: b, when: {from: [10.1.0.0/16, 10.2.0.1]}, then: {hold: {}, log: y}}\n",
               {"2:59: warning: hold never has an effect: the rule \"a\" (line 1) decides it "
                "whenever this one matches"}},
        Faulty{"NeverEdits",
               "- {name: a, when: {to: RTPACS}, then: {set: {StationName: x}}}\n"
               "- {name: b, when: {to: RTPACS}, then: {set: {StationName: y, Modality: CT}}}\n",
               {"2:46: warning: \"set StationName\" never has an effect: the rule \"a\" (line 1) "
                "edits it whenever this one matches"}},
        Faulty{"RouteBelowALastOfMessages",
               "- {name: a, when: {command: C-ECHO}, then: {log: x}, last: true}\n"
               "- {name: b, when: {calling: DCMTK}, then: {to: RTPACS}}\n",
               {"2:44: to is settled when the association begins, and only a message tells whether "
                "the rule \"a\" (line 1) ends the reading; put this rule above it"}},
        Faulty{"UidsToAria",
               "- {name: r, when: {to: VMSDBD, command: C-STORE, sop_class: images},\n"
               "   then: {set: {StudyInstanceUID: 1.2.3}, remove: PatientComments}}",
               {"2:17: \"set StudyInstanceUID\" changes UIDs on the way to \"VMSDBD\" (profile "
                "aria); \"clinical_edit: true\" allows it"}},
        Faulty{"PlansToAria",
               "- {name: r, when: {command: C-STORE, to: VMSDBD},\n"
               "   then: {set: {PatientComments: x}}}",
               {"2:17: \"set PatientComments\" may change a plan on the way to \"VMSDBD\" (profile "
                "aria): exclude plans by sop_class; \"clinical_edit: true\" allows it"}},
        Faulty{"PlansToAnywhere",
               Then("{remove_private: true}"),
               {"1:36: \"remove private elements\" may change a plan on the way to \"VMSDBD\" "
                "(profile aria): exclude plans by sop_class; \"clinical_edit: true\" allows it"}},
        Faulty{"UnknownClassesToAria",
               "- {name: r, when: {sop_class: 1.2.246.352.70.1.71}, then: {remove: StationName}}",
               {"1:68: \"remove StationName\" may change a plan on the way to \"VMSDBD\" (profile "
                "aria): exclude plans by sop_class; \"clinical_edit: true\" allows it"}},
        Faulty{"RoutedPlansToAria",
               "- {name: r, when: {command: C-STORE, to: RTPACS, sop_class: rt},\n"
               "   then: {to: VMSDBD, remove: ReferencedStructureSetSequence,\n"
               "          character_set: ISO_IR 100}}",
               {"2:31: \"remove ReferencedStructureSetSequence\" changes UIDs on the way to "
                "\"VMSDBD\" (profile aria); \"clinical_edit: true\" allows it",
                "3:26: \"texts in ISO_IR 100\" may change a plan on the way to \"VMSDBD\" (profile "
                "aria): exclude plans by sop_class; \"clinical_edit: true\" allows it"}},
        Faulty{"ClinicalEditOfNothing",
               Then("{clinical_edit: true, log: x}"),
               {"1:20: warning: clinical_edit has no effect: the rule edits nothing"}}),
    NameOfCase);

}  // namespace
}  // namespace rules::testing
