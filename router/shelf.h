#pragma once
#include <iosfwd>
#include <string>

namespace router {

// `sluice backup` and `sluice restore`. The exit code; what was done, or why not, is printed.
int RunBackUp(const std::string& store, const std::string& to, std::ostream& out,
              std::ostream& err);
int RunRestore(const std::string& from, const std::string& store, std::ostream& out,
               std::ostream& err);

}  // namespace router
