#include "router/hold/oracle.h"

#include <gmock/gmock.h>

#include "tests/unit/hold/hold_fixture.h"

namespace router::hold {
namespace {

using testing::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kName;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

Question Image(std::string uid, std::string series = "", std::string study = "") {
  return {Uid(uid), Kind::kImage, store::Level::kInstance, Uid(series), Uid(study)};
}

class OracleTest : public HoldTest {};

struct Asker {
  explicit Asker(Bench& bench)
      : oracle(bench.loop, bench.clock, ConnectTo(bench, connections), bench.metrics,
               {.application = kName, .existence = {.per_second = 1000}}) {}
  int connections = 0;
  Oracle oracle;
};

std::vector<std::string> Sorted(const std::vector<Uid>& uids) {
  std::vector<std::string> texts;
  for (const Uid& uid : uids) texts.push_back(uid.str());
  std::ranges::sort(texts);
  return texts;
}

double Counted(Bench& bench, const char* answer) {
  return bench.metrics.Get<metrics::Id::kExistenceQueries>(kName, answer).Value();
}

TEST_F(OracleTest, OneQueryForASeriesSettlesEverySlice) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Asker asker(bench);
        std::vector<Question> questions;
        for (int i = 0; i < 50; ++i) {
          const std::string uid = "1.2.3." + std::to_string(i);
          questions.push_back(Image(uid, "1.7", "1.6"));
          if (i < 40) bench.application.has.insert({Uid(uid), Uid("1.7"), Uid("1.6")});
        }
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_TRUE(findings.has_value());
        EXPECT_THAT(findings->found, SizeIs(40));
        EXPECT_THAT(findings->absent, SizeIs(10));
        EXPECT_THAT(bench.application.finds, ElementsAre("IMAGE i= s=1.7 st=1.6"));
        EXPECT_EQ(Counted(bench, "found"), 1);
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, AGuessedStudyThatIsWrongHidesNothing) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Asker asker(bench);
        bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.99")},
                                 {Uid("1.3.2"), Uid("1.7"), Uid("1.99")}};
        std::vector<Question> questions = {Image("1.3.1", "1.7", "1.6"),
                                           Image("1.3.2", "1.7", "1.6")};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_THAT(Sorted(findings->found), ElementsAre("1.3.1", "1.3.2"));
        EXPECT_THAT(findings->absent, IsEmpty());
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, WhereRelationalIsRefusedAgainItLearnsAndAsksWithAllKeys) {
  for (uint16_t refusal : {0xA900, 0xC001}) {
    Run(
        [](net::Loop& loop, uint16_t status) -> Task<> {
          Bench bench(loop);
          bench.application.Listen();
          bench.application.refuse_find = [status](const dataset::Identifier& keys) -> uint16_t {
            const bool image = keys.Text(0x00080052) == "IMAGE";
            const bool whole =
                !keys.UidOf(0x0020000D).empty() && (!image || !keys.UidOf(0x0020000E).empty());
            return whole ? 0 : status;
          };
          bench.application.has = {{Uid("1.4.1"), Uid("1.7"), Uid("1.6"), "RTPLAN"},
                                   {Uid("1.4.2"), Uid("1.8"), Uid("1.6"), "CT"}};
          Asker asker(bench);
          std::vector<Question> questions = {
              {Uid("1.4.1"), Kind::kPlan, store::Level::kInstance, Uid(), Uid("1.6")},
              {Uid("1.4.9"), Kind::kPlan, store::Level::kInstance, Uid(), Uid("1.6")},
              Image("1.4.2", "1.8", "1.6")};
          auto findings = co_await asker.oracle.Ask(questions);
          EXPECT_THAT(Sorted(findings->found), ElementsAre("1.4.1", "1.4.2"));
          EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.4.9"));
          EXPECT_EQ(asker.oracle.relational(), Relational::kUnknown);  // it may have been a failure
          // Series that cannot contain a plan are not looked into.
          EXPECT_THAT(bench.application.finds,
                      ElementsAre("IMAGE i=1.4.1 s= st=", "SERIES i= s= st=1.6",
                                  "IMAGE i= s=1.7 st=1.6", "IMAGE i=1.4.2 s=1.8 st=1.6"));
          findings = co_await asker.oracle.Ask(questions);
          EXPECT_EQ(asker.oracle.relational(), Relational::kNo);
          bench.application.finds.clear();
          findings = co_await asker.oracle.Ask(questions);
          EXPECT_THAT(bench.application.finds.front(), HasSubstr("st=1.6"));
          bench.application.finds.clear();
          bench.clock.Advance(std::chrono::hours(1));  // it may have learned otherwise meanwhile
          findings = co_await asker.oracle.Ask(std::move(questions));
          EXPECT_EQ(bench.application.finds.front(), "IMAGE i=1.4.1 s= st=");
          co_await asker.oracle.Close();
          co_await bench.application.Close();
        },
        loop_, refusal);
  }
}

TEST_F(OracleTest, OneFailureTeachesNothing) {
  Run(
      [](net::Loop& loop) -> Task<> {
        for (bool knows_it : {false, true}) {
          Bench bench(loop);
          bench.application.Listen();
          bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.6")}};
          Asker asker(bench);
          // Its study is a wrong guess: with all keys it would never be found.
          std::vector<Question> questions = {Image("1.3.1", "1.7", "1.99")};
          if (knows_it) {
            auto findings = co_await asker.oracle.Ask(questions);
            EXPECT_EQ(asker.oracle.relational(), Relational::kYes);
          }
          int failures = 1;
          bench.application.refuse_find = [&failures](const dataset::Identifier&) -> uint16_t {
            return failures-- > 0 ? 0xC001 : 0;
          };
          auto findings = co_await asker.oracle.Ask(questions);
          EXPECT_THAT(findings->found, IsEmpty());
          EXPECT_THAT(findings->unanswered, SizeIs(knows_it ? 1 : 0));
          findings = co_await asker.oracle.Ask(std::move(questions));
          EXPECT_THAT(Sorted(findings->found), ElementsAre("1.3.1"));
          EXPECT_EQ(asker.oracle.relational(), Relational::kYes);
          co_await asker.oracle.Close();
          co_await bench.application.Close();
        }
      },
      loop_);
}

TEST_F(OracleTest, ANoToWhatMayNotBeUnderstoodIsCheckedWithAllKeys) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.6")}};
        // Matches nothing without the higher keys, and calls that a success.
        bench.application.blind_to_relational = true;
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.1", "1.7", "1.6")};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_THAT(Sorted(findings->found), ElementsAre("1.3.1"));
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, AnswersThatWereNotAskedForSettleNothing) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.6")}};
        bench.application.ignores_keys = true;
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.2")};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_THAT(findings->found, IsEmpty());
        EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.3.2"));
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, AFailureIsNoAnswer) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.refuse_find = [](const dataset::Identifier&) -> uint16_t {
          return 0xA700;
        };
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.1", "1.7", "1.6")};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_TRUE(findings.has_value());
        EXPECT_THAT(findings->found, IsEmpty());
        EXPECT_THAT(findings->absent, IsEmpty());
        EXPECT_THAT(Sorted(findings->unanswered), ElementsAre("1.3.1"));
        EXPECT_EQ(Counted(bench, "failed"), 1);
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, NobodyThereIsAnErrorAndNoAnswer) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        co_await bench.application.StopListening();
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.1")};
        auto findings = co_await asker.oracle.Ask(questions);
        EXPECT_FALSE(findings.has_value());
        bench.application.Listen();
        bench.application.choose = [](const ul::ProposedContext&) {
          return ul::ContextAnswer::Reject(ul::ContextResult::kAbstractSyntaxNotSupported);
        };
        findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_FALSE(findings.has_value());
        if (!findings) {
          EXPECT_EQ(findings.error().code, Errc::kRefused);
        }
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, ALineThatWasLostWhileIdleIsOpenedAgain) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.6")}};
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.1")};
        auto findings = co_await asker.oracle.Ask(questions);
        EXPECT_TRUE(findings.has_value());
        bench.application.abort_finds = 1;  // as if it had gone meanwhile
        bench.clock.Advance(std::chrono::seconds(1));
        findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_TRUE(findings.has_value());
        if (findings) {
          EXPECT_THAT(findings->found, SizeIs(1));
        }
        EXPECT_EQ(asker.connections, 2);
        bench.clock.Advance(std::chrono::seconds(10));
        EXPECT_TRUE(asker.oracle.ShouldClose());
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, GivesWayBetweenTwoQueriesAndLeavesTheRestUnasked) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.1"), Image("1.3.2"), Image("1.3.3")};
        std::function<bool()> stop = [&bench] { return bench.application.finds.size() == 2; };
        auto findings = co_await asker.oracle.Ask(std::move(questions), std::move(stop));
        EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.3.1", "1.3.2"));
        EXPECT_THAT(findings->unanswered, IsEmpty());
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, WhoMustAlwaysGiveWayGetsOneQueryARoundAllTheSame) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Asker asker(bench);
        std::vector<Question> questions = {Image("1.3.1"), Image("1.3.2"), Image("1.3.3")};
        std::function<bool()> stop = [] { return true; };
        auto findings = co_await asker.oracle.Ask(std::move(questions), std::move(stop));
        EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.3.1"));
        EXPECT_THAT(findings->unanswered, IsEmpty());
        EXPECT_THAT(bench.application.finds, SizeIs(1));
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, AWholeSeriesAsARequirementIsAskedForAtItsLevel) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.6")}};
        Asker asker(bench);
        std::vector<Question> questions = {
            {Uid("1.7"), Kind::kImage, store::Level::kSeries, Uid("1.7"), Uid("1.6")},
            {Uid("1.8"), Kind::kImage, store::Level::kSeries, Uid("1.8"), Uid("1.6")}};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_THAT(Sorted(findings->found), ElementsAre("1.7"));
        EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.8"));
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, AFrameOfReferenceIsThatOfAnImageSeriesOfTheStudyUnlessItTellsAnother) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has = {{Uid("1.3.1"), Uid("1.7"), Uid("1.6"), "CT"},
                                 {Uid("1.4.1"), Uid("1.71"), Uid("1.61"), "RTSTRUCT"},
                                 {Uid("1.3.2"), Uid("1.72"), Uid("1.62"), "MR", "1.8"},
                                 {Uid("1.3.3"), Uid("1.73"), Uid("1.63"), ""}};
        Asker asker(bench);
        auto frame = [](const char* uid, const char* study) {
          return Question{Uid(uid), Kind::kImage, store::Level::kFrameOfReference, Uid(),
                          Uid(study)};
        };
        std::vector<Question> questions = {frame("1.81", "1.6"),   // does not tell
                                           frame("1.82", "1.61"),  // no images
                                           frame("1.83", "1.62"),  // another
                                           frame("1.8", "1.62"),   // this one
                                           frame("1.84", "1.63"),  // what, it does not tell
                                           frame("1.85", "1.69")};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_THAT(Sorted(findings->found), ElementsAre("1.8", "1.81"));
        EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.82", "1.83", "1.84", "1.85"));
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, AnyStructureSetOfTheStudyIsFoundByItsModality) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has = {{Uid("1.4.1"), Uid("1.7"), Uid("1.6"), "RTSTRUCT"},
                                 {Uid("1.3.1"), Uid("1.71"), Uid("1.61"), "CT"}};
        Asker asker(bench);
        auto any = [](const char* study) {
          return Question{Uid(study), Kind::kStructureSet, store::Level::kStudy, Uid(), Uid(study)};
        };
        std::vector<Question> questions = {any("1.6"), any("1.61")};
        auto findings = co_await asker.oracle.Ask(std::move(questions));
        EXPECT_THAT(Sorted(findings->found), ElementsAre("1.6"));
        EXPECT_THAT(Sorted(findings->absent), ElementsAre("1.61"));
        co_await asker.oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(OracleTest, NeverAsksFasterThanAllowed) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        int connections = 0;
        Oracle oracle(loop, bench.clock, ConnectTo(bench, connections), bench.metrics,
                      {.application = kName, .existence = {.per_second = 2}});
        bool ended = false;
        auto ask = [](Oracle& of, bool& done) -> Task<> {
          std::vector<Question> questions = {Image("1.3.1"), Image("1.3.2"), Image("1.3.3")};
          auto findings = co_await of.Ask(std::move(questions));
          EXPECT_THAT(findings->absent, SizeIs(3));
          done = true;
        };
        loop.Spawn(ask(oracle, ended));
        co_await bench.Until([&] { return bench.application.finds.size() == 2; });
        EXPECT_FALSE(ended);  // the clock stands still: the third may not be asked
        bench.clock.Advance(std::chrono::milliseconds(500));
        co_await bench.Until([&] { return ended; });
        co_await oracle.Close();
        co_await bench.application.Close();
      },
      loop_);
}

}  // namespace
}  // namespace router::hold
