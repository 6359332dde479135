/* What client.c and client_letter.c share, and nobody else. */
#ifndef SMTP_CLIENT_PARTS_H
#define SMTP_CLIENT_PARTS_H

#include "mailnode/smtp/client.h"

/* What the server did makes no sense: -1, with c->error. */
int	client_nonsense(struct client *c, const char *what);

/* What was being done when it was lost: DEFERRED, with c->why. */
enum client_fate client_breaks(struct client *c, const char *doing);

int	client_flush(struct client *c, int64_t timeout_ms);

#endif
