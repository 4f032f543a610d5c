#include "router/base/log.h"
#include "router/store/queries.h"
#include "router/store/steps.h"

// Whose the instances are that came through us: digests, for `patient_check`.
namespace router::store::steps {
namespace {

std::optional<dataset::Digest> DigestIn(Rows& rows) {
  const Buffer blob = rows.Blob();
  dataset::Digest digest{};
  if (blob.size() != digest.size()) return std::nullopt;
  std::copy(blob.begin(), blob.end(), digest.begin());
  return digest;
}

std::optional<Bytes> BlobOf(const std::optional<dataset::Digest>& digest) {
  if (!digest) return std::nullopt;
  return Bytes(*digest);
}

Patient PatientOf(Transaction& tx, const std::string& application, const Uid& uid) {
  Rows rows = tx.database().Ask(
      "SELECT id_digest, name_digest FROM patient WHERE application = ? AND uid = ?", application,
      uid);
  Patient patient;
  if (!rows.Next()) return patient;
  patient.id = DigestIn(rows);
  patient.name = DigestIn(rows);
  return patient;
}

void Remember(Transaction& tx, const std::string& application, const Uid& uid,
              const Patient& patient) {
  tx.database().Run(
      "INSERT INTO patient (application, uid, id_digest, name_digest, at) VALUES (?, ?, ?, ?, ?) "
      "ON CONFLICT (application, uid) DO UPDATE SET id_digest = excluded.id_digest, "
      "name_digest = excluded.name_digest, at = excluded.at",
      application, uid, BlobOf(patient.id), BlobOf(patient.name), tx.now());
}

}  // namespace

std::vector<Uid> OtherPatients(Transaction& tx, const std::string& application,
                               const std::vector<Uid>& uids, const Patient& patient) {
  std::vector<Uid> others;
  if (!patient.IsKnown()) return others;
  for (const Uid& uid : uids) {
    if (PatientOf(tx, application, uid).DiffersFrom(patient)) others.push_back(uid);
  }
  return others;
}

std::vector<Row> NotePatient(Transaction& tx, const std::string& application, const Uid& uid,
                             const Patient& patient, bool quarantine) {
  std::vector<Row> others;
  if (!patient.IsKnown()) return others;
  Remember(tx, application, uid, patient);
  static const std::string kSql = SelectRows(
      "WHERE state = 'waiting' AND id IN (SELECT row FROM requirement WHERE application = ? AND "
      "uid = ? AND noted = 0)");
  for (Row& row : TakeRows(tx.database().Ask(kSql, application, uid))) {
    if (!PatientOf(tx, application, row.instance.sop_instance).DiffersFrom(patient)) continue;
    log::Warning("patient differs", {{"sop_instance_uid", row.instance.sop_instance.view()},
                                     {"kind", NameOf(row.instance.kind)},
                                     {"application", application},
                                     {"refers_to", uid.view()},
                                     {"check", quarantine ? "quarantine" : "warn"}});
    if (quarantine) (void)Quarantine(tx, row.id, PatientDiffersFrom(uid), State::kWaiting);
    others.push_back(std::move(row));
  }
  return others;
}

// As long as existence is remembered.
int64_t ForgetPatients(Transaction& tx, WallTime before, int at_most) {
  return tx.database().Run(
      "DELETE FROM patient WHERE (application, uid) IN "
      "(SELECT application, uid FROM patient WHERE at <= ? ORDER BY at LIMIT ?)",
      before, at_most);
}

}  // namespace router::store::steps
