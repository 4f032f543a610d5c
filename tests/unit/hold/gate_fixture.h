#pragma once
#include <gmock/gmock.h>

#include <filesystem>

#include "router/dimse/sop_classes.h"
#include "router/hold/gate.h"
#include "tests/unit/hold/hold_fixture.h"

// What tests of a gate share.
namespace router::hold {

using store::Cause;
using store::State;
using testing::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kName;
using testing::Needing;
using ::testing::SizeIs;
using Change = std::function<void(config::Application&)>;

inline const std::string kPlanClass(dimse::uid::kRtPlan);
inline const std::string kStructureClass(dimse::uid::kRtStructureSet);
inline const std::string kWaterBox = std::string(SLUICE_TEST_DATA) + "/raystation-proton-waterbox/";
inline const std::string kStructures =
    kWaterBox + "RS1.2.752.243.1.1.20221205110227749.9000.25475.dcm";
inline const std::string kPlanFile =
    kWaterBox + "RP1.2.752.243.1.1.20221206155550324.5100.86787.dcm";
inline const Uid kStructuresUid("1.2.752.243.1.1.20221205110227749.9000.25475");

struct Subject {
  explicit Subject(Bench& on, Change change = {})
      : bench(on),
        gate({on.loop, on.cpu, *on.ledger, on.metrics, on.clock}, on.Configured(std::move(change)),
             kName, ConnectTo(on, connections)) {}

  Task<> End() {
    co_await gate.Drain();
    bench.OnReady({});
    co_await bench.application.Close();
  }
  double Released(const char* kind) {
    return bench.metrics.Get<metrics::Id::kReleased>(kName, kind).Value();
  }

  Bench& bench;
  int connections = 0;
  Gate gate;
};

using Scene = Task<> (*)(Bench&, Subject&);

class GateTest : public HoldTest {
 protected:
  // A gate at work before the stand-in of its application, until the scene is over.
  void Play(Scene scene, Change change = {}) { PlayFrom(scene, std::move(change), true); }
  // The scene itself begins its work.
  void Stage(Scene scene, Change change = {}) { PlayFrom(scene, std::move(change), false); }

 private:
  void PlayFrom(Scene scene, Change change, bool starts) {
    auto play = [](net::Loop& loop, Scene played, Change configured, bool started) -> Task<> {
      Bench bench(loop);
      bench.application.Listen();
      Subject subject(bench, std::move(configured));
      if (started) subject.gate.Start();
      co_await played(bench, subject);
      co_await subject.End();
    };
    Run(play, loop_, scene, change, starts);
  }
};

// All CT slices of the water box, as the application has them.
inline void HasImages(Bench& bench) {
  for (const auto& entry : std::filesystem::directory_iterator(kWaterBox)) {
    if (!entry.path().filename().string().starts_with("CT")) continue;
    auto header = dataset::ReadPart10Header(entry.path());
    auto head = dataset::ReadHead(header->DatasetOf(entry.path()));
    bench.application.has.insert({header->meta.sop_instance, head->series, head->study});
  }
}

inline Task<store::RowId> AcceptWaitingPlan(Bench& bench, std::optional<WallTime> deadline = {},
                                            std::optional<WallTime> warn_after = {}) {
  auto part = bench.MakePart("1.4.1", Kind::kPlan, kPlanClass);
  co_return co_await bench.Accept(std::move(part), Needing("1.4.2", Kind::kStructureSet), deadline,
                                  warn_after);
}

// Until so many C-FINDs came and what they told is in the ledger: nothing is due any more.
inline Task<> Asked(Bench& bench, size_t finds) {
  co_await bench.Until([&] { return bench.application.finds.size() >= finds; });
  for (bool due = true; due;) {
    auto wanted = co_await bench.ledger->Wanted(kName, bench.clock.WallNow(), 10);
    due = wanted.has_value() && !wanted->empty();
  }
}

inline double Absent(Bench& bench) {
  return bench.metrics.Get<metrics::Id::kExistenceQueries>(kName, "absent").Value();
}

inline Task<> LoseAnswer(Bench& bench, store::RowId id, Cause cause = Cause::kOutcomeUnknown) {
  std::vector<store::RowId> one(1, id);
  auto begun = co_await bench.ledger->Begin(std::move(one), std::chrono::minutes(5));
  EXPECT_TRUE(begun.has_value());
  store::Reason reason{cause, "lost"};
  auto done = co_await bench.ledger->Verifying(id, std::move(reason));
  EXPECT_TRUE(done.has_value());
}

inline Task<store::RowId> MakeVerifying(Bench& bench) {
  auto part = bench.MakePart("1.4.5", Kind::kStructureSet, kStructureClass);
  auto id = co_await bench.Accept(std::move(part));
  auto rows = co_await bench.ledger->Claim(kName, 1, "test", std::chrono::minutes(5));
  EXPECT_THAT(*rows, SizeIs(1));
  co_await LoseAnswer(bench, id);
  co_return id;
}

// The row is sent again, and so on.
inline Task<> LoseAnother(Bench& bench, store::RowId id, Cause cause) {
  auto rows = co_await bench.ledger->Claim(kName, 1, "test", std::chrono::minutes(5));
  EXPECT_THAT(*rows, SizeIs(1));
  co_await LoseAnswer(bench, id, cause);
}

}  // namespace router::hold
