#include "storage/s3/s3_credentials.h"

#include <mutex>

#include "base/error.h"
#include "base/log.h"

namespace holdfast::storage {

namespace {

// AWS renews what it hands out at least five minutes before the end.
constexpr Duration kMargin = std::chrono::minutes(5);
constexpr Duration kPause = std::chrono::seconds(30);

class Fixed : public S3CredentialSource {
 public:
  explicit Fixed(codec::Credentials credentials) : credentials_(std::move(credentials)) {}
  codec::Credentials get(const Context&) override { return credentials_; }
  void forget() override {}  // there are no others

 private:
  const codec::Credentials credentials_;
};

class Refreshed : public S3CredentialSource {
 public:
  explicit Refreshed(CredentialFetch fetch) : fetch_(std::move(fetch)) {}

  codec::Credentials get(const Context& context) override {
    std::unique_lock lock(mutex_);
    const WallTime now = context.clock().now();
    const bool valid = held_ && now < held_->expires;
    if (valid && (now + kMargin < held_->expires || now < pause_until_)) return held_->credentials;
    if (!valid) {  // all wait for this one fetch
      held_ = fetch_(context);
      return held_->credentials;
    }
    pause_until_ = now + std::chrono::duration_cast<WallTime::duration>(kPause);
    const codec::Credentials old = held_->credentials;
    lock.unlock();
    return refresh(context, old);
  }

  void forget() override {
    const std::lock_guard lock(mutex_);
    held_.reset();
  }

 private:
  codec::Credentials refresh(const Context& context, const codec::Credentials& old) {
    try {
      TemporaryCredentials fresh = fetch_(context);
      const std::lock_guard lock(mutex_);
      held_ = std::move(fresh);
      return held_->credentials;
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      log::warning(context, "the storage's access key could not be renewed and is still valid: " +
                                error.to_string());
      return old;
    }
  }

  const CredentialFetch fetch_;
  std::mutex mutex_;
  std::optional<TemporaryCredentials> held_;
  WallTime pause_until_{};
};

}  // namespace

std::shared_ptr<S3CredentialSource> fixed_credentials(codec::Credentials credentials) {
  return std::make_shared<Fixed>(std::move(credentials));
}

std::shared_ptr<S3CredentialSource> refreshed_credentials(CredentialFetch fetch) {
  return std::make_shared<Refreshed>(std::move(fetch));
}

}  // namespace holdfast::storage
