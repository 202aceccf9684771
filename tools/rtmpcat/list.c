/* SPDX-License-Identifier: ISC */
/*
 * list.c - which streams there are.
 */
#include "cat.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "view/snapshot.h"
#include "view/text.h"

int
list_run(void)
{
	struct snapshot_source *source = snapshot_open();
	char safe[VIEW_TEXT_MAX];
	const struct snapshot_stream *ss;
	struct snapshot sn;
	const char *why;

	if (source == NULL)
		err(EX_OSERR, "memory");
	if ((why = snapshot_take(source, &sn)) != NULL)
		errx(errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_UNAVAILABLE, "%s", why);
	for (ss = sn.sn_stream; ss < sn.sn_stream + sn.sn_nstreams; ss++)
		if (ss->ss_body.sb_state == STREAM_LIVE)
			puts(isatty(STDOUT_FILENO) == 0 ?
			    ss->ss_body.sb_name :
			    text_safe(ss->ss_body.sb_name, safe, sizeof(safe)));
	snapshot_free(&sn);
	snapshot_close(source);
	if (fflush(stdout) == EOF)
		err(EX_IOERR, "standard output");
	return 0;
}
