#include "rules/actions/character_set.h"

#include <algorithm>
#include <array>

#include "rules/actions/edits.h"

namespace rules {
namespace {

// Defined terms of (0008,0005) without code extensions (PS3.3 C.12.1.1.2): what can be written in
// full by them alone.
constexpr std::array<std::string_view, 15> kSets = {
    "ISO_IR 6",   "ISO_IR 100", "ISO_IR 101", "ISO_IR 109", "ISO_IR 110",
    "ISO_IR 144", "ISO_IR 127", "ISO_IR 126", "ISO_IR 138", "ISO_IR 148",
    "ISO_IR 13",  "ISO_IR 166", "ISO_IR 192", "GB18030",    "GBK"};
constexpr uint32_t kSpecificCharacterSet = 0x00080005;

}  // namespace

bool ParseCharacterSet(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsScalar("character_set", node, scope.problems)) return false;
  if (std::ranges::find(kSets, node.scalar) == kSets.end()) {
    const std::vector<std::string> known(kSets.begin(), kSets.end());
    scope.problems.Error(
        node, "character_set: " + Quoted(node.scalar) + " is none" + Suggest(node.scalar, known));
    return false;
  }
  Edit edit;
  edit.kind = Edit::Kind::kCharacterSet;
  edit.path = {{{kSpecificCharacterSet, {}, 0}}, "SpecificCharacterSet"};
  edit.value = node.scalar;
  edit.text = "texts in " + node.scalar;
  return AddEdit(std::move(edit), node, scope, draft);
}

}  // namespace rules
