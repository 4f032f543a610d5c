#include "rules/actions/limit.h"

#include "rules/values.h"

namespace rules {

bool ParseLimit(const Positioned& node, Scope& scope, Draft& draft) {
  Fields fields("limit", node, scope.problems);
  if (!fields.is_map()) return false;
  Limit limit;
  bool good = fields.Value("count", limit.count, ParseCount);
  good &= fields.Value("per", limit.per, ParseDuration);
  for (std::string_view key : {"count", "per"})
    if (!fields.Written(key)) scope.problems.Error(node, "limit needs " + std::string(key));
  good &=
      fields.Value("each_client", limit.each_client, ParseBool) || !fields.Written("each_client");
  draft.then.limit = limit;
  return good && fields.AllKnown();
}

}  // namespace rules
