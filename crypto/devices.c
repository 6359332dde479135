/* The devices that the vault's service knows, and who logged in as one. */
#include <stdlib.h>
#include <string.h>

#include "crypto/derived.h"
#include "crypto/vault_service.h"
#include "mailnode/base/clock.h"

/* ---- what the service holds ---- */

static const char prefix[] = "device/";

static bool
is_device(const struct vault_entry *e)
{
	return e->kind == VAULT_DEVICE_ENTRY && !e->retired &&
	    strncmp(e->name, prefix, strlen(prefix)) == 0 &&
	    device_name_ok(e->name + strlen(prefix));
}

void
devices_forget(struct vault_service *s)
{
	free(s->devices);
	secret_free(s->verifiers);
	derived_free(s->derived);
	s->derived = NULL;
	s->devices = NULL;
	s->verifiers = NULL;
	s->ndevices = 0;
}

static void
load_one(struct vault_service *s, const struct vault_entry *e)
{
	struct device *d = &s->devices[s->ndevices];
	struct secret *v = NULL;

	if (device_get(e->pub, e->pub_len, d) == CRYPTO_OK &&
	    vault_get(s->v, e->name, &v) == CRYPTO_OK &&
	    v->len == DEVICE_VERIFIER &&
	    secret_add(s->verifiers, v->data, v->len) == 0) {
		memcpy(d->name, e->name + strlen(prefix),
		    strlen(e->name + strlen(prefix)) + 1);
		memcpy(s->salt, d->salt, sizeof s->salt);
		s->ndevices++;
	}
	secret_free(v);
}

void
devices_load(struct vault_service *s)
{
	const struct vault_entry *e;
	size_t i;

	devices_forget(s);
	if (s->v == NULL || !vault_is_open(s->v, VAULT_OWNER))
		return;
	s->devices = calloc(VAULT_ENTRIES_MAX, sizeof *s->devices);
	s->verifiers = secret_new(VAULT_ENTRIES_MAX * DEVICE_VERIFIER);
	s->derived = derived_new();
	if (s->devices == NULL || s->verifiers == NULL || s->derived == NULL) {
		devices_forget(s);
		return;
	}
	/* Without a device the salt is as good as any. */
	random_bytes(s->salt, sizeof s->salt);
	for (i = 0; (e = vault_at(s->v, i)) != NULL; i++)
		if (is_device(e))
			load_one(s, e);
}

/* ---- sessions that have logged in ---- */

/* What tells a device from a later one of its name, also while locked. */
static bool
still_there(const struct vault_service *s, const struct login *l)
{
	char name[VAULT_NAME_MAX] = "device/";
	const struct vault_entry *e;

	memcpy(name + strlen(prefix), l->device.name,
	    strlen(l->device.name) + 1);
	e = s->v != NULL ? vault_find(s->v, name) : NULL;
	return e != NULL && e->created == l->created &&
	    e->version == l->version;
}

static void
look_again(struct op_peer *p, void *arg)
{
	struct vault_service *s = arg;
	struct client *cl = op_peer_data(p);

	if (cl == NULL || cl->login == NULL || cl->login->over)
		return;
	if (still_there(s, cl->login) && (cl->login->device.expires == 0 ||
	    clock_wall_s() < cl->login->device.expires))
		return;
	cl->login->over = true;
	if (s->house != NULL)
		s->house->logout(s->house->arg, op_peer_session(p),
		    op_peer_role(p), &cl->login->device);
}

void
vault_service_look(struct vault_service *s)
{
	if (s->srv != NULL)
		op_each(s->srv, look_again, s);
}

static void
say_again(struct op_peer *p, void *arg)
{
	struct vault_service *s = arg;
	struct client *cl = op_peer_data(p);

	if (cl != NULL && cl->login != NULL && !cl->login->over)
		(void)s->house->login(s->house->arg, op_peer_session(p),
		    op_peer_role(p), op_peer_name(p), &cl->login->device,
		    cl->login->waits);
}

void
vault_service_again(struct vault_service *s)
{
	if (s->srv != NULL && s->house != NULL)
		op_each(s->srv, say_again, s);
}
