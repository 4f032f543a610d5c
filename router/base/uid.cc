#include "router/base/uid.h"

#include "router/base/text.h"

namespace router {

Uid::Uid(std::string_view text) : text_(TrimUidPadding(text)) {}

bool Uid::IsValid() const {
  if (text_.empty() || text_.size() > 64) return false;
  bool component_starts = true;
  char first = 0;
  size_t digits = 0;
  for (char c : text_) {
    if (c == '.') {
      if (component_starts) return false;
      component_starts = true;
      continue;
    }
    if (c < '0' || c > '9') return false;
    if (component_starts) first = c, digits = 0, component_starts = false;
    if (++digits > 1 && first == '0') return false;
  }
  return !component_starts;
}

}  // namespace router
