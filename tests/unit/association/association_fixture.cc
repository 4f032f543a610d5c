#include "tests/unit/association/association_fixture.h"

#include <fmt/format.h>

#include "router/ul/negotiation.h"

namespace router::association {
namespace {

std::string_view NameOf(Errc code) {
  switch (code) {
    case Errc::kMalformedPdu:
      return "malformed PDU";
    case Errc::kPduTooLarge:
      return "PDU too large";
    case Errc::kUnexpectedPdu:
      return "unexpected PDU";
    case Errc::kMalformedDimse:
      return "malformed DIMSE";
    case Errc::kRejected:
      return "rejected";
    case Errc::kAborted:
      return "aborted";
    case Errc::kReleased:
      return "released";
    case Errc::kTimeout:
      return "timeout";
    case Errc::kStalled:
      return "stalled";
    case Errc::kConnect:
      return "no connection";
    case Errc::kClosed:
      return "closed";
    case Errc::kInterrupted:
      return "interrupted";
    case Errc::kRefused:
      return "refused";
    case Errc::kDisk:
      return "disk";
    case Errc::kLimit:
      return "limit";
    default:
      return "an error that none of these tests expects";
  }
}

std::string_view NameOf(Blame blame) {
  switch (blame) {
    case Blame::kDownstream:
      return "downstream";
    case Blame::kUpstream:
      return "upstream";
    case Blame::kInternal:
      break;
  }
  return "internal";
}

ul::AssociateAc AnswerTo(const ul::AssociateRq& rq, uint32_t max_length) {
  ul::TerminateTerms terms;
  terms.max_length = max_length;
  terms.choose = [](const ul::ProposedContext& context) {
    if (context.id == 5)
      return ul::ContextAnswer::Reject(ul::ContextResult::kAbstractSyntaxNotSupported);
    return ul::ContextAnswer::Accept(context.transfer_syntaxes.front());
  };
  return ul::TerminateAccept(rq, terms);
}

}  // namespace

std::string Text(const Error& error) {
  return fmt::format("{}, {}", NameOf(error.code), NameOf(error.blame));
}

std::vector<Proposal> Proposals() {
  return {{1, kVerification, {kImplicit}}, {3, kCtImage, {kImplicit}}, {5, kMrImage, {kImplicit}}};
}

std::vector<Answer> Answers() { return {{1, 0, kImplicit}, {3, 0, kImplicit}, {5, 3, kImplicit}}; }

std::string PeersRequest(uint32_t max_length) {
  Negotiation parts;
  parts.user = Item(0x51, Number(max_length, 4)) + Item(0x52, "'1.2.3.4'");
  return Request(Proposals(), parts);
}

std::string OurRequest(uint32_t max_length) {
  Negotiation parts;
  parts.called = "'VMSDBD          '";
  parts.calling = "'SLUICE          '";
  parts.user = OurUserInformation(max_length);
  return Request(Proposals(), parts);
}

// ---- bringing both ends together

Lines AssociationTest::Accepting(Lines transcript, Act act) {
  net::Pair pair = net::Connected(peer_receive_buffer_, our_send_buffer_);
  Run([](AssociationTest& test, net::Pair& ends, Lines& lines,
         Act& does) { return test.Accepted(ends, lines, does); },
      *this, pair, transcript, act);
  return std::exchange(lines_, {});
}

Task<> AssociationTest::Accepted(net::Pair& ends, Lines& transcript, Act& act) {
  Association association(net::Open(loop_, ends, timers_.write_stall), timers_, announced_);
  script_.emplace(loop_);
  script_->Watch([&] { return association.stream().bytes_read(); });
  Task<> ours = ActAndEnd(association, act);
  Task<> theirs = script_->Play(ends.peer, transcript);
  co_await net::Both(std::move(ours), std::move(theirs));
  script_.reset();
}

Task<> AssociationTest::ActAndEnd(Association& association, Act& act) {
  co_await act(association);
  co_await association.End();
}

Lines AssociationTest::Requesting(Lines transcript, Act act) {
  net::Socket listening = net::ListenOn(), peer;
  Run([](AssociationTest& test, net::Socket& at, net::Socket& accepted, Lines& lines,
         Act& does) { return test.Requested(at, accepted, lines, does); },
      *this, listening, peer, transcript, act);
  return std::exchange(lines_, {});
}

Task<> AssociationTest::Requested(net::Socket& listening, net::Socket& peer, Lines& transcript,
                                  Act& act) {
  script_.emplace(loop_);
  Task<> ours = RequestAndAct(net::PortOf(listening), act);
  Task<> theirs = script_->Answer(listening, peer, transcript);
  co_await net::Both(std::move(ours), std::move(theirs));
  script_.reset();
}

Task<> AssociationTest::RequestAndAct(uint16_t port, Act& act) {
  auto proposed = [](ul::ContextId id, std::string_view abstract_syntax) {
    return ul::ProposedContext{id, Uid(abstract_syntax), {Uid("1.2.840.10008.1.2")}};
  };
  ul::AssociateRq rq = ul::OriginateRequest(
      AeTitle::FromWire("SLUICE"), AeTitle::FromWire("VMSDBD"), announced_,
      {proposed(1, "1.2.840.10008.1.1"), proposed(3, "1.2.840.10008.5.1.4.1.1.2"),
       proposed(5, "1.2.840.10008.5.1.4.1.1.4")});
  Association::Endpoint endpoint{"127.0.0.1", port};
  auto got = co_await Association::Request(loop_, endpoint, std::move(rq), timers_, &rejection_);
  if (!Good("request", got)) co_return;
  Association& association = **got;
  association.SetSendLimit(association.answer().user.max_length.value_or(0), send_cap_);
  script_->Watch([&] { return association.stream().bytes_read(); });
  co_await ActAndEnd(association, act);
  script_->Watch({});
}

Lines AssociationTest::Established(ul::Role role, Lines transcript, Act act) {
  Negotiation answer;
  if (role == kRequestor) {
    answer.user = Item(0x51, Number(peer_max_length_, 4)) + Item(0x52, "'1.2.3.4'");
    transcript.insert(transcript.begin(),
                      {"< " + OurRequest(announced_), "> " + Acceptance(Answers(), answer)});
    return Requesting(std::move(transcript), std::move(act));
  }
  answer.user = OurUserInformation(announced_);
  transcript.insert(transcript.begin(),
                    {"> " + PeersRequest(peer_max_length_), "< " + Acceptance(Answers(), answer)});
  return Accepting(std::move(transcript), [this, &act](Association& association) {
    return AnswerAndAct(association, act);
  });
}

Task<> AssociationTest::AnswerAndAct(Association& association, const Act& act) {
  const bool accepted = co_await Answer(association);
  if (accepted) co_await act(association);
}

// ---- what our end may do

Task<bool> AssociationTest::Answer(Association& association) {
  auto rq = co_await association.ReceiveRequest();
  if (!Good("request", rq)) co_return false;
  association.SetSendLimit(rq->user.max_length.value_or(0), send_cap_);
  auto accepted = co_await association.Accept(AnswerTo(*rq, announced_));
  co_return Good("accept", accepted);
}

Task<> AssociationTest::Listen(Association& association) {
  std::string data;
  for (;;) {
    auto incoming = co_await association.Receive(silence_);
    if (!Good("receive", incoming)) co_return;
    if (incoming->kind == Incoming::Kind::kReleaseRequest) break;
    if (incoming->kind == Incoming::Kind::kCommand) {
      const dimse::CommandSet& command = association.command();
      EXPECT_EQ(association.command_context(), incoming->context);
      Say(fmt::format("{} {} on {}{}", dimse::NameOf(command.command()), command.message_id(),
                      incoming->context, incoming->last ? "" : ", a data set follows"));
      continue;
    }
    EXPECT_EQ(incoming->first, data.empty());
    if (data.empty()) data = "data ";
    data += net::Text(incoming->bytes);
    if (incoming->last) Say(std::exchange(data, {}));
  }
  Say("release asked for");
  auto confirmed = co_await association.ConfirmRelease();
  if (Good("confirm", confirmed)) Say("confirmed");
}

Task<> AssociationTest::Release(Association& association) {
  auto released = co_await association.Release();
  if (Good("release", released)) Say("released");
}

}  // namespace router::association
