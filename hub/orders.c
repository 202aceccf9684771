/* SPDX-License-Identifier: ISC */
/*
 * orders.c - orders to the hub, by its control socket.
 * Who may send them, the mode of the socket says.
 */
#include "orders.h"

#include <string.h>
#include <unistd.h>

#include "hub.h"
#include "sys/log.h"

#define STOP_GRACE	1200	/* ms for connections to say goodbye */

/* To every session, in the same words. */
static void
tell_all(struct hub *h, enum hub_verdict verdict, enum hub_reason reason)
{
	struct session *s;
	struct peer *p;
	int i;

	TAILQ_FOREACH(p, &h->h_peers, p_link)
		for (i = 0; i < HUB_SLOTS; i++)
			if ((s = p->p_session[i]) != NULL)
				session_answer(h, s, verdict, reason, "",
				    NULL, 0);
	stream_wake_all(h);
}

void
orders_stop(struct hub *h, const char *why)
{
	if (h->h_stop_by != 0)
		return;
	h->h_stop_by = h->h_now + STOP_GRACE;
	h->h_why = why;
	if (h->h_grace == 0)	/* else some have yet to come and be told */
		hub_leave(h);
	tell_all(h, HUB_CLOSE, HUB_SHUTDOWN);
}

static void
order_stop(struct hub *h, const struct control *ct, const char *arg)
{
	(void)arg;
	control_answer(h->h_control, ct, true, "%u connections", h->h_npeers);
	orders_stop(h, "order");
}

void
orders_drain(struct hub *h, uint32_t time)
{
	if (h->h_drain_by != 0)
		return;
	h->h_drain_by = h->h_now + time;
	log_info("hub-drain pid=%d connections=%u", (int)getpid(),
	    h->h_npeers);
	tell_all(h, HUB_RECONNECT, HUB_SHUTDOWN);
}

static void
order_drain(struct hub *h, const struct control *ct, const char *arg)
{
	uint32_t time = h->h_conf->cf_drain_timeout;

	(void)arg;
	control_answer(h->h_control, ct, true, "%u connections, %u s at most",
	    h->h_npeers, time / 1000);
	orders_drain(h, time);
}

/* There is one way to lose a hub: this is like dying. Whoever keeps us starts
 * the next program. */
static void
order_upgrade(struct hub *h, const struct control *ct, const char *arg)
{
	(void)arg;
	if (h->h_standby) {
		control_answer(h->h_control, ct, false, "no listener runs "
		    "that would start the next hub");
		return;
	}
	log_info("hub-upgrade pid=%d version=%s", (int)getpid(),
	    RTMPD_VERSION);
	control_answer(h->h_control, ct, true, "hub %d ends, version %s",
	    (int)getpid(), RTMPD_VERSION);
	h->h_replaced = true;
}

static void
order_reload(struct hub *h, const struct control *ct, const char *arg)
{
	(void)arg;
	reload_obey(h, ct);
}

static void
order_config(struct hub *h, const struct control *ct, const char *arg)
{
	(void)arg;
	control_answer_fd(h->h_control, ct, h->h_set_fd, "hub");
}

/* Words that an order begins with; those that end in a space take the rest. */
static const struct order {
	const char	*or_words;
	void		(*or_obey)(struct hub *, const struct control *,
			    const char *arg);
} orders[] = {
	{ "config", order_config },
	{ "drain", order_drain },
	{ "kick ", steer_kick },
	{ "log debug ", steer_log_debug },
	{ "log info ", steer_log_info },
	{ "reload", order_reload },
	{ "stop", order_stop },
	{ "upgrade", order_upgrade },
};

/* What follows the words of an order; NULL: it is another one. */
static const char *
argument(const struct order *or, const char *text)
{
	size_t n = strlen(or->or_words);

	if (strncmp(text, or->or_words, n) != 0)
		return NULL;
	return or->or_words[n - 1] == ' ' || text[n] == '\0' ? text + n : NULL;
}

static void
obey(struct hub *h, const struct control *ct)
{
	const char *arg;
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		arg = argument(&orders[i], ct->ct_order);
		if (arg == NULL)
			continue;
		orders[i].or_obey(h, ct, arg);
		return;
	}
	if (!attend_order(h, ct))
		control_answer(h->h_control, ct, false, "unknown order");
}

/* A connection that was taken over has no orders to give. The listener may be
 * connected too, but never registers. */
static bool
is_connection(const struct hub *h, pid_t pid)
{
	const struct peer *p;

	TAILQ_FOREACH(p, &h->h_peers, p_link)
		if (p->p_pid == pid && p->p_host[0] != '\0')
			return true;
	return false;
}

void
orders_take(struct hub *h)
{
	struct control ct;

	while (control_read(h->h_control, &ct)) {
		if (is_connection(h, ct.ct_pid))
			log_warnx("order-refused pid=%d", (int)ct.ct_pid);
		else
			obey(h, &ct);
		if (ct.ct_fd != -1 && ct.ct_fd != h->h_set_fd)
			close(ct.ct_fd);	/* not one that was taken */
	}
}
