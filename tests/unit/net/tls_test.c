/* TLS connections, turn by turn, against OpenSSL as the client. */
#include "net/tls_peer.h"

#include "base/error.h"
#include "base/log.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"

#define SEEN_SIZE_MAX (1 << 20)

/* The server's end of one connection, and what has come in there. */
struct server {
    struct conn *conn;
    uint8_t     *seen;
    size_t       seen_size;
    size_t       appetite; /* bytes that on_input takes in one call */
    bool         pause;    /* after each of them */
    unsigned     writable;
    int          ended;    /* the error of on_end */
    char         why[128];
};

static struct loop       loop;
static struct tls_store *store;
static struct server     server;
static struct client     client;

static size_t on_input(struct conn *c, struct bytes in)
{
    struct server *s = c->owner;
    size_t         size = in.size < s->appetite ? in.size : s->appetite;
    CHECK(s->seen_size + size <= SEEN_SIZE_MAX);
    memcpy(s->seen + s->seen_size, in.data, size);
    s->seen_size += size;
    if (s->pause)
        conn_pause(c);
    return size;
}

static void on_writable(struct conn *c)
{
    ((struct server *)c->owner)->writable++;
}

static void on_end(struct conn *c, int error)
{
    struct server *s = c->owner;
    s->ended = error;
    snprintf(s->why, sizeof s->why, "%s", conn_why(c, error));
    conn_finish(c);
    s->conn = NULL;
}

static const struct conn_handler handler = { on_input, on_writable, on_end };

static void turn(void)
{
    uv_run(&loop.uv, UV_RUN_NOWAIT);
}

static void turns(int count)
{
    while (count-- > 0)
        turn();
}

/* A connection, plain as yet.  Small buffers: the socket is full soon. */
static void connect_plain(const char *host, int version)
{
    int pair[2], small = 4096;
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    server = (struct server){ .appetite = SIZE_MAX, .seen = malloc(SEEN_SIZE_MAX) };
    server.conn = conn_new(&loop, pair[0], &handler, &server);
    client = client_new(pair[1], host, version);
}

static void connect_tls(int version)
{
    connect_plain("localhost", version);
    tls_start(server.conn, tls_store_context(store, TLS_HTTPS));
}

/* Hand ciphertext to and fro, `piece` bytes at a time, until nothing moves any more. */
static void shuttle(size_t piece)
{
    for (int idle = 0; idle < 3; idle++) {
        size_t moved = client_push(&client, piece);
        turn();
        moved += client_pull(&client, piece);
        if (!SSL_is_init_finished(client.ssl))
            SSL_do_handshake(client.ssl);
        if (moved > 0)
            idle = 0;
    }
}

static void shake_hands(size_t piece)
{
    SSL_do_handshake(client.ssl);
    shuttle(piece);
    CHECK(SSL_is_init_finished(client.ssl));
    CHECK(server.conn != NULL && !conn_is_opening(server.conn));
}

static void disconnect(void)
{
    if (server.conn != NULL)
        conn_close(server.conn);
    conn_close_lingering(&loop);
    turns(3);
    free(server.seen);
    client_free(&client);
}

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    make_folder();
    struct tls_pair pair = make_pair("a", KIND_EC, "DNS:localhost");
    store = make_store(&pair);
    CHECK_EQ(loop_init(&loop), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    loop_close(&loop);
    tls_store_free(store);
    unlink(file_in_folder("a.crt"));
    unlink(file_in_folder("a.key"));
    rmdir(folder);
    return 0;
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* Bytes that tell their place. */
static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 2654435761u >> 13);
}

static uint8_t *make_bytes(size_t size)
{
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = byte_at(i);
    return bytes;
}

static void check_bytes(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != byte_at(i))
            fail_msg("byte %zu is %u, not %u", i, bytes[i], byte_at(i));
}

static void check_client_gets(const char *expected)
{
    uint8_t got[64];
    shuttle(SIZE_MAX);
    CHECK_EQ(client_read(&client, got, sizeof got), (ssize_t)strlen(expected));
    assert_memory_equal(got, expected, strlen(expected));
}

static void check_both_ways(size_t piece)
{
    conn_write(server.conn, "pong", 4);
    CHECK(SSL_write(client.ssl, "ping", 4) == 4);
    shuttle(piece);
    CHECK_EQ(server.seen_size, 4);
    assert_memory_equal(server.seen, "ping", 4);
    check_client_gets("pong");
}

/* Wherever the stream is cut: pieces of every small size, in both directions. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    static const size_t pieces[] = { 1, 2, 3, 5, 6, 7, 11, 64, 100, 511, 1000, 5000 };
    for (size_t v = 0; v < COUNT(versions); v++)
        for (size_t i = 0; i < COUNT(pieces); i++) {
            connect_tls(versions[v]);
            CHECK(conn_is_opening(server.conn) && !conn_is_plain(server.conn));
            shake_hands(pieces[i]);
            check_both_ways(pieces[i]);
            disconnect();
        }
}

/* A client's first words come together with the last of its handshake. */
static void test_words_with_finished(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++) {
        connect_tls(versions[v]);
        while (!SSL_is_init_finished(client.ssl)) {
            SSL_do_handshake(client.ssl);
            if (SSL_is_init_finished(client.ssl))
                CHECK_EQ(SSL_write(client.ssl, "ping", 4), 4);
            client_push(&client, SIZE_MAX);
            turn();
            client_pull(&client, SIZE_MAX);
        }
        turn();
        CHECK_EQ(server.seen_size, 4);
        disconnect();
    }
}

/* The first flight and a record, cut in two at every byte. */
static void test_cut_in_two(void **state)
{
    (void)state;
    for (size_t cut = 1;; cut++) {
        connect_tls(TLS1_3_VERSION);
        SSL_do_handshake(client.ssl);
        bool whole = client_push(&client, cut) < cut;
        turn();
        CHECK(server.conn != NULL && conn_is_opening(server.conn));
        shuttle(SIZE_MAX);
        CHECK(SSL_is_init_finished(client.ssl));
        check_both_ways(cut);
        disconnect();
        if (whole)
            break;
    }
}

/* More than any buffer holds, in records of all sizes; the owner takes it in odd portions. */
static void check_upload(size_t appetite, bool pause)
{
    enum { SIZE = 700000 };
    uint8_t *bytes = make_bytes(SIZE);
    size_t   written = 0;
    connect_tls(0);
    shake_hands(SIZE_MAX);
    server.appetite = appetite;
    server.pause = pause;
    for (size_t size = 1; written < SIZE; size = size * 3 % 17001 + 1) {
        size = size < SIZE - written ? size : SIZE - written;
        CHECK_EQ(SSL_write(client.ssl, bytes + written, (int)size), (int)size);
        written += size;
    }
    for (int i = 0; i < 200000 && server.seen_size < SIZE && server.ended == 0; i++) {
        client_push(&client, SIZE_MAX);
        turn();
        if (pause)
            conn_resume(server.conn);
    }
    CHECK_EQ(server.ended, 0);
    CHECK_EQ(server.seen_size, SIZE);
    CHECK_EQ(server.conn->bytes_in, SIZE);
    check_bytes(server.seen, SIZE);
    free(bytes);
    disconnect();
}

static void test_upload(void **state)
{
    (void)state;
    check_upload(SIZE_MAX, false);
    check_upload(5, false);
    check_upload(9973, false);
    check_upload(40000, true);
}

/* What nobody takes is bounded as it is without TLS. */
static void test_unwanted_input(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(16000);
    connect_tls(0);
    shake_hands(SIZE_MAX);
    server.appetite = 0;
    for (int i = 0; i < 40 && server.ended == 0; i++) {
        CHECK_EQ(SSL_write(client.ssl, bytes, 16000), 16000);
        shuttle(SIZE_MAX);
    }
    CHECK_EQ(server.ended, ERR_TOO_BIG);
    free(bytes);
    disconnect();
}

/* Offer `bytes` from `from` on, as iovecs of odd sizes.  Returns what conn_send() did. */
static ssize_t offer(const uint8_t *bytes, size_t from, size_t size)
{
    struct iovec iov[64];
    unsigned     count = 0;
    for (size_t piece = 1; from < size && count < COUNT(iov); piece = piece * 7 % 20011 + 1) {
        size_t length = piece < size - from ? piece : size - from;
        iov[count++] = (struct iovec){ (void *)(bytes + from), length };
        from += length;
    }
    return conn_send(server.conn, iov, count);
}

/* A socket that is full most of the time: what was accepted comes, all and once. */
static void test_download(void **state)
{
    (void)state;
    enum { SIZE = 700000 };
    uint8_t *bytes = make_bytes(SIZE), *got = malloc(SIZE);
    size_t   sent = 0, read = 0, blocked = 0;
    connect_tls(0);
    shake_hands(SIZE_MAX);
    for (size_t piece = 1; read < SIZE; piece = piece * 5 % 4093 + 1) {
        ssize_t n = sent < SIZE ? offer(bytes, sent, SIZE) : 0;
        CHECK(n >= 0 || n == -EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        blocked += n == -EAGAIN;
        CHECK(sent == SIZE || server.conn->pending);
        client_pull(&client, piece);
        turn();
        ssize_t m = client_read(&client, got + read, SIZE - read);
        CHECK(m >= 0);
        read += (size_t)m;
    }
    CHECK(blocked > 0);
    check_bytes(got, SIZE);
    CHECK_EQ(server.conn->bytes_out, SIZE);
    CHECK(!server.conn->pending);
    free(bytes);
    free(got);
    disconnect();
}

/* A viewer that skips: what was accepted before still comes whole, then what follows. */
static void test_skip_after_partial_send(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    uint8_t *bytes = make_bytes(SIZE), *got = malloc(2 * SIZE);
    connect_tls(0);
    shake_hands(SIZE_MAX);
    size_t  read = 0;
    ssize_t sent = offer(bytes, 0, SIZE);
    CHECK(sent > 0 && sent < SIZE);
    CHECK_EQ(offer(bytes, (size_t)sent, SIZE), -EAGAIN);
    CHECK(server.conn->pending);
    conn_write(server.conn, "skipped", 7);
    while (read < (size_t)sent + 7) {
        turn();
        CHECK(client_pull(&client, SIZE_MAX) > 0 || !server.conn->pending);
        ssize_t n = client_read(&client, got + read, 2 * SIZE - read);
        CHECK(n >= 0);
        read += (size_t)n;
    }
    check_bytes(got, (size_t)sent);
    assert_memory_equal(got + sent, "skipped", 7);
    free(bytes);
    free(got);
    disconnect();
}

/* on_writable comes when asked for, once, and only when nothing is pending. */
static void test_writable(void **state)
{
    (void)state;
    enum { SIZE = 200000 };
    uint8_t *bytes = make_bytes(SIZE);
    connect_tls(0);
    shake_hands(SIZE_MAX);
    offer(bytes, 0, SIZE);
    conn_want_write(server.conn);
    turns(3);
    CHECK_EQ(server.writable, 0);
    while (server.conn->pending) {
        CHECK_EQ(server.writable, 0);
        client_pull(&client, SIZE_MAX);
        turn();
    }
    turns(3);
    CHECK_EQ(server.writable, 1);
    free(bytes);
    disconnect();
}

/* Words that come before the handshake is done wait for its end, without keeping the loop busy. */
static void test_early_words(void **state)
{
    (void)state;
    connect_tls(0);
    conn_write(server.conn, "early", 5);
    turns(3);
    CHECK_EQ(server.conn->events & UV_WRITABLE, 0);
    shake_hands(SIZE_MAX);
    check_client_gets("early");
    disconnect();
}

static void check_client_sees_end(const char *last)
{
    uint8_t got[64];
    shuttle(SIZE_MAX);
    CHECK_EQ(client_read(&client, got, sizeof got), (ssize_t)strlen(last));
    assert_memory_equal(got, last, strlen(last));
    CHECK_EQ(client_read(&client, got, sizeof got), -SSL_ERROR_ZERO_RETURN);
    client_pull(&client, 1);
    CHECK(client.fin);
}

/* Our end: the last words, close_notify, FIN; then the peer's. */
static void test_finish(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++) {
        connect_tls(versions[v]);
        shake_hands(SIZE_MAX);
        conn_write(server.conn, "bye", 3);
        conn_finish(server.conn);
        server.conn = NULL;
        check_client_sees_end("bye");
        CHECK_EQ(loop.lingering_count, 1);
        shutdown(client.fd, SHUT_WR);
        turns(3);
        CHECK_EQ(loop.lingering_count, 0);
        disconnect();
    }
}

/* The same behind a full socket. */
static void test_finish_when_full(void **state)
{
    (void)state;
    enum { SIZE = 200000 };
    uint8_t *bytes = make_bytes(SIZE), *got = malloc(SIZE);
    connect_tls(0);
    shake_hands(SIZE_MAX);
    ssize_t sent = offer(bytes, 0, SIZE), n = 0;
    CHECK(sent > 0);
    conn_finish(server.conn);
    server.conn = NULL;
    turns(3);
    for (size_t read = 0;; read += (size_t)n) {
        client_pull(&client, SIZE_MAX);
        turn();
        n = client_read(&client, got + read, SIZE - read);
        if (n < 0) {
            CHECK_EQ(n, -SSL_ERROR_ZERO_RETURN);
            CHECK_EQ(read, sent);
            break;
        }
    }
    check_bytes(got, (size_t)sent);
    shuttle(SIZE_MAX);
    CHECK(client.fin);
    free(bytes);
    free(got);
    disconnect();
}

/* The peer's end, with and without close_notify, alone and in one piece with data. */
static void test_peer_ends(void **state)
{
    (void)state;
    for (int notify = 0; notify < 2; notify++)
        for (int fin = 0; fin < 2; fin++) {
            connect_tls(0);
            shake_hands(SIZE_MAX);
            SSL_write(client.ssl, "last", 4);
            if (notify)
                SSL_shutdown(client.ssl);
            client_push(&client, SIZE_MAX);
            if (fin)
                shutdown(client.fd, SHUT_WR);
            turns(3);
            CHECK_EQ(server.seen_size, 4);
            CHECK_EQ(server.ended, notify || fin ? ERR_CLOSED : 0);
            disconnect();
        }
}

/* In the middle of a handshake, too. */
static void test_peer_ends_early(void **state)
{
    (void)state;
    connect_tls(0);
    SSL_do_handshake(client.ssl);
    client_push(&client, 100);
    turn();
    shutdown(client.fd, SHUT_WR);
    turns(2);
    CHECK_EQ(server.ended, ERR_CLOSED);
    disconnect();
}

static void check_refused(const char *why)
{
    turns(3);
    CHECK_EQ(server.ended, ERR_PROTOCOL);
    assert_string_equal(server.why, why);
    shuttle(SIZE_MAX);
    CHECK(client.fin);
}

static void test_strangers(void **state)
{
    (void)state;
    connect_tls(0);
    send(client.fd, "GET / HTTP/1.1\r\n\r\n", 18, 0);
    check_refused("no TLS on a port that speaks only TLS");
    disconnect();
    connect_tls(0);
    send(client.fd, "\x03\0\0\0\0\0\0\0\0", 9, 0); /* RTMP */
    check_refused("no TLS on a port that speaks only TLS");
    disconnect();
    connect_plain(NULL, 0);
    SSL_do_handshake(client.ssl);
    client_push(&client, SIZE_MAX);
    check_refused("TLS on a port that speaks none");
    disconnect();
    connect_tls(0);
    send(client.fd, "\x16\x03\x01\x00\x05\xff\xff\xff\xff\xff", 10, 0);
    turns(3);
    CHECK_EQ(server.ended, ERR_PROTOCOL);
    disconnect();
}

/* The client is told by an alert, and the log by a reason. */
static void test_no_common_ground(void **state)
{
    (void)state;
    connect_tls(TLS1_1_VERSION);
    SSL_do_handshake(client.ssl);
    client_push(&client, SIZE_MAX);
    check_refused("TLS: unsupported protocol");
    CHECK_EQ(SSL_do_handshake(client.ssl), -1);
    CHECK_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    disconnect();
    connect_tls(TLS1_2_VERSION);
    SSL_set_cipher_list(client.ssl, "AES256-SHA");
    SSL_do_handshake(client.ssl);
    client_push(&client, SIZE_MAX);
    check_refused("TLS: no shared cipher");
    disconnect();
    connect_tls(0);
    SSL_set_alpn_protos(client.ssl, (const unsigned char *)"\x02zz", 3);
    SSL_do_handshake(client.ssl);
    client_push(&client, SIZE_MAX);
    check_refused("TLS: no application protocol");
    disconnect();
}

/* A client that does not trust us says so. */
static void test_alert(void **state)
{
    (void)state;
    connect_tls(TLS1_3_VERSION);
    SSL_set_verify(client.ssl, SSL_VERIFY_PEER, NULL);
    SSL_do_handshake(client.ssl);
    shuttle(SIZE_MAX);
    CHECK_EQ(server.ended, ERR_PROTOCOL);
    assert_string_equal(server.why, "TLS: the peer's alert: unknown CA");
    disconnect();
}

/* One bit of a record is wrong: what came before it counts, nothing after. */
static void test_broken_record(void **state)
{
    (void)state;
    for (size_t v = 0; v < COUNT(versions); v++) {
        char *data;
        connect_tls(versions[v]);
        shake_hands(SIZE_MAX);
        SSL_write(client.ssl, "good", 4);
        long good = BIO_get_mem_data(client.out, &data);
        SSL_write(client.ssl, "evil", 4);
        BIO_get_mem_data(client.out, &data);
        data[good + 8] ^= 1;
        client_push(&client, SIZE_MAX);
        turns(3);
        CHECK_EQ(server.seen_size, 4);
        CHECK_EQ(server.ended, ERR_PROTOCOL);
        assert_string_equal(server.why, "TLS: decryption failed or bad record mac");
        disconnect();
    }
}

static void test_renegotiation(void **state)
{
    (void)state;
    connect_tls(TLS1_2_VERSION);
    shake_hands(SIZE_MAX);
    SSL_renegotiate(client.ssl);
    SSL_do_handshake(client.ssl);
    client_push(&client, SIZE_MAX);
    turn();
    client_pull(&client, SIZE_MAX);
    ERR_clear_error();
    CHECK_EQ(SSL_do_handshake(client.ssl), -1);
    CHECK_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
    CHECK_EQ(server.ended, 0);
    disconnect();
}

static unsigned tickets;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    (void)session;
    tickets++;
    return 0;
}

/* A ticket comes with our first words, not before: see send_ticket(). */
static void test_ticket(void **state)
{
    (void)state;
    connect_tls(TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(client.context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(client.context, on_session);
    shake_hands(SIZE_MAX);
    CHECK_EQ(recv(client.fd, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
    tickets = 0;
    check_both_ways(SIZE_MAX);
    CHECK_EQ(tickets, 1);
    conn_write(server.conn, "more", 4);
    check_client_gets("more");
    CHECK_EQ(tickets, 1);
    disconnect();
}

static void test_key_update(void **state)
{
    (void)state;
    connect_tls(TLS1_3_VERSION);
    shake_hands(SIZE_MAX);
    CHECK_EQ(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    check_both_ways(3);
    disconnect();
}

/* A peer that has us answer and never reads is ended, with a bounded amount kept for it. */
static void test_key_update_flood(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(300000);
    connect_tls(TLS1_3_VERSION);
    shake_hands(SIZE_MAX);
    offer(bytes, 0, 300000); /* the socket is full */
    for (int i = 0; i < 20000 && server.ended == 0; i++) {
        SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(client.ssl);
        client_push(&client, SIZE_MAX);
        turn();
    }
    CHECK(server.ended != 0);
    free(bytes);
    disconnect();
}

/* The far end disappears while we send. */
static void test_reset(void **state)
{
    (void)state;
    uint8_t *bytes = make_bytes(100000);
    connect_tls(0);
    shake_hands(SIZE_MAX);
    close(client.fd);
    client.fd = -1;
    ssize_t n = offer(bytes, 0, 100000);
    CHECK(n < 0 && n != -EAGAIN);
    turns(2);
    CHECK(server.ended != 0);
    free(bytes);
    disconnect();
}

/* A crowd at the door does not keep those inside waiting: so many handshakes a turn. */
static void test_crowd(void **state)
{
    (void)state;
    enum { CROWD = 20 };
    struct server servers[CROWD];
    struct client clients[CROWD];
    int           early = 0;
    for (int i = 0; i < CROWD; i++) {
        connect_tls(TLS1_3_VERSION);
        servers[i] = server;
        servers[i].conn->owner = &servers[i];
        clients[i] = client;
        SSL_do_handshake(clients[i].ssl);
        client_push(&clients[i], SIZE_MAX);
    }
    turn();
    for (int i = 0; i < CROWD; i++)
        early += client_pull(&clients[i], SIZE_MAX) > 0;
    CHECK_EQ(early, 8);
    for (int i = 0; i < CROWD; i++) {
        server = servers[i];
        server.conn->owner = &server;
        client = clients[i];
        SSL_do_handshake(client.ssl);
        shuttle(SIZE_MAX);
        CHECK(SSL_is_init_finished(client.ssl));
        disconnect();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_words_with_finished),
        cmocka_unit_test(test_cut_in_two),
        cmocka_unit_test(test_upload),
        cmocka_unit_test(test_unwanted_input),
        cmocka_unit_test(test_download),
        cmocka_unit_test(test_skip_after_partial_send),
        cmocka_unit_test(test_writable),
        cmocka_unit_test(test_early_words),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_finish_when_full),
        cmocka_unit_test(test_peer_ends),
        cmocka_unit_test(test_peer_ends_early),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_no_common_ground),
        cmocka_unit_test(test_alert),
        cmocka_unit_test(test_broken_record),
        cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_ticket),
        cmocka_unit_test(test_key_update),
        cmocka_unit_test(test_key_update_flood),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_crowd),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
