// How long rules take to decide: 200 of them that no association excludes, without data elements
// and with elements of the head. Prints microseconds for each decision; the data set is at hand,
// since what decoding costs is not the rules' affair. --assert-times N: at most N times the figures
// that are promised (2 and 30 µs), and nothing allocated.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/rules/world.h"

namespace {
size_t allocations = 0;
}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace rules {
namespace {

constexpr int kRules = 200;

std::string Number(int i) { return std::to_string(i); }

// What a site with many rules has: most are about a class, a syntax, a title or an hour that this
// message has not, some match, one route decides at the end.
std::string WithoutElements() {
  std::string yaml;
  for (int i = 0; i < kRules; ++i) {
    std::string when;
    switch (i % 8) {
      case 0:
        when = "command: C-STORE, sop_class: [rt_plan, 1.2.3." + Number(i) + "]";
        break;
      case 1:
        when = "command: C-STORE, sop_class: 1.2.840.10008.5.1.4.1.1.2." + Number(i) + ".*";
        break;
      case 2:
        when = "command: [C-FIND, C-MOVE], destination: [QA" + Number(i) + ", \"Q?" + Number(i) +
               "*\"]";
        break;
      case 3:
        when = "command: C-STORE, requested: T" + Number(i) + ", time: 18:00-06:00";
        break;
      case 4:
        when = "command: C-STORE, transfer_syntax: jpeg, sop_class: images";
        break;
      case 5:
        when = "any: [{command: C-MOVE}, {command: C-STORE, sop_class: 1.3." + Number(i) + "}]";
        break;
      case 6:
        when = "command: C-STORE, not: {sop_class: images}, weekday: mon-fri";
        break;
      default:
        when = i % 40 == 7 ? "command: C-STORE, sop_class: images"
                           : "command: C-STORE, calling: DC*, requested: \"X" + Number(i) + "*\"";
    }
    yaml += "- {name: r" + Number(i) + ", when: {" + when + "}, then: {log: x}}\n";
  }
  return yaml + "- {name: end, when: {command: C-STORE}, then: {hold: off, priority: high}}\n";
}

std::string WithElements() {
  std::string yaml;
  for (int i = 0; i < kRules; ++i) {
    std::string test;
    switch (i % 6) {
      case 0:
        test = "StationName: [ROOM" + Number(i) + ", EDGE" + Number(i) + "]";
        break;
      case 1:
        test = "StudyDescription: \"*research " + Number(i) + "*\"";
        break;
      case 2:
        test = "PatientID: {regex: \"[A-Z]{2}" + Number(i) + "[0-9]+\"}";
        break;
      case 3:
        test = "SliceThickness: {above: " + Number(i) + "}";
        break;
      case 4:
        test = "StudyDate: {from: 2026" + Number(1 + i % 9).insert(0, "0") + "01, not: 20260213}";
        break;
      default:
        test = "BeamSequence.TreatmentMachineName: Old" + Number(i) + "*";
    }
    yaml += "- {name: r" + Number(i) + ", when: {command: C-STORE, dataset: {Modality: CT, " +
            test + "}}, then: {log: x}}\n";
  }
  return yaml + "- {name: end, when: {dataset: {Modality: CT}}, then: {hold: off}}\n";
}

struct Figures {
  double microseconds = 0;
  double allocations = 0;  // for each decision
};

// The least of several runs: what else the machine does is not measured.
Figures Measure(const RuleSet& rules, testing::Situation situation) {
  testing::FakeElements elements(rules, situation.data_set);
  const auto candidates = rules.CandidatesFor(situation.caller);
  Decisions decisions;
  auto decide = [&] {
    rules.Decide(situation.caller, candidates, situation.message, &elements, decisions);
  };
  for (int i = 0; i < 1000; ++i) decide();
  if (!decisions.hold) std::abort();
  Figures figures{1e9, 0};
  constexpr int kRuns = 400, kDecisions = 100;  // short: some run has the machine to itself
  for (int run = 0; run < kRuns; ++run) {
    const size_t allocated = allocations;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kDecisions; ++i) decide();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    figures.microseconds = std::min(figures.microseconds, took.count() / kDecisions);
    figures.allocations = static_cast<double>(allocations - allocated) / kDecisions;
  }
  return figures;
}

bool Show(std::string_view what, const Figures& figures, double promised, double times) {
  const bool good = times == 0 || figures.microseconds <= promised * times;
  std::printf("%.*s: %.2f us for each decision (promised: %.0f), %.2f allocations%s\n",
              static_cast<int>(what.size()), what.data(), figures.microseconds, promised,
              figures.allocations, good ? "" : "  TOO SLOW");
  return good;
}

int Run(double times) {
  const auto plain = testing::MustCompile(WithoutElements());
  const auto elements = testing::MustCompile(WithElements());
  if (!plain || !elements) return 1;
  testing::Situation situation;
  situation.data_set = {{"Modality", {"CT"}},
                        {"StationName", {"EDGE"}},
                        {"StudyDescription", {"Pelvis, planning, no contrast"}},
                        {"PatientID", {"XY4711"}},
                        {"SliceThickness", {"2.50"}},
                        {"StudyDate", {"20260213"}},
                        {"BeamSequence.TreatmentMachineName", {"EDGE", "TrueBeam"}}};
  const Figures first = Measure(*plain, situation), second = Measure(*elements, situation);
  bool fast = Show("200 rules without elements", first, 2, times);
  fast = Show("200 rules with elements of the head", second, 30, times) && fast;
  if (times != 0 && first.allocations != 0) std::printf("something is allocated\n");
  return fast && (times == 0 || first.allocations == 0) ? 0 : 1;
}

}  // namespace
}  // namespace rules

int main(int argc, char** argv) {
  const bool asserts = argc == 3 && std::string_view(argv[1]) == "--assert-times";
  return rules::Run(asserts ? std::atof(argv[2]) : 0);
}
