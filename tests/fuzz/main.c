/* SPDX-License-Identifier: ISC */
/*
 * main.c - run a fuzz target without libFuzzer.
 * Replays files and folders, or standard input if none is named, which is how
 * AFL++ wants it; -n adds that many mutations of what was replayed. The same
 * seed makes the same mutations. An input that ends the process is left
 * behind in a file beside the program, TARGET-crash.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "fuzz.h"
#include "mutate.h"

#define INPUT_MAX	(1024 * 1024)
#define MUTANT_MAX	8192

/* Of the sanitizers, where the program is built with them. */
const char	*__asan_default_options(void);
const char	*__ubsan_default_options(void);
void		 __lsan_do_leak_check(void) __attribute__((weak));

static struct corpus corpus;
static const char *target, *program;

/* What runs now, for on_abort(). */
static const uint8_t *running;
static size_t running_size;

/* So that on_abort() sees what they find. */
const char *
__asan_default_options(void)
{
	return "abort_on_error=1:allocator_may_return_null=1";
}

const char *
__ubsan_default_options(void)
{
	return "abort_on_error=1:print_stacktrace=1";
}

static void
on_abort(int sig)
{
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s-crash", program);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd != -1)
		n = write(fd, running, running_size);
	fprintf(stderr, "fuzz %s: failed; input of %zu bytes %s %s\n", target,
	    running_size, n == -1 ? "NOT in" : "in", path);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
run(const void *data, size_t size)
{
	uint8_t *block = fuzz_block(data, size);

	running = block;
	running_size = size;
	(void)LLVMFuzzerTestOneInput(block, size);
	free(block);
}

/* Keep an input for mutations to start from. */
static void
keep(const void *data, size_t size)
{
	size_t n = corpus.co_count + 1;

	corpus.co_data = reallocarray(corpus.co_data, n,
	    sizeof(corpus.co_data[0]));
	corpus.co_size = reallocarray(corpus.co_size, n,
	    sizeof(corpus.co_size[0]));
	if (corpus.co_data == NULL || corpus.co_size == NULL)
		err(1, "corpus");
	corpus.co_data[n - 1] = fuzz_block(data, size);
	corpus.co_size[n - 1] = size;
	corpus.co_count = n;
}

static void
replay(FILE *fp, const char *path)
{
	static uint8_t data[INPUT_MAX];
	size_t size = fread(data, 1, sizeof(data), fp);

	if (ferror(fp))
		err(1, "%s", path);
	keep(data, size);
	run(data, size);
}

static void	replay_path(const char *);

/* In the order of names, so that one seed means one run everywhere. */
static void
replay_folder(const char *path)
{
	struct dirent **list;
	char below[PATH_MAX];
	int i, n = scandir(path, &list, NULL, alphasort);

	if (n == -1)
		err(1, "%s", path);
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.') {
			snprintf(below, sizeof(below), "%s/%s", path,
			    list[i]->d_name);
			replay_path(below);
		}
		free(list[i]);
	}
	free(list);
}

static void
replay_path(const char *path)
{
	struct stat st;
	FILE *fp;

	if (stat(path, &st) == -1)
		err(1, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		replay_folder(path);
		return;
	}
	if ((fp = fopen(path, "re")) == NULL)
		err(1, "%s", path);
	replay(fp, path);
	fclose(fp);
}

static void
run_mutations(unsigned long long count, uint64_t seed)
{
	static uint8_t data[MUTANT_MAX];

	for (; count > 0; count--)
		run(data, mutate(&seed, &corpus, data, sizeof(data)));
}

static void
forget_corpus(void)
{
	size_t i;

	for (i = 0; i < corpus.co_count; i++)
		free(corpus.co_data[i]);
	free(corpus.co_data);
	free(corpus.co_size);
}

static unsigned long long
count_option(const char *text)
{
	const char *errstr;
	long long n = strtonum(text, 0, INT64_MAX, &errstr);

	if (errstr != NULL)
		errx(64, "%s is %s", text, errstr);
	return (unsigned long long)n;
}

int
main(int argc, char *argv[])
{
	unsigned long long runs = 0, seed = 1;
	size_t inputs;
	int ch;

	target = getprogname();
	program = argv[0];
	while ((ch = getopt(argc, argv, "n:s:")) != -1) {
		if (ch != 'n' && ch != 's')
			errx(64, "usage: %s [-n runs] [-s seed] [path ...]",
			    target);
		*(ch == 'n' ? &runs : &seed) = count_option(optarg);
	}
	signal(SIGABRT, on_abort);
	for (; optind < argc; optind++)
		replay_path(argv[optind]);
	if (argc == 1)
		replay(stdin, "standard input");
	run_mutations(runs, seed);
	inputs = corpus.co_count;
	forget_corpus();
	if (__lsan_do_leak_check != NULL)
		__lsan_do_leak_check();
	printf("fuzz %s: %zu inputs, %llu mutations, ok\n", target, inputs,
	    runs);
	return 0;
}
