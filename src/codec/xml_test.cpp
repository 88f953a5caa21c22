#include "codec/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

using ::testing::HasSubstr;

// The reason for which `document` is refused; "accepted" when it is not.
std::string refusal(std::string_view document) {
  try {
    parse_xml(document);
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.code(), "MalformedXML");
    return error.reason();
  }
  return "accepted";
}

std::string nested(int depth) {
  std::string out;
  for (int i = 0; i < depth; ++i) out += "<a>";
  for (int i = 0; i < depth; ++i) out += "</a>";
  return out;
}

TEST(Xml, ReadsABulkDelete) {
  XmlElement root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      "<Object><Key>a/b</Key></Object><Object><Key>c &amp; &lt;d&gt;</Key>"
      "<VersionId>7</VersionId></Object><Quiet>true</Quiet></Delete>");
  EXPECT_EQ(root.name, "Delete");
  ASSERT_EQ(root.children.size(), 3u);
  EXPECT_EQ(root.children[0].child_text("Key"), "a/b");
  EXPECT_EQ(root.children[1].child_text("Key"), "c & <d>");
  EXPECT_EQ(root.children[1].child_text("VersionId"), "7");
  EXPECT_EQ(root.children[0].child("VersionId"), nullptr);
  EXPECT_EQ(root.child_text("Quiet"), "true");
  EXPECT_EQ(root.child_text("Nothing"), "");
}

TEST(Xml, DropsPrefixesAttributesCommentsAndInstructions) {
  XmlElement root = parse_xml(
      "<s3:A xmlns:s3='urn:x' b='c'><!-- no --><?pi no?><s3:B xsi:type='t'>1</s3:B></s3:A>");
  EXPECT_EQ(root.name, "A");
  EXPECT_EQ(root.text, "");
  EXPECT_EQ(root.child_text("B"), "1");
}

TEST(Xml, JoinsTextAroundChildrenAndReadsCdataAndReferences) {
  XmlElement root = parse_xml("<a>1<b>x</b>2<![CDATA[<&>]]>&#x41;&#66;&quot;&apos;</a>");
  EXPECT_EQ(root.text, "12<&>AB\"'");
  EXPECT_EQ(root.child_text("b"), "x");
}

TEST(Xml, KeepsTextAsItIs) {
  EXPECT_EQ(parse_xml("<a> \n x </a>").text, " \n x ");
  EXPECT_EQ(parse_xml("<a>\xc3\xa4\xf0\x9f\x98\x80</a>").text, "\xc3\xa4\xf0\x9f\x98\x80");
  EXPECT_EQ(parse_xml("\xEF\xBB\xBF<a>x</a>").text, "x");
}

TEST(Xml, RefusesEveryDocumentTypeDeclaration) {
  for (const char* bad :
       {"<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
        "<!DOCTYPE l [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>"}) {
    EXPECT_THAT(refusal(bad), HasSubstr("document type")) << bad;
  }
}

TEST(Xml, RefusesWhatIsNotOneWellFormedDocument) {
  for (const char* bad : {"", " ", "text", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a/>text",
                          "<a b=c/>", "<a b='1' b='2'/>", "<a>&undefined;</a>", "<a>&#0;</a>",
                          "<a>&#xD800;</a>", "<a>\x01</a>", "<a>\xff</a>", "<a>\xc0\x80</a>", "<a",
                          "<a>]]></a>", "<?xml version='1.0' encoding='nonsense?><a/>"}) {
    EXPECT_NE(refusal(bad), "accepted") << bad;
  }
  EXPECT_NE(refusal(std::string_view("<a>\0</a>", 8)), "accepted");
}

TEST(Xml, ADeclaredEncodingChangesNothing) {
  EXPECT_EQ(parse_xml("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xc3\xa4</a>").text,
            "\xc3\xa4");
  EXPECT_NE(refusal("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>"), "accepted");
  EXPECT_THAT(refusal(std::string_view("\xff\xfe<\0a\0/\0>\0", 10)), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal(std::string_view("<\0a\0/\0>\0", 8)), HasSubstr("UTF-8"));
}

TEST(Xml, RefusesEveryTruncation) {
  std::string document = "<?xml version='1.0'?><a x='1'><b>&amp;\xc3\xa4</b><![CDATA[z]]></a>";
  ASSERT_EQ(refusal(document), "accepted");
  for (std::size_t size = 0; size < document.size(); ++size) {
    EXPECT_NE(refusal(document.substr(0, size)), "accepted") << size;
  }
}

TEST(Xml, BoundsDepth) {
  EXPECT_EQ(refusal(nested(32)), "accepted");
  EXPECT_THAT(refusal(nested(33)), HasSubstr("nested"));
  EXPECT_THAT(refusal(nested(100'000)), HasSubstr("nested"));
}

TEST(Xml, BoundsElements) {
  auto wide = [](int children) {
    std::string out = "<a>";
    for (int i = 0; i < children; ++i) out += "<b/>";
    return out + "</a>";
  };
  EXPECT_EQ(refusal(wide(199'999)), "accepted");
  EXPECT_THAT(refusal(wide(200'000)), HasSubstr("too many"));
}

TEST(Xml, BoundsSize) {
  std::string largest = "<a>" + std::string((4 << 20) - 7, 'x') + "</a>";
  EXPECT_EQ(refusal(largest), "accepted");
  EXPECT_THAT(refusal(largest + " "), HasSubstr("4 MiB"));
}

TEST(Xml, ErrorsNameTheLine) { EXPECT_THAT(refusal("<a>\n\n</b>"), HasSubstr("line 3")); }

TEST(XmlWriter, WritesWhatS3Answers) {
  XmlWriter writer("ListBucketResult", "http://s3.amazonaws.com/doc/2006-03-01/");
  writer.element("Name", "b").element("MaxKeys", std::uint64_t(1000));
  writer.open("Contents").element("Key", "a&b").element("ETag", "\"00\"").close();
  writer.open("CommonPrefixes").element("Prefix", "");
  EXPECT_EQ(writer.finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Name>b</Name><MaxKeys>1000</MaxKeys>"
            "<Contents><Key>a&amp;b</Key><ETag>&quot;00&quot;</ETag></Contents>"
            "<CommonPrefixes><Prefix></Prefix></CommonPrefixes></ListBucketResult>");
}

TEST(XmlWriter, WithoutNamespaceThereIsNoAttribute) {
  EXPECT_EQ(XmlWriter("Error", "").finish(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error></Error>");
}

TEST(XmlEscape, EscapesMarkupAndKeepsCharacters) {
  EXPECT_EQ(xml_escape("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&apos;&amp;&apos;&lt;/a&gt;");
  EXPECT_EQ(xml_escape("\t\n\r"), "&#x9;&#xA;&#xD;");
  EXPECT_EQ(xml_escape("\xc3\xa4\xf0\x9f\x98\x80\x7f"), "\xc3\xa4\xf0\x9f\x98\x80\x7f");
}

TEST(XmlEscape, ReplacesWhatXmlCannotHold) {
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(xml_escape(std::string_view("\0\x01\x1f", 3)), mark + mark + mark);
  EXPECT_EQ(xml_escape("a\xff\x62"), "a" + mark + "b");
  EXPECT_EQ(xml_escape("\xed\xa0\x80"), mark + mark + mark);
  EXPECT_EQ(xml_escape("\xef\xbf\xbe"), mark + mark + mark);
  EXPECT_EQ(xml_escape("\xc3"), mark);
}

TEST(XmlEscape, WhatIsWrittenReadsBackWhole) {
  std::string text;
  for (int c = 1; c < 0x80; ++c) {
    if (c >= 0x20 || c == '\t' || c == '\n' || c == '\r') text += static_cast<char>(c);
  }
  text += " ]]> \xc3\xa4";
  EXPECT_EQ(parse_xml(XmlWriter("a", "").element("b", text).finish()).child_text("b"), text);
}

}  // namespace
}  // namespace holdfast::codec
