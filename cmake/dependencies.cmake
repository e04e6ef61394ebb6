# The libraries Millrace stands on, gathered in one interface target.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBUV   REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET libssl>=3.0 libcrypto>=3.0)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SQLITE  REQUIRED IMPORTED_TARGET sqlite3>=3.24)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.50)
pkg_check_modules(CURL    REQUIRED IMPORTED_TARGET libcurl>=7.85)
find_library(WSLAY_LIBRARY wslay REQUIRED)

# llhttp, Node's HTTP/1 parser, comes as C sources: Debian's node-llhttp puts them here.
set(LLHTTP_SOURCES /usr/share/llhttp CACHE PATH "Folder of llhttp's api.c, http.c and llhttp.c")
set(LLHTTP_INCLUDE /usr/share/include/llhttp CACHE PATH "Folder of llhttp.h")
add_library(llhttp STATIC ${LLHTTP_SOURCES}/api.c ${LLHTTP_SOURCES}/http.c ${LLHTTP_SOURCES}/llhttp.c)
target_include_directories(llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(llhttp PRIVATE -w)

add_library(millrace_dependencies INTERFACE)
target_link_libraries(millrace_dependencies INTERFACE
  PkgConfig::LIBUV PkgConfig::OPENSSL PkgConfig::JANSSON PkgConfig::CURL PkgConfig::NGHTTP2 PkgConfig::SQLITE
  ${WSLAY_LIBRARY} llhttp Threads::Threads m)

if(MILLRACE_URING)
  pkg_check_modules(URING IMPORTED_TARGET liburing)
  if(URING_FOUND)
    target_link_libraries(millrace_dependencies INTERFACE PkgConfig::URING)
    target_compile_definitions(millrace_dependencies INTERFACE MILLRACE_HAVE_URING=1)
  endif()
endif()

if(MILLRACE_SECCOMP)
  pkg_check_modules(SECCOMP IMPORTED_TARGET libseccomp)
  if(SECCOMP_FOUND AND MILLRACE_SANITIZE STREQUAL "none") # sanitizers make calls of their own
    target_link_libraries(millrace_dependencies INTERFACE PkgConfig::SECCOMP)
    target_compile_definitions(millrace_dependencies INTERFACE MILLRACE_HAVE_SECCOMP=1)
  endif()
endif()
