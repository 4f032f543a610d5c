#pragma once
#include "router/config/config.h"
#include "router/dimse/command_set.h"
#include "router/session/ruling.h"
#include "router/session/store_terms.h"
#include "rules/decide.h"

// What decides on a client's request, apart from who does it: pure, for the session that obeys and
// for `sluice explain` that tells.
namespace router::session {

// What is known of a request without any rule, for rules::Decide.
rules::Facts FactsOf(const config::Application& application, const dimse::CommandSet& command);

// What rules decided of a message, for those who deal with it.
struct Ruled {
  const config::Application* application = nullptr;  // goes there instead
  AeTitle calling_as;                                // our title there; empty: as configured
  std::vector<AeTitle> move_to;
  AeTitle retrieve_ae_title;
  std::vector<std::string> copy_to;  // keys of applications, each once
  StoreTerms terms;
  bool spools = false;  // it is received whole before it goes anywhere
  bool late = false;    // and rules look at it then
  std::string edits;    // that were made, for the history of a row
};
Ruled RuledBy(const Ruling& ruling, WallTime now);

// Without a rule, does an instance go through the spool where its association allows that?
bool Spools(const config::Application& application, const rules::Step& step);

// The answer to a request of which the rules cannot be obeyed, so that it does not go on either.
rules::Refuse CannotObey(const Error& why, dimse::Command command);

}  // namespace router::session
