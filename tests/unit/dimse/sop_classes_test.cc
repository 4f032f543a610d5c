#include "router/dimse/sop_classes.h"

#include <gtest/gtest.h>

namespace router::dimse {
namespace {

TEST(SopClasses, OrderOfInjectionIsKnownByClass) {
  EXPECT_EQ(KindOf(uid::kCtImage), Kind::kImage);
  EXPECT_EQ(KindOf(uid::kPetImage), Kind::kImage);
  EXPECT_EQ(KindOf(uid::kRtStructureSet), Kind::kStructureSet);
  EXPECT_EQ(KindOf(uid::kRtPlan), Kind::kPlan);
  EXPECT_EQ(KindOf(uid::kRtIonPlan), Kind::kPlan);
  EXPECT_EQ(KindOf(uid::kRtDose), Kind::kDose);
  EXPECT_EQ(KindOf("1.2.840.10008.5.1.4.1.1.481.4"), Kind::kRecord);
  EXPECT_EQ(KindOf("1.2.840.10008.5.1.4.1.1.481.9"), Kind::kRecord);
  EXPECT_EQ(KindOf(uid::kSpatialRegistration), Kind::kRegistration);
  EXPECT_EQ(KindOf("1.2.840.10008.5.1.4.1.1.66.4"), Kind::kOther);
}

TEST(SopClasses, RtImageIsNoImage) { EXPECT_EQ(KindOf(uid::kRtImage, "RTIMAGE"), Kind::kOther); }

TEST(SopClasses, PrivatePlanIsAPlanByClassOrByModality) {
  EXPECT_EQ(KindOf(uid::kVarianRtPlan), Kind::kPlan);
  EXPECT_EQ(KindOf("1.2.246.352.70.1.10", "RTPLAN"), Kind::kPlan);
  EXPECT_EQ(KindOf("1.2.3.4", "RTDOSE"), Kind::kDose);
  EXPECT_EQ(KindOf("1.2.3.4", "OT"), Kind::kOther);
  EXPECT_EQ(KindOf("1.2.3.4"), Kind::kOther);
  EXPECT_EQ(KindOf(uid::kRtDose, "RTPLAN"), Kind::kDose) << "a known class decides";
}

TEST(SopClasses, ImagesAndDocumentsNeverWaitUnknownClassesMay) {
  EXPECT_FALSE(MayHaveRequirements(uid::kCtImage));
  EXPECT_FALSE(MayHaveRequirements(uid::kRtImage));
  EXPECT_TRUE(MayHaveRequirements(uid::kRtDose));
  EXPECT_TRUE(MayHaveRequirements(uid::kVarianRtPlan));
  EXPECT_TRUE(MayHaveRequirements("1.2.3.4"));
}

TEST(SopClasses, StorageIsTheRootAndKnownPrivateClasses) {
  EXPECT_TRUE(IsStorage(uid::kCtImage));
  EXPECT_TRUE(IsStorage("1.2.840.10008.5.1.4.1.1.999.7")) << "of a later edition";
  EXPECT_TRUE(IsStorage(uid::kVarianRtPlan));
  EXPECT_TRUE(IsStorage("1.2.246.352.70.1.10"));
  EXPECT_TRUE(IsStorage("1.2.840.10008.5.1.4.34.7"));
  EXPECT_FALSE(IsStorage(uid::kStudyRootFind));
  EXPECT_FALSE(IsStorage("1.2.840.10008.5.1.4.1.10"));
  EXPECT_FALSE(IsStorage(uid::kVerification));
  EXPECT_FALSE(IsStorage("1.2.3.4"));
}

TEST(SopClasses, QueryServices) {
  EXPECT_EQ(QueryServiceOf(uid::kStudyRootFind), QueryService::kFind);
  EXPECT_EQ(QueryServiceOf(uid::kPatientRootMove), QueryService::kMove);
  EXPECT_EQ(QueryServiceOf(uid::kStudyRootGet), QueryService::kGet);
  EXPECT_EQ(QueryServiceOf("1.2.840.10008.5.1.4.1.2.4.3"), QueryService::kGet);
  EXPECT_EQ(QueryServiceOf(uid::kModalityWorklistFind), QueryService::kFind);
  EXPECT_EQ(QueryServiceOf(uid::kCtImage), QueryService::kNone);
  EXPECT_EQ(QueryServiceOf("1.2.840.10008.5.1.4.1.2.2.12"), QueryService::kNone);
}

TEST(SopClasses, NamesLeadBothWays) {
  EXPECT_EQ(NameOfUid(uid::kCtImage), "CT Image Storage");
  EXPECT_EQ(NameOfUid(uid::kExplicitVrLittleEndian), "Explicit VR Little Endian");
  EXPECT_EQ(NameOfUid("1.2.3"), "1.2.3");
  EXPECT_EQ(ShortNameOf(uid::kRtPlan), "rt_plan");
  EXPECT_EQ(SopClassOf("secondary_capture"), uid::kSecondaryCapture);
  EXPECT_EQ(SopClassOf("nonsense"), "");
  EXPECT_EQ(ShortNameOf("1.2.3"), "");
  for (const char* name : {"ct_image", "mr_image", "pet_image", "rt_structure_set", "rt_ion_plan",
                           "rt_dose", "rt_image", "spatial_registration", "segmentation"})
    EXPECT_EQ(ShortNameOf(SopClassOf(name)), name);
}

}  // namespace
}  // namespace router::dimse
