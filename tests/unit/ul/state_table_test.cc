#include "router/ul/state_table.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "router/ul/reject_reasons.h"
#include "router/ul/state_machine.h"

namespace router::ul {
namespace {

constexpr int kEvents = 19, kStates = 13;

// Table 9-10 once more, read down its columns where the table in the code is read along its rows:
// for each state the events that can happen and what is then done.
const std::map<int, std::string> kColumns = {
    {1, "1:AE-1 5:AE-5"},
    {2, "3:AA-1 4:AA-1 6:AE-6 10:AA-1 12:AA-1 13:AA-1 16:AA-2 17:AA-5 18:AA-2 19:AA-1"},
    {3,
     "3:AA-8 4:AA-8 6:AA-8 7:AE-7 8:AE-8 10:AA-8 12:AA-8 13:AA-8 15:AA-1 16:AA-3 17:AA-4 "
     "19:AA-8"},
    {4, "2:AE-2 15:AA-2 17:AA-4"},
    {5, "3:AE-3 4:AE-4 6:AA-8 10:AA-8 12:AA-8 13:AA-8 15:AA-1 16:AA-3 17:AA-4 19:AA-8"},
    {6,
     "3:AA-8 4:AA-8 6:AA-8 9:DT-1 10:DT-2 11:AR-1 12:AR-2 13:AA-8 15:AA-1 16:AA-3 17:AA-4 "
     "19:AA-8"},
    {7, "3:AA-8 4:AA-8 6:AA-8 10:AR-6 12:AR-8 13:AR-3 15:AA-1 16:AA-3 17:AA-4 19:AA-8"},
    {8,
     "3:AA-8 4:AA-8 6:AA-8 9:AR-7 10:AA-8 12:AA-8 13:AA-8 14:AR-4 15:AA-1 16:AA-3 17:AA-4 "
     "19:AA-8"},
    {9, "3:AA-8 4:AA-8 6:AA-8 10:AA-8 12:AA-8 13:AA-8 14:AR-9 15:AA-1 16:AA-3 17:AA-4 19:AA-8"},
    {10, "3:AA-8 4:AA-8 6:AA-8 10:AA-8 12:AA-8 13:AR-10 15:AA-1 16:AA-3 17:AA-4 19:AA-8"},
    {11, "3:AA-8 4:AA-8 6:AA-8 10:AA-8 12:AA-8 13:AR-3 15:AA-1 16:AA-3 17:AA-4 19:AA-8"},
    {12, "3:AA-8 4:AA-8 6:AA-8 10:AA-8 12:AA-8 13:AA-8 14:AR-4 15:AA-1 16:AA-3 17:AA-4 19:AA-8"},
    {13, "3:AA-6 4:AA-6 6:AA-7 10:AA-6 12:AA-6 13:AA-6 16:AA-2 17:AR-5 18:AA-2 19:AA-7"},
};

// Where an action ends, for a requestor and an acceptable request (PS3.8 Tables 9-6 to 9-9).
const std::map<std::string, int> kNext = {
    {"AE-1", 4},  {"AE-2", 5}, {"AE-3", 6}, {"AE-4", 1}, {"AE-5", 2},  {"AE-6", 3},   {"AE-7", 6},
    {"AE-8", 13}, {"DT-1", 6}, {"DT-2", 6}, {"AR-1", 7}, {"AR-2", 8},  {"AR-3", 1},   {"AR-4", 13},
    {"AR-5", 1},  {"AR-6", 7}, {"AR-7", 8}, {"AR-8", 9}, {"AR-9", 11}, {"AR-10", 12}, {"AA-1", 13},
    {"AA-2", 1},  {"AA-3", 1}, {"AA-4", 1}, {"AA-5", 1}, {"AA-6", 13}, {"AA-7", 13},  {"AA-8", 13}};

std::map<int, std::string> Column(int state) {
  std::map<int, std::string> cells;
  std::istringstream in(kColumns.at(state));
  for (std::string cell; in >> cell;) {
    size_t colon = cell.find(':');
    cells[std::stoi(cell.substr(0, colon))] = cell.substr(colon + 1);
  }
  return cells;
}

// A machine that went to `state` by a way that the table allows.
StateMachine At(State state, Role role = Role::kRequestor) {
  using enum Event;
  const std::map<State, std::vector<Event>> requestor = {
      {State::kSta1, {}},
      {State::kSta2, {kTransportAccepted}},
      {State::kSta3, {kTransportAccepted, kAssociateRqPdu}},
      {State::kSta4, {kAssociateRequest}},
      {State::kSta5, {kAssociateRequest, kTransportConnected}},
      {State::kSta6, {kAssociateRequest, kTransportConnected, kAssociateAcPdu}},
      {State::kSta7, {kReleaseRequest}},
      {State::kSta8, {kReleaseRqPdu}},
      {State::kSta9, {kReleaseRequest, kReleaseRqPdu}},
      {State::kSta10, {kReleaseRequest, kReleaseRqPdu}},
      {State::kSta11, {kReleaseRequest, kReleaseRqPdu, kReleaseResponse}},
      {State::kSta12, {kReleaseRequest, kReleaseRqPdu, kReleaseRpPdu}},
      {State::kSta13, {kTransportAccepted, kInvalidPdu}},
  };
  if (state == State::kSta10 || state == State::kSta12) role = Role::kAcceptor;
  StateMachine machine(role);
  bool past_6 = state > State::kSta6 && state < State::kSta13;
  if (past_6) {
    for (Event e : requestor.at(State::kSta6)) EXPECT_TRUE(machine.On(e));
  }
  for (Event e : requestor.at(state)) EXPECT_TRUE(machine.On(e));
  EXPECT_EQ(machine.state(), state);
  return machine;
}

class EveryCell : public testing::TestWithParam<int> {};

TEST_P(EveryCell, DoesWhatTheStandardSaysAndBlankOnesMoveNothing) {
  auto state = static_cast<State>(GetParam());
  auto column = Column(GetParam());
  for (int number = 1; number <= kEvents; ++number) {
    auto event = static_cast<Event>(number);
    StateMachine machine = At(state);
    auto action = machine.On(event);
    auto expected = column.find(number);
    std::string where = "Evt" + std::to_string(number) + " in " + std::string(NameOf(state));
    if (expected == column.end()) {
      EXPECT_EQ(Lookup(state, event), Action::_) << where;
      ASSERT_FALSE(action) << where;
      EXPECT_EQ(action.error().code, Errc::kUnexpectedPdu) << where;
      EXPECT_EQ(action.error().blame, Blame::kInternal) << where;
      EXPECT_EQ(machine.state(), state) << where;
      continue;
    }
    ASSERT_TRUE(action) << where;
    EXPECT_EQ(NameOf(*action), expected->second) << where;
    EXPECT_EQ(static_cast<int>(machine.state()), kNext.at(expected->second)) << where;
  }
}
INSTANTIATE_TEST_SUITE_P(StateTable, EveryCell, testing::Range(1, kStates + 1));

TEST(StateTable, HasThe123CellsOfTable9_10) {
  int filled = 0;
  for (auto& row : kStateTable)
    for (Action a : row) filled += a != Action::_;
  EXPECT_EQ(filled, 123);
}

TEST(StateTable, SilentPeerIsAbandonedWhenArtimExpiresInSta2) {
  StateMachine machine = At(State::kSta2);
  ASSERT_EQ(machine.On(Event::kArtimExpired), Action::AA2);
  EXPECT_TRUE(EffectsOf(Action::AA2).close_transport);
  EXPECT_EQ(machine.state(), State::kSta1);
}

TEST(StateTable, AnyPduBeforeAssociateRqIsAborted) {
  for (Event e :
       {Event::kAssociateAcPdu, Event::kDataPdu, Event::kReleaseRqPdu, Event::kInvalidPdu})
    EXPECT_EQ(Lookup(State::kSta2, e), Action::AA1);
}

TEST(StateMachine, CollisionGoesAnotherWayForEachRole) {
  for (auto [role, state] :
       {std::pair{Role::kRequestor, State::kSta9}, std::pair{Role::kAcceptor, State::kSta10}}) {
    StateMachine machine = At(State::kSta7, role);
    EXPECT_EQ(machine.On(Event::kReleaseRqPdu), Action::AR8);
    EXPECT_EQ(machine.state(), state);
  }
}

TEST(StateMachine, RequestThatTheProviderRejectsLeadsToWaitingForTheClose) {
  StateMachine machine = At(State::kSta2);
  EXPECT_EQ(machine.OnUnacceptableAssociateRq(), Action::AE6);
  EXPECT_EQ(machine.state(), State::kSta13);
  EXPECT_EQ(EffectsOf(Action::AE6, false),
            (Effects{.send = Effects::Send::kAssociateRj, .artim = Effects::Artim::kStart}));
  EXPECT_EQ(EffectsOf(Action::AE6).issue, Effects::Issue::kAssociateIndication);
}

TEST(StateMachine, UnacceptableRequestElsewhereIsOnlyUnexpected) {
  StateMachine machine = At(State::kSta6);
  EXPECT_EQ(machine.OnUnacceptableAssociateRq(), Action::AA8);
  EXPECT_EQ(machine.state(), State::kSta13);
}

// Every way into Sta13 leaves a timer running, or the peer could keep the connection for ever.
TEST(Effects, WaitingForTheCloseIsAlwaysTimed) {
  for (int i = 1; i <= static_cast<int>(Action::AA8); ++i) {
    auto action = static_cast<Action>(i);
    if (NextState(action, Role::kAcceptor) != State::kSta13) continue;
    bool only_in_sta13 = action == Action::AA6 || action == Action::AA7;
    EXPECT_TRUE(only_in_sta13 || EffectsOf(action).artim == Effects::Artim::kStart)
        << NameOf(action);
  }
}

TEST(Effects, ClosingIsOnlyForThoseWhoHaveNotBeenClosed) {
  std::set<std::string> closing;
  for (int i = 1; i <= static_cast<int>(Action::AA8); ++i)
    if (EffectsOf(static_cast<Action>(i)).close_transport)
      closing.emplace(NameOf(static_cast<Action>(i)));
  EXPECT_EQ(closing, (std::set<std::string>{"AE-4", "AR-3", "AA-2", "AA-3"}));
}

TEST(Abort, NamesTheSourceThatTheActionDemands) {
  EXPECT_EQ(AbortFor(Action::AA1, Event::kInvalidPdu), (Abort{0, 0}));
  EXPECT_EQ(AbortFor(Action::AA8, Event::kInvalidPdu), (Abort{2, 1}));
  EXPECT_EQ(AbortFor(Action::AA7, Event::kAssociateRqPdu), (Abort{2, 2}));
}

TEST(Reasons, AreNamedForTheLog) {
  EXPECT_EQ(Describe(CallingTitleNotRecognized()),
            "permanent, service user: calling AE title not recognized (1/1/3)");
  EXPECT_EQ(Describe(CalledTitleNotRecognized()),
            "permanent, service user: called AE title not recognized (1/1/7)");
  EXPECT_EQ(Describe(TemporaryCongestion()),
            "transient, service provider (presentation): temporary congestion (2/3/1)");
  EXPECT_EQ(Describe(LocalLimitExceeded()),
            "transient, service provider (presentation): local limit exceeded (2/3/2)");
  EXPECT_EQ(Describe(ApplicationContextNotSupported()),
            "permanent, service user: application context name not supported (1/1/2)");
  EXPECT_EQ(Describe(ProtocolVersionNotSupported()),
            "permanent, service provider (ACSE): protocol version not supported (1/2/2)");
  EXPECT_EQ(Describe(AssociateRj{9, 9, 9}),
            "unknown result, unknown source: unknown reason (9/9/9)");
  EXPECT_EQ(Describe(UserAbort()), "service user");
  EXPECT_EQ(Describe(Abort{2, 6}), "service provider: invalid PDU parameter value (2/6)");
  EXPECT_EQ(Describe(Abort{1, 0}), "unknown source (1/0)");
}

TEST(Reasons, OnlyComplaintsAboutOurTitlesAreOurMisconfiguration) {
  EXPECT_TRUE(IsAboutTitles(CallingTitleNotRecognized()));
  EXPECT_TRUE(IsAboutTitles(CalledTitleNotRecognized()));
  EXPECT_FALSE(IsAboutTitles(ApplicationContextNotSupported()));
  EXPECT_FALSE(IsAboutTitles(AssociateRj{1, 2, 3}));
}

}  // namespace
}  // namespace router::ul
