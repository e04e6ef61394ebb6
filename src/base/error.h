/* error.h - the one set of error numbers, all negative, that Millrace's functions return.
 *
 * A fault of a peer or of the system is returned; a fault of our own is an assert.
 * Parsers return `n > 0` bytes consumed, 0 for "more input needed", or one of these. */
#ifndef MILLRACE_BASE_ERROR_H
#define MILLRACE_BASE_ERROR_H

enum error {
    ERR_PROTOCOL      = -1,  /* the bytes break the specification */
    ERR_TOO_BIG       = -2,  /* a size or a count above its limit */
    ERR_UNSUPPORTED   = -3,  /* valid, but not something Millrace does */
    ERR_BUSY          = -4,  /* the stream path has a publisher already */
    ERR_NOT_FOUND     = -5,
    ERR_REFUSED       = -6,  /* an access rule says no */
    ERR_WRONG_STATE   = -7,  /* not allowed at this point of the dialogue */
    ERR_TIMEOUT       = -8,
    ERR_CLOSED        = -9,  /* the peer ended the connection */
    ERR_SYSTEM        = -10, /* a system call failed; errno has the cause */
    ERR_OUT_OF_MEMORY = -11,
    ERR_INVALID       = -12, /* a value from the configuration or the command line */
};

/* A short lower-case phrase for `error`, static; "unknown error" for anything else. */
const char *err_name(int error);

#endif
