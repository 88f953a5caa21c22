// SipHash-2-4 with 128 bits and the key zero, as ClickHouse finishes it: the last step of the
// 64-bit kind, then both halves of the state (the 128-bit kind of the paper gives other values).
// Pure.
#pragma once

#include <string_view>

#include "codec/city_hash.h"

namespace holdfast::codec {

Hash128 clickhouse_sip_hash(std::string_view bytes);

}  // namespace holdfast::codec
