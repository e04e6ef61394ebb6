/* Which certificate a client gets, what is refused, and how certificates change. */
#include "net/tls_peer.h"

#include "base/log.h"

#include <pthread.h>
#include <stdatomic.h>

static char error[TLS_ERROR_SIZE];

static int set_up(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    make_folder();
    return 0;
}

static int tear_down(void **state)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "weak", "old", "new" };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.crt", names[i]);
        unlink(file_in_folder(name));
        snprintf(name, sizeof name, "%s.key", names[i]);
        unlink(file_in_folder(name));
    }
    unlink(file_in_folder("text"));
    unlink(file_in_folder("both"));
    CHECK_EQ(rmdir(folder), 0);
    return 0;
}

/* Both sides in memory, to the end of the handshake or its failure. */
static bool shake_hands(SSL *near, SSL *far)
{
    for (int i = 0; i < 20; i++) {
        ERR_clear_error();
        int done = SSL_do_handshake(far);
        if (done != 1 && !SSL_want_read(far))
            return false;
        ERR_clear_error();
        if (SSL_do_handshake(near) == 1 && done == 1)
            return true;
    }
    return false;
}

struct pair_of_ends {
    SSL_CTX *context; /* the client's */
    SSL     *far, *near;
};

static struct pair_of_ends make_ends(struct tls_store *store, enum tls_service service, const char *host)
{
    struct pair_of_ends e = { .context = SSL_CTX_new(TLS_client_method()) };
    BIO                *to_near, *to_far;
    CHECK_EQ(BIO_new_bio_pair(&to_near, 65536, &to_far, 65536), 1);
    e.far = SSL_new(e.context);
    e.near = SSL_new(tls_store_context(store, service));
    SSL_set_bio(e.far, to_near, to_near);
    SSL_set_bio(e.near, to_far, to_far);
    SSL_set_connect_state(e.far);
    SSL_set_accept_state(e.near);
    if (host != NULL)
        SSL_set_tlsext_host_name(e.far, host);
    return e;
}

static void free_ends(struct pair_of_ends *e)
{
    SSL_free(e->far);
    SSL_free(e->near);
    SSL_CTX_free(e->context);
    ERR_clear_error();
}

/* The subject of what a client for `host` gets; "" if the handshake fails. */
static const char *ask(struct tls_store *store, enum tls_service service, const char *host,
                       const char *sigalgs)
{
    static char         name[256];
    struct pair_of_ends e = make_ends(store, service, host);
    if (sigalgs != NULL)
        CHECK_EQ(SSL_set1_sigalgs_list(e.far, sigalgs), 1);
    name[0] = '\0';
    if (shake_hands(e.near, e.far)) {
        X509_NAME *subject = X509_get_subject_name(SSL_get0_peer_certificate(e.far));
        X509_NAME_get_text_by_NID(subject, NID_commonName, name, sizeof name);
    }
    free_ends(&e);
    return name;
}

static struct tls_store *open_store(const struct tls_settings *settings)
{
    error[0] = '\0';
    return tls_store_new(settings, error);
}

static const struct tls_pair none = { "rtmps", "", "" };

/* The certificate by the name asked for. */
static void test_names(void **state)
{
    (void)state;
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a.example,DNS:www.a.example");
    struct tls_pair     b = make_pair("b", KIND_RSA, "DNS:b.example");
    struct tls_pair     shared[] = { make_pair("c", KIND_EC, "DNS:*.c.example"),
                                     make_pair("d", KIND_EC, "DNS:a.example,DNS:d.example") };
    struct tls_settings settings = { .on = { true, true }, .own = { b, a },
                                     .shared = shared, .shared_count = 2 };
    struct tls_store   *store = open_store(&settings);
    static const struct {
        enum tls_service service;
        const char      *host, *subject;
    } cases[] = {
        { TLS_HTTPS, "a.example", "DNS:a.example,DNS:www.a.example" }, /* its own goes before the shared */
        { TLS_HTTPS, "www.a.example", "DNS:a.example,DNS:www.a.example" },
        { TLS_HTTPS, "A.Example", "DNS:a.example,DNS:www.a.example" },
        { TLS_RTMPS, "a.example", "DNS:a.example,DNS:d.example" },
        { TLS_HTTPS, "x.c.example", "DNS:*.c.example" },
        { TLS_RTMPS, "x.c.example", "DNS:*.c.example" },
        { TLS_RTMPS, "x.y.c.example", "DNS:b.example" },
        { TLS_RTMPS, "c.example", "DNS:b.example" },
        { TLS_RTMPS, NULL, "DNS:b.example" },
        { TLS_HTTPS, NULL, "DNS:a.example,DNS:www.a.example" },
        { TLS_HTTPS, "b.example", "DNS:a.example,DNS:www.a.example" }, /* that is the other service's */
    };
    assert_non_null(store);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(ask(store, cases[i].service, cases[i].host, NULL), cases[i].subject);
    tls_store_free(store);
}

/* One host with two kinds of keys: each client gets the one it can check. */
static void test_kinds(void **state)
{
    (void)state;
    struct tls_pair     shared[] = { make_pair("a", KIND_RSA, "DNS:a.example,DNS:rsa"),
                                     make_pair("b", KIND_EC, "DNS:a.example,DNS:ec"),
                                     make_pair("c", KIND_EC, "DNS:a.example,DNS:ec2") };
    struct tls_settings settings = { .on = { true, false }, .own = { none, none },
                                     .shared = shared, .shared_count = 3 };
    struct tls_store   *store = open_store(&settings);
    assert_non_null(store);
    assert_string_equal(ask(store, TLS_RTMPS, "a.example", "RSA-PSS+SHA256"), "DNS:a.example,DNS:rsa");
    assert_string_equal(ask(store, TLS_RTMPS, "a.example", "ECDSA+SHA256"), "DNS:a.example,DNS:ec");
    assert_string_equal(ask(store, TLS_RTMPS, "else.example", "ECDSA+SHA256"), ""); /* the default is RSA */
    tls_store_free(store);
}

static void check_refused(const struct tls_settings *settings, const char *expected)
{
    assert_null(open_store(settings));
    assert_string_equal(error, expected);
}

static void check_pair_refused(struct tls_pair pair, const char *format, const char *path)
{
    char                expected[TLS_ERROR_SIZE];
    struct tls_settings settings = { .on = { false, true }, .own = { none, pair } };
    snprintf(expected, sizeof expected, format, path);
    check_refused(&settings, expected);
}

static void test_refusals(void **state)
{
    (void)state;
    struct tls_pair a = make_pair("a", KIND_EC, "DNS:a"), b = make_pair("b", KIND_EC, "DNS:b");
    struct tls_pair weak = make_pair("weak", KIND_WEAK, "DNS:weak");
    const char     *text = file_in_folder("text");
    char            mismatch[300], long_path[6000];
    write_text(text, "no PEM\n");
    check_pair_refused((struct tls_pair){ "https", "/nowhere.crt", a.key },
                       "https.cert: cannot read \"%s\": No such file or directory", "/nowhere.crt");
    check_pair_refused((struct tls_pair){ "https", a.cert, "/nowhere.key" },
                       "https.key: cannot read \"%s\": No such file or directory", "/nowhere.key");
    check_pair_refused((struct tls_pair){ "https", folder, a.key },
                       "https.cert: cannot read \"%s\": it is not a file of a certificate's size", folder);
    check_pair_refused((struct tls_pair){ "https", text, a.key },
                       "https.cert: \"%s\" holds no certificate in PEM", text);
    check_pair_refused((struct tls_pair){ "https", a.cert, text },
                       "https.key: \"%s\" holds no private key in PEM", text);
    check_pair_refused((struct tls_pair){ "https", a.cert, "" },
                       "https.key: \"%s\" holds no private key in PEM", a.cert);
    snprintf(mismatch, sizeof mismatch,
             "https: the private key in \"%s\" is not that of the certificate in \"%%s\"", b.key);
    check_pair_refused((struct tls_pair){ "https", a.cert, b.key }, mismatch, a.cert);
    check_pair_refused(weak, "https: the certificate in \"%s\" cannot be used: ee key too small", weak.cert);
    check_pair_refused((struct tls_pair){ "https", "", a.key },
                       "https%s is set, but not the certificate that belongs to it", ".key");
    check_pair_refused((struct tls_pair){ "https", "", "" },
                       "https%s needs a certificate: set cert and key beside it, or tls.certificates",
                       ".port");
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    struct tls_settings settings = { .on = { false, true }, .own = { none, { "https", long_path, "" } } };
    assert_null(open_store(&settings));
}

static void test_passphrase(void **state)
{
    (void)state;
    struct tls_pair a = make_pair("a", KIND_EC, "DNS:a");
    EVP_PKEY       *key = make_key(KIND_EC);
    FILE           *file = fopen(a.key, "w");
    CHECK(PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6, NULL, NULL));
    fclose(file);
    EVP_PKEY_free(key);
    check_pair_refused(a, "https.key: the private key in \"%s\" has a passphrase; it is needed without",
                       a.key);
}

/* Chain, leaf and key in one file, as some tools write them. */
static void test_one_file(void **state)
{
    (void)state;
    char            command[600];
    struct tls_pair a = make_pair("a", KIND_EC, "DNS:a"), b = make_pair("b", KIND_EC, "DNS:b");
    const char     *both = file_in_folder("both");
    snprintf(command, sizeof command, "cat '%s' '%s' '%s' > '%s'", a.key, a.cert, b.cert, both);
    CHECK_EQ(system(command), 0);
    struct tls_pair     pair = { "https", both, "" };
    struct tls_store   *store = make_store(&pair);
    struct pair_of_ends e = make_ends(store, TLS_HTTPS, NULL);
    CHECK(shake_hands(e.near, e.far));
    CHECK_EQ(sk_X509_num(SSL_get_peer_cert_chain(e.far)), 2);
    free_ends(&e);
    tls_store_free(store);
}

static void test_reload(void **state)
{
    (void)state;
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a"), b = make_pair("b", KIND_EC, "DNS:b");
    struct tls_settings settings = { .on = { false, true }, .own = { none, a } };
    struct tls_store   *store = open_store(&settings);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:a");
    settings.own[TLS_HTTPS].key = b.key;
    CHECK(!tls_store_reload(store, &settings, error));
    CHECK(strstr(error, "is not that of the certificate") != NULL);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:a");
    settings.own[TLS_HTTPS] = b;
    settings.on[TLS_RTMPS] = true; /* a port opens with a restart only: nothing is asked of it */
    CHECK(tls_store_reload(store, &settings, error));
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:b");
    tls_store_free(store);
}

/* A connection that has begun keeps its certificate; one that waits in its handshake is safe. */
static void test_reload_in_handshake(void **state)
{
    (void)state;
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a"), b = make_pair("b", KIND_EC, "DNS:b");
    struct tls_store   *store = make_store(&a);
    struct pair_of_ends e = make_ends(store, TLS_HTTPS, NULL);
    struct tls_settings settings = { .on = { false, true }, .own = { none, b } };
    SSL_do_handshake(e.far);
    SSL_do_handshake(e.near); /* it has sent a's certificate */
    CHECK(tls_store_reload(store, &settings, error));
    CHECK(shake_hands(e.near, e.far));
    free_ends(&e);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:b");
    tls_store_free(store);
}

static void wait_for(struct tls_store *store, const char *subject)
{
    for (int i = 0; i < 200 && strcmp(ask(store, TLS_HTTPS, NULL, NULL), subject) != 0; i++)
        usleep(50000);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), subject);
}

/* Files that change are found; while they do not fit each other, the old ones stay. */
static void test_watch(void **state)
{
    (void)state;
    struct tls_pair   a = make_pair("a", KIND_EC, "DNS:old"), b = make_pair("b", KIND_EC, "DNS:new");
    struct tls_store *store = make_store(&a);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:old");
    CHECK_EQ(rename(b.cert, a.cert), 0);
    usleep(5000000);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:old");
    CHECK_EQ(rename(b.key, a.key), 0);
    wait_for(store, "DNS:new");
    unlink(a.cert);
    usleep(5000000);
    assert_string_equal(ask(store, TLS_HTTPS, NULL, NULL), "DNS:new");
    tls_store_free(store);
}

/* Handshakes on one thread while another loads: for the sanitizers. */
static atomic_bool stop;

static void *shake_all_the_time(void *store)
{
    while (!atomic_load(&stop)) {
        struct pair_of_ends e = make_ends(store, TLS_HTTPS, "a");
        CHECK(shake_hands(e.near, e.far));
        free_ends(&e);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t           thread;
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a"), b = make_pair("b", KIND_EC, "DNS:b");
    struct tls_store   *store = make_store(&a);
    struct tls_settings settings = { .on = { false, true }, .own = { none, a } };
    atomic_store(&stop, false);
    pthread_create(&thread, NULL, shake_all_the_time, store);
    for (int i = 0; i < 100; i++) {
        settings.own[TLS_HTTPS] = i % 2 ? a : b;
        CHECK(tls_store_reload(store, &settings, error));
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    tls_store_free(store);
}

static SSL_SESSION *take_session(struct pair_of_ends *e)
{
    char byte;
    CHECK(shake_hands(e->near, e->far));
    SSL_new_session_ticket(e->near); /* as net/tls.c has TLS 1.3 do */
    CHECK_EQ(SSL_write(e->near, "x", 1), 1);
    CHECK_EQ(SSL_read(e->far, &byte, 1), 1);
    return SSL_get1_session(e->far);
}

/* Who comes back with a ticket is known, and still is when the certificates have changed. */
static void test_tickets(void **state)
{
    (void)state;
    static const int    versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a"), b = make_pair("b", KIND_EC, "DNS:b");
    struct tls_settings settings = { .on = { true, true }, .own = { a, a } };
    struct tls_store   *store = open_store(&settings);
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct pair_of_ends first = make_ends(store, TLS_HTTPS, "a");
        SSL_set_max_proto_version(first.far, versions[i]);
        SSL_SESSION *session = take_session(&first);
        settings.own[TLS_HTTPS] = b;
        CHECK(tls_store_reload(store, &settings, error));
        struct pair_of_ends second = make_ends(store, TLS_HTTPS, "a");
        SSL_set_max_proto_version(second.far, versions[i]);
        SSL_set_session(second.far, session);
        CHECK(shake_hands(second.near, second.far));
        CHECK_EQ(SSL_session_reused(second.far), 1);
        SSL_SESSION_free(session);
        free_ends(&first);
        free_ends(&second);
    }
    tls_store_free(store);
}

/* A ticket that is not of ours, or was changed: a full handshake, no failure. */
static void test_foreign_ticket(void **state)
{
    (void)state;
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a");
    struct tls_store   *ours = make_store(&a), *other = make_store(&a);
    struct pair_of_ends first = make_ends(other, TLS_HTTPS, "a");
    SSL_SESSION        *session = take_session(&first);
    struct pair_of_ends second = make_ends(ours, TLS_HTTPS, "a");
    SSL_set_session(second.far, session);
    CHECK(shake_hands(second.near, second.far));
    CHECK_EQ(SSL_session_reused(second.far), 0);
    SSL_SESSION_free(session);
    free_ends(&first);
    free_ends(&second);
    tls_store_free(ours);
    tls_store_free(other);
}

static void test_protocols(void **state)
{
    (void)state;
    struct tls_pair     a = make_pair("a", KIND_EC, "DNS:a");
    struct tls_settings settings = { .on = { true, true }, .own = { a, a } };
    struct tls_store   *store = open_store(&settings);
    static const struct {
        enum tls_service service;
        const char      *offered, *chosen; /* NULL: refused */
    } cases[] = {
        { TLS_HTTPS, "\x02h2\x08http/1.1", "http/1.1" },
        { TLS_HTTPS, "\x08http/1.1", "http/1.1" },
        { TLS_HTTPS, "\x08http/1.0", NULL },
        { TLS_RTMPS, "\x02h2", "" }, /* nothing is known for RTMP: whatever a client says is passed over */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pair_of_ends  e = make_ends(store, cases[i].service, "a");
        const unsigned char *chosen;
        unsigned             size;
        const char          *offered = cases[i].offered;
        SSL_set_alpn_protos(e.far, (const unsigned char *)offered, (unsigned)strlen(offered));
        CHECK_EQ(shake_hands(e.near, e.far), cases[i].chosen != NULL);
        SSL_get0_alpn_selected(e.far, &chosen, &size);
        CHECK_EQ(size, cases[i].chosen != NULL ? strlen(cases[i].chosen) : 0);
        if (size > 0)
            assert_memory_equal(chosen, cases[i].chosen, size);
        free_ends(&e);
    }
    tls_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_passphrase),
        cmocka_unit_test(test_one_file),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_reload_in_handshake),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_tickets),
        cmocka_unit_test(test_foreign_ticket),
        cmocka_unit_test(test_protocols),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
