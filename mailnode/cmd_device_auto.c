/* mailnode device autoconfig: files for a web server that clients look at. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mailnode/cmd.h"
#include "mailnode/cmd_device.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/replace.h"
#include "mailnode/ops/setup.h"

void
device_warn_doors(const struct setup *s)
{
	if (s->reads && !s->imap.there)
		fputs("mailnode: device: config.h has no CONF_IMAP listener "
		    "with TLS yet\n", stderr);
	if (s->sends && !s->smtp.there)
		fputs("mailnode: device: config.h has no CONF_SUBMISSION "
		    "listener with TLS yet\n", stderr);
}

static int
put_file(const char *top, const char *sub, const char *name,
    const struct buf *b)
{
	char path[4096];
	bool made;
	int dir, rc;

	if (snprintf(path, sizeof path, "%s%s%s", top, *sub != '\0' ? "/" :
	    "", sub) >= (int)sizeof path)
		return cmd_fail(top, strerror(ENAMETOOLONG));
	if (b->err != 0 || dir_make(path, 0755, &made) == -1)
		return cmd_fail(path, strerror(b->err != 0 ? b->err : errno));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = dir == -1 ? -1 : file_replace(dir, name, 0644, b->data, b->len);
	if (rc == -1)
		(void)cmd_fail(path, strerror(errno));
	else
		printf("%s/%s\n", path, name);
	if (dir != -1)
		close(dir);
	return rc == -1 ? 1 : 0;
}

/* Where clients look below https://DOMAIN/ and https://autoconfig.DOMAIN/. */
static const struct {
	const char	*sub, *name;
	void		(*put)(struct buf *, const struct setup *);
} files[] = {
	{ "mail", "config-v1.1.xml", setup_autoconfig },
	{ ".well-known/autoconfig/mail", "config-v1.1.xml",
	    setup_autoconfig },
	{ "autodiscover", "autodiscover.xml", setup_autodiscover },
	{ "", "mail.mobileconfig", setup_profile },
};

int
device_autoconfig(struct ask_device *q)
{
	char *home = conf_home();
	struct setup s;
	struct buf b;
	int rc = 0;
	size_t i;

	if (crypto_init() == -1)
		return cmd_fail("start", "no source of randomness");
	setup_init(&s, home);
	free(home);
	device_warn_doors(&s);
	for (i = 0; i < sizeof files / sizeof files[0] && rc == 0; i++) {
		buf_init(&b, SETUP_FILE_MAX);
		files[i].put(&b, &s);
		rc = put_file(q->name, files[i].sub, files[i].name, &b);
		buf_clear(&b);
	}
	return rc;
}
