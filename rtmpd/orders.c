/* SPDX-License-Identifier: ISC */
/*
 * orders.c - orders to the listener: stop, drain, upgrade, reload.
 * They come by the control socket, or, the same, as signals.
 */
#include "listener.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "shm/segment.h"
#include "sys/clock.h"
#include "sys/proc.h"
#include "sys/rundir.h"

#define STOP_TIME	1700	/* ms for everyone to leave, then SIGKILL */

/* A run directory that was deleted under us was made anew by the next hub. */
static int
send_order(const struct listener *l, const char *order)
{
	if (control_send(RUNDIR_RTMPHUB, order) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	segment_clean(NULL);		/* as its hub can not any more */
	if (chdir(l->l_server->sv_rundir) == -1)
		return -1;
	return control_send(RUNDIR_RTMPHUB, order);
}

/*
 * Whichever hub runs, it need not be the one that we started: that may stand
 * by, or be starting. Then it is killed; nobody misses it. The end of the one
 * that runs is to be seen by l_last_hub.
 */
static void
order_hub(struct listener *l, const char *order)
{
	bool sent = send_order(l, order) == 0;
	pid_t running = 0;

	if (l->l_last_hub == -1)
		l->l_last_hub = proc_behind(RUNDIR_HUB, &running);
	if (l->l_hub > 0 && (!sent || (running != 0 && l->l_hub != running))) {
		kill(l->l_hub, SIGKILL);
		l->l_hub = 0;
	}
}

/* The hub tells the connections; who is deaf to it hears the signal. */
void
orders_stop(struct listener *l, const char *why)
{
	uint32_t i;

	if (l->l_stop_by != 0)
		return;
	log_info("stop reason=%s connections=%u", why, l->l_nchild);
	l->l_stop_by = clock_ms() + STOP_TIME;
	l->l_hub_at = 0;
	listening_close(l);
	for (i = 0; i < l->l_nchild; i++)
		kill(l->l_child[i], SIGTERM);
	order_hub(l, "stop");
}

/* The hub asks those who can to reconnect, and leaves after the last. */
void
orders_drain(struct listener *l)
{
	uint32_t time = l->l_server->sv_conf->cf_drain_timeout;

	if (l->l_drain_by != 0 || l->l_stop_by != 0)
		return;
	log_info("drain connections=%u timeout=%ums", l->l_nchild, time);
	l->l_drain_by = clock_ms() + time;
	listening_close(l);
	order_hub(l, "drain");
	if (l->l_hub == 0)	/* the next one knows of it from the start */
		listener_start_hub(l);
}

void
orders_tick(struct listener *l)
{
	if (l->l_drain_by == 0 || l->l_stop_by != 0)
		return;
	if (l->l_nchild == 0 && l->l_last_hub == -1 && l->l_hub == 0 &&
	    l->l_hub_at == 0)
		orders_stop(l, "drained");
	else if (clock_ms() >= l->l_drain_by)
		orders_stop(l, "drain-timeout");
}

static void
obey(struct listener *l, const struct control *ct)
{
	/* who asks is trusted by the mode of the socket; a connection that was
	 * taken over is of the same user, but has no orders to give */
	if (listener_child(l, ct->ct_pid) < l->l_nchild)
		log_warnx("order-refused pid=%d", (int)ct->ct_pid);
	else if (strcmp(ct->ct_order, "upgrade") == 0)
		upgrade_begin(l, ct);
	else if (strcmp(ct->ct_order, "reload") == 0)
		reload(l, ct);
	else if (strcmp(ct->ct_order, "config") == 0)
		control_answer_fd(l->l_control, ct, l->l_server->sv_set_fd,
		    "listener");
	else if (strcmp(ct->ct_order, "drain") == 0) {
		orders_drain(l);
		control_answer(l->l_control, ct, true,
		    "%u connections, %u s at most", l->l_nchild,
		    l->l_server->sv_conf->cf_drain_timeout / 1000);
	} else if (strcmp(ct->ct_order, "stop") == 0) {
		orders_stop(l, "order");
		control_answer(l->l_control, ct, true, "%u connections",
		    l->l_nchild);
	} else
		control_answer(l->l_control, ct, false, "unknown order");
}

void
orders_take(struct listener *l)
{
	struct control ct;

	while (control_read(l->l_control, &ct)) {
		obey(l, &ct);
		if (ct.ct_fd != -1)
			close(ct.ct_fd);
	}
}
