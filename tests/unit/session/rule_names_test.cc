#include "router/session/rule_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

using Uids = std::vector<std::string>;

bool Has(const Uids& uids, std::string_view uid) {
  return std::ranges::find(uids, uid) != uids.end();
}

TEST(RuleNames, ElementsHaveTheKeywordsOfTheStandard) {
  const RuleNames names;
  EXPECT_EQ(names.TagOf("BeamSequence"), 0x300A00B0u);
  EXPECT_EQ(names.TagOf("StudyStatusID"), 0x0032000Au) << "retired, and still sent";
  EXPECT_FALSE(names.TagOf("BeamSequenz"));
  EXPECT_FALSE(names.TagOf("300A,00B0"));
  EXPECT_EQ(names.KeywordOf(0x300A00B2), "TreatmentMachineName");
  EXPECT_EQ(names.KeywordOf(0x0032000A), "StudyStatusID");
  EXPECT_EQ(names.KeywordOf(0x00091001), "(0009,1001)");
  EXPECT_EQ(names.NearestKeyword("PatientsName"), "PatientName");
  EXPECT_EQ(names.NearestKeyword("modality"), "Modality");
  EXPECT_EQ(names.NearestKeyword("Qwertzuiopasdf"), "");
  EXPECT_EQ(names.VrOf(0x300A00B0), "SQ");
  EXPECT_EQ(names.VrOf(0x00280010), "US");
  EXPECT_EQ(names.VrOf(0x00091001), "");
}

TEST(RuleNames, SopClassesHaveOneWordEachAndWordsForMany) {
  const RuleNames names;
  EXPECT_EQ(names.SopClassesOf("ct_image"), Uids{"1.2.840.10008.5.1.4.1.1.2"});
  EXPECT_EQ(names.SopClassesOf("rt_plan"), Uids{"1.2.840.10008.5.1.4.1.1.481.5"});
  EXPECT_EQ(names.SopClassesOf("varian_rt_plan"), Uids{"1.2.246.352.70.1.70"});
  EXPECT_EQ(names.SopClassesOf("rt_beams_record"), names.SopClassesOf("rt_beams_treatment_record"));
  EXPECT_EQ(names.SopClassesOf("xray_3d_angiographic_image"),
            Uids{"1.2.840.10008.5.1.4.1.1.13.1.1"});
  EXPECT_EQ(names.SopClassesOf("comprehensive_3d_sr"), Uids{"1.2.840.10008.5.1.4.1.1.88.34"});
  EXPECT_EQ(names.SopClassesOf("digital_xray_image_for_presentation"),
            Uids{"1.2.840.10008.5.1.4.1.1.1.1"});
  EXPECT_EQ(names.SopClassesOf("secondary_capture").size(), 5u) << "multi-frame ones too";
  EXPECT_EQ(names.SopClassesOf("secondary_capture_byte").size(), 1u);
  EXPECT_EQ(names.SopClassesOf("study_root_find"), Uids{std::string(dimse::uid::kStudyRootFind)});
  EXPECT_TRUE(names.SopClassesOf("ct_scan").empty());
}

TEST(RuleNames, GroupsAndKindsHoldWhatTheirNamesSay) {
  const RuleNames names;
  const Uids images = names.SopClassesOf("images"), rt = names.SopClassesOf("rt"),
             storage = names.SopClassesOf("storage"), queries = names.SopClassesOf("queries");
  EXPECT_TRUE(Has(images, dimse::uid::kCtImage));
  EXPECT_TRUE(Has(images, "1.2.840.10008.5.1.4.1.1.7.4"));
  EXPECT_TRUE(Has(images, "1.2.840.10008.5.1.4.1.1.77.1.4")) << "photographs";
  EXPECT_FALSE(Has(images, dimse::uid::kRtImage));
  EXPECT_FALSE(Has(images, dimse::uid::kRtDose));
  for (std::string_view uid :
       {dimse::uid::kRtPlan, dimse::uid::kRtIonPlan, dimse::uid::kRtDose,
        dimse::uid::kRtStructureSet, dimse::uid::kRtImage, dimse::uid::kVarianRtPlan}) {
    EXPECT_TRUE(Has(rt, uid)) << uid;
  }
  EXPECT_TRUE(Has(rt, "1.2.840.10008.5.1.4.34.7")) << "RT Beams Delivery Instruction";
  EXPECT_FALSE(Has(rt, dimse::uid::kCtImage));
  EXPECT_EQ(names.SopClassesOf("plan").size(), 3u);
  EXPECT_EQ(names.SopClassesOf("registration").size(), 2u);
  EXPECT_TRUE(Has(queries, dimse::uid::kStudyRootMove));
  EXPECT_TRUE(Has(queries, dimse::uid::kModalityWorklistFind));
  EXPECT_FALSE(Has(queries, dimse::uid::kVerification));
  EXPECT_GT(storage.size(), 150u);
  for (const std::string& uid : storage)
    EXPECT_TRUE(dimse::MayBeStorage(uid) || uid.starts_with("1.2.840.10008.5.1.1.") ||
                uid.starts_with("1.2.840.10008.5.1.4.34."))
        << uid;
}

TEST(RuleNames, EveryWordStandsForSomethingAndIsInSnakeCase) {
  const RuleNames names;
  for (const auto& [words, of] :
       {std::pair(names.SopClassWords(), &RuleNames::SopClassesOf),
        std::pair(names.TransferSyntaxWords(), &RuleNames::TransferSyntaxesOf)}) {
    EXPECT_GT(words.size(), 15u);
    for (const std::string& word : words) {
      EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos)
          << word;
      const Uids uids = (names.*of)(word);
      EXPECT_FALSE(uids.empty()) << word;
      EXPECT_EQ(std::set<std::string>(uids.begin(), uids.end()).size(), uids.size()) << word;
    }
  }
}

TEST(RuleNames, EveryShortNameIsAWord) {
  const RuleNames names;
  for (const std::string& uid : names.SopClassesOf("storage")) {
    const std::string_view name = dimse::ShortNameOf(uid);
    if (!name.empty()) {
      EXPECT_TRUE(Has(names.SopClassesOf(name), uid)) << name;
    }
  }
}

TEST(RuleNames, TransferSyntaxesHaveWords) {
  const RuleNames names;
  EXPECT_EQ(names.TransferSyntaxesOf("implicit_vr_little_endian"), Uids{"1.2.840.10008.1.2"});
  EXPECT_EQ(names.TransferSyntaxesOf("uncompressed").size(), 4u);
  const Uids jpeg = names.TransferSyntaxesOf("jpeg"),
             compressed = names.TransferSyntaxesOf("compressed");
  EXPECT_TRUE(Has(jpeg, "1.2.840.10008.1.2.4.50"));
  EXPECT_TRUE(Has(jpeg, "1.2.840.10008.1.2.4.70"));
  EXPECT_FALSE(Has(jpeg, "1.2.840.10008.1.2.4.90"));
  EXPECT_TRUE(Has(compressed, "1.2.840.10008.1.2.4.90"));
  EXPECT_TRUE(Has(compressed, "1.2.840.10008.1.2.4.53"));
  EXPECT_FALSE(Has(compressed, "1.2.840.10008.1.2.1"));
  EXPECT_TRUE(names.TransferSyntaxesOf("gif").empty());
}

}  // namespace
}  // namespace router::session
