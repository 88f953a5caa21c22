// Who may do what. A request is signed with one access key; the root pair may do everything, any
// other pair only what its grants name. Pure values; thread-safe to read.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace holdfast::gateway {

enum class Verb : unsigned {
  kRead = 1,       // get and head objects, their parts and attributes
  kList = 2,       // list objects, versions and uploads below the grant's prefix
  kWriteNew = 4,   // make objects that are not there yet
  kOverwrite = 8,  // replace objects that are there
  kDelete = 16,
  kBypassLock = 32,  // change or delete what governance retention protects
};

class VerbSet {
 public:
  constexpr VerbSet() = default;
  constexpr VerbSet(std::initializer_list<Verb> verbs) {
    for (Verb verb : verbs) bits_ |= static_cast<unsigned>(verb);
  }
  constexpr bool has(Verb verb) const { return (bits_ & static_cast<unsigned>(verb)) != 0; }
  constexpr void add(Verb verb) { bits_ |= static_cast<unsigned>(verb); }
  static constexpr VerbSet all() {
    return {Verb::kRead,      Verb::kList,   Verb::kWriteNew,
            Verb::kOverwrite, Verb::kDelete, Verb::kBypassLock};
  }

 private:
  unsigned bits_ = 0;
};

struct Grant {
  std::string bucket;  // empty: every bucket
  std::string prefix;  // of keys; empty: every key
  VerbSet allow;
};

struct AccessKey {
  std::string access_key;
  Secret secret_key;
  bool root = false;  // every verb on everything; the grants are not asked
  std::vector<Grant> grants;
};

// Of the lease and the run records of `store` in the catalog bucket: all that a store's own pair
// gets there. Only whoever prunes may delete, and that is the records of what it removed.
std::vector<Grant> catalog_grants(const std::string& catalog_bucket,
                                  const std::string& catalog_prefix, const std::string& store,
                                  bool prunes = false);

// What one access key may do. Keys under `catalog_prefix` are reached only by grants whose own
// prefix lies there, so that a pair for a whole bucket cannot touch other stores' leases.
class Permissions {
 public:
  // Both are borrowed.
  Permissions(const AccessKey& key, std::string_view catalog_prefix)
      : key_(&key), catalog_prefix_(catalog_prefix) {}

  bool root() const { return key_->root; }
  const std::string& access_key() const { return key_->access_key; }
  bool allows(Verb verb, std::string_view bucket, std::string_view object_key) const;
  // Whether every key that starts with `prefix` may be listed.
  bool allows_list(std::string_view bucket, std::string_view prefix) const;
  // Whether anything at all is granted in the bucket.
  bool sees_bucket(std::string_view bucket) const;
  // Whether the verb is granted on the bucket as a whole: making (kWriteNew) and removing it.
  bool allows_bucket(Verb verb, std::string_view bucket) const;

 private:
  const AccessKey* key_;
  std::string_view catalog_prefix_;
};

}  // namespace holdfast::gateway
