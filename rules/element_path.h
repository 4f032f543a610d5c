#pragma once
#include <optional>
#include <string_view>

#include "router/base/element.h"
#include "router/base/result.h"
#include "rules/world.h"

namespace rules {

// "BeamSequence.TreatmentMachineName", "BeamSequence[1].(300A,00C2)", "(3253,xx00)[CREATOR]". The
// error says what is wrong, with the nearest keyword. What cannot be asked for nor edited is an
// error too: groups 0000 and 0002, which are not in a data set, and pixel data.
router::Result<router::ElementPath> ParseElementPath(std::string_view text,
                                                     const Dictionary& dictionary);

// Of the element at its end; empty if that is not known.
std::string VrOf(const router::ElementPath& path, const Dictionary& dictionary);

}  // namespace rules
