#include "router/ul/pdv_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/ul/hex.h"

namespace router::ul {
namespace {

// What a reader makes of `stream`, fed in pieces of `step` bytes, as one line per finding.
std::vector<std::string> ReadAll(PdvReader& reader, const Buffer& stream, size_t step) {
  std::vector<std::string> found;
  for (size_t at = 0; at < stream.size(); at += step) {
    Buffer chunk(stream.begin() + static_cast<ptrdiff_t>(at),
                 stream.begin() + static_cast<ptrdiff_t>(std::min(stream.size(), at + step)));
    reader.Feed(chunk);
    for (;;) {
      auto received = reader.Next();
      if (!received) {
        found.push_back("error " + received.error().detail);
        return found;
      }
      if (received->kind == Received::Kind::kNeedMore) break;
      if (received->kind == Received::Kind::kPdu) {
        found.emplace_back(NameOf(TypeOf(reader.TakePdu())));
        continue;
      }
      found.push_back(std::to_string(received->context) + (received->is_command ? " c " : " d ") +
                      std::string(AsText(received->bytes)) + (received->ends_pdv ? "." : "") +
                      (received->ends_part() ? "|" : ""));
    }
  }
  return found;
}
std::vector<std::string> ReadAll(const Buffer& stream, size_t step = 1 << 20,
                                 uint32_t max_length = 0) {
  PdvReader reader(max_length);
  return ReadAll(reader, stream, step);
}
std::string ErrorOf(const Buffer& stream, uint32_t max_length = 0) {
  std::string whole = ReadAll(stream, 1 << 20, max_length).back();
  EXPECT_EQ(ReadAll(stream, 1, max_length).back(), whole);
  return whole;
}
using Lines = std::vector<std::string>;

TEST(PdvReader, HandsFragmentsOutInPlace) {
  Buffer stream = Hex("04 00 00000011  00000005 01 03 'abc'  00000004 03 00 'de'");
  EXPECT_EQ(ReadAll(stream), (Lines{"1 c abc.|", "3 d de."}));
  PdvReader reader;
  reader.Feed(stream);
  EXPECT_EQ(reader.Next()->bytes.data(), stream.data() + 12);
}

TEST(PdvReader, FragmentsComeAsFarAsTheyHaveArrived) {
  Buffer stream = Hex("04 00 0000000c  00000008 01 02 'abcdef'");
  EXPECT_EQ(ReadAll(stream, 14), (Lines{"1 d ab", "1 d cdef.|"}));
  EXPECT_EQ(ReadAll(stream, 1), (Lines{"1 d a", "1 d b", "1 d c", "1 d d", "1 d e", "1 d f.|"}));
}

TEST(PdvReader, PduOfAnySizeIsStreamed) {
  PdvReader reader;
  Buffer header = Hex("04 00 fffffff0  ffffffec 01 00");
  reader.Feed(header);
  EXPECT_EQ(reader.Next()->kind, Received::Kind::kNeedMore);
  Buffer chunk(1 << 16);
  for (int i = 0; i < 10; ++i) {
    reader.Feed(chunk);
    auto received = reader.Next();
    ASSERT_TRUE(received);
    EXPECT_EQ(received->bytes.size(), chunk.size());
    EXPECT_FALSE(received->ends_pdv);
    EXPECT_EQ(reader.Next()->kind, Received::Kind::kNeedMore);
  }
}

TEST(PdvReader, EmptyFragmentsAreLegalAndEndTheirPart) {
  Buffer stream = Hex("04 00 0000000c  00000002 01 00  00000002 01 02");
  for (size_t step : {1U, 5U, 100U}) EXPECT_EQ(ReadAll(stream, step), (Lines{"1 d .", "1 d .|"}));
}

TEST(PdvReader, OtherPdusComeWholeAtAnySplit) {
  AssociateRq rq;
  rq.contexts = {{1, Uid("1.2"), {Uid("1.2.840.10008.1.2")}}};
  Buffer stream = Encode(rq) + Encode(ReleaseRq{}) + Hex("04 00 00000007  00000003 01 02 'x'") +
                  Encode(Abort{0, 0});
  for (size_t step = 1; step < stream.size() + 1; ++step) {
    Lines found = ReadAll(stream, step);
    EXPECT_EQ(found, (Lines{"A-ASSOCIATE-RQ", "A-RELEASE-RQ", "1 d x.|", "A-ABORT"})) << step;
  }
}

TEST(PdvReader, PdusThatAreTakenAreTheOnesSent) {
  AssociateAc ac;
  ac.contexts = {{1, ContextResult::kAcceptance, Uid("1.2.840.10008.1.2")}};
  Buffer stream = Encode(ac);
  PdvReader reader;
  for (const std::byte& byte : stream) {
    reader.Feed(Bytes(&byte, 1));
    auto received = reader.Next();
    ASSERT_TRUE(received);
    ASSERT_EQ(received->kind == Received::Kind::kPdu, &byte == &stream.back());
  }
  EXPECT_EQ(reader.TakePdu(), Pdu(ac));
}

TEST(PdvReader, KnowsWhetherThePeerClosedWithinAPdu) {
  PdvReader reader;
  EXPECT_TRUE(reader.BetweenPdus());
  Buffer stream = Encode(ReleaseRp{});
  for (const std::byte& byte : stream) {
    reader.Feed(Bytes(&byte, 1));
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.BetweenPdus(), &byte == &stream.back());
  }
}

TEST(PdvReader, LengthOverWhatWasAgreedIsAFault) {
  Buffer stream = Hex("04 00 00000009  00000005 01 03 'abc'");
  EXPECT_EQ(ReadAll(stream, 1, 9), (Lines{"1 c a", "1 c b", "1 c c.|"}));
  EXPECT_EQ(ErrorOf(stream, 8), "error P-DATA-TF: 9 bytes, 8 were agreed");
}

TEST(PdvReader, ImpossibleLengthsAreFaults) {
  EXPECT_EQ(ErrorOf(Hex("04 00 00000006 00000001 01 02")), "error PDV length: 1 is less than 2");
  EXPECT_EQ(ErrorOf(Hex("04 00 00000006 00000000 01 02")), "error PDV length: 0 is less than 2");
  EXPECT_EQ(ErrorOf(Hex("04 00 00000007 00000004 01 02 'a'")),
            "error PDV length: 4 bytes, its P-DATA-TF has 3");
  EXPECT_EQ(ErrorOf(Hex("04 00 00000007 ffffffff 01 02 'a'")),
            "error PDV length: 4294967295 bytes, its P-DATA-TF has 3");
  EXPECT_EQ(ErrorOf(Hex("04 00 0000000b 00000003 01 02 'a' 00000002")),
            "error P-DATA-TF: 4 bytes after the last PDV");
  EXPECT_EQ(ErrorOf(Hex("04 00 00000000")), "error P-DATA-TF: 0 bytes hold no PDV");
  EXPECT_EQ(ErrorOf(Hex("05 00 00000005 00")), "error A-RELEASE-RQ: length is 5 instead of 4");
}

TEST(PdvReader, GarbageIsFoundInItsFirstByte) {
  EXPECT_EQ(ErrorOf(Hex("'GET / HTTP/1.1'")), "error PDU type: 47H is none");
  PdvReader reader(0, Blame::kUpstream);
  Buffer one = Hex("'G'");
  reader.Feed(one);
  auto received = reader.Next();
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kMalformedPdu);
  EXPECT_EQ(received.error().blame, Blame::kUpstream);
}

TEST(PdvReader, BrokenStreamStaysBroken) {
  PdvReader reader;
  Buffer garbage = Hex("'x'"), sound = Encode(ReleaseRq{});
  reader.Feed(garbage);
  ASSERT_FALSE(reader.Next());
  reader.Feed(sound);
  auto again = reader.Next();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().detail, "PDU type: 78H is none");
}

TEST(PdvReader, AssociationPduOverTheLimitIsRefusedFromItsHeader) {
  EXPECT_EQ(ErrorOf(Hex("01 00 00100001")),
            "error A-ASSOCIATE-RQ: 1048577 bytes, at most 1048576 are taken");
}

using PdvReaderDeathTest = testing::Test;
TEST(PdvReaderDeathTest, ChunkFedOverAnUnreadOneEndsTheProcess) {
  PdvReader reader;
  Buffer stream = Encode(ReleaseRq{});
  reader.Feed(stream);
  EXPECT_DEATH(reader.Feed(stream), "before the one before was read");
}

}  // namespace
}  // namespace router::ul
