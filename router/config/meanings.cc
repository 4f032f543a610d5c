#include "router/config/meanings.h"

#include <algorithm>

namespace router::config {
namespace {

constexpr Meaning kAll[] = {
    {"include", "Further files, see below.", "none"},
    {"ae_title", "Our own title. VMSDBD must trust it at our address. A client may C-ECHO it."},
    {"listen", "Where clients call, see below."},
    {"store", "Stable storage, see below."},
    {"loops", "Event loops; 0 is one per core."},
    {"applications", "Whom clients call through us, and where C-MOVEs go. The key is the name."},
    {"clients", "Who may call. Everybody else is rejected."},
    {"admin", "The HTTP API and the page.", "none"},
    {"metrics", "A listener of its own for `/metrics`.", "none"},
    {"log", "Log lines."},
    {"limits", "Budgets and deadlines of the whole process."},
    {"rules", "What is done otherwise than by default: [rules.md](rules.md).",
     "`[]`"},
    {"listen.address", "Which interface.", "every interface"},
    {"listen.port", "Usually the port where clients used to reach VMSDBD."},
    {"store.directory",
     "Holds the ledger and the spool. A local disk: what we acknowledge must survive a loss of "
     "power."},
    {"store.free_floor",
     "So much space stays free: what would go below it is not held, and its C-STORE is answered "
     "A700. That goes for what is being received too; of many that come at once and do not all "
     "fit, those that ask first are kept."},
    {"clients.ae_title", "Its calling AE titles. The first is its label in metrics."},
    {"clients.from", "Whence it may call."},
    {"clients.may",
     "`store`, `find`, `move`, `get`, `commit` (storage commitment), `normalized` (every other "
     "N-service). `echo` is always allowed.",
     "everything"},
    {"clients.call_as",
     "The calling AE title that we use upstream on its behalf. Varian sets a character set per "
     "trusted title, so clients that need different ones need different titles.",
     "the application's"},
    {"clients.receives_on", "As a C-MOVE destination: this port of the address it calls from."},
    {"clients.address", "As a C-MOVE destination: always here. Instead of `receives_on`."},
    {"clients.acknowledge",
     "How a C-STORE is answered that the application does not take at once: `durable`, 0000 as "
     "soon as it is safe on disk; `refuse`, a failure (A700; C000 where it would be quarantined), "
     "and nothing is kept. As a map, see below."},
    {"clients.acknowledge.wait",
     "So long, at most, the client waits for the application's own answer first.", "none"},
    {"clients.acknowledge.then", "What is answered after that."},
    {"admin.listen", "Without it there is no API and no page."},
    {"admin.token", "Whoever changes anything must bring it; from other machines, whoever reads."},
    {"admin.token_file", "The token is the first line of this file. Instead of `token`."},
    {"metrics.listen", "`/metrics` alone, without a token: for a Prometheus on another machine."},
    {"log.level", "What is less is not written."},
    {"log.form", "One line per outcome, never with patient data."},
    {"limits.max_pdu", "The longest PDU that we take, and the cap of what is mirrored."},
    {"limits.buffers", "Everything in flight; beyond it reading pauses."},
    {"limits.associations", "Of clients, at once; beyond it they are rejected (transient)."},
    {"limits.associations_per_address", "The same from one address."},
    {"limits.artim", "PS3.8 9.1.5: a connection without an association request is closed."},
    {"limits.client_idle", "An association without a message is aborted."},
    {"limits.write_stall", "A client that does not read is given up."},
    {"limits.drain", "At stop: how long operations may take to end."},
};

}  // namespace

std::span<const Meaning> MeaningsOfTheFile() { return kAll; }

const Meaning* FindMeaning(std::string_view key) {
  for (std::span<const Meaning> some : {MeaningsOfTheFile(), MeaningsOfAnApplication()}) {
    auto found = std::ranges::find(some, key, &Meaning::key);
    if (found != some.end()) return &*found;
  }
  return nullptr;
}

}  // namespace router::config
