/* http_auth.h - what a request's Authorization says (RFC 7617 Basic, RFC 6750 Bearer). */
#ifndef MILLRACE_PROTOCOL_HTTP_AUTH_H
#define MILLRACE_PROTOCOL_HTTP_AUTH_H

enum { HTTP_AUTH_USERNAME_MAX = 64, HTTP_AUTH_SECRET_MAX = 1024 };

enum http_auth_scheme { HTTP_AUTH_NONE, HTTP_AUTH_BASIC, HTTP_AUTH_BEARER };

struct http_auth {
    enum http_auth_scheme scheme;
    char username[HTTP_AUTH_USERNAME_MAX + 1]; /* Basic */
    char secret[HTTP_AUTH_SECRET_MAX + 1];     /* the password, or the token */
};

/* Read the header's value; NULL if there is none: HTTP_AUTH_NONE.  0; or ERR_PROTOCOL for what is
 * malformed (Basic's text must be UTF-8 without control characters), ERR_TOO_BIG, or ERR_UNSUPPORTED
 * for another scheme; *out is zeroed then. */
int http_auth_parse(const char *value, struct http_auth *out);

#endif
