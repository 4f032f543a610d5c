#include "router/dimse/status.h"

#include <gtest/gtest.h>

namespace router::dimse {
namespace {

TEST(Status, ClassDependsOnTheService) {
  EXPECT_EQ(ClassOf(Command::kCFindRsp, 0xFF00), StatusClass::kPending);
  EXPECT_EQ(ClassOf(Command::kCFindRsp, 0xFF01), StatusClass::kPending);
  EXPECT_EQ(ClassOf(Command::kCMoveRsp, 0xFF00), StatusClass::kPending);
  EXPECT_EQ(ClassOf(Command::kCStoreRsp, 0xFF00), StatusClass::kFailure);
  EXPECT_EQ(ClassOf(Command::kCMoveRsp, 0xFE00), StatusClass::kCancel);
  EXPECT_EQ(ClassOf(Command::kCStoreRsp, 0xFE00), StatusClass::kFailure);
}

TEST(Status, WarningsOfStorageAreNotFailures) {
  for (uint16_t s : {0xB000, 0xB006, 0xB007, 0x0107, 0x0116})
    EXPECT_EQ(ClassOf(Command::kCStoreRsp, s), StatusClass::kWarning) << s;
  for (uint16_t s :
       {0xA700, 0xA7FF, 0xA900, 0xC000, 0xC001, 0x0110, 0x0111, 0x0122, 0x0124, 0x0211})
    EXPECT_EQ(ClassOf(Command::kCStoreRsp, s), StatusClass::kFailure) << s;
  EXPECT_EQ(ClassOf(Command::kCEchoRsp, 0), StatusClass::kSuccess);
}

TEST(Status, SameValueHasTheNameOfItsService) {
  EXPECT_EQ(StatusName(Command::kCStoreRsp, 0xA900), "data set does not match SOP class");
  EXPECT_EQ(StatusName(Command::kCMoveRsp, 0xA900), "identifier does not match SOP class");
  EXPECT_EQ(StatusName(Command::kCStoreRsp, 0xA712), "out of resources");
  EXPECT_EQ(StatusName(Command::kCMoveRsp, 0xA801), "move destination unknown");
  EXPECT_EQ(StatusName(Command::kCMoveRsp, 0xC001), "unable to process");
  EXPECT_EQ(StatusName(Command::kCFindRsp, 0xFF01), "pending, optional keys not supported");
  EXPECT_EQ(StatusName(Command::kNActionRsp, 0x0112), "no such SOP instance");
  EXPECT_EQ(StatusName(Command::kCEchoRsp, 0x1234), "failure");
  EXPECT_EQ(StatusName(Command::kCStoreRsp, 0xFF00), "failure");
}

TEST(Status, ClassesHaveTheLabelsOfMetrics) {
  EXPECT_EQ(NameOf(StatusClass::kSuccess), "success");
  EXPECT_EQ(NameOf(StatusClass::kPending), "pending");
  EXPECT_EQ(NameOf(StatusClass::kWarning), "warning");
  EXPECT_EQ(NameOf(StatusClass::kFailure), "failure");
  EXPECT_EQ(NameOf(StatusClass::kCancel), "cancel");
}

}  // namespace
}  // namespace router::dimse
