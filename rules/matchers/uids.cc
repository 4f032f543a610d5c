#include "rules/matchers/uids.h"

#include <algorithm>

#include "router/base/text.h"
#include "router/base/uid.h"

namespace rules {
namespace {

class Uids : public Condition {
 public:
  Uids(std::string_view name, TextTable Tables::* table, TextTable::Row Asking::* row,
       TextTable::SetId set, const Tables& tables, std::string written)
      : Condition(Phase::kCommand),
        name_(name),
        test_{table, row, set},
        globs_((tables.*table).Set(set)),
        written_(std::move(written)) {}

  Answer Test(const Asking& asking) const override {
    if (asking.phase < Phase::kCommand) return OpenUntil(Phase::kCommand);
    if (!asking.message->named && !IsOfEcho(asking)) return OpenUntil(Phase::kHead);
    return AnswerOf(test_.Passes(asking));
  }
  const RowTest* AsRowTest() const override { return &test_; }
  Truth Suppose(const Supposition& supposed) const override {
    if (!IsSopClass()) return Truth::kOpen;
    if (supposed.sop_class) return TruthOf(Has(*supposed.sop_class));
    if (!supposed.command || *supposed.command != kEcho) return Truth::kOpen;
    return TruthOf(Has(kVerification));
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const Uids*>(&other);
    return same && std::ranges::all_of(same->globs_, [&](const Glob& theirs) {
             return std::ranges::any_of(globs_, [&](const Glob& g) { return g.Covers(theirs); });
           });
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    if (truth == Truth::kOpen)
      return asking.phase < Phase::kCommand ? "the command is not known yet"
                                            : std::string(name_) + " is not known yet";
    std::string text = std::string(name_) + " is " + router::Printable((asking.*test_.row).text);
    return truth == Truth::kYes ? text : text + ", not " + written_;
  }
  void AddSopClasses(std::vector<std::string>& uids) const override {
    if (!IsSopClass()) return;
    for (const Glob& glob : globs_)
      if (glob.IsLiteral()) uids.push_back(glob.text());
  }

 private:
  bool IsOfEcho(const Asking& asking) const { return IsSopClass() && asking.command == kEcho; }
  bool IsSopClass() const { return test_.table == &Tables::sop_classes; }
  bool Has(std::string_view uid) const {
    return std::ranges::any_of(globs_, [&](const Glob& glob) { return glob.Matches(uid); });
  }

  std::string_view name_;
  RowTest test_;
  std::vector<Glob> globs_;
  std::string written_;
};

struct Words {
  std::string_view key, what;
  std::vector<std::string> (Dictionary::*uids_of)(std::string_view) const;
  std::vector<std::string> (Dictionary::*all)() const;
};

// The UIDs of one word or pattern; none, and a problem, if it is neither.
std::vector<Glob> ParseUid(const Positioned& node, const Words& words, Scope& scope) {
  std::string text(router::TrimSpaces(node.scalar));
  auto wrong = [&](std::string message) {
    scope.problems.Error(node, std::string(words.key) + ": " + Quoted(text) + message);
    return std::vector<Glob>();
  };
  const bool numeric = text.find_first_not_of("0123456789.*?[]-") == text.npos;
  if (text.empty()) return wrong(" is empty");
  if (numeric) {
    Glob glob(text, true);
    if (glob.IsLiteral() && !router::Uid(text).IsValid()) return wrong(" is no UID");
    return {std::move(glob)};
  }
  std::vector<Glob> globs;
  for (std::string& uid : (scope.dictionary.*words.uids_of)(text))
    globs.emplace_back(std::move(uid), false);
  if (globs.empty())
    return wrong(" is no " + std::string(words.what) +
                 Suggest(text, (scope.dictionary.*words.all)()));
  return globs;
}

ConditionPtr ParseUids(const Positioned& node, Scope& scope, const Words& words,
                       TextTable Tables::* table, TextTable::Row Asking::* row) {
  std::vector<Glob> globs;
  std::string written;
  const auto scalars = ScalarsOf(words.key, node, scope.problems);
  bool good = !scalars.empty();
  for (const Positioned* scalar : scalars) {
    std::vector<Glob> more = ParseUid(*scalar, words, scope);
    good = good && !more.empty();
    globs.insert(globs.end(), more.begin(), more.end());
    written += (written.empty() ? "" : " or ") + router::Printable(scalar->scalar);
  }
  if (!good) return nullptr;
  const auto set = (scope.tables.*table).Add(std::move(globs));
  return std::make_unique<Uids>(words.key, table, row, set, scope.tables, std::move(written));
}

}  // namespace

ConditionPtr ParseSopClasses(const Positioned& node, Scope& scope) {
  static constexpr Words kWords{"sop_class", "SOP class", &Dictionary::SopClassesOf,
                                &Dictionary::SopClassWords};
  return ParseUids(node, scope, kWords, &Tables::sop_classes, &Asking::sop_class);
}

ConditionPtr ParseTransferSyntaxes(const Positioned& node, Scope& scope) {
  static constexpr Words kWords{"transfer_syntax", "transfer syntax",
                                &Dictionary::TransferSyntaxesOf, &Dictionary::TransferSyntaxWords};
  return ParseUids(node, scope, kWords, &Tables::transfer_syntaxes, &Asking::transfer_syntax);
}

}  // namespace rules
