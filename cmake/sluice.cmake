# Flags that every target of ours has, kept off the targets of the packages.
add_library(sluice_flags INTERFACE)
# -pthread is what some packages ask for: asked of all, headers that are parsed once suit everybody.
target_compile_options(sluice_flags INTERFACE -pthread -Wall -Wextra -Wpedantic -Werror)
target_include_directories(sluice_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(SLUICE_SANITIZE STREQUAL "asan")
  target_compile_options(sluice_flags INTERFACE -fsanitize=address,undefined
                         -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(sluice_flags INTERFACE -fsanitize=address,undefined)
elseif(SLUICE_SANITIZE STREQUAL "tsan")
  target_compile_options(sluice_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
  target_link_options(sluice_flags INTERFACE -fsanitize=thread)
elseif(SLUICE_SANITIZE)
  message(FATAL_ERROR "SLUICE_SANITIZE is \"${SLUICE_SANITIZE}\"; it can be asan, tsan or empty")
endif()
if(SLUICE_FAIL_POINTS)
  target_compile_definitions(sluice_flags INTERFACE SLUICE_FAIL_POINTS)
endif()
if(SLUICE_FUZZ)
  target_compile_options(sluice_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# What every file parses anew costs a third of a build. With SLUICE_PRECOMPILE=all it is parsed once
# for the product and once for its tests, with =tests for these alone. Off unless asked for: a file
# that forgets an include must not compile, so one build of tests/run leaves the product as it is.
set(SLUICE_PRECOMPILE "" CACHE STRING "Parse common headers once: all, tests or empty")
if(NOT SLUICE_PRECOMPILE MATCHES "^(all|tests|)$")
  message(FATAL_ERROR "SLUICE_PRECOMPILE is \"${SLUICE_PRECOMPILE}\"; it can be all, tests or empty")
endif()
set(sluice_common_headers
    <algorithm> <array> <atomic> <chrono> <compare> <condition_variable> <coroutine> <cstdint>
    <cstring> <deque> <expected> <filesystem> <functional> <list> <map> <memory> <mutex> <optional>
    <set> <span> <string> <string_view> <thread> <tuple> <unordered_map> <utility> <variant>
    <vector> <fmt/format.h>)
if(SLUICE_PRECOMPILE)
  file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cc "")
endif()
if(SLUICE_PRECOMPILE STREQUAL "all")
  add_library(sluice_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(sluice_precompiled PRIVATE sluice_flags fmt::fmt Threads::Threads)
  target_precompile_headers(sluice_precompiled PRIVATE ${sluice_common_headers})
endif()

# sluice_module(<folder> SOURCES … LINKS …): the library of one folder. Links are public, so that
# the graph of targets is the graph of includes. A folder without sources is an interface library.
function(sluice_module name)
  cmake_parse_arguments(M "" "" "SOURCES;LINKS" ${ARGN})
  if(M_SOURCES)
    add_library(sluice_${name} STATIC ${M_SOURCES})
    target_link_libraries(sluice_${name} PUBLIC sluice_flags ${M_LINKS})
    if(SLUICE_PRECOMPILE STREQUAL "all")
      target_precompile_headers(sluice_${name} REUSE_FROM sluice_precompiled)
    endif()
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_flags ${M_LINKS})
  endif()
endfunction()
