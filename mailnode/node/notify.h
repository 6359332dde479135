#ifndef NODE_NOTIFY_H
#define NODE_NOTIFY_H

/* Tells the service manager, when there is one (sd_notify(3)). */
void	notify_systemd(const char *state);

#endif
