#include "base/log.h"

#include "base/clock.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that each text from outside may take in a line, escapes included. */
enum { MESSAGE_MAX = 3072, PATH_TEXT_MAX = 640, NAME_TEXT_MAX = 96, FRAME_MAX = 160 };
static_assert(MESSAGE_MAX + PATH_TEXT_MAX + 2 * NAME_TEXT_MAX + FRAME_MAX <= LOG_LINE_MAX,
              "the longest line fits");

struct line {
    char   text[LOG_LINE_MAX];
    size_t size;
    bool   json;
};

atomic_int          log_threshold = LOG_LEVEL_INFO;
static atomic_int   format_now = LOG_FORMAT_TEXT;
static atomic_ullong dropped;

/* Where lines go. */
enum sink_kind { SINK_FILE, SINK_PIPE, SINK_SOCKET, SINK_TERMINAL };
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static int             sink_fd = STDERR_FILENO;
static enum sink_kind  sink_kind;
static bool            sink_torn;  /* the last line got there only in part */
static bool            sink_stuck; /* or not at all */

/* O_NONBLOCK belongs to the open file, which stderr shares with whoever started us; so a pipe
 * or a terminal is opened anew.  A socket needs no flag: send() has one for each call. */
static int open_sink(enum sink_kind *kind)
{
    struct stat status;
    *kind = SINK_FILE;
    if (fstat(STDERR_FILENO, &status) != 0)
        return STDERR_FILENO;
    if (S_ISSOCK(status.st_mode))
        *kind = SINK_SOCKET;
    else if (S_ISFIFO(status.st_mode))
        *kind = SINK_PIPE;
    else if (isatty(STDERR_FILENO))
        *kind = SINK_TERMINAL;
    if (*kind == SINK_FILE || *kind == SINK_SOCKET)
        return STDERR_FILENO;
    int fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return STDERR_FILENO;
    if (*kind == SINK_PIPE) /* room for a burst; more than the system allows is refused */
        (void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);
    return fd;
}

void log_setup(enum log_level level, enum log_format format)
{
    int saved = errno;
    pthread_mutex_lock(&sink_lock);
    if (sink_fd != STDERR_FILENO)
        close(sink_fd);
    sink_fd = open_sink(&sink_kind);
    sink_torn = sink_stuck = false;
    pthread_mutex_unlock(&sink_lock);
    atomic_store_explicit(&format_now, (int)format, memory_order_relaxed);
    atomic_store_explicit(&log_threshold, (int)level, memory_order_relaxed);
    errno = saved;
}

uint64_t log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

static ssize_t write_once(const char *text, size_t size)
{
    ssize_t n;
    do
        n = sink_kind == SINK_SOCKET ? send(sink_fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                     : write(sink_fd, text, size);
    while (n < 0 && errno == EINTR);
    return n;
}

/* A terminal holds less than a burst of lines, so it gets a moment to show them; once that was
 * in vain (Ctrl-S), the lines after it are dropped at once. */
static bool wait_for_terminal(void)
{
    struct pollfd terminal = { .fd = sink_fd, .events = POLLOUT };
    return sink_kind == SINK_TERMINAL && !sink_stuck && errno == EAGAIN && poll(&terminal, 1, 100) == 1;
}

/* A pipe takes a line whole or not at all; a terminal, a full disk or a socket may take a part.
 * A line that stays torn is ended before the next one begins. */
static bool write_line(const char *text, size_t size)
{
    if (sink_torn && write_once("\n", 1) != 1)
        return false;
    size_t done = 0;
    while (done < size) {
        ssize_t n = write_once(text + done, size - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || !wait_for_terminal())
            break;
    }
    sink_torn = done > 0 && done < size;
    sink_stuck = done < size;
    return !sink_stuck;
}

static void emit(struct line *line)
{
    line->text[line->size++] = '\n';
    pthread_mutex_lock(&sink_lock);
    bool written = write_line(line->text, line->size);
    pthread_mutex_unlock(&sink_lock);
    if (!written)
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

/* The character at `at`, which ends with a zero byte: its size in bytes, or 0 if it is no
 * well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF). */
static size_t read_utf8(const unsigned char *at, uint32_t *code)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if ((at[0] >= 0x80 && at[0] < 0xc0) || at[0] >= 0xf8)
        return 0;
    *code = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (at[i] & 0x3f);
    }
    bool good = *code >= smallest[size] && *code <= 0x10ffff && (*code < 0xd800 || *code > 0xdfff);
    return good ? size : 0;
}

/* Would change how the line reads: control characters, C1 ones too (a terminal takes U+009B as
 * the start of a command), separators, and marks that reverse the direction of writing. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff;
}

/* One character, or one byte that is none, as it goes into the line; returns what it took of
 * the input.  `out` gets at most 6 bytes and an end mark. */
static size_t escape(const unsigned char *at, bool json, char out[8])
{
    static const char named[] = "\nn\rr\tt\\\\";
    uint32_t          code;
    size_t            size = read_utf8(at, &code);
    if (size == 0) {
        snprintf(out, 8, json ? "\\ufffd" : "\\x%02x", at[0]);
        return 1;
    }
    for (size_t i = 0; i + 1 < sizeof named; i += 2)
        if (code == (unsigned char)named[i]) {
            snprintf(out, 8, "\\%c", named[i + 1]);
            return size;
        }
    if (is_unsafe(code))
        snprintf(out, 8, json || code > 0xff ? "\\u%04x" : "\\x%02x", code & 0xffff);
    else if (json && code == '"')
        snprintf(out, 8, "\\\"");
    else
        snprintf(out, 8, "%.*s", (int)size, (const char *)at);
    return size;
}

static void put(struct line *line, const char *text)
{
    size_t size = strlen(text);
    assert(line->size + size < sizeof line->text);
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

/* `text`, in at most `max` bytes; "..." in place of what does not fit. */
static void put_escaped(struct line *line, const char *text, size_t max)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t               cut = line->size, end = line->size + max;
    char                 piece[8];
    while (*at != '\0') {
        at += escape(at, line->json, piece);
        if (line->size + strlen(piece) > end) {
            line->size = cut;
            put(line, "...");
            return;
        }
        put(line, piece);
        if (line->size + 3 <= end)
            cut = line->size;
    }
}

static const char *time_text(void)
{
    static _Thread_local int64_t second = -1;
    static _Thread_local char    text[CLOCK_ISO_SIZE];
    int64_t                      now_ms = clock_wall_ms();
    if (now_ms / 1000 != second) { /* the zone's rules are read at most once a second */
        second = now_ms / 1000;
        clock_format_iso(now_ms, text);
    }
    unsigned ms = (unsigned)(now_ms % 1000);
    char    *digits = text + strlen("2026-01-31T09:05:07.");
    digits[0] = (char)('0' + ms / 100);
    digits[1] = (char)('0' + ms / 10 % 10);
    digits[2] = (char)('0' + ms % 10);
    return text;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '/';
}

/* Does `message` hold `word`, not as a part of a longer one? */
static bool mentions(const char *message, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = strstr(message, word); at != NULL; at = strstr(at + 1, word))
        if ((at == message || !is_word(at[-1])) && !is_word(at[size]))
            return true;
    return false;
}

static void put_text(struct line *line, enum log_level level, const struct log_context *about,
                     const char *message)
{
    static const char *const names[] = { " NONE  ", " ERROR ", " WARN  ", " INFO  ", " DEBUG " };
    put(line, time_text());
    put(line, names[level]);
    put_escaped(line, message, MESSAGE_MAX);
    const char *parts[] = { about->id, about->ip, about->path };
    const char *before = " [";
    for (size_t i = 0; i < 3; i++) {
        if (parts[i] == NULL || parts[i][0] == '\0' || mentions(message, parts[i]))
            continue;
        put(line, before);
        put_escaped(line, parts[i], i == 2 ? PATH_TEXT_MAX : NAME_TEXT_MAX);
        before = " ";
    }
    if (before[1] == '\0')
        put(line, "]");
}

static void put_member(struct line *line, const char *start, const char *value, size_t max)
{
    if (value == NULL || value[0] == '\0')
        return;
    put(line, start);
    put_escaped(line, value, max);
    put(line, "\"");
}

static void put_json(struct line *line, enum log_level level, const struct log_context *about,
                     const char *message)
{
    static const char *const names[] = { "none", "error", "warn", "info", "debug" };
    put(line, "{\"time\":\"");
    put(line, time_text());
    put(line, "\",\"level\":\"");
    put(line, names[level]);
    put(line, "\",\"message\":\"");
    put_escaped(line, message, MESSAGE_MAX);
    put(line, "\"");
    put_member(line, ",\"session\":\"", about->id, NAME_TEXT_MAX);
    put_member(line, ",\"ip\":\"", about->ip, NAME_TEXT_MAX);
    put_member(line, ",\"path\":\"", about->path, PATH_TEXT_MAX);
    put(line, "}");
}

void log_write(enum log_level level, const struct log_context *context, const char *format, ...)
{
    static const struct log_context nobody;
    char        message[MESSAGE_MAX + 4]; /* one more than a line takes, so that a cut shows */
    struct line line;
    int         saved = errno;
    va_list     arguments;
    va_start(arguments, format);
    if (vsnprintf(message, sizeof message, format, arguments) < 0)
        snprintf(message, sizeof message, "(a message that cannot be formatted)");
    va_end(arguments);
    line.size = 0;
    line.json = atomic_load_explicit(&format_now, memory_order_relaxed) == LOG_FORMAT_JSON;
    (line.json ? put_json : put_text)(&line, level, context ? context : &nobody, message);
    emit(&line);
    errno = saved;
}
