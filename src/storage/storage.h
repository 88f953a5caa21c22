// Object storage as holdfast sees it: the narrow waist between everything that produces bytes and
// everywhere they are kept.
//
// What every backend promises (tests/conformance/storage checks it; Capabilities are the only
// allowed differences):
// - put, copy and complete are atomic: a reader sees the old object or the new one, whole; when
// they return, the object
//   is durable. When they throw, nothing was published, except with Unavailable or
//   DeadlineExceeded: then the outcome is unknown and the caller must look (a conditional write is
//   never blindly repeated).
// - read after write: head, get and list see a finished change at once.
// - list is complete and sorted by the keys' bytes.
// - a key is 1 to 1,024 bytes of UTF-8, a bucket name 3 to 63 of a-z 0-9 . -. Nothing about a key
// is special: 'a' and 'a/b'
//   live beside each other. Existence is never answered by prefix.
// - all methods may be called from any thread at once; a Reader belongs to one thread.
// Errors: NotFound (codes below), PreconditionFailed, AccessDenied, Unavailable (worth a retry),
// NoSpace, InvalidArgument, Corrupt, Unsupported, Failed; never a vendor's type.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/error.h"
#include "base/secret.h"
#include "base/stream.h"
#include "codec/digest.h"

namespace holdfast::storage {

// Codes of errors (Error::code()).
inline constexpr std::string_view kNoSuchBucket = "NoSuchBucket";
inline constexpr std::string_view kNoSuchKey = "NoSuchKey";
inline constexpr std::string_view kNoSuchUpload = "NoSuchUpload";
inline constexpr std::string_view kInvalidPart = "InvalidPart";
inline constexpr std::string_view kInvalidPartOrder = "InvalidPartOrder";
inline constexpr std::string_view kEntityTooSmall = "EntityTooSmall";
inline constexpr std::string_view kEntityTooLarge = "EntityTooLarge";
inline constexpr std::string_view kBadDigest = "BadDigest";
inline constexpr std::string_view kIncompleteBody = "IncompleteBody";
inline constexpr std::string_view kInvalidRange = "InvalidRange";
inline constexpr std::string_view kInvalidBucketName = "InvalidBucketName";
inline constexpr std::string_view kBucketNotEmpty = "BucketNotEmpty";
inline constexpr std::string_view kBucketExists = "BucketAlreadyOwnedByYou";
inline constexpr std::string_view kKeyTooLong = "KeyTooLongError";
inline constexpr std::string_view kNotModified =
    "NotModified";  // PreconditionFailed: a GET or HEAD need not be answered
inline constexpr std::string_view kNoSuchVersion = "NoSuchVersion";
inline constexpr std::string_view kIsDeleteMarker =
    "MethodNotAllowed";  // InvalidArgument: a delete marker has no bytes
inline constexpr std::string_view kLocked = "AccessDenied";  // AccessDenied: an object lock
// InvalidArgument: the object is encrypted with a client's key and none was given, or none was
// used; AccessDenied, code kOtherKey: that key is another one.
inline constexpr std::string_view kKeyMismatch = "InvalidRequest";
inline constexpr std::string_view kOtherKey = "AccessDenied";

struct ObjectRef {
  std::string bucket;
  std::string key;
  // A version of the key ("null" is one); empty: the current one. Means something where there is
  // a VersionedStore, to get, head, and the source of copies.
  std::string version = {};
  std::string text() const { return bucket + "/" + key; }
  friend bool operator==(const ObjectRef&, const ObjectRef&) = default;
};

// A checksum stored with an object, as a client gave it. For a multipart object `composite` says
// that it is the checksum of the parts' checksums; `parts` their number.
struct Checksum {
  codec::DigestAlgorithm algorithm = codec::DigestAlgorithm::kCrc32;
  std::string value;  // raw bytes
  bool composite = false;
  unsigned parts = 0;
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

// What travels with an object and never changes after it is published.
struct Attributes {
  std::map<std::string, std::string>
      headers;  // of content-type, content-encoding, content-language, content-disposition,
                // cache-control, expires; lower case
  std::map<std::string, std::string>
      metadata;  // user metadata, lower case, without the x-amz-meta- prefix; at most 2 KiB in all
  std::optional<Checksum> checksum;
  friend bool operator==(const Attributes&, const Attributes&) = default;
};

// Until when a version can be neither removed nor replaced.
struct Retention {
  bool compliance = false;  // else governance: whoever may bypass it can remove and shorten
  WallTime until;
  friend bool operator==(const Retention&, const Retention&) = default;
};

// What is kept with a version and may change while its bytes and attributes stay: needs a
// VersionedStore.
struct Marks {
  std::map<std::string, std::string> tags;
  std::optional<Retention> retention;
  bool hold = false;  // a legal hold
  bool empty() const { return tags.empty() && !retention && !hold; }
  friend bool operator==(const Marks&, const Marks&) = default;
};

// How the storage says that it encrypts an object, in S3's words; empty where it does not say.
struct Encryption {
  std::string algorithm;  // "AES256", "aws:kms", "aws:kms:dsse"
  std::string key_id;     // of a KMS key
  bool customer = false;  // with a key that the client keeps, and brings with each request
  friend bool operator==(const Encryption&, const Encryption&) = default;
};

// How a new object shall be encrypted. Empty: as the storage does by itself. Only what Capabilities
// offer may be asked for.
struct EncryptionRequest {
  std::string algorithm;  // "AES256", "aws:kms", "aws:kms:dsse": with a key of the storage's
  std::string key_id;     // of a KMS key; empty: the storage's own choice
  Secret customer_key;    // 32 bytes, never kept; without the two above
  bool empty() const { return algorithm.empty() && customer_key.empty(); }
};

// A part of a finished multipart object.
struct ObjectPart {
  std::uint64_t size = 0;
  std::string checksum;  // raw, of the algorithm that the object's checksum has
  friend bool operator==(const ObjectPart&, const ObjectPart&) = default;
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;  // without quotes, for S3 clients; 32 hexadecimal digits mean the MD5 of the
                     // bytes (with a client's key: of the encrypted ones)
  std::string revision;  // opaque; equal revisions mean the same bytes and attributes. What
                         // conditions inside holdfast use
  WallTime modified;
  Attributes attributes;  // list() may leave it empty
  unsigned parts = 0;     // of a multipart object, else 0
  // Its parts, where the storage keeps their checksums: told by head() when it is asked for them.
  std::vector<ObjectPart> part_list = {};
  std::string version;    // empty in a bucket that never had versions. list() may leave it empty
  Marks marks;            // list() leaves them empty
  Encryption encryption;  // not told by list()
};

// All given conditions must hold. A failed one throws PreconditionFailed (code kNotModified for the
// two `_not_` / since kinds on get and head). For put and complete only must_not_exist, must_exist,
// etag_is and revision_is count.
struct Condition {
  bool must_not_exist = false;           // If-None-Match: *
  bool must_exist = false;               // If-Match: *
  std::vector<std::string> etag_is;      // If-Match: any of these
  std::vector<std::string> etag_is_not;  // If-None-Match: none of these
  std::optional<std::string> revision_is;
  std::optional<WallTime> modified_since;    // If-Modified-Since, to the second
  std::optional<WallTime> unmodified_since;  // If-Unmodified-Since, to the second
  // What the end of an upload must make, for storages that judge it (Capabilities).
  std::optional<std::uint64_t> whole_size;
  std::optional<Checksum> whole_checksum;
  bool empty() const;  // the last two left out
};

struct PutRequest {
  Attributes attributes;
  Condition condition;
  // Known digests of the whole body, raw. The backend compares those that it computes anyway
  // (InvalidArgument, code kBadDigest); a driver for a remote store may sign or send them in place
  // of computing its own.
  std::optional<std::string> md5;
  std::optional<std::string> sha256;
  // Asked once after the body's last byte, for a checksum that only the body's end tells (a
  // trailer). Wins over attributes.checksum. When that names the algorithm with an empty value, the
  // body itself compares its bytes with what is told here, and nobody needs to hash them again.
  std::function<std::optional<Checksum>()> checksum_at_end;
  Marks marks;
  // Of a part: the key that its upload was begun with, and nothing else.
  EncryptionRequest encryption = {};
};

struct PutResult {
  std::string etag;
  std::string revision;
  std::string version = {};  // empty in a bucket without versions
  Encryption encryption{};
};

struct Range {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;    // inclusive; nullopt: to the end
  std::optional<std::uint64_t> suffix;  // the last N bytes; first and last are then ignored
};

struct GetRequest {
  std::optional<Range> range;    // unsatisfiable: InvalidArgument (code kInvalidRange)
  std::optional<unsigned> part;  // the bytes of that part of a multipart object, from 1
  Condition condition;
  bool with_parts = false;  // head() tells ObjectInfo::part_list
  // For get() of an object that a client's key encrypts: that key, else InvalidArgument (code
  // kKeyMismatch). head() needs none; both refuse one that does not fit (kOtherKey) or that the
  // object does not want (kKeyMismatch).
  Secret customer_key = {};
  // The bytes that the ETag is of, for who compares the two: of an object that a client's key
  // encrypts those that lie there, without the key (the sizes told are then theirs). What cannot be
  // decrypted comes as it lies, in place of an error, and then differs.
  bool for_etag = false;
};

// An open object. info() is of the very version that read() delivers, whatever is written
// meanwhile.
class Reader : public Source {
 public:
  virtual const ObjectInfo& info() const = 0;
  // The stretch of the object that read() delivers.
  virtual std::uint64_t offset() const = 0;
  virtual std::uint64_t length() const = 0;
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;  // any text; empty: none
  std::string after;      // only keys (and common prefixes) greater than this
  std::string cursor;     // of the page before; wins over `after`
  unsigned limit = 1000;  // entries and prefixes together, 1 to 1,000
  bool with_attributes = false;
};
struct ListPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> prefixes;  // common prefixes, sorted
  std::string next;                   // cursor; empty at the end
};

struct RemoveTarget {
  std::string key;
  std::optional<std::string> etag_is;
  // Removes that version for good (AccessDenied, code kLocked, while it is locked). Without it a
  // bucket with versions gets a delete marker.
  std::optional<std::string> version = {};
  bool bypass_governance = false;
};
struct RemoveResult {
  std::string key;
  std::optional<Error> error;  // removing what is not there is no error
  std::string version = {};    // of the delete marker that was made, or that was removed
  bool delete_marker = false;
};

struct CopyRequest {
  Condition source_condition;         // on the source, as for get
  Condition condition;                // on the destination, as for put
  std::optional<Attributes> replace;  // nullopt: keep the source's
  bool replace_tags = false;          // else the source's are kept
  Marks
      marks;  // the copy's lock, and its tags when they are replaced. The source's lock is not kept
  Secret source_customer_key = {};    // as GetRequest::customer_key
  EncryptionRequest encryption = {};  // of the copy; never taken over from the source
};
struct CopyResult {
  std::string etag;
  std::string revision;
  WallTime modified;
  std::string version = {};
  std::string source_version = {};
  Encryption encryption{};
};

struct BucketInfo {
  std::string name;
  WallTime created;
};

// Buckets as things. Null where the credentials or the backend cannot.
class BucketStore {
 public:
  virtual ~BucketStore() = default;
  virtual std::vector<BucketInfo> list(const Context& context) = 0;  // sorted by name
  virtual void create(const Context& context,
                      const std::string& name) = 0;  // PreconditionFailed code kBucketExists
  virtual void remove(const Context& context,
                      const std::string& name) = 0;  // PreconditionFailed code kBucketNotEmpty
  virtual BucketInfo info(const Context& context,
                          const std::string& name) = 0;  // NotFound code kNoSuchBucket
};

struct PartInfo {
  unsigned number = 0;  // 1 to 10,000
  std::uint64_t size = 0;
  std::string etag;
  WallTime modified;
  std::optional<Checksum> checksum;
  Encryption encryption{};  // of put_part() and copy_part() only
};
struct CompletedPart {
  unsigned number = 0;
  std::string etag;
  std::optional<Checksum> checksum;  // compared with the part's when given
};
struct UploadInfo {
  std::string key;
  std::string upload_id;
  WallTime started;
};
struct PartPage {
  std::vector<PartInfo> parts;
  bool more = false;  // continue after parts.back().number
};
struct UploadPage {
  std::vector<UploadInfo> uploads;  // sorted by key, then upload id
  std::vector<std::string> prefixes;
  bool more = false;
};
// What a part is copied by.
struct CopyPartRequest {
  std::optional<Range> range;  // nullopt: all of the source
  Condition source_condition;
  Secret source_customer_key = {};  // as GetRequest::customer_key
  Secret customer_key = {};         // as PutRequest::encryption of a part
};
struct UploadListRequest {
  std::string bucket, prefix, delimiter, after_key, after_upload_id;
  unsigned limit = 1000;
};

// Objects made of parts. Parts but the last have at least Capabilities::min_part_size bytes
// (checked at complete).
class MultipartStore {
 public:
  virtual ~MultipartStore() = default;
  // `checksum_algorithm`: what the finished object's checksum shall be computed with, composite or
  // not.
  virtual std::string create(const Context& context, const ObjectRef& ref,
                             const Attributes& attributes, std::optional<Checksum> checksum_kind,
                             const EncryptionRequest& encryption) = 0;
  std::string create(const Context& context, const ObjectRef& ref, const Attributes& attributes,
                     std::optional<Checksum> checksum_kind) {
    return create(context, ref, attributes, std::move(checksum_kind), {});
  }
  virtual PartInfo put_part(const Context& context, const ObjectRef& ref,
                            const std::string& upload_id, unsigned number, Source& body,
                            const PutRequest& request) = 0;
  virtual PartInfo copy_part(const Context& context, const ObjectRef& ref,
                             const std::string& upload_id, unsigned number, const ObjectRef& source,
                             const CopyPartRequest& request) = 0;
  virtual PutResult complete(const Context& context, const ObjectRef& ref,
                             const std::string& upload_id, const std::vector<CompletedPart>& parts,
                             const Condition& condition) = 0;
  virtual void abort(const Context& context, const ObjectRef& ref,
                     const std::string& upload_id) = 0;
  virtual PartPage parts(const Context& context, const ObjectRef& ref, const std::string& upload_id,
                         unsigned after, unsigned limit) = 0;
  virtual UploadPage uploads(const Context& context, const UploadListRequest& request) = 0;
};

struct Capabilities {
  std::string name;  // "folder", "memory", "s3": for people, never for decisions
  std::uint64_t max_put_size = 5ull << 30;  // of one put or part
  std::uint64_t min_part_size = 5ull << 20;
  bool conditional_put = true;
  bool etag_is_md5 = true;  // of single puts
  // Of a put or a part, with the known one, before anything is published. False: passed on to an
  // endpoint, which may not look at it.
  bool compares_md5 = true;
  // The end of an upload passes Condition::whole_* on to an endpoint that knows the parts. False:
  // whoever wants it judged lists the parts.
  bool judges_whole = false;
  bool lists_uploads = true;
  bool server_side_copy = true;
  bool unique_revisions = true;  // false: the same bytes put twice may have the same revision
  bool every_key = true;  // false: keys that its names cannot hold are refused (InvalidArgument)
  // False: a part that is sent after abort is taken, and can never be published.
  bool late_parts_refused = true;
  bool keeps_part_checksums = true;          // ObjectInfo::part_list
  bool customer_keys = false;                // EncryptionRequest::customer_key and its like
  std::vector<std::string> encryption = {};  // values of EncryptionRequest::algorithm
};

class VersionedStore;  // storage/versions.h

class Storage {
 public:
  virtual ~Storage() = default;
  virtual const Capabilities& capabilities() const = 0;
  // Reads `body` to its end. When body.read() throws, nothing is published and that error goes
  // through.
  virtual PutResult put(const Context& context, const ObjectRef& ref, Source& body,
                        const PutRequest& request) = 0;
  virtual std::unique_ptr<Reader> get(const Context& context, const ObjectRef& ref,
                                      const GetRequest& request) = 0;
  virtual ObjectInfo head(const Context& context, const ObjectRef& ref,
                          const GetRequest& request) = 0;
  // At most 1,000 targets; a result each, in order. Throws only when nothing could be tried.
  virtual std::vector<RemoveResult> remove(const Context& context, const std::string& bucket,
                                           const std::vector<RemoveTarget>& targets) = 0;
  virtual ListPage list(const Context& context, const ListRequest& request) = 0;
  virtual CopyResult copy(const Context& context, const ObjectRef& source,
                          const ObjectRef& destination, const CopyRequest& request) = 0;
  virtual BucketStore* buckets() = 0;
  virtual MultipartStore* multipart() = 0;
  // Versions, tags, locks and settings of buckets; null where the backend has none. Then every
  // ObjectRef::version, RemoveTarget::version and Marks given to it must be empty.
  virtual VersionedStore* versions() { return nullptr; }
};

// Conveniences over any storage.
PutResult put_bytes(Storage& storage, const Context& context, const ObjectRef& ref,
                    std::string_view bytes, const PutRequest& request = {});
// Throws InvalidArgument (code kEntityTooLarge) beyond `limit` bytes.
std::string get_bytes(Storage& storage, const Context& context, const ObjectRef& ref,
                      std::uint64_t limit, const GetRequest& request = {},
                      ObjectInfo* info = nullptr);
// Whether the object is there (a HEAD, never a list).
std::optional<ObjectInfo> find(Storage& storage, const Context& context, const ObjectRef& ref);
// Calls `each` for every object under `prefix`, in order, page by page.
void list_all(Storage& storage, const Context& context, const std::string& bucket,
              const std::string& prefix, const std::function<void(const ObjectInfo&)>& each);
// Removes one object; its error, if any, is thrown.
void remove_one(Storage& storage, const Context& context, const ObjectRef& ref);
void check_key(std::string_view key);  // InvalidArgument; code kKeyTooLong beyond 1,024 bytes
void check_bucket_name(std::string_view name);  // InvalidArgument, code kInvalidBucketName

}  // namespace holdfast::storage
