#include "job/storage_check.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>

#include "base/random.h"
#include "codec/text.h"
#include "storage/wrap/held_body.h"

namespace holdfast::job {

namespace {

constexpr std::size_t kLarge = std::size_t(storage::kMostHeldBody) + 1;

using storage::ObjectRef;

constexpr std::string_view kText = "written by holdfast storage check; may be removed\n";
constexpr std::string_view kOtherText = "written a second time by holdfast storage check\n";
constexpr std::uint64_t kReadLimit = 1 << 20;

constexpr const char* kWriteRight = "allow writing (s3:PutObject) on the bucket's objects";
constexpr const char* kReadRight = "allow reading (s3:GetObject) on the bucket's objects";
constexpr const char* kListRight = "allow listing (s3:ListBucket) on the bucket";
constexpr const char* kDeleteRight = "allow deleting (s3:DeleteObject) on the bucket's objects";
constexpr const char* kOneWriter =
    "let only one scheduler work on this storage: leases cannot keep two apart";
constexpr const char* kLifecycle =
    "let the storage itself remove unfinished uploads after some days (a lifecycle rule; see "
    "storage check --print-policy)";

// What a step throws when the storage did something, but not the right thing.
struct Wrong {
  std::string seen, advice;
};

// A body as it comes through the gateway: its size is known, and it passes only once.
class PassingSource : public Source {
 public:
  explicit PassingSource(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), bytes_.size());
    std::copy_n(bytes_.begin(), count, into.begin());
    bytes_.remove_prefix(count);
    return count;
  }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

class StorageCheck {
 public:
  StorageCheck(const Context& context, storage::Storage& storage,
               const StorageCheckOptions& options)
      : context_(context), storage_(storage), judgement_{options.bucket, {}} {
    prefix_ = options.prefix + "check-" + random_hex(8) + "/";
  }

  StorageJudgement run() {
    if (!look_at_bucket()) return std::move(judgement_);
    if (step("write an object", Verdict::kFailed, kWriteRight, [&] { write(); })) {
      read_steps();
      condition_steps();
      list_steps();
      step("copy an object in the storage", Verdict::kFailed, "", [&] { copy(); });
      multipart_steps();
      step("delete an object", Verdict::kFailed, kDeleteRight, [&] { remove(); });
      look_at_etags();
    }
    clean_up();
    return std::move(judgement_);
  }

 private:
  ObjectRef ref(const std::string& name) const { return {judgement_.bucket, prefix_ + name}; }

  void add(std::string what, Verdict verdict, std::string seen, std::string advice) {
    judgement_.findings.push_back({std::move(what), verdict, std::move(seen), std::move(advice)});
  }

  // Whether it went well. An error's own advice is taken unless it denies access, of which
  // `right` tells more.
  bool step(const std::string& what, Verdict otherwise, const std::string& right,
            const std::function<void()>& action) {
    try {
      action();
      add(what, Verdict::kGood, "", "");
      return true;
    } catch (const Wrong& wrong) {
      add(what, otherwise, wrong.seen, wrong.advice);
    } catch (const Cancelled&) {
      throw;
    } catch (const DeadlineExceeded&) {
      throw;
    } catch (const Error& error) {
      const bool denied = error.kind() == ErrorKind::kAccessDenied && !right.empty();
      add(what, otherwise, error.reason(), denied ? right : error.advice());
    }
    return false;
  }

  bool look_at_bucket() {
    return step("find the bucket", Verdict::kFailed, kListRight, [&] {
      if (auto* buckets = storage_.buckets()) {
        buckets->info(context_, judgement_.bucket);
      } else {
        storage_.list(context_, {.bucket = judgement_.bucket, .limit = 1});
      }
    });
  }

  void write() {
    PassingSource body(kText);
    storage::PutRequest request;
    request.attributes.metadata["holdfast"] = "check";
    request.attributes.headers["content-type"] = "text/plain";
    storage_.put(context_, ref("object"), body, request);
    // Small bodies may be held and sent otherwise than the large ones, which stream.
    const std::string large(kLarge, 'x');
    PassingSource large_body(large);
    storage_.put(context_, ref("large"), large_body, {});
  }

  std::string bytes_of(const std::string& name, const storage::GetRequest& request = {}) {
    return storage::get_bytes(storage_, context_, ref(name), kReadLimit, request);
  }

  void expect_bytes(const std::string& name, std::string_view expected) {
    if (bytes_of(name) != expected) {
      throw Wrong{"it holds other bytes than were written", "do not use this storage"};
    }
  }

  void read_steps() {
    step("read it back", Verdict::kFailed, kReadRight, [&] { expect_bytes("object", kText); });
    step("read a range of it", Verdict::kFailed, kReadRight, [&] {
      if (bytes_of("object", {.range = storage::Range{8, 11, std::nullopt}}) !=
          kText.substr(8, 4)) {
        throw Wrong{"other bytes came than were asked for", "do not use this storage"};
      }
    });
    step("keep its attributes", Verdict::kFailed, kReadRight, [&] {
      const storage::ObjectInfo info = storage_.head(context_, ref("object"), {});
      const auto& kept = info.attributes.metadata;
      const auto found = kept.find("holdfast");
      if (info.size != kText.size() || found == kept.end() || found->second != "check") {
        throw Wrong{"its size or metadata came back changed", "do not use this storage"};
      }
    });
  }

  // The write must fail its condition; `otherwise` says what it means that it did not.
  void expect_refused(const storage::Condition& condition, const std::string& otherwise) {
    try {
      storage::put_bytes(storage_, context_, ref("object"), kOtherText, {.condition = condition});
    } catch (const PreconditionFailed&) {
      return expect_bytes("object", kText);
    }
    storage::put_bytes(storage_, context_, ref("object"), kText);
    throw Wrong{otherwise, kOneWriter};
  }

  void condition_steps() {
    step("refuse to create what is there", Verdict::kWarning, "", [&] {
      expect_refused({.must_not_exist = true}, "it overwrote the object (If-None-Match: *)");
    });
    step("refuse to replace what has changed", Verdict::kWarning, "", [&] {
      const std::string old = storage_.head(context_, ref("object"), {}).revision;
      storage::put_bytes(storage_, context_, ref("object"), kOtherText,
                         {.condition = {.revision_is = old}});
      storage::put_bytes(storage_, context_, ref("object"), kText);
      const std::string other =
          storage::put_bytes(storage_, context_, ref("other"), kOtherText).revision;
      expect_refused({.revision_is = other}, "it overwrote another version (If-Match)");
    });
  }

  std::vector<std::string> listed(const std::string& under) {
    std::vector<std::string> names;
    storage::list_all(
        storage_, context_, judgement_.bucket, prefix_ + under,
        [&](const storage::ObjectInfo& info) { names.push_back(info.key.substr(prefix_.size())); });
    return names;
  }

  void list_steps() {
    const std::vector<std::string> names = {"list/a", "list/a b", "list/a.b", "list/a/b"};
    const bool written = step("keep a and a/b beside each other", Verdict::kFailed, "", [&] {
      for (const std::string& name : names) {
        storage::put_bytes(storage_, context_, ref(name), name);
      }
      for (const std::string& name : names) expect_bytes(name, name);
    });
    if (!written) return;
    step("list at once what was written, in order", Verdict::kFailed, kListRight, [&] {
      if (const auto seen = listed("list/"); seen != names) {
        throw Wrong{fmt::format("the list shows {} of {} objects in another way than written",
                                seen.size(), names.size()),
                    "backups need lists that are complete at once and sorted by bytes"};
      }
    });
    step("no longer list what was deleted", Verdict::kFailed, kDeleteRight, [&] {
      storage::remove_one(storage_, context_, ref(names[1]));
      if (listed("list/").size() != names.size() - 1) {
        throw Wrong{"the list still shows a deleted object",
                    "backups need lists that are complete at once"};
      }
    });
  }

  void copy() {
    storage_.copy(context_, ref("object"), ref("copied"), {});
    expect_bytes("copied", kText);
  }

  void upload_in_parts(storage::MultipartStore& store) {
    const std::string first(std::size_t(storage_.capabilities().min_part_size), 'h');
    const std::string id = store.create(context_, ref("parts"), {}, std::nullopt);
    std::vector<storage::CompletedPart> parts;
    for (const std::string_view bytes : {std::string_view(first), kText}) {
      PassingSource body(bytes);
      const auto number = unsigned(parts.size() + 1);
      const storage::PartInfo part = store.put_part(context_, ref("parts"), id, number, body, {});
      parts.push_back({number, part.etag, std::nullopt});
    }
    store.complete(context_, ref("parts"), id, parts, {});
    const storage::ObjectInfo info = storage_.head(context_, ref("parts"), {});
    const storage::Range end{.suffix = kText.size()};
    if (info.size != first.size() + kText.size() || bytes_of("parts", {.range = end}) != kText) {
      throw Wrong{"the object made of parts holds other bytes", "do not use this storage"};
    }
  }

  void multipart_steps() {
    storage::MultipartStore* store = storage_.multipart();
    const bool works = step("upload in parts", Verdict::kFailed, kWriteRight, [&] {
      if (!store) throw Wrong{"the storage has no uploads in parts", "do not use this storage"};
      upload_in_parts(*store);
    });
    if (!works) return;
    std::string id;
    step("give up an upload", Verdict::kWarning, kLifecycle, [&] {
      id = store->create(context_, ref("given up"), {}, std::nullopt);
      store->abort(context_, ref("given up"), id);
    });
    if (!storage_.capabilities().lists_uploads) {
      return add("list unfinished uploads", Verdict::kNote,
                 "this storage has no list of them and removes them by itself", "");
    }
    step("list unfinished uploads", Verdict::kWarning, kLifecycle,
         [&] { store->uploads(context_, {.bucket = judgement_.bucket, .prefix = prefix_}); });
  }

  void remove() {
    storage::remove_one(storage_, context_, ref("copied"));
    if (storage::find(storage_, context_, ref("copied"))) {
      throw Wrong{"it is still there", "check whether the storage keeps what is deleted"};
    }
    storage::remove_one(storage_, context_, ref("copied"));  // what is not there: no error
  }

  void look_at_etags() {
    try {
      const std::string md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, kText);
      const std::string etag =
          storage::put_bytes(storage_, context_, ref("object"), kText, {.md5 = md5}).etag;
      if (etag == codec::to_hex(md5)) return add("answer MD5s as ETags", Verdict::kGood, "", "");
      add("answer MD5s as ETags", Verdict::kNote,
          "its ETags are something else, as with SSE-KMS; clients see them with -0 at the end and "
          "do not compare them",
          "");
    } catch (const Error&) {
      // Writing was judged above.
    }
  }

  void clean_up() {
    step("remove what this check wrote", Verdict::kWarning,
         "remove what lies under " + prefix_ + " in bucket " + judgement_.bucket, [&] {
           std::vector<storage::RemoveTarget> targets;
           for (const char* name : {"object", "large", "other", "copied", "parts", "list/a",
                                    "list/a b", "list/a.b", "list/a/b"}) {
             targets.push_back({prefix_ + name, std::nullopt});
           }
           for (const auto& result : storage_.remove(context_, judgement_.bucket, targets)) {
             if (!result.error) continue;
             const Error& error = *result.error;
             throw_error(error.kind(), error.subject(), error.reason(), error.advice(),
                         error.code());
           }
         });
  }

  const Context& context_;
  storage::Storage& storage_;
  StorageJudgement judgement_;
  std::string prefix_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "good";
    case Verdict::kNote:
      return "note";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kFailed:
      break;
  }
  return "failed";
}

Verdict StorageJudgement::worst() const {
  Verdict worst = Verdict::kGood;
  for (const StorageFinding& finding : findings) worst = std::max(worst, finding.verdict);
  return worst;
}

StorageJudgement check_storage(const Context& context, storage::Storage& storage,
                               const StorageCheckOptions& options) {
  return StorageCheck(context, storage, options).run();
}

}  // namespace holdfast::job
