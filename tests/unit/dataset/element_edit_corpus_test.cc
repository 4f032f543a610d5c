#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "corpus.h"
#include "edits.h"
#include "element_paths.h"

// Edits of the real files, in every transfer syntax that DCMTK makes of them.
namespace router::dataset {
namespace {

std::string TextAt(DcmItem& dataset, const DcmTagKey& key) {
  OFString text;
  dataset.findAndGetOFStringArray(key, text);
  return {text.data(), text.size()};
}

std::vector<Flat> Without(std::vector<Flat> flats, const std::string& place) {
  std::erase_if(flats, [&](const Flat& flat) {
    return flat.place.ends_with(place) || flat.place.ends_with("0000");
  });
  return flats;
}

// DCMTK takes its time over it.
bool IsLongAndLikeOthers(const Variant& variant) {
  return variant.bytes.size() > 1'000'000 && EncodingOf(variant.transfer_syntax).big_endian;
}

TEST(ElementEdit, OneElementChangesAndNothingElseInEveryTransferSyntax) {
  size_t edited = 0;
  for (const std::string& file : DistinctFiles()) {
    SCOPED_TRACE(file);
    auto loaded = Load(file);
    for (const Variant& variant : VariantsOf(*loaded->getDataset())) {
      SCOPED_TRACE(variant.name);
      if (IsLongAndLikeOthers(variant)) continue;
      const Buffer after = After(variant.bytes, variant.transfer_syntax,
                                 {SetTo("PatientComments", "research copy")});
      auto before_top = TopLevel(variant.bytes, variant.transfer_syntax);
      auto after_top = TopLevel(after, variant.transfer_syntax);
      EXPECT_TRUE(after_top.contains(0x00104000));
      for (auto* top : {&before_top, &after_top}) {
        top->erase(0x00104000);
        top->erase(0x00100000);
      }
      EXPECT_EQ(before_top, after_top) << "byte for byte";
      auto dataset = Parsed(after, variant.transfer_syntax);
      EXPECT_EQ(TextAt(*dataset, DCM_PatientComments), "research copy");
      auto original = Parsed(variant.bytes, variant.transfer_syntax);
      EXPECT_EQ(Differences(Without(FlatByDcmtk(*original), "00104000"),
                            Without(FlatByDcmtk(*dataset), "00104000")),
                "");
      ++edited;
    }
  }
  std::cout << edited << " data sets edited\n";
}

TEST(ElementEdit, AnElementInEveryItemChangesAndNothingElse) {
  size_t edited = 0;
  for (const std::string& file : DistinctFiles()) {
    SCOPED_TRACE(file);
    auto loaded = Load(file);
    for (const Variant& variant : VariantsOf(*loaded->getDataset())) {
      SCOPED_TRACE(variant.name);
      if (IsLongAndLikeOthers(variant)) continue;
      for (auto [path, place] :
           {std::pair("BeamSequence.TreatmentMachineName", "300A00B2"),
            std::pair("ReferencedFrameOfReferenceSequence.RTReferencedStudySequence."
                      "RTReferencedSeriesSequence.ContourImageSequence.ReferencedSOPInstanceUID",
                      "00081155"),
            std::pair("ROIContourSequence[1].ROIDisplayColor", "3006002A")}) {
        const bool is_uid = std::string_view(place) == "00081155";
        const bool is_color = std::string_view(place) == "3006002A";
        auto head = EditBy(variant.bytes, variant.transfer_syntax,
                           {SetTo(path, is_uid     ? "1.2.3"
                                        : is_color ? "1\\2\\3"
                                                   : "Other")});
        ASSERT_TRUE(head) << head.error().detail;
        if (!head->changed) continue;
        ++edited;
        const Buffer after = Assembled(*head, variant.bytes);
        auto before_top = TopLevel(variant.bytes, variant.transfer_syntax);
        auto after_top = TopLevel(after, variant.transfer_syntax);
        const Tag top = PathFrom(path).steps.front().tag;
        EXPECT_NE(before_top[top], after_top[top]);
        for (auto* each : {&before_top, &after_top}) {
          each->erase(top);
          std::erase_if(*each, [](const auto& one) { return (one.first & 0xFFFF) == 0; });
        }
        EXPECT_EQ(before_top, after_top);
        auto dataset = Parsed(after, variant.transfer_syntax);
        auto original = Parsed(variant.bytes, variant.transfer_syntax);
        EXPECT_EQ(Differences(Without(FlatByDcmtk(*original), place),
                              Without(FlatByDcmtk(*dataset), place)),
                  "");
      }
    }
  }
  std::cout << edited << " data sets edited\n";
  EXPECT_GT(edited, 50u);
}

TEST(ElementEdit, AFileIsEditedAsItsBytesAre) {
  auto loaded = Load(DataFile("raystation-proton-waterbox/CT.synth.001.dcm"));
  const ElementEdit set = SetTo("PatientComments", "research"),
                    convert = CharacterSetEdit("ISO_IR 192");
  for (const Variant& variant : VariantsOf(*loaded->getDataset())) {
    SCOPED_TRACE(variant.name);
    Buffer with_header(300 + variant.bytes.size());
    std::ranges::copy(variant.bytes, with_header.begin() + 300);
    TemporaryFile file(with_header);
    for (const ElementEdit* edit : {&set, &convert}) {
      const ElementEdit* edits[] = {edit};
      auto of_file = Edit(
          Region{.path = file.path(), .offset = 300, .transfer_syntax = variant.transfer_syntax},
          edits);
      auto of_share = Edit(Region{.path = {},
                                  .transfer_syntax = variant.transfer_syntax,
                                  .bytes = std::make_shared<const Buffer>(variant.bytes)},
                           edits);
      auto of_bytes = Edit(variant.bytes, variant.transfer_syntax, edits);
      ASSERT_TRUE(of_file) << of_file.error().detail;
      ASSERT_TRUE(of_share && of_bytes);
      EXPECT_EQ(of_file->head, of_bytes->head);
      EXPECT_EQ(of_file->resume_offset, of_bytes->resume_offset);
      EXPECT_EQ(of_share->head, of_bytes->head);
      if (!EncodingOf(variant.transfer_syntax).deflated) {
        EXPECT_LT(of_file->head.size(), 4000u);
      }
    }
  }
}

}  // namespace
}  // namespace router::dataset
