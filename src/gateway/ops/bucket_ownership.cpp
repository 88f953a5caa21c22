#include "gateway/ops/bucket_ownership.h"

#include <array>

#include "base/error.h"
#include "gateway/attributes.h"
#include "gateway/ops/bucket_documents.h"
#include "gateway/text.h"

namespace holdfast::gateway {

namespace {

constexpr const char* kAccessBlockDocument = "publicAccessBlock";
constexpr std::string_view kEnforced = "BucketOwnerEnforced";
constexpr std::array<std::string_view, 4> kSwitches = {
    "BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"};

[[noreturn]] void malformed(std::string why) {
  throw InvalidArgument::with_code("MalformedXML", "read the document", std::move(why));
}

bool is_full_control_of_owner(const codec::XmlElement& policy) {
  const codec::XmlElement* list = policy.child("AccessControlList");
  if (!list || list->children.size() != 1 || list->children[0].name != "Grant") return false;
  const codec::XmlElement& grant = list->children[0];
  const codec::XmlElement* grantee = grant.child("Grantee");
  return grantee && grantee->child_text("ID") == kOwner &&
         grant.child_text("Permission") == "FULL_CONTROL";
}

void take_owner_list(Call& call) {
  refuse_foreign_access_lists(call.request);
  const bool canned = call.request.header("x-amz-acl").has_value();
  if (canned) {
    if (!call.read_document().empty()) {
      throw InvalidArgument::with_code("UnexpectedContent", "read the access list",
                                       "a canned list and a document");
    }
    return;
  }
  if (call.request.content_length.value_or(0) == 0) {
    throw InvalidArgument::with_code("MissingSecurityHeader", "read the access list",
                                     "neither x-amz-acl nor a document");
  }
  if (!is_full_control_of_owner(call.read_xml("AccessControlPolicy"))) {
    throw InvalidArgument::with_code("AccessControlListNotSupported", "read the access list",
                                     "only the owner's full control can be set");
  }
}

void check_ownership(std::string_view ownership) {
  if (ownership == kEnforced) return;
  if (ownership == "BucketOwnerPreferred" || ownership == "ObjectWriter") {
    throw Unsupported::with_code("NotImplemented", "set the ownership",
                                 "there is one owner, so only BucketOwnerEnforced is offered");
  }
  throw InvalidArgument::with_code("InvalidArgument", "set the ownership",
                                   "ObjectOwnership has no such value");
}

}  // namespace

http::ServerResponse put_bucket_acl(Call& call) {
  call.require_bucket();
  take_owner_list(call);
  return empty_response(200);
}

http::ServerResponse put_object_acl(Call& call) {
  call.storage.head(call.context, call.version_ref(), {});
  take_owner_list(call);
  return empty_response(200);
}

http::ServerResponse get_ownership_controls(Call& call) {
  call.require_bucket();
  codec::XmlWriter xml("OwnershipControls", kNamespace);
  xml.open("Rule").element("ObjectOwnership", kEnforced).close();
  return xml_response(xml.finish());
}

http::ServerResponse put_ownership_controls(Call& call) {
  call.require_bucket();
  const codec::XmlElement controls = call.read_xml("OwnershipControls");
  if (controls.children.size() != 1 || controls.children[0].name != "Rule") {
    malformed("not one rule");
  }
  check_ownership(trim(controls.children[0].child_text("ObjectOwnership")));
  return empty_response(200);
}

void check_ownership_header(const http::ServerRequest& request) {
  if (auto ownership = request.header("x-amz-object-ownership")) check_ownership(trim(*ownership));
}

http::ServerResponse get_public_access_block(Call& call) {
  return get_document(call, kAccessBlockDocument, "NoSuchPublicAccessBlockConfiguration");
}

http::ServerResponse put_public_access_block(Call& call) {
  call.versions();
  const codec::XmlElement given = call.read_xml("PublicAccessBlockConfiguration");
  for (const codec::XmlElement& child : given.children) {
    const std::string_view value = trim(child.text);
    if (std::find(kSwitches.begin(), kSwitches.end(), child.name) == kSwitches.end() ||
        (!equal_ignoring_case(value, "true") && !equal_ignoring_case(value, "false"))) {
      malformed("a switch that there is not, or that is neither true nor false");
    }
  }
  codec::XmlWriter xml("PublicAccessBlockConfiguration", kNamespace);
  for (std::string_view name : kSwitches) {
    const bool on = equal_ignoring_case(trim(given.child_text(name)), "true");
    xml.element(name, on ? "true" : "false");
  }
  return set_document(call, kAccessBlockDocument, xml.finish());
}

http::ServerResponse delete_public_access_block(Call& call) {
  return delete_document(call, kAccessBlockDocument);
}

http::ServerResponse get_policy_status(Call& call) {
  call.require_bucket();
  codec::XmlWriter xml("PolicyStatus", kNamespace);
  xml.element("IsPublic", "false");
  return xml_response(xml.finish());
}

}  // namespace holdfast::gateway
