/*
 * Subcommands.  Each returns the exit status: 0 ok, 1 failed, 2 usage.
 * argv[0] is the subcommand's name.
 */
#ifndef CMD_H
#define CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailnode/base/role.h"

/* As at the head of CHANGES. */
#define VERSION	"0.1"

struct cmd {
	const char	*name;
	int		(*fn)(int argc, char **argv);
	const char	*usage;		/* one line, without the name */
};

extern const struct cmd cmds[];		/* main.c, ended by .fn == NULL */

/* "mailnode: what: why" on stderr; returns 1 so that it can end a command. */
int	cmd_fail(const char *what, const char *why);
/* The same of arguments: returns 2. */
int	cmd_wrong(const char *what, const char *why);
/* A DNS server, behind -r.  False: it is none, and that is said. */
bool	cmd_server(const char *at, const char **server);

/* On stdout, without its controls: what came from outside. */
void	cmd_plain(const char *s);

/* The usage line of a subcommand; returns 2, or 0 when it was asked for.
 * Behind cmd_option() it does not say again that something is wrong. */
int	cmd_usage(const char *name, int asked);

/* getopt_long(3), that says what is wrong as commands do, and ends with the
 * usage line where --help is asked for, or -h where opts has none. */
struct option;
int	cmd_option(const char *name, int argc, char **argv, const char *opts,
	    const struct option *words);

/* A channel to that service of the daemon, or of one without listeners that
 * is started for the command: *n, made if NULL, closed by the caller.  -1
 * with the error said. */
struct node;
int	cmd_link(const char *cmd, struct node **n, enum role role);

/* Tries what waits in the queue now; the exit status.  ch: to keeper.  why:
 * NULL for all of it, "" for what was tried before (not what has an undo
 * window or a later time of its own), or that reason alone. */
int	cmd_queue_retry(int ch, const char *why);

/* A parent without listeners, for the client on descriptor 3. */
int	cmd_serve_local(void);
/* The daemon after its own exec: argv is the lock and the doors. */
int	cmd_serve_again(int argc, char **argv);

int	cmd_alias(int argc, char **argv);
int	cmd_allow(int argc, char **argv);
int	cmd_ban(int argc, char **argv);
int	cmd_cert(int argc, char **argv);
int	cmd_check(int argc, char **argv);
int	cmd_device(int argc, char **argv);
int	cmd_doctor(int argc, char **argv);
int	cmd_export(int argc, char **argv);
int	cmd_import(int argc, char **argv);
int	cmd_fsck(int argc, char **argv);
int	cmd_init(int argc, char **argv);
int	cmd_key(int argc, char **argv);
int	cmd_rule(int argc, char **argv);
int	cmd_rejects(int argc, char **argv);
int	cmd_search(int argc, char **argv);
int	cmd_queue(int argc, char **argv);
int	cmd_send(int argc, char **argv);
int	cmd_serve(int argc, char **argv);
int	cmd_show(int argc, char **argv);
int	cmd_status(int argc, char **argv);
int	cmd_vault(int argc, char **argv);
int	cmd_probe(int argc, char **argv);
int	cmd_probe_mime(int argc, char **argv);
/* A probe of one message, a file or stdin: parsed, borrowed by fn, whose
 * result is the exit status. */
struct mime;
typedef int	cmd_probe_fn(const struct mime *m, bool json);
int	cmd_probe_message(int argc, char **argv, cmd_probe_fn *fn);
int	cmd_probe_bounce(int argc, char **argv);
int	cmd_probe_header(int argc, char **argv);
int	cmd_probe_spf(int argc, char **argv);
int	cmd_probe_dmarc(int argc, char **argv);
int	cmd_sign(int argc, char **argv);
int	cmd_score(int argc, char **argv);
int	cmd_tag(int argc, char **argv);
int	cmd_train(int argc, char **argv);
int	cmd_verify(int argc, char **argv);
int	cmd_why(int argc, char **argv);

#endif
