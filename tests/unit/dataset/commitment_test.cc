#include "router/dataset/commitment.h"

#include <gtest/gtest.h>

#include "router/dataset/identifier.h"

namespace router::dataset {
namespace {

const Uid kSyntaxes[] = {Uid(kImplicitVrLittleEndian), Uid(kExplicitVrLittleEndian),
                         Uid(kExplicitVrBigEndian), Uid(kDeflatedExplicitVrLittleEndian)};
const Uid kCt("1.2.840.10008.5.1.4.1.1.2");

ReferencedSop Sop(std::string_view uid) { return {kCt, Uid(uid)}; }

Buffer Request(std::string_view transaction, const std::vector<ReferencedSop>& instances,
               const Uid& syntax = Uid(kImplicitVrLittleEndian)) {
  Identifier request;
  auto set = [](Identifier& in, Tag tag, std::string_view value) {
    if (value.empty()) return;
    EXPECT_TRUE(in.Set(tag, value));
  };
  set(request, 0x00081195, transaction);
  for (const ReferencedSop& sop : instances) {
    Identifier item;
    set(item, 0x00081150, sop.sop_class.view());
    set(item, 0x00081155, sop.sop_instance.view());
    EXPECT_TRUE(request.AddItem(0x00081199, item));
  }
  return request.Encode(syntax).value();
}

Errc FaultOf(const Buffer& bytes) {
  auto read = ReadCommitmentRequest(bytes, Uid(kImplicitVrLittleEndian));
  EXPECT_FALSE(read);
  return read ? Errc::kNotFound : read.error().code;
}

TEST(CommitmentRequest, NamesEachInstanceOnceInItsOrder) {
  for (const Uid& syntax : kSyntaxes) {
    SCOPED_TRACE(syntax.str());
    const Buffer bytes = Request("1.9", {Sop("1.2"), Sop("1.1"), Sop("1.2"), Sop("1.3")}, syntax);
    auto read = ReadCommitmentRequest(bytes, syntax);
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->transaction, Uid("1.9"));
    EXPECT_EQ(read->instances, (std::vector{Sop("1.2"), Sop("1.1"), Sop("1.3")}));
  }
}

TEST(CommitmentRequest, WhatNamesNoTransactionOrNoInstanceIsNone) {
  EXPECT_EQ(FaultOf(Request("", {Sop("1.2")})), Errc::kCorrupt);
  EXPECT_EQ(FaultOf(Request("1.9", {})), Errc::kCorrupt);
  EXPECT_EQ(FaultOf(Request("1.9", {Sop("1.2"), {kCt, Uid()}})), Errc::kCorrupt);
  EXPECT_EQ(FaultOf(Request("1.9", {Sop("1.2"), {Uid(), Uid("1.3")}})), Errc::kCorrupt);
  EXPECT_EQ(FaultOf(Request(std::string(65, '1'), {Sop("1.2")})), Errc::kCorrupt);
  EXPECT_EQ(FaultOf(Buffer(5, std::byte{0xFF})), Errc::kCorrupt);
  EXPECT_EQ(FaultOf(Buffer()), Errc::kCorrupt);
}

TEST(CommitmentRequest, TooManyInstancesAreALimitNotAFault) {
  std::vector<ReferencedSop> many;
  for (size_t i = 0; i < kMostCommitted; ++i) many.push_back(Sop("1." + std::to_string(i)));
  auto most = ReadCommitmentRequest(Request("1.9", many), Uid(kImplicitVrLittleEndian));
  ASSERT_TRUE(most) << most.error().detail;
  EXPECT_EQ(most->instances, many);
  many.push_back(Sop("2.1"));
  EXPECT_EQ(FaultOf(Request("1.9", many)), Errc::kLimit);
}

TEST(CommitmentReport, NamesCommittedAndFailedOnesWithTheirReasons) {
  for (const Uid& syntax : kSyntaxes) {
    SCOPED_TRACE(syntax.str());
    const std::vector<ReferencedSop> committed = {Sop("1.1"), Sop("1.2")};
    const std::vector<FailedSop> failed = {{Sop("1.3"), 0x0112}, {Sop("1.4"), 0x0110}};
    auto bytes = WriteCommitmentReport(Uid("1.9"), committed, failed, syntax);
    ASSERT_TRUE(bytes) << bytes.error().detail;
    auto report = Identifier::Decode(*bytes, syntax);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->Tags(), (std::vector<Tag>{0x00081195, 0x00081198, 0x00081199}));
    EXPECT_EQ(report->UidOf(0x00081195), Uid("1.9"));
    std::vector<Identifier> good = report->Items(0x00081199), bad = report->Items(0x00081198);
    ASSERT_EQ(good.size(), 2u);
    EXPECT_EQ(good[1].UidOf(0x00081155), Uid("1.2"));
    EXPECT_EQ(good[1].UidOf(0x00081150), kCt);
    EXPECT_FALSE(good[1].Has(0x00081197));
    ASSERT_EQ(bad.size(), 2u);
    EXPECT_EQ(bad[0].UidOf(0x00081155), Uid("1.3"));
    EXPECT_EQ(bad[0].Text(0x00081197), std::to_string(0x0112));
    EXPECT_EQ(bad[1].Text(0x00081197), std::to_string(0x0110));
  }
}

TEST(CommitmentReport, HasNoEmptySequence) {
  const std::vector<ReferencedSop> committed = {Sop("1.1")};
  const Uid syntax(kExplicitVrLittleEndian);
  auto all = WriteCommitmentReport(Uid("1.9"), committed, {}, syntax);
  ASSERT_TRUE(all);
  EXPECT_EQ(Identifier::Decode(*all, syntax)->Tags(), (std::vector<Tag>{0x00081195, 0x00081199}));
  const std::vector<FailedSop> failed = {{Sop("1.1"), 0x0131}};
  auto none = WriteCommitmentReport(Uid("1.9"), {}, failed, syntax);
  ASSERT_TRUE(none);
  EXPECT_EQ(Identifier::Decode(*none, syntax)->Tags(), (std::vector<Tag>{0x00081195, 0x00081198}));
}

}  // namespace
}  // namespace router::dataset
