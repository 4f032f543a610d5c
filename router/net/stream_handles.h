#pragma once
#include <uv.h>

#include <vector>

#include "router/net/stream.h"

// What of libuv stands behind a stream. For the files of Stream alone.
namespace router::net {

template <class H>
uv_handle_t* AsHandle(H* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

struct Stream::Handles {
  uv_tcp_t tcp;
  uv_timer_t read_deadline;  // also the retry while the budget is used up
  uv_timer_t write_stall;    // also Interrupt's way into the loop
  uv_write_t write;
  std::vector<uv_buf_t> out;
  uint64_t deadline_milliseconds = 0;  // of the read under way; loop time; 0: none
  size_t unacknowledged_at_stall_start = 0;
};

// No Nagle, keepalive, and a bound on what the kernel holds of ours.
void Tune(uv_tcp_t* tcp);

}  // namespace router::net
