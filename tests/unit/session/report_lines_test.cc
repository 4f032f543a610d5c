#include "router/session/report_lines.h"

#include <gtest/gtest.h>

namespace router::session {
namespace {

class Line : public ReportLine {
 public:
  Task<Result<>> Report(CommitmentReport) override { co_return Result<>(); }
};

TEST(ReportLines, AClientIsToldWhereItAskedLast) {
  ReportLines lines;
  auto first = std::make_shared<Line>(), second = std::make_shared<Line>();
  lines.Ask(1);
  EXPECT_TRUE(lines.IsAnswering(1)) << "no report before the answer";
  lines.Answered(1, first);
  EXPECT_FALSE(lines.IsAnswering(1));
  EXPECT_EQ(lines.Of(1), first);
  lines.Ask(1);
  lines.Answered(1, second);
  EXPECT_EQ(lines.Of(1), second);
  lines.Ask(1);
  lines.Answered(1, nullptr);
  EXPECT_EQ(lines.Of(1), second) << "who could not be answered is told nowhere";
}

TEST(ReportLines, TwoWhoAskAtOnceAreBothAnsweredBeforeTheReport) {
  ReportLines lines;
  lines.Ask(1);
  lines.Ask(1);
  lines.Answered(1, std::make_shared<Line>());
  EXPECT_TRUE(lines.IsAnswering(1));
  lines.Answered(1, std::make_shared<Line>());
  EXPECT_FALSE(lines.IsAnswering(1));
}

TEST(ReportLines, WhatIsSettledWhileItIsAskedAgainLeavesNothing) {
  ReportLines lines;
  lines.Ask(1);
  lines.Answered(1, std::make_shared<Line>());
  lines.Ask(1);  // again, while the first is being told
  lines.Ask(1);
  lines.Settled(1);
  lines.Answered(1, std::make_shared<Line>());
  lines.Answered(1, std::make_shared<Line>());
  EXPECT_EQ(lines.Of(1), nullptr);
  EXPECT_EQ(lines.size(), 0u);
}

TEST(ReportLines, AnEndedAssociationIsForgotten) {
  ReportLines lines;
  lines.Ask(1);
  lines.Answered(1, std::make_shared<Line>());
  lines.Forget(1);
  EXPECT_EQ(lines.Of(1), nullptr);
  lines.Settled(1);
  EXPECT_EQ(lines.size(), 0u);
}

}  // namespace
}  // namespace router::session
