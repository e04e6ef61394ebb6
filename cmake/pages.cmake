# The pages of web/, as ./dev pages builds them into build/web, become part of page_store.c.  What
# changes in them changes pages.inc, which the compiler knows that the file depends on.
if(MILLRACE_PAGES)
  set(MILLRACE_PAGES_FOLDER ${CMAKE_SOURCE_DIR}/build/web)
  if(NOT EXISTS ${MILLRACE_PAGES_FOLDER}/pages.inc)
    message(FATAL_ERROR "The pages are not built yet: run ./dev pages, or configure with -DMILLRACE_PAGES=OFF")
  endif()
  set_source_files_properties(src/server/page_store.c PROPERTIES
    COMPILE_DEFINITIONS MILLRACE_PAGES="${MILLRACE_PAGES_FOLDER}"
    INCLUDE_DIRECTORIES ${MILLRACE_PAGES_FOLDER})
endif()
