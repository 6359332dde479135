#define _GNU_SOURCE	/* dl_iterate_phdr */
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mailnode/node/trim.h"

/* Code and constants are never written to, unlike relocated data, which
 * belongs to a segment that was writable. */
static int
trim_object(struct dl_phdr_info *o, size_t size, void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Phdr) *h;
	uintptr_t from, to;
	int i;

	(void)size;
	(void)arg;
	for (i = 0; i < o->dlpi_phnum; i++) {
		h = &o->dlpi_phdr[i];
		if (h->p_type != PT_LOAD || (h->p_flags & PF_W) != 0)
			continue;
		from = (o->dlpi_addr + h->p_vaddr) & ~(page - 1);
		to = o->dlpi_addr + h->p_vaddr + h->p_memsz;
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void
trim_code(void)
{
	(void)dl_iterate_phdr(trim_object, NULL);
}
