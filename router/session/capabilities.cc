#include "router/session/capabilities.h"

#include <algorithm>

namespace router::session {
namespace {

std::string Joined(const std::vector<Uid>& uids) {
  std::string joined;
  for (const Uid& uid : uids) joined += uid.str() + '\\';
  return joined;
}

}  // namespace

void Capabilities::Learn(const ul::AssociateRq& offered, const ul::AssociateAc& answered,
                         SteadyTime now) {
  std::map<ul::ContextId, const ul::AnsweredContext*> answers;
  for (const ul::AnsweredContext& answer : answered.contexts) answers[answer.id] = &answer;
  for (const ul::ProposedContext& context : offered.contexts) {
    auto found = answers.find(context.id);
    if (found == answers.end()) continue;
    auto& of_class = known_[context.abstract_syntax];
    ul::ContextAnswer answer{found->second->result, found->second->transfer_syntax};
    of_class[Joined(context.transfer_syntaxes)] = {answer, now};
    // What was chosen from several would be chosen alone, too.
    if (answer.result == ul::ContextResult::kAcceptance)
      of_class[Joined({answer.transfer_syntax})] = {answer, now};
  }
}

void Capabilities::Forget(const Uid& abstract_syntax) { known_.erase(abstract_syntax); }

void Capabilities::NoteOffered(const std::vector<ul::ProposedContext>& contexts) {
  for (const ul::ProposedContext& context : contexts) offered_.erase(context.abstract_syntax);
  for (const ul::ProposedContext& context : contexts) {
    if (offered_.size() >= kMostOffered) return;
    std::vector<Uid>& syntaxes = offered_[context.abstract_syntax];
    for (const Uid& syntax : context.transfer_syntaxes)
      if (std::ranges::find(syntaxes, syntax) == syntaxes.end()) syntaxes.push_back(syntax);
  }
}

std::optional<ul::ContextAnswer> Capabilities::Answer(const ul::ProposedContext& context,
                                                      SteadyTime now,
                                                      config::Duration lifetime) const {
  auto of_class = known_.find(context.abstract_syntax);
  if (of_class == known_.end()) return std::nullopt;
  auto believed = [&](const std::vector<Uid>& syntaxes) -> const Known* {
    auto found = of_class->second.find(Joined(syntaxes));
    return found != of_class->second.end() && now - found->second.at < lifetime ? &found->second
                                                                                : nullptr;
  };
  if (const Known* same = believed(context.transfer_syntaxes)) return same->answer;
  for (const Uid& syntax : context.transfer_syntaxes) {
    const Known* alone = believed({syntax});
    if (alone && alone->answer.result == ul::ContextResult::kAcceptance) return alone->answer;
  }
  return std::nullopt;
}

}  // namespace router::session
