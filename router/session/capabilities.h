#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/ul/negotiation.h"

namespace router::session {

// What an application accepted when it was last asked, for associations that are terminated here:
// per abstract syntax and list of offered transfer syntaxes, with a lifetime. On the home loop of
// the application.
class Capabilities {
 public:
  // What upstream answered to what was offered.
  void Learn(const ul::AssociateRq& offered, const ul::AssociateAc& answered, SteadyTime now);
  // Upstream refused what it accepted before.
  void Forget(const Uid& abstract_syntax);

  // How this context would be answered; nullopt if that is not known, or no longer believed.
  // Another list of transfer syntaxes than one that was asked is answered with the first of its
  // syntaxes that is known to be accepted.
  std::optional<ul::ContextAnswer> Answer(const ul::ProposedContext& context, SteadyTime now,
                                          config::Duration lifetime) const;

 private:
  struct Known {
    ul::ContextAnswer answer;
    SteadyTime at;
  };
  // Abstract syntax → offered transfer syntaxes, joined → answer.
  std::map<Uid, std::map<std::string, Known>> known_;
};

}  // namespace router::session
