#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/admin/source.h"

// What an operator wants done to one held instance, and whether it can be (design §10).
namespace router::admin {

struct Wish {
  std::string reason, application;
  std::optional<store::RowId> row;
};

// Of the body of a request; empty: no wish beyond the act itself. Error kRefused.
Result<Wish> WishOf(std::string_view body);

// The one row that is meant, or why none is: kNotFound, kRefused where there are several.
Result<store::Row> Choose(const std::vector<store::HeldRow>& rows, const Uid& uid,
                          const Wish& wish);

// Whether the action makes sense in the row's state; if not kRefused, with what to do in its place.
Result<> MustFit(HeldAction action, const store::Row& row);

}  // namespace router::admin
