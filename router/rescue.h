#pragma once
#include <iosfwd>
#include <string>

namespace router {

// `sluice rescue`: takes out of the store of a dead Sluice what it had acknowledged, and says how
// much of that is not known to be upstream. Exit code: 0; 1 after a line on `err` where something
// could not be taken out whole.
int RunRescue(const std::string& store, const std::string& to, std::ostream& out,
              std::ostream& err);

}  // namespace router
