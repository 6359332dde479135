/* Names that other programs give to files. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/bug.h"
#include "store/maildir.h"
#include "store/op_box.h"
#include "store/tag.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tag_change c;
	char rel[MAILDIR_REL_MAX], again[MAILDIR_REL_MAX], out[1000];
	struct maildir_name n, m;
	char *s = malloc(size + 1);

	if (s == NULL)
		return 0;
	memcpy(s, data, size);
	s[size] = '\0';
	(void)box_name_ok(s);
	if (tag_change_parse(s, &c))
		(void)tag_change_apply(&c, "a b", out, sizeof out);
	if (maildir_parse(s, &n) && maildir_make(rel, sizeof rel, n.base,
	    n.nbase, 5, 9, n.flags, n.extra, n.is_new) == STORE_OK) {
		BUG_ON(!maildir_parse(rel, &m));
		BUG_ON(!m.paired || m.uidvalidity != 5 || m.uid != 9);
		BUG_ON(m.flags != n.flags);
		if (maildir_reflag(again, sizeof again, rel, 63) ==
		    STORE_OK) {
			BUG_ON(!maildir_parse(again, &n));
			BUG_ON(n.flags != 63 || n.uid != 9);
		}
	}
	free(s);
	return 0;
}
