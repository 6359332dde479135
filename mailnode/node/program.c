#define _GNU_SOURCE
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#include "mailnode/base/codec.h"
#include "mailnode/node/program.h"

static const char owner[] = "GNU";

static size_t
padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void
spell(const uint8_t *p, size_t n, char out[PROGRAM_ID_MAX])
{
	struct buf b;

	buf_init(&b, PROGRAM_ID_MAX);
	if (codec_hex_put(&b, p, n) == 0 && b.len < PROGRAM_ID_MAX) {
		memcpy(out, b.data, b.len);
		out[b.len] = '\0';
	}
	buf_clear(&b);
}

/* The notes of one segment, until one is the build-id. */
static void
look(const uint8_t *p, size_t len, char out[PROGRAM_ID_MAX])
{
	ElfW(Nhdr) h;
	size_t name, all;

	while (out[0] == '\0' && len >= sizeof h) {
		memcpy(&h, p, sizeof h);
		name = sizeof h + padded(h.n_namesz);
		all = name + padded(h.n_descsz);
		if (all > len)
			return;
		if (h.n_type == NT_GNU_BUILD_ID &&
		    h.n_namesz == sizeof owner &&
		    h.n_descsz * 2 < PROGRAM_ID_MAX &&
		    memcmp(p + sizeof h, owner, sizeof owner) == 0)
			spell(p + name, h.n_descsz, out);
		p += all;
		len -= all;
	}
}

/* The program itself comes first; the libraries are not asked. */
static int
object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const ElfW(Phdr) *ph;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		ph = &info->dlpi_phdr[i];
		if (ph->p_type == PT_NOTE)
			look((const uint8_t *)(info->dlpi_addr +
			    ph->p_vaddr), ph->p_memsz, arg);
	}
	return 1;
}

const char *
program_id(void)
{
	static char id[PROGRAM_ID_MAX];

	if (id[0] == '\0')
		(void)dl_iterate_phdr(object, id);
	return id;
}
