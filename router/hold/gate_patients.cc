#include <algorithm>

#include "router/base/log.h"
#include "router/dimse/status.h"
#include "router/hold/gate.h"
#include "router/net/future.h"

// `patient_check`: whose an instance is, compared with whose is what it refers to.
namespace router::hold {
namespace {

// Judged, and never sent after all: it was given up, or is in the ledger.
constexpr std::chrono::seconds kSentWithin{10};

bool Names(const std::vector<Uid>& uids, const Uid& uid) {
  return std::ranges::find(uids, uid) != uids.end();
}

}  // namespace

// Compared with what it requires of what came through us before. Whose it is itself is remembered
// only once it is kept or stored there. False: the verdict is settled.
Task<Result<bool>> Gate::JudgePatient(store::Instance instance, std::vector<Uid> required,
                                      Verdict& verdict) {
  auto others =
      co_await services_.ledger.OtherPatients(name_, std::move(required), verdict.patient);
  if (!others) co_return std::unexpected(others.error());
  if (others->empty()) co_return true;
  NoteOtherPatient(instance, others->front(), verdict);
  co_return verdict.kind != Verdict::Kind::kQuarantine;
}

// Where `patient_check` only warns it is said, and nothing else.
void Gate::NoteOtherPatient(const store::Instance& instance, const Uid& other,
                            Verdict& verdict) const {
  if (!verdict.patient_differs) LogOtherPatient(instance.sop_instance, instance.kind, other);
  verdict.patient_differs = true;
  if (application().patient_check != config::PatientCheck::kQuarantine) return;
  verdict.kind = Verdict::Kind::kQuarantine;
  verdict.reason = store::PatientDiffersFrom(other);
  verdict.status = dimse::status::kCannotUnderstand;
  verdict.comment = "Patient ID or Name differs from that of what it refers to";
}

// It is about to be sent, and the ledger does not know whose it is before it is stored: what else
// is on its way at the same time is compared here. Whichever of two comes second sees the first.
void Gate::LetPass(const store::Instance& instance, std::vector<Uid> required, Verdict& verdict) {
  const SteadyTime now = services_.clock.Now();
  std::erase_if(passing_,
                [&](const Passing& one) { return !one.begun && now - one.since > kSentWithin; });
  for (const Passing& one : passing_) {
    if (!one.patient.DiffersFrom(verdict.patient)) continue;
    if (Names(required, one.sop_instance)) NoteOtherPatient(instance, one.sop_instance, verdict);
    // It cannot be called back.
    if (Names(one.required, instance.sop_instance))
      LogOtherPatient(one.sop_instance, one.kind, instance.sop_instance);
  }
  if (verdict.kind != Verdict::Kind::kReady || !verdict.patient.IsKnown()) return;
  passing_.push_back(
      {instance.sop_instance, instance.kind, verdict.patient, std::move(required), now, false});
}

Task<> Gate::NotePatient(Uid sop_instance, store::Patient patient) {
  return net::RunOn<void>(services_.home,
                          [this, sop_instance = std::move(sop_instance), patient]() mutable {
                            return NotePatientHere(std::move(sop_instance), patient);
                          });
}

Task<> Gate::NotePatientHere(Uid sop_instance, store::Patient patient) {
  // Who only observes leaves alone what waits here.
  const bool quarantine = application().patient_check == config::PatientCheck::kQuarantine &&
                          application().mode == config::Mode::kEnforce;
  auto noted = co_await services_.ledger.NotePatient(name_, sop_instance, patient, quarantine);
  if (!noted)
    log::Error("the ledger did not do as it was told",
               {{"application", name_}, {"reason", noted.error().detail}});
}

// UIDs alone: the log never has anything of a patient.
void Gate::LogOtherPatient(const Uid& sop_instance, Kind kind, const Uid& other) const {
  const bool kept = application().patient_check == config::PatientCheck::kQuarantine;
  log::Warning("patient differs", {{"sop_instance_uid", sop_instance.view()},
                                   {"kind", NameOf(kind)},
                                   {"application", name_},
                                   {"refers_to", other.view()},
                                   {"check", kept ? "quarantine" : "warn"}});
}

}  // namespace router::hold
