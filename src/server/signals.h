/* signals.h - what ends the server (SIGTERM, SIGINT), and has it read its configuration again (SIGHUP). */
#ifndef MILLRACE_SERVER_SIGNALS_H
#define MILLRACE_SERVER_SIGNALS_H

/* On the main thread, before there are others: they inherit that signals are not theirs. */
void signals_block(void);

/* Wait for the next of them, on the main thread. */
int signals_wait(void);

/* From here on a signal that ends the server does so at once: it is the second. */
void signals_heed_second(void);

#endif
