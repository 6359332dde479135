/* What the files of mailnode device share; each verb returns its status. */
#ifndef CMD_DEVICE_H
#define CMD_DEVICE_H

#include "crypto/device.h"
#include "mailnode/base/op.h"
#include "mailnode/cmd_safe.h"

struct node;
struct setup;

enum { DEVICE_OUT_MAX = 256 * 1024 };	/* octets printed at once */

struct ask_device {
	struct cmd_safe	 c;
	const char	*verb, *name;	/* name: DIR of autoconfig */
	struct device	 d;
	const char	*profile;	/* a file, or NULL */
	const char	*qr;		/* which code, or NULL for all */
	bool		 dark;		/* dark characters on light */
};

extern const char device_prefix[];	/* of their entries in the vault */

/* Keeper, which knows when they were here; ch -1: it is away. */
struct device_keeper {
	struct node	*n;
	int		 ch;
	struct op_reply	 r;
};

void	device_keeper(struct device_keeper *k);
void	device_keeper_end(struct device_keeper *k);

int	device_list(struct ask_device *q);
int	device_autoconfig(struct ask_device *q);

/* To stderr, when no door is open to such a device. */
void	device_warn_doors(const struct setup *s);

#endif
