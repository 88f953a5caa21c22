// For tests of TLS: a certificate that is made on the spot, and a client that speaks raw bytes
// inside TLS.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/file.h"

namespace holdfast::http {

// A key and a certificate that it signed itself, for 127.0.0.1.
class TestIdentity {
 public:
  explicit TestIdentity(long serial = 1)
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")), certificate_(X509_new()) {
    X509_set_version(certificate_, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* name = X509_get_subject_name(certificate_);
    const auto* text = reinterpret_cast<const unsigned char*>("holdfast test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate_, name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate_, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate_, key_, EVP_sha256());
  }
  ~TestIdentity() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  TestIdentity(const TestIdentity&) = delete;
  TestIdentity& operator=(const TestIdentity&) = delete;

  X509* certificate() const { return certificate_; }
  EVP_PKEY* key() const { return key_; }
  std::string certificate_pem() const {
    return written([&](BIO* out) { PEM_write_bio_X509(out, certificate_); });
  }
  // With a passphrase, when one is given.
  std::string key_pem(const char* passphrase = nullptr) const {
    return written([&](BIO* out) {
      PEM_write_bio_PrivateKey(out, key_, passphrase ? EVP_aes_128_cbc() : nullptr, nullptr, 0,
                               nullptr, const_cast<char*>(passphrase));
    });
  }

 private:
  template <typename Write>
  static std::string written(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    write(out);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    std::string text(bytes, std::size_t(size));
    BIO_free(out);
    return text;
  }

  EVP_PKEY* key_;
  X509* certificate_;
};

// A TCP connection to a port of 127.0.0.1; every wait on it ends after a minute.
inline Descriptor connect_to(std::uint16_t port) {
  Descriptor out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{60, 0};
  ::setsockopt(out.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(out.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ADD_FAILURE() << "cannot connect to port " << port;
  }
  return out;
}

// Trusts any certificate and tells its serial number. SIGPIPE must not end the process.
class TlsPeer {
 public:
  explicit TlsPeer(std::uint16_t port, int version = 0)
      : socket_(connect_to(port)), context_(SSL_CTX_new(TLS_client_method())) {
    if (version != 0) {
      SSL_CTX_set_security_level(context_, 0);
      SSL_CTX_set_min_proto_version(context_, version);
      SSL_CTX_set_max_proto_version(context_, version);
    }
    session_ = SSL_new(context_);
    SSL_set_fd(session_, socket_.get());
    greeted_ = SSL_connect(session_) == 1;
  }
  ~TlsPeer() {
    SSL_free(session_);
    SSL_CTX_free(context_);
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  bool greeted() const { return greeted_; }
  std::string version() const { return SSL_get_version(session_); }
  long serial() const {
    X509* shown = SSL_get1_peer_certificate(session_);
    const long number = shown ? ASN1_INTEGER_get(X509_get_serialNumber(shown)) : -1;
    X509_free(shown);
    return number;
  }
  bool send(std::string_view bytes) {
    return SSL_write(session_, bytes.data(), int(bytes.size())) == int(bytes.size());
  }
  // Up to and including `end`; what came when the session ended first.
  std::string read_until(std::string_view end) {
    std::string out;
    char byte;
    while (out.find(end, out.size() - std::min(out.size(), end.size())) == std::string::npos &&
           SSL_read(session_, &byte, 1) == 1) {
      out += byte;
    }
    return out;
  }
  std::string read_to_end() {
    std::string out;
    char bytes[16384];
    for (int count; (count = SSL_read(session_, bytes, sizeof bytes)) > 0;) {
      out.append(bytes, std::size_t(count));
    }
    return out;
  }
  // Whether the server said that nothing more comes, rather than just ending the connection.
  bool ended_in_order() const { return (SSL_get_shutdown(session_) & SSL_RECEIVED_SHUTDOWN) != 0; }

 private:
  Descriptor socket_;
  SSL_CTX* context_;
  SSL* session_ = nullptr;
  bool greeted_ = false;
};

}  // namespace holdfast::http
