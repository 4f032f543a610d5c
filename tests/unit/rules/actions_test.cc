// One test for each action, of its name: what it takes and what is decided by it. What it refuses
// is in faults_test.cc.
#include "rules/actions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using router::ElementEdit;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::MustCompile;
using testing::Situation;

// What a rule for everything that goes to RTPACS decides. The rules live as long as the program.
Decisions Decide(const std::string& then, uint16_t command = 0x0001,
                 const std::string& when = "{command: C-STORE, to: RTPACS}") {
  static std::vector<std::shared_ptr<const RuleSet>> kept;
  kept.push_back(MustCompile("- {name: r, when: " + when + ", then: {" + then + "}}"));
  if (!kept.back()) return {};
  Situation s = Situation::Of(command);
  s.caller.application = "RTPACS";
  return s.Decide(*kept.back());
}

std::vector<std::string> Texts(const std::vector<router::AeTitle>& titles) {
  std::vector<std::string> texts;
  for (const auto& title : titles) texts.push_back(title.str());
  return texts;
}

// The only edit that a rule makes.
ElementEdit EditOf(const std::string& then) {
  const Decisions decisions = Decide(then);
  EXPECT_EQ(decisions.edits.size(), 1u) << then;
  return decisions.edits.empty() ? ElementEdit() : *decisions.edits[0];
}

TEST(Action, to) {
  EXPECT_EQ(*Decide("to: RESEARCH").to, "RESEARCH");
  EXPECT_EQ(*Decide("to: VMSFD").to, "VMSFD-OUT") << "by any of its titles";
}

TEST(Action, calling) {
  EXPECT_EQ(Decide("calling: SLUICE2", 0x0020, "{to: RTPACS}").calling->view(), "SLUICE2");
}

TEST(Action, called) {
  EXPECT_EQ(Decide("called: \"RT PACS\"", 0x0020, "{to: RTPACS}").called->view(), "RT PACS");
}

TEST(Action, move_to) {
  const Decisions decisions = Decide("move_to: [RTPACS, ECLIPSE3]", 0x0021, "{command: C-MOVE}");
  ASSERT_TRUE(decisions.move_to);
  EXPECT_THAT(Texts(*decisions.move_to), ElementsAre("RTPACS", "ECLIPSE3")) << "clients too";
  EXPECT_THAT(Texts(*Decide("move_to: DCMTK", 0x0021, "{command: C-MOVE}").move_to),
              ElementsAre("DCMTK"));
}

TEST(Action, copy_to) {
  const Decisions decisions = Decide("copy_to: [RESEARCH, VMSFD]");
  ASSERT_EQ(decisions.copy_to.size(), 1u);
  EXPECT_THAT(*decisions.copy_to[0], ElementsAre("RESEARCH", "VMSFD-OUT"));
}

TEST(Action, hold) {
  EXPECT_TRUE(Decide("hold: off").hold->off);
  EXPECT_EQ(*Decide("hold: {}").hold, HoldTerms());
  const HoldTerms terms = *Decide(
                               "hold: {warn_after: 30m, at_most: 2d, then: send,"
                               " structure_set_images: noted, plan_structure_set: required,"
                               " dose_plan: noted, dose_structure_set: noted, record_plan: noted,"
                               " registration_images: noted, match_images: series,"
                               " match_structure_sets: study}")
                               .hold;
  EXPECT_FALSE(terms.off);
  EXPECT_EQ(terms.warn_after, minutes(30));
  EXPECT_EQ(terms.at_most, hours(48));
  EXPECT_EQ(terms.then, HoldTerms::Then::kSend);
  EXPECT_EQ(terms.structure_set_images, HoldTerms::Strength::kNoted);
  EXPECT_EQ(terms.plan_structure_set, HoldTerms::Strength::kRequired);
  EXPECT_EQ(terms.registration_images, HoldTerms::Strength::kNoted);
  EXPECT_EQ(terms.match_images, HoldTerms::MatchImages::kSeries);
  EXPECT_EQ(terms.match_structure_sets, HoldTerms::MatchStructureSets::kStudy);
}

TEST(Action, queue) {
  EXPECT_FALSE(Decide("queue: true").queue->window);
  EXPECT_FALSE(Decide("queue: {}").queue->window);
  EXPECT_EQ(Decide("queue: {window: 20:00-06:30, weekdays: [mon-fri, sun]}").queue->window,
            (Window{1200, 390, 0x5F}));
  EXPECT_EQ(Decide("queue: {weekdays: sat}").queue->window, (Window{0, 0, 0x20}));
  EXPECT_EQ(Decide("queue: {window: 18:00-24:00}").queue->window, (Window{1080, 0, 0x7F}));
}

TEST(Action, refuse) {
  EXPECT_EQ(std::get<Refuse>(*Decide("refuse: 0xC001").outcome), (Refuse{0xC001, ""}));
  EXPECT_EQ(std::get<Refuse>(*Decide("refuse: {status: A700, comment: not here}").outcome),
            (Refuse{0xA700, "not here"}));
  EXPECT_EQ(std::get<Refuse>(*Decide("refuse: {status: \"0122\"}").outcome).status, 0x0122);
}

TEST(Action, drop) { EXPECT_TRUE(std::holds_alternative<Drop>(*Decide("drop: true").outcome)); }

TEST(Action, set) {
  ElementEdit edit = EditOf("set: {StationName: EDGE}");
  EXPECT_EQ(edit.kind, ElementEdit::Kind::kSet);
  EXPECT_EQ(edit.path.steps, (std::vector<router::ElementStep>{{0x00081010, "", 0}}));
  EXPECT_EQ(edit.value, "EDGE");
  EXPECT_EQ(edit.text, "set StationName");
  EXPECT_EQ(EditOf("set: {ImageType: [DERIVED, SECONDARY]}").value, "DERIVED\\SECONDARY");
  EXPECT_EQ(EditOf("set: {PatientComments: \"\"}").value, "");
  edit = EditOf("set: {\"BeamSequence[2].(300A,00C2)\": AP}");
  EXPECT_EQ(edit.path.steps,
            (std::vector<router::ElementStep>{{0x300A00B0, "", 2}, {0x300A00C2, "", 0}}));
  EXPECT_EQ(edit.path.text, "BeamSequence[2].(300A,00C2)");
}

TEST(Action, remove) {
  const Decisions decisions = Decide(
      "remove: [PatientComments, BeamSequence, \"(3253,xx1a)[Varian Medical Systems 3253]\"]");
  ASSERT_EQ(decisions.edits.size(), 3u);
  EXPECT_EQ(decisions.edits[0]->kind, ElementEdit::Kind::kRemove);
  EXPECT_EQ(decisions.edits[1]->text, "remove BeamSequence");
  EXPECT_EQ(decisions.edits[2]->path.steps,
            (std::vector<router::ElementStep>{{0x3253001A, "Varian Medical Systems 3253", 0}}));
}

TEST(Action, copy) {
  const ElementEdit edit = EditOf("copy: {PatientComments: StudyDescription}");
  EXPECT_EQ(edit.kind, ElementEdit::Kind::kCopy);
  EXPECT_EQ(edit.path.text, "PatientComments");
  EXPECT_EQ(edit.from.text, "StudyDescription");
}

TEST(Action, replace) {
  const ElementEdit edit = EditOf("replace: {StationName: {regex: \"^OLD(.*)$\", with: 'N\\1'}}");
  EXPECT_EQ(edit.kind, ElementEdit::Kind::kReplace);
  EXPECT_EQ(edit.rewrite("OLDEDGE"), "NEDGE");
  EXPECT_EQ(edit.rewrite("EDGE"), std::nullopt);
  EXPECT_EQ(EditOf("replace: {StudyDescription: {regex: ö, with: oe}}").rewrite("Jörg schön"),
            "Joerg schoen")
      << "every place, and UTF-8";
  EXPECT_EQ(EditOf("replace: {StudyDescription: {regex: x, with: x}}").rewrite("x"), std::nullopt);
}

TEST(Action, character_set) {
  const ElementEdit edit = EditOf("character_set: ISO_IR 192");
  EXPECT_EQ(edit.kind, ElementEdit::Kind::kCharacterSet);
  EXPECT_EQ(edit.value, "ISO_IR 192");
}

TEST(Action, remove_private) {
  EXPECT_EQ(EditOf("remove_private: true").kind, ElementEdit::Kind::kRemovePrivate);
  EXPECT_THAT(EditOf("remove_private: {keep: [A, B B]}").keep, ElementsAre("A", "B B"));
}

TEST(Action, retrieve_ae_title) {
  EXPECT_EQ(
      Decide("retrieve_ae_title: ARCHIVE", 0x0020, "{command: C-FIND}").retrieve_ae_title->view(),
      "ARCHIVE");
}

TEST(Action, limit) {
  const Decisions decisions = Decide("limit: {count: 100, per: 1m, each_client: true}");
  ASSERT_EQ(decisions.limits.size(), 1u);
  EXPECT_EQ(*decisions.limits[0], (Limit{100, milliseconds(60'000), true}));
}

TEST(Action, priority) { EXPECT_EQ(*Decide("priority: low").priority, Priority::kLow); }

TEST(Action, acknowledge) {
  EXPECT_EQ(*Decide("acknowledge: refuse").acknowledge,
            (Acknowledge{milliseconds(0), Acknowledge::Then::kRefuse}));
  EXPECT_EQ(*Decide("acknowledge: {wait: 20s}").acknowledge,
            (Acknowledge{seconds(20), Acknowledge::Then::kDurable}));
}

TEST(Action, log) {
  const Decisions decisions = Decide("log: {level: warning, text: \"old title\"}");
  ASSERT_EQ(decisions.logs.size(), 1u);
  EXPECT_EQ(decisions.logs[0]->level, router::log::Level::kWarning);
  EXPECT_EQ(decisions.logs[0]->text, "old title");
}

}  // namespace
}  // namespace rules
