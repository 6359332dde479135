/* The names of this machine itself, which nobody else knows it by. */
#ifndef NODE_HERE_H
#define NODE_HERE_H

#include <stdbool.h>

/*
 * Is that what programs of this machine write behind the '@' of its users:
 * "localhost", or its name, alone or as the resolver completes it?  Not
 * /etc/mailname, which may be a domain where others have mailboxes.  May ask
 * the resolver.
 */
bool	here_is(const char *domain);

#endif
