/* AUTH with the vault's help: the password passes, and is wiped. */
#ifndef SMTP_CLIENT_LOGIN_H
#define SMTP_CLIENT_LOGIN_H

#include "mailnode/smtp/client.h"

/*
 * Logs in with the best mechanism offered.  TAKEN; else c->why is set.
 * The caller made sure that the server was verified.
 */
enum client_fate client_login(struct client *c);

#endif
