#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mailnode/base/json.h"
#include "mailnode/base/num.h"
#include "mailnode/node/conf.h"
#include "mailnode/ops/setup.h"

enum { IMAPS = 993, SUBMISSIONS = 465, PATH_ROOM = 4096,
    TB_TLS = 3, TB_STARTTLS = 2, TB_PASSWORD = 1 };

/* ---- doors ---- */

/* "service tls address port", as node/listen.c writes it; 0: another. */
static uint32_t
port_in(const char *line, const char *service, bool starttls)
{
	char want[64];
	const char *p;
	uint32_t port;
	int n;

	n = snprintf(want, sizeof want, "%s %s ", service,
	    starttls ? "starttls" : "tls");
	if (strncmp(line, want, (size_t)n) != 0)
		return 0;
	p = strchr(line + n, ' ');
	if (p == NULL || num_u32(p + 1, p + strcspn(p, "\n"), 1, UINT16_MAX,
	    &port) == -1)
		return 0;
	return port;
}

static uint16_t
running_port(const char *home, const char *service, bool starttls)
{
	char path[PATH_ROOM], line[256];
	uint32_t found = 0;
	FILE *f;

	if (snprintf(path, sizeof path, "%s/run/listeners", home) >=
	    (int)sizeof path || (f = fopen(path, "re")) == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof line, f) != NULL)
		found = port_in(line, service, starttls);
	fclose(f);
	return (uint16_t)found;
}

/* TLS from the start where there is a choice (RFC 8314 section 3). */
static void
find_door(struct setup_server *out, enum conf_service service,
    const char *home)
{
	static const char *const names[] = { [CONF_IMAP] = "imap",
	    [CONF_SUBMISSION] = "submission" };
	const struct conf_listener *l, *best = NULL;
	uint32_t port;
	size_t i;

	*out = (struct setup_server){ .port = service == CONF_IMAP ? IMAPS :
	    SUBMISSIONS };
	for (i = 0; i < conf.nlisteners; i++) {
		l = &conf.listeners[i];
		if (l->service == service && l->tls != CONF_PLAIN &&
		    (best == NULL || (best->tls == CONF_STARTTLS &&
		    l->tls == CONF_TLS)))
			best = l;
	}
	if (best == NULL)
		return;
	out->there = true;
	out->starttls = best->tls == CONF_STARTTLS;
	if (num_u32(best->port, best->port + strlen(best->port), 0,
	    UINT16_MAX, &port) == -1 || port == 0)
		port = running_port(home, names[service], out->starttls);
	if (port != 0)
		out->port = (uint16_t)port;
}

void
setup_init(struct setup *s, const char *home)
{
	memset(s, 0, sizeof *s);
	snprintf(s->address, sizeof s->address, "%s@%s", conf.user,
	    conf.domains[0]);
	s->host = conf.hostname;
	s->domain = conf.domains[0];
	s->realname = conf.realname;
	s->reads = s->sends = true;
	find_door(&s->imap, CONF_IMAP, home);
	find_door(&s->smtp, CONF_SUBMISSION, home);
}

static const char *
tls_name(const struct setup_server *d)
{
	return d->starttls ? "STARTTLS" : "TLS";
}

static void
put_secret(struct buf *b, const struct secret *s)
{
	buf_add(b, s->data, s->len);
}

/* ---- texts ---- */

void
setup_plain(struct buf *b, const struct setup *s)
{
	buf_addf(b, "device:    %s\naddress:   %s\nuser name: %s\n"
	    "password:  ", s->device, s->address, s->address);
	put_secret(b, s->secret);
	if (s->reads)
		buf_addf(b, "\nIMAP:      %s port %u %s", s->host,
		    s->imap.port, tls_name(&s->imap));
	if (s->sends)
		buf_addf(b, "\nSMTP:      %s port %u %s", s->host,
		    s->smtp.port, tls_name(&s->smtp));
	buf_adds(b, "\n");
}

static void
json_secret(struct buf *b, const struct secret *s)
{
	json_bytes(b, s->data, s->len);
}

static void
tb_server(struct buf *b, const struct setup *s, const struct setup_server *d)
{
	buf_adds(b, "[0,");
	json_string(b, s->host);
	buf_addf(b, ",%u,%d,%d,", d->port, d->starttls ? TB_STARTTLS : TB_TLS,
	    TB_PASSWORD);
	json_string(b, s->address);
}

/* [format, [part, parts], incoming, [[outgoing, identity …] …]] */
void
setup_thunderbird(struct buf *b, const struct setup *s)
{
	buf_adds(b, "[1,[1,1],");
	tb_server(b, s, &s->imap);
	buf_adds(b, ",");
	json_string(b, s->address);
	buf_adds(b, ",");
	json_secret(b, s->secret);
	buf_adds(b, "],[[");
	tb_server(b, s, &s->smtp);
	buf_adds(b, ",");
	json_secret(b, s->secret);
	buf_adds(b, "],[");
	json_string(b, s->address);
	buf_adds(b, ",");
	json_string(b, s->realname[0] != '\0' ? s->realname : s->address);
	buf_adds(b, "]]]]");
}

/* RFC 3986 section 2.1: all but what needs no escape anywhere. */
static void
put_uri(struct buf *b, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < n; i++)
		if ((p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z') ||
		    (p[i] >= '0' && p[i] <= '9') ||
		    strchr("-._~", p[i]) != NULL)
			buf_addc(b, p[i]);
		else
			buf_addf(b, "%%%02X", p[i]);
}

void
setup_deltachat(struct buf *b, const struct setup *s)
{
	const char *at = strrchr(s->address, '@');

	buf_adds(b, "dclogin://");
	put_uri(b, s->address, (size_t)(at - s->address));
	buf_addf(b, "@%s?p=", s->domain);
	put_uri(b, s->secret->data, s->secret->len);
	buf_addf(b, "&v=1&ih=%s&ip=%u&is=%s&sh=%s&sp=%u&ss=%s&ic=1", s->host,
	    s->imap.port, s->imap.starttls ? "starttls" : "ssl", s->host,
	    s->smtp.port, s->smtp.starttls ? "starttls" : "ssl");
}

/* ---- XML ---- */

static void
put_xml(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			buf_adds(b, "&amp;");
			break;
		case '<':
			buf_adds(b, "&lt;");
			break;
		case '>':
			buf_adds(b, "&gt;");
			break;
		case '"':
			buf_adds(b, "&quot;");
			break;
		default:
			buf_addc(b, *text);
		}
}

static void
tag(struct buf *b, const char *indent, const char *name, const char *text)
{
	buf_addf(b, "%s<%s>", indent, name);
	put_xml(b, text);
	buf_addf(b, "</%s>\n", name);
}

static void
key(struct buf *b, const char *name, const char *text)
{
	tag(b, "\t\t\t", "key", name);
	tag(b, "\t\t\t", "string", text);
}

static void
key_number(struct buf *b, const char *name, unsigned int n)
{
	tag(b, "\t\t\t", "key", name);
	buf_addf(b, "\t\t\t<integer>%u</integer>\n", n);
}

static void
key_true(struct buf *b, const char *name)
{
	tag(b, "\t\t\t", "key", name);
	buf_adds(b, "\t\t\t<true/>\n");
}

/* RFC 9562 section 5.4, of random octets. */
static void
uuid(char out[37])
{
	uint8_t r[16];
	int i, n = 0;

	random_bytes(r, sizeof r);
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	for (i = 0; i < 16; i++)
		n += snprintf(out + n, (size_t)(37 - n), "%s%02X",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", r[i]);
}

static void
key_secret(struct buf *b, const struct setup *s)
{
	if (s->secret == NULL)
		return;
	tag(b, "\t\t\t", "key", "IncomingPassword");
	buf_adds(b, "\t\t\t<string>");
	put_secret(b, s->secret);
	buf_adds(b, "</string>\n");
	key_true(b, "OutgoingPasswordSameAsIncomingPassword");
}

/* com.apple.mail.managed of Apple's profile reference. */
static void
put_account(struct buf *b, const struct setup *s)
{
	char id[37], name[128];

	uuid(id);
	snprintf(name, sizeof name, "%s.mailnode.account", s->domain);
	buf_adds(b, "\t\t<dict>\n");
	key(b, "PayloadType", "com.apple.mail.managed");
	key(b, "PayloadIdentifier", name);
	key(b, "PayloadUUID", id);
	key(b, "PayloadDisplayName", s->address);
	key_number(b, "PayloadVersion", 1);
	key(b, "EmailAccountType", "EmailTypeIMAP");
	key(b, "EmailAccountDescription", s->address);
	key(b, "EmailAccountName", s->realname[0] != '\0' ? s->realname :
	    s->address);
	key(b, "EmailAddress", s->address);
	key(b, "IncomingMailServerAuthentication", "EmailAuthPassword");
	key(b, "IncomingMailServerHostName", s->host);
	key_number(b, "IncomingMailServerPortNumber", s->imap.port);
	key_true(b, "IncomingMailServerUseSSL");
	key(b, "IncomingMailServerUsername", s->address);
	key(b, "OutgoingMailServerAuthentication", "EmailAuthPassword");
	key(b, "OutgoingMailServerHostName", s->host);
	key_number(b, "OutgoingMailServerPortNumber", s->smtp.port);
	key_true(b, "OutgoingMailServerUseSSL");
	key(b, "OutgoingMailServerUsername", s->address);
	key_secret(b, s);
	buf_adds(b, "\t\t</dict>\n");
}

static void
top_key(struct buf *b, const char *name, const char *text)
{
	tag(b, "\t", "key", name);
	tag(b, "\t", "string", text);
}

void
setup_profile(struct buf *b, const struct setup *s)
{
	char id[37], name[128];

	uuid(id);
	snprintf(name, sizeof name, "%s.mailnode%s%s", s->domain,
	    s->device != NULL ? "." : "", s->device != NULL ? s->device : "");
	buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
	    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
	    "<plist version=\"1.0\">\n<dict>\n"
	    "\t<key>PayloadContent</key>\n\t<array>\n");
	put_account(b, s);
	buf_adds(b, "\t</array>\n");
	top_key(b, "PayloadType", "Configuration");
	top_key(b, "PayloadIdentifier", name);
	top_key(b, "PayloadUUID", id);
	top_key(b, "PayloadDisplayName", s->address);
	top_key(b, "PayloadOrganization", s->domain);
	buf_adds(b, "\t<key>PayloadVersion</key>\n\t<integer>1</integer>\n"
	    "</dict>\n</plist>\n");
}

static void
put_server(struct buf *b, const char *element, const char *type,
    const struct setup *s, const struct setup_server *d)
{
	char port[8];

	snprintf(port, sizeof port, "%u", d->port);
	buf_addf(b, "\t\t<%s type=\"%s\">\n", element, type);
	tag(b, "\t\t\t", "hostname", s->host);
	tag(b, "\t\t\t", "port", port);
	tag(b, "\t\t\t", "socketType", d->starttls ? "STARTTLS" : "SSL");
	tag(b, "\t\t\t", "authentication", "password-cleartext");
	tag(b, "\t\t\t", "username", s->address);
	buf_addf(b, "\t\t</%s>\n", element);
}

void
setup_autoconfig(struct buf *b, const struct setup *s)
{
	size_t i;

	buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<clientConfig version=\"1.1\">\n\t<emailProvider id=\"");
	put_xml(b, s->domain);
	buf_adds(b, "\">\n");
	for (i = 0; i < conf.ndomains; i++)
		tag(b, "\t\t", "domain", conf.domains[i]);
	tag(b, "\t\t", "displayName", s->domain);
	tag(b, "\t\t", "displayShortName", s->domain);
	put_server(b, "incomingServer", "imap", s, &s->imap);
	put_server(b, "outgoingServer", "smtp", s, &s->smtp);
	buf_adds(b, "\t</emailProvider>\n</clientConfig>\n");
}

static void
put_protocol(struct buf *b, const char *type, const struct setup *s,
    const struct setup_server *d)
{
	char port[8];

	snprintf(port, sizeof port, "%u", d->port);
	buf_adds(b, "\t\t\t<Protocol>\n");
	tag(b, "\t\t\t\t", "Type", type);
	tag(b, "\t\t\t\t", "Server", s->host);
	tag(b, "\t\t\t\t", "Port", port);
	tag(b, "\t\t\t\t", "LoginName", s->address);
	tag(b, "\t\t\t\t", "DomainRequired", "off");
	tag(b, "\t\t\t\t", "SPA", "off");
	tag(b, "\t\t\t\t", "SSL", d->starttls ? "off" : "on");
	tag(b, "\t\t\t\t", "Encryption", d->starttls ? "TLS" : "SSL");
	tag(b, "\t\t\t\t", "AuthRequired", "on");
	buf_adds(b, "\t\t\t</Protocol>\n");
}

void
setup_autodiscover(struct buf *b, const struct setup *s)
{
	buf_adds(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/"
	    "autodiscover/responseschema/2006\">\n"
	    "\t<Response xmlns=\"http://schemas.microsoft.com/exchange/"
	    "autodiscover/outlook/responseschema/2006a\">\n"
	    "\t\t<Account>\n");
	tag(b, "\t\t\t", "AccountType", "email");
	tag(b, "\t\t\t", "Action", "settings");
	put_protocol(b, "IMAP", s, &s->imap);
	put_protocol(b, "SMTP", s, &s->smtp);
	buf_adds(b, "\t\t</Account>\n\t</Response>\n</Autodiscover>\n");
}
