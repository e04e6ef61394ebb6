# What every file of ours is compiled with; a warning is an error.
add_library(millrace_warnings INTERFACE)
target_compile_options(millrace_warnings INTERFACE
  -Wall -Wextra -Werror -Wundef -Wvla -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-format-nonliteral -Wimplicit-fallthrough)

# ./dev lint's second opinion.  It takes a counted object for freed at the first of its references
# (AddressSanitizer sees the real faults), and so leaves these two out.
option(MILLRACE_ANALYZE "Have gcc look along all paths (-fanalyzer)" OFF)
if(MILLRACE_ANALYZE)
  target_compile_options(millrace_warnings INTERFACE
    -fanalyzer -Wno-analyzer-use-after-free -Wno-analyzer-double-free)
endif()

# Vectors in tests are long hexadecimal literals, each over several lines of a list.
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  target_compile_options(millrace_warnings INTERFACE -Wno-string-concatenation)
endif()
