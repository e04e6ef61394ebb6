#include "server/signals.h"

#include "core/options.h"

#include <signal.h>
#include <unistd.h>

static void make_set(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void signals_block(void)
{
    sigset_t set;
    make_set(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int signals_wait(void)
{
    sigset_t set;
    int      number = 0;
    make_set(&set);
    while (sigwait(&set, &number) != 0) {
    }
    return number;
}

static void end_at_once(int number)
{
    static const char said[] = "millrace: told to stop a second time: ended at once\n";
    (void)number;
    ssize_t ignored = write(STDERR_FILENO, said, sizeof said - 1);
    (void)ignored;
    _exit(OPTIONS_EXIT_FAILURE);
}

void signals_heed_second(void)
{
    struct sigaction action = { .sa_handler = end_at_once };
    sigset_t         set;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    make_set(&set);
    sigdelset(&set, SIGHUP); /* would end us too */
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
