/* api_openapi.c - the description of the API: docs/openapi.json, which the assembler puts here. */
#include "server/api_peer.h"

/* Strings of the assembler, between which the file lies. */
__asm__(".section .rodata\n"
        ".global millrace_openapi_begin\n"
        ".global millrace_openapi_end\n"
        "millrace_openapi_begin:\n"
        ".incbin \"" OPENAPI_FILE "\"\n"
        "millrace_openapi_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char millrace_openapi_begin[], millrace_openapi_end[];

static void show_description(struct api_call *call)
{
    /* cppcheck-suppress comparePointers ; the linker has them side by side */
    size_t size = (size_t)(millrace_openapi_end - millrace_openapi_begin);
    api_answer_text(call, 200, "application/json", millrace_openapi_begin, size, NULL);
}

static const struct api_route rows[] = {
    { HTTP_METHOD_GET, "/api/openapi.json", API_VIEWER, .serve = show_description },
};

const struct api_routes api_openapi_routes = { rows, sizeof rows / sizeof *rows };
