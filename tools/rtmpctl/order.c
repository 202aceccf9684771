/* SPDX-License-Identifier: ISC */
/*
 * order.c - give an order to a running relay.
 */
#include "command.h"

#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "order.h"
#include "sys/clock.h"
#include "sys/control.h"
#include "sys/rundir.h"
#include "view/text.h"

#define PATIENCE	10000	/* ms for an answer: a new program starts */
#define HUB_PATIENCE	3000	/* ms for one to get ready */

static bool
nobody_there(void)
{
	return errno == ENOENT || errno == ECONNREFUSED;
}

int
order_report(const struct ctl *ct, int status, const char *text)
{
	char safe[VIEW_TEXT_MAX];

	if (status == 0)
		printf("%s: %s\n", ct->ct_order,
		    text_safe(text, safe, sizeof(safe)));
	else if (status == 1)
		warnx("%s", text_safe(text, safe, sizeof(safe)));
	else if (nobody_there()) {
		warnx("%s: no rtmpd runs here", ct->ct_path);
		return EX_UNAVAILABLE;
	} else if (errno == ETIMEDOUT) {
		warnx("%s: no answer for %d seconds", ct->ct_path,
		    PATIENCE / 1000);
		return EX_TEMPFAIL;
	} else {
		warn("%s", ct->ct_path);
		return errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_TEMPFAIL;
	}
	return status;
}

/* A hub that died has left its registry, and is soon replaced; a listener
 * starts one. */
static bool
hub_comes(void)
{
	return errno == ECONNRESET || (nobody_there() &&
	    (access(RUNDIR_REGISTRY, F_OK) == 0 ||
	    access(RUNDIR_RTMPD, F_OK) == 0));
}

/* What a hub was told and did not answer, the next one is told again, and at
 * first that one does not know everybody. */
static int
ask_hub(const char *order, int patience, char answer[CONTROL_TEXT])
{
	struct timespec nap = { 0, 20000000 };
	uint64_t by = clock_ms() + HUB_PATIENCE;
	bool comes = false;
	int status;

	for (;;) {
		status = control_ask(RUNDIR_RTMPHUB, order, patience, answer);
		comes |= status == -1 && hub_comes();
		if (!comes || status == 0 || clock_ms() >= by)
			return status;
		nanosleep(&nap, NULL);
	}
}

int
order_hub(int patience, char answer[CONTROL_TEXT], const char *fmt, ...)
{
	char order[CONTROL_TEXT];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(order, sizeof(order), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= CONTROL_TEXT) {
		strlcpy(answer, "name too long", CONTROL_TEXT);
		return 1;
	}
	return ask_hub(order, patience, answer);
}

/* Without a listener the next hub reads the file, so see that it can. */
static int
renew_hub(const struct ctl *ct, char text[CONTROL_TEXT])
{
	struct conf_set *set = calloc(1, sizeof(*set));
	char error[PATH_MAX + 256];

	if (set == NULL)
		err(EX_OSERR, NULL);
	if (conf_load_default(set, ct->ct_file, error, sizeof(error)) == -1)
		errx(EX_CONFIG, "%s", error);
	free(set);
	return ask_hub("upgrade", PATIENCE, text);
}

int
order_relay(const struct ctl *ct)
{
	char text[CONTROL_TEXT];
	int status;

	status = control_ask(RUNDIR_RTMPD, ct->ct_order, PATIENCE, text);
	if (status == -1 && nobody_there())	/* connections of rtmpd -i */
		status = strcmp(ct->ct_order, "upgrade") == 0 ?
		    renew_hub(ct, text) : ask_hub(ct->ct_order, PATIENCE, text);
	return order_report(ct, status, text);
}

int
order_reload(const struct ctl *ct)
{
	char text[CONTROL_TEXT];
	int status;

	status = control_ask(RUNDIR_RTMPD, "reload", PATIENCE, text);
	if (status == -1 && nobody_there())
		status = renew_hub(ct, text);
	return order_report(ct, status, text);
}

int
order_kick(const struct ctl *ct)
{
	char text[CONTROL_TEXT];

	return order_report(ct, order_hub(PATIENCE, text, "kick %s", ct->ct_arg[0]),
	    text);
}

int
order_record(const struct ctl *ct)
{
	char text[CONTROL_TEXT];

	if (strcmp(ct->ct_arg[0], "start") != 0 &&
	    strcmp(ct->ct_arg[0], "stop") != 0) {
		warnx("record %s: neither start nor stop", ct->ct_arg[0]);
		return EX_USAGE;
	}
	return order_report(ct, order_hub(PATIENCE, text, "record %s %s",
	    ct->ct_arg[0], ct->ct_arg[1]), text);
}

int
order_log(const struct ctl *ct)
{
	char text[CONTROL_TEXT];

	if (strcmp(ct->ct_arg[0], "debug") != 0 &&
	    strcmp(ct->ct_arg[0], "info") != 0) {
		warnx("log %s: neither debug nor info", ct->ct_arg[0]);
		return EX_USAGE;
	}
	return order_report(ct, order_hub(PATIENCE, text, "log %s %s",
	    ct->ct_arg[0], ct->ct_arg[1]), text);
}
