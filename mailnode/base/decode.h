/* Transfer encodings undone, octet by octet: BINARY, RFC 3516.  No I/O. */
#ifndef IMAP_BINARY_H
#define IMAP_BINARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cte { CTE_IDENTITY, CTE_BASE64, CTE_QP, CTE_UNKNOWN };

struct decoder {
	enum cte	 cte;
	void		(*out)(void *arg, const char *p, size_t n);
	void		*arg;
	/* private */
	uint32_t	 bits;
	unsigned int	 have;
	char		 held[4];	/* of QP, behind "=" */
	size_t		 nheld;
	bool		 cr;		/* the octet before was one */
};

/* Of a part's MIME header. */
enum cte binary_cte(const char *head, size_t n);

void	 binary_init(struct decoder *d, enum cte cte,
	    void (*out)(void *, const char *, size_t), void *arg);
/* Any octets, in pieces; what is no coding is left out (base64) or passed
 * on as it is (quoted-printable). */
void	 binary_put(struct decoder *d, const char *p, size_t n);
void	 binary_end(struct decoder *d);

#endif
