// What a reload takes over and what it refuses, for every key that exists: a key that is added to
// the schema has to be added here, with the answer.
#include "router/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "router/config/load.h"
#include "router/session/rule_world.h"

namespace router {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// In deploy/sluice.full.yaml, which has every key, `old` (where it first stands) becomes `fresh`.
struct Change {
  const char *key, *old, *fresh;
  const char* needs_restart = "";  // what is said; empty: it is taken over
};

constexpr Change kChanges[] = {
    {"ae_title", "ae_title: SLUICE\n", "ae_title: SLUICE9\n"},
    {"listen.port", "port: 51402", "port: 51403",
     "listen (from :51402 10.1.0.3:104 [fd00::3]:104 to :51403 10.1.0.3:104 [fd00::3]:104)"},
    {"listen.address", "address: 10.1.0.3 ", "address: 10.1.0.2 ",
     "listen (from :51402 10.1.0.3:104 [fd00::3]:104 to :51402 10.1.0.2:104 [fd00::3]:104)"},
    {"store.directory", "/var/lib/sluice", "/srv/sluice",
     "store: directory (from /var/lib/sluice to /srv/sluice)"},
    {"store.free_floor", "free_floor: 1GiB", "free_floor: 2GiB",
     "store: free_floor (from 1073741824 to 2147483648)"},
    {"loops", "loops: 0", "loops: 2", "loops (from 0 to 2)"},
    {"admin.listen", "listen: 127.0.0.1:8780", "listen: 127.0.0.1:8781",
     "admin: listen (from 127.0.0.1:8780 to 127.0.0.1:8781)"},
    {"admin.token", "token: change-me", "token: changed", "admin: token or token_file"},
    {"admin.token_file", "token: change-me", "token_file: TOKEN_FILE",
     "admin: token or token_file"},
    {"metrics.listen", "0.0.0.0:9464", "0.0.0.0:9465",
     "metrics: listen (from 0.0.0.0:9464 to 0.0.0.0:9465)"},
    {"log.level", "level: info", "level: debug", "log: level (from info to debug)"},
    {"log.form", "form: text", "form: json", "log: form (from text to json)"},
    {"limits.max_pdu", "max_pdu: 128KiB", "max_pdu: 64KiB"},
    {"limits.buffers", "buffers: 256MiB", "buffers: 128MiB"},
    {"limits.associations", "associations: 1000", "associations: 999"},
    {"limits.associations_per_address", "per_address: 200", "per_address: 199"},
    {"limits.artim", "artim: 30s", "artim: 29s"},
    {"limits.client_idle", "client_idle: 10m", "client_idle: 9m"},
    {"limits.write_stall",
     "10m                     # default; an association without a message is "
     "aborted\n  write_stall: 1m",
     "10m\n  write_stall: 59s"},
    {"limits.drain", "drain: 1m", "drain: 59s"},

    {"applications.NAME.ae_title", "ae_title: VMSDBD ", "ae_title: VMSDBD9 "},
    {"applications.NAME.also_called", "[VMSSDBD, VMSDBD1]", "[VMSSDBD]"},
    {"applications.NAME.address", "address: 10.1.0.4:51402", "address: 10.1.0.4:51499"},
    {"applications.NAME.from", "from: 10.1.0.4 ", "from: 10.1.0.5 "},
    {"applications.NAME.profile", "profile: aria", "profile: none",
     "applications: VMSDBD: profile (from aria to none)"},
    {"applications.NAME.mode", "mode: enforce", "mode: observe",
     "applications: VMSDBD: mode (from enforce to observe)"},
    {"applications.NAME.machines", "[TrueBeam1, EDGE]", "[TrueBeam1]"},
    {"applications.NAME.unknown_machine", "machine: quarantine", "machine: refuse"},
    {"applications.NAME.machine_names", "#: machine_names", "machine_names"},
    {"applications.NAME.clinical_edit", "clinical_edit: false", "clinical_edit: true"},
    {"applications.NAME.patient_check", "patient_check: warn", "patient_check: quarantine"},
    {"applications.NAME.on_conflict", "on_conflict: keep", "on_conflict: replace"},
    {"applications.NAME.hold.warn_after", "warn_after: 30m", "warn_after: 29m"},
    {"applications.NAME.hold.at_most", "at_most: 7d", "at_most: 6d"},
    {"applications.NAME.hold.then", "then: quarantine", "then: send"},
    {"applications.NAME.requirements.structure_set_images", "structure_set_images: required",
     "structure_set_images: noted"},
    {"applications.NAME.requirements.plan_structure_set", "plan_structure_set: required",
     "plan_structure_set: noted"},
    {"applications.NAME.requirements.dose_plan", "dose_plan: required", "dose_plan: noted"},
    {"applications.NAME.requirements.dose_structure_set", "dose_structure_set: required",
     "dose_structure_set: noted"},
    {"applications.NAME.requirements.record_plan", "record_plan: required", "record_plan: noted"},
    {"applications.NAME.requirements.registration_images", "registration_images: required",
     "registration_images: noted"},
    {"applications.NAME.requirements.match_images", "match_images: instance",
     "match_images: series"},
    {"applications.NAME.requirements.match_structure_sets", "match_structure_sets: instance",
     "match_structure_sets: study"},
    {"applications.NAME.requirements.no_images", "no_images: release", "no_images: quarantine"},
    {"applications.NAME.confirm", "confirm: query", "confirm: status"},
    {"applications.NAME.existence.first", "first: 5s", "first: 4s"},
    {"applications.NAME.existence.most", "most: 5m", "most: 4m"},
    {"applications.NAME.existence.lifetime", "lifetime: 1d", "lifetime: 2d"},
    {"applications.NAME.existence.per_second", "per_second: 10", "per_second: 9"},
    {"applications.NAME.decide_within", "decide_within: 2s", "decide_within: 1s"},
    {"applications.NAME.verify_for", "verify_for: 1m", "verify_for: 59s"},
    {"applications.NAME.quiet_for", "quiet_for: 10m", "quiet_for: 9m"},
    {"applications.NAME.max_associations", "max_associations: 8", "max_associations: 7",
     "applications: VMSDBD: max_associations (from 8 to 7)"},
    {"applications.NAME.wait_for", "wait_for: 10s", "wait_for: 9s"},
    {"applications.NAME.capabilities_for", "capabilities_for: 1h", "capabilities_for: 2h"},
    {"applications.NAME.call_as", "call_as: SLUICE ", "call_as: SLUICE8 "},
    {"applications.NAME.moves", "moves: carry", "moves: forward"},
    {"applications.NAME.move_to", "[RTPACS, VMSFD-OUT]", "[RTPACS]"},
    {"applications.NAME.move_as", "[SLUICE1, SLUICE2]", "[SLUICE1]"},
    {"applications.NAME.move_originator", "move_originator: learn", "move_originator: yes"},
    {"applications.NAME.unknown_destinations", "unknown_destinations: pass",
     "unknown_destinations: refuse"},
    {"applications.NAME.client_gone", "client_gone: stop", "client_gone: finish"},
    {"applications.NAME.get", "get: bridge", "get: relay"},
    {"applications.NAME.answer_within", "answer_within: 45s", "answer_within: 44s"},
    {"applications.NAME.settle", "settle: 5s", "settle: 4s"},
    {"applications.NAME.late", "late: 1m", "late: 59s"},
    {"applications.NAME.pending_interval", "pending_interval: 10s", "pending_interval: 9s"},
    {"applications.NAME.max_moves", "max_moves: 0", "max_moves: 1"},
    {"applications.NAME.complete_moves", "complete_moves: 2", "complete_moves: 1"},
    {"applications.NAME.storage_commitment", "storage_commitment: off",
     "storage_commitment: existence"},
    {"applications.NAME.commitment.at_most", "at_most: 1d", "at_most: 2d"},
    {"applications.NAME.commitment.report_for", "report_for: 1d", "report_for: 2d"},
    {"applications.NAME.commitment.idle_for", "idle_for: 1s", "idle_for: 2s"},
    {"applications.NAME.commitment.retain_for", "retain_for: 7d", "retain_for: 8d"},
    {"applications.NAME.commitment.most_owed", "most_owed: 1000", "most_owed: 999"},
    {"applications.NAME.retry.first", "retry:\n      first: 5s", "retry:\n      first: 4s"},
    {"applications.NAME.retry.most", "most: 5m                         # default\n      give_up",
     "most: 4m\n      give_up"},
    {"applications.NAME.retry.give_up_after", "give_up_after: 7d", "give_up_after: 8d"},
    {"applications.NAME.breaker.failures", "failures: 3", "failures: 4"},
    {"applications.NAME.breaker.probe_every", "probe_every: 30s", "probe_every: 29s"},
    {"applications.NAME.statuses.not_yet", "not_yet: []", "not_yet: [A701]"},
    {"applications.NAME.statuses.again", "[A7xx, \"0110\"]", "[A7xx]"},
    {"applications.NAME.timeouts.connect", "connect: 10s", "connect: 9s"},
    {"applications.NAME.timeouts.association", "association: 30s", "association: 29s"},
    {"applications.NAME.timeouts.release", "release: 10s", "release: 9s"},
    {"applications.NAME.timeouts.response", " response: 2m", " response: 119s"},
    {"applications.NAME.timeouts.move_response", "move_response: 10m", "move_response: 599s"},
    {"applications.NAME.timeouts.idle", "idle: 1m", "idle: 59s"},
    {"applications.NAME.timeouts.write_stall", "write_stall: 1m", "write_stall: 59s"},

    {"clients.ae_title", "ae_title: [DCMTK, DCMCTK]", "ae_title: [DCMTK]"},
    {"clients.from", "from: [10.1.0.0/24, \"fd00:1::/64\"]", "from: 10.1.0.0/24"},
    {"clients.may", "may: store\n", "may: find\n"},
    {"clients.call_as", "call_as: SLUICE-LATIN1", "call_as: SLUICE-LATIN2"},
    {"clients.receives_on", "receives_on: 50500", "receives_on: 50501"},
    {"clients.address", "receives_on: 50500", "address: 10.1.0.9:50500"},
    {"clients.acknowledge", "acknowledge: durable", "acknowledge: refuse"},
    {"clients.acknowledge.wait", "wait: 20s", "wait: 19s"},
    {"clients.acknowledge.then", "then: durable", "then: refuse"},

    // Values of these keys that need what others do not.
    {"applications.NAME.address", "from: 10.1.8.0/24", "address: 10.1.8.1:104",
     "applications: LINAC-CONSOLE: address (from none to 10.1.8.1:104)"},
    {"applications.NAME.storage_commitment", "storage_commitment: off",
     "storage_commitment: retained",
     "applications: VMSDBD: storage_commitment (from off to retained)"},
    {"applications", "  LINAC-CONSOLE:\n", "  LINAC-DISPLAY:\n",
     "applications: LINAC-DISPLAY (is new); applications: LINAC-CONSOLE (is no longer there)"},
};

// What is not in force by itself: a map of keys, or what is followed before anything is read. Rules
// are taken over with the rest; what they say is tried where they are obeyed.
const std::set<std::string> kNoValues = {"include", "rules"};

class ReloadTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::ostringstream text;
    text << std::ifstream(std::string(SLUICE_SOURCE_DIR) + "/deploy/sluice.full.yaml").rdbuf();
    full_ = text.str();
    token_ = ::testing::TempDir() + "reload-token-" + std::to_string(getpid());
    std::ofstream(token_) << "other\n";
  }
  static void TearDownTestSuite() { std::filesystem::remove(token_); }

  static std::shared_ptr<const config::Config> Load(const std::string& text) {
    config::Loaded loaded = config::LoadText("f", text, session::RulesReader());
    EXPECT_THAT(loaded.errors, IsEmpty());
    return loaded.config;
  }
  static std::string Changed(const Change& change) {
    std::string text = full_, fresh = change.fresh;
    if (size_t at = fresh.find("TOKEN_FILE"); at != fresh.npos) fresh.replace(at, 10, token_);
    const size_t at = text.find(change.old);
    EXPECT_NE(at, text.npos) << change.key << ": " << change.old;
    if (at != text.npos) text.replace(at, std::string(change.old).size(), fresh);
    return text;
  }

  inline static std::string full_, token_;
};

TEST_F(ReloadTest, EveryKeyIsTakenOverOrRefusedAsItIsWrittenHere) {
  auto before = Load(full_);
  ASSERT_TRUE(before);
  for (const Change& change : kChanges) {
    SCOPED_TRACE(change.key);
    auto after = Load(Changed(change));
    ASSERT_TRUE(after);
    EXPECT_FALSE(*after == *before) << "nothing was changed";
    std::string said;
    for (const std::string& one : NeedingRestart(*before, *after))
      said += (said.empty() ? "" : "; ") + one;
    EXPECT_EQ(said, change.needs_restart);
  }
}

TEST_F(ReloadTest, NoKeyIsLeftOut) {
  std::set<std::string> missing = kNoValues, unknown;
  const std::vector<std::string> known = config::KnownKeys();
  for (const std::string& key : known) missing.insert(key);
  for (const Change& change : kChanges)
    if (missing.erase(change.key) == 0 && !std::ranges::count(known, change.key))
      unknown.insert(change.key);
  for (const std::string& key : kNoValues) missing.erase(key);
  for (const std::string& key : known) {  // maps
    const bool is_map = std::ranges::any_of(
        known, [&](const std::string& other) { return other.starts_with(key + "."); });
    if (is_map || key == "applications") missing.erase(key);
  }
  EXPECT_THAT(missing, IsEmpty());
  EXPECT_THAT(unknown, IsEmpty());
}

TEST_F(ReloadTest, NothingNeedsARestartWhereNothingWasChanged) {
  auto one = Load(full_), other = Load(full_);
  EXPECT_THAT(NeedingRestart(*one, *other), IsEmpty());
}

TEST_F(ReloadTest, ASecretIsNamedAndNotShown) {
  auto after = Load(Changed({"admin.token", "token: change-me", "token: s3cret"}));
  EXPECT_THAT(NeedingRestart(*Load(full_), *after), ElementsAre("admin: token or token_file"));
}

}  // namespace
}  // namespace router
