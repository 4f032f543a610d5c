#include "rules/actions/refuse.h"

#include "rules/values.h"

namespace rules {
namespace {

bool ReadStatus(const Positioned& node, Scope& scope, Refuse& refuse) {
  auto status = ParseStatus(node.scalar);
  if (!status) scope.problems.Error(node, "refuse: " + status.error().detail);
  if (status) refuse.status = *status;
  return status.has_value();
}

}  // namespace

bool ParseRefuse(const Positioned& node, Scope& scope, Draft& draft) {
  Refuse refuse{0, {}};
  bool good = false;
  if (node.form == Positioned::Form::kScalar) {
    good = ReadStatus(node, scope, refuse);
  } else {
    Fields fields("refuse", node, scope.problems);
    if (!fields.is_map()) return false;
    good = fields.Value("status", refuse.status, ParseStatus);
    if (!fields.Written("status")) scope.problems.Error(node, "refuse needs a status");
    const bool comment = fields.Value("comment", refuse.comment, ParseComment);
    good = good && (comment || !fields.Written("comment")) && fields.AllKnown();
  }
  if (draft.then.outcome) {
    scope.problems.Error(node, "refuse and drop exclude each other");
    return false;
  }
  draft.then.outcome = refuse;
  return good;
}

}  // namespace rules
