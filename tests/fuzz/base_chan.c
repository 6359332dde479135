/* base/chan: the gets over any payload, in an order the input chooses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/chan.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
get(struct chan_in *in, uint8_t what)
{
	const uint8_t *p;
	char text[16], *own;
	size_t n;

	switch (what % 8) {
	case 0:
		(void)chan_get_u8(in);
		break;
	case 1:
		(void)chan_get_u16(in);
		break;
	case 2:
		(void)chan_get_u32(in);
		break;
	case 3:
		(void)chan_get_u64(in);
		break;
	case 4:
		p = chan_get_bytes(in, what, &n);
		if (n > what || (p == NULL && n != 0) ||
		    (p != NULL && (size_t)(in->p - p) < n))
			abort();
		break;
	case 5:
		chan_get_str(in, text, sizeof text);
		if (memchr(text, '\0', sizeof text) == NULL)
			abort();
		break;
	case 6:
		own = chan_get_strdup(in, what);
		if (own != NULL && strlen(own) > what)
			abort();
		free(own);
		break;
	default:
		(void)chan_get_i64(in);
	}
	if (in->p > in->end)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct chan_in in;
	size_t i, plan = n / 4;
	bool bad;

	chan_in_init(&in, data + plan, n - plan);
	for (i = 0; i < plan; i++) {
		bad = in.bad;
		get(&in, data[i]);
		if (bad && !in.bad)
			abort();	/* bad is for good */
	}
	if (chan_end(&in) && (in.bad || in.p != in.end))
		abort();
	return 0;
}
