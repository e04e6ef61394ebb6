# What the compiler and the linker can do against a fault of ours being put to use.  Only where code is
# optimised and no sanitizer is at work: they want none of it.  tests/e2e/hardening.test.mjs looks at
# the program for each of these.
include(CheckCCompilerFlag)

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT MILLRACE_SANITIZE STREQUAL "none" OR CMAKE_BUILD_TYPE STREQUAL "Debug")
  return()
endif()

# add_flag_if_known FLAG: some are not there on every machine, or in every compiler.
function(add_flag_if_known flag)
  string(MAKE_C_IDENTIFIER "HAVE${flag}" name)
  check_c_compiler_flag(${flag} ${name})
  if(${name})
    add_compile_options(${flag})
  endif()
endfunction()

add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3) # sizes are checked where they can be known
add_flag_if_known(-fstack-protector-strong) # a return address that was written over is found
add_flag_if_known(-fstack-clash-protection) # a large frame does not jump over the guard page
add_flag_if_known(-fcf-protection=full)     # x86: jumps land only where they may
add_flag_if_known(-mbranch-protection=standard) # the same on ARM
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)

# -pie is CMake's to add, once it has asked whether the linker can.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
