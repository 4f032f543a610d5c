#include "rules/matchers/titles.h"

#include <algorithm>

#include "router/base/text.h"
#include "rules/values.h"

namespace rules {
namespace {

using router::TrimSpaces;

std::string Listed(const std::vector<Glob>& globs) {
  std::string text;
  for (const Glob& glob : globs) text += (text.empty() ? "" : " or ") + glob.text();
  return text;
}

bool CoversAll(const std::vector<Glob>& mine, const std::vector<Glob>& theirs) {
  return std::ranges::all_of(theirs, [&](const Glob& one) {
    return std::ranges::any_of(mine, [&](const Glob& glob) { return glob.Covers(one); });
  });
}

// Of the association: asked once for it.
class CallerText : public Condition {
 public:
  CallerText(std::string_view name, std::string Caller::* text, std::vector<Glob> globs)
      : Condition(Phase::kAssociation), name_(name), text_(text), globs_(std::move(globs)) {}

  Answer Test(const Asking& asking) const override {
    std::string_view text = TrimSpaces(asking.caller.*text_);
    return AnswerOf(std::ranges::any_of(globs_, [&](const Glob& g) { return g.Matches(text); }));
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const CallerText*>(&other);
    return same && CoversAll(globs_, same->globs_);
  }
  bool Excludes(const Condition& other) const override {
    const auto* same = dynamic_cast<const CallerText*>(&other);
    return same && std::ranges::none_of(globs_, [&](const Glob& glob) {
             return std::ranges::any_of(same->globs_, [&](const Glob& g) { return g.Meets(glob); });
           });
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    std::string_view text = TrimSpaces(asking.caller.*text_);
    std::string is =
        std::string(name_) + " is " + (text.empty() ? "empty" : router::Printable(text, 256));
    return truth == Truth::kYes ? is : is + ", not " + Listed(globs_);
  }

 private:
  std::string_view name_;
  std::string Caller::* text_;
  std::vector<Glob> globs_;
};

// Of a message: looked up in a table for all rules at once.
class MessageTitle : public Condition {
 public:
  MessageTitle(std::string_view name, TextTable Tables::* table, TextTable::Row Asking::* row,
               TextTable::SetId set, const Tables& tables)
      : Condition(Phase::kCommand),
        name_(name),
        test_{table, row, set},
        globs_(((tables.*table)).Set(set)) {}

  Answer Test(const Asking& asking) const override {
    if (asking.phase < Phase::kCommand) return OpenUntil(Phase::kCommand);
    return AnswerOf(test_.Passes(asking));
  }
  const RowTest* AsRowTest() const override { return &test_; }
  // A Move Destination is known of a C-MOVE and of its sub-operations alone.
  Truth Suppose(const Supposition& supposed) const override {
    if (name_ != "destination" || !supposed.command) return Truth::kOpen;
    const bool may = *supposed.command == kMove || *supposed.command == kStore;
    const bool empty =
        std::ranges::any_of(globs_, [](const Glob& glob) { return glob.Matches(""); });
    return may || empty ? Truth::kOpen : Truth::kNo;
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const MessageTitle*>(&other);
    return same && CoversAll(globs_, same->globs_);
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    if (truth == Truth::kOpen) return "the command is not known yet";
    std::string_view text = (asking.*test_.row).text;
    std::string is = text.empty() ? "there is no " + std::string(name_)
                                  : std::string(name_) + " is " + router::Printable(text);
    return truth == Truth::kYes ? is : is + ", not " + Listed(globs_);
  }

 private:
  std::string_view name_;
  RowTest test_;
  std::vector<Glob> globs_;
};

std::vector<Glob> ParseTitles(std::string_view key, const Positioned& node, Scope& scope) {
  std::vector<Glob> globs;
  const auto scalars = ScalarsOf(key, node, scope.problems);
  for (const Positioned* scalar : scalars) {
    Glob glob(std::string(TrimSpaces(scalar->scalar)), true);
    auto title = ParseTitle(glob.text());
    if (glob.IsLiteral() ? !title : glob.text().find('\\') != glob.text().npos) {
      scope.problems.Error(*scalar, std::string(key) + ": " + (title ? "" : title.error().detail));
      return {};
    }
    globs.push_back(std::move(glob));
  }
  return globs;
}

// A title that nobody has never calls.
void WarnOfUnknownCaller(const std::vector<Glob>& globs, const Positioned& node, Scope& scope) {
  for (size_t i = 0; i < globs.size(); ++i) {
    const Glob& title = globs[i];
    const auto is_it = [&](const std::string& known) {
      return Glob(known, true).Matches(title.text());
    };
    if (!title.IsLiteral() || std::ranges::any_of(scope.world.clients, is_it) ||
        scope.world.Find(title.text()))
      continue;
    const Positioned& at = node.form == Positioned::Form::kList ? node.values[i] : node;
    std::string nearest = router::NearestOf(title.text(), scope.world.clients);
    scope.problems.Warn(at, "no client has the title " + Quoted(title.text()) +
                                (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
  }
}

ConditionPtr OfCaller(std::string_view key, std::string Caller::* text, const Positioned& node,
                      Scope& scope) {
  std::vector<Glob> globs = ParseTitles(key, node, scope);
  if (globs.empty()) return nullptr;
  if (key == "calling") WarnOfUnknownCaller(globs, node, scope);
  return std::make_unique<CallerText>(key, text, std::move(globs));
}

ConditionPtr OfMessage(std::string_view key, TextTable Tables::* table,
                       TextTable::Row Asking::* row, const Positioned& node, Scope& scope) {
  std::vector<Glob> globs = ParseTitles(key, node, scope);
  if (globs.empty()) return nullptr;
  const auto set = (scope.tables.*table).Add(std::move(globs));
  return std::make_unique<MessageTitle>(key, table, row, set, scope.tables);
}

}  // namespace

ConditionPtr ParseCallingTitles(const Positioned& node, Scope& scope) {
  return OfCaller("calling", &Caller::calling, node, scope);
}

ConditionPtr ParseCalledTitles(const Positioned& node, Scope& scope) {
  return OfCaller("called", &Caller::called, node, scope);
}

ConditionPtr ParseRequestedTitles(const Positioned& node, Scope& scope) {
  return OfMessage("requested", &Tables::requested, &Asking::requested, node, scope);
}

ConditionPtr ParseDestinationTitles(const Positioned& node, Scope& scope) {
  return OfMessage("destination", &Tables::destinations, &Asking::destination, node, scope);
}

ConditionPtr ParseTlsSubject(const Positioned& node, Scope& scope) {
  std::vector<Glob> globs;
  const auto scalars = ScalarsOf("tls_subject", node, scope.problems);
  for (const Positioned* scalar : scalars) {
    auto text = ParseText(scalar->scalar);
    if (text)
      globs.emplace_back(std::move(*text), true);
    else
      scope.problems.Error(*scalar, "tls_subject: " + text.error().detail);
  }
  if (globs.empty() || globs.size() != scalars.size()) return nullptr;
  if (!scope.world.has_tls)
    scope.problems.Warn(node, "no listener has TLS, so there is no certificate and no subject");
  return std::make_unique<CallerText>("tls_subject", &Caller::tls_subject, std::move(globs));
}

}  // namespace rules
