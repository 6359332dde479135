/* Runs a fuzz target over files, for machines without clang: one test of
 * TAP for each FILE, which passes when the target comes back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
replay(const char *path)
{
	uint8_t *data = NULL;
	long size;
	FILE *f = fopen(path, "rb");
	int rc = -1;

	if (f == NULL)
		return -1;
	if (fseek(f, 0, SEEK_END) == -1 || (size = ftell(f)) == -1)
		goto out;
	rewind(f);
	/* Exactly as large as the input, for the address sanitizer. */
	if ((data = malloc(size > 0 ? (size_t)size : 1)) == NULL ||
	    fread(data, 1, (size_t)size, f) != (size_t)size)
		goto out;
	LLVMFuzzerTestOneInput(data, (size_t)size);
	rc = 0;
out:
	free(data);
	fclose(f);
	return rc;
}

int
main(int argc, char **argv)
{
	int i, bad = 0;

	printf("1..%d\n", argc - 1);
	for (i = 1; i < argc; i++) {
		if (replay(argv[i]) == -1) {
			printf("not ");
			bad = 1;
		}
		printf("ok %d - %s\n", i, argv[i]);
		fflush(stdout);
	}
	return bad;
}
