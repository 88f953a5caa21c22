// The typed values of GraphSON 3, as TinkerPop 3.3 to 3.7 write them into files and answers:
// `{"@type":"g:Int64","@value":1}`. Format: docs/formats/stackgraph-graphson.md. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/json_scanner.h"

namespace holdfast::codec {

enum class GraphType : std::uint8_t {
  kNull,
  kBool,
  kText,
  kInt32,
  kInt64,
  kDouble,
  kFloat,
  kUuid,
  kDate,       // milliseconds since 1970, UTC
  kTimestamp,  // the same
  kList,
  kSet,
  kMap,
  kBigDecimal,
  kBigInteger,
  kByte,
  kInt16,
  kChar,
  kByteBuffer,
  // Texts whose form TinkerPop (java.time, java.net) defines; kept letter for letter.
  kDuration,
  kInstant,
  kLocalDate,
  kLocalDateTime,
  kLocalTime,
  kOffsetDateTime,
  kZonedDateTime,
  kInetAddress,
  kYear,
  kYearMonth,
  kMonthDay,
  kPeriod,
  kZoneOffset,
  kOffsetTime,
  kOther,  // a type that is not one of these
};

// "g:Int64" of kInt64; empty for those that are written without a type (and kOther).
std::string_view name_of(GraphType type);
// kOther when the name is none of ours. `name` is raw JSON.
GraphType graph_type_of(std::string_view name);

// One value as a tree. What is not of its type is empty.
struct GraphValue {
  GraphType type = GraphType::kNull;
  bool boolean = false;
  std::int64_t integer = 0;  // kInt32, kInt64, kByte, kInt16, kDate, kTimestamp
  double number = 0;         // kDouble; kFloat, rounded to a float
  // kText, kChar, the texts (also kUuid, in lower case, and kYear); kByteBuffer: the bytes
  // themselves; kBigInteger, kBigDecimal: the number as it is written; kOther: its @value as JSON.
  std::string text;
  std::string other;              // kOther: the name of its type
  std::vector<GraphValue> items;  // kList, kSet; kMap: key, value, key, value, ...

  bool operator==(const GraphValue&) const = default;
};

// Appends a UUID in lower case; false, with nothing useful appended, when `text` is none.
bool append_uuid(std::string_view text, std::string& out);

// Reads one value, to its end. Corrupt for what is no GraphSON 3: a number out of its type's range,
// a map with half an entry. Unsupported for arrays and objects without a type, as GraphSON 1 and 2
// have them, and for more than kMostItems values in one. A bare number is what TinkerPop takes it
// for: the smallest of g:Int32, g:Int64, gx:BigInteger that holds it, or a g:Double. Unknown types
// (kOther) are kept as they are.
inline constexpr std::size_t kMostItems = 1'000'000;  // some 150 MB
GraphValue read_graphson(std::string_view json, const JsonOrigin& origin);
// The same, in the middle of a document.
GraphValue read_graphson(JsonScanner& scanner);
// As TinkerPop writes it: no blanks, a double's shortest form.
void append_graphson(const GraphValue& value, std::string& out);

}  // namespace holdfast::codec
