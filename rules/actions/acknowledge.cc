#include "rules/actions/acknowledge.h"

#include "rules/words.h"

namespace rules {

bool ParseAcknowledge(const Positioned& node, Scope& scope, Draft& draft) {
  using After = Acknowledge::Then;
  const auto words = WordOf<After>({{"durable", After::kDurable}, {"refuse", After::kRefuse}});
  Acknowledge acknowledge;
  draft.then.acknowledge = acknowledge;
  if (node.form == Positioned::Form::kScalar) {
    auto then = words(node.scalar);
    if (!then) scope.problems.Error(node, "acknowledge: " + then.error().detail);
    if (then) draft.then.acknowledge->then = *then;
    return then.has_value();
  }
  Fields fields("acknowledge", node, scope.problems);
  if (!fields.is_map()) return false;
  bool good = fields.Value("wait", acknowledge.wait, ParseDuration);
  if (!fields.Written("wait")) scope.problems.Error(node, "acknowledge needs wait");
  good &= fields.Value("then", acknowledge.then, words) || !fields.Written("then");
  draft.then.acknowledge = acknowledge;
  return good && fields.AllKnown();
}

}  // namespace rules
