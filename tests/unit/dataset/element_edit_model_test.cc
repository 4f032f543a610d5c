#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <random>

#include "corpus.h"
#include "edits.h"
#include "element_paths.h"
#include "router/dataset/element_walk.h"

// Random edits of random data sets, against the same done to DCMTK's objects one by one.
namespace router::dataset {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  size_t Below(size_t count) {
    return std::uniform_int_distribution<size_t>(0, count - 1)(engine_);
  }
  bool OneIn(size_t count) { return Below(count) == 0; }
  template <class T, size_t N>
  const T& Of(const T (&choices)[N]) {
    return choices[Below(N)];
  }

 private:
  std::mt19937 engine_;
};

const char* const kLeaves[] = {"PatientComments", "PatientID",      "Modality",  "StudyDescription",
                               "BeamName",        "BeamNumber",     "Rows",      "SliceLocation",
                               "ImageType",       "SOPInstanceUID", "StudyDate", "BeamDescription"};
const char* const kSequences[] = {"BeamSequence", "ControlPointSequence",
                                  "ReferencedRTPlanSequence"};

std::string ValueFor(const std::string& leaf, Random& random) {
  if (leaf == "Rows" || leaf == "BeamNumber") return std::to_string(random.Below(1000));
  if (leaf == "SliceLocation") return random.OneIn(2) ? "1.5" : "-2\\3.25";
  if (leaf == "Modality" || leaf == "ImageType") return random.OneIn(2) ? "CT" : "RTPLAN\\X_1";
  if (leaf == "SOPInstanceUID") return random.OneIn(2) ? "1.2.3" : "1.2.34";
  if (leaf == "StudyDate") return "20260131";
  return std::string(random.Below(20), 'a') + (random.OneIn(3) ? "z" : "");
}

DcmTagKey KeyOf(Tag tag) {
  return {static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xFFFF)};
}

void Fill(DcmItem& item, Random& random, int depth) {
  for (const char* leaf : kLeaves) {
    if (random.OneIn(2)) continue;
    const DcmTagKey key = KeyOf(PathFrom(leaf).steps.front().tag);
    const std::string value = random.OneIn(6) ? "" : ValueFor(leaf, random);
    if (value.empty()) {
      EXPECT_TRUE(item.insertEmptyElement(key).good());
    } else {
      EXPECT_TRUE(item.putAndInsertString(key, value.c_str()).good());
    }
  }
  for (Uint16 block : {0x10, 0x11}) {
    if (random.OneIn(2)) continue;
    const char* creator = block == 0x10 ? "ACME" : "KEEP";
    item.putAndInsertString(DcmTag(0x0009, block, EVR_LO), creator);
    item.putAndInsertString(DcmTag(0x0009, static_cast<Uint16>(block << 8 | 1), EVR_LO), "private");
  }
  if (depth == 0) return;
  for (const char* sequence : kSequences) {
    if (random.OneIn(3)) continue;
    const DcmTagKey key = KeyOf(PathFrom(sequence).steps.front().tag);
    EXPECT_TRUE(item.insertEmptyElement(key).good());
    for (size_t n = random.Below(4); n > 0; --n) {
      DcmItem* inside = nullptr;
      EXPECT_TRUE(item.findOrCreateSequenceItem(key, inside, -2).good());
      Fill(*inside, random, depth - 1);
    }
  }
}

std::string PathFor(Random& random) {
  std::string path;
  for (size_t depth = random.Below(3); depth > 0; --depth) {
    path += random.Of(kSequences);
    if (random.OneIn(2)) path += "[" + std::to_string(1 + random.Below(3)) + "]";
    path += ".";
  }
  return path + random.Of(kLeaves);
}

// The naive way.
void AtEach(DcmItem& item, const ElementPath& path, size_t step,
            const std::function<void(DcmItem&, const DcmTagKey&)>& act) {
  const DcmTagKey key = KeyOf(path.steps[step].tag);
  if (step + 1 == path.steps.size()) return act(item, key);
  DcmSequenceOfItems* sequence = nullptr;
  if (item.findAndGetSequence(key, sequence).bad()) return;
  for (unsigned long n = 0; n < sequence->card(); ++n)
    if (path.steps[step].item == 0 || path.steps[step].item == n + 1)
      AtEach(*sequence->getItem(n), path, step + 1, act);
}

void Put(DcmItem& item, const DcmTagKey& key, const std::string& value) {
  if (value.empty()) {
    EXPECT_TRUE(item.insertEmptyElement(key, OFTrue).good());
  } else {
    EXPECT_TRUE(item.putAndInsertString(key, value.c_str()).good());
  }
}

void RemovePrivateNaively(DcmItem& item) {
  std::vector<DcmTagKey> gone;
  for (unsigned long i = 0; i < item.card(); ++i) {
    DcmElement* element = item.getElement(i);
    const Uint16 number = element->getETag();
    if (element->getGTag() % 2 && number != 0x0011 && number >> 8 != 0x11)
      gone.push_back(element->getTag());
    if (auto* sequence = dynamic_cast<DcmSequenceOfItems*>(element))
      for (unsigned long n = 0; n < sequence->card(); ++n)
        RemovePrivateNaively(*sequence->getItem(n));
  }
  for (const DcmTagKey& key : gone) item.findAndDeleteElement(key);
}

void ApplyNaively(const ElementEdit& edit, DcmDataset& dataset) {
  switch (edit.kind) {
    case ElementEdit::Kind::kSet:
      return AtEach(dataset, edit.path, 0,
                    [&](DcmItem& item, const DcmTagKey& key) { Put(item, key, edit.value); });
    case ElementEdit::Kind::kRemove:
      return AtEach(dataset, edit.path, 0,
                    [&](DcmItem& item, const DcmTagKey& key) { item.findAndDeleteElement(key); });
    case ElementEdit::Kind::kCopy: {
      std::optional<std::string> found;
      AtEach(dataset, edit.from, 0, [&](DcmItem& item, const DcmTagKey& key) {
        OFString text;
        if (!found && item.tagExists(key)) {
          item.findAndGetOFStringArray(key, text);
          found = text.c_str();
        }
      });
      if (!found) return;
      return AtEach(dataset, edit.path, 0,
                    [&](DcmItem& item, const DcmTagKey& key) { Put(item, key, *found); });
    }
    case ElementEdit::Kind::kRemovePrivate:
      return RemovePrivateNaively(dataset);
    default:
      FAIL();
  }
}

ElementEdit EditFor(Random& random) {
  const std::string path = PathFor(random);
  const std::string leaf = path.substr(path.rfind('.') + 1);
  switch (random.Below(6)) {
    case 0:
      return RemoveOf(path);
    case 1: {
      // Of the same VR, so that the value is legal there.
      const std::string from = path.substr(0, path.rfind('.') + 1);
      return CopyTo(path, random.OneIn(2) ? leaf : from + leaf);
    }
    case 2:
      return random.OneIn(3) ? RemovePrivateEdit({"KEEP"}) : SetTo(path, "");
    default:
      return SetTo(path, ValueFor(leaf, random));
  }
}

Buffer WrittenWithGroupLengths(DcmDataset& dataset, const Uid& syntax, E_EncodingType lengths,
                               E_GrpLenEncoding groups) {
  dataset.computeGroupLengthAndPadding(groups, EPD_noChange,
                                       DcmXfer(syntax.str().c_str()).getXfer(), lengths);
  return WrittenByDcmtk(dataset, DcmXfer(syntax.str().c_str()).getXfer(), lengths);
}

std::vector<Flat> Comparable(DcmItem& dataset) {
  auto flats = Unpadded(FlatByDcmtk(dataset));
  std::erase_if(flats, [](const Flat& flat) { return flat.place.ends_with("0000"); });
  return flats;
}

TEST(ElementEdit, RandomEditsLeaveWhatDcmtkLeavesWhenItDoesTheSame) {
  constexpr unsigned kRounds = 1500;
  constexpr std::string_view kSyntaxes[] = {kImplicitVrLittleEndian, kExplicitVrLittleEndian,
                                            kExplicitVrBigEndian, kDeflatedExplicitVrLittleEndian};
  size_t changes = 0;
  for (unsigned seed = 0; seed < kRounds; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    DcmDataset dataset;
    Fill(dataset, random, 2);
    const Uid syntax(random.Of(kSyntaxes));
    const Buffer before = WrittenWithGroupLengths(
        dataset, syntax, random.OneIn(2) ? EET_ExplicitLength : EET_UndefinedLength,
        random.OneIn(2) ? EGL_withGL : EGL_withoutGL);
    std::vector<ElementEdit> edits;
    for (size_t count = 1 + random.Below(5); count > 0; --count) edits.push_back(EditFor(random));
    auto edited = EditBy(before, syntax, edits);
    ASSERT_TRUE(edited) << edited.error().detail;
    changes += edited->changed;
    for (const ElementEdit& edit : edits) ApplyNaively(edit, dataset);
    const Buffer after = Assembled(*edited, before);
    auto ours = Parsed(after, syntax);
    ASSERT_EQ(Differences(Comparable(dataset), Comparable(*ours)), "");
    // What was not touched is there byte for byte.
    auto was = TopLevel(before, syntax), is = TopLevel(after, syntax);
    for (const ElementEdit& edit : edits) {
      if (edit.kind == ElementEdit::Kind::kRemovePrivate) was.clear();
      if (!edit.path.steps.empty()) was.erase(edit.path.steps.front().tag);
    }
    std::erase_if(was, [](const auto& one) { return (one.first & 0xFFFF) == 0; });
    for (const auto& [tag, bytes] : was) ASSERT_EQ(is[tag], bytes) << NameOf(tag);
  }
  std::cout << changes << " of " << kRounds << " data sets changed\n";
  EXPECT_GT(changes, kRounds / 2);
}

}  // namespace
}  // namespace router::dataset
