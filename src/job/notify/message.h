// An event as people read it, and as a webhook's JSON. Pure.
#pragma once

#include <string>
#include <string_view>

#include "job/notify/event.h"

namespace holdfast::job {

// "clickhouse: full failed: WHAT: WHY; WHAT TO DO". Cut when the error is very long.
std::string line_of(const Event& event);
std::string subject_of(const Event& event);
// A mail's text: the line, then what is known, one fact a line.
std::string text_of(const Event& event);

// A JSON text with {store} {task} {occasion} {message} {time} {run} {outcome} {error}
// {lateness_seconds} {last_success} in it: each is replaced by its value, escaped as in a JSON
// string but without quotes; other braces stand for themselves. What is not known is empty,
// lateness 0.
inline constexpr std::string_view kUsualTemplate =
    R"({"text": "{message}", "occasion": "{occasion}", "store": "{store}", "task": "{task}", )"
    R"("time": "{time}", "run": "{run}", "outcome": "{outcome}", "error": "{error}", )"
    R"("lateness_seconds": {lateness_seconds}, "last_success": "{last_success}"})";
std::string render(std::string_view pattern, const Event& event);
// InvalidArgument when a placeholder is not known, or when what comes out is not JSON.
void check_template(std::string_view pattern);

}  // namespace holdfast::job
