#include "rules/actions/log.h"

#include "rules/words.h"

namespace rules {

bool ParseLog(const Positioned& node, Scope& scope, Draft& draft) {
  using router::log::Level;
  LogLine line;
  bool good = false;
  if (node.form == Positioned::Form::kScalar) {
    auto text = ParseText(node.scalar);
    if (!text) scope.problems.Error(node, "log: " + text.error().detail);
    if (text) line.text = std::move(*text);
    good = text.has_value();
  } else {
    Fields fields("log", node, scope.problems);
    if (!fields.is_map()) return false;
    good = fields.Value("text", line.text, ParseText);
    if (!fields.Written("text")) scope.problems.Error(node, "log needs a text");
    const auto words = WordOf<Level>({{"debug", Level::kDebug},
                                      {"info", Level::kInfo},
                                      {"warning", Level::kWarning},
                                      {"error", Level::kError}});
    good &= fields.Value("level", line.level, words) || !fields.Written("level");
    good = good && fields.AllKnown();
  }
  draft.then.log = std::move(line);
  return good;
}

}  // namespace rules
