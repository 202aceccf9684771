/* SPDX-License-Identifier: ISC */
/*
 * test_log.c - lines stay lines, whatever peers put in them, and one that
 * cannot be sent is counted.
 */
#include "sys/log.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(log, .timeout = 10);

static int	saved_stderr;

/* What is written to stderr from here on goes to a file. */
static int
capture(void)
{
	int fd = memfd_create("stderr", MFD_CLOEXEC);

	cr_assert_neq(fd, -1);
	(void)fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	cr_assert_neq(dup2(fd, STDERR_FILENO), -1);
	return fd;
}

/* End the capture; what came, with a NUL. The caller frees it. */
static char *
captured(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	cr_assert_neq(dup2(saved_stderr, STDERR_FILENO), -1);
	cr_assert_not_null(text);
	cr_assert_eq(pread(fd, text, (size_t)size, 0), size);
	close(fd);
	return text;
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

struct escape {
	char	 text[16];
	char	 want[64];
};

ParameterizedTestParameters(log, what_a_peer_sent_is_one_value_of_one_line)
{
	static struct escape v[] = {
		{ "", "-" },
		{ "live/cam1", "live/cam1" },
		{ "a b", "a\\040b" },
		{ "a\tb", "a\\011b" },
		{ "a\nb", "a\\012b" },
		{ "a\r\nb", "a\\015\\012b" },
		{ "a\"b", "a\\042b" },
		{ "a\\b", "a\\134b" },
		{ "\033[2J", "\\033[2J" },
		{ "\001\177", "\\001\\177" },
		{ "\x80\xff", "\\200\\377" },
		{ "\xc3\xa9", "\\303\\251" },
		{ "%s%n", "%s%n" },
	};

	return cr_make_param_array(struct escape, v, N(v));
}

ParameterizedTest(struct escape *v, log,
    what_a_peer_sent_is_one_value_of_one_line)
{
	char buf[LOG_TEXT_MAX];

	cr_assert_str_eq(log_text(v->text, buf), v->want);
}

Test(log, no_byte_survives_that_could_end_a_value)
{
	char text[2] = "", buf[LOG_TEXT_MAX];
	const char *p;
	int c;

	for (c = 1; c < 256; c++) {
		text[0] = (char)c;
		for (p = log_text(text, buf); *p != '\0'; p++)
			cr_assert(isgraph((unsigned char)*p) && *p != '"',
			    "%d gave %s", c, buf);
	}
}

/*
 * strnvis(3) of libbsd 0.11 puts the NUL behind the room it was given when the
 * text does not fit: a long name from a peer wrote beyond the buffer.
 */
Test(log, a_value_that_is_too_long_is_cut_and_ended)
{
	char text[2 * LOG_TEXT_MAX], buf[LOG_TEXT_MAX + 1];
	size_t length;
	const char *p;

	for (length = LOG_TEXT_MAX / 4 - 2; length < sizeof(text); length++) {
		memset(text, length % 2 ? 'a' : '\n', length);
		text[length] = '\0';
		memset(buf, 'Z', sizeof(buf));
		p = log_text(text, buf);
		cr_assert_eq(buf[LOG_TEXT_MAX], 'Z');
		cr_assert_lt(strnlen(p, LOG_TEXT_MAX), LOG_TEXT_MAX,
		    "no end at length %zu", length);
	}
}

Test(log, a_line_has_a_time_a_severity_and_its_text)
{
	char *text, *rest;
	struct tm tm;
	int fd;

	fd = capture();
	errno = ENOENT;
	log_warn("open %s", "x");
	log_warnx("refused n=%d", 3);
	log_info("started");
	text = captured(fd);
	rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	cr_assert_not_null(rest, "%s", text);
	cr_assert_str_eq(rest + strlen(".000"),
	    strstr(text, "Z warning open x: No such file or directory\n"));
	cr_assert_eq(count(text, "Z warning refused n=3\n"), 1);
	cr_assert_eq(count(text, "Z info started\n"), 1);
	cr_assert_eq(count(text, "\n"), 3);
	free(text);
}

Test(log, debug_lines_come_only_when_wanted)
{
	char *text;
	int fd;

	fd = capture();
	log_debug("one");
	log_set_verbose(true);
	cr_assert(log_is_verbose());
	log_debug("two");
	text = captured(fd);
	cr_assert_eq(count(text, "one"), 0);
	cr_assert_eq(count(text, "Z debug two\n"), 1);
	free(text);
}

Test(log, a_line_that_is_too_long_is_cut_and_stays_one)
{
	char big[2 * LOG_LINE_MAX], *text;
	int fd;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	fd = capture();
	errno = EIO;
	log_warn("%s", big);
	text = captured(fd);
	cr_assert_eq(count(text, "\n"), 1);
	cr_assert_lt(strlen(text), LOG_LINE_MAX + 64);
	free(text);
}

Test(log, lines_of_other_processes_are_relayed)
{
	int pair[2], fd, status;
	char line[64], *text;
	pid_t pid;

	cr_assert_eq(log_pair(pair), 0);
	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0) {
		log_to_socket(pair[1]);
		log_info("publish stream=live/a");
		log_warnx("gone");
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	fd = capture();
	log_relay(pair[0]);
	text = captured(fd);
	snprintf(line, sizeof(line), "Z info publish stream=live/a pid=%d\n",
	    (int)pid);
	cr_assert_eq(count(text, line), 1, "%s", text);
	snprintf(line, sizeof(line), "Z warning gone pid=%d\n", (int)pid);
	cr_assert_eq(count(text, line), 1, "%s", text);
	free(text);
}

Test(log, no_packet_of_a_sender_hides_the_next_or_looks_like_two)
{
	int pair[2], fd;
	char *text;

	cr_assert_eq(log_pair(pair), 0);
	cr_assert_eq(send(pair[1], "", 0, 0), 0);
	cr_assert_eq(send(pair[1], "\006one\ntwo\033[0m", 13, 0), 13);
	fd = capture();
	log_relay(pair[0]);
	text = captured(fd);
	cr_assert_eq(count(text, "Z info one\\012two\\033[0m\n"), 1, "%s", text);
	free(text);
}

Test(log, a_severity_that_is_none_becomes_a_warning)
{
	static const char pri[] = { 0, LOG_CRIT, LOG_NOTICE, 8, 127, -1, -128 };
	char packet[] = "?text", *text;
	int pair[2], fd;
	size_t i;

	cr_assert_eq(log_pair(pair), 0);
	for (i = 0; i < N(pri); i++) {
		packet[0] = pri[i];
		cr_assert_eq(send(pair[1], packet, 5, 0), 5);
	}
	fd = capture();
	log_relay(pair[0]);
	text = captured(fd);
	cr_assert_eq(count(text, "Z warning text\n"), N(pri), "%s", text);
	free(text);
}

Test(log, lines_that_nobody_takes_are_dropped_counted_and_told)
{
	enum { SENT = 100000 };
	unsigned int dropped = 0;
	char *text, *note;
	int pair[2], fd, i;

	cr_assert_eq(log_pair(pair), 0);
	log_to_socket(pair[1]);
	for (i = 0; i < SENT; i++)
		log_info("line");
	fd = capture();
	log_to_socket(pair[1]);
	for (i = 0; i < SENT; i++)	/* a burst each */
		log_relay(pair[0]);
	log_info("line");
	log_relay(pair[0]);
	text = captured(fd);
	note = strstr(text, "warning log-dropped ");
	cr_assert_not_null(note);
	cr_assert_eq(sscanf(strstr(note, "lines="), "lines=%u", &dropped), 1);
	cr_assert_gt(dropped, 0);
	cr_assert_eq(count(text, " info line ") + (int)dropped, SENT + 1);
	free(text);
}

Test(log, what_peers_can_cause_often_is_limited_over_all_processes)
{
	int pair[2], fd, i;
	char *text;

	cr_assert_eq(log_pair(pair), 0);
	log_to_socket(pair[1]);
	for (i = 0; i < LOG_OFTEN_MAX + 20; i++)
		log_often("refused");
	log_info("publish");
	log_to_stderr();
	fd = capture();
	for (i = 0; i < 2; i++)
		log_relay(pair[0]);
	log_often("in this process too");
	sleep(1);
	log_often("later");
	text = captured(fd);
	cr_assert_eq(count(text, "Z info refused pid="), LOG_OFTEN_MAX);
	cr_assert_eq(count(text, "Z info publish pid="), 1);
	cr_assert_eq(count(text, "in this process too"), 0);
	cr_assert_eq(count(text, "Z warning log-limited lines=21\n"), 1, "%s",
	    text);
	cr_assert_eq(count(text, "Z info later\n"), 1);
	free(text);
}

Test(log, a_process_may_be_limited_to_a_burst_of_lines)
{
	int pair[2], fd, i;
	char *text;

	cr_assert_eq(log_pair(pair), 0);
	log_to_socket(pair[1]);
	log_limit(10, 60000);
	for (i = 0; i < 50; i++)
		log_info("line");
	log_limit(0, 0);
	log_info("last");
	log_to_stderr();
	fd = capture();
	log_relay(pair[0]);
	text = captured(fd);
	cr_assert_eq(count(text, "Z info line pid="), 10);
	cr_assert_eq(count(text, "Z warning log-dropped lines=40 pid="), 1);
	cr_assert_eq(count(text, "Z info last pid="), 1);
	free(text);
}

Test(log, a_dead_socket_neither_stops_nor_kills_the_process)
{
	int pair[2];

	cr_assert_eq(log_pair(pair), 0);
	log_to_socket(pair[1]);
	close(pair[0]);
	log_info("nobody reads this");
	log_info("nor this");
}

Test(log, fatal_exits_with_1_and_says_why)
{
	int fd = capture(), status;
	char *text;
	pid_t pid;

	pid = fork();
	cr_assert_neq(pid, -1);
	if (pid == 0) {
		errno = EACCES;
		fatal("bind %s", "port");
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	text = captured(fd);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	cr_assert_eq(count(text, "Z error bind port: Permission denied\n"), 1,
	    "%s", text);
	free(text);
}

Test(log, a_burst_passes_and_the_rest_is_counted)
{
	struct ratelimit rl = { 0 };
	int i;

	for (i = 0; i < 3; i++)
		cr_assert(ratelimit_pass(&rl, 3, 60000));
	for (i = 0; i < 10; i++)
		cr_assert_not(ratelimit_pass(&rl, 3, 60000));
	cr_assert_eq(rl.rl_missed, 10);
}

Test(log, a_new_period_lets_lines_pass_again)
{
	struct timespec wait = { 0, 60 * 1000 * 1000 };
	struct ratelimit rl = { 0 };

	cr_assert(ratelimit_pass(&rl, 1, 50));
	cr_assert_not(ratelimit_pass(&rl, 1, 50));
	(void)nanosleep(&wait, NULL);
	cr_assert(ratelimit_pass(&rl, 1, 50));
	cr_assert_eq(rl.rl_missed, 1);	/* for the line that now says so */
	cr_assert_not(ratelimit_pass(&rl, 1, 50));
}

Test(log, a_sentence_in_quotes_ends_where_it_ends)
{
	char	 buf[16];

	cr_assert_str_eq(log_quoted("", buf, sizeof(buf)), "");
	cr_assert_str_eq(log_quoted("a \"b\" \\", buf, sizeof(buf)),
	    "a \\\"b\\\" \\\\");
	cr_assert_str_eq(log_quoted("0123456789abc\"d", buf, sizeof(buf)),
	    "0123456789abc\\\"");
	cr_assert_str_eq(log_quoted("0123456789abcd\"", buf, sizeof(buf)),
	    "0123456789abcd");
	cr_assert_str_eq(log_quoted("x", buf, 1), "");
}
