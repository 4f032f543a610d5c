#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace router::dataset {

// What may be said of a message of DCMTK's: where in DCMTK it arose ("dcitem.cc:1234") and which
// element it is about, "(0010,0020)" or nothing. Never its text, which quotes values.
std::string PlaceOf(std::string_view file, int line);
std::string FirstTagIn(std::string_view message);

bool IsPowerOfTen(uint64_t number);

}  // namespace router::dataset
