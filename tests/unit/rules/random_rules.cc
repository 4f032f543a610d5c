#include "tests/unit/rules/random_rules.h"

#include <set>

namespace rules::testing {

std::string Random::OneOf(std::initializer_list<const char*> words) {
  return *(words.begin() + Below(words.size()));
}

std::string Random::Some(std::initializer_list<const char*> words) {
  if (Chance(60)) return "\"" + OneOf(words) + "\"";
  std::string list;
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i)
    list += (list.empty() ? "\"" : ", \"") + OneOf(words) + "\"";
  return "[" + list + "]";
}

std::string Random::ElementTests() {
  std::string tests;
  std::set<std::string> used;
  for (size_t i = 0, n = 1 + Below(2); i < n; ++i) {
    const std::string path = OneOf({"Modality", "ImageType", "SliceThickness", "PatientID",
                                    "BeamSequence.TreatmentMachineName"});
    if (!used.insert(path).second) continue;
    tests += (tests.empty() ? "" : ", ") + path + ": ";
    if (path == "SliceThickness" && Chance(70))
      tests += OneOf({"{above: 2}", "{below: 3}", "{from: 1, to: 2.5}", "{not: {above: 2.5}}",
                      "{above: 1, below: 2.5, present: true}"});
    else
      tests +=
          Chance(60)
              ? Some({"CT", "C*", "?T", "AXIAL", "EDGE", "2.50", "", "A*L"})
              : OneOf({"{present: true}", "{absent: true}", "{not: CT}", "{regex: \"[A-F].*\"}",
                       "{is: \"C*\"}", "{glob: \"C*\"}", "{not: {glob: \"*\"}}",
                       "{regex: \".*T\", not: CT}", "{not: [CT, EDGE], present: true}"});
  }
  return "{" + tests + "}";
}

std::string Random::Condition(const std::string& key, int depth) {
  if (key == "calling") return Some({"DCMTK", "DCM*", "AUTOSEG", "ECL?", "*", "D[A-D]*"});
  if (key == "called") return Some({"VMSDBD", "VMS*", "RTPACS"});
  if (key == "requested") return Some({"VMSDBD", "RT*", "QA"});
  if (key == "destination") return Some({"QA", "QA?", "EXPORT", "*"});
  if (key == "listener") return Some({"51402", "10.1.0.40:51402", "104"});
  if (key == "tls_subject") return Some({"*", "CN=a*", "CN=b"});
  if (key == "from") return Some({"10.1.0.0/24", "10.0.0.0/8", "10.1.0.7", "10.1.0.8/29"});
  if (key == "to") return Some({"VMSDBD", "VMSSDBD", "RTPACS", "RESEARCH"});
  if (key == "command")
    return Some({"C-STORE", "C-STORE", "C-FIND", "C-MOVE", "C-GET", "C-ECHO", "N-ACTION"});
  if (key == "level") return Some({"STUDY", "SERIES", "IMAGE"});
  if (key == "sop_class")
    return Some({"ct_image", "images", "rt", "1.2.246.352.*", "1.2.840.10008.5.1.4.1.1.481.5"});
  if (key == "transfer_syntax") return Some({"uncompressed", "jpeg", "1.2.840.10008.1.2"});
  if (key == "dataset") return ElementTests();
  if (key == "size") return OneOf({"{above: 1KiB}", "{below: 1MiB}", "{above: 1KiB, below: 1MiB}"});
  if (key == "time") return Some({"18:00-06:00", "08:00-12:30", "00:00-24:00", "12:00-13:00"});
  if (key == "weekday") return Some({"mon", "mon-fri", "sat-mon", "wed"});
  if (key == "not") return When(depth + 1);
  std::string list;
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i)
    list += (list.empty() ? "" : ", ") + When(depth + 1);
  return "[" + list + "]";
}

std::string Random::When(int depth) {
  std::string when;
  std::set<std::string> used;
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i) {
    std::string key = OneOf({"calling",
                             "called",
                             "requested",
                             "destination",
                             "listener",
                             "tls_subject",
                             "from",
                             "to",
                             "command",
                             "command",
                             "level",
                             "sop_class",
                             "transfer_syntax",
                             "dataset",
                             "dataset",
                             "size",
                             "time",
                             "weekday",
                             "not",
                             "any",
                             "all"});
    if (depth > 1 && (key == "not" || key == "any" || key == "all")) key = "command";
    if (!used.insert(key).second) continue;
    when += (when.empty() ? "" : ", ") + key + ": " + Condition(key, depth);
  }
  return "{" + when + "}";
}

std::string Random::Then() {
  std::string then;
  std::set<std::string> used;
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i) {
    const std::string action = OneOf({"to: RTPACS",
                                      "calling: A",
                                      "called: B",
                                      "move_to: RTPACS",
                                      "copy_to: RESEARCH",
                                      "hold: off",
                                      "hold: {at_most: 1d}",
                                      "queue: true",
                                      "refuse: A700",
                                      "drop: true",
                                      "set: {StationName: X}",
                                      "set: {StationName: Y, StudyDescription: Z}",
                                      "remove: PatientComments",
                                      "remove: [StationName, PatientComments]",
                                      "copy: {PatientComments: StudyDescription}",
                                      "retrieve_ae_title: C",
                                      "limit: {count: 1, per: 1s}",
                                      "priority: low",
                                      "acknowledge: durable",
                                      "log: seen"});
    if (!used.insert(action.substr(0, action.find(':'))).second) continue;
    then += (then.empty() ? "" : ", ") + action;
  }
  return "{" + then + ", clinical_edit: true}";
}

std::vector<std::string> Random::Rules(size_t most) {
  std::vector<std::string> rules;
  for (size_t i = 0, n = 1 + Below(most); i < n; ++i) {
    std::string rule = "- {name: r" + std::to_string(i) + ", then: " + Then();
    if (Chance(85)) rule += ", when: " + When(0);
    if (Chance(20)) rule += ", last: true";
    rules.push_back(rule + "}");
  }
  return rules;
}

Known Random::Facts() {
  Known known;
  known.caller = {
      OneOf({"10.1.0.40:51402", "10.1.0.40:104"}), OneOf({"", "CN=a1", "CN=b"}),
      OneOf({"10.1.0.7", "10.1.0.9", "10.2.0.1"}), OneOf({"DCMTK", "DCMCTK", "AUTOSEG", "ECL1"}),
      OneOf({"VMSDBD", "VMSSDBD", "RTPACS"}),      OneOf({"VMSDBD", "RTPACS", "RESEARCH"})};
  Message& message = known.message;
  message.now = {static_cast<uint16_t>(60 * Below(24) + 30 * Below(2)),
                 static_cast<uint8_t>(Below(7))};
  constexpr uint16_t kFields[] = {0x0001, 0x0001, 0x0001, 0x0020, 0x0021,
                                  0x0010, 0x0030, 0x0130, 0x0110, 0x0FFF};
  message.command_field = kFields[Below(std::size(kFields))];
  message.sop_class = Keep(OneOf({"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.481.5",
                                  "1.2.246.352.70.1.70", "1.2.840.10008.5.1.4.1.1.7"}));
  if (message.command_field == 0x0030) message.sop_class = "1.2.840.10008.1.1";
  message.transfer_syntax = Keep(OneOf({"1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"}));
  message.requested = Keep(OneOf({"VMSDBD", "RTPACS", "QA"}));
  const bool moves = message.command_field == 0x0021 || message.command_field == 0x0001;
  message.destination = moves ? Keep(OneOf({"QA", "QA1", "EXPORT", ""})) : "";
  if (Chance(90)) message.size = Below(3) * 700'000;
  auto add = [&](const std::string& path, std::vector<std::string> values) {
    if (Chance(70)) (Chance(60) ? known.head : known.rest)[path] = std::move(values);
  };
  add("Modality", {OneOf({"CT", "MR", "RTPLAN"})});
  add("ImageType", Chance(20) ? std::vector<std::string>()
                              : std::vector<std::string>{OneOf({"ORIGINAL", "C"}), "AXIAL"});
  add("SliceThickness", {OneOf({"1", "2.50", "2.5", "3", "thick"})});
  add("PatientID", {OneOf({"CT", "SECRET", ""})});
  add("BeamSequence.TreatmentMachineName", {OneOf({"EDGE", "Old"}), OneOf({"EDGE", "CAT"})});
  add("QueryRetrieveLevel", {OneOf({"STUDY", "SERIES", "IMAGE"})});
  return known;
}

}  // namespace rules::testing
