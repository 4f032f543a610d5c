#pragma once
// For element_edit.cc and its parts, and difference.cc, alone: each kind of edit on a data set that lies open.
#include <functional>
#include <span>
#include <vector>

#include "router/base/element.h"
#include "router/base/result.h"
#include "router/dataset/character_set.h"
#include "router/dataset/element_tree.h"

namespace router::dataset {

// Returns whether anything changed. `left`: see ReadElements.
Result<bool> ApplyEdits(std::span<const ElementEdit* const> edits, const Encoding& encoding,
                        std::vector<Node>& nodes, size_t& left);

// The elements of the data set or of an item, with what holds there.
struct Level {
  std::vector<Node>& nodes;
  Encoding encoding;
  CharacterSet set;
  size_t& left;      // elements that may still be read
  size_t depth = 0;  // 0: the data set

  static Level Of(std::vector<Node>& nodes, const Encoding& encoding, const CharacterSet& inherited,
                  size_t& left, size_t depth);
};

// After a change to the element (or its absence): lengths that are no longer right are dropped.
void Touch(Level& level, Tag tag);

// The private creator of the element; empty if no block is reserved for it.
std::string CreatorOf(const Level& level, Tag tag);

// Calls `act` for each item of the sequence, which then counts as changed if it says so.
using WithLevel = std::function<Result<bool>(Level& level, size_t number)>;
Result<bool> ForItems(Level& level, Node& node, const WithLevel& act);

Result<bool> RemovePrivate(Level& level, std::span<const std::string> keep);
Result<bool> ConvertTexts(Level& level, const CharacterSet& to, const std::string& terms);

}  // namespace router::dataset
