#include "router/config/meanings.h"

namespace router::config {
namespace {

constexpr Meaning kAll[] = {
    {"applications.NAME.ae_title", "Its real title, used towards it.", "the name"},
    {"applications.NAME.also_called",
     "Further titles under which clients call it (typing errors in old scripts). Corrected on the "
     "way."},
    {"applications.NAME.address", "Where it listens. Must not be our own listener."},
    {"applications.NAME.from",
     "Whence it calls us with the sub-operations of a C-MOVE. Needed if the address is a name "
     "(`localhost` excepted), or if it calls from another interface.",
     "its `address`"},
    {"applications.NAME.profile",
     "`aria`: instances are held until what they refer to exists (3D image, structure set, plan, "
     "dose), machines are checked, `confirm: query`, `call_as` our `ae_title`, `get: bridge`."},
    {"applications.NAME.mode",
     "`observe`: AE titles are rewritten, nothing is held or refused, moves are forwarded; what "
     "would have been done is logged, counted, and told by `sluice observe report` "
     "([operations.md](operations.md#watching-first))."},
    {"applications.NAME.machines",
     "Treatment machines as they are named in RT Administration, exactly. Empty: no check, and a "
     "warning. `aria` only."},
    {"applications.NAME.unknown_machine",
     "What becomes of a plan for any other machine. `map`: its name is replaced in the plan as "
     "`machine_names` says; what has no name there is quarantined; so is, as it came, a plan in "
     "which not every name could be replaced or that is too long to be edited (256 MiB, inflated). "
     "`aria` only."},
    {"applications.NAME.machine_names",
     "For `map`: what plans say, and what it is here (one of `machines`): `{OLD: EDGE}`. Replaced "
     "is (300A,00B2) in every beam, ion beam and brachytherapy machine, and nothing else; the "
     "change is in the log and in the ledger's history. Integrity data that the plan carries, "
     "(3287,1000) to (3287,1002), stays as it was made for the plan as it came, with a warning."},
    {"applications.NAME.clinical_edit",
     "Must be `true` for `unknown_machine: map`: a plan that is to be treated is changed on its "
     "way."},
    {"applications.NAME.patient_check",
     "When Patient ID or Name differ from those of an object that it refers to, or that refers to "
     "it and waits: a line in the log, or quarantine for the one that refers. Compared are objects "
     "that came here to be held (not images, which are only relayed), once they are kept here or "
     "stored there, with what they require (not with what they only mention), as they were "
     "written; what is empty differs from nothing. `aria` only."},
    {"applications.NAME.on_conflict",
     "The same SOP Instance UID with other content while the first is held: the first stays and "
     "the second is answered C000, or the second takes its place."},
    {"applications.NAME.hold", "How long an instance may wait, see below. `aria` only."},
    {"applications.NAME.requirements",
     "References for which a site may decide, see below. `aria` only."},
    {"applications.NAME.confirm",
     "When something sent counts as arrived: when it was answered with success, or when C-FIND "
     "found it too.",
     "`status`; `aria`: `query`"},
    {"applications.NAME.existence", "Questions about what exists there, see below."},
    {"applications.NAME.decide_within",
     "How long a C-STORE may wait for such an answer, to be sent at once."},
    {"applications.NAME.verify_for",
     "After a lost response: how long the instance is looked for before it is sent again."},
    {"applications.NAME.quiet_for",
     "A series to which nothing was added for so long is complete. `aria` only."},
    {"applications.NAME.max_associations",
     "Associations of ours to it, at once. One of them is kept for release and questions."},
    {"applications.NAME.wait_for",
     "How long a client waits for a free one; then it is rejected (transient, local limit). A "
     "C-MOVE on an association that it has already waits on."},
    {"applications.NAME.capabilities_for",
     "How long the presentation contexts that it accepts are remembered."},
    {"applications.NAME.call_as",
     "The calling AE title that we use towards it. A client's own `call_as` goes first.",
     "the client's own; `aria`: our `ae_title`"},
    {"applications.NAME.moves",
     "As the destination of a C-MOVE. `carry`: upstream sends to us and we to it; with `profile: "
     "aria`, what misses its references is held here like any other and told as a warning (B000). "
     "`forward`: upstream sends there itself, an alias becomes the real title.",
     "`carry` with an address, else `forward`"},
    {"applications.NAME.move_to",
     "As the destination of a C-MOVE it stands for these applications: each instance goes to all "
     "of them, and the worst of their answers is told. Each needs an address, and none may demand "
     "an order of injection. With it, an application needs no address of its own.",
     "none"},
    {"applications.NAME.move_as",
     "Our titles to which it stores what we carry; it must trust each at our address. Several tell "
     "simultaneous moves apart. None may be the title of an application.",
     "our `ae_title`"},
    {"applications.NAME.move_originator",
     "Do its sub-operations name the C-MOVE they belong to? `no`: what they say of it is not read. "
     "While that is not learned, moves that share a title go one after another if their "
     "identifiers may name the same instances."},
    {"applications.NAME.unknown_destinations",
     "A C-MOVE destination that is not configured here: passed on (upstream may know it), or "
     "answered A801."},
    {"applications.NAME.client_gone",
     "A C-MOVE whose client is gone: cancelled upstream, or ended. A C-GET is always cancelled."},
    {"applications.NAME.get",
     "C-GET of a client: relayed, or done by a C-MOVE of ours to ourselves, whose instances go "
     "down the client's association. `auto`: bridge where upstream rejects C-GET; it is asked once "
     "in `capabilities_for`. Upstream must know our `move_as` as a destination. With `mode: "
     "observe` it is relayed.",
     "`auto`; `aria`: `bridge`"},
    {"applications.NAME.answer_within",
     "A sub-operation that the destination has not answered by then is answered as failed; one "
     "that is held here as a warning, and the destination is asked what became of it. Below "
     "upstream's own timeout."},
    {"applications.NAME.settle",
     "After upstream's final response: how long sub-operations that it counted are waited for."},
    {"applications.NAME.late", "How long an ended move still takes sub-operations."},
    {"applications.NAME.pending_interval",
     "A client of a C-MOVE (or a C-GET that is bridged) hears from us at least that often. Clients "
     "give up at 30 s."},
    {"applications.NAME.max_moves",
     "How many C-MOVEs we carry from it at once; `0`: as many as there are. The others wait, the "
     "client with the fewest under way goes next, and all hear Pending meanwhile."},
    {"applications.NAME.complete_moves",
     "Carried C-MOVEs are compared with what it lists (C-FIND, the same keys), and what is missing "
     "is asked for again, so often at most, before the client has its final response. What is "
     "still missing then has failed. `0`: it is believed."},
    {"applications.NAME.storage_commitment",
     "Who answers requests for storage commitment. `off`: the application, they are relayed; but a "
     "request that names anything Sluice holds is served as with `existence`. `existence`: Sluice, "
     "success once the application says by C-FIND that it has the instance. `retained`: Sluice, "
     "success where its spool keeps the original as that client (calling AE title) sent it; every "
     "C-STORE of a client goes through the spool then (sub-operations of carried moves only where "
     "they may have to wait), and the original stays there after its delivery. Not together with "
     "`unknown_machine: map`. Changing from or to `retained` needs a restart; requests that are "
     "still open then are decided the new way."},
    {"applications.NAME.commitment", "Deadlines of storage commitment, see below."},
    {"applications.NAME.retry", "Sending again, see below."},
    {"applications.NAME.breaker", "When not to try, see below."},
    {"applications.NAME.statuses", "What failures mean, see below."},
    {"applications.NAME.timeouts", "Deadlines, see below."},
    {"applications.NAME.hold.warn_after", "A notice is raised."},
    {"applications.NAME.hold.at_most", "The wait ends."},
    {"applications.NAME.hold.then", "In quarantine, for a person to decide; or sent as it is."},
    {"applications.NAME.requirements.structure_set_images",
     "The images of a structure set, as `match_images` says."},
    {"applications.NAME.requirements.plan_structure_set",
     "The structure set that a plan names, unless its geometry is TREATMENT_DEVICE."},
    {"applications.NAME.requirements.dose_plan", "The plan of a dose."},
    {"applications.NAME.requirements.dose_structure_set",
     "The structure set that a dose names, if it names one."},
    {"applications.NAME.requirements.record_plan", "The plan of a treatment record."},
    {"applications.NAME.requirements.registration_images", "The images of a spatial registration."},
    {"applications.NAME.requirements.match_images",
     "What a structure set waits for: every image that it names; or, in their place, its series; "
     "or its frame of reference. What it does not name is not looked for: the next in the order "
     "image, series, frame of reference is."},
    {"applications.NAME.requirements.match_structure_sets",
     "What a plan or dose waits for: the structure set that it names; or any structure set of its "
     "own study. Eclipse exports structure sets under UIDs that its plans do not name."},
    {"applications.NAME.requirements.no_images",
     "A structure set that names no image, no series and no frame of reference: it waits for "
     "nothing, or a person decides."},
    {"applications.NAME.existence.first",
     "After a \"no\" it is asked again, the first time after this, then at doubling intervals."},
    {"applications.NAME.existence.most", "The longest interval."},
    {"applications.NAME.existence.lifetime", "How long a \"yes\" is believed."},
    {"applications.NAME.existence.per_second", "Questions, at most."},
    {"applications.NAME.commitment.at_most",
     "So long instances that are held, queued, or cannot be asked about are waited for; then they "
     "are reported as failed (0110H). With `retained` nothing is waited for, but an original that "
     "cannot be read at the moment."},
    {"applications.NAME.commitment.report_for",
     "A report that the client has not acknowledged by then is given up."},
    {"applications.NAME.commitment.idle_for",
     "An association on which the client asked for more than storage commitment must have been "
     "idle for so long before the report is sent there: a client that sends one instance after "
     "another has no ear for it in between."},
    {"applications.NAME.commitment.retain_for",
     "With `retained`: how long an original stays in the spool after its delivery, and after its "
     "commitment was reported (the promise is renewed with each attempt to report). Where space is "
     "short (`store: free_floor`) those go earlier that were not committed, the oldest first; "
     "never one that was."},
    {"applications.NAME.commitment.most_owed",
     "Requests of one calling AE title that are not reported yet. One more is refused (0213H); so "
     "is one beyond four times as many of all clients of the application together."},
    {"applications.NAME.retry.first", "The first pause; it doubles, with full jitter."},
    {"applications.NAME.retry.most", "The longest pause."},
    {"applications.NAME.retry.give_up_after",
     "So long after it became due the instance is put in quarantine; so long, too, where nobody "
     "answers what became of it."},
    {"applications.NAME.breaker.failures",
     "After so many failed connections in a row nothing more is sent."},
    {"applications.NAME.breaker.probe_every",
     "A C-ECHO is tried that often; when it succeeds, sending goes on."},
    {"applications.NAME.statuses.not_yet",
     "A reference may be missing: back to waiting, and what was known of its references is "
     "forgotten. A client whose instance was sent on at once gets the status; its next attempt is "
     "judged anew. Goes before `again`."},
    {"applications.NAME.statuses.again", "The same instance may succeed later."},
    {"applications.NAME.timeouts.connect", "The TCP connection."},
    {"applications.NAME.timeouts.association", "A-ASSOCIATE-AC after the request."},
    {"applications.NAME.timeouts.release", "A-RELEASE-RP after the request."},
    {"applications.NAME.timeouts.response",
     "Any DIMSE response, except those of C-MOVE and C-GET."},
    {"applications.NAME.timeouts.move_response", "Between two responses of a C-MOVE or C-GET."},
    {"applications.NAME.timeouts.idle", "An association of ours that nothing uses is released."},
    {"applications.NAME.timeouts.write_stall", "A peer that does not read is given up."},
};

}  // namespace

std::span<const Meaning> MeaningsOfAnApplication() { return kAll; }

}  // namespace router::config
