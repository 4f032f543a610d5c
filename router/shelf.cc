#include "router/shelf.h"

#include <fmt/format.h>

#include <ostream>

#include "router/store/backup.h"

namespace router {
namespace {

int Failed(const Error& error, std::ostream& err) {
  err << "sluice: " << error.detail << '\n';
  return 1;
}

}  // namespace

int RunBackUp(const std::string& store, const std::string& to, std::ostream& out,
              std::ostream& err) {
  auto copy = store::BackUp(store, to);
  if (!copy) return Failed(copy.error(), err);
  out << fmt::format("{} instances ({} files, {} bytes) saved in {}\n", copy->instances,
                     copy->files, copy->bytes, to);
  return 0;
}

int RunRestore(const std::string& from, const std::string& store, std::ostream& out,
               std::ostream& err) {
  auto copy = store::Restore(from, store, Clock().WallNow());
  if (!copy) return Failed(copy.error(), err);
  if (copy->damaged.empty()) {
    out << fmt::format("{} instances ({} files, {} bytes) restored in {}\n", copy->instances,
                       copy->files, copy->bytes, store);
    return 0;
  }
  const auto damaged = static_cast<int64_t>(copy->damaged.size());
  out << fmt::format("{} of {} instances restored in {}; {} are damaged\n",
                     copy->instances - damaged, copy->instances, store, damaged);
  for (const store::DamagedInstance& one : copy->damaged) {
    err << fmt::format("{} {} for {} ({}): its file spool/{} {}\n", NameOf(one.kind),
                       one.sop_instance.view(), one.application, one.state, one.file,
                       one.missing ? "is not in the backup" : "is not what was received");
  }
  err << "sluice: look for these in an older backup, or export them again from their source; "
         "Sluice puts each into quarantine (unreadable) when it is due: then discard it\n";
  return 1;
}

}  // namespace router
