#include "router/dataset/head.h"

#include <gtest/gtest.h>

#include "corpus.h"
#include "router/dataset/part10.h"

namespace router::dataset {
namespace {

std::string TextOf(DcmFileFormat& file, const DcmTagKey& key) {
  OFString text;
  file.getDataset()->findAndGetOFString(key, text);
  return {text.data(), text.size()};
}

void ExpectFactsOf(DcmFileFormat& file, const Head& head) {
  EXPECT_EQ(head.sop_class.str(), TextOf(file, DCM_SOPClassUID));
  EXPECT_EQ(head.sop_instance.str(), TextOf(file, DCM_SOPInstanceUID));
  EXPECT_EQ(head.modality, TextOf(file, DCM_Modality));
  EXPECT_EQ(head.study.str(), TextOf(file, DCM_StudyInstanceUID));
  EXPECT_EQ(head.series.str(), TextOf(file, DCM_SeriesInstanceUID));
  EXPECT_EQ(head.frame_of_reference.str(), TextOf(file, DCM_FrameOfReferenceUID));
  EXPECT_EQ(head.plan_geometry, TextOf(file, DCM_RTPlanGeometry));
  EXPECT_EQ(head.has_pixel_data, file.getDataset()->tagExists(DCM_PixelData));
  Sint32 number = 0;
  bool numbered = file.getDataset()->findAndGetSint32(DCM_InstanceNumber, number).good();
  EXPECT_EQ(head.instance_number.value_or(-1), numbered ? number : -1);
  std::string id = TextOf(file, DCM_PatientID), name = TextOf(file, DCM_PatientName);
  ASSERT_EQ(head.patient_id_digest.has_value(), !id.empty());
  ASSERT_EQ(head.patient_name_digest.has_value(), !name.empty());
  if (!id.empty()) {
    EXPECT_EQ(*head.patient_id_digest, Sha256::Of(AsBytes(id)));
  }
  if (!name.empty()) {
    EXPECT_EQ(*head.patient_name_digest, Sha256::Of(AsBytes(name)));
  }
  EXPECT_EQ(head.reach, Reach::kWhole);
}

TEST(Head, TellsTheFactsOfEveryFileInEveryTransferSyntax) {
  for (const std::string& path : AllFiles()) {
    SCOPED_TRACE(path);
    auto file = Load(path);
    auto header = ReadPart10Header(path);
    ASSERT_TRUE(header);
    auto from_file = ReadHead(header->DatasetOf(path));
    ASSERT_TRUE(from_file) << from_file.error().detail;
    ExpectFactsOf(*file, *from_file);
    for (const Variant& variant : VariantsOf(*file->getDataset())) {
      SCOPED_TRACE(variant.name);
      auto head = ReadHead(variant.bytes, variant.transfer_syntax, true);
      ASSERT_TRUE(head) << head.error().detail;
      ExpectFactsOf(*file, *head);
    }
  }
}

TEST(Head, FourKilobytesIdentifyEveryRealObject) {
  for (const std::string& path : AllFiles()) {
    SCOPED_TRACE(path);
    auto header = ReadPart10Header(path);
    ASSERT_TRUE(header);
    Buffer bytes = ReadAll(path);
    Bytes dataset = Bytes(bytes).subspan(header->dataset_offset);
    auto head = ReadHead(dataset.first(std::min<size_t>(dataset.size(), 4096)),
                         header->meta.transfer_syntax);
    ASSERT_TRUE(head) << head.error().detail;
    EXPECT_NE(head->reach, Reach::kPartial);
  }
}

TEST(Head, AnEmptyPixelElementStillCounts) {  // an anonymised dose
  std::string path = DataFile("varian-aria-dose-plan-absent/RD.DICOMORIENT.Dose_HFS_empty.dcm");
  auto head = ReadHead(ReadPart10Header(path)->DatasetOf(path));
  ASSERT_TRUE(head);
  EXPECT_TRUE(head->has_pixel_data);
  EXPECT_EQ(head->sop_instance.str(), "1.2.246.352.71.7.53598612033.63892.20181208095637");
}

TEST(Head, MonacosUidUnderTheSopClassRootIsTakenAsItIs) {
  std::string path = DataFile("monaco-struct-box/RS.dcm");
  auto head = ReadHead(ReadPart10Header(path)->DatasetOf(path));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->sop_instance.str(), "1.2.840.10008.5.1.4.1.1.481.3.1589498490");
  EXPECT_EQ(head->modality, "RTSTRUCT");
  EXPECT_TRUE(head->frame_of_reference.empty());
}

TEST(Head, ACutFactIsNoFactUntilTheRestComes) {
  Sketch sketch({.explicit_vr = true});
  sketch.Element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2\0\0");
  sketch.Element(0x00080018, "UI", "1.2.3.4.5.6 ");
  Bytes bytes = sketch.bytes();
  Uid syntax(kExplicitVrLittleEndian);
  auto cut = ReadHead(bytes.first(bytes.size() - 1), syntax);
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->reach, Reach::kPartial);
  EXPECT_TRUE(cut->sop_instance.empty());
  EXPECT_EQ(cut->sop_class.str(), "1.2.840.10008.5.1.4.1.1.2");
  EXPECT_EQ(ReadHead(bytes.first(bytes.size() - 1), syntax, true).error().code, Errc::kCorrupt);
  EXPECT_EQ(ReadHead(bytes, syntax)->sop_instance.str(), "1.2.3.4.5.6");
  EXPECT_EQ(ReadHead(bytes, syntax)->reach, Reach::kPartial);
  EXPECT_EQ(ReadHead(bytes, syntax, true)->reach, Reach::kWhole);
}

TEST(Head, PatientsOfTheSameIdHaveTheSameDigestWhateverThePadding) {
  auto digest = [](std::string_view id) {
    Sketch sketch({.explicit_vr = true});
    sketch.Element(0x00100020, "LO", id);
    return ReadHead(sketch.bytes(), Uid(kExplicitVrLittleEndian), true)->patient_id_digest;
  };
  EXPECT_EQ(digest("PHANTOM "), digest("PHANTOM"));
  EXPECT_NE(digest("PHANTOM "), digest("PHANTOM2"));
  EXPECT_EQ(digest("  "), std::nullopt);
}

TEST(Head, AnInstanceNumberThatIsNoNumberIsNone) {
  auto number = [](std::string_view text) {
    Sketch sketch({.explicit_vr = true});
    sketch.Element(0x00200013, "IS", text);
    return ReadHead(sketch.bytes(), Uid(kExplicitVrLittleEndian), true)->instance_number;
  };
  EXPECT_EQ(number(" 42 "), 42);
  EXPECT_EQ(number("+7"), 7);
  EXPECT_EQ(number("UNKNOWN "), std::nullopt);
  EXPECT_EQ(number("99999999999 "), std::nullopt);
}

}  // namespace
}  // namespace router::dataset
