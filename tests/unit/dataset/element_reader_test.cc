#include "router/dataset/element_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <random>

#include "corpus.h"
#include "element_paths.h"
#include "router/base/text.h"
#include "router/dataset/dictionary.h"
#include "router/dataset/element_value.h"
#include "router/dataset/element_walk.h"

namespace router::dataset {
namespace {

using Presence = ElementValues::Presence;
using Values = std::vector<std::string>;
const Uid kExplicit(kExplicitVrLittleEndian), kImplicit(kImplicitVrLittleEndian);

std::vector<ElementPath> Paths(std::initializer_list<const char*> texts) {
  std::vector<ElementPath> paths;
  for (const char* text : texts) paths.push_back(PathFrom(text));
  return paths;
}

Values OneByOne(DcmElement& element) {
  // DCMTK's own ways to split a value begin anew for each of its parts.
  char* text = nullptr;
  OFString all;
  if (DcmVR(element.getVR()).isaString()) {
    EXPECT_TRUE(element.getString(text).good());
    if (text != nullptr) all = text;
  } else {
    EXPECT_TRUE(element.getOFStringArray(all).good());
  }
  std::string_view left(all.data(), all.size());
  Values values;
  while (true) {
    const size_t end = left.find('\\');
    values.emplace_back(TrimSpaces(left.substr(0, end)));
    if (end == std::string_view::npos) return values;
    left.remove_prefix(end + 1);
  }
}

// What DCMTK finds at each path, all items together. Only what is plain text or an integer, and of
// what may be US or SS only US.
void CollectByDcmtk(DcmItem& item, const std::vector<Tag>& around,
                    std::map<std::vector<Tag>, Values>* out) {
  for (unsigned long i = 0; i < item.card(); ++i) {
    DcmElement* element = item.getElement(i);
    const Tag tag = static_cast<Tag>(element->getGTag()) << 16 | element->getETag();
    std::vector<Tag> path = around;
    path.push_back(tag);
    if (auto* sequence = dynamic_cast<DcmSequenceOfItems*>(element)) {
      for (unsigned long n = 0; n < sequence->card(); ++n)
        CollectByDcmtk(*sequence->getItem(n), path, out);
      continue;
    }
    const Vr vr = VrInDictionary(tag);
    if (element->getTag().isPrivate() || !HasTextForm(vr) || element->getLengthField() > 65536 ||
        (tag & 0xFFFF) == 0 || vr == VrOf('F', 'D') || vr == VrOf('F', 'L') ||
        vr == VrOf('A', 'T') || !PartsValues(vr) ||
        (vr == VrOf('U', 'S') && element->getVR() == EVR_SS))
      continue;
    Values values = OneByOne(*element);
    Values& all = (*out)[path];
    all.insert(all.end(), values.begin(), values.end());
  }
}

std::vector<ElementPath> PathsOf(const std::map<std::vector<Tag>, Values>& found) {
  std::vector<ElementPath> paths;
  for (const auto& [tags, values] : found) {
    ElementPath path;
    for (Tag tag : tags) path.steps.push_back({.tag = tag, .creator = {}});
    path.text = NameOf(tags.back());
    paths.push_back(path);
  }
  return paths;
}

TEST(ElementReader, ReadsWhatDcmtkReadsInEveryTransferSyntax) {
  size_t compared = 0;
  for (const std::string& file : DistinctFiles()) {
    SCOPED_TRACE(file);
    auto loaded = Load(file);
    std::map<std::vector<Tag>, Values> found;
    CollectByDcmtk(*loaded->getDataset(), {}, &found);
    const auto paths = PathsOf(found);
    for (const Variant& variant : VariantsOf(*loaded->getDataset())) {
      SCOPED_TRACE(variant.name);
      if (variant.bytes.size() > 1'000'000 && EncodingOf(variant.transfer_syntax).big_endian)
        continue;  // as the others, and it takes its time
      ElementReader reader(paths);
      reader.Begin(variant.transfer_syntax);
      reader.Extend(variant.bytes, true);
      size_t slot = 0;
      for (const auto& [tags, values] : found) {
        if (values.size() > 20000) {  // contours: the limit of a path
          ++slot;
          continue;
        }
        const ElementValues& at = reader.At(slot++);
        ASSERT_EQ(at.presence, Presence::kPresent) << NameOf(tags.back());
        Values nonempty = values, ours = at.values;
        // An element without value has one empty value for DCMTK, and none for us.
        std::erase(nonempty, "");
        std::erase(ours, "");
        ASSERT_EQ(ours, nonempty) << NameOf(tags.back());
        ++compared;
      }
      EXPECT_TRUE(reader.ReadResult());
    }
  }
  std::cout << compared << " elements compared\n";
  EXPECT_GT(compared, 5000u);
}

TEST(ElementReader, WhatIsKnownOfAPrefixIsFinal) {
  std::mt19937 random(7);
  size_t unknown = 0;
  for (const std::string& file : DistinctFiles()) {
    if (std::filesystem::file_size(file) > 2'000'000) continue;
    SCOPED_TRACE(file);
    auto loaded = Load(file);
    std::map<std::vector<Tag>, Values> found;
    CollectByDcmtk(*loaded->getDataset(), {}, &found);
    auto paths = PathsOf(found);
    if (paths.size() > 50) paths.resize(50);
    paths.push_back(PathFrom("(0009,xx01)[NOBODY]"));
    paths.push_back(PathFrom("PatientComments"));
    for (const Variant& variant : VariantsOf(*loaded->getDataset())) {
      SCOPED_TRACE(variant.name);
      ElementReader whole(paths), growing(paths);
      whole.Begin(variant.transfer_syntax);
      whole.Extend(variant.bytes, true);
      growing.Begin(variant.transfer_syntax);
      std::uniform_int_distribution<size_t> step(1, 1500);
      for (size_t size = 0; size < 6000;) {
        size = std::min(size + step(random), variant.bytes.size());
        const Buffer prefix(variant.bytes.begin(),
                            variant.bytes.begin() + static_cast<ptrdiff_t>(size));
        growing.Extend(prefix, false);
        for (size_t slot = 0; slot < paths.size(); ++slot) {
          const ElementValues& at = growing.At(slot);
          unknown += at.presence == Presence::kUnknown;
          if (at.presence == Presence::kUnknown) continue;
          ASSERT_EQ(at.presence, whole.At(slot).presence) << paths[slot].text;
          ASSERT_EQ(at.values, whole.At(slot).values) << paths[slot].text;
        }
        ASSERT_TRUE(growing.ReadResult()) << growing.ReadResult().error().detail;
        if (size == variant.bytes.size()) break;
      }
      growing.Extend(variant.bytes, true);
      for (size_t slot = 0; slot < paths.size(); ++slot) {
        EXPECT_NE(growing.At(slot).presence, Presence::kUnknown);
        EXPECT_EQ(growing.At(slot).values, whole.At(slot).values);
      }
    }
  }
  EXPECT_GT(unknown, 1000u);
}

TEST(ElementReader, AnElementIsKnownOnceItsBytesAreThereAndAbsentOnceAGreaterTagIs) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00080060, "CS", "CT").Element(0x00100010, "PN", "A^B ");
  const size_t before = sketch.bytes().size();
  sketch.Element(0x00100020, "LO", "7");
  const auto paths = Paths({"Modality", "PatientName", "StationName", "PatientID"});
  const Bytes all(sketch.bytes());
  ElementReader reader(paths);
  reader.Begin(kExplicit);
  reader.Extend(all.first(before - 1), false);
  EXPECT_EQ(reader.At(0).values, Values{"CT"});
  EXPECT_EQ(reader.At(1).presence, Presence::kUnknown);
  EXPECT_EQ(reader.At(2).presence, Presence::kAbsent);
  reader.Extend(all.first(before), false);
  EXPECT_EQ(reader.At(1).values, Values{"A^B"});
  EXPECT_EQ(reader.At(3).presence, Presence::kUnknown);
  reader.Extend(all.first(before), true);
  EXPECT_EQ(reader.At(3).presence, Presence::kAbsent);
}

TEST(ElementReader, WhatStandsBehindAGreaterTagIsNotSeenWhateverIsAskedFirst) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00100020, "LO", "7 ").Element(0x00080060, "CS", "CT");
  sketch.Element(0x00200010, "SH", "1 ");
  const auto paths = Paths({"Modality", "StudyID"});
  for (size_t first : {0, 1}) {
    ElementReader reader(paths);
    reader.Begin(kExplicit);
    reader.Extend(sketch.bytes(), true);
    reader.At(first);
    EXPECT_EQ(reader.At(0).presence, Presence::kAbsent);
    EXPECT_EQ(reader.At(1).values, Values{"1"});
  }
}

TEST(ElementReader, WalksNoFurtherThanWhatIsAskedFor) {
  auto loaded = Load(DistinctFiles().front());
  const Variant variant = VariantsOf(*loaded->getDataset())[2];
  const auto paths = Paths({"SOPClassUID", "Rows"});
  ElementReader reader(paths);
  reader.Begin(variant.transfer_syntax);
  reader.Extend(variant.bytes, true);
  EXPECT_EQ(reader.walked(), 0u);
  EXPECT_EQ(reader.At(0).presence, Presence::kPresent);
  EXPECT_LT(reader.walked(), 400u);
}

TEST(ElementReader, PrivateElementsGoByCreatorWhateverTheirBlock) {
  for (bool explicit_vr : {true, false}) {
    const auto vr = [&](const char* name) { return explicit_vr ? name : ""; };
    Sketch sketch({.explicit_vr = explicit_vr});
    sketch.Element(0x00090010, vr("LO"), "OTHER ").Element(0x00090042, vr("LO"), "ACME");
    sketch.Element(0x00091001, vr("LO"), "no").Element(0x00094201, vr("LO"), "yes ");
    sketch.Header(0x00094202, vr("UN"), kUndefinedLength).Item();
    // UN of undefined length is in implicit VR inside.
    sketch.Raw(
        std::string_view("\x09\x00\x11\x00\x04\x00\x00\x00"
                         "ACME",
                         12));
    sketch.Raw(
        std::string_view("\x09\x00\x07\x11\x02\x00\x00\x00"
                         "in",
                         10));
    sketch.ItemEnd().SequenceEnd();
    sketch.Element(0x00100020, vr("LO"), "7 ");
    const auto paths = Paths({"(0009,xx01)[ACME]", "(0009,xx01)[OTHER]", "(0009,xx01)[NOBODY]",
                              "(0009,xx02)[ACME].(0009,xx07)[ACME]", "(0009,xx03)[ACME]"});
    ElementReader reader(paths);
    reader.Begin(explicit_vr ? kExplicit : kImplicit);
    reader.Extend(sketch.bytes(), true);
    EXPECT_EQ(reader.At(0).values, Values{"yes"});
    EXPECT_EQ(reader.At(1).values, Values{"no"});
    EXPECT_EQ(reader.At(2).presence, Presence::kAbsent);
    EXPECT_EQ(reader.At(3).values, Values{"in"});
    EXPECT_EQ(reader.At(4).presence, Presence::kAbsent);
    EXPECT_TRUE(reader.ReadResult());
  }
}

TEST(ElementReader, ImplicitPrivateElementsHaveTheVrOfTheirCreatorsDictionary) {
  EXPECT_EQ(PrivateVrInDictionary(0x00191012, "GEMS_ACQU_01"), VrOf('S', 'S'));
  EXPECT_EQ(PrivateVrInDictionary(0x00190012, "GEMS_ACQU_01"), VrOf('S', 'S'));
  EXPECT_EQ(PrivateVrInDictionary(0x00191012, "NOBODY"), kNoVr);
  Sketch sketch({});
  sketch.Element(0x00190011, "", "GEMS_ACQU_01");
  sketch.Element(0x00191103, "", "1.5\\2 ").Element(0x00191112, "", "\xFE\xFF");
  const auto paths = Paths({"(0019,xx03)[GEMS_ACQU_01]", "(0019,xx12)[GEMS_ACQU_01]"});
  ElementReader reader(paths);
  reader.Begin(kImplicit);
  reader.Extend(sketch.bytes(), true);
  EXPECT_EQ(reader.At(0).values, (Values{"1.5", "2"}));
  EXPECT_EQ(reader.At(1).values, Values{"-2"});
}

TEST(ElementReader, TextsAreReadByTheSetOfTheirItem) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(kSpecificCharacterSet, "CS", "ISO_IR 100")
      .Element(0x00080080, "LO", "M\xFCnchen ");
  sketch.Header(0x300A00B0, "SQ", kUndefinedLength).Item();
  sketch.Element(0x300A00C2, "LO", "B\xE9").ItemEnd().Item();
  sketch.Element(kSpecificCharacterSet, "CS", "ISO_IR 192").Element(0x300A00C2, "LO", "王 ");
  sketch.ItemEnd().Item().Element(0x300A00C2, "LO", "B\xE9").ItemEnd().SequenceEnd();
  const auto paths = Paths({"InstitutionName", "BeamSequence.BeamName", "BeamSequence[2].BeamName",
                            "BeamSequence[4]", "BeamSequence[3]", "BeamSequence"});
  ElementReader reader(paths);
  reader.Begin(kExplicit);
  reader.Extend(sketch.bytes(), true);
  EXPECT_EQ(reader.At(0).values, Values{"München"});
  EXPECT_EQ(reader.At(1).values, (Values{"Bé", "王", "Bé"}));
  EXPECT_EQ(reader.At(2).values, Values{"王"});
  EXPECT_EQ(reader.At(3).presence, Presence::kAbsent);
  EXPECT_EQ(reader.At(4).presence, Presence::kPresent);
  EXPECT_EQ(reader.At(5).presence, Presence::kPresent);
  EXPECT_TRUE(reader.At(5).values.empty());
}

TEST(ElementReader, NumbersAreDecimalInBothByteOrders) {
  for (bool big : {false, true}) {
    Sketch sketch({.explicit_vr = true, .big_endian = big});
    const auto turned = [big](std::string bytes) {
      if (big) std::ranges::reverse(bytes);
      return bytes;
    };
    sketch.Element(0x00180082, "DS", "1.50");
    sketch.Element(0x00189089, "FD", turned(std::string("\0\0\0\0\0\0\xF8\x3F", 8)));
    sketch.Element(0x00280009, "AT", turned("\x04\x30") + turned(std::string("\x0C\0", 2)));
    sketch.Element(0x00280010, "US", turned("\x01\x02") + turned("\x03\x04"));
    sketch.Element(0x00280106, "SS", turned("\xFE\xFF"));
    const auto paths = Paths({"InversionTime", "DiffusionGradientOrientation",
                              "FrameIncrementPointer", "Rows", "SmallestImagePixelValue"});
    ElementReader reader(paths);
    reader.Begin(Uid(big ? kExplicitVrBigEndian : kExplicitVrLittleEndian));
    reader.Extend(sketch.bytes(), true);
    EXPECT_EQ(reader.At(0).values, Values{"1.50"});
    EXPECT_EQ(reader.At(1).values, Values{"1.5"});
    EXPECT_EQ(reader.At(2).values, Values{"(3004,000C)"});
    EXPECT_EQ(reader.At(3).values, (Values{"513", "1027"}));
    EXPECT_EQ(reader.At(4).values, Values{"-2"});
  }
}

TEST(ElementReader, WhatIsEmptyLongOrNoTextIsPresentWithoutValues) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00080060, "CS", "").Element(0x00104000, "UT", std::string(65538, 'x'));
  sketch.Element(0x00104001, "LT", "a\\b").Element(0x300A00C3, "ST", "  c  ");
  sketch.Element(0x7FE00010, "OB", "1234");
  const auto paths =
      Paths({"Modality", "PatientComments", "(0010,4001)", "BeamDescription", "PixelData"});
  ElementReader reader(paths);
  reader.Begin(kExplicit);
  // A long value need not be at hand.
  reader.Extend(Bytes(sketch.bytes()).first(100), false);
  EXPECT_EQ(reader.At(1).presence, Presence::kPresent);
  reader.Extend(sketch.bytes(), true);
  for (size_t slot : {0, 1, 4}) {
    EXPECT_EQ(reader.At(slot).presence, Presence::kPresent);
    EXPECT_TRUE(reader.At(slot).values.empty());
  }
  EXPECT_EQ(reader.At(2).values, Values{"a\\b"});
  EXPECT_EQ(reader.At(3).values, Values{"  c"});
}

TEST(ElementReader, AFileIsReadAsItsBytesAre) {
  auto loaded = Load(DataFile(
      "pinnacle-plan-dose-no-struct/1.3.46.670589.13.997910418.20181018190715.112493.dcm"));
  std::map<std::vector<Tag>, Values> found;
  CollectByDcmtk(*loaded->getDataset(), {}, &found);
  const auto paths = PathsOf(found);
  for (const Variant& variant : VariantsOf(*loaded->getDataset())) {
    SCOPED_TRACE(variant.name);
    Buffer with_header(100 + variant.bytes.size());
    std::ranges::copy(variant.bytes, with_header.begin() + 100);
    TemporaryFile file(with_header);
    ElementReader of_file(paths), of_share(paths), of_bytes(paths);
    of_file.Open({.path = file.path(), .offset = 100, .transfer_syntax = variant.transfer_syntax});
    of_share.Open({.path = {},
                   .transfer_syntax = variant.transfer_syntax,
                   .bytes = std::make_shared<const Buffer>(variant.bytes)});
    of_bytes.Begin(variant.transfer_syntax);
    of_bytes.Extend(variant.bytes, true);
    for (size_t slot = paths.size(); slot-- > 0;) {
      EXPECT_EQ(of_file.At(slot).presence, of_bytes.At(slot).presence);
      EXPECT_EQ(of_file.At(slot).values, of_bytes.At(slot).values);
      EXPECT_EQ(of_share.At(slot).values, of_bytes.At(slot).values);
    }
    EXPECT_TRUE(of_file.ReadResult());
  }
}

TEST(ElementReader, BytesThatAreNoDataSetAreAnErrorThatStays) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00080060, "CS", "CT").Raw("\x10\x00\x10\x00..##nonsense");
  const auto paths = Paths({"Modality", "PatientID"});
  ElementReader reader(paths);
  reader.Begin(kExplicit);
  reader.Extend(sketch.bytes(), true);
  EXPECT_EQ(reader.At(1).presence, Presence::kUnknown);
  ASSERT_FALSE(reader.ReadResult());
  EXPECT_EQ(reader.ReadResult().error().code, Errc::kCorrupt);
  EXPECT_EQ(reader.ReadResult().error().blame, Blame::kDownstream);
  // The next data set is another matter.
  reader.Begin(kExplicit);
  reader.Extend(Bytes(sketch.bytes()).first(10), true);
  EXPECT_EQ(reader.At(0).values, Values{"CT"});
  EXPECT_TRUE(reader.ReadResult());
  // Whole, but cut.
  reader.Begin(kExplicit);
  reader.Extend(Bytes(sketch.bytes()).first(9), true);
  EXPECT_EQ(reader.At(0).presence, Presence::kUnknown);
  EXPECT_FALSE(reader.ReadResult());
  ElementReader missing(paths);
  missing.Open({.path = "/nowhere", .transfer_syntax = kExplicit});
  EXPECT_EQ(missing.At(0).presence, Presence::kUnknown);
  EXPECT_EQ(missing.ReadResult().error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace router::dataset
