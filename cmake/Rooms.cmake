# How a room is built: holdfast_room(NAME LINK ...) makes the library holdfast_NAME of every
# src/NAME/**/*.cpp and, with tests on, the test program NAME_test of every src/NAME/**/*_test.cpp.

add_library(holdfast_flags INTERFACE)
target_include_directories(holdfast_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(holdfast_flags INTERFACE -Wall -Wextra -Wpedantic -Werror -Wshadow
                       -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
target_compile_definitions(holdfast_flags INTERFACE HOLDFAST_VERSION="${PROJECT_VERSION}")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely inside its own standard library when optimising.
  target_compile_options(holdfast_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-maybe-uninitialized
                         -Wno-array-bounds -Wno-stringop-overread -Wno-dangling-pointer -Wno-missing-field-initializers)
else()
  # Warnings of g++ are the errors; clang, which builds the fuzz targets alone, sees some other ones.
  target_compile_options(holdfast_flags INTERFACE -Wno-error -Wno-missing-field-initializers)
endif()
if(HOLDFAST_SANITIZE)
  target_compile_options(holdfast_flags INTERFACE -fsanitize=${HOLDFAST_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(holdfast_flags INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
endif()
if(HOLDFAST_FUZZ)
  # Coverage feedback in the rooms themselves; the programs of tests/fuzz add libFuzzer's main.
  target_compile_options(holdfast_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(holdfast_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(HOLDFAST_MOLD mold)
if(HOLDFAST_MOLD)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_link_options(holdfast_flags INTERFACE -fuse-ld=mold)
  endif()
endif()
find_program(HOLDFAST_CCACHE ccache)
if(HOLDFAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HOLDFAST_CCACHE})
endif()

set(HOLDFAST_PCH_HEADERS <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint> <cstring>
    <filesystem> <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view> <thread>
    <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

function(holdfast_precompile target)
  if(HOLDFAST_PCH)
    target_precompile_headers(${target} PRIVATE ${HOLDFAST_PCH_HEADERS} ${ARGN})
  endif()
endfunction()

function(holdfast_room name)
  cmake_parse_arguments(ROOM "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(holdfast_${name} STATIC ${sources})
    target_link_libraries(holdfast_${name} PUBLIC holdfast_flags ${ROOM_LINK})
    holdfast_precompile(holdfast_${name})
  else()
    add_library(holdfast_${name} INTERFACE)
    target_link_libraries(holdfast_${name} INTERFACE holdfast_flags ${ROOM_LINK})
  endif()
  if(HOLDFAST_TESTS AND tests)
    holdfast_unit_test(${name}_test SOURCE ${tests} LINK holdfast_${name})
  endif()
endfunction()

# A GoogleTest program, run as one ctest entry.
function(holdfast_unit_test name)
  cmake_parse_arguments(UNIT "" "" "SOURCE;LINK" ${ARGN})
  add_executable(${name} ${UNIT_SOURCE})
  target_link_libraries(${name} PRIVATE ${UNIT_LINK} holdfast_test_support holdfast_flags GTest::gmock GTest::gtest GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  holdfast_precompile(${name} <gtest/gtest.h>)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS unit
                       ENVIRONMENT HOLDFAST_SOURCE_DIR=${CMAKE_SOURCE_DIR})
endfunction()

function(holdfast_program name)
  cmake_parse_arguments(PROGRAM "" "SOURCE" "LINK" ${ARGN})
  if(EXISTS ${CMAKE_SOURCE_DIR}/${PROGRAM_SOURCE})
    add_executable(${name} ${PROGRAM_SOURCE})
    target_link_libraries(${name} PRIVATE ${PROGRAM_LINK} holdfast_flags)
  endif()
endfunction()
