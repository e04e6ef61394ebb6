# MILLRACE_SANITIZE builds everything, the tests too, with a sanitizer whose findings are fatal.
if(MILLRACE_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(MILLRACE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-array-bounds) # gcc 12 misreads its own instrumentation
  endif()
  add_link_options(-fsanitize=thread)
elseif(NOT MILLRACE_SANITIZE STREQUAL "none")
  message(FATAL_ERROR "MILLRACE_SANITIZE: none, address or thread, not '${MILLRACE_SANITIZE}'")
endif()
