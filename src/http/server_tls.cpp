#include "http/server_tls.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/log.h"

namespace holdfast::http {

namespace {

// TLS 1.2 with forward secrecy and authenticated encryption only; 1.3 has nothing else.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// OpenSSL's own socket BIO raises SIGPIPE when the peer is gone.
int descriptor_of(BIO* bio) { return *static_cast<const int*>(BIO_get_data(bio)); }

int bio_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count =
      ::send(descriptor_of(bio), bytes, std::size_t(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return int(count);
}

int bio_read(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t count = ::recv(descriptor_of(bio), into, std::size_t(size), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return int(count);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* socket_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
  }();
  return kMethod;
}

// The first thing that OpenSSL had against it; its queue is left empty.
std::string take_reason() {
  const unsigned long code = ERR_peek_error();
  const char* text =
      ERR_SYSTEM_ERROR(code) ? std::strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
  std::string reason = text ? text : "it cannot be read";
  ERR_clear_error();
  return reason;
}

// A key with a passphrase must not make the server ask its terminal for one.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

TlsSession::TlsSession(SSL_CTX* context, int descriptor)
    : session_(SSL_new(context)), descriptor_(descriptor) {
  BIO* bio = session_ ? BIO_new(socket_method()) : nullptr;
  if (!bio) {
    SSL_free(session_);
    session_ = nullptr;
    throw Unavailable("start TLS", "no memory");
  }
  BIO_set_data(bio, &descriptor_);
  BIO_set_init(bio, 1);
  SSL_set_bio(session_, bio, bio);
  SSL_set_accept_state(session_);
}

TlsSession::~TlsSession() { SSL_free(session_); }

TlsSession::State TlsSession::state_after(int result) {
  const int error = SSL_get_error(session_, result);
  if (error == SSL_ERROR_WANT_READ) return State::kWaitRead;
  if (error == SSL_ERROR_WANT_WRITE) return State::kWaitWrite;
  if (error != SSL_ERROR_ZERO_RETURN) broken_ = true;
  if (!greeted_) met_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
  ERR_clear_error();
  return State::kGone;
}

TlsSession::State TlsSession::greet() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_);
  if (result != 1) return state_after(result);
  greeted_ = true;
  return State::kDone;
}

TlsSession::Moved TlsSession::read(std::span<char> into) {
  if (broken_) return {State::kGone};
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(session_, into.data(), into.size(), &count);
  if (result == 1) return {State::kDone, count};
  return {state_after(result)};
}

TlsSession::Moved TlsSession::write(std::string_view bytes) {
  if (broken_) return {State::kGone};
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_write_ex(session_, bytes.data(), bytes.size(), &count);
  if (result == 1) return {State::kDone, count};
  return {state_after(result)};
}

bool TlsSession::holds_bytes() const { return SSL_has_pending(session_) == 1; }

void TlsSession::say_goodbye() {
  if (!greeted_ || broken_) return;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
}

bool TlsIdentity::Stamp::operator==(const Stamp& other) const {
  const auto same = [](const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
  };
  return same(modified, other.modified) && same(changed, other.changed) && device == other.device &&
         inode == other.inode && size == other.size;
}

void TlsIdentity::ContextDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

TlsIdentity::TlsIdentity(const Context& context, TlsFiles files)
    : context_(context),
      files_(std::move(files)),
      certificate_stamp_(stamp_of(files_.certificate_file)),
      key_stamp_(stamp_of(files_.key_file)),
      next_check_(context.clock().steady() + files_.check_every),
      tls_(load()) {}

TlsIdentity::~TlsIdentity() = default;

std::unique_ptr<TlsSession> TlsIdentity::open(int descriptor) {
  reload_when_changed();
  try {
    return std::make_unique<TlsSession>(tls_.get(), descriptor);
  } catch (const Unavailable&) {
    return nullptr;
  }
}

TlsIdentity::Stamp TlsIdentity::stamp_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_mtim, info.st_ctim, info.st_dev, info.st_ino, info.st_size};
}

TlsIdentity::ContextPointer TlsIdentity::load() const {
  ERR_clear_error();
  ContextPointer made(SSL_CTX_new(TLS_server_method()));
  if (!made) throw Failed("start TLS", take_reason());
  SSL_CTX* tls = made.get();
  SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(tls, kCiphers);
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle sessions give their buffers of 34 KiB back. Resumption is by tickets, which cost nothing
  // here.
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(tls, 1);
  SSL_CTX_set_default_passwd_cb(tls, no_passphrase);
  const auto refuse = [](const std::string& file, std::string advice) {
    throw InvalidArgument(fmt::format("TLS file {}", file), take_reason(), std::move(advice));
  };
  if (SSL_CTX_use_certificate_chain_file(tls, files_.certificate_file.c_str()) != 1) {
    refuse(files_.certificate_file, "give a readable PEM file with the certificate first");
  }
  if (SSL_CTX_use_PrivateKey_file(tls, files_.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(tls) != 1) {
    refuse(files_.key_file, "give the certificate's own key, as PEM and without a passphrase");
  }
  return made;
}

// The stamps are taken first: a file that changes while it is read is read again the next time.
void TlsIdentity::reload_when_changed() {
  const SteadyTime now = context_.clock().steady();
  if (now < next_check_) return;
  next_check_ = now + files_.check_every;
  const Stamp certificate = stamp_of(files_.certificate_file);
  const Stamp key = stamp_of(files_.key_file);
  if (certificate == certificate_stamp_ && key == key_stamp_) return;
  certificate_stamp_ = certificate;
  key_stamp_ = key;
  try {
    tls_ = load();
    log::info(context_, fmt::format("TLS certificate read again from {}", files_.certificate_file));
  } catch (const Error& error) {
    log::error(context_, fmt::format("{}; the old certificate stays in use", error.to_string()));
  }
}

}  // namespace holdfast::http
