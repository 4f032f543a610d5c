// What is suspicious but may be meant: warnings, with their places, that stop nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "router/config/load.h"

namespace router::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kGood =
    "ae_title: SLUICE\n"
    "listen: [{port: 51402}]\n"
    "store: {directory: /var/lib/sluice}\n";
const std::string kClients = "clients: [{ae_title: A, from: 10.1.0.1}]\n";

std::vector<std::string> Warnings(const std::string& text) {
  Loaded loaded = LoadText("f", kGood + text);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_TRUE(loaded.config);
  return loaded.warnings;
}

TEST(Warnings, NobodyToCallAndNobodyWhoMayCall) {
  EXPECT_THAT(Warnings(""), ElementsAre("f:1:1: no applications: there is nobody to call",
                                        "f:1:1: no clients: every caller is rejected"));
}

std::vector<std::string> Errors(const std::string& of_application) {
  return LoadText("f", kGood + "applications:\n  VMSDBD:\n    address: \"10.1.0.4:104\"\n" +
                           "    profile: aria\n" + of_application + kClients)
      .errors;
}

TEST(MachineNames, APlanIsNotChangedUnlessSomebodySaysThatHeMeansIt) {
  const std::string map =
      "    machines: [EDGE]\n    unknown_machine: map\n    machine_names: {OLD: EDGE}\n";
  EXPECT_THAT(Errors(map + "    clinical_edit: true\n"), IsEmpty());
  const std::string mean =
      "f:9:22: unknown_machine: map changes plans; add clinical_edit: true if "
      "that is what you want";
  EXPECT_THAT(Errors(map), ElementsAre(mean));
  EXPECT_THAT(Errors(map + "    clinical_edit: false\n"), ElementsAre(mean));
}

// What would be promised is the plan as it was changed.
TEST(MachineNames, APlanThatIsChangedIsNoOriginalToKeep) {
  EXPECT_THAT(Errors("    machines: [EDGE]\n    unknown_machine: map\n"
                     "    machine_names: {OLD: EDGE}\n    clinical_edit: true\n"
                     "    storage_commitment: retained\n"),
              ElementsAre("f:9:22: unknown_machine: map changes plans, so that no original of them "
                          "is kept: it does not go with storage_commitment: retained"));
}

TEST(MachineNames, AreThoseOfMachinesThatAreKnown) {
  EXPECT_THAT(Errors("    unknown_machine: map\n    clinical_edit: true\n"),
              ElementsAre("f:8:22: unknown_machine: map needs machine_names",
                          "f:8:22: unknown_machine: map needs machines: without them none is "
                          "unknown"));
  EXPECT_THAT(Errors("    machines: [EDGE]\n    unknown_machine: map\n    clinical_edit: true\n"
                     "    machine_names: {OLD: EGDE}\n"),
              ElementsAre("f:11:20: machine_names: EGDE is not one of machines"));
}

TEST(Warnings, AriaWithoutMachinesWarnsOnce) {
  EXPECT_THAT(Warnings("applications:\n"
                       "  VMSDBD: {address: \"10.1.0.4:104\", profile: aria}\n" +
                       kClients),
              ElementsAre("f:5:3: VMSDBD: no machines are listed, so plans for unknown machines "
                          "are not caught"));
}

TEST(Warnings, KeysThatNeedAriaAreNamedWithoutIt) {
  EXPECT_THAT(Warnings("applications:\n"
                       "  PACS:\n"
                       "    address: 10.1.0.4:104\n"
                       "    machines: [EDGE]\n"
                       "    hold: {at_most: 1d}\n" +
                       kClients),
              ElementsAre("f:7:15: machines has no effect without profile: aria",
                          "f:8:11: hold has no effect without profile: aria"));
}

TEST(Warnings, StorageCommitmentOfWhatIsOnlyObserved) {
  EXPECT_THAT(
      Warnings(
          "applications:\n"
          "  PACS: {address: \"10.1.0.4:104\", mode: observe, storage_commitment: existence}\n" +
          kClients),
      ElementsAre("f:5:70: storage_commitment has no effect with mode: observe: requests are "
                  "relayed"));
}

TEST(Warnings, AHoldThatWarnsTooLate) {
  EXPECT_THAT(Warnings("applications:\n"
                       "  VMSDBD:\n"
                       "    address: 10.1.0.4:104\n"
                       "    profile: aria\n"
                       "    machines: EDGE\n"
                       "    hold: {warn_after: 2h, at_most: 60m}\n" +
                       kClients),
              ElementsAre("f:9:11: hold: warn_after (2h) is not before at_most (1h), so nobody is "
                          "warned in time"));
}

TEST(Warnings, TitlesThatStandTwice) {
  EXPECT_THAT(Warnings("applications:\n"
                       "  A: {address: \"10.1.0.4:104\", also_called: [B, B]}\n" +
                       kClients),
              ElementsAre("f:5:49: \"B\" stands here twice"));
}

TEST(Warnings, AddressesThatAreNamesTellNobodyWhoCalls) {
  EXPECT_THAT(Warnings("applications:\n"
                       "  A: {address: \"pacs.clinic.local:104\"}\n"
                       "  B: {address: \"pacs.clinic.local:105\", from: 10.1.0.20}\n"
                       "  C: {address: \"localhost:106\"}\n" +
                       kClients),
              ElementsAre("f:5:16: A: the address is a name, by which its own calls to us cannot "
                          "be recognised; add from"));
}

TEST(Warnings, ClientsThatNeverMatch) {
  EXPECT_THAT(Warnings("applications: {B: {address: \"10.1.0.4:104\"}}\n"
                       "clients:\n"
                       "  - {ae_title: [DCMTK, DCMCTK], from: 10.1.0.0/24}\n"
                       "  - {ae_title: DCMTK, from: 10.1.0.7}\n"
                       "  - {ae_title: DCMTK, from: 10.1.1.7}\n"),
              ElementsAre("f:7:5: this client never matches: the one in line 6 takes its calls"));
}

TEST(Warnings, ClientsOfAMoveGiveUpBeforeTheyHear) {
  EXPECT_THAT(
      Warnings("applications:\n"
               "  B: {address: \"10.1.0.4:104\", pending_interval: 30s, answer_within: 10m}\n" +
               kClients),
      ElementsAre("f:5:50: pending_interval: clients give up a C-MOVE after 30s without a "
                  "response",
                  "f:5:70: answer_within is not below timeouts.move_response (10m)"));
}

TEST(Warnings, AnApiForOtherMachinesNeedsAToken) {
  const std::string rest = "applications: {B: {address: \"10.1.0.4:104\"}}\n" + kClients;
  EXPECT_THAT(Warnings("admin: {listen: \"0.0.0.0:8780\"}\n" + rest),
              ElementsAre("f:4:17: admin: without a token nothing is answered to other machines; "
                          "add token_file"));
  EXPECT_THAT(Warnings("admin: {listen: \"0.0.0.0:8780\", token: secret}\n" + rest), IsEmpty());
  EXPECT_THAT(Warnings("admin: {listen: \"127.0.0.1:8780\"}\n" + rest), IsEmpty());
}

// An archive is often both: where C-MOVEs go and who asks for them.
TEST(Warnings, AnApplicationMayBeAClientUnderTheSameTitle) {
  EXPECT_THAT(Warnings("applications: {PACS: {address: \"10.1.0.4:104\"}}\n"
                       "clients: [{ae_title: PACS, from: 10.1.0.4}]\n"),
              IsEmpty());
}

// A router beside the archive on one machine, or PACS and VMSDBD on one: ports differ.
TEST(Warnings, ApplicationsOnOurOwnMachineAreNoLoop) {
  EXPECT_THAT(Warnings("applications:\n"
                       "  A: {address: \"127.0.0.1:104\"}\n"
                       "  B: {address: \"10.1.0.4:51402\"}\n" +
                       kClients),
              IsEmpty());
}

TEST(Warnings, FreePortsAreInNobodysWay) {
  Loaded loaded = LoadText("f",
                           "ae_title: SLUICE\n"
                           "listen: [0, 0]\n"
                           "store: {directory: /d}\n"
                           "applications: {B: {address: \"127.0.0.1:104\"}}\n"
                           "admin: {listen: \"127.0.0.1:0\"}\n"
                           "metrics: {listen: \"127.0.0.1:0\"}\n" +
                               kClients);
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
}

}  // namespace
}  // namespace router::config
