/* SPDX-License-Identifier: ISC */
/*
 * reload.c - another configuration, while connections and streams go on.
 * Nothing is given up before all that is new is there.
 */
#include "listener.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/share.h"
#include "sys/log.h"
#include "sys/proc.h"
#include "sys/rundir.h"

/* The one in `set`, if it can be gone by; we then listen where it says. */
static const struct conf_set *
prepare(struct listener *l, int set, char error[SERVER_ERROR_MAX])
{
	const struct conf_set *next = conf_map(set);

	if (next == NULL) {
		snprintf(error, SERVER_ERROR_MAX, "map the configuration: %s",
		    strerror(errno));
		return NULL;
	}
	if (listening_change(l, &next->cs_conf[0], error, SERVER_ERROR_MAX) ==
	    0)
		return next;
	conf_unmap(next);
	return NULL;
}

/*
 * A hub that cannot be told, since it has yet to begin or takes no orders any
 * more, is not to go on by what was before. So too one of ours that stands by
 * for another.
 */
static bool
hub_replaced(struct listener *l)
{
	pid_t running = 0;
	int hub;

	if (control_send_fd(RUNDIR_RTMPHUB, "reload",
	    l->l_server->sv_set_fd) == -1) {
		listener_replace_hub(l);
		return true;
	}
	if ((hub = proc_behind(RUNDIR_HUB, &running)) != -1)
		close(hub);
	if (l->l_hub > 0 && running != 0 && running != l->l_hub) {
		kill(l->l_hub, SIGKILL);
		listener_start_hub(l);
	}
	return false;
}

/* The error is in `error`, or the result is 0. */
static int
change(struct listener *l, bool *replaced, char error[SERVER_ERROR_MAX])
{
	struct server *sv = l->l_server;
	const struct conf_set *next;
	int set;

	if ((set = server_load(sv, error)) == -1)
		return -1;
	if ((next = prepare(l, set, error)) == NULL) {
		close(set);
		return -1;
	}
	server_adopt(sv, next, set);
	*replaced = hub_replaced(l);
	return 0;
}

void
reload(struct listener *l, const struct control *ct)
{
	char error[SERVER_ERROR_MAX] = "an upgrade, drain or stop is under way";
	char quoted[2 * SERVER_ERROR_MAX];
	uint32_t applications;
	bool replaced;

	if (l->l_drain_by != 0 || l->l_stop_by != 0 || l->l_trial != 0 ||
	    change(l, &replaced, error) == -1) {
		log_warnx("reload-failed error=\"%s\"",
		    log_quoted(error, quoted, sizeof(quoted)));
		control_answer(l->l_control, ct, false, "%s", error);
		return;
	}
	applications = l->l_server->sv_set->cs_n - 1;
	log_info("reload sockets=%d applications=%u hub=%s", l->l_nlisten,
	    applications, replaced ? "replaced" : "told");
	control_answer(l->l_control, ct, true, "%d socket%s, %u application%s%s",
	    l->l_nlisten, l->l_nlisten == 1 ? "" : "s", applications,
	    applications == 1 ? "" : "s", replaced ? ", a new hub" : "");
}
