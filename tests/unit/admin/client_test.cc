#include "router/admin/client.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "router/admin/server.h"
#include "tests/unit/admin/fake_source.h"

namespace router::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = Server::Start({.host = "127.0.0.1", .token = "s3cret"}, source_);
    ASSERT_TRUE(server) << server.error().detail;
    server_ = std::move(*server);
    options_.url = "http://127.0.0.1:" + std::to_string(server_->port());
    token_file_ = std::filesystem::temp_directory_path() /
                  ("sluice-token-" + std::to_string(getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name());
    std::ofstream(token_file_) << "s3cret\n";
    options_.token_file = token_file_;
  }
  void TearDown() override { std::filesystem::remove(token_file_); }

  FakeSource source_;
  std::unique_ptr<Server> server_;
  std::filesystem::path token_file_;
  ClientOptions options_;
  std::ostringstream out_, err_;
};

struct MondayNight : Clock {
  WallTime WallNow() const override { return kMonday + std::chrono::hours(2); }
};

TEST_F(ClientTest, HeldIsATableForPeople) {
  EXPECT_EQ(RunHeld(options_, out_, err_, MondayNight()), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("waiting  dose  VMSDBD       AUTOSEG  2h 0m     1.2.3.4\n"));
}

TEST_F(ClientTest, HeldAsJsonIsWhatTheApiSays) {
  options_.json = true;
  EXPECT_EQ(RunHeld(options_, out_, err_), 0) << err_.str();
  EXPECT_THAT(out_.str(), testing::StartsWith(R"({"held":[{"sop_instance_uid":"1.2.3.4",)"));
}

TEST_F(ClientTest, HeldGoesThroughAllPages) {
  source_.held.clear();
  for (int id = 1; id <= 1001; ++id) source_.held.push_back(HeldDose(id));
  options_.json = true;
  EXPECT_EQ(RunHeld(options_, out_, err_), 0) << err_.str();
  EXPECT_EQ(nlohmann::json::parse(out_.str())["held"].size(), 1001u);
  EXPECT_EQ(source_.filters.size(), 3u);
}

TEST_F(ClientTest, StatusTellsReadinessAndDestinationsEvenWhenNotReady) {
  source_.readiness = {false, {"draining"}};
  EXPECT_EQ(RunStatus(options_, out_, err_), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("not ready\n  draining\n"));
  EXPECT_THAT(out_.str(), HasSubstr("3 associations, 1 moves in progress\n"
                                    "1 requests for storage commitment not reported yet, the "
                                    "oldest (decided) of ECLIPSE to VMSDBD, since "));
  EXPECT_THAT(out_.str(), HasSubstr("VMSDBD       10.1.0.4:51402  yes  closed"));
}

TEST_F(ClientTest, StatusTellsThatNothingIsHeldAnyMoreSinceItWasLeft) {
  EXPECT_EQ(RunStatus(options_, out_, err_), 0) << err_.str();
  EXPECT_THAT(out_.str(), Not(HasSubstr("leave")));
  LeaveStatus& leave = source_.leaving.front();
  leave.since = kMonday;
  leave.directory = "/srv/out";
  leave.written = 3;
  leave.error = "the disk is full";
  for (const auto& [state, said] : std::map<std::string, std::string>{
           {"sending", ": sends what is due (0 left), then writes the rest to /srv/out"},
           {"writing", ": writes what is not upstream to /srv/out"},
           {"done", ": 3 instances that are not upstream were written to /srv/out"},
           {"failed", " failed: the disk is full"}}) {
    leave.state = state;
    EXPECT_EQ(RunStatus(options_, out_, err_), 0) << err_.str();
    EXPECT_THAT(out_.str(), HasSubstr("sluice leave, begun 2023-11-14T22:13:20Z" + said +
                                      "; nothing more is held until Sluice is restarted\n"));
  }
}

TEST_F(ClientTest, ReleaseSendsTheTokenAndTheReason) {
  EXPECT_EQ(RunAct(options_, HeldAction::kRelease, {"1.2.3.4", "it is there", ""}, out_, err_), 0)
      << err_.str();
  EXPECT_EQ(out_.str(), "1.2.3.4: ready for VMSDBD\n");
  EXPECT_THAT(source_.acts, ElementsAre("release 7 it is there operator at 127.0.0.1"));
}

TEST_F(ClientTest, TheServersRefusalIsShownAndTheExitCodeIsOne) {
  options_.token_file.clear();
  EXPECT_EQ(RunAct(options_, HeldAction::kRetry, {"1.2.3.4", "", ""}, out_, err_), 1);
  EXPECT_THAT(err_.str(), testing::StartsWith("sluice: changing needs the token"));
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ClientTest, AUidCannotLeaveItsPlaceInThePath) {
  EXPECT_EQ(RunAct(options_, HeldAction::kRelease, {"1.2.3.4/../../reload?", "", ""}, out_, err_),
            1);
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ClientTest, CommandsReportWhatWasDone) {
  EXPECT_EQ(RunCommand(options_, Command::kReload, out_, err_), 0) << err_.str();
  EXPECT_EQ(out_.str(), "configuration taken over\n");
  EXPECT_EQ(RunCommand(options_, Command::kDrain, out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("it is not to be stopped"));
}

TEST_F(ClientTest, LeavingIsWaitedForAndWhatIsNotUpstreamIsCounted) {
  LeaveStatus sending, done;
  sending.state = "sending";
  done.state = "done";
  done.directory = "/srv/out";
  done.instances = done.written = 3;
  done.quarantined = 1;
  done.scripts = {"send-VMSDBD.sh"};
  source_.leaving = {sending, sending, done};
  EXPECT_EQ(RunLeave(options_, "/srv/./out", out_, err_), 0) << err_.str();
  EXPECT_THAT(source_.acts, ElementsAre("leave to /srv/out operator at 127.0.0.1"));
  EXPECT_THAT(out_.str(), HasSubstr("waiting for what is due to be sent\n"));
  EXPECT_THAT(out_.str(), HasSubstr("3 acknowledged instances are not known to be upstream; 3 "
                                    "written to /srv/out\n  of these 1 quarantined"));
  EXPECT_THAT(out_.str(), HasSubstr("send them with: sh /srv/out/send-VMSDBD.sh\n"));
}

TEST_F(ClientTest, LeavingThatFailedOrLeftSomethingBehindIsNoSuccess) {
  LeaveStatus failed, damaged;
  failed.state = "failed";
  failed.error = "no space left on the device";
  source_.leaving = {failed};
  EXPECT_EQ(RunLeave(options_, "/srv/out", out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("leaving failed: no space left on the device"));
  damaged.state = "done";
  damaged.instances = 2;
  damaged.damaged = damaged.lost = 1;
  source_.leaving = {damaged};
  EXPECT_EQ(RunLeave(options_, "/srv/out", out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("1 files are not what was received, 1 are missing"));
}

TEST_F(ClientTest, TheReportOfObservingIsATable) {
  EXPECT_EQ(RunObserveReport(options_, out_, err_), 0) << err_.str();
  EXPECT_EQ(out_.str(),
            "VMSDBD, observed since 2023-11-14T22:13:20Z\n"
            "WOULD  KIND  REASON  COUNT  LAST                  LATEST SOP INSTANCE UID\n"
            "hold   dose  plan    3      2023-11-14T22:13:20Z  1.2.3.4\n");
}

TEST_F(ClientTest, TheTokenOfTheConfigurationIsUsed) {
  options_.token_file.clear();
  options_.token = "s3cret";
  EXPECT_EQ(RunCommand(options_, Command::kReload, out_, err_), 0) << err_.str();
}

TEST_F(ClientTest, ASluiceThatIsNotThereIsSaidToBe) {
  server_.reset();
  EXPECT_EQ(RunHeld(options_, out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("is Sluice running"));
}

TEST_F(ClientTest, UrlsAndTokenFilesThatAreNoneAreNamed) {
  options_.url = "127.0.0.1:8780";
  EXPECT_EQ(RunHeld(options_, out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("is no http:// or https:// URL"));
  options_.token_file = "/nonexistent/token";
  EXPECT_EQ(RunHeld(options_, out_, err_), 1);
  EXPECT_THAT(err_.str(), HasSubstr("cannot read a token from /nonexistent/token"));
}

}  // namespace
}  // namespace router::admin
