#include "router/ul/pdv_writer.h"

#include <gtest/gtest.h>

#include <string>

#include "router/ul/pdu_codec.h"
#include "tests/unit/ul/hex.h"

namespace router::ul {
namespace {

Buffer Joined(const PdvWriter& writer) {
  Buffer out;
  for (Bytes segment : writer.segments()) out.insert(out.end(), segment.begin(), segment.end());
  EXPECT_EQ(out.size(), writer.size());
  return out;
}

// The PDUs of a stream, each "context c|d text" and "|" at the end of its part.
std::vector<std::string> Pdus(const Buffer& stream) {
  std::vector<std::string> found;
  Bytes rest = stream;
  while (!rest.empty()) {
    auto decoded = Decode(rest, 1 << 24);
    if (!decoded || !*decoded) {
      found.emplace_back("broken");
      break;
    }
    const auto& pdvs = std::get<DataTf>((*decoded)->pdu).pdvs;
    EXPECT_EQ(pdvs.size(), 1U);
    const Pdv& pdv = pdvs.front();
    found.push_back(std::to_string(pdv.context) + (pdv.is_command ? " c " : " d ") +
                    std::string(AsText(pdv.bytes)) + (pdv.last ? "|" : ""));
    rest = rest.subspan((*decoded)->consumed);
  }
  return found;
}
std::vector<std::string> Pdus(const PdvWriter& writer) { return Pdus(Joined(writer)); }
using Lines = std::vector<std::string>;

TEST(PdvWriter, WritesWhatAnnexESays) {
  PdvWriter writer;
  writer.Append(5, true, AsBytes("abc"), true);
  EXPECT_EQ(Joined(writer), Hex("04 00 00000009  00000005 05 03 'abc'"));
}

TEST(PdvWriter, PayloadIsNotCopied) {
  PdvWriter writer;
  Buffer payload(1000);
  writer.Append(1, false, payload, true);
  ASSERT_EQ(writer.segments().size(), 2U);
  EXPECT_EQ(writer.segments()[0].size(), 12U);
  EXPECT_EQ(writer.segments()[1].data(), payload.data());
}

TEST(PdvWriter, CutsToThePeersLimitWhichCountsThePdvHeader) {
  PdvWriter writer(10);  // 6 of them header
  writer.Append(1, false, AsBytes("abcdefghij"), true);
  EXPECT_EQ(Pdus(writer), (Lines{"1 d abcd", "1 d efgh", "1 d ij|"}));
  EXPECT_EQ(Joined(writer)[5], std::byte{10});
}

TEST(PdvWriter, PieceThatFillsAPduExactlyIsOnePdu) {
  PdvWriter writer(10);
  writer.Append(1, false, AsBytes("abcd"), true);
  EXPECT_EQ(Pdus(writer), (Lines{"1 d abcd|"}));
}

TEST(PdvWriter, UnlimitedPeerGetsTheCap) {
  EXPECT_EQ(PdvWriter(0, 131072).max_payload(), 131066U);
  EXPECT_EQ(PdvWriter(4294967295U, 131072).max_payload(), 131066U);
  EXPECT_EQ(PdvWriter(16384, 131072).max_payload(), 16378U);
  EXPECT_EQ(PdvWriter(16383, 131072).max_payload(), 16376U);
}

TEST(PdvWriter, PeerWithAnAbsurdLimitStillGetsItsData) {
  PdvWriter writer(1);
  writer.Append(1, false, AsBytes("abc"), true);
  EXPECT_EQ(Pdus(writer), (Lines{"1 d ab", "1 d c|"}));
}

TEST(PdvWriter, OddByteOfAPieceLeadsTheNextFragment) {
  PdvWriter writer;
  writer.Append(1, false, AsBytes("abc"), false);
  EXPECT_EQ(Pdus(writer), (Lines{"1 d ab"}));
  Buffer stream = Joined(writer);
  writer.Clear();
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.size(), 0U);
  writer.Append(1, false, AsBytes("d"), false);
  writer.Append(1, false, AsBytes("e"), false);
  writer.Append(1, false, {}, false);
  writer.Append(1, false, AsBytes("fg"), true);
  EXPECT_EQ(Pdus(stream + Joined(writer)), (Lines{"1 d ab", "1 d cd", "1 d efg|"}));
}

TEST(PdvWriter, KeptByteSurvivesTheBufferItCameFrom) {
  PdvWriter writer;
  {
    Buffer gone = Hex("'x'");
    writer.Append(1, false, gone, false);
    gone[0] = std::byte{0};
  }
  EXPECT_TRUE(writer.empty());
  writer.Append(1, false, {}, true);
  EXPECT_EQ(Pdus(writer), (Lines{"1 d x|"}));
}

TEST(PdvWriter, EndMayComeAfterTheData) {
  PdvWriter writer;
  writer.Append(1, false, AsBytes("ab"), false);
  writer.Append(1, false, {}, true);
  EXPECT_EQ(Pdus(writer), (Lines{"1 d ab", "1 d |"}));
}

TEST(PdvWriter, SegmentsStayGoodWhileTheBatchGrows) {
  PdvWriter writer(8);
  std::string text(5000, 'z');
  writer.Append(1, true, AsBytes("cc"), true);
  const std::byte* first = writer.segments()[0].data();
  writer.Append(1, false, AsBytes(text), true);
  EXPECT_EQ(writer.segments()[0].data(), first);
  Lines pdus = Pdus(writer);
  ASSERT_EQ(pdus.size(), 2501U);
  EXPECT_EQ(pdus[0], "1 c cc|");
  EXPECT_EQ(pdus[2500], "1 d zz|");
  writer.Clear();
  writer.Append(1, true, AsBytes("dd"), true);
  EXPECT_EQ(writer.segments()[0].data(), first) << "the arena is used again";
}

using PdvWriterDeathTest = testing::Test;
TEST(PdvWriterDeathTest, PartBegunWithinAnotherEndsTheProcess) {
  PdvWriter writer;
  writer.Append(1, false, AsBytes("a"), false);
  EXPECT_DEATH(writer.Append(1, true, AsBytes("b"), true), "before the one before was ended");
}

TEST(PdvWriter, ForgetsAPartThatWasBroken) {
  PdvWriter writer;
  EXPECT_TRUE(writer.BetweenParts());
  writer.Append(1, false, AsBytes("abc"), false);
  EXPECT_FALSE(writer.BetweenParts());
  writer.Clear();
  EXPECT_FALSE(writer.BetweenParts());
  writer.Reset();
  EXPECT_TRUE(writer.BetweenParts());
  writer.Append(3, true, AsBytes("de"), true);
  EXPECT_EQ(Pdus(writer), (Lines{"3 c de|"}));
  EXPECT_FALSE(writer.BetweenParts());
}

}  // namespace
}  // namespace router::ul
