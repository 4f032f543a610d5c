#include "router/dataset/init.h"

#include <gtest/gtest.h>

#include "corpus.h"
#include "router/dataset/dcmtk_log.h"
#include "router/dataset/dictionary.h"

namespace router::dataset {
namespace {

TEST(Dictionary, KnowsKeywordsTagsAndSequences) {
  EXPECT_EQ(TagOf("TreatmentMachineName"), 0x300A00B2u);
  EXPECT_EQ(TagOf("300A,00B2"), 0x300A00B2u);
  EXPECT_EQ(TagOf("(300a,00b2)"), 0x300A00B2u);
  EXPECT_EQ(TagOf("TreatmentMachine"), std::nullopt);
  EXPECT_EQ(TagOf("300A,00B"), std::nullopt);
  EXPECT_EQ(TagOf("300A,00BX"), std::nullopt);
  EXPECT_EQ(KeywordOf(0x300A00B2), "TreatmentMachineName");
  EXPECT_EQ(KeywordOf(0x00091001), "(0009,1001)");
  EXPECT_TRUE(IsSequence(0x300A00B0));
  EXPECT_FALSE(IsSequence(0x300A00B2));
  EXPECT_FALSE(IsSequence(0x300B00B0)) << "private";
  EXPECT_EQ(VrInDictionary(0x00080018), VrOf('U', 'I'));
  EXPECT_EQ(VrInDictionary(0x00080000), VrOf('U', 'L'));
  EXPECT_EQ(VrInDictionary(0x60020010), VrOf('U', 'S')) << "a repeating group";
  EXPECT_EQ(VrInDictionary(0x00091001), kNoVr);
}

TEST(Dictionary, PathsOfKeywordsGoDownTheSequences) {
  EXPECT_EQ(*PathOf("BeamSequence.TreatmentMachineName"),
            (std::vector<Tag>{0x300A00B0, 0x300A00B2}));
  EXPECT_EQ(*PathOf("Modality"), std::vector<Tag>{0x00080060});
  auto wrong = PathOf("BeamSequence.TreatmentMachine");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::kBadConfig);
  EXPECT_NE(wrong.error().detail.find("\"TreatmentMachine\""), std::string::npos);
  EXPECT_FALSE(PathOf(""));
  EXPECT_FALSE(PathOf("BeamSequence."));
}

TEST(Dictionary, AgreesWithDcmtkOnEveryStandardElementOfEveryFile) {
  for (const std::string& path : DistinctFiles()) {
    auto file = Load(path);
    DcmStack stack;
    while (file->getDataset()->nextObject(stack, OFTrue).good()) {
      DcmObject* object = stack.top();
      Tag tag = static_cast<Tag>(object->getGTag()) << 16 | object->getETag();
      if (object->getGTag() % 2 == 1 || object->getGTag() == 0xFFFE) continue;
      bool sequence = object->ident() == EVR_SQ;
      EXPECT_EQ(IsSequence(tag), sequence) << path << " " << NameOf(tag);
    }
  }
}

TEST(DcmtkLog, SaysWhereAndWhichElementButNeverTheText) {
  EXPECT_EQ(PlaceOf("/build/dcmtk/dcmdata/libsrc/dcitem.cc", 1234), "dcitem.cc:1234");
  EXPECT_EQ(PlaceOf("dcitem.cc", 1), "dcitem.cc:1");
  EXPECT_EQ(FirstTagIn("DcmItem: Length of element (0010,0010) is odd: (Doe,Jane)"), "(0010,0010)");
  EXPECT_EQ(FirstTagIn("patient (Doe,Jane) has (1234567890)"), "");
  EXPECT_EQ(FirstTagIn("cut (0010,001"), "");
}

TEST(DcmtkLog, RepeatedComplaintsGetRarer) {
  std::vector<uint64_t> said;
  for (uint64_t times = 0; times <= 2000; ++times) {
    if (IsPowerOfTen(times)) said.push_back(times);
  }
  EXPECT_EQ(said, (std::vector<uint64_t>{1, 10, 100, 1000}));
}

TEST(DcmtkLog, AComplaintOfDcmtkReachesOurLogWithoutItsValues) {
  ASSERT_TRUE(Start());
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  DCMDATA_WARN("element (0010,0010) has an odd value: Doe^Jane");
  DCMDATA_DEBUG("a detail about Doe^Jane");
  std::string ours = testing::internal::GetCapturedStderr();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_NE(ours.find("DCMTK complains"), std::string::npos);
  EXPECT_NE(ours.find("(0010,0010)"), std::string::npos);
  EXPECT_NE(ours.find("init_test.cc"), std::string::npos);
  EXPECT_EQ(ours.find("Doe"), std::string::npos);
}

}  // namespace
}  // namespace router::dataset
