#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/bytes.h"
#include "router/base/clock.h"
#include "router/base/result.h"
#include "router/base/uid.h"

struct sqlite3;
struct sqlite3_stmt;

namespace router::store {

// Times lie in the tables as milliseconds since 1970.
int64_t Milliseconds(WallTime time);
WallTime FromMilliseconds(int64_t milliseconds);

class Database;

// The rows that a SELECT yields, one at a time; columns are taken from left to right. The
// statement is reset at the end of its life. After a failure there are no more rows, and columns
// are zero and empty.
class Rows {
 public:
  Rows(Database* database, sqlite3_stmt* statement);
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  bool Next();

  int64_t Int();
  std::string Text();
  std::optional<int64_t> OptionalInt();
  WallTime Time() { return FromMilliseconds(Int()); }
  std::optional<WallTime> OptionalTime();
  Uid TakeUid() { return Uid(Text()); }
  AeTitle Title() { return AeTitle::FromWire(Text()); }
  Buffer Blob();

 private:
  Database* database_;
  sqlite3_stmt* statement_;
  int column_ = 0;
};

// One connection to SQLite. The first failure sticks: whatever is run after it does nothing, so
// that a transaction is written down as one sequence and judged once, at its end. Statements are
// prepared once and kept. One thread at a time.
class Database {
 public:
  enum class Access : uint8_t { kReadWrite, kReadOnly };

  static Result<std::unique_ptr<Database>> Open(const std::string& path, Access access,
                                                const std::string& vfs = "");
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs a statement to its end; returns how many rows it changed.
  template <class... A>
  int64_t Run(std::string_view sql, const A&... arguments) {
    sqlite3_stmt* statement = Prepare(sql);
    int index = 0;
    (Bind(statement, ++index, arguments), ...);
    return RunToEnd(statement);
  }
  template <class... A>
  Rows Ask(std::string_view sql, const A&... arguments) {
    sqlite3_stmt* statement = Prepare(sql);
    int index = 0;
    (Bind(statement, ++index, arguments), ...);
    return Rows(this, statement);
  }
  // Several statements without arguments (schema, pragmas).
  void Script(const std::string& sql);
  int64_t LastId() const;
  // Writes all of it, as of one moment, into a new file that is a database of its own. Others may
  // write meanwhile. Error kDisk; then what is in the file is of no use.
  Result<> CopyTo(const std::string& path);
  // From any thread: what runs now fails.
  void Interrupt();

  bool InTransaction() const;
  bool HasWritten() const;  // the open transaction changed something

  bool failed() const { return code_ != 0; }
  bool full() const;      // the failure is a full disk
  Error failure() const;  // kDisk or kCorrupt; names the file
  // It holds what was never written to it: `why` in a few words, by SQLite or by us.
  Error Damage(std::string_view why) const;
  void Forgive();  // forgets the failure
  int failure_code() const { return code_; }

  std::vector<std::string> Statements() const;  // prepared so far
  // Steps that SQLite's machine has taken since ResetWork: the cost, whatever else runs here.
  int64_t Work() const;
  void ResetWork();

 private:
  friend class Rows;
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  sqlite3_stmt* Prepare(std::string_view sql);
  int64_t RunToEnd(sqlite3_stmt* statement);
  void Note(int code);

  void Bind(sqlite3_stmt* statement, int index, int64_t value);
  void Bind(sqlite3_stmt* statement, int index, int value) {
    Bind(statement, index, static_cast<int64_t>(value));
  }
  void Bind(sqlite3_stmt* statement, int index, uint64_t value) {
    Bind(statement, index, static_cast<int64_t>(value));
  }
  void Bind(sqlite3_stmt* statement, int index, std::string_view text);
  void Bind(sqlite3_stmt* statement, int index, const std::string& text) {
    Bind(statement, index, std::string_view(text));
  }
  void Bind(sqlite3_stmt* statement, int index, const Uid& uid) {
    Bind(statement, index, uid.view());
  }
  void Bind(sqlite3_stmt* statement, int index, const AeTitle& title) {
    Bind(statement, index, title.view());
  }
  void Bind(sqlite3_stmt* statement, int index, WallTime time) {
    Bind(statement, index, Milliseconds(time));
  }
  void Bind(sqlite3_stmt* statement, int index, Bytes blob);
  void Bind(sqlite3_stmt* statement, int index, std::nullopt_t);
  template <class T>
  void Bind(sqlite3_stmt* statement, int index, const std::optional<T>& value) {
    if (value)
      Bind(statement, index, *value);
    else
      Bind(statement, index, std::nullopt);
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  sqlite3* handle_;
  const std::string path_;
  std::unordered_map<std::string, sqlite3_stmt*, Hash, std::equal_to<>> statements_;
  int code_ = 0;
  std::string message_;
};

}  // namespace router::store
