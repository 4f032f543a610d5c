#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/result.h"
#include "router/dataset/encoding.h"
#include "router/dataset/scanner.h"

namespace router::dataset {

// The data dictionary (PS3.6) as DCMTK has it. Read once, at the first call (about 33 ms: see
// Start in init.h) and unchanging afterwards. Any thread.

// Standard elements only; a private tag is never known here.
bool IsSequence(Tag tag);

// The VR of a standard element; kNoVr if unknown. Where several are possible (US or SS, OB or
// OW) the one that DCMTK prefers.
Vr VrInDictionary(Tag tag);

// The VR of a private element (gggg,00ee within its block, or whole) of this creator, as far as
// DCMTK's dictionary of private elements goes; kNoVr if unknown. Takes a lock: not for every
// element of a data set.
Vr PrivateVrInDictionary(Tag tag, std::string_view creator);

// By keyword ("TreatmentMachineName") or as "gggg,eeee", with or without parentheses.
std::optional<Tag> TagOf(std::string_view keyword);

// "BeamSequence.TreatmentMachineName" as tags, from the outside in. Errors: kBadConfig with the
// keyword that is not known.
Result<std::vector<Tag>> PathOf(std::string_view dotted_keywords);

// The keyword of a standard element, or "(gggg,eeee)".
std::string KeywordOf(Tag tag);

// Every keyword of a standard element with a tag of its own, in no order.
const std::vector<std::string>& Keywords();

}  // namespace router::dataset
