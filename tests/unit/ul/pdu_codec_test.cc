#include "router/ul/pdu_codec.h"

#include <gtest/gtest.h>

#include "tests/unit/ul/hex.h"

namespace router::ul {
namespace {

constexpr size_t kLimit = kMaxAssociationPdu;

// What `bytes` hold, all of them.
Pdu Decoded1(const Buffer& bytes) {
  auto decoded = Decode(bytes, kLimit);
  if (!decoded) {
    ADD_FAILURE() << decoded.error().detail;
    return Abort{9, 9};
  }
  if (!*decoded) {
    ADD_FAILURE() << "more bytes wanted";
    return Abort{9, 9};
  }
  EXPECT_EQ((*decoded)->consumed, bytes.size());
  return (*decoded)->pdu;
}

Error FaultOf(const Buffer& bytes, size_t limit = kLimit) {
  auto decoded = Decode(bytes, limit);
  EXPECT_FALSE(decoded);
  return decoded ? Error{} : decoded.error();
}

Buffer WithHeader(uint8_t type, const Buffer& body) {
  Buffer pdu(kPduHeader);
  pdu[0] = static_cast<std::byte>(type);
  StoreBe32(pdu.data() + 2, static_cast<uint32_t>(body.size()));
  return pdu + body;
}

// PS3.8 Table 9-11: what stands before the variable items of an RQ or AC.
Buffer FixedPart() { return Hex("0001 0000 'VMSDBD          ' 'DCMTK           '") + Buffer(32); }

// An A-ASSOCIATE-RQ whose user information is `sub_items`.
Buffer RqWithUser(const Buffer& sub_items) {
  Buffer item = Hex("50 00 00 00");
  StoreBe16(item.data() + 2, static_cast<uint16_t>(sub_items.size()));
  return WithHeader(1, FixedPart() + Hex("10 00 0015 '1.2.840.10008.3.1.1.1'") + item + sub_items);
}
UserInformation UserOf(const Buffer& sub_items) {
  return std::get<AssociateRq>(Decoded1(RqWithUser(sub_items))).user;
}

// As DCMTK's echoscu 3.6.7 sends it (-aet DCMTK -aec VMSDBD), byte for byte.
const Buffer kFromEchoscu = Hex(R"(
  01 00 000000cd  0001 0000 'VMSDBD          ' 'DCMTK           '
  0000000000000000 0000000000000000 0000000000000000 0000000000000000
  10 00 0015 '1.2.840.10008.3.1.1.1'
  20 00 002e 01 00 ff 00
    30 00 0011 '1.2.840.10008.1.1'
    40 00 0011 '1.2.840.10008.1.2'
  50 00 003a
    51 00 0004 00004000
    52 00 001b '1.2.276.0.7230010.3.0.3.6.7'
    55 00 000f 'OFFIS_DCMTK_367')");

TEST(Codec, ReadsWhatAnotherImplementationWrites) {
  AssociateRq rq;
  rq.called = AeTitle::FromWire("VMSDBD");
  rq.calling = AeTitle::FromWire("DCMTK");
  rq.contexts = {{1, Uid("1.2.840.10008.1.1"), {Uid("1.2.840.10008.1.2")}}};
  rq.user.max_length = 16384;
  rq.user.implementation_class = Uid("1.2.276.0.7230010.3.0.3.6.7");
  rq.user.implementation_version = "OFFIS_DCMTK_367";
  EXPECT_EQ(Decoded1(kFromEchoscu), Pdu(rq));
  Buffer ours = kFromEchoscu;
  ours[6 + 68 + 25 + 6] = std::byte{0};  // a reserved byte that DCMTK sets
  EXPECT_EQ(Encode(rq), ours);
}

TEST(Codec, TitlesAreKeptByteByByteAndComparedTrimmed) {
  Buffer bytes = kFromEchoscu;
  std::ranges::copy(AsBytes("  VMSDBD        "), bytes.begin() + 10);
  auto rq = std::get<AssociateRq>(Decoded1(bytes));
  EXPECT_EQ(rq.called.title().view(), "VMSDBD");
  EXPECT_EQ(std::string_view(rq.called.wire.data(), 16), "  VMSDBD        ");
}

TEST(Codec, AcIsLaidOutAsTable9_17Says) {
  Buffer bytes = WithHeader(2, FixedPart() + Hex(R"(
      10 00 0015 '1.2.840.10008.3.1.1.1'
      21 00 0019 01 00 00 00  40 00 0011 '1.2.840.10008.1.2'
      21 00 0019 03 00 03 00  40 00 0011 '1.2.840.10008.1.2'
      21 00 0004 05 00 04 00
      50 00 0008  51 00 0004 00020000)"));
  AssociateAc ac;
  ac.called = AeTitle::FromWire("VMSDBD");
  ac.calling = AeTitle::FromWire("DCMTK");
  ac.contexts = {{1, ContextResult::kAcceptance, Uid("1.2.840.10008.1.2")},
                 {3, ContextResult::kAbstractSyntaxNotSupported, Uid("1.2.840.10008.1.2")},
                 {5, ContextResult::kTransferSyntaxesNotSupported, Uid()}};
  ac.user.max_length = 131072;
  EXPECT_EQ(Decoded1(bytes), Pdu(ac));
  EXPECT_EQ(Encode(ac), bytes);
}

TEST(Codec, SmallPdusAreLaidOutAsTheStandardSays) {
  const std::pair<Buffer, Pdu> kCases[] = {
      {Hex("03 00 00000004 00 01 01 07"), AssociateRj{1, 1, 7}},
      {Hex("03 00 00000004 00 02 03 02"), AssociateRj{2, 3, 2}},
      {Hex("05 00 00000004 00000000"), ReleaseRq{}},
      {Hex("06 00 00000004 00000000"), ReleaseRp{}},
      {Hex("07 00 00000004 0000 02 05"), Abort{2, 5}},
      {Hex("04 00 0000000b  00000003 01 03 'A'  00000000"), Abort{}},
  };
  for (const auto& [bytes, pdu] : std::span(kCases).first(5)) {
    EXPECT_EQ(Decoded1(bytes), pdu);
    EXPECT_EQ(Encode(pdu), bytes);
  }
  EXPECT_EQ(FaultOf(kCases[5].first).code, Errc::kMalformedPdu);  // a PDV of length 0
}

TEST(Codec, DataIsLaidOutAsAnnexESays) {
  Buffer bytes = Hex("04 00 00000011  00000005 01 03 'abc'  00000004 01 00 'de'");
  DataTf data{{{1, true, true, Hex("'abc'")}, {1, false, false, Hex("'de'")}}};
  EXPECT_EQ(Decoded1(bytes), Pdu(data));
  EXPECT_EQ(Encode(data), bytes);
}

TEST(UserInformationItems, AsyncWindow) {
  Buffer item = Hex("53 00 0004 0005 0000");
  EXPECT_EQ(UserOf(item).async_window, (AsyncWindow{5, 0}));
}
TEST(UserInformationItems, RoleSelection) {
  Buffer item = Hex("54 00 001d 0019 '1.2.840.10008.5.1.4.1.1.2' 00 01");
  EXPECT_EQ(UserOf(item).roles,
            (std::vector{RoleSelection{Uid("1.2.840.10008.5.1.4.1.1.2"), false, true}}));
}
TEST(UserInformationItems, ExtendedNegotiation) {
  Buffer item = Hex("56 00 0020 001b '1.2.840.10008.5.1.4.1.2.2.1' 01 00 01");
  EXPECT_EQ(
      UserOf(item).extended,
      (std::vector{ExtendedNegotiation{Uid("1.2.840.10008.5.1.4.1.2.2.1"), Hex("01 00 01")}}));
}
TEST(UserInformationItems, CommonExtendedNegotiationWithRelatedClasses) {
  Buffer item =
      Hex("57 00 0027 0003 '1.2' 0011 '1.2.840.10008.4.2' 000a 0003 '1.3' 0003 '1.4' 'xy'");
  item[3] = std::byte(item.size() - 4);
  EXPECT_EQ(UserOf(item).common_extended,
            (std::vector{CommonExtendedNegotiation{
                0, Uid("1.2"), Uid("1.2.840.10008.4.2"), {Uid("1.3"), Uid("1.4")}, Hex("'xy'")}}));
}
TEST(UserInformationItems, UserIdentityOfEveryType) {
  for (uint8_t type = 1; type <= 5; ++type) {
    Buffer item = Hex("58 00 000e 00 01 0004 'anna' 0004 'word'");
    item[4] = std::byte{type};
    EXPECT_EQ(UserOf(item).identity, (UserIdentityRq{type, true, Hex("'anna'"), Hex("'word'")}));
  }
}
TEST(UserInformationItems, UserIdentityResponse) {
  EXPECT_EQ(UserOf(Hex("59 00 0006 0004 'tick'")).identity_response,
            (UserIdentityAc{Hex("'tick'")}));
}

AssociateRq Everything() {
  AssociateRq rq;
  rq.protocol_version = 3;
  rq.called = AeTitle::FromWire("VMSDBD");
  rq.calling = AeTitle::FromWire("AUTOSEG");
  rq.reserved[5] = std::byte{7};
  for (int i = 0; i < 128; ++i)
    rq.contexts.push_back({static_cast<ContextId>(2 * i + 1),
                           Uid("1.2.840.10008.5.1.4.1.1.481." + std::to_string(i)),
                           {Uid("1.2.840.10008.1.2.1"), Uid("1.2.840.10008.1.2")}});
  rq.user.max_length = 0;
  rq.user.implementation_class = Uid("1.2.3");
  rq.user.implementation_version = "V";
  rq.user.async_window = AsyncWindow{0, 7};
  rq.user.roles = {{Uid("1.2.840"), true, true}, {Uid("1.2.841"), true, false}};
  rq.user.extended = {{Uid("1.5"), Hex("00 01 01")}, {Uid("1.6"), {}}};
  rq.user.common_extended = {{0, Uid("1.7"), Uid("1.8"), {Uid("1.9")}, {}},
                             {1, Uid("1.10"), Uid("1.11"), {}, Hex("ff")}};
  rq.user.identity = UserIdentityRq{2, true, Hex("'u'"), Hex("'p'")};
  rq.user.unknown = {{0x5F, Hex("01 02 03")}, {0x77, {}}, {0x5F, Hex("04")}};
  rq.unknown = {{0x99, Hex("'kept'")}, {0x01, Hex("00")}};
  return rq;
}

TEST(Codec, EveryItemSurvivesAndUnknownOnesKeepTheirOrder) {
  Pdu rq = Everything();
  EXPECT_EQ(Decoded1(Encode(rq)), rq);
  AssociateAc ac;
  ac.contexts = {{1, ContextResult::kAcceptance, Uid("1.2")},
                 {3, static_cast<ContextResult>(77), Uid("1.2")}};
  ac.user = Everything().user;
  ac.user.identity.reset();
  ac.user.identity_response = UserIdentityAc{Hex("'ok'")};
  ac.unknown = {{0x42, Hex("'x'")}};
  EXPECT_EQ(Decoded1(Encode(ac)), Pdu(ac));
}

TEST(Codec, EveryTruncationWaitsForMoreAndConsumesNothing) {
  Buffer whole = Encode(Everything());
  ASSERT_GT(whole.size(), 8000U);
  for (size_t length = 0; length < whole.size(); ++length) {
    // A copy of exactly that size, so that a sanitizer sees a byte read too much.
    Buffer cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    auto decoded = Decode(cut, kLimit);
    ASSERT_TRUE(decoded) << length << ": " << decoded.error().detail;
    ASSERT_FALSE(*decoded) << length;
  }
}

// The length field is made to fit what is left, so that the cut falls into an item.
TEST(Codec, ItemsCutOffByTheirPduAreMalformedOrEndExactlyThere) {
  Buffer whole = Encode(Everything());
  size_t sound = 0;
  for (size_t length = kPduHeader; length < whole.size(); ++length) {
    Buffer cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    StoreBe32(cut.data() + 2, static_cast<uint32_t>(length - kPduHeader));
    auto decoded = Decode(cut, kLimit);
    if (decoded) {
      ASSERT_TRUE(*decoded);
      ++sound;
    } else {
      ASSERT_EQ(decoded.error().code, Errc::kMalformedPdu);
    }
  }
  // Sound: after the fixed part, the application context, each of 128 contexts, the user
  // information and the first unknown item.
  EXPECT_EQ(sound, 1U + 1 + 128 + 1 + 1);
}

TEST(Codec, EverySingleByteMayBeWrongWithoutHarm) {
  Buffer whole = RqWithUser(Hex(R"(51 00 0004 00004000  53 00 0004 0001 0001
      54 00 0007 0003 '1.2' 01 01  56 00 0006 0003 '1.2' 01
      57 00 0012 0003 '1.2' 0003 '1.3' 0005 0003 '1.4' ff
      58 00 000c 02 01 0003 'abc' 0003 'def')"));
  ASSERT_TRUE(Decode(whole, kLimit));
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      Buffer changed = whole;
      changed[at] = std::byte(value);
      auto decoded = Decode(changed, kLimit);
      if (!decoded || !*decoded) continue;
      EXPECT_EQ(Decoded1(Encode((*decoded)->pdu)), (*decoded)->pdu) << at;
    }
  }
}

TEST(Codec, LengthOverTheLimitIsRefusedFromTheHeaderAlone) {
  Error fault = FaultOf(Hex("01 00 ffffffff"));
  EXPECT_EQ(fault.code, Errc::kPduTooLarge);
  EXPECT_EQ(FaultOf(Hex("04 00 00004001"), 16384).code, Errc::kPduTooLarge);
  auto at_limit = Decode(Hex("04 00 00004000"), 16384);
  ASSERT_TRUE(at_limit);
  EXPECT_FALSE(*at_limit);
}

TEST(Codec, WhatIsNoPduIsFoundInItsFirstByte) {
  EXPECT_EQ(FaultOf(Hex("'G'")).detail, "PDU type: 47H is none");
  EXPECT_EQ(FaultOf(Hex("00")).code, Errc::kMalformedPdu);
  EXPECT_EQ(FaultOf(Hex("08")).code, Errc::kMalformedPdu);
}

TEST(Codec, FixedLengthsAreInsistedOn) {
  for (const char* header :
       {"03 00 00000005", "05 00 00000000", "06 00 00000003", "07 00 00000008"})
    EXPECT_EQ(FaultOf(Hex(header)).code, Errc::kMalformedPdu) << header;
}

TEST(Codec, FaultsNameTheFieldAndThePeerToBlame) {
  auto faulty = Decode(RqWithUser(Hex("51 00 0003 000040")), kLimit, Blame::kUpstream);
  ASSERT_FALSE(faulty);
  EXPECT_EQ(faulty.error().detail, "A-ASSOCIATE-RQ, maximum length: 4 bytes announced, 3 left");
  EXPECT_EQ(faulty.error().blame, Blame::kUpstream);
}

TEST(Codec, ItemsOfWhichThereIsOneMayNotBeRepeated) {
  EXPECT_EQ(FaultOf(RqWithUser(Hex("51 00 0004 00000001 51 00 0004 00000002"))).detail,
            "A-ASSOCIATE-RQ, user information: sub-item 51H repeated");
  EXPECT_EQ(FaultOf(RqWithUser(Hex("58 00 0006 01 00 0000 0000 58 00 0006 01 00 0000 0000"))).code,
            Errc::kMalformedPdu);
  EXPECT_EQ(FaultOf(WithHeader(1, FixedPart() + Hex("50 00 0000 50 00 0000"))).code,
            Errc::kMalformedPdu);
}

TEST(Codec, FaultInAnIdentityDoesNotQuoteIt) {
  Error fault = FaultOf(RqWithUser(Hex("58 00 000e 02 01 0004 'anna' 0005 'pass'")));
  EXPECT_EQ(fault.detail, "A-ASSOCIATE-RQ, user identity: 5 bytes announced, 4 left");
}

TEST(Codec, ContextsMayLackWhatTheStandardDemandsAndAreThenForNegotiationToRefuse) {
  auto rq =
      std::get<AssociateRq>(Decoded1(WithHeader(1, FixedPart() + Hex("20 00 0004 02 00 00 00"))));
  EXPECT_EQ(rq.contexts, (std::vector{ProposedContext{2, Uid(), {}}}));
  EXPECT_TRUE(rq.application_context.empty());
}

}  // namespace
}  // namespace router::ul
