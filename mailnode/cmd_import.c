/* import: Maildirs, mboxes and single files into our mailboxes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "mailnode/base/clock.h"
#include "mailnode/cmd.h"
#include "mailnode/node/control.h"
#include "store/import.h"
#include "store/op_mail.h"

enum {
	WINDOW = 96,		/* messages under way: keeper files them in
				   batches */
	TRIES = 600,		/* while keeper is busy */
	BUSY_MS = 50,
	PAINT_MS = 100,
	BAR = 30,		/* columns */
	PATH_ROOM = 1024	/* octets of a path that is told; cut */
};

/* One message that was handed in and not answered. */
struct flight {
	uint32_t	id;		/* 0: free */
	int		fd;
	struct import_item item;	/* path is the one below */
	char		 path[PATH_ROOM];
	unsigned int	tries;
};

struct importer {
	struct node	*n;
	int		 ch;
	struct op_reply	 r;
	struct buf	 args, in;
	struct flight	 flight[WINDOW];
	size_t		 nflight;
	uint32_t	 last_id;
	char		 made[BOX_NAME_MAX];	/* this folder exists */
	uint64_t	 total_octets, octets;
	uint64_t	 total, done, had, failed;
	int64_t		 begun_ms, painted_ms;
	bool		 tty;
	const char	*stopped;	/* why; NULL */
};

static const char ended[] = "the node ended";

static volatile sig_atomic_t interrupted;

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static void
paint(struct importer *im, const char *folder, bool last)
{
	int64_t now = clock_mono_ms(), ms = now - im->begun_ms;
	uint64_t n = im->done + im->had + im->failed;
	unsigned int part = 0, i;
	char bar[BAR + 1];

	if (!im->tty || (!last && now - im->painted_ms < PAINT_MS))
		return;
	im->painted_ms = now;
	if (im->total_octets > 0)
		part = (unsigned int)(im->octets * BAR / im->total_octets);
	for (i = 0; i < BAR; i++)
		bar[i] = i < part ? '#' : '.';
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %llu of %llu  %llu/s  %.40s\033[K%s", bar,
	    (unsigned long long)n, (unsigned long long)im->total,
	    (unsigned long long)(n * 1000 / (uint64_t)(ms > 0 ? ms : 1)),
	    folder, last ? "\n" : "");
}

/* ---- handing in ---- */

static void
say_bad(void *arg, const char *path, const char *why)
{
	struct importer *im = arg;

	if (im->tty)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "mailnode: %s: %s\n", path, why);
	im->failed++;
}

static bool
send_one(struct importer *im, struct flight *f)
{
	struct mail_new m = { .folder = f->item.folder,
	    .flags = f->item.flags, .tags = "",
	    .received = f->item.received, .trace = "", .once = true };
	struct chan_msg head = { .type = MAIL_APPEND, .fd = f->fd };

	f->id = head.id = ++im->last_id;
	buf_reset(&im->args);
	mail_append_put(&im->args, &m);
	if (chan_send(im->ch, &head, &im->args, false) == 0)
		return true;
	im->stopped = errno == EPIPE ? ended : strerror(errno);
	return false;
}

static void
land(struct importer *im, struct flight *f)
{
	im->octets += f->item.size;
	close(f->fd);
	f->id = 0;
	im->nflight--;
	paint(im, f->item.folder, false);
}

static void
refused(struct importer *im, struct flight *f, uint16_t status)
{
	if (status == STORE_NOSPACE || status == STORE_READONLY)
		im->stopped = store_status_text(status);
	say_bad(im, f->path, store_status_text(status));
}

/* Takes one answer. */
static bool
receive(struct importer *im)
{
	struct chan_msg m;
	struct flight *f;

	if (chan_recv(im->ch, &im->in, &m, false) != 1) {
		im->stopped = ended;
		return false;
	}
	if (m.fd != -1)
		close(m.fd);
	for (f = im->flight; f < im->flight + WINDOW; f++)
		if (f->id != 0 && f->id == m.id)
			break;
	if (f == im->flight + WINDOW)
		return true;		/* told, not asked */
	if (m.status == STORE_BUSY && f->tries++ < TRIES) {
		(void)usleep(BUSY_MS * 1000);
		return send_one(im, f);
	}
	if (m.status == OP_OK)
		im->done++;
	else if (m.status == STORE_EXISTS)
		im->had++;
	else
		refused(im, f, m.status);
	land(im, f);
	return true;
}

static bool
make_folder(struct importer *im, const char *folder)
{
	uint64_t id;
	uint16_t rc;

	if (strcmp(im->made, folder) == 0)
		return true;
	/* One answer at a time: box_create would drop those of messages. */
	while (im->nflight > 0)
		if (!receive(im))
			return false;
	rc = box_create(im->ch, &im->r, folder, &id);
	if (rc != OP_OK && rc != STORE_EXISTS) {
		say_bad(im, folder, store_status_text(rc));
		return false;
	}
	snprintf(im->made, sizeof im->made, "%s", folder);
	return true;
}

static bool
hand_in(void *arg, struct import_item *i)
{
	struct importer *im = arg;
	struct flight *f;

	while (im->nflight == WINDOW)
		if (!receive(im))
			return false;
	if (interrupted || im->stopped != NULL)
		return false;
	if (!make_folder(im, i->folder))
		return im->stopped == NULL;
	for (f = im->flight; f->id != 0; )
		f++;
	f->item = *i;
	(void)snprintf(f->path, sizeof f->path, "%s", i->path);
	f->item.path = f->path;
	f->fd = i->fd;
	f->tries = 0;
	i->fd = -1;
	im->nflight++;
	if (send_one(im, f))
		return true;
	land(im, f);
	return false;
}

static bool
count_one(void *arg, struct import_item *i)
{
	struct importer *im = arg;

	im->total++;
	im->total_octets += i->size;
	return !interrupted;
}

static int
import_all(struct importer *im, const char *into, int n, char **path)
{
	struct import walk = { .into = into, .arg = im };
	int i;

	walk.count = true;
	walk.item = count_one;
	for (i = 0; i < n; i++)
		(void)import_walk(&walk, path[i]);
	walk.count = false;
	walk.item = hand_in;
	walk.bad = say_bad;
	im->begun_ms = clock_mono_ms();
	for (i = 0; i < n; i++)
		if (!import_walk(&walk, path[i]))
			break;
	while (im->nflight > 0 && receive(im))
		;
	paint(im, "", true);
	printf("imported %llu, already there %llu, failed %llu\n",
	    (unsigned long long)im->done, (unsigned long long)im->had,
	    (unsigned long long)im->failed);
	if (interrupted)
		return cmd_fail("import", "interrupted; run it again to "
		    "go on");
	if (im->stopped != NULL)
		return cmd_fail("import", im->stopped);
	return im->failed > 0;
}

int
cmd_import(int argc, char **argv)
{
	static struct importer im;
	struct sigaction sa = { .sa_handler = on_signal };
	const char *into = NULL;
	bool quiet = false;
	int c, status;

	while ((c = cmd_option("import", argc, argv, "+hqF:", NULL)) != -1) {
		if (c == 'F')
			into = optarg;
		else if (c != 'q')
			return cmd_usage("import", c == 'h');
		quiet = quiet || c == 'q';
	}
	if (optind == argc)
		return cmd_usage("import", 0);
	if (into != NULL && strcasecmp(into, "INBOX") == 0)
		into = "INBOX";
	if (into != NULL && !box_name_ok(into))
		return cmd_wrong(into, "not a name for a mailbox");
	im.tty = !quiet && isatty(STDERR_FILENO);
	im.ch = cmd_link("import", &im.n, ROLE_KEEPER);
	if (im.ch == -1)
		return 1;
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	op_reply_init(&im.r);
	buf_init(&im.args, CHAN_DATA_MAX);
	buf_init(&im.in, CHAN_RECORD_MAX + 1);
	status = import_all(&im, into, argc - optind, argv + optind);
	op_reply_clear(&im.r);
	buf_clear(&im.args);
	buf_clear(&im.in);
	close(im.ch);
	node_close(im.n);
	return status;
}
