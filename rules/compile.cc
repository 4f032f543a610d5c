#include <algorithm>
#include <tuple>

#include "rules/checks.h"
#include "rules/rule.h"
#include "rules/rule_set.h"
#include "rules/scope.h"
#include "rules/values.h"

namespace rules {
namespace {

// Files in the order in which rules of them come, then lines.
void PutInOrder(std::vector<Problem>& problems, const Positioned& list) {
  std::vector<std::string_view> files{list.file};
  for (const Positioned& rule : list.values)
    if (std::ranges::find(files, rule.file) == files.end()) files.push_back(rule.file);
  auto rank = [&](const Problem& problem) { return std::ranges::find(files, problem.file); };
  // Insertion: stable, and there are few.
  for (size_t i = 1; i < problems.size(); ++i)
    for (size_t j = i; j > 0; --j) {
      const Problem &a = problems[j - 1], &b = problems[j];
      if (std::tuple(rank(a), a.line, a.column) <= std::tuple(rank(b), b.line, b.column)) break;
      std::swap(problems[j - 1], problems[j]);
    }
}

bool ReadName(Fields& fields, ReadRule& read, Scope& scope) {
  read.name = fields.Find("name");
  if (!read.name) {
    scope.problems.Error(*read.node, "a rule needs a name");
    return false;
  }
  if (!IsScalar("name", *read.name, scope.problems)) return false;
  auto name = ParseText(read.name->scalar);
  if (name && name->size() > 64) name = Wrong(*name, "is longer than 64 bytes");
  if (!name) {
    scope.problems.Error(*read.name, "name: " + name.error().detail);
    return false;
  }
  read.rule.name = std::move(*name);
  return true;
}

// What it can match at all, so that messages of other commands need not ask it.
void NoteCommands(Rule& rule) {
  rule.commands = 0;
  for (size_t command = 0; command < kCommandBits; ++command) {
    const auto bit = static_cast<uint16_t>(1u << command);
    if (rule.when && rule.when->Suppose({.command = &command}) == Truth::kNo) continue;
    rule.commands |= bit;
    if (!rule.when || rule.when->known_at() < Phase::kHead || !HasDataSet(command)) continue;
    if (rule.last || (rule.then.topics & TopicsOf(kCommands[command].field)) != 0)
      rule.asks_data_set |= bit;
  }
}

void ReadOne(const Positioned& node, Scope& scope, ReadRule& read) {
  read.node = &node;
  Fields fields("a rule", node, scope.problems);
  if (!fields.is_map()) return;
  bool good = ReadName(fields, read, scope);
  read.when = fields.Find("when");
  if (read.when) {
    read.rule.when = ParseWhen("when", *read.when, scope);
    good = good && read.rule.when;
  }
  read.then = fields.Find("then");
  if (read.then)
    good &= ParseThen(*read.then, scope, read.draft);
  else
    scope.problems.Error(node, "a rule needs then");
  read.last = fields.Find("last");
  good &= fields.Value("last", read.rule.last, ParseBool) || !read.last;
  read.rule.place = node.file + ":" + std::to_string(node.line);
  read.rule.then = std::move(read.draft.then);
  read.whole = good && read.then;
  if (read.whole) NoteCommands(read.rule);
}

void CheckNames(const std::vector<ReadRule>& rules, Scope& scope) {
  for (size_t i = 0; i < rules.size(); ++i)
    for (size_t j = 0; j < i; ++j) {
      if (rules[i].rule.name.empty() || rules[j].rule.name != rules[i].rule.name) continue;
      scope.problems.Error(*rules[i].name,
                           "name: " + rules[j].Called(rules[i]) + " is another rule");
      break;
    }
}

void NoteRivals(std::vector<Rule>& rules) {
  for (size_t i = 0; i < rules.size(); ++i)
    for (const router::ElementEdit& edit : rules[i].then.edits) {
      auto& rivals = rules[i].edit_rivals.emplace_back();
      for (RuleIndex above = 0; above < i; ++above)
        if (std::ranges::find(rules[above].then.edits, edit.path, &router::ElementEdit::path) !=
            rules[above].then.edits.end())
          rivals.push_back(above);
    }
}

}  // namespace

RuleSet::Compiled RuleSet::Compile(const Positioned& list, const World& world,
                                   const Dictionary& dictionary) {
  Compiled compiled;
  Problems problems;
  std::shared_ptr<RuleSet> set(new RuleSet);
  Scope scope{world, dictionary, problems, *set->tables_, set->paths_};
  if (list.form != Positioned::Form::kList && list.form != Positioned::Form::kNull)
    problems.Error(list, "rules must be a list, \"- name: NAME\"");
  std::vector<ReadRule> read;
  for (const Positioned& node : list.values) {
    if (list.form != Positioned::Form::kList) break;
    ReadOne(node, scope, read.emplace_back());
  }
  CheckNames(read, scope);
  CheckRules(read, scope);
  const bool errors = problems.HasErrors();
  compiled.problems = problems.Take();
  PutInOrder(compiled.problems, list);
  if (errors) return compiled;
  for (ReadRule& one : read) {
    for (router::ElementEdit& edit : one.rule.then.edits) edit.clinical = one.draft.clinical_edit;
    set->rules_.push_back(std::move(one.rule));
  }
  NoteRivals(set->rules_);
  set->tables_->Seal();
  compiled.rules = std::move(set);
  return compiled;
}

}  // namespace rules
