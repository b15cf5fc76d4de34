# The compile options of our own code: warnings are errors, Boost and the like stay SYSTEM.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  if(BACKFILL_PCH)
    # ccache manual, "Precompiled headers": without these nothing that uses one is ever found again.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE_PROGRAM}")
  endif()
endif()

find_program(LLD_PROGRAM NAMES ld.lld-19 ld.lld)

# What the files of a target that awaits have in common, parsed once.
function(backfill_precompile target)
  if(BACKFILL_PCH)
    target_precompile_headers(${target} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp" ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
endfunction()

function(backfill_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 warns inside libstdc++ and Boost coroutine frames at -O2; clang checks the same code.
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict
      -Wno-stringop-overflow -Wno-array-bounds -Wno-free-nonheap-object -Wno-mismatched-new-delete)
  elseif(LLD_PROGRAM)
    target_link_options(${target} PRIVATE "-fuse-ld=lld")
  endif()
  if(BACKFILL_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
  if(BACKFILL_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${BACKFILL_SANITIZE}
      -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
    target_link_options(${target} PRIVATE -fsanitize=${BACKFILL_SANITIZE})
    if(BACKFILL_SANITIZE MATCHES "thread")
      # TSan does not model the fences of Asio's reference counts.
      target_compile_definitions(${target} PRIVATE BOOST_ASIO_DISABLE_FENCED_BLOCK)
      if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(${target} PRIVATE -Wno-tsan)
      endif()
    endif()
  endif()
endfunction()
