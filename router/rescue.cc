#include "router/rescue.h"

#include <fmt/format.h>

#include <ostream>

#include "router/store/rescue.h"

namespace router {

int RunRescue(const std::string& store, const std::string& to, std::ostream& out,
              std::ostream& err) {
  auto rescued = store::Rescue(store, to);
  if (!rescued) {
    err << "sluice: " << rescued.error().detail << "\n";
    return 1;
  }
  const store::ExportCounts& all = rescued->report.all;
  out << fmt::format("{} acknowledged instances are not known to be upstream; {} written to {}\n",
                     all.instances, all.written, to);
  for (const auto& [application, of] : rescued->report.applications) {
    out << fmt::format("  {}: {}, of these {} quarantined, {} perhaps there already\n", application,
                       of.counts.instances, of.counts.quarantined, of.counts.maybe_there);
    out << fmt::format("    send them with: sh {}/{} HOST PORT\n", to, of.script);
  }
  if (rescued->unclaimed > 0) {
    out << fmt::format("{} files of the spool belong to no acknowledged instance: left there\n",
                       rescued->unclaimed);
  }
  if (all.damaged + all.lost == 0) return 0;
  err << fmt::format(
      "sluice: {} files are not what was received, {} are missing: manifest.csv says which; "
      "export those again from their source\n",
      all.damaged, all.lost);
  return 1;
}

}  // namespace router
