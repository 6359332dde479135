/* A letter's file, whatever a disk made of it. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/queue_file.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct queue_head h;
	int fd = memfd_create("letter", MFD_CLOEXEC);

	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (queue_head_read(fd, &h) == STORE_OK) {
		if (h.id == 0 || h.env.nto == 0 || h.offset + h.size +
		    QUEUE_TRAILER != size || strlen(h.env.from) > size)
			abort();
		queue_head_clear(&h);
	}
	close(fd);
	return 0;
}
