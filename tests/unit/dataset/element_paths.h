#pragma once
#include <string_view>

#include "router/base/element.h"

namespace router::dataset {

// "BeamSequence[1].TreatmentMachineName", "(0009,xx01)[ACME]": for tests.
ElementPath PathFrom(std::string_view text);

}  // namespace router::dataset
