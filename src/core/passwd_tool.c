#include "core/passwd_tool.h"

#include "core/options.h"
#include "core/password.h"
#include "protocol/utf8.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_MIN 8

static void print_help(FILE *out)
{
    fputs("Usage: millrace passwd\n"
          "       millrace passwd --token\n"
          "Print what goes into the configuration for somebody who may use the API.\n"
          "\n"
          "Without an option, a password is asked for, or read from standard input if that is no\n"
          "terminal, and its hash is printed: for api.users.\n"
          "\n"
          "  --token      make a token, and print it and its hash: for api.tokens\n"
          "  -h, --help   print this and exit\n"
          "\n"
          "  \"api\": {\n"
          "    \"users\": [{ \"username\": \"anna\", \"password\": \"scrypt:...\", \"role\": \"admin\" }],\n"
          "    \"tokens\": [{ \"name\": \"grafana\", \"token\": \"sha256:...\", \"role\": \"viewer\" }]\n"
          "  }\n",
          out);
}

/* A line without its end; false at the end of the input, or if it is too long. */
static bool read_line(char *out, size_t size)
{
    size_t used = 0;
    char   c;
    for (;;) { /* byte by byte: what follows is another's */
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 && used == 0)
            return false;
        if (n <= 0 || c == '\n')
            break;
        if (used + 1 == size)
            return false;
        out[used++] = c;
    }
    if (used > 0 && out[used - 1] == '\r')
        used--;
    out[used] = '\0';
    return true;
}

/* A line from the terminal, which does not show it. */
static bool ask(const char *prompt, char *out, size_t size)
{
    struct termios shown, hidden;
    bool           is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (is_terminal) {
        fputs(prompt, stderr);
        hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    bool read = read_line(out, size);
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    return read;
}

static const char *find_fault(const char *password)
{
    for (const char *at = password; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return "control characters are not allowed in a password";
    if (!utf8_valid(bytes_of(password)))
        return "the password is not UTF-8";
    return strlen(password) < PASSWORD_MIN ? "a password has 8 characters or more" : NULL;
}

/* NULL, or what went wrong. */
static const char *read_password(char password[PASSWORD_MAX + 1])
{
    char again[PASSWORD_MAX + 1];
    if (!ask("Password: ", password, PASSWORD_MAX + 1))
        return "no password was given, or one that is too long";
    const char *fault = find_fault(password);
    if (fault != NULL || !isatty(STDIN_FILENO))
        return fault;
    bool same = ask("Once more: ", again, sizeof again) && strcmp(password, again) == 0;
    OPENSSL_cleanse(again, sizeof again);
    return same ? NULL : "they are not the same";
}

static int fail(const char *why)
{
    fprintf(stderr, "millrace: %s\n", why);
    return OPTIONS_EXIT_USAGE;
}

static int print_hash(void)
{
    char        password[PASSWORD_MAX + 1], hash[PASSWORD_HASH_SIZE];
    const char *fault = read_password(password);
    if (fault == NULL && password_hash(password, hash) != 0)
        fault = "the hash could not be made";
    OPENSSL_cleanse(password, sizeof password);
    if (fault != NULL)
        return fail(fault);
    puts(hash);
    return 0;
}

static int print_token(void)
{
    char    token[PASSWORD_TOKEN_SIZE], text[PASSWORD_DIGEST_TEXT_SIZE];
    uint8_t digest[PASSWORD_DIGEST_SIZE];
    if (password_make_token(token) != 0)
        return fail("a token could not be made");
    password_digest(token, digest);
    password_format_digest(digest, text);
    printf("%s\n%s\n", token, text);
    return 0;
}

int passwd_tool(int argc, char **argv)
{
    const char *option = argc > 1 ? argv[1] : "";
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0) {
        print_help(stdout);
        return 0;
    }
    if (argc == 1)
        return print_hash();
    if (argc == 2 && strcmp(option, "--token") == 0)
        return print_token();
    return fail("passwd takes no argument but --token; try millrace passwd --help");
}
