#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/config/tree.h"
#include "rules/rule_set.h"

// A small clinic, a small dictionary, and rules from YAML, for tests of rules/.
namespace rules::testing {

// As much of PS3.6 as the tests speak of.
class SmallDictionary : public Dictionary {
 public:
  std::optional<uint32_t> TagOf(std::string_view keyword) const override;
  std::string NearestKeyword(std::string_view keyword) const override;
  std::string KeywordOf(uint32_t tag) const override;
  std::string VrOf(uint32_t tag) const override;
  std::vector<std::string> SopClassesOf(std::string_view word) const override;
  std::vector<std::string> SopClassWords() const override;
  std::vector<std::string> TransferSyntaxesOf(std::string_view word) const override;
  std::vector<std::string> TransferSyntaxWords() const override;
};

inline constexpr std::string_view kCt = "1.2.840.10008.5.1.4.1.1.2";
inline constexpr std::string_view kPlan = "1.2.840.10008.5.1.4.1.1.481.5";
inline constexpr std::string_view kDose = "1.2.840.10008.5.1.4.1.1.481.2";
inline constexpr std::string_view kCapture = "1.2.840.10008.5.1.4.1.1.7";
inline constexpr std::string_view kImplicit = "1.2.840.10008.1.2";
inline constexpr std::string_view kExplicit = "1.2.840.10008.1.2.1";

// VMSDBD (aria), VMSFD-OUT, RTPACS, RESEARCH, and LATER, which has no address; clients DCMTK,
// DCMCTK, AUTOSEG, ECL*; one listener at port 51402, and no TLS.
World SmallWorld();

// The list of `rules:` in a file "f".
RuleSet::Compiled Compile(std::string_view yaml, const World& world = SmallWorld());
// The same for rules without a fault, warnings aside: each is shown and none is taken otherwise.
std::shared_ptr<const RuleSet> MustCompile(std::string_view yaml,
                                           const World& world = SmallWorld());
// What is said of them: "3:9: message", warnings with "warning: " before the message.
std::vector<std::string> ProblemsOf(std::string_view yaml, const World& world = SmallWorld());

// A data set by paths as they are written in rules; what is not in it is absent, or, if `whole` is
// false, not known yet.
class FakeElements : public Elements {
 public:
  FakeElements(const RuleSet& rules, std::map<std::string, std::vector<std::string>> values,
               bool whole = true);
  const router::ElementValues& At(size_t slot) override;
  size_t asked() const { return asked_; }

 private:
  std::vector<router::ElementValues> found_;
  size_t asked_ = 0;
};

// A C-STORE of a CT by DCMTK to VMSDBD on a Wednesday at noon, to be changed at will.
struct Situation {
  Caller caller{"10.1.0.40:51402", "", "10.1.0.7", "DCMTK", "VMSDBD", "VMSDBD"};
  Message message;
  std::map<std::string, std::vector<std::string>> data_set;
  bool whole = true;
  Situation();
  Decisions Decide(const RuleSet& rules) const;
  // Does `when: {…}` match?
  Verdict::Match Matches(std::string_view when) const;
  std::string Why(std::string_view when) const;
  static Situation Of(uint16_t command, Phase phase = Phase::kEnd);
};

}  // namespace rules::testing
