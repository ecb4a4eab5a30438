// SPDX-License-Identifier: GPL-2.0-only
/* iokmem report: what somebody needs who is to find a fault, as text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "iokmem.h"

/* Of klogctl(). */
#define READ_ALL	3
#define SIZE_BUFFER	10

static void print_title(const char *title)
{
	printf("== %s\n", title);
}

/* Print a file below --root under its name, or why it cannot be read. */
static void print_file(const char *path)
{
	FILE *in = open_file("%s", path);
	char line[4096];

	print_title(path);
	if (!in) {
		printf("not readable: %s\n", strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), in))
		fputs(line, stdout);
	fclose(in);
}

/* Print those lines of the kernel's log that are about the module, or about a fault. */
static void print_matching(char *log)
{
	char *line;

	for (line = strtok(log, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, "iokmem") || strstr(line, "BUG:") || strstr(line, "WARNING:") ||
		    strstr(line, "Oops"))
			printf("%s\n", line);
}

static void print_log(void)
{
	int size = klogctl(SIZE_BUFFER, NULL, 0), nr;
	char *log;

	print_title("log");
	if (size < 0) {
		printf("not readable: %s\n", strerror(errno));
		return;
	}
	log = zalloc(size + 1, 1);
	nr = klogctl(READ_ALL, log, size);
	if (nr < 0)
		printf("not readable: %s\n", strerror(errno));
	else
		print_matching(log);
	free(log);
}

int command_report(void)
{
	static const char * const files[] = {
		"/proc/version",
		"/etc/os-release",
		"/proc/sys/kernel/tainted",
		"/sys/module/iokmem/version",
		"/sys/module/iokmem/srcversion",
		"/sys/module/iokmem/taint",
		"/sys/module/iokmem/parameters/max_map_count",
		"/proc/meminfo",
		"/proc/iokmem/pools",
		"/proc/iokmem/descriptors",
	};
	size_t i;

	print_title("iokmem " VERSION);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		print_file(files[i]);
	/* The log is the machine's, and not of a directory for tests. */
	if (!*options.root)
		print_log();
	return 0;
}
