#pragma once
#include <cctype>
#include <string_view>

#include "router/base/bytes.h"

namespace router {

// Bytes written as hexadecimal pairs. 'text in quotes' stands for its characters; everything else
// that is no hexadecimal digit is layout.
inline Buffer Hex(std::string_view text) {
  Buffer bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') {
      for (++i; i < text.size() && text[i] != '\''; ++i)
        bytes.push_back(static_cast<std::byte>(text[i]));
    } else if (std::isxdigit(static_cast<unsigned char>(text[i])) != 0) {
      bytes.push_back(
          static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
      ++i;
    }
  }
  return bytes;
}

inline Buffer operator+(Buffer a, const Buffer& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace router
