/*
 * Whom the owner writes to and hears from: made from the newest rows of Sent
 * and INBOX each time a letter is begun, for completion.  Nothing is stored.
 */
#ifndef TUI_ADDRBOOK_H
#define TUI_ADDRBOOK_H

#include "tui/addr.h"
#include "tui/app.h"

struct addrbook;

struct addrbook	*addrbook_new(struct tui *t);
void		 addrbook_free(struct addrbook *b);

/* Asks for those rows; what is known stays until they are there. */
void		 addrbook_load(struct addrbook *b);

/* For prompts: the address behind the last comma, by its start or by that
 * of any word of its name. */
size_t		 addrbook_complete(void *book, const char *text, size_t n,
		    struct buf *out);

/* True when that is how the address or a word of its name starts. */
bool		 addrbook_fits(const struct addr *a, const char *start,
		    size_t n);

#endif
