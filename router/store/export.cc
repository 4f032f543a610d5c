#include "router/store/export.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "router/dataset/digest.h"
#include "router/dataset/part10.h"
#include "router/store/copies.h"
#include "router/store/whole_file.h"

namespace router::store {
namespace {

constexpr size_t kBlock = 256 << 10;  // bytes
constexpr std::string_view kColumns =
    "order,application,file,sop_instance_uid,sop_class_uid,kind,state,reason,missing,missing_uids,"
    "may_be_there,called,calling,client,accepted_at,bytes,sha256\n";

// RFC 4180.
std::string Cell(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string cell = "\"";
  for (char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + '"';
}

std::string TimeText(WallTime time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string Joined(const std::vector<Requirement>& missing) {
  std::string joined;
  for (const Requirement& one : missing) joined += (joined.empty() ? "" : " ") + one.uid.str();
  return joined;
}

// A name of the configuration as the name of a folder that is not taken yet.
std::string FolderOf(const std::string& application, std::set<std::string>& taken) {
  std::string folder;
  for (char c : application.substr(0, 100)) {
    const bool fits = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
    folder += fits ? c : '_';
  }
  if (folder.empty() || folder.front() == '-') folder.insert(0, "_");
  std::string free = folder;
  for (int n = 2; !taken.insert(free).second; ++n) free = folder + "_" + std::to_string(n);
  return free;
}

// What became of one file.
enum class Copied : uint8_t { kWhole, kDamaged, kLost };
constexpr std::string_view NameOf(Copied copied) {
  return copied == Copied::kWhole ? "ok" : copied == Copied::kDamaged ? "differs" : "no file";
}

// One export while it is made.
class Exporter {
 public:
  Exporter(LedgerReader& ledger, const StorePaths& store, ExportOptions options, Disk& disk)
      : ledger_(ledger), store_(store), options_(std::move(options)), disk_(disk) {}

  Result<ExportReport> Run() {
    const std::string path = options_.to + "/manifest.csv";
    Result<WholeFile> manifest = WholeFile::Create(disk_, path);
    if (!manifest) return std::unexpected(manifest.error());
    if (Result<> begun = manifest->Add(kColumns); !begun) return std::unexpected(begun.error());
    Result<std::map<std::string, int64_t>> open = ledger_.OpenRows();
    if (!open) return std::unexpected(open.error());
    for (const auto& [application, count] : *open) {
      Result<> written = WriteApplication(application, *manifest);
      if (!written) return std::unexpected(written.error());
    }
    if (Result<> done = manifest->Finish(); !done) return std::unexpected(done.error());
    if (Result<> synced = disk_.SyncDirectory(options_.to); !synced)
      return std::unexpected(synced.error());
    return std::move(report_);
  }

 private:
  Result<> WriteApplication(const std::string& application, WholeFile& manifest) {
    Result<std::vector<RowId>> rows = ledger_.InOrderOfInjection(application);
    if (!rows) return std::unexpected(rows.error());
    ExportReport::Of& of = report_.applications[application];
    of.folder = FolderOf(application, folders_);
    of.script = "send-" + of.folder + ".sh";
    folder_ = options_.to + "/" + of.folder;
    if (Result<> made = disk_.MakeDirectory(folder_); !made) return made;
    std::optional<SendScript> script;
    const size_t digits = std::max<size_t>(6, std::to_string(rows->size()).size());
    for (RowId id : *rows) {
      Result<std::optional<Row>> row = OpenRow(id);
      if (!row) return std::unexpected(row.error());
      if (!*row) continue;
      if (!script) script.emplace(application, AddressOf(**row));
      const std::string number =
          fmt::format("{:0{}}-{}", of.counts.instances + 1, digits, NameOf((*row)->instance.kind));
      Result<> written = WriteRow(**row, number, of, *script, manifest);
      if (!written) return written;
      if (options_.progress && !options_.progress(report_.all))
        return Fail(Errc::kInterrupted, Blame::kInternal, "Sluice is stopping");
    }
    if (!script) script.emplace(application, SendTo{});
    if (Result<> wrote = WriteScript(options_.to + "/" + of.script, *script); !wrote) return wrote;
    return disk_.SyncDirectory(folder_);
  }

  Result<> WriteScript(const std::string& path, const SendScript& script) {
    Result<WholeFile> file = WholeFile::Create(disk_, path);
    if (!file) return std::unexpected(file.error());
    if (Result<> added = file->Add(script.Text()); !added) return added;
    return file->Finish();
  }

  // Nothing if it ended meanwhile.
  Result<std::optional<Row>> OpenRow(RowId id) {
    Result<Row> row = ledger_.Find(id);
    if (!row && row.error().code == Errc::kNotFound) return std::nullopt;
    if (!row) return std::unexpected(row.error());
    if (!IsOpen(row->state)) return std::nullopt;
    return std::optional<Row>(std::move(*row));
  }

  SendTo AddressOf(const Row& row) const {
    auto known = options_.known.find(row.instance.application);
    if (known != options_.known.end()) return known->second;
    return {"", "", row.instance.called};
  }

  Result<> WriteRow(const Row& row, const std::string& number, ExportReport::Of& of,
                    SendScript& script, WholeFile& manifest) {
    Result<WholeFile> file = WholeFile::Create(disk_, folder_ + "/" + number + ".dcm");
    if (!file) return std::unexpected(file.error());
    Result<Copied> copied = Copy(row, *file);
    if (!copied) return std::unexpected(copied.error());
    Result<std::optional<Row>> now = OpenRow(row.id);  // its end takes the file away
    if (!now) return std::unexpected(now.error());
    if (!*now) return {};
    const Row& latest = **now;  // it may have been sent, or given up, meanwhile
    const bool aside = latest.state == State::kQuarantined;
    const std::string name = number + (aside ? ".quarantined.dcm" : ".dcm");
    const std::string kept = *copied == Copied::kDamaged ? name + ".damaged" : name;
    if (*copied != Copied::kLost) {
      if (Result<> done = file->Finish(folder_ + "/" + kept); !done) return done;
    }
    const std::string relative = of.folder + "/" + kept;
    if (*copied == Copied::kWhole) {
      const AeTitle& ours = row.instance.calling_as;
      script.Add(relative, ours.empty() ? row.instance.client : ours, row.instance.transfer_syntax,
                 aside);
    }
    Count(latest, *copied, of);
    return WriteLine(latest, of.counts.instances, *copied == Copied::kLost ? "" : relative, *copied,
                     manifest);
  }

  void Count(const Row& row, Copied copied, ExportReport::Of& of) {
    const bool whole = copied == Copied::kWhole;
    const ExportCounts one = {.instances = 1,
                              .written = whole ? 1 : 0,
                              .damaged = copied == Copied::kDamaged ? 1 : 0,
                              .lost = copied == Copied::kLost ? 1 : 0,
                              .quarantined = whole && row.state == State::kQuarantined ? 1 : 0,
                              .maybe_there = MayBeThere(row) ? 1 : 0};
    of.counts.Add(one);
    report_.all.Add(one);
  }

  static bool MayBeThere(const Row& row) {
    return row.maybe_there || row.state == State::kVerifying ||
           (row.state == State::kSending && row.begun);
  }

  Result<> WriteLine(const Row& row, int64_t order, const std::string& file, Copied copied,
                     WholeFile& manifest) {
    Result<std::vector<Requirement>> missing = ledger_.Missing(row.id, 0);
    if (!missing) return std::unexpected(missing.error());
    const Instance& instance = row.instance;
    const std::string reason =
        row.reason.text.empty() ? std::string(NameOf(row.reason.cause)) : row.reason.text;
    std::string line;
    for (const std::string& cell :
         {std::to_string(order), instance.application, file, instance.sop_instance.str(),
          instance.sop_class.str(), std::string(NameOf(instance.kind)),
          std::string(NameOf(row.state)), reason, std::to_string(row.missing), Joined(*missing),
          std::string(MayBeThere(row) ? "yes" : "no"), instance.called.str(),
          instance.calling_as.str(), instance.client.str(), TimeText(row.accepted_at),
          std::to_string(row.file.size), std::string(NameOf(copied))})
      line += (line.empty() ? "" : ",") + Cell(cell);
    return manifest.Add(line + "\n");
  }

  // What of the spool file can be read; whether that is the instance is said by its digest, and by
  // its header. An error is the target's.
  Result<Copied> Copy(const Row& row, WholeFile& target) {
    Result<int> source = disk_.OpenToRead(store_.File(row.file.name));
    if (!source && source.error().code == Errc::kNotFound) return Copied::kLost;
    if (!source) return Copied::kDamaged;
    Result<Copied> copied = CopyFrom(*source, row, target);
    disk_.Close(*source);
    if (!copied || *copied != Copied::kWhole) return copied;
    return IsPart10Of(row, target.part()) ? Copied::kWhole : Copied::kDamaged;
  }

  Result<Copied> CopyFrom(int source, const Row& row, WholeFile& target) {
    dataset::Sha256 sha256;
    Buffer block(kBlock);
    uint64_t offset = 0;
    for (;;) {
      Result<size_t> got = disk_.ReadAt(source, offset, block);
      if (!got) return Copied::kDamaged;  // a bad sector must not keep the others here
      if (*got == 0) break;
      const Bytes bytes = Bytes(block).first(*got);
      const uint64_t header =
          row.file.dataset_offset > offset ? row.file.dataset_offset - offset : 0;
      if (header < bytes.size()) sha256.Add(bytes.subspan(header));
      if (Result<> added = target.Add(bytes); !added) return std::unexpected(added.error());
      offset += *got;
    }
    const bool same = offset == row.file.size && sha256.Finish() == row.file.sha256;
    return same ? Copied::kWhole : Copied::kDamaged;
  }

  // The digest is of the data set; the header in front of it must be its own.
  static bool IsPart10Of(const Row& row, const std::string& path) {
    Result<dataset::Part10Header> header = dataset::ReadPart10Header(path);
    return header && header->dataset_offset == row.file.dataset_offset &&
           header->meta.sop_instance == row.instance.sop_instance &&
           header->meta.transfer_syntax == row.instance.transfer_syntax;
  }

  LedgerReader& ledger_;
  const StorePaths& store_;
  const ExportOptions options_;
  Disk& disk_;
  ExportReport report_;
  std::set<std::string> folders_;
  std::string folder_;  // of the application at hand
};

}  // namespace

void ExportCounts::Add(const ExportCounts& other) {
  instances += other.instances;
  written += other.written;
  damaged += other.damaged;
  lost += other.lost;
  quarantined += other.quarantined;
  maybe_there += other.maybe_there;
}

Result<> PrepareTarget(const std::string& to, const StorePaths& store, Disk& disk) {
  auto refuse = [](std::string why) {
    return Fail(Errc::kBadConfig, Blame::kDownstream, std::move(why));
  };
  const std::filesystem::path path = std::filesystem::path(to).lexically_normal();
  if (!path.is_absolute()) return refuse("the directory to write to must be an absolute path");
  if (LiesIn(path.string(), store.directory))
    return refuse(to + " lies in the store: choose a directory outside of it");
  if (Result<> made = disk.MakeDirectory(path.string()); !made) return made;
  std::error_code error;
  const bool empty = std::filesystem::is_empty(path, error);
  if (error) {
    return Fail(Errc::kDisk, Blame::kInternal,
                "cannot look into " + to + ": " + Explain(error.value()));
  }
  if (!empty) return refuse(to + " is not empty: choose another directory, or empty this one");
  return {};
}

Result<ExportReport> Export(LedgerReader& ledger, const StorePaths& store, ExportOptions options,
                            Disk& disk) {
  const std::string to = options.to;
  Exporter exporter(ledger, store, std::move(options), disk);
  Result<ExportReport> report = exporter.Run();
  if (report || !report.error().retryable) return report;
  return Fail(report.error().code, report.error().blame,
              report.error().detail + ". What is in " + to +
                  " is not complete, and the store is as it was: choose a directory with more room",
              true);
}

}  // namespace router::store
