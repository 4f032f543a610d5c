#include "tests/unit/rules/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "router/base/text.h"

namespace rules::testing {
namespace {

struct Entry {
  std::string_view keyword;
  uint32_t tag;
  std::string_view vr;
};
constexpr Entry kEntries[] = {{"SpecificCharacterSet", 0x00080005, "CS"},
                              {"SOPClassUID", 0x00080016, "UI"},
                              {"SOPInstanceUID", 0x00080018, "UI"},
                              {"StudyDate", 0x00080020, "DA"},
                              {"StudyTime", 0x00080030, "TM"},
                              {"AcquisitionDateTime", 0x0008002A, "DT"},
                              {"QueryRetrieveLevel", 0x00080052, "CS"},
                              {"Modality", 0x00080060, "CS"},
                              {"StationName", 0x00081010, "SH"},
                              {"StudyDescription", 0x00081030, "LO"},
                              {"ImageType", 0x00080008, "CS"},
                              {"ReferencedSOPInstanceUID", 0x00081155, "UI"},
                              {"PatientName", 0x00100010, "PN"},
                              {"PatientID", 0x00100020, "LO"},
                              {"PatientBirthDate", 0x00100030, "DA"},
                              {"PatientAge", 0x00101010, "AS"},
                              {"PatientComments", 0x00104000, "LT"},
                              {"SliceThickness", 0x00180050, "DS"},
                              {"StudyInstanceUID", 0x0020000D, "UI"},
                              {"SeriesInstanceUID", 0x0020000E, "UI"},
                              {"InstanceNumber", 0x00200013, "IS"},
                              {"FrameOfReferenceUID", 0x00200052, "UI"},
                              {"Rows", 0x00280010, "US"},
                              {"RTPlanDescription", 0x300A0004, "ST"},
                              {"RTPlanLabel", 0x300A0002, "SH"},
                              {"BeamSequence", 0x300A00B0, "SQ"},
                              {"TreatmentMachineName", 0x300A00B2, "SH"},
                              {"BeamName", 0x300A00C2, "LO"},
                              {"RedPaletteColorLookupTableData", 0x00281201, "OW"},
                              {"ReferencedStructureSetSequence", 0x300C0060, "SQ"},
                              {"PixelData", 0x7FE00010, "OW"}};

using Words = std::vector<std::pair<std::string, std::vector<std::string>>>;

const Words& SopClasses() {
  static const Words kWords = {
      {"ct_image", {std::string(kCt)}},
      {"rt_plan", {std::string(kPlan)}},
      {"rt_dose", {std::string(kDose)}},
      {"secondary_capture", {std::string(kCapture)}},
      {"plan", {std::string(kPlan), "1.2.840.10008.5.1.4.1.1.481.8"}},
      {"images", {std::string(kCt), "1.2.840.10008.5.1.4.1.1.4", std::string(kCapture)}},
      {"rt", {std::string(kPlan), std::string(kDose), "1.2.840.10008.5.1.4.1.1.481.3"}}};
  return kWords;
}

const Words& TransferSyntaxes() {
  static const Words kWords = {{"implicit_vr_little_endian", {std::string(kImplicit)}},
                               {"explicit_vr_little_endian", {std::string(kExplicit)}},
                               {"uncompressed", {std::string(kImplicit), std::string(kExplicit)}},
                               {"jpeg", {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"}}};
  return kWords;
}

std::vector<std::string> Find(const Words& words, std::string_view word) {
  auto found = std::ranges::find(words, word, &Words::value_type::first);
  return found == words.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> Names(const Words& words) {
  std::vector<std::string> names;
  for (const auto& word : words) names.push_back(word.first);
  return names;
}

}  // namespace

std::optional<uint32_t> SmallDictionary::TagOf(std::string_view keyword) const {
  auto found = std::ranges::find(kEntries, keyword, &Entry::keyword);
  if (found == std::end(kEntries)) return std::nullopt;
  return found->tag;
}

std::string SmallDictionary::NearestKeyword(std::string_view keyword) const {
  std::vector<std::string> known;
  for (const Entry& entry : kEntries) known.emplace_back(entry.keyword);
  return router::NearestOf(keyword, known);
}

std::string SmallDictionary::KeywordOf(uint32_t tag) const {
  auto found = std::ranges::find(kEntries, tag, &Entry::tag);
  return found == std::end(kEntries) ? "(?)" : std::string(found->keyword);
}

std::string SmallDictionary::VrOf(uint32_t tag) const {
  auto found = std::ranges::find(kEntries, tag, &Entry::tag);
  return found == std::end(kEntries) ? "" : std::string(found->vr);
}

std::vector<std::string> SmallDictionary::SopClassesOf(std::string_view word) const {
  return Find(SopClasses(), word);
}
std::vector<std::string> SmallDictionary::SopClassWords() const { return Names(SopClasses()); }
std::vector<std::string> SmallDictionary::TransferSyntaxesOf(std::string_view word) const {
  return Find(TransferSyntaxes(), word);
}
std::vector<std::string> SmallDictionary::TransferSyntaxWords() const {
  return Names(TransferSyntaxes());
}

World SmallWorld() {
  World world;
  world.applications = {{"VMSDBD", {"VMSDBD", "VMSSDBD", "VMSDBD1"}, Profile::kAria, true, false},
                        {"VMSFD-OUT", {"VMSFD-OUT", "VMSFD"}, Profile::kNone, true, false},
                        {"RTPACS", {"RTPACS"}, Profile::kNone, true, false},
                        {"RESEARCH", {"RESEARCH"}, Profile::kNone, true, false},
                        {"LATER", {"LATER"}, Profile::kNone, false, false}};
  world.clients = {"DCMTK", "DCMCTK", "AUTOSEG", "ECL*"};
  world.listeners = {"51402"};
  return world;
}

RuleSet::Compiled Compile(std::string_view yaml, const World& world) {
  static const SmallDictionary kDictionary;
  router::config::Tree tree = router::config::ParseTree("f", yaml);
  EXPECT_TRUE(tree.faults.empty()) << yaml << "\n" << tree.faults.front().message;
  return RuleSet::Compile(tree.root, world, kDictionary);
}

std::shared_ptr<const RuleSet> MustCompile(std::string_view yaml, const World& world) {
  RuleSet::Compiled compiled = Compile(yaml, world);
  if (!compiled.rules)
    for (const Problem& problem : compiled.problems)
      ADD_FAILURE() << problem.line << ":" << problem.column << ": " << problem.message << "\n"
                    << yaml;
  return compiled.rules;
}

std::vector<std::string> ProblemsOf(std::string_view yaml, const World& world) {
  std::vector<std::string> said;
  for (const Problem& problem : Compile(yaml, world).problems)
    said.push_back(std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                   (problem.warning ? "warning: " : "") + problem.message);
  return said;
}

FakeElements::FakeElements(const RuleSet& rules,
                           std::map<std::string, std::vector<std::string>> values, bool whole) {
  for (const router::ElementPath& path : rules.paths()) {
    router::ElementValues found;
    auto value = values.find(path.text);
    if (value != values.end()) {
      found.presence = router::ElementValues::Presence::kPresent;
      found.values = value->second;
    } else if (whole) {
      found.presence = router::ElementValues::Presence::kAbsent;
    }
    found_.push_back(std::move(found));
  }
}

const router::ElementValues& FakeElements::At(size_t slot) {
  ++asked_;
  return found_.at(slot);
}

Situation::Situation() {
  message.phase = Phase::kEnd;
  message.now = {12 * 60, 2};
  message.command_field = 0x0001;
  message.sop_class = kCt;
  message.sop_instance = "1.2.3";
  message.transfer_syntax = kImplicit;
  message.requested = "VMSDBD";
  message.size = 526'000;
}

Situation Situation::Of(uint16_t command, Phase phase) {
  Situation situation;
  situation.message.command_field = command;
  situation.message.phase = phase;
  return situation;
}

Decisions Situation::Decide(const RuleSet& rules) const {
  FakeElements elements(rules, data_set, whole);
  Decisions decisions;
  rules.Decide(caller, rules.CandidatesFor(caller), message,
               message.phase >= Phase::kHead ? &elements : nullptr, decisions);
  return decisions;
}

Verdict::Match Situation::Matches(std::string_view when) const {
  auto rules = MustCompile("- {name: r, when: " + std::string(when) + ", then: {log: seen}}");
  if (!rules) return Verdict::Match::kNo;
  const Decisions decisions = Decide(*rules);
  if (!decisions.matched.empty()) return Verdict::Match::kYes;
  return decisions.undecided.empty() ? Verdict::Match::kNo : Verdict::Match::kOpen;
}

std::string Situation::Why(std::string_view when) const {
  auto rules = MustCompile("- {name: r, when: " + std::string(when) + ", then: {log: seen}}");
  if (!rules) return {};
  FakeElements elements(*rules, data_set, whole);
  Decisions decisions;
  return rules
      ->Explain(caller, message, message.phase >= Phase::kHead ? &elements : nullptr, decisions)[0]
      .why;
}

}  // namespace rules::testing
