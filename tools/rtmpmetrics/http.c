/* SPDX-License-Identifier: ISC */
/*
 * http.c - serve what a snapshot of the registry says.
 * Requests are read by libmicrohttpd. Its time-outs begin anew with each byte,
 * so a client that sends one now and then would stay for ever: ours do not.
 */
#include "http.h"

#include <sys/queue.h>
#include <sys/socket.h>

#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host.h"
#include "pages.h"
#include "sys/clock.h"

/* From accept to close; all have as long, so the first one is the oldest. */
struct client {
	TAILQ_ENTRY(client)	 cl_link;
	struct MHD_Connection	*cl_connection;
	uint64_t		 cl_until;
	bool			 cl_cut;
};
TAILQ_HEAD(clients, client);

struct http {
	struct MHD_Daemon	*ht_daemon;
	int			 ht_fd;
	struct clients		 ht_clients;
	struct pages		*ht_pages;
	const char		*ht_name;	/* or NULL */
};

static void
arrived(struct http *ht, struct MHD_Connection *c, void **context)
{
	struct client *cl = calloc(1, sizeof(*cl));

	*context = cl;
	if (cl == NULL)
		return;		/* libmicrohttpd has no more memory either */
	cl->cl_connection = c;
	cl->cl_until = clock_ms() + HTTP_TIME;
	TAILQ_INSERT_TAIL(&ht->ht_clients, cl, cl_link);
}

static void
left(struct http *ht, void **context)
{
	struct client *cl = *context;

	if (cl != NULL)
		TAILQ_REMOVE(&ht->ht_clients, cl, cl_link);
	free(cl);
	*context = NULL;
}

static void
notice(void *cls, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		arrived(cls, c, context);
	else
		left(cls, context);
}

static enum MHD_Result
add_headers(struct MHD_Response *r, const char *type)
{
	static const char *const header[][2] = {
		{ "Cache-Control", "no-store" },
		{ "Connection", "close" },
		{ "Content-Security-Policy", "default-src 'none'; "
		    "script-src 'self'; style-src 'self'; "
		    "connect-src 'self'; img-src data:; base-uri 'none'; "
		    "form-action 'none'; frame-ancestors 'none'" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Referrer-Policy", "no-referrer" },
		{ "X-Content-Type-Options", "nosniff" },
	};
	size_t i;

	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		if (MHD_add_response_header(r, header[i][0], header[i][1]) ==
		    MHD_NO)
			return MHD_NO;
	return MHD_add_response_header(r, "Content-Type", type);
}

static enum MHD_Result
send_page(struct MHD_Connection *c, const struct page *pg)
{
	struct MHD_Response *r;
	enum MHD_Result ok;

	r = MHD_create_response_from_buffer(pg->pg_len,
	    (void *)(uintptr_t)pg->pg_text, pg->pg_free ?
	    MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (r == NULL) {
		if (pg->pg_free)
			free((void *)(uintptr_t)pg->pg_text);
		return MHD_NO;
	}
	ok = add_headers(r, pg->pg_type);
	if (ok == MHD_YES && pg->pg_status == MHD_HTTP_METHOD_NOT_ALLOWED)
		ok = MHD_add_response_header(r, "Allow", "GET, HEAD");
	if (ok == MHD_YES)
		ok = MHD_queue_response(c, pg->pg_status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result
count_host(void *cls, enum MHD_ValueKind kind, const char *key,
    const char *value)
{
	int *n = cls;

	(void)kind, (void)value;
	*n += strcasecmp(key, MHD_HTTP_HEADER_HOST) == 0;
	return MHD_YES;
}

/* What is wrong with the name that is asked for, or NULL. What names others
 * have for this machine is not known unless we were told, so that otherwise
 * only who comes over the loopback is judged. Before HTTP 1.1 there need be
 * none; no browser leaves it out. */
static const char *
judge_host(const struct http *ht, struct MHD_Connection *c,
    const char *version, unsigned int *status)
{
	const union MHD_ConnectionInfo *peer;
	const char *host;
	int n = 0;

	(void)MHD_get_connection_values(c, MHD_HEADER_KIND, count_host, &n);
	*status = MHD_HTTP_BAD_REQUEST;
	if (n == 0)
		return strcmp(version, MHD_HTTP_VERSION_1_0) == 0 ? NULL :
		    "Host is missing\n";
	if (n > 1)
		return "Host is there twice\n";
	host = MHD_lookup_connection_value(c, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_HOST);
	peer = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if ((ht->ht_name == NULL && peer != NULL &&
	    !host_is_local(peer->client_addr)) ||
	    (host != NULL && host_is_ours(host, ht->ht_name)))
		return NULL;
	*status = MHD_HTTP_MISDIRECTED_REQUEST;
	return "Ask for an address, for localhost, or for the name that is "
	    "metrics-host in rtmpd.conf.\n";
}

/* Answered when the header is there; what comes after it is not read. */
static enum MHD_Result
answer(void *cls, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *upload, size_t *size,
    void **context)
{
	const struct http *ht = cls;
	unsigned int status;
	struct page pg;
	const char *why;

	(void)upload, (void)size, (void)context;
	if ((why = judge_host(ht, c, version, &status)) != NULL)
		pages_refuse(status, why, &pg);
	else if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 ||
	    strcmp(method, MHD_HTTP_METHOD_HEAD) == 0)
		pages_make(ht->ht_pages, path, &pg);
	else
		pages_refuse(MHD_HTTP_METHOD_NOT_ALLOWED,
		    "only GET and HEAD\n", &pg);
	return pg.pg_text == NULL ? MHD_NO : send_page(c, &pg);
}

static bool
start(struct http *ht, int fd)
{
	const union MHD_DaemonInfo *info;

	ht->ht_daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL,
	    answer, ht,
	    MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned int)HTTP_CONNECTIONS,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT,
	    (unsigned int)HTTP_PER_ADDRESS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_REQUEST,
	    MHD_OPTION_NOTIFY_CONNECTION, notice, ht, MHD_OPTION_END);
	if (ht->ht_daemon == NULL)
		return false;
	info = MHD_get_daemon_info(ht->ht_daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info != NULL)
		ht->ht_fd = info->epoll_fd;
	return info != NULL;
}

struct http *
http_open(int fd, const char *name)
{
	struct http *ht = calloc(1, sizeof(*ht));

	if (ht == NULL)
		return NULL;
	TAILQ_INIT(&ht->ht_clients);
	ht->ht_name = name;
	if ((ht->ht_pages = pages_open()) != NULL && start(ht, fd))
		return ht;
	http_close(ht);
	return NULL;
}

int
http_fd(const struct http *ht)
{
	return ht->ht_fd;
}

uint64_t
http_deadline(const struct http *ht)
{
	const struct client *cl;
	MHD_UNSIGNED_LONG_LONG ms;
	uint64_t at = UINT64_MAX;

	if (MHD_get_timeout(ht->ht_daemon, &ms) == MHD_YES)
		at = clock_ms() + ms;
	TAILQ_FOREACH(cl, &ht->ht_clients, cl_link)
		if (!cl->cl_cut)
			return cl->cl_until < at ? cl->cl_until : at;
	return at;
}

/* libmicrohttpd then sees its end. */
static void
cut(struct client *cl)
{
	const union MHD_ConnectionInfo *info;

	info = MHD_get_connection_info(cl->cl_connection,
	    MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info != NULL)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
	cl->cl_cut = true;
}

void
http_run(struct http *ht)
{
	uint64_t now = clock_ms();
	struct client *cl;

	TAILQ_FOREACH(cl, &ht->ht_clients, cl_link) {
		if (now < cl->cl_until)
			break;
		if (!cl->cl_cut)
			cut(cl);
	}
	(void)MHD_run(ht->ht_daemon);
}

void
http_close(struct http *ht)
{
	if (ht->ht_daemon != NULL)
		MHD_stop_daemon(ht->ht_daemon);
	pages_close(ht->ht_pages);
	free(ht);
}
