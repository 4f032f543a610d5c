#include "router/dimse/message_assembler.h"

#include <gtest/gtest.h>

#include "router/dimse/messages.h"
#include "router/ul/pdv_writer.h"
#include "tests/unit/ul/hex.h"

namespace router::dimse {
namespace {

using Kind = MessageAssembler::Piece::Kind;

ul::Received Fragment(Bytes bytes, bool is_command, bool last, bool ends_pdv = true,
                      ul::ContextId context = 1) {
  return {.kind = ul::Received::Kind::kFragment,
          .context = context,
          .is_command = is_command,
          .last = last,
          .ends_pdv = ends_pdv,
          .bytes = bytes};
}
const Uid kCt("1.2.840.10008.5.1.4.1.1.2");
Buffer Store() { return CStoreRq(5, kCt, Uid("1.2.3")).Encode(); }

std::string FaultOf(const Result<MessageAssembler::Piece>& piece) {
  if (piece) return "none";
  EXPECT_EQ(piece.error().code, Errc::kMalformedDimse);
  return piece.error().detail;
}

TEST(Assembler, MessageWithoutDataSetIsCompleteWithItsCommand) {
  MessageAssembler assembler;
  for (int i = 1; i <= 3; ++i) {
    Buffer echo = CEchoRq(static_cast<uint16_t>(i)).Encode();
    auto piece = assembler.Add(Fragment(echo, true, true));
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->kind, Kind::kCommandComplete);
    EXPECT_EQ(assembler.command().message_id(), i);
    EXPECT_TRUE(assembler.BetweenMessages());
  }
}

TEST(Assembler, CommandIsPutTogetherFromSingleBytes) {
  MessageAssembler assembler;
  Buffer store = Store();
  for (const std::byte& byte : store) {
    bool at_end = &byte == &store.back();
    auto piece = assembler.Add(Fragment(Bytes(&byte, 1), true, at_end));
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->kind, at_end ? Kind::kCommandComplete : Kind::kNeedMore);
    EXPECT_FALSE(assembler.BetweenMessages());
  }
  EXPECT_EQ(assembler.command().sop_instance().view(), "1.2.3");
}

TEST(Assembler, LastBitCountsOnlyAtTheEndOfItsPdv) {
  MessageAssembler assembler;
  Buffer store = Store();
  auto first = assembler.Add(Fragment(Bytes(store).first(10), true, true, false));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->kind, Kind::kNeedMore);
  auto second = assembler.Add(Fragment(Bytes(store).subspan(10), true, true, true));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->kind, Kind::kCommandComplete);
}

TEST(Assembler, DataFragmentsAreMarkedFirstAndLastAndHandedThrough) {
  MessageAssembler assembler;
  Buffer store = Store();
  ASSERT_TRUE(assembler.Add(Fragment(store, true, true, true, 3)));
  std::string_view text = "abc";
  auto a = assembler.Add(Fragment(AsBytes(text), false, false, false, 3));
  auto b = assembler.Add(Fragment(AsBytes(text), false, true, false, 3));
  auto c = assembler.Add(Fragment({}, false, true, true, 3));
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(a->kind, Kind::kDataFragment);
  EXPECT_EQ(a->context, 3);
  EXPECT_EQ(a->bytes.data(), AsBytes(text).data());
  EXPECT_TRUE(a->first && !a->last);
  EXPECT_TRUE(!b->first && !b->last);
  EXPECT_TRUE(!c->first && c->last);
  EXPECT_TRUE(assembler.BetweenMessages());
  Buffer echo = CEchoRq(8).Encode();
  EXPECT_TRUE(assembler.Add(Fragment(echo, true, true, true, 1))) << "another message, context 1";
}

TEST(Assembler, DataSetOfOneFragmentIsFirstAndLast) {
  MessageAssembler assembler;
  Buffer store = Store();
  ASSERT_TRUE(assembler.Add(Fragment(store, true, true)));
  auto piece = assembler.Add(Fragment(AsBytes("x"), false, true));
  ASSERT_TRUE(piece);
  EXPECT_TRUE(piece->first && piece->last);
}

TEST(Assembler, DataWhereACommandIsDueIsAFault) {
  MessageAssembler assembler;
  EXPECT_EQ(FaultOf(assembler.Add(Fragment(AsBytes("x"), false, true))),
            "a data set fragment where a command set was due");
}

TEST(Assembler, DataAfterACommandThatAnnouncedNoneIsAFault) {
  MessageAssembler assembler;
  Buffer echo = CEchoRq(1).Encode();
  ASSERT_TRUE(assembler.Add(Fragment(echo, true, true)));
  EXPECT_NE(FaultOf(assembler.Add(Fragment(AsBytes("x"), false, true))), "none");
}

TEST(Assembler, DataBeforeTheCommandIsCompleteIsAFault) {
  MessageAssembler assembler;
  Buffer store = Store();
  ASSERT_TRUE(assembler.Add(Fragment(Bytes(store).first(4), true, false)));
  EXPECT_NE(FaultOf(assembler.Add(Fragment(AsBytes("x"), false, true))), "none");
}

TEST(Assembler, CommandWithinADataSetIsAFault) {
  MessageAssembler assembler(Blame::kUpstream);
  Buffer store = Store();
  ASSERT_TRUE(assembler.Add(Fragment(store, true, true)));
  ASSERT_TRUE(assembler.Add(Fragment(AsBytes("x"), false, false)));
  auto piece = assembler.Add(Fragment(store, true, true));
  EXPECT_EQ(FaultOf(piece), "a command set fragment within a data set");
  EXPECT_EQ(piece.error().blame, Blame::kUpstream);
}

TEST(Assembler, AnotherContextWithinAMessageIsAFault) {
  MessageAssembler assembler;
  Buffer store = Store();
  ASSERT_TRUE(assembler.Add(Fragment(store, true, true, true, 1)));
  EXPECT_EQ(FaultOf(assembler.Add(Fragment(AsBytes("x"), false, true, true, 3))),
            "presentation context 3 within a message on 1");
}

TEST(Assembler, EndlessCommandIsAFaultWithBoundedMemory) {
  MessageAssembler assembler;
  Buffer block(16 * 1024);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(assembler.Add(Fragment(block, true, false)));
  EXPECT_EQ(FaultOf(assembler.Add(Fragment(Bytes(block).first(1), true, false))),
            "command set of more than 65536 bytes");
}

TEST(Assembler, CommandThatDoesNotDecodeIsAFault) {
  MessageAssembler assembler;
  EXPECT_EQ(FaultOf(assembler.Add(Fragment(AsBytes("abc"), true, true))),
            "command set: 3 bytes after the last element");
}

// From the writer through a network that splits anywhere to the message again.
TEST(Assembler, UnderstandsWhatTheWriterCutsAtAnyLimit) {
  Buffer store = Store(), data(3001, std::byte{'d'});
  for (uint32_t limit : {8U, 9U, 50U, 1000U, 0U}) {
    ul::PdvWriter writer(limit);
    writer.Append(5, true, store, true);
    writer.Append(5, false, Bytes(data).first(1500), false);
    writer.Append(5, false, Bytes(data).subspan(1500), true);
    Buffer stream;
    for (Bytes s : writer.segments())
      stream.insert(stream.end(), s.begin(), s.end());
    ul::PdvReader reader(limit);
    MessageAssembler assembler;
    size_t received_data = 0, firsts = 0, lasts = 0;
    Bytes rest = stream;
    while (!rest.empty()) {
      Bytes chunk = rest.first(std::min<size_t>(rest.size(), 37));
      rest = rest.subspan(chunk.size());
      reader.Feed(chunk);
      for (;;) {
        auto received = reader.Next();
        ASSERT_TRUE(received);
        if (received->kind == ul::Received::Kind::kNeedMore) break;
        auto piece = assembler.Add(*received);
        ASSERT_TRUE(piece) << piece.error().detail;
        if (piece->kind != Kind::kDataFragment) continue;
        received_data += piece->bytes.size();
        firsts += piece->first;
        lasts += piece->last;
      }
    }
    EXPECT_EQ(received_data, data.size()) << limit;
    EXPECT_EQ(firsts, 1U);
    EXPECT_EQ(lasts, 1U);
    EXPECT_EQ(assembler.command().Encode(), store);
    EXPECT_TRUE(assembler.BetweenMessages());
  }
}

}  // namespace
}  // namespace router::dimse
