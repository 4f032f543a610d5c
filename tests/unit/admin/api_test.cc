#include "router/admin/api.h"

#include <gmock/gmock.h>

#include "router/admin/page.h"
#include "tests/unit/admin/fake_source.h"

namespace router::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ApiTest : public testing::Test {
 protected:
  Answer Get(std::string path, std::map<std::string, std::string> query = {}) {
    return api_.Handle({.method = "GET",
                        .path = std::move(path),
                        .query = std::move(query),
                        .body = "",
                        .caller = {"127.0.0.1", "", ""}});
  }
  Answer Post(std::string path, std::string body) {
    return api_.Handle({.method = "POST",
                        .path = std::move(path),
                        .query = {},
                        .body = std::move(body),
                        .caller = {"127.0.0.1", "", "Bearer s3cret"}});
  }
  Json GetJson(std::string path) { return Json::parse(Get(std::move(path)).body); }

  FakeSource source_;
  Api api_{"s3cret", false, source_};
};

TEST_F(ApiTest, HeldIsSpelledExactlyAsPromised) {
  EXPECT_EQ(Get("/api/v1/held").body,
            R"({"held":[{"sop_instance_uid":"1.2.3.4","kind":"dose","application":"VMSDBD",)"
            R"("client":"AUTOSEG","state":"waiting","reason":"references",)"
            R"("since":"2023-11-14T22:13:20Z","missing":[{"uid":"1.2.3.9","kind":"plan"}],)"
            R"("existing":1,"next_check":"2023-11-14T22:13:50Z",)"
            R"("deadline":"2023-11-21T22:13:20Z","at_deadline":"quarantine"}]})"
            "\n");
}

TEST_F(ApiTest, AListOfMissingThatWasCutSaysByHowMuch) {
  source_.held[0].row.missing = 600;
  EXPECT_EQ(GetJson("/api/v1/held")["held"][0]["missing_more"], 599);
}

TEST_F(ApiTest, WhatWasSettledForARowIsSaidOfItsDeadlineWhateverIsConfigured) {
  source_.held[0].row.at_deadline = store::AtDeadline::kSend;
  EXPECT_EQ(GetJson("/api/v1/held")["held"][0]["at_deadline"], "send");
}

TEST_F(ApiTest, ReasonsForPeopleGoBeforeTheWordOfTheCause) {
  source_.held[0].row.state = store::State::kQuarantined;
  source_.held[0].row.reason = {store::Cause::kUnknownMachine, "machine \"X9\" is not known"};
  EXPECT_EQ(GetJson("/api/v1/held")["held"][0]["reason"], "machine \"X9\" is not known");
}

TEST_F(ApiTest, AFullPageNamesTheNext) {
  source_.held = {HeldDose(3), HeldDose(5), HeldDose(9)};
  Json page = Json::parse(Get("/api/v1/held", {{"limit", "2"}}).body);
  EXPECT_EQ(page["held"].size(), 2u);
  EXPECT_EQ(page["next"], 5);
  page = Json::parse(Get("/api/v1/held", {{"limit", "2"}, {"after", "5"}}).body);
  EXPECT_EQ(page["held"].size(), 1u);
  EXPECT_FALSE(page.contains("next"));
}

TEST_F(ApiTest, QueriesFilter) {
  Get("/api/v1/held", {{"application", "RTPACS"}, {"kind", "plan"}, {"state", "ready,sending"}});
  ASSERT_EQ(source_.filters.size(), 1u);
  EXPECT_EQ(source_.filters[0].application, "RTPACS");
  EXPECT_EQ(source_.filters[0].kind, Kind::kPlan);
  EXPECT_THAT(source_.filters[0].states, ElementsAre(store::State::kReady, store::State::kSending));
}

TEST_F(ApiTest, QueriesThatMeanNothingAreRefusedWithWhatIsMeantInstead) {
  for (auto [key, value] : std::map<std::string, std::string>{{"limit", "501"},
                                                              {"limit ", "5"},
                                                              {"after", "-1"},
                                                              {"kind", "plans"},
                                                              {"state", "waiting,,"},
                                                              {"patient", "DOE"}}) {
    Answer answer = Get("/api/v1/held", {{key, value}});
    EXPECT_EQ(answer.status, 400) << key;
    EXPECT_THAT(answer.body, HasSubstr("{\"error\":\"")) << key;
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("DOE")));
  }
  EXPECT_THAT(source_.filters, IsEmpty());
}

TEST_F(ApiTest, OneInstanceIsToldWithItsHistoryAndAllThatIsMissing) {
  source_.held[0].row.missing = 3;
  source_.all_missing.assign(3, source_.held[0].missing[0]);
  Json one = GetJson("/api/v1/held/1.2.3.4")["held"][0];
  EXPECT_EQ(one["row"], 7);
  EXPECT_EQ(one["missing"].size(), 3u);
  EXPECT_FALSE(one.contains("missing_more"));
  EXPECT_EQ(one["history"][0]["to"], "waiting");
  EXPECT_EQ(one["history"][0]["by"], "sluice");
  EXPECT_EQ(Get("/api/v1/held/9.9").status, 404);
}

TEST_F(ApiTest, AnInstanceIsFoundWhereverItIs) {
  Json answer = GetJson("/api/v1/instances/1.2.3.4");
  EXPECT_EQ(answer["answer"], "waiting");
  EXPECT_EQ(answer["text"], "waiting for plan 1.2.3.9 at VMSDBD");
  EXPECT_EQ(GetJson("/api/v1/instances/9.9")["answer"], "never_seen");
  source_.known = {{"VMSDBD", store::How::kQuery}};
  EXPECT_EQ(GetJson("/api/v1/instances/9.9")["answer"], "upstream");
  EXPECT_EQ(GetJson("/api/v1/instances/1.2.3.4")["answer"], "waiting") << "what is open goes first";
  source_.held[0].row.state = store::State::kQuarantined;
  source_.held[0].row.reason = {store::Cause::kDeadline, "waited for 7 days"};
  EXPECT_EQ(GetJson("/api/v1/instances/1.2.3.4")["text"],
            "quarantined for VMSDBD: waited for 7 days");
}

TEST_F(ApiTest, WhatWasSeenOnceIsToldWithItsTime) {
  source_.known = {{"VMSDBD", store::How::kStatus, kMonday, false}};
  Json answer = GetJson("/api/v1/instances/9.9");
  EXPECT_EQ(answer["answer"], "upstream");
  EXPECT_EQ(answer["text"],
            "was stored at VMSDBD, 2023-11-14T22:13:20Z, as it answered; not looked for since");
  EXPECT_EQ(answer["known_at"][0]["believed"], false);
  source_.known[0].how = store::How::kQuery;
  EXPECT_THAT(GetJson("/api/v1/instances/9.9")["text"].get<std::string>(),
              HasSubstr("was found at VMSDBD, 2023-11-14T22:13:20Z"));
  source_.known.push_back({"RTPACS", store::How::kQuery, kMonday, true});
  EXPECT_EQ(GetJson("/api/v1/instances/9.9")["text"], "at RTPACS") << "what is believed goes first";
}

TEST_F(ApiTest, WhatWasRefusedIsToldUnlessItCameAfterAll) {
  source_.refused = {{"VMSDBD", "AUTOSEG", 0xA700, kMonday}};
  Json answer = GetJson("/api/v1/instances/9.9");
  EXPECT_EQ(answer["answer"], "refused");
  EXPECT_EQ(answer["text"], "refused for VMSDBD, 2023-11-14T22:13:20Z: status A700H");
  EXPECT_EQ(answer["refused"][0]["client"], "AUTOSEG");
  source_.known = {{"VMSDBD", store::How::kQuery}};
  EXPECT_EQ(GetJson("/api/v1/instances/9.9")["answer"], "upstream");
}

TEST_F(ApiTest, WhatDidNotMatchInTheStoreIsNamed) {
  Json store = GetJson("/api/v1/store");
  EXPECT_EQ(store["directory"], "/var/lib/sluice");
  EXPECT_EQ(store["found_at_start"]["files_without_row"]["files"][0], "0123.dcm");
  EXPECT_EQ(store["found_at_start"]["wrong_sizes"]["count"], 0);
}

TEST_F(ApiTest, AnOperatorActsOnTheRowThatTheUidNames) {
  Answer answer = Post("/api/v1/held/1.2.3.4/release", R"({"reason": "the plan is\nin Aria"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body)["state"], "ready");
  source_.held[0].row.state = store::State::kQuarantined;
  Post("/api/v1/held/1.2.3.4/retry", "");
  Post("/api/v1/held/1.2.3.4/discard", R"({"reason": "a test"})");
  EXPECT_THAT(source_.acts, ElementsAre("release 7 the plan is in Aria operator at 127.0.0.1",
                                        "retry 7  operator at 127.0.0.1",
                                        "discard 7 a test operator at 127.0.0.1"));
}

TEST_F(ApiTest, WhatMakesNoSenseNowIsRefusedWithWhatToDoInItsPlace) {
  using store::State;
  const std::vector<std::tuple<State, std::string, std::string>> refused = {
      {State::kWaiting, "retry", "waits for 1 instances that VMSDBD does not have"},
      {State::kReady, "release", "sluice retry"},
      {State::kSending, "release", "is being sent to VMSDBD"},
      {State::kSending, "retry", "is being sent to VMSDBD"}};
  for (const auto& [state, action, why] : refused) {
    source_.held[0].row.state = state;
    Answer answer = Post("/api/v1/held/1.2.3.4/" + action, "");
    EXPECT_EQ(answer.status, 409);
    EXPECT_THAT(answer.body, HasSubstr(why));
  }
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ApiTest, NothingIsDiscardedWithoutAReason) {
  EXPECT_EQ(Post("/api/v1/held/1.2.3.4/discard", "").status, 400);
  EXPECT_EQ(Post("/api/v1/held/1.2.3.4/discard", "{\"reason\": \"\"}").status, 400);
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ApiTest, WhereSeveralRowsAreMeantNoneIsTouched) {
  source_.held = {HeldDose(7), HeldDose(8)};
  source_.held[1].row.instance.application = "RTPACS";
  Answer answer = Post("/api/v1/held/1.2.3.4/release", "");
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("row 7 for VMSDBD (waiting), row 8 for RTPACS (waiting);"));
  EXPECT_THAT(source_.acts, IsEmpty());
  EXPECT_EQ(Post("/api/v1/held/1.2.3.4/release", R"({"application": "RTPACS"})").status, 200);
  EXPECT_EQ(Post("/api/v1/held/1.2.3.4/release", R"({"row": 7})").status, 200);
  EXPECT_EQ(source_.acts.size(), 2u);
  EXPECT_THAT(source_.acts[0], HasSubstr("release 8"));
  EXPECT_THAT(source_.acts[1], HasSubstr("release 7"));
}

TEST_F(ApiTest, WhatHasEndedIsNotActedOn) {
  source_.held[0].row.state = store::State::kDelivered;
  EXPECT_EQ(Post("/api/v1/held/1.2.3.4/release", "").status, 404);
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ApiTest, BodiesThatAreNotUnderstoodChangeNothing) {
  std::string deep(5000, '[');
  for (const std::string& body :
       {std::string("reason=x"), std::string("[]"), std::string("{"),
        std::string(R"({"reason": 5})"), std::string(R"({"raeson": "x"})"),
        std::string("{\"reason\": \"\xff\"}"), deep,
        R"({"reason": ")" + std::string(501, 'x') + R"("})"}) {
    EXPECT_EQ(Post("/api/v1/held/1.2.3.4/release", body).status, 400) << body.substr(0, 40);
  }
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ApiTest, LeavingBeginsWithADirectoryAndIsAskedAfter) {
  source_.leaving.front().state = "sending";
  Answer answer = Post("/api/v1/leave", R"({"to": "/srv/out"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body)["state"], "sending");
  EXPECT_EQ(GetJson("/api/v1/leave")["directory"], "/srv/out");
  EXPECT_THAT(source_.acts, ElementsAre("leave to /srv/out operator at 127.0.0.1"));
}

TEST_F(ApiTest, LeavingWithoutADirectoryChangesNothing) {
  for (const char* body :
       {"", "{}", "[]", R"({"to": 5})", R"({"to": "/srv", "force": true})", R"({"to": "/a\nb"})"}) {
    EXPECT_EQ(Post("/api/v1/leave", body).status, 400) << body;
  }
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ApiTest, ErrorsOfTheSourceKeepTheirMeaning) {
  for (auto [code, status] : std::map<Errc, int>{{Errc::kTimeout, 503},
                                                 {Errc::kNotFound, 404},
                                                 {Errc::kRefused, 409},
                                                 {Errc::kDisk, 500}}) {
    source_.failure = Error{code, Blame::kInternal, false, "what, and what to do"};
    Answer answer = Get("/api/v1/held");
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "{\"error\":\"what, and what to do\"}\n");
  }
}

TEST_F(ApiTest, ReadinessGivesItsReasonsToThoseWhoMayRead) {
  EXPECT_EQ(Get("/readyz").status, 200);
  source_.readiness = {false, {"draining"}};
  EXPECT_EQ(Get("/readyz").status, 503);
  EXPECT_EQ(GetJson("/readyz")["reasons"][0], "draining");
  Answer outside = api_.Handle({.method = "GET",
                                .path = "/readyz",
                                .query = {},
                                .body = "",
                                .caller = {"10.1.0.9", "", ""}});
  EXPECT_EQ(outside.status, 503);
  EXPECT_EQ(outside.body, "{\"ready\":false,\"reasons\":[]}\n");
}

TEST_F(ApiTest, EveryPathThatTellsSomethingIsClosedToOthers) {
  for (const char* path :
       {"/metrics", "/api/v1/held", "/api/v1/held/1.2.3.4", "/api/v1/instances/1.2.3.4",
        "/api/v1/destinations", "/api/v1/associations", "/api/v1/moves", "/api/v1/commitments",
        "/api/v1/config", "/api/v1/store", "/api/v1/observe", "/api/v1/leave"}) {
    Ask ask{.method = "GET", .path = path, .query = {}, .body = "", .caller = {"10.1.0.9", "", ""}};
    EXPECT_EQ(api_.Handle(ask).status, 401) << path;
    ask.caller.authorization = "Bearer s3cret";
    EXPECT_EQ(api_.Handle(ask).status, 200) << path;
  }
}

TEST_F(ApiTest, EveryPathThatChangesSomethingNeedsTheTokenEvenHere) {
  for (const char* path :
       {"/api/v1/held/1.2.3.4/release", "/api/v1/held/1.2.3.4/retry",
        "/api/v1/held/1.2.3.4/discard", "/api/v1/reload", "/api/v1/drain", "/api/v1/leave"}) {
    Answer answer = api_.Handle({.method = "POST",
                                 .path = path,
                                 .query = {},
                                 .body = "{\"reason\":\"x\"}",
                                 .caller = {"127.0.0.1", "", ""}});
    EXPECT_EQ(answer.status, 401) << path;
  }
  EXPECT_THAT(source_.acts, IsEmpty());
}

TEST_F(ApiTest, PathsAndMethodsThatAreNotThereSayWhatIs) {
  EXPECT_EQ(Get("/api/v2/held").status, 404);
  EXPECT_EQ(Get("/api/v1/held/").status, 400);
  EXPECT_EQ(Post("/api/v1/held/release", "").status, 404);
  EXPECT_EQ(Get("/api/v1/held/" + std::string(65, '1')).status, 400);
  EXPECT_EQ(api_.Handle({.method = "DELETE",
                         .path = "/api/v1/held",
                         .query = {},
                         .body = "",
                         .caller = {"127.0.0.1", "", "Bearer s3cret"}})
                .status,
            405);
}

TEST(MetricsListener, AnswersOnlyMetricsAndHealthAndToEverybody) {
  FakeSource source;
  Api api("s3cret", true, source);
  Access::Caller outside{"10.1.0.9", "", ""};
  auto status = [&](std::string method, std::string path) {
    outside.authorization = "Bearer s3cret";
    return api
        .Handle({.method = std::move(method),
                 .path = std::move(path),
                 .query = {},
                 .body = "",
                 .caller = outside})
        .status;
  };
  EXPECT_EQ(api.Handle({.method = "GET",
                        .path = "/metrics",
                        .query = {},
                        .body = "",
                        .caller = {"10.1.0.9", "", ""}})
                .body,
            "sluice_build_info 1\n");
  EXPECT_EQ(status("GET", "/healthz"), 200);
  EXPECT_EQ(status("GET", "/readyz"), 200);
  EXPECT_EQ(status("GET", "/api/v1/held"), 404);
  EXPECT_EQ(status("GET", "/"), 404);
  EXPECT_EQ(status("POST", "/api/v1/reload"), 405);
}

TEST(Page, NeedsNothingFromElsewhereAndItsPolicyAllowsNothingElse) {
  std::string page(Page());
  for (const char* outside :
       {"http:", "https:", "//cdn", "@import", "src=", "innerHTML", "eval("}) {
    EXPECT_THAT(page, testing::Not(HasSubstr(outside)));
  }
  EXPECT_THAT(PagePolicy(), HasSubstr("default-src 'none'"));
  EXPECT_THAT(PagePolicy(), HasSubstr("script-src 'sha256-"));
  EXPECT_THAT(PagePolicy(), testing::Not(HasSubstr("unsafe")));
}

}  // namespace
}  // namespace router::admin
