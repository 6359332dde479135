/* The vault's file, its checksums made right so that the body is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/vault_parts.h"

enum { HEAD = 40, TAIL = 32 };

int	LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char magic[16] = "mailnode vault\n";
	size_t total = HEAD + n + TAIL;
	uint8_t *f;
	struct vault *v;
	struct buf out;

	if (crypto_init() == -1 || total > VAULT_FILE_MAX)
		return 0;
	(void)vault_parse(p, n, &v);
	vault_free(v);
	f = calloc(1, total);
	if (f == NULL)
		return 0;
	memcpy(f, magic, sizeof magic);
	f[16] = VAULT_VERSION;
	f[20] = (uint8_t)total;
	f[21] = (uint8_t)(total >> 8);
	f[22] = (uint8_t)(total >> 16);
	crypto_generichash(f + 24, 16, f, 24, NULL, 0);
	memcpy(f + HEAD, p, n);
	crypto_generichash(f + total - TAIL, TAIL, f, total - TAIL, NULL, 0);
	if (vault_parse(f, total, &v) == CRYPTO_OK) {
		/* what was read is what would be written */
		buf_init(&out, VAULT_FILE_MAX);
		put_slots(&out, v);
		put_machine(&out, v);
		put_section(&out, &v->sec[VAULT_BOOT]);
		buf_add(&out, v->sec[VAULT_BOOT].manifest, MANIFEST);
		put_section(&out, &v->sec[VAULT_OWNER]);
		buf_add(&out, v->sec[VAULT_OWNER].manifest, MANIFEST);
		if (out.len != n || memcmp(out.data, p, n) != 0)
			abort();
		buf_clear(&out);
	}
	vault_free(v);
	free(f);
	return 0;
}
