#include "router/store/database.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "router/base/log.h"
#include "router/store/disk.h"

namespace router::store {

int64_t Milliseconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

WallTime FromMilliseconds(int64_t milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds));
}

Rows::Rows(Database* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement) {}

Rows::Rows(Rows&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      column_(other.column_) {}

Rows::~Rows() {
  if (statement_) sqlite3_reset(statement_);
}

bool Rows::Next() {
  column_ = 0;
  if (!statement_ || database_->failed()) return false;
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->Note(code);
  sqlite3_reset(std::exchange(statement_, nullptr));
  return false;
}

int64_t Rows::Int() { return statement_ ? sqlite3_column_int64(statement_, column_++) : 0; }

std::string Rows::Text() {
  if (!statement_) return {};
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  int size = sqlite3_column_bytes(statement_, column_++);
  return text ? std::string(text, static_cast<size_t>(size)) : std::string();
}

std::optional<int64_t> Rows::OptionalInt() {
  if (!statement_) return std::nullopt;
  if (sqlite3_column_type(statement_, column_) == SQLITE_NULL) return ++column_, std::nullopt;
  return Int();
}

std::optional<WallTime> Rows::OptionalTime() {
  std::optional<int64_t> value = OptionalInt();
  if (!value) return std::nullopt;
  return FromMilliseconds(*value);
}

Buffer Rows::Blob() {
  if (!statement_) return {};
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column_));
  int size = sqlite3_column_bytes(statement_, column_++);
  return bytes ? Buffer(bytes, bytes + size) : Buffer();
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Access access,
                                                 const std::string& vfs) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::kReadOnly ? SQLITE_OPEN_READONLY
                                       : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Database> database(new Database(handle, path));
  if (code != SQLITE_OK) {
    const int why = sqlite3_system_errno(handle);
    return Fail(Errc::kDisk, Blame::kInternal,
                "cannot open " + path + ": " + (why ? Explain(why) : sqlite3_errstr(code)));
  }
  // Only the moment in which the other connection checkpoints or recovers is waited for.
  sqlite3_busy_timeout(handle, 10'000);
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

void Database::Note(int code) {
  if (code_ != 0) return;
  code_ = code;
  message_ = sqlite3_errstr(code);
  if (const std::string more = sqlite3_errmsg(handle_); more != message_) message_ += ": " + more;
}

sqlite3_stmt* Database::Prepare(std::string_view sql) {
  if (failed()) return nullptr;
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* made = nullptr;
    int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (code != SQLITE_OK) {
      Note(code);
      return nullptr;
    }
    found = statements_.emplace(std::string(sql), made).first;
  }
  if (sqlite3_stmt_busy(found->second)) log::Fatal("a statement is used inside itself");
  sqlite3_clear_bindings(found->second);
  return found->second;
}

int64_t Database::RunToEnd(sqlite3_stmt* statement) {
  if (!statement || failed()) return 0;
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) Note(code);
  sqlite3_reset(statement);
  return failed() ? 0 : sqlite3_changes64(handle_);
}

void Database::Script(const std::string& sql) {
  if (failed()) return;
  int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) Note(code);
}

Result<> Database::CopyTo(const std::string& path) {
  sqlite3* target = nullptr;
  int code =
      sqlite3_open_v2(path.c_str(), &target,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_backup* copying = sqlite3_backup_init(target, "main", handle_, "main");
    code = copying ? sqlite3_backup_step(copying, -1) : sqlite3_extended_errcode(target);
    if (copying) sqlite3_backup_finish(copying);
  }
  int closed = sqlite3_close(target);
  if (code == SQLITE_DONE && closed == SQLITE_OK) return {};
  return Fail(Errc::kDisk, Blame::kInternal,
              "cannot copy the ledger to " + path + ": " + sqlite3_errstr(code),
              (code & 0xFF) == SQLITE_FULL);
}

void Database::Interrupt() { sqlite3_interrupt(handle_); }

int64_t Database::LastId() const { return sqlite3_last_insert_rowid(handle_); }
bool Database::InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }
bool Database::HasWritten() const { return sqlite3_txn_state(handle_, "main") == SQLITE_TXN_WRITE; }

bool Database::full() const { return (code_ & 0xFF) == SQLITE_FULL; }

Error Database::failure() const {
  int primary = code_ & 0xFF;
  if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB) return Damage(message_);
  std::string text = "the ledger " + path_ + ": " + message_;
  if (full()) text += ": make room where it lies";
  // SQLite takes locks beside the file even to read it.
  if (primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN || primary == SQLITE_PERM)
    text += ": its folder must be open to writing, also to be read. " + Explain(EACCES);
  return Error{Errc::kDisk, Blame::kInternal, full(), std::move(text)};
}

Error Database::Damage(std::string_view why) const {
  std::string text = "the ledger " + path_ + " is damaged (" + std::string(why) + ")";
  std::ranges::replace(text, '\n', ' ');  // as SQLite's verdicts have them
  return Error{Errc::kCorrupt, Blame::kInternal, false, std::move(text)};
}

void Database::Forgive() {
  code_ = 0;
  message_.clear();
}

std::vector<std::string> Database::Statements() const {
  std::vector<std::string> all;
  for (const auto& [sql, statement] : statements_) all.push_back(sql);
  return all;
}

int64_t Database::Work() const {
  int64_t steps = 0;
  for (const auto& [sql, statement] : statements_)
    steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 0);
  return steps;
}

void Database::ResetWork() {
  for (const auto& [sql, statement] : statements_)
    sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
}

void Database::Bind(sqlite3_stmt* statement, int index, int64_t value) {
  if (statement) sqlite3_bind_int64(statement, index, value);
}
void Database::Bind(sqlite3_stmt* statement, int index, std::string_view text) {
  if (statement) {
    sqlite3_bind_text64(statement, index, text.data() ? text.data() : "", text.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
  }
}
void Database::Bind(sqlite3_stmt* statement, int index, Bytes blob) {
  if (statement) sqlite3_bind_blob64(statement, index, blob.data(), blob.size(), SQLITE_TRANSIENT);
}
void Database::Bind(sqlite3_stmt* statement, int index, std::nullopt_t) {
  if (statement) sqlite3_bind_null(statement, index);
}

}  // namespace router::store
