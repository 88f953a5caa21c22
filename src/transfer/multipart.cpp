#include "transfer/multipart.h"

#include "base/error.h"
#include "base/log.h"
#include "transfer/etag.h"

namespace holdfast::transfer {

namespace {

constexpr Duration kAbortTime = std::chrono::seconds(10);
constexpr int kCompleteAttempts = 4;
constexpr Duration kCompletePause = std::chrono::milliseconds(250);

// The object, if it is the one that the parts make.
std::optional<storage::PutResult> find_completed(const Context& context, storage::Storage& storage,
                                                 const storage::ObjectRef& ref,
                                                 const std::vector<storage::CompletedPart>& parts,
                                                 std::uint64_t size) {
  std::vector<std::string> etags;
  for (const storage::CompletedPart& part : parts) etags.push_back(part.etag);
  auto etag = etag_of_parts(etags);
  auto info = storage::find(storage, context, ref);
  if (!info || !etag || info->etag != *etag || info->size != size) return std::nullopt;
  return storage::PutResult{info->etag, info->revision};
}

}  // namespace

storage::PutResult complete_surely(const Context& context, storage::Storage& storage,
                                   const storage::ObjectRef& ref, const std::string& upload_id,
                                   const std::vector<storage::CompletedPart>& parts,
                                   std::uint64_t size, const storage::Condition& condition) {
  for (int attempt = 1;; ++attempt) {
    try {
      return storage.multipart()->complete(context, ref, upload_id, parts, condition);
    } catch (const Unavailable&) {
      if (attempt == kCompleteAttempts) throw;
    } catch (const NotFound& error) {
      if (attempt == 1 || error.code() != storage::kNoSuchUpload) throw;
      if (auto found = find_completed(context, storage, ref, parts, size)) return *found;
      throw;
    } catch (const PreconditionFailed&) {
      // What is there already may be what the attempt before has made.
      if (attempt == 1) throw;
      if (auto found = find_completed(context, storage, ref, parts, size)) return *found;
      throw;
    }
    context.sleep(kCompletePause * (1 << attempt), "complete " + ref.text());
  }
}

void abort_quietly(const Context& context, storage::Storage& storage, const storage::ObjectRef& ref,
                   const std::string& upload_id) {
  try {
    storage.multipart()->abort(context.detached().with_timeout(kAbortTime), ref, upload_id);
  } catch (const Error& error) {
    log::warning(context, "an unfinished upload stays behind: " + error.to_string());
  }
}

}  // namespace holdfast::transfer
