#pragma once
#include <span>
#include <string>

#include "router/dataset/identifier.h"

// Identifiers of C-GET requests in the Patient Root model, for an application that has Study Root
// alone (PS3.4 C.6.1 and C.6.2 differ by the PATIENT level and its key). Pure.
namespace router::session {

// The patient that is asked for as a whole; empty where the level is another.
std::string PatientAskedFor(const dataset::Identifier& keys);

// At the levels STUDY, SERIES and IMAGE Patient ID goes where a unique key below it stands; what is
// left is the same in both models. At the level PATIENT the studies of the patient are asked for by
// name; without any, by Patient ID at the level STUDY, which no standard has and VMSDBD takes.
Result<> ToStudyRoot(dataset::Identifier& keys, std::span<const Uid> studies);

}  // namespace router::session
