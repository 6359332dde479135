/* Transfer encodings of MIME undone, as the octets come: RFC 2045 section 6.
 * Lenient, as what is read is mail. */
#ifndef BASE_DECODE_H
#define BASE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DECODE_HELD = 80 };	/* blanks that may end a line of QP */

enum cte { CTE_IDENTITY, CTE_BASE64, CTE_QP, CTE_UNKNOWN };

struct decoder {
	enum cte	 cte;
	void		(*out)(void *arg, const char *p, size_t n);
	void		*arg;
	/* private */
	uint32_t	 bits;
	unsigned int	 have;
	bool		 padded;	/* base64 has ended */
	char		 held[DECODE_HELD]; /* of QP: "=" and what follows */
	size_t		 nheld;			/* it, or blanks */
	bool		 cr;		/* the octet before was one */
	bool		 as_is;		/* see decode_as_is() */
};

/* Of the value of a Content-Transfer-Encoding field. */
enum cte decode_named(const char *value, size_t n);

void	 decode_init(struct decoder *d, enum cte cte,
	    void (*out)(void *, const char *, size_t), void *arg);
/* Lines keep the ends that they have. */
void	 decode_as_is(struct decoder *d);
/*
 * Any octets, in pieces; what is no coding is left out (base64) or passed
 * on as it is (quoted-printable).  Padding ends base64 (section 6.8), and
 * blanks at the end of a line are none of quoted-printable (section 6.7).
 * Lines end in CRLF, also of a file that has LF; not so what base64 holds.
 */
void	 decode_put(struct decoder *d, const char *p, size_t n);
void	 decode_end(struct decoder *d);
/* Of base64: was it cut where an octet is not whole, and not padded? */
bool	 decode_goes_on(const struct decoder *d);

#endif
