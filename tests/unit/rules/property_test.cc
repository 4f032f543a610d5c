// The engine against the reference model, on random rules and facts at every phase. Seeds are
// fixed, so that a failure can be had again; SLUICE_SEED is the first, SLUICE_SEEDS their number.
#include <gtest/gtest.h>

#include <cstdlib>

#include "router/config/tree.h"
#include "tests/unit/rules/random_rules.h"
#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using testing::Known;
using testing::Random;

constexpr Phase kPhases[] = {Phase::kAssociation, Phase::kCommand, Phase::kHead, Phase::kEnd};

// What is known at the phase of the message.
class PhasedElements : public Elements {
 public:
  PhasedElements(const RuleSet& rules, const Known& known) {
    for (const router::ElementPath& path : rules.paths()) {
      router::ElementValues found;
      auto value = known.head.find(path.text);
      const bool in_head = value != known.head.end();
      const bool whole = known.message.phase == Phase::kEnd;
      if (!in_head) value = known.rest.find(path.text);
      if (in_head || (whole && value != known.rest.end())) {
        found.presence = router::ElementValues::Presence::kPresent;
        found.values = value->second;
      } else if (whole) {
        found.presence = router::ElementValues::Presence::kAbsent;
      }
      found_.push_back(std::move(found));
    }
  }
  const router::ElementValues& At(size_t slot) override { return found_.at(slot); }

 private:
  std::vector<router::ElementValues> found_;
};

// Rules without errors: the lines of those that have some are left out.
struct Sound {
  std::string yaml;
  router::config::Tree tree;
  std::shared_ptr<const RuleSet> rules;
};
Sound MakeSound(std::vector<std::string> lines) {
  Sound sound;
  World world = testing::SmallWorld();
  world.has_tls = true;
  while (true) {
    sound.yaml.clear();
    for (const std::string& line : lines) sound.yaml += line + "\n";
    if (lines.empty()) sound.yaml = "[]";
    auto compiled = testing::Compile(sound.yaml, world);
    if (compiled.rules) {
      sound.rules = compiled.rules;
      sound.tree = router::config::ParseTree("f", sound.yaml);
      return sound;
    }
    for (auto problem = compiled.problems.rbegin(); problem != compiled.problems.rend(); ++problem)
      if (!problem->warning) {
        lines.erase(lines.begin() + problem->line - 1);
        break;
      }
  }
}

// The topics (bits) that one set of decisions has and the other has not, or has otherwise.
std::string Settled(const std::string& lines, const Decisions& decisions) {
  std::string settled, line;
  std::istringstream stream(lines);
  while (std::getline(stream, line)) {
    const std::string topic = line.substr(0, line.find(':'));
    if (topic == "open" || topic == "matched") continue;
    bool open = false;
    for (size_t i = 0; i < kTopics; ++i)
      open |= decisions.IsOpen(static_cast<Topic>(i)) && NameOf(static_cast<Topic>(i)) == topic;
    if (!open) settled += line + "\n";
  }
  return settled;
}

class Situations {
 public:
  Situations(const Sound& sound, Known known, std::string context)
      : sound_(sound), known_(std::move(known)), context_(std::move(context)) {}

  // False if anything is wrong: one failure is enough to read.
  bool Check() {
    const auto candidates = sound_.rules->CandidatesFor(known_.caller);
    std::string settled_before;
    Decisions before;
    for (Phase phase : kPhases) {
      known_.message.phase = phase;
      PhasedElements elements(*sound_.rules, known_);
      Elements* data_set = phase >= Phase::kHead ? &elements : nullptr;
      sound_.rules->Decide(known_.caller, candidates, known_.message, data_set, decisions_);
      const std::string lines = testing::AsLines(decisions_);
      if (lines != testing::ReferenceDecisions(sound_.tree.root, known_))
        return Fail(phase, "the reference says\n" +
                               testing::ReferenceDecisions(sound_.tree.root, known_) +
                               "the engine\n" + lines);
      if (phase > Phase::kCommand && !StillSettled(before, settled_before, lines))
        return Fail(phase, "was settled as\n" + settled_before + "and is now\n" + lines);
      if (phase > Phase::kAssociation && !before.Settled() && phase < before.needs &&
          (decisions_.open != before.open))
        return Fail(phase, "something changed before the phase that was named");
      if (phase == Phase::kEnd && !decisions_.Settled()) return Fail(phase, "open at the end");
      if (!CandidatesTold(candidates, phase)) return false;
      Decisions explained;
      for (const Verdict& verdict :
           sound_.rules->Explain(known_.caller, known_.message, data_set, explained)) {
        if (verdict.why.find("SECRET") != std::string::npos)
          return Fail(phase, "a value of the data set is told: " + verdict.why);
        if (verdict.why.empty() != (verdict.match == Verdict::Match::kYes))
          return Fail(phase, "a rule that does not match, and no reason");
      }
      if (testing::AsLines(explained) != lines) return Fail(phase, "Explain says otherwise");
      before = decisions_;
      settled_before = Settled(lines, decisions_);
    }
    return true;
  }

 private:
  bool Fail(Phase phase, const std::string& what) {
    ADD_FAILURE() << context_ << " phase " << static_cast<int>(phase) << ": " << what << "\n"
                  << sound_.yaml;
    return false;
  }
  // Every settled line stands there still, but for what is settled meanwhile.
  static bool StillSettled(const Decisions& before, const std::string& settled,
                           const std::string& now) {
    for (size_t i = 0; i < kTopics; ++i) {
      const auto topic = static_cast<Topic>(i);
      if (before.IsOpen(topic)) continue;
      const std::string name = "\n" + std::string(NameOf(topic)) + ":";
      auto line = [&](const std::string& text) {
        const size_t at = ("\n" + text).find(name);
        return at == text.npos ? std::string() : text.substr(at, text.find('\n', at) - at);
      };
      if (line(settled) != line(now)) return false;
    }
    return true;
  }
  bool CandidatesTold(const RuleSet::Candidates& candidates, Phase phase) {
    for (RuleIndex rule : decisions_.matched)
      if (candidates.empty())
        return Fail(phase, "no candidate, and a match of " + std::to_string(rule));
    for (size_t i = 0; i < kTopics; ++i)
      if (decisions_.IsOpen(static_cast<Topic>(i)) && !candidates.MayDecide(static_cast<Topic>(i)))
        return Fail(phase, "open, and no candidate decides it");
    if (phase == Phase::kCommand && decisions_.needs > Phase::kCommand && !decisions_.Settled() &&
        !candidates.MayNeedDataSet(known_.message.command_field))
      return Fail(phase, "needs what nobody may need");
    return true;
  }

  const Sound& sound_;
  Known known_;
  std::string context_;
  Decisions decisions_;  // used again for each phase, as a session does
};

bool CheckSeed(uint32_t seed, size_t& rules) {
  Random random(seed);
  const Sound sound = MakeSound(random.Rules(7));
  rules += sound.rules->size();
  for (int i = 0; i < 6; ++i)
    if (!Situations(sound, random.Facts(), "seed " + std::to_string(seed)).Check()) return false;
  return true;
}

uint32_t FromEnvironment(const char* name, uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text ? static_cast<uint32_t>(std::atoi(text)) : otherwise;
}

TEST(RulesProperty, TheEngineSaysWhatTheReferenceModelSays) {
  const uint32_t first = FromEnvironment("SLUICE_SEED", 1);
  const uint32_t count = FromEnvironment("SLUICE_SEEDS", 1500);
  size_t rules = 0;
  for (uint32_t seed = first; seed < first + count; ++seed)
    ASSERT_TRUE(CheckSeed(seed, rules)) << "seed " << seed;
  std::printf("seeds %u to %u: %zu rules, %u situations at four phases\n", first, first + count - 1,
              rules, 6 * count);
  EXPECT_GT(rules, count) << "too few of the random rules are sound";
}

}  // namespace
}  // namespace rules
