#include "router/dimse/command_set.h"

#include <gtest/gtest.h>

#include "router/dimse/messages.h"
#include "tests/unit/ul/hex.h"

namespace router::dimse {
namespace {

CommandSet Sound(const Buffer& bytes) {
  auto decoded = CommandSet::Decode(bytes);
  if (!decoded) {
    ADD_FAILURE() << decoded.error().detail;
    return CommandSet(Command::kCEchoRq);
  }
  return *decoded;
}
std::string FaultOf(const Buffer& bytes) {
  auto decoded = CommandSet::Decode(bytes, Blame::kUpstream);
  if (decoded) return "none";
  EXPECT_EQ(decoded.error().code, Errc::kMalformedDimse);
  EXPECT_EQ(decoded.error().blame, Blame::kUpstream);
  return decoded.error().detail;
}

// PS3.7 Table 9.3-12, laid out by PS3.7 6.3.1.
const Buffer kEcho = Hex(R"(
  0000 0000 04000000 38000000
  0000 0200 12000000 '1.2.840.10008.1.1' 00
  0000 0001 02000000 3000
  0000 1001 02000000 0700
  0000 0008 02000000 0101)");

TEST(CommandSet, IsLaidOutAsTheStandardSays) {
  CommandSet echo = Sound(kEcho);
  EXPECT_EQ(echo.command(), Command::kCEchoRq);
  EXPECT_EQ(echo.message_id(), 7);
  EXPECT_EQ(echo.affected_sop_class().view(), "1.2.840.10008.1.1");
  EXPECT_FALSE(echo.HasDataSet());
  EXPECT_EQ(echo.Encode(), kEcho);
  EXPECT_EQ(CEchoRq(7).Encode(), kEcho);
}

TEST(CommandSet, MoveRequestIsLaidOutAsTheStandardSays) {
  CommandSet move = CMoveRq(0x0102, Uid("1.2.840.10008.5.1.4.1.2.2.2"), AeTitle::FromWire("VMSFD"));
  EXPECT_EQ(move.Encode(), Hex(R"(
      0000 0000 04000000 5a000000
      0000 0200 1c000000 '1.2.840.10008.5.1.4.1.2.2.2' 00
      0000 0001 02000000 2100
      0000 1001 02000000 0201
      0000 0006 06000000 'VMSFD '
      0000 0007 02000000 0000
      0000 0008 02000000 0100)"));
}

TEST(CommandSet, RetiredAndUnknownElementsSurvive) {
  Buffer bytes = Hex(R"(
      0000 1000 06000000 'old id'
      0000 0001 02000000 3000  0000 1001 02000000 0700
      0000 0002 04000000 'init'
      0000 0008 02000000 0101
      0000 ff7f 04000000 deadbeef)");
  CommandSet set = Sound(bytes);
  set.SetMessageId(9);
  CommandSet again = Sound(set.Encode());
  EXPECT_EQ(again, set);
  EXPECT_EQ(AsText(*again.Find(0x0010)), "old id");
  EXPECT_EQ(AsText(*again.Find(0x0200)), "init");
  EXPECT_EQ(again.Find(0x7FFF)->size(), 4U);
  EXPECT_EQ(again.message_id(), 9);
}

TEST(CommandSet, WrongGroupLengthAndOrderAreMendedNotMinded) {
  CommandSet set = Sound(Hex(R"(
      0000 0008 02000000 0101  0000 1001 02000000 0700  0000 0001 02000000 3000
      0000 0000 04000000 ffffffff)"));
  EXPECT_EQ(set.Encode(), Hex(R"(
      0000 0000 04000000 1e000000
      0000 0001 02000000 3000  0000 1001 02000000 0700  0000 0008 02000000 0101)"));
}

TEST(CommandSet, OddValuesArePaddedAsTheirKindDemands) {
  CommandSet set(Command::kCMoveRq);
  set.SetAffectedSopClass(Uid("1.2"));
  set.SetMoveDestination(AeTitle::FromWire("ABC"));
  EXPECT_EQ(set.Find(element::kAffectedSopClass)->back(), std::byte{0});
  EXPECT_EQ(set.Find(element::kMoveDestination)->back(), std::byte{' '});
  EXPECT_EQ(set.affected_sop_class().view(), "1.2");
  EXPECT_EQ(set.move_destination().view(), "ABC");
}

// Orthanc's final C-GET-RSP carries the Failed SOP Instance UID List here.
TEST(CommandSet, ElementsOfOtherGroupsAreKept) {
  const std::string kSet =
                        "0000 0001 02000000 3000  0000 1001 02000000 0700  "
                        "0000 0008 02000000 0101",
                    kOthers = "0800 0000 04000000 0c000000  0800 5800 04000000 '1.2' 00";
  auto set = CommandSet::Decode(Hex(kSet + kOthers));
  ASSERT_TRUE(set) << set.error().detail;
  EXPECT_EQ(set->Encode(), Hex("0000 0000 04000000 1e000000" + kSet + kOthers));
}

TEST(CommandSet, FaultsAreNamed) {
  const std::string kId = "0000 1001 02000000 0700", kField = "0000 0001 02000000 3000",
                    kType = "0000 0008 02000000 0101";
  EXPECT_EQ(FaultOf(Hex(kField + kType + kId)), "none");
  EXPECT_EQ(FaultOf({}), "command set: without (0000,0100)");
  EXPECT_EQ(FaultOf(Hex(kField + kId)), "command set: without (0000,0800)");
  EXPECT_EQ(FaultOf(Hex(kField + kType)), "command set: without (0000,0110)");
  EXPECT_EQ(FaultOf(Hex(kField + kType + kId + "00")),
            "command set: 1 bytes after the last element");
  EXPECT_EQ(FaultOf(Hex(kField + kType + kId + "0800 1800 03000000 3000")),
            "command set: (0008,0018) has 3 bytes, 2 are left");
  EXPECT_EQ(FaultOf(Hex(kField + kType + kId + kId)), "command set: (0000,0110) twice");
  EXPECT_EQ(FaultOf(Hex(kField + kType + kId + "0000 0010 ffffffff 00")),
            "command set: (0000,1000) has 4294967295 bytes, 1 are left");
  EXPECT_EQ(FaultOf(Hex("0000 0001 04000000 30000000" + kType + kId)),
            "command set: (0000,0100) has 4 bytes instead of 2");
}

TEST(CommandSet, ResponsesAndCancelsNeedWhatTheyAnswer) {
  const std::string kType = "0000 0008 02000000 0101", kStatus = "0000 0009 02000000 0000",
                    kTo = "0000 2001 02000000 0700", kStoreRsp = "0000 0001 02000000 0180",
                    kCancel = "0000 0001 02000000 ff0f";
  EXPECT_EQ(FaultOf(Hex(kStoreRsp + kType + kStatus + kTo)), "none");
  EXPECT_EQ(FaultOf(Hex(kStoreRsp + kType + kTo)), "command set: without (0000,0900)");
  EXPECT_EQ(FaultOf(Hex(kStoreRsp + kType + kStatus)), "command set: without (0000,0120)");
  EXPECT_EQ(FaultOf(Hex(kCancel + kType + kTo)), "none");
  EXPECT_EQ(FaultOf(Hex(kCancel + kType)), "command set: without (0000,0120)");
}

TEST(CommandSet, EveryTruncationOfARequestIsAFaultOrAnotherSoundSet) {
  Buffer whole = CStoreRq(1, Uid("1.2.840.10008.5.1.4.1.1.2"), Uid("1.2.3.4"), Priority::kHigh,
                          MoveOriginator{AeTitle::FromWire("DCMTK"), 5})
                     .Encode();
  int sound = 0;
  for (size_t length = 0; length < whole.size(); ++length) {
    Buffer cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length));
    if (CommandSet::Decode(cut)) ++sound;
  }
  EXPECT_EQ(sound, 3);  // after (0000,0800), (0000,1000) and (0000,1030)
}

TEST(CommandSet, AnyValueButOneOfDataSetTypeMeansThereIsOne) {
  CommandSet set(Command::kCFindRq, true);
  EXPECT_TRUE(set.HasDataSet());
  set.SetUs(element::kDataSetType, 0x0102);
  set.SetHasDataSet(true);
  EXPECT_EQ(set.FindUs(element::kDataSetType), 0x0102) << "what a client wrote stays";
  set.SetHasDataSet(false);
  EXPECT_EQ(set.FindUs(element::kDataSetType), 0x0101);
  set.SetHasDataSet(true);
  EXPECT_TRUE(set.HasDataSet());
}

TEST(CommandSet, SuboperationsCanBeTakenAway) {
  CommandSet set(Command::kCMoveRsp);
  set.SetSuboperations({.remaining = 3, .completed = 2, .failed = 1, .warning = 0});
  EXPECT_EQ(
      Sound((set.SetStatus(0xFF00), set.SetMessageIdRespondedTo(1), set.Encode())).suboperations(),
      (Suboperations{3, 2, 1, 0}));
  set.SetSuboperations({.remaining = {}, .completed = 5, .failed = 0, .warning = 0});
  EXPECT_FALSE(set.Find(element::kRemaining));
  EXPECT_EQ(set.FindUs(element::kCompleted), 5);
}

TEST(CommandSet, ErrorCommentIsMadeFit) {
  CommandSet set(Command::kCStoreRsp);
  set.SetErrorComment("back\\slash and\nline " + std::string(100, 'x'));
  std::string_view comment = set.error_comment();
  EXPECT_EQ(comment.size(), 64U);
  EXPECT_EQ(comment.find_first_of("\\\n"), comment.npos);
  set.SetErrorComment("");
  EXPECT_FALSE(set.Find(element::kErrorComment));
  EXPECT_EQ(set.error_comment(), "");
}

TEST(CommandSet, MoveOriginatorIsRewritten) {
  CommandSet set = CStoreRq(1, Uid("1.2"), Uid("1.3"), Priority::kMedium,
                            MoveOriginator{AeTitle::FromWire("SLUICE"), 77});
  set.SetMoveOriginator(AeTitle::FromWire("DCMTK"), 5);
  CommandSet again = Sound(set.Encode());
  EXPECT_EQ(again.move_originator().view(), "DCMTK");
  EXPECT_EQ(again.move_originator_message_id(), 5);
}

TEST(Messages, ResponseNamesWhatTheRequestNamed) {
  CommandSet request = CStoreRq(4711, Uid("1.2.840.10008.5.1.4.1.1.2"), Uid("1.2.3"));
  EXPECT_TRUE(request.HasDataSet());
  CommandSet response = Sound(CStoreRsp(request, status::kOutOfResources, "full").Encode());
  EXPECT_EQ(response.command(), Command::kCStoreRsp);
  EXPECT_EQ(response.message_id_responded_to(), 4711);
  EXPECT_FALSE(response.Find(element::kMessageId));
  EXPECT_EQ(response.status(), 0xA700);
  EXPECT_EQ(response.sop_class(), request.sop_class());
  EXPECT_EQ(response.sop_instance().view(), "1.2.3");
  EXPECT_EQ(response.error_comment(), "full");
  EXPECT_FALSE(response.HasDataSet());
}

TEST(Messages, ResponseToAnNServiceAnswersAffectedWhereTheRequestSaidRequested) {
  CommandSet action(Command::kNActionRq, true);
  action.SetMessageId(3);
  action.SetRequestedSopClass(Uid("1.2.840.10008.1.20.1"));
  action.SetRequestedSopInstance(Uid("1.2.840.10008.1.20.1.1"));
  action.SetUs(element::kActionType, 1);
  CommandSet response = Response(action, status::kSuccess);
  EXPECT_EQ(response.command(), Command::kNActionRsp);
  EXPECT_EQ(response.affected_sop_class().view(), "1.2.840.10008.1.20.1");
  EXPECT_EQ(response.affected_sop_instance().view(), "1.2.840.10008.1.20.1.1");
  EXPECT_EQ(response.FindUs(element::kActionType), 1);
  EXPECT_FALSE(response.Find(element::kRequestedSopClass));
}

TEST(Messages, UnknownRequestCanStillBeAnswered) {
  CommandSet odd =
      Sound(Hex("0000 0001 02000000 9909  0000 1001 02000000 0700  0000 0008 02000000 0101"));
  EXPECT_FALSE(IsKnown(odd.command()));
  CommandSet response = Sound(Response(odd, status::kUnrecognizedOperation).Encode());
  EXPECT_EQ(static_cast<uint16_t>(response.command()), 0x8999);
  EXPECT_EQ(response.status(), 0x0211);
}

TEST(Messages, QueriesAndRetrievesSayWhatFollows) {
  Uid find("1.2.840.10008.5.1.4.1.2.2.1"), move("1.2.840.10008.5.1.4.1.2.2.2"),
      get("1.2.840.10008.5.1.4.1.2.2.3");
  EXPECT_TRUE(CFindRq(1, find).HasDataSet());
  EXPECT_TRUE(CFindRsp(CFindRq(1, find), status::kPending, true).HasDataSet());
  EXPECT_FALSE(CFindRsp(CFindRq(1, find), status::kSuccess, false).HasDataSet());
  EXPECT_EQ(CGetRq(2, get, Priority::kHigh).priority(), 1);
  Suboperations counts{.remaining = {}, .completed = 3, .failed = 1, .warning = 0};
  CommandSet final_response = CMoveRsp(CMoveRq(9, move, AeTitle::FromWire("PACS")),
                                       status::kSuboperationsFailed, counts, true);
  EXPECT_EQ(final_response.suboperations(), counts);
  EXPECT_TRUE(final_response.HasDataSet());
  EXPECT_EQ(CGetRsp(CGetRq(2, get), status::kSuccess, counts).command(), Command::kCGetRsp);
  EXPECT_EQ(CCancelRq(9).message_id_responded_to(), 9);
  EXPECT_EQ(Sound(CCancelRq(9).Encode()).command(), Command::kCCancelRq);
}

TEST(Commands, HaveTheStandardsNames) {
  EXPECT_EQ(NameOf(Command::kCStoreRq), "C-STORE-RQ");
  EXPECT_EQ(NameOf(Command::kNEventReportRsp), "N-EVENT-REPORT-RSP");
  EXPECT_EQ(ServiceOf(Command::kCMoveRsp), "C-MOVE");
  EXPECT_EQ(ServiceOf(Command::kCCancelRq), "C-CANCEL");
  EXPECT_EQ(NameOf(static_cast<Command>(0x8FFF)), "unknown");
  EXPECT_EQ(NameOf(static_cast<Command>(0x0999)), "unknown");
  EXPECT_EQ(ResponseTo(Command::kCFindRq), Command::kCFindRsp);
  EXPECT_EQ(RequestOf(Command::kCFindRsp), Command::kCFindRq);
  EXPECT_TRUE(IsResponse(Command::kCEchoRsp));
  EXPECT_TRUE(IsRequest(Command::kCCancelRq));
}

}  // namespace
}  // namespace router::dimse
