/* Transfer encodings of MIME undone, as the octets come: RFC 2045 section 6.
 * Lenient, as what is read is mail. */
#ifndef BASE_DECODE_H
#define BASE_DECODE_H

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

/* Of the value of a Content-Transfer-Encoding field. */
enum cte decode_named(const char *value, size_t n);

void	 decode_init(struct decoder *d, enum cte cte,
	    void (*out)(void *, const char *, size_t), void *arg);
/*
 * Any octets, in pieces; what is no coding is left out (base64) or passed
 * on as it is (quoted-printable).  Lines end in CRLF, also of a file that
 * has LF; not so what base64 holds.
 */
void	 decode_put(struct decoder *d, const char *p, size_t n);
void	 decode_end(struct decoder *d);

#endif
