#pragma once
#include <optional>
#include <string>
#include <vector>

#include "rules/decisions.h"

namespace rules {

// What one rule decides: the value of `then`.
struct Then {
  std::optional<std::string> to;
  std::optional<router::AeTitle> calling, called, retrieve_ae_title;
  std::optional<std::vector<router::AeTitle>> move_to;
  std::optional<std::vector<std::string>> copy_to;
  std::optional<HoldTerms> hold;
  std::optional<QueueTerms> queue;
  std::optional<Outcome> outcome;
  std::vector<router::ElementEdit> edits;
  std::optional<Limit> limit;
  std::optional<Priority> priority;
  std::optional<Acknowledge> acknowledge;
  std::optional<LogLine> log;

  uint32_t topics = 0;  // bits by Topic
  bool Decides(Topic topic) const { return topics >> static_cast<unsigned>(topic) & 1; }
};

constexpr uint32_t BitOf(Topic topic) { return 1u << static_cast<unsigned>(topic); }

}  // namespace rules
