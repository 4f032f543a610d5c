#include "rules/actions/retrieve_ae_title.h"

#include "rules/actions/targets.h"

namespace rules {

bool ParseRetrieveAeTitle(const Positioned& node, Scope& scope, Draft& draft) {
  return ReadTitle("retrieve_ae_title", node, scope, draft.then.retrieve_ae_title);
}

}  // namespace rules
