#include "router/dataset/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edits.h"
#include "element_paths.h"

namespace router::dataset {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Two beams, of which the second has no name, and private elements.
Buffer Plan(const Encoding& encoding) {
  auto vr = [&](const char* text) { return encoding.explicit_vr ? text : ""; };
  Sketch sketch(encoding);
  sketch.Element(0x00080005, vr("CS"), "ISO_IR 100").Element(0x00080060, vr("CS"), "RTPLAN");
  sketch.Element(0x00100010, vr("PN"), "M\xFCller").Element(0x300A0002, vr("SH"), "PLAN 1");
  sketch.Header(0x300A00B0, vr("SQ"), kUndefinedLength);
  sketch.Item()
      .Element(0x300A00B2, vr("SH"), "TB1 ")
      .Element(0x300A00C2, vr("LO"), "BEAM")
      .ItemEnd();
  sketch.Item().Element(0x300A00B2, vr("SH"), "TB1 ").ItemEnd().SequenceEnd();
  sketch.Element(0x32530010, vr("LO"), "SOMEBODY")
      .Element(0x32531000, vr("OB"), std::string_view("\1\2\3\4", 4));
  return sketch.bytes();
}

std::string Said(const std::optional<Shown>& shown) {
  if (!shown) return "absent";
  return shown->exact ? "'" + shown->text + "'" : shown->text;
}

std::vector<std::string> Said(const Result<std::vector<Difference>>& found) {
  if (!found) return {found.error().detail};
  std::vector<std::string> all;
  for (const Difference& one : *found)
    all.push_back(one.path + " " + Said(one.before) + " -> " + Said(one.after));
  return all;
}

TEST(Difference, EveryEditIsToldByItsPathWithWhatWasThereAndWhatIs) {
  for (const char* uid : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}) {
    const Uid syntax(uid);
    const Buffer before = Plan(EncodingOf(syntax));
    const Buffer after = After(before, syntax,
                               {SetTo("PatientComments", "caf\xC3\xA9"), RemoveOf("RTPlanLabel"),
                                SetTo("BeamSequence[2].TreatmentMachineName", "TB2"),
                                RemoveOf("BeamSequence[1].BeamName"), RemovePrivateEdit({})});
    EXPECT_THAT(
        Said(DifferencesBetween({before, syntax}, {after, syntax})),
        ElementsAre("PatientComments absent -> 'caf\xC3\xA9'", "RTPlanLabel 'PLAN 1' -> absent",
                    "BeamSequence[1].BeamName 'BEAM' -> absent",
                    "BeamSequence[2].TreatmentMachineName 'TB1' -> 'TB2'",
                    "(3253,0010) 'SOMEBODY' -> absent", "(3253,1000) 4 bytes -> absent"))
        << uid;
  }
}

TEST(Difference, ASequenceWithOtherItemsIsToldAsAWhole) {
  const Uid syntax("1.2.840.10008.1.2.1");
  const Buffer before = Plan(EncodingOf(syntax));
  const Buffer after = After(before, syntax, {RemoveOf("BeamSequence[1]")});
  EXPECT_THAT(Said(DifferencesBetween({before, syntax}, {after, syntax})),
              ElementsAre("BeamSequence 2 items -> 1 item"));
}

TEST(Difference, AnotherCharacterSetIsOneDifferenceAndNotOneForEachText) {
  const Uid syntax("1.2.840.10008.1.2.1");
  const Buffer before = Plan(EncodingOf(syntax));
  const Buffer after = After(before, syntax, {CharacterSetEdit("ISO_IR 192")});
  EXPECT_THAT(Said(DifferencesBetween({before, syntax}, {after, syntax})),
              ElementsAre("SpecificCharacterSet 'ISO_IR 100' -> 'ISO_IR 192'"));
}

TEST(Difference, TheSameIsNoneAndWhatIsCutShortIsAnError) {
  const Uid syntax("1.2.840.10008.1.2.1");
  const Buffer plan = Plan(EncodingOf(syntax));
  EXPECT_THAT(Said(DifferencesBetween({plan, syntax}, {plan, syntax})), IsEmpty());
  const Bytes cut = Bytes(plan).first(plan.size() - 2);
  EXPECT_FALSE(DifferencesBetween({plan, syntax}, {cut, syntax}));
}

}  // namespace
}  // namespace router::dataset
