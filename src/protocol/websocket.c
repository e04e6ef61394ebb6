#include "protocol/websocket.h"

#include "protocol/http.h"
#include "protocol/utf8.h"

#include <strings.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

enum { KEY_LENGTH = 24 }; /* 16 bytes in base64 */

/* 16 bytes in base64 are 22 characters, the last of which carries two bits only, and "==". */
static bool is_key(const char *key)
{
    uint8_t raw[KEY_LENGTH];
    if (strlen(key) != KEY_LENGTH || strcmp(key + KEY_LENGTH - 2, "==") != 0 ||
        memchr(key, '=', KEY_LENGTH - 2) != NULL || strchr("AQgw", key[KEY_LENGTH - 3]) == NULL)
        return false;
    return EVP_DecodeBlock(raw, (const uint8_t *)key, KEY_LENGTH) == 18;
}

static size_t header_count(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += strcasecmp(request->headers[i].name, name) == 0;
    return count;
}

/* Over HTTP/2 there is no key: a stream cannot be mistaken for what it is not (RFC 8441, 5.1). */
static bool has_key(const struct http_request *request)
{
    const char *key = http_request_header(request, "Sec-WebSocket-Key");
    return request->http2 ||
           (key != NULL && header_count(request, "Sec-WebSocket-Key") == 1 && is_key(key));
}

int websocket_check(const struct http_request *request)
{
    const char *version = http_request_header(request, "Sec-WebSocket-Version");
    if (!request->upgrade_websocket || request->method != HTTP_METHOD_GET || request->has_body ||
        !has_key(request))
        return 400;
    if (version == NULL || strcmp(version, "13") != 0)
        return 426;
    return 0;
}

/* Whether one of the comma-separated items of `list` is `token`, to the letter. */
static bool list_has(const char *list, const char *token)
{
    size_t size = strlen(token);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        size_t item = strcspn(list, " \t,");
        if (item == size && memcmp(list, token, size) == 0)
            return true;
        list += item;
    }
    return false;
}

const char *websocket_choose_protocol(const struct http_request *request, const char *const *known)
{
    for (; *known != NULL; known++)
        for (size_t i = 0; i < request->header_count; i++)
            if (strcasecmp(request->headers[i].name, "Sec-WebSocket-Protocol") == 0 &&
                list_has(request->headers[i].value, *known))
                return *known;
    return NULL;
}

void websocket_accept_key(const char *key, char out[WEBSOCKET_ACCEPT_SIZE])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 1.3 */
    uint8_t  digest[SHA_DIGEST_LENGTH];
    unsigned size = 0;
    char     text[128] = "";
    size_t   key_size = strlen(key);
    if (key_size > KEY_LENGTH) /* no key that websocket_check() let pass */
        key_size = KEY_LENGTH;
    memcpy(text, key, key_size);
    memcpy(text + key_size, guid, sizeof guid);
    EVP_Digest(text, strlen(text), digest, &size, EVP_sha1(), NULL);
    EVP_EncodeBlock((uint8_t *)out, digest, sizeof digest);
}

void websocket_write_accept(struct writer *w, const struct http_request *request, const char *protocol)
{
    const char *key = http_request_header(request, "Sec-WebSocket-Key");
    char        accept[WEBSOCKET_ACCEPT_SIZE];
    websocket_accept_key(key != NULL ? key : "", accept);
    http_response_start(w, 101);
    http_response_header(w, "Upgrade", "websocket");
    http_response_header(w, "Connection", "Upgrade");
    http_response_header(w, "Sec-WebSocket-Accept", accept);
    if (protocol != NULL)
        http_response_header(w, "Sec-WebSocket-Protocol", protocol);
    http_response_end(w);
}

size_t websocket_write_header(uint8_t out[WEBSOCKET_HEADER_SIZE], enum websocket_opcode opcode,
                              uint64_t payload_size)
{
    struct writer w = writer_over(out, WEBSOCKET_HEADER_SIZE);
    write_be(&w, 0x80u | opcode, 1); /* FIN */
    if (payload_size < 126) {
        write_be(&w, payload_size, 1);
    } else if (payload_size <= UINT16_MAX) {
        write_be(&w, 126, 1);
        write_be(&w, payload_size, 2);
    } else {
        write_be(&w, 127, 1);
        write_be(&w, payload_size, 8);
    }
    return writer_size(&w);
}

void websocket_write_frame(struct writer *w, enum websocket_opcode opcode, struct bytes payload)
{
    uint8_t header[WEBSOCKET_HEADER_SIZE];
    size_t  size = websocket_write_header(header, opcode, payload.size);
    write_bytes(w, header, size);
    write_bytes(w, payload.data, payload.size);
}

/* The bytes of `text` that fit into `size_max` without cutting a character. */
static size_t fitting_size(const char *text, size_t size_max)
{
    size_t size = strlen(text);
    if (size <= size_max)
        return size;
    size = size_max;
    while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

void websocket_write_close(struct writer *w, uint16_t code, const char *reason)
{
    uint8_t       payload[WEBSOCKET_CONTROL_MAX];
    struct writer p = writer_over(payload, sizeof payload);
    if (code != WEBSOCKET_NO_CODE) {
        write_be(&p, code, 2);
        if (reason != NULL)
            write_bytes(&p, reason, fitting_size(reason, sizeof payload - 2));
    }
    websocket_write_frame(w, WEBSOCKET_OPCODE_CLOSE, (struct bytes){ payload, writer_size(&p) });
}

uint16_t websocket_answer_code(uint16_t code)
{
    return code == WEBSOCKET_NO_CODE ? WEBSOCKET_NORMAL : code;
}
