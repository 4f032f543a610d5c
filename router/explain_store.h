#pragma once
#include <memory>
#include <span>
#include <string>

#include "router/dataset/part10.h"
#include "router/explain.h"
#include "router/session/store_terms.h"

// For explain*.cc alone: what becomes of one instance at one application.
namespace router {

// An instance in a file; once it was edited, in memory.
struct ExplainedInstance {
  std::string path;
  store::Instance instance;
  dataset::Region region;
  uint64_t size = 0;  // bytes of its data set
};

// What its head says, else what its File Meta Information does. Errors: kNotFound, kDisk; kCorrupt
// where it is no Part 10 file.
Result<ExplainedInstance> ReadInstance(const std::string& path);

// Makes the edits on it, and says what they change. Errors: as dataset::Edit; then nothing is made.
Result<std::vector<dataset::Difference>> TryEdits(std::span<const ElementEdit* const> edits,
                                                  ExplainedInstance* instance);

// Where an application's association leads, and under which titles.
void GoTo(const config::Application& application, const AeTitle& calling, const AeTitle& called,
          ExplainedEnd* end);

// What becomes of it at `to` (session/held_store.cc), once rules have let it go there. A copy is
// nobody's who could wait for its answer.
struct Settling {
  const config::Application& to;
  const session::StoreTerms& terms;
  config::Acknowledge acknowledge;  // of the client
  bool goes_through_spool = false;  // though nothing would hold it
  bool is_copy = false;
  bool is_suboperation = false;
  bool as_enforced = false;  // whatever its mode
};
void Settle(const Settling& how, ExplainedInstance instance, ExplainedEnd* end);

}  // namespace router
