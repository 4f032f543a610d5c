// Plays tests/scenarios/*.txt. A scenario is a list of steps, separated by empty lines: what
// happens, a line of dashes, what is then done and the state after it. Lines that begin with # are
// comments. What happens:
//
//   association requestor|acceptor     the role, first of all
//   established max_pdu=N              an association up to Sta6; N is what we announced
//   transport-connected, associate-request, artim-expired, …   an event that is no PDU
//   receive A-ASSOCIATE-RQ …           a PDU, byte by byte through reader and codec;
//                                      version=N, source=N, reason=N change its fields
//   receive bytes 47 45 54             bytes
//
// What is done: "> PDU" is sent, "indicate …" goes to the user, ARTIM is started or stopped, the
// transport is closed.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "router/ul/negotiation.h"
#include "router/ul/pdu_codec.h"
#include "router/ul/pdv_reader.h"
#include "router/ul/reject_reasons.h"
#include "router/ul/state_machine.h"
#include "tests/unit/ul/hex.h"

namespace router::ul {
namespace {

using Lines = std::vector<std::string>;

const std::map<std::string, Event> kEvents = {
    {"associate-request", Event::kAssociateRequest},
    {"transport-connected", Event::kTransportConnected},
    {"transport-accepted", Event::kTransportAccepted},
    {"associate-accept", Event::kAssociateAccept},
    {"associate-reject", Event::kAssociateReject},
    {"data-request", Event::kDataRequest},
    {"release-request", Event::kReleaseRequest},
    {"release-response", Event::kReleaseResponse},
    {"abort-request", Event::kAbortRequest},
    {"transport-closed", Event::kTransportClosed},
    {"artim-expired", Event::kArtimExpired},
};

const std::map<PduType, Event> kPduEvents = {{PduType::kAssociateRq, Event::kAssociateRqPdu},
                                             {PduType::kAssociateAc, Event::kAssociateAcPdu},
                                             {PduType::kAssociateRj, Event::kAssociateRjPdu},
                                             {PduType::kDataTf, Event::kDataPdu},
                                             {PduType::kReleaseRq, Event::kReleaseRqPdu},
                                             {PduType::kReleaseRp, Event::kReleaseRpPdu},
                                             {PduType::kAbort, Event::kAbortPdu}};

AssociateRq SampleRequest() {
  return OriginateRequest(AeTitle::FromWire("DCMTK"), AeTitle::FromWire("VMSDBD"), 16384,
                          {{1, Uid("1.2.840.10008.1.1"), {Uid("1.2.840.10008.1.2")}}});
}
AssociateAc SampleAccept() {
  return TerminateAccept(SampleRequest(),
                         {.max_length = 16384,
                          .choose =
                              [](const ProposedContext& c) {
                                return ContextAnswer::Accept(c.transfer_syntaxes.front());
                              },
                          .roles = {},
                          .extended = {},
                          .identity_response = {}});
}
DataTf SampleData() { return {{{1, true, true, Hex("'a command'")}}}; }

// The number after "key=" in `words`, or `otherwise`.
uint16_t Number(const std::string& words, const std::string& key, uint16_t otherwise) {
  size_t at = words.find(key + "=");
  if (at == words.npos) return otherwise;
  return static_cast<uint16_t>(std::stoi(words.substr(at + key.size() + 1)));
}

Pdu PduNamed(const std::string& words) {
  std::string name = words.substr(0, words.find(' '));
  if (name == "A-ASSOCIATE-RQ") {
    AssociateRq rq = SampleRequest();
    rq.protocol_version = Number(words, "version", 1);
    return rq;
  }
  if (name == "A-ASSOCIATE-AC") return SampleAccept();
  if (name == "A-ASSOCIATE-RJ") return CalledTitleNotRecognized();
  if (name == "P-DATA-TF") return SampleData();
  if (name == "A-RELEASE-RQ") return ReleaseRq{};
  if (name == "A-RELEASE-RP") return ReleaseRp{};
  EXPECT_EQ(name, "A-ABORT");
  return Abort{static_cast<uint8_t>(Number(words, "source", 0)),
               static_cast<uint8_t>(Number(words, "reason", 0))};
}

// One end of an association as a scenario describes it: state machine, reader and codec.
class Player {
 public:
  Lines Play(const std::string& line) {
    done_.clear();
    std::istringstream in(line);
    std::string word, rest;
    in >> word;
    std::getline(in >> std::ws, rest);
    if (word == "association") {
      machine_ = StateMachine(rest == "acceptor" ? Role::kAcceptor : Role::kRequestor);
      reader_ = PdvReader();
    } else if (word == "established") {
      Establish(Number(rest, "max_pdu", 0));
    } else if (word == "receive") {
      Receive(rest.starts_with("bytes ") ? Hex(rest.substr(6)) : Encode(PduNamed(rest)));
    } else {
      auto event = kEvents.find(word);
      if (event == kEvents.end())
        done_.push_back("the scenario says what nobody understands: " + line);
      else
        Happened(event->second);
    }
    return done_;
  }
  std::string state() const { return std::string(NameOf(machine_.state())); }

 private:
  void Establish(uint16_t max_pdu) {
    using enum Event;
    reader_.SetMaxLength(max_pdu);
    bool acceptor = machine_.role() == Role::kAcceptor;
    for (Event e : acceptor ? std::vector{kTransportAccepted, kAssociateRqPdu, kAssociateAccept}
                            : std::vector{kAssociateRequest, kTransportConnected, kAssociateAcPdu})
      EXPECT_TRUE(machine_.On(e));
  }

  void Receive(const Buffer& bytes) {
    for (const std::byte& byte : bytes) {
      reader_.Feed(Bytes(&byte, 1));
      for (;;) {
        auto received = reader_.Next();
        if (!received) return Happened(Event::kInvalidPdu);
        if (received->kind == Received::Kind::kNeedMore) break;
        if (received->kind == Received::Kind::kPdu) {
          pdu_ = reader_.TakePdu();
          Happened(kPduEvents.at(TypeOf(pdu_)));
        } else if (received->ends_pdv) {
          Happened(Event::kDataPdu);
        }
      }
    }
  }

  void Happened(Event event) {
    objection_.reset();
    if (event == Event::kAssociateRqPdu) objection_ = ObjectionTo(std::get<AssociateRq>(pdu_));
    auto action = objection_ ? machine_.OnUnacceptableAssociateRq() : machine_.On(event);
    if (!action) {
      done_.push_back(action.error().detail);
      return;
    }
    Effects effects = EffectsOf(*action, !objection_);
    if (effects.artim == Effects::Artim::kStop) done_.emplace_back("stop ARTIM");
    Send(effects.send, *action, event);
    Issue(effects.issue, *action);
    if (effects.artim == Effects::Artim::kStart) done_.emplace_back("start ARTIM");
    if (effects.close_transport) done_.emplace_back("close");
  }

  void Send(Effects::Send send, Action action, Event event) {
    switch (send) {
      case Effects::Send::kNothing:
        return;
      case Effects::Send::kAssociateRq:
        return Sent(SampleRequest());
      case Effects::Send::kAssociateAc:
        return Sent(SampleAccept());
      case Effects::Send::kAssociateRj:
        return Sent(objection_ ? objection_->answer : CalledTitleNotRecognized());
      case Effects::Send::kData:
        return Sent(SampleData());
      case Effects::Send::kReleaseRq:
        return Sent(ReleaseRq{});
      case Effects::Send::kReleaseRp:
        return Sent(ReleaseRp{});
      case Effects::Send::kAbort:
        return Sent(AbortFor(action, event));
    }
  }

  // What the peer would make of the bytes.
  void Sent(const Pdu& pdu) {
    auto arrived = Decode(Encode(pdu), kMaxAssociationPdu);
    ASSERT_TRUE(arrived && *arrived);
    std::string line = "> " + std::string(NameOf(TypeOf((*arrived)->pdu)));
    if (const auto* rj = std::get_if<AssociateRj>(&(*arrived)->pdu)) line += " " + Describe(*rj);
    if (const auto* abort = std::get_if<Abort>(&(*arrived)->pdu)) line += " " + Describe(*abort);
    done_.push_back(line);
  }

  void Issue(Effects::Issue issue, Action action) {
    auto indicate = [&](const char* what) { done_.push_back(std::string("indicate ") + what); };
    switch (issue) {
      case Effects::Issue::kNothing:
        return;
      case Effects::Issue::kAssociateIndication:
        return indicate("A-ASSOCIATE");
      case Effects::Issue::kAssociateAccepted:
        return indicate("A-ASSOCIATE confirm (accepted)");
      case Effects::Issue::kAssociateRejected:
        return indicate("A-ASSOCIATE confirm (rejected)");
      case Effects::Issue::kDataIndication:
        return indicate("P-DATA");
      case Effects::Issue::kReleaseIndication:
        return indicate(action == Action::AR8 ? "A-RELEASE (collision)" : "A-RELEASE");
      case Effects::Issue::kReleaseConfirmation:
        return indicate("A-RELEASE confirm");
      case Effects::Issue::kAbortIndication:
        return indicate(std::get<Abort>(pdu_).source == 0 ? "A-ABORT" : "A-P-ABORT");
      case Effects::Issue::kProviderAbortIndication:
        return indicate("A-P-ABORT");
    }
  }

  StateMachine machine_{Role::kRequestor};
  PdvReader reader_;
  Pdu pdu_;
  std::optional<Objection> objection_;
  Lines done_;
};

struct Step {
  int line = 0;
  Lines happens, expected;
};

std::vector<Step> Parse(std::istream& in) {
  std::vector<Step> steps;
  bool open = false, answer = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("#")) continue;
    if (line.empty()) {
      open = false;
      continue;
    }
    if (!open) {
      steps.push_back({number, {}, {}});
      open = true;
      answer = false;
    }
    if (line == "----")
      answer = true;
    else
      (answer ? steps.back().expected : steps.back().happens).push_back(line);
  }
  return steps;
}

std::string Joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// "" if all went as `in` says, else the first step that did not.
std::string Difference(std::istream& in) {
  std::vector<Step> steps = Parse(in);
  if (steps.empty()) return "no step";
  Player player;
  for (const Step& step : steps) {
    Lines got;
    for (const std::string& line : step.happens)
      for (std::string& done : player.Play(line)) got.push_back(std::move(done));
    got.push_back(player.state());
    if (got != step.expected)
      return "line " + std::to_string(step.line) + ": expected\n" + Joined(step.expected) +
             "got\n" + Joined(got);
  }
  return {};
}

std::vector<std::string> ScenarioFiles() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/tests/scenarios"))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  std::ranges::sort(names);
  return names;
}

class Scenario : public testing::TestWithParam<std::string> {};
TEST_P(Scenario, GoesAsWritten) {
  std::ifstream in(SLUICE_SOURCE_DIR "/tests/scenarios/" + GetParam() + ".txt");
  ASSERT_TRUE(in);
  EXPECT_EQ(Difference(in), "");
}
INSTANTIATE_TEST_SUITE_P(Transcripts, Scenario, testing::ValuesIn(ScenarioFiles()),
                         [](const auto& it) { return it.param; });

TEST(ScenarioPlayer, NoticesADifference) {
  std::istringstream sound("association acceptor\nestablished\n----\nSta6\n"),
      wrong("association acceptor\nestablished\n----\nSta7\n"),
      unknown("association acceptor\nfrobnicate\n----\nSta1\n");
  EXPECT_EQ(Difference(sound), "");
  EXPECT_EQ(Difference(wrong), "line 1: expected\nSta7\ngot\nSta6\n");
  EXPECT_NE(Difference(unknown), "");
}

TEST(ScenarioPlayer, FindsItsScenarios) { EXPECT_GE(ScenarioFiles().size(), 12U); }

}  // namespace
}  // namespace router::ul
