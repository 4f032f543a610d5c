#pragma once
#include <string_view>

#include "router/base/element.h"

namespace router::dataset {

// "BeamSequence[1].TreatmentMachineName", "(0009,xx01)[ACME]": for tests.
ElementPath PathFrom(std::string_view text);

// One edit, with its text.
ElementEdit SetTo(std::string_view path, std::string_view value);
ElementEdit RemoveOf(std::string_view path);
ElementEdit CopyTo(std::string_view path, std::string_view from);

}  // namespace router::dataset
