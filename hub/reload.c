/* SPDX-License-Identifier: ISC */
/*
 * reload.c - another configuration, while streams go on.
 * It holds for what is asked for from now on; what was granted stays. The
 * tables of the registry do not grow: for larger ones we make room for the next
 * hub, who goes by the same configuration.
 */
#include "hub.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/share.h"
#include "sys/log.h"

int
reload_take(struct hub *h, int set)
{
	const struct conf_set *next = conf_map(set);

	if (next == NULL)
		return -1;
	if (h->h_set != NULL) {
		attend_reload(h, next);
		conf_unmap(h->h_set);
		close(h->h_set_fd);
	}
	h->h_set = next;
	h->h_set_fd = set;
	h->h_conf = &next->cs_conf[0];
	return 0;
}

/* Fewer than before need no smaller ones. */
static bool
tables_suffice(const struct hub *h)
{
	const struct shm_registry *head = h->h_registry.rg_head;

	return h->h_conf->cf_max_streams <= head->rg_nstreams &&
	    hub_sessions(h->h_conf) <= head->rg_nsessions;
}

void
reload_obey(struct hub *h, const struct control *ct)
{
	const char *why = NULL;

	/* the group may give orders, but not invent a configuration */
	if (ct->ct_uid != 0 && ct->ct_uid != geteuid())
		why = "not for this user";
	else if (ct->ct_fd == -1)
		why = "the listener is to be asked";
	else if (reload_take(h, ct->ct_fd) == -1)
		why = strerror(errno);
	if (why != NULL) {
		log_warnx("hub-reload-refused pid=%d reason=\"%s\"",
		    (int)ct->ct_pid, why);
		control_answer(h->h_control, ct, false, "%s", why);
		return;
	}
	load_show(h);
	h->h_replaced = !tables_suffice(h);
	log_info("hub-reload pid=%d applications=%u tables=%s",
	    (int)getpid(), h->h_set->cs_n - 1,
	    h->h_replaced ? "too-small" : "kept");
	control_answer(h->h_control, ct, true, "hub %d", (int)getpid());
}
