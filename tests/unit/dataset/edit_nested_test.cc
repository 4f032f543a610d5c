#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "corpus.h"
#include "router/dataset/edit.h"
#include "router/dataset/part10.h"
#include "router/dataset/references.h"

namespace router::dataset {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Tag kBeams = 0x300A00B0, kMachine = 0x300A00B2;
const std::vector<std::vector<Tag>> kPaths = {{kBeams, kMachine}};
const std::map<std::string, std::string> kNames = {{"OLD", "A_LONGER_NAME"}, {"LONG_NAME", "B"}};

std::string Little32(uint32_t value) {
  std::string text(4, '\0');
  for (size_t i = 0; i < 4; ++i) text[i] = static_cast<char>(value >> 8 * i & 0xFF);
  return text;
}

// One beam for each machine, each followed by an element that is not to move in value.
Buffer Beams(const Encoding& encoding, const std::vector<std::string>& machines, bool defined,
             std::string_view machine_vr = "SH") {
  auto vr = [&](std::string_view text) { return encoding.explicit_vr ? text : ""; };
  auto beam = [&](const std::string& machine) {
    Sketch inside(encoding);
    inside.Element(kMachine, vr(machine_vr), machine).Element(0x300A00C0, vr("IS"), "1 ");
    return inside.bytes();
  };
  Sketch items(encoding);
  for (const std::string& machine : machines) {
    Buffer inside = beam(machine);
    items.Item(defined ? static_cast<uint32_t>(inside.size()) : kUndefinedLength);
    items.Raw(AsText(inside));
    if (!defined) items.ItemEnd();
  }
  Sketch all(encoding);
  all.Element(kMachine, vr("SH"), "OLD ");  // at the top: on no path
  all.Header(kBeams, vr("SQ"),
             defined ? static_cast<uint32_t>(items.bytes().size()) : kUndefinedLength);
  all.Raw(AsText(items.bytes()));
  if (!defined) all.SequenceEnd();
  all.Element(0x300C0060, vr("LO"), "OLD ");
  return all.bytes();
}

TEST(EditNested, RenamesInEveryItemAndNothingElseInEveryEncoding) {
  for (std::string_view uid : {kImplicitVrLittleEndian, kExplicitVrLittleEndian,
                               kExplicitVrBigEndian, std::string_view("1.2.840.10008.1.2.4.50")}) {
    for (bool defined : {false, true}) {
      SCOPED_TRACE(std::string(uid) + (defined ? " defined" : " undefined"));
      const Encoding encoding = EncodingOf(Uid(uid));
      auto renamed = RenameTexts(Beams(encoding, {"OLD ", "OTHER ", "LONG_NAME ", "OLD "}, defined),
                                 Uid(uid), kPaths, kNames);
      ASSERT_TRUE(renamed) << renamed.error().detail;
      EXPECT_EQ(renamed->replaced, 3u);
      EXPECT_EQ(renamed->data_set,
                Beams(encoding, {"A_LONGER_NAME ", "OTHER ", "B ", "A_LONGER_NAME "}, defined));
      EXPECT_FALSE(renamed->has_integrity);
    }
  }
}

TEST(EditNested, RenamesWhatIsDeflated) {
  const Encoding encoding{.explicit_vr = true};
  const Buffer deflated = Deflate(Beams(encoding, {"OLD ", "OTHER "}, true));
  auto renamed = RenameTexts(deflated, Uid("1.2.840.10008.1.2.1.99"), kPaths, kNames);
  ASSERT_TRUE(renamed) << renamed.error().detail;
  EXPECT_EQ(renamed->replaced, 1u);
  auto plain = Inflate(renamed->data_set);
  ASSERT_TRUE(plain) << plain.error().detail;
  EXPECT_EQ(*plain, Beams(encoding, {"A_LONGER_NAME ", "OTHER "}, true));
}

TEST(EditNested, RenamesWhatIsOfUnknownRepresentation) {
  const Encoding encoding{.explicit_vr = true};
  for (bool defined : {false, true}) {
    auto renamed = RenameTexts(Beams(encoding, {"OLD ", "OTHER "}, defined, "UN"),
                               Uid(kExplicitVrLittleEndian), kPaths, kNames);
    ASSERT_TRUE(renamed) << renamed.error().detail;
    EXPECT_EQ(renamed->data_set, Beams(encoding, {"A_LONGER_NAME ", "OTHER "}, defined, "UN"));
  }
}

TEST(EditNested, SeveralTextsInOneAndOverLongOnesStayAsTheyAre) {
  for (const std::string& machine : {std::string("OLD\\OLD "), "OLD" + std::string(1101, ' ')}) {
    const Buffer bytes = Beams({.explicit_vr = true}, {machine}, true);
    auto renamed = RenameTexts(bytes, Uid(kExplicitVrLittleEndian), kPaths, kNames);
    ASSERT_TRUE(renamed) << renamed.error().detail;
    EXPECT_EQ(renamed->replaced, 0u);
    EXPECT_EQ(renamed->data_set, bytes);
  }
}

TEST(EditNested, WhatIsTooLongInflatedTooIsSaidToBeForGood) {
  const Buffer bytes = Beams({.explicit_vr = true}, {"OLD ", std::string(20'000, 'X')}, true);
  const Buffer deflated = Deflate(bytes);
  ASSERT_LT(deflated.size(), 10'000u);
  for (const auto& [of, syntax] : {std::pair(deflated, Uid("1.2.840.10008.1.2.1.99")),
                                   std::pair(bytes, Uid(kExplicitVrLittleEndian))}) {
    auto renamed = RenameTexts(of, syntax, kPaths, kNames, 10'000);
    ASSERT_FALSE(renamed);
    EXPECT_EQ(renamed.error().code, Errc::kLimit);
    EXPECT_EQ(renamed.error().blame, Blame::kDownstream);
    EXPECT_TRUE(RenameTexts(of, syntax, kPaths, kNames, 30'000));
  }
}

TEST(EditNested, ALengthThatDoesNotFitIsSaidToBeForGood) {
  const std::map<std::string, std::string> names = {{"OLD", std::string(70'000, 'Y')}};
  auto renamed = RenameTexts(Beams({.explicit_vr = true}, {"OLD "}, true),
                             Uid(kExplicitVrLittleEndian), kPaths, names);
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, Errc::kLimit);
  EXPECT_EQ(renamed.error().blame, Blame::kDownstream);
}

TEST(EditNested, WhatHasNoSuchNameStaysByteForByte) {
  const Buffer bytes = Beams({.explicit_vr = true}, {"OTHER "}, true);
  auto renamed = RenameTexts(bytes, Uid(kExplicitVrLittleEndian), kPaths, kNames);
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->replaced, 0u);
  EXPECT_EQ(renamed->data_set, bytes);
}

TEST(EditNested, LengthsOfGroupsFollowAtEveryLevel) {
  auto sketch = [](const std::string& machine) {
    const Encoding encoding{.explicit_vr = true};
    Sketch group(encoding);
    group.Element(kMachine, "SH", machine);
    Sketch item(encoding);
    item.Element(0x300A0000, "UL", Little32(static_cast<uint32_t>(group.bytes().size())));
    item.Raw(AsText(group.bytes()));
    Sketch sequence(encoding);
    sequence.Header(kBeams, "SQ", static_cast<uint32_t>(item.bytes().size()) + 8);
    sequence.Item(static_cast<uint32_t>(item.bytes().size())).Raw(AsText(item.bytes()));
    Sketch all(encoding);
    all.Element(0x00080000, "UL", Little32(10)).Element(0x00080060, "CS", "RT");
    all.Element(0x300A0000, "UL", Little32(static_cast<uint32_t>(sequence.bytes().size())));
    all.Raw(AsText(sequence.bytes()));
    return all.bytes();
  };
  auto renamed = RenameTexts(sketch("OLD "), Uid(kExplicitVrLittleEndian), kPaths, kNames);
  ASSERT_TRUE(renamed) << renamed.error().detail;
  EXPECT_EQ(renamed->data_set, sketch("A_LONGER_NAME "));
}

TEST(EditNested, IntegrityIsSeenAndLeftAsItIs) {
  Sketch sketch({.explicit_vr = true});
  sketch.Header(kBeams, "SQ", kUndefinedLength).Item();
  sketch.Element(kMachine, "SH", "OLD ").ItemEnd().SequenceEnd();
  sketch.Element(0x32871000, "UN", "hash");
  auto renamed = RenameTexts(sketch.bytes(), Uid(kExplicitVrLittleEndian), kPaths, kNames);
  ASSERT_TRUE(renamed);
  EXPECT_TRUE(renamed->has_integrity);
  EXPECT_THAT(AsText(renamed->data_set), ::testing::EndsWith("hash"));
}

TEST(EditNested, WhatIsCutIsNotEdited) {
  Buffer bytes = Beams({.explicit_vr = true}, {"OLD "}, true);
  bytes.resize(bytes.size() - 3);
  auto renamed = RenameTexts(bytes, Uid(kExplicitVrLittleEndian), kPaths, kNames);
  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().code, Errc::kCorrupt);
}

TEST(EditNested, ARealPlanHasAllItsMachinesRenamedAndAllElseAsItWas) {
  const std::string path =
      std::string(SLUICE_TEST_DATA) + "/varian-eclipse-proton-headphantom/RN.dcm";
  auto header = ReadPart10Header(path);
  ASSERT_TRUE(header);
  const Region region = header->DatasetOf(path);
  const std::vector<std::vector<Tag>> paths = {{0x300A03A2, kMachine}};
  auto before = FindTexts(region, paths[0]);
  ASSERT_TRUE(before);
  ASSERT_THAT(*before, Not(IsEmpty()));
  auto renamed = RenameTexts(region, paths, {{"TR3", "A_LONGER_NAME"}});
  ASSERT_TRUE(renamed) << renamed.error().detail;
  EXPECT_EQ(renamed->header.size(), region.offset);
  EXPECT_EQ(renamed->replaced, before->size());
  auto after = FindTexts(Encoded{renamed->data_set, region.transfer_syntax}, paths[0]);
  ASSERT_TRUE(after) << after.error().detail;
  EXPECT_THAT(*after, SizeIs(before->size()));
  EXPECT_THAT(*after, Each(std::string("A_LONGER_NAME")));
  auto back =
      RenameTexts(renamed->data_set, region.transfer_syntax, paths, {{"A_LONGER_NAME", "TR3"}});
  ASSERT_TRUE(back);
  std::ifstream file(path, std::ios::binary);
  std::string all((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(AsText(back->data_set), std::string_view(all).substr(region.offset));
}

}  // namespace
}  // namespace router::dataset
