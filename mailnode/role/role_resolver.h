/* The resolver as a child of a command, where no daemon runs. */
#ifndef ROLE_RESOLVER_H
#define ROLE_RESOLVER_H

/*
 * Starts a resolver that asks `server` ("127.0.0.1:53", believed about AD;
 * NULL: those of the configuration), in its sandbox.  Returns a channel to
 * it, owned by the caller, or -1 with errno.  It ends when that is closed.
 */
int	resolver_child(const char *server);

#endif
