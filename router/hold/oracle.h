#pragma once
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "metrics/registry.h"
#include "router/association/scu.h"
#include "router/hold/queries.h"
#include "router/hold/schedule.h"
#include "router/net/signal.h"

namespace router::hold {

using net::Milliseconds;
using net::Task;

// An association of ours to the application, and the right to have it, which ends with `right`.
struct Line {
  std::unique_ptr<association::Scu> scu;
  std::shared_ptr<void> right;
  std::function<bool()> is_wanted;  // by somebody else; then it is given up early. May be empty
};
// Opens one; on the home loop. The app makes it from delivery::Destination::Connect.
using Connect = std::function<Task<Result<Line>>(std::vector<ul::ProposedContext>)>;

enum class Fate : uint8_t { kOpen, kFound, kAbsent, kUnanswered };  // kOpen: it was not asked

// What one round of questions brought.
struct Findings {
  std::vector<Fate> fates;  // of the questions as they were given; below the UIDs of these
  std::vector<Uid> found;
  std::vector<Uid> absent;      // asked, answered, and not there: never final
  std::vector<Uid> unanswered;  // asked in vain (a failure), or there is no way to ask
  // What is in none of these was not asked: the association was lost, or `stop` said so.
};

// Asks the application by C-FIND. One round at a time, at the rate allowed; the line is kept for
// the next round until Close. Answers that were not asked for (a peer that ignores keys) settle
// nothing.
//
// Owned by the Gate, on its home loop.
class Oracle {
 public:
  struct Options {
    std::string application;
    config::Existence existence;
    Milliseconds idle{2'000};
  };
  Oracle(net::Loop& home, const Clock& clock, Connect connect, metrics::Registry& metrics,
         Options options);
  ~Oracle();

  // Settles what it can; between two queries, never before the first, it asks `stop` (may be empty)
  // whether to leave the rest. An error only if nothing could be asked at all: kConnect, kRejected,
  // kLimit, kRefused (the application accepts no Study Root FIND), kInterrupted, …
  Task<Result<Findings>> Ask(std::vector<Question> questions, std::function<bool()> stop = {});

  // Releases the line.
  Task<> Close();
  // Ends what is under way with an error.
  void Interrupt(Error why);
  bool IsOpen() const { return line_.scu != nullptr; }
  // Is the line open, and either unused for `idle` or wanted by others?
  bool ShouldClose() const;
  void Configure(const config::Existence& existence) { rate_ = QuestionRate(existence.per_second); }

  Relational relational() const { return relational_; }

 private:
  struct Round;
  Task<Result<>> Open();
  Task<> Drop();
  Task<Result<>> AskAll(Round& round);
  Task<Result<>> AskPending(Round& round, Relational relational);
  Task<Result<>> AskWithAllKeys(Round& round);
  Task<Result<>> AskAgainInSeries(Round& round);
  Task<Result<>> Run(Query query, Round& round);
  void SettleOfStudy(const std::vector<size_t>& wanted,
                     const std::vector<dataset::Identifier>& series, Round& round);
  Task<Result<>> Walk(Query study_list, std::vector<dataset::Identifier> series, Round& round);
  Task<Result<uint16_t>> Find(Query query, std::vector<dataset::Identifier>& answers);
  void Settle(const Query& query, const std::vector<dataset::Identifier>& answers, Round& round);

  const Clock& clock_;
  const Connect connect_;
  const std::string application_;
  metrics::Counter found_, absent_, failed_;
  net::Signal pause_;
  QuestionRate rate_;
  Milliseconds idle_;
  Line line_;
  const ul::AcceptedContext* context_ = nullptr;
  Relational relational_ = Relational::kUnknown;
  bool suspected_ = false;  // a relational query was refused, and none answered since
  SteadyTime learned_{};    // kNo
  SteadyTime used_{};
  std::optional<Error> interrupted_;
};

}  // namespace router::hold
