#include "gateway/ops/object_lock.h"

#include "base/error.h"
#include "gateway/marks.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr unsigned kDaysAYear = 365;
constexpr unsigned kMostYears = 100;

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "set the object lock", std::move(why));
}

unsigned period_of(const codec::XmlElement& element, unsigned days_each) {
  auto number = parse_number(trim(element.text));
  if (!number || *number == 0 || *number > std::uint64_t(kMostYears) * kDaysAYear / days_each) {
    throw InvalidArgument::with_code("InvalidRetentionPeriod", "set the object lock",
                                     "the default retention is not of 1 day to 100 years");
  }
  return unsigned(*number) * days_each;
}

std::optional<storage::DefaultRetention> default_of(const codec::XmlElement& document) {
  const codec::XmlElement* rule = document.child("Rule");
  if (!rule) return std::nullopt;
  const codec::XmlElement* given = rule->child("DefaultRetention");
  if (!given) malformed("a rule without DefaultRetention");
  const codec::XmlElement* days = given->child("Days");
  const codec::XmlElement* years = given->child("Years");
  if ((days == nullptr) == (years == nullptr)) malformed("not one of Days and Years");
  storage::DefaultRetention out;
  out.compliance = is_compliance(trim(given->child_text("Mode")), "MalformedXML");
  out.days = days ? period_of(*days, 1) : period_of(*years, kDaysAYear);
  return out;
}

void require_lock(const Call& call) {
  if (call.settings().lock) return;
  throw InvalidArgument::with_code("InvalidRequest", "bucket " + call.target.bucket,
                                   "the bucket has no object lock configuration");
}

storage::Marks marks_for_reader(const Call& call) {
  call.versions();
  call.require_bucket();
  require_lock(call);
  return call.storage.head(call.context, call.version_ref(), {}).marks;
}

[[noreturn]] void throw_no_lock(const Call& call) {
  throw NotFound::with_code("NoSuchObjectLockConfiguration", call.ref().text(), "it has no lock");
}

}  // namespace

http::ServerResponse get_lock_configuration(Call& call) {
  call.require_bucket();
  const storage::BucketSettings settings = call.settings();
  if (!settings.lock) {
    throw NotFound::with_code("ObjectLockConfigurationNotFoundError",
                              "bucket " + call.target.bucket, "it is not set");
  }
  codec::XmlWriter xml("ObjectLockConfiguration", kNamespace);
  xml.element("ObjectLockEnabled", "Enabled");
  if (const auto& retention = settings.default_retention) {
    xml.open("Rule").open("DefaultRetention");
    xml.element("Mode", mode_name(retention->compliance));
    xml.element("Days", std::uint64_t{retention->days});
  }
  return xml_response(xml.finish());
}

http::ServerResponse put_lock_configuration(Call& call) {
  call.versions();
  const codec::XmlElement document = call.read_xml("ObjectLockConfiguration");
  if (document.child_text("ObjectLockEnabled") != "Enabled") {
    malformed("ObjectLockEnabled is not Enabled");
  }
  const auto retention = default_of(document);
  call.versions().change_settings(call.context, call.target.bucket,
                                  [&](storage::BucketSettings& settings) {
                                    settings.lock = true;
                                    settings.default_retention = retention;
                                  });
  return empty_response(200);
}

http::ServerResponse get_object_retention(Call& call) {
  const storage::Marks marks = marks_for_reader(call);
  if (!marks.retention) throw_no_lock(call);
  codec::XmlWriter xml("Retention", kNamespace);
  xml.element("Mode", mode_name(marks.retention->compliance));
  xml.element("RetainUntilDate", format_iso_millis(marks.retention->until));
  return xml_response(xml.finish());
}

http::ServerResponse put_object_retention(Call& call) {
  call.versions();
  const auto retention =
      retention_of_document(call.read_xml("Retention"), call.context.clock().now());
  require_lock(call);
  call.versions().change_marks(call.context, call.version_ref(),
                               call.bypasses_governance(call.ref()),
                               [&](storage::Marks& marks) { marks.retention = retention; });
  return empty_response(200);
}

http::ServerResponse get_object_legal_hold(Call& call) {
  const storage::Marks marks = marks_for_reader(call);
  codec::XmlWriter xml("LegalHold", kNamespace);
  return xml_response(xml.element("Status", marks.hold ? "ON" : "OFF").finish());
}

http::ServerResponse put_object_legal_hold(Call& call) {
  call.versions();
  const std::string status = call.read_xml("LegalHold").child_text("Status");
  if (status != "ON" && status != "OFF") malformed("the status is neither ON nor OFF");
  require_lock(call);
  call.versions().change_marks(call.context, call.version_ref(), false,
                               [&](storage::Marks& marks) { marks.hold = status == "ON"; });
  return empty_response(200);
}

}  // namespace holdfast::gateway
