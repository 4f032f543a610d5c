#pragma once
#include <functional>
#include <map>
#include <string>

#include "router/admin/access.h"
#include "router/admin/json.h"
#include "router/admin/source.h"

namespace router::admin {

// A request and its answer, free of the HTTP library.
struct Ask {
  std::string method, path;  // decoded, without the query
  std::map<std::string, std::string> query;
  std::string body;
  Access::Caller caller;
};
struct Answer {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

// {"error": "what, and what to do"}.
Answer Refusal(int status, std::string_view what);

// Every path of the API: who may ask, what of, and how it is answered. Owned by a listener; any
// thread, several at once.
class Api {
 public:
  Api(std::string token, bool only_metrics, Source& source)
      : access_(std::move(token)), only_metrics_(only_metrics), source_(source) {}

  Answer Handle(const Ask& ask);

 private:
  Answer Get(const Ask& ask);
  Answer Post(const Ask& ask);

  Answer Ready(const Ask& ask);
  Answer Held(const Ask& ask);
  Answer HeldOne(const Uid& uid);
  Answer Instance(const Uid& uid);
  Answer ActOnHeld(const Ask& ask, const Uid& uid, HeldAction action);
  Answer Run(const Ask& ask, Command command);
  Answer Leave(const Ask& ask);

  Access access_;
  bool only_metrics_;
  Source& source_;
};

// The query of GET /api/v1/held: application, kind, state (words with commas, or all), after,
// limit.
Result<store::HeldFilter> FilterOf(const std::map<std::string, std::string>& query);

}  // namespace router::admin
