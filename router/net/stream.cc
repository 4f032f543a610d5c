#include "router/net/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <uv.h>

#include <algorithm>
#include <array>

#include "router/net/socket_address.h"
#include "router/net/stream_handles.h"

// Reading, writing and ending, which share who waits; connecting: stream_connect.cc.
namespace router::net {
namespace {

// Tried again while the budget of chunks is used up.
constexpr uint64_t kBudgetRetryMilliseconds = 5;
// libuv counts the bytes of a buffer in 32 bits.
constexpr size_t kMostInOneBuffer = size_t{1} << 30;

Error FromUv(int status, std::string_view what) {
  if (status == UV_EOF)
    return {Errc::kClosed, Blame::kUpstream, true, "the peer closed the connection"};
  if (status == UV_ECONNRESET || status == UV_EPIPE || status == UV_ECONNABORTED)
    return {Errc::kClosed, Blame::kUpstream, true, "the peer reset the connection"};
  return {Errc::kClosed, Blame::kUpstream, true, std::string(what) + ": " + uv_strerror(status)};
}

}  // namespace

Stream::Stream(Loop& loop, Milliseconds write_stall)
    : loop_(loop), handles_(std::make_unique<Handles>()), write_stall_(write_stall) {
  uv_tcp_init(loop.uv(), &handles_->tcp);
  uv_timer_init(loop.uv(), &handles_->read_deadline);
  uv_timer_init(loop.uv(), &handles_->write_stall);
  handles_->tcp.data = handles_->read_deadline.data = handles_->write_stall.data = this;
  handles_->write.data = this;
  open_handles_ = 3;
}

Stream::~Stream() {
  if (open_handles_ != 0) log::Fatal("a stream ended before it was closed");
}

Result<std::unique_ptr<Stream>> Stream::Adopt(Loop& loop, int socket, Milliseconds write_stall) {
  std::unique_ptr<Stream> stream(new Stream(loop, write_stall));
  int status = uv_tcp_open(&stream->handles_->tcp, socket);
  if (status != 0)
    log::Fatal("an accepted socket cannot be watched", {{"why", uv_strerror(status)}});
  Tune(&stream->handles_->tcp);
  sockaddr_storage address{};
  int length = sizeof(address);
  if (uv_tcp_getpeername(&stream->handles_->tcp, reinterpret_cast<sockaddr*>(&address), &length) ==
      0)
    stream->peer_address_ = AddressText(address);
  return stream;
}

// ---- reading

void Stream::StartRead(std::coroutine_handle<> waiter, Milliseconds timeout) {
  if (reader_) log::Fatal("two read from one stream");
  reader_ = waiter;
  handles_->deadline_milliseconds =
      timeout.count() > 0 ? uv_now(loop_.uv()) + static_cast<uint64_t>(timeout.count()) : 0;
  ResumeReading();
}

void Stream::SetReadTimeout(Milliseconds timeout) {
  if (!reader_ || ended_) return;
  handles_->deadline_milliseconds =
      timeout.count() > 0 ? uv_now(loop_.uv()) + static_cast<uint64_t>(timeout.count()) : 0;
  if (!reading_) return;  // the budget is used up: ResumeReading arms it
  if (timeout.count() > 0)
    ArmReadDeadline();
  else
    uv_timer_stop(&handles_->read_deadline);
}

void Stream::ArmReadDeadline() {
  uint64_t now = uv_now(loop_.uv()), deadline = handles_->deadline_milliseconds;
  uv_timer_start(
      &handles_->read_deadline,
      [](uv_timer_t* timer) { static_cast<Stream*>(timer->data)->OnReadDeadline(); },
      deadline > now ? deadline - now : 1, 0);  // with 0 a timer that re-arms itself spins
}

// Where the loop was held up its timers come before what arrived meanwhile: that is no silence.
bool Stream::Happened(short events) const {
  pollfd socket{-1, events, 0};
  return uv_fileno(AsHandle(&handles_->tcp), &socket.fd) == 0 && poll(&socket, 1, 0) > 0;
}

void Stream::OnReadDeadline() {
  if (Happened(POLLIN)) return ArmReadDeadline();  // after this turn's events
  EndRead(Error{Errc::kTimeout, Blame::kUpstream, true, "nothing came in time"});
}

void Stream::ResumeReading() {
  if (handles_->deadline_milliseconds != 0) ArmReadDeadline();
  reading_ = true;
  int status = uv_read_start(
      reinterpret_cast<uv_stream_t*>(&handles_->tcp),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
        auto* self = static_cast<Stream*>(handle->data);
        if (!self->chunk_.memory_) self->chunk_ = self->loop_.chunks().Take();
        *buffer = uv_buf_init(reinterpret_cast<char*>(self->chunk_.memory_.get()),
                              static_cast<unsigned>(self->chunk_.capacity_));
      },
      [](uv_stream_t* uv_stream, ssize_t got, const uv_buf_t*) {
        auto* self = static_cast<Stream*>(uv_stream->data);
        if (got == 0) return self->chunk_.Release();  // nothing after all: hold no memory
        if (got == UV_ENOBUFS) return self->EndRead(std::nullopt);
        if (got < 0) return self->EndRead(FromUv(static_cast<int>(got), "read"));
        self->chunk_.size_ = static_cast<size_t>(got);
        self->bytes_read_ += static_cast<uint64_t>(got);
        self->EndRead(std::nullopt);
      });
  if (status != 0) End(FromUv(status, "read"));
}

// Stops reading; without bytes and without an error the budget was used up.
void Stream::EndRead(std::optional<Error> error) {
  if (reading_) {
    reading_ = false;
    uv_read_stop(reinterpret_cast<uv_stream_t*>(&handles_->tcp));
    uv_timer_stop(&handles_->read_deadline);
  }
  if (chunk_.empty()) chunk_.Release();
  if (!error && chunk_.empty() && !ended_) {
    uint64_t deadline = handles_->deadline_milliseconds;
    uv_timer_start(
        &handles_->read_deadline,
        [](uv_timer_t* timer) { static_cast<Stream*>(timer->data)->ResumeReading(); },
        kBudgetRetryMilliseconds, 0);
    handles_->deadline_milliseconds = deadline == 0 ? 0 : deadline + kBudgetRetryMilliseconds;
    return;
  }
  if (error && !ended_) ended_ = std::move(error);
  if (reader_) std::exchange(reader_, {}).resume();
}

Result<Chunk> Stream::FinishRead() {
  if (chunk_.empty()) {
    Error why = woken_by_ ? std::move(*woken_by_) : *ended_;
    woken_by_.reset();
    if (open_handles_ == 0 && closer_) loop_.Soon(std::exchange(closer_, {}));
    return std::unexpected(std::move(why));
  }
#ifdef TCP_QUICKACK
  // The kernel leaves this mode by itself, so it is armed for every read (design §4).
  uv_os_fd_t socket;
  if (uv_fileno(AsHandle(&handles_->tcp), &socket) == 0) {
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
  }
#endif
  return std::exchange(chunk_, Chunk());
}

// ---- writing

bool Stream::TryWrite(std::span<const Bytes> segments) {
  write_status_ = 0;
  if (ended_) return true;
  auto& out = handles_->out;
  out.clear();
  size_t total = 0;
  for (Bytes segment : segments) {
    total += segment.size();
    while (!segment.empty()) {
      Bytes part = segment.first(std::min(segment.size(), kMostInOneBuffer));
      out.push_back(uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(part.data())),
                                static_cast<unsigned>(part.size())));
      segment = segment.subspan(part.size());
    }
  }
  if (total == 0) return true;
  bytes_written_ += total;
  int sent = uv_try_write(reinterpret_cast<uv_stream_t*>(&handles_->tcp), out.data(),
                          static_cast<unsigned>(out.size()));
  if (sent == UV_EAGAIN) sent = 0;
  if (sent < 0) {
    write_status_ = sent;
    return true;
  }
  auto left = static_cast<size_t>(sent);
  size_t done = 0;
  while (done < out.size() && left >= out[done].len) left -= out[done++].len;
  out.erase(out.begin(), out.begin() + static_cast<ptrdiff_t>(done));
  if (out.empty()) return true;
  out.front().base += left;
  out.front().len -= left;
  return false;
}

bool Stream::StartWrite(std::coroutine_handle<> waiter) {
  if (writer_) log::Fatal("two write to one stream");
  write_status_ = uv_write(
      &handles_->write, reinterpret_cast<uv_stream_t*>(&handles_->tcp), handles_->out.data(),
      static_cast<unsigned>(handles_->out.size()),
      [](uv_write_t* write, int status) { static_cast<Stream*>(write->data)->EndWrite(status); });
  if (write_status_ != 0) return false;
  writer_ = waiter;
  writing_ = true;
  handles_->unacknowledged_at_stall_start = Unacknowledged();
  // A slow receiver is not a stalled one: the timer ends the stream only if nothing left at all.
  uv_timer_start(
      &handles_->write_stall,
      [](uv_timer_t* timer) {
        auto* self = static_cast<Stream*>(timer->data);
        size_t now = self->Unacknowledged();
        if (now < self->handles_->unacknowledged_at_stall_start) {
          self->handles_->unacknowledged_at_stall_start = now;
          return;
        }
        uv_timer_stop(timer);
        self->End({Errc::kStalled, Blame::kUpstream, true, "the peer does not read"});
      },
      static_cast<uint64_t>(write_stall_.count()), static_cast<uint64_t>(write_stall_.count()));
  return true;
}

// Here and in the kernel, which may hold megabytes: a slow peer empties those first, and the socket
// stays unwritable meanwhile.
size_t Stream::Unacknowledged() const {
  size_t queued = uv_stream_get_write_queue_size(reinterpret_cast<uv_stream_t*>(&handles_->tcp));
  uv_os_fd_t socket;
  int unacknowledged = 0;
  if (uv_fileno(AsHandle(&handles_->tcp), &socket) == 0 &&
      ioctl(socket, SIOCOUTQ, &unacknowledged) == 0)
    queued += static_cast<size_t>(unacknowledged);
  return queued;
}

void Stream::EndWrite(int status) {
  writing_ = false;
  write_status_ = status;
  if (!uv_is_closing(AsHandle(&handles_->write_stall))) uv_timer_stop(&handles_->write_stall);
  if (writer_) std::exchange(writer_, {}).resume();
}

Result<> Stream::FinishWrite() {
  if (handles_->out.capacity() > 256) std::vector<uv_buf_t>().swap(handles_->out);
  if (ended_) return std::unexpected(*ended_);
  if (write_status_ != 0) {
    End(FromUv(write_status_, "write"));
    return std::unexpected(*ended_);
  }
  return {};
}

bool Stream::HasInput() const { return Happened(POLLIN); }

void Stream::WriteLast(Bytes bytes) {
  if (writing_ || uv_is_closing(AsHandle(&handles_->tcp))) return;
  uv_buf_t buffer = uv_buf_init(const_cast<char*>(reinterpret_cast<const char*>(bytes.data())),
                                static_cast<unsigned>(bytes.size()));
  uv_try_write(reinterpret_cast<uv_stream_t*>(&handles_->tcp), &buffer, 1);
}

// ---- ending

void Stream::Interrupt(Error why) {
  if (uv_is_closing(AsHandle(&handles_->tcp))) return;
  End(std::move(why));  // even after an earlier end: a write may still be blocked
}

bool Stream::Recover() {
  if (uv_is_closing(AsHandle(&handles_->tcp)) || writing_) return false;
  if (!ended_) return true;
  if (ended_->code == Errc::kClosed) return false;
  ended_.reset();
  return true;
}

// A blocked write can only be ended by closing: libuv then calls back with ECANCELED. A waiting
// reader is resumed from the loop.
void Stream::End(Error why) {
  if (!ended_) ended_ = std::move(why);
  if (reading_ || reader_) {
    if (reading_) uv_read_stop(reinterpret_cast<uv_stream_t*>(&handles_->tcp));
    reading_ = false;
    uv_timer_stop(&handles_->read_deadline);
    WakeReader();
  }
  if (writing_ && !uv_is_closing(AsHandle(&handles_->tcp))) StartClose();
}

bool Stream::StartClose() {
  if (!ended_) ended_ = Error{Errc::kClosed, Blame::kInternal, false, "closed"};
  if (open_handles_ == 3 && !uv_is_closing(AsHandle(&handles_->tcp))) {
    auto on_closed = [](uv_handle_t* handle) { static_cast<Stream*>(handle->data)->OnClosed(); };
    uv_close(AsHandle(&handles_->tcp), on_closed);
    uv_close(AsHandle(&handles_->read_deadline), on_closed);
    uv_close(AsHandle(&handles_->write_stall), on_closed);
    reading_ = false;
    WakeReader();
  }
  return open_handles_ > 0 || woken_by_;
}

// Whoever closed may destroy the stream, so a reader on its way out goes first (FinishRead).
void Stream::OnClosed() {
  if (--open_handles_ == 0 && closer_ && !woken_by_) std::exchange(closer_, {}).resume();
}

void Stream::WakeReader() {
  if (!reader_) return;
  woken_by_ = ended_;
  loop_.Soon(std::exchange(reader_, {}));
}

}  // namespace router::net
