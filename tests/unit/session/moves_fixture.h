#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/session/moves.h"

namespace router::session {

using config::MoveOriginator;
using std::chrono::seconds;
using ::testing::IsEmpty;
using Move = std::shared_ptr<OpenMove>;

inline const AeTitle kOne = AeTitle::FromWire("SLUICE1");
inline const AeTitle kTwo = AeTitle::FromWire("SLUICE2");
inline const AeTitle kCalling = AeTitle::FromWire("SLUICE");

class TurnedClock : public Clock {
 public:
  SteadyTime Now() const override { return now; }
  SteadyTime now{std::chrono::hours(1)};
};

class MovesTest : public ::testing::Test {
 protected:
  MoveRequest Request(std::string destination = "RTPACS") {
    MoveRequest request;
    request.upstream = "VMSDBD";
    request.upstream_title = AeTitle::FromWire("ARIADB");
    request.titles = {kOne};
    request.originator = originator_;
    request.settle = seconds(5);
    request.late = seconds(60);
    request.client = AeTitle::FromWire("DCMTK");
    request.calling = kCalling;
    request.destination = std::move(destination);
    request.loop = &loop_;
    request.on_change = [this] { ++changes_; };
    return request;
  }
  // One who waits: the request, and its place in the line.
  struct Waiting {
    Waiting(Moves& moves, MoveRequest asked) : request(std::move(asked)), ticket(moves, request) {}
    const MoveRequest request;
    Moves::Ticket ticket;
  };
  std::unique_ptr<Waiting> Wait(MoveRequest request, int* woken = nullptr) {
    request.on_change = [woken] {
      if (woken) ++*woken;
    };
    return std::make_unique<Waiting>(moves_, std::move(request));
  }
  Moves::Opened TryOpen(const std::unique_ptr<Waiting>& waiting) {
    return moves_.TryOpen(waiting->ticket);
  }
  // Opens one, with its C-MOVE-RQ sent under `message_id`.
  Move Open(MoveRequest request, uint16_t message_id) {
    Moves::Ticket ticket(moves_, request);
    auto opened = moves_.TryOpen(ticket);
    if (!opened.move) return nullptr;
    EXPECT_TRUE(moves_.AddMessageId(opened.move, message_id));
    return opened.move;
  }
  Move OpenFor(MoveScope scope, uint16_t message_id) {
    MoveRequest request = Request();
    request.scope = std::move(scope);
    return Open(std::move(request), message_id);
  }
  static Moves::Clues From(uint16_t message_id, const AeTitle& originator = kCalling) {
    Moves::Clues clues;
    clues.originator = originator;
    clues.originator_message_id = message_id;
    clues.instance = Uid("1.2.3");
    return clues;
  }
  static Moves::Clues Read(Uid study, Uid series, Uid instance) {
    Moves::Clues clues;
    clues.study = std::move(study);
    clues.series = std::move(series);
    clues.instance = std::move(instance);
    clues.head_read = true;
    return clues;
  }
  Moves::Attribution Attribute(const Moves::Clues& clues, const AeTitle& title = kOne) {
    return moves_.Attribute("VMSDBD", title, clues);
  }
  void Bring(const Move& move, SuboperationOutcome outcome) {
    moves_.Begin(move);
    moves_.End(move, outcome, Uid("1.2.3"));
  }
  void TearDown() override { loop_.RunUntilIdle(); }

  MoveOriginator originator_ = MoveOriginator::kYes;
  TurnedClock clock_;
  net::Loop loop_;
  int changes_ = 0;
  Moves moves_{clock_};
};

}  // namespace router::session
