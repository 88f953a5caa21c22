#include "storage/rules.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "codec/crc.h"
#include "codec/text.h"

namespace holdfast::storage {

namespace {

bool holds(const std::vector<std::string>& etags, const std::string& etag) {
  return std::find(etags.begin(), etags.end(), etag) != etags.end();
}

[[noreturn]] void fail_condition(const ObjectRef& ref, std::string why, std::string_view code) {
  throw PreconditionFailed::with_code(code, ref.text(), std::move(why));
}

WallTime to_second(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace

void check_read_condition(const Condition& condition, const ObjectInfo& info, const ObjectRef& ref,
                          bool for_copy) {
  if (!condition.etag_is.empty() && !holds(condition.etag_is, info.etag)) {
    fail_condition(ref, "its ETag is another one", "");
  }
  if (condition.revision_is && *condition.revision_is != info.revision) {
    fail_condition(ref, "it was changed meanwhile", "");
  }
  if (condition.unmodified_since && to_second(info.modified) > *condition.unmodified_since) {
    fail_condition(ref, "it was modified since", "");
  }
  std::string_view unchanged = for_copy ? std::string_view() : kNotModified;
  if (condition.must_not_exist) fail_condition(ref, "it exists", unchanged);
  if (holds(condition.etag_is_not, info.etag)) {
    fail_condition(ref, "its ETag is still the same", unchanged);
  }
  if (condition.modified_since && to_second(info.modified) <= *condition.modified_since) {
    fail_condition(ref, "it was not modified since", unchanged);
  }
}

void check_write_condition(const Condition& condition, const ObjectInfo* current,
                           const ObjectRef& ref) {
  if (condition.must_not_exist && current) fail_condition(ref, "it exists already", "");
  if (condition.must_exist && !current) fail_condition(ref, "it does not exist", "");
  if (!condition.etag_is.empty() && !(current && holds(condition.etag_is, current->etag))) {
    fail_condition(ref, current ? "its ETag is another one" : "it does not exist", "");
  }
  if (condition.revision_is && !(current && *condition.revision_is == current->revision)) {
    fail_condition(ref, current ? "it was changed meanwhile" : "it does not exist", "");
  }
}

Stretch resolve_range(const Range& range, std::uint64_t size, const ObjectRef& ref) {
  auto fail = [&]() {
    throw InvalidArgument::with_code(kInvalidRange, "read " + ref.text(),
                                     fmt::format("the object has {} bytes", size));
  };
  if (range.suffix) {
    if (*range.suffix == 0 || size == 0) fail();
    std::uint64_t length = std::min(*range.suffix, size);
    return {size - length, length};
  }
  if (range.first >= size || (range.last && *range.last < range.first)) fail();
  std::uint64_t last = std::min(range.last.value_or(size - 1), size - 1);
  return {range.first, last - range.first + 1};
}

Stretch resolve_part(const std::vector<std::uint64_t>& sizes, unsigned number, std::uint64_t size,
                     const ObjectRef& ref) {
  if (sizes.empty() && number == 1) return {0, size};
  if (number == 0 || number > sizes.size()) {
    throw InvalidArgument::with_code(kInvalidRange, "read " + ref.text(),
                                     fmt::format("it has no part {}", number));
  }
  Stretch stretch{0, sizes[number - 1]};
  for (unsigned i = 0; i + 1 < number; ++i) stretch.offset += sizes[i];
  return stretch;
}

Stretch resolve_request(const GetRequest& request, const std::vector<std::uint64_t>& part_sizes,
                        std::uint64_t size, const ObjectRef& ref) {
  if (request.part) return resolve_part(part_sizes, *request.part, size, ref);
  if (request.range) return resolve_range(*request.range, size, ref);
  return {0, size};
}

std::string multipart_etag(const std::vector<PartInfo>& parts) {
  codec::Digest digest(codec::DigestAlgorithm::kMd5);
  for (const PartInfo& part : parts) digest.update(codec::from_hex(part.etag).value_or(part.etag));
  return fmt::format("{}-{}", codec::to_hex(digest.finish()), parts.size());
}

std::vector<PartInfo> choose_parts(const std::vector<PartInfo>& stored,
                                   const std::vector<CompletedPart>& wanted,
                                   std::uint64_t min_part_size, const ObjectRef& ref) {
  const std::string what = "complete " + ref.text();
  if (wanted.empty()) throw InvalidArgument(what, "it names no part");
  std::vector<PartInfo> chosen;
  chosen.reserve(wanted.size());
  for (const CompletedPart& want : wanted) {
    if (!chosen.empty() && want.number <= chosen.back().number) {
      throw InvalidArgument::with_code(kInvalidPartOrder, what, "the parts are not in order");
    }
    auto found = std::lower_bound(
        stored.begin(), stored.end(), want.number,
        [](const PartInfo& part, unsigned number) { return part.number < number; });
    bool same = found != stored.end() && found->number == want.number && found->etag == want.etag &&
                (!want.checksum ||
                 (found->checksum && found->checksum->algorithm == want.checksum->algorithm &&
                  found->checksum->value == want.checksum->value));
    if (!same) {
      throw InvalidArgument::with_code(
          kInvalidPart, what, fmt::format("part {} is missing or another one", want.number));
    }
    chosen.push_back(*found);
  }
  for (std::size_t i = 0; i + 1 < chosen.size(); ++i) {
    if (chosen[i].size < min_part_size) {
      throw InvalidArgument::with_code(
          kEntityTooSmall, what,
          fmt::format("part {} has {} bytes, at least {} are needed of all but the last",
                      chosen[i].number, chosen[i].size, min_part_size));
    }
  }
  return chosen;
}

void check_part_number(unsigned number, const ObjectRef& ref) {
  if (number < 1 || number > 10000) {
    throw InvalidArgument("part of " + ref.text(), "part numbers go from 1 to 10,000");
  }
}

namespace {

// Polynomials modulo the CRC's, in its reflected bit order: the top bit stands for x^0.
class PolynomialField {
 public:
  explicit PolynomialField(codec::DigestAlgorithm algorithm)
      : width_(8 * unsigned(codec::digest_size(algorithm))),
        polynomial_(algorithm == codec::DigestAlgorithm::kCrc32    ? codec::kCrc32Polynomial
                    : algorithm == codec::DigestAlgorithm::kCrc32c ? codec::kCrc32cPolynomial
                                                                   : codec::kCrc64NvmePolynomial) {}

  std::uint64_t multiply(std::uint64_t a, std::uint64_t b) const {
    std::uint64_t product = 0;
    for (std::uint64_t bit = one(); bit != 0; bit >>= 1) {
      if (a & bit) product ^= b;
      b = (b >> 1) ^ (b & 1 ? polynomial_ : 0);
    }
    return product;
  }

  std::uint64_t power_of_x(std::uint64_t exponent) const {
    std::uint64_t result = one(), square = one() >> 1;
    for (; exponent != 0; exponent >>= 1) {
      if (exponent & 1) result = multiply(result, square);
      square = multiply(square, square);
    }
    return result;
  }

 private:
  std::uint64_t one() const { return 1ull << (width_ - 1); }

  unsigned width_;
  std::uint64_t polynomial_;
};

std::uint64_t to_number(const std::string& bytes) {
  std::uint64_t number = 0;
  for (char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

bool is_crc(codec::DigestAlgorithm algorithm) {
  return algorithm == codec::DigestAlgorithm::kCrc32 ||
         algorithm == codec::DigestAlgorithm::kCrc32c ||
         algorithm == codec::DigestAlgorithm::kCrc64Nvme;
}

}  // namespace

std::string combine_crc(codec::DigestAlgorithm algorithm, const std::string& a,
                        const std::string& b, std::uint64_t length_of_b) {
  PolynomialField field(algorithm);
  // Lengths in bits, shifted in two steps so that no length overflows.
  std::uint64_t shift = field.power_of_x(length_of_b);
  for (int doubling = 0; doubling < 3; ++doubling) shift = field.multiply(shift, shift);
  std::uint64_t sum = field.multiply(shift, to_number(a)) ^ to_number(b);
  std::string out(codec::digest_size(algorithm), '\0');
  for (auto byte = out.rbegin(); byte != out.rend(); ++byte, sum >>= 8) *byte = char(sum & 0xff);
  return out;
}

std::optional<Checksum> combine_checksums(const std::optional<Checksum>& kind,
                                          const std::vector<PartInfo>& parts) {
  if (!kind) return std::nullopt;
  Checksum out{kind->algorithm, "", kind->composite, unsigned(parts.size())};
  if (!out.composite && !is_crc(out.algorithm)) return std::nullopt;
  codec::Digest digest(out.algorithm);
  for (const PartInfo& part : parts) {
    if (!part.checksum || part.checksum->algorithm != out.algorithm) return std::nullopt;
    if (out.composite) {
      digest.update(part.checksum->value);
    } else if (out.value.empty()) {
      out.value = part.checksum->value;
    } else {
      out.value = combine_crc(out.algorithm, out.value, part.checksum->value, part.size);
    }
  }
  if (out.composite) {
    out.value = digest.finish();
  } else {
    out.parts = 0;
  }
  return out;
}

std::optional<std::string> common_prefix(const std::string& key, const std::string& prefix,
                                         const std::string& delimiter) {
  if (delimiter.empty()) return std::nullopt;
  std::size_t found = key.find(delimiter, prefix.size());
  if (found == std::string::npos) return std::nullopt;
  return key.substr(0, found + delimiter.size());
}

std::string after_all_with(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = char(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

void throw_no_such_key(const ObjectRef& ref) {
  throw NotFound::with_code(kNoSuchKey, ref.text(), "no such object");
}

void throw_no_such_bucket(const std::string& bucket) {
  throw NotFound::with_code(kNoSuchBucket, "bucket " + bucket, "no such bucket",
                            "create it or check the configured name");
}

void throw_no_such_version(const ObjectRef& ref) {
  throw NotFound::with_code(kNoSuchVersion, "version of " + ref.text(), "no such version");
}

void throw_delete_marker(const ObjectRef& ref) {
  throw InvalidArgument::with_code(kIsDeleteMarker, "version of " + ref.text(),
                                   "it is a delete marker");
}

void throw_no_such_upload(const ObjectRef& ref) {
  throw NotFound::with_code(kNoSuchUpload, "upload of " + ref.text(), "no such upload",
                            "it was finished or aborted: start a new one");
}

void check_digest(const std::optional<std::string>& expected, const std::string& actual,
                  const ObjectRef& ref) {
  if (expected && *expected != actual) {
    throw InvalidArgument::with_code(kBadDigest, "put " + ref.text(),
                                     "the bytes that came do not have the MD5 that was announced");
  }
}

UploadPage page_of_uploads(const std::vector<UploadInfo>& all, const UploadListRequest& request) {
  UploadPage page;
  for (const UploadInfo& upload : all) {
    if (!upload.key.starts_with(request.prefix)) continue;
    auto common = common_prefix(upload.key, request.prefix, request.delimiter);
    const std::string& shown = common ? *common : upload.key;
    bool seen = shown < request.after_key ||
                (shown == request.after_key && (common || request.after_upload_id.empty() ||
                                                upload.upload_id <= request.after_upload_id));
    if (seen || (common && !page.prefixes.empty() && page.prefixes.back() == *common)) continue;
    if (page.uploads.size() + page.prefixes.size() == request.limit) {
      page.more = true;
      break;
    }
    if (common) {
      page.prefixes.push_back(*common);
    } else {
      page.uploads.push_back(upload);
    }
  }
  return page;
}

void check_list_request(const ListRequest& request) {
  if (request.limit < 1 || request.limit > 1000) {
    throw InvalidArgument("list " + request.bucket, "a page has 1 to 1,000 entries");
  }
}

std::vector<ObjectPart> list_of_parts(const std::vector<PartInfo>& parts,
                                      const std::optional<Checksum>& whole) {
  std::vector<ObjectPart> out;
  for (const PartInfo& part : parts) {
    if (!whole || !part.checksum || part.checksum->algorithm != whole->algorithm) return {};
    out.push_back({part.size, part.checksum->value});
  }
  return out;
}

}  // namespace holdfast::storage
