// What is said about each answer, and above all what to do. The calls themselves are tried with
// real peers (tests/integration/trial_test.py).
#include "router/trial.h"

#include <gtest/gtest.h>

#include "router/config/load.h"
#include "router/titles.h"
#include "router/trial_advice.h"

namespace router {
namespace {

std::shared_ptr<const config::Config> Load(const std::string& applications) {
  auto loaded = config::LoadText("f",
                                 "ae_title: SLUICE\nlisten: [51402]\n"
                                 "store: {directory: /var/lib/sluice}\napplications:\n" +
                                     applications);
  EXPECT_TRUE(loaded.config) << ::testing::PrintToString(loaded.errors);
  return loaded.config;
}

Trial Called(const config::Application& application) {
  Trial trial;
  trial.application = application.name;
  trial.address = *application.address;
  trial.calling = *AeTitle::Parse("SLUICE");
  trial.called = application.ae_title;
  trial.our_address = "10.1.0.40";
  trial.our_port = 51402;
  trial.results.push_back({TrialStep::kTcp, TrialResult::Outcome::kPassed, "", ""});
  return trial;
}

class TrialOfPacs : public ::testing::Test {
 protected:
  std::string Line(TrialResult result) {
    Trial trial = Called(pacs_);
    trial.results.push_back(std::move(result));
    EXPECT_FALSE(trial.Passed());
    return AsLine(trial);
  }
  std::string Rejected(uint8_t result, uint8_t source, uint8_t reason) {
    Error error{Errc::kRejected, Blame::kUpstream, true, "association rejected"};
    return Line(
        NotAssociated(error, ul::AssociateRj{result, source, reason}, Called(pacs_), pacs_));
  }
  std::string Without(Errc code, std::string detail) {
    Error error{code, Blame::kUpstream, true, std::move(detail)};
    return Line(NotAssociated(error, std::nullopt, Called(pacs_), pacs_));
  }

  std::shared_ptr<const config::Config> config_ =
      Load("  RTPACS: {address: '10.1.0.20:104', max_associations: 9}\n");
  const config::Application& pacs_ = config_->applications[0];
  const std::string head_ = "RTPACS 10.1.0.20:104 tcp ok, ";
};

TEST_F(TrialOfPacs, WhoDoesNotKnowUsIsToldTheTitleAndTheAddressToAdd) {
  EXPECT_EQ(Rejected(1, 1, 3), head_ +
                                   "REJECTED: calling AE title not recognised -> ask its owner "
                                   "to add SLUICE, 10.1.0.40");
}

TEST_F(TrialOfPacs, WhoHasAnotherTitleMayMeanOursAllTheSame) {
  EXPECT_EQ(Rejected(1, 1, 7),
            head_ +
                "REJECTED: called AE title not recognised -> ask its owner whether RTPACS is its "
                "AE title (else write the right one as ae_title); if it is, have SLUICE, "
                "10.1.0.40 added");
}

TEST_F(TrialOfPacs, ARejectionThatGivesNoReasonMayBeOneOfTrust) {
  EXPECT_EQ(Rejected(1, 1, 1),
            head_ +
                "REJECTED: permanent, service user: no reason given (1/1/1) -> some answer so "
                "whom they do not trust: ask its owner to add SLUICE, 10.1.0.40; its log has "
                "the reason");
}

TEST_F(TrialOfPacs, WhatIsTransientIsNoMatterOfTrust) {
  EXPECT_EQ(Rejected(2, 3, 2),
            head_ +
                "REJECTED: transient, service provider (presentation): local limit exceeded "
                "(2/3/2) -> it is busy: try again; if it stays so, ask its owner how many "
                "associations it takes (max_associations is 9)");
}

TEST_F(TrialOfPacs, AnyOtherRejectionIsQuoted) {
  EXPECT_EQ(Rejected(1, 2, 2),
            head_ +
                "REJECTED: permanent, service provider (ACSE): protocol version not supported "
                "(1/2/2) -> ask its owner: its log has the reason");
}

TEST_F(TrialOfPacs, SilenceAnAbortAndAClosedConnectionAreToldApart) {
  EXPECT_EQ(Without(Errc::kTimeout, ""),
            head_ +
                "NO ANSWER to the association request within 30s -> it takes connections and "
                "says nothing: is it a DICOM application that listens there, without TLS? If "
                "so, ask its owner: it may hang");
  const std::string advice =
      " -> some do that to whom they do not trust: ask its owner to add SLUICE, 10.1.0.40; its log "
      "has the reason";
  EXPECT_EQ(Without(Errc::kAborted, "service user"), head_ + "ABORTED: service user" + advice);
  EXPECT_EQ(Without(Errc::kClosed, "the peer reset the connection"),
            head_ + "CLOSED: the peer reset the connection" + advice);
  EXPECT_EQ(
      Without(Errc::kMalformedPdu, "PDU type: 48H is none"),
      head_ +
          "NOT DICOM: PDU type: 48H is none -> another service listens there, or it demands TLS: "
          "correct the address");
}

TEST_F(TrialOfPacs, WhatFailsAfterTheAssociationIsNoMatterOfTrust) {
  EXPECT_EQ(Line(NotEchoed(0x0122)), head_ +
                                         "echo FAILED: status 0122H -> it trusts us, but cannot "
                                         "work: ask its owner, its log has the reason");
  EXPECT_EQ(Line(NotFound(0xA700)), head_ +
                                        "find FAILED: status A700H -> it answers, but no "
                                        "questions: ask its owner whether its database runs");
}

TEST_F(TrialOfPacs, WhoDoesNotKnowADestinationIsToldThePortAsWell) {
  EXPECT_EQ(Line(Moved(0xA801, Called(pacs_))),
            head_ +
                "move FAILED: it knows no destination SLUICE -> ask its owner to add SLUICE, "
                "10.1.0.40, port 51402");
}

// What it makes of a study that does not exist is its own affair.
TEST_F(TrialOfPacs, AFailureOfAMoveOfNothingTellsNothingOfTheDestination) {
  for (uint16_t status : {0xA701, 0xA702, 0xA900, 0xC001, 0xB000}) {
    Trial trial = Called(pacs_);
    trial.results.push_back(Moved(status, trial));
    EXPECT_TRUE(trial.Passed());
    EXPECT_NE(AsLine(trial).find("move unclear: status "), std::string::npos) << AsLine(trial);
  }
  Trial trial = Called(pacs_);
  trial.results.push_back(Moved(0x0000, trial));
  EXPECT_EQ(AsLine(trial), head_ + "move ok");
  EXPECT_EQ(Line(MoveNotOffered()).find(head_ + "move NOT ACCEPTED -> nothing can be moved"), 0u);
}

TEST(Trial, QueriesAreNeededOnlyWhereSluiceAsks) {
  auto config = Load(
      "  STORE: {address: '10.1.0.20:104'}\n"
      "  ARIA: {address: '10.1.0.21:104', profile: aria}\n"
      "  CONFIRMED: {address: '10.1.0.22:104', confirm: query}\n"
      "  COMPLETE: {address: '10.1.0.23:104', complete_moves: 1}\n"
      "  COMMITS: {address: '10.1.0.24:104', storage_commitment: existence}\n");
  for (const config::Application& application : config->applications) {
    Trial trial = Called(application);
    trial.results.push_back(FindNotOffered(application));
    EXPECT_EQ(trial.Passed(), application.name == "STORE") << AsLine(trial);
  }
}

TEST(Trial, SeveralTitlesAreNamedInTheirLines) {
  auto config = Load("  A: {address: '10.1.0.20:104'}\n");
  Trial trial = Called(config->applications[0]);
  trial.only_title = false;
  trial.results.push_back({TrialStep::kTrust, TrialResult::Outcome::kPassed, "", ""});
  EXPECT_EQ(AsLine(trial), "A 10.1.0.20:104 as SLUICE tcp ok, trust ok");
}

TEST(TitlesTowards, DoNotHaveThoseOfMovesWhereNobodySaidThatThereAreMoves) {
  auto config = Load(
      "  A: {address: '10.1.0.20:104', call_as: OTHER}\n"
      "  B: {address: '10.1.0.21:104', call_as: OTHER, profile: aria}\n");
  auto names = [&](size_t i) {
    std::string all;
    for (const TitleTowards& one : TitlesTowards(*config, config->applications[i]))
      all +=
          " " + one.title.str() + (one.calls ? " calls" : "") + (one.receives ? " receives" : "");
    return all;
  };
  EXPECT_EQ(names(0), " OTHER calls");
  EXPECT_EQ(names(1), " OTHER calls SLUICE receives");
}

}  // namespace
}  // namespace router
