// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_ioctl run SECONDS SEED CORPUS: make calls at random, beginning with the programs of a
 * file. The programs that reach something new are in the output, behind "#+".
 *
 * fuzz_ioctl pack FILE: print those of a file's programs that together reach as much as all.
 *
 * fuzz_ioctl replay FILE TIMES: run each program of a file so many times.
 *
 * fuzz_ioctl decode FILE: print what was running in a guest that has crashed, whose memory is in
 * the file.
 *
 * All but decode are run in a guest, on a kernel with kcov, by root. See scripts/fuzz-ioctl.
 */
#include "fuzz.h"

#include <sys/wait.h>

#define EVERY	10	/* seconds: tell what has been done */
#define BATCH	32	/* programs of a process */

static __u64 seed;
static unsigned int nr_given;

/* Print a program as comments of the results. */
static void show_program(const struct program *program, const char *prefix)
{
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	print_program(out, program);
	fclose(out);
	for (rest = text; (line = strsep(&rest, "\n")) && rest;)
		printf("%s%s\n", prefix, line);
	free(text);
}

static void read_corpus(const char *path)
{
	struct program program;
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		exit(2);
	}
	while (read_program(in, &program))
		keep(&program);
	fclose(in);
	nr_given = arena->nr_programs;
}

/* There have to be programs to run again. */
static void read_programs(const char *path)
{
	read_corpus(path);
	if (nr_given)
		return;
	fprintf(stderr, "no program in %s\n", path);
	exit(2);
}

/* Be a worker: run the programs that are given, and then others until the time is over. */
static int work(unsigned int nr)
{
	struct run *run = &arena->runs[nr];
	unsigned int i;

	worker_init();
	seed_random(seed * NR_WORKERS + nr);
	for (i = nr; i < nr_given; i += NR_WORKERS) {
		run->program = arena->programs[i];
		if (!run_process(run, 1, NULL))
			return 1;
	}
	while (now() < arena->until) {
		run->program.root = !below(4);
		run->program.driver = below(2);
		if (!run_process(run, BATCH, choose_program))
			return 1;
	}
	return 0;
}

/* Tell what has been done, and what is kept since the last time: a crash takes nothing with it. */
static void tell(double began)
{
	static unsigned int told;

	for (told = told ?: nr_given; told < arena->nr_programs; told++)
		show_program(&arena->programs[told], "#+ ");
	printf("# %.0f s: %lu calls in %lu programs; %u are kept, %u edges reached\n",
	       now() - began, arena->nr_calls, arena->nr_runs, arena->nr_programs,
	       arena->nr_edges);
	fflush(stdout);
}

static void show_finding(const struct run *run)
{
	printf("# FOUND: %s\n# by this program, maybe with others:\n", run->finding);
	show_program(&run->program, "#! ");
}

/* Returns true if nothing was found. */
static bool fuzz(double seconds)
{
	double began = now(), told = began;
	pid_t workers[NR_WORKERS];
	unsigned int i, left = NR_WORKERS;
	bool well = true;
	int status;

	arena->until = began + seconds;
	for (i = 0; i < NR_WORKERS; i++) {
		workers[i] = fork();
		if (!workers[i])
			_exit(work(i));
	}
	while (left) {
		if (waitpid(-1, &status, WNOHANG) > 0) {
			left--;
			well = well && !status;
			if (status)
				printf("# a worker has ended with %#x\n", status);
		} else {
			usleep(100000);
		}
		if (!well)
			break;
		if (now() > told + EVERY) {
			tell(began);
			told = now();
		}
	}
	for (i = 0; i < NR_WORKERS; i++)
		kill(workers[i], SIGKILL);
	while (wait(NULL) > 0)
		;
	tell(began);
	for (i = 0; i < NR_WORKERS; i++)
		if (*arena->runs[i].finding)
			show_finding(&arena->runs[i]);
	return well;
}

static int by_length(const void *a, const void *b)
{
	return (int)((const struct program *)a)->nr - (int)((const struct program *)b)->nr;
}

/* Short programs come first, so that they are what is kept. */
static bool pack(void)
{
	struct run *run = &arena->runs[0];
	unsigned int i;

	worker_init();
	qsort(arena->programs, nr_given, sizeof(arena->programs[0]), by_length);
	for (i = 0; i < nr_given; i++) {
		run->program = arena->programs[i];
		if (!run_process(run, 1, NULL)) {
			show_finding(run);
			return false;
		}
		if (run->more)
			show_program(&run->program, "#+ ");
	}
	return true;
}

static bool replay(int times)
{
	struct run *run = &arena->runs[0];
	unsigned int i;

	worker_init();
	for (i = 0; i < nr_given; i++) {
		run->program = arena->programs[i];
		for (int t = 0; t < times; t++)
			if (!run_process(run, 1, NULL)) {
				show_finding(run);
				return false;
			}
	}
	return true;
}

/* Each page of the guest's memory may be a worker's. */
static int decode(const char *path)
{
	struct run run;
	FILE *in = fopen(path, "r");

	if (!in) {
		perror(path);
		return 2;
	}
	while (fread(&run, sizeof(run), 1, in))
		if (!memcmp(run.magic, RUN_MAGIC, sizeof(RUN_MAGIC)) && run.program.nr <= NR_CALLS)
			print_program(stdout, &run.program);
	fclose(in);
	return 0;
}

int main(int argc, char **argv)
{
	bool well;

	if (argc == 3 && !strcmp(argv[1], "decode"))
		return decode(argv[2]);
	if (argc < 3) {
		fprintf(stderr, "usage: fuzz_ioctl run|pack|replay|decode ..., see its source\n");
		return 2;
	}
	printf("TAP version 13\n1..1\n");
	fflush(stdout);
	fuzz_init();
	if (argc == 5 && !strcmp(argv[1], "run")) {
		seed = strtoull(argv[3], NULL, 0);
		read_corpus(argv[4]);
		well = fuzz(atof(argv[2]));
	} else {
		read_programs(argv[2]);
		well = strcmp(argv[1], "pack") ? replay(argc > 3 ? atoi(argv[3]) : 1) : pack();
	}
	printf("%sok 1 what programs do, nothing happens that must not\n", well ? "" : "not ");
	return !well;
}
