#include "base/error.h"

const char *err_name(int error)
{
    switch ((enum error)error) {
    case ERR_PROTOCOL:      return "protocol error";
    case ERR_TOO_BIG:       return "too big";
    case ERR_UNSUPPORTED:   return "unsupported";
    case ERR_BUSY:          return "already publishing";
    case ERR_NOT_FOUND:     return "not found";
    case ERR_REFUSED:       return "refused";
    case ERR_WRONG_STATE:   return "not allowed now";
    case ERR_TIMEOUT:       return "timed out";
    case ERR_CLOSED:        return "closed by peer";
    case ERR_SYSTEM:        return "system error";
    case ERR_OUT_OF_MEMORY: return "out of memory";
    case ERR_INVALID:       return "invalid value";
    }
    return "unknown error";
}
